package measure

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// ReferenceKind says what a reference value is about.
type ReferenceKind string

// The kinds of reference values.
const (
	ElderlyOf ReferenceKind = "elderly" // how many people of sixty and more live in a township
	TargetOf  ReferenceKind = "target"  // what a measure ought to reach, in hundredths of its unit
)

// ReferenceKinds lists them.
func ReferenceKinds() []ReferenceKind { return []ReferenceKind{TargetOf, ElderlyOf} }

// NameKey is the message key of the kind's name.
func (k ReferenceKind) NameKey() string { return "reference.kind." + string(k) }

// Reference is a number figures are set against that is not in the records: the
// office enters it with its day and its source. The house has none of its own.
type Reference struct {
	Kind   ReferenceKind
	Key    string // township, or id of a measure
	Value  int64
	From   clock.Date // in force from; a later one takes its place
	Source string     // where it was taken from
	Sample bool       // a sample of the demonstration, no official number
}

// maxElderly bounds what can be meant by the people of a township.
const maxElderly = 10_000_000

// Check refuses a reference that could not be read by anybody.
func (r Reference) Check() error {
	var bad errs.Fields
	if !slices.Contains(ReferenceKinds(), r.Kind) {
		bad.Add("kind", "form.error.pick")
	}
	if strings.TrimSpace(r.Key) == "" {
		bad.Add("key", "form.error.missing")
	}
	if strings.TrimSpace(r.Source) == "" {
		bad.Add("source", "form.error.missing")
	}
	if r.From.IsZero() {
		bad.Add("from", "form.error.missing")
	}
	switch d, known := ByID(ID(r.Key)); {
	case r.Kind == ElderlyOf && (r.Value < 1 || r.Value > maxElderly):
		bad.Add("value", "error.reference.elderly", "max", maxElderly)
	case r.Kind == TargetOf && (!known || !d.Targeted()):
		bad.Add("key", "error.reference.measure")
	case r.Kind == TargetOf && (r.Value < 0 || d.Unit == Percent && r.Value > 100_00):
		bad.Add("value", "error.reference.target")
	}
	return bad.Err()
}

// Targeted reports whether a measure can be set a target: it has a better side,
// and is a share or a median.
func (d Definition) Targeted() bool {
	return d.Direction != Neutral && (d.Kind == Proportion || d.Kind == Median || d.Kind == Survival)
}

// References are reference values by what they are about, those in force on a day.
type References []Reference

// Elderly is how many elderly live in a township; empty is all known ones.
func (l References) Elderly(township string) int64 {
	var n int64
	for _, r := range l {
		if r.Kind == ElderlyOf && (township == "" || r.Key == township) {
			n += r.Value
		}
	}
	return n
}

// Townships are those with a known population.
func (l References) Townships() []string {
	var out []string
	for _, r := range l {
		if r.Kind == ElderlyOf {
			out = append(out, r.Key)
		}
	}
	return out
}
