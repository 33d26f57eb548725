package visiting

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The records of the ladder.
type (
	// Signoff is a sign-off with who signed.
	Signoff = store.SignoffItem
	// Doctor is a doctor with the hospital's name.
	Doctor = store.PractitionerItem
)

// noCases is why reading the ladder leaves no trace.
const noCases = "the ladder counts operations and names no patient"

// Learner is a doctor with what is signed off.
type Learner struct {
	Doctor
	Signed []Signoff
}

// Learners is a page of local doctors.
type Learners struct {
	page.Result[Learner]
	Rules bool // the reader may set the numbers
}

// Learners lists the local doctors of the reader's hospitals on the receiving
// side, with what they do independently.
func (s *Service) Learners(ctx context.Context, who user.Principal, req page.Request) (Learners, error) {
	out := Learners{Rules: s.door(who, authz.SkillEdit) == nil}
	if err := s.door(who, authz.SkillRead); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit(noCases)
		homes, err := s.schools(tx, who)
		if err != nil {
			return err
		}
		doctors, err := tx.ListPractitioners(store.PractitionerFilter{Homes: homes}, req)
		if err != nil {
			return err
		}
		ids := make([]ident.ID, len(doctors.Rows))
		for i, d := range doctors.Rows {
			ids[i] = d.ID
		}
		signed, err := tx.SignoffsOf(homes, ids)
		if err != nil {
			return err
		}
		out.Next = doctors.Next
		for _, d := range doctors.Rows {
			l := Learner{Doctor: d}
			for _, x := range signed {
				if x.Practitioner == d.ID {
					l.Signed = append(l.Signed, x)
				}
			}
			out.Rows = append(out.Rows, l)
		}
		return nil
	})
	return out, err
}

// schools are the receiving hospitals whose doctors the reader sees.
func (s *Service) schools(tx *store.Tx, who user.Principal) ([]ident.ID, error) {
	sides, err := tx.SidesOf()
	if err != nil {
		return nil, err
	}
	reach := s.policy.Reach(who, authz.SkillRead)
	out := []ident.ID{}
	for id, side := range sides {
		if side == user.SideReceiving && (reach.All || slices.Contains(reach.Hospitals, id)) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b ident.ID) int { return strings.Compare(a.String(), b.String()) })
	return out, nil
}

// LadderView is a doctor's ladder.
type LadderView struct {
	Doctor  Doctor
	Ladders []practitioner.Ladder
	Signed  []Signoff
	Counts  []practitioner.RoleCount // by quarter, the latest first
	Sign    bool                     // the reader may sign
	// Outside are the kinds the reader, a doctor, has no privilege for here and cannot sign.
	Outside map[procedure.Kind]bool
}

// At is the ladder of one kind; the zero ladder when nothing is on record.
func (v LadderView) At(kind procedure.Kind) practitioner.Ladder {
	for _, l := range v.Ladders {
		if l.Kind == kind {
			return l
		}
	}
	return practitioner.Ladder{Kind: kind, Needed: practitioner.UsualNeeded}
}

// Ladder reads a doctor's ladder.
func (s *Service) Ladder(ctx context.Context, who user.Principal, doctor ident.ID) (v LadderView, err error) {
	if err := s.door(who, authz.SkillRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit(noCases)
		v, err = s.ladder(tx, who, doctor)
		return err
	})
	return v, err
}

func (s *Service) ladder(tx *store.Tx, who user.Principal, doctor ident.ID) (v LadderView, err error) {
	if v.Doctor, err = tx.PractitionerByID(doctor); err != nil {
		return v, err
	}
	homes, err := s.schools(tx, who)
	if err != nil {
		return v, err
	}
	if !slices.Contains(homes, v.Doctor.HomeOrg) {
		return LadderView{}, errs.Missing("error.practitioner.missing")
	}
	if v.Counts, err = tx.SkillCounts(doctor, v.Doctor.HomeOrg); err != nil {
		return v, err
	}
	if v.Signed, err = tx.SignoffsOf([]ident.ID{v.Doctor.HomeOrg}, []ident.ID{doctor}); err != nil {
		return v, err
	}
	rules, err := tx.SkillRules()
	signed := make([]practitioner.Signoff, len(v.Signed))
	for i, x := range v.Signed {
		signed[i] = x.Signoff
	}
	v.Ladders = practitioner.Climb(v.Counts, signed, rules)
	v.Sign = s.can(who, authz.SkillSign, v.Doctor.HomeOrg) && (who.PractitionerID == ident.Nil || who.PractitionerID != doctor)
	if err != nil || !v.Sign || who.PractitionerID == ident.Nil {
		return v, err
	}
	v.Outside, err = outside(tx, who.PractitionerID, v)
	return v, err
}

