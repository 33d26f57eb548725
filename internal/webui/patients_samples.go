package webui

import (
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// intakePages are the samples of intake.
func intakePages() []PageSample {
	return []PageSample{
		{"intake/register", sampleRegister},
		{"intake/register", func(b Base) View {
			return newRegisterView(b, registerForm(b, sampleDay(), deskFacts{}), intake.Warning{Capped: true}, false)
		}},
		{"intake/patients", func(b Base) View {
			return newPatientsView(b, sampleDay(), page.Result[intake.PersonRow]{Rows: samplePeople()})
		}},
		{"intake/patients", func(b Base) View { return newPatientsView(b, sampleDay(), page.Result[intake.PersonRow]{}) }},
		{"intake/patients", sampleSearch(intake.Found{More: true})},
		{"intake/patients", sampleSearch(intake.Found{TooMany: true})},
		{"intake/patients", sampleSearch(intake.Found{Unknown: []string{"??"}})},
		{"intake/patients", func(b Base) View { return newCaseSearchView(b, sampleDay(), "SH-2026-00001") }},
		{"intake/person", func(b Base) View {
			p := samplePatient()
			return personForm(personBase(b, p, "patients.edit"), editForm(b, sampleDay(), p.Registrations[0]), "patients.save", "/")
		}},
		{"intake/person", sampleIdentity},
		{"intake/person", sampleUnmask},
		{"intake/person", func(b Base) View {
			p := samplePatient()
			v := newCategoriesView(personBase(b, p, "category.title"), sampleDay(), p, true)
			v.Form = categoryForm(b, sampleDay(), p, deskFacts{mayAttach: true})
			putCategory(v.Form, p.Categories[0])
			v.Buttons = []Button{{Text: b.T("category.save"), Kind: "primary"}}
			return v
		}},
		{"intake/person", func(b Base) View {
			p := samplePatient()
			v := newAttachmentsView(personBase(b, p, "attach.title"), p)
			v.Form = attachForm(b, sampleDay(), "/")
			v.Buttons = []Button{{Text: b.T("attach.add"), Kind: "primary"}}
			return v
		}},
		{"intake/person", func(b Base) View {
			return newAttachmentsView(personBase(b, samplePatient(), "attach.title"), intake.Patient{})
		}},
		{"intake/attachment", func(b Base) View {
			v := newAttachmentView(b, samplePatient().Attachments[0])
			v.Form, v.Rotate = attachForm(b, sampleDay(), "/"), "/"
			return v
		}},
		{"intake/attachment", func(b Base) View { return newAttachmentView(b, samplePatient().Attachments[1]) }},
		{"intake/attachment", func(b Base) View { return newAttachmentView(b, samplePatient().Attachments[2]) }},
		{"intake/review", sampleReview(intake.ReviewOpen)},
		{"intake/review", sampleReview(intake.ReviewMerged)},
		{"intake/compare", sampleComparison},
		{"intake/review", func(b Base) View { return newReviewView(b, sampleDay(), "", page.Result[intake.ReviewItem]{}) }},
		{"directory/list", func(b Base) View { b.Title = b.T("settings.lookups"); return newLookupsView(b, sampleLookups()) }},
		{"directory/list", func(b Base) View {
			b.Title = b.T("settings.lookups")
			return newLookupsView(b, page.Result[intake.LookupItem]{})
		}},
		{"directory/list", func(b Base) View {
			b.Title = b.T("settings.lookups")
			one := intake.LookupNotice{At: sampleDay().Start(), Account: sampleName(b), Username: "registrar-x", From: "H2", PersonName: "A**"}
			return newLookupNoticesView(b, page.Result[intake.LookupNotice]{Rows: []intake.LookupNotice{one}})
		}},
	}
}

// Names and dates of the samples come from the catalogue of the style page or
// are letters: user-visible words do not stand in code.
func sampleName(b Base) string { return b.T("style.person.1") }

func samplePeople() []intake.PersonRow {
	one := intake.PersonRow{PersonID: ident.Derive(ident.Nil, "p1"), HospitalID: ident.Derive(ident.Nil, "h1"), Hospital: "H1", Name: "A", Sex: patient.Female,
		Birth: clock.MustDate(1958, 4, 7), DocKind: patient.DocCitizen, DocLast4: "002X", DocVerified: true, PhoneLast4: "0123", Township: "T", Village: "V",
		RegisteredOn: sampleDay()}
	two := one
	two.PersonID, two.Hospital, two.HospitalID, two.DocLast4, two.DocKind = ident.Derive(ident.Nil, "p2"), "H2", ident.Derive(ident.Nil, "h2"), "", patient.DocNone
	two.Name = strings.Repeat("N", 24)
	three := one
	three.PersonID, three.DocVerified, three.PhoneLast4 = ident.Derive(ident.Nil, "p3"), false, ""
	return []intake.PersonRow{one, two, three}
}

func sampleSearch(found intake.Found) func(Base) View {
	return func(b Base) View {
		if !found.TooMany {
			for _, p := range samplePeople() {
				found.Hits = append(found.Hits, intake.Hit{PersonRow: p, Hospitals: []string{p.Hospital}, Matched: []match.Kind{match.KindName, match.KindIDTail}})
			}
			for i, k := range []match.Kind{match.KindInitials, match.KindPinyin, match.KindPhoneTail, match.KindSlip, match.KindNumber, match.KindPhone} {
				found.Hits = append(found.Hits, intake.Hit{PersonRow: samplePeople()[i%2], Matched: []match.Kind{match.KindBigram, k}})
			}
		}
		v := newSearchView(b, sampleDay(), "002X", found)
		found.Hits = nil
		return v
	}
}

func samplePatient() intake.Patient {
	id := func(s string) ident.ID { return ident.Derive(ident.Nil, s) }
	at := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	p := intake.Patient{Person: intake.PersonItem{Person: patient.Person{ID: id("p1"), Name: "A", Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), Version: 2},
		Hospitals: 2}}
	p.Documents = []intake.DocumentItem{{Document: patient.Document{ID: id("d1"), Kind: patient.DocCitizen, Verified: true}, Last4: "002X"},
		{Document: patient.Document{ID: id("d2"), Kind: patient.DocPassport}, Last4: "0001"}}
	p.Registrations = []intake.RegistrationItem{{Registration: patient.Registration{ID: id("r1"), PersonID: id("p1"), LegalBasis: patient.BasisHistory, Version: 1},
		Hospital: "H1", PhoneLast4: "0123", KinPhoneLast4: "4567"}}
	p.Categories = []patient.Beneficiary{{ID: id("b1"), Category: terminology.CategoryDB, From: clock.MustDate(2026, 1, 1), Version: 1},
		{ID: id("b2"), Category: terminology.CategoryTK, From: clock.MustDate(2020, 1, 1), To: clock.MustDate(2021, 1, 1)},
		{ID: id("b3"), Category: terminology.CategoryCJ, From: clock.MustDate(2027, 1, 1)}}
	p.Attachments = []intake.Attachment{{ID: id("a1"), Owner: intake.Owner{Kind: intake.OwnerBeneficiary, ID: id("b1")}, Kind: "poverty", FileName: "proof.jpg",
		Media: "image/jpeg", Size: 312_000, Rotation: 90, CreatedAt: at, By: "B"},
		{ID: id("a2"), Kind: "identity", FileName: "card.pdf", Media: "application/pdf", Size: 3 << 20, ReplacedBy: id("a1"), CreatedAt: at, By: "B"},
		{ID: id("a3"), Kind: "consent", FileName: "consent.jpg", Media: "image/jpeg", Size: 90_000, Source: id("a4"), Screening: id("s1"), CreatedAt: at, By: "B"}}
	return p
}

