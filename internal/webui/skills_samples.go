package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func skillPages() []PageSample {
	day := sampleDay()
	return []PageSample{
		{"device/list", func(b Base) View {
			v := sampleLadder(b)
			return newLearnersView(titled(b, b.T("nav.visiting")), visiting.Learners{Result: page.Result[visiting.Learner]{Rows: []visiting.Learner{{Doctor: v.Doctor, Signed: v.Signed}}}, Rules: true})
		}},
		{"device/list", func(b Base) View { return newLearnersView(titled(b, b.T("nav.visiting")), visiting.Learners{}) }},
		{"visiting/visit", func(b Base) View { return newLadderPage(titled(b, b.T("style.person.1")), sampleLadder(b)) }},
		{"visiting/visit", func(b Base) View {
			return newLadderPage(titled(b, b.T("style.person.1")), visiting.LadderView{Doctor: sampleLadder(b).Doctor})
		}},
		{"care/form", func(b Base) View {
			return signoffForm(titled(b, b.T("skill.sign")), day, sampleLadder(b)).with(Button{Text: b.T("skill.sign")}, "/skills")
		}},
		{"care/form", func(b Base) View {
			v := sampleLadder(b)
			return revokeForm(titled(b, b.T("skill.revoke")), day, v, v.Signed[0]).with(Button{Text: b.T("skill.revoke"), Kind: "danger"}, "/skills")
		}},
		{"care/form", func(b Base) View {
			return careForm{Base: titled(b, b.T("skill.rules")), Form: skillRulesForm(b, day, map[procedure.Kind]int{procedure.TKA: 20})}.with(Button{Text: b.T("directory.save")}, "/skills")
		}},
		{"care/form", func(b Base) View {
			v := visiting.Observers{Operation: sampleOperation(b), Names: []string{b.T("style.person.1")}, Doctors: sampleVisit(b).Doctors}
			return observersForm(titled(b, b.T("skill.observers")), day, v).with(Button{Text: b.T("visit.save")}, "/operations")
		}},
	}
}

func sampleLadder(b Base) visiting.LadderView {
	doctor := visiting.Doctor{Practitioner: practitioner.Practitioner{ID: ident.ID{51}, Name: b.T("style.person.1"), HomeOrg: sampleIDs.mountain, Grade: practitioner.Attending, Specialty: practitioner.Orthopaedics},
		HomeName: b.T("style.hospital.m1")}
	signed := visiting.Signoff{Signoff: practitioner.Signoff{ID: ident.ID{52}, Practitioner: doctor.ID, Kind: procedure.THA, Needed: 20, Counted: 22, On: sampleDay(), Version: 1}, Signer: b.T("style.person.1")}
	count := func(k procedure.Kind, r practitioner.Role, visitor bool, n int) practitioner.RoleCount {
		return practitioner.RoleCount{Kind: k, Role: r, Visitor: visitor, Year: 2026, Quarter: 3, N: n}
	}
	v := visiting.LadderView{Doctor: doctor, Signed: []visiting.Signoff{signed}, Sign: true, Counts: []practitioner.RoleCount{count(procedure.TKA, practitioner.Supervised, true, 21),
		count(procedure.TKA, practitioner.Supervised, false, 2), count(procedure.THA, practitioner.Independent, false, 4), count(procedure.PhacoIOL, practitioner.Observed, true, 1)}}
	v.Ladders = practitioner.Climb(v.Counts, []practitioner.Signoff{signed.Signoff}, nil)
	return v
}
