package pricing

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// VersionList is a page of versions.
type VersionList struct {
	page.Result[Version]
	InForce map[ident.ID]bool // apply today
	Edit    bool
}

// Versions reads the versions, the latest beginning first.
func (s *Service) Versions(ctx context.Context, who user.Principal, req page.Request) (out VersionList, err error) {
	if err := s.door(who, authz.RuleRead); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("rules hold no personal data")
		if out.Result, err = tx.ListPolicies(req); err != nil {
			return err
		}
		out.InForce, err = inForce(tx)
		return err
	})
	out.Edit = s.office(who, authz.RuleEdit) == nil
	return out, err
}

// inForce are the versions that apply today, one a region.
func inForce(tx *store.Tx) (map[ident.ID]bool, error) {
	list, err := tx.ReleasedPolicies()
	out := map[ident.ID]bool{}
	for _, v := range list {
		if now, ok := policy.InForce(list, v.Region.Code, tx.Today()); ok {
			out[now.ID] = true
		}
	}
	return out, err
}

// VersionView is one version with what the reader may do.
type VersionView struct {
	Version
	Funds    []Fund // for the names of funders
	Applies  bool   // today
	Edit     bool
	Release  bool
	Own      bool  // a reader who may release, but wrote in it
	Problems error // what keeps it from being released
}

// Version reads one version.
func (s *Service) Version(ctx context.Context, who user.Principal, id ident.ID) (out VersionView, err error) {
	if err := s.door(who, authz.RuleRead); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("rules hold no personal data")
		if out.Version, err = tx.PolicyByID(id); err != nil {
			return err
		}
		now, err := inForce(tx)
		if err != nil {
			return err
		}
		out.Applies = now[id]
		out.Funds, err = tx.FundChoices()
		return err
	})
	draft := out.State == policy.Draft
	out.Problems = whole(out.Version.Version)
	out.Edit = draft && s.office(who, authz.RuleEdit) == nil
	releases := draft && s.office(who, authz.RuleRelease) == nil
	out.Release, out.Own = releases && !out.Mine, releases && out.Mine
	return out, err
}

// whole checks a version from its head to its last rule.
func whole(v policy.Version) error {
	var f errs.Fields
	if err := f.Merge("head.", v.Head().Check()); err != nil {
		return err
	}
	if err := f.Merge("", v.Rules.Check()); err != nil {
		return err
	}
	return f.Err()
}

// DraftInput begins a draft from another version, or from the sample.
type DraftInput struct {
	policy.Head
	From ident.ID // nil: the sample
}

// Draft begins a draft.
func (s *Service) Draft(ctx context.Context, who user.Principal, in DraftInput, key Key) (Version, error) {
	if err := s.office(who, authz.RuleEdit); err != nil {
		return Version{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	if err := in.Check(); err != nil {
		return Version{}, err
	}
	v := Version{Version: policy.Version{ID: ident.New(), Name: in.Name, Sample: in.Sample, From: in.Head.From, To: in.To}, Based: in.From}
	event := audit.Event{Action: audit.RuleWrite, ObjectKind: audit.ObjectRule, ObjectID: v.ID, Detail: map[string]any{"step": "draft"}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Version, error) {
		v.Rules = policy.Sample(in.Region)
		if in.From != ident.Nil {
			from, err := tx.PolicyByID(in.From)
			if err != nil {
				return v, err
			}
			v.Rules = from.Rules
		} else {
			v.Sample = true
		}
		v.Rules.Region = in.Region
		if err := tx.InsertPolicy(v); err != nil {
			return v, err
		}
		return tx.PolicyByID(v.ID)
	})
}

// Change is one change of a draft: its head, or one rule of a section.
type Change struct {
	Policy  ident.ID
	Edition int64
	Head    *policy.Head
	Section policy.Section
	ID      string      // of the rule; empty: a new one
	Rule    policy.Rule // nil: remove the rule, or with First move it to the head
	First   bool
	All     *policy.Rules // everything at once
}

// Change writes in a draft. The rule itself must be right; what does not fit
// together yet is shown on the draft and refuses the release only.
func (s *Service) Change(ctx context.Context, who user.Principal, in Change, key Key) (Version, error) {
	if err := s.office(who, authz.RuleEdit); err != nil {
		return Version{}, err
	}
	if in.Rule != nil {
		if err := in.Rule.Check(); err != nil {
			return Version{}, err
		}
	}
	event := audit.Event{Action: audit.RuleWrite, ObjectKind: audit.ObjectRule, ObjectID: in.Policy,
		Detail: map[string]any{"step": string(in.Section), "rule": in.ID, "removed": in.Rule == nil && in.Head == nil && !in.First && in.All == nil}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Version, error) {
		v, err := tx.PolicyForUpdate(in.Policy)
		if err != nil {
			return v, err
		}
		if err := v.Frozen(); err != nil {
			return v, err
		}
		if adds := in.Rule != nil && in.ID == ""; !adds && v.Edition != in.Edition { // a new rule takes nothing from anybody
			return v, errs.New(errs.Stale, "error.stale", nil)
		}
		if err := apply(&v, in); err != nil {
			return v, err
		}
		if err := tx.UpdatePolicy(v); err != nil {
			return v, err
		}
		return tx.PolicyByID(v.ID)
	})
}

