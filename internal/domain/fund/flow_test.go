package fund_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

func TestWhatFlowsIntoAPlaceFlowsOutOfItToTheFen(t *testing.T) {
	scaletest.Check(t, 100, func(rt *rapid.T) {
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

func TestAWayOnWhichNothingRemainsIsNeitherDrawnNorBack(t *testing.T) {
	way := func(amount money.Fen) fund.Flow {
		return fund.Flow{Source: fund.Central, Fund: ident.ID{1}, Amount: amount}
	}
	m := fund.MapOf([]fund.Flow{way(1), way(0), way(-1)})
	if len(m.Drawn) != 1 || m.Drawn[0].Amount != 1 || len(m.Back) != 1 || m.Back[0].Amount != -1 {
		t.Errorf("%+v", m)
	}
}

func TestWaysThatShareAStepAreOneStep(t *testing.T) {
	way := func(p procedure.Programme, hospital byte, amount money.Fen) fund.Flow {
		return fund.Flow{Source: fund.Central, Fund: ident.ID{1}, Programme: p, Hospital: ident.ID{hospital}, Amount: amount}
	}
	got := fund.MapOf([]fund.Flow{way(procedure.Joint, 1, 5), way(procedure.Joint, 2, 7), way(procedure.Cataract, 2, 11)}).Steps()
	want := []money.Fen{23, 12, 5, 7, 11, 11} // source to fund; fund to joint; to the two hospitals; fund to cataract; to the hospital
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, s := range got {
		if s.Amount != want[i] {
			t.Errorf("step %d from %v to %v has %s, want %s", i, s.From, s.To, s.Amount, want[i])
		}
	}
}
