package store

import (
	"fmt"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Complication is something that went wrong after an operation.
type Complication struct {
	ID        ident.ID
	Procedure ident.ID
	Hospital  ident.ID // where it was found
	Contact   ident.ID // the follow-up at which it was told; nil: at none
	complication.Complication
	By        string // display name
	CreatedAt time.Time
	Version   int64
}

type complicationRow struct {
	ID        ident.ID   `db:"id"`
	Procedure ident.ID   `db:"procedure_id"`
	Hospital  ident.ID   `db:"hospital_id"`
	Contact   ident.ID   `db:"contact_id"`
	Type      string     `db:"type"`
	Onset     clock.Date `db:"onset_on"`
	Grade     string     `db:"grade"`
	Related   string     `db:"related"`
	Outcome   string     `db:"outcome"`
	Note      string     `db:"note"`
	By        string     `db:"by_name"`
	CreatedAt time.Time  `db:"created_at"`
	Version   int64      `db:"version"`
}

func (r complicationRow) complication() Complication {
	return Complication{ID: r.ID, Procedure: r.Procedure, Hospital: r.Hospital, Contact: r.Contact, By: r.By, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
		Complication: complication.Complication{Type: complication.Type(r.Type), Onset: r.Onset, Grade: r.Grade, Related: complication.Related(r.Related),
			Outcome: complication.Outcome(r.Outcome), Note: r.Note}}
}

const complicationColumns = `x.id, x.procedure_id, x.hospital_id, x.contact_id, x.type, x.onset_on, x.grade, x.related, x.outcome, x.note, x.created_at, x.version,
	coalesce((select a.display_name from account a where a.id = x.created_by), '') as by_name`

// ComplicationsOf lists what went wrong after an operation, by day.
func (tx *Tx) ComplicationsOf(operation ident.ID) ([]Complication, error) {
	var rows []complicationRow
	err := tx.list(&rows, `select `+complicationColumns+` from complication x where x.partnership_id = $1 and x.procedure_id = $2 and x.live
		order by x.onset_on, x.id limit 200`, tx.Partnership(), operation)
	return items(rows, complicationRow.complication), err
}

// ComplicationByID reads one complication.
func (tx *Tx) ComplicationByID(id ident.ID) (Complication, error) {
	var r complicationRow
	err := tx.get(&r, `select `+complicationColumns+` from complication x where x.partnership_id = $1 and x.id = $2 and x.live`, tx.Partnership(), id)
	r, err = one(r, err, "error.complication.missing")
	return r.complication(), err
}

// InsertComplication stores a complication. Who sees the operation's case sees it.
func (tx *Tx) InsertComplication(c Complication) error {
	n, err := tx.exec(`insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, type, onset_on, grade, related,
			outcome, note, created_at, created_by)
		select o.partnership_id, $3, o.id, o.treatment_id, o.case_id, o.person_id, $4, o.visible_to, $5, $6, $7, $8, $9, $10, $11, $12 from procedure o
		where o.partnership_id = $1 and o.id = $2 and o.live and $4 = any (o.visible_to)`, tx.Partnership(), c.Procedure, c.ID, c.Hospital, string(c.Type), c.Onset, c.Grade,
		string(c.Related), string(c.Outcome), c.Note, tx.now, tx.who.AccountID)
	if err == nil && n != 1 {
		err = fmt.Errorf("store: complication of operation %s: %d rows", c.Procedure, n)
	}
	return err
}

// UpdateComplication stores a corrected complication under its version.
func (tx *Tx) UpdateComplication(c Complication) error {
	return tx.update(`update complication set type = $4, onset_on = $5, grade = $6, related = $7, outcome = $8, note = $9, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), c.ID, c.Version, string(c.Type), c.Onset, c.Grade, string(c.Related), string(c.Outcome), c.Note)
}

// WithdrawComplication takes a record back; it stays in the table with the reason.
func (tx *Tx) WithdrawComplication(c Complication, reason string) error {
	return tx.update(`update complication set live = false, withdrawn_reason = $4, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), c.ID, c.Version, reason)
}
