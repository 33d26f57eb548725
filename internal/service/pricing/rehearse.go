package pricing

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// RehearseInput names the version to rehearse and the cases of the past: those
// that counted between two days.
type RehearseInput struct {
	Policy   ident.ID
	From, To clock.Date
}

// Rehearsed is a rehearsal and its control: the same cases under the versions
// they were settled by, which must come out exactly as stored.
type Rehearsed struct {
	fee.Rehearsal
	Version  Version
	Control  int // cases the control reproduced row by row
	Excluded int // settled without rules: history, and before there were any
	Cut      bool
	Funds    map[ident.ID]string
}

const (
	rehearsalBatch = 500
	rehearsalMost  = 20_000
)

// Rehearse computes the settled cases of a time under a version.
func (s *Service) Rehearse(ctx context.Context, who user.Principal, in RehearseInput) (out Rehearsed, err error) {
	if err := s.office(who, authz.RuleEdit); err != nil {
		return out, err
	}
	var f errs.Fields
	if in.From.IsZero() {
		f.Add("from", "form.error.missing")
	}
	if in.To.IsZero() || in.To.Before(in.From) {
		f.Add("to", "error.policy.to_before_from")
	}
	if err := f.Err(); err != nil {
		return out, err
	}
	var cases []fee.Stored
	versions := map[ident.ID]*policy.Version{}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.RuleRehearse, ObjectKind: audit.ObjectRule, ObjectID: in.Policy,
			Detail: map[string]any{"from": in.From.String(), "to": in.To.String()}})
		if out.Version, err = tx.PolicyByID(in.Policy); err != nil {
			return err
		}
		if cases, out.Cut, err = past(tx, in.From, in.To); err != nil {
			return err
		}
		if out.Excluded, err = tx.CountSettledWithoutRules(in.From, in.To); err != nil {
			return err
		}
		all, err := tx.ReleasedPolicies()
		for i := range all {
			versions[all[i].ID] = &all[i]
		}
		if err != nil {
			return err
		}
		funds, err := tx.FundChoices()
		out.Funds = map[ident.ID]string{}
		for _, f := range funds {
			out.Funds[f.ID] = f.Name
		}
		return err
	}, store.OneInstant())
	if err != nil {
		return out, err
	}
	control := fee.Rehearse(cases, func(c fee.Stored) *policy.Version {
		if v := versions[c.Result.Policy]; v != nil {
			return v
		}
		return &out.Version.Version // shows as not reproduced
	})
	out.Control = control.Exact
	out.Rehearsal = fee.Rehearse(cases, func(fee.Stored) *policy.Version { return &out.Version.Version })
	return out, nil
}

// past reads the settled cases in batches.
func past(tx *store.Tx, from, to clock.Date) ([]fee.Stored, bool, error) {
	var out []fee.Stored
	on, after := from, ident.Nil
	for len(out) < rehearsalMost {
		batch, err := tx.PastComputations(on, to, after, rehearsalBatch)
		if err != nil {
			return nil, false, err
		}
		for _, c := range batch {
			out = append(out, fee.Stored{Past: fee.Past{ID: c.ID, Person: c.Root, OperatedOn: c.OperatedOn, Case: c.Case}, Opening: c.Opening, Result: c.Result})
			on, after = c.Case.On, c.ID
		}
		if len(batch) < rehearsalBatch {
			return out, false, nil
		}
	}
	return out, true, nil
}
