package referral

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Purpose is what the patient is sent for.
type Purpose string

// The purposes.
const (
	ForSecondSide Purpose = "second_side" // the other joint or eye
	ForOperation  Purpose = "operation"
	ForTransfer   Purpose = "transfer" // in the middle of a stay
	ForOpinion    Purpose = "opinion"
	ForFollowUp   Purpose = "follow_up" // rehabilitation and follow-up near home
	ForTakeOver   Purpose = "take_over" // the receiver becomes the home of the case
)

// Purposes lists the purposes in the order of the form.
func Purposes() []Purpose {
	return []Purpose{ForSecondSide, ForOperation, ForTransfer, ForOpinion, ForFollowUp, ForTakeOver}
}

// Label is the message key of the purpose.
func (p Purpose) Label() string { return "referral.purpose." + string(p) }

// Urgency is how soon an answer is needed.
type Urgency string

// The urgencies.
const (
	Routine   Urgency = "routine"
	Urgent    Urgency = "urgent"
	Emergency Urgency = "emergency"
)

// Urgencies lists the urgencies.
func Urgencies() []Urgency { return []Urgency{Routine, Urgent, Emergency} }

// Label is the message key of the urgency.
func (u Urgency) Label() string { return "referral.urgency." + string(u) }

// Letter is what the sender tells the receiver before the case is open to it:
// enough to say yes or no, and nothing of money.
type Letter struct {
	Purpose   Purpose
	Urgency   Urgency
	Site      procedure.Site // where one joint or eye is meant
	Side      procedure.Side
	Summary   string // diagnosis and what was done so far
	Documents string // what goes with the patient: films, reports, copies
}

// Check names what is missing or too long in a letter.
func (l Letter) Check() error {
	var f errs.Fields
	if !slices.Contains(Purposes(), l.Purpose) {
		f.Add("purpose", "form.error.pick")
	}
	if !slices.Contains(Urgencies(), l.Urgency) {
		f.Add("urgency", "form.error.pick")
	}
	if l.Side != "" && !l.Side.Known() {
		f.Add("side", "form.error.choice")
	}
	if l.Purpose == ForSecondSide && !l.Side.Known() {
		f.Add("side", "error.procedure.side_missing")
	} else if l.Purpose == ForSecondSide && l.Site == "" {
		f.Add("site", "error.casefile.second_site")
	}
	return f.Err()
}

// Period is the days a case is open to a receiver, both included; no last day
// means until the referral ends.
type Period struct{ From, To clock.Date }

// Holds reports whether the case is open on a day.
func (p Period) Holds(day clock.Date) bool {
	return !p.From.After(day) && (p.To.IsZero() || !p.To.Before(day))
}

// LongestDays is the longest period one acceptance may open a case for. A longer
// need is a new referral: somebody has looked again.
const LongestDays = 366

// Check names what is wrong with the days of an acceptance. Only a join may stay
// open without a last day: it lasts as long as the treatment it asks for.
func (p Period) Check(kind Kind, today clock.Date) error {
	var f errs.Fields
	if p.From.IsZero() {
		f.Add("open_from", "form.error.missing")
	}
	switch {
	case p.To.IsZero() && kind == Refer:
		f.Add("open_to", "form.error.missing")
	case p.To.IsZero() || p.From.IsZero():
	case p.To.Before(p.From):
		f.Add("open_to", "error.referral.period")
	case p.To.Before(today):
		f.Add("open_to", "error.referral.period_past")
	case p.To.DaysSince(p.From) > LongestDays:
		f.Add("open_to", "error.referral.period_long", "max", LongestDays)
	}
	return f.Err()
}

// Clock is how many days each step of a referral of one urgency may take. The
// numbers are an agreement between the two sides, kept as data.
type Clock struct {
	Urgency    Urgency
	AnswerDays int // from sending to the answer; 0 is the same day
	OpenDays   int // proposed length of the period
	ReplyDays  int // from the end of the period to the reply
}

// Clocks are samples, used until an office has entered its own.
func Clocks() []Clock {
	return []Clock{{Routine, 3, 90, 7}, {Urgent, 1, 30, 3}, {Emergency, 0, 14, 1}}
}

// ClockOf finds the clock of an urgency in a list, or the sample.
func ClockOf(list []Clock, u Urgency) Clock {
	for _, c := range append(slices.Clone(list), Clocks()...) {
		if c.Urgency == u {
			return c
		}
	}
	return ClockOf(list, Routine)
}

// Check names what is out of range in a clock.
func (c Clock) Check() error {
	var f errs.Fields
	for path, x := range map[string][3]int{"answer_days": {c.AnswerDays, 0, 60}, "open_days": {c.OpenDays, 1, LongestDays}, "reply_days": {c.ReplyDays, 0, 90}} {
		if x[0] < x[1] || x[0] > x[2] {
			f.Add(path, "form.error.between", "low", x[1], "high", x[2])
		}
	}
	if !slices.Contains(Urgencies(), c.Urgency) {
		f.Add("urgency", "form.error.choice")
	}
	return f.Err()
}

// Due is when the next step of a referral is expected, counted from a day.
func (c Clock) Due(r Referral, day clock.Date) clock.Date {
	switch r.State {
	case Sent:
		return day.AddDays(c.AnswerDays)
	case Accepted:
		if !r.Open.To.IsZero() {
			return r.Open.To.AddDays(c.ReplyDays)
		}
	}
	return clock.Date{}
}
