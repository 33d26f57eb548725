package webui

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// relationField is the declaration every answer that approves needs.
func relationField() Field {
	return Field{Name: "relation", LabelKey: "funding.relation", HintKey: "funding.relation.hint", Kind: KindRadio, Options: optionsOf(fund.Relations()...), Missing: "error.fund.relation_missing"}
}

// lapseAlert says which facts of an approval changed and what follows from it.
func lapseAlert(b Base, v funding.ApprovalView) []Alert {
	key := map[fund.Lapse]string{fund.LapseOpen: "funding.lapsed.care", fund.LapseRequeued: "funding.lapsed.queue"}[v.Lapse]
	waits := v.State == fund.ApprovalRequested || v.State == fund.ApprovalApproved
	if key == "" || !waits {
		return nil
	}
	return []Alert{{Kind: "warn", Title: b.T("funding.lapsed.title"), Text: b.T(key, "facts", boundNames(b, v.LapsedFacts))}}
}

func boundNames(b Base, list []fund.Bound) string {
	names := make([]string, len(list))
	for i, x := range list {
		names[i] = b.T(x.Label())
	}
	return strings.Join(names, b.T("list.separator"))
}

// eyeAlerts says for each eye of a cataract patient what an application still
// lacks, and what to do about it.
func eyeAlerts(b Base, v funding.RequestView) (out []Alert) {
	for _, e := range v.Eyes {
		eye := b.T(e.Eye.EyeLabel())
		args := []any{"eye", eye, "n", e.Readings, "people", e.People}
		switch {
		case e.Missing == "" && e.ByPhoto:
			out = append(out, Alert{Kind: "ok", Title: b.T("funding.sight.photo", args...), Text: b.T("funding.sight.photo.text")})
		case e.Missing != "" && e.Exempt:
			out = append(out, Alert{Kind: "warn", Title: b.T("funding.sight.missing", args...), Text: b.T("funding.sight.exempt")})
		case e.Missing != "":
			out = append(out, Alert{Kind: "warn", Title: b.T("funding.sight.missing", args...), Text: b.T(e.Missing.Label() + ".next"),
				Links: []Link{{Text: b.T("funding.sight.record"), Href: "/cases/" + v.Treatment.Case.String()}}})
		}
	}
	return out
}

// readingTable lists the readings a cataract reduction rests on.
func readingTable(b Base, list []funding.Reading) Table {
	t := Table{Caption: b.T("funding.sight"), Columns: []Column{{Key: "funding.eye"}, {Key: "funding.sight.on"}, {Key: "funding.sight.value", Class: "grow"}, {Key: "funding.signature.by"},
		{Key: "funding.sight.entered"}}}
	for _, r := range list {
		t.Rows = append(t.Rows, Cells(TextCell(b.T(r.Side.EyeLabel())), DateCell(r.On), Cell{Text: r.Raw, Sub: b.T(r.Correction.Label())}, TextCell(r.By), Cell{Text: instant(r.CreatedAt), Nowrap: true}))
	}
	return t
}

// objectionTable lists what was said against the notice of this reduction.
func objectionTable(b Base, list []funding.Objection) Table {
	t := Table{Caption: b.T("notice.objections"), Columns: []Column{{Key: "notice.receipt"}, {Key: "notice.object.text", Class: "grow"}, {Key: "notice.state"}, {Key: "notice.answer"}}}
	for _, o := range list {
		tag := objectionTag(b, o.State)
		t.Rows = append(t.Rows, Cells(LinkCell(o.Receipt, "/objections/"+o.ID.String()), TextCell(o.Text), Cell{Tag: &tag}, TextCell(orDash(o.Opinion))))
	}
	return t
}

// signatureTable lists who signed what; nothing before the first signature.
func signatureTable(b Base, list []funding.Signature) *Table {
	if len(list) == 0 {
		return nil
	}
	t := &Table{Caption: b.T("funding.signatures"), Columns: []Column{{Key: "funding.signature.by"}, {Key: "funding.signature.at"}, {Key: "funding.amount.head", Align: "right"},
		{Key: "funding.signature.state"}, {Key: "funding.opinion", Class: "grow"}}}
	for _, x := range list {
		state, amount := TagCell("ok", b.T("funding.signature.stands")), MoneyCell(x.Amount)
		switch {
		case x.Relation == fund.Related:
			state, amount = TagCell("warn", b.T("funding.signature.away")), TextCell("–")
		case x.Void:
			state = TagCell("", b.T("funding.signature.void"))
		}
		t.Rows = append(t.Rows, Cells(TextCell(x.By), Cell{Text: instant(x.SignedAt), Nowrap: true}, amount, state, TextCell(x.Opinion)))
	}
	return t
}

