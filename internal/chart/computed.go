package chart

import (
	"math"

	"github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// Value is a computed figure for a chart; an undefined one is a gap.
func Value(n statistics.Number) float64 { return n.Or(math.NaN()) }

// ends are the two ends of an interval; without one they are not known.
func ends(i statistics.Interval) (low, high float64) {
	if !i.Defined() {
		return math.NaN(), math.NaN()
	}
	return i.Low, i.High
}

// LimitsOf are the limits of a funnel up to a volume, at a level: of a
// [statistics.BinomialFunnel] or of a [statistics.ShareDispersion].
func LimitsOf(name string, limits func(n int, level float64) statistics.Interval, level float64, largest int) FunnelLimit {
	l := FunnelLimit{Name: name}
	for _, v := range FunnelVolumes(largest) {
		low, high := ends(limits(v, level))
		l.Volumes, l.Low, l.High = append(l.Volumes, float64(v)), append(l.Low, low), append(l.High, high)
	}
	return l
}

// sameDay is how far a tick may lie beyond the end of a curve and still mean its
// last day: a year of 365.25 days has no whole one of its own, and whoever is
// watched for a year is watched for 365.
const sameDay = 1

// RevisionOf is the cumulative share of revisions of a curve as a cohort, with
// the numbers at risk at the ticks. The curve is drawn as far as it speaks:
// stop it first where too few are at risk.
func RevisionOf(name string, style Style, c statistics.Curve, ticks []float64) Cohort {
	g := Cohort{Name: name, Style: style, End: c.Until()}
	for _, s := range c.Steps {
		if s.Censored > 0 {
			g.Gone = append(g.Gone, s.Time)
		}
		if s.Events > 0 {
			low, high := ends(s.CI)
			g.Steps = append(g.Steps, SurvivalStep{Time: s.Time, AtRisk: s.AtRisk, Value: 1 - s.Survival, Low: 1 - high, High: 1 - low})
		}
	}
	if left := c.AtRisk(g.End); len(g.Steps) == 0 && left > 0 {
		// without an event a curve has no band: those still watched at its end are a
		// sample of their own, as in the reading of the measure
		low, high := ends(statistics.ClopperPearson(0, left, statistics.ReportBand().Level))
		g.Last = &SurvivalStep{Time: g.End, AtRisk: left, Low: low, High: high}
	}
	for _, t := range ticks {
		if t-g.End < sameDay {
			t = math.Min(t, g.End)
		}
		g.AtRisk = append(g.AtRisk, c.AtRisk(t))
	}
	return g
}

// PointsOf are the months of a control chart. rule says the name of a rule; of
// several at one point the first is named, the gravest.
func PointsOf(c statistics.Control, months []string, rule func(statistics.Rule) string) []ControlPoint {
	var ps []ControlPoint
	for i, p := range c.Points {
		q := ControlPoint{Value: Value(p.Value), Low: Value(p.Low), High: Value(p.High)}
		if i < len(months) {
			q.Name = months[i]
		}
		if len(p.Rules) > 0 {
			q.Rule = rule(p.Rules[0])
		}
		ps = append(ps, q)
	}
	return ps
}

// Way is the direction a CUSUM is drawn in: deterioration upwards, improvement
// downwards.
type Way float64

// The ways.
const (
	Up   Way = 1
	Down Way = -1
)

// LineOf is a CUSUM as a line with its limit. A signal is marked where the limit
// is reached, not at every case beyond it.
func LineOf(points []statistics.CusumPoint, limit float64, way Way, signal string) MonitorLine {
	l := MonitorLine{Limit: float64(way) * limit, Calm: way == Down}
	for i, p := range points {
		l.Values = append(l.Values, float64(way)*p.Value)
		if p.Signal && (i == 0 || !points[i-1].Signal) {
			l.Signals = append(l.Signals, MonitorSignal{Case: i, Name: signal})
		}
	}
	return l
}

// StyleOf is the style of a unit in a funnel by where it lies.
func StyleOf(p statistics.Position) Style {
	switch p {
	case statistics.ActionLow, statistics.ActionHigh:
		return Alarm
	case statistics.WarnLow, statistics.WarnHigh:
		return Warn
	}
	return Brand
}
