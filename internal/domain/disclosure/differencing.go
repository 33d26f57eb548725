package disclosure

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Population is whom a publication is about: the conditions of its filter and how
// many people meet them.
type Population struct {
	Conditions []string   // "name=value", in any order
	From, To   clock.Date // both included; zero: open
	People     int64
}

// Signature tells populations apart; the same signature is the same question.
func (p Population) Signature() string {
	list := slices.Sorted(slices.Values(p.Conditions))
	return strings.Join(append(list, "from="+p.From.String(), "to="+p.To.String()), "&")
}

// Within reports whether everybody of p is in o by the conditions alone.
func (p Population) Within(o Population) bool {
	for _, c := range o.Conditions {
		if !slices.Contains(p.Conditions, c) {
			return false
		}
	}
	starts := o.From.IsZero() || !p.From.IsZero() && !p.From.Before(o.From)
	ends := o.To.IsZero() || !p.To.IsZero() && !p.To.After(o.To)
	return starts && ends
}

// Differencing refuses a population that differs by few people from one that was
// already given out: whoever has both tables could subtract them.
func (p Profile) Differencing(given []Population, next Population) error {
	if p.Exact() {
		return nil
	}
	for _, g := range given {
		if g.Signature() == next.Signature() || !next.Within(g) && !g.Within(next) {
			continue
		}
		if d := abs(g.People - next.People); d > 0 && d < p.Threshold() {
			return errs.Refuse("disclosure.differencing", "error.disclosure.differencing", errs.Args{"k": p.Threshold()}, "remedy.disclosure.differencing")
		}
	}
	return nil
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
