package pgembed

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// master is a stopped cluster with roles and database, made once and copied by
// tests that are not about making one.
var master = sync.OnceValue(func() error {
	s, err := Start(context.Background(), Options{DataDir: masterDir, Fast: true})
	if err != nil {
		return err
	}
	return errors.Join(s.Prepare(context.Background()), s.StopClean(context.Background()))
})

var masterDir string

func TestMain(m *testing.M) {
	var err error
	if masterDir, err = os.MkdirTemp("", "pgembed-master-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(masterDir)
	os.Exit(code)
}

// prepared is a data directory with a cluster.
func prepared(t *testing.T) string {
	t.Helper()
	if err := master(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", "--reflink=auto", filepath.Join(masterDir, clusterName), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// start runs a server for the test, with the roles and the database made.
func start(t *testing.T, opts Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	db := open(t, dsn)
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func ask(t *testing.T, dsn, query string) string {
	t.Helper()
	var answer string
	if err := open(t, dsn).QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func wantKey(t *testing.T, err error, key string) *errs.Error {
	t.Helper()
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Key != key {
		t.Fatalf("error = %v, want %s", err, key)
	}
	return e
}

// again runs the test of this name in another process, as another account when
// uid is not our own, with arguments of its own.
func again(t *testing.T, uid uint32, args ...string) *exec.Cmd {
	t.Helper()
	// The build folder is closed to other accounts; the running file is not.
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"-test.run=^" + t.Name() + "$", "-test.v", "--"}, args...)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TMPDIR=/tmp"}
	if len(args) > 0 {
		cmd.Env[1] = "TMPDIR=" + t.TempDir() // it is killed and cannot tidy up
	}
	if uid != uint32(os.Geteuid()) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	return cmd
}

const nobody = 65534

func TestStartMakesADurablePrivateServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, Options{DataDir: dir})
	super := s.SuperDSN(Database)
	for query, want := range map[string]string{
		"show fsync":              "on",
		"show synchronous_commit": "on",
		"show full_page_writes":   "on",
		"show data_checksums":     "on",
		"show listen_addresses":   "",
		"show server_encoding":    "UTF8",
		"show timezone":           "UTC",
		"select datcollate || ' ' || datctype from pg_database where datname = current_database()": "C.UTF-8 C.UTF-8",
		"select '膝' ~ '^\\w$'": "true", // false in plain C
		"select string_agg(rolname || rolsuper || rolbypassrls || rolcreaterole || rolcreatedb, ' ' order by rolname) from pg_roles where rolname like 'shanhai%'": "shanhai_appfalsefalsefalsefalse shanhai_ownerfalsefalsefalsefalse",
		"select array_to_string(rolconfig, ',') from pg_roles where rolname = 'shanhai_app'":                                                                       "citus.propagate_set_commands=local",
		"select pg_get_userbyid(datdba) from pg_database where datname = current_database()":                                                                       OwnerRole,
	} {
		if got := ask(t, super, query); got != want {
			t.Errorf("%s = %q, want %q", query, got, want)
		}
	}
	run(t, s.DSN(OwnerRole, Database), "create table kept (n int)", "insert into kept values (7)", "grant select on kept to "+AppRole)
	if _, err := open(t, s.DSN(AppRole, Database)).Exec("create table not_mine (n int)"); err == nil {
		t.Error("the application role must not create tables")
	}
	if err := s.Prepare(t.Context()); err != nil {
		t.Errorf("preparing again: %v", err)
	}
	began := clock.System{}.Now()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := clock.Since(clock.System{}, began); took > 5*time.Second {
		t.Errorf("stop took %v", took)
	}
	if err, open := <-s.Done(); open {
		t.Errorf("a stop that was asked for is not an unexpected end: %v", err)
	}
	for _, path := range []string{s.SocketDir(), filepath.Join(dir, runName)} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left after a clean stop", path)
		}
	}
	if got := ask(t, start(t, Options{DataDir: dir}).DSN(AppRole, Database), "select n from kept"); got != "7" {
		t.Errorf("after a restart the row reads %s", got)
	}
}

