package webui

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
)

// noticeRoutes declares the public notices, the objections to them and the board
// of what does not look right.
func (s *Server) noticeRoutes(rt *router) {
	rt.get("/notices", authz.Public, s.boardPage)
	rt.get("/notices/{id}", authz.Public, s.postedPage)
	rt.get("/notices/{id}/print", authz.Public, s.postedPrint)
	rt.get("/notices/{id}/notice.pdf", authz.Public, s.postedPDF)
	rt.get("/notices/{id}/objection", authz.Public, s.objectPage)
	rt.post("/notices/{id}/objection", authz.Public, s.postObject)
	rt.get("/public-notices", authz.NoticeRead, s.noticesPage)
	rt.get("/public-notices/new", authz.NoticeMake, s.newNoticePage)
	rt.post("/public-notices", authz.NoticeMake, s.postNotice)
	rt.get("/public-notices/{id}", authz.NoticeRead, s.noticePage)
	rt.post("/public-notices/{id}/step", authz.NoticeMake, s.stepNotice)
	rt.get("/notice-rules", authz.FundOpen, s.noticeRulesPage)
	rt.post("/notice-rules", authz.FundOpen, s.postNoticeRules)
	rt.post("/approvals/{id}/publication", authz.NoticeConsent, s.postPublication)
	rt.get("/objections", authz.ObjectionAnswer, s.objectionsPage)
	rt.get("/objections/new", authz.ObjectionRecord, s.objectForPage)
	rt.post("/objections", authz.ObjectionRecord, s.postObjectFor)
	rt.get("/objections/{id}", authz.ObjectionAnswer, s.objectionPage)
	rt.post("/objections/{id}", authz.ObjectionAnswer, s.postObjection)
	rt.get("/alerts", authz.AlertRead, s.doubtsPage)
	rt.post("/alerts/run", authz.AlertJudge, s.postLook)
	rt.get("/alerts/{id}", authz.AlertRead, s.doubtPage)
	rt.post("/alerts/{id}", authz.AlertJudge, s.postDoubt)
	rt.get("/alert-rules", authz.FundOpen, s.doubtRulesPage)
	rt.post("/alert-rules", authz.FundOpen, s.postDoubtRules)
}

// noticeView is a page of facts, tables and at most one form.
type noticeView struct {
	Base
	Alerts  []Alert
	WhyNot  *WhyNot
	Defs    []Def
	Tables  []Table
	Form    *Form
	Heading string
	Buttons []Button
}

func (s *Server) showNotice(w http.ResponseWriter, r *http.Request, v noticeView) error {
	status := http.StatusOK
	if v.WhyNot != nil {
		status = http.StatusUnprocessableEntity
	}
	if v.Form != nil {
		status = max(status, v.Form.Status())
	}
	return s.d.Engine.Render(w, r, status, "notice/view", v)
}

// refused sorts an error of the page's form.
func (v *noticeView) refused(err error) error {
	if v.Form != nil {
		err = v.Form.Merge(err)
	}
	if err == nil {
		return nil
	}
	if v.WhyNot = whyNot(v.Base, err); v.WhyNot != nil {
		return nil
	}
	return err
}

func noticeTabs(b Base, current string) []Tab {
	return []Tab{{Text: b.T("notice.list"), Href: "/public-notices", Current: current == "notices"}, {Text: b.T("notice.objections"), Href: "/objections", Current: current == "objections"}}
}

func noticeTag(b Base, s notice.State) Tag {
	return Tag{Text: b.T(s.Label()), Kind: map[notice.State]string{notice.Draft: "warn", notice.Published: "ok"}[s]}
}

// bandText says a band of an amount.
func bandText(b Base, bands notice.Bands, i int) string {
	low, high := bands.Ends(i)
	yuan := func(f money.Fen) string { return strings.TrimSuffix(f.String(), ".00") }
	switch {
	case low == 0:
		return b.T("notice.band.low", "high", yuan(high))
	case high == 0:
		return b.T("notice.band.high", "low", yuan(low))
	}
	return b.T("notice.band.mid", "low", yuan(low), "high", yuan(high))
}

