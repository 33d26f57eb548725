package app

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/jobs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
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
			}}})
}
