package patient_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func goodPerson() patient.Person {
	return patient.Person{ID: ident.New(), Name: "向云禾", Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), Ethnicity: "15", RegionCode: "500199"}
}

func goodRegistration() patient.Registration {
	return patient.Registration{Phone: "19900001234", LegalBasis: patient.BasisStatutory, RegisteredOn: today}
}

// said renders the fields as "path:key", sorted as given.
func said(f errs.Fields) string {
	var out []string
	for _, x := range f {
		out = append(out, x.Path+":"+x.Key)
	}
	return strings.Join(out, " ")
}

func TestPersonRules(t *testing.T) {
	for want, change := range map[string]func(*patient.Person){
		"":                                        func(*patient.Person) {},
		"name:error.name.required":                func(p *patient.Person) { p.Name = " " },
		"sex:error.sex":                           func(p *patient.Person) { p.Sex = "" },
		"birth:error.birth.required":              func(p *patient.Person) { p.Birth = clock.Date{} },
		"birth:error.birth.future":                func(p *patient.Person) { p.Birth = today.AddDays(1) },
		"birth:error.birth.too_early":             func(p *patient.Person) { p.Birth = clock.MustDate(1890, 1, 1) },
		"deceased_on:error.deceased.future":       func(p *patient.Person) { p.DeceasedOn = today.AddDays(1) },
		"deceased_on:error.deceased.before_birth": func(p *patient.Person) { p.DeceasedOn = clock.MustDate(1950, 1, 1) },
		"ethnicity:error.ethnicity":               func(p *patient.Person) { p.Ethnicity = "77" },
		"region:error.region":                     func(p *patient.Person) { p.RegionCode = "5001" },
		"name:error.name.sign sex:error.sex":      func(p *patient.Person) { p.Name, p.Sex = "a;b", "x" },
	} {
		p := goodPerson()
		change(&p)
		if got := said(p.Validate(today)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	p := goodPerson()
	p.Birth = today
	if got := said(p.Validate(today)); got != "" {
		t.Errorf("a newborn: %s", got)
	}
}

func TestPersonIsNormalisedFilledAndWarned(t *testing.T) {
	p := patient.Person{Name: " 向 云禾 ", Ethnicity: "土家"}.Normalise()
	if p.Name != "向云禾" || p.Ethnicity != "15" {
		t.Fatalf("%+v", p)
	}
	d, err := patient.ParseDocument(patient.DocCitizen, sealed("50019919580407002"), today)
	if err != nil {
		t.Fatal(err)
	}
	filled := p.FillFrom(d)
	if filled.Sex != patient.Female || filled.Birth.String() != "1958-04-07" || filled.RegionCode != "500199" {
		t.Fatalf("%+v", filled)
	}
	typed := patient.Person{Sex: patient.Male, Birth: today, RegionCode: "500114"}.FillFrom(d)
	if typed.Sex != patient.Male || typed.Birth != today || typed.RegionCode != "500114" {
		t.Fatal("what was typed was overwritten")
	}
	if got := said(patient.Person{Name: "向云禾2"}.Warnings()); got != "name:warn.name.digit" {
		t.Fatal(got)
	}
}

func TestRule12ADifferenceFromTheNumberNeedsAReasonOnly(t *testing.T) {
	d, _ := patient.ParseDocument(patient.DocCitizen, sealed("50019919580407002"), today)
	p := goodPerson()
	if w, e := patient.CheckAgainst(p, d, ""); len(w)+len(e) != 0 {
		t.Fatal(w, e)
	}
	p.Sex, p.Birth = patient.Male, clock.MustDate(1958, 7, 4)
	w, wrong := patient.CheckAgainst(p, d, "")
	if said(w) != "sex:warn.sex.differs_from_number birth:warn.birth.differs_from_number" || said(wrong) != "mismatch_reason:error.mismatch_reason.required" {
		t.Fatal(said(w), said(wrong))
	}
	if w, wrong := patient.CheckAgainst(p, d, "身份证登记有误"); len(w) != 2 || len(wrong) != 0 {
		t.Fatal(w, wrong)
	}
	p = goodPerson()
	p.Birth, p.BirthEstimated = clock.MustDate(1958, 7, 1), true
	if w, _ := patient.CheckAgainst(p, d, ""); len(w) != 0 {
		t.Fatal("an estimated birth date cannot disagree")
	}
}

func TestRootIsThePersonCounted(t *testing.T) {
	p := goodPerson()
	if p.Root() != p.ID {
		t.Fatal("not merged")
	}
	p.RootID = ident.New()
	if p.Root() != p.RootID {
		t.Fatal("merged")
	}
	if strings.Contains(p.LogValue().String(), p.Name) {
		t.Fatal("the name reached the log")
	}
}

func TestRegistrationRules(t *testing.T) {
	adult, child := clock.MustDate(1958, 4, 7), clock.MustDate(2012, 11, 24)
	for _, c := range []struct {
		want   string
		birth  clock.Date
		change func(*patient.Registration)
	}{
		{"", adult, func(*patient.Registration) {}},
		{"", adult, func(r *patient.Registration) { r.Phone = "" }},
		{"phone:error.phone.mobile_short", adult, func(r *patient.Registration) { r.Phone = "1990000123" }},
		{"kin_phone:error.phone.characters", adult, func(r *patient.Registration) { r.KinPhone = "无" }},
		{"kin_name:error.name.sign", adult, func(r *patient.Registration) { r.KinName = "a=b" }},
		{"legal_basis:error.legal_basis.required", adult, func(r *patient.Registration) { r.LegalBasis = "" }},
		{"legal_basis:error.legal_basis.required", adult, func(r *patient.Registration) { r.LegalBasis = "habit" }},
		{"consent_note:error.consent_note.required", adult, func(r *patient.Registration) { r.LegalBasis = patient.BasisConsent }},
		{"", adult, func(r *patient.Registration) {
			r.LegalBasis, r.ConsentNote = patient.BasisConsent, "本人书面同意"
		}},
		{"guardian:error.guardian.required", child, func(r *patient.Registration) { r.LegalBasis, r.ConsentNote = patient.BasisConsent, "监护人同意" }},
		{"", child, func(r *patient.Registration) {
			r.LegalBasis, r.ConsentNote, r.Guardian = patient.BasisConsent, "监护人同意", "向山"
		}},
		{"", child.AddDays(-1), func(r *patient.Registration) { r.LegalBasis, r.ConsentNote = patient.BasisConsent, "本人同意" }},
		{"", child, func(*patient.Registration) {}},
		{"", adult, func(r *patient.Registration) { r.LegalBasis = patient.BasisHistory }},
		{"guardian:error.name.sign", adult, func(r *patient.Registration) { r.Guardian = "a=b" }},
		{"village:error.text.too_long", adult, func(r *patient.Registration) { r.Village = strings.Repeat("村", 61) }},
		{"address:error.text.hidden", adult, func(r *patient.Registration) { r.Address = "一\u202e二" }},
		{"registered_on:error.registered_on.future", adult, func(r *patient.Registration) { r.RegisteredOn = today.AddDays(1) }},
	} {
		r := goodRegistration()
		c.change(&r)
		if got := said(r.Validate(c.birth, today)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestRegistrationIsNormalisedAndKeepsWhatItCannotRead(t *testing.T) {
	r := patient.Registration{Phone: " 199 0000 1234", KinPhone: " 不详 ", KinName: "向 山", Village: " 松岭村 "}.Normalise()
	if r.Phone != "19900001234" || r.KinPhone != "不详" || r.KinName != "向山" || r.Village != "松岭村" {
		t.Fatalf("%+v", r)
	}
	if strings.Contains(r.LogValue().String(), "199") {
		t.Fatal("the telephone number reached the log")
	}
}

func TestBeneficiaryHoldsFromTheFirstToTheLastDay(t *testing.T) {
	b := patient.Beneficiary{Category: terminology.CategoryDB, From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 12, 31)}
	for day, want := range map[string]bool{"2025-12-31": false, "2026-01-01": true, "2026-12-31": true, "2027-01-01": false} {
		d, _ := clock.ParseDate(day)
		if b.ValidOn(d) != want {
			t.Errorf("%s: %v", day, !want)
		}
	}
	b.To = clock.Date{}
	if !b.ValidOn(clock.MustDate(2099, 1, 1)) {
		t.Error("without an end it holds until further notice")
	}
}

func TestBeneficiaryRules(t *testing.T) {
	from := clock.MustDate(2026, 1, 1)
	for want, b := range map[string]patient.Beneficiary{
		"":                                 {Category: terminology.CategoryDB, From: from, To: from},
		"category:error.category.required": {Category: "xx", From: from},
		"category_from:error.category.from_required": {Category: terminology.CategoryTK},
		"category_to:error.category.to_before_from":  {Category: terminology.CategoryTK, From: from, To: from.AddDays(-1)},
		"category_evidence:error.text.too_long":      {Category: terminology.CategoryTK, From: from, Evidence: strings.Repeat("证", 101)},
	} {
		if got := said(b.Validate()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := said(patient.Beneficiary{Category: terminology.CategoryNone}.Validate()); got != "" {
		t.Errorf("belonging to none needs no date: %s", got)
	}
}

func TestCategoriesOnADayAreOrderedByFavour(t *testing.T) {
	from := clock.MustDate(2026, 1, 1)
	list := []patient.Beneficiary{{Category: terminology.CategoryCJ, From: from}, {Category: terminology.CategoryTK, From: from},
		{Category: terminology.CategoryTK, From: from}, {Category: terminology.CategoryNone}, {Category: terminology.CategoryDB, From: from, To: from}}
	if got := patient.CategoriesOn(list, from.AddDays(1)); !slices.Equal(got, []terminology.Category{"TK", "CJ"}) {
		t.Fatal(got)
	}
	if got := patient.CategoriesOn(list, from.AddDays(-1)); !slices.Equal(got, []terminology.Category{"NONE"}) {
		t.Fatal(got)
	}
}
