package reporting

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Names of the stored record, for delivery, which does not reach into the store.
type (
	Download      = store.Download
	DownloadState = store.DownloadState
	Job           = store.Job
)

// The states of a download.
const (
	DownloadWaiting = store.DownloadWaiting
	DownloadReady   = store.DownloadReady
)

// JobDownload is the kind of job that makes a file.
const JobDownload = "reporting.download"

// downloadLives is how long a finished file can be fetched.
const downloadLives = 7 * 24 * time.Hour

// Files keeps what was made, sealed.
type Files interface {
	Write(id ident.ID, fill func(io.Writer) error) (int64, error)
	Read(id ident.ID, to io.Writer) error
	Remove(id ident.ID) error
}

// Rows pulls the rows of a list while its file is written.
type Rows func(yield func(Row) error) error

// Render writes a list as a file in somebody's language; the rows come as they
// are read.
type Render func(w io.Writer, l List, rows Rows, d Download) error

// Progress is told how far work has come.
type Progress func(ctx context.Context, done, total int)

// DownloadInput asks for the list behind a figure as a file.
type DownloadInput struct {
	ID     measure.ID
	Filter measure.Filter
	Format string
}

// AskDownload leaves the making of a file to the queue.
func (s *Service) AskDownload(ctx context.Context, who user.Principal, in DownloadInput, key string) (ident.ID, error) {
	r, err := s.rights(who)
	if err != nil {
		return ident.Nil, err
	}
	d, f, err := r.definition(in.ID, in.Filter)
	switch {
	case err != nil:
		return ident.Nil, err
	case !r.Lists:
		return ident.Nil, errs.New(errs.Forbidden, "error.authz.forbidden", errs.Args{"permission": authz.Label(authz.ListRead)})
	case !r.Export:
		return ident.Nil, errs.New(errs.Forbidden, "error.report.export", nil)
	case in.Format != "xlsx" && in.Format != "csv":
		var bad errs.Fields
		bad.Add("format", "form.error.pick")
		return ident.Nil, bad.Err()
	}
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(event(audit.ExportAsk, string(d.ID), f, map[string]any{"format": in.Format}))
		raw, err := json.Marshal(map[string]ident.ID{"download": id})
		if err != nil {
			return id, err
		}
		err = tx.InsertDownload(store.Download{ID: id, Kind: string(d.ID), Query: f.Query(), Format: in.Format, Language: string(who.Language),
			Hospitals: who.Hospitals, Funds: who.Funds, Wide: who.Wide, Names: r.Names, Expires: tx.Now().Add(downloadLives)})
		if err != nil {
			return id, err
		}
		return id, tx.Enqueue(store.Job{ID: id, Kind: JobDownload, Payload: raw, Total: 1})
	})
}

// Downloads lists the caller's own files, the latest first.
func (s *Service) Downloads(ctx context.Context, who user.Principal, req page.Request) (out page.Result[Download], err error) {
	if err := s.policy.Check(who, authz.ExportMake, authz.Anywhere(who.PartnershipID)); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("which files somebody asked for is no personal data")
		out, err = tx.ListDownloads(req)
		return err
	})
	return out, err
}

// own reads a download of the caller; somebody else's does not exist.
func own(tx *store.Tx, who user.Principal, id ident.ID) (Download, error) {
	d, err := tx.DownloadByID(id)
	if err == nil && d.Account != who.AccountID {
		return Download{}, errs.Missing("error.download.missing")
	}
	return d, err
}

// CancelDownload stops a file that is still being made.
func (s *Service) CancelDownload(ctx context.Context, who user.Principal, id ident.ID) error {
	if err := s.policy.Check(who, authz.ExportMake, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.ExportCancel, ObjectKind: audit.ObjectDownload, ObjectID: id})
		d, err := own(tx, who, id)
		if err != nil {
			return err
		}
		if d.State != store.DownloadWaiting {
			return errs.Refuse("download.waiting", "error.download.over", nil, "refusal.next.reload")
		}
		d.State = store.DownloadCancelled
		return tx.UpdateDownload(d)
	})
}

// FetchDownload hands a finished file to the person who asked for it, as long as
// that person may still export.
func (s *Service) FetchDownload(ctx context.Context, who user.Principal, id ident.ID, to io.Writer) (d Download, err error) {
	r, err := s.rights(who)
	if err != nil {
		return d, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.ExportFetch, ObjectKind: audit.ObjectDownload, ObjectID: id})
		if d, err = own(tx, who, id); err != nil {
			return err
		}
		switch {
		case !r.Export || !r.Lists:
			return errs.New(errs.Forbidden, "error.report.export", nil)
		case d.State != store.DownloadReady || d.Expires.Before(tx.Now()):
			return errs.Refuse("download.ready", "error.download.unready", nil, "remedy.download.unready")
		}
		tx.Amend("rows", d.Rows)
		return nil
	})
	if err != nil {
		return d, err
	}
	return d, s.files.Read(id, to)
}

