package webui

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// patientsView is the list of registrations, or the answer of a search.
type patientsView struct {
	Base
	Filter *Form
	Note   *Alert
	Table  Table
}

func (s *Server) patientsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Intake.List(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newPatientsView(s.patientsFrame(c), c.Today, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "intake/patients", v)
}

// patientsFrame is the frame of the list, with the ways on from it.
func (s *Server) patientsFrame(c *Call) Base {
	s.section(c, "patients")
	b := c.Base
	b.Title = b.T("nav.patients")
	if s.can(c, authz.PersonIdentity) {
		b.Actions = append(b.Actions, Button{Text: b.T("review.title"), Href: "/review", Icon: "copy"})
	}
	if s.can(c, authz.PersonRegister) {
		b.Actions = append(b.Actions, Button{Text: b.T("nav.register"), Href: "/patients/register", Icon: "plus", Kind: "primary"})
	}
	return b
}

func patientColumns(wide bool) []Column {
	out := []Column{{Key: "register.name", Class: "grow"}, {Key: "patients.sex_age"}, {Key: "patients.document"}, {Key: "register.phone"}, {Key: "patients.place"}}
	if wide {
		out = append(out, Column{Key: "patients.hospital"})
	}
	return append(out, Column{Key: "patients.registered"})
}

func patientCells(b Base, p intake.PersonRow, today clock.Date, hospitals string, wide bool) []Cell {
	about := b.T(p.Sex.Key())
	if !p.Birth.IsZero() {
		about += " " + b.T("js.age.years", "n", p.Birth.AgeOn(today))
	}
	doc := Cell{Text: MaskID(p.DocLast4), Nowrap: true}
	switch {
	case p.DocLast4 == "":
		doc = TagCell("plain", b.T(patient.DocNone.Key()))
	case !p.DocVerified:
		doc.Sub = b.T("patients.unverified")
	}
	cells := []Cell{LinkCell(p.Name, "/patients/"+p.PersonID.String()), TextCell(about), doc, {Text: MaskPhone(p.PhoneLast4), Nowrap: true},
		TextCell(strings.TrimSpace(p.Township + " " + p.Village))}
	if wide {
		cells = append(cells, TextCell(hospitals))
	}
	return append(cells, DateCell(p.RegisteredOn))
}

func newPatientsView(b Base, today clock.Date, list page.Result[intake.PersonRow]) patientsView {
	b.Title = b.T("nav.patients")
	wide := false
	for _, p := range list.Rows {
		wide = wide || p.HospitalID != list.Rows[0].HospitalID
	}
	t := Table{Caption: b.T("patients.list"), Quiet: true, Columns: patientColumns(wide),
		Empty: Empty{Title: b.T("patients.empty"), Text: b.T("patients.empty.text")}}
	if b.Register != nil {
		t.Empty.Buttons = []Button{{Text: b.T("nav.register"), Href: b.Register.Href, Kind: "primary"}}
	}
	for _, p := range list.Rows {
		t.Rows = append(t.Rows, Cells(patientCells(b, p, today, p.Hospital, wide)...))
	}
	return patientsView{Base: b, Filter: searchForm(b, today, ""), Table: t}
}

// personView is a page about one person below the patient's own: a form, with
// what there is beside it.
type personView struct {
	Base
	Note    *Alert
	Form    *Form
	Buttons []Button
	Table   *Table
	Facts   []Def
	Answer  string // a number shown in full
}

// personFrame is the frame of a page about a person.
func (s *Server) personFrame(c *Call, p intake.Patient, title string) Base {
	s.section(c, "patients")
	return personBase(c.Base, p, title)
}

func personBase(b Base, p intake.Patient, title string) Base {
	b.Title = b.T(title)
	b.Sub = p.Person.Name
	b.Crumbs = []Link{{Text: b.T("nav.patients"), Href: "/patients"}, {Text: p.Person.Name, Href: patientPath(p.Person.ID)}, {Text: b.Title}}
	return b
}

func patientPath(id ident.ID) string { return "/patients/" + id.String() }

