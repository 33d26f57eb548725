// Package disclosure decides which figures may leave the house: small counts are
// hidden, and so is everything a small count could be worked out from.
//
// A [Cube] holds one figure for every time of the calendar, programme and part of
// a dimension, with all that they add up to. [Profile.Protect] hides in this order:
//
//   - primary: counts of few people (zeros are shown, unless they identify), and
//     money of few or nearly all of one;
//   - secondary: of what is hidden within one sum a reader knows the sum, so it is
//     held to the same rule: two parts at least, and no small count together;
//     else the smallest other part goes with it;
//   - verified: the range a reader can work out for each hidden figure from all
//     sums at once must leave at least three values and reach up to the
//     threshold; else more is hidden.
//
// The reader is assumed to know the rule, every total, and linear algebra, and to
// have asked every question there is an answer to. So there is one cube for all
// questions: a page is a part of it, and no two pages subtract. Beside a hidden
// part empty ones are hidden too, and hidden parts are not named: who knows that
// one is empty can subtract. The tables of two dimensions have only times and
// programmes in common. These are decided first and never for a table's sake.
//
// [Profile.Differencing] is for populations that are in no common table: the operations
// of one doctor and those of all.
package disclosure

import (
	"fmt"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// ruleVersion names the procedure. A change of it changes what files show, so it
// is recorded with every export.
const ruleVersion = "disclosure-4"

// Profile says how much is hidden.
type Profile struct {
	Name      string
	Hide      int64 // counts 1 to Hide are hidden; 0: nothing is
	Round     int64 // the others are rounded to multiples of it; 0: not
	Dominance int64 // percent of a sum of money one person may have at most
}

// The names of the profiles.
const (
	ExactName      = "exact"
	RestrictedName = "restricted"
	PublicName     = "public"
)

// Exact shows everything; it is for the oversight office and for a hospital's own
// figures.
func Exact() Profile { return Profile{Name: ExactName} }

// Restricted is for partners who work with the figures.
func Restricted() Profile { return Profile{Name: RestrictedName, Hide: 4, Dominance: 80} }

// Public is for everybody.
func Public() Profile { return Profile{Name: PublicName, Hide: 7, Round: 5, Dominance: 80} }

// Profiles are those an office works with; the thresholds of the two that hide
// are its own choice.
type Profiles struct{ Restricted, Public Profile }

// Default is what is used unless the office chose otherwise.
func Default() Profiles { return Profiles{Restricted(), Public()} }

// Check refuses thresholds that would not protect anybody.
func (p Profiles) Check() error {
	for _, x := range []Profile{p.Restricted, p.Public} {
		if x.Hide < 1 || x.Hide > 100 || x.Round < 0 || x.Round > 100 || x.Dominance < 50 || x.Dominance > 100 {
			return errs.New(errs.Invalid, "error.disclosure.profile", errs.Args{"name": x.Name})
		}
	}
	return nil
}

// Named finds a profile.
func (p Profiles) Named(name string) (Profile, error) {
	switch name {
	case ExactName:
		return Exact(), nil
	case RestrictedName:
		return p.Restricted, nil
	case PublicName:
		return p.Public, nil
	}
	var bad errs.Fields
	bad.Add("profile", "error.disclosure.unknown")
	return Profile{}, bad.Err()
}

// Names lists the profiles, the most open first.
func Names() []string { return []string{ExactName, RestrictedName, PublicName} }

// Exact reports whether nothing is hidden.
func (p Profile) Exact() bool { return p.Hide == 0 }

// Threshold is the smallest count that is shown.
func (p Profile) Threshold() int64 { return p.Hide + 1 }

// Version names procedure and thresholds, for the log.
func (p Profile) Version() string {
	if p.Exact() {
		return ruleVersion + " " + p.Name
	}
	return fmt.Sprintf("%s %s k=%d round=%d dominance=%d", ruleVersion, p.Name, p.Threshold(), p.Round, p.Dominance)
}

// Rounded is a shown count as the profile writes it. It never becomes zero: that
// would say that there is nobody.
func (p Profile) Rounded(v int64) int64 {
	if p.Round < 2 || v == 0 {
		return v
	}
	return max((v+p.Round/2)/p.Round*p.Round, p.Round)
}
