package webui

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// registerView is the page of a new registration; its block "duplicates" is
// fetched alone while typing.
type registerView struct {
	Base
	Form     *Form
	Suspects []suspectView
	Known    *knownView
	Capped   bool
}

// suspectView is one registration that may be the same person.
type suspectView struct {
	Title, Text, Reasons string
	Open, NewCase        Button
	Link                 string // address that links the screening the form began with; empty: none
	Registration         string
}

// knownView is a person known elsewhere, as far as the lookup tells.
type knownView struct {
	Title, Text string
	InProgramme bool
}

// desk is what the form of a registration depends on.
type deskFacts struct {
	hospitals []intake.Member
	mayOpen   bool // may open cases
	mayGrant  bool // may record categories
	mayAttach bool
	local     []policy.Category // categories the rules of payment add
}

func (s *Server) deskOf(r *http.Request, c *Call) (deskFacts, error) {
	hospitals, err := s.d.Intake.Hospitals(r.Context(), c.Who)
	d := deskFacts{hospitals: hospitals, mayOpen: s.can(c, authz.CaseOpen), mayGrant: s.can(c, authz.EligibilityEdit), mayAttach: s.can(c, authz.AttachmentAdd)}
	if err == nil {
		d.local, err = s.localCategories(r, c)
	}
	return d, err
}

// localCategories are the categories the rules of payment add, for who may
// record one.
func (s *Server) localCategories(r *http.Request, c *Call) ([]policy.Category, error) {
	if !s.can(c, authz.EligibilityEdit) {
		return nil, nil
	}
	return s.d.Intake.LocalCategories(r.Context(), c.Who)
}

// live makes a field ask for likely duplicates when it changed.
func live() map[string]string {
	return map[string]string{"hx-post": "/patients/register/check", "hx-trigger": "change", "hx-target": "#slot-duplicates", "hx-include": "closest form"}
}

func liveFrom(what string) map[string]string {
	m := live()
	m["from-id"] = what
	return m
}

func docKindOptions() (out []Option) {
	for _, k := range patient.DocumentKinds() {
		out = append(out, Option{Value: string(k), Key: k.Key()})
	}
	return out
}

func sexOptions() []Option {
	return []Option{{Value: "male", Key: patient.Male.Key()}, {Value: "female", Key: patient.Female.Key()}}
}

func ethnicityOptions(b Base) (out []Option) {
	for _, e := range terminology.Ethnicities() {
		text := e.Name
		if b.English() {
			text = e.Roman
		}
		out = append(out, Option{Value: e.Code, Text: text, Find: strings.ToLower(e.Roman) + " " + e.Code})
	}
	return out
}

func categoryOptions() (out []Option) {
	for _, k := range terminology.Categories() {
		out = append(out, Option{Value: string(k), Key: k.Key()})
	}
	return out
}

func (d deskFacts) hospitalOptions() (out []Option) {
	for _, m := range d.hospitals {
		out = append(out, Option{Value: m.OrganisationID.String(), Text: m.Organisation.Label(), Side: sideOf(m.Side)})
	}
	return out
}

// regionNames names the regions the page can say beside a number.
func regionNames(b Base) string {
	names := map[string]string{}
	for _, code := range []string{"500199", "500114", "371100", "371102", "379900"} {
		if r := terminology.LookupRegion(code); b.English() {
			names[code] = r.Roman
		} else {
			names[code] = r.Name
		}
	}
	raw, _ := json.Marshal(names) // strings only: cannot fail
	return string(raw)
}

