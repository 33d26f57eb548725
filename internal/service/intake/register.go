package intake

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Answer is what the desk answers when the number is known elsewhere.
type Answer string

// The answers; empty means not asked yet.
const (
	SamePerson  Answer = "same"  // register the known person here
	OtherPerson Answer = "other" // somebody else; the number goes to the office
)

// JoinWish is what to do about an open case elsewhere.
type JoinWish string

// The wishes; empty means not asked yet.
const (
	JoinRequest   JoinWish = "request"
	JoinEmergency JoinWish = "emergency" // joins at once and is reported
	JoinNot       JoinWish = "none"      // register only
)

// RegisterInput is a registration as it was typed.
type RegisterInput struct {
	Hospital       ident.ID
	DocKind        patient.DocumentKind
	DocNumber      string
	DocReason      string // why a number that fails its check is kept
	Person         patient.Person
	MismatchReason string // why sex or birth differ from what the number says
	Registration   patient.Registration
	Note           string
	Categories     []patient.Beneficiary
	Programme      procedure.Programme // opens a case at once; empty: none
	Diagnosis      string
	NotSame        string // reason why a candidate of the own hospital is somebody else
	Known          Answer
	Join           JoinWish
	JoinReason     string
	Screening      ident.ID // the screening the person comes from; nil: none
	Proof          *File    // of the category, or of the document when there is no category
}

// Registered says what a registration made.
type Registered struct {
	PersonID       ident.ID
	RegistrationID ident.ID
	SlipCode       string
	CaseID         ident.ID // nil without a case
	CaseNo         string
	Verified       bool        // the number is the person's own and passed its check
	InUse          bool        // the number belongs to somebody else; the office decides
	Linked         bool        // the person was known elsewhere
	Join           string      // state of the join request, or empty
	Warnings       errs.Fields `json:"-"` // what is unusual and was taken all the same
}

// The paths of decisions a form asks for instead of a field.
const (
	FieldDuplicates = "not_same"
	FieldKnown      = "known"
	FieldJoin       = "join"
)

// draft is a registration read and checked.
type draft struct {
	in       RegisterInput
	source   store.Source
	parsed   patient.Parsed
	warnings errs.Fields
}

// Register registers a person at a hospital, and opens or joins a case when a
// programme is given, all in one transaction. Wrong input, a likely duplicate
// without a reason, and a person known elsewhere without an answer come back as
// an Invalid error whose fields say which.
func (s *Service) Register(ctx context.Context, who user.Principal, key string, in RegisterInput) (Registered, error) {
	if err := s.mayRegister(who, in); err != nil {
		return Registered{}, err
	}
	in, err := s.carryOver(ctx, who, in)
	if err != nil {
		return Registered{}, err
	}
	d, err := s.read(in, clock.Today(s.db.Clock()))
	if err != nil {
		return Registered{}, err
	}
	if in.Proof != nil {
		if err := s.keep(in.Proof); err != nil {
			return Registered{}, err
		}
	}
	out, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Registered, error) {
		tx.Intend(audit.Event{Action: audit.PersonRegister, ObjectKind: audit.ObjectRegistration, ObjectID: d.source.Registration.ID,
			OrganisationID: in.Hospital, Reason: reasons(in.NotSame, in.DocReason, in.MismatchReason)})
		return s.register(tx, d)
	})
	if asksKnown(err) {
		// The answer "known elsewhere" is itself a use of the lookup; the
		// transaction that found it is gone, so it is noted in one of its own.
		if _, e := s.lookup(ctx, who, d.parsed.Document, in); e != nil && !errs.Is(e, errs.RateLimited) {
			return Registered{}, e
		}
	}
	return out, err
}

func reasons(all ...string) string {
	var out []string
	for _, r := range all {
		if r = strings.TrimSpace(r); r != "" {
			out = append(out, r)
		}
	}
	return strings.Join(out, " / ")
}

func asksKnown(err error) bool {
	return errs.Is(err, errs.Invalid) && errs.Of(err).Fields.Has(FieldKnown)
}

// mayRegister asks for every permission the input needs.
func (s *Service) mayRegister(who user.Principal, in RegisterInput) error {
	if in.Hospital == ident.Nil {
		return invalid("hospital", "form.error.pick")
	}
	need := []authz.Permission{authz.PersonRegister}
	if in.Programme != "" {
		need = append(need, authz.CaseOpen)
	}
	if len(in.Categories) > 0 {
		need = append(need, authz.EligibilityEdit)
	}
	if in.Proof != nil {
		need = append(need, authz.AttachmentAdd)
	}
	if in.Join == JoinRequest || in.Join == JoinEmergency {
		need = append(need, authz.CaseJoin)
	}
	for _, p := range need {
		if err := s.check(who, p, in.Hospital); err != nil {
			return err
		}
	}
	return nil
}

