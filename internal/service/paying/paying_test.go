package paying_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lib/pq"
	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// office is a world with the service, one fund, and the people who pay.
type office struct {
	*servicetest.World
	s             *paying.Service
	fund          store.Fund
	maker, second user.Principal
}

const number = "6222021001116245702"

func newOffice(t *testing.T, inFund money.Fen) *office {
	w := servicetest.New(t)
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	return &office{w, paying.New(paying.Deps{DB: w.DB, Policy: w.Policy, Say: cat.Printer(i18n.Chinese)}), w.Fund(inFund), w.FundFinance(), w.SecondFundFinance()}
}

// more is what was held and not needed: it is the fund's again and never paid.
const more money.Fen = 40

// owe settles an amount for a treatment, as the funding desk does, of a hold that
// was larger; late is an approval after the settlement.
func (o *office) owe(p servicetest.Place, amount money.Fen, late bool) ident.ID {
	o.T.Helper()
	t := o.Eligible(p)
	id := ident.New()
	o.Do(o.System(), func(tx *store.Tx) error {
		books, err := tx.Books(o.fund.ID)
		if err != nil {
			return err
		}
		book := books[o.fund.ID]
		post := func(x fund.Transfer, err error) error {
			if err != nil {
				return err
			}
			if err := tx.PostTransfer(store.Posting{Transfer: x, Fund: o.fund.ID, Treatment: t.ID}); err != nil {
				return err
			}
			book, err = book.Apply(x)
			return err
		}
		stamp := fund.Stamp{ID: id, On: o.Today()}
		if late {
			x, err := book.Reimburse(stamp, amount)
			if err := post(x, err); err != nil {
				return err
			}
			return tx.FundParticipates(t.ID, o.fund.ID)
		}
		x, hold, err := book.Reserve(fund.Stamp{ID: ident.New(), On: o.Today()}, amount+more)
		if err := post(x, err); err != nil {
			return err
		}
		x, _, err = book.Commit(stamp, hold, fund.Spending{Spent: amount})
		if err := post(x, err); err != nil {
			return err
		}
		return tx.FundParticipates(t.ID, o.fund.ID)
	})
	return id
}

// account gives a hospital an account two persons agreed on.
func (o *office) account(p servicetest.Place) {
	o.T.Helper()
	a, err := o.s.ProposeAccount(o.T.Context(), o.Finance(p), paying.AccountInput{Hospital: o.ID(p), Account: payout.Account{Holder: "山前县中医院", Bank: "山前农商银行", Number: "6222 0210 0111 6245 702"}}, "")
	o.ok(err)
	_, err = o.s.DecideAccount(o.T.Context(), o.Approver(), paying.Decision{ID: a.ID, Approve: true, Version: o.Version(a.ID)}, "")
	o.ok(err)
}

func (o *office) ok(err error) {
	o.T.Helper()
	if err != nil {
		o.T.Fatal(err)
	}
}

func (o *office) run() ident.ID {
	o.T.Helper()
	m, err := o.s.MakeRun(o.T.Context(), o.maker, paying.NewRun{Fund: o.fund.ID}, "")
	o.ok(err)
	return m.Run
}

// toBank approves a run and makes its file.
func (o *office) toBank(run ident.ID) {
	o.T.Helper()
	_, err := o.s.DecideRun(o.T.Context(), o.second, paying.Decision{ID: run, Approve: true, Version: o.Version(run)}, "")
	o.ok(err)
	_, err = o.s.BankFile(o.T.Context(), o.maker, run, "csv")
	o.ok(err)
}

func (o *office) pay(run ident.ID) {
	o.T.Helper()
	o.toBank(run)
	_, err := o.s.PayRun(o.T.Context(), o.maker, paying.Payment{Run: run, On: o.Today(), Ref: "B-1", Version: o.Version(run)}, "")
	o.ok(err)
}

func (o *office) lines(run ident.ID) []paying.Line {
	o.T.Helper()
	v, err := o.s.RunOf(o.T.Context(), o.maker, run)
	o.ok(err)
	return v.List
}