func identityFields(b Base) []Field {
	number := live()
	number["regions"] = regionNames(b)
	return []Field{
		{Name: "doc_kind", LabelKey: "register.doc_kind", Kind: KindSelect, Options: docKindOptions(), Width: 4, Data: live()},
		{Name: "doc_number", LabelKey: "register.doc_number", HintKey: "register.doc_number.hint", Kind: KindIDCard, Width: 8, Data: number, Focus: true},
		{Name: "duplicates", Kind: KindSlot},
		{Name: "known", LabelKey: "register.known", Kind: KindRadio, Options: []Option{{Value: string(intake.SamePerson), Key: "register.known.same"},
			{Value: string(intake.OtherPerson), Key: "register.known.other"}}},
		{Name: "join", LabelKey: "register.join", Kind: KindRadio, Options: []Option{{Value: string(intake.JoinRequest), Key: "register.join.request"},
			{Value: string(intake.JoinEmergency), Key: "register.join.emergency"}, {Value: string(intake.JoinNot), Key: "register.join.none"}}},
		{Name: "join_reason", LabelKey: "register.join_reason", Max: 200},
		{Name: intake.FieldDuplicates, LabelKey: "register.not_same", HintKey: "register.not_same.hint", Max: 200},
		{Name: "name", LabelKey: "register.name", Max: patient.MaxName, Width: 4, Break: true, Data: live()},
		{Name: "sex", LabelKey: "register.sex", Kind: KindRadio, Options: sexOptions(), Width: 4, Data: map[string]string{"from-id": "sex"}},
		{Name: "birth", LabelKey: "register.birth", Kind: KindDate, Width: 4, Data: liveFrom("birth")},
		{Name: "ethnicity", LabelKey: "register.ethnicity", Kind: KindCombo, Options: ethnicityOptions(b), Optional: true, Width: 4, Blank: "form.pick"},
		{Name: "phone", LabelKey: "register.phone", HintKey: "register.phone.hint", Kind: KindPhone, Optional: true, Width: 4, Data: live()},
		{Name: "estimated", LabelKey: "register.estimated", Kind: KindCheck, Optional: true, Width: 4},
		{Name: "doc_reason", LabelKey: "register.doc_reason", HintKey: "register.doc_reason.hint", Optional: true, Max: 200, Width: 6},
		{Name: "mismatch_reason", LabelKey: "register.mismatch_reason", HintKey: "register.mismatch_reason.hint", Optional: true, Max: 200, Width: 6},
	}
}

func registerProgrammes() []Option {
	out := []Option{}
	for _, p := range procedure.Programmes() {
		out = append(out, Option{Value: string(p), Key: p.Label()})
	}
	return append(out, Option{Value: "none", Key: "register.programme.none"})
}

func (d deskFacts) fields(b Base) []Field {
	out := []Field{{Name: "hospital", LabelKey: "register.hospital", Kind: KindCombo, Options: d.hospitalOptions(), Width: 6},
		{Name: "registered_on", LabelKey: "register.on", Kind: KindDate, Width: 6, Placeholder: "register.on.example"}}
	if d.mayOpen {
		out = append(out, Field{Name: "programme", LabelKey: "register.programme", Kind: KindRadio, Options: registerProgrammes(), Optional: true, Data: live()},
			Field{Name: "diagnosis", LabelKey: "register.diagnosis", Placeholder: "register.diagnosis.example", Optional: true, Max: 200})
	}
	if d.mayGrant {
		out = append(out, withLocal(b, categoryFields(true), d.local)...)
	}
	if d.mayAttach {
		out = append(out, Field{Name: "proof", LabelKey: "register.proof", HintKey: "register.proof.hint", Kind: KindFile, Accept: acceptFiles(), Optional: true})
	}
	return append(out, contactFields()...)
}

func categoryFields(optional bool) []Field {
	return []Field{
		{Name: "category", LabelKey: "register.category", HintKey: "register.category.hint", Kind: KindSelect, Options: categoryOptions(), Optional: optional,
			Blank: "form.pick", Width: 4},
		{Name: "category_from", LabelKey: "register.category_from", Kind: KindDate, Optional: optional, Width: 4},
		{Name: "category_to", LabelKey: "register.category_to", HintKey: "register.category_to.hint", Kind: KindDate, Optional: true, Width: 4},
		{Name: "category_source", LabelKey: "register.category_source", Placeholder: "register.category_source.example", Optional: true, Max: 100, Width: 6},
		{Name: "category_evidence", LabelKey: "register.category_evidence", Optional: true, Max: 100, Width: 6},
	}
}

