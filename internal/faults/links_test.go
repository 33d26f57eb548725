package faults

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A call may take what the service allows itself: one transaction to know the
// person, one for the work. The catalogue gives two seconds more.
const (
	callLimit  = 2 * 20 * time.Second
	callMargin = 2 * time.Second
)

// linkHarms are the faults of a link, with how often one is put right and made
// again while it lasts: a lost connection is soon another one.
func linkHarms() []struct {
	name  string
	harm  harm
	flaps bool // all connections are reset again and again
} {
	return []struct {
		name  string
		harm  harm
		flaps bool
	}{
		{"200 ms late", harm{wait: 200 * time.Millisecond}, false},
		{"1 KB/s", harm{speed: 1024}, false},
		{"reset", harm{}, true},
		{"cut after 2 KB", harm{cut: 2048}, false},
		{"cut after 20 KB", harm{cut: 20480}, false},
		{"refused", harm{deny: true}, true},
		{"black hole", harm{dark: true}, false},
	}
}

// brokenLinks is R-6: the link between service and database misbehaves in each
// way while people read and write. Every call ends in time, nothing leaks, an
// answer that is no success is a clean 503, and when the link is well so is the
// service.
func brokenLinks(t *testing.T, set settings) string {
	s := newSite(t, set)
	n := s.node(s.binary)
	c := newCrew(s, 6)
	c.patient = 10 * time.Minute
	slow := &timed{inner: http.DefaultTransport.(*http.Transport).Clone()}
	c.client = &http.Client{Timeout: 3 * time.Minute, Transport: slow}
	hold := of(set, 6*time.Second, 8*time.Second, 2*time.Minute)
	c.begin()
	pause(2 * time.Second)
	before := goroutines(n)
	var said []string
	for _, h := range linkHarms() {
		slow.most.Store(0)
		s.link.set(h.harm)
		for begin := time.Now(); time.Since(begin) < hold; pause(500 * time.Millisecond) {
			if h.flaps {
				s.link.reset()
			}
		}
		s.link.set(harm{})
		begin := time.Now()
		if !n.ready(2 * time.Minute) {
			t.Errorf("%s: not ready again", h.name)
		}
		ready := time.Since(begin)
		slow.rest() // calls begun under the harm
		most := time.Duration(slow.most.Load())
		if most > callLimit+callMargin {
			t.Errorf("%s: a call took %s", h.name, most)
		}
		said = append(said, fmt.Sprintf("%s: longest call %s, ready after %s", h.name, most.Round(10*time.Millisecond), ready.Round(10*time.Millisecond)))
		t.Log(said[len(said)-1])
	}
	c.end()
	c.sound()
	pause(2 * time.Second)
	if after := goroutines(n); after > before+10 {
		t.Errorf("%d goroutines before, %d after", before, after)
	} else {
		said = append(said, fmt.Sprintf("goroutines %d before, %d after", before, after))
	}
	if open := s.link.open(); open > 17+5+2 {
		t.Errorf("%d connections are open", open)
	}
	return fmt.Sprintf("%d kinds of %s each under %d acknowledged writes, %d answers missing; %s", len(linkHarms()), hold, c.count(), c.unknown.Load(), strings.Join(said, "; "))
}

// timed measures calls.
type timed struct {
	inner http.RoundTripper
	most  atomic.Int64

	mu   sync.Mutex
	open []time.Time
}

// RoundTrip is one call, to the end of its answer.
func (x *timed) RoundTrip(r *http.Request) (*http.Response, error) {
	begin := time.Now()
	x.mu.Lock()
	x.open = append(x.open, begin)
	x.mu.Unlock()
	resp, err := x.inner.RoundTrip(r)
	if err == nil {
		var raw []byte
		raw, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(strings.NewReader(string(raw)))
	}
	x.mu.Lock()
	x.open = slices.DeleteFunc(x.open, begin.Equal)
	x.mu.Unlock()
	if d := int64(time.Since(begin)); d > x.most.Load() {
		x.most.Store(d)
	}
	return resp, err
}

// rest waits for the calls that are under way now.
func (x *timed) rest() {
	x.mu.Lock()
	mine := slices.Clone(x.open)
	x.mu.Unlock()
	for begin := time.Now(); time.Since(begin) < 3*time.Minute; pause(20 * time.Millisecond) {
		x.mu.Lock()
		left := slices.ContainsFunc(x.open, func(at time.Time) bool { return slices.ContainsFunc(mine, at.Equal) })
		x.mu.Unlock()
		if !left {
			return
		}
	}
}

// goroutines asks a node how many it has.
func goroutines(n *node) int {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, n.url()+"/metrics", nil)
	if err != nil {
		return -1
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return int(n)
		}
	}
	return -1
}
