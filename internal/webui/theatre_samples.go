package webui

import (
	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// theatrePages are the samples of the pages for one hand.
func theatrePages() []PageSample {
	record := func(p procedure.Programme, kind procedure.Kind, side procedure.Side) func(Base) View {
		return func(b Base) View {
			v := care.OperationForm{Treatment: sampleTreatment(b)}
			v.Programme, v.Planned.Kind, v.Planned.Side = p, kind, side
			v.Before = &procedure.Procedure{Kind: kind, Anaesthesia: procedure.AnaesthesiaFor(p)[:1]}
			f := operationForm(b, sampleDay(), v)
			putTheatre(f, v, sampleDay())
			return newTheatreView(b, f, v, sampleDay())
		}
	}
	return []PageSample{
		{"care/theatre", record(procedure.Joint, procedure.TKA, procedure.Left)},
		{"care/theatre", record(procedure.Cataract, "", "")},
		{"care/theatre", record(procedure.Coronary, procedure.PCI, "")},
		{"care/theatre", func(b Base) View {
			v := care.OperationForm{Treatment: sampleTreatment(b)}
			v.Programme = procedure.Joint
			f := operationForm(b, sampleDay(), v)
			f.Fail("side", "error.procedure.side_missing")
			return newTheatreView(b, f, v, sampleDay()).asked(true)
		}},
		{"care/photos", func(b Base) View {
			return newPhotosView(b, photoForm(b, sampleDay()), care.OperationView{Operation: sampleOperation(b)}, sampleDay(), nil)
		}},
		{"care/photos", func(b Base) View {
			photos := []intake.Attachment{{ID: ident.ID{26}, Kind: doc.Sticker, Size: 300_000, CreatedAt: sampleAt()}}
			return newPhotosView(b, photoForm(b, sampleDay()), care.OperationView{Operation: sampleOperation(b)}, sampleDay(), photos)
		}},
	}
}
