package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/web"
)

// darkProxy forwards connections until it goes dark: then it takes every byte
// and gives none, like a network whose route has gone.
type darkProxy struct {
	net.Listener
	target func() (net.Conn, error)
	dark   atomic.Bool
}

var dsnHost = regexp.MustCompile(`host='?([^' ]+)'? port=(\d+)`)

// throughDark is an address of the database that leads through a proxy.
func throughDark(t *testing.T, dsn string) (*darkProxy, string) {
	t.Helper()
	m := dsnHost.FindStringSubmatch(dsn)
	if m == nil {
		t.Fatal("no host in the test's address")
	}
	network, address := "tcp", net.JoinHostPort(m[1], m[2])
	if strings.HasPrefix(m[1], "/") {
		network, address = "unix", m[1]+"/.s.PGSQL."+m[2]
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &darkProxy{Listener: ln, target: func() (net.Conn, error) { return net.Dial(network, address) }}
	t.Cleanup(func() { _ = ln.Close() })
	go p.serve()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return p, strings.Replace(dsn, m[0], "host=127.0.0.1 port="+port, 1)
}

func (p *darkProxy) serve() {
	for {
		from, err := p.Accept()
		if err != nil {
			return
		}
		to, err := p.target()
		if err != nil {
			_ = from.Close()
			continue
		}
		go p.copy(to, from)
		go p.copy(from, to)
	}
}

func (p *darkProxy) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if p.dark.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// A link that gives a byte now and then never meets the limit of a single read:
// the work ends with its context all the same, and the connection with it.
func TestASlowNetworkEndsWithTheContext(t *testing.T) {
	proxy, dsn := throughDark(t, pgtest.DB(t).AppDSN)
	web, err := newPool(dsn, time.Minute, 4, &fence{})
	if err != nil {
		t.Fatal(err)
	}
	defer web.db.Close()
	db := &DB{web: web, jobs: web, clock: clock.System{}, log: slog.New(slog.DiscardHandler)}
	idle := func(tx *Tx) error { tx.NoAudit("test"); return nil }
	if err := db.InTx(t.Context(), user.NewSystem("test"), idle); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := clock.System{}.Now()
	err = db.InTx(ctx, user.NewSystem("test"), func(tx *Tx) error {
		tx.NoAudit("test")
		proxy.dark.Store(true)
		_, err := tx.Installation()
		return err
	})
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("slow network: %v", err)
	}
	took := clock.System{}.Now().Sub(began)
	if took > 20*time.Second { // without the context it would be a minute
		t.Errorf("gave up after %v", took)
	}
	proxy.dark.Store(false)
	if err := db.InTx(t.Context(), user.NewSystem("test"), idle); err != nil {
		t.Errorf("after the network came back: %v", err)
	}
}

// The driver alone would wait for ever on a network that swallows packets.
func TestADarkNetworkEndsARequestInTime(t *testing.T) {
	proxy, dsn := throughDark(t, pgtest.DB(t).AppDSN)
	const limit = 500 * time.Millisecond
	web, err := newPool(dsn, limit, 4, &fence{})
	if err != nil {
		t.Fatal(err)
	}
	defer web.db.Close()
	db := &DB{web: web, jobs: web, clock: clock.System{}, log: slog.New(slog.DiscardHandler)}
	who := user.NewSystem("test")
	began := clock.System{}.Now()
	err = db.InTx(t.Context(), who, func(tx *Tx) error {
		tx.NoAudit("test")
		proxy.dark.Store(true)
		_, err := tx.Installation()
		return err
	})
	took := clock.System{}.Now().Sub(began)
	if !errs.Is(err, errs.Unavailable) || errs.Of(err).Key != "error.database.unreachable" {
		t.Errorf("dark network: %v", err)
	}
	if took > 4*(limit+networkMargin) { // the statement, and giving the connection back
		t.Errorf("gave up after %v", took)
	}
	proxy.dark.Store(false)
	if err := db.InTx(t.Context(), who, func(tx *Tx) error { tx.NoAudit("test"); return nil }); err != nil {
		t.Errorf("after the network came back: %v", err)
	}
}

