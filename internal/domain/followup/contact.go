package followup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Evidence is how it is known how a patient is. What somebody else tells is
// evidence of another kind than what was seen, and never shown as the same.
type Evidence string

// The kinds of evidence, the surest first.
const (
	Visit         Evidence = "visit"
	Phone         Evidence = "phone" // the patient on the telephone
	VillageDoctor Evidence = "village_doctor"
	Family        Evidence = "family"
)

// Evidences lists the kinds.
func Evidences() []Evidence { return []Evidence{Visit, Phone, VillageDoctor, Family} }

// Proxy reports whether somebody else than the patient told.
func (e Evidence) Proxy() bool { return e == VillageDoctor || e == Family }

// Label is the message key of the kind's name.
func (e Evidence) Label() string { return "followup.evidence." + string(e) }

// MaxText bounds a note, MaxName the name of who told.
const (
	MaxText = 500
	MaxName = 40
)

// Contact is one attempt to learn how a patient is.
type Contact struct {
	On            clock.Date // when it took place, not when it was entered
	Evidence      Evidence
	Reached       bool // not reached: an attempt, the appointment stays open
	Informant     string
	Note          string
	Results       []Result
	Complications []Complication
}

// Facts is what a contact is checked against.
type Facts struct {
	Site     procedure.Site
	Operated clock.Date
	Died     clock.Date // zero: lives
	Today    clock.Date
}

// Check names everything that cannot be, and completes the scores. The paths of
// scores are "results.<n>.…", of complications "complications.<n>.…".
func (c Contact) Check(x Facts) (Contact, error) {
	var f errs.Fields
	c.Informant, c.Note = strings.TrimSpace(c.Informant), strings.TrimSpace(c.Note)
	c.Results, c.Complications = slices.Clone(c.Results), slices.Clone(c.Complications)
	checkDay(&f, c.On, x.Operated, x.Today)
	if !x.Died.IsZero() && c.On.After(x.Died) {
		f.Add("on", "error.followup.after_death", "date", x.Died)
	}
	if !slices.Contains(Evidences(), c.Evidence) {
		f.Add("evidence", "form.error.pick")
	}
	if c.Reached && c.Evidence.Proxy() && c.Informant == "" {
		f.Add("informant", "error.followup.informant")
	}
	limit(&f, "informant", c.Informant, MaxName)
	limit(&f, "note", c.Note, MaxText)
	if !c.Reached && len(c.Results)+len(c.Complications) > 0 {
		f.Add("reached", "error.followup.not_reached")
	}
	c.checkResults(x, &f)
	for i, p := range c.Complications {
		c.Complications[i] = p.check(x, c.On, fmt.Sprintf("complications.%d.", i), &f)
	}
	return c, f.Err()
}

func (c Contact) checkResults(x Facts, f *errs.Fields) {
	seen := map[Instrument]bool{}
	for i, r := range c.Results {
		prefix := fmt.Sprintf("results.%d.", i)
		done, err := r.Complete(x.Site)
		if err := f.Merge(prefix, err); err != nil {
			f.Add(prefix+"total", "error.followup.instrument")
		}
		if seen[r.Instrument] {
			f.Add(prefix+"instrument", "error.followup.twice")
		}
		seen[r.Instrument], c.Results[i] = true, done
	}
}

func limit(f *errs.Fields, path, text string, most int) {
	if len([]rune(text)) > most {
		f.Add(path, "form.error.long", "max", most)
	}
}

// Complication is something that went wrong after an operation.
type Complication struct {
	Code    string     `json:"code"`
	Onset   clock.Date `json:"onset"`             // zero: not known
	Grade   string     `json:"grade,omitempty"`   // Clavien and Dindo; empty: not graded
	Related string     `json:"related,omitempty"` // to the operation: yes, no; empty: not known
	Note    string     `json:"note,omitempty"`
}

// ComplicationLabel is the message key of a code's name.
func ComplicationLabel(code string) string { return "followup.complication." + code }

// OtherComplication is the code of what no other code says; it takes a note.
const OtherComplication = "other"

// Complications lists the codes of a site.
func Complications(site procedure.Site) []string {
	general := []string{"readmission", "return_theatre", OtherComplication}
	var own []string
	switch site {
	case procedure.Hip, procedure.Knee:
		own = []string{"ssi", "pji", "dvt", "pe", "dislocation", "fracture", "loosening", "nerve", "vessel", "mi", "stroke", "aki", "pneumonia", "pressure_sore"}
		if site == procedure.Knee {
			own = slices.DeleteFunc(own, func(s string) bool { return s == "dislocation" })
			own = append(own, "stiffness")
		}
	case procedure.Eye:
		own = []string{"endophthalmitis", "tass", "macular_oedema", "cornea", "pressure", "wound_leak", "retained_lens", "lens_position", "retina", "capsule"}
	case procedure.CoronaryVessels:
		own = []string{"mi", "stroke", "tlr", "tvr", "stent_thrombosis", "bleed", "access_site", "aki", "heart_failure"}
	}
	return append(own, general...)
}

// Grades lists the grades of Clavien and Dindo, with their letters.
func Grades() []string { return []string{"I", "II", "IIIa", "IIIb", "IVa", "IVb", "V"} }

// Relations lists whether a complication comes from the operation.
func Relations() []string { return []string{"yes", "no"} }

func (p Complication) check(x Facts, seen clock.Date, prefix string, f *errs.Fields) Complication {
	p.Note = strings.TrimSpace(p.Note)
	if !slices.Contains(Complications(x.Site), p.Code) {
		f.Add(prefix+"code", "form.error.pick")
	}
	if p.Code == OtherComplication && p.Note == "" {
		f.Add(prefix+"note", "error.followup.other_note")
	}
	if p.Grade != "" && !slices.Contains(Grades(), p.Grade) {
		f.Add(prefix+"grade", "form.error.pick")
	}
	if p.Related != "" && !slices.Contains(Relations(), p.Related) {
		f.Add(prefix+"related", "form.error.pick")
	}
	switch {
	case p.Onset.IsZero():
	case p.Onset.Before(x.Operated):
		f.Add(prefix+"onset", "error.followup.before_operation", "date", x.Operated)
	case !seen.IsZero() && p.Onset.After(seen):
		f.Add(prefix+"onset", "error.followup.after_contact")
	}
	limit(f, prefix+"note", p.Note, MaxText)
	return p
}
