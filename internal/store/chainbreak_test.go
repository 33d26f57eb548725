package store_test

import (
	"context"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// A log that could not be read to its end is not called whole, nor is a fault
// that was not looked at closely called by another name: at whichever question the
// connection breaks, following the chains says that it broke.
func TestALogThatCannotBeReadToItsEndIsNotCalledWhole(t *testing.T) {
	const chainOfLast = `(organisation_id, lane) = (select organisation_id, lane from audit_head where seq > 3 order by organisation_id desc, lane desc limit 1)`
	const chainOfFirst = `(organisation_id, lane) = (select organisation_id, lane from audit_head where seq > 3 order by organisation_id, lane limit 1)`
	for name, damage := range map[string][]string{
		"whole":                            nil,
		"a link is gone":                   {`delete from audit_link where seq = 2 and ` + chainOfFirst},
		"an event is gone":                 {`delete from audit_event where id = (select event_id from audit_link where seq = 2 and ` + chainOfFirst + `)`},
		"the first chain is cut off":       {`delete from audit_link where seq > 2 and ` + chainOfFirst},
		"the last chain is cut off":        {`delete from audit_link where seq > 2 and ` + chainOfLast},
		"nothing is left of the last one":  {`delete from audit_link where ` + chainOfLast},
		"nothing is left of the first one": {`delete from audit_link where ` + chainOfFirst},
		"a head was moved back":            {`update audit_head set seq = seq - 1, hash = (select l.hash from audit_link l where l.organisation_id = audit_head.organisation_id and l.lane = audit_head.lane and l.seq = audit_head.seq - 1) where ` + chainOfLast},
	} {
		t.Run(name, func(t *testing.T) {
			l := acts(t)
			err := l.db.InTx(t.Context(), l.who, func(tx *store.Tx) error { tx.NoAudit("test"); return tx.InsertAnchor(ident.New(), l.anchor) })
			if err != nil {
				t.Fatal(err)
			}
			l.hack(damage...)
			whole := l.follow()
			if (whole.Fault == nil) != (damage == nil) {
				t.Fatalf("%+v", whole.Fault)
			}
			for n := 1; ; n++ {
				report, broke, err := followUntil(l, n)
				if !broke {
					if err != nil {
						t.Errorf("unbroken: %v", err)
					}
					if n < 4 {
						t.Errorf("only %d questions were asked", n-1)
					}
					return
				}
				if err == nil {
					t.Errorf("broken at question %d: %+v", n, report)
				}
			}
		})
	}
}

// followUntil follows the chains of a log until the connection breaks at the nth
// question; it reports whether there was one.
func followUntil(l *ledgerOfActs, n int) (r store.ChainReport, broke bool, err error) {
	ctx, cancel := context.WithCancel(l.Context())
	defer cancel()
	store.Observe(l.db, func(string, []any) {
		if n--; n == 0 {
			broke = true
			cancel()
		}
	})
	defer store.Observe(l.db, nil)
	_ = l.db.InTx(ctx, l.who, func(tx *store.Tx) error {
		tx.NoAudit("test")
		r, err = tx.FollowChains(nil)
		return err
	})
	return r, broke, err
}

// The check of the log says the same as the report: the error names the fault, and
// a log that cannot be read is an error as well.
func TestVerifyingTheLogNamesTheFault(t *testing.T) {
	l := acts(t)
	verify := func(ctx context.Context) (err error) {
		_ = l.db.InTx(ctx, l.who, func(tx *store.Tx) error {
			tx.NoAudit("test")
			err = tx.VerifyChain()
			return err
		})
		return err
	}
	if err := verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	store.Observe(l.db, func(string, []any) { cancel() })
	if err := verify(ctx); err == nil {
		t.Error("a log that nobody read is called whole")
	}
	store.Observe(l.db, nil)
	l.hack(`update audit_event set reason = 'another' where id = (select event_id from audit_link order by organisation_id, lane, seq limit 1)`)
	if err := verify(t.Context()); !errs.Is(err, errs.Precondition) || errs.Of(err).Key != "error.audit.chain" {
		t.Errorf("a changed event: %v", err)
	}
}

// What cannot be written down is not done: an act whose detail no JSON can hold, or
// which nobody will be able to read, takes its transaction with it.
func TestAnActThatCannotBeRecordedIsNotDone(t *testing.T) {
	db, test, _ := open(t)
	who := user.NewSystem("test")
	for name, e := range map[string]audit.Event{
		"a detail that is no JSON":         {Action: audit.FundOpen, ObjectKind: audit.ObjectFund, Detail: map[string]any{"x": make(chan int)}},
		"an action outside the vocabulary": {Action: "fund.borrow", ObjectKind: audit.ObjectFund},
		"personal data in the detail":      {Action: audit.FundOpen, ObjectKind: audit.ObjectFund, Detail: map[string]any{"phone": "13900000000"}},
		"an object outside the vocabulary": {Action: audit.FundOpen, ObjectKind: "purse"},
	} {
		for kind, record := range map[string]func(*store.Tx, audit.Event){"done": (*store.Tx).Audit, "read": (*store.Tx).AuditRead} {
			if err := db.InTx(t.Context(), who, func(tx *store.Tx) error { record(tx, e); return nil }); err == nil {
				t.Errorf("%s, %s: committed", name, kind)
			}
		}
	}
	if n := column(t, pgtest.Open(t, test.SuperDSN), `select count(*)::text from audit_event`)[0]; n != "0" {
		t.Errorf("%s events stand in the log", n)
	}
}

// Reads are linked all or not at all: wherever the sealer is stopped, no link
// stands without its head and no event is linked twice.
func TestASealerThatIsStoppedLinksNothing(t *testing.T) {
	db, test, _ := open(t)
	test.Discard()
	super := pgtest.Open(t, test.SuperDSN)
	who := user.NewSystem("test")
	for range 5 {
		if err := db.InTx(t.Context(), who, func(tx *store.Tx) error { tx.AuditRead(event()); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	links := func() string { return column(t, super, `select count(*)::text from audit_link`)[0] }
	seal := func() (n int, err error) {
		err = db.InTx(t.Context(), who, func(tx *store.Tx) error { n, err = tx.SealReads(); return err })
		return n, err
	}
	for name, rights := range map[string]string{"reading what waits": "select on audit_pending", "holding the heads": "insert on audit_head",
		"writing the links": "insert on audit_link", "moving the heads": "update (hash) on audit_head", "clearing what waited": "delete on audit_pending"} {
		for _, q := range []string{`revoke update on audit_head from shanhai_app`, `grant update (seq, hash) on audit_head to shanhai_app`, `revoke ` + rights + ` from shanhai_app`} {
			if _, err := super.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := seal(); err == nil || links() != "0" {
			t.Errorf("%s: %d, %v, %s links", name, n, err, links())
		}
		if _, err := super.Exec(`grant ` + rights + ` to shanhai_app`); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := seal(); err != nil || n != 5 || links() != "5" {
		t.Errorf("afterwards: %d, %v, %s links", n, err, links())
	}
	if n, err := seal(); err != nil || n != 0 {
		t.Errorf("nothing waits: %d, %v", n, err)
	}
	var report store.ChainReport
	err := db.InTx(t.Context(), who, func(tx *store.Tx) (err error) { tx.NoAudit("test"); report, err = tx.FollowChains(nil); return err })
	if err != nil || report.Fault != nil || report.Rows != 5 {
		t.Errorf("%+v, %v", report, err)
	}
}

// A head says where its chain ended. One that names another end, alone or against
// an anchor of the same place, is a fault of the log.
func TestAHeadThatNamesAnotherEndIsAFault(t *testing.T) {
	l := acts(t)
	latest := l.sign()
	if r := l.follow(latest); r.Fault != nil || r.Anchors != 1 {
		t.Fatalf("%+v", r)
	}
	l.hack(`update audit_head set hash = sha256('x') where (organisation_id, lane) = (select organisation_id, lane from audit_head where seq > 3 order by 1, 2 limit 1)`)
	for name, f := range map[string]*store.ChainFault{"alone": l.follow().Fault, "against an anchor": l.follow(latest).Fault} {
		if f == nil || f.What != "audit.chain.broken" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
