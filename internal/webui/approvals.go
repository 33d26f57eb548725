package webui

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// approvalsView is the queue of applications.
type approvalsView struct {
	Base
	Alerts []Alert
	Table  Table
	Flow   *ChartCard // of funds: where their money went
}

// approvalsPage lists applications in one state; "ask" are treatments that wait
// for one.
func (s *Server) approvalsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	state := fund.ApprovalState(r.URL.Query().Get("state"))
	asks := s.can(c, authz.ApprovalRequest)
	s.section(c, "approvals")
	b := c.Base
	b.Title, b.Sub = b.T("nav.approvals"), b.T("funding.approvals.sub")
	if asks && state == "ask" {
		list, err := s.d.Funding.ToAsk(r.Context(), c.Who)
		if err != nil {
			return err
		}
		return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", toAskView(b, list))
	}
	if s.can(c, authz.FundOpen) {
		b.Actions = []Button{{Text: b.T("funding.rules"), Icon: "edit", Href: "/approval-rules"}}
	}
	if s.can(c, authz.NoticeRead) {
		b.Actions = append(b.Actions, Button{Text: b.T("notice.list"), Href: "/public-notices"})
	}
	if s.can(c, authz.ObjectionRecord) {
		b.Actions = append(b.Actions, Button{Text: b.T("notice.object.for"), Href: "/objections/new"})
	}
	if state == "lapsed" || state == "appeals" {
		c.Base = b
		return s.queueOf(w, r, c, string(state))
	}
	known := false
	for _, x := range fund.ApprovalStates() {
		known = known || x == state
	}
	if !known {
		state = fund.ApprovalRequested
	}
	list, err := s.d.Funding.Approvals(r.Context(), c.Who, state, pageRequest(r))
	if err != nil {
		return err
	}
	v := newApprovalsView(b, list.Rows, state, approvalsNow{c.Today, s.d.Clock.Now(), asks})
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", v)
}

// approvalsNow is what a list of applications depends on beside its rows.
type approvalsNow struct {
	today clock.Date
	at    time.Time
	asks  bool
}

func approvalTabs(b Base, current string, asks bool) []Tab {
	var out []Tab
	if asks {
		out = append(out, Tab{Text: b.T("funding.tab.ask"), Href: "/approvals?state=ask", Current: current == "ask"})
	}
	for i, x := range fund.ApprovalStates() {
		out = append(out, Tab{Text: b.T(x.Label()), Href: "/approvals?state=" + string(x), Current: current == string(x)})
		if i == 0 { // what waits for a person stands together
			for _, q := range []string{"lapsed", "appeals"} {
				out = append(out, Tab{Text: b.T("funding.tab." + q), Href: "/approvals?state=" + q, Current: current == q})
			}
		}
	}
	return out
}

func newApprovalsView(b Base, rows []funding.Approval, state fund.ApprovalState, now approvalsNow) approvalsView {
	b.Tabs = approvalTabs(b, string(state), now.asks)
	t := Table{Caption: b.T(state.Label()), Columns: []Column{{Key: "funding.patient"}, {Key: "funding.case", Class: "roomy"}, {Key: "funding.treatment", Class: "grow"},
		{Key: "funding.hospital", Class: "roomy"}, {Key: "funding.asked.head", Align: "right"}, {Key: "funding.approved.head", Align: "right"}, {Key: "funding.requester"}, {Key: "funding.since"}},
		Empty: Empty{Title: b.T("funding.approvals.empty"), Text: b.T("funding.approvals.empty.text")}}
	for _, a := range rows {
		name := cmp.Or(a.PersonName, a.CaseNo, b.T("funding.application"))
		approved := TextCell("–")
		if a.Approved > 0 {
			approved = MoneyCell(a.Approved)
		}
		since := Cell{Text: instant(a.RequestedAt), Nowrap: true}
		if a.State == fund.ApprovalRequested {
			since.Sub = waited(b, now.at.Sub(a.RequestedAt))
			if a.Lapse == fund.LapseRequeued {
				since.Sub = b.T(a.Lapse.Label())
			}
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: name, Href: "/approvals/" + a.ID.String(), Nowrap: a.PersonName == ""}, CodeCell(a.CaseNo), TextCell(planText(b, a)), TextCell(a.HospitalName),
			MoneyCell(a.Requested), approved, TextCell(a.Requester), since))
	}
	return approvalsView{Base: b, Table: t}
}

func toAskView(b Base, list []funding.Treatment) approvalsView {
	b.Tabs = approvalTabs(b, "ask", true)
	t := Table{Caption: b.T("funding.tab.ask"), Columns: []Column{{Key: "funding.patient"}, {Key: "funding.case"}, {Key: "funding.treatment", Class: "grow"},
		{Key: "funding.hospital"}, {Key: "funding.state"}, {Key: "funding.action", Hidden: true, Class: "narrow"}},
		Empty: Empty{Title: b.T("funding.ask.empty"), Text: b.T("funding.ask.empty.text")}}
	for _, x := range list {
		tag := stateTag(b, x.Place)
		t.Rows = append(t.Rows, Cells(LinkCell(x.PersonName, "/treatments/"+x.ID.String()), CodeCell(x.CaseNo), TextCell(treatmentName(b, x)),
			TextCell(x.HospitalName), Cell{Tag: &tag}, ButtonCell(Button{Text: b.T("funding.ask"), Href: "/treatments/" + x.ID.String() + "/approvals/new"})))
	}
	return approvalsView{Base: b, Table: t}
}

