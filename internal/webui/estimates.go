package webui

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

// estimateRows is how many lines of a bill the form has.
const estimateRows = 6

// estimateView is the form of an estimate with what it comes to.
type estimateView struct {
	Base
	Alerts  []Alert
	WhyNot  *WhyNot
	Form    *Form
	Facts   []Def
	Buttons []Button
	Result  *estimateResult
	Earlier Table
	Year    Table
	Recount Table
}

// estimateResult is a computed case: its sum as figures, its rows, and for an
// estimate what would be otherwise.
type estimateResult struct {
	Facts    []Def
	Rows     Table
	WhatIf   *Table
	Variance *Table
}

func estimateHref(id ident.ID) string { return "/treatments/" + id.String() + "/estimate" }

func estimateForm(b Base, today clock.Date, v pricing.EstimateView) *Form {
	var regions, funds []Option
	for _, x := range v.Versions {
		regions = append(regions, Option{Value: x.Region.Code, Text: regionName(b.P, x.Region)})
	}
	for _, x := range v.Funds {
		funds = append(funds, Option{Value: x.ID.String(), Text: x.Name})
	}
	var fields []Field
	if len(regions) > 1 {
		fields = append(fields, Field{Name: "region", LabelKey: "policy.region", Kind: KindSelect, Options: regions})
	}
	fields = append(fields, Field{Name: "kind", LabelKey: "estimate.kind", Kind: KindSelect, Options: optionsOf(exactKinds(v.Treatment.Programme)...), Width: 6, Focus: true},
		Field{Name: "on", LabelKey: "estimate.on", HintKey: "estimate.on.hint", Kind: KindDate, Width: 6},
		Field{Name: "level", LabelKey: "estimate.level", Kind: KindRadio, Options: optionsOf(policy.Levels()...), Width: 5},
		Field{Name: "insurance", LabelKey: "estimate.insurance", Kind: KindRadio, Options: optionsOf(policy.Insurances()...), Width: 7},
		Field{Name: "referred", LabelKey: "estimate.referred", HintKey: "estimate.referred.hint", Kind: KindCheck, Optional: true})
	for i := range estimateRows {
		fields = append(fields, itemFields(b, i)...)
	}
	fields = append(fields, Field{Name: "other", LabelKey: "estimate.other", HintKey: "estimate.other.hint", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6, Break: true},
		Field{Name: "fund", LabelKey: "estimate.fund", Kind: KindSelect, Options: funds, Blank: "estimate.fund.none", Optional: true, Width: 6},
		Field{Name: "if_implant", LabelKey: "estimate.if_implant", HintKey: "estimate.if_implant.hint", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6},
		Field{Name: "if_fund", LabelKey: "estimate.if_fund", Kind: KindSelect, Options: funds, Blank: "list.none", Optional: true, Width: 6},
		Field{Name: "note", LabelKey: "care.note", Max: 200, Optional: true})
	f := keyed(NewForm(b, today, fields...))
	f.Action = estimateHref(v.Treatment.ID)
	return f
}

func itemFields(b Base, i int) []Field {
	var classes []Option
	for _, c := range fee.ItemClasses() {
		classes = append(classes, Option{Value: c, Key: "estimate.class." + c})
	}
	at := "item" + strconv.Itoa(i)
	of := b.T("estimate.line", "n", i+1)
	return []Field{{Name: at + "_class", LabelKey: "estimate.item", Of: of, Kind: KindSelect, Options: classes, Blank: "list.none", Optional: true, Width: 3, Break: true},
		{Name: at + "_amount", LabelKey: "estimate.amount", Of: of, Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 3},
		{Name: at + "_limit", LabelKey: "estimate.limit", Of: of, Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 2},
		percentField(Field{Name: at + "_first", LabelKey: "estimate.first", Of: of, Optional: true, Width: 2}),
		{Name: at + "_outside", LabelKey: "estimate.outside", Kind: KindCheck, Optional: true, Width: 2}}
}

// putEstimate begins with the latest estimate, or with the lines a bill usually
// has.
func putEstimate(f *Form, today clock.Date, v pricing.EstimateView) {
	f.Put("on", today.String())
	last, ok := v.Last()
	if !ok {
		f.Put("level", "2").Put("insurance", string(policy.Resident)).Put("referred", "yes")
		for i, c := range fee.ItemClasses() {
			f.Put("item"+strconv.Itoa(i)+"_class", c)
		}
		return
	}
	c := last.Case
	if c.On.After(today) {
		f.Put("on", c.On.String())
	}
	f.Put("kind", string(c.Kind)).Put("level", string(c.Level)).Put("insurance", string(c.Insurance))
	putTick(f, "referred", c.Referred)
	if c.Fund != ident.Nil {
		f.Put("fund", c.Fund.String())
	}
	putFen(f, "other", c.Other)
	for i, x := range c.Items[:min(len(c.Items), estimateRows)] {
		at := "item" + strconv.Itoa(i)
		f.Put(at+"_class", x.Class).Put(at+"_amount", x.Amount.Plain())
		putFen(f, at+"_limit", x.Limit)
		if x.FirstPay > 0 {
			f.Put(at+"_first", rateValue(x.FirstPay))
		}
		putTick(f, at+"_outside", x.Outside)
	}
}

