package intake

import (
	"context"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// EditInput is a changed registration. Its numbers are not shown in the form, so
// an empty one keeps what is stored; Clear takes it away.
type EditInput struct {
	Registration  patient.Registration // by ID and Version
	Note          string
	ClearPhone    bool
	ClearKinPhone bool
}

// Edit changes the contacts and the legal basis of a registration.
func (s *Service) Edit(ctx context.Context, who user.Principal, key string, in EditInput) (ident.ID, error) {
	if err := s.anywhere(who, authz.PersonEdit); err != nil {
		return ident.Nil, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		old, err := tx.RegistrationByID(in.Registration.ID)
		if err != nil {
			return ident.Nil, err
		}
		tx.Intend(audit.Event{Action: audit.PersonEdit, ObjectKind: audit.ObjectRegistration, ObjectID: old.ID, OrganisationID: old.HospitalID})
		if err := s.check(who, authz.PersonEdit, old.HospitalID); err != nil {
			return ident.Nil, errs.Missing("error.registration.missing")
		}
		p, err := tx.PersonByID(old.PersonID)
		if err != nil {
			return ident.Nil, err
		}
		r, err := s.merged(tx, old, in)
		if err != nil {
			return ident.Nil, err
		}
		wrong := r.Validate(p.Birth, tx.Today())
		if lines := strings.NewReplacer("\r\n", "\n", "\r", "\n"); lines.Replace(strings.TrimSpace(in.Note)) == lines.Replace(strings.TrimSpace(old.Note)) {
			in.Note = old.Note // nobody touched it: what an import kept may be longer than what is typed
		} else {
			checkText(&wrong, "note", in.Note)
		}
		if err := wrong.Err(); err != nil {
			return ident.Nil, err
		}
		tx.Amend("changed", changed(old, r, in)["changed"])
		return old.PersonID, tx.UpdateRegistration(r, strings.TrimSpace(in.Note))
	})
}

// merged puts the typed fields over the stored ones.
func (s *Service) merged(tx *store.Tx, old store.RegistrationItem, in EditInput) (patient.Registration, error) {
	phone, kin, err := tx.OpenPhones(old.ID)
	if err != nil {
		return patient.Registration{}, err
	}
	r := in.Registration
	r.PersonID, r.HospitalID, r.SlipCode, r.RegisteredOn = old.PersonID, old.HospitalID, old.SlipCode, old.RegisteredOn
	r = r.Normalise()
	if r.Phone == "" && !in.ClearPhone {
		r.Phone = phone
	}
	if r.KinPhone == "" && !in.ClearKinPhone {
		r.KinPhone = kin
	}
	return r, nil
}

// changed names the fields that differ, for the audit; values stay out of it.
func changed(old store.RegistrationItem, r patient.Registration, in EditInput) map[string]any {
	var names []string
	for name, differs := range map[string]bool{
		"phone": in.Registration.Phone != "" || in.ClearPhone, "kin_phone": in.Registration.KinPhone != "" || in.ClearKinPhone,
		"township": old.Township != r.Township, "village": old.Village != r.Village, "address": old.Address != r.Address,
		"kin_name": old.KinName != r.KinName, "legal_basis": old.LegalBasis != r.LegalBasis, "consent_note": old.ConsentNote != r.ConsentNote,
		"guardian": old.Guardian != r.Guardian, "note": old.Note != strings.TrimSpace(in.Note),
	} {
		if differs {
			names = append(names, name)
		}
	}
	return audit.Changed(names...)
}

// IdentityInput corrects who a person is. An empty number keeps the document.
type IdentityInput struct {
	Person    patient.Person // by ID and Version
	DocKind   patient.DocumentKind
	DocNumber string
	DocReason string
	Reason    string // why it is corrected
}

// CorrectIdentity changes name, sex, birth, ethnicity or number. While one
// hospital knows the person its registrar may; from the second on only the
// programme office, because the other hospital's papers carry the same name.
func (s *Service) CorrectIdentity(ctx context.Context, who user.Principal, key string, in IdentityInput) (ident.ID, error) {
	office := s.policy.Can(who, authz.PersonIdentity, authz.InPartnership(who.PartnershipID))
	if err := s.anywhere(who, authz.PersonEdit); err != nil && !office {
		return ident.Nil, err
	}
	parsed, err := s.readIdentity(&in, clock.Today(s.db.Clock()))
	if err != nil {
		return ident.Nil, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.PersonEdit, ObjectKind: audit.ObjectPerson, ObjectID: in.Person.ID, Reason: in.Reason})
		old, err := tx.PersonToChange(in.Person.ID)
		if err != nil {
			return ident.Nil, err
		}
		if !office && old.Hospitals > 1 {
			return ident.Nil, errs.Refuse("person.identity_office", "error.identity.office", errs.Args{"n": old.Hospitals}, "remedy.identity.office")
		}
		regs, err := tx.RegistrationsOf(old.ID)
		if err != nil {
			return ident.Nil, err
		}
		if !office && (len(regs) == 0 || s.check(who, authz.PersonEdit, regs[0].HospitalID) != nil) {
			return ident.Nil, errs.Missing("error.person.missing")
		}
		p := in.Person
		p.RootID, p.DeceasedOn = old.RootID, old.DeceasedOn
		if err := tx.UpdatePerson(p); err != nil {
			return ident.Nil, err
		}
		if err := s.correctDocument(tx, p, parsed); err != nil {
			return ident.Nil, err
		}
		for _, r := range regs { // a person has a handful
			if err := tx.RefreshTerms(r.ID); err != nil {
				return ident.Nil, err
			}
		}
		tx.Amend("changed", identityChanges(old.Person, p, parsed))
		return p.ID, nil
	})
}