// placeText is the district with the township where that may be read.
func placeText(district string, e notice.Entry) string { return district + e.Township }

func newNoticesView(b Base, list page.Result[public.Notice], may noticeRights) noticeView {
	b.Title, b.Sub = b.T("notice.list"), b.T("notice.list.sub")
	b.Crumbs = []Link{{Text: b.T("nav.approvals"), Href: "/approvals"}, {Text: b.Title}}
	if may.answer {
		b.Tabs = noticeTabs(b, "notices")
	}
	if may.draw {
		b.Actions = append(b.Actions, Button{Text: b.T("notice.new"), Kind: "primary", Icon: "plus", Href: "/public-notices/new"})
	}
	if may.set {
		b.Actions = append(b.Actions, Button{Text: b.T("notice.rules"), Icon: "edit", Href: "/notice-rules"})
	}
	t := Table{Caption: b.Title, Columns: []Column{{Key: "notice.title", Class: "grow"}, {Key: "notice.days"}, {Key: "notice.state"}, {Key: "notice.entries", Align: "right"},
		{Key: "notice.until"}, {Key: "notice.maker"}, {Key: "notice.second"}}, Empty: Empty{Title: b.T("notice.empty"), Text: b.T("notice.empty.text")}}
	for _, n := range list.Rows {
		tag := noticeTag(b, n.State)
		until := TextCell("–")
		if !n.UntilOn.IsZero() {
			until = DateCell(n.UntilOn)
		}
		t.Rows = append(t.Rows, Cells(LinkCell(n.Title, "/public-notices/"+n.ID.String()), TextCell(b.T("notice.range", "from", n.From, "to", n.To)), Cell{Tag: &tag},
			Cell{Text: strconv.Itoa(n.Entries)}, until, TextCell(n.By), TextCell(orDash(n.Second))))
	}
	return noticeView{Base: b, Tables: []Table{t}}
}

// noticeRights is what the reader may do with notices.
type noticeRights struct{ draw, set, answer bool }

func (s *Server) noticesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Notices.List(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "approvals")
	v := newNoticesView(c.Base, list, noticeRights{s.can(c, authz.NoticeMake), s.can(c, authz.FundOpen), s.can(c, authz.ObjectionAnswer)})
	v.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.showNotice(w, r, v)
}

func newNoticeForm(b Base, today clock.Date) careForm {
	b.Title = b.T("notice.new")
	b.Crumbs = []Link{{Text: b.T("notice.list"), Href: "/public-notices"}, {Text: b.Title}}
	f := keyed(NewForm(b, today, Field{Name: "title", LabelKey: "notice.title", HintKey: "notice.title.hint", Max: 60, Focus: true},
		Field{Name: "from", LabelKey: "notice.from", HintKey: "notice.from.hint", Kind: KindDate, Width: 6, Break: true}, Field{Name: "to", LabelKey: "notice.to", Kind: KindDate, Width: 6}))
	f.Action = "/public-notices"
	f.Put("from", today.AddDays(-30).String()).Put("to", today.String()).Put("title", b.T("notice.title.first", "day", b.Day(today)))
	return careForm{Base: b, Form: f, Alerts: []Alert{{Kind: "ok", Title: b.T("notice.new.who"), Text: b.T("notice.new.who.text")}}}
}

func (s *Server) newNoticePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "approvals")
	p := newNoticeForm(c.Base, c.Today)
	return s.showCareForm(w, r, p, Button{Text: p.T("notice.draw")}, "/public-notices")
}

func (s *Server) postNotice(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "approvals")
	p := newNoticeForm(c.Base, c.Today)
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := public.Draft{Title: f.Text("title"), From: f.Date("from"), To: f.Date("to")}
	if f.OK() {
		id, err := s.d.Notices.Draw(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("notice.drawn")})
			return seeOther(w, r, "/public-notices/"+id.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("notice.draw")}, "/public-notices")
}

