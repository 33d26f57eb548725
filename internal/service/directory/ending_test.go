package directory_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// version is that of the partnership, which each step counts.
func (h *house) version() int64 {
	return int64(h.Count(`select version from partnership where id = $1`, h.Partnership.ID))
}

func TestAPartnershipEndsByTwoPersonsWithNothingPending(t *testing.T) {
	h := newHouse(t)
	stay := h.Treatment(servicetest.Mountain, procedure.Joint, "向云禾", treatment.AdmitEmergency)
	waiting := h.Case(servicetest.MountainTwo, procedure.Cataract, "向晚舟")
	first, second := h.Approver(), h.SecondApprover()
	err := h.s.AskEnding(t.Context(), first, "到", h.version(), "")
	wantField(t, err, "reason")
	if err := h.s.ConfirmEnding(t.Context(), second, h.version(), ""); errs.Of(err).Rule != "partnership.stage" {
		t.Errorf("nobody asked: %v", err)
	}
	if err := h.s.AskEnding(t.Context(), first, "协作协议期满", h.version(), ""); err != nil {
		t.Fatal(err)
	}
	if !h.Policy.Can(first, authz.FundOpen, authz.InPartnership(h.Partnership.ID)) {
		t.Error("asking stops the work")
	}
	v, err := h.s.Ending(t.Context(), second, page.Request{})
	if err != nil || len(v.Cases.Rows) != 2 || len(v.Pending) != 1 || v.Pending[0].Kind != "care" || !v.MayConfirm || v.MayAsk {
		t.Fatalf("%+v %v", v, err)
	}
	if err := h.s.ConfirmEnding(t.Context(), first, h.version(), ""); errs.Of(err).Rule != "partnership.two_persons" {
		t.Errorf("alone: %v", err)
	}
	if err := h.s.ConfirmEnding(t.Context(), second, h.version(), ""); errs.Of(err).Rule != "partnership.pending" || errs.Of(err).Args["what"] != errs.Key("partnership.pending.care") {
		t.Errorf("with somebody in bed: %v", err)
	}
	h.Exec(`update treatment set state = 'closed' where id = $1`, stay.ID)
	for name, c := range map[string]error{
		"an official": h.s.ConfirmEnding(t.Context(), h.Official(), h.version(), ""), "a hospital": h.s.ConfirmEnding(t.Context(), h.HospitalAdmin(servicetest.Mountain), h.version(), ""),
	} {
		wantKind(t, name, c, errs.Forbidden)
	}
	wantKind(t, "on an older picture", h.s.ConfirmEnding(t.Context(), second, h.version()-1, ""), errs.Stale)
	if err := h.s.ConfirmEnding(t.Context(), second, h.version(), ""); err != nil {
		t.Fatal(err)
	}
	if n := h.Count(`select count(*) from casefile where partnership_id = $1 and state = 'closed' and closure = 'handed' and closure_note = '协作协议期满' and closed_on is not null`, h.Partnership.ID); n != 2 {
		t.Errorf("%d cases were handed over", n)
	}
	if n := h.Count(`select count(*) from audit_event where action = 'partnership.end' and outcome = 'ok' and detail::jsonb ->> 'cases' = '2'`); n != 1 {
		t.Errorf("the log has the end %d times", n)
	}
	// From now on it is read, and nobody writes; the other partnership goes on.
	clerk := h.Refresh(h.Registrar(servicetest.MountainTwo))
	at := authz.AtHospital(h.Partnership.ID, h.ID(servicetest.MountainTwo))
	if err := h.Policy.Check(clerk, authz.CaseOpen, at); errs.Of(err).Rule != "partnership.closed" {
		t.Errorf("a case is opened: %v", err)
	}
	if !h.Policy.Can(clerk, authz.CaseRead, at) || !h.Policy.Can(h.Other.Approver(), authz.FundOpen, authz.InPartnership(h.Other.Partnership.ID)) {
		t.Error("reading, or the other partnership, stopped too")
	}
	if err := h.s.ArchiveEnding(t.Context(), first, h.version(), ""); errs.Of(err).Rule != "partnership.archive" {
		t.Errorf("archived at once: %v", err)
	}
	h.Clock.Advance(90 * 24 * 3600e9)
	if err := h.s.ArchiveEnding(t.Context(), first, h.version(), ""); err != nil {
		t.Fatal(err)
	}
	if err := h.Policy.Check(clerk, authz.CaseRead, at); errs.Of(err).Rule != "partnership.archived" {
		t.Errorf("an archive is read: %v", err)
	}
	if !h.Policy.Can(h.Auditor(), authz.AuditRead, authz.InPartnership(h.Partnership.ID)) {
		t.Error("the auditor reads no archive")
	}
	if _, err := pgtest.Open(t, h.Database.SuperDSN).Exec(`update partnership set closed_by = closing_by where id = $1`, h.Partnership.ID); err == nil {
		t.Error("the database lets one person close it")
	}
	_ = waiting
}

