// Package measure is the list of named figures: what each counts, of what, on
// which day, and which list stands behind it.
//
// A tile, a list, an export, a report and the JSON API all go through one
// [Definition], so a figure cannot differ between them. A definition is pure
// data: the store turns it and a [Filter] into a query, and nothing else in the
// house counts patients or adds up a programme's money.
//
// There are two families. Volumes and money by programme are tallied together,
// for the overview. All others are read from a [Base] of facts: what each unit
// says about each measure is one [Fact], and the figure, its parts, its months
// and the list behind it are the same facts, counted or shown. A rate exists
// only as a [Reading], which holds its denominator, interval and coverage.
//
// The tallied ones are also kept in summary rows, so that a page of millions of
// operations opens at once; a [Tally] says which way it was read. All others are
// counted from the records each time: a median, a survival and a rate need every
// unit and what became of it until today, and the sums of a base are read in the
// same statement.
//
// Three rules hold for every measure:
//   - It counts what is on record. Withdrawn records do not count; a treatment
//     counts once it has at least one operation.
//   - A person is the merged person (person root). Distinct persons of two
//     hospitals or two months are never the sum of the parts: see [Figure].
//   - A filter that nothing matches gives 0, not an error.
package measure

import (
	"slices"
)

// ID names a measure for ever: programme, point, name.
type ID string

// Programme is the group of operations a measure looks at.
type Programme string

// The programmes. All covers every operation, whatever its programme.
const (
	All      Programme = "all"
	Joint    Programme = "joint"
	Cataract Programme = "cataract"
	Coronary Programme = "coronary"
)

// Programmes lists them in the order pages show them.
func Programmes() []Programme { return []Programme{Joint, Cataract, Coronary, All} }

// Valid reports whether p is known.
func (p Programme) Valid() bool { return slices.Contains(Programmes(), p) }

// NameKey is the message key of the programme's name.
func (p Programme) NameKey() string { return "measure.programme." + string(p) }

// Unit is what one step of the value means.
type Unit string

// The units.
const (
	Persons     Unit = "persons"
	PersonTimes Unit = "person_times" // 人次: treatments
	Operations  Unit = "procedures"
	Joints      Unit = "joints"
	Eyes        Unit = "eyes"
	Fen         Unit = "fen"

	Percent      Unit = "percent"
	PerHundred   Unit = "per_100_years" // events in a hundred component-years
	PerThousand  Unit = "per_1000"      // units for each thousand inhabitants
	Days         Unit = "days"
	Minutes      Unit = "minutes"
	Millilitres  Unit = "ml"
	Milligrays   Unit = "mgy"
	Points       Unit = "points"
	VisitsUnit   Unit = "visits"
	LessonsUnit  Unit = "lessons"
	Doctors      Unit = "doctors"
	Appointments Unit = "appointments"
	Letters      Unit = "letters"
	Places       Unit = "places"
)

// NameKey is the message key of the unit's name.
func (u Unit) NameKey() string { return "measure.unit." + string(u) }

// Kind says how the value comes about.
type Kind int

// The kinds.
const (
	// DistinctPersons counts the merged persons with a matching operation.
	DistinctPersons Kind = iota
	// CountTreatments counts treatments whose first operation matches.
	CountTreatments
	// CountProcedures counts matching operations: one per joint side, eye or
	// coronary session.
	CountProcedures
	// SumMoney adds money fields of the settlements of the treatments that
	// CountTreatments counts. A treatment not settled yet adds 0, and is not known.
	SumMoney

	// The kinds below are read from facts, one row for each unit of analysis.

	// CountUnits counts the units.
	CountUnits
	// SumValues adds up a value of the units.
	SumValues
	// Proportion is the share of the known units that count.
	Proportion
	// EventRate is events per exposure: the values are days at risk.
	EventRate
	// Median is the middle of the values, with its quartiles.
	Median
	// Survival is the share with the event by the horizon, by Kaplan and Meier:
	// the values are days until the event or until nobody watched any more.
	Survival
	// PopulationRate is units for each thousand of a population, which is not in
	// the records: it is kept with its day and its source, see [Reference].
	PopulationRate
)

// Name is the kind as the API writes it.
func (k Kind) Name() string {
	return [...]string{"distinct_persons", "count", "count", "sum", "count", "sum", "proportion", "event_rate", "median", "survival", "population_rate"}[k]
}

// Field is one money field of a settlement.
type Field string

// The money fields; the store knows the columns.
const (
	Bill       Field = "bill"
	Basic      Field = "basic"      // basic insurance
	Critical   Field = "critical"   // critical-illness insurance
	Assistance Field = "assistance" // medical assistance
	Other      Field = "other"      // other payers
	Reduction  Field = "reduction"  // funds and hospital waivers together
	Net        Field = "net"        // what the patient pays
)

// ListKind says what one row of the list behind a figure is. The list has as
// many rows as a count counts; for money its column adds up to the value.
type ListKind string

// The lists.
const (
	ListPersons    ListKind = "persons"
	ListTreatments ListKind = "treatments"
	ListProcedures ListKind = "procedures"
	ListFacts      ListKind = "facts" // the units of a base
)

// OperatedOn is the clock of tallied measures: the day of the operation. For
// treatments and money it is the day of the treatment's first operation, so that
// each belongs to exactly one month.
const OperatedOn = "operated_on"

