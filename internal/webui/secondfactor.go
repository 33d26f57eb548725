package webui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// secondFactorRoutes declares the second step of signing in and the own second
// factor.
func (s *Server) secondFactorRoutes(rt *router) {
	rt.get("/sign-in/code", authz.Public, s.signInCodePage)
	rt.post("/sign-in/code", authz.Public, s.signInCode)
	rt.post("/sign-in/passkey", authz.Public, s.signInPasskey)
	rt.get("/account/passkeys", authz.SelfRead, s.passkeysPage)
	rt.get("/account/passkeys/new", authz.SelfPasskey, s.newPasskeyPage)
	rt.post("/account/passkeys", authz.SelfPasskey, s.addPasskey)
	rt.post("/account/passkeys/{id}/remove", authz.SelfPasskey, s.removePasskey)
	rt.get("/account/second-factor", authz.SelfRead, s.factorPage)
	rt.post("/account/second-factor", authz.SelfPassword, s.beginFactor)
	rt.get("/account/second-factor/confirm", authz.SelfPassword, s.confirmFactorPage)
	rt.post("/account/second-factor/confirm", authz.SelfPassword, s.confirmFactor)
	rt.get("/account/second-factor/{act}", authz.SelfPassword, s.factorActPage)
	rt.post("/account/second-factor/{act}", authz.SelfPassword, s.factorAct)
}

// Keys of a session that has a password and owes a code.
const (
	sessionHalf   = "half"
	sessionHalfAt = "half_at"
)

// half remembers that the password was right; nobody is signed in by it.
func (s *Server) half(r *http.Request, account ident.ID) error {
	ctx := r.Context()
	if err := s.d.Sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.d.Sessions.Put(ctx, sessionHalf, account.String())
	s.d.Sessions.Put(ctx, sessionHalfAt, s.d.Clock.Now().UnixMilli())
	return nil
}

func codeForm(b Base, today clock.Date, label string) *Form {
	return NewForm(b, today, Field{Name: "code", LabelKey: label, HintKey: "second_factor.code.hint", Complete: "one-time-code", Max: 20, Focus: true})
}

// codeView is the page that asks for a code and nothing else.
type codeView struct {
	Base
	Form   *Form
	Note   *Alert
	Button Button
	Back   Link
	Key    *keyForm // asks for a security key instead; nil without one
}

func newCodeView(b Base, f *Form) codeView {
	b.Layout, b.Title, b.Sub = "plain", b.T("sign_in.code.title"), b.T("sign_in.code.sub")
	return codeView{Base: b, Form: f, Note: refusal(f), Button: Button{Text: b.T("sign_in.do"), Kind: "primary"},
		Back: Link{Text: b.T("sign_in.code.back"), Href: "/sign-in"}}
}

func (s *Server) signInCodeForm(c *Call) *Form {
	f := codeForm(c.Base, c.Today, "sign_in.code").Hide("next", "/").Hide("lang", "")
	f.Action = "/sign-in/code"
	return f
}

func (s *Server) signInCodePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	if s.d.Sessions.GetString(r.Context(), sessionHalf) == "" {
		return seeOther(w, r, "/sign-in")
	}
	q := r.URL.Query()
	f := codeForm(c.Base, c.Today, "sign_in.code").Hide("next", localPath(q.Get("next"), "/")).Hide("lang", q.Get("lang"))
	f.Action = "/sign-in/code"
	return s.showCode(w, r, c, f)
}

// showCode asks for the code, and offers a security key where there is one.
func (s *Server) showCode(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	v := newCodeView(c.Base, f)
	var err error
	if v.Key, err = s.keyToSignIn(r, c, f); err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, f.Status(), "account/code", v)
}

// signInCode is the second step: right, it opens the session.
func (s *Server) signInCode(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.secondStep(w, r, c, func(half accounts.Half, f *Form) (accounts.SignedIn, error) {
		return s.d.Accounts.SignInCode(r.Context(), half, f.Text("code"))
	})
}

