package app

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SchemaLevel says where the schema stands, without changing it.
func SchemaLevel(ctx context.Context, cfg config.Config, opt Options) (store.Level, error) {
	opt = opt.withDefaults()
	d, err := OpenDatabase(ctx, cfg, opt.Log)
	if err != nil {
		return store.Level{}, err
	}
	defer d.Close(context.WithoutCancel(ctx))
	return store.SchemaLevel(ctx, d.schemaDSN())
}

// schemaDSN is who may read the table of migrations.
func (d *Database) schemaDSN() string {
	if d.OwnerDSN != "" {
		return d.OwnerDSN
	}
	return d.AppDSN
}

// Migrate brings the schema up to this binary's level and records it; the
// private database is backed up before. Before and after are returned.
func Migrate(ctx context.Context, cfg config.Config, opt Options) (before, after store.Level, err error) {
	opt = opt.withDefaults()
	d, err := OpenDatabase(ctx, cfg, opt.Log)
	if err != nil {
		return before, after, err
	}
	defer d.Close(context.WithoutCancel(ctx))
	if d.OwnerDSN == "" {
		return before, after, errs.Refuse("database.admin_url", "error.ops.admin_url", nil)
	}
	if before, err = store.SchemaLevel(ctx, d.OwnerDSN); err != nil {
		return before, after, err
	}
	if d.Private == nil && !before.Current() {
		if after, err = store.Migrate(ctx, d.OwnerDSN, opt.Log); err != nil {
			return before, after, err
		}
	}
	// Opening migrates a private database, after its backup.
	a, err := Open(ctx, cfg, opt)
	if err != nil {
		return before, after, err
	}
	defer a.Close()
	if after, err = a.DB.SchemaLevel(ctx); err != nil || before == after {
		return before, after, err
	}
	return before, after, a.note(ctx, audit.Event{Action: audit.DbMigrate, ObjectKind: audit.ObjectDatabase,
		Detail: map[string]any{"from": before.Have, "to": after.Have}})
}
