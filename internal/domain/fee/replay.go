package fee

import (
	"bytes"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Past is a case of a person with what decided it.
type Past struct {
	ID         ident.ID
	Person     ident.ID // the root of merged records
	OperatedOn clock.Date
	Case       Case
	Rules      *policy.Version
}

// inOrder sorts cases by the day of their operation: the order in which a
// person's year counts them, wherever and whenever they were entered.
func inOrder(a, b *Past) int {
	if c := a.OperatedOn.Compare(b.OperatedOn); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

// ordered are the places of stored cases in the order of their operations.
func ordered(cases []Stored) []int {
	out := make([]int, len(cases))
	for i := range out {
		out[i] = i
	}
	slices.SortFunc(out, func(a, b int) int { return inOrder(&cases[a].Past, &cases[b].Past) })
	return out
}

// Replay computes the cases of one person in the order of their operations, each
// from what the earlier ones of its insurance year left. The opening balances are
// what counted before the first of them. The results stand in the order of the
// cases given.
func Replay(cases []Past, opening map[int]Year) []Result {
	order := make([]int, len(cases))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return inOrder(&cases[a], &cases[b]) })
	years := map[int]Year{}
	for y, o := range opening {
		years[y] = o.Plus(nil)
	}
	out := make([]Result, len(cases))
	for _, i := range order {
		y := cases[i].Case.Year()
		out[i] = Compute(cases[i].Rules, cases[i].Case, years[y])
		years[y] = years[y].Plus(out[i].Added)
	}
	return out
}

// Shift is what a corrected earlier case does to a later one.
type Shift struct {
	Case   ident.ID
	Before Settlement
	After  Settlement
}

// Net is how much more the patient pays.
func (s Shift) Net() money.Fen { return s.After.Net - s.Before.Net }

// Corrected replays a person's cases with one of them changed and names those
// that come out otherwise, the changed one first.
func Corrected(cases []Past, opening map[int]Year, change Past) []Shift {
	before := Replay(cases, opening)
	changed := slices.Clone(cases)
	for i := range changed {
		if changed[i].ID == change.ID {
			changed[i] = change
		}
	}
	after := Replay(changed, opening)
	var out []Shift
	for i := range cases {
		if !sameSum(before[i].Sum, after[i].Sum) {
			out = append(out, Shift{cases[i].ID, before[i].Sum, after[i].Sum})
		}
	}
	slices.SortStableFunc(out, func(a, b Shift) int { return boolean(b.Case == change.ID) - boolean(a.Case == change.ID) })
	return out
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sameSum(a, b Settlement) bool {
	return a.Bill == b.Bill && a.Basic == b.Basic && a.Critical == b.Critical && a.Assistance == b.Assistance && a.Other == b.Other &&
		a.Waiver == b.Waiver && a.Net == b.Net && slices.Equal(a.Funds, b.Funds)
}

// Counted is what a settled case adds to the person's year: thresholds and bases
// as computed, payments as they were really made.
func (r Result) Counted(s Settlement, p procedure.Programme) Year {
	out := r.Added.Plus(nil)
	set := func(k Kind, paid money.Fen) {
		a := out[k]
		a.Paid = paid
		if a != (Account{}) {
			out[k] = a
		}
	}
	tilt := min(out[KindTilt].Paid, s.Assistance)
	set(KindBasic, s.Basic)
	set(KindCritical, s.Critical)
	set(KindAssistance, s.Assistance-tilt)
	set(KindTilt, tilt)
	set(ReductionKind(p), s.Reduction())
	return out
}

// Recount computes the settled cases of one person and year again in the order of
// their operations, from what had counted before them, and names those that come
// out otherwise than they were stored: an earlier case was corrected, taken back,
// or entered late. What was paid counts as it was paid.
func Recount(cases []Stored, opening Year) []Shift {
	var out []Shift
	year := opening.Plus(nil)
	for _, i := range ordered(cases) {
		c := &cases[i]
		if c.Rules == nil {
			year = year.Plus(c.Counted)
			continue
		}
		r := Compute(c.Rules, c.Case, year)
		if !sameSum(r.Sum, c.Result.Sum) {
			out = append(out, Shift{c.ID, c.Result.Sum, r.Sum})
		}
		if c.Recorded {
			year = year.Plus(c.Counted)
			continue
		}
		for k, a := range r.Added {
			a.Paid = c.Counted[k].Paid
			year[k] = year[k].Plus(a)
		}
	}
	return out
}
