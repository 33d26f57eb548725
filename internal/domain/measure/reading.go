package measure

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// State says whether there is a figure, and if not, why.
type State string

// The states.
const (
	Measured    State = "measured"
	NoCase      State = "no_case"       // nothing in this selection is looked at
	NoneKnown   State = "none_known"    // there are cases, and the outcome of none is known
	NotReached  State = "not_reached"   // nobody was watched until the horizon
	NotRecorded State = "not_available" // the house does not have what the measure needs
	Withheld    State = "withheld"      // of few people; the reader may not see it
)

// NameKey is the message key of the sentence that stands in place of a figure.
func (s State) NameKey() string { return "measure.state." + string(s) }

// Coverage is of how many eligible units the outcome is known. A hidden one has
// no numbers.
type Coverage struct {
	Known    int64 `json:"known"`
	Eligible int64 `json:"eligible"`
	Hidden   bool  `json:"-"`
}

// Excluded is how many units were left out for a reason.
type Excluded struct {
	Reason Reason `json:"reason"`
	N      int64  `json:"n"`
}

// Reading is one measured figure with everything it may not be shown without.
// Its fields are closed: a rate exists only as [Definition.From] makes it, with
// numerator, denominator, interval and coverage, and it leaves only together with
// them: as a [Mark] for a chart, in JSON, or in words as the reports say it.
type Reading struct {
	def      Definition
	state    State
	value    statistics.Number // in the unit of the definition
	whole    int64             // of counts and sums
	fraction fraction
	quarters statistics.Spread
	n        int64 // known units
	coverage Coverage
	excluded []Excluded
	at       Moment
}

// fraction is what makes a rate: the events, what they are set against, and how
// sure that is. Exposure is in days and belongs to rates per time.
type fraction struct {
	events, of int64
	exposure   int64
	interval   statistics.Interval
}

// Moment is when a reading was taken, and the last day whose events count in it.
type Moment struct {
	AsOf time.Time
	Lock clock.Date
}

// level is that of every interval in the house.
const level = 0.95

// yearDays is the length of a year in exposures.
const yearDays = 365.25

// From makes the reading of a sample.
func (d Definition) From(s Sample, at Moment) Reading {
	r := Reading{def: d, state: Measured, n: s.Known, coverage: Coverage{Known: s.Known, Eligible: s.Eligible()}, at: at}
	for _, reason := range slices.Sorted(maps.Keys(s.Excluded)) {
		r.excluded = append(r.excluded, Excluded{reason, s.Excluded[reason]})
	}
	switch d.Kind {
	case CountUnits:
		r.whole = s.Eligible()
		r.value = statistics.Of(float64(r.whole))
		return r
	case SumValues:
		r.whole = s.Sum
		r.value = statistics.Of(float64(r.whole) / math.Pow10(d.Decimals))
		return r
	}
	switch {
	case d.Kind == PopulationRate:
		r.perThousand(s)
	case s.Eligible() == 0:
		r.state = NoCase
	case s.Known == 0 && !d.Exposed():
		r.state = NoneKnown
	case d.Kind == Proportion:
		r.rate(statistics.Proportion(int(s.Hits), int(s.Known)).Times(100),
			fraction{s.Hits, s.Known, 0, statistics.ClopperPearson(int(s.Hits), int(s.Known), level).Times(100)})
	case d.Kind == EventRate:
		rate, ci := statistics.PoissonExact(int(s.Hits), float64(s.Sum)/yearDays, level)
		r.rate(rate.Times(100), fraction{s.Hits, s.Eligible(), s.Sum, ci.Times(100)})
	case d.Kind == Survival:
		value, ci := d.survive(s)
		r.rate(value, fraction{s.Hits, s.Eligible(), s.Sum, ci})
	case d.Kind == Median:
		r.quarters = statistics.MedianIQR(d.values(s))
		r.value = r.quarters.Median
	}
	return r
}

// perThousand sets the units against the people who live there. Nobody operated
// on is a rate of 0; without the number of people there is no rate.
func (r *Reading) perThousand(s Sample) {
	if s.Population <= 0 {
		r.state = NotRecorded
		return
	}
	rate, ci := statistics.PoissonExact(int(s.Known), float64(s.Population), level)
	r.rate(rate.Times(1000), fraction{s.Known, s.Population, 0, ci.Times(1000)})
}

