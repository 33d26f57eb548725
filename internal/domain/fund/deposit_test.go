package fund_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
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
	rapid.Check(t, func(rt *rapid.T) {
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
	} {
		err := c.e.Within(of)
		if (c.field == "") != (err == nil) || err != nil && !errs.Of(err).Fields.Has(c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
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
	done, err := p.Close()
	if err != nil || errs.Of(done.Takes()).Rule != "fund.project_open" {
		t.Errorf("%v, %v", done, err)
	}
	if _, err := done.Change(named, planner); errs.Of(err).Rule != "fund.project_closed" {
		t.Errorf("changed when closed: %v", err)
	}
}
