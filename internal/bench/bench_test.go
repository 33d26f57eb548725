package bench

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// How often product and floor take turns, and how long a turn lasts.
const (
	turns = 5
	span  = time.Second
	again = 3 // times of what takes long by itself
)

// people reads 50k, 1m or a plain number.
func people(text string) (int, error) {
	text, unit := strings.ToLower(text), 1
	switch {
	case strings.HasSuffix(text, "k"):
		text, unit = text[:len(text)-1], 1_000
	case strings.HasSuffix(text, "m"):
		text, unit = text[:len(text)-1], 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err == nil && n*unit < hospitals*10 {
		err = fmt.Errorf("%d people are too few to measure on", n*unit)
	}
	return n * unit, err
}

// TestBench is what `make bench` runs. Without the size there is nothing to do:
// times are no test. SHANHAI_TEST_BENCH_QUIET=1.5 waits before each part until the
// machine is busy with no more than that. SHANHAI_TEST_BENCH_PARTS ("P1 P4") measures some parts only.
func TestBench(t *testing.T) {
	text := os.Getenv("SHANHAI_TEST_BENCH_SIZE")
	if text == "" {
		return
	}
	size, err := people(text)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	begin := time.Now()
	defer func() { t.Logf("took %s\n%s", time.Since(begin).Round(time.Second), r.String()) }() // what was measured, even when a part fails
	dir := scratch(t, "data")
	r.say("%s", calibrate(dir))
	step := stepper(t)
	wanted := func(part string) bool {
		return strings.Contains(cmp.Or(os.Getenv("SHANHAI_TEST_BENCH_PARTS"), "P1 P2 P3 P4 P6 P7 P8"), part)
	}
	if wanted("P8") {
		demoLoad(t, &r)
		step("P8 demo loaded")
	}
	w := newWorld(t, dir, size)
	r.say("%d people in %d hospitals, made in %s; %d connections, %d turns of %s, medians", size, hospitals, time.Since(begin).Round(time.Second), clients, turns, span)
	step("people made")
	for _, part := range []struct {
		name string
		run  func(*world, *report)
	}{{"P1", reads}, {"P2", registrations}, {"P3", reservations}, {"P3", func(_ *world, r *report) { waterfalls(r) }}, {"P4", searches}, {"P4", worklists}, {"P6", ledgers}, {"P7", exports}} {
		if wanted(part.name) {
			step(quietly())
			part.run(w, &r)
			step(part.name)
		}
	}
	if wanted("P8") {
		starts(w, &r, build(t))
		step("P8 starts")
	}
	r.say("%s", calibrate(dir))
}

// stepper says what is done and how long it took, for the one who waits.
func stepper(t *testing.T) func(string) {
	last := time.Now()
	return func(what string) {
		t.Logf("%s: %s", what, time.Since(last).Round(100*time.Millisecond))
		last = time.Now()
	}
}

func TestSizesAreRead(t *testing.T) {
	for text, want := range map[string]int{"50k": 50_000, "1m": 1_000_000, "1M": 1_000_000, "2500": 2500} {
		if n, err := people(text); err != nil || n != want {
			t.Errorf("%s: %d %v", text, n, err)
		}
	}
	for _, text := range []string{"", "many", "12", "k"} {
		if _, err := people(text); err == nil {
			t.Errorf("%q is a size", text)
		}
	}
}
