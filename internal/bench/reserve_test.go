package bench

import (
	"context"
	"fmt"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// each is what a reservation of the bench takes.
const each = money.Fen(100)

// reservations is the first half of P3: everybody reserves from one fund, each
// with its audit event in the chain of one office. The floor plays the same
// statements on the same hot rows. Then the same from a fund of eight lanes.
func reservations(w *world, r *report) {
	hot, split := w.pool("HOT", 1), w.pool("SPLIT", fund.MaxLanes)
	second := w.second()
	var scripts [clients][]script
	for i := range clients {
		for range samples {
			calls, err := w.scripts.record(func() error { return w.reserve(second, hot) })
			w.must(err)
			scripts[i] = append(scripts[i], compile(calls, nil, w.fixed))
		}
	}
	r.note("P3 statements of a reservation, begin and commit incl.", "%d", len(scripts[0][0].calls))
	raw := newBare(w.t, w.dsn, clients)
	var next [clients]int
	l := load{workers: clients, span: span, postmaster: w.pid}
	with := func(op func(int) error) load { l := l; l.op = op; return l }
	got := rounds(turns,
		with(func(int) error { return w.reserve(w.app.DB, hot) }),
		with(func(i int) error { next[i]++; return raw[i].play(scripts[i][next[i]%samples]) }),
		with(func(int) error { return w.reserve(w.app.DB, split) }))
	r.pair("P3 reservation from one hot fund, with audit chain", got[0], got[1], aim{least: 0.6})
	r.note("P3 reservation over 8 sub-accounts: product", "%s", figures(got[2].median()))
	times := got[2].ratio(got[0], run.rate)
	r.goal(times >= 1.5 && got[2].median().failed == 0, "P3 reservation over 8 sub-accounts / hot row", "≥ 1.5x", "%.2fx", times)
	w.ledgerHolds(r)
}

// pool opens a fund with more in it than the bench can reserve.
func (w *world) pool(code string, lanes int) ident.ID {
	w.t.Helper()
	f := store.Fund{ID: ident.New(), Code: code, Name: "测速资金" + code, Kind: fund.Pool}
	w.do(w.place, func(tx *store.Tx) error {
		f.OpenedOn = tx.Today()
		if _, err := tx.InsertFund(f); err != nil {
			return err
		}
		if lanes > 1 {
			if err := tx.SplitFund(f.ID, lanes); err != nil {
				return err
			}
		}
		books, err := tx.Books(f.ID)
		if err != nil {
			return err
		}
		b := books[f.ID]
		w.fix(f.ID, b.Accounts.Source, b.Accounts.Available, b.Accounts.Reserved, b.Accounts.Committed)
		t, err := b.Deposit(fund.Stamp{ID: ident.New(), On: tx.Today()}, 10_000_000*each)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: t, Fund: f.ID})
	})
	return f.ID
}

// reserve is one reservation as an approval makes it: audited, decided on the
// locked balance, posted.
func (w *world) reserve(db *store.DB, id ident.ID) error {
	return db.InTx(context.Background(), w.who[0], func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.ApprovalDecide, ObjectKind: audit.ObjectApproval, ObjectID: ident.New()})
		books, err := tx.ReservingBooks(each, id)
		if err != nil {
			return err
		}
		t, _, err := books[id].Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, each)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: t, Fund: id})
	})
}

// ledgerHolds asks the nightly check after the storm. No treatments are held for
// here, so what is reserved stands for no hold.
func (w *world) ledgerHolds(r *report) {
	w.t.Helper()
	var found []string
	w.do(w.place, func(tx *store.Tx) error {
		faults, err := tx.CheckLedger()
		for _, f := range faults {
			if f.Fault != store.FaultHolds {
				found = append(found, fmt.Sprintf("%s %s %s", f.Fault, f.Kind, f.Account))
			}
		}
		return err
	})
	var below int
	w.must(w.super.QueryRow(`select count(*) from ledger_entry e join ledger_account a on a.partnership_id = e.partnership_id and a.id = e.account_id
		where a.kind <> 'source' and e.balance_fen < 0`).Scan(&below))
	r.goal(below == 0 && len(found) == 0, "P3 accounts below zero, faults of the books", "0, 0", "%d, %d %v", below, len(found), found)
}
