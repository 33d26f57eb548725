package visiting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

// led logs a knee led by the local doctor, with the visitor as the supervisor or
// alone.
func (h *house) led(local, supervisor ident.ID, name string) store.Operation {
	h.T.Helper()
	tr := h.admitted(mountain, name)
	p := servicetest.Joint(local, procedure.Left, h.Today())
	p.Supervisor = supervisor
	o, err := h.care.LogOperation(h.T.Context(), h.Doctor(mountain), care.OperationInput{Treatment: tr.ID, Operation: p}, store.Key{})
	if err != nil {
		h.T.Fatal(err)
	}
	return o
}

func TestTheLadderCountsRolesWithAndWithoutAVisitor(t *testing.T) {
	h := newHouse(t)
	visitor, local := h.Visiting(mountain), h.Doctor(mountain)
	h.led(local.PractitionerID, visitor.PractitionerID, "甲")
	h.led(local.PractitionerID, visitor.PractitionerID, "乙")
	h.led(local.PractitionerID, ident.Nil, "丙")
	watched := must[store.Operation](t)(h.log(visitor, "丁", false, ""))
	observe := func(o store.Operation, d ident.ID) error {
		return h.s.Observe(t.Context(), local, visiting.ObserveInput{Operation: o.ID, Doctors: []ident.ID{d}}, store.Key{})
	}
	wantField(t, observe(watched, visitor.PractitionerID), "doctors")
	for range 2 { // twice is once
		if err := observe(watched, local.PractitionerID); err != nil {
			t.Fatal(err)
		}
	}
	v := must[visiting.LadderView](t)(h.s.Ladder(t.Context(), h.HospitalAdmin(mountain), local.PractitionerID))
	l := v.At(procedure.TKA)
	if l.Visitor[practitioner.Supervised] != 2 || l.Alone[practitioner.Independent] != 1 || l.Visitor[practitioner.Observed] != 1 || l.Level() != practitioner.Supervised {
		t.Errorf("%+v", l)
	}
	if v.Counts[0].Year != h.Today().Year() {
		t.Errorf("%+v", v.Counts)
	}
	_, err := h.s.Ladder(t.Context(), h.Doctor(near), local.PractitionerID)
	wantKind(t, "another hospital", err, errs.NotFound)
}

func TestPromotionNeedsTheNumberAndAnotherPersonsSignature(t *testing.T) {
	h := newHouse(t)
	visitor, local := h.Visiting(mountain), h.Doctor(mountain)
	wantKind(t, "a mentor sets the number", h.s.SetRules(t.Context(), visitor, map[procedure.Kind]int{procedure.TKA: 2}, store.Key{}), errs.Forbidden)
	wantField(t, h.s.SetRules(t.Context(), h.Approver(), map[procedure.Kind]int{procedure.TKA: 0}, store.Key{}), "TKA")
	if err := h.s.SetRules(t.Context(), h.Approver(), map[procedure.Kind]int{procedure.TKA: 2}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	in := visiting.SignoffInput{Doctor: local.PractitionerID, Kind: procedure.TKA}
	h.led(local.PractitionerID, visitor.PractitionerID, "甲")
	_, err := h.s.SignOff(t.Context(), visitor, in, store.Key{})
	wantKind(t, "one of two", err, errs.Precondition)
	h.led(local.PractitionerID, visitor.PractitionerID, "乙")
	_, err = h.s.SignOff(t.Context(), local, in, store.Key{})
	wantKind(t, "the learner", err, errs.Forbidden)
	ended := func(on clock.Date) {
		h.Exec(`update privilege set to_on = $1 where practitioner_id = $2 and kind = $3`, on, visitor.PractitionerID, string(in.Kind))
	}
	ended(h.Today().AddDays(-1)) // who no longer does knees here cannot say that another does
	if _, err = h.s.SignOff(t.Context(), visitor, in, store.Key{}); errs.Of(err).Rule != "skill.privilege" {
		t.Errorf("without a privilege for the operation: %v", err)
	}
	if v := must[visiting.LadderView](t)(h.s.Ladder(t.Context(), visitor, local.PractitionerID)); !v.Outside[in.Kind] || v.Outside[procedure.THA] {
		t.Errorf("outside are %v", v.Outside)
	}
	ended(h.Today())
	signed := must[visiting.Signoff](t)(h.s.SignOff(t.Context(), visitor, in, store.Key{}))
	if signed.Counted != 2 || signed.Needed != 2 || signed.Signer != visitor.DisplayName {
		t.Errorf("%+v", signed)
	}
	v := must[visiting.LadderView](t)(h.s.Ladder(t.Context(), local, local.PractitionerID))
	if v.At(procedure.TKA).Level() != practitioner.Independent || v.Sign {
		t.Errorf("%+v", v)
	}
	list := must[visiting.Learners](t)(h.s.Learners(t.Context(), h.Official(), page.Request{}))
	found := false
	for _, x := range list.Rows {
		found = found || x.ID == local.PractitionerID && len(x.Signed) == 1
	}
	if !found {
		t.Errorf("%+v", list.Rows)
	}
	revoke := visiting.RevokeInput{Doctor: local.PractitionerID, Signoff: signed.ID, Version: signed.Version}
	wantField(t, h.s.Revoke(t.Context(), h.HospitalAdmin(mountain), revoke, store.Key{}), "reason")
	revoke.Reason = "停止开展"
	wantKind(t, "another hospital", h.s.Revoke(t.Context(), h.HospitalAdmin(near), revoke, store.Key{}), errs.NotFound)
	if err := h.s.Revoke(t.Context(), h.HospitalAdmin(mountain), revoke, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if v := must[visiting.LadderView](t)(h.s.Ladder(t.Context(), local, local.PractitionerID)); v.At(procedure.TKA).Level() != practitioner.Supervised {
		t.Errorf("after the revocation: %s", v.At(procedure.TKA).Level())
	}
}
