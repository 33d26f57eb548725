package store

import (
	"slices"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Objection is an objection as it is stored. Name and Contact are read only by
// [Tx.ObjectionByID]; lists have the last characters of the contact.
type Objection struct {
	notice.Objection
	ID         ident.ID
	Notice     ident.ID
	No         int // of the entry; 0: the notice as a whole
	Approval   ident.ID
	Receipt    string
	Last4      string
	Title      string // of the notice
	By         string
	Answered   string // display name of who answered
	CreatedAt  time.Time
	AnsweredAt time.Time
	Version    int64
}

type objectionRow struct {
	ID         ident.ID   `db:"id"`
	Notice     ident.ID   `db:"notice_id"`
	No         int        `db:"no"`
	Approval   ident.ID   `db:"approval_id"`
	Receipt    string     `db:"receipt"`
	Channel    string     `db:"channel"`
	Last4      string     `db:"contact_last4"`
	Body       string     `db:"body"`
	State      string     `db:"state"`
	DueOn      clock.Date `db:"due_on"`
	Opinion    string     `db:"opinion"`
	AnsweredBy ident.ID   `db:"answered_by"`
	AnsweredAt *time.Time `db:"answered_at"`
	CreatedAt  time.Time  `db:"created_at"`
	CreatedBy  ident.ID   `db:"created_by"`
	Version    int64      `db:"version"`
	Title      string     `db:"title"`
	By         string     `db:"by_name"`
	Answered   string     `db:"answered_name"`
}

func (r objectionRow) objection() Objection {
	o := Objection{Objection: notice.Objection{State: notice.ObjectionState(r.State), Channel: notice.Channel(r.Channel), Text: r.Body, DueOn: r.DueOn, Taker: r.CreatedBy,
		Answerer: r.AnsweredBy, Opinion: r.Opinion}, ID: r.ID, Notice: r.Notice, No: r.No, Approval: r.Approval, Receipt: r.Receipt, Last4: r.Last4, Title: r.Title, By: r.By,
		Answered: r.Answered, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
	if r.AnsweredAt != nil {
		o.AnsweredAt = r.AnsweredAt.UTC()
	}
	return o
}

const objectionColumns = `x.id, x.notice_id, x.approval_id, x.receipt, x.channel, x.contact_last4, x.body, x.state, x.due_on, x.opinion, x.answered_by, x.answered_at, x.created_at,
	x.created_by, x.version, coalesce((select e.no from notice_entry e where e.partnership_id = x.partnership_id and e.id = x.entry_id), 0) as no,
	coalesce((select n.title from notice n where n.partnership_id = x.partnership_id and n.id = x.notice_id), '') as title,
	coalesce((select u.display_name from account u where u.id = x.created_by), '') as by_name,
	coalesce((select u.display_name from account u where u.id = x.answered_by), '') as answered_name`

func objectionPlace(column string, id ident.ID) seal.Place {
	return seal.Place{Table: "notice_objection", Column: column, Row: id}
}

// InsertObjection stores what was said; name and contact are sealed.
func (tx *Tx) InsertObjection(o Objection) error {
	var name, contact []byte
	var err error
	if o.Name != "" {
		if name, err = tx.keys.SealString(o.Name, objectionPlace("name_sealed", o.ID)); err != nil {
			return err
		}
	}
	if o.Contact != "" {
		if contact, err = tx.keys.SealString(o.Contact, objectionPlace("contact_sealed", o.ID)); err != nil {
			return err
		}
	}
	var entry ident.ID
	if o.No > 0 {
		entry = ident.Derive(o.Notice, strconv.Itoa(o.No))
	}
	_, err = tx.exec(`insert into notice_objection (partnership_id, id, notice_id, entry_id, approval_id, receipt, channel, name_sealed, contact_sealed, contact_last4, body, state, due_on,
		created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'received', $12, $13, $14)`, tx.Partnership(), o.ID, o.Notice, nullID(entry), nullID(o.Approval),
		o.Receipt, string(o.Channel), name, contact, last4(o.Contact), o.Text, o.DueOn, tx.now, o.Taker)
	return err
}

// ObjectionByID reads one objection with the name and the contact.
func (tx *Tx) ObjectionByID(id ident.ID) (Objection, error) {
	var r struct {
		objectionRow
		Name    []byte `db:"name_sealed"`
		Contact []byte `db:"contact_sealed"`
	}
	err := tx.get(&r, `select `+objectionColumns+`, x.name_sealed, x.contact_sealed from notice_objection x where x.partnership_id = $1 and x.id = $2`, tx.Partnership(), id)
	o, err := one(r.objection(), err, "error.notice.objection_missing")
	if err != nil {
		return o, err
	}
	if len(r.Name) > 0 {
		if o.Name, err = tx.keys.OpenString(r.Name, objectionPlace("name_sealed", id)); err != nil {
			return o, err
		}
	}
	if len(r.Contact) > 0 {
		o.Contact, err = tx.keys.OpenString(r.Contact, objectionPlace("contact_sealed", id))
	}
	return o, err
}

// ListObjections is a page of objections: those that wait, the one due first on
// top, or all, the latest first.
func (tx *Tx) ListObjections(waiting bool, req page.Request) (page.Result[Objection], error) {
	var rows []objectionRow
	if waiting {
		due, id := clock.MustDate(1, 1, 1), ident.Nil
		if _, err := req.Cursor(&due, &id); err != nil {
			return page.Result[Objection]{}, err
		}
		err := tx.list(&rows, `select `+objectionColumns+` from notice_objection x where x.partnership_id = $1 and x.state = 'received' and (x.due_on, x.id) > ($2, $3)
			order by x.due_on, x.id limit $4`, tx.Partnership(), due, id, req.Limit()+1)
		if err != nil {
			return page.Result[Objection]{}, err
		}
		return page.Cut(req, items(rows, objectionRow.objection), func(o Objection) []any { return []any{o.DueOn, o.ID} }), nil
	}
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Objection]{}, err
	}
	err := tx.list(&rows, `select `+objectionColumns+` from notice_objection x where x.partnership_id = $1 and (x.created_at, x.id) < ($2, $3)
		order by x.created_at desc, x.id desc limit $4`, tx.Partnership(), at, id, req.Limit()+1)
	if err != nil {
		return page.Result[Objection]{}, err
	}
	return page.Cut(req, items(rows, objectionRow.objection), func(o Objection) []any { return []any{o.CreatedAt, o.ID} }), nil
}

