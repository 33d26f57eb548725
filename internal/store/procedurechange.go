package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// ChangeAction is what was done to a record.
type ChangeAction string

// The actions.
const (
	RecordCorrected ChangeAction = "corrected"
	RecordValidated ChangeAction = "validated"
	RecordUnlocked  ChangeAction = "unlocked"
)

// OperationChange is one line of a record's history. Before and After are set
// for corrections; they carry no facts of the person.
type OperationChange struct {
	ID            ident.ID
	Action        ChangeAction
	At            time.Time
	By            string // display name
	Reason        string
	Before, After Operation
}

// recordSnapshot is the stored form of a record at one time. The names are those
// of the day: a practitioner who marries keeps the old name there.
type recordSnapshot struct {
	Programme  procedure.Programme `json:"programme"`
	Kind       procedure.Kind      `json:"kind"`
	Side       procedure.Side      `json:"side,omitempty"`
	OperatedOn clock.Date          `json:"operated_on"`
	Operations []procedure.Code    `json:"operations,omitempty"`
	Diagnoses  []procedure.Code    `json:"diagnoses,omitempty"`
	Lead       string              `json:"lead,omitempty"`
	Visiting   bool                `json:"visiting,omitempty"`
	Assistant  string              `json:"assistant,omitempty"`
	Supervisor string              `json:"supervisor,omitempty"`
	Marks      []string            `json:"marks,omitempty"`
	Detail     json.RawMessage     `json:"detail"`
}

func snapshotOf(o Operation) (string, error) {
	detail, err := OperationDetail(o.Procedure)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(recordSnapshot{Programme: o.Programme, Kind: o.Kind, Side: o.Side, OperatedOn: o.OperatedOn, Operations: o.Operations,
		Diagnoses: o.Diagnoses, Lead: o.LeadName, Visiting: o.LeadVisiting, Assistant: o.AssistantName, Supervisor: o.SupervisorName, Marks: o.Marks,
		Detail: json.RawMessage(detail)})
	return string(raw), err
}

func operationOf(snapshot string) (Operation, error) {
	var s recordSnapshot
	if err := json.Unmarshal([]byte(snapshot), &s); err != nil {
		return Operation{}, err
	}
	o := Operation{Procedure: procedure.Procedure{Programme: s.Programme, Kind: s.Kind, Site: s.Kind.Site(), Side: s.Side, OperatedOn: s.OperatedOn,
		Operations: s.Operations, Diagnoses: s.Diagnoses, LeadVisiting: s.Visiting}, LeadName: s.Lead, AssistantName: s.Assistant, SupervisorName: s.Supervisor,
		Marks: s.Marks}
	if len(s.Detail) == 0 { // nothing was changed
		return o, nil
	}
	var d operationDetail
	if err := json.Unmarshal(s.Detail, &d); err != nil {
		return o, err
	}
	d.apply(&o.Procedure)
	return o, nil
}

// RecordCorrection writes what a correction changed, in the same transaction.
func (tx *Tx) RecordCorrection(before, after Operation) error {
	old, err := snapshotOf(before)
	if err != nil {
		return err
	}
	now, err := snapshotOf(after)
	if err != nil {
		return err
	}
	return tx.recordChange(after.ID, RecordCorrected, old, now, "")
}

// recordChange appends a line to the history. Who sees the record sees it.
func (tx *Tx) recordChange(id ident.ID, action ChangeAction, before, after, reason string) error {
	n, err := tx.exec(`insert into procedure_change (partnership_id, id, procedure_id, hospital_id, visible_to, team, action, before, after, reason,
			changed_at, changed_by)
		select o.partnership_id, $3, o.id, o.hospital_id, o.visible_to, o.team, $4, $5::jsonb, $6::jsonb, $7, $8, $9
		from procedure o where o.partnership_id = $1 and o.id = $2`, tx.Partnership(), id, ident.New(), string(action), before, after, reason, tx.now, tx.who.AccountID)
	if err == nil && n != 1 {
		err = fmt.Errorf("store: history of operation %s: %d rows", id, n)
	}
	return err
}

// SignOperation stores who stands behind a record under its version and writes
// the history.
func (tx *Tx) SignOperation(o Operation, s procedure.Signature, reason string) error {
	action, at, by := RecordUnlocked, (*time.Time)(nil), (*ident.ID)(nil)
	if s.Locked() {
		action, at, by = RecordValidated, &tx.now, &s.ValidatedBy
	}
	if err := tx.update(`update procedure set validated_by = $4, validated_at = $5, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), o.ID, o.Version, by, at); err != nil {
		return err
	}
	return tx.recordChange(o.ID, action, "{}", "{}", reason)
}

// OperationChanges lists what was done to a record, the latest first; a record
// that was changed more than a hundred times shows the last hundred.
func (tx *Tx) OperationChanges(id ident.ID) ([]OperationChange, error) {
	var rows []struct {
		ID     ident.ID  `db:"id"`
		Action string    `db:"action"`
		At     time.Time `db:"changed_at"`
		By     string    `db:"changed_name"`
		Reason string    `db:"reason"`
		Before string    `db:"before"`
		After  string    `db:"after"`
	}
	err := tx.list(&rows, `select h.id, h.action, h.changed_at, h.reason, h.before::text as before, h.after::text as after,
		coalesce((select a.display_name from account a where a.id = h.changed_by), '') as changed_name
		from procedure_change h where h.partnership_id = $1 and h.procedure_id = $2 order by h.changed_at desc, h.id desc limit 100`, tx.Partnership(), id)
	if err != nil {
		return nil, err
	}
	out := make([]OperationChange, len(rows))
	for i, r := range rows {
		out[i] = OperationChange{ID: r.ID, Action: ChangeAction(r.Action), At: r.At.UTC(), By: r.By, Reason: r.Reason}
		if out[i].Before, err = operationOf(r.Before); err == nil {
			out[i].After, err = operationOf(r.After)
		}
		if err != nil {
			return nil, fmt.Errorf("store: history %s: %w", r.ID, err)
		}
	}
	return out, nil
}
