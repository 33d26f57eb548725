package statistics_test

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	st "github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// trial reads one of the public data sets, by group (1, 2) and together (0).
func trial(t *testing.T, name string) [3][]st.Subject {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var groups [3][]st.Subject
	for _, r := range rows[1:] {
		time, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		s := st.Subject{Time: time}
		if r[1] == "1" {
			s.Outcome = st.Event
		}
		g := int(r[2][0] - '0')
		groups[0], groups[g] = append(groups[0], s), append(groups[g], s)
	}
	return groups
}

// marked makes subjects of times; a negative time is censored.
func marked(times ...float64) []st.Subject {
	var ss []st.Subject
	for _, t := range times {
		s := st.Subject{Time: math.Abs(t)}
		if t > 0 {
			s.Outcome = st.Event
		}
		ss = append(ss, s)
	}
	return ss
}

func maintained() []st.Subject { return marked(9, 13, -13, 18, 23, -28, 31, 34, -45, 48, -161) }
func nonmaintained() []st.Subject {
	return marked(5, 5, 8, 8, 12, -16, 23, 27, 30, 33, 43, 45)
}

func curve(subjects []st.Subject, m st.Method) st.Curve {
	return st.KaplanMeier(subjects, st.Band{Method: m, Level: 0.95})
}

const unreached = -1

// median fails unless a median and its band are as printed.
func median(t *testing.T, name string, c st.Curve, want [3]float64) {
	t.Helper()
	m := c.Median()
	for i, n := range []st.Number{m.Time, m.Low, m.High} {
		if got := n.Or(unreached); got != want[i] {
			t.Errorf("%s: median %v, want %v", name, [3]float64{m.Time.Or(unreached), m.Low.Or(unreached), m.High.Or(unreached)}, want)
			return
		}
	}
}

func TestMediansOfPublicTrials(t *testing.T) {
	lung, ovarian := trial(t, "lung"), trial(t, "ovarian")
	for _, c := range []struct {
		name      string
		subjects  []st.Subject
		n, events int
		method    st.Method
		want      [3]float64
	}{
		{"lung", lung[0], 228, 165, st.MethodLog, [3]float64{310, 285, 363}},
		{"lung plain", lung[0], 228, 165, st.MethodPlain, [3]float64{310, 284, 361}},
		{"lung log-log", lung[0], 228, 165, st.MethodLogLog, [3]float64{310, 284, 361}},
		{"lung men", lung[1], 138, 112, st.MethodLog, [3]float64{270, 212, 310}},
		{"lung women", lung[2], 90, 53, st.MethodLog, [3]float64{426, 348, 550}},
		{"ovarian", ovarian[0], 26, 12, st.MethodLog, [3]float64{638, 464, unreached}},
		{"ovarian 1", ovarian[1], 13, 7, st.MethodLog, [3]float64{638, 268, unreached}},
		{"ovarian 2", ovarian[2], 13, 5, st.MethodLog, [3]float64{unreached, 475, unreached}},
		{"aml maintained", maintained(), 11, 7, st.MethodLog, [3]float64{31, 18, unreached}},
		{"aml nonmaintained: the band ends before it crosses", nonmaintained(), 12, 11, st.MethodLog, [3]float64{23, 8, unreached}},
		{"flat at a half", marked(1, 2, 3, -3.5, -3.6, 6, 7, 8), 8, 6, st.MethodLog, [3]float64{6, 3, unreached}},
	} {
		got := curve(c.subjects, c.method)
		if got.N != c.n || got.Events != c.events {
			t.Errorf("%s: %d subjects, %d events", c.name, got.N, got.Events)
		}
		median(t, c.name, got, c.want)
	}
	median(t, "exactly a half from 3 to 4", curve(marked(1, 2, 3, 4, 5, 6), st.MethodPlain), [3]float64{3.5, 2, 5})
	median(t, "a half for ever", curve(marked(1, 2, 3, -4, -5, -6), st.MethodPlain), [3]float64{3, 2, unreached})
	median(t, "nobody", curve(nil, st.MethodLog), [3]float64{unreached, unreached, unreached})
}