func TestRootRunsTheServerAsAnOrdinaryAccountWithoutCapabilities(t *testing.T) {
	if os.Geteuid() != 0 {
		if acct, err := serverAccount(t.TempDir()); err != nil || acct.switched || acct.uid != os.Geteuid() {
			t.Fatalf("an ordinary user runs the server itself: %+v %v", acct, err)
		}
		return
	}
	base, err := os.MkdirTemp("/tmp", "pgembed-open-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{DataDir: filepath.Join(base, "data")})
	uid, caps := statusLine(t, s.PID(), "Uid:"), statusLine(t, s.PID(), "CapEff:")
	if strings.HasPrefix(uid, "0") || strings.Trim(caps, "0") != "" {
		t.Errorf("server runs with uid %q and capabilities %s; the folder is open, so it needs none", uid, caps)
	}
	// Neither another account nor the server's own may sign in.
	acct, err := serverAccount(s.DataDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []account{acct, {uid: nobody, gid: nobody, switched: true}} {
		out, err := who.command(t.Context(), filepath.Join(s.BinDir(), "psql"), s.ToolDSN(SuperRole, Database), "-c", "select 1").CombinedOutput()
		if err == nil {
			t.Errorf("account %d may sign in: %s", who.uid, out)
		}
	}
}

func statusLine(t *testing.T, pid int, name string) string {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), name)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

func TestStartsBelowAFolderOnlyItsOwnerMayEnter(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{DataDir: filepath.Join(closed, "data")})
	if got := ask(t, s.DSN(AppRole, Database), "select 1"); got != "1" {
		t.Fatalf("select 1 = %s", got)
	}
	// CAP_DAC_READ_SEARCH and nothing else.
	if os.Geteuid() == 0 {
		if caps := strings.TrimLeft(statusLine(t, s.PID(), "CapEff:"), "0"); caps != "4" {
			t.Errorf("capabilities = %s, want 4", caps)
		}
	}
}

func TestStartsAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() == 0 {
		if out, err := again(t, nobody).CombinedOutput(); err != nil {
			t.Fatalf("as nobody: %v\n%s", err, out)
		}
		return
	}
	s := start(t, Options{DataDir: filepath.Join(t.TempDir(), "data")})
	if got := ask(t, s.DSN(AppRole, Database), "select current_user"); got != AppRole {
		t.Fatalf("current_user = %s", got)
	}
	readOnly := filepath.Join(t.TempDir(), "read-only")
	if err := os.Mkdir(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{readOnly, filepath.Join(readOnly, "data")} {
		_, err := Start(t.Context(), Options{DataDir: dir})
		wantKey(t, err, "error.pg.not_writable")
	}
}

func TestStartsOnAwkwardPaths(t *testing.T) {
	long := strings.Repeat("长路径-long-path-", 9) // 189 bytes in one name
	for name, path := range map[string]string{
		"longer than 200 bytes": filepath.Join(long, strings.Repeat("b", 60), "data"),
		"special characters":    `it's [a] data*dir \n of 山海`,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{DataDir: filepath.Join(t.TempDir(), path), Fast: true})
			if got := ask(t, s.DSN(AppRole, Database), "select 1"); got != "1" {
				t.Fatalf("select 1 = %s", got)
			}
			if n := len(s.SocketDir()) + len("/.s.PGSQL.5432"); n > socketPathMax {
				t.Errorf("socket path of %d bytes", n)
			}
		})
	}
	_, err := Start(t.Context(), Options{DataDir: "/tmp/" + strings.Repeat(strings.Repeat("x", 200)+"/", 5)})
	wantKey(t, err, "error.pg.path_too_long")
	_, err = Start(t.Context(), Options{DataDir: "/tmp/" + strings.Repeat("x", 300)})
	wantKey(t, err, "error.pg.path_too_long")
}

