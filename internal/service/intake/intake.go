// Package intake is how people come into the house: registration with the check
// for duplicates and the narrow lookup of people known elsewhere, the search
// box, categories of need with their proofs, attachments, and the office's
// decisions about who is who.
//
// A registration is never stopped by a doubt about identity. What looks like
// somebody else's number or somebody registered before is shown with its
// reasons; the person at the desk decides, gives a reason, and the office
// reviews it.
package intake

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB        *store.DB
	Policy    *authz.Policy
	Blobs     *blob.Store
	LookupCap int // different numbers one account may look up in a day
}

// Service is the use cases of intake.
type Service struct {
	db     *store.DB
	policy *authz.Policy
	blobs  *blob.Store
	cap    int
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{db: d.DB, policy: d.Policy, blobs: d.Blobs, cap: d.LookupCap}
}

// check asks for a permission at a hospital.
func (s *Service) check(who user.Principal, perm authz.Permission, hospital ident.ID) error {
	return s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, hospital))
}

// anywhere asks for a permission somewhere in the partnership.
func (s *Service) anywhere(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

// Hospitals lists where the principal may register, the own hospital first.
func (s *Service) Hospitals(ctx context.Context, who user.Principal) ([]store.Member, error) {
	reach := s.policy.Reach(who, authz.PersonRegister)
	if reach.None() {
		return nil, s.anywhere(who, authz.PersonRegister)
	}
	var out []store.Member
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of the own hospitals")
		all, err := tx.Members(who.PartnershipID)
		if err != nil {
			return err
		}
		for _, m := range all {
			if !m.ValidOn(tx.Today()) || !reaches(reach, m.OrganisationID) {
				continue
			}
			if m.OrganisationID == who.OrganisationID {
				out = append([]store.Member{m}, out...)
				continue
			}
			out = append(out, m)
		}
		return nil
	})
	return out, err
}

func reaches(r authz.Reach, hospital ident.ID) bool {
	for _, id := range r.Hospitals {
		if id == hospital {
			return true
		}
	}
	return r.All
}

// List is a page of the registrations the principal reads, the latest first.
func (s *Service) List(ctx context.Context, who user.Principal, req page.Request) (page.Result[store.PersonRow], error) {
	var out page.Result[store.PersonRow]
	if err := s.anywhere(who, authz.PersonRead); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		var err error
		if out, err = tx.ListRegistrations(s.reach(who), req); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "registrations", "rows": len(out.Rows)}})
		return nil
	})
	return out, err
}

// reach is the hospitals whose registrations a principal reads; none means the
// wide scope of the office.
func (s *Service) reach(who user.Principal) []ident.ID {
	r := s.policy.Reach(who, authz.PersonRead)
	if r.All {
		return nil
	}
	return r.Hospitals
}

// Patient is what intake knows of a person.
type Patient struct {
	Person        store.PersonItem
	Documents     []store.DocumentItem
	Registrations []store.RegistrationItem // those the principal sees, the latest first
	Categories    []patient.Beneficiary
	Merged        []store.PersonItem // records merged into this one
	Attachments   []store.Attachment // of registrations, documents and categories
}

// Registration is the newest registration at one of the hospitals given, or the
// newest of all.
func (p Patient) Registration(prefer ...ident.ID) (store.RegistrationItem, bool) {
	for _, r := range p.Registrations {
		for _, h := range prefer {
			if r.HospitalID == h {
				return r, true
			}
		}
	}
	if len(p.Registrations) == 0 {
		return store.RegistrationItem{}, false
	}
	return p.Registrations[0], true
}

// Patient reads a person. Who may not see it gets the answer of who asks for
// nobody.
func (s *Service) Patient(ctx context.Context, who user.Principal, id ident.ID) (Patient, error) {
	var p Patient
	if err := s.anywhere(who, authz.PersonRead); err != nil {
		return p, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		var err error
		if p, err = s.load(tx, id); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.PersonRead, ObjectKind: audit.ObjectPerson, ObjectID: id})
		return nil
	})
	return p, err
}

func (s *Service) load(tx *store.Tx, id ident.ID) (p Patient, err error) {
	if p.Person, err = tx.PersonByID(id); err != nil {
		return p, err
	}
	if p.Documents, err = tx.DocumentsOf(id); err != nil {
		return p, err
	}
	if p.Registrations, err = tx.RegistrationsOf(id); err != nil {
		return p, err
	}
	if p.Categories, err = tx.BeneficiariesOf(id); err != nil {
		return p, err
	}
	if p.Merged, err = tx.MergedInto(id); err != nil {
		return p, err
	}
	p.Attachments, err = tx.AttachmentsOf(p.owners()...)
	return p, err
}

// owners are the records of a person that attachments hang on.
func (p Patient) owners() []store.Owner {
	var out []store.Owner
	for _, r := range p.Registrations {
		out = append(out, store.Owner{Kind: store.OwnerRegistration, ID: r.ID})
	}
	for _, d := range p.Documents {
		out = append(out, store.Owner{Kind: store.OwnerDocument, ID: d.ID})
	}
	for _, c := range p.Categories {
		out = append(out, store.Owner{Kind: store.OwnerBeneficiary, ID: c.ID})
	}
	return out
}

// invalid is one wrong field as an error.
func invalid(path, key string, pairs ...any) error {
	var f errs.Fields
	f.Add(path, key, pairs...)
	return f.Err()
}
