package pricing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/store"
)

const sheetHead = "渝东南医保结算单,,,,,,,,\n结算ID,病例号,出院日期,医疗费总额（元）,符合政策范围金额,act_pay_dedc,统筹基金支出,大病保险,医疗救助,个人现金支出\n"

// line is one row of a sheet as an insurer exports it.
func (d *desk) line(no string, tr store.Treatment, s fee.Settlement, deductible money.Fen) string {
	return fmt.Sprintf("%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", no, d.caseNo(tr), tr.DischargedOn, s.Bill.Plain(), s.Bill.Plain(), deductible.Plain(), s.Basic.Plain(), s.Critical.Plain(),
		s.Assistance.Plain(), s.Cash().Plain())
}

func (d *desk) caseNo(tr store.Treatment) (no string) {
	d.T.Helper()
	d.Do(d.System(), func(tx *store.Tx) error {
		c, err := tx.CaseByID(tr.Case)
		no = c.No
		return err
	})
	return no
}

func (d *desk) read(who user.Principal, text string) funding.Sheet {
	d.T.Helper()
	return must[funding.Sheet](d)(d.desk.ReadSheet(d.T.Context(), who, funding.SheetFile{Name: "结算单.csv", Content: []byte(text)}, ident.Token()))
}

func (d *desk) apply(who user.Principal, id ident.ID) funding.Sheet {
	d.T.Helper()
	return must[funding.Sheet](d)(d.desk.ApplySheet(d.T.Context(), who, id, ident.Token()))
}

func (d *desk) worklist(who user.Principal) []funding.Difference {
	d.T.Helper()
	return must[page.Result[funding.Difference]](d)(d.desk.Differences(d.T.Context(), who, page.Request{})).Rows
}

func TestASheetIsShownAppliedOnceAndTakenBack(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	a, b := d.ready(here, 30_000_00), d.ready(here, 20_000_00)
	lost := d.Eligible(here)
	text := sheetHead + d.line("S1", a.Treatment, a.sum, 300_00) + d.line("S2", b.Treatment, b.sum, 300_00) +
		d.line("S3", lost, a.sum, 300_00) + strings.Replace(d.line("S4", a.Treatment, a.sum, 300_00), a.sum.Basic.Plain(), "壹万", 1) + "合计,,,,,,,,,\n"
	sheet := d.read(a.clerk, text)
	if sheet.State != store.SheetPreviewed || sheet.Total != 4 || sheet.Wrong != 2 {
		t.Fatalf("%+v", sheet)
	}
	if len(d.year(a.Person)) != 0 {
		t.Error("a preview changes nothing")
	}
	v := must[funding.SheetView](d)(d.desk.SheetRows(t.Context(), a.clerk, sheet.ID, page.Request{}))
	keys := map[string]string{}
	for _, r := range v.Rows.Rows {
		for _, p := range r.Problems {
			keys[r.Number] = string(p.Column) + " " + p.Key
		}
	}
	if keys["S3"] != "case_no error.insurer.no_stay" || keys["S4"] != "hifp_pay error.insurer.amount" || v.Rows.Rows[0].Act != store.ActSettle || v.Rows.Rows[0].No != 3 {
		t.Errorf("%v, %+v", keys, v.Rows.Rows)
	}
	done := d.apply(a.clerk, sheet.ID)
	if done.State != store.SheetApplied || done.Done != 2 {
		t.Fatalf("%+v", done)
	}
	want := fee.Account{Threshold: 300_00, Base: 29_700_00, Paid: a.sum.Basic}
	if got := d.year(a.Person)[fee.KindBasic]; got != want {
		t.Errorf("the year: %+v", got)
	}
	if len(d.worklist(a.clerk)) != 0 {
		t.Errorf("the insurer says what the rules say: %+v", d.worklist(a.clerk))
	}
	// The same file, and the same rows in another file, do nothing twice.
	if again := d.read(a.clerk, text); again.ID != sheet.ID {
		t.Error("the same file was taken twice")
	}
	other := d.apply(a.clerk, d.read(a.clerk, text+"\n").ID)
	if other.Done != 2 || d.year(a.Person)[fee.KindBasic] != want || d.Count(`select count(*) from settlement`) != 2 {
		t.Errorf("%+v, %+v", other, d.year(a.Person))
	}
	must[funding.Sheet](d)(d.desk.UndoSheet(t.Context(), a.clerk, sheet.ID, ident.Token()))
	if len(d.year(a.Person)) != 0 || d.Count(`select count(*) from settlement where state = 'settled'`) != 0 {
		t.Errorf("taken back: %+v", d.year(a.Person))
	}
	if third := d.read(a.clerk, text); third.ID == sheet.ID {
		t.Error("what was taken back can be handed in again")
	}
}

func TestASheetThatWasBuiltOnIsNotTakenBack(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	a := d.ready(here, 30_000_00)
	sheet := d.apply(a.clerk, d.read(a.clerk, sheetHead+d.line("S1", a.Treatment, a.sum, 300_00)).ID)
	later := d.again(a.Treatment)
	d.settled(later, d.save(d.ask(later, bill(1_000_000))), nil)
	_, err := d.desk.UndoSheet(t.Context(), a.clerk, sheet.ID, ident.Token())
	refusedBy(t, err, "insurer.used")
}

