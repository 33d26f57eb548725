package demo

import (
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// parts is what a treatment costs and who pays.
type parts struct {
	insurance money.Fen
	fund      money.Fen
	waiver    money.Fen
	net       money.Fen
}

func (p parts) bill() money.Fen { return money.Sum(p.insurance, p.fund, p.waiver, p.net) }

// layers divides what the insurers pay over the three public layers.
func (p parts) layers() (basic, critical, assistance money.Fen) {
	s := money.Split(p.insurance, []int64{66, 15, 19})
	return s[0], s[1], s[2]
}

// yuan is an amount by chance between two whole yuan, to the fen.
func (m *maker) yuan(low, high int) money.Fen {
	return money.Fen(low)*money.Yuan + money.Fen(m.rng.IntN((high-low)*100))
}

// divide sets every treatment's amounts. The joint programme's reductions are
// one sum divided by weight over its settled treatments, so that they add up to
// it exactly.
func (m *maker) divide() {
	var settled []*record
	var weights []int64
	for _, r := range m.stays {
		n := len(r.plan.ops)
		switch r.t.Programme {
		case procedure.Joint:
			r.bill.insurance = money.Fen(n) * m.yuan(24_000, 42_000)
			r.bill.net = pick(m, 0, m.yuan(100, 500), m.yuan(300, 900))
			if isSettled(r) {
				settled = append(settled, r)
				weights = append(weights, int64(n*(200+m.rng.IntN(120))))
				continue
			}
			m.reduce(r, m.yuan(18_000, 30_000))
		case procedure.Cataract:
			r.bill.insurance = m.yuan(3_400, 5_300)
			m.reduce(r, m.yuan(1_200, 2_500))
		case procedure.Coronary:
			r.bill.insurance, r.bill.net = m.yuan(14_000, 26_000), m.yuan(2_500, 7_500)
			if r.plan.ops[0].kind == procedure.CAG {
				r.bill.insurance, r.bill.net = m.yuan(2_800, 4_600), m.yuan(400, 1_500)
			}
			m.reduce(r, m.yuan(1_500, 4_500))
		}
	}
	for i, amount := range money.Split(jointReductions, weights) {
		m.reduce(settled[i], amount)
	}
}

// reduce divides a reduction: in one of seven treatments the hospital itself
// lets a fifth of it off.
func (m *maker) reduce(r *record, amount money.Fen) {
	r.bill.fund = amount
	if m.rng.IntN(7) == 0 {
		s := money.Split(amount, []int64{4, 1})
		r.bill.fund, r.bill.waiver = s[0], s[1]
	}
}

func isSettled(r *record) bool {
	return r.plan.until == treatment.Settled || r.plan.until == treatment.Closed
}

// asked is what is asked of the fund: the amount rounded up to a hundred yuan,
// as people do before they know the bill.
func (r *record) asked() money.Fen {
	const step = 100 * money.Yuan
	return (r.bill.fund + step - 1) / step * step
}

// request makes the application as it stands after the request.
func (m *maker) request(r *record, on clock.Date) {
	_, critical, assistance := r.bill.layers()
	// What is asked was rounded up before the bill was known: so was the bill, or
	// the family would be promised more than it has to pay.
	bill := r.bill.bill() + r.asked() - r.bill.fund
	r.approval = &store.BulkApproval{Of: &r.t, Approval: store.Approval{ID: m.next(), Treatment: r.t.ID, Case: r.t.Case, Hospital: r.t.Hospital,
		State: fund.ApprovalRequested, Bill: bill, Insurance: r.bill.insurance, Critical: critical, Assistance: assistance,
		Waiver: r.bill.waiver, Requested: r.asked(), RequestedBy: accountID("finance-" + hospitalCode(r.t.Hospital)), RequestedAt: at(on), Version: 1},
		Lines: []store.ApprovalLine{{Fund: fundID(string(r.t.Programme)), Amount: r.asked()}}}
	r.approval.Publication = answerOf(m.made)
	if r.t.Programme == procedure.Cataract && len(r.plan.ops) > 0 {
		r.approval.Eye = r.plan.ops[0].side
	}
	r.t.EstimateBill, r.t.EstimateInsurance = bill, r.bill.insurance
}

func (m *maker) approve(r *record, on clock.Date) {
	a := &r.approval.Approval
	a.State, a.Approved = fund.ApprovalApproved, a.Requested
	a.DecidedBy, a.DecidedAt = accountID(pick(m, "approver", "approver-2")), at(on)
}

func (m *maker) settle(r *record, on clock.Date) error {
	basic, critical, assistance := r.bill.layers()
	f := fundID(string(r.t.Programme))
	s := fee.Settlement{Bill: r.bill.bill(), Basic: basic, Critical: critical, Assistance: assistance, Waiver: r.bill.waiver, Net: r.bill.net,
		Funds: []fee.FundLine{{Fund: f, Amount: r.bill.fund}}}
	if err := s.Check(); err != nil {
		return err
	}
	lines := []store.SettlementLine{{Fund: f, Amount: r.bill.fund}}
	if r.bill.waiver > 0 {
		lines = append(lines, store.SettlementLine{Amount: r.bill.waiver})
	}
	r.settlement = &store.BulkSettlement{Of: &r.t, Lines: lines, Settlement: store.Settlement{ID: m.next(), Treatment: r.t.ID, Case: r.t.Case,
		Person: r.t.Person, Programme: r.t.Programme, Hospital: r.t.Hospital, Settlement: s, State: store.Settled, SettledOn: on,
		CreatedAt: at(on), CreatedBy: accountID("finance-" + hospitalCode(r.t.Hospital)), Version: 1}}
	return nil
}

func hospitalCode(id ident.ID) string {
	for _, h := range hospitals() {
		if h.id() == id {
			return h.code
		}
	}
	return ""
}

// pool is one fund of the demonstration and what comes in every half year.
type pool struct {
	programme procedure.Programme
	code      string
	name      string
	first     money.Fen
	half      money.Fen
}

func pools() []pool {
	return []pool{
		{procedure.Joint, "ZLXD", "站立行动资金池", 200 * money.Wan, 80 * money.Wan},
		{procedure.Cataract, "GMXD", "光明行动资金池", 8 * money.Wan, 4 * money.Wan},
		{procedure.Coronary, "HXXD", "护心行动资金池", 20 * money.Wan, 9 * money.Wan},
	}
}

// move is one thing that happens to a fund on a day.
type move struct {
	on    clock.Date
	order int // deposits first, then settlements, new holds, payments, returns
	do    func(b *fund.Book) error
}

// ledger plays deposits, reservations and payments of each fund in the order of
// the days, by the fund's own rules: a plan that overdraws does not load.
func (m *maker) ledger() error {
	for _, p := range pools() {
		f := fundID(string(p.programme))
		accounts := fund.Accounts{Source: id("account/source/" + p.code), Available: id("account/available/" + p.code),
			Reserved: id("account/reserved/" + p.code), Committed: id("account/committed/" + p.code), Paid: id("account/paid/" + p.code)}
		book := fund.Book{Fund: f, Name: p.name, Accounts: accounts}
		m.bulk.Funds = append(m.bulk.Funds, store.BulkFund{Accounts: accounts, Fund: store.Fund{ID: f, Code: p.code, Name: p.name,
			Programme: p.programme, Kind: fund.Pool, OpenedOn: opened(), CreatedAt: at(opened()), Version: 1}})
		moves := m.deposits(p)
		for _, r := range m.stays {
			if r.t.Programme == p.programme {
				moves = append(moves, m.movesOf(r)...)
			}
		}
		runs := m.batches(p)
		moves = append(moves, m.pays(runs)...)
		m.runs = append(m.runs, runs...)
		slices.SortStableFunc(moves, func(a, b move) int {
			if c := a.on.Compare(b.on); c != 0 {
				return c
			}
			return a.order - b.order
		})
		for _, x := range moves {
			if err := x.do(&book); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) deposits(p pool) []move {
	var out []move
	for on := opened().AddDays(10); !on.After(m.today); on = on.AddMonths(6) {
		amount := p.half
		if len(out) == 0 {
			amount = p.first
		}
		out = append(out, move{on, 0, func(b *fund.Book) error {
			t, err := b.Deposit(fund.Stamp{ID: m.next(), On: on}, amount)
			return m.post(b, t, err, posting{at: at(on), by: "approver", note: "半年度拨款（示例）"})
		}})
	}
	return out
}

// movesOf are the hold and the payment of one treatment.
func (m *maker) movesOf(r *record) []move {
	if r.approval == nil || r.approval.State != fund.ApprovalApproved {
		return nil
	}
	line := &r.approval.Lines[0]
	held := clock.DateOf(r.approval.DecidedAt.In(clock.Shanghai))
	out := []move{{held, 2, func(b *fund.Book) error {
		t, hold, err := b.Reserve(fund.Stamp{ID: m.next(), On: held}, line.Amount)
		line.Transfer, line.Hold = hold.ID, hold.State
		return m.post(b, t, err, posting{r: r, at: r.approval.DecidedAt, by: "approver"})
	}}}
	if r.settlement == nil {
		return out
	}
	return append(out, move{r.settlement.SettledOn, 1, func(b *fund.Book) error {
		t, hold, err := b.Commit(fund.Stamp{ID: m.next(), On: r.settlement.SettledOn}, line.Holding(), fund.Spending{Spent: r.bill.fund})
		line.Hold, r.settlement.Lines[0].Transfer = hold.State, t.ID
		return m.post(b, t, err, posting{r: r, at: at(r.settlement.SettledOn), by: "finance-" + hospitalCode(r.t.Hospital)})
	}})
}

// posting is who posted a transfer, when, and for what.
type posting struct {
	r      *record
	at     time.Time
	by     string
	note   string
	paying bool // after the settlement: the approval has no more part in it
}

func (m *maker) post(b *fund.Book, t fund.Transfer, err error, p posting) error {
	if err != nil {
		return err
	}
	next, err := b.Apply(t)
	if err != nil {
		return err
	}
	if err := m.purseOf(*b, next, t, p); err != nil {
		return err
	}
	*b = next
	x := store.Posting{Transfer: t, Fund: b.Fund, Note: p.note}
	if p.r != nil {
		if x.Treatment = p.r.t.ID; !p.paying {
			x.Approval = p.r.approval.ID
		}
	}
	m.bulk.Transfers = append(m.bulk.Transfers, store.BulkTransfer{Posting: x, Made: store.Made{At: p.at, By: accountID(p.by)}})
	return nil
}