// read normalises and validates the input, naming every wrong field at once.
func (s *Service) read(in RegisterInput, today clock.Date) (draft, error) {
	var wrong errs.Fields
	d := draft{in: in}
	var err error
	if d.parsed, err = readDocument(in, today); err != nil {
		if e := wrong.Merge("", namedNumber(err)); e != nil {
			return d, e
		}
	}
	p := in.Person.Normalise()
	if d.parsed.Verified {
		p = p.FillFrom(d.parsed)
	}
	p.ID = ident.New()
	wrong = append(wrong, p.Validate(today)...)
	differs, missing := patient.CheckAgainst(p, d.parsed, in.MismatchReason)
	wrong = append(wrong, missing...)
	d.warnings = append(append(append(d.warnings, d.parsed.Warnings...), p.Warnings()...), differs...)

	r := in.Registration.Normalise()
	r.ID, r.PersonID, r.HospitalID, r.SlipCode, r.Version = ident.New(), p.ID, in.Hospital, ident.SlipCode(), 1
	if r.RegisteredOn.IsZero() {
		r.RegisteredOn = today
	}
	wrong = append(wrong, r.Validate(p.Birth, today)...)
	if r.LegalBasis == patient.BasisHistory { // only what an old ledger brought may rest on it
		wrong.Add("legal_basis", "error.legal_basis.required")
	}
	for _, b := range in.Categories {
		wrong = append(wrong, b.Validate()...)
	}
	wrong = append(wrong, checkProgramme(in)...)
	for path, text := range map[string]string{"note": in.Note, "diagnosis": in.Diagnosis, FieldDuplicates: in.NotSame, "join_reason": in.JoinReason,
		"mismatch_reason": in.MismatchReason} {
		checkText(&wrong, path, text)
	}
	d.source = store.Source{Person: p, Registration: r}
	if d.parsed.Kind != patient.DocNone && d.parsed.Number != "" {
		doc := d.parsed.Document
		doc.ID, doc.PersonID = ident.New(), p.ID
		d.source.Documents = []patient.Document{doc}
	}
	return d, wrong.Err()
}

// maxText is how many characters a remark or a reason may have: it is shown in
// lists and in the audit log.
const maxText = 500

func checkText(wrong *errs.Fields, path, text string) {
	if utf8.RuneCountInString(strings.TrimSpace(text)) > maxText {
		wrong.Add(path, "error.text.too_long", "n", maxText)
	}
}

func checkProgramme(in RegisterInput) (wrong errs.Fields) {
	if in.Programme != "" && !in.Programme.Known() {
		wrong.Add("programme", "form.error.choice")
	}
	if (in.Join == JoinRequest || in.Join == JoinEmergency) && strings.TrimSpace(in.JoinReason) == "" {
		wrong.Add("join_reason", "error.join.reason")
	}
	if in.Known == OtherPerson && strings.TrimSpace(in.NotSame) == "" {
		wrong.Add(FieldDuplicates, "error.register.reason")
	}
	return wrong
}

// readDocument reads the number as the kind asks; with a reason a number that
// fails its check is kept unverified.
func readDocument(in RegisterInput, today clock.Date) (patient.Parsed, error) {
	if strings.TrimSpace(in.DocReason) != "" && in.DocKind != patient.DocNone {
		return patient.KeepUnverified(in.DocKind, in.DocNumber, in.DocReason, today)
	}
	return patient.ParseDocument(in.DocKind, in.DocNumber, today)
}

// namedNumber puts what is wrong with a number to its field.
func namedNumber(err error) error {
	e := errs.Of(err)
	if e.Kind != errs.Invalid {
		return err
	}
	for i, f := range e.Fields {
		switch {
		case f.Path == "" && f.Key == "error.document.kind":
			e.Fields[i].Path = "doc_kind"
		case f.Path == "":
			e.Fields[i].Path = "doc_number"
		}
	}
	return e
}

