package webui

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

// version is the hidden version of a record in a form.
func version(v int64) string { return strconv.FormatInt(v, 10) }

func (s *Server) partnershipsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Directory.Partnerships(r.Context(), c.Who)
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.partnerships")
	if s.can(c, authz.PartnershipCreate) {
		b.Actions = []Button{{Text: b.T("partnerships.new"), Icon: "plus", Href: "/partnerships/new", Kind: "primary"}}
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", newPartnershipsView(b, list))
}

func newPartnershipsView(b Base, list []partnership.Partnership) directoryList {
	t := Table{Caption: b.T("settings.partnerships"), Quiet: true, Columns: []Column{{Key: "partnership.name", Class: "grow"}, {Key: "partnership.code"}, {Key: "partnership.receiving"},
		{Key: "partnership.donor"}, {Key: "partnership.opened_on"}}, Empty: Empty{Title: b.T("partnerships.empty"), Text: b.T("partnerships.empty.text")}}
	for _, p := range list {
		t.Rows = append(t.Rows, Cells(nameCell(p.Name, "/partnerships/"+p.ID.String()), CodeCell(p.Code), PlaceCell(Mountain, p.ReceivingName),
			PlaceCell(Sea, p.DonorName), DateCell(p.OpenedOn)))
	}
	return directoryList{Base: b, Table: t}
}

func partnershipForm(b Base, today clock.Date, action string, p partnership.Partnership) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "name", LabelKey: "partnership.name", HintKey: "partnership.name.hint", Max: 80, Width: 8, Focus: true},
		Field{Name: "code", LabelKey: "partnership.code", HintKey: "organisation.code.hint", Max: 32, Width: 4},
		Field{Name: "receiving_name", LabelKey: "partnership.receiving", Max: 24, Width: 6},
		Field{Name: "receiving_region", LabelKey: "partnership.receiving_region", HintKey: "organisation.region.hint", Max: 6, Width: 6},
		Field{Name: "donor_name", LabelKey: "partnership.donor", Max: 24, Width: 6},
		Field{Name: "donor_region", LabelKey: "partnership.donor_region", HintKey: "organisation.region.hint", Max: 6, Width: 6},
		Field{Name: "opened_on", LabelKey: "partnership.opened_on", Kind: KindDate, Width: 6},
		Field{Name: "late_approval", LabelKey: "partnership.late_approval", HintKey: "partnership.late_approval.hint", Kind: KindNumber, Optional: true, Low: 1, High: 365, Suffix: "unit.days", Width: 6}))
	f.Action = action
	if p.ID != ident.Nil {
		f.Hide("version", version(p.Version))
	}
	return f.Put("name", p.Name).Put("code", p.Code).Put("receiving_name", p.ReceivingName).Put("receiving_region", p.ReceivingRegion).
		Put("donor_name", p.DonorName).Put("donor_region", p.DonorRegion).Put("opened_on", p.OpenedOn.String()).Put("late_approval", strconv.Itoa(p.LateApprovalDays()))
}

func (s *Server) newPartnershipPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := partnershipForm(c.Base, c.Today, "/partnerships", partnership.Partnership{OpenedOn: c.Today})
	return s.showPartnershipForm(w, r, c, f, "partnerships.new", "/partnerships")
}

func (s *Server) showPartnershipForm(w http.ResponseWriter, r *http.Request, c *Call, f *Form, title, back string) error {
	b := s.settingsFrame(c, title, Link{Text: c.P.T("settings.partnerships"), Href: "/partnerships"})
	return s.formPage(w, r, b, f, Button{Text: b.T("directory.save")}, back)
}

func (s *Server) createPartnership(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.savePartnership(w, r, c, partnershipForm(c.Base, c.Today, "/partnerships", partnership.Partnership{}), ident.Nil, "partnerships.new")
}

