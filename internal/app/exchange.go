package app

import (
	"context"
	"io"

	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/jobs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/webui"
)

// Empty reports whether nothing was ever set up here, so that a command that
// only looks must not set anything up.
func Empty(cfg config.Config) bool { return cfg.Private() && !pgembed.Exists(cfg.DataDir) }

// stored is the language of what is written into records: that of the office.
func stored() (i18n.Printer, error) {
	catalogue, err := Catalogue()
	if err != nil {
		return i18n.Printer{}, err
	}
	return catalogue.Printer(i18n.Chinese), nil
}

// newRunner is the queue's runner with everything it can do.
func (a *App) newRunner() *jobs.Runner {
	run := func(ctx context.Context, w jobs.Work) error {
		return a.Services.Exchange.RunJob(ctx, w.Job, w.Partnership, w.Tell)
	}
	return jobs.New(jobs.Deps{DB: a.DB, Log: a.opt.Log, Partnerships: a.partnerships,
		Handlers: map[string]jobs.Handler{exchange.JobImport: run, exchange.JobReverse: run,
			inspection.JobPackage: func(ctx context.Context, w jobs.Work) error {
				return a.Services.Inspection.RunJob(ctx, w.Job, w.Partnership, w.Tell)
			},
			reporting.JobReport: func(ctx context.Context, w jobs.Work) error {
				return a.Services.Reporting.RunReport(ctx, w.Job, w.Partnership, w.Tell)
			},
			reporting.JobDownload: func(ctx context.Context, w jobs.Work) error {
				render := func(to io.Writer, l reporting.List, rows reporting.Rows, d reporting.Download) error {
					catalogue, err := Catalogue()
					if err != nil {
						return err
					}
					return webui.WriteList(catalogue.Printer(i18n.Lang(d.Language)))(to, l, rows, d)
				}
				return a.Services.Reporting.RunDownload(ctx, w.Job, w.Partnership, w.Tell, render)
			}}})
}
