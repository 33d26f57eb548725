package device

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
)

// element is one application identifier of the GS1 General Specifications: how
// long its value is and what of it we keep.
type element struct {
	min, max int
	numeric  bool
	keep     field
}

// gs1Alphabet are the characters a value may hold (set 82 of ISO/IEC 646).
const gs1Alphabet = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

type field int

const (
	ignored field = iota
	keepGTIN
	keepLot
	keepProduced
	keepExpiry
	keepSerial
	keepCatalogue
	keepQuantity
)

// elements are the identifiers found on medical devices. Those that are not kept
// must be known all the same: without their length the next one is not found.
var elements = map[string]element{
	"00": {18, 18, true, ignored}, "01": {14, 14, true, keepGTIN}, "02": {14, 14, true, ignored}, "10": {1, 20, false, keepLot},
	"11": {6, 6, true, keepProduced}, "12": {6, 6, true, ignored}, "13": {6, 6, true, ignored}, "15": {6, 6, true, ignored}, "16": {6, 6, true, ignored},
	"17": {6, 6, true, keepExpiry}, "20": {2, 2, true, ignored}, "21": {1, 20, false, keepSerial}, "22": {1, 20, false, ignored},
	"30": {1, 8, true, keepQuantity}, "37": {1, 8, true, ignored}, "240": {1, 30, false, keepCatalogue}, "241": {1, 30, false, ignored},
	"242": {1, 6, true, ignored}, "250": {1, 30, false, ignored}, "251": {1, 30, false, ignored}, "400": {1, 30, false, ignored},
	"410": {13, 13, true, ignored}, "414": {13, 13, true, ignored}, "422": {3, 3, true, ignored}, "710": {1, 20, false, ignored}, "711": {1, 20, false, ignored},
	"712": {1, 20, false, ignored}, "713": {1, 20, false, ignored}, "714": {1, 20, false, ignored}, "715": {1, 20, false, ignored},
	"7003": {10, 10, true, ignored}, "8004": {1, 30, false, ignored}, "8012": {1, 20, false, ignored}, "8013": {1, 25, false, ignored},
	"90": {1, 30, false, ignored}, "91": {1, 90, false, ignored}, "92": {1, 90, false, ignored}, "93": {1, 90, false, ignored}, "94": {1, 90, false, ignored},
	"95": {1, 90, false, ignored}, "96": {1, 90, false, ignored}, "97": {1, 90, false, ignored}, "98": {1, 90, false, ignored}, "99": {1, 90, false, ignored},
}

// identifier finds the application identifier a text begins with; no identifier
// is the beginning of another one.
func identifier(s string) (string, element, bool) {
	for n := 2; n <= 4 && n <= len(s); n++ {
		if e, ok := elements[s[:n]]; ok {
			return s[:n], e, true
		}
	}
	return "", element{}, false
}

// parseElements reads an element string. Fields of fixed length follow each
// other directly, others end at a separator; a keyboard may have sent a space,
// a bar or a caret for it, which no value can hold.
func parseElements(s string, today clock.Date) (Label, *Fault) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '|' || r == '^' {
			return separator
		}
		return r
	}, s)
	l := Label{Scheme: GS1}
	seen := map[string]string{}
	for s = strings.TrimLeft(s, "\x1d"); s != ""; s = strings.TrimLeft(s, "\x1d") {
		ai, e, ok := identifier(s)
		if !ok {
			return Label{}, &Fault{FaultAI, s[:min(2, len(s))]}
		}
		rest := s[len(ai):]
		value := rest
		if i := strings.IndexByte(rest, separator); i >= 0 {
			value = rest[:i]
		}
		if e.min == e.max && len(value) > e.max {
			value = value[:e.max]
		}
		if f := l.take(ai, value, seen, today); f != nil {
			return Label{}, f
		}
		s = rest[len(value):]
	}
	return l.named()
}

var printedAI = regexp.MustCompile(`\(([0-9]{2,4})\)`)