func TestSurvivalOfPublicTrials(t *testing.T) {
	lung, ovarian := trial(t, "lung"), trial(t, "ovarian")
	for _, c := range []struct {
		name             string
		subjects         []st.Subject
		at               float64
		s, se            float64
		method           st.Method
		low, high        float64
		digits, ciDigits int
	}{
		{"lung", lung[0], 180, 0.721671, 0.029812, st.MethodLog, 0.665542, 0.782533, 6, 6},
		{"lung", lung[0], 365.25, 0.409242, 0.035824, st.MethodLog, 0.344722, 0.485838, 6, 6},
		{"lung", lung[0], 365.25, 0.409242, 0.035824, st.MethodLogLog, 0.338714, 0.478381, 6, 6},
		{"ovarian", ovarian[0], 365, 0.731, 0.0870, st.MethodLog, 0.579, 0.923, 3, 3},
		{"ovarian", ovarian[0], 638, 0.497, 0.1051, st.MethodLog, 0.328, 0.752, 3, 3},
		{"ovarian", ovarian[0], 365, 0.730769, 0.0870, st.MethodLogLog, 0.516886, 0.861503, 6, 6},
	} {
		got, ok := curve(c.subjects, c.method).At(c.at)
		if !ok {
			t.Fatalf("%s: no state at %v", c.name, c.at)
		}
		printed(t, c.name+" S", got.Survival, c.s, c.digits)
		printed(t, c.name+" se", number(t, "se", got.SE), c.se, min(c.digits+1, 4))
		printed(t, c.name+" low", got.CI.Low, c.low, c.ciDigits)
		printed(t, c.name+" high", got.CI.High, c.high, c.ciDigits)
	}
	for _, c := range []struct {
		subjects []st.Subject
		s, se    float64
	}{{maintained(), 0.613636, 0.152632}, {nonmaintained(), 0.486111, 0.148130}} {
		got, _ := curve(c.subjects, st.MethodLog).At(24)
		printed(t, "aml S", got.Survival, c.s, 6)
		printed(t, "aml se", number(t, "se", got.SE), c.se, 6)
	}
	got, _ := curve(ovarian[0], st.MethodLog).At(638)
	printed(t, "ovarian S(638)", got.Survival, 0.496732, 6)
}

func TestLogRankOfPublicTrials(t *testing.T) {
	lung, ovarian := trial(t, "lung"), trial(t, "ovarian")
	r := st.CompareSurvival(lung[1], lung[2])
	if r.Observed[0] != 112 || r.DF != 1 {
		t.Errorf("observed %v, df %d", r.Observed, r.DF)
	}
	printed(t, "E", r.Expected[0], 91.5817, 4)
	printed(t, "V", r.Variance, 40.3714, 4)
	printed(t, "χ²", number(t, "χ²", r.ChiSquare), 10.3267, 4)
	printed(t, "p", number(t, "p", r.P), 0.001311, 6)
	printed(t, "ovarian", number(t, "χ²", st.CompareSurvival(ovarian[1], ovarian[2]).ChiSquare), 1.0627, 4)
	printed(t, "aml", number(t, "χ²", st.CompareSurvival(maintained(), nonmaintained()).ChiSquare), 3.3964, 4)
	for name, r := range map[string]st.LogRank{
		"one group": st.CompareSurvival(lung[1]), "no events": st.CompareSurvival(marked(-1, -2), marked(-3)),
		"no group": st.CompareSurvival(), "an empty group": st.CompareSurvival(marked(1, 2), nil),
	} {
		if r.ChiSquare.Defined() || r.P.Defined() {
			t.Errorf("%s is compared: %+v", name, r)
		}
	}
}

// toy is 12 joints in years.
func toy() []st.Subject { return marked(0.25, -0.5, -1, 1.2, -2, -2.5, 3, -3, -4, -5, -5, -5) }

