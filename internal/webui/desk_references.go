package webui

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// ReferencesPage is what figures are set against: targets of measures, and how
// many elderly people live in each township, with day and source.
type ReferencesPage struct {
	Base
	Form   *Form // empty for who only reads
	Tables []Table
}

func referenceForm(b Base, today clock.Date) *Form {
	var kinds, measures []Option
	for _, k := range measure.ReferenceKinds() {
		kinds = append(kinds, Option{Value: string(k), Key: k.NameKey()})
	}
	for _, d := range measure.Definitions() {
		if d.Targeted() {
			measures = append(measures, Option{Value: string(d.ID), Text: b.T("reference.option", "name", b.T(d.NameKey()), "unit", b.T(d.Unit.NameKey())), Sub: string(d.ID)})
		}
	}
	f := keyed(NewForm(b, today, Field{Name: "kind", LabelKey: "reference.kind", Kind: KindRadio, Options: kinds, Width: 6},
		Field{Name: "measure", LabelKey: "reference.measure", HintKey: "reference.measure.hint", Kind: KindSelect, Optional: true, Options: measures, Width: 6},
		Field{Name: "township", LabelKey: "reference.township", HintKey: "reference.township.hint", Optional: true, Max: patient.MaxPlace, Width: 4},
		Field{Name: "value", LabelKey: "reference.value", HintKey: "reference.value.hint", Max: 16, Width: 4}, Field{Name: "from", LabelKey: "reference.from", Kind: KindDate, Width: 4},
		Field{Name: "source", LabelKey: "reference.source", HintKey: "reference.source.hint", Max: 200, Width: 12}))
	f.Action = "/desk/references"
	f.Put("kind", string(measure.TargetOf)).Put("from", today.String())
	return f
}

func (s *Server) referencesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.references(w, r, c, referenceForm(c.Base, c.Today))
}

func (s *Server) references(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	s.section(c, "overview")
	list, err := s.d.Reporting.References(r.Context(), c.Who)
	if err != nil {
		return err
	}
	if !s.can(c, authz.ReferenceEdit) {
		f = nil
	}
	p := newReferencesPage(c.Base, list, f)
	status := http.StatusOK
	if f != nil {
		status = f.Status()
	}
	return s.d.Engine.Render(w, r, status, "desk/references", p)
}

func newReferencesPage(b Base, list []reporting.Reference, f *Form) ReferencesPage {
	b.Title, b.Sub = b.T("reference.title"), b.T("reference.sub")
	b.Crumbs = []Link{{Text: b.T("nav.overview"), Href: "/overview"}, {Text: b.Title}}
	p := ReferencesPage{Base: b, Form: f}
	for _, k := range measure.ReferenceKinds() {
		t := Table{Caption: b.T(k.NameKey()), Columns: []Column{{Key: "reference.of." + string(k), Class: "name-col"}, {Key: "reference.value", Align: "right"}, {Key: "reference.from", Align: "right"},
			{Key: "reference.source", Class: "name-col"}, {Key: "reference.by", Class: "name-col"}}, Empty: Empty{Title: b.T("reference.none." + string(k)), Text: b.T("reference.none.text")}}
		for _, r := range list {
			if r.Kind != k {
				continue
			}
			name, value := r.Key, countText(r.Value)
			if d, known := measure.ByID(measure.ID(r.Key)); known && k == measure.TargetOf {
				name, value = b.T(d.NameKey()), short(float64(r.Value)/100)+" "+b.T(d.Unit.NameKey())
			}
			source := TextCell(r.Source)
			if r.Sample && r.Source != b.T("reference.sample") {
				source.Sub = b.T("reference.sample")
			}
			t.Rows = append(t.Rows, Cells(TextCell(name), Cell{Text: value, Nowrap: true}, DateCell(r.From), source, TextCell(orDash(r.By))))
		}
		p.Tables = append(p.Tables, t)
	}
	return p
}

// renamed puts what is wrong with one input beside the field it was typed in.
func renamed(err error, from, to string) error {
	e := errs.Of(err)
	for i := range e.Fields {
		if e.Fields[i].Path == from {
			e.Fields[i].Path = to
		}
	}
	return err
}

// postReference enters a reference value.
func (s *Server) postReference(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := referenceForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	in := measure.Reference{Kind: measure.ReferenceKind(f.Text("kind")), From: f.Date("from"), Source: f.Text("source")}
	key, hundredths := "township", 1.0
	if in.Kind == measure.TargetOf {
		key, hundredths = "measure", 100
	}
	in.Key = f.Text(key)
	value, err := strconv.ParseFloat(strings.ReplaceAll(f.Text("value"), ",", ""), 64)
	if err != nil || math.IsNaN(value) || math.Abs(value) > 1e9 {
		f.Fail("value", "error.reference.value")
	}
	in.Value = int64(math.Round(value * hundredths))
	if f.OK() {
		_, err := s.d.Reporting.EnterReference(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("reference.saved")})
			return seeOther(w, r, "/desk/references")
		}
		if err := f.Merge(renamed(err, "key", key)); err != nil {
			return err
		}
	}
	return s.references(w, r, c, f)
}
