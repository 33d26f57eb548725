package webui

import (
	"io"
	mimetype "mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
)

// importsView is the list of imports with the form for a new one.
type importsView struct {
	Base
	Form  *Form
	Table Table
}

func newImportsView(b Base, f *Form, list []exchange.View) importsView {
	b.Title, b.Sub = b.T("nav.imports"), b.T("exchange.sub")
	t := Table{Caption: b.T("exchange.list"), Columns: []Column{{Key: "exchange.col.file", Class: "grow"}, {Key: "exchange.col.state"},
		{Key: "exchange.col.person_times", Align: "right"}, {Key: "exchange.col.procedures", Align: "right"}, {Key: "exchange.col.reduction", Align: "right"},
		{Key: "exchange.col.by"}, {Key: "exchange.col.at"}}, Empty: Empty{Title: b.T("exchange.empty"), Text: b.T("exchange.empty.text")}}
	for _, v := range list {
		times, operations, reduction := 0, 0, money.Fen(0)
		for _, s := range v.Figures.Sheets {
			times, operations, reduction = times+s.PersonTimes, operations+s.Procedures, reduction+s.Reduction
		}
		state := batchTag(b, v.State)
		t.Rows = append(t.Rows, Cells(LinkCell(v.File, "/imports/"+v.ID.String()), Cell{Tag: &state}, CodeCell(strconv.Itoa(times)),
			CodeCell(strconv.Itoa(operations)), MoneyCell(reduction), TextCell(v.By), CodeCell(minute(v.CreatedAt))))
	}
	return importsView{Base: b, Form: f, Table: t}
}

// minute is an instant in Shanghai, to the minute.
func minute(t time.Time) string { return t.In(clock.Shanghai).Format("2006-01-02 15:04") }

// importView is one import: what it says and what will or did happen.
type importView struct {
	Base
	Alerts   []Alert
	Run      *Form // the decisive step; nil when there is none
	Names    *Form // unknown hospitals
	Totals   Table
	Blocks   Table
	Messages Table
	Changes  []string
	view     exchange.View
}

// shownMessages is how many messages one page shows; the returned workbook has
// them all, at the rows they are about.
const shownMessages = 200

func newImportView(b Base, today clock.Date, v exchange.View) importView {
	state := batchTag(b, v.State)
	b.Title, b.Badge = v.File, &state
	b.Sub = b.T("exchange.batch.sub", "by", v.By, "at", minute(v.CreatedAt))
	b.Crumbs = []Link{{Text: b.T("nav.imports"), Href: "/imports"}, {Text: v.File}}
	p := importView{Base: b, view: v}
	p.Totals = totalsTable(b, v)
	p.Messages = messagesTable(b, v)
	p.Blocks = blocksTable(b, v)
	p.Changes = changes(b, v.Book)
	p.situation(today)
	if v.State == exchange.BatchPreviewed && !v.Job.State.Open() {
		p.Names = namesForm(b, today, v)
	}
	if refusedRows(v) > 0 {
		p.Actions = append(p.Actions, Button{Text: b.T("exchange.refused"), Icon: "download", Href: p.self() + "/refused"})
	}
	return p
}

func (p *importView) self() string { return "/imports/" + p.view.ID.String() }

func refusedRows(v exchange.View) (n int) {
	for _, s := range v.Book.Sheets {
		n += s.Count(history.LevelError)
	}
	return n
}

// situation says where the import stands and offers the next step.
func (p *importView) situation(today clock.Date) {
	v, b := p.view, p.Base
	switch {
	case v.Job.State.Open():
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Icon: "clock", Title: b.T("exchange.running"), Text: b.T("exchange.running.text", "done", v.Job.Progress, "total", v.Job.Total)})
		return
	case v.Job.State == exchange.JobFailed:
		p.Alerts = append(p.Alerts, Alert{Kind: "error", Title: b.T("exchange.failed"), Text: b.T(v.Job.ErrorKey, "n", len(v.Stayed))})
	}
	switch v.State {
	case exchange.BatchPreviewed:
		p.preview(today)
	case exchange.BatchImported:
		a := v.Figures.Added
		p.Alerts = append(p.Alerts, Alert{Kind: "ok", Title: b.T("exchange.done", "person_times", a.PersonTimes, "procedures", a.Procedures),
			Text: b.T("exchange.done.text", "persons", a.Persons, "cases", a.Cases, "known", v.Figures.Known, "reduction", a.Reduction)})
		if n := len(v.Figures.Provisional); n > 0 {
			p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("exchange.provisional", "n", n), Text: b.T("exchange.provisional.text")})
		}
		p.stayed()
	case exchange.BatchReversed:
		p.Alerts = append(p.Alerts, Alert{Kind: "ok", Title: b.T("exchange.reversed"), Text: b.T("exchange.reversed.text")})
	}
}