func TestCumulativePercentRevision(t *testing.T) {
	for _, c := range []struct {
		time                 float64
		n                    int
		cpr, se              float64
		pLow, pHigh, lo, hi2 float64
	}{
		{0.25, 12, 8.3333, 7.9786, 0, 23.9710, 1.2174, 46.1023},
		{1.2, 9, 18.5185, 11.9377, 0, 41.9160, 4.9145, 56.4936},
		{3.0, 6, 32.0988, 15.8950, 0.9452, 63.2524, 11.1603, 71.8150},
	} {
		for _, r := range st.CumulativeRevision(toy(), st.ReportBand(), 1) {
			if r.Time != c.time {
				continue
			}
			if r.AtRisk != c.n {
				t.Errorf("%v: %d at risk", r.Time, r.AtRisk)
			}
			printed(t, "CPR", r.Percent, c.cpr, 4)
			printed(t, "se", number(t, "se", r.SE), c.se, 4)
			printed(t, "log-log low", r.CI.Low, c.lo, 4)
			printed(t, "log-log high", r.CI.High, c.hi2, 4)
		}
		plain, _ := curve(toy(), st.MethodPlain).At(c.time)
		printed(t, "plain low", plain.Revision().CI.Low, c.pLow, 4)
		printed(t, "plain high", plain.Revision().CI.High, c.pHigh, 4)
	}
	if years := st.ComponentYears(toy()); math.Abs(years-32.45) > 1e-12 {
		t.Errorf("%v component-years", years)
	}
}

func TestACurveStopsWhereFewAreLeft(t *testing.T) {
	c := curve(toy(), st.MethodLogLog).StopBelow(10)
	if c.Until() != 1 || len(c.Steps) != 3 {
		t.Errorf("until %v, %d steps", c.Until(), len(c.Steps))
	}
	if _, ok := c.At(1.2); ok {
		t.Error("the curve speaks about a time with 9 at risk")
	}
	if at, ok := c.At(0.9); !ok || at.AtRisk != 10 || at.Survival != 11.0/12 {
		t.Errorf("%+v", at)
	}
	if c := curve(toy(), st.MethodLogLog).StopBelow(13); len(c.Steps) != 0 {
		t.Error("12 joints are shown where 13 are required")
	}
}

func TestJointsStandAsTheyStoodOnTheDayOfTheLock(t *testing.T) {
	day := clock.MustDate
	lock := day(2026, 6, 30)
	for name, c := range map[string]struct {
		joint st.Joint
		want  []st.Subject
	}{
		"followed":                      {st.Joint{Primary: day(2025, 6, 30)}, []st.Subject{{Time: 365 / 365.25}}},
		"revised":                       {st.Joint{Primary: day(2025, 6, 30), Revised: day(2025, 7, 1)}, []st.Subject{{Time: 1 / 365.25, Outcome: st.Event}}},
		"revised on the day of lock":    {st.Joint{Primary: day(2026, 6, 29), Revised: lock}, []st.Subject{{Time: 1 / 365.25, Outcome: st.Event}}},
		"revised after the lock":        {st.Joint{Primary: day(2026, 6, 29), Revised: day(2026, 7, 1)}, []st.Subject{{Time: 1 / 365.25}}},
		"died":                          {st.Joint{Primary: day(2026, 6, 20), Died: day(2026, 6, 25), Lost: day(2026, 6, 28)}, []st.Subject{{Time: 5 / 365.25, Outcome: st.Competing}}},
		"lost before anything else":     {st.Joint{Primary: day(2026, 6, 20), Died: day(2026, 6, 25), Lost: day(2026, 6, 21)}, []st.Subject{{Time: 1 / 365.25}}},
		"revised on the day of death":   {st.Joint{Primary: day(2026, 6, 20), Died: day(2026, 6, 25), Revised: day(2026, 6, 25)}, []st.Subject{{Time: 5 / 365.25, Outcome: st.Event}}},
		"operated on after the lock":    {st.Joint{Primary: day(2026, 7, 1)}, nil},
		"without an operation":          {st.Joint{}, nil},
		"ended before it began":         {st.Joint{Primary: day(2026, 6, 20), Died: day(2026, 6, 1)}, nil},
		"operated on on the day itself": {st.Joint{Primary: lock}, []st.Subject{{}}},
	} {
		got := st.AtLock([]st.Joint{c.joint}, lock)
		if len(got) != len(c.want) || len(got) == 1 && got[0] != c.want[0] {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func subjects() *rapid.Generator[[]st.Subject] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) st.Subject {
		return st.Subject{Time: float64(rapid.IntRange(0, 30).Draw(t, "time")), Outcome: st.Outcome(rapid.IntRange(0, 2).Draw(t, "outcome"))}
	}), 0, 60)
}

