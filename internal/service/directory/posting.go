package directory

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// PractitionerList narrows the list of doctors.
type PractitionerList struct {
	Text string
	Home ident.ID
	// Licence leaves doctors whose licence has expired or ends within
	// practitioner.LicenceSoonDays.
	Licence bool
	Page    page.Request
}

// Practitioners is a page of doctors by name: those of the partnership's
// members, or everybody for the platform.
func (s *Service) Practitioners(ctx context.Context, who user.Principal, in PractitionerList) (out page.Result[store.PractitionerItem], err error) {
	if err := s.door(who, authz.PractitionerRead); err != nil {
		return out, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		homes, err := s.homes(tx, who, authz.PractitionerRead)
		if err != nil {
			return err
		}
		if in.Home != ident.Nil {
			if homes != nil && !slices.Contains(homes, in.Home) {
				return nil
			}
			homes = []ident.ID{in.Home}
		}
		f := store.PractitionerFilter{Homes: homes, Text: in.Text}
		if in.Licence {
			f.LicenceBy = tx.Today().AddDays(practitioner.LicenceSoonDays)
		}
		out, err = tx.ListPractitioners(f, in.Page)
		return err
	})
	return out, err
}

// homes are the organisations whose doctors the caller sees; nil is all. Doctors
// of the whole partnership are colleagues: an operation names those of the other
// side too.
func (s *Service) homes(tx *store.Tx, who user.Principal, perm authz.Permission) ([]ident.ID, error) {
	if s.everywhere(who, perm) {
		return nil, nil
	}
	members, err := tx.Members(who.PartnershipID)
	ids := make([]ident.ID, 0, len(members))
	for _, m := range members {
		if !slices.Contains(ids, m.OrganisationID) {
			ids = append(ids, m.OrganisationID)
		}
	}
	return ids, err
}

// Practitioner reads one doctor, with the side of the home organisation.
func (s *Service) Practitioner(ctx context.Context, who user.Principal, id ident.ID) (out store.PractitionerItem, mayEdit bool, err error) {
	if err := s.door(who, authz.PractitionerRead); err != nil {
		return out, false, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		if out, err = tx.PractitionerByID(id); err != nil {
			return err
		}
		homes, err := s.homes(tx, who, authz.PractitionerRead)
		if err != nil {
			return err
		}
		if homes != nil && !slices.Contains(homes, out.HomeOrg) {
			return errs.Missing("error.practitioner.missing")
		}
		members, err := tx.Members(who.PartnershipID)
		if err != nil {
			return err
		}
		out.Side = partnership.SideOn(plain(members), out.HomeOrg, tx.Today())
		mayEdit = s.checkAt(who, authz.PractitionerEdit, out.HomeOrg, members) == nil
		return nil
	})
	if err != nil {
		return store.PractitionerItem{}, false, err
	}
	return out, mayEdit, nil
}

// SavePractitioner adds a doctor (without an id) or changes one.
func (s *Service) SavePractitioner(ctx context.Context, who user.Principal, p practitioner.Practitioner, version int64, key string) (ident.ID, error) {
	if err := s.door(who, authz.PractitionerEdit); err != nil {
		return ident.Nil, err
	}
	p = p.Clean()
	if err := p.Check(); err != nil {
		return ident.Nil, err
	}
	action, fresh := audit.PractitionerEdit, p.ID == ident.Nil
	k := store.KeyOf(key, []any{p, version})
	if fresh {
		p.ID, action = ident.New(), audit.PractitionerCreate
	}
	return store.Once(ctx, s.db, who, k, func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectPractitioner, ObjectID: p.ID})
		members, err := tx.Members(who.PartnershipID)
		if err != nil {
			return ident.Nil, err
		}
		if !fresh {
			old, err := tx.PractitionerByID(p.ID)
			if err != nil {
				return ident.Nil, err
			}
			if err := s.checkAt(who, authz.PractitionerEdit, old.HomeOrg, members); err != nil {
				return ident.Nil, errs.Missing("error.practitioner.missing")
			}
		}
		if err := s.checkAt(who, authz.PractitionerEdit, p.HomeOrg, members); err != nil {
			return ident.Nil, pickHome()
		}
		if _, err := tx.OrganisationByID(p.HomeOrg); err != nil {
			return ident.Nil, pickHome()
		}
		if fresh {
			return p.ID, tx.InsertPractitioner(p)
		}
		return p.ID, tx.UpdatePractitioner(p, version)
	})
}

func pickHome() error {
	var f errs.Fields
	f.Add("home_org", "form.error.pick")
	return f.Err()
}

// PostingList narrows the list of postings.
type PostingList struct {
	On   clock.Date // only those that count on this day
	Page page.Request
}

// Postings is a page of postings, the latest first: of the whole partnership, or
// of the caller's hospitals.
func (s *Service) Postings(ctx context.Context, who user.Principal, in PostingList) (out page.Result[store.PostingItem], err error) {
	if err := s.door(who, authz.PostingRead); err != nil {
		return out, err
	}
	if err := mustWork(who); err != nil {
		return out, err
	}
	reach := s.policy.Reach(who, authz.PostingRead)
	f := store.PostingFilter{On: in.On}
	if !reach.All {
		f.Hosts = append([]ident.ID{}, reach.Hospitals...)
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.ListPostings(f, in.Page)
		return err
	})
	return out, err
}

