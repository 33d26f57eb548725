package funding_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func TestARefusalIsAppealedAndDecidedByAnotherPerson(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr := d.Eligible(servicetest.Mountain)
	id := d.requested(tr, 1_000_000)
	appeal := func() (ident.ID, error) {
		return d.s.Appeal(t.Context(), d.Finance(servicetest.Mountain), funding.AppealInput{Approval: id, Reason: "补充了低保证明"}, ident.Token())
	}
	_, err := appeal()
	refusedBy(t, err, "fund.appeal_refusal")
	if _, err := d.decide(id, fund.DecideRefuse, "材料不足"); err != nil {
		t.Fatal(err)
	}
	filed, err := appeal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := appeal(); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second appeal beside the first: %v", err)
	}
	list, err := d.s.Appeals(t.Context(), d.Approver(), page.Request{})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].DueOn != d.Today().AddDays(fund.SampleRules().AppealDays) {
		t.Fatalf("the queue: %+v, %v", list.Rows, err)
	}
	answer := func(by user.Principal) error {
		_, err := d.s.DecideAppeal(t.Context(), by, funding.AppealDecision{Appeal: filed, State: fund.AppealGranted, Opinion: "证明属实", Version: d.Version(filed)}, ident.Token())
		return err
	}
	refusedBy(t, answer(d.Approver()), "fund.four_eyes")
	if err := answer(d.SecondApprover()); err != nil {
		t.Fatal(err)
	}
	if got := d.look(tr.ID).Place.State; got != treatment.Requested {
		t.Errorf("the treatment stands at %s", got)
	}
	_, err = d.decide(id, fund.DecideRefuse, "还是不行")
	refusedBy(t, err, "fund.four_eyes")
	in := funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: d.Version(id)}
	if _, err := d.s.Decide(t.Context(), d.SecondApprover(), in, ""); err != nil {
		t.Error(err)
	}
	d.want(5_000_000, 4_000_000, 1_000_000, 0)
}

func TestARefusalNamesTheConditionAndTheFundsThatWouldAccept(t *testing.T) {
	d := newDesk(t, 1_000_000)
	rich := d.Fund(9_000_000)
	other := d.Fund(9_000_000)
	d.Exec(`update fund set programme = $2, name = '白内障专项' where id = $1`, other.ID, string(procedure.Cataract))
	away := d.Fund(9_000_000)
	d.Exec(`update fund set hospitals = array[$2]::uuid[] where id = $1`, away.ID, d.ID(servicetest.Sea))
	id := d.requested(d.Eligible(servicetest.Mountain), 1_200_000)
	d.Exec(`update fund set name = '综合资金' where id = $1`, rich.ID)
	_, err := d.decide(id, fund.DecideApprove, "")
	refusedBy(t, err, "fund.sufficient")
	if e := errs.Of(err); e.Args["funds"] != "综合资金" || !slices.Contains(e.Remedy, "fund.remedy.accepting") {
		t.Errorf("told %v, %v", e.Args, e.Remedy)
	}
	v, err := d.s.Approval(t.Context(), d.Approver(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := map[ident.ID][]fund.Reason{d.fund.ID: {fund.WhyBalance}, rich.ID: nil, other.ID: {fund.WhyProgramme}, away.ID: {fund.WhyHospital}}
	for _, f := range v.Funds {
		if reasons, known := want[f.ID]; known && !slices.Equal(f.Reasons, reasons) {
			t.Errorf("%s: %v, want %v", f.Name, f.Reasons, reasons)
		}
	}
	if !v.Funds[0].Accepts() {
		t.Error("those that would accept do not come first")
	}
}

func TestAnEarmarkSetAfterTheRequestStillBinds(t *testing.T) {
	d := newDesk(t, 5_000_000)
	id := d.requested(d.Eligible(servicetest.Mountain), 1_000_000)
	d.Exec(`update fund set categories = '{YB}' where id = $1`, d.fund.ID)
	_, err := d.decide(id, fund.DecideApprove, "")
	refusedBy(t, err, "fund.earmark")
	d.want(5_000_000, 5_000_000, 0, 0)
	in := d.ask(d.Eligible(servicetest.Mountain), 1_000_000)
	_, err = d.s.Request(t.Context(), d.Finance(servicetest.Mountain), in, "")
	wrongAt(t, err, "funds.0.fund", "error.funding.earmark")
}

func TestWhoAskedIsToldWhatBecameOfIt(t *testing.T) {
	d := newDesk(t, 5_000_000)
	id := d.requested(d.Eligible(servicetest.Mountain), 2_000_000)
	if _, err := d.decide(id, fund.DecideReturn, "低保证已过期"); err != nil {
		t.Fatal(err)
	}
	told := func(kind, note string) int {
		return d.Count(`select count(*) from message where account_id = $1 and kind = $2 and note = $3 and object_id = $4 and case_no <> ''`,
			d.Finance(servicetest.Mountain).AccountID, kind, note, id)
	}
	if told("approval.returned", "低保证已过期") != 1 {
		t.Error("nobody told the finance desk that the application came back")
	}
	if n := d.Count(`select count(*) from audit_event where action = 'approval.decide' and object_id = $1 and detail::text like '%told%'`, id); n != 1 {
		t.Errorf("the trail says %d times who was told", n)
	}
	refused := d.requested(d.Eligible(servicetest.Mountain), 1_000_000)
	if _, err := d.decide(refused, fund.DecideRefuse, ""); err == nil {
		t.Fatal("refused without a reason")
	}
	if n := d.Count(`select count(*) from message`); n != 1 {
		t.Errorf("%d messages: a refused decision told somebody", n)
	}
}
