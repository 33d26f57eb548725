package insurer

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Reason is why a line of the sheet may differ from what the rules foretold. It
// is a guess a person confirms.
type Reason string

// The reasons.
const (
	ReasonElsewhere Reason = "elsewhere" // the deductible was taken before, where the programme does not see it
	ReasonMissing   Reason = "missing"   // what counted here does not count with the insurer
	ReasonCatalogue Reason = "catalogue" // items were classed otherwise
	ReasonRatio     Reason = "ratio"     // another ratio, level or version of the rules
	ReasonCategory  Reason = "category"  // another category, or its proof was not with the insurer
	ReasonFollows   Reason = "follows"   // follows from a line above
	ReasonBill      Reason = "bill"      // the bill differs
	ReasonTyped     Reason = "typed"     // the settlement was entered otherwise
	ReasonEarlier   Reason = "earlier"   // an earlier case of the year was corrected
)

// Reasons lists the reasons.
func Reasons() []Reason {
	return []Reason{ReasonElsewhere, ReasonMissing, ReasonCatalogue, ReasonRatio, ReasonCategory, ReasonFollows, ReasonBill, ReasonTyped, ReasonEarlier}
}

// Label is the message key of the reason's sentence.
func (r Reason) Label() string { return "insurer.reason." + string(r) }

// Line is one line of the comparison.
type Line struct {
	Name     string    `json:"name"` // "bill", "scope", "deductible", "basic", "critical", "assistance", "other", "cash"
	Computed money.Fen `json:"computed_fen"`
	Insurer  money.Fen `json:"insurer_fen"`
	Booked   money.Fen `json:"booked_fen"` // as the settlement stands
	// HasComputed and HasBooked say whether there is something to compare with.
	HasComputed bool   `json:"has_computed"`
	HasBooked   bool   `json:"has_booked"`
	Reason      Reason `json:"reason"`
}

// Label is the message key of the line's name.
func (l Line) Label() string { return "insurer.line." + l.Name }

// Difference is what the insurer says more than the rules foretold.
func (l Line) Difference() money.Fen {
	if !l.HasComputed {
		return 0
	}
	return l.Insurer - l.Computed
}

// Wrong is what the insurer says more than was settled.
func (l Line) Wrong() money.Fen {
	if !l.HasBooked {
		return 0
	}
	return l.Insurer - l.Booked
}

// Compare sets a row beside what the rules computed and what was settled; each
// may be missing.
func Compare(a Amounts, computed *fee.Result, booked *fee.Settlement) []Line {
	told, figures := a.Settlement(), a.Figures()
	lines := []Line{{Name: "bill", Insurer: told.Bill}, {Name: "scope", Insurer: figures.Scope}, {Name: "deductible", Insurer: figures.Deductible},
		{Name: "basic", Insurer: told.Basic}, {Name: "critical", Insurer: told.Critical}, {Name: "assistance", Insurer: told.Assistance},
		{Name: "other", Insurer: told.Other}, {Name: "cash", Insurer: told.Net}}
	if computed != nil {
		s, of := computed.Sum, []money.Fen{}
		base := computed.Added[fee.KindBasic]
		of = append(of, s.Bill, base.Threshold+base.Base, base.Threshold, s.Basic, s.Critical, s.Assistance, s.Other, s.Cash())
		for i := range lines {
			lines[i].Computed, lines[i].HasComputed = of[i], figures.Known || i != 1 && i != 2
		}
	}
	if booked != nil {
		s := *booked
		for i, v := range map[int]money.Fen{0: s.Bill, 3: s.Basic, 4: s.Critical, 5: s.Assistance, 6: s.Other, 7: s.Cash()} {
			lines[i].Booked, lines[i].HasBooked = v, true
		}
	}
	explain(lines)
	return lines
}

// explain guesses the reason of each line that differs.
func explain(lines []Line) {
	at := map[string]*Line{}
	for i := range lines {
		at[lines[i].Name] = &lines[i]
	}
	differs := func(name string) bool { return at[name].Difference() != 0 }
	for i := range lines {
		l := &lines[i]
		switch d := l.Difference(); {
		case l.Wrong() != 0:
			l.Reason = ReasonTyped
		case d == 0:
		case l.Name == "bill":
			l.Reason = ReasonBill
		case l.Name == "scope":
			l.Reason = ReasonCatalogue
			if differs("bill") {
				l.Reason = ReasonFollows
			}
		case l.Name == "deductible" && d < 0:
			l.Reason = ReasonElsewhere
		case l.Name == "deductible":
			l.Reason = ReasonMissing
		case l.Name == "basic" && !differs("scope") && !differs("deductible"):
			l.Reason = ReasonRatio
		case l.Name == "assistance" && !differs("basic") && !differs("critical"):
			l.Reason = ReasonCategory
		default:
			l.Reason = ReasonFollows
		}
	}
}

// Differs reports whether a line needs somebody to look at it.
func Differs(lines []Line) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return l.Difference() != 0 || l.Wrong() != 0 })
}

// Miskeyed reports whether the settlement was entered otherwise than the sheet
// says.
func Miskeyed(lines []Line) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return l.Wrong() != 0 })
}

// TakenElsewhere is how much of the deductible had been taken where the programme
// does not see it: what an opening balance records.
func TakenElsewhere(lines []Line) money.Fen {
	for _, l := range lines {
		if l.Name == "deductible" && l.Difference() < 0 {
			return -l.Difference()
		}
	}
	return 0
}

// Shifted are the lines of a later case that would come out otherwise now:
// computed is as it was settled, the insurer's column what the rules say since an
// earlier case was corrected.
func Shifted(x fee.Shift) []Line {
	name := []string{"bill", "basic", "critical", "assistance", "other", "cash"}
	of := func(s fee.Settlement) []money.Fen {
		return []money.Fen{s.Bill, s.Basic, s.Critical, s.Assistance, s.Other, s.Cash()}
	}
	out := make([]Line, len(name))
	for i, n := range name {
		out[i] = Line{Name: n, Computed: of(x.Before)[i], Insurer: of(x.After)[i], HasComputed: true}
		if out[i].Difference() != 0 {
			out[i].Reason = ReasonEarlier
		}
	}
	return out
}
