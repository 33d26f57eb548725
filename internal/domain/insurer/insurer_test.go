package insurer_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/money"
)

var today = clock.MustDate(2026, 11, 24)

// stay is a row that agrees with itself: 20,000 = 17,000 in scope + 2,000 + 400
// + 600; the funds pay 9,000 + 1,500 + 700; 8,800 remain, of which 300 come from
// the personal account.
func stay() map[insurer.Column]insurer.Cell {
	out := map[insurer.Column]insurer.Cell{insurer.SettlementNo: {Text: "SETL-1"}, insurer.CaseNo: {Text: "qj-2026-00001"}, insurer.IdentityNo: {Text: "99010119580407001x"},
		insurer.Discharged: {Text: "2026-11-20 10:30:00"}}
	for c, v := range map[insurer.Column]string{insurer.Bill: "20000.00", insurer.Scope: "17000.00", insurer.Outside: "2,000.00", insurer.OverLimit: "400", insurer.FirstPay: "600.00",
		insurer.Deductible: "300.00", insurer.Basic: "9000.00", insurer.Critical: "1500.00", insurer.Assistance: "700.00", insurer.Funds: "11200.00",
		insurer.Person: "8800.00", insurer.Account: "300.00", insurer.Cash: "8500.00"} {
		out[c] = insurer.Cell{Text: v}
	}
	return out
}

func read(change map[insurer.Column]string) insurer.Row {
	cells := stay()
	for c, v := range change {
		cells[c] = insurer.Cell{Text: v}
	}
	return insurer.Read(2, cells, today)
}

func TestARowThatAgreesWithItselfIsRead(t *testing.T) {
	r := read(nil)
	if len(r.Problems)+len(r.Drifts) != 0 || r.Settlement != "SETL-1" || r.CaseNo != "QJ-2026-00001" || r.Tail != "001X" || r.Discharged != clock.MustDate(2026, 11, 20) {
		t.Fatalf("%+v", r)
	}
	s := r.Amounts.Settlement()
	if want := (fee.Settlement{Bill: 20_000_00, Basic: 9_000_00, Critical: 1_500_00, Assistance: 700_00, Other: 300_00, Net: 8_500_00}); s.Bill != want.Bill || s.Basic != want.Basic ||
		s.Critical != want.Critical || s.Assistance != want.Assistance || s.Other != want.Other || s.Net != want.Net || !s.Balances() {
		t.Errorf("%+v", s)
	}
	if f := r.Amounts.Figures(); !f.Known || f.Scope != 17_000_00 || f.Deductible != 300_00 {
		t.Errorf("%+v", f)
	}
}

func TestEachSumOfTheInterfaceIsHeldToTheFen(t *testing.T) {
	for name, x := range map[string]struct {
		change map[insurer.Column]string
		at     insurer.Column
		key    string
	}{
		"scope":    {map[insurer.Column]string{insurer.Outside: "2000.02"}, insurer.Bill, "error.insurer.drift.scope"},
		"funds":    {map[insurer.Column]string{insurer.Civil: "0.02"}, insurer.Funds, "error.insurer.drift.funds"},
		"bill":     {map[insurer.Column]string{insurer.Funds: "11200.00", insurer.Person: "8800.02", insurer.Cash: "8500.02"}, insurer.Bill, "error.insurer.drift.bill"},
		"person":   {map[insurer.Column]string{insurer.Account: "300.02"}, insurer.Person, "error.insurer.drift.person"},
		"amount":   {map[insurer.Column]string{insurer.Basic: "九千"}, insurer.Basic, "error.insurer.amount"},
		"fraction": {map[insurer.Column]string{insurer.Basic: "9000.001"}, insurer.Basic, "error.insurer.amount"},
		"negative": {map[insurer.Column]string{insurer.Basic: "-1"}, insurer.Basic, "error.fee.negative"},
		"day":      {map[insurer.Column]string{insurer.Discharged: "下周"}, insurer.Discharged, "error.insurer.day"},
		"future":   {map[insurer.Column]string{insurer.Discharged: "2026-12-01"}, insurer.Discharged, "error.insurer.future"},
		"number":   {map[insurer.Column]string{insurer.SettlementNo: " "}, insurer.SettlementNo, "error.insurer.no_number"},
	} {
		r := read(x.change)
		if len(r.Problems) != 1 || r.Problems[0].Column != x.at || r.Problems[0].Key != x.key {
			t.Errorf("%s: %+v", name, r.Problems)
		}
	}
	// One fen is told and not refused; the hospital's part may be in the funds' sum or not.
	if r := read(map[insurer.Column]string{insurer.Outside: "2000.01"}); len(r.Problems) != 0 || len(r.Drifts) != 1 || r.Drifts[0].By() != -1 {
		t.Errorf("%+v", r)
	}
	if r := read(map[insurer.Column]string{insurer.HospitalPay: "100", insurer.Funds: "11300", insurer.Person: "8700", insurer.Cash: "8400"}); len(r.Problems) != 0 {
		t.Errorf("%+v", r.Problems)
	}
}

func TestHeadingsAreRecognisedInBothSpellings(t *testing.T) {
	for _, c := range insurer.Columns() {
		for _, h := range []string{string(c), c.Heading(), c.Heading() + "（元）"} {
			if got, ok := insurer.Recognise(h); !ok || got != c {
				t.Errorf("%s is read as %s", h, got)
			}
		}
	}
	if _, ok := insurer.Recognise("备注"); ok {
		t.Error("a column nobody knows")
	}
}

func TestADifferenceSaysWhyItMayBe(t *testing.T) {
	a := read(nil).Amounts
	computed := fee.Result{Sum: fee.Settlement{Bill: 20_000_00, Basic: 8_850_00, Critical: 1_500_00, Assistance: 700_00, Other: 300_00},
		Added: fee.Year{fee.KindBasic: {Threshold: 600_00, Base: 16_400_00}}}
	booked := fee.Settlement{Bill: 20_000_00, Basic: 9_000_00, Critical: 1_500_00, Assistance: 700_00, Other: 300_00}
	lines := insurer.Compare(a, &computed, &booked)
	reasons := map[string]insurer.Reason{}
	var sum money.Fen
	for _, l := range lines {
		if l.Reason != "" {
			reasons[l.Name] = l.Reason
		}
		sum += l.Wrong()
	}
	if len(reasons) != 3 || reasons["deductible"] != insurer.ReasonElsewhere || reasons["basic"] != insurer.ReasonFollows || reasons["cash"] != insurer.ReasonFollows {
		t.Errorf("%v", reasons)
	}
	if sum != 0 || insurer.Miskeyed(lines) || !insurer.Differs(lines) || insurer.TakenElsewhere(lines) != 300_00 {
		t.Errorf("300 of the deductible were taken elsewhere: %+v", lines)
	}
	booked.Basic -= 100
	if lines = insurer.Compare(a, nil, &booked); !insurer.Miskeyed(lines) || lines[3].Reason != insurer.ReasonTyped {
		t.Errorf("%+v", lines)
	}
	if insurer.Differs(insurer.Compare(a, nil, nil)) {
		t.Error("with nothing to compare nothing differs")
	}
}