// outside are the kinds of a ladder the signing doctor does not do here.
func outside(tx *store.Tx, signer ident.ID, v LadderView) (map[procedure.Kind]bool, error) {
	doctor, err := tx.PractitionerByID(signer)
	if err != nil {
		return nil, err
	}
	granted, err := tx.PrivilegesOf(signer, v.Doctor.HomeOrg)
	out := map[procedure.Kind]bool{}
	for _, l := range v.Ladders {
		f, _ := practitioner.Judge(practitioner.Act{Doctor: doctor.Practitioner, Hospital: v.Doctor.HomeOrg, Kind: l.Kind, On: tx.Today()}, granted)
		out[l.Kind] = f != practitioner.Within
	}
	return out, err
}

// SignoffInput signs a doctor off for a kind of operation.
type SignoffInput struct {
	Doctor ident.ID
	Kind   procedure.Kind
	Note   string
}

// SignOff says that a doctor does a kind of operation independently. It needs
// the number of supervised operations and another person than the doctor.
func (s *Service) SignOff(ctx context.Context, who user.Principal, in SignoffInput, key Key) (Signoff, error) {
	var none Signoff
	if err := s.door(who, authz.SkillSign); err != nil {
		return none, err
	}
	in.Note = strings.TrimSpace(in.Note)
	var f errs.Fields
	checkText(&f, "note", in.Note, false)
	if !in.Kind.Known() {
		f.Add("kind", "form.error.pick")
	}
	if err := f.Err(); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.SkillSign, ObjectKind: audit.ObjectSkill, ObjectID: in.Doctor, Detail: map[string]any{"kind": string(in.Kind)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Signoff, error) {
		v, err := s.ladder(tx, who, in.Doctor)
		if err != nil {
			return none, err
		}
		if err := s.at(who, authz.SkillSign, v.Doctor.HomeOrg); err != nil {
			return none, err
		}
		l := v.At(in.Kind)
		if err := l.MaySign(in.Doctor, who.PractitionerID, v.Outside[in.Kind]); err != nil {
			return none, err
		}
		x := practitioner.Signoff{ID: ident.New(), Practitioner: in.Doctor, Hospital: v.Doctor.HomeOrg, Kind: in.Kind, Needed: l.Needed, Counted: l.Counted(), Note: in.Note}
		if err := tx.InsertSignoff(x); err != nil {
			return none, err
		}
		return signoff(tx, x.Hospital, in.Doctor, x.ID)
	})
}

// signoff reads one sign-off of a doctor that stands.
func signoff(tx *store.Tx, hospital, doctor, id ident.ID) (Signoff, error) {
	list, err := tx.SignoffsOf([]ident.ID{hospital}, []ident.ID{doctor})
	if err != nil {
		return Signoff{}, err
	}
	i := slices.IndexFunc(list, func(x Signoff) bool { return x.ID == id })
	if i < 0 {
		return Signoff{}, errs.Missing("error.skill.missing")
	}
	return list[i], nil
}

// RevokeInput takes a sign-off back.
type RevokeInput struct {
	Doctor, Signoff ident.ID
	Version         int64
	Reason          string
}

