package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// moveAccountForm asks where somebody goes to work, and who takes over.
func moveAccountForm(b Base, today clock.Date, d accounts.Detail, places, colleagues []Option) *Form {
	f := keyed(NewForm(b, today, Field{Name: "to", LabelKey: "account.move.to", Kind: KindCombo, Options: places, Focus: true},
		Field{Name: "successor", LabelKey: "account.move.successor", HintKey: "account.move.successor.hint", Kind: KindCombo, Options: colleagues, Blank: "list.none", Optional: true}))
	f.Action = "/users/" + d.ID.String() + "/move"
	return f.Hide("version", version(d.Version))
}

func (s *Server) moveUserForm(r *http.Request, c *Call) (*Form, accounts.Detail, error) {
	d, err := s.accountOf(r, c)
	if err != nil {
		return nil, d, err
	}
	places, err := s.organisationChoice(r, c)
	if err != nil {
		return nil, d, err
	}
	var colleagues []Option
	if d.OrganisationID != ident.Nil {
		if colleagues, err = s.colleagueOptions(r, c, d); err != nil {
			return nil, d, err
		}
	}
	return moveAccountForm(c.Base, c.Today, d, places, colleagues).saysIfCut("to").saysIfCut("successor"), d, nil
}

// colleagueOptions are all who work where somebody works, to be found by name,
// initials and user name.
func (s *Server) colleagueOptions(r *http.Request, c *Call, d accounts.Detail) (out []Option, err error) {
	list, err := everyPage(func(at page.Request) (page.Result[accounts.AccountItem], error) {
		return s.d.Accounts.List(r.Context(), c.Who, accounts.ListInput{State: "active", Organisation: d.OrganisationID, Page: at})
	})
	for _, x := range list {
		if x.ID != d.ID {
			out = append(out, Option{Value: x.ID.String(), Text: x.DisplayName + " " + x.Username})
		}
	}
	return out, err
}

func (s *Server) showMove(w http.ResponseWriter, r *http.Request, c *Call, f *Form, d accounts.Detail) error {
	self := "/users/" + d.ID.String()
	b := s.settingsFrame(c, "account.move", Link{Text: c.P.T("settings.users"), Href: "/users"}, Link{Text: d.DisplayName, Href: self})
	b.Title, b.Sub = b.T("account.move.title", "name", d.DisplayName), b.T("account.move.sub")
	return s.formPage(w, r, b, f, Button{Text: b.T("account.move.do"), Kind: "danger"}, self)
}

func (s *Server) moveUserPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.moveUserForm(r, c)
	if err != nil {
		return err
	}
	return s.showMove(w, r, c, f, d)
}

func (s *Server) moveUser(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.moveUserForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	in := accounts.MoveInput{Account: d.ID, To: f.IDOf("to"), Successor: f.IDOf("successor"), Version: f.Version()}
	if f.OK() {
		m, err := s.d.Accounts.Move(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("account.moved"), Text: c.P.T("account.moved.text", "roles", m.Roles, "followups", int(m.FollowUps), "drafts", m.Drafts)})
			return seeOther(w, r, "/users/"+d.ID.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showMove(w, r, c, f, d)
}

// sampleAccountMove is the form with a colleague who takes over.
func sampleAccountMove(b Base) *Form {
	d := accounts.Detail{}
	d.ID, d.Version = sampleID(1), 1
	f := moveAccountForm(b, sampleDay(), d, []Option{{Value: sampleID(2).String(), Text: sampleHospital, Sub: "YL-H1"}}, []Option{{Value: sampleID(3).String(), Text: samplePerson}})
	f.Fail("to", "error.account.move_to")
	return f
}
