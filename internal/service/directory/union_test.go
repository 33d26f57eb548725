package directory_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

func (h house) union(from, into servicetest.Place) partnership.Union {
	return partnership.Union{From: h.ID(from), Into: h.ID(into), On: h.Today(), Reason: "县卫健委批复〔2026〕12号"}
}

func (h house) preview(t *testing.T, who user.Principal, id ident.ID) directory.UnionView {
	t.Helper()
	v, err := h.s.Union(t.Context(), who, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func carried(list []partnership.Carried, kind string) int64 {
	for _, c := range list {
		if c.Kind == kind {
			return c.N
		}
	}
	return 0
}

// twoHospitals is a hospital with an open case, a planned stay, one in bed, a
// closed case with its operation, implants, a posting and people, beside another.
func twoHospitals(t *testing.T) (h house, open store.CaseItem, bed store.Treatment, old ident.ID) {
	h = newHouse(t)
	from := servicetest.MountainTwo
	open = h.Case(from, procedure.Cataract, "向晚舟")
	h.TreatmentIn(open, from)
	h.Exec(`insert into registration_term (partnership_id, hospital_id, term, registration_id) select r.partnership_id, r.hospital_id, 'b:晚舟', r.id
		from registration r join casefile c on c.person_id = r.person_id where c.id = $1`, open.ID)
	bed = h.Treatment(from, procedure.Joint, "向云禾", treatment.AdmitEmergency)
	old = h.Treat(servicetest.Treated{At: from, Programme: measure.Joint, On: h.Today().AddDays(-40), Joints: 1, State: "settled", Name: "向田秀"})
	h.Exec(`update casefile set state = 'closed', closed_on = $2, closure = 'completed' where person_id = $1`, old, h.Today().AddDays(-10))
	h.Visiting(from)
	device := ident.New()
	h.Exec(`insert into device (partnership_id, id, maker, brand, catalogue_no, di, maker_key, brand_key, ref_key, registration_no, nhsa_code, role, size, diameter_mm, side, material, cemented, price_fen, bulk, created_at, created_by)
		values ($1, $2, 'm', 'b', 'r', '', 'M', 'B', 'R', '', '', 'femoral_stem', '', 0, '', '', false, 0, false, now(), $2)`, h.Partnership.ID, device)
	h.Exec(`insert into device_stock (partnership_id, id, hospital_id, device_id, lot, lot_key, received_on, received, created_at, created_by)
		values ($1, $2, $3, $4, 'L1', 'L1', $5, 4, now(), $2), ($1, $6, $3, $4, 'L1', 'L1', $5, 3, now(), $2)`, h.Partnership.ID, ident.New(), h.ID(from), device, h.Today().AddDays(-20), ident.New())
	return h, open, bed, old
}

func TestTwoHospitalsBecomeOneByTwoPersons(t *testing.T) {
	h, open, bed, old := twoHospitals(t)
	from, into := servicetest.MountainTwo, servicetest.Mountain
	first, second := h.Approver(), h.SecondApprover()
	clerk, doctor, other := h.Registrar(from), h.Doctor(from), h.Registrar(into)
	u := h.union(from, into)
	for field, wrong := range map[string]partnership.Union{
		"into": {From: u.From, Into: h.ID(servicetest.Sea), On: u.On, Reason: u.Reason}, "from": {From: ident.New(), Into: u.Into, On: u.On, Reason: u.Reason},
		"on": {From: u.From, Into: u.Into, On: u.On.AddDays(-1), Reason: u.Reason}, "reason": {From: u.From, Into: u.Into, On: u.On, Reason: "并"},
	} {
		_, err := h.s.AskUnion(t.Context(), first, wrong, "")
		wantField(t, err, field)
	}
	for name, who := range map[string]user.Principal{"an official": h.Official(), "the hospital": h.HospitalAdmin(from), "the platform": h.SystemAdmin()} {
		_, err := h.s.AskUnion(t.Context(), who, u, "")
		wantKind(t, name, err, errs.Forbidden)
	}
	u.On = u.On.AddDays(1)
	id, err := h.s.AskUnion(t.Context(), first, u, "k")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.s.AskUnion(t.Context(), first, u, "k"); err != nil || again != id {
		t.Errorf("asked again: %v %v", again, err)
	}
	if _, err := h.s.AskUnion(t.Context(), second, u, ""); errs.Of(err).Rule != "hospital_merge_once" {
		t.Errorf("asked twice: %v", err)
	}
	v := h.preview(t, second, id)
	if !v.MayConfirm || h.preview(t, first, id).MayConfirm || len(v.Pending) != 1 || v.Pending[0].Kind != "care" {
		t.Fatalf("%+v", v)
	}
	for kind, n := range map[string]int64{"cases": 2, "treatments": 1, "people": 2, "postings": 1, "stock": 7, "accounts": 3} {
		if carried(v.Moves, kind) != n {
			t.Errorf("the preview says %d %s, want %d", carried(v.Moves, kind), kind, n)
		}
	}
	if carried(v.Stays, "closed") != 1 || carried(v.Stays, "operations") != 1 || carried(v.Stays, "settlements") != 1 {
		t.Errorf("stays %+v", v.Stays)
	}
	confirm := func(who user.Principal) error { return h.s.ConfirmUnion(t.Context(), who, id, v.Version, "") }
	if err := confirm(first); errs.Of(err).Rule != "union.two_persons" {
		t.Errorf("alone: %v", err)
	}
	if err := confirm(second); errs.Of(err).Rule != "union.early" {
		t.Errorf("a day early: %v", err)
	}
	h.Clock.Advance(24 * 3600e9)
	if err := confirm(second); errs.Of(err).Rule != "union.pending" || errs.Of(err).Args["what"] != errs.Key("partnership.pending.care") || errs.Of(err).Remedy[0] != "remedy.union.care" {
		t.Errorf("with somebody in bed: %v", err)
	}
	h.Exec(`update treatment set state = 'closed' where id = $1`, bed.ID)
	wantKind(t, "on an older picture", h.s.ConfirmUnion(t.Context(), second, id, v.Version+1, ""), errs.Stale)
	if err := confirm(second); err != nil {
		t.Fatal(err)
	}
	h.oneHospital(t, id, open, old)
	h.onlyRead(t, clerk, doctor, other, open, old)
}

// oneHospital looks at what went over and at what stayed.
func (h house) oneHospital(t *testing.T, id ident.ID, open store.CaseItem, old ident.ID) {
	t.Helper()
	from, into := h.ID(servicetest.MountainTwo), h.ID(servicetest.Mountain)
	v := h.preview(t, h.Approver(), id)
	if v.State != partnership.UnionDone || v.DoneOn != h.Today() || carried(v.Moves, "cases") != 2 || carried(v.Moves, "stock") != 7 || carried(v.Moves, "postings") != 1 {
		t.Errorf("%+v", v)
	}
	for what, query := range map[string]string{
		"the open case is at home there":   `select count(*) from casefile where id = $3 and home_hospital_id = $2 and $2 = any (visible_to)`,
		"so is its person":                 `select count(*) from registration r join casefile c on c.person_id = r.person_id where c.id = $3 and r.hospital_id = $2`,
		"with its search terms":            `select count(distinct g.hospital_id) from registration_term g join registration r on r.id = g.registration_id join casefile c on c.person_id = r.person_id where c.id = $3 and g.hospital_id = $2`,
		"the planned stay too":             `select count(*) from treatment where case_id = $3 and hospital_id = $2`,
		"the closed case stays":            `select count(*) from casefile where person_id = $4 and home_hospital_id = $1`,
		"its operation stays":              `select count(*) from procedure where person_id = $4 and hospital_id = $1`,
		"its settlement stays":             `select count(*) from settlement where person_id = $4 and hospital_id = $1`,
		"implants are received there":      `select count(*) from device_stock where hospital_id = $2 and received = 7 and live`,
		"the posting goes on there":        `select count(*) from posting a join posting b using (practitioner_id) where a.organisation_id = $1 and b.organisation_id = $2 and b.from_on = a.to_on + 1`,
		"it is no member any more":         `select count(*) from partnership_member where organisation_id = $1 and to_on is not null`,
		"the log says who did it and what": `select count(*) from audit_event where action = 'hospital.merge' and outcome = 'ok' and detail::jsonb ->> 'step' = 'confirm' and detail::jsonb -> 'moved' ->> 'stock' = '7'`,
	} {
		if n := h.Count(`with k (a, b, c, d) as (select $1::uuid, $2::uuid, $3::uuid, $4::uuid) `+query, from, into, open.ID, old); n != 1 {
			t.Errorf("%s: %d", what, n)
		}
	}
	if n := h.Count(`select count(*) from device_stock where hospital_id = $1 and live`, from); n != 0 {
		t.Errorf("%d deliveries are still on the old shelf", n)
	}
	if d, err := h.s.Organisation(t.Context(), h.SystemAdmin(), from); err != nil || len(d.Unions) != 1 || d.Unions[0].Into != into || d.Unions[0].DoneOn != h.Today() {
		t.Errorf("the hospital's page: %+v %v", d.Unions, err)
	}
	if list, err := h.s.Unions(t.Context(), h.Approver(), page.Request{}); err != nil || len(list.Rows) != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

// onlyRead: the people of both work at the one hospital, read the other's records
// and write down what happened there; nobody begins anything there, not even past
// the code.
func (h house) onlyRead(t *testing.T, clerk, doctor, other user.Principal, open store.CaseItem, old ident.ID) {
	t.Helper()
	from, into := h.ID(servicetest.MountainTwo), h.ID(servicetest.Mountain)
	at := func(o ident.ID) authz.Scope { return authz.AtHospital(h.Partnership.ID, o) }
	for name, who := range map[string]user.Principal{"its clerk": clerk, "the other's": other} {
		now := h.Refresh(who)
		if err := h.Policy.Check(now, authz.CaseOpen, at(from)); errs.Of(err).Rule != "hospital.ended" {
			t.Errorf("%s opens a case where nobody works: %v", name, err)
		}
		if !h.Policy.Can(now, authz.CaseOpen, at(into)) || !h.Policy.Can(now, authz.CaseRead, at(from)) {
			t.Errorf("%s does not work there, or does not read the old records", name)
		}
		if r := h.Policy.Reach(now, authz.CaseOpen); len(r.Hospitals) != 1 || r.Hospitals[0] != into {
			t.Errorf("%s may choose %v", name, r.Hospitals)
		}
		h.Do(now, func(tx *store.Tx) error { // row security: the open case and the old one
			tx.NoAudit("test")
			if _, err := tx.CaseByID(open.ID); err != nil {
				t.Errorf("%s: the open case: %v", name, err)
			}
			if n, err := tx.PersonByID(old); err != nil || n.ID != old {
				t.Errorf("%s: the person of the old case: %v", name, err)
			}
			return nil
		})
	}
	for perm, may := range map[authz.Permission]bool{authz.ObservationRecord: true, authz.FollowUpRecord: true, authz.ProcedureEdit: true, authz.TreatmentAdvance: false} {
		if now := h.Refresh(doctor); h.Policy.Can(now, perm, at(from)) != may || !h.Policy.Can(now, perm, at(into)) {
			t.Errorf("the doctor at the old records: %s is %v", perm, !may)
		}
	}
	if n := h.Count(`select count(*) from account where id in ($1, $2) and organisation_id = $3`, clerk.AccountID, doctor.AccountID, into); n != 2 {
		t.Errorf("%d of two people work there", n)
	}
	if n := h.Count(`select count(*) from practitioner where id = $1 and home_organisation_id = $2`, doctor.PractitionerID, into); n != 1 {
		t.Error("the doctor's home is elsewhere")
	}
	err := h.DB.InTx(t.Context(), h.System(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		_, err := tx.OpenCase(store.CaseOpening{Person: old, Hospital: from, Programme: procedure.Cataract, On: h.Today()})
		return err
	})
	if errs.Of(err).Rule != "hospital_ended" {
		t.Errorf("past the code: %v", err)
	}
	if got := h.Policy.Successor(h.Partnership.ID, from); got != into {
		t.Errorf("goes on at %v", got)
	}
	super := pgtest.Open(t, h.Database.SuperDSN)
	if _, err := super.Exec(`update hospital_merge set done_by = created_by`); err == nil {
		t.Error("the database lets one person do it")
	}
	// Hospitals that became part of another one are not asked for again.
	if _, err := h.s.AskUnion(t.Context(), h.Approver(), h.union(servicetest.Mountain, servicetest.MountainTwo), ""); err == nil {
		t.Error("a hospital goes into one that is gone")
	}
}

func TestAMergerIsTakenBackAndMoneyKeepsItOpen(t *testing.T) {
	h := newHouse(t)
	u := h.union(servicetest.MountainTwo, servicetest.Mountain)
	id, err := h.s.AskUnion(t.Context(), h.Approver(), u, "")
	if err != nil {
		t.Fatal(err)
	}
	h.Treatment(servicetest.MountainTwo, procedure.Joint, "向云禾")
	for kind, query := range map[string]string{"approved": `update treatment set state = 'approved' where hospital_id = $1`, "approvals": `update treatment set state = 'approval_requested' where hospital_id = $1`,
		"bills": `update treatment set state = 'discharged' where hospital_id = $1`} {
		h.Exec(query, u.From)
		err := h.s.ConfirmUnion(t.Context(), h.SecondApprover(), id, 1, "")
		if errs.Of(err).Rule != "union.pending" || errs.Of(err).Remedy[0] != "remedy.union."+kind {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if err := h.s.DropUnion(t.Context(), h.Approver(), id, 1, ""); err != nil {
		t.Fatal(err)
	}
	if err := h.s.ConfirmUnion(t.Context(), h.SecondApprover(), id, 2, ""); errs.Of(err).Rule != "union.state" {
		t.Errorf("after it was taken back: %v", err)
	}
	if _, err := h.s.AskUnion(t.Context(), h.Approver(), u, ""); err != nil {
		t.Errorf("asked anew: %v", err)
	}
}
