package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// SheetState is where an insurer's sheet stands.
type SheetState string

// The states.
const (
	SheetPreviewed SheetState = "previewed"
	SheetApplying  SheetState = "applying"
	SheetApplied   SheetState = "applied"
	SheetUndone    SheetState = "undone"
)

// Label is the message key of the state's name.
func (s SheetState) Label() string { return "insurer.state." + string(s) }

// Sheet is an insurer's settlement sheet as it was handed in.
type Sheet struct {
	ID        ident.ID   `db:"id"`
	Hospital  ident.ID   `db:"hospital_id"`
	File      string     `db:"file_name"`
	Digest    []byte     `db:"digest"`
	State     SheetState `db:"state"`
	Total     int        `db:"rows_total"`
	Wrong     int        `db:"rows_wrong"`
	Done      int        `db:"rows_done"`
	CreatedAt time.Time  `db:"created_at"`
	CreatedBy ident.ID   `db:"created_by"`
	Version   int64      `db:"version"`

	HospitalName string `db:"hospital_name"`
	By           string `db:"by_name"`
}

const sheetColumns = `b.id, b.hospital_id, b.file_name, b.digest, b.state, b.rows_total, b.rows_wrong, b.rows_done, b.created_at, b.created_by, b.version,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = b.hospital_id) as hospital_name,
	coalesce((select a.display_name from account a where a.id = b.created_by), '') as by_name`

// RowState is where a row of a sheet stands.
type RowState string

// The states.
const (
	RowReady   RowState = "ready"
	RowWrong   RowState = "wrong"
	RowApplied RowState = "applied"
	RowUndone  RowState = "undone"
)

// Label is the message key of the state's name.
func (s RowState) Label() string { return "insurer.row." + string(s) }

// RowAct is what applying a row does.
type RowAct string

// The acts.
const (
	ActNone    RowAct = "none"    // wrong rows
	ActSettle  RowAct = "settle"  // the stay is settled by the sheet
	ActCompare RowAct = "compare" // it was settled: the sheet is set beside it
	ActRepeat  RowAct = "repeat"  // an earlier sheet said the same
)

// Label is the message key of the act's name.
func (a RowAct) Label() string { return "insurer.act." + string(a) }

// Was is what an account counted before a sheet changed it.
type Was struct {
	Counted fee.Year   `json:"counted"`
	Source  fee.Source `json:"source"`
	Made    bool       `json:"made"` // the sheet made the record of what counts
}

// SheetRow is one row of a sheet, without the person's identity.
type SheetRow struct {
	ID         ident.ID
	Sheet      ident.ID
	Hospital   ident.ID
	No         int
	Number     string
	Treatment  ident.ID
	SettledOn  clock.Date
	Amounts    insurer.Amounts
	Problems   []insurer.Problem
	Drifts     []insurer.Drift
	Act        RowAct
	State      RowState
	Settlement ident.ID
	Was        *Was
	CaseNo     string
	PersonName string
}

type sheetRowRow struct {
	ID         ident.ID   `db:"id"`
	Sheet      ident.ID   `db:"batch_id"`
	Hospital   ident.ID   `db:"hospital_id"`
	No         int        `db:"row_no"`
	Number     string     `db:"settlement_no"`
	Treatment  ident.ID   `db:"treatment_id"`
	SettledOn  clock.Date `db:"settled_on"`
	Amounts    string     `db:"amounts"`
	Problems   string     `db:"problems"`
	Drifts     string     `db:"drifts"`
	Act        string     `db:"act"`
	State      string     `db:"state"`
	Settlement ident.ID   `db:"settlement_id"`
	Was        string     `db:"was"`
	CaseNo     string     `db:"case_no"`
	Name       string     `db:"person_name"`
}

const sheetRowColumns = `r.id, r.batch_id, r.hospital_id, r.row_no, r.settlement_no, r.treatment_id, r.settled_on, r.amounts::text as amounts,
	r.problems::text as problems, r.drifts::text as drifts, r.act, r.state, r.settlement_id, coalesce(r.was::text, 'null') as was,
	coalesce((select c.case_no from treatment t join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
		where t.partnership_id = r.partnership_id and t.id = r.treatment_id), '') as case_no,
	coalesce((select p.name from treatment t join person p on p.partnership_id = t.partnership_id and p.id = t.person_id
		where t.partnership_id = r.partnership_id and t.id = r.treatment_id), '') as person_name`