func (o *office) owed() []paying.Payable {
	o.T.Helper()
	v, err := o.s.Payables(o.T.Context(), o.maker, paying.PayableFilter{}, page.Request{})
	o.ok(err)
	return v.Rows
}

// balances reads the fund and proves the books on the way.
func (o *office) balances() (b fund.Balances) {
	o.T.Helper()
	o.Do(o.System(), func(tx *store.Tx) error {
		f, err := tx.FundByID(o.fund.ID)
		if err != nil {
			return err
		}
		b = f.Balances
		faults, err := tx.CheckLedger()
		if len(faults) > 0 {
			o.T.Errorf("the books have faults: %+v", faults)
		}
		return err
	})
	if sum := b.Source + b.Available + b.Reserved + b.Committed + b.Paid; sum != 0 {
		o.T.Errorf("the accounts sum to %s", sum)
	}
	return b
}

func (o *office) want(owed, paid money.Fen) {
	o.T.Helper()
	if b := o.balances(); b.Committed != owed || b.Paid != paid {
		o.T.Errorf("owed %s, paid %s; wanted %s and %s", b.Committed, b.Paid, owed, paid)
	}
}

func refused(t *testing.T, err error, rule string) {
	t.Helper()
	if e := errs.Of(err); err == nil || e.Rule != rule || len(e.Remedy) == 0 {
		t.Errorf("want a refusal by %s with remedies, got %v", rule, err)
	}
}

func TestFromOwedToPaid(t *testing.T) {
	o := newOffice(t, 10_000_000)
	ctx := t.Context()
	o.owe(servicetest.Mountain, 2_000_000, false)
	if v := o.owed(); len(v) != 1 || v[0].Amount != 2_000_000 || v[0].Ready || v[0].Payee() != payout.Hospital || strings.Contains(v[0].PersonName, "晚舟") || v[0].CaseNo == "" {
		t.Errorf("owed %+v", v)
	}
	_, err := o.s.MakeRun(ctx, o.maker, paying.NewRun{Fund: o.fund.ID}, "")
	refused(t, err, "payout.something_owed")
	o.account(servicetest.Mountain)
	run := o.run()
	if len(o.owed()) != 0 {
		t.Error("what stands in a run is still offered")
	}
	_, err = o.s.DecideRun(ctx, o.maker, paying.Decision{ID: run, Approve: true, Version: o.Version(run)}, "")
	refused(t, err, "payout.four_eyes")
	_, err = o.s.BankFile(ctx, o.maker, run, "csv")
	refused(t, err, "payout.run_order")
	o.pay(run)
	o.want(0, 2_000_000)
	l := o.lines(run)[0]
	if l.State != payout.LinePaid || l.Voucher() == "" || l.Number != "" || l.Last4 != "5702" {
		t.Errorf("line %+v", l)
	}
	if _, err := o.s.Receive(ctx, o.Finance(servicetest.Mountain), paying.Received{Line: l.ID, No: "HD-77", Version: o.Version(l.ID)}, ""); err != nil {
		t.Error(err)
	}
	if _, err := o.s.Receive(ctx, o.Finance(servicetest.MountainTwo), paying.Received{Line: l.ID, No: "HD-78", Version: o.Version(l.ID)}, ""); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital marked the receipt: %v", err)
	}
	if got := o.lines(run)[0]; got.ReceiptNo != "HD-77" {
		t.Errorf("receipt %q", got.ReceiptNo)
	}
}

