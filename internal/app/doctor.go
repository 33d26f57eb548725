package app

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/policies"
)

// Grade says how bad a finding is.
type Grade string

// The grades. Only Bad makes doctor's exit code differ from 0.
const (
	Good Grade = "ok"
	Warn Grade = "warn"
	Bad  Grade = "bad"
)

// Finding is one thing doctor looked at: a short name, a sentence, and what to
// do, all as message keys.
type Finding struct {
	Name   string
	Grade  Grade
	Key    string
	Args   errs.Args
	Remedy string // message key; empty when all is well
	Err    error  // the error behind it, which brings its own sentence
}

// The limits doctor judges by.
const (
	diskBad    = 512 << 20      // below it a day's work may not fit
	diskWarn   = 5 << 30        //
	backupOld  = 48 * time.Hour // two nights without a backup
	certSoon   = 30 * 24 * time.Hour
	clockSlack = 5 * time.Minute // events written by another machine
)

// oldestClock is a day the clock of a working machine has long passed.
const oldestClock = 2026

// doctor collects the findings of one visit.
type doctor struct {
	cfg      config.Config
	opt      Options
	findings []Finding
}

// Doctor looks at everything the service stands on and names what is missing or
// wrong together with its remedy. It sets nothing up: on an empty data directory
// there is no database to judge.
func Doctor(ctx context.Context, cfg config.Config, opt Options) []Finding {
	d := &doctor{cfg: cfg, opt: opt.withDefaults()}
	d.programs()
	d.locale()
	d.dataDir()
	d.disk()
	d.tls()
	keys := d.keys()
	d.database(ctx, keys)
	d.backups()
	d.archive(keys)
	return d.findings
}

func (d *doctor) good(name, key string, pairs ...any) { d.say(name, Good, key, "", pairs...) }

