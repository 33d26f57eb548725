package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Referral is a request between two hospitals about a case. Case and person are
// empty for a hospital the case is not open to; of a referral the letter says
// whom it is about.
type Referral struct {
	referral.Referral
	ID        ident.ID
	Case      ident.ID
	Home      ident.ID // the hospital that owns the case; nil where it is not open
	Giver     ident.ID // the hospital the patient comes from
	Joiner    ident.ID // the hospital that comes in
	Reply     string   // the answerer's words
	Closing   string   // the reply to the sender, when it is done
	LeftOn    clock.Date
	DecidedAt time.Time
	ClosedAt  time.Time
	CreatedAt time.Time
	CreatedBy ident.ID
	Version   int64

	CaseNo     string
	Programme  procedure.Programme
	Person     ident.ID
	PersonName string
	Sex        patient.Sex
	Birth      clock.Date
	GiverName  string
	JoinerName string
	AskedBy    string
	AnsweredBy string
	ClosedBy   string
}

// Opened reports whether the case is open to the receiver on a day.
func (r Referral) Opened(day clock.Date) bool {
	return r.State == referral.Accepted && (r.Open.From.IsZero() || r.Open.Holds(day))
}

type referralRow struct {
	ID        ident.ID   `db:"id"`
	Case      ident.ID   `db:"case_id"`
	Kind      string     `db:"kind"`
	Giver     ident.ID   `db:"from_hospital_id"`
	Joiner    ident.ID   `db:"to_hospital_id"`
	State     string     `db:"state"`
	Emergency bool       `db:"emergency"`
	Reason    string     `db:"reason"`
	Reply     string     `db:"reply"`
	Closing   string     `db:"closing"`
	Purpose   string     `db:"purpose"`
	Urgency   string     `db:"urgency"`
	Site      string     `db:"site"`
	Side      string     `db:"side"`
	Summary   string     `db:"summary"`
	Documents string     `db:"documents"`
	OpenFrom  clock.Date `db:"open_from"`
	OpenTo    clock.Date `db:"open_to"`
	LeftOn    clock.Date `db:"left_on"`
	DueOn     clock.Date `db:"due_on"`
	DecidedAt *time.Time `db:"decided_at"`
	ClosedAt  *time.Time `db:"closed_at"`
	CreatedAt time.Time  `db:"created_at"`
	CreatedBy ident.ID   `db:"created_by"`
	Version   int64      `db:"version"`

	Home       ident.ID   `db:"home_hospital_id"`
	CaseNo     string     `db:"case_no"`
	Programme  string     `db:"programme"`
	Person     ident.ID   `db:"person_id"`
	Name       string     `db:"person_name"`
	Sex        string     `db:"sex"`
	Birth      clock.Date `db:"birth_on"`
	GiverName  string     `db:"giver_name"`
	JoinerName string     `db:"joiner_name"`
	AskedBy    string     `db:"asked_by"`
	AnsweredBy string     `db:"answered_by"`
	ClosedBy   string     `db:"closed_by_name"`
}

// referral gives the stored row its parties: a join is asked for by the hospital
// that wants to come in, a referral by the one the patient comes from.
func (r referralRow) referral() Referral {
	x := Referral{Referral: referral.Referral{Kind: referral.Kind(r.Kind), State: referral.State(r.State), From: r.Giver, To: r.Joiner,
		Emergency: r.Emergency, Reason: r.Reason, SentOn: clock.DateOf(r.CreatedAt.In(clock.Shanghai)), Due: r.DueOn,
		Open: referral.Period{From: r.OpenFrom, To: r.OpenTo}, Letter: referral.Letter{Purpose: referral.Purpose(r.Purpose),
			Urgency: referral.Urgency(r.Urgency), Site: procedure.Site(r.Site), Side: procedure.Side(r.Side), Summary: r.Summary, Documents: r.Documents}},
		ID: r.ID, Case: r.Case, Home: r.Home, Giver: r.Giver, Joiner: r.Joiner, Reply: r.Reply, Closing: r.Closing, LeftOn: r.LeftOn,
		CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, Version: r.Version, CaseNo: r.CaseNo, Programme: procedure.Programme(r.Programme),
		Person: r.Person, PersonName: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth, GiverName: r.GiverName, JoinerName: r.JoinerName,
		AskedBy: r.AskedBy, AnsweredBy: r.AnsweredBy, ClosedBy: r.ClosedBy}
	if x.Kind == referral.Join {
		x.From, x.To = r.Joiner, r.Giver
	}
	if r.DecidedAt != nil {
		x.DecidedAt = r.DecidedAt.UTC()
	}
	if r.ClosedAt != nil {
		x.ClosedAt = r.ClosedAt.UTC()
	}
	return x
}

