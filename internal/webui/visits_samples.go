package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func visitPages() []PageSample {
	out := []PageSample{
		{"care/list", func(b Base) View {
			states := []visit.State{visit.Planned, visit.Closed, visit.Cancelled}
			var rows []visiting.Visit
			for _, state := range states {
				v := sampleVisit(b).Visit
				v.State = state
				rows = append(rows, v)
			}
			return newVisitsView(titled(b, b.T("nav.visiting")), visitsFilter(b, sampleDay()), visiting.Visits{Result: page.Result[visiting.Visit]{Rows: rows}, Sides: sampleSides(), Edit: true, Today: sampleDay().AddDays(9)})
		}},
		{"care/list", func(b Base) View {
			return newVisitsView(titled(b, b.T("nav.visiting")), visitsFilter(b, sampleDay()), visiting.Visits{})
		}},
		{"care/form", func(b Base) View {
			return careForm{Base: titled(b, b.T("visit.new")), Form: visitForm(b, sampleDay(), samplePlaces(b))}.with(Button{Text: b.T("visit.save")}, "/visits")
		}},
		{"visiting/visit", func(b Base) View { return newVisitPage(titled(b, sampleVisit(b).Title), sampleVisit(b)) }},
		{"visiting/visit", func(b Base) View {
			v := sampleVisit(b)
			v.State, v.Edit, v.Hand, v.Cases, v.Clashes, v.Unowned = visit.Cancelled, false, false, false, nil, 0
			v.Reason, v.ClosedBy, v.Lines, v.Roster, v.Supplies = b.T("style.q.admit.why"), b.T("style.person.1"), nil, nil, nil
			return newVisitPage(titled(b, v.Title), v)
		}},
		{"visiting/report", func(b Base) View { return newVisitReport(b, sampleVisit(b)) }},
		{"visiting/report", func(b Base) View {
			v := sampleVisit(b)
			v.Unowned, v.Reason = 0, b.T("style.q.admit.why")
			return newVisitReport(b, v)
		}},
	}
	for _, step := range []visitStep{editVisitStep(), memberStep(), removeMemberStep(), planCaseStep(), cancelCaseStep(), handoverStep(), attendStep(), supplyStep(), removeSupplyStep(),
		closeVisitStep(), cancelVisitStep()} {
		out = append(out, PageSample{"care/form", func(b Base) View {
			v := sampleVisit(b)
			p := careForm{Base: titled(b, b.T(step.title)), Form: step.form(b, v, v.Roster[0].ID), Facts: visitFacts(b, v)}
			return p.with(Button{Text: b.T(step.save), Kind: step.kind}, "/visits")
		}})
	}
	return out
}

// sampleVisit has a line of every outcome and a clash of either kind.
func sampleVisit(b Base) visiting.VisitView {
	doctor := ident.ID{31}
	m := visit.Mission{ID: ident.ID{30}, Hospital: sampleIDs.mountain, Title: b.T("style.visit"), From: sampleDay().AddDays(-2), To: sampleDay().AddDays(3), State: visit.Planned, Note: b.T("style.q.admit.why"), Version: 1}
	patient := visiting.Patient{CaseNo: "SH-2026-00012", Name: b.T("style.person.1")}
	entry := visiting.Entry{Entry: visit.Entry{ID: ident.ID{32}, Case: ident.ID{33}, Kind: procedure.TKA, Side: procedure.Left, On: sampleDay(), Start: 545, Minutes: 90, Surgeon: doctor}, SurgeonName: b.T("style.person.1")}
	off := entry
	off.Cancelled, off.Reason = true, b.T("style.q.admit.why")
	operation := visiting.Operation{Procedure: ident.ID{34}, Case: ident.ID{33}, Kind: procedure.PhacoIOL, Side: procedure.Right, On: sampleDay(), LeadName: b.T("style.person.1")}
	coronary := operation
	coronary.Kind, coronary.Side = procedure.PCI, ""
	owner := visiting.Handover{Case: ident.ID{33}, OwnerName: b.T("style.person.1"), On: sampleDay()}
	v := visiting.VisitView{Visit: visiting.Visit{Mission: m, HospitalName: b.T("style.hospital.m1"), Members: 1, Cases: 3}, Sides: sampleSides(), Edit: true, Hand: true, Cases: true, Today: sampleDay(), Unowned: 1,
		Roster:   []visiting.Member{{ID: ident.ID{35}, Practitioner: doctor, Duty: visit.DutySurgeon, Name: b.T("style.person.1"), HomeName: b.T("style.hospital.s1")}},
		Days:     []visit.Attendance{{Practitioner: doctor, On: sampleDay(), Part: visit.FullDay}},
		Supplies: []visiting.Supply{{ID: ident.ID{36}, Name: b.T("style.visit"), Quantity: 2, Unit: b.T("unit.yuan"), Source: visiting.SupplyBrought}},
		Doctors:  []visiting.Surgeon{{PractitionerItem: directory.PractitionerItem{Practitioner: practitioner.Practitioner{ID: ident.ID{37}, Name: b.T("style.person.1"), HomeOrg: sampleIDs.mountain}}}}}
	v.Teaching = []visiting.Teaching{sampleLesson(b)}
	v.Clashes = []visiting.Clash{{Name: b.T("style.person.1"), Roster: true, Busy: m.Span(doctor, doctor)}, {Name: b.T("style.person.1"), Busy: m.Span(doctor, doctor)}}
	v.Lines = []visiting.VisitLine{{Line: visit.Line{Outcome: visit.OutcomeOpen}, Entry: &entry, Patient: patient, Case: ident.ID{33}},
		{Line: visit.Line{Outcome: visit.OutcomeDone}, Entry: &entry, Operation: &operation, Patient: patient, Case: ident.ID{33}, Owner: &owner},
		{Line: visit.Line{Outcome: visit.OutcomeCancelled}, Entry: &off, Patient: patient, Case: ident.ID{33}},
		{Line: visit.Line{Outcome: visit.OutcomeUnplanned}, Operation: &coronary, Patient: patient, Case: ident.ID{33}}}
	return v
}
