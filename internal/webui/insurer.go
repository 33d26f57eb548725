package webui

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// sheetRoutes declares the insurers' settlement sheets and what does not agree
// with them.
func (s *Server) sheetRoutes(rt *router) {
	rt.get("/sheets", authz.SettlementRead, s.sheetsPage)
	rt.post("/sheets", authz.SettlementSettle, s.postSheet)
	rt.get("/sheets/{id}", authz.SettlementRead, s.sheetRowsPage)
	rt.post("/sheets/{id}/apply", authz.SettlementSettle, s.applySheet)
	rt.get("/sheets/{id}/undo", authz.SettlementSettle, s.undoSheetPage)
	rt.post("/sheets/{id}/undo", authz.SettlementSettle, s.undoSheet)
	rt.get("/differences", authz.SettlementRead, s.differencesPage)
	rt.get("/differences/{id}", authz.SettlementRead, s.differencePage)
	rt.post("/differences/{id}", authz.SettlementSettle, s.decideDifference)
}

// sheetUploads: a sheet may be larger than a form.
func sheetUploads() []httpx.Upload {
	return []httpx.Upload{{Pattern: "/sheets", Max: funding.MaxSheetBytes + 1<<20}}
}

// insurerView is a table with a form above or below it.
type insurerView struct {
	Base
	Alerts    []Alert
	Facts     []Def
	Table     Table
	Form      *Form // nil: the reader only looks
	FormFirst bool
	WhyNot    *WhyNot
	Buttons   []Button
}

