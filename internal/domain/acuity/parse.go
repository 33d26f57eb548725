package acuity

import (
	"math"
	"strconv"
	"strings"
)

// Detect reads a value in the notation its spelling shows: a fraction is
// Snellen, a leading "logMAR" says so, 0.01 to 2.0 is decimal, 2.1 to 5.3 the
// five-point scale. The empty text is the empty value.
func Detect(text string) (Value, Notation, error) {
	s := squeeze(text)
	if v := sign(s); v != "" || s == "" {
		return v, "", nil
	}
	n := Decimal
	switch {
	case s == "1" || s == "2": // 2 is hand motion on one scale and perfect on the other
		return "", "", ErrSpelling
	case strings.HasPrefix(s, "LOGMAR"):
		n, s = LogMAR, strings.TrimLeft(s[len("LOGMAR"):], ":=")
	case strings.HasPrefix(s, "20/"):
		n = Snellen20
	case strings.Contains(s, "/"):
		n = Snellen6
	default:
		if x, err := hundredths(s); err == nil && x > 200 {
			n = FivePoint
		}
	}
	v, err := Parse(s, n)
	return v, n, err
}

// Parse reads a value in a notation.
func Parse(text string, n Notation) (Value, error) {
	s := squeeze(text)
	if v := sign(s); v != "" || s == "" {
		return v, nil
	}
	switch n {
	case Snellen6, Snellen20:
		return fraction(s)
	case LogMAR:
		x, err := hundredths(strings.TrimLeft(strings.TrimPrefix(s, "LOGMAR"), ":="))
		if err != nil {
			return "", err
		}
		return FromLogMAR(x)
	}
	x, err := hundredths(s)
	if err != nil {
		return "", err
	}
	if n == FivePoint {
		return fivePoint(x)
	}
	if x < 1 || x > 200 {
		return "", ErrRange
	}
	for _, l := range lines() {
		if l[0] == x {
			return FromLogMAR(l[2])
		}
	}
	return FromLogMAR(int(math.Round(-100 * math.Log10(float64(x)/100))))
}

// fivePoint reads a five-point value in hundredths. Whole numbers below three
// are the signs of the scale.
func fivePoint(x int) (Value, error) {
	switch x {
	case 0:
		return NoLightPerception, nil
	case 100:
		return LightPerception, nil
	case 200:
		return HandMotion, nil
	}
	if x < 300 || x > 530 {
		return "", ErrRange
	}
	return FromLogMAR(500 - x)
}

// fraction reads 6/18, 20/60, 3/60: distance over the line's distance.
func fraction(s string) (Value, error) {
	above, below, ok := strings.Cut(strings.TrimSuffix(s, "M"), "/")
	if !ok {
		return "", ErrSpelling
	}
	a, err := hundredths(above)
	if err != nil {
		return "", err
	}
	b, err := hundredths(below)
	if err != nil {
		return "", err
	}
	if a <= 0 || b <= 0 {
		return "", ErrRange
	}
	return FromLogMAR(int(math.Round(100 * math.Log10(float64(b)/float64(a)))))
}

// sign reads the words below the chart. 光感(-), 光感阴性 and 光感消失 are an eye
// that sees no light, not one that does.
func sign(s string) Value {
	switch {
	case s == "NLP" || strings.Contains(s, "无光感") || strings.Contains(s, "光感") && strings.ContainsAny(s, "-－阴失"):
		return NoLightPerception
	case s == "LP" || strings.Contains(s, "光感"):
		return LightPerception
	case s == "HM" || strings.Contains(s, "手动"):
		return HandMotion
	case s == "CF" || s == "FC" || strings.Contains(s, "指数") || strings.Contains(s, "数指"):
		return CountingFingers
	}
	return ""
}

// hundredths reads a decimal with at most two places, without a float, so that
// 0.29 stays 29.
func hundredths(s string) (int, error) {
	digits, neg := strings.CutPrefix(s, "-")
	whole, part, _ := strings.Cut(digits, ".")
	if len(part) > 2 || len(whole) > 4 || whole == "" || strings.ContainsAny(whole+part, "+-") {
		return 0, ErrSpelling
	}
	n, err := strconv.Atoi(whole + (part + "00")[:2])
	if err != nil {
		return 0, ErrSpelling
	}
	if neg {
		n = -n
	}
	return n, nil
}