// ObjectionsTo lists the objections to one approval, the first first.
func (tx *Tx) ObjectionsTo(approval ident.ID) ([]Objection, error) {
	var rows []objectionRow
	err := tx.list(&rows, `select `+objectionColumns+` from notice_objection x where x.partnership_id = $1 and x.approval_id = $2 order by x.created_at, x.id limit 50`,
		tx.Partnership(), approval)
	return items(rows, objectionRow.objection), err
}

// CountObjections counts the objections that wait for an answer.
func (tx *Tx) CountObjections() (n int, err error) {
	err = tx.get(&n, `select count(*) from (select 1 from notice_objection x where x.partnership_id = $1 and x.state = 'received' limit 1000) x`, tx.Partnership())
	return n, err
}

// AnswerObjection stores the answer under the version that was read.
func (tx *Tx) AnswerObjection(o Objection) error {
	return tx.update(`update notice_objection set state = $4, opinion = $5, answered_by = $6, answered_at = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'received'`, tx.Partnership(), o.ID, o.Version, string(o.State), o.Opinion, o.Answerer, tx.now)
}

// AskAgain puts an approval into the queue of those a person has to decide about,
// because an objection was upheld. The money stays as it is until then.
func (tx *Tx) AskAgain(a Approval) error {
	facts := a.LapsedFacts
	if a.Lapse != fund.LapseOpen {
		facts = nil
	}
	if !slices.Contains(facts, fund.BoundObjection) {
		facts = append(slices.Clone(facts), fund.BoundObjection)
	}
	names := items(facts, func(b fund.Bound) string { return string(b) })
	return tx.update(`update approval set lapse = 'open', lapsed_at = coalesce(case when lapse = 'open' then lapsed_at end, $4), lapsed_facts = $5::text[], version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'approved'`, tx.Partnership(), a.ID, a.Version, tx.now, textArray(names))
}