// withLocal offers the categories the rules of payment add, before none.
func withLocal(b Base, fields []Field, local []policy.Category) []Field {
	var more []Option
	for _, c := range local {
		text := c.ZH
		if b.English() {
			text = c.EN
		}
		more = append(more, Option{Value: c.Code, Text: text})
	}
	at := len(fields[0].Options) - 1
	fields[0].Options = slices.Insert(fields[0].Options, at, more...)
	return fields
}

func contactFields() []Field {
	return []Field{
		{Name: "township", LabelKey: "register.township", Optional: true, Max: patient.MaxPlace, Width: 4},
		{Name: "village", LabelKey: "register.village", Optional: true, Max: patient.MaxPlace, Width: 4, Data: live()},
		{Name: "address", LabelKey: "register.address", Optional: true, Max: patient.MaxAddress, Width: 4},
		{Name: "kin_name", LabelKey: "register.kin_name", Optional: true, Max: patient.MaxName, Width: 6},
		{Name: "kin_phone", LabelKey: "register.kin_phone", Kind: KindPhone, Optional: true, Width: 6},
		{Name: "legal_basis", LabelKey: "register.legal_basis", HintKey: "register.legal_basis.hint", Kind: KindRadio, Options: []Option{
			{Value: string(patient.BasisStatutory), Key: patient.BasisStatutory.Key()}, {Value: string(patient.BasisConsent), Key: patient.BasisConsent.Key()}}},
		{Name: "consent_note", LabelKey: "register.consent_note", HintKey: "register.consent_note.hint", Optional: true, Max: 500, Width: 8},
		{Name: "guardian", LabelKey: "register.guardian", HintKey: "register.guardian.hint", Optional: true, Max: patient.MaxName, Width: 4},
		{Name: "note", LabelKey: "register.note", Kind: KindArea, Rows: 2, Optional: true, Max: 500},
	}
}

func registerForm(b Base, today clock.Date, d deskFacts) *Form {
	f := keyed(NewForm(b, today, append(identityFields(b), d.fields(b)...)...))
	f.Action = "/patients/register"
	f.Sections = []Section{{Key: "register.s.identity", Fields: []string{"doc_kind", "doc_number", "duplicates", "name", "sex", "birth", "ethnicity", "phone",
		"estimated"}}}
	visit := Section{Key: "register.s.visit", Fields: []string{"hospital", "registered_on"}}
	if d.mayOpen {
		visit = Section{Key: "register.s.programme", Fields: []string{"programme", "diagnosis", "hospital", "registered_on"}}
	}
	f.Sections = append(f.Sections, visit)
	if d.mayGrant {
		names := []string{"category", "category_from", "category_to", "category_source", "category_evidence"}
		if d.mayAttach {
			names = append(names, "proof")
		}
		f.Sections = append(f.Sections, Section{Key: "register.s.category", Fields: names, Optional: true})
	}
	f.Sections = append(f.Sections, Section{Key: "register.s.address", Fields: []string{"township", "village", "address", "kin_name", "kin_phone"}, Optional: true},
		Section{Key: "register.s.basis", Fields: []string{"legal_basis", "consent_note", "guardian", "note"}})
	f.Put("doc_kind", string(patient.DocCitizen)).Put("registered_on", today.String()).Put("legal_basis", string(patient.BasisStatutory))
	if len(d.hospitals) > 0 {
		f.Put("hospital", d.hospitals[0].OrganisationID.String())
	}
	return f
}

// sticky are the values the next registration of the same desk begins with.
func sticky() []string {
	return []string{"hospital", "programme", "township", "village", "legal_basis"}
}

func (s *Server) registerPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.deskOf(r, c)
	if err != nil {
		return err
	}
	f := registerForm(c.Base, c.Today, d)
	for _, name := range sticky() {
		if v := r.URL.Query().Get(name); v != "" && f.has(name) {
			f.Put(name, v)
		}
	}
	if id := r.URL.Query().Get("screening"); id != "" {
		x, err := s.fromScreening(r, c, f, id)
		if err != nil {
			return err
		}
		if x.Converted() {
			return seeOther(w, r, screeningPath(x.ID))
		}
		putScreening(f, x)
	}
	return s.showRegister(w, r, c, f, intake.Warning{}, f.Status())
}

