package intake_test

import (
	"maps"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	screenedNumber = 21
	screenedPhone  = "19900003406"
)

// screened stores a screening of somebody born in 1958 with a card and a phone.
func (d *desk) screened(at servicetest.Place) ident.ID {
	d.t.Helper()
	draft := screening.Draft{On: d.Today(), Township: "石坪镇", Village: "松岭村", Name: "向云禾", DocNumber: servicetest.CitizenNumber("580407", screenedNumber), Phone: screenedPhone,
		Programme: procedure.Joint, Site: procedure.Knee, Side: "L", Triage: screening.Advised, Answer: screening.Willing, LegalBasis: patient.BasisStatutory}
	r, wrong := draft.Check(d.Today())
	if len(wrong) > 0 {
		d.t.Fatal(wrong)
	}
	id := ident.New()
	d.Do(d.System(), func(tx *store.Tx) error {
		_, err := tx.InsertScreening(store.Screening{ID: id, Hospital: d.ID(at), Record: r})
		return err
	})
	return id
}

// typed is what the form holds: the numbers stay in the store.
func (d *desk) typed(at servicetest.Place, from ident.ID) intake.RegisterInput {
	in := d.person(at, "向云禾", screenedNumber)
	in.DocNumber, in.Registration.Phone, in.Screening, in.Programme = "", "", from, procedure.Joint
	return in
}

func TestAScreeningBecomesAPatientWithItsNumbersTakenOver(t *testing.T) {
	d := open(t)
	from := d.screened(servicetest.Mountain)
	out := d.register(servicetest.Mountain, d.typed(servicetest.Mountain, from))
	if !out.Verified || out.CaseID == ident.Nil {
		t.Errorf("%+v", out)
	}
	var phone string
	d.Do(d.Registrar(servicetest.Mountain), func(tx *store.Tx) (err error) {
		phone, _, err = tx.OpenPhones(out.RegistrationID)
		return err
	})
	if phone != screenedPhone {
		t.Errorf("the telephone is %q", phone)
	}
	if n := d.Count(`select count(*) from screening where id = $1 and person_id = $2 and registration_id = $3 and case_id = $4 and converted_at is not null`, from, out.PersonID,
		out.RegistrationID, out.CaseID); n != 1 {
		t.Error("the screening does not say who the person became")
	}
	if n := d.Count(`select count(*) from audit_event where action = 'screening.register' and object_id = $1`, from); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestWhatIsTypedWinsOverTheScreening(t *testing.T) {
	d := open(t)
	in := d.typed(servicetest.Mountain, d.screened(servicetest.Mountain))
	in.Registration.Phone, in.DocNumber = "19900009999", servicetest.CitizenNumber("580407", 35)
	out := d.register(servicetest.Mountain, in)
	p, err := d.Patient(t.Context(), d.Registrar(servicetest.Mountain), out.PersonID)
	if err != nil || p.Documents[0].Last4 != in.DocNumber[14:] || p.Registrations[0].PhoneLast4 != "9999" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestAScreeningIsRegisteredOnce(t *testing.T) {
	d := open(t)
	from := d.screened(servicetest.Mountain)
	in := d.typed(servicetest.Mountain, from)
	key := ident.New().String()
	first, err := d.Register(t.Context(), d.Registrar(servicetest.Mountain), key, in)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Register(t.Context(), d.Registrar(servicetest.Mountain), key, in); err != nil || again.RegistrationID != first.RegistrationID {
		t.Errorf("the same press again: %+v %v", again, err)
	}
	before := d.Count(`select count(*) from person`)
	second := d.typed(servicetest.Mountain, from)
	second.Person.Name, second.DocNumber, second.Registration.Phone = "冉听雪", servicetest.CitizenNumber("610203", 44), "19900001111"
	if _, err = d.Register(t.Context(), d.Registrar(servicetest.Mountain), "", second); !errs.Is(err, errs.Precondition) {
		t.Errorf("a second registration: %v", err)
	}
	if d.Count(`select count(*) from person`) != before {
		t.Error("the refused registration left a person")
	}
}

func TestADuplicateFoundInAScreeningAsksLikeAnyOther(t *testing.T) {
	d := open(t)
	d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", screenedNumber))
	from := d.screened(servicetest.Mountain)
	d.refused(servicetest.Mountain, d.typed(servicetest.Mountain, from), intake.FieldDuplicates, "error.register.duplicate")
	w, err := d.Warn(t.Context(), d.Registrar(servicetest.Mountain), d.typed(servicetest.Mountain, from))
	if err != nil || len(w.Suspects) != 1 {
		t.Fatalf("the banner knows %d, %v", len(w.Suspects), err)
	}
	if d.Count(`select count(*) from screening where registration_id is not null`) != 0 {
		t.Error("the screening counts as registered")
	}
}

func TestAScreeningIsRegisteredWhereItWasMade(t *testing.T) {
	d := open(t)
	from := d.screened(servicetest.Mountain)
	if _, err := d.Screened(t.Context(), d.Registrar(servicetest.MountainTwo), from); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital reads it: %v", err)
	}
	if _, err := d.Register(t.Context(), d.Registrar(servicetest.MountainTwo), "", d.typed(servicetest.MountainTwo, from)); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital takes the numbers over: %v", err)
	}
	x, err := d.Screened(t.Context(), d.Registrar(servicetest.Mountain), from)
	if err != nil || x.DocNumber != "" || x.Phone != "" || x.DocLast4 == "" {
		t.Errorf("%+v %v", x, err)
	}
	if _, err := d.Screened(t.Context(), d.Doctor(servicetest.Mountain), from); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a doctor registers nobody: %v", err)
	}
}

