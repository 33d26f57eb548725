package device

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
)

// Scheme is the system a label is written in.
type Scheme string

// The schemes.
const (
	GS1  Scheme = "gs1"  // element strings with application identifiers
	GTIN Scheme = "gtin" // the bare trade item number of a box
	HIBC Scheme = "hibc" // Health Industry Bar Code
)

// Label is what a scan says. A sticker with two codes gives two labels that
// [Label.Join] puts together.
type Label struct {
	Scheme    Scheme
	DI        string
	Catalogue string
	Lot       string
	Serial    string
	Expiry    clock.Date
	Produced  clock.Date
	Quantity  int    // 0: not said
	link      string // HIBC: the check character of the primary code this one belongs to
	own       string // HIBC: the check character of this primary code
}

// Fault is why a scan cannot be read. The codes are stable: pages, the API and
// the browser say the same sentence for each.
type Fault struct {
	Code string
	AI   string // the application identifier it is about, when there is one
}

// The codes of faults.
const (
	FaultEmpty     = "empty"
	FaultLong      = "long"       // longer than any label
	FaultChars     = "chars"      // characters no label has
	FaultScheme    = "scheme"     // neither GS1 nor HIBC
	FaultAI        = "ai"         // an application identifier we do not know
	FaultCut       = "cut"        // ends within a field
	FaultDigits    = "digits"     // letters where digits belong
	FaultCheck     = "check"      // check digit of the trade item number
	FaultDate      = "date"       // no such day
	FaultSeparator = "separator"  // a field too long: the scanner leaves out the separators
	FaultTwice     = "twice"      // the same field twice with different values
	FaultNone      = "none"       // read, but nothing that names a device
	FaultHIBCCheck = "hibc_check" // check character of HIBC
	FaultHIBCForm  = "hibc_form"  // begins like HIBC and does not go on like it
	FaultLink      = "link"       // the second code belongs to another sticker
)

// FaultCodes lists the codes.
func FaultCodes() []string {
	return []string{FaultEmpty, FaultLong, FaultChars, FaultScheme, FaultAI, FaultCut, FaultDigits, FaultCheck, FaultDate, FaultSeparator, FaultTwice,
		FaultNone, FaultHIBCCheck, FaultHIBCForm, FaultLink}
}

// Error is for logs; people read the message of Key.
func (f *Fault) Error() string { return "device: label: " + f.Code + " " + f.AI }

// Key is the message key of the sentence.
func (f *Fault) Key() string { return "error.device.scan." + f.Code }

func fault(code string) *Fault { return &Fault{Code: code} }

// maxScan is longer than any label of the standards (GS1 DataMatrix in health
// care stays below 100 characters).
const maxScan = 300

// separator is what stands between fields: FNC1, sent by scanners as the
// control character GS.
const separator = '\x1d'

// spelled are ways in which scanners, their settings and keyboards write FNC1.
var spelled = strings.NewReplacer("<GS>", "\x1d", "<gs>", "\x1d", "{GS}", "\x1d", "[GS]", "\x1d", "<FNC1>", "\x1d", "{FNC1}", "\x1d", "\u241d", "\x1d", "^]", "\x1d")

var symbology = regexp.MustCompile(`^\]([A-Za-z][0-9])`)

// gs1Symbols are the symbology identifiers (ISO/IEC 15424) that promise GS1.
const gs1Symbols = "C1 e0 d2 Q3 J1"

