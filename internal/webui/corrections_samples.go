package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

func correctionPages() []PageSample {
	return []PageSample{
		{"care/correct", func(b Base) View {
			b = titled(b, b.T("correct.title"))
			b.Sub = b.T("correct.sub")
			return correctView{Base: b, Items: []correction{offer(b, "death", "/patients/x/death", true), offer(b, "same", "", false)}}
		}},
		{"care/deaths", func(b Base) View {
			d := care.DeathReport{ID: ident.ID{1}, Person: sampleIDs.person, On: sampleDay(), Source: string(patient.DeathFamily), State: patient.DeathReported,
				PersonName: b.T("style.person.1"), HospitalName: b.T("style.hospital.m1"), ReportedBy: b.T("style.person.1"), Open: 1, Note: "N"}
			list := care.DeathList{Result: page.Result[care.DeathReport]{Rows: []care.DeathReport{d}}, MaySettle: true, MayConfirm: map[ident.ID]bool{d.ID: true}, Today: sampleDay()}
			return newDeathsView(b, "", list)
		}},
		{"care/deaths", func(b Base) View { return newDeathsView(b, patient.DeathUndone, care.DeathList{}) }},
	}
}