func TestAScreenedPatientIsLinkedInsteadOfRegisteredAgain(t *testing.T) {
	d := open(t)
	known := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", screenedNumber))
	elsewhere := d.register(servicetest.MountainTwo, d.person(servicetest.MountainTwo, "冉听雪", 60))
	from, persons := d.screened(servicetest.Mountain), d.Count(`select count(*) from person`)
	who := d.Registrar(servicetest.Mountain)
	if _, err := d.LinkScreening(t.Context(), who, "", intake.LinkInput{Screening: from, Registration: elsewhere.RegistrationID}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a registration of another hospital: %v", err)
	}
	if _, err := d.LinkScreening(t.Context(), d.Doctor(servicetest.Mountain), "", intake.LinkInput{Screening: from, Registration: known.RegistrationID}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a doctor: %v", err)
	}
	person, err := d.LinkScreening(t.Context(), who, "", intake.LinkInput{Screening: from, Registration: known.RegistrationID})
	if err != nil || person != known.PersonID {
		t.Fatalf("%s %v", person, err)
	}
	if d.Count(`select count(*) from screening where id = $1 and registration_id = $2`, from, known.RegistrationID) != 1 || d.Count(`select count(*) from person`) != persons {
		t.Error("not linked, or somebody was registered again")
	}
	if _, err := d.LinkScreening(t.Context(), who, "", intake.LinkInput{Screening: from, Registration: known.RegistrationID}); !errs.Is(err, errs.Precondition) {
		t.Errorf("twice: %v", err)
	}
}

func TestAGuessedAgeGivesWayToTheCard(t *testing.T) {
	d := open(t)
	age := 60
	r, wrong := screening.Draft{On: d.Today(), Township: "石坪镇", Name: "向云禾", Sex: patient.Female, Age: &age, Programme: procedure.Coronary, ChestPain: "NONE", Triage: screening.Observe,
		LegalBasis: patient.BasisStatutory}.Check(d.Today())
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	from := ident.New()
	d.Do(d.System(), func(tx *store.Tx) error {
		_, err := tx.InsertScreening(store.Screening{ID: from, Hospital: d.ID(servicetest.Mountain), Record: r})
		return err
	})
	in := d.typed(servicetest.Mountain, from)
	in.DocNumber, in.Person.Birth, in.Person.BirthEstimated = servicetest.CitizenNumber("580407", 8), r.Birth, true
	in.Person.Sex = ""
	out := d.register(servicetest.Mountain, in)
	p, err := d.Patient(t.Context(), d.Registrar(servicetest.Mountain), out.PersonID)
	if err != nil || p.Person.Birth.String() != "1958-04-07" || p.Person.BirthEstimated {
		t.Errorf("born %s, estimated %v, %v", p.Person.Birth, p.Person.BirthEstimated, err)
	}
}