// Parse reads one scan, or the line printed under the code, as of a day: the
// century of a two-digit year follows from it.
func Parse(text string, today clock.Date) (Label, *Fault) {
	if len(text) > 4*maxScan {
		return Label{}, fault(FaultLong)
	}
	s := spelled.Replace(norm.NFKC.String(text))
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || r == '\r' || r == '\n' || r == '\t' {
			return -1
		}
		return r
	}, s)
	s = strings.Trim(s, " ")
	gs1 := false
	if m := symbology.FindStringSubmatch(s); m != nil {
		gs1, s = strings.Contains(gs1Symbols, m[1]), s[len(m[0]):]
	}
	if strings.HasPrefix(s, "\x1d") {
		gs1 = true
	}
	s = strings.Trim(s, "\x1d ")
	switch {
	case s == "":
		return Label{}, fault(FaultEmpty)
	case !plain(s):
		return Label{}, fault(FaultChars)
	case len(s) > maxScan:
		return Label{}, fault(FaultLong)
	case s[0] == '+' || strings.HasPrefix(s, "*+"):
		return parseHIBC(s, today)
	case s[0] == '(':
		return parsePrinted(s, today)
	case s[0] < '0' || s[0] > '9':
		return Label{}, fault(FaultScheme)
	}
	if !gs1 && digits(s) && (len(s) >= 12 && len(s) <= 14) {
		if validGTIN(s) {
			return Label{Scheme: GTIN, DI: padGTIN(s)}, nil
		}
		if l, f := parseElements(s, today); f == nil || strings.HasPrefix(s, "01") {
			return l, f
		}
		return Label{}, fault(FaultCheck)
	}
	return parseElements(s, today)
}

// plain reports whether a text has the characters of labels only: printable
// ASCII and the separator.
func plain(s string) bool {
	for _, r := range s {
		if r != separator && (r < ' ' || r > '~') {
			return false
		}
	}
	return true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Join puts two codes of one sticker together. It refuses a second code that
// says something else.
func (l Label) Join(o Label) (Label, *Fault) {
	if o.link != "" && l.own != "" && o.link != l.own || l.link != "" && o.own != "" && l.link != o.own {
		return l, fault(FaultLink)
	}
	for _, x := range []struct {
		a *string
		b string
	}{{&l.DI, o.DI}, {&l.Catalogue, o.Catalogue}, {&l.Lot, o.Lot}, {&l.Serial, o.Serial}, {&l.own, o.own}, {&l.link, o.link}} {
		if *x.a != "" && x.b != "" && *x.a != x.b {
			return l, fault(FaultTwice)
		}
		if *x.a == "" {
			*x.a = x.b
		}
	}
	for _, x := range []struct {
		a *clock.Date
		b clock.Date
	}{{&l.Expiry, o.Expiry}, {&l.Produced, o.Produced}} {
		if !x.a.IsZero() && !x.b.IsZero() && *x.a != x.b {
			return l, fault(FaultTwice)
		}
		if x.a.IsZero() {
			*x.a = x.b
		}
	}
	if l.Quantity == 0 {
		l.Quantity = o.Quantity
	}
	if l.Scheme == GTIN || l.Scheme == "" {
		l.Scheme = o.Scheme
	}
	return l, nil
}

// complete reports whether nothing more is expected of the sticker.
func (l Label) complete() bool { return l.DI != "" && l.told() }

// told reports whether the label says which piece or lot it is.
func (l Label) told() bool { return l.Lot != "" || l.Serial != "" || !l.Expiry.IsZero() }

// Reading is one sticker: its label, or what was wrong, and the scans it was
// read from (from 0).
type Reading struct {
	Label
	Fault *Fault
	Raw   []string
	Lines []int
}

// Read reads scans in the order they were made. A code with the identifier only
// and the code with lot or serial beside it become one reading, in either order;
// a new identifier begins a new sticker. Blank lines are passed over.
func Read(scans []string, today clock.Date) []Reading {
	var out []Reading
	for i, text := range scans {
		if strings.TrimSpace(text) == "" {
			continue
		}
		l, f := Parse(text, today)
		r := Reading{Label: l, Fault: f, Raw: []string{text}, Lines: []int{i}}
		if n := len(out); f == nil && n > 0 && out[n-1].Fault == nil && out[n-1].wants(l) {
			if joined, bad := out[n-1].Label.Join(l); bad == nil {
				last := &out[n-1]
				last.Label, last.Raw, last.Lines = joined, append(last.Raw, text), append(last.Lines, i)
				continue
			} else if bad.Code == FaultLink {
				r.Fault = bad
			}
		}
		out = append(out, r)
	}
	return out
}

// wants reports whether a label is the missing half of the sticker before it.
func (r Reading) wants(l Label) bool {
	if r.complete() {
		return false
	}
	return r.DI == "" && (l.DI != "" || !l.complete()) || r.DI != "" && l.DI == ""
}