// readEstimate reads the form; at says which line of the form an item is.
func readEstimate(f *Form, id ident.ID) (in pricing.EstimateInput, at []int) {
	in = pricing.EstimateInput{Treatment: id, Note: f.Text("note"), Case: fee.Case{Kind: procedure.Kind(f.Choice("kind")), Level: policy.Level(f.Choice("level")),
		Insurance: policy.Insurance(f.Choice("insurance")), Referred: f.Bool("referred"), On: f.Date("on"), Other: f.Money("other"), Fund: chosenID(f, "fund")},
		WhatIf: pricing.WhatIf{Implant: f.Money("if_implant"), Fund: chosenID(f, "if_fund")}}
	if f.has("region") {
		in.Region = f.Choice("region")
	}
	for i := range estimateRows {
		name := "item" + strconv.Itoa(i)
		x := fee.Item{Class: f.Choice(name + "_class"), Amount: f.Money(name + "_amount"), Limit: f.Money(name + "_limit"), FirstPay: readPercent(f, name+"_first"),
			Outside: f.Bool(name + "_outside")}
		if x.Amount == 0 {
			continue
		}
		if x.Class == "" {
			x.Class = "other"
		}
		in.Case.Items, at = append(in.Case.Items, x), append(at, i)
	}
	return in, at
}

func chosenID(f *Form, name string) ident.ID {
	id, err := ident.Parse(f.Choice(name))
	if err != nil {
		return ident.Nil
	}
	return id
}

// atForm turns the paths of a case into the names of the form.
func atForm(err error, at []int) error {
	e := errs.Of(err)
	if err == nil || e.Kind != errs.Invalid {
		return err
	}
	var f errs.Fields
	for _, x := range e.Fields {
		if x.Path == "items" {
			x.Path = "item0_amount"
		} else if rest, ok := strings.CutPrefix(x.Path, "items."); ok {
			no, name, _ := strings.Cut(rest, ".")
			if i, err := strconv.Atoi(no); err == nil && i < len(at) {
				x.Path = "item" + strconv.Itoa(at[i]) + "_" + strings.TrimSuffix(name, "_pay")
			}
		}
		f = append(f, x)
	}
	return f.Err()
}

func (s *Server) estimateAt(r *http.Request, c *Call) (estimateView, pricing.EstimateView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return estimateView{}, pricing.EstimateView{}, err
	}
	v, err := s.d.Pricing.EstimateForm(r.Context(), c.Who, id)
	if err != nil {
		return estimateView{}, v, err
	}
	b := s.careBase(c, "cases", c.P.T("estimate.title"), Link{Text: v.Treatment.CaseNo, Href: "/cases/" + v.Treatment.Case.String()},
		Link{Text: treatmentName(c.Base, v.Treatment), Href: "/treatments/" + id.String()})
	return newEstimateView(b, c.Today, v), v, nil
}

func newEstimateView(b Base, today clock.Date, v pricing.EstimateView) estimateView {
	p := estimateView{Base: b, Facts: estimateFacts(b, v), Earlier: earlierTable(b, v), Year: yearTable(b, v), Recount: recountTable(b, v)}
	switch {
	case len(v.Versions) == 0:
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("estimate.no_rules"), Text: b.T("policy.remedy.release")})
	case v.Versions[0].Sample:
		p.Alerts = append(p.Alerts, *sampleAlert(b))
	}
	if v.Make && len(v.Versions) > 0 {
		p.Form = estimateForm(b, today, v)
		p.Buttons = []Button{{Text: b.T("estimate.try"), Kind: "primary", Name: "do", Value: "try"}, {Text: b.T("estimate.save"), Name: "do", Value: "save"},
			{Text: b.T("dialog.back"), Href: "/treatments/" + v.Treatment.ID.String()}}
	}
	return p
}