const referralColumns = `r.id, r.case_id, r.kind, r.from_hospital_id, r.to_hospital_id, r.state, r.emergency, r.reason, r.reply, r.closing,
	r.purpose, r.urgency, r.site, r.side, r.summary, r.documents, r.open_from, r.open_to, r.left_on, r.due_on, r.decided_at, r.closed_at,
	r.created_at, r.created_by, r.version, c.home_hospital_id, coalesce(c.case_no, '') as case_no,
	coalesce(c.programme, r.patient_programme) as programme, c.person_id, coalesce(p.name, r.patient_name) as person_name,
	coalesce(p.sex, r.patient_sex) as sex, coalesce(p.birth_on, r.patient_birth_on) as birth_on,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.from_hospital_id) as giver_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.to_hospital_id) as joiner_name,
	coalesce((select a.display_name from account a where a.id = r.created_by), '') as asked_by,
	coalesce((select a.display_name from account a where a.id = r.decided_by), '') as answered_by,
	coalesce((select a.display_name from account a where a.id = r.closed_by), '') as closed_by_name`

const joinReferral = ` left join (select c.partnership_id, c.id, c.case_no, c.programme, c.person_id, c.home_hospital_id, c.closed_on from casefile c) c on c.partnership_id = r.partnership_id and c.id = r.case_id
	left join (select p.partnership_id, p.id, p.name, p.sex, p.birth_on, p.deceased_on from person p) p on p.partnership_id = c.partnership_id and p.id = c.person_id `

// ReferralByID reads one request.
func (tx *Tx) ReferralByID(id ident.ID) (Referral, error) {
	var r referralRow
	err := tx.get(&r, `select `+referralColumns+` from referral r`+joinReferral+`where r.partnership_id = $1 and r.id = $2`, tx.Partnership(), id)
	return one(r.referral(), err, "error.referral.missing")
}

// ReferralForUpdate reads one request and holds it until the transaction ends.
func (tx *Tx) ReferralForUpdate(id ident.ID) (Referral, error) {
	var r referralRow
	err := tx.get(&r, `select `+referralColumns+` from referral r`+joinReferral+`where r.partnership_id = $1 and r.id = $2 for update of r`, tx.Partnership(), id)
	return one(r.referral(), err, "error.referral.missing")
}

// ReferralsOf lists the requests about a case, the latest first.
func (tx *Tx) ReferralsOf(caseID ident.ID) ([]Referral, error) {
	var rows []referralRow
	err := tx.list(&rows, `select `+referralColumns+` from referral r`+joinReferral+`where r.partnership_id = $1 and r.case_id = $2
		order by r.created_at desc, r.id limit 100`, tx.Partnership(), caseID)
	return items(rows, referralRow.referral), err
}

// Box is the direction of a list of requests.
type Box string

// The boxes.
const (
	Inbox  Box = "in"   // asked of the reader's hospitals
	Outbox Box = "out"  // asked by them
	Late   Box = "late" // overdue, either way
)

// ReferralFilter narrows a list of requests.
type ReferralFilter struct {
	Box       Box
	Hospitals []ident.ID // nil is the whole partnership
	States    []referral.State
}

// boxColumn is whose column decides on which side of a request a hospital stands.
func (b Box) column() string {
	if b == Outbox {
		return "asker_id"
	}
	return "answerer_id"
}

