package reporting

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Unit is one unit of the list behind a measure of facts. What the reader may
// not see of the case or the person is empty.
type Unit struct {
	ID        ident.ID
	CaseID    ident.ID
	CaseNo    string
	Name      string // masked unless the reader may see people
	Programme measure.Programme
	Kind      string // of the operation
	Side      string // of the body
	Hospital  Hospital
	On        clock.Date
	Fact      measure.Fact
}

// Units is the list behind a measure of facts, with its figure of the same
// instant: the numerator has as many rows as the figure has events, the
// denominator as many as stand below the line.
type Units struct {
	Desk
	Definition measure.Definition
	Reading    measure.Reading
	Part       measure.Part
	Class      string
	Surgeon    Surgeon // whose cases they are, of a list of one doctor
	Rows       []Unit
	Next       string
}

// UnitsInput says which list to open.
type UnitsInput struct {
	ID     measure.ID
	Filter measure.Filter
	Part   measure.Part // empty: the numerator of a rate, else all known units
	Class  string       // one class only
	Own    bool
	Doctor ident.ID // cases of one doctor, for the head of the hospital
	Page   page.Request
	File   string // xlsx or csv: the whole list leaves the house
}

// part is the part that stands behind the figure itself.
func part(d measure.Definition, p measure.Part) measure.Part {
	switch {
	case p != "":
		return p
	case d.Rate():
		return measure.Numerator
	}
	return measure.Known
}

// Units opens the list behind a measure of facts.
func (s *Service) Units(ctx context.Context, who user.Principal, in UnitsInput) (out Units, err error) {
	r, err := s.rights(who)
	if err != nil {
		return out, err
	}
	d, f, err := r.definition(in.ID, in.Filter)
	switch {
	case err != nil:
		return out, err
	case d.Tallied():
		return out, errs.Missing("error.measure.missing")
	case !r.Exact():
		return out, errs.New(errs.Forbidden, "error.authz.forbidden", errs.Args{"permission": authz.Label(authz.ListRead)})
	case in.File != "" && !r.Export:
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	if in.Doctor != ident.Nil {
		at := BoardInput{Doctor: in.Doctor, Filter: f}
		if err := s.admit(who, &at); err != nil {
			return out, err
		}
		f, in.Own, in.Doctor = at.Filter, at.Own, at.Doctor
	}
	options := []store.TxOption{store.OneInstant()}
	if in.File != "" {
		options = append(options, store.Background())
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		out = Units{Definition: d, Part: part(d, in.Part), Class: in.Class, Desk: Desk{Group: d.Group, At: moment(tx), Filter: f, Rights: r}}
		ask, err := asking(tx, who, f, in.Own)
		if err != nil {
			return err
		}
		if in.Doctor != ident.Nil {
			ask.filter.Lead = in.Doctor
		}
		if out.Surgeon, err = surgeonOf(ask, who, in.Own, f.HospitalID); err != nil {
			return err
		}
		if err := out.read(ask, in); err != nil {
			return err
		}
		action, detail := audit.ListRead, map[string]any{"rows": len(out.Rows), "part": string(out.Part)}
		if in.Doctor != ident.Nil {
			detail["doctor"] = in.Doctor.String()
		}
		if in.File != "" {
			action, detail["format"], detail["rule"] = audit.ExportMake, in.File, out.Profile.Version()
		}
		tx.AuditRead(event(action, string(d.ID), f, detail))
		return nil
	}, options...)
	return out, err
}

// read fills the list inside its transaction.
func (u *Units) read(a asker, in UnitsInput) error {
	if err := u.surroundings(a.tx); err != nil {
		return err
	}
	// Who opens a list sees every figure: [Service.Units] let nobody else in.
	u.Profile = disclosure.Exact()
	readings, err := a.readings(cover{profile: u.Profile}, []measure.Definition{u.Definition})
	if err != nil {
		return err
	}
	u.Reading = readings[0]
	l := store.FactList{Definition: u.Definition, Filter: a.filter, Part: u.Part, Class: u.Class}
	var rows []store.FactRow
	if in.File != "" {
		rows, err = a.tx.AllFactRows(l)
	} else {
		var cut page.Result[store.FactRow]
		cut, err = a.tx.FactRows(l, in.Page)
		rows, u.Next = cut.Rows, cut.Next
	}
	for _, x := range rows {
		u.Rows = append(u.Rows, u.row(x))
	}
	return err
}

func (u *Units) row(x store.FactRow) Unit {
	out := Unit{ID: x.ID, CaseNo: x.CaseNo, Name: x.PersonName, Programme: measure.Programme(x.Programme), Kind: x.Kind, Side: x.Side, On: x.On, Fact: x.Fact(),
		Hospital: Hospital{ID: x.HospitalID, Name: x.HospitalName}}
	if x.Case != nil && x.CaseNo != "" {
		out.CaseID = *x.Case
	}
	if !u.Rights.Names {
		out.Name = patient.MaskName(out.Name)
	}
	for _, h := range u.Hospitals {
		if h.ID == x.HospitalID {
			out.Hospital.Side = h.Side
		}
	}
	return out
}
