package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// acuityText is a value as a form takes it: the five-point line, or the sign.
func acuityText(v acuity.Value) string {
	if v == "" || v.Sign() {
		return string(v)
	}
	if five := v.FivePoint(); five[0] != '<' {
		return five
	}
	return "logMAR " + v.In(acuity.LogMAR)
}

// acuitySaid is a value in all notations.
func acuitySaid(b Base, v acuity.Value) string {
	switch {
	case v == "":
		return ""
	case v.Sign():
		return b.T("acuity.sign." + map[acuity.Value]string{acuity.CountingFingers: "cf", acuity.HandMotion: "hm", acuity.LightPerception: "lp", acuity.NoLightPerception: "nlp"}[v])
	}
	return b.T("acuity.said", "five", v.FivePoint(), "decimal", v.Decimal(), "snellen", v.Snellen(6), "logmar", v.In(acuity.LogMAR))
}

// acuityView is the page of a case's readings with the form of a new one.
type acuityView struct {
	Base
	Form    *Form // nil: the reader may only look
	WhyNot  *WhyNot
	Table   Table
	Facts   []Def
	Buttons []Button
}

func (s *Server) acuity(r *http.Request, c *Call) (acuityView, care.ReadingsView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return acuityView{}, care.ReadingsView{}, err
	}
	v, err := s.d.Care.Readings(r.Context(), c.Who, id)
	if err != nil {
		return acuityView{}, v, err
	}
	b := s.careBase(c, "cases", c.P.T("acuity.list"), Link{Text: v.No, Href: "/cases/" + id.String()})
	return newAcuityView(b, v), v, nil
}

func acuityForm(b Base, v care.ReadingsView) *Form {
	notations := optionsOf(acuity.Notations()...)
	f := keyed(NewForm(b, v.Today,
		Field{Name: "side", LabelKey: "acuity.eye", Kind: KindRadio, Options: sideOptions(procedure.Cataract), Width: 6},
		Field{Name: "taken_on", LabelKey: "acuity.taken_on", Kind: KindDate, Width: 6},
		Field{Name: "value", LabelKey: "acuity.value", HintKey: "acuity.value.hint", Max: 20, Width: 6},
		Field{Name: "notation", LabelKey: "acuity.notation", Kind: KindSelect, Options: notations, Blank: "acuity.notation.auto", Optional: true, Width: 6},
		Field{Name: "correction", LabelKey: "acuity.correction", Kind: KindRadio, Options: optionsOf(acuity.Corrections()...)},
		Field{Name: "note", LabelKey: "acuity.note", Max: 200, Optional: true}))
	f.Action = "/cases/" + v.ID.String() + "/acuity"
	return f
}

