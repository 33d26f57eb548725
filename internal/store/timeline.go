package store

import (
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// TimelineKind says which source an entry of the timeline comes from; together
// with What it decides the words a page shows.
type TimelineKind string

// The kinds. Another room's records become part of the timeline by a kind here
// and a line in timelineSources below; nothing else has to change in the store.
const (
	EntryRegistered TimelineKind = "registered"
	EntryOpened     TimelineKind = "opened" // a case; What is its programme
	EntryClosed     TimelineKind = "closed" // What is the closure
	EntryStep       TimelineKind = "step"   // of a treatment; What is the action
	EntryOperation  TimelineKind = "operation"
	EntryReferral   TimelineKind = "referral" // What is sent, accepted, rejected, left, done, revoked
	EntryMoney      TimelineKind = "money"    // What is settled or approved; Amount is the reduction
	EntryFile       TimelineKind = "file"     // What is the kind of the attachment
	EntryDeath      TimelineKind = "death"
	EntryPlan       TimelineKind = "plan"     // the other side, planned
	EntryFollowUp   TimelineKind = "followup" // a contact; What is its evidence, Mark its appointment
)

// TimelineEntry is one thing that happened to a person, or is planned.
type TimelineEntry struct {
	Kind      TimelineKind `db:"kind"`
	What      string       `db:"what"`
	On        clock.Date   `db:"on_day"` // zero: no day was given
	At        time.Time    `db:"made"`   // when it was recorded
	ID        ident.ID     `db:"id"`     // of the record
	Case      ident.ID     `db:"case_id"`
	Treatment ident.ID     `db:"treatment_id"`
	Hospital  ident.ID     `db:"hospital_id"`
	Place     string       `db:"place"`
	Site      string       `db:"site"`
	Side      string       `db:"side"`
	Note      string       `db:"note"`
	Mark      string       `db:"mark"`
	Amount    money.Fen    `db:"amount_fen"`
}

// timelineSource is one query of the timeline. Its rows have the columns
// kind, what, on_day, made, id, case_id, treatment_id, hospital_id, site, side,
// note, mark, amount_fen, in this order. Parameters: $1 the partnership, $3 one
// case or null for all. "same" holds the person and those merged with it.
type timelineSource struct {
	part string // the readers of this part of the timeline: see TimelineParts
	sql  string
}

// The parts of the timeline, as roles may see them.
const (
	partPerson = "person"
	partCare   = "care"
	partMoney  = "money"
	partFiles  = "files"
)

const ofCase = `($3::uuid is null or x.case_id = $3)`

var timelineSources = []timelineSource{
	{partPerson, `select 'registered', '', x.registered_on, x.created_at, x.id, null::uuid, null::uuid, x.hospital_id, '', '', '', '', 0::bigint
		from same join registration x on x.partnership_id = $1 and x.person_id = same.id where x.live and $3::uuid is null`},
	{partPerson, `select 'death', '', p.deceased_on, p.created_at, p.id, null, null, null, '', '', '', '', 0
		from same join person p on p.partnership_id = $1 and p.id = same.id where p.deceased_on is not null`},
	{partCare, `select 'opened', x.programme, x.opened_on, x.created_at, x.id, x.id, null, x.home_hospital_id, '', '', x.case_no, '', 0
		from same join casefile x on x.partnership_id = $1 and x.person_id = same.id where x.live and ($3::uuid is null or x.id = $3)`},
	{partCare, `select 'closed', x.closure, x.closed_on, x.created_at, x.id, x.id, null, x.home_hospital_id, '', '', x.closure_note, '', 0
		from same join casefile x on x.partnership_id = $1 and x.person_id = same.id where x.live and x.closed_on is not null and ($3::uuid is null or x.id = $3)`},
	{partCare, `select 'plan', '', x.second_from, x.created_at, x.id, x.id, null, coalesce(x.second_hospital_id, x.home_hospital_id), x.second_site, x.second_side, '', '', 0
		from same join casefile x on x.partnership_id = $1 and x.person_id = same.id where x.live and x.second_side <> '' and x.closed_on is null
		and ($3::uuid is null or x.id = $3)`},
	{partCare, `select 'step', e.action, e.happened_on, e.created_at, e.id, x.case_id, x.id, x.hospital_id, '', '', case e.action when 'register' then x.plan else e.note end, e.mark, 0
		from same join casefile c on c.partnership_id = $1 and c.person_id = same.id join treatment x on x.partnership_id = $1 and x.case_id = c.id
		join treatment_event e on e.partnership_id = $1 and e.treatment_id = x.id
		where x.live and e.action <> 'log_operation' and e.action <> 'import_history' and ` + ofCase},
	{partCare, `select 'operation', x.kind, x.operated_on, x.created_at, x.id, x.case_id, x.treatment_id, x.hospital_id, x.site, x.side, x.lead_name,
		array_to_string(x.marks, ' '), case when x.lead_visiting then 1 else 0 end
		from same join procedure x on x.partnership_id = $1 and x.person_id = same.id where x.live and ` + ofCase},
	{partCare, `select 'followup', x.evidence, x.happened_on, x.created_at, x.id, x.case_id, x.treatment_id, x.hospital_id, o.site, o.side, x.note, coalesce(f.step, ''), 0
		from same join followup_contact x on x.partnership_id = $1 and x.person_id = same.id join procedure o on o.partnership_id = $1 and o.id = x.procedure_id
		left join (select f.partnership_id, f.id, f.step from followup f) f on f.partnership_id = x.partnership_id and f.id = x.followup_id
		where x.live and x.reached and ` + ofCase},
	{partCare, `select 'referral', s.what, s.on_day, s.made, x.id, x.case_id, null, s.hospital, x.site, x.side, s.note, '', 0
		from same join casefile c on c.partnership_id = $1 and c.person_id = same.id join referral x on x.partnership_id = $1 and x.case_id = c.id
		cross join lateral (values
			('sent', (x.created_at at time zone 'Asia/Shanghai')::date, x.created_at, x.asker_id, x.reason),
			(case x.state when 'rejected' then 'rejected' else 'accepted' end, (x.decided_at at time zone 'Asia/Shanghai')::date, x.decided_at, x.answerer_id, x.reply),
			('left', x.left_on, x.decided_at, x.to_hospital_id, ''),
			(x.state, (x.closed_at at time zone 'Asia/Shanghai')::date, x.closed_at, x.to_hospital_id, x.closing)) s(what, on_day, made, hospital, note)
		where s.on_day is not null and ` + ofCase},
	{partMoney, `select 'money', 'settled', x.settled_on, x.created_at, x.id, x.case_id, x.treatment_id, x.hospital_id, '', '', '', '', x.fund_fen + x.waiver_fen
		from same join casefile c on c.partnership_id = $1 and c.person_id = same.id join treatment t on t.partnership_id = $1 and t.case_id = c.id
		join settlement x on x.partnership_id = $1 and x.treatment_id = t.id where x.state = 'settled' and ` + ofCase},
	{partMoney, `select 'money', 'approved', (x.decided_at at time zone 'Asia/Shanghai')::date, x.decided_at, x.id, x.case_id, x.treatment_id, x.hospital_id, '', '', x.opinion, '', x.approved_fen
		from same join casefile c on c.partnership_id = $1 and c.person_id = same.id join treatment t on t.partnership_id = $1 and t.case_id = c.id
		join approval x on x.partnership_id = $1 and x.treatment_id = t.id
		where t.live and x.state = 'approved' and x.decided_at is not null and ` + ofCase},
	{partFiles, `select 'file', x.kind, (x.created_at at time zone 'Asia/Shanghai')::date, x.created_at, x.id, x.case_id, null, x.hospital_id, '', '', x.file_name, '', 0
		from same join casefile c on c.partnership_id = $1 and c.person_id = same.id join attachment x on x.partnership_id = $1 and x.case_id = c.id
		where x.replaced_by is null and ` + ofCase},
	{partFiles, `select 'file', x.kind, (x.created_at at time zone 'Asia/Shanghai')::date, x.created_at, x.id, null, null, x.hospital_id, '', '', x.file_name, '', 0
		from same join registration g on g.partnership_id = $1 and g.person_id = same.id join attachment x on x.partnership_id = $1
			and x.owner_kind = 'registration' and x.owner_id = g.id where x.replaced_by is null and $3::uuid is null`},
}

// TimelineFilter says what of a timeline is read.
type TimelineFilter struct {
	Person ident.ID
	Case   ident.ID // nil: all cases, and what belongs to no case
	Care   bool     // cases, treatments, operations, referrals
	Money  bool     // approvals and settlements
	Files  bool
}

// TimelineLimit bounds a timeline; the latest entries are the ones that are read.
const TimelineLimit = 600

// Timeline reads everything that happened to a person and those merged with it,
// in one statement, the earliest first; what has no day comes last. Within a day
// the order is that of the work: an operation lies between admission and discharge.
func (tx *Tx) Timeline(f TimelineFilter) ([]TimelineEntry, error) {
	var parts []string
	for _, s := range timelineSources {
		if s.part == partPerson || s.part == partCare && f.Care || s.part == partMoney && f.Money || s.part == partFiles && f.Files {
			parts = append(parts, s.sql)
		}
	}
	var rows []TimelineEntry
	err := tx.list(&rows, `with same as (select same.id`+samePerson+`where p0.partnership_id = $1 and p0.id = $2),
		entry (kind, what, on_day, made, id, case_id, treatment_id, hospital_id, site, side, note, mark, amount_fen) as (`+strings.Join(parts, "\nunion all ")+`)
		select e.kind, e.what, e.on_day, e.made, e.id, e.case_id, e.treatment_id, e.hospital_id, e.site, e.side, e.note, e.mark, e.amount_fen,
			coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = e.hospital_id), '') as place
		from (select e.* from entry e order by e.on_day desc nulls first, e.made desc limit $4) e
		order by e.on_day nulls last, case e.kind when 'registered' then -2 when 'opened' then -1 else 0 end, case when e.kind = 'operation' then 1
			when e.kind in ('money', 'closed', 'death') or e.what in ('discharge', 'discharge_without_operation', 'record_death', 'settle', 'close') then 2
			else 0 end, e.made, e.id`, tx.Partnership(), f.Person, nullID(f.Case), TimelineLimit)
	return rows, err
}
