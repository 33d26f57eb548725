package webui

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/glass"
	"github.com/shanhai-health/shanhai/internal/page"
	emergency "github.com/shanhai-health/shanhai/internal/service/glass"
)

// glassPages are the samples of emergencies.
func glassPages() []PageSample {
	day := sampleDay()
	return []PageSample{
		{"notice/view", func(b Base) View { return newGlassesView(b, emergency.List{MayBreak: true}, false) }},
		{"notice/view", func(b Base) View {
			late := sampleGlass(b, "")
			late.DueAt = sampleInstant()
			rows := []emergency.Item{sampleGlass(b, "").Item, sampleGlass(b, glass.Justified).Item, sampleGlass(b, glass.Unjustified).Item, late.Item}
			return newGlassesView(b, emergency.List{Result: page.Result[emergency.Item]{Rows: rows}, Judge: true, Now: sampleInstant().Add(glass.Window)}, true)
		}},
		{"notice/view", func(b Base) View {
			v := newBreakView(b, day, []Option{{Value: "a", Text: b.T("style.hospital.s1")}, {Value: "b", Text: b.T("style.hospital.m1")}})
			v.Form.Fail("doc_number", "error.glass.nobody")
			v.Form.Fail("reason", "error.glass.reason", "n", 6)
			return v
		}},
		{"notice/view", func(b Base) View {
			v := sampleGlass(b, "")
			v.State, v.MayClose, v.Record = glass.Open, true, sampleGlassRecord(b)
			return newGlassView(b, day, v)
		}},
		{"notice/view", func(b Base) View {
			v := sampleGlass(b, "")
			v.State, v.MayJudge, v.Overdue = glass.Waiting, true, true
			return newGlassView(b, day, v)
		}},
		{"notice/view", func(b Base) View {
			v := sampleGlass(b, glass.Unjustified)
			v.State = glass.Judged
			return newGlassView(b, day, v)
		}},
	}
}

func sampleGlass(b Base, verdict glass.Verdict) emergency.View {
	at := sampleInstant()
	v := emergency.View{Item: emergency.Item{Breaking: glass.Breaking{ID: sampleIDs.doctor, Reason: b.T("style.person.1"), OpenedAt: at, UntilAt: at.Add(glass.Window), DueAt: at.Add(glass.JudgeWithin),
		Reads: 2, Verdict: verdict, Version: 1}, By: b.T("style.person.1"), HospitalName: b.T("style.hospital.s1")}}
	if verdict != "" {
		v.Opinion, v.Judge, v.JudgedAt = b.T("style.hospital.m2"), b.T("style.hospital.m2"), at.Add(glass.Window)
	}
	return v
}

func sampleGlassRecord(b Base) *glass.Record {
	on := clock.MustDate(2025, 3, 2)
	return &glass.Record{Person: glass.Who{Name: b.T("style.person.1"), Sex: "F", Birth: clock.MustDate(1958, 4, 7)},
		Cases: []glass.Case{{No: "SH-2025-00419", Programme: "joint", Opened: on, Hospital: b.T("style.hospital.s1")}},
		Stays: []glass.Stay{{State: "settled", Admitted: on, Discharged: on.AddDays(6), Hospital: b.T("style.hospital.s1")}},
		Operations: []glass.Operation{{Kind: "TKA", Side: "L", On: on, Surgeon: b.T("style.hospital.m2"), Hospital: b.T("style.hospital.s1"), Diagnoses: []string{"M17.1"},
			Parts: []glass.Part{{Role: "FEMORAL", Maker: "M-1", Catalogue: "F-1", Lot: "A"}}, Trouble: []glass.Trouble{{Type: "DISLOCATION", On: on.AddDays(30)}}}, {Kind: "THA", Side: "R"}}}
}
