// Package registry is the data dictionary of the clinical registers: what is
// asked about an operation beyond the fact that it happened, which values are
// possible, and which answers a complete record must hold.
//
// The joint forms follow the minimum data set of the National Joint Registry
// (primary and revision), the eye form the ICHOM cataract set, the coronary form
// the groups of the British PCI data set. Enumerations are our own wording of
// what those forms ask. Everything is optional at first, because an operation is
// logged in theatre within a minute and completed at a desk; what is missing is
// counted and shown, and nobody signs a record with gaps. A list of what can go
// wrong is complete only with an explicit NONE: an empty list says that nobody
// answered.
//
// Answers are kept by the field's key as canonical text, so a dictionary may
// grow without a change of tables; a key or code, once used, never changes its
// meaning.
package registry

import (
	"slices"
	"strings"
)

// Form names one sheet of the dictionary.
type Form string

// The forms.
const (
	HipPrimary      Form = "hip_primary"
	HipRevision     Form = "hip_revision"
	HipReoperation  Form = "hip_reoperation"
	KneePrimary     Form = "knee_primary"
	KneeRevision    Form = "knee_revision"
	KneeReoperation Form = "knee_reoperation"
	Cataract        Form = "cataract"
	Coronary        Form = "coronary"
)

// Forms lists the forms.
func Forms() []Form {
	return []Form{HipPrimary, HipRevision, HipReoperation, KneePrimary, KneeRevision, KneeReoperation, Cataract, Coronary}
}

// Label is the message key of the form's name.
func (f Form) Label() string { return "registry.form." + string(f) }

// Type is what an answer looks like.
type Type string

// The types. A moment is a time of a day, kept with its offset.
const (
	Choice  Type = "choice"
	Choices Type = "choices"
	Number  Type = "number"
	Moment  Type = "moment"
	Text    Type = "text"
)

// None is the explicit "nothing of the list".
const None = "NONE"

// Yes and No are the answers of a question that has no third one.
const (
	Yes = "YES"
	No  = "NO"
)

// Field is one question of the dictionary.
type Field struct {
	Key     string
	Section string
	Type    Type
	Set     string   // name of the option set; the codes' labels hang from it
	Options []string // of a choice
	// Min, Max bound a number, in units of its last place; Places is how many it has.
	Min, Max, Places int
	Unit             string // symbol, the same in both languages
	Needed           bool   // a complete record answers it
	When             func(Record) bool
	WhenRow          func(Answers) bool // of a row's question: whether this row is asked
}

// Label is the message key of the question.
func (x Field) Label() string { return "registry.f." + x.Key }

// SectionLabel is the message key of the section's title.
func (x Field) SectionLabel() string { return "registry.s." + x.Section }

// OptionLabel is the message key of one code.
func (x Field) OptionLabel(code string) string {
	return "registry.o." + x.Set + "." + strings.ToLower(code)
}

// Asked reports whether the question applies to what is answered so far.
func (x Field) Asked(r Record) bool { return x.When == nil || x.When(r) }

// askedOf reports whether a row needs the answer.
func (x Field) askedOf(row Answers) bool { return x.Needed && (x.WhenRow == nil || x.WhenRow(row)) }

// Answers are values by the field's key.
type Answers map[string][]string

// One is the single value of a key.
func (a Answers) One(key string) string {
	if v := a[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Has reports whether a list holds a code.
func (a Answers) Has(key, code string) bool { return slices.Contains(a[key], code) }

// Record is what was answered about one operation. Lesions are the rows of the
// coronary form, in the order they were treated.
type Record struct {
	Values  Answers   `json:"values,omitempty"`
	Lesions []Answers `json:"lesions,omitempty"`
	// Syndrome is the clinical picture of a coronary record; it stands with the
	// operation and decides which questions are asked here.
	Syndrome string `json:"-"`
}

// Empty reports whether nothing was answered.
func (r Record) Empty() bool { return len(r.Values) == 0 && len(r.Lesions) == 0 }

// Fields lists the questions of a form, in its order.
func Fields(f Form) []Field {
	switch f {
	case HipPrimary, HipRevision, HipReoperation, KneePrimary, KneeRevision, KneeReoperation:
		return jointFields(f)
	case Cataract:
		return eyeFields()
	case Coronary:
		return heartFields()
	}
	return nil
}

// RowFields lists the questions of each row of a form; only the coronary form
// has rows, its lesions.
func RowFields(f Form) []Field {
	if f == Coronary {
		return lesionFields()
	}
	return nil
}

// MaxLesions bounds a typing slip, not medicine.
const MaxLesions = 12

// Missing lists the questions a complete record answers and this one does not,
// rows by their path.
func Missing(f Form, r Record) []string {
	var out []string
	for _, x := range Fields(f) {
		if x.Needed && x.Asked(r) && len(r.Values[x.Key]) == 0 {
			out = append(out, x.Key)
		}
	}
	for i, row := range r.Lesions {
		for _, x := range RowFields(f) {
			if x.askedOf(row) && len(row[x.Key]) == 0 {
				out = append(out, RowPath(i, x.Key))
			}
		}
	}
	return out
}

// Needed is how many questions a complete record of what is answered so far
// has; with [Missing] it says how far the record is.
func Needed(f Form, r Record) int {
	n := 0
	for _, x := range Fields(f) {
		if x.Needed && x.Asked(r) {
			n++
		}
	}
	for _, row := range r.Lesions {
		for _, x := range RowFields(f) {
			if x.askedOf(row) {
				n++
			}
		}
	}
	return n
}

// Fitting is the record without the answers another form has and this one does
// not, for an operation whose kind was corrected.
func Fitting(f Form, r Record) Record {
	out := Record{Syndrome: r.Syndrome, Values: Answers{}}
	for _, x := range Fields(f) {
		v := r.Values[x.Key]
		known := func(code string) bool { return x.Options == nil || slices.Contains(x.Options, code) }
		if len(v) > 0 && !slices.ContainsFunc(v, func(c string) bool { return !known(c) }) {
			out.Values[x.Key] = v
		}
	}
	if RowFields(f) != nil {
		out.Lesions = r.Lesions
	}
	return out
}