func newAcuityView(b Base, v care.ReadingsView) acuityView {
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, v.Today), "programme", b.T(v.Programme.Label()))
	p := acuityView{Base: b, Facts: eyeOutcomes(b, v)}
	rights := readingRights{v.Record, "/cases/" + v.ID.String() + "/acuity/"}
	p.Table = readingsTable(b, v.Readings, v.Operations, rights)
	if v.Record {
		p.Form = acuityForm(b, v)
		p.Form.Put("taken_on", v.Today.String()).Put("correction", string(acuity.Presenting))
		p.Buttons = []Button{{Text: b.T("acuity.new"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/cases/" + v.ID.String()}}
	}
	return p
}

type readingRights struct {
	withdraw bool
	at       string
}

// stageOf is the stage of a reading by the last operation of the eye on or
// before its day; before any operation it is a reading before.
func stageOf(r care.Reading, operations []procedure.Recorded) acuity.Stage {
	stage := acuity.Before
	for _, o := range operations {
		if o.Kind.Site() == procedure.Eye && o.Side == r.Side && !o.OperatedOn.After(r.On) {
			stage = acuity.StageOf(r.On.DaysSince(o.OperatedOn))
		}
	}
	return stage
}

func readingsTable(b Base, list []care.Reading, operations []procedure.Recorded, rights readingRights) Table {
	t := Table{Caption: b.T("acuity.list"), Columns: []Column{{Key: "acuity.eye"}, {Key: "acuity.taken_on"}, {Key: "acuity.value", Class: "grow"}, {Key: "acuity.correction"}, {Key: "acuity.stage"}, {Key: "acuity.by"}},
		Empty: Empty{Title: b.T("acuity.none"), Text: b.T("acuity.none.text")}}
	if rights.withdraw {
		t.Columns = append(t.Columns, Column{Key: "care.action", Hidden: true})
	}
	for _, r := range list {
		value := TextCell(acuitySaid(b, r.Value))
		value.Sub = r.Note
		row := Cells(TextCell(b.T(r.Side.EyeLabel())), DateCell(r.On), value, TextCell(b.T(r.Correction.Label())), TextCell(b.T(stageOf(r, operations).Label())), TextCell(r.By))
		if rights.withdraw {
			row.Cells = append(row.Cells, ButtonCell(Button{Text: b.T("acuity.withdraw"), Href: rights.at + r.ID.String() + "/withdrawal"}))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// eyeOutcomes says for each eye what became of it, by the rule that is named.
func eyeOutcomes(b Base, v care.ReadingsView) []Def {
	var out []Def
	for _, side := range []procedure.Side{procedure.Right, procedure.Left} {
		mine := slices.DeleteFunc(slices.Clone(v.Readings), func(r care.Reading) bool { return r.Side != side })
		out = append(out, outcomeFacts(b, mine, v.Operations)...)
	}
	return out
}

// outcomeFacts is the last reading after the operation, presenting and best
// corrected, with its category by each rule; and whether vision was lost.
func outcomeFacts(b Base, list []care.Reading, operations []procedure.Recorded) []Def {
	var out []Def
	for _, correction := range []acuity.Correction{acuity.Presenting, acuity.Best} {
		last, before := care.Reading{}, acuity.Value("")
		for _, r := range list {
			switch stage := stageOf(r, operations); {
			case r.Correction != correction:
			case stage == acuity.Before:
				before = r.Value
			default:
				last = r
			}
		}
		if last.Value == "" {
			continue
		}
		var lines []string
		for _, rule := range acuity.Rules() {
			lines = append(lines, b.T("acuity.outcome.rule", "rule", b.T(rule.Label()), "category", b.T(last.Value.Category(rule).Label())))
		}
		if correction == acuity.Best && acuity.Lost(before, last.Value) {
			lines = append(lines, b.T("acuity.loss"))
		}
		out = append(out, Def{Label: b.T(last.Side.EyeLabel()) + " " + b.T(correction.Label()), Text: b.T("acuity.outcome.text", "stage", b.T(stageOf(last, operations).Label()), "value", acuitySaid(b, last.Value))},
			Def{Label: b.T("acuity.category"), Text: strings.Join(lines, b.T("list.separator"))})
	}
	return out
}

func (s *Server) showAcuity(w http.ResponseWriter, r *http.Request, p acuityView) error {
	status := http.StatusOK
	if p.Form != nil {
		status = p.Form.Status()
	}
	return s.d.Engine.Render(w, r, status, "care/acuity", p)
}

func (s *Server) acuityPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.acuity(r, c)
	if err != nil {
		return err
	}
	return s.showAcuity(w, r, p)
}

func (s *Server) recordAcuity(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.acuity(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if f == nil {
		return errs.New(errs.Forbidden, "error.forbidden", nil)
	}
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.ReadingInput{Case: v.ID, Side: procedure.Side(f.Choice("side")), On: f.Date("taken_on"), Text: f.Text("value"), Notation: acuity.Notation(f.Choice("notation")),
		Correction: acuity.Correction(f.Choice("correction")), Note: f.Text("note")}
	if f.OK() {
		if _, err := s.d.Care.RecordReading(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("acuity.saved")})
			return seeOther(w, r, f.Action)
		} else if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showAcuity(w, r, p)
}

// withdrawal is the form that takes a finding back, with what it is.
func withdrawal(b Base, today clock.Date, facts []Def, v int64) careForm {
	f := keyed(NewForm(b, today, Field{Name: "reason", LabelKey: "acuity.withdraw.reason", Kind: KindArea, Rows: 2, Max: 500, Focus: true}))
	f.Hide("version", version(v))
	return careForm{Base: b, Form: f, Facts: facts}
}

// again answers a withdrawal that was sent twice. What it is about is off the
// record since the first time, so that only the key knows it: the service answers
// a request it has seen as it did before, and refuses any other.
func again(r *http.Request, c *Call, missing error, call func(version int64, reason string) error) error {
	if !errs.Is(missing, errs.NotFound) || requestKey(r) == "" {
		return missing
	}
	f := withdrawal(c.Base, c.Today, nil, 0).Form
	if err := f.Read(r); err != nil {
		return err
	}
	v, reason := f.Version(), f.Text("reason")
	if !f.OK() || call(v, reason) != nil {
		return missing
	}
	return nil
}

func (s *Server) readingToWithdraw(r *http.Request, c *Call) (careForm, care.Reading, error) {
	_, v, err := s.acuity(r, c)
	if err != nil {
		return careForm{}, care.Reading{}, err
	}
	id, err := pathID(r, "reading")
	if err != nil {
		return careForm{}, care.Reading{}, err
	}
	i := slices.IndexFunc(v.Readings, func(x care.Reading) bool { return x.ID == id })
	if i < 0 {
		return careForm{}, care.Reading{}, errs.Missing("error.acuity.missing")
	}
	x := v.Readings[i]
	b := s.careBase(c, "cases", c.P.T("acuity.withdraw"), Link{Text: v.No, Href: "/cases/" + v.ID.String()}, Link{Text: c.P.T("acuity.list"), Href: "/cases/" + v.ID.String() + "/acuity"})
	facts := []Def{{Label: b.T("acuity.eye"), Text: b.T(x.Side.EyeLabel())}, {Label: b.T("acuity.taken_on"), Text: b.Day(x.On)}, {Label: b.T("acuity.value"), Text: acuitySaid(b, x.Value)},
		{Label: b.T("acuity.correction"), Text: b.T(x.Correction.Label())}, {Label: b.T("acuity.by"), Text: x.By}}
	p := withdrawal(b, c.Today, facts, x.Version)
	p.Form.Action = r.URL.Path
	return p, x, nil
}

func (s *Server) withdrawReadingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, x, err := s.readingToWithdraw(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("acuity.withdraw"), Kind: "danger"}, "/cases/"+x.Case.String()+"/acuity")
}

func (s *Server) withdrawReading(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, x, err := s.readingToWithdraw(r, c)
	if err != nil {
		return s.readingWithdrawn(w, r, c, err)
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in, back := care.WithdrawInput{Of: x.Case, ID: x.ID, Version: p.Form.Version(), Reason: p.Form.Text("reason")}, "/cases/"+x.Case.String()+"/acuity"
	if p.Form.OK() {
		if _, err = s.d.Care.WithdrawReading(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("acuity.withdrawn")})
			return seeOther(w, r, back)
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("acuity.withdraw"), Kind: "danger"}, back)
}

// readingWithdrawn answers the same withdrawal a second time.
func (s *Server) readingWithdrawn(w http.ResponseWriter, r *http.Request, c *Call, missing error) error {
	of, e1 := pathID(r, "id")
	id, e2 := pathID(r, "reading")
	if e1 != nil || e2 != nil {
		return missing
	}
	if err := again(r, c, missing, func(v int64, reason string) error {
		in := care.WithdrawInput{Of: of, ID: id, Version: v, Reason: reason}
		_, err := s.d.Care.WithdrawReading(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	}); err != nil {
		return err
	}
	return seeOther(w, r, "/cases/"+of.String()+"/acuity")
}
