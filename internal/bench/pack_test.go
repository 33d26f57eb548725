package bench

import (
	"bytes"
	"context"
	"io/fs"
	"slices"
	"sort"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	domain "github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/printout"
	composing "github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/web"
)

// What a report for a meeting of the year has.
const (
	packPages  = 10
	packCharts = 6
)

// packs is the time of a report: how long its figures take to be read in the
// background, and how long somebody waits for the PDF who takes it away.
func packs(w *world, r *report) {
	official := w.reader("packs", user.Official, user.ScopePartnership, w.place, authz.ReportMake, authz.ReportRead)
	desk, ctx := w.app.Services.Reporting, context.Background()
	begin := time.Now()
	id, err := desk.AskReport(ctx, official, reporting.ReportInput{Kind: domain.Year, Day: clock.MustDate(2024, 6, 1), Profile: disclosure.ExactName}, ident.New().String())
	w.must(err)
	w.finished(official, id)
	r.note("PDF figures of a yearly report read in the background", "%.1f s", time.Since(begin).Seconds())
	sub, err := fs.Sub(web.FS, "i18n")
	w.must(err)
	words, err := i18n.Load(sub)
	w.must(err)
	write := func(parts int) (pages, charts int) {
		snap, p, err := desk.FetchReport(ctx, official, id, "pdf")
		w.must(err)
		d := composing.Compose(words.Printer(i18n.Chinese), snap, domain.Code(p.Digest))
		d.Blocks = leaving(d.Blocks, parts)
		var out bytes.Buffer
		w.must(printout.WritePDF(&out, d))
		for _, b := range d.Blocks {
			if _, ok := b.(printout.Picture); ok {
				charts++
			}
		}
		return bytes.Count(out.Bytes(), []byte("/Type /Page\n")), charts
	}
	parts := 1 + sort.Search(200, func(n int) bool { pages, _ := write(n + 1); return pages >= packPages })
	var took []time.Duration
	var pages, charts int
	work := cpu(w.pid)
	for range again {
		begin := time.Now()
		pages, charts = write(parts)
		took = append(took, time.Since(begin))
	}
	t := middle(took)
	r.goal(t <= 2*time.Second && pages >= packPages && charts >= packCharts, "PDF report of ten pages and six charts, from its figures", "≤ 2 s", "%.2f s, CPU %.2f s (%d pages, %d charts)", t.Seconds(), (cpu(w.pid)-work).Seconds()/again, pages, charts)
}

// finished waits until a report can be taken away.
func (w *world) finished(who user.Principal, id ident.ID) {
	w.t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		_, _, err := w.app.Services.Reporting.FetchReport(context.Background(), who, id, "pdf")
		if err == nil {
			return
		}
		if errs.Of(err).Rule != "report.ready" {
			w.t.Fatal(err)
		}
		<-look.C
	}
}

// leaving are so many parts of a report and the charts that are measured: the
// whole year of the bench, with its forty hospitals, is far longer, and has fewer
// charts.
func leaving(all []printout.Block, parts int) (out []printout.Block) {
	var charts []printout.Block
	for _, b := range all {
		if _, ok := b.(printout.Picture); ok {
			charts = append(charts, b)
		} else if len(out) < parts {
			out = append(out, b)
		}
	}
	if len(charts) == 0 {
		return out
	}
	return append(out, slices.Repeat(charts, packCharts)[:packCharts]...)
}
