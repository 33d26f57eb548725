package directory

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Partnerships lists the partnerships the caller may see.
func (s *Service) Partnerships(ctx context.Context, who user.Principal) (out []partnership.Partnership, err error) {
	if err := s.door(who, authz.PartnershipRead); err != nil {
		return nil, err
	}
	all := s.everywhere(who, authz.PartnershipRead)
	err = s.read(ctx, who, func(tx *store.Tx) error {
		list, err := tx.ListPartnerships()
		for _, p := range list {
			if all || p.ID == who.PartnershipID {
				out = append(out, p)
			}
		}
		return err
	})
	return out, err
}

// PartnershipDetail is a partnership with its members.
type PartnershipDetail struct {
	partnership.Partnership
	Members  []store.Member
	MayEdit  bool
	MayEnd   bool
	MayMerge bool
}

// Partnership reads one partnership.
func (s *Service) Partnership(ctx context.Context, who user.Principal, id ident.ID) (d PartnershipDetail, err error) {
	if err := s.door(who, authz.PartnershipRead); err != nil {
		return d, err
	}
	if id != who.PartnershipID && !s.everywhere(who, authz.PartnershipRead) {
		return d, errs.Missing("error.partnership.missing")
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		if d.Partnership, err = tx.PartnershipByID(id); err != nil {
			return err
		}
		d.Members, err = tx.Members(id)
		return err
	})
	d.MayEdit = s.mayEdit(who, id) == nil
	d.MayEnd = id == who.PartnershipID && s.policy.Can(who, authz.PartnershipClose, authz.InPartnership(id))
	d.MayMerge = id == who.PartnershipID && s.policy.Can(who, authz.HospitalMerge, authz.InPartnership(id))
	return d, err
}

// mayEdit: on the platform, or for the own partnership as a whole.
func (s *Service) mayEdit(who user.Principal, id ident.ID) error {
	if s.everywhere(who, authz.PartnershipEdit) {
		return nil
	}
	if id != who.PartnershipID {
		return errs.Missing("error.partnership.missing")
	}
	return s.policy.Check(who, authz.PartnershipEdit, authz.InPartnership(id))
}

// SavePartnership adds a partnership (without an id) or changes one.
func (s *Service) SavePartnership(ctx context.Context, who user.Principal, p partnership.Partnership, key string) (ident.ID, error) {
	action, fresh := audit.PartnershipEdit, p.ID == ident.Nil
	if fresh {
		if err := s.policy.Check(who, authz.PartnershipCreate, authz.Platform()); err != nil {
			return ident.Nil, err
		}
	} else if err := s.mayEdit(who, p.ID); err != nil {
		return ident.Nil, err
	}
	p = p.Normalise()
	if err := p.Check(); err != nil {
		return ident.Nil, err
	}
	k := store.KeyOf(key, p)
	if fresh {
		p.ID, action = ident.New(), audit.PartnershipCreate
	}
	id, err := store.Once(ctx, s.db, who, k, func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectPartnership, ObjectID: p.ID, Detail: map[string]any{"code": p.Code}})
		if fresh {
			return p.ID, tx.InsertPartnership(p)
		}
		if _, err := tx.PartnershipByID(p.ID); err != nil {
			return ident.Nil, err
		}
		return p.ID, tx.UpdatePartnership(p)
	})
	return id, onField(err, "partnership_code_key", "code")
}

// AddMember puts an organisation on a side of a partnership.
func (s *Service) AddMember(ctx context.Context, who user.Principal, m partnership.Member, key string) error {
	if err := s.mayEdit(who, m.PartnershipID); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, m), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: audit.PartnershipEdit, ObjectKind: audit.ObjectPartnership, ObjectID: m.PartnershipID,
			Detail: map[string]any{"member": m.OrganisationID.String(), "side": string(m.Side), "from": m.From.String(), "to": m.To.String()}})
		members, err := tx.Members(m.PartnershipID)
		if err != nil {
			return struct{}{}, err
		}
		if err := partnership.CheckMember(m, plain(members)); err != nil {
			return struct{}{}, err
		}
		if err := member(tx, m); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.InsertMember(m)
	})
	return err
}

