package user

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Failures is the run of wrong passwords of one account.
type Failures struct {
	Count int
	Last  time.Time
}

const (
	freeFailures = 4                // typing mistakes cost nothing
	firstDelay   = 30 * time.Second // after the fifth, doubled each time
	longestDelay = 15 * time.Minute
	forgetAfter  = 24 * time.Hour // a quiet day starts the count anew
)

// Delay is how long the account waits after that many failures in a row. It
// ends by itself, so that nobody can lock a colleague out for good.
func Delay(count int) time.Duration {
	if count <= freeFailures {
		return 0
	}
	d := firstDelay
	for range count - freeFailures - 1 {
		if d *= 2; d >= longestDelay {
			return longestDelay
		}
	}
	return d
}

// Until is the end of the wait; the zero time when there is none.
func (f Failures) Until() time.Time {
	if d := Delay(f.Count); d > 0 {
		return f.Last.Add(d)
	}
	return time.Time{}
}

// Check refuses an attempt during the wait, also with the right password.
func (f Failures) Check(now time.Time) error {
	left := f.Until().Sub(now)
	if left <= 0 {
		return nil
	}
	seconds := int((left + time.Second - 1) / time.Second)
	return errs.New(errs.RateLimited, "error.sign_in.wait", errs.Args{"seconds": seconds, "n": seconds})
}

// Failed counts one more wrong password.
func (f Failures) Failed(now time.Time) Failures {
	if now.Sub(f.Last) > forgetAfter {
		f.Count = 0
	}
	return Failures{Count: f.Count + 1, Last: now}
}
