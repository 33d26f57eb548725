package fund_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// A history is what happens to three funds: money comes in, is reserved, spent,
// paid, recovered, given back, moved from fund to fund, reversed, and asked for when it is not
// there. The same seed is the same history.
type history struct {
	t     *testing.T
	seed  uint64
	rnd   *rand.Rand
	books []fund.Book
	sums  map[ident.ID]money.Fen // of the entries of each account
	holds []held
	done  []posted
}

type held struct {
	fund.Hold
	book int
}

// posted is a transfer that may be reversed. An undo puts the hold it used back.
type posted struct {
	fund.Transfer
	book int
	hold int // −1: none
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), sums: map[ident.ID]money.Fen{}}
	for range 3 {
		b := book(0)
		if n := h.rnd.IntN(4); n > 1 {
			b = splitInto(b, n*n-1) // 3 or 8 lanes
		}
		h.books = append(h.books, b)
	}
	return h
}

func (h *history) fail(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("history %d: "+format, append([]any{h.seed}, args...)...)
}

// take applies a decision. What was refused must be refused by a rule and leave
// everything as it was.
func (h *history) take(i int, x fund.Transfer, err error) bool {
	h.t.Helper()
	if err != nil {
		if k := errs.KindOf(err); k != errs.Precondition && k != errs.Invalid {
			h.fail("%v", err)
		}
		return false
	}
	next, err := h.books[i].Apply(x)
	if err != nil {
		h.fail("%s was decided and cannot be posted: %v", x.Kind, err)
	}
	h.books[i] = next
	var sum money.Fen
	for _, e := range x.Entries {
		h.sums[e.AccountID] += e.Amount
		sum += e.Amount
	}
	if sum != 0 {
		h.fail("%s sums to %s", x.Kind, sum)
	}
	return true
}

// check is what holds at every instant.
func (h *history) check() {
	h.t.Helper()
	open := make([]money.Fen, len(h.books))
	for _, x := range h.holds {
		if x.State == fund.HoldOpen {
			open[x.book] += x.Amount
		}
	}
	for i, b := range h.books {
		var sum fund.Balances
		for _, l := range lanesOf(b) {
			a := l.Accounts
			got := fund.Balances{Source: h.sums[a.Source], Available: h.sums[a.Available], Reserved: h.sums[a.Reserved], Committed: h.sums[a.Committed], Paid: h.sums[a.Paid]}
			if got != l.Balances {
				h.fail("the entries sum to %+v, the balances are %+v", got, l.Balances)
			}
			if got.Available < 0 || got.Reserved < 0 || got.Committed < 0 || got.Paid < 0 {
				h.fail("a lane below zero: %+v", got)
			}
			sum = plus(sum, got)
		}
		if sum != b.Balances {
			h.fail("the lanes sum to %+v, the fund has %+v", sum, b.Balances)
		}
		x := b.Balances
		if x.Available < 0 || x.Reserved < 0 || x.Committed < 0 || x.Paid < 0 {
			h.fail("below zero: %+v", x)
		}
		if x.Source+x.Available+x.Reserved+x.Committed+x.Paid != 0 {
			h.fail("the accounts do not sum to zero: %+v", x)
		}
		if x.Reserved != open[i] {
			h.fail("%s is reserved, %s is held", x.Reserved, open[i])
		}
	}
}

func (h *history) amount() money.Fen { return money.Fen(1 + h.rnd.Int64N(500)) }

func (h *history) step() {
	i := h.rnd.IntN(len(h.books))
	b := h.books[i]
	keep := func(x fund.Transfer, hold int) { h.done = append(h.done, posted{x, i, hold}) }
	switch h.rnd.IntN(13) {
	case 10:
		x, err := b.Spread(stamp())
		h.take(i, x, err)
	case 11:
		x, err := b.Pay(stamp(), h.amount())
		if h.take(i, x, err) {
			keep(x, -1)
		}
	case 12:
		x, err := b.Recover(stamp(), h.amount())
		if h.take(i, x, err) {
			keep(x, -1)
		}
	case 0, 1:
		x, err := b.Deposit(stamp(), h.amount())
		if h.take(i, x, err) {
			keep(x, -1)
		}
	case 2, 3, 4:
		asked := h.amount()
		x, hold, err := b.Reserve(stamp(), asked)
		if (err == nil) != (asked <= b.Balances.Available) {
			h.fail("reserving %s of %s: %v", asked, b.Balances.Available, err)
		}
		if h.take(i, x, err) {
			h.holds = append(h.holds, held{hold, i})
			keep(x, len(h.holds)-1)
		}
	case 5, 6, 7:
		h.use()
	case 8:
		x, err := b.Reimburse(stamp(), h.amount())
		if h.take(i, x, err) {
			keep(x, -1)
		}
	case 9:
		if h.rnd.IntN(2) == 0 {
			h.move(i)
		} else {
			h.reverse()
		}
	}
}

// use commits or releases a hold, used ones too: a hold is used once.
func (h *history) use() {
	if len(h.holds) == 0 {
		return
	}
	n := h.rnd.IntN(len(h.holds))
	was := h.holds[n]
	b := h.books[was.book]
	var x fund.Transfer
	var now fund.Hold
	var err error
	if h.rnd.IntN(3) == 0 {
		x, now, err = b.Release(stamp(), was.Hold)
	} else {
		x, now, err = b.Commit(stamp(), was.Hold, fund.Spending{Spent: h.amount() - 1, TopUp: h.amount() - 1})
	}
	if was.State != fund.HoldOpen && errs.Of(err).Rule != "fund.hold_once" {
		h.fail("a %s hold was used again: %v", was.State, err)
	}
	if h.take(was.book, x, err) {
		if now.State == fund.HoldOpen {
			h.fail("%s leaves the hold open", x.Kind)
		}
		h.holds[n].Hold = now
		h.done = append(h.done, posted{x, was.book, n})
	}
}

func (h *history) move(from int) {
	to := (from + 1 + h.rnd.IntN(len(h.books)-1)) % len(h.books)
	amount := h.amount()
	out, err := h.books[from].Leave(stamp(), fund.KindMoveOut, amount)
	if !h.take(from, out, err) {
		return
	}
	in, err := h.books[to].Arrive(stamp(), amount)
	h.take(to, in, err)
}

// reverse takes back one of the transfers, when it can be: a reservation while
// it is held, a use of a hold, which is open again then.
func (h *history) reverse() {
	if len(h.done) == 0 {
		return
	}
	n := h.rnd.IntN(len(h.done))
	p := h.done[n]
	if p.Kind == fund.KindReserve && h.holds[p.hold].State != fund.HoldOpen {
		return
	}
	x, err := h.books[p.book].Reverse(stamp(), p.Transfer)
	if !h.take(p.book, x, err) {
		return
	}
	if p.hold >= 0 {
		h.holds[p.hold].State = fund.HoldOpen
		if p.Kind == fund.KindReserve {
			h.holds[p.hold].State = fund.HoldReleased
		}
	}
	h.done = slices.Delete(h.done, n, n+1) // once
}

func TestRandomHistoriesKeepTheBooks(t *testing.T) {
	const steps = 25
	for i := range scaletest.Times(2000) {
		h := newHistory(t, uint64(i))
		for range 1 + h.rnd.IntN(steps) {
			h.step()
			h.check()
		}
	}
}
