package store_test

import (
	"database/sql"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/migrations"
)

// Every table of the schema stands on exactly one of three lists. A table on
// none of them fails the build: whoever adds one has to say what it is.

// platformTables carry no partnership and no patient.
var platformTables = []string{"account", "api_token", "goose_db_version", "installation", "organisation", "organisation_name", "partnership", "passkey",
	"password_history", "policy_version", "practitioner", "recovery_code", "second_factor", "session", "theatre_time"}

// bridgeTables tie accounts, doctors and organisations to partnerships. They
// are read before a scope exists, to compute it.
var bridgeTables = []string{"hospital_merge", "partnership_member", "posting", "role_assignment"}

// How a business table is hidden, beside its partnership.
const (
	byVisible     = "visible"     // visible_to meets the scope
	byTeam        = "team"        // as visible, or the reader operated
	byHospital    = "hospital"    // hospital_id is in the scope
	byPartnership = "partnership" // everybody of the partnership; services narrow it
)

// businessTables are under row security, each with its kind of policy.
var businessTables = map[string]string{
	"pairing": byPartnership, "person": byVisible, "person_document": byVisible, "registration": byVisible,
	"registration_term": byHospital, "glass": byHospital, "subject_request": byHospital, "subject_clock": byPartnership, "beneficiary": byVisible, "person_lookup": byHospital, "lookup_notice": byHospital, "review_item": byHospital,
	"attachment": byVisible, "screening": byHospital, "outreach_key": byHospital, "outreach_recovery": byHospital,

	"case_number_head": byPartnership, "case_number_block": byHospital, "casefile": byVisible, "case_participant": byHospital,
	"treatment": byVisible, "treatment_event": byVisible, "procedure": byTeam, "procedure_change": byTeam, "referral": byVisible,
	"referral_clock": byPartnership, "death_report": byVisible,

	"acuity_reading": byVisible, "complication": byVisible,

	"approval_signature": byVisible, "approval_appeal": byVisible, "funding_rule": byPartnership, "fund_move": byPartnership, "ledger_check": byPartnership,
	"notice": byPartnership, "notice_entry": byPartnership, "notice_objection": byPartnership, "notice_rule": byPartnership,
	"plausibility_alert": byPartnership, "plausibility_rule": byPartnership, "plausibility_run": byPartnership, "plausibility_verdict": byPartnership,

	"device": byPartnership, "device_stock": byHospital, "component": byTeam, "component_change": byTeam, "explant": byTeam, "device_dispute": byVisible,

	"followup": byVisible, "followup_contact": byVisible, "followup_score": byVisible, "followup_slip": byVisible, "followup_rule": byPartnership,
	"privilege": byHospital, "privilege_exception": byTeam, "visit": byHospital, "visit_member": byHospital, "visit_day": byHospital, "visit_case": byVisible,
	"visit_handover": byVisible, "visit_supply": byHospital, "teaching": byHospital, "teaching_attendee": byHospital, "meeting": byPartnership, "meeting_task": byPartnership,
	"skill_rule": byPartnership, "skill_observation": byVisible, "skill_signoff": byHospital,

	"fund": byPartnership, "ledger_account": byPartnership, "ledger_transfer": byPartnership, "ledger_entry": byPartnership,
	"fund_project": byPartnership, "fund_deposit": byPartnership, "deposit_draw": byPartnership,
	"form_print": byPartnership, "audit_package": byPartnership,
	"disclosure_release": byPartnership, "download": byPartnership, "report_pack": byPartnership, "desk_filter": byPartnership, "reference_value": byPartnership,
	"approval": byVisible, "approval_line": byVisible, "settlement": byVisible, "settlement_line": byVisible,

	"payable": byPartnership, "hospital_account": byHospital, "payee_card": byVisible, "pay_run": byVisible, "pay_line": byVisible, "recovery": byVisible, "recovery_receipt": byVisible,
	"insurer_batch": byHospital, "insurer_row": byHospital, "insurer_difference": byHospital,

	"fee_policy": byPartnership, "person_year": byVisible, "fee_computation": byVisible,

	"summary_mark": byPartnership, "summary_state": byPartnership, "summary_person": byVisible, "summary_cell": byHospital,

	"audit_event": byPartnership, "audit_head": byPartnership, "audit_link": byPartnership, "audit_pending": byPartnership,
	"audit_anchor": byPartnership, "held_anchor": byPartnership,
	"idempotency": byPartnership, "job": byPartnership, "import_batch": byPartnership, "import_row": byPartnership,
	"message": byPartnership, "form_draft": byPartnership,
	"import_mapping": byPartnership, "organisation_alias": byPartnership, "category_alias": byPartnership,
}