// sampleRegister is the form after a press of the button: errors, a duplicate of
// the own hospital, and a person known elsewhere with an open case.
func sampleRegister(b Base) View {
	h := intake.Member{Member: partnership.Member{OrganisationID: ident.Derive(ident.Nil, "h1"), Side: user.SideReceiving}}
	h.Organisation.Name = b.T("style.hospital.m1")
	f := registerForm(b, sampleDay(), deskFacts{hospitals: []intake.Member{h}, mayOpen: true, mayGrant: true, mayAttach: true})
	for k, v := range map[string]string{"doc_number": "50019919580407002X", "name": sampleName(b), "ethnicity": "15", "phone": "1990000123", "programme": "joint",
		"category": "DB", "category_to": "2025.12.31", "sex": "female", "birth": "1958-04-07"} {
		f.Put(k, v)
	}
	f.Fail("phone", "error.phone.mobile_short", "n", 1)
	f.Fail(intake.FieldDuplicates, "error.register.duplicate", "n", 1)
	f.Fail(intake.FieldKnown, "error.register.known")
	f.Fail(intake.FieldJoin, "error.register.join")
	suspect := samplePeople()[0]
	suspect.Name = sampleName(b)
	parsed := patient.Parsed{Document: patient.Document{Number: "x", Verified: true}, Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), RegionCode: "500199"}
	return newRegisterView(b, f, intake.Warning{Parsed: parsed, Suspects: []intake.Suspect{{PersonRow: suspect, Score: 100,
		Reasons: []match.Reason{{Key: "match.reason.doc_same"}, {Key: "match.reason.birth_same"}}}},
		Known: &intake.Known{Name: sampleName(b), Sex: patient.Female, BirthYear: 1958, InProgramme: true}}, true)
}

