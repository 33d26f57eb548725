package followup_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"pgregory.net/rapid"
)

func fieldsOf(err error) errs.Fields {
	if err == nil {
		return nil
	}
	return errs.Of(err).Fields
}

func whole(n int) *int { return &n }

func TestScoresAddUpAndAreGraded(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    followup.Result
		site  procedure.Site
		total int
		grade string
	}{
		{"the best hip", followup.Result{Instrument: followup.HHS, Parts: map[string]int{"pain": 44, "function": 47, "deformity": 4, "motion": 5}}, procedure.Hip, 100, "excellent"},
		{"a good hip", followup.Result{Instrument: followup.HHS, Parts: map[string]int{"pain": 40, "function": 40, "deformity": 4, "motion": 5}}, procedure.Hip, 89, "good"},
		{"a fair hip", followup.Result{Instrument: followup.HHS, Total: whole(70)}, procedure.Hip, 70, "fair"},
		{"a poor hip", followup.Result{Instrument: followup.HHS, Total: whole(69)}, procedure.Hip, 69, "poor"},
		{"the best knee", followup.Result{Instrument: followup.HSS, Parts: map[string]int{"pain": 30, "function": 22, "motion": 18, "muscle": 10, "flexion": 10, "stability": 10}}, procedure.Knee, 100, "excellent"},
		{"a knee with a deduction", followup.Result{Instrument: followup.HSS, Parts: map[string]int{"pain": 25, "function": 18, "motion": 15, "muscle": 10, "flexion": 8, "stability": 10, "deduction": 2}},
			procedure.Knee, 84, "good"},
		{"a knee that has nothing left", followup.Result{Instrument: followup.HSS, Parts: map[string]int{"pain": 0, "function": 5, "motion": 5, "muscle": 0, "flexion": 0, "stability": 0, "deduction": 20}},
			procedure.Knee, 0, "poor"},
		{"limits of the knee's grades", followup.Result{Instrument: followup.HSS, Total: whole(60)}, procedure.Knee, 60, "fair"},
		{"total and parts agree", followup.Result{Instrument: followup.HHS, Total: whole(100), Parts: map[string]int{"pain": 44, "function": 47, "deformity": 4, "motion": 5}}, procedure.Hip, 100, "excellent"},
		{"no pain", followup.Result{Instrument: followup.Pain, Total: whole(0)}, procedure.Eye, 0, ""},
		{"a licensed total", followup.Result{Instrument: followup.OHS, Total: whole(48)}, procedure.Hip, 48, ""},
		{"angina at rest", followup.Result{Instrument: followup.CCS, Total: whole(4)}, procedure.CoronaryVessels, 4, ""},
	} {
		got, err := c.in.Complete(c.site)
		if err != nil || *got.Total != c.total || got.Edition == "" {
			t.Errorf("%s: %+v, %v", c.name, got, err)
			continue
		}
		scale, _ := got.Instrument.Scale()
		if g := strings.TrimPrefix(scale.Grade(*got.Total), "followup.grade."); g != c.grade {
			t.Errorf("%s: grade %q", c.name, g)
		}
	}
}

func TestScoresThatCannotBeAreNamedAtTheirField(t *testing.T) {
	full := func() map[string]int { return map[string]int{"pain": 44, "function": 47, "deformity": 4, "motion": 5} }
	with := func(name string, v int) map[string]int { m := full(); m[name] = v; return m }
	without := func(name string) map[string]int { m := full(); delete(m, name); return m }
	for name, c := range map[string]struct {
		in   followup.Result
		site procedure.Site
		path string
	}{
		"a hip score of a knee":       {followup.Result{Instrument: followup.HHS, Total: whole(90)}, procedure.Knee, "instrument"},
		"no such score":               {followup.Result{Instrument: "X", Total: whole(90)}, procedure.Knee, "instrument"},
		"nothing at all":              {followup.Result{Instrument: followup.HHS}, procedure.Hip, "total"},
		"more than the best":          {followup.Result{Instrument: followup.HHS, Total: whole(101)}, procedure.Hip, "total"},
		"less than nothing":           {followup.Result{Instrument: followup.Pain, Total: whole(-1)}, procedure.Hip, "total"},
		"satisfaction begins at one":  {followup.Result{Instrument: followup.Satisfaction, Total: whole(0)}, procedure.Hip, "total"},
		"there is no heart class 0":   {followup.Result{Instrument: followup.NYHA, Total: whole(0)}, procedure.CoronaryVessels, "total"},
		"a part beyond its range":     {followup.Result{Instrument: followup.HHS, Parts: with("deformity", 5)}, procedure.Hip, "parts.deformity"},
		"a part is missing":           {followup.Result{Instrument: followup.HHS, Parts: without("motion")}, procedure.Hip, "parts.motion"},
		"a part of another score":     {followup.Result{Instrument: followup.HHS, Parts: with("muscle", 5)}, procedure.Hip, "parts.muscle"},
		"a total that is not the sum": {followup.Result{Instrument: followup.HHS, Total: whole(90), Parts: full()}, procedure.Hip, "total"},
		"parts of a licensed score":   {followup.Result{Instrument: followup.OHS, Parts: map[string]int{"pain": 4}}, procedure.Hip, "parts.pain"},
	} {
		if _, err := c.in.Complete(c.site); !fieldsOf(err).Has(c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the parts allow is what the total allows, and every total has one grade.
func TestTheSumOfAllowedPartsIsAnAllowedTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(slices.DeleteFunc(followup.Scales(), func(s followup.Scale) bool { return len(s.Parts) == 0 })).Draw(t, "scale")
		parts, most := map[string]int{}, 0
		for _, p := range s.Parts {
			parts[p.Name] = rapid.IntRange(0, p.Max).Draw(t, p.Name)
			if !p.Subtract {
				most += p.Max
			}
		}
		got, err := followup.Result{Instrument: s.Instrument, Parts: parts}.Complete(s.Sites[0])
		if err != nil || *got.Total < s.Min || *got.Total > s.Max || s.Grade(*got.Total) == "" || most != s.Max {
			t.Fatalf("%+v: %v", got, err)
		}
	})
}