// patientOf reads the person of the address.
func (s *Server) patientOf(r *http.Request, c *Call) (intake.Patient, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return intake.Patient{}, err
	}
	return s.d.Intake.Patient(r.Context(), c.Who, id)
}

func personForm(b Base, f *Form, save, back string) personView {
	return personView{Base: b, Form: f, Buttons: []Button{{Text: b.T(save), Kind: "primary"}, {Text: b.T("dialog.back"), Href: back}}}
}

// editForm changes the contacts of a registration. Numbers are never sent back
// to the browser: an empty box keeps what is stored.
func editForm(b Base, today clock.Date, reg intake.RegistrationItem) *Form {
	fields := contactFields()
	keep := func(name, tail string) {
		for i, x := range fields {
			if x.Name == name && tail != "" {
				fields[i].HintKey, fields[i].HintArgs = "patients.keep_number", errs.Args{"number": MaskPhone(tail)}
			}
		}
	}
	fields = append([]Field{{Name: "phone", LabelKey: "register.phone", Kind: KindPhone, Optional: true, Width: 6, Break: true},
		{Name: "clear_phone", LabelKey: "patients.clear_phone", Kind: KindCheck, Optional: true, Width: 6}}, fields...)
	for i, x := range fields {
		fields[i].Data = nil
		if x.Name == "legal_basis" && reg.LegalBasis == patient.BasisHistory {
			fields[i].Options = append(fields[i].Options, Option{Value: string(patient.BasisHistory), Key: patient.BasisHistory.Key()})
		}
	}
	keep("phone", reg.PhoneLast4)
	keep("kin_phone", reg.KinPhoneLast4)
	f := keyed(NewForm(b, today, fields...))
	f.Action = patientPath(reg.PersonID) + "/edit"
	f.Hide("version", strconv.Itoa(reg.Version)).Hide("registration", reg.ID.String())
	return f.Put("township", reg.Township).Put("village", reg.Village).Put("address", reg.Address).Put("kin_name", reg.KinName).
		Put("legal_basis", string(reg.LegalBasis)).Put("consent_note", reg.ConsentNote).Put("guardian", reg.Guardian).Put("note", reg.Note)
}

// ownRegistration is the registration a principal edits.
func ownRegistration(c *Call, p intake.Patient) (intake.RegistrationItem, error) {
	reg, ok := p.Registration(c.Who.OrganisationID)
	for _, x := range p.Registrations {
		if mine(c.Who, x.HospitalID) && reg.HospitalID != c.Who.OrganisationID {
			reg = x
		}
	}
	if !ok {
		return reg, errs.Missing("error.registration.missing")
	}
	return reg, nil
}

func (s *Server) editPatientPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.editing(w, r, c, func(*Form, intake.RegistrationItem) (bool, error) { return false, nil })
}

// editing shows the form of the contacts; act reads and saves a posted one and
// reports whether that is done.
func (s *Server) editing(w http.ResponseWriter, r *http.Request, c *Call, act func(*Form, intake.RegistrationItem) (bool, error)) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	reg, err := ownRegistration(c, p)
	if err != nil {
		return err
	}
	f := editForm(c.Base, c.Today, reg)
	if done, err := act(f, reg); err != nil || done {
		return err
	}
	b := s.personFrame(c, p, "patients.edit")
	b.Sub = p.Person.Name + " " + reg.Hospital
	b.Actions = []Button{{Text: b.T("patients.identity"), Icon: "edit", Href: patientPath(p.Person.ID) + "/identity"}}
	return s.d.Engine.Render(w, r, f.Status(), "intake/person", personForm(b, f, "patients.save", patientPath(p.Person.ID)))
}

func (s *Server) editPatient(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.editing(w, r, c, func(f *Form, reg intake.RegistrationItem) (bool, error) {
		if err := f.Read(r); err != nil {
			return false, err
		}
		in := intake.EditInput{Registration: readContacts(f), Note: f.typed("note"), ClearPhone: f.typed("clear_phone") != ""}
		in.Registration.ID, in.Registration.Version = reg.ID, int(f.Version())
		if _, err := s.d.Intake.Edit(r.Context(), c.Who, requestKey(r), in); err != nil {
			return false, refused(f, err)
		}
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("patients.saved")})
		return true, seeOther(w, r, patientPath(reg.PersonID))
	})
}