// member asks whether partnership and organisation exist and stand.
func member(tx *store.Tx, m partnership.Member) error {
	if _, err := tx.PartnershipByID(m.PartnershipID); err != nil {
		return err
	}
	o, err := tx.OrganisationByID(m.OrganisationID)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if err != nil || o.MergedInto != ident.Nil {
		var f errs.Fields
		f.Add("organisation", "form.error.pick")
		return f.Err()
	}
	return nil
}

func plain(members []store.Member) []partnership.Member {
	out := make([]partnership.Member, len(members))
	for i, m := range members {
		out[i] = m.Member
	}
	return out
}

// EndMember sets the last day of a membership that began on From.
func (s *Service) EndMember(ctx context.Context, who user.Principal, m partnership.Member, key string) error {
	if err := s.mayEdit(who, m.PartnershipID); err != nil {
		return err
	}
	var f errs.Fields
	if m.To.IsZero() {
		f.Add("to", "form.error.missing")
	} else if m.To.Before(m.From) {
		f.Add("to", "error.period.reversed")
	}
	if err := f.Err(); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, m), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: audit.PartnershipEdit, ObjectKind: audit.ObjectPartnership, ObjectID: m.PartnershipID,
			Detail: map[string]any{"member": m.OrganisationID.String(), "to": m.To.String()}})
		return struct{}{}, tx.EndMember(m)
	})
	return err
}

// Pairings is a page of the partnership's hospital pairings, the latest first.
func (s *Service) Pairings(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.PairingItem], err error) {
	if err := s.door(who, authz.PartnershipRead); err != nil {
		return out, err
	}
	if err := mustWork(who); err != nil {
		return out, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.ListPairings(req)
		return err
	})
	return out, err
}

// Pairing reads one pairing.
func (s *Service) Pairing(ctx context.Context, who user.Principal, id ident.ID) (out store.PairingItem, err error) {
	if err := s.door(who, authz.PartnershipRead); err != nil {
		return out, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.PairingByID(id)
		return err
	})
	return out, err
}

// Hospitals lists the member hospitals of the partnership on a day, the choice
// of forms.
func (s *Service) Hospitals(ctx context.Context, who user.Principal, day clock.Date) (out []store.Member, err error) {
	if err := s.door(who, authz.OrganisationRead); err != nil {
		return nil, err
	}
	if err := mustWork(who); err != nil {
		return nil, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		members, err := tx.Members(who.PartnershipID)
		for _, m := range members {
			if m.Organisation.Kind == partnership.Hospital && m.Organisation.MergedInto == ident.Nil && m.ValidOn(day) {
				out = append(out, m)
			}
		}
		return err
	})
	return out, err
}

// SavePairing adds a pairing (without an id) or changes agreement and dates.
func (s *Service) SavePairing(ctx context.Context, who user.Principal, p partnership.Pairing, key string) (ident.ID, error) {
	if err := mustWork(who); err != nil {
		return ident.Nil, err
	}
	if err := s.policy.Check(who, authz.PairingEdit, authz.InPartnership(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	action, fresh := audit.PairingEdit, p.ID == ident.Nil
	k := store.KeyOf(key, p)
	if fresh {
		p.ID, action = ident.New(), audit.PairingCreate
	}
	return store.Once(ctx, s.db, who, k, func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectPairing, ObjectID: p.ID})
		if !fresh {
			old, err := tx.PairingByID(p.ID)
			if err != nil {
				return ident.Nil, err
			}
			p.DonorID, p.ReceivingID = old.DonorID, old.ReceivingID // who is paired does not change, a new pairing is made
		}
		members, err := tx.Members(who.PartnershipID)
		if err != nil {
			return ident.Nil, err
		}
		if err := p.Check(plain(members)); err != nil {
			return ident.Nil, err
		}
		others, err := tx.PairingsBetween(p.DonorID, p.ReceivingID)
		if err != nil {
			return ident.Nil, err
		}
		if err := p.CheckOverlap(others); err != nil {
			return ident.Nil, err
		}
		if fresh {
			return p.ID, tx.InsertPairing(p)
		}
		return p.ID, tx.UpdatePairing(p)
	})
}
