package reporting

import (
	"slices"
	"sync"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/store"
)

// changeOfOdds is what the charts look for: twice the odds, or half of them.
const changeOfOdds = 2.0

// yearsBetweenAlarms is how many years of the expected volume a chart shall run
// before a false alarm.
const yearsBetweenAlarms = 3

// simulated is how many charts the limit is sought with: enough for the picture
// of a page, which says so.
const simulated = 400

// limits keeps the limits that were simulated, by all they depend on: the same
// input always gives the same limit, and to seek one takes longer than to read the
// cases.
type limits struct {
	mu    sync.Mutex
	known map[limitKey]limitPair
}

// limitKey is what a pair of limits is simulated from: all cases have one risk.
type limitKey struct {
	cases     int
	risk, arl float64
}

type limitPair struct{ worse, better statistics.SimulatedLimit }

// limitsKept bounds the memory; past it all are sought anew.
const limitsKept = 1000

// find gives the limits of a key if they are known.
func (l *limits) find(k limitKey) (limitPair, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.known[k]
	return p, ok
}

// seek simulates the limits of a key, unless they are known. Call it outside of a
// transaction.
func (l *limits) seek(k limitKey) limitPair {
	if p, ok := l.find(k); ok {
		return p
	}
	risks := slices.Repeat([]float64{k.risk}, k.cases)
	limit := func(odds float64) statistics.SimulatedLimit {
		return statistics.LimitBySimulation(statistics.Simulation{Risks: risks, Odds: odds, ARL: k.arl, Runs: simulated, Seed: 1})
	}
	p := limitPair{limit(changeOfOdds), limit(1 / changeOfOdds)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) >= limitsKept {
		l.known = map[limitKey]limitPair{}
	}
	l.known[k] = p
	return p
}

// sequence follows cases one by one; its limits are still to be sought.
func sequence(d measure.Definition, rows []store.FactRow, known measure.References) Sequence {
	var out Sequence
	if len(rows) == 0 {
		return out
	}
	hits := 0
	slices.Reverse(rows)
	for _, x := range rows {
		out.Days = append(out.Days, x.On.String())
		if x.Hit {
			hits++
		}
	}
	out.Risk = float64(hits) / float64(len(rows))
	if target, _, ok := known.Target(d); ok {
		out.Risk, out.Target = target/100, true
	}
	for _, x := range rows {
		out.Cases = append(out.Cases, statistics.Case{Risk: out.Risk, Event: x.Hit})
	}
	if out.Risk > 0 && len(rows) >= statistics.LeastCases {
		span := max(rows[len(rows)-1].On.DaysSince(rows[0].On), 30)
		yearly := float64(len(rows)) * 365.25 / float64(span)
		out.limit = limitKey{len(rows), out.Risk, max(yearsBetweenAlarms*yearly, statistics.LeastCases)}
	}
	return out
}

// watch seeks the limits of a sequence and runs the charts.
func (s *Sequence) watch(l *limits) (err error) {
	if len(s.Cases) == 0 {
		return nil
	}
	if s.limit.cases > 0 {
		p := l.seek(s.limit)
		s.Worse, s.Better = p.worse, p.better
	}
	s.Watch, err = statistics.Monitor(s.Cases, statistics.Cusum{Odds: changeOfOdds, Limit: s.Worse.H.Or(0)}, statistics.Cusum{Odds: 1 / changeOfOdds, Limit: s.Better.H.Or(0)})
	return err
}

// watched reports whether all limits of a board are known, so that its charts can
// be drawn without seeking any.
func (b Board) watched(l *limits) bool {
	for _, s := range b.Sequences {
		if _, known := l.find(s.limit); s.limit.cases > 0 && !known {
			return false
		}
	}
	return true
}

// watch draws what is followed case by case.
func (b Board) watch(l *limits) error {
	for id, s := range b.Sequences {
		if err := s.watch(l); err != nil {
			return err
		}
		b.Sequences[id] = s
	}
	return nil
}
