package webui

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/errs"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// sheetView is the register's sheet of an operation.
type sheetView struct {
	Base
	Form   *Form
	Alerts []Alert
	WhyNot *WhyNot
}

// fewOptions is how many choices stand side by side as segments.
const fewOptions = 5

// sheetField is one question of the dictionary as a control. A needed question
// is shown as one; an empty answer is counted, and the form is stored anyway.
func sheetField(b Base, x registry.Field, name string) Field {
	f := Field{Name: name, LabelKey: x.Label(), Optional: !x.Needed, Width: 6}
	for _, code := range x.Options {
		f.Options = append(f.Options, Option{Value: code, Text: b.T(x.OptionLabel(code))})
	}
	switch x.Type {
	case registry.Choice:
		f.Kind, f.Blank = KindSelect, "list.none"
		if x.Needed && len(x.Options) <= fewOptions {
			f.Kind = KindRadio
		}
		if f.Kind == KindRadio && len(x.Options) > 2 {
			f.Width = 12 // segments side by side need the whole line
		}
	case registry.Choices:
		f.Kind, f.Width = KindChecks, 12
		if slices.Contains(x.Options, registry.None) {
			f.HintKey = "registry.none.hint"
		}
	case registry.Number:
		f.Max, f.HintKey = 12, "registry.range.hint"
		f.HintArgs = errs.Args{"low": registry.Fixed(x.Min, x.Places), "high": strings.TrimSpace(registry.Fixed(x.Max, x.Places) + " " + x.Unit)}
	case registry.Moment:
		f.Max, f.HintKey = 30, "registry.moment.hint"
	case registry.Text:
		f.Max = x.Max
	}
	return f
}

// questions are the questions that apply to an operation's clinical picture.
func questions(p procedure.Procedure) []registry.Field {
	picture := registry.Record{Syndrome: p.Sheet().Syndrome}
	return slices.DeleteFunc(registry.Fields(p.Kind.Form()), func(x registry.Field) bool { return !x.Asked(picture) })
}

// sheetForm declares the sheet with the answers it holds, one section for each
// group of questions and one for each lesion, with one left empty.
func sheetForm(b Base, v care.OperationView) *Form {
	var fields []Field
	var sections []Section
	add := func(key, title string, x registry.Field, name string) {
		field := sheetField(b, x, name)
		if field.Kind == KindRadio && title != "" { // a block begun by mistake can be emptied again
			field.Kind, field.Width = KindSelect, 6
		}
		fields = append(fields, field)
		if n := len(sections); n == 0 || sections[n-1].Key != key || sections[n-1].Text != title {
			sections = append(sections, Section{Key: key, Text: title, Optional: title != ""})
		}
		last := &sections[len(sections)-1]
		last.Fields = append(last.Fields, name)
	}
	for _, x := range grouped(questions(v.Procedure)) {
		add(x.SectionLabel(), "", x, x.Key)
	}
	rows := registry.RowFields(v.Kind.Form())
	for i := range lesionBlocks(v.Record) {
		for _, x := range rows {
			add(x.SectionLabel(), b.T(x.SectionLabel(), "n", i+1), x, registry.RowPath(i, x.Key))
		}
	}
	f := keyed(NewForm(b, v.OperatedOn, fields...))
	f.Sections, f.Action = sections, "/operations/"+v.ID.String()+"/sheet"
	f.Hide("version", version(v.Version))
	putAnswers(f, registry.Fields(v.Kind.Form()), v.Record.Values, func(key string) string { return key })
	for i, row := range v.Record.Lesions {
		putAnswers(f, rows, row, func(key string) string { return registry.RowPath(i, key) })
	}
	return f
}

// grouped brings questions of one section together, in the order the sections
// first appear.
func grouped(list []registry.Field) []registry.Field {
	var order []string
	for _, x := range list {
		if !slices.Contains(order, x.Section) {
			order = append(order, x.Section)
		}
	}
	slices.SortStableFunc(list, func(a, b registry.Field) int { return slices.Index(order, a.Section) - slices.Index(order, b.Section) })
	return list
}

