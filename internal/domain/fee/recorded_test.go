package fee_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// What the insurer says of its own account fits into the bill: the scope into the
// bill, the deductible into the scope, the payment into what is left. Each border
// itself is fine.
func TestTheInsurersFiguresFitIntoTheBill(t *testing.T) {
	s := fee.Settlement{Bill: 1000, Basic: 500}
	for name, c := range map[string]struct {
		x     fee.Figures
		field string // empty: fine
	}{
		"nothing said":                {fee.Figures{}, ""},
		"not said, whatever stands":   {fee.Figures{Scope: 5000, Deductible: 9000}, ""},
		"everything at its border":    {fee.Figures{true, 1000, 500}, ""},
		"all of it is deductible":     {fee.Figures{true, 500, 500}, "basic"},
		"scope above the bill":        {fee.Figures{true, 1001, 0}, "scope"},
		"deductible above the scope":  {fee.Figures{true, 800, 801}, "deductible"},
		"paid above what was left":    {fee.Figures{true, 800, 301}, "basic"},
		"paid exactly what was left":  {fee.Figures{true, 800, 300}, ""},
		"a scope below zero":          {fee.Figures{true, -1, 0}, "scope"},
		"a deductible below zero":     {fee.Figures{true, 800, -1}, "deductible"},
		"below zero before too small": {fee.Figures{true, -1, 5}, "scope"},
	} {
		err := c.x.Check(s)
		if (err == nil) != (c.field == "") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err == nil {
			continue
		}
		if fields := errs.Of(err).Fields; len(fields) != 1 || fields[0].Path != c.field {
			t.Errorf("%s: %+v", name, fields)
		}
	}
	whole := fee.Settlement{Bill: 1000}
	if err := (fee.Figures{true, 700, 700}).Check(whole); err != nil {
		t.Errorf("a deductible that takes the whole scope: %v", err)
	}
}

// The insurer's figures replace the computed account of basic insurance, and only
// that one, and only where it says something.
func TestTheInsurersFiguresReplaceTheComputedAccount(t *testing.T) {
	year := fee.Year{fee.KindBasic: {Threshold: 100, Base: 900, Paid: 600}, fee.KindCritical: {Base: 50, Paid: 30}}
	said := year.Stated(fee.Figures{Known: true, Scope: 950, Deductible: 200})
	if said[fee.KindBasic] != (fee.Account{Threshold: 200, Base: 750, Paid: 600}) || said[fee.KindCritical] != year[fee.KindCritical] {
		t.Errorf("stated: %+v", said)
	}
	if year[fee.KindBasic].Threshold != 100 {
		t.Error("the computed year itself was changed")
	}
	if silent := year.Stated(fee.Figures{Scope: 950, Deductible: 200}); silent[fee.KindBasic] != year[fee.KindBasic] {
		t.Errorf("nothing was said: %+v", silent)
	}
	if empty := (fee.Year{}).Stated(fee.Figures{Known: true}); len(empty) != 0 {
		t.Errorf("figures that are all zero make an account: %+v", empty)
	}
	if first := (fee.Year{}).Stated(fee.Figures{Known: true, Scope: 300, Deductible: 300}); first[fee.KindBasic] != (fee.Account{Threshold: 300}) {
		t.Errorf("an account nothing was computed for: %+v", first)
	}
}

// A settlement without an estimate counts each payment as it was made, and what
// the patient would have paid as the base of the reduction.
func TestARecordedSettlementCountsItsPayments(t *testing.T) {
	s := fee.Settlement{Bill: 1000, Basic: 500, Critical: 100, Assistance: 50, Waiver: 30, Net: 320}
	y := fee.Recorded(s, fee.Figures{Known: true, Scope: 900, Deductible: 200}, procedure.Joint)
	if y[fee.KindBasic] != (fee.Account{Threshold: 200, Base: 700, Paid: 500}) || y[fee.KindCritical].Paid != 100 {
		t.Errorf("%+v", y)
	}
	if got := y[fee.ReductionKind(procedure.Joint)]; got.Base != s.Cash() || got.Paid != 30 {
		t.Errorf("the reduction: %+v", got)
	}
}