// boundTable is what the last approver signed, each fact in words, and beside it
// what stands now where that differs.
func boundTable(b Base, list []funding.Signature, now []fund.Fact) *Table {
	list = slices.DeleteFunc(slices.Clone(list), func(s funding.Signature) bool { return s.Relation == fund.Related })
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	t := &Table{Caption: b.T("funding.bound"), Note: b.T("funding.bound.note", "digest", last.Digest[:min(12, len(last.Digest))]),
		Columns: []Column{{Key: "funding.bound.fact"}, {Key: "funding.bound.before", Class: "grow"}, {Key: "funding.bound.after", Class: "grow"}}}
	changed := fund.Changed(last.Facts, now)
	for _, name := range fund.Bounds() {
		if name == fund.BoundHospital { // the page names the hospital already
			continue
		}
		before, after := boundValues(b, last.Facts, name), b.T("funding.bound.same")
		differs := now != nil && slices.Contains(changed, name)
		if differs {
			after = boundValues(b, now, name)
		}
		if before != "" || differs {
			t.Rows = append(t.Rows, Cells(TextCell(b.T(name.Label())), TextCell(before), TextCell(after)))
		}
	}
	return t
}

func boundValues(b Base, facts []fund.Fact, name fund.Bound) string {
	var out []string
	for _, f := range facts {
		if f.Name == name {
			out = append(out, boundValue(b, f))
		}
	}
	return strings.Join(out, b.T("list.separator"))
}

// boundValue spells a signed fact the way the pages say it.
func boundValue(b Base, f fund.Fact) string {
	first, rest, _ := strings.Cut(f.Value, " ")
	switch f.Name {
	case fund.BoundCategory:
		return b.T(terminology.Category(first).Key()) + " " + strings.ReplaceAll(rest, "/", " – ")
	case fund.BoundProgramme:
		return b.T(procedure.Programme(f.Value).Label())
	case fund.BoundFinding:
		return b.T(procedure.Side(first).Label()) + " " + rest
	case fund.BoundBill, fund.BoundInsurance: // written plain, with the digits the signature covers
		if amount, err := money.Parse(f.Value); err == nil {
			return amount.String()
		}
	}
	return f.Value
}

// whyFundTable holds every pool against the application: which would pay, and
// why the others would not.
func whyFundTable(b Base, list []funding.FundJudged) *Table {
	t := &Table{Caption: b.T("funding.whyfund"), Note: b.T("strip.unit"), Columns: []Column{{Key: "funding.fund"}, {Key: "fund.account.available", Align: "right"},
		{Key: "funding.why", Class: "grow"}}}
	for _, f := range list {
		if f.Kind != fund.Pool {
			continue
		}
		available, why := TextCell("–"), TagCell("ok", b.T("funding.why.accepts"))
		if f.Open {
			available = MoneyCell(f.Balances.Available)
		}
		if !f.Accepts() {
			why = TextCell(whyText(b, f))
		}
		t.Rows = append(t.Rows, Cells(TextCell(f.Name), available, why))
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func whyText(b Base, f funding.FundJudged) string {
	parts := make([]string, len(f.Reasons))
	for i, r := range f.Reasons {
		key := r.Label()
		if r == fund.WhyPeriod && f.EndsOn.IsZero() {
			key += ".short"
		}
		parts[i] = b.Say(key, f.Args)
	}
	return strings.Join(parts, b.T("list.separator"))
}

// appealTable lists the appeals against the refusals of an application.
func appealTable(b Base, list []funding.Appeal, decides bool) *Table {
	if len(list) == 0 {
		return nil
	}
	t := &Table{Caption: b.T("funding.appeals"), Columns: []Column{{Key: "funding.signature.state"}, {Key: "funding.appeal.reason", Class: "grow"}, {Key: "funding.appeal.by"},
		{Key: "funding.appeal.due"}, {Key: "funding.opinion", Class: "grow"}, {Key: "funding.action", Hidden: true, Class: "narrow"}}}
	for _, a := range list {
		action := TextCell("")
		if decides && a.State == fund.AppealFiled {
			action = ButtonCell(Button{Text: b.T("funding.appeal.answer"), Href: "/appeals/" + a.ID.String()})
		}
		kind := map[fund.AppealState]string{fund.AppealFiled: "warn", fund.AppealGranted: "ok"}[a.State]
		t.Rows = append(t.Rows, Cells(TagCell(kind, b.T(a.State.Label())), TextCell(a.Reason), TextCell(a.By), DateCell(a.DueOn), TextCell(a.Opinion), action))
	}
	return t
}

// more fills what stands beside the sum: changed facts, signatures, funds, appeals.
func (p *approvalPage) more(v funding.ApprovalView) {
	b := p.Base
	p.Alerts = lapseAlert(b, v)
	for _, t := range []*Table{signatureTable(b, v.Signatures), boundTable(b, v.Signatures, v.Now), appealTable(b, v.Appeals, v.MayDecideAppeal), whyFundTable(b, v.Funds)} {
		if t != nil {
			p.Tables = append(p.Tables, *t)
		}
	}
	if len(v.Readings) > 0 {
		p.Tables = append(p.Tables, readingTable(b, v.Readings))
	}
	if len(v.Objections) > 0 {
		p.Tables = append(p.Tables, objectionTable(b, v.Objections))
	}
	if v.MayAppeal {
		p.Buttons = append(p.Buttons, Button{Text: b.T("funding.appeal"), Href: "/approvals/" + v.ID.String() + "/appeal"})
	}
}
