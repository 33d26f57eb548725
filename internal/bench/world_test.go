package bench

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	caseCode  = "BN" // starts the case numbers of the measured partnership
	hospitals = 40
	clients   = 16 // connections, each at a hospital of its own
)

// world is the service on a durable private database, with the measured
// partnership in it.
type world struct {
	t       *testing.T
	dir     string
	app     *app.App
	dsn     string // the application's role
	super   *sql.DB
	pid     int // of PostgreSQL
	url     string
	http    *http.Client
	stop    func()
	size    int
	each    int      // person-times with an operation, of everybody
	made    string   // how long the people took
	summed  string   // and the summary rows of what was done to them
	place   ident.ID // the partnership
	orgs    []ident.ID
	who     []user.Principal // registrars, one per client
	tokens  []string
	people  []known
	given   map[string]bool // slip codes, by hospital
	names   map[string]nameForms
	fixed   map[string]bool
	scripts *recorder
}

// known is what is asked for of a person. It holds no pointers: millions of them would
// be walked by every collection of garbage, on the cores that are measured.
type known struct {
	file, care ident.ID
	slip       [6]byte
}

// caseOf are a person's case and its treatment.
func (w *world) caseOf(n int) [2]string {
	return [2]string{w.people[n].file.String(), w.people[n].care.String()}
}

func (w *world) slipOf(n int) string { return string(w.people[n].slip[:]) }

// quiet is a configuration on a folder, with a free port of this machine.
func quiet(t testing.TB, dir string) config.Config {
	t.Helper()
	cfg, err := config.Load(func(string) string { return "" }, map[string]string{"data-dir": dir, "addr": "127.0.0.1:0", "log-level": "error", "second-factor": "optional"})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func options() app.Options {
	return app.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), Version: "bench"}
}

// operations is how many everybody has: one, or SHANHAI_TEST_BENCH_OPERATIONS.
func operations(t *testing.T) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("SHANHAI_TEST_BENCH_OPERATIONS"), "1"))
	if err != nil || n < 1 || n > 20 {
		t.Fatalf("SHANHAI_TEST_BENCH_OPERATIONS is %d: %v", n, err)
	}
	return n
}

// newWorld opens the service in dir, makes the partnership with its people, and
// serves.
func newWorld(t *testing.T, dir string, size int) *world {
	t.Helper()
	w := &world{t: t, dir: dir, size: size, each: operations(t), place: ident.New(), fixed: map[string]bool{ident.Nil.String(): true}, names: map[string]nameForms{}}
	w.open()
	w.settle()
	begin, work := time.Now(), cpu(w.pid)
	w.fillIn()
	w.made = fmt.Sprintf("%s, CPU %s", time.Since(begin).Round(100*time.Millisecond), (cpu(w.pid) - work).Round(100*time.Millisecond))
	w.must(w.super.Close())
	w.app.Close()
	syscall.Sync() // it was filled without: what the kernel still holds would be written beside what is measured
	w.open()       // at each start PostgreSQL gets memory as its database is large
	w.noBackupDue()
	w.serve()
	w.summed = w.summarise()
	w.night()
	w.scripts = newRecorder(t, t.TempDir(), w.dsn)
	return w
}

// open starts the service's database.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.app, err = app.Open(w.t.Context(), quiet(w.t, w.dir), options())
	w.must(err)
	server, err := pgembed.Attach(w.dir)
	w.must(err)
	w.pid, w.dsn = server.PID(), server.DSN(pgembed.AppRole, pgembed.Database)
	w.super = openPool(w.t, server.SuperDSN(pgembed.Database), 2)
}

// noBackupDue puts an empty file where today's backup would lie: the first one of a
// new service is made after ten minutes, beside what is measured.
func (w *world) noBackupDue() {
	w.t.Helper()
	dir := app.BackupDir(w.dir)
	w.must(os.MkdirAll(dir, 0o700))
	w.must(os.WriteFile(filepath.Join(dir, time.Now().UTC().Format("shanhai-20060102T150405Z-")+app.BackupDaily+".backup"), nil, 0o600))
	if kept, err := app.ListBackups(dir); err != nil || len(kept) != 1 {
		w.t.Fatalf("the empty backup is not taken for one: %d, %v", len(kept), err)
	}
}

// night does what a service does once a night: beside what is measured it would come
// ten minutes after the start.
func (w *world) night() {
	w.t.Helper()
	if _, _, err := w.app.Services.Doubts.Nightly(context.Background(), w.place); err != nil {
		w.t.Fatal(err)
	}
	_, _, err := w.app.Services.Funding.CheckBooks(context.Background(), w.place)
	w.must(err)
}

// must is for what only fails when the bench itself is wrong.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) do(in ident.ID, fn func(*store.Tx) error) {
	w.t.Helper()
	w.must(w.app.DB.InTx(context.Background(), authz.System("bench").In(in), func(tx *store.Tx) error {
		tx.NoAudit("making data to measure on")
		return fn(tx)
	}, store.Background()))
}

