package pricing_test

import (
	"sync"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// held locks rows in a transaction of its own, past all code, until the answer
// is called.
func (d *desk) held(query string, args ...any) (release func()) {
	d.T.Helper()
	tx, err := pgtest.Open(d.T, d.Database.SuperDSN).Begin()
	if err != nil {
		d.T.Fatal(err)
	}
	if _, err := tx.Exec(query, args...); err != nil {
		d.T.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

// waiting returns when so many transactions wait for a lock.
func (d *desk) waiting(n int) {
	d.T.Helper()
	db := pgtest.Open(d.T, d.Database.SuperDSN)
	for range 500 {
		var now int
		if err := db.QueryRow(`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&now); err != nil {
			d.T.Fatal(err)
		}
		if now >= n {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	d.T.Fatalf("fewer than %d wait for a lock", n)
}

// running does something at the side and says when it has ended.
func running(fn func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- fn() }()
	return done
}

// toSettle is a treatment with an estimate that waits for its settlement.
type toSettle struct {
	store.Treatment
	sum   fee.Settlement
	clerk user.Principal
}

func (d *desk) settling(c toSettle) <-chan error {
	return running(func() error {
		_, err := d.desk.Settle(d.T.Context(), c.clerk, funding.Settle{Treatment: c.ID, Settlement: c.sum.WithNet()}, ident.Token())
		return err
	})
}

func (d *desk) ready(p servicetest.Place, fen money.Fen) toSettle {
	d.T.Helper()
	tr := d.Eligible(p)
	in := d.ask(tr, bill(fen))
	c, err := d.s.Save(d.T.Context(), d.Registrar(p), in, pricing.Key{})
	if err != nil {
		d.T.Fatal(err)
	}
	tr = d.Advance(tr, treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	sum := c.Result.Sum
	sum.Funds, sum.Waiver = nil, 0
	return toSettle{tr, sum, d.Finance(p)}
}

// Two records of one person at two hospitals, merged, are settled at the same
// time: the second waits for the first, and the deductible is taken once.
func TestMergedRecordsAreSettledOneAfterTheOther(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	a := d.ready(here, 3_000_000)
	b := d.ready(servicetest.MountainTwo, 3_000_000)
	d.Merge(b.Person, a.Person)
	release := d.held(`select 1 from treatment where id = $1 for update`, a.ID)
	one := d.settling(a)
	d.waiting(1) // holds the year and waits for its treatment
	two := d.settling(b)
	select {
	case err := <-two:
		t.Errorf("the second did not wait for the year the first counts in: %v", err)
		two = running(func() error { return err })
	case <-time.After(400 * time.Millisecond):
	}
	release()
	for _, done := range []<-chan error{one, two} {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if got := d.year(a.Person)[fee.KindBasic].Threshold; got != 300_00 {
		t.Errorf("the deductible of 300 a year was taken as %s", got)
	}
}

// A settlement lands while an approval waits for the treatment: the approval
// then pays into a settled case, and holds the year as if it had been settled
// before.
func TestAnApprovalThatASettlementOvertakesHoldsTheYear(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	tr := d.ready(here, 3_000_000)
	asked := must[funding.Requested](d)(d.desk.Request(t.Context(), tr.clerk, funding.Request{Treatment: tr.ID, Bill: 3_000_000, Basic: 1_000_000,
		Funds: []fee.FundLine{{Fund: d.fund.ID, Amount: 50_000}}, Reason: "补办"}, ident.Token()))
	office := d.Approver()
	d.Do(d.System(), func(tx *store.Tx) error { return tx.LockYear(tr.Person, 2026) }) // so that there is a row to hold
	release := d.held(`select 1 from treatment where id = $1 for update`, tr.ID)
	settled := d.settling(tr)
	d.waiting(1)
	decided := running(func() error {
		_, err := d.desk.Decide(t.Context(), office, funding.Decision{Approval: asked.Approval, Decision: fund.DecideApprove, Opinion: "补办", Relation: fund.Unrelated, Version: d.Version(asked.Approval)}, ident.Token())
		return err
	})
	d.waiting(2)
	held := make(chan func(), 1)
	go func() {
		held <- d.held(`select 1 from person_year where person_id = $1 and kind = 'basic' for update`, tr.Person)
	}()
	d.waiting(3) // for the year, behind the settlement
	release()
	free := sync.OnceFunc(<-held)
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-decided:
		t.Errorf("it paid into a year somebody else holds: %v", err)
	case <-time.After(400 * time.Millisecond):
		free()
		if err := <-decided; err != nil {
			t.Error(err)
		}
	}
	free()
	if got := d.year(tr.Person)[fee.ReductionKind(tr.Programme)].Paid; got != 50_000 {
		t.Errorf("%s counted on the programme's cap", got)
	}
}
