package patient

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Beneficiary is one category of need a person holds over a time, with its
// proof. Several may overlap; the one valid on the day of admission counts.
type Beneficiary struct {
	ID         ident.ID
	PersonID   ident.ID
	Category   terminology.Category
	From       clock.Date
	To         clock.Date // last day; zero means until further notice
	Source     string     // the office or list it was taken from
	Evidence   string     // number or name of the certificate
	VerifiedBy ident.ID
	Version    int
}

// ValidOn reports whether the category holds on a day, both ends included.
func (b Beneficiary) ValidOn(on clock.Date) bool {
	return !on.Before(b.From) && (b.To.IsZero() || !on.After(b.To))
}

// Validate names every wrong field. A category in the past is fine: treatments
// are judged by the day of their admission.
func (b Beneficiary) Validate() (wrong errs.Fields) {
	if !b.Category.WellFormed() {
		wrong.Add("category", "error.category.required")
	}
	if b.From.IsZero() && b.Category != terminology.CategoryNone {
		wrong.Add("category_from", "error.category.from_required")
	}
	if !b.To.IsZero() && b.To.Before(b.From) {
		wrong.Add("category_to", "error.category.to_before_from")
	}
	tooLong(&wrong, "category_source", b.Source, 100)
	tooLong(&wrong, "category_evidence", b.Evidence, 100)
	return wrong
}

// CategoriesOn lists the categories held on a day, the most favourable first and
// each once. Nothing on record is an empty list, not CategoryNone.
func CategoriesOn(list []Beneficiary, on clock.Date) []terminology.Category {
	var held []terminology.Category
	for _, b := range list {
		if b.ValidOn(on) {
			held = append(held, b.Category)
		}
	}
	return terminology.Ranked(held)
}
