package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/policies"
)

// Flaw is a place where the database no longer keeps what the application relies
// on: somebody switched a wall off, or built a table without one.
type Flaw struct {
	Rule   string `db:"rule"`   // one of the names of catalogueRules, or "unregistered" and "gone"
	Object string `db:"object"` // the table, function, role or column
}

// Label is the message key of what is wrong.
func (f Flaw) Label() errs.Key { return errs.Key("catalogue.flaw." + f.Rule) }

// FlawRules lists the rules a flaw may break.
func FlawRules() []string {
	names := []string{"unregistered", "gone"}
	for _, r := range catalogueRules {
		names = append(names, r.name)
	}
	return names
}

// ours keeps a rule to the tables and functions of the product.
const ours = ` relnamespace = 'public'::regnamespace `

// catalogueRules look for flaws in the catalogue of a database; each answers the
// objects that break it. Row security is not forced (a data migration of the owner
// would change nothing and say nothing), so the application must never own a
// table: the two rules stand together.
var catalogueRules = []struct{ name, query string }{
	// The bridges and tokens are read before there is a scope, to compute it.
	{"open_table", `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'partnership_id' and not a.attisdropped
		where ` + ours + `and c.relkind in ('r', 'p') and not c.relrowsecurity and c.relname not in ('hospital_merge', 'partnership_member', 'posting', 'role_assignment', 'api_token')`},
	{"no_policy", `select c.relname from pg_class c where ` + ours + `and c.relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid)`},
	{"wide_policy", `select c.relname || '.' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
		where coalesce(pg_get_expr(p.polqual, p.polrelid), '') !~ '^\(*partnership_id = ' or p.polcmd <> '*'
		or pg_get_expr(p.polwithcheck, p.polrelid) is distinct from pg_get_expr(p.polqual, p.polrelid)`},
	// A function of ours or another table inside a policy is asked for every row.
	{"row_by_row", `select distinct c.relname || '.' || p.polname from pg_depend d join pg_policy p on p.oid = d.objid join pg_class c on c.oid = p.polrelid
		where d.classid = 'pg_policy'::regclass and (d.refclassid = 'pg_proc'::regclass or d.refclassid = 'pg_class'::regclass and d.refobjid <> p.polrelid)`},
	{"strong_role", `select rolname from pg_roles where rolname = 'shanhai_app' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`},
	{"member_role", `select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member where r.rolname = 'shanhai_app'`},
	{"owner_role", `select relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'shanhai_app'
		union all select proname from pg_proc p join pg_roles r on r.oid = p.proowner where r.rolname = 'shanhai_app'`},
	{"builder_role", `select nspname from pg_namespace where has_schema_privilege('shanhai_app', oid, 'create') and nspname !~ '^pg_temp'
		union all select datname from pg_database where datname = current_database() and has_database_privilege('shanhai_app', oid, 'create')
		union all select relname from pg_class where ` + ours + `and relkind = 'r' and (has_table_privilege('shanhai_app', oid, 'truncate')
			or has_table_privilege('shanhai_app', oid, 'references') or has_table_privilege('shanhai_app', oid, 'trigger'))`},
	{"owner_view", `select relname from pg_class where ` + ours + `and (relkind = 'm'
		or relkind = 'v' and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'], false))`},
	{"loose_definer", `select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace
		and not coalesce(proconfig @> array['search_path=pg_catalog, public'], false)`},
	{"blind_definer", `select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace
		and prosrc !~ 'current_setting\(''app.partnership'', true\)'`},
	{"public_function", `select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
		and (p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))`},
	{"stray_grant", `select distinct c.relname || ' ' || coalesce(r.rolname, 'public') from pg_class c, aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
		where ` + ours + `and c.relkind in ('r', 'p', 'v', 'm', 'S') and coalesce(r.rolname, 'public') not in ('shanhai_app', 'shanhai_owner') and a.grantee <> c.relowner`},
	{"sleeping_trigger", `select c.relname || '.' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid where ` + ours + `and t.tgenabled = 'D'`},
}

// LintCatalogue looks for flaws in a database, as its owner or superuser.
func LintCatalogue(ctx context.Context, dsn string) (flaws []Flaw, err error) {
	err = withOwner(ctx, dsn, func(tx *sqlx.Tx) error {
		flaws, err = lintCatalogue(ctx, tx)
		return err
	})
	return flaws, err
}

func lintCatalogue(ctx context.Context, tx *sqlx.Tx) (flaws []Flaw, err error) {
	for _, r := range catalogueRules {
		var objects []string
		if err := tx.SelectContext(ctx, &objects, r.query+` order by 1`); err != nil {
			return nil, mapError(ctx, err)
		}
		for _, o := range objects {
			flaws = append(flaws, Flaw{r.name, o})
		}
	}
	register, err := dataclass.Parse(policies.Columns)
	if err != nil {
		return nil, err
	}
	var have []dataclass.Column
	err = tx.SelectContext(ctx, &have, `select c.relname as table_name, a.attname as column_name from pg_attribute a join pg_class c on c.oid = a.attrelid
		where `+ours+`and c.relkind in ('r', 'p', 'f', 'm') and a.attnum > 0 and not a.attisdropped order by c.relname, a.attnum`)
	if err != nil {
		return nil, mapError(ctx, err)
	}
	unknown, gone := register.Compare(have)
	for _, c := range unknown {
		flaws = append(flaws, Flaw{"unregistered", c.String()})
	}
	for _, c := range gone {
		flaws = append(flaws, Flaw{"gone", c.String()})
	}
	return flaws, nil
}
