package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// maker turns the plan into records.
type maker struct {
	rng   *rand.Rand
	today clock.Date
	bulk  store.Bulk
	seen  map[ident.ID][]ident.ID // hospitals of each person
	files []*file
	stays []*record
	runs  []*batch

	people, registrations, made int

	purses map[ident.ID]*purse // by fund
	gifts  []store.FundDeposit
	drawn  []store.MadeDraw
}

// file is one case being made.
type file struct {
	story   story
	person  patient.Person
	item    store.CaseItem
	hospits []ident.ID
	stays   []*record
	done    []procedure.Recorded
}

// record is one treatment being made, with what belongs to it.
type record struct {
	plan       stay
	file       *file
	t          store.Treatment
	operated   clock.Date // the day of the operation, done or planned
	bill       parts
	approval   *store.BulkApproval
	settlement *store.BulkSettlement
}

func newMaker(rng *rand.Rand, today clock.Date) *maker {
	return &maker{rng: rng, today: today, seen: map[ident.ID][]ident.ID{}}
}

// id is a stable id of the n-th object of a kind.
func (m *maker) id(kind string, n int) ident.ID { return id(fmt.Sprintf("%s/%d", kind, n)) }

// next is a stable id for what has no number of its own.
func (m *maker) next() ident.ID { m.made++; return m.id("row", m.made) }

// make builds the whole set: people and cases, then the money over all
// treatments, then the steps each took.
func (m *maker) make() error {
	for n, s := range m.stories() {
		m.open(n+1, s)
	}
	m.divide()
	for _, r := range m.stays {
		if err := m.walk(r); err != nil {
			return err
		}
	}
	if err := m.ledger(); err != nil {
		return err
	}
	m.collect()
	return nil
}

// at is ten in the morning of a day.
func at(d clock.Date) time.Time { return d.Start().Add(10 * time.Hour).UTC() }

// open makes person, registrations, case and empty treatments of a story.
func (m *maker) open(n int, s story) {
	days := m.days(s)
	first := days[0].AddDays(-21)
	if s.stays[0].ago > 0 && len(s.stays[0].ops) > 0 && !done(s.stays[0].until) {
		first = m.today.AddDays(-s.stays[0].ago)
	}
	x, doc := m.person(s.programme, first)
	f := &file{story: s, person: x}
	home := byCode(s.stays[0].hospital)
	f.item = store.CaseItem{Case: casefile.Case{ID: m.id("case", n), Person: x.ID, Programme: s.programme, Home: home.id(), OpenedOn: first},
		Diagnosis: diagnosisText(s.stays[0].ops[0]), OpenedBy: accountID("registrar-" + home.code), OpenedAt: at(first)}
	benefit := m.category(x, first)
	f.item.Category = string(benefit.Category)
	for i, plan := range s.stays {
		m.register(f, plan, doc, days[i])
		m.stay(f, plan, days[i], benefit.Category)
	}
	if s.second != nil {
		f.item.Second = &casefile.SecondSide{Site: s.second.kind.Site(), Side: s.second.side, Hospital: home.id(), From: m.today.AddDays(-10)}
	}
	m.bulk.Persons = append(m.bulk.Persons, store.BulkPerson{Person: x, SeenBy: f.hospits, Made: store.Made{At: at(first), By: f.item.OpenedBy}})
	m.bulk.Documents = append(m.bulk.Documents, store.BulkDocument{Document: doc, SeenBy: f.hospits, Made: store.Made{At: at(first), By: f.item.OpenedBy}})
	m.bulk.Categories = append(m.bulk.Categories, store.BulkCategory{Beneficiary: benefit, SeenBy: f.hospits, Made: store.Made{At: at(first), By: f.item.OpenedBy}})
	m.files = append(m.files, f)
}

func done(s treatment.State) bool {
	return slices.Contains([]treatment.State{treatment.Operated, treatment.Discharged, treatment.Settled, treatment.Closed}, s)
}