// Population is how many people a rate per thousand is set against.
func (r Reading) Population() int64 {
	if r.def.Kind != PopulationRate {
		return 0
	}
	return r.fraction.of
}

// rate is the one way a rate comes into a reading. Without an interval there is
// no figure: nobody was watched long enough.
func (r *Reading) rate(value statistics.Number, f fraction) {
	r.fraction = f
	if !value.Defined() || !f.interval.Defined() {
		r.state = NotReached
		return
	}
	r.value = value
}

// values spreads the bins out, in the unit of the definition.
func (d Definition) values(s Sample) []float64 {
	scale := math.Pow10(d.Decimals)
	out := make([]float64, 0, s.Known)
	for _, b := range s.Bins {
		for range b.N {
			out = append(out, float64(b.Value)/scale)
		}
	}
	return out
}

// FromTally makes the reading of a tallied measure.
func (d Definition) FromTally(t Tally, at Moment) Reading { return d.FromValue(d.Read(t, at.AsOf), at) }

// FromValue makes the reading of a tallied value, rounded or not. A sum of money
// rests on the treatments whose bill is settled.
func (d Definition) FromValue(v Value, at Moment) Reading {
	n := v.Value.Int64()
	covered := n
	if v.Denominator != nil {
		covered = *v.Denominator
	}
	r := Reading{def: d, state: Measured, whole: n, value: statistics.Of(float64(n)), n: covered, coverage: Coverage{Known: covered, Eligible: covered}, at: at}
	switch {
	case d.Kind != SumMoney:
	case v.Coverage == nil:
		return r.Uncovered()
	default:
		r.n, r.coverage = v.Coverage.Known, *v.Coverage
	}
	return r
}

// Withheld is the reading for somebody who may not see it: what is measured and
// when, and no number at all.
func (r Reading) Withheld() Reading {
	return Reading{def: r.def, state: Withheld, coverage: Coverage{Hidden: true}, at: r.at}
}

// Hidden reports whether the reader may not see the figure.
func (r Reading) Hidden() bool { return r.state == Withheld }

// Uncovered is the reading without its coverage and without who was left out. What
// a sum of money rests on is its coverage said again, so it goes too.
func (r Reading) Uncovered() Reading {
	r.coverage, r.excluded = Coverage{Hidden: true}, nil
	switch {
	case r.def.Kind == SumMoney:
		r.n = 0
	case r.def.Kind == CountUnits: // the known ones beside all would be the coverage again
		r.n = r.whole
	case r.def.Exposed():
		r.n = r.fraction.of
	}
	return r
}

// Definition is what was measured.
func (r Reading) Definition() Definition { return r.def }

// State says whether there is a figure.
func (r Reading) State() State { return r.state }

// Whole is the figure of a count or a sum, and whether it is one.
func (r Reading) Whole() (n int64, ok bool) {
	return r.whole, r.state == Measured && !r.def.Rate() && r.def.Kind != Median && r.def.Decimals == 0
}

// Rate is the events and what they are set against.
func (r Reading) Rate() (events, of int64) { return r.fraction.events, r.fraction.of }

// ExposureYears are the years at risk of a rate per time.
func (r Reading) ExposureYears() statistics.Number {
	return statistics.Of(float64(r.fraction.exposure) / yearDays)
}

// Coverage is of how many eligible units the outcome is known.
func (r Reading) Coverage() Coverage { return r.coverage }

// N is how many units the figure rests on; 0 where [Reading.Unsaid].
func (r Reading) N() int64 { return r.n }

// Unsaid reports whether the reader may not see what the figure rests on.
func (r Reading) Unsaid() bool { return r.Hidden() || r.def.Kind == SumMoney && r.coverage.Hidden }

// Partial reports whether a sum is of some of the cases only, as far as the reader
// may know.
func (r Reading) Partial() bool {
	return (r.def.Kind == SumMoney || r.def.Kind == SumValues) && !r.coverage.Hidden && r.coverage.Known < r.coverage.Eligible
}

// Behind reports whether a tallied figure has anything behind it: a sum of money
// also has the treatments that are not settled yet.
func (r Reading) Behind() bool {
	return r.n > 0 || r.def.Tallied() && (r.whole != 0 || r.coverage.Eligible > 0)
}

