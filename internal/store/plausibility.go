package store

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// PlausibilityRules are the partnership's limits; the sample until it has set its own.
func (tx *Tx) PlausibilityRules() (plausibility.Rules, error) {
	var rows []struct {
		Limits  []byte `db:"limits"`
		People  []byte `db:"populations"`
		Source  string `db:"source"`
		Version int64  `db:"version"`
	}
	err := tx.list(&rows, `select r.limits, r.populations, r.source, r.version from plausibility_rule r where r.partnership_id = $1 order by r.version desc limit 1`, tx.Partnership())
	if err != nil || len(rows) == 0 {
		return plausibility.SampleRules(), err
	}
	r := plausibility.Rules{Source: rows[0].Source, Version: rows[0].Version}
	if err := json.Unmarshal(rows[0].Limits, &r); err != nil {
		return r, err
	}
	return r, json.Unmarshal(rows[0].People, &r.Populations)
}

// SavePlausibilityRules stores the limits as the next version.
func (tx *Tx) SavePlausibilityRules(r plausibility.Rules) error {
	limits, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if r.Populations == nil {
		r.Populations = map[string]int{}
	}
	people, err := json.Marshal(r.Populations)
	if err != nil {
		return err
	}
	next := r.Version + 1
	return tx.once(`insert into plausibility_rule (partnership_id, id, version, limits, populations, source, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.Partnership(), ident.Derive(tx.Partnership(), "plausibility_rule "+strconv.FormatInt(next, 10)), next, string(limits), string(people), r.Source, tx.now, tx.who.AccountID)
}

// sharedPhones reads the digests more than one registration has.
func (tx *Tx) sharedPhones() ([]plausibility.Phones, error) {
	var rows []struct {
		Term         string   `db:"term"`
		Registration ident.ID `db:"id"`
		Person       ident.ID `db:"person_id"`
		Hospital     ident.ID `db:"hospital_id"`
	}
	low := string(match.KindPhone) + ":"
	err := tx.list(&rows, `select t.term, r.id, coalesce(p.root_id, p.id) as person_id, r.hospital_id
		from (select g.term, array_agg(g.registration_id) as shared from `+everyHospital+` cross join lateral (select x.term, x.registration_id from registration_term x
			where x.partnership_id = $1 and x.hospital_id = h and x.term >= $2 and x.term < $3) g group by g.term having count(*) > 1) t
		join registration r on r.partnership_id = $1 and r.id = any (t.shared) and r.live
		join person p on p.partnership_id = r.partnership_id and p.id = r.person_id order by t.term, r.id`, tx.Partnership(), low, string(match.KindPhone)+";")
	out := make([]plausibility.Phones, len(rows))
	for i, r := range rows {
		out[i] = plausibility.Phones{Digest: r.Term[len(low):], Registration: r.Registration, Person: r.Person, Hospital: r.Hospital}
	}
	return out, err
}

// plannedHours reads the hours of missions; operating theatres are not on record.
func (tx *Tx) plannedHours() ([]plausibility.Hours, error) {
	var rows []struct {
		ID       ident.ID   `db:"id"`
		Case     ident.ID   `db:"case_id"`
		Hospital ident.ID   `db:"hospital_id"`
		Surgeon  ident.ID   `db:"surgeon_id"`
		Name     string     `db:"name"`
		On       clock.Date `db:"planned_on"`
		From     int        `db:"starts_at"`
		Minutes  int        `db:"minutes"`
	}
	err := tx.list(&rows, `select c.id, c.case_id, c.hospital_id, c.surgeon_id, coalesce(q.name, '') as name, c.planned_on, c.starts_at, c.minutes from visit_case c
		left join practitioner q on q.id = c.surgeon_id where c.partnership_id = $1 and c.state = 'planned' and c.starts_at is not null and c.surgeon_id is not null
		order by c.planned_on, c.id`, tx.Partnership())
	out := make([]plausibility.Hours, len(rows))
	for i, r := range rows {
		out[i] = plausibility.Hours{ID: r.ID, Case: r.Case, Hospital: r.Hospital, Surgeon: r.Surgeon, SurgeonName: r.Name, On: r.On, From: r.From, To: r.From + r.Minutes}
	}
	return out, err
}

// doublePieces reads the pieces with a number that stands in more than one record.
func (tx *Tx) doublePieces() ([]plausibility.Piece, error) {
	var rows []struct {
		Unit      string     `db:"unit"`
		ID        ident.ID   `db:"id"`
		Operation ident.ID   `db:"procedure_id"`
		Case      ident.ID   `db:"case_id"`
		Person    ident.ID   `db:"person_id"`
		Hospital  ident.ID   `db:"hospital_id"`
		On        clock.Date `db:"implanted_on"`
	}
	err := tx.list(&rows, `select c.unit_ref as unit, c.id, c.procedure_id, c.case_id, o.person_id, c.hospital_id, c.implanted_on
		from (select c.unit_ref from component c where c.partnership_id = $1 and c.live and c.unit_ref <> '' and c.claim <> 'exempt' group by c.unit_ref having count(*) > 1) s
		join component c on c.partnership_id = $1 and c.unit_ref = s.unit_ref and c.live and c.claim <> 'exempt'
		join procedure o on o.partnership_id = c.partnership_id and o.id = c.procedure_id order by c.unit_ref, c.id`, tx.Partnership())
	out := make([]plausibility.Piece, len(rows))
	for i, r := range rows {
		out[i] = plausibility.Piece{Unit: r.Unit, ID: r.ID, Operation: r.Operation, Case: r.Case, Person: r.Person, Place: r.Hospital, On: r.On}
	}
	return out, err
}

func (tx *Tx) changedSince() ([]plausibility.Reading, error) {
	var rows []struct {
		ID        ident.ID   `db:"id"`
		Case      ident.ID   `db:"case_id"`
		Person    ident.ID   `db:"person_id"`
		Hospital  ident.ID   `db:"hospital_id"`
		Approval  ident.ID   `db:"approval_id"`
		On        clock.Date `db:"taken_on"`
		Withdrawn bool       `db:"withdrawn"`
	}
	err := tx.list(&rows, `select x.id, x.case_id, x.person_id, x.hospital_id, a.id as approval_id, x.taken_on, x.withdrawn`+changedReadings+`order by a.id, x.id`, tx.Partnership())
	out := make([]plausibility.Reading, len(rows))
	for i, r := range rows {
		out[i] = plausibility.Reading{ID: r.ID, Case: r.Case, Person: r.Person, Hospital: r.Hospital, Approval: r.Approval, On: r.On, Withdrawn: r.Withdrawn}
	}
	return out, err
}

// Alert is a finding as it is stored.
type Alert struct {
	plausibility.Alert
	Found     plausibility.Finding
	ID        ident.ID
	Rule      int // version of the check that found it
	FirstSeen time.Time
	LastSeen  time.Time
	Version   int64
}

type alertRow struct {
	ID        ident.ID  `db:"id"`
	Check     string    `db:"check_name"`
	Rule      int       `db:"check_version"`
	Subject   string    `db:"subject"`
	Args      []byte    `db:"args"`
	Evidence  []byte    `db:"evidence"`
	Digest    string    `db:"digest"`
	State     string    `db:"state"`
	Verdict   string    `db:"verdict"`
	Recovery  bool      `db:"recovery"`
	FirstSeen time.Time `db:"first_seen"`
	LastSeen  time.Time `db:"last_seen"`
	Version   int64     `db:"version"`
}

func (r alertRow) alert() Alert {
	a := Alert{Alert: plausibility.Alert{State: plausibility.State(r.State), Verdict: plausibility.Verdict(r.Verdict), Recovery: r.Recovery, Digest: r.Digest},
		Found: plausibility.Finding{Check: plausibility.Check(r.Check), Subject: r.Subject}, ID: r.ID, Rule: r.Rule, FirstSeen: r.FirstSeen.UTC(), LastSeen: r.LastSeen.UTC(), Version: r.Version}
	_ = json.Unmarshal(r.Args, &a.Found.Args) // both are written by this store only
	_ = json.Unmarshal(r.Evidence, &a.Found.Evidence)
	return a
}

const alertColumns = `a.id, a.check_name, a.check_version, a.subject, a.args, a.evidence, a.digest, a.state, a.verdict, a.recovery, a.first_seen, a.last_seen, a.version`

// AlertByID reads one alert.
func (tx *Tx) AlertByID(id ident.ID) (Alert, error) {
	var r alertRow
	err := tx.get(&r, `select `+alertColumns+` from plausibility_alert a where a.partnership_id = $1 and a.id = $2`, tx.Partnership(), id)
	return one(r.alert(), err, "error.plausibility.missing")
}

// ListAlerts is a page of alerts in a state, of one check or of all, the latest first.
func (tx *Tx) ListAlerts(state plausibility.State, check plausibility.Check, req page.Request) (page.Result[Alert], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Alert]{}, err
	}
	of, args := "", []any{tx.Partnership(), string(state), at, id, req.Limit() + 1}
	if check != "" {
		of, args = `and a.check_name = $6 `, append(args, string(check))
	}
	var rows []alertRow
	err := tx.list(&rows, `select `+alertColumns+` from plausibility_alert a where a.partnership_id = $1 and a.state = $2 `+of+`and (a.first_seen, a.id) < ($3, $4)
		order by a.first_seen desc, a.id desc limit $5`, args...)
	if err != nil {
		return page.Result[Alert]{}, err
	}
	return page.Cut(req, items(rows, alertRow.alert), func(a Alert) []any { return []any{a.FirstSeen, a.ID} }), nil
}

// EveryAlert reads all alerts for a run that holds them against new findings.
func (tx *Tx) EveryAlert() ([]Alert, error) {
	var rows []alertRow
	err := tx.list(&rows, `select `+alertColumns+` from plausibility_alert a where a.partnership_id = $1 order by a.id`, tx.Partnership())
	return items(rows, alertRow.alert), err
}

// InsertAlerts stores findings that were not known.
func (tx *Tx) InsertAlerts(list []plausibility.Finding) error {
	return tx.write(`insert into plausibility_alert (partnership_id, first_seen, last_seen, state, id, check_name, check_version, subject, args, evidence, digest) values `,
		`($1, $2, $2, 'open', #, #, #, #, #::jsonb, #::jsonb, #)`, []any{tx.Partnership(), tx.now}, len(list), func(i int) ([]any, error) {
			f := list[i]
			args, evidence, err := alertText(f)
			return []any{ident.New(), string(f.Check), f.Check.Version(), f.Subject, args, evidence, f.Digest()}, err
		})
}

