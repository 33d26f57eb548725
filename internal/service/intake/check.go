package intake

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// rank scores the candidates and keeps those that reach the threshold.
func rank(print match.Fingerprint, rows []store.Candidate) []Suspect {
	var out []Suspect
	for _, c := range rows {
		v := match.Score(print, c.Print)
		if v.Duplicate() && !slices.ContainsFunc(out, func(o Suspect) bool { return o.PersonID == c.PersonID }) {
			out = append(out, Suspect{c.PersonRow, v.Score, v.Reasons})
		}
	}
	slices.SortStableFunc(out, func(a, b Suspect) int { return b.Score - a.Score })
	return out[:min(len(out), mostSuspects)]
}

// Warning is what the desk is shown while typing.
type Warning struct {
	Parsed   patient.Parsed // what the number says; zero when it cannot be read
	Suspects []Suspect
	Known    *store.Known // registered elsewhere, by the full number only
	Capped   bool         // the day's look-ups are used up; saving still works
}

// Warn looks for the person who is being typed: in the own hospital by
// likeness, elsewhere by the full number only. It is asked while typing, so what
// is missing or wrong is no error.
func (s *Service) Warn(ctx context.Context, who user.Principal, in RegisterInput) (Warning, error) {
	if err := s.check(who, authz.PersonRegister, in.Hospital); err != nil {
		return Warning{}, err
	}
	in, err := s.carryOver(ctx, who, in)
	if err != nil {
		return Warning{}, err
	}
	today := clock.Today(s.db.Clock())
	d, err := s.read(in, today)
	if err != nil && !errs.Is(err, errs.Invalid) {
		return Warning{}, err
	}
	w := Warning{Parsed: d.parsed}
	if len([]rune(d.source.Person.Name)) > patient.MaxName {
		d.source.Person.Name = "" // resembles nobody, and comparing it would take minutes
	}
	if len(d.source.Documents) == 0 && (d.source.Person.Name == "" || d.source.Person.Birth.IsZero()) {
		return w, nil
	}
	var here bool
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		var err error
		if w.Suspects, err = s.candidates(tx, in.Hospital, d.source); err != nil {
			return err
		}
		here = slices.ContainsFunc(w.Suspects, func(x Suspect) bool {
			return slices.ContainsFunc(x.Reasons, func(r match.Reason) bool { return r.Key == "match.reason.doc_same" })
		})
		if len(w.Suspects) == 0 {
			tx.NoAudit("nobody was found")
			return nil
		}
		tx.AuditRead(audit.Event{Action: audit.PersonSearch, ObjectKind: audit.ObjectList, OrganisationID: in.Hospital,
			Detail: map[string]any{"list": "duplicates", "rows": len(w.Suspects)}})
		return nil
	})
	if err != nil || here || len(d.source.Documents) == 0 || !d.source.Documents[0].Verified {
		return w, err
	}
	if s.check(who, authz.PersonLookup, in.Hospital) != nil {
		return w, nil
	}
	known, err := s.lookup(ctx, who, d.parsed.Document, in)
	if errs.Is(err, errs.RateLimited) {
		w.Capped = true
		return w, nil
	}
	w.Known = known
	return w, err
}

// Lookup is the narrow lookup: whether a full, good number is known in the
// partnership. It answers name, sex, birth year and "has an open case in this
// programme", is counted against the day's cap, and is shown to the
// administrator of the hospital.
func (s *Service) Lookup(ctx context.Context, who user.Principal, in RegisterInput) (*store.Known, error) {
	if err := s.check(who, authz.PersonLookup, in.Hospital); err != nil {
		return nil, err
	}
	p, err := patient.ParseDocument(in.DocKind, in.DocNumber, clock.Today(s.db.Clock()))
	if err != nil {
		return nil, namedNumber(err)
	}
	if p.Number == "" {
		return nil, invalid("doc_number", "error.identity.required")
	}
	return s.lookup(ctx, who, p.Document, in)
}

func capped(limit int) error {
	return &errs.Error{Kind: errs.RateLimited, Key: "error.lookup.capped", Args: errs.Args{"n": limit}, Rule: "lookup.daily_cap",
		Remedy: []string{"remedy.lookup.capped"}}
}

// lookup asks and counts in one transaction. A question beyond the cap is
// counted as well, and answered with nothing.
func (s *Service) lookup(ctx context.Context, who user.Principal, d patient.Document, in RegisterInput) (*store.Known, error) {
	var out *store.Known
	over := false
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		known, found, err := tx.FindPerson(d, string(in.Programme))
		if err != nil {
			return err
		}
		if found {
			if here, err := tx.RegisteredAt(known.PersonID, in.Hospital); err != nil || here {
				tx.NoAudit("registered here: no look-up")
				return err
			}
		}
		n, err := tx.RecordLookup(d, in.Hospital, found)
		if err != nil {
			return err
		}
		e := audit.Event{Action: audit.PersonLookup, ObjectKind: audit.ObjectPerson, OrganisationID: in.Hospital, Detail: map[string]any{"found": found, "today": n}}
		if over = n > s.cap; over {
			e.Outcome, e.Reason = audit.Refused, "error.lookup.capped"
		} else if found {
			e.ObjectID = known.PersonID
			out = &known
		}
		tx.Audit(e)
		return nil
	})
	if err == nil && over {
		return nil, capped(s.cap)
	}
	return out, err
}

// Lookups is a page of the look-ups made at a hospital, for its administrator.
func (s *Service) Lookups(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.LookupItem], err error) {
	err = s.reviewLookups(ctx, who, "lookups", func(tx *store.Tx, hospital ident.ID) (int, error) {
		out, err = tx.ListLookups(hospital, req)
		return len(out.Rows), err
	})
	return out, err
}

// LookupNotices is a page of the look-ups other hospitals made of the own
// hospital's patients. The administrator does not work with patients: the names
// are masked.
func (s *Service) LookupNotices(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.LookupNotice], err error) {
	err = s.reviewLookups(ctx, who, "lookup_notices", func(tx *store.Tx, hospital ident.ID) (int, error) {
		out, err = tx.ListLookupNotices(hospital, req)
		return len(out.Rows), err
	})
	for i := range out.Rows {
		out.Rows[i].PersonName = patient.MaskName(out.Rows[i].PersonName)
	}
	return out, err
}

// reviewLookups reads a list of look-ups for the hospital whose administrator asks.
func (s *Service) reviewLookups(ctx context.Context, who user.Principal, list string, read func(*store.Tx, ident.ID) (int, error)) error {
	hospital := ident.Nil
	if reach := s.policy.Reach(who, authz.LookupReview); len(reach.Hospitals) > 0 {
		hospital = reach.Hospitals[0]
	}
	if err := s.check(who, authz.LookupReview, hospital); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		n, err := read(tx, hospital)
		if err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, OrganisationID: hospital, Detail: map[string]any{"list": list, "rows": n}})
		return nil
	})
}

// Validate names what is wrong with a registration without storing it.
func (s *Service) Validate(ctx context.Context, who user.Principal, in RegisterInput) error {
	in, err := s.carryOver(ctx, who, in)
	if err != nil {
		return err
	}
	_, err = s.read(in, clock.Today(s.db.Clock()))
	return err
}
