package intake

import "github.com/shanhai-health/shanhai/internal/store"

// Names of what the store answers, so that pages and API, which may not open the
// store's door, know them through the service.
type (
	Member           = store.Member
	PersonRow        = store.PersonRow
	PersonItem       = store.PersonItem
	DocumentItem     = store.DocumentItem
	RegistrationItem = store.RegistrationItem
	Attachment       = store.Attachment
	Screening        = store.Screening
	Owner            = store.Owner
	Known            = store.Known
	LookupItem       = store.LookupItem
	LookupNotice     = store.LookupNotice
	Review           = store.Review
	Held             = store.Held
	ReviewItem       = store.ReviewItem
	ReviewPerson     = store.ReviewPerson
)

// The owners of attachments intake deals with, the kinds and states of reviews,
// and the most people one search answers.
const (
	OwnerRegistration = store.OwnerRegistration
	OwnerBeneficiary  = store.OwnerBeneficiary
	OwnerTreatment    = store.OwnerTreatment
	ReviewNumberInUse = store.ReviewNumberInUse
	ReviewDuplicate   = store.ReviewDuplicate
	ReviewOverride    = store.ReviewOverride
	ReviewOpen        = store.ReviewOpen
	ReviewMerged      = store.ReviewMerged
	ReviewDistinct    = store.ReviewDistinct
	SearchLimit       = store.SearchLimit
)
