package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

func paperPages() []PageSample {
	token := paper.Of(paper.Form{Kind: paper.Approval, ID: sampleIDs.doctor, State: "approved", Figures: make([]money.Fen, 8)}, sampleDay(), 1)
	check := func(c funding.PaperCheck) func(Base) View {
		return func(b Base) View {
			c.Token, c.Code = token, token.Code()
			v := newVerifyView(b, verifyForm(b, sampleDay()))
			v.show(c)
			return v
		}
	}
	return []PageSample{
		{"paper/verify", func(b Base) View { return newVerifyView(b, verifyForm(b, sampleDay())) }},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperForged})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperMistyped})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperUnknown})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, Entered: true, Matches: true})},
		{"paper/verify", check(funding.PaperCheck{Verdict: funding.PaperGenuine, Current: true, Entered: true})},
		{"paper/verify", func(b Base) View {
			sum := sampleApproval(b, fund.ApprovalApproved).Sum()
			return check(funding.PaperCheck{Verdict: funding.PaperGenuine, Record: ident.Derive(sampleIDs.file, "paper"), Recorded: sum.Layers()})(b)
		}},
	}
}
