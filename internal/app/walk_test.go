package app

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// walker is somebody who tries steps, with the duties the model knows them by.
type walker struct {
	name   string
	who    user.Principal
	duties []string
}

func (w *walker) any(duties []string) bool {
	return slices.ContainsFunc(w.duties, func(d string) bool { return slices.Contains(duties, d) })
}

// found is a treatment as the database has it.
type found struct {
	id, application, settlement ident.ID // nil where there is none
	state, path, applied, file  string
	events, version             int
	appliedVersion, paidVersion int
	fileVersion                 int
	held                        int64
}

// hike is one walk: a few cases of one hospital and one fund, which many people do
// many things to, in an order drawn by the seed.
type hike struct {
	*model
	walk    *walk
	place   servicetest.Place
	people  []*walker
	visitor ident.ID // practitioner
	rnd     *rand.Rand
	fund    ident.ID
	cases   []ident.ID // beside model.files
	order   []*standing
	seen    map[*standing]found
	trail   []string
}

// walk is the world all hikes go through.
type walk struct {
	*servicetest.World
	care           *care.Service
	money          *funding.Service
	look, balances *sql.Stmt
	events         *sql.Stmt
	taken, refused atomic.Int64
	late           atomic.Int64 // hikes that ended because an answer did not come in time
	steps          sync.Map     // taken, by name
}

const lookAtTreatments = `select t.id, t.state, t.path, t.version, (select count(*) from treatment_event e where e.partnership_id = t.partnership_id and e.treatment_id = t.id),
	coalesce(a.id, '00000000-0000-0000-0000-000000000000'), coalesce(a.state, ''), coalesce(a.version, 0), coalesce(s.id, '00000000-0000-0000-0000-000000000000'),
	coalesce(s.version, 0), c.state, c.version, (select coalesce(sum(e.amount_fen), 0)::bigint from ledger_transfer x join ledger_entry e on e.partnership_id = x.partnership_id
		and e.transfer_id = x.id join ledger_account l on l.partnership_id = e.partnership_id and l.id = e.account_id and l.kind = 'reserved'
		where x.partnership_id = t.partnership_id and x.treatment_id = t.id)
	from treatment t join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
	left join lateral (select a.id, a.state, a.version from approval a where a.partnership_id = t.partnership_id and a.treatment_id = t.id
		order by a.requested_at desc, a.id desc limit 1) a on true
	left join settlement s on s.partnership_id = t.partnership_id and s.treatment_id = t.id and s.state <> 'reversed'
	where t.partnership_id = $1 and t.case_id = any ($2::uuid[])`

const lookAtFund = `select -coalesce(sum(balance_fen) filter (where kind = 'source'), 0)::bigint, coalesce(sum(balance_fen) filter (where kind = 'available'), 0)::bigint,
	coalesce(sum(balance_fen) filter (where kind = 'reserved'), 0)::bigint, coalesce(sum(balance_fen) filter (where kind = 'committed'), 0)::bigint
	from ledger_account where partnership_id = $1 and fund_id = $2`

const lookAtSteps = `select e.treatment_id, e.action, e.from_state, e.to_state, e.path from treatment_event e join treatment t on t.partnership_id = e.partnership_id
	and t.id = e.treatment_id where t.partnership_id = $1 and t.case_id = any ($2::uuid[]) order by e.treatment_id, e.created_at, e.id`

// duties are those of the hospital's own people and of its office; who has them
// elsewhere may fill in a form, and is told what is missing in it, but no more.
var duties, elsewhere = []string{"registrar", "finance", "doctor", "visitor", "approver"}, []string{"elsewhere"}

