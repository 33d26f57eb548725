package inspection_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// office is a world with a fund that has paid.
type office struct {
	*servicetest.World
	s     *inspection.Service
	money *funding.Service
	fund  store.Fund
}

func newOffice(t *testing.T) *office {
	w := servicetest.New(t)
	o := &office{w, inspection.New(inspection.Deps{DB: w.DB, Policy: w.Policy}), funding.New(funding.Deps{DB: w.DB, Policy: w.Policy}), w.Fund(50_000_000)}
	o.pay()
	return o
}

// pay is one treatment from the application to the settlement.
func (o *office) pay() ident.ID {
	o.T.Helper()
	ctx, finance := o.T.Context(), o.Finance(servicetest.Mountain)
	t := o.Eligible(servicetest.Mountain)
	asked, err := o.money.Request(ctx, finance, funding.Request{Treatment: t.ID, Bill: 6_000_000, Basic: 2_000_000,
		Funds: []fee.FundLine{{Fund: o.fund.ID, Amount: 1_000_000}}, Reason: "低保对象，无力承担"}, ident.Token())
	if err != nil {
		o.T.Fatal(err)
	}
	if _, err := o.money.Decide(ctx, o.Approver(), funding.Decision{Approval: asked.Approval, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: o.Version(asked.Approval)}, ident.Token()); err != nil {
		o.T.Fatal(err)
	}
	o.Advance(t, treatment.Admit, treatment.LogOperation, treatment.Discharge)
	in := funding.Settle{Treatment: t.ID, Settlement: fee.Settlement{Bill: 6_000_000, Basic: 2_000_000, Funds: []fee.FundLine{{Fund: o.fund.ID, Amount: 1_000_000}}}.WithNet()}
	settled, err := o.money.Settle(ctx, finance, in, ident.Token())
	if err != nil {
		o.T.Fatal(err)
	}
	return settled.Settlement
}

func (o *office) order() inspection.Order {
	return inspection.Order{Fund: o.fund.ID, From: clock.MustDate(2020, 1, 1), To: o.Today()}
}

func (o *office) make(who user.Principal) inspection.File {
	o.T.Helper()
	f, err := o.s.Make(o.T.Context(), who, o.order())
	if err != nil {
		o.T.Fatal(err)
	}
	return f
}

func (o *office) verify(raw []byte) (inspection.Report, error) {
	o.T.Helper()
	keys, err := o.DB.Keys().PublicKeys()
	if err != nil {
		o.T.Fatal(err)
	}
	return inspection.Verify(raw, keys)
}

