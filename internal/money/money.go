// Package money is integer money: amounts in fen, rates in basis points, and
// splits that lose nothing. No float comes near an amount.
package money

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Fen is an amount in hundredths of a yuan.
type Fen int64

// Yuan is one yuan; Wan is ten thousand yuan (万元).
const (
	Yuan Fen = 100
	Wan  Fen = 1_000_000
)

// Max bounds amounts people may enter: ten billion yuan. It keeps every sum of
// a programme far away from overflow.
const Max = 1_000_000_000_000 * Fen(1)

// ErrSpelling is returned for text that is no amount; ErrFraction for one with
// parts of a fen; ErrRange for one beyond [Max].
var (
	ErrSpelling = errors.New("not an amount")
	ErrFraction = errors.New("more than two decimals")
	ErrRange    = errors.New("amount out of range")
)

// Parse reads an amount in yuan: 1,234.50 · 1234.5 · ￥1234 · full-width digits.
func Parse(text string) (Fen, error) { return ParseUnit(text, Yuan) }

// ParseUnit reads an amount written in a unit (Yuan or Wan). The text is taken
// digit by digit: 0.1 万元 is exactly 1,000 yuan.
func ParseUnit(text string, unit Fen) (Fen, error) {
	s := strings.Join(strings.Fields(norm.NFKC.String(text)), "")
	s = strings.TrimPrefix(s, "¥")
	s = strings.ReplaceAll(s, ",", "")
	s = strings.ReplaceAll(s, "−", "-")
	switch {
	case strings.HasSuffix(s, "万元"):
		s, unit = strings.TrimSuffix(s, "万元"), Wan
	case strings.HasSuffix(s, "元"):
		s, unit = strings.TrimSuffix(s, "元"), Yuan
	}
	if !plainDecimal(s) {
		return 0, ErrSpelling
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, ErrSpelling
	}
	r.Mul(r, new(big.Rat).SetInt64(int64(unit)))
	if !r.IsInt() {
		return 0, ErrFraction
	}
	if !r.Num().IsInt64() {
		return 0, ErrRange
	}
	f := Fen(r.Num().Int64())
	if f > Max || f < -Max {
		return 0, ErrRange
	}
	return f, nil
}

// plainDecimal accepts digits with at most one point and a leading minus, so
// that neither 1e9 nor 1/3 nor 0x10 is an amount.
func plainDecimal(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if s == "" || len(s) > 24 {
		return false
	}
	digits, points := 0, 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

// String is the amount in yuan with a thousands comma and two decimals, with
// the true minus sign: −1,234.50.
func (f Fen) String() string {
	s := f.Plain()
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	whole, cents, _ := strings.Cut(s, ".")
	var b strings.Builder
	if neg {
		b.WriteString("−")
	}
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String() + "." + cents
}

// Plain is the amount in yuan for files and form fields: -1234.50.
func (f Fen) Plain() string {
	neg := ""
	u := uint64(f) // #nosec G115 -- the magnitude; the smallest amount is handled below
	if f < 0 {
		neg, u = "-", -u
	}
	cents := strconv.FormatUint(u%100, 10)
	if len(cents) < 2 {
		cents = "0" + cents
	}
	return neg + strconv.FormatUint(u/100, 10) + "." + cents
}

// BasisPoints is a rate in hundredths of a percent: 7000 is 70 %.
type BasisPoints int64

// Of is the rate applied to an amount, rounded half up (away from zero), the
// rule of insurers' settlement sheets.
func (r BasisPoints) Of(f Fen) Fen {
	n := new(big.Int).Mul(big.NewInt(int64(f)), big.NewInt(int64(r)))
	neg := n.Sign() < 0
	n.Abs(n).Add(n, big.NewInt(5000)).Quo(n, big.NewInt(10000))
	if neg {
		n.Neg(n)
	}
	return Fen(n.Int64())
}

// Sum adds amounts.
func Sum(fs ...Fen) Fen {
	var t Fen
	for _, f := range fs {
		t += f
	}
	return t
}

// Split divides an amount by weights so that the parts add up exactly: what
// rounding leaves goes to the largest remainders, ties to the earlier part.
// Without any positive weight everything goes to the first part.
func Split(total Fen, weights []int64) []Fen {
	parts := make([]Fen, len(weights))
	var sum int64
	for _, w := range weights {
		sum += max(w, 0)
	}
	if len(weights) == 0 {
		return parts
	}
	if sum == 0 {
		parts[0] = total
		return parts
	}
	rest := make([]*big.Int, len(weights))
	left := total
	for i, w := range weights {
		q, r := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(int64(total)), big.NewInt(max(w, 0))), big.NewInt(sum), new(big.Int))
		parts[i], rest[i] = Fen(q.Int64()), r.Abs(r)
		left -= parts[i]
	}
	step := Fen(1)
	if left < 0 {
		step = -1
	}
	for ; left != 0; left -= step {
		best := 0
		for i := range rest {
			if rest[i].Cmp(rest[best]) > 0 {
				best = i
			}
		}
		parts[best] += step
		rest[best] = big.NewInt(-1)
	}
	return parts
}
