package match

import (
	"sort"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// Fingerprint is what the matcher compares of a registration. Empty values are
// "not known" and count neither for nor against.
type Fingerprint struct {
	Name           string
	NameKeys       []string // NameKeys(Name); may be left empty
	Birth          clock.Date
	BirthEstimated bool
	Sex            patient.Sex
	DocKind        patient.DocumentKind
	DocDigest      string // keyed digest of the whole number, as text
	DocVerified    bool
	Number         string // the number itself while it is being typed; never stored here
	PhoneDigest    string
	Village        string
}

// NameKeys are the readings of a name as the matcher compares them: syllables
// with spaces between, without what people of the south-west do not tell apart
// (zh/z, ch/c, sh/s, n/l, -ng/-n).
func NameKeys(name string) []string {
	var out []string
	for _, s := range spellings(patient.NormaliseName(name)) {
		out = appendNew(out, foldDialect(s))
	}
	return out
}

func foldDialect(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		for _, c := range []string{"z", "c", "s"} {
			if rest, ok := strings.CutPrefix(w, c+"h"); ok {
				w = c + rest
			}
		}
		if rest, ok := strings.CutPrefix(w, "n"); ok && rest != "" {
			w = "l" + rest
		}
		words[i] = strings.TrimSuffix(w, "g")
	}
	return strings.Join(words, " ")
}

func (f Fingerprint) keys() []string {
	if len(f.NameKeys) > 0 {
		return f.NameKeys
	}
	return NameKeys(f.Name)
}

// Blocks are the keys under which a registration is kept to be found as a
// candidate: two registrations are compared when they share one. They are made
// so that one mistake in the name, the birth date, the number, the telephone or
// the village leaves another key whole:
//
//	d  identity number
//	n  syllables of the name in any order (homophones, swapped characters)
//	b  birth date and initial of the surname
//	t  telephone
//	v  village and birth year
func Blocks(f Fingerprint) []string {
	var out []string
	if f.DocDigest != "" {
		out = append(out, "d:"+string(f.DocKind)+":"+f.DocDigest)
	}
	keys := f.keys()
	var initials []string
	for _, k := range keys {
		syllables := strings.Fields(k)
		initials = appendNew(initials, string([]rune(k)[:1]))
		sort.Strings(syllables)
		out = appendNew(out, "n:"+strings.Join(syllables, " "))
	}
	if f.PhoneDigest != "" {
		out = append(out, "t:"+f.PhoneDigest)
	}
	if f.Birth.IsZero() {
		return out
	}
	for _, i := range initials {
		out = append(out, "b:"+f.Birth.String()+":"+i)
	}
	if f.Village != "" {
		out = append(out, "v:"+f.Birth.String()[:4]+":"+f.Village)
	}
	return out
}