func identityForm(b Base, today clock.Date, p intake.Patient) *Form {
	kinds := docKindOptions()
	number := Field{Name: "doc_number", LabelKey: "register.doc_number", HintKey: "patients.keep_document", Kind: KindIDCard, Optional: true, Width: 8}
	f := keyed(NewForm(b, today,
		Field{Name: "name", LabelKey: "register.name", Max: patient.MaxName, Width: 6, Focus: true},
		Field{Name: "ethnicity", LabelKey: "register.ethnicity", Kind: KindCombo, Options: ethnicityOptions(b), Optional: true, Width: 6, Blank: "form.pick"},
		Field{Name: "sex", LabelKey: "register.sex", Kind: KindRadio, Options: sexOptions(), Width: 6},
		Field{Name: "birth", LabelKey: "register.birth", Kind: KindDate, Width: 6},
		Field{Name: "estimated", LabelKey: "register.estimated", Kind: KindCheck, Optional: true},
		Field{Name: "doc_kind", LabelKey: "register.doc_kind", Kind: KindSelect, Options: kinds[:len(kinds)-1], Width: 4}, number,
		Field{Name: "doc_reason", LabelKey: "register.doc_reason", HintKey: "register.doc_reason.hint", Optional: true, Max: 200},
		Field{Name: "reason", LabelKey: "patients.identity.reason", HintKey: "patients.identity.reason.hint", Max: 200}))
	f.Action = patientPath(p.Person.ID) + "/identity"
	f.Hide("version", strconv.Itoa(p.Person.Version))
	f.Put("name", p.Person.Name).Put("ethnicity", p.Person.Ethnicity).Put("birth", p.Person.Birth.String()).Put("doc_kind", string(patient.DocCitizen))
	f.Put("sex", map[patient.Sex]string{patient.Male: "male", patient.Female: "female"}[p.Person.Sex])
	if p.Person.BirthEstimated {
		f.Put("estimated", "yes")
	}
	if len(p.Documents) > 0 {
		f.Put("doc_kind", string(p.Documents[0].Kind))
	}
	return f
}

func (s *Server) identityPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	return s.showIdentity(w, r, c, p, identityForm(c.Base, c.Today, p))
}

func (s *Server) showIdentity(w http.ResponseWriter, r *http.Request, c *Call, p intake.Patient, f *Form) error {
	b := s.personFrame(c, p, "patients.identity")
	v := personForm(b, f, "patients.save", patientPath(p.Person.ID))
	if p.Person.Hospitals > 1 && !s.can(c, authz.PersonIdentity) {
		v.Note = &Alert{Kind: "warn", Title: b.T("patients.identity.shared", "n", p.Person.Hospitals), Text: b.T("remedy.identity.office")}
		v.Form, v.Buttons = nil, []Button{{Text: b.T("dialog.back"), Href: patientPath(p.Person.ID)}}
	}
	return s.d.Engine.Render(w, r, f.Status(), "intake/person", v)
}

func (s *Server) correctIdentity(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	f := identityForm(c.Base, c.Today, p)
	if err := f.Read(r); err != nil {
		return err
	}
	in := intake.IdentityInput{Person: readPerson(f), DocKind: patient.DocumentKind(f.typed("doc_kind")), DocNumber: f.typed("doc_number"),
		DocReason: f.typed("doc_reason"), Reason: f.typed("reason")}
	in.Person.ID, in.Person.Version, in.Person.RegionCode = p.Person.ID, int(f.Version()), p.Person.RegionCode
	if f.OK() {
		_, err := s.d.Intake.CorrectIdentity(r.Context(), c.Who, requestKey(r), in)
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("patients.saved")})
			return seeOther(w, r, patientPath(p.Person.ID))
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showIdentity(w, r, c, p, f)
}

// unmaskOptions are the numbers of a person that can be shown in full.
func unmaskOptions(b Base, p intake.Patient) (out []Option) {
	for _, d := range p.Documents {
		out = append(out, Option{Value: "d:" + d.ID.String(), Text: b.T(d.Kind.Key()) + " " + MaskID(d.Last4)})
	}
	for _, r := range p.Registrations {
		if r.PhoneLast4 != "" {
			out = append(out, Option{Value: "p:" + r.ID.String(), Text: b.T("register.phone") + " " + MaskPhone(r.PhoneLast4)})
		}
		if r.KinPhoneLast4 != "" {
			out = append(out, Option{Value: "k:" + r.ID.String(), Text: b.T("register.kin_phone") + " " + MaskPhone(r.KinPhoneLast4)})
		}
	}
	return out
}

func unmaskForm(b Base, today clock.Date, p intake.Patient) *Form {
	f := NewForm(b, today, Field{Name: "number", LabelKey: "unmask.number", Kind: KindSelect, Options: unmaskOptions(b, p)},
		Field{Name: "reason", LabelKey: "unmask.reason", HintKey: "unmask.reason.hint", Max: 200, Focus: true})
	f.Action = patientPath(p.Person.ID) + "/unmask"
	if len(p.Documents) > 0 {
		f.Put("number", "d:"+p.Documents[0].ID.String())
	}
	return f
}

func (s *Server) unmaskPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	return s.showUnmask(w, r, c, p, unmaskForm(c.Base, c.Today, p), "")
}

func (s *Server) showUnmask(w http.ResponseWriter, r *http.Request, c *Call, p intake.Patient, f *Form, number string) error {
	b := s.personFrame(c, p, "unmask.title")
	v := personForm(b, f, "unmask.show", patientPath(p.Person.ID))
	v.Answer = number
	v.Note = &Alert{Kind: "warn", Title: b.T("unmask.note"), Text: b.T("unmask.note.text")}
	return s.d.Engine.Render(w, r, f.Status(), "intake/person", v)
}

// unmask answers with the page itself: a full number must not stand in an
// address or wait in the session.
func (s *Server) unmask(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	f := unmaskForm(c.Base, c.Today, p)
	if err := f.Read(r); err != nil {
		return err
	}
	in := intake.UnmaskInput{Person: p.Person.ID, Reason: f.Text("reason")}
	kind, id, _ := strings.Cut(f.Choice("number"), ":")
	row, _ := ident.Parse(id) // one of the form's options, or noted by Choice
	if kind == "d" {
		in.Document = row
	} else {
		in.Registration, in.Kin = row, kind == "k"
	}
	number := ""
	if f.OK() {
		if number, err = s.d.Intake.Unmask(r.Context(), c.Who, in); err != nil {
			if err = refused(f, err); err != nil {
				return err
			}
		}
	}
	return s.showUnmask(w, r, c, p, f, number)
}

func categoryForm(b Base, today clock.Date, p intake.Patient, d deskFacts) *Form {
	fields := withLocal(b, categoryFields(false), d.local)
	fields[1].Optional = true // "belongs to none" has no beginning; the service asks for the others
	if d.mayAttach {
		fields = append(fields, Field{Name: "proof", LabelKey: "register.proof", HintKey: "register.proof.hint", Kind: KindFile, Accept: acceptFiles(), Optional: true})
	}
	f := keyed(NewForm(b, today, fields...))
	f.Action = patientPath(p.Person.ID) + "/categories"
	return f
}

func (s *Server) categoriesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	local, err := s.localCategories(r, c)
	if err != nil {
		return err
	}
	f := categoryForm(c.Base, c.Today, p, deskFacts{mayAttach: s.can(c, authz.AttachmentAdd), local: local})
	if id, err := ident.Parse(r.URL.Query().Get("edit")); err == nil {
		for _, x := range p.Categories {
			if x.ID == id {
				putCategory(f, x)
			}
		}
	}
	return s.showCategories(w, r, c, p, f, f.Status())
}

