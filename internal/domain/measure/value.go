package measure

import (
	"encoding/json"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Figure is a measured number. It has no arithmetic of its own: a figure of
// distinct persons must not be added to another, because one person may stand
// in both. Whoever needs a total asks for it, or calls [Sum], which refuses
// distinct persons.
type Figure struct {
	n        int64
	distinct bool
	hidden   bool // of few people; it has no number
}

// Int64 is the number for showing and for files; fen for money. A hidden figure
// has none: ask Hidden first.
func (f Figure) Int64() int64 { return f.n }

// Hidden reports whether the figure may not be shown to its reader.
func (f Figure) Hidden() bool { return f.hidden }

// MarshalJSON writes the bare number; null for a hidden one.
func (f Figure) MarshalJSON() ([]byte, error) {
	if f.hidden {
		return []byte("null"), nil
	}
	return json.Marshal(f.n)
}

// Value is one measured value with all that is needed to read it rightly.
type Value struct {
	ID          ID        `json:"id"`
	Version     int       `json:"version"`
	Value       Figure    `json:"value"`
	Unit        Unit      `json:"unit"`
	Numerator   int64     `json:"numerator"`
	Denominator *int64    `json:"denominator"`        // nil where the measure has none
	Coverage    *Coverage `json:"coverage,omitempty"` // of a sum of money; nil where its reader may not see it
	AsOf        time.Time `json:"as_of"`
}

// Result is what the store read for one definition, in one snapshot. Value,
// Denominator and Settled come from the same rows; Denominator is ignored where the
// definition has none, Settled where it sums no money.
type Result struct {
	Value       int64
	Denominator int64
	Settled     int64
	AsOf        time.Time
}

// Value makes the measured value of a definition.
func (d Definition) Value(r Result) Value {
	v := Value{ID: d.ID, Version: d.Version, Unit: d.Unit, Value: Figure{n: r.Value, distinct: !d.Additive()}, Numerator: r.Value, AsOf: r.AsOf}
	if d.Denominator != "" {
		n := r.Denominator
		v.Denominator = &n
	}
	if d.Kind == SumMoney {
		v.Coverage = &Coverage{Known: r.Settled, Eligible: r.Denominator}
	}
	return v
}

// Uncovered is the value without its coverage: how many are not settled may be few.
func (v Value) Uncovered() Value {
	v.Coverage = nil
	return v
}

// Withheld is the value for a reader who may not see it.
func (v Value) Withheld() Value {
	v.Value, v.Numerator, v.Denominator = Figure{hidden: true, distinct: v.Value.distinct}, 0, nil
	return v.Uncovered()
}

// As is the value with another number: rounded for its reader. What it is set
// against is left out, two roundings make no ratio.
func (v Value) As(n int64) Value {
	if n != v.Value.n {
		v.Value.n, v.Numerator, v.Denominator, v.Coverage = n, n, nil, nil
	}
	return v
}

// MarshalJSON says null for what is hidden, never 0.
func (v Value) MarshalJSON() ([]byte, error) {
	type plain Value
	if !v.Value.hidden {
		return json.Marshal(plain(v))
	}
	return json.Marshal(struct {
		plain
		Numerator *int64 `json:"numerator"`
		Hidden    bool   `json:"hidden"`
	}{plain: plain(v), Hidden: true})
}

// Cell is the value of one part of a breakdown: one hospital, one month.
type Cell struct {
	Key   string // hospital id, 2026-11, receiving, category code, visiting
	Value Value
}

// Breakdown is a measure by one dimension. Total is measured, not added up:
// for distinct persons it is smaller than the sum of the cells as soon as one
// person stands in two of them, and pages say so.
type Breakdown struct {
	Dimension Dimension
	Cells     []Cell
	Total     Value
}

// Overlap is by how much the cells exceed the total: the persons counted in
// more than one cell. It is 0 for everything that adds up.
func (b Breakdown) Overlap() int64 {
	var n int64
	for _, c := range b.Cells {
		n += c.Value.Value.n
	}
	return n - b.Total.Value.n
}

// Sum adds figures of disjoint parts. Distinct persons are refused: their total
// has to be counted.
func Sum(parts ...Figure) (Figure, error) {
	var t Figure
	for _, p := range parts {
		if p.distinct {
			return Figure{}, errs.Refuse("measure.distinct", "error.measure.distinct_sum", nil)
		}
		t.n += p.n
	}
	return t, nil
}
