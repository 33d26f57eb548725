package notice_test

import (
	"fmt"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

const mountain = servicetest.Mountain

// office is a world with the service under test.
type office struct {
	*servicetest.World
	s *public.Service
}

func newOffice(t *testing.T) *office {
	w := servicetest.New(t)
	o := &office{w, public.New(public.Deps{DB: w.DB, Policy: w.Policy})}
	if err := o.s.SaveRules(t.Context(), w.Approver(), notice.Rules{Bands: notice.SampleRules().Bands, Office: "帮扶办 7923 0000"}, "r"); err != nil {
		t.Fatal(err)
	}
	return o
}

// approved is a reduction that was approved today for somebody of a township.
func (o *office) approved(n int, township string, answer notice.Publication) ident.ID {
	t := o.Treatment(mountain, procedure.Joint, fmt.Sprintf("向%c花", rune('一'+n)))
	o.Exec(`update registration set township = $2 where person_id = $1`, t.Person, township)
	id := ident.New()
	o.Exec(`insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, requested_fen, approved_fen, requested_by, requested_at,
		decided_by, decided_at, publication) values ($1, $2, $3, $4, $5, array[$5::uuid], 'approved', 6000000, 0, 1200000, 1200000, $2, $6, $3, $6, $7)`, o.Partnership.ID, id, t.ID, t.Case,
		o.ID(mountain), o.Clock.Now(), string(answer))
	return id
}

func (o *office) drawn() ident.ID {
	o.T.Helper()
	id, err := o.s.Draw(o.T.Context(), o.Approver(), public.Draft{Title: "十一月公示", From: o.Today(), To: o.Today()}, ident.Token())
	if err != nil {
		o.T.Fatal(err)
	}
	return id
}

func (o *office) published() ident.ID {
	o.T.Helper()
	id := o.drawn()
	if err := o.s.Do(o.T.Context(), o.SecondApprover(), public.StepInput{Notice: id, Step: notice.Publish, Version: o.Version(id)}, ident.Token()); err != nil {
		o.T.Fatal(err)
	}
	return id
}

func (o *office) read(id ident.ID) public.Board {
	o.T.Helper()
	b, err := o.s.Read(o.T.Context(), id)
	if err != nil {
		o.T.Fatal(err)
	}
	return b
}

func (o *office) approval(id ident.ID) (a store.Approval) {
	o.T.Helper()
	o.Do(o.System(), func(tx *store.Tx) (err error) { a, err = tx.ApprovalByID(id); return err })
	return a
}

func TestFromTheDraftToThePublicPage(t *testing.T) {
	o := newOffice(t)
	for i := range 5 {
		o.approved(i, "石门乡", notice.Given)
	}
	lone := o.approved(5, "青杠镇", notice.Given)
	o.approved(6, "石门乡", notice.Refused)
	o.approved(7, "石门乡", notice.NotAsked)
	id := o.drawn()
	if _, err := o.s.Read(t.Context(), id); !errs.Is(err, errs.NotFound) {
		t.Errorf("a draft is public: %v", err)
	}
	err := o.s.Do(t.Context(), o.Approver(), public.StepInput{Notice: id, Step: notice.Publish, Version: o.Version(id)}, "own")
	if errs.Of(err).Rule != "notice.second_person" {
		t.Errorf("published by who drew it up: %v", err)
	}
	if err := o.s.Do(t.Context(), o.SecondApprover(), public.StepInput{Notice: id, Step: notice.Publish, Version: o.Version(id)}, "second"); err != nil {
		t.Fatal(err)
	}
	v, err := o.s.One(t.Context(), o.Approver(), id)
	if err != nil || v.LeftOut[notice.WhyRefused] != 1 || v.LeftOut[notice.WhyNotAsked] != 1 || len(v.Entries) != 6 {
		t.Fatalf("%+v, %v", v, err)
	}
	townships := map[string]int{}
	for _, e := range o.read(id).Entries {
		townships[e.Township]++
		if e.Approval != ident.Nil || e.Person != ident.Nil {
			t.Errorf("the public entry leads to a record: %+v", e)
		}
	}
	if townships["石门乡"] != 5 || townships[""] != 1 {
		t.Errorf("townships %v", townships)
	}
	// The consent is taken back: gone at once, and the reduction is what it was.
	before := o.approval(lone)
	if err := o.s.Consent(t.Context(), o.Registrar(mountain), public.ConsentInput{Approval: lone, Answer: notice.Revoked}, "c"); err != nil {
		t.Fatal(err)
	}
	if n := len(o.read(id).Entries); n != 5 {
		t.Errorf("%d entries after one consent was taken back", n)
	}
	if after := o.approval(lone); after.State != before.State || after.Approved != before.Approved || after.Lapse != before.Lapse {
		t.Errorf("taking consent back changed the reduction: %+v", after)
	}
	// The days run out.
	o.Clock.Set(o.Clock.Now().AddDate(0, 0, 8))
	if _, err := o.s.Read(t.Context(), id); !errs.Is(err, errs.NotFound) {
		t.Errorf("public after its days: %v", err)
	}
	if list, err := o.s.Published(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d on the board, %v", len(list), err)
	}
	if err := o.s.Do(t.Context(), o.Approver(), public.StepInput{Notice: id, Step: notice.Close, Version: o.Version(id)}, "close"); err != nil {
		t.Error(err)
	}
}

func TestARevokedReductionLeavesTheNotice(t *testing.T) {
	o := newOffice(t)
	var last ident.ID
	for i := range 6 {
		last = o.approved(i, "石门乡", notice.Given)
	}
	id := o.published()
	o.Exec(`update approval set state = 'revoked' where id = $1`, last)
	if n := len(o.read(id).Entries); n != 5 {
		t.Errorf("%d entries", n)
	}
}

func TestNobodyStandsInTwoNotices(t *testing.T) {
	o := newOffice(t)
	for i := range 5 {
		o.approved(i, "石门乡", notice.Given)
	}
	first := o.drawn()
	again, err := o.s.One(t.Context(), o.Approver(), o.drawn())
	if err != nil || len(again.Entries) != 0 {
		t.Fatalf("%d entries, %v", len(again.Entries), err)
	}
	if err := o.s.Do(t.Context(), o.Approver(), public.StepInput{Notice: first, Step: notice.Discard, Version: o.Version(first)}, "d"); err != nil {
		t.Fatal(err)
	}
	if v, err := o.s.One(t.Context(), o.Approver(), o.drawn()); err != nil || len(v.Entries) != 5 {
		t.Errorf("after the draft was thrown away %d entries, %v", len(v.Entries), err)
	}
}

func TestAnUpheldObjectionAsksAPersonAndMovesNoMoney(t *testing.T) {
	o := newOffice(t)
	for i := range 5 {
		o.approved(i, "石门乡", notice.Given)
	}
	id := o.published()
	taken, err := o.s.Object(t.Context(), public.Said{Notice: id, No: 2, Name: "路人", Contact: "13900001234", Text: "此人有两套房"}, "p")
	if err != nil || taken.Receipt == "" {
		t.Fatalf("%+v, %v", taken, err)
	}
	if n := o.Count(`select count(*) from notice_objection where body like '%1390000%' or contact_last4 <> '1234' or contact_sealed is null or position('13900001234'::bytea in contact_sealed) > 0`); n != 0 {
		t.Error("the contact is not sealed")
	}
	if _, err := o.s.Object(t.Context(), public.Said{Notice: id, No: 77, Text: "x"}, "q"); errs.Of(err).Fields[0].Path != "no" {
		t.Errorf("a line that is not there: %v", err)
	}
	queue, err := o.s.Objections(t.Context(), o.Approver(), true, page.Request{})
	if err != nil || len(queue.Rows) != 1 || queue.Rows[0].Receipt != taken.Receipt || queue.Rows[0].Contact != "" {
		t.Fatalf("%+v, %v", queue.Rows, err)
	}
	x, err := o.s.Objection(t.Context(), o.Approver(), queue.Rows[0].ID)
	if err != nil || x.Contact != "13900001234" || x.Name != "路人" || x.DueOn != o.Today().AddDays(fund.SampleRules().AppealDays) {
		t.Fatalf("%+v, %v", x, err)
	}
	before := o.approval(x.Approval)
	if err := o.s.Answer(t.Context(), o.Approver(), public.AnswerInput{Objection: x.ID, State: notice.Upheld, Version: o.Version(x.ID)}, "a"); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := o.s.Answer(t.Context(), o.Approver(), public.AnswerInput{Objection: x.ID, State: notice.Upheld, Opinion: "经查属实", Version: o.Version(x.ID)}, "b"); err != nil {
		t.Fatal(err)
	}
	a := o.approval(x.Approval)
	if a.State != before.State || a.Approved != before.Approved || a.Lapse != fund.LapseOpen || len(a.LapsedFacts) != 1 || a.LapsedFacts[0] != fund.BoundObjection {
		t.Errorf("after an upheld objection: %+v", a)
	}
	if n := o.Count(`select count(*) from ledger_transfer`); n != 0 {
		t.Errorf("%d transfers", n)
	}
	if err := o.s.Answer(t.Context(), o.Approver(), public.AnswerInput{Objection: x.ID, State: notice.Dismissed, Opinion: "x", Version: o.Version(x.ID)}, "c"); errs.Of(err).Rule != "notice.answered" {
		t.Errorf("answered twice: %v", err)
	}
}

func TestWhoWritesAnObjectionDownDoesNotAnswerIt(t *testing.T) {
	o := newOffice(t)
	for i := range 5 {
		o.approved(i, "石门乡", notice.Given)
	}
	id := o.published()
	if _, err := o.s.ObjectFor(t.Context(), o.Approver(), public.Said{Notice: id, No: 1, Text: "电话反映"}, "s"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.s.ObjectFor(t.Context(), o.Registrar(servicetest.MountainTwo), public.Said{Notice: id, No: 3, Text: "窗口反映"}, "h"); err != nil {
		t.Errorf("another hospital's desk: %v", err)
	}
	queue, _ := o.s.Objections(t.Context(), o.Approver(), true, page.Request{})
	for _, x := range queue.Rows {
		err := o.s.Answer(t.Context(), o.Approver(), public.AnswerInput{Objection: x.ID, State: notice.Dismissed, Opinion: "已核实", Version: o.Version(x.ID)}, ident.Token())
		if own := x.No == 1; own != (errs.Of(err).Rule == "notice.second_person") {
			t.Errorf("line %d: %v", x.No, err)
		}
	}
	if _, err := o.s.Objections(t.Context(), o.Registrar(mountain), true, page.Request{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar reads objections: %v", err)
	}
	if _, err := o.s.ObjectFor(t.Context(), o.Other.Registrar(mountain), public.Said{Notice: id, Text: "x"}, "f"); !errs.Is(err, errs.NotFound) {
		t.Errorf("another partnership: %v", err)
	}
	if err := o.s.Consent(t.Context(), o.Registrar(servicetest.MountainTwo), public.ConsentInput{Approval: o.approved(9, "石门乡", ""), Answer: notice.Given}, "n"); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital records consent: %v", err)
	}
}
