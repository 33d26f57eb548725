package fund_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// onlyField fails unless an error names exactly one field; an empty path wants
// no error at all.
func onlyField(t *testing.T, name string, err error, path string) {
	t.Helper()
	if path == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if e := errs.Of(err); err == nil || len(e.Fields) != 1 || e.Fields[0].Path != path {
		t.Errorf("%s: want %s, got %v", name, path, err)
	}
}

func TestTheRulesOfAPartnershipStayWithinTheirBounds(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fund.Rules)
		path   string
	}{
		"the sample":             {func(*fund.Rules) {}, ""},
		"two sign for each fen":  {func(r *fund.Rules) { r.Single = 0 }, ""},
		"a negative limit":       {func(r *fund.Rules) { r.Single = -1 }, "single"},
		"one signs for all":      {func(r *fund.Rules) { r.Single = money.Max }, ""},
		"beyond all money":       {func(r *fund.Rules) { r.Single = money.Max + 1 }, "single"},
		"no day for an appeal":   {func(r *fund.Rules) { r.AppealDays = 0 }, "appeal_days"},
		"a day for an appeal":    {func(r *fund.Rules) { r.AppealDays = 1 }, ""},
		"a year of notice":       {func(r *fund.Rules) { r.NoticeDays = 365 }, ""},
		"more than a year":       {func(r *fund.Rules) { r.NoticeDays = 366 }, "notice_days"},
		"a hold without end":     {func(r *fund.Rules) { r.HoldDays = 1000 }, "hold_days"},
		"a cell of one person":   {func(r *fund.Rules) { r.NoticeCell = 1 }, "notice_cell"},
		"a cell of two":          {func(r *fund.Rules) { r.NoticeCell = 2 }, ""},
		"a cell of a thousand":   {func(r *fund.Rules) { r.NoticeCell = 1000 }, ""},
		"a cell larger than all": {func(r *fund.Rules) { r.NoticeCell = 1001 }, "notice_cell"},
	} {
		r := fund.SampleRules()
		c.change(&r)
		onlyField(t, name, r.Validate(), c.path)
	}
}

func TestEveryFieldOfAMoveIsChecked(t *testing.T) {
	from, to := ident.New(), ident.New()
	good := fund.Move{Kind: fund.ReEarmark, From: from, To: to, Amount: 100, Rule: "办法", Reason: "年终"}
	for name, c := range map[string]struct {
		change func(*fund.Move)
		path   string
	}{
		"to another fund":      {func(*fund.Move) {}, ""},
		"back to the giver":    {func(m *fund.Move) { m.Kind, m.To = fund.Return, ident.Nil }, ""},
		"back, but to a fund":  {func(m *fund.Move) { m.Kind = fund.Return }, "to"},
		"to nowhere":           {func(m *fund.Move) { m.To = ident.Nil }, "to"},
		"to itself":            {func(m *fund.Move) { m.To = from }, "to"},
		"back, from itself":    {func(m *fund.Move) { m.Kind, m.From, m.To = fund.Return, ident.Nil, ident.Nil }, ""},
		"nothing":              {func(m *fund.Move) { m.Amount = 0 }, "amount"},
		"all the money":        {func(m *fund.Move) { m.Amount = money.Max }, ""},
		"more than all of it":  {func(m *fund.Move) { m.Amount = money.Max + 1 }, "amount"},
		"without a rule":       {func(m *fund.Move) { m.Rule = "" }, "rule"},
		"without a reason":     {func(m *fund.Move) { m.Reason = "" }, "reason"},
		"of a kind of its own": {func(m *fund.Move) { m.Kind = "gift" }, "kind"},
	} {
		m := good
		c.change(&m)
		onlyField(t, name, m.Check(), c.path)
	}
}

