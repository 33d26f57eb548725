package payout_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func TestWhoIsPaid(t *testing.T) {
	for _, k := range fund.Kinds() {
		want := payout.Hospital
		if k == fund.KindReimburse {
			want = payout.Person
		}
		if got := payout.PayeeOf(k); got != want {
			t.Errorf("%s is owed to %s, want %s", k, got, want)
		}
	}
}

// Every step of a run from every state: what is not in the table is refused and
// changes nothing.
func TestStepsOfARunFromEveryState(t *testing.T) {
	today := clock.MustDate(2026, 11, 24)
	steps := map[string]struct {
		do   func(payout.Run) (payout.Run, error)
		from map[payout.RunState]payout.RunState
	}{
		"approve": {func(r payout.Run) (payout.Run, error) { return r.Approve(ident.New()) },
			map[payout.RunState]payout.RunState{payout.Draft: payout.Approved}},
		"cancel": {func(r payout.Run) (payout.Run, error) { return r.Cancel("重复") },
			map[payout.RunState]payout.RunState{payout.Draft: payout.Cancelled, payout.Approved: payout.Cancelled}},
		"file": {payout.Run.File,
			map[payout.RunState]payout.RunState{payout.Approved: payout.Filed, payout.Filed: payout.Filed, payout.Paid: payout.Paid}},
		"pay": {func(r payout.Run) (payout.Run, error) {
			return r.Pay(payout.Settlement{On: today, Ref: "6217"}, today)
		}, map[payout.RunState]payout.RunState{payout.Filed: payout.Paid}},
	}
	for name, step := range steps {
		for _, state := range payout.RunStates() {
			after, err := step.do(payout.Run{State: state, Maker: ident.New()})
			want, allowed := step.from[state]
			if !allowed {
				want = state
			}
			if allowed != (err == nil) || after.State != want {
				t.Errorf("%s of a run %s: %s, %v", name, state, after.State, err)
			}
			if !allowed && errs.Of(err).Rule != "payout.run_order" {
				t.Errorf("%s of a run %s is refused by %q", name, state, errs.Of(err).Rule)
			}
		}
	}
	if r, err := (payout.Run{State: payout.Draft}).Cancel(""); !errs.Is(err, errs.Invalid) || r.State != payout.Draft {
		t.Errorf("cancelled without a reason: %v", err)
	}
	if got := (payout.Run{Amount: 500, Offset: 120}).Transferred(); got != 380 {
		t.Errorf("the bank is told %d", got)
	}
}

func TestOnlyWhatWasPaidComesBack(t *testing.T) {
	for _, s := range payout.LineStates() {
		after, err := s.Return()
		if s == payout.LinePaid {
			if err != nil || after != payout.LineReturned {
				t.Errorf("%s: %s, %v", s, after, err)
			}
		} else if err == nil || after != s {
			t.Errorf("%s came back as %s", s, after)
		}
	}
}

func TestAnAccountIsDecidedOnce(t *testing.T) {
	maker, other := ident.New(), ident.New()
	for _, s := range payout.AccountStates() {
		for approve, want := range map[bool]payout.AccountState{true: payout.AccountApproved, false: payout.AccountRefused} {
			after, err := s.Decide(approve, maker, other)
			if s == payout.AccountProposed {
				if err != nil || after != want {
					t.Errorf("%s decided %v: %s, %v", s, approve, after, err)
				}
			} else if errs.Of(err).Rule != "payout.account_once" || after != s {
				t.Errorf("%s was decided again: %s, %v", s, after, err)
			}
		}
	}
}

// wrong are the fields an error names, nothing for none.
func wrong(err error) string {
	if err == nil {
		return ""
	}
	var paths []string
	for _, f := range errs.Of(err).Fields {
		paths = append(paths, f.Path)
	}
	return strings.Join(paths, " ")
}