func (s *Server) savePartnership(w http.ResponseWriter, r *http.Request, c *Call, f *Form, id ident.ID, title string) error {
	if err := f.Read(r); err != nil {
		return err
	}
	p := partnership.Partnership{ID: id, Name: f.Text("name"), Code: f.Text("code"), ReceivingName: f.Text("receiving_name"), ReceivingRegion: f.Text("receiving_region"),
		DonorName: f.Text("donor_name"), DonorRegion: f.Text("donor_region"), OpenedOn: f.Date("opened_on"), LateApproval: f.Int("late_approval"), Version: f.Version()}
	if f.OK() {
		saved, err := s.d.Directory.SavePartnership(r.Context(), c.Who, p, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, "/partnerships/"+saved.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showPartnershipForm(w, r, c, f, title, "/partnerships")
}

// partnershipView is the page of one partnership.
type partnershipView struct {
	Base
	Facts   []Def
	Members Table
}

func (s *Server) partnershipOf(r *http.Request, c *Call) (directory.PartnershipDetail, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return directory.PartnershipDetail{}, err
	}
	return s.d.Directory.Partnership(r.Context(), c.Who, id)
}

func (s *Server) partnershipPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.partnershipOf(r, c)
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.partnerships")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/partnership", newPartnershipView(b, d, c.Today))
}

func newPartnershipView(b Base, d directory.PartnershipDetail, today clock.Date) partnershipView {
	self := "/partnerships/" + d.ID.String()
	b.Crumbs = []Link{{Text: b.T("nav.settings"), Href: "/settings"}, {Text: b.T("settings.partnerships"), Href: "/partnerships"}, {Text: d.Name}}
	b.Title, b.Sub = d.Name, d.Code
	if d.MayEdit {
		b.Actions = []Button{{Text: b.T("directory.edit"), Icon: "edit", Href: self + "/edit"}, {Text: b.T("member.add"), Icon: "plus", Href: self + "/members/new", Kind: "primary"}}
	}
	if d.MayEnd {
		b.Actions = append(b.Actions, Button{Text: b.T("partnership.ending"), Href: "/partnership-ending"})
	}
	if d.MayMerge {
		b.Actions = append(b.Actions, Button{Text: b.T("union.title"), Href: "/hospital-merges"})
	}
	v := partnershipView{Base: b}
	v.Facts = []Def{{Label: b.T("partnership.receiving"), HTML: b.Place(Mountain, d.ReceivingName+" "+d.ReceivingRegion)},
		{Label: b.T("partnership.donor"), HTML: b.Place(Sea, d.DonorName+" "+d.DonorRegion)}, {Label: b.T("partnership.opened_on"), Text: b.Day(d.OpenedOn)},
		{Label: b.T("partnership.late_approval"), Text: b.T("partnership.late_approval.days", "n", d.LateApprovalDays())}}
	v.Members = Table{Caption: b.T("member.list"), Columns: []Column{{Key: "organisation.name", Class: "grow"}, {Key: "organisation.kind"}, {Key: "member.side"}, {Key: "period.from"},
		{Key: "period.to"}, {Key: "list.action", Hidden: true}}, Empty: Empty{Title: b.T("member.empty"), Text: b.T("member.empty.text")}}
	for _, m := range d.Members {
		action := TextCell("")
		if d.MayEdit && (m.To.IsZero() || m.To.After(today)) {
			action = ButtonCell(Button{Text: b.T("member.end"), Href: self + "/members/" + m.OrganisationID.String() + "/" + m.From.String()})
		}
		v.Members.Rows = append(v.Members.Rows, Cells(nameCell(m.Organisation.Name, "/organisations/"+m.OrganisationID.String()), TextCell(b.T(string(m.Organisation.Kind.Label()))),
			sideCell(b, m.Side), DateCell(m.From), endCell(b, m.To), action))
	}
	return v
}

func (s *Server) editPartnershipPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.partnershipOf(r, c)
	if err != nil {
		return err
	}
	self := "/partnerships/" + d.ID.String()
	return s.showPartnershipForm(w, r, c, partnershipForm(c.Base, c.Today, self+"/edit", d.Partnership), "partnerships.edit", self)
}

func (s *Server) editPartnership(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.partnershipOf(r, c)
	if err != nil {
		return err
	}
	f := partnershipForm(c.Base, c.Today, "/partnerships/"+d.ID.String()+"/edit", d.Partnership)
	return s.savePartnership(w, r, c, f, d.ID, "partnerships.edit")
}

