package webui

import (
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// sampleIDs of the pages below: two hospitals, a person, a case, a treatment.
var sampleIDs = struct{ mountain, sea, person, file, treatment, doctor ident.ID }{ident.ID{1}, ident.ID{2}, ident.ID{3}, ident.ID{4}, ident.ID{5}, ident.ID{6}}

func carePages() []PageSample {
	list := func(rows int) func(Base) View {
		return func(b Base) View { return sampleCases(b, rows) }
	}
	form := func(p procedure.Programme, confirm bool) func(Base) View {
		return func(b Base) View { return sampleOperationForm(b, p, confirm) }
	}
	return []PageSample{
		{"care/home", func(b Base) View {
			v := newHomeView(b, sampleQueue(b), "")
			for _, m := range sampleMessages()[:2] {
				v.Messages = append(v.Messages, newMessageLine(b, m, sampleDay()))
			}
			v.Unread, v.Bell = 2, true
			v.Drafts = []draftLine{{Title: samplePerson, Page: b.T("register.title"), Saved: "14:03", Href: "/patients/register?draft=1", Key: "/patients/register#form"}, {Title: b.T("register.title"), Saved: "11-22 11:40", Href: "/patients/register?draft=1", Key: "/patients/register#other"}}
			v.Lists = deskLists(b, care.Desk{Office: true, Follows: true, Plans: true, Signs: true, Logs: true, Follow: care.FollowWork{Due: 14, Overdue: 3}})
			return v
		}},
		{"care/home", func(b Base) View { return newHomeView(b, care.Queue{Today: sampleDay()}, "") }},
		{"care/list", list(0)}, {"care/list", list(1)}, {"care/list", list(50)},
		{"care/case", func(b Base) View {
			return newCaseView(titled(b, "SH-2025-00873"), sampleCase(b), caseRights{patient: true, follow: true, estimates: true, watches: true, followUps: sampleFollowUps(b), today: sampleDay()})
		}},
		{"care/treatment", func(b Base) View {
			return newTreatmentView(titled(b, b.T("style.m.right")), sampleTreatmentView(b), caseRights{patient: true, follow: true, estimates: true, followUps: sampleFollowUps(b), today: sampleDay()})
		}},
		{"care/form", sampleStep}, {"care/form", sampleWhyNot},
		{"care/operation_form", form(procedure.Joint, true)}, {"care/operation_form", form(procedure.Cataract, false)},
		{"care/operation_form", form(procedure.Coronary, false)},
		{"care/operation", func(b Base) View {
			return newOperationView(titled(b, operationName(b, sampleOperation(b))), care.OperationView{Operation: sampleOperation(b), Sides: sampleSides(), Edit: true, Sign: true, Changes: sampleChanges(b),
				Review: true, Parts: sampleMarked(b), Explants: sampleSheet(b).Explants, PartChanges: samplePartChanges(b)}, sampleDay())
		}},
		{"care/timeline", func(b Base) View {
			return newTimelineView(titled(b, b.T("record.timeline")), care.TimelineView{PersonItem: sampleRecord(b).PersonItem, Entries: sampleTimeline(b), Sides: sampleSides(),
				Today: sampleDay(), CaseNo: "SH-2025-00873", Cut: true})
		}},
		{"care/timeline", func(b Base) View {
			return newTimelineView(titled(b, b.T("record.timeline")), care.TimelineView{Today: sampleDay()})
		}},
		{"care/patient", func(b Base) View {
			return newPatientView(titled(b, b.T("style.person.1")), sampleRecord(b), sampleDay())
		}},
	}
}

// titled is the frame with its h1, which handlers set.
func titled(b Base, title string) Base {
	b.Title = title
	return b
}

func sampleSides() map[ident.ID]user.Side {
	return map[ident.ID]user.Side{sampleIDs.mountain: user.SideReceiving, sampleIDs.sea: user.SideDonor}
}

func sampleAt() time.Time { return time.Date(2026, time.November, 21, 3, 0, 0, 0, time.UTC) }

func sampleQueue(b Base) care.Queue {
	item := func(task care.Task, urgency care.Urgency, due clock.Date) care.QueueItem {
		return care.QueueItem{Task: task, Urgency: urgency, Due: due, Waiting: care.Waiting{Case: sampleIDs.file, Treatment: sampleIDs.treatment, CaseNo: "SH-2026-00873",
			Programme: procedure.Joint, Plan: b.T("style.m.right"), Since: sampleAt(), PersonName: b.T("style.person.1"), Sex: patient.Female,
			Birth: clock.MustDate(1958, 4, 7), Tail: "002X", Hospital: sampleIDs.mountain, Hosp: b.T("style.hospital.m1"), Amount: 2_000_000}}
	}
	day := sampleDay()
	return care.Queue{Today: day, Others: 1, Sides: sampleSides(), Counts: map[care.Task]int{care.TaskAdmit: 1, care.TaskEligible: 2, care.TaskJoin: 1, care.TaskSettle: 1},
		Items: []care.QueueItem{item(care.TaskAdmit, care.Now, day), item(care.TaskJoin, care.Now, day.AddDays(-2)), item(care.TaskEligible, care.Soon, day.AddDays(3)),
			item(care.TaskSettle, care.Soon, clock.Date{}), item(care.TaskDecide, care.Other, clock.Date{})}}
}

func sampleCaseItem(b Base) care.CaseItem {
	return care.CaseItem{Case: casefile.Case{ID: sampleIDs.file, Person: sampleIDs.person, Programme: procedure.Joint, Home: sampleIDs.mountain,
		OpenedOn: clock.MustDate(2025, 12, 3), Second: &casefile.SecondSide{Site: procedure.Knee, Side: procedure.Left, From: clock.MustDate(2026, 12, 1)}},
		No: "SH-2025-00873", State: casefile.SecondDue, Diagnosis: b.T("style.m.both"), PersonName: b.T("style.person.1"), Sex: patient.Female,
		Birth: clock.MustDate(1958, 4, 7), HomeName: b.T("style.hospital.m1")}
}

// sampleCases is a list; its first name is as long as names get.
func sampleCases(b Base, rows int) careList {
	var list care.CaseList
	list.Sides = sampleSides()
	for i := range rows {
		c := sampleCaseItem(b)
		if i == 0 {
			c.PersonName = string([]rune(strings.Repeat(c.PersonName, 24))[:24])
		}
		list.Rows = append(list.Rows, c)
	}
	b.Title = b.T("nav.cases")
	return newCasesView(b, casesFilter(b, sampleDay(), nil), list, sampleDay())
}

func sampleTreatment(b Base) care.Treatment {
	return care.Treatment{ID: sampleIDs.treatment, Case: sampleIDs.file, Person: sampleIDs.person, Programme: procedure.Joint, Hospital: sampleIDs.mountain,
		Place: treatment.Place{State: treatment.Operated, Path: treatment.Normal}, Plan: b.T("style.m.right"), PlannedOn: clock.MustDate(2026, 1, 12),
		AdmissionNo: "ZY-20260112-07", AdmittedOn: clock.MustDate(2026, 1, 12), OperatedOn: clock.MustDate(2026, 1, 14), Category: terminology.CategoryDB,
		EstimateBill: 5_838_640, EstimateInsurance: 3_246_605, Visiting: true, Version: 4, CaseNo: "SH-2025-00873", Home: sampleIDs.mountain,
		PersonName: b.T("style.person.1"), Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), HospitalName: b.T("style.hospital.m1")}
}

