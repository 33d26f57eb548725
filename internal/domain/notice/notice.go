// Package notice is about the public notice (公示) of reductions: who stands in
// it, how little it says of each, and what becomes of an objection.
//
// A notice follows approvals and is a condition of nothing: no admission, no
// operation and no payment waits for it, an emergency least of all. Who does not
// want to be named stays out and keeps the reduction. What is published is a
// masked name, the district, the class of disease and a band of the amount; the
// township only while enough people of the same notice share it. An upheld
// objection asks a person to decide again; by itself it changes no promise.
package notice

import (
	"cmp"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Publication is the patient's answer to being named in a notice.
type Publication string

// The answers; the empty one was not asked for yet.
const (
	NotAsked Publication = ""
	Given    Publication = "given"
	Refused  Publication = "refused"
	Revoked  Publication = "revoked" // given first, taken back later
)

// Publications lists the answers a form can record.
func Publications() []Publication { return []Publication{Given, Refused, Revoked} }

// Label is the message key of the answer.
func (p Publication) Label() string {
	if p == NotAsked {
		return "notice.publication.not_asked"
	}
	return "notice.publication." + string(p)
}

// Answer records an answer after an earlier one. Only what was given can be
// taken back; everything else may be said at any time.
func (p Publication) Answer(next Publication) (Publication, error) {
	var f errs.Fields
	switch {
	case !slices.Contains(Publications(), next):
		f.Add("publication", "form.error.choice")
	case next == Revoked && p != Given:
		f.Add("publication", "error.notice.nothing_given")
	}
	if err := f.Err(); err != nil {
		return p, err
	}
	return next, nil
}

// Why is the reason for which somebody is not in a notice. The office reads how
// many there are of each, nobody reads who.
type Why string

// The reasons.
const (
	WhyNotAsked Why = "not_asked"
	WhyRefused  Why = "refused" // or taken back
	WhyLapsed   Why = "lapsed"  // a person has to decide about the approval first
	WhyCell     Why = "cell"    // too few people of the class in the notice
)

// Whys lists the reasons in the order in which they are counted.
func Whys() []Why { return []Why{WhyNotAsked, WhyRefused, WhyLapsed, WhyCell} }

// Label is the message key of the reason.
func (w Why) Label() string { return "notice.why." + string(w) }

// Candidate is an approved reduction that could stand in a notice.
type Candidate struct {
	Approval    ident.ID
	Person      ident.ID // the root of merged records: people are counted, not papers
	Name        string
	Township    string
	Programme   procedure.Programme
	Amount      money.Fen
	Publication Publication
	Lapsed      bool
}

// Entry is one line of a notice. Township is what the record says; [Shown]
// decides whether it may be read.
type Entry struct {
	No        int
	Approval  ident.ID
	Person    ident.ID
	Masked    string
	Township  string
	Programme procedure.Programme
	Band      int // index into the bands of the notice
}

// Draw makes the entries of a notice. Whoever is left out is counted by reason.
func Draw(list []Candidate, cell int, bands Bands) (in []Entry, out map[Why]int) {
	out = map[Why]int{}
	for _, c := range list {
		switch {
		case c.Publication == NotAsked:
			out[WhyNotAsked]++
		case c.Publication != Given:
			out[WhyRefused]++
		case c.Lapsed:
			out[WhyLapsed]++
		default:
			in = append(in, Entry{Approval: c.Approval, Person: c.Person, Masked: patient.MaskName(c.Name), Township: c.Township, Programme: c.Programme, Band: bands.Of(c.Amount)})
		}
	}
	people := classes(in)
	in = slices.DeleteFunc(in, func(e Entry) bool {
		few := len(people[e.Programme]) < cell
		if few {
			out[WhyCell]++
		}
		return few
	})
	// The order says nothing about when or where somebody was treated.
	slices.SortFunc(in, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Programme, b.Programme), cmp.Compare(a.Masked, b.Masked), cmp.Compare(a.Band, b.Band), cmp.Compare(a.Approval.String(), b.Approval.String()))
	})
	for i := range in {
		in[i].No = i + 1
	}
	return in, out
}

