package followup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
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

// EarlyDays is how long before its window an appointment may be met. An earlier
// contact is recorded outside of the schedule: it does not say how the patient is
// a year later.
const EarlyDays = 30

// Contact is one attempt to learn how a patient is.
type Contact struct {
	On            clock.Date // when it took place, not when it was entered
	Evidence      Evidence
	Reached       bool // not reached: an attempt, the appointment stays open
	Informant     string
	Note          string
	Results       []Result
	Complications []complication.Complication
}

// Facts is what a contact is checked against.
type Facts struct {
	Programme procedure.Programme
	Site      procedure.Site
	Operated  clock.Date
	Died      clock.Date // zero: lives
	Today     clock.Date
}

// Check names everything that cannot be, and completes scores and complications. The paths of
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
		told, wrong := p.Told(complication.Facts{Programme: x.Programme, Operated: x.Operated}, c.On)
		c.Complications[i] = told
		for _, w := range wrong {
			w.Path = fmt.Sprintf("complications.%d.%s", i, w.Path)
			f = append(f, w)
		}
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
