package fund_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func TestWhatFlowsIntoAPlaceFlowsOutOfItToTheFen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var all []fund.Flow
		sum := money.Fen(0)
		for range rapid.IntRange(0, 30).Draw(rt, "ways") {
			f := fund.Flow{Source: rapid.SampledFrom(fund.Sources()).Draw(rt, "source"), Fund: ident.ID{byte(rapid.IntRange(1, 3).Draw(rt, "fund"))},
				Programme: rapid.SampledFrom(procedure.Programmes()).Draw(rt, "programme"), Hospital: ident.ID{byte(rapid.IntRange(1, 4).Draw(rt, "hospital"))},
				Amount: money.Fen(rapid.Int64Range(-1000, 1_000_000).Draw(rt, "amount"))}
			all = append(all, f)
			sum += f.Amount
		}
		m := fund.MapOf(all)
		if m.Sum()-m.Returned() != sum {
			rt.Fatalf("%s drawn, %s came back, %s in all", m.Sum(), m.Returned(), sum)
		}
		in, out, first := map[fund.FlowNode]money.Fen{}, map[fund.FlowNode]money.Fen{}, money.Fen(0)
		for _, s := range m.Steps() {
			if s.Amount <= 0 {
				rt.Fatalf("%v", s)
			}
			out[s.From] += s.Amount
			in[s.To] += s.Amount
			if s.From.End == fund.EndSource {
				first += s.Amount
			}
		}
		for n := range out {
			if n.End != fund.EndSource && in[n] != out[n] {
				rt.Fatalf("into %v flows %s, out of it %s", n, in[n], out[n])
			}
		}
		if first != m.Sum() {
			rt.Fatalf("%s enters, %s is drawn", first, m.Sum())
		}
	})
}
