package store

import (
	"encoding/json"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// DifferenceKind is what a difference is between.
type DifferenceKind string

// The kinds.
const (
	FromSheet DifferenceKind = "sheet" // the insurer and the rules or the settlement
	FromShift DifferenceKind = "shift" // a later case, as it was settled and as it would come out now
)

// Label is the message key of the kind's name.
func (k DifferenceKind) Label() string { return "insurer.kind." + string(k) }

// DifferenceState is where a difference stands.
type DifferenceState string

// The states.
const (
	DifferenceOpen      DifferenceState = "open"
	DifferenceQueried   DifferenceState = "queried"   // the hospital was asked
	DifferenceAccepted  DifferenceState = "accepted"  // it is as the insurer says, nothing is to be changed
	DifferenceCorrected DifferenceState = "corrected" // the settlement was taken back and entered anew
	DifferenceVoid      DifferenceState = "void"      // there is none any more
)

// Label is the message key of the state's name.
func (s DifferenceState) Label() string { return "insurer.difference." + string(s) }

// Waits reports whether somebody has to decide.
func (s DifferenceState) Waits() bool { return s == DifferenceOpen || s == DifferenceQueried }

// Difference is one entry of the worklist.
type Difference struct {
	ID         ident.ID
	Hospital   ident.ID
	Kind       DifferenceKind
	Row        ident.ID
	Treatment  ident.ID
	Settlement ident.ID
	Lines      []insurer.Line
	State      DifferenceState
	Note       string
	DecidedBy  string
	CreatedAt  time.Time
	Version    int64

	CaseNo       string
	PersonName   string
	HospitalName string
}

type differenceRow struct {
	ID         ident.ID  `db:"id"`
	Hospital   ident.ID  `db:"hospital_id"`
	Kind       string    `db:"kind"`
	Row        ident.ID  `db:"row_id"`
	Treatment  ident.ID  `db:"treatment_id"`
	Settlement ident.ID  `db:"settlement_id"`
	Lines      string    `db:"lines"`
	State      string    `db:"state"`
	Note       string    `db:"note"`
	DecidedBy  string    `db:"decided_name"`
	CreatedAt  time.Time `db:"created_at"`
	Version    int64     `db:"version"`

	CaseNo       string `db:"case_no"`
	Name         string `db:"person_name"`
	HospitalName string `db:"hospital_name"`
}

func (r differenceRow) difference() Difference {
	d := Difference{ID: r.ID, Hospital: r.Hospital, Kind: DifferenceKind(r.Kind), Row: r.Row, Treatment: r.Treatment, Settlement: r.Settlement, State: DifferenceState(r.State),
		Note: r.Note, DecidedBy: r.DecidedBy, CreatedAt: r.CreatedAt.UTC(), Version: r.Version, CaseNo: r.CaseNo, PersonName: r.Name, HospitalName: r.HospitalName}
	if json.Unmarshal([]byte(r.Lines), &d.Lines) != nil {
		d.Lines = nil // written by this program; a page without lines says more than an error
	}
	return d
}

const differenceColumns = `d.id, d.hospital_id, d.kind, d.row_id, d.treatment_id, d.settlement_id, d.lines::text as lines, d.state, d.note, d.created_at, d.version,
	coalesce((select a.display_name from account a where a.id = d.decided_by), '') as decided_name,
	coalesce((select c.case_no from treatment t join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
		where t.partnership_id = d.partnership_id and t.id = d.treatment_id), '') as case_no,
	coalesce((select p.name from treatment t join person p on p.partnership_id = t.partnership_id and p.id = t.person_id
		where t.partnership_id = d.partnership_id and t.id = d.treatment_id), '') as person_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = d.hospital_id) as hospital_name`

// InsertDifference puts a difference on the worklist. What waited of its kind for
// the same settlement is void: the new one says it anew.
func (tx *Tx) InsertDifference(d Difference) error {
	if _, err := tx.exec(`update insurer_difference set state = 'void', version = version + 1 where partnership_id = $1 and treatment_id = $2 and kind = $3
		and state in ('open', 'queried')`, tx.Partnership(), d.Treatment, string(d.Kind)); err != nil {
		return err
	}
	lines, err := jsonText(d.Lines)
	if err != nil {
		return err
	}
	return tx.once(`insert into insurer_difference (partnership_id, id, hospital_id, kind, row_id, treatment_id, settlement_id, lines, state, created_at, created_by)
		values ($1, $2, $3, $4, $5::uuid, $6, $7, $8::jsonb, 'open', $9, $10)`, tx.Partnership(), d.ID, d.Hospital, string(d.Kind), nullID(d.Row), d.Treatment, d.Settlement,
		lines, tx.now, tx.who.AccountID)
}

// DifferenceByID reads one difference.
func (tx *Tx) DifferenceByID(id ident.ID) (Difference, error) {
	var r differenceRow
	err := tx.get(&r, `select `+differenceColumns+` from insurer_difference d where d.partnership_id = $1 and d.id = $2`, tx.Partnership(), id)
	if _, err = one(r, err, "error.insurer.difference_missing"); err != nil {
		return Difference{}, err
	}
	return r.difference(), nil
}

// DecideDifference stores what somebody decided, under the version.
func (tx *Tx) DecideDifference(d Difference) error {
	return tx.update(`update insurer_difference set state = $4, note = $5, decided_at = $6, decided_by = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state in ('open', 'queried')`, tx.Partnership(), d.ID, d.Version, string(d.State), d.Note, tx.now, tx.who.AccountID)
}

// VoidDifferences takes what waits for a treatment off the worklist; row nil: of
// every sheet, else of one row only.
func (tx *Tx) VoidDifferences(treatment, row ident.ID) error {
	_, err := tx.exec(`update insurer_difference set state = 'void', version = version + 1 where partnership_id = $1 and treatment_id = $2
		and ($3::uuid is null or row_id = $3) and state in ('open', 'queried')`, tx.Partnership(), treatment, nullID(row))
	return err
}

// VoidShifts takes what waits because earlier cases were corrected off the
// worklist, of all these cases: the person's year was computed again.
func (tx *Tx) VoidShifts(cases []Computation) error {
	ids := make([]ident.ID, len(cases))
	for i, c := range cases {
		ids[i] = c.Treatment
	}
	_, err := tx.exec(`update insurer_difference set state = 'void', version = version + 1 where partnership_id = $1 and treatment_id = any ($2::uuid[])
		and kind = 'shift' and state in ('open', 'queried')`, tx.Partnership(), idArray(ids))
	return err
}

// ListDifferences is a page of what waits, the longest first; hospitals nil: all
// the scope shows.
func (tx *Tx) ListDifferences(hospitals []ident.ID, req page.Request) (page.Result[Difference], error) {
	at, id := time.Time{}, ident.Nil
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Difference]{}, err
	}
	const filter = ` and d.state in ('open', 'queried') and (d.created_at, d.id) > ($2, $3) order by d.created_at, d.id limit $4`
	query := `select ` + differenceColumns + ` from insurer_difference d where d.partnership_id = $1` + filter
	args := []any{tx.Partnership(), at, id, req.Limit() + 1}
	if hospitals != nil {
		query = `select ` + differenceColumns + ` from unnest($5::uuid[]) h cross join lateral (select d.* from insurer_difference d where d.partnership_id = $1
			and d.hospital_id = h` + filter + `) d order by d.created_at, d.id limit $4`
		args = append(args, idArray(hospitals))
	}
	var rows []differenceRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[Difference]{}, err
	}
	return page.Cut(req, items(rows, differenceRow.difference), func(d Difference) []any { return []any{d.CreatedAt, d.ID} }), nil
}

// Recounted is the settled cases of a person's year ready to be computed again,
// with what had counted before them. false: a version is missing that one of
// them needs. What the transaction does not see counts as it stands, before.
func Recounted(list []Computation, versions []policy.Version, counted fee.Year) (cases []fee.Stored, opening fee.Year, ok bool) {
	opening = counted
	for _, c := range list {
		var rules *policy.Version
		for i := range versions {
			if versions[i].ID == c.Result.Policy {
				rules = &versions[i]
			}
		}
		if rules == nil && c.Result.Policy != ident.Nil {
			return nil, nil, false
		}
		opening = opening.Minus(c.Counted)
		cases = append(cases, fee.Stored{Past: fee.Past{ID: c.ID, Person: c.Root, OperatedOn: c.OperatedOn, Case: c.Case, Rules: rules}, Opening: c.Opening, Result: c.Result,
			Counted: c.Counted, Recorded: c.Source != fee.SourceRules})
	}
	return cases, opening, true
}
