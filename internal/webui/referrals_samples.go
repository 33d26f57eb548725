package webui

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

func referralPages() []PageSample {
	box := func(box care.ReferralsInput, rows ...care.Referral) func(Base) View {
		return func(b Base) View {
			list := care.ReferralList{Result: page.Result[care.Referral]{Rows: rows}, Sides: sampleSides(), Today: sampleDay()}
			return newReferralsView(titled(b, b.T("nav.referrals")), list, box)
		}
	}
	one := func(st referral.State) func(Base) View {
		return func(b Base) View {
			v := sampleReferralView(b, st)
			return newReferralView(titled(b, referralTitle(b, v.Referral)), v)
		}
	}
	return []PageSample{
		{"care/referrals", func(b Base) View {
			return box(care.ReferralsInput{Box: care.Inbox}, sampleReferral(b, referral.Sent), sampleReferral(b, referral.Accepted))(b)
		}},
		{"care/referrals", box(care.ReferralsInput{Box: care.Outbox})},
		{"care/referral", one(referral.Sent)}, {"care/referral", one(referral.Accepted)}, {"care/referral", one(referral.Done)},
		{"care/list", func(b Base) View {
			x := care.SecondItem{Case: sampleIDs.file, CaseNo: "SH-2025-00873", PersonName: b.T("style.person.1"), Wait: casefile.Wait{Need: casefile.Planned,
				Site: procedure.Knee, Side: procedure.Left, Since: sampleDay().AddDays(-120)}, FirstAt: sampleIDs.mountain, FirstAtName: b.T("style.hospital.m1"),
				FirstKind: procedure.TKA, FirstSide: procedure.Right, PlannedAt: sampleIDs.sea, PlannedAtName: b.T("style.hospital.s1"), Referral: referral.Sent}
			list := care.SecondList{Result: page.Result[care.SecondItem]{Rows: []care.SecondItem{x}}, Sides: sampleSides(), Today: sampleDay()}
			return newSecondView(titled(b, b.T("second.title")), secondFilter(b, sampleDay()), list)
		}},
		{"care/form", func(b Base) View {
			list := []care.AgreedClock{}
			for _, k := range referral.Clocks() {
				list = append(list, care.AgreedClock{Clock: k, Sample: true})
			}
			return newClockForm(titled(b, b.T("referrals.clock")), sampleDay(), list, true).with(Button{Text: b.T("care.save")}, "/referrals")
		}},
		{"care/form", func(b Base) View {
			v := care.SendView{CaseItem: sampleCaseItem(b), To: []care.Hospital{{ID: sampleIDs.sea, Name: b.T("style.hospital.s1")}}}
			return careForm{Base: titled(b, b.T("referral.send")), Form: NewForm(b, sampleDay(), referFields(v)...)}.with(Button{Text: b.T("referral.send")}, "/cases")
		}},
	}
}

// sampleReferral is an overdue referral of the second side.
func sampleReferral(b Base, st referral.State) care.Referral {
	r := care.Referral{Referral: referral.Referral{Kind: referral.Refer, State: st, From: sampleIDs.mountain, To: sampleIDs.sea, Reason: b.T("style.q.refer"),
		SentOn: sampleDay().AddDays(-9), Due: sampleDay().AddDays(-6), Letter: referral.Letter{Purpose: referral.ForSecondSide, Urgency: referral.Urgent,
			Site: procedure.Knee, Side: procedure.Left, Summary: b.T("style.m.both")}}, ID: ident.ID{8}, Case: sampleIDs.file, Home: sampleIDs.mountain,
		Giver: sampleIDs.mountain, Joiner: sampleIDs.sea, Version: 1, CaseNo: "SH-2025-00873", Programme: procedure.Joint, PersonName: b.T("style.person.1"),
		Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7), GiverName: b.T("style.hospital.m1"), JoinerName: b.T("style.hospital.s1"), AskedBy: b.T("style.person.1")}
	if st != referral.Sent {
		r.DecidedAt, r.AnsweredBy = sampleAt(), b.T("style.person.1")
		r.Open = referral.Period{From: sampleDay().AddDays(-60), To: sampleDay().AddDays(-7)}
	}
	if st == referral.Done {
		r.ClosedAt, r.Closing, r.Due = sampleAt(), b.T("style.q.refer"), clock.Date{}
	}
	return r
}

func sampleReferralView(b Base, st referral.State) care.ReferralView {
	r := sampleReferral(b, st)
	return care.ReferralView{Referral: r, Steps: r.Steps(r.To), Sides: sampleSides(), Today: sampleDay(), MayOpen: true}
}