// Definition is one named, versioned measure. A change of meaning is a new
// version; the id stays.
type Definition struct {
	ID          ID
	Version     int
	Programme   Programme
	Unit        Unit
	Kind        Kind
	Clock       string
	Fields      []Field // of SumMoney, added together
	Denominator ID      // the measure the value is set against, or empty
	List        ListKind

	Group      Group
	Direction  Direction
	Base       Base     // the facts it is read from; empty: tallied
	Exclusions []Reason // why a unit may be left out
	Horizon    int      // days after the operation that are looked at; 0: none
	MinFollow  int      // days that must have passed before a unit is eligible
	Decimals   int      // how many digits of a stored value stand behind the point
	Contains   []ID     // measures whose events are among this one's: 30 days among 90
	Classes    string   // message key prefix of the classes the units fall into; "text" for names; empty: none
}

// Additive reports whether values of disjoint parts may be added up.
func (d Definition) Additive() bool {
	return d.Kind != DistinctPersons && d.Kind != Median && !d.Rate()
}

// Counts reports whether the value is a number of something.
func (d Definition) Counts() bool {
	return slices.Contains([]Kind{DistinctPersons, CountTreatments, CountProcedures, CountUnits}, d.Kind)
}

// Covers reports whether a figure may rest on fewer units than it is asked of. What
// is counted is all there.
func (d Definition) Covers() bool { return !d.Tallied() || d.Kind == SumMoney }

// NameKey is the message key of the measure's name.
func (d Definition) NameKey() string { return "measure.name." + string(d.ID) }

// NumeratorKey is the message key of the sentence saying what is counted.
func (d Definition) NumeratorKey() string {
	if !d.Tallied() {
		return "measure.counts." + string(d.ID)
	}
	switch d.Kind {
	case DistinctPersons:
		return "measure.counts.persons"
	case CountTreatments:
		return "measure.counts.person_times"
	case CountProcedures:
		return "measure.counts." + string(d.Unit)
	default:
		return "measure.sums." + d.suffix()
	}
}

// DenominatorKey is the message key of what the value is set against, or empty.
func (d Definition) DenominatorKey() string {
	if !d.Tallied() {
		return d.Base.DenominatorKey()
	}
	if d.Denominator == "" {
		return ""
	}
	return "measure.of.person_times"
}

// suffix is the id without its programme.
func (d Definition) suffix() string { return string(d.ID)[len(d.Programme)+1:] }

// Definitions lists all measures: volumes and money by programme, then the
// others by group.
func Definitions() []Definition { return slices.Clone(registry) }

// TalliedDefinitions lists the measures that are counted together for every
// breakdown of the overview.
func TalliedDefinitions() []Definition {
	return slices.DeleteFunc(Definitions(), func(d Definition) bool { return !d.Tallied() })
}

// InGroup lists the measures of a group.
func InGroup(g Group) []Definition {
	return slices.DeleteFunc(Definitions(), func(d Definition) bool { return d.Group != g })
}

// Of lists the tallied measures of one programme.
func Of(p Programme) []Definition {
	var ds []Definition
	for _, d := range registry {
		if d.Programme == p && d.Tallied() {
			ds = append(ds, d)
		}
	}
	return ds
}

// ByID finds a measure.
func ByID(id ID) (Definition, bool) {
	i := slices.IndexFunc(registry, func(d Definition) bool { return d.ID == id })
	if i < 0 {
		return Definition{}, false
	}
	return registry[i], true
}

var registry = append(build(), factMeasures()...)

// shape is a measure before it is bound to a programme.
type shape struct {
	name   string
	unit   Unit
	kind   Kind
	fields []Field
}

// build binds the shapes every programme has, and the ones of its own.
func build() []Definition {
	var ds []Definition
	for _, p := range Programmes() {
		for _, s := range append(counts(p), sums()...) {
			d := Definition{ID: ID(string(p) + "." + s.name), Version: 1, Programme: p, Unit: s.unit, Kind: s.kind, Clock: OperatedOn, Fields: s.fields, Group: Volumes, Direction: Up}
			switch s.kind {
			case DistinctPersons:
				d.List = ListPersons
			case CountProcedures:
				d.List, d.Denominator = ListProcedures, ID(string(p)+".person_times")
			case SumMoney:
				d.Group, d.Direction = Money, Neutral
				d.List, d.Denominator = ListTreatments, ID(string(p)+".person_times")
			default:
				d.List = ListTreatments
			}
			ds = append(ds, d)
		}
	}
	return ds
}

// counts are the measures without money. Joints and eyes are the unit of their
// programme: an operation is one joint side or one eye, never "both".
func counts(p Programme) []shape {
	s := []shape{{name: "patients", unit: Persons, kind: DistinctPersons},
		{name: "person_times", unit: PersonTimes, kind: CountTreatments},
		{name: "procedures", unit: Operations, kind: CountProcedures}}
	switch p {
	case Joint:
		s = append(s, shape{name: "joints", unit: Joints, kind: CountProcedures})
	case Cataract:
		s = append(s, shape{name: "eyes", unit: Eyes, kind: CountProcedures})
	}
	return s
}

// sums are the money measures. What insurance paid is all three of its layers.
func sums() []shape {
	return []shape{{name: "bill_fen", unit: Fen, kind: SumMoney, fields: []Field{Bill}},
		{name: "insurance_fen", unit: Fen, kind: SumMoney, fields: []Field{Basic, Critical, Assistance}},
		{name: "reduction_fen", unit: Fen, kind: SumMoney, fields: []Field{Reduction}},
		{name: "net_fen", unit: Fen, kind: SumMoney, fields: []Field{Net}}}
}
