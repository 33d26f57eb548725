package patient

import (
	"log/slog"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// LegalBasis is why a hospital may keep the data of a person.
type LegalBasis string

// The bases: a duty laid down by law, the person's own separate consent, or, for
// records taken over from a ledger kept before, that they exist: such a
// registration must find another basis when somebody works with it again.
const (
	BasisStatutory LegalBasis = "statutory"
	BasisConsent   LegalBasis = "consent"
	BasisHistory   LegalBasis = "history"
)

// Key is the message key of the label.
func (b LegalBasis) Key() string { return "legal_basis." + string(b) }

// guardianAge is the age below which a guardian consents (personal information
// protection law, Art. 31).
const guardianAge = 14

// Registration is one hospital's own record of a person: contacts, address and
// the basis on which they are kept. Other hospitals never see it.
type Registration struct {
	ID           ident.ID
	PersonID     ident.ID
	HospitalID   ident.ID
	Phone        string
	Address      string
	Township     string
	Village      string
	KinName      string
	KinPhone     string
	LegalBasis   LegalBasis
	ConsentNote  string // who consented, how and to what
	Guardian     string // who consents for a child
	SlipCode     string
	RegisteredOn clock.Date
	Version      int
}

// LogValue is the id: contacts never reach a log.
func (r Registration) LogValue() slog.Value { return slog.StringValue(r.ID.String()) }

// Normalise brings the typed fields to the form that is stored. A telephone
// number that cannot be read stays as typed, for Validate to name.
func (r Registration) Normalise() Registration {
	for _, s := range []*string{&r.Address, &r.Township, &r.Village, &r.ConsentNote} {
		*s = strings.TrimSpace(*s)
	}
	for _, s := range []*string{&r.Phone, &r.KinPhone} {
		*s = strings.TrimSpace(*s)
		if n, err := ParsePhone(*s); err == nil {
			*s = n
		}
	}
	r.KinName, r.Guardian = NormaliseName(r.KinName), NormaliseName(r.Guardian)
	return r
}

// Validate names every wrong field by its form name. Contacts are optional: a
// patient without a telephone is a patient. The birth date decides whether a
// guardian must be named.
func (r Registration) Validate(birth, today clock.Date) (wrong errs.Fields) {
	phone(&wrong, "phone", r.Phone)
	phone(&wrong, "kin_phone", r.KinPhone)
	optionalName(&wrong, "kin_name", r.KinName)
	optionalName(&wrong, "guardian", r.Guardian)
	tooLong(&wrong, "township", r.Township, MaxPlace)
	tooLong(&wrong, "village", r.Village, MaxPlace)
	tooLong(&wrong, "address", r.Address, MaxAddress)
	tooLong(&wrong, "consent_note", r.ConsentNote, maxNote)
	switch r.LegalBasis {
	case BasisStatutory, BasisHistory:
	case BasisConsent:
		if r.ConsentNote == "" {
			wrong.Add("consent_note", "error.consent_note.required")
		}
		if !birth.IsZero() && birth.AgeOn(today) < guardianAge && r.Guardian == "" {
			wrong.Add("guardian", "error.guardian.required", "n", guardianAge)
		}
	default:
		wrong.Add("legal_basis", "error.legal_basis.required")
	}
	if r.RegisteredOn.After(today) {
		wrong.Add("registered_on", "error.registered_on.future")
	}
	return wrong
}

func optionalName(wrong *errs.Fields, path, text string) {
	if text == "" {
		return
	}
	if _, _, err := ParseName(text); err != nil {
		_ = wrong.Merge(path, err) // ParseName returns input errors only
	}
}

func phone(wrong *errs.Fields, path, text string) {
	if text == "" {
		return
	}
	if _, err := ParsePhone(text); err != nil {
		_ = wrong.Merge(path, err) // ParsePhone returns input errors only
	}
}
