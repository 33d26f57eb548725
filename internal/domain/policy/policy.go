// Package policy is the rules of payment as data: who belongs to which category
// of need, what the insurers and the assistance pay, what the programme reduces
// and which funders bear it, between two dates.
//
// The programme ships no numbers of its own: the sample says of itself that it
// is one, and every number in it can be changed. A version is written by one
// person and released by another; after its release nobody edits it. What comes
// later is a new version with a later first day.
package policy

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// State is where a version stands.
type State string

// The states: a draft is edited, a released one applies, a discarded draft is
// kept and applies never.
const (
	Draft     State = "draft"
	Released  State = "released"
	Discarded State = "discarded"
)

// Label is the message key of the state's name.
func (s State) Label() string { return "policy.state." + string(s) }

// Version is one dated set of rules of one pooling region.
type Version struct {
	ID     ident.ID
	No     int // counts the versions of the region; what people say
	Name   string
	Sample bool // example figures, shown as such wherever they are used
	From   clock.Date
	To     clock.Date // zero: until a later version
	State  State
	Rules
}

// Rules is the content of a version.
type Rules struct {
	Region     Region      `json:"region"`
	Categories []Category  `json:"categories"`
	Basic      []Layer     `json:"basic"`
	Critical   []Layer     `json:"critical"`
	Reliefs    []Relief    `json:"reliefs"`
	Assistance []Layer     `json:"assistance"`
	Tilt       []Layer     `json:"tilt"`
	Packages   []Package   `json:"packages"`
	Reductions []Reduction `json:"reductions"`
}

