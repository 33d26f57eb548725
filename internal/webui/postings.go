package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

func practitionersFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today, Field{Name: "q", LabelKey: "practitioners.filter.text", Optional: true, Max: 40},
		Field{Name: "licence", LabelKey: "practitioners.filter.licence", Kind: KindSelect, Optional: true, Blank: "list.any", Options: []Option{{Value: "soon", Key: "practitioners.filter.licence.soon"}}})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/practitioners"
	return f
}

func (s *Server) practitionersPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := practitionersFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	list, err := s.d.Directory.Practitioners(r.Context(), c.Who, directory.PractitionerList{Text: f.Text("q"), Licence: f.Choice("licence") == "soon", Page: pageRequest(r)})
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.practitioners")
	if s.can(c, authz.PractitionerEdit) {
		b.Actions = []Button{{Text: b.T("practitioners.new"), Icon: "plus", Href: "/practitioners/new", Kind: "primary"}}
	}
	v := newPractitionersView(b, f, list, c.Today)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", v)
}

func newPractitionersView(b Base, f *Form, list page.Result[directory.PractitionerItem], today clock.Date) directoryList {
	t := Table{Caption: b.T("settings.practitioners"), Quiet: true, Columns: []Column{{Key: "practitioner.name"}, {Key: "practitioner.home"}, {Key: "practitioner.grade"},
		{Key: "practitioner.specialty"}, {Key: "practitioner.licence"}, {Key: "practitioner.licence_expires"}}, Empty: Empty{Title: b.T("practitioners.empty"), Text: b.T("practitioners.empty.text")}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/practitioners")
	}
	for _, p := range list.Rows {
		t.Rows = append(t.Rows, Cells(nameCell(p.Name, "/practitioners/"+p.ID.String()), TextCell(p.HomeName), TextCell(gradeText(b, p.Grade)),
			TextCell(specialtyText(b, p.Specialty)), CodeCell(p.Licence), licenceCell(b, p.Practitioner, today)))
	}
	return directoryList{Base: b, Filter: f, Table: t}
}

// licenceCell is the last day of a licence, with a word when it is over or near.
func licenceCell(b Base, p practitioner.Practitioner, today clock.Date) Cell {
	c := DateCell(p.LicenceExpires)
	switch state := p.LicenceOn(today); state {
	case practitioner.LicenceExpired:
		c.Bad, c.Sub = true, b.T(state.Label())
	case practitioner.LicenceSoon:
		c.Sub = b.T(state.Label())
	}
	return c
}

func gradeText(b Base, g practitioner.Grade) string {
	if g == "" {
		return ""
	}
	return b.T(g.Label())
}

func specialtyText(b Base, x practitioner.Specialty) string {
	if x == "" {
		return ""
	}
	return b.T(x.Label())
}

func practitionerForm(b Base, today clock.Date, action string, homes []Option, p directory.PractitionerItem) *Form {
	var grades, fields []Option
	for _, g := range practitioner.Grades() {
		grades = append(grades, Option{Value: string(g), Key: g.Label()})
	}
	for _, x := range practitioner.Specialties() {
		fields = append(fields, Option{Value: string(x), Key: x.Label()})
	}
	f := keyed(NewForm(b, today,
		Field{Name: "name", LabelKey: "practitioner.name", Max: 50, Width: 6, Focus: true},
		Field{Name: "home_org", LabelKey: "practitioner.home", Kind: KindCombo, Options: homes, Width: 6},
		Field{Name: "licence", LabelKey: "practitioner.licence", HintKey: "practitioner.licence.hint", Max: 40, Optional: true, Width: 6},
		Field{Name: "licence_expires", LabelKey: "practitioner.licence_expires", HintKey: "practitioner.licence_expires.hint", Kind: KindDate, Optional: true, Width: 6},
		Field{Name: "specialty", LabelKey: "practitioner.specialty", Kind: KindSelect, Blank: "list.none", Options: fields, Optional: true, Width: 6},
		Field{Name: "grade", LabelKey: "practitioner.grade", Kind: KindRadio, Options: grades, Optional: true}))
	f.Action = action
	if p.ID != ident.Nil {
		f.Hide("version", version(p.Version)).Put("home_org", p.HomeOrg.String())
	}
	return f.Put("name", p.Name).Put("licence", p.Licence).Put("licence_expires", p.LicenceExpires.String()).Put("specialty", string(p.Specialty)).Put("grade", string(p.Grade))
}

