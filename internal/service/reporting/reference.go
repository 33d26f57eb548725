package reporting

import (
	"context"
	"net/url"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
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

// LastFilter is the filter the caller looked with last.
func (s *Service) LastFilter(ctx context.Context, who user.Principal) (query string, err error) {
	if _, err := s.rights(who); err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the reader's own filter")
		query, err = tx.DeskFilter()
		return err
	})
	return query, err
}

// KeepFilter remembers the filter the caller looks with, when it is another one.
// What a page fixes itself says nothing about the reader: the last one stays.
func (s *Service) KeepFilter(ctx context.Context, who user.Principal, f measure.Filter, fixed ...measure.Dimension) error {
	if _, err := s.rights(who); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the reader's own filter")
		last, err := tx.DeskFilter()
		if err != nil {
			return err
		}
		q, err := url.ParseQuery(last)
		if err != nil {
			return err
		}
		before, err := measure.ParseFilter(q, tx.Today())
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
		if last == f.Query() {
			return nil
		}
		return tx.SaveDeskFilter(f.Query())
	})
}