func memberForm(b Base, today clock.Date, id ident.ID, organisations []Option) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "organisation", LabelKey: "account.organisation", HintKey: "member.organisation.hint", Kind: KindCombo, Options: organisations, Focus: true},
		Field{Name: "side", LabelKey: "member.side", Kind: KindRadio, Options: []Option{{Value: string(user.SideReceiving), Key: "side.receiving"}, {Value: string(user.SideDonor), Key: "side.donor"}}},
		Field{Name: "from", LabelKey: "period.from", Kind: KindDate, Width: 6},
		Field{Name: "to", LabelKey: "period.to", HintKey: "period.to.hint", Kind: KindDate, Optional: true, Width: 6}))
	f.Action = "/partnerships/" + id.String() + "/members"
	return f.Put("from", today.String())
}

func (s *Server) memberForm(r *http.Request, c *Call) (*Form, directory.PartnershipDetail, error) {
	d, err := s.partnershipOf(r, c)
	if err != nil {
		return nil, d, err
	}
	organisations, err := s.organisationChoice(r, c)
	return memberForm(c.Base, c.Today, d.ID, organisations).saysIfCut("organisation"), d, err
}

func (s *Server) newMemberPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.memberForm(r, c)
	if err != nil {
		return err
	}
	return s.showMember(w, r, c, f, d, "member.add")
}

func (s *Server) showMember(w http.ResponseWriter, r *http.Request, c *Call, f *Form, d directory.PartnershipDetail, title string) error {
	self := "/partnerships/" + d.ID.String()
	b := s.settingsFrame(c, title, Link{Text: c.P.T("settings.partnerships"), Href: "/partnerships"}, Link{Text: d.Name, Href: self})
	return s.formPage(w, r, b, f, Button{Text: b.T("directory.save")}, self)
}

func (s *Server) addMember(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.memberForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	m := partnership.Member{PartnershipID: d.ID, OrganisationID: f.IDOf("organisation"), Side: user.Side(f.Choice("side")), From: f.Date("from"), To: f.Date("to")}
	if f.OK() {
		err := s.d.Directory.AddMember(r.Context(), c.Who, m, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, "/partnerships/"+d.ID.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showMember(w, r, c, f, d, "member.add")
}

// endingMember finds the membership in the address.
func (s *Server) endingMember(r *http.Request, c *Call) (*Form, directory.PartnershipDetail, partnership.Member, error) {
	d, err := s.partnershipOf(r, c)
	if err != nil {
		return nil, d, partnership.Member{}, err
	}
	organisation, err := pathID(r, "organisation")
	if err != nil {
		return nil, d, partnership.Member{}, err
	}
	for _, m := range d.Members {
		if m.OrganisationID == organisation && m.From.String() == chi.URLParam(r, "from") {
			f := keyed(NewForm(c.Base, c.Today,
				Field{Name: "organisation", LabelKey: "account.organisation", Kind: KindStatic},
				Field{Name: "to", LabelKey: "period.to", HintKey: "member.end.hint", Kind: KindDate, Width: 6, Focus: true}))
			f.Action = r.URL.Path
			return f.Put("organisation", m.Organisation.Name).Put("to", c.Today.String()), d, m.Member, nil
		}
	}
	return nil, d, partnership.Member{}, errs.Missing("error.partnership.member_missing")
}

func (s *Server) endMemberPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, _, err := s.endingMember(r, c)
	if err != nil {
		return err
	}
	return s.showMember(w, r, c, f, d, "member.end")
}

func (s *Server) endMember(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, m, err := s.endingMember(r, c)
	if err != nil {
		return err
	}
	name := f.Raw("organisation")
	if err := f.Read(r); err != nil {
		return err
	}
	f.Put("organisation", name)
	m.To = f.Date("to")
	if f.OK() {
		err := s.d.Directory.EndMember(r.Context(), c.Who, m, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, "/partnerships/"+d.ID.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showMember(w, r, c, f, d, "member.end")
}
