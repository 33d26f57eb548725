package store

import (
	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// FollowUp is an appointment with the operation and the person it is about.
type FollowUp struct {
	followup.Appointment
	Procedure  ident.ID
	Treatment  ident.ID
	Case       ident.ID
	Person     ident.ID
	Hospital   ident.ID // that follows the patient
	Programme  procedure.Programme
	Kind       procedure.Kind
	Site       procedure.Site
	Side       procedure.Side
	OperatedOn clock.Date
	OperatedAt ident.ID // hospital
	Evidence   followup.Evidence
	Attempts   int // in which nobody was reached
	Note       string
	FoundBy    ident.ID // the contact by which a lost patient was found again
	Version    int64
	TakenBy    ident.ID // who took it on; nil: nobody
	TakenName  string

	CaseNo       string
	HospitalName string
	PersonName   string
	Sex          patient.Sex
	Birth        clock.Date
	Died         clock.Date
	// The following hospital's own registration of the person; empty for others.
	Registration                ident.ID
	Township, Village, Address  string
	PhoneLast4, Kin, KinLast4   string
	Phone, KinPhone, PersonSort string // the numbers only where they were opened
}

type followUpRow struct {
	ID         ident.ID   `db:"id"`
	Procedure  ident.ID   `db:"procedure_id"`
	Treatment  ident.ID   `db:"treatment_id"`
	Case       ident.ID   `db:"case_id"`
	Person     ident.ID   `db:"person_id"`
	Hospital   ident.ID   `db:"hospital_id"`
	Programme  string     `db:"programme"`
	Step       string     `db:"step"`
	Due        clock.Date `db:"due_on"`
	From       clock.Date `db:"from_on"`
	To         clock.Date `db:"to_on"`
	Township   string     `db:"township"`
	Village    string     `db:"village"`
	Status     string     `db:"status"`
	Reason     string     `db:"reason"`
	Note       string     `db:"note"`
	EndedOn    clock.Date `db:"ended_on"`
	Evidence   string     `db:"evidence"`
	Attempts   int        `db:"attempts"`
	Version    int64      `db:"version"`
	Group      string     `db:"grp"`
	Edition    int64      `db:"edition"`
	FoundBy    ident.ID   `db:"found_by"`
	TakenBy    ident.ID   `db:"taken_by"`
	TakenName  string     `db:"taken_name"`
	Kind       string     `db:"kind"`
	Site       string     `db:"site"`
	Side       string     `db:"side"`
	OperatedOn clock.Date `db:"operated_on"`
	OperatedAt ident.ID   `db:"operated_at"`
	CaseNo     string     `db:"case_no"`
	Place      string     `db:"hospital_name"`
	Name       string     `db:"person_name"`
	NameKey    string     `db:"name_key"`
	Sex        string     `db:"sex"`
	Birth      clock.Date `db:"birth_on"`
	Died       clock.Date `db:"died_on"`
	Reg        ident.ID   `db:"registration_id"`
	Address    string     `db:"address"`
	Phone      string     `db:"phone_last4"`
	Kin        string     `db:"kin_name"`
	KinPhone   string     `db:"kin_phone_last4"`
}

func (r followUpRow) appointment() followup.Appointment {
	return followup.Appointment{ID: r.ID, Step: followup.Step(r.Step), Due: r.Due, From: r.From, To: r.To, Status: followup.Status(r.Status),
		Reason: followup.Reason(r.Reason), EndedOn: r.EndedOn, Group: followup.Group(r.Group), Edition: r.Edition}
}

func (r followUpRow) followUp() FollowUp {
	return FollowUp{Appointment: r.appointment(), Procedure: r.Procedure, Treatment: r.Treatment, Case: r.Case, Person: r.Person, Hospital: r.Hospital,
		Programme: procedure.Programme(r.Programme), Kind: procedure.Kind(r.Kind), Site: procedure.Site(r.Site), Side: procedure.Side(r.Side), OperatedOn: r.OperatedOn,
		OperatedAt: r.OperatedAt, Evidence: followup.Evidence(r.Evidence), Attempts: r.Attempts, Note: r.Note, FoundBy: r.FoundBy, Version: r.Version, TakenBy: r.TakenBy, TakenName: r.TakenName, CaseNo: r.CaseNo,
		HospitalName: r.Place, PersonName: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth, Died: r.Died, Registration: r.Reg, Township: r.Township,
		Village: r.Village, Address: r.Address, PhoneLast4: r.Phone, Kin: r.Kin, KinLast4: r.KinPhone, PersonSort: r.NameKey}
}

const followUpColumns = `f.id, f.procedure_id, f.treatment_id, f.case_id, f.person_id, f.hospital_id, f.programme, f.step, f.due_on, f.from_on, f.to_on, f.township,
	f.village, f.status, f.reason, f.note, f.ended_on, f.evidence, f.attempts, f.version, f.grp, f.edition, f.found_by, f.taken_by,
	coalesce((select a.display_name from account a where a.id = f.taken_by), '') as taken_name, o.kind, o.site, o.side, o.operated_on, o.hospital_id as operated_at, c.case_no,
	p.name as person_name, p.name_key, p.sex, p.birth_on, coalesce(p.deceased_on, (select d.deceased_on from person d where d.partnership_id = p.partnership_id and d.id = p.root_id)) as died_on,
	(select coalesce(nullif(g.short_name, ''), g.name) from organisation g where g.id = f.hospital_id) as hospital_name,
	r.id as registration_id, coalesce(r.address, '') as address, coalesce(r.phone_last4, '') as phone_last4, coalesce(r.kin_name, '') as kin_name,
	coalesce(r.kin_phone_last4, '') as kin_phone_last4`

const joinFollowUp = ` join procedure o on o.partnership_id = f.partnership_id and o.id = f.procedure_id
	join casefile c on c.partnership_id = f.partnership_id and c.id = f.case_id
	join person p on p.partnership_id = f.partnership_id and p.id = f.person_id
	left join (select r.partnership_id, r.hospital_id, r.person_id, r.id, r.address, r.phone_last4, r.kin_name, r.kin_phone_last4 from registration r where r.live) r
		on r.partnership_id = f.partnership_id and r.hospital_id = f.hospital_id and r.person_id = f.person_id `

// FollowUpByID reads one appointment the transaction may see.
func (tx *Tx) FollowUpByID(id ident.ID) (FollowUp, error) {
	var r followUpRow
	err := tx.get(&r, `select `+followUpColumns+` from followup f`+joinFollowUp+`where f.partnership_id = $1 and f.id = $2 and f.live`, tx.Partnership(), id)
	return one(r.followUp(), err, "error.followup.missing")
}

// FollowUpForUpdate reads one appointment and holds it.
func (tx *Tx) FollowUpForUpdate(id ident.ID) (FollowUp, error) {
	if _, err := tx.exec(`select 1 from followup f where f.partnership_id = $1 and f.id = $2 for update`, tx.Partnership(), id); err != nil {
		return FollowUp{}, err
	}
	return tx.FollowUpByID(id)
}

// FollowUpsOfCase lists the appointments of a case, by day.
func (tx *Tx) FollowUpsOfCase(id ident.ID) ([]FollowUp, error) {
	var rows []followUpRow
	err := tx.list(&rows, `select `+followUpColumns+` from followup f`+joinFollowUp+`where f.partnership_id = $1 and f.case_id = $2 and f.live
		order by f.due_on, f.id limit 300`, tx.Partnership(), id)
	return items(rows, followUpRow.followUp), err
}

// FollowList is one of the lists of appointments.
type FollowList string

// The lists.
const (
	FollowDue     FollowList = "due"     // the window is open
	FollowOverdue FollowList = "overdue" // it has passed
	FollowLost    FollowList = "lost"
	FollowClosed  FollowList = "closed"
)

// FollowFilter narrows a list of appointments.
type FollowFilter struct {
	List      FollowList
	Hospitals []ident.ID // that follow the patients; nil is the whole partnership
	Programme procedure.Programme
	Step      followup.Step
	Township  string
	Village   string
	Mine      bool // taken on by the caller
}

// alive keeps the dead off a list of appointments, from the day the death is
// recorded on until it is taken back; a death known of a merged record counts. A
// record under restriction is off it as well.
const alive = ` and not exists (select 1 from person p where p.partnership_id = $1 and p.id = f.person_id and (p.deceased_on is not null or p.restricted_on is not null
	or exists (select 1 from person d where d.partnership_id = $1 and d.id = p.root_id and (d.deceased_on is not null or d.restricted_on is not null))))`

// followQuery is how a list is read: which rows, and in which order.
type followQuery struct{ where, order string }

// endedAs begins the condition of what has ended, one line for each operation.
// Today ($4) only makes the four lists take the same parameters.
const endedAs = `f.lead and f.live and $4::date is not null and (f.ended_on, f.id) < ($2, $3) and f.status = `

var followQueries = map[FollowList]followQuery{
	FollowDue: {`f.status = 'open' and f.live and f.to_on >= $4 and f.from_on <= $4 and (f.to_on, f.id) > ($2, $3)` + alive, `f.to_on, f.id`},
	// The ones just missed first: they can still be reached.
	FollowOverdue: {`f.status = 'open' and f.live and f.to_on < $4 and (f.to_on, f.id) < ($2, $3)` + alive, `f.to_on desc, f.id desc`},
	FollowLost:    {endedAs + `'lost'` + alive, `f.ended_on desc, f.id desc`},
	FollowClosed:  {endedAs + `'closed'` + alive, `f.ended_on desc, f.id desc`},
}

// ListFollowUps is a page of one of the lists: what is due by the last day of
// its window, what is overdue and what has ended the latest first.
func (tx *Tx) ListFollowUps(f FollowFilter, req page.Request) (page.Result[FollowUp], error) {
	on, id := clock.MustDate(9999, 12, 31), lastID
	if f.List == FollowDue {
		on, id = clock.MustDate(1, 1, 1), ident.Nil
	}
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[FollowUp]{}, err
	}
	q := followQueries[f.List]
	args := []any{tx.Partnership(), on, id, tx.Today(), req.Limit() + 1, string(f.Programme), string(f.Step), f.Village}
	where := `f.partnership_id = $1 and ` + q.where + ` and ($6 = '' or f.programme = $6) and ($7 = '' or f.step = $7) and ($8 = '' or f.village = $8)`
	if f.Township != "" {
		args = append(args, f.Township)
		where += ` and f.township = $9`
	}
	if f.Mine { // wherever it is: what somebody took on stands in an index of its own
		args = append(args, tx.who.AccountID)
		where += ` and f.taken_by = $` + placeholder(len(args))
		f.Hospitals = nil
	}
	from := `(select f.* from followup f where ` + where + ` order by ` + q.order + ` limit $5) f`
	if f.Hospitals != nil {
		args = append(args, idArray(f.Hospitals))
		from = `unnest($` + placeholder(len(args)) + `::uuid[]) h cross join lateral (select f.* from followup f where f.hospital_id = h and ` + where + ` order by ` + q.order + ` limit $5) f`
	}
	var rows []followUpRow
	if err := tx.list(&rows, `select `+followUpColumns+` from `+from+joinFollowUp+` order by `+q.order+` limit $5`, args...); err != nil {
		return page.Result[FollowUp]{}, err
	}
	return page.Cut(req, items(rows, followUpRow.followUp), func(x FollowUp) []any {
		if f.List == FollowLost || f.List == FollowClosed {
			return []any{x.EndedOn, x.ID}
		}
		return []any{x.To, x.ID}
	}), nil
}

