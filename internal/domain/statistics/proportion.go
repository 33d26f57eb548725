package statistics

import "math"

// Proportion is the share k of n; of nothing it is undefined.
func Proportion(k, n int) Number {
	if n <= 0 || k < 0 || k > n {
		return Number{}
	}
	return Of(float64(k) / float64(n))
}

// ClopperPearson is the exact binomial interval of k events in n.
func ClopperPearson(k, n int, level float64) Interval {
	if n <= 0 || k < 0 || k > n || !levelOK(level) {
		return none(level)
	}
	tail, events, rest := (1-level)/2, float64(k), float64(n-k)
	i := Interval{Low: 0, High: 1, Level: level, Method: MethodExactBinom}
	if k > 0 {
		i.Low = betaQuantile(tail, events, rest+1)
	}
	if k < n { // by symmetry, so that the small tail is the one inverted
		i.High = 1 - betaQuantile(tail, rest, events+1)
	}
	return i
}

// Wilson is the score interval of k events in n: shorter than the exact one and
// right on average, where the exact one is never too short.
func Wilson(k, n int, level float64) Interval {
	if n <= 0 || k < 0 || k > n || !levelOK(level) {
		return none(level)
	}
	z, size := zOf(level), float64(n)
	p := float64(k) / size
	mid := p + z*z/(2*size)
	half := z * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	whole := 1 + z*z/size
	i := Interval{Low: unit((mid - half) / whole), High: unit((mid + half) / whole), Level: level, Method: MethodWilson}
	if k == 0 {
		i.Low = 0
	}
	if k == n {
		i.High = 1
	}
	return i
}

// PoissonExact is the rate of count events over an exposure, with the exact
// interval. With an exposure of 1 it is the interval of the count itself.
func PoissonExact(count int, exposure, level float64) (rate Number, ci Interval) {
	if count < 0 || !(exposure > 0) || math.IsInf(exposure, 1) || !levelOK(level) {
		return Number{}, none(level)
	}
	tail, events := (1-level)/2, float64(count)
	ci = Interval{High: gammaHigh(tail, events+1) / exposure, Level: level, Method: MethodExactPoisson}
	if count > 0 {
		ci.Low = gammaLow(tail, events) / exposure
	}
	return Of(events / exposure), ci
}

// Byar is the rate of count events over an exposure, with Byar's approximation
// of the Poisson interval, as public-health reports print it. Below 10 events
// they use the exact one; see [PoissonExact].
func Byar(count int, exposure, level float64) (rate Number, ci Interval) {
	if count < 0 || !(exposure > 0) || math.IsInf(exposure, 1) || !levelOK(level) {
		return Number{}, none(level)
	}
	z, low, high := zOf(level), float64(count), float64(count+1)
	cube := func(o, z float64) float64 { return o * math.Pow(1-1/(9*o)+z/(3*math.Sqrt(o)), 3) }
	ci = Interval{High: cube(high, z) / exposure, Level: level, Method: MethodByar}
	if count > 0 {
		ci.Low = math.Max(cube(low, -z), 0) / exposure
	}
	return Of(low / exposure), ci
}
