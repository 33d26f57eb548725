package store

import (
	"encoding/json"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/glass"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// GlassItem is a broken glass with the names a reader needs. The patient's name is
// there only for who may see the person anyway.
type GlassItem struct {
	glass.Breaking
	By           string // who broke it
	HospitalName string
	Judge        string
	PersonName   string
}

type glassRow struct {
	ID           ident.ID   `db:"id"`
	Hospital     ident.ID   `db:"hospital_id"`
	Account      ident.ID   `db:"account_id"`
	Person       ident.ID   `db:"person_id"`
	Reason       string     `db:"reason"`
	OpenedAt     time.Time  `db:"opened_at"`
	UntilAt      time.Time  `db:"until_at"`
	ClosedAt     *time.Time `db:"closed_at"`
	Reads        int        `db:"reads"`
	DueAt        time.Time  `db:"due_at"`
	Verdict      string     `db:"verdict"`
	Opinion      string     `db:"opinion"`
	JudgedBy     ident.ID   `db:"judged_by"`
	JudgedAt     *time.Time `db:"judged_at"`
	Version      int64      `db:"version"`
	By           string     `db:"by_name"`
	HospitalName string     `db:"hospital_name"`
	Judge        string     `db:"judge_name"`
	PersonName   string     `db:"person_name"`
}

func (r glassRow) item() GlassItem {
	g := GlassItem{Breaking: glass.Breaking{ID: r.ID, Hospital: r.Hospital, Account: r.Account, Person: r.Person, Reason: r.Reason, OpenedAt: r.OpenedAt.UTC(), UntilAt: r.UntilAt.UTC(),
		Reads: r.Reads, DueAt: r.DueAt.UTC(), Verdict: glass.Verdict(r.Verdict), Opinion: r.Opinion, JudgedBy: r.JudgedBy, Version: r.Version},
		By: r.By, HospitalName: r.HospitalName, Judge: r.Judge, PersonName: r.PersonName}
	if r.ClosedAt != nil {
		g.ClosedAt = r.ClosedAt.UTC()
	}
	if r.JudgedAt != nil {
		g.JudgedAt = r.JudgedAt.UTC()
	}
	return g
}

const selectGlass = `select g.id, g.hospital_id, g.account_id, g.person_id, g.reason, g.opened_at, g.until_at, g.closed_at, g.reads, g.due_at, g.verdict, g.opinion, g.judged_by,
	g.judged_at, g.version, coalesce((select a.display_name from account a where a.id = g.account_id), '') as by_name,
	coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = g.hospital_id), '') as hospital_name,
	coalesce((select a.display_name from account a where a.id = g.judged_by), '') as judge_name,
	coalesce((select p.name from person p where p.partnership_id = g.partnership_id and p.id = g.person_id), '') as person_name from glass g `

// InsertGlass stores that a glass was broken, by the caller and now.
func (tx *Tx) InsertGlass(g glass.Breaking) error {
	_, err := tx.exec(`insert into glass (partnership_id, id, hospital_id, account_id, person_id, reason, opened_at, until_at, due_at, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7, $4)`, tx.Partnership(), g.ID, g.Hospital, tx.who.AccountID, g.Person, g.Reason, g.OpenedAt, g.UntilAt, g.DueAt)
	return err
}

// GlassByID reads one.
func (tx *Tx) GlassByID(id ident.ID) (GlassItem, error) {
	var r glassRow
	err := tx.get(&r, selectGlass+`where g.partnership_id = $1 and g.id = $2`, tx.Partnership(), id)
	return one(r.item(), err, "error.glass.missing")
}

// GlassRecord is the patient's record while the glass is open to the caller; one
// more reading is counted.
func (tx *Tx) GlassRecord(id ident.ID) (out glass.Record, err error) {
	var raw []byte
	if err := tx.get(&raw, `select glass_record($1, $2)::text`, id, tx.now); err != nil {
		return out, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, err
	}
	_, err = tx.exec(`update glass set reads = reads + 1 where partnership_id = $1 and id = $2`, tx.Partnership(), id)
	return out, err
}

// GlassQuery chooses broken glasses.
type GlassQuery struct {
	Mine    bool // of the caller only
	Waiting bool // not judged yet, the one due first on top
	Page    page.Request
}

// ListGlass is a page of broken glasses the caller's scope reaches.
func (tx *Tx) ListGlass(q GlassQuery) (page.Result[GlassItem], error) {
	at, id := endOfTime, lastID
	if q.Waiting {
		at, id = time.Time{}, ident.Nil
	}
	if _, err := q.Page.Cursor(&at, &id); err != nil {
		return page.Result[GlassItem]{}, err
	}
	where, order := `(g.opened_at, g.id) < ($3, $4)`, `g.opened_at desc, g.id desc`
	if q.Waiting {
		where, order = `g.verdict = '' and (g.due_at, g.id) > ($3, $4)`, `g.due_at, g.id`
	}
	whose, account := `$2::uuid is null`, (*ident.ID)(nil)
	if q.Mine {
		whose, account = `g.account_id = $2`, &tx.who.AccountID
	}
	var rows []glassRow
	err := tx.list(&rows, selectGlass+`where g.partnership_id = $1 and `+whose+` and `+where+` order by `+order+` limit $5`,
		tx.Partnership(), account, at, id, q.Page.Limit()+1)
	return page.Cut(q.Page, items(rows, glassRow.item), func(g GlassItem) []any {
		if q.Waiting {
			return []any{g.DueAt, g.ID}
		}
		return []any{g.OpenedAt, g.ID}
	}), err
}

// CloseGlass ends an open one before its time.
func (tx *Tx) CloseGlass(id ident.ID, version int64) error {
	return tx.update(`update glass set closed_at = $3, version = version + 1 where partnership_id = $1 and id = $2 and version = $4 and closed_at is null`, tx.Partnership(), id, tx.now, version)
}

// JudgeGlass stores the verdict of the caller; it is given once.
func (tx *Tx) JudgeGlass(id ident.ID, v glass.Verdict, opinion string, version int64) error {
	return tx.update(`update glass set verdict = $3, opinion = $4, judged_by = $5, judged_at = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $7 and verdict = ''`, tx.Partnership(), id, string(v), opinion, tx.who.AccountID, tx.now, version)
}

// GlassesSince counts what the caller has broken since an instant.
func (tx *Tx) GlassesSince(at time.Time) (n int, err error) {
	err = tx.get(&n, `select count(*) from glass g where g.partnership_id = $1 and g.account_id = $2 and g.opened_at >= $3`, tx.Partnership(), tx.who.AccountID, at)
	return n, err
}

// RoleHolders are the accounts that hold a role today at a hospital, or (nil) in the
// whole partnership: the people who are told of something that concerns the role.
func (tx *Tx) RoleHolders(role user.Role, hospital ident.ID) ([]ident.ID, error) {
	kind, scope := user.ScopeHospital, hospital
	if hospital == ident.Nil {
		kind, scope = user.ScopePartnership, tx.Partnership()
	}
	var out []ident.ID
	err := tx.list(&out, `select distinct r.account_id from role_assignment r join account a on a.id = r.account_id
		where r.partnership_id = $1 and r.role = $2 and r.scope_kind = $3 and r.scope_id = $4 and r.revoked_at is null and a.disabled_at is null
		and r.from_on <= $5 and (r.to_on is null or r.to_on >= $5) order by r.account_id limit 50`, tx.Partnership(), string(role), string(kind), scope, tx.Today())
	return out, err
}
