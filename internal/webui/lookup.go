package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// lookupsPage shows the hospital's administrator who asked for whom by full
// number: how often, when, and whether somebody was found; never for which number.
func (s *Server) lookupsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	if r.URL.Query().Get("of") == "patients" {
		return s.lookupNoticesPage(w, r, c)
	}
	list, err := s.d.Intake.Lookups(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newLookupsView(s.settingsFrame(c, "settings.lookups"), list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", v)
}

// lookupTabs leads from the look-ups made here to those of the own patients.
func lookupTabs(b Base, patients bool) []Tab {
	return []Tab{{Text: b.T("lookups.made"), Href: "/lookups", Current: !patients}, {Text: b.T("lookups.patients"), Href: "/lookups?of=patients", Current: patients}}
}

// lookupNoticesPage shows who looked up the hospital's own patients from elsewhere.
func (s *Server) lookupNoticesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Intake.LookupNotices(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newLookupNoticesView(s.settingsFrame(c, "settings.lookups"), list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", v)
}

func newLookupNoticesView(b Base, list page.Result[intake.LookupNotice]) directoryList {
	b.Sub, b.Tabs = b.T("lookups.patients.sub"), lookupTabs(b, true)
	t := Table{Caption: b.T("lookups.patients"), Quiet: true, Columns: []Column{{Key: "lookups.at"}, {Key: "lookups.from"}, {Key: "lookups.account", Class: "grow"}, {Key: "lookups.patient"}},
		Empty: Empty{Title: b.T("lookups.patients.empty"), Text: b.T("lookups.patients.empty.text")}}
	for _, n := range list.Rows {
		t.Rows = append(t.Rows, Cells(CodeCell(n.At.In(clock.Shanghai).Format("2006-01-02 15:04")), TextCell(n.From), Cell{Text: n.Account, Sub: n.Username}, TextCell(n.PersonName)))
	}
	return directoryList{Base: b, Table: t}
}

func newLookupsView(b Base, list page.Result[intake.LookupItem]) directoryList {
	b.Sub, b.Tabs = b.T("lookups.sub"), lookupTabs(b, false)
	t := Table{Caption: b.T("settings.lookups"), Quiet: true, Columns: []Column{{Key: "lookups.at"}, {Key: "lookups.account", Class: "grow"}, {Key: "lookups.found"},
		{Key: "lookups.times", Align: "right"}}, Empty: Empty{Title: b.T("lookups.empty"), Text: b.T("lookups.empty.text")}}
	for _, l := range list.Rows {
		found := TagCell("plain", b.T("lookups.found.no"))
		if l.Found {
			found = TagCell("info", b.T("lookups.found.yes"))
		}
		t.Rows = append(t.Rows, Cells(CodeCell(l.At.In(clock.Shanghai).Format("2006-01-02 15:04")), Cell{Text: l.Account, Sub: l.Username}, found,
			TextCell(b.T("lookups.day", "n", l.Times))))
	}
	return directoryList{Base: b, Table: t}
}