func (p *importView) preview(today clock.Date) {
	v, b := p.view, p.Base
	fresh := -v.Figures.Known
	for _, s := range v.Figures.Sheets {
		fresh += s.Procedures
	}
	for _, s := range v.Book.Sheets {
		for _, n := range s.Notes {
			kind := "warn"
			if n.Level == history.LevelError {
				kind = "error"
			}
			p.Alerts = append(p.Alerts, Alert{Kind: kind, Title: b.T("exchange.note.of", "sheet", s.Sheet), Text: b.Say(n.Key, n.Args)})
		}
	}
	if fresh <= 0 {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("exchange.nothing_new"), Text: b.T("exchange.nothing_new.text", "known", v.Figures.Known)})
		return
	}
	if v.Figures.Known > 0 {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("exchange.partly_known", "known", v.Figures.Known), Text: b.T("exchange.partly_known.text")})
	}
	p.Run = keyed(NewForm(b, today))
	p.Run.ID, p.Run.Action = "run", p.self()+"/run"
	p.Actions = append(p.Actions, Button{Text: b.T("exchange.run", "n", fresh), Kind: "primary", Form: "run"})
}

// stayed lists what a reversal would leave, because somebody worked on it.
func (p *importView) stayed() {
	if len(p.view.Stayed) == 0 {
		return
	}
	a := Alert{Kind: "warn", Title: p.T("exchange.stayed", "n", len(p.view.Stayed)), Text: p.T("exchange.stayed.text")}
	for _, t := range p.view.Stayed[:min(len(p.view.Stayed), 20)] {
		a.Links = append(a.Links, Link{Text: t.CaseNo, Href: "/cases/" + t.Case.String()})
	}
	p.Alerts = append(p.Alerts, a)
}

// mayReverse offers the way back to who may take it.
func (p *importView) mayReverse(yes bool) {
	if yes && p.view.State == exchange.BatchImported && !p.view.Job.State.Open() {
		p.Actions = append(p.Actions, Button{Text: p.T("exchange.reverse"), Href: p.self() + "/reverse"})
	}
}

func totalsTable(b Base, v exchange.View) Table {
	t := Table{Caption: b.T("exchange.totals"), Columns: []Column{{Key: "exchange.col.sheet", Class: "name-col"}, {Key: "exchange.col.programme", Class: "grow"},
		{Key: "exchange.col.patients", Align: "right"}, {Key: "exchange.col.person_times", Align: "right"}, {Key: "exchange.col.procedures", Align: "right"},
		{Key: "exchange.col.total", Align: "right"}, {Key: "exchange.col.insurance", Align: "right"}, {Key: "exchange.col.reduction", Align: "right"},
		{Key: "exchange.col.net", Align: "right"}, {Key: "exchange.col.errors", Align: "right"}, {Key: "exchange.col.warnings", Align: "right"}}}
	sum := exchange.SheetFigures{Patients: v.Book.Persons}
	for _, s := range v.Figures.Sheets {
		t.Rows = append(t.Rows, totalsRow(b, s))
		sum.PersonTimes, sum.Procedures = sum.PersonTimes+s.PersonTimes, sum.Procedures+s.Procedures
		sum.Total, sum.Insurance, sum.Reduction, sum.Net = sum.Total+s.Total, sum.Insurance+s.Insurance, sum.Reduction+s.Reduction, sum.Net+s.Net
		sum.Errors, sum.Warnings = sum.Errors+s.Errors, sum.Warnings+s.Warnings
	}
	if len(v.Figures.Sheets) > 1 {
		// Somebody in two sheets is one person, so this figure is no sum.
		sum.Sheet = b.T("exchange.sum")
		row := totalsRow(b, sum)
		row.Total = true
		t.Rows = append(t.Rows, row)
		t.Note = b.T("exchange.sum.note")
	}
	return t
}

func totalsRow(b Base, s exchange.SheetFigures) Row {
	programme := ""
	if p := procedure.Programme(s.Programme); p.Known() {
		programme = b.T(p.Label())
	}
	bad := CodeCell(strconv.Itoa(s.Errors))
	bad.Bad = s.Errors > 0
	return Cells(TextCell(s.Sheet), TextCell(programme), CodeCell(strconv.Itoa(s.Patients)), CodeCell(strconv.Itoa(s.PersonTimes)),
		CodeCell(strconv.Itoa(s.Procedures)), MoneyCell(s.Total), MoneyCell(s.Insurance), MoneyCell(s.Reduction), MoneyCell(s.Net), bad,
		CodeCell(strconv.Itoa(s.Warnings)))
}