func planText(b Base, a funding.Approval) string {
	if a.Plan != "" {
		return a.Plan
	}
	if a.Programme == "" {
		return ""
	}
	return b.T(a.Programme.Label())
}

// waited says for how long something waits, in its largest unit.
func waited(b Base, d time.Duration) string {
	hours := int(d.Hours())
	if hours < 24 {
		return b.T("funding.waited.hours", "n", max(hours, 0))
	}
	return b.T("funding.waited.days", "n", hours/24)
}

// requestRows is how many funds the form of an application offers.
const requestRows = 3

func requestForm(b Base, today clock.Date, v funding.RequestView) *Form {
	fields := []Field{
		{Name: "bill", LabelKey: "funding.bill", HintKey: "funding.bill.hint", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Focus: true},
		{Name: "basic", LabelKey: "fee.layer.basic", HintKey: "funding.estimate.hint", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: true},
		{Name: "critical", LabelKey: "fee.layer.critical", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: true},
		{Name: "assistance", LabelKey: "fee.layer.assistance", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: true},
		{Name: "waiver", LabelKey: "fee.layer.hospital", HintKey: "funding.waiver.hint", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: true}}
	for i := range min(requestRows, max(len(v.Funds), 1)) {
		at := "funds." + strconv.Itoa(i)
		label, amount := "funding.fund", "funding.asked"
		if i > 0 {
			label, amount = "funding.fund.more", "funding.asked.more"
		}
		fields = append(fields,
			Field{Name: at + ".fund", LabelKey: label, Kind: KindSelect, Options: fundOptions(v.Funds), Width: 6, Optional: i > 0, Break: true, Blank: "form.pick"},
			Field{Name: at + ".amount", LabelKey: amount, Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: i > 0})
	}
	if v.Treatment.Programme == procedure.Cataract {
		fields = append(fields, Field{Name: "eye", LabelKey: "funding.eye", HintKey: "funding.eye.hint", Kind: KindRadio, Break: true, Optional: true,
			Options: []Option{{Value: string(procedure.Right), Key: procedure.Right.EyeLabel()}, {Value: string(procedure.Left), Key: procedure.Left.EyeLabel()}}})
	}
	fields = append(fields, Field{Name: "publication", LabelKey: "notice.publication", HintKey: "notice.publication.note", Kind: KindRadio, Break: true, Optional: true,
		Options: optionsOf(notice.Given, notice.Refused)})
	fields = append(fields, Field{Name: "reason", LabelKey: "funding.reason", HintKey: "funding.reason.hint", Kind: KindArea, Rows: 3, Max: 500})
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/treatments/" + v.Treatment.ID.String() + "/approvals"
	prefill(f, v)
	return f
}

// prefill starts from the estimate, or from the last application when it came back.
func prefill(f *Form, v funding.RequestView) {
	put := func(name string, plain string) {
		if plain != "0.00" {
			f.Put(name, plain)
		}
	}
	put("bill", v.Treatment.EstimateBill.Plain())
	put("basic", v.Treatment.EstimateInsurance.Plain())
	if e := v.Estimate; e.Bill > 0 {
		put("bill", e.Bill.Plain())
		put("basic", e.Basic.Plain())
		put("critical", e.Critical.Plain())
		put("assistance", e.Assistance.Plain())
		put("waiver", e.Waiver.Plain())
		for i, l := range e.Funds {
			if i < min(requestRows, len(v.Funds)) && l.Fund != ident.Nil {
				f.Put("funds."+strconv.Itoa(i)+".fund", l.Fund.String()).Put("funds."+strconv.Itoa(i)+".amount", l.Amount.Plain())
			}
		}
	}
	if v.Last.ID != ident.Nil {
		put("bill", v.Last.Bill.Plain())
		put("basic", v.Last.Basic().Plain())
		put("critical", v.Last.Critical.Plain())
		put("assistance", v.Last.Assistance.Plain())
		put("waiver", v.Last.Waiver.Plain())
		f.Put("reason", v.Last.Reason).Put("eye", string(v.Last.Eye))
		if v.Last.Publication == notice.Given || v.Last.Publication == notice.Refused {
			f.Put("publication", string(v.Last.Publication))
		}
	}
	for i, l := range v.LastLines {
		if i < min(requestRows, len(v.Funds)) {
			f.Put("funds."+strconv.Itoa(i)+".fund", l.Fund.String()).Put("funds."+strconv.Itoa(i)+".amount", l.Amount.Plain())
		}
	}
	if len(v.Funds) == 1 && f.Raw("funds.0.fund") == "" {
		f.Put("funds.0.fund", v.Funds[0].ID.String())
	}
}

