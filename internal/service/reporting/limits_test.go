package reporting

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Limits that were sought once are kept, and are those a simulation of the same
// cases gives.
func TestLimitsAreSoughtOnceForTheSameCases(t *testing.T) {
	d, _ := measure.ByID("joint.complication_90")
	var rows []store.FactRow
	for i := range 30 {
		rows = append(rows, store.FactRow{On: clock.MustDate(2026, 3, 1).AddDays(-7 * i), Hit: i%10 == 0})
	}
	var l limits
	b := Board{Sequences: map[measure.ID]Sequence{d.ID: sequence(d, rows, measure.References{})}}
	if b.watched(&l) {
		t.Fatal("limits nobody sought are known")
	}
	if err := b.watch(&l); err != nil || !b.watched(&l) || len(l.known) != 1 {
		t.Fatal(len(l.known), err)
	}
	s := b.Sequences[d.ID]
	risks := make([]float64, 30)
	for i := range risks {
		risks[i] = s.Risk
	}
	want := statistics.LimitBySimulation(statistics.Simulation{Risks: risks, Odds: changeOfOdds, ARL: s.limit.arl, Runs: simulated, Seed: 1})
	if s.Worse != want || !s.Better.H.Defined() || len(s.Watch.VLAD) == 0 {
		t.Errorf("%+v, a simulation gives %+v", s.Worse, want)
	}
	other := s.limit
	other.cases++
	if l.seek(other); len(l.known) != 2 {
		t.Error("another number of cases has the same limits")
	}
	l.known[s.limit] = limitPair{worse: statistics.SimulatedLimit{ARL: 7}}
	if l.seek(s.limit).worse.ARL != 7 {
		t.Error("sought again")
	}
}