// secondStep opens the session when what was given is right. Whoever is too late
// begins with the password again.
func (s *Server) secondStep(w http.ResponseWriter, r *http.Request, c *Call, step func(accounts.Half, *Form) (accounts.SignedIn, error)) error {
	ctx := r.Context()
	account, err := ident.Parse(s.d.Sessions.GetString(ctx, sessionHalf))
	if err != nil {
		return seeOther(w, r, "/sign-in")
	}
	f := s.signInCodeForm(c)
	if err := f.Read(r); err != nil {
		return err
	}
	half := accounts.Half{Account: account, At: time.UnixMilli(s.d.Sessions.GetInt64(ctx, sessionHalfAt))}
	var signed accounts.SignedIn
	if err = s.attempts.Allow(httpx.ClientKey(r)); err == nil {
		signed, err = step(half, f)
	}
	if errs.Is(err, errs.Unauthenticated) { // too late: the password again
		s.d.Sessions.Remove(ctx, sessionHalf)
		s.flash(r, Flash{Kind: "warn", Title: c.P.T(errs.Of(err).Key)})
		return seeOther(w, r, "/sign-in?next="+url.QueryEscape(localPath(f.Raw("next"), "/")))
	}
	if err = refused(f, err); err != nil {
		return err
	}
	if !f.OK() {
		return s.showCode(w, r, c, f)
	}
	s.d.Sessions.Remove(ctx, sessionHalf)
	s.d.Sessions.Remove(ctx, sessionHalfAt)
	if err := s.open(w, r, signed, f.Raw("lang")); err != nil {
		return err
	}
	if signed.MustChange {
		return seeOther(w, r, "/account/password")
	}
	return seeOther(w, r, localPath(f.Raw("next"), "/"))
}

// factorView is the own second factor: how it stands and what can be done.
type factorView struct {
	Base
	Note    Alert
	Form    *Form // begins; nil while one is in force
	Buttons []Button
}

func (s *Server) factorPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	state, err := s.d.Accounts.SecondFactor(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "account/factor", newFactorView(s.settingsFrame(c, "settings.factor"), c.Today, state, s.owesFactor(c)))
}

func newFactorView(b Base, today clock.Date, state accounts.FactorState, owes bool) factorView {
	b.Sub = b.T("settings.factor.text")
	v := factorView{Base: b}
	if !state.InForce {
		v.Note = Alert{Kind: "warn", Icon: "lock", Title: b.T("second_factor.off"), Text: b.T("second_factor.off.text")}
		if owes {
			v.Note.Title, v.Note.Text = b.T("second_factor.must"), b.T("second_factor.must.text")
			v.Menu, v.Bottom, v.Register, v.Crumbs = nil, nil, nil, nil
		}
		v.Form = NewForm(b, today)
		v.Form.Action = "/account/second-factor"
		v.Buttons = []Button{{Text: b.T("second_factor.begin"), Kind: "primary"}}
		return v
	}
	v.Note = Alert{Kind: "ok", Icon: "check", Title: b.T("second_factor.on"), Text: b.T("second_factor.left", "n", state.CodesLeft)}
	v.Buttons = []Button{{Text: b.T("second_factor.codes"), Href: "/account/second-factor/codes"}, {Text: b.T("second_factor.end"), Kind: "danger", Href: "/account/second-factor/end"}}
	return v
}

// owesFactor reports whether the installation asks for a second factor and the
// person has none.
func (s *Server) owesFactor(c *Call) bool {
	return s.d.NeedFactor && c.Who.SignedIn() && !c.Who.SecondFactor
}

func (s *Server) beginFactor(w http.ResponseWriter, r *http.Request, c *Call) error {
	if _, err := s.d.Accounts.BeginSecondFactor(r.Context(), c.Who); err != nil {
		return err
	}
	return seeOther(w, r, "/account/second-factor/confirm")
}

