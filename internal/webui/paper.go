package webui

import (
	"bytes"
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// paperRoutes declares the forms as files, and the page that checks a paper.
func (s *Server) paperRoutes(rt *router) {
	rt.get("/approvals/{id}/form.pdf", authz.ApprovalRead, s.approvalPDF)
	rt.get("/settlements/{id}/form.pdf", authz.SettlementRead, s.settlementPDF)
	rt.get("/estimates/{id}/form.pdf", authz.EstimateRead, s.estimatePDF)
	rt.get("/verify", authz.Public, s.verifyPage)
	rt.post("/verify", authz.Public, s.verify)
}

// servePDF sends a form. It is shown in the browser, where it is printed from;
// it is never stored by a shared computer.
func servePDF(w http.ResponseWriter, name string, f printout.Form) error {
	var out bytes.Buffer
	if err := printout.Write(&out, f); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `inline; filename="`+name+`.pdf"`)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(out.Bytes()) // the browser went away; nothing to do
	return nil
}

func (s *Server) printedBy(c *Call) string {
	return c.P.T("print.by", "name", c.Who.DisplayName, "org", c.Who.Organisation)
}

func (s *Server) approvalPDF(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, mark, err := s.d.Funding.PrintApproval(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	p := newPrintPage(c.Base, printed{v, mark, s.printedBy(c), decisionNow{c.Today, s.d.Clock.Now()}})
	return servePDF(w, "approval-"+mark.Code, printout.ApprovalForm(c.P, approvalPaper(p, mark)))
}

// approvalPaper is the page of the browser as the form of the file.
func approvalPaper(p printPage, mark funding.Issued) printout.Approval {
	sum := p.V.Sum()
	basis := approvalBasis(p.Base, p.V)
	if p.V.Settled {
		basis = settledBasis(p.Base, basis)
	}
	a := printout.Approval{Common: printout.Common{Mark: printout.Mark{Code: mark.Code, Token: mark.Token},
		Patient: printout.Patient{Name: p.Name, Sex: p.Sex, Age: p.Age, Document: p.Document, Phone: p.Phone, Address: p.Address, Category: p.Category,
			CaseNo: p.No, Diagnosis: p.V.Paper.Diagnosis, Plan: p.Plan, Hospital: p.V.HospitalName, Surgeon: p.Surgeon, LeftOnDay: p.Left},
		Day: p.Asked, By: p.By, At: p.Printed, Made: mark.On.Start(), Sum: sum, Basis: basis},
		Reason: p.V.Reason, Requester: p.V.Requester, State: p.T(p.V.State.Label()), Approved: p.V.Approved, Opinion: p.V.Opinion, Decider: p.V.Decider,
		Decided: p.Decided, Vouchers: p.Vouchers}
	return a
}

// settledBasis: once settled, what insurers paid rests on the hospital's sheet.
func settledBasis(b Base, basis map[string]string) map[string]string {
	out := map[string]string{"fund": basis["fund"], "hospital": basis["hospital"]}
	for _, name := range []string{"bill", "basic", "critical", "assistance", "other"} {
		out[name] = b.T("funding.basis.sheet")
	}
	return out
}

func (s *Server) settlementPDF(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, mark, err := s.d.Funding.PrintSettlement(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	about, err := s.d.Funding.SettlementPaper(r.Context(), c.Who, v)
	if err != nil {
		return err
	}
	form := settlementPaper(c.Base, v, about, decisionNow{c.Today, s.d.Clock.Now()})
	form.Mark, form.By, form.Made = printout.Mark{Code: mark.Code, Token: mark.Token}, s.printedBy(c), mark.On.Start()
	return servePDF(w, "settlement-"+mark.Code, printout.SettlementForm(c.P, form))
}

// estimatePDF is the family's slip with its code; which rules it was computed by
// stands on it, and that they are a sample where they are.
func (s *Server) estimatePDF(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Pricing.PrintEstimate(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	mark, err := s.d.Funding.MarkEstimate(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	sheet := newEstimateSheet(c.Base, v, s.printedBy(c), instant(s.d.Clock.Now()))
	e := printout.Estimate{Common: printout.Common{Mark: printout.Mark{Code: mark.Code, Token: mark.Token}, Day: c.Base.Day(mark.On), By: sheet.By, At: sheet.Printed, Made: mark.On.Start(), Sum: v.Result.Sum,
		Patient: printout.Patient{Name: sheet.Name, CaseNo: sheet.No, Plan: sheet.Plan, Hospital: sheet.Hospital}}, Notes: []string{sheet.Rules}}
	t := v.Treatment
	if t.Sex != "" {
		e.Sex = c.P.T(t.Sex.Key())
	}
	if !t.Birth.IsZero() {
		e.Age = c.P.T("care.age", "n", t.Birth.AgeOn(c.Today))
	}
	if t.Category != "" {
		e.Category = c.P.T(t.Category.Key())
	}
	if sheet.Sample {
		e.Notes = append(e.Notes, c.P.T("policy.sample.text"))
	}
	for _, x := range sheet.Rows {
		e.Notes = append(e.Notes, c.P.T("estimate.paper.step", "n", x.No, "step", x.Step, "why", x.Why, "amount", x.Amount))
	}
	return servePDF(w, "estimate-"+mark.Code, printout.EstimateForm(c.P, e))
}

func settlementPaper(b Base, v funding.SettlementView, about funding.Paper, now decisionNow) printout.Settlement {
	t := v.Treatment
	p := printout.Patient{Name: v.PersonName, Document: MaskID(about.Last4), Phone: MaskPhone(about.PhoneLast4), Address: about.Township + about.Village + about.Address,
		CaseNo: v.CaseNo, Diagnosis: about.Diagnosis, Plan: treatmentName(b, t), Hospital: v.HospitalName, Surgeon: about.Surgeon, LeftOnDay: t.DischargedOn.String()}
	if t.Sex != "" {
		p.Sex = b.T(t.Sex.Key())
	}
	if !t.Birth.IsZero() {
		p.Age = b.T("care.age", "n", t.Birth.AgeOn(now.today))
	}
	if t.Category != "" {
		p.Category = b.T(t.Category.Key())
	}
	if about.Visiting {
		p.Surgeon = b.T("funding.visiting", "name", p.Surgeon)
	}
	out := printout.Settlement{Settler: v.By, Admitted: t.AdmittedOn.String()}
	for _, l := range v.Lines {
		x := printout.Funder{Name: l.FundName, Voucher: l.Voucher(), Amount: l.Amount}
		if l.Fund == ident.Nil {
			x.Name, x.Voucher = b.T("funding.waiver.by", "hospital", v.HospitalName), "–"
		} else if v.State == funding.StateReversed {
			x.Voucher += " " + b.T("funding.settlement.reversed")
		}
		out.Funders = append(out.Funders, x)
	}
	if v.State == funding.StateReversed {
		out.State = b.T(v.State.Label())
	}
	out.Common = printout.Common{Patient: p, Day: b.Day(v.SettledOn), At: instant(now.at), Sum: v.Settlement.Settlement,
		Basis: settledBasis(b, map[string]string{"fund": payingFunds(b, v.Lines), "hospital": v.HospitalName})}
	return out
}

// verifyView is the page that checks a paper.
type verifyView struct {
	Base
	Form    *Form
	Answer  *Alert
	Facts   []Def
	Figures *Table
	Buttons []Button
}

// verifyForm asks by post: a name has no place in an address.
func verifyForm(b Base, today clock.Date) *Form {
	fields := []Field{{Name: "code", LabelKey: "verify.code", HintKey: "verify.code.hint", Max: 400, Focus: true},
		{Name: "name", LabelKey: "verify.name", HintKey: "verify.name.hint", Max: patient.MaxName, Optional: true}}
	for i, name := range fee.LayerNames() {
		x := Field{Name: name, LabelKey: fee.Layer{Name: name}.Label(), Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: true}
		if i == 0 {
			x.Break = true
		}
		fields = append(fields, x)
	}
	f := NewForm(b, today, fields...)
	f.Action = "/verify"
	return f
}

func newVerifyView(b Base, f *Form) verifyView {
	b.Title, b.Sub = b.T("verify.title"), b.T("verify.sub")
	if b.User == nil {
		b.Layout = "plain"
	}
	return verifyView{Base: b, Form: f, Buttons: []Button{{Text: b.T("verify.do"), Kind: "primary"}}}
}

// paperAmounts reads the amounts; an empty one is zero, all empty is none given.
func paperAmounts(f *Form) (q funding.PaperQuery) {
	entered := false
	for _, name := range fee.LayerNames() {
		entered = entered || f.Text(name) != ""
		q.Figures = append(q.Figures, f.Money(name))
	}
	if !entered {
		q.Figures = nil
		return q
	}
	for _, name := range fee.LayerNames() {
		if f.Text(name) == "" && name != "other" { // a paper has that line only when somebody paid it
			f.Fail(name, "verify.amount.missing")
		}
	}
	return q
}

// verifyPage is the empty page, or the answer about a code that came by a link.
func (s *Server) verifyPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := verifyForm(c.Base, c.Today)
	if code := r.URL.Query().Get("code"); code != "" {
		return s.answerPaper(w, r, c, f.Put("code", code))
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "paper/verify", newVerifyView(c.Base, f))
}

// verify answers about a code with what was copied from the paper. It changes
// nothing, so asking again needs no key.
func (s *Server) verify(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := verifyForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	return s.answerPaper(w, r, c, f)
}

func (s *Server) answerPaper(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	v := newVerifyView(c.Base, f)
	q := paperAmounts(f)
	q.Text, q.Name = f.Text("code"), f.Text("name")
	if f.OK() {
		if err := s.checks.Allow(httpx.ClientKey(r)); err != nil { // codes are not to be guessed in bulk
			return err
		}
		check, err := s.d.Funding.CheckPaper(r.Context(), c.Who, q)
		if err != nil {
			return err
		}
		v.show(check)
	}
	return s.d.Engine.Render(w, r, f.Status(), "paper/verify", v)
}

// show puts the answer into words: what is said, and what it means.
func (v *verifyView) show(c funding.PaperCheck) {
	word := c.Answer()
	a := Alert{Kind: "ok", Title: v.T("verify." + word)}
	switch {
	case !c.Sound() && word != "unbound":
		a.Kind = "error"
	case word == "unbound" || word == "old":
		a.Kind = "warn"
	}
	if c.Verdict != funding.PaperGenuine {
		a.Text = v.T("verify." + word + ".text")
	} else {
		a.Text = v.T("verify."+word+".text", "day", v.Day(c.Token.Issued))
		v.Facts = []Def{{Label: v.T("verify.kind"), Text: v.T(string(c.Token.Kind.Label()))}, {Label: v.T("verify.issued"), Text: v.Day(c.Token.Issued)},
			{Label: v.T("verify.code"), Text: c.Code}}
		if c.Token.State != "" {
			v.Facts = append(v.Facts, Def{Label: v.T("verify.state"), Text: v.T("paper.state." + c.Token.State)})
		}
	}
	v.Answer = &a
	if c.Record == ident.Nil {
		return
	}
	t := Table{Caption: v.T("verify.recorded"), Columns: []Column{{Key: "funding.layer", Class: "grow"}, {Key: "funding.print.amount", Align: "right"}}}
	for _, l := range c.Recorded {
		t.Rows = append(t.Rows, Cells(TextCell(v.T(l.Label())), MoneyCell(l.Amount)))
	}
	v.Figures = &t
	path := map[paper.Kind]string{paper.Approval: "/approvals/", paper.Settlement: "/settlements/", paper.Estimate: "/estimates/"}[c.Token.Kind]
	v.Facts = append(v.Facts, Def{Label: v.T("verify.person"), Text: c.Person}, Def{Label: v.T("verify.record"), Text: v.T("verify.open"), Href: path + c.Record.String()})
}
