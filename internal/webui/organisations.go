package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

func kindOptions() []Option {
	var out []Option
	for _, k := range partnership.Kinds() {
		out = append(out, Option{Value: string(k), Key: string(k.Label())})
	}
	return out
}

func organisationsFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today,
		Field{Name: "q", LabelKey: "organisations.filter.text", Optional: true, Max: 60},
		Field{Name: "kind", LabelKey: "organisation.kind", Kind: KindSelect, Optional: true, Blank: "list.any", Options: kindOptions()},
		Field{Name: "provisional", LabelKey: "organisation.state", Kind: KindSelect, Optional: true, Blank: "list.any",
			Options: []Option{{Value: "yes", Key: "organisation.provisional"}}})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/organisations"
	return f
}

func (s *Server) organisationsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := organisationsFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	in := directory.OrganisationList{Text: f.Text("q"), Kind: partnership.Kind(f.Choice("kind")), Provisional: f.Choice("provisional") == "yes", Page: pageRequest(r)}
	list, err := s.d.Directory.Organisations(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.organisations")
	if s.can(c, authz.OrganisationEdit) {
		b.Actions = []Button{{Text: b.T("organisations.new"), Icon: "plus", Href: "/organisations/new", Kind: "primary"}}
	}
	v := newOrganisationsView(b, f, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", v)
}

func newOrganisationsView(b Base, f *Form, list page.Result[partnership.Organisation]) directoryList {
	t := Table{Caption: b.T("settings.organisations"), Quiet: true, Columns: []Column{{Key: "organisation.name", Class: "grow"}, {Key: "organisation.code"},
		{Key: "organisation.kind"}, {Key: "organisation.region"}, {Key: "organisation.state"}},
		Empty: Empty{Title: b.T("organisations.empty"), Text: b.T("organisations.empty.text")}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/organisations")
	}
	for _, o := range list.Rows {
		row := Cells(nameCell(o.Name, "/organisations/"+o.ID.String()), CodeCell(o.Code), TextCell(b.T(string(o.Kind.Label()))), CodeCell(o.RegionCode), TextCell(""))
		if o.Provisional {
			row.Alert, row.Cells[4] = true, TagCell("warn", b.T("organisation.provisional"))
		}
		t.Rows = append(t.Rows, row)
	}
	return directoryList{Base: b, Filter: f, Table: t}
}

func organisationForm(b Base, today clock.Date, action string, o partnership.Organisation) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "name", LabelKey: "organisation.name", Max: 80, Width: 8, Focus: true},
		Field{Name: "short_name", LabelKey: "organisation.short_name", Max: 24, Optional: true, Width: 4},
		Field{Name: "code", LabelKey: "organisation.code", HintKey: "organisation.code.hint", Max: 32, Width: 6},
		Field{Name: "region", LabelKey: "organisation.region", HintKey: "organisation.region.hint", Max: 6, Optional: true, Width: 6},
		Field{Name: "kind", LabelKey: "organisation.kind", Kind: KindRadio, Options: kindOptions()}))
	f.Action = action
	if o.ID != ident.Nil {
		f.Hide("version", version(o.Version))
	}
	return f.Put("name", o.Name).Put("short_name", o.ShortName).Put("code", o.Code).Put("region", o.RegionCode).Put("kind", string(o.Kind))
}

func readOrganisation(f *Form) partnership.Organisation {
	return partnership.Organisation{Name: f.Text("name"), ShortName: f.Text("short_name"), Code: f.Text("code"), RegionCode: f.Text("region"),
		Kind: partnership.Kind(f.Choice("kind")), Version: f.Version()}
}

func (s *Server) newOrganisationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showOrganisationForm(w, r, c, organisationForm(c.Base, c.Today, "/organisations", partnership.Organisation{Kind: partnership.Hospital}), "organisations.new", "/organisations")
}

func (s *Server) showOrganisationForm(w http.ResponseWriter, r *http.Request, c *Call, f *Form, title, back string) error {
	b := s.settingsFrame(c, title, Link{Text: c.P.T("settings.organisations"), Href: "/organisations"})
	return s.formPage(w, r, b, f, Button{Text: b.T("directory.save")}, back)
}

func (s *Server) createOrganisation(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := organisationForm(c.Base, c.Today, "/organisations", partnership.Organisation{})
	return s.saveOrganisation(w, r, c, f, ident.Nil, "organisations.new")
}