// has reports whether the form declares a field.
func (f *Form) has(name string) bool { _, ok := f.at[name]; return ok }

// typed is a value as it was typed, without outer space, or empty where the form
// of this person does not have the field. The service says what is missing.
func (f *Form) typed(name string) string {
	if !f.has(name) {
		return ""
	}
	return strings.TrimSpace(f.Raw(name))
}

// day is a day that may be empty.
func (f *Form) day(name string) clock.Date {
	if f.typed(name) == "" {
		return clock.Date{}
	}
	return f.Date(name)
}

func readPerson(f *Form) patient.Person {
	p := patient.Person{Name: f.typed("name"), Birth: f.day("birth"), BirthEstimated: f.typed("estimated") != "", Ethnicity: f.typed("ethnicity")}
	if text := f.typed("sex"); text != "" {
		p.Sex, _ = patient.ParseSex(text) // an unknown word stays unknown; the service names it
	}
	return p
}

func readContacts(f *Form) patient.Registration {
	return patient.Registration{Phone: f.typed("phone"), Township: f.typed("township"), Village: f.typed("village"), Address: f.typed("address"),
		KinName: f.typed("kin_name"), KinPhone: f.typed("kin_phone"), LegalBasis: patient.LegalBasis(f.typed("legal_basis")),
		ConsentNote: f.typed("consent_note"), Guardian: f.typed("guardian")}
}

func readCategory(f *Form) patient.Beneficiary {
	return patient.Beneficiary{Category: terminology.Category(f.typed("category")), From: f.day("category_from"), To: f.day("category_to"),
		Source: f.typed("category_source"), Evidence: f.typed("category_evidence")}
}

func readRegister(f *Form) intake.RegisterInput {
	in := intake.RegisterInput{DocKind: patient.DocumentKind(f.typed("doc_kind")), DocNumber: f.typed("doc_number"), DocReason: f.typed("doc_reason"),
		Person: readPerson(f), MismatchReason: f.typed("mismatch_reason"), Registration: readContacts(f), Note: f.typed("note"),
		Diagnosis: f.typed("diagnosis"), NotSame: f.typed(intake.FieldDuplicates), Known: intake.Answer(f.typed("known")),
		Join: intake.JoinWish(f.typed("join")), JoinReason: f.typed("join_reason")}
	in.Hospital, _ = ident.Parse(f.typed("hospital"))
	in.Screening, _ = ident.Parse(f.Raw("screening")) // not from a screening: none
	in.Registration.RegisteredOn = f.day("registered_on")
	if p := f.typed("programme"); p != "none" {
		in.Programme = procedure.Programme(p)
	}
	if f.typed("category") != "" {
		in.Categories = []patient.Beneficiary{readCategory(f)}
	}
	return in
}

// register saves. A duplicate or a person known elsewhere comes back as the same
// page with everything typed and the decision to make.
func (s *Server) register(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.deskOf(r, c)
	if err != nil {
		return err
	}
	f := registerForm(c.Base, c.Today, d)
	if err := f.Read(r); err != nil {
		return err
	}
	if _, err := s.fromScreening(r, c, f, f.Raw("screening")); err != nil {
		return err
	}
	in := readRegister(f)
	status := 0
	if f.has("proof") {
		if in.Proof, err = readFile(r, f, "proof", doc.Poverty); err != nil {
			return err
		}
		if f.errors.Has("proof") {
			status = http.StatusRequestEntityTooLarge
		}
	}
	if in.Proof != nil && len(in.Categories) == 0 {
		in.Proof.Kind = doc.Identity
	}
	if f.OK() {
		out, err := s.d.Intake.Register(r.Context(), c.Who, requestKey(r), in)
		if err == nil {
			return s.registered(w, r, c, f, out)
		}
		if err = refused(f, err); err != nil {
			return err
		}
	} else if err := refused(f, s.d.Intake.Validate(r.Context(), c.Who, in)); err != nil {
		return err
	}
	warning, err := s.d.Intake.Warn(r.Context(), c.Who, in)
	if err != nil && !errs.Is(err, errs.Forbidden) {
		return err
	}
	if status == 0 {
		status = f.Status()
	}
	return s.showRegister(w, r, c, f, warning, status)
}

