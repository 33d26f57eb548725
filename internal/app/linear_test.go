package app

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// register is what a fund says of itself.
type register struct{ available, reserved, committed money.Fen }

// moved is one thing done to two funds, or a look at both.
type moved struct {
	what  string
	fund  int
	held  money.Fen // of the reservation
	spent money.Fen // by the settlement
}

// answered is what the service said: what there is, or that there was not enough.
type answered struct {
	refused bool
	seen    [2]register
}

// account is what one after the other would do to two funds.
func account(initial [2]register) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return initial },
		Step: func(state, input, output any) (bool, any) {
			funds, in, out := state.([2]register), input.(moved), output.(answered)
			f := &funds[in.fund]
			need := in.held
			switch in.what {
			case "look":
				return out.seen == funds, state
			case "reverse":
				need = in.held - in.spent
			case "deposit", "revoke", "settle":
				need = 0
			}
			if enough := f.available >= need; !enough || out.refused {
				return enough != out.refused, state
			}
			switch in.what {
			case "deposit":
				f.available += in.held
			case "reserve":
				f.available, f.reserved = f.available-in.held, f.reserved+in.held
			case "revoke":
				f.available, f.reserved = f.available+in.held, f.reserved-in.held
			case "settle":
				f.reserved, f.committed, f.available = f.reserved-in.held, f.committed+in.spent, f.available+in.held-in.spent
			case "reverse":
				f.reserved, f.committed, f.available = f.reserved+in.held, f.committed-in.spent, f.available-in.held+in.spent
			case "move":
				f.available -= in.held
				funds[1-in.fund].available += in.held
			}
			return true, funds
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v: %+v", in, out) },
	}
}

// edition is a case as an editor finds it: its version and what stands there.
type edition struct {
	version int64
	day     clock.Date
}

// edited is a change made on a version, or a look.
type edited struct {
	look bool
	on   edition
}

// register of a case: a change counts on the version it names, and on no other.
func versions(initial edition) porcupine.Model {
	type answer = edition
	return porcupine.Model{
		Init: func() any { return initial },
		Step: func(state, input, output any) (bool, any) {
			now, in, out := state.(edition), input.(edited), output.(answer)
			switch stale := out == (answer{}); {
			case in.look:
				return out == now, now
			case now.version != in.on.version || stale:
				return stale && now.version != in.on.version, now
			}
			next := edition{now.version + 1, in.on.day}
			return out == next, next
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v: %+v", in, out) },
	}
}

const (
	hands   = 5  // at a time
	actions = 50 // of a history
	fresh   = 20 // histories, then new records: the old ones have a long past
)

// TestWhatHappensAtOnceHappensOneAfterTheOther: five people reserve, revoke, settle,
// reverse, deposit, move between two funds and look, or edit one case by the version
// they read. Each history of their answers could have come about one after the
// other, in an order that nobody who waited for an answer would dispute. -scale is
// the number of histories of each kind.
func TestWhatHappensAtOnceHappensOneAfterTheOther(t *testing.T) {
	seed := scaletest.Seed(t)
	w := servicetest.New(t)
	histories := scaletest.Times(2)
	t.Run("funds", func(t *testing.T) {
		b := &bench{World: w, money: funding.New(funding.Deps{DB: w.DB, Policy: w.Policy}), t: t}
		b.run(seed, histories)
	})
	t.Run("case", func(t *testing.T) {
		e := &editors{World: w, care: care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock}), t: t}
		e.run(seed, histories)
	})
}

// recorder keeps what was asked and answered, and when.
type recorder struct {
	mu   sync.Mutex
	from time.Time
	list []porcupine.Operation
}

func (r *recorder) ask(hand int, input any, do func() any) any {
	called := time.Since(r.from)
	output := do()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, porcupine.Operation{ClientId: hand, Input: input, Call: int64(called), Output: output, Return: int64(time.Since(r.from))})
	return output
}

