package demo

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/store"
)

// What became of the patients from before the programme followed them by
// appointment: most were asked once or twice, a few died, a few had something
// that went wrong. Chance takes no part, so the other figures stay as they are.

// deaths marks some of the earliest patients as dead within a year or two of
// their last operation.
func (m *maker) deaths() {
	n := 0
	for i, f := range m.files {
		last := f.stays[len(f.stays)-1]
		if i%37 != 9 || f.item.Second != nil || last.t.OperatedOn.IsZero() || last.operated.After(m.today.AddDays(-followedDays-400)) {
			continue
		}
		days := []int{340, 22, 480, 71, 610}[n%5]
		n++
		at := slices.IndexFunc(m.bulk.Persons, func(p store.BulkPerson) bool { return p.ID == f.person.ID })
		m.bulk.Persons[at].DeceasedOn = last.operated.AddDays(days)
		f.person.DeceasedOn = last.operated.AddDays(days)
	}
}

// asked notes what earlier patients told when they were asked.
func (m *maker) asked(tx *store.Tx) error {
	died := map[string]store.BulkPerson{}
	for _, p := range m.bulk.Persons {
		if !p.DeceasedOn.IsZero() {
			died[p.ID.String()] = p
		}
	}
	f := &followed{m: m, tx: tx}
	for i, o := range m.bulk.Operations {
		if !o.OperatedOn.Before(m.today.AddDays(-followedDays)) || i%7 == 3 { // every seventh was not found
			continue
		}
		for n, days := range map[procedure.Programme][]int{procedure.Joint: {92, 371}, procedure.Cataract: {95}, procedure.Coronary: {371}}[o.Programme] {
			if days < 100 && o.Programme == procedure.Joint && i%3 > 0 { // few were asked twice
				continue
			}
			on := o.OperatedOn.AddDays(days + i%5)
			if p, dead := died[o.Of.Person.String()]; dead && on.After(p.DeceasedOn) {
				continue
			}
			x := store.FollowUp{Procedure: o.ID, Hospital: o.Of.Home, Programme: o.Programme, Site: o.Site, OperatedOn: o.OperatedOn}
			x.Due = o.OperatedOn.AddDays(days)
			c := followup.Contact{On: on, Evidence: []followup.Evidence{followup.Phone, followup.Visit, followup.Phone}[i%3], Reached: true, Results: scores(x, i)}
			if days > 90 && i%19 == 5 {
				c.Complications = wentWrong(o, i)
			}
			done, err := c.Check(followup.Facts{Programme: o.Programme, Site: o.Site, Operated: o.OperatedOn, Today: m.today})
			if err != nil {
				return err
			}
			k := store.Contact{Contact: done, ID: m.id("asked", 2*i+n), Procedure: o.ID, Hospital: o.Of.Home}
			if err := tx.InsertContact(k, store.Made{At: at(on), By: f.by(x)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// wentWrong is what one of the earlier patients told.
func wentWrong(o store.BulkOperation, n int) []complication.Complication {
	types := map[procedure.Programme][]complication.Type{
		procedure.Joint:    {complication.Readmission, "SSI_SUPERFICIAL", complication.Dislocation, complication.ReturnToTheatre, complication.DeepInfection, "DVT"},
		procedure.Cataract: {"RAISED_IOP", "CMO", complication.Endophthalmitis},
		procedure.Coronary: {complication.MI, "ACCESS_HAEMATOMA", complication.TVR}}[o.Programme]
	c := complication.Complication{Type: types[n/19%len(types)], Onset: o.OperatedOn.AddDays(9 + n%20), Related: complication.RelatedYes, Outcome: "RESOLVED"}
	if grades := c.Type.Scale(o.Programme).Grades(); len(grades) > 1 {
		c.Grade = grades[1]
	}
	return []complication.Complication{c}
}
