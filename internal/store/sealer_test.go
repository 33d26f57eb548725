package store_test

import (
	"sync"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Two processes may serve one database, each with a sealer, while people write
// into the same chains.
func TestSealersAndWritersShareChainsWithoutConflict(t *testing.T) {
	db, test, _ := open(t)
	who := user.NewSystem("test")
	organisations := []ident.ID{ident.New(), ident.New(), ident.New()}
	read := func(i int) error {
		return db.InTx(t.Context(), who, func(tx *store.Tx) error {
			e := event()
			e.OrganisationID = organisations[i%len(organisations)]
			tx.AuditRead(e)
			return nil
		})
	}
	const reads = 60
	for i := range reads {
		if err := read(i); err != nil {
			t.Fatal(err)
		}
	}
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range 15 {
				err := db.InTx(t.Context(), who, func(tx *store.Tx) error {
					if worker < 2 {
						_, err := tx.SealReads()
						return err
					}
					e := event()
					e.OrganisationID = organisations[i%len(organisations)]
					tx.Audit(e)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if n := rows(t, test, `select count(*) from audit_pending`); n != 0 {
		t.Errorf("%d reads are not linked", n)
	}
	if n := rows(t, test, `select count(*) from audit_link`); n != reads+30 {
		t.Errorf("%d links, want %d", n, reads+30)
	}
	if err := db.InTx(t.Context(), who, func(tx *store.Tx) error { tx.NoAudit("test"); return tx.VerifyChain() }); err != nil {
		t.Error(err)
	}
}
