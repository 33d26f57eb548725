package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

const lookupCap = 3

type desk struct {
	*servicetest.World
	*intake.Service
	t *testing.T
}

func open(t *testing.T) *desk {
	t.Helper()
	w := servicetest.New(t)
	blobs, err := blob.Open(t.TempDir(), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{w, intake.New(intake.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, LookupCap: lookupCap}), t}
}

// Patient is the service's; the world makes patients of its own.
func (d *desk) Patient(ctx context.Context, who user.Principal, id ident.ID) (intake.Patient, error) {
	return d.Service.Patient(ctx, who, id)
}

// person is a complete registration at a hospital; born in 1958.
func (d *desk) person(at servicetest.Place, name string, serial int) intake.RegisterInput {
	return intake.RegisterInput{Hospital: d.ID(at), DocKind: patient.DocCitizen, DocNumber: servicetest.CitizenNumber("580407", serial),
		Person:       patient.Person{Name: name, Ethnicity: "土家族"},
		Registration: patient.Registration{Phone: fmt.Sprintf("199%08d", serial), Township: "石坪镇", Village: "松岭村", LegalBasis: patient.BasisStatutory}}
}

func (d *desk) register(at servicetest.Place, in intake.RegisterInput) intake.Registered {
	d.t.Helper()
	out, err := d.Register(d.t.Context(), d.Registrar(at), ident.New().String(), in)
	if err != nil {
		d.t.Fatalf("%v", err)
	}
	return out
}

func (d *desk) refused(at servicetest.Place, in intake.RegisterInput, field, key string) {
	d.t.Helper()
	before := d.Count(`select count(*) from registration`)
	_, err := d.Register(d.t.Context(), d.Registrar(at), "", in)
	if !errs.Is(err, errs.Invalid) {
		d.t.Fatalf("%s: %v", field, err)
	}
	i := slices.IndexFunc(errs.Of(err).Fields, func(f errs.Field) bool { return f.Path == field })
	if i < 0 || errs.Of(err).Fields[i].Key != key {
		d.t.Errorf("want %s at %s, got %v", key, field, err)
	}
	if d.Count(`select count(*) from registration`) != before {
		d.t.Errorf("%s: a refused registration was stored", field)
	}
}