// Revoke takes a sign-off back, with a reason.
func (s *Service) Revoke(ctx context.Context, who user.Principal, in RevokeInput, key Key) error {
	if err := s.door(who, authz.SkillSign); err != nil {
		return err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	checkText(&f, "reason", in.Reason, true)
	if err := f.Err(); err != nil {
		return err
	}
	event := audit.Event{Action: audit.SkillRevoke, ObjectKind: audit.ObjectSkill, ObjectID: in.Doctor}
	_, err := write(ctx, s, who, key, event, func(tx *store.Tx) (struct{}, error) {
		doctor, err := tx.PractitionerByID(in.Doctor)
		if err != nil {
			return struct{}{}, err
		}
		if s.at(who, authz.SkillSign, doctor.HomeOrg) != nil {
			return struct{}{}, errs.Missing("error.practitioner.missing")
		}
		x, err := signoff(tx, doctor.HomeOrg, in.Doctor, in.Signoff)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.SameVersion(x.Version, in.Version); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.RevokeSignoff(x.Signoff, in.Reason)
	})
	return err
}

// Rules are the numbers the sign-off needs, for every kind.
func (s *Service) Rules(ctx context.Context, who user.Principal) (out map[procedure.Kind]int, err error) {
	if err := s.door(who, authz.SkillRead); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("numbers of the partnership")
		out, err = tx.SkillRules()
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range procedure.Programmes() {
		for _, k := range procedure.Kinds(p) {
			if out[k] == 0 {
				out[k] = practitioner.UsualNeeded
			}
		}
	}
	return out, err
}

// SetRules sets the numbers of the kinds given. Sign-offs that stand keep the
// number they were given under.
func (s *Service) SetRules(ctx context.Context, who user.Principal, in map[procedure.Kind]int, key Key) error {
	if err := s.door(who, authz.SkillEdit); err != nil {
		return err
	}
	var f errs.Fields
	for kind, n := range in {
		if !kind.Known() || n < 1 || n > practitioner.MaxNeeded {
			f.Add(string(kind), "form.error.between", "low", 1, "high", practitioner.MaxNeeded)
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	event := audit.Event{Action: audit.SkillRule, ObjectKind: audit.ObjectSkill, Detail: map[string]any{"kinds": len(in)}}
	_, err := write(ctx, s, who, key, event, func(tx *store.Tx) (struct{}, error) {
		have, err := tx.SkillRules()
		if err != nil {
			return struct{}{}, err
		}
		for kind, n := range in {
			usual := have[kind] == 0 && n == practitioner.UsualNeeded
			if have[kind] == n || usual {
				continue
			}
			if err := tx.SetSkillRule(kind, n); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Observers is who watched an operation, and who could have.
type Observers struct {
	Operation store.Operation
	Names     []string
	Doctors   []Surgeon // of the hospital, without the team
}

// Observers reads who watched an operation.
func (s *Service) Observers(ctx context.Context, who user.Principal, operation ident.ID) (v Observers, err error) {
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ProcedureRead, ObjectKind: audit.ObjectProcedure, ObjectID: operation})
		if v.Operation, err = tx.OperationByID(operation); err != nil {
			return err
		}
		if s.at(who, authz.ProcedureEdit, v.Operation.Hospital) != nil {
			return errs.Missing("error.operation.missing")
		}
		if v.Names, err = tx.ObserversOf(operation); err != nil {
			return err
		}
		v.Doctors, err = watchers(tx, v.Operation)
		return err
	})
	return v, err
}

// watchers are the doctors of the hospital who were not in the team.
func watchers(tx *store.Tx, o store.Operation) ([]Surgeon, error) {
	doctors, err := tx.SurgeonsAt(o.Hospital, o.OperatedOn)
	return slices.DeleteFunc(doctors, func(d Surgeon) bool { return d.ID == o.Lead || d.ID == o.Assistant || d.ID == o.Supervisor }), err
}

// ObserveInput notes who watched an operation.
type ObserveInput struct {
	Operation ident.ID
	Doctors   []ident.ID
}

// Observe notes that doctors of the hospital watched an operation. It puts
// nobody into the team and opens no record to them.
func (s *Service) Observe(ctx context.Context, who user.Principal, in ObserveInput, key Key) error {
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return err
	}
	event := audit.Event{Action: audit.SkillObserve, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Detail: map[string]any{"doctors": len(in.Doctors)}}
	_, err := write(ctx, s, who, key, event, func(tx *store.Tx) (struct{}, error) {
		o, err := tx.OperationByID(in.Operation)
		if err != nil {
			return struct{}{}, err
		}
		if s.at(who, authz.ProcedureEdit, o.Hospital) != nil {
			return struct{}{}, errs.Missing("error.operation.missing")
		}
		t, err := tx.TreatmentByID(o.Treatment)
		if err != nil {
			return struct{}{}, err
		}
		known, err := watchers(tx, o)
		if err != nil {
			return struct{}{}, err
		}
		var f errs.Fields
		if len(in.Doctors) == 0 {
			f.Add("doctors", "form.error.pick")
		}
		for _, d := range in.Doctors {
			if !slices.ContainsFunc(known, func(x Surgeon) bool { return x.ID == d }) && !f.Has("doctors") {
				f.Add("doctors", "error.skill.observer")
			}
		}
		if err := f.Err(); err != nil {
			return struct{}{}, err
		}
		visitor, err := visitorAt(tx, o)
		if err != nil {
			return struct{}{}, err
		}
		for _, d := range in.Doctors {
			if err := tx.Observe(o, t, d, visitor); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// visitorAt reports whether somebody from another hospital stood at the table.
func visitorAt(tx *store.Tx, o store.Operation) (bool, error) {
	for _, id := range []ident.ID{o.Lead, o.Assistant, o.Supervisor} {
		if id == ident.Nil {
			continue
		}
		d, err := tx.PractitionerByID(id)
		if err != nil {
			return false, err
		}
		if d.HomeOrg != o.Hospital {
			return true, nil
		}
	}
	return false, nil
}
