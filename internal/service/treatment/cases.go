package treatment

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// maxText bounds what a person may write into a remark.
const maxText = 500

// CasesInput asks for a page of cases.
type CasesInput struct {
	Programme procedure.Programme
	State     casefile.State
	Hospital  ident.ID // nil: all the reader may see
	From, To  clock.Date
	Page      page.Request
}

// CaseList is a page of cases with the side of each hospital.
type CaseList struct {
	page.Result[store.CaseItem]
	Sides map[ident.ID]user.Side
}

// Cases lists the cases the reader's hospitals take part in.
func (s *Service) Cases(ctx context.Context, who user.Principal, in CasesInput) (CaseList, error) {
	var out CaseList
	if err := s.door(who, authz.CaseRead); err != nil {
		return out, err
	}
	f := store.CaseFilter{Hospitals: s.hospitals(who, authz.CaseRead), Programme: in.Programme, State: in.State, From: in.From, To: in.To}
	if in.Hospital != ident.Nil {
		if err := s.at(who, authz.CaseRead, in.Hospital); err != nil {
			return out, err
		}
		f.Hospitals = []ident.ID{in.Hospital}
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if out.Result, err = tx.ListCases(f, in.Page); err != nil {
			return err
		}
		if out.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "cases", "rows": len(out.Rows)}})
		return nil
	})
	for i := range out.Rows {
		out.Rows[i].PersonName = s.name(who, out.Rows[i].PersonName)
	}
	return out, err
}

// CaseView is a case with all the reader may see of it.
type CaseView struct {
	store.CaseItem
	Treatments []store.Treatment
	Operations []store.Operation
	Bills      []store.Bill
	Referrals  []store.Referral
	Sides      map[ident.ID]user.Side

	CanOpen       []ident.ID          // hospitals at which the reader may open a treatment
	HospitalNames map[ident.ID]string // the reader's hospitals that take part in the case
	CanClose      bool
	CanReopen     bool
	CanRefer      bool
	CanRead       bool // the treatments' pages
}

// Case reads one case with its treatments, operations, bills and requests.
func (s *Service) Case(ctx context.Context, who user.Principal, id ident.ID) (CaseView, error) {
	var v CaseView
	if err := s.door(who, authz.CaseRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.CaseRead, ObjectKind: audit.ObjectCase, ObjectID: id})
		if v.CaseItem, v.HospitalNames, err = tx.CaseSeenBy(id, who.Hospitals); err != nil {
			return err
		}
		if err := s.fillCase(tx, who, &v); err != nil {
			return err
		}
		if v.lapsed(who, tx.Today()) {
			return errs.Missing("error.case.missing")
		}
		return nil
	})
	if err != nil {
		return CaseView{}, err
	}
	v.PersonName = s.name(who, v.PersonName)
	return v, nil
}

// fillCase reads what stands under a case: one select each.
func (s *Service) fillCase(tx *store.Tx, who user.Principal, v *CaseView) (err error) {
	if v.Treatments, err = tx.TreatmentsOf(v.ID); err != nil {
		return err
	}
	ids := make([]ident.ID, len(v.Treatments))
	for i, t := range v.Treatments {
		ids[i] = t.ID
	}
	if v.Operations, err = tx.OperationsOf(ids...); err != nil {
		return err
	}
	if v.Bills, err = tx.BillsOf(ids...); err != nil {
		return err
	}
	if v.Referrals, err = tx.ReferralsOf(v.ID); err != nil {
		return err
	}
	if v.Sides, err = tx.SidesOf(); err != nil {
		return err
	}
	for _, h := range who.Hospitals {
		_, part := v.HospitalNames[h]
		if part && v.Open() && s.can(who, authz.TreatmentOpen, h) {
			v.CanOpen = append(v.CanOpen, h)
		}
		v.CanRefer = v.CanRefer || part && v.Open() && s.can(who, authz.CaseJoin, h)
	}
	mayClose := s.can(who, authz.CaseClose, v.Home)
	v.CanClose, v.CanReopen = mayClose && v.Open(), mayClose && !v.Open()
	v.CanRead = s.door(who, authz.TreatmentRead) == nil
	return nil
}