func (s *Server) practitionerForm(r *http.Request, c *Call, action string, p directory.PractitionerItem) (*Form, error) {
	homes, err := s.organisationChoice(r, c)
	f := practitionerForm(c.Base, c.Today, action, homes, p).saysIfCut("home_org")
	if p.ID == ident.Nil && len(c.Who.Hospitals) == 1 {
		f.Put("home_org", c.Who.Hospitals[0].String())
	}
	return f, err
}

func (s *Server) newPractitionerPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.practitionerForm(r, c, "/practitioners", directory.PractitionerItem{})
	if err != nil {
		return err
	}
	return s.showPractitioner(w, r, c, f, "practitioners.new", true)
}

func (s *Server) showPractitioner(w http.ResponseWriter, r *http.Request, c *Call, f *Form, title string, edit bool) error {
	b := s.settingsFrame(c, title, Link{Text: c.P.T("settings.practitioners"), Href: "/practitioners"})
	status := f.Status()
	v := newDirectoryForm(b, f, Button{Text: b.T("directory.save")}, "/practitioners")
	if !edit {
		v.Buttons = v.Buttons[1:]
	}
	return s.d.Engine.Render(w, r, status, "directory/form", v)
}

func (s *Server) createPractitioner(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.practitionerForm(r, c, "/practitioners", directory.PractitionerItem{})
	if err != nil {
		return err
	}
	return s.savePractitioner(w, r, c, f, ident.Nil, "practitioners.new")
}

func (s *Server) savePractitioner(w http.ResponseWriter, r *http.Request, c *Call, f *Form, id ident.ID, title string) error {
	if err := f.Read(r); err != nil {
		return err
	}
	p := practitioner.Practitioner{ID: id, Name: f.Text("name"), HomeOrg: f.IDOf("home_org"), Licence: f.Text("licence"),
		LicenceExpires: f.Date("licence_expires"), Grade: practitioner.Grade(f.Choice("grade")), Specialty: practitioner.Specialty(f.Choice("specialty"))}
	if f.OK() {
		_, err := s.d.Directory.SavePractitioner(r.Context(), c.Who, p, f.Version(), requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved"), Text: licenceRemark(c.Base, p, c.Today)})
			return seeOther(w, r, "/practitioners")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showPractitioner(w, r, c, f, title, true)
}

// licenceRemark names an unusual licence number or one that is over; neither is
// refused.
func licenceRemark(b Base, p practitioner.Practitioner, today clock.Date) string {
	if p.LicenceOn(today) == practitioner.LicenceExpired {
		return b.T("warning.practitioner.licence_expired")
	}
	if key := p.Clean().LicenceWarning(); key != "" {
		return b.T(key)
	}
	return ""
}

func (s *Server) practitionerPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	p, edit, err := s.d.Directory.Practitioner(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	f, err := s.practitionerForm(r, c, "/practitioners/"+id.String(), p)
	if err != nil {
		return err
	}
	title := "practitioners.edit"
	if !edit {
		title = "practitioners.view"
		for _, name := range f.Names() {
			x := f.field(name)
			x.ReadOnly = true
			f.Declare(x)
		}
	}
	return s.showPractitioner(w, r, c, f, title, edit)
}

func (s *Server) editPractitioner(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	p, _, err := s.d.Directory.Practitioner(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	f, err := s.practitionerForm(r, c, "/practitioners/"+id.String(), p)
	if err != nil {
		return err
	}
	return s.savePractitioner(w, r, c, f, id, "practitioners.edit")
}

func postingsFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today, Field{Name: "on", LabelKey: "postings.filter.on", Kind: KindDate, Optional: true})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/postings"
	return f
}

func (s *Server) postingsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := postingsFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	list, err := s.d.Directory.Postings(r.Context(), c.Who, directory.PostingList{On: f.Date("on"), Page: pageRequest(r)})
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.postings")
	edit := s.can(c, authz.PostingEdit)
	if edit {
		b.Actions = []Button{{Text: b.T("postings.new"), Icon: "plus", Href: "/postings/new", Kind: "primary"}}
	}
	v := newPostingsView(b, f, list, c.Today)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "directory/list", v)
}