// People of every duty do what they may and what they may not, to records in every
// state. After each step every treatment of the walk, its case, its application, and
// the fund stand in the database as a model of the programme's rules expects, and
// what was refused has changed nothing. -scale is the number of steps.
func TestAWalkOfAnySteps(t *testing.T) {
	seed := scaletest.Seed(t)
	world := servicetest.New(t)
	w := &walk{World: world, care: care.New(care.Deps{DB: world.DB, Policy: world.Policy, Clock: world.Clock}),
		money: funding.New(funding.Deps{DB: world.DB, Policy: world.Policy})}
	behind := pgtest.Open(t, world.Database.SuperDSN)
	for query, into := range map[string]**sql.Stmt{lookAtTreatments: &w.look, lookAtFund: &w.balances, lookAtSteps: &w.events} {
		stmt, err := behind.PrepareContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Close()
		*into = stmt
	}
	places := []servicetest.Place{servicetest.Mountain, servicetest.MountainTwo}
	crowd := make([][]*walker, len(places))
	for i := range places {
		crowd[i] = w.crowd(places[i], places[1-i])
	}
	const each = 100 // steps of a hike
	hikes, begun := (scaletest.Times(200)+each-1)/each, atomic.Int64{}
	start := time.Now()
	var hands sync.WaitGroup
	for i, place := range places {
		hands.Go(func() {
			for !t.Failed() {
				n := begun.Add(1)
				if n > int64(hikes) {
					return
				}
				w.hike(place, crowd[i], seed, uint64(n)).run(t, each)
			}
		})
	}
	hands.Wait()
	took := time.Since(start)
	var names []string
	w.steps.Range(func(k, v any) bool {
		names = append(names, fmt.Sprintf("%s %d", k, v.(*atomic.Int64).Load()))
		return true
	})
	slices.Sort(names)
	t.Logf("%d steps in %v (%.0f a second): %d taken, %d refused, each as expected; %d hikes ended early\n%s", w.taken.Load()+w.refused.Load(), took.Round(time.Second),
		float64(w.taken.Load()+w.refused.Load())/took.Seconds(), w.taken.Load(), w.refused.Load(), w.late.Load(), strings.Join(names, ", "))
}