func TestFieldsOfAnAccount(t *testing.T) {
	good := payout.Account{Holder: "禾晚舟", Bank: "农商银行", Number: "62220210"}
	for name, c := range map[string]struct {
		change func(*payout.Account)
		want   string
	}{
		"good":               {func(*payout.Account) {}, ""},
		"longest number":     {func(a *payout.Account) { a.Number = strings.Repeat("1", 32) }, ""},
		"one digit more":     {func(a *payout.Account) { a.Number = strings.Repeat("1", 33) }, "number"},
		"one digit too few":  {func(a *payout.Account) { a.Number = "1234567" }, "number"},
		"a letter":           {func(a *payout.Account) { a.Number = "12345678a" }, "number"},
		"longest holder":     {func(a *payout.Account) { a.Holder = strings.Repeat("禾", 100) }, ""},
		"one more":           {func(a *payout.Account) { a.Holder = strings.Repeat("禾", 101) }, "holder"},
		"no holder, no bank": {func(a *payout.Account) { a.Holder, a.Bank = "", "" }, "holder bank"},
		"nothing":            {func(a *payout.Account) { *a = payout.Account{} }, "holder bank number"},
	} {
		a := good
		c.change(&a)
		if got := wrong(a.Check()); got != c.want {
			t.Errorf("%s: wrong are %q, want %q", name, got, c.want)
		}
	}
	var missing payout.Account
	missing.Holder, missing.Bank = "x", "x"
	if errs.Of(missing.Check()).Fields[0].Key != "form.error.missing" {
		t.Error("no number is not called missing")
	}
}

func TestSpacesAndDigitsOfEveryKeyboard(t *testing.T) {
	for text, want := range map[string]string{
		"６２２２　０２１０":      "62220210",
		"6222\u00a00210": "62220210",
		"０１２３４５６７８９":     "0123456789",
		"6222：0210":      "6222：0210", // the sign after the full-width nine is no digit
		" 6222-0210 ":    "62220210",
	} {
		if got := (payout.Account{Number: text}).Clean().Number; got != want {
			t.Errorf("%q reads as %q, want %q", text, got, want)
		}
	}
	a := payout.Account{Holder: " 禾晚舟 ", Bank: "农商银行 "}.Clean()
	if a.Holder != "禾晚舟" || a.Bank != "农商银行" {
		t.Errorf("%+v", a)
	}
}

// Numbers made by the check digit's own rule (ISO/IEC 7812-1, annex B).
func TestACardWithTheLengthAndDigitOfACardIsNotOdd(t *testing.T) {
	for number, odd := range map[string]bool{
		"6222000000000009":     false, // 16 digits
		"622200000000004":      true,  // 15 digits with a good check digit
		"6222021001116245702":  false, // 19 digits
		"62220000000000000009": true,  // 20 digits with a good check digit
		"6222500000000008":     false, // a doubled five is ten, which counts one
		"6222500000000007":     true,
	} {
		if got := (payout.Account{Number: number}).OddCard(); got != odd {
			t.Errorf("%s: odd %v", number, got)
		}
	}
}

func TestFieldsOfACard(t *testing.T) {
	account := payout.Account{Holder: "禾晚舟", Bank: "农商银行", Number: "62220210"}
	for name, c := range map[string]struct {
		card payout.Card
		want string
	}{
		"the patient's own":        {payout.Card{Account: account, Relation: payout.Self}, ""},
		"a child with a reason":    {payout.Card{Account: account, Relation: "child", Note: "老人无卡"}, ""},
		"a child without one":      {payout.Card{Account: account, Relation: "child"}, "note"},
		"a stranger":               {payout.Card{Account: account, Relation: "neighbour", Note: "x"}, "relation"},
		"longest reason":           {payout.Card{Account: account, Relation: "child", Note: strings.Repeat("老", 200)}, ""},
		"one more":                 {payout.Card{Account: account, Relation: "child", Note: strings.Repeat("老", 201)}, "note"},
		"the account's own fields": {payout.Card{Relation: payout.Self}, "holder bank number"},
	} {
		if got := wrong(c.card.Check()); got != c.want {
			t.Errorf("%s: wrong are %q, want %q", name, got, c.want)
		}
	}
}

