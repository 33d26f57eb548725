// Package complication knows what may go wrong after an operation, how severe
// it is said to be, and what counts as a major adverse cardiac event.
//
// What happened during the operation stands on the register's sheet; this room
// is for what came later, on any ward of any hospital of the partnership. Scales
// are the published ones: Clavien–Dindo for surgery, BARC for bleeding, Ellis
// for perforation, KDIGO for the kidney, ARC for stent thrombosis.
package complication

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Type is what happened.
type Type string

// The types rules refer to by name.
const (
	MI                 Type = "MI"
	TVR                Type = "TVR" // unplanned revascularisation of the treated vessel
	TLR                Type = "TLR" // of the treated lesion; every one is a TVR as well
	StentThrombosis    Type = "STENT_THROMBOSIS"
	Readmission        Type = "READMISSION"
	ReturnToTheatre    Type = "RETURN_TO_THEATRE"
	Endophthalmitis    Type = "ENDOPHTHALMITIS"
	DeepInfection      Type = "PJI"
	Dislocation        Type = "DISLOCATION"
	PeriprostheticBone Type = "PERIPROSTHETIC_FRACTURE"
	Other              Type = "OTHER"
)

// Scale is how the severity of a type is graded.
type Scale string

// The scales.
const (
	ClavienDindo Scale = "clavien_dindo"
	BARC         Scale = "barc"
	Ellis        Scale = "ellis"
	KDIGO        Scale = "kdigo"
	ARC          Scale = "arc"
)

// Scales lists the scales.
func Scales() []Scale { return []Scale{ClavienDindo, BARC, Ellis, KDIGO, ARC} }

// Grades lists the grades of a scale, from mild to severe.
func (s Scale) Grades() []string {
	switch s {
	case ClavienDindo:
		return []string{"I", "II", "IIIA", "IIIB", "IVA", "IVB", "V"}
	case BARC:
		return []string{"1", "2", "3A", "3B", "3C", "4", "5A", "5B"}
	case Ellis:
		return []string{"I", "II", "III", "III_CS"}
	case KDIGO:
		return []string{"1", "2", "3"}
	case ARC:
		return []string{"DEFINITE", "PROBABLE", "POSSIBLE"}
	}
	return nil
}

// Label is the message key of the scale.
func (s Scale) Label() string { return "complication.scale." + string(s) }

// GradeLabel is the message key of one grade.
func (s Scale) GradeLabel(grade string) string {
	return "complication.grade." + string(s) + "." + strings.ToLower(grade)
}

// Related says whether it came from the operation.
type Related string

// The answers.
const (
	RelatedYes     Related = "YES"
	RelatedNo      Related = "NO"
	RelatedUnknown Related = "UNKNOWN"
)

// RelatedAnswers lists them.
func RelatedAnswers() []Related { return []Related{RelatedYes, RelatedNo, RelatedUnknown} }

// Label is the message key of the answer.
func (r Related) Label() string { return "complication.related." + strings.ToLower(string(r)) }

// Outcome is how it ended, as far as known.
type Outcome string

// Ongoing is the outcome of what has not ended, as far as known.
const Ongoing Outcome = "ONGOING"

// Died is the outcome of a complication the patient died of.
const Died Outcome = "DEATH"

// Outcomes lists how a complication may end.
func Outcomes() []Outcome { return []Outcome{Ongoing, "RESOLVED", "SEQUELAE", Died} }

// Label is the message key of the outcome.
func (o Outcome) Label() string { return "complication.outcome." + strings.ToLower(string(o)) }

// Types lists what may be recorded after operations of a programme.
func Types(p procedure.Programme) []Type {
	switch p {
	case procedure.Joint:
		return []Type{"SSI_SUPERFICIAL", DeepInfection, Dislocation, PeriprostheticBone, "DVT", "PE", "NERVE_PALSY", "VASCULAR_INJURY", "TRANSFUSION", MI, "STROKE", "AKI",
			"PNEUMONIA", "PRESSURE_INJURY", ReturnToTheatre, Readmission, Other}
	case procedure.Cataract:
		return []Type{Endophthalmitis, "TASS", "CMO", "CORNEAL_DECOMPENSATION", "RAISED_IOP", "WOUND_LEAK", "RETAINED_LENS", "IOL_MALPOSITION", "RETINAL_DETACHMENT", "PCO",
			ReturnToTheatre, Readmission, Other}
	case procedure.Coronary:
		return []Type{MI, "STROKE", TVR, TLR, StentThrombosis, "BLEEDING", "ACCESS_HAEMATOMA", "PSEUDOANEURYSM", "PERFORATION", "TAMPONADE", "AKI", "HEART_FAILURE", Readmission, Other}
	}
	return nil
}

// Label is the message key of the type.
func (t Type) Label() string { return "complication.type." + strings.ToLower(string(t)) }

