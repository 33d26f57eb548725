package app

import (
	"context"
	"os"
	"path/filepath"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// loadKeys reads the keyring of the data directory. A new one is made only when
// nothing can have been sealed with another: with people in the database and no
// keyring, a fresh key would hide for ever that the old one is gone.
func (d *Database) loadKeys(ctx context.Context, cfg config.Config, clk clock.Clock) (*seal.Keyring, error) {
	if _, err := os.Stat(filepath.Join(cfg.DataDir, unfinished)); err == nil {
		return nil, errs.Refuse("restore.unfinished", "error.restore.unfinished", errs.Args{"dir": cfg.DataDir}, "remedy.restore.again")
	}
	if seal.Exists(cfg.DataDir) {
		return seal.Load(cfg.DataDir)
	}
	dsn := d.superDSN()
	if dsn == "" {
		dsn = d.AppDSN
	}
	state, err := store.StateOf(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if state.Accounts {
		return nil, errs.Refuse("key.lost", "error.key.lost", errs.Args{"path": seal.Path(cfg.DataDir)}, "remedy.key.import", "remedy.key.restore")
	}
	return seal.Create(cfg.DataDir, clk)
}

// Paper is the text of the paper copy; that it was shown is recorded.
func (a *App) Paper(ctx context.Context) (string, error) {
	err := a.note(ctx, audit.Event{Action: audit.KeyExport, ObjectKind: audit.ObjectKey, Detail: map[string]any{"fingerprint": a.Keys.Fingerprint(), "os_user": osUser()}})
	return a.Keys.Paper(), err
}

// ConfirmPaper records that the paper copy is where it belongs: whoever holds it
// types the fingerprint printed on it.
func (a *App) ConfirmPaper(ctx context.Context, typed string) error {
	if err := a.Keys.Confirm(a.cfg.DataDir, typed); err != nil {
		return err
	}
	return a.note(ctx, audit.Event{Action: audit.KeyConfirm, ObjectKind: audit.ObjectKey, Detail: map[string]any{"fingerprint": a.Keys.Fingerprint(), "os_user": osUser()}})
}

// PaperConfirmed reports whether a paper copy of the keys is known to exist.
func (a *App) PaperConfirmed() bool { return a.Keys.Confirmed(a.cfg.DataDir) }

// ImportPaper writes a keyring typed in from paper into a data directory that
// has none. It needs no database: it is the step before one can be opened. The
// folder lets other accounts pass through, as the database's own has to.
func ImportPaper(cfg config.Config, text string) (*seal.Keyring, error) {
	k, err := seal.ParsePaper(text)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o711); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.key.unwritable", errs.Args{"path": cfg.DataDir})
	}
	return k, k.Save(cfg.DataDir)
}
