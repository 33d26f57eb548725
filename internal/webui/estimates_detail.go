package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

func (s *Server) estimateDetail(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Pricing.Estimate(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	b := s.careBase(c, "cases", c.P.T("estimate.one."+string(v.Kind)), Link{Text: v.Treatment.CaseNo, Href: "/cases/" + v.Treatment.Case.String()},
		Link{Text: treatmentName(c.Base, v.Treatment), Href: "/treatments/" + v.Treatment.ID.String()})
	return s.d.Engine.Render(w, r, http.StatusOK, "policy/computation", newComputationView(b, v))
}

// computationView is a kept computation, row by row.
type computationView struct {
	Base
	Alerts []Alert
	Facts  []Def
	Result *estimateResult
}

func newComputationView(b Base, v pricing.EstimateDetail) computationView {
	b.Actions = []Button{{Text: b.T("estimate.print"), Icon: "printer", Href: "/estimates/" + v.ID.String() + "/print"}, {Text: b.T("estimate.pdf"), Href: "/estimates/" + v.ID.String() + "/form.pdf"}, {Text: b.T("estimate.again"), Href: estimateHref(v.Treatment.ID)}}
	p := computationView{Base: b}
	if v.Result.Sample {
		p.Alerts = append(p.Alerts, *sampleAlert(b))
	}
	if !v.Replayed {
		p.Alerts = append(p.Alerts, Alert{Kind: "error", Title: b.T("estimate.not_replayed")})
	}
	w := words{b.P, v.Version.Rules, fundNames(v.Funds)}
	p.Facts = computationFacts(b, v)
	p.Result = &estimateResult{Facts: sumFacts(w, v.Result), Rows: rowsTable(w, v.Result)}
	if len(v.Variance) > 0 {
		t := varianceTable(b, v)
		p.Result.Variance = &t
	}
	return p
}

func computationFacts(b Base, v pricing.EstimateDetail) []Def {
	out := []Def{{Label: b.T("case.patient"), Text: v.Treatment.PersonName}, {Label: b.T("treatment.hospital"), Text: v.Treatment.HospitalName},
		{Label: b.T("estimate.made"), Text: instant(v.CreatedAt) + " " + v.By}, {Label: b.T("estimate.rules"), Text: policyName(b, v.Version.Version), Href: policyHref(v.Version.ID)},
		{Label: b.T("estimate.on"), Text: b.Day(v.Case.On)}, {Label: b.T("estimate.level"), Text: b.T(v.Case.Level.Label())},
		{Label: b.T("estimate.insurance"), Text: b.T(v.Case.Insurance.Label())}}
	if v.Case.Kind != "" {
		out = append(out, Def{Label: b.T("estimate.kind"), Text: b.T(v.Case.Kind.Label())})
	}
	if v.Note != "" {
		out = append(out, Def{Label: b.T("care.note"), Text: v.Note})
	}
	return out
}

// varianceTable sets the estimate beside the settlement, with a column for each
// cause; a row adds up.
func varianceTable(b Base, v pricing.EstimateDetail) Table {
	note := b.T("estimate.variance.note", "day", v.Settled)
	if v.Counted && v.Actual.ID != v.Version.ID {
		note = b.T("estimate.variance.rules", "day", v.Settled, "no", v.Actual.No)
	}
	t := Table{Caption: b.T("estimate.variance"), Note: note, Columns: []Column{{Key: "funding.layer", Class: "grow"}, {Key: "estimate.title", Align: "right"}}}
	for _, c := range fee.Causes() {
		t.Columns = append(t.Columns, Column{Key: c.Label(), Align: "right"})
	}
	t.Columns = append(t.Columns, Column{Key: "estimate.settled", Align: "right"}, Column{Key: "estimate.difference", Align: "right"})
	for _, l := range v.Variance {
		row := Cells(TextCell(b.T(l.Label())), MoneyCell(l.Estimate))
		for _, d := range l.By {
			row.Cells = append(row.Cells, moreCell(d))
		}
		row.Cells = append(row.Cells, MoneyCell(l.Actual), moreCell(l.Difference()))
		row.Total = l.Layer == "net"
		t.Rows = append(t.Rows, row)
	}
	return t
}

// estimateSheet is the paper a family takes along.
type estimateSheet struct {
	Base
	No, Name, Hospital, Plan, Day string
	Facts                         []Def
	Rows                          []sheetRow
	Net, NetText                  string
	Sample                        bool
	Rules                         string
	By, Printed                   string
	Code, QR                      string // as of printPage
	QRSize                        int
}

type sheetRow struct {
	No               int
	Step, Payer, Why string
	Amount, Left     string
}

func (s *Server) estimatePrint(w http.ResponseWriter, r *http.Request, c *Call) error {
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
	p := newEstimateSheet(c.Base, v, s.printedBy(c), instant(s.d.Clock.Now()))
	p.Code = mark.Code
	if p.QR, p.QRSize, err = printout.QRPath(mark.Token); err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "policy/sheet", p)
}

