package accounts_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Somebody goes to another hospital: rights at the old one end at once, what was
// begun there goes to the successor, and nothing is given at the new one.
func TestWhoMovesLosesTheOldPlaceAndHandsItsWorkOver(t *testing.T) {
	h := newHouse(t)
	const old, next = servicetest.Mountain, servicetest.MountainTwo
	mover, successor, elsewhere, admin := h.Registrar(old), h.Doctor(old), h.Registrar(next), h.SystemAdmin()
	at := authz.AtHospital(h.Partnership.ID, h.ID(old))
	if !h.Policy.Can(mover, authz.PersonRegister, at) {
		t.Fatal("the registrar does not register")
	}
	h.Do(mover, func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.SaveDraft(store.Draft{Form: "/patients/register", Title: "登记", Back: "/patients/register", Values: map[string][]string{"name": {"向云禾"}}})
	})
	op := ident.New()
	h.Treat(servicetest.Treated{Name: "向云禾", Programme: "joint", At: old, On: h.Today(), Joints: 1, State: "settled"})
	h.Exec(`insert into followup (partnership_id, id, procedure_id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, step, due_on, from_on, to_on, status, grp, edition, lead,
		taken_by, taken_at, created_at, created_by) select o.partnership_id, $2, o.id, o.treatment_id, o.case_id, o.person_id, o.programme, o.hospital_id, o.visible_to, '1', $3, $3, $3, 'open', 'joint', 1, true, $4, $5, $5, $4
		from procedure o where o.partnership_id = $1 limit 1`, h.Partnership.ID, op, h.Today(), mover.AccountID, h.Clock.Now())
	version := int64(h.Count(`select version from account where id = $1`, mover.AccountID))
	for name, c := range map[string]struct {
		who  user.Principal
		in   accounts.MoveInput
		want errs.Kind
	}{
		"by a hospital":       {h.HospitalAdmin(old), accounts.MoveInput{Account: mover.AccountID, To: h.ID(next), Version: version}, errs.Forbidden},
		"by who gives rights": {h.SecurityAdmin(), accounts.MoveInput{Account: mover.AccountID, To: h.ID(next), Version: version}, errs.Forbidden},
		"to where it is":      {admin, accounts.MoveInput{Account: mover.AccountID, To: h.ID(old), Version: version}, errs.Invalid},
		"a stranger follows":  {admin, accounts.MoveInput{Account: mover.AccountID, To: h.ID(next), Successor: elsewhere.AccountID, Version: version}, errs.Invalid},
		"an older picture":    {admin, accounts.MoveInput{Account: mover.AccountID, To: h.ID(next), Version: version + 1}, errs.Stale},
		"oneself":             {admin, accounts.MoveInput{Account: admin.AccountID, To: h.ID(next), Version: 1}, errs.Precondition},
	} {
		if _, err := h.s.Move(t.Context(), c.who, c.in, ""); errs.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, err := h.s.Move(t.Context(), admin, accounts.MoveInput{Account: mover.AccountID, To: h.ID(next), Successor: successor.AccountID, Version: version}, "")
	if err != nil || m.Roles != 1 || m.FollowUps != 1 || m.Drafts != 1 {
		t.Fatalf("%+v %v", m, err)
	}
	now := h.Refresh(mover)
	if h.Policy.Can(now, authz.PersonRegister, at) || h.Policy.Can(now, authz.PersonRegister, authz.AtHospital(h.Partnership.ID, h.ID(next))) {
		t.Error("the old place is open, or the new one by itself")
	}
	if n := h.Count(`select count(*) from account where id = $1 and organisation_id = $2`, mover.AccountID, h.ID(next)); n != 1 {
		t.Error("the account is not at the new place")
	}
	if n := h.Count(`select count(*) from followup where id = $1 and taken_by = $2`, op, successor.AccountID); n != 1 {
		t.Error("the follow-up has no new owner")
	}
	if n := h.Count(`select count(*) from form_draft where account_id = $1`, mover.AccountID); n != 0 {
		t.Error("the draft is still the mover's")
	}
	h.Do(successor, func(tx *store.Tx) error {
		tx.NoAudit("test")
		d, ok, err := tx.DraftOf("/patients/register")
		if err == nil && (!ok || d.Values["name"][0] != "向云禾") {
			t.Errorf("the successor's draft: %+v %v", d, ok)
		}
		return err
	})
	if n := h.Count(`select count(*) from message where account_id = $1 and kind = 'followup.given'`, successor.AccountID); n != 1 {
		t.Errorf("the successor was told %d times", n)
	}
}
