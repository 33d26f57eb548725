package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Bulk is a data set that comes in at once: an old ledger, or a programme made
// for showing. The caller has decided every row by the domain's rules and made
// the ids; the rows are written as they are, by the application's own role and
// behind row security like any other.
//
// Rows are written by multi-row VALUES, a thousand at a time: one row per
// statement costs a round trip each, and COPY does not pass row security.
type Bulk struct {
	Batch         ident.ID // import batch the rows belong to; nil: none
	Funds         []BulkFund
	Persons       []BulkPerson
	Documents     []BulkDocument
	Registrations []BulkRegistration
	Categories    []BulkCategory
	Reviews       []Review
	Cases         []BulkCase
	Treatments    []BulkTreatment
	Events        []BulkEvent
	Operations    []BulkOperation
	Approvals     []BulkApproval
	Settlements   []BulkSettlement
	Transfers     []BulkTransfer // of Funds only, in the order they took place
}

// Made is when and by whom a row came to be; zero is now, and who acts.
type Made struct {
	At time.Time
	By ident.ID
}

func (tx *Tx) made(m Made) Made {
	if m.At.IsZero() {
		m.At = tx.now
	}
	if m.By == ident.Nil {
		m.By = tx.who.AccountID
	}
	return m
}

// BulkFund is a new fund. Its accounts are opened with the balances that the
// transfers of the same set leave behind.
type BulkFund struct {
	Fund
	Accounts fund.Accounts
}

// BulkPerson is a new person and the hospitals that know them.
type BulkPerson struct {
	patient.Person
	SeenBy []ident.ID
	Made   Made
}

// BulkDocument is a document of a person of the set, or of one that is there.
type BulkDocument struct {
	patient.Document
	SeenBy []ident.ID
	Made   Made
}

// BulkRegistration is a hospital's registration with what its search terms are
// made from.
type BulkRegistration struct {
	Source
	Note string
	Made Made
}

// BulkCategory is a category a person holds.
type BulkCategory struct {
	patient.Beneficiary
	SeenBy []ident.ID
	Made   Made
}

// BulkCase is a case with its number and all hospitals that take part.
type BulkCase struct {
	CaseItem
	SeenBy []ident.ID // the home first
}

// BulkTreatment is a treatment where it stands.
type BulkTreatment struct {
	Treatment
	Funds []ident.ID // that paid for it, and therefore see it
}

// BulkEvent is a step a treatment of the set took.
type BulkEvent struct {
	Treatment *Treatment
	Row       treatment.Row
	Step      Step
	Made      Made
}

// BulkOperation is an operation of a treatment of the set.
type BulkOperation struct {
	Operation
	Of *Treatment
}

// BulkApproval is an approval with its lines.
type BulkApproval struct {
	Approval
	Lines []ApprovalLine
	Of    *Treatment
}

// BulkSettlement is a settlement with the funders of its reduction.
type BulkSettlement struct {
	Settlement
	Lines []SettlementLine
	Of    *Treatment
}

// BulkTransfer is a transfer with when it was posted.
type BulkTransfer struct {
	Posting
	Made Made
}

// bulkRows is how many rows one statement writes. The protocol's limit is
// 65,535 parameters; no table here takes more than 40 a row.
const bulkRows = 1000

