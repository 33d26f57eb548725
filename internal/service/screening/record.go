package screening

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// MaxRows is how many rows one batch may hold.
const MaxRows = 200

// Row is one screening under the id its client made.
type Row struct {
	ID ident.ID
	screening.Draft
	Wrong errs.Fields // what could not be read at all; the row is refused with it
	By    ident.ID    // whose work it is, where somebody else brings it; nil otherwise
}

// Batch is rows of one hospital.
type Batch struct {
	Hospital ident.ID
	Rows     []Row
}

// Outcome is what became of a row.
type Outcome string

// The outcomes.
const (
	Created  Outcome = "created"
	Repeated Outcome = "repeated" // it was there already; nothing changed
	Refused  Outcome = "refused"  // the fields say why
)

// Receipt answers one row of a batch.
type Receipt struct {
	ID      ident.ID
	Outcome Outcome
	Alike   int // other screenings of the hospital that may be the same person
	Fields  errs.Fields
}

// Record stores the good rows of a batch and names what is wrong with the
// others: one receipt for each row, in their order. The same batch again changes
// nothing.
func (s *Service) Record(ctx context.Context, who user.Principal, in Batch, key Key) ([]Receipt, error) {
	if in.Hospital == ident.Nil {
		return nil, invalid("hospital", "form.error.pick")
	}
	if err := s.at(who, authz.ScreeningRecord, in.Hospital); err != nil {
		return nil, err
	}
	return s.record(ctx, who, in, key)
}

// record is Record for who was let in already.
func (s *Service) record(ctx context.Context, who user.Principal, in Batch, key Key) ([]Receipt, error) {
	if len(in.Rows) == 0 || len(in.Rows) > MaxRows {
		return nil, invalid("rows", "error.screening.rows", "n", MaxRows)
	}
	in.Hospital = s.policy.Successor(who.PartnershipID, in.Hospital) // forms that waited on a telephone arrive after a merge
	today := clock.Today(s.db.Clock())
	out := make([]Receipt, len(in.Rows))
	records := make([]screening.Record, len(in.Rows))
	good := false
	for i, row := range in.Rows {
		out[i].ID = row.ID
		records[i], out[i].Fields = row.check(today)
		if out[i].Outcome = Refused; len(out[i].Fields) == 0 {
			good, out[i].Outcome = true, ""
		}
	}
	if !good {
		return out, nil
	}
	kept, err := store.Once(ctx, s.db, who, key, func(tx *store.Tx) ([]keptRow, error) { return keep(tx, in, records, out) })
	if err != nil {
		return nil, err
	}
	for i, k := range kept {
		switch {
		case out[i].Outcome == Refused || k.Stored == "":
		case k.Stored == store.RowTaken:
			out[i].Outcome = Refused
			out[i].Fields.Add("id", "error.screening.taken")
		default:
			out[i].Outcome, out[i].Alike = Outcome(k.Stored), k.Alike
		}
	}
	return out, nil
}

// check names what is wrong with a row; of one that could not be read, only that.
func (r Row) check(today clock.Date) (screening.Record, errs.Fields) {
	if len(r.Wrong) > 0 {
		return screening.Record{}, r.Wrong
	}
	record, wrong := r.Check(today)
	if r.ID == ident.Nil {
		wrong.Add("id", "error.screening.id")
	}
	return record, wrong
}

// keptRow is what the store answered for a row.
type keptRow struct {
	Stored store.Stored
	Alike  int
}

// keep stores the rows without an outcome yet, in one transaction.
func keep(tx *store.Tx, in Batch, records []screening.Record, receipts []Receipt) ([]keptRow, error) {
	out := make([]keptRow, len(records))
	wrote := false
	for i, r := range records {
		if receipts[i].Outcome == Refused {
			continue
		}
		id := receipts[i].ID
		var err error
		if out[i].Stored, err = tx.InsertScreening(store.Screening{ID: id, Hospital: in.Hospital, Record: r}); err != nil {
			return nil, err
		}
		if out[i].Stored != store.RowCreated {
			continue
		}
		wrote = true
		if out[i].Alike, err = tx.CountAlike(id); err != nil {
			return nil, err
		}
		detail := map[string]any{"programme": string(r.Programme), "triage": string(r.Triage)}
		if by := in.Rows[i].By; by != ident.Nil {
			detail["collected_by"] = by
		}
		tx.Audit(audit.Event{Action: audit.ScreeningRecord, ObjectKind: audit.ObjectScreening, ObjectID: id, OrganisationID: in.Hospital, Detail: detail})
	}
	if !wrote {
		tx.NoAudit("rows that were there already")
	}
	return out, nil
}

// invalid is one wrong field as an error.
func invalid(path, key string, pairs ...any) error {
	var f errs.Fields
	f.Add(path, key, pairs...)
	return f.Err()
}
