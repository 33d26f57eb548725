package store

import (
	"fmt"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Reading is one reading of one eye.
type Reading struct {
	ID         ident.ID
	Case       ident.ID
	Hospital   ident.ID
	Side       procedure.Side
	On         clock.Date
	Value      acuity.Value
	Raw        string // as it stood on the chart
	Notation   acuity.Notation
	Correction acuity.Correction
	Note       string
	By         string   // display name
	CreatedBy  ident.ID // account: two readings by two persons are two findings
	CreatedAt  time.Time
	Version    int64
}

type readingRow struct {
	ID         ident.ID   `db:"id"`
	Case       ident.ID   `db:"case_id"`
	Hospital   ident.ID   `db:"hospital_id"`
	Side       string     `db:"side"`
	On         clock.Date `db:"taken_on"`
	Value      string     `db:"value"`
	Raw        string     `db:"raw"`
	Notation   string     `db:"notation"`
	Correction string     `db:"correction"`
	Note       string     `db:"note"`
	By         string     `db:"by_name"`
	CreatedBy  ident.ID   `db:"created_by"`
	CreatedAt  time.Time  `db:"created_at"`
	Version    int64      `db:"version"`
}

func (r readingRow) reading() Reading {
	return Reading{ID: r.ID, Case: r.Case, Hospital: r.Hospital, Side: procedure.Side(r.Side), On: r.On, Value: acuity.Value(r.Value), Raw: r.Raw,
		Notation: acuity.Notation(r.Notation), Correction: acuity.Correction(r.Correction), Note: r.Note, By: r.By, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
}

const readingColumns = `r.id, r.case_id, r.hospital_id, r.side, r.taken_on, r.value, r.raw, r.notation, r.correction, r.note, r.created_by, r.created_at, r.version,
	coalesce((select a.display_name from account a where a.id = r.created_by), '') as by_name`

// ReadingsOf lists the readings of a case, right eye and left, by day.
func (tx *Tx) ReadingsOf(id ident.ID) ([]Reading, error) {
	var rows []readingRow
	err := tx.list(&rows, `select `+readingColumns+` from acuity_reading r where r.partnership_id = $1 and r.case_id = $2 and r.live
		order by r.side desc, r.taken_on, r.created_at, r.id limit 500`, tx.Partnership(), id)
	return items(rows, readingRow.reading), err
}

// InsertReading stores a reading of a case. Who sees the case sees it. It is of now
// and of who acts, unless it says otherwise, as demonstration data does.
func (tx *Tx) InsertReading(r Reading) error {
	made := tx.made(Made{r.CreatedAt, r.CreatedBy})
	n, err := tx.exec(`insert into acuity_reading (partnership_id, id, case_id, person_id, hospital_id, visible_to, side, taken_on, value, raw, notation, correction,
			note, created_at, created_by)
		select c.partnership_id, $3, c.id, c.person_id, $4, c.visible_to, $5, $6, $7, $8, $9, $10, $11, $12, $13 from casefile c
		where c.partnership_id = $1 and c.id = $2 and c.live and $4 = any (c.visible_to)`, tx.Partnership(), r.Case, r.ID, r.Hospital, string(r.Side), r.On, string(r.Value), r.Raw,
		string(r.Notation), string(r.Correction), r.Note, made.At, made.By)
	if err == nil && n != 1 {
		err = fmt.Errorf("store: reading of case %s: %d rows", r.Case, n)
	}
	if err != nil {
		return err
	}
	return tx.LapseOfCase(r.Case)
}

// WithdrawReading takes a reading off the record; it stays in the table with the reason.
func (tx *Tx) WithdrawReading(r Reading, reason string) error {
	err := tx.update(`update acuity_reading set live = false, withdrawn_reason = $4, withdrawn_at = $5, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), r.ID, r.Version, reason, tx.now)
	if err != nil {
		return err
	}
	return tx.LapseOfCase(r.Case)
}

// changedReadings are the readings an approval rests on that were entered or taken
// off the record after it was decided: x is the reading, a the approval. The two
// halves each have their index.
const changedReadings = ` from approval a cross join lateral (
	select r.id, r.case_id, r.person_id, r.hospital_id, r.side, r.taken_on, false as withdrawn from acuity_reading r
		where r.partnership_id = a.partnership_id and r.case_id = a.case_id and r.live and r.created_at > a.decided_at
	union all select r.id, r.case_id, r.person_id, r.hospital_id, r.side, r.taken_on, true from acuity_reading r
		where r.partnership_id = a.partnership_id and r.case_id = a.case_id and not r.live and r.withdrawn_at > a.decided_at) x
	where a.partnership_id = $1 and a.state = 'approved' and (a.eye = '' or x.side = a.eye)
	and x.taken_on <= coalesce(a.signed_on, (a.decided_at at time zone 'Asia/Shanghai')::date) `

// ReadingsChanged counts the readings under an approval that were changed since.
func (tx *Tx) ReadingsChanged(approval ident.ID) (n int, err error) {
	err = tx.get(&n, `select count(*)`+changedReadings+`and a.id = $2`, tx.Partnership(), approval)
	return n, err
}
