package sheet

import (
	"strconv"
	"strings"
)

// excelDigits is the precision Excel computes and shows with. It stores binary
// fractions with up to 17 digits, the last two of which are noise:
// 7487.5400000000009 is what becomes of 7487.54.
const excelDigits = 15

// Decimal turns a stored number into plain decimal text without ever making it
// a float: exponents are written out, and a fraction with more than 15
// significant digits is rounded (half up) to 15. Whole numbers keep all their
// digits. Text that is no number comes back unchanged with false.
func Decimal(raw string) (string, bool) {
	s, exp, written := raw, 0, false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(strings.TrimPrefix(s[i+1:], "+"))
		if err != nil || n > 60 || n < -60 {
			return raw, false
		}
		s, exp, written = s[:i], n, true
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, _ := strings.Cut(s, ".")
	if !allDigits(whole+frac) || len(whole)+len(frac) > 400 {
		return raw, false
	}
	if !written && len(strings.TrimLeft(whole+frac, "0")) <= excelDigits {
		return raw, true
	}
	digits, point := whole+frac, len(whole)+exp
	digits, point = trimZeros(digits, point)
	if point < len(digits) && len(digits) > excelDigits {
		digits, point = roundDigits(digits, point)
	}
	if digits == "" {
		return "0", true
	}
	return sign + place(digits, point), true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// trimZeros drops leading zeros (which moves the point) and trailing ones.
func trimZeros(digits string, point int) (string, int) {
	t := strings.TrimLeft(digits, "0")
	point -= len(digits) - len(t)
	return strings.TrimRight(t, "0"), point
}

// roundDigits keeps 15 digits, half up.
func roundDigits(digits string, point int) (string, int) {
	up := digits[excelDigits] >= '5'
	b := []byte(digits[:excelDigits])
	for i := len(b) - 1; up && i >= 0; i-- {
		if b[i] < '9' {
			b[i]++
			up = false
		} else {
			b[i] = '0'
		}
	}
	if up {
		b, point = append([]byte{'1'}, b...), point+1
	}
	return strings.TrimRight(string(b), "0"), point
}

// place writes digits with the point behind the given number of them.
func place(digits string, point int) string {
	switch {
	case point <= 0:
		return "0." + strings.Repeat("0", -point) + digits
	case point >= len(digits):
		return digits + strings.Repeat("0", point-len(digits))
	}
	return digits[:point] + "." + digits[point:]
}
