package app

import (
	"context"
	"runtime"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/demo"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// LoadDemo brings the demonstration programme into an empty installation; one
// that has it is left as it is, one with other data is refused.
func (a *App) LoadDemo(ctx context.Context) error {
	files, err := blob.Open(a.cfg.DataDir, a.Keys)
	if err != nil {
		return err
	}
	loaded, err := demo.Load(ctx, a.DB, seal.NewHasher(seal.DefaultHashParams(), runtime.NumCPU()), files)
	if err != nil {
		return err
	}
	if loaded && a.database.OwnerDSN != "" {
		analyze(ctx, a.database.OwnerDSN, a.opt.Log)
	}
	a.opt.Demo = true
	return a.Policy.Reload(ctx)
}

// noteDemo remembers that the data is invented, however it is served: the banner
// must not depend on which command was typed.
func (a *App) noteDemo(ctx context.Context) error {
	return a.DB.InTx(ctx, authz.System("readiness"), func(tx *store.Tx) error {
		tx.NoAudit("a flag of the installation")
		i, err := tx.Installation()
		a.opt.Demo = a.opt.Demo || i.Demo
		return err
	}, store.Background())
}