func TestTheBankFileIsTheSameTwiceAndSafe(t *testing.T) {
	o := newOffice(t, 10_000_000)
	ctx := t.Context()
	o.owe(servicetest.Mountain, 1_234_567, false)
	o.owe(servicetest.Mountain, 100, false)
	a, err := o.s.ProposeAccount(ctx, o.maker, paying.AccountInput{Hospital: o.ID(servicetest.Mountain), Account: payout.Account{Holder: "=cmd()", Bank: "农商银行", Number: number}}, "")
	o.ok(err)
	_, err = o.s.DecideAccount(ctx, o.maker, paying.Decision{ID: a.ID, Approve: true, Version: o.Version(a.ID)}, "")
	refused(t, err, "payout.four_eyes")
	_, err = o.s.DecideAccount(ctx, o.second, paying.Decision{ID: a.ID, Approve: true, Version: o.Version(a.ID)}, "")
	o.ok(err)
	run := o.run()
	o.toBank(run)
	for _, format := range []string{"csv", "xlsx"} {
		one, err := o.s.BankFile(ctx, o.maker, run, format)
		o.ok(err)
		o.account(servicetest.Mountain) // another account changes nothing in the run
		two, err := o.s.BankFile(ctx, o.second, run, format)
		o.ok(err)
		if !bytes.Equal(one.Body, two.Body) || one.Digest != two.Digest {
			t.Errorf("%s: two files differ", format)
		}
		if text := string(one.Body); format == "csv" && (!strings.HasPrefix(text, "\ufeff序号,收款户名,收款账号,开户行,金额,用途/附言\r\n") || !strings.Contains(text, "'=cmd()") ||
			!strings.Contains(text, number) || !strings.Contains(text, "12346.67")) {
			t.Errorf("file\n%s", text)
		}
	}
	if _, err := o.s.BankFile(ctx, o.Approver(), run, "csv"); !errs.Is(err, errs.Forbidden) {
		t.Errorf("who approves reductions took the file: %v", err)
	}
	if n := o.Count(`select count(*) from audit_event where action = 'payout.file' and outcome = 'ok'`); n != 5 {
		t.Errorf("%d downloads are on record", n)
	}
	if n := o.Count(`select count(*) from pay_line where encode(number_sealed, 'escape') like '%6222021001116245702%' or holder like '%6222%'`); n != 0 {
		t.Error("a number lies open")
	}
}

func TestAReturnedPaymentIsOwedAgain(t *testing.T) {
	o := newOffice(t, 10_000_000)
	ctx := t.Context()
	o.account(servicetest.Mountain)
	id := o.owe(servicetest.Mountain, 2_000_000, false)
	run := o.run()
	o.pay(run)
	l := o.lines(run)[0]
	if _, err := o.s.ReturnLine(ctx, o.maker, paying.Return{Line: l.ID, Version: l.Version}, ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("returned without a reason: %v", err)
	}
	if _, err := o.s.ReturnLine(ctx, o.maker, paying.Return{Line: l.ID, Reason: "户名不符"}, ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("returned without saying on which picture of the payment: %v", err)
	}
	_, err := o.s.Receive(ctx, o.maker, paying.Received{Line: l.ID, No: "H-1", Version: l.Version}, "")
	o.ok(err)
	if _, err := o.s.ReturnLine(ctx, o.maker, paying.Return{Line: l.ID, Reason: "户名不符", Version: l.Version}, ""); !errs.Is(err, errs.Stale) {
		t.Errorf("returned by a page from before the receipt: %v", err)
	}
	_, err = o.s.ReturnLine(ctx, o.maker, paying.Return{Line: l.ID, Reason: "户名不符", Version: o.Version(l.ID)}, "")
	o.ok(err)
	o.want(2_000_000, 0)
	_, err = o.s.ReturnLine(ctx, o.maker, paying.Return{Line: l.ID, Reason: "户名不符", Version: o.Version(l.ID)}, "")
	refused(t, err, "payout.return_paid")
	if v := o.owed(); len(v) != 1 || v[0].ID != id {
		t.Errorf("owed %+v", v)
	}
	o.pay(o.run())
	o.want(0, 2_000_000)
}

