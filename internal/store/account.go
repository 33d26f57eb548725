package store

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// accountRow is an account with what lists and sign-in show beside it.
type accountRow struct {
	ID                ident.ID     `db:"id"`
	Username          string       `db:"username"`
	DisplayName       string       `db:"display_name"`
	OrganisationID    ident.ID     `db:"organisation_id"` // NULL reads as nil
	PractitionerID    ident.ID     `db:"practitioner_id"`
	PasswordHash      string       `db:"password_hash"`
	PasswordChangedAt time.Time    `db:"password_changed_at"`
	MustChange        bool         `db:"must_change_password"`
	Failed            int          `db:"failed_sign_ins"`
	LastFailed        sql.NullTime `db:"last_failed_at"`
	DisabledAt        sql.NullTime `db:"disabled_at"`
	Language          string       `db:"language"`
	Theme             string       `db:"theme"`
	CreatedAt         time.Time    `db:"created_at"`
	Version           int64        `db:"version"`
	SecondFactor      bool         `db:"second_factor"`
	Organisation      string       `db:"organisation"`
	Roles             string       `db:"roles"`
}

// AccountItem is an account with the name of its organisation and, in lists, the
// roles it holds today.
type AccountItem struct {
	user.Account
	Organisation string
	Roles        []user.Role
}

func (r accountRow) item() AccountItem {
	a := AccountItem{Organisation: r.Organisation, Account: user.Account{ID: r.ID, Username: r.Username, DisplayName: r.DisplayName,
		OrganisationID: r.OrganisationID, PractitionerID: r.PractitionerID, Language: i18n.Lang(r.Language), Theme: r.Theme,
		PasswordHash: r.PasswordHash, MustChange: r.MustChange, PasswordChangedAt: r.PasswordChangedAt.UTC(), Disabled: r.DisabledAt.Valid,
		Failures: user.Failures{Count: r.Failed}, CreatedAt: r.CreatedAt.UTC(), Version: r.Version, SecondFactor: r.SecondFactor}}
	if r.LastFailed.Valid {
		a.Failures.Last = r.LastFailed.Time.UTC()
	}
	for name := range strings.FieldsSeq(r.Roles) {
		a.Roles = append(a.Roles, user.Role(name))
	}
	return a
}

const accountColumns = `a.id, a.username, a.display_name, a.organisation_id, a.practitioner_id, a.password_hash, a.password_changed_at,
	a.must_change_password, a.failed_sign_ins, a.last_failed_at, a.disabled_at, a.language, a.theme, a.created_at, a.version,
	exists (select from second_factor f where f.account_id = a.id and f.confirmed_at is not null) as second_factor`

const selectAccount = `select ` + accountColumns + `, coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o
	where o.id = a.organisation_id), '') as organisation, '' as roles from account a `

// AccountByID reads one account.
func (tx *Tx) AccountByID(id ident.ID) (AccountItem, error) {
	var r accountRow
	err := tx.get(&r, selectAccount+`where a.id = $1`, id)
	return one(r.item(), err, "error.account.missing")
}

// AccountToChange reads one account and keeps others from changing it until the
// transaction ends.
func (tx *Tx) AccountToChange(id ident.ID) (AccountItem, error) {
	var r accountRow
	err := tx.get(&r, selectAccount+`where a.id = $1 for no key update`, id)
	return one(r.item(), err, "error.account.missing")
}

// AccountToSignIn reads and locks the account of a user name; ok is false when
// there is none. The lock makes parallel guesses count one by one.
func (tx *Tx) AccountToSignIn(username string) (item AccountItem, ok bool, err error) {
	var r accountRow
	err = tx.get(&r, selectAccount+`where a.username = $1 for no key update`, username)
	if errors.Is(err, sql.ErrNoRows) {
		return AccountItem{}, false, nil
	}
	return r.item(), err == nil, err
}

// AnyAccount reports whether the installation has an account at all.
func (tx *Tx) AnyAccount() (bool, error) {
	var any bool
	err := tx.get(&any, `select exists (select from account)`)
	return any, err
}

// LockFirstRun makes two first-run forms sent at once wait for each other.
func (tx *Tx) LockFirstRun() error {
	_, err := tx.exec(`select pg_advisory_xact_lock(7310)`)
	return err
}

// InsertAccount adds an account.
func (tx *Tx) InsertAccount(a user.Account) error {
	_, err := tx.exec(`insert into account (id, username, display_name, organisation_id, practitioner_id, password_hash, password_changed_at,
		must_change_password, language, theme, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $7)`,
		a.ID, a.Username, a.DisplayName, nullID(a.OrganisationID), nullID(a.PractitionerID), a.PasswordHash, tx.now, a.MustChange,
		string(a.Language), a.Theme)
	return err
}

