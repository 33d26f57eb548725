package procedure_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func recorded(k procedure.Kind, s procedure.Side, days int) procedure.Recorded {
	return procedure.Recorded{ID: ident.New(), Kind: k, Side: s, OperatedOn: opDay.AddDays(days)}
}

func rules(ws []procedure.Warning) (out []procedure.Rule) {
	for _, w := range ws {
		out = append(out, w.Rule)
	}
	return out
}

func TestRule1ASecondFirstReplacementIsTakenAndMarked(t *testing.T) {
	for name, c := range map[string]struct {
		recorded []procedure.Recorded
		marked   bool
	}{
		"the other side":                 {[]procedure.Recorded{recorded(procedure.TKA, procedure.Left, -200)}, false},
		"the hip of the same side":       {[]procedure.Recorded{recorded(procedure.THA, procedure.Right, -200)}, false},
		"the same knee":                  {[]procedure.Recorded{recorded(procedure.TKA, procedure.Right, -200)}, true},
		"the same knee, half":            {[]procedure.Recorded{recorded(procedure.UKAMedial, procedure.Right, -200)}, true},
		"entered later, done earlier":    {[]procedure.Recorded{recorded(procedure.TKA, procedure.Right, 200)}, true},
		"the same day, entered twice":    {[]procedure.Recorded{recorded(procedure.TKA, procedure.Right, 0)}, true},
		"taken out in between":           {[]procedure.Recorded{recorded(procedure.TKA, procedure.Right, -200), recorded(procedure.KneeExplant, procedure.Right, -90)}, false},
		"taken out, but the other side":  {[]procedure.Recorded{recorded(procedure.TKA, procedure.Right, -200), recorded(procedure.KneeExplant, procedure.Left, -90)}, true},
		"taken out, but before both":     {[]procedure.Recorded{recorded(procedure.TKA, procedure.Right, -200), recorded(procedure.KneeExplant, procedure.Right, -300)}, true},
		"a revision is no first surgery": {[]procedure.Recorded{recorded(procedure.KneeRevision, procedure.Right, -90)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			x := facts()
			x.Recorded = c.recorded
			f, ws := procedure.Validate(knee(), x)
			if len(f) > 0 {
				t.Fatalf("refused: %v", f)
			}
			i := slices.IndexFunc(ws, func(w procedure.Warning) bool { return w.Rule == procedure.RuleSecondPrimary })
			if i >= 0 != c.marked || i >= 0 && !ws[i].Review {
				t.Fatalf("marks %v", rules(ws))
			}
		})
	}
}

func TestARecordIsNotComparedWithItself(t *testing.T) {
	p := knee()
	x := facts()
	x.Recorded = []procedure.Recorded{{ID: p.ID, Kind: p.Kind, Side: p.Side, OperatedOn: p.OperatedOn}}
	if _, ws := procedure.Validate(p, x); len(ws) > 0 {
		t.Fatalf("marks %v", rules(ws))
	}
}

func TestAnEyeLosesItsLensOnce(t *testing.T) {
	x := facts()
	x.Recorded = []procedure.Recorded{recorded(procedure.MSICSIOL, procedure.Left, -30)}
	if _, ws := procedure.Validate(eye(), x); !slices.Contains(rules(ws), procedure.RuleSecondPrimary) {
		t.Errorf("same eye: %v", rules(ws))
	}
	second := eye()
	second.Kind, second.Operations = procedure.SecondaryIOL, nil
	if _, ws := procedure.Validate(second.Completed(), x); len(ws) > 0 {
		t.Errorf("secondary lens: %v", rules(ws))
	}
	other := eye()
	other.Side = procedure.Right
	if _, ws := procedure.Validate(other, x); len(ws) > 0 {
		t.Errorf("other eye: %v", rules(ws))
	}
}

func TestCoronarySessionsMayRepeat(t *testing.T) {
	x := facts()
	x.Recorded = []procedure.Recorded{recorded(procedure.CAGPCI, "", -30)}
	if _, ws := procedure.Validate(heart(), x); len(ws) > 0 {
		t.Fatalf("marks %v", rules(ws))
	}
}

func TestRule3ARevisionWantsItsFirstOperation(t *testing.T) {
	p := knee()
	p.Kind, p.Operations = procedure.KneeRevision, nil
	p.JointPart.Indications = []procedure.Indication{"REVISION"}
	p = p.Completed()
	x := facts()
	if _, ws := procedure.Validate(p, x); !slices.Equal(rules(ws), []procedure.Rule{procedure.RuleNoPrimary}) {
		t.Errorf("unknown first operation: %v", rules(ws))
	}
	x.Recorded = []procedure.Recorded{recorded(procedure.TKA, procedure.Right, -400)}
	if _, ws := procedure.Validate(p, x); len(ws) > 0 {
		t.Errorf("known first operation: %v", rules(ws))
	}
	x.Recorded[0].OperatedOn = opDay.AddDays(1)
	if _, ws := procedure.Validate(p, x); !slices.Contains(rules(ws), procedure.RuleNoPrimary) {
		t.Errorf("the first operation after the revision: %v", rules(ws))
	}
	p.JointPart.UnknownPrimary = "2009 年在外地手术"
	if _, ws := procedure.Validate(p, facts()); len(ws) > 0 {
		t.Errorf("explained: %v", rules(ws))
	}
}

