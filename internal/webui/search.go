package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// searchMost is how much of what was typed into a search box is looked for.
const searchMost = 64

// searchForm asks by a post: who is looked for stands in no address.
func searchForm(b Base, today clock.Date, text string) *Form {
	f := NewForm(b, today, Field{Name: "q", LabelKey: "search.label", Placeholder: "search.hint", Optional: true, Max: searchMost, Complete: "off"})
	f.ID, f.Compact, f.Action, f.Clear = "filter", true, "/search", "/patients"
	return f.Put("q", text)
}

// search takes what was typed into a search box and leads to what was found, at
// an address that does not say what was typed but finds it again.
func (s *Server) search(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := searchForm(c.Base, c.Today, "")
	if err := f.Read(r); err != nil {
		return err
	}
	text := f.Text("q")
	if runes := []rune(text); len(runes) > searchMost {
		text = string(runes[:searchMost])
	}
	if text == "" {
		return seeOther(w, r, "/search")
	}
	kept, err := s.d.Intake.KeepSearch(c.Who, text)
	if err != nil {
		return err
	}
	return seeOther(w, r, "/search/"+kept)
}

// searchPage is a search nothing was typed into: the whole list, or the box for
// who looks for case numbers only.
func (s *Server) searchPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	if s.can(c, authz.PersonRead) {
		return seeOther(w, r, "/patients")
	}
	return s.caseSearch(w, r, c, "")
}

// foundPage is the answer of a search: a case number leads to its case,
// everything else to the list of who was found.
func (s *Server) foundPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	text, err := s.d.Intake.KeptSearch(c.Who, chi.URLParam(r, "kept"))
	if err != nil {
		return err
	}
	if s.can(c, authz.PersonRead) {
		return s.searchResults(w, r, c, text)
	}
	return s.caseSearch(w, r, c, text)
}

func (s *Server) caseSearch(w http.ResponseWriter, r *http.Request, c *Call, text string) error {
	found, err := s.d.Intake.FindCase(r.Context(), c.Who, text)
	if err != nil {
		return err
	}
	if found.CaseID != ident.Nil {
		return seeOther(w, r, "/cases/"+found.CaseID.String())
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "intake/patients", newCaseSearchView(c.Base, c.Today, text))
}

// newCaseSearchView is the answer for who may look for case numbers only.
func newCaseSearchView(b Base, today clock.Date, text string) patientsView {
	b.Title = b.T("search.title")
	t := Table{Caption: b.Title, Quiet: true, Columns: patientColumns(false), Empty: Empty{Title: b.T("search.nothing"), Text: b.T("search.case_only")}}
	f := searchForm(b, today, text)
	f.Clear = "/search"
	return patientsView{Base: b, Filter: f, Table: t}
}

func (s *Server) searchResults(w http.ResponseWriter, r *http.Request, c *Call, text string) error {
	found, err := s.d.Intake.Search(r.Context(), c.Who, text)
	if err != nil {
		return err
	}
	if found.CaseID != ident.Nil {
		return seeOther(w, r, "/cases/"+found.CaseID.String())
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "intake/patients", newSearchView(s.patientsFrame(c), c.Today, text, found))
}

func newSearchView(b Base, today clock.Date, text string, found intake.Found) patientsView {
	b.Title, b.Sub = b.T("search.title"), b.T("search.count", "n", len(found.Hits))
	wide := false
	for _, h := range found.Hits {
		wide = wide || len(h.Hospitals) > 1 || h.HospitalID != found.Hits[0].HospitalID
	}
	t := Table{Caption: b.T("search.title"), Quiet: true, Columns: append(patientColumns(wide), Column{Key: "search.matched"}),
		Empty: Empty{Title: b.T("search.nothing"), Text: b.T("search.nothing.text"), Buttons: []Button{{Text: b.T("search.all"), Href: "/patients"}}}}
	for _, h := range found.Hits {
		cells := patientCells(b, h.PersonRow, today, strings.Join(h.Hospitals, b.T("list.separator")), wide)
		t.Rows = append(t.Rows, Cells(append(cells, TagCell("info", kindText(b, h.Matched)))...))
	}
	v := patientsView{Base: b, Filter: searchForm(b, today, text), Table: t}
	switch {
	case found.TooMany:
		v.Note = &Alert{Kind: "warn", Title: b.T("search.too_many"), Text: b.T("search.too_many.text")}
		v.Table.Empty = Empty{Title: b.T("search.too_many"), Text: b.T("search.too_many.text")}
		v.Base.Sub, v.Note = "", nil
	case found.More:
		v.Note = &Alert{Kind: "warn", Title: b.T("search.more", "n", intake.SearchLimit), Text: b.T("search.more.text")}
	case len(found.Unknown) > 0:
		v.Note = &Alert{Kind: "warn", Title: b.T("search.unknown", "words", strings.Join(found.Unknown, " ")), Text: b.T("search.unknown.text")}
	}
	return v
}

func kindText(b Base, kinds []match.Kind) string {
	var out []string
	for _, k := range kinds {
		if text := b.T("search.kind." + string(k)); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, b.T("list.separator"))
}
