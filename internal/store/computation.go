package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// ComputationKind says what was computed.
type ComputationKind string

// The kinds.
const (
	ForEstimate   ComputationKind = "estimate"
	ForSettlement ComputationKind = "settlement"
)

// Computation is a case computed by a version of the rules: what went in, what
// had counted in the year, and the rows that came out. It is never changed.
type Computation struct {
	ID         ident.ID
	Treatment  ident.ID
	CaseID     ident.ID
	Person     ident.ID // as recorded
	Root       ident.ID // of merged records
	Hospital   ident.ID
	Kind       ComputationKind
	Reversed   bool
	Settlement ident.ID
	OperatedOn clock.Date
	Case       fee.Case
	Opening    fee.Year
	Result     fee.Result
	Counted    fee.Year
	Source     fee.Source // of what counted; without rules there is no version
	Note       string
	By         string
	CreatedAt  time.Time
}

type computationRow struct {
	ID         ident.ID   `db:"id"`
	Treatment  ident.ID   `db:"treatment_id"`
	CaseID     ident.ID   `db:"case_id"`
	Person     ident.ID   `db:"person_id"`
	Root       ident.ID   `db:"root_id"`
	Hospital   ident.ID   `db:"hospital_id"`
	Kind       string     `db:"kind"`
	State      string     `db:"state"`
	Settlement ident.ID   `db:"settlement_id"`
	OperatedOn clock.Date `db:"operated_on"`
	Input      string     `db:"input"`
	Opening    string     `db:"opening"`
	Result     string     `db:"result"`
	Counted    string     `db:"counted"`
	Source     string     `db:"source"`
	Note       string     `db:"note"`
	By         string     `db:"by_name"`
	CreatedAt  time.Time  `db:"created_at"`
}

func (r computationRow) computation() (Computation, error) {
	c := Computation{ID: r.ID, Treatment: r.Treatment, CaseID: r.CaseID, Person: r.Person, Root: r.Root, Hospital: r.Hospital, Kind: ComputationKind(r.Kind),
		Reversed: r.State != "live", Settlement: r.Settlement, OperatedOn: r.OperatedOn, Source: fee.Source(r.Source), Note: r.Note, By: r.By, CreatedAt: r.CreatedAt.UTC()}
	for _, x := range []struct {
		text string
		into any
	}{{r.Input, &c.Case}, {r.Opening, &c.Opening}, {r.Result, &c.Result}, {r.Counted, &c.Counted}} {
		if err := json.Unmarshal([]byte(x.text), x.into); err != nil {
			return c, fmt.Errorf("store: computation %s: %w", r.ID, err)
		}
	}
	return c, nil
}

