package casefile_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

var (
	opened = clock.MustDate(2026, 3, 1)
	closed = clock.MustDate(2026, 6, 1)
)

func aCase() casefile.Case {
	return casefile.Case{ID: ident.New(), Person: ident.New(), Programme: procedure.Joint, Home: ident.New(), OpenedOn: opened}
}

func TestTheStateFollowsFromTheTreatments(t *testing.T) {
	second := &casefile.SecondSide{Site: procedure.Knee, Side: procedure.Left}
	for name, c := range map[string]struct {
		treatments []treatment.State
		second     *casefile.SecondSide
		closed     bool
		want       casefile.State
	}{
		"nothing yet":            {nil, nil, false, casefile.Registered},
		"only cancelled":         {[]treatment.State{treatment.Cancelled}, nil, false, casefile.Registered},
		"approval asked":         {[]treatment.State{treatment.Requested}, nil, false, casefile.Waiting},
		"in bed beats planned":   {[]treatment.State{treatment.Planned, treatment.Admitted}, second, false, casefile.InTreatment},
		"bill open":              {[]treatment.State{treatment.Discharged}, nil, false, casefile.InTreatment},
		"settled":                {[]treatment.State{treatment.Settled}, nil, false, casefile.FollowUp},
		"one side done":          {[]treatment.State{treatment.Closed}, second, false, casefile.SecondDue},
		"second being prepared":  {[]treatment.State{treatment.Closed, treatment.Planned}, second, false, casefile.Waiting},
		"patient withdrew":       {[]treatment.State{treatment.Withdrawn}, nil, false, casefile.Ended},
		"done once, then lost":   {[]treatment.State{treatment.Closed, treatment.Lost}, nil, false, casefile.FollowUp},
		"closed whatever it has": {[]treatment.State{treatment.Admitted}, nil, true, casefile.ClosedState},
	} {
		t.Run(name, func(t *testing.T) {
			x := aCase()
			x.Second = c.second
			if c.closed {
				x.ClosedOn = closed
			}
			if got := casefile.Derive(x, c.treatments); got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestEveryTreatmentStateLeadsToACaseState(t *testing.T) {
	for _, s := range treatment.States() {
		got := casefile.Derive(aCase(), []treatment.State{s})
		if s != treatment.Cancelled && got == casefile.Registered {
			t.Errorf("%s is forgotten", s)
		}
	}
}

func TestAPersonHasOneOpenCasePerProgramme(t *testing.T) {
	mine := aCase()
	if err := casefile.CheckOpen(mine.Home, procedure.Cataract, []casefile.Case{mine}); err != nil {
		t.Errorf("another programme is refused: %v", err)
	}
	err := casefile.CheckOpen(mine.Home, procedure.Joint, []casefile.Case{mine})
	if e := errs.Of(err); e.Kind != errs.Conflict || e.Remedy[0] != "casefile.remedy.use_open" {
		t.Errorf("own hospital: %v %v", err, e.Remedy)
	}
	err = casefile.CheckOpen(ident.New(), procedure.Joint, []casefile.Case{mine})
	if e := errs.Of(err); e.Kind != errs.Conflict || e.Remedy[0] != "casefile.remedy.join" {
		t.Errorf("other hospital: %v %v", err, e.Remedy)
	}
	ended := mine
	ended.ClosedOn = closed
	if err := casefile.CheckOpen(mine.Home, procedure.Joint, []casefile.Case{ended}); err != nil {
		t.Errorf("a closed case blocks: %v", err)
	}
	if err := casefile.CheckOpen(mine.Home, "teeth", nil); !errs.Is(err, errs.Invalid) {
		t.Errorf("unknown programme: %v", err)
	}
}

func TestClosing(t *testing.T) {
	done := []treatment.State{treatment.Closed}
	for name, c := range map[string]struct {
		why        casefile.Closure
		on         clock.Date
		treatments []treatment.State
		rule       string
		field      string
	}{
		"completed":             {casefile.Completed, closed, done, "", ""},
		"settled is not ended":  {casefile.Completed, closed, []treatment.State{treatment.Settled}, "casefile.no_live_treatment", ""},
		"nothing was done":      {casefile.Completed, closed, []treatment.State{treatment.Withdrawn}, "casefile.completed_needs_treatment", ""},
		"a mistake that was no": {casefile.Mistake, closed, done, "casefile.mistake_needs_nothing", ""},
		"a mistake":             {casefile.Mistake, closed, []treatment.State{treatment.Cancelled}, "", ""},
		"before the opening":    {casefile.Died, clock.MustDate(2026, 2, 1), done, "", "closed_on"},
		"no reason":             {"", closed, done, "", "closure"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := casefile.Close(aCase(), c.why, c.on, c.treatments)
			switch {
			case c.rule == "" && c.field == "":
				if err != nil || got.Open() || got.Closure != c.why {
					t.Fatalf("got %+v, %v", got, err)
				}
			case err == nil || !got.Open():
				t.Fatalf("closed all the same: %+v", got)
			case errs.Of(err).Rule != c.rule || c.field != "" && !errs.Of(err).Fields.Has(c.field):
				t.Fatalf("got %v (rule %q)", err, errs.Of(err).Rule)
			}
		})
	}
	twice, _ := casefile.Close(aCase(), casefile.Completed, closed, done)
	if _, err := casefile.Close(twice, casefile.Died, closed, done); errs.Of(err).Rule != "casefile.closed_once" {
		t.Errorf("closed twice: %v", err)
	}
}

func TestReopeningStandsBackForANewerCase(t *testing.T) {
	old, _ := casefile.Close(aCase(), casefile.Lost, closed, nil)
	again, err := casefile.Reopen(old, nil)
	if err != nil || !again.Open() || again.Closure != "" {
		t.Fatalf("got %+v, %v", again, err)
	}
	if _, err := casefile.Reopen(again, nil); errs.Of(err).Rule != "casefile.reopen_closed" {
		t.Errorf("an open case is opened again: %v", err)
	}
	if _, err := casefile.Reopen(old, []casefile.Case{aCase()}); !errs.Is(err, errs.Conflict) {
		t.Fatalf("two open cases: %v", err)
	}
}

func TestTheSecondSide(t *testing.T) {
	right := procedure.Recorded{ID: ident.New(), Kind: procedure.TKA, Side: procedure.Right, OperatedOn: opened}
	plan := casefile.SecondSide{Site: procedure.Knee, Side: procedure.Left}
	c, err := casefile.PlanSecond(aCase(), plan, []procedure.Recorded{right})
	if err != nil || c.Second == nil {
		t.Fatalf("left knee after right: %v", err)
	}
	plan.Side = procedure.Right
	if _, err := casefile.PlanSecond(aCase(), plan, []procedure.Recorded{right}); !errs.Of(err).Fields.Has("side") {
		t.Errorf("the done side is planned: %v", err)
	}
	plan.Site = procedure.Hip
	if _, err := casefile.PlanSecond(aCase(), plan, []procedure.Recorded{right}); err != nil {
		t.Errorf("the hip of the same side: %v", err)
	}
	if _, err := casefile.PlanSecond(aCase(), casefile.SecondSide{Side: procedure.Left}, nil); !errs.Of(err).Fields.Has("site") {
		t.Errorf("no joint: %v", err)
	}
	heart := aCase()
	heart.Programme = procedure.Coronary
	if _, err := casefile.PlanSecond(heart, plan, nil); !errs.Of(err).Fields.Has("side") {
		t.Errorf("a heart has no second side: %v", err)
	}
	if c = casefile.AfterOperation(c, right); c.Second == nil {
		t.Error("the other side's operation drops the plan")
	}
	left := right
	left.Side = procedure.Left
	if c = casefile.AfterOperation(c, left); c.Second != nil {
		t.Error("the plan stays after its operation")
	}
}

func TestTheSecondEyeNeedsNoSite(t *testing.T) {
	c := aCase()
	c.Programme = procedure.Cataract
	got, err := casefile.PlanSecond(c, casefile.SecondSide{Side: procedure.Left}, nil)
	if err != nil || got.Second.Site != procedure.Eye {
		t.Fatalf("got %+v, %v", got.Second, err)
	}
	done := []procedure.Recorded{{Kind: procedure.PhacoIOL, Side: procedure.Left, OperatedOn: opened}}
	if _, err := casefile.PlanSecond(c, casefile.SecondSide{Side: procedure.Left}, done); err == nil {
		t.Error("the operated eye is planned again")
	}
}