// lesionBlocks is how many blocks of a lesion the form shows.
func lesionBlocks(r registry.Record) int { return min(len(r.Lesions)+1, registry.MaxLesions) }

func putAnswers(f *Form, fields []registry.Field, a registry.Answers, name func(string) string) {
	for _, x := range fields {
		if v := a[x.Key]; len(v) > 0 {
			list := slices.Clone(v)
			if x.Type == registry.Moment {
				list[0] = momentText(a, x.Key)
			}
			f.PutAll(name(x.Key), list)
		}
	}
}

func momentText(a registry.Answers, key string) string {
	at, ok := a.At(key)
	if !ok {
		return ""
	}
	return at.Format("2006-01-02 15:04")
}

// readSheet takes the answers as they were typed; the domain reads them.
func readSheet(f *Form, v care.OperationView) registry.Record {
	typed := registry.Record{Values: registry.Answers{}}
	take := func(to registry.Answers, key, name string) {
		if list := slices.DeleteFunc(slices.Clone(f.raw[name]), func(s string) bool { return strings.TrimSpace(s) == "" }); len(list) > 0 {
			to[key] = list
		}
	}
	for _, x := range questions(v.Procedure) {
		take(typed.Values, x.Key, x.Key)
	}
	for i := range lesionBlocks(v.Record) {
		row := registry.Answers{}
		for _, x := range registry.RowFields(v.Kind.Form()) {
			take(row, x.Key, registry.RowPath(i, x.Key))
		}
		typed.Lesions = append(typed.Lesions, row)
	}
	return typed
}

func (s *Server) sheet(r *http.Request, c *Call) (sheetView, care.OperationView, error) {
	v, err := s.readOperationPage(r, c)
	if err != nil {
		return sheetView{}, v, err
	}
	b := s.careBase(c, "operations", c.P.T(v.Kind.Form().Label()), Link{Text: operationName(c.Base, v.Operation), Href: "/operations/" + v.ID.String()})
	return newSheetView(b, v), v, nil
}

