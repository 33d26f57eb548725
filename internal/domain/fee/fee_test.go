package fee_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// good is 58,142.56 yuan: a settlement of the usual shape.
func good() fee.Settlement {
	return fee.Settlement{Bill: 5814256, Basic: 2848985, Critical: 16080, Assistance: 36180, Other: 0,
		Funds: []fee.FundLine{{Fund: ident.New(), Amount: 2000000}}, Waiver: 864771, Net: 48240}
}

func TestASettlementThatAddsUpIsTaken(t *testing.T) {
	s := good()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if s.Insurance() != 2901245 || s.Reduction() != 2864771 || s.Cash() != 2913011 || !s.Balances() {
		t.Fatalf("insurance %v, reduction %v, cash %v", s.Insurance(), s.Reduction(), s.Cash())
	}
}

func TestWrongInputIsNamedWithTheDifference(t *testing.T) {
	twice := ident.New()
	for name, c := range map[string]struct {
		change     func(*fee.Settlement)
		path, key  string
		difference money.Fen
	}{
		"a fen too little":        {func(s *fee.Settlement) { s.Net-- }, "net", "error.fee.net_too_small", 1},
		"a fen too much":          {func(s *fee.Settlement) { s.Net++ }, "net", "error.fee.net_too_large", 1},
		"net left out":            {func(s *fee.Settlement) { s.Net = 0 }, "net", "error.fee.net_too_small", 48240},
		"no bill":                 {func(s *fee.Settlement) { *s = fee.Settlement{} }, "bill", "error.fee.bill_missing", 0},
		"payers beyond the bill":  {func(s *fee.Settlement) { s.Other = 2913012 }, "bill", "error.fee.payers_exceed_bill", 1},
		"reduction beyond cash":   {func(s *fee.Settlement) { s.Waiver += 48241; s.Net = 0 }, "reduction", "error.fee.reduction_exceeds_cash", 1},
		"negative insurance":      {func(s *fee.Settlement) { s.Basic = -1 }, "basic", "error.fee.negative", 0},
		"negative net":            {func(s *fee.Settlement) { s.Net = -1 }, "net", "error.fee.negative", 0},
		"beyond all money":        {func(s *fee.Settlement) { s.Bill = money.Max + 1 }, "bill", "error.fee.too_large", 0},
		"an empty fund line":      {func(s *fee.Settlement) { s.Funds[0].Amount = 0 }, "funds.0.amount", "error.fee.fund_zero", 0},
		"a negative fund line":    {func(s *fee.Settlement) { s.Funds[0].Amount = -5 }, "funds.0.amount", "error.fee.negative", 0},
		"a line without its fund": {func(s *fee.Settlement) { s.Funds[0].Fund = ident.Nil }, "funds.0.fund", "error.fee.fund_missing", 0},
		"a fund twice": {func(s *fee.Settlement) { s.Funds = []fee.FundLine{{twice, 1}, {twice, 1999999}} },
			"funds.1.fund", "error.fee.fund_twice", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			c.change(&s)
			e := errs.Of(s.Check())
			i := slices.IndexFunc(e.Fields, func(f errs.Field) bool { return f.Path == c.path && f.Key == c.key })
			if i < 0 {
				t.Fatalf("got %v", e)
			}
			if c.difference != 0 && e.Fields[i].Args["difference"] != c.difference {
				t.Fatalf("difference %v, want %v", e.Fields[i].Args["difference"], c.difference)
			}
		})
	}
}

func TestOneSlipIsOneMessage(t *testing.T) {
	s := good()
	s.Basic = -s.Basic
	if e := errs.Of(s.Check()); len(e.Fields) != 1 {
		t.Fatalf("got %v", e.Fields)
	}
}

func TestTheNetFollowsFromTheOthersAndPartsMakeTheBill(t *testing.T) {
	scaletest.Check(t, 100, func(t *rapid.T) {
		part := rapid.Int64Range(0, 1_000_000_00)
		s := fee.Settlement{Basic: money.Fen(part.Draw(t, "basic")), Critical: money.Fen(part.Draw(t, "critical")),
			Assistance: money.Fen(part.Draw(t, "assistance")), Other: money.Fen(part.Draw(t, "other")), Waiver: money.Fen(part.Draw(t, "waiver"))}
		for range rapid.IntRange(0, 3).Draw(t, "funds") {
			s.Funds = append(s.Funds, fee.FundLine{Fund: ident.New(), Amount: money.Fen(part.Draw(t, "fund") + 1)})
		}
		net := money.Fen(part.Draw(t, "net"))
		s.Bill = s.Insurance() + s.Other + s.Reduction() + net + 1
		s = s.WithNet()
		if s.Net != net+1 {
			t.Fatalf("net %v, want %v", s.Net, net+1)
		}
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		var sum money.Fen
		for _, l := range s.Layers()[1:] {
			sum += l.Amount
		}
		if sum != s.Bill {
			t.Fatalf("layers sum to %v, bill %v", sum, s.Bill)
		}
		off := money.Fen(rapid.Int64Range(1, 1000).Draw(t, "off"))
		s.Net += off
		if s.Check() == nil || s.Difference() != -off {
			t.Fatalf("a net %v too large is taken", off)
		}
	})
}

func TestLayersKeepTheirOrderAndShowZeros(t *testing.T) {
	s := good()
	got := s.Layers()
	want := []string{"bill", "basic", "critical", "assistance", "other", "fund", "hospital", "net"}
	if len(got) != len(want) {
		t.Fatalf("%d layers", len(got))
	}
	for i, l := range got {
		if l.Name != want[i] || l.Colour() != "money-"+want[i] {
			t.Errorf("layer %d is %s (%s)", i, l.Name, l.Colour())
		}
	}
	if got[4].Amount != 0 || got[5].Amount != s.FundTotal() || got[6].Amount != s.Waiver || got[7].Amount != s.Net {
		t.Errorf("amounts %+v", got)
	}
}

func TestCataractIsFreeOfCharge(t *testing.T) {
	s := good()
	ws := s.Warnings(procedure.Cataract)
	if len(ws) != 1 || ws[0].Rule != fee.RuleFree || ws[0].Args["net"] != s.Net {
		t.Errorf("paying for a cataract: %v", ws)
	}
	if ws := s.Warnings(procedure.Joint); len(ws) != 0 {
		t.Errorf("a joint is not free: %v", ws)
	}
	s.Net = 0
	if ws := s.Warnings(procedure.Cataract); len(ws) != 0 {
		t.Errorf("net zero: %v", ws)
	}
}