// Excluded are the units that were left out, by reason.
func (r Reading) Excluded() []Excluded { return slices.Clone(r.excluded) }

// AllLeft reports whether there were units and every one of them was left out: what
// a table says of its part, and a chart has nothing to draw of.
func (r Reading) AllLeft() bool { return r.coverage.Eligible == 0 && len(r.excluded) > 0 }

// Moment is when it was read.
func (r Reading) Moment() Moment { return r.at }

// readingJSON is a reading as the API writes it.
type readingJSON struct {
	ID          ID            `json:"id"`
	Version     int           `json:"version"`
	Group       Group         `json:"group"`
	Kind        string        `json:"kind"`
	Unit        Unit          `json:"unit"`
	State       State         `json:"state"`
	Value       *float64      `json:"value"` // null where there is none
	Numerator   *int64        `json:"numerator,omitempty"`
	Denominator *int64        `json:"denominator,omitempty"`
	Exposure    *float64      `json:"exposure_years,omitempty"`
	Interval    *intervalJSON `json:"interval,omitempty"`
	Quartiles   *[2]float64   `json:"quartiles,omitempty"`
	N           *int64        `json:"n"` // null where the figure is hidden
	Coverage    *Coverage     `json:"coverage"`
	Hidden      bool          `json:"hidden,omitempty"`
	Excluded    []Excluded    `json:"excluded"`
	AsOf        time.Time     `json:"as_of"`
	Lock        string        `json:"data_lock"`
	MinFollow   int           `json:"min_follow_up_days"`
}

type intervalJSON struct {
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Level  float64 `json:"level"`
	Method string  `json:"method"`
}

// MarshalJSON writes a rate with everything that belongs to it.
func (r Reading) MarshalJSON() ([]byte, error) {
	d := r.def
	out := readingJSON{ID: d.ID, Version: d.Version, Group: d.Group, Kind: d.Kind.Name(), Unit: d.Unit, State: r.state, Hidden: r.Hidden(),
		Excluded: append([]Excluded{}, r.excluded...), AsOf: r.at.AsOf, Lock: r.at.Lock.String(), MinFollow: d.MinFollow}
	if v, ok := r.value.Value(); ok {
		out.Value = &v
	}
	if !r.Unsaid() {
		out.N = &r.n
	}
	if !r.coverage.Hidden {
		out.Coverage = &r.coverage
	}
	if d.Rate() && !r.Hidden() {
		out.Numerator, out.Denominator = &r.fraction.events, &r.fraction.of
		if ci := r.fraction.interval; ci.Defined() {
			out.Interval = &intervalJSON{ci.Low, ci.High, ci.Level, string(ci.Method)}
		}
		if d.Exposed() {
			years := r.ExposureYears().Or(0)
			out.Exposure = &years
		}
	}
	if d.Kind == Median && r.state == Measured {
		out.Quartiles = &[2]float64{r.quarters.Q1.Or(0), r.quarters.Q3.Or(0)}
	}
	return json.Marshal(out)
}

// survive is the share with the event by the horizon, in percent. While nobody
// had the event the band of the curve is not defined; those still watched at the
// horizon are then a sample of their own.
func (d Definition) survive(s Sample) (statistics.Number, statistics.Interval) {
	at, ok := d.Curve(s).At(float64(d.Horizon))
	if !ok {
		return statistics.Number{}, statistics.Interval{Level: level}
	}
	ci := statistics.Interval{Low: 1 - at.CI.High, High: 1 - at.CI.Low, Level: at.CI.Level, Method: at.CI.Method}
	if !at.CI.Defined() {
		ci = statistics.ClopperPearson(0, at.AtRisk, level)
	}
	return statistics.Of(1 - at.Survival).Times(100), ci.Times(100)
}

// Curve is the curve of a measure that is watched over time.
func (d Definition) Curve(s Sample) statistics.Curve {
	var subjects []statistics.Subject
	for _, b := range s.Bins {
		end := statistics.Censored
		if b.Hit {
			end = statistics.Event
		}
		for range b.N {
			subjects = append(subjects, statistics.Subject{Time: float64(b.Value), Outcome: end})
		}
	}
	return statistics.KaplanMeier(subjects, statistics.ReportBand())
}
