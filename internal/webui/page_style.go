package webui

import (
	"html/template"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// StylePage shows every part in its states, so that the look can be checked in
// one place, in both languages, light and dark, wide and narrow, on paper.
type StylePage struct {
	Base
	Form      *Form
	Filter    *Form
	Queue     []QueueGroup
	List      Table
	Nothing   Table
	Tiles     []Tile
	Strips    []Strip
	Facts     Checks
	Decision  Decision
	Before    FundBar
	After     FundBar
	WhyNot    WhyNot
	Equation  Equation
	Events    []Event
	Defs      []Def
	Tags      []Tag
	Buttons   []Button
	Alerts    []Alert
	Duplicate Alert
	Dialog    Dialog
	Swatches  []string
	Messages  []messageLine
	Draft     *DraftView
}

// StyleguidePage fills the page of the style guide.
func StyleguidePage(b Base) StylePage {
	b.Title, b.Sub = b.T("style.title"), b.T("style.sub")
	b.Crumbs = []Link{{Text: b.T("nav.settings"), Href: "/settings"}, {Text: b.T("style.title")}}
	b.Badge = &Tag{Text: b.T("style.tag.ok"), Kind: "ok"}
	b.Tabs = []Tab{{Text: b.T("style.tab.all"), Href: "#", Count: "8", Current: true}, {Text: b.T("style.tab.due"), Href: "#", Count: "3"}}
	b.Actions = []Button{{Text: b.T("style.print"), Icon: "printer", Href: "#"}}
	p := StylePage{Base: b}
	p.Form, p.Duplicate = styleForm(b), styleDuplicate(b)
	p.Base.Bar = &SaveBar{Buttons: []Button{{Text: b.T("style.save"), Kind: "primary"}, {Text: b.T("style.save.next"), Name: "next", Value: "yes", Wide: true}},
		State: b.T("style.draft"), Errors: &Link{Text: b.T("form.section.error", "n", 2), Href: "#problems"}, Key: "Ctrl+Enter"}
	p.styleLists(b)
	p.styleMoney(b)
	p.styleRest(b)
	return p
}

// styleForm is a registration in its error state.
func styleForm(b Base) *Form {
	f := NewForm(b, sampleDay(),
		Field{Name: "document", LabelKey: "style.f.document", HintKey: "style.f.document.hint", Kind: KindIDCard, Width: 7,
			Data: map[string]string{"regions": `{"500199":"` + b.T("style.place.mountain") + `"}`}},
		Field{Name: "duplicates", Kind: KindSlot},
		Field{Name: "name", LabelKey: "style.f.name", Width: 4, Max: 60, Break: true},
		Field{Name: "nation", LabelKey: "style.f.nation", Kind: KindCombo, Width: 4, Options: []Option{
			{Value: "01", Key: "style.nation.han", Find: "hz hanzu"}, {Value: "15", Key: "style.nation.tujia", Find: "tjz tujiazu"},
			{Value: "06", Key: "style.nation.miao", Find: "mz miaozu"}}},
		Field{Name: "phone", LabelKey: "style.f.phone", Kind: KindPhone, Width: 4},
		Field{Name: "programme", LabelKey: "style.f.programme", Kind: KindRadio, Options: []Option{{Value: "joint", Key: "style.prog.joint"},
			{Value: "cataract", Key: "style.prog.cataract"}, {Value: "coronary", Key: "style.prog.coronary"}}},
		Field{Name: "joint", LabelKey: "style.f.joint", Kind: KindRadio, Width: 4, Options: []Option{{Value: "knee", Key: "style.joint.knee"},
			{Value: "hip", Key: "style.joint.hip"}}},
		Field{Name: "side", LabelKey: "style.f.side", Kind: KindRadio, Width: 8, Options: []Option{{Value: "L", Key: "style.side.l"},
			{Value: "R", Key: "style.side.r"}, {Value: "B", Key: "style.side.b"}}},
		Field{Name: "hospital", LabelKey: "style.f.hospital", Kind: KindCombo, Width: 6, Options: []Option{
			{Value: "h1", Key: "style.hospital.m1", Side: Mountain, Find: "ylqzyy", Group: ""}, {Value: "h2", Key: "style.hospital.s1", Side: Sea, Find: "lgszyyy"}}},
		Field{Name: "seen", LabelKey: "style.f.seen", Kind: KindDate, Width: 6},
		Field{Name: "category", LabelKey: "style.f.category", HintKey: "style.f.category.hint", Kind: KindSelect, Width: 6, Options: []Option{
			{Value: "low", Key: "style.category.low"}, {Value: "edge", Key: "style.category.edge"}}},
		Field{Name: "until", LabelKey: "style.f.until", Kind: KindDate, Width: 6},
		Field{Name: "proof", LabelKey: "style.f.proof", Kind: KindFile, Accept: "image/*,.pdf", Optional: true},
		Field{Name: "consent", LabelKey: "style.f.consent", Kind: KindCheck},
		Field{Name: "address", LabelKey: "style.f.address", Optional: true, Width: 6},
		Field{Name: "family", LabelKey: "style.f.family", Placeholder: "style.f.family.example", Optional: true, Width: 6})
	f.Action = "/styleguide"
	f.Sections = []Section{{Key: "style.s.identity", Fields: []string{"document", "duplicates", "name", "nation", "phone"}},
		{Key: "style.s.disease", Fields: []string{"programme", "joint", "side", "hospital", "seen"}},
		{Key: "style.s.proof", Fields: []string{"category", "until", "proof", "consent"}},
		{Key: "style.s.address", Fields: []string{"address", "family"}, Optional: true}}
	for k, v := range map[string]string{"document": "50019919580407002X", "name": b.T("style.person.1"), "nation": "15", "phone": "1990000123",
		"programme": "joint", "joint": "knee", "side": "B", "hospital": "h1", "seen": "2026.11.23", "category": "low", "until": "2025.12.31", "consent": "yes"} {
		f.Put(k, v)
	}
	f.Hide("version", "3")
	f.Fail("phone", "style.e.phone")
	f.Fail("until", "style.e.until")
	return f
}

func styleDuplicate(b Base) Alert {
	return Alert{Kind: "warn", Icon: "copy", Title: b.T("style.dup.title"), Text: b.T("style.dup.text"),
		Buttons: []Button{{Text: b.T("style.dup.open"), Href: "#", Small: true}, {Text: b.T("style.dup.new"), Href: "#", Small: true},
			{Text: b.T("style.dup.other"), Kind: "text", Href: "#", Small: true}}}
}

// styleLists fills queue, table and filter.
func (p *StylePage) styleLists(b Base) {
	row := func(icon, key, due string, late bool, extra ...string) QueueRow {
		r := QueueRow{Icon: icon, Title: b.T("style.q." + key), Href: "#", Meta: []string{b.T("style.q." + key + ".who"), MaskID("0413")},
			Due: b.T("style.due." + due), Reason: b.T("style.q." + key + ".why"), Overdue: late, Action: Button{Text: b.T("style.q." + key + ".do"), Href: "#"}}
		if len(extra) == 2 {
			r.Side, r.Place = Side(extra[0]), extra[1]
		}
		return r
	}
	p.Queue = []QueueGroup{
		{Title: b.T("style.q.today"), Count: b.T("style.q.n", "n", 2), Urgent: true, Rows: []QueueRow{row("bed", "admit", "today", true), row("file", "proof", "today", true)}},
		{Title: b.T("style.q.week"), Count: b.T("style.q.n", "n", 2), Rows: []QueueRow{row("swap", "refer", "wed", false, "sea", b.T("style.hospital.s1")),
			row("phone", "follow", "wed", false)}},
		{Title: b.T("style.q.wait"), Count: b.T("style.q.n", "n", 1), Folded: true, Rows: []QueueRow{row("printer", "print", "wed", false)}}}
	line := func(side Side, key string, n, m string, f money.Fen, tag Tag) Row {
		return Cells(PlaceCell(side, b.T("style.hospital."+key)), TextCell(n), TextCell(m), MoneyCell(f), Cell{Text: "5.9%", Sub: "2.9–11.7"}, Cell{Tag: &tag},
			ButtonCell(Button{Text: b.T("link.open"), Href: "#"}))
	}
	calm := Tag{Text: b.T("style.tag.plain")}
	p.List = Table{Caption: b.T("style.t.caption"), Note: b.T("style.t.note"), Links: []Link{{Text: b.T("style.t.columns"), Href: "#"}},
		Columns: []Column{{Key: "style.t.hospital", Sort: "?sort=name", Sorted: "ascending"}, {Key: "style.t.patients", Align: "right", Sort: "?sort=patients"},
			{Key: "style.t.joints", Align: "right"}, {Key: "style.t.amount", Align: "right"}, {Key: "style.t.rate", Align: "right"}, {Key: "style.t.sign"},
			{Key: "style.t.action", Hidden: true, Class: "narrow"}},
		Rows: []Row{line(Mountain, "m1", "112", "118", 306080000, calm), line(Sea, "s1", "50", "52", 140440000, calm),
			line(Mountain, "m2", "17", "18", 36700000, Tag{Text: b.T("style.tag.error"), Kind: "error"}),
			{Total: true, Cells: Cells(TextCell(b.T("style.t.total")), TextCell("179"), TextCell("188"), MoneyCell(483220000), TextCell("6.6%"), TextCell(""), TextCell("")).Cells}},
		Pager: &Pager{Text: b.T("style.t.page"), First: "?", Next: "?after=x"}}
	p.List.Rows[2].Alert = true
	p.Nothing = Table{Caption: b.T("style.t.caption"), Empty: Empty{Title: b.T("style.empty.title"), Text: b.T("style.empty.text"),
		Buttons: []Button{{Text: b.T("style.empty.next"), Href: "#"}}}}
	p.Filter = NewForm(b, sampleDay(), Field{Name: "f-prog", LabelKey: "style.f.programme", Kind: KindSelect, Blank: "style.any", Optional: true,
		Options: []Option{{Value: "joint", Key: "style.prog.joint"}, {Value: "cataract", Key: "style.prog.cataract"}}},
		Field{Name: "f-from", LabelKey: "style.f.seen", Kind: KindDate, Optional: true}, Field{Name: "f-q", LabelKey: "style.f.name", Optional: true})
	p.Filter.ID, p.Filter.Get, p.Filter.Compact, p.Filter.Action = "filter", true, true, "/styleguide"
	p.Filter.Put("f-prog", "joint")
}

// styleMoney fills what shows amounts.
func (p *StylePage) styleMoney(b Base) {
	right := Strip{Title: b.T("style.m.right"), Note: "2026-01", Side: Mountain, Place: b.T("style.hospital.m1"), Bill: 5838640, Shares: []Share{
		{Layer: LayerBasic, Amount: 2218055}, {Layer: LayerCritical, Amount: 341230}, {Layer: LayerAid, Amount: 687320},
		{Layer: LayerFund, Amount: 2542035}, {Layer: LayerWaiver, Amount: 0}, {Layer: LayerSelf, Amount: 50000}}}
	left := Strip{Title: b.T("style.m.left"), Note: "2026-06", Side: Sea, Place: b.T("style.hospital.s1"), Bill: 6391275, Shares: []Share{
		{Layer: LayerBasic, Amount: 2064010}, {Layer: LayerCritical, Amount: 620565}, {Layer: LayerAid, Amount: 732000},
		{Layer: LayerFund, Amount: 2000000}, {Layer: LayerWaiver, Amount: 894700}, {Layer: LayerSelf, Amount: 79999}}}
	both := Strip{Title: b.T("style.m.both"), Joint: true, Bill: right.Bill + left.Bill}
	for i := range right.Shares {
		both.Shares = append(both.Shares, Share{Layer: right.Shares[i].Layer, Amount: right.Shares[i].Amount + left.Shares[i].Amount})
	}
	both.Shares[5].Amount++
	p.Strips = []Strip{both, right, left}
	bar := func(label string, free, now money.Fen) FundBar {
		return FundBar{Label: b.T(label), Amount: free, Parts: []BarPart{{"committed", b.T("style.m.committed"), 743000000}, {"reserved", b.T("style.m.reserved"), 41236000},
			{"this", b.T("style.m.this"), now}, {"free", b.T("style.m.free"), free}}}
	}
	p.Before, p.After = bar("style.m.before", 265764000, 0), bar("style.m.after", 263764000, 2000000)
	p.Equation = Equation{Terms: []Term{{Name: b.T("style.m.in"), Amount: 1050000000, Note: b.T("style.m.in.note")},
		{Op: "−", Name: b.T("style.m.committed"), Amount: 743000000}, {Op: "−", Name: b.T("style.m.reserved"), Amount: 41236000},
		{Op: "=", Name: b.T("style.m.free"), Amount: 265764000, Note: b.T("style.m.free.note"), Result: true}}, Bar: p.Before, Left: "70.8%", Right: "25.3%"}
	decide := NewForm(b, sampleDay(), Field{Name: "approve", LabelKey: "style.d.amount", HintKey: "style.d.hint", Kind: KindMoney},
		Field{Name: "opinion", LabelKey: "style.d.opinion", Placeholder: "style.d.opinion.example", Kind: KindArea, Optional: true, Rows: 2})
	decide.ID = "decide"
	decide.Put("approve", "20,000.00")
	p.Decision = Decision{Title: b.T("style.d.title"), Step: &Tag{Text: b.T("style.d.step"), Kind: "info"}, Form: decide, Fields: []string{"approve", "opinion"},
		Buttons: []Button{{Text: b.T("style.d.yes"), Kind: "primary", Icon: "check"}, {Text: b.T("style.d.back")}, {Text: b.T("style.d.no"), Kind: "danger", Dialog: "refuse"}},
		Note:    b.T("style.d.note")}
	p.WhyNot = WhyNot{Title: b.T("style.w.title"), Ref: "JM-2026-0421", Href: "#", Reason: b.T("style.w.reason"), Strong: b.T("style.w.strong"),
		Rule: b.T("style.w.rule"), Evidence: &Link{Text: b.T("link.open"), Href: "#"},
		Remedies: []Remedy{{Text: b.T("style.w.1"), Button: &Button{Text: b.T("style.w.1.do"), Small: true, Kind: "text"}}, {Text: b.T("style.w.2")}, {Text: b.T("style.w.3")}}}
}

// styleRest fills the small parts.
func (p *StylePage) styleRest(b Base) {
	p.Facts = Checks{Title: b.T("style.c.title"), Summary: &Tag{Text: b.T("style.c.sum"), Kind: "warn"}, Columns: 2, Items: []Check{
		{"ok", b.T("style.c.1"), "2026-01-05"}, {"ok", b.T("style.c.2"), "2026-12-31"}, {"warn", b.T("style.c.3"), "3"}, {"error", b.T("style.c.4"), "42,400.00"}}}
	p.Tiles = []Tile{{Name: b.T("style.prog.joint"), Figures: []Figure{{"307", b.T("style.u.person"), b.T("style.u.distinct")}, {"332", b.T("style.u.op"), b.T("style.f.joint")}}, Href: "#", Span: 6},
		{Name: b.T("style.tile.rate"), Figures: []Figure{{"2.8", "%", ""}}, Note: "9/326, 1.5–5.2", Coverage: &Coverage{Have: 326, Want: 332}, Href: "#"},
		{Name: b.T("style.tile.gain"), Figures: []Figure{{"+41", "", ""}}, Note: "39–43, n = 228", Coverage: &Coverage{Have: 228, Want: 301, Low: true}, Href: "#"}}
	p.Events = []Event{{Date: "2025-12-03", Title: b.T("style.ev.1"), Kind: "event", Side: Mountain, Place: b.T("style.hospital.m1")},
		{Date: "2026-01-14", Title: b.T("style.m.right"), Kind: "operation", Side: Mountain, Place: b.T("style.hospital.m1"), Href: "#"},
		{Date: "2026-06-18", Title: b.T("style.m.left"), Kind: "operation", Side: Sea, Place: b.T("style.hospital.s1"), Href: "#"},
		{Date: "2026-12-18", Title: b.T("style.ev.2"), Kind: "due", Side: Mountain}}
	p.Defs = []Def{{Label: b.T("style.f.hospital"), HTML: b.Place(Mountain, b.T("style.hospital.m1"))}, {Label: b.T("style.f.document"), Text: MaskID("002X")},
		{Label: b.T("style.f.phone"), Text: MaskPhone("3406")}, {Label: b.T("style.f.address"), Text: b.T("style.place.mountain"), Href: "#"}}
	p.Tags = []Tag{{b.T("style.tag.ok"), "ok", ""}, {b.T("style.tag.info"), "info", ""}, {b.T("style.tag.warn"), "warn", ""}, {b.T("style.tag.error"), "error", ""}, {Text: b.T("style.tag.plain")}}
	p.Buttons = []Button{{Text: b.T("style.b.primary"), Kind: "primary"}, {Text: b.T("style.b.second")}, {Text: b.T("style.d.no"), Kind: "danger", Dialog: "refuse"},
		{Text: b.T("style.b.text"), Kind: "text"}, {Text: b.T("style.b.small"), Small: true}, {Text: b.T("style.b.off"), Reason: b.T("style.b.off.why")}}
	p.Alerts = []Alert{{Kind: "ok", Title: b.T("style.a.ok"), Text: b.T("style.a.ok.text")}, {Kind: "error", Title: b.T("style.a.bad"), Text: b.T("style.a.bad.text"), Links: []Link{{Text: b.T("link.open"), Href: "#"}}}}
	reason := NewForm(b, sampleDay(), Field{Name: "reason", LabelKey: "style.d.reason", Kind: KindText})
	p.Dialog = Dialog{ID: "refuse", Title: b.T("style.d.ask"), Text: b.T("style.d.ask.text"), Action: "/styleguide", Form: reason,
		Hidden: map[string]string{"case": "JM-2026-0421"}, Confirm: Button{Text: b.T("style.d.no"), Kind: "danger"}}
	for _, m := range sampleMessages() {
		p.Messages = append(p.Messages, newMessageLine(b, m, sampleDay()))
	}
	p.Draft = &DraftView{P: b.P, Key: "/styleguide#form", Saved: "14:03", Continue: "#", Back: "/styleguide"}
	p.Swatches = []string{"brand", "mountain", "sea", "ochre", "cinnabar", "ink", "ink-2", "ink-3", "line-strong", "line", "bg", "focus"}
	p.Form.SetSlot("duplicates", template.HTML("")) // filled by the template, where parts can be called
	p.Form.SetFacts("document", Def{Label: b.T("js.sex"), Text: b.T("js.female")}, Def{Label: b.T("js.birth"), Text: b.Say("style.birth", errs.Args{})},
		Def{Label: b.T("js.age"), Text: b.T("js.age.years", "n", 68)}, Def{Label: b.T("js.region"), Text: b.T("style.place.mountain") + " 500199"})
}
