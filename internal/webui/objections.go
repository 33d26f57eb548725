package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
)

func objectionTag(b Base, s notice.ObjectionState) Tag {
	return Tag{Text: b.T(s.Label()), Kind: map[notice.ObjectionState]string{notice.Received: "warn", notice.Upheld: "error"}[s]}
}

// lineText says what an objection is against.
func lineText(b Base, no int) string {
	if no == 0 {
		return b.T("notice.object.whole")
	}
	return b.T("notice.object.line", "no", no)
}

func newObjectionsView(b Base, list page.Result[public.Objection], today clock.Date, all bool) noticeView {
	b.Title, b.Sub = b.T("notice.objections"), b.T("notice.objections.sub")
	b.Crumbs = []Link{{Text: b.T("notice.list"), Href: "/public-notices"}, {Text: b.Title}}
	b.Tabs = noticeTabs(b, "objections")
	b.Actions = []Button{{Text: b.T("notice.object.for"), Icon: "plus", Href: "/objections/new"}}
	t := Table{Caption: b.T("notice.objections.waiting"), Columns: []Column{{Key: "notice.receipt"}, {Key: "notice.title"}, {Key: "notice.against"}, {Key: "notice.object.text", Class: "grow"},
		{Key: "notice.state"}, {Key: "notice.received"}, {Key: "notice.due"}}, Empty: Empty{Title: b.T("notice.objections.empty"), Text: b.T("notice.objections.empty.text")},
		Tabs: []Tab{{Text: b.T("notice.objections.waiting"), Href: "/objections", Current: !all}, {Text: b.T("notice.objections.all"), Href: "/objections?all=1", Current: all}}}
	for _, o := range list.Rows {
		tag := objectionTag(b, o.State)
		due := DateCell(o.DueOn)
		if o.Overdue(today) {
			due.Sub = b.T("funding.appeal.late")
		}
		t.Rows = append(t.Rows, Cells(LinkCell(o.Receipt, "/objections/"+o.ID.String()), TextCell(o.Title), TextCell(lineText(b, o.No)), TextCell(o.Text), Cell{Tag: &tag},
			Cell{Text: instant(o.CreatedAt), Nowrap: true}, due))
	}
	return noticeView{Base: b, Tables: []Table{t}}
}

func (s *Server) objectionsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	all := r.URL.Query().Get("all") != ""
	list, err := s.d.Notices.Objections(r.Context(), c.Who, !all, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "approvals")
	v := newObjectionsView(c.Base, list, c.Today, all)
	v.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.showNotice(w, r, v)
}

func newObjectForForm(b Base, today clock.Date, list []public.Notice) careForm {
	b.Title = b.T("notice.object.for")
	var options []Option
	for _, n := range list {
		options = append(options, Option{Value: n.ID.String(), Text: n.Title, Sub: n.District})
	}
	f := keyed(NewForm(b, today, append([]Field{{Name: "notice", LabelKey: "notice.title", Kind: KindSelect, Options: options, Focus: true, Blank: "form.pick"}}, objectFields(false)...)...))
	f.Action = "/objections"
	p := careForm{Base: b, Form: f}
	if len(list) == 0 {
		p.Alerts = []Alert{{Kind: "warn", Title: b.T("notice.public.empty"), Text: b.T("notice.public.empty.text")}}
	}
	return p
}

func (s *Server) newObjectFor(r *http.Request, c *Call) (careForm, error) {
	list, err := s.d.Notices.Published(r.Context())
	s.section(c, "approvals")
	return newObjectForForm(c.Base, c.Today, list), err
}

func (s *Server) objectForPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.newObjectFor(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("notice.object.send")}, "/approvals")
}

func (s *Server) postObjectFor(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.newObjectFor(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := said(f)
	in.Notice = f.IDOf("notice")
	if f.OK() {
		taken, err := s.d.Notices.ObjectFor(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("notice.taken.no", "receipt", taken.Receipt)})
			return seeOther(w, r, "/approvals")
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("notice.object.send")}, "/approvals")
}

func newObjectionView(b Base, today clock.Date, v public.ObjectionView) noticeView {
	b.Title = b.T("notice.objection.title", "receipt", v.Receipt)
	b.Crumbs = []Link{{Text: b.T("notice.objections"), Href: "/objections"}, {Text: v.Receipt}}
	tag := objectionTag(b, v.State)
	b.Badge = &tag
	p := noticeView{Base: b, Defs: []Def{{Label: b.T("notice.title"), Text: v.Title, Href: "/public-notices/" + v.Notice.String()}, {Label: b.T("notice.against"), Text: lineText(b, v.No)},
		{Label: b.T("notice.object.text"), Text: v.Text}, {Label: b.T("notice.object.name"), Text: orDash(v.Name)}, {Label: b.T("notice.object.contact"), Text: orDash(v.Contact)},
		{Label: b.T("notice.channel"), Text: b.T(v.Channel.Label())}, {Label: b.T("notice.received"), Text: instant(v.CreatedAt)}, {Label: b.T("notice.due"), Text: v.DueOn.String()}}}
	if v.About.ID != ident.Nil {
		p.Defs = append(p.Defs, Def{Label: b.T("notice.about"), Text: b.T("notice.about.open", "no", v.About.CaseNo, "state", b.T(v.About.State.Label())), Href: "/approvals/" + v.About.ID.String()})
	}
	if v.Opinion != "" {
		p.Defs = append(p.Defs, Def{Label: b.T("notice.answer"), Text: v.Opinion}, Def{Label: b.T("notice.answered"), Text: v.Answered + " " + instant(v.AnsweredAt)})
	}
	if !v.MayAnswer {
		if v.State == notice.Received {
			p.Alerts = []Alert{{Kind: "warn", Title: b.T("notice.own"), Text: b.T("notice.own.text")}}
		}
		return p
	}
	p.Form = keyed(NewForm(b, today, Field{Name: "decision", LabelKey: "notice.decision", Kind: KindRadio, Options: optionsOf(notice.Upheld, notice.Dismissed)},
		Field{Name: "opinion", LabelKey: "notice.answer", HintKey: "notice.answer.hint", Kind: KindArea, Rows: 3, Max: 1000})).Hide("version", strconv.FormatInt(v.Version, 10))
	p.Form.Action = "/objections/" + v.ID.String()
	p.Heading, p.Buttons = b.T("notice.decision"), []Button{{Text: b.T("notice.answer.do"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/objections"}}
	return p
}

func (s *Server) readObjection(r *http.Request, c *Call) (noticeView, public.ObjectionView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return noticeView{}, public.ObjectionView{}, err
	}
	v, err := s.d.Notices.Objection(r.Context(), c.Who, id)
	if err != nil {
		return noticeView{}, v, err
	}
	s.section(c, "approvals")
	return newObjectionView(c.Base, c.Today, v), v, nil
}

func (s *Server) objectionPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.readObjection(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, p)
}

func (s *Server) postObjection(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.readObjection(r, c)
	if err != nil {
		return err
	}
	in := public.AnswerInput{Objection: v.ID}
	if f := p.Form; f != nil {
		if err := f.Read(r); err != nil {
			return err
		}
		in.State, in.Opinion, in.Version = notice.ObjectionState(f.Choice("decision")), f.Text("opinion"), f.Version()
		if !f.OK() {
			return s.showNotice(w, r, p)
		}
	}
	if err := s.d.Notices.Answer(r.Context(), c.Who, in, requestKey(r)); err != nil {
		if err = p.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, p)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("notice.answered.done." + string(in.State))})
	return seeOther(w, r, "/objections")
}
