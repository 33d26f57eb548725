package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// env turns "A=1 B=2" pairs into an environment.
func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for _, p := range pairs {
		k, v, _ := strings.Cut(p, "=")
		m["SHANHAI_"+k] = v
	}
	return func(name string) string { return m[name] }
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsRunOnOneMachine(t *testing.T) {
	c, err := config.Load(env(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "./.shanhai" || c.Addr != "127.0.0.1:8080" || !c.Private() || c.TLS() || c.AllowPlainHTTP || c.Demo ||
		c.SessionIdle != 15*time.Minute || c.SessionAbsolute != 12*time.Hour || c.PasswordProfile != config.MLPS || c.SecondFactor != config.FactorRequired ||
		c.LookupDailyCap != 50 || c.Language != i18n.Chinese || c.BackupKeep < 1 {
		t.Errorf("%+v", c)
	}
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	path := file(t, "shanhai.conf", "# ours\nSHANHAI_LOG_LEVEL=warn\nLOG_FORMAT = \"json\"\nWEB_CONNS=8\n\nSESSION_IDLE=10m\n")
	c, err := config.Load(env("CONFIG="+path, "WEB_CONNS=9", "SESSION_IDLE=20m"), map[string]string{"session-idle": "30m"})
	if err != nil {
		t.Fatal(err)
	}
	if c.LogLevel != "warn" || c.LogFormat != "json" || c.WebConns != 9 || c.SessionIdle != 30*time.Minute || c.JobConns != 4 {
		t.Errorf("%+v", c)
	}
	origins := map[string]config.Origin{}
	for _, s := range c.Settings() {
		origins[s.Name] = s.Origin
	}
	for name, want := range map[string]config.Origin{"SHANHAI_LOG_LEVEL": config.FromFile, "SHANHAI_WEB_CONNS": config.FromEnv,
		"SHANHAI_SESSION_IDLE": config.FromFlag, "SHANHAI_JOB_CONNS": config.FromDefault} {
		if origins[name] != want {
			t.Errorf("%s came from %q, want %q", name, origins[name], want)
		}
	}
}

func TestJSONFile(t *testing.T) {
	path := file(t, "shanhai.json", `{"LANGUAGE":"en","web_conns":7,"DEMO":true,"TRUSTED_PROXIES":["10.0.0.1","10.1.0.0/16"]}`)
	c, err := config.Load(env("CONFIG="+path), nil)
	if err != nil || c.Language != i18n.English || c.WebConns != 7 || !c.Demo || len(c.TrustedProxies) != 2 || c.TrustedProxies[0].Bits() != 32 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestBadOptionsAreRefusedAtTheirName(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	cert, key := file(t, "c.pem", "x"), file(t, "k.pem", "x")
	const app, own = "DATABASE_URL=postgres://app:p@db/x?sslmode=disable", "DATABASE_ADMIN_URL=postgres://own:p@db/x?sslmode=disable"
	for _, c := range []struct {
		env         []string
		field, text string
	}{
		{[]string{"ADDR=8080"}, "ADDR", "error.config.addr"},
		{[]string{"ADDR=localhost:99999"}, "ADDR", "error.config.addr"},
		{[]string{"ADDR=:8080"}, "ADDR", "error.config.plain_http"},
		{[]string{"ADDR=10.0.0.5:80"}, "ADDR", "error.config.plain_http"},
		{[]string{"TLS_CERT=" + cert}, "TLS_KEY", "error.config.tls_pair"},
		{[]string{"TLS_KEY=" + key}, "TLS_CERT", "error.config.tls_pair"},
		{[]string{"TLS_CERT=/no/such", "TLS_KEY=" + key}, "TLS_CERT", "error.config.tls_file"},
		{[]string{"TLS_CERT=" + cert, "TLS_KEY=" + key, "ALLOW_PLAIN_HTTP=1"}, "ALLOW_PLAIN_HTTP", "error.config.plain_and_tls"},
		{[]string{"ALLOW_PLAIN_HTTP=perhaps"}, "ALLOW_PLAIN_HTTP", "error.config.bool"},
		{[]string{"TRUSTED_PROXIES=proxy"}, "TRUSTED_PROXIES", "error.config.proxy"},
		{[]string{"TRUSTED_PROXIES=0.0.0.0/0"}, "TRUSTED_PROXIES", "error.config.proxy_all"},
		{[]string{own}, "DATABASE_ADMIN_URL", "error.config.admin_alone"},
		{[]string{app, "DATABASE_ADMIN_URL=postgres://app@db/x?sslmode=disable"}, "DATABASE_URL", "error.config.same_role"},
		{[]string{"DATABASE_URL=mysql://db/x"}, "DATABASE_URL", "error.config.database_form"},
		{[]string{"DATABASE_URL=postgres://app@db/x"}, "DATABASE_URL", "error.config.sslmode"},
		{[]string{"DATABASE_URL=postgres://db/x?sslmode=disable"}, "DATABASE_URL", "error.config.database_user"},
		{[]string{app, "ARCHIVE_DIR=/archive"}, "ARCHIVE_DIR", "error.config.archive_external"},
		{[]string{"SESSION_IDLE=soon"}, "SESSION_IDLE", "error.config.duration"},
		{[]string{"SESSION_IDLE=1s"}, "SESSION_IDLE", "error.config.range"},
		{[]string{"SESSION_ABSOLUTE=48h"}, "SESSION_ABSOLUTE", "error.config.range"},
		{[]string{"SESSION_IDLE=2h", "SESSION_ABSOLUTE=1h"}, "SESSION_IDLE", "error.config.idle_over_absolute"},
		{[]string{"PASSWORD_PROFILE=weak"}, "PASSWORD_PROFILE", "error.config.one_of"},
		{[]string{"LOOKUP_DAILY_CAP=0"}, "LOOKUP_DAILY_CAP", "error.config.range"},
		{[]string{"LOOKUP_DAILY_CAP=many"}, "LOOKUP_DAILY_CAP", "error.config.number"},
		{[]string{"LOG_LEVEL=loud"}, "LOG_LEVEL", "error.config.one_of"},
		{[]string{"LOG_FORMAT=xml"}, "LOG_FORMAT", "error.config.one_of"},
		{[]string{"LANGUAGE=fr"}, "LANGUAGE", "error.config.one_of"},
		{[]string{"WEB_CONNS=1"}, "WEB_CONNS", "error.config.range"},
		{[]string{"JOB_CONNS=0"}, "JOB_CONNS", "error.config.range"},
		{[]string{"BACKUP_KEEP=0"}, "BACKUP_KEEP", "error.config.range"},
		{[]string{"CONFIG=/no/such"}, "CONFIG", "error.config.file"},
		{[]string{"CONFIG=" + file(t, "a", "{")}, "CONFIG", "error.config.file_form"},
		{[]string{"CONFIG=" + file(t, "b", "ADDR")}, "CONFIG", "error.config.file_form"},
		{[]string{"CONFIG=" + file(t, "c", `{"ADDR":{"port":1}}`)}, "CONFIG", "error.config.file_form"},
		{[]string{"CONFIG=" + file(t, "d", "ADRESS=1")}, "CONFIG", "error.config.unknown"},
	} {
		_, err := config.Load(env(c.env...), nil)
		e := errs.Of(err)
		if err == nil || e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != "SHANHAI_"+c.field || e.Fields[0].Key != c.text {
			t.Errorf("%v: %v, want %s at %s", c.env, err, c.text, c.field)
			continue
		}
		for _, lang := range i18n.Langs() {
			if said := cat.Printer(lang).Say(e.Fields[0].Key, e.Fields[0].Args); said == e.Fields[0].Key || strings.Contains(said, "{") {
				t.Errorf("%s has no whole sentence for %s: %q", lang, c.text, said)
			}
		}
	}
	if _, err := config.Load(env(), map[string]string{"data-dir": ""}); !errs.Of(err).Fields.Has("SHANHAI_DATA_DIR") {
		t.Error("an empty data directory was taken")
	}
	if _, err := config.Load(env(), map[string]string{"no-such": "1"}); !errs.Of(err).Fields.Has("--no-such") {
		t.Error("an unknown flag was taken")
	}
}

func TestGoodCombinations(t *testing.T) {
	cert, key := file(t, "c.pem", "x"), file(t, "k.pem", "x")
	for _, e := range [][]string{
		{"ADDR=:8443", "TLS_CERT=" + cert, "TLS_KEY=" + key}, {"ADDR=:8080", "ALLOW_PLAIN_HTTP=true"}, {"ADDR=:8080", "TRUSTED_PROXIES=10.0.0.7"},
		{"ADDR=[::1]:8080"}, {"ADDR=localhost:0"},
		{"DATABASE_URL=host=a,b port=5432,5433 user=app password='p w' sslmode=verify-full", "DATABASE_ADMIN_URL=postgresql://own:p@a/x?sslmode=require"},
		{"DATABASE_URL=postgres:///x?host=/run/pg&user=app&sslmode=disable"},
	} {
		if _, err := config.Load(env(e...), nil); err != nil {
			t.Errorf("%v: %v", e, err)
		}
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	for _, dsn := range []string{"postgres://app:s3cr@t@db/x?sslmode=disable", "postgres://app@db/x?sslmode=disable&password=s3cret",
		"host=db user=app password='s3c ret' sslmode=disable", "host=db user=app password=s3cret sslmode=disable"} {
		c, err := config.Load(env("DATABASE_URL="+dsn), nil)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := c.Print(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "s3c") || strings.Contains(b.String(), "ret'") {
			t.Errorf("the password is shown: %s", b.String())
		}
		if !strings.Contains(b.String(), "app") || !strings.Contains(b.String(), "db") || c.DatabaseURL != dsn {
			t.Errorf("only the password is hidden, and only when shown: %s", b.String())
		}
	}
}

func TestPrintShowsEveryOptionOnce(t *testing.T) {
	c, err := config.Load(env("ADDR=localhost:9000"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != len(config.FlagNames()) {
		t.Errorf("%d lines for %d options", n, len(config.FlagNames()))
	}
	if !strings.Contains(b.String(), "SHANHAI_ADDR=localhost:9000\t# environment\n") {
		t.Error(b.String())
	}
}

func TestMisspeltVariableIsNamed(t *testing.T) {
	t.Setenv("SHANHAI_ADRESS", "x")
	t.Setenv("SHANHAI_TEST_KEEP", "x")
	t.Setenv("SHANHAI_ADDR", "x")
	if config.Getenv("SHANHAI_ADDR") != "x" {
		t.Error("the environment is not read")
	}
	err := config.Unknown(config.Environ())
	if e := errs.Of(err); err == nil || len(e.Fields) != 1 || e.Fields[0].Path != "SHANHAI_ADRESS" {
		t.Errorf("%v", err)
	}
}
