package webui

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
)

// followUpPages are the samples of the pages about follow-up.
func followUpPages() []PageSample {
	day := sampleDay()
	lists := func(which aftercare.List) PageSample {
		return PageSample{"followup/list", func(b Base) View {
			in := aftercare.ListInput{List: which, Township: b.T("style.place.mountain")}
			f := followFilter(b, day, followFilterParts{list: which, townships: []string{in.Township}})
			rows := sampleFollowUps(b)
			list := aftercare.Worklist{Result: page.Result[aftercare.FollowUp]{Rows: rows}, Sides: sampleSides(), Today: day, Record: true,
				Counts: aftercare.Counts{Due: 2, Overdue: aftercare.Many, Lost: 3, Closed: map[followup.Reason]int{followup.Died: 1}}}
			switch which {
			case aftercare.Lost:
				list.Rows = rows[3:4]
			case aftercare.Closed:
				list.Rows = nil
			}
			v := newFollowUpsView(b, f, in, list)
			if which == aftercare.Due || which == aftercare.Overdue {
				v.Take = newTakeBar(b, sampleID(2), []aftercare.Colleague{{ID: sampleID(1), Name: samplePerson}, {ID: sampleID(2), Name: sampleLongName}})
			}
			return v
		}}
	}
	out := []PageSample{lists(aftercare.Due), lists(aftercare.Overdue), lists(aftercare.Lost), lists(aftercare.Closed)}
	for _, k := range []procedure.Kind{procedure.TKA, procedure.THA, procedure.PhacoIOL, procedure.PCI} {
		out = append(out, PageSample{"followup/form", func(b Base) View {
			v := sampleCaseFollow(b)
			x := contactSubject{operation: v.Operations[0], followUp: v.FollowUps[1]}
			x.operation.Kind, x.operation.Site = k, k.Site()
			if k == procedure.PCI {
				x.followUp, x.operation.Side = aftercare.FollowUp{}, ""
			}
			return newContactView(titled(b, b.T("followup.record.title")), v, x)
		}})
	}
	return append(out, followUpPapers()...)
}

func followUpPapers() []PageSample {
	day := sampleDay()
	village := func(b Base) aftercare.CallList {
		return aftercare.CallList{Today: day, Patients: 3, Villages: []aftercare.Village{{Hospital: b.T("style.hospital.m1"), Township: b.T("style.place.mountain"), Name: "", Rows: sampleFollowUps(b)[:1]},
			{Hospital: b.T("style.hospital.m1"), Rows: sampleFollowUps(b)[1:3]}}}
	}
	return []PageSample{
		{"followup/case", func(b Base) View {
			return newCaseFollowView(titled(b, b.T("nav.followups")), sampleCaseFollow(b))
		}},
		{"followup/case", func(b Base) View {
			v := sampleCaseFollow(b)
			v.FollowUps, v.Contacts, v.Died = nil, nil, day
			return newCaseFollowView(titled(b, b.T("nav.followups")), v)
		}},
		{"visiting/visit", func(b Base) View {
			return newFollowRulesView(titled(b, b.T("followup.rules")), sampleFollowRules(b))
		}},
		{"care/form", func(b Base) View {
			v := sampleFollowRules(b)
			p := followRuleForm(titled(b, b.T("followup.rules")), v.Groups[0], v)
			p.Form.Fail("w6.from", "error.followup.rule_early", "from", 50, "due", 42)
			return p.with(Button{Text: b.T("followup.rules.save")}, "/followup-rules")
		}},
		{"care/form", func(b Base) View {
			p := careForm{Base: titled(b, b.T("followup.end")), Form: NewForm(b, day, endFields()...), Alerts: []Alert{{Kind: "warn", Title: b.T("followup.end.all", "n", 3), Text: b.T("followup.end.death")}}}
			return p.with(Button{Text: b.T("followup.end.save")}, "/cases")
		}},
		{"followup/calls", func(b Base) View {
			b.Layout = "print"
			p := newCallSheet(titled(b, b.T("followup.calls.title")), aftercare.ListInput{List: aftercare.Due}, village(b))
			p.Reason, p.Open = reasonToOpen(b, day), Button{Text: b.T("followup.calls.open")}
			return p
		}},
		{"followup/calls", func(b Base) View {
			b.Layout = "print"
			return newCallSheet(titled(b, b.T("followup.calls.title")), aftercare.ListInput{List: aftercare.Due}, aftercare.CallList{Today: day, Numbers: true})
		}},
		{"followup/forms", func(b Base) View {
			b.Layout = "print"
			return newVillageForms(titled(b, b.T("followup.forms.title")), aftercare.ListInput{List: aftercare.Due}, village(b))
		}},
		{"followup/slip", func(b Base) View {
			b.Layout = "print"
			v := sampleCaseFollow(b)
			p, err := newSlip(titled(b, b.T("followup.slip.title")), aftercare.Slip{CaseView: v, Token: strings.Repeat("7K4M2", 4), Next: v.Open()})
			if err != nil {
				panic(err) // a sample that cannot be drawn
			}
			return p
		}},
	}
}

