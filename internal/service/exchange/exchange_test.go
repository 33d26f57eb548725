package exchange_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/web"

	"io/fs"
)

// office is a world with the exchange service.
type office struct {
	*servicetest.World
	*exchange.Service
	say i18n.Printer
}

func newOffice(t *testing.T) office {
	t.Helper()
	w := servicetest.New(t)
	texts, err := fs.Sub(web.FS, "i18n")
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := i18n.Load(texts)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.Open(t.TempDir(), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	say := catalogue.Printer(i18n.Chinese)
	return office{w, exchange.New(exchange.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, Clock: w.Clock, Log: w.Log, Say: say}), say}
}

const testdata = "../../domain/history/testdata"

func ledger(t testing.TB) exchange.File {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testdata, "legacy-workbook.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	return exchange.File{Name: "legacy-workbook.xlsx", Content: raw}
}

type expected struct {
	Totals []struct {
		Sheet       string `json:"sheet"`
		Patients    int    `json:"patients"`
		PersonTimes int    `json:"person_times"`
		Procedures  int    `json:"procedures"`
		Total       int64  `json:"total_fen"`
		Insurance   int64  `json:"insurance_fen"`
		Reduction   int64  `json:"reduction_fen"`
		Net         int64  `json:"net_fen"`
	} `json:"totals"`
	Issues []struct {
		Sheet string        `json:"sheet"`
		Row   int           `json:"row"`
		Level history.Level `json:"level"`
	} `json:"issues"`
	Persons int `json:"distinct_persons_in_book"`
}

func expectedTotals(t testing.TB) (e expected) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testdata, "legacy-workbook.expected.json"))
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// counted is what the database holds of a partnership's care.
type counted struct {
	Persons, Registrations, Cases, Treatments, Procedures, Settlements, Rows int
	Bill, Insurance, Reduction, Net                                          int64
}

func (o office) counts() (c counted) {
	id := o.Partnership.ID
	for into, query := range map[*int]string{
		&c.Persons:       `select count(distinct person_id) from treatment where partnership_id = $1 and live`,
		&c.Registrations: `select count(*) from registration where partnership_id = $1 and live`,
		&c.Cases:         `select count(*) from casefile where partnership_id = $1 and live`,
		&c.Treatments:    `select count(*) from treatment where partnership_id = $1 and live`,
		&c.Procedures:    `select count(*) from procedure where partnership_id = $1 and live`,
		&c.Settlements:   `select count(*) from settlement where partnership_id = $1 and state = 'settled'`,
		&c.Rows:          `select count(*) from import_row where partnership_id = $1 and live`,
	} {
		*into = o.Count(query, id)
	}
	for into, column := range map[*int64]string{&c.Bill: "bill_fen", &c.Insurance: "basic_fen + critical_fen + assistance_fen",
		&c.Reduction: "fund_fen + waiver_fen", &c.Net: "net_fen"} {
		*into = int64(o.Count(`select coalesce(sum(`+column+`), 0) from settlement where partnership_id = $1 and state = 'settled'`, id))
	}
	return c
}

// imported takes the office's workbook in and returns the outcome.
func (o office) imported(t *testing.T) exchange.Outcome {
	t.Helper()
	out, err := o.Import(t.Context(), o.System(), ledger(t))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheOfficesWorkbookIsStoredWithItsTotals(t *testing.T) {
	o := newOffice(t)
	want := expectedTotals(t)
	o.imported(t)
	got := o.counts()
	sum := counted{Persons: want.Persons, Registrations: got.Registrations, Cases: got.Cases}
	for _, s := range want.Totals {
		sum.Treatments += s.PersonTimes
		sum.Procedures += s.Procedures
		sum.Bill += s.Total
		sum.Insurance += s.Insurance
		sum.Reduction += s.Reduction
		sum.Net += s.Net
	}
	sum.Settlements, sum.Rows = sum.Treatments, sum.Procedures
	if d := cmp.Diff(sum, got); d != "" {
		t.Error(d)
	}
	o.Do(o.System(), func(tx *store.Tx) error {
		faults, err := tx.CheckLedger()
		if len(faults) > 0 {
			t.Errorf("balances differ from entries: %v", faults)
		}
		return err
	})
}

func TestImportingAgainAddsNothing(t *testing.T) {
	o := newOffice(t)
	o.imported(t)
	before := o.counts()
	again := o.imported(t)
	if d := cmp.Diff(before, o.counts()); d != "" {
		t.Error(d)
	}
	if again.Figures.Added != (exchange.Added{}) || again.Figures.Known != before.Procedures {
		t.Errorf("added %+v, known %d of %d", again.Figures.Added, again.Figures.Known, before.Procedures)
	}
}

func TestAReversalLeavesNothingAndALaterImportWorksAgain(t *testing.T) {
	o := newOffice(t)
	first := o.imported(t)
	before := o.counts()
	if stayed, err := o.Reverse(t.Context(), o.System(), first.Batch); err != nil || len(stayed) > 0 {
		t.Fatal(stayed, err)
	}
	if d := cmp.Diff(counted{}, o.counts()); d != "" {
		t.Error(d)
	}
	held := o.Count(`select coalesce(sum(abs(balance_fen)), 0) from ledger_account where partnership_id = $1`, o.Partnership.ID)
	if held != 0 {
		t.Errorf("%d fen are still on the accounts", held)
	}
	if _, err := o.Reverse(t.Context(), o.System(), first.Batch); err == nil {
		t.Error("a reversed import was reversed again")
	}
	o.imported(t)
	if d := cmp.Diff(before, o.counts()); d != "" {
		t.Error(d)
	}
	o.Do(o.System(), func(tx *store.Tx) error {
		faults, err := tx.CheckLedger()
		if len(faults) > 0 {
			t.Errorf("balances differ from entries: %v", faults)
		}
		return err
	})
}
