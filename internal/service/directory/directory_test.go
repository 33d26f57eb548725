package directory_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

type house struct {
	*servicetest.World
	s *directory.Service
}

func newHouse(t *testing.T) house {
	w := servicetest.New(t)
	return house{w, directory.New(directory.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock, Log: w.Log})}
}

// inside is a person of the platform who entered the partnership.
func inside(who user.Principal, w *servicetest.World) user.Principal {
	who.PartnershipID = w.Partnership.ID
	return w.Refresh(who)
}

func wantKind(t *testing.T, what string, err error, kind errs.Kind) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func wantField(t *testing.T, err error, path string) {
	t.Helper()
	if !errs.Of(err).Fields.Has(path) {
		t.Errorf("%v, want field %s", err, path)
	}
}

func TestOrganisationsAreSeenByMembersAndChangedByThePlatform(t *testing.T) {
	h := newHouse(t)
	admin := h.SystemAdmin()
	id, err := h.s.SaveOrganisation(t.Context(), admin, partnership.Organisation{Code: "new-1", Name: "新医院", Kind: partnership.Hospital}, "k")
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.s.SaveOrganisation(t.Context(), admin, partnership.Organisation{Code: "new-1", Name: "新医院", Kind: partnership.Hospital}, "k")
	if err != nil || again != id {
		t.Errorf("a repeated request makes %v, %v", again, err)
	}
	_, err = h.s.SaveOrganisation(t.Context(), admin, partnership.Organisation{Code: "NEW-1", Name: "另一家", Kind: partnership.Hospital}, "k2")
	wantField(t, err, "code")
	registrar := h.Registrar(servicetest.Mountain)
	_, err = h.s.Organisation(t.Context(), registrar, id)
	wantKind(t, "an organisation outside the partnership", err, errs.NotFound)
	_, err = h.s.Organisation(t.Context(), registrar, h.Other.ID(servicetest.Sea))
	wantKind(t, "an organisation of another partnership", err, errs.NotFound)
	list, err := h.s.Organisations(t.Context(), registrar, directory.OrganisationList{})
	if err != nil || len(list.Rows) != 5 {
		t.Errorf("%d organisations, %v", len(list.Rows), err)
	}
	_, err = h.s.SaveOrganisation(t.Context(), h.Approver(), partnership.Organisation{Code: "x", Name: "x", Kind: partnership.Hospital}, "")
	wantKind(t, "the office changing organisations", err, errs.Forbidden)
	o, err := h.s.Organisation(t.Context(), admin, id)
	if err != nil || !o.MayEdit {
		t.Fatal(err)
	}
	o.Name = "改名医院"
	if _, err := h.s.SaveOrganisation(t.Context(), admin, o.Organisation, "k4"); err != nil {
		t.Fatal(err)
	}
	_, err = h.s.SaveOrganisation(t.Context(), admin, o.Organisation, "k5")
	wantKind(t, "an old version", err, errs.Stale)
}