// sampleFollowUps are appointments in every state a page shows.
func sampleFollowUps(b Base) []aftercare.FollowUp {
	day := sampleDay()
	operated := day.AddDays(-100)
	var out []aftercare.FollowUp
	for i, w := range followup.Schedule(procedure.TKA) {
		f := aftercare.FollowUp{Appointment: w.On(operated), Procedure: sampleIDs.doctor, Case: sampleIDs.file, Person: sampleIDs.person, Hospital: sampleIDs.mountain, Programme: procedure.Joint,
			Kind: procedure.TKA, Site: procedure.Knee, Side: procedure.Right, OperatedOn: operated, CaseNo: "SH-2026-00419", HospitalName: b.T("style.hospital.m1"), PersonName: b.T("style.person.1"),
			Sex: patient.Female, Birth: day.AddDays(-24000), Township: b.T("style.place.mountain"), PhoneLast4: "3406", Version: 1}
		f.ID = ident.ID{byte(i + 1)}
		switch i {
		case 1:
			f.Attempts = 2
		case 2:
			f.Status, f.Evidence, f.EndedOn = followup.Done, followup.VillageDoctor, f.Due
		case 3:
			f.Status, f.Reason, f.EndedOn = followup.Lost, followup.Unreachable, day
		case 4:
			f.Status, f.Reason, f.EndedOn = followup.Closed, followup.Moved, day
		}
		out = append(out, f)
	}
	return out
}

func sampleCaseFollow(b Base) aftercare.CaseView {
	day, c := sampleDay(), sampleCase(b)
	total, parts := 84, map[string]int{"pain": 25, "function": 18, "motion": 15, "muscle": 10, "flexion": 8, "stability": 10, "deduction": 2}
	class := 2
	contact := aftercare.Contact{ID: ident.ID{9}, Procedure: sampleIDs.doctor, Case: sampleIDs.file, Hospital: sampleIDs.mountain, Place: b.T("style.hospital.m1"), Step: followup.Mon3, Kind: procedure.TKA,
		Side: procedure.Right, Live: true, EnteredBy: b.T("style.person.1"), EnteredAt: sampleInstant(), Version: 1,
		Contact: followup.Contact{On: day.AddDays(-4), Evidence: followup.VillageDoctor, Reached: true, Informant: b.T("style.person.1"),
			Results:       []followup.Result{{Instrument: followup.HSS, Total: &total, Parts: parts}, {Instrument: followup.NYHA, Total: &class}},
			Complications: []complication.Complication{{Type: "DVT", Onset: day.AddDays(-20), Grade: "II", Related: complication.RelatedYes, Outcome: complication.Ongoing, Note: "…"}}}}
	gone := contact
	gone.ID, gone.Live, gone.Withdrawn, gone.Reached, gone.Step, gone.Results, gone.Complications = ident.ID{10}, false, "…", false, "", nil, nil
	return aftercare.CaseView{CaseItem: c.CaseItem, FollowUps: sampleFollowUps(b), Contacts: []aftercare.Contact{contact, gone}, Operations: c.Operations, Sides: sampleSides(), Today: day, Record: true, Seen: 7}
}

// sampleFollowRules are windows of which one group has an edition in force and
// one to come.
func sampleFollowRules(b Base) aftercare.RulesView {
	v := aftercare.RulesView{Today: sampleDay(), MayEdit: true}
	for _, g := range followup.Groups() {
		v.Groups = append(v.Groups, aftercare.GroupRules{Group: g, Now: followup.Edition{Group: g, Windows: followup.Usual(g)}})
	}
	joints := &v.Groups[0]
	joints.Latest = 2
	joints.Now.Version, joints.Now.From, joints.Now.Note = 1, v.Today.AddDays(-30), sampleName(b)
	next := joints.Now
	next.Version, next.From = 2, v.Today.AddDays(30)
	joints.Coming = []followup.Edition{next}
	joints.Made = []aftercare.FollowRule{{Edition: next, By: sampleName(b), At: sampleInstant()}, {Edition: joints.Now, By: sampleName(b), At: sampleInstant()}}
	return v
}
