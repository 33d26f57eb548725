package store

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// SubjectItem is a request with the names a reader needs.
type SubjectItem struct {
	subject.Request
	PersonName   string // empty for who may not see the person
	HospitalName string
	By           string // who wrote it down
	Decider      string
}

type subjectRow struct {
	ID           ident.ID   `db:"id"`
	Hospital     ident.ID   `db:"hospital_id"`
	Person       ident.ID   `db:"person_id"`
	Kind         string     `db:"kind"`
	Asker        string     `db:"asker"`
	AskerName    string     `db:"asker_name"`
	Proof        string     `db:"proof"`
	Wish         string     `db:"wish"`
	Field        string     `db:"field"`
	Text         string     `db:"value"`
	ReceivedOn   clock.Date `db:"received_on"`
	DueOn        clock.Date `db:"due_on"`
	State        string     `db:"state"`
	Opinion      string     `db:"opinion"`
	Outcome      string     `db:"outcome"`
	DecidedBy    ident.ID   `db:"decided_by"`
	DecidedAt    *time.Time `db:"decided_at"`
	FileUntil    *time.Time `db:"file_until"`
	FetchedBy    ident.ID   `db:"fetched_by"`
	FetchedAt    *time.Time `db:"fetched_at"`
	CreatedBy    ident.ID   `db:"created_by"`
	CreatedAt    time.Time  `db:"created_at"`
	Version      int64      `db:"version"`
	PersonName   string     `db:"person_name"`
	HospitalName string     `db:"hospital_name"`
	By           string     `db:"by_name"`
	Decider      string     `db:"decider_name"`
}

func (r subjectRow) item() (SubjectItem, error) {
	q := SubjectItem{Request: subject.Request{ID: r.ID, Hospital: r.Hospital, Person: r.Person, Kind: subject.Kind(r.Kind), Asker: subject.Asker(r.Asker), AskerName: r.AskerName,
		Proof: r.Proof, Wish: r.Wish, Field: subject.Field(r.Field), Value: r.Text, ReceivedOn: r.ReceivedOn, DueOn: r.DueOn, State: subject.State(r.State), Opinion: r.Opinion,
		DecidedBy: r.DecidedBy, FetchedBy: r.FetchedBy, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(), Version: r.Version},
		PersonName: r.PersonName, HospitalName: r.HospitalName, By: r.By, Decider: r.Decider}
	for _, at := range []struct {
		from *time.Time
		to   *time.Time
	}{{r.DecidedAt, &q.DecidedAt}, {r.FileUntil, &q.FileUntil}, {r.FetchedAt, &q.FetchedAt}} {
		if at.from != nil {
			*at.to = at.from.UTC()
		}
	}
	if r.Outcome == "" { // no row was read
		return q, nil
	}
	return q, json.Unmarshal([]byte(r.Outcome), &q.Outcome)
}

const selectSubject = `select s.id, s.hospital_id, s.person_id, s.kind, s.asker, s.asker_name, s.proof, s.wish, s.field, s.value, s.received_on, s.due_on, s.state, s.opinion,
	s.outcome, s.decided_by, s.decided_at, s.file_until, s.fetched_by, s.fetched_at, s.created_by, s.created_at, s.version,
	coalesce((select p.name from person p where p.partnership_id = s.partnership_id and p.id = s.person_id), '') as person_name,
	coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = s.hospital_id), '') as hospital_name,
	coalesce((select a.display_name from account a where a.id = s.created_by), '') as by_name,
	coalesce((select a.display_name from account a where a.id = s.decided_by), '') as decider_name from subject_request s `

