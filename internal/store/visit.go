package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Visit is a mission with its hospital's name and how much is in it.
type Visit struct {
	visit.Mission
	HospitalName string
	Members      int
	Cases        int // on the list, without the cancelled ones
	ClosedBy     string
	ClosedAt     time.Time
}

type visitRow struct {
	ID           ident.ID   `db:"id"`
	Hospital     ident.ID   `db:"hospital_id"`
	Title        string     `db:"title"`
	From         clock.Date `db:"from_on"`
	To           clock.Date `db:"to_on"`
	State        string     `db:"state"`
	Reason       string     `db:"reason"`
	Note         string     `db:"note"`
	Version      int64      `db:"version"`
	HospitalName string     `db:"hospital_name"`
	Members      int        `db:"members"`
	Cases        int        `db:"cases"`
	ClosedBy     string     `db:"closed_name"`
	ClosedAt     *time.Time `db:"closed_at"`
}

func (r visitRow) item() Visit {
	v := Visit{Mission: visit.Mission{ID: r.ID, Hospital: r.Hospital, Title: r.Title, From: r.From, To: r.To, State: visit.State(r.State), Reason: r.Reason, Note: r.Note,
		Version: r.Version}, HospitalName: r.HospitalName, Members: r.Members, Cases: r.Cases, ClosedBy: r.ClosedBy}
	if r.ClosedAt != nil {
		v.ClosedAt = r.ClosedAt.UTC()
	}
	return v
}

const visitColumns = `v.id, v.hospital_id, v.title, v.from_on, v.to_on, v.state, v.reason, v.note, v.version, v.closed_at,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = v.hospital_id) as hospital_name,
	coalesce((select a.display_name from account a where a.id = v.closed_by), '') as closed_name,
	(select count(*)::int from visit_member m where m.partnership_id = v.partnership_id and m.visit_id = v.id and m.live) as members,
	(select count(*)::int from visit_case k where k.partnership_id = v.partnership_id and k.visit_id = v.id and k.state = 'planned') as cases`

// VisitByID reads one mission.
func (tx *Tx) VisitByID(id ident.ID) (Visit, error) {
	var r visitRow
	err := tx.get(&r, `select `+visitColumns+` from visit v where v.partnership_id = $1 and v.id = $2`, tx.Partnership(), id)
	return one(r.item(), err, "error.visit.missing")
}

// VisitForUpdate reads one mission and holds it: what is in it changes one at a
// time, and not while it is being closed.
func (tx *Tx) VisitForUpdate(id ident.ID) (Visit, error) {
	if _, err := tx.exec(`select 1 from visit v where v.partnership_id = $1 and v.id = $2 for update`, tx.Partnership(), id); err != nil {
		return Visit{}, err
	}
	return tx.VisitByID(id)
}

// InsertVisit plans a mission.
func (tx *Tx) InsertVisit(m visit.Mission) error {
	_, err := tx.exec(`insert into visit (partnership_id, id, hospital_id, title, from_on, to_on, state, note, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, 'planned', $7, $8, $9)`, tx.Partnership(), m.ID, m.Hospital, m.Title, m.From, m.To, m.Note, tx.now, tx.who.AccountID)
	return err
}

// UpdateVisit stores changed facts of a mission, and its end.
func (tx *Tx) UpdateVisit(m visit.Mission) error {
	var by *ident.ID
	var at *time.Time
	if m.State != visit.Planned {
		by, at = &tx.who.AccountID, &tx.now
	}
	return tx.update(`update visit set title = $4, from_on = $5, to_on = $6, state = $7, reason = $8, note = $9, closed_by = $10, closed_at = $11, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), m.ID, m.Version, m.Title, m.From, m.To, string(m.State), m.Reason, m.Note, by, at)
}

// ListVisits is a page of missions, the latest first; nil hospitals are the
// whole partnership, the empty state is all.
func (tx *Tx) ListVisits(hospitals []ident.ID, state visit.State, req page.Request) (page.Result[Visit], error) {
	from, id := clock.MustDate(9999, 12, 31), lastID
	if _, err := req.Cursor(&from, &id); err != nil {
		return page.Result[Visit]{}, err
	}
	source, args := hospitalsFrom(hospitals, 6, []any{tx.Partnership(), from, id, req.Limit() + 1, string(state)})
	var rows []visitRow
	err := tx.list(&rows, `select `+visitColumns+` from (select v.* from `+source+` cross join lateral (select v.* from visit v where v.partnership_id = $1 and v.hospital_id = h.id
		and (v.from_on, v.id) < ($2, $3) and ($5 = '' or v.state = $5) order by v.from_on desc, v.id desc limit $4) v order by v.from_on desc, v.id desc limit $4) v
		order by v.from_on desc, v.id desc`, args...)
	if err != nil {
		return page.Result[Visit]{}, err
	}
	return page.Cut(req, items(rows, visitRow.item), func(v Visit) []any { return []any{v.From, v.ID} }), nil
}

// VisitMember is one doctor or nurse of a mission.
type VisitMember struct {
	ID           ident.ID   `db:"id"`
	Practitioner ident.ID   `db:"practitioner_id"`
	Duty         visit.Duty `db:"duty"`
	Name         string     `db:"practitioner_name"`
	HomeName     string     `db:"home_name"`
}

// VisitMembers lists the roster of a mission.
func (tx *Tx) VisitMembers(id ident.ID) ([]VisitMember, error) {
	var rows []VisitMember
	err := tx.list(&rows, `select m.id, m.practitioner_id, m.duty, d.name as practitioner_name,
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = d.home_organisation_id) as home_name
		from visit_member m join practitioner d on d.id = m.practitioner_id where m.partnership_id = $1 and m.visit_id = $2 and m.live order by d.name_key, m.id limit 200`,
		tx.Partnership(), id)
	return rows, err
}

// InsertVisitMember adds somebody to the roster.
func (tx *Tx) InsertVisitMember(v Visit, m VisitMember) error {
	_, err := tx.exec(`insert into visit_member (partnership_id, id, visit_id, hospital_id, practitioner_id, duty, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, tx.Partnership(), m.ID, v.ID, v.Hospital, m.Practitioner, string(m.Duty), tx.now, tx.who.AccountID)
	return err
}

