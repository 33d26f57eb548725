package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

func newLapsedView(b Base, list page.Result[funding.Approval], now approvalsNow) approvalsView {
	b.Tabs = approvalTabs(b, "lapsed", now.asks)
	t := Table{Caption: b.T("funding.tab.lapsed"), Columns: []Column{{Key: "funding.patient"}, {Key: "funding.case"}, {Key: "funding.treatment"}, {Key: "funding.hospital"},
		{Key: "funding.approved.head", Align: "right"}, {Key: "funding.lapsed.facts", Class: "grow"}, {Key: "funding.lapsed.since"}},
		Empty: Empty{Title: b.T("funding.lapsed.empty"), Text: b.T("funding.lapsed.empty.text")}}
	for _, a := range list.Rows {
		name := a.PersonName
		if name == "" {
			name = b.T("funding.application")
		}
		t.Rows = append(t.Rows, Cells(LinkCell(name, "/approvals/"+a.ID.String()), CodeCell(a.CaseNo), TextCell(planText(b, a)), TextCell(a.HospitalName), MoneyCell(a.Approved),
			TextCell(boundNames(b, a.LapsedFacts)), Cell{Text: instant(a.LapsedAt), Sub: waited(b, now.at.Sub(a.LapsedAt)), Nowrap: true}))
	}
	return approvalsView{Base: b, Table: t}
}

func newAppealsView(b Base, list page.Result[funding.Appeal], now approvalsNow) approvalsView {
	b.Tabs = approvalTabs(b, "appeals", now.asks)
	t := Table{Caption: b.T("funding.tab.appeals"), Columns: []Column{{Key: "funding.patient"}, {Key: "funding.case"}, {Key: "funding.hospital"}, {Key: "funding.asked.head", Align: "right"},
		{Key: "funding.appeal.reason", Class: "grow"}, {Key: "funding.appeal.by"}, {Key: "funding.appeal.due"}},
		Empty: Empty{Title: b.T("funding.appeal.empty"), Text: b.T("funding.appeal.empty.text")}}
	for _, a := range list.Rows {
		name := a.PersonName
		if name == "" {
			name = b.T("funding.application")
		}
		due := DateCell(a.DueOn)
		if a.Overdue(now.today) {
			due.Sub = b.T("funding.appeal.late")
		}
		t.Rows = append(t.Rows, Cells(LinkCell(name, "/approvals/"+a.Approval.String()), CodeCell(a.CaseNo), TextCell(a.HospitalName), MoneyCell(a.Requested), TextCell(a.Reason),
			TextCell(a.By), due))
	}
	return approvalsView{Base: b, Table: t}
}

// queueOf shows the two special queues of the approvals page.
func (s *Server) queueOf(w http.ResponseWriter, r *http.Request, c *Call, queue string) error {
	b, now := c.Base, approvalsNow{c.Today, s.d.Clock.Now(), s.can(c, authz.ApprovalRequest)}
	var v approvalsView
	if queue == "lapsed" {
		list, err := s.d.Funding.Lapsed(r.Context(), c.Who, pageRequest(r))
		if err != nil {
			return err
		}
		v = newLapsedView(b, list, now)
		v.Table.Pager = NewPager(r.URL, list.Next, "")
	} else {
		list, err := s.d.Funding.Appeals(r.Context(), c.Who, pageRequest(r))
		if err != nil {
			return err
		}
		v = newAppealsView(b, list, now)
		v.Table.Pager = NewPager(r.URL, list.Next, "")
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", v)
}

func appealForm(b Base, today clock.Date, v funding.ApprovalView) careForm {
	b.Title = b.T("funding.appeal")
	b.Crumbs = []Link{{Text: b.T("nav.approvals"), Href: "/approvals"}, {Text: v.CaseNo, Href: "/approvals/" + v.ID.String()}, {Text: b.Title}}
	f := keyed(NewForm(b, today, Field{Name: "reason", LabelKey: "funding.appeal.reason", HintKey: "funding.appeal.reason.hint", Kind: KindArea, Rows: 3, Max: 500, Focus: true}))
	f.Action = "/approvals/" + v.ID.String() + "/appeal"
	return careForm{Base: b, Form: f, Facts: treatmentDefs(b, v.Treatment), Alerts: []Alert{{Kind: "warn", Title: b.T("funding.last.refused"), Text: v.Opinion}}}
}

func (s *Server) appealPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readApproval(r, c)
	if err != nil {
		return err
	}
	p := appealForm(c.Base, c.Today, v)
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.appeal")}, "/approvals/"+v.ID.String())
}

