package faults

import (
	"fmt"
	"testing"
	"time"
)

// killedServers is R-1: two nodes serve, one of them is killed at random instants
// while people write, and started again.
func killedServers(t *testing.T, set settings) string {
	s := newSite(t, set)
	s.node(s.binary)
	s.node(s.binary)
	c := newCrew(s, 8)
	kills, writes := of(set, 20, 40, 200), of(set, 300, 2000, 100_000)
	r, begin := s.random(1000), time.Now()
	c.begin()
	done := 0
	for ; (done < kills || c.count() < writes) && !t.Failed(); done++ {
		pause(time.Duration(20+r.IntN(600)) * time.Millisecond)
		victim := s.nodes[r.IntN(len(s.nodes))]
		victim.kill()
		victim.start()
	}
	c.end()
	took := time.Since(begin)
	c.sound()
	return fmt.Sprintf("%d kills in %s under %d acknowledged writes; %d answers missing, %d writes resolved by their key", done, took.Round(time.Second), c.count(),
		c.unknown.Load(), c.resolved.Load())
}