func TestTheNumberFillsInWhatItSays(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	p, err := d.Patient(t.Context(), d.Registrar(servicetest.Mountain), out.PersonID)
	if err != nil {
		t.Fatal(err)
	}
	if p.Person.Sex != patient.Female || p.Person.Birth != clock.MustDate(1958, 4, 7) || p.Person.RegionCode != "500199" || p.Person.Ethnicity != "15" {
		t.Errorf("%+v", p.Person.Person)
	}
	if !out.Verified || len(p.Documents) != 1 || p.Documents[0].Number != "" || len(p.Documents[0].Last4) != 4 {
		t.Errorf("%+v %+v", out, p.Documents)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'person.register' and outcome = 'ok'`); n != 1 {
		t.Errorf("%d audit events", n)
	}
	if n := d.Count(`select count(*) from person_document where position('500199'::bytea in number_sealed) > 0`); n != 0 {
		t.Error("the number is readable in the table")
	}
}

func TestRegisteringTwiceWithOneKeyRegistersOnce(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, "向云禾", 22)
	in.Programme = procedure.Joint
	who := d.Registrar(servicetest.Mountain)
	first, err := d.Register(t.Context(), who, "key-1", in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.Register(t.Context(), who, "key-1", in)
	if err != nil || again.RegistrationID != first.RegistrationID || again.CaseNo != first.CaseNo || first.CaseNo == "" {
		t.Fatalf("%+v %+v %v", first, again, err)
	}
	if n := d.Count(`select count(*) from registration`); n != 1 {
		t.Errorf("%d registrations", n)
	}
	in.Person.Name = "向云合"
	if _, err := d.Register(t.Context(), who, "key-1", in); !errs.Is(err, errs.Invalid) {
		t.Errorf("another body under the key: %v", err)
	}
}

func TestWrongInputIsNamedAtItsFieldAndNothingIsStored(t *testing.T) {
	d := open(t)
	base := func() intake.RegisterInput { return d.person(servicetest.Mountain, "向云禾", 22) }
	in := base()
	in.DocNumber = in.DocNumber[:17] + map[bool]string{true: "1", false: "2"}[in.DocNumber[17] != '1']
	d.refused(servicetest.Mountain, in, "doc_number", "error.identity.check_digit")
	in = base()
	in.Person.Birth = d.Today().AddDays(1)
	in.DocKind, in.DocNumber = patient.DocNone, ""
	in.Person.Sex = patient.Male
	d.refused(servicetest.Mountain, in, "birth", "error.birth.future")
	in = base()
	in.Registration.Phone = "1990000123"
	d.refused(servicetest.Mountain, in, "phone", "error.phone.mobile_short")
	in = base()
	in.Person.Name = ""
	d.refused(servicetest.Mountain, in, "name", "error.name.required")
	in = base()
	in.Registration.LegalBasis = ""
	d.refused(servicetest.Mountain, in, "legal_basis", "error.legal_basis.required")
	in = base()
	in.Registration.LegalBasis = patient.BasisHistory
	d.refused(servicetest.Mountain, in, "legal_basis", "error.legal_basis.required")
	in = base()
	in.Hospital = ident.Nil
	d.refused(servicetest.Mountain, in, "hospital", "form.error.pick")
	in = base()
	in.Person.Sex = patient.Male
	d.refused(servicetest.Mountain, in, "mismatch_reason", "error.mismatch_reason.required")
}

func TestANumberThatFailsItsCheckIsKeptWithAReasonOnly(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, "向云禾", 22)
	in.DocNumber = in.DocNumber[:17] + map[bool]string{true: "1", false: "2"}[in.DocNumber[17] != '1']
	in.DocReason, in.Person.Sex, in.Person.Birth = "原件如此", patient.Female, clock.MustDate(1958, 4, 7)
	out := d.register(servicetest.Mountain, in)
	if out.Verified {
		t.Error("a number that failed its check counts as verified")
	}
	if n := d.Count(`select count(*) from person_document where not verified and reason = '原件如此'`); n != 1 {
		t.Errorf("%d unverified documents", n)
	}
	who := d.Registrar(servicetest.Mountain)
	p, err := d.Patient(t.Context(), who, out.PersonID)
	if err != nil || !p.NeedsPhoto() {
		t.Fatalf("a picture of the document is not asked for: %v", err)
	}
	file := intake.File{Kind: document.Identity, Name: "card.jpg", Content: jpeg}
	if _, err := d.Attach(t.Context(), who, "", intake.AttachInput{Owner: p.OwnerFor(file.Kind, out.RegistrationID), File: file}); err != nil {
		t.Fatal(err)
	}
	if p, err = d.Patient(t.Context(), who, out.PersonID); err != nil || p.NeedsPhoto() {
		t.Errorf("the picture that followed is not taken for it: %v", err)
	}
}

func TestSQLInANameIsAName(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, "O'Neil", 22)
	in.Registration.Address = `'; drop table person; --`
	out := d.register(servicetest.Mountain, in)
	p, err := d.Patient(t.Context(), d.Registrar(servicetest.Mountain), out.PersonID)
	if err != nil || p.Person.Name != "O'Neil" || p.Registrations[0].Address != `'; drop table person; --` {
		t.Errorf("%+v %v", p, err)
	}
}

func TestAnotherHospitalFindsNothing(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	other := d.Registrar(servicetest.MountainTwo)
	if _, err := d.Patient(t.Context(), other, out.PersonID); !errs.Is(err, errs.NotFound) {
		t.Errorf("patient: %v", err)
	}
	for _, text := range []string{"云禾", "xyh", "向", servicetest.CitizenNumber("580407", 22), out.SlipCode} {
		if f, err := d.Search(t.Context(), other, text); err != nil || len(f.Hits) != 0 {
			t.Errorf("search %q: %+v %v", text, f.Hits, err)
		}
		if f, err := d.Search(t.Context(), d.Registrar(servicetest.Mountain), text); err != nil || len(f.Hits) != 1 {
			t.Errorf("the own hospital searches %q: %+v %v", text, f.Hits, err)
		}
	}
	if l, err := d.List(t.Context(), other, page.Request{}); err != nil || len(l.Rows) != 0 {
		t.Errorf("list: %+v %v", l.Rows, err)
	}
	_, err := d.Edit(t.Context(), other, "", intake.EditInput{Registration: patient.Registration{ID: out.RegistrationID, Version: 1, LegalBasis: patient.BasisStatutory}})
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("edit: %v", err)
	}
	if _, err := d.Register(t.Context(), other, "", d.person(servicetest.Mountain, "他人", 24)); !errs.Is(err, errs.Forbidden) {
		t.Errorf("registering for another hospital: %v", err)
	}
}

