package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// RecordLookup notes a use of the narrow lookup and reports how many different
// numbers the account has asked for today, this one included. Askings of one
// account wait for each other, so that the cap cannot be passed in parallel.
func (tx *Tx) RecordLookup(d patient.Document, hospital ident.ID, found bool) (today int, err error) {
	sum, err := tx.documentDigest(d.Kind, d.Number)
	if err != nil {
		return 0, err
	}
	if _, err := tx.exec(`select pg_advisory_xact_lock(hashtextextended($1, 7311))`, tx.who.AccountID.String()); err != nil {
		return 0, err
	}
	id := ident.New()
	_, err = tx.exec(`insert into person_lookup (partnership_id, id, account_id, hospital_id, looked_on, looked_at, digest, found)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, tx.Partnership(), id, tx.who.AccountID, hospital, tx.Today(), tx.now, sum, found)
	if err == nil && found { // the hospitals that know the patient are told
		_, err = tx.exec(`select lookup_notify($1)`, id)
	}
	if err != nil {
		return 0, err
	}
	err = tx.get(&today, `select count(distinct l.digest) from person_lookup l where l.partnership_id = $1 and l.account_id = $2 and l.looked_on = $3`,
		tx.Partnership(), tx.who.AccountID, tx.Today())
	return today, err
}

// LookupItem is one use of the lookup, for the hospital that answers for it.
type LookupItem struct {
	ID       ident.ID
	At       time.Time
	On       clock.Date
	Account  string // the display name
	Username string
	Hospital string
	Found    bool
	Times    int // different numbers the account asked for that day
}

type lookupRow struct {
	ID       ident.ID   `db:"id"`
	At       time.Time  `db:"looked_at"`
	On       clock.Date `db:"looked_on"`
	Account  string     `db:"display_name"`
	Username string     `db:"username"`
	Hospital string     `db:"hospital"`
	Found    bool       `db:"found"`
	Times    int        `db:"times"`
}

func (r lookupRow) item() LookupItem {
	return LookupItem{ID: r.ID, At: r.At.UTC(), On: r.On, Account: r.Account, Username: r.Username, Hospital: r.Hospital, Found: r.Found, Times: r.Times}
}

// ListLookups is a page of the look-ups made at one hospital, the latest first.
func (tx *Tx) ListLookups(hospital ident.ID, req page.Request) (page.Result[LookupItem], error) {
	at, id := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ident.Nil
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[LookupItem]{}, err
	}
	var rows []lookupRow
	err := tx.list(&rows, `select l.id, l.looked_at, l.looked_on, a.display_name, a.username, l.found,
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = l.hospital_id) as hospital,
		(select count(distinct x.digest) from person_lookup x where x.partnership_id = l.partnership_id and x.account_id = l.account_id
			and x.looked_on = l.looked_on) as times
		from person_lookup l join account a on a.id = l.account_id
		where l.partnership_id = $1 and l.hospital_id = $2 and (l.looked_at, l.id) < ($3, $4)
		order by l.looked_at desc, l.id desc limit $5`, tx.Partnership(), hospital, at, id, req.Limit()+1)
	return page.Cut(req, items(rows, lookupRow.item), func(l LookupItem) []any { return []any{l.At, l.ID} }), err
}

// LookupNotice tells a hospital that another one looked one of its patients up.
type LookupNotice struct {
	ID         ident.ID // of the look-up
	At         time.Time
	Account    string // the display name
	Username   string
	From       string // the hospital that asked
	Person     ident.ID
	PersonName string
}

// ListLookupNotices is a page of the look-ups of a hospital's patients made
// elsewhere, the latest first.
func (tx *Tx) ListLookupNotices(hospital ident.ID, req page.Request) (page.Result[LookupNotice], error) {
	at, id := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ident.Nil
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[LookupNotice]{}, err
	}
	var rows []struct {
		ID       ident.ID  `db:"lookup_id"`
		At       time.Time `db:"looked_at"`
		Account  string    `db:"display_name"`
		Username string    `db:"username"`
		From     string    `db:"hospital"`
		Person   ident.ID  `db:"person_id"`
		Name     string    `db:"person_name"`
	}
	err := tx.list(&rows, `select n.lookup_id, n.looked_at, a.display_name, a.username, n.person_id,
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = n.from_hospital_id) as hospital,
		coalesce((select p.name from person p where p.partnership_id = n.partnership_id and p.id = n.person_id), '') as person_name
		from lookup_notice n join account a on a.id = n.account_id
		where n.partnership_id = $1 and n.hospital_id = $2 and (n.looked_at, n.lookup_id) < ($3, $4)
		order by n.looked_at desc, n.lookup_id desc limit $5`, tx.Partnership(), hospital, at, id, req.Limit()+1)
	out := make([]LookupNotice, len(rows))
	for i, r := range rows {
		out[i] = LookupNotice{ID: r.ID, At: r.At.UTC(), Account: r.Account, Username: r.Username, From: r.From, Person: r.Person, PersonName: r.Name}
	}
	return page.Cut(req, out, func(n LookupNotice) []any { return []any{n.At, n.ID} }), err
}

// UnmasksSince counts how often the acting account has opened a full number
// since an instant.
func (tx *Tx) UnmasksSince(since time.Time, action string) (int, error) {
	var n int
	err := tx.get(&n, `select count(*) from (select 1 from audit_event e where e.partnership_id = $1 and e.actor_id = $2 and e.at > $3
		and e.action = $4 and e.outcome = 'ok' limit 1000) e`, tx.Partnership(), tx.who.AccountID, since, action)
	return n, err
}
