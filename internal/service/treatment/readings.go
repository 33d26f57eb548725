package treatment

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ReadingInput is one reading of one eye as it stood on the chart.
type ReadingInput struct {
	Case       ident.ID
	Side       procedure.Side
	On         clock.Date
	Text       string
	Notation   acuity.Notation // empty: as the spelling shows
	Correction acuity.Correction
	Note       string
}

// ReadingsView is the acuity of a case: what was read, and the operations the
// readings stand before or after.
type ReadingsView struct {
	store.CaseItem
	Readings   []store.Reading
	Operations []procedure.Recorded
	Record     bool // the reader may add and withdraw
	Today      clock.Date
}

// Readings reads the acuity of a cataract case.
func (s *Service) Readings(ctx context.Context, who user.Principal, id ident.ID) (ReadingsView, error) {
	var v ReadingsView
	if err := s.door(who, authz.ProcedureRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.CaseRead, ObjectKind: audit.ObjectCase, ObjectID: id, Detail: map[string]any{"page": "acuity"}})
		if v.CaseItem, err = tx.CaseByID(id); err != nil {
			return err
		}
		if v.Programme != procedure.Cataract {
			return errs.Refuse("acuity.programme", "error.acuity.programme", nil, "acuity.remedy.programme")
		}
		if v.Readings, err = tx.ReadingsOf(id); err != nil {
			return err
		}
		v.Today = tx.Today()
		v.Operations, err = tx.RecordedOperations(v.Person)
		return err
	})
	v.Record = err == nil && s.door(who, authz.ObservationRecord) == nil
	v.PersonName = s.name(who, v.PersonName)
	return v, err
}

// RecordReading stores a reading of an eye.
func (s *Service) RecordReading(ctx context.Context, who user.Principal, in ReadingInput, key store.Key) (store.Reading, error) {
	var none store.Reading
	if err := s.door(who, authz.ObservationRecord); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.AcuityRecord, ObjectKind: audit.ObjectCase, ObjectID: in.Case, Detail: map[string]any{"side": string(in.Side)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Reading, error) {
		c, err := tx.CaseByID(in.Case)
		if err != nil {
			return none, err
		}
		if c.Programme != procedure.Cataract {
			return none, errs.Refuse("acuity.programme", "error.acuity.programme", nil, "acuity.remedy.programme")
		}
		r, wrong := in.reading(c, tx.Today())
		if err := wrong.Err(); err != nil {
			return none, err
		}
		if r.Hospital, err = s.place(tx, c.ID, c.Home); err != nil {
			return none, err
		}
		if err := tx.InsertReading(r); err != nil {
			return none, err
		}
		return oneReading(tx, c.ID, r.ID)
	})
}

// place is the hospital a finding is recorded at: the record's own where the
// reader works there, or another of the reader's that takes part in the case.
func (s *Service) place(tx *store.Tx, id, home ident.ID) (ident.ID, error) {
	who := tx.Who()
	err := s.at(who, authz.ObservationRecord, home)
	if err == nil {
		return home, nil
	}
	if at, failed := tx.PlaceIn(id, s.policy.Reach(who, authz.ObservationRecord).Hospitals); failed != nil || at != ident.Nil {
		return at, failed
	}
	return ident.Nil, err
}

// reading checks what was typed.
func (in ReadingInput) reading(c store.CaseItem, today clock.Date) (store.Reading, errs.Fields) {
	var f errs.Fields
	r := store.Reading{ID: ident.New(), Case: c.ID, Side: in.Side, On: in.On, Raw: strings.TrimSpace(in.Text), Notation: in.Notation, Correction: in.Correction, Note: strings.TrimSpace(in.Note)}
	if !in.Side.Known() {
		f.Add("side", "form.error.pick")
	}
	switch {
	case in.On.IsZero():
		f.Add("taken_on", "form.error.missing")
	case in.On.After(today):
		f.Add("taken_on", "error.acuity.future", "today", today)
	case !c.Birth.IsZero() && in.On.Before(c.Birth):
		f.Add("taken_on", "error.acuity.before_birth", "on", c.Birth)
	case !c.Deceased.IsZero() && in.On.After(c.Deceased):
		f.Add("taken_on", "error.acuity.after_death", "on", c.Deceased)
	}
	var err error
	if in.Notation == "" {
		r.Value, r.Notation, err = acuity.Detect(in.Text)
	} else if slices.Contains(acuity.Notations(), in.Notation) {
		r.Value, err = acuity.Parse(in.Text, in.Notation)
	} else {
		f.Add("notation", "form.error.pick")
	}
	if err != nil || r.Value == "" {
		f.Add("value", "error.acuity.value")
	}
	if len([]rune(r.Raw)) > maxReading {
		f.Add("value", "form.error.long", "max", maxReading)
	}
	if !slices.Contains(acuity.Corrections(), in.Correction) {
		f.Add("correction", "form.error.pick")
	}
	if len([]rune(r.Note)) > maxText {
		f.Add("note", "form.error.long", "max", maxText)
	}
	return r, f
}

// maxReading bounds what stands on a chart, in characters.
const maxReading = 20

func oneReading(tx *store.Tx, at, id ident.ID) (store.Reading, error) {
	list, err := tx.ReadingsOf(at)
	if err != nil {
		return store.Reading{}, err
	}
	if i := slices.IndexFunc(list, func(r store.Reading) bool { return r.ID == id }); i >= 0 {
		return list[i], nil
	}
	return store.Reading{}, errs.Missing("error.acuity.missing")
}

// WithdrawInput takes a finding back.
type WithdrawInput struct {
	Of      ident.ID // the case of a reading, the operation of a complication
	ID      ident.ID
	Version int64
	Reason  string
}

func (in *WithdrawInput) check() error {
	var f errs.Fields
	in.Reason = strings.TrimSpace(in.Reason)
	switch {
	case in.Reason == "":
		f.Add("reason", "form.error.missing")
	case len([]rune(in.Reason)) > maxText:
		f.Add("reason", "form.error.long", "max", maxText)
	}
	return f.Err()
}

// WithdrawReading takes a reading that was entered by mistake off the record.
func (s *Service) WithdrawReading(ctx context.Context, who user.Principal, in WithdrawInput, key store.Key) (store.Reading, error) {
	var none store.Reading
	if err := s.door(who, authz.ObservationRecord); err != nil {
		return none, err
	}
	if err := in.check(); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.AcuityWithdraw, ObjectKind: audit.ObjectReading, ObjectID: in.ID}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Reading, error) {
		r, err := oneReading(tx, in.Of, in.ID)
		if err != nil {
			return none, err
		}
		if err := s.at(who, authz.ObservationRecord, r.Hospital); err != nil {
			return none, err
		}
		if err := tx.SameVersion(r.Version, in.Version); err != nil {
			return none, err
		}
		return r, tx.WithdrawReading(r, in.Reason)
	})
}
