// Package fee is the settlement of one treatment: the hospital's bill, who pays
// which part of it, and what is left for the patient.
//
// The order of payment is that of the one-stop settlement: basic insurance,
// critical-illness insurance, medical assistance, other payers; what remains in
// cash may then be reduced by funds or waived by the hospital; the rest is the
// patient's. Amounts are integer fen and must add up to the fen: a settlement
// that does not is refused with the difference named, never rounded into place.
package fee

import (
	"strconv"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// FundLine is what one fund takes over.
type FundLine struct {
	Fund   ident.ID
	Amount money.Fen
}

// Settlement is the bill and its payers.
type Settlement struct {
	Bill       money.Fen
	Basic      money.Fen // basic insurance
	Critical   money.Fen // critical-illness insurance
	Assistance money.Fen // medical assistance
	Other      money.Fen // commercial insurance, mutual aid, charity outside the funds
	Funds      []FundLine
	Waiver     money.Fen // reduction borne by the hospital itself
	Net        money.Fen // the patient's own payment
}

// Insurance is what officials call insurance paid: the three public layers.
func (s Settlement) Insurance() money.Fen { return money.Sum(s.Basic, s.Critical, s.Assistance) }

// FundTotal is the sum of the fund lines.
func (s Settlement) FundTotal() money.Fen {
	var t money.Fen
	for _, l := range s.Funds {
		t += l.Amount
	}
	return t
}

// Reduction is funds and waiver together.
func (s Settlement) Reduction() money.Fen { return s.FundTotal() + s.Waiver }

// Cash is what insurers and other payers leave to be paid: the most that can be
// reduced.
func (s Settlement) Cash() money.Fen { return s.Bill - s.Insurance() - s.Other }

// ExpectedNet is the net that makes the settlement add up.
func (s Settlement) ExpectedNet() money.Fen { return s.Cash() - s.Reduction() }

// WithNet fills in the net from the other amounts.
func (s Settlement) WithNet() Settlement { s.Net = s.ExpectedNet(); return s }

// Difference is what is missing (positive) or too much (negative) in the net.
func (s Settlement) Difference() money.Fen { return s.ExpectedNet() - s.Net }

// Balances reports whether the settlement adds up to the fen.
func (s Settlement) Balances() bool { return s.Difference() == 0 }

// Check returns nil, or one Invalid error with every wrong field. Sums are only
// judged when each single amount is possible, so that one slip is one message.
func (s Settlement) Check() error {
	var f errs.Fields
	s.checkAmounts(&f)
	s.checkFunds(&f)
	if len(f) > 0 {
		return f.Err()
	}
	switch cash := s.Cash(); {
	case s.Bill == 0:
		f.Add("bill", "error.fee.bill_missing")
	case cash < 0:
		f.Add("bill", "error.fee.payers_exceed_bill", "bill", s.Bill, "payers", s.Insurance()+s.Other, "difference", -cash)
	case s.Reduction() > cash:
		f.Add("reduction", "error.fee.reduction_exceeds_cash", "reduction", s.Reduction(), "cash", cash,
			"difference", s.Reduction()-cash)
	case s.Difference() > 0:
		f.Add("net", "error.fee.net_too_small", "expected", s.ExpectedNet(), "entered", s.Net, "difference", s.Difference())
	case s.Difference() < 0:
		f.Add("net", "error.fee.net_too_large", "expected", s.ExpectedNet(), "entered", s.Net, "difference", -s.Difference())
	}
	return f.Err()
}

func (s Settlement) checkAmounts(f *errs.Fields) {
	for _, x := range []struct {
		path   string
		amount money.Fen
	}{{"bill", s.Bill}, {"basic", s.Basic}, {"critical", s.Critical}, {"assistance", s.Assistance}, {"other", s.Other},
		{"waiver", s.Waiver}, {"net", s.Net}} {
		checkAmount(x.path, x.amount, f)
	}
}

func checkAmount(path string, amount money.Fen, f *errs.Fields) {
	switch {
	case amount < 0:
		f.Add(path, "error.fee.negative")
	case amount > money.Max:
		f.Add(path, "error.fee.too_large", "max", money.Max)
	}
}

// checkFunds: each fund stands once, with an amount; a line of zero is dropped by
// the form and would only make an empty transfer.
func (s Settlement) checkFunds(f *errs.Fields) {
	seen := map[ident.ID]bool{}
	for i, l := range s.Funds {
		path := "funds." + strconv.Itoa(i)
		checkAmount(path+".amount", l.Amount, f)
		if l.Amount == 0 {
			f.Add(path+".amount", "error.fee.fund_zero")
		}
		if l.Fund == ident.Nil {
			f.Add(path+".fund", "error.fee.fund_missing")
		}
		if seen[l.Fund] {
			f.Add(path+".fund", "error.fee.fund_twice")
		}
		seen[l.Fund] = true
	}
}

// Warning is a mark on a settlement that is taken all the same.
type Warning struct {
	Rule string
	Path string
	Args errs.Args
}

// Key is the message key of the warning.
func (w Warning) Key() string { return "warning." + w.Rule }

// RuleFree: cataract surgery is free of charge for the patient in this programme.
const RuleFree = "fee.free_of_charge"

// Warnings are the marks of a settlement in a programme.
func (s Settlement) Warnings(p procedure.Programme) []Warning {
	if p == procedure.Cataract && s.Net > 0 {
		return []Warning{{Rule: RuleFree, Path: "net", Args: errs.Args{"net": s.Net}}}
	}
	return nil
}

// Layer is one part of the money strip.
type Layer struct {
	Name   string // "basic"; the label is the message key "fee.layer.basic"
	Amount money.Fen
}

// Label is the message key of the layer's name.
func (l Layer) Label() string { return "fee.layer." + l.Name }

// Colour is the key of the layer's colour token. Insurers are greys, the
// programme's own money has the brand colour, the patient's share is ochre.
func (l Layer) Colour() string { return "money-" + l.Name }

// LayerNames is the fixed order of the strip, the waterfall, lists and prints.
// The bill is the outline around the others.
func LayerNames() []string {
	return []string{"bill", "basic", "critical", "assistance", "other", "fund", "hospital", "net"}
}

// Layers are the parts in the fixed order. Zeros are shown: that nobody paid is
// a fact too.
func (s Settlement) Layers() []Layer {
	amounts := []money.Fen{s.Bill, s.Basic, s.Critical, s.Assistance, s.Other, s.FundTotal(), s.Waiver, s.Net}
	out := make([]Layer, len(amounts))
	for i, name := range LayerNames() {
		out[i] = Layer{name, amounts[i]}
	}
	return out
}
