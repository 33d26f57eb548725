package patient

import (
	"log/slog"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// DocumentKind is the kind of an identity document.
type DocumentKind string

// The kinds; DocNone is "has no document", which is a fact and not a gap.
const (
	DocCitizen          DocumentKind = "citizen"
	DocPassport         DocumentKind = "passport"
	DocBirthCertificate DocumentKind = "birth"
	DocResidencePermit  DocumentKind = "hmt" // 港澳台居民居住证
	DocForeignPermanent DocumentKind = "foreign"
	DocNone             DocumentKind = "none"
)

// DocumentKinds lists the kinds in the order of the form.
func DocumentKinds() []DocumentKind {
	return []DocumentKind{DocCitizen, DocResidencePermit, DocPassport, DocForeignPermanent, DocBirthCertificate, DocNone}
}

// Valid reports whether the kind is known.
func (k DocumentKind) Valid() bool {
	for _, x := range DocumentKinds() {
		if k == x {
			return true
		}
	}
	return false
}

// Key is the message key of the label.
func (k DocumentKind) Key() string { return "doc_kind." + string(k) }

// Document is one identity document of a person. Only a Verified number may be
// unique in the partnership or link two registrations by itself.
type Document struct {
	ID       ident.ID
	PersonID ident.ID
	Kind     DocumentKind
	Number   string // canonical; stored sealed; empty for DocNone
	Verified bool   // passed every check its kind has
	Reason   string // why a number that failed its check was kept
	PhotoID  ident.ID
	Version  int
}

// NeedsPhoto reports whether the picture that backs an unverified number is
// still to come. It may follow later and never holds up the registration.
func (d Document) NeedsPhoto() bool {
	return d.Kind != DocNone && !d.Verified && d.PhotoID == ident.Nil
}

// Masked is the number as it may be shown.
func (d Document) Masked() string { return MaskNumber(d.Number) }

// LogValue is the kind and the id, never the number.
func (d Document) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(d.Kind)), slog.String("id", d.ID.String()))
}

// Parsed is a document as read from a form, with what its number says about the
// holder; zero values where the kind says nothing.
type Parsed struct {
	Document
	Sex        Sex
	Birth      clock.Date
	RegionCode string
	Warnings   errs.Fields
}

var (
	passportShape    = regexp.MustCompile(`^[A-Z0-9]{5,15}$`)
	certificateShape = regexp.MustCompile(`^[A-Z]\d{9}$`)
	oldPermanentCard = regexp.MustCompile(`^[A-Z]{3}\d{12}$`)
)

// ParseDocument reads a number of the given kind. A residence permit typed as a
// citizen number is accepted with its true kind and a warning.
func ParseDocument(kind DocumentKind, text string, today clock.Date) (Parsed, error) {
	switch kind {
	case DocCitizen, DocResidencePermit:
		return parseChecked(kind, text, today)
	case DocForeignPermanent:
		return parsePermanent(text, today)
	case DocPassport:
		return parseShaped(kind, text, passportShape.MatchString, "error.document.passport")
	case DocBirthCertificate:
		return parseShaped(kind, text, certificateShape.MatchString, "error.document.birth_certificate")
	case DocNone:
		if FoldNumber(text) != "" {
			return Parsed{}, refuse("error.document.number_without_kind")
		}
		return Parsed{Document: Document{Kind: DocNone}}, nil
	}
	return Parsed{}, refuse("error.document.kind")
}

func parseChecked(kind DocumentKind, text string, today clock.Date) (Parsed, error) {
	n, err := ParseCitizenNumber(text, today)
	if err != nil {
		return Parsed{}, err
	}
	permit := residencePrefix(n.Number)
	switch {
	case kind == DocResidencePermit && !permit:
		return Parsed{}, refuse("error.document.residence_permit")
	case kind == DocResidencePermit:
		n.Warnings = nil
	case permit:
		kind = DocResidencePermit
	}
	p := parsedFrom(kind, n)
	if permit { // the prefix names the place of origin, not a household registration
		p.RegionCode = ""
	}
	return p, nil
}

// parsePermanent reads the foreigners' permanent residence card: 18 characters
// from 9 on with the same check digit, or the older 3 letters and 12 digits,
// which say nothing about the holder.
func parsePermanent(text string, today clock.Date) (Parsed, error) {
	s := FoldNumber(text)
	if oldPermanentCard.MatchString(s) {
		return Parsed{Document: Document{Kind: DocForeignPermanent, Number: s, Verified: true}}, nil
	}
	if err := checkShape(s); err != nil {
		return Parsed{}, err
	}
	if len(s) != 18 || s[0] != '9' {
		return Parsed{}, refuse("error.document.foreign_permanent")
	}
	n, err := readNumber(s, today)
	if err != nil {
		return Parsed{}, err
	}
	p := parsedFrom(DocForeignPermanent, n)
	p.RegionCode = ""
	return p, nil
}

func parsedFrom(kind DocumentKind, n CitizenNumber) Parsed {
	return Parsed{Document: Document{Kind: kind, Number: n.Number, Verified: true},
		Sex: n.Sex, Birth: n.Birth, RegionCode: n.RegionCode, Warnings: n.Warnings}
}

func parseShaped(kind DocumentKind, text string, fits func(string) bool, key string) (Parsed, error) {
	s := FoldNumber(text)
	if s == "" {
		return Parsed{}, refuse("error.identity.required")
	}
	if !fits(s) {
		return Parsed{}, refuse(key)
	}
	return Parsed{Document: Document{Kind: kind, Number: s, Verified: true}}, nil
}

// KeepUnverified keeps a number that ParseDocument refused, with the reason the
// registrar gives: the number is as the paper says, and the paper may be wrong.
// It proves nothing, so it fills in nothing and links nobody. A number that is
// good is returned as such, whatever the reason says.
func KeepUnverified(kind DocumentKind, text, reason string, today clock.Date) (Parsed, error) {
	if kind == DocNone || !kind.Valid() {
		return Parsed{}, refuse("error.document.kind")
	}
	if p, err := ParseDocument(kind, text, today); err == nil {
		return p, nil
	}
	s, reason := FoldNumber(text), strings.TrimSpace(reason)
	var wrong errs.Fields
	switch {
	case s == "":
		wrong.Add("doc_number", "error.identity.required")
	case utf8.RuneCountInString(s) > maxUnverified || hasHidden(s):
		wrong.Add("doc_number", "error.document.unverified_text", "n", maxUnverified)
	}
	switch {
	case reason == "":
		wrong.Add("doc_reason", "error.document.reason_required")
	case utf8.RuneCountInString(reason) > maxNote:
		wrong.Add("doc_reason", "error.text.too_long", "n", maxNote)
	}
	if err := wrong.Err(); err != nil {
		return Parsed{}, err
	}
	return Parsed{Document: Document{Kind: kind, Number: s, Reason: reason}}, nil
}

const (
	maxUnverified = 32  // longer than any number printed on an identity document
	maxNote       = 500 // characters of a free remark
)
