package measure

import "math"

// Mark is a reading as a chart draws it: the number is not to be had without what
// belongs to it. Numbers are in the unit of the definition, NaN where there is none.
type Mark struct {
	Value      float64
	Low, High  float64 // the interval of a rate, the quartiles of a median
	Events, Of int64   // what a rate is set against
	Coverage   Coverage
}

// ForChart is the reading as the mark of a chart.
func (r Reading) ForChart() Mark {
	none := math.NaN()
	m := Mark{Value: none, Low: none, High: none, Events: r.fraction.events, Of: r.fraction.of, Coverage: r.coverage}
	if r.state != Measured {
		return m
	}
	m.Value = r.value.Or(none)
	switch ci := r.fraction.interval; {
	case r.def.Rate() && ci.Defined():
		m.Low, m.High = ci.Low, ci.High
	case r.def.Kind == Median:
		m.Low, m.High = r.quarters.Q1.Or(none), r.quarters.Q3.Or(none)
	}
	return m
}