// registered goes on to the patient, or to the next form with the desk's context.
func (s *Server) registered(w http.ResponseWriter, r *http.Request, c *Call, f *Form, out intake.Registered) error {
	text := c.P.T("register.done.slip", "code", out.SlipCode)
	switch {
	case out.CaseNo != "":
		text += c.P.T("register.done.case", "no", out.CaseNo)
	case out.Join == "accepted":
		text += c.P.T("register.done.joined")
	case out.Join != "":
		text += c.P.T("register.done.asked")
	}
	if out.InUse {
		text += c.P.T("register.done.in_use")
	}
	for _, x := range out.Warnings {
		text += c.P.T("register.done.warning", "text", c.P.Say(x.Key, x.Args))
	}
	kind := "ok"
	if out.InUse {
		kind = "warn"
	}
	s.flash(r, Flash{Kind: kind, Title: c.P.T("register.done", "name", f.typed("name")), Text: text})
	if r.PostFormValue("then") != "another" {
		return seeOther(w, r, "/patients/"+out.PersonID.String())
	}
	q := url.Values{}
	for _, name := range sticky() {
		if v := f.typed(name); v != "" {
			q.Set(name, v)
		}
	}
	return seeOther(w, r, address("/patients/register", q))
}

// checkRegister answers the banner while the form is being filled in.
func (s *Server) checkRegister(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.deskOf(r, c)
	if err != nil {
		return err
	}
	f := registerForm(c.Base, c.Today, d)
	if err := f.Read(r); err != nil {
		return err
	}
	if _, err := s.fromScreening(r, c, f, f.Raw("screening")); err != nil {
		return err
	}
	warning, err := s.d.Intake.Warn(r.Context(), c.Who, readRegister(f))
	if err != nil {
		return err
	}
	f.errors = nil // nobody has pressed the button yet
	v := newRegisterView(c.Base, f, warning, s.can(c, authz.CaseOpen))
	return s.d.Engine.Fragment(w, r, http.StatusOK, "intake/register", "duplicates", v)
}

func (s *Server) showRegister(w http.ResponseWriter, r *http.Request, c *Call, f *Form, warning intake.Warning, status int) error {
	s.section(c, "patients")
	v := newRegisterView(c.Base, f, warning, s.can(c, authz.CaseOpen))
	return s.d.Engine.Render(w, r, status, "intake/register", v)
}

func newRegisterView(b Base, f *Form, warning intake.Warning, mayOpen bool) registerView {
	b.Title, b.Swaps = b.T("register.title"), true
	if !mayOpen {
		b.Title = b.T("register.title.person")
	}
	b.Crumbs = []Link{{Text: b.T("nav.patients"), Href: "/patients"}, {Text: b.T("register.crumb")}}
	b.Bar = &SaveBar{Buttons: []Button{{Text: b.T("register.save"), Kind: "primary", Name: "then", Value: "open"},
		{Text: b.T("register.save.another"), Name: "then", Value: "another", Wide: true}}, Key: "Ctrl+Enter"}
	if n := len(f.errors); n > 0 {
		b.Bar.Errors = &Link{Text: b.T("form.section.error", "n", n), Href: "#problems"}
	}
	if p := warning.Parsed; p.Number != "" && p.Verified {
		f.SetFacts("doc_number", numberFacts(b, p, f.Today)...)
	}
	f.Sections[0].Fields = append(f.Sections[0].Fields, asked(f)...)
	v := registerView{Base: b, Form: f, Capped: warning.Capped}
	for _, x := range warning.Suspects {
		one := newSuspect(b, x, f.Today, mayOpen)
		for _, h := range f.Hidden() {
			if h[0] == "screening" {
				one.Link, one.Registration = "/screenings/"+h[1]+"/registration", x.RegistrationID.String()
			}
		}
		v.Suspects = append(v.Suspects, one)
	}
	if k := warning.Known; k != nil {
		v.Known = &knownView{Title: b.T("register.known.title", "name", k.Name), InProgramme: k.InProgramme,
			Text: b.T("register.known.text", "sex", b.T(k.Sex.Key()), "year", k.BirthYear)}
	}
	return v
}