// followCount ends each counter of the worklist early: whoever has more waiting
// needs no exact figure.
const followCount = 1000

// FollowCounts is how many appointments are due and overdue, and of how many
// operations the patient was lost or left the lists for which reason. A counter
// that reaches [FollowMany] may be more.
type FollowCounts struct {
	Due, Overdue, Lost int
	Closed             map[followup.Reason]int
}

// FollowMany is where counting stops.
const FollowMany = followCount

// CountFollowUps counts the lists of the hospitals (nil: the whole partnership).
func (tx *Tx) CountFollowUps(hospitals []ident.ID) (FollowCounts, error) {
	n := FollowCounts{Closed: map[followup.Reason]int{}}
	from := memberHospitals
	args := []any{tx.Partnership(), tx.Today(), followCount}
	if hospitals != nil {
		from = `(select h as id from unnest($4::uuid[]) h) h`
		args = append(args, idArray(hospitals))
	}
	of := func(what, where string) string {
		return `select '` + what + `' as what, count(*)::int as n from ` + from + ` cross join lateral (select 1 from followup f where f.partnership_id = $1 and f.hospital_id = h.id and ` +
			where + ` limit $3) x`
	}
	var rows []struct {
		What string `db:"what"`
		N    int    `db:"n"`
	}
	err := tx.list(&rows, of("due", `f.status = 'open' and f.live and f.to_on >= $2 and f.from_on <= $2`+alive)+`
		union all `+of("overdue", `f.status = 'open' and f.live and f.to_on < $2`+alive)+`
		union all `+of("lost", `f.status = 'lost' and f.lead and f.live`+alive)+`
		union all select x.reason, count(*)::int from `+from+` cross join lateral (select f.reason from followup f where f.partnership_id = $1 and f.hospital_id = h.id
			and f.status = 'closed' and f.lead and f.live`+alive+` limit $3) x group by x.reason
		union all select 'died', count(*)::int from (select f.procedure_id from person d join followup f on f.partnership_id = d.partnership_id and f.person_id = d.id
				join `+from+` on h.id = f.hospital_id where d.partnership_id = $1 and d.deceased_on is not null and f.status in ('open', 'lost') and f.live and f.from_on <= $2
			union select f.procedure_id from person d join person p on p.partnership_id = d.partnership_id and p.root_id = d.id
				join followup f on f.partnership_id = p.partnership_id and f.person_id = p.id join `+from+` on h.id = f.hospital_id
				where d.partnership_id = $1 and d.deceased_on is not null and f.status in ('open', 'lost') and f.live and f.from_on <= $2 limit $3) x limit 50`, args...)
	for _, r := range rows {
		switch r.What {
		case string(FollowDue):
			n.Due = r.N
		case string(FollowOverdue):
			n.Overdue = r.N
		case string(FollowLost):
			n.Lost = r.N
		default:
			n.Closed[followup.Reason(r.What)] = r.N
		}
	}
	return n, err
}