// register does it inside the transaction.
func (s *Service) register(tx *store.Tx, d draft) (Registered, error) {
	d.source.Documents = slices.Clone(d.source.Documents) // the transaction may run again
	known, err := s.settleIdentity(tx, &d)
	if err != nil {
		return Registered{}, err
	}
	if !known.linked {
		if err := tx.InsertPerson(d.source.Person, d.in.Hospital); err != nil {
			return Registered{}, err
		}
		for _, doc := range d.source.Documents {
			if err := tx.InsertDocument(doc); err != nil {
				return Registered{}, err
			}
		}
	}
	if err := s.storeRegistration(tx, &d, known); err != nil {
		return Registered{}, err
	}
	out := Registered{PersonID: d.source.Person.ID, RegistrationID: d.source.Registration.ID, SlipCode: d.source.Registration.SlipCode,
		Linked: known.linked, InUse: known.holder != ident.Nil, Warnings: d.warnings,
		Verified: len(d.source.Documents) > 0 && d.source.Documents[0].Verified}
	tx.Amend("person", out.PersonID)
	tx.Amend("linked", out.Linked)
	if err := s.raise(tx, d, known); err != nil {
		return out, err
	}
	if err := s.categories(tx, d, known.linked); err != nil {
		return out, err
	}
	if err := s.openOrJoin(tx, d, known, &out); err != nil {
		return out, err
	}
	return out, become(tx, d.in, out)
}

// storeRegistration adds the registration, or brings back the one that was
// withdrawn with its import batch.
func (s *Service) storeRegistration(tx *store.Tx, d *draft, id identity) error {
	note := strings.TrimSpace(d.in.Note)
	if id.linked {
		old, ok, err := tx.WithdrawnRegistration(d.source.Person.ID, d.in.Hospital)
		if err != nil {
			return err
		}
		if ok {
			d.source.Registration.ID, d.source.Registration.Version, d.source.Registration.SlipCode = old.ID, old.Version, old.SlipCode
			return tx.UpdateRegistration(d.source.Registration, note)
		}
	}
	return tx.InsertRegistration(d.source, note)
}

// identity is what was decided about who the person is.
type identity struct {
	linked    bool
	inCase    bool     // has an open case elsewhere in the programme
	holder    ident.ID // who verifiably holds the number instead
	candidate ident.ID // the likeliest duplicate that was overridden
}

// settleIdentity asks for the decisions that are missing and applies those made.
func (s *Service) settleIdentity(tx *store.Tx, d *draft) (identity, error) {
	var id identity
	found, err := s.candidates(tx, d.in.Hospital, d.source)
	if err != nil {
		return id, err
	}
	if len(found) > 0 {
		if strings.TrimSpace(d.in.NotSame) == "" {
			return id, invalid(FieldDuplicates, "error.register.duplicate", "n", len(found))
		}
		id.candidate = found[0].PersonID
	}
	if len(d.source.Documents) == 0 || !d.source.Documents[0].Verified {
		return id, nil
	}
	known, ok, err := tx.FindPerson(d.source.Documents[0], string(d.in.Programme))
	if err != nil || !ok {
		return id, err
	}
	here, err := tx.RegisteredAt(known.PersonID, d.in.Hospital)
	if err != nil {
		return id, err
	}
	switch {
	case here && len(found) > 0, !here && d.in.Known == OtherPerson, !s.mayLookUp(tx, d.in.Hospital):
		// Somebody else's number: it stays with its holder, the paper in hand is
		// kept as unverified and the office decides.
		id.holder = known.PersonID
		d.source.Documents[0].Verified = false
		d.source.Documents[0].Reason = reasons(d.in.NotSame, d.source.Documents[0].Reason)
		return id, nil
	case !here && d.in.Known == "":
		return id, invalid(FieldKnown, "error.register.known")
	}
	return s.link(tx, d, known)
}

func (s *Service) mayLookUp(tx *store.Tx, hospital ident.ID) bool {
	return s.check(tx.Who(), authz.PersonLookup, hospital) == nil
}

// link registers the known person here: the identity stays as it is known, what
// was typed differently is for the office to correct.
func (s *Service) link(tx *store.Tx, d *draft, known store.Known) (identity, error) {
	doc := d.source.Documents[0]
	n, err := tx.RecordLookup(doc, d.in.Hospital, true)
	if err != nil {
		return identity{}, err
	}
	if n > s.cap {
		return identity{}, capped(s.cap)
	}
	person, err := tx.LinkPerson(doc, d.in.Hospital)
	if err != nil {
		return identity{}, err
	}
	item, err := tx.PersonByID(person)
	if err != nil {
		return identity{}, err
	}
	if d.in.Programme != "" && known.InProgramme && d.in.Join == "" {
		mine, err := s.openCaseHere(tx, person, d.in.Programme)
		if err != nil {
			return identity{}, err
		}
		if !mine {
			return identity{}, invalid(FieldJoin, "error.register.join")
		}
	}
	d.source.Person = item.Person
	d.source.Registration.PersonID = person
	doc.PersonID = person
	d.source.Documents = []patient.Document{doc}
	return identity{linked: true, inCase: known.InProgramme}, nil
}