func estimateFacts(b Base, v pricing.EstimateView) []Def {
	out := []Def{{Label: b.T("case.patient"), Text: v.Treatment.PersonName, Href: ""}, {Label: b.T("treatment.hospital"), Text: v.Treatment.HospitalName}}
	names := b.T("estimate.no_category")
	if len(v.Categories) > 0 {
		var rules policy.Rules
		if len(v.Versions) > 0 {
			rules = v.Versions[0].Rules
		}
		names = words{p: b.P, rules: rules}.categories(v.Categories)
	}
	out = append(out, Def{Label: b.T("treatment.category"), Text: names})
	if len(v.Categories) > 0 && !v.Proven {
		out = append(out, Def{Label: b.T("estimate.proof"), Text: b.T("estimate.proof.missing")})
	}
	for _, x := range v.Versions {
		out = append(out, Def{Label: b.T("estimate.rules"), Text: policyName(b, x), Href: policyHref(x.ID)})
	}
	return out
}

func earlierTable(b Base, v pricing.EstimateView) Table {
	t := Table{Caption: b.T("estimate.earlier"), Note: b.T("strip.unit"), Columns: []Column{{Key: "estimate.made", Class: "grow"}, {Key: "estimate.what"}, {Key: "estimate.rules"}, {Key: "fee.layer.bill", Align: "right"},
		{Key: "funding.insurance", Align: "right"}, {Key: "funding.reduction", Align: "right"}, {Key: "fee.layer.net", Align: "right"}}}
	for _, x := range v.Earlier {
		what := TagCell("info", b.T("estimate.kind."+string(x.Kind)))
		if x.Reversed {
			what = TagCell("plain", b.T("estimate.reversed"))
		}
		sum := x.Result.Sum
		t.Rows = append(t.Rows, Cells(Cell{Text: instant(x.CreatedAt), Href: "/estimates/" + x.ID.String(), Sub: x.By}, what, TextCell(b.T("policy.no", "no", x.Result.No)),
			MoneyCell(sum.Bill), MoneyCell(sum.Insurance()), MoneyCell(sum.Reduction()), MoneyCell(sum.Net)))
	}
	return t
}

func kindLabel(k fee.Kind) string { return "fee.kind." + string(k) }

func yearTable(b Base, v pricing.EstimateView) Table {
	t := Table{Caption: b.T("year.title"), Note: b.T("strip.unit"), Columns: []Column{{Key: "year.kind", Class: "grow"}, {Key: "year.threshold", Align: "right"}, {Key: "year.base", Align: "right"}, {Key: "year.paid", Align: "right"}},
		Empty: Empty{Title: b.T("year.none"), Text: b.T("year.none.text")}}
	if v.Make {
		t.Links = []Link{{Text: b.T("year.opening"), Href: "/treatments/" + v.Treatment.ID.String() + "/year"}}
	}
	for _, k := range fee.Kinds() {
		a, ok := v.Year[k]
		if !ok {
			continue
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: b.T(kindLabel(k)), Sub: openingText(b, v.Lines, k)}, MoneyCell(a.Threshold), MoneyCell(a.Base), MoneyCell(a.Paid)))
	}
	return t
}

func openingText(b Base, lines []pricing.YearLine, k fee.Kind) string {
	for _, l := range lines {
		if l.Kind == k && l.Source != "" {
			return b.T("year.from", "source", l.Source, "day", l.OpenedOn)
		}
	}
	return ""
}

// recountTable lists settled cases of the year that a correction has shifted.
func recountTable(b Base, v pricing.EstimateView) Table {
	t := Table{Caption: b.T("estimate.recount"), Note: b.T("estimate.recount.note"), Columns: []Column{{Key: "estimate.recount.case", Class: "grow"}, {Key: "estimate.recount.before", Align: "right"},
		{Key: "estimate.recount.after", Align: "right"}, {Key: "estimate.more", Align: "right"}}}
	for _, x := range v.Shifts {
		row := Cells(LinkCell(b.Day(x.OperatedOn), "/estimates/"+x.Case.String()), MoneyCell(x.Before.Net), MoneyCell(x.After.Net), moreCell(x.Net()))
		row.Alert = true
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (s *Server) estimatePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.estimateAt(r, c)
	if err != nil {
		return err
	}
	if p.Form != nil {
		putEstimate(p.Form, c.Today, v)
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "policy/estimate", p)
}

func (s *Server) makeEstimate(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.estimateAt(r, c)
	if err != nil {
		return err
	}
	if p.Form == nil {
		return s.d.Engine.Render(w, r, http.StatusUnprocessableEntity, "policy/estimate", p)
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in, at := readEstimate(p.Form, v.Treatment.ID)
	if !p.Form.OK() {
		return s.d.Engine.Render(w, r, p.Form.Status(), "policy/estimate", p)
	}
	if r.PostFormValue("do") == "save" {
		x, err := s.d.Pricing.Save(r.Context(), c.Who, in, pricing.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("estimate.saved")})
			return seeOther(w, r, "/estimates/"+x.ID.String())
		}
		return s.refuseEstimate(w, r, p, atForm(err, at))
	}
	e, err := s.d.Pricing.Try(r.Context(), c.Who, in)
	if err != nil {
		return s.refuseEstimate(w, r, p, atForm(err, at))
	}
	p.Result = triedResult(p.Base, e, v.Funds)
	return s.d.Engine.Render(w, r, http.StatusOK, "policy/estimate", p)
}

