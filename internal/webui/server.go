package webui

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/glass"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/plausibility"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/subject"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

// Deps is everything the pages need. Services are concrete: a page calls one
// method of one of them.
type Deps struct {
	Engine   *Engine
	Policy   *authz.Policy
	Sessions *scs.SessionManager
	Clock    clock.Clock
	Log      *slog.Logger
	Demo     bool // demonstration data: the ribbon says so
	PlainNet bool // plain http was allowed: the banner says so
	Secure   bool // browsers reach us over TLS
	// NeedFactor asks everybody for a second factor, right after signing in.
	NeedFactor bool

	Accounts   *accounts.Service
	Directory  *directory.Service
	Exchange   *exchange.Service
	Care       *treatment.Service
	Intake     *intake.Service
	Reporting  *reporting.Service
	Funding    *funding.Service
	Implants   *implant.Service
	Aftercare  *aftercare.Service
	Pricing    *pricing.Service
	Visiting   *visiting.Service
	Screenings *screening.Service
	Inspection *inspection.Service
	Oversight  *oversight.Service
	Notices    *notice.Service
	Doubts     *plausibility.Service
	Paying     *paying.Service
	Inbox      *inbox.Service
	Glass      *glass.Service
	Subjects   *subject.Service
}

// Server serves the pages.
type Server struct {
	d        Deps
	routes   []Route
	attempts *httpx.Limiter // of signing in, per client address
	checks   *httpx.Limiter // of papers, likewise

	objections *httpx.Limiter // of people nobody knows, likewise
}

// A hospital's people share an address: sixty sign-ins at once are an ordinary
// morning, more than one in two seconds after that are not.
const (
	attemptBurst = 60
	attemptEvery = 2 * time.Second
)

// Ten objections at once are a village that shares a line; one in ten minutes
// after that.
const (
	objectionBurst = 10
	objectionEvery = 10 * time.Minute
)

// Mount declares all pages on a mux and returns the server, whose Routes a test
// compares with the mux.
func Mount(mux chi.Router, d Deps) *Server {
	s := &Server{d: d, attempts: httpx.NewLimiter(d.Clock, attemptEvery, attemptBurst), checks: httpx.NewLimiter(d.Clock, attemptEvery, attemptBurst),
		objections: httpx.NewLimiter(d.Clock, objectionEvery, objectionBurst)}
	mux.Handle("/static/*", d.Engine.Assets())
	mux.Group(func(inner chi.Router) {
		inner.Use(d.Sessions.LoadAndSave)
		rt := &router{mux: inner, server: s, routes: &s.routes}
		s.accountRoutes(rt)
		s.helpRoutes(rt)
		s.careRoutes(rt)
		s.referralRoutes(rt)
		s.deviceRoutes(rt)
		s.followUpRoutes(rt)
		s.pricingRoutes(rt)
		s.visitingRoutes(rt)
		s.correctionRoutes(rt)
		s.intakeRoutes(rt)
		s.glassRoutes(rt)
		s.subjectRoutes(rt)
		s.endingRoutes(rt)
		s.unionRoutes(rt)
		s.screeningRoutes(rt)
		s.outreachRoutes(rt)
		s.reportingRoutes(rt)
		s.reportRoutes(rt)
		s.fundingRoutes(rt)
		s.payRoutes(rt)
		s.sheetRoutes(rt)
		s.paperRoutes(rt)
		s.noticeRoutes(rt)
		s.packageRoutes(rt)
		s.oversightRoutes(rt)
		s.importRoutes(rt)
		s.inboxRoutes(rt)
	})
	mux.NotFound(d.Sessions.LoadAndSave(s.guard(authz.Public, func(http.ResponseWriter, *http.Request, *Call) error {
		return errs.Missing("error.not_found")
	})).ServeHTTP)
	return s
}

// Uploads lists the addresses that take more than a form: the limit of each is
// above what its handler accepts, so that the handler can refuse in its own form
// with everything else kept.
func Uploads() []httpx.Upload {
	return slices.Concat(
		intakeUploads(),
		importUploads(),
		deviceUploads(),
		sheetUploads(),
		outreachUploads(),
		oversightUploads(),
	)
}

// Routes lists the declared addresses.
func (s *Server) Routes() []Route { return s.routes }

// Keys of the session.
const (
	sessionAccount     = "account"
	sessionPartnership = "partnership"
	sessionFlash       = "flash"
	sessionAgent       = "agent"
)

// call finds out who acts and prepares the frame of the answer. Without a valid
// session nobody acts; that is not an error here, public pages have no one.
func (s *Server) call(r *http.Request) (*Call, error) {
	p := s.d.Engine.Catalogue().Printer(httpx.Language(r))
	c := &Call{P: p, Today: clock.Today(s.d.Clock), Base: NewBase(r, p)}
	c.Base.Demo, c.Base.PlainNet = s.d.Demo, s.d.PlainNet
	ctx := r.Context()
	account, err := ident.Parse(s.d.Sessions.GetString(ctx, sessionAccount))
	if err != nil {
		return c, nil
	}
	partnership, _ := ident.Parse(s.d.Sessions.GetString(ctx, sessionPartnership))
	c.Who, err = s.d.Accounts.Resume(ctx, accounts.Resumption{Account: account, Partnership: partnership, Session: s.d.Sessions.Token(ctx)})
	if err != nil {
		if errs.Is(err, errs.Unauthenticated) { // disabled or changed since: the session is over
			return c, s.d.Sessions.Destroy(ctx)
		}
		return c, err
	}
	httpx.SetActor(ctx, c.Who.AccountID)
	s.frame(r, c)
	return c, s.choices(r, c)
}

