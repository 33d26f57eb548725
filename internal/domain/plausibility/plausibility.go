// Package plausibility is the named checks that look for what does not look right
// in the records of a programme: pure functions from facts to findings.
//
// A finding accuses nobody. It names its evidence, waits for a person, and keeps
// the verdict as long as the evidence stays the same. Each check has a version, so
// that a changed rule is seen on what it found. The limits are the partnership's
// own numbers and labelled as such; none of them is official.
package plausibility

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Check is the name of a check.
type Check string

// The checks.
const (
	Rate    Check = "rate"    // operations per thousand elderly people of a township
	Phone   Check = "phone"   // one telephone number of many people
	Overlap Check = "overlap" // one surgeon, or one theatre, at two tables at once
	Crowded Check = "crowded" // more operations of a surgeon in a day than can be
	Absent  Check = "absent"  // an operation where the surgeon was not posted
	Repeat  Check = "repeat"  // the same joint or eye operated on for the first time twice
	Serial  Check = "serial"  // the same piece implanted twice
	Acuity  Check = "acuity"  // readings changed after the approval that rests on them
)

// Checks lists the checks in the order of the board.
func Checks() []Check {
	return []Check{Rate, Phone, Overlap, Crowded, Absent, Repeat, Serial, Acuity}
}

// Label is the message key of the check's name; [Check.Say] that of the sentence
// about a finding, [Check.About] that of what it looks for.
func (c Check) Label() string { return "plausibility.check." + string(c) }

// Say is the message key of the sentence about a finding.
func (c Check) Say() string { return "plausibility.say." + string(c) }

// About is the message key of what the check looks for.
func (c Check) About() string { return "plausibility.about." + string(c) }

// Version is raised when the rule of a check changes; the evidence of the old rule
// is then no evidence any more.
func (c Check) Version() int { return 1 }

// Evidence is one record a finding rests on: ids, days and numbers. What may be
// read of it is decided when somebody opens it.
type Evidence struct {
	Kind     string     `json:"kind"` // one of the Of constants
	ID       ident.ID   `json:"id"`
	Case     ident.ID   `json:"case"`
	Person   ident.ID   `json:"person"`
	Hospital ident.ID   `json:"hospital"`
	On       clock.Date `json:"on"`
	Note     string     `json:"note,omitempty"` // numbers and codes only
}

// The kinds of records.
const (
	OfOperation    = "operation"
	OfPlan         = "plan" // the planned hours of a mission
	OfRegistration = "registration"
	OfComponent    = "component"
	OfReading      = "reading"
)

// Kinds lists the kinds of records.
func Kinds() []string {
	return []string{OfOperation, OfPlan, OfRegistration, OfComponent, OfReading}
}

// KindLabel is the message key of a kind of record.
func KindLabel(kind string) string { return "plausibility.kind." + kind }

// Finding is what a check found about one subject. The subject is the same each
// time the check runs: one finding per subject.
type Finding struct {
	Check    Check
	Subject  string
	Args     map[string]string // what the sentence says: places, days, numbers
	Evidence []Evidence
}

// Digest is what a verdict is about: the rule's version and the records. The
// order of the records does not matter.
func (f Finding) Digest() string {
	list := slices.Clone(f.Evidence)
	slices.SortFunc(list, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID.String(), b.ID.String()), cmp.Compare(a.Note, b.Note))
	})
	raw, err := json.Marshal(struct {
		Check    Check
		Version  int
		Evidence []Evidence
	}{f.Check, f.Check.Version(), list})
	if err != nil {
		panic("plausibility: evidence that cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Silence says why a check did not look.
type Silence string

// The reasons.
const (
	NoPopulation Silence = "no_population" // nobody entered how many elderly people live where
)

// Silences lists the reasons.
func Silences() []Silence { return []Silence{NoPopulation} }

// Label is the message key of the reason.
func (s Silence) Label() string { return "plausibility.silent." + string(s) }

// Run runs every check over the facts. The findings come in the order of the
// checks and, within one, of their subjects.
func Run(x Facts, r Rules) (found []Finding, silent map[Check]Silence) {
	silent = map[Check]Silence{}
	for _, c := range Checks() {
		list, why := r.look(c, x)
		if why != "" {
			silent[c] = why
		}
		slices.SortFunc(list, func(a, b Finding) int { return cmp.Compare(a.Subject, b.Subject) })
		found = append(found, list...)
	}
	return found, silent
}

func (r Rules) look(c Check, x Facts) ([]Finding, Silence) {
	switch c {
	case Rate:
		if len(r.Populations) == 0 {
			return nil, NoPopulation
		}
		return rate(x.Operations, r), ""
	case Phone:
		return phones(x.Phones, r.PhonePeople), ""
	case Overlap:
		return overlaps(x.Hours), ""
	case Crowded:
		return crowded(x.Operations, r), ""
	case Absent:
		return absent(x.Operations), ""
	case Repeat:
		return repeats(x.Operations), ""
	case Serial:
		return serials(x.Pieces), ""
	case Acuity:
		return readings(x.Readings), ""
	}
	return nil, ""
}
