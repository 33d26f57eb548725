package app

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/webui"
	"github.com/shanhai-health/shanhai/web"
)

// Handler builds the whole HTTP surface: pages, JSON API, health and metrics.
func (a *App) Handler() (http.Handler, error) {
	engine, err := webui.New(web.FS, a.opt.Version)
	if err != nil {
		return nil, err
	}
	metrics := httpx.NewMetrics()
	problem := httpx.ProblemFail(engine.Catalogue(), a.opt.Log)
	var pages *webui.Server
	fail := func(w http.ResponseWriter, r *http.Request, err error) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			problem(w, r, err)
			return
		}
		pages.Fail(w, r, err)
	}
	mux := httpx.New(httpx.Options{Log: a.opt.Log, Clock: a.opt.Clock, Metrics: metrics, TrustedProxies: a.cfg.TrustedProxies, PlainNet: a.cfg.AllowPlainHTTP && !a.secure(),
		Secure: a.secure(), Uploads: slices.Concat(webui.Uploads(), httpapi.Uploads()), Fail: fail})
	mux.Get("/healthz", httpx.Healthz())
	mux.Get("/readyz", httpx.Readyz(a.opt.Log, a.checks()...))
	a.archiveFigures(metrics.Registry())
	mux.Handle("/metrics", localOnly(metrics.Handler()))
	httpapi.Mount(mux, a.apiDeps(engine))
	pages = webui.Mount(mux, a.pageDeps(engine, fail))
	return mux, nil
}

// secure reports whether browsers reach us over TLS, ours or a proxy's.
func (a *App) secure() bool { return a.cfg.TLS() || len(a.cfg.TrustedProxies) > 0 }

// checks are what must hold before people may be sent here.
func (a *App) checks() []httpx.Check {
	return []httpx.Check{
		{Name: "database", Run: a.DB.Ping},
		{Name: "migrations", Run: func(ctx context.Context) error {
			level, err := a.DB.SchemaLevel(ctx)
			if err == nil && !level.Current() {
				err = errs.New(errs.Precondition, "error.database.old", errs.Args{"have": level.Have, "want": level.Want})
			}
			return err
		}},
		{Name: "policy", Run: a.Policy.Ensure},
		{Name: "demo", Run: a.demoComplete},
	}
}

// apiDeps is what the JSON API is made of.
func (a *App) apiDeps(engine *webui.Engine) httpapi.Deps {
	return httpapi.Deps{Policy: a.Policy, Catalogue: engine.Catalogue(), Log: a.opt.Log, Clock: a.opt.Clock, Reporting: a.Services.Reporting, Accounts: a.Services.Accounts, Care: a.Services.Care, Intake: a.Services.Intake, Funding: a.Services.Funding, Directory: a.Services.Directory, Implants: a.Services.Implants, Aftercare: a.Services.Aftercare, Pricing: a.Services.Pricing, Visiting: a.Services.Visiting, Screenings: a.Services.Screenings, Inspection: a.Services.Inspection, Notices: a.Services.Notices, Doubts: a.Services.Doubts, Paying: a.Services.Paying, Inbox: a.Services.Inbox, Glass: a.Services.Glass, Subjects: a.Services.Subjects}
}

// pageDeps is what the pages are made of.
func (a *App) pageDeps(engine *webui.Engine, fail httpx.Fail) webui.Deps {
	return webui.Deps{Engine: engine, Policy: a.Policy, Clock: a.opt.Clock, Log: a.opt.Log, Demo: a.opt.Demo, NeedFactor: a.cfg.SecondFactor == config.FactorRequired && !a.opt.Demo,
		PlainNet: a.cfg.AllowPlainHTTP && !a.secure(), Secure: a.secure(), Accounts: a.Services.Accounts, Directory: a.Services.Directory, Exchange: a.Services.Exchange, Care: a.Services.Care, Intake: a.Services.Intake, Reporting: a.Services.Reporting, Funding: a.Services.Funding, Implants: a.Services.Implants, Aftercare: a.Services.Aftercare, Pricing: a.Services.Pricing, Visiting: a.Services.Visiting, Screenings: a.Services.Screenings, Inspection: a.Services.Inspection, Oversight: a.Services.Oversight, Notices: a.Services.Notices, Doubts: a.Services.Doubts, Inbox: a.Services.Inbox, Glass: a.Services.Glass, Subjects: a.Services.Subjects, Paying: a.Services.Paying,
		Sessions: httpx.NewSessions(a.Services.SessionStore, httpx.SessionOptions{Idle: a.cfg.SessionIdle, Absolute: a.cfg.SessionAbsolute,
			Secure: a.secure(), Fail: fail})}
}