func TestALikelyDuplicateAsksForAReasonAndNeverBlocks(t *testing.T) {
	d := open(t)
	first := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	in := d.person(servicetest.Mountain, "向云和", 24)
	in.Registration.Phone = "19900000022"
	w, err := d.Warn(t.Context(), d.Registrar(servicetest.Mountain), in)
	if err != nil || len(w.Suspects) != 0 {
		t.Fatalf("two good numbers are two people: %+v %v", w.Suspects, err)
	}
	in.DocKind, in.DocNumber, in.Person.Sex, in.Person.Birth = patient.DocNone, "", patient.Female, clock.MustDate(1958, 4, 7)
	w, err = d.Warn(t.Context(), d.Registrar(servicetest.Mountain), in)
	if err != nil || len(w.Suspects) != 1 || w.Suspects[0].PersonID != first.PersonID || w.Suspects[0].Reasons[0].Key == "" {
		t.Fatalf("%+v %v", w.Suspects, err)
	}
	d.refused(servicetest.Mountain, in, intake.FieldDuplicates, "error.register.duplicate")
	in.NotSame = "双胞胎妹妹"
	out := d.register(servicetest.Mountain, in)
	if out.PersonID == first.PersonID {
		t.Error("the override registered the old person")
	}
	if n := d.Count(`select count(*) from review_item where kind = 'override' and reason = '双胞胎妹妹'`); n != 1 {
		t.Errorf("%d reviews", n)
	}
}

func TestANumberInUseGoesToTheOfficeAndRegistersAllTheSame(t *testing.T) {
	d := open(t)
	first := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	in := d.person(servicetest.Mountain, "田大山", 22)
	d.refused(servicetest.Mountain, in, intake.FieldDuplicates, "error.register.duplicate")
	in.NotSame = "两人都出示了同号证件"
	out := d.register(servicetest.Mountain, in)
	if !out.InUse || out.Verified || out.PersonID == first.PersonID {
		t.Errorf("%+v", out)
	}
	list, err := d.Reviews(t.Context(), d.Approver(), store.ReviewOpen, page.Request{})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].Kind != store.ReviewNumberInUse || list.Rows[0].Other.Name != "向云禾" {
		t.Fatalf("%+v %v", list.Rows, err)
	}
	if _, err := d.Reviews(t.Context(), d.Registrar(servicetest.Mountain), store.ReviewOpen, page.Request{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar reads the office's queue: %v", err)
	}
}

