package fund

import (
	"cmp"
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// MaxLanes is into how many lanes a fund can be split.
const MaxLanes = 8

// BusyDay is how many transfers a fund posts on a day that makes its one row a
// queue: it is split in the night after.
const BusyDay = 2000

// Lane is one sub-account of a split fund: a set of available, reserved,
// committed and paid of its own, so that reservations which run at once do not wait for one
// row. Only the first lane has the source. The lanes are a matter of bookkeeping:
// what the fund has is the sum, a fund that covers an amount covers it however it
// lies in the lanes, and money of one kind is the same in every lane. No account
// of a lane goes below zero.
type Lane struct {
	Accounts Accounts
	Balances Balances
}

// Put enters one account.
func (l *Lane) Put(kind Account, id ident.ID, balance money.Fen) {
	*l.Balances.of(kind) = balance
	switch kind {
	case Source:
		l.Accounts.Source = id
	case Available:
		l.Accounts.Available = id
	case Reserved:
		l.Accounts.Reserved = id
	case Committed:
		l.Accounts.Committed = id
	case Paid:
		l.Accounts.Paid = id
	}
}

// With is the book of a fund with these lanes; with the first only it is not split.
func (b Book) With(lanes [MaxLanes]Lane) Book {
	b.Accounts, b.Balances = lanes[0].Accounts, Balances{}
	for _, l := range lanes {
		b.Balances = b.Balances.plus(l.Balances)
	}
	b.Lanes = [MaxLanes]Lane{}
	if lanes[1] != (Lane{}) {
		b.Lanes = lanes
	}
	return b
}

func (b Balances) plus(o Balances) Balances {
	return Balances{b.Source + o.Source, b.Available + o.Available, b.Reserved + o.Reserved, b.Committed + o.Committed, b.Paid + o.Paid}
}

// split reports whether the fund has lanes.
func (b Book) split() bool { return b.Lanes[0] != (Lane{}) }

// lanes are the lanes; a fund that is not split is one.
func (b Book) lanes() []Lane {
	if !b.split() {
		return []Lane{{b.Accounts, b.Balances}}
	}
	return slices.DeleteFunc(slices.Clone(b.Lanes[:]), func(l Lane) bool { return l.Accounts == Accounts{} })
}

// find is the lane and kind of one of the fund's accounts; no kind when it is not
// the fund's.
func (b Book) find(id ident.ID) (lane int, kind Account) {
	for i, l := range b.lanes() {
		for _, k := range AccountKinds() {
			if l.Accounts.ID(k) == id {
				return i, k
			}
		}
	}
	return 0, ""
}

// total is what a transfer of the fund does to it, whatever the lanes.
func (b Book) total(t Transfer) (d Balances) {
	for _, e := range t.Entries {
		_, kind := b.find(e.AccountID)
		*d.of(kind) += e.Amount
	}
	return d
}

// entries are the lines that change the fund by d. What is taken comes from the
// fullest lane, or from several; what is given goes to the lane it was
// taken from, and what comes from outside is spread over all.
func (b Book) entries(d Balances) (out []Entry) {
	lanes, home := b.lanes(), -1
	add := func(lane int, kind Account, amount money.Fen) {
		if amount != 0 {
			out = append(out, Entry{lanes[lane].Accounts.ID(kind), amount})
		}
	}
	add(0, Source, d.Source)
	kinds := []Account{Available, Reserved, Committed, Paid}
	for _, k := range kinds {
		if amount := *d.of(k); amount < 0 {
			parts := draw(lanes, k, -amount)
			for _, p := range parts {
				add(p.lane, k, -p.amount)
			}
			home = parts[0].lane
		}
	}
	for _, k := range kinds {
		switch amount := *d.of(k); {
		case amount <= 0:
		case home >= 0:
			add(home, k, amount)
		default:
			for i, part := range money.Split(amount, even(len(lanes))) {
				add(i, k, part)
			}
		}
	}
	return out
}

func even(n int) []int64 { return slices.Repeat([]int64{1}, n) }

// part is what one lane gives.
type part struct {
	lane   int
	amount money.Fen
}

// draw takes an amount of one kind from the fullest lane, and what that has not
// from the next. What is nowhere stays with the last, and is refused when it is
// applied.
func draw(lanes []Lane, kind Account, amount money.Fen) []part {
	out := make([]part, len(lanes))
	for i := range lanes {
		out[i] = part{i, *lanes[i].Balances.of(kind)}
	}
	slices.SortStableFunc(out, func(a, b part) int { return cmp.Compare(b.amount, a.amount) })
	for i := range out {
		if i == len(out)-1 {
			out[i].amount = amount
		}
		out[i].amount = min(out[i].amount, amount)
		amount -= out[i].amount
	}
	return out
}

// Spread evens out what is available in the lanes. It refuses a fund that has one
// lane only, and one whose lanes are even already.
func (b Book) Spread(s Stamp) (Transfer, error) {
	t := Transfer{ID: s.ID, Kind: KindSpread, EffectiveOn: s.On}
	lanes := b.lanes()
	for i, want := range money.Split(b.Balances.Available, even(len(lanes))) {
		if d := want - lanes[i].Balances.Available; d != 0 {
			t.Entries = append(t.Entries, Entry{lanes[i].Accounts.Available, d})
		}
	}
	if len(t.Entries) == 0 {
		return Transfer{}, errs.Refuse("fund.spread", "error.fund.even_already", errs.Args{"fund": b.Name}, "fund.remedy.reload")
	}
	return t, nil
}