// Scale is how the type is graded after an operation of a programme; empty for
// what has no published scale there.
func (t Type) Scale(p procedure.Programme) Scale {
	switch t {
	case "BLEEDING", "ACCESS_HAEMATOMA", "PSEUDOANEURYSM":
		return BARC
	case "PERFORATION":
		return Ellis
	case "AKI":
		return KDIGO
	case StentThrombosis:
		return ARC
	}
	if p == procedure.Joint {
		return ClavienDindo
	}
	return ""
}

// Complication is one thing that went wrong after one operation.
type Complication struct {
	Type    Type       `json:"type"`
	Onset   clock.Date `json:"onset_on"`
	Grade   string     `json:"grade"` // of the type's scale; empty where there is none
	Related Related    `json:"related"`
	Outcome Outcome    `json:"outcome"`
	Note    string     `json:"note"`
}

// Facts are what the rules compare with.
type Facts struct {
	Programme procedure.Programme
	Operated  clock.Date
	Died      clock.Date
	Today     clock.Date
	Told      bool // heard of at a follow-up: nobody may know the grade
}

// MaxNote bounds the note, in characters.
const MaxNote = 500

// Check lists what cannot be, at the field it stands in.
func (c Complication) Check(x Facts) (f errs.Fields) {
	c.checkType(x, &f)
	switch {
	case c.Onset.IsZero():
		f.Add("onset_on", "form.error.missing")
	case c.Onset.Before(x.Operated):
		f.Add("onset_on", "error.complication.before", "on", x.Operated)
	case c.Onset.After(x.Today):
		f.Add("onset_on", "error.complication.future", "today", x.Today)
	case !x.Died.IsZero() && c.Onset.After(x.Died):
		f.Add("onset_on", "error.complication.after_death", "on", x.Died)
	}
	if scale := c.Type.Scale(x.Programme); scale != "" && c.Grade == "" && !x.Told {
		f.Add("grade", "error.complication.grade_missing", "scale", errs.Key(scale.Label()))
	}
	c.checkRest(x, &f)
	return f
}

// Told completes and checks what was told at a follow-up on a day: who tells can
// seldom grade it and may not know the day, so it counts from the day of the
// follow-up, and it is open whether it came from the operation. What is no
// listed type needs a word. The fields are those of Check.
func (c Complication) Told(x Facts, on clock.Date) (Complication, errs.Fields) {
	var f errs.Fields
	c.Note = strings.TrimSpace(c.Note)
	c.Related, c.Outcome = cmp.Or(c.Related, RelatedUnknown), cmp.Or(c.Outcome, Ongoing)
	if c.Onset.IsZero() {
		c.Onset = on
	}
	c.checkType(x, &f)
	switch {
	case on.IsZero(): // refused where the follow-up is checked
	case c.Onset.After(on):
		f.Add("onset_on", "error.complication.after_contact", "on", on)
	case c.Onset.Before(x.Operated):
		f.Add("onset_on", "error.complication.before", "on", x.Operated)
	}
	if c.Type == Other && c.Note == "" {
		f.Add("note", "error.complication.other_note")
	}
	c.checkRest(x, &f)
	return c, f
}

func (c Complication) checkType(x Facts, f *errs.Fields) {
	switch {
	case c.Type == "":
		f.Add("type", "form.error.pick")
	case !slices.Contains(Types(x.Programme), c.Type):
		f.Add("type", "error.complication.type")
	}
}

// checkRest checks a grade that was given, and what every complication says.
func (c Complication) checkRest(x Facts, f *errs.Fields) {
	scale := c.Type.Scale(x.Programme)
	switch {
	case c.Grade == "":
	case scale == "":
		f.Add("grade", "error.complication.no_scale")
	case !slices.Contains(scale.Grades(), c.Grade):
		f.Add("grade", "error.complication.grade", "scale", errs.Key(scale.Label()))
	}
	if !slices.Contains(RelatedAnswers(), c.Related) {
		f.Add("related", "form.error.pick")
	}
	if !slices.Contains(Outcomes(), c.Outcome) {
		f.Add("outcome", "form.error.pick")
	}
	if c.fatalGrade() && c.Outcome != Died {
		f.Add("outcome", "error.complication.fatal")
	}
	if len([]rune(c.Note)) > MaxNote {
		f.Add("note", "form.error.long", "max", MaxNote)
	}
}

// fatalGrade reports a grade that is a death.
func (c Complication) fatalGrade() bool { return c.Grade == "V" || c.Grade == "5A" || c.Grade == "5B" }

// Timing is the class of a stent thrombosis by the days since the stent.
func Timing(days int) string {
	switch {
	case days <= 1:
		return "acute"
	case days <= 30:
		return "subacute"
	case days <= 365:
		return "late"
	}
	return "very_late"
}

// TimingLabel is the message key of a timing.
func TimingLabel(timing string) string { return "complication.timing." + timing }
