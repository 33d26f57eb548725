package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/cli"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/pgtest"
)

// said is what one command left behind.
type said struct {
	out, err string
	code     int
}

// run executes one command line as the program would.
func run(t testing.TB, in string, args ...string) said {
	t.Helper()
	var out, errOut bytes.Buffer
	code := cli.Run(t.Context(), cli.Process{Args: args, Version: "1.2-test", Stdin: strings.NewReader(in), Stdout: &out, Stderr: &errOut})
	return said{out.String(), errOut.String(), code}
}

// must is run for commands that have to succeed.
func must(t testing.TB, args ...string) said {
	t.Helper()
	s := run(t, "", args...)
	if s.code != 0 {
		t.Fatalf("%v: code %d\n%s%s", args, s.code, s.out, s.err)
	}
	return s
}

// refused is run for commands that have to fail with a sentence that holds part.
func refused(t testing.TB, part string, args ...string) said {
	t.Helper()
	s := run(t, "", args...)
	if s.code != 1 || !strings.Contains(s.err, part) {
		t.Errorf("%v: code %d, want 1 and %q in\n%s%s", args, s.code, part, s.out, s.err)
	}
	if s.out != "" {
		t.Errorf("%v: a refusal wrote to stdout: %s", args, s.out)
	}
	return s
}

// site is a data directory whose database is kept running, so that commands join
// it, the way they join a running service.
type site struct {
	dir      string
	app      *app.App
	database []string // options that name an external database
}

// fastSite is a site on a test database as somebody else's server: for what has
// nothing to do with the private one.
func fastSite(t testing.TB) (site, *pgtest.Database) {
	t.Helper()
	d := pgtest.DB(t)
	s := site{dir: t.TempDir(), database: []string{"--database-url", d.AppDSN, "--database-admin-url", d.OwnerDSN}}
	s.app = openApp(t, map[string]string{"data-dir": s.dir, "database-url": d.AppDSN, "database-admin-url": d.OwnerDSN})
	return s, d
}

func newSite(t testing.TB) site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	return site{dir: dir, app: openApp(t, map[string]string{"data-dir": dir})}
}

func openApp(t testing.TB, flags map[string]string) *app.App {
	t.Helper()
	flags["log-level"] = "error"
	cfg, err := config.Load(func(string) string { return "" }, flags)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), cfg, app.Options{Log: app.Logger(cfg, os.Stderr), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// args adds the options every command of a test takes.
func (s site) args(args ...string) []string {
	return append(append([]string{"--data-dir", s.dir, "--log-level", "error"}, s.database...), args...)
}

func TestEveryCommandHasItsTextsInBothLanguages(t *testing.T) {
	t.Parallel()
	var walk func(lang string, path []string)
	seen := map[string]int{}
	walk = func(lang string, path []string) {
		s := must(t, append(append([]string{}, path...), "--help", "--language", lang)...)
		if m := regexp.MustCompile(`\b(cli|error|doctor)\.[a-z]+`).FindString(s.out); m != "" {
			t.Errorf("%s %v: a key is shown: %s", lang, path, m)
		}
		seen[lang]++
		_, rest, ok := strings.Cut(s.out, map[string]string{"zh-CN": "子命令：", "en": "Commands:"}[lang])
		if !ok {
			return
		}
		list, _, _ := strings.Cut(rest, "\n\n")
		for line := range strings.Lines(list) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] != "help" && fields[0] != "completion" {
				walk(lang, append(append([]string{}, path...), fields[0]))
			}
		}
	}
	walk("zh-CN", nil)
	walk("en", nil)
	if seen["en"] < 25 || seen["en"] != seen["zh-CN"] {
		t.Errorf("visited %v commands", seen)
	}
}

func TestWrongUsageIsTwoAndNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"nope"}, {"user", "create"}, {"serve", "extra"}, {"backup", "--nope"}} {
		s := run(t, "", args...)
		if s.code != 2 || s.out != "" || !strings.Contains(s.err, "--help") {
			t.Errorf("%v: %+v", args, s)
		}
	}
	refused(t, "SHANHAI_ADDR", "serve", "--addr", "0.0.0.0:80") // plain http beyond this machine
}

func TestSmallCommandsNeedNoDatabase(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if s := must(t, "version"); s.out != "shanhai 1.2-test\n" {
		t.Errorf("%q", s.out)
	}
	s := must(t, "config", "print", "--data-dir", dir, "--database-url", "postgres://app:s3cret@db/x?sslmode=disable")
	if strings.Contains(s.out, "s3cret") || !strings.Contains(s.out, "SHANHAI_DATA_DIR="+dir+"\t# flag") {
		t.Error(s.out)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a data directory was made")
	}
	if s := must(t, "completion", "bash"); !strings.Contains(s.out, "shanhai") {
		t.Error("no completion")
	}
}

func TestPeopleAndTokens(t *testing.T) {
	t.Parallel()
	s, _ := fastSite(t)
	refused(t, "partnership create", s.args("user", "create", "early", "--role", "registrar", "--hospital", "H1")...)
	must(t, s.args("partnership", "create", "yl", "--name", "云岭澜港", "--receiving-region", "500199", "--receiving-name", "云岭区",
		"--donor-region", "379900", "--donor-name", "澜港市", "--opened", "2026-01-01")...)
	refused(t, "--donor-region", s.args("partnership", "create", "x", "--name", "x", "--receiving-region", "500199", "--receiving-name", "x", "--donor-name", "y")...)
	if l := must(t, s.args("partnership", "list")...); !strings.Contains(l.out, "YL") || !strings.Contains(l.out, "2026-01-01") {
		t.Error(l.out)
	}
	must(t, s.args("organisation", "create", "H1", "--name", "云岭区中医院", "--side", "receiving", "--from", "2026-01-01")...)
	refused(t, "side", s.args("organisation", "create", "H2", "--name", "x", "--side", "middle")...)
	if l := must(t, s.args("organisation", "list")...); !strings.Contains(l.out, "H1") || strings.Contains(l.out, "H2") {
		t.Errorf("a refused organisation was kept, or a good one lost: %s", l.out)
	}

	made := must(t, s.args("user", "create", "reg1", "--display-name", "登记员", "--role", "registrar", "--hospital", "H1")...)
	name, password, ok := strings.Cut(strings.TrimSuffix(made.out, "\n"), "\t")
	if !ok || name != "reg1" || len(password) < 15 || strings.ContainsAny(password, " \n") {
		t.Errorf("stdout is not name, tab, password: %q", made.out)
	}
	for _, role := range []string{"system_admin", "security_admin", "audit_admin"} {
		must(t, s.args("user", "create", "a-"+role[:3], "--role", role)...)
	}
	refused(t, "nope", s.args("user", "create", "ghost", "--role", "nope")...)
	refused(t, "--hospital", s.args("user", "create", "ghost", "--role", "registrar")...)
	list := must(t, s.args("user", "list")...).out
	if strings.Contains(list, "ghost") || !regexp.MustCompile(`reg1 +登记员 +云岭区中医院 +registrar +在用`).MatchString(list) || !strings.Contains(list, "a-sec") {
		t.Errorf("%s", list)
	}

	token := must(t, s.args("token", "create", "--user", "REG1", "--days", "7")...).out
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{40,}\n$`).MatchString(token) {
		t.Errorf("stdout is not only the token: %q", token)
	}
	who, err := s.app.Services.Accounts.Bearer(t.Context(), strings.TrimSpace(token))
	if err != nil || who.Username != "reg1" {
		t.Errorf("the token does not open: %v %v", who.Username, err)
	}
	refused(t, "", s.args("token", "create", "--user", "reg1", "--days", "4000")...)
	refused(t, "", s.args("token", "create", "--user", "nobody")...)
	refused(t, "--user", s.args("token", "create")...)

	reset := must(t, s.args("user", "reset-password", "reg1")...).out
	if !strings.HasPrefix(reset, "reg1\t") || reset == made.out {
		t.Errorf("%q", reset)
	}
	must(t, s.args("user", "disable", "reg1")...)
	if l := must(t, s.args("user", "list", "--language", "en")...); !regexp.MustCompile(`reg1 .*disabled`).MatchString(l.out) {
		t.Error(l.out)
	}
	must(t, s.args("user", "enable", "reg1")...)
	refused(t, "", s.args("user", "enable", "nobody")...)
}

func TestShellIsSilentRecordedAndGivesPsqlsCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	shell := func(in string, args ...string) said {
		return run(t, in, s.args(append([]string{"db", "shell", "--"}, args...)...)...)
	}
	if r := shell("", "-Atc", "select current_user, 7"); r.out != "postgres|7\n" || r.code != 0 {
		t.Errorf("%+v", r)
	}
	if r := shell("select 40 + 2;\n", "-At"); r.out != "42\n" || r.code != 0 {
		t.Errorf("stdin is not passed on: %+v", r)
	}
	if r := shell("select 1/0;\n", "-v", "ON_ERROR_STOP=1"); r.code != 3 || r.out != "" {
		t.Errorf("psql's code is lost: %+v", r)
	}
	// This one sees its own row: it was written before psql started.
	r := shell("", "-Atc", "select count(*), min(actor_name), count(distinct partnership_id) from audit_event where action = 'db.shell'")
	if r.out != "4|system:operations|1\n" {
		t.Errorf("not every shell is on record: %q", r.out)
	}
}

func TestMigrateSaysWhereTheSchemaStands(t *testing.T) {
	t.Parallel()
	s, d := fastSite(t)
	d.Discard()
	r := must(t, s.args("migrate", "--status")...)
	m := regexp.MustCompile(`^(\d+)/(\d+)\n$`).FindStringSubmatch(r.out)
	if m == nil || m[1] != m[2] {
		t.Fatalf("%q", r.out)
	}
	if r := must(t, s.args("migrate")...); r.out != "" || !strings.Contains(r.err, m[1]) {
		t.Errorf("%+v", r)
	}
	_, err := pgtest.Open(t, d.SuperDSN).ExecContext(t.Context(), `delete from goose_db_version where version_id = $1`, m[1])
	if err != nil {
		t.Fatal(err)
	}
	if r := run(t, "", s.args("migrate", "--status")...); r.code != 1 || !strings.Contains(r.err, "shanhai migrate") {
		t.Errorf("an old schema goes unnoticed: %+v", r)
	}
	refused(t, "shanhai migrate", s.args("user", "list")...) // only migrate changes somebody else's database
	s.database = s.database[:2]
	refused(t, "SHANHAI_DATABASE_ADMIN_URL", s.args("migrate")...)
}

// doctorLine finds the line about one thing.
func doctorLine(out, name string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, " "+name+": ") {
			return line
		}
	}
	return ""
}

func TestDoctorNamesWhatIsWrongAndItsRemedy(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "none")
	r := must(t, "doctor", "--data-dir", empty, "--language", "en")
	if !strings.HasPrefix(doctorLine(r.out, "data directory"), "!") || !strings.Contains(r.out, "shanhai serve") {
		t.Error(r.out)
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("doctor set something up")
	}
	r = run(t, "", "doctor", "--data-dir", empty, "--pg-bin", "/nonexistent", "--language", "en")
	if r.code != 1 || !strings.HasPrefix(doctorLine(r.out, "programs"), "✗") || !strings.Contains(r.out, "apt-get install") {
		t.Errorf("%+v", r)
	}

	s := newSite(t)
	doctor := func() said { return run(t, "", s.args("doctor", "--language", "en")...) }
	r = doctor()
	for name, mark := range map[string]string{"programs": "✓", "data directory": "✓", "schema": "✓", "database role": "✓", "clock": "✓", "keys": "!", "backup": "!"} {
		if !strings.HasPrefix(doctorLine(r.out, name), mark) {
			t.Errorf("%s: want %s in\n%s", name, mark, r.out)
		}
	}
	if r.code != 0 {
		t.Error("warnings alone are no failure")
	}
	must(t, s.args("backup")...)
	must(t, s.args("key", "confirm", s.app.Keys.Fingerprint())...)
	if err := os.Chmod(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	must(t, s.args("user", "create", "one")...)
	if err := os.Rename(filepath.Join(s.dir, "keys"), filepath.Join(s.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	r = doctor()
	for name, mark := range map[string]string{"data directory": "!", "backup": "✓", "keys": "✗"} {
		if !strings.HasPrefix(doctorLine(r.out, name), mark) {
			t.Errorf("%s: want %s in\n%s", name, mark, r.out)
		}
	}
	if r.code != 1 || !strings.Contains(r.out, "key import") {
		t.Errorf("lost keys: %+v", r)
	}
}

func TestSettingsFromAnotherPlaceAreRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf.json")
	raw, err := json.Marshal(map[string]any{"LANGUAGE": "en", "BACKUP_KEEP": 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SHANHAI_CONFIG", file)
	t.Setenv("SHANHAI_BACKUP_KEEP", "4")
	s := must(t, "config", "print", "--job-conns", "5")
	for _, want := range []string{"SHANHAI_LANGUAGE=en\t# file", "SHANHAI_BACKUP_KEEP=4\t# environment", "SHANHAI_JOB_CONNS=5\t# flag"} {
		if !strings.Contains(s.out, want) {
			t.Errorf("no %q in\n%s", want, s.out)
		}
	}
	t.Setenv("SHANHAI_ADRESS", "x")
	refused(t, "SHANHAI_ADRESS", "config", "print")
}

func TestExportWritesWholeFilesAndIsRecorded(t *testing.T) {
	t.Parallel()
	s, d := fastSite(t)
	dir := t.TempDir()
	figures, list := filepath.Join(dir, "figures.csv"), filepath.Join(dir, "list.xlsx")
	refused(t, "partnership create", s.args("export", "--to", figures)...)
	must(t, s.args("partnership", "create", "yl", "--name", "云岭澜港", "--receiving-region", "500199", "--receiving-name", "云岭区",
		"--donor-region", "379900", "--donor-name", "澜港市")...)
	refused(t, "--to", s.args("export")...)
	refused(t, ".xlsx", s.args("export", "--to", filepath.Join(dir, "x.pdf"))...)
	refused(t, "", s.args("export", "no.such", "--to", list)...)
	if names(t, dir) != "" {
		t.Errorf("a refused export left %s", names(t, dir))
	}
	must(t, s.args("export", "--to", figures)...)
	if text := string(read(t, figures)); !strings.Contains(text, "joint.patients,") || !strings.Contains(text, ",0.00\r\n") {
		t.Errorf("%s", text)
	}
	must(t, s.args("export", "joint.reduction_fen", "--to", list, "--from", "2026-01-01")...)
	if raw := read(t, list); !strings.HasPrefix(string(raw), "PK") {
		t.Error("no workbook")
	}
	n := 0
	err := pgtest.Open(t, d.SuperDSN).QueryRowContext(t.Context(), `select count(*) from audit_event where action = 'export.make'`).Scan(&n)
	if err != nil || n != 2 {
		t.Errorf("%d exports on record: %v", n, err)
	}
}

func TestDemonstrationIsNotMixedWithRealData(t *testing.T) {
	t.Parallel()
	s, _ := fastSite(t)
	must(t, s.args("user", "create", "real")...)
	refused(t, "--data-dir", s.args("demo", "--addr", "127.0.0.1:0")...)
}