// OpenInput is what it takes to open a case.
type OpenInput struct {
	Person    ident.ID
	Hospital  ident.ID // nil: the one hospital of the caller
	Programme procedure.Programme
	Diagnosis string
}

// home is the hospital a write is meant for: the one named, or the only one at
// which the caller holds the permission.
func (s *Service) home(who user.Principal, perm authz.Permission, named ident.ID) (ident.ID, error) {
	if named == ident.Nil {
		if h := s.policy.Reach(who, perm).Hospitals; len(h) == 1 {
			named = h[0]
		}
	}
	if named == ident.Nil {
		var f errs.Fields
		f.Add("hospital", "error.care.hospital")
		return named, f.Err()
	}
	return named, s.at(who, perm, named)
}

// OpenCase opens a case of a person who is registered at the hospital.
func (s *Service) OpenCase(ctx context.Context, who user.Principal, in OpenInput, key store.Key) (store.CaseItem, error) {
	var none store.CaseItem
	hospital, err := s.home(who, authz.CaseOpen, in.Hospital)
	if err != nil {
		return none, err
	}
	if len([]rune(in.Diagnosis)) > maxText {
		return none, tooLong("diagnosis")
	}
	event := audit.Event{Action: audit.CaseOpen, ObjectKind: audit.ObjectPerson, ObjectID: in.Person, OrganisationID: hospital,
		Detail: map[string]any{"programme": string(in.Programme)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.CaseItem, error) {
		if _, err := tx.PersonByID(in.Person); err != nil {
			return none, err
		}
		here, err := tx.RegisteredAt(in.Person, hospital)
		if err != nil {
			return none, err
		}
		if !here {
			return none, errs.Refuse("casefile.registered_here", "error.case.not_registered", nil, "care.remedy.register")
		}
		c, err := tx.OpenCase(store.CaseOpening{Person: in.Person, Hospital: hospital, Programme: in.Programme, On: tx.Today(), Diagnosis: in.Diagnosis})
		tx.Amend("case", c.No)
		return c, err
	})
}

// CloseInput closes a case.
type CloseInput struct {
	Case    ident.ID
	Version int64
	Closure casefile.Closure
	On      clock.Date
	Note    string
}

// CloseCase closes a case: nothing may be under way in it, at any hospital.
func (s *Service) CloseCase(ctx context.Context, who user.Principal, in CloseInput, key store.Key) (store.CaseItem, error) {
	return s.changeCase(ctx, who, change{in.Case, in.Version, audit.CaseClose, string(in.Closure)}, key, func(tx *store.Tx, c store.CaseItem) (store.CaseItem, error) {
		var f errs.Fields
		if in.On.After(tx.Today()) {
			f.Add("closed_on", "error.care.future")
		}
		if len([]rune(in.Note)) > maxText {
			f.Add("note", "form.error.long", "max", maxText)
		}
		if in.Closure == casefile.Imported { // belongs to the import, not to people
			f.Add("closure", "error.casefile.closure")
		}
		if err := f.Err(); err != nil {
			return c, err
		}
		states, err := tx.TreatmentStates(c.ID)
		if err != nil {
			return c, err
		}
		if c.Case, err = casefile.Close(c.Case, in.Closure, in.On, states); err != nil {
			return c, err
		}
		c.ClosureNote = in.Note
		return c, tx.UpdateCase(c)
	})
}

// ReopenInput opens a closed case again.
type ReopenInput struct {
	Case    ident.ID
	Version int64
}

// ReopenCase takes the closure back, unless another case was opened meanwhile.
func (s *Service) ReopenCase(ctx context.Context, who user.Principal, in ReopenInput, key store.Key) (store.CaseItem, error) {
	return s.changeCase(ctx, who, change{in.Case, in.Version, audit.CaseEdit, "reopen"}, key, func(tx *store.Tx, c store.CaseItem) (store.CaseItem, error) {
		return tx.ReopenCase(c)
	})
}

