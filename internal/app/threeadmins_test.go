package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// administrators is the house in which the three duties are tried on.
type administrators struct {
	*servicetest.World
	t     *testing.T
	roles *accounts.Service
	care  *care.Service
	app   *sql.DB // as the application's own role of the database
	tried int
}

var threeAdmins = []user.Role{user.SystemAdmin, user.SecurityAdmin, user.AuditAdmin}

// No account holds two of the three administrators' duties: not in any order, not for
// any place, not for another time, not by two hands at once, and not by statements of
// the application's own role either. None of the three reads a case or changes the log.
func TestNoAccountIsTwoOfTheThreeAdministrators(t *testing.T) {
	w := servicetest.New(t)
	cfg := external(t, w.Database, false)
	if err := w.Keys.Save(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	services := open(t, cfg, w.Clock).Services
	a := &administrators{World: w, t: t, roles: services.Accounts, care: services.Care, app: pgtest.Open(t, w.Database.AppDSN)}
	for _, held := range threeAdmins {
		for _, wanted := range threeAdmins {
			if held != wanted {
				a.byService(held, wanted)
				a.atOnce(held, wanted)
				a.byStatement(held, wanted)
			}
		}
	}
	a.nobodyReadsACase()
	a.nobodyEditsTheLog()
	a.itIsTheIndex()
	t.Logf("%d attempts, none went through", a.tried)
}

// somebody is one more account.
func (a *administrators) somebody() ident.ID {
	id := ident.New()
	a.Do(a.System().In(ident.Nil), func(tx *store.Tx) error {
		return tx.InsertAccount(user.Account{ID: id, Username: "a-" + id.String(), DisplayName: "某人", Language: i18n.Chinese, PasswordHash: "none"})
	})
	return id
}

// give is an assignment for one of the two places an administrator may be of.
func (a *administrators) give(account ident.ID, role user.Role, kind user.ScopeKind, from, to int) error {
	in := accounts.AssignInput{Account: account, Role: role, Kind: kind, From: a.Today().AddDays(from)}
	if to > 0 {
		in.To = a.Today().AddDays(to)
	}
	if kind == user.ScopePartnership {
		in.Partnership = a.Partnership.ID
	}
	_, err := a.roles.AssignRole(a.t.Context(), a.SecurityAdmin(), in, "")
	return err
}

// one holds that the account has one of the duties on record and in its rights.
func (a *administrators) one(account ident.ID, how string) {
	a.t.Helper()
	n := a.Count(`select count(distinct role) from role_assignment where account_id = $1 and revoked_at is null and role in ('system_admin', 'security_admin', 'audit_admin')`, account)
	if n > 1 {
		a.t.Errorf("%s: the account holds %d duties", how, n)
	}
	if err := a.Policy.Reload(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	who := a.Refresh(user.Principal{AccountID: account, PartnershipID: a.Partnership.ID, Language: i18n.Chinese})
	may := 0
	for _, perm := range []authz.Permission{authz.BackupMake, authz.RoleAssign, authz.AuditVerify} { // one of each
		if a.Policy.Can(who, perm, authz.Platform()) || a.Policy.Can(who, perm, authz.InPartnership(a.Partnership.ID)) {
			may++
		}
	}
	if may > 1 {
		a.t.Errorf("%s: the account acts in %d duties", how, may)
	}
}

func (a *administrators) byService(held, wanted user.Role) {
	kinds := []user.ScopeKind{user.ScopePlatform, user.ScopePartnership}
	for _, first := range kinds {
		for _, second := range kinds {
			how := fmt.Sprintf("%s (%s), then %s (%s)", held, first, wanted, second)
			who := a.somebody()
			if err := a.give(who, held, first, 0, 0); err != nil {
				a.t.Fatalf("%s: %v", how, err)
			}
			a.tried++
			if err := a.give(who, wanted, second, 0, 0); errs.Of(err).Rule != "role.separation" {
				a.t.Errorf("%s: %v", how, err)
			}
			a.one(who, how)
		}
	}
	// One after the other in time: the first has to be taken away, or over, before.
	who := a.somebody()
	if err := a.give(who, held, user.ScopePlatform, 0, 5); err != nil {
		a.t.Fatal(err)
	}
	a.tried++
	if err := a.give(who, wanted, user.ScopePlatform, 6, 9); err == nil {
		a.t.Errorf("%s is given for later to who is %s now", wanted, held)
	}
	a.one(who, "for later")
	a.Exec(`update role_assignment set revoked_at = $2 where account_id = $1`, who, a.Clock.Now())
	if err := a.give(who, wanted, user.ScopePlatform, 0, 0); err != nil {
		a.t.Errorf("%s after %s was taken away: %v", wanted, held, err)
	}
}

// atOnce: two hands give the two duties at the same time.
func (a *administrators) atOnce(held, wanted user.Role) {
	a.SecurityAdmin() // made before
	who := a.somebody()
	var hands sync.WaitGroup
	var given atomic.Int64
	for _, role := range []user.Role{held, wanted} {
		hands.Go(func() {
			if a.give(who, role, user.ScopePlatform, 0, 0) == nil {
				given.Add(1)
			}
		})
	}
	hands.Wait()
	a.tried++
	if given.Load() != 1 {
		a.t.Errorf("%s and %s at once: %d given", held, wanted, given.Load())
	}
	a.one(who, "at once")
}

// insert is the statement an assignment of the platform would be made by.
const insert = `insert into role_assignment (id, account_id, role, scope_kind, scope_id, partnership_id, from_on, created_at, created_by, revoked_at)
		values ($1, $2, $3, 'platform', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '2026-01-01', now(), $2, `

// byStatement: whoever can make the application run a statement gets no further.
func (a *administrators) byStatement(held, wanted user.Role) {
	who, other := a.somebody(), a.somebody()
	a.Exec(insert+`null)`, ident.New(), who, string(held))
	taken, others := ident.New(), ident.New()
	a.Exec(insert+`now())`, taken, who, string(wanted))
	a.Exec(insert+`null)`, others, other, string(wanted))
	for _, x := range []struct {
		query string
		args  []any
	}{
		{insert + `null)`, []any{ident.New(), who, string(wanted)}},
		{insert + `null) on conflict do nothing`, []any{ident.New(), who, string(wanted)}},
		{`update role_assignment set revoked_at = null where id = $1`, []any{taken}},
		{`update role_assignment set account_id = $2 where id = $1`, []any{others, who}},
		{`update role_assignment set role = $2, revoked_at = null where id = $1`, []any{taken, string(wanted)}},
		{`alter index role_assignment_one_admin rename to x`, nil},
		{`drop index role_assignment_one_admin`, nil},
		{`alter table role_assignment disable trigger all`, nil},
		{`update pg_index set indisunique = false where indexrelid = 'role_assignment_one_admin'::regclass`, nil},
		{`set session_replication_role = replica`, nil},
	} {
		a.statement(a.SystemAdmin(), x.query, x.args...)
	}
	a.one(who, "by statements")
	// A row that says it was taken away tomorrow gives nothing today.
	a.Exec(insert+`now() + interval '1 day')`, ident.New(), who, string(wanted))
	a.one(who, "taken away tomorrow")
}

// statement runs as the application's role with somebody's scope, and must change
// nothing: refused, or no row.
func (a *administrators) statement(who user.Principal, query string, args ...any) {
	a.t.Helper()
	a.tried++
	ctx := context.Background()
	tx, err := a.app.BeginTx(ctx, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	scope := []string{}
	for _, id := range who.ScopeIDs() {
		scope = append(scope, id.String())
	}
	if _, err := tx.Exec(`select begin_scope($1, $2, null, $3::uuid[], $4)`, who.PartnershipID, who.AccountID, pq.StringArray(scope), who.Wide); err != nil {
		a.t.Fatal(err)
	}
	result, err := tx.Exec(query, args...)
	if e, ok := errors.AsType[*pq.Error](err); ok {
		if e.Code != "42501" && e.Code != "23505" { // no right to it, or the index of one duty
			a.t.Errorf("%s: refused for another reason: %v", query, err)
		}
		return
	}
	if err != nil {
		a.t.Fatalf("%s: %v", query, err)
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 || !strings.HasPrefix(query, "insert") {
		a.t.Errorf("%s went through: %d rows, %v", query, n, err)
	}
}

// nobodyReadsACase: not through a service, and not through the store either, where
// row security alone stands before them.
func (a *administrators) nobodyReadsACase() {
	tr := a.Treatment(servicetest.Mountain, procedure.Joint, "向春晓")
	ctx := a.t.Context()
	for _, who := range []user.Principal{a.SystemAdmin(), a.SecurityAdmin(), a.AuditAdmin()} {
		_, one := a.care.Case(ctx, who, tr.Case)
		_, list := a.care.Cases(ctx, who, care.CasesInput{})
		_, treated := a.care.Treatment(ctx, who, tr.ID)
		_, operations := a.care.Operations(ctx, who, care.OperationsInput{})
		for what, err := range map[string]error{"a case": one, "the cases": list, "a treatment": treated, "the operations": operations} {
			a.tried++
			if !errs.Is(err, errs.Forbidden) {
				a.t.Errorf("%s reads %s: %v", who.Username, what, err)
			}
		}
		err := a.DB.InTx(ctx, who, func(tx *store.Tx) error {
			tx.NoAudit("what row security shows")
			_, person := tx.PersonByID(tr.Person)
			_, file := tx.CaseByID(tr.Case)
			_, treatment := tx.TreatmentByID(tr.ID)
			for what, err := range map[string]error{"the person": person, "the case": file, "the treatment": treatment} {
				a.tried++
				if !errs.Is(err, errs.NotFound) {
					a.t.Errorf("row security shows %s %s: %v", who.Username, what, err)
				}
			}
			rows, err := tx.ListCases(store.CaseFilter{}, page.Request{})
			if len(rows.Rows) > 0 {
				a.t.Errorf("row security shows %s %d cases", who.Username, len(rows.Rows))
			}
			return err
		})
		if err != nil {
			a.t.Error(err)
		}
	}
}

// nobodyEditsTheLog: there is no permission for it, and the application's role has
// no right to.
func (a *administrators) nobodyEditsTheLog() {
	known := map[authz.Permission]bool{authz.AuditRead: true, authz.AuditVerify: true, authz.AuditPackage: true}
	for _, perm := range authz.Permissions() {
		if strings.HasPrefix(string(perm), "audit:") && !known[perm] {
			a.t.Errorf("%s: may it change the log?", perm)
		}
	}
	if a.Count(`select count(*) from audit_event`) == 0 {
		a.t.Fatal("there is no log")
	}
	for _, who := range []user.Principal{a.SystemAdmin(), a.SecurityAdmin(), a.AuditAdmin()} {
		for _, table := range []string{"audit_event", "audit_link"} {
			for _, query := range []string{`update %s set partnership_id = partnership_id`, `delete from %s`, `truncate %s`, `drop table %s`, `alter table %s disable trigger all`,
				`alter table %s disable row level security`, `create rule quiet as on insert to %s do instead nothing`} {
				a.statement(who, fmt.Sprintf(query, table))
			}
		}
	}
}

// itIsTheIndex shows that the statements above are well formed: without the index of
// one duty the same insert goes through.
func (a *administrators) itIsTheIndex() {
	a.Database.Discard()
	a.Exec(`drop index role_assignment_one_admin`)
	who := a.somebody()
	for _, role := range threeAdmins[:2] {
		if _, err := a.app.Exec(insert+`null)`, ident.New(), who, string(role)); err != nil {
			a.t.Errorf("without the index: %v", err)
		}
	}
}