func (v insurerView) status() int {
	if v.WhyNot != nil || v.Form != nil && !v.Form.OK() {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// moneyTabs are the tabs of everything about settlements.
func moneyTabs(b Base, current string, enters bool) []Tab {
	var out []Tab
	if enters {
		out = append(out, Tab{Text: b.T("funding.tab.waiting"), Href: "/settlements?state=waiting", Current: current == "waiting"})
	}
	return append(out, Tab{Text: b.T("funding.tab.settled"), Href: "/settlements", Current: current == "settled"},
		Tab{Text: b.T("insurer.sheets"), Href: "/sheets", Current: current == "sheets"}, Tab{Text: b.T("insurer.differences"), Href: "/differences", Current: current == "differences"})
}

func insurerForm(b Base, today clock.Date) *Form {
	f := keyed(NewForm(b, today, Field{Name: "file", LabelKey: "insurer.file", HintKey: "insurer.file.hint", Kind: KindFile, Accept: ".xlsx,.csv"}))
	f.Action = "/sheets"
	return f
}

func (s *Server) sheetsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showSheets(w, r, c, insurerForm(c.Base, c.Today))
}

func (s *Server) showSheets(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	s.section(c, "settlements")
	list, err := s.d.Funding.Sheets(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	if !s.can(c, authz.SettlementSettle) {
		f = nil
	}
	v := newSheetsView(c.Base, list, f, s.can(c, authz.SettlementEnter))
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, v.status(), "funding/sheet", v)
}

func newSheetsView(b Base, list page.Result[funding.Sheet], f *Form, enters bool) insurerView {
	b.Title, b.Sub, b.Tabs = b.T("insurer.sheets"), b.T("insurer.sheets.sub"), moneyTabs(b, "sheets", enters)
	t := Table{Caption: b.T("insurer.sheets"), Columns: []Column{{Key: "insurer.file", Class: "grow"}, {Key: "funding.hospital"}, {Key: "insurer.read_at"}, {Key: "insurer.rows", Align: "right"},
		{Key: "insurer.done", Align: "right"}, {Key: "insurer.wrong", Align: "right"}, {Key: "funding.state"}},
		Empty: Empty{Title: b.T("insurer.sheets.empty"), Text: b.T("insurer.sheets.empty.reader")}}
	if f != nil {
		t.Empty.Text = b.T("insurer.sheets.empty.text")
	}
	for _, x := range list.Rows {
		t.Rows = append(t.Rows, Cells(LinkCell(x.File, "/sheets/"+x.ID.String()), TextCell(x.HospitalName), DateCell(clock.DateOf(x.CreatedAt)), TextCell(strconv.Itoa(x.Total)),
			TextCell(strconv.Itoa(x.Done)), Cell{Text: strconv.Itoa(x.Wrong), Bad: x.Wrong > 0}, sheetTag(b, x)))
	}
	v := insurerView{Base: b, Table: t, Form: f, FormFirst: true}
	if f != nil {
		v.Buttons = []Button{{Text: b.T("insurer.send"), Kind: "primary"}}
	}
	return v
}

func sheetTag(b Base, x funding.Sheet) Cell {
	kind := map[funding.SheetState]string{"previewed": "warn", "applying": "warn", "applied": "ok", "undone": "plain"}[x.State]
	return TagCell(kind, b.T(x.State.Label()))
}

func (s *Server) postSheet(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := insurerForm(c.Base, c.Today)
	in, err := readSheetFile(f, r)
	if err != nil {
		return err
	}
	if f.OK() {
		out, err := s.d.Funding.ReadSheet(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			return seeOther(w, r, "/sheets/"+out.ID.String())
		}
		if e := errs.Of(err); e.Kind == errs.Invalid || e.Kind == errs.TooLarge {
			if e.Key == "" && len(e.Fields) > 0 {
				e = &errs.Error{Key: e.Fields[0].Key, Args: e.Fields[0].Args}
			}
			f.Fail("file", e.Key, pairs(e.Args)...)
		} else if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showSheets(w, r, c, f)
}

func readSheetFile(f *Form, r *http.Request) (in funding.SheetFile, err error) {
	if err := f.Read(r); err != nil {
		if !errs.Is(err, errs.TooLarge) {
			return in, err
		}
		f.Fail("file", "error.sheet.too_large", "mb", funding.MaxSheetBytes>>20)
		return in, nil
	}
	file, head, err := r.FormFile("file")
	if err != nil {
		f.Fail("file", "form.error.file")
		return in, nil
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if head.Size > funding.MaxSheetBytes {
		f.Fail("file", "error.sheet.too_large", "mb", funding.MaxSheetBytes>>20)
		return in, nil
	}
	in.Name = head.Filename
	in.Content, err = io.ReadAll(file)
	return in, err
}

func (s *Server) sheetRowsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Funding.SheetRows(r.Context(), c.Who, id, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "settlements")
	p := newInsurerView(c.Base, c.Today, v)
	p.Table.Pager = NewPager(r.URL, v.Rows.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/sheet", p)
}

// newInsurerView shows what each row will do or did, and at which cell it is wrong.
func newInsurerView(b Base, today clock.Date, v funding.SheetView) insurerView {
	b.Title = v.File
	b.Crumbs = []Link{{Text: b.T("insurer.sheets"), Href: "/sheets"}, {Text: v.File}}
	b.Sub = b.T("insurer.sheet.sub", "total", v.Total, "done", v.Done, "wrong", v.Wrong, "left", max(0, v.Total-v.Done-v.Wrong))
	tag := sheetTag(b, v.Sheet).Tag
	b.Badge = tag
	p := insurerView{Base: b, FormFirst: true}
	p.Table = Table{Caption: b.T("insurer.lines.caption"), Note: b.T("strip.unit"), Columns: []Column{{Key: "insurer.row_no", Align: "right"}, {Key: "insurer.number"}, {Key: "funding.case"},
		{Key: "funding.patient"}, {Key: "fee.layer.bill", Align: "right"}, {Key: "funding.insurance", Align: "right"}, {Key: "insurer.line.cash", Align: "right"}, {Key: "insurer.what", Class: "wide"}},
		Empty: Empty{Title: b.T("insurer.rows.empty")}}
	for _, x := range v.Rows.Rows {
		s := x.Amounts.Settlement()
		bill := MoneyCell(s.Bill)
		if len(x.Problems) > 0 && s.Bill == 0 { // not readable, not nothing
			bill = TextCell("–")
		}
		p.Table.Rows = append(p.Table.Rows, Cells(TextCell(strconv.Itoa(x.No)), CodeCell(x.Number), CodeCell(x.CaseNo), TextCell(x.PersonName), bill, MoneyCell(s.Insurance()),
			MoneyCell(s.Net), rowCell(b, x)))
	}
	if v.MayApply {
		p.Form = keyed(NewForm(b, today))
		p.Form.Action = "/sheets/" + v.ID.String() + "/apply"
		text := "insurer.apply"
		if v.Done > 0 {
			text = "insurer.apply.more"
		}
		p.Buttons = []Button{{Text: b.T(text), Kind: "primary"}}
		p.Alerts = append(p.Alerts, Alert{Kind: "info", Title: b.T("insurer.preview"), Text: b.T("insurer.preview.text", "n", max(0, v.Total-v.Done-v.Wrong))})
	}
	if v.Used && v.State != "undone" {
		p.Alerts = append(p.Alerts, Alert{Kind: "info", Title: b.T("error.insurer.used"), Text: b.T("insurer.remedy.single")})
	}
	if v.MayUndo {
		p.Base.Actions = append(p.Base.Actions, Button{Text: b.T("insurer.undo"), Kind: "danger", Href: "/sheets/" + v.ID.String() + "/undo"})
	}
	return p
}

// rowCell says what a row does, or which cell is wrong and why.
func rowCell(b Base, x funding.SheetRow) Cell {
	if len(x.Problems) == 0 {
		cell := TextCell(b.T(x.Act.Label()))
		if x.State != "ready" {
			cell.Text = b.T(x.State.Label()) + " " + "·" + " " + cell.Text
		}
		var drifts []string
		for _, d := range x.Drifts {
			drifts = append(drifts, b.Say(d.Key(), d.Args()))
		}
		cell.Sub = strings.Join(drifts, " ")
		return cell
	}
	var out []string
	for _, p := range x.Problems {
		out = append(out, b.T("insurer.at", "column", p.Column.Heading(), "text", b.Say(p.Key, p.Say())))
	}
	return Cell{Text: strings.Join(out, " "), Bad: true}
}

func (s *Server) applySheet(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := keyed(NewForm(c.Base, c.Today))
	if err := f.Read(r); err != nil {
		return err
	}
	out, err := s.d.Funding.ApplySheet(r.Context(), c.Who, id, requestKey(r))
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("insurer.applied", "done", out.Done, "total", out.Total)})
	return seeOther(w, r, "/sheets/"+id.String())
}

func (s *Server) undoSheetForm(r *http.Request, c *Call) (careForm, ident.ID, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, id, err
	}
	v, err := s.d.Funding.SheetRows(r.Context(), c.Who, id, page.Request{Size: 1})
	if err != nil {
		return careForm{}, id, err
	}
	s.section(c, "settlements")
	b := c.Base
	b.Title, b.Sub = b.T("insurer.undo"), b.T("insurer.undo.sub", "n", v.Done)
	b.Crumbs = []Link{{Text: b.T("insurer.sheets"), Href: "/sheets"}, {Text: v.File, Href: "/sheets/" + id.String()}, {Text: b.Title}}
	f := keyed(NewForm(b, c.Today))
	f.Action = "/sheets/" + id.String() + "/undo"
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("insurer.done"), Text: strconv.Itoa(v.Done)}}}, id, nil
}