func TestThePersonKnownElsewhereIsFoundByTheFullNumberOnly(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, "向云禾", 22)
	in.Programme = procedure.Joint
	first := d.register(servicetest.Mountain, in)
	there := d.person(servicetest.MountainTwo, "向云禾", 22)
	there.Programme = procedure.Joint
	who := d.Registrar(servicetest.MountainTwo)

	w, err := d.Warn(t.Context(), who, there)
	if err != nil || w.Known == nil {
		t.Fatalf("%+v %v", w, err)
	}
	if *w.Known != (store.Known{PersonID: first.PersonID, Name: "向云禾", Sex: patient.Female, BirthYear: 1958, InProgramme: true}) {
		t.Errorf("the lookup tells %+v", *w.Known)
	}
	d.refused(servicetest.MountainTwo, there, intake.FieldKnown, "error.register.known")
	there.Known = intake.SamePerson
	d.refused(servicetest.MountainTwo, there, intake.FieldJoin, "error.register.join")
	there.Join = intake.JoinRequest
	d.refused(servicetest.MountainTwo, there, "join_reason", "error.join.reason")
	there.JoinReason = "第二侧在本院做"
	out := d.register(servicetest.MountainTwo, there)
	if !out.Linked || out.PersonID != first.PersonID || out.Join != "sent" || out.CaseNo != "" {
		t.Errorf("%+v", out)
	}
	if n := d.Count(`select count(*) from person`); n != 1 {
		t.Errorf("%d persons", n)
	}
	p, err := d.Patient(t.Context(), who, first.PersonID)
	if err != nil || len(p.Registrations) != 1 || p.Registrations[0].HospitalID != d.ID(servicetest.MountainTwo) {
		t.Errorf("the second hospital sees its own registration only: %+v %v", p.Registrations, err)
	}
	if n := d.Count(`select count(*) from person_lookup where hospital_id = $1 and found`, d.ID(servicetest.MountainTwo)); n < 2 {
		t.Errorf("%d look-ups recorded", n)
	}
	// The home hospital's administrator is told who asked, about whom, masked.
	home, err := d.LookupNotices(t.Context(), d.HospitalAdmin(servicetest.Mountain), page.Request{})
	if err != nil || len(home.Rows) < 2 || home.Rows[0].PersonName != "向**" || home.Rows[0].Username != d.Registrar(servicetest.MountainTwo).Username || home.Rows[0].From == "" {
		t.Errorf("%+v %v", home.Rows, err)
	}
	asked, err := d.LookupNotices(t.Context(), d.HospitalAdmin(servicetest.MountainTwo), page.Request{})
	if err != nil || len(asked.Rows) != 0 {
		t.Errorf("the asking hospital learns %+v %v", asked.Rows, err)
	}
}

func TestAnEmergencyJoinsAtOnce(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, "向云禾", 22)
	in.Programme = procedure.Coronary
	d.register(servicetest.Mountain, in)
	there := d.person(servicetest.Sea, "向云禾", 22)
	there.Programme, there.Known, there.Join, there.JoinReason = procedure.Coronary, intake.SamePerson, intake.JoinEmergency, "急性心梗"
	if out := d.register(servicetest.Sea, there); out.Join != "accepted" {
		t.Errorf("%+v", out)
	}
	if n := d.Count(`select cardinality(visible_to) from casefile`); n != 2 {
		t.Errorf("the case is open to %d hospitals", n)
	}
}

func TestLookupsAreCappedPerAccountAndDay(t *testing.T) {
	d := open(t)
	who := d.Registrar(servicetest.MountainTwo)
	ask := func(serial int) (*store.Known, error) {
		return d.Lookup(t.Context(), who, d.person(servicetest.MountainTwo, "某", serial))
	}
	d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	for i := range lookupCap {
		for range 2 { // asking again about one person counts once
			if _, err := ask(100 + i); err != nil {
				t.Fatal(err)
			}
		}
	}
	known, err := ask(22)
	if !errs.Is(err, errs.RateLimited) || known != nil {
		t.Fatalf("beyond the cap: %+v %v", known, err)
	}
	if w, err := d.Warn(t.Context(), who, d.person(servicetest.MountainTwo, "向云禾", 22)); err != nil || !w.Capped || w.Known != nil {
		t.Errorf("%+v %v", w, err)
	}
	in := d.person(servicetest.MountainTwo, "向云禾", 22)
	in.Known, in.NotSame = intake.OtherPerson, "上限已满，先登记"
	if out := d.register(servicetest.MountainTwo, in); !out.InUse || out.Linked {
		t.Errorf("registering goes on beyond the cap: %+v", out)
	}
	d.Clock.Advance(24 * 60 * 60 * 1e9)
	if _, err := ask(120); err != nil {
		t.Errorf("the next day: %v", err)
	}
	list, err := d.Lookups(t.Context(), d.HospitalAdmin(servicetest.MountainTwo), page.Request{})
	if err != nil || len(list.Rows) < lookupCap || list.Rows[0].Username != who.Username {
		t.Errorf("%+v %v", list.Rows, err)
	}
	if l, err := d.Lookups(t.Context(), d.HospitalAdmin(servicetest.Mountain), page.Request{}); err != nil || len(l.Rows) != 0 {
		t.Errorf("another hospital's administrator sees %d", len(l.Rows))
	}
}