// RunDownload makes the file a job names, with the scope of who asked.
func (s *Service) RunDownload(ctx context.Context, j Job, partnership ident.ID, tell Progress, render Render) error {
	var p struct {
		Download ident.ID `json:"download"`
	}
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return err
	}
	d, err := s.downloadAt(ctx, partnership, p.Download)
	if err != nil || d.State != store.DownloadWaiting {
		return err
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	go s.watchCancel(work, stop, partnership, d.ID)
	d.Size, err = s.files.Write(d.ID, func(w io.Writer) error { return s.writeDownload(work, partnership, &d, w, tell, render) })
	now, e := s.downloadAt(ctx, partnership, d.ID)
	switch {
	case e != nil:
		return e
	case now.State != store.DownloadWaiting: // cancelled or expired meanwhile
		return s.files.Remove(d.ID)
	case err != nil && ctx.Err() != nil: // told to stop: the next process does it again
		return err
	}
	d.Version, d.State = now.Version, store.DownloadReady
	if err != nil {
		d.State = store.DownloadFailed
	}
	finish := s.db.InTx(ctx, authz.System("export").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("the export was recorded with its rows when it was read")
		return tx.UpdateDownload(d)
	}, store.Background())
	return errors.Join(err, finish)
}

func (s *Service) downloadAt(ctx context.Context, partnership, id ident.ID) (d Download, err error) {
	err = s.db.InTx(ctx, authz.System("export").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("upkeep of files")
		d, err = tx.DownloadByID(id)
		return err
	}, store.Background())
	return d, err
}

// cancelPoll is how often a running export looks whether it is still wanted.
const cancelPoll = time.Second

func (s *Service) watchCancel(ctx context.Context, stop func(), partnership, id ident.ID) {
	t := time.NewTicker(cancelPoll)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if d, err := s.downloadAt(ctx, partnership, id); err == nil && d.State != store.DownloadWaiting {
			stop()
			return
		}
	}
}

// QuestionOf is what a download was asked for.
func QuestionOf(d Download) (measure.Definition, measure.Filter, error) {
	def, known := measure.ByID(measure.ID(d.Kind))
	q, err := url.ParseQuery(d.Query)
	if err != nil || !known {
		return def, measure.Filter{}, errs.Missing("error.measure.missing")
	}
	f, err := measure.ParseFilter(q, clock.DateOf(d.At.In(clock.Shanghai)))
	return def, f, err
}

// writeDownload reads the list as the person who asked sees it and renders it
// row by row.
func (s *Service) writeDownload(ctx context.Context, partnership ident.ID, d *Download, w io.Writer, tell Progress, render Render) error {
	def, f, err := QuestionOf(*d)
	if err != nil {
		return err
	}
	who := user.Principal{AccountID: d.Account, DisplayName: cmp.Or(d.By, d.Account.String()), PartnershipID: partnership, Hospitals: d.Hospitals, Funds: d.Funds, Wide: d.Wide, Language: i18n.Lang(d.Language)}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		l := List{Definition: def, Filter: f, Rights: Rights{Lists: true, Names: d.Names, Export: true}}
		if err := l.frame(tx); err != nil {
			return err
		}
		d.Rows, d.Rule = 0, disclosure.Exact().Version()
		rows := func(yield func(Row) error) error {
			return tx.EachFigureRow(def.List, f, func(x store.FigureRow) error {
				if d.Rows++; d.Rows%1000 == 0 {
					tell(ctx, int(d.Rows), int(max(l.length(), d.Rows)))
				}
				return yield(l.row(x))
			})
		}
		if err := render(w, l, rows, *d); err != nil {
			return err
		}
		tx.AuditRead(event(audit.ExportMake, string(def.ID), f, map[string]any{"format": d.Format, "rows": d.Rows, "rule": d.Rule}))
		return nil
	}, store.OneInstant(), store.Background())
}

// ExpireDownloads ends what has run out and removes the files.
func (s *Service) ExpireDownloads(ctx context.Context, partnership ident.ID) error {
	var ids []ident.ID
	err := s.db.InTx(ctx, authz.System("upkeep").In(partnership), func(tx *store.Tx) (err error) {
		tx.NoAudit("a file that ran out")
		ids, err = tx.ExpireDownloads()
		return err
	}, store.Background())
	for _, id := range ids {
		err = errors.Join(err, s.files.Remove(id))
	}
	return err
}