func (x sheetRowRow) row() (SheetRow, error) {
	r := SheetRow{ID: x.ID, Sheet: x.Sheet, Hospital: x.Hospital, No: x.No, Number: x.Number, Treatment: x.Treatment, SettledOn: x.SettledOn, Act: RowAct(x.Act),
		State: RowState(x.State), Settlement: x.Settlement, CaseNo: x.CaseNo, PersonName: x.Name}
	for text, into := range map[string]any{x.Amounts: &r.Amounts, x.Was: &r.Was} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return r, fmt.Errorf("store: row %d of sheet %s: %w", x.No, x.Sheet, err)
		}
	}
	if err := json.Unmarshal([]byte(x.Problems), &r.Problems); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(x.Drifts), &r.Drifts)
}

func sheetRows(rows []sheetRowRow) ([]SheetRow, error) {
	out := make([]SheetRow, len(rows))
	for i, x := range rows {
		var err error
		if out[i], err = x.row(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func jsonText(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}

// InsertSheet keeps a sheet with its rows, as it was read.
func (tx *Tx) InsertSheet(b Sheet, rows []SheetRow) error {
	by := tx.made(Made{At: b.CreatedAt, By: b.CreatedBy})
	err := tx.once(`insert into insurer_batch (partnership_id, id, hospital_id, file_name, digest, state, rows_total, rows_wrong, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), b.ID, b.Hospital, b.File, b.Digest, string(b.State), b.Total, b.Wrong, by.At, by.By)
	if err != nil {
		return err
	}
	return tx.write(`insert into insurer_row (partnership_id, batch_id, hospital_id, created_at, created_by, id, row_no, settlement_no, treatment_id, settled_on, amounts, problems, drifts,
		act, state) values `, `($1, $2, $3, $4, $5, #, #, #, #::uuid, #, #::jsonb, #::jsonb, #::jsonb, #, #)`, []any{tx.Partnership(), b.ID, b.Hospital, by.At, by.By}, len(rows),
		func(i int) ([]any, error) {
			r := rows[i]
			amounts, err := jsonText(r.Amounts)
			if err != nil {
				return nil, err
			}
			problems, err := jsonText(r.Problems)
			if err != nil {
				return nil, err
			}
			drifts, err := jsonText(r.Drifts)
			return []any{r.ID, r.No, r.Number, nullID(r.Treatment), r.SettledOn, amounts, problems, drifts, string(r.Act), string(r.State)}, err
		})
}

// SheetByID reads one sheet.
func (tx *Tx) SheetByID(id ident.ID) (Sheet, error) {
	var b Sheet
	err := tx.get(&b, `select `+sheetColumns+` from insurer_batch b where b.partnership_id = $1 and b.id = $2`, tx.Partnership(), id)
	return one(b, err, "error.insurer.sheet_missing")
}

// SheetForUpdate reads one sheet and holds it.
func (tx *Tx) SheetForUpdate(id ident.ID) (Sheet, error) {
	var b Sheet
	err := tx.get(&b, `select `+sheetColumns+` from insurer_batch b where b.partnership_id = $1 and b.id = $2 for update of b`, tx.Partnership(), id)
	return one(b, err, "error.insurer.sheet_missing")
}

// SheetLike is the sheet of a hospital with the same content that was not undone.
func (tx *Tx) SheetLike(hospital ident.ID, digest []byte) (Sheet, bool, error) {
	var rows []Sheet
	err := tx.list(&rows, `select `+sheetColumns+` from insurer_batch b where b.partnership_id = $1 and b.hospital_id = $2 and b.digest = $3 and b.state <> 'undone' limit 1`,
		tx.Partnership(), hospital, digest)
	if err != nil || len(rows) == 0 {
		return Sheet{}, false, err
	}
	return rows[0], true, nil
}

// SaveSheet stores how far a sheet is, under its version.
func (tx *Tx) SaveSheet(b Sheet) error {
	return tx.update(`update insurer_batch set state = $4, rows_done = $5, rows_wrong = $6, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), b.ID, b.Version, string(b.State), b.Done, b.Wrong)
}

// ListSheets is a page of sheets, the latest first; hospitals nil: all the scope
// shows.
func (tx *Tx) ListSheets(hospitals []ident.ID, req page.Request) (page.Result[Sheet], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Sheet]{}, err
	}
	const filter = ` and (b.created_at, b.id) < ($2, $3) order by b.created_at desc, b.id desc limit $4`
	query := `select ` + sheetColumns + ` from insurer_batch b where b.partnership_id = $1` + filter
	args := []any{tx.Partnership(), at, id, req.Limit() + 1}
	if hospitals != nil {
		query = `select ` + sheetColumns + ` from unnest($5::uuid[]) h cross join lateral (select b.* from insurer_batch b where b.partnership_id = $1 and b.hospital_id = h` +
			filter + `) b order by b.created_at desc, b.id desc limit $4`
		args = append(args, idArray(hospitals))
	}
	var rows []Sheet
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[Sheet]{}, err
	}
	return page.Cut(req, rows, func(b Sheet) []any { return []any{b.CreatedAt, b.ID} }), nil
}

// ListSheetRows is a page of a sheet's rows, in the order of the file.
func (tx *Tx) ListSheetRows(sheet ident.ID, req page.Request) (page.Result[SheetRow], error) {
	after := -1
	if _, err := req.Cursor(&after); err != nil {
		return page.Result[SheetRow]{}, err
	}
	var rows []sheetRowRow
	err := tx.list(&rows, `select `+sheetRowColumns+` from insurer_row r where r.partnership_id = $1 and r.batch_id = $2 and r.row_no > $3 order by r.row_no limit $4`,
		tx.Partnership(), sheet, after, req.Limit()+1)
	if err != nil {
		return page.Result[SheetRow]{}, err
	}
	list, err := sheetRows(rows)
	return page.Cut(req, list, func(r SheetRow) []any { return []any{r.No} }), err
}

// SheetRowsIn are rows of a sheet in a state, in the order of the file.
func (tx *Tx) SheetRowsIn(sheet ident.ID, state RowState, limit int) ([]SheetRow, error) {
	var rows []sheetRowRow
	err := tx.list(&rows, `select `+sheetRowColumns+` from insurer_row r where r.partnership_id = $1 and r.batch_id = $2 and r.state = $3 order by r.row_no limit $4`,
		tx.Partnership(), sheet, string(state), limit)
	if err != nil {
		return nil, err
	}
	return sheetRows(rows)
}

// SheetRowByID reads one row.
func (tx *Tx) SheetRowByID(id ident.ID) (SheetRow, error) {
	var x sheetRowRow
	err := tx.get(&x, `select `+sheetRowColumns+` from insurer_row r where r.partnership_id = $1 and r.id = $2`, tx.Partnership(), id)
	if _, err = one(x, err, "error.insurer.row_missing"); err != nil {
		return SheetRow{}, err
	}
	return x.row()
}

// SaveSheetRow stores what became of a row.
func (tx *Tx) SaveSheetRow(r SheetRow) error {
	problems, err := jsonText(r.Problems)
	if err != nil {
		return err
	}
	was, err := jsonText(r.Was)
	if err != nil {
		return err
	}
	return tx.once(`update insurer_row set state = $3, act = $4, settlement_id = $5::uuid, problems = $6::jsonb, was = nullif($7::jsonb, 'null'::jsonb), version = version + 1
		where partnership_id = $1 and id = $2`, tx.Partnership(), r.ID, string(r.State), string(r.Act), nullID(r.Settlement), problems, was)
}

// Stay is a treatment a row of a sheet may be about.
type Stay struct {
	Row       int             `db:"n"`
	Treatment ident.ID        `db:"id"`
	State     treatment.State `db:"state"`
}

// FindStays finds the treatments of a hospital that rows are about, at most two
// of each: by the case number, by the admission number, or by the tail of the
// identity number with the day of discharge.
func (tx *Tx) FindStays(hospital ident.ID, rows []insurer.Row) ([]Stay, error) {
	var out []Stay
	const some = 500
	for from := 0; from < len(rows); from += some {
		part := rows[from:min(len(rows), from+some)]
		cols := make([][]string, 6)
		for _, r := range part {
			for i, v := range []string{fmt.Sprint(r.No), r.CaseNo, r.AdmissionNo, r.Tail, dateText(r.Admitted), dateText(r.Discharged)} {
				cols[i] = append(cols[i], v)
			}
		}
		var found []Stay
		err := tx.list(&found, `select w.n::int as n, m.id, m.state from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
			as w(n, case_no, admission_no, tail, admitted, discharged) cross join lateral (
				select t.id, t.state from casefile c join treatment t on t.partnership_id = c.partnership_id and t.case_id = c.id
				where c.partnership_id = $1 and c.case_no = w.case_no and w.case_no <> '' and t.live and t.hospital_id = $2 and t.discharged_on is not null
					and (w.discharged = '' or t.discharged_on = nullif(w.discharged, '')::date) and (w.admitted = '' or t.admitted_on = nullif(w.admitted, '')::date)
				union
				select t.id, t.state from treatment t where t.partnership_id = $1 and t.hospital_id = $2 and t.admission_no = w.admission_no and t.admission_no <> ''
					and w.case_no = '' and t.live and t.discharged_on is not null
				union
				select t.id, t.state from treatment t join person_document d on d.partnership_id = t.partnership_id and d.person_id = t.person_id
				where t.partnership_id = $1 and t.hospital_id = $2 and t.discharged_on = nullif(w.discharged, '')::date and w.case_no = '' and w.admission_no = ''
					and w.tail <> '' and d.last4 = w.tail and t.live and (w.admitted = '' or t.admitted_on = nullif(w.admitted, '')::date)
				limit 2) m order by w.n::int, m.id limit 1000`, tx.Partnership(), hospital, textArray(cols[0]), textArray(cols[1]), textArray(cols[2]), textArray(cols[3]),
			textArray(cols[4]), textArray(cols[5]))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func dateText(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// AppliedRow is what an earlier sheet said under a settlement number.
type AppliedRow struct {
	Treatment ident.ID
	Amounts   insurer.Amounts
}

// NumbersApplied are the rows of a hospital's earlier sheets that were applied
// under these settlement numbers, the latest of each.
func (tx *Tx) NumbersApplied(hospital ident.ID, numbers []string) (map[string]AppliedRow, error) {
	out := map[string]AppliedRow{}
	if len(numbers) == 0 {
		return out, nil
	}
	var rows []struct {
		Number    string   `db:"settlement_no"`
		Treatment ident.ID `db:"treatment_id"`
		Amounts   string   `db:"amounts"`
	}
	err := tx.list(&rows, `select r.settlement_no, r.treatment_id, r.amounts from unnest($3::text[]) w(number) cross join lateral (select r.settlement_no, r.treatment_id, r.amounts::text as amounts
		from insurer_row r where r.partnership_id = $1 and r.hospital_id = $2 and r.settlement_no = w.number and r.state = 'applied' order by r.id desc limit 1) r`,
		tx.Partnership(), hospital, textArray(numbers))
	for _, r := range rows {
		var a insurer.Amounts
		if err := json.Unmarshal([]byte(r.Amounts), &a); err != nil {
			return nil, err
		}
		out[r.Number] = AppliedRow{r.Treatment, a}
	}
	return out, err
}

// SheetUsed reports whether something has built on what a sheet applied: a
// settlement was changed since, a later case of one of its persons was settled,
// or somebody decided one of its differences.
func (tx *Tx) SheetUsed(sheet ident.ID) (bool, error) {
	var used bool
	err := tx.get(&used, `select exists (select 1 from insurer_row r join settlement s on s.partnership_id = r.partnership_id and s.id = r.settlement_id
			where r.partnership_id = $1 and r.batch_id = $2 and r.state = 'applied' and r.act = 'settle' and (s.state <> 'settled' or s.version > 1))
		or exists (select 1 from insurer_row r join insurer_difference d on d.partnership_id = r.partnership_id and d.row_id = r.id
			where r.partnership_id = $1 and r.batch_id = $2 and d.state in ('accepted', 'corrected'))
		or exists (select 1 from insurer_row r join settlement s on s.partnership_id = r.partnership_id and s.id = r.settlement_id
			join fee_computation x on x.partnership_id = s.partnership_id and x.person_id = s.person_id and x.kind = 'settlement' and x.state = 'live'
			where r.partnership_id = $1 and r.batch_id = $2 and r.state = 'applied' and r.act <> 'repeat' and x.id > r.id and x.settlement_id <> s.id
				and not exists (select 1 from insurer_row o where o.partnership_id = $1 and o.batch_id = $2 and o.settlement_id = x.settlement_id))`,
		tx.Partnership(), sheet)
	return used, err
}

// CountSheetRows counts the rows of a sheet that were applied and those that are
// wrong.
func (tx *Tx) CountSheetRows(sheet ident.ID) (applied, wrong int, err error) {
	var n struct {
		Applied int `db:"applied"`
		Wrong   int `db:"wrong"`
	}
	err = tx.get(&n, `select count(*) filter (where r.state = 'applied')::int as applied, count(*) filter (where r.state = 'wrong')::int as wrong
		from insurer_row r where r.partnership_id = $1 and r.batch_id = $2`, tx.Partnership(), sheet)
	return n.Applied, n.Wrong, err
}
