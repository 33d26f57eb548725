package store

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// NoticeRules are the partnership's settings of notices; the sample until it has
// set them.
func (tx *Tx) NoticeRules() (notice.Rules, error) {
	var rows []struct {
		Bands   pq.Int64Array `db:"bands"`
		Office  string        `db:"office"`
		Version int64         `db:"version"`
	}
	err := tx.list(&rows, `select r.bands, r.office, r.version from notice_rule r where r.partnership_id = $1 order by r.version desc limit 1`, tx.Partnership())
	if err != nil || len(rows) == 0 {
		return notice.SampleRules(), err
	}
	return notice.Rules{Bands: bandsOf(rows[0].Bands), Office: rows[0].Office, Version: rows[0].Version}, nil
}

func bandsOf(list pq.Int64Array) (out notice.Bands) {
	for _, n := range list {
		out = append(out, money.Fen(n))
	}
	return out
}

func bandArray(list notice.Bands) (out pq.Int64Array) {
	for _, n := range list {
		out = append(out, int64(n))
	}
	return out
}

// SaveNoticeRules stores the settings as the next version.
func (tx *Tx) SaveNoticeRules(r notice.Rules) error {
	next := r.Version + 1
	return tx.once(`insert into notice_rule (partnership_id, id, version, bands, office, created_at, created_by) values ($1, $2, $3, $4::bigint[], $5, $6, $7)`, tx.Partnership(),
		ident.Derive(tx.Partnership(), "notice_rule "+strconv.FormatInt(next, 10)), next, bandArray(r.Bands), r.Office, tx.now, tx.who.AccountID)
}

// Notice is a batch as it is stored.
type Notice struct {
	notice.Notice
	ID        ident.ID
	Entries   int // that stand
	By        string
	Second    string // display name of who published
	CreatedAt time.Time
	Version   int64
}

type noticeRow struct {
	ID          ident.ID      `db:"id"`
	Title       string        `db:"title"`
	From        clock.Date    `db:"from_on"`
	To          clock.Date    `db:"to_on"`
	State       string        `db:"state"`
	Cell        int           `db:"cell"`
	Days        int           `db:"days"`
	Bands       pq.Int64Array `db:"bands"`
	District    string        `db:"district"`
	Office      string        `db:"office"`
	LeftOut     []byte        `db:"left_out"`
	PublishedOn clock.Date    `db:"published_on"`
	UntilOn     clock.Date    `db:"until_on"`
	PublishedBy ident.ID      `db:"published_by"`
	ClosedOn    clock.Date    `db:"closed_on"`
	CreatedAt   time.Time     `db:"created_at"`
	CreatedBy   ident.ID      `db:"created_by"`
	Version     int64         `db:"version"`
	Entries     int           `db:"entries"`
	By          string        `db:"by_name"`
	Second      string        `db:"second_name"`
}

func (r noticeRow) notice() Notice {
	n := Notice{Notice: notice.Notice{Title: r.Title, From: r.From, To: r.To, State: notice.State(r.State), Cell: r.Cell, Days: r.Days, Bands: bandsOf(r.Bands), District: r.District,
		Office: r.Office, Maker: r.CreatedBy, Publisher: r.PublishedBy, PublishedOn: r.PublishedOn, UntilOn: r.UntilOn, ClosedOn: r.ClosedOn},
		ID: r.ID, Entries: r.Entries, By: r.By, Second: r.Second, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
	_ = json.Unmarshal(r.LeftOut, &n.LeftOut) // written by this store only
	return n
}

const selectNotice = `select n.id, n.title, n.from_on, n.to_on, n.state, n.cell, n.days, n.bands, n.district, n.office, n.left_out, n.published_on, n.until_on, n.published_by,
	n.closed_on, n.created_at, n.created_by, n.version,
	(select count(*) from notice_entry e join approval a on a.partnership_id = e.partnership_id and a.id = e.approval_id
		where e.partnership_id = n.partnership_id and e.notice_id = n.id and e.live and a.state = 'approved') as entries,
	coalesce((select u.display_name from account u where u.id = n.created_by), '') as by_name,
	coalesce((select u.display_name from account u where u.id = n.published_by), '') as second_name from notice n `

// NoticeByID reads one notice.
func (tx *Tx) NoticeByID(id ident.ID) (Notice, error) {
	var r noticeRow
	err := tx.get(&r, selectNotice+`where n.partnership_id = $1 and n.id = $2`, tx.Partnership(), id)
	return one(r.notice(), err, "error.notice.missing")
}

// ListNotices is a page of notices, the latest first.
func (tx *Tx) ListNotices(req page.Request) (page.Result[Notice], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Notice]{}, err
	}
	var rows []noticeRow
	err := tx.list(&rows, selectNotice+`where n.partnership_id = $1 and (n.created_at, n.id) < ($2, $3) order by n.created_at desc, n.id desc limit $4`, tx.Partnership(), at, id,
		req.Limit()+1)
	if err != nil {
		return page.Result[Notice]{}, err
	}
	return page.Cut(req, items(rows, noticeRow.notice), func(n Notice) []any { return []any{n.CreatedAt, n.ID} }), nil
}

// PublicNotices are the notices everybody may read today.
func (tx *Tx) PublicNotices() ([]Notice, error) {
	var rows []noticeRow
	err := tx.list(&rows, selectNotice+`where n.partnership_id = $1 and n.state = 'published' and n.until_on >= $2 order by n.until_on desc, n.id desc limit 50`, tx.Partnership(), tx.Today())
	return items(rows, noticeRow.notice), err
}

