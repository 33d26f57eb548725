package pgembed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Server is a running private PostgreSQL: one started here, or one joined.
type Server struct {
	opts  Options
	state runState

	// Only of a server started here.
	lock *os.File
	done chan error    // for the caller: why it is given up, if nobody asked
	over chan struct{} // for Stop: ended and cleaned up
	quit chan struct{} // closed by Stop
	once sync.Once     // of quit

	mu   sync.Mutex // guards state and proc: a server that died is started again
	proc *process
}

// Start makes the cluster if there is none, starts its server and returns when
// it answers. One process at a time may do so for a data directory; others use
// [Attach]. The context bounds the start only.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts, acct, err := ready(opts)
	if err != nil {
		return nil, err
	}
	held, err := lock(opts.DataDir)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, lock: held, done: make(chan error, 1), over: make(chan struct{}), quit: make(chan struct{})}
	bin, err := s.start(ctx, acct)
	if err != nil {
		_ = held.Close()
		return nil, err
	}
	go s.watch(bin) // #nosec G118 -- watches the server as long as it lives, longer than the call that starts it
	return s, nil
}

// ready fills in the options, picks the server's account and makes the data
// directory.
func ready(opts Options) (Options, account, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return opts, account{}, err
	}
	acct, err := serverAccount(opts.DataDir)
	if err != nil {
		return opts, acct, err
	}
	opts.DataDir, err = prepareDataDir(opts.DataDir, acct)
	return opts, acct, err
}

// start does what needs the lock, and answers how to do it again.
func (s *Server) start(ctx context.Context, acct account) (runner, error) {
	opts := s.opts
	bin, err := FindBinaries(opts)
	if err != nil {
		return runner{}, err
	}
	if err := clearOrphan(ctx, opts); err != nil {
		return runner{}, err
	}
	if err := acct.allowPath(opts.DataDir); err != nil {
		return runner{}, err
	}
	if err := ensureCluster(ctx, opts, bin, acct); err != nil {
		return runner{}, err
	}
	if err := writeAccess(opts, acct); err != nil {
		return runner{}, err
	}
	if err := makeSpool(opts, acct); err != nil {
		return runner{}, err
	}
	socketDir, err := makeSocketDir(&acct, socketBases())
	if err != nil {
		return runner{}, err
	}
	by := runner{bin: bin, acct: acct}
	s.state = runState{Owner: os.Getpid(), SocketDir: socketDir, Port: port, BinDir: bin.Dir,
		Version: bin.Version, Major: bin.Major}
	if err = writeRun(opts.DataDir, s.state); err == nil {
		err = s.launch(ctx, by)
	}
	if err != nil {
		s.clean()
	}
	return by, err
}

// runner is the program of the server and the account it runs as.
type runner struct {
	bin  Binaries
	acct account
}

// launch runs the server until it answers. Right after a crash the old shared
// memory may be in use for a moment, until the last orphaned backend notices;
// that alone is tried again.
func (s *Server) launch(ctx context.Context, by runner) error {
	for attempt := 0; ; attempt++ {
		err := s.launchOnce(ctx, by)
		if err == nil || attempt == 20 || !strings.Contains(err.Error(), "shared memory block") {
			return err
		}
		pause := time.NewTimer(250 * time.Millisecond)
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

func (s *Server) launchOnce(ctx context.Context, by runner) error {
	args := append([]string{"-D", filepath.Join(s.opts.DataDir, clusterName)}, settings(s.opts, s.state.SocketDir)...)
	// The server outlives the start's context: Stop ends it.
	cmd := by.acct.command(context.WithoutCancel(ctx), by.bin.Path("postgres"), args...)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT // a clean stop, if we are killed
	if s.opts.Fast {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	}
	out := &output{log: s.opts.Log}
	proc, err := spawn(cmd, out)
	if err != nil {
		return outputError(err, err.Error(), "error.pg.start_failed", s.opts.DataDir)
	}
	waitErr := poll(ctx, func() bool { return proc.ended() || statusReady(s.opts.DataDir, proc.pid) })
	switch {
	case proc.ended():
		return outputError(fmt.Errorf("postgres: %w: %s", proc.err, out), out.String(), "error.pg.start_failed", s.opts.DataDir)
	case waitErr != nil:
		proc.stop(context.Background(), syscall.SIGQUIT)
		return errs.Wrap(waitErr, errs.Canceled, "error.pg.start_canceled", nil)
	}
	s.mu.Lock()
	s.proc = proc
	s.state.Postgres, s.state.Ready = proc.pid, true
	now := s.state
	s.mu.Unlock()
	return writeRun(s.opts.DataDir, now)
}

// statusReady reads what the server writes about itself into the last line of
// postmaster.pid; pg_ctl waits for the same words. A cluster that was told to follow
// another one is ready when it can be read.
func statusReady(dataDir string, pid int) bool {
	raw, err := os.ReadFile(filepath.Join(dataDir, clusterName, "postmaster.pid")) // #nosec G304 -- files of the data directory
	if err != nil {
		return false
	}
	lines := strings.Split(string(raw), "\n")
	return len(lines) >= 8 && lines[0] == fmt.Sprint(pid) && (strings.TrimSpace(lines[7]) == "ready" || strings.TrimSpace(lines[7]) == "standby" && follows(dataDir))
}

// follows reports whether the cluster is a standby of another one.
func follows(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, clusterName, "standby.signal"))
	return err == nil
}

// clean removes what points to this run.
func (s *Server) clean() {
	_ = os.Remove(filepath.Join(s.opts.DataDir, runName))
	removeSocketDir(s.state.SocketDir)
}

