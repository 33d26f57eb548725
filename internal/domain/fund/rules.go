package fund

import (
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Rules are a partnership's own numbers about approvals. None of them is a rule
// of the state: what a new partnership starts with is a sample and says so.
type Rules struct {
	Single     money.Fen // up to this amount one approver decides, above it two
	AppealDays int       // how long an appeal of a refusal may wait for its answer
	NoticeDays int       // how long a public notice is open to objections
	NoticeCell int       // fewest people in a cell of a notice that is published
	HoldDays   int       // a reservation older than this is asked about
	Sample     bool      // nobody of the partnership has set them yet
	Version    int64
}

// SampleRules are the numbers a partnership starts with.
func SampleRules() Rules {
	return Rules{Single: 3_000_000, AppealDays: 10, NoticeDays: 7, NoticeCell: 5, HoldDays: 90, Sample: true}
}

// bounds of the numbers of days and people.
const (
	maxDays = 365
	maxCell = 1000
)

// Validate names every number out of its bounds.
func (r Rules) Validate() error {
	var f errs.Fields
	if r.Single < 0 || r.Single > money.Max {
		f.Add("single", "error.fund.amount_max", "max", money.Max)
	}
	days := func(path string, n int) {
		if n < 1 || n > maxDays {
			f.Add(path, "form.error.between", "low", 1, "high", maxDays)
		}
	}
	days("appeal_days", r.AppealDays)
	days("notice_days", r.NoticeDays)
	days("hold_days", r.HoldDays)
	if r.NoticeCell < 2 || r.NoticeCell > maxCell {
		f.Add("notice_cell", "form.error.between", "low", 2, "high", maxCell)
	}
	return f.Err()
}

// Approvers is how many different persons an amount needs.
func (r Rules) Approvers(amount money.Fen) int {
	if amount <= r.Single {
		return 1
	}
	return 2
}

// Relation is what an approver declares about being a relative of the patient or
// of who asked, or having a stake in the case.
type Relation string

// The declarations.
const (
	Unrelated Relation = "none"
	Related   Relation = "related"
)

// Relations lists the declarations.
func Relations() []Relation { return []Relation{Unrelated, Related} }

// Label is the message key of the declaration.
func (r Relation) Label() string { return "fund.relation." + string(r) }

// Signature is what one approver signed, or the declaration by which somebody
// stays away from the case.
type Signature struct {
	Account  ident.ID
	Relation Relation
	Amount   money.Fen
	Digest   string
}

// Sign adds a signature to those that stand. Those given under other facts do
// not count any more: they are the ones to set aside. done reports whether the
// request has now all the signatures its amount needs.
func (r Rules) Sign(standing []Signature, s Signature) (stale []Signature, done bool, err error) {
	count := 1
	for _, x := range standing {
		switch {
		case x.Account == s.Account && x.Relation == Related:
			return nil, false, errs.Refuse("fund.related", "error.fund.related", nil, "fund.remedy.second_person")
		case x.Relation == Related:
		case x.Digest != s.Digest:
			stale = append(stale, x)
		case x.Account == s.Account:
			return nil, false, errs.Refuse("fund.two_approvers", "error.fund.two_approvers", errs.Args{"single": r.Single},
				"fund.remedy.second_approver")
		case x.Amount != s.Amount:
			var f errs.Fields
			f.Add("amount", "error.fund.other_amount", "amount", x.Amount)
			return nil, false, f.Err()
		default:
			count++
		}
	}
	return stale, count >= r.Approvers(s.Amount), nil
}
