package fund_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// joints is what a joint case of the first hospital asks for.
func joints(amount money.Fen) fund.Asked {
	return fund.Asked{Programme: procedure.Joint, Hospital: ident.ID{1}, Category: terminology.CategoryDB, On: clock.MustDate(2026, 6, 1), Amount: amount}
}

func portion(n byte, left money.Fen, received clock.Date, e fund.Earmark) fund.Portion {
	e.Kind = fund.Pool
	return fund.Portion{ID: ident.ID{n}, Name: string('A' + rune(n)), Earmark: e, Received: received, Left: left}
}

func TestTheNarrowestDepositPaysFirstThenWhatEndsFirstThenTheOldest(t *testing.T) {
	jan, feb := clock.MustDate(2026, 1, 1), clock.MustDate(2026, 2, 1)
	joint := fund.Earmark{Programme: procedure.Joint}
	here := fund.Earmark{Programme: procedure.Joint, Hospitals: []ident.ID{{1}}}
	late, soon := fund.Earmark{To: clock.MustDate(2026, 12, 31)}, fund.Earmark{To: clock.MustDate(2026, 7, 1)}
	s := fund.Store{Common: 50, Portions: []fund.Portion{
		portion(1, 10, jan, fund.Earmark{}), portion(2, 10, feb, joint), portion(3, 10, jan, joint), portion(4, 10, feb, here),
		portion(5, 10, jan, late), portion(6, 10, feb, soon), portion(7, 10, jan, fund.Earmark{Programme: procedure.Cataract})}}
	got, err := s.Take(joints(105))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []byte{4, 6, 5, 3, 2, 1} {
		if got[i] != (fund.Draw{Deposit: ident.ID{want}, Amount: 10}) {
			t.Errorf("%d. comes %v, want %d", i+1, got[i], want)
		}
	}
	if len(got) != 6 {
		t.Errorf("money for another programme was used: %v", got)
	}
	_, err = s.Take(joints(111))
	e := errs.Of(err)
	if e.Rule != "fund.deposit_earmark" || e.Args["why"] != errs.Key("fund.why.programme.short") || e.Args["short"] != money.Fen(1) || e.Args["deposit"] != "H" {
		t.Errorf("the earmark is not named: %v", e)
	}
}

// orderOf lets a case use up every deposit and says in which order they paid.
func orderOf(t *testing.T, s fund.Store) (order string) {
	t.Helper()
	draws, err := s.Take(joints(s.Usable(joints(0))))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range draws {
		order += string('a' + rune(d.Deposit[0]) - 1)
	}
	return order
}

