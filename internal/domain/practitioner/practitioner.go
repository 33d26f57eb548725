// Package practitioner is a doctor as the programme knows one: who, from which
// hospital and side of the partnership, and of which grade. It holds no account;
// an account may point to a practitioner.
//
// The grades are the four of the national title system for physicians. The
// licence number (医师执业证书) has 15 digits; other lengths exist on older papers,
// so the length is remarked upon and never refused.
package practitioner

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Grade is the professional title.
type Grade string

// The grades, from the top.
const (
	Chief     Grade = "chief"     // 主任医师
	Associate Grade = "associate" // 副主任医师
	Attending Grade = "attending" // 主治医师
	Resident  Grade = "resident"  // 住院医师
)

// Grades lists the grades.
func Grades() []Grade { return []Grade{Chief, Associate, Attending, Resident} }

// Label is the message key of the grade's name.
func (g Grade) Label() string { return "practitioner.grade." + string(g) }

// Specialty is the field of work.
type Specialty string

// The specialties.
const (
	Orthopaedics  Specialty = "orthopaedics"
	Ophthalmology Specialty = "ophthalmology"
	Cardiology    Specialty = "cardiology"
	Anaesthesia   Specialty = "anaesthesia"
	Nursing       Specialty = "nursing"
	OtherField    Specialty = "other"
)

// Specialties lists the specialties.
func Specialties() []Specialty {
	return []Specialty{Orthopaedics, Ophthalmology, Cardiology, Anaesthesia, Nursing, OtherField}
}

// Label is the message key of the specialty's name.
func (s Specialty) Label() string { return "practitioner.specialty." + string(s) }

// Practitioner is one doctor.
type Practitioner struct {
	ID      ident.ID
	Name    string
	Licence string // digits, optional
	// LicenceExpires is the last day the licence holds; zero when it is not known.
	// Renewal is a paper elsewhere, so an expired licence is remarked upon and an
	// operation under it is marked, never refused.
	LicenceExpires clock.Date
	HomeOrg        ident.ID
	Side           user.Side // of the home organisation in the partnership
	Grade          Grade     // optional
	Specialty      Specialty // optional
}

// Clean brings the licence to plain digits and letters and the name to single
// spaces.
func (p Practitioner) Clean() Practitioner {
	p.Name = strings.Join(strings.Fields(norm.NFKC.String(p.Name)), " ")
	p.Licence = strings.ToUpper(strings.Join(strings.Fields(norm.NFKC.String(p.Licence)), ""))
	return p
}

// maxName bounds a name: long minority names fit, a pasted list does not.
const maxName = 50

// LicenceLength is the length of a current licence number.
const LicenceLength = 15

// Check returns nil or the wrong fields.
func (p Practitioner) Check() error {
	var f errs.Fields
	if n := utf8.RuneCountInString(p.Name); n == 0 || n > maxName {
		f.Add("name", "error.practitioner.name", "max", maxName)
	}
	plain := func(r rune) bool { return r < unicode.MaxASCII && (unicode.IsDigit(r) || unicode.IsUpper(r)) }
	if strings.ContainsFunc(p.Licence, func(r rune) bool { return !plain(r) }) || len(p.Licence) > 30 {
		f.Add("licence", "error.practitioner.licence")
	}
	if p.HomeOrg == ident.Nil {
		f.Add("home_org", "error.practitioner.home_org")
	}
	if p.Grade != "" && !slices.Contains(Grades(), p.Grade) {
		f.Add("grade", "error.practitioner.choice")
	}
	if p.Specialty != "" && !slices.Contains(Specialties(), p.Specialty) {
		f.Add("specialty", "error.practitioner.choice")
	}
	return f.Err()
}

// LicenceWarning is the message key of a remark about the licence, or empty.
func (p Practitioner) LicenceWarning() string {
	digits := !strings.ContainsFunc(p.Licence, func(r rune) bool { return r < '0' || r > '9' })
	if p.Licence == "" || len(p.Licence) == LicenceLength && digits {
		return ""
	}
	return "warning.practitioner.licence_length"
}

// LicenceSoonDays is how many days before its end a licence is named in the
// list; a renewal takes weeks. The figure is the house's own.
const LicenceSoonDays = 90

// LicenceState says how a licence stands on a day.
type LicenceState string

// The states of a licence.
const (
	LicenceUnknown LicenceState = "unknown" // no last day on record
	LicenceHolds   LicenceState = "holds"
	LicenceSoon    LicenceState = "soon" // ends within [LicenceSoonDays]
	LicenceExpired LicenceState = "expired"
)

// LicenceStates lists the states.
func LicenceStates() []LicenceState {
	return []LicenceState{LicenceUnknown, LicenceHolds, LicenceSoon, LicenceExpired}
}

// Label is the message key of the state.
func (s LicenceState) Label() string { return "practitioner.licence." + string(s) }

// LicenceOn is how the licence stands on a day; the last day belongs to it.
func (p Practitioner) LicenceOn(day clock.Date) LicenceState {
	switch {
	case p.LicenceExpires.IsZero():
		return LicenceUnknown
	case p.LicenceExpires.Before(day):
		return LicenceExpired
	case !p.LicenceExpires.After(day.AddDays(LicenceSoonDays)):
		return LicenceSoon
	}
	return LicenceHolds
}

// VisitingAt reports whether the doctor is a visitor at a hospital: from the
// donor side and not at home there.
func (p Practitioner) VisitingAt(hospital ident.ID) bool {
	return p.Side == user.SideDonor && p.HomeOrg != hospital
}
