package webui

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
)

// screeningPages are the samples of outreach days.
func screeningPages() []PageSample {
	day := sampleDay()
	two := []Option{{Value: sampleIDs.mountain.String(), Text: "H1"}, {Value: sampleIDs.person.String(), Text: "H2"}}
	return []PageSample{
		{"screening/new", func(b Base) View { return newScreeningForm(b, screeningForm(b, day, two)) }},
		{"screening/new", func(b Base) View {
			f := screeningForm(b, day, two[:1]).Put("township", b.T("style.place.mountain")).Put("programme", "joint").Put("triage", string(screening.Advised)).
				Put("answer", string(screening.Declined)).Put("reason", string(screening.OtherReason))
			f.Fail("name", "error.name.required")
			f.Fail("reason_text", "error.screening.reason_text")
			return newScreeningForm(b, f)
		}},
		{"screening/view", func(b Base) View {
			list := sampleScreenings(b)
			return newScreeningView(b, outreach.View{Screening: list[0], Alike: list[1:], Register: true, Withdraw: true})
		}},
		{"screening/view", func(b Base) View { return newScreeningView(b, outreach.View{Screening: sampleScreenings(b)[1]}) }},
		{"screening/view", func(b Base) View {
			photos := []outreach.Attached{{ID: ident.ID{26}, Kind: doc.Consent, Size: 300_000, By: sampleName(b), CreatedAt: day.Start()}}
			return newScreeningView(b, outreach.View{Screening: sampleScreenings(b)[1], Photos: photos, Open: true})
		}},
		{"screening/outreach", func(b Base) View { return newOutreachView(b) }},
		{"screening/theatre", func(b Base) View { return newOutreachTheatre(b) }},
		{"screening/handover", func(b Base) View {
			var wrong errs.Fields
			wrong.Add("side", "form.error.pick")
			taken := outreach.HandedOver{Photos: 5, Answers: []outreach.Answer{{Receipt: outreach.Receipt{Outcome: outreach.Created}},
				{Receipt: outreach.Receipt{Outcome: outreach.Refused, Fields: wrong}, Record: sampleScreenings(b)[0].Record}}}
			return newHandoverView(b, handoverForm(b, day, false), &taken)
		}},
		{"screening/handover", func(b Base) View {
			f := handoverForm(b, day, false)
			f.Fail("file", "error.outreach.sealed")
			return newHandoverView(b, f, nil)
		}},
		{"screening/handover", func(b Base) View {
			return newOutboxesView(b, handoverForm(b, day, true), sampleOutboxes(b))
		}},
		{"screening/handover", func(b Base) View { return newOutboxesView(b, handoverForm(b, day, true), nil) }},
		{"screening/handover", func(b Base) View { return newOutboxView(b, day, sampleOutboxes(b)[0], nil) }},
		{"screening/handover", func(b Base) View {
			v := newOutboxView(b, day, sampleOutboxes(b)[0], nil)
			v.waits(true)
			return v
		}},
		{"screening/handover", func(b Base) View { return newOutboxView(b, day, sampleOutboxes(b)[1], &outreach.HandedOver{}) }},
		{"screening/view", func(b Base) View { return newScreeningView(b, outreach.View{Screening: sampleScreenings(b)[2]}) }},
		{"care/list", func(b Base) View {
			list := outreach.List{Result: page.Result[outreach.Screening]{Rows: sampleScreenings(b)}, Day: day, Count: outreach.Count{All: 3, Advised: 2, Declined: 1, Registered: 1}}
			return newScreeningsView(b, screeningFilter(b, day, two, nil), list, screeningRights{true, true, true})
		}},
		{"care/list", func(b Base) View {
			return newScreeningsView(b, screeningFilter(b, day, nil, nil), outreach.List{Day: day}, screeningRights{})
		}},
		{"intake/register", func(b Base) View {
			f := registerForm(b, day, deskFacts{mayOpen: true})
			carryNumbers(f, sampleScreenings(b)[0])
			putScreening(f, sampleScreenings(b)[0])
			f.Hide("screening", ident.ID{21}.String())
			return newRegisterView(b, f, intake.Warning{Suspects: []intake.Suspect{{PersonRow: samplePeople()[0]}}}, true)
		}},
	}
}

func sampleOutboxes(b Base) []outreach.Recovery {
	asked := outreach.Recovery{ID: ident.ID{27}, AccountName: sampleName(b), Forms: 20, Photos: 5, Reason: "R", AskedAt: sampleDay().Start(), AskedBy: sampleName(b), Version: 1}
	done := asked
	done.DoneAt, done.DoneBy, done.Added, done.Repeated = sampleDay().Start(), sampleName(b), 18, 2
	return []outreach.Recovery{asked, done}
}

func sampleScreenings(b Base) []outreach.Screening {
	pain := 7
	base := outreach.Screening{ID: ident.ID{21}, Hospital: sampleIDs.mountain, HospitalName: b.T("style.hospital.m1"), DocLast4: "002X", PhoneLast4: "3406", Alike: 1, By: sampleName(b),
		CreatedAt: sampleDay().Start(), Version: 1, Record: screening.Record{On: sampleDay(), Place: screening.Place{Township: b.T("style.place.mountain"), Village: "V"}, Name: sampleName(b),
			Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), DocKind: patient.DocCitizen, Programme: procedure.Joint,
			Finding: screening.Finding{Joint: &screening.Joint{Site: procedure.Knee, Side: "B", Pain: &pain, Walking: "AID"}}, Triage: screening.Advised, Answer: screening.Willing,
			LegalBasis: patient.BasisStatutory}}
	eyes, heart := base, base
	eyes.ID, eyes.Programme, eyes.Finding = ident.ID{22}, procedure.Cataract, screening.Finding{Eyes: &screening.Eyes{Right: &screening.Eye{Value: "L1.00", Raw: "0.1"},
		Left: &screening.Eye{Value: string(acuity.HandMotion), Raw: "HM"}}}
	eyes.Answer, eyes.Reason, eyes.ReasonText, eyes.Note, eyes.LegalBasis, eyes.ConsentNote, eyes.Guardian = screening.Declined, screening.OtherReason, "R", "N", patient.BasisConsent, "C", "G"
	eyes.DocLast4, eyes.DocKind, eyes.PhoneLast4, eyes.Alike, eyes.BirthEstimated = "", patient.DocNone, "", 0, true
	heart.ID, heart.Programme, heart.Triage, heart.Answer = ident.ID{23}, procedure.Coronary, screening.Further, ""
	heart.Finding = screening.Finding{Heart: &screening.Heart{ChestPain: "CCS2", Systolic: 150, Diastolic: 90}}
	heart.Person, heart.Registration, heart.Case, heart.CaseNo, heart.ConvertedAt = sampleIDs.person, ident.ID{24}, ident.ID{25}, "SH-2026-00873", sampleDay().Start()
	return []outreach.Screening{base, eyes, heart}
}
