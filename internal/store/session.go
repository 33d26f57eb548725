package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"reflect"
	"sync"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// SessionCodec reads what the session manager wrote; scs.GobCodec is one.
type SessionCodec interface {
	Decode([]byte) (deadline time.Time, values map[string]any, err error)
}

const (
	// sessionFresh is how long a session read once is believed without asking
	// again. A session ended by another process is over within a second.
	sessionFresh = 800 * time.Millisecond
	// sessionStep is how far the idle limit must move before it is written: the
	// session manager commits on each request, and a page should not cost a write.
	sessionStep = time.Minute
	// sessionsKept bounds the cache; beyond it what no request can still use goes.
	sessionsKept    = 10_000
	longestInFlight = time.Minute
	// sessionAccount is the value that binds a session to its account.
	sessionAccount = "account"
)

// SessionStore keeps browser sessions for the session manager (scs.CtxStore).
// The manager hashes the tokens before they come here. Its statements stand
// alone instead of in a transaction of the scope: the table belongs to nobody's
// partnership, and nobody is known yet who could act.
type SessionStore struct {
	db    *DB
	codec SessionCodec

	mu    sync.Mutex
	seen  map[string]seenSession
	swept time.Time
}

type seenSession struct {
	account ident.ID
	data    []byte
	values  map[string]any
	expires time.Time // as stored
	read    time.Time
	ended   bool // a request still under way must not bring it back by saving it
}

// NewSessionStore makes the store of sessions.
func NewSessionStore(db *DB, codec SessionCodec) *SessionStore {
	return &SessionStore{db: db, codec: codec, seen: map[string]seenSession{}}
}

// FindCtx reads a session that has not ended.
func (s *SessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	now := s.db.clock.Now()
	if e, ok := s.lookup(token); ok && !e.ended && clock.Fresh(e.read, now, sessionFresh) && now.Before(e.expires) {
		return e.data, true, nil
	}
	var row struct {
		Data    []byte    `db:"data"`
		Expires time.Time `db:"expires_at"`
	}
	err := s.db.getAlone(ctx, &row, `select data, expires_at from session where token_hash = $1 and expires_at > $2`, token, now)
	if errors.Is(err, sql.ErrNoRows) {
		if _, known := s.lookup(token); known { // made-up tokens are not worth a place
			s.end(token)
		}
		return nil, false, nil
	}
	if err != nil {
		return nil, false, mapError(ctx, err)
	}
	s.remember(token, row.Data, row.Expires)
	return row.Data, true, nil
}

// CommitCtx stores a session. When only the idle limit moved, and by little,
// nothing is written.
func (s *SessionStore) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	_, values, err := s.codec.Decode(data)
	if err != nil {
		return err
	}
	known, ok := s.lookup(token)
	// Values are compared, not bytes: the codec writes its map in any order.
	same := ok && expires.Sub(known.expires) < sessionStep && !expires.Before(known.expires) && reflect.DeepEqual(values, known.values)
	if same || known.ended {
		return nil
	}
	e := seenSession{account: accountOf(values), data: data, values: values, expires: expires, read: s.db.clock.Now()}
	query, args := `update session set account_id = $2, data = $3, expires_at = $5 where token_hash = $1 and expires_at > $4`, []any{token, nullID(e.account), data, e.read, expires}
	if !ok {
		query, args = `insert into session (token_hash, account_id, data, created_at, expires_at, id) values ($1, $2, $3, $4, $5, $6)`, append(args, ident.New())
	}
	n, err := s.db.execAlone(ctx, query, args...)
	if err != nil {
		return mapError(ctx, err)
	}
	e.ended = n == 0 // ended meanwhile by another process
	s.keep(token, e)
	return nil
}

// DeleteCtx ends a session.
func (s *SessionStore) DeleteCtx(ctx context.Context, token string) error {
	s.end(token)
	_, err := s.db.execAlone(ctx, `delete from session where token_hash = $1`, token)
	return mapError(ctx, err)
}