func TestEachConditionMakesADepositNarrower(t *testing.T) {
	jan := clock.MustDate(2026, 1, 1)
	for name, e := range map[string]fund.Earmark{"programme": {Programme: procedure.Joint}, "hospital": {Hospitals: []ident.ID{{1}}},
		"category": {Categories: []terminology.Category{terminology.CategoryDB}}, "end": {To: clock.MustDate(2026, 12, 31)}} {
		// The free one came first and has the lower id: only the condition puts the other before it.
		if got := orderOf(t, fund.Store{Portions: []fund.Portion{portion(1, 5, jan, fund.Earmark{}), portion(2, 5, jan.AddDays(1), e)}}); got != "ba" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestDepositsThatAreAlikeHaveOneOrder(t *testing.T) {
	jan := clock.MustDate(2026, 1, 1)
	e := fund.Earmark{Programme: procedure.Joint}
	for _, ids := range [][]byte{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}} {
		var s fund.Store
		for _, id := range ids {
			s.Portions = append(s.Portions, portion(id, 5, jan, e))
		}
		if got := orderOf(t, s); got != "abc" {
			t.Errorf("read as %v they pay as %s", ids, got)
		}
	}
}

func TestWhatACaseHadItGetsAgainBeforeAllElse(t *testing.T) {
	jan := clock.MustDate(2026, 1, 1)
	for _, first := range []byte{1, 2, 3} { // whatever its place among the others
		s := fund.Store{Portions: []fund.Portion{portion(1, 5, jan, fund.Earmark{Programme: procedure.Joint}), portion(2, 5, jan, fund.Earmark{}), portion(3, 5, jan, fund.Earmark{})}}
		s.Portions[first-1].Before = true
		if got := orderOf(t, s); got[0] != 'a'+first-1 {
			t.Errorf("the case had %d before, they pay as %s", first, got)
		}
	}
}

func TestADepositWithNothingLeftNeitherPaysNorStandsInTheWay(t *testing.T) {
	jan := clock.MustDate(2026, 1, 1)
	other := fund.Earmark{Programme: procedure.Cataract, Hospitals: []ident.ID{{1}}}
	s := fund.Store{Common: 5, Portions: []fund.Portion{portion(1, 0, jan, fund.Earmark{Programme: procedure.Joint}), portion(2, 0, jan, other)}}
	if got, err := s.Take(joints(5)); err != nil || len(got) != 0 {
		t.Errorf("all of it is common money: %v, %v", got, err)
	}
	_, err := s.Take(joints(6))
	if e := errs.Of(err); e.Rule != "fund.sufficient" || len(e.Args) != 4 {
		t.Errorf("no earmark keeps anything back: %v", err)
	}
	s.Portions = append(s.Portions, portion(3, 7, jan, fund.Earmark{To: clock.MustDate(2026, 3, 31)}))
	if e := errs.Of(func() error { _, err := s.Take(joints(6)); return err }()); e.Rule != "fund.deposit_earmark" || e.Args["deposit"] != "D" || e.Args["why"] != errs.Key("fund.why.period.short") {
		t.Errorf("the deposit that has money is not the one named: %v", e)
	}
}

func TestARefusalForAnEarmarkSaysWhatIsThereAndWhatWorks(t *testing.T) {
	bound := []fund.Portion{portion(1, 100, clock.MustDate(2026, 1, 1), fund.Earmark{Programme: procedure.Cataract})}
	for common, remedies := range map[money.Fen][]string{
		40: {"fund.remedy.reduce_to", "fund.remedy.other_fund", "fund.remedy.wait_deposit"},
		1:  {"fund.remedy.reduce_to", "fund.remedy.other_fund", "fund.remedy.wait_deposit"},
		0:  {"fund.remedy.other_fund", "fund.remedy.wait_deposit"},
	} {
		_, err := fund.Store{Name: "澜港帮扶资金", Common: common, Portions: bound}.Take(joints(50))
		e := errs.Of(err)
		if !slices.Equal(e.Remedy, remedies) {
			t.Errorf("%s common: %v", common, e.Remedy)
		}
		for name, want := range map[string]any{"fund": "澜港帮扶资金", "asked": money.Fen(50), "available": common, "short": 50 - common, "programme": errs.Key(procedure.Cataract.Label())} {
			if e.Args[name] != want {
				t.Errorf("%s common: %s is %v, want %v", common, name, e.Args[name], want)
			}
		}
	}
}

func TestAMoveWithoutADepositTakesCommonMoneyOnly(t *testing.T) {
	bound := []fund.Portion{portion(1, 100, clock.MustDate(2026, 1, 1), fund.Earmark{Programme: procedure.Joint})}
	for name, c := range map[string]struct {
		common   money.Fen
		portions []fund.Portion
		amount   money.Fen
		left     money.Fen // of the refusal; −1: allowed
	}{
		"less":                       {50, bound, 49, -1},
		"all of it":                  {50, bound, 50, -1},
		"a fen of the deposit":       {50, bound, 51, 50},
		"nothing common":             {0, bound, 1, 0},
		"common money owed":          {-3, bound, 1, 0},
		"a fund without deposits":    {50, nil, 51, -1}, // its balance decides, not the deposits
		"no deposits, nothing there": {0, nil, 1, -1},
	} {
		err := fund.Store{Common: c.common, Portions: c.portions}.Spare(c.amount)
		if e := errs.Of(err); (c.left < 0) != (err == nil) || err != nil && (e.Rule != "fund.common_money" || e.Args["available"] != c.left || e.Args["asked"] != c.amount) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneDepositIsMovedAsFarAsItGoes(t *testing.T) {
	jan := clock.MustDate(2026, 1, 1)
	s := fund.Store{Common: 500, Portions: []fund.Portion{portion(1, 30, jan, fund.Earmark{}), portion(2, 40, jan, fund.Earmark{Programme: procedure.Joint})}}
	for _, c := range []struct {
		deposit byte
		amount  money.Fen
		rule    string
	}{{1, 30, ""}, {1, 1, ""}, {1, 31, "fund.deposit_left"}, {2, 31, ""}, {2, 40, ""}, {2, 41, "fund.deposit_left"}} {
		got, err := s.TakeFrom(ident.ID{c.deposit}, c.amount)
		if errs.Of(err).Rule != c.rule || (c.rule == "") != (got == fund.Draw{Deposit: ident.ID{c.deposit}, Amount: c.amount}) {
			t.Errorf("%s of deposit %d: %v, %v", c.amount, c.deposit, got, err)
		}
	}
	if _, err := s.TakeFrom(ident.ID{3}, 1); !errs.Is(err, errs.NotFound) {
		t.Errorf("a deposit of another fund: %v", err)
	}
}

func TestMoneyIsGivenBackToWhereItCameFromTheLastFirst(t *testing.T) {
	p, q := portion(1, 0, clock.MustDate(2026, 1, 1), fund.Earmark{Programme: procedure.Joint}), portion(2, 0, clock.MustDate(2026, 1, 1), fund.Earmark{})
	p.Drawn, q.Drawn = 30, 20
	s := fund.Store{Portions: []fund.Portion{p, q}} // of 60 held, 10 are common
	for _, c := range []struct {
		held money.Fen
		want []fund.Draw
	}{{60, nil}, {50, nil}, {45, []fund.Draw{{Deposit: q.ID, Amount: -5}}}, {25, []fund.Draw{{Deposit: q.ID, Amount: -20}, {Deposit: p.ID, Amount: -5}}},
		{0, []fund.Draw{{Deposit: q.ID, Amount: -20}, {Deposit: p.ID, Amount: -30}}}} {
		got := s.GiveBack(c.held)
		if len(got) != len(c.want) {
			t.Errorf("%s held: %v, want %v", c.held, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s held: %v, want %v", c.held, got, c.want)
			}
		}
	}
}

func TestWhatACaseHadItGetsAgainWhateverTheEarmarkSaysToday(t *testing.T) {
	over := portion(1, 30, clock.MustDate(2026, 1, 1), fund.Earmark{To: clock.MustDate(2026, 3, 31)})
	s := fund.Store{Common: 5, Portions: []fund.Portion{over}}
	if _, err := s.Take(joints(30)); errs.Of(err).Args["why"] != errs.Key("fund.why.period.short") {
		t.Errorf("money whose period is over was used: %v", err)
	}
	s.Portions[0].Before = true
	if got, err := s.Take(joints(30)); err != nil || len(got) != 1 || got[0].Amount != 30 {
		t.Errorf("%v, %v", got, err)
	}
}

// Whatever is taken and given back, no deposit goes below zero, and what a case has
// of deposits never exceeds what the fund holds for it.
func TestDepositsAreNeverOverdrawn(t *testing.T) {
	scaletest.Check(t, 100, func(rt *rapid.T) {
		s := fund.Store{Common: money.Fen(rapid.Int64Range(0, 50).Draw(rt, "common"))}
		whole := s.Common
		for i := range rapid.IntRange(1, 6).Draw(rt, "deposits") {
			e := fund.Earmark{}
			switch rapid.IntRange(0, 3).Draw(rt, "earmark") {
			case 0:
				e.Programme = procedure.Cataract
			case 1:
				e.Hospitals = []ident.ID{{1}}
			case 2:
				e.To = clock.MustDate(2026, 1+rapid.IntRange(0, 11).Draw(rt, "month"), 28)
			}
			s.Portions = append(s.Portions, portion(byte(i+1), money.Fen(rapid.Int64Range(0, 40).Draw(rt, "left")), clock.MustDate(2026, 1, 1), e))
			whole += s.Portions[i].Left
		}
		held := money.Fen(0)
		apply := func(draws []fund.Draw, change money.Fen) {
			bound := money.Fen(0)
			for _, d := range draws {
				for i := range s.Portions {
					if p := &s.Portions[i]; p.ID == d.Deposit {
						p.Left, p.Drawn = p.Left-d.Amount, p.Drawn+d.Amount
					}
				}
				bound += d.Amount
			}
			s.Common -= change - bound
			held += change
		}
		for range 12 {
			if rapid.Bool().Draw(rt, "take") {
				want := joints(money.Fen(rapid.Int64Range(1, 60).Draw(rt, "amount")))
				usable := s.Usable(want)
				draws, err := s.Take(want)
				if (err == nil) != (want.Amount <= usable) {
					rt.Fatalf("%s of %s usable: %v", want.Amount, usable, err)
				}
				if err == nil {
					apply(draws, want.Amount)
				}
			} else if held > 0 {
				back := money.Fen(rapid.Int64Range(1, int64(held)).Draw(rt, "back"))
				apply(s.GiveBack(held-back), -back)
			}
			sum, drawn := s.Common, money.Fen(0)
			for _, p := range s.Portions {
				if p.Left < 0 || p.Drawn < 0 {
					rt.Fatalf("below zero: %+v", p)
				}
				sum, drawn = sum+p.Left, drawn+p.Drawn
			}
			if s.Common < 0 || drawn > held || sum+held != whole {
				rt.Fatalf("common %s, drawn %s of %s held, %s of %s", s.Common, drawn, held, sum+held, whole)
			}
		}
	})
}

func TestADepositsEarmarkStaysWithinItsFunds(t *testing.T) {
	of := fund.Earmark{Programme: procedure.Joint, Hospitals: []ident.ID{{1}, {2}}, Categories: []terminology.Category{terminology.CategoryDB},
		From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 12, 31)}
	for name, c := range map[string]struct {
		e     fund.Earmark
		field string
	}{
		"nothing":            {fund.Earmark{}, ""},
		"one hospital of it": {fund.Earmark{Hospitals: []ident.ID{{2}}, To: clock.MustDate(2026, 6, 30)}, ""},
		"another programme":  {fund.Earmark{Programme: procedure.Cataract}, "programme"},
		"another hospital":   {fund.Earmark{Hospitals: []ident.ID{{3}}}, "hospitals"},
		"another category":   {fund.Earmark{Categories: []terminology.Category{terminology.CategoryYB}}, "categories"},
		"longer":             {fund.Earmark{To: clock.MustDate(2027, 1, 1)}, "to_on"},
		"over before":        {fund.Earmark{To: clock.MustDate(2025, 12, 31)}, "to_on"},
		"ends first":         {fund.Earmark{From: clock.MustDate(2026, 5, 1), To: clock.MustDate(2026, 4, 1)}, "to_on"},
		"begins after":       {fund.Earmark{From: clock.MustDate(2027, 1, 1)}, "from_on"},
		"begins on the last": {fund.Earmark{From: clock.MustDate(2026, 12, 31)}, ""},
		"begins and is open": {fund.Earmark{From: clock.MustDate(2026, 5, 1)}, ""},
		"one day":            {fund.Earmark{From: clock.MustDate(2026, 5, 1), To: clock.MustDate(2026, 5, 1)}, ""},
		"to the last day":    {fund.Earmark{To: clock.MustDate(2026, 12, 31)}, ""},
		"the same":           {of, ""},
	} {
		err := c.e.Within(of)
		if (c.field == "") != (err == nil) || err != nil && !errs.Of(err).Fields.Has(c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFundThatBindsNothingTakesEveryDeposit(t *testing.T) {
	e := fund.Earmark{Programme: procedure.Joint, Hospitals: []ident.ID{{3}}, Categories: []terminology.Category{terminology.CategoryYB}, From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2030, 1, 1)}
	if err := e.Within(fund.Earmark{}); err != nil {
		t.Error(err)
	}
}

// anEarmark sets any of the conditions.
func anEarmark(rt *rapid.T, name string) (e fund.Earmark) {
	e.Kind = fund.Pool
	e.Programme = rapid.SampledFrom([]procedure.Programme{"", procedure.Joint, procedure.Cataract}).Draw(rt, name+" programme")
	e.Hospitals = rapid.SampledFrom([][]ident.ID{nil, {{1}}, {{2}}, {{1}, {2}}}).Draw(rt, name+" hospitals")
	e.Categories = rapid.SampledFrom([][]terminology.Category{nil, {terminology.CategoryDB}, {terminology.CategoryDB, terminology.CategoryYB}}).Draw(rt, name+" categories")
	for _, d := range []*clock.Date{&e.From, &e.To} {
		if n := rapid.IntRange(0, 6).Draw(rt, name+" day"); n > 0 {
			*d = clock.MustDate(2026, 1, n)
		}
	}
	return e
}

// A deposit that is taken can be used: there is a case that both its earmark and
// its fund's let through.
func TestADepositThatIsTakenCanBeUsed(t *testing.T) {
	scaletest.Check(t, 100, func(rt *rapid.T) {
		of, e := anEarmark(rt, "fund"), anEarmark(rt, "deposit")
		if !of.To.IsZero() && of.To.Before(of.From) || e.Within(of) != nil {
			return
		}
		for _, p := range []procedure.Programme{procedure.Joint, procedure.Cataract} {
			for _, h := range []ident.ID{{1}, {2}} {
				for n := range 7 {
					a := fund.Asked{Programme: p, Hospital: h, Category: terminology.CategoryDB, On: clock.MustDate(2026, 1, 1+n)}
					if len(of.WhyNot(a)) == 0 && len(e.WhyNot(a)) == 0 {
						return
					}
				}
			}
		}
		rt.Fatalf("no case can use it: %+v in %+v", e, of)
	})
}

func TestAPlannedAmountNeedsASecondPersonEachTimeItChanges(t *testing.T) {
	planner, second := ident.New(), ident.New()
	p, err := fund.Project{}.Change(fund.Project{Code: "XM-01", Name: "关节项目", Year: 2026, Source: fund.DonorFiscal, Planned: 100, Unit: "协作办"}, planner)
	if err != nil || p.State != fund.ProjectDraft || p.Takes() == nil {
		t.Fatalf("%v, %v", p, err)
	}
	if _, err := p.Approve(planner); errs.Of(err).Rule != "fund.four_eyes" {
		t.Errorf("approved by who planned: %v", err)
	}
	if p, err = p.Approve(second); err != nil || p.Takes() != nil {
		t.Fatalf("%v, %v", p, err)
	}
	named := p
	named.Name = "髋膝关节项目"
	if got, err := p.Change(named, planner); err != nil || got.State != fund.ProjectApproved {
		t.Errorf("a new name: %v, %v", got, err)
	}
	more := p
	more.Planned = 200
	if got, err := p.Change(more, second); err != nil || got.State != fund.ProjectDraft || got.Planner != second || got.Second != ident.Nil {
		t.Errorf("another amount: %v, %v", got, err)
	}
	if _, err := p.Approve(ident.New()); errs.Of(err).Rule != "fund.project_order" {
		t.Errorf("approved twice: %v", err)
	}
	if _, err := p.Change(fund.Project{}, planner); !errs.Is(err, errs.Invalid) {
		t.Errorf("emptied: %v", err)
	}
	done, err := p.Close()
	if err != nil || done.State != fund.ProjectClosed || errs.Of(done.Takes()).Rule != "fund.project_open" {
		t.Errorf("%v, %v", done, err)
	}
	if _, err := done.Change(named, planner); errs.Of(err).Rule != "fund.project_closed" {
		t.Errorf("changed when closed: %v", err)
	}
	if _, err := done.Approve(second); errs.Of(err).Rule != "fund.project_order" {
		t.Errorf("approved when closed: %v", err)
	}
	for _, x := range []fund.Project{done, {State: fund.ProjectDraft}} {
		if _, err := x.Close(); errs.Of(err).Rule != "fund.project_order" {
			t.Errorf("a %s project is closed: %v", x.State, err)
		}
	}
}

func TestEveryFieldOfAProjectIsChecked(t *testing.T) {
	long := strings.Repeat("长", 100)
	for name, c := range map[string]struct {
		change func(*fund.Project)
		path   string
	}{
		"as it is":                  {func(*fund.Project) {}, ""},
		"no code":                   {func(p *fund.Project) { p.Code = "" }, "code"},
		"a code of twenty":          {func(p *fund.Project) { p.Code = strings.Repeat("X", 20) }, ""},
		"a code of twenty-one":      {func(p *fund.Project) { p.Code = strings.Repeat("X", 21) }, "code"},
		"no name":                   {func(p *fund.Project) { p.Name = "" }, "name"},
		"a hundred characters":      {func(p *fund.Project) { p.Name, p.Unit = long, long }, ""},
		"one character more":        {func(p *fund.Project) { p.Name = long + "长" }, "name"},
		"nobody is responsible":     {func(p *fund.Project) { p.Unit = "" }, "unit"},
		"a unit that is too long":   {func(p *fund.Project) { p.Unit = long + "长" }, "unit"},
		"the first year":            {func(p *fund.Project) { p.Year = 2000 }, ""},
		"before the first":          {func(p *fund.Project) { p.Year = 1999 }, "year"},
		"the last year":             {func(p *fund.Project) { p.Year = 2100 }, ""},
		"after the last":            {func(p *fund.Project) { p.Year = 2101 }, "year"},
		"a source that is none":     {func(p *fund.Project) { p.Source = "lottery" }, "source"},
		"no money":                  {func(p *fund.Project) { p.Planned = 0 }, "planned"},
		"less than no money":        {func(p *fund.Project) { p.Planned = -1 }, "planned"},
		"a fen":                     {func(p *fund.Project) { p.Planned = 1 }, ""},
		"all the money there is":    {func(p *fund.Project) { p.Planned = money.Max }, ""},
		"more than there can be":    {func(p *fund.Project) { p.Planned = money.Max + 1 }, "planned"},
		"a name in many characters": {func(p *fund.Project) { p.Name = "髋膝关节置换援助项目（第二批）" }, ""},
	} {
		p := fund.Project{Code: "XM-01", Name: "关节项目", Year: 2026, Source: fund.DonorFiscal, Planned: 100, Unit: "协作办"}
		c.change(&p)
		onlyField(t, name, p.Check(), c.path)
	}
}
