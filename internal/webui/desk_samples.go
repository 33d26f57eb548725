package webui

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// deskPages are the samples of the desk: each page full, with one case, empty,
// with a wrong filter, and for a reader without lists and files.
func deskPages() []PageSample {
	all := reporting.Rights{Lists: true, Export: true}
	var samples []PageSample
	for _, plan := range []deskPlan{programmeBoard(measure.Joint), programmeBoard(measure.Cataract), programmeBoard(measure.Coronary), hospitalBoard(ident.ID{1}), comparisonBoard(), flowsBoard(),
		surgeonBoard("/desk/surgeon", "own")} {
		for _, n := range []int64{0, 1, 40} {
			samples = append(samples, PageSample{"desk/board", func(b Base) View { return sampleBoardPage(b, plan, all, n) }})
		}
		samples = append(samples, PageSample{"desk/board", func(b Base) View { return sampleBoardPage(b, plan, reporting.Rights{}, 40) }})
	}
	return append(samples, PageSample{"desk/board", func(b Base) View {
		f := filterForm(b, sampleDay(), nil)
		f.Put("from", "soon").Fail("from", "error.measure.date")
		return newBoardPage(b, flowsBoard(), reporting.Board{}, f)
	}}, PageSample{"desk/board", func(b Base) View { return sampleSurgeons(b, 3) }}, PageSample{"desk/board", func(b Base) View { return sampleSurgeons(b, 0) }},
		PageSample{"desk/references", func(b Base) View { return newReferencesPage(b, nil, nil) }},
		PageSample{"desk/references", func(b Base) View {
			f := referenceForm(b, sampleDay())
			f.Fail("value", "error.reference.value")
			return newReferencesPage(b, sampleReferences(b), f)
		}})
}

func sampleSurgeons(b Base, n int) View {
	s := reporting.Surgeons{Hospital: sampleHospitals(b)[0], Desk: reporting.Desk{At: sampleMoment(), Hospitals: sampleHospitals(b), Rights: reporting.Rights{Lists: true, Export: true}}}
	for i := range n {
		s.List = append(s.List, reporting.HospitalDoctor{ID: ident.ID{byte(i + 1)}, Name: b.T("style.person.1"), Home: b.T("style.hospital.s1"), Visitor: i == 1, Cases: int64(40 - i), Last: sampleDay()})
	}
	return newSurgeonsPage(b, s, filterForm(b, sampleDay(), s.Hospitals, measure.ByHospital))
}

func sampleReferences(b Base) []reporting.Reference {
	day := clock.MustDate(2026, 1, 1)
	return []reporting.Reference{{ID: ident.ID{1}, By: b.T("style.person.1"), Reference: measure.Reference{Kind: measure.TargetOf, Key: "followup.seen", Value: 8500, From: day, Source: "2026", Sample: true}},
		{ID: ident.ID{2}, Reference: measure.Reference{Kind: measure.ElderlyOf, Key: b.T("style.place.mountain"), Value: 2450, From: day, Source: "2026"}}}
}

// sampleBoardPage is a page of a board with n units a measure.
func sampleBoardPage(b Base, plan deskPlan, r reporting.Rights, n int64) View {
	board := sampleDeskBoard(b, plan, r, n)
	p := newBoardPage(b, plan, board, filterForm(b, sampleDay(), board.Hospitals, plan.fixed...))
	p.Nav = []Tab{{Text: b.T("board.tab.overview"), Href: "/overview"}, {Text: b.T("board.tab.flows"), Href: "/desk/flows", Current: true}}
	p.Notes = []string{b.T("report.file.all")}
	return p
}

