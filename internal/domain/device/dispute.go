package device

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Outcome is how a dispute about one piece ends.
type Outcome string

// The outcomes.
const (
	// Mistyped: one of the two records names a wrong piece. It is corrected or
	// removed first; the dispute ends when the two no longer name the same.
	Mistyped Outcome = "mistyped"
	// Distinct: the maker gave two pieces one number, seen on both labels.
	Distinct Outcome = "distinct"
	// NotUsed: the later record is of a piece that was opened and not put in.
	NotUsed Outcome = "not_used"
)

// Outcomes lists the outcomes.
func Outcomes() []Outcome { return []Outcome{Mistyped, Distinct, NotUsed} }

// Label is the message key of the outcome's name.
func (o Outcome) Label() string { return "device.outcome." + string(o) }

// Standing is how a dispute stands when it is to be resolved.
type Standing struct {
	Open  bool
	Same  bool // both records still name the same piece
	Still bool // the later record still stands
}

// Resolve checks that a dispute can end this way. The reason is kept.
func Resolve(s Standing, o Outcome, reason string) error {
	var f errs.Fields
	if !slices.Contains(Outcomes(), o) {
		f.Add("outcome", "form.error.pick")
	}
	if strings.TrimSpace(reason) == "" {
		f.Add("reason", "form.error.missing")
	}
	if err := f.Err(); err != nil {
		return err
	}
	switch {
	case !s.Open:
		return errs.Refuse("device.dispute_once", "error.device.dispute_closed", nil, "fund.remedy.reload")
	case o == Mistyped && s.Same && s.Still:
		return errs.Refuse("device.dispute_same", "error.device.dispute_same", nil, "device.remedy.correct_serial")
	case o == NotUsed && s.Still:
		return errs.Refuse("device.dispute_still", "error.device.dispute_still", nil, "device.remedy.remove_part")
	}
	return nil
}

// Reviewed checks that a second person looked at an alarm: not the one who wrote
// the part down.
func Reviewed(open bool, enteredBy, by ident.ID, note string) error {
	if strings.TrimSpace(note) == "" {
		var f errs.Fields
		f.Add("note", "form.error.missing")
		return f.Err()
	}
	switch {
	case !open:
		return errs.Refuse("device.review_once", "error.device.review_closed", nil, "fund.remedy.reload")
	case by == enteredBy:
		return errs.Refuse("device.second_person", "error.device.own_entry", nil, "procedure.remedy.second_clinician")
	}
	return nil
}

// Claim says whether a record has the one piece it names.
type Claim string

// The claims.
const (
	NoClaim  Claim = "none"     // no serial number
	Sole     Claim = "sole"     // nobody else names the piece
	Disputed Claim = "disputed" // somebody else had it before
	Exempt   Claim = "exempt"   // looked at: two pieces with one number
)

// ClaimOf is the claim of a part nobody else names.
func ClaimOf(x Item) Claim {
	if di, ref := x.Units(); di == "" && ref == "" {
		return NoClaim
	}
	return Sole
}

// Review says whether a second person has to look at a part.
type Review string

// The reviews.
const (
	NoReview   Review = ""
	ReviewOpen Review = "open"
	ReviewDone Review = "done"
)

// Piece names one piece for people: catalogue number or identifier, and serial.
func (x Item) Piece() string {
	name := x.Catalogue
	if name == "" {
		name = x.DI
	}
	return name + " SN " + x.Serial
}