func newEstimateSheet(b Base, v pricing.EstimateDetail, by, printed string) estimateSheet {
	b.Layout, b.Title = "print", b.T("estimate.sheet")
	w := words{b.P, v.Version.Rules, fundNames(v.Funds)}
	p := estimateSheet{Base: b, No: v.Treatment.CaseNo, Name: v.Treatment.PersonName, Hospital: v.Treatment.HospitalName, Plan: treatmentName(b, v.Treatment), Day: b.Day(v.Case.On),
		Net: v.Result.Sum.Net.String(), NetText: capital(b, v.Result.Sum.Net), Sample: v.Result.Sample, Rules: policyName(b, v.Version.Version), By: by, Printed: printed,
		Facts: []Def{{Label: b.T("estimate.level"), Text: b.T(v.Case.Level.Label())}, {Label: b.T("estimate.insurance"), Text: b.T(v.Case.Insurance.Label())},
			{Label: b.T("estimate.applied"), Text: w.category(v.Result.Category)}}}
	t := rowsTable(w, v.Result)
	for i, x := range t.Rows {
		p.Rows = append(p.Rows, sheetRow{i + 1, x.Cells[0].Text, x.Cells[1].Text, x.Cells[2].Text, x.Cells[4].Text, x.Cells[5].Text})
	}
	return p
}

// yearForm is an opening balance of a person's year.
func yearForm(b Base, today clock.Date) *Form {
	var kinds []Option
	for _, k := range fee.Kinds() {
		kinds = append(kinds, Option{Value: string(k), Key: kindLabel(k)})
	}
	yuan := func(name string) Field {
		return Field{Name: name, LabelKey: "year." + name, HintKey: "year." + name + ".hint", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 4}
	}
	return keyed(NewForm(b, today, Field{Name: "kind", LabelKey: "year.kind", Kind: KindSelect, Options: kinds, Focus: true}, yuan("threshold"), yuan("base"), yuan("paid"),
		Field{Name: "on", LabelKey: "year.on", HintKey: "year.on.hint", Kind: KindDate, Width: 4},
		Field{Name: "source", LabelKey: "year.source", Placeholder: "year.source.example", Max: 200, Width: 8}))
}

func (s *Server) yearAt(r *http.Request, c *Call) (careForm, pricing.EstimateView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, pricing.EstimateView{}, err
	}
	v, err := s.d.Pricing.EstimateForm(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	if !v.Make {
		return careForm{}, v, errs.Missing("error.treatment.gone")
	}
	b := s.careBase(c, "cases", c.P.T("year.opening"), Link{Text: v.Treatment.CaseNo, Href: "/cases/" + v.Treatment.Case.String()}, Link{Text: c.P.T("estimate.title"), Href: estimateHref(id)})
	f := yearForm(b, c.Today)
	f.Action = "/treatments/" + id.String() + "/year"
	return careForm{Base: b, Form: f, Facts: yearFacts(b, v)}, v, nil
}

// yearFacts are the opening balances that stand.
func yearFacts(b Base, v pricing.EstimateView) []Def {
	out := []Def{{Label: b.T("case.patient"), Text: v.Treatment.PersonName}}
	for _, l := range v.Lines {
		if l.Source != "" {
			out = append(out, Def{Label: b.T(kindLabel(l.Kind)) + " " + number(l.Year), Text: b.T("year.stands", "threshold", l.Opening.Threshold, "base", l.Opening.Base, "paid", l.Opening.Paid,
				"source", l.Source, "day", l.OpenedOn)})
		}
	}
	return out
}

func (s *Server) yearPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.yearAt(r, c)
	if err != nil {
		return err
	}
	p.Form.Put("on", c.Today.String())
	return s.showCareForm(w, r, p, Button{Text: p.T("directory.save")}, estimateHref(v.Treatment.ID))
}

func (s *Server) saveYear(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.yearAt(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := pricing.OpeningInput{Treatment: v.Treatment.ID, Kind: fee.Kind(f.Choice("kind")), Account: fee.Account{Threshold: f.Money("threshold"), Base: f.Money("base"), Paid: f.Money("paid")},
		On: f.Date("on"), Source: f.Text("source")}
	if f.OK() {
		_, err := s.d.Pricing.SetOpening(r.Context(), c.Who, in, pricing.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, estimateHref(v.Treatment.ID))
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("directory.save")}, estimateHref(v.Treatment.ID))
}
