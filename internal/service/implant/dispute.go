package implant

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Disputes is a page of disputes, and the parts whose alarm waits for a second
// person.
type Disputes struct {
	page.Result[Dispute]
	Sides   map[ident.ID]user.Side
	Resolve bool
}

// Disputes reads the disputes the reader's hospitals stand in; the office reads
// all. A hospital sees its own record of each.
func (s *Service) Disputes(ctx context.Context, who user.Principal, state string, req page.Request) (Disputes, error) {
	var out Disputes
	if err := s.door(who, authz.DeviceRead); err != nil {
		return out, err
	}
	if state != DisputeResolved {
		state = DisputeOpen
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if out.Result, err = tx.ListDisputes(state, req); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "disputes", "rows": len(out.Rows)}})
		out.Sides, err = tx.SidesOf()
		return err
	})
	for i := range out.Rows {
		s.mask(who, out.Rows[i].Own)
	}
	out.Resolve = err == nil && s.office(who, authz.DisputeResolve) == nil
	return out, err
}

func (s *Service) mask(who user.Principal, list []PatientPart) {
	for i := range list {
		list[i].PersonName = s.name(who, list[i].PersonName)
	}
}

// Dispute reads one dispute with the records the reader may see.
func (s *Service) Dispute(ctx context.Context, who user.Principal, id ident.ID) (Dispute, error) {
	var d Dispute
	if err := s.door(who, authz.DeviceRead); err != nil {
		return d, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.ProcedureRead, ObjectKind: audit.ObjectDispute, ObjectID: id})
		d, err = tx.DisputeForUpdate(id)
		return err
	})
	s.mask(who, d.Own)
	return d, err
}

// Verdict is how a dispute ends.
type Verdict struct {
	Dispute ident.ID
	Version int64
	Outcome device.Outcome
	Reason  string
}

// Resolve ends a dispute. The money of the treatment may move again.
func (s *Service) Resolve(ctx context.Context, who user.Principal, in Verdict, key Key) (Dispute, error) {
	if err := s.office(who, authz.DisputeResolve); err != nil {
		return Dispute{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	event := audit.Event{Action: audit.DisputeDecide, ObjectKind: audit.ObjectDispute, ObjectID: in.Dispute, Reason: in.Reason,
		Detail: map[string]any{"outcome": string(in.Outcome)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Dispute, error) {
		d, err := tx.DisputeForUpdate(in.Dispute)
		if err != nil {
			return d, err
		}
		i := slices.IndexFunc(d.Own, func(p PatientPart) bool { return p.ID == d.Again })
		if i < 0 {
			return d, errs.Missing("error.device.dispute_missing")
		}
		if _, err := tx.TreatmentForUpdate(d.Own[i].Treatment); err != nil {
			return d, err
		}
		again, err := tx.ComponentForUpdate(d.Again)
		if err != nil {
			return d, err
		}
		used, err := tx.DeviceUsedOn(again.Item, again.ID)
		if err != nil {
			return d, err
		}
		standing := device.Standing{Open: d.State == DisputeOpen, Same: !used.IsZero(), Still: again.Live}
		if err := device.Resolve(standing, in.Outcome, in.Reason); err != nil {
			return d, err
		}
		if len([]rune(in.Reason)) > maxText {
			return d, checkReason("reason", in.Reason)
		}
		if err := tx.SameVersion(d.Version, in.Version); err != nil {
			return d, err
		}
		claim := device.ClaimOf(again.Item)
		if in.Outcome == device.Distinct {
			claim = device.Exempt
		}
		if !again.Live {
			claim = device.Disputed // off the record: it names nothing any more
		}
		if err := tx.RecordComponentChange(again.ID, store.ComponentChange{Action: "resolved", Reason: in.Reason, Before: again.Item, After: again.Item}); err != nil {
			return d, err
		}
		if err := tx.ResolveDispute(d, in.Outcome, in.Reason, claim); err != nil {
			return d, err
		}
		d.State, d.Outcome, d.Reason = DisputeResolved, string(in.Outcome), in.Reason
		return d, nil
	})
}

// Reviews is a page of the parts whose alarm waits for a second person.
type Reviews struct {
	page.Result[PatientPart]
	Sides map[ident.ID]user.Side
}

// Reviews reads the alarms of the reader's hospitals.
func (s *Service) Reviews(ctx context.Context, who user.Principal, req page.Request) (Reviews, error) {
	var out Reviews
	if err := s.door(who, authz.DeviceRead); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if out.Result, err = tx.ListReviewsOfParts(s.hospitals(who, authz.DeviceRead), req); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "device reviews", "rows": len(out.Rows)}})
		out.Sides, err = tx.SidesOf()
		return err
	})
	s.mask(who, out.Rows)
	return out, err
}
