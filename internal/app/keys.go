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

// Paper is the text of a sheet of the paper copy, the whole or a half; that it was
// shown is recorded. Below the whole stands the identity that opens backups without
// this program.
func (a *App) Paper(ctx context.Context, sheet int) (string, error) {
	err := a.note(ctx, audit.Event{Action: audit.KeyExport, ObjectKind: audit.ObjectKey,
		Detail: map[string]any{"fingerprint": a.Keys.Fingerprint(), "sheet": sheet, "os_user": osUser()}})
	if err != nil {
		return "", err
	}
	if sheet != seal.Whole {
		return a.Keys.Half(sheet), nil
	}
	identities, err := a.Keys.Identities()
	return a.Keys.Paper() + "\nage\n" + identities, err
}

// ConfirmPaper records that a sheet of the paper copy is where it belongs: whoever
// holds it types the fingerprint printed on it.
func (a *App) ConfirmPaper(ctx context.Context, typed, holder string) (seal.Holding, error) {
	h, err := a.Keys.Confirm(a.cfg.DataDir, typed, holder)
	if err != nil {
		return h, err
	}
	return h, a.note(ctx, audit.Event{Action: audit.KeyConfirm, ObjectKind: audit.ObjectKey,
		Detail: map[string]any{"fingerprint": a.Keys.Fingerprint(), "sheet": h.Sheet, "os_user": osUser()}})
}

// PaperConfirmed reports whether the keys are known to be on paper: in whole, or in
// two halves.
func (a *App) PaperConfirmed() bool { return a.Keys.Confirmed(a.cfg.DataDir) }

// ImportPaper writes a keyring typed in from paper into a data directory that
// has none. It needs no database: it is the step before one can be opened. The
// folder lets other accounts pass through, as the database's own has to.
func ImportPaper(cfg config.Config, text string) (*seal.Keyring, error) {
	k, err := seal.ParsePaper(text)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o711); err != nil { // #nosec G301 -- the account of PostgreSQL passes through to its own folder; nobody can list it
		return nil, errs.Wrap(err, errs.Unavailable, "error.key.unwritable", errs.Args{"path": cfg.DataDir})
	}
	return k, k.Save(cfg.DataDir)
}