func entryTable(b Base, district string, bands notice.Bands, list []notice.Entry) Table {
	t := Table{Caption: b.T("notice.entries.caption", "n", len(list)), Columns: []Column{{Key: "notice.no", Align: "right"}, {Key: "notice.name"}, {Key: "notice.place", Class: "grow"},
		{Key: "notice.class"}, {Key: "notice.amount"}}, Empty: Empty{Title: b.T("notice.entries.empty"), Text: b.T("notice.entries.empty.text")}}
	for _, e := range list {
		t.Rows = append(t.Rows, Cells(Cell{Text: strconv.Itoa(e.No)}, TextCell(e.Masked), TextCell(placeText(district, e)), TextCell(b.T("notice.class."+string(e.Programme))),
			Cell{Text: bandText(b, bands, e.Band), Nowrap: true}))
	}
	return t
}

func newNoticeView(b Base, today clock.Date, v public.View) noticeView {
	b.Title = v.Title
	b.Crumbs = []Link{{Text: b.T("notice.list"), Href: "/public-notices"}, {Text: v.Title}}
	tag := noticeTag(b, v.State)
	b.Badge = &tag
	if v.Public(today) {
		b.Actions = []Button{{Text: b.T("notice.open"), Href: "/notices/" + v.ID.String()}}
	}
	p := noticeView{Base: b, Defs: []Def{{Label: b.T("notice.days"), Text: b.T("notice.range", "from", v.From, "to", v.To)}, {Label: b.T("notice.cell"), Text: b.T("notice.cell.people", "n", v.Cell)},
		{Label: b.T("notice.period"), Text: b.T("notice.period.days", "n", v.Days)}, {Label: b.T("notice.office"), Text: orDash(v.Office)}, {Label: b.T("notice.maker"), Text: v.By}}}
	if v.Second != "" {
		p.Defs = append(p.Defs, Def{Label: b.T("notice.second"), Text: v.Second}, Def{Label: b.T("notice.published"), Text: b.T("notice.range", "from", v.PublishedOn, "to", v.UntilOn)})
	}
	if v.Office == "" && v.State == notice.Draft {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("notice.no_office"), Text: b.T("notice.no_office.text"), Links: []Link{{Text: b.T("notice.rules"), Href: "/notice-rules"}}})
	}
	if v.State == notice.Draft && !v.MayPublish && v.MayDiscard {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("notice.waits"), Text: b.T("notice.waits.text")})
	}
	if v.Hidden > 0 {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("notice.hidden", "n", v.Hidden), Text: b.T("notice.hidden.text", "cell", v.Cell)})
	}
	p.Tables = []Table{entryTable(b, v.District, v.Bands, v.Entries), leftOutTable(b, v.LeftOut)}
	for _, x := range []struct {
		may  bool
		step notice.Step
		kind string
	}{{v.MayPublish, notice.Publish, "primary"}, {v.MayClose, notice.Close, "primary"}, {v.MayDiscard, notice.Discard, "danger"}} {
		if x.may {
			p.Buttons = append(p.Buttons, Button{Text: b.T(x.step.Label()), Kind: x.kind, Name: "step", Value: string(x.step)})
		}
	}
	if len(p.Buttons) > 0 {
		p.Form = keyed(NewForm(b, today)).Hide("version", strconv.FormatInt(v.Version, 10))
		p.Form.Action = "/public-notices/" + v.ID.String() + "/step"
		p.Heading = b.T("notice.next")
	}
	return p
}

func leftOutTable(b Base, out map[notice.Why]int) Table {
	t := Table{Caption: b.T("notice.left_out"), Note: b.T("notice.left_out.note"), Columns: []Column{{Key: "notice.why", Class: "grow"}, {Key: "notice.people", Align: "right"}}}
	for _, w := range notice.Whys() {
		t.Rows = append(t.Rows, Cells(TextCell(b.T(w.Label())), Cell{Text: strconv.Itoa(out[w])}))
	}
	return t
}

