// Package directory is about who works together: organisations, partnerships and
// their members, hospital pairings (院院结对), doctors and their postings.
//
// Organisations, partnerships and doctors belong to the platform; people bound
// to a partnership see those of their own only. A posting widens what a doctor
// may see, so a change of postings is a change of rights: it bumps the policy
// version and the permissions are compiled anew.
package directory

import (
	"context"
	"log/slog"

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

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
	Clock  clock.Clock
	Log    *slog.Logger
}

// Service is the use cases of the directory.
type Service struct {
	db     *store.DB
	policy *authz.Policy
	clock  clock.Clock
	log    *slog.Logger
}

// New makes the service.
func New(d Deps) *Service { return &Service{d.DB, d.Policy, d.Clock, d.Log} }

// read is a transaction of names that are no patient data.
func (s *Service) read(ctx context.Context, who user.Principal, fn func(*store.Tx) error) error {
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of organisations and colleagues, no patient data")
		return fn(tx)
	})
}

// door asks for a permission somewhere where the principal works.
func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

// everywhere reports whether a permission reaches beyond the partnership.
func (s *Service) everywhere(who user.Principal, perm authz.Permission) bool {
	return s.policy.Can(who, perm, authz.Platform())
}

// checkAt asks for a permission at an organisation. Whoever is not on the
// platform reaches only members of the own partnership.
func (s *Service) checkAt(who user.Principal, perm authz.Permission, organisation ident.ID, members []store.Member) error {
	if s.everywhere(who, perm) {
		return nil
	}
	if organisation == ident.Nil || !isMember(members, organisation) {
		return errs.Missing("error.organisation.missing")
	}
	return s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, organisation))
}

func isMember(members []store.Member, organisation ident.ID) bool {
	for _, m := range members {
		if m.OrganisationID == organisation {
			return true
		}
	}
	return false
}

// changed compiles the permissions anew after postings changed.
func (s *Service) changed(ctx context.Context) {
	if err := s.policy.Reload(ctx); err != nil {
		s.log.ErrorContext(ctx, "permissions could not be compiled", "error", err)
	}
}

// mustWork refuses what belongs to one partnership while none is entered.
func mustWork(who user.Principal) error {
	if who.PartnershipID == ident.Nil {
		return errs.Refuse("partnership.enter", "error.partnership.enter", nil, "remedy.partnership.enter")
	}
	return nil
}

// OrganisationList narrows the list of organisations.
type OrganisationList struct {
	Text        string
	Kind        partnership.Kind
	Provisional bool
	Page        page.Request
}

// Organisations is a page of organisations by code.
func (s *Service) Organisations(ctx context.Context, who user.Principal, in OrganisationList) (out page.Result[partnership.Organisation], err error) {
	if err := s.door(who, authz.OrganisationRead); err != nil {
		return out, err
	}
	f := store.OrganisationFilter{Text: in.Text, Kind: string(in.Kind), Provisional: in.Provisional}
	if !s.everywhere(who, authz.OrganisationRead) {
		f.Partnership = who.PartnershipID
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.ListOrganisations(f, in.Page)
		return err
	})
	return out, err
}

// OrganisationDetail is an organisation and where it is a member.
type OrganisationDetail struct {
	partnership.Organisation
	Merged  partnership.Organisation // what it was merged into; zero when it stands
	Members []Membership
	Former  []FormerName // what it was called before, the latest first
	Unions  []Union      // hospitals that became part of it, and what it became part of itself
	MayEdit bool
}

// Membership is a membership with the name of its partnership.
type Membership struct {
	partnership.Member
	Name string
}

// Organisation reads one organisation.
func (s *Service) Organisation(ctx context.Context, who user.Principal, id ident.ID) (d OrganisationDetail, err error) {
	if err := s.door(who, authz.OrganisationRead); err != nil {
		return d, err
	}
	all := s.everywhere(who, authz.OrganisationRead)
	err = s.read(ctx, who, func(tx *store.Tx) error {
		if d.Organisation, err = tx.OrganisationByID(id); err != nil {
			return err
		}
		memberships, err := tx.MembershipsOf(id)
		if err != nil {
			return err
		}
		names, err := tx.ListPartnerships()
		if err != nil {
			return err
		}
		for _, m := range memberships {
			if all || m.PartnershipID == who.PartnershipID {
				d.Members = append(d.Members, Membership{m, nameOf(names, m.PartnershipID)})
			}
		}
		if !all && len(d.Members) == 0 {
			return errs.Missing("error.organisation.missing")
		}
		if d.Former, err = tx.FormerNames(id); err != nil {
			return err
		}
		in := who.PartnershipID
		if all {
			in = ident.Nil
		}
		if d.Unions, err = tx.UnionsOf(id, in); err != nil {
			return err
		}
		if d.MergedInto != ident.Nil {
			d.Merged, err = tx.OrganisationByID(d.MergedInto)
		}
		return err
	})
	d.MayEdit = s.everywhere(who, authz.OrganisationEdit) && d.MergedInto == ident.Nil
	return d, err
}

