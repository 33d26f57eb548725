package servicetest

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Patient is a person registered at a hospital, with a legal basis, a valid
// category and its proof: nothing stands in the way of a treatment.
func (w *World) Patient(p Place, name string) ident.ID {
	w.T.Helper()
	id := ident.New()
	w.Exec(`insert into person (partnership_id, id, name, name_key, sex, birth_on, visible_to, created_at, created_by)
		values ($1, $2, $3, $4, 'F', '1958-04-07', array[$5::uuid], $6, $2)`, w.Partnership.ID, id, name, match.SortKey(name), w.ID(p), w.Clock.Now())
	w.RegisterAt(p, id)
	category := ident.New()
	w.Exec(`insert into beneficiary (partnership_id, id, person_id, category, from_on, to_on, visible_to, created_at, created_by)
		values ($1, $2, $3, 'DB', '2025-01-01', '2027-12-31', array[$4::uuid], $5, $3)`, w.Partnership.ID, category, id, w.ID(p), w.Clock.Now())
	w.Exec(`insert into attachment (partnership_id, id, hospital_id, visible_to, owner_kind, owner_id, kind, file_name, media_type, size_bytes, digest, created_at, created_by)
		values ($1, $2, $3, array[$3::uuid], 'beneficiary', $4, 'poverty', 'proof.png', 'image/png', 1, '\x00', $5, $2)`, w.Partnership.ID, ident.New(), w.ID(p), category, w.Clock.Now())
	return id
}

// RegisterAt registers a person who exists at one more hospital.
func (w *World) RegisterAt(p Place, person ident.ID) {
	w.T.Helper()
	w.Exec(`insert into registration (partnership_id, id, person_id, hospital_id, visible_to, legal_basis, slip_code, registered_on, created_at, created_by)
		values ($1, $2, $3, $4, array[$4::uuid], 'statutory', $5, $6, $7, $3)`, w.Partnership.ID, ident.New(), person, w.ID(p), ident.SlipCode(), w.Today(), w.Clock.Now())
	w.Exec(`update person set visible_to = visible_to || $3::uuid where partnership_id = $1 and id = $2 and not ($3::uuid = any (visible_to))`, w.Partnership.ID, person, w.ID(p))
}

// Case opens a case of a new person at a hospital.
func (w *World) Case(p Place, programme procedure.Programme, name string) store.CaseItem {
	w.T.Helper()
	return w.CaseOf(p, programme, w.Patient(p, name))
}

// CaseOf opens a case of a person.
func (w *World) CaseOf(p Place, programme procedure.Programme, person ident.ID) (c store.CaseItem) {
	w.T.Helper()
	w.Do(w.System(), func(tx *store.Tx) (err error) {
		c, err = tx.OpenCase(store.CaseOpening{Person: person, Hospital: w.ID(p), Programme: programme, On: w.Today()})
		return err
	})
	return c
}

// Treatment is a treatment of a new person on the normal path, brought to a
// state before any money was asked for: planned or eligible.
func (w *World) Treatment(p Place, programme procedure.Programme, name string, steps ...treatment.Action) store.Treatment {
	w.T.Helper()
	return w.TreatmentIn(w.Case(p, programme, name), p, steps...)
}

// TreatmentIn plans a treatment in a case and takes the given steps, asserting
// the facts each needs.
func (w *World) TreatmentIn(c store.CaseItem, p Place, steps ...treatment.Action) (t store.Treatment) {
	w.T.Helper()
	w.Do(w.System(), func(tx *store.Tx) (err error) {
		if t, err = tx.OpenTreatment(store.TreatmentOpening{Case: c, Hospital: w.ID(p), Plan: "手术"}); err != nil {
			return err
		}
		for _, a := range steps {
			if t, err = w.advance(tx, t, a); err != nil {
				return err
			}
		}
		return nil
	})
	return t
}

// advance asserts what a step requires; dates are those of the world's today.
func (w *World) advance(tx *store.Tx, t store.Treatment, a treatment.Action) (store.Treatment, error) {
	row, _ := treatment.Find(t.Place, a)
	switch a {
	case treatment.Admit, treatment.AdmitEmergency:
		t.AdmittedOn = w.Today().AddDays(-3)
	case treatment.Discharge:
		t.DischargedOn = w.Today()
	}
	return tx.AdvanceTreatment(t, store.Step{Action: a, Note: "test", Facts: treatment.With(row.Required...)})
}

// Joint is a complete knee replacement, for operation logs.
func Joint(lead ident.ID, side procedure.Side, on clock.Date) procedure.Procedure {
	return procedure.Procedure{Kind: procedure.TKA, Side: side, OperatedOn: on, Lead: lead, Anaesthesia: []procedure.Anaesthesia{"SPINAL"}, ASA: 2,
		JointPart: &procedure.JointPart{Indications: []procedure.Indication{"OA"}, Fixation: procedure.Cemented}, Record: KneeSheet()}
}

// KneeSheet is the register's sheet of a first knee replacement with every
// needed answer.
func KneeSheet() registry.Record {
	return registry.Record{Values: registry.Answers{"prior_surgery": {registry.None}, "approach": {"MEDIAL_PARAPATELLAR"}, "constraint": {"PS"}, "platform": {"FIXED"},
		"patella": {"NOT_RESURFACED"}, "bone_graft": {registry.None}, "assist_tech": {registry.None}, "vte_chemical": {"LMWH"}, "vte_mechanical": {registry.None},
		"antibiotic": {"头孢唑林 2 g"}, "intraop_event": {registry.None}, "lead_grade": {"ATTENDING"}}}
}

// Exec runs a statement behind row security, by the superuser.
func (w *World) Exec(query string, args ...any) {
	w.T.Helper()
	if _, err := w.super.Exec(query, args...); err != nil {
		w.T.Fatal(err)
	}
}

// JoinRequest asks on behalf of a hospital to join a person's open case.
func JoinRequest(w *World, person ident.ID, programme procedure.Programme, p Place, emergency bool) error {
	w.T.Helper()
	who := w.Registrar(p)
	db := pgtest.Open(w.T, w.Database.AppDSN)
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err = tx.Exec(`select begin_scope($1, $2, null, array[$3::uuid], false)`, w.Partnership.ID, who.AccountID, w.ID(p)); err != nil {
		return err
	}
	if _, err = tx.Exec(`select join_request($1, $2, $3, $4, '患者在本院就诊', $5, $6, $7)`, ident.New(), person, string(programme), w.ID(p), emergency,
		w.Clock.Now(), who.AccountID); err != nil {
		return err
	}
	return tx.Commit()
}