// InsertSubject stores a request, written down by the caller and now.
func (tx *Tx) InsertSubject(q subject.Request) error {
	_, err := tx.exec(`insert into subject_request (partnership_id, id, hospital_id, person_id, kind, asker, asker_name, proof, wish, field, value, received_on, due_on, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, tx.Partnership(), q.ID, q.Hospital, q.Person, string(q.Kind), string(q.Asker), q.AskerName, q.Proof,
		q.Wish, string(q.Field), q.Value, q.ReceivedOn, q.DueOn, tx.now, tx.who.AccountID)
	return err
}

// SubjectByID reads a request and keeps others from answering it meanwhile.
func (tx *Tx) SubjectByID(id ident.ID) (SubjectItem, error) {
	var r subjectRow
	if err := tx.get(&r, selectSubject+`where s.partnership_id = $1 and s.id = $2`, tx.Partnership(), id); err != nil {
		return one(SubjectItem{}, err, "error.subject.missing")
	}
	return r.item()
}

// SubjectQuery chooses requests.
type SubjectQuery struct {
	Person  ident.ID // nil: of anybody
	Waiting bool     // not answered yet, the one due first on top
	Page    page.Request
}

// ListSubjects is a page of requests the caller's scope reaches.
func (tx *Tx) ListSubjects(q SubjectQuery) (page.Result[SubjectItem], error) {
	on, id := lastDay, lastID
	if q.Waiting {
		on, id = firstDay, ident.Nil
	}
	if _, err := q.Page.Cursor(&on, &id); err != nil {
		return page.Result[SubjectItem]{}, err
	}
	where, order := `(s.received_on, s.id) < ($3, $4)`, `s.received_on desc, s.id desc`
	if q.Waiting {
		where, order = `s.state = 'open' and (s.due_on, s.id) > ($3, $4)`, `s.due_on, s.id`
	}
	whose, person := `$2::uuid is null`, (*ident.ID)(nil)
	if q.Person != ident.Nil {
		whose, person = `s.person_id = $2`, &q.Person
	}
	var rows []subjectRow
	if err := tx.list(&rows, selectSubject+`where s.partnership_id = $1 and `+whose+` and `+where+` order by `+order+` limit $5`, tx.Partnership(), person, on, id, q.Page.Limit()+1); err != nil {
		return page.Result[SubjectItem]{}, err
	}
	list := make([]SubjectItem, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.item(); err != nil {
			return page.Result[SubjectItem]{}, err
		}
	}
	return page.Cut(q.Page, list, func(s SubjectItem) []any {
		if q.Waiting {
			return []any{s.DueOn, s.ID}
		}
		return []any{s.ReceivedOn, s.ID}
	}), nil
}

// DecideSubject stores the answer of the caller to an open request.
func (tx *Tx) DecideSubject(id ident.ID, state subject.State, opinion string, fileUntil time.Time, version int64) error {
	until := &fileUntil
	if fileUntil.IsZero() {
		until = nil
	}
	return tx.update(`update subject_request set state = $3, opinion = $4, decided_by = $5, decided_at = $6, file_until = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $8 and state = 'open'`, tx.Partnership(), id, string(state), opinion, tx.who.AccountID, tx.now, until, version)
}

// SubjectDone stores what an answer did.
func (tx *Tx) SubjectDone(id ident.ID, o subject.Outcome) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return tx.update(`update subject_request set outcome = $3 where partnership_id = $1 and id = $2`, tx.Partnership(), id, string(raw))
}

// WithdrawSubject ends a request nobody has answered.
func (tx *Tx) WithdrawSubject(id ident.ID, version int64) error {
	return tx.update(`update subject_request set state = 'withdrawn', version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and state = 'open'`, tx.Partnership(), id, version)
}

// FetchSubject marks the file as handed out by the caller; it is handed out once.
func (tx *Tx) FetchSubject(id ident.ID) error {
	return tx.update(`update subject_request set fetched_by = $3, fetched_at = $4, version = version + 1 where partnership_id = $1 and id = $2 and fetched_at is null`,
		tx.Partnership(), id, tx.who.AccountID, tx.now)
}

// ApplySubject carries out a restriction, its end or a deletion the caller has
// just decided. It answers whether the law keeps a part, and what went.
func (tx *Tx) ApplySubject(id ident.ID) (kept bool, gone map[string]int, err error) {
	var raw string
	if err := tx.get(&raw, `select subject_apply($1, $2)::text`, id, tx.Today()); err != nil {
		return false, nil, err
	}
	var out struct {
		Kept bool           `json:"kept"`
		Gone map[string]int `json:"gone"`
	}
	err = json.Unmarshal([]byte(raw), &out)
	return out.Kept, out.Gone, err
}

// SubjectClock is the agreed days; version 0 is what ships.
func (tx *Tx) SubjectClock() (subject.Clock, error) {
	var rows []struct {
		Version  int    `db:"version"`
		Days     int    `db:"days"`
		FileDays int    `db:"file_days"`
		Source   string `db:"source"`
		Verified bool   `db:"verified"`
	}
	err := tx.list(&rows, `select c.version, c.days, c.file_days, c.source, c.verified from subject_clock c where c.partnership_id = $1 order by c.version desc limit 1`, tx.Partnership())
	if err != nil || len(rows) == 0 {
		return subject.DefaultClock(), err
	}
	return subject.Clock(rows[0]), nil
}

// SaveSubjectClock adds a version of the days after the one that was read.
func (tx *Tx) SaveSubjectClock(c subject.Clock) error {
	next := c.Version + 1
	return tx.once(`insert into subject_clock (partnership_id, id, version, days, file_days, source, verified, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		tx.Partnership(), ident.Derive(tx.Partnership(), "subject_clock "+strconv.Itoa(next)), next, c.Days, c.FileDays, c.Source, c.Verified, tx.now, tx.who.AccountID)
}

// SamePeople are the records that were merged into one person, itself among them.
func (tx *Tx) SamePeople(person ident.ID) ([]ident.ID, error) {
	var out []ident.ID
	err := tx.list(&out, `with root as (select coalesce(p.root_id, p.id) as id from person p where p.partnership_id = $1 and p.id = $2)
		select x.id from (select id from root union select y.id from person y, root where y.partnership_id = $1 and y.root_id = root.id) x order by x.id limit 50`, tx.Partnership(), person)
	return out, err
}

// SubjectRow is one row as it is held, by column; sealed columns are opened and
// stand under their name without the ending.
type SubjectRow map[string]any

// SubjectRows reads what one table holds of a person: all columns the register
// does not call secret. It asks for a wide scope, because a person has records in
// more hospitals than one.
func (tx *Tx) SubjectRows(s subject.Step, ids []ident.ID) ([]SubjectRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	// Both names come from the register of columns, which is compiled in and compared
	// with the schema by a test; nothing of them was typed.
	var raw []string
	err := tx.planned(&raw, `select to_jsonb(x)::text from `+s.Table+` x where x.partnership_id = $1 and x.`+s.Key+` = any ($2::uuid[])`, tx.Partnership(), idArray(ids))
	if err != nil {
		return nil, err
	}
	out := make([]SubjectRow, len(raw))
	for i, text := range raw {
		if out[i], err = tx.subjectRow(s, text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const sealedEnding = "_sealed"

func (tx *Tx) subjectRow(s subject.Step, text string) (SubjectRow, error) {
	var all SubjectRow
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	out := SubjectRow{}
	for _, l := range s.Lines {
		for _, name := range l.Columns {
			plain, sealed := strings.CutSuffix(name, sealedEnding)
			switch v := all[name].(type) {
			case string:
				if !subject.Shown(l.Level) {
					continue
				}
				if sealed {
					opened, err := tx.openColumn(s.Table, name, all["id"], v)
					if err != nil {
						return nil, err
					}
					out[plain] = opened
					continue
				}
				out[name] = v
			default:
				if subject.Shown(l.Level) {
					out[plain] = v
				}
			}
		}
	}
	return out, nil
}

// openColumn opens a sealed value as the catalogue shows it.
func (tx *Tx) openColumn(table, column string, id any, shown string) (string, error) {
	text, _ := id.(string)
	row, err := ident.Parse(text)
	if err != nil {
		return "", errs.Wrap(err, errs.Internal, "error.internal", nil)
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(shown, `\x`))
	if err != nil {
		return "", errs.Wrap(err, errs.Internal, "error.internal", nil)
	}
	return tx.keys.OpenString(raw, seal.Place{Table: table, Column: column, Row: row})
}
