package measure

import (
	"math"
	"slices"
)

// Target is what a measure ought to reach, in its unit.
func (l References) Target(d Definition) (target float64, r Reference, ok bool) {
	i := slices.IndexFunc(l, func(r Reference) bool { return r.Kind == TargetOf && r.Key == string(d.ID) })
	if i < 0 || !d.Targeted() {
		return math.NaN(), Reference{}, false
	}
	return float64(l[i].Value) / 100, l[i], true
}

// Verdict is how a reading stands to its target.
type Verdict string

// The verdicts. Near is a target inside the interval: chance may have decided.
const (
	NoVerdict Verdict = ""
	Reached   Verdict = "reached"
	Near      Verdict = "near"
	Missed    Verdict = "missed"
)

// Worse reports whether a value is worse than another; of a neutral measure none is.
func (d Definition) Worse(value, than float64) bool {
	return d.Direction == Up && value < than || d.Direction == Down && value > than
}

// Against says how a reading stands to a target. A figure that is worse counts as
// missed only when its interval does not reach the target either.
func (r Reading) Against(target float64) Verdict {
	v, ok := r.value.Value()
	if r.state != Measured || !ok || r.def.Direction == Neutral {
		return NoVerdict
	}
	better := func(v float64) bool {
		return r.def.Direction == Up && v >= target || r.def.Direction == Down && v <= target
	}
	best := v
	if ci := r.fraction.interval; r.def.Rate() && ci.Defined() {
		if best = ci.High; r.def.Direction == Down {
			best = ci.Low
		}
	}
	switch {
	case better(v):
		return Reached
	case r.def.Rate() && better(best):
		return Near
	}
	return Missed
}