func (s *Server) postAppeal(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readApproval(r, c)
	if err != nil {
		return err
	}
	p := appealForm(c.Base, c.Today, v)
	if err := p.Form.Read(r); err != nil {
		return err
	}
	if p.Form.OK() {
		_, err := s.d.Funding.Appeal(r.Context(), c.Who, funding.AppealInput{Approval: v.ID, Reason: p.Form.Text("reason")}, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.appeal.done", "day", c.Today.AddDays(v.Rules.AppealDays))})
			return seeOther(w, r, "/approvals/"+v.ID.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.appeal")}, "/approvals/"+v.ID.String())
}

func answerForm(b Base, today clock.Date, v funding.AppealView) careForm {
	b.Title = b.T("funding.appeal.answer")
	b.Crumbs = []Link{{Text: b.T("nav.approvals"), Href: "/approvals"}, {Text: v.Approval.CaseNo, Href: "/approvals/" + v.Approval.ID.String()}, {Text: b.Title}}
	f := keyed(NewForm(b, today,
		Field{Name: "decision", LabelKey: "funding.decision", Kind: KindRadio, Options: []Option{{Value: string(fund.AppealGranted), Key: "funding.appeal.grant"},
			{Value: string(fund.AppealRejected), Key: "funding.appeal.reject"}}},
		Field{Name: "opinion", LabelKey: "funding.appeal.opinion", HintKey: "funding.appeal.note", Kind: KindArea, Rows: 3, Max: 500}))
	f.Action = "/appeals/" + v.Appeal.ID.String()
	f.Hide("version", strconv.FormatInt(v.Appeal.Version, 10))
	facts := append(treatmentDefs(b, v.Approval.Treatment), Def{Label: b.T("funding.appeal.reason"), Text: v.Appeal.Reason}, Def{Label: b.T("funding.appeal.by"), Text: v.Appeal.By},
		Def{Label: b.T("funding.appeal.due"), Text: v.Appeal.DueOn.String()})
	return careForm{Base: b, Form: f, Facts: facts, Alerts: []Alert{{Kind: "warn", Title: b.T("funding.last.refused"), Text: v.Approval.Opinion}}}
}

// readAppeal prepares the page that answers an appeal.
func (s *Server) readAppeal(r *http.Request, c *Call) (careForm, funding.AppealView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, funding.AppealView{}, err
	}
	v, err := s.d.Funding.AppealView(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	s.section(c, "approvals")
	return answerForm(c.Base, c.Today, v), v, nil
}

func (s *Server) appealAnswerPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.readAppeal(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.appeal.answer")}, "/approvals/"+v.Approval.ID.String())
}

func (s *Server) postAnswer(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.readAppeal(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	if f.OK() {
		in := funding.AppealDecision{Appeal: v.Appeal.ID, State: fund.AppealState(f.Choice("decision")), Opinion: f.Text("opinion"), Version: f.Version()}
		approval, err := s.d.Funding.DecideAppeal(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.appeal.decided")})
			return seeOther(w, r, "/approvals/"+approval.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.appeal.answer")}, "/approvals/"+v.Approval.ID.String())
}

func rulesForm(b Base, today clock.Date, v funding.RulesView) careForm {
	b.Title = b.T("funding.rules")
	b.Crumbs = []Link{{Text: b.T("nav.approvals"), Href: "/approvals"}, {Text: b.Title}}
	days := func(name string) Field {
		return Field{Name: name, LabelKey: "funding.rules." + name, Kind: KindNumber, Low: 1, High: 365, Suffix: "unit.days", Width: 6}
	}
	f := keyed(NewForm(b, today, Field{Name: "single", LabelKey: "funding.rules.single", HintKey: "funding.rules.single.hint", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Focus: true},
		days("appeal_days"), days("hold_days"), days("notice_days"),
		Field{Name: "notice_cell", LabelKey: "funding.rules.notice_cell", HintKey: "funding.rules.note", Kind: KindNumber, Low: 2, High: 1000, Suffix: "funding.rules.people", Width: 6}))
	f.Action = "/approval-rules"
	f.Put("single", v.Single.Plain()).Put("appeal_days", strconv.Itoa(v.AppealDays)).Put("hold_days", strconv.Itoa(v.HoldDays)).Put("notice_days", strconv.Itoa(v.NoticeDays)).
		Put("notice_cell", strconv.Itoa(v.NoticeCell)).Hide("version", strconv.FormatInt(v.Version, 10))
	p := careForm{Base: b, Form: f}
	if v.Sample {
		p.Alerts = []Alert{{Kind: "warn", Title: b.T("funding.rules.sample"), Text: b.T("funding.rules.sample.text")}}
	}
	return p
}

func (s *Server) fundingRulesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Funding.Rules(r.Context(), c.Who)
	if err != nil {
		return err
	}
	s.section(c, "approvals")
	p := rulesForm(c.Base, c.Today, v)
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/approvals")
}

func (s *Server) postRules(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Funding.Rules(r.Context(), c.Who)
	if err != nil {
		return err
	}
	s.section(c, "approvals")
	p := rulesForm(c.Base, c.Today, v)
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	if f.OK() {
		in := fund.Rules{Single: f.Money("single"), AppealDays: f.Int("appeal_days"), HoldDays: f.Int("hold_days"), NoticeDays: f.Int("notice_days"), NoticeCell: f.Int("notice_cell"),
			Version: f.Version()}
		err := s.d.Funding.SaveRules(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.rules.saved")})
			return seeOther(w, r, "/approval-rules")
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/approvals")
}
