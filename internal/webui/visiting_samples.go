package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func visitingPages() []PageSample {
	day := sampleDay()
	return []PageSample{
		{"care/list", func(b Base) View {
			list := visiting.Privileges{Result: page.Result[visiting.Privilege]{Rows: []visiting.Privilege{samplePrivilege(b)}}, Sides: sampleSides(), Edit: true, Today: day}
			return newPrivilegesView(titled(b, b.T("nav.visiting")), privilegesFilter(b, day), list)
		}},
		{"care/list", func(b Base) View {
			return newPrivilegesView(titled(b, b.T("nav.visiting")), privilegesFilter(b, day), visiting.Privileges{})
		}},
		{"care/form", func(b Base) View {
			p := careForm{Base: titled(b, b.T("privilege.new")), Form: privilegeForm(b, day, nil, samplePlaces(b))}
			return p.with(Button{Text: b.T("privilege.grant")}, "/privileges")
		}},
		{"care/form", func(b Base) View {
			return editPrivilegeForm(titled(b, b.T("privilege.one")), day, samplePrivilege(b), true).with(Button{Text: b.T("directory.save")}, "/privileges")
		}},
		{"device/list", func(b Base) View {
			list := visiting.Exceptions{Result: page.Result[visiting.Exception]{Rows: []visiting.Exception{sampleException(b, practitioner.ExceptionOpen), sampleException(b, practitioner.ExceptionObjected)}}, Sides: sampleSides()}
			return newExceptionsView(titled(b, b.T("nav.visiting")), "", list)
		}},
		{"device/list", func(b Base) View {
			return newExceptionsView(titled(b, b.T("nav.visiting")), practitioner.ExceptionAccepted, visiting.Exceptions{})
		}},
		{"care/form", func(b Base) View {
			return newExceptionForm(titled(b, b.T("privilege.exception.one")), day, visiting.ExceptionView{Exception: sampleException(b, practitioner.ExceptionOpen), Sign: true, Open: true}).
				with(Button{Text: b.T("privilege.sign")}, "/exceptions")
		}},
		{"care/form", func(b Base) View {
			p := newExceptionForm(titled(b, b.T("privilege.exception.one")), day, visiting.ExceptionView{Exception: sampleException(b, practitioner.ExceptionAccepted)})
			p.Buttons = []Button{{Text: b.T("dialog.back"), Href: "/exceptions"}}
			return p
		}},
	}
}

func samplePlaces(b Base) []Option {
	return []Option{{Value: sampleIDs.mountain.String(), Text: b.T("style.hospital.m1")}, {Value: sampleIDs.sea.String(), Text: b.T("style.hospital.s1")}}
}

func samplePrivilege(b Base) visiting.Privilege {
	return visiting.Privilege{Privilege: practitioner.Privilege{ID: ident.ID{21}, Hospital: sampleIDs.mountain, Kind: procedure.TKA, From: sampleDay().AddDays(-60), To: sampleDay().AddDays(30), Version: 1},
		Name: b.T("style.person.1"), HomeName: b.T("style.hospital.s1"), HospitalName: b.T("style.hospital.m1")}
}

func sampleException(b Base, state practitioner.ExceptionState) visiting.Exception {
	x := visiting.Exception{ID: ident.ID{22}, Procedure: ident.ID{7}, Hospital: sampleIDs.mountain, Kind: procedure.TKA, OperatedOn: sampleDay(), Finding: practitioner.TooLate,
		WindowFrom: sampleDay().AddDays(-90), WindowTo: sampleDay().AddDays(-1), Reason: b.T("style.q.admit.why"), State: state, Name: b.T("style.person.1"),
		HospitalName: b.T("style.hospital.m1"), CaseNo: "SH-2026-00012", Entered: b.T("style.person.1")}
	if state != practitioner.ExceptionOpen {
		x.Decider, x.Note = b.T("style.person.1"), b.T("style.q.admit.why")
	}
	return x
}
