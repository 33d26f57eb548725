package device

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
)

// hibcAlphabet gives the characters their values for the check character
// (ANSI/HIBC 2.6, the alphabet of Code 39).
const hibcAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"

// hibcCheck is the check character of a text, false when a character is not in
// the alphabet.
func hibcCheck(s string) (byte, bool) {
	sum := 0
	for i := range len(s) {
		v := strings.IndexByte(hibcAlphabet, s[i])
		if v < 0 {
			return 0, false
		}
		sum += v
	}
	return hibcAlphabet[sum%43], true
}

var hibcPrimary = regexp.MustCompile(`^([A-Z][A-Z0-9]{3})([A-Z0-9]{1,18})([0-9])$`)

// parseHIBC reads a primary code (+ labeler, product, unit), a secondary code
// (+$…, with the check character of its primary before its own), or both in one
// with a slash between.
func parseHIBC(s string, today clock.Date) (Label, *Fault) {
	s = strings.ToUpper(strings.Trim(s, "*"))
	// The check character may be a space, which got lost at the end of the line,
	// or was printed as an underscore.
	s = strings.ReplaceAll(s, "_", " ")
	if len(s) < 4 {
		return Label{}, fault(FaultCut)
	}
	body, check, f := checked(s)
	if f != nil {
		if body, check, f = checked(s + " "); f != nil {
			return Label{}, f
		}
	}
	body = body[1:]
	l := Label{Scheme: HIBC}
	secondary := body == "" || body[0] == '$' || body[0] >= '0' && body[0] <= '9'
	if secondary {
		if len(body) < 3 {
			return Label{}, fault(FaultCut)
		}
		l.link, body = body[len(body)-1:], body[:len(body)-1]
	} else {
		first, rest, more := strings.Cut(body, "/")
		m := hibcPrimary.FindStringSubmatch(first)
		if m == nil {
			return Label{}, fault(FaultHIBCForm)
		}
		l.DI, l.Catalogue = m[1]+m[2]+m[3], m[2]
		if !more {
			l.own = string(check)
			return l, nil
		}
		body = rest
	}
	for i, part := range strings.Split(body, "/") {
		if f := l.supplement(part, i == 0, today); f != nil {
			return Label{}, f
		}
	}
	return l, nil
}

// checked takes the check character off a whole code.
func checked(s string) (body string, check byte, f *Fault) {
	body, check = s[:len(s)-1], s[len(s)-1]
	want, ok := hibcCheck(body)
	switch {
	case !ok:
		return "", 0, fault(FaultChars)
	case want != check:
		return "", 0, fault(FaultHIBCCheck)
	}
	return body, check, nil
}

// supplement reads one part of the secondary data. The first one is the lot or
// the serial number with the day; further ones begin with a letter.
func (l *Label) supplement(part string, first bool, today clock.Date) *Fault {
	switch {
	case first && strings.HasPrefix(part, "$$+"):
		return l.dated(part[3:], &l.Serial, today)
	case first && strings.HasPrefix(part, "$$"):
		return l.dated(part[2:], &l.Lot, today)
	case first && strings.HasPrefix(part, "$+"):
		return keepText(&l.Serial, part[2:])
	case first && strings.HasPrefix(part, "$"):
		return keepText(&l.Lot, part[1:])
	case first && len(part) >= 5 && digits(part[:5]): // the oldest form: YYJJJ and the lot
		return l.julian(part, &l.Lot, today)
	case strings.HasPrefix(part, "14D"):
		return eightDigits(part[3:], &l.Expiry)
	case strings.HasPrefix(part, "16D"):
		return eightDigits(part[3:], &l.Produced)
	case strings.HasPrefix(part, "S"):
		return keepText(&l.Serial, part[1:])
	case strings.HasPrefix(part, "Q"):
		if n, err := strconv.Atoi(part[1:]); err == nil && len(part) <= 6 {
			l.Quantity = n
			return nil
		}
	}
	return fault(FaultHIBCForm)
}

// maxHIBC is the longest lot or serial number of HIBC.
const maxHIBC = 18

func keepText(to *string, value string) *Fault {
	if len(value) > maxHIBC {
		return fault(FaultHIBCForm)
	}
	*to = value
	return nil
}

func eightDigits(s string, to *clock.Date) *Fault {
	if len(s) != 8 || !digits(s) {
		return fault(FaultCut)
	}
	var ok bool
	if *to, ok = dayOf(number(s[:4]), number(s[4:6]), number(s[6:8])); !ok {
		return fault(FaultDate)
	}
	return nil
}

// hibcForms says how long the day behind a flag is: MMYY has no flag, as no
// month begins with 2 to 9.
var hibcForms = map[byte]int{'2': 6, '3': 6, '4': 8, '5': 5, '6': 7, '7': 0}

// dated reads quantity, day and number behind $$.
func (l *Label) dated(s string, to *string, today clock.Date) *Fault {
	for _, q := range []struct {
		flag byte
		size int
	}{{'8', 2}, {'9', 5}} {
		if s != "" && s[0] == q.flag {
			if len(s) < 1+q.size {
				return fault(FaultCut)
			}
			if !digits(s[1 : 1+q.size]) {
				return fault(FaultDigits)
			}
			l.Quantity, s = number(s[1:1+q.size]), s[1+q.size:]
			break
		}
	}
	if s == "" {
		return nil
	}
	size, flagged := hibcForms[s[0]]
	if flagged {
		flag := s[0]
		s = s[1:]
		return l.flagged(flag, size, s, to, today)
	}
	if len(s) < 4 {
		return fault(FaultCut)
	}
	if !digits(s[:4]) {
		return fault(FaultDigits)
	}
	var ok bool
	if l.Expiry, ok = dayOf(century(number(s[2:4]), today), number(s[:2]), 0); !ok {
		return fault(FaultDate)
	}
	return keepText(to, s[4:])
}

func (l *Label) flagged(flag byte, size int, s string, to *string, today clock.Date) *Fault {
	if len(s) < size {
		return fault(FaultCut)
	}
	day, rest := s[:size], s[size:]
	if size > 0 && !digits(day) {
		return fault(FaultDigits)
	}
	ok := true
	switch flag {
	case '2':
		l.Expiry, ok = dayOf(century(number(day[4:6]), today), number(day[:2]), number(day[2:4]))
	case '3', '4':
		l.Expiry, ok = dayOf(century(number(day[:2]), today), number(day[2:4]), number(day[4:6]))
	case '5', '6':
		return l.julian(day[:5]+rest, to, today)
	}
	if !ok {
		return fault(FaultDate)
	}
	return keepText(to, rest)
}

// julian reads YYJJJ, the day of the year, and what follows.
func (l *Label) julian(s string, to *string, today clock.Date) *Fault {
	year, day := century(number(s[:2]), today), number(s[2:5])
	first, err := clock.NewDate(year, 1, 1)
	d := first.AddDays(day - 1)
	if err != nil || day == 0 || d.Year() != year {
		return fault(FaultDate)
	}
	l.Expiry = d
	return keepText(to, s[5:])
}
