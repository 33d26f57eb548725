package httpapi

import (
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
)

// authenticate finds out who acts from the bearer token. Cookies do not count
// here: a browser sends them by itself, a token is sent on purpose.
func (s *Server) authenticate(r *http.Request) (user.Principal, error) {
	scheme, secret, found := strings.Cut(r.Header.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	if !found || !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return user.Principal{}, errs.New(errs.Unauthenticated, "error.token.absent", nil)
	}
	who, err := s.d.Accounts.Bearer(r.Context(), secret)
	if err == nil {
		httpx.SetActor(r.Context(), who.AccountID)
	}
	return who, err
}
