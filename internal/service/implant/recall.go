package implant

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// RecallInput says what a recall is about: lot, catalogue number or brand, and
// all that are given must agree. Hospital narrows it to one.
type RecallInput struct {
	Lot, Catalogue, Brand string
	Hospital              ident.ID
	Page                  page.Request
	// Whole reads everything at once, for a file ("xlsx", "csv") or a sheet of
	// paper ("print").
	Whole string
}

// Empty reports whether nothing was asked.
func (in RecallInput) Empty() bool { return in.Lot == "" && in.Catalogue == "" && in.Brand == "" }

// Recall is the patients a recall concerns.
type Recall struct {
	page.Result[PatientPart]
	Count   RecallCount
	Sides   map[ident.ID]user.Side
	Contact bool // the reader may know how to reach the patients
	Export  bool
}

// recallAll bounds a list that is read at once: the largest recalls of the
// registers concern fewer patients of one district.
const recallAll = 5000

// Recall finds the patients of a recall: a hospital its own, the office and the
// auditors all, with names only for those who work with patients.
func (s *Service) Recall(ctx context.Context, who user.Principal, in RecallInput) (Recall, error) {
	var out Recall
	if err := s.door(who, authz.RecallRead); err != nil {
		return out, err
	}
	out.Export = s.door(who, authz.ExportMake) == nil
	in.Lot, in.Catalogue, in.Brand = strings.TrimSpace(in.Lot), strings.TrimSpace(in.Catalogue), strings.TrimSpace(in.Brand)
	if (in.Whole == "xlsx" || in.Whole == "csv") && !out.Export {
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	f := RecallFilter{Lot: in.Lot, Catalogue: in.Catalogue, Brand: in.Brand, Hospitals: s.hospitals(who, authz.RecallRead)}
	if in.Hospital != ident.Nil {
		if err := s.at(who, authz.RecallRead, in.Hospital); err != nil {
			return out, err
		}
		f.Hospitals = []ident.ID{in.Hospital}
	}
	if in.Empty() {
		return out, nil
	}
	options := []store.TxOption{store.OneInstant()}
	if in.Whole != "" {
		options = append(options, store.Background())
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if out.Count, err = tx.CountRecall(f); err != nil {
			return err
		}
		if out.Result, err = recallRows(tx, f, in); err != nil {
			return err
		}
		tx.AuditRead(recallEvent(in, len(out.Rows)))
		out.Sides, err = tx.SidesOf()
		return err
	}, options...)
	for i := range out.Rows {
		s.reachable(who, &out.Rows[i])
		out.Contact = out.Contact || out.Rows[i].PhoneLast4 != "" || out.Rows[i].Village != ""
	}
	return out, err
}

// recallRows reads one page, or every page.
func recallRows(tx *store.Tx, f RecallFilter, in RecallInput) (page.Result[PatientPart], error) {
	if in.Whole == "" {
		return tx.Recall(f, in.Page)
	}
	var all page.Result[PatientPart]
	req := page.Request{Size: page.MaxSize}
	for len(all.Rows) < recallAll {
		r, err := tx.Recall(f, req)
		if err != nil {
			return all, err
		}
		all.Rows, req.After = append(all.Rows, r.Rows...), r.Next
		if r.Next == "" {
			return all, nil
		}
	}
	return all, errs.New(errs.Precondition, "error.device.recall_large", errs.Args{"max": recallAll})
}

// reachable leaves name and contact to those who work with patients at the
// hospital, and takes them from everybody else.
func (s *Service) reachable(who user.Principal, p *PatientPart) {
	if s.at(who, authz.PersonRead, p.Hospital) == nil && !who.Wide {
		return
	}
	p.Township, p.Village, p.Address, p.PhoneLast4, p.KinName, p.KinLast4 = "", "", "", "", "", ""
	p.PersonName = patient.MaskName(p.PersonName)
}

func recallEvent(in RecallInput, rows int) audit.Event {
	action := map[string]string{"": audit.RecallRead, "print": audit.FormPrint}[in.Whole]
	if action == "" {
		action = audit.ExportMake
	}
	detail := map[string]any{"list": "recall", "rows": rows}
	for name, v := range map[string]string{"lot": in.Lot, "catalogue": in.Catalogue, "brand": in.Brand, "format": in.Whole} {
		if v != "" {
			detail[name] = v
		}
	}
	if in.Hospital != ident.Nil {
		detail["hospital"] = in.Hospital.String()
	}
	return audit.Event{Action: action, ObjectKind: audit.ObjectList, Detail: detail}
}
