package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

// endingPages are the samples of the end of a partnership.
func endingPages() []PageSample {
	day := sampleDay()
	view := func(b Base, e partnership.Ending) directory.EndingView {
		return directory.EndingView{Ending: e, Partnership: partnership.Partnership{ID: sampleID(1), Name: b.T("style.hospital.s1"), Version: 1}}
	}
	asked := partnership.Ending{AskedOn: day, AskedBy: sampleID(2), Reason: "2026"}
	return []PageSample{
		{"directory/form", func(b Base) View {
			b.Title = b.T("account.move")
			return newDirectoryForm(b, sampleAccountMove(b), Button{Text: b.T("account.move.do"), Kind: "danger"}, "/users")
		}},
		{"notice/view", func(b Base) View {
			v := view(b, partnership.Ending{})
			v.MayAsk = true
			return newEndingView(b, day, v)
		}},
		{"notice/view", func(b Base) View {
			v := view(b, asked)
			v.MayConfirm, v.Pending = true, []partnership.Pending{{Kind: "reserved", N: 2}, {Kind: "care", N: 11}}
			v.Cases = page.Result[directory.HandedCase]{Rows: []directory.HandedCase{{ID: sampleID(3), No: "SH-2026-00419", State: "follow_up", OpenedOn: day, Home: b.T("style.hospital.s1")}}}
			return newEndingView(b, day, v)
		}},
		{"notice/view", func(b Base) View { return newEndingView(b, day, view(b, asked)) }},
		{"notice/view", func(b Base) View {
			e := asked
			e.ClosedOn, e.ClosedBy = day, sampleID(4)
			v := view(b, e)
			v.MayArchive = true
			return newEndingView(b, day, v)
		}},
	}
}
