package history

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/money"
)

// maxText is the longest text of a field in bytes; more is cut and flagged.
const maxText = 4000

func (c Cell) blank() bool {
	return c.Kind == Blank && !c.Formula || c.Kind == Text && strings.TrimFunc(c.Text, invisible) == ""
}

// invisible is every sign nobody sees: spaces, zero-width marks, controls.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// number reads up to nine digits that were checked before.
func number(s string) int {
	n, _ := strconv.Atoi(s[:min(len(s), 9)])
	return n
}

// cut shortens a text to maxText without breaking a character.
func cut(s string) (string, bool) {
	if len(s) <= maxText {
		return s, false
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}

// code is a text that is compared: squeezed and upper case. The changes are
// counted.
func (r *reading) code(c Cell) string {
	text, _ := cut(c.Text)
	if plainASCII(text) {
		up := strings.ToUpper(text)
		if up != text {
			r.change(ChangeCase)
		}
		return up
	}
	out := squeeze(text)
	if strings.ContainsFunc(text, invisible) {
		r.change(ChangeSpace)
	}
	if strings.ContainsFunc(text, fullWidth) {
		r.change(ChangeWidth)
	}
	up := strings.ToUpper(out)
	if up != out {
		r.change(ChangeCase)
	}
	return up
}

// fullWidth is a digit or Latin letter of double width. Chinese punctuation is
// as wide but is no change worth counting.
func fullWidth(r rune) bool {
	return r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ'
}

// free is a text for people: kept as written, without outer spaces.
func (r *reading) free(c Cell, f Field) string {
	text, long := cut(strings.TrimFunc(c.Text, invisible))
	if long {
		r.warn("history.row.text_cut", f)
	}
	return text
}

// empty are the ways to write "nothing".
func empty(s string) bool {
	switch s {
	case "", "-", "--", "—", "——", "/", "\\", "无", "不详", "未知", "NULL", "N/A", "空", "暂无":
		return true
	}
	return false
}

var (
	errTwoDigits = errors.New("year with two digits")
	dateShape    = regexp.MustCompile(`^(?:\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?|\d{8})$`)
	canonical    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	shortYear    = regexp.MustCompile(`^(\d{2})([-./年])(\d{1,2})([-./月])(\d{1,2})日?$`)
	timeTail     = regexp.MustCompile(`^(\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?)[T ,]*\d{1,2}[:时点].*$`)
)

// Serials of days between 1954 and 2119: a number in this range in a date
// column is a day whose format was lost.
const firstSerial, lastSerial = 20000, 80000

// parseDay reads a day. changed is set when it was written in another way than
// a real date or the canonical text.
func parseDay(c Cell, date1904 bool, today clock.Date) (d clock.Date, changed bool, err error) {
	text := strings.TrimFunc(c.Text, invisible)
	if whole, _, _ := strings.Cut(text, "."); len(whole) == 5 && digits(whole) && (c.Kind == Number || whole == text) {
		n := number(whole)
		if date1904 && c.Kind == Number {
			n += 1462 // days between the two epochs
		}
		if c.Date || n >= firstSerial && n <= lastSerial {
			d, err = clock.ExcelSerial(n)
			return d, !c.Date, err
		}
	}
	if canonical.MatchString(text) {
		d, err = clock.ParseDate(text)
		return d, false, err
	}
	s := squeeze(text)
	if m := timeTail.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		s = m[1]
	}
	s = strings.NewReplacer("。", ".", "、", ".", "号", "日", "－", "-", "—", "-", "–", "-").Replace(s)
	if m := shortYear.FindStringSubmatch(s); m != nil {
		d, err = clock.NewDate(today.Year()/100*100+number(m[1]), number(m[3]), number(m[5]))
		if err == nil {
			err = errTwoDigits
		}
		return d, true, err
	}
	if !dateShape.MatchString(s) {
		return clock.Date{}, false, clock.ErrSpelling
	}
	d, err = clock.ParseSpelling(s, today)
	return d, true, err
}

// amount is one read amount.
type amount struct {
	fen     money.Fen
	present bool
	rounded bool // had parts of a fen
}

// parseAmount reads decimal text in a unit. Parts of a fen come from formulas
// (a rate times a sum); they are rounded half up and flagged.
func (r *reading) parseAmount(c Cell, unit money.Fen) (amount, error) {
	s := c.Text
	if c.Kind == Text {
		s = squeeze(s)
		if empty(strings.ToUpper(s)) {
			return amount{}, nil
		}
		plain := strings.NewReplacer("圆", "元", "￥", "¥", "人民币", "", "RMB", "", "。", ".").Replace(s)
		plain = strings.TrimSuffix(plain, "整")
		if plain != c.Text || strings.ContainsAny(plain, ",元¥") {
			r.change(ChangeAmount)
		}
		s = plain
	} else if c.Raw != c.Text {
		r.change(ChangeNoise)
	}
	fen, err := money.ParseUnit(s, unit)
	if !errors.Is(err, money.ErrFraction) {
		return amount{fen: fen, present: true}, err
	}
	// A thousandth of the unit's fen is enough to round by: the text is cut, not computed.
	whole, frac, _ := strings.Cut(s, ".")
	places := 2
	if unit == money.Wan {
		places = 6
	}
	if !digits(frac) || len(frac) <= places {
		return amount{}, err
	}
	fen, err = money.ParseUnit(whole+"."+frac[:places], unit)
	if frac[places] >= '5' {
		if strings.HasPrefix(whole, "-") {
			fen--
		} else {
			fen++
		}
	}
	return amount{fen: fen, present: true, rounded: true}, err
}

// parseAge reads 52, 52岁, 52.0; -1 when it is none.
func parseAge(text string) int {
	s := strings.TrimSuffix(strings.TrimSuffix(squeeze(text), "岁"), "周")
	s, _, _ = strings.Cut(s, ".")
	if !digits(s) || len(s) > 3 {
		return -1
	}
	return number(s)
}

// HospitalKey is how spellings of a hospital are compared: half-width, upper
// case, without spaces.
func HospitalKey(text string) string { return strings.ToUpper(squeeze(text)) }