// saveOrganisation reads, saves and answers; new and changed ones differ by id.
func (s *Server) saveOrganisation(w http.ResponseWriter, r *http.Request, c *Call, f *Form, id ident.ID, title string) error {
	if err := f.Read(r); err != nil {
		return err
	}
	o := readOrganisation(f)
	o.ID = id
	if f.OK() {
		saved, err := s.d.Directory.SaveOrganisation(r.Context(), c.Who, o, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, "/organisations/"+saved.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showOrganisationForm(w, r, c, f, title, "/organisations")
}

// organisationView is the page of one organisation.
type organisationView struct {
	Base
	Note    *Alert
	Facts   []Def
	Members Table
}

func (s *Server) organisation(r *http.Request, c *Call) (directory.OrganisationDetail, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return directory.OrganisationDetail{}, err
	}
	return s.d.Directory.Organisation(r.Context(), c.Who, id)
}

func (s *Server) organisationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.organisation(r, c)
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.organisations")
	v := newOrganisationView(b, d)
	if !s.can(c, authz.PartnershipRead) {
		for _, row := range v.Members.Rows {
			row.Cells[0].Href = ""
		}
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/organisation", v)
}

func newOrganisationView(b Base, d directory.OrganisationDetail) organisationView {
	self := "/organisations/" + d.ID.String()
	b.Crumbs = []Link{{Text: b.T("nav.settings"), Href: "/settings"}, {Text: b.T("settings.organisations"), Href: "/organisations"}, {Text: d.Name}}
	b.Title, b.Sub = d.Name, d.Code
	v := organisationView{Base: b}
	switch {
	case d.MergedInto != ident.Nil:
		v.Note = &Alert{Kind: "warn", Title: b.T("organisation.merged", "name", d.Merged.Name), Links: []Link{{Text: d.Merged.Name, Href: "/organisations/" + d.Merged.ID.String()}}}
	case d.Provisional:
		v.Note = &Alert{Kind: "warn", Title: b.T("organisation.provisional.title"), Text: b.T("organisation.provisional.text")}
		if d.MayEdit {
			v.Note.Buttons = []Button{{Text: b.T("organisation.merge"), Href: self + "/merge"}, {Text: b.T("organisation.confirm"), Href: self + "/edit"}}
		}
	}
	for _, u := range d.Unions {
		if u.From == d.ID {
			since := sinceAlert(b, u)
			v.Note = &since
		} else {
			v.Facts = append(v.Facts, Def{Label: b.T("union.title"), Text: b.T("union.part_of", "date", b.Day(u.DoneOn), "from", u.FromName)})
		}
	}
	if d.MayEdit && !d.Provisional {
		v.Actions = []Button{{Text: b.T("directory.edit"), Icon: "edit", Href: self + "/edit"}}
	}
	v.Facts = append([]Def{{Label: b.T("organisation.code"), Text: d.Code}, {Label: b.T("organisation.kind"), Text: b.T(string(d.Kind.Label()))},
		{Label: b.T("organisation.short_name"), Text: orNone(b, d.ShortName)}, {Label: b.T("organisation.region"), Text: orNone(b, d.RegionCode)}}, v.Facts...)
	for _, n := range d.Former {
		v.Facts = append(v.Facts, Def{Label: b.T("organisation.former"), Text: b.T("organisation.former.until", "name", n.Name, "at", instant(n.Until))})
	}
	v.Members = Table{Caption: b.T("organisation.memberships"), Columns: []Column{{Key: "settings.partnerships", Class: "grow"}, {Key: "member.side"}, {Key: "period.from"}, {Key: "period.to"}},
		Empty: Empty{Title: b.T("organisation.no_member"), Text: b.T("organisation.no_member.text")}}
	for _, m := range d.Members {
		v.Members.Rows = append(v.Members.Rows, Cells(nameCell(m.Name, "/partnerships/"+m.PartnershipID.String()), sideCell(b, m.Side), DateCell(m.From), endCell(b, m.To)))
	}
	return v
}

func sideCell(b Base, side user.Side) Cell { return PlaceCell(sideOf(side), b.T("side."+string(side))) }

// endCell is the last day of a period, or that it has none.
func endCell(b Base, to clock.Date) Cell {
	if to.IsZero() {
		return TextCell(b.T("period.open"))
	}
	return DateCell(to)
}

func (s *Server) editOrganisationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.organisation(r, c)
	if err != nil {
		return err
	}
	self := "/organisations/" + d.ID.String()
	return s.showOrganisationForm(w, r, c, organisationForm(c.Base, c.Today, self+"/edit", d.Organisation), "organisations.edit", self)
}

func (s *Server) editOrganisation(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.organisation(r, c)
	if err != nil {
		return err
	}
	return s.saveOrganisation(w, r, c, organisationForm(c.Base, c.Today, "/organisations/"+d.ID.String()+"/edit", d.Organisation), d.ID, "organisations.edit")
}

func mergeForm(b Base, today clock.Date, id ident.ID, into []Option) *Form {
	f := keyed(NewForm(b, today, Field{Name: "into", LabelKey: "organisation.merge.into", HintKey: "organisation.merge.hint", Kind: KindCombo, Options: into, Focus: true}))
	f.Action = "/organisations/" + id.String() + "/merge"
	return f
}

// mergeForm offers the standing organisations of the same kind.
func (s *Server) mergeForm(r *http.Request, c *Call) (*Form, directory.OrganisationDetail, error) {
	d, err := s.organisation(r, c)
	if err != nil {
		return nil, d, err
	}
	list, err := s.organisations(r.Context(), c, d.Kind)
	if err != nil {
		return nil, d, err
	}
	var into []partnership.Organisation
	for _, o := range list {
		if o.ID != d.ID && !o.Provisional {
			into = append(into, o)
		}
	}
	return mergeForm(c.Base, c.Today, d.ID, organisationOptions(into)).saysIfCut("into"), d, nil
}

func (s *Server) mergeOrganisationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.mergeForm(r, c)
	if err != nil {
		return err
	}
	return s.showMerge(w, r, c, f, d)
}

func (s *Server) showMerge(w http.ResponseWriter, r *http.Request, c *Call, f *Form, d directory.OrganisationDetail) error {
	self := "/organisations/" + d.ID.String()
	b := s.settingsFrame(c, "organisation.merge", Link{Text: c.P.T("settings.organisations"), Href: "/organisations"}, Link{Text: d.Name, Href: self})
	b.Title, b.Sub = b.T("organisation.merge.title", "name", d.Name), b.T("organisation.merge.text")
	return s.formPage(w, r, b, f, Button{Text: b.T("organisation.merge")}, self)
}

func (s *Server) mergeOrganisation(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.mergeForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	into := f.IDOf("into")
	if f.OK() {
		err := s.d.Directory.Merge(r.Context(), c.Who, d.ID, into, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("organisation.merge.done")})
			return seeOther(w, r, "/organisations/"+into.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showMerge(w, r, c, f, d)
}
