package match

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// Threshold is the score from which a registration is shown as a possible
// duplicate.
const Threshold = 60

// Reason is one thing that speaks for or (with negative points) against two
// registrations being one person; Key is its message.
type Reason struct {
	Key    string
	Points int
}

// Verdict is the sum of the reasons, held between 0 and 100.
type Verdict struct {
	Score   int
	Reasons []Reason // the strongest first
}

// Duplicate reports whether the score reaches [Threshold].
func (v Verdict) Duplicate() bool { return v.Score >= Threshold }

// Score compares two registrations. It never decides: it is shown, with its
// reasons, to somebody who does. The points were weighed on made pairs, see
// matchtest; name and birth date together reach the threshold, and no single
// thing but the number does. Two good but different numbers outweigh a common
// name, and twins are told apart by names that neither sound nor look alike.
func Score(a, b Fingerprint) Verdict {
	var v Verdict
	v.add(compareDocuments(a, b))
	v.add(compareNames(a, b))
	v.add(compareBirths(a, b))
	if a.PhoneDigest != "" && b.PhoneDigest != "" {
		v.add(pick(a.PhoneDigest == b.PhoneDigest, Reason{"match.reason.phone_same", 20}, Reason{"match.reason.phone_differs", -3}))
	}
	if a.Village != "" && b.Village != "" {
		v.add(pick(a.Village == b.Village, Reason{"match.reason.village_same", 10}, Reason{"match.reason.village_differs", -2}))
	}
	if a.Sex != b.Sex && a.Sex.Known() && b.Sex.Known() {
		v.add(Reason{"match.reason.sex_differs", -25})
	}
	for _, r := range v.Reasons {
		v.Score += r.Points
	}
	v.Score = max(0, min(100, v.Score))
	slices.SortStableFunc(v.Reasons, func(x, y Reason) int { return y.Points - x.Points })
	return v
}

func (v *Verdict) add(r Reason) {
	if r.Points != 0 {
		v.Reasons = append(v.Reasons, r)
	}
}

func pick(cond bool, yes, no Reason) Reason {
	if cond {
		return yes
	}
	return no
}

// sameNumber outweighs everything that could speak against it together: a name,
// a sex and a birth date that all differ are the reason to look, not to be quiet.
const sameNumber = 150

// compareDocuments: a verified number belongs to one person, so the same one
// decides and two different ones nearly exclude; a number that failed its check
// excludes little.
func compareDocuments(a, b Fingerprint) Reason {
	if a.DocDigest == "" || b.DocDigest == "" || a.DocKind != b.DocKind {
		return Reason{}
	}
	switch {
	case a.DocDigest == b.DocDigest:
		return Reason{"match.reason.doc_same", sameNumber}
	case !(a.DocVerified && b.DocVerified) && a.Number != "" && b.Number != "" && near(a.Number, b.Number) != "":
		return Reason{"match.reason.doc_near", 35}
	case a.DocVerified && b.DocVerified:
		return Reason{"match.reason.doc_differs", -45}
	}
	return Reason{"match.reason.doc_differs", -8}
}

// compareNames gives the strongest likeness of two names.
func compareNames(a, b Fingerprint) Reason {
	x, y := []rune(searchForm(patient.NormaliseName(a.Name))), []rune(searchForm(patient.NormaliseName(b.Name)))
	if len(x) == 0 || len(y) == 0 {
		return Reason{}
	}
	if string(x) == string(y) {
		return Reason{"match.reason.name_same", 40}
	}
	ka, kb := a.keys(), b.keys()
	switch {
	case meet(ka, kb):
		return Reason{"match.reason.name_homophone", 34}
	case meet(sorted(ka), sorted(kb)):
		return Reason{"match.reason.name_swapped", 32}
	case similar(x, y):
		return Reason{"match.reason.name_similar", 30}
	case within(x, y) || within(y, x):
		return Reason{"match.reason.name_part", 24}
	case x[0] != y[0] && !meet(firsts(ka), firsts(kb)):
		return Reason{"match.reason.name_differs", -30}
	case len(x) > 1 && len(y) > 1 && strings.ContainsAny(string(x[1:]), string(y[1:])):
		return Reason{"match.reason.name_differs", -10}
	}
	return Reason{"match.reason.name_differs", -20}
}

func meet(a, b []string) bool {
	for _, x := range a {
		if slices.Contains(b, x) {
			return true
		}
	}
	return false
}

// sorted is the keys with their syllables in order, so that swapped characters
// meet.
func sorted(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		s := strings.Fields(k)
		slices.Sort(s)
		out[i] = strings.Join(s, " ")
	}
	return out
}

func firsts(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i], _, _ = strings.Cut(k, " ")
	}
	return out
}

// similar: the same length and one character that looks alike or sounds alike
// where the others are the same.
func similar(x, y []rune) bool {
	if len(x) != len(y) || len(x) < 2 {
		return false
	}
	differ := 0
	for i := range x {
		if x[i] != y[i] {
			differ++
			if !lookAlike(x[i], y[i]) {
				return false
			}
		}
	}
	return differ == 1
}

// within reports whether a shorter name keeps the surname and leaves one
// character out, or is the name without its surname.
func within(long, short []rune) bool {
	if len(long) != len(short)+1 || len(short) < 2 {
		return false
	}
	for skip := range long {
		if string(long[:skip])+string(long[skip+1:]) == string(short) {
			return true
		}
	}
	return false
}

// compareBirths: a day and a month exchanged, or one slip of the finger, is the
// same date mistyped; another date excludes nearly as well as another name.
func compareBirths(a, b Fingerprint) Reason {
	x, y := a.Birth, b.Birth
	switch {
	case x.IsZero() || y.IsZero():
		return Reason{}
	case x == y:
		return Reason{"match.reason.birth_same", 30}
	case a.BirthEstimated || b.BirthEstimated:
		return pick(max(x.Year(), y.Year())-min(x.Year(), y.Year()) <= 1, Reason{"match.reason.birth_year", 12}, Reason{"match.reason.birth_differs", -20})
	case x.Year() == y.Year() && x.Month() == y.Day() && x.Day() == y.Month():
		return Reason{"match.reason.birth_swapped", 24}
	}
	switch near(compact(x), compact(y)) {
	case "swap":
		return Reason{"match.reason.birth_swapped", 24}
	case "digit":
		return Reason{"match.reason.birth_near", 20}
	}
	return Reason{"match.reason.birth_differs", -25}
}

func compact(d clock.Date) string { return strings.ReplaceAll(d.String(), "-", "") }

// near tells how two texts of one length differ: "swap" for two neighbours
// exchanged, "digit" for one character, "" for more or nothing.
func near(a, b string) string {
	if len(a) != len(b) || a == b {
		return ""
	}
	var at []int
	for i := range len(a) {
		if a[i] != b[i] {
			at = append(at, i)
		}
	}
	switch {
	case len(at) == 1:
		return "digit"
	case len(at) == 2 && at[1] == at[0]+1 && a[at[0]] == b[at[1]] && a[at[1]] == b[at[0]]:
		return "swap"
	}
	return ""
}
