package treatment

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Desk is the lists the reader looks after beside the queue, with their lengths.
type Desk struct {
	store.DeskCounts
	Follow  FollowWork
	Follows bool // the reader records follow-ups
	Signs   bool // the reader signs operations as the second clinician
	Logs    bool // the reader completes records of operations
	Plans   bool // the reader plans the second side
	Office  bool // the reader decides for the whole partnership
}

// Desk counts the lists. A list that is not the reader's is not counted.
func (s *Service) Desk(ctx context.Context, who user.Principal) (d Desk, err error) {
	if err := s.door(who, authz.SelfRead); err != nil || who.PartnershipID == ident.Nil {
		return d, err
	}
	d.Follows = len(s.policy.Reach(who, authz.FollowUpRecord).Hospitals) > 0
	d.Signs = len(s.policy.Reach(who, authz.ProcedureSign).Hospitals) > 0
	d.Logs = len(s.policy.Reach(who, authz.ProcedureEdit).Hospitals) > 0
	d.Plans = len(s.policy.Reach(who, authz.TreatmentOpen).Hospitals) > 0
	d.Office = s.policy.Check(who, authz.ApprovalDecide, authz.InPartnership(who.PartnershipID)) == nil
	if d.Follow, err = s.FollowUpsWaiting(ctx, who); err != nil {
		return d, err
	}
	var hospitals []ident.ID
	for _, perm := range []authz.Permission{authz.ProcedureSign, authz.ProcedureEdit, authz.TreatmentOpen} {
		if reach := s.policy.Reach(who, perm).Hospitals; len(reach) > len(hospitals) {
			hospitals = reach
		}
	}
	if len(hospitals) == 0 && !d.Office {
		return d, nil
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("numbers, nobody's data")
		d.DeskCounts, err = tx.CountDesk(hospitals, d.Office)
		return err
	})
	return d, err
}