func sampleDeskBoard(b Base, plan deskPlan, r reporting.Rights, n int64) reporting.Board {
	board := reporting.Board{By: plan.input.By, Desk: reporting.Desk{At: sampleMoment(), Rights: r, Hospitals: sampleHospitals(b), Filter: plan.input.Filter},
		Crossings: map[measure.ID][]reporting.Crossing{}, Sequences: map[measure.ID]reporting.Sequence{}}
	if board.By == "" {
		board.By = measure.ByHospital
	}
	board.Hospital = &board.Hospitals[0]
	board.Surgeon = reporting.Surgeon{Name: b.T("style.person.1")}
	for _, x := range sampleReferences(b) {
		board.References = append(board.References, x.Reference)
	}
	for _, id := range plan.input.Measures {
		board.Details = append(board.Details, sampleBoardDetail(board, id, n))
	}
	if n == 0 {
		return board
	}
	for i := range n {
		board.Days = append(board.Days, reporting.DayCount{On: sampleDay().AddDays(-int(i) * 9), N: 1 + i%4})
	}
	town := b.T("style.place.mountain")
	for i, h := range board.Hospitals {
		at := int64(i + 1)
		board.Crossings["money.by_fund"] = append(board.Crossings["money.by_fund"], reporting.Crossing{Class: town, Hospital: h.ID.String(), N: at, Sum: 12345600 * at})
		board.Crossings["access.townships"] = append(board.Crossings["access.townships"], reporting.Crossing{Class: town, Hospital: h.ID.String(), N: at * n})
		board.Crossings["access.referral_to"] = append(board.Crossings["access.referral_to"], reporting.Crossing{Class: board.Hospitals[1].Name, Hospital: h.ID.String(), N: at})
		board.Crossings["visiting.from"] = append(board.Crossings["visiting.from"], reporting.Crossing{Class: board.Hospitals[1].Name, Hospital: board.Hospitals[0].ID.String(), N: at})
	}
	for i := range n {
		early, late := 60+i%7, 82+i%11
		pair := reporting.ScorePair{CaseNo: "SH-2026-" + countText(i), Side: "L", Early: &early, Late: &late}
		if i%5 == 4 {
			pair.Late = nil
		}
		board.Scores = append(board.Scores, pair)
	}
	for _, id := range plan.input.Sequences {
		board.Sequences[id] = sampleSequence(n)
	}
	return board
}

func sampleSequence(n int64) reporting.Sequence {
	s := reporting.Sequence{Risk: 0.05, Target: true}
	for i := range n {
		s.Cases = append(s.Cases, statistics.Case{Risk: s.Risk, Event: i%6 == 5})
		s.Days = append(s.Days, sampleDay().AddDays(int(i)-100).String())
	}
	s.Worse, s.Better = statistics.SimulatedLimit{H: statistics.Of(1.6), ARL: 120}, statistics.SimulatedLimit{H: statistics.Of(0.9), ARL: 120}
	s.Watch, _ = statistics.Monitor(s.Cases, statistics.Cusum{Odds: 2, Limit: 1.6}, statistics.Cusum{Odds: 0.5, Limit: 0.9}) // risks of 5 % are in range
	return s
}

func sampleBoardDetail(board reporting.Board, id measure.ID, n int64) reporting.Detail {
	m, _ := measure.ByID(id)
	d := reporting.Detail{Definition: m, Reading: sampleReading(m, n), By: board.By, Desk: board.Desk}
	if n == 0 {
		return d
	}
	if board.By == measure.ByHospital {
		for i := range board.Hospitals {
			d.Parts = append(d.Parts, reporting.Piece{Key: board.Hospitals[i].ID.String(), Place: &board.Hospitals[i], Linked: true, Filter: measure.Filter{HospitalID: board.Hospitals[i].ID}, Reading: sampleReading(m, n-int64(i))})
		}
	} else {
		d.Parts = []reporting.Piece{{Key: "visiting", Linked: true, Reading: sampleReading(m, n)}, {Key: "local", Linked: true, Reading: sampleReading(m, n)}}
	}
	for i := range 8 {
		key := clock.MustDate(2026, 3, 1).AddMonths(i).String()[:7]
		d.Months = append(d.Months, reporting.Piece{Key: key, Linked: true, Filter: measure.Filter{Month: key}, Reading: sampleReading(m, n+int64(i))})
	}
	if m.Classes != "" {
		d.Classes = []reporting.Piece{{Class: "x", Linked: true, Reading: sampleReading(m, n)}, {Class: "", Linked: true, Reading: sampleReading(m, 2)}}
	}
	if m.Kind == measure.Survival {
		var s measure.Sample
		for i := range n {
			s.Add(m, measure.Fact{Known: true, Hit: i%9 == 0, Value: 40 + 11*i}, 1, 40+11*i)
		}
		d.Curve = m.Curve(s)
		for i := range d.Parts {
			d.Parts[i].Curve = d.Curve
		}
	}
	return d
}