func TestOrganisationsArePagedByCode(t *testing.T) {
	h := newHouse(t)
	in := directory.OrganisationList{Page: page.Request{Size: 4}}
	seen := map[string]bool{}
	for range 4 {
		list, err := h.s.Organisations(t.Context(), h.SystemAdmin(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Rows {
			if seen[o.Code] {
				t.Errorf("%s twice", o.Code)
			}
			seen[o.Code] = true
		}
		if in.Page.After = list.Next; list.Next == "" {
			break
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d of 10 organisations", len(seen))
	}
}

func TestMergedOrganisationMeansTheOtherOneEverywhere(t *testing.T) {
	h := newHouse(t)
	old := partnership.Organisation{ID: ident.New(), Code: "PROV-1", Name: "云岭中医", Kind: partnership.Hospital, Provisional: true}
	h.Do(h.System(), func(tx *store.Tx) error {
		if err := tx.InsertOrganisation(old); err != nil {
			return err
		}
		return tx.InsertMember(partnership.Member{PartnershipID: h.Partnership.ID, OrganisationID: old.ID, Side: user.SideReceiving, From: clock.MustDate(2020, 1, 1)})
	})
	registrar, hospital := h.Registrar(servicetest.Mountain), h.ID(servicetest.Mountain)
	oldScope := authz.AtHospital(h.Partnership.ID, old.ID)
	if h.Policy.Can(registrar, authz.PersonRead, oldScope) {
		t.Fatal("the provisional organisation is open before the merge")
	}
	wantKind(t, "by the office", h.s.Merge(t.Context(), h.Approver(), old.ID, hospital, ""), errs.Forbidden)
	if err := h.s.Merge(t.Context(), h.SystemAdmin(), old.ID, hospital, "k"); err != nil {
		t.Fatal(err)
	}
	if !h.Policy.Can(h.Refresh(registrar), authz.PersonRead, oldScope) {
		t.Error("the hospital cannot reach its old records")
	}
	if h.Policy.Can(h.Refresh(h.Registrar(servicetest.MountainTwo)), authz.PersonRead, oldScope) {
		t.Error("another hospital reaches them")
	}
	if n := h.Count(`select count(*) from organisation_alias where partnership_id = $1 and alias = $2 and organisation_id = $3`, h.Partnership.ID, old.Name, hospital); n != 1 {
		t.Errorf("%d aliases", n)
	}
	wantKind(t, "merging again", h.s.Merge(t.Context(), h.SystemAdmin(), old.ID, h.ID(servicetest.Sea), ""), errs.Precondition)
	wantKind(t, "merging a real one", h.s.Merge(t.Context(), h.SystemAdmin(), hospital, h.ID(servicetest.Sea), ""), errs.Precondition)
}

// A merge whose aliases could not be written is asked for again and goes on: by the
// key it had, and by another one.
func TestAMergeGoesOnWhereItsAliasesFailed(t *testing.T) {
	h := newHouse(t)
	hospital := h.ID(servicetest.Mountain)
	for first, again := range map[string]string{"one": "one", "two": "three"} {
		old := partnership.Organisation{ID: ident.New(), Code: "PROV-" + first, Name: "旧名 " + first, Kind: partnership.Hospital, Provisional: true}
		h.Do(h.System(), func(tx *store.Tx) error {
			if err := tx.InsertOrganisation(old); err != nil {
				return err
			}
			return tx.InsertMember(partnership.Member{PartnershipID: h.Partnership.ID, OrganisationID: old.ID, Side: user.SideReceiving, From: clock.MustDate(2020, 1, 1)})
		})
		aliases := func() int {
			return h.Count(`select count(*) from organisation_alias where partnership_id = $1 and alias = $2 and organisation_id = $3`, h.Partnership.ID, old.Name, hospital)
		}
		h.Run(`alter table organisation_alias add constraint test_no_alias check (alias not like '旧名%') not valid`)
		err := h.s.Merge(t.Context(), h.SystemAdmin(), old.ID, hospital, first)
		h.Run(`alter table organisation_alias drop constraint test_no_alias`)
		if err == nil || aliases() != 0 {
			t.Fatalf("the aliases did not fail: %v", err)
		}
		wantKind(t, "into another one", h.s.Merge(t.Context(), h.SystemAdmin(), old.ID, h.ID(servicetest.Sea), again+" sea"), errs.Precondition)
		if err := h.s.Merge(t.Context(), h.SystemAdmin(), old.ID, hospital, again); err != nil || aliases() != 1 {
			t.Errorf("by the key %s after %s: %d aliases, %v", again, first, aliases(), err)
		}
	}
}

func TestPartnershipsAndMembersBelongToThePlatform(t *testing.T) {
	h := newHouse(t)
	p := partnership.Partnership{Code: "p3", Name: "第三对", DonorRegion: "379900", DonorName: "澜港市", ReceivingRegion: "500199", ReceivingName: "云岭区", OpenedOn: h.Today()}
	id, err := h.s.SavePartnership(t.Context(), h.SystemAdmin(), p, "k")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.s.SavePartnership(t.Context(), h.SystemAdmin(), p, "k2")
	wantField(t, err, "code")
	_, err = h.s.SavePartnership(t.Context(), h.Approver(), p, "")
	wantKind(t, "by the office", err, errs.Forbidden)
	m := partnership.Member{PartnershipID: id, OrganisationID: h.ID(servicetest.Sea), Side: user.SideDonor, From: h.Today()}
	if err := h.s.AddMember(t.Context(), h.SystemAdmin(), m, "k3"); err != nil {
		t.Fatal(err)
	}
	m.Side = user.SideReceiving
	wantKind(t, "the other side as well", h.s.AddMember(t.Context(), h.SystemAdmin(), m, "k4"), errs.Precondition)
	m.To = h.Today().AddDays(-1)
	wantField(t, h.s.EndMember(t.Context(), h.SystemAdmin(), m, ""), "to")
	m.To = h.Today().AddDays(10)
	if err := h.s.EndMember(t.Context(), h.SystemAdmin(), m, "k5"); err != nil {
		t.Fatal(err)
	}
	d, err := h.s.Partnership(t.Context(), h.SystemAdmin(), id)
	if err != nil || len(d.Members) != 1 || d.Members[0].To != m.To || !d.MayEdit {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = h.s.Partnership(t.Context(), h.Official(), id)
	wantKind(t, "an official of another partnership", err, errs.NotFound)
	own, err := h.s.Partnerships(t.Context(), h.Official())
	if err != nil || len(own) != 1 || own[0].ID != h.Partnership.ID {
		t.Errorf("an official sees %d partnerships, %v", len(own), err)
	}
}

func TestPairingsAreTheOfficesAndStayInThePartnership(t *testing.T) {
	h := newHouse(t)
	p := partnership.Pairing{ReceivingID: h.ID(servicetest.Mountain), DonorID: h.ID(servicetest.Sea), AgreementNo: "示例-1", From: h.Today()}
	id, err := h.s.SavePairing(t.Context(), h.Approver(), p, "k")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.s.SavePairing(t.Context(), h.Approver(), p, "k2")
	wantKind(t, "the same pair twice", err, errs.Precondition)
	_, err = h.s.SavePairing(t.Context(), h.Registrar(servicetest.Mountain), p, "")
	wantKind(t, "by a registrar", err, errs.Forbidden)
	foreign := p
	foreign.DonorID = h.Other.ID(servicetest.Sea)
	_, err = h.s.SavePairing(t.Context(), h.Approver(), foreign, "")
	wantField(t, err, "donor")
	_, err = h.s.Pairing(t.Context(), h.Other.Approver(), id)
	wantKind(t, "another partnership's reader", err, errs.NotFound)
	got, err := h.s.Pairing(t.Context(), h.Approver(), id)
	if err != nil || got.DonorName == "" {
		t.Fatal(err)
	}
	got.To = h.Today().AddDays(100)
	if _, err := h.s.SavePairing(t.Context(), h.Approver(), got.Pairing, "k3"); err != nil {
		t.Fatal(err)
	}
	_, err = h.s.SavePairing(t.Context(), h.Approver(), got.Pairing, "k4")
	wantKind(t, "an old version", err, errs.Stale)
	list, err := h.s.Pairings(t.Context(), h.Official(), page.Request{})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].To != got.To {
		t.Errorf("%+v, %v", list, err)
	}
	platform := h.SystemAdmin()
	platform.PartnershipID = ident.Nil
	_, err = h.s.Pairings(t.Context(), h.Refresh(platform), page.Request{})
	wantKind(t, "without a partnership", err, errs.Precondition)
	if _, err := h.s.Pairings(t.Context(), inside(platform, h.World), page.Request{}); err != nil {
		t.Errorf("inside: %v", err)
	}
}

func TestHospitalAdminKeepsTheOwnDoctors(t *testing.T) {
	h := newHouse(t)
	admin := h.HospitalAdmin(servicetest.Mountain)
	p := practitioner.Practitioner{Name: "周禾", HomeOrg: h.ID(servicetest.Mountain), Grade: practitioner.Attending}
	id, err := h.s.SavePractitioner(t.Context(), admin, p, 0, "k")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := p
	elsewhere.HomeOrg = h.ID(servicetest.MountainTwo)
	_, err = h.s.SavePractitioner(t.Context(), admin, elsewhere, 0, "")
	wantField(t, err, "home_org")
	_, _, err = h.s.Practitioner(t.Context(), h.Other.Official(), id)
	wantKind(t, "another partnership's reader", err, errs.NotFound)
	got, edit, err := h.s.Practitioner(t.Context(), h.HospitalAdmin(servicetest.MountainTwo), id)
	if err != nil || edit || got.Side != user.SideReceiving {
		t.Errorf("another hospital's admin: %+v, edit %v, %v", got, edit, err)
	}
	stolen := got.Practitioner
	stolen.HomeOrg = h.ID(servicetest.MountainTwo)
	_, err = h.s.SavePractitioner(t.Context(), h.HospitalAdmin(servicetest.MountainTwo), stolen, got.Version, "")
	wantKind(t, "taking a doctor over", err, errs.NotFound)
	list, err := h.s.Practitioners(t.Context(), h.Official(), directory.PractitionerList{Text: "zhou"})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].ID != id {
		t.Errorf("by pinyin: %+v, %v", list, err)
	}
}

func TestPostingOpensTheHostAtOnceAndEndsByItsDate(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(servicetest.Mountain)
	host := h.ID(servicetest.MountainTwo)
	at := authz.AtHospital(h.Partnership.ID, host)
	if h.Policy.Can(doctor, authz.CaseRead, at) {
		t.Fatal("the host is open before the posting")
	}
	p := partnership.Posting{Practitioner: doctor.PractitionerID, Host: host, From: h.Today(), To: h.Today().AddDays(5)}
	_, err := h.s.SavePosting(t.Context(), h.HospitalAdmin(servicetest.MountainTwo), p, false, "k")
	wantField(t, err, "confirm")
	_, err = h.s.SavePosting(t.Context(), h.HospitalAdmin(servicetest.Mountain), p, true, "")
	wantKind(t, "by another hospital's admin", err, errs.NotFound)
	id, err := h.s.SavePosting(t.Context(), h.HospitalAdmin(servicetest.MountainTwo), p, true, "k2")
	if err != nil {
		t.Fatal(err)
	}
	if !h.Policy.Can(h.Refresh(doctor), authz.CaseRead, at) {
		t.Error("the posting has no effect")
	}
	_, err = h.s.SavePosting(t.Context(), h.Approver(), p, true, "k3")
	wantKind(t, "a double entry", err, errs.Precondition)
	foreign := p
	foreign.Host = h.Other.ID(servicetest.Mountain)
	_, err = h.s.SavePosting(t.Context(), h.Approver(), foreign, true, "")
	wantField(t, err, "host")
	got, edit, err := h.s.Posting(t.Context(), h.HospitalAdmin(servicetest.MountainTwo), id)
	if err != nil || !edit {
		t.Fatal(err)
	}
	_, _, err = h.s.Posting(t.Context(), h.HospitalAdmin(servicetest.Mountain), id)
	wantKind(t, "reading another hospital's posting", err, errs.NotFound)
	wantField(t, h.s.EndPosting(t.Context(), h.Approver(), directory.PostingEnd{ID: id, On: h.Today().AddDays(9), Version: got.Version}, ""), "on")
	if err := h.s.EndPosting(t.Context(), h.Approver(), directory.PostingEnd{ID: id, On: h.Today().AddDays(1), Version: got.Version}, "k4"); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(48 * 3600e9)
	if h.Policy.Can(h.Refresh(doctor), authz.CaseRead, at) {
		t.Error("the posting goes on after its last day")
	}
	if n := h.Count(`select count(*) from audit_event where object_id = $1 and outcome = 'ok'`, id); n != 2 {
		t.Errorf("%d events, want the creation and the end", n)
	}
}

func TestPostingsAreListedByHost(t *testing.T) {
	h := newHouse(t)
	h.Visiting(servicetest.Mountain)
	h.Visiting(servicetest.MountainTwo)
	all, err := h.s.Postings(t.Context(), h.Approver(), directory.PostingList{})
	if err != nil || len(all.Rows) != 2 {
		t.Fatalf("%d postings, %v", len(all.Rows), err)
	}
	mine, err := h.s.Postings(t.Context(), h.HospitalAdmin(servicetest.Mountain), directory.PostingList{On: h.Today()})
	if err != nil || len(mine.Rows) != 1 || mine.Rows[0].Host != h.ID(servicetest.Mountain) {
		t.Errorf("%+v, %v", mine, err)
	}
	none, err := h.s.Postings(t.Context(), h.Approver(), directory.PostingList{On: h.Today().AddDays(200)})
	if err != nil || len(none.Rows) != 0 {
		t.Errorf("in 200 days: %d, %v", len(none.Rows), err)
	}
}

// A posting that began earlier than was written down: the reason stays with it,
// and operations of those days lose the mark of one without a posting.
func TestAPostingExtendedBackwardsNeedsAReasonAndIsMarked(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(servicetest.Mountain)
	var id ident.ID
	h.Do(h.Approver(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		list, err := tx.PostingsOf(doctor.PractitionerID, clock.MustDate(1, 1, 1), clock.MustDate(9999, 12, 31))
		id = list[0].ID
		return err
	})
	p, _, err := h.s.Posting(t.Context(), h.Approver(), id)
	if err != nil {
		t.Fatal(err)
	}
	operation := func(on clock.Date) ident.ID {
		stay := h.Treatment(servicetest.Mountain, procedure.Joint, "向云"+on.String(), treatment.AdmitEmergency)
		op := ident.New()
		h.Exec(`insert into procedure (partnership_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to, team, operated_on, operation_codes, diagnosis_codes,
			code_catalogue, lead_id, lead_visiting, detail, marks, created_at, created_by) values ($1, $2, $3, $4, $5, 'joint', 'TKA', 'knee', 'L', $6, array[$6::uuid], '{}', $7, '{}', '{}', '', $8, true, '{}',
			'{procedure.outside_posting,procedure.side_text}', $9, $5)`, h.Partnership.ID, op, stay.ID, stay.Case, stay.Person, h.ID(servicetest.Mountain), on, doctor.PractitionerID, h.Clock.Now())
		return op
	}
	first := p.From
	in, before := operation(first.AddDays(-3)), operation(first.AddDays(-30))
	// More than are judged anew at a time: a list that was entered late as a whole.
	h.Exec(`insert into procedure (partnership_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to, team, operated_on, operation_codes, diagnosis_codes,
		code_catalogue, lead_id, lead_visiting, detail, marks, created_at, created_by) select partnership_id, gen_random_uuid(), treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to,
		team, operated_on, operation_codes, diagnosis_codes, code_catalogue, lead_id, lead_visiting, detail, marks, created_at, created_by from procedure, generate_series(1, 600) where id = $1`, in)
	change := partnership.Posting{ID: id, From: first.AddDays(-5), To: p.To, Version: p.Version}
	_, err = h.s.SavePosting(t.Context(), h.Approver(), change, false, "")
	wantField(t, err, "reason")
	change.BackReason = "批文先到，录入迟了"
	if _, err = h.s.SavePosting(t.Context(), h.Approver(), change, false, ""); err != nil {
		t.Fatal(err)
	}
	marked := func(op ident.ID) int {
		return h.Count(`select count(*) from procedure where id = $1 and 'procedure.outside_posting' = any (marks) and 'procedure.side_text' = any (marks)`, op)
	}
	if marked(in) != 0 || marked(before) != 1 {
		t.Errorf("marked inside %d, before %d", marked(in), marked(before))
	}
	if n := h.Count(`select count(*) from procedure where operated_on = $1 and 'procedure.outside_posting' = any (marks)`, first.AddDays(-3)); n != 0 {
		t.Errorf("%d operations of a long list keep their mark", n)
	}
	if n := h.Count(`select count(*) from procedure_change where procedure_id = $1 and reason = '批文先到，录入迟了' and before -> 'marks' ? 'procedure.outside_posting'`, in); n != 1 {
		t.Errorf("the history of the operation has %d lines", n)
	}
	got, _, err := h.s.Posting(t.Context(), h.Approver(), id)
	if err != nil || got.BackFrom != first || got.BackReason != change.BackReason {
		t.Fatalf("%+v %v", got, err)
	}
	// Longer at the other end keeps the mark; made to begin as before, it goes.
	change.Version, change.To = got.Version, p.To.AddDays(1)
	if _, err = h.s.SavePosting(t.Context(), h.Approver(), change, false, ""); err != nil {
		t.Fatal(err)
	}
	if got, _, err = h.s.Posting(t.Context(), h.Approver(), id); err != nil || got.BackFrom != first {
		t.Errorf("%+v %v", got, err)
	}
	change.Version, change.From = got.Version, first
	if _, err = h.s.SavePosting(t.Context(), h.Approver(), change, false, ""); err != nil {
		t.Fatal(err)
	}
	if got, _, err = h.s.Posting(t.Context(), h.Approver(), id); err != nil || !got.BackFrom.IsZero() || got.BackReason != "" {
		t.Errorf("%+v %v", got, err)
	}
}
