package statistics_test

import (
	"compress/gzip"
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	st "github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// reference is one data set of testdata/reference.R with what R computed.
type reference struct {
	t      *testing.T
	fields map[string]string
	misses int
}

// list reads a field of numbers; what R has no value for is NaN.
func (r *reference) list(name string) []float64 {
	r.t.Helper()
	var vs []float64
	for _, s := range strings.Fields(r.fields[name]) {
		v := math.NaN()
		if s != "NA" {
			var err error
			if v, err = strconv.ParseFloat(s, 64); err != nil {
				r.t.Fatalf("set %s, %s: %v", r.fields["id"], name, err)
			}
		}
		vs = append(vs, v)
	}
	return vs
}

func (r *reference) one(name string) float64 { return r.list(name)[0] }

// agree compares to 1e-9 of the value, or 1e-12 beside 0 and 1, where rounding
// of the difference is all there is.
func (r *reference) agree(what string, got st.Number, want float64) {
	r.t.Helper()
	v, ok := got.Value()
	switch {
	case !ok && math.IsNaN(want):
	case ok && math.Abs(v-want) <= math.Max(1e-9*math.Abs(want), 1e-12):
	default:
		if r.misses++; r.misses <= 3 {
			r.t.Errorf("set %s: %s is %.17g (%v), R has %.17g", r.fields["id"], what, v, ok, want)
		}
	}
}

func (r *reference) interval(what string, got st.Interval, low, high float64) {
	r.t.Helper()
	l, h := st.Number{}, st.Number{}
	if got.Defined() {
		l, h = st.Of(got.Low), st.Of(got.High)
	}
	r.agree(what+" low", l, low)
	r.agree(what+" high", h, high)
}

func references(t *testing.T, check func(*reference)) {
	t.Helper()
	f, err := os.Open("testdata/reference.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil || len(rows) != 1001 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		r := &reference{t: t, fields: map[string]string{}}
		for i, name := range rows[0] {
			r.fields[name] = row[i]
		}
		check(r)
	}
}

// subjects are all subjects of a set, and those of each group.
func (r *reference) subjects() (all, one, two []st.Subject) {
	times, status, group := r.list("times"), r.list("status"), r.list("group")
	for i, time := range times {
		s := st.Subject{Time: time, Outcome: st.Outcome(status[i])}
		all = append(all, s)
		if group[i] == 1 {
			one = append(one, s)
		} else {
			two = append(two, s)
		}
	}
	return all, one, two
}

func TestSurvivalAgreesWithR(t *testing.T) {
	references(t, func(r *reference) {
		all, _, _ := r.subjects()
		at, km, middle := r.list("at"), r.list("km"), r.list("median")
		n := len(at)
		for b, method := range []st.Method{st.MethodPlain, st.MethodLog, st.MethodLogLog} {
			c := st.KaplanMeier(all, st.Band{Method: method, Level: r.one("level")})
			for i, time := range at {
				s, ok := c.At(time)
				if !ok {
					t.Fatalf("set %s: no state at %v", r.fields["id"], time)
				}
				r.agree("survival", st.Of(s.Survival), km[i])
				r.agree("standard error", s.SE, km[n+i])
				r.interval(string(method), s.CI, km[(2+2*b)*n+i], km[(3+2*b)*n+i])
			}
			m := c.Median()
			for i, got := range []st.Number{m.Time, m.Low, m.High} {
				r.agree("median ("+string(method)+")", got, middle[3*b+i])
			}
		}
	})
}

func TestIncidenceAgreesWithR(t *testing.T) {
	references(t, func(r *reference) {
		all, _, _ := r.subjects()
		at, want := r.list("at"), r.list("incidence")
		steps := st.AalenJohansen(all, st.ReportBand())
		for i, time := range at {
			for _, s := range steps {
				if s.Time == time {
					r.agree("event", st.Of(s.Value), want[i])
					r.agree("competing end", st.Of(s.Other), want[len(at)+i])
				}
			}
		}
	})
}

func TestLogRankAgreesWithR(t *testing.T) {
	compared := 0
	references(t, func(r *reference) {
		_, one, two := r.subjects()
		want := r.list("logrank")
		if math.IsNaN(want[0]) {
			return
		}
		compared++
		got := st.CompareSurvival(one, two)
		r.agree("observed", st.Of(float64(got.Observed[0])), want[0])
		r.agree("expected", st.Of(got.Expected[0]), want[1])
		r.agree("variance", st.Of(got.Variance), want[2])
		r.agree("χ²", got.ChiSquare, want[3])
		r.agree("p", got.P, want[4])
	})
	if compared < 500 {
		t.Errorf("only %d sets have two groups to compare", compared)
	}
}

func TestSharesAndRatesAgreeWithR(t *testing.T) {
	references(t, func(r *reference) {
		k, n, level, share := int(r.one("events")), int(r.one("total")), r.one("level"), r.list("share")
		r.interval("Clopper–Pearson", st.ClopperPearson(k, n, level), share[0], share[1])
		r.interval("Wilson", st.Wilson(k, n, level), share[2], share[3])
		rate, ci := st.PoissonExact(int(r.one("count")), r.one("years"), level)
		want := r.list("rate")
		r.agree("rate", rate, want[0])
		r.interval("Poisson", ci, want[1], want[2])
		for i, q := range st.Quantiles(r.list("times"), 0.1, 0.25, 0.5, 0.75, 0.9) {
			r.agree("quantile", q, r.list("quantiles")[i])
		}
	})
}
