package aftercare

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Colleague is somebody appointments can be given to.
type Colleague = store.Colleague

// Taking is who an appointment is for; nil puts it back.
type Taking = store.Taking

// TakeInput gives appointments to somebody of the own organisation, or puts them
// back among those nobody took: then To is nil.
type TakeInput struct {
	FollowUps []ident.ID
	To        ident.ID
}

// TakeView is what giving would do, before it is done.
type TakeView struct {
	Rows   []FollowUp // that change
	Gone   int        // of those chosen, no longer open or not the reader's to give
	Same   int        // of those chosen, with that person already
	ToName string
	Sides  map[ident.ID]user.Side
}

// Colleagues lists who appointments can be given to.
func (s *Service) Colleagues(ctx context.Context, who user.Principal) (list []Colleague, err error) {
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of colleagues")
		list, err = tx.Colleagues()
		return err
	})
	return list, err
}

// PreviewTake answers what giving would do.
func (s *Service) PreviewTake(ctx context.Context, who user.Principal, in TakeInput) (v TakeView, err error) {
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if v, err = s.taking(tx, in); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "followups.take", "rows": len(v.Rows)}})
		v.Sides, err = tx.SidesOf()
		return err
	})
	s.show(who, v.Rows)
	return v, err
}

// taking checks what was chosen and for whom, and reads it.
func (s *Service) taking(tx *store.Tx, in TakeInput) (TakeView, error) {
	var v TakeView
	var f errs.Fields
	if len(in.FollowUps) == 0 || len(in.FollowUps) > page.MaxSize {
		f.Add("id", "error.followup.pick")
		return v, f.Err()
	}
	if in.To != ident.Nil {
		list, err := tx.Colleagues()
		if err != nil {
			return v, err
		}
		i := slices.IndexFunc(list, func(c Colleague) bool { return c.ID == in.To })
		if i < 0 {
			f.Add("to", "error.followup.colleague")
			return v, f.Err()
		}
		v.ToName = list[i].Name
	}
	rows, err := tx.OpenFollowUps(in.FollowUps)
	if err != nil {
		return v, err
	}
	for _, r := range rows {
		switch {
		case !s.can(tx.Who(), authz.FollowUpRecord, r.Hospital):
			v.Gone++
		case r.TakenBy == in.To:
			v.Same++
		default:
			v.Rows = append(v.Rows, r)
		}
	}
	v.Gone += len(in.FollowUps) - len(rows)
	return v, nil
}

// Taken is what giving did, and what undoing it needs: who had each before.
type Taken struct {
	Count  int
	Before []Taking
}

// Take gives the appointments. Whoever gets them is told.
func (s *Service) Take(ctx context.Context, who user.Principal, in TakeInput, key Key) (Taken, error) {
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return Taken{}, err
	}
	event := audit.Event{Action: audit.FollowUpTake, ObjectKind: audit.ObjectAccount, ObjectID: in.To, Detail: map[string]any{"chosen": len(in.FollowUps)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Taken, error) {
		v, err := s.taking(tx, in)
		if err != nil {
			return Taken{}, err
		}
		var now, before []Taking
		for _, r := range v.Rows {
			now, before = append(now, Taking{FollowUp: r.ID, To: in.To}), append(before, Taking{FollowUp: r.ID, To: r.TakenBy})
		}
		tx.Amend("changed", len(now))
		if len(now) == 0 {
			return Taken{}, nil
		}
		if _, err := tx.TakeFollowUps(now); err != nil {
			return Taken{}, err
		}
		return Taken{Count: len(now), Before: before}, tx.Tell(message.Message{To: in.To, Kind: message.FollowUpsGiven, Object: message.FollowUps, Count: len(now)})
	})
}

// Restore undoes a Take: each appointment goes back to who had it.
func (s *Service) Restore(ctx context.Context, who user.Principal, before []Taking, key Key) (Changed, error) {
	event := audit.Event{Action: audit.FollowUpTake, ObjectKind: audit.ObjectList, Detail: map[string]any{"undone": len(before)}}
	return s.change(ctx, who, event, key, func(tx *store.Tx) (Changed, error) {
		ids := make([]ident.ID, len(before))
		for i, x := range before {
			ids[i] = x.FollowUp
		}
		if len(ids) == 0 || len(ids) > page.MaxSize {
			return Changed{}, errs.Missing("error.not_found")
		}
		rows, err := tx.OpenFollowUps(ids)
		if err != nil {
			return Changed{}, err
		}
		colleagues, err := tx.Colleagues()
		if err != nil {
			return Changed{}, err
		}
		var back []Taking
		for _, x := range before {
			here := slices.ContainsFunc(rows, func(r FollowUp) bool { return r.ID == x.FollowUp && s.can(who, authz.FollowUpRecord, r.Hospital) })
			if here && (x.To == ident.Nil || slices.ContainsFunc(colleagues, func(c Colleague) bool { return c.ID == x.To })) {
				back = append(back, x)
			}
		}
		n, err := tx.TakeFollowUps(back)
		return Changed{int(n)}, err
	})
}
