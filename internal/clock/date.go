package clock

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Date is a calendar day without a zone. The zero Date means "not known".
type Date struct {
	y    int32
	m, d int8
}

// ErrNoSuchDay is returned for days that are not in the calendar.
var ErrNoSuchDay = errors.New("no such day")

// NewDate returns the day, or ErrNoSuchDay (30 February, month 13).
func NewDate(year, month, day int) (Date, error) {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Year() != year || int(t.Month()) != month || t.Day() != day || year < 1 || year > 9999 {
		return Date{}, ErrNoSuchDay
	}
	return Date{int32(year), int8(month), int8(day)}, nil // #nosec G115 -- ParseDate and the calendar hold years and days within their types
}

// MustDate is NewDate for constants in code and tests; it panics on nonsense.
func MustDate(year, month, day int) Date {
	d, err := NewDate(year, month, day)
	if err != nil {
		panic(fmt.Sprintf("clock: %04d-%02d-%02d: %v", year, month, day, err))
	}
	return d
}

// DateOf is the day of t in t's own location; convert to Shanghai before.
func DateOf(t time.Time) Date {
	return Date{int32(t.Year()), int8(t.Month()), int8(t.Day())} // #nosec G115 -- ParseDate and the calendar hold years and days within their types
}

// ParseDate reads the one canonical spelling, 2026-11-23.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		return Date{}, ErrNoSuchDay
	}
	return NewDate(t.Year(), int(t.Month()), t.Day()) // there is no year 0000
}

// Year, Month and Day are the parts.
func (d Date) Year() int { return int(d.y) }

// Month is 1 to 12.
func (d Date) Month() int { return int(d.m) }

// Day is 1 to 31.
func (d Date) Day() int { return int(d.d) }

// IsZero reports whether the day is not known.
func (d Date) IsZero() bool { return d == Date{} }

// String is the canonical spelling, or empty when not known.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.y, d.m, d.d)
}

// UTC is the day's midnight in UTC, for arithmetic only.
func (d Date) UTC() time.Time {
	return time.Date(int(d.y), time.Month(d.m), int(d.d), 0, 0, 0, 0, time.UTC)
}

// Start is the instant the day begins in Shanghai.
func (d Date) Start() time.Time {
	return time.Date(int(d.y), time.Month(d.m), int(d.d), 0, 0, 0, 0, Shanghai)
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.UTC().Weekday() }

// AddDays moves by whole days.
func (d Date) AddDays(n int) Date { return DateOf(d.UTC().AddDate(0, 0, n)) }

// AddMonths moves by months and stays inside the month (31 January + 1 = 28 or 29 February).
func (d Date) AddMonths(n int) Date {
	first := time.Date(int(d.y), time.Month(int(d.m)+n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return DateOf(first.AddDate(0, 0, min(int(d.d), last)-1))
}

// DaysSince is the number of days from o to d; negative when d is earlier.
func (d Date) DaysSince(o Date) int { return int(d.UTC().Sub(o.UTC()).Hours() / 24) }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// After reports whether d is later than o.
func (d Date) After(o Date) bool { return d.Compare(o) > 0 }

// Compare is -1, 0 or 1.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.y, o.y), cmp.Compare(d.m, o.m), cmp.Compare(d.d, o.d))
}

// AgeOn is the age in completed years on the given day.
func (d Date) AgeOn(on Date) int {
	age := on.Year() - d.Year()
	if on.Month() < d.Month() || on.Month() == d.Month() && on.Day() < d.Day() {
		age--
	}
	return age
}

// Scan reads a date column. PostgreSQL sends dates at UTC midnight.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
	case time.Time:
		*d = DateOf(v)
	case string:
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.UnmarshalText(v)
	default:
		return fmt.Errorf("clock: cannot scan %T into Date", src)
	}
	return nil
}

// Value writes a date column as text, so no zone can move it; an unknown day is NULL.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// MarshalText writes the canonical spelling.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the canonical spelling; empty is "not known".
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// MarshalJSON writes a string, or null when not known.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(d.String())
}

// UnmarshalJSON reads a string or null.
func (d *Date) UnmarshalJSON(b []byte) error {
	const canonical = len(`"2026-11-23"`)
	if len(b) == canonical && b[0] == '"' && b[canonical-1] == '"' && bytes.IndexByte(b, '\\') < 0 { // as we write it: most of what is read
		return d.UnmarshalText(b[1 : canonical-1])
	}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == nil {
		*d = Date{}
		return nil
	}
	return d.UnmarshalText([]byte(*s))
}