func newPostingsView(b Base, f *Form, list page.Result[directory.PostingItem], today clock.Date) directoryList {
	b.Sub = b.T("postings.sub")
	t := Table{Caption: b.T("settings.postings"), Quiet: true, Columns: []Column{{Key: "practitioner.name"}, {Key: "practitioner.home"}, {Key: "posting.host"},
		{Key: "period.from"}, {Key: "period.to"}, {Key: "account.state"}}, Empty: Empty{Title: b.T("postings.empty"), Text: b.T("postings.empty.text")}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/postings")
	}
	for _, p := range list.Rows {
		from := DateCell(p.From)
		if !p.BackFrom.IsZero() {
			from.Sub = b.T("posting.backdated", "on", p.BackFrom)
		}
		t.Rows = append(t.Rows, Cells(nameCell(p.Name, "/postings/"+p.ID.String()), TextCell(p.HomeName), TextCell(p.HostName), from, DateCell(p.To),
			periodCell(b, today, p.From, p.To)))
	}
	return directoryList{Base: b, Filter: f, Table: t}
}

func postingForm(b Base, today clock.Date, doctors, hosts []Option) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "practitioner", LabelKey: "posting.practitioner", HintKey: "posting.practitioner.hint", Kind: KindCombo, Options: doctors, Width: 6, Focus: true},
		Field{Name: "host", LabelKey: "posting.host", Kind: KindCombo, Options: hosts, Width: 6},
		Field{Name: "from", LabelKey: "period.from", Kind: KindDate, Width: 6},
		Field{Name: "to", LabelKey: "period.to", HintKey: "posting.to.hint", Kind: KindDate, Width: 6},
		Field{Name: "confirm", LabelKey: "posting.confirm", Kind: KindCheck, Optional: true}))
	f.Action = "/postings"
	return f
}

func (s *Server) postingForm(r *http.Request, c *Call) (*Form, error) {
	members, err := s.d.Directory.Hospitals(r.Context(), c.Who, c.Today)
	if err != nil {
		return nil, err
	}
	doctors, err := s.practitionerChoice(r, c)
	if err != nil {
		return nil, err
	}
	var hosts []directory.Member
	for _, m := range members {
		if s.d.Policy.Can(c.Who, authz.PostingEdit, authz.AtHospital(c.Who.PartnershipID, m.OrganisationID)) {
			hosts = append(hosts, m)
		}
	}
	return postingForm(c.Base, c.Today, doctors, hospitalOptions(hosts, "")).saysIfCut("practitioner"), nil
}

func (s *Server) newPostingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.postingForm(r, c)
	if err != nil {
		return err
	}
	return s.showPosting(w, r, c, f.Put("from", c.Today.String()), "postings.new", true)
}

func (s *Server) showPosting(w http.ResponseWriter, r *http.Request, c *Call, f *Form, title string, edit bool) error {
	b := s.settingsFrame(c, title, Link{Text: c.P.T("settings.postings"), Href: "/postings"})
	b.Sub = b.T("postings.sub")
	status := f.Status()
	v := newDirectoryForm(b, f, Button{Text: b.T("directory.save")}, "/postings")
	if !edit {
		v.Buttons = v.Buttons[1:]
	}
	return s.d.Engine.Render(w, r, status, "directory/form", v)
}

func (s *Server) createPosting(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.postingForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	p := partnership.Posting{Practitioner: f.IDOf("practitioner"), Host: f.IDOf("host"), From: f.Date("from"), To: f.Date("to")}
	return s.savePosting(w, r, c, f, p, "postings.new")
}

