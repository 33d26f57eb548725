package faults

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// harness is one kind of harm, under the row of the catalogue it answers.
type harness struct {
	row, name string
	run       func(t *testing.T, s settings) string // answers the scale it reached
}

// harnesses are run in this order.
func harnesses() []harness {
	return append([]harness{
		{"F-0", "broken", brokenBuilds},
		{"R-1", "kill", killedServers},
		{"R-2", "crash", killedDatabase},
		{"R-3", "failover", takenOver},
		{"H-1", "slow", heldUp},
		{"R-6", "link", brokenLinks},
		{"R-7", "disk", fullDisks},
		{"R-8", "clock", movedClocks},
		{"R-9", "restart", restartedDatabase},
		{"R-10", "upgrade", upgrades},
		{"F-1", "bank", bank},
		{"F-3", "repeat", repeats},
		{"P-4", "log", longLog},
		{"R-11", "drill", recoveryDrill},
		{"R-11", "vault", lostDisk},
	}, proofs()...)
}

// scale says how much is done: small while building, usual within forty minutes
// on two cores, full with the figures of the catalogue.
type scale string

const (
	small scale = "small"
	usual scale = ""
	full  scale = "full"
)

// settings are the options of a run.
type settings struct {
	seed     int64
	scale    scale
	compiled func() (string, error) // the service as it is, built once
}

// binary is the service as it is.
func (s settings) binary(t *testing.T) string {
	t.Helper()
	file, err := s.compiled()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// of picks the figure of the scale.
func of[T any](s settings, small, usual, full T) T {
	switch s.scale {
	case "small":
		return small
	case "full":
		return full
	}
	return usual
}

// TestFaults is what `make faults` runs. SHANHAI_TEST_FAULTS names the harnesses
// ("all", or "kill link"); without it there is nothing to do.
// SHANHAI_TEST_FAULTS_SCALE is small, full or empty, SHANHAI_TEST_FAULTS_SEED the
// seed of an earlier run.
func TestFaults(t *testing.T) {
	wanted := strings.Fields(os.Getenv("SHANHAI_TEST_FAULTS"))
	if len(wanted) == 0 {
		return
	}
	s := settings{scale: scale(os.Getenv("SHANHAI_TEST_FAULTS_SCALE")), seed: time.Now().UnixNano() % 1_000_000}
	if s.scale != small && s.scale != usual && s.scale != full {
		t.Fatalf("%q is no scale: small, full or empty", s.scale)
	}
	if text := os.Getenv("SHANHAI_TEST_FAULTS_SEED"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		s.seed = n
	}
	dir := place(t)
	s.compiled = sync.OnceValues(func() (string, error) { return compile(dir, "shanhai", "") })
	var table []string
	before := strays()
	t.Cleanup(func() {
		t.Logf("seed %d, scale %s, load %s\n%s", s.seed, cmp.Or(string(s.scale), "usual"), load(), strings.Join(table, "\n"))
		for _, what := range strays() {
			if !slices.Contains(before, what) {
				t.Errorf("left behind: %s", what)
			}
		}
	})
	for _, h := range harnesses() {
		if !slices.Contains(wanted, "all") && !slices.Contains(wanted, h.name) {
			continue
		}
		begin, reached := time.Now(), "did not end"
		ok := t.Run(h.name, func(t *testing.T) {
			t.Logf("%s %s: seed %d", h.row, h.name, s.seed)
			reached = h.run(t, s)
		})
		table = append(table, fmt.Sprintf("%-5s %-9s %-4s %6s  %s", h.row, h.name, map[bool]string{true: "ok", false: "FAIL"}[ok], time.Since(begin).Round(time.Second), reached))
		t.Log(table[len(table)-1])
	}
}

// load is how busy the machine is, for the one who reads the figures.
func load() string {
	raw, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}

// pause lets time pass: how long a harm lasts is what is tested here.
func pause(d time.Duration) { <-time.After(d) }
