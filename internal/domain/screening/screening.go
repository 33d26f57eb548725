// Package screening knows what is noted about a person on an outreach day in a
// village: who they are, what was found for the programme they came for, what
// they were advised, and whether they are willing.
//
// It is a light intake, several a minute, and no registration: most people
// screened never become patients. Who does is registered from the screening
// without typing anything again.
package screening

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

// Triage is what the person is advised.
type Triage string

// The results.
const (
	Advised   Triage = "SURGERY_ADVISED"
	Further   Triage = "FURTHER_EXAMINATION"
	Observe   Triage = "OBSERVE"
	NotNeeded Triage = "NOT_NEEDED"
)

// Triages lists the results in the order of the form.
func Triages() []Triage { return []Triage{Advised, Further, Observe, NotNeeded} }

// Label is the message key of the result.
func (t Triage) Label() string { return "screening.triage." + strings.ToLower(string(t)) }

// Answer is what somebody who was advised an operation says.
type Answer string

// The answers; empty for who was not advised one.
const (
	Willing  Answer = "WILLING"
	Declined Answer = "DECLINED"
)

// Answers lists the answers in the order of the form.
func Answers() []Answer { return []Answer{Willing, Declined} }

// Label is the message key of the answer.
func (a Answer) Label() string { return "screening.answer." + strings.ToLower(string(a)) }

// Reason is why somebody declines.
type Reason string

// OtherReason needs a sentence of its own.
const OtherReason Reason = "OTHER"

// Reasons lists the reasons in the order of the form.
func Reasons() []Reason {
	return []Reason{"COST", "DISTANCE", "FEAR", "NO_COMPANION", "OTHER_TREATMENT", "FAMILY", OtherReason}
}

// Label is the message key of the reason.
func (r Reason) Label() string { return "screening.reason." + strings.ToLower(string(r)) }

// Side is where a joint hurts; unlike an operation, a complaint may be on both.
type Side string

// Sides lists the sides in the order of the form.
func Sides() []Side {
	return []Side{Side(procedure.Left), Side(procedure.Right), "B"}
}

// Label is the message key of the side.
func (s Side) Label() string { return "screening.side." + strings.ToLower(string(s)) }

// Walking is how well the person walks.
type Walking string

// Walkings lists the grades from good to bad.
func Walkings() []Walking { return []Walking{"FREE", "SHORT", "AID", "INDOORS", "UNABLE"} }

// Label is the message key of the grade.
func (w Walking) Label() string { return "screening.walking." + strings.ToLower(string(w)) }

// ChestPain is the class of chest pain on exertion (Canadian Cardiovascular
// Society), or none.
type ChestPain string

// ChestPains lists the classes from none to pain at rest.
func ChestPains() []ChestPain { return []ChestPain{"NONE", "CCS1", "CCS2", "CCS3", "CCS4"} }

// Label is the message key of the class.
func (c ChestPain) Label() string { return "screening.chest_pain." + strings.ToLower(string(c)) }

// MostPain is the upper end of the pain scale; 0 is none.
const MostPain = 10

// Joint is what was found for the joint programme.
type Joint struct {
	Site    procedure.Site `json:"site"`
	Side    Side           `json:"side"`
	Pain    *int           `json:"pain,omitempty"` // 0 to 10; nil: not asked
	Walking Walking        `json:"walking,omitempty"`
}

// Eye is the acuity of one eye: the stored value and what stood on the chart.
type Eye struct {
	Value string `json:"value"`
	Raw   string `json:"raw"`
}

// Eyes is what was found for the cataract programme; an eye may be missing.
type Eyes struct {
	Right *Eye `json:"right,omitempty"`
	Left  *Eye `json:"left,omitempty"`
}

// Heart is what was found for the coronary programme. The pressure is in mmHg,
// 0 where it is not known.
type Heart struct {
	ChestPain ChestPain `json:"chest_pain"`
	Systolic  int       `json:"systolic,omitempty"`
	Diastolic int       `json:"diastolic,omitempty"`
}

// Finding is what was found; only the part of the programme is there.
type Finding struct {
	Joint *Joint `json:"joint,omitempty"`
	Eyes  *Eyes  `json:"eyes,omitempty"`
	Heart *Heart `json:"heart,omitempty"`
}

// Place is where an outreach day was held.
type Place struct {
	Township string
	Village  string
}

// String is the place as one line.
func (p Place) String() string { return strings.TrimSpace(p.Township + " " + p.Village) }

// Record is a screening that passed every check.
type Record struct {
	On    clock.Date
	Place Place

	Name           string
	Sex            patient.Sex
	Birth          clock.Date
	BirthEstimated bool // known as an age only

	DocKind   patient.DocumentKind // DocNone without a number
	DocNumber string               // canonical; stored sealed
	Phone     string               // canonical; stored sealed

	Programme  procedure.Programme
	Finding    Finding
	Triage     Triage
	Answer     Answer
	Reason     Reason
	ReasonText string
	Note       string

	LegalBasis  patient.LegalBasis
	ConsentNote string
	Guardian    string
}

// Registrable reports whether the person is to be called in: advised and willing.
func (r Record) Registrable() bool { return r.Triage == Advised && r.Answer == Willing }
