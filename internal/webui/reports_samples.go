package webui

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// reportPages are the samples of reports and of files made in the background.
func reportPages() []PageSample {
	reports := func(n int, may bool) func(Base) View {
		return func(b Base) View {
			var list []reporting.Report
			for i := range n {
				p, _ := report.PeriodOf(report.Kinds()[i%3], sampleDay()) // a known kind and a day
				r := reporting.Report{ID: ident.ID{byte(i + 1)}, Period: p, Profile: []string{"exact", "restricted", "public"}[i%3], State: reporting.ReportReady,
					Digest: []byte{0x7f, 0x3a, 0x09, 0xbc, 0x11, 0x20}, By: b.T("style.person.1"), At: sampleInstant()}
				if i > 2 {
					r.State, r.Digest, r.Failed = reporting.ReportWaiting, nil, i == 4
				}
				list = append(list, r)
			}
			v := newReportsView(b, reportForm(b, sampleDay(), may), list)
			v.May = may
			return v
		}
	}
	downloads := func(n int, asks bool) func(Base) View {
		return func(b Base) View {
			var list []reporting.Download
			states := []reporting.DownloadState{reporting.DownloadReady, reporting.DownloadWaiting, "cancelled", "failed", "expired"}
			for i := range n {
				list = append(list, reporting.Download{ID: ident.ID{byte(i + 1)}, Kind: "all.net_fen", Format: "xlsx", State: states[i%len(states)], Rows: 104_233, Size: 9_400_000,
					Progress: 61_000, Total: 104_233, At: sampleInstant(), Expires: sampleInstant().Add(7 * 24 * time.Hour)})
			}
			if !asks {
				return newDownloadsView(b, nil, "", list)
			}
			return newDownloadsView(b, downloadForm(b, sampleDay(), "all.patients", ""), "all.patients", list)
		}
	}
	return []PageSample{{"report/reports", reports(0, true)}, {"report/reports", reports(5, true)}, {"report/reports", reports(2, false)},
		{"report/downloads", downloads(0, false)}, {"report/downloads", downloads(5, true)}}
}
