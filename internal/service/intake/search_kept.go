package intake

import (
	"encoding/base64"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// keptAt is where a kept search belongs: to the account that typed it.
func keptAt(who user.Principal) seal.Place {
	return seal.Place{Table: "search", Column: "text", Row: who.AccountID}
}

// KeepSearch makes a search text into a word for an address. It is sealed: the
// history of a browser, a bookmark or a log that holds the address does not say
// who was looked for. Only the same account reads it again.
func (s *Service) KeepSearch(who user.Principal, text string) (string, error) {
	sealed, err := s.db.Keys().Seal([]byte(text), keptAt(who))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// KeptSearch is the text behind such a word. One that is damaged, or another
// account's, is an errs.NotFound.
func (s *Service) KeptSearch(who user.Principal, kept string) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return "", errs.Missing("error.not_found")
	}
	text, err := s.db.Keys().Open(sealed, keptAt(who))
	if err != nil {
		return "", errs.Missing("error.not_found")
	}
	return string(text), nil
}
