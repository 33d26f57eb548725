package complication

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func day(m, d int) clock.Date { return clock.MustDate(2026, m, d) }

func TestWhatCannotBeIsRefusedAtItsField(t *testing.T) {
	facts := Facts{Programme: procedure.Joint, Operated: day(3, 10), Died: day(6, 1), Today: day(7, 1)}
	good := Complication{Type: Dislocation, Onset: day(3, 20), Grade: "IIIA", Related: RelatedYes, Outcome: "RESOLVED"}
	if f := good.Check(facts); len(f) > 0 {
		t.Fatal(f)
	}
	for name, c := range map[string]struct {
		change func(*Complication)
		path   string
	}{
		"before the operation":      {func(c *Complication) { c.Onset = day(3, 9) }, "onset_on"},
		"after the death":           {func(c *Complication) { c.Onset = day(6, 2) }, "onset_on"},
		"in the future":             {func(c *Complication) { c.Onset = day(7, 2) }, "onset_on"},
		"no day":                    {func(c *Complication) { c.Onset = clock.Date{} }, "onset_on"},
		"an eye's complication":     {func(c *Complication) { c.Type = Endophthalmitis }, "type"},
		"no grade":                  {func(c *Complication) { c.Grade = "" }, "grade"},
		"a grade of another scale":  {func(c *Complication) { c.Grade = "3A" }, "grade"},
		"nobody said whether it is": {func(c *Complication) { c.Related = "" }, "related"},
		"no outcome":                {func(c *Complication) { c.Outcome = "" }, "outcome"},
		"a death that was survived": {func(c *Complication) { c.Grade = "V" }, "outcome"},
	} {
		bad := good
		c.change(&bad)
		if f := bad.Check(facts); !f.Has(c.path) {
			t.Errorf("%s: %v", name, f)
		}
	}
}

func TestWhatIsToldNeedsNoGradeAndCountsFromTheDayOfTheFollowUp(t *testing.T) {
	facts := Facts{Programme: procedure.Joint, Operated: day(3, 10)}
	got, f := Complication{Type: Dislocation, Note: " 摔了一跤 "}.Told(facts, day(4, 20))
	if want := (Complication{Type: Dislocation, Onset: day(4, 20), Related: RelatedUnknown, Outcome: Ongoing, Note: "摔了一跤"}); len(f) > 0 || got != want {
		t.Errorf("%+v, %v", got, f)
	}
	given := Complication{Type: Dislocation, Onset: day(3, 10), Grade: "II", Related: RelatedYes, Outcome: "RESOLVED"}
	if got, f := given.Told(facts, day(4, 20)); len(f) > 0 || got != given {
		t.Errorf("%+v, %v", got, f)
	}
	for name, c := range map[string]struct {
		told Complication
		path string
	}{
		"no type":                  {Complication{}, "type"},
		"an eye's complication":    {Complication{Type: Endophthalmitis}, "type"},
		"before the operation":     {Complication{Type: Dislocation, Onset: day(3, 9)}, "onset_on"},
		"after it was told":        {Complication{Type: Dislocation, Onset: day(4, 21)}, "onset_on"},
		"a grade of another scale": {Complication{Type: Dislocation, Grade: "3A"}, "grade"},
		"no such answer":           {Complication{Type: Dislocation, Related: "MAYBE"}, "related"},
		"no such outcome":          {Complication{Type: Dislocation, Outcome: "FINE"}, "outcome"},
		"something without a word": {Complication{Type: Other, Note: " "}, "note"},
	} {
		if _, f := c.told.Told(facts, day(4, 20)); len(f) != 1 || !f.Has(c.path) {
			t.Errorf("%s: %v", name, f)
		}
	}
}

func TestMACEIsTheFirstEventAndSilenceIsNotHealth(t *testing.T) {
	op := day(1, 10)
	for name, c := range map[string]struct {
		course Course
		days   int
		want   MACE
	}{
		"nobody asked":            {Course{Operated: op}, 30, MACE{}},
		"seen before the horizon": {Course{Operated: op, SeenOn: day(2, 8)}, 30, MACE{}},
		"seen at the horizon":     {Course{Operated: op, SeenOn: day(2, 9)}, 30, MACE{Settled: true}},
		"death on the last day":   {Course{Operated: op, Died: day(2, 9)}, 30, MACE{Death, day(2, 9), 30, true}},
		"death a day later":       {Course{Operated: op, Died: day(2, 10)}, 30, MACE{}},
		"infarct before death": {Course{Operated: op, Died: day(2, 1), List: []Complication{{Type: MI, Onset: day(1, 20)}}}, 30,
			MACE{MI, day(1, 20), 10, true}},
		"a stroke is none":           {Course{Operated: op, SeenOn: day(3, 1), List: []Complication{{Type: "STROKE", Onset: day(1, 20)}}}, 30, MACE{Settled: true}},
		"a lesion again is a vessel": {Course{Operated: op, List: []Complication{{Type: TLR, Onset: day(5, 1)}}}, 365, MACE{TLR, day(5, 1), 111, true}},
	} {
		if got := MACEWithin(c.course, c.days); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestStentThrombosisByItsDay(t *testing.T) {
	for days, want := range map[int]string{0: "acute", 1: "acute", 2: "subacute", 30: "subacute", 31: "late", 365: "late", 366: "very_late"} {
		if got := Timing(days); got != want {
			t.Errorf("day %d is %s, want %s", days, got, want)
		}
	}
}

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	keys := []string{Death.Label()}
	for _, p := range procedure.Programmes() {
		for _, x := range Types(p) {
			keys = append(keys, x.Label())
		}
	}
	for _, s := range Scales() {
		keys = append(keys, s.Label())
		for _, g := range s.Grades() {
			keys = append(keys, s.GradeLabel(g))
		}
	}
	for _, x := range RelatedAnswers() {
		keys = append(keys, x.Label())
	}
	for _, x := range Outcomes() {
		keys = append(keys, x.Label())
	}
	for _, x := range []int{0, 2, 100, 400} {
		keys = append(keys, TimingLabel(Timing(x)))
	}
	i18ntest.Complete(t, keys)
}