// NoticeCandidates are the approvals of some days that stand in no notice yet,
// the first ones first. It reads one more than it was asked for, so that the
// caller knows when there are too many.
func (tx *Tx) NoticeCandidates(from, to clock.Date, most int) ([]notice.Candidate, error) {
	var rows []struct {
		ID          ident.ID  `db:"id"`
		Person      ident.ID  `db:"person_id"`
		Name        string    `db:"name"`
		Township    string    `db:"township"`
		Programme   string    `db:"programme"`
		Amount      money.Fen `db:"approved_fen"`
		Publication string    `db:"publication"`
		Lapse       string    `db:"lapse"`
	}
	err := tx.list(&rows, `select a.id, coalesce(p.root_id, p.id) as person_id, p.name, coalesce(r.township, '') as township, t.programme, a.approved_fen, a.publication, a.lapse
		from approval a join treatment t on t.partnership_id = a.partnership_id and t.id = a.treatment_id
		join person p on p.partnership_id = t.partnership_id and p.id = t.person_id
		left join registration r on r.partnership_id = t.partnership_id and r.person_id = t.person_id and r.hospital_id = t.hospital_id
		where a.partnership_id = $1 and a.state = 'approved' and a.decided_at >= $2 and a.decided_at < $3
		and not exists (select 1 from notice_entry e where e.partnership_id = a.partnership_id and e.approval_id = a.id and e.live)
		order by a.decided_at, a.id limit $4`, tx.Partnership(), from.Start(), to.AddDays(1).Start(), most+1)
	out := make([]notice.Candidate, len(rows))
	for i, r := range rows {
		out[i] = notice.Candidate{Approval: r.ID, Person: r.Person, Name: r.Name, Township: r.Township, Programme: procedure.Programme(r.Programme), Amount: r.Amount,
			Publication: notice.Publication(r.Publication), Lapsed: fund.Lapse(r.Lapse) == fund.LapseOpen}
	}
	return out, err
}

// InsertNotice stores a draft of its maker with its entries.
func (tx *Tx) InsertNotice(n Notice, entries []notice.Entry) error {
	left, err := json.Marshal(n.LeftOut)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into notice (partnership_id, id, title, from_on, to_on, state, cell, days, bands, district, office, left_out, created_at, created_by)
		values ($1, $2, $3, $4, $5, 'draft', $6, $7, $8::bigint[], $9, $10, $11, $12, $13)`, tx.Partnership(), n.ID, n.Title, n.From, n.To, n.Cell, n.Days, bandArray(n.Bands), n.District,
		n.Office, string(left), tx.now, n.Maker)
	if err != nil || len(entries) == 0 {
		return err
	}
	return tx.write(`insert into notice_entry (partnership_id, notice_id, created_at, created_by, id, no, approval_id, person_id, masked, township, programme, band) values `,
		`($1, $2, $3, $4, #, #, #, #, #, #, #, #)`, []any{tx.Partnership(), n.ID, tx.now, tx.who.AccountID}, len(entries), func(i int) ([]any, error) {
			e := entries[i]
			return []any{ident.Derive(n.ID, strconv.Itoa(e.No)), e.No, e.Approval, e.Person, e.Masked, e.Township, string(e.Programme), e.Band}, nil
		})
}

// StepNotice stores a step under the version that was read. Entries of a draft
// that was thrown away are free for another notice.
func (tx *Tx) StepNotice(n Notice) error {
	err := tx.update(`update notice set state = $4, office = $5, published_on = $6, until_on = $7, published_by = $8, closed_on = $9, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), n.ID, n.Version, string(n.State), n.Office, n.PublishedOn, n.UntilOn, nullID(n.Publisher), n.ClosedOn)
	if err != nil || n.State != notice.Discarded {
		return err
	}
	_, err = tx.exec(`update notice_entry set live = false, version = version + 1 where partnership_id = $1 and notice_id = $2 and live`, tx.Partnership(), n.ID)
	return err
}

// NoticeEntries are the entries of a notice that stand: consent was not taken back,
// and the reduction is still approved.
func (tx *Tx) NoticeEntries(id ident.ID) ([]notice.Entry, error) {
	var rows []struct {
		No        int      `db:"no"`
		Approval  ident.ID `db:"approval_id"`
		Person    ident.ID `db:"person_id"`
		Masked    string   `db:"masked"`
		Township  string   `db:"township"`
		Programme string   `db:"programme"`
		Band      int      `db:"band"`
	}
	err := tx.list(&rows, `select e.no, e.approval_id, e.person_id, e.masked, e.township, e.programme, e.band from notice_entry e
		join approval a on a.partnership_id = e.partnership_id and a.id = e.approval_id
		where e.partnership_id = $1 and e.notice_id = $2 and e.live and a.state = 'approved' order by e.no limit 2000`, tx.Partnership(), id)
	out := make([]notice.Entry, len(rows))
	for i, r := range rows {
		out[i] = notice.Entry{No: r.No, Approval: r.Approval, Person: r.Person, Masked: r.Masked, Township: r.Township, Programme: procedure.Programme(r.Programme), Band: r.Band}
	}
	return out, err
}

// Publish records the patient's answer to being named. An entry disappears with
// the consent it rested on, in the same transaction.
func (tx *Tx) Publish(a Approval, answer notice.Publication) error {
	err := tx.update(`update approval set publication = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), a.ID, a.Version, string(answer))
	if err != nil || answer == notice.Given {
		return err
	}
	_, err = tx.exec(`update notice_entry set live = false, withdrawn_at = $3, withdrawn_by = $4, version = version + 1 where partnership_id = $1 and approval_id = $2 and live`,
		tx.Partnership(), a.ID, tx.now, tx.who.AccountID)
	return err
}
