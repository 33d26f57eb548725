package fund

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// ProjectState is where a project of the library stands.
type ProjectState string

// The states. A change of the planned amount needs its second person again.
const (
	ProjectDraft    ProjectState = "draft"
	ProjectApproved ProjectState = "approved"
	ProjectClosed   ProjectState = "closed"
)

// ProjectStates lists the states.
func ProjectStates() []ProjectState {
	return []ProjectState{ProjectDraft, ProjectApproved, ProjectClosed}
}

// Label is the message key of the state's name.
func (s ProjectState) Label() string { return "fund.project." + string(s) }

// Project is a project of the cooperation plan.
type Project struct {
	Code    string
	Name    string
	Year    int
	Source  SourceKind
	Planned money.Fen
	Unit    string // who is responsible
	State   ProjectState
	Planner ident.ID // who set the planned amount
	Second  ident.ID // who approved it
}

// Check names every wrong field.
func (p Project) Check() error {
	var f errs.Fields
	if len(p.Code) == 0 || len(p.Code) > 20 {
		f.Add("code", "error.funding.code")
	}
	for path, text := range map[string]string{"name": p.Name, "unit": p.Unit} {
		switch n := len([]rune(text)); {
		case n == 0:
			f.Add(path, "form.error.missing")
		case n > 100:
			f.Add(path, "form.error.long", "max", 100)
		}
	}
	if p.Year < 2000 || p.Year > 2100 {
		f.Add("year", "form.error.between", "low", 2000, "high", 2100)
	}
	if !slices.Contains(Sources(), p.Source) {
		f.Add("source", "form.error.choice")
	}
	if p.Planned <= 0 || p.Planned > money.Max {
		f.Add("planned", "error.fund.amount")
	}
	return f.Err()
}

// Change takes the new content of a project. Another planned amount waits for a
// second person; a closed project does not change.
func (p Project) Change(to Project, by ident.ID) (Project, error) {
	if err := to.Check(); err != nil {
		return p, err
	}
	if p.State == ProjectClosed {
		return p, p.refuse("fund.project_closed")
	}
	to.State, to.Planner, to.Second = p.State, p.Planner, p.Second
	if to.Planned != p.Planned { // a new one had none
		to.State, to.Planner, to.Second = ProjectDraft, by, ident.Nil
	}
	return to, nil
}

// Approve is the second person's approval of the planned amount.
func (p Project) Approve(by ident.ID) (Project, error) {
	if p.State != ProjectDraft {
		return p, p.refuse("fund.project_order")
	}
	if by == p.Planner {
		return p, errs.Refuse("fund.four_eyes", "error.fund.own_plan", nil, "fund.remedy.second_person")
	}
	p.State, p.Second = ProjectApproved, by
	return p, nil
}

// Close ends a project: nothing more comes in for it.
func (p Project) Close() (Project, error) {
	if p.State != ProjectApproved {
		return p, p.refuse("fund.project_order")
	}
	p.State = ProjectClosed
	return p, nil
}

// Takes refuses a deposit for a project whose plan is not approved or that is over.
func (p Project) Takes() error {
	if p.State != ProjectApproved {
		return p.refuse("fund.project_open")
	}
	return nil
}

func (p Project) refuse(rule string) error {
	return errs.Refuse(rule, "error.fund.project_state", errs.Args{"project": p.Name, "state": errs.Key(p.State.Label())}, "fund.remedy.project")
}
