package acuity

import "strings"

// Rule is a named rule for a good outcome. The limits of the World Health
// Organization and the line used in China do not fall on the same chart line,
// so every figure says which rule it used.
type Rule string

// The rules.
const (
	WHO618 Rule = "WHO_6_18_STRICT" // good: 6/18 or better, logMAR ≤ 0.48; line 4.5 is borderline
	CN03   Rule = "CN_0_3"          // good: decimal 0.3 or better, line 4.5 is good
	WHO612 Rule = "WHO_6_12"        // good: 6/12 or better, the cataract target since 2021
)

// Rules lists the rules.
func Rules() []Rule { return []Rule{WHO618, CN03, WHO612} }

// Label is the message key of the rule.
func (r Rule) Label() string { return "acuity.rule." + strings.ToLower(string(r)) }

// good is the worst logMAR that is good, in hundredths.
func (r Rule) good() int {
	switch r {
	case CN03:
		return 52 // decimal 0.30 computed, and the chart line at 0.50
	case WHO612:
		return 30
	}
	return 48
}

// poorBeyond is the worst logMAR of the middle category: 6/60.
const poorBeyond = 100

// Category is what became of the eye by a rule.
type Category string

// The categories.
const (
	Good       Category = "GOOD"
	Borderline Category = "BORDERLINE"
	Poor       Category = "POOR"
)

// Categories lists them from best to worst.
func Categories() []Category { return []Category{Good, Borderline, Poor} }

// Label is the message key of the category.
func (c Category) Label() string { return "acuity.category." + strings.ToLower(string(c)) }

// Category is the value's category by a rule; empty for no value. A sign is poor.
func (v Value) Category(r Rule) Category {
	n, ok := v.LogMAR()
	switch {
	case v == "":
		return ""
	case ok && n <= r.good():
		return Good
	case ok && n <= poorBeyond:
		return Borderline
	}
	return Poor
}

// lossStep is a doubling of the visual angle.
const lossStep = 30

// Lost reports a loss of vision: best-corrected acuity after the operation worse
// than before by 0.30 logMAR or more. Below the chart any step down is a loss.
func Lost(before, after Value) bool {
	b, okB := before.LogMAR()
	a, okA := after.LogMAR()
	if okA && okB {
		return a-b >= lossStep
	}
	return after.Worse(before)
}

// The days after an operation between which a reading is the final outcome:
// weeks four to eight, when the eye has settled. Configurable facts live in the
// follow-up plan; these are the limits of the definition.
const (
	FinalFrom = 28
	FinalTo   = 90
)

// Stage is how settled a reading after an operation is.
type Stage string

// The stages.
const (
	Before      Stage = "BEFORE"
	Provisional Stage = "PROVISIONAL"
	Final       Stage = "FINAL"
	Late        Stage = "LATE"
)

// StageOf is the stage of a reading so many days after the operation. A reading
// of the day itself was taken before: the first one after is on day one.
func StageOf(days int) Stage {
	switch {
	case days <= 0:
		return Before
	case days < FinalFrom:
		return Provisional
	case days <= FinalTo:
		return Final
	}
	return Late
}

// Stages lists them in order of time.
func Stages() []Stage { return []Stage{Before, Provisional, Final, Late} }

// Label is the message key of the stage.
func (s Stage) Label() string { return "acuity.stage." + strings.ToLower(string(s)) }
