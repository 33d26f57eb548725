package webui

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// reportingPages are the samples of this room: full, for a reader without lists,
// empty, refused, and a list of each kind.
func reportingPages() []PageSample {
	overview := func(rights reporting.Rights, n int) func(Base) View {
		return func(b Base) View {
			o := sampleOverview(b, rights, n)
			p := newOverviewPage(b, o, filterForm(b, sampleDay(), o.Hospitals))
			p.Brief = sampleBrief(b, rights, int64(n))
			p.Notes = []string{b.T("report.file.unit", "org", b.T("style.hospital.m1"), "partnership", o.Partnership), b.T("report.file.all")}
			return p
		}
	}
	all := reporting.Rights{Lists: true, Names: false, Export: true}
	later := func(b Base) View {
		o := sampleOverview(b, all, 3)
		p := newOverviewPage(b, o, filterForm(b, sampleDay(), o.Hospitals))
		p.Later, p.Waiting = "/overview?programme=&brief=1", waitingFor(b, measure.Filter{})
		return p
	}
	samples := []PageSample{{"overview", overview(all, 3)}, {"overview", later}, {"overview", overview(reporting.Rights{Export: true}, 3)}, {"overview", overview(all, 0)},
		{"overview", func(b Base) View {
			o := sampleOverview(b, all, 0)
			f := filterForm(b, sampleDay(), o.Hospitals)
			f.Put("from", "soon").Fail("from", "error.measure.date")
			return newOverviewPage(b, o, f)
		}}}
	for _, id := range []measure.ID{"all.patients", "joint.net_fen", "cataract.eyes"} {
		for _, n := range []int{0, 60} {
			samples = append(samples, PageSample{"figure_list", func(b Base) View { return newFigurePage(b, sampleList(b, id, n), true) }})
		}
	}
	return samples
}

// sampleBrief is a brief with a missed target, a hospital beyond the limits, and
// money in two funds; with nothing it is calm.
func sampleBrief(b Base, rights reporting.Rights, n int64) Brief {
	_, all := briefMeasures()
	board := sampleDeskBoard(b, deskPlan{input: reporting.BoardInput{Measures: all}}, rights, 12*n)
	for i := range n {
		f := reporting.FundItem{Fund: reporting.FundRecord{ID: ident.ID{byte(i)}, Name: b.T("style.place.mountain"), Kind: fund.Pool}}
		f.Balances.Available = money.Fen(265764000 * (i + 1))
		board.Funds = append(board.Funds, f)
	}
	return newBrief(b, board)
}

func sampleInstant() time.Time { return sampleDay().Start().Add(10 * time.Hour) }

func sampleHospitals(b Base) []reporting.Hospital {
	return []reporting.Hospital{{ID: ident.ID{1}, Name: b.T("style.hospital.m1"), Side: user.SideReceiving},
		{ID: ident.ID{2}, Name: b.T("style.hospital.s1"), Side: user.SideDonor}, {ID: ident.ID{3}, Name: b.T("style.hospital.m2") + b.T("style.hospital.m1")}}
}

// sampleTally is what part n of the sample counted.
func sampleTally(n int64) measure.Tally {
	fen := func(base int64) money.Fen { return money.Fen(base * n) }
	l := measure.Layers{Basic: fen(2218055), Critical: fen(341230), Assistance: fen(687320), Fund: fen(2542035), Waiver: fen(1200), Net: fen(50000)}
	l.Bill = l.Basic + l.Critical + l.Assistance + l.Fund + l.Waiver + l.Net
	return measure.Tally{Operations: 3 * n, Persons: 2*n + 1, Treatments: 3 * n, Settled: 3*n - 3*n/4, Money: l}
}

func sampleGroup(ds []measure.Definition, n int64) reporting.Group {
	t := sampleTally(n)
	g := reporting.Group{Linked: true, Layers: t.Money}
	for _, d := range ds {
		g.Values = append(g.Values, d.Read(t, sampleInstant()))
	}
	return g
}

func sampleOverview(b Base, rights reporting.Rights, n int) reporting.Overview {
	o := reporting.Overview{AsOf: sampleInstant(), Partnership: b.T("style.place.mountain"), Rights: rights, Hospitals: sampleHospitals(b)}
	for i, p := range measure.Programmes()[:3] {
		ds := measure.Of(p)
		o.Programmes = append(o.Programmes, reporting.Breakdown{Definitions: ds, Total: sampleGroup(ds, int64((i+40)*n))})
	}
	ds := measure.Of(measure.All)
	o.Table = reporting.Breakdown{Dimension: measure.ByHospital, Definitions: ds, Overlap: int64(n), Total: sampleGroup(ds, int64(n*60))}
	for i := range min(n, len(o.Hospitals)) {
		g := sampleGroup(ds, int64(i*20))
		g.Place = &o.Hospitals[i]
		o.Table.Groups = append(o.Table.Groups, g)
	}
	o.Months = reporting.Breakdown{Dimension: measure.ByMonth, Definitions: ds, Total: sampleGroup(ds, int64(n*60))}
	for i := range n * 8 {
		g := sampleGroup(ds, int64(i*7%11))
		g.Key = clock.MustDate(2024, 11, 1).AddMonths(i).String()[:7]
		o.Months.Groups = append(o.Months.Groups, g)
	}
	return o
}

func sampleList(b Base, id measure.ID, n int) reporting.List {
	d, _ := measure.ByID(id)
	visiting := true
	l := reporting.List{Definition: d, Value: d.Read(sampleTally(int64(n)), sampleInstant()), Rights: reporting.Rights{Lists: true, Export: true},
		Hospitals: sampleHospitals(b), Filter: measure.Filter{HospitalID: ident.ID{1}, Month: "2026-11", Side: measure.Donor, Category: "DB", Visiting: &visiting}}
	for i := range n {
		kind, side := "PHACO_IOL", "R"
		r := reporting.Row{CaseID: ident.ID{byte(i)}, CaseNo: "SH-2026-00" + countText(int64(100+i)), Name: b.T("style.person.1"), Programme: measure.Cataract, Kind: kind,
			Side: side, Hospital: l.Hospitals[i%3], On: sampleDay().AddDays(-i), Operations: 1, Settled: i%4 > 0, Money: sampleTally(1).Money}
		if i == 2 { // seen through the team only
			r.CaseNo, r.Name, r.Kind, r.Side = "", "", "PCI", ""
		}
		l.Rows = append(l.Rows, r)
	}
	return l
}
