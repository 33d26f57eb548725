package store

import (
	"context"
	"slices"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
)

type assignmentRow struct {
	ID            ident.ID   `db:"id"`
	Account       ident.ID   `db:"account_id"`
	Role          string     `db:"role"`
	ScopeKind     string     `db:"scope_kind"`
	ScopeID       ident.ID   `db:"scope_id"`
	PartnershipID ident.ID   `db:"partnership_id"`
	From          clock.Date `db:"from_on"`
	To            clock.Date `db:"to_on"`
}

func (r assignmentRow) assignment() user.Assignment {
	return user.Assignment{ID: r.ID, Account: r.Account, Role: user.Role(r.Role), ScopeKind: user.ScopeKind(r.ScopeKind),
		ScopeID: r.ScopeID, PartnershipID: r.PartnershipID, From: r.From, To: r.To}
}

type accountPostingRow struct {
	Account       ident.ID   `db:"account_id"`
	PartnershipID ident.ID   `db:"partnership_id"`
	Host          ident.ID   `db:"organisation_id"`
	From          clock.Date `db:"from_on"`
	To            clock.Date `db:"to_on"`
}

func (r accountPostingRow) posting() user.Posting {
	return user.Posting{Account: r.Account, PartnershipID: r.PartnershipID, Hospital: r.Host, From: r.From, To: r.To}
}

const assignmentColumns = `r.id, r.account_id, r.role, r.scope_kind, r.scope_id, r.partnership_id, r.from_on, r.to_on`

// LoadAssignments reads who holds what, for the permission snapshot
// (authz.Loader): assignments and postings of active accounts that have not
// ended. A role at a hospital also holds at provisional organisations merged
// into it, and at hospitals that became part of it in its partnership: their old
// records belong to the hospital now.
func (db *DB) LoadAssignments(ctx context.Context) ([]user.Assignment, []user.Posting, error) {
	return db.loadAssignments(ctx, "")
}

// LoadAssignmentsOf is LoadAssignments for some accounts.
func (db *DB) LoadAssignmentsOf(ctx context.Context, accounts []ident.ID) ([]user.Assignment, []user.Posting, error) {
	return db.loadAssignments(ctx, ` and a.id = any ($2::uuid[])`, idArray(accounts))
}

func (db *DB) loadAssignments(ctx context.Context, only string, more ...any) ([]user.Assignment, []user.Posting, error) {
	var roles []assignmentRow
	var postings []accountPostingRow
	err := db.InTx(ctx, user.NewSystem("policy"), func(tx *Tx) error {
		tx.NoAudit("the permission snapshot")
		err := tx.list(&roles, `with recursive live as (select `+assignmentColumns+` from role_assignment r join account a on a.id = r.account_id
				where a.disabled_at is null and r.revoked_at is null and (r.to_on is null or r.to_on >= $1)`+only+`),
			part as (select m.partnership_id, m.into_id, m.from_id from hospital_merge m where m.state = 'done'
				union select p.partnership_id, p.into_id, m.from_id from part p join hospital_merge m on m.partnership_id = p.partnership_id and m.into_id = p.from_id and m.state = 'done'),
			reach as (select * from live union all
				select l.id, l.account_id, l.role, l.scope_kind, p.from_id, l.partnership_id, l.from_on, l.to_on
				from live l join part p on p.into_id = l.scope_id and p.partnership_id = l.partnership_id where l.scope_kind = 'hospital')
			select * from reach union all
			select l.id, l.account_id, l.role, l.scope_kind, o.id, l.partnership_id, l.from_on, l.to_on
			from reach l join organisation o on o.merged_into = l.scope_id where l.scope_kind = 'hospital'`, append([]any{tx.Today()}, more...)...)
		if err != nil {
			return err
		}
		return tx.list(&postings, `select a.id as account_id, p.partnership_id, p.organisation_id, p.from_on, p.to_on
			from posting p join account a on a.practitioner_id = p.practitioner_id
			where a.disabled_at is null and p.to_on >= $1`+only, append([]any{tx.Today()}, more...)...)
	})
	if err != nil {
		return nil, nil, err
	}
	return items(roles, assignmentRow.assignment), items(postings, accountPostingRow.posting), nil
}

