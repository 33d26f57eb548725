package store

import (
	"github.com/shanhai-health/shanhai/internal/ident"
)

// OpenFollowUps reads the appointments among ids that wait and that the
// transaction may see.
func (tx *Tx) OpenFollowUps(ids []ident.ID) ([]FollowUp, error) {
	var rows []followUpRow
	err := tx.list(&rows, `select `+followUpColumns+` from followup f`+joinFollowUp+`where f.partnership_id = $1 and f.id = any ($2::uuid[]) and f.live and f.status = 'open'`,
		tx.Partnership(), idArray(ids))
	return items(rows, followUpRow.followUp), err
}

// Taking is who an appointment is for; nil puts it back among those nobody took.
type Taking struct{ FollowUp, To ident.ID }

// TakeFollowUps gives open appointments to somebody. It does not bump their
// version: a record somebody is writing stays good.
func (tx *Tx) TakeFollowUps(list []Taking) (int64, error) {
	ids, to := make([]string, len(list)), make([]string, len(list))
	for i, x := range list {
		ids[i] = x.FollowUp.String()
		if x.To != ident.Nil {
			to[i] = x.To.String()
		}
	}
	return tx.exec(`update followup f set taken_by = nullif(x.who, '')::uuid, taken_at = case when x.who = '' then null else $4::timestamptz end
		from unnest($2::uuid[], $3::text[]) x (id, who) where f.partnership_id = $1 and f.id = x.id and f.status = 'open' and f.live`,
		tx.Partnership(), textArray(ids), textArray(to), tx.now)
}

// Colleague is somebody work can be given to.
type Colleague struct {
	ID   ident.ID `db:"id"`
	Name string   `db:"display_name"`
}

// colleaguesMost bounds a list one picks from.
const colleaguesMost = 200

// Colleagues lists the accounts of the caller's own organisation that are in use.
func (tx *Tx) Colleagues() ([]Colleague, error) {
	var rows []Colleague
	err := tx.list(&rows, `select a.id, a.display_name from account a where a.organisation_id = $1 and a.disabled_at is null order by a.username limit $2`,
		nullID(tx.who.OrganisationID), colleaguesMost)
	return rows, err
}
