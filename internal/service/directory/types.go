package directory

import "github.com/shanhai-health/shanhai/internal/store"

// What the store hands out, under the name pages and API may use: they do not
// know the store.
type (
	Member           = store.Member
	PairingItem      = store.PairingItem
	PostingItem      = store.PostingItem
	PractitionerItem = store.PractitionerItem
	FormerName       = store.FormerName
)
