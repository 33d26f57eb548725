package webui

import (
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/page"
)

func (s *Server) pairingsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Directory.Pairings(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.pairings")
	edit := s.can(c, authz.PairingEdit)
	if edit {
		b.Actions = []Button{{Text: b.T("pairings.new"), Icon: "plus", Href: "/pairings/new", Kind: "primary"}}
	}
	v := newPairingsView(b, list, c.Today, edit)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", v)
}

func newPairingsView(b Base, list page.Result[directory.PairingItem], today clock.Date, edit bool) directoryList {
	t := Table{Caption: b.T("settings.pairings"), Quiet: true, Columns: []Column{{Key: "pairing.receiving"}, {Key: "pairing.donor"}, {Key: "pairing.agreement"},
		{Key: "period.from"}, {Key: "period.to"}, {Key: "account.state"}}, Empty: Empty{Title: b.T("pairings.empty"), Text: b.T("pairings.empty.text")}}
	for _, p := range list.Rows {
		receiving := PlaceCell(Mountain, p.ReceivingName)
		if edit {
			receiving.Href = "/pairings/" + p.ID.String()
		}
		t.Rows = append(t.Rows, Cells(receiving, PlaceCell(Sea, p.DonorName), TextCell(p.AgreementNo), DateCell(p.From), endCell(b, p.To), periodCell(b, today, p.From, p.To)))
	}
	return directoryList{Base: b, Table: t}
}

// periodCell says where a period stands today.
func periodCell(b Base, today, from, to clock.Date) Cell {
	switch {
	case from.After(today):
		return TagCell("info", b.T("period.state.later"))
	case !to.IsZero() && to.Before(today):
		return TagCell("plain", b.T("period.state.over"))
	}
	return TagCell("ok", b.T("period.state.now"))
}

// hospitalOptions are the member hospitals of a side, or of both.
func hospitalOptions(members []directory.Member, side user.Side) []Option {
	var out []Option
	for _, m := range members {
		if side == "" || m.Side == side {
			out = append(out, Option{Value: m.OrganisationID.String(), Text: m.Organisation.Name, Find: m.Organisation.Code + " " + m.Organisation.ShortName, Side: sideOf(m.Side)})
		}
	}
	return out
}

func pairingForm(b Base, today clock.Date, receiving, donor []Option) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "receiving", LabelKey: "pairing.receiving", Kind: KindCombo, Options: receiving, Width: 6, Focus: true},
		Field{Name: "donor", LabelKey: "pairing.donor", Kind: KindCombo, Options: donor, Width: 6},
		Field{Name: "agreement_no", LabelKey: "pairing.agreement", Max: 80, Optional: true},
		Field{Name: "from", LabelKey: "period.from", Kind: KindDate, Width: 6},
		Field{Name: "to", LabelKey: "period.to", HintKey: "period.to.hint", Kind: KindDate, Optional: true, Width: 6}))
	f.Action = "/pairings"
	return f
}

func (s *Server) pairingForm(r *http.Request, c *Call) (*Form, error) {
	members, err := s.d.Directory.Hospitals(r.Context(), c.Who, c.Today)
	return pairingForm(c.Base, c.Today, hospitalOptions(members, user.SideReceiving), hospitalOptions(members, user.SideDonor)), err
}

func (s *Server) newPairingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.pairingForm(r, c)
	if err != nil {
		return err
	}
	return s.showPairing(w, r, c, f.Put("from", c.Today.String()), "pairings.new")
}

func (s *Server) showPairing(w http.ResponseWriter, r *http.Request, c *Call, f *Form, title string) error {
	b := s.settingsFrame(c, title, Link{Text: c.P.T("settings.pairings"), Href: "/pairings"})
	return s.formPage(w, r, b, f, Button{Text: b.T("directory.save")}, "/pairings")
}

func (s *Server) createPairing(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.pairingForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	p := partnership.Pairing{ReceivingID: f.IDOf("receiving"), DonorID: f.IDOf("donor"), AgreementNo: f.Text("agreement_no"), From: f.Date("from"), To: f.Date("to")}
	return s.savePairing(w, r, c, f, p, "pairings.new")
}

func (s *Server) savePairing(w http.ResponseWriter, r *http.Request, c *Call, f *Form, p partnership.Pairing, title string) error {
	if f.OK() {
		_, err := s.d.Directory.SavePairing(r.Context(), c.Who, p, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, "/pairings")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showPairing(w, r, c, f, title)
}

// editPairingForm shows who is paired and lets agreement and dates be changed.
func editPairingForm(b Base, today clock.Date, p directory.PairingItem) *Form {
	f := pairingForm(b, today, []Option{{Value: p.ReceivingID.String(), Text: p.ReceivingName}}, []Option{{Value: p.DonorID.String(), Text: p.DonorName}})
	f.Declare(Field{Name: "receiving", LabelKey: "pairing.receiving", Kind: KindStatic, Width: 6})
	f.Declare(Field{Name: "donor", LabelKey: "pairing.donor", Kind: KindStatic, Width: 6})
	f.Action = "/pairings/" + p.ID.String()
	f.Hide("version", version(p.Version))
	return f.Put("receiving", p.ReceivingName).Put("donor", p.DonorName).Put("agreement_no", p.AgreementNo).Put("from", p.From.String()).Put("to", p.To.String())
}

func (s *Server) pairing(r *http.Request, c *Call) (directory.PairingItem, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return directory.PairingItem{}, err
	}
	return s.d.Directory.Pairing(r.Context(), c.Who, id)
}

func (s *Server) pairingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.pairing(r, c)
	if err != nil {
		return err
	}
	return s.showPairing(w, r, c, editPairingForm(c.Base, c.Today, p), "pairings.edit")
}

func (s *Server) editPairing(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.pairing(r, c)
	if err != nil {
		return err
	}
	f := editPairingForm(c.Base, c.Today, p)
	if err := f.Read(r); err != nil {
		return err
	}
	f.Put("receiving", p.ReceivingName).Put("donor", p.DonorName)
	change := partnership.Pairing{ID: p.ID, AgreementNo: f.Text("agreement_no"), From: f.Date("from"), To: f.Date("to"), Version: f.Version()}
	return s.savePairing(w, r, c, f, change, "pairings.edit")
}
