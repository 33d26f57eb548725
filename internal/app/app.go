// Package app is the composition root: it turns options into a running service
// and holds nothing else. Only here do stores, services and delivery meet.
package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/web"
)

// Options are what the caller knows beside the configuration.
type Options struct {
	Log     *slog.Logger
	Version string
	Clock   clock.Clock // nil: the system's
	Demo    bool        // serve demonstration data
	// Hashing is the cost of passwords; zero is the house's. Tests that sign in
	// dozens of people use a cheap one.
	Hashing seal.HashParams
}

// App is the service, open and ready to serve.
type App struct {
	cfg      config.Config
	opt      Options
	database *Database

	DB       *store.DB
	Keys     *seal.Keyring
	Policy   *authz.Policy
	Services Services
	archive  *archiver // nil: none is configured
	stop     context.CancelFunc
	loops    sync.WaitGroup
}

// Catalogue gives the messages of the house. They are part of the program, so
// they are read once, by whoever asks first.
var Catalogue = sync.OnceValues(func() (*i18n.Catalogue, error) {
	texts, err := fs.Sub(web.FS, "i18n")
	if err != nil {
		return nil, err
	}
	return i18n.Load(texts)
})

// Logger makes the structured log of the process.
func Logger(cfg config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // checked by config
	o := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// Open brings everything up: keys, database, schema, policy, services, handler.
// Close must be called on what it returns.
func Open(ctx context.Context, cfg config.Config, opt Options) (_ *App, err error) {
	if opt.Clock == nil {
		opt.Clock = clock.System{}
	}
	a := &App{cfg: cfg, opt: opt}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.database, err = OpenDatabase(ctx, cfg, opt.Log); err != nil {
		return nil, err
	}
	if a.Keys, err = a.database.loadKeys(ctx, cfg, opt.Clock); err != nil {
		return nil, err
	}
	if err = a.database.Ready(ctx, a.backupBeforeChange, opt.Log); err != nil {
		return nil, err
	}
	a.DB, err = store.Open(ctx, store.Options{DSN: a.database.AppDSN, Clock: opt.Clock, Keys: a.Keys, Log: opt.Log,
		Web: cfg.WebConns, Jobs: cfg.JobConns, History: historyFile(cfg)})
	if err != nil {
		return nil, err
	}
	if a.archive, err = a.openArchive(ctx); err != nil {
		return nil, err
	}
	if err = a.noteDemo(ctx); err != nil {
		return nil, err
	}
	a.Policy = authz.New(a.DB, opt.Clock)
	if err = a.Policy.Reload(ctx); err != nil {
		return nil, err
	}
	a.Services, err = newServices(a)
	return a, err
}

// Close ends background work and stops what Open started, in reverse order.
func (a *App) Close() {
	if a.stop != nil {
		a.stop()
		a.loops.Wait()
	}
	if a.DB != nil {
		_ = a.DB.Close()
	}
	if a.database != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		defer cancel()
		a.database.Close(ctx)
		a.lastSegments()
	}
}

// stopTimeout bounds the requests under way when the service is told to stop;
// the whole stop stays under ten seconds.
const stopTimeout = 6 * time.Second

// Serve listens until the context ends, then finishes the requests under way.
// ready is told the address once it answers.
func (a *App) Serve(ctx context.Context, ready func(url string)) error {
	handler, err := a.Handler()
	if err != nil {
		return err
	}
	a.startLoops(ctx)
	ln, err := net.Listen("tcp", a.cfg.Addr)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.listen", errs.Args{"addr": a.cfg.Addr})
	}
	srv := httpx.NewServer(handler, a.opt.Log)
	failed := make(chan error, 1)
	go func() { failed <- a.listen(srv, ln) }()
	ready(a.url(ln.Addr()))
	select {
	case err := <-failed:
		return err
	case err := <-a.databaseLost():
		return errs.Wrap(err, errs.Unavailable, "error.pg.stopped", nil)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := srv.Shutdown(stopping); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}

func (a *App) listen(srv *http.Server, ln net.Listener) error {
	if a.cfg.TLS() {
		return srv.ServeTLS(ln, a.cfg.TLSCert, a.cfg.TLSKey)
	}
	return srv.Serve(ln)
}

// url is the address for people: a loopback address is called localhost,
// because browsers treat that name as a secure place.
func (a *App) url(addr net.Addr) string {
	scheme := "http"
	if a.cfg.TLS() {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); ip == nil || ip.IsLoopback() || ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// databaseLost yields when the private PostgreSQL of this process ends by itself.
func (a *App) databaseLost() <-chan error {
	if a.database.Private == nil || a.database.Private.Attached() {
		return nil
	}
	return a.database.Private.Done()
}