func TestFieldsOfAFinding(t *testing.T) {
	good := payout.Recovery{Debtor: payout.Hospital, Source: "audit", Reason: "重复收费", Amount: 500}
	for name, c := range map[string]struct {
		change func(*payout.Recovery)
		want   string
	}{
		"all that was paid":     {func(*payout.Recovery) {}, ""},
		"one fen more":          {func(r *payout.Recovery) { r.Amount = 501 }, "amount"},
		"nothing":               {func(r *payout.Recovery) { r.Amount = 0 }, "amount"},
		"less than nothing":     {func(r *payout.Recovery) { r.Amount = -1 }, "amount"},
		"one fen":               {func(r *payout.Recovery) { r.Amount = 1 }, ""},
		"nobody owes it":        {func(r *payout.Recovery) { r.Debtor = "bank" }, "debtor"},
		"found by nobody":       {func(r *payout.Recovery) { r.Source = "rumour" }, "source"},
		"no reason":             {func(r *payout.Recovery) { r.Reason = "" }, "reason"},
		"the longest reason":    {func(r *payout.Recovery) { r.Reason = strings.Repeat("重", 500) }, ""},
		"longer than that":      {func(r *payout.Recovery) { r.Reason = strings.Repeat("重", 501) }, "reason"},
		"a person can owe, too": {func(r *payout.Recovery) { r.Debtor = payout.Person }, ""},
	} {
		r := good
		c.change(&r)
		if got := wrong(r.Check(500)); got != c.want {
			t.Errorf("%s: wrong are %q, want %q", name, got, c.want)
		}
	}
}

// A finding is open, then partly back, then back; a receipt that is taken back
// opens it again, except where the rest was written off.
func TestMoneyComesBackFenByFen(t *testing.T) {
	r := payout.Recovery{State: payout.RecoveryOpen, Amount: 500}
	for _, bad := range []money.Fen{0, -1, 501} {
		if after, err := r.Receive(bad); !errs.Is(err, errs.Invalid) || after.Recovered != 0 {
			t.Errorf("%d of 500 was received: %v", bad, err)
		}
	}
	step := func(what string, after payout.Recovery, err error, state payout.RecoveryState, left money.Fen) payout.Recovery {
		t.Helper()
		if err != nil || after.State != state || after.Left() != left {
			t.Fatalf("%s: %s with %d left, %v", what, after.State, after.Left(), err)
		}
		return after
	}
	after, err := r.Receive(1)
	r = step("the first fen", after, err, payout.RecoveryPartly, 499)
	after, err = r.Receive(499)
	r = step("the rest", after, err, payout.RecoveryDone, 0)
	if _, err := r.Receive(1); errs.Of(err).Rule != "payout.recovery_open" {
		t.Errorf("more came than was asked: %v", err)
	}
	r = step("a part taken back", r.Undo(200), nil, payout.RecoveryPartly, 200)
	step("all taken back", r.Undo(300), nil, payout.RecoveryOpen, 500)

	off := payout.Recovery{State: payout.RecoveryWrittenOff, Amount: 500, Recovered: 100}
	step("taken back after the rest was written off", off.Undo(100), nil, payout.RecoveryWrittenOff, 500)
}

func TestWritingOffNeedsAReasonAndAnOpenFinding(t *testing.T) {
	me, other := ident.New(), ident.New()
	for _, state := range payout.RecoveryStates() {
		open := state == payout.RecoveryOpen || state == payout.RecoveryPartly
		r := payout.Recovery{State: state, Amount: 500, OffBy: me}
		if _, err := r.AskWriteOff(me, "死亡"); open != (err == nil) {
			t.Errorf("asked of a finding %s: %v", state, err)
		}
		after, err := r.ConfirmWriteOff(other)
		if open != (err == nil) || open && after.State != payout.RecoveryWrittenOff {
			t.Errorf("confirmed of a finding %s: %s, %v", state, after.State, err)
		}
	}
	r := payout.Recovery{State: payout.RecoveryOpen, Amount: 500}
	if after, err := r.AskWriteOff(me, ""); !errs.Is(err, errs.Invalid) || after.OffBy != ident.Nil {
		t.Errorf("asked without a reason: %v", err)
	}
	if _, err := r.ConfirmWriteOff(other); errs.Of(err).Rule != "payout.write_off_asked" {
		t.Errorf("confirmed although nobody asked: %v", err)
	}
}

func TestTheOldestFindingIsKeptBackFirst(t *testing.T) {
	first, second := ident.New(), ident.New()
	due := []payout.Due{{ID: first, Left: 150}, {ID: second, Left: 50}}
	got := payout.Offsets([]money.Fen{100, 100, 100, 100}, due)
	want := []payout.Kept{{first, 100}, {first, 50}, {second, 50}, {}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("payment %d keeps %+v, want %+v", i, got[i], want[i])
		}
	}
	if due[0].Left != 150 {
		t.Error("the caller's findings were changed")
	}
}
