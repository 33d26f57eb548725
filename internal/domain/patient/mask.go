package patient

import (
	"strings"
	"unicode/utf8"
)

// MaskNumber shows the last four characters of an identity number only:
// **************002X. A number of four or fewer is hidden whole.
func MaskNumber(s string) string { return maskTo(s, 4) }

// MaskPhone shows the last four digits of a telephone number only.
func MaskPhone(s string) string { return maskTo(s, 4) }

func maskTo(s string, shown int) string {
	runes := []rune(s)
	if len(runes) <= shown {
		return strings.Repeat("*", len(runes))
	}
	return strings.Repeat("*", len(runes)-shown) + string(runes[len(runes)-shown:])
}

// MaskName shows the first character of a name: 向**. A compound surname is cut
// like any other, or the mask would tell it apart.
func MaskName(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(first) + strings.Repeat("*", utf8.RuneCountInString(s[size:]))
}

// ShownName is the one rule for names on lists and pages: in full only for who
// may read people, masked for everybody else, such as officials.
func ShownName(name string, full bool) string {
	if full {
		return name
	}
	return MaskName(name)
}