func TestAScreenerRegistersWithoutLookingAnybodyUp(t *testing.T) {
	d := open(t)
	d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	who := d.Screener(servicetest.MountainTwo)
	in := d.person(servicetest.MountainTwo, "向云禾", 22)
	if w, err := d.Warn(t.Context(), who, in); err != nil || w.Known != nil {
		t.Errorf("%+v %v", w, err)
	}
	out, err := d.Register(t.Context(), who, "", in)
	if err != nil || !out.InUse || out.Linked {
		t.Errorf("%+v %v", out, err)
	}
	in.Programme = procedure.Joint
	if _, err := d.Register(t.Context(), who, "", in); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a screener opens a case: %v", err)
	}
}

func TestEveryWayOfTheSearchBoxFindsThePerson(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, "单罗绣", 22)
	in.Programme = procedure.Joint
	out := d.register(servicetest.Mountain, in)
	for i, name := range []string{"罗云禾", "罗云山", "向明"} {
		d.register(servicetest.Mountain, d.person(servicetest.Mountain, name, 300+10*i))
	}
	number := servicetest.CitizenNumber("580407", 22)
	who := d.Registrar(servicetest.Mountain)
	for text, want := range map[string]struct {
		n    int
		kind match.Kind
	}{
		number[14:]: {1, match.KindIDTail}, number: {1, match.KindNumber}, "罗绣": {1, match.KindBigram}, "单": {1, match.KindName},
		"slx": {1, match.KindInitials}, "dlx": {1, match.KindInitials}, "clx": {1, match.KindInitials}, "shanluo": {1, match.KindPinyin},
		"0022": {1, match.KindPhoneTail}, "19900000022": {1, match.KindPhone}, out.SlipCode: {1, match.KindSlip}, "l": {2, match.KindInitials},
		"罗云": {2, match.KindBigram}, "罗云 0300": {1, match.KindPhoneTail}, "绣 ly": {0, ""}, "没有": {0, ""},
	} {
		f, err := d.Search(t.Context(), who, text)
		if err != nil || len(f.Hits) != want.n {
			t.Errorf("%q: %d hits, want %d, %v", text, len(f.Hits), want.n, err)
			continue
		}
		if want.n > 0 && !slices.Contains(f.Hits[0].Matched, want.kind) {
			t.Errorf("%q matched %v, want %s", text, f.Hits[0].Matched, want.kind)
		}
	}
	if f, err := d.Search(t.Context(), who, strings.ToLower(out.CaseNo)); err != nil || f.CaseID != out.CaseID {
		t.Errorf("case number %s: %+v %v", out.CaseNo, f, err)
	}
	if f, err := d.FindCase(t.Context(), d.Official(), out.CaseNo); err != nil || f.CaseID != out.CaseID {
		t.Errorf("an official looks for a case number: %+v %v", f, err)
	}
	if f, err := d.FindCase(t.Context(), d.Official(), "罗云"); err != nil || f.CaseID != ident.Nil || len(f.Hits) != 0 {
		t.Errorf("an official finds a name: %+v %v", f, err)
	}
	if f, err := d.Search(t.Context(), d.Approver(), "罗云"); err != nil || len(f.Hits) != 2 {
		t.Errorf("the office: %d hits, %v", len(f.Hits), err)
	}
	if f, err := d.Search(t.Context(), d.Other.Approver(), "罗云"); err != nil || len(f.Hits) != 0 {
		t.Errorf("another partnership: %d hits, %v", len(f.Hits), err)
	}
	if _, err := d.Search(t.Context(), d.Official(), "罗云"); !errs.Is(err, errs.Forbidden) {
		t.Errorf("an official searches names: %v", err)
	}
}

