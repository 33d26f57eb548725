package store

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// waits finds for the open cases of a set which other side they wait for, by the
// rule a single operation follows. A set brings people nobody knew with an open
// case, so that its own operations are all there are.
func (b *Bulk) waits() map[ident.ID]casefile.Wait {
	done := map[ident.ID][]procedure.Recorded{}
	staged := map[ident.ID]bool{}
	for _, o := range b.Operations {
		done[o.Of.Person] = append(done[o.Of.Person], procedure.Recorded{ID: o.ID, Kind: o.Kind, Side: o.Side, OperatedOn: o.OperatedOn})
		staged[o.Of.Case] = staged[o.Of.Case] || o.JointPart != nil && o.JointPart.Plan == procedure.Staged
	}
	out := map[ident.ID]casefile.Wait{}
	for _, c := range b.Cases {
		if c.Open() {
			out[c.ID] = casefile.OtherSide(c.Case, done[c.Person], staged[c.ID])
		}
	}
	return out
}

func (tx *Tx) writeCases(b *Bulk) error {
	waits := b.waits()
	err := tx.write(`insert into casefile (partnership_id, batch_id, id, case_no, person_id, programme, home_hospital_id, visible_to, state, opened_on,
		closed_on, closure, closure_note, diagnosis, category, second_site, second_side, second_hospital_id, second_from, wait_need, wait_site, wait_side, wait_since, created_at, created_by) values `,
		`($1, $2, #, #, #, #, #, #::uuid[], #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership(), nullID(b.Batch)}, len(b.Cases),
		func(i int) ([]any, error) {
			c := b.Cases[i]
			m, w := tx.made(Made{c.OpenedAt, c.OpenedBy}), waits[c.ID]
			var second casefile.SecondSide
			if c.Second != nil {
				second = *c.Second
			}
			return []any{c.ID, c.No, c.Person, string(c.Programme), c.Home, idArray(c.SeenBy), string(c.State), c.OpenedOn, c.ClosedOn,
				string(c.Closure), c.ClosureNote, c.Diagnosis, c.Category, string(second.Site), string(second.Side), nullID(second.Hospital),
				second.From, string(w.Need), string(w.Site), string(w.Side), w.Since, m.At, m.By}, nil
		})
	if err != nil {
		return err
	}
	type part struct {
		of       int
		hospital ident.ID
	}
	var parts []part
	for i, c := range b.Cases {
		for _, h := range c.SeenBy {
			parts = append(parts, part{i, h})
		}
	}
	return tx.write(`insert into case_participant (partnership_id, hospital_id, opened_on, case_id) values `, `($1, #, #, #)`, []any{tx.Partnership()},
		len(parts), func(i int) ([]any, error) {
			c := &b.Cases[parts[i].of]
			return []any{parts[i].hospital, c.OpenedOn, c.ID}, nil
		})
}

func (tx *Tx) writeTreatments(b *Bulk) error {
	return tx.write(`insert into treatment (partnership_id, batch_id, id, case_id, person_id, programme, hospital_id, visible_to, state, path, plan,
		planned_on, admission_no, admitted_on, operated_on, discharged_on, ended_on, ended_reason, category, estimate_bill_fen, estimate_insurance_fen,
		visiting, created_at, created_by) values `, `($1, $2, #, #, #, #, #, #::uuid[], #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #)`,
		[]any{tx.Partnership(), nullID(b.Batch)}, len(b.Treatments), func(i int) ([]any, error) {
			t := b.Treatments[i]
			m := tx.made(Made{t.CreatedAt, t.CreatedBy})
			return []any{t.ID, t.Case, t.Person, string(t.Programme), t.Hospital, idArray(append(t.SeenBy(), t.Funds...)), string(t.Place.State),
				string(t.Place.Path), t.Plan, t.PlannedOn, t.AdmissionNo, t.AdmittedOn, t.OperatedOn, t.DischargedOn, t.EndedOn, t.EndedReason,
				string(t.Category), t.EstimateBill, t.EstimateInsurance, t.Visiting, m.At, m.By}, nil
		})
}

func (tx *Tx) writeEvents(b *Bulk) error {
	return tx.write(`insert into treatment_event (partnership_id, id, treatment_id, hospital_id, visible_to, action, from_state, to_state, happened_on,
		path, mark, note, created_at, created_by) values `, `($1, #, #, #, #::uuid[], #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership()}, len(b.Events),
		func(i int) ([]any, error) {
			e := b.Events[i]
			m := tx.made(e.Made)
			return []any{ident.New(), e.Treatment.ID, e.Treatment.Hospital, idArray(e.Treatment.SeenBy()), string(e.Step.Action),
				string(e.Row.From.State), string(e.Row.To.State), e.Step.On, string(e.Row.To.Path), string(e.Row.Mark), e.Step.Note, m.At, m.By}, nil
		})
}

func (tx *Tx) writeOperations(b *Bulk) error {
	return tx.write(`insert into procedure (partnership_id, batch_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id,
		visible_to, team, operated_on, operation_codes, diagnosis_codes, code_catalogue, lead_id, lead_name, lead_visiting, assistant_id, supervisor_id,
		detail, marks, created_at, created_by, validated_by, validated_at, sheet_missing, reason_status) values `,
		`($1, $2, #, #, #, #, #, #, #, #, #, #::uuid[], #::uuid[], #, #::text[], #::text[], #, #, #, #, #, #, #, #::text[], #, #, #, #, #, #)`,
		[]any{tx.Partnership(), nullID(b.Batch)}, len(b.Operations), func(i int) ([]any, error) {
			o := b.Operations[i]
			t, m := o.Of, tx.made(Made{o.CreatedAt, o.CreatedBy})
			detail, err := OperationDetail(o.Procedure)
			var validated, missing any
			if !o.Record.Empty() {
				missing = len(o.Missing())
			}
			if o.Signature.Locked() {
				validated = o.ValidatedAt
			}
			return []any{o.ID, t.ID, t.Case, t.Person, string(o.Programme), string(o.Kind), string(o.Site), string(o.Side), t.Hospital,
				idArray(t.SeenBy()), idArray(team(o.Procedure)), o.OperatedOn, bare(o.Operations), bare(o.Diagnoses), codeCatalogue(o.Procedure),
				nullID(o.Lead), o.LeadName, o.LeadVisiting, nullID(o.Assistant), nullID(o.Supervisor), detail, textArray(o.Marks), m.At, m.By, nullID(o.Signature.ValidatedBy), validated, missing,
				o.Record.Values.One("reason_status")}, err
		})
}

func (tx *Tx) writeApprovals(b *Bulk) error {
	err := tx.write(`insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, critical_fen,
		assistance_fen, waiver_fen, requested_fen, approved_fen, reason, requested_by, requested_at, decided_by, decided_at, opinion, publication, eye) values `,
		`($1, #, #, #, #, #::uuid[], #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership()}, len(b.Approvals), func(i int) ([]any, error) {
			a := b.Approvals[i]
			m := tx.made(Made{a.RequestedAt, a.RequestedBy})
			var decided any
			if !a.DecidedAt.IsZero() {
				decided = a.DecidedAt
			}
			return []any{a.ID, a.Of.ID, a.Of.Case, a.Of.Hospital, idArray(a.seenBy()), string(a.State), a.Bill, a.Insurance, a.Critical, a.Assistance,
				a.Waiver, a.Requested, a.Approved, a.Reason, m.By, m.At, nullID(a.DecidedBy), decided, a.Opinion, string(a.Publication), string(a.Eye)}, nil
		})
	if err != nil {
		return err
	}
	type line struct {
		of int
		ApprovalLine
	}
	var lines []line
	for i, a := range b.Approvals {
		for _, l := range a.Lines {
			lines = append(lines, line{i, l})
		}
	}
	return tx.write(`insert into approval_line (partnership_id, approval_id, fund_id, hospital_id, visible_to, amount_fen, asked_fen, reserve_transfer_id, hold) values `,
		`($1, #, #, #, #::uuid[], #, #, #, #)`, []any{tx.Partnership()}, len(lines), func(i int) ([]any, error) {
			a, l := b.Approvals[lines[i].of], lines[i]
			return []any{a.ID, l.Fund, a.Of.Hospital, idArray(a.seenBy()), l.Amount, l.Amount, nullID(l.Transfer), string(l.Hold)}, nil
		})
}

// seenBy adds the funds that hold or held money for the treatment.
func (a BulkApproval) seenBy() []ident.ID {
	seen := a.Of.SeenBy()
	for _, l := range a.Lines {
		if l.Transfer != ident.Nil {
			seen = append(seen, l.Fund)
		}
	}
	return seen
}

func (s BulkSettlement) seenBy() []ident.ID {
	seen := s.Of.SeenBy()
	for _, l := range s.Lines {
		if l.Fund != ident.Nil && !slices.Contains(seen, l.Fund) {
			seen = append(seen, l.Fund)
		}
	}
	return seen
}

func (tx *Tx) writeSettlements(b *Bulk) error {
	err := tx.write(`insert into settlement (partnership_id, batch_id, id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, bill_fen,
		basic_fen, critical_fen, assistance_fen, other_fen, fund_fen, waiver_fen, net_fen, state, settled_on, created_at, created_by) values `,
		`($1, $2, #, #, #, #, #, #, #::uuid[], #, #, #, #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership(), nullID(b.Batch)}, len(b.Settlements),
		func(i int) ([]any, error) {
			s := b.Settlements[i]
			t, m := s.Of, tx.made(Made{s.CreatedAt, s.CreatedBy})
			return []any{s.ID, t.ID, t.Case, t.Person, string(t.Programme), t.Hospital, idArray(s.seenBy()), s.Bill, s.Basic, s.Critical, s.Assistance,
				s.Other, s.FundTotal(), s.Waiver, s.Net, string(s.State), s.SettledOn, m.At, m.By}, nil
		})
	if err != nil {
		return err
	}
	type line struct {
		of, no int
		SettlementLine
	}
	var lines []line
	for i, s := range b.Settlements {
		for n, l := range s.Lines {
			lines = append(lines, line{i, n + 1, l})
		}
	}
	return tx.write(`insert into settlement_line (partnership_id, settlement_id, line_no, funder, fund_id, hospital_id, visible_to, amount_fen, transfer_id)
		values `, `($1, #, #, #, #, #, #::uuid[], #, #)`, []any{tx.Partnership()}, len(lines), func(i int) ([]any, error) {
		l := lines[i]
		s, funder := b.Settlements[l.of], "fund"
		if l.Fund == ident.Nil {
			funder = "hospital"
		}
		return []any{s.ID, l.no, funder, nullID(l.Fund), s.Of.Hospital, idArray(s.seenBy()), l.Amount, nullID(l.Transfer)}, nil
	})
}

func (tx *Tx) writeFunds(b *Bulk) error {
	return tx.write(`insert into fund (partnership_id, batch_id, id, code, name, programme, kind, opened_on, closed_on, created_at, created_by) values `,
		`($1, $2, #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership(), nullID(b.Batch)}, len(b.Funds), func(i int) ([]any, error) {
			f := b.Funds[i]
			m := tx.made(Made{At: f.CreatedAt})
			return []any{f.ID, f.Code, f.Name, string(f.Programme), string(f.Kind), f.OpenedOn, f.ClosedOn, m.At, m.By}, nil
		})
}

// posted is one entry of a transfer with the balance it left behind.
type posted struct {
	transfer int
	fund.Entry
	balance money.Fen
}

// booked is what the transfers of a set come to.
type booked struct {
	books   map[ident.ID]fund.Book
	entries []posted
}

// bookTransfers plays the transfers through the books of the new funds, by the
// same rules as a single posting: sums of zero, nothing below zero.
func bookTransfers(b *Bulk) (booked, error) {
	out := booked{books: map[ident.ID]fund.Book{}}
	balances := map[ident.ID]money.Fen{}
	for _, f := range b.Funds {
		out.books[f.ID] = fund.Book{Fund: f.ID, Name: f.Name, Accounts: f.Accounts}
	}
	for i, t := range b.Transfers {
		book, ok := out.books[t.Fund]
		if !ok {
			return out, errs.New(errs.Internal, "error.internal", errs.Args{"why": "a transfer of a fund outside the set"})
		}
		next, err := book.Apply(t.Transfer)
		if err != nil {
			return out, err
		}
		out.books[t.Fund] = next
		for _, e := range t.Entries {
			balances[e.AccountID] += e.Amount
			out.entries = append(out.entries, posted{i, e, balances[e.AccountID]})
		}
	}
	return out, nil
}

// writeLedger opens the accounts with their final balances and writes what led
// there.
func (tx *Tx) writeLedger(b *Bulk, k booked) error {
	type account struct {
		fund, id ident.ID
		kind     fund.Account
		balance  money.Fen
	}
	var accounts []account
	for _, f := range b.Funds {
		now := k.books[f.ID].Balances
		for _, a := range []account{{kind: fund.Source, balance: now.Source}, {kind: fund.Available, balance: now.Available},
			{kind: fund.Reserved, balance: now.Reserved}, {kind: fund.Committed, balance: now.Committed}, {kind: fund.Paid, balance: now.Paid}} {
			a.fund, a.id = f.ID, f.Accounts.ID(a.kind)
			accounts = append(accounts, a)
		}
	}
	slices.SortFunc(accounts, func(x, y account) int { return bytes.Compare(x.id[:], y.id[:]) })
	err := tx.write(`insert into ledger_account (partnership_id, id, fund_id, kind, balance_fen) values `, `($1, #, #, #, #)`, []any{tx.Partnership()},
		len(accounts), func(i int) ([]any, error) {
			a := accounts[i]
			return []any{a.id, a.fund, string(a.kind), a.balance}, nil
		})
	if err != nil {
		return err
	}
	if err := tx.writeTransfers(b.Transfers); err != nil {
		return err
	}
	return tx.writeEntries(b.Transfers, k.entries)
}

func (tx *Tx) writeTransfers(list []BulkTransfer) error {
	return tx.write(`insert into ledger_transfer (partnership_id, id, fund_id, kind, treatment_id, approval_id, reverses_id, batch_id, effective_on,
		posted_at, posted_by, note) values `, `($1, #, #, #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership()}, len(list), func(i int) ([]any, error) {
		t := list[i]
		m := tx.made(t.Made)
		return []any{t.ID, t.Fund, string(t.Kind), nullID(t.Treatment), nullID(t.Approval), nullID(t.Reverses), nullID(t.Batch), t.EffectiveOn, m.At,
			m.By, t.Note}, nil
	})
}

func (tx *Tx) writeEntries(list []BulkTransfer, entries []posted) error {
	return tx.write(`insert into ledger_entry (partnership_id, transfer_id, account_id, amount_fen, balance_fen) values `, `($1, #, #, #, #)`,
		[]any{tx.Partnership()}, len(entries), func(i int) ([]any, error) {
			e := entries[i]
			return []any{list[e.transfer].ID, e.AccountID, e.Amount, e.balance}, nil
		})
}

// CaseNumbers takes n case numbers of a year at once, for a set. A set does not
// touch the hospitals' own blocks, which people work from.
func (tx *Tx) CaseNumbers(year, n int) ([]string, error) {
	var r struct {
		Code string `db:"code"`
		Next int    `db:"next_no"`
	}
	err := tx.get(&r, `with head as (insert into case_number_head (partnership_id, year, next_no) values ($1, $2, $3)
		on conflict (partnership_id, year) do update set next_no = case_number_head.next_no + excluded.next_no - 1 returning next_no)
		select p.code, head.next_no from head cross join partnership p where p.id = $1`, tx.Partnership(), year, n+1)
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%04d-%05d", r.Code, year, r.Next-n+i)
	}
	return out, err
}