// SetPassword replaces the password and keeps the old hash, so that it does not
// come back soon. The run of failures ends with it.
func (tx *Tx) SetPassword(a user.Account, hash string, mustChange bool) error {
	if _, err := tx.exec(`insert into password_history (account_id, replaced_at, password_hash) values ($1, $2, $3)`,
		a.ID, tx.now, a.PasswordHash); err != nil {
		return err
	}
	return tx.update(`update account set password_hash = $3, password_changed_at = $4, must_change_password = $5, failed_sign_ins = 0,
		last_failed_at = null, version = version + 1 where id = $1 and version = $2`, a.ID, a.Version, hash, tx.now, mustChange)
}

// Rehash stores the same password under other costs; nothing changed for anybody.
func (tx *Tx) Rehash(account ident.ID, hash string) error {
	_, err := tx.exec(`update account set password_hash = $2 where id = $1`, account, hash)
	return err
}

// EarlierPasswords are the hashes of the last n replaced passwords.
func (tx *Tx) EarlierPasswords(account ident.ID, n int) ([]string, error) {
	var hashes []string
	err := tx.list(&hashes, `select password_hash from password_history where account_id = $1 order by replaced_at desc limit $2`, account, n)
	return hashes, err
}

// SetFailures stores the run of wrong passwords.
func (tx *Tx) SetFailures(account ident.ID, f user.Failures) error {
	var last *time.Time
	if !f.Last.IsZero() {
		last = &f.Last
	}
	_, err := tx.exec(`update account set failed_sign_ins = $2, last_failed_at = $3 where id = $1`, account, f.Count, last)
	return err
}

// SetDisabled closes or opens an account.
func (tx *Tx) SetDisabled(a user.Account, disabled bool) error {
	var at *time.Time
	if disabled {
		at = &tx.now
	}
	return tx.update(`update account set disabled_at = $3, version = version + 1 where id = $1 and version = $2`, a.ID, a.Version, at)
}

// SetProfile stores names, place and preferences.
func (tx *Tx) SetProfile(a user.Account) error {
	return tx.update(`update account set display_name = $3, organisation_id = $4, practitioner_id = $5, language = $6, theme = $7,
		version = version + 1 where id = $1 and version = $2`, a.ID, a.Version, a.DisplayName, nullID(a.OrganisationID),
		nullID(a.PractitionerID), string(a.Language), a.Theme)
}

// SetPreferences stores language and theme; it does not bump the version, so a
// form somebody has open about the account stays good.
func (tx *Tx) SetPreferences(account ident.ID, lang i18n.Lang, theme string) error {
	_, err := tx.exec(`update account set language = $2, theme = $3 where id = $1`, account, string(lang), theme)
	return err
}

// AccountFilter narrows the list of accounts.
type AccountFilter struct {
	// Organisations bounds what the caller may see; nil is everything.
	Organisations []ident.ID
	Text          string // in user name or display name
	State         string // active, disabled, or empty for both
}

const accountFilter = ` and ($3 = '' or strpos(a.username, $3) > 0 or strpos(lower(a.display_name), $3) > 0)
	and ($4 = '' or ($4 = 'disabled') = (a.disabled_at is not null)) order by a.username limit $2`

const accountRoles = `, coalesce((select string_agg(distinct r.role, ' ') from role_assignment r where r.account_id = a.id
	and r.revoked_at is null and r.from_on <= $5 and (r.to_on is null or r.to_on >= $5)), '') as roles,
	coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = a.organisation_id), '') as organisation`

// ListAccounts is a page of accounts by user name.
func (tx *Tx) ListAccounts(f AccountFilter, req page.Request) (page.Result[AccountItem], error) {
	var after string
	if _, err := req.Cursor(&after); err != nil {
		return page.Result[AccountItem]{}, err
	}
	args := []any{after, req.Limit() + 1, strings.ToLower(f.Text), f.State, tx.Today()}
	query := `select ` + accountColumns + accountRoles + ` from account a where a.username > $1` + accountFilter
	if f.Organisations != nil {
		// One index range per organisation: an array in the condition would sort everything.
		query = `select ` + accountColumns + accountRoles + ` from unnest($6::uuid[]) h cross join lateral
			(select a.* from account a where a.organisation_id = h and a.username > $1` + accountFilter + `) a order by a.username limit $2`
		args = append(args, idArray(f.Organisations))
	}
	var rows []accountRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[AccountItem]{}, err
	}
	return page.Cut(req, items(rows, accountRow.item), func(a AccountItem) []any { return []any{a.Username} }), nil
}

// items turns rows into what the domain knows.
func items[R, T any](rows []R, of func(R) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

// BumpPolicy tells every process that the rights of an account changed, or, with
// the zero id, that those of anybody may have. It stands in the transaction of the
// change.
func (tx *Tx) BumpPolicy(account ident.ID) error {
	_, err := tx.exec(`update policy_version set version = version + 1, recent = (array[$1::uuid] || recent)[1:64]`, account)
	return err
}

// Touch makes a transaction without a write commit like one with a write.
func (tx *Tx) Touch() error {
	_, err := tx.exec(`select pg_current_xact_id()`)
	return err
}
