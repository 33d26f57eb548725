package fee

import (
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Source says where the figures of a settled case come from that its person's
// year counts.
type Source string

// The sources.
const (
	SourceRules Source = "rules" // thresholds and bases as the rules compute them
	SourceTyped Source = "typed" // what the desk typed from the insurer's paper
	SourceSheet Source = "sheet" // the insurer's settlement sheet
)

// Label is the message key of the source's name.
func (s Source) Label() string { return "insurer.source." + string(s) }

// Figures are what basic insurance itself says of a settled case: how much lay
// within its scope, and how much of the yearly deductible this took.
type Figures struct {
	Known      bool
	Scope      money.Fen // inscp_scp_amt
	Deductible money.Fen // act_pay_dedc
}

// Check names what cannot be of a settlement's figures.
func (x Figures) Check(s Settlement) error {
	var f errs.Fields
	if !x.Known {
		return nil
	}
	checkAmount("scope", x.Scope, &f)
	checkAmount("deductible", x.Deductible, &f)
	if len(f) > 0 {
		return f.Err()
	}
	switch {
	case x.Scope > s.Bill:
		f.Add("scope", "error.insurer.scope_above_bill", "scope", x.Scope, "bill", s.Bill)
	case x.Deductible > x.Scope:
		f.Add("deductible", "error.insurer.deductible_above_scope", "deductible", x.Deductible, "scope", x.Scope)
	case s.Basic > x.Scope-x.Deductible:
		f.Add("basic", "error.insurer.paid_above_base", "paid", s.Basic, "base", x.Scope-x.Deductible)
	}
	return f.Err()
}

// account is what the figures say of the account of basic insurance.
func (x Figures) account(paid money.Fen) Account {
	return Account{Threshold: x.Deductible, Base: max(0, x.Scope-x.Deductible), Paid: paid}
}

// Recorded is what a settlement adds to the person's year that no rules were
// applied to: every payment as it was made, and of basic insurance the
// deductible and the base where the insurer says them.
func Recorded(s Settlement, x Figures, p procedure.Programme) Year {
	return Result{Added: Year{ReductionKind(p): {Base: s.Cash()}}}.Counted(s, p).Stated(x)
}

// Stated is what counted, with the insurer's own figures in place of computed
// ones: the insurer keeps the account, the rules only foretell it.
func (y Year) Stated(x Figures) Year {
	out := y.Plus(nil)
	if a := x.account(y[KindBasic].Paid); x.Known && a != (Account{}) {
		out[KindBasic] = a
	}
	return out
}
