package webui

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
)

// stepUp are the permissions that ask who it is once more: money is promised,
// numbers are shown in full, data leaves, or rules and roles change. An office
// screen left alone must not be enough for that.
var stepUp = []authz.Permission{authz.ApprovalDecide, authz.PersonUnmask, authz.SubjectDecide, authz.SubjectFile, authz.GlassBreak, authz.ExportMake, authz.RuleRelease, authz.RoleAssign, authz.TokenCreate,
	authz.AuditPackage, authz.ScreeningRecover, authz.PayeeApprove, authz.SelfPasskey, authz.PayoutApprove, authz.PartnershipClose, authz.HospitalMerge}

// proofLife is how long a proof holds. The sign-in is the first.
const proofLife = 10 * time.Minute

const (
	sessionProved = "proved"
	proofField    = "_proof"
)

// proving asks for the code, or the password where there is no second factor,
// when the last proof is older than [proofLife]. The page it shows carries
// everything that was posted, so nothing is written twice. It reports whether it
// answered the request.
//
// The demonstration does without it, but for people with a second factor.
func (s *Server) proving(w http.ResponseWriter, r *http.Request, c *Call, perm authz.Permission) (answered bool, err error) {
	if !slices.Contains(stepUp, perm) || s.d.Demo && !c.Who.SecondFactor {
		return false, nil
	}
	ctx := r.Context()
	last := time.Unix(s.d.Sessions.GetInt64(ctx, sessionProved), 0)
	if clock.Fresh(last, s.d.Clock.Now(), proofLife) {
		return false, nil
	}
	if r.Method == http.MethodGet {
		return true, seeOther(w, r, "/account/prove?next="+url.QueryEscape(r.URL.RequestURI()))
	}
	f := proveForm(c)
	f.Action = r.URL.RequestURI()
	proved, err := s.carry(r, f, func(text string) error { return s.d.Accounts.Prove(ctx, c.Who, text) })
	if err != nil {
		return false, err
	}
	if proved {
		s.d.Sessions.Put(ctx, sessionProved, s.d.Clock.Now().Unix())
		return false, nil
	}
	return true, s.d.Engine.Render(w, r, f.Status(), "account/code", newProveView(c.Base, f, c.Who.SecondFactor))
}

// proveForm asks for what the person has: a code or the password.
func proveForm(c *Call) *Form {
	x := Field{Name: proofField, LabelKey: "sign_in.code", HintKey: "second_factor.code.hint", Complete: "one-time-code", Max: 20, Focus: true}
	if !c.Who.SecondFactor {
		x = Field{Name: proofField, LabelKey: "sign_in.password", Kind: KindPassword, Complete: "current-password", Focus: true}
	}
	return NewForm(c.Base, c.Today, x)
}

func newProveView(b Base, f *Form, factor bool) codeView {
	b.Layout, b.Title, b.Sub = "plain", b.T("prove.title"), b.T("prove.password")
	if factor {
		b.Sub = b.T("prove.code")
	}
	return codeView{Base: b, Form: f, Note: refusal(f), Button: Button{Text: b.T("prove.do"), Kind: "primary"}, Back: Link{Text: b.T("prove.back"), Href: "/"}}
}

// provePage asks before a page that needs a fresh proof.
func (s *Server) provePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := proveForm(c).Hide("next", localPath(r.URL.Query().Get("next"), "/"))
	f.Action = "/account/prove"
	return s.d.Engine.Render(w, r, http.StatusOK, "account/code", newProveView(c.Base, f, c.Who.SecondFactor))
}

func (s *Server) prove(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := proveForm(c).Hide("next", "/")
	f.Action = "/account/prove"
	if err := f.Read(r); err != nil {
		return err
	}
	if f.Text(proofField); f.OK() {
		err := s.d.Accounts.Prove(r.Context(), c.Who, f.Raw(proofField))
		if err == nil {
			s.d.Sessions.Put(r.Context(), sessionProved, s.d.Clock.Now().Unix())
			return seeOther(w, r, localPath(f.Raw("next"), "/"))
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.d.Engine.Render(w, r, f.Status(), "account/code", newProveView(c.Base, f, c.Who.SecondFactor))
}