// ListReferrals is a page of requests, the latest first; the overdue ones by the
// day they were due, the longest wait first.
func (tx *Tx) ListReferrals(f ReferralFilter, req page.Request) (page.Result[Referral], error) {
	if f.Box == Late {
		return tx.lateReferrals(req)
	}
	at, id := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ident.Nil
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Referral]{}, err
	}
	args := []any{tx.Partnership(), at, id, req.Limit() + 1, textArray(items(f.States, func(s referral.State) string { return string(s) }))}
	from := `unnest($5::text[]) s cross join lateral (select r.* from referral r where r.partnership_id = $1 and r.state = s
		and (r.created_at, r.id) < ($2, $3) order by r.created_at desc, r.id desc limit $4) r`
	if f.Hospitals != nil {
		from = `unnest($6::uuid[]) h cross join unnest($5::text[]) s cross join lateral (select r.* from referral r where r.partnership_id = $1
			and r.` + f.Box.column() + ` = h and r.state = s and (r.created_at, r.id) < ($2, $3) order by r.created_at desc, r.id desc limit $4) r`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []referralRow
	if err := tx.list(&rows, `select `+referralColumns+` from `+from+joinReferral+`order by r.created_at desc, r.id desc limit $4`, args...); err != nil {
		return page.Result[Referral]{}, err
	}
	return page.Cut(req, items(rows, referralRow.referral), func(r Referral) []any { return []any{r.CreatedAt, r.ID} }), nil
}

func (tx *Tx) lateReferrals(req page.Request) (page.Result[Referral], error) {
	on, id := clock.MustDate(1, 1, 1), ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[Referral]{}, err
	}
	var rows []referralRow
	err := tx.list(&rows, `select `+referralColumns+` from (select r.* from referral r where r.partnership_id = $1 and r.due_on < $5
		and (r.due_on, r.id) > ($2, $3) order by r.due_on, r.id limit $4) r`+joinReferral+`order by r.due_on, r.id limit $4`,
		tx.Partnership(), on, id, req.Limit()+1, tx.Today())
	if err != nil {
		return page.Result[Referral]{}, err
	}
	return page.Cut(req, items(rows, referralRow.referral), func(r Referral) []any { return []any{r.Due, r.ID} }), nil
}

// ReferralCounts is how many requests stand in each state, by box; each number
// stops at [BoxCount].
type ReferralCounts map[Box]map[referral.State]int

// BoxCount is where the numbers beside the boxes stop.
const BoxCount = 99

// CountReferrals counts the requests of hospitals (nil: of the partnership, all
// of them in both boxes), and the overdue ones.
func (tx *Tx) CountReferrals(hospitals []ident.ID) (ReferralCounts, error) {
	states := textArray(items(referral.States(), func(s referral.State) string { return string(s) }))
	query, args := `select 'in' as box, s as state, (select count(*) from (select 1 from referral r where r.partnership_id = $1 and r.state = s limit $3) x)::int as n
		from unnest($2::text[]) s`, []any{tx.Partnership(), states, BoxCount, tx.Today()}
	if hospitals != nil {
		query = `select 'in' as box, s as state, sum((select count(*) from (select 1 from referral r where r.partnership_id = $1 and r.answerer_id = h
				and r.state = s limit $3) x))::int as n from unnest($5::uuid[]) h cross join unnest($2::text[]) s group by s
			union all select 'out', s, sum((select count(*) from (select 1 from referral r where r.partnership_id = $1 and r.asker_id = h
				and r.state = s limit $3) x))::int from unnest($5::uuid[]) h cross join unnest($2::text[]) s group by s`
		args = append(args, idArray(hospitals))
	}
	var rows []struct {
		Box   string `db:"box"`
		State string `db:"state"`
		N     int    `db:"n"`
	}
	err := tx.list(&rows, query+` union all select 'late', '', (select count(*) from (select 1 from referral r where r.partnership_id = $1 and r.due_on < $4 limit $3) x)::int`, args...)
	out := ReferralCounts{Inbox: {}, Outbox: {}, Late: {}}
	for _, r := range rows {
		out[Box(r.Box)][referral.State(r.State)] = r.N
	}
	return out, err
}

