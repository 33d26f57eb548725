package intake

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Screened reads the screening a registration begins with, as it may be shown:
// its numbers stay in the store, and [Service.Register] takes them over where
// the form leaves them empty.
func (s *Service) Screened(ctx context.Context, who user.Principal, id ident.ID) (store.Screening, error) {
	var out store.Screening
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if out, err = s.screened(tx, id); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ScreeningRead, ObjectKind: audit.ObjectScreening, ObjectID: id, OrganisationID: out.Hospital})
		return nil
	})
	return out, err
}

// screened finds a screening the principal may register from.
func (s *Service) screened(tx *store.Tx, id ident.ID) (store.Screening, error) {
	x, err := tx.ScreeningByID(id)
	if err != nil {
		return x, err
	}
	if err := s.check(tx.Who(), authz.ScreeningRead, x.Hospital); err != nil {
		return x, errs.Missing("error.screening.missing")
	}
	x.Hospital = s.policy.Successor(tx.Partnership(), x.Hospital) // who was screened there is registered where it goes on
	return x, s.check(tx.Who(), authz.PersonRegister, x.Hospital)
}

// carryOver fills the numbers a form left empty with those of its screening. The
// document is taken over only under the kind it was noted as.
func (s *Service) carryOver(ctx context.Context, who user.Principal, in RegisterInput) (RegisterInput, error) {
	if in.Screening == ident.Nil {
		return in, nil
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("numbers go from one record of the hospital to another; nobody is shown them")
		x, err := s.screened(tx, in.Screening)
		if err != nil {
			return err
		}
		if x.Hospital != in.Hospital {
			return invalid("hospital", "error.screening.hospital")
		}
		number, phone, err := tx.OpenScreening(x.ID)
		if err != nil {
			return err
		}
		if strings.TrimSpace(in.DocNumber) == "" && x.DocKind != patient.DocNone && in.DocKind == x.DocKind {
			in.DocNumber = number
		}
		// An age that was guessed in the village gives way to the card.
		if parsed, err := patient.ParseDocument(in.DocKind, in.DocNumber, tx.Today()); err == nil && x.BirthEstimated && !parsed.Birth.IsZero() {
			if in.Person.BirthEstimated = false; in.Person.Birth == x.Birth {
				in.Person.Birth = parsed.Birth
			}
		}
		if strings.TrimSpace(in.Registration.Phone) == "" {
			in.Registration.Phone = phone
		}
		return nil
	})
	return in, err
}

// become notes on the screening who the person became.
func become(tx *store.Tx, in RegisterInput, out Registered) error {
	if in.Screening == ident.Nil {
		return nil
	}
	return convert(tx, in.Hospital, store.Conversion{Screening: in.Screening, Person: out.PersonID, Registration: out.RegistrationID, Case: out.CaseID},
		map[string]any{"registration": out.RegistrationID})
}

// convert notes who a screened person became; the photos of that day follow.
func convert(tx *store.Tx, hospital ident.ID, c store.Conversion, detail map[string]any) error {
	tx.Audit(audit.Event{Action: audit.ScreeningRegister, ObjectKind: audit.ObjectScreening, ObjectID: c.Screening, OrganisationID: hospital, Detail: detail})
	if err := tx.ConvertScreening(c); err != nil {
		return err
	}
	return tx.FollowPhotos(c.Screening, c.Person, c.Registration)
}

// LinkInput says that a screened person is a patient of the hospital already.
type LinkInput struct {
	Screening    ident.ID
	Registration ident.ID // of the same hospital
}

// LinkScreening notes on a screening the registration the person had before.
func (s *Service) LinkScreening(ctx context.Context, who user.Principal, key string, in LinkInput) (ident.ID, error) {
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		x, err := s.screened(tx, in.Screening)
		if err != nil {
			return ident.Nil, err
		}
		r, err := tx.RegistrationByID(in.Registration)
		if err != nil {
			return ident.Nil, err
		}
		if r.HospitalID != x.Hospital {
			return ident.Nil, errs.Missing("error.registration.missing")
		}
		return r.PersonID, convert(tx, x.Hospital, store.Conversion{Screening: x.ID, Person: r.PersonID, Registration: r.ID}, map[string]any{"registration": r.ID, "known": true})
	})
}