func (d *doctor) say(name string, g Grade, key, remedy string, pairs ...any) {
	args := errs.Args{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	d.findings = append(d.findings, Finding{Name: "doctor.name." + name, Grade: g, Key: key, Args: args, Remedy: remedy})
}

// wrong is a finding that an error of the house explains; most say themselves
// what to do, for the others there is the remedy of the thing.
func (d *doctor) wrong(name string, err error) {
	e := errs.Of(err)
	f := Finding{Name: "doctor.name." + name, Grade: Bad, Key: e.Key, Args: e.Args, Remedy: "doctor." + name + ".remedy", Err: err}
	if len(e.Remedy) > 0 {
		f.Remedy = e.Remedy[0]
	}
	d.findings = append(d.findings, f)
}

// programs: the server, and the client programs of backup and shell.
func (d *doctor) programs() {
	bin, err := pgembed.FindBinaries(pgembed.Options{DataDir: d.cfg.DataDir, BinDir: d.cfg.PGBin})
	if err != nil && d.cfg.Private() {
		d.wrong("programs", err)
		return
	}
	t := tools{dir: bin.Dir}
	for _, p := range []string{"psql", "pg_dump", "pg_restore"} {
		if _, err := t.path(p); err != nil {
			d.wrong("programs", err)
			return
		}
	}
	d.good("programs", "doctor.programs.ok", "version", bin.Version, "dir", bin.Dir)
}

// locale: initdb asks the system for C.UTF-8, which minimal images leave out.
func (d *doctor) locale() {
	if !d.cfg.Private() {
		return
	}
	for _, dir := range []string{"/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8"} {
		if _, err := os.Stat(dir); err == nil {
			d.good("locale", "doctor.locale.ok")
			return
		}
	}
	out, err := exec.CommandContext(context.Background(), "locale", "-a").Output()
	known := strings.Contains(strings.ToLower(strings.ReplaceAll(string(out), "-", "")), "c.utf8")
	switch {
	case err != nil:
		d.say("locale", Warn, "doctor.locale.unknown", "doctor.locale.remedy")
	case !known:
		d.say("locale", Bad, "doctor.locale.missing", "doctor.locale.remedy")
	default:
		d.good("locale", "doctor.locale.ok")
	}
}

// dataDir: there, ours, writable, closed to others.
func (d *doctor) dataDir() {
	dir := d.cfg.DataDir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.say("data_dir", Warn, "doctor.data_dir.none", "doctor.data_dir.none.remedy", "dir", dir)
		return
	case err != nil || !info.IsDir():
		d.say("data_dir", Bad, "doctor.data_dir.not_folder", "doctor.data_dir.remedy", "dir", dir)
		return
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.say("data_dir", Bad, "doctor.data_dir.not_writable", "doctor.data_dir.remedy", "dir", dir)
		return
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
	if info.Mode().Perm()&0o066 != 0 {
		d.say("data_dir", Warn, "doctor.data_dir.open", "doctor.data_dir.open.remedy", "dir", dir, "mode", info.Mode().Perm())
		return
	}
	if _, err := os.Stat(filepath.Join(dir, unfinished)); err == nil {
		d.say("data_dir", Bad, "error.restore.unfinished", "remedy.restore.again", "dir", dir)
		return
	}
	d.good("data_dir", "doctor.data_dir.ok", "dir", dir)
}

func (d *doctor) disk() {
	dir := d.cfg.DataDir
	var fs syscall.Statfs_t
	for syscall.Statfs(dir, &fs) != nil {
		parent := filepath.Dir(dir)
		if parent == dir {
			return
		}
		dir = parent
	}
	free := int64(fs.Bavail) * int64(fs.Bsize) // #nosec G115 -- blocks of a disk
	mb := free >> 20
	switch {
	case free < diskBad:
		d.say("disk", Bad, "doctor.disk.full", "doctor.disk.remedy", "mb", mb)
	case free < diskWarn:
		d.say("disk", Warn, "doctor.disk.low", "doctor.disk.remedy", "mb", mb)
	default:
		d.good("disk", "doctor.disk.ok", "gb", free>>30)
	}
}

// tls: certificate and key fit and hold for a while; plain http is named.
func (d *doctor) tls() {
	if !d.cfg.TLS() {
		if d.cfg.AllowPlainHTTP && len(d.cfg.TrustedProxies) == 0 {
			d.say("tls", Warn, "doctor.tls.plain", "doctor.tls.plain.remedy")
		}
		return
	}
	end, err := certificateEnd(d.cfg.TLSCert, d.cfg.TLSKey)
	day := clock.DateOf(end.In(clock.Shanghai))
	switch left := end.Sub(d.opt.Clock.Now()); {
	case err != nil:
		d.say("tls", Bad, "doctor.tls.broken", "doctor.tls.remedy", "path", d.cfg.TLSCert, "detail", err)
	case left <= 0:
		d.say("tls", Bad, "doctor.tls.expired", "doctor.tls.remedy", "day", day)
	case left < certSoon:
		d.say("tls", Warn, "doctor.tls.soon", "doctor.tls.remedy", "day", day)
	default:
		d.good("tls", "doctor.tls.ok", "day", day)
	}
}

// keys: there, readable by us only, and on paper.
func (d *doctor) keys() *seal.Keyring {
	keys, err := seal.Load(d.cfg.DataDir)
	switch {
	case errs.Is(err, errs.NotFound) && d.cfg.Private() && !clusterThere(d.cfg.DataDir):
		return nil // nothing was set up yet; the data directory says so
	case err != nil:
		d.wrong("keys", err)
		return nil
	}
	d.paper(keys)
	return keys
}

// paper: who holds the keys on paper.
func (d *doctor) paper(keys *seal.Keyring) {
	held := keys.Holdings(d.cfg.DataDir)
	switch {
	case len(held) == 0:
		d.say("keys", Warn, "doctor.keys.no_paper", "doctor.keys.paper.remedy")
	case !keys.Confirmed(d.cfg.DataDir):
		d.say("keys", Warn, "doctor.keys.one_half", "doctor.keys.half.remedy", "sheet", held[0].Sheet, "holder", held[0].Holder, "other", 3-held[0].Sheet)
	case held[0].Sheet == seal.Whole:
		d.good("keys", "doctor.keys.ok", "fingerprint", keys.Fingerprint())
	default:
		d.good("keys", "doctor.keys.halves", "fingerprint", keys.Fingerprint(), "one", held[0].Holder, "other", held[1].Holder)
	}
}

// database: answers, is at this binary's level, the service's role has no more
// rights than it should, and no event lies in the future.
func (d *doctor) database(ctx context.Context, keys *seal.Keyring) {
	now := d.opt.Clock.Now()
	if now.Year() < oldestClock {
		d.say("clock", Bad, "doctor.clock.old", "doctor.clock.remedy", "now", now.In(clock.Shanghai).Format("2006-01-02 15:04"))
	}
	if d.cfg.Private() && !clusterThere(d.cfg.DataDir) {
		d.say("database", Warn, "doctor.database.none", "doctor.database.none.remedy")
		return
	}
	db, err := OpenDatabase(ctx, d.cfg, d.opt.Log)
	if err != nil {
		d.wrong("database", err)
		return
	}
	defer db.Close(context.WithoutCancel(ctx))
	level, err := store.SchemaLevel(ctx, db.schemaDSN())
	if err != nil {
		d.wrong("database", err)
		return
	}
	switch {
	case level.Have > level.Want:
		d.say("schema", Bad, "error.database.newer", "doctor.schema.newer.remedy", "have", level.Have, "want", level.Want)
	case !level.Current():
		d.say("schema", Bad, "error.database.old", "doctor.schema.remedy", "have", level.Have, "want", level.Want)
	default:
		d.good("schema", "doctor.schema.ok", "level", level.Have)
	}
	d.role(ctx, db, keys)
	state, err := store.StateOf(ctx, db.schemaDSN())
	if err != nil {
		d.wrong("database", err)
		return
	}
	d.summary(state.Summary)
	d.catalogue(ctx, db)
	if keys == nil && state.Accounts {
		d.say("keys", Bad, "error.key.lost", "remedy.key.import", "path", seal.Path(d.cfg.DataDir))
	}
	if state.LastSeen.After(now.Add(clockSlack)) {
		d.say("clock", Bad, "doctor.clock.behind", "doctor.clock.remedy", "now", now.In(clock.Shanghai).Format("2006-01-02 15:04"),
			"seen", state.LastSeen.In(clock.Shanghai).Format("2006-01-02 15:04"))
		return
	}
	d.good("clock", "doctor.clock.ok", "now", now.In(clock.Shanghai).Format("2006-01-02 15:04"))
}

// summary says whether the latest comparison of summary rows with the records
// found them equal.
func (d *doctor) summary(s store.SummaryState) {
	if s.At == nil {
		d.good("summary", "doctor.summary.none")
		return
	}
	at := s.At.In(clock.Shanghai).Format("2006-01-02 15:04")
	if s.Faults > 0 {
		d.say("summary", Bad, "doctor.summary.faults", "doctor.summary.remedy", "parts", s.Faults, "at", at)
		return
	}
	d.good("summary", "doctor.summary.ok", "at", at)
}

// catalogue says whether the walls of the database still stand: row security, the
// rights of the service's role, and a line in the register for each column.
func (d *doctor) catalogue(ctx context.Context, db *Database) {
	flaws, err := store.LintCatalogue(ctx, db.schemaDSN())
	if err != nil {
		d.wrong("catalogue", err)
		return
	}
	if len(flaws) > 0 {
		d.say("catalogue", Bad, "doctor.catalogue.flaws", "doctor.catalogue.remedy", "n", len(flaws), "rule", flaws[0].Label(), "first", flaws[0].Object)
		return
	}
	register, err := dataclass.Parse(policies.Columns)
	if err != nil {
		d.wrong("catalogue", err)
		return
	}
	columns, tables := register.Size()
	d.good("catalogue", "doctor.catalogue.ok", "columns", columns, "tables", tables)
}

// role opens the database the way the service does.
func (d *doctor) role(ctx context.Context, db *Database, keys *seal.Keyring) {
	s, err := store.Open(ctx, store.Options{DSN: db.AppDSN, Clock: d.opt.Clock, Keys: keys, Log: d.opt.Log, Web: 2, Jobs: 1})
	if err != nil {
		d.wrong("role", err)
		return
	}
	_ = s.Close()
	d.good("role", "doctor.role.ok")
}

// backups: of a private database there is one from the last two nights.
func (d *doctor) backups() {
	if !d.cfg.Private() {
		d.good("backup", "doctor.backup.external")
		return
	}
	if !clusterThere(d.cfg.DataDir) {
		return
	}
	kept, err := ListBackups(BackupDir(d.cfg.DataDir))
	if err != nil {
		d.wrong("backup", err)
		return
	}
	if len(kept) == 0 {
		d.say("backup", Warn, "doctor.backup.none", "doctor.backup.remedy")
		return
	}
	made := kept[0].MadeAt
	grade, key, remedy := Good, "doctor.backup.ok", ""
	if d.opt.Clock.Now().Sub(made) > backupOld {
		grade, key, remedy = Warn, "doctor.backup.old", "doctor.backup.remedy"
	}
	d.say("backup", grade, key, remedy, "at", made.In(clock.Shanghai).Format("2006-01-02 15:04"), "file", kept[0].File)
}