func TestWithoutDeathsTheIncidenceIsOneMinusSurvival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ss := subjects().Draw(t, "subjects")
		for i := range ss {
			if ss[i].Outcome == st.Competing {
				ss[i].Outcome = st.Censored
			}
		}
		km, aj := st.KaplanMeier(ss, st.ReportBand()), st.AalenJohansen(ss, st.ReportBand())
		for i, s := range km.Steps {
			a := aj[i]
			if math.Abs(1-s.Survival-a.Value) > 1e-12 || a.Other != 0 {
				t.Fatalf("step %d: %+v %+v", i, s, a)
			}
			if s.Survival > 1e-9 && math.Abs(s.SE.Or(0)-a.SE.Or(0)) > 1e-7 {
				t.Fatalf("step %d: standard errors %v %v", i, s.SE, a.SE)
			}
		}
	})
}

func TestDeathsLowerTheActualShareOfRevisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ss := subjects().Draw(t, "subjects")
		km, aj := st.KaplanMeier(ss, st.ReportBand()), st.AalenJohansen(ss, st.ReportBand())
		for i, s := range km.Steps {
			a := aj[i]
			if a.Value > 1-s.Survival+1e-12 || a.Value+a.Other > 1+1e-12 || a.Value < 0 {
				t.Fatalf("step %d: %+v %+v", i, s, a)
			}
			if a.CI.Defined() && !(0 <= a.CI.Low && a.CI.Low <= a.Value+1e-12 && a.Value <= a.CI.High+1e-12 && a.CI.High <= 1) {
				t.Fatalf("step %d: %+v", i, a)
			}
		}
	})
	// four subjects by hand: revised 1, died 2, revised 3, followed 4
	aj := st.AalenJohansen([]st.Subject{{Time: 1, Outcome: st.Event}, {Time: 2, Outcome: st.Competing}, {Time: 3, Outcome: st.Event}, {Time: 4}}, st.ReportBand())
	if aj[2].Value != 0.5 || aj[2].Other != 0.25 {
		t.Errorf("%+v", aj)
	}
}

func TestCurvesFallAndKeepTheirBand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ss := subjects().Draw(t, "subjects")
		for _, m := range []st.Method{st.MethodPlain, st.MethodLog, st.MethodLogLog} {
			c, before := curve(ss, m), 1.0
			for _, s := range c.Steps {
				if s.Survival > before || s.Survival < 0 || s.AtRisk != c.AtRisk(s.Time) {
					t.Fatalf("%+v after %v", s, before)
				}
				if i := s.CI; i.Defined() && !(0 <= i.Low && i.Low <= s.Survival+1e-12 && s.Survival <= i.High+1e-12 && i.High <= 1) {
					t.Fatalf("%s: %+v", m, s)
				}
				before = s.Survival
			}
		}
	})
	c := curve([]st.Subject{{Time: math.NaN(), Outcome: st.Event}, {Time: -1, Outcome: st.Event}, {Time: math.Inf(1)}, {Time: 1}}, st.MethodLog)
	if c.N != 1 || c.Events != 0 {
		t.Errorf("times that are none are counted: %+v", c)
	}
	if last := curve(marked(1, 2), st.MethodPlain).Steps[1]; last.SE.Defined() || last.CI.Defined() {
		t.Errorf("at a survival of 0 the band is undefined: %+v", last)
	}
	if first := curve(marked(-1, 2), st.MethodLogLog).Steps[0]; first.CI.Defined() {
		t.Errorf("at a survival of 1 the log-log band is undefined: %+v", first)
	}
}