func TestARefusedMoveSaysWhyAndIsOver(t *testing.T) {
	m := fund.Move{Kind: fund.ReEarmark, State: fund.MoveRequested, Requester: ident.New()}
	if _, err := m.Refuse(m.Requester, "不同意"); errs.Of(err).Rule != "fund.four_eyes" {
		t.Errorf("who asked refuses: %v", err)
	}
	_, err := m.Refuse(ident.New(), "")
	onlyField(t, "without a reason", err, "opinion")
	m, err = m.Refuse(ident.New(), "不同意")
	if err != nil || m.State != fund.MoveRefused || m.Opinion != "不同意" {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := m.Sign(ident.New(), ""); errs.Of(err).Rule != "fund.move_over" {
		t.Errorf("signed afterwards: %v", err)
	}
}

func TestAnAppealHasAReasonAnAnswerAndAClock(t *testing.T) {
	_, err := fund.File(fund.ApprovalRefused, fund.Appeal{})
	onlyField(t, "without a reason", err, "reason")
	a, err := fund.File(fund.ApprovalRefused, fund.Appeal{Reason: "有新证明", DueOn: day, Filer: ident.New(), Refuser: ident.New()})
	if err != nil {
		t.Fatal(err)
	}
	for answer, path := range map[fund.AppealState]string{fund.AppealGranted: "", fund.AppealRejected: "", fund.AppealFiled: "decision", "perhaps": "decision"} {
		got, err := a.Answer(answer, ident.New(), "意见")
		onlyField(t, string(answer), err, path)
		if err == nil && (got.State != answer || got.Overdue(day.AddDays(1))) {
			t.Errorf("%s: stands at %s, late: %v", answer, got.State, got.Overdue(day.AddDays(1)))
		}
	}
}

func TestOnlyALapsedApprovalIsUpheld(t *testing.T) {
	for _, l := range []fund.Lapse{"", fund.LapseRequeued, fund.LapseUpheld, fund.LapseOpen} {
		a := request()
		a.State, a.Lapse = fund.ApprovalApproved, l
		_, err := fund.Decide(a, fund.DecideUphold, ident.New(), "仍符合条件")
		if open := l == fund.LapseOpen; open != (err == nil) || !open && errs.Of(err).Rule != "fund.nothing_lapsed" {
			t.Errorf("upheld at %q: %v", l, err)
		}
	}
}

func TestAnEarmarkBindsWhatItNamesOnly(t *testing.T) {
	asked := fund.Asked{Programme: procedure.Joint, Hospital: ident.New(), Category: terminology.CategoryDB, On: day, Amount: 200}
	e := fund.Earmark{Kind: fund.Pool, Programme: procedure.Joint, Categories: []terminology.Category{terminology.CategoryDB}, From: day}
	if got := e.WhyNot(asked); len(got) != 0 {
		t.Errorf("the right programme and category: %v", got)
	}
	asked.Category = "" // not known yet: nothing to hold against the family
	if got := e.WhyNot(asked); len(got) != 0 {
		t.Errorf("no category yet: %v", got)
	}
}

func TestTheSentenceOfARefusalNamesTheFundsProgramme(t *testing.T) {
	asked := fund.Asked{Programme: procedure.Joint, Amount: 200}
	for programme, want := range map[procedure.Programme]procedure.Programme{"": procedure.Joint, procedure.Cataract: procedure.Cataract} {
		args := fund.Earmark{Programme: programme}.Args(asked, 150)
		if args["programme"] != errs.Key(want.Label()) || args["short"] != money.Fen(50) || args["available"] != money.Fen(150) {
			t.Errorf("a fund for %q: %v", programme, args)
		}
	}
	if got := (fund.Earmark{}).Args(asked, 500)["short"]; got != money.Fen(0) {
		t.Errorf("short by %v", got)
	}
}

func TestAForecastNeedsMoneyThatMoves(t *testing.T) {
	for name, c := range map[string]struct {
		available, spent money.Fen
		days             int
		known            bool
	}{
		"one fen in a day":      {1, 1, 1, true},
		"nothing spent":         {0, 0, 90, false},
		"more came back":        {0, -1, 90, false},
		"no days":               {0, 9000, 0, false},
		"days backwards":        {0, 9000, -1, false},
		"less than nothing":     {-1, 9000, 90, false},
		"exactly ten years":     {3650, 1, 1, true},
		"a day after ten years": {3651, 1, 1, false},
	} {
		if got, known := fund.RunsDry(c.available, c.spent, c.days, day); known != c.known || !known && got != (clock.Date{}) {
			t.Errorf("%s: %s, %v", name, got, known)
		}
	}
}

func TestTheLargestAmountIsTaken(t *testing.T) {
	if _, err := book(0).Deposit(stamp(), money.Max); err != nil {
		t.Error(err)
	}
}

func TestAnExactCommitmentAsksNothingOfTheAvailableMoney(t *testing.T) {
	b := book(300)
	x, hold, err := b.Reserve(stamp(), 300)
	b = post(t, b, x, err)
	b.Balances.Available = -5 // whatever became of it: the held money is enough
	if _, _, err := b.Commit(stamp(), hold, fund.Spending{Spent: 300}); err != nil {
		t.Errorf("exactly what was held: %v", err)
	}
	if _, _, err := b.Commit(stamp(), hold, fund.Spending{Spent: 299}); err != nil {
		t.Errorf("less than was held: %v", err)
	}
}

// A transfer of another fund is a mistake of the program, not of the user: it is
// not explained as money that is spent already.
func TestReversingAnotherFundsTransferIsNoRefusal(t *testing.T) {
	x, err := book(0).Deposit(stamp(), 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book(100).Reverse(stamp(), x); !errs.Is(err, errs.Internal) {
		t.Errorf("got %v", err)
	}
}

func TestNoNegativeAmountLeaves(t *testing.T) {
	for _, amount := range []money.Fen{0, -1, money.Max + 1} {
		_, err := book(100).Leave(stamp(), fund.KindReturn, amount)
		onlyField(t, amount.String(), err, "amount")
	}
}

// One who declared a relation is out; the signatures of the others stand.
func TestARelationKeepsOnlyItsOwnPersonAway(t *testing.T) {
	r := fund.SampleRules()
	away := fund.Signature{Account: ident.New(), Relation: fund.Related, Amount: r.Single + 1, Digest: "a"}
	first := fund.Signature{Account: ident.New(), Relation: fund.Unrelated, Amount: r.Single + 1, Digest: "a"}
	if stale, done, err := r.Sign([]fund.Signature{away}, first); err != nil || done || len(stale) != 0 {
		t.Errorf("beside a related person, who does not count: %v, %v, %v", stale, done, err)
	}
	second := first
	second.Account = ident.New()
	if _, done, err := r.Sign([]fund.Signature{away, first}, second); err != nil || !done {
		t.Errorf("two others: %v, %v", done, err)
	}
}

func TestFactsAreSignedInOneOrder(t *testing.T) {
	// Names before values: whatever the values, the facts stand in the order of their names.
	a := []fund.Fact{{Name: fund.BoundPlan, Value: "a"}, {Name: fund.BoundBill, Value: "z"}}
	b := slices.Clone(a)
	slices.Reverse(b)
	if fund.Digest(a) != fund.Digest(b) {
		t.Error("two orders of the same facts have two digests")
	}
	if fund.Digest(a) != "bba23940cec87625f6b8b04ee51e2d4ad00049f5bf3fbe6434134f848e085041" {
		t.Error("the digest of a signed list of facts must never change: what was signed could not be checked any more: " + fund.Digest(a))
	}
}
