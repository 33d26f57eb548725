package pricing

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// OpeningInput is what had counted in a person's year before this programme knew
// the person, as a statement of the insurer says.
type OpeningInput struct {
	Treatment ident.ID // the treatment at hand: it names the person and the hospital
	Year      int
	Kind      fee.Kind
	fee.Account
	On     clock.Date
	Source string
}

func (in OpeningInput) check(today clock.Date) error {
	var f errs.Fields
	if !slices.Contains(fee.Kinds(), in.Kind) {
		f.Add("kind", "form.error.choice")
	}
	for _, x := range []struct {
		path   string
		amount money.Fen
	}{{"threshold", in.Threshold}, {"base", in.Base}, {"paid", in.Paid}} {
		switch {
		case x.amount < 0:
			f.Add(x.path, "error.fee.negative")
		case x.amount > money.Max:
			f.Add(x.path, "error.fee.too_large", "max", money.Max)
		}
	}
	switch {
	case in.On.IsZero():
		f.Add("on", "form.error.missing")
	case in.On.After(today):
		f.Add("on", "error.care.future")
	case in.On.Year() != in.Year:
		f.Add("on", "error.year.other_year", "year", in.Year)
	}
	switch n := len([]rune(in.Source)); {
	case n == 0:
		f.Add("source", "form.error.missing")
	case n > maxText:
		f.Add("source", "form.error.long", "max", maxText)
	}
	return f.Err()
}

// SetOpening stores an opening balance with its day and source; a later one
// takes the place of an earlier one, and the audit log keeps both.
func (s *Service) SetOpening(ctx context.Context, who user.Principal, in OpeningInput, key Key) (YearLine, error) {
	if err := s.door(who, authz.EstimateMake); err != nil {
		return YearLine{}, err
	}
	in.Source = strings.TrimSpace(in.Source)
	if in.Year == 0 {
		in.Year = in.On.Year()
	}
	if err := in.check(clock.Today(s.db.Clock())); err != nil {
		return YearLine{}, err
	}
	line := YearLine{Year: in.Year, Kind: in.Kind, Opening: in.Account, OpenedOn: in.On, Source: in.Source}
	event := audit.Event{Action: audit.YearOpening, ObjectKind: audit.ObjectPerson, Detail: map[string]any{"year": in.Year, "kind": string(in.Kind),
		"threshold_fen": int64(in.Threshold), "base_fen": int64(in.Base), "paid_fen": int64(in.Paid)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (YearLine, error) {
		t, err := tx.TreatmentByID(in.Treatment)
		if err != nil {
			return line, err
		}
		if err := s.at(who, authz.EstimateMake, t.Hospital); err != nil {
			return line, err
		}
		tx.Amend("treatment", t.ID.String())
		if err := tx.LockYear(t.Person, in.Year); err != nil {
			return line, err
		}
		return line, tx.SetOpening(t.Person, line)
	})
}