// together lets all hands act at once, each so many times.
func together(act func(r *recorder, hand, n int)) []porcupine.Operation {
	r := &recorder{from: time.Now()}
	var wait sync.WaitGroup
	for hand := range hands {
		wait.Go(func() {
			for n := range actions / hands {
				act(r, hand, n)
			}
		})
	}
	wait.Wait()
	return r.list
}

// overlapping counts the actions that began before another one had ended.
func overlapping(list []porcupine.Operation) (n int) {
	for i, a := range list {
		if slices.ContainsFunc(list[i+1:], func(b porcupine.Operation) bool { return a.Call < b.Return && b.Call < a.Return }) {
			n++
		}
	}
	return n
}

func checked(t *testing.T, m porcupine.Model, list []porcupine.Operation, name string) {
	t.Helper()
	if got := porcupine.CheckOperationsTimeout(m, list, time.Minute); got != porcupine.Ok {
		t.Errorf("%s: %s", name, got)
		slices.SortFunc(list, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		for _, o := range list {
			t.Logf("%d: %v–%v %s", o.ClientId, time.Duration(o.Call), time.Duration(o.Return), m.DescribeOperation(o.Input, o.Output))
		}
	}
}

// bench are five desks over two funds.
type bench struct {
	*servicetest.World
	money  *funding.Service
	t      *testing.T
	funds  [2]ident.ID
	office [3]user.Principal
	clerk  user.Principal
	desks  [hands]desk
	failed atomic.Bool
	late   atomic.Bool // an answer did not come: the history is not one
}

// desk has a treatment whose application goes back and forth, and one whose bill does.
type desk struct {
	rnd        *rand.Rand
	fund       int
	asked      ident.ID // application; nil: to be asked for
	treatment  ident.ID
	held       money.Fen
	approved   bool
	billed     ident.ID // the other treatment
	hold       money.Fen
	settlement ident.ID // nil: to be settled
	spent      money.Fen
}

func (b *bench) run(seed uint64, histories int) {
	b.office = [3]user.Principal{b.Approver(), b.SecondApprover(), b.Approver()}
	b.office[2].AccountID = ident.New() // a third one
	b.clerk = b.Finance(servicetest.Mountain)
	b.Registrar(servicetest.Mountain)
	refused, did, at, dropped := 0, 0, 0, 0
	for n := range histories {
		if n%fresh == 0 || b.late.Swap(false) {
			b.furnish(n/fresh%2 == 1)
		}
		for i := range b.desks {
			b.desks[i].rnd = rand.New(rand.NewPCG(seed, uint64(n*hands+i)))
		}
		b.drain()
		initial := b.look()
		list := together(func(r *recorder, hand, _ int) { b.act(r, hand, &b.desks[hand]) })
		if b.failed.Load() {
			return
		}
		if b.late.Load() {
			dropped++
			continue
		}
		checked(b.t, account(initial), list, fmt.Sprintf("history %d of the funds", n))
		for _, o := range list {
			did++
			if o.Output.(answered).refused {
				refused++
			}
		}
		at += overlapping(list)
		if n == 0 {
			b.spoil(initial, list)
		}
	}
	b.t.Logf("%d histories, %d actions, %d of them at the same time as others, %d told that there is not enough; %d dropped on a machine too busy", histories-dropped, did, at,
		refused, dropped)
}

// furnish opens two funds, in lanes or whole, and gives each desk its treatments.
func (b *bench) furnish(lanes bool) {
	for i := range b.funds {
		b.funds[i] = b.Fund(20_000).ID
		if lanes {
			b.Do(b.System(), func(tx *store.Tx) error { return tx.SplitFund(b.funds[i], fund.MaxLanes) })
		}
	}
	for i := range b.desks {
		d := &b.desks[i]
		*d = desk{rnd: rand.New(rand.NewPCG(uint64(i), 1)), fund: i % 2, treatment: b.Eligible(servicetest.Mountain).ID, hold: money.Fen(200 + 100*i)}
		billed := b.Eligible(servicetest.Mountain)
		d.billed = billed.ID
		if !b.approve(b.request(d.billed, d.fund, d.hold)) {
			b.t.Fatal("the first reservation is refused")
		}
		b.Do(b.System(), func(tx *store.Tx) (err error) { billed, err = tx.TreatmentByID(billed.ID); return err })
		b.Advance(billed, treatment.Admit, treatment.LogOperation, treatment.Discharge)
	}
}

// drain sends what is beyond a small sum back, so that there is not enough for all.
func (b *bench) drain() {
	for i, f := range b.look() {
		if more := f.available - 1_500; more > 0 {
			b.Do(b.System(), func(tx *store.Tx) error {
				books, err := tx.Books(b.funds[i])
				if err != nil {
					return err
				}
				out, err := books[b.funds[i]].Leave(fund.Stamp{ID: ident.New(), On: tx.Today()}, fund.KindReturn, more)
				if err != nil {
					return err
				}
				return tx.PostTransfer(store.Posting{Transfer: out, Fund: b.funds[i], Note: "退回"})
			})
		}
	}
}

// act does one thing at a desk.
func (b *bench) act(r *recorder, hand int, d *desk) {
	x := moved{fund: d.fund}
	var do func() bool
	switch n := d.rnd.IntN(20); {
	case n < 5:
		r.ask(hand, moved{what: "look"}, func() any { return answered{seen: b.look()} })
		return
	case n < 7:
		x.what, x.held = "deposit", money.Fen(1+d.rnd.IntN(200))
		do = func() bool {
			_, err := b.money.Deposit(b.T.Context(), b.office[0], funding.Deposit{Fund: b.funds[x.fund], Amount: x.held, Note: "协作资金"}, "")
			return b.enough(err)
		}
	case n < 10:
		x.what, x.held, x.fund = "move", money.Fen(1+d.rnd.IntN(900)), d.rnd.IntN(2)
		id, ok := b.ready(x)
		if !ok {
			r.ask(hand, moved{what: "look"}, func() any { return answered{seen: b.look()} })
			return
		}
		do = func() bool {
			_, err := b.money.DecideMove(b.T.Context(), b.office[2], funding.MoveDecision{Move: id, Approve: true, Version: 2}, "")
			return b.enough(err)
		}
	case n < 15:
		do = b.application(d, &x)
	default:
		do = b.bill(d, &x)
	}
	r.ask(hand, x, func() any { return answered{refused: !do()} })
}

// application reserves for the desk's application, or revokes it.
func (b *bench) application(d *desk, x *moved) func() bool {
	if d.approved {
		x.what, x.held, d.approved = "revoke", d.held, false
		id := d.asked
		d.asked = ident.Nil
		return func() bool {
			_, err := b.money.Decide(b.T.Context(), b.office[0], funding.Decision{Approval: id, Decision: fund.DecideRevoke, Opinion: "改期", Version: b.Version(id)}, "")
			return b.enough(err)
		}
	}
	if d.asked == ident.Nil {
		d.held = money.Fen(1 + d.rnd.IntN(1_200))
		d.asked = b.request(d.treatment, d.fund, d.held)
	}
	x.what, x.held = "reserve", d.held
	return func() bool { d.approved = b.approve(d.asked); return d.approved }
}

// bill settles the desk's bill, or takes the settlement back.
func (b *bench) bill(d *desk, x *moved) func() bool {
	x.held = d.hold
	if d.settlement != ident.Nil {
		x.what, x.spent = "reverse", d.spent
		version := b.Version(d.settlement)
		return func() bool {
			_, err := b.money.Reverse(b.T.Context(), b.clerk, funding.Reversal{Settlement: d.settlement, Reason: "更正", Version: version}, "")
			if b.enough(err) {
				d.settlement = ident.Nil
				return true
			}
			return false
		}
	}
	x.what, x.spent = "settle", money.Fen(1+d.rnd.Int64N(int64(d.hold)))
	d.spent = x.spent
	return func() bool {
		in := funding.Settle{Treatment: d.billed, Settlement: fee.Settlement{Bill: 6_000_000, Basic: 2_000_000, Funds: []fee.FundLine{{Fund: b.funds[d.fund], Amount: x.spent}}}}
		in.Settlement = in.Settlement.WithNet()
		out, err := b.money.Settle(b.T.Context(), b.clerk, in, "")
		d.settlement = out.Settlement
		return b.enough(err)
	}
}

// ready is a move that waits for its last signature.
func (b *bench) ready(x moved) (ident.ID, bool) {
	ask := fund.Move{Kind: fund.CarryOver, From: b.funds[x.fund], To: b.funds[1-x.fund], Amount: x.held, Rule: "资金管理办法第九条", Reason: "结转"}
	id, err := b.money.RequestMove(b.T.Context(), b.office[0], ask, "")
	if !b.enough(err) {
		return id, false
	}
	_, err = b.money.DecideMove(b.T.Context(), b.office[1], funding.MoveDecision{Move: id, Approve: true, Version: 1}, "")
	return id, b.enough(err)
}

func (b *bench) request(treatment ident.ID, from int, amount money.Fen) ident.ID {
	out, err := b.money.Request(b.T.Context(), b.clerk, funding.Request{Treatment: treatment, Bill: 6_000_000, Basic: 2_000_000,
		Funds: []fee.FundLine{{Fund: b.funds[from], Amount: amount}}, Reason: "低保对象"}, "")
	b.enough(err)
	return out.Approval
}

func (b *bench) approve(id ident.ID) bool {
	_, err := b.money.Decide(b.T.Context(), b.office[0], funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: b.Version(id)}, "")
	return b.enough(err)
}