// messagesTable lists what is said about rows, refused ones first.
func messagesTable(b Base, v exchange.View) Table {
	t := Table{Caption: b.T("exchange.messages"), Dense: true, Columns: []Column{{Key: "exchange.col.sheet", Class: "narrow name-col"}, {Key: "exchange.col.row", Align: "right", Class: "narrow"},
		{Key: "exchange.col.level", Class: "narrow"}, {Key: "exchange.col.message"}}, Empty: Empty{Title: b.T("exchange.messages.none")}}
	all := 0
	for _, level := range []history.Level{history.LevelError, history.LevelWarning} {
		for _, s := range v.Book.Sheets {
			for _, m := range s.Rows {
				if m.Level != level {
					continue
				}
				if all++; all > shownMessages {
					continue
				}
				kind := map[history.Level]string{history.LevelError: "error", history.LevelWarning: "warn"}[m.Level]
				t.Rows = append(t.Rows, Cells(nameCell(s.Sheet, ""), CodeCell(strconv.Itoa(m.Row)), TagCell(kind, b.T("history.level."+string(m.Level))),
					TextCell(rowText(b, m))))
			}
		}
	}
	t.Note = b.T("exchange.messages.count", "n", all)
	if all > shownMessages {
		t.Note = b.T("exchange.messages.first", "shown", shownMessages, "n", all)
	}
	return t
}

// rowText is the one sentence for a row, in the reader's language.
func rowText(b Base, m history.RowMessage) string {
	text := ""
	for i, issue := range m.Issues {
		if i > 0 {
			text += b.T("history.joint")
		}
		text += b.Say(issue.Key, issue.Args)
	}
	return text
}

// blocksTable leads to the columns of each header that was found.
func blocksTable(b Base, v exchange.View) Table {
	t := Table{Caption: b.T("exchange.columns"), Columns: []Column{{Key: "exchange.col.sheet"}, {Key: "exchange.col.header"},
		{Key: "exchange.col.columns", Align: "right"}, {Key: "exchange.col.unread", Class: "grow"}}, Empty: Empty{Title: b.T("exchange.columns.none")}}
	for i, s := range v.Book.Sheets {
		for j, m := range s.Blocks {
			name := TextCell(s.Sheet)
			if v.State == exchange.BatchPreviewed {
				name = LinkCell(s.Sheet, "/imports/"+v.ID.String()+"/columns/"+strconv.Itoa(i)+"/"+strconv.Itoa(j))
			}
			unread, used := "", 0
			for _, c := range m.Columns {
				if c.Field != history.FieldNone {
					used++
				}
			}
			for k, c := range m.Unrecognised() {
				if k > 0 {
					unread += b.T("list.separator")
				}
				unread += c.Label
			}
			t.Rows = append(t.Rows, Cells(name, CodeCell(b.T("exchange.header.rows", "first", m.HeaderFirst, "last", m.HeaderLast)),
				CodeCell(strconv.Itoa(used)), TextCell(unread)))
		}
	}
	return t
}

// changes tells what was brought to one form without losing anything.
func changes(b Base, book *history.Book) []string {
	counts := map[history.Change]int{}
	for _, s := range book.Sheets {
		for c, n := range s.Normalised {
			counts[c] += n
		}
	}
	var out []string
	for _, c := range []history.Change{history.ChangeWidth, history.ChangeSpace, history.ChangeCase, history.ChangeDate, history.ChangeAmount,
		history.ChangeNoise, history.ChangeHospital, history.ChangeCategory, history.ChangeOperation, history.ChangeCarried} {
		if n := counts[c]; n > 0 {
			out = append(out, b.T("exchange.change", "what", b.T("history.change."+string(c)), "n", n))
		}
	}
	return out
}

// unknowns are the names of a book nobody has met, each once.
func unknowns(v exchange.View, of func(*history.SheetResult) []history.Unknown, key func(string) string) []history.Unknown {
	var names []history.Unknown
	for _, s := range v.Book.Sheets {
		for _, u := range of(s) {
			if !slices.ContainsFunc(names, func(o history.Unknown) bool { return key(o.Text) == key(u.Text) }) {
				names = append(names, u)
			}
		}
	}
	return names
}

