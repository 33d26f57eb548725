package complication

import "github.com/shanhai-health/shanhai/internal/clock"

// MACEVersion names the one definition of major adverse cardiac events that the
// house prints beside every figure: death of any cause, infarction, or unplanned
// revascularisation of the treated vessel, by the time to the first of them.
const MACEVersion = "MACE-1"

// MACE is the state of an intervention at a horizon.
type MACE struct {
	Event   Type // empty: none; "DEATH" for death
	On      clock.Date
	Day     int
	Settled bool // the event happened, or the person was seen alive at the horizon
}

// Death is the event of a death of any cause.
const Death Type = "DEATH"

// Course is what is known of a person after an intervention.
type Course struct {
	Operated clock.Date
	Died     clock.Date
	SeenOn   clock.Date // last day the person was known to be alive and asked; zero: never
	List     []Complication
}

// MACEWithin is the first event within so many days of the intervention. Without
// one it is settled only once somebody has seen the person at or after the
// horizon: nobody asked is not the same as nothing happened.
func MACEWithin(c Course, days int) MACE {
	until := c.Operated.AddDays(days)
	first := MACE{}
	take := func(t Type, on clock.Date) {
		if on.IsZero() || on.After(until) || on.Before(c.Operated) || !first.On.IsZero() && !on.Before(first.On) {
			return
		}
		first = MACE{Event: t, On: on, Day: on.DaysSince(c.Operated), Settled: true}
	}
	take(Death, c.Died)
	for _, x := range c.List {
		if x.Type == MI || x.Type == TVR || x.Type == TLR {
			take(x.Type, x.Onset)
		}
	}
	if first.Event == "" {
		first.Settled = !c.SeenOn.IsZero() && !c.SeenOn.Before(until)
	}
	return first
}
