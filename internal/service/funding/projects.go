package funding

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ProjectView is a project with the deposits that came in for it.
type ProjectView struct {
	store.FundProject
	Deposits page.Result[store.FundDeposit]
	MayEdit  bool
	MaySign  bool // a second person may approve the planned amount
}

// library asks who may read the project library, and of which funds (nil: all) the
// figures are shown.
func (s *Service) library(who user.Principal) ([]ident.ID, error) {
	if err := s.door(who, authz.LedgerRead); err != nil {
		return nil, err
	}
	if reach := s.policy.Reach(who, authz.LedgerRead); !reach.All {
		return append([]ident.ID{}, reach.Funds...), nil
	}
	return nil, nil
}

// Projects is a page of the project library, the latest year first.
func (s *Service) Projects(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.FundProject], err error) {
	funds, err := s.library(who)
	if err != nil {
		return out, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.ListProjects(funds, req)
		return err
	})
	return out, err
}

// OpenProjects are the projects a deposit may belong to.
func (s *Service) OpenProjects(ctx context.Context, who user.Principal) (out []store.FundProject, err error) {
	if err := s.door(who, authz.FundDeposit); err != nil {
		return nil, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.OpenProjects()
		return err
	})
	return out, err
}

// Project reads one project.
func (s *Service) Project(ctx context.Context, who user.Principal, id ident.ID, req page.Request) (v ProjectView, err error) {
	funds, err := s.library(who)
	if err != nil {
		return v, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		if v.FundProject, err = tx.ProjectByID(id, funds); err != nil {
			return err
		}
		v.Deposits, err = tx.ListDeposits(store.DepositFilter{Project: id, Funds: funds}, req)
		return err
	})
	v.MayEdit = s.policy.Can(who, authz.FundOpen, authz.InPartnership(who.PartnershipID))
	v.MaySign = v.MayEdit && v.State == fund.ProjectDraft && v.Planner != who.AccountID
	return v, err
}

// SaveProject lists a project (id nil) or changes one. Another planned amount
// waits for a second person.
type SaveProject struct {
	ID      ident.ID
	Version int64 // 0 takes the latest
	fund.Project
}

// SaveProject stores the content of a project and answers its id.
func (s *Service) SaveProject(ctx context.Context, who user.Principal, in SaveProject, key string) (ident.ID, error) {
	if err := s.policy.Check(who, authz.FundOpen, authz.InPartnership(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	in.Code, in.Name, in.Unit = strings.ToUpper(strings.TrimSpace(in.Code)), strings.TrimSpace(in.Name), strings.TrimSpace(in.Unit)
	err := in.Check()
	if err == nil && !fundCode.MatchString(in.Code) {
		var f errs.Fields
		f.Add("code", "error.funding.code")
		err = f.Err()
	}
	if err != nil {
		return ident.Nil, err
	}
	fresh := ident.New()
	id, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		p := store.FundProject{ID: fresh, ListedOn: tx.Today()}
		var err error
		if in.ID != ident.Nil {
			if p, err = tx.ProjectByID(in.ID, nil); err != nil {
				return ident.Nil, err
			}
			if in.Version != 0 && in.Version != p.Version {
				return ident.Nil, errs.New(errs.Stale, "error.stale", nil)
			}
		}
		tx.Intend(audit.Event{Action: audit.ProjectEdit, ObjectKind: audit.ObjectProject, ObjectID: p.ID,
			Detail: map[string]any{"code": in.Code, "planned_fen": int64(in.Planned), "before_fen": int64(p.Planned)}})
		if p.Project, err = p.Change(in.Project, who.AccountID); err != nil {
			return ident.Nil, err
		}
		if in.ID == ident.Nil {
			return p.ID, tx.InsertProject(p)
		}
		return p.ID, tx.SaveProject(p)
	})
	if e := errs.Of(err); err != nil && e.Rule == "fund_project_code" {
		var f errs.Fields
		f.Add("code", e.Key)
		return ident.Nil, f.Err()
	}
	return id, err
}

// ProjectStep is what happens to a project.
type ProjectStep string

// The steps.
const (
	ProjectApprove ProjectStep = "approve"
	ProjectClose   ProjectStep = "close"
)

// StepProject approves the planned amount, by a second person, or closes the
// project.
type StepProject struct {
	ID      ident.ID
	Step    ProjectStep
	Version int64 // 0 takes the latest
}

// StepProject takes the step and answers the state.
func (s *Service) StepProject(ctx context.Context, who user.Principal, in StepProject, key string) (fund.ProjectState, error) {
	if err := s.policy.Check(who, authz.FundOpen, authz.InPartnership(who.PartnershipID)); err != nil {
		return "", err
	}
	if !slices.Contains([]ProjectStep{ProjectApprove, ProjectClose}, in.Step) {
		var f errs.Fields
		f.Add("step", "form.error.choice")
		return "", f.Err()
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (fund.ProjectState, error) {
		p, err := tx.ProjectByID(in.ID, nil)
		if err != nil {
			return "", err
		}
		tx.Intend(audit.Event{Action: audit.ProjectDecide, ObjectKind: audit.ObjectProject, ObjectID: p.ID,
			Detail: map[string]any{"step": string(in.Step), "planned_fen": int64(p.Planned)}})
		if in.Version != 0 && in.Version != p.Version {
			return "", errs.New(errs.Stale, "error.stale", nil)
		}
		if in.Step == ProjectApprove {
			p.Project, err = p.Approve(who.AccountID)
		} else {
			p.Project, err = p.Close()
		}
		if err != nil {
			return "", err
		}
		return p.State, tx.SaveProject(p)
	})
}