// Posting reads one posting.
func (s *Service) Posting(ctx context.Context, who user.Principal, id ident.ID) (out store.PostingItem, mayEdit bool, err error) {
	if err := s.door(who, authz.PostingRead); err != nil {
		return out, false, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.PostingByID(id)
		return err
	})
	if err == nil && !s.policy.Can(who, authz.PostingRead, authz.AtHospital(who.PartnershipID, out.Host)) {
		return store.PostingItem{}, false, errs.Missing("error.posting.missing")
	}
	return out, err == nil && s.policy.Can(who, authz.PostingEdit, authz.AtHospital(who.PartnershipID, out.Host)), err
}

// SavePosting adds a posting (without an id) or changes its days. A doctor who
// is posted elsewhere on the same days needs the caller's word that this is
// right.
func (s *Service) SavePosting(ctx context.Context, who user.Principal, p partnership.Posting, confirmed bool, key string) (ident.ID, error) {
	if err := s.door(who, authz.PostingEdit); err != nil {
		return ident.Nil, err
	}
	if err := mustWork(who); err != nil {
		return ident.Nil, err
	}
	action, fresh := audit.PostingEdit, p.ID == ident.Nil
	k := store.KeyOf(key, []any{p, confirmed})
	if fresh {
		p.ID, action = ident.New(), audit.PostingCreate
	}
	id, err := store.Once(ctx, s.db, who, k, func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectPosting, ObjectID: p.ID,
			Detail: map[string]any{"from": p.From.String(), "to": p.To.String(), "confirmed": confirmed}})
		if !fresh {
			old, err := tx.PostingByID(p.ID)
			if err != nil {
				return ident.Nil, err
			}
			if back, err := p.Backdate(old.Posting, tx.Today()); err != nil {
				return ident.Nil, err
			} else if back {
				tx.Amend("reason", p.BackReason)
			}
			p.Practitioner, p.Host = old.Practitioner, old.Host // another doctor or host is another posting
		}
		if err := s.checkPosting(tx, who, p); err != nil {
			return ident.Nil, err
		}
		others, err := tx.PostingsOf(p.Practitioner, p.From, p.To)
		if err != nil {
			return ident.Nil, err
		}
		if err := p.Clash(others, confirmed); err != nil {
			return ident.Nil, err
		}
		if fresh {
			err = tx.InsertPosting(p)
		} else {
			err = tx.UpdatePosting(p)
		}
		if err != nil {
			return ident.Nil, err
		}
		// Operations of days that came in were marked as without a posting.
		n, err := tx.RejudgePosted(p, string(procedure.RuleOutsidePosting), p.BackReason)
		if err != nil {
			return ident.Nil, err
		}
		tx.Amend("operations", n)
		return p.ID, tx.BumpPolicy(ident.Nil)
	})
	if err == nil {
		s.changed(ctx)
	}
	return id, err
}

// checkPosting asks for the right at the host, and whether doctor and host are
// of the partnership.
func (s *Service) checkPosting(tx *store.Tx, who user.Principal, p partnership.Posting) error {
	if p.Host != ident.Nil {
		if err := s.policy.Check(who, authz.PostingEdit, authz.AtHospital(who.PartnershipID, p.Host)); err != nil {
			return errs.Missing("error.posting.missing")
		}
	}
	var home ident.ID
	if p.Practitioner != ident.Nil {
		doctor, err := tx.PractitionerByID(p.Practitioner)
		if err != nil {
			return err
		}
		home = doctor.HomeOrg
	}
	if err := p.Check(home); err != nil {
		return err
	}
	members, err := tx.Members(who.PartnershipID)
	if err != nil {
		return err
	}
	var f errs.Fields
	if partnership.SideOn(plain(members), p.Host, p.From) == "" {
		f.Add("host", "error.posting.host_not_member")
	}
	if partnership.SideOn(plain(members), home, p.From) == "" {
		f.Add("practitioner", "error.posting.home_not_member")
	}
	return f.Err()
}

// PostingEnd is the last day of a posting, under the version of the record.
type PostingEnd struct {
	ID      ident.ID
	On      clock.Date
	Version int64
}

// EndPosting makes a day the last one of a posting: from the next day on the
// doctor sees the hospital's patients no more.
func (s *Service) EndPosting(ctx context.Context, who user.Principal, in PostingEnd, key string) error {
	if err := s.door(who, authz.PostingEdit); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: audit.PostingEnd, ObjectKind: audit.ObjectPosting, ObjectID: in.ID, Detail: map[string]any{"to": in.On.String()}})
		p, err := tx.PostingByID(in.ID)
		if err != nil {
			return struct{}{}, err
		}
		if err := s.policy.Check(who, authz.PostingEdit, authz.AtHospital(who.PartnershipID, p.Host)); err != nil {
			return struct{}{}, errs.Missing("error.posting.missing")
		}
		var f errs.Fields
		if in.On.After(p.To) {
			f.Add("on", "error.posting.end_later", "to", p.To)
		}
		if in.On.Before(p.From) {
			f.Add("on", "error.period.reversed")
		}
		if err := f.Err(); err != nil {
			return struct{}{}, err
		}
		p.To, p.Version = in.On, in.Version
		if err := p.Posting.Check(p.Home); err != nil {
			return struct{}{}, err
		}
		if err := tx.UpdatePosting(p.Posting); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.BumpPolicy(ident.Nil)
	})
	if err == nil {
		s.changed(ctx)
	}
	return err
}
