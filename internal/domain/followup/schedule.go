// Package followup is what happens after an operation: when a patient should be
// seen again, what was found, and why somebody is not on the list any more.
//
// The windows of schedule.go are the house's own design: they keep reminders
// and completeness comparable between hospitals and are no official standard.
// They are data: a partnership puts editions of its own in force from a day on
// (edition.go). An appointment stores the window and the edition it was made
// with, so that a changed table moves nothing that was agreed before.
//
// The unit is the joint, the eye, the coronary session: each operation has its
// own appointments. A contact counts on the day it took place, whenever it was
// entered.
package followup

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

// Step is the place of an appointment in its schedule.
type Step string

// The steps: days, weeks, months and years after the operation.
const (
	Day1  Step = "d1"
	Week1 Step = "w1"
	Week6 Step = "w6"
	Day30 Step = "d30"
	Mon3  Step = "m3"
	Mon6  Step = "m6"
	Mon12 Step = "m12"
)

// Label is the message key of the step's name.
func (s Step) Label() string { return "followup.step." + string(s) }

// Want is evidence an appointment asks for.
type Want string

// What can be asked for.
const (
	Wound      Want = "wound"
	XRay       Want = "xray"
	Motion     Want = "motion" // range of motion
	Score      Want = "score"  // a function score, with pain and satisfaction
	Acuity     Want = "acuity"
	Refraction Want = "refraction"
	Pressure   Want = "pressure"
	Symptoms   Want = "symptoms" // angina and heart failure class
	Events     Want = "events"   // heart attack, stroke, bleeding, another intervention
	Drugs      Want = "drugs"
	Revision   Want = "revision" // whether the joint was operated again
)

// Wants lists what can be asked for.
func Wants() []Want {
	return []Want{Wound, XRay, Motion, Score, Acuity, Refraction, Pressure, Symptoms, Events, Drugs, Revision}
}

// Label is the message key of the name.
func (w Want) Label() string { return "followup.want." + string(w) }

// Window is one appointment of a schedule, in days after the operation: the day
// it is due, and the first and last day on which a contact counts for it.
type Window struct {
	Step          Step
	Due, From, To int
	Wants         []Want
}

// plan is the schedule of the kinds of one group.
type plan struct {
	group   Group
	of      func(procedure.Kind) bool
	windows []Window
}

// plans is the table, the narrower groups first: a kind has the first that fits.
func plans() []plan {
	return []plan{
		{Explants, procedure.Kind.Explant, []Window{
			{Week6, 42, 28, 70, []Want{Wound, XRay}},
			{Mon3, 90, 71, 135, []Want{Wound, Revision}}}},
		{Joints, isOf(procedure.Joint), append([]Window{
			{Week6, 42, 28, 70, []Want{Wound, XRay, Motion}},
			{Mon3, 90, 71, 135, []Want{Score}},
			{Mon6, 180, 136, 270, []Want{Score}},
			{Mon12, 365, 271, 547, []Want{Score, XRay}}}, years()...)},
		{Cataracts, isOf(procedure.Cataract), []Window{
			{Day1, 1, 1, 3, []Want{Wound, Acuity, Pressure}},
			{Week1, 7, 5, 14, []Want{Acuity, Pressure}},
			{Week6, 42, 28, 56, []Want{Acuity, Refraction}},
			{Mon3, 90, 71, 135, []Want{Acuity}}}},
		{Angiographies, func(k procedure.Kind) bool { return k == procedure.CAG }, []Window{
			{Day30, 30, 25, 45, []Want{Wound, Symptoms}}}},
		{Interventions, isOf(procedure.Coronary), []Window{
			{Day30, 30, 25, 45, []Want{Events, Symptoms, Drugs}},
			{Mon6, 180, 136, 270, []Want{Events, Symptoms, Drugs}},
			{Mon12, 365, 335, 455, []Want{Events, Symptoms, Drugs}}}},
	}
}

func isOf(p procedure.Programme) func(procedure.Kind) bool {
	return func(k procedure.Kind) bool { return k.Programme() == p }
}

// years are the yearly checks of a joint; X-rays are due after 2, 5 and 10 years.
func years() []Window {
	var out []Window
	for n := 2; n <= 10; n++ {
		wants := []Want{Revision}
		if n == 2 || n == 5 || n == 10 {
			wants = append(wants, XRay)
		}
		out = append(out, Window{Step: "y" + Step(digits(n)), Due: 365 * n, From: 365*n - 180, To: 365*n + 180, Wants: wants})
	}
	// The window of the twelfth month ends on day 547: a contact counts once.
	out[0].From = 548
	return out
}

func digits(n int) string {
	if n < 10 {
		return string(rune('0' + n)) // #nosec G115 -- one digit
	}
	return digits(n/10) + digits(n%10)
}

// Schedule is the windows the house ships for a kind of operation, by day; none
// for a kind that is not known.
func Schedule(k procedure.Kind) []Window { return Usual(GroupOf(k)) }

// Steps lists every step of every schedule, each once, by day.
func Steps() []Step {
	var all []Window
	for _, p := range plans() {
		all = append(all, p.windows...)
	}
	slices.SortStableFunc(all, func(a, b Window) int { return a.Due - b.Due })
	var out []Step
	for _, w := range all {
		if !slices.Contains(out, w.Step) {
			out = append(out, w.Step)
		}
	}
	return out
}

// WantsOf is what an appointment of a kind asks for.
func WantsOf(k procedure.Kind, s Step) []Want {
	for _, w := range Schedule(k) {
		if w.Step == s {
			return w.Wants
		}
	}
	return nil
}

// On is the appointment the window makes for an operation of that day.
func (w Window) On(operated clock.Date) Appointment {
	return Appointment{Step: w.Step, Due: operated.AddDays(w.Due), From: operated.AddDays(w.From), To: operated.AddDays(w.To), Status: Open}
}