// RemoveVisitMember takes somebody off the roster.
func (tx *Tx) RemoveVisitMember(mission, id ident.ID) error {
	return tx.update(`update visit_member set live = false, version = version + 1 where partnership_id = $1 and visit_id = $2 and id = $3 and live`, tx.Partnership(), mission, id)
}

// VisitDays lists the attendance of a mission.
func (tx *Tx) VisitDays(id ident.ID) ([]visit.Attendance, error) {
	var rows []struct {
		Practitioner ident.ID   `db:"practitioner_id"`
		On           clock.Date `db:"on_date"`
		Part         string     `db:"part"`
	}
	err := tx.list(&rows, `select x.practitioner_id, x.on_date, x.part from visit_day x where x.partnership_id = $1 and x.visit_id = $2
		order by x.practitioner_id, x.on_date limit 2000`, tx.Partnership(), id)
	out := make([]visit.Attendance, len(rows))
	for i, r := range rows {
		out[i] = visit.Attendance{Practitioner: r.Practitioner, On: r.On, Part: visit.DayPart(r.Part)}
	}
	return out, err
}

// PutVisitDay notes a day of a member; the last note of a day stands.
func (tx *Tx) PutVisitDay(v Visit, d visit.Attendance) error {
	_, err := tx.exec(`insert into visit_day (partnership_id, visit_id, practitioner_id, on_date, hospital_id, part, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (partnership_id, visit_id, practitioner_id, on_date) do update set part = excluded.part`,
		tx.Partnership(), v.ID, d.Practitioner, d.On, v.Hospital, string(d.Part), tx.now, tx.who.AccountID)
	return err
}

// VisitSupply is what was used and who brought it.
type VisitSupply struct {
	ID       ident.ID `db:"id"`
	Name     string   `db:"name"`
	Quantity int      `db:"quantity"`
	Unit     string   `db:"unit"`
	Source   string   `db:"source"`
}

// VisitSupplies lists the supplies of a mission.
func (tx *Tx) VisitSupplies(id ident.ID) ([]VisitSupply, error) {
	var rows []VisitSupply
	err := tx.list(&rows, `select s.id, s.name, s.quantity, s.unit, s.source from visit_supply s where s.partnership_id = $1 and s.visit_id = $2 and s.live
		order by s.created_at, s.id limit 500`, tx.Partnership(), id)
	return rows, err
}

// InsertVisitSupply notes supplies.
func (tx *Tx) InsertVisitSupply(v Visit, s VisitSupply) error {
	_, err := tx.exec(`insert into visit_supply (partnership_id, id, visit_id, hospital_id, name, quantity, unit, source, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), s.ID, v.ID, v.Hospital, s.Name, s.Quantity, s.Unit, s.Source, tx.now, tx.who.AccountID)
	return err
}

// RemoveVisitSupply takes back what was noted by mistake.
func (tx *Tx) RemoveVisitSupply(mission, id ident.ID) error {
	return tx.update(`update visit_supply set live = false, version = version + 1 where partnership_id = $1 and visit_id = $2 and id = $3 and live`, tx.Partnership(), mission, id)
}

// KeepBusy notes that a doctor is bound; the time of one source is one row.
func (tx *Tx) KeepBusy(b visit.Busy) error {
	_, err := tx.exec(`insert into theatre_time (id, practitioner_id, organisation_id, source_id, from_at, to_at, exact, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (source_id) do update set practitioner_id = excluded.practitioner_id, from_at = excluded.from_at, to_at = excluded.to_at, live = true`,
		ident.New(), b.Practitioner, b.Organisation, b.Source, b.From, b.To, b.Exact, tx.now)
	return err
}

// ReleaseBusy forgets the time of a source.
func (tx *Tx) ReleaseBusy(source ident.ID) error {
	_, err := tx.exec(`update theatre_time set live = false where source_id = $1 and live`, source)
	return err
}

// BusyAt lists when a doctor is bound within the given time, in every
// partnership: a surgeon has one pair of hands.
func (tx *Tx) BusyAt(doctor ident.ID, from, to time.Time) ([]visit.Busy, error) {
	var rows []struct {
		Practitioner ident.ID  `db:"practitioner_id"`
		Organisation ident.ID  `db:"organisation_id"`
		Source       ident.ID  `db:"source_id"`
		From         time.Time `db:"from_at"`
		To           time.Time `db:"to_at"`
		Exact        bool      `db:"exact"`
	}
	err := tx.list(&rows, `select b.practitioner_id, b.organisation_id, b.source_id, b.from_at, b.to_at, b.exact from theatre_time b
		where b.practitioner_id = $1 and b.live and b.from_at < $3 and b.to_at > $2 order by b.from_at limit 200`, doctor, from, to)
	out := make([]visit.Busy, len(rows))
	for i, r := range rows {
		out[i] = visit.Busy{Practitioner: r.Practitioner, Organisation: r.Organisation, Source: r.Source, From: r.From, To: r.To, Exact: r.Exact}
	}
	return out, err
}
