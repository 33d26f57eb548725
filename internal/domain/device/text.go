package device

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tidy composes a text, makes full-width characters narrow, and keeps single
// spaces between words.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// Fold is the form in which numbers and names are compared: upper case, without
// spaces and the marks people leave out or put in ("LZ-36 A" is "LZ36A").
func Fold(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune("._/·()", r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s)))
}
