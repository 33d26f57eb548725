package webui

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
)

func paperPages() []PageSample {
	token := paper.Of(paper.Form{Kind: paper.Approval, ID: sampleIDs.doctor, State: "approved", Figures: make([]money.Fen, 8), Name: "A"}, sampleDay(), 1)
	check := func(c funding.PaperCheck) func(Base) View {
		return func(b Base) View {
			c.Token, c.Code = token, token.Code()
			v := newVerifyView(b, verifyForm(b, sampleDay()))
			v.show(c)
			return v
		}
	}
	funds := func(b Base) []inspection.Fund {
		return []inspection.Fund{{ID: sampleIDs.file, Code: "F-01", Name: b.T("funding.sample.pool")}}
	}
	packages := func(rows int) func(Base) View {
		return func(b Base) View {
			var list []inspection.Package
			for i := range rows {
				p := inspection.Package{ID: sampleIDs.doctor, Fund: sampleIDs.file, FundName: b.T("funding.sample.pool"), From: clock.MustDate(2026, 1, 1), To: sampleDay(),
					State: inspection.Ready, Size: 412_000, LogRows: 1834, At: sampleInstant(), By: b.T("style.person.1")}
				if i < 2 {
					p.State, p.Failed = inspection.Waiting, i == 1
				}
				list = append(list, p)
			}
			v := newPackagesView(b, packageForm(b, sampleDay(), funds(b)), list)
			v.Proof = true
			return v
		}
	}
	return []PageSample{
		{"paper/packages", packages(0)}, {"paper/packages", packages(3)},
		{"paper/verify", func(b Base) View { return newVerifyView(b, verifyForm(b, sampleDay())) }},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperForged})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperMistyped})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperUnknown})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, Entered: true, Matches: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, Entered: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, NameEntered: true, NameMatches: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, NameEntered: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, Entered: true, Matches: true, NameEntered: true, NameMatches: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, Entered: true, NameEntered: true})},
		{"paper/verify", func(b Base) View {
			c := funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, NameEntered: true, Token: token, Code: token.Code()}
			c.Token.Named = false
			v := newVerifyView(b, verifyForm(b, sampleDay()))
			v.show(c)
			return v
		}},
		{"paper/verify", func(b Base) View {
			sum := sampleApproval(b, fund.ApprovalApproved).Sum()
			return check(funding.PaperCheck{Verdict: funding.PaperGenuine, Record: ident.Derive(sampleIDs.file, "paper"), Person: b.T("style.person.1"), Recorded: sum.Layers()})(b)
		}},
	}
}