func TestMoneyAndPromisesKeepAPartnershipOpen(t *testing.T) {
	h := newHouse(t)
	h.Fund(1_000_00)
	h.Exec(`update ledger_account set balance_fen = 5 where partnership_id = $1 and kind = 'reserved' and id = (select id from ledger_account where partnership_id = $1 and kind = 'reserved' limit 1)`, h.Partnership.ID)
	if err := h.s.AskEnding(t.Context(), h.Approver(), "协作协议期满", h.version(), ""); err != nil {
		t.Fatal(err)
	}
	if err := h.s.ConfirmEnding(t.Context(), h.SecondApprover(), h.version(), ""); errs.Of(err).Rule != "partnership.pending" || errs.Of(err).Args["what"] != errs.Key("partnership.pending.reserved") {
		t.Errorf("with money reserved: %v", err)
	}
	// Who asked takes it back.
	if err := h.s.DropEnding(t.Context(), h.Approver(), h.version(), ""); err != nil {
		t.Fatal(err)
	}
	if v, err := h.s.Ending(t.Context(), h.Approver(), page.Request{}); err != nil || !v.MayAsk || len(v.Pending) != 1 {
		t.Errorf("%+v %v", v, err)
	}
}

// A hospital that is renamed: what it was called stays readable, papers of the
// time keep it, and old ledgers still find the hospital.
func TestARenamedHospitalKeepsItsFormerName(t *testing.T) {
	h := newHouse(t)
	admin := h.SystemAdmin()
	id := h.ID(servicetest.Mountain)
	d, err := h.s.Organisation(t.Context(), admin, id)
	if err != nil {
		t.Fatal(err)
	}
	was, label, then := d.Name, d.Label(), h.Clock.Now()
	h.Clock.Advance(3600e9)
	d.Organisation.Name, d.Organisation.ShortName = "云岭区医疗中心", "云岭中心"
	if _, err := h.s.SaveOrganisation(t.Context(), admin, d.Organisation, ""); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(3600e9)
	if d, err = h.s.Organisation(t.Context(), admin, id); err != nil || len(d.Former) != 1 || d.Former[0].Name != was || d.Name != "云岭区医疗中心" {
		t.Fatalf("%+v %v", d, err)
	}
	h.Do(h.Approver(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		before, err := tx.NameAt(id, then)
		if err != nil {
			return err
		}
		now, err := tx.NameAt(id, h.Clock.Now())
		if before != label || now != "云岭中心" {
			t.Errorf("then %q (wanted %q), now %q", before, label, now)
		}
		return err
	})
	if n := h.Count(`select count(*) from organisation_alias where alias = $1 and organisation_id = $2`, was, id); n != 1 {
		t.Errorf("the former name means the hospital in %d partnerships", n)
	}
	// A change that is no renaming leaves no former name.
	d.Organisation.RegionCode = "530000"
	if _, err := h.s.SaveOrganisation(t.Context(), admin, d.Organisation, ""); err != nil {
		t.Fatal(err)
	}
	if n := h.Count(`select count(*) from organisation_name where organisation_id = $1`, id); n != 1 {
		t.Errorf("%d former names", n)
	}
}
