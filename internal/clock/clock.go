// Package clock gives time to the house: an injectable clock, and Date, the
// calendar day.
//
// Instants are time.Time in UTC and timestamptz in the database. Days (birth,
// admission, operation) are [Date]: a Shanghai midnight turned into UTC is the
// day before, so no time.Time may reach a date column.
package clock

import (
	"sync"
	"time"
)

// Shanghai is the zone of all reporting periods and of "today". It has no
// daylight saving since 1991, so a fixed zone needs no zone database.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Clock tells the time; tests pin it.
type Clock interface {
	// Now is the current instant.
	Now() time.Time
}

// System is the real clock.
type System struct{}

// Now is the current instant in UTC, cut to the microseconds PostgreSQL keeps,
// so that a value read back equals the value written.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Fresh reports whether what was read at an instant may still be believed now. On
// a clock that was put back it was read in the future: then nobody knows how old
// it is, and it counts as old. A small step back is forgiven: two machines are
// never quite of one mind.
func Fresh(at, now time.Time, life time.Duration) bool {
	age := now.Sub(at)
	return age > -skew && age < life
}

// skew is how far the clocks of two nodes may be apart.
const skew = 5 * time.Second

// Fixed is a clock that stands still until it is moved. It is safe for
// concurrent use.
type Fixed struct {
	mu sync.Mutex
	at time.Time
}

// NewFixed starts a pinned clock.
func NewFixed(at time.Time) *Fixed { return &Fixed{at: at.UTC().Truncate(time.Microsecond)} }

// Now is the pinned instant.
func (f *Fixed) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// Advance moves the clock.
func (f *Fixed) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(d)
}

// Set puts the clock to an instant.
func (f *Fixed) Set(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = at.UTC().Truncate(time.Microsecond)
}

// Today is the calendar day in Shanghai.
func Today(c Clock) Date { return DateOf(c.Now().In(Shanghai)) }

// Since is the time passed, by the given clock.
func Since(c Clock, t time.Time) time.Duration { return c.Now().Sub(t) }
