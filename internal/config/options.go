package config

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

const (
	prefix   = "SHANHAI_"
	fileName = prefix + "CONFIG"
)

// option reads one value. Parse returns the message key of what is wrong with
// the spelling, or empty; whether values fit together is Validate's business.
type option struct {
	name   string // without prefix; the flag is the same in lower case with dashes
	def    string
	secret bool
	parse  func(c *Config, v string) string
}

// text, number and duration make the parsers of plain options.
func text(dst func(*Config) *string) func(*Config, string) string {
	return func(c *Config, v string) string { *dst(c) = v; return "" }
}

func number(dst func(*Config) *int) func(*Config, string) string {
	return func(c *Config, v string) string {
		n, err := strconv.Atoi(v)
		if err != nil {
			return "error.config.number"
		}
		*dst(c) = n
		return ""
	}
}

func duration(dst func(*Config) *time.Duration) func(*Config, string) string {
	return func(c *Config, v string) string {
		d, err := time.ParseDuration(v)
		if err != nil {
			return "error.config.duration"
		}
		*dst(c) = d
		return ""
	}
}

func boolean(dst func(*Config) *bool) func(*Config, string) string {
	return func(c *Config, v string) string {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return "error.config.bool"
		}
		*dst(c) = b
		return ""
	}
}

// options is the table of everything that can be set, in the order it is shown.
func options() []option {
	return []option{
		{name: "DATA_DIR", def: "./.shanhai", parse: text(func(c *Config) *string { return &c.DataDir })},
		{name: "ADDR", def: "127.0.0.1:8080", parse: text(func(c *Config) *string { return &c.Addr })},
		{name: "DATABASE_URL", secret: true, parse: text(func(c *Config) *string { return &c.DatabaseURL })},
		{name: "DATABASE_ADMIN_URL", secret: true, parse: text(func(c *Config) *string { return &c.DatabaseAdminURL })},
		{name: "PG_BIN", parse: text(func(c *Config) *string { return &c.PGBin })},
		{name: "TLS_CERT", parse: text(func(c *Config) *string { return &c.TLSCert })},
		{name: "TLS_KEY", parse: text(func(c *Config) *string { return &c.TLSKey })},
		{name: "TRUSTED_PROXIES", parse: proxies},
		{name: "ALLOW_PLAIN_HTTP", def: "false", parse: boolean(func(c *Config) *bool { return &c.AllowPlainHTTP })},
		{name: "SESSION_IDLE", def: "15m", parse: duration(func(c *Config) *time.Duration { return &c.SessionIdle })},
		{name: "SESSION_ABSOLUTE", def: "12h", parse: duration(func(c *Config) *time.Duration { return &c.SessionAbsolute })},
		{name: "PASSWORD_PROFILE", def: string(MLPS), parse: func(c *Config, v string) string { c.PasswordProfile = PasswordProfile(v); return "" }},
		{name: "SECOND_FACTOR", def: string(FactorRequired), parse: func(c *Config, v string) string { c.SecondFactor = SecondFactor(v); return "" }},
		{name: "LOOKUP_DAILY_CAP", def: "50", parse: number(func(c *Config) *int { return &c.LookupDailyCap })},
		{name: "RESTRICTED_HIDE", def: "4", parse: number(func(c *Config) *int { return &c.RestrictedHide })},
		{name: "PUBLIC_HIDE", def: "7", parse: number(func(c *Config) *int { return &c.PublicHide })},
		{name: "PUBLIC_ROUND", def: "5", parse: number(func(c *Config) *int { return &c.PublicRound })},
		{name: "LOG_LEVEL", def: "info", parse: text(func(c *Config) *string { return &c.LogLevel })},
		{name: "LOG_FORMAT", def: "text", parse: text(func(c *Config) *string { return &c.LogFormat })},
		{name: "WEB_CONNS", def: "16", parse: number(func(c *Config) *int { return &c.WebConns })},
		{name: "JOB_CONNS", def: "4", parse: number(func(c *Config) *int { return &c.JobConns })},
		{name: "BACKUP_KEEP", def: "14", parse: number(func(c *Config) *int { return &c.BackupKeep })},
		{name: "ARCHIVE_DIR", parse: text(func(c *Config) *string { return &c.ArchiveDir })},
		{name: "LANGUAGE", def: string(i18n.Chinese), parse: func(c *Config, v string) string { c.Language = i18n.Lang(v); return "" }},
		{name: "DEMO", def: "false", parse: boolean(func(c *Config) *bool { return &c.Demo })},
	}
}

// proxies reads addresses and networks, separated by commas or spaces.
func proxies(c *Config, v string) string {
	for _, s := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return "error.config.proxy"
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		c.TrustedProxies = append(c.TrustedProxies, p.Masked())
	}
	return ""
}

// flagName is the command-line flag of an option: DATA_DIR is data-dir.
func flagName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "-")) }

// FlagNames lists the flags [Load] understands, for the command line to offer.
func FlagNames() []string {
	var names []string
	for _, o := range options() {
		names = append(names, flagName(o.name))
	}
	return names
}