func (s *Server) refuseEstimate(w http.ResponseWriter, r *http.Request, p estimateView, err error) error {
	f := careForm{Base: p.Base, Form: p.Form}
	if err = refusedCare(&f, err); err != nil {
		return err
	}
	p.WhyNot = f.WhyNot
	return s.d.Engine.Render(w, r, http.StatusUnprocessableEntity, "policy/estimate", p)
}

func triedResult(b Base, e pricing.Estimate, funds []pricing.Fund) *estimateResult {
	w := words{b.P, e.Version.Rules, fundNames(funds)}
	out := &estimateResult{Facts: sumFacts(w, e.Result), Rows: rowsTable(w, e.Result)}
	t := Table{Caption: b.T("estimate.whatif"), Note: b.T("strip.unit"), Columns: []Column{{Key: "estimate.if", Class: "grow"}, {Key: "fee.layer.bill", Align: "right"}, {Key: "funding.insurance", Align: "right"},
		{Key: "funding.reduction", Align: "right"}, {Key: "fee.layer.net", Align: "right"}, {Key: "estimate.more", Align: "right"}}}
	for _, a := range e.Alternatives {
		name := b.T(a.Key())
		if a.Level != "" {
			name = b.T(a.Key(), "level", errs.Key(a.Level.Label()))
		}
		sum := a.Result.Sum
		t.Rows = append(t.Rows, Cells(TextCell(name), MoneyCell(sum.Bill), MoneyCell(sum.Insurance()), MoneyCell(sum.Reduction()), MoneyCell(sum.Net), moreCell(sum.Net-e.Result.Sum.Net)))
	}
	if len(t.Rows) > 0 {
		out.WhatIf = &t
	}
	return out
}

// moreCell is a difference with its sign.
func moreCell(d money.Fen) Cell {
	c := MoneyCell(d)
	if d > 0 {
		c.Text = "+" + c.Text
	}
	return c
}

func sumFacts(w words, r fee.Result) []Def {
	yuan := func(f money.Fen) string { return w.p.T("unit.yuan.amount", "amount", f) }
	return []Def{{Label: w.p.T("fee.layer.bill"), Text: yuan(r.Sum.Bill)}, {Label: w.p.T("funding.insurance"), Text: yuan(r.Sum.Insurance())},
		{Label: w.p.T("funding.reduction"), Text: yuan(r.Sum.Reduction())}, {Label: w.p.T("fee.layer.other"), Text: yuan(r.Sum.Other)},
		{Label: w.p.T("fee.layer.net"), Text: yuan(r.Sum.Net)}, {Label: w.p.T("estimate.applied"), Text: w.category(r.Category)},
		{Label: w.p.T("estimate.rules"), Text: w.p.T("policy.no", "no", r.No)}}
}

func rowsTable(w words, r fee.Result) Table {
	t := Table{Caption: w.p.T("estimate.rows"), Note: w.p.T("strip.unit"), Columns: []Column{{Key: "estimate.step"}, {Key: "estimate.payer"}, {Key: "estimate.why", Class: "grow"}, {Key: "estimate.rule"},
		{Key: "estimate.row_amount", Align: "right"}, {Key: "estimate.left", Align: "right"}}}
	left := r.Sum.Bill
	for _, x := range r.Rows {
		payer := ""
		if x.Payer != fee.PayerNobody {
			payer = w.p.T(x.Payer.Label())
			if x.Payer == fee.PayerFund {
				payer = w.fund(x.Fund)
			}
		}
		if x.Payer != fee.PayerNobody && x.Payer != fee.PayerPatient {
			left -= x.Amount
		}
		row := Cells(TextCell(w.p.T(x.Step.Label())), TextCell(payer), TextCell(w.why(x)), CodeCell(x.Rule), MoneyCell(x.Amount), MoneyCell(left))
		row.Total = x.Step == fee.StepNet
		t.Rows = append(t.Rows, row)
	}
	return t
}
