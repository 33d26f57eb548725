package reporting

import (
	"context"
	"time"

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

// Row is one line of the list behind a figure. What the reader may not see of
// the case or the person is empty.
type Row struct {
	CaseID     ident.ID
	CaseNo     string
	Name       string // masked unless the reader may see people
	Programme  measure.Programme
	Kind       string // of the operation, in a list of operations
	Side       string // of the body
	Hospital   Hospital
	On         clock.Date
	Operations int // that match, in a list of persons
	Settled    bool
	Money      measure.Layers
}

// List is the list behind a figure, with the figure of the same instant.
type List struct {
	Definition  measure.Definition
	Value       measure.Value
	Filter      measure.Filter
	Partnership string
	Rights      Rights
	Rows        []Row
	Next        string
	Hospitals   []Hospital
}

// ListInput says which list to open.
type ListInput struct {
	ID     measure.ID
	Filter measure.Filter
	Page   page.Request
	File   string // xlsx or csv: the whole list leaves the house
}

// List opens the list behind a figure. It has as many rows as the figure counts;
// for money the column of the measure adds up to it.
func (s *Service) List(ctx context.Context, who user.Principal, in ListInput) (out List, err error) {
	r, err := s.rights(who)
	if err != nil {
		return out, err
	}
	d, f, err := r.definition(in.ID, in.Filter)
	switch {
	case err != nil:
		return out, err
	case !d.Tallied():
		return out, errs.Missing("error.measure.missing")
	case !r.Lists:
		return out, errs.New(errs.Forbidden, "error.authz.forbidden", errs.Args{"permission": authz.Label(authz.ListRead)})
	case in.File != "" && !r.Export:
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	options := []store.TxOption{store.OneInstant()}
	if in.File != "" {
		options = append(options, store.Background())
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		out = List{Definition: d, Filter: f, Rights: r}
		if err := out.read(tx, in); err != nil {
			return err
		}
		action, detail := audit.ListRead, map[string]any{"rows": len(out.Rows)}
		if in.File != "" {
			action, detail["format"], detail["rule"] = audit.ExportMake, in.File, disclosure.Exact().Version()
		}
		tx.AuditRead(event(action, string(d.ID), f, detail))
		return nil
	}, options...)
	return out, err
}

// length is how many rows the list has.
func (l *List) length() int64 {
	if l.Definition.Kind == measure.SumMoney && l.Value.Denominator != nil {
		return *l.Value.Denominator
	}
	return l.Value.Value.Int64()
}

// frame reads everything but the rows.
func (l *List) frame(tx *store.Tx) error {
	tallies, err := tx.Tallies(l.Filter)
	if err != nil {
		return err
	}
	l.Value = l.Definition.Read(tallies[0], tx.Now())
	p, err := tx.PartnershipByID(tx.Partnership())
	if err != nil {
		return err
	}
	l.Partnership = p.Name
	l.Hospitals, err = hospitals(tx, l.Filter)
	return err
}

// read fills the list inside its transaction.
func (l *List) read(tx *store.Tx, in ListInput) error {
	err := l.frame(tx)
	if err != nil {
		return err
	}
	var rows []store.FigureRow
	if in.File != "" {
		rows, err = tx.AllFigureRows(l.Definition.List, l.Filter)
	} else {
		var cut page.Result[store.FigureRow]
		cut, err = tx.FigureRows(l.Definition.List, l.Filter, in.Page)
		rows, l.Next = cut.Rows, cut.Next
	}
	for _, x := range rows {
		l.Rows = append(l.Rows, l.row(x))
	}
	return err
}

func (l *List) row(x store.FigureRow) Row {
	r := Row{CaseID: x.Case, CaseNo: x.CaseNo, Name: x.PersonName, Programme: x.Programme, Kind: x.Kind, Side: x.Side, On: x.On,
		Operations: x.Operations, Settled: x.Settled, Money: x.Money, Hospital: Hospital{ID: x.HospitalID, Name: x.HospitalName}}
	if !l.Rights.Names {
		r.Name = patient.MaskName(r.Name)
	}
	for _, h := range l.Hospitals {
		if h.ID == x.HospitalID {
			r.Hospital.Side = h.Side
		}
	}
	return r
}

// AsOf is the instant of the list and its figure.
func (l List) AsOf() time.Time { return l.Value.AsOf }

// event records that a list was opened or a file made: which figure, which
// filter, how many rows. Each condition stands under its own name.
func event(action, figure string, f measure.Filter, detail map[string]any) audit.Event {
	from, to := f.Period()
	for name, v := range map[string]string{"figure": figure, "programme": string(f.Programme), "side": string(f.Side), "from": from.String(),
		"to": to.String(), "category": f.Category} {
		if v != "" {
			detail[name] = v
		}
	}
	if f.HospitalID != ident.Nil {
		detail["hospital"] = f.HospitalID.String()
	}
	if f.Visiting != nil {
		detail["visiting"] = *f.Visiting
	}
	return audit.Event{Action: action, ObjectKind: audit.ObjectMeasure, Detail: detail}
}
