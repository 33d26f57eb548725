package inspection_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// paidOut pays what the fund owes by a run and asks a part back.
func (o *office) paidOut() paying.RunView {
	o.T.Helper()
	ctx, maker, second := o.T.Context(), o.FundFinance(), o.SecondFundFinance()
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	o.ok(err)
	s := paying.New(paying.Deps{DB: o.DB, Policy: o.Policy, Say: cat.Printer(i18n.Chinese)})
	o.Do(o.System(), func(tx *store.Tx) error { return tx.SaveFundingRules(fund.SampleRules()) })
	a, err := s.ProposeAccount(ctx, maker, paying.AccountInput{Hospital: o.ID(servicetest.Mountain), Account: payout.Account{Holder: "山前县中医院", Bank: "山前农商银行", Number: "6222021001116245702"}}, "")
	o.ok(err)
	_, err = s.DecideAccount(ctx, second, paying.Decision{ID: a.ID, Approve: true, Version: o.Version(a.ID)}, "")
	o.ok(err)
	made, err := s.MakeRun(ctx, maker, paying.NewRun{Fund: o.fund.ID}, "")
	o.ok(err)
	_, err = s.DecideRun(ctx, second, paying.Decision{ID: made.Run, Approve: true, Version: o.Version(made.Run)}, "")
	o.ok(err)
	_, err = s.BankFile(ctx, maker, made.Run, "csv")
	o.ok(err)
	_, err = s.PayRun(ctx, maker, paying.Payment{Run: made.Run, On: o.Today(), Ref: "B-1", Version: o.Version(made.Run)}, "")
	o.ok(err)
	v, err := s.RunOf(ctx, maker, made.Run)
	o.ok(err)
	_, err = s.OpenRecovery(ctx, maker, paying.Finding{Payable: v.List[0].Payable, Debtor: payout.Hospital, Source: "audit", Reason: "多报耗材", Amount: 40_000}, "")
	o.ok(err)
	return v
}

func (o *office) ok(err error) {
	o.T.Helper()
	if err != nil {
		o.T.Fatal(err, errs.Of(err).Args)
	}
}

func TestAPackageHoldsPaymentsFindingsAndTheRulesInForce(t *testing.T) {
	o := newOffice(t)
	run := o.paidOut()
	auditor := o.Auditor()
	f := o.make(auditor)
	if _, err := o.verify(f.Bytes); err != nil {
		t.Fatal(err, errs.Of(err).Args)
	}
	files := contents(t, f.Bytes)
	for name, want := range map[string]string{"runs.csv": run.No, "payments.csv": "山前县中医院,山前农商银行,5702", "outcomes.csv": "paid", "recoveries.csv": "多报耗材,40000,0,open", "rules.csv": "funding_rule"} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s lacks %q:\n%s", name, want, files[name])
		}
		if strings.Contains(files[name], "6222021001116245702") {
			t.Errorf("%s holds a full number", name)
		}
	}
	super := pgtest.Open(t, o.Database.SuperDSN)
	if _, err := super.Exec(`update pay_line set receipt_no = 'HD-1', version = version + 1`); err != nil { // what may happen later changes nothing
		t.Fatal(err)
	}
	again, err := o.s.Download(t.Context(), auditor, f.Package)
	o.ok(err)
	if !bytes.Equal(again.Bytes, f.Bytes) {
		t.Error("the second making differs")
	}
	if _, err := super.Exec(`begin; set local session_replication_role = replica; update pay_line set amount_fen = amount_fen + 1; commit`); err != nil {
		t.Fatal(err)
	}
	_, err = o.s.Download(t.Context(), auditor, f.Package)
	if e := errs.Of(err); err == nil || e.Key != "error.package.changed" || e.Args["file"] != "payments.csv" {
		t.Errorf("%v %+v", err, errs.Of(err).Args)
	}
}

// A package that was made before payments stood in it still verifies, and is not
// taken for a new one that lacks files.
func TestAPackageOfTheFirstFormatStillVerifies(t *testing.T) {
	o := newOffice(t)
	o.paidOut()
	f := o.make(o.Auditor())
	var old []byte
	o.Do(o.System(), func(tx *store.Tx) (err error) {
		old, err = o.s.FirstFormat(tx, f.Package)
		return err
	})
	r, err := o.verify(old)
	if err != nil || r.Manifest.Format != 1 || len(r.Manifest.Files) != 8 {
		t.Errorf("%+v: %v %v", r.Manifest, err, errs.Of(err).Args)
	}
	if _, there := contents(t, old)["payments.csv"]; there {
		t.Error("the first format has no payments")
	}
}