// appendOnly tables are written once: histories, the ledger, the audit log.
var appendOnly = []string{"organisation_name", "audit_event", "subject_clock", "audit_link", "case_participant", "component_change", "followup_rule", "disclosure_release", "deposit_draw", "followup_score", "followup_slip", "form_print", "funding_rule", "ledger_check", "ledger_entry", "ledger_transfer", "lookup_notice", "notice_rule", "outreach_key", "person_lookup", "plausibility_rule", "plausibility_run", "plausibility_verdict", "procedure_change", "recovery_receipt", "skill_observation", "audit_anchor", "held_anchor", "reference_value", "treatment_event"}

// deletable tables hold derived or passing rows; nothing else is ever deleted.
var deletable = []string{"audit_pending", "form_draft", "idempotency", "passkey", "password_history", "recovery_code", "registration_term", "second_factor", "session", "summary_cell", "summary_mark", "summary_person"}

// definers are the functions that read above row security. Each answers less
// than a table would; adding one is a decision.
var definers = []string{"case_partners", "case_treatment_states", "depart", "device_used_on", "dispute_open", "followup_place", "fund_participate", "glass_record", "join_request", "lock_year", "lookup_notify", "merge_hospital", "move_record", "open_case_exists",
	"operations_on_record", "participate", "person_find", "person_link", "person_open", "subject_apply", "year_of"}

// participating are the tables that open with a case, by how their rows are
// found; notOpened are those that do not, each with its reason.
var (
	participating = map[string]string{"attachment": "case", "approval": "case", "procedure": "case", "settlement": "case", "treatment": "case", "fee_computation": "case",
		"approval_line": "child", "settlement_line": "child", "treatment_event": "child", "procedure_change": "child", "component": "case", "explant": "case",
		"acuity_reading": "case", "complication": "case", "privilege_exception": "case", "skill_observation": "child",
		"approval_signature": "child", "approval_appeal": "child",
		"component_change": "child", "followup": "case", "followup_contact": "case", "followup_slip": "case", "followup_score": "child",
		"beneficiary": "person", "person_document": "person", "death_report": "person", "person_year": "person"}
	notOpened = map[string]string{
		"casefile":     "opened by name: it is the case",
		"person":       "opened by name: it is the person",
		"registration": "a hospital's own record of a person",
		"referral":     "between its two hospitals and the home",

		"visit_case":     "the planned list of a mission is its hospital's",
		"visit_handover": "a mission is its hospital's",
		"device_dispute": "between the hospitals of the two records and the office",

		"summary_person": "counts that follow the records they are made of",

		"payee_card":       "a card is for the hospital that entered it and for who pays",
		"pay_run":          "the fund's",
		"pay_line":         "between the fund and the hospital it pays",
		"recovery":         "between the fund and the hospital it paid",
		"recovery_receipt": "between the fund and the hospital it paid",
	}
)

func business() []string { return slices.Sorted(maps.Keys(businessTables)) }

