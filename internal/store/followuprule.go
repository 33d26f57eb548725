package store

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// FollowRule is an edition of follow-up windows with who made it when.
type FollowRule struct {
	followup.Edition
	By string // display name
	At time.Time
}

type followRuleRow struct {
	Group   string     `db:"grp"`
	Version int64      `db:"version"`
	From    clock.Date `db:"from_on"`
	Note    string     `db:"note"`
	Windows string     `db:"windows"`
	By      string     `db:"by_name"`
	At      time.Time  `db:"created_at"`
}

// storedWindow is a window as it is kept: what it asks for is not part of it.
type storedWindow struct {
	Step followup.Step `json:"step"`
	Due  int           `json:"due"`
	From int           `json:"from"`
	To   int           `json:"to"`
}

func (r followRuleRow) rule() (FollowRule, error) {
	out := FollowRule{Edition: followup.Edition{Group: followup.Group(r.Group), Version: r.Version, From: r.From, Note: r.Note}, By: r.By, At: r.At.UTC()}
	var windows []storedWindow
	if err := json.Unmarshal([]byte(r.Windows), &windows); err != nil {
		return out, fmt.Errorf("store: follow-up windows %s %d: %w", r.Group, r.Version, err)
	}
	wants := map[followup.Step][]followup.Want{}
	for _, u := range followup.Usual(out.Group) {
		wants[u.Step] = u.Wants
	}
	for _, w := range windows {
		out.Windows = append(out.Windows, followup.Window{Step: w.Step, Due: w.Due, From: w.From, To: w.To, Wants: wants[w.Step]})
	}
	return out, nil
}

const selectFollowRules = `select r.grp, r.version, r.from_on, r.note, r.windows::text as windows, r.created_at,
	coalesce((select a.display_name from account a where a.id = r.created_by), '') as by_name from followup_rule r `

// followRuleLimit bounds the editions of one group that are read: one a month
// for eight years.
const followRuleLimit = 100

// FollowRules lists the editions of a group, the latest first.
func (tx *Tx) FollowRules(g followup.Group) ([]FollowRule, error) {
	var rows []followRuleRow
	err := tx.list(&rows, selectFollowRules+`where r.partnership_id = $1 and r.grp = $2 order by r.version desc limit $3`, tx.Partnership(), string(g), followRuleLimit)
	return followRules(rows, err)
}

// AllFollowRules lists the editions of every group, each the latest first.
func (tx *Tx) AllFollowRules() ([]FollowRule, error) {
	groups := textArray(items(followup.Groups(), func(g followup.Group) string { return string(g) }))
	var rows []followRuleRow
	err := tx.list(&rows, `select r.grp, r.version, r.from_on, r.note, r.windows, r.created_at, r.by_name from unnest($2::text[]) g cross join lateral (`+selectFollowRules+`where r.partnership_id = $1 and r.grp = g order by r.version desc limit $3) r
		order by r.grp, r.version desc limit 1000`, tx.Partnership(), groups, followRuleLimit)
	return followRules(rows, err)
}

func followRules(rows []followRuleRow, err error) ([]FollowRule, error) {
	if err != nil {
		return nil, err
	}
	out := make([]FollowRule, len(rows))
	for i, r := range rows {
		if out[i], err = r.rule(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// FollowTable makes the table of rules out of editions.
func FollowTable(list []FollowRule) followup.Table {
	return items(list, func(r FollowRule) followup.Edition { return r.Edition })
}

// SaveFollowRule puts an edition in force; the earlier ones stay for the
// appointments that were made by them.
func (tx *Tx) SaveFollowRule(e followup.Edition) error {
	raw, err := json.Marshal(items(e.Windows, func(w followup.Window) storedWindow { return storedWindow{w.Step, w.Due, w.From, w.To} }))
	if err != nil {
		return err
	}
	id := ident.Derive(tx.Partnership(), "followup_rule "+string(e.Group)+" "+strconv.FormatInt(e.Version, 10))
	return tx.once(`insert into followup_rule (partnership_id, id, grp, version, from_on, note, windows, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9)`,
		tx.Partnership(), id, string(e.Group), e.Version, e.From, e.Note, string(raw), tx.now, tx.who.AccountID)
}