func TestATailWithManyHitsAsksForASecondWord(t *testing.T) {
	d := open(t)
	for i := range 21 {
		in := d.person(servicetest.Mountain, "罗"+string(rune('一'+i*37)), 2*i)
		in.Registration.Phone = fmt.Sprintf("1990%03d4321", i)
		in.NotSame = "不同的人"
		d.register(servicetest.Mountain, in)
	}
	who := d.Registrar(servicetest.Mountain)
	f, err := d.Search(t.Context(), who, "4321")
	if err != nil || !f.TooMany || len(f.Hits) != 0 {
		t.Errorf("%d hits, %v, %v", len(f.Hits), f.TooMany, err)
	}
	f, err = d.Search(t.Context(), who, "4321 一")
	if err != nil || f.TooMany || len(f.Hits) != 0 {
		t.Errorf("%+v %v", f, err)
	}
	if f, err = d.Search(t.Context(), who, "4321 罗一"); err != nil || len(f.Hits) != 1 {
		t.Errorf("with a second word: %d hits, %v", len(f.Hits), err)
	}
	if f, err = d.Search(t.Context(), who, "罗"); err != nil || len(f.Hits) != intake.SearchLimit || !f.More {
		t.Errorf("a surname: %d hits, more %v, %v", len(f.Hits), f.More, err)
	}
}

func TestEditingContactsReplacesTheSearchTerms(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	who := d.Registrar(servicetest.Mountain)
	in := intake.EditInput{Registration: patient.Registration{ID: out.RegistrationID, Version: 1, Phone: "13900007777", Village: "石坪村",
		LegalBasis: patient.BasisStatutory}}
	if _, err := d.Edit(t.Context(), who, "", in); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"0022": 0, "7777": 1, "云禾": 1} {
		if f, err := d.Search(t.Context(), who, text); err != nil || len(f.Hits) != want {
			t.Errorf("%q: %d hits, want %d, %v", text, len(f.Hits), want, err)
		}
	}
	if _, err := d.Edit(t.Context(), who, "", in); !errs.Is(err, errs.Stale) {
		t.Errorf("an old version: %v", err)
	}
	in.Registration.Version, in.Registration.Phone = 2, ""
	if _, err := d.Edit(t.Context(), who, "", in); err != nil {
		t.Fatalf("saving without any change: %v", err)
	}
	keep := intake.EditInput{Registration: patient.Registration{ID: out.RegistrationID, Version: 3, LegalBasis: patient.BasisStatutory}}
	if _, err := d.Edit(t.Context(), who, "", keep); err != nil {
		t.Fatal(err)
	}
	if f, err := d.Search(t.Context(), who, "7777"); err != nil || len(f.Hits) != 1 {
		t.Errorf("an empty number keeps the stored one: %d hits, %v", len(f.Hits), err)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'person.edit' and outcome = 'ok' and detail like '%phone%' and detail not like '%7777%'`); n != 1 {
		t.Errorf("%d audit events name the changed field", n)
	}
}

func TestAnIdentityTwoHospitalsShareIsCorrectedByTheOffice(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云和", 22))
	who := d.Registrar(servicetest.Mountain)
	fix := func(version int, name string) intake.IdentityInput {
		return intake.IdentityInput{Reason: "与证件不符", Person: patient.Person{ID: out.PersonID, Version: version, Name: name, Sex: patient.Female,
			Birth: clock.MustDate(1958, 4, 7)}}
	}
	if _, err := d.CorrectIdentity(t.Context(), who, "", fix(1, "向云合")); err != nil {
		t.Fatal(err)
	}
	if f, err := d.Search(t.Context(), who, "云合"); err != nil || len(f.Hits) != 1 {
		t.Errorf("the corrected name is not found: %v", err)
	}
	there := d.person(servicetest.Sea, "向云合", 22)
	there.Known = intake.SamePerson
	d.register(servicetest.Sea, there)
	_, err := d.CorrectIdentity(t.Context(), who, "", fix(2, "向云禾"))
	if !errs.Is(err, errs.Precondition) || len(errs.Of(err).Remedy) == 0 {
		t.Fatalf("%v", err)
	}
	if _, err := d.CorrectIdentity(t.Context(), d.Approver(), "", fix(2, "向云禾")); err != nil {
		t.Fatal(err)
	}
	if f, err := d.Search(t.Context(), d.Registrar(servicetest.Sea), "云禾"); err != nil || len(f.Hits) != 1 {
		t.Errorf("the second hospital does not find the corrected name: %v", err)
	}
	if _, err := d.CorrectIdentity(t.Context(), d.Finance(servicetest.Mountain), "", fix(3, "向")); !errs.Is(err, errs.Forbidden) {
		t.Errorf("finance corrects an identity: %v", err)
	}
}

func TestAFullNumberIsShownForAReasonAndSoOften(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	who := d.Registrar(servicetest.Mountain)
	p, err := d.Patient(t.Context(), who, out.PersonID)
	if err != nil {
		t.Fatal(err)
	}
	in := intake.UnmaskInput{Person: out.PersonID, Document: p.Documents[0].ID}
	if _, err := d.Unmask(t.Context(), who, in); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	in.Reason = "打印审批表"
	if n, err := d.Unmask(t.Context(), who, in); err != nil || n != servicetest.CitizenNumber("580407", 22) {
		t.Errorf("%s %v", n, err)
	}
	if n, err := d.Unmask(t.Context(), who, intake.UnmaskInput{Person: out.PersonID, Registration: out.RegistrationID, Reason: "回访"}); err != nil || n != "19900000022" {
		t.Errorf("%s %v", n, err)
	}
	if _, err := d.Unmask(t.Context(), d.Registrar(servicetest.Sea), in); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital: %v", err)
	}
	if _, err := d.Unmask(t.Context(), d.Doctor(servicetest.Mountain), in); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a doctor: %v", err)
	}
	for range 18 {
		if _, err := d.Unmask(t.Context(), who, in); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Unmask(t.Context(), who, in); !errs.Is(err, errs.RateLimited) {
		t.Errorf("the 21st within the hour: %v", err)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'person.unmask' and reason <> ''`); n < 20 {
		t.Errorf("%d audit events", n)
	}
}

