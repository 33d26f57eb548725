package webui

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/errs"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// joinsView is the requests between hospitals about cases.
type joinsView struct {
	Base
	Waiting []joinCard
	Empty   Empty
	Tables  []Table
}

// joinCard is one request to be answered.
type joinCard struct {
	Title  string
	Facts  []Def
	Form   *Form
	Accept Button
	Reject Button
}

func (s *Server) joinsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Care.Joins(r.Context(), c.Who)
	if err != nil {
		return err
	}
	b := s.careBase(c, "cases", c.P.T("join.title"))
	b.Sub = b.T("join.sub", "n", len(v.Waiting))
	return s.d.Engine.Render(w, r, http.StatusOK, "care/joins", newJoinsView(b, v, c.Today))
}

func newJoinsView(b Base, v care.JoinsView, today clock.Date) joinsView {
	p := joinsView{Base: b, Empty: Empty{Title: b.T("join.none"), Text: b.T("join.none.text")}}
	for _, r := range v.Waiting {
		card := joinCard{Title: b.T("join.asks", "hospital", r.JoinerName, "programme", b.T(r.Programme.Label())),
			Facts: []Def{{Label: b.T("case.patient"), Text: b.T("care.person", "name", r.PersonName, "who", identity(b, r.Sex, r.Birth, today)), Href: "/cases/" + r.Case.String()},
				{Label: b.T("case.no"), Text: r.CaseNo}, {Label: b.T("join.from"), HTML: b.Place(sides(v.Sides).of(r.Joiner), r.JoinerName)},
				{Label: b.T("join.by"), Text: r.AskedBy}, {Label: b.T("join.on"), Text: b.Day(r.SentOn)}, {Label: b.T("join.reason"), Text: r.Reason}}}
		if v.CanAnswer {
			card.Form = answerForm(b, today, r, referral.Accept)
			card.Accept = Button{Text: b.T("join.accept"), Kind: "primary"}
			card.Reject = Button{Text: b.T("join.reject"), Href: "/joins/" + r.ID.String() + "/reject"}
		}
		p.Waiting = append(p.Waiting, card)
	}
	for _, x := range []struct {
		key  string
		list []care.Referral
		ours bool
	}{{"join.emergency", v.Emergency, false}, {"join.sent", v.Sent, true}, {"join.answered", v.Answered, true}} {
		if len(x.list) > 0 {
			p.Tables = append(p.Tables, joinTable(b, b.T(x.key), x.list, v, x.ours))
		}
	}
	return p
}

// joinTable lists requests; an asker who was not accepted sees no case behind it.
func joinTable(b Base, caption string, list []care.Referral, v care.JoinsView, ours bool) Table {
	t := Table{Caption: caption, Columns: []Column{{Key: "case.patient", Class: "grow"}, {Key: "join.hospital"}, {Key: "join.reason"}, {Key: "join.state"},
		{Key: "join.reply"}, {Key: "join.on"}, {Key: "care.action", Hidden: true}}}
	for _, r := range list {
		who, place, id := TextCell(r.PersonName), r.JoinerName, r.Joiner
		if ours {
			place, id = r.HomeName, r.Home
		}
		if r.PersonName == "" {
			who.Text = b.T("join.hidden")
		} else {
			who.Href, who.Sub = "/cases/"+r.Case.String(), r.CaseNo
		}
		row := Cells(who, spot(sides(v.Sides).of(id), place), TextCell(r.Reason), Cell{Tag: &Tag{Text: b.T(r.State.Label()), Kind: joinKind(r.State)}},
			TextCell(r.Reply), DateCell(r.SentOn), TextCell(""))
		t.Rows = append(t.Rows, row)
	}
	return t
}

func answerForm(b Base, today clock.Date, r care.Referral, action referral.Action, fields ...Field) *Form {
	f := keyed(NewForm(b, today, fields...))
	f.ID, f.Action = "join-"+r.ID.String(), "/joins/"+r.ID.String()+"/"+string(action)
	f.Hide("version", version(r.Version))
	return f
}

// rejection prepares the form that asks why a request is rejected.
func (s *Server) rejection(r *http.Request, c *Call) (careForm, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, err
	}
	v, err := s.d.Care.Joins(r.Context(), c.Who)
	if err != nil {
		return careForm{}, err
	}
	i := slices.IndexFunc(v.Waiting, func(x care.Referral) bool { return x.ID == id })
	if i < 0 {
		return careForm{}, errs.Missing("error.referral.missing")
	}
	x := v.Waiting[i]
	b := s.careBase(c, "cases", c.P.T("join.reject"), Link{Text: c.P.T("join.title"), Href: "/joins"})
	b.Sub = b.T("join.asks", "hospital", x.JoinerName, "programme", b.T(x.Programme.Label()))
	f := answerForm(b, c.Today, x, referral.Reject, Field{Name: "reason", LabelKey: "join.reply", HintKey: "join.reply.hint", Kind: KindArea, Rows: 3, Max: 500, Focus: true})
	return careForm{Base: b, Form: f}, nil
}

func (s *Server) rejectJoinPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.rejection(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("join.reject"), Kind: "danger"}, "/joins")
}

func (s *Server) answerJoin(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	action := referral.Action(chi.URLParam(r, "action"))
	if !slices.Contains(referral.Actions(), action) {
		return errs.Missing("error.not_found")
	}
	f := NewForm(c.Base, c.Today, Field{Name: "reason", LabelKey: "join.reply", Optional: true, Max: 500})
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.AnswerInput{Referral: id, Version: f.Version(), Action: action, Reply: f.Text("reason")}
	answered, err := s.d.Care.AnswerJoin(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
	if err != nil {
		if action != referral.Reject || !errs.Is(err, errs.Invalid) {
			return err
		}
		p, e := s.rejection(r, c)
		if e != nil {
			return e
		}
		if e := p.Form.Read(r); e != nil {
			return e
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
		return s.showCareForm(w, r, p, Button{Text: p.T("join.reject"), Kind: "danger"}, "/joins")
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("join.done." + string(answered.State))})
	return seeOther(w, r, "/joins")
}
