package casefile

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

// Need is why the other side of a case stands on the worklist.
type Need string

// The needs. NoNeed keeps a case off the list.
const (
	NoNeed  Need = ""
	Planned Need = "planned" // somebody planned it
	Likely  Need = "likely"  // the first side was the first of two stages, or one eye of two
)

// Needs lists the needs of the worklist.
func Needs() []Need { return []Need{Planned, Likely} }

// Label is the message key of the need's name.
func (n Need) Label() string { return "casefile.need." + string(n) }

// Wait is the other side that is still to be done.
type Wait struct {
	Need  Need
	Site  procedure.Site
	Side  procedure.Side
	Since clock.Date // the day the first side was done
}

// OtherSide finds the side a case waits for, from everything on record of the
// person. One side must be done: before that the case is on other lists. Staged
// says that an operation of the case was meant as the first of two.
func OtherSide(c Case, done []procedure.Recorded, staged bool) Wait {
	if !c.Open() || c.Programme == procedure.Coronary {
		return Wait{}
	}
	first := map[procedure.Site]map[procedure.Side]clock.Date{}
	since := clock.Date{}
	for _, r := range done {
		site := r.Kind.Site()
		if !r.Kind.Primary() || (c.Programme == procedure.Cataract) != (site == procedure.Eye) || !r.Side.Known() {
			continue
		}
		if first[site] == nil {
			first[site] = map[procedure.Side]clock.Date{}
		}
		if day, ok := first[site][r.Side]; !ok || r.OperatedOn.Before(day) {
			first[site][r.Side] = r.OperatedOn
		}
		if since.IsZero() || r.OperatedOn.Before(since) {
			since = r.OperatedOn
		}
	}
	if c.Second != nil {
		if since.IsZero() {
			return Wait{}
		}
		return Wait{Planned, c.Second.Site, c.Second.Side, since}
	}
	if c.Programme == procedure.Joint && !staged {
		return Wait{}
	}
	for _, site := range []procedure.Site{procedure.Knee, procedure.Hip, procedure.Eye} {
		if len(first[site]) != 1 {
			continue
		}
		for side, day := range first[site] {
			return Wait{Likely, site, other(side), day}
		}
	}
	return Wait{}
}

func other(s procedure.Side) procedure.Side {
	if s == procedure.Left {
		return procedure.Right
	}
	return procedure.Left
}