// followMenu ends the counter in the navigation early.
const followMenu = 100

// CountFollowWork is how many appointments of the hospitals are due, and how
// many of all that wait are overdue, for the counter in the navigation.
func (tx *Tx) CountFollowWork(hospitals []ident.ID) (due, overdue int, err error) {
	var r struct {
		Due     int `db:"due"`
		Overdue int `db:"overdue"`
	}
	err = tx.get(&r, `select (select count(*) from unnest($3::uuid[]) h cross join lateral (select 1 from followup f where f.partnership_id = $1 and f.hospital_id = h
			and f.status = 'open' and f.live and f.to_on >= $2 and f.from_on <= $2`+alive+` limit $4) x)::int as due,
		(select count(*) from unnest($3::uuid[]) h cross join lateral (select 1 from followup f where f.partnership_id = $1 and f.hospital_id = h
			and f.status = 'open' and f.live and f.to_on < $2`+alive+` limit $4) x)::int as overdue`, tx.Partnership(), tx.Today(), idArray(hospitals), followMenu)
	return r.Due, r.Overdue, err
}

// FollowTownships lists the townships patients are followed in, in the order of
// their names: one jump in the index for each.
func (tx *Tx) FollowTownships(hospitals []ident.ID) ([]string, error) {
	from := memberHospitals
	args := []any{tx.Partnership()}
	if hospitals != nil {
		from = `(select h as id from unnest($2::uuid[]) h) h`
		args = append(args, idArray(hospitals))
	}
	const next = `(select f.township from followup f where f.partnership_id = $1 and f.hospital_id = t.id and f.status = 'open' and f.live and f.township > t.township
		order by f.township limit 1)`
	var names []string
	err := tx.list(&names, `with recursive t as (select h.id, ''::text collate "C" as township, 0 as n from `+from+`
			union all select t.id, `+next+`, t.n + 1 from t where t.township is not null and t.n < 200)
		select distinct t.township from t where t.township <> '' order by t.township limit 300`, args...)
	return names, err
}

// deriveFollowUps makes the appointments of an operation follow its record, and
// those of the person stand as later operations and the case want it. Windows
// that ended before since are not made.
func (tx *Tx) deriveFollowUps(operation ident.ID, since clock.Date) error {
	var o struct {
		Person ident.ID   `db:"person_id"`
		Kind   string     `db:"kind"`
		On     clock.Date `db:"operated_on"`
	}
	err := tx.get(&o, `select o.person_id, o.kind, o.operated_on from procedure o where o.partnership_id = $1 and o.id = $2 and o.live`, tx.Partnership(), operation)
	if o, err = one(o, err, "error.operation.missing"); err != nil {
		return err
	}
	var have []followUpRow
	err = tx.list(&have, `select f.id, f.step, f.due_on, f.from_on, f.to_on, f.status, f.reason, f.ended_on, f.grp, f.edition from followup f
		where f.partnership_id = $1 and f.procedure_id = $2 and f.live order by f.due_on limit 100`, tx.Partnership(), operation)
	if err != nil {
		return err
	}
	rules, err := tx.FollowRules(followup.GroupOf(procedure.Kind(o.Kind)))
	if err != nil {
		return err
	}
	d := FollowTable(rules).Reconcile(items(have, followUpRow.appointment), procedure.Kind(o.Kind), o.On, since)
	if err := tx.applyDiff(operation, d); err != nil {
		return err
	}
	if err := tx.settleFollowUps(o.Person); err != nil {
		return err
	}
	return tx.placeFollowUps(o.Person)
}

// FollowOperation makes the appointments of an operation that was written in
// bulk, without the windows that ended before a day.
func (tx *Tx) FollowOperation(operation ident.ID, since clock.Date) error {
	return tx.deriveFollowUps(operation, since)
}

// dateArray is a parameter that carries days.
func dateArray(list []followup.Appointment, of func(followup.Appointment) clock.Date) pq.StringArray {
	return textArray(items(list, func(a followup.Appointment) string { return of(a).String() }))
}

func (tx *Tx) applyDiff(operation ident.ID, d followup.Diff) error {
	due := func(a followup.Appointment) clock.Date { return a.Due }
	from := func(a followup.Appointment) clock.Date { return a.From }
	to := func(a followup.Appointment) clock.Date { return a.To }
	ids := func(list []followup.Appointment) pq.StringArray {
		return idArray(items(list, func(a followup.Appointment) ident.ID { return a.ID }))
	}
	if len(d.Add) > 0 {
		steps := textArray(items(d.Add, func(a followup.Appointment) string { return string(a.Step) }))
		fresh := idArray(items(d.Add, func(followup.Appointment) ident.ID { return ident.New() }))
		// A step that was dropped by an earlier correction comes back.
		_, err := tx.exec(`insert into followup (partnership_id, id, procedure_id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, step, due_on,
				from_on, to_on, grp, edition, status, created_at, created_by)
			select o.partnership_id, w.id, o.id, o.treatment_id, o.case_id, o.person_id, o.programme, c.home_hospital_id, o.visible_to, w.step, w.due, w.first, w.last, $10, $11::int, 'open', $8, $9
			from procedure o join casefile c on c.partnership_id = o.partnership_id and c.id = o.case_id
			cross join unnest($3::uuid[], $4::text[], $5::date[], $6::date[], $7::date[]) as w(id, step, due, first, last) where o.partnership_id = $1 and o.id = $2
			on conflict (partnership_id, procedure_id, step) do update set due_on = excluded.due_on, from_on = excluded.from_on, to_on = excluded.to_on, grp = excluded.grp,
				edition = excluded.edition, status = 'open', found_by = null, reason = '', note = '', ended_on = null, live = true, version = followup.version + 1`, tx.Partnership(), operation, fresh, steps, dateArray(d.Add, due),
			dateArray(d.Add, from), dateArray(d.Add, to), tx.now, tx.who.AccountID, string(d.Add[0].Group), d.Add[0].Edition)
		if err != nil {
			return err
		}
	}
	if len(d.Move) > 0 {
		_, err := tx.exec(`update followup f set due_on = w.due, from_on = w.first, to_on = w.last, grp = $6, edition = $7::int, version = f.version + 1
			from unnest($2::uuid[], $3::date[], $4::date[], $5::date[]) as w(id, due, first, last) where f.partnership_id = $1 and f.id = w.id`, tx.Partnership(), ids(d.Move),
			dateArray(d.Move, due), dateArray(d.Move, from), dateArray(d.Move, to), string(d.Move[0].Group), d.Move[0].Edition)
		if err != nil {
			return err
		}
	}
	if len(d.Drop) == 0 {
		return nil
	}
	_, err := tx.exec(`update followup f set live = false, version = f.version + 1 from unnest($2::uuid[]) w where f.partnership_id = $1 and f.id = w`, tx.Partnership(), ids(d.Drop))
	return err
}

