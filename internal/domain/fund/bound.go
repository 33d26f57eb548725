package fund

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Bound names a fact an approval rests on. When it changes, the approval lapses.
type Bound string

// The facts an approval binds.
const (
	BoundCategory  Bound = "category"  // category of need with its validity
	BoundProgramme Bound = "programme" // kind of treatment
	BoundPlan      Bound = "plan"      // what is to be done, with the side
	BoundHospital  Bound = "hospital"
	BoundBill      Bound = "bill"      // estimated bill
	BoundInsurance Bound = "insurance" // estimated share of the insurers
	BoundFinding   Bound = "finding"   // a reading taken before the signature
)

// BoundObjection stands among the changed facts of an approval when an objection
// to its public notice was upheld. Nobody signs it: it is no fact of the case.
const BoundObjection Bound = "objection"

// Bounds lists the facts in the order in which they are shown.
func Bounds() []Bound {
	return []Bound{BoundCategory, BoundProgramme, BoundPlan, BoundHospital, BoundBill, BoundInsurance, BoundFinding}
}

// Label is the message key of the fact's name.
func (b Bound) Label() string { return "fund.bound." + string(b) }

// Fact is one fact as it stood when somebody signed. Of findings there may be
// several.
type Fact struct {
	Name  Bound  `json:"name"`
	Value string `json:"value"`
}

// Digest is what a signature binds: the facts in a fixed order, each with its
// length, so that no two lists of facts spell the same bytes.
func Digest(facts []Fact) string {
	h := sha256.New()
	for _, f := range ordered(facts) {
		for _, s := range []string{string(f.Name), f.Value} {
			h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func ordered(facts []Fact) []Fact {
	out := slices.Clone(facts)
	slices.SortFunc(out, func(a, b Fact) int {
		if c := strings.Compare(string(a.Name), string(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
	return out
}

// Changed names the facts that stand otherwise now than when they were signed,
// in the order of [Bounds].
func Changed(signed, now []Fact) []Bound {
	var out []Bound
	for _, b := range Bounds() {
		if !slices.Equal(valuesOf(signed, b), valuesOf(now, b)) {
			out = append(out, b)
		}
	}
	return out
}

func valuesOf(facts []Fact, b Bound) (out []string) {
	for _, f := range ordered(facts) {
		if f.Name == b {
			out = append(out, f.Value)
		}
	}
	return out
}
