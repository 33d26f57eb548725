package patient

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// DeathSource is how a hospital knows that a person died.
type DeathSource string

// The sources, the surest first.
const (
	DeathInHospital DeathSource = "hospital" // the own record of the death
	DeathRegistry   DeathSource = "registry" // cancelled in the population or civil register
	DeathOther      DeathSource = "other_hospital"
	DeathVillage    DeathSource = "village" // village doctor or committee
	DeathFamily     DeathSource = "family"
)

// DeathSources lists the sources in the order of the form.
func DeathSources() []DeathSource {
	return []DeathSource{DeathInHospital, DeathRegistry, DeathOther, DeathVillage, DeathFamily}
}

// Label is the message key of the source's name.
func (s DeathSource) Label() string { return "patient.death.source." + string(s) }

// DeathState is where a report of a death stands.
type DeathState string

// The states. A reported death counts at once: nobody calls a family about a
// follow-up while two hospitals compare notes.
const (
	DeathReported  DeathState = "reported" // waits for the second hospital
	DeathConfirmed DeathState = "confirmed"
	DeathUndone    DeathState = "undone" // it was a mistake
)

// DeathStates lists the states.
func DeathStates() []DeathState { return []DeathState{DeathReported, DeathConfirmed, DeathUndone} }

// Label is the message key of the state's name.
func (s DeathState) Label() string { return "patient.death.state." + string(s) }

// Death is a report that a person died.
type Death struct {
	On     clock.Date
	Source DeathSource
	Note   string
}

// Check names what cannot be: a day in the future, before the birth, or before
// something that was done to the living person.
func (d Death) Check(birth, lastDone, today clock.Date) error {
	var f errs.Fields
	switch {
	case d.On.IsZero():
		f.Add("died_on", "form.error.missing")
	case d.On.After(today):
		f.Add("died_on", "error.deceased.future")
	case !birth.IsZero() && d.On.Before(birth):
		f.Add("died_on", "error.care.before_birth", "date", birth)
	case !lastDone.IsZero() && d.On.Before(lastDone):
		f.Add("died_on", "error.death.before_operation", "date", lastDone)
	}
	if !slices.Contains(DeathSources(), d.Source) {
		f.Add("source", "form.error.pick")
	}
	return f.Err()
}
