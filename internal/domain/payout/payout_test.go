package payout_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func TestNobodyReleasesWhatTheyMade(t *testing.T) {
	me, other := ident.New(), ident.New()
	r := payout.Run{State: payout.Draft, Maker: me}
	if _, err := r.Approve(me); errs.Of(err).Rule != "payout.four_eyes" {
		t.Errorf("the maker approved the run: %v", err)
	}
	if r, err := r.Approve(other); err != nil || r.State != payout.Approved || r.Second != other {
		t.Errorf("the second person could not: %v", err)
	}
	if _, err := payout.AccountProposed.Decide(true, me, me); errs.Of(err).Rule != "payout.four_eyes" {
		t.Errorf("the maker released the account: %v", err)
	}
	v, err := payout.Recovery{State: payout.RecoveryOpen, Amount: 1}.AskWriteOff(me, "无法追回")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.ConfirmWriteOff(me); errs.Of(err).Rule != "payout.four_eyes" {
		t.Errorf("who asked confirmed the write-off: %v", err)
	}
	if v, err := v.ConfirmWriteOff(other); err != nil || v.State != payout.RecoveryWrittenOff {
		t.Errorf("the second person could not: %v", err)
	}
}

func TestARunIsPaidInOrder(t *testing.T) {
	today := clock.MustDate(2026, 11, 24)
	r := payout.Run{State: payout.Approved}
	said := payout.Settlement{On: today, Ref: "6217"}
	if _, err := r.Pay(said, today); errs.Of(err).Rule != "payout.run_order" {
		t.Errorf("paid without a file: %v", err)
	}
	r, _ = r.File()
	if _, err := r.Cancel("x"); err == nil {
		t.Error("cancelled although the bank has the file")
	}
	for name, s := range map[string]payout.Settlement{"tomorrow": {On: today.AddDays(1), Ref: "1"}, "no day": {Ref: "1"}, "no reference": {On: today}} {
		if _, err := r.Pay(s, today); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := r.Pay(said, today); err != nil || r.State != payout.Paid {
		t.Error(err)
	}
	if _, err := payout.LineLive.Return(); err == nil {
		t.Error("a payment that was not made came back")
	}
}

func TestNumbersOfAccounts(t *testing.T) {
	for text, want := range map[string]string{"6222 0210-0111 6245 702": "6222021001116245702", "６２２２ 0210": "62220210"} {
		if got := (payout.Account{Number: text}).Clean().Number; got != want {
			t.Errorf("%q reads as %q", text, got)
		}
	}
	for number, odd := range map[string]bool{"6222021001116245702": false, "6222021001116245703": true, "62220210": true} {
		a := payout.Account{Holder: "禾晚舟", Bank: "农商银行", Number: number}
		if err := a.Check(); err != nil || a.OddCard() != odd {
			t.Errorf("%s: odd %v, %v", number, a.OddCard(), err)
		}
	}
	for _, number := range []string{"", "1234567", "12345678a", "123456789012345678901234567890123"} {
		if err := (payout.Account{Holder: "x", Bank: "x", Number: number}).Check(); err == nil {
			t.Errorf("%q was taken", number)
		}
	}
	card := payout.Card{Account: payout.Account{Holder: "x", Bank: "x", Number: "62220210"}, Relation: "child"}
	if err := card.Check(); err == nil {
		t.Error("a relative without a reason was taken")
	}
}

// What is kept back is never more than a payment or a finding, and as much as
// there is of both for one finding.
func TestOffsetsKeepWithinPaymentsAndFindings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := make([]money.Fen, rapid.IntRange(0, 6).Draw(t, "payments"))
		for i := range amounts {
			amounts[i] = money.Fen(rapid.IntRange(1, 100).Draw(t, "amount"))
		}
		due := make([]payout.Due, rapid.IntRange(0, 4).Draw(t, "findings"))
		left := map[ident.ID]money.Fen{}
		for i := range due {
			due[i] = payout.Due{ID: ident.New(), Left: money.Fen(rapid.IntRange(1, 150).Draw(t, "left"))}
			left[due[i].ID] = due[i].Left
		}
		for i, k := range payout.Offsets(amounts, due) {
			if k.Amount < 0 || k.Amount > amounts[i] || k.Amount > 0 && k.Recovery == ident.Nil {
				t.Fatalf("payment %d of %d keeps %d for %s", i, amounts[i], k.Amount, k.Recovery)
			}
			if left[k.Recovery] -= k.Amount; left[k.Recovery] < 0 {
				t.Fatal("a finding keeps back more than it asks")
			}
			if k.Amount == 0 && k.Recovery != ident.Nil {
				t.Fatal("kept back nothing for a reason")
			}
		}
	})
}