// enough says whether there was enough; any other refusal ends the test.
func (b *bench) enough(err error) bool {
	rules := []string{"fund.sufficient", "fund.sufficient_move", "fund.reversible"}
	if errs.Is(err, errs.Unavailable) {
		b.late.Store(true)
	} else if err != nil && !slices.Contains(rules, errs.Of(err).Rule) && !b.failed.Swap(true) {
		b.t.Errorf("%v (%s)", err, errs.Of(err).Rule)
	}
	return err == nil
}

// look reads both funds as the office does.
func (b *bench) look() (out [2]register) {
	list, err := b.money.Funds(b.T.Context(), b.office[0])
	b.enough(err)
	for _, f := range list {
		if i := slices.Index(b.funds[:], f.ID); i >= 0 {
			out[i] = register{f.Balances.Available, f.Balances.Reserved, f.Balances.Committed}
		}
	}
	return out
}

// spoil shows that the checker sees: a true history with one answer changed, a look
// that misses what was answered before, and money given out twice are none.
func (b *bench) spoil(initial [2]register, list []porcupine.Operation) {
	m, spoilt := account(initial), 0
	for i, o := range list {
		in, out := o.Input.(moved), o.Output.(answered)
		if in.what != "look" {
			continue
		}
		out.seen[1].committed++
		wrong := slices.Clone(list)
		wrong[i].Output = out
		spoilt++
		if porcupine.CheckOperations(m, wrong) {
			b.t.Errorf("a fen more in a look at %v is not noticed", time.Duration(o.Call))
		}
	}
	if spoilt == 0 {
		b.t.Error("nobody looked")
	}
	poor := [2]register{{available: 100}, {}}
	paid, all := answered{}, moved{what: "reserve", held: 100}
	for name, wrong := range map[string][]porcupine.Operation{
		"the last 100 are given out twice":               {{ClientId: 0, Input: all, Output: paid, Call: 0, Return: 10}, {ClientId: 1, Input: all, Output: paid, Call: 5, Return: 15}},
		"somebody is refused although nobody else asked": {{ClientId: 0, Input: all, Output: answered{refused: true}, Call: 0, Return: 10}},
		"a look after the answer shows what was before": {{ClientId: 0, Input: all, Output: paid, Call: 0, Return: 10},
			{ClientId: 1, Input: moved{what: "look"}, Output: answered{seen: poor}, Call: 11, Return: 12}},
		"of a move only one side is seen": {{ClientId: 0, Input: moved{what: "move", held: 40}, Output: paid, Call: 0, Return: 10},
			{ClientId: 1, Input: moved{what: "look"}, Output: answered{seen: [2]register{{available: 60}, {}}}, Call: 2, Return: 8}},
	} {
		if porcupine.CheckOperations(account(poor), wrong) {
			b.t.Errorf("%s: not noticed", name)
		}
	}
}