func TestCategoriesHoldOverATimeAndTravelWithThePerson(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, "向云禾", 22)
	in.Categories = []patient.Beneficiary{{Category: terminology.CategoryDB, From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 12, 31), Source: "石坪镇民政办"}}
	in.Proof = &intake.File{Kind: "poverty", Name: "低保证.jpg", Content: jpeg}
	out := d.register(servicetest.Mountain, in)
	who := d.Registrar(servicetest.Mountain)
	p, err := d.Patient(t.Context(), who, out.PersonID)
	if err != nil || len(p.Categories) != 1 || len(p.Attachments) != 1 || p.Attachments[0].Owner.Kind != store.OwnerBeneficiary {
		t.Fatalf("%+v %v", p, err)
	}
	b := p.Categories[0]
	b.To = clock.MustDate(2025, 12, 31)
	if _, err := d.RecordCategory(t.Context(), who, "", intake.CategoryInput{Beneficiary: b}); !errs.Is(err, errs.Invalid) {
		t.Errorf("an end before the beginning: %v", err)
	}
	b.To = clock.MustDate(2027, 6, 30)
	if _, err := d.RecordCategory(t.Context(), who, "", intake.CategoryInput{Beneficiary: b}); err != nil {
		t.Error(err)
	}
	if _, err := d.RecordCategory(t.Context(), d.Registrar(servicetest.Sea), "", intake.CategoryInput{Beneficiary: patient.Beneficiary{
		PersonID: out.PersonID, Category: terminology.CategoryTK, From: d.Today()}}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital records a category: %v", err)
	}
	if n := d.Count(`select count(*) from beneficiary where to_on = '2027-06-30' and version = 2`); n != 1 {
		t.Error("the longer validity is not stored")
	}
}

