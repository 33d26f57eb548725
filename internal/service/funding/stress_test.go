package funding_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestTwoHundredApprovalsAtOnceAgainstMoneyFor137(t *testing.T) {
	const asked, covered, each = 200, 137, money.Fen(20_000_00)
	d := newDesk(t, covered*each+each/2)
	waiting := make(chan ident.ID, asked)
	for range asked {
		waiting <- d.requested(d.Eligible(servicetest.Mountain), each)
	}
	close(waiting)
	office := d.Approver()
	var passed, told atomic.Int64
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for id := range waiting {
				_, err := d.s.Decide(t.Context(), office, funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: d.Version(id)}, "key-"+id.String())
				e := errs.Of(err)
				switch {
				case err == nil:
					passed.Add(1)
				case e.Rule == "fund.sufficient" && e.Args["available"] == each/2 && e.Args["short"] == each/2 && len(e.Remedy) == 3:
					told.Add(1)
				default:
					t.Errorf("neither approved nor told why: %v", err)
				}
			}
		})
	}
	workers.Wait()
	if passed.Load() != covered || told.Load() != asked-covered {
		t.Errorf("%d passed, %d were told why", passed.Load(), told.Load())
	}
	d.want(covered*each+each/2, each/2, covered*each, 0)
	if n := d.Count(`select count(*) from approval where state = 'approved'`); n != covered {
		t.Errorf("%d approved in the table", n)
	}
	if n := d.Count(`select count(*) from ledger_transfer where kind = 'reserve'`); n != covered {
		t.Errorf("%d reservations posted", n)
	}
}

// held is what the model knows of one treatment.
type held struct {
	treatment ident.ID
	approval  ident.ID
	amount    money.Fen
	state     string // requested, approved, discharged, settled, over
	settled   ident.ID
	spent     money.Fen
}

// model plays the fund beside the database.
type model struct {
	d     *desk
	b     fund.Balances
	cases []*held
}

// TestAnySequenceOfUseCasesKeepsTheBooks: whatever is done in whatever order,
// the balances are those of a model that adds and subtracts.
func TestAnySequenceOfUseCasesKeepsTheBooks(t *testing.T) {
	d := newDesk(t, 0)
	// Every step is a transaction: thirty sequences find what a hundred find.
	scaletest.Check(t, 15, func(rt *rapid.T) {
		d.fund = d.Fund(1_000_000)
		m := &model{d: d, b: fund.Balances{Source: -1_000_000, Available: 1_000_000}}
		for i := range rapid.IntRange(4, 14).Draw(rt, "steps") {
			m.step(rt, i)
			if got := d.balances(d.fund.ID); got != m.b {
				rt.Fatalf("the database holds %+v, the model %+v", got, m.b)
			}
		}
	})
	faults, looked, err := d.s.CheckBooks(t.Context(), d.Partnership.ID)
	if err != nil || !looked || len(faults) > 0 {
		t.Errorf("the nightly check: %+v, %v, %v", faults, looked, err)
	}
}

func (m *model) step(t *rapid.T, i int) {
	amount := rapid.Custom(func(t *rapid.T) money.Fen { return money.Fen(rapid.IntRange(1, 900_000).Draw(t, "fen")) }).Draw(t, "amount")
	what := rapid.SampledFrom([]string{"deposit", "request", "approve", "approve", "settle", "settle", "reverse", "revoke"}).Draw(t, "what")
	d, ctx := m.d, m.d.T.Context()
	must := func(err error) {
		if err != nil {
			t.Fatalf("step %d, %s: %v", i, what, err)
		}
	}
	pick := func(state string) *held {
		for _, h := range m.cases {
			if h.state == state {
				return h
			}
		}
		return nil
	}
	switch what {
	case "deposit":
		_, err := d.s.Deposit(ctx, d.Approver(), funding.Deposit{Fund: d.fund.ID, Amount: amount, Note: "第 " + strconv.Itoa(i) + " 笔"}, "")
		must(err)
		m.b.Source, m.b.Available = m.b.Source-amount, m.b.Available+amount
	case "request":
		tr := d.Eligible(servicetest.Mountain)
		m.cases = append(m.cases, &held{treatment: tr.ID, approval: d.requested(tr, amount), amount: amount, state: "requested"})
	case "approve":
		if h := pick("requested"); h != nil {
			_, err := d.decide(h.approval, fund.DecideApprove, "")
			if h.amount > m.b.Available {
				if errs.Of(err).Rule != "fund.sufficient" {
					t.Fatalf("approved %s of %s: %v", h.amount, m.b.Available, err)
				}
				h.state = "over"
				return
			}
			must(err)
			h.state, m.b.Available, m.b.Reserved = "approved", m.b.Available-h.amount, m.b.Reserved+h.amount
		}
	case "revoke":
		if h := pick("approved"); h != nil {
			_, err := d.decide(h.approval, fund.DecideRevoke, "撤回")
			must(err)
			h.state, m.b.Available, m.b.Reserved = "over", m.b.Available+h.amount, m.b.Reserved-h.amount
		}
	case "settle":
		m.settle(t, pick, amount, must)
	case "reverse":
		if h := pick("settled"); h != nil {
			rest := h.amount - h.spent
			_, err := d.s.Reverse(ctx, d.Finance(servicetest.Mountain), funding.Reversal{Settlement: h.settled, Reason: "更正", Version: d.Version(h.settled)}, "")
			if rest > m.b.Available { // what was given back has been used since
				if !errs.Is(err, errs.Precondition) {
					t.Fatalf("reversed with %s missing: %v", rest-m.b.Available, err)
				}
				return
			}
			must(err)
			h.state = "discharged"
			m.b.Committed, m.b.Reserved, m.b.Available = m.b.Committed-h.spent, m.b.Reserved+h.amount, m.b.Available-rest
		}
	}
}

func (m *model) settle(t *rapid.T, pick func(string) *held, amount money.Fen, must func(error)) {
	h := pick("discharged")
	if h == nil {
		if h = pick("approved"); h == nil {
			return
		}
		m.d.discharged(m.d.look(h.treatment))
		h.state = "discharged"
	}
	spent := min(amount, h.amount)
	if rapid.Bool().Draw(t, "nothing") {
		spent = 0
	}
	out, err := m.d.settle(store.Treatment{ID: h.treatment}, spent)
	must(err)
	h.state, h.settled, h.spent = "settled", out.Settlement, spent
	m.b.Reserved, m.b.Committed, m.b.Available = m.b.Reserved-h.amount, m.b.Committed+spent, m.b.Available+h.amount-spent
}