func alertText(f plausibility.Finding) (args, evidence string, err error) {
	a, err := json.Marshal(f.Args)
	if err != nil {
		return "", "", err
	}
	e, err := json.Marshal(f.Evidence)
	return string(a), string(e), err
}

// RenewAlert stores what became of a known alert.
func (tx *Tx) RenewAlert(a Alert) error {
	args, evidence, err := alertText(a.Found)
	if err != nil {
		return err
	}
	return tx.update(`update plausibility_alert set state = $4, verdict = $5, recovery = $6, digest = $7, args = $8, evidence = $9, check_version = $10, last_seen = $11, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), a.ID, a.Version, string(a.State), string(a.Verdict), a.Recovery, a.Digest, args, evidence, a.Rule, a.LastSeen)
}

// SeenAlerts notes that alerts were found again unchanged.
func (tx *Tx) SeenAlerts(ids []ident.ID) error {
	_, err := tx.exec(`update plausibility_alert a set last_seen = $2 from unnest($3::uuid[]) as x(id) where a.partnership_id = $1 and a.id = x.id`, tx.Partnership(), tx.now, idArray(ids))
	return err
}

// PlausibilityRun is a look at the records.
type PlausibilityRun struct {
	At     time.Time
	Found  int
	Silent map[plausibility.Check]plausibility.Silence
}

// SavePlausibilityRun keeps that the checks ran.
func (tx *Tx) SavePlausibilityRun(r PlausibilityRun) error {
	silent, err := json.Marshal(r.Silent)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into plausibility_run (partnership_id, id, ran_at, ran_on, found, silent, ran_by) values ($1, $2, $3, $4, $5, $6, $7)`, tx.Partnership(), ident.New(), tx.now,
		tx.Today(), r.Found, string(silent), tx.who.AccountID)
	return err
}

// LastPlausibilityRun is the latest look; false when there was none.
func (tx *Tx) LastPlausibilityRun() (PlausibilityRun, bool, error) {
	var rows []struct {
		At     time.Time `db:"ran_at"`
		Found  int       `db:"found"`
		Silent []byte    `db:"silent"`
	}
	err := tx.list(&rows, `select r.ran_at, r.found, r.silent from plausibility_run r where r.partnership_id = $1 order by r.ran_at desc, r.id desc limit 1`, tx.Partnership())
	if err != nil || len(rows) == 0 {
		return PlausibilityRun{}, false, err
	}
	out := PlausibilityRun{At: rows[0].At.UTC(), Found: rows[0].Found}
	return out, true, json.Unmarshal(rows[0].Silent, &out.Silent)
}
