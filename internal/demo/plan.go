package demo

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/money"
)

// jointReductions is what the joint programme reduced in all. It is divided
// over the treatments by weight and is nowhere else.
const jointReductions = 848_000_000 * money.Fen(1)

// The span in which the finished work of the demonstration lies.
func firstDay() clock.Date { return clock.MustDate(2021, 5, 10) }
func lastDay() clock.Date  { return clock.MustDate(2026, 10, 23) }

// operation is one operation of a planned treatment.
type operation struct {
	kind procedure.Kind
	side procedure.Side
	plan procedure.Plan
	no   int // stage
}

// stay is one planned treatment.
type stay struct {
	hospital string
	ops      []operation
	after    int             // days after the one before; 0: the first
	until    treatment.State // how far it has come
	ago      int             // days before today it began; 0: a finished one, dated by chance
}

// story is one person in one programme.
type story struct {
	programme procedure.Programme
	stays     []stay
	second    *operation // planned, not done
	hold      bool       // the case is still open for the second side
}

// Counts of the published programme.
const (
	jointPeople    = 307
	jointStaged    = 12 // second side, half of them in the donor city
	jointHipKnee   = 5
	jointTogether  = 5 // both sides in one session
	jointRevised   = 3
	cataractPeople = 86
	cataractSecond = 8
	coronaryPeople = 198
	coronaryAgain  = 27
)

// stories is the whole plan: the finished work, then the work in progress.
func (m *maker) stories() []story {
	var out []story
	for i := range jointPeople {
		out = append(out, m.jointStory(i))
	}
	for i := range cataractPeople {
		out = append(out, m.cataractStory(i))
	}
	for i := range coronaryPeople {
		out = append(out, m.coronaryStory(i))
	}
	return append(out, m.inProgress()...)
}

func (m *maker) jointStory(i int) story {
	home := pick(m, "ylzy", "ylzy", "ylzy", "ylrm", "ylrm")
	side := pick(m, procedure.Left, procedure.Right)
	kind := pick(m, procedure.THA, procedure.THA, procedure.TKA, procedure.TKA, procedure.TKA, procedure.UKAMedial, procedure.Hemi)
	if i < jointStaged+jointHipKnee+jointTogether {
		kind = procedure.TKA
	}
	one := func(k procedure.Kind, s procedure.Side, p procedure.Plan, no int) []operation {
		return []operation{{k, s, p, no}}
	}
	s := story{programme: procedure.Joint, stays: []stay{{hospital: home, ops: one(kind, side, procedure.PlanNone, 0), until: treatment.Closed}}}
	switch n := i; {
	case n < jointStaged:
		where := home
		if n%2 == 0 {
			where = "lgzy"
		}
		s.stays[0].ops = one(kind, side, procedure.Staged, 1)
		s.stays = append(s.stays, stay{hospital: where, ops: one(kind, side.Opposite(), procedure.Staged, 2), after: 100 + m.rng.IntN(80), until: treatment.Closed})
	case n < jointStaged+jointHipKnee:
		s.stays = append(s.stays, stay{hospital: home, ops: one(procedure.THA, side, procedure.PlanNone, 0), after: 150 + m.rng.IntN(150), until: treatment.Closed})
	case n < jointStaged+jointHipKnee+jointTogether:
		s.stays[0].ops = []operation{{kind, side, procedure.Simultaneous, 0}, {kind, side.Opposite(), procedure.Simultaneous, 0}}
	case n < jointStaged+jointHipKnee+jointTogether+jointRevised:
		s.stays[0].ops = one(procedure.THA, side, procedure.PlanNone, 0)
		s.stays = append(s.stays, stay{hospital: home, ops: one(procedure.HipRevision, side, procedure.PlanNone, 0), after: 300 + m.rng.IntN(200), until: treatment.Closed})
	case n >= jointPeople-2: // discharged, the bill is still on its way
		s.stays[0].until, s.stays[0].ago = treatment.Discharged, 14+n%2*4
	case n >= jointPeople-8: // one side done, the other waits
		s.stays[0].ops = one(procedure.TKA, side, procedure.PlanNone, 0)
		s.second, s.hold = &operation{procedure.TKA, side.Opposite(), procedure.PlanNone, 0}, true
		s.stays[0].until, s.stays[0].ago = treatment.Settled, 120+n%6*7
	}
	return s
}

