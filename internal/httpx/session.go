package httpx

import (
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// SessionOptions is how long sessions live and how their cookie travels.
type SessionOptions struct {
	Idle     time.Duration // 0 means 15 minutes
	Absolute time.Duration // 0 means 12 hours
	Secure   bool          // over TLS, ours or a trusted proxy's
	Fail     Fail
}

// The default limits: GB/T 22239 asks for an idle limit, ASVS for both.
const (
	defaultIdle     = 15 * time.Minute
	defaultAbsolute = 12 * time.Hour
)

// NewSessions makes the session manager. The store keeps only hashes of tokens,
// the cookie ends with the browser (office computers are shared), and with TLS
// its name begins with __Host-, which browsers accept only from us, over TLS,
// for the whole site.
func NewSessions(store scs.Store, o SessionOptions) *scs.SessionManager {
	s := scs.New()
	s.Store = store
	s.HashTokenInStore = true
	s.IdleTimeout, s.Lifetime = defaultIdle, defaultAbsolute
	if o.Idle > 0 {
		s.IdleTimeout = o.Idle
	}
	if o.Absolute > 0 {
		s.Lifetime = o.Absolute
	}
	s.Cookie = scs.SessionCookie{Name: SessionCookie(o.Secure), HttpOnly: true, Path: "/", SameSite: http.SameSiteLaxMode, Secure: o.Secure}
	s.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		o.Fail(w, r, errs.Wrap(err, errs.KindOf(err), errs.Of(err).Key, errs.Of(err).Args))
	}
	return s
}

// SessionCookie is the name of the session cookie.
func SessionCookie(secure bool) string {
	if secure {
		return "__Host-shanhai"
	}
	return "shanhai"
}
