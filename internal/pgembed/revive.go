package pgembed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// How long is waited before a server that died is started again: at once, then
// with a growing pause, because a full disk stays full for a while.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// watch starts a server again that ended without being asked, and goes on until
// it is told to stop or there is no cluster any more. Nothing committed is lost:
// the server recovers from its log, and the pools of the service connect again
// because the socket stays where it is.
func (s *Server) watch(by runner) {
	defer func() {
		s.clean()
		_ = s.lock.Close()
		close(s.done)
		close(s.over)
	}()
	for {
		p := s.running()
		<-p.gone
		if s.asked() {
			return
		}
		detail := lastWords(p.out.String())
		s.opts.Log.Error("the database server ended and is started again", "detail", detail)
		if !s.revive(by) {
			if !s.asked() {
				s.done <- errs.Wrap(errors.Join(errors.New("postgres ended"), p.err), errs.Unavailable, "error.pg.died", errs.Args{"detail": detail})
			}
			return
		}
		if s.asked() { // Stop may have met the process that was gone
			s.running().stop(context.Background(), syscall.SIGINT)
			return
		}
	}
}

// asked reports whether Stop was called.
func (s *Server) asked() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// revive launches the server until it answers. It gives up when told to stop, or
// when the folder of the cluster is gone.
func (s *Server) revive(by runner) bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() { // a start that hangs must not hold up Stop
		select {
		case <-s.quit:
			cancel()
		case <-over:
		}
	}()
	for pause := firstPause; Exists(s.opts.DataDir) && s.sleep(pause); pause = min(2*pause, lastPause) {
		s.forget()
		err := s.launch(ctx, by)
		if err == nil {
			s.opts.Log.Warn("the database server runs again", "pid", s.PID())
			return true
		}
		if !s.asked() {
			s.opts.Log.Error("the database server does not start", "error", err)
		}
	}
	return false
}

// sleep waits, unless the server is to stop.
func (s *Server) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.quit:
		return false
	case <-t.C:
		return true
	}
}

// forget removes what the dead server left: the number in postmaster.pid may
// belong to somebody else by now, and its socket answers nobody.
func (s *Server) forget() {
	cluster := filepath.Join(s.opts.DataDir, clusterName)
	if !serves(postmaster(s.opts.DataDir), s.opts.DataDir) {
		_ = os.Remove(filepath.Join(cluster, "postmaster.pid"))
	}
	name := filepath.Join(s.state.SocketDir, ".s.PGSQL."+strconv.Itoa(port))
	_ = os.Remove(name)
	_ = os.Remove(name + ".lock")
}