// SecondInput plans the other side; an empty side drops the plan.
type SecondInput struct {
	Case    ident.ID
	Version int64
	Plan    casefile.SecondSide
}

// PlanSecond notes the other joint or eye, or drops the plan.
func (s *Service) PlanSecond(ctx context.Context, who user.Principal, in SecondInput, key store.Key) (store.CaseItem, error) {
	return s.changeCase(ctx, who, change{in.Case, in.Version, audit.CaseEdit, "second_side"}, key, func(tx *store.Tx, c store.CaseItem) (store.CaseItem, error) {
		if in.Plan.Side == "" {
			c.Second = nil
			return c, tx.UpdateCase(c)
		}
		done, err := tx.RecordedOperations(c.Person)
		if err != nil {
			return c, err
		}
		if in.Plan.Hospital != ident.Nil {
			sides, err := tx.SidesOf()
			if err != nil {
				return c, err
			}
			if _, member := sides[in.Plan.Hospital]; !member {
				var f errs.Fields
				f.Add("hospital", "form.error.choice")
				return c, f.Err()
			}
		}
		if c.Case, err = casefile.PlanSecond(c.Case, in.Plan, done); err != nil {
			return c, err
		}
		return c, tx.UpdateCase(c)
	})
}

// change is what the changes of a case have in common.
type change struct {
	id      ident.ID
	version int64
	action  string
	what    string
}

// changeCase loads and holds a case, checks who and version, and lets fn change it.
func (s *Service) changeCase(ctx context.Context, who user.Principal, x change, key store.Key,
	fn func(*store.Tx, store.CaseItem) (store.CaseItem, error)) (store.CaseItem, error) {
	if err := s.door(who, authz.CaseClose); err != nil {
		return store.CaseItem{}, err
	}
	event := audit.Event{Action: x.action, ObjectKind: audit.ObjectCase, ObjectID: x.id, Detail: map[string]any{"what": x.what}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.CaseItem, error) {
		c, err := tx.CaseForUpdate(x.id)
		if err != nil {
			return c, err
		}
		if err := s.at(who, authz.CaseClose, c.Home); err != nil {
			return c, err
		}
		if err := tx.SameVersion(c.Version, x.version); err != nil {
			return c, err
		}
		if c, err = fn(tx, c); err != nil {
			return c, err
		}
		return tx.CaseByID(c.ID)
	})
}

func tooLong(path string) error {
	var f errs.Fields
	f.Add(path, "form.error.long", "max", maxText)
	return f.Err()
}

// Hospital is a place a list can be narrowed to.
type Hospital struct {
	ID   ident.ID
	Name string
	Side user.Side
}

// Hospitals lists the hospitals at which the reader holds a permission.
func (s *Service) Hospitals(ctx context.Context, who user.Principal, perm authz.Permission) ([]Hospital, error) {
	if err := s.door(who, perm); err != nil {
		return nil, err
	}
	mine := s.hospitals(who, perm)
	var out []Hospital
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of hospitals")
		members, err := tx.Members(who.PartnershipID)
		for _, m := range members {
			o := m.Organisation
			if o.Kind == partnership.Hospital && (mine == nil || slices.Contains(mine, o.ID)) {
				name := o.ShortName
				if name == "" {
					name = o.Name
				}
				out = append(out, Hospital{o.ID, name, m.Side})
			}
		}
		return err
	})
	return out, err
}

// Partners lists all hospitals of the partnership, for forms that name another one.
func (s *Service) Partners(ctx context.Context, who user.Principal) ([]Hospital, error) {
	if err := s.door(who, authz.CaseRead); err != nil {
		return nil, err
	}
	var out []Hospital
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("names of hospitals")
		out, err = memberHospitals(tx, who)
		return err
	})
	return out, err
}

func memberHospitals(tx *store.Tx, who user.Principal) ([]Hospital, error) {
	members, err := tx.Members(who.PartnershipID)
	var out []Hospital
	for _, m := range members {
		if o := m.Organisation; o.Kind == partnership.Hospital {
			out = append(out, Hospital{o.ID, o.Name, m.Side})
		}
	}
	return out, err
}
