package httpapi

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func TestOnlyABearerTokenThatIsInUseOpensTheAPI(t *testing.T) {
	w := servicetest.New(t)
	acc := accounts.New(accounts.Deps{DB: w.DB, Policy: w.Policy, Hasher: seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 1),
		Clock: w.Clock, Log: slog.New(slog.DiscardHandler)})
	official := w.Official()
	made, err := acc.CreateToken(t.Context(), official, accounts.NewToken{Name: "script", Life: time.Hour}, "k")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{d: Deps{Policy: w.Policy, Accounts: acc}}
	ask := func(header string) error {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", "shanhai="+made.Secret) // a cookie never counts
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		who, err := s.authenticate(r)
		if err == nil && (who.AccountID != official.AccountID || !w.Policy.Can(who, authz.MeasureRead, authz.Anywhere(w.Partnership.ID))) {
			t.Errorf("%q speaks for %v", header, who.Username)
		}
		return err
	}
	for _, header := range []string{"Bearer " + made.Secret, "bearer  " + made.Secret} {
		if err := ask(header); err != nil {
			t.Errorf("%q: %v", header, err)
		}
	}
	for _, header := range []string{"", "Basic " + made.Secret, made.Secret, "Bearer", "Bearer ", "Bearer " + strings.ToLower(made.Secret), "Bearer x"} {
		if err := ask(header); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%q: %v", header, err)
		}
	}
	w.Clock.Advance(2 * time.Hour)
	if err := ask("Bearer " + made.Secret); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("after its end: %v", err)
	}
}