func TestMergingCountsTwoRecordsAsOneAndCanBeTakenBack(t *testing.T) {
	d := open(t)
	noDoc := func(at servicetest.Place) intake.RegisterInput {
		in := d.person(at, "向云禾", 22)
		in.DocKind, in.DocNumber, in.Person.Sex, in.Person.Birth = patient.DocNone, "", patient.Female, clock.MustDate(1958, 4, 7)
		return in
	}
	a := d.register(servicetest.Mountain, noDoc(servicetest.Mountain))
	b := d.register(servicetest.Sea, noDoc(servicetest.Sea))
	office := d.Approver()
	n, err := d.FindPairs(t.Context(), office, d.Today().AddDays(-1))
	if err != nil || n != 1 {
		t.Fatalf("%d pairs, %v", n, err)
	}
	if n, err := d.FindPairs(t.Context(), office, d.Today().AddDays(-1)); err != nil || n != 0 {
		t.Errorf("a pair in the queue is found again: %d %v", n, err)
	}
	list, err := d.Reviews(t.Context(), office, store.ReviewOpen, page.Request{})
	if err != nil || len(list.Rows) != 1 {
		t.Fatal(err)
	}
	r := list.Rows[0]
	if _, err := d.Decide(t.Context(), office, "", intake.VerdictInput{Review: r.ID, Version: r.Version, Verdict: intake.Merge, Reason: "同名同生日，家属确认"}); err != nil {
		t.Fatal(err)
	}
	if n := d.Count(`select count(distinct coalesce(root_id, id)) from person`); n != 1 {
		t.Errorf("%d roots", n)
	}
	for _, c := range []struct {
		at     servicetest.Place
		person ident.ID
	}{{servicetest.Sea, a.PersonID}, {servicetest.Mountain, b.PersonID}} {
		if _, err := d.Patient(t.Context(), d.Registrar(c.at), c.person); !errs.Is(err, errs.NotFound) {
			t.Errorf("merging widened the view of %s: %v", c.at, err)
		}
	}
	if _, err := d.Decide(t.Context(), office, "", intake.VerdictInput{Review: r.ID, Version: r.Version, Verdict: intake.Distinct, Reason: "不是"}); !errs.Is(err, errs.Stale) {
		t.Errorf("a decision upon an old page: %v", err)
	}
	if _, err := d.Decide(t.Context(), office, "", intake.VerdictInput{Review: r.ID, Version: r.Version + 1, Verdict: intake.Reopen, Reason: "合并错了"}); err != nil {
		t.Fatal(err)
	}
	if n := d.Count(`select count(*) from person where root_id is not null`); n != 0 {
		t.Error("taking the merge back left a root")
	}
	if n := d.Count(`select count(*) from audit_event where action = 'person.merge'`); n != 1 {
		t.Errorf("%d audit events of the merge", n)
	}
}

func TestListsShowTheLatestFirstAndGoOnByKey(t *testing.T) {
	d := open(t)
	for i := range 5 {
		d.register(servicetest.Mountain, d.person(servicetest.Mountain, "罗"+string(rune('一'+i*41)), 10*i))
		d.Clock.Advance(24 * 60 * 60 * 1e9)
	}
	who := d.Registrar(servicetest.Mountain)
	var seen []string
	req := page.Request{Size: 2}
	for {
		l, err := d.List(t.Context(), who, req)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.Rows {
			seen = append(seen, r.RegisteredOn.String())
		}
		if l.Next == "" {
			break
		}
		req.After = l.Next
	}
	if len(seen) != 5 || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("%v", seen)
	}
	if l, err := d.List(t.Context(), d.Approver(), page.Request{}); err != nil || len(l.Rows) != 5 {
		t.Errorf("the office sees %d, %v", len(l.Rows), err)
	}
	if _, err := d.List(t.Context(), who, page.Request{After: "nonsense"}); !errors.As(err, new(*errs.Error)) {
		t.Errorf("%v", err)
	}
}
