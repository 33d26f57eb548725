package fund

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Portion is a deposit with an earmark or a project of its own, and what is left
// of it. Money without either is common: everything the fund allows may use it.
type Portion struct {
	ID       ident.ID
	Name     string // who gave it
	Earmark  Earmark
	Received clock.Date
	Left     money.Fen
	// Drawn is what the case at hand has of it; Before that it had some and gets it
	// again, because a settlement is taken back.
	Drawn  money.Fen
	Before bool
}

// narrowness is how many conditions an earmark sets.
func (e Earmark) narrowness() (n int) {
	for _, set := range []bool{e.Programme != "", len(e.Hospitals) > 0, len(e.Categories) > 0, !e.To.IsZero()} {
		if set {
			n++
		}
	}
	return n
}

// Within reports the first field in which a deposit's earmark contradicts that of
// its fund: such money could never be used.
func (e Earmark) Within(of Earmark) error {
	var f errs.Fields
	if of.Programme != "" && e.Programme != "" && e.Programme != of.Programme {
		f.Add("programme", "error.fund.deposit_outside")
	}
	if len(of.Hospitals) > 0 && slices.ContainsFunc(e.Hospitals, func(h ident.ID) bool { return !slices.Contains(of.Hospitals, h) }) {
		f.Add("hospitals", "error.fund.deposit_outside")
	}
	if len(of.Categories) > 0 && slices.ContainsFunc(e.Categories, func(c terminology.Category) bool { return !slices.Contains(of.Categories, c) }) {
		f.Add("categories", "error.fund.deposit_outside")
	}
	switch {
	case !e.To.IsZero() && e.To.Before(e.From):
		f.Add("to_on", "error.fund.deposit_period")
	case !of.To.IsZero() && e.From.After(of.To):
		f.Add("from_on", "error.fund.deposit_outside")
	case !of.To.IsZero() && e.To.After(of.To), !e.To.IsZero() && e.To.Before(of.From):
		f.Add("to_on", "error.fund.deposit_outside")
	}
	return f.Err()
}

// Draw is an amount taken from a deposit, or given back to it (negative).
type Draw struct {
	Deposit ident.ID
	Amount  money.Fen
}

// Store is the money of a fund as a case meets it: deposits bound to something,
// and what is bound to nothing.
type Store struct {
	Fund     ident.ID
	Name     string
	Portions []Portion
	Common   money.Fen
}

// inOrder is the order in which deposits are used: what binds most first, because
// it fits fewest cases; of those what ends first; of those what came first. Last
// comes the common money.
func (s Store) inOrder() []Portion {
	out := slices.Clone(s.Portions)
	end := func(d clock.Date) clock.Date {
		if d.IsZero() {
			return clock.MustDate(9999, 12, 31)
		}
		return d
	}
	slices.SortFunc(out, func(a, b Portion) int {
		switch {
		case a.Before != b.Before: // what a case had it gets again
			if a.Before {
				return -1
			}
			return 1
		case a.Earmark.narrowness() != b.Earmark.narrowness():
			return b.Earmark.narrowness() - a.Earmark.narrowness()
		case a.Earmark.To != b.Earmark.To:
			return cmp.Compare(end(a.Earmark.To).String(), end(b.Earmark.To).String())
		case a.Received != b.Received:
			return cmp.Compare(a.Received.String(), b.Received.String())
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return out
}

// Usable is what a case may use: the common money and what is left of the deposits
// whose earmark it meets.
func (s Store) Usable(a Asked) money.Fen {
	sum := max(s.Common, 0)
	for _, p := range s.Portions {
		if p.fits(a) {
			sum += p.Left
		}
	}
	return sum
}

func (p Portion) fits(a Asked) bool { return p.Before || len(p.Earmark.WhyNot(a)) == 0 }

// Blocked is the first deposit, in the order of use, with money a case may not
// use, and the condition it does not meet.
func (s Store) Blocked(a Asked) (Portion, Reason, bool) {
	for _, p := range s.inOrder() {
		if p.Left > 0 && !p.fits(a) {
			return p, p.Earmark.WhyNot(a)[0], true
		}
	}
	return Portion{}, "", false
}

// Take says which deposits pay an amount, in the order of use; what they do not
// pay is common money. It refuses when both together are not enough, and names the
// earmark that keeps the rest from the case.
func (s Store) Take(a Asked) ([]Draw, error) {
	usable := s.Usable(a)
	if a.Amount > usable {
		args := errs.Args{"fund": s.Name, "asked": a.Amount, "available": usable, "short": a.Amount - usable}
		remedies := []string{"fund.remedy.reduce_to", "fund.remedy.other_fund", "fund.remedy.wait_deposit"}
		if usable <= 0 {
			remedies = remedies[1:]
		}
		p, why, blocked := s.Blocked(a)
		if !blocked {
			return nil, errs.Refuse("fund.sufficient", "error.fund.insufficient", args, remedies...)
		}
		maps.Copy(args, p.Earmark.Args(a, usable))
		args["deposit"], args["why"] = p.Name, errs.Key(why.Label()+".short")
		return nil, errs.Refuse("fund.deposit_earmark", "error.fund.deposit_earmark", args, remedies...)
	}
	var out []Draw
	need := a.Amount
	for _, p := range s.inOrder() {
		if n := min(need, p.Left); n > 0 && p.fits(a) {
			out = append(out, Draw{p.ID, n})
			need -= n
		}
	}
	return out, nil
}

// GiveBack says which deposits get back what a case does not need, when the fund
// still holds or paid an amount for it: the common money first, then the deposits
// in the reverse order of use.
func (s Store) GiveBack(held money.Fen) []Draw {
	rest := -held // more drawn than is still held
	for _, p := range s.Portions {
		rest += p.Drawn
	}
	var out []Draw
	order := s.inOrder()
	slices.Reverse(order)
	for _, p := range order {
		if n := min(rest, p.Drawn); n > 0 {
			out = append(out, Draw{p.ID, -n})
			rest -= n
		}
	}
	return out
}

// Spare refuses to move more than the common money by a move that names no
// deposit.
func (s Store) Spare(amount money.Fen) error {
	if amount <= s.Common || len(s.Portions) == 0 {
		return nil
	}
	return errs.Refuse("fund.common_money", "error.fund.common_money", errs.Args{"fund": s.Name, "asked": amount, "available": max(s.Common, 0)}, "fund.remedy.name_deposit")
}

// TakeFrom takes an amount of one deposit out of its purpose.
func (s Store) TakeFrom(deposit ident.ID, amount money.Fen) (Draw, error) {
	i := slices.IndexFunc(s.Portions, func(p Portion) bool { return p.ID == deposit })
	if i < 0 {
		return Draw{}, errs.Missing("error.fund.deposit_missing")
	}
	if p := s.Portions[i]; amount > p.Left {
		return Draw{}, errs.Refuse("fund.deposit_left", "error.fund.deposit_left", errs.Args{"deposit": p.Name, "asked": amount, "available": p.Left}, "fund.remedy.reload")
	}
	return Draw{deposit, amount}, nil
}