// days are the operation days of a story's stays.
func (m *maker) days(s story) []clock.Date {
	total := 0
	for _, p := range s.stays {
		total += p.after
	}
	d := firstDay().AddDays(m.rng.IntN(lastDay().DaysSince(firstDay()) - total))
	if ago := s.stays[0].ago; ago > 0 {
		d = m.today.AddDays(-ago)
		if !done(s.stays[0].until) {
			d = m.today.AddDays(12) // still to come
		}
	}
	var out []clock.Date
	for _, p := range s.stays {
		d = d.AddDays(p.after)
		out = append(out, d)
	}
	return out
}

func (m *maker) register(f *file, plan stay, doc patient.Document, operated clock.Date) {
	h := byCode(plan.hospital)
	if slices.Contains(f.hospits, h.id()) {
		return
	}
	f.hospits = append(f.hospits, h.id())
	on := f.item.OpenedOn
	if len(f.hospits) > 1 {
		on = operated.AddDays(-25)
	}
	m.bulk.Registrations = append(m.bulk.Registrations, store.BulkRegistration{
		Source: store.Source{Person: f.person, Registration: m.registration(f.person, h.id(), on), Documents: []patient.Document{doc}},
		Made:   store.Made{At: at(on), By: accountID("registrar-" + h.code)}})
}

func (m *maker) stay(f *file, plan stay, operated clock.Date, category terminology.Category) {
	h := byCode(plan.hospital)
	m.made++
	r := &record{plan: plan, file: f, operated: operated}
	begun := operated.AddDays(-21)
	if plan.ago > 0 && !done(plan.until) {
		begun = m.today.AddDays(-plan.ago)
	}
	r.t = store.Treatment{ID: m.id("treatment", len(m.stays)+1), Case: f.item.ID, Person: f.person.ID, Programme: f.item.Programme, Hospital: h.id(),
		Home: f.item.Home, Place: treatment.Place{Path: treatment.Normal}, Plan: planText(plan.ops), PlannedOn: operated, Category: category,
		CreatedAt: at(begun), CreatedBy: accountID("registrar-" + h.code), Version: 1}
	f.stays = append(f.stays, r)
	m.stays = append(m.stays, r)
}

// number gives every case its number, by the year it was opened.
func (m *maker) number(tx *store.Tx) error {
	years := map[int][]*store.BulkCase{}
	for i := range m.bulk.Cases {
		c := &m.bulk.Cases[i]
		years[c.OpenedOn.Year()] = append(years[c.OpenedOn.Year()], c)
	}
	for year, list := range years {
		slices.SortStableFunc(list, func(a, b *store.BulkCase) int { return a.OpenedOn.Compare(b.OpenedOn) })
		numbers, err := tx.CaseNumbers(year, len(list))
		if err != nil {
			return err
		}
		for i, c := range list {
			c.No = numbers[i]
		}
	}
	return nil
}

// collect puts the finished records into the set, with the state of each case
// as it follows from its treatments.
func (m *maker) collect() {
	for _, f := range m.files {
		var states []treatment.State
		last := f.item.OpenedOn
		for _, r := range f.stays {
			states = append(states, r.t.Place.State)
			if last.Before(r.operated) {
				last = r.operated
			}
		}
		// A case is closed a year after its last operation, when nothing is planned.
		if end := last.AddDays(400); f.item.Second == nil && !end.After(m.today) {
			if c, err := casefile.Close(f.item.Case, casefile.Completed, end, states); err == nil {
				f.item.Case = c
			}
		}
		f.item.State = casefile.Derive(f.item.Case, states)
		m.bulk.Cases = append(m.bulk.Cases, store.BulkCase{CaseItem: f.item, SeenBy: f.hospits})
	}
	for _, r := range m.stays {
		x := store.BulkTreatment{Treatment: r.t}
		if r.approval != nil && slices.ContainsFunc(r.approval.Lines, func(l store.ApprovalLine) bool { return l.Hold != "" }) {
			x.Funds = []ident.ID{fundID(string(r.t.Programme))}
			m.bulk.Approvals = append(m.bulk.Approvals, *r.approval)
		} else if r.approval != nil {
			m.bulk.Approvals = append(m.bulk.Approvals, *r.approval)
		}
		if r.settlement != nil {
			m.bulk.Settlements = append(m.bulk.Settlements, *r.settlement)
		}
		m.bulk.Treatments = append(m.bulk.Treatments, x)
	}
}
