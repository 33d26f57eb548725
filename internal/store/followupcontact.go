package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Contact is one attempt to learn how a patient is, as it was recorded.
type Contact struct {
	followup.Contact
	ID         ident.ID
	FollowUp   ident.ID // nil: outside the schedule
	Procedure  ident.ID
	Treatment  ident.ID
	Case       ident.ID
	Hospital   ident.ID
	Place      string        // the hospital's name
	Step       followup.Step // of the appointment
	Kind       procedure.Kind
	Side       procedure.Side
	OperatedOn clock.Date
	Live       bool
	Withdrawn  string // why it was withdrawn
	EnteredBy  string // display name
	EnteredAt  time.Time
	Version    int64
}

// EnteredOn is the day it was written down; later than the contact itself when
// it was entered afterwards.
func (c Contact) EnteredOn() clock.Date { return clock.DateOf(c.EnteredAt.In(clock.Shanghai)) }

type contactRow struct {
	ID         ident.ID   `db:"id"`
	FollowUp   ident.ID   `db:"followup_id"`
	Procedure  ident.ID   `db:"procedure_id"`
	Treatment  ident.ID   `db:"treatment_id"`
	Case       ident.ID   `db:"case_id"`
	Hospital   ident.ID   `db:"hospital_id"`
	Place      string     `db:"place"`
	Step       string     `db:"step"`
	Kind       string     `db:"kind"`
	Side       string     `db:"side"`
	OperatedOn clock.Date `db:"operated_on"`
	On         clock.Date `db:"happened_on"`
	Evidence   string     `db:"evidence"`
	Reached    bool       `db:"reached"`
	Informant  string     `db:"informant"`
	Note       string     `db:"note"`
	Live       bool       `db:"live"`
	Withdrawn  string     `db:"withdrawn_reason"`
	EnteredBy  string     `db:"entered_name"`
	EnteredAt  time.Time  `db:"created_at"`
	Version    int64      `db:"version"`
	Scores     string     `db:"scores"`
	Wrong      string     `db:"complications"`
}

func (r contactRow) contact() (Contact, error) {
	c := Contact{ID: r.ID, FollowUp: r.FollowUp, Procedure: r.Procedure, Treatment: r.Treatment, Case: r.Case, Hospital: r.Hospital, Place: r.Place, Step: followup.Step(r.Step),
		Kind: procedure.Kind(r.Kind), Side: procedure.Side(r.Side), OperatedOn: r.OperatedOn, Live: r.Live, Withdrawn: r.Withdrawn, EnteredBy: r.EnteredBy,
		EnteredAt: r.EnteredAt.UTC(), Version: r.Version, Contact: followup.Contact{On: r.On, Evidence: followup.Evidence(r.Evidence), Reached: r.Reached, Informant: r.Informant, Note: r.Note}}
	err := json.Unmarshal([]byte(r.Scores), &c.Results)
	if err == nil {
		err = json.Unmarshal([]byte(r.Wrong), &c.Complications)
	}
	if err != nil {
		return c, fmt.Errorf("store: contact %s: %w", r.ID, err)
	}
	return c, nil
}

const contactColumns = `k.id, k.followup_id, k.procedure_id, k.treatment_id, k.case_id, k.hospital_id, k.happened_on, k.evidence, k.reached, k.informant, k.note, k.live, k.withdrawn_reason,
	k.created_at, k.version, o.kind, o.side, o.operated_on,
	(select coalesce(nullif(g.short_name, ''), g.name) from organisation g where g.id = k.hospital_id) as place,
	coalesce((select f.step from followup f where f.partnership_id = k.partnership_id and f.id = k.followup_id), '') as step,
	coalesce((select a.display_name from account a where a.id = k.created_by), '') as entered_name,
	coalesce((select json_agg(json_build_object('instrument', s.instrument, 'edition', s.edition, 'total', s.total, 'parts', s.parts) order by s.instrument)
		from followup_score s where s.partnership_id = k.partnership_id and s.contact_id = k.id), '[]')::text as scores,
	coalesce((select json_agg(json_build_object('type', x.type, 'onset_on', x.onset_on, 'grade', x.grade, 'related', x.related, 'outcome', x.outcome, 'note', x.note) order by x.onset_on, x.id)
		from complication x where x.partnership_id = k.partnership_id and x.contact_id = k.id and x.contact_id is not null and (x.live or not k.live)), '[]')::text as complications`

