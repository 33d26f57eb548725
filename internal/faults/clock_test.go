package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// offset makes the service read how far its clock is from the machine's out of a
// file, for one build.
func offset() defect {
	return defect{name: "a clock that can be moved", file: "internal/clock/clock.go", imports: "os",
		from: "func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }",
		to: `func (System) Now() time.Time {
	raw, _ := os.ReadFile(os.Getenv("SHANHAI_TEST_CLOCK"))
	d, _ := time.ParseDuration(string(raw))
	return time.Now().Add(d).UTC().Truncate(time.Microsecond)
}`}
}

// movedClocks is R-8: the clocks of two nodes jump, apart from each other, while
// people write. Nothing that is kept may rest on their order.
func movedClocks(t *testing.T, set settings) string {
	s := newSite(t, set)
	binary := brokenBuild(t, s.dir, offset())
	var clocks []string
	for i := range 2 {
		file := filepath.Join(s.dir, fmt.Sprintf("clock-%d", i))
		clocks = append(clocks, file)
		turn(t, file, 0)
		s.node(binary, "SHANHAI_TEST_CLOCK="+file)
	}
	c := newCrew(s, 6)
	c.begin()
	hold := of(set, 2*time.Second, 8*time.Second, time.Minute)
	jumps := []time.Duration{5 * time.Minute, -5 * time.Minute, 24 * time.Hour, -time.Hour, time.Second, -24 * time.Hour, 12 * time.Hour, 0}
	for i, jump := range jumps {
		turn(t, clocks[i%2], jump)
		time.Sleep(hold)
		turn(t, clocks[(i+1)%2], jump)
		time.Sleep(hold)
	}
	for _, file := range clocks {
		turn(t, file, 0)
	}
	c.end()
	for _, n := range s.nodes {
		if words := n.words(); strings.Contains(words, "panic") || strings.Contains(words, "do not add up") {
			t.Errorf("a node says %s", words)
		}
	}
	c.sound()
	return fmt.Sprintf("%d jumps from -1 day to +1 day on each of two nodes under %d acknowledged writes, %d answers missing", len(jumps), c.count(), c.unknown.Load())
}

// turn moves a clock; the file is replaced at once, never half written.
func turn(t *testing.T, file string, by time.Duration) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(by.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}
