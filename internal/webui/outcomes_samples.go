package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// outcomePages are the samples of the sheets, acuity and complications.
func outcomePages() []PageSample {
	day := sampleDay()
	sheet := func(k procedure.Kind, r registry.Record) func(b Base) View {
		return func(b Base) View {
			v := care.OperationView{Operation: sampleOperation(b), Edit: true}
			v.Kind, v.Programme, v.Site, v.Record = k, k.Programme(), k.Site(), r
			if k.Programme() == procedure.Coronary {
				v.JointPart, v.HeartPart = nil, &procedure.HeartPart{Syndrome: "STEMI"}
			}
			return newSheetView(titled(b, b.T(k.Form().Label())), v)
		}
	}
	return []PageSample{
		{"care/sheet", sheet(procedure.TKA, registry.Record{})},
		{"care/sheet", sheet(procedure.HipRevision, registry.Record{Values: registry.Answers{"reason_status": {registry.ReasonProvisional}, "vte_chemical": {"LMWH"}}})},
		{"care/sheet", sheet(procedure.PhacoIOL, registry.Record{Values: registry.Answers{"biometry_device": {"OPTICAL"}, "axial_length_mm": {"23.41"}}})},
		{"care/sheet", sheet(procedure.CAGPCI, registry.Record{Values: registry.Answers{"door_at": {"2026-01-14T08:10:00+08:00"}}, Lesions: []registry.Answers{{"segment": {"6"}, "timi_before": {"0"}}}})},
		{"care/operation", func(b Base) View {
			return newOperationView(titled(b, operationName(b, sampleOperation(b))), sampleEye(b), day)
		}},
		{"care/operation", func(b Base) View {
			return newOperationView(titled(b, operationName(b, sampleOperation(b))), sampleHeart(b), day)
		}},
		{"care/acuity", func(b Base) View { return newAcuityView(titled(b, b.T("acuity.list")), sampleReadings(b)) }},
		{"care/acuity", func(b Base) View {
			v := sampleReadings(b)
			v.Readings, v.Record = nil, false
			return newAcuityView(titled(b, b.T("acuity.list")), v)
		}},
		{"care/form", func(b Base) View {
			v := sampleHeart(b)
			p := careForm{Base: titled(b, b.T("complication.new")), Form: complicationForm(b, day, v, care.Complication{}), Facts: operationFacts(b, v, day)}
			return p.with(Button{Text: b.T("directory.save")}, "/operations")
		}},
	}
}

func sampleReadings(b Base) care.ReadingsView {
	op := sampleDay().AddDays(-40)
	at := func(days int, v acuity.Value, c acuity.Correction) care.Reading {
		return care.Reading{ID: ident.ID{3}, Side: procedure.Right, On: op.AddDays(days), Value: v, Correction: c, By: b.T("style.person.1")}
	}
	v := care.ReadingsView{CaseItem: sampleCaseItem(b), Record: true, Today: sampleDay(), Operations: []procedure.Recorded{{ID: ident.ID{7}, Kind: procedure.PhacoIOL, Side: procedure.Right, OperatedOn: op}},
		Readings: []care.Reading{at(-3, acuity.HandMotion, acuity.Presenting), at(-3, "L0.30", acuity.Best), at(1, "L0.40", acuity.Presenting), at(35, "L0.48", acuity.Presenting), at(35, "L0.60", acuity.Best)}}
	v.Programme = procedure.Cataract
	return v
}

func sampleEye(b Base) care.OperationView {
	v := care.OperationView{Operation: sampleOperation(b), Sides: sampleSides(), Edit: true, Observe: true, Readings: sampleReadings(b).Readings, Chain: sampleReadings(b).Operations}
	v.Programme, v.Kind, v.Site, v.JointPart = procedure.Cataract, procedure.PhacoIOL, procedure.Eye, nil
	v.EyePart = &procedure.EyePart{Before: acuity.HandMotion, After: "L0.40"}
	return v
}

func sampleHeart(b Base) care.OperationView {
	v := care.OperationView{Operation: sampleOperation(b), Sides: sampleSides(), Edit: true, Observe: true, Deceased: sampleDay()}
	v.Programme, v.Kind, v.Site, v.Side, v.JointPart = procedure.Coronary, procedure.CAGPCI, procedure.CoronaryVessels, "", nil
	v.HeartPart = &procedure.HeartPart{Syndrome: "STEMI", Access: "RADIAL_R", Stents: 1, DrugEluting: true}
	v.Record = registry.Record{Values: registry.Answers{"door_at": {"2026-01-14T08:10:00+08:00"}, "wire_at": {"2026-01-14T09:15:00+08:00"}, "air_kerma_mgy": {"5200"}},
		Lesions: []registry.Answers{{"segment": {"6"}, "timi_before": {"0"}, "timi_after": {"3"}, "stenosis_after": {"10"}}}}
	v.Complications = []care.Complication{{ID: ident.ID{5}, Contact: ident.ID{9}, By: b.T("style.person.1"), Complication: complication.Complication{Type: complication.StentThrombosis, Onset: v.OperatedOn.AddDays(9), Grade: "DEFINITE",
		Related: complication.RelatedYes, Outcome: "RESOLVED"}}}
	return v
}