func contents(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

func TestAPackageHoldsWhatAnAuditNeedsAndVerifies(t *testing.T) {
	o := newOffice(t)
	f := o.make(o.Auditor())
	r, err := o.verify(f.Bytes)
	if err != nil || r.Digest != f.Digest || r.Transfers != 3 || r.LogRows == 0 { // deposit, reserve, commit
		t.Fatalf("%+v: %v", r, err)
	}
	files := contents(t, f.Bytes)
	for name, wants := range map[string][]string{"ledger.csv": {"deposit", "reserve", "commit", "-1000000"}, "cases.csv": {"禾晚舟"}, "approvals.csv": {"approved,6000000"},
		"settlements.csv": {"settled", "6000000,2000000"}, "log.csv": {"approval.decide", "settlement.settle"}, "README.txt": {"截止点", "name and case number"}} {
		for _, want := range wants {
			if !strings.Contains(files[name], want) {
				t.Errorf("%s lacks %q:\n%s", name, want, files[name])
			}
		}
	}
	for name, text := range files {
		for _, personal := range []string{"低保对象，无力承担", "左膝骨关节炎", "临江村"} {
			if strings.Contains(text, personal) {
				t.Errorf("%s holds %q", name, personal)
			}
		}
	}
}

func TestASecondMakingAfterMoreWorkHasTheSameBytes(t *testing.T) {
	o := newOffice(t)
	auditor := o.Auditor()
	first := o.make(auditor)
	// Everything in it changes: the settlement is taken back, a treatment is paid, a name corrected.
	var settled ident.ID
	o.Do(o.System(), func(tx *store.Tx) error {
		list, err := tx.ListSettlements(store.SettlementFilter{}, page.Request{})
		settled = list.Rows[0].ID
		return err
	})
	if _, err := o.money.Reverse(t.Context(), o.Finance(servicetest.Mountain), funding.Reversal{Settlement: settled, Reason: "录错", Version: o.Version(settled)}, ident.Token()); err != nil {
		t.Fatal(err)
	}
	o.pay()
	super := pgtest.Open(t, o.Database.SuperDSN)
	for _, change := range []string{`update person set name = '改名后'`, `update account set display_name = display_name || '（改）'`, `update fund set name = '新名称'`} {
		if _, err := super.Exec(change); err != nil {
			t.Fatal(err)
		}
	}
	second, err := o.s.Download(t.Context(), auditor, first.Package)
	if err != nil {
		t.Fatal(err, errs.Of(err).Args)
	}
	if !bytes.Equal(first.Bytes, second.Bytes) || first.Name != second.Name {
		t.Errorf("the second making differs: %d and %d bytes, %s and %s", len(first.Bytes), len(second.Bytes), first.Digest, second.Digest)
	}
	if later := o.make(auditor); bytes.Equal(later.Bytes, first.Bytes) || !strings.Contains(contents(t, later.Bytes)["settlements.csv"], "reversed") {
		t.Error("a new package does not hold what happened since")
	}
}

func TestAChangedByteIsFoundAndNamed(t *testing.T) {
	o := newOffice(t)
	f := o.make(o.Auditor())
	z, err := zip.NewReader(bytes.NewReader(f.Bytes), int64(len(f.Bytes)))
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range z.File {
		at, err := member.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(f.Bytes)
		changed[at+int64(member.UncompressedSize64)/2] ^= 1
		_, err = o.verify(changed)
		if e := errs.Of(err); err == nil || fmt.Sprint(e.Args["file"]) != member.Name {
			t.Errorf("a byte of %s changed: %v %v", member.Name, err, e.Args)
		}
	}
	for at := range f.Bytes { // and wherever else a bit may flip
		if at%97 != 0 && at > 64 && at < len(f.Bytes)-1200 {
			continue
		}
		changed := bytes.Clone(f.Bytes)
		changed[at] ^= 4
		if _, err := o.verify(changed); err == nil {
			t.Fatalf("byte %d of %d changed and nobody noticed", at, len(f.Bytes))
		}
	}
	if _, err := o.verify(append(bytes.Clone(f.Bytes), 0)); err == nil {
		t.Error("an appended byte is not noticed")
	}
}

func TestTamperingWithLedgerOrLogStopsTheDownload(t *testing.T) {
	for table, c := range map[string]struct{ change, file string }{
		"ledger": {`begin; set local session_replication_role = replica; update ledger_entry set amount_fen = amount_fen * 2; commit`, "ledger.csv"},
		"log":    {`begin; set local session_replication_role = replica; update audit_event set reason = 'x' where action = 'settlement.settle'; commit`, "log.csv"},
	} {
		t.Run(table, func(t *testing.T) {
			o := newOffice(t)
			auditor := o.Auditor()
			f := o.make(auditor)
			if _, err := pgtest.Open(t, o.Database.SuperDSN).Exec(c.change); err != nil {
				t.Fatal(err)
			}
			_, err := o.s.Download(t.Context(), auditor, f.Package)
			if e := errs.Of(err); err == nil || e.Key != "error.package.changed" || e.Args["file"] != c.file {
				t.Errorf("%v %+v", err, errs.Of(err).Args)
			}
			if n := o.Count(`select count(*) from audit_event where action = 'package.download' and outcome = 'refused'`); n != 1 {
				t.Errorf("the discovery stands %d times in the log", n)
			}
		})
	}
}

func TestOnlyAuditorsMakePackagesAndOnlyOfTheirFunds(t *testing.T) {
	o := newOffice(t)
	other := o.Fund(0)
	narrow := o.FundAuditor(other.ID)
	for name, who := range map[string]user.Principal{"the office": o.Approver(), "a finance desk": o.Finance(servicetest.Mountain)} {
		if _, err := o.s.Make(t.Context(), who, o.order()); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := o.s.Make(t.Context(), narrow, o.order()); !errs.Is(err, errs.NotFound) {
		t.Errorf("an auditor of another fund: %v", err)
	}
	f := o.make(o.Auditor())
	if _, err := o.s.Download(t.Context(), narrow, f.Package); !errs.Is(err, errs.NotFound) {
		t.Errorf("an auditor of another fund downloads: %v", err)
	}
	if list, err := o.s.List(t.Context(), narrow, page.Request{}); err != nil || len(list.Rows) != 0 {
		t.Errorf("an auditor of another fund sees %d packages (%v)", len(list.Rows), err)
	}
	if list, err := o.s.List(t.Context(), o.Auditor(), page.Request{}); err != nil || len(list.Rows) != 1 || list.Rows[0].State != inspection.Ready {
		t.Errorf("the auditor's list: %+v (%v)", list.Rows, err)
	}
}

func TestAnOrderWithoutAPeriodNamesItsFields(t *testing.T) {
	o := newOffice(t)
	_, err := o.s.Make(t.Context(), o.Auditor(), inspection.Order{From: o.Today(), To: o.Today().AddDays(-1)})
	if e := errs.Of(err); e.Kind != errs.Invalid || len(e.Fields) != 2 {
		t.Errorf("%v %+v", err, e.Fields)
	}
}

func TestAPackageThatCouldNotBeMadeSaysSo(t *testing.T) {
	o := newOffice(t)
	id, err := o.s.Ask(t.Context(), o.Auditor(), o.order(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := o.s.Ask(t.Context(), o.Auditor(), o.order(), "k"); err != nil || again != id {
		t.Errorf("the same request makes another package: %s and %s (%v)", id, again, err)
	}
	o.Do(o.System(), func(tx *store.Tx) error { return tx.FinishJob(id, "error.internal") })
	list, err := o.s.List(t.Context(), o.Auditor(), page.Request{})
	if err != nil || len(list.Rows) != 1 || !list.Rows[0].Failed {
		t.Errorf("%+v %v", list.Rows, err)
	}
}

func TestAProofFindsWhatWasTamperedWithAndIsRecorded(t *testing.T) {
	o := newOffice(t)
	auditor := o.Auditor()
	if p, err := o.s.Prove(t.Context(), auditor); err != nil || !p.Sound() {
		t.Fatalf("%+v %v", p, err)
	}
	if _, err := o.s.Prove(t.Context(), o.Approver()); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the office proves its own log: %v", err)
	}
	if _, err := pgtest.Open(t, o.Database.SuperDSN).Exec(`begin; set local session_replication_role = replica;
		update audit_event set actor_name = 'x' where action = 'approval.decide'; update ledger_account set balance_fen = balance_fen + 1 where kind = 'available'; commit`); err != nil {
		t.Fatal(err)
	}
	p, err := o.s.Prove(t.Context(), auditor)
	if err != nil || p.Chain == nil || p.Accounts != 1 {
		t.Errorf("%+v %v", p, err)
	}
	if n := o.Count(`select count(*) from audit_event where action = 'audit.verify'`); n != 2 {
		t.Errorf("%d proofs on record", n)
	}
}