// enrolView shows the secret as a code to scan and as text, and asks for a first
// code.
type enrolView struct {
	Base
	Form   *Form
	Note   *Alert
	Secret string
	QR     string // path data
	Span   int
	Button Button
}

func (s *Server) confirmFactorPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showEnrol(w, r, c, enrolForm(c.Base, c.Today))
}

func enrolForm(b Base, today clock.Date) *Form {
	f := codeForm(b, today, "second_factor.first")
	f.Action = "/account/second-factor/confirm"
	return f
}

func (s *Server) showEnrol(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	factor, ok, err := s.d.Accounts.Begun(r.Context(), c.Who)
	if err != nil {
		return err
	}
	if !ok {
		return seeOther(w, r, "/account/second-factor")
	}
	v, err := newEnrolView(s.settingsFrame(c, "second_factor.confirm", Link{Text: c.P.T("settings.factor"), Href: "/account/second-factor"}), f, factor, c.Who.Username)
	if err != nil {
		return err
	}
	if s.owesFactor(c) {
		v.Menu, v.Bottom, v.Register, v.Crumbs = nil, nil, nil, nil
	}
	return s.d.Engine.Render(w, r, f.Status(), "account/enrol", v)
}

func newEnrolView(b Base, f *Form, factor user.SecondFactor, username string) (enrolView, error) {
	b.Sub = b.T("second_factor.confirm.text")
	code, size, err := printout.QRPath(factor.URL(username))
	return enrolView{Base: b, Form: f, Note: refusal(f), Secret: factor.Grouped(), QR: code, Span: size + 2*quietZone,
		Button: Button{Text: b.T("second_factor.confirm.do"), Kind: "primary"}}, err
}

func (s *Server) confirmFactor(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := enrolForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	var codes []string
	if code := f.Text("code"); f.OK() {
		var err error
		if codes, err = s.d.Accounts.ConfirmSecondFactor(r.Context(), c.Who, code); err != nil {
			if err = refused(f, err); err != nil {
				return err
			}
		}
	}
	if !f.OK() {
		return s.showEnrol(w, r, c, f)
	}
	return s.showCodes(w, r, c, codes)
}

// showCodes shows recovery codes once.
func (s *Server) showCodes(w http.ResponseWriter, r *http.Request, c *Call, codes []string) error {
	b := s.settingsFrame(c, "second_factor.codes", Link{Text: c.P.T("settings.factor"), Href: "/account/second-factor"})
	return s.issued(w, r, b, codesNote(b), Button{Text: b.T("second_factor.kept"), Href: "/"}, codeDefs(b, codes)...)
}

func codesNote(b Base) Alert {
	return Alert{Kind: "warn", Icon: "lock", Title: b.T("issued.once"), Text: b.T("second_factor.codes.text")}
}

func codeDefs(b Base, codes []string) []Def {
	defs := make([]Def, len(codes))
	for i, code := range codes {
		defs[i] = Def{Label: b.T("second_factor.code.n", "n", i+1), Text: code}
	}
	return defs
}

// factorActs are what a code of the app allows: new recovery codes, and the end.
var factorActs = []string{"codes", "end"}

func (s *Server) factorActForm(r *http.Request, c *Call) (act string, f *Form, err error) {
	act = pathText(r, "act")
	if !slices.Contains(factorActs, act) {
		return "", nil, errs.Missing("error.not_found")
	}
	f = codeForm(c.Base, c.Today, "sign_in.code")
	f.Action = "/account/second-factor/" + act
	return act, f, nil
}

func (s *Server) factorActPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	act, f, err := s.factorActForm(r, c)
	if err != nil {
		return err
	}
	return s.showFactorAct(w, r, c, act, f)
}

