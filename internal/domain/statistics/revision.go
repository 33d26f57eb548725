package statistics

import (
	"math"

	"github.com/shanhai-health/shanhai/internal/clock"
)

// yearDays is the length of a year in registers of implants.
const yearDays = 365.25

// Joint is the history of one joint as far as revision goes. A zero date: it
// has not happened. Lost is the day after which no hospital knew the state of
// the joint; who is followed at another hospital is not lost.
type Joint struct {
	Primary clock.Date
	Revised clock.Date
	Died    clock.Date
	Lost    clock.Date // also an amputation: no revision can follow
}

// AtLock turns joints into subjects, in years, as they stood on the day the data
// were locked: what happened later is not known, and joints operated on later
// are not in. Of two ends on one day the revision counts.
func AtLock(joints []Joint, lock clock.Date) []Subject {
	subjects := make([]Subject, 0, len(joints))
	for _, j := range joints {
		if j.Primary.IsZero() || j.Primary.After(lock) {
			continue
		}
		end, outcome := lock, Censored
		for _, e := range []struct {
			on clock.Date
			is Outcome
		}{{j.Lost, Censored}, {j.Died, Competing}, {j.Revised, Event}} {
			if !e.on.IsZero() && !e.on.After(end) {
				end, outcome = e.on, e.is
			}
		}
		if end.Before(j.Primary) {
			continue // an end before the beginning is a fault of the record
		}
		subjects = append(subjects, Subject{float64(end.DaysSince(j.Primary)) / yearDays, outcome})
	}
	return subjects
}

// Revision is the cumulative percent revision (CPR): 100 × (1 − survival), with
// the band turned round.
type Revision struct {
	Time    float64
	AtRisk  int
	Percent float64
	SE      Number
	CI      Interval
}

// CumulativeRevision is the CPR curve, told as long as at least least joints are
// at risk (10 in a small programme; large registers take 40).
func CumulativeRevision(subjects []Subject, band Band, least int) []Revision {
	var rs []Revision
	for _, s := range KaplanMeier(subjects, band).StopBelow(least).Steps {
		rs = append(rs, s.Revision())
	}
	return rs
}

// Revision is the step as a cumulative percentage.
func (s Step) Revision() Revision {
	r := Revision{Time: s.Time, AtRisk: s.AtRisk, Percent: 100 * (1 - s.Survival), SE: s.SE.Times(100), CI: s.CI}
	if r.CI.Defined() {
		r.CI.Low, r.CI.High = 100*(1-s.CI.High), 100*(1-s.CI.Low)
	}
	return r
}

// ComponentYears is the time all subjects were observed together.
func ComponentYears(subjects []Subject) float64 {
	sum := 0.0
	for _, s := range observed(subjects) {
		sum += s.Time
	}
	return sum
}

// RatePer100 is the number of events per 100 component-years with its exact
// interval; without observed time it is undefined.
func RatePer100(events int, years, level float64) (Number, Interval) {
	return PoissonExact(events, years/100, level)
}

// Incidence is the state of a cumulative incidence from one time to the next:
// the actual share that had the event while others met the competing end first.
type Incidence struct {
	Time                        float64
	AtRisk                      int
	Events, Competing, Censored int
	Value                       float64 // share with the event
	Other                       float64 // share with the competing end
	SE                          Number
	CI                          Interval
}

// AalenJohansen estimates the cumulative incidence of the event in the presence
// of the competing end. It answers how many joints will be revised, where
// 1 − Kaplan–Meier answers how many would be if nobody died. The standard error
// is the delta-method one, which without competing ends is Greenwood's; the
// band is applied to what remains.
func AalenJohansen(subjects []Subject, band Band) []Incidence {
	sorted := observed(subjects)
	var is []Incidence
	free, value, other := 1.0, 0.0, 0.0 // free: of both ends, just before
	var v variance
	for i := 0; i < len(sorted); {
		s := Incidence{Time: sorted[i].Time, AtRisk: len(sorted) - i}
		for ; i < len(sorted) && sorted[i].Time == s.Time; i++ {
			switch sorted[i].Outcome {
			case Event:
				s.Events++
			case Competing:
				s.Competing++
			default:
				s.Censored++
			}
		}
		n, d := float64(s.AtRisk), float64(s.Events)
		all := d + float64(s.Competing)
		value += free * d / n
		other += free * float64(s.Competing) / n
		v.add(risk{n, d, all, free, value})
		free *= (n - all) / n
		s.Value, s.Other = value, other
		if rest := 1 - value; rest > 0 {
			s.SE = Of(math.Sqrt(v.at(value)))
			s.CI = band.around(rest, s.SE.value/rest)
		}
		if !s.SE.Defined() {
			s.CI = none(band.Level)
		}
		if s.CI.Defined() {
			s.CI.Low, s.CI.High = 1-s.CI.High, 1-s.CI.Low
		}
		is = append(is, s)
	}
	return is
}

// risk is what one time adds to the variance of an incidence.
type risk struct{ n, events, all, free, value float64 }

// variance collects the sums of the variance
//
//	Σ (F−Fᵢ)² aᵢ + Σ bᵢ − 2 Σ (F−Fᵢ) cᵢ
//
// with aᵢ = dᵢ/(nᵢ(nᵢ−dᵢ)) of all ends, so that each time costs a constant.
type variance struct{ a, aF, aFF, b, c, cF float64 }

func (v *variance) add(r risk) {
	a := 0.0
	if r.all > 0 && r.all < r.n { // after the last one nothing changes any more
		a = r.all / (r.n * (r.n - r.all))
	}
	c := r.free * r.events / (r.n * r.n)
	v.a, v.aF, v.aFF = v.a+a, v.aF+a*r.value, v.aFF+a*r.value*r.value
	v.b += r.free * r.free * r.events * (r.n - r.events) / (r.n * r.n * r.n)
	v.c, v.cF = v.c+c, v.cF+c*r.value
}

// at is the variance when the incidence has reached a value.
func (v *variance) at(value float64) float64 {
	return math.Max(0, value*value*v.a-2*value*v.aF+v.aFF+v.b-2*(value*v.c-v.cF))
}