// partner makes a partnership of the given hospitals.
func (w *world) partner(id ident.ID, code string) {
	w.t.Helper()
	opened := clock.MustDate(2020, 1, 1)
	w.do(ident.Nil, func(tx *store.Tx) error {
		p := partnership.Partnership{ID: id, Code: code, Name: "测速协作" + code, ReceivingRegion: region, ReceivingName: "云岭区", DonorRegion: "379900", DonorName: "澜港市", OpenedOn: opened}
		if err := tx.InsertPartnership(p); err != nil {
			return err
		}
		for _, o := range w.orgs {
			if err := tx.InsertMember(partnership.Member{PartnershipID: id, OrganisationID: o, Side: user.SideReceiving, From: opened}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) settle() {
	w.t.Helper()
	w.do(ident.Nil, func(tx *store.Tx) error {
		for i := range hospitals {
			o := partnership.Organisation{ID: ident.New(), Code: fmt.Sprintf("BN-%02d", i), Name: hospitalName(i), Kind: partnership.Hospital, RegionCode: region}
			w.orgs = append(w.orgs, o.ID)
			if err := tx.InsertOrganisation(o); err != nil {
				return err
			}
		}
		return nil
	})
	w.partner(w.place, caseCode)
	var accs []user.Account
	w.do(ident.Nil, func(tx *store.Tx) error {
		for i := range clients {
			a := user.Account{ID: ident.New(), Username: fmt.Sprintf("bench-%02d", i), DisplayName: "登记员", OrganisationID: w.orgs[i], Language: i18n.Chinese,
				PasswordHash: "none", PasswordChangedAt: tx.Now()}
			if err := tx.InsertAccount(a); err != nil {
				return err
			}
			if err := tx.InsertAssignment(user.Assignment{ID: ident.New(), Account: a.ID, Role: user.Registrar, ScopeKind: user.ScopeHospital, ScopeID: w.orgs[i],
				PartnershipID: w.place, From: clock.MustDate(2020, 1, 1)}); err != nil {
				return err
			}
			accs = append(accs, a)
		}
		return nil
	})
	w.must(w.app.Policy.Reload(context.Background()))
	for i, a := range accs {
		made, err := w.app.Services.Accounts.CreateTokenFor(context.Background(), authz.System("bench"), a.ID, w.place, accounts.NewToken{Name: "bench", Life: 24 * time.Hour,
			Scopes: []authz.Permission{authz.PersonRead, authz.PersonRegister, authz.PersonLookup, authz.CaseRead, authz.CaseOpen, authz.TreatmentRead}})
		w.must(err)
		who, err := w.app.Services.Accounts.Bearer(context.Background(), made.Secret)
		w.must(err)
		w.tokens, w.who = append(w.tokens, made.Secret), append(w.who, who)
		w.fix(a.ID, w.orgs[i])
	}
	w.fix(w.place)
}

func hospitalName(i int) string { return fmt.Sprintf("云岭区第%d人民医院", i+1) }

func (w *world) fix(ids ...ident.ID) {
	for _, id := range ids {
		w.fixed[id.String()] = true
	}
}

// serve lets the service listen, with all its background work.
func (w *world) serve() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- w.app.Serve(ctx, func(url string) { ready <- url }) }()
	select {
	case w.url = <-ready:
	case err := <-done:
		w.t.Fatal(err)
	}
	w.http = newClient(clients)
	stopped := false
	w.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			<-done
			w.app.Close()
		}
	}
	w.t.Cleanup(w.stop)
}

// newClient keeps as many connections open as there are workers.
func newClient(n int) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n, DisableCompression: true}}
}

// ask sends one request with a worker's token and reads the whole answer.
func ask(c *http.Client, r *http.Request, token string, want int) ([]byte, error) {
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %d %s", r.Method, r.URL.Path, resp.StatusCode, raw)
	}
	return raw, err
}

func (w *world) get(worker int, path string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
	if err != nil {
		return nil, err
	}
	return ask(w.http, r, w.tokens[worker], http.StatusOK)
}

// sealed waits until the sealer has linked every read: its work belongs to the
// operations that were measured, and must not run into the next measurement.
func (w *world) sealed() {
	for waiting := 1; waiting > 0; {
		if err := w.super.QueryRow(`select count(*) from (select 1 from audit_pending limit 1) p`).Scan(&waiting); err != nil {
			w.t.Error(err)
			return
		}
		if waiting > 0 {
			<-time.After(20 * time.Millisecond)
		}
	}
}

// at is the hospital of a person, and so whose client may read it.
func at(person int) int { return person % hospitals }

// mine is the n-th person at a client's hospital.
func (w *world) mine(worker, n int) int {
	each := w.size / hospitals
	return n%each*hospitals + worker
}

// scratch is a folder for files of the bench, on the disk of the database.
func scratch(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