func good() (followup.Contact, followup.Facts) {
	return followup.Contact{On: day.AddDays(44), Evidence: followup.Visit, Reached: true}, followup.Facts{Programme: procedure.Joint, Site: procedure.Knee, Operated: day, Today: day.AddDays(400)}
}

func TestContactsThatCannotBeAreNamedAtTheirField(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*followup.Contact, *followup.Facts)
		path   string
	}{
		"no day":               {func(c *followup.Contact, _ *followup.Facts) { c.On = clock.Date{} }, "on"},
		"tomorrow":             {func(c *followup.Contact, x *followup.Facts) { c.On = x.Today.AddDays(1) }, "on"},
		"before the operation": {func(c *followup.Contact, _ *followup.Facts) { c.On = day.AddDays(-1) }, "on"},
		"after the death":      {func(c *followup.Contact, x *followup.Facts) { x.Died = c.On.AddDays(-1) }, "on"},
		"no kind of evidence":  {func(c *followup.Contact, _ *followup.Facts) { c.Evidence = "hearsay" }, "evidence"},
		"a proxy without name": {func(c *followup.Contact, _ *followup.Facts) { c.Evidence = followup.Family }, "informant"},
		"scores of nobody": {func(c *followup.Contact, _ *followup.Facts) {
			c.Reached, c.Results = false, []followup.Result{{Instrument: followup.Pain, Total: whole(1)}}
		}, "reached"},
		"one score twice": {func(c *followup.Contact, _ *followup.Facts) {
			c.Results = []followup.Result{{Instrument: followup.Pain, Total: whole(1)}, {Instrument: followup.Pain, Total: whole(2)}}
		}, "results.1.instrument"},
		"a score out of range": {func(c *followup.Contact, _ *followup.Facts) {
			c.Results = []followup.Result{{Instrument: followup.Pain, Total: whole(11)}}
		}, "results.0.total"},
		"a complication of an eye": {func(c *followup.Contact, _ *followup.Facts) {
			c.Complications = []complication.Complication{{Type: "TASS"}}
		}, "complications.0.type"},
		"another complication without a word": {func(c *followup.Contact, _ *followup.Facts) {
			c.Complications = []complication.Complication{{Type: complication.Other}}
		}, "complications.0.note"},
		"a grade nobody knows": {func(c *followup.Contact, _ *followup.Facts) {
			c.Complications = []complication.Complication{{Type: "DVT", Grade: "VI"}}
		}, "complications.0.grade"},
		"an onset before the operation": {func(c *followup.Contact, _ *followup.Facts) {
			c.Complications = []complication.Complication{{Type: "DVT", Onset: day.AddDays(-1)}}
		}, "complications.0.onset_on"},
		"an onset after it was told": {func(c *followup.Contact, _ *followup.Facts) {
			c.Complications = []complication.Complication{{Type: "DVT", Onset: c.On.AddDays(1)}}
		}, "complications.0.onset_on"},
		"a long note": {func(c *followup.Contact, _ *followup.Facts) { c.Note = strings.Repeat("长", 501) }, "note"},
	} {
		contact, facts := good()
		c.change(&contact, &facts)
		if _, err := contact.Check(facts); !fieldsOf(err).Has(c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatWasSeenBeforeADeathIsTakenAfterIt(t *testing.T) {
	c, x := good()
	x.Died = c.On
	if _, err := c.Check(x); err != nil {
		t.Errorf("on the day of the death: %v", err)
	}
	c.Evidence, c.Informant = followup.VillageDoctor, " 田医生 "
	got, err := c.Check(x)
	if err != nil || got.Informant != "田医生" || !got.Evidence.Proxy() {
		t.Errorf("told by the village doctor: %+v, %v", got, err)
	}
}