// ReferralsWaiting lists what these hospitals have to answer, the oldest first.
func (tx *Tx) ReferralsWaiting(hospitals []ident.ID) ([]Referral, error) {
	var rows []referralRow
	err := tx.list(&rows, `select `+referralColumns+` from unnest($2::uuid[]) h cross join lateral
		(select r.* from referral r where r.partnership_id = $1 and r.answerer_id = h and r.state = 'sent' order by r.created_at, r.id limit $3) r`+joinReferral+`
		order by r.created_at, r.id limit $3`, tx.Partnership(), idArray(hospitals), queueRows)
	return items(rows, referralRow.referral), err
}

// InsertReferral sends a referral from a hospital of the case to another one.
func (tx *Tx) InsertReferral(r Referral, c CaseItem) error {
	seen := []ident.ID{r.From, r.To}
	if c.Home != r.From && c.Home != r.To {
		seen = append(seen, c.Home)
	}
	l := r.Letter
	_, err := tx.exec(`insert into referral (partnership_id, id, case_id, kind, from_hospital_id, to_hospital_id, visible_to, state, emergency, reason, purpose,
		urgency, site, side, summary, documents, patient_name, patient_sex, patient_birth_on, patient_programme, due_on, created_at, created_by)
		values ($1, $2, $3, 'referral', $4, $5, $6::uuid[], 'sent', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`, tx.Partnership(),
		r.ID, c.ID, r.From, r.To, idArray(seen), r.Emergency, r.Reason, string(l.Purpose), string(l.Urgency), string(l.Site), string(l.Side), l.Summary,
		l.Documents, c.PersonName, string(c.Sex), c.Birth, string(c.Programme), r.Due, tx.now, tx.who.AccountID)
	return err
}