// Attach joins the server another process runs for the data directory.
func Attach(dataDir string) (*Server, error) {
	opts, err := Options{DataDir: dataDir}.withDefaults()
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(opts.DataDir); err == nil {
		opts.DataDir = real
	}
	st, ok := readRun(opts.DataDir)
	if !ok || !st.Ready || !serves(st.Postgres, opts.DataDir) {
		return nil, errs.New(errs.NotFound, "error.pg.not_running", errs.Args{"dir": dataDir})
	}
	return &Server{opts: opts, state: st, done: make(chan error)}, nil
}

// joinWait bounds how long Join waits for a server another process is starting:
// longer than making a cluster on a slow disk takes.
const joinWait = 30 * time.Second

// Join attaches to the running server of the data directory, or starts it: what
// a subcommand that needs the database for a moment wants. A server that another
// process is just starting is waited for.
func Join(ctx context.Context, opts Options) (*Server, error) {
	s, err := Attach(opts.DataDir)
	if !errs.Is(err, errs.NotFound) {
		return s, err
	}
	wait, cancel := context.WithTimeout(ctx, joinWait)
	defer cancel()
	var startErr error
	if poll(wait, func() bool {
		if s, startErr = Start(ctx, opts); !errs.Is(startErr, errs.Conflict) {
			return true
		}
		s, err = Attach(opts.DataDir)
		return err == nil
	}) != nil {
		return nil, startErr
	}
	if s == nil {
		return nil, startErr
	}
	return s, nil
}

// Attached reports whether the server belongs to another process; Stop then
// leaves it running.
func (s *Server) Attached() bool { return s.lock == nil }

// DSN is the connection text for lib/pq. It holds no secret.
func (s *Server) DSN(user, dbname string) string {
	return s.ToolDSN(user, dbname) + " binary_parameters=yes"
}

// ToolDSN is the connection text for psql, pg_dump and other programs built on
// libpq, which refuse settings of lib/pq.
func (s *Server) ToolDSN(user, dbname string) string {
	return fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable",
		quoteDSN(s.state.SocketDir), s.state.Port, quoteDSN(user), quoteDSN(dbname))
}

// SuperDSN is DSN for the bootstrap superuser.
func (s *Server) SuperDSN(dbname string) string { return s.DSN(SuperRole, dbname) }

// quoteDSN writes a value of a keyword connection text.
func quoteDSN(v string) string {
	if v != "" && !strings.ContainsAny(v, " '\\\t\n") {
		return v
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'"
}

// SocketDir is the private folder of the Unix socket.
func (s *Server) SocketDir() string { return s.state.SocketDir }

// Port is part of the socket's name; nothing listens on the network.
func (s *Server) Port() int { return s.state.Port }

// BinDir is the folder of the server's own psql, pg_dump and pg_restore.
func (s *Server) BinDir() string { return s.state.BinDir }

// Version is the server's version, for example 15.18.
func (s *Server) Version() string { return s.state.Version }

// DataDir is the service's data directory, without symbolic links.
func (s *Server) DataDir() string { return s.opts.DataDir }

// PID is the process id of the server; it changes when a server that died was
// started again.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Postgres
}

// Done yields one error when the server ended without Stop and cannot be started
// again, and is closed when it has ended. Of a joined server it stays silent.
func (s *Server) Done() <-chan error { return s.done }

// Stop ends the server in less than ten seconds: a clean stop first, then one
// that leaves recovery to the next start. Nothing committed is lost either way.
// A joined server is left alone.
func (s *Server) Stop(ctx context.Context) error {
	if s.Attached() {
		return nil
	}
	s.once.Do(func() { close(s.quit) })
	first := syscall.SIGINT
	if s.opts.Fast {
		first = syscall.SIGQUIT
	}
	s.running().stop(ctx, first)
	<-s.over
	return nil
}

// running is the process the server runs in at the moment.
func (s *Server) running() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

// StopClean is Stop, but a Fast server ends cleanly too, so that its files can be
// copied.
func (s *Server) StopClean(ctx context.Context) error {
	s.opts.Fast = false
	return s.Stop(ctx)
}

// process is a started server process.
type process struct {
	pid  int
	out  *output
	gone chan struct{}
	err  error // how it ended; valid once gone is closed
}

// spawn starts the program on a thread of its own: the kernel sends the parent
// death signal when the thread that started the child ends, not the process, and
// Go ends threads as it likes.
func spawn(cmd *exec.Cmd, out *output) (*process, error) {
	cmd.Stderr = out
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // a lingering backend may hold the pipe
	p := &process{out: out, gone: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.gone)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

// stop asks with growing force and returns when the process is gone. The steps
// add up to less than ten seconds; the end of ctx skips to the next one.
func (p *process) stop(ctx context.Context, first syscall.Signal) {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{first, 6500 * time.Millisecond}, {syscall.SIGQUIT, 1500 * time.Millisecond}, {syscall.SIGKILL, 0}} {
		if p.ended() {
			return
		}
		_ = syscall.Kill(p.pid, step.signal)
		if step.wait == 0 {
			break
		}
		p.wait(ctx, step.wait)
	}
	<-p.gone
}

func (p *process) wait(ctx context.Context, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.gone:
	case <-timer.C:
	case <-ctx.Done():
		// Out of patience, but not of manners: the next signal is still one the
		// server can handle, and it gets a moment to do so.
		short := time.NewTimer(200 * time.Millisecond)
		defer short.Stop()
		select {
		case <-p.gone:
		case <-short.C:
		}
	}
}
