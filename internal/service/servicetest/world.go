// Package servicetest builds the small world the tests of services, pages and
// API act in: two partnerships with two receiving and two donor hospitals each,
// and people of every role. It is imported by tests only.
//
// Accounts are made when first asked for and have no password: a test acts as a
// [user.Principal], the way the delivery layer hands one to a service.
package servicetest

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Place names a hospital of a world.
type Place string

// The hospitals: two receive (mountain), two donate (sea).
const (
	Mountain    Place = "mountain"
	MountainTwo Place = "mountain-two"
	Sea         Place = "sea"
	SeaTwo      Place = "sea-two"
)

// Places lists the hospitals, the receiving ones first.
func Places() []Place { return []Place{Mountain, MountainTwo, Sea, SeaTwo} }

// World is one partnership with its hospitals and people, on a database of its
// own. Other is a second partnership in the same database, to prove isolation.
type World struct {
	T           testing.TB
	Database    *pgtest.Database
	DB          *store.DB
	Policy      *authz.Policy
	Clock       *clock.Fixed
	Keys        *seal.Keyring
	Log         *slog.Logger
	Partnership partnership.Partnership
	Hospitals   map[Place]partnership.Organisation
	Office      partnership.Organisation
	Other       *World

	people map[string]user.Principal
	super  *sql.DB // behind row security
}

// Start is the instant the clock of a new world stands at: 10:00 in Shanghai on
// 24 November 2026.
func Start() time.Time { return time.Date(2026, time.November, 24, 2, 0, 0, 0, time.UTC) }

// New makes a world. Everything is taken back when the test ends.
func New(t testing.TB) *World {
	t.Helper()
	return On(t, pgtest.DB(t), t.TempDir())
}

// On makes a world on a migrated database somebody else brings, with the keys of
// a data directory, made when missing.
func On(t testing.TB, database *pgtest.Database, keys string) *World {
	t.Helper()
	w := &World{T: t, Database: database, Clock: clock.NewFixed(Start()), Log: slog.New(slog.DiscardHandler)}
	var err error
	if w.Keys, _, err = seal.LoadOrCreate(keys, w.Clock); err != nil {
		t.Fatal(err)
	}
	w.DB, err = store.Open(t.Context(), store.Options{DSN: w.Database.AppDSN, Clock: w.Clock, Keys: w.Keys, Log: w.Log, Web: 8, Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.DB.Close() })
	w.Policy = authz.New(w.DB, w.Clock)
	w.super = pgtest.Open(t, w.Database.SuperDSN)
	other := *w
	w.settle("SH", "山海协作", "云岭区", "澜港市")
	other.settle("HH", "河湖协作", "青杠县", "白沙市")
	w.Other = &other
	if err := w.Policy.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// settle makes the partnership and its organisations.
func (w *World) settle(code, name, receiving, donor string) {
	w.T.Helper()
	w.people = map[string]user.Principal{}
	opened := clock.MustDate(2020, 1, 1)
	w.Partnership = partnership.Partnership{ID: ident.New(), Code: code, Name: name, ReceivingRegion: "500199", ReceivingName: receiving,
		DonorRegion: "379900", DonorName: donor, OpenedOn: opened}
	org := func(suffix, name string, kind partnership.Kind) partnership.Organisation {
		return partnership.Organisation{ID: ident.New(), Code: code + "-" + suffix, Name: name, ShortName: name, Kind: kind}
	}
	w.Office = org("OFFICE", receiving+"帮扶办", partnership.Office)
	w.Hospitals = map[Place]partnership.Organisation{
		Mountain:    org("M1", receiving+"中医院", partnership.Hospital),
		MountainTwo: org("M2", receiving+"人民医院", partnership.Hospital),
		Sea:         org("S1", donor+"中医院", partnership.Hospital),
		SeaTwo:      org("S2", donor+"人民医院", partnership.Hospital),
	}
	sides := map[ident.ID]user.Side{w.Office.ID: user.SideReceiving, w.ID(Mountain): user.SideReceiving, w.ID(MountainTwo): user.SideReceiving,
		w.ID(Sea): user.SideDonor, w.ID(SeaTwo): user.SideDonor}
	w.Do(w.system().In(ident.Nil), func(tx *store.Tx) error {
		if err := tx.InsertPartnership(w.Partnership); err != nil {
			return err
		}
		for _, o := range append(w.organisations(), w.Office) {
			if err := tx.InsertOrganisation(o); err != nil {
				return err
			}
			m := partnership.Member{PartnershipID: w.Partnership.ID, OrganisationID: o.ID, Side: sides[o.ID], From: opened}
			if err := tx.InsertMember(m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *World) organisations() []partnership.Organisation {
	out := make([]partnership.Organisation, 0, len(w.Hospitals))
	for _, p := range Places() {
		out = append(out, w.Hospitals[p])
	}
	return out
}

// ID is a hospital's id.
func (w *World) ID(p Place) ident.ID { return w.Hospitals[p].ID }

// Today is the day in Shanghai by the world's clock.
func (w *World) Today() clock.Date { return clock.Today(w.Clock) }

func (w *World) system() user.Principal { return authz.System("test") }

// System is a system principal that works in the partnership.
func (w *World) System() user.Principal { return w.system().In(w.Partnership.ID) }

// Do runs fn in one transaction as who, without audit, and fails the test on
// any error. It is for building and looking, not for what is being tested.
func (w *World) Do(who user.Principal, fn func(*store.Tx) error) {
	w.T.Helper()
	err := w.DB.InTx(context.Background(), who, func(tx *store.Tx) error {
		tx.NoAudit("building a test's world")
		return fn(tx)
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

// Broken runs fn in a transaction whose statements all fail from now on.
func (w *World) Broken(fn func(*store.Tx)) {
	w.T.Helper()
	_ = w.DB.InTx(context.Background(), w.System(), func(tx *store.Tx) error {
		tx.NoAudit("a transaction that fails")
		if err := tx.FundParticipates(ident.New(), ident.New()); err == nil {
			if err := tx.SetHold(ident.New(), store.ApprovalLine{Fund: ident.New(), Hold: "nonsense"}); err == nil {
				w.T.Error("nothing is broken")
			}
		}
		fn(tx)
		return errors.New("over")
	})
}

// Count answers a counting query asked behind row security, by the superuser.
func (w *World) Count(query string, args ...any) int {
	w.T.Helper()
	var n int
	if err := w.super.QueryRow(query, args...).Scan(&n); err != nil {
		w.T.Fatal(err)
	}
	return n
}

// Version is what a change of a record has to say it was made on now; 0 for a
// record that is not there.
func (w *World) Version(id ident.ID) int64 {
	w.T.Helper()
	var n int64
	err := w.super.QueryRow(`select coalesce(max(version), 0) from (
		select id, version from approval union all select id, version from settlement union all select id, version from procedure
		union all select id, version from approval_appeal union all select id, version from fund_move union all select id, version from hospital_account
		union all select id, version from pay_run union all select id, version from recovery union all select id, version from pay_line
		union all select id, version from notice union all select id, version from notice_objection
		union all select id, version from insurer_difference) x where id = $1`, id).Scan(&n)
	if err != nil {
		w.T.Fatal(err)
	}
	return n
}
