package patient

import (
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// MaxAge is the age in years above which a birth date is a typing mistake.
const MaxAge = 130

// CitizenNumber is a citizen identity number (GB 11643) that passed every check
// of its own, with what it says about its holder. Print and log show the mask.
type CitizenNumber struct {
	Number     string // 18 characters, X in upper case
	Sex        Sex
	Birth      clock.Date
	RegionCode string      // household registration at issue; may be abolished
	Upgraded   bool        // was written as one of the old 15-digit numbers
	Warnings   errs.Fields // region codes not known or abolished
}

// String is the masked number, so that no format verb can leak it.
func (n CitizenNumber) String() string { return MaskNumber(n.Number) }

// LogValue is the masked number.
func (n CitizenNumber) LogValue() slog.Value { return slog.StringValue(n.String()) }

var (
	// A spreadsheet keeps 15 digits: longer numbers turn into 1.2E+17, or lose
	// their last three digits to zeros.
	scientific = regexp.MustCompile(`^\d(?:\.\d+)?E\+?\d{1,3}$`)
	floatTail  = regexp.MustCompile(`^(\d{15,18})\.0*$`)
	idAlphabet = regexp.MustCompile(`^\d*X?$`)
)

// FoldNumber brings a typed document number to its canonical characters:
// half-width, upper case, without spaces, hyphens, quotes and invisible signs.
// It checks nothing.
func FoldNumber(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '×' || r == '✕' || r == 'Ⅹ':
			return 'X'
		case unicode.IsSpace(r), unicode.In(r, unicode.Cf, unicode.Pd), r == '−', r == '\'', r == '‘', r == '’', r == '`', r == '"':
			return -1
		}
		return unicode.ToUpper(r)
	}, norm.NFKC.String(text))
}

// ParseCitizenNumber reads an 18-digit number or an old 15-digit one. Errors
// name what is wrong but never the check digit that would be right: the number
// is to be read again from the card, not repaired.
func ParseCitizenNumber(text string, today clock.Date) (CitizenNumber, error) {
	s := FoldNumber(text)
	if m := floatTail.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if err := checkShape(s); err != nil {
		return CitizenNumber{}, err
	}
	upgraded := len(s) == 15
	if upgraded {
		s = upgrade(s)
	}
	n, err := readNumber(s, today)
	if err != nil {
		return CitizenNumber{}, err
	}
	n.Upgraded = upgraded
	n.Warnings = regionWarnings(n.RegionCode)
	return n, nil
}

func checkShape(s string) error {
	switch {
	case s == "":
		return refuse("error.identity.required")
	case scientific.MatchString(s):
		return refuse("error.identity.damaged_by_excel")
	case !idAlphabet.MatchString(s):
		return refuse("error.identity.characters")
	case len(s) > 18:
		return refuse("error.identity.too_long", "n", len(s)-18)
	case len(s) == 15 && !strings.HasSuffix(s, "X"), len(s) == 18:
		return nil
	}
	return refuse("error.identity.too_short", "n", 18-len(s))
}

// upgrade turns a 15-digit number into the 18-digit one of the same person.
func upgrade(s string) string {
	s = s[:6] + "19" + s[6:]
	return s + string(checkDigit(s))
}

// checkDigit is ISO 7064 MOD 11-2 over the first 17 digits: the weight of place
// i (from 0) is 2^(17-i) mod 11.
func checkDigit(s string) byte {
	sum, weight := 0, 2
	for i := 16; i >= 0; i-- {
		sum += int(s[i]-'0') * weight
		weight = weight * 2 % 11
	}
	return "10X98765432"[sum%11]
}

// readNumber checks and takes apart 18 characters of the right alphabet. The
// order is the one in which a person finds the mistake: a date that cannot be
// says more than a check digit, except where a spreadsheet did the damage.
func readNumber(s string, today clock.Date) (CitizenNumber, error) {
	passes := checkDigit(s) == s[17]
	if !passes && strings.HasSuffix(s, "000") {
		return CitizenNumber{}, refuse("error.identity.damaged_by_excel")
	}
	birth, err := clock.NewDate(atoi(s[6:10]), atoi(s[10:12]), atoi(s[12:14]))
	if err != nil {
		return CitizenNumber{}, refuse("error.identity.birth", "text", s[6:14])
	}
	if !passes {
		return CitizenNumber{}, refuse("error.identity.check_digit")
	}
	if birth.After(today) {
		return CitizenNumber{}, refuse("error.identity.birth_future", "date", birth)
	}
	if birth.AgeOn(today) > MaxAge {
		return CitizenNumber{}, refuse("error.identity.birth_too_early", "date", birth, "n", MaxAge)
	}
	n := CitizenNumber{Number: s, Birth: birth, RegionCode: s[:6], Sex: Female}
	if s[16]%2 == 1 { // '1' is odd in ASCII as well
		n.Sex = Male
	}
	return n, nil
}

func regionWarnings(code string) (w errs.Fields) {
	switch {
	case residencePrefix(code):
		w.Add("", "warn.identity.residence_permit")
	case terminology.LookupRegion(code).Status == terminology.RegionUnknown:
		w.Add("", "warn.identity.region_unknown", "code", code)
	case terminology.LookupRegion(code).Status == terminology.RegionAbolished:
		w.Add("", "warn.identity.region_abolished", "code", code, "name", terminology.LookupRegion(code).Name)
	}
	return w
}

// residencePrefix tells the residence permits of Hong Kong, Macao and Taiwan
// residents: the same 18 characters, another document.
func residencePrefix(s string) bool {
	return strings.HasPrefix(s, "81") || strings.HasPrefix(s, "82") || strings.HasPrefix(s, "83")
}

// atoi reads digits that were checked before.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// UpgradeNumber is the 18-character form of a folded 15- or 18-character number,
// for looking up without checking; anything else comes back as it is.
func UpgradeNumber(s string) string {
	if len(s) == 15 && strings.Trim(s, "0123456789") == "" {
		return upgrade(s)
	}
	return s
}
