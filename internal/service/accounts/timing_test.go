package accounts_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// The time of an answer does not tell which names exist: known and unknown names
// are tried in turns, and the medians lie close together. A machine at work makes
// single rounds uneven, so one even round of three is enough; a missing hash or
// query makes all of them uneven by far more.
func TestTheTimeOfASignInTellsNothingAboutNames(t *testing.T) {
	h := newHouse(t)
	h.person("zhou.lz", servicetest.Mountain)
	const tries, most = 150, 0.05
	try := func(name string) time.Duration {
		began := time.Now()
		_, _ = h.signIn(name, "Wrong-0ne-77")
		return time.Since(began)
	}
	median := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2]) }
	for round := range 3 {
		var known, unknown []time.Duration
		for i := range tries {
			h.Clock.Advance(25 * time.Hour) // failures are forgotten after a quiet day
			known = append(known, try("zhou.lz"))
			unknown = append(unknown, try(fmt.Sprintf("nobody-%d-%d", round, i)))
		}
		k, u := median(known), median(unknown)
		off := (k - u) / min(k, u)
		t.Logf("known %v, unknown %v: %.1f %%", time.Duration(k), time.Duration(u), 100*off)
		if off < most && off > -most {
			return
		}
	}
	t.Error("the time of a sign-in tells whether the name exists")
}
