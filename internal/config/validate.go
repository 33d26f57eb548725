package config

import (
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// validate refuses what cannot work, or what would be unsafe, one sentence per
// option.
func (c Config) validate(bad *errs.Fields) {
	c.checkNetwork(bad)
	c.checkDatabase(bad)
	c.checkSessions(bad)
	oneOf(bad, "LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error")
	oneOf(bad, "LOG_FORMAT", c.LogFormat, "text", "json")
	oneOf(bad, "LANGUAGE", string(c.Language), string(i18n.Chinese), string(i18n.English))
	within(bad, "WEB_CONNS", c.WebConns, 2, 200)
	within(bad, "JOB_CONNS", c.JobConns, 1, 50)
	within(bad, "BACKUP_KEEP", c.BackupKeep, 1, 366)
	if c.DataDir == "" {
		bad.Add(prefix+"DATA_DIR", "error.config.data_dir")
	}
}

func (c Config) checkNetwork(bad *errs.Fields) {
	host, port, err := net.SplitHostPort(c.Addr)
	if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
		bad.Add(prefix+"ADDR", "error.config.addr", "value", c.Addr)
		return
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		missing := "TLS_KEY"
		if c.TLSCert == "" {
			missing = "TLS_CERT"
		}
		bad.Add(prefix+missing, "error.config.tls_pair", "name", prefix+missing)
	}
	for _, f := range [][2]string{{"TLS_CERT", c.TLSCert}, {"TLS_KEY", c.TLSKey}} {
		if _, err := os.Stat(f[1]); f[1] != "" && err != nil {
			bad.Add(prefix+f[0], "error.config.tls_file", "path", f[1])
		}
	}
	for _, p := range c.TrustedProxies {
		if p.Bits() == 0 {
			bad.Add(prefix+"TRUSTED_PROXIES", "error.config.proxy_all", "value", p.String())
		}
	}
	switch {
	case c.TLS() && c.AllowPlainHTTP:
		bad.Add(prefix+"ALLOW_PLAIN_HTTP", "error.config.plain_and_tls")
	case !c.TLS() && !c.AllowPlainHTTP && len(c.TrustedProxies) == 0 && !Loopback(host):
		bad.Add(prefix+"ADDR", "error.config.plain_http", "value", c.Addr)
	}
}

// Loopback reports whether a host is this machine only. An empty host listens
// on all addresses, so it is not.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

var (
	databaseForm = regexp.MustCompile(`(?i)^postgres(ql)?://|(^|\s)host\s*=`)
	sslMode      = regexp.MustCompile(`(?i)(^|[?&\s])sslmode\s*=\s*\w`)
	urlUser      = regexp.MustCompile(`(?i)^postgres(?:ql)?://([^:/@?]+)(?::[^@]*)?@`)
	keyUser      = regexp.MustCompile(`(?i)(?:^|[?&\s])user\s*=\s*'?([^\s'&]+)`)
)

// databaseUser is the role a connection text signs in as, or empty.
func databaseUser(dsn string) string {
	for _, re := range []*regexp.Regexp{urlUser, keyUser} {
		if m := re.FindStringSubmatch(dsn); m != nil {
			return m[1]
		}
	}
	return ""
}

func (c Config) checkDatabase(bad *errs.Fields) {
	for _, f := range [][2]string{{"DATABASE_URL", c.DatabaseURL}, {"DATABASE_ADMIN_URL", c.DatabaseAdminURL}} {
		name, dsn := f[0], f[1]
		switch {
		case dsn == "":
		case !databaseForm.MatchString(dsn):
			bad.Add(prefix+name, "error.config.database_form", "name", prefix+name)
		case !sslMode.MatchString(dsn):
			bad.Add(prefix+name, "error.config.sslmode", "name", prefix+name)
		case databaseUser(dsn) == "":
			bad.Add(prefix+name, "error.config.database_user", "name", prefix+name)
		}
	}
	if c.ArchiveDir != "" && !c.Private() {
		bad.Add(prefix+"ARCHIVE_DIR", "error.config.archive_external")
	}
	switch {
	case c.DatabaseAdminURL != "" && c.DatabaseURL == "":
		bad.Add(prefix+"DATABASE_ADMIN_URL", "error.config.admin_alone")
	case c.DatabaseAdminURL != "" && databaseUser(c.DatabaseURL) == databaseUser(c.DatabaseAdminURL):
		bad.Add(prefix+"DATABASE_URL", "error.config.same_role", "role", databaseUser(c.DatabaseURL))
	}
}

// checkSessions bounds the session limits: beyond twelve hours idle or a day
// in all, an unattended office PC would stay signed in overnight.
func (c Config) checkSessions(bad *errs.Fields) {
	if c.SessionIdle < time.Minute || c.SessionIdle > 12*time.Hour {
		bad.Add(prefix+"SESSION_IDLE", "error.config.range", "from", time.Minute, "to", 12*time.Hour)
	}
	if c.SessionAbsolute < time.Minute || c.SessionAbsolute > 24*time.Hour {
		bad.Add(prefix+"SESSION_ABSOLUTE", "error.config.range", "from", time.Minute, "to", 24*time.Hour)
	} else if c.SessionIdle > c.SessionAbsolute {
		bad.Add(prefix+"SESSION_IDLE", "error.config.idle_over_absolute", "idle", c.SessionIdle, "absolute", c.SessionAbsolute)
	}
	oneOf(bad, "PASSWORD_PROFILE", string(c.PasswordProfile), string(MLPS), string(ASVS))
	oneOf(bad, "SECOND_FACTOR", string(c.SecondFactor), string(FactorRequired), string(FactorOptional))
	within(bad, "LOOKUP_DAILY_CAP", c.LookupDailyCap, 1, 1000)
	within(bad, "RESTRICTED_HIDE", c.RestrictedHide, 1, 100)
	within(bad, "PUBLIC_HIDE", c.PublicHide, c.RestrictedHide, 100)
	within(bad, "PUBLIC_ROUND", c.PublicRound, 0, 100)
}

func oneOf(bad *errs.Fields, name, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		bad.Add(prefix+name, "error.config.one_of", "value", v, "allowed", strings.Join(allowed, " | "))
	}
}

func within(bad *errs.Fields, name string, v, from, to int) {
	if v < from || v > to {
		bad.Add(prefix+name, "error.config.range", "from", from, "to", to)
	}
}
