package reporting

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Reference is a reference value with who entered it.
type Reference = store.ReferenceRow

// References lists what figures are set against: targets, and how many elderly
// people live in each township.
func (s *Service) References(ctx context.Context, who user.Principal) (out []Reference, err error) {
	if _, err := s.rights(who); err != nil {
		return nil, err
	}
	err = s.figures(ctx, who, func(tx *store.Tx) error {
		out, err = tx.ListReferences()
		return err
	})
	return out, err
}

// EnterReference enters a reference value. It never changes one: a later day, or
// a later entry of the same day, takes its place.
func (s *Service) EnterReference(ctx context.Context, who user.Principal, r measure.Reference, key string) (ident.ID, error) {
	if _, err := s.rights(who); err != nil {
		return ident.Nil, err
	}
	if err := s.policy.Check(who, authz.ReferenceEdit, authz.InPartnership(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	r.Sample = false // only the demonstration has samples
	if err := r.Check(); err != nil {
		return ident.Nil, err
	}
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, r), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.ReferenceEnter, ObjectKind: audit.ObjectReference, ObjectID: id,
			Detail: map[string]any{"kind": string(r.Kind), "key": r.Key, "value": r.Value, "from": r.From.String(), "source": r.Source}})
		return id, tx.InsertReference(id, r)
	})
}

// LastFilter is the filter the caller looked with last. One that is not answered
// is not brought back: every page would open with the refusal. own is what a page
// narrows its figures to by itself.
func (s *Service) LastFilter(ctx context.Context, who user.Principal, own ...measure.Filter) (query string, err error) {
	r, err := s.rights(who)
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the reader's own filter")
		f, err := remembered(tx)
		if err == nil && (r.Exact() || askable(narrowed(f, own...)) == nil) {
			query = f.Query()
		}
		return err
	})
	return query, err
}

// narrowed is a filter under the conditions a page makes itself.
func narrowed(f measure.Filter, own ...measure.Filter) measure.Filter {
	for _, x := range own {
		f.Programme = cmp.Or(x.Programme, f.Programme)
		f.HospitalID = cmp.Or(x.HospitalID, f.HospitalID)
	}
	return f
}

// remembered is the caller's last filter; none when it cannot be read any more or asks
// for a hospital or category that has ended, so that nothing kept stands in a page's way.
func remembered(tx *store.Tx) (measure.Filter, error) {
	f, err := stored(tx)
	if err == nil {
		err = named(tx, f)
	}
	if errs.Is(err, errs.Invalid) {
		return measure.Filter{}, nil
	}
	return f, err
}

// stored is the caller's last filter as it was kept; none when it cannot be read any more.
func stored(tx *store.Tx) (measure.Filter, error) {
	last, err := tx.DeskFilter()
	if err != nil {
		return measure.Filter{}, err
	}
	q, err := url.ParseQuery(last)
	if err != nil {
		return measure.Filter{}, nil
	}
	f, err := measure.ParseFilter(q, tx.Today())
	if err != nil {
		return measure.Filter{}, nil
	}
	return f, nil
}

// named refuses a hospital that is none of the partnership's and a category nobody
// knows; none is none.
func named(tx *store.Tx, f measure.Filter) error {
	if f.HospitalID == ident.Nil && f.Category == "" {
		return nil
	}
	_, err := hospitals(tx, f)
	return err
}

// KeepFilter remembers the filter the caller looks with, when it is another one.
// What a page fixes itself says nothing about the reader: the last one stays. The page
// that follows looks for the hospital itself; here it is looked for before it is kept.
func (s *Service) KeepFilter(ctx context.Context, who user.Principal, f measure.Filter, fixed ...measure.Dimension) error {
	if _, err := s.rights(who); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the reader's own filter")
		goesOn, last := slices.Contains(fixed, measure.ByHospital), stored
		if goesOn { // its hospital does
			last = remembered
		}
		before, err := last(tx)
		if err != nil {
			return err
		}
		for _, by := range fixed {
			f = without(f, by)
			if key := keyOf(before, by); key != "" {
				if f, err = f.With(by, key); err != nil {
					return err
				}
			}
		}
		if before.Query() == f.Query() {
			return nil
		}
		if !goesOn {
			if err := named(tx, f); err != nil {
				return err
			}
		}
		return tx.SaveDeskFilter(f.Query())
	})
}

// without is a filter with one condition less.
func without(f measure.Filter, by measure.Dimension) measure.Filter {
	switch by {
	case measure.ByProgramme:
		f.Programme = ""
	case measure.ByHospital:
		f.HospitalID = ident.Nil
	case measure.BySide:
		f.Side = ""
	case measure.ByCategory:
		f.Category = ""
	case measure.BySurgeon:
		f.Visiting = nil
	}
	return f
}
