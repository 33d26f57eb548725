package webui

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// fundFacts is where a fund's money comes from and whom it may help.
func fundFacts(b Base, v funding.FundView) []Def {
	if v.Kind != fund.Pool || v.Source == "" {
		return nil
	}
	out := []Def{{Label: b.T("funding.source"), Text: b.T(v.Source.Label())}, {Label: b.T("funding.purpose"), Text: purpose(b, v.Fund)}}
	if len(v.Places) > 0 {
		out = append(out, Def{Label: b.T("funding.hospitals"), Text: strings.Join(v.Places, b.T("list.separator"))})
	}
	if len(v.Categories) > 0 {
		names := make([]string, len(v.Categories))
		for i, c := range v.Categories {
			names[i] = b.T(c.Key())
		}
		out = append(out, Def{Label: b.T("funding.categories"), Text: strings.Join(names, b.T("list.separator"))})
	}
	if !v.EndsOn.IsZero() {
		out = append(out, Def{Label: b.T("funding.ends_on"), Text: b.Day(v.EndsOn)})
	}
	if !v.DryOn.IsZero() {
		out = append(out, Def{Label: b.T("funding.dry"), Text: b.T("funding.dry.on", "day", b.Day(v.DryOn), "days", fund.PaceDays, "spent", v.Spent)})
	}
	return out
}

// oldest is how many reservations the page lists; the ages count all of them.
const oldest = 10

// outlook is how old the reservations are, with an alert for those the
// partnership asks about.
func outlook(b Base, v funding.FundView, today clock.Date) ([]Alert, *Table) {
	if len(v.Holds) == 0 {
		return nil, nil
	}
	bounds := fund.Ages()
	groups, late := make([]int, len(bounds)+1), 0
	t := &Table{Caption: b.T("funding.holds"), Columns: []Column{{Key: "funding.case", Class: "grow"}, {Key: "funding.hospital"}, {Key: "funding.amount.head", Align: "right"},
		{Key: "funding.holds.since"}, {Key: "funding.holds.days", Align: "right"}}}
	for i, h := range v.Holds {
		age := today.DaysSince(clock.DateOf(h.Since.In(clock.Shanghai)))
		at := 0
		for at < len(bounds) && age > bounds[at] {
			at++
		}
		groups[at]++
		if v.HoldDays > 0 && age > v.HoldDays {
			late++
		}
		if i < oldest {
			name := h.CaseNo
			if name == "" {
				name = b.T("funding.application")
			}
			t.Rows = append(t.Rows, Cells(LinkCell(name, "/approvals/"+h.Approval.String()), TextCell(h.Hospital), MoneyCell(h.Amount), Cell{Text: instant(h.Since), Nowrap: true},
				TextCell(number(age))))
		}
	}
	t.Note = b.T("funding.holds.ages", "a", groups[0], "b", groups[1], "c", groups[2], "d", groups[3])
	if late == 0 {
		return nil, t
	}
	return []Alert{{Kind: "warn", Title: b.T("funding.holds.late", "n", late, "days", v.HoldDays), Text: b.T("funding.holds.late.text")}}, t
}
