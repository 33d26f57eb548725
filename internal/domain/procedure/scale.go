package procedure

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// ErrSpelling is returned for text that is no value of the scale, ErrRange for
// a value outside of it.
var (
	ErrSpelling = errors.New("not a value of the scale")
	ErrRange    = errors.New("outside the scale")
)

// Power is the power of an artificial lens in half dioptres, the step in which
// lenses are made: 41 is 20.5 D.
type Power int

// The range of lenses on the market, −10 to +40 D.
const (
	MinPower Power = -20
	MaxPower Power = 80
)

// ParsePower reads a power in dioptres: 20.5, +20.50D, -3.
func ParsePower(text string) (Power, error) {
	s := strings.ReplaceAll(strings.TrimSuffix(strings.ToUpper(squeeze(text)), "D"), "−", "-")
	digits, plus := strings.CutPrefix(s, "+")
	n, err := hundredths(digits)
	if err != nil || n%50 != 0 || plus && strings.HasPrefix(digits, "-") {
		return 0, ErrSpelling
	}
	p := Power(n / 50)
	if p < MinPower || p > MaxPower {
		return 0, ErrRange
	}
	return p, nil
}

// String is the power in dioptres with its sign: +20.5.
func (p Power) String() string {
	sign := "+"
	if p < 0 {
		sign, p = "-", -p
	}
	return sign + strconv.Itoa(int(p/2)) + "." + strconv.Itoa(int(p%2)*5)
}

// Acuity is a visual acuity in its one stored spelling: a decimal with two
// places (0.05 to 2.00), or one of the signs below it. The empty acuity was not
// measured. Signs are kept as signs: they are never averaged with decimals.
type Acuity string

// The signs below the chart: counting fingers, hand motion, light perception,
// no light perception.
const (
	CountingFingers   Acuity = "CF"
	HandMotion        Acuity = "HM"
	LightPerception   Acuity = "LP"
	NoLightPerception Acuity = "NLP"
)

// ParseAcuity reads a decimal (0.5, 1.0) or a sign (指数, 手动, 光感, 无光感, CF …).
// Five-point values (5.0, 4.7) are another scale and are refused by their range.
func ParseAcuity(text string) (Acuity, error) {
	s := strings.ToUpper(squeeze(text))
	switch {
	case s == "":
		return "", nil
	case s == "NLP" || strings.Contains(s, "无光感") || strings.Contains(s, "光感") && strings.ContainsAny(s, "-－—阴失"):
		// 光感(-), 光感阴性, 光感消失: an eye that sees no light is not one that does.
		return NoLightPerception, nil
	case s == "LP" || strings.Contains(s, "光感"):
		return LightPerception, nil
	case s == "HM" || strings.Contains(s, "手动"):
		return HandMotion, nil
	case s == "CF" || s == "FC" || strings.Contains(s, "指数") || strings.Contains(s, "数指"):
		return CountingFingers, nil
	}
	n, err := hundredths(s)
	if err != nil {
		return "", ErrSpelling
	}
	if n < 1 || n > 200 {
		return "", ErrRange
	}
	return Acuity(fmt.Sprintf("%d.%02d", n/100, n%100)), nil
}

// Hundredths is the decimal acuity times 100; false for a sign or nothing.
func (a Acuity) Hundredths() (int, bool) {
	n, err := hundredths(string(a))
	return n, err == nil
}

// hundredths reads a decimal with at most two places, without going through a
// float, so that 0.29 stays 29.
func hundredths(s string) (int, error) {
	neg := strings.HasPrefix(s, "-")
	whole, part, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
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

// squeeze brings full-width forms to ASCII and drops all white space.
func squeeze(s string) string { return strings.Join(strings.Fields(norm.NFKC.String(s)), "") }
