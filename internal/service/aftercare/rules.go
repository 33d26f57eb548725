package aftercare

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/store"
)

// GroupRules is the windows of one group of operations.
type GroupRules struct {
	Group  followup.Group
	Now    followup.Edition   // in force today
	Coming []followup.Edition // by day
	Made   []store.FollowRule // every edition, the latest first
	Latest int64              // version the next one is made on
}

// RulesView is the windows by which patients are followed.
type RulesView struct {
	Groups  []GroupRules
	Today   clock.Date
	MayEdit bool
}

// Of is the windows of one group.
func (v RulesView) Of(g followup.Group) (GroupRules, error) {
	for _, x := range v.Groups {
		if x.Group == g {
			return x, nil
		}
	}
	return GroupRules{}, errs.Missing("error.not_found")
}

// Rules reads the windows of every group. Whoever follows patients may know them.
func (s *Service) Rules(ctx context.Context, who user.Principal) (RulesView, error) {
	var v RulesView
	if err := s.door(who, authz.FollowUpRead); err != nil {
		return v, err
	}
	v.MayEdit = s.policy.Can(who, authz.FollowUpRule, authz.InPartnership(who.PartnershipID))
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("windows of the partnership")
		v.Today = tx.Today()
		list, err := tx.AllFollowRules()
		table := store.FollowTable(list)
		for _, g := range followup.Groups() {
			x := GroupRules{Group: g, Now: table.InForce(g, v.Today), Coming: table.Coming(g, v.Today), Latest: table.Latest(g)}
			for _, r := range list {
				if r.Group == g {
					x.Made = append(x.Made, r)
				}
			}
			v.Groups = append(v.Groups, x)
		}
		return err
	})
	return v, err
}

// SaveRule puts windows of a group in force from a day on. Its version is the
// one it was made on. Appointments that exist keep their windows.
func (s *Service) SaveRule(ctx context.Context, who user.Principal, in followup.Edition, key Key) (followup.Edition, error) {
	if err := s.policy.Check(who, authz.FollowUpRule, authz.InPartnership(who.PartnershipID)); err != nil {
		return followup.Edition{}, err
	}
	if !in.Group.Known() {
		return followup.Edition{}, errs.Missing("error.not_found")
	}
	event := audit.Event{Action: audit.FollowUpRule, ObjectKind: audit.ObjectFollowUp, ObjectID: who.PartnershipID, Reason: in.Note,
		Detail: map[string]any{"group": string(in.Group), "from": in.From.String(), "windows": len(in.Windows)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (followup.Edition, error) {
		e, err := in.Check(tx.Today())
		if err != nil {
			return e, err
		}
		made, err := tx.FollowRules(e.Group)
		if err != nil {
			return e, err
		}
		if err := tx.SameEdition(store.FollowTable(made).Latest(e.Group), e.Version); err != nil {
			return e, err
		}
		e.Version++
		tx.Amend("version", e.Version)
		return e, tx.SaveFollowRule(e)
	})
}