// crowd are the people of a hospital, of the next one and of the offices.
func (w *walk) crowd(here, near servicetest.Place) []*walker {
	both := w.Screener(here) // registers patients here and decides at the office: one person all the same
	w.Do(w.System().In(ident.Nil), func(tx *store.Tx) error {
		for _, a := range []user.Assignment{{Role: user.Registrar, ScopeKind: user.ScopeHospital, ScopeID: w.ID(here)},
			{Role: user.Approver, ScopeKind: user.ScopePartnership, ScopeID: w.Partnership.ID}} {
			a.ID, a.Account, a.PartnershipID, a.From = ident.New(), both.AccountID, w.Partnership.ID, w.Today()
			if err := tx.InsertAssignment(a); err != nil {
				return err
			}
		}
		return nil
	})
	if err := w.Policy.Reload(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	return []*walker{
		{"registrar", w.Registrar(here), []string{"registrar"}}, {"finance", w.Finance(here), []string{"finance"}}, {"doctor", w.Doctor(here), []string{"doctor"}},
		{"visiting doctor", w.Visiting(here), []string{"visitor"}}, {"approver", w.Approver(), []string{"approver"}},
		{"second approver", w.SecondApprover(), []string{"approver"}}, {"registrar and approver", w.Refresh(both), []string{"registrar", "approver"}},
		{"head", w.HospitalHead(here), nil}, {"administrator", w.HospitalAdmin(here), nil}, {"official", w.Official(), nil}, {"donor", w.OfficialDonor(), nil},
		{"auditor", w.Auditor(), nil}, {"fund finance", w.FundFinance(), nil}, {"system", w.SystemAdmin(), nil}, {"security", w.SecurityAdmin(), nil},
		{"log", w.AuditAdmin(), nil}, {"next registrar", w.Registrar(near), elsewhere}, {"next finance", w.Finance(near), elsewhere},
		{"next doctor", w.Doctor(near), elsewhere}, {"next visiting doctor", w.Visiting(near), elsewhere}, {"foreign registrar", w.Other.Registrar(here), elsewhere},
		{"foreign approver", w.Other.Approver(), elsewhere},
	}
}

func (w *walk) hike(place servicetest.Place, people []*walker, seed, n uint64) *hike {
	const money = 20_000_000
	h := &hike{walk: w, place: place, people: people, visitor: people[3].who.PractitionerID, rnd: rand.New(rand.NewPCG(seed, n)), seen: map[*standing]found{},
		model: &model{legs: legs(), here: string(place), purse: purse{received: money, available: money}}}
	h.fund = w.Fund(money).ID
	return h
}

func (h *hike) run(t *testing.T, steps int) {
	for i := range steps {
		what, err := h.step()
		h.trail = append(h.trail, what)
		if errs.Is(err, errs.Unavailable) { // a machine that is too busy: what became of the step is not known
			h.walk.late.Add(1)
			return
		}
		if err == nil {
			err = h.compare()
		}
		if err != nil {
			t.Errorf("step %d of a hike at %s: %v\n%s", i, h.place, err, strings.Join(h.trail[max(0, len(h.trail)-40):], "\n"))
			return
		}
		h.walk.Clock.Advance(time.Millisecond)
	}
	if err := h.trails(); err != nil {
		t.Error(err)
	}
}

// step draws one thing to try, asks the model and the service, and says what it was.
func (h *hike) step() (string, error) {
	switch n := h.rnd.IntN(100); {
	case len(h.files) == 0, n < 2 && len(h.files) < 6:
		h.open()
		return "a new case", nil
	case len(h.order) == 0, n < 6 && len(h.order) < 9:
		return h.openTreatment()
	case n < 9:
		return h.shut()
	case n < 11:
		return h.deposit()
	}
	x := h.draw()
	l, yes := h.judge(x)
	t := x.on
	text := fmt.Sprintf("#%d %s/%s %s: %s by %s, reason %v, stale %v, foreign %v, %d fen, long %v, to %s", slices.Index(h.order, t), t.state, t.path, t.application, x.step, x.by.name,
		x.reason, x.stale, x.foreign, x.amount, x.long, x.to)
	err := h.do(x)
	if yes {
		h.take(x, l)
		count, _ := h.walk.steps.LoadOrStore(x.step, &atomic.Int64{})
		count.(*atomic.Int64).Add(1)
	}
	return text, h.expect(yes, err, x.by)
}

// expect holds the answer to what the rules say. Who has no duty here learns nothing
// but that.
func (h *hike) expect(yes bool, err error, by *walker) error {
	kind := errs.KindOf(err)
	switch {
	case err != nil && kind == errs.Unavailable:
		return err
	case yes && err != nil:
		return fmt.Errorf("the rules allow it, the service says %w (%s)", err, errs.Of(err).Rule)
	case yes:
		h.walk.taken.Add(1)
		return nil
	case err == nil:
		return fmt.Errorf("the rules forbid it, the service did it")
	case !by.any(duties) && kind != errs.Forbidden && kind != errs.NotFound && !(kind == errs.Invalid && by.any(elsewhere)):
		return fmt.Errorf("somebody without the duty is told %w", err)
	case !slices.Contains([]errs.Kind{errs.Invalid, errs.Forbidden, errs.NotFound, errs.Conflict, errs.Stale, errs.Precondition}, kind):
		return fmt.Errorf("a refusal that is a fault: %w", err)
	}
	h.walk.refused.Add(1)
	return nil
}

// open makes a case of a new person; one in four has no proof of need.
func (h *hike) open() {
	c := h.walk.Case(h.place, procedure.Joint, "向春晓")
	f := &file{papers: h.rnd.IntN(4) > 0, sent: map[string]bool{}}
	if !f.papers {
		h.walk.Exec(`update attachment set replaced_by = id where owner_id in (select id from beneficiary where person_id = $1)`, c.Person)
	}
	h.files, h.cases = append(h.files, f), append(h.cases, c.ID)
}

func (h *hike) someone() *walker { return h.people[h.rnd.IntN(len(h.people))] }

func (h *hike) openTreatment() (string, error) {
	i, by := h.rnd.IntN(len(h.files)), h.people[0]
	if h.rnd.IntN(3) == 0 {
		by = h.someone()
	}
	f := h.files[i]
	yes := by.any([]string{"registrar"}) && !f.closed
	made, err := h.walk.care.OpenTreatment(h.walk.T.Context(), by.who, care.PlanInput{Case: h.cases[i], Hospital: h.walk.ID(h.place), Plan: "左膝全膝关节置换"}, store.Key{})
	if yes && err == nil {
		s := &standing{file: f, opener: by, state: "planned", path: "normal", events: 1}
		f.treatments, h.order = append(f.treatments, s), append(h.order, s)
		h.seen[s] = found{id: made.ID}
	}
	return "open a treatment by " + by.name, h.expect(yes, err, by)
}

// shut closes a case or opens it again.
func (h *hike) shut() (string, error) {
	i, by, ctx := h.rnd.IntN(len(h.files)), h.people[0], h.walk.T.Context()
	if h.rnd.IntN(3) == 0 {
		by = h.someone()
	}
	f := h.files[i]
	if len(f.treatments) == 0 {
		return "", nil
	}
	version := int64(h.seen[f.treatments[0]].fileVersion)
	yes := by.any([]string{"registrar"})
	if f.closed || h.rnd.IntN(8) == 0 {
		_, err := h.walk.care.ReopenCase(ctx, by.who, care.ReopenInput{Case: h.cases[i], Version: version}, store.Key{})
		yes = yes && f.closed
		f.closed = f.closed && !yes
		return "reopen a case by " + by.name, h.expect(yes, err, by)
	}
	why := casefile.Completed
	if h.rnd.IntN(2) == 0 {
		why = casefile.Withdrawn
	}
	_, err := h.walk.care.CloseCase(ctx, by.who, care.CloseInput{Case: h.cases[i], Version: version, Closure: why, On: h.walk.Today()}, store.Key{})
	yes = yes && !f.under() && (why != casefile.Completed || f.treated())
	f.closed = yes
	return "close a case by " + by.name, h.expect(yes, err, by)
}

func (h *hike) deposit() (string, error) {
	by, amount := h.people[4], 1+h.rnd.Int64N(4_000_000)
	if h.rnd.IntN(3) == 0 {
		by = h.someone()
	}
	_, err := h.walk.money.Deposit(h.walk.T.Context(), by.who, funding.Deposit{Fund: h.fund, Amount: money.Fen(amount), Note: "协作财政资金"}, "")
	yes := by.any([]string{"approver"})
	if yes {
		h.purse.received += amount
		h.purse.available += amount
	}
	return "deposit by " + by.name, h.expect(yes, err, by)
}

// draw picks a record and something to do with it: mostly what leads on from where
// it stands, by somebody who may; else anything by anybody.
func (h *hike) draw() try {
	t := h.order[h.rnd.IntN(len(h.order))]
	x := try{on: t, by: h.someone(), reason: h.rnd.IntN(12) > 0, stale: h.rnd.IntN(30) == 0, long: h.rnd.IntN(4) == 0,
		to: string(servicetest.Places()[h.rnd.IntN(4)])}
	l := h.legs[h.rnd.IntN(len(h.legs))]
	if h.rnd.IntN(10) < 8 {
		var here []leg
		for _, l := range h.legs {
			// Ends and emergencies are open from everywhere: few of them, or nothing goes far.
			rare := slices.Contains([]string{"declined", "withdrawn", "died", "lost", "cancelled"}, l.toState) || l.via == "emergency" && l.path == "normal"
			if l.state == t.state && l.path == t.path && (!rare || h.rnd.IntN(6) == 0) {
				here = append(here, l)
			}
		}
		if len(here) > 0 {
			l = here[h.rnd.IntN(len(here))]
			for !x.by.any(l.who) {
				x.by = h.someone()
			}
		}
	}
	x.step = l.step
	x.foreign = own[x.step] != "" && h.rnd.IntN(20) == 0
	switch x.step {
	case "request":
		x.amount = 1 + h.rnd.Int64N(5_000_000)
	case "approve":
		x.amount = t.asked
		if n := h.rnd.IntN(6); n == 0 {
			x.amount = 1 + h.rnd.Int64N(5_000_000)
		} else if t.signing > 0 {
			x.amount = t.signing
		}
		x.amount = max(x.amount, 1)
	case "settle":
		if n := h.rnd.IntN(6); n == 0 {
			x.amount = 1 + h.rnd.Int64N(5_000_000)
		} else if n > 1 {
			x.amount = t.held
		}
	}
	return x
}

// own are the steps with a form of their own, by their name in the table of steps.
var own = map[string]treatment.Action{"request": treatment.RequestApproval, "withdraw_request": treatment.WithdrawRequest, "return": treatment.ReturnRequest,
	"refuse": treatment.Refuse, "approve": treatment.Approve, "revoke": treatment.RevokeApproval, "log_operation": treatment.LogOperation,
	"settle": treatment.Settle, "reverse": treatment.CorrectSettlement}

// do asks the service.
func (h *hike) do(x try) (err error) {
	ctx, who, at := h.walk.T.Context(), x.by.who, h.seen[x.on]
	reason := ""
	if x.reason {
		reason = "按规定办理"
	}
	old := func(version int) int64 {
		if x.stale {
			version--
		}
		return int64(version)
	}
	today := h.walk.Today()
	admitted := today
	if x.long {
		admitted = today.AddDays(-walkLate - 10)
	}
	decisions := map[string]fund.Decision{"withdraw_request": fund.DecideWithdraw, "return": fund.DecideReturn, "refuse": fund.DecideRefuse, "approve": fund.DecideApprove,
		"revoke": fund.DecideRevoke}
	decision, decides := decisions[x.step]
	switch {
	case x.foreign:
		_, err = h.walk.care.Step(ctx, who, care.StepInput{Treatment: at.id, Version: old(at.version), Action: own[x.step], On: today, Reason: reason}, store.Key{})
	case decides:
		_, err = h.walk.money.Decide(ctx, who, funding.Decision{Approval: at.application, Decision: decision, Amount: money.Fen(x.amount), Opinion: reason,
			Relation: fund.Unrelated, Version: old(at.appliedVersion)}, "")
	case x.step == "request":
		_, err = h.walk.money.Request(ctx, who, funding.Request{Treatment: at.id, Bill: 10_000_000, Basic: 2_000_000,
			Funds: []fee.FundLine{{Fund: h.fund, Amount: money.Fen(x.amount)}}, Reason: reason}, "")
	case x.step == "settle":
		in := funding.Settle{Treatment: at.id, Settlement: fee.Settlement{Bill: 10_000_000, Basic: 2_000_000}}
		if x.amount > 0 {
			in.Funds = []fee.FundLine{{Fund: h.fund, Amount: money.Fen(x.amount)}}
		}
		in.Settlement = in.Settlement.WithNet()
		_, err = h.walk.money.Settle(ctx, who, in, "")
	case x.step == "reverse":
		_, err = h.walk.money.Reverse(ctx, who, funding.Reversal{Settlement: at.settlement, Reason: reason, Version: old(at.paidVersion)}, "")
	case x.step == "log_operation":
		_, err = h.walk.care.LogOperation(ctx, who, care.OperationInput{Treatment: at.id, Operation: servicetest.Joint(h.visitor, procedure.Left, today), Confirmed: true,
			Reason: reason}, store.Key{})
	default:
		in := care.StepInput{Treatment: at.id, Version: old(at.version), Action: treatment.Action(x.step), On: today, AdmittedOn: admitted, Reason: reason,
			Bill: 10_000_000, Insurance: 2_000_000, To: h.walk.ID(servicetest.Place(x.to))}
		if strings.HasPrefix(x.step, "admit") {
			in.On = admitted
		}
		_, err = h.walk.care.Step(ctx, who, in, store.Key{})
	}
	return err
}

// compare reads all of the hike's records and its fund, and holds them to the model.
// A record nothing was done to has its version still.
func (h *hike) compare() error {
	if len(h.order) == 0 {
		return nil
	}
	rows, err := h.walk.look.Query(h.walk.Partnership.ID, pq.Array(h.cases))
	if err != nil {
		return err
	}
	defer rows.Close()
	now := map[ident.ID]found{}
	for rows.Next() {
		var f found
		if err := rows.Scan(&f.id, &f.state, &f.path, &f.version, &f.events, &f.application, &f.applied, &f.appliedVersion, &f.settlement, &f.paidVersion,
			&f.file, &f.fileVersion, &f.held); err != nil {
			return err
		}
		now[f.id] = f
	}
	if len(now) != len(h.order) || rows.Err() != nil {
		return fmt.Errorf("%d treatments, not %d: %v", len(now), len(h.order), rows.Err())
	}
	for i, s := range h.order {
		f, before := now[h.seen[s].id], h.seen[s]
		held := s.held
		if s.used || s.application != "approved" {
			held = 0
		}
		want := fmt.Sprint(s.state, s.path, s.application, s.events, s.settled, held, s.file.state())
		if got := fmt.Sprint(f.state, f.path, f.applied, f.events, f.settlement != ident.Nil, f.held, f.file); got != want {
			return fmt.Errorf("#%d stands otherwise than the rules say:\n%s in the database\n%s in the model", i, got, want)
		}
		if still := f.events == before.events && f.version != before.version; still && before.version > 0 || f.version < before.version {
			return fmt.Errorf("#%d has version %d after %d and %d steps after %d", i, f.version, before.version, f.events, before.events)
		}
		h.seen[s] = f
	}
	var has purse
	if err := h.walk.balances.QueryRow(h.walk.Partnership.ID, h.fund).Scan(&has.received, &has.available, &has.reserved, &has.committed); err != nil || has != h.purse {
		return fmt.Errorf("the fund has %+v, not %+v: %v", has, h.purse, err)
	}
	return nil
}

// trails reads the steps on record: each begins where the one before it ended, and
// each is a line of the way.
func (h *hike) trails() error {
	rows, err := h.walk.events.Query(h.walk.Partnership.ID, pq.Array(h.cases))
	if err != nil {
		return err
	}
	defer rows.Close()
	var last ident.ID
	var state, path string
	for rows.Next() {
		var id ident.ID
		var step, from, to, via string
		if err := rows.Scan(&id, &step, &from, &to, &via); err != nil {
			return err
		}
		if id != last {
			last, state, path = id, "", "normal"
		}
		known := step == "register" && state == "" && to == "planned" || slices.ContainsFunc(h.legs, func(l leg) bool {
			return (l.step == step || string(own[l.step]) == step || l.step == "approve" && step == "reimburse") && l.state == state && l.path == path && l.toState == to && l.via == via
		})
		if from != state || !known {
			return fmt.Errorf("treatment %s: %s from %s/%s to %s/%s is on record after %s", id, step, from, path, to, via, state)
		}
		state, path = to, via
	}
	return rows.Err()
}
