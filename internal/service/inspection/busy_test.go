package inspection_test

import (
	"bytes"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Money keeps moving while packages are made: each is still one instant of the
// books, and stays the same afterwards.
func TestPackagesMadeWhileMoneyMovesAreWhole(t *testing.T) {
	o := newOffice(t)
	auditor := o.Auditor()
	deposit := func(tx *store.Tx) error {
		tx.NoAudit("a deposit of the test")
		books, err := tx.Books(o.fund.ID)
		if err != nil {
			return err
		}
		d, err := books[o.fund.ID].Deposit(fund.Stamp{ID: ident.New(), On: o.Today()}, 100)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: d, Fund: o.fund.ID, Note: "零星捐款"})
	}
	stop, done := make(chan struct{}), make(chan error, 3)
	for range cap(done) {
		go func() {
			for {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				if err := o.DB.InTx(t.Context(), o.System(), deposit); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	packs := map[ident.ID][]byte{}
	for range 6 {
		f := o.make(auditor)
		if _, err := o.verify(f.Bytes); err != nil {
			t.Errorf("made in between: %v", err)
		}
		packs[f.Package] = f.Bytes
	}
	close(stop)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	o.pay()
	for id, was := range packs {
		again, err := o.s.Download(t.Context(), auditor, id)
		if err != nil || !bytes.Equal(again.Bytes, was) {
			t.Errorf("%s is another package afterwards (%v)", id, err)
		}
	}
}