func (s *Server) undoSheetPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.undoSheetForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("insurer.undo"), Kind: "danger"}, "/sheets/"+id.String())
}

func (s *Server) undoSheet(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.undoSheetForm(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	if _, err = s.d.Funding.UndoSheet(r.Context(), c.Who, id, requestKey(r)); err == nil {
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("insurer.undone.done")})
		return seeOther(w, r, "/sheets/"+id.String())
	}
	if err = refusedFunding(&p, err); err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("insurer.undo"), Kind: "danger"}, "/sheets/"+id.String())
}

func (s *Server) differencesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "settlements")
	list, err := s.d.Funding.Differences(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newDifferencesView(c.Base, list.Rows, s.can(c, authz.SettlementEnter))
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", v)
}

func newDifferencesView(b Base, rows []funding.Difference, enters bool) approvalsView {
	b.Title, b.Sub, b.Tabs = b.T("insurer.differences"), b.T("insurer.differences.sub"), moneyTabs(b, "differences", enters)
	t := Table{Caption: b.T("insurer.differences"), Note: b.T("strip.unit"), Columns: []Column{{Key: "funding.patient"}, {Key: "funding.case"}, {Key: "funding.hospital"}, {Key: "insurer.kind"},
		{Key: "insurer.lines", Class: "grow"}, {Key: "insurer.since"}, {Key: "funding.state"}},
		Empty: Empty{Title: b.T("insurer.differences.empty"), Text: b.T("insurer.differences.empty.text")}}
	for _, x := range rows {
		name := x.PersonName
		if name == "" {
			name = b.T("insurer.difference")
		}
		kind := "warn"
		if x.State == "queried" {
			kind = "plain"
		}
		t.Rows = append(t.Rows, Cells(LinkCell(name, "/differences/"+x.ID.String()), CodeCell(x.CaseNo), TextCell(x.HospitalName), TextCell(b.T(x.Kind.Label())),
			TextCell(differing(b, x.Lines)), DateCell(clock.DateOf(x.CreatedAt)), TagCell(kind, b.T(x.State.Label()))))
	}
	return approvalsView{Base: b, Table: t}
}

// differing names the lines that differ, with by how much.
func differing(b Base, lines []insurer.Line) string {
	var out []string
	for _, l := range lines {
		d := l.Difference()
		if l.Wrong() != 0 {
			d = l.Wrong()
		}
		if d != 0 {
			out = append(out, b.T(l.Label())+" "+d.String())
		}
	}
	return strings.Join(out, b.T("list.separator"))
}

func (s *Server) newDifference(r *http.Request, c *Call) (insurerView, funding.DifferenceView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return insurerView{}, funding.DifferenceView{}, err
	}
	v, err := s.d.Funding.Difference(r.Context(), c.Who, id)
	if err != nil {
		return insurerView{}, v, err
	}
	s.section(c, "settlements")
	return newDifferenceView(c.Base, c.Today, v), v, nil
}

