package accounts

import (
	"github.com/shanhai-health/shanhai/internal/passkey"
	"github.com/shanhai-health/shanhai/internal/store"
)

// What the store hands out, under the name pages and API may use: they do not
// know the store.
type (
	AccountItem = store.AccountItem
	SessionItem = store.SessionItem
	Passkey     = store.Passkey
	Site        = passkey.Site
	Challenge   = passkey.Challenge
)
