package match

import (
	"regexp"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// DefaultCasePrefix starts the case numbers of a partnership that set no other.
const DefaultCasePrefix = "SH"

const (
	maxQuery   = 64 // characters read from the box
	maxClauses = 6  // terms joined; more narrow nothing down
)

// Clause is met by a person who has any of its terms.
type Clause struct{ Any []Term }

// Query is a search text understood: every clause must be met. The clause that
// fits the fewest people comes first, to be the one that drives the index.
type Query struct {
	Clauses []Clause
	Unknown []string // words that are nothing we can search by
}

// Empty reports whether there is nothing to search by.
func (q Query) Empty() bool { return len(q.Clauses) == 0 }

// TailOnly reports whether the query is one tail and nothing else: with many
// hits a second word is asked for instead of a long list.
func (q Query) TailOnly() bool {
	return len(q.Clauses) == 1 && (q.Clauses[0].Any[0].Kind == KindIDTail || q.Clauses[0].Any[0].Kind == KindPhoneTail)
}

// Parser reads search texts.
type Parser struct {
	CasePrefix string // letters before the year of a case number; empty means DefaultCasePrefix
}

// ParseQuery reads a search text with the default case prefix.
func ParseQuery(text string) Query { return Parser{}.Parse(text) }

var (
	tailShape   = regexp.MustCompile(`^\d{3}[\dX]$`)
	longNumber  = regexp.MustCompile(`^(?:\d{17}[\dX]|\d{15})$`)
	mobileFull  = regexp.MustCompile(`^1\d{10}$`)
	wholeNumber = regexp.MustCompile(`^(?:\d{17}[\dx]|\d{15}|1\d{10})$`)
	landline    = regexp.MustCompile(`^0\d{9,11}$`)
	slipShape   = regexp.MustCompile(`^[2-79AC-HJKMNP-Z]{6}$`)
	caseShape   = regexp.MustCompile(`^([A-Z]{1,6})-?(\d{4})-?(\d{3,7})$`)
	pinyinWord  = regexp.MustCompile(`^[a-z']+$`)
	hasDigit    = regexp.MustCompile(`\d`)
)

// Parse decides what each word of a search text is. Neighbouring Latin words
// are one spelling (luo nv), and Chinese characters end a word by themselves
// (罗002X). What may be two things is searched as both.
func (p Parser) Parse(text string) Query {
	if p.CasePrefix == "" {
		p.CasePrefix = DefaultCasePrefix
	}
	var q Query
	list := joinLatin(words(text))
	if whole := strings.ToLower(patient.FoldNumber(text)); wholeNumber.MatchString(whole) {
		list = []string{whole} // digits in groups, as on cards and letterheads
	}
	for _, w := range list {
		clauses := p.clauses(w)
		if len(clauses) == 0 {
			q.Unknown = append(q.Unknown, w)
		}
		q.Clauses = append(q.Clauses, clauses...)
	}
	sort.SliceStable(q.Clauses, func(i, j int) bool { return q.Clauses[i].rank() < q.Clauses[j].rank() })
	q.Clauses = distinct(q.Clauses)
	q.Clauses = q.Clauses[:min(len(q.Clauses), maxClauses)]
	return q
}

func distinct(in []Clause) (out []Clause) {
	seen := map[string]bool{}
	for _, c := range in {
		key := ""
		for _, t := range c.Any {
			key += t.String() + "\x00"
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, c)
		}
	}
	return out
}

// words splits at spaces and punctuation, and between Chinese and other
// characters. Hyphens stay inside a word, for case and telephone numbers.
func words(text string) (out []string) {
	r := []rune(strings.ToLower(plain(text)))
	var word []rune
	flush := func() {
		if w := strings.Trim(string(word), "-'"); w != "" {
			out = append(out, w)
		}
		word = word[:0]
	}
	for _, c := range r[:min(len(r), maxQuery)] {
		switch {
		case c == '·': // a name with a middle dot is one word
			continue
		case !searchable(c) && c != '-' && c != '\'':
			flush()
			continue
		case len(word) > 0 && ideograph(c) != ideograph(word[len(word)-1]):
			flush()
		}
		word = append(word, c)
	}
	flush()
	return out
}

// signs are ways to write one sign. The replacer is built once: it costs more to
// build than to use.
var signs = strings.NewReplacer("•", "·", "・", "·", "‐", "-", "–", "-", "—", "-", "−", "-", "’", "'", "×", "x")

