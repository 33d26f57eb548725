package faults

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
)

// shifted is a clock that is wrong by an amount.
type shifted struct{ by atomic.Int64 }

// Now is the machine's time, moved.
func (c *shifted) Now() time.Time { return clock.System{}.Now().Add(time.Duration(c.by.Load())) }

// inside serves a node in this process: the clock of a binary cannot be moved
// from outside, because the kernel gives it the time without being asked.
func (s *site) inside(by clock.Clock) {
	s.t.Helper()
	addr := freeAddr(s.t)
	cfg, err := config.Load(func(string) string { return "" }, map[string]string{"data-dir": s.data, "addr": addr, "database-url": s.address(), "log-level": "error", "second-factor": "optional"})
	s.must(err)
	said := &words{}
	a, err := app.Open(context.Background(), cfg, app.Options{Log: app.Logger(cfg, said), Version: "faults", Clock: by})
	s.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- a.Serve(ctx, func(url string) { ready <- url }) }()
	<-ready
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
		a.Close()
	})
	s.nodes = append(s.nodes, &node{t: s.t, binary: s.binary, addr: addr, said: said})
}

// movedClocks is R-8: the clocks of two nodes jump, apart from each other, while
// people write. Nothing that is kept may rest on their order.
func movedClocks(t *testing.T, set settings) string {
	s := newSite(t, set)
	var clocks []*shifted
	for range 2 {
		c := &shifted{}
		clocks = append(clocks, c)
		s.inside(c)
	}
	c := newCrew(s, 6)
	c.ruled = true
	c.begin()
	hold := of(set, 2*time.Second, 4*time.Second, time.Minute)
	jumps := []time.Duration{5 * time.Minute, -5 * time.Minute, 24 * time.Hour, -time.Hour, time.Second, -24 * time.Hour, 12 * time.Hour, 0}
	for i, jump := range jumps {
		clocks[i%2].by.Store(int64(jump))
		pause(hold)
		clocks[(i+1)%2].by.Store(int64(jump))
		pause(hold)
	}
	c.end()
	for _, n := range s.nodes {
		if said := n.said.String(); said != "" {
			t.Logf("a node says %.600s", said)
		}
	}
	c.sound()
	return fmt.Sprintf("%d jumps from -1 day to +1 day on each of two nodes under %d acknowledged writes, %d refused by rules about days, %d answers missing", len(jumps), c.count(), len(c.refused), c.unknown.Load())
}
