package patient

import (
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Person is identity only: one per human and partnership. What hospitals know
// about the human beyond that is in their registrations.
type Person struct {
	ID             ident.ID
	RootID         ident.ID // the person this one was merged into; Nil when not merged
	Name           string
	Sex            Sex
	Birth          clock.Date
	BirthEstimated bool   // known as an age or a year only
	Ethnicity      string // code of GB/T 3304, or empty
	RegionCode     string // household registration, six digits, or empty
	DeceasedOn     clock.Date
	Version        int
}

// Root is the id under which the person is counted.
func (p Person) Root() ident.ID {
	if p.RootID != ident.Nil {
		return p.RootID
	}
	return p.ID
}

// LogValue is the id: names never reach a log.
func (p Person) LogValue() slog.Value { return slog.StringValue(p.ID.String()) }

// Normalise brings the typed fields to the form that is stored.
func (p Person) Normalise() Person {
	p.Name = NormaliseName(p.Name)
	p.RegionCode = strings.TrimSpace(p.RegionCode)
	if e, ok := terminology.ParseEthnicity(p.Ethnicity); ok {
		p.Ethnicity = e.Code
	}
	return p
}

// FillFrom takes over what the identity document says wherever nothing was
// typed. What was typed stays: see [CheckAgainst].
func (p Person) FillFrom(d Parsed) Person {
	if !p.Sex.Known() {
		p.Sex = d.Sex
	}
	if p.Birth.IsZero() {
		p.Birth = d.Birth
	}
	if p.RegionCode == "" {
		p.RegionCode = d.RegionCode
	}
	return p
}

// Validate names every wrong field by its form name.
func (p Person) Validate(today clock.Date) (wrong errs.Fields) {
	if _, _, err := ParseName(p.Name); err != nil {
		_ = wrong.Merge("name", err) // ParseName returns input errors only
	}
	if !p.Sex.Known() {
		wrong.Add("sex", "error.sex")
	}
	switch {
	case p.Birth.IsZero():
		wrong.Add("birth", "error.birth.required")
	case p.Birth.After(today):
		wrong.Add("birth", "error.birth.future")
	case p.Birth.AgeOn(today) > MaxAge:
		wrong.Add("birth", "error.birth.too_early", "n", MaxAge)
	}
	if !p.DeceasedOn.IsZero() {
		switch {
		case p.DeceasedOn.After(today):
			wrong.Add("deceased_on", "error.deceased.future")
		case p.DeceasedOn.Before(p.Birth) && !p.Birth.IsZero():
			wrong.Add("deceased_on", "error.deceased.before_birth")
		}
	}
	if p.Ethnicity != "" {
		if _, ok := terminology.ParseEthnicity(p.Ethnicity); !ok {
			wrong.Add("ethnicity", "error.ethnicity")
		}
	}
	if p.RegionCode != "" && (len(p.RegionCode) != 6 || strings.Trim(p.RegionCode, "0123456789") != "") {
		wrong.Add("region", "error.region")
	}
	return wrong
}

// Warnings names what is unusual about the typed fields and refuses nothing.
func (p Person) Warnings() (warnings errs.Fields) {
	_, found, _ := ParseName(p.Name)
	for _, w := range found {
		warnings.Add("name", w.Key)
	}
	return warnings
}

// CheckAgainst compares what was typed with what the identity number says. A
// difference is a warning, since cards and household books do disagree, but it
// needs a reason; without one, wrong names the box.
func CheckAgainst(p Person, d Parsed, reason string) (warnings, wrong errs.Fields) {
	if d.Sex.Known() && p.Sex.Known() && p.Sex != d.Sex {
		warnings.Add("sex", "warn.sex.differs_from_number", "sex", errs.Key(d.Sex.Key()))
	}
	if !d.Birth.IsZero() && !p.Birth.IsZero() && !p.BirthEstimated && p.Birth != d.Birth {
		warnings.Add("birth", "warn.birth.differs_from_number", "date", d.Birth)
	}
	if len(warnings) > 0 && strings.TrimSpace(reason) == "" {
		wrong.Add("mismatch_reason", "error.mismatch_reason.required")
	}
	return warnings, wrong
}

// tooLong notes a text that is longer than its box.
func tooLong(wrong *errs.Fields, path, text string, limit int) {
	if utf8.RuneCountInString(text) > limit {
		wrong.Add(path, "error.text.too_long", "n", limit)
	} else if hasHidden(strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(text)) {
		wrong.Add(path, "error.text.hidden")
	}
}
