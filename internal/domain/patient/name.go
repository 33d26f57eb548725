package patient

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// MaxName is the longest name in characters; the longest on record in this
// country have fewer than 30.
const MaxName = 64

// MaxPlace is the longest township or village in characters, MaxAddress the longest
// address.
const MaxPlace, MaxAddress = 60, 200

// Short is the beginning of a text, of so many characters at most; where it is cut no
// space stands at its end.
func Short(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimRightFunc(string([]rune(text)[:most]), unicode.IsSpace)
}

// middleDots are the signs that are typed for the dot between the parts of a name.
const middleDots = "·•・･‧∙⋅●．․⸱ꞏ"

// NormaliseName brings a name to the one form that is stored: NFC, half-width
// Latin, one kind of middle dot, no spaces between Chinese characters and single
// spaces elsewhere, and none of the invisible signs that choose how a character is
// drawn. It refuses nothing, see [ParseName].
func NormaliseName(text string) string {
	runes := []rune(width.Fold.String(norm.NFC.String(strings.TrimSpace(text))))
	out := make([]rune, 0, len(runes))
	for i, r := range runes {
		switch {
		case selects(r):
		case strings.ContainsRune(middleDots, r), r == '.' && i > 0 && isHan(runes[i-1]):
			out = append(trimSpace(out), '·')
		case unicode.IsSpace(r) && !unicode.IsControl(r) || r == '\t':
			if len(out) > 0 && out[len(out)-1] != ' ' && out[len(out)-1] != '·' {
				out = append(out, ' ')
			}
		case r == '(':
			out = append(trimSpace(out), '（')
		case r == ')':
			out = append(trimSpace(out), '）')
		case isHan(r) && len(out) > 1 && out[len(out)-1] == ' ' && isHan(out[len(out)-2]):
			out[len(out)-1] = r
		default:
			out = append(out, r)
		}
	}
	// Composing again: folding widths may have brought a letter and its mark together.
	return norm.NFC.String(string(trimSpace(out)))
}

// selects reports whether a sign chooses one of the drawings of the character before
// it, which is the same character.
func selects(r rune) bool { return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF }

func trimSpace(r []rune) []rune {
	for len(r) > 0 && r[len(r)-1] == ' ' {
		r = r[:len(r)-1]
	}
	return r
}

// ParseName normalises and checks a person's name. Warnings name what may be a
// remark that slipped into the box; refused are signs no name has, among them
// everything invisible that would make two equal-looking names differ.
func ParseName(text string) (name string, warnings errs.Fields, err error) {
	name = NormaliseName(text)
	runes := []rune(name)
	switch {
	case name == "":
		return "", nil, refuse("error.name.required")
	case len(runes) > MaxName:
		return "", nil, refuse("error.name.too_long", "n", MaxName)
	case hasHidden(name):
		return "", nil, refuse("error.name.hidden")
	case strings.ContainsRune(name, unicode.ReplacementChar):
		return "", nil, refuse("error.name.garbled")
	}
	letters, digit, note, private := 0, false, false, false
	for i, r := range runes {
		switch {
		case unicode.IsLetter(r) || r == '〇':
			letters++
		case unicode.Is(unicode.Co, r): // rare characters of old input methods
			letters, private = letters+1, true
		case unicode.IsMark(r) && i > 0, r == ' ', r == '·', r == '.' && i > 0:
		case (r == '-' || r == '\'' || r == '’') && between(runes, i):
		case unicode.IsDigit(r):
			digit = true
		case r == '（' || r == '）':
			note = true
		default:
			return "", nil, refuse("error.name.sign", "sign", string(r))
		}
	}
	if letters == 0 {
		return "", nil, refuse("error.name.no_letter")
	}
	if digit {
		warnings.Add("", "warn.name.digit")
	}
	if note {
		warnings.Add("", "warn.name.note")
	}
	if private {
		warnings.Add("", "warn.name.private_character")
	}
	if mixed(name) {
		warnings.Add("", "warn.name.mixed_scripts")
	}
	return name, warnings, nil
}

// between reports whether letters stand on both sides, as in O'Neil and Anne-Marie.
func between(runes []rune, i int) bool {
	return i > 0 && i+1 < len(runes) && unicode.IsLetter(runes[i-1]) && unicode.IsLetter(runes[i+1])
}

// mixed reports whether letters stand together that look alike and are not the same:
// Latin, Greek and Cyrillic ones in one name are nearly always a slip of the keyboard,
// and nobody would find the person again.
func mixed(name string) bool {
	n := 0
	for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic} {
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(script, r) }) {
			n++
		}
	}
	return n > 1
}

// hasHidden finds control signs, direction marks, zero-width characters and letters and
// marks that are drawn as nothing, such as the filler of Korean.
func hasHidden(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
	})
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }
