package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// queueRows bounds what the home page reads of one state; the count beside it
// stops at queueCount.
const (
	queueRows  = 30
	queueCount = 999
)

// Waiting is one case or treatment that waits for somebody's next step.
type Waiting struct {
	Case       ident.ID
	Treatment  ident.ID // nil: the case has no treatment yet
	CaseNo     string
	Programme  procedure.Programme
	Place      treatment.Place
	Plan       string
	PlannedOn  clock.Date
	AdmittedOn clock.Date
	Discharged clock.Date
	Since      time.Time // of the last step
	Person     ident.ID
	PersonName string
	Sex        patient.Sex
	Birth      clock.Date
	Tail       string // last four of the identity number
	Hospital   ident.ID
	Hosp       string
	Approval   ident.ID // for a request that waits for its decision
	Amount     money.Fen
	Returned   string // why the last application came back; empty: none did
	// Site and Side are what is still to be operated in a case whose other side
	// waits; the diagnosis names the side that is done.
	Site     procedure.Site
	Side     procedure.Side
	Referred bool // another hospital was asked for it, or said yes
}

type waitingRow struct {
	Case       ident.ID   `db:"case_id"`
	Treatment  ident.ID   `db:"treatment_id"`
	CaseNo     string     `db:"case_no"`
	Programme  string     `db:"programme"`
	State      string     `db:"state"`
	Path       string     `db:"path"`
	Plan       string     `db:"plan"`
	PlannedOn  clock.Date `db:"planned_on"`
	AdmittedOn clock.Date `db:"admitted_on"`
	Discharged clock.Date `db:"discharged_on"`
	Since      time.Time  `db:"since"`
	Person     ident.ID   `db:"person_id"`
	Name       string     `db:"person_name"`
	Sex        string     `db:"sex"`
	Birth      clock.Date `db:"birth_on"`
	Tail       string     `db:"last4"`
	Hospital   ident.ID   `db:"hospital_id"`
	Hosp       string     `db:"hospital_name"`
	Approval   ident.ID   `db:"approval_id"`
	Amount     money.Fen  `db:"amount"`
	Returned   string     `db:"returned"`
	Site       string     `db:"site"`
	Side       string     `db:"side"`
	Referred   bool       `db:"referred"`
}

func (r waitingRow) waiting() Waiting {
	return Waiting{Case: r.Case, Treatment: r.Treatment, CaseNo: r.CaseNo, Programme: procedure.Programme(r.Programme),
		Place: treatment.Place{State: treatment.State(r.State), Path: treatment.Path(r.Path)}, Plan: r.Plan, PlannedOn: r.PlannedOn,
		AdmittedOn: r.AdmittedOn, Discharged: r.Discharged, Since: r.Since.UTC(), Person: r.Person, PersonName: r.Name, Sex: patient.Sex(r.Sex),
		Birth: r.Birth, Tail: r.Tail, Hospital: r.Hospital, Hosp: r.Hosp, Approval: r.Approval, Amount: r.Amount, Returned: r.Returned,
		Site: procedure.Site(r.Site), Side: procedure.Side(r.Side), Referred: r.Referred}
}

const waitingPerson = `coalesce(p.name, '') as person_name, coalesce(p.sex, '') as sex, p.birth_on,
	coalesce((select d.last4 from person_document d where d.partnership_id = p.partnership_id and d.person_id = p.id and d.kind = 'citizen'
		order by d.verified desc, d.created_at limit 1), '') as last4`

const waitingTreatment = `t.case_id, t.id as treatment_id, coalesce(c.case_no, '') as case_no, t.programme, t.state, t.path, t.plan, t.planned_on,
	t.admitted_on, t.discharged_on, t.person_id, t.hospital_id,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = t.hospital_id) as hospital_name`

// living keeps the dead, and people whose record is under restriction, off a
// worklist; what is owed for them stays on it.
func living(table string) string {
	return `not exists (select 1 from person p where p.partnership_id = $1 and p.id = ` + table + `.person_id and (p.deceased_on is not null or p.restricted_on is not null))`
}

// TreatmentsWaiting lists treatments of the hospitals in the given states, the
// oldest first, at most thirty of each state.
func (tx *Tx) TreatmentsWaiting(hospitals []ident.ID, states ...treatment.State) ([]Waiting, error) {
	var rows []waitingRow
	err := tx.list(&rows, `select `+waitingTreatment+`, coalesce((select max(e.created_at) from treatment_event e where e.partnership_id = t.partnership_id
			and e.treatment_id = t.id), t.created_at) as since, coalesce((select case when a.state = 'returned' then a.opinion else '' end from approval a
			where a.partnership_id = t.partnership_id and a.treatment_id = t.id order by a.requested_at desc limit 1), '') as returned, `+waitingPerson+`
		from unnest($2::uuid[]) h cross join unnest($3::text[]) s cross join lateral (select t.* from treatment t where t.partnership_id = $1
			and t.hospital_id = h and t.state = s and t.live and (t.state in ('discharged', 'settled') or `+living("t")+`) order by t.created_at, t.id limit $4) t`+joinTreatment+`order by t.created_at, t.id`,
		tx.Partnership(), idArray(hospitals), stateNames(states), queueRows)
	return items(rows, waitingRow.waiting), err
}

// CasesWaiting lists open cases of the homes that have no treatment under way.
func (tx *Tx) CasesWaiting(homes []ident.ID, states ...casefile.State) ([]Waiting, error) {
	names := items(states, func(s casefile.State) string { return string(s) })
	var rows []waitingRow
	err := tx.list(&rows, `select c.id as case_id, c.case_no, c.programme, c.state, '' as path, c.diagnosis as plan, c.second_from as planned_on,
			coalesce(c.wait_since::timestamp at time zone 'Asia/Shanghai', c.created_at) as since, c.person_id, c.home_hospital_id as hospital_id,
			c.second_site as site, c.second_side as side, c.second_side <> '' and exists (select 1 from referral r where r.partnership_id = $1 and r.case_id = c.id
				and r.kind = 'referral' and r.purpose = 'second_side' and r.state in ('sent', 'accepted')) as referred,
			(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = c.home_hospital_id) as hospital_name, `+waitingPerson+`
		from unnest($2::uuid[]) h cross join unnest($3::text[]) s cross join lateral (select c.* from casefile c where c.partnership_id = $1
			and c.home_hospital_id = h and c.state = s and c.live and (c.state = 'ended' or `+living("c")+`) order by c.opened_on, c.id limit $4) c
		join person p on p.partnership_id = c.partnership_id and p.id = c.person_id order by c.opened_on, c.id`,
		tx.Partnership(), idArray(homes), textArray(names), queueRows)
	return items(rows, waitingRow.waiting), err
}

// ApprovalsWaiting lists requests for a reduction that wait for a decision, the
// oldest first; nil hospitals is the whole partnership.
func (tx *Tx) ApprovalsWaiting(hospitals []ident.ID) ([]Waiting, error) {
	from := `(select a.* from approval a where a.partnership_id = $1 and a.state = $2 order by a.requested_at, a.id limit $3) a`
	args := []any{tx.Partnership(), string(fund.ApprovalRequested), queueRows}
	if hospitals != nil {
		from = `unnest($4::uuid[]) h cross join lateral (select a.* from approval a where a.partnership_id = $1 and a.hospital_id = h and a.state = $2
			order by a.requested_at, a.id limit $3) a`
		args = append(args, idArray(hospitals))
	}
	var rows []waitingRow
	err := tx.list(&rows, `select `+waitingTreatment+`, a.requested_at as since, a.id as approval_id, a.requested_fen as amount, `+waitingPerson+`
		from `+from+` join treatment t on t.partnership_id = a.partnership_id and t.id = a.treatment_id`+joinTreatment+`order by a.requested_at, a.id`, args...)
	return items(rows, waitingRow.waiting), err
}

// overdueEmergency is the condition of the list and of its count; $1 is the
// partnership and $2 the day.
const overdueEmergency = `t.partnership_id = $1 and t.path = 'emergency' and t.live and t.state in ('admitted', 'operated', 'discharged', 'settled')
	and t.admitted_on < $2::date - (select p.late_approval_days from partnership p where p.id = $1)
	and not exists (select 1 from treatment_event e where e.partnership_id = t.partnership_id and e.treatment_id = t.id and e.action = 'mark_approval_overdue')
	and not exists (select 1 from approval a where a.partnership_id = t.partnership_id and a.treatment_id = t.id and a.state = 'approved')`

