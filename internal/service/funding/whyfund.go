package funding

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// FundJudged is a fund with every condition under which it does not pay for a
// treatment; without one it would accept.
type FundJudged struct {
	store.FundItem
	Open    bool // the reader may see the balance; without it the balance is not judged
	Reasons []fund.Reason
	Args    errs.Args // of the sentences
}

// Accepts reports whether the fund would pay.
func (f FundJudged) Accepts() bool { return len(f.Reasons) == 0 }

// asked is what a treatment asks of a fund.
func asked(tx *store.Tx, t store.Treatment, amount money.Fen) (fund.Asked, error) {
	facts, err := tx.CareFactsOf(t, clock.Date{})
	return fund.Asked{Programme: t.Programme, Hospital: t.Hospital, Category: facts.Category, On: tx.Today(), Amount: amount}, err
}

// judged holds every fund against what a treatment asks for, those that would
// accept first.
func (s *Service) judged(tx *store.Tx, who user.Principal, want fund.Asked) ([]FundJudged, error) {
	all, err := tx.ListFunds()
	if err != nil {
		return nil, err
	}
	stores, err := tx.DepositStores()
	if err != nil {
		return nil, err
	}
	reach := s.policy.Reach(who, authz.FundRead)
	var out []FundJudged
	for _, f := range all {
		j := FundJudged{FundItem: f, Open: reach.All || slices.Contains(reach.Funds, f.ID)}
		if j.Open {
			j.Reasons = f.Earmark().Judge(want, f.Balances.Available)
			j.Args = f.Earmark().Args(want, f.Balances.Available)
			if d, bound := stores[f.ID]; bound {
				j.boundTo(d, want)
			}
		} else {
			j.Reasons, j.Args = f.Earmark().WhyNot(want), f.Earmark().Args(want, 0)
			j.Balances, j.Deposits = fund.Balances{}, 0
		}
		out = append(out, j)
	}
	slices.SortStableFunc(out, func(a, b FundJudged) int {
		switch {
		case a.Accepts() == b.Accepts():
			return 0
		case a.Accepts():
			return -1
		}
		return 1
	})
	return out, nil
}

// boundTo adds the earmark of a deposit that keeps the money of a fund from a case.
func (f *FundJudged) boundTo(d fund.Store, want fund.Asked) {
	_, err := d.Take(want)
	if e := errs.Of(err); err == nil || e.Rule != "fund.deposit_earmark" || want.Amount > f.Balances.Available {
		return
	}
	f.Reasons = append(f.Reasons, fund.WhyDeposit)
	for k, v := range errs.Of(err).Args {
		f.Args[k] = v
	}
}

// earmarked holds each line of an application to the fund's earmark at the
// moment the money is held: the earmark may have been set since it was asked for.
func earmarked(tx *store.Tx, t store.Treatment, lines []store.ApprovalLine) error {
	want, err := asked(tx, t, 0)
	if err != nil {
		return err
	}
	all, err := tx.FundChoices()
	if err != nil {
		return err
	}
	for _, l := range lines {
		i := slices.IndexFunc(all, func(f store.Fund) bool { return f.ID == l.Fund })
		if i < 0 {
			return errs.Missing("error.fund.missing")
		}
		if reasons := all[i].Earmark().WhyNot(want); len(reasons) > 0 {
			args := all[i].Earmark().Args(want, 0)
			args["fund"], args["why"] = all[i].Name, errs.Key(reasons[0].Label()+".short")
			return errs.Refuse("fund.earmark", "error.fund.earmark", args, "fund.remedy.return_for_other_fund")
		}
	}
	return nil
}

// others adds to the refusal of a fund that does not cover an amount which funds
// would.
func (s *Service) others(tx *store.Tx, who user.Principal, t store.Treatment, refusal error) error {
	e := errs.Of(refusal)
	if refusal == nil || e.Rule != "fund.sufficient" && e.Rule != "fund.deposit_earmark" {
		return refusal
	}
	amount, _ := e.Args["asked"].(money.Fen)
	want, err := asked(tx, t, amount)
	if err != nil {
		return err
	}
	list, err := s.judged(tx, who, want)
	if err != nil {
		return err
	}
	var names []string
	for _, f := range list {
		if f.Open && f.Accepts() {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return refusal
	}
	args := errs.Args{"funds": strings.Join(names, " / ")}
	for k, v := range e.Args {
		args[k] = v
	}
	return errs.Refuse(e.Rule, e.Key, args, append(slices.Clone(e.Remedy), "fund.remedy.accepting")...)
}