// newRequest prepares the form of an application.
func (s *Server) newRequest(r *http.Request, c *Call) (careForm, funding.RequestView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, funding.RequestView{}, err
	}
	v, err := s.d.Funding.RequestForm(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	s.section(c, "approvals")
	return newRequestView(c.Base, c.Today, v), v, nil
}

func newRequestView(b Base, today clock.Date, v funding.RequestView) careForm {
	b.Title = b.T("funding.ask")
	b.Crumbs = []Link{{Text: b.T("nav.approvals"), Href: "/approvals"}, {Text: treatmentName(b, v.Treatment), Href: "/treatments/" + v.Treatment.ID.String()}, {Text: b.Title}}
	b.Sub = treatmentSub(b, v.Treatment)
	p := careForm{Base: b, Form: requestForm(b, today, v), Facts: treatmentDefs(b, v.Treatment)}
	if v.Last.Opinion != "" {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("funding.last." + string(v.Last.State)), Text: v.Last.Opinion})
	}
	if len(v.Funds) == 0 {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("funding.none.title"), Text: b.T("funding.none.text")})
	}
	if len(v.Unfit) > 0 {
		lines := make([]string, len(v.Unfit))
		for i, f := range v.Unfit {
			lines[i] = b.T("funding.unfit.line", "fund", f.Name, "why", whyText(b, f))
		}
		p.Alerts = append(p.Alerts, Alert{Kind: "info", Title: b.T("funding.unfit"), Text: strings.Join(lines, b.T("list.separator"))})
	}
	p.Alerts = append(p.Alerts, eyeAlerts(b, v)...)
	if v.Refusal != nil {
		p.WhyNot = fundingRefusal(b, v.Refusal)
	}
	return p
}

func treatmentSub(b Base, t funding.Treatment) string {
	return b.T("funding.treatment.sub", "name", t.PersonName, "plan", treatmentName(b, t), "hospital", t.HospitalName)
}

func treatmentDefs(b Base, t funding.Treatment) []Def {
	out := []Def{{Label: b.T("funding.patient"), Text: t.PersonName}, {Label: b.T("funding.case"), Text: t.CaseNo, Href: "/cases/" + t.Case.String()},
		{Label: b.T("funding.treatment"), Text: treatmentName(b, t), Href: "/treatments/" + t.ID.String()}, {Label: b.T("funding.hospital"), Text: t.HospitalName},
		{Label: b.T("funding.state"), Text: b.T(t.Place.State.Label())}}
	if t.Category != "" {
		out = append(out, Def{Label: b.T("funding.category"), Text: b.T(t.Category.Key())})
	}
	if !t.AdmittedOn.IsZero() {
		out = append(out, Def{Label: b.T("funding.admitted"), Text: t.AdmittedOn.String()})
	}
	if !t.DischargedOn.IsZero() {
		out = append(out, Def{Label: b.T("funding.discharged"), Text: t.DischargedOn.String()})
	}
	return out
}

func (s *Server) requestPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newRequest(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "care/form", p.with(Button{Text: p.T("funding.ask.send")}, "/treatments/"+v.Treatment.ID.String()))
}

func (s *Server) postRequest(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newRequest(r, c)
	if err != nil {
		return err
	}
	p.WhyNot = nil
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := funding.Request{Treatment: v.Treatment.ID, Bill: f.Money("bill"), Basic: f.Money("basic"), Critical: f.Money("critical"),
		Assistance: f.Money("assistance"), Waiver: f.Money("waiver"), Funds: fundLines(f, min(requestRows, max(len(v.Funds), 1))), Reason: f.Text("reason"),
		Publish: notice.Publication(f.Choice("publication"))}
	if v.Treatment.Programme == procedure.Cataract {
		in.Eye = procedure.Side(f.Choice("eye"))
	}
	if f.OK() {
		out, err := s.d.Funding.Request(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.asked.done"), Text: c.P.T("funding.asked.done.text")})
			return seeOther(w, r, "/approvals/"+out.Approval.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.ask.send")}, "/treatments/"+v.Treatment.ID.String())
}

// refusedFunding sorts an error of a form: fields beside the inputs, a refusal
// as the card that says what would work, the rest for the error page.
func refusedFunding(p *careForm, err error) error {
	if err = p.Form.Merge(err); err == nil {
		return nil
	}
	if p.WhyNot = fundingRefusal(p.Base, err); p.WhyNot != nil {
		return nil
	}
	return err
}

// treatmentApproval leads from a treatment to its application.
func (s *Server) treatmentApproval(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	found, err := s.d.Funding.ApprovalOf(r.Context(), c.Who, id)
	if err == nil && found == ident.Nil {
		err = errs.Missing("error.approval.missing")
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, "/approvals/"+found.String())
}

// withdrawApproval takes an application back.
func (s *Server) withdrawApproval(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	in := funding.Decision{Approval: id, Decision: fund.DecideWithdraw}
	if _, err := s.d.Funding.Decide(r.Context(), c.Who, in, requestKey(r)); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.withdrawn.done")})
	return seeOther(w, r, "/approvals/"+id.String())
}