func newDifferenceView(b Base, today clock.Date, v funding.DifferenceView) insurerView {
	b.Title, b.Sub = b.T("insurer.difference"), b.T("insurer.difference.sub."+string(v.Kind))
	b.Crumbs = []Link{{Text: b.T("insurer.differences"), Href: "/differences"}, {Text: v.CaseNo}}
	kind := "warn"
	if !v.State.Waits() {
		kind = "ok"
	}
	b.Badge = &Tag{Text: b.T(v.State.Label()), Kind: kind}
	before, after := "insurer.computed", "insurer.insurer"
	if v.Kind == "shift" {
		before, after = "insurer.before", "insurer.after"
	}
	p := insurerView{Base: b, Facts: []Def{{Label: b.T("funding.patient"), Text: v.PersonName}, {Label: b.T("funding.case"), Text: v.CaseNo},
		{Label: b.T("funding.hospital"), Text: v.HospitalName}, {Label: b.T("funding.settlement"), Text: b.T("insurer.open"), Href: "/settlements/" + v.Settlement.String()}}}
	if v.Note != "" {
		p.Facts = append(p.Facts, Def{Label: b.T("insurer.note"), Text: v.Note}, Def{Label: b.T("insurer.by"), Text: v.DecidedBy})
	}
	p.Table = Table{Caption: b.T("insurer.lines"), Note: b.T("strip.unit"), Columns: []Column{{Key: "insurer.line"}, {Key: before, Align: "right"}, {Key: after, Align: "right"}, {Key: "insurer.more", Align: "right"}}}
	booked := v.Kind == "sheet"
	if booked {
		p.Table.Columns = append(p.Table.Columns, Column{Key: "insurer.booked", Align: "right"})
	}
	p.Table.Columns = append(p.Table.Columns, Column{Key: "insurer.why", Class: "grow"})
	for _, l := range v.Lines {
		p.Table.Rows = append(p.Table.Rows, differenceLine(b, l, booked))
	}
	if len(v.Acts) > 0 {
		var acts []Option
		for _, a := range v.Acts {
			acts = append(acts, Option{Value: string(a), Text: b.T("insurer.do." + string(a))})
		}
		p.Form = keyed(NewForm(b, today, Field{Name: "act", LabelKey: "insurer.decide", HintKey: "insurer.decide.hint", Kind: KindRadio, Options: acts},
			Field{Name: "note", LabelKey: "insurer.note", HintKey: "insurer.note.hint", Kind: KindArea, Rows: 3, Max: 500}))
		p.Form.Action = "/differences/" + v.ID.String()
		p.Form.Hide("version", strconv.FormatInt(v.Version, 10))
		p.Buttons = []Button{{Text: b.T("insurer.decide.send"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/differences"}}
	}
	return p
}

func differenceLine(b Base, l insurer.Line, booked bool) Row {
	none := TextCell("–")
	computed, more, stands, why := none, none, none, TextCell("")
	if l.HasComputed {
		computed, more = MoneyCell(l.Computed), Cell{Text: l.Difference().String(), Nowrap: true, Bad: l.Difference() != 0}
	}
	if l.HasBooked {
		stands = Cell{Text: l.Booked.String(), Nowrap: true, Bad: l.Wrong() != 0}
	}
	if l.Reason != "" {
		why = TextCell(b.T(l.Reason.Label()))
	}
	cells := []Cell{TextCell(b.T(l.Label())), computed, MoneyCell(l.Insurer), more}
	if booked {
		cells = append(cells, stands)
	}
	return Cells(append(cells, why)...)
}

func (s *Server) differencePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.newDifference(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/sheet", p)
}

func (s *Server) decideDifference(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newDifference(r, c)
	if err != nil {
		return err
	}
	if p.Form == nil {
		p.Form = keyed(NewForm(c.Base, c.Today, Field{Name: "act", Optional: true}, Field{Name: "note", Optional: true}))
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := funding.DifferenceDecision{Difference: v.ID, Act: funding.DifferenceAct(p.Form.Text("act")), Note: p.Form.Text("note"), Version: p.Form.Version()}
	if p.Form.OK() {
		out, err := s.d.Funding.DecideDifference(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T(out.State.Label())})
			return seeOther(w, r, "/differences")
		}
		shown := careForm{Base: p.Base, Form: p.Form}
		if err = refusedFunding(&shown, err); err != nil {
			return err
		}
		p.WhyNot = shown.WhyNot
	}
	return s.d.Engine.Render(w, r, p.status(), "funding/sheet", p)
}