// asked are the fields that stand on the form only once they are needed: reasons
// for what the number does not bear out, and the decisions of the banner, which
// draws those itself but counts them here.
func asked(f *Form) (out []string) {
	for name, cause := range map[string]string{"doc_reason": "doc_number", "mismatch_reason": "mismatch_reason", "known": "known", "join": "join",
		"join_reason": "join_reason", intake.FieldDuplicates: intake.FieldDuplicates} {
		own := name == "doc_reason" || name == "mismatch_reason"
		if f.errors.Has(name) || f.errors.Has(cause) || own && f.typed(name) != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Drawn reports whether a field of a section is drawn by the banner.
func (v registerView) Drawn(name string) bool {
	return name == "known" || name == "join" || name == "join_reason" || name == intake.FieldDuplicates
}

func numberFacts(b Base, p patient.Parsed, today clock.Date) (out []Def) {
	if p.Sex.Known() {
		out = append(out, Def{Label: b.T("js.sex"), Text: b.T(p.Sex.Key())})
	}
	if !p.Birth.IsZero() {
		out = append(out, Def{Label: b.T("js.birth"), Text: b.Day(p.Birth)}, Def{Label: b.T("js.age"), Text: b.T("js.age.years", "n", p.Birth.AgeOn(today))})
	}
	if p.RegionCode != "" {
		region := terminology.LookupRegion(p.RegionCode)
		name := region.Name
		if b.English() {
			name = region.Roman
		}
		out = append(out, Def{Label: b.T("js.region"), Text: strings.TrimSpace(name + " " + p.RegionCode)})
	}
	return out
}

func newSuspect(b Base, x intake.Suspect, today clock.Date, mayOpen bool) suspectView {
	parts := []string{b.T(x.Sex.Key())}
	if !x.Birth.IsZero() {
		parts = append(parts, b.T("js.age.years", "n", x.Birth.AgeOn(today)))
	}
	if x.DocLast4 != "" {
		parts = append(parts, MaskID(x.DocLast4))
	}
	if place := strings.TrimSpace(x.Township + " " + x.Village); place != "" {
		parts = append(parts, place)
	}
	parts = append(parts, b.T("register.suspect.on", "date", b.Day(x.RegisteredOn)))
	v := suspectView{Title: b.T("register.suspect.title", "name", x.Name), Text: strings.Join(parts, b.T("list.comma")), Reasons: reasonText(b, x.Reasons),
		Open: Button{Text: b.T("register.suspect.open"), Href: "/patients/" + x.PersonID.String(), Small: true}}
	if mayOpen {
		v.NewCase = Button{Text: b.T("register.suspect.case"), Href: "/patients/" + x.PersonID.String() + "/cases/new", Small: true}
	}
	return v
}

func reasonText(b Base, reasons []match.Reason) string {
	var out []string
	for _, r := range reasons {
		out = append(out, b.T(r.Key))
	}
	return strings.Join(out, b.T("list.comma"))
}

// readFile takes the upload of a field; none is no error. A file beyond the
// limit is refused at its field before it is read into memory.
func readFile(r *http.Request, f *Form, name string, kind doc.Kind) (*intake.File, error) {
	file, head, err := r.FormFile(name)
	if err != nil { // http.ErrMissingFile, or a form without files
		return nil, nil
	}
	defer func() { _ = file.Close() }() // read only
	if head.Size > doc.MaxSize {
		f.Fail(name, "error.attachment.too_large", "max", doc.MaxSize>>20)
		return nil, nil
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(file); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.form.unreadable", nil)
	}
	return &intake.File{Kind: kind, Name: head.Filename, Content: content.Bytes()}, nil
}

func acceptFiles() string { return strings.Join(doc.Media(), ",") }

// mine reports whether a principal works at a hospital.
func mine(who user.Principal, hospital ident.ID) bool {
	for _, h := range who.Hospitals {
		if h == hospital {
			return true
		}
	}
	return false
}