func nameOf(all []partnership.Partnership, id ident.ID) string {
	for _, p := range all {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

// SaveOrganisation adds an organisation (without an id) or changes one. Only the
// platform's administrator does: an organisation may be in several partnerships.
func (s *Service) SaveOrganisation(ctx context.Context, who user.Principal, o partnership.Organisation, key string) (ident.ID, error) {
	if err := s.policy.Check(who, authz.OrganisationEdit, authz.Platform()); err != nil {
		return ident.Nil, err
	}
	o = o.Normalise()
	if err := o.Check(); err != nil {
		return ident.Nil, err
	}
	action, fresh := audit.OrganisationEdit, o.ID == ident.Nil
	k := store.KeyOf(key, o)
	if fresh {
		o.ID, action = ident.New(), audit.OrganisationCreate
	}
	var former partnership.Organisation // as it was called, when the name changes
	id, err := store.Once(ctx, s.db, who, k, func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectOrganisation, ObjectID: o.ID, Detail: map[string]any{"code": o.Code}})
		if fresh {
			return o.ID, tx.InsertOrganisation(o)
		}
		old, err := tx.OrganisationByID(o.ID)
		if err != nil {
			return ident.Nil, err
		}
		if old.MergedInto != ident.Nil {
			return ident.Nil, errs.Refuse("organisation.merged", "error.organisation.merged_already", nil, "refusal.next.merge_target")
		}
		if former, err = s.rename(tx, old, o); err != nil {
			return ident.Nil, err
		}
		return o.ID, tx.UpdateOrganisation(o)
	})
	if err == nil && former.Name != "" {
		err = s.keepAliases(ctx, former)
	}
	return id, onField(err, "organisation_code_key", "code")
}

// rename keeps the old name of an organisation: papers of its time show it, and
// old ledgers still find the hospital.
func (s *Service) rename(tx *store.Tx, old, now partnership.Organisation) (former partnership.Organisation, err error) {
	if old.Name == now.Name && old.ShortName == now.ShortName || old.Provisional {
		return partnership.Organisation{}, nil
	}
	tx.Amend("was", old.Name)
	return old, tx.KeepName(old)
}

// keepAliases lets a former name mean the organisation in every partnership it is
// a member of. Doing it again changes nothing.
func (s *Service) keepAliases(ctx context.Context, former partnership.Organisation) error {
	var places []partnership.Member
	err := s.read(ctx, user.NewSystem("rename"), func(tx *store.Tx) (err error) {
		places, err = tx.MembershipsOf(former.ID)
		return err
	})
	for _, p := range places {
		if err != nil {
			break
		}
		err = s.db.InTx(ctx, user.NewSystem("rename").In(p.PartnershipID), func(tx *store.Tx) error {
			tx.Audit(audit.Event{Action: audit.OrganisationEdit, ObjectKind: audit.ObjectOrganisation, ObjectID: former.ID, Detail: map[string]any{"alias": former.Name}})
			return tx.PutAlias(former.Name, former.ID)
		})
	}
	return err
}

// onField turns a refusal of a unique constraint into a wrong input of a field.
func onField(err error, rule, field string) error {
	if e := errs.Of(err); err != nil && e.Rule == rule {
		var f errs.Fields
		f.Add(field, e.Key)
		return f.Err()
	}
	return err
}

// Merge makes a provisional organisation mean another one: its name becomes an
// alias in every partnership it is a member of, and roles at the other one reach
// its old records. The aliases follow, for a transaction works in one partnership;
// where they failed the same merge is asked for again, by the same key or another,
// and goes on.
func (s *Service) Merge(ctx context.Context, who user.Principal, from, into ident.ID, key string) error {
	if err := s.policy.Check(who, authz.OrganisationEdit, authz.Platform()); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, []ident.ID{from, into}), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: audit.OrganisationMerge, ObjectKind: audit.ObjectOrganisation, ObjectID: from, Detail: map[string]any{"into": into.String()}})
		a, err := tx.OrganisationByID(from)
		if err != nil {
			return struct{}{}, err
		}
		b, err := tx.OrganisationByID(into)
		if err != nil {
			return struct{}{}, err
		}
		if a.MergedInto == into && into != ident.Nil {
			return struct{}{}, nil
		}
		if err := partnership.CheckMerge(a, b); err != nil {
			return struct{}{}, err
		}
		if err := tx.MergeOrganisation(a, into); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.BumpPolicy(ident.Nil)
	})
	if err != nil {
		return err
	}
	s.changed(ctx)
	return s.moveAliases(ctx, from, into)
}

// moveAliases writes the aliases, partnership by partnership. Doing it again changes
// nothing.
func (s *Service) moveAliases(ctx context.Context, from, into ident.ID) error {
	var places []partnership.Member
	err := s.read(ctx, user.NewSystem("merge"), func(tx *store.Tx) (err error) {
		places, err = tx.MembershipsOf(from)
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range places {
		err := s.db.InTx(ctx, user.NewSystem("merge").In(p.PartnershipID), func(tx *store.Tx) error {
			tx.Audit(audit.Event{Action: audit.OrganisationMerge, ObjectKind: audit.ObjectOrganisation, ObjectID: from, Detail: map[string]any{"into": into.String()}})
			o, err := tx.OrganisationByID(from)
			if err != nil {
				return err
			}
			if err := tx.MoveAliases(from, into); err != nil {
				return err
			}
			return tx.PutAlias(o.Name, into)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
