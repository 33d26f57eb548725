// Package demo makes the demonstration programme: two invented regions, four
// hospitals, invented people, and exactly the figures the real programme has
// published (307 people with 332 joints and 8,480,000.00 yuan of reductions, 86
// cataract patients who paid nothing, 225 coronary person-times).
//
// The figures are not written anywhere a measure could read them. The plan
// (plan.go) says how many people and operations there are; every record is then
// checked by the rules a user meets: identity numbers, the transition table, the
// operation rules, the settlement's sum, the fund's books. It is stored in bulk
// by the same path as an imported ledger.
//
// The data set is deterministic but for the days of the work in progress, which
// lie around today so that every role finds something to do.
package demo

import (
	"context"
	"math/rand/v2"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Password opens every demonstration account; it is printed beside them.
const Password = "Shanhai-demo-2026" // #nosec G101 -- the demonstration's password, printed for everybody

// space makes the ids of the demonstration's fixed objects stable.
var space = ident.Derive(ident.Nil, "shanhai/demo")

// id is the stable id of a named object.
func id(name string) ident.ID { return ident.Derive(space, name) }

// Load brings the demonstration into an empty database. It is done once: a
// database that has it is left as it is, one with other data is refused. It says
// whether anything was written.
func Load(ctx context.Context, db *store.DB, hasher *seal.Hasher, files *blob.Store) (loaded bool, err error) {
	who := user.NewSystem("demo")
	state, empty := store.Installation{}, false
	err = db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("looks whether there is anything yet")
		if state, err = tx.Installation(); err != nil {
			return err
		}
		any, err := tx.AnyAccount()
		empty = !any
		return err
	}, store.Background())
	switch {
	case err != nil:
		return false, err
	case state.Complete:
		return false, nil
	case !empty && !state.Demo:
		return false, errs.New(errs.Precondition, "error.demo.other_data", nil)
	}
	if !state.Exists {
		if err := loadWorld(ctx, db, who, hasher); err != nil {
			return false, err
		}
	}
	if err := loadRules(ctx, db, who); err != nil {
		return false, err
	}
	return true, loadCases(ctx, db, who, files)
}

// loadWorld writes organisations, doctors, accounts and roles, on the platform.
func loadWorld(ctx context.Context, db *store.DB, who user.Principal, hasher *seal.Hasher) error {
	hash, err := hasher.Hash(ctx, Password)
	if err != nil {
		return err
	}
	return db.InTx(ctx, who.In(partnershipID()), func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.DemoLoad, ObjectKind: audit.ObjectPartnership, ObjectID: partnershipID()})
		if err := tx.SetInstallation(true, false); err != nil {
			return err
		}
		return writeWorld(tx, hash)
	}, store.Background())
}

// loadCases makes all people and their treatments and marks the demonstration
// complete, in one transaction: it is there or it is not.
func loadCases(ctx context.Context, db *store.DB, who user.Principal, files *blob.Store) error {
	today := clock.Today(db.Clock())
	m := newMaker(rand.New(rand.NewPCG(2021, 307)), today) // #nosec G404 -- invented people, the same ones each time
	if err := m.make(); err != nil {
		return err
	}
	proofs, err := m.proofs(files)
	if err != nil {
		return err
	}
	return db.InTx(ctx, who.In(partnershipID()), func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.DemoLoad, ObjectKind: audit.ObjectPartnership, ObjectID: partnershipID()})
		if err := m.number(tx); err != nil {
			return err
		}
		marked := m.outside()
		m.deaths()
		if err := tx.WriteBulk(&m.bulk); err != nil {
			return err
		}
		if err := m.payouts(tx); err != nil {
			return err
		}
		if err := tx.InsertAttachments(proofs); err != nil {
			return err
		}
		if err := m.refer(tx); err != nil {
			return err
		}
		if err := m.outcomes(tx); err != nil {
			return err
		}
		if err := m.asked(tx); err != nil {
			return err
		}
		if err := m.equip(tx); err != nil {
			return err
		}
		if err := m.follow(tx); err != nil {
			return err
		}
		if err := m.estimate(tx); err != nil {
			return err
		}
		if err := m.visits(tx, marked); err != nil {
			return err
		}
		if err := m.screen(tx); err != nil {
			return err
		}
		if err := m.library(tx); err != nil {
			return err
		}
		if err := m.decisions(tx); err != nil {
			return err
		}
		if err := m.oversee(tx); err != nil {
			return err
		}
		if err := m.sheets(tx); err != nil {
			return err
		}
		if err := tx.SetInstallation(true, true); err != nil {
			return err
		}
		return tx.BumpPolicy(ident.Nil)
	}, store.Background())
}

// System is who commands act as on demonstration data.
func System() user.Principal { return authz.System("demo").In(partnershipID()) }