// editors are five people with the same case open.
type editors struct {
	*servicetest.World
	care *care.Service
	t    *testing.T
}

func (e *editors) run(seed uint64, histories int) {
	who := e.Registrar(servicetest.Mountain)
	var id ident.ID
	stale, did, at := 0, 0, 0
	for n := range histories {
		if n%fresh == 0 {
			id = e.Case(servicetest.Mountain, procedure.Joint, "向春晓").ID
		}
		look := func() edition {
			v, err := e.care.Case(e.T.Context(), who, id)
			if err != nil {
				e.t.Error(err)
			}
			if v.Second == nil {
				return edition{version: v.Version}
			}
			return edition{v.Version, v.Second.From}
		}
		initial := look()
		var draws [hands]*rand.Rand
		var known [hands]edition
		for i := range draws {
			draws[i], known[i] = rand.New(rand.NewPCG(seed, uint64(n*hands+i))), initial
		}
		list := together(func(r *recorder, hand, turn int) {
			if draws[hand].IntN(3) == 0 {
				known[hand] = r.ask(hand, edited{look: true}, func() any { return look() }).(edition)
				return
			}
			in := edited{on: edition{known[hand].version, clock.MustDate(2027, 1, 1).AddDays(turn*hands + hand)}}
			out := r.ask(hand, in, func() any { return e.plan(who, id, in) }).(edition)
			if out != (edition{}) {
				known[hand] = out
			} else if draws[hand].IntN(2) == 0 {
				known[hand] = look()
			}
		})
		if e.t.Failed() {
			return
		}
		checked(e.t, versions(initial), list, fmt.Sprintf("history %d of a case", n))
		for _, o := range list {
			did++
			if o.Output.(edition) == (edition{}) {
				stale++
			}
		}
		at += overlapping(list)
		if n == 0 {
			e.spoil(initial, list)
		}
	}
	e.t.Logf("%d histories, %d actions, %d of them at the same time as others, %d told that somebody was faster", histories, did, at, stale)
}