// An address may name several hosts: the one that answers is used, and each can
// be asked alone.
func TestOfSeveralHostsTheOneThatAnswersIsUsed(t *testing.T) {
	_, dsn := throughDark(t, pgtest.DB(t).AppDSN)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, closed, _ := net.SplitHostPort(gone.Addr().String())
	_ = gone.Close()
	m := dsnHost.FindStringSubmatch(dsn)
	both := strings.Replace(dsn, m[0], fmt.Sprintf("host=%s,%s port=%s,%s", m[1], m[1], closed, m[2]), 1)
	db, err := Open(t.Context(), Options{DSN: both, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.InTx(t.Context(), user.NewSystem("test"), func(tx *Tx) error { tx.NoAudit("test"); return nil }); err != nil {
		t.Error(err)
	}
	for address, want := range map[string]int{dsn: 1, both: 3} { // the whole address, and each host where there are several
		all, err := connectorsOf(address, deadlineDialer{limit: time.Second})
		if err != nil || len(all) != want {
			t.Errorf("%d connectors, %v; want %d", len(all), err, want)
		}
	}
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	_ = ln.Close()
	_, err = Open(t.Context(), Options{DSN: "host=127.0.0.1 port=" + port + " user=shanhai_app dbname=x sslmode=disable", Clock: clock.System{}})
	if !errs.Is(err, errs.Unavailable) {
		t.Error(err)
	}
}

func TestEveryFailureOfTheDriverHasItsKind(t *testing.T) {
	code := func(c string) error { return &pq.Error{Code: pqerror.Code(c)} }
	for _, c := range []struct {
		err  error
		kind errs.Kind
		key  string
	}{
		{code("23505"), errs.Conflict, "error.conflict"},
		{&pq.Error{Code: "23505", Constraint: "casefile_one_open"}, errs.Conflict, "error.case.open_exists"},
		{&pq.Error{Code: "23505", Constraint: "casefile_one_open_102042"}, errs.Conflict, "error.case.open_exists"},
		{&pq.Error{Code: "23505", Message: `duplicate key value violates unique constraint "registration_once_102008"`}, errs.Conflict, "error.registration.exists"},
		{code("23503"), errs.Precondition, "error.reference"},
		{code("23514"), errs.Precondition, "error.constraint"},
		{&pq.Error{Code: "23514", Constraint: "ledger_account_not_negative"}, errs.Precondition, "error.fund.insufficient_now"},
		{&pq.Error{Code: "23514", Constraint: "ledger_transfer_balances"}, errs.Precondition, "error.ledger.unbalanced"},
		{code("40001"), errs.Unavailable, "error.database.busy"},
		{code("40P01"), errs.Unavailable, "error.database.busy"},
		{code("55P03"), errs.Unavailable, "error.database.busy"},
		{code("53300"), errs.Unavailable, "error.database.busy"},
		{code("57P01"), errs.Unavailable, "error.database.busy"},
		{code("57014"), errs.Unavailable, "error.database.slow"},
		{code("53100"), errs.Unavailable, "error.database.disk_full"},
		{code("22021"), errs.Invalid, "error.text.encoding"},
		{code("22P05"), errs.Invalid, "error.text.encoding"},
		{code("42501"), errs.Internal, "error.internal"},
		{code("42P01"), errs.Internal, "error.internal"},
		{sql.ErrNoRows, errs.NotFound, "error.not_found"},
		{driver.ErrBadConn, errs.Unavailable, "error.database.unreachable"},
		{io.ErrUnexpectedEOF, errs.Unavailable, "error.database.unreachable"},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, errs.Unavailable, "error.database.unreachable"},
		{context.DeadlineExceeded, errs.Unavailable, "error.database.unreachable"},
		{errors.New("a fault"), errs.Internal, "error.internal"},
		{fmt.Errorf("while: %w", errs.New(errs.Stale, "error.stale", nil)), errs.Stale, "error.stale"},
	} {
		got := mapError(context.Background(), c.err)
		if !errs.Is(got, c.kind) || errs.Of(got).Key != c.key {
			t.Errorf("%v: %v, wanted %s %s", c.err, got, c.kind, c.key)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if got := mapError(gone, code("57014")); !errs.Is(got, errs.Canceled) {
		t.Errorf("the caller left: %v", got)
	}
	late, stop := context.WithTimeout(context.Background(), 0)
	defer stop()
	if got := mapError(late, sql.ErrTxDone); !errs.Is(got, errs.Unavailable) {
		t.Errorf("the time ran out between two statements: %v", got)
	}
	if got := mapError(context.Background(), sql.ErrTxDone); !errs.Is(got, errs.Internal) {
		t.Errorf("a transaction that was ended too early: %v", got)
	}
	if mapError(gone, nil) != nil || mapError(gone, errs.New(errs.Forbidden, "x", nil)).(*errs.Error).Kind != errs.Forbidden {
		t.Error("an answer of the house is replaced because the caller left")
	}
}

// A renamed constraint would silently lose its sentence.
func TestEveryNamedConstraintExistsAndHasASentence(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	texts, err := fs.Sub(web.FS, "i18n")
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := i18n.Load(texts)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range constraintKeys {
		var exists bool
		if err := db.QueryRow(`select exists (select 1 from pg_constraint where conname = $1) or exists (select 1 from pg_class where relname = $1 and relkind = 'i')
			or exists (select 1 from pg_trigger where tgname = $1)`, name).Scan(&exists); err != nil || !exists {
			t.Errorf("no constraint %s: %v", name, err)
		}
		if got := catalogue.Printer(i18n.Chinese).T(key); got == "" || got == key {
			t.Errorf("%s has no sentence %s", name, key)
		}
	}
}

func TestLimitsReachBothFormsOfAnAddress(t *testing.T) {
	for _, dsn := range []string{"host=/run/x user=a sslmode=disable", "postgres://a:b@h1,h2/db?sslmode=verify-full"} {
		got := withLimits(dsn, webStatement)
		for _, want := range []string{"binary_parameters=yes", "statement_timeout=15000", "lock_timeout=5000", "idle_in_transaction_session_timeout=30000"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %s", got, want)
			}
		}
	}
}
