package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// measurePages are the samples of the measures: a group with figures, one
// without cases, one measure with its parts, and each part of its list.
func measurePages() []PageSample {
	all := reporting.Rights{Lists: true, Export: true}
	desk := func(g measure.Group, n int64) func(Base) View {
		return func(b Base) View {
			d := reporting.Desk{Group: g, At: sampleMoment(), Rights: all, Hospitals: sampleHospitals(b)}
			for i, m := range measure.InGroup(g) {
				d.Readings = append(d.Readings, sampleReading(m, n*int64(i%4)))
			}
			p := newMeasureDeskPage(b, d, filterForm(b, sampleDay(), d.Hospitals), n == 0)
			p.Notes = []string{b.T("report.file.all")}
			return p
		}
	}
	samples := []PageSample{{"measure/desk", func(b Base) View {
		f := filterForm(b, sampleDay(), nil)
		f.Put("from", "soon").Fail("from", "error.measure.date")
		return newMeasureDeskPage(b, reporting.Desk{Group: measure.Access}, f, false)
	}}, {"measure/desk", func(b Base) View {
		return newMeasureDeskPage(b, reporting.Desk{Group: measure.JointCare, At: sampleMoment()}, filterForm(b, sampleDay(), nil), false)
	}}}
	for _, g := range measure.Groups() {
		samples = append(samples, PageSample{"measure/desk", desk(g, 12)}, PageSample{"measure/desk", desk(g, 0)})
	}
	for _, id := range []measure.ID{"joint.death_30", "joint.revision_rate", "money.by_fund", "access.decline_reasons", "money.net_median", "joint.patients", "visiting.days"} {
		samples = append(samples, PageSample{"measure/detail", func(b Base) View { return sampleMeasureDetail(b, id) }})
		if d, _ := measure.ByID(id); !d.Tallied() {
			for _, p := range measure.Parts() {
				samples = append(samples, PageSample{"measure/units", func(b Base) View { return sampleMeasureUnits(b, id, p) }})
			}
		}
	}
	return samples
}

func sampleMoment() measure.Moment { return measure.Moment{AsOf: sampleInstant(), Lock: sampleDay()} }

// sampleReading is a reading of n events and more units.
func sampleReading(d measure.Definition, n int64) measure.Reading {
	if d.Tallied() {
		return d.FromTally(sampleTally(n), sampleMoment())
	}
	s := measure.Sample{Population: 1200}
	if n > 0 {
		for i := range n {
			s.Add(d, measure.Fact{Known: true, Hit: i%4 == 0, Value: 300 + 13*i}, 1, 300+13*i)
		}
		s.Add(d, measure.Fact{Known: true, Value: 900}, 3*n, 2700*n)
		s.Add(d, measure.Fact{}, n/3, 0)
	}
	for i, r := range d.Exclusions {
		s.Add(d, measure.Fact{Excluded: r}, int64(i+2), 0)
	}
	return d.From(s, sampleMoment())
}

func sampleMeasureDetail(b Base, id measure.ID) View {
	m, _ := measure.ByID(id)
	d := reporting.Detail{Definition: m, Reading: sampleReading(m, 40), By: measure.ByHospital, Desk: reporting.Desk{Group: m.Group, At: sampleMoment(),
		Rights: reporting.Rights{Lists: true, Export: true}, Hospitals: sampleHospitals(b)}}
	for i := range d.Hospitals {
		d.Parts = append(d.Parts, reporting.Piece{Place: &d.Hospitals[i], Linked: i > 0, Reading: sampleReading(m, int64(9*i))})
	}
	for _, key := range []string{"2026-09", "2026-10", "2026-11"} {
		d.Months = append(d.Months, reporting.Piece{Key: key, Linked: true, Filter: measure.Filter{Month: key}, Reading: sampleReading(m, int64(len(d.Months)*5))})
	}
	if m.Classes != "" {
		for _, class := range []string{"cost", "family", ""} {
			d.Classes = append(d.Classes, reporting.Piece{Class: class, Linked: true, Reading: sampleReading(m, 4)})
		}
	}
	return newMeasureDetailPage(b, d, filterForm(b, sampleDay(), d.Hospitals), false)
}

func sampleMeasureUnits(b Base, id measure.ID, part measure.Part) View {
	m, _ := measure.ByID(id)
	visiting := true
	u := reporting.Units{Definition: m, Reading: sampleReading(m, 40), Part: part, Desk: reporting.Desk{Group: m.Group, At: sampleMoment(),
		Rights: reporting.Rights{Lists: true, Export: true}, Hospitals: sampleHospitals(b), Filter: measure.Filter{HospitalID: ident.ID{1}, Visiting: &visiting}}}
	for i := range 12 {
		x := reporting.Unit{ID: ident.ID{byte(i)}, CaseID: ident.ID{byte(i)}, CaseNo: "SH-2026-00" + countText(int64(100+i)), Name: b.T("style.person.1"), Programme: measure.Joint, Kind: "TKA", Side: "L",
			Hospital: u.Hospitals[i%3], On: sampleDay().AddDays(-i), Fact: measure.Fact{Known: part != measure.Unknown, Hit: i%3 == 0 && part != measure.Unknown, Value: int64(100 * i), Class: "cost"}}
		if part == measure.Left {
			x.Fact.Excluded = measure.TooRecent
		}
		if i == 2 {
			x.CaseNo, x.Name, x.Kind, x.Side = "", "", "", ""
		}
		u.Rows = append(u.Rows, x)
	}
	return newMeasureUnitsPage(b, u, true, map[bool]string{true: "own=1"}[part == measure.Left])
}