// OverdueEmergencies lists emergencies whose request for a reduction should have
// come and was neither approved nor written off, the longest waiting first.
func (tx *Tx) OverdueEmergencies() ([]Waiting, error) {
	var rows []waitingRow
	err := tx.list(&rows, `select `+waitingTreatment+`, t.created_at as since, `+waitingPerson+`
		from (select t.* from treatment t where `+overdueEmergency+` order by t.admitted_on, t.id limit $3) t`+joinTreatment+`order by t.admitted_on, t.id`, tx.Partnership(), tx.Today(), queueRows)
	return items(rows, waitingRow.waiting), err
}

func stateNames(states []treatment.State) any {
	return textArray(items(states, func(s treatment.State) string { return string(s) }))
}

// WorkCounts is how much waits, by state; a count ends at 999.
type WorkCounts struct {
	Treatments map[treatment.State]int
	Cases      map[casefile.State]int
	Joins      int
	Approvals  int
	Overdue    int // emergencies without the papers they should have; the whole partnership only
}

// CountWork counts what waits at the hospitals (nil: the approvals of the whole
// partnership only), one index range per state, each ended early.
func (tx *Tx) CountWork(hospitals []ident.ID) (WorkCounts, error) {
	w := WorkCounts{Treatments: map[treatment.State]int{}, Cases: map[casefile.State]int{}}
	if hospitals == nil {
		var n struct {
			Approvals int `db:"approvals"`
			Overdue   int `db:"overdue"`
		}
		err := tx.get(&n, `select (select count(*) from (select 1 from approval a where a.partnership_id = $1 and a.state = 'requested' limit $3) x) as approvals,
			(select count(*) from (select 1 from treatment t where `+overdueEmergency+` limit $3) x) as overdue`, tx.Partnership(), tx.Today(), queueCount)
		w.Approvals, w.Overdue = n.Approvals, n.Overdue
		return w, err
	}
	var rows []struct {
		What  string `db:"what"`
		State string `db:"state"`
		N     int    `db:"n"`
	}
	open := []treatment.State{treatment.Planned, treatment.Eligible, treatment.Estimated, treatment.Requested, treatment.Approved, treatment.Admitted,
		treatment.Operated, treatment.Discharged, treatment.Settled}
	err := tx.list(&rows, `select 'treatment' as what, s as state, sum((select count(*) from (select 1 from treatment t where t.partnership_id = $1
			and t.hospital_id = h and t.state = s and t.live and (t.state in ('discharged', 'settled') or `+living("t")+`) limit $4) x))::int as n from unnest($2::uuid[]) h cross join unnest($3::text[]) s group by s
		union all select 'case', s, sum((select count(*) from (select 1 from casefile c where c.partnership_id = $1 and c.home_hospital_id = h
			and c.state = s and c.live and (c.state = 'ended' or `+living("c")+`) limit $4) x))::int from unnest($2::uuid[]) h cross join unnest($5::text[]) s group by s
		union all select 'join', '', coalesce(sum((select count(*) from (select 1 from referral r where r.partnership_id = $1 and r.answerer_id = h
			and r.state = 'sent' limit $4) x)), 0)::int from unnest($2::uuid[]) h
		union all select 'approval', '', coalesce(sum((select count(*) from (select 1 from approval a where a.partnership_id = $1 and a.hospital_id = h
			and a.state = 'requested' limit $4) x)), 0)::int from unnest($2::uuid[]) h`,
		tx.Partnership(), idArray(hospitals), stateNames(open), queueCount, textArray([]string{string(casefile.Registered), string(casefile.SecondDue), string(casefile.Ended)}))
	for _, r := range rows {
		switch r.What {
		case "treatment":
			w.Treatments[treatment.State(r.State)] = r.N
		case "case":
			w.Cases[casefile.State(r.State)] = r.N
		case "join":
			w.Joins = r.N
		default:
			w.Approvals = r.N
		}
	}
	return w, err
}
