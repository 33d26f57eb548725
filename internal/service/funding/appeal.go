package funding

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// AppealInput is an appeal against a refusal.
type AppealInput struct {
	Approval ident.ID
	Reason   string
}

// Appeal files an appeal against a refused application. Its answer is due after
// the partnership's days.
func (s *Service) Appeal(ctx context.Context, who user.Principal, in AppealInput, key string) (ident.ID, error) {
	if err := s.door(who, authz.ApprovalRequest); err != nil {
		return ident.Nil, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	checkText(&f, "reason", in.Reason, maxReason)
	if err := f.Err(); err != nil {
		return ident.Nil, err
	}
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.ApprovalAppeal, ObjectKind: audit.ObjectApproval, ObjectID: in.Approval})
		a, t, err := locked(tx, in.Approval)
		if err != nil {
			return ident.Nil, err
		}
		if err := s.at(who, authz.ApprovalRequest, a.Hospital, "error.approval.missing"); err != nil {
			return ident.Nil, err
		}
		rules, err := tx.FundingRules()
		if err != nil {
			return ident.Nil, err
		}
		filed, err := fund.File(a.State, fund.Appeal{Reason: in.Reason, DueOn: tx.Today().AddDays(rules.AppealDays), Refuser: a.DecidedBy})
		if err != nil {
			return ident.Nil, err
		}
		return id, tx.InsertAppeal(store.Appeal{Appeal: filed, ID: id, Approval: a.ID}, t)
	})
}

// AppealDecision is the answer to an appeal.
type AppealDecision struct {
	Appeal  ident.ID
	State   fund.AppealState
	Opinion string
	Version int64
}

// DecideAppeal answers an appeal. Granting it sets the refusal aside: the request
// waits again, for an approver who did not refuse it.
func (s *Service) DecideAppeal(ctx context.Context, who user.Principal, in AppealDecision, key string) (ident.ID, error) {
	if err := s.door(who, authz.ApprovalDecide); err != nil {
		return ident.Nil, err
	}
	in.Opinion = strings.TrimSpace(in.Opinion)
	if len([]rune(in.Opinion)) > maxReason {
		var f errs.Fields
		f.Add("opinion", "form.error.long", "max", maxReason)
		return ident.Nil, f.Err()
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		x, err := tx.AppealByID(in.Appeal)
		if err != nil {
			return ident.Nil, err
		}
		tx.Intend(audit.Event{Action: audit.AppealDecide, ObjectKind: audit.ObjectApproval, ObjectID: x.Approval, Detail: map[string]any{"state": string(in.State)}})
		a, t, err := locked(tx, x.Approval)
		if err != nil {
			return ident.Nil, err
		}
		if err := s.at(who, authz.ApprovalDecide, a.Hospital, "error.approval.missing"); err != nil {
			return ident.Nil, err
		}
		if x, err = tx.AppealByID(in.Appeal); err != nil {
			return ident.Nil, err
		}
		if err := tx.SameVersion(x.Version, in.Version); err != nil {
			return ident.Nil, err
		}
		if err := notInvolved(tx, a, t); err != nil {
			return ident.Nil, err
		}
		if x.Appeal, err = x.Answer(in.State, who.AccountID, in.Opinion); err != nil {
			return ident.Nil, err
		}
		if err := tx.DecideAppeal(x); err != nil {
			return a.ID, err
		}
		told := message.Message{To: a.RequestedBy, Kind: message.AppealRejected, Object: message.Approval, About: a.ID, CaseNo: a.CaseNo, Note: in.Opinion}
		if x.State == fund.AppealGranted {
			told.Kind = message.AppealGranted
		}
		if err := tx.Tell(told); err != nil || x.State != fund.AppealGranted {
			return a.ID, err
		}
		return a.ID, reopen(tx, a, t, in.Opinion)
	})
}

// notInvolved refuses who asked, registered, or declared a relation.
func notInvolved(tx *store.Tx, a store.Approval, t store.Treatment) error {
	registrars, err := tx.RegisteredBy(t)
	if err != nil {
		return err
	}
	for _, r := range registrars {
		if err := fund.FourEyes(tx.Who().AccountID, a.RequestedBy, r); err != nil {
			return err
		}
	}
	return mayDecide(tx, a)
}

// reopen puts a refused request back into the queue and the treatment where it
// waits for it. Nothing is approved by it.
func reopen(tx *store.Tx, a store.Approval, t store.Treatment, note string) error {
	facts, err := tx.CareFactsOf(t, clock.Date{})
	if err != nil {
		return err
	}
	if t.Place.Path == treatment.NoReduction {
		if t, err = tx.AdvanceTreatment(t, store.Step{Action: treatment.AskReduction, Note: note, Facts: facts.Facts}); err != nil {
			return err
		}
	}
	if _, err = tx.AdvanceTreatment(t, store.Step{Action: treatment.RequestApproval, Note: note, Facts: named(facts)}); err != nil {
		return err
	}
	return tx.ReopenApproval(a)
}

// Appeals lists the appeals that wait, the one due first on top.
func (s *Service) Appeals(ctx context.Context, who user.Principal, req page.Request) (q page.Result[store.Appeal], err error) {
	if err := s.door(who, authz.ApprovalRead); err != nil {
		return q, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectApproval, Detail: map[string]any{"state": "appeal"}})
		q, err = tx.ListAppeals(s.listed(who, authz.ApprovalRead), req)
		for i := range q.Rows {
			q.Rows[i].PersonName = s.shown(who, q.Rows[i].PersonName)
		}
		return err
	})
	return q, err
}

// fillAppeals reads the appeals of an application and what the reader may do.
func (s *Service) fillAppeals(tx *store.Tx, who user.Principal, v *ApprovalView) (err error) {
	if v.Appeals, err = tx.AppealsOf(v.ID); err != nil {
		return err
	}
	hospital := authz.AtHospital(who.PartnershipID, v.Approval.Hospital)
	open := slices.ContainsFunc(v.Appeals, func(a store.Appeal) bool { return a.State == fund.AppealFiled })
	v.MayAppeal = v.State == fund.ApprovalRefused && !open && s.policy.Can(who, authz.ApprovalRequest, hospital)
	v.MayDecideAppeal = open && s.policy.Can(who, authz.ApprovalDecide, hospital)
	return nil
}

// AppealView is an appeal with the application it is about.
type AppealView struct {
	Appeal   store.Appeal
	Approval ApprovalView
}

// AppealView reads an appeal and its application for who answers it.
func (s *Service) AppealView(ctx context.Context, who user.Principal, id ident.ID) (v AppealView, err error) {
	if err := s.door(who, authz.ApprovalDecide); err != nil {
		return v, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		v.Appeal, err = tx.AppealByID(id)
		return err
	})
	if err != nil {
		return v, err
	}
	v.Appeal.PersonName = s.shown(who, v.Appeal.PersonName)
	v.Approval, err = s.Approval(ctx, who, v.Appeal.Approval)
	return v, err
}
