package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// clockForm is the agreed days of each urgency, three numbers each.
func (s *Server) clockForm(r *http.Request, c *Call) (careForm, []care.AgreedClock, error) {
	list, err := s.d.Care.Clocks(r.Context(), c.Who)
	if err != nil {
		return careForm{}, nil, err
	}
	b := s.careBase(c, "referrals", c.P.T("referrals.clock"))
	return newClockForm(b, c.Today, list, s.can(c, authz.PairingEdit)), list, nil
}

func newClockForm(b Base, today clock.Date, list []care.AgreedClock, edit bool) careForm {
	read := "" // who may only read is not told to fill in and save
	if !edit {
		read = ".read"
	}
	b.Sub = b.T("referrals.clock.sub" + read)
	var fields []Field
	for _, x := range list {
		u := string(x.Urgency)
		for _, n := range []struct {
			name, label string
			low, high   int
		}{{"answer_" + u, "referrals.clock.answer." + u, 0, 60}, {"open_" + u, "referrals.clock.open." + u, 1, referral.LongestDays}, {"reply_" + u, "referrals.clock.reply." + u, 0, 90}} {
			fields = append(fields, Field{Name: n.name, LabelKey: n.label, Kind: KindNumber, Low: n.low, High: n.high, Width: 4, Suffix: "unit.days", ReadOnly: !edit})
		}
	}
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/referrals/clock"
	p := careForm{Base: b, Form: f}
	for _, x := range list {
		u := string(x.Urgency)
		f.Put("answer_"+u, number(x.AnswerDays)).Put("open_"+u, number(x.OpenDays)).Put("reply_"+u, number(x.ReplyDays)).Hide("version_"+u, version(x.Version))
		if x.Sample && len(p.Alerts) == 0 {
			p.Alerts = []Alert{{Kind: "info", Title: b.T("referrals.clock.sample"), Text: b.T("referrals.clock.sample.text" + read)}}
		}
	}
	return p
}

func (s *Server) showClocks(w http.ResponseWriter, r *http.Request, c *Call, p careForm) error {
	p = p.with(Button{Text: p.T("care.save")}, "/referrals")
	if !s.can(c, authz.PairingEdit) {
		p.Buttons = p.Buttons[1:]
	}
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) clocksPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.clockForm(r, c)
	if err != nil {
		return err
	}
	return s.showClocks(w, r, c, p)
}

func (s *Server) saveClocks(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, list, err := s.clockForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	for i, x := range list {
		u := string(x.Urgency)
		list[i].AnswerDays, list[i].OpenDays, list[i].ReplyDays = f.Int("answer_"+u), f.Int("open_"+u), f.Int("reply_"+u)
		list[i].Sample = false
	}
	if f.OK() {
		err := s.d.Care.SaveClocks(r.Context(), c.Who, list, care.KeyOf(requestKey(r), list))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("care.saved")})
			return seeOther(w, r, "/referrals/clock")
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showClocks(w, r, c, p)
}
