package visiting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

// mission is a mission of one visitor to a hospital, this week.
func (h *house) mission(p servicetest.Place, doctor user.Principal) ident.ID {
	h.T.Helper()
	m := visit.Mission{Hospital: h.ID(p), Title: "骨科支医周", From: h.Today().AddDays(-2), To: h.Today().AddDays(3)}
	id, err := h.s.SaveVisit(h.T.Context(), h.Doctor(p), m, store.Key{})
	if err != nil {
		h.T.Fatal(err)
	}
	if err := h.s.ChangeRoster(h.T.Context(), h.Doctor(p), visiting.MemberInput{Visit: id, Practitioner: doctor.PractitionerID, Duty: visit.DutySurgeon}, store.Key{}); err != nil {
		h.T.Fatal(err)
	}
	return id
}

func (h *house) view(id ident.ID) visiting.VisitView {
	h.T.Helper()
	v, err := h.s.Visit(h.T.Context(), h.Doctor(mountain), id)
	if err != nil {
		h.T.Fatal(err)
	}
	return v
}

// Who plans missions in a whole partnership plans none to a hospital of another one,
// and is told the same of a hospital there is not.
func TestAMissionGoesToAHospitalOfThePartnership(t *testing.T) {
	h := newHouse(t)
	for _, hospital := range []ident.ID{h.Other.ID(mountain), ident.New()} {
		m := visit.Mission{Hospital: hospital, Title: "骨科支医周", From: h.Today(), To: h.Today().AddDays(3)}
		_, err := h.s.SaveVisit(t.Context(), h.Approver(), m, store.Key{})
		wantField(t, err, "hospital")
	}
	m := visit.Mission{Hospital: h.ID(mountain), Title: "骨科支医周", From: h.Today(), To: h.Today().AddDays(3)}
	must[ident.ID](t)(h.s.SaveVisit(t.Context(), h.Approver(), m, store.Key{}))
}

