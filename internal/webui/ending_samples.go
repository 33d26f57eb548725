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
		{"notice/view", func(b Base) View { return newUnionsView(b, day, page.Result[directory.Union]{}, nil) }},
		{"notice/view", func(b Base) View {
			return newUnionsView(b, day, page.Result[directory.Union]{Rows: []directory.Union{sampleUnion(b, partnership.UnionDone)}}, nil)
		}},
		{"notice/view", func(b Base) View {
			return newUnionView(b, day, directory.UnionView{Union: sampleUnion(b, partnership.UnionAsked), MayConfirm: true, MayDrop: true, Pending: []partnership.Pending{{Kind: "payments", N: 1}},
				Moves: []partnership.Carried{{Kind: "cases", N: 41}}, Stays: []partnership.Carried{{Kind: "closed", N: 318}}})
		}},
		{"notice/view", func(b Base) View {
			return newUnionView(b, day, directory.UnionView{Union: sampleUnion(b, partnership.UnionAsked), MayDrop: true})
		}},
		{"notice/view", func(b Base) View {
			return newUnionView(b, day, directory.UnionView{Union: sampleUnion(b, partnership.UnionDone), Moves: []partnership.Carried{{Kind: "stock", N: 12}}})
		}},
		{"directory/organisation", func(b Base) View {
			return newOrganisationView(b, directory.OrganisationDetail{Organisation: partnership.Organisation{ID: sampleID(5), Name: b.T("style.hospital.m2"), Kind: partnership.Hospital},
				Unions: []directory.Union{sampleUnion(b, partnership.UnionDone)}})
		}},
		{"directory/organisation", func(b Base) View {
			return newOrganisationView(b, directory.OrganisationDetail{Organisation: partnership.Organisation{ID: sampleID(6), Name: b.T("style.hospital.m1"), Kind: partnership.Hospital},
				Unions: []directory.Union{sampleUnion(b, partnership.UnionDone)}, Former: []directory.FormerName{{Name: b.T("style.hospital.s1"), Until: sampleInstant()}}})
		}},
	}
}

func sampleUnion(b Base, state partnership.UnionState) directory.Union {
	u := directory.Union{Union: partnership.Union{ID: sampleID(7), From: sampleID(5), Into: sampleID(6), On: sampleDay(), Reason: "2026", State: state, Version: 1},
		FromName: b.T("style.hospital.m2"), IntoName: b.T("style.hospital.m1")}
	if state == partnership.UnionDone {
		u.DoneOn = sampleDay()
	}
	return u
}
