package webui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
)

// screeningFormView is the form of one screening. The parts of the programmes
// stand in it all; the styles show the one that was chosen.
type screeningFormView struct {
	Base
	Form *Form
}

// Place, Person, and so on are the runs of fields as the page groups them.
func (v screeningFormView) Place() []string {
	out := []string{"screened_on", "township", "village"}
	if v.Form.has("hospital") {
		out = append([]string{"hospital"}, out...)
	}
	return out
}

// Part is the run of fields shown for one value of a choice.
func (v screeningFormView) Part(name string) []string {
	return map[string][]string{"joint": {"site", "side", "walking", "pain"}, "cataract": {"acuity_right", "acuity_left"}, "coronary": {"chest_pain", "pressure"},
		"advised": {"answer"}, "declined": {"reason", "reason_text"}}[name]
}

func siteOptions() []Option { return optionsOfSites(procedure.Knee, procedure.Hip) }

func optionsOfSites(list ...procedure.Site) (out []Option) {
	for _, s := range list {
		out = append(out, Option{Value: string(s), Key: s.Label()})
	}
	return out
}

func screeningForm(b Base, today clock.Date, hospitals []Option) *Form {
	var fields []Field
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Options: hospitals})
	}
	fields = append(fields,
		Field{Name: "screened_on", LabelKey: "screening.on", Kind: KindDate, Width: 4},
		Field{Name: "township", LabelKey: "register.township", Max: patient.MaxPlace, Width: 4},
		Field{Name: "village", LabelKey: "register.village", Max: patient.MaxPlace, Optional: true, Width: 4},
		Field{Name: "name", LabelKey: "register.name", Max: patient.MaxName, Width: 4},
		Field{Name: "sex", LabelKey: "register.sex", Kind: KindRadio, Options: sexOptions(), Width: 4},
		Field{Name: "birth", LabelKey: "screening.birth", HintKey: "screening.birth.hint", Max: 20, Width: 4},
		Field{Name: "doc_number", LabelKey: "register.doc_number", HintKey: "screening.doc_number.hint", Kind: KindIDCard, Optional: true, Width: 8, Data: map[string]string{"regions": regionNames(b)}},
		Field{Name: "phone", LabelKey: "register.phone", Kind: KindPhone, Optional: true, Width: 4},
		Field{Name: "programme", LabelKey: "screening.programme", Kind: KindRadio, Options: programmeOptions(procedure.Programmes())},
		Field{Name: "site", LabelKey: "screening.site", Kind: KindRadio, Options: siteOptions(), Width: 6},
		Field{Name: "side", LabelKey: "screening.side", Kind: KindRadio, Options: optionsOf(screening.Sides()...), Width: 6},
		Field{Name: "walking", LabelKey: "screening.walking", Kind: KindRadio, Options: optionsOf(screening.Walkings()...), Optional: true},
		Field{Name: "pain", LabelKey: "screening.pain", HintKey: "screening.pain.hint", Kind: KindNumber, Low: 0, High: screening.MostPain, Optional: true, Width: 4},
		Field{Name: "acuity_right", LabelKey: "screening.acuity_right", HintKey: "acuity.value.hint", Max: 20, Width: 6},
		Field{Name: "acuity_left", LabelKey: "screening.acuity_left", Max: 20, Width: 6},
		Field{Name: "chest_pain", LabelKey: "screening.chest_pain", Kind: KindRadio, Options: optionsOf(screening.ChestPains()...)},
		Field{Name: "pressure", LabelKey: "screening.pressure", HintKey: "screening.pressure.hint", Max: 9, Optional: true, Width: 4},
		Field{Name: "triage", LabelKey: "screening.triage", Kind: KindRadio, Options: optionsOf(screening.Triages()...)},
		Field{Name: "answer", LabelKey: "screening.answer", Kind: KindRadio, Options: optionsOf(screening.Answers()...), Width: 6},
		Field{Name: "reason", LabelKey: "screening.reason", Kind: KindSelect, Options: optionsOf(screening.Reasons()...), Blank: "form.pick", Width: 6},
		Field{Name: "reason_text", LabelKey: "screening.reason_text", Max: 200, Optional: true, Width: 6},
		Field{Name: "note", LabelKey: "register.note", Kind: KindArea, Rows: 2, Max: 500, Optional: true},
		Field{Name: "legal_basis", LabelKey: "register.legal_basis", HintKey: "register.legal_basis.hint", Kind: KindRadio, Options: []Option{
			{Value: string(patient.BasisStatutory), Key: patient.BasisStatutory.Key()}, {Value: string(patient.BasisConsent), Key: patient.BasisConsent.Key()}}},
		Field{Name: "consent_note", LabelKey: "register.consent_note", HintKey: "register.consent_note.hint", Optional: true, Max: 500, Width: 8},
		Field{Name: "guardian", LabelKey: "register.guardian", HintKey: "register.guardian.hint", Optional: true, Max: patient.MaxName, Width: 4})
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/screenings"
	if len(hospitals) == 1 {
		f.Hide("hospital", hospitals[0].Value)
	}
	return f.Put("screened_on", today.String()).Put("legal_basis", string(patient.BasisStatutory))
}

// screeningSticky are the values the next person of the same table begins with.
func screeningSticky() []string { return []string{"hospital", "screened_on", "township", "village"} }