// frame fills the parts of the page frame that depend on the person.
func (s *Server) frame(r *http.Request, c *Call) {
	c.Base.Theme = c.Who.Theme
	c.Base.User = &User{Name: c.Who.DisplayName, Role: s.roleText(c), Org: c.Who.Organisation, Side: sideOf(c.Who.Side)}
	if s.can(c, authz.PersonRegister) && r.URL.Path != "/patients/register" { // not on the form itself
		c.Base.Register = &Link{Text: c.P.T("nav.register"), Href: "/patients/register"}
	}
	c.Base.NoSearch = !s.can(c, authz.PersonRead) && !s.can(c, authz.CaseRead) // who reads cases looks for their numbers
	c.counts = sync.OnceValue(func() map[string]MenuItem { return s.menuCounts(r, c) })
	s.openDesk(r, c)
	s.menu(c, "", r.Method == http.MethodGet) // a post leads elsewhere as a rule, and a form that comes back names its section
	if raw := s.d.Sessions.PopString(r.Context(), sessionFlash); raw != "" {
		var f Flash
		if json.Unmarshal([]byte(raw), &f) == nil {
			c.Base.Flash = &f
		}
	}
}

// section marks the navigation entry a page belongs to.
func (s *Server) section(c *Call, id string) { s.menu(c, id, true) }

// menu fills the navigation; counting what waits is left out where no page is
// expected to come of it.
func (s *Server) menu(c *Call, id string, count bool) {
	var counts map[string]MenuItem
	if count {
		counts = c.counts()
	}
	c.Base.SetMenu(id, func(id string) bool { return s.offers(c, id) }, counts)
}

// menuPermissions says which permission opens an entry of the navigation.
var menuPermissions = map[string]authz.Permission{
	"patients": authz.PersonRead, "screenings": authz.ScreeningRead, "cases": authz.CaseRead, "referrals": authz.CaseRead, "operations": authz.ProcedureRead, "devices": authz.DeviceRead, "followups": authz.FollowUpRead,
	"approvals": authz.ApprovalRead, "funds": authz.FundRead, "settlements": authz.SettlementRead, "policies": authz.RuleRead, "alerts": authz.AlertRead, "glass": authz.GlassRead, "subject": authz.SubjectRead,
	"overview": authz.MeasureRead, "measures": authz.MeasureRead, "reports": authz.ReportRead, "imports": authz.ImportRun, "visiting": authz.VisitRead, "packages": authz.AuditPackage, "payables": authz.PayableRead, "settings": authz.SelfRead,
}

// queueWork are the permissions whose work lies in the queue; a role with none
// of them begins at another page and has no use for the entry.
var queueWork = []authz.Permission{authz.EligibilityEdit, authz.ApprovalRequest, authz.ApprovalDecide, authz.TreatmentAdvance, authz.ProcedureLog,
	authz.SettlementSettle, authz.TreatmentOpen, authz.CaseClose, authz.PrivilegeSign}

func (s *Server) offers(c *Call, id string) bool {
	if c.Who.PartnershipID == ident.Nil { // outside every partnership only the settings have something to show
		return id == "settings"
	}
	if id == "queue" {
		return slices.ContainsFunc(queueWork, func(p authz.Permission) bool { return s.can(c, p) })
	}
	if id == "alerts" { // the board compares hospitals: it is for who sees them all
		return s.d.Policy.Can(c.Who, authz.AlertRead, authz.InPartnership(c.Who.PartnershipID))
	}
	perm, ok := menuPermissions[id]
	return ok && s.can(c, perm)
}

func (s *Server) roleText(c *Call) string {
	var names []string
	for _, role := range c.Who.Roles() {
		names = append(names, c.P.T(string(role.Label())))
	}
	return strings.Join(names, c.P.T("list.separator"))
}

func sideOf(side user.Side) Side {
	switch side {
	case user.SideDonor:
		return Sea
	case user.SideReceiving:
		return Mountain
	}
	return NoSide
}

// flash leaves a message for the next page of this session.
func (s *Server) flash(r *http.Request, f Flash) {
	if raw, err := json.Marshal(f); err == nil {
		s.d.Sessions.Put(r.Context(), sessionFlash, string(raw))
	}
}

// Fail answers what was refused before any page was reached: a body too large, a
// request from another site.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.d.Engine.Catalogue().Printer(httpx.Language(r))
	b := NewBase(r, p)
	b.Layout, b.Demo, b.PlainNet = "plain", s.d.Demo, s.d.PlainNet
	s.fail(w, r, &Call{P: p, Today: clock.Today(s.d.Clock), Base: b}, err)
}

// fail answers an error: the sign-in page for strangers, the form's own page is
// the handler's business, everything else is the error page with its number.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, c *Call, err error) {
	e := errs.Of(err)
	if e.Kind == errs.Unauthenticated && r.Method == http.MethodGet && !IsFragment(r) {
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	status, ref := httpx.Status(err), httpx.RequestID(r.Context())
	if e.Kind == errs.Internal {
		s.d.Log.ErrorContext(r.Context(), "request failed", "request", ref, "error", err)
	}
	if c.Who.AccountID == ident.Nil {
		c.Base.Layout = "plain"
	}
	if err := s.d.Engine.Render(w, r, status, "error", NewErrorPage(c.Base, status, e, ref)); err != nil {
		s.d.Log.ErrorContext(r.Context(), "error page failed", "request", ref, "error", err)
		http.Error(w, ref, status)
	}
}
