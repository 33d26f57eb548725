package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// ReportState is where the report of a period stands.
type ReportState string

// The states.
const (
	ReportWaiting ReportState = "waiting"
	ReportReady   ReportState = "ready"
)

// Label is the message key of the state's name.
func (s ReportState) Label() string { return "pack.state." + string(s) }

// ReportPack is the record of a report; its job has the same id. Snapshot is
// opened, and left out of lists.
type ReportPack struct {
	ID        ident.ID
	Period    report.Period
	Programme string
	Profile   string
	State     ReportState
	Rule      string
	Snapshot  []byte
	Digest    []byte
	Account   ident.ID
	By        string
	At        time.Time
	Failed    bool
	Version   int64
}

type reportRow struct {
	ID        ident.ID   `db:"id"`
	Kind      string     `db:"period"`
	From      clock.Date `db:"from_on"`
	To        clock.Date `db:"to_on"`
	Programme string     `db:"programme"`
	Profile   string     `db:"profile"`
	State     string     `db:"state"`
	Rule      string     `db:"rule"`
	Snapshot  []byte     `db:"snapshot"`
	Digest    []byte     `db:"digest"`
	Account   ident.ID   `db:"account_id"`
	By        string     `db:"by_name"`
	At        time.Time  `db:"created_at"`
	Failed    bool       `db:"failed"`
	Version   int64      `db:"version"`
}

func (r reportRow) pack() ReportPack {
	return ReportPack{ID: r.ID, Period: report.Period{Kind: report.Kind(r.Kind), From: r.From, To: r.To}, Programme: r.Programme, Profile: r.Profile,
		State: ReportState(r.State), Rule: r.Rule, Snapshot: r.Snapshot, Digest: r.Digest, Account: r.Account, By: r.By, At: r.At.UTC(), Failed: r.Failed, Version: r.Version}
}

const reportColumns = `select r.id, r.period, r.from_on, r.to_on, r.programme, r.profile, r.state, r.rule, r.digest, r.account_id, r.created_at, r.version,
	coalesce((select a.display_name from account a where a.id = r.account_id), '') as by_name,
	r.state = 'waiting' and coalesce((select j.state = 'failed' from job j where j.partnership_id = r.partnership_id and j.id = r.id), false) as failed`

func reportPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "report_pack", Column: "snapshot", Row: id}
}

// InsertReport notes that a report was asked for.
func (tx *Tx) InsertReport(p ReportPack) error {
	_, err := tx.exec(`insert into report_pack (partnership_id, id, period, from_on, to_on, programme, profile, state, rule, account_id, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9, $10, $9)`, tx.Partnership(), p.ID, string(p.Period.Kind), p.Period.From, p.Period.To, p.Programme,
		p.Profile, p.Rule, tx.who.AccountID, tx.now)
	return err
}

// FinishReport stores the figures of a report, once.
func (tx *Tx) FinishReport(p ReportPack) error {
	sealed, err := tx.keys.Seal(p.Snapshot, reportPlace(p.ID))
	if err != nil {
		return err
	}
	return tx.update(`update report_pack set state = 'ready', snapshot = $4, digest = $5, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'waiting'`, tx.Partnership(), p.ID, p.Version, sealed, p.Digest)
}

// ReportByID reads a report with its figures.
func (tx *Tx) ReportByID(id ident.ID) (ReportPack, error) {
	var r reportRow
	err := tx.get(&r, reportColumns+`, r.snapshot from report_pack r where r.partnership_id = $1 and r.id = $2`, tx.Partnership(), id)
	p, err := one(r.pack(), err, "error.pack.missing")
	if err == nil && p.Snapshot != nil {
		p.Snapshot, err = tx.keys.Open(p.Snapshot, reportPlace(id))
	}
	return p, err
}

// ListReports is a page of reports, the latest first.
func (tx *Tx) ListReports(req page.Request) (page.Result[ReportPack], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[ReportPack]{}, err
	}
	var rows []reportRow
	err := tx.list(&rows, reportColumns+` from report_pack r where r.partnership_id = $1 and (r.created_at, r.id) < ($2, $3)
		order by r.created_at desc, r.id desc limit $4`, tx.Partnership(), at, id, req.Limit()+1)
	return page.Cut(req, items(rows, reportRow.pack), func(p ReportPack) []any { return []any{p.At, p.ID} }), err
}

// PeriodActivity counts what was done beside operating between two days.
func (tx *Tx) PeriodActivity(from, to clock.Date) (a report.Activity, err error) {
	err = tx.get(&a, `select
		(select count(*) from meeting m where m.partnership_id = $1 and m.live and m.on_date between $2 and $3 and m.kind = 'meeting') as meetings,
		(select count(*) from meeting m where m.partnership_id = $1 and m.live and m.on_date between $2 and $3 and m.kind <> 'meeting') as exchanges,
		(select count(*) from visit v where v.partnership_id = $1 and v.state <> 'cancelled' and v.from_on <= $3 and v.to_on >= $2) as missions,
		(select count(distinct (d.practitioner_id, d.on_date)) from visit_day d where d.partnership_id = $1 and d.part in ('full', 'half') and d.on_date between $2 and $3) as service_days,
		(select count(distinct p.practitioner_id) from posting p where p.partnership_id = $1 and p.from_on <= $3 and p.to_on >= $2) as doctors,
		(select count(*) from posting p where p.partnership_id = $1 and p.from_on <= $3 and p.to_on >= $2 and p.to_on < p.from_on + interval '1 month') as short_stays,
		(select count(*) from posting p where p.partnership_id = $1 and p.from_on <= $3 and p.to_on >= $2 and p.to_on >= p.from_on + interval '1 month' and p.to_on < p.from_on + interval '6 months') as months_stays,
		(select count(*) from posting p where p.partnership_id = $1 and p.from_on <= $3 and p.to_on >= $2 and p.to_on >= p.from_on + interval '6 months' and p.to_on < p.from_on + interval '1 year') as half_years,
		(select count(*) from posting p where p.partnership_id = $1 and p.from_on <= $3 and p.to_on >= $2 and p.to_on >= p.from_on + interval '1 year') as years_stays,
		(select count(*) from teaching t where t.partnership_id = $1 and t.live and t.on_date between $2 and $3) as lessons,
		(select coalesce(sum(t.minutes), 0) from teaching t where t.partnership_id = $1 and t.live and t.on_date between $2 and $3) as lesson_minutes,
		(select coalesce(sum(t.others + (select count(*) from teaching_attendee a where a.partnership_id = t.partnership_id and a.teaching_id = t.id and a.live)), 0)::bigint
			from teaching t where t.partnership_id = $1 and t.live and t.on_date between $2 and $3) as listeners,
		(select count(*) from skill_signoff s where s.partnership_id = $1 and s.live and s.signed_on between $2 and $3) as signoffs,
		(select count(*) from pairing g where g.partnership_id = $1 and g.from_on <= $3 and (g.to_on is null or g.to_on >= $2)) as pairings`,
		tx.Partnership(), from, to)
	return a, err
}

// PeriodGatherings lists the meetings and exchange visits between two days.
func (tx *Tx) PeriodGatherings(from, to clock.Date) (out []report.Gathering, err error) {
	err = tx.list(&out, `select m.on_date, m.kind, m.topic, m.place, m.attendees from meeting m where m.partnership_id = $1 and m.live and m.on_date between $2 and $3
		order by m.on_date desc, m.id desc limit $4`, tx.Partnership(), from, to, report.DeedsKept)
	return out, err
}