// LoadEnded reads the partnerships that were closed, and whether they were
// archived (authz.Loader).
func (db *DB) LoadEnded(ctx context.Context) (map[ident.ID]bool, error) {
	var rows []struct {
		ID       ident.ID `db:"id"`
		Archived bool     `db:"archived"`
	}
	err := db.InTx(ctx, user.NewSystem("policy"), func(tx *Tx) error {
		tx.NoAudit("the permission snapshot")
		return tx.list(&rows, `select p.id, p.archived_on is not null as archived from partnership p where p.closed_on is not null`)
	})
	out := map[ident.ID]bool{}
	for _, r := range rows {
		out[r.ID] = r.Archived
	}
	return out, err
}

// LoadMerged reads the hospitals that became part of another one (authz.Loader).
func (db *DB) LoadMerged(ctx context.Context) (map[user.Place]ident.ID, error) {
	var rows []struct {
		Partnership ident.ID `db:"partnership_id"`
		From        ident.ID `db:"from_id"`
		Into        ident.ID `db:"into_id"`
	}
	err := db.InTx(ctx, user.NewSystem("policy"), func(tx *Tx) error {
		tx.NoAudit("the permission snapshot")
		return tx.list(&rows, `select m.partnership_id, m.from_id, m.into_id from hospital_merge m where m.state = 'done'`)
	})
	out := map[user.Place]ident.ID{}
	for _, r := range rows {
		out[user.Place{Partnership: r.Partnership, Hospital: r.From}] = r.Into
	}
	return out, err
}

// PolicyVersion is the number that grows with each change of roles, postings or
// accounts. It is asked for twice a second, so it is one statement by itself.
func (db *DB) PolicyVersion(ctx context.Context) (RightsVersion, error) {
	var row struct {
		Version int64          `db:"version"`
		Recent  pq.StringArray `db:"recent"`
	}
	err := db.getAlone(ctx, &row, `select version, recent from policy_version`)
	if err != nil {
		return RightsVersion{}, mapError(ctx, err)
	}
	v := RightsVersion{Number: row.Version, recent: make([]ident.ID, len(row.Recent))}
	for i, text := range row.Recent {
		if v.recent[i], err = ident.Parse(text); err != nil {
			return RightsVersion{}, err
		}
	}
	return v, nil
}

// RightsVersion is a state of the rights.
type RightsVersion struct {
	Number int64
	recent []ident.ID // whose rights the latest changes were about, the newest first
}

// Since lists the accounts whose rights changed after a version that was seen; it
// is not ok when anybody's may have, or too much happened to know.
func (v RightsVersion) Since(seen int64) (accounts []ident.ID, ok bool) {
	n := v.Number - seen
	if seen == 0 || n < 0 || n > int64(len(v.recent)) {
		return nil, false
	}
	accounts = v.recent[:n]
	return accounts, !slices.Contains(accounts, ident.Nil)
}

// AssignmentsOf lists the assignments of an account that were not revoked,
// newest first.
func (tx *Tx) AssignmentsOf(account ident.ID) ([]user.Assignment, error) {
	var rows []assignmentRow
	err := tx.list(&rows, `select `+assignmentColumns+` from role_assignment r where r.account_id = $1 and r.revoked_at is null
		order by r.from_on desc, r.id limit 200`, account)
	return items(rows, assignmentRow.assignment), err
}

// AssignmentByID reads one assignment that was not revoked.
func (tx *Tx) AssignmentByID(id ident.ID) (user.Assignment, error) {
	var r assignmentRow
	err := tx.get(&r, `select `+assignmentColumns+` from role_assignment r where r.id = $1 and r.revoked_at is null for no key update`, id)
	return one(r.assignment(), err, "error.role.missing")
}

// InsertAssignment gives a role. An assignment of the account that ended by its
// date is closed first: it would stand in the way of the rule "once at a time".
func (tx *Tx) InsertAssignment(a user.Assignment) error {
	if _, err := tx.exec(`update role_assignment set revoked_at = $2 where account_id = $1 and revoked_at is null and to_on < $3`,
		a.Account, tx.now, tx.Today()); err != nil {
		return err
	}
	_, err := tx.exec(`insert into role_assignment (id, account_id, role, scope_kind, scope_id, partnership_id, from_on, to_on, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, a.ID, a.Account, string(a.Role), string(a.ScopeKind), a.ScopeID, a.PartnershipID,
		a.From, a.To, tx.now, tx.who.AccountID)
	return err
}

// RevokeAssignment takes a role away.
func (tx *Tx) RevokeAssignment(id ident.ID) error {
	return tx.update(`update role_assignment set revoked_at = $2 where id = $1 and revoked_at is null`, id, tx.now)
}