// column reads one text column of a query, as the superuser.
func column(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// none fails for every line of an answer that should have none.
func none(t *testing.T, db *sql.DB, complaint, query string, args ...any) {
	t.Helper()
	for _, s := range column(t, db, query, args...) {
		t.Errorf("%s: %s", complaint, s)
	}
}

func TestEveryTableStandsOnExactlyOneList(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	have := column(t, db, `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'f', 'm') order by 1`)
	listed := map[string]int{}
	for _, list := range [][]string{platformTables, bridgeTables, business()} {
		for _, name := range list {
			listed[name]++
		}
	}
	for _, name := range have {
		if listed[name] != 1 {
			t.Errorf("table %s is on %d of the lists platform, bridge, business", name, listed[name])
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("table %s is listed and does not exist", name)
	}
	none(t, db, "a view would run with its owner's rights", `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'`)
}

func TestOnlyBusinessAndBridgeTablesKnowThePartnership(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	with := column(t, db, `select table_name from information_schema.columns where table_schema = 'public' and column_name = 'partnership_id' order by 1`)
	// The token of an account names the partnership it was made in.
	want := slices.Sorted(slices.Values(slices.Concat(business(), bridgeTables, []string{"api_token"})))
	if !slices.Equal(with, want) {
		t.Errorf("tables with partnership_id\n got %v\nwant %v", with, want)
	}
}

func TestBusinessTablesAreUnderRowSecurityByOnePolicy(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	secured := column(t, db, `select relname from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity order by relname`)
	if !slices.Equal(secured, business()) {
		t.Errorf("tables with row security\n got %v\nwant %v", secured, business())
	}
	// Forced, a data migration of the owner would update 0 rows and say nothing.
	none(t, db, "row security is forced", `select relname from pg_class where relforcerowsecurity`)
	policies := column(t, db, `select tablename || ' ' || policyname || ' ' || permissive || ' ' || cmd || ' ' || array_to_string(roles, ',') from pg_policies order by 1`)
	want := business()
	for i, name := range want {
		want[i] = name + " scope PERMISSIVE ALL shanhai_app"
	}
	if slices.Sort(want); !slices.Equal(policies, want) {
		t.Errorf("policies\n got %v\nwant %v", policies, want)
	}
	none(t, db, "reads and writes follow different rules", `select tablename from pg_policies where qual is distinct from with_check`)
}

// The policy reads the row and the settings, nothing else: a sub-select is slow
// everywhere and refused where the tables are distributed.
func TestPoliciesAreOfTheListedKind(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	for _, name := range business() {
		var rule string
		if err := db.QueryRow(`select qual from pg_policies where tablename = $1`, name).Scan(&rule); err != nil {
			t.Fatal(name, err)
		}
		has := func(s string) bool { return strings.Contains(rule, s) }
		kind := byPartnership
		switch {
		case has("team"):
			kind = byTeam
		case has("visible_to"):
			kind = byVisible
		case has("hospital_id"):
			kind = byHospital
		}
		if kind != businessTables[name] {
			t.Errorf("%s: policy is of kind %s, listed as %s", name, kind, businessTables[name])
		}
		if !strings.HasPrefix(strings.TrimLeft(rule, "("), "partnership_id = ") || has("SELECT") {
			t.Errorf("%s: %s", name, rule)
		}
	}
}

func TestKeysOfBusinessTablesBeginWithThePartnership(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	named := pq.Array(business())
	none(t, db, "primary key does not begin with partnership_id", `
		select c.relname from pg_class c left join pg_index i on i.indrelid = c.oid and i.indisprimary
		left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
		where c.relnamespace = 'public'::regnamespace and c.relname = any ($1) and a.attname is distinct from 'partnership_id'`, named)
	none(t, db, "index does not begin with partnership_id", `
		select x.relname from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
		left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
		where c.relname = any ($1) and a.attname is distinct from 'partnership_id'`, named)
	none(t, db, "foreign key between business tables without partnership_id", `
		select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
		where k.contype = 'f' and c.relname = any ($1) and f.relname = any ($1) and not exists (
			select 1 from generate_subscripts(k.conkey, 1) i
			join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[i] and a.attname = 'partnership_id'
			join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[i] and b.attname = 'partnership_id')`, named)
	none(t, db, "a platform table refers to a business table", `
		select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
		where k.contype = 'f' and not c.relname = any ($1) and f.relname = any ($1)`, named)
	none(t, db, "visible_to may be null", `
		select c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid
		where c.relname = any ($1) and a.attname in ('visible_to', 'team', 'partnership_id') and not a.attnotnull`, named)
	none(t, db, "an access method row security keeps from being used", `
		select x.relname from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
		where c.relname = any ($1) and m.amname <> 'btree'`, named)
	none(t, db, "ids are made by the application, not by the database", `
		select c.relname from pg_attrdef d join pg_class c on c.oid = d.adrelid
		where c.relname = any ($1) and pg_get_expr(d.adbin, d.adrelid) ~ 'nextval|random|uuid|now'`, named)
}

func TestTheApplicationRoleStandsBelowTheSchema(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	none(t, db, "the role is above row security or may make objects", `
		select rolname from pg_roles where rolname = 'shanhai_app' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`)
	none(t, db, "the role belongs to another role", `
		select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member where r.rolname = 'shanhai_app'`)
	none(t, db, "the role owns", `select relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'shanhai_app'
		union all select proname from pg_proc p join pg_roles r on r.oid = p.proowner where r.rolname = 'shanhai_app'`)
	none(t, db, "the role may create in", `select nspname from pg_namespace where has_schema_privilege('shanhai_app', oid, 'create') and nspname !~ '^pg_temp'`)
	none(t, db, "the role may create schemas", `select datname from pg_database where datname = current_database() and has_database_privilege('shanhai_app', oid, 'create')`)
	none(t, db, "the role may truncate, refer or set triggers", `
		select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
		and (has_table_privilege('shanhai_app', oid, 'truncate') or has_table_privilege('shanhai_app', oid, 'references') or has_table_privilege('shanhai_app', oid, 'trigger'))`)
	app := pgtest.Open(t, pgtest.DB(t).AppDSN)
	for _, statement := range []string{`create table own (id int)`, `alter table person add column x int`, `drop policy scope on person`,
		`alter table person disable row level security`, `create function f() returns int language sql as 'select 1'`, `set role shanhai_owner`,
		`set session_replication_role = replica`, `truncate person`, `drop table person`, `create index on person (name)`} {
		if _, err := app.Exec(statement); err == nil {
			t.Errorf("the application role may: %s", statement)
		}
	}
}

func TestNobodyElseHoldsRights(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	none(t, db, "granted to all or to an unknown role", `
		select c.relname || ' ' || coalesce(r.rolname, 'public') from pg_class c, aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
		where c.relnamespace = 'public'::regnamespace and coalesce(r.rolname, 'public') not in ('shanhai_app', 'shanhai_owner')`)
	none(t, db, "a function anybody may call", `
		select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
		and (p.proacl is null or exists (select 1 from aclexplode(p.proacl) a where a.grantee = 0))`)
}

func TestOnlyTheListedFunctionsReadAboveRowSecurity(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	have := column(t, db, `select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef order by 1`)
	if !slices.Equal(have, definers) {
		t.Errorf("definer functions\n got %v\nwant %v", have, definers)
	}
	none(t, db, "a definer function without a fixed search path", `
		select proname from pg_proc where prosecdef and not coalesce(proconfig @> array['search_path=pg_catalog, public'], false) and pronamespace = 'public'::regnamespace`)
	// Each names the partnership of the transaction itself, so that a caller cannot.
	none(t, db, "a definer function that does not ask for the scope", `
		select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace and prosrc !~ 'current_setting\(''app.partnership'', true\)'`)
}

// Whoever adds a table that is hidden by hospital has said whether a partner of
// a case sees it: participation finds tables in the catalogue.
func TestEveryHiddenTableOpensWithTheCaseOrSaysWhyNot(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	found := map[string]string{}
	for _, line := range column(t, db, `select tbl::text || ' ' || kind from participation_tables()`) {
		name, kind, _ := strings.Cut(line, " ")
		found[name] = kind
	}
	for name, kind := range participating {
		if found[name] != kind {
			t.Errorf("%s opens with the case by %q, wanted %q", name, found[name], kind)
		}
	}
	for _, name := range column(t, db, `select table_name from information_schema.columns where table_schema = 'public' and column_name = 'visible_to'`) {
		_, opened := found[name]
		reason, excepted := notOpened[name]
		if opened == excepted || excepted && reason == "" {
			t.Errorf("%s: opens with a case %v, excepted because %q", name, opened, reason)
		}
	}
	// A child is dealt with after its parent, whose rows decide.
	order := column(t, db, `select kind from participation_tables()`)
	if last := slices.Index(order, "child"); last >= 0 && slices.Contains(order[last:], "case") {
		t.Errorf("children before their parents: %v", order)
	}
}

func TestWrittenOnceStaysWritten(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	deletes := column(t, db, `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
		and has_table_privilege('shanhai_app', oid, 'delete') order by 1`)
	if !slices.Equal(deletes, deletable) {
		t.Errorf("the application may delete from %v, wanted %v", deletes, deletable)
	}
	none(t, db, "an append-only column may be updated", `
		select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
		where c.relname = any ($1) and a.attnum > 0 and not a.attisdropped and has_column_privilege('shanhai_app', c.oid, a.attnum, 'update')`, pq.Array(appendOnly))
	// Who may see a row, and which row it is, changes through a definer function only.
	none(t, db, "keys or visibility may be updated", `
		select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
		where c.relname = any ($1) and a.attname in ('partnership_id', 'id', 'visible_to', 'created_at', 'created_by')
		and has_column_privilege('shanhai_app', c.oid, a.attnum, 'update')`, pq.Array(business()))
	// The owner's own mistakes are refused by a trigger where a trail would lie.
	for _, table := range []string{"audit_event", "audit_link", "ledger_entry", "ledger_transfer"} {
		if got := column(t, db, `select tgname from pg_trigger where tgrelid = $1::regclass and tgname = $2`, table, table+"_append_only"); len(got) != 1 {
			t.Errorf("%s has no append-only trigger", table)
		}
	}
}

// plainSet finds what would leave a scope on a pooled connection, or does not
// reach distributed workers.
var plainSet = regexp.MustCompile(`(?im)(^|;|')\s*set\s+(session\s+)?(app\.|role\b|session authorization)|set_config\s*\(`)

func TestScopesAreSetForOneTransactionOnly(t *testing.T) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			code, _, _ := strings.Cut(line, "--")
			if plainSet.MatchString(code) {
				t.Errorf("%s: %s", name, strings.TrimSpace(line))
			}
		}
	}
	for _, bad := range []string{"set app.partnership = 'x'", "set session app.wide = '1'", "select set_config('app.wide', '1', true)", "execute 'set app.wide = 1'"} {
		if !plainSet.MatchString(bad) {
			t.Errorf("the check misses %q", bad)
		}
	}
}
