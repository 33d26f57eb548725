package user

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Lives of API tokens.
const (
	DefaultTokenLife = 90 * 24 * time.Hour
	MaxTokenLife     = 365 * 24 * time.Hour
)

// Token is an API token of an account in one partnership. Only the digest of
// the secret is kept.
type Token struct {
	ID            ident.ID
	AccountID     ident.ID
	PartnershipID ident.ID
	Name          string
	Digest        []byte
	Scopes        []Permission
	CreatedAt     time.Time
	ExpiresAt     time.Time
	RevokedAt     time.Time // zero while in use
}

// CheckUsable refuses a token that has ended; both ways to end read the same.
func (t Token) CheckUsable(now time.Time) error {
	if !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt) {
		return errs.New(errs.Unauthenticated, "error.token.ended", nil)
	}
	return nil
}

// CheckToken refuses a new token that asks for more than the person may do, for
// nothing at all, or for longer than a year.
func CheckToken(t Token, may []Permission) error {
	var f errs.Fields
	if n := utf8.RuneCountInString(strings.TrimSpace(t.Name)); n == 0 || n > maxDisplayName {
		f.Add("name", "error.token.name", "max", maxDisplayName)
	}
	if len(t.Scopes) == 0 {
		f.Add("scopes", "error.token.scopes_missing")
	}
	for _, s := range t.Scopes {
		if !slices.Contains(may, s) {
			f.Add("scopes", "error.token.scope_not_held", "permission", string(s))
			break
		}
	}
	if life := t.ExpiresAt.Sub(t.CreatedAt); life <= 0 || life > MaxTokenLife {
		f.Add("expires", "error.token.life", "days", int(MaxTokenLife.Hours()/24))
	}
	return f.Err()
}

// JoinScopes and SplitScopes are the stored spelling: separated by spaces.
func JoinScopes(scopes []Permission) string {
	parts := make([]string, len(scopes))
	for i, s := range scopes {
		parts[i] = string(s)
	}
	return strings.Join(parts, " ")
}

// SplitScopes reads what JoinScopes wrote.
func SplitScopes(s string) []Permission {
	var out []Permission
	for part := range strings.FieldsSeq(s) {
		out = append(out, Permission(part))
	}
	return out
}
