package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	files "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// entryWords says what an entry of the timeline is called; one function for each
// kind, so that a new source adds one line.
var entryWords = map[string]func(b Base, e care.TimelineEntry) Event{
	string(care.EntryRegistered): func(b Base, _ care.TimelineEntry) Event { return Event{Title: b.T("record.event.registered")} },
	string(care.EntryDeath):      func(b Base, _ care.TimelineEntry) Event { return Event{Title: b.T("record.event.died")} },
	string(care.EntryOpened): func(b Base, e care.TimelineEntry) Event {
		return Event{Title: b.T("record.event.opened", "programme", b.T(procedure.Programme(e.What).Label())), Note: e.Note, Href: "/cases/" + e.Case.String()}
	},
	string(care.EntryClosed): func(b Base, e care.TimelineEntry) Event {
		return Event{Title: b.T("record.event.closed"), Note: b.T(casefile.Closure(e.What).Label()), Href: "/cases/" + e.Case.String()}
	},
	string(care.EntryPlan): func(b Base, e care.TimelineEntry) Event {
		return Event{Title: b.T("case.second.planned"), Note: siteText(b, procedure.Site(e.Site), procedure.Side(e.Side)), Kind: "future", Href: "/cases/" + e.Case.String()}
	},
	string(care.EntryStep):      stepWords,
	string(care.EntryFollowUp):  followUpWords,
	string(care.EntryOperation): operationWords,
	string(care.EntryReferral): func(b Base, e care.TimelineEntry) Event {
		return Event{Title: b.T("referral.event." + e.What), Note: e.Note, Href: "/referrals/" + e.ID.String()}
	},
	string(care.EntryMoney): func(b Base, e care.TimelineEntry) Event {
		x := Event{Title: b.T("record.event."+e.What, "amount", b.Yuan(e.Amount)), Note: e.Note, Href: "/treatments/" + e.Treatment.String() + "/approval"}
		if e.What == "settled" {
			x.Href = "/treatments/" + e.Treatment.String() + "/settlement"
		}
		return x
	},
	string(care.EntryFile): func(b Base, e care.TimelineEntry) Event {
		return Event{Title: b.T("record.event.file", "kind", b.T(files.Kind(e.What).Label())), Note: e.Note, Href: "/attachments/" + e.ID.String()}
	},
}

func stepWords(b Base, e care.TimelineEntry) Event {
	x := Event{Title: b.T(treatment.Action(e.What).Label()), Note: e.Note, Href: "/treatments/" + e.Treatment.String()}
	if treatment.Action(e.What) == treatment.Register {
		x.Title = b.T("record.event.planned")
	}
	if e.Mark != "" {
		x.Title = b.T("care.marked", "what", x.Title, "mark", b.T(treatment.Mark(e.Mark).Label()))
	}
	return x
}

// followUpWords tell a contact: which appointment, of which joint or eye, and
// how it is known.
func followUpWords(b Base, e care.TimelineEntry) Event {
	step := b.T("followup.unscheduled")
	if e.Mark != "" {
		step = b.T(followup.Step(e.Mark).Label())
	}
	what := b.T("care.pair", "a", step, "b", siteText(b, procedure.Site(e.Site), procedure.Side(e.Side)))
	return Event{Title: b.T("followup.event", "what", what, "how", b.T(followup.Evidence(e.What).Label())), Note: e.Note, Href: caseFollowUps(e.Case.String())}
}

// operationWords: the amount of an operation says whether a visitor led it.
func operationWords(b Base, e care.TimelineEntry) Event {
	o := care.Operation{Procedure: procedure.Procedure{Kind: procedure.Kind(e.What), Site: procedure.Site(e.Site), Side: procedure.Side(e.Side)}}
	x := Event{Title: operationName(b, o), Note: e.Note, Kind: "operation", Href: "/operations/" + e.ID.String()}
	if e.Amount > 0 {
		x.Note = b.T("care.person", "name", e.Note, "who", b.T("operation.visiting"))
	}
	if slices.Contains(strings.Fields(e.Mark), procedure.MarkNeedsReview) {
		x.Title = b.T("care.marked", "what", x.Title, "mark", b.T("operation.review"))
	}
	return x
}

// timelineEvents puts the entries of a timeline into words.
func timelineEvents(b Base, list []care.TimelineEntry, at sides) []Event {
	var out []Event
	for _, e := range list {
		words, ok := entryWords[string(e.Kind)]
		if !ok {
			continue
		}
		x := words(b, e)
		x.Date, x.Side, x.Place = e.On.String(), at.of(e.Hospital), e.Place
		if x.Kind == "" {
			x.Kind = "event"
		}
		out = append(out, x)
	}
	return out
}

// timelineView is the page of the whole story.
type timelineView struct {
	Base
	Note   *Alert
	Events []Event
	Empty  Empty
}

func (s *Server) timelinePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	in := care.TimelineInput{Person: id}
	if text := r.URL.Query().Get("case"); text != "" {
		if in.Case, err = ident.Parse(text); err != nil {
			return errs.Missing("error.case.missing")
		}
	}
	v, err := s.d.Care.Timeline(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	b := s.careBase(c, "patients", c.P.T("record.timeline"), Link{Text: v.Name, Href: "/patients/" + id.String()})
	return s.d.Engine.Render(w, r, http.StatusOK, "care/timeline", newTimelineView(b, v))
}

func newTimelineView(b Base, v care.TimelineView) timelineView {
	b.Sub = b.T("care.person", "name", v.Name, "who", identity(b, v.Sex, v.Birth, v.Today))
	p := timelineView{Base: b, Events: timelineEvents(b, v.Entries, v.Sides), Empty: Empty{Title: b.T("record.timeline.none"), Text: b.T("record.timeline.none.text")}}
	if v.CaseNo != "" {
		p.Base.Sub = b.T("care.pair", "a", b.Sub, "b", v.CaseNo)
	}
	if v.Cut {
		p.Note = &Alert{Kind: "warn", Title: b.T("record.timeline.cut")}
	}
	return p
}