func (m *maker) cataractStory(i int) story {
	side := pick(m, procedure.Left, procedure.Right)
	kind := pick(m, procedure.PhacoIOL, procedure.PhacoIOL, procedure.PhacoIOL, procedure.MSICSIOL)
	s := story{programme: procedure.Cataract, stays: []stay{{hospital: "ylrm", ops: []operation{{kind, side, "", 0}}, until: treatment.Closed}}}
	if i < cataractSecond {
		s.stays = append(s.stays, stay{hospital: "ylrm", ops: []operation{{kind, side.Opposite(), "", 0}}, after: 30 + m.rng.IntN(40), until: treatment.Closed})
	}
	return s
}

func (m *maker) coronaryStory(i int) story {
	home := pick(m, "ylrm", "ylrm", "ylrm", "lgrm")
	kind := pick(m, procedure.CAGPCI, procedure.CAGPCI, procedure.CAGPCI, procedure.PCI, procedure.CAG)
	s := story{programme: procedure.Coronary, stays: []stay{{hospital: home, ops: []operation{{kind, "", "", 0}}, until: treatment.Closed}}}
	switch {
	case i < coronaryAgain:
		s.stays[0].ops[0].kind = procedure.CAGPCI
		s.stays = append(s.stays, stay{hospital: home, ops: []operation{{procedure.PCI, "", "", 0}}, after: 25 + m.rng.IntN(60), until: treatment.Closed})
	case i >= coronaryPeople-3:
		s.stays[0].hospital, s.stays[0].until, s.stays[0].ago = "ylrm", treatment.Discharged, 8+i%3*3
	}
	return s
}

// inProgress is work without an operation yet, in every state, so that each
// role's queue has something in it.
func (m *maker) inProgress() []story {
	var out []story
	add := func(n int, p procedure.Programme, hospital string, kind procedure.Kind, until treatment.State) {
		for i := range n {
			side := pick(m, procedure.Left, procedure.Right)
			if p == procedure.Coronary {
				side = ""
			}
			out = append(out, story{programme: p, stays: []stay{{hospital: hospital, ops: []operation{{kind, side, procedure.PlanNone, 0}},
				until: until, ago: 4 + 3*i + m.rng.IntN(4)}}})
		}
	}
	add(3, procedure.Joint, "ylzy", procedure.TKA, treatment.Planned)
	add(2, procedure.Joint, "ylzy", procedure.THA, treatment.Eligible)
	add(4, procedure.Joint, "ylzy", procedure.TKA, treatment.Requested)
	add(3, procedure.Joint, "ylzy", procedure.TKA, treatment.Approved)
	add(2, procedure.Joint, "ylzy", procedure.THA, treatment.Admitted)
	add(2, procedure.Joint, "ylrm", procedure.TKA, treatment.Planned)
	add(2, procedure.Joint, "ylrm", procedure.THA, treatment.Requested)
	add(1, procedure.Joint, "ylrm", procedure.TKA, treatment.Approved)
	add(2, procedure.Cataract, "ylrm", procedure.PhacoIOL, treatment.Planned)
	add(1, procedure.Cataract, "ylrm", procedure.PhacoIOL, treatment.Eligible)
	add(2, procedure.Cataract, "ylrm", procedure.PhacoIOL, treatment.Requested)
	add(1, procedure.Cataract, "ylrm", procedure.PhacoIOL, treatment.Approved)
	add(1, procedure.Cataract, "ylrm", procedure.PhacoIOL, treatment.Admitted)
	add(1, procedure.Coronary, "ylrm", procedure.CAGPCI, treatment.Requested)
	add(2, procedure.Coronary, "ylrm", procedure.CAGPCI, treatment.Admitted)
	add(1, procedure.Joint, "lgzy", procedure.TKA, treatment.Approved)
	add(1, procedure.Coronary, "lgrm", procedure.CAGPCI, treatment.Requested)
	add(1, procedure.Coronary, "lgrm", procedure.CAGPCI, treatment.Approved)
	return out
}

// pick takes one of the values by chance; a value named twice is twice as likely.
func pick[T any](m *maker, values ...T) T { return values[m.rng.IntN(len(values))] }
