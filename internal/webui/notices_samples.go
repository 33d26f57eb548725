package webui

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
	doubts "github.com/shanhai-health/shanhai/internal/service/plausibility"
)

// noticePages are the samples of notices, objections and doubts.
func noticePages() []PageSample {
	day := sampleDay()
	all := noticeRights{true, true, true}
	return []PageSample{
		{"notice/view", func(b Base) View { return newNoticesView(b, page.Result[public.Notice]{}, noticeRights{}) }},
		{"notice/view", func(b Base) View {
			return newNoticesView(b, page.Result[public.Notice]{Rows: []public.Notice{sampleNotice(b, notice.Draft), sampleNotice(b, notice.Published), sampleNotice(b, notice.Closed)}}, all)
		}},
		{"notice/view", func(b Base) View {
			v := public.View{Notice: sampleNotice(b, notice.Draft), Entries: sampleEntries(b), Hidden: 1, MayDiscard: true}
			v.Office = ""
			return newNoticeView(b, day, v)
		}},
		{"notice/view", func(b Base) View {
			p := newNoticeView(b, day, public.View{Notice: sampleNotice(b, notice.Draft), Entries: sampleEntries(b), MayPublish: true, MayDiscard: true})
			_ = p.refused(errs.Refuse("notice.second_person", "error.notice.own", nil, "notice.remedy.second_person"))
			return p
		}},
		{"notice/view", func(b Base) View {
			return newNoticeView(b, day, public.View{Notice: sampleNotice(b, notice.Published), MayClose: true})
		}},
		{"notice/view", func(b Base) View { return newBoardView(b, []public.Notice{sampleNotice(b, notice.Published)}) }},
		{"notice/view", func(b Base) View { b.User = nil; return newBoardView(b, nil) }},
		{"notice/view", func(b Base) View { b.User = nil; return newPostedView(b, samplePosted(b)) }},
		{"notice/print", func(b Base) View { return newNoticeSheet(b, samplePosted(b)) }},
		{"notice/view", func(b Base) View {
			b.User = nil
			v := newObjectView(b, day, samplePosted(b))
			v.Form.Fail("text", "form.error.missing")
			v.Form.Fail("no", "error.notice.line")
			return v
		}},
		{"notice/view", func(b Base) View { b.User = nil; return newTakenView(b, samplePosted(b), "7K4M2") }},
		{"notice/view", func(b Base) View { return newObjectionsView(b, page.Result[public.Objection]{}, day, true) }},
		{"notice/view", func(b Base) View {
			return newObjectionsView(b, page.Result[public.Objection]{Rows: []public.Objection{sampleObjection(b, notice.Received), sampleObjection(b, notice.Dismissed)}}, day, false)
		}},
		{"notice/view", func(b Base) View {
			v := public.ObjectionView{Objection: sampleObjection(b, notice.Received), MayAnswer: true, About: funding.Approval{ID: sampleIDs.doctor, CaseNo: "SH-2026-00419", State: fund.ApprovalApproved}}
			return newObjectionView(b, day, v)
		}},
		{"notice/view", func(b Base) View {
			return newObjectionView(b, day, public.ObjectionView{Objection: sampleObjection(b, notice.Received)})
		}},
		{"notice/view", func(b Base) View {
			return newObjectionView(b, day, public.ObjectionView{Objection: sampleObjection(b, notice.Upheld)})
		}},
		{"care/form", func(b Base) View { return newNoticeForm(b, day).with(Button{Text: b.T("notice.draw")}, "/") }},
		{"care/form", func(b Base) View {
			return noticeRulesForm(b, day, public.RulesView{Rules: notice.SampleRules(), Cell: 5, Days: 7}).with(Button{Text: b.T("care.save")}, "/")
		}},
		{"care/form", func(b Base) View {
			return newObjectForForm(b, day, []public.Notice{sampleNotice(b, notice.Published)}).with(Button{Text: b.T("notice.object.send")}, "/")
		}},
		{"care/form", func(b Base) View {
			return newObjectForForm(b, day, nil).with(Button{Text: b.T("notice.object.send")}, "/")
		}},
		{"care/form", sampleEyes},
		{"notice/view", func(b Base) View {
			return newDoubtsView(b, day, doubts.Board{Rules: plausibility.SampleRules()}, doubts.Query{State: plausibility.Open})
		}},
		{"notice/view", func(b Base) View {
			return newDoubtsView(b, day, sampleBoard(b), doubts.Query{State: plausibility.Closed, Check: plausibility.Repeat})
		}},
		{"notice/view", func(b Base) View { return newDoubtView(b, day, sampleDoubt(b, plausibility.Open)) }},
		{"notice/view", func(b Base) View { return newDoubtView(b, day, sampleDoubt(b, plausibility.Closed)) }},
		{"care/form", func(b Base) View {
			return doubtRulesForm(b, day, plausibility.SampleRules()).with(Button{Text: b.T("care.save")}, "/")
		}},
		{"care/form", func(b Base) View {
			r := plausibility.SampleRules()
			r.Sample, r.Populations, r.Source = false, map[string]int{b.T("style.place.mountain"): 1200}, b.T("plausibility.rules.source.hint")
			return doubtRulesForm(b, day, r).with(Button{Text: b.T("care.save")}, "/")
		}},
	}
}

