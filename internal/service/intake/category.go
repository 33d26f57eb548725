package intake

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// CategoryInput records or changes a category of need; the ID is nil for a new
// one. The proof may come along or follow.
type CategoryInput struct {
	Beneficiary patient.Beneficiary
	Proof       *File
}

// RecordCategory stores a category of a person with its validity. One in the
// past is taken: treatments are judged by the day of their admission.
func (s *Service) RecordCategory(ctx context.Context, who user.Principal, key string, in CategoryInput) (ident.ID, error) {
	if err := s.anywhere(who, authz.EligibilityEdit); err != nil {
		return ident.Nil, err
	}
	if err := in.Beneficiary.Validate().Err(); err != nil {
		return ident.Nil, err
	}
	if in.Proof != nil {
		if err := s.keep(in.Proof); err != nil {
			return ident.Nil, err
		}
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		b := in.Beneficiary
		tx.Intend(audit.Event{Action: audit.EligibilityEdit, ObjectKind: audit.ObjectPerson, ObjectID: b.PersonID,
			Detail: map[string]any{"category": string(b.Category)}})
		if err := s.mayEditPerson(tx, authz.EligibilityEdit, b.PersonID); err != nil {
			return ident.Nil, err
		}
		if err := knownCategory(tx, b); err != nil {
			return ident.Nil, err
		}
		var err error
		if b.ID == ident.Nil {
			b.ID = ident.New()
			err = tx.InsertBeneficiary(b)
		} else {
			err = s.changeCategory(tx, b)
		}
		if err != nil || in.Proof == nil {
			return b.ID, err
		}
		_, err = s.attach(tx, store.Owner{Kind: store.OwnerBeneficiary, ID: b.ID}, ident.Nil, *in.Proof)
		return b.ID, err
	})
}

// knownCategory refuses a code neither the catalogue nor a released version of
// the rules of payment knows.
func knownCategory(tx *store.Tx, b patient.Beneficiary) error {
	if b.Category.Valid() {
		return nil
	}
	list, err := tx.ReleasedPolicies()
	if err != nil {
		return err
	}
	for _, v := range list {
		if _, ok := v.Category(string(b.Category)); ok {
			return nil
		}
	}
	var f errs.Fields
	f.Add("category", "error.category.unknown", "code", string(b.Category))
	return f.Err()
}

// LocalCategories are the categories the released rules of payment add to those
// of the catalogue.
func (s *Service) LocalCategories(ctx context.Context, who user.Principal) (out []policy.Category, err error) {
	if err := s.anywhere(who, authz.EligibilityEdit); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("rules hold no personal data")
		list, err := tx.ReleasedPolicies()
		seen := map[string]bool{}
		for _, v := range list {
			for _, c := range v.Categories {
				if !terminology.Category(c.Code).Valid() && !seen[c.Code] {
					seen[c.Code] = true
					out = append(out, c)
				}
			}
		}
		return err
	})
	return out, err
}

func (s *Service) changeCategory(tx *store.Tx, b patient.Beneficiary) error {
	old, err := tx.BeneficiaryByID(b.ID)
	if err != nil {
		return err
	}
	if old.PersonID != b.PersonID {
		return errs.Missing("error.beneficiary.missing")
	}
	return tx.UpdateBeneficiary(b)
}

// mayEditPerson asks for a permission at one of the hospitals that registered a
// person. What belongs to the person is edited by any of them.
func (s *Service) mayEditPerson(tx *store.Tx, perm authz.Permission, person ident.ID) error {
	regs, err := tx.RegistrationsOf(person)
	if err != nil {
		return err
	}
	for _, r := range regs {
		if s.check(tx.Who(), perm, r.HospitalID) == nil {
			return nil
		}
	}
	return errs.Missing("error.person.missing")
}
