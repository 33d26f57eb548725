package inbox

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Limits of one draft: the longest form of the house is far below.
const (
	maxForm   = 300
	maxTitle  = 200
	maxFields = 400
	maxBody   = 64 << 10
)

// why a draft is in no audit trail: it is nobody's record. What becomes of it is
// audited when the form is sent.
const unsent = "a form that was not sent is nobody's record"

// SaveDraft keeps what stands in a form now.
func (s *Service) SaveDraft(ctx context.Context, who user.Principal, d Draft) error {
	if err := s.own(who); err != nil {
		return err
	}
	size := 0
	for name, values := range d.Values {
		size += len(name)
		for _, v := range values {
			size += len(v)
		}
	}
	var f errs.Fields
	if d.Form == "" || len(d.Form) > maxForm || len(d.Values) > maxFields || size > maxBody || !inside(d.Back) || !inside(d.Form) {
		f.Add("form", "error.draft.odd")
		return f.Err()
	}
	if r := []rune(d.Title); len(r) > maxTitle {
		d.Title = string(r[:maxTitle])
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit(unsent)
		return tx.SaveDraft(d)
	})
}

// inside reports whether an address stays in the house: drafts lead back to it.
func inside(path string) bool {
	return path == "" || strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\\r\n")
}

// Draft reads the draft of a form; ok is false when there is none.
func (s *Service) Draft(ctx context.Context, who user.Principal, form string) (d Draft, ok bool, err error) {
	if err := s.own(who); err != nil {
		return d, false, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit(unsent)
		d, ok, err = tx.DraftOf(form)
		return err
	})
	return d, ok, err
}

// ForgetDraft removes the draft of a form that was sent.
func (s *Service) ForgetDraft(ctx context.Context, who user.Principal, form string) error {
	if err := s.own(who); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit(unsent)
		return tx.ForgetDraft(form)
	})
}

// DropDraft throws a draft away, or takes that back for as long as it can be.
func (s *Service) DropDraft(ctx context.Context, who user.Principal, form string, back bool) (done bool, err error) {
	if err := s.own(who); err != nil {
		return false, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit(unsent)
		if back {
			done, err = tx.TakeBackDraft(form)
		} else {
			done, err = tx.DropDraft(form)
		}
		return err
	})
	return done, err
}
