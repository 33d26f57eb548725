package faults

import (
	"context"
	"database/sql"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// site is a place the service is served at: a durable PostgreSQL, a link to it,
// people with tokens, and nodes.
type site struct {
	*servicetest.World
	t      *testing.T
	set    settings
	dir    string // everything of the site
	data   string // data directory of the nodes: keys and attachments
	server *pgembed.Server
	link   *link
	binary string
	super  *sql.DB
	fund   ident.ID
	nodes  []*node

	registrar, clerk, chief string // tokens
	registrarID             ident.ID
}

// place is a folder of the harness that is removed at its end. It lies outside of
// the test's own, whose names are too long for sockets.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", workName)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the server runs as another account
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// quietLog keeps what pgembed tells about kills that were meant.
func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newSite makes a site on a database server in a folder below dir.
func newSite(t *testing.T, set settings) *site {
	t.Helper()
	dir := place(t)
	return siteIn(t, set, siteOptions{dir: dir, db: filepath.Join(dir, "db")})
}

// siteOptions say where a site lies.
type siteOptions struct {
	dir, db string      // folder of the site and of its database
	change  func(*site) // done to the files of the stopped database before anybody uses it
}

// siteIn makes a site whose database lies in a folder of its own.
func siteIn(t *testing.T, set settings, o siteOptions) *site {
	t.Helper()
	s := &site{t: t, set: set, dir: o.dir, data: filepath.Join(o.dir, "data")}
	s.binary = set.binary(t)
	s.openDatabase(o)
	s.link = newLink(t, func() (string, string) {
		return "unix", filepath.Join(s.server.SocketDir(), ".s.PGSQL."+strconv.Itoa(s.server.Port()))
	})
	s.settle()
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) openDatabase(o siteOptions) {
	s.t.Helper()
	ctx := context.Background()
	s.launchDatabase(o.db)
	if o.change != nil {
		s.must(s.server.StopClean(ctx))
		o.change(s)
		s.launchDatabase(o.db)
	}
	server := s.server
	s.t.Cleanup(func() {
		_ = server.Stop(context.Background())
		if _, err := os.Stat(server.SocketDir()); !os.IsNotExist(err) {
			s.t.Errorf("the socket folder %s is left: %v", server.SocketDir(), err)
		}
	})
	s.must(s.server.Prepare(ctx))
	s.must(os.MkdirAll(s.data, 0o700))
	tool := newNode(s.t, s.binary, "SHANHAI_DATA_DIR="+s.data, "SHANHAI_DATABASE_URL="+s.server.DSN(pgembed.AppRole, pgembed.Database),
		"SHANHAI_DATABASE_ADMIN_URL="+s.server.DSN(pgembed.OwnerRole, pgembed.Database))
	if code, said := tool.run(ctx, "migrate"); code != 0 {
		s.t.Fatalf("migrate: %d %s", code, said)
	}
	super, err := sql.Open("postgres", s.server.SuperDSN(pgembed.Database))
	s.must(err)
	s.super = super
	s.super.SetMaxOpenConns(3)
	s.t.Cleanup(func() { _ = s.super.Close() })
}

func (s *site) launchDatabase(dir string) {
	s.t.Helper()
	var err error
	s.server, err = pgembed.Start(context.Background(), pgembed.Options{DataDir: dir, Log: quietLog(), MaxConnections: 120})
	s.must(err)
}

// settle makes partnership, people and their tokens.
func (s *site) settle() {
	s.t.Helper()
	dsn := func(role string) string { return s.server.DSN(role, pgembed.Database) }
	s.World = servicetest.On(s.t, &pgtest.Database{Name: pgembed.Database, OwnerDSN: dsn(pgembed.OwnerRole), AppDSN: dsn(pgembed.AppRole), SuperDSN: dsn(pgembed.SuperRole)}, s.data)
	s.Clock.Set(clock.System{}.Now())
	s.fund = s.Fund(1_000_000_000_00).ID
	registrar := s.Registrar(servicetest.Mountain)
	s.registrarID = registrar.AccountID
	s.registrar = s.token(registrar, authz.PersonRead, authz.PersonRegister, authz.PersonLookup, authz.CaseRead, authz.CaseOpen, authz.TreatmentRead)
	s.clerk = s.token(s.Finance(servicetest.Mountain), authz.PersonRead, authz.ApprovalRead, authz.ApprovalRequest, authz.SettlementRead, authz.SettlementSettle, authz.FundRead)
	s.chief = s.token(s.Approver(), authz.PersonRead, authz.ApprovalRead, authz.ApprovalDecide, authz.FundRead, authz.FundDeposit, authz.LedgerRead)
}

// token is a bearer token of a person.
func (s *site) token(who user.Principal, scopes ...authz.Permission) string {
	s.t.Helper()
	acc := accounts.New(accounts.Deps{DB: s.DB, Policy: s.Policy, Clock: s.Clock, Log: s.Log, Hasher: seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 1)})
	made, err := acc.CreateTokenFor(context.Background(), authz.System("faults"), who.AccountID, who.PartnershipID,
		accounts.NewToken{Name: "faults", Scopes: scopes, Life: 48 * time.Hour})
	s.must(err)
	return made.Secret
}

// address is how a node reaches the database through the link.
func (s *site) address() string {
	return "host=127.0.0.1 port=" + strconv.Itoa(s.link.port()) + " user=" + pgembed.AppRole + " dbname=" + pgembed.Database + " sslmode=disable"
}

// node adds a serving process to the site and starts it.
func (s *site) node(binary string, env ...string) *node {
	s.t.Helper()
	n := newNode(s.t, binary, append([]string{"SHANHAI_DATA_DIR=" + s.data, "SHANHAI_DATABASE_URL=" + s.address()}, env...)...)
	n.start()
	s.nodes = append(s.nodes, n)
	return n
}

// random is the source of one worker's decisions.
func (s *site) random(worker uint64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(s.set.seed), worker))
}

// pgOpen opens a database behind row security.
func pgOpen(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