// namesForm asks once for every hospital and category nobody has met; nil when
// all are known.
func namesForm(b Base, today clock.Date, v exchange.View) *Form {
	names := unknowns(v, func(s *history.SheetResult) []history.Unknown { return s.UnknownHospitals }, history.HospitalKey)
	groups := unknowns(v, func(s *history.SheetResult) []history.Unknown { return s.UnknownCategories }, history.CategoryKey)
	if len(names)+len(groups) == 0 {
		return nil
	}
	var fields []Field
	f := NewForm(b, today)
	for i, u := range names {
		n := strconv.Itoa(i)
		fields = append(fields, Field{Name: "label-" + n, LabelKey: "exchange.hospital.name", Kind: KindStatic, Width: 6, Optional: true, Break: true},
			Field{Name: "hospital-" + n, LabelKey: "exchange.hospital.means", Kind: KindCombo, Blank: "exchange.hospital.provisional",
				Options: organisationOptions(v.Hospitals), Optional: true, Width: 6})
		f.Hide("name-"+n, u.Text)
	}
	for i, u := range groups {
		n := strconv.Itoa(i)
		fields = append(fields, Field{Name: "spelling-" + n, LabelKey: "exchange.category.name", Kind: KindStatic, Width: 6, Optional: true, Break: true},
			Field{Name: "category-" + n, LabelKey: "exchange.category.means", Kind: KindSelect, Blank: "exchange.category.open",
				Options: categoryOptions(), Optional: true, Width: 6})
		f.Hide("group-"+n, u.Text)
	}
	g := NewForm(b, today, fields...)
	g.hidden = f.hidden
	for i, u := range names {
		g.Put("label-"+strconv.Itoa(i), b.T("exchange.hospital.count", "name", u.Text, "n", u.Count))
		for _, o := range v.Hospitals {
			if u.Suggestion != "" && o.Name == u.Suggestion {
				g.Put("hospital-"+strconv.Itoa(i), o.ID.String())
			}
		}
	}
	for i, u := range groups {
		g.Put("spelling-"+strconv.Itoa(i), b.T("exchange.hospital.count", "name", u.Text, "n", u.Count))
	}
	g.ID, g.Action = "names", "/imports/"+v.ID.String()+"/hospitals"
	return g
}

// Units of the amounts of a column.
const (
	unitYuan = "yuan"
	unitWan  = "wan"
)

// columnsForm has one choice for each column, and the unit where it is money.
func columnsForm(b Base, today clock.Date, m history.Mapping) *Form {
	options := []Option{}
	for _, f := range history.Fields() {
		options = append(options, Option{Value: f.String(), Key: f.Key()})
	}
	var fields []Field
	for _, c := range m.Columns {
		name := exchange.ColumnName(c.Index)
		fields = append(fields, Field{Name: name, LabelKey: "exchange.column", Kind: KindSelect, Options: options, Blank: "exchange.column.none", Optional: true,
			Width: 6, Break: true, HintKey: "exchange.column.label", HintArgs: map[string]any{"letter": c.Letter(), "label": c.Label}})
		if c.Field.Money() {
			fields = append(fields, Field{Name: name + "-unit", LabelKey: "exchange.column.unit", Kind: KindRadio, Width: 6,
				Options: []Option{{Value: unitYuan, Key: "exchange.unit.yuan"}, {Value: unitWan, Key: "exchange.unit.wan"}}})
		}
	}
	fields = append(fields, Field{Name: "keep", LabelKey: "exchange.columns.keep", Kind: KindCheck, Optional: true})
	f := keyed(NewForm(b, today, fields...))
	for _, c := range m.Columns {
		name := exchange.ColumnName(c.Index)
		f.Put(name, c.Field.String())
		if c.Field.Money() {
			f.Put(name+"-unit", unitYuan)
			if c.Unit == money.Wan {
				f.Put(name+"-unit", unitWan)
			}
		}
	}
	return f.Put("keep", "yes")
}

// readColumns takes the corrected meaning of the columns out of the form.
func readColumns(f *Form, m history.Mapping) history.Mapping {
	m.Columns = slices.Clone(m.Columns)
	for i := range m.Columns {
		name := exchange.ColumnName(m.Columns[i].Index)
		var field history.Field
		if field.UnmarshalText([]byte(f.Choice(name))) == nil {
			m.Columns[i].Field = field
		}
		m.Columns[i].Unit = money.Yuan
		if f.Raw(name+"-unit") == unitWan {
			m.Columns[i].Unit = money.Wan
		}
	}
	return m
}

func pathText(r *http.Request, name string) string { return chi.URLParam(r, name) }

// download sends a workbook to be saved.
func download(w http.ResponseWriter, name, content string) error {
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", mimetype.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, err := io.WriteString(w, content)
	return err
}
