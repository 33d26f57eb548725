package bench

import (
	"cmp"
	"slices"
	"sync"
	"testing"
	"time"
)

// run is what a closed loop of workers came to.
type run struct {
	ops, failed int
	elapsed     time.Duration
	cpu         time.Duration // of one operation
	p50, p95    time.Duration
	err         error // the first
}

func (r run) work() float64 { return float64(r.cpu) }
func (r run) rate() float64 { return float64(r.ops) / r.elapsed.Seconds() }

// load is a closed loop: each worker begins the next operation when the last one
// is answered.
type load struct {
	workers    int
	span       time.Duration
	postmaster int
	op         func(worker int) error
	settle     func() // waits for work the operations left behind; its CPU counts
}

func (l load) run() run {
	lat, errs := make([][]time.Duration, l.workers), make([][]error, l.workers)
	var wait sync.WaitGroup
	used, begin := cpu(l.postmaster), time.Now()
	for w := range l.workers {
		wait.Go(func() {
			for time.Since(begin) < l.span {
				at := time.Now()
				if err := l.op(w); err != nil {
					errs[w] = append(errs[w], err)
					continue
				}
				lat[w] = append(lat[w], time.Since(at))
			}
		})
	}
	wait.Wait()
	r := run{elapsed: time.Since(begin)}
	if l.settle != nil {
		l.settle()
	}
	used = cpu(l.postmaster) - used
	all := slices.Concat(lat...)
	for _, e := range errs {
		r.failed += len(e)
		if len(e) > 0 && r.err == nil {
			r.err = e[0]
		}
	}
	if r.ops = len(all); r.ops == 0 {
		return r
	}
	slices.Sort(all)
	r.cpu, r.p50, r.p95 = used/time.Duration(r.ops), all[r.ops/2], all[r.ops*95/100]
	return r
}

// series is one load's runs, turn by turn.
type series []run

// rounds lets the loads take turns, n times each. A first short turn warms
// caches and prepares statements.
func rounds(n int, loads ...load) []series {
	for _, l := range loads {
		l.span = min(l.span, 300*time.Millisecond)
		l.run()
	}
	all := make([]series, len(loads))
	for range n {
		for i, l := range loads {
			all[i] = append(all[i], l.run())
		}
	}
	return all
}

// ratio is the median over the turns of f of one series by f of another: the two
// of one turn had the same minute of the machine.
func (s series) ratio(to series, f func(run) float64) float64 {
	var all []float64
	for i := range s {
		all = append(all, f(s[i])/f(to[i]))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// median is the run in the middle, with the failures of all of them.
func (s series) median() run {
	runs := slices.Clone(s)
	failed, err := 0, error(nil)
	for _, r := range runs {
		failed += r.failed
		if r.err != nil {
			err = r.err
		}
	}
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.rate(), b.rate()) })
	m := runs[len(runs)/2]
	m.failed, m.err = failed, err
	return m
}

// middle is the median of plain times.
func middle(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}

func TestMedianKeepsEveryFailureAndRatiosStayInTheirTurn(t *testing.T) {
	s := series{{ops: 30, elapsed: time.Second}, {ops: 10, elapsed: time.Second, failed: 2}, {ops: 20, elapsed: time.Second, failed: 1}}
	if m := s.median(); m.ops != 20 || m.failed != 3 {
		t.Errorf("%+v", m)
	}
	floor := series{{ops: 60, elapsed: time.Second}, {ops: 20, elapsed: time.Second}, {ops: 200, elapsed: time.Second}}
	if got := s.ratio(floor, run.rate); got != 0.5 {
		t.Errorf("ratio %v", got)
	}
}
