package demo

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// followedDays is how long ago the demonstration began to follow its patients.
const followedDays = 500

// follow makes the appointments of what was operated since, and what came of
// them: most were seen in time, some late, some told by a village doctor or the
// family, some are overdue, some were lost or moved away.
func (m *maker) follow(tx *store.Tx) error {
	ops := slices.Clone(m.bulk.Operations)
	slices.SortStableFunc(ops, func(a, b store.BulkOperation) int { return a.OperatedOn.Compare(b.OperatedOn) })
	f := &followed{m: m, tx: tx}
	since := m.today.AddDays(-followedDays)
	var cases []ident.ID
	for _, o := range ops {
		if o.OperatedOn.Before(since) {
			continue
		}
		if err := tx.FollowOperation(o.ID, since); err != nil {
			return err
		}
		if !slices.Contains(cases, o.Of.Case) {
			cases = append(cases, o.Of.Case)
		}
	}
	for i, id := range cases {
		list, err := tx.FollowUpsOfCase(id)
		if err != nil {
			return err
		}
		if err := f.patient(i, list); err != nil {
			return err
		}
	}
	return nil
}

// followed tells the story of each patient after the operation.
type followed struct {
	m  *maker
	tx *store.Tx
	n  int
}

// patient plays one case: every nineteenth was lost, every forty-third moved
// away, the others come to most of their appointments.
func (f *followed) patient(i int, list []store.FollowUp) error {
	for _, x := range list {
		f.n++
		if x.From.After(f.m.today) || f.n%9 == 4 { // to come, or nobody has seen to it
			continue
		}
		if i%19 == 7 && x.Step != followup.Week1 && x.Step != followup.Day1 {
			return f.end(list, x, followup.End{Reason: followup.Losses()[i%5], On: least(x.To, f.m.today), Note: "电话打了三次，村里也没打听到"})
		}
		if i%43 == 11 {
			return f.end(list, x, followup.End{Reason: followup.Moved, On: least(x.Due, f.m.today)})
		}
		if err := f.contact(x); err != nil {
			return err
		}
	}
	return nil
}

// end ends what is open from an appointment on.
func (f *followed) end(list []store.FollowUp, from store.FollowUp, e followup.End) error {
	rest := slices.DeleteFunc(slices.Clone(list), func(x store.FollowUp) bool { return x.Status != followup.Open || x.Due.Before(from.Due) })
	return f.tx.EndFollowUps(rest, e)
}

// contact records how an appointment was kept.
func (f *followed) contact(x store.FollowUp) error {
	on := x.Due.AddDays(f.n%7 - 2)
	if f.n%11 == 6 { // after the window
		on = x.To.AddDays(3 + f.n%12)
	}
	if on = least(on, f.m.today); on.Before(x.From) {
		on = x.From
	}
	c := followup.Contact{On: on, Evidence: followup.Visit, Reached: true, Results: scores(x, f.n)}
	switch f.n % 10 {
	case 1, 4, 7:
		c.Evidence = followup.Phone
	case 3:
		c.Evidence, c.Informant = followup.VillageDoctor, "村医"
	case 8:
		c.Evidence, c.Informant = followup.Family, "女儿"
	}
	if f.n%29 == 13 {
		told := complication.Complication{Type: complication.Types(x.Programme)[f.n%3], Onset: on.AddDays(-2), Related: complication.RelatedYes}
		if told.Type.Scale(x.Programme) == complication.ClavienDindo {
			told.Grade = "II"
		}
		c.Complications = []complication.Complication{told}
	}
	done, err := c.Check(followup.Facts{Programme: x.Programme, Site: x.Site, Operated: x.OperatedOn, Today: f.m.today})
	if err != nil {
		return err
	}
	entered := on
	if f.n%13 == 5 { // written down later
		entered = least(on.AddDays(20), f.m.today)
	}
	k := store.Contact{Contact: done, ID: f.m.id("contact", f.n), FollowUp: x.ID, Procedure: x.Procedure, Hospital: x.Hospital}
	if err := f.tx.InsertContact(k, store.Made{At: at(entered), By: f.by(x)}); err != nil {
		return err
	}
	return f.tx.FollowedUp(x, k)
}

// by is who wrote a contact down: the registrar of the hospital that follows.
func (f *followed) by(x store.FollowUp) ident.ID {
	for _, h := range hospitals() {
		if h.id() == x.Hospital {
			return accountID("registrar-" + h.code)
		}
	}
	return ident.Nil
}

// scores are what a patient of a site scores: better with every month.
func scores(x store.FollowUp, n int) []followup.Result {
	month := min(x.Due.DaysSince(x.OperatedOn)/30, 12)
	value := func(i followup.Instrument, v int) followup.Result { return followup.Result{Instrument: i, Total: &v} }
	out := []followup.Result{value(followup.Satisfaction, 3+n%3)}
	switch x.Site {
	case procedure.Hip:
		out = append(out, value(followup.HHS, 68+month*2+n%8), value(followup.Pain, max(0, 4-month/2)))
	case procedure.Knee:
		parts := map[string]int{"pain": 15 + month, "function": 10 + month/2 + n%5, "motion": 10 + month/3 + n%4, "muscle": 8, "flexion": 8 + n%3, "stability": 10}
		out = append(out, followup.Result{Instrument: followup.HSS, Parts: parts}, value(followup.Pain, max(0, 4-month/2)))
	case procedure.CoronaryVessels:
		out = append(out, value(followup.CCS, n%3), value(followup.NYHA, 1+n%2))
	}
	return out
}