// parsePrinted reads the form for people: every identifier in brackets.
func parsePrinted(s string, today clock.Date) (Label, *Fault) {
	l := Label{Scheme: GS1}
	seen := map[string]string{}
	at := printedAI.FindAllStringSubmatchIndex(s, -1)
	known := at[:0]
	for i, m := range at {
		// A bracket inside a lot number is no identifier, unless it stands first.
		if _, ok := elements[s[m[2]:m[3]]]; ok || i == 0 {
			known = append(known, m)
		}
	}
	if len(known) == 0 || known[0][0] != 0 {
		return Label{}, &Fault{FaultAI, s[:min(4, len(s))]}
	}
	for i, m := range known {
		ai, end := s[m[2]:m[3]], len(s)
		if _, ok := elements[ai]; !ok {
			return Label{}, &Fault{FaultAI, ai}
		}
		if i+1 < len(known) {
			end = known[i+1][0]
		}
		if f := l.take(ai, strings.Trim(s[m[1]:end], " \x1d"), seen, today); f != nil {
			return Label{}, f
		}
	}
	return l.named()
}

// take checks one field and keeps what is ours.
func (l *Label) take(ai, value string, seen map[string]string, today clock.Date) *Fault {
	e := elements[ai]
	switch {
	case len(value) < e.min:
		return &Fault{FaultCut, ai}
	case e.numeric && !digits(value):
		return &Fault{FaultDigits, ai}
	case len(value) > e.max:
		return &Fault{FaultSeparator, ai}
	case strings.Trim(value, gs1Alphabet) != "":
		return &Fault{FaultChars, ai}
	}
	if old, twice := seen[ai]; twice && old != value {
		return &Fault{FaultTwice, ai}
	}
	seen[ai] = value
	var ok bool
	switch e.keep {
	case keepGTIN:
		if !validGTIN(value) {
			return &Fault{FaultCheck, ai}
		}
		l.DI = value
	case keepLot:
		l.Lot = value
	case keepSerial:
		l.Serial = value
	case keepCatalogue:
		l.Catalogue = value
	case keepQuantity:
		l.Quantity, _ = strconv.Atoi(value) // at most eight digits
	case keepExpiry:
		if l.Expiry, ok = sixDigits(value, today); !ok {
			return &Fault{FaultDate, ai}
		}
	case keepProduced:
		if l.Produced, ok = sixDigits(value, today); !ok {
			return &Fault{FaultDate, ai}
		}
	}
	return nil
}

// named refuses a label that says nothing about a device.
func (l Label) named() (Label, *Fault) {
	if l.DI == "" && l.Catalogue == "" && l.Produced.IsZero() && !l.told() {
		return Label{}, fault(FaultNone)
	}
	return l, nil
}

// sixDigits reads YYMMDD. A day of 00 is the last day of the month.
func sixDigits(s string, today clock.Date) (clock.Date, bool) {
	return dayOf(century(number(s[:2]), today), number(s[2:4]), number(s[4:6]))
}

// dayOf makes a day; day 0 is the last one of the month.
func dayOf(year, month, day int) (clock.Date, bool) {
	if day == 0 {
		first, err := clock.NewDate(year, month, 1)
		if err != nil {
			return clock.Date{}, false
		}
		return first.AddMonths(1).AddDays(-1), true
	}
	d, err := clock.NewDate(year, month, day)
	return d, err == nil
}

// century completes a two-digit year by the GS1 rule: fifty years either way.
func century(yy int, today clock.Date) int {
	now := today.Year()
	year := now - now%100 + yy
	switch {
	case year-now > 50:
		year -= 100
	case now-year >= 50:
		year += 100
	}
	return year
}

// number reads digits that were looked at before.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// validGTIN checks the last digit: weights 3 and 1 from the right, modulo ten.
func validGTIN(s string) bool {
	sum := 0
	for i := range len(s) - 1 {
		w := 3
		if (len(s)-i)%2 == 1 {
			w = 1
		}
		sum += w * int(s[i]-'0')
	}
	return (10-sum%10)%10 == int(s[len(s)-1]-'0')
}

func padGTIN(s string) string { return strings.Repeat("0", 14-len(s)) + s }

// lengthen gives a GTIN of 8, 12, 13 or 14 digits its fourteen.
func lengthen(s string) (string, bool) {
	if !digits(s) || len(s) != 8 && (len(s) < 12 || len(s) > 14) {
		return s, false
	}
	return padGTIN(s), true
}

var hibcDI = regexp.MustCompile(`^[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]$`)

// CheckDI refuses an identifier that is neither a trade item number with its
// check digit nor the primary identifier of HIBC.
func CheckDI(di string) *Fault {
	if digits(di) {
		if len(di) != 14 {
			return &Fault{FaultCut, "01"}
		}
		if !validGTIN(di) {
			return &Fault{FaultCheck, "01"}
		}
		return nil
	}
	if !hibcDI.MatchString(di) {
		return fault(FaultScheme)
	}
	return nil
}
