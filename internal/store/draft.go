package store

import (
	"encoding/json"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Draft is what an account typed into a form and did not send. All of it is
// sealed, the title as well: it may name a patient.
type Draft struct {
	Form   string              // the address the form posts to, and its id
	Title  string              // heading of the page
	Back   string              // address of the page the form stands on
	Values map[string][]string // as they were typed
	Saved  time.Time
}

// Limits of drafts.
const (
	draftLife  = 7 * 24 * time.Hour // untouched for a week, what was begun is begun anew
	draftTaken = 10 * time.Minute   // a thrown away draft can be taken back that long
	draftsMost = 20                 // of one account; the oldest make room
)

type draftBody struct {
	Form, Title, Back string
	Values            map[string][]string
}

type draftRow struct {
	ID    ident.ID  `db:"id"`
	Body  []byte    `db:"body_sealed"`
	Saved time.Time `db:"saved_at"`
}

// draftID gives a form of an account its one draft.
func (tx *Tx) draftID(form string) ident.ID { return tx.draftIDOf(tx.who.AccountID, form) }

func (tx *Tx) draftIDOf(account ident.ID, form string) ident.ID {
	return ident.Derive(account, tx.Partnership().String()+" draft "+form)
}

func draftPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "form_draft", Column: "body_sealed", Row: id}
}

func (tx *Tx) openDraft(r draftRow) (Draft, error) {
	raw, err := tx.keys.Open(r.Body, draftPlace(r.ID))
	if err != nil {
		return Draft{}, err
	}
	var b draftBody
	err = json.Unmarshal(raw, &b)
	return Draft{Form: b.Form, Title: b.Title, Back: b.Back, Values: b.Values, Saved: r.Saved.UTC()}, err
}

// SaveDraft stores what stands in a form now; the latest is what counts. An
// empty Back keeps the one that was known.
func (tx *Tx) SaveDraft(d Draft) error {
	id := tx.draftID(d.Form)
	if d.Back == "" {
		if old, ok, err := tx.DraftOf(d.Form); err != nil {
			return err
		} else if ok {
			d.Back = old.Back
		}
	}
	raw, err := json.Marshal(draftBody{Form: d.Form, Title: d.Title, Back: d.Back, Values: d.Values})
	if err != nil {
		return err
	}
	sealed, err := tx.keys.Seal(raw, draftPlace(id))
	if err != nil {
		return err
	}
	if _, err = tx.exec(`insert into form_draft (partnership_id, id, account_id, body_sealed, saved_at) values ($1, $2, $3, $4, $5)
		on conflict (partnership_id, id) do update set body_sealed = excluded.body_sealed, saved_at = excluded.saved_at, dropped_at = null, version = form_draft.version + 1`,
		tx.Partnership(), id, tx.who.AccountID, sealed, tx.now); err != nil {
		return err
	}
	_, err = tx.exec(`delete from form_draft where partnership_id = $1 and account_id = $2 and dropped_at is null and saved_at < (select min(x.saved_at) from
		(select d.saved_at from form_draft d where d.partnership_id = $1 and d.account_id = $2 and d.dropped_at is null order by d.saved_at desc, d.id desc limit $3) x)`,
		tx.Partnership(), tx.who.AccountID, draftsMost)
	return err
}

// DraftOf reads the draft of one form; ok is false when there is none.
func (tx *Tx) DraftOf(form string) (d Draft, ok bool, err error) {
	var rows []draftRow
	err = tx.list(&rows, `select d.id, d.body_sealed, d.saved_at from form_draft d where d.partnership_id = $1 and d.id = $2 and d.account_id = $3
		and d.dropped_at is null and d.saved_at > $4 limit 1`, tx.Partnership(), tx.draftID(form), tx.who.AccountID, tx.now.Add(-draftLife))
	if err != nil || len(rows) == 0 {
		return Draft{}, false, err
	}
	d, err = tx.openDraft(rows[0])
	return d, err == nil, err
}

// OwnDrafts lists the caller's drafts, the latest first.
func (tx *Tx) OwnDrafts() ([]Draft, error) {
	var rows []draftRow
	err := tx.list(&rows, `select d.id, d.body_sealed, d.saved_at from form_draft d where d.partnership_id = $1 and d.account_id = $2 and d.dropped_at is null
		and d.saved_at > $3 order by d.saved_at desc, d.id desc limit $4`, tx.Partnership(), tx.who.AccountID, tx.now.Add(-draftLife), draftsMost)
	if err != nil {
		return nil, err
	}
	out := make([]Draft, 0, len(rows))
	for _, r := range rows {
		d, err := tx.openDraft(r)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// ForgetDraft removes the draft of a form that was sent.
func (tx *Tx) ForgetDraft(form string) error {
	_, err := tx.exec(`delete from form_draft where partnership_id = $1 and id = $2 and account_id = $3`, tx.Partnership(), tx.draftID(form), tx.who.AccountID)
	return err
}

// DropDraft throws a draft away; for some minutes it can be taken back.
func (tx *Tx) DropDraft(form string) (bool, error) {
	n, err := tx.exec(`update form_draft set dropped_at = $4, version = version + 1 where partnership_id = $1 and id = $2 and account_id = $3 and dropped_at is null`,
		tx.Partnership(), tx.draftID(form), tx.who.AccountID, tx.now)
	return n > 0, err
}

// TakeBackDraft undoes DropDraft.
func (tx *Tx) TakeBackDraft(form string) (bool, error) {
	n, err := tx.exec(`update form_draft set dropped_at = null, version = version + 1 where partnership_id = $1 and id = $2 and account_id = $3 and dropped_at > $4`,
		tx.Partnership(), tx.draftID(form), tx.who.AccountID, tx.now.Add(-draftTaken))
	return n > 0, err
}

// ForgetDrafts removes what nobody came back for, and what was thrown away.
func (tx *Tx) ForgetDrafts() (int64, error) {
	tx.NoAudit("upkeep")
	return tx.exec(`delete from form_draft where partnership_id = $1 and (saved_at < $2 or dropped_at < $3)`, tx.Partnership(), tx.now.Add(-draftLife), tx.now.Add(-draftTaken))
}
