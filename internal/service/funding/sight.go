package funding

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// EyeView is one eye of a cataract patient as the application shows it.
type EyeView struct {
	Eye procedure.Side
	fund.Necessity
}

// sightOf reads what a cataract reduction rests on.
func sightOf(tx *store.Tx, t store.Treatment) (sight fund.Sight, readings []store.Reading, err error) {
	if readings, err = tx.ReadingsOf(t.Case); err != nil {
		return sight, nil, err
	}
	files, err := tx.AttachmentsOf(store.Owner{Kind: store.OwnerCase, ID: t.Case}, store.Owner{Kind: store.OwnerTreatment, ID: t.ID})
	if err != nil {
		return sight, nil, err
	}
	for _, r := range readings {
		sight.Readings = append(sight.Readings, fund.Sighting{Eye: r.Side, On: r.On, By: r.CreatedBy})
	}
	sight.Photo = slices.ContainsFunc(files, func(a store.Attachment) bool { return a.Kind == document.Chart && a.ReplacedBy == ident.Nil })
	sight.Operated = t.OperatedOn
	sight.Exempt = exempt(t)
	return sight, readings, nil
}

// exempt: an emergency waits for no reading, and who is in care already has been
// treated on what was known.
func exempt(t store.Treatment) bool {
	return t.Place.Path == treatment.Emergency || !t.AdmittedOn.IsZero() || !t.OperatedOn.IsZero()
}

// guarded applies the guard to an application for an eye. The eye of other
// programmes is empty.
func guarded(tx *store.Tx, t store.Treatment, eye procedure.Side) error {
	if t.Programme != procedure.Cataract {
		if eye != "" {
			var f errs.Fields
			f.Add("eye", "error.fund.eye_other")
			return f.Err()
		}
		return nil
	}
	sight, _, err := sightOf(tx, t)
	if err != nil {
		return err
	}
	sight.Eye = eye
	return sight.Judge().Refusal()
}

// eyes tells the form of an application what each eye lacks.
func eyes(tx *store.Tx, t store.Treatment) (out []EyeView, err error) {
	if t.Programme != procedure.Cataract {
		return nil, nil
	}
	sight, _, err := sightOf(tx, t)
	for _, eye := range []procedure.Side{procedure.Right, procedure.Left} {
		sight.Eye = eye
		out = append(out, EyeView{eye, sight.Judge()})
	}
	return out, err
}

// sight adds to an application what its approver has to know about the eye: the
// readings, how many people took them, and what was changed since the approval.
func (v *ApprovalView) sight(tx *store.Tx) error {
	if v.Treatment.Programme != procedure.Cataract {
		return nil
	}
	sight, readings, err := sightOf(tx, v.Treatment)
	if err != nil {
		return err
	}
	sight.Eye = v.Eye
	n := sight.Judge()
	for _, r := range readings {
		if v.Eye == "" || r.Side == v.Eye {
			v.Readings = append(v.Readings, r)
		}
	}
	args := errs.Args{"n": n.Readings, "people": n.People}
	switch {
	case n.Missing != "":
		state := "error"
		if n.Exempt {
			state = "warn"
		}
		v.Checks = append(v.Checks, Check{State: state, Key: n.Missing.Label(), Args: args})
	case n.ByPhoto:
		v.Checks = append(v.Checks, Check{State: "warn", Key: "funding.check.sight.photo", Args: args})
	default:
		v.Checks = append(v.Checks, Check{State: "ok", Key: "funding.check.sight", Args: args})
	}
	changed, err := tx.ReadingsChanged(v.ID)
	if err == nil && changed > 0 {
		v.Checks = append(v.Checks, Check{State: "warn", Key: "funding.check.sight.changed", Args: errs.Args{"n": changed}})
	}
	return err
}
