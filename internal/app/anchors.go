package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
	"github.com/shanhai-health/shanhai/internal/store"
)

// anchorFolder holds a copy of every anchor outside the database: who can change
// every table need not reach the file system of the server.
const anchorFolder = "anchors"

// dailyAnchors makes the anchor of the day for every partnership and for the
// platform, and keeps its file.
func (a *App) dailyAnchors(ctx context.Context) error {
	places, err := a.logs(ctx)
	if err != nil {
		return err
	}
	for _, id := range places {
		f, made, err := a.Services.Oversight.Daily(ctx, id)
		if err == nil && made {
			_, err = a.keepAnchor(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Anchors makes an anchor of every log now and says where the files are.
func (a *App) Anchors(ctx context.Context) (paths []string, err error) {
	places, err := a.logs(ctx)
	for _, id := range places {
		f, err := a.Services.Oversight.Make(ctx, id)
		if err != nil {
			return paths, err
		}
		path, err := a.keepAnchor(f)
		if err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, err
}

// logs are the partnerships and the platform: each has a log of its own.
func (a *App) logs(ctx context.Context) ([]ident.ID, error) {
	ids, err := a.partnerships(ctx)
	return append(ids, ident.Nil), err
}

func (a *App) keepAnchor(f oversight.File) (string, error) {
	folder := filepath.Join(a.cfg.DataDir, anchorFolder)
	path := filepath.Join(folder, f.Name)
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(f.Text), 0o600)
	}
	return path, errs.Wrap(err, errs.Unavailable, "error.cli.output", errs.Args{"file": path})
}

// maxAnchorFile bounds what is read as an anchor.
const maxAnchorFile = 16 << 20

// ReadAnchor reads the file of an anchor.
func ReadAnchor(path string) (a audit.SignedAnchor, err error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxAnchorFile {
		err = audit.ErrNoAnchor
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path) // #nosec G304 -- the file the operator named
	}
	if err != nil && !errors.Is(err, audit.ErrNoAnchor) {
		return a, errs.Wrap(err, errs.Invalid, "error.cli.input", errs.Args{"file": path})
	}
	if err == nil {
		a, err = audit.ParseAnchor(string(raw))
	}
	return a, errs.Wrap(err, errs.Precondition, "error.anchor.file", errs.Args{"file": path})
}

// keptAnchors reads the copies in the data directory.
func (a *App) keptAnchors() (out []audit.SignedAnchor, err error) {
	folder := filepath.Join(a.cfg.DataDir, anchorFolder)
	names, err := filepath.Glob(filepath.Join(folder, "anchor-*.txt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		one, err := ReadAnchor(name)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// LogProof is what following one log found.
type LogProof struct {
	Partnership ident.ID
	Code        string // of the partnership; empty for the platform
	Report      oversight.Report
	Took        time.Duration
}

// ProveLogs follows every log and compares it with the anchors of the database,
// of the data directory, and those that were brought. It stops at the first
// fault.
func (a *App) ProveLogs(ctx context.Context, who user.Principal, brought []audit.SignedAnchor, tell func(LogProof) error) error {
	kept, err := a.keptAnchors()
	if err != nil {
		return err
	}
	all := append(kept, brought...)
	codes, err := a.codes(ctx)
	if err != nil {
		return err
	}
	places, err := a.logs(ctx)
	if err != nil {
		return err
	}
	known := map[ident.ID]bool{}
	for _, id := range places {
		known[id] = true
		mine := slices.DeleteFunc(slices.Clone(all), func(x audit.SignedAnchor) bool { return x.Partnership != id })
		began := a.opt.Clock.Now()
		r, err := a.Services.Oversight.Verify(ctx, who, id, mine)
		if err == nil {
			err = tell(LogProof{id, codes[id], r, a.opt.Clock.Now().Sub(began)})
		}
		if err != nil {
			return err
		}
	}
	for _, x := range all {
		if !known[x.Partnership] { // a partnership whose log is gone with everything else of it
			return errs.New(errs.Precondition, "error.anchor.lost", errs.Args{"partnership": x.Partnership, "rows": x.Links()})
		}
	}
	return nil
}

// codes are the codes of the partnerships.
func (a *App) codes(ctx context.Context) (map[ident.ID]string, error) {
	out := map[ident.ID]string{}
	err := a.DB.InTx(ctx, authz.System("commands"), func(tx *store.Tx) error {
		tx.NoAudit("the codes of partnerships are no personal data")
		all, err := tx.ListPartnerships()
		for _, p := range all {
			out[p.ID] = p.Code
		}
		return err
	}, store.Background())
	return out, err
}