// Region is the pooling region (统筹区) whose insurers pay.
type Region struct {
	Code string `json:"code"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

// Category is a group of needy people. A person may hold several at a time; the
// one that leaves the patient least is applied, never two together.
type Category struct {
	Code     string     `json:"code"`
	ZH       string     `json:"zh"`
	EN       string     `json:"en"`
	Synonyms []string   `json:"synonyms"` // spellings met in lists and certificates
	From     clock.Date `json:"from"`     // zero: as long as the version
	To       clock.Date `json:"to"`
}

// ValidOn reports whether the category exists on a day.
func (c Category) ValidOn(on clock.Date) bool {
	return !on.Before(c.From) && (c.To.IsZero() || !on.After(c.To))
}

// NoCategory is the code of people who belong to no group.
const NoCategory = "NONE"

// Insurance is the insurance a patient has.
type Insurance string

// The insurances; the empty one in a rule means every insurance.
const (
	Resident  Insurance = "resident"
	Employee  Insurance = "employee"
	Uninsured Insurance = "none"
)

// Insurances lists the insurances.
func Insurances() []Insurance { return []Insurance{Resident, Employee, Uninsured} }

// Label is the message key of the insurance's name.
func (i Insurance) Label() string { return "policy.insurance." + string(i) }

// Level is the level of a hospital; the empty one in a rule means every level.
type Level string

// Levels lists the levels, the highest first.
func Levels() []Level { return []Level{"3", "2", "1"} }

// Label is the message key of the level's name.
func (l Level) Label() string { return "policy.level." + string(l) }

// Segment pays a ratio of what lies above From, up to the next segment. The
// amounts count over the year and above the threshold.
type Segment struct {
	From  money.Fen         `json:"from_fen"`
	Ratio money.BasisPoints `json:"ratio_bp"`
}

// Layer is one rule of a payer: for whom, from which yearly threshold, at which
// ratios, up to which yearly ceiling. The first rule of the list that fits is
// the one that counts.
type Layer struct {
	ID         string    `json:"id"`
	Insurance  Insurance `json:"insurance,omitempty"`
	Level      Level     `json:"level,omitempty"`
	Categories []string  `json:"categories,omitempty"` // none: everybody
	Threshold  money.Fen `json:"threshold_fen"`
	Segments   []Segment `json:"segments"`
	Ceiling    money.Fen `json:"ceiling_fen"`        // per person and year; 0: none
	Referral   bool      `json:"referral,omitempty"` // only after a proper referral
}

// Fits reports whether the rule is for these people in this hospital.
func (l Layer) Fits(i Insurance, level Level, category string) bool {
	return (l.Insurance == "" || l.Insurance == i) && (l.Level == "" || l.Level == level) && includes(l.Categories, category)
}

// Relief lowers the line of critical-illness insurance for some categories and
// adds to its ratio.
type Relief struct {
	ID         string            `json:"id"`
	Categories []string          `json:"categories"`
	LineCut    money.BasisPoints `json:"line_cut_bp"` // 5000 halves the line
	Bonus      money.BasisPoints `json:"bonus_bp"`    // added to every ratio
	NoCeiling  bool              `json:"no_ceiling,omitempty"`
}

// Package is the price a hospital may charge for an operation. What a bill has
// above it is borne by the hospital.
type Package struct {
	ID    string         `json:"id"`
	Kind  procedure.Kind `json:"kind"`
	Level Level          `json:"level,omitempty"`
	Price money.Fen      `json:"price_fen"`
}

// FunderKind says who bears a part of a reduction.
type FunderKind string

// The kinds of funders.
const (
	ByFund     FunderKind = "fund"
	ByHospital FunderKind = "hospital"
)

// Label is the message key of the kind's name.
func (k FunderKind) Label() string { return "policy.funder." + string(k) }

// Funder is one bearer of a reduction; they are asked in the order of the list.
type Funder struct {
	Kind FunderKind `json:"kind"`
	Fund ident.ID   `json:"fund"`    // nil: the fund named in the application
	Cap  money.Fen  `json:"cap_fen"` // per case; 0: none
}

// Reduction is what a programme takes off what insurers leave: for whom, for
// what, how much, and who bears it.
type Reduction struct {
	ID         string              `json:"id"`
	Programme  procedure.Programme `json:"programme"`
	Kinds      []procedure.Kind    `json:"kinds,omitempty"`      // none: every operation of the programme
	Categories []string            `json:"categories,omitempty"` // none: everybody
	// Either a share of what is left, or everything above what the patient pays.
	Free       bool              `json:"free,omitempty"`
	PatientPay money.Fen         `json:"patient_pay_fen,omitempty"` // with Free: what stays with the patient
	Share      money.BasisPoints `json:"share_bp,omitempty"`
	CaseCap    money.Fen         `json:"case_cap_fen"` // 0: none
	YearCap    money.Fen         `json:"year_cap_fen"` // per person and year; 0: none
	Funders    []Funder          `json:"funders"`
}

// Fits reports whether the reduction is for this operation and these people.
func (r Reduction) Fits(p procedure.Programme, k procedure.Kind, category string) bool {
	return r.Programme == p && (len(r.Kinds) == 0 || slices.Contains(r.Kinds, k)) && includes(r.Categories, category)
}

func includes(list []string, code string) bool { return len(list) == 0 || slices.Contains(list, code) }

// Find is the first rule of a list that fits.
func Find(list []Layer, i Insurance, level Level, category string) (Layer, bool) {
	for _, l := range list {
		if l.Fits(i, level, category) {
			return l, true
		}
	}
	return Layer{}, false
}

// Relief is the relief of a category; the zero one when there is none.
func (r *Rules) Relief(category string) Relief {
	for _, x := range r.Reliefs {
		if slices.Contains(x.Categories, category) {
			return x
		}
	}
	return Relief{}
}

// Package is the price of an operation in a hospital of a level.
func (r *Rules) Package(k procedure.Kind, level Level) (Package, bool) {
	for _, p := range r.Packages {
		if p.Kind == k && (p.Level == "" || p.Level == level) {
			return p, true
		}
	}
	return Package{}, false
}

// Reduction is the reduction of an operation and a category.
func (r *Rules) Reduction(p procedure.Programme, k procedure.Kind, category string) (Reduction, bool) {
	for _, x := range r.Reductions {
		if x.Fits(p, k, category) {
			return x, true
		}
	}
	return Reduction{}, false
}

// Category is a category by its code.
func (r *Rules) Category(code string) (Category, bool) {
	i := slices.IndexFunc(r.Categories, func(c Category) bool { return c.Code == code })
	if i < 0 {
		return Category{}, false
	}
	return r.Categories[i], true
}

// ReadCategory finds the category a list or certificate writes: by its code, its
// name or one of its other spellings.
func (r *Rules) ReadCategory(text string) (Category, bool) {
	text = fold(text)
	for _, c := range r.Categories {
		if text != "" && (text == fold(c.Code) || text == fold(c.ZH) || text == fold(c.EN) ||
			slices.ContainsFunc(c.Synonyms, func(s string) bool { return fold(s) == text })) {
			return c, true
		}
	}
	return Category{}, false
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }

// AppliesOn reports whether a released version covers a day.
func (v Version) AppliesOn(on clock.Date) bool {
	return v.State == Released && !on.Before(v.From) && (v.To.IsZero() || !on.After(v.To))
}

// InForce is the version of a region that applies on a day: of those that cover
// it the one that begins last, and of two of one day the later one. An empty
// region takes any.
func InForce(list []Version, region string, on clock.Date) (Version, bool) {
	var best Version
	for _, v := range list {
		if !v.AppliesOn(on) || region != "" && v.Region.Code != region {
			continue
		}
		if best.ID == ident.Nil || v.From.After(best.From) || v.From == best.From && v.No > best.No {
			best = v
		}
	}
	return best, best.ID != ident.Nil
}

// Share is a rate of an amount with what rounding added (positive) or took, in
// ten-thousandths of a fen.
func Share(r money.BasisPoints, of money.Fen) (paid money.Fen, rounding int64) {
	paid = r.Of(of)
	return paid, int64(paid)*whole - int64(of)*int64(r)
}