func sampleNotice(b Base, state notice.State) public.Notice {
	n := public.Notice{Notice: notice.Notice{Title: b.T("notice.title.first", "day", b.Day(sampleDay())), From: sampleDay().AddDays(-30), To: sampleDay(), State: state, Cell: 5, Days: 7,
		Bands: notice.SampleRules().Bands, District: b.T("style.place.mountain"), Office: b.T("notice.office.hint"), LeftOut: map[notice.Why]int{notice.WhyRefused: 3}},
		ID: sampleIDs.file, Entries: 12, By: b.T("style.person.1"), CreatedAt: sampleInstant(), Version: 1}
	if state != notice.Draft {
		n.Second, n.PublishedOn, n.UntilOn = b.T("style.person.1"), sampleDay(), sampleDay().AddDays(7)
	}
	return n
}

func sampleEntries(b Base) (out []notice.Entry) {
	for i, p := range procedure.Programmes() {
		out = append(out, notice.Entry{No: i + 1, Masked: b.T("style.person.1")[:3] + "**", Programme: p, Band: i * 2})
	}
	return out
}

func samplePosted(b Base) public.Board {
	n := sampleNotice(b, notice.Published)
	return public.Board{ID: n.ID, Title: n.Title, District: n.District, Office: n.Office, On: n.Notice, Entries: sampleEntries(b)}
}

func sampleObjection(b Base, state notice.ObjectionState) public.Objection {
	o := public.Objection{Objection: notice.Objection{State: state, Channel: notice.FromPublic, Text: b.T("notice.object.text.hint"), DueOn: sampleDay().AddDays(-1)}, ID: sampleIDs.doctor,
		Notice: sampleIDs.file, No: 2, Receipt: "7K4M2", Title: b.T("notice.public"), CreatedAt: sampleInstant(), Version: 1}
	if state != notice.Received {
		o.No, o.Opinion, o.Answered, o.AnsweredAt = 0, b.T("notice.answer.hint"), b.T("style.person.1"), sampleInstant()
	}
	return o
}

// sampleEyes is an application for an eye that one person has read, beside one
// with the photo and one that is exempt.
func sampleEyes(b Base) View {
	v := sampleRequest(b)
	v.Treatment.Programme, v.Last = procedure.Cataract, funding.Approval{}
	v.Eyes = []funding.EyeView{{Eye: procedure.Right, Necessity: fund.Necessity{Missing: fund.NeedSecond, Readings: 1, People: 1}},
		{Eye: procedure.Left, Necessity: fund.Necessity{Readings: 1, People: 1, ByPhoto: true}},
		{Eye: procedure.Left, Necessity: fund.Necessity{Missing: fund.NeedReading, Exempt: true}}}
	v.Refusal = v.Eyes[0].Refusal()
	return newRequestView(b, sampleDay(), v).with(Button{Text: b.T("funding.ask.send")}, "/")
}

func sampleBoard(b Base) doubts.Board {
	board := doubts.Board{Counts: map[plausibility.Check]doubts.Count{plausibility.Repeat: {Open: 1, Confirmed: 2, Explained: 1, FalseAlarm: 1}}, Ran: true, MayJudge: true, MayEdit: true,
		Last: doubts.Run{At: sampleInstant(), Found: 8, Silent: map[plausibility.Check]plausibility.Silence{plausibility.Rate: plausibility.NoPopulation}}}
	for i, c := range plausibility.Checks() {
		a := sampleDoubt(b, plausibility.States()[i%2]).Alert
		a.Found.Check = c
		board.Rows = append(board.Rows, a)
	}
	board.Rows[1].Verdict = ""
	return board
}

func sampleDoubt(b Base, state plausibility.State) doubts.View {
	args := map[string]string{"n": "2", "day": sampleDay().String(), "surgeon": b.T("style.person.1"), "limit": "8", "unit": "M|REF|S7", "township": b.T("style.place.mountain"), "people": "1200", "rate": "31"}
	v := doubts.View{Alert: doubts.Alert{Found: plausibility.Finding{Check: plausibility.Repeat, Args: args}, ID: sampleIDs.doctor, Rule: 1, FirstSeen: sampleInstant(), LastSeen: sampleInstant(), Version: 1}}
	v.State, v.MayJudge = state, state == plausibility.Open
	for i, kind := range plausibility.Kinds() {
		e := plausibility.Evidence{Kind: kind, ID: sampleIDs.doctor, Case: sampleIDs.file, On: sampleDay(), Note: map[string]string{plausibility.OfOperation: string(procedure.TKA), plausibility.OfReading: "withdrawn"}[kind]}
		r := doubts.Row{Evidence: e, Name: b.T("style.person.1"), CaseNo: "SH-2026-00419", Hospital: b.T("style.hospital.s1")}
		if i%2 == 1 {
			r.Name, r.CaseNo, r.On = "", "", clock.Date{}
		}
		v.Rows = append(v.Rows, r)
	}
	if state == plausibility.Closed {
		v.Verdict, v.Recovery = plausibility.Confirmed, true
		said := plausibility.Judgement{Verdict: plausibility.Confirmed, Reason: b.T("plausibility.reason.hint"), Recovery: true}
		v.Verdicts = []doubts.Verdict{{Judgement: said, Digest: "1", ByName: b.T("style.person.1"), At: sampleInstant()}, {Judgement: said, ByName: b.T("style.person.1"), At: sampleInstant()}}
	}
	return v
}