// settleFollowUps makes the appointments of a person stand as later operations
// at the same place and the closing of their case want it.
func (tx *Tx) settleFollowUps(person ident.ID) error {
	var rows []struct {
		followUpRow
		Closed clock.Date `db:"closed_on"`
		Lead   bool       `db:"lead"`
	}
	err := tx.list(&rows, `select f.id, f.procedure_id, f.step, f.due_on, f.from_on, f.to_on, f.status, f.reason, f.ended_on, f.lead, o.kind, o.side, o.operated_on, c.closed_on
		from followup f join procedure o on o.partnership_id = f.partnership_id and o.id = f.procedure_id
		join casefile c on c.partnership_id = f.partnership_id and c.id = f.case_id
		where f.partnership_id = $1 and f.person_id = $2 and f.live order by f.due_on, f.id limit 1000`, tx.Partnership(), person)
	if err != nil || len(rows) == 0 {
		return err
	}
	done, err := tx.RecordedOperations(person)
	if err != nil {
		return err
	}
	var changed []followup.Appointment
	var moved []ident.ID
	led := map[string]bool{}
	for _, r := range rows {
		own := procedure.Recorded{Kind: procedure.Kind(r.Kind), Side: procedure.Side(r.Side), OperatedOn: r.OperatedOn}
		a := r.appointment().Settled(followup.Later(own, done), r.Closed)
		if a != r.appointment() {
			changed = append(changed, a)
		}
		// Of the appointments of an operation that ended in one way the first
		// leads: a patient lost for ten years is one line of the list.
		key := r.Procedure.String() + string(a.Status)
		if leads := a.Ended() && !led[key]; leads != r.Lead {
			moved = append(moved, r.ID)
		}
		led[key] = true
	}
	if err := tx.saveEndings(changed, ""); err != nil || len(moved) == 0 {
		return err
	}
	_, err = tx.exec(`update followup f set lead = not f.lead from unnest($2::uuid[]) w where f.partnership_id = $1 and f.id = w`, tx.Partnership(), idArray(moved))
	return err
}

// saveEndings stores status, reason and day of appointments, each a version on.
func (tx *Tx) saveEndings(list []followup.Appointment, note string) error {
	if len(list) == 0 {
		return nil
	}
	_, err := tx.exec(`update followup f set status = w.status, reason = w.reason, ended_on = nullif(w.ended, '')::date, note = $6, version = f.version + 1
		from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as w(id, status, reason, ended) where f.partnership_id = $1 and f.id = w.id`, tx.Partnership(),
		idArray(items(list, func(a followup.Appointment) ident.ID { return a.ID })), textArray(items(list, func(a followup.Appointment) string { return string(a.Status) })),
		textArray(items(list, func(a followup.Appointment) string { return string(a.Reason) })), dateArray(list, func(a followup.Appointment) clock.Date { return a.EndedOn }), note)
	return err
}

// placeFollowUps puts the appointments of a person before the home of the case,
// with the place that hospital registered. It counts as no change.
func (tx *Tx) placeFollowUps(person ident.ID) error {
	_, err := tx.exec(`select followup_place($1)`, person)
	return err
}

// ScheduleCase makes appointments for the operations of a case that have none,
// such as those of an old ledger: from today on. It reports how many were made.
func (tx *Tx) ScheduleCase(id ident.ID) (int, error) {
	var bare []ident.ID
	err := tx.list(&bare, `select o.id from procedure o where o.partnership_id = $1 and o.case_id = $2 and o.live
		and not exists (select 1 from followup f where f.partnership_id = $1 and f.procedure_id = o.id and f.live) order by o.operated_on, o.id limit 100`, tx.Partnership(), id)
	if err != nil {
		return 0, err
	}
	for _, operation := range bare {
		if err := tx.deriveFollowUps(operation, tx.Today()); err != nil {
			return 0, err
		}
	}
	var n int
	err = tx.get(&n, `select count(*)::int from followup f where f.partnership_id = $1 and f.procedure_id = any ($2::uuid[]) and f.live`, tx.Partnership(), idArray(bare))
	return n, err
}

// EndFollowUps ends the open appointments given, in one way; ResumeFollowUps
// opens again what people ended.
func (tx *Tx) EndFollowUps(list []FollowUp, e followup.End) error {
	ended := items(list, func(f FollowUp) followup.Appointment {
		a := f.Appointment
		a.Status, a.Reason, a.EndedOn = e.Reason.Status(), e.Reason, e.On
		return a
	})
	if err := tx.saveEndings(ended, e.Note); err != nil || len(list) == 0 {
		return err
	}
	if err := tx.forgetLoss(list); err != nil {
		return err
	}
	return tx.settleFollowUps(list[0].Person)
}

// ResumeFollowUps opens appointments again; other records may close them anew.
func (tx *Tx) ResumeFollowUps(list []FollowUp) error {
	open := items(list, func(f FollowUp) followup.Appointment {
		a := f.Appointment
		a.Status, a.Reason, a.EndedOn = followup.Open, "", clock.Date{}
		return a
	})
	if err := tx.saveEndings(open, ""); err != nil || len(list) == 0 {
		return err
	}
	if err := tx.forgetLoss(list); err != nil {
		return err
	}
	return tx.settleFollowUps(list[0].Person)
}