func sampleBill() care.Bill {
	return care.Bill{Treatment: sampleIDs.treatment, SettledOn: clock.MustDate(2026, 1, 28), Bill: 5_838_640, Basic: 2_218_055, Critical: 341_230, Assistance: 687_320,
		Fund: 2_542_035, Net: 50_000}
}

func sampleOperation(b Base) care.Operation {
	return care.Operation{Procedure: procedure.Procedure{ID: ident.ID{7}, Treatment: sampleIDs.treatment, Programme: procedure.Joint, Kind: procedure.TKA, Site: procedure.Knee,
		Side: procedure.Right, OperatedOn: clock.MustDate(2026, 1, 14), Hospital: sampleIDs.mountain, Lead: sampleIDs.doctor, LeadVisiting: true,
		Anaesthesia: []procedure.Anaesthesia{"SPINAL"}, ASA: 2, Operations: procedure.DefaultOperations(procedure.TKA, nil),
		JointPart: &procedure.JointPart{Indications: []procedure.Indication{"OA"}, Fixation: procedure.Cemented, Plan: procedure.Staged, StageNo: 1}},
		Marks: []string{string(procedure.RuleSideText), procedure.MarkNeedsReview}, LeadName: b.T("style.person.1"), CaseNo: "SH-2025-00873",
		PersonName: b.T("style.person.1"), Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), HospitalName: b.T("style.hospital.m1")}
}