func TestADeductibleTakenElsewhereBecomesAnOpeningBalance(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	a := d.ready(here, 30_000_00)
	if err := <-d.settling(a); err != nil {
		t.Fatal(err)
	}
	told := a.sum // as it was settled; the insurer took no deductible
	d.apply(a.clerk, d.read(a.clerk, sheetHead+d.line("S1", a.Treatment, told, 0)).ID)
	list := d.worklist(a.clerk)
	if len(list) != 1 || list[0].Lines[2].Reason != insurer.ReasonElsewhere || list[0].Lines[2].Difference() != -300_00 {
		t.Fatalf("%+v", list)
	}
	out := must[funding.Difference](d)(d.desk.DecideDifference(t.Context(), a.clerk, funding.DifferenceDecision{Difference: list[0].ID, Act: funding.ActOpening, Note: "外院已扣", Version: d.Version(list[0].ID)}, ident.Token()))
	if out.State != store.DifferenceAccepted || d.year(a.Person)[fee.KindBasic].Threshold != 300_00 || len(d.worklist(a.clerk)) != 0 {
		t.Errorf("%+v, %+v", out, d.year(a.Person))
	}
	v := must[pricing.EstimateView](d)(d.s.EstimateForm(t.Context(), a.clerk, a.ID))
	i := slices.IndexFunc(v.Lines, func(l pricing.YearLine) bool { return l.Kind == fee.KindBasic })
	if l := v.Lines[i]; l.Opening.Threshold != 300_00 || l.Source != "S1" || l.OpenedOn != d.Today() {
		t.Errorf("dated, with its source: %+v", l)
	}
	_, err := d.desk.DecideDifference(t.Context(), a.clerk, funding.DifferenceDecision{Difference: list[0].ID, Act: funding.ActAccept, Note: "又一次", Version: d.Version(list[0].ID)}, ident.Token())
	refusedBy(t, err, "insurer.decided")
}

// Three months after the settlement the insurer pays less and took more of the
// deductible: one difference, corrected by a reversal and a new posting; the
// later case of the year stands as it was settled, and is on the worklist.
func TestASettlementTheInsurerCorrectsIsPostedAnewAndLaterCasesAreListed(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	a := d.ready(here, 30_000_00)
	a.DischargedOn = clock.MustDate(2026, 8, 20)
	d.Exec(`update treatment set admitted_on = $2, operated_on = $2, discharged_on = $2 where id = $1`, a.ID, a.DischargedOn)
	first := d.apply(a.clerk, d.read(a.clerk, sheetHead+d.line("S1", a.Treatment, a.sum, 300_00)).ID)
	later := d.again(a.Treatment)
	laterSum := d.save(d.ask(later, bill(10_000_00)))
	d.settled(later, laterSum, nil)
	before := d.year(a.Person)
	less := a.sum
	less.Basic -= 500_00
	less.Funds, less.Waiver = nil, 0
	second := d.apply(a.clerk, d.read(a.clerk, sheetHead+d.line("S1", a.Treatment, less.WithNet(), 0)).ID)
	if second.Done != 1 || second.ID == first.ID || d.year(a.Person)[fee.KindBasic] != before[fee.KindBasic] {
		t.Fatalf("nothing is changed before somebody decides: %+v", second)
	}
	list := d.worklist(a.clerk)
	if len(list) != 1 || !insurer.Miskeyed(list[0].Lines) {
		t.Fatalf("%+v", list)
	}
	_, err := d.desk.DecideDifference(t.Context(), a.clerk, funding.DifferenceDecision{Difference: list[0].ID, Act: funding.ActCorrect, Version: d.Version(list[0].ID)}, ident.Token())
	if e := errs.Of(err); len(e.Fields) != 1 || e.Fields[0].Path != "note" {
		t.Errorf("a correction has a reason: %v", err)
	}
	must[funding.Difference](d)(d.desk.DecideDifference(t.Context(), a.clerk, funding.DifferenceDecision{Difference: list[0].ID, Act: funding.ActCorrect, Note: "医保局更正", Version: d.Version(list[0].ID)}, ident.Token()))
	if got := d.year(a.Person)[fee.KindBasic]; got.Threshold != before[fee.KindBasic].Threshold-300_00 || got.Paid != before[fee.KindBasic].Paid-500_00 {
		t.Errorf("the year: %+v, before %+v", got, before[fee.KindBasic])
	}
	if d.Count(`select count(*) from settlement where state = 'reversed'`) != 1 || d.Count(`select count(*) from settlement where state = 'settled'`) != 2 {
		t.Error("one reversal, and one new settlement beside the later case's")
	}
	shifts := d.worklist(a.clerk)
	if len(shifts) != 1 || shifts[0].Kind != store.FromShift || shifts[0].Treatment != later.ID || shifts[0].Lines[1].Difference() >= 0 {
		t.Fatalf("the later case would pay the deductible now: %+v", shifts)
	}
	must[funding.Difference](d)(d.desk.DecideDifference(t.Context(), a.clerk, funding.DifferenceDecision{Difference: shifts[0].ID, Act: funding.ActQuery, Note: "问医保局", Version: d.Version(shifts[0].ID)}, ident.Token()))
	if list := d.worklist(a.clerk); len(list) != 1 || list[0].State != store.DifferenceQueried {
		t.Errorf("asked, it still waits: %+v", list)
	}
}

func TestOnlyTheDeskOfTheHospitalHandsSheetsIn(t *testing.T) {
	d := newDesk(t)
	a := d.Advance(d.Eligible(here), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	text := sheetHead + d.line("S1", a, fee.Settlement{Bill: 100_00, Basic: 50_00}, 0)
	for _, who := range []user.Principal{d.Registrar(here), d.Official(), d.Auditor(), d.Approver()} {
		if _, err := d.desk.ReadSheet(t.Context(), who, funding.SheetFile{Content: []byte(text)}, ""); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", who.Username, err)
		}
	}
	_, err := d.desk.ReadSheet(t.Context(), d.Finance(here), funding.SheetFile{Content: []byte("姓名,金额\n甲,1\n")}, "")
	if errs.Of(err).Key != "error.insurer.head" {
		t.Errorf("no sheet: %v", err)
	}
}