func TestALateApprovalIsPaidToThePatientsCard(t *testing.T) {
	o := newOffice(t, 10_000_000)
	ctx := t.Context()
	o.account(servicetest.Mountain)
	id := o.owe(servicetest.Mountain, 300_000, true)
	if v := o.owed(); v[0].Payee() != payout.Person || v[0].Ready {
		t.Errorf("owed %+v", v)
	}
	card := paying.CardInput{Payable: id, Card: payout.Card{Account: payout.Account{Holder: "禾小舟", Bank: "邮储银行", Number: "6222 0210 0111 6245 703"}, Relation: "child"}}
	if _, err := o.s.SaveCard(ctx, o.Finance(servicetest.Mountain), card, ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("a relative's card without a reason: %v", err)
	}
	card.Note = "患者无卡，已签委托书"
	saved, err := o.s.SaveCard(ctx, o.Finance(servicetest.Mountain), card, "")
	o.ok(err)
	if !saved.Odd {
		t.Error("a number with a wrong check digit raised no warning")
	}
	if _, err := o.s.SaveCard(ctx, o.Finance(servicetest.MountainTwo), card, ""); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital entered a card: %v", err)
	}
	if _, err := o.s.SaveCard(ctx, o.Registrar(servicetest.Mountain), card, ""); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the registrar entered a card: %v", err)
	}
	run := o.run()
	o.pay(run)
	if l := o.lines(run)[0]; l.Payee != payout.Person || l.Holder != "禾小舟" || l.Last4 != "5703" {
		t.Errorf("line %+v", l)
	}
	o.want(0, 300_000)
}

func TestMoneyComesBackAfterAFinding(t *testing.T) {
	o := newOffice(t, 10_000_000)
	ctx := t.Context()
	o.account(servicetest.Mountain)
	id := o.owe(servicetest.Mountain, 1_000_000, false)
	o.pay(o.run())
	find := paying.Finding{Payable: id, Debtor: payout.Hospital, Source: "audit", Reason: "多报耗材", Amount: 1_000_001}
	if _, err := o.s.OpenRecovery(ctx, o.maker, find, ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("more than was paid is asked back: %v", err)
	}
	find.Amount = 400_000
	v, err := o.s.OpenRecovery(ctx, o.maker, find, "")
	o.ok(err)
	if find.Amount = 600_001; true {
		if _, err := o.s.OpenRecovery(ctx, o.maker, find, ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("two findings ask back more than was paid: %v", err)
		}
	}
	available := o.balances().Available
	if state, err := o.s.Refunded(ctx, o.maker, paying.Refund{Recovery: v, Amount: 100_000, Reference: "T-1", Version: o.Version(v)}, ""); err != nil || state != payout.RecoveryPartly {
		t.Errorf("%s %v", state, err)
	}
	if b := o.balances(); b.Available != available+100_000 || b.Paid != 900_000 {
		t.Errorf("after the refund %+v", b)
	}
	o.owe(servicetest.Mountain, 200_000, false) // the rest is kept from what is owed next
	run := o.run()
	if l := o.lines(run)[0]; l.Offset != 200_000 || l.Recovery != v {
		t.Errorf("kept back %+v", l)
	}
	_, err = o.s.WriteOff(ctx, o.maker, paying.WriteOff{Recovery: v, Reason: "无法追回", Version: o.Version(v)}, "")
	refused(t, err, "payout.write_off_unplanned")
	o.pay(run)
	o.want(0, 900_000) // 200 000 paid and 200 000 recovered
	l := o.lines(run)[0]
	_, err = o.s.ReturnLine(ctx, o.maker, paying.Return{Line: l.ID, Reason: "账户冻结", Version: l.Version}, "")
	o.ok(err)
	o.want(200_000, 900_000)
	got, err := o.s.RecoveryOf(ctx, o.maker, v)
	o.ok(err)
	if got.Recovered != 100_000 || got.State != payout.RecoveryPartly || len(got.Receipts) != 2 {
		t.Errorf("recovery %+v", got.Recovery)
	}
	_, err = o.s.WriteOff(ctx, o.maker, paying.WriteOff{Recovery: v, Reason: "无法追回", Version: o.Version(v)}, "")
	o.ok(err)
	_, err = o.s.WriteOff(ctx, o.maker, paying.WriteOff{Recovery: v, Confirm: true, Version: o.Version(v)}, "")
	refused(t, err, "payout.four_eyes")
	if state, err := o.s.WriteOff(ctx, o.second, paying.WriteOff{Recovery: v, Confirm: true, Version: o.Version(v)}, ""); err != nil || state != payout.RecoveryWrittenOff {
		t.Errorf("%s %v", state, err)
	}
}