func computations(rows []computationRow) ([]Computation, error) {
	out := make([]Computation, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.computation(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const computationColumns = `x.id, x.treatment_id, x.case_id, x.person_id, coalesce((select p.root_id from person p where p.partnership_id = x.partnership_id
	and p.id = x.person_id), x.person_id) as root_id, x.hospital_id, x.kind, x.state, x.settlement_id, x.operated_on, x.input::text as input,
	x.opening::text as opening, x.result::text as result, x.counted::text as counted, x.source, x.note, x.created_at,
	coalesce((select a.display_name from account a where a.id = x.created_by), '') as by_name`

// InsertComputation keeps a computation of a treatment. It is seen by who sees
// the treatment.
func (tx *Tx) InsertComputation(c Computation, t Treatment) error {
	var text [4]string
	for i, v := range []any{c.Case, c.Opening, c.Result, c.Counted} {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		text[i] = string(raw)
	}
	s := c.Result.Sum
	_, err := tx.exec(`insert into fee_computation (partnership_id, id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, kind, state, policy_id,
		settlement_id, operated_on, counted_on, input, opening, result, counted, bill_fen, insurance_fen, reduction_fen, net_fen, note, created_at, created_by, source)
		values ($1, $2, $3, $4, $5, $6, $7, $8::uuid[], $9, 'live', $10, $11::uuid, $12, $13, $14::jsonb, $15::jsonb, $16::jsonb, $17::jsonb, $18, $19, $20, $21, $22, $23, $24, $25)`,
		tx.Partnership(), c.ID, t.ID, t.Case, t.Person, string(t.Programme), t.Hospital, idArray(t.SeenBy()), string(c.Kind), nullID(c.Result.Policy), nullID(c.Settlement),
		c.OperatedOn, c.Case.On, text[0], text[1], text[2], text[3], s.Bill, s.Insurance(), s.Reduction(), s.Net, c.Note, tx.now, tx.who.AccountID,
		string(cmp.Or(c.Source, fee.SourceRules)))
	return err
}

// ComputationByID reads one computation.
func (tx *Tx) ComputationByID(id ident.ID) (Computation, error) {
	var r computationRow
	err := tx.get(&r, `select `+computationColumns+` from fee_computation x where x.partnership_id = $1 and x.id = $2`, tx.Partnership(), id)
	if _, err = one(r, err, "error.estimate.missing"); err != nil {
		return Computation{}, err
	}
	return r.computation()
}

// ComputationsOf lists what was computed for a treatment, the latest first.
func (tx *Tx) ComputationsOf(treatment ident.ID) ([]Computation, error) {
	var rows []computationRow
	err := tx.list(&rows, `select `+computationColumns+` from fee_computation x where x.partnership_id = $1 and x.treatment_id = $2
		order by x.created_at desc, x.id desc limit 50`, tx.Partnership(), treatment)
	if err != nil {
		return nil, err
	}
	return computations(rows)
}

// YearComputations lists the settled cases of a person, and of those merged with
// the person, that count in an insurance year and that the transaction may see,
// in the order of their operations.
func (tx *Tx) YearComputations(person ident.ID, year int) ([]Computation, error) {
	var rows []computationRow
	err := tx.list(&rows, `select `+computationColumns+samePerson+` join fee_computation x on x.partnership_id = same.partnership_id and x.person_id = same.id
		where p0.partnership_id = $1 and p0.id = $2 and x.kind = 'settlement' and x.state = 'live' and x.counted_on >= $3 and x.counted_on <= $4
		order by x.operated_on, x.id limit 100`, tx.Partnership(), person, clock.MustDate(year, 1, 1), clock.MustDate(year, 12, 31))
	if err != nil {
		return nil, err
	}
	return computations(rows)
}

// CountedIn lists what counts in a person's years of a case, or of one of its
// treatments only.
func (tx *Tx) CountedIn(caseID, treatment ident.ID) ([]Computation, error) {
	var rows []computationRow
	err := tx.list(&rows, `select `+computationColumns+` from fee_computation x where x.partnership_id = $1 and x.case_id = $2 and x.kind = 'settlement'
		and x.state = 'live' and ($3::uuid is null or x.treatment_id = $3) order by x.id limit 200`, tx.Partnership(), caseID, nullID(treatment))
	if err != nil {
		return nil, err
	}
	return computations(rows)
}

// moveYears takes what counted off the persons it was recorded for by mistake and
// adds it to the one it belongs to.
func (tx *Tx) moveYears(counted []Computation, person ident.ID) error {
	for _, c := range counted {
		if err := tx.CountYear(c.Person, c.Case.Year(), fee.Year{}.Minus(c.Counted)); err != nil {
			return err
		}
		if err := tx.CountYear(person, c.Case.Year(), c.Counted); err != nil {
			return err
		}
	}
	return nil
}

// PastComputations lists settled cases that count between two days, in the order
// of their days; at most limit, after the given place.
func (tx *Tx) PastComputations(from, to clock.Date, after ident.ID, limit int) ([]Computation, error) {
	var rows []computationRow
	err := tx.list(&rows, `select `+computationColumns+` from fee_computation x where x.partnership_id = $1 and x.kind = 'settlement' and x.state = 'live'
		and x.policy_id is not null and (x.counted_on, x.id) > ($2, $3) and x.counted_on <= $4 order by x.counted_on, x.id limit $5`, tx.Partnership(), from, after, to, limit)
	if err != nil {
		return nil, err
	}
	return computations(rows)
}

// CountSettledWithoutRules counts the settlements between two days that no
// version was applied to: history, and what was settled before there were rules.
func (tx *Tx) CountSettledWithoutRules(from, to clock.Date) (int, error) {
	var n int
	err := tx.get(&n, `select count(*)::int from settlement s where s.partnership_id = $1 and s.settled_on >= $2 and s.settled_on <= $3 and s.state = 'settled'
		and not exists (select 1 from fee_computation x where x.partnership_id = s.partnership_id and x.settlement_id = s.id and x.kind = 'settlement' and x.state = 'live' and x.policy_id is not null)`,
		tx.Partnership(), from, to)
	return n, err
}

// SetCounted stores what a settled case counts in the year and who says so, when
// a late approval was paid back after its settlement or the insurer's sheet came.
func (tx *Tx) SetCounted(c Computation) error {
	raw, err := json.Marshal(c.Counted)
	if err != nil {
		return err
	}
	return tx.once(`update fee_computation set counted = $3::jsonb, source = $4, version = version + 1 where partnership_id = $1 and id = $2 and state = 'live'`,
		tx.Partnership(), c.ID, string(raw), string(cmp.Or(c.Source, fee.SourceRules)))
}

// ReverseComputation marks the computation of a settlement that was taken back,
// and answers it; false: there was none.
func (tx *Tx) ReverseComputation(settlement ident.ID) (Computation, bool, error) {
	var rows []computationRow
	err := tx.list(&rows, `select `+computationColumns+` from fee_computation x where x.partnership_id = $1 and x.settlement_id = $2 and x.kind = 'settlement'
		and x.state = 'live' limit 1`, tx.Partnership(), settlement)
	if err != nil || len(rows) == 0 {
		return Computation{}, false, err
	}
	c, err := rows[0].computation()
	if err != nil {
		return c, false, err
	}
	return c, true, tx.once(`update fee_computation set state = 'reversed', version = version + 1 where partnership_id = $1 and id = $2 and state = 'live'`,
		tx.Partnership(), c.ID)
}