// plain folds widths, drops tone marks (luó) and writes ü as v.
func plain(text string) string {
	s := signs.Replace(norm.NFKC.String(text))
	var b strings.Builder
	decomposed := []rune(norm.NFD.String(s))
	for i, r := range decomposed {
		switch {
		case r == 'u' || r == 'U':
			if hasDiaeresis(decomposed[i+1:]) {
				r = 'v'
			}
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) && b.Len() > 0:
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

func hasDiaeresis(marks []rune) bool {
	for _, m := range marks {
		if m == '\u0308' {
			return true
		}
		if !unicode.Is(unicode.Mn, m) {
			return false
		}
	}
	return false
}

func joinLatin(in []string) (out []string) {
	for i, w := range in {
		if i > 0 && pinyinWord.MatchString(w) && pinyinWord.MatchString(in[i-1]) {
			out[len(out)-1] += w
			continue
		}
		out = append(out, w)
	}
	return out
}

// clauses is what one word may be.
func (p Parser) clauses(w string) []Clause {
	upper := strings.ToUpper(w)
	digits := strings.ReplaceAll(upper, "-", "")
	if m := caseShape.FindStringSubmatch(upper); m != nil && m[1] == strings.ToUpper(p.CasePrefix) {
		return one(Term{Kind: KindCase, Text: m[1] + "-" + m[2] + "-" + m[3]})
	}
	switch {
	case tailShape.MatchString(upper) && upper[3] == 'X':
		return one(Term{Kind: KindIDTail, Text: upper})
	case tailShape.MatchString(upper):
		return one(Term{Kind: KindIDTail, Text: upper}, Term{Kind: KindPhoneTail, Text: upper})
	case longNumber.MatchString(digits):
		return one(Term{Kind: KindNumber, Text: patient.UpgradeNumber(digits)})
	case mobileFull.MatchString(digits) || landline.MatchString(digits):
		if phone, err := patient.ParsePhone(digits); err == nil {
			return one(Term{Kind: KindPhone, Text: phone})
		}
		return nil
	}
	return nameClauses(w, upper)
}

// nameClauses is a fragment of a name, a spelling, or a slip code; six letters
// may be a spelling as well as a slip.
func nameClauses(w, upper string) []Clause {
	slip := slipShape.MatchString(upper)
	if slip && hasDigit.MatchString(w) {
		return one(Term{Kind: KindSlip, Text: upper})
	}
	if pinyinWord.MatchString(w) {
		c := Clause{spellingTerms(strings.ReplaceAll(w, "'", ""))}
		if slip {
			c.Any = append([]Term{{Kind: KindSlip, Text: upper}}, c.Any...)
		}
		return []Clause{c}
	}
	form := searchForm(w)
	if form == "" || hasDigit.MatchString(form) {
		return nil
	}
	r := []rune(form)
	if len(r) == 1 {
		return one(Term{Kind: KindName, Text: form})
	}
	var out []Clause
	for _, g := range bigrams(form) {
		out = append(out, Clause{[]Term{{Kind: KindBigram, Text: g}}})
	}
	if len(out) == 0 { // a Latin word with signs of other alphabets
		return one(Term{Kind: KindPinyin, Text: form, Prefix: true})
	}
	return out
}

// spellingTerms: no syllable begins with i, u or v, so a word with one of them
// cannot be initials; names have at most maxInitials syllables.
func spellingTerms(w string) []Term {
	const maxInitials = 12
	w = strings.ReplaceAll(w, "lyu", "lv") // the spelling of 吕 on passports
	var out []Term
	if len(w) <= maxInitials && !strings.ContainsAny(w, "iuv") {
		out = append(out, Term{Kind: KindInitials, Text: w, Prefix: true})
	}
	if len(w) > 1 || len(out) == 0 {
		out = append(out, Term{Kind: KindPinyin, Text: w, Prefix: true})
	}
	return out
}

func one(terms ...Term) []Clause { return []Clause{{terms}} }

// rank orders clauses by how few people they fit, as measured by their kind:
// a number is one person's, a tail one in thousands, a surname one in ten.
func (c Clause) rank() int {
	worst := 0
	for _, t := range c.Any {
		r := map[Kind]int{KindCase: 0, KindNumber: 1, KindPhone: 2, KindSlip: 3, KindIDTail: 4, KindPhoneTail: 5,
			KindBigram: 20, KindPinyin: 40, KindInitials: 50, KindName: 80}[t.Kind]
		if t.Kind == KindPinyin || t.Kind == KindInitials {
			r -= min(len(t.Text), 15) // the longer the rarer
		}
		worst = max(worst, r)
	}
	return worst
}
