package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// LockYear holds a person's insurance year until the transaction ends: the
// accounts of every record merged with the person's, of whatever hospital, since
// [Tx.YearOf] adds them all up. Lock order of the house: person_year, treatment,
// fund accounts, audit.
func (tx *Tx) LockYear(person ident.ID, year int) error {
	var records int
	if err := tx.get(&records, `select lock_year($1, $2, $3, $4)`, person, year, tx.now, tx.who.AccountID); err != nil {
		return err
	}
	if records == 0 {
		return errs.Missing("error.person.missing")
	}
	return nil
}

// openYear makes the row of an account where there is none.
func (tx *Tx) openYear(person ident.ID, year int, kind fee.Kind) error {
	_, err := tx.exec(`insert into person_year (partnership_id, person_id, year, kind, visible_to, created_at, created_by)
		select p.partnership_id, p.id, $3, $4, p.visible_to, $5, $6 from person p where p.partnership_id = $1 and p.id = $2 on conflict do nothing`,
		tx.Partnership(), person, year, string(kind), tx.now, tx.who.AccountID)
	return err
}

// YearOf is what counted of a person's insurance year, over all hospitals and
// all records merged with the person's.
func (tx *Tx) YearOf(person ident.ID, year int) (fee.Year, error) {
	var rows []struct {
		Kind      string    `db:"kind"`
		Threshold money.Fen `db:"threshold_fen"`
		Base      money.Fen `db:"base_fen"`
		Paid      money.Fen `db:"paid_fen"`
	}
	err := tx.list(&rows, `select y.kind, y.threshold_fen, y.base_fen, y.paid_fen from year_of($1, $2) y order by y.kind limit 20`, person, year)
	out := fee.Year{}
	for _, r := range rows {
		if a := (fee.Account{Threshold: r.Threshold, Base: r.Base, Paid: r.Paid}); a != (fee.Account{}) {
			out[fee.Kind(r.Kind)] = a
		}
	}
	return out, err
}

// CountYear adds what a case counted to a person's year; a case that is taken
// back adds its negative.
func (tx *Tx) CountYear(person ident.ID, year int, added fee.Year) error {
	for _, kind := range fee.Kinds() {
		a, ok := added[kind]
		if !ok {
			continue
		}
		if err := tx.openYear(person, year, kind); err != nil {
			return err
		}
		n, err := tx.exec(`update person_year set threshold_fen = threshold_fen + $5, base_fen = base_fen + $6, paid_fen = paid_fen + $7, version = version + 1
			where partnership_id = $1 and person_id = $2 and year = $3 and kind = $4`, tx.Partnership(), person, year, string(kind), a.Threshold, a.Base, a.Paid)
		if err != nil {
			return err
		}
		if n != 1 {
			return errs.Missing("error.person.missing")
		}
	}
	return nil
}

// YearLine is one account of a person's year with its opening balance.
type YearLine struct {
	Year     int
	Kind     fee.Kind
	Counted  fee.Account // settled here
	Opening  fee.Account // brought along
	OpenedOn clock.Date
	Source   string
}

// YearLines lists the accounts of a person's own record, the latest year first.
func (tx *Tx) YearLines(person ident.ID) ([]YearLine, error) {
	var rows []struct {
		Year      int        `db:"year"`
		Kind      string     `db:"kind"`
		Threshold money.Fen  `db:"threshold_fen"`
		Base      money.Fen  `db:"base_fen"`
		Paid      money.Fen  `db:"paid_fen"`
		OThresh   money.Fen  `db:"opening_threshold_fen"`
		OBase     money.Fen  `db:"opening_base_fen"`
		OPaid     money.Fen  `db:"opening_paid_fen"`
		On        clock.Date `db:"opening_on"`
		Source    string     `db:"opening_source"`
	}
	err := tx.list(&rows, `select y.year, y.kind, y.threshold_fen, y.base_fen, y.paid_fen, y.opening_threshold_fen, y.opening_base_fen, y.opening_paid_fen,
		y.opening_on, y.opening_source from person_year y where y.partnership_id = $1 and y.person_id = $2 order by y.year desc, y.kind limit 100`, tx.Partnership(), person)
	out := make([]YearLine, len(rows))
	for i, r := range rows {
		out[i] = YearLine{r.Year, fee.Kind(r.Kind), fee.Account{Threshold: r.Threshold, Base: r.Base, Paid: r.Paid},
			fee.Account{Threshold: r.OThresh, Base: r.OBase, Paid: r.OPaid}, r.On, r.Source}
	}
	return out, err
}

// SetOpening stores an opening balance: what had counted before this programme
// knew the person, as somebody's statement says.
func (tx *Tx) SetOpening(person ident.ID, l YearLine) error {
	if err := tx.openYear(person, l.Year, l.Kind); err != nil {
		return err
	}
	n, err := tx.exec(`update person_year set opening_threshold_fen = $5, opening_base_fen = $6, opening_paid_fen = $7, opening_on = $8, opening_source = $9,
		version = version + 1 where partnership_id = $1 and person_id = $2 and year = $3 and kind = $4`, tx.Partnership(), person, l.Year, string(l.Kind),
		l.Opening.Threshold, l.Opening.Base, l.Opening.Paid, l.OpenedOn, l.Source)
	if err == nil && n != 1 {
		return errs.Missing("error.person.missing")
	}
	return err
}
