// Package scaletest says how many random cases a test plays. A few are enough to
// notice a rule that was removed, and fit into make test; before a release, or
// after a change of the rules, the same tests are run for longer:
//
//	go test ./internal/domain/fund -scale 100000
//	make histories
//
// It also says whether a test that looks at a matrix (every address times every
// role, every sample of every page) takes a part that stands for the whole, as in
// make test, or all of it:
//
//	go test ./internal/app -full
//	make test-full
package scaletest

import (
	"flag"
	"math/rand/v2"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

var scale = flag.Int("scale", 0, "how many random cases each random test plays; 0: as many as it usually does")

var seed = flag.Uint64("seed", 0, "of the random tests that draw by themselves; 0: another one each time")

var full = flag.Bool("full", false, "look at the whole of each matrix, not at the part that stands for it")

// Full reports whether the whole of a matrix is looked at.
func Full() bool { return *full }

// Times is how many random cases to play: usually so many.
func Times(usual int) int {
	if *scale > 0 {
		return *scale
	}
	return usual
}

// Seed is what a test draws by that does not draw by rapid. It is told, so that the
// same order of things can be drawn again with -seed.
func Seed(t *testing.T) uint64 {
	t.Helper()
	n := *seed
	if n == 0 {
		n = 1 + rand.Uint64N(1_000_000) // #nosec G404 -- the order of things in a test
	}
	t.Logf("-seed %d", n)
	return n
}

// Check is rapid.Check for so many cases. A number of checks that was asked for by
// rapid's own flag stands.
func Check(t *testing.T, usual int, property func(*rapid.T)) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f == checks })
	if *scale > 0 || !asked {
		before := checks.Value.String()
		if err := checks.Value.Set(strconv.Itoa(Times(usual))); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = checks.Value.Set(before) }()
	}
	rapid.Check(t, property)
}
