// Package subject is about what a person may ask of those who keep records on
// them: to see and copy, to correct, to restrict, to lift the restriction, and to
// delete (Personal Information Protection Law, articles 44 to 50).
//
// A request is written down by a hospital with who asked and what proved it, has a
// day by which it is answered, and is refused, or ends in a deletion, only by
// somebody else than wrote it down.
package subject

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Kind is what is asked.
type Kind string

// The kinds, with the article of the law they rest on.
const (
	Access   Kind = "access"   // to see and copy (45)
	Correct  Kind = "correct"  // (46)
	Restrict Kind = "restrict" // no processing but keeping (44, 47)
	Lift     Kind = "lift"     // takes a restriction back
	Erase    Kind = "erase"    // (47)
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Access, Correct, Restrict, Lift, Erase} }

// Label is the message key of the kind.
func (k Kind) Label() string { return "subject.kind." + string(k) }

// Asker is who asks.
type Asker string

// The askers. Next of kin ask for somebody who has died (49).
const (
	Self           Asker = "self"
	Representative Asker = "representative"
	Kin            Asker = "kin"
)

// Askers lists them.
func Askers() []Asker { return []Asker{Self, Representative, Kin} }

// Label is the message key of the asker.
func (a Asker) Label() string { return "subject.asker." + string(a) }

// State is where a request stands.
type State string

