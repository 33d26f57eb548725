package notice

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// ObjectionState is where an objection stands.
type ObjectionState string

// The states.
const (
	Received  ObjectionState = "received"
	Upheld    ObjectionState = "upheld" // a person decides about the approval again
	Dismissed ObjectionState = "dismissed"
)

// ObjectionStates lists the states.
func ObjectionStates() []ObjectionState { return []ObjectionState{Received, Upheld, Dismissed} }

// Label is the message key of the state.
func (s ObjectionState) Label() string { return "notice.objection." + string(s) }

// Channel is how an objection came.
type Channel string

// The channels.
const (
	FromPublic Channel = "public" // by the page everybody can read
	ByStaff    Channel = "staff"  // written down for somebody who called or came
)

// Channels lists the channels.
func Channels() []Channel { return []Channel{FromPublic, ByStaff} }

// Label is the message key of the channel.
func (c Channel) Label() string { return "notice.channel." + string(c) }

// Objection is what somebody said against a notice. Name and contact are the
// speaker's own and may be empty.
type Objection struct {
	State    ObjectionState
	Channel  Channel
	Name     string
	Contact  string
	Text     string
	DueOn    clock.Date
	Taker    ident.ID // who wrote it down; the system for the public
	Answerer ident.ID
	Opinion  string
}

// longest inputs of strangers, in characters.
const (
	maxName    = 40
	maxContact = 80
	maxText    = 1000
)

// Take makes a received objection of what was said.
func (o Objection) Take(today clock.Date, days int) (Objection, error) {
	o.Name, o.Contact, o.Text = strings.TrimSpace(o.Name), strings.TrimSpace(o.Contact), strings.TrimSpace(o.Text)
	var f errs.Fields
	long := func(path, text string, limit int) {
		if len([]rune(text)) > limit {
			f.Add(path, "form.error.long", "max", limit)
		}
	}
	long("name", o.Name, maxName)
	long("contact", o.Contact, maxContact)
	long("text", o.Text, maxText)
	if o.Text == "" {
		f.Add("text", "form.error.missing")
	}
	if !slices.Contains(Channels(), o.Channel) {
		f.Add("channel", "form.error.choice")
	}
	o.State, o.DueOn = Received, today.AddDays(days)
	return o, f.Err()
}

// Answer closes an objection with a reason. Who wrote it down does not answer it.
func (o Objection) Answer(to ObjectionState, by ident.ID, opinion string) (Objection, error) {
	switch {
	case o.State != Received:
		return o, errs.Refuse("notice.answered", "error.notice.answered", errs.Args{"state": errs.Key(o.State.Label())}, "fund.remedy.reload")
	case by == o.Taker:
		return o, errs.Refuse("notice.second_person", "error.notice.own_objection", nil, "notice.remedy.second_person")
	}
	opinion = strings.TrimSpace(opinion)
	var f errs.Fields
	if to != Upheld && to != Dismissed {
		f.Add("decision", "form.error.choice")
	}
	switch n := len([]rune(opinion)); {
	case n == 0:
		f.Add("opinion", "form.error.missing")
	case n > maxText:
		f.Add("opinion", "form.error.long", "max", maxText)
	}
	if err := f.Err(); err != nil {
		return o, err
	}
	o.State, o.Answerer, o.Opinion = to, by, opinion
	return o, nil
}

// Overdue reports whether the answer should have come.
func (o Objection) Overdue(today clock.Date) bool { return o.State == Received && today.After(o.DueOn) }