func sampleCase(b Base) care.CaseView {
	return care.CaseView{CaseItem: sampleCaseItem(b), Treatments: []care.Treatment{sampleTreatment(b)}, Operations: []care.Operation{sampleOperation(b)},
		Bills: []care.Bill{sampleBill()}, Referrals: []care.Referral{sampleReferral(b, referral.Accepted)}, Sides: sampleSides(),
		CanOpen: []ident.ID{sampleIDs.mountain}, CanClose: true, CanRead: true}
}

func sampleEvents(b Base) []care.Event {
	step := func(a treatment.Action, on clock.Date, mark treatment.Mark) care.Event {
		return care.Event{Treatment: sampleIDs.treatment, Action: a, On: on, Mark: mark, At: sampleAt(), By: b.T("style.person.1"), Note: b.T("style.q.admit.why")}
	}
	return []care.Event{step(treatment.Register, clock.MustDate(2025, 12, 3), ""), step(treatment.ConfirmEligible, clock.MustDate(2025, 12, 5), ""),
		step(treatment.AdmitEmergency, clock.MustDate(2026, 1, 12), treatment.MarkTreatedFirst), step(treatment.LogOperation, clock.MustDate(2026, 1, 14), "")}
}

func sampleTreatmentView(b Base) care.TreatmentView {
	t := sampleTreatment(b)
	facts := care.Facts{Facts: treatment.With(treatment.CaseOpen, treatment.AdmissionDate)}
	return care.TreatmentView{Treatment: t, Facts: facts, Offers: treatment.Offers(t.Place, facts.Facts), Events: sampleEvents(b),
		Operations: []care.Operation{sampleOperation(b)}, Bills: []care.Bill{sampleBill()}, Sides: sampleSides()}
}

func sampleStep(b Base) View {
	v := sampleTreatmentView(b)
	row, _ := treatment.Find(v.Place, treatment.Discharge)
	b.Title = b.T(treatment.Discharge.Label())
	p := careForm{Base: b, Form: stepForm(b, sampleDay(), v, row), Facts: treatmentFacts(b, v, caseRights{today: sampleDay()})}
	return p.with(Button{Text: b.Title}, "/treatments/1")
}

// sampleWhyNot is a step that cannot be taken, with what would work.
func sampleWhyNot(b Base) View {
	p, _ := sampleStep(b).(careForm)
	_, err := treatment.Next(treatment.Place{State: treatment.Planned, Path: treatment.Normal}, treatment.ConfirmEligible, treatment.With(treatment.ConsentRecorded))
	p.WhyNot = whyNot(b, err)
	return p
}

func sampleOperationForm(b Base, programme procedure.Programme, confirm bool) View {
	t := sampleTreatment(b)
	t.Programme = programme
	doctor := func(name string, home ident.ID, posted bool) care.Surgeon {
		return care.Surgeon{PractitionerItem: care.Doctor{Practitioner: practitioner.Practitioner{ID: ident.New(), Name: name, HomeOrg: home},
			HomeName: b.T("style.hospital.s1")}, Posted: posted}
	}
	v := care.OperationForm{Treatment: t, Surgeons: []care.Surgeon{doctor(b.T("style.person.1"), sampleIDs.mountain, false),
		doctor(b.T("style.person.1"), sampleIDs.sea, true), doctor(b.T("style.person.1"), sampleIDs.sea, false)}}
	b.Title = b.T("operation.new")
	b.Bar = &SaveBar{Buttons: []Button{{Text: b.T("operation.save"), Kind: "primary"}}, Key: "Ctrl+Enter"}
	f := operationForm(b, sampleDay(), v)
	f.Put("operated_on", sampleDay().String())
	page := operationFormView{Base: b, Form: f}
	if confirm {
		askToConfirm(f)
		f.errors = append(f.errors, errs.Field{Path: "side", Key: "error.procedure.side_missing"})
		page.Note = &Alert{Kind: "warn", Title: b.T("operation.marks"), Text: b.T("operation.marks.text")}
	}
	return page
}

