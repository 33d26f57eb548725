package pricing_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/store"
)

// imported is a treatment as the office's old workbook brings it: settled, with
// amounts, without an estimate.
func (d *desk) imported(s fee.Settlement, gave money.Fen) store.Treatment {
	d.T.Helper()
	t := d.Advance(d.Eligible(here), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	id := ident.New()
	d.Exec(`insert into settlement (partnership_id, id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, bill_fen, basic_fen, critical_fen, assistance_fen,
		other_fen, fund_fen, waiver_fen, net_fen, state, settled_on, created_at, created_by)
		select partnership_id, $2, id, case_id, person_id, 'joint', hospital_id, visible_to, $3, $4, $5, $6, 0, $7, $8, $9, 'settled', '2026-05-20', created_at, created_by
		from treatment where id = $1`, t.ID, id, s.Bill, s.Basic, s.Critical, s.Assistance, gave, s.Waiver, s.Net)
	d.Exec(`insert into settlement_line (partnership_id, settlement_id, line_no, funder, fund_id, hospital_id, visible_to, amount_fen)
		select partnership_id, id, 1, 'fund', $2, hospital_id, visible_to, fund_fen from settlement where id = $1`, id, d.fund.ID)
	d.Exec(`update treatment set path = 'history', state = 'settled', admitted_on = '2026-05-10', operated_on = '2026-05-11', discharged_on = '2026-05-20' where id = $1`, t.ID)
	t.DischargedOn = clock.MustDate(2026, 5, 20)
	return t
}

// The old workbook's payments stand against this year's ceilings and the yearly
// cap of the programme, as those of a settlement without an estimate do; the
// insurer's sheet then counts in their place, not beside them.
func TestWhatTheWorkbookBroughtCountsInTheYear(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	const gave = 9_000_00
	sum := fee.Settlement{Bill: 30_000_00, Basic: 15_000_00, Critical: 1_000_00, Assistance: 2_000_00, Waiver: 1_000_00, Funds: []fee.FundLine{{Fund: d.fund.ID, Amount: gave}}}.WithNet()
	old := d.imported(sum, gave)
	want := fee.Recorded(sum, fee.Figures{}, old.Programme)
	same := func(what string, got, want fee.Year) {
		t.Helper()
		for _, k := range fee.Kinds() {
			if got[k] != want[k] {
				t.Errorf("%s: %s is %+v, want %+v", what, k, got[k], want[k])
			}
		}
	}
	same("the year", d.year(old.Person), want)
	if yearly := want[fee.ReductionKind(old.Programme)]; yearly.Paid != gave+sum.Waiver {
		t.Fatalf("the yearly cap of the programme: %+v", yearly)
	}
	d.Do(d.System(), func(tx *store.Tx) error {
		before, err := tx.YearOf(old.Person, 2025)
		same("the year before", before, fee.Year{})
		return err
	})
	later := d.save(d.ask(d.again(old), bill(10_000_00)))
	same("what the estimate of the second side starts from", later.Opening, want)

	clerk := d.Finance(here)
	cash := sum
	cash.Funds, cash.Waiver = nil, 0
	read := d.read(clerk, sheetHead+d.line("S1", old, cash.WithNet(), 300_00))
	if done := d.apply(clerk, read.ID); done.Done != 1 {
		t.Fatalf("%+v", done)
	}
	same("once the insurer stated it", d.year(old.Person), fee.Recorded(sum, fee.Figures{Known: true, Scope: sum.Bill, Deductible: 300_00}, old.Programme))
	d.Do(d.System(), func(tx *store.Tx) error {
		list, err := tx.YearComputations(old.Person, 2026)
		if len(list) != 1 || len(list[0].Opening) != 0 {
			t.Errorf("it opens with itself: %+v", list)
		}
		return err
	})
	must[funding.Sheet](d)(d.desk.UndoSheet(t.Context(), clerk, read.ID, ident.Token()))
	same("once the sheet is taken back", d.year(old.Person), want)
	d.Exec(`update settlement set state = 'reversed' where treatment_id = $1`, old.ID)
	same("once the import is taken back", d.year(old.Person), fee.Year{})
}