func TestADataDirectoryReachedThroughALinkIsTheSame(t *testing.T) {
	base := t.TempDir()
	link := filepath.Join(base, "link")
	if err := os.Mkdir(filepath.Join(base, "real"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(base, "real"), link); err != nil {
		t.Fatal(err)
	}
	start(t, Options{DataDir: link, Fast: true})
	if _, err := Attach(link); err != nil {
		t.Errorf("joining through the link: %v", err)
	}
	if _, err := Attach(filepath.Join(base, "real")); err != nil {
		t.Errorf("joining the folder itself: %v", err)
	}
}

func TestASecondInstanceIsRefusedAndMayJoin(t *testing.T) {
	dir := prepared(t)
	s := start(t, Options{DataDir: dir, Fast: true})
	_, err := Start(t.Context(), Options{DataDir: dir})
	if e := wantKey(t, err, "error.pg.locked"); e.Kind != errs.Conflict || e.Args["pid"] != os.Getpid() || e.Args["dir"] != dir {
		t.Errorf("error = %+v, want a conflict that names this process and folder", e)
	}
	joined, err := Join(t.Context(), Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !joined.Attached() || s.Attached() || joined.DSN("a", "b") != s.DSN("a", "b") || joined.Version() != s.Version() {
		t.Errorf("joined %+v, want the running %+v", joined.state, s.state)
	}
	if err := joined.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s.SuperDSN(Database), "select 1"); got != "1" {
		t.Error("leaving a joined server must not stop it")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = Attach(dir)
	wantKey(t, err, "error.pg.not_running")
	own, err := Join(t.Context(), Options{DataDir: dir, Fast: true})
	if err != nil || own.Attached() {
		t.Fatalf("nobody runs it, so it is started: %v", err)
	}
	if err := own.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTwoWhoJoinAtOnceShareOneServer(t *testing.T) {
	dir := prepared(t)
	var wg sync.WaitGroup
	found := make([]*Server, 2)
	for i := range found {
		wg.Go(func() {
			var err error
			if found[i], err = Join(t.Context(), Options{DataDir: dir, Fast: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	if found[0].PID() != found[1].PID() || found[0].Attached() == found[1].Attached() {
		t.Errorf("servers %+v and %+v", found[0].state, found[1].state)
	}
	for _, s := range found {
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	// Held, but no server comes: the holder is named.
	held, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = Join(ctx, Options{DataDir: dir})
	wantKey(t, err, "error.pg.locked")
}

func TestStopEndsABusyServerInTime(t *testing.T) {
	s := start(t, Options{DataDir: prepared(t)})
	db := open(t, s.SuperDSN(Database))
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("select 1"); err != nil {
		t.Fatal(err)
	}
	busy := make(chan error, 1)
	go func() { _, err := db.Exec("select pg_sleep(60)"); busy <- err }()
	if err := poll(t.Context(), func() bool {
		return ask(t, s.SuperDSN(Database), "select count(*) from pg_stat_activity where query like 'select pg_sleep%'") == "1"
	}); err != nil {
		t.Fatal(err)
	}
	// Frozen, the server cannot answer any signal but the last.
	if err := syscall.Kill(s.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no patience: the steps shorten
	began := clock.System{}.Now()
	if err := s.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if took := clock.Since(clock.System{}, began); took > 5*time.Second {
		t.Errorf("stop took %v", took)
	}
	if err := <-busy; err == nil {
		t.Error("the statement was to be cut off")
	}
}

func TestKilledParentLosesNothing(t *testing.T) {
	if dir := flag.Arg(0); dir != "" {
		start(t, Options{DataDir: dir})
		fmt.Println("serving")
		<-t.Context().Done() // until killed
		return
	}
	dir := prepared(t)
	child := again(t, uint32(os.Geteuid()), dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "serving"; {
	}
	orphan, err := Attach(dir)
	if err != nil {
		t.Fatal(err)
	}
	run(t, orphan.DSN(OwnerRole, Database), "create table kept (n int)", "insert into kept values (7)")
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	s := start(t, Options{DataDir: dir})
	if s.PID() == orphan.PID() {
		t.Error("the server of the killed process still runs")
	}
	if got := ask(t, s.DSN(OwnerRole, Database), "select n from kept"); got != "7" {
		t.Errorf("the row reads %s", got)
	}
	if _, err := os.Stat(orphan.SocketDir()); !os.IsNotExist(err) {
		t.Error("the socket folder of the killed process is left")
	}
}

func TestAnOrphanThatGotNoSignalIsStopped(t *testing.T) {
	dir := prepared(t)
	s := start(t, Options{DataDir: dir, Fast: true})
	if err := s.StopClean(t.Context()); err != nil {
		t.Fatal(err)
	}
	acct, err := serverAccount(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := acct.allowPath(dir); err != nil {
		t.Fatal(err)
	}
	socket, err := makeSocketDir(&acct, socketBases())
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := spawn(acct.command(t.Context(), filepath.Join(s.BinDir(), "postgres"),
		append([]string{"-D", filepath.Join(dir, clusterName)}, settings(s.opts, socket)...)...), &output{log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := poll(t.Context(), func() bool { return orphan.ended() || statusReady(dir, orphan.pid) }); err != nil {
		t.Fatal(err)
	}
	if err := writeRun(dir, runState{Postgres: orphan.pid, SocketDir: socket}); err != nil {
		t.Fatal(err)
	}
	start(t, Options{DataDir: dir, Fast: true})
	if !orphan.ended() || orphan.err != nil {
		t.Errorf("the orphan was to end cleanly: ended %v, %v", orphan.ended(), orphan.err)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Error("its socket folder is left")
	}
}

// After a restart of the machine the number in postmaster.pid may belong to
// another process of the same account; the server alone would refuse to start.
func TestAStalePidFileThatNamesAnotherProcessDoesNotBlock(t *testing.T) {
	dir := prepared(t)
	s := start(t, Options{DataDir: dir, Fast: true})
	if err := s.StopClean(t.Context()); err != nil {
		t.Fatal(err)
	}
	acct, err := serverAccount(dir)
	if err != nil {
		t.Fatal(err)
	}
	other := acct.command(t.Context(), "/bin/cat")
	hold, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(dir, clusterName, "postmaster.pid")
	text := fmt.Sprintf("%d\n%s\n1700000000\n5432\n/tmp\n\n  123456789 1\nready\n", other.Process.Pid, filepath.Join(dir, clusterName))
	if err := os.WriteFile(pidFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := acct.give(pidFile); err != nil {
		t.Fatal(err)
	}
	start(t, Options{DataDir: dir, Fast: true})
	_ = hold.Close()
	if err := other.Wait(); err != nil {
		t.Errorf("the innocent process was harmed: %v", err)
	}
}

// Somebody kills the database, or the kernel does for want of memory: it comes
// back at the same socket with everything committed, and nobody has to come.
func TestAKilledServerComesBackByItself(t *testing.T) {
	dir := prepared(t)
	s := start(t, Options{DataDir: dir})
	run(t, s.DSN(OwnerRole, Database), "create table kept (n int)")
	for round := range 3 {
		pid := s.PID()
		run(t, s.DSN(OwnerRole, Database), fmt.Sprintf("insert into kept values (%d)", round))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := poll(t.Context(), func() bool { return s.PID() != pid }); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, s.DSN(OwnerRole, Database), "select count(*) from kept"); got != fmt.Sprint(round+1) {
			t.Errorf("%s rows after %d kills", got, round+1)
		}
	}
	if joined, err := Attach(dir); err != nil || joined.PID() != s.PID() {
		t.Errorf("others are not told where the server is now: %v", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err, told := <-s.Done(); told {
		t.Errorf("a stop that was asked for is not an unexpected end: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, clusterName, "postmaster.pid")); !os.IsNotExist(err) {
		t.Error("a server runs after the stop")
	}
}

func TestAServerWithoutItsFilesIsGivenUp(t *testing.T) {
	dir := prepared(t)
	s := start(t, Options{DataDir: dir, Fast: true})
	if err := os.RemoveAll(filepath.Join(dir, clusterName)); err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(s.PID(), syscall.SIGKILL) // it may have noticed by itself
	select {
	case err := <-s.Done():
		wantKey(t, err, "error.pg.died")
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was told that the server is gone")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("stopping what is gone: %v", err)
	}
}

func TestInterruptedInitLeavesNothingInTheWay(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, initPrefix+"123", "base")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, Options{DataDir: dir})
	wantKey(t, err, "error.pg.start_canceled")
	if left, _ := filepath.Glob(filepath.Join(dir, initPrefix+"*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	start(t, Options{DataDir: dir, Fast: true})
}

func TestForeignFilesAreNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	photo := filepath.Join(dir, clusterName, "photo.jpg")
	if err := os.MkdirAll(filepath.Dir(photo), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(photo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{DataDir: dir})
	wantKey(t, err, "error.pg.foreign")
	if _, err := os.Stat(photo); err != nil {
		t.Error("the file is gone")
	}
}

func TestAFullDiskIsNamed(t *testing.T) {
	for _, said := range []string{
		`initdb: error: could not write to file "/d/pg/base/1/2704": No space left on device`,
		`FATAL:  could not write lock file "postmaster.pid": No space left on device`,
		`FATAL:  could not extend file "base/1/2": Disk quota exceeded`,
	} {
		wantKey(t, outputError(errors.New("exit status 1"), said, "error.pg.init_failed", "/d"), "error.pg.disk_full")
	}
	wantKey(t, fileError(&os.PathError{Err: syscall.ENOSPC}, "/d"), "error.pg.disk_full")
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		return // mounting is for root only; the sentences above are what initdb says then
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	_, err := Start(t.Context(), Options{DataDir: dir})
	wantKey(t, err, "error.pg.disk_full")
	if left, _ := filepath.Glob(filepath.Join(dir, "pg*")); len(left) != 1 { // the lock file
		t.Errorf("left behind: %v", left)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), Options{DataDir: filepath.Join(dir, "data")})
	wantKey(t, err, "error.pg.not_writable")
}

func TestOtherTroubleKeepsTheServersOwnWords(t *testing.T) {
	e := wantKey(t, outputError(errors.New("exit status 1"), "LOG:  starting\nFATAL:  could not map anonymous shared memory\nLOG:  over\n",
		"error.pg.start_failed", "/d"), "error.pg.start_failed")
	if e.Args["detail"] != "could not map anonymous shared memory" {
		t.Errorf("detail = %q", e.Args["detail"])
	}
	wantKey(t, fileError(errors.New("strange"), "/d"), "error.pg.start_failed")
	wantKey(t, outputError(errors.New("exit status 1"), "initdb: error: Permission denied", "error.pg.init_failed", "/d"), "error.pg.not_writable")
}

func TestLogHoldsNoRowValues(t *testing.T) {
	var log bytes.Buffer
	s := start(t, Options{DataDir: prepared(t), Fast: true, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	run(t, s.DSN(OwnerRole, Database), "create table one (name text primary key)", "insert into one values ('secret-name')")
	if _, err := open(t, s.DSN(OwnerRole, Database)).Exec("insert into one values ('secret-name')"); err == nil {
		t.Fatal("the key must refuse it")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Contains(text, "secret-name") || !strings.Contains(text, "duplicate key") {
		t.Errorf("log = %s", text)
	}
}

// The command the server archives with never replaces a segment, takes the same one
// twice, and leaves nothing under the segment's name that is not whole.
func TestTheArchiveCommandKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	cluster, spool := filepath.Join(dir, clusterName), filepath.Join(dir, spoolName)
	for _, d := range []string{cluster, spool} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const name = "000000010000000000000001"
	archive := func(content string) error {
		if err := os.WriteFile(filepath.Join(cluster, "segment"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.NewReplacer("%p", "segment", "%f", name).Replace(archiveCommand))
		cmd.Dir = cluster
		return cmd.Run()
	}
	if err := os.WriteFile(filepath.Join(spool, name+".new"), []byte("torn by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := archive("one"); err != nil {
			t.Fatalf("the same segment: %v", err)
		}
	}
	if archive("two") == nil {
		t.Error("another content was taken")
	}
	raw, err := os.ReadFile(filepath.Join(spool, name))
	if err != nil || string(raw) != "one" {
		t.Errorf("%q %v", raw, err)
	}
	if err := os.RemoveAll(spool); err != nil {
		t.Fatal(err)
	}
	if archive("three") == nil {
		t.Error("a spool that is gone was taken for success")
	}
}