func (s *Service) readIdentity(in *IdentityInput, today clock.Date) (patient.Parsed, error) {
	var wrong errs.Fields
	var parsed patient.Parsed
	in.Person, in.Reason = in.Person.Normalise(), strings.TrimSpace(in.Reason)
	if strings.TrimSpace(in.DocNumber) != "" {
		var err error
		parsed, err = readDocument(RegisterInput{DocKind: in.DocKind, DocNumber: in.DocNumber, DocReason: in.DocReason}, today)
		if err != nil {
			if e := wrong.Merge("", namedNumber(err)); e != nil {
				return parsed, e
			}
		}
	}
	wrong = append(wrong, in.Person.Validate(today)...)
	if in.Reason == "" {
		wrong.Add("reason", "error.identity.reason")
	}
	checkText(&wrong, "reason", in.Reason)
	return parsed, wrong.Err()
}

// correctDocument replaces the person's document of the kind, or adds one.
func (s *Service) correctDocument(tx *store.Tx, p patient.Person, parsed patient.Parsed) error {
	if parsed.Number == "" {
		return nil
	}
	if parsed.Verified {
		known, found, err := tx.FindPerson(parsed.Document, "")
		if err != nil {
			return err
		}
		if found && known.PersonID != p.ID {
			return errs.Refuse("person.number_unique", "error.identity.in_use", nil, "remedy.identity.in_use")
		}
	}
	docs, err := tx.DocumentsOf(p.ID)
	if err != nil {
		return err
	}
	d := parsed.Document
	for _, old := range docs {
		if old.Kind == d.Kind {
			d.ID, d.PersonID, d.Version = old.ID, p.ID, old.Version
			return tx.UpdateDocument(d)
		}
	}
	d.ID, d.PersonID = ident.New(), p.ID
	return tx.InsertDocument(d)
}

func identityChanges(old, p patient.Person, parsed patient.Parsed) any {
	var names []string
	for name, differs := range map[string]bool{"name": old.Name != p.Name, "sex": old.Sex != p.Sex, "birth": old.Birth != p.Birth,
		"ethnicity": old.Ethnicity != p.Ethnicity, "region": old.RegionCode != p.RegionCode, "number": parsed.Number != ""} {
		if differs {
			names = append(names, name)
		}
	}
	return audit.Changed(names...)["changed"]
}

// Unmasking is limited: more than this in an hour is not the work of a desk.
const (
	unmaskLimit  = 20
	unmaskWindow = time.Hour
)

// UnmaskInput asks for one full number: of a document, or a telephone number of
// a registration.
type UnmaskInput struct {
	Person       ident.ID
	Document     ident.ID // one of the two
	Registration ident.ID
	Kin          bool // the relative's telephone
	Reason       string
}

// Unmask shows a full number to somebody who gives a reason. Each time is
// recorded, and only so many an hour are answered.
func (s *Service) Unmask(ctx context.Context, who user.Principal, in UnmaskInput) (string, error) {
	if err := s.anywhere(who, authz.PersonUnmask); err != nil {
		return "", err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if in.Reason == "" {
		return "", invalid("reason", "error.unmask.reason")
	}
	var number string
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.PersonUnmask, ObjectKind: audit.ObjectPerson, ObjectID: in.Person, Reason: in.Reason})
		n, err := tx.UnmasksSince(tx.Now().Add(-unmaskWindow), audit.PersonUnmask)
		if err != nil {
			return err
		}
		if n >= unmaskLimit {
			return errs.New(errs.RateLimited, "error.unmask.limit", errs.Args{"n": unmaskLimit})
		}
		number, err = openNumber(tx, in)
		return err
	})
	if err != nil {
		return "", err
	}
	return number, nil
}

func openNumber(tx *store.Tx, in UnmaskInput) (string, error) {
	if in.Document != ident.Nil {
		d, err := tx.OpenDocument(in.Document)
		if err == nil && d.PersonID != in.Person {
			err = errs.Missing("error.document.missing")
		}
		return d.Number, err
	}
	r, err := tx.RegistrationByID(in.Registration)
	if err != nil {
		return "", err
	}
	if r.PersonID != in.Person {
		return "", errs.Missing("error.registration.missing")
	}
	phone, kin, err := tx.OpenPhones(r.ID)
	if in.Kin {
		return kin, err
	}
	return phone, err
}
