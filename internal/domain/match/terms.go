package match

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the kind of a search term. Digests (number, phone and their tails)
// are made elsewhere with a key; here the plain text is only recognised.
type Kind string

// The kinds with the letter that starts their stored form.
const (
	KindName      Kind = "n" // first character of a name
	KindBigram    Kind = "b" // two neighbouring characters
	KindInitials  Kind = "i" // pinyin initials
	KindPinyin    Kind = "p" // full pinyin without spaces and tones
	KindIDTail    Kind = "d" // last four characters of an identity number
	KindPhoneTail Kind = "t" // last four digits of a telephone number
	KindSlip      Kind = "s" // code of a printed slip
	KindCase      Kind = "c" // case number
	KindNumber    Kind = "x" // a whole identity number, 18 characters
	KindPhone     Kind = "y" // a whole telephone number
)

// Secret reports whether the text of the kind is personal and must be looked up
// by its keyed digest, never stored or compared in plain.
func (k Kind) Secret() bool {
	return k == KindIDTail || k == KindPhoneTail || k == KindNumber || k == KindPhone
}

// Term is one thing to be stored or looked up.
type Term struct {
	Kind   Kind
	Text   string
	Prefix bool // in a query: everything that begins with Text
}

// String is the stored form of a term that is not secret: kind and text in one
// column, so that one index serves all kinds.
func (t Term) String() string { return string(t.Kind) + ":" + t.Text }

// After is the first stored form behind all those that begin with the term: a
// prefix search is term >= String() and term < After().
func (t Term) After() string { return t.String() + "\U0010FFFF" }

// Terms are the search terms of a name: its first character, each pair of
// neighbouring characters, and initials and full pinyin in all readings of the
// surname. Latin names are found by their spelling alone.
func Terms(name string) []Term {
	form := searchForm(name)
	if form == "" {
		return nil
	}
	var terms []Term
	seen := map[Term]bool{}
	add := func(kind Kind, text string) {
		t := Term{Kind: kind, Text: text}
		if text != "" && !seen[t] {
			seen[t] = true
			terms = append(terms, t)
		}
	}
	if first, _ := utf8.DecodeRuneInString(form); !isLatin(first) {
		add(KindName, string(first))
	}
	for _, g := range bigrams(form) {
		add(KindBigram, g)
	}
	for _, s := range initialsOf(name) {
		add(KindInitials, s)
	}
	for _, s := range spellings(name) {
		add(KindPinyin, strings.ReplaceAll(s, " ", ""))
	}
	return terms
}

// bigrams are the neighbouring pairs in which a Chinese (or other non-Latin)
// character takes part; Latin words are found by their beginning.
func bigrams(form string) (out []string) {
	r := []rune(form)
	for i := 0; i+1 < len(r); i++ {
		if !isLatin(r[i]) || !isLatin(r[i+1]) {
			out = append(out, string(r[i:i+2]))
		}
	}
	return out
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) || r < unicode.MaxASCII }