func (s *Server) savePosting(w http.ResponseWriter, r *http.Request, c *Call, f *Form, p partnership.Posting, title string) error {
	if f.OK() {
		_, err := s.d.Directory.SavePosting(r.Context(), c.Who, p, f.Bool("confirm"), requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, "/postings")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showPosting(w, r, c, f, title, true)
}

func editPostingForm(b Base, today clock.Date, p directory.PostingItem, edit bool) *Form {
	f := postingForm(b, today, nil, nil)
	f.Declare(Field{Name: "practitioner", LabelKey: "posting.practitioner", Kind: KindStatic, Width: 6})
	f.Declare(Field{Name: "host", LabelKey: "posting.host", Kind: KindStatic, Width: 6})
	if !edit {
		f = NewForm(b, today, f.field("practitioner"), f.field("host"), Field{Name: "from", LabelKey: "period.from", Kind: KindStatic, Width: 6},
			Field{Name: "to", LabelKey: "period.to", Kind: KindStatic, Width: 6})
	}
	if edit {
		f.Declare(Field{Name: "reason", LabelKey: "posting.reason", HintKey: "posting.reason.hint", Optional: true, Max: 300})
	}
	f.Action = "/postings/" + p.ID.String()
	f.Hide("version", version(p.Version))
	return f.Put("practitioner", p.Name+" "+p.HomeName).Put("host", p.HostName).Put("from", p.From.String()).Put("to", p.To.String()).Put("reason", p.BackReason)
}

func (s *Server) posting(r *http.Request, c *Call) (directory.PostingItem, bool, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return directory.PostingItem{}, false, err
	}
	return s.d.Directory.Posting(r.Context(), c.Who, id)
}

func (s *Server) postingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, edit, err := s.posting(r, c)
	if err != nil {
		return err
	}
	title := "postings.edit"
	if !edit {
		title = "postings.view"
	}
	if edit && !p.To.Before(c.Today) {
		c.Base.Actions = []Button{{Text: c.P.T("postings.end"), Href: "/postings/" + p.ID.String() + "/end"}}
	}
	return s.showPosting(w, r, c, editPostingForm(c.Base, c.Today, p, edit), title, edit)
}

func endPostingForm(b Base, today clock.Date, p directory.PostingItem) *Form {
	f := keyed(NewForm(b, today, Field{Name: "practitioner", LabelKey: "posting.practitioner", Kind: KindStatic, Width: 6},
		Field{Name: "host", LabelKey: "posting.host", Kind: KindStatic, Width: 6},
		Field{Name: "on", LabelKey: "posting.end.on", HintKey: "posting.end.hint", Kind: KindDate, Focus: true}))
	f.Action = "/postings/" + p.ID.String() + "/end"
	f.Hide("version", version(p.Version))
	return f.Put("practitioner", p.Name+" "+p.HomeName).Put("host", p.HostName).Put("on", min(today.String(), p.To.String()))
}

func (s *Server) showEndPosting(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	b := s.settingsFrame(c, "postings.end", Link{Text: c.P.T("settings.postings"), Href: "/postings"})
	return s.d.Engine.Render(w, r, f.Status(), "directory/form", newDirectoryForm(b, f, Button{Text: b.T("postings.end"), Kind: "danger"}, "/postings"))
}

func (s *Server) endPostingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.posting(r, c)
	if err != nil {
		return err
	}
	return s.showEndPosting(w, r, c, endPostingForm(c.Base, c.Today, p))
}

func (s *Server) endPosting(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.posting(r, c)
	if err != nil {
		return err
	}
	f := endPostingForm(c.Base, c.Today, p)
	if err := f.Read(r); err != nil {
		return err
	}
	f.Put("practitioner", p.Name+" "+p.HomeName).Put("host", p.HostName)
	on := f.Date("on")
	if f.OK() {
		err := s.d.Directory.EndPosting(r.Context(), c.Who, directory.PostingEnd{ID: p.ID, On: on, Version: f.Version()}, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("posting.ended")})
			return seeOther(w, r, "/postings")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showEndPosting(w, r, c, f)
}

func (s *Server) editPosting(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.posting(r, c)
	if err != nil {
		return err
	}
	f := editPostingForm(c.Base, c.Today, p, true)
	if err := f.Read(r); err != nil {
		return err
	}
	f.Put("practitioner", p.Name+" "+p.HomeName).Put("host", p.HostName)
	change := partnership.Posting{ID: p.ID, From: f.Date("from"), To: f.Date("to"), BackReason: f.Text("reason"), Version: f.Version()}
	return s.savePosting(w, r, c, f, change, "postings.edit")
}
