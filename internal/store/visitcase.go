package store

import (
	"database/sql"
	"errors"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Patient is the little of a patient that lists of a mission show.
type Patient struct {
	CaseNo string      `db:"case_no"`
	Name   string      `db:"person_name"`
	Sex    patient.Sex `db:"sex"`
	Birth  clock.Date  `db:"birth_on"`
}

// VisitEntry is one case of the planned list.
type VisitEntry struct {
	visit.Entry
	Patient
	SurgeonName string
}

type entryRow struct {
	ID      ident.ID   `db:"id"`
	Case    ident.ID   `db:"case_id"`
	Kind    string     `db:"kind"`
	Side    string     `db:"side"`
	Surgeon ident.ID   `db:"surgeon_id"`
	On      clock.Date `db:"planned_on"`
	Start   int        `db:"starts_at"`
	Minutes int        `db:"minutes"`
	Place   int        `db:"place"`
	Note    string     `db:"note"`
	State   string     `db:"state"`
	Reason  string     `db:"reason"`
	Version int64      `db:"version"`
	Patient
	SurgeonName string `db:"surgeon_name"`
}

func (r entryRow) item() VisitEntry {
	return VisitEntry{visit.Entry{ID: r.ID, Case: r.Case, Kind: procedure.Kind(r.Kind), Side: procedure.Side(r.Side), Surgeon: r.Surgeon, On: r.On, Start: r.Start, Minutes: r.Minutes, Place: r.Place, Note: r.Note,
		Cancelled: r.State == "cancelled", Reason: r.Reason, Version: r.Version}, r.Patient, r.SurgeonName}
}

const patientColumns = `coalesce(c.case_no, '') as case_no, coalesce(p.name, '') as person_name, coalesce(p.sex, '') as sex, p.birth_on`

// VisitEntries lists the planned list of a mission, by day, place and hour; what
// has no place comes after what has one.
func (tx *Tx) VisitEntries(id ident.ID) ([]VisitEntry, error) {
	var rows []entryRow
	err := tx.list(&rows, `select k.id, k.case_id, k.kind, k.side, k.surgeon_id, k.planned_on, coalesce(k.starts_at, 0) as starts_at, coalesce(k.minutes, 0) as minutes, coalesce(k.place, 0) as place, k.note, k.state,
		k.reason, k.version, coalesce((select d.name from practitioner d where d.id = k.surgeon_id), '') as surgeon_name, `+patientColumns+`
		from visit_case k join casefile c on c.partnership_id = k.partnership_id and c.id = k.case_id
		left join person p on p.partnership_id = c.partnership_id and p.id = c.person_id
		where k.partnership_id = $1 and k.visit_id = $2 order by k.planned_on, k.place, k.starts_at, k.id limit 500`, tx.Partnership(), id)
	return items(rows, entryRow.item), err
}

// InsertVisitEntry puts a case on the list. Its readers are those of the case at
// the mission's hospital.
func (tx *Tx) InsertVisitEntry(v Visit, e visit.Entry) error {
	start, minutes := hour(e)
	_, err := tx.exec(`insert into visit_case (partnership_id, id, visit_id, case_id, hospital_id, visible_to, kind, side, surgeon_id, planned_on, starts_at, minutes, place, note, state,
		created_at, created_by) values ($1, $2, $3, $4, $5, $6::uuid[], $7, $8, $9, $10, $11, $12, $15, $16, 'planned', $13, $14)`, tx.Partnership(), e.ID, v.ID, e.Case, v.Hospital,
		idArray([]ident.ID{v.Hospital}), string(e.Kind), string(e.Side), nullID(e.Surgeon), e.On, start, minutes, tx.now, tx.who.AccountID, placed(e), e.Note)
	return err
}

// UpdateVisitEntry stores another day, hour, place, surgeon or note of a planned
// operation under its version.
func (tx *Tx) UpdateVisitEntry(e visit.Entry) error {
	start, minutes := hour(e)
	return tx.update(`update visit_case set planned_on = $4, starts_at = $5, minutes = $6, place = $7, surgeon_id = $8, note = $9, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'planned'`, tx.Partnership(), e.ID, e.Version, e.On, start, minutes, placed(e), nullID(e.Surgeon), e.Note)
}

// placed is the place of an entry, or nothing.
func placed(e visit.Entry) *int {
	if e.Place == 0 {
		return nil
	}
	return &e.Place
}

// hour is the time of an entry, or nothing when only the day is known.
func hour(e visit.Entry) (start, minutes *int) {
	if !e.Timed() {
		return nil, nil
	}
	return &e.Start, &e.Minutes
}

// CancelVisitEntry takes a case off the list with a reason.
func (tx *Tx) CancelVisitEntry(e visit.Entry) error {
	return tx.update(`update visit_case set state = 'cancelled', reason = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and state = 'planned'`,
		tx.Partnership(), e.ID, e.Version, e.Reason)
}

// PlannedEntry is what the list of a mission says about a case on a day.
type PlannedEntry struct {
	Kind    procedure.Kind `db:"kind"`
	Side    procedure.Side `db:"side"`
	Surgeon ident.ID       `db:"surgeon_id"` // NULL reads as nil
}

// PlannedEntryOf reads it; the zero entry where the case is on no list that day.
func (tx *Tx) PlannedEntryOf(c, hospital ident.ID, on clock.Date) (PlannedEntry, error) {
	var e PlannedEntry
	err := tx.get(&e, `select v.kind, v.side, v.surgeon_id from visit_case v where v.partnership_id = $1 and v.case_id = $2 and v.planned_on = $4 and v.state = 'planned'
		and v.hospital_id = $3 order by v.id limit 1`, tx.Partnership(), c, hospital, on)
	if errors.Is(err, sql.ErrNoRows) {
		return PlannedEntry{}, nil
	}
	return e, err
}

// VisitOperation is an operation a member of a mission took part in, at the
// mission's hospital on one of its days.
type VisitOperation struct {
	Procedure ident.ID       `db:"id"`
	Case      ident.ID       `db:"case_id"`
	Kind      procedure.Kind `db:"kind"`
	Side      procedure.Side `db:"side"`
	On        clock.Date     `db:"operated_on"`
	LeadName  string         `db:"lead_name"`
	Patient
}

// Done is the operation as the rules of a mission look at it.
func (o VisitOperation) Done() visit.Done {
	return visit.Done{Procedure: o.Procedure, Case: o.Case, Kind: o.Kind, Side: o.Side, On: o.On}
}

// VisitOperations lists what was done in a mission: nobody types it.
func (tx *Tx) VisitOperations(v Visit, members []VisitMember) ([]VisitOperation, error) {
	roster := make([]ident.ID, len(members))
	for i, m := range members {
		roster[i] = m.Practitioner
	}
	var rows []VisitOperation
	err := tx.list(&rows, `select o.id, o.case_id, o.kind, o.side, o.operated_on, coalesce(nullif(o.lead_name, ''), d.name, '') as lead_name, `+patientColumns+`
		from procedure o left join casefile c on c.partnership_id = o.partnership_id and c.id = o.case_id
		left join person p on p.partnership_id = o.partnership_id and p.id = o.person_id left join practitioner d on d.id = o.lead_id
		where o.partnership_id = $1 and o.hospital_id = $2 and o.operated_on between $3 and $4 and o.live and o.team && $5::uuid[]
		order by o.operated_on, o.id limit 1000`, tx.Partnership(), v.Hospital, v.From, v.To, idArray(roster))
	return rows, err
}

// VisitHandover says who of the hospital looks after a patient.
type VisitHandover struct {
	ID        ident.ID   `db:"id"`
	Case      ident.ID   `db:"case_id"`
	Owner     ident.ID   `db:"owner_id"`
	OwnerName string     `db:"owner_name"`
	On        clock.Date `db:"handed_on"`
	Note      string     `db:"note"`
}

// VisitHandovers lists the handovers of a mission.
func (tx *Tx) VisitHandovers(id ident.ID) ([]VisitHandover, error) {
	var rows []VisitHandover
	err := tx.list(&rows, `select x.id, x.case_id, x.owner_id, d.name as owner_name, x.handed_on, x.note from visit_handover x join practitioner d on d.id = x.owner_id
		where x.partnership_id = $1 and x.visit_id = $2 order by x.handed_on, x.id limit 1000`, tx.Partnership(), id)
	return rows, err
}

// PutHandover names the owner of a patient; the last name stands.
func (tx *Tx) PutHandover(v Visit, h VisitHandover) error {
	_, err := tx.exec(`insert into visit_handover (partnership_id, id, visit_id, case_id, hospital_id, visible_to, owner_id, handed_on, note, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6::uuid[], $7, $8, $9, $10, $11)
		on conflict (partnership_id, visit_id, case_id) do update set owner_id = excluded.owner_id, handed_on = excluded.handed_on, note = excluded.note, version = visit_handover.version + 1`,
		tx.Partnership(), h.ID, v.ID, h.Case, v.Hospital, idArray([]ident.ID{v.Hospital}), h.Owner, h.On, h.Note, tx.now, tx.who.AccountID)
	return err
}