func apply(v *Version, in Change) error {
	var f errs.Fields
	if in.All != nil {
		if err := in.All.Check(); err != nil {
			return err
		}
		region := v.Region
		v.Rules = *in.All
		v.Rules.Region = region
	}
	switch {
	case in.Head != nil:
		if in.Head.Region.Code != v.Region.Code {
			f.Add("region", "error.policy.region_fixed")
		}
		if err := f.Merge("", in.Head.Check()); err != nil {
			return err
		}
		v.Name, v.Sample, v.From, v.To, v.Region = strings.TrimSpace(in.Head.Name), in.Head.Sample, in.Head.From, in.Head.To, in.Head.Region
		return f.Err()
	case in.All != nil:
		return nil
	case in.Rule == nil:
		if _, ok := v.Rule(in.Section, in.ID); !ok {
			return errs.Missing("error.policy.rule_missing")
		}
		if in.First {
			v.First(in.Section, in.ID)
		} else {
			v.Remove(in.Section, in.ID)
		}
		return nil
	}
	return putRule(v, in)
}

// putRule puts a rule into its section: a new one gets the next id, but a
// category has the code its author gives it.
func putRule(v *Version, in Change) error {
	var f errs.Fields
	id, rule := in.ID, in.Rule
	if id != "" {
		if _, ok := v.Rule(in.Section, id); !ok {
			return errs.Missing("error.policy.rule_missing")
		}
	}
	if c, ok := rule.(policy.Category); ok {
		if _, taken := v.Category(c.Code); taken && c.Code != id {
			f.Add("code", "error.policy.code_taken", "code", c.Code)
		}
		v.Put(in.Section, id, c)
		return f.Err()
	}
	if id == "" {
		id = v.NextID(in.Section)
	}
	v.Put(in.Section, id, named(rule, id))
	return nil
}

// named gives a rule its id.
func named(r policy.Rule, id string) policy.Rule {
	switch x := r.(type) {
	case policy.Layer:
		x.ID = id
		return x
	case policy.Relief:
		x.ID = id
		return x
	case policy.Package:
		x.ID = id
		return x
	case policy.Reduction:
		x.ID = id
		return x
	}
	return r
}

// Standing names a version as the reader saw it.
type Standing struct {
	Policy  ident.ID
	Edition int64
}

// Release puts a draft in force from its first day. Whoever wrote in it cannot.
func (s *Service) Release(ctx context.Context, who user.Principal, in Standing, key Key) (Version, error) {
	if err := s.office(who, authz.RuleRelease); err != nil {
		return Version{}, err
	}
	event := audit.Event{Action: audit.RuleRelease, ObjectKind: audit.ObjectRule, ObjectID: in.Policy}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Version, error) {
		v, err := s.held(tx, in)
		if err != nil {
			return v, err
		}
		if v.Mine {
			return v, errs.Refuse("policy.second_person", "error.policy.same_person", nil, "policy.remedy.colleague")
		}
		if err := whole(v.Version); err != nil {
			return v, errs.Refuse("policy.whole", "error.policy.not_whole", errs.Args{"n": len(errs.Of(err).Fields)}, "policy.remedy.problems")
		}
		tx.Amend("from", v.From.String())
		if err := tx.ReleasePolicy(v); err != nil {
			return v, err
		}
		return tx.PolicyByID(v.ID)
	})
}

// Discard ends a draft.
func (s *Service) Discard(ctx context.Context, who user.Principal, in Standing, key Key) (Version, error) {
	if err := s.office(who, authz.RuleEdit); err != nil {
		return Version{}, err
	}
	event := audit.Event{Action: audit.RuleWrite, ObjectKind: audit.ObjectRule, ObjectID: in.Policy, Detail: map[string]any{"step": "discard"}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Version, error) {
		v, err := s.held(tx, in)
		if err != nil {
			return v, err
		}
		if err := tx.DiscardPolicy(v); err != nil {
			return v, err
		}
		return tx.PolicyByID(v.ID)
	})
}

func (s *Service) held(tx *store.Tx, in Standing) (Version, error) {
	v, err := tx.PolicyForUpdate(in.Policy)
	if err != nil {
		return v, err
	}
	if err := v.Frozen(); err != nil {
		return v, err
	}
	if v.Edition != in.Edition {
		return v, errs.New(errs.Stale, "error.stale", nil)
	}
	return v, nil
}
