package webui

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	rights "github.com/shanhai-health/shanhai/internal/service/subject"
)

// subjectPages are the samples of what people ask about their data.
func subjectPages() []PageSample {
	day := sampleDay()
	return []PageSample{
		{"notice/view", func(b Base) View { return newSubjectsView(b, rights.List{MayClock: true}, true, day) }},
		{"notice/view", func(b Base) View {
			late, done := sampleSubject(b, subject.Erase, subject.Open), sampleSubject(b, subject.Access, subject.Granted)
			late.DueOn = day.AddDays(-1)
			rows := []rights.Item{late.Item, done.Item, sampleSubject(b, subject.Erase, subject.Partly).Item, sampleSubject(b, subject.Correct, subject.Refused).Item, sampleSubject(b, subject.Lift, subject.Withdrawn).Item}
			return newSubjectsView(b, rights.List{Result: page.Result[rights.Item]{Rows: rows}}, false, day)
		}},
		{"notice/view", func(b Base) View {
			p := rights.Person{Hospitals: []ident.ID{sampleID(1), sampleID(2)}, Clock: subject.DefaultClock()}
			p.Person = patient.Person{ID: sampleIDs.doctor, Name: b.T("style.person.1")}
			v := newAskView(b, day, p, []Option{{Value: sampleID(1).String(), Text: b.T("style.hospital.s1")}, {Value: sampleID(2).String(), Text: b.T("style.hospital.m1")}})
			v.Form.Fail("proof", "error.subject.proof")
			v.Form.Fail("asker", "error.subject.kin")
			return v
		}},
		{"notice/view", func(b Base) View {
			v := sampleSubject(b, subject.Erase, subject.Open)
			v.MayGrant, v.MayRefuse, v.Known = true, true, 2
			v.Keeps = []subject.Kept{{Retention: dataclass.Record, Rows: 14, Until: day.AddMonths(360)}, {Retention: dataclass.Forever, Rows: 3}}
			return newSubjectView(b, day.AddDays(90), v)
		}},
		{"notice/view", func(b Base) View {
			v := sampleSubject(b, subject.Access, subject.Granted)
			v.MayFile, v.FileUntil = true, sampleInstant().Add(7*24*time.Hour)
			return newSubjectView(b, day, v)
		}},
		{"notice/view", func(b Base) View {
			v := sampleSubject(b, subject.Erase, subject.Partly)
			v.Outcome = subject.Outcome{Gone: map[string]int{"registration": 1, "followup_slip": 2, "screening": 0}, Kept: []subject.Kept{{Retention: dataclass.Accounts, Rows: 2, Until: day}}, Done: true}
			return newSubjectView(b, day, v)
		}},
		{"notice/view", func(b Base) View {
			v := sampleSubject(b, subject.Correct, subject.Open)
			v.Field, v.Value, v.MayWithdraw, v.Whole = subject.Village, b.T("style.hospital.m1"), true, true
			v.Outcome.Before, v.Outcome.After = b.T("style.hospital.s1"), b.T("style.hospital.m1")
			return newSubjectView(b, day, v)
		}},
		{"notice/view", func(b Base) View { return newSubjectClockView(b, day, subject.DefaultClock()) }},
	}
}

func sampleSubject(b Base, kind subject.Kind, st subject.State) rights.View {
	at := sampleInstant()
	v := rights.View{Item: rights.Item{Request: subject.Request{ID: sampleIDs.doctor, Kind: kind, Asker: subject.Representative, AskerName: b.T("style.person.1"), Proof: b.T("style.hospital.m2"),
		Wish: b.T("style.hospital.s1"), ReceivedOn: sampleDay(), DueOn: sampleDay().AddDays(30), State: st, CreatedAt: at, Version: 1}, PersonName: b.T("style.person.1"), HospitalName: b.T("style.hospital.s1"),
		By: b.T("style.person.1")}, Known: 1, Clock: subject.DefaultClock()}
	if st != subject.Open && st != subject.Withdrawn {
		v.Decider, v.DecidedAt, v.Opinion = b.T("style.hospital.m2"), at, b.T("style.hospital.m2")
	}
	return v
}