func TestAStewardOfAnotherFundSeesNothing(t *testing.T) {
	o := newOffice(t, 10_000_000)
	ctx := t.Context()
	o.account(servicetest.Mountain)
	id := o.owe(servicetest.Mountain, 1_000_000, false)
	other := o.Fund(1_000_000)
	mine, theirs := o.Steward(o.fund.ID), o.Steward(other.ID)
	for who, want := range map[*user.Principal]int{&mine: 1, &theirs: 0} {
		for _, f := range []paying.PayableFilter{{}, {Fund: o.fund.ID}} {
			if v, err := o.s.Payables(ctx, *who, f, page.Request{}); err != nil || len(v.Rows) != want || len(v.Sums) != want {
				t.Errorf("%s sees %d payables (%v)", who.Username, len(v.Rows), err)
			}
		}
	}
	run := o.run()
	o.pay(run)
	v, err := o.s.OpenRecovery(ctx, o.maker, paying.Finding{Payable: id, Debtor: payout.Hospital, Source: "audit", Reason: "x", Amount: 1}, "")
	o.ok(err)
	for who, want := range map[*user.Principal]int{&mine: 1, &theirs: 0} {
		runs, err := o.s.Runs(ctx, *who, page.Request{})
		o.ok(err)
		found, err := o.s.Recoveries(ctx, *who, page.Request{})
		o.ok(err)
		if len(runs.Rows) != want || len(found.Rows) != want {
			t.Errorf("%s sees %d runs and %d recoveries", who.Username, len(runs.Rows), len(found.Rows))
		}
		for name, err := range map[string]error{
			"payable":  second(o.s.Payable(ctx, *who, id)),
			"run":      second(o.s.RunOf(ctx, *who, run)),
			"recovery": second(o.s.RecoveryOf(ctx, *who, v)),
		} {
			if (want == 1) != (err == nil) || want == 0 && !errs.Is(err, errs.NotFound) {
				t.Errorf("%s opens the %s: %v", who.Username, name, err)
			}
		}
		if _, err := o.s.MakeRun(ctx, *who, paying.NewRun{Fund: o.fund.ID}, ""); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a steward made a run: %v", err)
		}
	}
}

func TestAStewardOfTwoFundsSeesBoth(t *testing.T) {
	o := newOffice(t, 10_000_000)
	first, next, theirs := o.fund, o.Fund(10_000_000), o.Fund(10_000_000)
	o.account(servicetest.Mountain)
	for _, o.fund = range []store.Fund{first, next, theirs} {
		o.owe(servicetest.Mountain, 1_000_000, false)
		o.pay(o.run())
		o.owe(servicetest.Mountain, 2_000_000, false)
	}
	both := o.Steward(first.ID, next.ID)
	for _, x := range []struct {
		what string
		f    paying.PayableFilter
		want int
	}{
		{"everything", paying.PayableFilter{}, 2},
		{"the first fund", paying.PayableFilter{Fund: first.ID}, 1},
		{"the second fund", paying.PayableFilter{Fund: next.ID}, 1},
		{"another fund", paying.PayableFilter{Fund: theirs.ID}, 0},
		{"one hospital", paying.PayableFilter{Hospital: o.ID(servicetest.Mountain)}, 2},
		{"another hospital", paying.PayableFilter{Hospital: o.ID(servicetest.MountainTwo)}, 0},
	} {
		owed, err := o.s.Payables(t.Context(), both, x.f, page.Request{})
		o.ok(err)
		paid, err := o.s.Payments(t.Context(), both, x.f, page.Request{})
		o.ok(err)
		if len(owed.Rows) != x.want || len(owed.Sums) != x.want || len(paid.Rows) != x.want {
			t.Errorf("%s: %d payables in %d sums and %d payments, want %d", x.what, len(owed.Rows), len(owed.Sums), len(paid.Rows), x.want)
		}
	}
	// The filter itself, for somebody whom row security lets see all three.
	o.Do(o.System(), func(tx *store.Tx) error {
		for _, hospital := range []ident.ID{ident.Nil, o.ID(servicetest.Mountain)} {
			f := store.PayableFilter{Funds: []ident.ID{first.ID, next.ID}, Hospital: hospital}
			sums, err := tx.SumPayables(f)
			o.ok(err)
			var seen []ident.ID
			for req := (page.Request{Size: 1}); ; {
				paid, err := tx.PaidLines(f, req)
				o.ok(err)
				for _, l := range paid.Rows {
					seen = append(seen, l.Fund)
				}
				if req.After = paid.Next; req.After == "" {
					break
				}
			}
			if len(sums) != 2 || !slices.Equal(seen, []ident.ID{next.ID, first.ID}) {
				t.Errorf("at %s: %d sums, payments of %v", hospital, len(sums), seen)
			}
		}
		return nil
	})
}

