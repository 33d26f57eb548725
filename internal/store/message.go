package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// MessageItem is a message with the name of whoever caused it.
type MessageItem struct {
	message.Message
	From string
}

type messageRow struct {
	ID        ident.ID   `db:"id"`
	To        ident.ID   `db:"account_id"`
	Kind      string     `db:"kind"`
	Object    string     `db:"object_kind"`
	About     ident.ID   `db:"object_id"`
	CaseNo    string     `db:"case_no"`
	Note      string     `db:"note"`
	Count     int        `db:"count"`
	ReadAt    *time.Time `db:"read_at"`
	CreatedAt time.Time  `db:"created_at"`
	CreatedBy ident.ID   `db:"created_by"`
	Version   int64      `db:"version"`
	From      string     `db:"from_name"`
}

func (r messageRow) item() MessageItem {
	m := MessageItem{From: r.From, Message: message.Message{ID: r.ID, To: r.To, Kind: message.Kind(r.Kind), Object: message.Object(r.Object), About: r.About,
		CaseNo: r.CaseNo, Note: r.Note, Count: r.Count, At: r.CreatedAt.UTC(), By: r.CreatedBy, Version: r.Version}}
	if r.ReadAt != nil {
		m.ReadAt = r.ReadAt.UTC()
	}
	return m
}

const selectMessage = `select m.id, m.account_id, m.kind, m.object_kind, m.object_id, m.case_no, m.note, m.count, m.read_at, m.created_at, m.created_by, m.version,
	coalesce((select a.display_name from account a where a.id = m.created_by), '') as from_name from message m `

// Tell leaves a message for an account, in the transaction of what it is about:
// one commits with the other. Nobody is told what they did themselves, and jobs
// read no messages. The announced event says who was told.
func (tx *Tx) Tell(m message.Message) error {
	if m.To == ident.Nil || m.To == tx.who.AccountID {
		return nil
	}
	n, err := tx.exec(`insert into message (partnership_id, id, account_id, kind, object_kind, object_id, case_no, note, count, created_at, created_by)
		select $1, $2, a.id, $4, $5, $6, $7, $8, $9, $10, $11 from account a where a.id = $3 and a.disabled_at is null`, tx.Partnership(), ident.New(), m.To,
		string(m.Kind), string(m.Object), m.About, m.CaseNo, m.Note, m.Count, tx.now, tx.who.AccountID)
	if err == nil && n > 0 {
		tx.Amend("told", m.To.String())
	}
	return err
}

// ListMessages is a page of the caller's own messages, the latest first.
func (tx *Tx) ListMessages(unread bool, req page.Request) (page.Result[MessageItem], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[MessageItem]{}, err
	}
	only := ``
	if unread {
		only = ` and m.read_at is null`
	}
	var rows []messageRow
	err := tx.list(&rows, selectMessage+`where m.partnership_id = $1 and m.account_id = $2 and (m.created_at, m.id) < ($3, $4)`+only+
		` order by m.created_at desc, m.id desc limit $5`, tx.Partnership(), tx.who.AccountID, at, id, req.Limit()+1)
	if err != nil {
		return page.Result[MessageItem]{}, err
	}
	return page.Cut(req, items(rows, messageRow.item), func(m MessageItem) []any { return []any{m.At, m.ID} }), nil
}

// OwnMessage reads one message of the caller's; somebody else's does not exist.
func (tx *Tx) OwnMessage(id ident.ID) (MessageItem, error) {
	var r messageRow
	err := tx.get(&r, selectMessage+`where m.partnership_id = $1 and m.id = $2 and m.account_id = $3`, tx.Partnership(), id, tx.who.AccountID)
	return one(r.item(), err, "error.message.missing")
}

// ReadMessages marks own messages as read and reports how many were not.
func (tx *Tx) ReadMessages(ids []ident.ID) (int64, error) {
	return tx.exec(`update message set read_at = $4, version = version + 1 where partnership_id = $1 and account_id = $2 and id = any ($3::uuid[]) and read_at is null`,
		tx.Partnership(), tx.who.AccountID, idArray(ids), tx.now)
}

// UnreadMessages puts own messages that were marked as read back among the unread.
func (tx *Tx) UnreadMessages(ids []ident.ID) (int64, error) {
	return tx.exec(`update message set read_at = null, version = version + 1 where partnership_id = $1 and account_id = $2 and id = any ($3::uuid[]) and read_at is not null`,
		tx.Partnership(), tx.who.AccountID, idArray(ids))
}

// unreadMost ends the counter beside the bell.
const unreadMost = 100

// CountUnread is how many own messages are unread, up to a hundred.
func (tx *Tx) CountUnread() (n int, err error) {
	err = tx.get(&n, `select count(*)::int from (select 1 from message m where m.partnership_id = $1 and m.account_id = $2 and m.read_at is null limit $3) x`,
		tx.Partnership(), tx.who.AccountID, unreadMost)
	return n, err
}
