package bench

import (
	"cmp"
	"fmt"
	"os"
	"slices"
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

// sizes reads the numbers of people to measure with: one, or a small one and the
// one that is measured in full ("50k 5m").
func sizes(text string) (few, many int, err error) {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 2 {
		return 0, 0, fmt.Errorf("%q is neither one size nor two", text)
	}
	if many, err = people(words[len(words)-1]); err == nil && len(words) == 2 {
		few, err = people(words[0])
	}
	return few, many, err
}

// chapter is a part of the bench.
type chapter struct {
	name string
	run  func(*world, *report)
}

// growing are the parts whose cost must not grow with the number of people.
func growing() []chapter {
	return []chapter{{"P1", reads}, {"P2", registrations}, {"P4", searches}, {"P4", worklists}}
}

func parts() []chapter {
	return []chapter{{"P1", reads}, {"P2", registrations}, {"P3", reservations}, {"P3", func(_ *world, r *report) { waterfalls(r) }}, {"P4", searches}, {"P4", worklists},
		{"P5", dashboards}, {"P6", ledgers}, {"P7", exports}, {"PDF", packs}, {"P9", permissions}, {"P11", crowd}}
}

// TestBench is what `make bench` runs. Without the size there is nothing to do:
// times are no test. SHANHAI_TEST_BENCH_QUIET=1.5 waits before each part until the
// machine is busy with no more than that. SHANHAI_TEST_BENCH_PARTS ("P1 P4") measures some parts only.
// SHANHAI_TEST_BENCH_OPERATIONS=5 gives everybody so many. With two sizes ("50k 5m") P10 sets the
// second beside the first; named as a part, it brings those it is made of.
func TestBench(t *testing.T) {
	text := os.Getenv("SHANHAI_TEST_BENCH_SIZE")
	if text == "" {
		return
	}
	fewer, size, err := sizes(text)
	if err != nil {
		t.Fatal(err)
	}
	var r, few report
	begin := time.Now()
	defer func() { // what was measured, even when a part fails
		r.growth(&few, fewer, size)
		t.Logf("took %s\n%s", time.Since(begin).Round(time.Second), r.String())
	}()
	dir := scratch(t, "data")
	r.say("%s", calibrate(dir))
	chosen := strings.Fields(cmp.Or(os.Getenv("SHANHAI_TEST_BENCH_PARTS"), "P1 P2 P3 P4 P5 P6 P7 P8 P9 P11 PDF"))
	if slices.Contains(chosen, "P10") {
		if fewer == 0 {
			t.Fatal("P10 sets two sizes side by side: SHANHAI_TEST_BENCH_SIZE=\"50k 1m\"")
		}
		for _, c := range growing() {
			chosen = append(chosen, c.name)
		}
	}
	step, wanted := stepper(t), func(name string) bool { return slices.Contains(chosen, name) }
	if wanted("P8") {
		demoLoad(t, &r)
		step("P8 demo loaded")
	}
	w := newWorld(t, dir, size)
	r.say("%d people with %d operations in %d hospitals, made in %s; %d connections, %d turns of %s, medians", size, size*w.each, hospitals, w.made, clients, turns, span)
	step("people made")
	if fewer > 0 {
		w.warm(&r)
	}
	w.measure(parts(), &r, wanted)
	if wanted("P8") {
		starts(w, &r, build(t))
		step("P8 starts")
	}
	if fewer > 0 {
		t.Run("few", func(t *testing.T) {
			w := newWorld(t, scratch(t, "few"), fewer)
			w.warm(&few)
			w.measure(growing(), &few, wanted)
		})
	}
	r.say("%s", calibrate(dir))
}

// measure runs the wanted parts.
func (w *world) measure(all []chapter, r *report, wanted func(string) bool) {
	step := stepper(w.t)
	for _, p := range all {
		if wanted(p.name) {
			step(quietly())
			p.run(w, r)
			step(p.name)
		}
	}
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
	if few, many, err := sizes("50k 5m"); few != 50_000 || many != 5_000_000 || err != nil {
		t.Error(few, many, err)
	}
	if few, many, err := sizes("1m"); few != 0 || many != 1_000_000 || err != nil {
		t.Error(few, many, err)
	}
	if _, _, err := sizes("1k 2k 3k"); err == nil {
		t.Error("three sizes were read")
	}
}
