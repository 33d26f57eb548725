package store

import (
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// HandFollowUps gives the open appointments an account had taken on to another;
// nil puts them back among those nobody took.
func (tx *Tx) HandFollowUps(from, to ident.ID) (int64, error) {
	return tx.exec(`update followup set taken_by = $3, taken_at = case when $3::uuid is null then null else $4::timestamptz end
		where partnership_id = $1 and taken_by = $2 and status = 'open' and live`, tx.Partnership(), from, nullID(to), tx.now)
}

// HandDrafts gives what an account has begun to type to another, sealed anew for
// it; what that one has begun of the same form stays. Without another they are
// forgotten: they may name patients the account sees no more.
func (tx *Tx) HandDrafts(from, to ident.ID) (n int, err error) {
	var rows []draftRow
	err = tx.list(&rows, `select d.id, d.body_sealed, d.saved_at from form_draft d where d.partnership_id = $1 and d.account_id = $2 and d.dropped_at is null
		order by d.saved_at desc limit $3`, tx.Partnership(), from, draftsMost)
	if err != nil {
		return 0, err
	}
	for _, r := range rows { // at most twenty
		if to == ident.Nil {
			continue
		}
		d, err := tx.openDraft(r)
		if err != nil {
			return n, err
		}
		raw, err := json.Marshal(draftBody{Form: d.Form, Title: d.Title, Back: d.Back, Values: d.Values})
		if err != nil {
			return n, err
		}
		id := tx.draftIDOf(to, d.Form)
		sealed, err := tx.keys.Seal(raw, draftPlace(id))
		if err != nil {
			return n, err
		}
		moved, err := tx.exec(`insert into form_draft (partnership_id, id, account_id, body_sealed, saved_at) values ($1, $2, $3, $4, $5)
			on conflict (partnership_id, id) do nothing`, tx.Partnership(), id, to, sealed, r.Saved)
		if err != nil {
			return n, err
		}
		n += int(moved)
	}
	_, err = tx.exec(`delete from form_draft where partnership_id = $1 and account_id = $2`, tx.Partnership(), from)
	return n, err
}

// MovePractitioner makes another organisation the home of a doctor. Operations
// keep what they say of the day.
func (tx *Tx) MovePractitioner(id, home ident.ID) error {
	_, err := tx.exec(`update practitioner set home_organisation_id = $2, version = version + 1 where id = $1`, id, home)
	return err
}
