package store

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// lapsing is an approval that was signed and still holds money.
type lapsing struct {
	ID        ident.ID   `db:"id"`
	Treatment ident.ID   `db:"treatment_id"`
	Digest    string     `db:"digest"`
	SignedOn  clock.Date `db:"signed_on"`
}

const selectLapsing = `select a.id, a.treatment_id, a.digest, a.signed_on from approval a
	join treatment t on t.partnership_id = a.partnership_id and t.id = a.treatment_id `

// held: money is still held for the treatment, so a change has something to stop.
const signedAndHeld = `a.partnership_id = $1 and a.state = 'approved' and a.digest <> '' and t.live
	and t.state in ('approved', 'admitted', 'operated', 'discharged') `

// LapseOfPerson looks again at the approvals of a person whose category changed.
func (tx *Tx) LapseOfPerson(person ident.ID) error {
	return tx.lapseWhere(`t.person_id = $2`, person)
}

// LapseOfCase looks again at the approvals of a case whose findings changed.
func (tx *Tx) LapseOfCase(id ident.ID) error { return tx.lapseWhere(`t.case_id = $2`, id) }

// LapseOfTreatment looks again at the approval of one treatment.
func (tx *Tx) LapseOfTreatment(id ident.ID) error { return tx.lapseWhere(`t.id = $2`, id) }

func (tx *Tx) lapseWhere(where string, id ident.ID) error {
	var rows []lapsing
	err := tx.list(&rows, selectLapsing+`where `+signedAndHeld+`and `+where+` order by t.id limit 50`, tx.Partnership(), id)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := tx.lapse(r); err != nil {
			return err
		}
	}
	return nil
}

// LapseSome looks again at the next signed approvals after one, for changes that
// were made where the approval is not visible. It reports the last one it looked
// at, nil at the end, and how many lapsed.
func (tx *Tx) LapseSome(after ident.ID, most int) (last ident.ID, lapsed int, err error) {
	var rows []lapsing
	err = tx.list(&rows, selectLapsing+`where `+signedAndHeld+`and a.id > $2 order by a.id limit $3`, tx.Partnership(), after, most)
	if err != nil {
		return ident.Nil, 0, err
	}
	for _, r := range rows {
		did, err := tx.lapse(r)
		if err != nil {
			return ident.Nil, lapsed, err
		}
		if did {
			lapsed++
		}
	}
	if len(rows) == most {
		last = rows[most-1].ID
	}
	return last, lapsed, nil
}

// lapse compares what was signed with what stands now. Only a difference locks
// anything.
func (tx *Tx) lapse(r lapsing) (bool, error) {
	t, err := tx.TreatmentByID(r.Treatment)
	if err != nil {
		return false, err
	}
	if now, err := tx.BoundFacts(t, r.SignedOn); err != nil || fund.Digest(now) == r.Digest {
		return false, err
	}
	if t, err = tx.TreatmentForUpdate(r.Treatment); err != nil {
		return false, err
	}
	switch t.Place.State {
	case treatment.Approved, treatment.Admitted, treatment.Operated, treatment.Discharged:
	default: // settled or ended while this waited for the treatment
		return false, nil
	}
	a, err := tx.ApprovalByID(r.ID)
	if err != nil {
		return false, err
	}
	signatures, err := tx.SignaturesOf(a.ID)
	if err != nil {
		return false, err
	}
	now, err := tx.BoundFacts(t, r.SignedOn)
	if err != nil {
		return false, err
	}
	signed, ok := signedFacts(signatures, r.Digest)
	changed := fund.Changed(signed, now)
	known := a.Lapse == fund.LapseOpen && slices.Equal(changed, a.LapsedFacts)
	if !ok || a.State != fund.ApprovalApproved || a.Digest != r.Digest || len(changed) == 0 || known {
		return false, nil
	}
	return true, tx.lapseTo(a, t, changed)
}

// lapseTo sends the request back to the queue, or, when the patient is in care
// already, keeps the money and asks a person.
func (tx *Tx) lapseTo(a Approval, t Treatment, changed []fund.Bound) error {
	names := items(changed, func(b fund.Bound) string { return string(b) })
	tx.Audit(audit.Event{Action: audit.ApprovalLapse, ObjectKind: audit.ObjectApproval, ObjectID: a.ID, Detail: map[string]any{"facts": names, "state": string(t.Place.State)}})
	if err := tx.Tell(message.Message{To: a.RequestedBy, Kind: message.ApprovalLapsed, Object: message.Approval, About: a.ID, CaseNo: a.CaseNo}); err != nil {
		return err
	}
	if t.Place.State != treatment.Approved {
		return tx.update(`update approval set lapse = 'open', lapsed_at = $4, lapsed_facts = $5::text[], version = version + 1
			where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), a.ID, a.Version, tx.now, textArray(names))
	}
	if _, err := tx.AdvanceTreatment(t, Step{Action: treatment.LapseApproval, Facts: treatment.With(treatment.NothingReserved).Because(string(fund.LapseRequeued))}); err != nil {
		return err
	}
	if _, err := tx.ReleaseApproval(a, ""); err != nil {
		return err
	}
	if err := tx.VoidSignatures(a.ID); err != nil {
		return err
	}
	if _, err := tx.exec(`update approval_line set amount_fen = asked_fen, reserve_transfer_id = null, hold = '' where partnership_id = $1 and approval_id = $2`,
		tx.Partnership(), a.ID); err != nil {
		return err
	}
	return tx.update(`update approval set state = 'requested', approved_fen = 0, decided_by = null, decided_at = null, digest = '', signed_on = null, lapse = 'requeued',
		lapsed_at = $4, lapsed_facts = $5::text[], version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), a.ID, a.Version, tx.now, textArray(names))
}

// ApprovalStands reports whether nobody has to decide about a changed fact of the
// treatment's approval before money is paid.
func (tx *Tx) ApprovalStands(treatment ident.ID) (bool, error) {
	var open bool
	err := tx.get(&open, `select exists (select 1 from approval a where a.partnership_id = $1 and a.treatment_id = $2 and a.state = 'approved' and a.lapse = 'open')`,
		tx.Partnership(), treatment)
	return !open, err
}