func (s *Server) readNotice(r *http.Request, c *Call) (noticeView, public.View, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return noticeView{}, public.View{}, err
	}
	v, err := s.d.Notices.One(r.Context(), c.Who, id)
	if err != nil {
		return noticeView{}, v, err
	}
	s.section(c, "approvals")
	return newNoticeView(c.Base, c.Today, v), v, nil
}

func (s *Server) noticePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.readNotice(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, p)
}

func (s *Server) stepNotice(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.readNotice(r, c)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	in := public.StepInput{Notice: v.ID, Step: notice.Step(r.PostFormValue("step")), Version: version}
	if err := s.d.Notices.Do(r.Context(), c.Who, in, requestKey(r)); err != nil {
		if err = p.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, p)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("notice.stepped." + string(in.Step))})
	return seeOther(w, r, "/public-notices/"+v.ID.String())
}

// bandRows is how many ends of bands the form offers.
const bandRows = 6

func noticeRulesForm(b Base, today clock.Date, v public.RulesView) careForm {
	b.Title = b.T("notice.rules")
	b.Crumbs = []Link{{Text: b.T("notice.list"), Href: "/public-notices"}, {Text: b.Title}}
	fields := []Field{{Name: "office", LabelKey: "notice.office", HintKey: "notice.office.hint", Max: 200, Focus: true}}
	for i := range bandRows {
		x := Field{Name: "bands." + strconv.Itoa(i), LabelKey: "notice.bands.more", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: i > 0}
		if i == 0 {
			x.LabelKey, x.HintKey, x.Break = "notice.bands", "notice.bands.hint", true
		}
		fields = append(fields, x)
	}
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/notice-rules"
	f.Put("office", v.Office).Hide("version", strconv.FormatInt(v.Version, 10))
	for i, end := range v.Bands {
		f.Put("bands."+strconv.Itoa(i), end.Plain())
	}
	p := careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("notice.cell"), Text: b.T("notice.cell.people", "n", v.Cell)}, {Label: b.T("notice.period"), Text: b.T("notice.period.days", "n", v.Days)},
		{Label: b.T("funding.rules"), Text: b.T("link.open"), Href: "/approval-rules"}}}
	if v.Sample {
		p.Alerts = []Alert{{Kind: "warn", Title: b.T("notice.rules.sample"), Text: b.T("notice.rules.sample.text")}}
	}
	return p
}

func (s *Server) noticeRulesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Notices.Rules(r.Context(), c.Who)
	if err != nil {
		return err
	}
	s.section(c, "approvals")
	p := noticeRulesForm(c.Base, c.Today, v)
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/public-notices")
}

func (s *Server) postNoticeRules(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Notices.Rules(r.Context(), c.Who)
	if err != nil {
		return err
	}
	s.section(c, "approvals")
	p := noticeRulesForm(c.Base, c.Today, v)
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := notice.Rules{Office: f.Text("office"), Version: f.Version()}
	for i := range bandRows {
		if end := f.Money("bands." + strconv.Itoa(i)); end != 0 {
			in.Bands = append(in.Bands, end)
		}
	}
	if f.OK() {
		err := s.d.Notices.SaveRules(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("notice.rules.saved")})
			return seeOther(w, r, "/public-notices")
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/public-notices")
}

// postPublication records the answer to being named in public.
func (s *Server) postPublication(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	in := public.ConsentInput{Approval: id, Answer: notice.Publication(r.PostFormValue("publication"))}
	if err := s.d.Notices.Consent(r.Context(), c.Who, in, requestKey(r)); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("notice.publication.saved"), Text: c.P.T("notice.publication.note")})
	return seeOther(w, r, "/approvals/"+id.String())
}