// openCaseHere reports whether the open case is one this hospital sees already.
func (s *Service) openCaseHere(tx *store.Tx, person ident.ID, programme procedure.Programme) (bool, error) {
	cases, err := tx.CasesOf(person)
	for _, c := range cases {
		if c.Programme == programme && c.Open() {
			return true, err
		}
	}
	return false, err
}

// raise puts to the office what was decided against a warning.
func (s *Service) raise(tx *store.Tx, d draft, id identity) error {
	r := store.Review{ID: ident.New(), PersonID: d.source.Person.ID, Hospital: d.in.Hospital, Reason: strings.TrimSpace(d.in.NotSame)}
	switch {
	case id.holder != ident.Nil:
		r.Kind, r.OtherID = store.ReviewNumberInUse, id.holder
	case id.candidate != ident.Nil && id.candidate != d.source.Person.ID:
		r.Kind, r.OtherID = store.ReviewOverride, id.candidate
	default:
		return nil
	}
	return tx.InsertReview(r)
}

// categories stores the categories and the proof that came along.
func (s *Service) categories(tx *store.Tx, d draft, linked bool) error {
	owner := store.Owner{Kind: store.OwnerRegistration, ID: d.source.Registration.ID}
	for i, b := range d.in.Categories {
		b.ID, b.PersonID = ident.New(), d.source.Person.ID
		if err := knownCategory(tx, b); err != nil {
			return err
		}
		if err := tx.InsertBeneficiary(b); err != nil {
			return err
		}
		if i == 0 {
			owner = store.Owner{Kind: store.OwnerBeneficiary, ID: b.ID}
		}
	}
	if d.in.Proof == nil {
		return nil
	}
	if d.in.Proof.Kind == document.Identity && len(d.source.Documents) > 0 && d.source.Documents[0].ID != ident.Nil && !linked {
		owner = store.Owner{Kind: store.OwnerDocument, ID: d.source.Documents[0].ID}
	}
	_, err := s.attach(tx, owner, ident.Nil, *d.in.Proof)
	return err
}

// openOrJoin opens the case of the programme, or asks to join the one that is
// open elsewhere.
func (s *Service) openOrJoin(tx *store.Tx, d draft, id identity, out *Registered) error {
	in := d.in
	switch {
	case in.Programme == "" || id.inCase && (in.Join == JoinNot || in.Join == ""):
		return nil // without a wish the open case is one this hospital takes part in
	case id.inCase:
		join := store.Join{ID: ident.New(), PersonID: out.PersonID, Programme: string(in.Programme), HospitalID: in.Hospital,
			Reason: strings.TrimSpace(in.JoinReason), Emergency: in.Join == JoinEmergency}
		state, err := tx.JoinRequest(join)
		if err != nil {
			return err
		}
		out.Join = state
		tx.Audit(audit.Event{Action: audit.CaseJoin, ObjectKind: audit.ObjectReferral, ObjectID: join.ID, OrganisationID: in.Hospital,
			Reason: join.Reason, Detail: map[string]any{"emergency": join.Emergency}})
		return nil
	}
	category := ""
	held, err := tx.BeneficiariesOf(out.PersonID)
	if err != nil {
		return err
	}
	if on := patient.CategoriesOn(held, d.source.Registration.RegisteredOn); len(on) > 0 && on[0] != terminology.CategoryNone {
		category = string(on[0])
	}
	c, err := tx.OpenCase(store.CaseOpening{Person: out.PersonID, Hospital: in.Hospital, Programme: in.Programme,
		On: d.source.Registration.RegisteredOn, Diagnosis: strings.TrimSpace(in.Diagnosis), Category: category})
	if err != nil {
		return err
	}
	out.CaseID, out.CaseNo = c.ID, c.No
	tx.Audit(audit.Event{Action: audit.CaseOpen, ObjectKind: audit.ObjectCase, ObjectID: c.ID, OrganisationID: in.Hospital,
		Detail: map[string]any{"programme": string(in.Programme)}})
	return nil
}

// Suspect is a registration of the own hospital that may be the same person.
type Suspect struct {
	store.PersonRow
	Score   int
	Reasons []match.Reason
}

// mostSuspects is how many candidates are shown: the likeliest.
const mostSuspects = 5

// candidates are the likely duplicates of the own hospital, the likeliest first,
// each person once.
func (s *Service) candidates(tx *store.Tx, hospital ident.ID, source store.Source) ([]Suspect, error) {
	print, err := tx.Print(source)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Candidates(hospital, print)
	if err != nil {
		return nil, err
	}
	return rank(print, rows), nil
}