// photo keeps a photo with a screening, as it arrives from a browser.
func (d *desk) photo(from ident.ID, kind document.Kind) ident.ID {
	d.t.Helper()
	a := store.Attachment{ID: ident.New(), HospitalID: d.ID(servicetest.Mountain), Owner: store.Owner{Kind: store.OwnerScreening, ID: from}, Kind: kind, FileName: string(kind) + ".jpg",
		Media: document.JPEG, Size: 9, Digest: []byte(ident.New().String())}
	d.Do(d.Screener(servicetest.Mountain), func(tx *store.Tx) error {
		_, err := tx.InsertPhoto(a)
		return err
	})
	return a.ID
}

// owners are the records the photos of a screening were taken over to, in the
// order of their kinds.
func (d *desk) owners(p intake.Patient) map[document.Kind]string {
	out := map[document.Kind]string{}
	for _, a := range p.Attachments {
		if a.Source != ident.Nil {
			out[a.Kind] += a.Owner.Kind
		}
	}
	return out
}

func TestThePhotosOfAScreeningFollowIntoThePapersOfThePatientOnce(t *testing.T) {
	d := open(t)
	from := d.screened(servicetest.Mountain)
	for _, k := range []document.Kind{document.Consent, document.Identity, document.Poverty} {
		d.photo(from, k)
	}
	in := d.typed(servicetest.Mountain, from)
	in.Categories = []patient.Beneficiary{{Category: "DB", From: d.Today().AddDays(-30), To: d.Today().AddDays(300), Source: "石坪镇民政办"}}
	out := d.register(servicetest.Mountain, in)
	p, err := d.Patient(t.Context(), d.Registrar(servicetest.Mountain), out.PersonID)
	if err != nil {
		t.Fatal(err)
	}
	want := map[document.Kind]string{document.Consent: store.OwnerRegistration, document.Identity: store.OwnerDocument, document.Poverty: store.OwnerBeneficiary}
	if got := d.owners(p); !maps.Equal(got, want) {
		t.Errorf("the photos hang on %v", got)
	}
	for _, a := range p.Attachments {
		if a.Screening != from || a.By == "" || a.HospitalID != d.ID(servicetest.Mountain) {
			t.Errorf("nothing says where it is from: %+v", a)
		}
		if _, err := d.Attachment(t.Context(), d.Registrar(servicetest.MountainTwo), a.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another hospital reads it: %v", err)
		}
	}
	if n := d.Count(`select count(*) from attachment where owner_kind = 'screening' and owner_id = $1`, from); n != 3 {
		t.Errorf("%d photos are left with the screening", n)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'attachment.add' and detail::text like '%' || $1 || '%'`, from.String()); n != 3 {
		t.Errorf("%d of three are in the audit", n)
	}
	d.Do(d.Registrar(servicetest.Mountain), func(tx *store.Tx) error { return tx.FollowPhotos(from, out.PersonID, out.RegistrationID) })
	if n := d.Count(`select count(*) from attachment where source_id is not null`); n != 3 {
		t.Errorf("again, it makes %d of three", n)
	}
}

func TestThePhotosFollowToAPatientWhoWasKnown(t *testing.T) {
	d := open(t)
	known := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", screenedNumber))
	from := d.screened(servicetest.Mountain)
	d.photo(from, document.Medical)
	if _, err := d.LinkScreening(t.Context(), d.Registrar(servicetest.Mountain), "", intake.LinkInput{Screening: from, Registration: known.RegistrationID}); err != nil {
		t.Fatal(err)
	}
	p, err := d.Patient(t.Context(), d.Registrar(servicetest.Mountain), known.PersonID)
	if got := d.owners(p); err != nil || got[document.Medical] != store.OwnerRegistration {
		t.Errorf("%v %v", got, err)
	}
}
