package statistics

// Stratum is a group of cases with the rate the reference has for such cases
// (age band, sex, risk class, indication).
type Stratum struct {
	Cases int
	Rate  float64
}

// Expected is how many events the reference rates let one expect; undefined
// without cases or with a rate outside 0–1.
func Expected(strata []Stratum) Number {
	sum, cases := 0.0, 0
	for _, s := range strata {
		if s.Cases < 0 || !(s.Rate >= 0 && s.Rate <= 1) {
			return Number{}
		}
		sum, cases = sum+float64(s.Cases)*s.Rate, cases+s.Cases
	}
	if cases == 0 {
		return Number{}
	}
	return Of(sum)
}

// Standardised is an indirectly standardised result: observed against expected.
// Each unit's ratio is made with its own mix of cases, so the ratios of two
// hospitals must not be compared with each other, only each with the reference.
type Standardised struct {
	Observed int
	Expected Number
	Ratio    Number
	CI       Interval // exact Poisson
	Rate     Number   // the ratio times the reference's crude rate
	RateCI   Interval
}

// Standardise compares observed events with expected ones. Without a reference
// rate there is a ratio but no standardised rate.
func Standardise(observed int, expected, referenceRate Number, level float64) Standardised {
	s := Standardised{Observed: observed, Expected: expected}
	s.Ratio, s.CI = PoissonExact(observed, expected.Or(0), level)
	s.RateCI = none(level)
	if rate, ok := referenceRate.Value(); ok && rate > 0 && s.Ratio.Defined() {
		s.Rate, s.RateCI = s.Ratio.Times(rate), s.CI.Times(rate)
	}
	return s
}

// Component is what one implant, or a combination, has behind it.
type Component struct {
	Primaries int
	Revised   int
	Years     float64
}

// OutlierRule is the first stage of finding implants with too many revisions:
// all three conditions together. People decide in the second and third stage.
type OutlierRule struct {
	Factor    float64 // the rate is more than so many times the group's
	P         float64 // and chance alone would rarely give as many revisions
	Primaries int     // and there are so many operations,
	Share     float64 // or such a share of them is revised
	Revisions int     // with at least so many revisions
	OwnShare  float64 // above this share of its group a component is compared with the others only
}

// ReportOutliers is the rule of the Australian joint registry.
func ReportOutliers() OutlierRule {
	return OutlierRule{Factor: 2, P: 0.05, Primaries: 10, Share: 0.75, Revisions: 2, OwnShare: 0.25}
}

// Outlier is the answer of the rule, with each of its conditions.
type Outlier struct {
	Flagged   bool
	Rate      Number // per 100 component-years
	GroupRate Number
	Expected  Number // revisions at the group's rate
	P         Number // chance of as many or more at the group's rate
	Often     bool   // the rate condition
	Unlikely  bool   // the chance condition
	Enough    bool   // the volume condition
	Without   bool   // the group rate is without the component itself
}

// Test applies the rule to the component at a place in its group.
func (r OutlierRule) Test(group []Component, at int) Outlier {
	var o Outlier
	if at < 0 || at >= len(group) {
		return o
	}
	c, all := group[at], Component{}
	for _, g := range group {
		all.Primaries, all.Revised, all.Years = all.Primaries+g.Primaries, all.Revised+g.Revised, all.Years+g.Years
	}
	if float64(c.Primaries) > r.OwnShare*float64(all.Primaries) {
		o.Without = true
		all.Primaries, all.Revised, all.Years = all.Primaries-c.Primaries, all.Revised-c.Revised, all.Years-c.Years
	}
	o.Rate, _ = RatePer100(c.Revised, c.Years, WarnLevel)
	o.GroupRate, _ = RatePer100(all.Revised, all.Years, WarnLevel)
	if !o.Rate.Defined() || !o.GroupRate.Defined() {
		return o
	}
	o.Expected = o.GroupRate.Times(c.Years / 100)
	o.P = Of(poissonAtLeast(c.Revised, o.Expected.value))
	o.Often = o.Rate.value > r.Factor*o.GroupRate.value
	o.Unlikely = o.P.value < r.P
	o.Enough = c.Primaries >= r.Primaries || c.Revised >= r.Revisions && float64(c.Revised) >= r.Share*float64(c.Primaries)
	o.Flagged = o.Often && o.Unlikely && o.Enough
	return o
}
