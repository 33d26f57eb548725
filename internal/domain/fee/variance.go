package fee

import (
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Cause is why a settlement differs from its estimate.
type Cause string

// The causes in the order in which they are looked at.
const (
	CauseBill    Cause = "bill"    // the hospital charged another amount
	CauseFacts   Cause = "facts"   // other category, proof, referral, level or insurance
	CauseRules   Cause = "rules"   // another version was in force at discharge
	CauseYear    Cause = "year"    // other cases had counted in the year by then
	CauseSettled Cause = "settled" // insurers paid and funds decided otherwise than the rules say
)

// Causes lists the causes.
func Causes() []Cause { return []Cause{CauseBill, CauseFacts, CauseRules, CauseYear, CauseSettled} }

// Label is the message key of the cause's name.
func (c Cause) Label() string { return "fee.cause." + string(c) }

// Basis is what a computation rests on.
type Basis struct {
	Case    Case
	Rules   *policy.Version
	Opening Year
}

// VarianceLine is one payer: estimated, what each cause changed, settled. The
// causes add up to the difference to the fen.
type VarianceLine struct {
	Layer    string // a name of [LayerNames]
	Estimate money.Fen
	By       []money.Fen // in the order of [Causes]
	Actual   money.Fen
}

// Label is the message key of the line's name.
func (l VarianceLine) Label() string { return "fee.layer." + l.Layer }

// Difference is settled less estimated.
func (l VarianceLine) Difference() money.Fen { return l.Actual - l.Estimate }

// Explain says line by line why a settlement differs from its estimate: the
// estimate is computed again with one thing at a time as it really was, and what
// the rules do not explain stays with those who paid otherwise.
func Explain(estimate, actual Basis, settled Settlement) []VarianceLine {
	at := estimate
	stages := []Settlement{Compute(at.Rules, at.Case, at.Opening).Sum}
	step := func(change func(*Basis)) {
		change(&at)
		stages = append(stages, Compute(at.Rules, at.Case, at.Opening).Sum)
	}
	step(func(b *Basis) { b.Case.Items, b.Case.Other = actual.Case.Items, actual.Case.Other })
	step(func(b *Basis) { b.Case = actual.Case })
	step(func(b *Basis) { b.Rules = actual.Rules })
	step(func(b *Basis) { b.Opening = actual.Opening })
	stages = append(stages, settled)
	lines := make([]VarianceLine, len(LayerNames()))
	for i, name := range LayerNames() {
		lines[i] = VarianceLine{Layer: name, Estimate: stages[0].Layers()[i].Amount, Actual: settled.Layers()[i].Amount}
		for s := 1; s < len(stages); s++ {
			lines[i].By = append(lines[i].By, stages[s].Layers()[i].Amount-stages[s-1].Layers()[i].Amount)
		}
	}
	return lines
}

// Scaled are the lines of an estimate made to add up to another bill, for a
// settlement that has the sum only.
func Scaled(items []Item, bill money.Fen) []Item {
	weights := make([]int64, len(items))
	for i, x := range items {
		weights[i] = int64(x.Amount)
	}
	out := make([]Item, len(items))
	for i, part := range money.Split(bill, weights) {
		out[i] = items[i]
		out[i].Amount = part
	}
	return out
}
