package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/migrations"
)

// Level is where the schema of a database stands: its version and the newest
// one this binary knows.
type Level struct{ Have, Want int64 }

// Current reports whether the schema is exactly what this binary needs.
func (l Level) Current() bool { return l.Have == l.Want }

// Migrate brings the schema up to this binary's level. It needs the owner's
// role, runs under a lock, and refuses a schema that is newer than the binary.
func Migrate(ctx context.Context, ownerDSN string, log *slog.Logger) (Level, error) {
	db, provider, err := migrator(ownerDSN)
	if err != nil {
		return Level{}, err
	}
	defer db.Close()
	level, err := levelOf(ctx, provider)
	if err != nil {
		return level, err
	}
	if level.Have > level.Want {
		return level, errs.New(errs.Precondition, "error.database.newer", errs.Args{"have": level.Have, "want": level.Want})
	}
	for again := 0; ; again++ {
		results, err := provider.Up(ctx)
		for _, r := range results {
			log.Info("migrated", "file", r.Source.Path, "duration", r.Duration)
		}
		if err == nil {
			return levelOf(ctx, provider)
		}
		if again == patience || !inTheWay(err) || ctx.Err() != nil {
			return level, errs.Wrap(err, errs.Internal, "error.database.migrate", nil)
		}
		// A file is one transaction: nothing of it is there, and the ones before it are.
		log.Info("the migration made way for people who write and begins again", "time", again+1)
		wait := time.NewTimer(250*time.Millisecond + ident.Jitter(time.Second))
		select {
		case <-ctx.Done():
			wait.Stop()
		case <-wait.C:
		}
	}
}

// lockWait is how long a migration waits for a table: whoever comes after it waits
// as long. patience is how often it then begins again.
const (
	lockWait = time.Second
	patience = 60
)

// inTheWay reports whether a migration met people at work: a lock it did not get
// in time, or a circle of waiting transactions.
func inTheWay(err error) bool {
	e := &pq.Error{}
	return errors.As(err, &e) && (e.Code == "55P03" || e.Code == "40P01")
}

// SchemaLevel reads where a database stands without changing it.
func SchemaLevel(ctx context.Context, dsn string) (Level, error) {
	db, provider, err := migrator(dsn)
	if err != nil {
		return Level{}, err
	}
	defer db.Close()
	return levelOf(ctx, provider)
}

// SchemaLevel reads where the schema stands, as the application role.
func (db *DB) SchemaLevel(ctx context.Context) (Level, error) {
	level := Level{Want: newest()}
	err := db.web.db.GetContext(ctx, &level.Have, `select coalesce(max(version_id), 0) from goose_db_version`)
	return level, mapError(ctx, err)
}

func newest() int64 {
	p, err := goose.NewProvider(goose.DialectPostgres, &sql.DB{}, migrations.FS)
	if err != nil {
		return 0
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

func migrator(dsn string) (*sql.DB, *goose.Provider, error) {
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		return nil, nil, errs.Wrap(err, errs.Invalid, "error.database.dsn", nil)
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	cfg.Runtime["lock_timeout"] = strconv.FormatInt(lockWait.Milliseconds(), 10)
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, nil, errs.Wrap(err, errs.Invalid, "error.database.dsn", nil)
	}
	db := sql.OpenDB(connector)
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, provider, nil
}

func levelOf(ctx context.Context, p *goose.Provider) (Level, error) {
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return Level{}, errs.Wrap(err, errs.Unavailable, "error.database.unreachable", nil)
	}
	sources := p.ListSources()
	return Level{Have: have, Want: sources[len(sources)-1].Version}, nil
}