func newScreeningForm(b Base, f *Form) screeningFormView {
	b.Title = b.T("screening.new")
	b.Crumbs = []Link{{Text: b.T("nav.screenings"), Href: "/screenings"}, {Text: b.Title}}
	b.Bar = &SaveBar{Buttons: []Button{{Text: b.T("screening.save"), Kind: "primary"}}, Key: "Ctrl+Enter"}
	if n := len(f.errors); n > 0 {
		b.Bar.Errors = &Link{Text: b.T("form.section.error", "n", n), Href: "#problems"}
	}
	focus := "name"
	if f.typed("township") == "" && f.typed("village") == "" {
		focus = "township"
	}
	x := f.field(focus)
	x.Focus = f.OK()
	f.Declare(x)
	return screeningFormView{Base: b, Form: f}
}

func (s *Server) newScreeningPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	hospitals, err := s.hospitalOptions(r, c, authz.ScreeningRecord)
	if err != nil {
		return err
	}
	f := screeningForm(c.Base, c.Today, hospitals)
	for _, name := range screeningSticky() {
		if v := r.URL.Query().Get(name); v != "" && f.has(name) {
			f.Put(name, v)
		}
	}
	return s.showScreeningForm(w, r, c, f)
}

// showScreeningForm says above the form how many were screened on its day.
func (s *Server) showScreeningForm(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	s.section(c, "screenings")
	v := newScreeningForm(c.Base, f)
	on, err := clock.ParseSpelling(f.typed("screened_on"), c.Today)
	if hospital := screeningHospital(f); err == nil && hospital != ident.Nil {
		n, err := s.d.Screenings.Today(r.Context(), c.Who, hospital, on)
		if err != nil && !errs.Is(err, errs.Forbidden) { // recorded elsewhere than read: without the figure
			return err
		}
		v.Sub = screeningDay(c.Base, on, n)
	}
	return s.d.Engine.Render(w, r, f.Status(), "screening/new", v)
}

func screeningHospital(f *Form) ident.ID {
	text := f.Raw("hospital")
	for _, h := range f.Hidden() {
		if h[0] == "hospital" {
			text = h[1]
		}
	}
	id, _ := ident.Parse(text) // nothing chosen yet: none
	return id
}

// screeningDay counts a day in words.
func screeningDay(b Base, on clock.Date, n outreach.Count) string {
	return b.T("screening.day", "date", b.Day(on), "n", n.All, "advised", n.Advised, "declined", n.Declined, "registered", n.Registered)
}

// readScreening reads the boxes by the rules that also hold for what a browser
// kept without a network.
func readScreening(f *Form) screening.Draft {
	typed := screening.Typed{}
	for _, name := range f.Names() {
		typed[name] = f.Raw(name)
	}
	d, wrong := typed.Draft(f.Today)
	f.errors = append(f.errors, wrong...)
	return d
}

// recordScreening saves and goes on to the next person with day and place kept.
func (s *Server) recordScreening(w http.ResponseWriter, r *http.Request, c *Call) error {
	hospitals, err := s.hospitalOptions(r, c, authz.ScreeningRecord)
	if err != nil {
		return err
	}
	f := screeningForm(c.Base, c.Today, hospitals)
	if err := f.Read(r); err != nil {
		return err
	}
	row := outreach.Row{Draft: readScreening(f)}
	row.ID, _ = ident.Parse(requestKey(r)) // the form's own key names the row, so that a second press is the same row
	if _, wrong := row.Check(c.Today); len(wrong) > 0 || !f.OK() {
		if err := refused(f, wrong.Err()); err != nil {
			return err
		}
		return s.showScreeningForm(w, r, c, f)
	}
	got, err := s.d.Screenings.Record(r.Context(), c.Who, outreach.Batch{Hospital: screeningHospital(f), Rows: []outreach.Row{row}}, outreach.Key{})
	if err != nil {
		if err = refused(f, err); err != nil {
			return err
		}
		return s.showScreeningForm(w, r, c, f)
	}
	if got[0].Outcome == outreach.Refused {
		if err := refused(f, got[0].Fields.Err()); err != nil {
			return err
		}
		return s.showScreeningForm(w, r, c, f)
	}
	f.raw.Set("screened_on", row.On.String()) // "today" is another day tomorrow
	if err := s.noteScreening(r, c, f, got[0]); err != nil {
		return err
	}
	q := url.Values{}
	for _, name := range screeningSticky() {
		if v := strings.TrimSpace(f.Raw(name)); v != "" {
			q.Set(name, v)
		}
	}
	return seeOther(w, r, address("/screenings/new", q))
}

// noteScreening says what was saved, how many that makes, and whether somebody
// like this was screened before.
func (s *Server) noteScreening(r *http.Request, c *Call, f *Form, got outreach.Receipt) error {
	n, err := s.d.Screenings.Today(r.Context(), c.Who, screeningHospital(f), f.day("screened_on"))
	if err != nil && !errs.Is(err, errs.Forbidden) {
		return err
	}
	flash := Flash{Kind: "ok", Title: c.P.T("screening.saved", "name", f.typed("name")), Text: c.P.T("screening.saved.count", "n", n.All)}
	if got.Alike > 0 {
		flash.Kind, flash.Text = "warn", flash.Text+" "+c.P.T("screening.saved.alike", "n", got.Alike)
	}
	s.flash(r, flash)
	return nil
}
