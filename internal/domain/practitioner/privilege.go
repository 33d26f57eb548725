package practitioner

import (
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Privilege says that a doctor may do one kind of operation at one hospital
// between two days; both belong to it. Days are those of the hospital's clock.
type Privilege struct {
	ID           ident.ID
	Practitioner ident.ID
	Hospital     ident.ID
	Kind         procedure.Kind
	From, To     clock.Date
	Basis        string // the paper that granted it, optional
	Version      int64
}

// maxBasis bounds the name of a paper.
const maxBasis = 100

// maxPrivilegeYears bounds a privilege against a slip in the year.
const maxPrivilegeYears = 10

// Check returns nil or the wrong fields.
func (p Privilege) Check() error {
	var f errs.Fields
	if p.Practitioner == ident.Nil {
		f.Add("practitioner", "form.error.pick")
	}
	if p.Hospital == ident.Nil {
		f.Add("hospital", "form.error.pick")
	}
	if !p.Kind.Known() {
		f.Add("kind", "form.error.pick")
	}
	switch {
	case p.From.IsZero():
		f.Add("from", "form.error.missing")
	case p.To.IsZero():
		f.Add("to", "form.error.missing")
	case p.To.Before(p.From):
		f.Add("to", "error.period.reversed")
	case p.To.After(p.From.AddMonths(12 * maxPrivilegeYears)):
		f.Add("to", "error.privilege.too_long", "years", maxPrivilegeYears)
	}
	if utf8.RuneCountInString(p.Basis) > maxBasis {
		f.Add("basis", "form.error.long", "max", maxBasis)
	}
	return f.Err()
}

// Covers reports whether the day is in the privilege; the first and the last are.
func (p Privilege) Covers(day clock.Date) bool {
	return !day.Before(p.From) && !day.After(p.To)
}

// Finding is what the privileges say about an operation.
type Finding string

// The findings. All but Within are exceptions: the operation is recorded, marked
// and signed by a second person.
const (
	Within     Finding = "within"
	NoGrant    Finding = "none"    // no privilege for this kind at this hospital
	TooEarly   Finding = "before"  // the privilege begins later
	TooLate    Finding = "after"   // the privilege has ended
	LicenceOut Finding = "licence" // the licence had expired on the day
)

// Findings lists the findings.
func Findings() []Finding { return []Finding{Within, NoGrant, TooEarly, TooLate, LicenceOut} }

// Label is the message key of the finding.
func (f Finding) Label() string { return "privilege.finding." + string(f) }

// Act is an operation as the privileges look at it.
type Act struct {
	Doctor   Practitioner
	Hospital ident.ID
	Kind     procedure.Kind
	On       clock.Date
}

// Judge compares an operation with the doctor's privileges at the hospital, and
// answers the finding with the privilege that decided, if there is one.
//
// A doctor from elsewhere needs a privilege for the kind and the day. A doctor
// of the hospital itself is bound only once the hospital has begun to keep
// privileges for that doctor: the appointment is the general privilege before.
// An expired licence comes first, whatever the privileges say.
func Judge(a Act, granted []Privilege) (Finding, Privilege) {
	if a.Doctor.LicenceOn(a.On) == LicenceExpired {
		return LicenceOut, Privilege{}
	}
	var own []Privilege
	for _, p := range granted {
		if p.Practitioner == a.Doctor.ID && p.Hospital == a.Hospital {
			own = append(own, p)
		}
	}
	if a.Doctor.HomeOrg == a.Hospital && len(own) == 0 {
		return Within, Privilege{}
	}
	finding, nearest, gap := NoGrant, Privilege{}, 0
	for _, p := range own {
		if p.Kind != a.Kind {
			continue
		}
		if p.Covers(a.On) {
			return Within, p
		}
		f, days := TooLate, a.On.DaysSince(p.To)
		if a.On.Before(p.From) {
			f, days = TooEarly, p.From.DaysSince(a.On)
		}
		if nearest.Kind == "" || days < gap {
			finding, nearest, gap = f, p, days
		}
	}
	return finding, nearest
}

// ExceptionState says where the second signature of an exception stands.
type ExceptionState string

// The states. Void: the record was corrected and no longer is an exception.
const (
	ExceptionOpen     ExceptionState = "open"
	ExceptionAccepted ExceptionState = "accepted"
	ExceptionObjected ExceptionState = "objected"
	ExceptionVoid     ExceptionState = "void"
)

// ExceptionStates lists the states.
func ExceptionStates() []ExceptionState {
	return []ExceptionState{ExceptionOpen, ExceptionAccepted, ExceptionObjected, ExceptionVoid}
}

// Label is the message key of the state.
func (s ExceptionState) Label() string { return "privilege.exception." + string(s) }

// Signing is a second signature about to be given.
type Signing struct {
	State     ExceptionState // of the exception
	EnteredBy ident.ID       // account that logged the operation
	Lead      ident.ID       // practitioner the exception is about
	Account   ident.ID       // who signs
	Self      ident.ID       // practitioner of the one who signs, if any
}

// MaySign refuses a signature by the person who logged the operation or led it,
// and one on an exception that no longer waits.
func (s Signing) MaySign() error {
	switch {
	case s.State != ExceptionOpen:
		return errs.Refuse("privilege.exception_done", "error.privilege.exception_done", nil, "remedy.privilege.look")
	case s.Account == s.EnteredBy, s.Self != ident.Nil && s.Self == s.Lead:
		return errs.Refuse("privilege.two_persons", "error.privilege.two_persons", nil, "remedy.privilege.another")
	}
	return nil
}
