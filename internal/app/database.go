package app

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Database is where the data lives: the private PostgreSQL of the data
// directory, or a server somebody else runs.
type Database struct {
	AppDSN   string          // the application's role, without DDL
	OwnerDSN string          // the owner; empty when only the application may connect
	Private  *pgembed.Server // nil for an external server
}

// OpenDatabase starts or joins the private PostgreSQL, or points to the
// configured one. It changes no schema.
func OpenDatabase(ctx context.Context, cfg config.Config, log *slog.Logger) (*Database, error) {
	if !cfg.Private() {
		return &Database{AppDSN: cfg.DatabaseURL, OwnerDSN: cfg.DatabaseAdminURL}, nil
	}
	server, err := pgembed.Join(ctx, privateOptions(cfg, log))
	if err != nil {
		return nil, err
	}
	d := &Database{Private: server}
	if err := server.Prepare(ctx); err != nil {
		d.Close(ctx)
		return nil, err
	}
	d.AppDSN, d.OwnerDSN = server.DSN(pgembed.AppRole, pgembed.Database), server.DSN(pgembed.OwnerRole, pgembed.Database)
	return d, nil
}

// privateOptions are how the private PostgreSQL of a configuration runs.
func privateOptions(cfg config.Config, log *slog.Logger) pgembed.Options {
	return pgembed.Options{DataDir: cfg.DataDir, BinDir: cfg.PGBin, Log: log, Archive: cfg.ArchiveDir != ""}
}

// Ready brings the private database to this binary's schema; an external one
// must be there already, because only `shanhai migrate` may change it.
func (d *Database) Ready(ctx context.Context, beforeChange func(context.Context) error, log *slog.Logger) error {
	dsn := d.OwnerDSN
	if dsn == "" {
		dsn = d.AppDSN
	}
	level, err := store.SchemaLevel(ctx, dsn)
	switch {
	case err != nil:
		return err
	case level.Current():
		return nil
	case level.Have > level.Want:
		return errs.New(errs.Precondition, "error.database.newer", errs.Args{"have": level.Have, "want": level.Want})
	case d.Private == nil:
		return errs.New(errs.Precondition, "error.database.old", errs.Args{"have": level.Have, "want": level.Want})
	}
	if level.Have > 0 && beforeChange != nil {
		if err := beforeChange(ctx); err != nil {
			return err
		}
	}
	_, err = store.Migrate(ctx, d.OwnerDSN, log)
	return err
}

// Close stops the private server if this process started it.
func (d *Database) Close(ctx context.Context) {
	if d.Private != nil {
		_ = d.Private.Stop(ctx)
	}
}

// historyFile remembers the newest history of an external server; the private one
// lies beside it and cannot be another one.
func historyFile(cfg config.Config) string {
	if cfg.Private() {
		return ""
	}
	return filepath.Join(cfg.DataDir, "timeline")
}
