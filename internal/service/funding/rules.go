package funding

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// RulesView is the partnership's numbers about approvals.
type RulesView struct {
	fund.Rules
	MayEdit bool
}

// Rules reads the numbers; whoever sees applications may know them.
func (s *Service) Rules(ctx context.Context, who user.Principal) (v RulesView, err error) {
	if err := s.door(who, authz.ApprovalRead); err != nil {
		return v, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		v.Rules, err = tx.FundingRules()
		return err
	})
	v.MayEdit = s.policy.Can(who, authz.FundOpen, authz.InPartnership(who.PartnershipID))
	return v, err
}

// SaveRules stores the numbers. They count from now on: what was signed before
// stays signed.
func (s *Service) SaveRules(ctx context.Context, who user.Principal, in fund.Rules, key string) error {
	if err := s.policy.Check(who, authz.FundOpen, authz.InPartnership(who.PartnershipID)); err != nil {
		return err
	}
	if err := in.Validate(); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (bool, error) {
		tx.Intend(audit.Event{Action: audit.FundingRules, ObjectKind: audit.ObjectFund, ObjectID: who.PartnershipID, Detail: map[string]any{
			"single_fen": int64(in.Single), "appeal_days": in.AppealDays, "notice_days": in.NoticeDays, "notice_cell": in.NoticeCell, "hold_days": in.HoldDays}})
		old, err := tx.FundingRules()
		if err != nil {
			return false, err
		}
		if err := tx.SameEdition(old.Version, in.Version); err != nil {
			return false, err
		}
		return true, tx.SaveFundingRules(in)
	})
	return err
}

// Lapsed lists the approvals of patients in care that a person has to decide
// about, because a fact they rest on changed; the longest waiting first.
func (s *Service) Lapsed(ctx context.Context, who user.Principal, req page.Request) (q page.Result[store.Approval], err error) {
	if err := s.door(who, authz.ApprovalRead); err != nil {
		return q, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectApproval, Detail: map[string]any{"state": "lapsed"}})
		q, err = tx.ListLapsed(s.listed(who, authz.ApprovalRead), req)
		for i := range q.Rows {
			q.Rows[i].PersonName = s.shown(who, q.Rows[i].PersonName)
		}
		return err
	})
	return q, err
}

// lapseBatch is how many approvals one transaction looks at.
const lapseBatch = 50

// LapseChanged looks at all signed approvals of a partnership again. A change is
// acted on where it is made; this finds those made where the approval is not
// visible, such as another hospital's. It reports how many lapsed.
func (s *Service) LapseChanged(ctx context.Context, partnership ident.ID) (n int, err error) {
	var after ident.ID
	for {
		last := ident.Nil
		err := s.db.InTx(ctx, authz.System("approvals").In(partnership), func(tx *store.Tx) error {
			tx.NoAudit("each approval that lapses has its own event")
			lapsed := 0
			var err error
			last, lapsed, err = tx.LapseSome(after, lapseBatch)
			n += lapsed
			return err
		}, store.Background())
		if err != nil || last == ident.Nil {
			return n, err
		}
		after = last
	}
}
