package procedure

import (
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Signature says who stands behind a record: the account that wrote what stands
// there now, and the second clinician who compared it with the papers. A record
// with a validator is locked, as in the registries that publish by surgeon: a
// wrong catalogue number is found by a second pair of eyes, not by the first
// (retrieval studies of the National Joint Registry).
type Signature struct {
	EnteredBy   ident.ID
	ValidatedBy ident.ID // nil: not locked
}

// Locked reports whether a second clinician has validated the record.
func (s Signature) Locked() bool { return s.ValidatedBy != ident.Nil }

// Validated locks the record in the name of a second clinician. It refuses who
// wrote it, and a record that is locked.
func (s Signature) Validated(by ident.ID) (Signature, error) {
	switch {
	case s.Locked():
		return s, errs.Refuse("procedure.locked", "error.procedure.locked", nil, "procedure.remedy.unlock")
	case by == s.EnteredBy || by == ident.Nil:
		return s, errs.Refuse("procedure.second_clinician", "error.procedure.own_entry", nil, "procedure.remedy.second_clinician")
	}
	s.ValidatedBy = by
	return s, nil
}

// Unlocked opens a locked record again; the reason is asked for by the form and
// kept in the history.
func (s Signature) Unlocked(reason string) (Signature, error) {
	if !s.Locked() {
		return s, errs.Refuse("procedure.not_locked", "error.procedure.not_locked", nil, "procedure.remedy.correct")
	}
	if reason == "" {
		var f errs.Fields
		f.Add("reason", "form.error.missing")
		return s, f.Err()
	}
	s.ValidatedBy = ident.Nil
	return s, nil
}

// Corrected is the signature after a correction: whoever corrects becomes the
// one who wrote it. A locked record is not corrected.
func (s Signature) Corrected(by ident.ID) (Signature, error) {
	if s.Locked() {
		return s, errs.Refuse("procedure.locked", "error.procedure.locked", nil, "procedure.remedy.unlock")
	}
	s.EnteredBy = by
	return s, nil
}
