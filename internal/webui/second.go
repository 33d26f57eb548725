package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// caseTabs are the two lists of cases: all, and those whose other side waits.
func caseTabs(b Base, second bool) []Tab {
	return []Tab{{Text: b.T("cases.all"), Href: "/cases", Current: !second}, {Text: b.T("second.title"), Href: "/second-sides", Current: second}}
}

func secondFilter(b Base, today clock.Date) *Form {
	var needs []Option
	for _, n := range casefile.Needs() {
		needs = append(needs, Option{Value: string(n), Key: n.Label()})
	}
	f := NewForm(b, today,
		Field{Name: "programme", LabelKey: "case.programme", Kind: KindSelect, Optional: true, Blank: "list.any",
			Options: programmeOptions([]procedure.Programme{procedure.Joint, procedure.Cataract})},
		Field{Name: "need", LabelKey: "second.need", Kind: KindSelect, Optional: true, Blank: "list.any", Options: needs})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/second-sides"
	return f
}

func (s *Server) secondPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := secondFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.SecondsInput{Programme: procedure.Programme(f.Choice("programme")), Need: casefile.Need(f.Choice("need")), Page: pageRequest(r)}
	list, err := s.d.Care.Seconds(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	s.section(c, "cases")
	b := c.Base
	b.Title, b.Sub, b.Tabs = b.T("second.title"), b.T("second.sub"), caseTabs(c.Base, true)
	v := newSecondView(b, f, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

func newSecondView(b Base, f *Form, list care.SecondList) careList {
	t := Table{Caption: b.T("second.title"), Quiet: true, Columns: []Column{{Key: "case.patient", Class: "grow"}, {Key: "second.done"}, {Key: "second.done_at"},
		{Key: "second.due"}, {Key: "second.planned_at"}, {Key: "second.planned_on"}, {Key: "second.waited", Align: "right"}, {Key: "nav.referrals"}},
		Empty: Empty{Title: b.T("second.none"), Text: b.T("second.none.text")}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/second-sides")
	}
	at := sides(list.Sides)
	for _, x := range list.Rows {
		done := Cell{Text: b.T("second.elsewhere"), Sub: x.Wait.Since.String()}
		if x.FirstKind != "" {
			done.Text = siteText(b, x.FirstKind.Site(), x.FirstSide)
		}
		on := DateCell(x.PlannedOn)
		on.Bad = !x.PlannedOn.IsZero() && x.PlannedOn.Before(list.Today)
		where := TextCell(b.T("second.undecided"))
		if x.PlannedAtName != "" {
			where = spot(at.of(x.PlannedAt), x.PlannedAtName)
		}
		sent := TextCell("")
		if x.Referral != "" {
			sent.Tag = &Tag{Text: b.T(x.Referral.Label()), Kind: joinKind(referral.State(x.Referral))}
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: x.PersonName, Href: "/cases/" + x.Case.String(), Sub: x.CaseNo}, done, spot(at.of(x.FirstAt), x.FirstAtName),
			Cell{Text: siteText(b, x.Wait.Site, x.Wait.Side), Sub: b.T(x.Wait.Need.Label())}, where, on,
			Cell{Text: b.T("second.days", "n", list.Today.DaysSince(x.Wait.Since)), Nowrap: true}, sent))
	}
	return careList{Base: b, Filter: f, Table: t}
}