// A visit cannot close while any of its patients lacks a local owner, whether
// the patient stood on the list or not.
func TestAVisitClosesWhenEveryPatientHasALocalOwner(t *testing.T) {
	h := newHouse(t)
	doctor, local := h.Visiting(mountain), h.Doctor(mountain)
	id := h.mission(mountain, doctor)
	o := must[store.Operation](t)(h.log(doctor, "甲", false, ""))
	v := h.view(id)
	if v.Count(visit.OutcomeUnplanned) != 1 || v.Unowned != 1 || v.Lines[0].Patient.Name != "甲" {
		t.Fatalf("what was done does not appear by itself: %+v", v.Lines)
	}
	closing := func() error {
		return h.s.Close(t.Context(), local, visiting.End{Visit: id, Version: h.view(id).Version}, store.Key{})
	}
	if err := closing(); errs.Of(err).Rule != "visit.handover" {
		t.Errorf("closed with a patient nobody owns: %v", err)
	}
	shorter := visit.Mission{ID: id, Title: "改期", From: h.Today().AddDays(-2), To: h.Today().AddDays(-1), Version: v.Version}
	_, err := h.s.SaveVisit(t.Context(), local, shorter, store.Key{})
	wantField(t, err, "to")
	leaving := h.s.ChangeRoster(t.Context(), local, visiting.MemberInput{Visit: id, Remove: v.Roster[0].ID}, store.Key{})
	if errs.Of(leaving).Rule != "visit.member_operated" {
		t.Errorf("the surgeon leaves the roster with the patient: %v", leaving)
	}
	hand := visiting.HandoverInput{Visit: id, Case: o.Case, Owner: doctor.PractitionerID, On: h.Today()}
	wantField(t, h.s.HandOver(t.Context(), local, hand, store.Key{}), "owner")
	hand.Owner = local.PractitionerID
	stranger := hand
	stranger.Case = ident.New()
	wantField(t, h.s.HandOver(t.Context(), local, stranger, store.Key{}), "case")
	if err := h.s.HandOver(t.Context(), local, hand, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if err := closing(); err != nil {
		t.Fatal(err)
	}
	if v := h.view(id); v.State != visit.Closed || v.Edit || v.ClosedBy == "" || v.Lines[0].Owner.Owner != local.PractitionerID {
		t.Errorf("%+v", v.Visit)
	}
	wantKind(t, "a change afterwards", h.s.ChangeRoster(t.Context(), local, visiting.MemberInput{Visit: id, Remove: v.Roster[0].ID}, store.Key{}), errs.Precondition)
	late := must[store.Operation](t)(h.log(doctor, "乙", false, "")) // logged after the visit was closed
	if v := h.view(id); v.Unowned != 1 || !v.Hand {
		t.Errorf("an operation logged late has no owner and nobody sees it: %+v", v)
	}
	hand.Case = late.Case
	if err := h.s.HandOver(t.Context(), local, hand, store.Key{}); err != nil || h.view(id).Unowned != 0 {
		t.Errorf("a late handover: %v", err)
	}
}

func TestThePlannedListIsDoneOrCancelledWithAReason(t *testing.T) {
	h := newHouse(t)
	doctor, local := h.Visiting(mountain), h.Doctor(mountain)
	id := h.mission(mountain, doctor)
	c := h.Case(mountain, procedure.Joint, "乙")
	entry := visit.Entry{Kind: procedure.TKA, Side: procedure.Left, On: h.Today(), Surgeon: doctor.PractitionerID, Start: 540, Minutes: 90}
	plan := func(no string, e visit.Entry) error {
		return h.s.PlanCase(t.Context(), local, visiting.EntryInput{Visit: id, CaseNo: no, Entry: e}, store.Key{})
	}
	wantField(t, plan("SH-1999-00001", entry), "case")
	wantField(t, plan(h.Case(near, procedure.Joint, "外").No, entry), "case")
	late := entry
	late.On = h.Today().AddDays(30)
	wantField(t, plan(c.No, late), "on")
	if err := plan(c.No, entry); err != nil {
		t.Fatal(err)
	}
	if err := h.s.Close(t.Context(), local, visiting.End{Visit: id, Version: h.view(id).Version}, store.Key{}); errs.Of(err).Rule != "visit.list_open" {
		t.Errorf("closed with an open entry: %v", err)
	}
	line := h.view(id).Lines[0]
	cancel := visiting.CancelInput{Visit: id, Entry: line.Entry.ID, Version: line.Entry.Version}
	wantField(t, h.s.CancelCase(t.Context(), local, cancel, store.Key{}), "reason")
	cancel.Reason = "血压未控制"
	if err := h.s.CancelCase(t.Context(), local, cancel, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if v := h.view(id); v.Count(visit.OutcomeCancelled) != 1 || v.Lines[0].Entry.Reason != "血压未控制" {
		t.Errorf("%+v", v.Lines)
	}
	if err := h.s.Close(t.Context(), local, visiting.End{Visit: id, Version: h.view(id).Version}, store.Key{}); err != nil {
		t.Error(err)
	}
}

// One surgeon at two hospitals: both visits say so, and neither is refused.
func TestAClashWarnsAndNeverBlocks(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(mountain)
	first := h.mission(mountain, doctor)
	if v := h.view(first); len(v.Clashes) != 0 {
		t.Fatalf("%+v", v.Clashes)
	}
	second := h.mission(near, doctor)
	v := h.view(first)
	if len(v.Clashes) != 1 || !v.Clashes[0].Roster || v.Clashes[0].Name != doctor.DisplayName {
		t.Fatalf("%+v", v.Clashes)
	}
	plan := func(p servicetest.Place, id ident.ID, start int) {
		t.Helper()
		e := visit.Entry{Kind: procedure.TKA, Side: procedure.Left, On: h.Today(), Surgeon: doctor.PractitionerID, Start: start, Minutes: 60}
		in := visiting.EntryInput{Visit: id, CaseNo: h.Case(p, procedure.Joint, "丙").No, Entry: e}
		if err := h.s.PlanCase(t.Context(), h.Doctor(p), in, store.Key{}); err != nil {
			t.Fatal(err)
		}
	}
	plan(mountain, first, 540)
	plan(near, second, 600) // right afterwards
	if v := h.view(first); len(v.Clashes) != 1 {
		t.Errorf("two cases after one another clash: %+v", v.Clashes)
	}
	plan(near, second, 570)
	if v := h.view(first); len(v.Clashes) != 2 || v.Clashes[1].Roster {
		t.Errorf("two cases in one hour: %+v", v.Clashes)
	}
	if err := h.s.Cancel(t.Context(), h.Doctor(near), visiting.End{Visit: second, Version: 1, Reason: "改期"}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if v := h.view(first); len(v.Clashes) != 0 {
		t.Errorf("a cancelled visit still binds: %+v", v.Clashes)
	}
}

func TestAttendanceAndSupplies(t *testing.T) {
	h := newHouse(t)
	doctor, local := h.Visiting(mountain), h.Doctor(mountain)
	id := h.mission(mountain, doctor)
	day := func(n int, part visit.DayPart) error {
		return h.s.Attend(t.Context(), local, visiting.DayInput{Visit: id, Attendance: visit.Attendance{Practitioner: doctor.PractitionerID, On: h.Today().AddDays(n), Part: part}}, store.Key{})
	}
	wantField(t, day(-3, visit.FullDay), "on")
	wantField(t, day(1, visit.FullDay), "on")
	for n, part := range []visit.DayPart{visit.FullDay, visit.HalfDay, visit.TravelDay} {
		if err := day(-n, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := day(0, visit.NoDay); err != nil { // entered by mistake
		t.Fatal(err)
	}
	use := func(x visiting.Supply) error {
		return h.s.UseSupplies(t.Context(), local, visiting.SupplyInput{Visit: id, Supply: x}, store.Key{})
	}
	wantField(t, use(visiting.Supply{Name: "骨水泥", Unit: "袋", Source: visiting.SupplyBrought}), "quantity")
	if err := use(visiting.Supply{Name: "骨水泥", Quantity: 2, Unit: "袋", Source: visiting.SupplyBrought}); err != nil {
		t.Fatal(err)
	}
	v := h.view(id)
	if v.ServiceDays() != 1 || len(v.Supplies) != 1 || v.Supplies[0].Quantity != 2 {
		t.Errorf("%d days, %+v", v.ServiceDays(), v.Supplies)
	}
	if err := h.s.UseSupplies(t.Context(), local, visiting.SupplyInput{Visit: id, Remove: v.Supplies[0].ID}, store.Key{}); err != nil || len(h.view(id).Supplies) != 0 {
		t.Error("taking it back:", err)
	}
}

func TestAVisitIsTheBusinessOfItsHospital(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(mountain)
	id := h.mission(mountain, doctor)
	must[store.Operation](t)(h.log(doctor, "甲听澜", false, ""))
	_, err := h.s.Visit(t.Context(), h.Doctor(near), id)
	wantKind(t, "another hospital reads", err, errs.NotFound)
	wantKind(t, "another hospital cancels", h.s.Cancel(t.Context(), h.Doctor(near), visiting.End{Visit: id, Version: 1, Reason: "x"}, store.Key{}), errs.NotFound)
	_, err = h.s.SaveVisit(t.Context(), h.Doctor(near), visit.Mission{Hospital: h.ID(mountain), Title: "x", From: h.Today(), To: h.Today()}, store.Key{})
	wantKind(t, "another hospital plans", err, errs.NotFound)
	official := must[visiting.VisitView](t)(h.s.Visit(t.Context(), h.Official(), id))
	if official.Lines[0].Patient.Name == "甲听澜" || official.Lines[0].Patient.CaseNo == "" {
		t.Errorf("the official reads %q", official.Lines[0].Patient.Name)
	}
	admin := must[visiting.VisitView](t)(h.s.Visit(t.Context(), h.HospitalAdmin(mountain), id))
	if admin.Cases || admin.Edit || admin.Lines[0].Patient.CaseNo != "" || admin.Lines[0].Patient.Name != "" {
		t.Errorf("who reads no cases sees %+v", admin)
	}
	if list := must[visiting.Visits](t)(h.s.Visits(t.Context(), h.Doctor(near), "", page.Request{})); len(list.Rows) != 0 {
		t.Errorf("listed elsewhere: %+v", list.Rows)
	}
	h.Clock.Advance(60 * 24 * 3600e9)
	_, err = h.s.Visit(t.Context(), h.Refresh(doctor), id)
	wantKind(t, "the visitor after the posting", err, errs.NotFound)
}
