package faults

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// outageWindow is a time in which answers may be missing.
type outageWindow struct{ from, until time.Time }

// grace is how long after the last node is ready again an answer may still be
// missing: requests that began before.
const grace = 3 * time.Second

// restartedDatabase is R-9: PostgreSQL is told to stop while people write, by
// turns fast (sessions are ended, a checkpoint is written) and at once (nothing
// is written, it recovers at its start), and comes back by itself. Answers are
// missing only then and for three seconds after.
func restartedDatabase(t *testing.T, set settings) string {
	s := newSite(t, set)
	s.node(s.binary)
	s.node(s.binary)
	c := newCrew(s, of(set, 8, 50, 200))
	c.begin()
	r, begin := s.random(1000), time.Now()
	var windows []outageWindow
	for i := 0; i < of(set, 4, 8, 20) && !t.Failed(); i++ {
		pause(time.Duration(1500+r.IntN(2500)) * time.Millisecond)
		how := syscall.SIGINT
		if i%2 == 1 {
			how = syscall.SIGQUIT
		}
		from := time.Now()
		if err := syscall.Kill(s.server.PID(), how); err != nil {
			t.Fatal(err)
		}
		s.returned(from)
		windows = append(windows, outageWindow{from, time.Now().Add(grace)})
	}
	c.end()
	took := time.Since(begin)
	c.sound()
	worst := time.Duration(0)
	for _, w := range windows {
		worst = max(worst, w.until.Sub(w.from)-grace)
	}
	for _, at := range c.missed {
		if !slices.ContainsFunc(windows, func(w outageWindow) bool { return !at.Before(w.from) && !at.After(w.until) }) {
			t.Errorf("an answer was missing %s after the beginning, in no outage", at.Sub(begin).Round(time.Millisecond))
		}
	}
	return fmt.Sprintf("%d restarts in %s under %d people and %d acknowledged writes; %d answers missing, all within an outage and %s; back within %s", len(windows),
		took.Round(time.Second), c.workers, c.count(), c.unknown.Load(), grace, worst.Round(100*time.Millisecond))
}

// returned waits until the server that was told to stop has stopped and every
// node is ready again on the one that follows it.
func (s *site) returned(from time.Time) {
	s.t.Helper()
	for s.started().Before(from) {
		if time.Since(from) > time.Minute {
			s.t.Fatalf("the database did not start again within %s", time.Since(from))
		}
		pause(20 * time.Millisecond)
	}
	s.outage()
}

// started is when the database server began; the zero time while it does not answer.
func (s *site) started() (at time.Time) {
	_ = s.super.QueryRow(`select pg_postmaster_start_time()`).Scan(&at)
	return at
}