func putCategory(f *Form, x patient.Beneficiary) {
	f.Hide("beneficiary", x.ID.String()).Hide("version", strconv.Itoa(x.Version))
	f.Put("category", string(x.Category)).Put("category_from", x.From.String()).Put("category_to", x.To.String()).
		Put("category_source", x.Source).Put("category_evidence", x.Evidence)
}

func (s *Server) showCategories(w http.ResponseWriter, r *http.Request, c *Call, p intake.Patient, f *Form, status int) error {
	b := s.personFrame(c, p, "category.title")
	v := newCategoriesView(b, c.Today, p, s.can(c, authz.EligibilityEdit))
	if s.can(c, authz.EligibilityEdit) {
		v.Form, v.Buttons = f, []Button{{Text: b.T("category.save"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: patientPath(p.Person.ID)}}
	}
	return s.d.Engine.Render(w, r, status, "intake/person", v)
}

func newCategoriesView(b Base, today clock.Date, p intake.Patient, mayEdit bool) personView {
	t := Table{Caption: b.T("category.list"), Columns: []Column{{Key: "register.category", Class: "grow"}, {Key: "register.category_from"}, {Key: "register.category_to"},
		{Key: "register.category_source"}, {Key: "category.state"}, {Key: "category.proof"}},
		Empty: Empty{Title: b.T("category.empty"), Text: b.T("category.empty.text")}}
	if mayEdit {
		t.Columns = append(t.Columns, Column{Key: "category.change", Hidden: true})
	}
	for _, x := range p.Categories {
		to := x.To.String()
		if x.To.IsZero() {
			to = b.T("category.open_end")
		}
		row := Cells(TextCell(b.T(x.Category.Key())), DateCell(x.From), Cell{Text: to, Nowrap: true}, Cell{Text: x.Source, Sub: x.Evidence},
			validity(b, x, today), proofCell(b, p, x.ID))
		if mayEdit {
			row.Cells = append(row.Cells, LinkCell(b.T("category.change"), patientPath(p.Person.ID)+"/categories?edit="+x.ID.String()))
		}
		t.Rows = append(t.Rows, row)
	}
	return personView{Base: b, Table: &t}
}

func validity(b Base, x patient.Beneficiary, today clock.Date) Cell {
	switch {
	case x.ValidOn(today):
		return TagCell("ok", b.T("category.valid"))
	case today.Before(x.From):
		return TagCell("info", b.T("category.future"))
	}
	return TagCell("error", b.T("category.expired"))
}

func proofCell(b Base, p intake.Patient, owner ident.ID) Cell {
	for _, a := range p.Attachments {
		if a.Owner.ID == owner && a.ReplacedBy == ident.Nil {
			return LinkCell(a.FileName, "/attachments/"+a.ID.String())
		}
	}
	return TagCell("warn", b.T("category.no_proof"))
}

func (s *Server) recordCategory(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	local, err := s.localCategories(r, c)
	if err != nil {
		return err
	}
	f := categoryForm(c.Base, c.Today, p, deskFacts{mayAttach: s.can(c, authz.AttachmentAdd), local: local}).Hide("beneficiary", "").Hide("version", "")
	if err := f.Read(r); err != nil {
		return err
	}
	in := intake.CategoryInput{Beneficiary: readCategory(f)}
	in.Beneficiary.PersonID = p.Person.ID
	if in.Beneficiary.ID, _ = ident.Parse(f.Raw("beneficiary")); in.Beneficiary.ID != ident.Nil { // otherwise a new one
		in.Beneficiary.Version = int(f.Version())
	}
	status := http.StatusUnprocessableEntity
	if f.has("proof") {
		if in.Proof, err = readFile(r, f, "proof", doc.Poverty); err != nil {
			return err
		}
		if f.errors.Has("proof") {
			status = http.StatusRequestEntityTooLarge
		}
	}
	if f.OK() {
		_, err := s.d.Intake.RecordCategory(r.Context(), c.Who, requestKey(r), in)
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("category.saved")})
			return seeOther(w, r, patientPath(p.Person.ID)+"/categories")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showCategories(w, r, c, p, f, status)
}
