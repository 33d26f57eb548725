package casefile_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

func TestTheOtherSideWaitsOnceTheFirstIsDone(t *testing.T) {
	day := clock.MustDate(2026, 3, 4)
	op := func(k procedure.Kind, s procedure.Side, on clock.Date) procedure.Recorded {
		return procedure.Recorded{Kind: k, Side: s, OperatedOn: on}
	}
	joint, eye := casefile.Case{Programme: procedure.Joint}, casefile.Case{Programme: procedure.Cataract}
	planned := joint
	planned.Second = &casefile.SecondSide{Site: procedure.Hip, Side: procedure.Right}
	closed := planned
	closed.ClosedOn = day
	right := op(procedure.TKA, procedure.Right, day)
	for name, x := range map[string]struct {
		c      casefile.Case
		done   []procedure.Recorded
		staged bool
		want   casefile.Wait
	}{
		"planned, one side done":        {planned, []procedure.Recorded{right}, false, casefile.Wait{casefile.Planned, procedure.Hip, procedure.Right, day}},
		"planned, nothing done yet":     {planned, nil, false, casefile.Wait{}},
		"closed":                        {closed, []procedure.Recorded{right}, true, casefile.Wait{}},
		"first of two stages":           {joint, []procedure.Recorded{right}, true, casefile.Wait{casefile.Likely, procedure.Knee, procedure.Left, day}},
		"one joint, no word of another": {joint, []procedure.Recorded{right}, false, casefile.Wait{}},
		"both sides done":               {joint, []procedure.Recorded{right, op(procedure.TKA, procedure.Left, day.AddDays(90))}, true, casefile.Wait{}},
		"one eye": {eye, []procedure.Recorded{op(procedure.PhacoIOL, procedure.Left, day)}, false,
			casefile.Wait{casefile.Likely, procedure.Eye, procedure.Right, day}},
		"an eye does not count for a joint": {joint, []procedure.Recorded{op(procedure.PhacoIOL, procedure.Left, day)}, true, casefile.Wait{}},
	} {
		if got := casefile.OtherSide(x.c, x.done, x.staged); got != x.want {
			t.Errorf("%s: %+v, wanted %+v", name, got, x.want)
		}
	}
}
