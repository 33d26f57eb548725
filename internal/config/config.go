// Package config holds the typed options of the service and is the only reader
// of the environment.
//
// An option comes, in falling order, from a command-line flag, the environment
// (SHANHAI_*), the file named by SHANHAI_CONFIG, or its default. The defaults
// run everything on one machine without internet. What cannot work together is
// refused at start with one sentence per option, never discovered later.
package config

import (
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// PasswordProfile is a set of password rules.
type PasswordProfile string

// The profiles: classified protection (等保: ten characters, three classes,
// changed every 90 days), or OWASP ASVS (fifteen characters, no classes, no
// expiry).
const (
	MLPS PasswordProfile = "mlps"
	ASVS PasswordProfile = "asvs"
)

// SecondFactor says whether everybody has to have one.
type SecondFactor string

// Required leads whoever has none to it right after signing in, before anything
// else; optional leaves it to each person.
const (
	FactorRequired SecondFactor = "required"
	FactorOptional SecondFactor = "optional"
)

// Config is every option, checked.
type Config struct {
	DataDir string // files, private database, keys
	Addr    string // host:port the service listens on

	DatabaseURL      string // empty: the private PostgreSQL
	DatabaseAdminURL string // owner of the schema, for migrate only
	PGBin            string // folder of the PostgreSQL server binaries; empty: searched

	TLSCert, TLSKey string
	TrustedProxies  []netip.Prefix // whose X-Forwarded-* headers count
	AllowPlainHTTP  bool           // plain http beyond this machine, with a banner

	SessionIdle     time.Duration
	SessionAbsolute time.Duration
	PasswordProfile PasswordProfile
	SecondFactor    SecondFactor
	LookupDailyCap  int // person look-ups by full number, per account and day

	RestrictedHide int // counts from 1 to this are hidden from partners
	PublicHide     int // likewise from the public
	PublicRound    int // and the others rounded to multiples of this

	LogLevel  string // debug, info, warn, error
	LogFormat string // text, json

	WebConns int // connections of the pool that serves people
	JobConns int // connections of the pool that runs jobs

	BackupKeep int    // daily backups kept, and base backups with the log since
	ArchiveDir string // folder of the log's archive, better on another disk; empty: none
	Language   i18n.Lang
	Demo       bool // invented people, banner, demo sign-ins

	settings []Setting
}

// Private reports whether the service runs its own PostgreSQL.
func (c Config) Private() bool { return c.DatabaseURL == "" }

// TLS reports whether the service itself speaks https.
func (c Config) TLS() bool { return c.TLSCert != "" }

// Origin says where an option's value came from.
type Origin string

// The origins.
const (
	FromDefault Origin = "default"
	FromFile    Origin = "file"
	FromEnv     Origin = "environment"
	FromFlag    Origin = "flag"
)

// Setting is one effective option as `config print` shows it; secrets are
// already hidden.
type Setting struct {
	Name   string
	Value  string
	Origin Origin
}

// Settings lists the effective options in a fixed order, secrets hidden.
func (c Config) Settings() []Setting { return append([]Setting(nil), c.settings...) }

// Getenv reads the process environment, for [Load] and for the few callers that
// pass variables on to child processes.
func Getenv(name string) string { return os.Getenv(name) }

// Environ lists the names of the SHANHAI_ variables that are set, for [Unknown].
func Environ() []string {
	var names []string
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}
