package procedure

import (
	"errors"
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

// MaxLensModel is the longest name of a lens in characters.
const MaxLensModel = 60

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