// write inserts n rows by multi-row VALUES. Row is the pattern of one row: # is
// the next of the values, $1 … the common ones, which every statement carries.
func (tx *Tx) write(head, row string, common []any, n int, values func(i int) ([]any, error)) error {
	for from := 0; from < n; from += bulkRows {
		to := min(n, from+bulkRows)
		args := append(make([]any, 0, len(common)+(to-from)*strings.Count(row, "#")), common...)
		var q strings.Builder
		q.Grow(len(head) + (to-from)*(len(row)+40))
		q.WriteString(head)
		for i := from; i < to; i++ {
			v, err := values(i)
			if err != nil {
				return err
			}
			if i > from {
				q.WriteByte(',')
			}
			numberRow(&q, row, len(args))
			args = append(args, v...)
		}
		if err := tx.once(q.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// numberRow writes the pattern with the parameters after last in place of #.
func numberRow(q *strings.Builder, row string, last int) {
	for i := 0; i < len(row); i++ {
		if row[i] != '#' {
			q.WriteByte(row[i])
			continue
		}
		last++
		q.WriteByte('$')
		q.WriteString(strconv.Itoa(last))
	}
}

// WriteBulk writes the set. It records nothing in the audit log: the caller
// names the one event that stands for all of it.
func (tx *Tx) WriteBulk(b *Bulk) error {
	books, err := bookTransfers(b)
	if err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return tx.writeFunds(b) },
		func() error { return tx.writePersons(b) },
		func() error { return tx.writeDocuments(b) },
		func() error { return tx.writeRegistrations(b) },
		func() error { return tx.writeTerms(b) },
		func() error { return tx.writeCategories(b) },
		func() error { return tx.writeReviews(b) },
		func() error { return tx.writeCases(b) },
		func() error { return tx.writeTreatments(b) },
		func() error { return tx.writeEvents(b) },
		func() error { return tx.writeOperations(b) },
		func() error { return tx.writeApprovals(b) },
		func() error { return tx.writeSettlements(b) },
		func() error { return tx.writeLedger(b, books) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) writePersons(b *Bulk) error {
	return tx.write(`insert into person (partnership_id, id, root_id, name, name_key, sex, birth_on, birth_estimated, ethnicity, region_code, deceased_on,
		visible_to, created_at, created_by) values `, `($1, #, #, #, #, #, #, #, #, #, #, #::uuid[], #, #)`, []any{tx.Partnership()}, len(b.Persons),
		func(i int) ([]any, error) {
			p := b.Persons[i]
			m := tx.made(p.Made)
			return []any{p.ID, nullID(p.RootID), p.Name, match.SortKey(p.Name), string(p.Sex), p.Birth, p.BirthEstimated, p.Ethnicity, p.RegionCode,
				p.DeceasedOn, idArray(p.SeenBy), m.At, m.By}, nil
		})
}

func (tx *Tx) writeDocuments(b *Bulk) error {
	return tx.write(`insert into person_document (partnership_id, id, person_id, kind, number_sealed, digest, last4, verified, reason, visible_to,
		created_at, created_by) values `, `($1, #, #, #, #, #, #, #, #, #::uuid[], #, #)`, []any{tx.Partnership()}, len(b.Documents),
		func(i int) ([]any, error) {
			d := b.Documents[i]
			m := tx.made(d.Made)
			sealed, err := tx.keys.SealString(d.Number, documentPlace(d.ID))
			if err != nil {
				return nil, err
			}
			sum, err := tx.documentDigest(d.Kind, d.Number)
			return []any{d.ID, d.PersonID, string(d.Kind), sealed, sum, last4(d.Number), d.Verified, d.Reason, idArray(d.SeenBy), m.At, m.By}, err
		})
}

func (tx *Tx) writeRegistrations(b *Bulk) error {
	if err := tx.freeSlips(b); err != nil {
		return err
	}
	return tx.write(`insert into registration (partnership_id, batch_id, id, person_id, hospital_id, visible_to, phone_sealed, phone_last4, township,
		village, address, kin_name, kin_phone_sealed, kin_phone_last4, legal_basis, consent_note, guardian, slip_code, note, registered_on, created_at,
		created_by) values `, `($1, $2, #, #, #, #::uuid[], #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #)`,
		[]any{tx.Partnership(), nullID(b.Batch)}, len(b.Registrations),
		func(i int) ([]any, error) {
			x := b.Registrations[i]
			r, m := x.Registration, tx.made(x.Made)
			phone, kin, err := tx.sealPhones(r)
			return []any{r.ID, r.PersonID, r.HospitalID, idArray([]ident.ID{r.HospitalID}), phone, last4(r.Phone), r.Township, r.Village, r.Address,
				r.KinName, kin, last4(r.KinPhone), string(r.LegalBasis), r.ConsentNote, r.Guardian, r.SlipCode, x.Note, r.RegisteredOn, m.At, m.By}, err
		})
}

// slipTries bounds the search for free slip codes. There are 481 million codes
// and a hospital uses thousands: a second round is rare already.
const slipTries = 20

// freeSlips gives every registration without one a slip code that its hospital
// does not use yet.
func (tx *Tx) freeSlips(b *Bulk) error {
	type slip struct {
		hospital ident.ID
		code     string
	}
	used := map[slip]bool{}
	fresh := make([]int, 0, len(b.Registrations))
	for i := range b.Registrations {
		r := &b.Registrations[i].Registration
		if r.SlipCode == "" {
			fresh = append(fresh, i)
			continue
		}
		used[slip{r.HospitalID, r.SlipCode}] = true
	}
	for try := 0; len(fresh) > 0 && try < slipTries; try++ {
		hospitals, codes := make([]ident.ID, len(fresh)), make([]string, len(fresh))
		for n, i := range fresh {
			r := &b.Registrations[i].Registration
			for r.SlipCode = ident.SlipCode(); used[slip{r.HospitalID, r.SlipCode}]; r.SlipCode = ident.SlipCode() {
			}
			used[slip{r.HospitalID, r.SlipCode}] = true
			hospitals[n], codes[n] = r.HospitalID, r.SlipCode
		}
		var taken []struct {
			Hospital ident.ID `db:"hospital_id"`
			Code     string   `db:"slip_code"`
		}
		err := tx.list(&taken, `select r.hospital_id, r.slip_code from unnest($2::uuid[], $3::text[]) as w(hospital, code)
			join registration r on r.partnership_id = $1 and r.hospital_id = w.hospital and r.slip_code = w.code`,
			tx.Partnership(), idArray(hospitals), textArray(codes))
		if err != nil {
			return err
		}
		again := map[slip]bool{}
		for _, t := range taken {
			again[slip{t.Hospital, t.Code}] = true
		}
		left := fresh[:0]
		for _, i := range fresh {
			if r := b.Registrations[i].Registration; again[slip{r.HospitalID, r.SlipCode}] {
				left = append(left, i)
			}
		}
		fresh = left
	}
	if len(fresh) > 0 {
		return errs.New(errs.Internal, "error.internal", errs.Args{"why": "no free slip code"})
	}
	return nil
}

// writeTerms writes the search terms of all registrations.
func (tx *Tx) writeTerms(b *Bulk) error {
	type term struct {
		registration int
		text         string
	}
	var all []term
	for i := range b.Registrations {
		texts, err := tx.termsOf(b.Registrations[i].Source)
		if err != nil {
			return err
		}
		for _, t := range texts {
			all = append(all, term{i, t})
		}
	}
	return tx.write(`insert into registration_term (partnership_id, hospital_id, registration_id, term) values `, `($1, #, #, #)`,
		[]any{tx.Partnership()}, len(all), func(i int) ([]any, error) {
			r := &b.Registrations[all[i].registration].Registration
			return []any{r.HospitalID, r.ID, all[i].text}, nil
		})
}

func (tx *Tx) writeCategories(b *Bulk) error {
	return tx.write(`insert into beneficiary (partnership_id, id, person_id, category, from_on, to_on, source, evidence, visible_to, created_at, created_by)
		values `, `($1, #, #, #, #, #, #, #, #::uuid[], #, #)`, []any{tx.Partnership()}, len(b.Categories), func(i int) ([]any, error) {
		c := b.Categories[i]
		m := tx.made(c.Made)
		return []any{c.ID, c.PersonID, string(c.Category), c.From, c.To, c.Source, c.Evidence, idArray(c.SeenBy), m.At, m.By}, nil
	})
}

func (tx *Tx) writeReviews(b *Bulk) error {
	for from := 0; from < len(b.Reviews); from += bulkRows {
		if err := tx.InsertReviews(b.Reviews[from:min(len(b.Reviews), from+bulkRows)]); err != nil {
			return err
		}
	}
	return nil
}
