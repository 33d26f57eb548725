package measure

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/money"
)

// NoCategory is the key of person-times without a beneficiary category: none
// recorded, or asked and none held.
const NoCategory = "NONE"

// Others is the key of all parts of a breakdown whose figures are hidden from the
// reader. They are not named: whoever is named is not empty.
const Others = "others"

// OthersKey is the message key of its name.
const OthersKey = "disclosure.others"

// Whole is the dimension of a tally that is not broken down.
const Whole Dimension = ""

// Path is the way a tally was read. Every path gives the same figures; it is for
// who measures how fast, never for who reads them.
type Path string

// The paths. Medians, rates and survival always need the records themselves.
const (
	FromRecords Path = "records" // counted from the records by index
	FromSummary Path = "summary" // from summary rows and what changed since
)

// Tally is what was counted in one part of a breakdown, or in the whole of a
// filter: the numbers every definition takes its value from.
type Tally struct {
	Dimension  Dimension
	Key        string
	Operations int64
	Persons    int64 // distinct, never to be added to another tally's
	Treatments int64
	Settled    int64 // treatments whose bill is settled: those the money is of
	Money      Layers
	Path       Path
}

// Layers is who paid the settled bills of a tally's person-times.
type Layers struct {
	Bill, Basic, Critical, Assistance, Other, Fund, Waiver, Net money.Fen
}

// Of is the amount of a field.
func (l Layers) Of(f Field) money.Fen {
	switch f {
	case Bill:
		return l.Bill
	case Basic:
		return l.Basic
	case Critical:
		return l.Critical
	case Assistance:
		return l.Assistance
	case Other:
		return l.Other
	case Reduction:
		return l.Fund + l.Waiver
	case Net:
		return l.Net
	}
	return 0
}

// Plus is the layers and n times others.
func (l Layers) Plus(o Layers, n int64) Layers {
	f := money.Fen(n)
	return Layers{Bill: l.Bill + f*o.Bill, Basic: l.Basic + f*o.Basic, Critical: l.Critical + f*o.Critical, Assistance: l.Assistance + f*o.Assistance,
		Other: l.Other + f*o.Other, Fund: l.Fund + f*o.Fund, Waiver: l.Waiver + f*o.Waiver, Net: l.Net + f*o.Net}
}

// Amount is what a definition of money adds up.
func (d Definition) Amount(l Layers) money.Fen {
	var sum money.Fen
	for _, f := range d.Fields {
		sum += l.Of(f)
	}
	return sum
}

// Read takes the definition's value from a tally. The tally must have been
// counted with a filter bound by [Filter.For] to the definition, or be the part
// of the definition's programme.
func (d Definition) Read(t Tally, asOf time.Time) Value {
	r := Result{Denominator: t.Treatments, Settled: t.Settled, AsOf: asOf}
	switch d.Kind {
	case DistinctPersons:
		r.Value = t.Persons
	case CountTreatments:
		r.Value = t.Treatments
	case CountProcedures:
		r.Value = t.Operations
	case SumMoney:
		r.Value = int64(d.Amount(t.Money))
	}
	return d.Value(r)
}
