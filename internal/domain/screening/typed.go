package screening

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Typed is a screening as it stands in the boxes of the form, by their names.
// A browser without a network keeps it so: what is meant is decided here, by the
// same rules for the form and for what was kept.
type Typed map[string]string

func (t Typed) text(name string) string { return strings.TrimSpace(norm.NFC.String(t[name])) }

// Draft reads the boxes. What cannot be read at all is named; the rest is for
// [Draft.Check].
func (t Typed) Draft(today clock.Date) (Draft, errs.Fields) {
	var f errs.Fields
	d := Draft{Township: t.text("township"), Village: t.text("village"), Name: t.text("name"), DocNumber: t.text("doc_number"), Phone: t.text("phone"),
		Programme: procedure.Programme(t.text("programme")), Site: procedure.Site(t.text("site")), Side: Side(t.text("side")), Walking: Walking(t.text("walking")),
		AcuityRight: t.text("acuity_right"), AcuityLeft: t.text("acuity_left"), ChestPain: ChestPain(t.text("chest_pain")), Triage: Triage(t.text("triage")),
		Answer: Answer(t.text("answer")), Reason: Reason(t.text("reason")), ReasonText: t.text("reason_text"), Note: t.text("note"),
		LegalBasis: patient.LegalBasis(t.text("legal_basis")), ConsentNote: t.text("consent_note"), Guardian: t.text("guardian")}
	var err error
	if text := t.text("screened_on"); text != "" {
		switch d.On, err = clock.ParseSpelling(text, today); {
		case errors.Is(err, clock.ErrNoSuchDay):
			f.Add("screened_on", "form.error.no_such_day")
		case err != nil:
			f.Add("screened_on", "form.error.date")
		}
	}
	if text := t.text("sex"); text != "" {
		d.Sex, _ = patient.ParseSex(text) // an unknown word stays unknown; the rules name it
	}
	if d.Birth, d.Age, err = ParseBorn(t.text("birth"), today); err != nil {
		f.Add("birth", "error.screening.born")
	}
	if text := t.text("pain"); d.Programme == procedure.Joint && text != "" {
		n, err := strconv.Atoi(norm.NFKC.String(text))
		if err != nil {
			f.Add("pain", "form.error.number")
		}
		d.Pain = &n
	}
	if d.Programme == procedure.Coronary {
		if d.Systolic, d.Diastolic, err = ParsePressure(t.text("pressure")); err != nil {
			f.Add("pressure", "error.screening.pressure")
		}
	}
	return d, f
}