func sampleIdentity(b Base) View {
	p := samplePatient()
	v := personForm(personBase(b, p, "patients.identity"), identityForm(b, sampleDay(), p), "patients.save", "/")
	v.Note = &Alert{Kind: "warn", Title: b.T("patients.identity.shared", "n", 2), Text: b.T("remedy.identity.office")}
	return v
}

func sampleUnmask(b Base) View {
	p := samplePatient()
	v := personForm(personBase(b, p, "unmask.title"), unmaskForm(b, sampleDay(), p), "unmask.show", "/")
	v.Answer = "0000"
	return v
}

func sampleReview(state string) func(Base) View {
	return func(b Base) View {
		at := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
		one := intake.ReviewPerson{ID: ident.Derive(ident.Nil, "p1"), Name: sampleName(b), Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), DocKind: patient.DocCitizen,
			DocLast4: "002X", Verified: true, Villages: "T V", Hospitals: "H1"}
		two := one
		two.ID, two.Verified, two.Hospitals = ident.Derive(ident.Nil, "p2"), false, "H2"
		var rows []intake.ReviewItem
		for _, kind := range []string{intake.ReviewNumberInUse, intake.ReviewDuplicate, intake.ReviewOverride} {
			rows = append(rows, intake.ReviewItem{Review: intake.Review{ID: ident.Derive(ident.Nil, kind), Kind: kind, PersonID: one.ID, OtherID: two.ID, Reason: "R", State: state,
				CreatedAt: at, DecidedAt: at, Version: 1}, HospitalName: "H1", ByName: "B", DeciderName: "D", Person: one, Other: two})
		}
		return newReviewView(b, sampleDay(), state, page.Result[intake.ReviewItem]{Rows: rows})
	}
}

// sampleComparison is two records with a case open on both and one knee twice.
func sampleComparison(b Base) View {
	one := intake.ReviewPerson{ID: ident.ID{1}, Name: sampleName(b), Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), DocKind: patient.DocCitizen, DocLast4: "002X"}
	two := one
	two.ID, two.DocLast4 = ident.ID{2}, "1234"
	knee := intake.Held{Person: one.ID, What: "operation", On: sampleDay(), Place: "H1", Code: "TKA", Side: "L"}
	held := []intake.Held{knee, {Person: one.ID, What: "case", On: sampleDay(), Code: "joint", No: "SH-2026-00001", Open: true},
		{Person: one.ID, What: "bill", On: sampleDay(), Code: "joint", Amount: 100}, {Person: one.ID, What: "registration", On: sampleDay(), No: "7K4M2F"}}
	x := intake.Comparison{ReviewItem: intake.ReviewItem{Review: intake.Review{ID: ident.ID{3}, Kind: intake.ReviewDuplicate, PersonID: one.ID, OtherID: two.ID, Reason: "R",
		Verdict: "V", State: intake.ReviewOpen, Version: 1}, Person: one, Other: two}, Held: map[ident.ID][]intake.Held{one.ID: held, two.ID: held[:2]},
		OpenTwice: []procedure.Programme{procedure.Joint}, SameSide: held[:1]}
	return newCompareView(b, sampleDay(), x, nil)
}

func sampleLookups() page.Result[intake.LookupItem] {
	at := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	return page.Result[intake.LookupItem]{Rows: []intake.LookupItem{{ID: ident.Derive(ident.Nil, "l1"), At: at, Account: "B", Username: "registrar-1", Found: true, Times: 2},
		{ID: ident.Derive(ident.Nil, "l2"), At: at, Account: "B", Username: "registrar-1", Times: 1}}}
}