// Who enters accounts for a whole partnership enters none of a hospital of another one.
func TestAnAccountIsOfAHospitalOfThePartnership(t *testing.T) {
	o := newOffice(t, 10_000_000)
	for _, hospital := range []ident.ID{o.Other.ID(servicetest.Mountain), ident.New()} {
		in := paying.AccountInput{Hospital: hospital, Account: payout.Account{Holder: "山前县中医院", Bank: "山前农商银行", Number: number}}
		if _, err := o.s.ProposeAccount(t.Context(), o.maker, in, ""); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("hospital") {
			t.Errorf("%v, want a note at the hospital", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Two runs made at once never hold the same payable.
func TestTwoRunsAtOnceShareNothing(t *testing.T) {
	o := newOffice(t, 10_000_000)
	o.account(servicetest.Mountain)
	for range 6 {
		o.owe(servicetest.Mountain, 100_000, false)
	}
	for range 5 {
		var wg sync.WaitGroup
		runs := make([]ident.ID, 4)
		for i := range runs {
			who := o.maker
			if i%2 == 1 {
				who = o.second
			}
			wg.Go(func() {
				m, err := o.s.MakeRun(t.Context(), who, paying.NewRun{Fund: o.fund.ID}, ident.Token())
				if err != nil && errs.Of(err).Rule != "payout.something_owed" {
					t.Error(err)
				}
				runs[i] = m.Run
			})
		}
		wg.Wait()
		if n := o.Count(`select count(*) from pay_line where state = 'live'`); n != 6 {
			t.Errorf("%d live lines for 6 payables", n)
		}
		for _, r := range runs {
			if r != ident.Nil {
				_, err := o.s.DecideRun(t.Context(), o.maker, paying.Decision{ID: r, Opinion: "重编", Version: o.Version(r)}, "")
				o.ok(err)
			}
		}
	}
	if len(o.owed()) != 6 {
		t.Error("a cancelled run did not give back what it held")
	}
}

// past runs one statement as the application's role and gives its error.
func (o *office) past(query string, args ...any) error {
	o.T.Helper()
	db := pgtest.Open(o.T, o.Database.AppDSN)
	tx, err := db.Begin()
	o.ok(err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.Exec(`select begin_scope($1, $2, null, '{}', true)`, o.Partnership.ID, ident.New())
	o.ok(err)
	_, err = tx.Exec(query, args...)
	return err
}

func constraint(t *testing.T, err error, code, name string) {
	t.Helper()
	e, ok := errors.AsType[*pq.Error](err)
	if !ok || string(e.Code) != code || name != "" && e.Constraint != name {
		t.Errorf("want %s of %s, got %v", code, name, err)
	}
}

// The application's role, past all code, cannot pay twice, pay what is not owed,
// take a paid settlement back, or change what was paid.
func TestTheDatabaseLetsNothingBePaidTwice(t *testing.T) {
	o := newOffice(t, 10_000_000)
	o.account(servicetest.Mountain)
	id := o.owe(servicetest.Mountain, 100_000, false)
	run := o.run()
	const again = `insert into pay_line (partnership_id, id, run_id, line_no, payable_id, fund_id, treatment_id, hospital_id, visible_to, payee, holder, bank, number_sealed, number_last4,
		purpose, amount_fen, state, pay_transfer_id, created_at, created_by) select partnership_id, $2, run_id, 9, $3, fund_id, treatment_id, hospital_id, visible_to, payee, holder, bank, number_sealed,
		number_last4, purpose, amount_fen, state, pay_transfer_id, created_at, created_by from pay_line where partnership_id = $1 and payable_id = $4`
	constraint(t, o.past(again, o.Partnership.ID, ident.New(), id, id), "23505", "pay_line_once")
	var deposit ident.ID
	super := pgtest.Open(t, o.Database.SuperDSN)
	o.ok(super.QueryRow(`select id from ledger_transfer where kind = 'deposit' and fund_id = $1`, o.fund.ID).Scan(&deposit))
	constraint(t, o.past(again, o.Partnership.ID, ident.New(), deposit, id), "23514", "pay_line_owed")
	held := o.owe(servicetest.Mountain, 100_000-more, false) // the hold was of as much as the line pays, the settlement was not
	constraint(t, o.past(again, o.Partnership.ID, ident.New(), held, id), "23514", "pay_line_amount")
	const reverse = `insert into ledger_transfer (partnership_id, id, fund_id, kind, reverses_id, effective_on, posted_at, posted_by) values ($1, $2, $3, 'reversal', $4, '2026-11-24', now(), $2)`
	constraint(t, o.past(reverse, o.Partnership.ID, ident.New(), o.fund.ID, id), "23514", "ledger_transfer_unpaid")
	o.pay(run)
	constraint(t, o.past(again, o.Partnership.ID, ident.New(), id, id), "23505", "pay_line_once")
	for _, query := range []string{`update pay_line set amount_fen = 1 where partnership_id = $1`, `update pay_line set payable_id = id where partnership_id = $1`,
		`delete from pay_line where partnership_id = $1`, `update pay_run set amount_fen = 1 where partnership_id = $1`, `update recovery_receipt set amount_fen = 1 where partnership_id = $1`,
		`update hospital_account set number_last4 = '0000' where partnership_id = $1`} {
		constraint(t, o.past(query, o.Partnership.ID), "42501", "")
	}
	constraint(t, o.past(`update pay_run set decided_by = created_by where partnership_id = $1`, o.Partnership.ID), "23514", "pay_run_two_persons")
}

// The nightly check finds a payment of another amount than was owed.
func TestTheNightlyCheckComparesWhatIsPaidWithWhatWasOwed(t *testing.T) {
	o := newOffice(t, 10_000_000)
	o.account(servicetest.Mountain)
	id := o.owe(servicetest.Mountain, 100_000, false)
	o.pay(o.run())
	found := func() (out []store.LedgerFault) {
		o.Do(o.System(), func(tx *store.Tx) error {
			faults, err := tx.CheckLedger()
			for _, f := range faults {
				if f.Fault == store.FaultPayments && f.Kind == "amount" {
					out = append(out, f)
				}
			}
			return err
		})
		return out
	}
	if got := found(); len(got) != 0 {
		t.Errorf("nothing is wrong: %+v", got)
	}
	_, err := pgtest.Open(t, o.Database.SuperDSN).Exec(`begin; set local session_replication_role = replica; update pay_line set amount_fen = amount_fen + 1; commit`)
	o.ok(err)
	if got := found(); len(got) != 1 || got[0].Account != id || got[0].Balance != 100_001 || got[0].Entries != 100_000 {
		t.Errorf("a fen too much: %+v", got)
	}
}

// Whatever happens to payments, the books sum to zero, nothing is paid twice, and
// the fund's own figures move only when it commits or recovers.
func TestRandomHistoriesOfPaying(t *testing.T) {
	o := newOffice(t, 1_000_000_000)
	o.account(servicetest.Mountain)
	o.account(servicetest.MountainTwo)
	ctx := t.Context()
	super := pgtest.Open(t, o.Database.SuperDSN)
	var runs, findings []ident.ID
	committed, back := money.Fen(0), money.Fen(0)
	scaletest.Check(t, 8, func(t *rapid.T) {
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			before := o.balances()
			moves := false
			switch rapid.SampledFrom([]string{"owe", "owe", "run", "cancel", "pay", "pay", "return", "find", "refund"}).Draw(t, "step") {
			case "owe":
				amount := money.Fen(rapid.IntRange(1, 1000).Draw(t, "amount"))
				o.owe(rapid.SampledFrom([]servicetest.Place{servicetest.Mountain, servicetest.MountainTwo}).Draw(t, "at"), amount, false)
				committed, moves = committed+amount, true
			case "run":
				if m, err := o.s.MakeRun(ctx, o.maker, paying.NewRun{Fund: o.fund.ID}, ""); err == nil {
					runs = append(runs, m.Run)
				}
			case "cancel":
				if len(runs) > 0 {
					_, _ = o.s.DecideRun(ctx, o.second, paying.Decision{ID: rapid.SampledFrom(runs).Draw(t, "run"), Opinion: "重编", Version: o.Version(rapid.SampledFrom(runs).Draw(t, "run"))}, "")
				}
			case "pay":
				if len(runs) > 0 {
					run := runs[len(runs)-1]
					_, _ = o.s.DecideRun(ctx, o.second, paying.Decision{ID: run, Approve: true, Version: o.Version(run)}, "")
					_, _ = o.s.BankFile(ctx, o.maker, run, "csv")
					_, _ = o.s.PayRun(ctx, o.maker, paying.Payment{Run: run, On: o.Today(), Ref: "B", Version: o.Version(run)}, "")
					moves = true // what is kept back comes back
				}
			case "return":
				if len(runs) > 0 {
					if list := o.lines(rapid.SampledFrom(runs).Draw(t, "run")); len(list) > 0 {
						l := rapid.SampledFrom(list).Draw(t, "line")
						_, _ = o.s.ReturnLine(ctx, o.maker, paying.Return{Line: l.ID, Reason: "户名不符", Version: l.Version}, "")
						moves = true
					}
				}
			case "find":
				var paid ident.ID
				if super.QueryRow(`select payable_id from pay_line where state = 'paid' order by id desc limit 1`).Scan(&paid) == nil {
					if v, err := o.s.OpenRecovery(ctx, o.maker, paying.Finding{Payable: paid, Debtor: payout.Hospital, Source: "audit", Reason: "x", Amount: 1}, ""); err == nil {
						findings = append(findings, v)
					}
				}
			case "refund":
				if len(findings) > 0 {
					_, _ = o.s.Refunded(ctx, o.maker, paying.Refund{Recovery: rapid.SampledFrom(findings).Draw(t, "finding"), Amount: 1, Reference: "T", Version: o.Version(rapid.SampledFrom(findings).Draw(t, "finding"))}, "")
					moves = true
				}
			}
			after := o.balances()
			if !moves && (after.Available != before.Available || after.Spent() != before.Spent() || after.Received() != before.Received()) {
				t.Fatalf("the fund's figures moved: %+v, %+v", before, after)
			}
			o.ok(super.QueryRow(`select coalesce(sum(c.amount_fen), 0)::bigint from recovery_receipt c where not exists (select 1 from ledger_transfer z where z.reverses_id = c.transfer_id)`).Scan(&back))
			if after.Spent() != committed-back || after.Available != after.Received()-after.Spent()-after.Reserved {
				t.Fatalf("spent %s of committed %s, back %s", after.Spent(), committed, back)
			}
			twice(t, super)
		}
	})
}

func twice(t *rapid.T, db *sql.DB) {
	var n int
	if err := db.QueryRow(`select count(*) from (select p.id from ledger_transfer p join ledger_entry e on e.transfer_id = p.id and e.amount_fen > 0 join pay_line l on l.pay_transfer_id = p.id
		where p.kind = 'pay' and not exists (select 1 from ledger_transfer r where r.reverses_id = p.id) group by l.payable_id, p.id having count(*) > 1
		union all select l.payable_id from pay_line l where l.state in ('live', 'paid') group by l.payable_id having count(*) > 1) x`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		t.Fatalf("%d payables are paid twice", n)
	}
}