func sampleRecord(b Base) care.PatientView {
	t := sampleTreatment(b)
	person := patient.Person{ID: sampleIDs.person, Name: b.T("style.person.1"), Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), Ethnicity: "15"}
	return care.PatientView{PersonItem: care.Person{Person: person, Hospitals: 2}, Documents: []care.Document{{Last4: "002X"}},
		Registrations: []care.Registration{{Registration: patient.Registration{HospitalID: sampleIDs.mountain, Township: b.T("style.place.mountain"),
			LegalBasis: patient.BasisConsent, SlipCode: "7K4M2F", RegisteredOn: clock.MustDate(2025, 12, 3)}, Hospital: b.T("style.hospital.m1"), PhoneLast4: "3406"}},
		Categories: []patient.Beneficiary{{Category: terminology.CategoryDB, From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 12, 31)}},
		Cases:      []care.CaseItem{sampleCaseItem(b)}, Treatments: []care.Treatment{t}, Offers: map[ident.ID][]treatment.Offer{t.ID: treatment.Offers(t.Place, treatment.With())},
		Timeline: sampleTimeline(b), Bills: []care.Bill{sampleBill(), sampleBill()}, Sides: sampleSides(),
		CanOpenCase: []procedure.Programme{procedure.Cataract}, CanTreat: true, CanUnmask: true, CanEdit: true, CanAttach: true, HasCases: true}
}

// sampleTimeline has one entry of each kind, on both sides.
func sampleTimeline(b Base) []care.TimelineEntry {
	at := func(kind, what string, hospital ident.ID) care.TimelineEntry {
		return care.TimelineEntry{Kind: care.TimelineKind(kind), What: what, On: clock.MustDate(2026, 1, 14), Hospital: hospital, Place: b.T("style.hospital.m1"),
			ID: ident.ID{9}, Case: sampleIDs.file, Treatment: sampleIDs.treatment, Site: "knee", Side: "L", Note: b.T("style.person.1")}
	}
	out := []care.TimelineEntry{at("registered", "", sampleIDs.mountain), at("opened", "joint", sampleIDs.mountain), at("step", "register", sampleIDs.mountain),
		at("step", "admit", sampleIDs.mountain), at("operation", "TKA", sampleIDs.mountain), at("money", "approved", sampleIDs.mountain), at("money", "settled", sampleIDs.mountain),
		at("file", "poverty", sampleIDs.mountain), at("closed", "completed", sampleIDs.mountain), at("death", "", ident.Nil)}
	for _, what := range []string{"sent", "accepted", "rejected", "left", "done", "revoked"} {
		out = append(out, at("referral", what, sampleIDs.sea))
	}
	plan := at("plan", "", sampleIDs.sea)
	plan.On = clock.Date{}
	out[4].Amount, out[4].Mark = 1, procedure.MarkNeedsReview
	return append(out, plan)
}

// sampleChanges is a record that was corrected, validated and unlocked.
func sampleChanges(b Base) []care.OperationChange {
	before, after := sampleOperation(b), sampleOperation(b)
	after.Side, after.ASA = before.Side.Opposite(), before.ASA+1
	at := sampleDay().Start()
	return []care.OperationChange{{Action: care.RecordUnlocked, At: at, By: sampleName(b), Reason: sampleName(b)}, {Action: care.RecordValidated, At: at, By: sampleName(b)},
		{Action: care.RecordCorrected, At: at, By: sampleName(b), Before: before, After: after}}
}