func (s *Server) showFactorAct(w http.ResponseWriter, r *http.Request, c *Call, act string, f *Form) error {
	b := s.settingsFrame(c, "second_factor."+act, Link{Text: c.P.T("settings.factor"), Href: "/account/second-factor"})
	b.Sub = b.T("second_factor." + act + ".sub")
	save := Button{Text: b.T("second_factor." + act + ".do")}
	if act == "end" {
		save.Kind = "danger"
	}
	return s.formPage(w, r, b, f, save, "/account/second-factor")
}

func (s *Server) factorAct(w http.ResponseWriter, r *http.Request, c *Call) error {
	act, f, err := s.factorActForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	var codes []string
	if code := f.Text("code"); f.OK() {
		if act == "codes" {
			codes, err = s.d.Accounts.NewRecoveryCodes(r.Context(), c.Who, code)
		} else {
			err = s.d.Accounts.EndSecondFactor(r.Context(), c.Who, code)
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	switch {
	case !f.OK():
		return s.showFactorAct(w, r, c, act, f)
	case act == "codes":
		return s.showCodes(w, r, c, codes)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("second_factor.ended")})
	return seeOther(w, r, "/account/second-factor")
}

func (s *Server) resetFactor(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := s.d.Accounts.ResetSecondFactor(r.Context(), c.Who, id, requestKey(r)); err != nil {
		return s.ask(w, r, c, "factor", id, err)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("account.factor_reset")})
	return seeOther(w, r, "/users/"+id.String())
}

// sessionsView is where the own account is signed in.
type sessionsView struct {
	Base
	Table   Table
	End     []string // ids that can be ended one by one
	Buttons []Button
}

func (s *Server) sessionsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Accounts.OwnSessions(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "account/sessions", newSessionsView(s.settingsFrame(c, "settings.sessions"), list, s.d.Sessions.IdleTimeout))
}

func newSessionsView(b Base, list []accounts.SessionItem, idle time.Duration) sessionsView {
	b.Sub = b.T("settings.sessions.text")
	v := sessionsView{Base: b, Table: Table{Caption: b.T("settings.sessions"), Columns: []Column{{Key: "sessions.browser", Class: "grow"}, {Key: "sessions.since"}, {Key: "sessions.used"}, {Key: "list.action", Hidden: true}}}}
	for _, x := range list {
		last := TagCell("ok", b.T("sessions.own"))
		if !x.Own {
			last = ButtonCell(Button{Text: b.T("sessions.end"), Form: "end-" + x.ID.String()})
			v.End = append(v.End, x.ID.String())
		}
		name := x.Agent
		if name == "" {
			name = b.T("sessions.unknown")
		}
		v.Table.Rows = append(v.Table.Rows, Cells(TextCell(name), CodeCell(minute(x.CreatedAt)), CodeCell(minute(x.ExpiresAt.Add(-idle))), last))
	}
	if len(v.End) > 0 {
		v.Buttons = []Button{{Text: b.T("sessions.others"), Form: "end-others"}}
	}
	return v
}

// browserName is what a person calls a browser: its family and the system below.
// More of the header would be a fingerprint and no help.
func browserName(agent string) string {
	pick := func(pairs ...string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := pick("Edg/", "Edge", "MicroMessenger", "WeChat", "QQBrowser", "QQ", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := pick("Windows", "Windows", "HarmonyOS", "HarmonyOS", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Mac OS X", "macOS", "Linux", "Linux")
	return strings.Trim(browser+" · "+system, " ·")
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err == nil {
		err = s.d.Accounts.EndOwnSession(r.Context(), c.Who, id)
	}
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("sessions.ended")})
	return seeOther(w, r, "/account/sessions")
}

func (s *Server) endOtherSessions(w http.ResponseWriter, r *http.Request, c *Call) error {
	if err := s.d.Accounts.EndOtherSessions(r.Context(), c.Who); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("sessions.others_ended")})
	return seeOther(w, r, "/account/sessions")
}