// Find, Commit and Delete are the forms without a context the manager's
// interface asks for; it calls the others.
func (s *SessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s *SessionStore) Commit(token string, data []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx without a context.
func (s *SessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// Forget drops what this process believes about the sessions of an account, so
// that ending them holds here at once.
func (s *SessionStore) Forget(account ident.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, e := range s.seen {
		if e.account == account {
			s.seen[token] = seenSession{ended: true, read: e.read}
		}
	}
}

// Reread makes this process ask again for the sessions of an account: some of
// them were ended.
func (s *SessionStore) Reread(account ident.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, e := range s.seen {
		if e.account == account && !e.ended {
			e.read = time.Time{}
			s.seen[token] = e
		}
	}
}

// Codec reads the values of stored sessions.
func (s *SessionStore) Codec() SessionCodec { return s.codec }

func (s *SessionStore) lookup(token string) (seenSession, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.seen[token]
	return e, ok
}

func (s *SessionStore) end(token string) {
	s.keep(token, seenSession{ended: true, read: s.db.clock.Now()})
}

func (s *SessionStore) remember(token string, data []byte, expires time.Time) {
	_, values, err := s.codec.Decode(data)
	if err != nil {
		return // unreadable sessions are the manager's to refuse
	}
	s.keep(token, seenSession{account: accountOf(values), data: data, values: values, expires: expires, read: s.db.clock.Now()})
}

func (s *SessionStore) keep(token string, e seenSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) >= sessionsKept && e.read.Sub(s.swept) > longestInFlight {
		s.swept = e.read
		for other, old := range s.seen {
			if e.read.Sub(old.read) > longestInFlight {
				delete(s.seen, other)
			}
		}
	}
	s.seen[token] = e
}

// accountOf is the account a session is bound to, nil before sign-in.
func accountOf(values map[string]any) ident.ID {
	text, _ := values[sessionAccount].(string)
	id, _ := ident.Parse(text)
	return id
}

// getAlone reads one row of a platform table in a statement of its own, without
// a scope.
func (db *DB) getAlone(ctx context.Context, dst any, query string, args ...any) error {
	s, err := db.web.stmt(ctx, query)
	if err != nil {
		return err
	}
	if s == nil {
		return db.web.db.GetContext(ctx, dst, query, args...)
	}
	return s.GetContext(ctx, dst, args...)
}

// execAlone changes a platform table in a statement of its own.
func (db *DB) execAlone(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := db.web.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	var res sql.Result
	if s == nil {
		res, err = db.web.db.ExecContext(ctx, query, args...)
	} else {
		res, err = s.ExecContext(ctx, args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// EndSessions ends all browser sessions of an account and reports how many.
func (tx *Tx) EndSessions(account ident.ID) (int64, error) {
	return tx.exec(`delete from session where account_id = $1`, account)
}

// SessionItem is a running session as its person tells it apart.
type SessionItem struct {
	ID        ident.ID
	CreatedAt time.Time
	ExpiresAt time.Time // unless it is used before
	Agent     string    // what the browser said it is
	Own       bool      // the session that asks
}

// sessionAgent is the value that keeps what the browser said at sign-in.
const sessionAgent = "agent"

// sessionHash is how the manager stores a token.
func sessionHash(token string) string {
	return base64.RawURLEncoding.EncodeToString(seal.TokenDigest(token))
}

// SessionsOf lists the running sessions of an account, the latest first; own is
// the token of the one that asks.
func (tx *Tx) SessionsOf(account ident.ID, codec SessionCodec, own string) ([]SessionItem, error) {
	var rows []struct {
		ID      ident.ID  `db:"id"`
		Hash    string    `db:"token_hash"`
		Data    []byte    `db:"data"`
		Created time.Time `db:"created_at"`
		Expires time.Time `db:"expires_at"`
	}
	err := tx.list(&rows, `select id, token_hash, data, created_at, expires_at from session where account_id = $1 and expires_at > $2
		order by expires_at desc, id limit 100`, account, tx.now)
	if err != nil {
		return nil, err
	}
	out := make([]SessionItem, len(rows))
	for i, r := range rows {
		out[i] = SessionItem{ID: r.ID, CreatedAt: r.Created.UTC(), ExpiresAt: r.Expires.UTC(), Own: r.Hash == sessionHash(own)}
		if _, values, err := codec.Decode(r.Data); err == nil {
			out[i].Agent, _ = values[sessionAgent].(string)
		}
	}
	return out, nil
}

// EndSession ends one session of an account and reports whether there was one.
func (tx *Tx) EndSession(account, id ident.ID) (bool, error) {
	n, err := tx.exec(`delete from session where account_id = $1 and id = $2`, account, id)
	return n == 1, err
}

// EndOtherSessions ends all sessions of an account but the one of a token.
func (tx *Tx) EndOtherSessions(account ident.ID, own string) (int64, error) {
	return tx.exec(`delete from session where account_id = $1 and token_hash <> $2`, account, sessionHash(own))
}

// CountSessions is the number of running sessions of an account.
func (tx *Tx) CountSessions(account ident.ID) (int, error) {
	var n int
	err := tx.get(&n, `select count(*) from session where account_id = $1 and expires_at > $2`, account, tx.now)
	return n, err
}

// SweepSessions removes sessions that ended by themselves.
func (tx *Tx) SweepSessions() (int64, error) {
	tx.NoAudit("upkeep of sessions")
	return tx.exec(`delete from session where expires_at <= $1`, tx.now)
}