func TestRule2StagesAreTwoSidesAndDaysApart(t *testing.T) {
	group := ident.New()
	for name, c := range map[string]struct {
		plan procedure.Plan
		side procedure.Side
		days int
		want []procedure.Rule
	}{
		"staged, a month apart":     {procedure.Staged, procedure.Left, -30, nil},
		"staged on one day":         {procedure.Staged, procedure.Left, 0, []procedure.Rule{procedure.RuleStageInterval}},
		"one session on one day":    {procedure.Simultaneous, procedure.Left, 0, nil},
		"one session, a day apart":  {procedure.Simultaneous, procedure.Left, 1, []procedure.Rule{procedure.RuleStageInterval}},
		"two stages on the one hip": {procedure.Staged, procedure.Right, -30, []procedure.Rule{procedure.RuleStageSide}},
	} {
		t.Run(name, func(t *testing.T) {
			p := knee()
			p.JointPart.Plan, p.JointPart.StageGroup = c.plan, group
			if c.plan == procedure.Staged {
				p.JointPart.StageNo = 2
			}
			r := recorded(procedure.THA, c.side, c.days)
			r.StageGroup = group
			x := facts()
			x.Recorded = []procedure.Recorded{r}
			f, ws := procedure.Validate(p, x)
			if len(f) > 0 || !slices.Equal(rules(ws), c.want) {
				t.Fatalf("%v %v", f, rules(ws))
			}
		})
	}
}

func TestUnlikelyDaysAreMarkedAndNeverRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*procedure.Procedure, *procedure.Facts)
		want   procedure.Rule
	}{
		"before admission":       {func(p *procedure.Procedure, x *procedure.Facts) { x.Admitted = opDay.AddDays(1) }, procedure.RuleBeforeAdmission},
		"after discharge":        {func(p *procedure.Procedure, x *procedure.Facts) { x.Discharged = opDay.AddDays(-1) }, procedure.RuleAfterDischarge},
		"after death":            {func(p *procedure.Procedure, x *procedure.Facts) { x.Died = opDay.AddDays(-1) }, procedure.RuleAfterDeath},
		"diagnosis of the heart": {func(p *procedure.Procedure, x *procedure.Facts) { p.Diagnoses = []procedure.Code{code("I20.0")} }, procedure.RuleDiagnosisBlock},
		"half of the knee":       {func(p *procedure.Procedure, x *procedure.Facts) { p.Kind = procedure.UKA }, procedure.RuleCompartment},
	} {
		t.Run(name, func(t *testing.T) {
			p, x := knee(), facts()
			c.change(&p, &x)
			f, ws := procedure.Validate(p, x)
			if len(f) > 0 || !slices.Equal(rules(ws), []procedure.Rule{c.want}) {
				t.Fatalf("%v %v", f, rules(ws))
			}
		})
	}
}

func TestRule4TheSideOfEveryWritingIsTheRecords(t *testing.T) {
	for name, change := range map[string]func(*procedure.Procedure, *procedure.Facts){
		"the diagnosis says left": func(p *procedure.Procedure, _ *procedure.Facts) { p.Diagnosis = "左膝骨关节炎" },
		"the consent says left":   func(_ *procedure.Procedure, x *procedure.Facts) { x.SideTexts = []string{"左侧全膝置换"} },
	} {
		p, x := knee(), facts()
		change(&p, &x)
		if f, ws := procedure.Validate(p, x); len(f) > 0 || !slices.Equal(rules(ws), []procedure.Rule{procedure.RuleSideText}) || !ws[0].Review {
			t.Errorf("%s: %v %v", name, f, rules(ws))
		}
	}
}

func TestRule6AVisitorOperatesWithinAPosting(t *testing.T) {
	p, x := knee(), facts()
	p.LeadVisiting = true
	if f, ws := procedure.Validate(p, x); len(f) > 0 || !slices.Equal(rules(ws), []procedure.Rule{procedure.RuleOutsidePosting}) {
		t.Errorf("without a posting: %v %v", f, rules(ws))
	}
	x.LeadPosted = true
	if f, ws := procedure.Validate(p, x); len(f) > 0 || len(ws) > 0 {
		t.Errorf("with a posting: %v %v", f, rules(ws))
	}
}

func TestTheEdgesOfTheStayAreInside(t *testing.T) {
	p, x := knee(), facts()
	p.LeadVisiting, x.LeadPosted = true, true
	x.Admitted, x.Discharged, x.Died = opDay, opDay, opDay
	x.SideTexts = []string{"右膝", "双膝关节炎", "左右膝疼痛"}
	if f, ws := procedure.Validate(p, x); len(f) > 0 || len(ws) > 0 {
		t.Fatalf("%v %v", f, rules(ws))
	}
	p.OperatedOn = clock.Date{}
	if f, ws := procedure.Validate(p, x); !f.Has("operated_on") || len(ws) > 0 {
		t.Fatalf("an unknown day: %v %v", f, rules(ws))
	}
}

func TestPlausibilityOfEyesAndHearts(t *testing.T) {
	e := eye()
	e.EyePart.Before, e.EyePart.After = "L0.10", "L1.00"
	if f, ws := procedure.Validate(e, facts()); len(f) > 0 || !slices.Equal(rules(ws), []procedure.Rule{procedure.RuleAcuityWorse}) {
		t.Errorf("worse after: %v %v", f, rules(ws))
	}
	e.EyePart.Before = acuity.HandMotion
	if _, ws := procedure.Validate(e, facts()); len(ws) > 0 {
		t.Errorf("more than hand motion is called worse than it: %v", rules(ws))
	}
	h := heart()
	h.HeartPart.Stents = 0
	if f, ws := procedure.Validate(h, facts()); len(f) > 0 || !slices.Equal(rules(ws), []procedure.Rule{procedure.RuleStentsNone}) {
		t.Errorf("drug without stent: %v %v", f, rules(ws))
	}
}
