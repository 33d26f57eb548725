package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// PolicyVersion is a version of the rules of payment as it is stored.
type PolicyVersion struct {
	policy.Version
	Based      ident.ID
	Mine       bool // the reader wrote in it
	Author     string
	CreatedAt  time.Time
	Releaser   string
	ReleasedAt *time.Time
	Edition    int64 // of the row, for the optimistic lock
}

type policyRow struct {
	ID         ident.ID   `db:"id"`
	No         int        `db:"no"`
	Name       string     `db:"name"`
	Sample     bool       `db:"sample"`
	From       clock.Date `db:"from_on"`
	To         clock.Date `db:"to_on"`
	State      string     `db:"state"`
	Rules      string     `db:"rules"`
	Based      ident.ID   `db:"based_on"`
	Mine       bool       `db:"mine"`
	Author     string     `db:"author"`
	CreatedAt  time.Time  `db:"created_at"`
	Releaser   string     `db:"releaser"`
	ReleasedAt *time.Time `db:"released_at"`
	Edition    int64      `db:"version"`
}

func (r policyRow) version() (PolicyVersion, error) {
	v := PolicyVersion{Based: r.Based, Mine: r.Mine, Author: r.Author, CreatedAt: r.CreatedAt.UTC(), Releaser: r.Releaser, ReleasedAt: r.ReleasedAt, Edition: r.Edition,
		Version: policy.Version{ID: r.ID, No: r.No, Name: r.Name, Sample: r.Sample, From: r.From, To: r.To, State: policy.State(r.State)}}
	if err := json.Unmarshal([]byte(r.Rules), &v.Rules); err != nil {
		return v, fmt.Errorf("store: rules of version %s: %w", r.ID, err)
	}
	return v, nil
}

func policyVersions(rows []policyRow) ([]PolicyVersion, error) {
	out := make([]PolicyVersion, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.version(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// policyColumns needs the reader's account as $2.
const policyColumns = `v.id, v.no, v.name, v.sample, v.from_on, v.to_on, v.state, v.rules::text as rules, v.based_on, $2 = any (v.authors) as mine, v.created_at,
	v.released_at, v.version, coalesce((select a.display_name from account a where a.id = v.created_by), '') as author,
	coalesce((select a.display_name from account a where a.id = v.released_by), '') as releaser`

// ListPolicies is a page of versions, the latest beginning first.
func (tx *Tx) ListPolicies(req page.Request) (page.Result[PolicyVersion], error) {
	on, id := clock.MustDate(9999, 12, 31), lastID
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[PolicyVersion]{}, err
	}
	var rows []policyRow
	err := tx.list(&rows, `select `+policyColumns+` from fee_policy v where v.partnership_id = $1 and (v.from_on, v.id) < ($3, $4)
		order by v.from_on desc, v.id desc limit $5`, tx.Partnership(), tx.who.AccountID, on, id, req.Limit()+1)
	if err != nil {
		return page.Result[PolicyVersion]{}, err
	}
	list, err := policyVersions(rows)
	return page.Cut(req, list, func(v PolicyVersion) []any { return []any{v.From, v.ID} }), err
}

// ReleasedPolicies lists the released versions, the latest beginning first.
func (tx *Tx) ReleasedPolicies() ([]policy.Version, error) {
	var rows []policyRow
	err := tx.list(&rows, `select `+policyColumns+` from fee_policy v where v.partnership_id = $1 and v.state = 'released'
		order by v.from_on desc, v.id desc limit 100`, tx.Partnership(), tx.who.AccountID)
	if err != nil {
		return nil, err
	}
	list, err := policyVersions(rows)
	return items(list, func(v PolicyVersion) policy.Version { return v.Version }), err
}

// PolicyByID reads one version.
func (tx *Tx) PolicyByID(id ident.ID) (PolicyVersion, error) {
	return tx.policy(id, ``)
}

// PolicyForUpdate reads one version and holds it.
func (tx *Tx) PolicyForUpdate(id ident.ID) (PolicyVersion, error) {
	return tx.policy(id, ` for update of v`)
}

func (tx *Tx) policy(id ident.ID, hold string) (PolicyVersion, error) {
	var r policyRow
	err := tx.get(&r, `select `+policyColumns+` from fee_policy v where v.partnership_id = $1 and v.id = $3`+hold, tx.Partnership(), tx.who.AccountID, id)
	if _, err = one(r, err, "error.policy.missing"); err != nil {
		return PolicyVersion{}, err
	}
	return r.version()
}

// InsertPolicy adds a draft with the next number of its region.
func (tx *Tx) InsertPolicy(v PolicyVersion) error {
	rules, err := json.Marshal(v.Rules)
	if err != nil {
		return err
	}
	return tx.once(`insert into fee_policy (partnership_id, id, no, name, sample, region_code, from_on, to_on, state, rules, based_on, authors, created_at, created_by)
		select $1, $2, coalesce(max(p.no), 0) + 1, $3, $4, $5, $6, $7, 'draft', $8::jsonb, $9::uuid, array[$10::uuid], $11, $10::uuid from fee_policy p
		where p.partnership_id = $1 and p.region_code = $5`,
		tx.Partnership(), v.ID, v.Name, v.Sample, v.Region.Code, v.From, v.To, string(rules), nullID(v.Based), tx.who.AccountID, tx.now)
}

// UpdatePolicy stores a changed draft and remembers who wrote in it. The region
// stays: the number counts within it.
func (tx *Tx) UpdatePolicy(v PolicyVersion) error {
	rules, err := json.Marshal(v.Rules)
	if err != nil {
		return err
	}
	return tx.update(`update fee_policy set name = $4, sample = $5, from_on = $6, to_on = $7, rules = $8::jsonb,
		authors = case when $9::uuid = any (authors) then authors else authors || $9::uuid end, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'draft'`, tx.Partnership(), v.ID, v.Edition, v.Name, v.Sample, v.From,
		v.To, string(rules), tx.who.AccountID)
}

// ReleasePolicy puts a draft in force; the database refuses one of its authors.
func (tx *Tx) ReleasePolicy(v PolicyVersion) error {
	return tx.update(`update fee_policy set state = 'released', released_at = $4, released_by = $5, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'draft'`, tx.Partnership(), v.ID, v.Edition, tx.now, tx.who.AccountID)
}

// DiscardPolicy ends a draft that never applies.
func (tx *Tx) DiscardPolicy(v PolicyVersion) error {
	return tx.update(`update fee_policy set state = 'discarded', version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and state = 'draft'`,
		tx.Partnership(), v.ID, v.Edition)
}

// errFrozen is the refusal to write in what is no draft any more.
func errFrozen() error {
	return errs.Refuse("policy.frozen", "error.policy.frozen", nil, "policy.remedy.copy")
}

// Frozen refuses a version that is no draft.
func (v PolicyVersion) Frozen() error {
	if v.State != policy.Draft {
		return errFrozen()
	}
	return nil
}