// Shown is what may be read of the entries that still stand. It is applied at
// each reading: when somebody leaves, those who stay must not become known by it,
// so a township whose cell became small is blanked, and a class that became small
// is not shown at all.
func Shown(live []Entry, cell int) []Entry {
	type place struct {
		programme procedure.Programme
		township  string
	}
	of := classes(live)
	at := map[place]map[ident.ID]bool{}
	for _, e := range live {
		p := place{e.Programme, e.Township}
		if at[p] == nil {
			at[p] = map[ident.ID]bool{}
		}
		at[p][e.Person] = true
	}
	var out []Entry
	for _, e := range live {
		if len(of[e.Programme]) < cell {
			continue
		}
		if len(at[place{e.Programme, e.Township}]) < cell {
			e.Township = ""
		}
		out = append(out, e)
	}
	return out
}

func classes(list []Entry) map[procedure.Programme]map[ident.ID]bool {
	out := map[procedure.Programme]map[ident.ID]bool{}
	for _, e := range list {
		if out[e.Programme] == nil {
			out[e.Programme] = map[ident.ID]bool{}
		}
		out[e.Programme][e.Person] = true
	}
	return out
}

// State is where a notice stands.
type State string

// The states.
const (
	Draft     State = "draft"
	Published State = "published"
	Closed    State = "closed"
	Discarded State = "discarded" // a draft that was thrown away
)

// States lists the states.
func States() []State { return []State{Draft, Published, Closed, Discarded} }

// Label is the message key of the state.
func (s State) Label() string { return "notice.state." + string(s) }

// Step is what the office does with a notice.
type Step string

// The steps.
const (
	Publish Step = "publish"
	Close   Step = "close"
	Discard Step = "discard"
)

// Steps lists the steps.
func Steps() []Step { return []Step{Publish, Close, Discard} }

// Label is the message key of the step, as a verb.
func (s Step) Label() string { return "notice.step." + string(s) }

// Notice is a batch of reductions that is, was or will be public.
type Notice struct {
	Title     string
	From, To  clock.Date // approvals decided on these days
	State     State
	Cell      int // fewest people of a class, and of a township, that are shown
	Days      int // for objections
	Bands     Bands
	District  string
	Office    string // where to object besides the page
	LeftOut   map[Why]int
	Maker     ident.ID
	Publisher ident.ID

	PublishedOn, UntilOn, ClosedOn clock.Date
}

// Check names what is wrong with a notice that is to be drawn up.
func (n Notice) Check(today clock.Date) error {
	var f errs.Fields
	switch {
	case n.Title == "":
		f.Add("title", "form.error.missing")
	case len([]rune(n.Title)) > maxTitle:
		f.Add("title", "form.error.long", "max", maxTitle)
	}
	switch {
	case n.From.IsZero():
		f.Add("from", "form.error.missing")
	case n.To.IsZero():
		f.Add("to", "form.error.missing")
	case n.To.Before(n.From):
		f.Add("to", "error.notice.order")
	case n.To.After(today):
		f.Add("to", "error.notice.future")
	}
	return f.Err()
}

const maxTitle = 60

// Do takes a step. Publishing is for somebody who did not draw the notice up;
// closing waits until the days for objections are over.
func (n Notice) Do(s Step, by ident.ID, today clock.Date) (Notice, error) {
	want := map[Step]State{Publish: Draft, Discard: Draft, Close: Published}[s]
	if n.State != want {
		return n, errs.Refuse("notice.order", "error.notice.state", errs.Args{"state": errs.Key(n.State.Label())}, "fund.remedy.reload")
	}
	switch s {
	case Publish:
		if by == n.Maker {
			return n, errs.Refuse("notice.second_person", "error.notice.own", nil, "notice.remedy.second_person")
		}
		if n.Office == "" {
			return n, errs.Refuse("notice.office", "error.notice.office", nil, "notice.remedy.office")
		}
		n.State, n.Publisher, n.PublishedOn, n.UntilOn = Published, by, today, today.AddDays(n.Days)
	case Close:
		if !today.After(n.UntilOn) {
			return n, errs.Refuse("notice.period", "error.notice.period", errs.Args{"until": n.UntilOn}, "notice.remedy.wait")
		}
		n.State, n.ClosedOn = Closed, today
	case Discard:
		n.State = Discarded
	}
	return n, nil
}

// Public reports whether everybody may read the notice today.
func (n Notice) Public(today clock.Date) bool {
	return n.State == Published && !today.After(n.UntilOn)
}