// UpdateReferral stores a step under the request's version. While it is accepted
// and its period runs the case is open to the receiver; afterwards it is closed
// again.
func (tx *Tx) UpdateReferral(r Referral) error {
	decided := `decided_by = $6, decided_at = $7`
	if r.State == referral.Done || r.State == referral.Revoked {
		decided = `closed_by = $6, closed_at = $7`
	}
	err := tx.update(`update referral set state = $4, reply = $5, `+decided+`, open_from = $8, open_to = $9, due_on = $10, closing = $11,
		version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), r.ID, r.Version, string(r.State), r.Reply,
		tx.who.AccountID, tx.now, r.Open.From, r.Open.To, r.Due, r.Closing)
	switch {
	case err != nil:
		return err
	case r.Opened(tx.Today()):
		return tx.openTo(r)
	case r.State.Final() && !r.DecidedAt.IsZero():
		_, err = tx.exec(`select depart($1, $2)`, r.ID, tx.Today())
	}
	return err
}

// openTo opens the cases of accepted requests to their receivers. A receiver who
// takes a case over becomes its home; the earlier home keeps what it sees. Who
// takes the other side is where it is planned from now on.
func (tx *Tx) openTo(list ...Referral) error {
	ids := items(list, func(r Referral) ident.ID { return r.ID })
	if _, err := tx.exec(`select participate(x) from unnest($1::uuid[]) x`, idArray(ids)); err != nil {
		return err
	}
	_, err := tx.exec(`update casefile c set home_hospital_id = r.to_hospital_id, version = c.version + 1 from referral r
		where r.partnership_id = $1 and r.id = any ($2::uuid[]) and r.kind = 'referral' and r.purpose = 'take_over'
		and c.partnership_id = $1 and c.id = r.case_id`, tx.Partnership(), idArray(ids))
	if err != nil {
		return err
	}
	// Who takes a case over follows its patient.
	if _, err = tx.exec(`select followup_place(c.person_id) from referral r join casefile c on c.partnership_id = r.partnership_id and c.id = r.case_id
		where r.partnership_id = $1 and r.id = any ($2::uuid[]) and r.purpose = 'take_over'`, tx.Partnership(), idArray(ids)); err != nil {
		return err
	}
	_, err = tx.exec(`update casefile c set second_site = r.site, second_side = r.side, second_hospital_id = r.to_hospital_id, version = c.version + 1,
		wait_need = case when c.wait_since is null then '' else 'planned' end, wait_site = case when c.wait_since is null then '' else r.site end,
		wait_side = case when c.wait_since is null then '' else r.side end
		from referral r where r.partnership_id = $1 and r.id = any ($2::uuid[]) and r.kind = 'referral' and r.purpose = 'second_side' and r.side <> ''
		and c.partnership_id = $1 and c.id = r.case_id and c.closed_on is null`, tx.Partnership(), idArray(ids))
	return err
}

// CasePartners are the hospitals a case is open to today through a referral.
func (tx *Tx) CasePartners(id ident.ID) ([]ident.ID, error) {
	var ids []ident.ID
	err := tx.list(&ids, `select x.hospital_id from case_partners($1, $2) x`, id, tx.Today())
	return ids, err
}

// TurnReferrals opens what begins and closes what has passed, some at a time; it
// reports how many it dealt with. The request stays accepted until its receiver
// has replied.
func (tx *Tx) TurnReferrals(some int) (opened, closed []Referral, err error) {
	var rows []referralRow
	err = tx.list(&rows, `select `+referralColumns+` from (select r.* from referral r where r.partnership_id = $1 and r.state = 'accepted'
		and r.left_on is null and r.open_to < $2 order by r.open_to, r.id limit $3) r`+joinReferral, tx.Partnership(), tx.Today(), some)
	if err != nil {
		return nil, nil, err
	}
	closed = items(rows, referralRow.referral)
	rows = nil
	err = tx.list(&rows, `select `+referralColumns+` from (select r.* from referral r where r.partnership_id = $1 and r.state = 'accepted'
		and r.left_on is null and r.open_from <= $2 and r.open_to >= $2 order by r.open_to, r.id limit $3) r`+joinReferral+`
		where not exists (select 1 from case_participant k where k.partnership_id = $1 and k.hospital_id = r.to_hospital_id and k.case_id = r.case_id
			and k.opened_on = (select c.opened_on from casefile c where c.partnership_id = $1 and c.id = r.case_id))`, tx.Partnership(), tx.Today(), some)
	if err != nil {
		return nil, nil, err
	}
	opened = items(rows, referralRow.referral)
	if len(opened) > 0 {
		if err := tx.openTo(opened...); err != nil {
			return nil, nil, err
		}
	}
	if len(closed) > 0 {
		_, err = tx.exec(`select depart(x, $1) from unnest($2::uuid[]) x`, tx.Today(), idArray(items(closed, func(r Referral) ident.ID { return r.ID })))
	}
	return opened, closed, err
}

// ReferralClocks reads the agreed days of each step; none is the sample's.
func (tx *Tx) ReferralClocks() ([]ReferralClock, error) {
	var rows []ReferralClock
	err := tx.list(&rows, `select k.urgency, k.answer_days, k.open_days, k.reply_days, k.version from referral_clock k
		where k.partnership_id = $1 order by k.urgency limit 10`, tx.Partnership())
	return rows, err
}

// ReferralClock is the agreed days of one urgency as they are stored.
type ReferralClock struct {
	Urgency    string `db:"urgency"`
	AnswerDays int    `db:"answer_days"`
	OpenDays   int    `db:"open_days"`
	ReplyDays  int    `db:"reply_days"`
	Version    int64  `db:"version"`
}

// Clock is the rule the row holds.
func (c ReferralClock) Clock() referral.Clock {
	return referral.Clock{Urgency: referral.Urgency(c.Urgency), AnswerDays: c.AnswerDays, OpenDays: c.OpenDays, ReplyDays: c.ReplyDays}
}

// SaveReferralClock stores the days of one urgency; version 0 is the first time.
func (tx *Tx) SaveReferralClock(c referral.Clock, version int64) error {
	return tx.update(`insert into referral_clock as k (partnership_id, urgency, answer_days, open_days, reply_days, changed_by, changed_at)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict (partnership_id, urgency) do update set answer_days = excluded.answer_days,
		open_days = excluded.open_days, reply_days = excluded.reply_days, changed_by = excluded.changed_by, changed_at = excluded.changed_at,
		version = k.version + 1 where k.version = $8`, tx.Partnership(), string(c.Urgency), c.AnswerDays, c.OpenDays, c.ReplyDays, tx.who.AccountID, tx.now, version)
}