const joinContact = ` join procedure o on o.partnership_id = k.partnership_id and o.id = k.procedure_id `

// ContactsOf lists the contacts of a case, withdrawn ones included, the latest
// first; of more than three hundred the latest.
func (tx *Tx) ContactsOf(id ident.ID) ([]Contact, error) {
	var rows []contactRow
	err := tx.list(&rows, `select `+contactColumns+` from followup_contact k`+joinContact+`where k.partnership_id = $1 and k.case_id = $2
		order by k.happened_on desc, k.id desc limit 300`, tx.Partnership(), id)
	if err != nil {
		return nil, err
	}
	out := make([]Contact, len(rows))
	for i, r := range rows {
		if out[i], err = r.contact(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ContactByID reads one contact the transaction may see.
func (tx *Tx) ContactByID(id ident.ID) (Contact, error) {
	var r contactRow
	err := tx.get(&r, `select `+contactColumns+` from followup_contact k`+joinContact+`where k.partnership_id = $1 and k.id = $2`, tx.Partnership(), id)
	if r, err = one(r, err, "error.followup.contact_missing"); err != nil {
		return Contact{}, err
	}
	return r.contact()
}

// ContactForUpdate reads one contact and holds it.
func (tx *Tx) ContactForUpdate(id ident.ID) (Contact, error) {
	if _, err := tx.exec(`select 1 from followup_contact k where k.partnership_id = $1 and k.id = $2 for update`, tx.Partnership(), id); err != nil {
		return Contact{}, err
	}
	return tx.ContactByID(id)
}

// InsertContact records a contact about an operation; who sees the operation by
// its hospitals sees it. When and by whom it was entered is now and the caller,
// but for what comes in with its own history.
func (tx *Tx) InsertContact(c Contact, m Made) error {
	m = tx.made(m)
	n, err := tx.exec(`insert into followup_contact (partnership_id, id, followup_id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, happened_on,
			evidence, reached, informant, note, created_at, created_by)
		select o.partnership_id, $3, $4::uuid, o.id, o.treatment_id, o.case_id, o.person_id, $5, o.visible_to, $6, $7, $8::boolean, $9, $10, $11, $12
		from procedure o where o.partnership_id = $1 and o.id = $2 and o.live`, tx.Partnership(), c.Procedure, c.ID, nullID(c.FollowUp), c.Hospital, c.On, string(c.Evidence), c.Reached,
		c.Informant, c.Note, m.At, m.By)
	if err == nil && n != 1 {
		err = fmt.Errorf("store: contact about operation %s: %d rows", c.Procedure, n)
	}
	if err != nil {
		return err
	}
	if err := tx.insertResults(c); err != nil {
		return err
	}
	return tx.insertComplications(c)
}

func (tx *Tx) insertResults(c Contact) error {
	type row struct {
		ID ident.ID `json:"id"`
		followup.Result
	}
	rows := items(c.Results, func(r followup.Result) row {
		if r.Parts == nil {
			r.Parts = map[string]int{}
		}
		return row{ident.New(), r}
	})
	if len(rows) == 0 {
		return nil
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into followup_score (partnership_id, id, contact_id, hospital_id, visible_to, instrument, edition, total, parts)
		select k.partnership_id, w.id, k.id, k.hospital_id, k.visible_to, w.instrument, w.edition, w.total, coalesce(w.parts, '{}'::jsonb)
		from followup_contact k cross join jsonb_to_recordset($3::jsonb) as w(id uuid, instrument text, edition text, total int, parts jsonb)
		where k.partnership_id = $1 and k.id = $2`, tx.Partnership(), c.ID, string(raw))
	return err
}

// insertComplications records what was told at a contact among what went wrong
// after its operation.
func (tx *Tx) insertComplications(c Contact) error {
	type row struct {
		ID ident.ID `json:"id"`
		complication.Complication
	}
	rows := items(c.Complications, func(x complication.Complication) row { return row{ident.New(), x} })
	if len(rows) == 0 {
		return nil
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, contact_id, type, onset_on, grade, related,
			outcome, note, created_at, created_by)
		select k.partnership_id, w.id, k.procedure_id, k.treatment_id, k.case_id, k.person_id, k.hospital_id, k.visible_to, k.id, w.type, w.onset_on, w.grade, w.related,
			w.outcome, w.note, k.created_at, k.created_by
		from followup_contact k cross join jsonb_to_recordset($3::jsonb) as w(id uuid, type text, onset_on date, grade text, related text, outcome text, note text)
		where k.partnership_id = $1 and k.id = $2`, tx.Partnership(), c.ID, string(raw))
	return err
}

// LastReached is the last day on which a follow-up of an operation found out how
// the patient is; zero: none did.
func (tx *Tx) LastReached(operation ident.ID) (clock.Date, error) {
	var on clock.Date
	err := tx.get(&on, `select max(k.happened_on) from followup_contact k where k.partnership_id = $1 and k.procedure_id = $2 and k.live and k.reached`, tx.Partnership(), operation)
	return on, err
}

// FollowedUp stores what a contact means for its appointment, under its version:
// reached, the appointment is done; not reached, it was an attempt.
func (tx *Tx) FollowedUp(f FollowUp, c Contact) error {
	if !c.Reached {
		return tx.update(`update followup set attempts = attempts + 1, version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and live`,
			tx.Partnership(), f.ID, f.Version)
	}
	err := tx.update(`update followup set status = 'done', reason = '', note = '', ended_on = $4, evidence = $5, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), f.ID, f.Version, c.On, string(c.Evidence))
	if err != nil || f.Status == followup.Open {
		return err
	}
	return tx.settleFollowUps(f.Person)
}

// FoundAgain stores that a contact ended the loss of appointments: those that are
// still to come are open again, the one it was about is done. What the loss was
// stays beside it, for the contact may be withdrawn.
func (tx *Tx) FoundAgain(c Contact, list []FollowUp) error {
	if len(list) == 0 {
		return nil
	}
	_, err := tx.exec(`update followup f set lost_reason = f.reason, lost_note = f.note, lost_on = f.ended_on, found_by = $3, status = 'open', reason = '', note = '', ended_on = null,
			version = f.version + 1
		from unnest($2::uuid[]) w where f.partnership_id = $1 and f.id = w and f.status = 'lost'`, tx.Partnership(), idArray(items(list, func(f FollowUp) ident.ID { return f.ID })), c.ID)
	if err != nil {
		return err
	}
	return tx.settleFollowUps(list[0].Person)
}

// LoseAgain takes back what a contact that was withdrawn ended: appointments it
// opened are lost as before, unless a later record says something else. Where
// the patient was reached another time since the loss, that contact takes its
// place. It reports how many are lost again.
func (tx *Tx) LoseAgain(c Contact) (int, error) {
	// What the other contact came too late for was missed.
	_, err := tx.exec(`update followup f set found_by = k.id from (select f.id as followup_id, k.id from followup f cross join lateral (select k.id from followup_contact k
				where k.partnership_id = $1 and k.case_id = f.case_id and k.live and k.reached and k.id <> $2 and k.happened_on between f.lost_on and f.to_on
				order by k.happened_on, k.id limit 1) k where f.partnership_id = $1 and f.found_by = $2) k
		where f.partnership_id = $1 and f.id = k.followup_id`, tx.Partnership(), c.ID)
	if err != nil {
		return 0, err
	}
	n, err := tx.exec(`update followup f set status = 'lost', reason = f.lost_reason, note = f.lost_note, ended_on = f.lost_on, version = f.version + 1
		where f.partnership_id = $1 and f.found_by = $2 and f.status = 'open'`, tx.Partnership(), c.ID)
	if err != nil {
		return 0, err
	}
	_, err = tx.exec(`update followup f set lost_reason = '', lost_note = '', lost_on = null, found_by = null where f.partnership_id = $1 and f.found_by = $2`, tx.Partnership(), c.ID)
	if err != nil || n == 0 {
		return int(n), err
	}
	return int(n), tx.deriveFollowUps(c.Procedure, clock.MustDate(9999, 12, 31)) // nothing is added
}

// forgetLoss makes appointments that people end or take up by hand stand for
// themselves: no contact is behind it any more.
func (tx *Tx) forgetLoss(list []FollowUp) error {
	_, err := tx.exec(`update followup f set lost_reason = '', lost_note = '', lost_on = null, found_by = null from unnest($2::uuid[]) w
		where f.partnership_id = $1 and f.id = w and f.found_by is not null`, tx.Partnership(), idArray(items(list, func(f FollowUp) ident.ID { return f.ID })))
	return err
}

// WithdrawContact takes a contact off the record under its version, and with it
// the complications that were told at it. Its appointment stands as before: done by another contact, or open.
func (tx *Tx) WithdrawContact(c Contact, reason string) error {
	err := tx.update(`update followup_contact set live = false, withdrawn_reason = $4, withdrawn_by = $5, withdrawn_at = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), c.ID, c.Version, reason, tx.who.AccountID, tx.now)
	if err != nil {
		return err
	}
	_, err = tx.exec(`update complication set live = false, withdrawn_reason = $3, version = version + 1
		where partnership_id = $1 and contact_id = $2 and contact_id is not null and live`, tx.Partnership(), c.ID, reason)
	if err != nil {
		return err
	}
	if !c.Reached && c.FollowUp != ident.Nil {
		_, err = tx.exec(`update followup set attempts = greatest(attempts - 1, 0), version = version + 1 where partnership_id = $1 and id = $2`, tx.Partnership(), c.FollowUp)
		return err
	}
	if !c.Reached || c.FollowUp == ident.Nil {
		return err
	}
	_, err = tx.exec(`update followup f set status = case when k.id is null then 'open' else 'done' end, ended_on = k.happened_on, evidence = coalesce(k.evidence, ''), version = f.version + 1
		from (select 1) x left join lateral (select k.id, k.happened_on, k.evidence from followup_contact k where k.partnership_id = $1 and k.followup_id = $2 and k.live and k.reached
			order by k.happened_on, k.id limit 1) k on true where f.partnership_id = $1 and f.id = $2 and f.status = 'done'`, tx.Partnership(), c.FollowUp)
	if err != nil {
		return err
	}
	return tx.deriveFollowUps(c.Procedure, clock.MustDate(9999, 12, 31)) // nothing is added
}

// SlipToken is the token of a case's return slip, made the first time it is asked
// for.
func (tx *Tx) SlipToken(id ident.ID) (string, error) {
	_, err := tx.exec(`insert into followup_slip (partnership_id, id, case_id, visible_to, token, created_at, created_by)
		select c.partnership_id, $3, c.id, c.visible_to, $4, $5, $6 from casefile c where c.partnership_id = $1 and c.id = $2 on conflict do nothing`, tx.Partnership(), id, ident.New(),
		ident.SlipToken(), tx.now, tx.who.AccountID)
	if err != nil {
		return "", err
	}
	var token string
	err = tx.get(&token, `select x.token from followup_slip x where x.partnership_id = $1 and x.case_id = $2`, tx.Partnership(), id)
	return one(token, err, "error.case.missing")
}

// CaseOfSlip finds the case of a return slip the transaction may see.
func (tx *Tx) CaseOfSlip(token string) (ident.ID, error) {
	var id ident.ID
	err := tx.get(&id, `select x.case_id from followup_slip x where x.partnership_id = $1 and x.token = $2`, tx.Partnership(), token)
	return one(id, err, "error.followup.slip")
}

// OpenPhonesOf opens the telephone numbers of the registrations of a list, in
// place. The caller records that they were opened.
func (tx *Tx) OpenPhonesOf(list []FollowUp) error {
	var rows []registrationRow
	err := tx.list(&rows, `select r.id, r.phone_sealed, r.kin_phone_sealed from unnest($2::uuid[]) i join registration r on r.partnership_id = $1 and r.id = i limit 1000`,
		tx.Partnership(), idArray(distinct(items(list, func(f FollowUp) ident.ID { return f.Registration }))))
	if err != nil {
		return err
	}
	of := map[ident.ID][2]string{}
	for _, r := range rows {
		phone, kin, err := tx.openPhones(r)
		if err != nil {
			return err
		}
		of[r.ID] = [2]string{phone, kin}
	}
	for i := range list {
		list[i].Phone, list[i].KinPhone = of[list[i].Registration][0], of[list[i].Registration][1]
	}
	return nil
}
