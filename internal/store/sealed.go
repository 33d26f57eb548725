package store

import (
	"encoding/hex"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Identity and telephone numbers are sealed in their columns and found by keyed
// digests only. The places here are written once: a value sealed for one place
// opens nowhere else.

func documentPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "person_document", Column: "number_sealed", Row: id}
}

func phonePlace(registration ident.ID) seal.Place {
	return seal.Place{Table: "registration", Column: "phone_sealed", Row: registration}
}

func kinPhonePlace(registration ident.ID) seal.Place {
	return seal.Place{Table: "registration", Column: "kin_phone_sealed", Row: registration}
}

// documentDigest finds a number of a kind: the same digits on a passport and on
// an identity card are two documents.
func (tx *Tx) documentDigest(kind patient.DocumentKind, number string) ([]byte, error) {
	return tx.keys.Digest(seal.PurposeDocument, string(kind)+":"+number)
}

// last4 is what may be shown of a number.
func last4(number string) string {
	r := []rune(number)
	return string(r[max(0, len(r)-4):])
}

// Source is what the search terms of one registration are made from. Numbers
// are plain here and leave as digests.
type Source struct {
	Person       patient.Person
	Registration patient.Registration
	Documents    []patient.Document
}

// Print is what the duplicate matcher compares, with digests in place of the
// numbers it must not keep. The first document counts.
func (tx *Tx) Print(s Source) (match.Fingerprint, error) {
	f := match.Fingerprint{Name: s.Person.Name, Birth: s.Person.Birth, BirthEstimated: s.Person.BirthEstimated, Sex: s.Person.Sex,
		Village: s.Registration.Village, DocKind: patient.DocNone}
	if len(s.Documents) > 0 && s.Documents[0].Number != "" {
		d := s.Documents[0]
		sum, err := tx.documentDigest(d.Kind, d.Number)
		if err != nil {
			return f, err
		}
		f.DocKind, f.DocDigest, f.DocVerified, f.Number = d.Kind, hex.EncodeToString(sum), d.Verified, d.Number
	}
	if s.Registration.Phone != "" {
		sum, err := tx.keys.Digest(seal.PurposePhone, s.Registration.Phone)
		if err != nil {
			return f, err
		}
		f.PhoneDigest = hex.EncodeToString(sum)
	}
	return f, nil
}

// blockPrefix sets duplicate keys apart from search terms, which share a column.
const blockPrefix = "k:"

// BlockTerms are the duplicate keys of a registration as they are kept. The
// telephone's is the term the search has of it, and the number's is the digest of
// the document itself: neither is kept twice.
func BlockTerms(f match.Fingerprint) []string {
	var out []string
	for _, b := range match.Blocks(f) {
		switch kind, rest, _ := strings.Cut(b, ":"); kind {
		case "d":
		case "t":
			out = append(out, match.Term{Kind: match.KindPhone, Text: rest}.String())
		default:
			out = append(out, blockPrefix+b)
		}
	}
	return out
}

// termsOf are all rows of the term table a registration has.
func (tx *Tx) termsOf(s Source) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	add := func(t string) {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	for _, t := range match.Terms(s.Person.Name) {
		add(t.String())
	}
	for _, d := range s.Documents {
		for _, k := range []match.Kind{match.KindIDTail, match.KindNumber} {
			if d.Number == "" {
				continue
			}
			t, err := tx.storedTerm(match.Term{Kind: k, Text: d.Number})
			if err != nil {
				return nil, err
			}
			add(t)
		}
	}
	for _, k := range []match.Kind{match.KindPhoneTail, match.KindPhone} {
		if s.Registration.Phone == "" {
			continue
		}
		t, err := tx.storedTerm(match.Term{Kind: k, Text: s.Registration.Phone})
		if err != nil {
			return nil, err
		}
		add(t)
	}
	if s.Registration.SlipCode != "" {
		add(match.Term{Kind: match.KindSlip, Text: s.Registration.SlipCode}.String())
	}
	f, err := tx.Print(s)
	if err != nil {
		return nil, err
	}
	for _, b := range BlockTerms(f) {
		add(b)
	}
	return out, nil
}

// storedTerm is a term as its row holds it: what is personal becomes a digest.
// A tail is the same digest whether the whole number or only its end is known.
func (tx *Tx) storedTerm(t match.Term) (string, error) {
	if !t.Kind.Secret() {
		return t.String(), nil
	}
	var sum []byte
	var err error
	switch t.Kind {
	case match.KindIDTail:
		sum, err = tx.keys.DigestTail(seal.PurposeDocument, t.Text)
	case match.KindPhoneTail:
		sum, err = tx.keys.DigestTail(seal.PurposePhone, t.Text)
	case match.KindNumber: // of any kind of document: the search box does not know which
		sum, err = tx.keys.Digest(seal.PurposeDocument, t.Text)
	default:
		sum, err = tx.keys.Digest(seal.PurposePhone, t.Text)
	}
	return match.Term{Kind: t.Kind, Text: hex.EncodeToString(sum)}.String(), err
}