// The states.
const (
	Open      State = "open"
	Granted   State = "granted"
	Partly    State = "partly" // a deletion, of what no law keeps
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// States lists the states.
func States() []State { return []State{Open, Granted, Partly, Refused, Withdrawn} }

// Label is the message key of the state.
func (s State) Label() string { return "subject.state." + string(s) }

// Field is what is to be corrected.
type Field string

// The fields a decision corrects by itself. Other is anything else: it is put
// right on its own page, by the rules there, and the decision says how.
const (
	Name      Field = "name"
	Sex       Field = "sex"
	Birth     Field = "birth"
	Ethnicity Field = "ethnicity"
	Township  Field = "township"
	Village   Field = "village"
	Address   Field = "address"
	KinName   Field = "kin_name"
	Other     Field = "other"
)

// Fields lists them.
func Fields() []Field {
	return []Field{Name, Sex, Birth, Ethnicity, Township, Village, Address, KinName, Other}
}

// Label is the message key of the field.
func (f Field) Label() string { return "subject.field." + string(f) }

// Identity reports whether the field says who the person is, which papers of every
// hospital carry.
func (f Field) Identity() bool { return slices.Contains([]Field{Name, Sex, Birth, Ethnicity}, f) }

// The longest texts, in characters.
const (
	MaxName  = 60
	MaxProof = 300
	MaxWish  = 1000
	MaxValue = 200
)

// Request is one request.
type Request struct {
	ID         ident.ID
	Hospital   ident.ID // that received it
	Person     ident.ID
	Kind       Kind
	Asker      Asker
	AskerName  string // of a representative or next of kin
	Proof      string // what proved who asked, and for whom
	Wish       string // in the words of who asked
	Field      Field  // of a correction
	Value      string
	ReceivedOn clock.Date
	DueOn      clock.Date
	State      State
	Opinion    string
	Outcome    Outcome
	DecidedBy  ident.ID
	DecidedAt  time.Time
	FileUntil  time.Time // of an access that was granted
	FetchedBy  ident.ID
	FetchedAt  time.Time // zero: the file was not handed out yet
	CreatedBy  ident.ID
	CreatedAt  time.Time
	Version    int64
}

// Outcome is what a decision did.
type Outcome struct {
	Before string         `json:"before,omitempty"` // of a correction
	After  string         `json:"after,omitempty"`
	Gone   map[string]int `json:"gone,omitempty"` // rows that were deleted or emptied, by table
	Kept   []Kept         `json:"kept,omitempty"` // what a law keeps, and until when
	Done   bool           `json:"done"`
}

// Overdue reports whether the answer is late.
func (r Request) Overdue(today clock.Date) bool { return r.State == Open && today.After(r.DueOn) }

// FileOpen reports whether the file of a granted access can be handed out: once,
// and before its time has run out.
func (r Request) FileOpen(now time.Time) bool {
	return r.Kind == Access && r.State == Granted && r.FetchedAt.IsZero() && now.Before(r.FileUntil)
}

// Normalise trims what was typed.
func (r Request) Normalise() Request {
	for _, s := range []*string{&r.AskerName, &r.Proof, &r.Wish, &r.Value} {
		*s = strings.TrimSpace(*s)
	}
	if r.Kind != Correct {
		r.Field, r.Value = "", ""
	}
	if r.Asker == Self {
		r.AskerName = ""
	}
	return r
}

// Check looks at a request that is being written down; dead says the person has
// died.
func (r Request) Check(today clock.Date, dead bool) error {
	var f errs.Fields
	if !slices.Contains(Kinds(), r.Kind) {
		f.Add("kind", "form.error.choice")
	}
	switch {
	case !slices.Contains(Askers(), r.Asker):
		f.Add("asker", "form.error.choice")
	case r.Asker == Kin && !dead:
		f.Add("asker", "error.subject.kin")
	case r.Asker == Self && dead:
		f.Add("asker", "error.subject.dead")
	case r.Asker != Self && r.AskerName == "":
		f.Add("asker_name", "error.subject.asker_name")
	}
	if utf8.RuneCountInString(r.Proof) < 4 {
		f.Add("proof", "error.subject.proof")
	}
	if r.Wish == "" && (r.Kind == Erase || r.Kind == Lift || r.Kind == Correct && r.Field == Other) {
		f.Add("wish", "error.subject.wish")
	}
	if r.Kind == Correct {
		r.checkField(&f)
	}
	switch {
	case r.ReceivedOn.IsZero():
		f.Add("received_on", "form.error.required")
	case r.ReceivedOn.After(today):
		f.Add("received_on", "error.subject.future")
	case r.ReceivedOn.Before(today.AddDays(-maxBackdate)):
		f.Add("received_on", "error.subject.old", "n", maxBackdate)
	}
	for name, t := range map[string]struct {
		text string
		max  int
	}{"asker_name": {r.AskerName, MaxName}, "proof": {r.Proof, MaxProof}, "wish": {r.Wish, MaxWish}, "value": {r.Value, MaxValue}} {
		if utf8.RuneCountInString(t.text) > t.max {
			f.Add(name, "error.text.too_long", "n", t.max)
		}
	}
	return f.Err()
}

// maxBackdate is how many days ago a request may have come in that is written down
// today: what lay in a drawer for longer is a complaint.
const maxBackdate = 60

func (r Request) checkField(f *errs.Fields) {
	switch {
	case !slices.Contains(Fields(), r.Field):
		f.Add("field", "form.error.choice")
	case r.Field != Other && r.Value == "":
		f.Add("value", "error.subject.value")
	case r.Field == Sex && !patient.Sex(r.Value).Known():
		f.Add("value", "error.subject.sex")
	}
	if r.Field == Birth && r.Value != "" {
		if _, err := clock.ParseDate(r.Value); err != nil {
			f.Add("value", "form.error.date")
		}
	}
	if r.Field == Ethnicity && r.Value != "" {
		if _, ok := terminology.ParseEthnicity(r.Value); !ok {
			f.Add("value", "error.ethnicity")
		}
	}
}

// Clock is how long an answer may take and a file waits. The law says "in time";
// the days are agreed ones and carry where they come from.
type Clock struct {
	Version  int
	Days     int
	FileDays int
	Source   string
	Verified bool // somebody read the source
}

// DefaultClock is what ships: a reading nobody has checked.
func DefaultClock() Clock {
	return Clock{Days: 30, FileDays: 7, Source: "GB/T 35273-2020 8.7", Verified: false}
}

// The longest clocks; the database holds them as well.
const (
	MaxDays     = 60
	MaxFileDays = 30
)

// Check looks at a clock that is being set.
func (c Clock) Check() error {
	var f errs.Fields
	if c.Days < 1 || c.Days > MaxDays {
		f.Add("days", "error.subject.days", "max", MaxDays)
	}
	if c.FileDays < 1 || c.FileDays > MaxFileDays {
		f.Add("file_days", "error.subject.days", "max", MaxFileDays)
	}
	if c.Source == "" {
		f.Add("source", "error.subject.source")
	}
	if utf8.RuneCountInString(c.Source) > MaxProof {
		f.Add("source", "error.text.too_long", "n", MaxProof)
	}
	return f.Err()
}

// Decision is the answer to a request.
type Decision struct {
	Request ident.ID
	Grant   bool
	Opinion string
	Version int64
}

// MayDecide says whether somebody may give the answer: office decides what
// concerns more than one hospital, another person what is refused or deleted.
// hospitals is how many know the person, decides whether the account holds the
// right to decide at the hospital, office for the whole partnership.
func (r Request) MayDecide(by ident.ID, grant bool, hospitals int, decides, office bool) error {
	switch own := by == r.CreatedBy; {
	case r.State != Open:
		return errs.Refuse("subject.once", "error.subject.decided", nil, "remedy.subject.decided")
	case hospitals > 1 && !office:
		return errs.Refuse("subject.office", "error.subject.office", errs.Args{"n": hospitals}, "remedy.subject.office")
	case own && (!grant || r.Kind == Erase):
		return errs.Refuse("subject.second_person", "error.subject.own", nil, "remedy.subject.own")
	case !decides && (!own || !grant):
		return errs.Missing("error.subject.missing")
	}
	return nil
}
