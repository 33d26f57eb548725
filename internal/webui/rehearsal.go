package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

// rehearsalShown is how many persons of each side the page lists.
const rehearsalShown = 20

// rehearsalView is what a version would have cost.
type rehearsalView struct {
	Base
	Alerts []Alert
	Form   *Form
	Facts  []Def
	Tables []Table
}

func rehearsalForm(b Base, today clock.Date, id ident.ID) *Form {
	f := NewForm(b, today, Field{Name: "from", LabelKey: "rehearsal.from", Kind: KindDate, Width: 6}, Field{Name: "to", LabelKey: "rehearsal.to", Kind: KindDate, Width: 6})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, policyHref(id)+"/rehearsal"
	return f
}

func (s *Server) rehearsalPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := rehearsalForm(c.Base, c.Today, id)
	if r.URL.Query().Has("from") || r.URL.Query().Has("to") {
		if err := f.Read(r); err != nil {
			return err
		}
	} else {
		f.Put("from", c.Today.AddMonths(-12).AddDays(1).String()).Put("to", c.Today.String())
	}
	in := pricing.RehearseInput{Policy: id, From: f.Date("from"), To: f.Date("to")}
	var out pricing.Rehearsed
	if f.OK() {
		if out, err = s.d.Pricing.Rehearse(r.Context(), c.Who, in); err != nil {
			if err = f.Merge(err); err != nil {
				return err
			}
		}
	}
	name := c.P.T("nav.policies")
	if out.Version.ID != ident.Nil {
		name = policyName(c.Base, out.Version.Version)
	}
	b := s.policyBase(c, c.P.T("rehearsal.title"), Link{Text: name, Href: policyHref(id)})
	return s.d.Engine.Render(w, r, f.Status(), "policy/rehearsal", newRehearsalView(b, f, out))
}

func newRehearsalView(b Base, f *Form, x pricing.Rehearsed) rehearsalView {
	b.Sub = b.T("rehearsal.sub")
	p := rehearsalView{Base: b, Form: f}
	if !f.OK() {
		return p
	}
	if x.Version.Sample {
		p.Alerts = append(p.Alerts, *sampleAlert(b))
	}
	if x.Control < x.Cases {
		p.Alerts = append(p.Alerts, Alert{Kind: "error", Title: b.T("rehearsal.control.bad", "n", x.Cases-x.Control)})
	}
	if x.Cut {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("rehearsal.cut", "n", x.Cases)})
	}
	p.Facts = []Def{{Label: b.T("rehearsal.cases"), Text: number(x.Cases)}, {Label: b.T("rehearsal.excluded"), Text: b.T("rehearsal.excluded.text", "n", x.Excluded)},
		{Label: b.T("rehearsal.control"), Text: b.T("rehearsal.control.text", "n", x.Control, "all", x.Cases)}, {Label: b.T("rehearsal.exact"), Text: number(x.Exact)},
		{Label: b.T("rehearsal.winners"), Text: number(len(x.Winners))}, {Label: b.T("rehearsal.losers"), Text: number(len(x.Losers))}, {Label: b.T("rehearsal.same"), Text: number(x.Same)}}
	p.Tables = []Table{payersTable(b, x), fundsTable(b, x), changesTable(b, "rehearsal.losers", x.Losers, x), changesTable(b, "rehearsal.winners", x.Winners, x)}
	return p
}

func payersTable(b Base, x pricing.Rehearsed) Table {
	t := Table{Caption: b.T("rehearsal.payers"), Note: b.T("strip.unit"), Columns: []Column{{Key: "funding.layer", Class: "grow"}, {Key: "rehearsal.before", Align: "right"}, {Key: "rehearsal.after", Align: "right"}, {Key: "estimate.difference", Align: "right"}},
		Empty: Empty{Title: b.T("rehearsal.none"), Text: b.T("rehearsal.none.text")}}
	if x.Cases == 0 {
		return t
	}
	before, after := x.Sum.Layers(), x.New.Layers()
	for i, l := range before {
		row := Cells(TextCell(b.T(l.Label())), MoneyCell(l.Amount), MoneyCell(after[i].Amount), moreCell(after[i].Amount-l.Amount))
		row.Total = l.Name == "net"
		t.Rows = append(t.Rows, row)
	}
	return t
}

func fundsTable(b Base, x pricing.Rehearsed) Table {
	w := words{p: b.P, funds: x.Funds}
	t := Table{Caption: b.T("rehearsal.funds"), Note: b.T("strip.unit"), Columns: []Column{{Key: "estimate.fund", Class: "grow"}, {Key: "rehearsal.before", Align: "right"}, {Key: "rehearsal.after", Align: "right"}, {Key: "estimate.difference", Align: "right"}},
		Empty: Empty{Title: b.T("rehearsal.no_funds")}}
	for _, f := range x.Rehearsal.Funds {
		t.Rows = append(t.Rows, Cells(TextCell(w.fund(f.Fund)), MoneyCell(f.Before), MoneyCell(f.After), moreCell(f.After-f.Before)))
	}
	return t
}

func changesTable(b Base, title string, list []fee.Change, x pricing.Rehearsed) Table {
	w := words{p: b.P, rules: x.Version.Rules}
	t := Table{Caption: b.T(title), Note: b.T("strip.unit"), Columns: []Column{{Key: "rehearsal.case", Class: "grow"}, {Key: "treatment.category"}, {Key: "rehearsal.before", Align: "right"}, {Key: "rehearsal.after", Align: "right"},
		{Key: "estimate.more", Align: "right"}}, Empty: Empty{Title: b.T("rehearsal.nobody")}}
	if len(list) > rehearsalShown {
		t.Note = b.T("rehearsal.first", "n", rehearsalShown, "all", len(list))
	}
	for _, c := range list[:min(len(list), rehearsalShown)] {
		id := c.Case.String()
		t.Rows = append(t.Rows, Cells(LinkCell(b.T("rehearsal.case.no", "no", id[len(id)-6:]), "/estimates/"+id), TextCell(w.category(c.Category)), MoneyCell(c.Before), MoneyCell(c.After), moreCell(c.More())))
	}
	return t
}
