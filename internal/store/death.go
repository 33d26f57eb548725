package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// DeathReport is a report that a person died, with what is still open about the
// person: nothing is ended and no money given back by the report itself.
type DeathReport struct {
	ID           ident.ID           `db:"id"`
	Person       ident.ID           `db:"person_id"`
	Hospital     ident.ID           `db:"hospital_id"`
	On           clock.Date         `db:"died_on"`
	Source       string             `db:"source"`
	Note         string             `db:"note"`
	State        patient.DeathState `db:"state"`
	UndoneReason string             `db:"undone_reason"`
	ConfirmedAt  *time.Time         `db:"confirmed_at"`
	CreatedAt    time.Time          `db:"created_at"`
	Version      int64              `db:"version"`

	PersonName   string `db:"person_name"`
	HospitalName string `db:"hospital_name"`
	ReportedBy   string `db:"reported_by"`
	ConfirmedBy  string `db:"confirmed_by_name"`
	Hospitals    int    `db:"hospitals"` // that know the person
	Open         int    `db:"open"`      // treatments that have not ended
}

const deathColumns = `d.id, d.person_id, d.hospital_id, d.died_on, d.source, d.note, d.state, d.undone_reason, d.confirmed_at, d.created_at, d.version,
	p.name as person_name, cardinality(p.visible_to) as hospitals,
	(select count(*) from casefile c join treatment t on t.partnership_id = $1 and t.case_id = c.id where c.partnership_id = $1 and c.person_id = d.person_id
		and t.live and t.ended_on is null and t.state <> 'settled')::int as open,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = d.hospital_id) as hospital_name,
	coalesce((select a.display_name from account a where a.id = d.created_by), '') as reported_by,
	coalesce((select a.display_name from account a where a.id = d.confirmed_by), '') as confirmed_by_name`

const fromDeath = ` from death_report d join person p on p.partnership_id = d.partnership_id and p.id = d.person_id `

// DeathOf reads the standing report of a person; ok is false when there is none.
func (tx *Tx) DeathOf(person ident.ID) (DeathReport, error) {
	var r DeathReport
	err := tx.get(&r, `select `+deathColumns+fromDeath+`where d.partnership_id = $1 and d.person_id = $2 and d.state <> 'undone'`, tx.Partnership(), person)
	return one(r, err, "error.death.missing")
}

// DeathForUpdate reads one report and holds it.
func (tx *Tx) DeathForUpdate(id ident.ID) (DeathReport, error) {
	var r DeathReport
	err := tx.get(&r, `select `+deathColumns+fromDeath+`where d.partnership_id = $1 and d.id = $2 for update of d`, tx.Partnership(), id)
	return one(r, err, "error.death.missing")
}

// ListDeaths is a page of reports in one state, the latest first.
func (tx *Tx) ListDeaths(state patient.DeathState, req page.Request) (page.Result[DeathReport], error) {
	at, id := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ident.Nil
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[DeathReport]{}, err
	}
	var rows []DeathReport
	err := tx.list(&rows, `select `+deathColumns+` from (select d.* from death_report d where d.partnership_id = $1 and d.state = $2
		and (d.created_at, d.id) < ($3, $4) order by d.created_at desc, d.id desc limit $5) d
		join person p on p.partnership_id = d.partnership_id and p.id = d.person_id order by d.created_at desc, d.id desc`,
		tx.Partnership(), string(state), at, id, req.Limit()+1)
	if err != nil {
		return page.Result[DeathReport]{}, err
	}
	return page.Cut(req, rows, func(d DeathReport) []any { return []any{d.CreatedAt.UTC(), d.ID} }), nil
}

// InsertDeath records a report, open to whoever sees the person, and notes the
// day on the person: from now on the person is on no worklist.
func (tx *Tx) InsertDeath(id, person, hospital ident.ID, d patient.Death, state patient.DeathState) error {
	_, err := tx.exec(`insert into death_report (partnership_id, id, person_id, hospital_id, visible_to, died_on, source, note, state, created_at, created_by)
		select $1, $2, $3, $4, p.visible_to, $5, $6, $7, $8, $9, $10 from person p where p.partnership_id = $1 and p.id = $3`, tx.Partnership(), id, person,
		hospital, d.On, string(d.Source), d.Note, string(state), tx.now, tx.who.AccountID)
	if err != nil {
		return err
	}
	return tx.RecordDeath(person, d.On)
}

// ConfirmDeath notes that a second hospital, or the office, says so too.
func (tx *Tx) ConfirmDeath(r DeathReport, hospital ident.ID) error {
	return tx.update(`update death_report set state = 'confirmed', confirmed_at_id = $4, confirmed_by = $5, confirmed_at = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), r.ID, r.Version, nullID(hospital), tx.who.AccountID, tx.now)
}

// UndoDeath takes a report back: the person is on the lists again.
func (tx *Tx) UndoDeath(r DeathReport, reason string) error {
	err := tx.update(`update death_report set state = 'undone', undone_by = $4, undone_at = $5, undone_reason = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), r.ID, r.Version, tx.who.AccountID, tx.now, reason)
	if err != nil {
		return err
	}
	_, err = tx.exec(`update person set deceased_on = null, version = version + 1 where partnership_id = $1 and id = $2`, tx.Partnership(), r.Person)
	return err
}

// MoveCase puts a case with all that belongs to it under another person.
func (tx *Tx) MoveCase(id, person ident.ID) error {
	counted, err := tx.CountedIn(id, ident.Nil)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`select move_record($1, null, $2)`, id, person); err != nil {
		return err
	}
	if err := tx.followCase(id); err != nil {
		return err
	}
	return tx.moveYears(counted, person)
}

// MoveTreatment puts a treatment with all that belongs to it into another case,
// and writes the step down. Both cases are derived anew.
func (tx *Tx) MoveTreatment(t Treatment, s Step, to ident.ID) error {
	s.Facts.Reason = s.Note
	if _, err := tx.AdvanceTreatment(t, s); err != nil {
		return err
	}
	counted, err := tx.CountedIn(t.Case, t.ID)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`select move_record($1, $2, null)`, to, t.ID); err != nil {
		return err
	}
	into, err := tx.CaseByID(to)
	if err != nil {
		return err
	}
	if err := tx.moveYears(counted, into.Person); err != nil {
		return err
	}
	for _, id := range []ident.ID{t.Case, to} {
		if err := tx.deriveCase(id); err != nil {
			return err
		}
		if err := tx.deriveWait(id); err != nil {
			return err
		}
		if err := tx.followCase(id); err != nil {
			return err
		}
	}
	return nil
}

// followCase makes the appointments of a case's person follow what was moved.
func (tx *Tx) followCase(id ident.ID) error {
	c, err := tx.CaseByID(id)
	if err != nil {
		return err
	}
	if err := tx.settleFollowUps(c.Person); err != nil {
		return err
	}
	return tx.placeFollowUps(c.Person)
}

// SetProgramme corrects the programme of a case in which nothing was operated.
func (tx *Tx) SetProgramme(c CaseItem) error {
	err := tx.update(`update casefile set programme = $4, second_site = '', second_side = '', second_hospital_id = null, second_from = null,
		version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), c.ID, c.Version, string(c.Programme))
	if err != nil {
		return err
	}
	_, err = tx.exec(`update treatment set programme = $3, version = version + 1 where partnership_id = $1 and case_id = $2`, tx.Partnership(), c.ID, string(c.Programme))
	return err
}