// plan notes the other side for a day, on the version read; nothing: somebody was faster.
func (e *editors) plan(who user.Principal, id ident.ID, in edited) edition {
	c, err := e.care.PlanSecond(e.T.Context(), who, care.SecondInput{Case: id, Version: in.on.version,
		Plan: casefile.SecondSide{Site: procedure.Knee, Side: procedure.Right, From: in.on.day}}, store.Key{})
	switch {
	case errs.Is(err, errs.Stale):
		return edition{}
	case err != nil:
		e.t.Error(err)
		return edition{}
	}
	return edition{c.Version, c.Second.From}
}

// spoil shows that the checker sees two changes on one version, and each success of
// a true history that is told as another version.
func (e *editors) spoil(initial edition, list []porcupine.Operation) {
	day := clock.MustDate(2027, 1, 1)
	first, second := edited{on: edition{1, day}}, edited{on: edition{1, day.AddDays(1)}}
	lost := []porcupine.Operation{{ClientId: 0, Input: first, Output: edition{2, day}, Call: 0, Return: 10},
		{ClientId: 1, Input: second, Output: edition{2, day.AddDays(1)}, Call: 1, Return: 11}}
	if porcupine.CheckOperations(versions(edition{version: 1}), lost) {
		e.t.Error("two changes on one version: not noticed")
	}
	for i, o := range list {
		out := o.Output.(edition)
		if out == (edition{}) {
			continue
		}
		out.version++
		wrong := slices.Clone(list)
		wrong[i].Output = out
		if porcupine.CheckOperations(versions(initial), wrong) {
			e.t.Errorf("another version in the answer to %+v is not noticed", o.Input)
		}
	}
}
