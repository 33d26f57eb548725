package statistics

import (
	"errors"
	"math"
	"math/rand/v2"
	"sort"
)

// Case is one operation with its expected risk of the event and what happened.
type Case struct {
	Risk  float64
	Event bool
}

// ErrRisk is returned for a risk outside 0–1: a chart that skipped the case
// would tell another story than the cases.
var ErrRisk = errors.New("statistics: a risk lies outside 0 to 1")

func checkRisks(cases []Case) error {
	for _, c := range cases {
		if !(c.Risk >= 0 && c.Risk <= 1) {
			return ErrRisk
		}
	}
	return nil
}

// VLAD is the variable life-adjusted display: expected minus observed events
// after each case. Up is better than expected. It shows, and does not signal.
func VLAD(cases []Case) ([]float64, error) {
	if err := checkRisks(cases); err != nil {
		return nil, err
	}
	line, sum := make([]float64, len(cases)), 0.0
	for i, c := range cases {
		sum += c.Risk
		if c.Event {
			sum--
		}
		line[i] = sum
	}
	return line, nil
}

// Cusum is a risk-adjusted CUSUM (Steiner 2000): after each case it adds the
// log-likelihood ratio of changed odds against unchanged ones, and signals at a
// limit. Odds 2 looks for deterioration, 0.5 for improvement: two charts.
type Cusum struct {
	Odds  float64
	Limit float64 // h of [LimitBySimulation]
}

// Weight is what one case adds.
func (c Cusum) Weight(x Case) float64 {
	w := -math.Log1p(x.Risk * (c.Odds - 1))
	if x.Event {
		w += math.Log(c.Odds)
	}
	return w
}

// CusumPoint is the chart after one case.
type CusumPoint struct {
	Weight, Value float64
	Signal        bool
}

// Run draws the chart over cases in their order. It is not set back after a
// signal: the reader sees how far it went.
func (c Cusum) Run(cases []Case) ([]CusumPoint, error) {
	if err := checkRisks(cases); err != nil {
		return nil, err
	}
	points, value := make([]CusumPoint, len(cases)), 0.0
	for i, x := range cases {
		w := c.Weight(x)
		value = math.Max(0, value+w)
		points[i] = CusumPoint{Weight: w, Value: value, Signal: c.Limit > 0 && value >= c.Limit}
	}
	return points, nil
}

// LeastCases is how many cases a surgeon has before a CUSUM may signal; with
// fewer the VLAD alone is shown.
const LeastCases = 20

// Monitoring is everything a page shows of one surgeon or hospital.
type Monitoring struct {
	VLAD          []float64
	Deterioration []CusumPoint // empty with fewer than [LeastCases] cases
	Improvement   []CusumPoint
}

// Monitor runs both charts behind the VLAD, with the limits of each.
func Monitor(cases []Case, worse, better Cusum) (Monitoring, error) {
	line, err := VLAD(cases)
	if err != nil || len(cases) < LeastCases {
		return Monitoring{VLAD: line}, err
	}
	m := Monitoring{VLAD: line}
	if m.Deterioration, err = worse.Run(cases); err != nil {
		return Monitoring{}, err
	}
	m.Improvement, err = better.Run(cases)
	return m, err
}

// Simulation is how a limit is sought: the expected risks of the actual cases,
// the change the chart looks for, how many cases it shall run on average before
// a false alarm (at least three expected years), how many runs, and the seed.
type Simulation struct {
	Risks []float64
	Odds  float64
	ARL   float64
	Runs  int // 0: 2000
	Seed  uint64
}

// SimulatedLimit is the limit found, with the average run length it has in the
// simulation and the standard error of that average.
type SimulatedLimit struct {
	H       Number
	ARL, SE float64
}

// LimitBySimulation finds the smallest limit whose average run without a change
// is as long as wanted. The same input gives the same limit. Without risks, or
// with a change of 1, there is none.
func LimitBySimulation(s Simulation) SimulatedLimit {
	if s.Runs <= 0 {
		s.Runs = 2000
	}
	if len(s.Risks) == 0 || !(s.ARL >= 1 && s.ARL <= 1e6) || !(s.Odds > 0) || s.Odds == 1 || math.IsInf(s.Odds, 1) {
		return SimulatedLimit{}
	}
	for _, r := range s.Risks {
		if !(r >= 0 && r <= 1) {
			return SimulatedLimit{}
		}
	}
	runs := make([]*run, s.Runs)
	for i := range runs {
		runs[i] = &run{random: rand.New(rand.NewPCG(s.Seed, uint64(i))), most: int(20 * s.ARL)} // #nosec G404 -- a simulation that is repeated from its seed
	}
	const stride = 0.25 // the run length grows exponentially with the limit
	high := stride
	for s.length(runs, high).ARL < s.ARL {
		if high += stride; high > 100 {
			return SimulatedLimit{}
		}
	}
	low := high - stride
	for high-low > 1e-9 {
		if mid := (low + high) / 2; s.length(runs, mid).ARL < s.ARL {
			low = mid
		} else {
			high = mid
		}
	}
	found := s.length(runs, high)
	found.H = Of(high)
	return found
}

// length is the average run length at a limit.
func (s Simulation) length(runs []*run, limit float64) SimulatedLimit {
	chart, sum, squares := Cusum{Odds: s.Odds}, 0.0, 0.0
	for _, r := range runs {
		t := float64(r.until(limit, chart, s.Risks))
		sum, squares = sum+t, squares+t*t
	}
	n := float64(len(runs))
	mean := sum / n
	return SimulatedLimit{ARL: mean, SE: math.Sqrt(math.Max(0, squares/n-mean*mean) / n)}
}

// run is one simulated chart without a change. It remembers when it first
// reached each height, so that any limit can be asked of it.
type run struct {
	random  *rand.Rand
	value   float64
	cases   int
	most    int // longer runs are cut off: they are beyond any limit wanted
	heights []float64
	reached []int
}

// until is how many cases pass until the chart is at a limit.
func (r *run) until(limit float64, chart Cusum, risks []float64) int {
	for r.cases < r.most && (len(r.heights) == 0 || r.heights[len(r.heights)-1] < limit) {
		p := risks[r.random.IntN(len(risks))]
		r.value = math.Max(0, r.value+chart.Weight(Case{Risk: p, Event: r.random.Float64() < p}))
		r.cases++
		if len(r.heights) == 0 && r.value > 0 || len(r.heights) > 0 && r.value > r.heights[len(r.heights)-1] {
			r.heights, r.reached = append(r.heights, r.value), append(r.reached, r.cases)
		}
	}
	i := sort.SearchFloat64s(r.heights, limit)
	if i == len(r.heights) {
		return r.most
	}
	return r.reached[i]
}
