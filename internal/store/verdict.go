package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Verdict is what somebody made of an alert, about the evidence of then.
type Verdict struct {
	plausibility.Judgement
	Digest string
	ByName string
	At     time.Time
}

// InsertVerdict keeps a verdict; earlier ones stay readable.
func (tx *Tx) InsertVerdict(alert ident.ID, v Verdict) error {
	_, err := tx.exec(`insert into plausibility_verdict (partnership_id, id, alert_id, verdict, reason, recovery, digest, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		tx.Partnership(), ident.New(), alert, string(v.Verdict), v.Reason, v.Recovery, v.Digest, tx.now, tx.who.AccountID)
	return err
}

// VerdictsOf lists the verdicts on an alert, the first first.
func (tx *Tx) VerdictsOf(alert ident.ID) ([]Verdict, error) {
	var rows []struct {
		Verdict  string    `db:"verdict"`
		Reason   string    `db:"reason"`
		Recovery bool      `db:"recovery"`
		Digest   string    `db:"digest"`
		At       time.Time `db:"created_at"`
		By       ident.ID  `db:"created_by"`
		Name     string    `db:"by_name"`
	}
	err := tx.list(&rows, `select v.verdict, v.reason, v.recovery, v.digest, v.created_at, v.created_by,
		coalesce((select u.display_name from account u where u.id = v.created_by), '') as by_name from plausibility_verdict v
		where v.partnership_id = $1 and v.alert_id = $2 order by v.created_at, v.id limit 50`, tx.Partnership(), alert)
	out := make([]Verdict, len(rows))
	for i, r := range rows {
		out[i] = Verdict{Judgement: plausibility.Judgement{Verdict: plausibility.Verdict(r.Verdict), Reason: r.Reason, Recovery: r.Recovery, By: r.By}, Digest: r.Digest, ByName: r.Name, At: r.At.UTC()}
	}
	return out, err
}

// AlertCount is how many alerts of a check stand where.
type AlertCount struct {
	Open, Confirmed, Explained, FalseAlarm int
}

// CountAlerts counts the alerts of each check by what was made of them.
func (tx *Tx) CountAlerts() (map[plausibility.Check]AlertCount, error) {
	var rows []struct {
		Check     string `db:"check_name"`
		Open      int    `db:"open"`
		Confirmed int    `db:"confirmed"`
		Explained int    `db:"explained"`
		False     int    `db:"false_alarm"`
	}
	err := tx.list(&rows, `select a.check_name, count(*) filter (where a.state = 'open') as open, count(*) filter (where a.verdict = 'confirmed') as confirmed,
		count(*) filter (where a.verdict = 'explained') as explained, count(*) filter (where a.verdict = 'false_alarm') as false_alarm
		from plausibility_alert a where a.partnership_id = $1 group by a.check_name`, tx.Partnership())
	out := map[plausibility.Check]AlertCount{}
	for _, r := range rows {
		out[plausibility.Check(r.Check)] = AlertCount{r.Open, r.Confirmed, r.Explained, r.False}
	}
	return out, err
}

// Sighted is what the transaction may see of a record that is evidence: nothing
// where it may not see the person.
type Sighted struct {
	Name   string
	CaseNo string
}

// EvidencePeople reads the people and cases evidence names, as far as the reader
// sees them: by person and by case.
func (tx *Tx) EvidencePeople(people, cases []ident.ID) (names map[ident.ID]string, numbers map[ident.ID]Sighted, err error) {
	names, numbers = map[ident.ID]string{}, map[ident.ID]Sighted{}
	var rows []struct {
		ID   ident.ID `db:"id"`
		Name string   `db:"name"`
		No   string   `db:"case_no"`
	}
	err = tx.list(&rows, `select p.id, p.name, '' as case_no from unnest($2::uuid[]) as x(id) join person p on p.partnership_id = $1 and p.id = x.id`, tx.Partnership(), idArray(people))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	if err != nil {
		return names, numbers, err
	}
	rows = nil
	err = tx.list(&rows, `select c.id, p.name, c.case_no from unnest($2::uuid[]) as x(id) join casefile c on c.partnership_id = $1 and c.id = x.id
		join person p on p.partnership_id = c.partnership_id and p.id = c.person_id`, tx.Partnership(), idArray(cases))
	for _, r := range rows {
		numbers[r.ID] = Sighted{r.Name, r.No}
	}
	return names, numbers, err
}
