package statistics

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// zOf is the two-sided normal quantile of a level: 1.96 for 0.95.
func zOf(level float64) float64 { return mathext.NormalQuantile(0.5 + level/2) }

// polish sharpens a root by Newton's method. The library's inverses stop at a
// fixed number of halvings, which is not enough for small tails; gap is the
// distance from the wanted probability, slope its derivative.
func polish(x, low, high float64, gap, slope func(float64) float64) float64 {
	for range 60 {
		g := gap(x)
		if g == 0 {
			return x
		}
		if g < 0 {
			low = x
		} else {
			high = x
		}
		next := x - g/slope(x)
		if !(next > low && next < high) { // also when the slope vanished
			next = halfway(low, high, x)
		}
		if math.Abs(next-x) <= 4e-16*math.Abs(x) {
			return next
		}
		x = next
	}
	return x
}

// halfway bisects a bracket whose upper end may be open.
func halfway(low, high, x float64) float64 {
	if math.IsInf(high, 1) {
		return 2*x + 1
	}
	return low + (high-low)/2
}

// betaQuantile is the value below which a Beta(a, b) variable stays with
// probability p; a and b are positive.
func betaQuantile(p, a, b float64) float64 {
	norm := mathext.Lbeta(a, b)
	x := mathext.InvRegIncBeta(a, b, p)
	if !(x > 0 && x < 1) {
		x = a / (a + b)
	}
	return polish(x, 0, 1,
		func(x float64) float64 { return mathext.RegIncBeta(a, b, x) - p },
		func(x float64) float64 { return math.Exp((a-1)*math.Log(x) + (b-1)*math.Log1p(-x) - norm) })
}

// gammaLow is the value below which a Gamma(a, 1) variable stays with
// probability p; half a χ² quantile with 2a degrees of freedom.
func gammaLow(p, a float64) float64 {
	return polish(start(mathext.GammaIncRegInv(a, p), a), 0, math.Inf(1),
		func(x float64) float64 { return mathext.GammaIncReg(a, x) - p }, gammaDensity(a))
}

// gammaHigh is the value above which a Gamma(a, 1) variable lies with
// probability p. It works on the upper tail, so a small p loses no digits.
func gammaHigh(p, a float64) float64 {
	return polish(start(mathext.GammaIncRegCompInv(a, p), a), 0, math.Inf(1),
		func(x float64) float64 { return p - mathext.GammaIncRegComp(a, x) }, gammaDensity(a))
}

// start replaces a guess that is no positive number by the mean.
func start(guess, mean float64) float64 {
	if guess > 0 && !math.IsInf(guess, 0) {
		return guess
	}
	return mean
}

func gammaDensity(a float64) func(float64) float64 {
	norm, _ := math.Lgamma(a)
	return func(x float64) float64 { return math.Exp((a-1)*math.Log(x) - x - norm) }
}

// chiSquareTail is the chance of a χ² value of df degrees of freedom beyond x.
func chiSquareTail(x, df float64) float64 {
	if !(x > 0) {
		return 1
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// poissonAtLeast is the chance of k or more events where mean are expected.
func poissonAtLeast(k int, mean float64) float64 {
	switch {
	case k <= 0:
		return 1
	case mean <= 0:
		return 0
	}
	return mathext.GammaIncReg(float64(k), mean)
}
