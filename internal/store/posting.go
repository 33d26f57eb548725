package store

import (
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

type postingRow struct {
	ID           ident.ID   `db:"id"`
	Practitioner ident.ID   `db:"practitioner_id"`
	Host         ident.ID   `db:"organisation_id"`
	From         clock.Date `db:"from_on"`
	To           clock.Date `db:"to_on"`
	BackFrom     clock.Date `db:"backdated_from"`
	BackReason   string     `db:"backdated_reason"`
	CreatedAt    time.Time  `db:"created_at"`
	Version      int64      `db:"version"`

	Name     string   `db:"practitioner_name"`
	Home     ident.ID `db:"home_id"`
	HomeName string   `db:"home_name"`
	HostName string   `db:"host_name"`
}

// PostingItem is a posting with the names of the doctor and the two hospitals.
type PostingItem struct {
	partnership.Posting
	Name     string
	Home     ident.ID
	HomeName string
	HostName string
}

func (r postingRow) item() PostingItem {
	return PostingItem{partnership.Posting{ID: r.ID, Practitioner: r.Practitioner, Host: r.Host, From: r.From, To: r.To, BackFrom: r.BackFrom, BackReason: r.BackReason,
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version}, r.Name, r.Home, r.HomeName, r.HostName}
}

const postingColumns = `g.id, g.practitioner_id, g.organisation_id, g.from_on, g.to_on, g.backdated_from, g.backdated_reason, g.created_at, g.version, d.name as practitioner_name,
	d.home_organisation_id as home_id,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = d.home_organisation_id) as home_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = g.organisation_id) as host_name`

const selectPosting = `select ` + postingColumns + ` from posting g join practitioner d on d.id = g.practitioner_id `

// PostingByID reads one posting of the partnership.
func (tx *Tx) PostingByID(id ident.ID) (PostingItem, error) {
	var r postingRow
	err := tx.get(&r, selectPosting+`where g.partnership_id = $1 and g.id = $2`, tx.Partnership(), id)
	return one(r.item(), err, "error.posting.missing")
}

// PostingsOf lists the postings of a doctor that touch the days given, in all
// partnerships: a doctor is in one place at a time wherever that place is.
func (tx *Tx) PostingsOf(doctor ident.ID, from, to clock.Date) ([]partnership.Posting, error) {
	var rows []postingRow
	err := tx.list(&rows, selectPosting+`where g.practitioner_id = $1 and g.from_on <= $3 and g.to_on >= $2 order by g.from_on limit 200`, doctor, from, to)
	return items(rows, func(r postingRow) partnership.Posting { return r.item().Posting }), err
}

// InsertPosting adds a posting.
func (tx *Tx) InsertPosting(p partnership.Posting) error {
	_, err := tx.exec(`insert into posting (partnership_id, id, practitioner_id, organisation_id, from_on, to_on, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, tx.Partnership(), p.ID, p.Practitioner, p.Host, p.From, p.To, tx.now, tx.who.AccountID)
	return err
}

// UpdatePosting stores changed days.
func (tx *Tx) UpdatePosting(p partnership.Posting) error {
	return tx.update(`update posting set from_on = $4, to_on = $5, backdated_from = $6, backdated_reason = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), p.ID, p.Version, p.From, p.To, p.BackFrom, p.BackReason)
}

// PostingFilter narrows the list of postings.
type PostingFilter struct {
	Hosts []ident.ID // nil is the whole partnership
	On    clock.Date // only those that count on this day; zero: all
}

// ListPostings is a page of postings, the latest first.
func (tx *Tx) ListPostings(f PostingFilter, req page.Request) (page.Result[PostingItem], error) {
	from, id := clock.MustDate(9999, 12, 31), ident.Nil
	if _, err := req.Cursor(&from, &id); err != nil {
		return page.Result[PostingItem]{}, err
	}
	args := []any{tx.Partnership(), from, id, req.Limit() + 1, f.On}
	const filter = ` and (g.from_on < $2 or g.from_on = $2 and g.id > $3) and ($5::date is null or g.from_on <= $5 and g.to_on >= $5)
		order by g.from_on desc, g.id limit $4`
	source, args := hospitalsFrom(f.Hosts, 6, args)
	query := `select ` + postingColumns + ` from ` + source + ` cross join lateral
		(select g.* from posting g where g.partnership_id = $1 and g.organisation_id = h.id` + filter + `) g
		join practitioner d on d.id = g.practitioner_id order by g.from_on desc, g.id limit $4`
	var rows []postingRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[PostingItem]{}, err
	}
	return page.Cut(req, items(rows, postingRow.item), func(p PostingItem) []any { return []any{p.From, p.ID} }), nil
}

// RejudgePosted takes the mark of an operation without posting off the operations
// of a posting, which was written down after them, and says so in their history,
// some hundred at a time. It answers how many there were.
func (tx *Tx) RejudgePosted(p partnership.Posting, mark, reason string) (all int, err error) {
	for { // what was judged anew is not found again
		n, err := tx.rejudgeSome(p, mark, reason)
		all += n
		if err != nil || n < rejudged {
			return all, err
		}
	}
}

// rejudged is how many operations are judged anew at a time.
const rejudged = 500

func (tx *Tx) rejudgeSome(p partnership.Posting, mark, reason string) (int, error) {
	var ids []ident.ID
	err := tx.list(&ids, `select o.id from procedure o where o.partnership_id = $1 and o.hospital_id = $2 and o.lead_id = $3 and o.operated_on between $4 and $5
		and o.live and $6 = any (o.marks) order by o.id limit $7`, tx.Partnership(), p.Host, p.Practitioner, p.From, p.To, mark, rejudged)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		old, err := tx.OperationForUpdate(id)
		if err != nil {
			return 0, err
		}
		now := old
		now.Marks = slices.DeleteFunc(slices.Clone(old.Marks), func(m string) bool { return m == mark })
		if err := tx.update(`update procedure set marks = $4::text[], version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
			tx.Partnership(), id, old.Version, textArray(now.Marks)); err != nil {
			return 0, err
		}
		before, err := snapshotOf(old)
		if err != nil {
			return 0, err
		}
		after, err := snapshotOf(now)
		if err != nil {
			return 0, err
		}
		if err := tx.recordChange(id, RecordCorrected, before, after, reason); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