func newSheetView(b Base, v care.OperationView) sheetView {
	b.Sub = b.T("registry.record.text")
	b.Bar = &SaveBar{Buttons: []Button{{Text: b.T("registry.record.save"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/operations/" + v.ID.String()}}, Key: "Ctrl+Enter"}
	return sheetView{Base: b, Form: sheetForm(b, v)}
}

func (s *Server) showSheet(w http.ResponseWriter, r *http.Request, p sheetView) error {
	status := p.Form.Status()
	if p.WhyNot != nil {
		status = http.StatusUnprocessableEntity
	}
	return s.d.Engine.Render(w, r, status, "care/sheet", p)
}

func (s *Server) sheetPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.sheet(r, c)
	if err != nil {
		return err
	}
	if _, err := v.Signature.Corrected(c.Who.AccountID); err != nil { // nobody fills in what cannot be saved
		e := errs.Of(err)
		s.flash(r, Flash{Kind: "error", Title: c.P.Say(e.Key, e.Args)})
		return seeOther(w, r, "/operations/"+v.ID.String())
	}
	return s.showSheet(w, r, p)
}

func (s *Server) saveSheet(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.sheet(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.SheetInput{Operation: v.ID, Version: f.Version(), Sheet: readSheet(f, v), Confirmed: f.Raw("confirm") != ""}
	o, err := s.d.Care.SaveSheet(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
	if err == nil {
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("registry.record.saved"), Text: missingText(c.Base, o.Procedure)})
		return seeOther(w, r, "/operations/"+v.ID.String())
	}
	if errs.Of(err).Rule == care.RuleConfirm {
		askToConfirm(f)
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: p.T("operation.marks"), Text: p.T("operation.marks.text")})
	}
	if p.WhyNot = whyNot(p.Base, err); p.WhyNot == nil {
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showSheet(w, r, p)
}

// missingText says how many needed answers are still missing; empty for none.
func missingText(b Base, p procedure.Procedure) string {
	if n := len(p.Missing()); n > 0 {
		return b.T("registry.record.saved.missing", "n", n)
	}
	return ""
}

// sheetFacts are the answers of a sheet in the words of the page, the lesions
// after the others.
func sheetFacts(b Base, p procedure.Procedure) []Def {
	var out []Def
	add := func(head string, fields []registry.Field, a registry.Answers) {
		for _, x := range fields {
			if text := answerText(b, x, a); text != "" {
				out = append(out, Def{Label: head + b.T(x.Label()), Text: text})
			}
		}
	}
	add("", grouped(registry.Fields(p.Kind.Form())), p.Record.Values)
	for i, row := range p.Record.Lesions {
		rows := registry.RowFields(p.Kind.Form())
		for _, x := range rows[:1] {
			add(b.T(x.SectionLabel(), "n", i+1)+" ", rows, row)
		}
	}
	return out
}

// answerText is one answer as it is said.
func answerText(b Base, x registry.Field, a registry.Answers) string {
	var out []string
	for _, v := range a[x.Key] {
		switch x.Type {
		case registry.Choice, registry.Choices:
			v = b.T(x.OptionLabel(v))
		case registry.Number:
			v = strings.TrimSpace(v + " " + x.Unit)
		case registry.Moment:
			v = momentText(a, x.Key)
		}
		out = append(out, v)
	}
	return strings.Join(out, b.T("list.separator"))
}

// derivedFacts are the figures that follow from a sheet.
func derivedFacts(b Base, p procedure.Procedure) []Def {
	var out []Def
	for _, d := range registry.Derive(p.Sheet()) {
		text := strings.TrimSpace(d.Value + " " + d.Unit)
		if d.Over {
			text = b.T("care.marked", "what", text, "mark", b.T("registry.derived.over"))
		}
		out = append(out, Def{Label: b.T(d.Label()), Text: text})
	}
	return out
}

// sheetState says how far a sheet is filled in, as the alert of its page; nil
// when nothing is missing.
func sheetState(b Base, v care.OperationView) *Alert {
	form := v.Kind.Form()
	missing := v.Missing()
	if len(missing) == 0 || form == "" {
		return nil
	}
	names := map[string]string{}
	for _, x := range registry.Fields(form) {
		names[x.Key] = b.T(x.Label())
	}
	for i := range max(1, len(v.Record.Lesions)) {
		for _, x := range registry.RowFields(form) {
			names[registry.RowPath(i, x.Key)] = b.T(x.SectionLabel(), "n", i+1) + " " + b.T(x.Label())
		}
	}
	var list []string
	for _, key := range missing {
		list = append(list, names[key])
	}
	all := registry.Needed(form, v.Sheet())
	if v.Kind.Intervention() && len(v.Record.Lesions) == 0 {
		all++
	}
	a := &Alert{Kind: "warn", Title: b.T("registry.progress", "done", all-len(missing), "all", all), Text: b.T("registry.missing.list", "list", strings.Join(list, b.T("list.separator")))}
	if v.Edit {
		a.Buttons = []Button{{Text: b.T("registry.record.fill"), Href: "/operations/" + v.ID.String() + "/sheet"}}
	}
	return a
}

// recheckState asks to look at the reasons of a revision again once the cultures
// are back; nil while they are not due.
func recheckState(b Base, v care.OperationView, today time.Time) *Alert {
	if v.Record.Values.One("reason_status") != registry.ReasonProvisional || today.Before(v.OperatedOn.AddDays(registry.ReasonRecheckDays).Start()) {
		return nil
	}
	a := &Alert{Kind: "warn", Title: b.T("registry.recheck"), Text: b.T("registry.recheck.text")}
	if v.Edit {
		a.Buttons = []Button{{Text: b.T("registry.record.fill"), Href: "/operations/" + v.ID.String() + "/sheet"}}
	}
	return a
}

// chainTable is what was done to the same joint or eye, in any hospital.
func chainTable(b Base, v care.OperationView) Table {
	t := Table{Caption: b.T("registry.chain"), Columns: []Column{{Key: "operation.on"}, {Key: "operation.one", Class: "grow"}}}
	for _, o := range v.Chain {
		name := TextCell(b.T(o.Kind.Label()))
		if o.ID == v.ID {
			name.Sub = b.T("registry.chain.here")
		}
		t.Rows = append(t.Rows, Cells(DateCell(o.OperatedOn), name))
	}
	return t
}
