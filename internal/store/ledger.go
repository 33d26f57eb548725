package store

import (
	"bytes"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Posting is a transfer with what it belongs to. What it is for was decided by
// domain/fund on balances read with [Tx.Books].
type Posting struct {
	fund.Transfer
	Fund      ident.ID
	Treatment ident.ID // nil for deposits
	Approval  ident.ID
	Batch     ident.ID
	Note      string
}

// PostTransfer writes a transfer and moves the balances, in one round trip. The
// accounts are touched in the order of their ids; a balance below zero fails on
// the constraint, whatever was decided before.
func (tx *Tx) PostTransfer(p Posting) error {
	if err := p.Validate(); err != nil {
		return err
	}
	entries := slices.Clone(p.Entries)
	slices.SortFunc(entries, func(a, b fund.Entry) int { return bytes.Compare(a.AccountID[:], b.AccountID[:]) })
	accounts, amounts := make([]ident.ID, len(entries)), make(pq.Int64Array, len(entries))
	for i, e := range entries {
		accounts[i], amounts[i] = e.AccountID, int64(e.Amount)
	}
	_, err := tx.exec(`select ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::uuid[], $14::bigint[])`,
		tx.Partnership(), p.ID, p.Fund, string(p.Kind), nullID(p.Treatment), nullID(p.Approval), nullID(p.Reverses), nullID(p.Batch),
		p.EffectiveOn, tx.now, tx.who.AccountID, p.Note, idArray(accounts), amounts)
	return err
}

type bookRow struct {
	Fund    ident.ID  `db:"fund_id"`
	Name    string    `db:"name"`
	ID      ident.ID  `db:"id"`
	Kind    string    `db:"kind"`
	Lane    int       `db:"lane"`
	Balance money.Fen `db:"balance_fen"`
}

const selectBook = `select l.fund_id, f.name, l.id, l.kind, l.lane, l.balance_fen from unnest($2::uuid[]) want
	join ledger_account l on l.partnership_id = $1 and l.fund_id = want
	join fund f on f.partnership_id = l.partnership_id and f.id = l.fund_id`

// Books locks the accounts of funds in the order of their ids, across all of
// them, and reads the balances. It comes after the treatment was locked and
// directly before the posting: the accounts of a busy fund are the hot rows.
func (tx *Tx) Books(funds ...ident.ID) (map[ident.ID]fund.Book, error) {
	return tx.books(selectBook+` order by l.id for update of l`, funds)
}

// ReservingBooks is Books for a reservation. Of a split fund it takes one lane that
// nobody holds and that has the amount, and answers with a book of that lane alone,
// so that reservations at the same time do not wait for each other. When others
// hold every lane it waits for one, with nothing of the ledger held meanwhile, so
// that it is never a part of a circle of waiting transactions: of two that wait
// each holds nothing. (To lock all accounts instead would stop the whole fund for
// one reservation.) Only when no single lane has enough, or several funds share the
// reservation, the accounts are locked as always: the fund's sum decides.
func (tx *Tx) ReservingBooks(amount money.Fen, funds ...ident.ID) (map[ident.ID]fund.Book, error) {
	if len(funds) != 1 {
		return tx.Books(funds...)
	}
	if _, err := tx.exec(`savepoint lane`); err != nil {
		return nil, err
	}
	free, split, err := tx.freeLane(amount, funds[0])
	if err == nil && split && free == nil {
		free, err = tx.awaitLane(amount, funds[0])
	}
	if err != nil {
		return nil, err
	}
	if free == nil {
		return tx.Books(funds...)
	}
	return map[ident.ID]fund.Book{funds[0]: *free}, nil
}

// laneRow is a lane that was taken; Split says whether the fund has several.
type laneRow struct {
	Split     bool      `db:"split"`
	Fund      ident.ID  `db:"fund_id"` // nil: no lane was taken
	Name      string    `db:"name"`
	Available ident.ID  `db:"available_id"`
	Reserved  ident.ID  `db:"reserved_id"`
	Committed ident.ID  `db:"committed_id"`
	Balance   money.Fen `db:"balance_fen"`
}

func (r laneRow) book() *fund.Book {
	if r.Fund == ident.Nil {
		return nil
	}
	return &fund.Book{Fund: r.Fund, Name: r.Name, Accounts: fund.Accounts{Available: r.Available, Reserved: r.Reserved, Committed: r.Committed},
		Balances: fund.Balances{Available: r.Balance}}
}

const selectLane = `select l.fund_id, f.name, l.id as available_id, l.balance_fen, r.id as reserved_id, c.id as committed_id from ledger_account l
	join ledger_account r on r.partnership_id = l.partnership_id and r.fund_id = l.fund_id and r.kind = 'reserved' and r.lane = l.lane
	join ledger_account c on c.partnership_id = l.partnership_id and c.fund_id = l.fund_id and c.kind = 'committed' and c.lane = l.lane
	join fund f on f.partnership_id = l.partnership_id and f.id = l.fund_id
	where l.partnership_id = $1 and l.fund_id = $2 and l.kind = 'available' and l.balance_fen >= $3`

// freeLane takes a lane without waiting, and says whether the fund is split.
func (tx *Tx) freeLane(amount money.Fen, id ident.ID) (*fund.Book, bool, error) {
	var r laneRow
	err := tx.get(&r, `select s.split, x.fund_id, coalesce(x.name, '') as name, x.available_id, coalesce(x.balance_fen, 0) as balance_fen, x.reserved_id, x.committed_id
		from (select exists (select 1 from ledger_account m where m.partnership_id = $1 and m.fund_id = $2 and m.kind = 'available' and m.lane = 1) as split) s
		left join lateral (`+selectLane+` and s.split order by l.lane limit 1 for update of l skip locked) x on true`, tx.Partnership(), id, amount)
	return r.book(), r.Split, err
}

// awaitLane waits for one lane, each transaction for another. A lane that was spent
// between being found and being locked stays locked, although no query answers with
// it; it is let go before the wait and again after it, so that nothing is held by
// who waits, or when all accounts are locked in their order.
func (tx *Tx) awaitLane(amount money.Fen, id ident.ID) (*fund.Book, error) {
	if _, err := tx.exec(`rollback to savepoint lane`); err != nil {
		return nil, err
	}
	turn := ident.New()
	var rows []laneRow
	err := tx.list(&rows, selectLane+` and l.lane = (select m.lane from ledger_account m where m.partnership_id = $1 and m.fund_id = $2 and m.kind = 'available'
		and m.balance_fen >= $3 order by (m.lane + $4) % $5, m.lane limit 1) limit 1 for update of l`, tx.Partnership(), id, amount, int(turn[len(turn)-1]), fund.MaxLanes)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		_, err = tx.exec(`rollback to savepoint lane`)
		return nil, err
	}
	return rows[0].book(), nil
}

// LookBooks reads balances for display, without holding anything.
func (tx *Tx) LookBooks(funds ...ident.ID) (map[ident.ID]fund.Book, error) {
	return tx.books(selectBook, funds)
}

func (tx *Tx) books(query string, funds []ident.ID) (map[ident.ID]fund.Book, error) {
	var rows []bookRow
	if err := tx.list(&rows, query, tx.Partnership(), idArray(distinct(funds))); err != nil {
		return nil, err
	}
	lanes := map[ident.ID]*[fund.MaxLanes]fund.Lane{}
	out := map[ident.ID]fund.Book{}
	for _, r := range rows {
		if lanes[r.Fund] == nil {
			lanes[r.Fund] = &[fund.MaxLanes]fund.Lane{}
		}
		lanes[r.Fund][r.Lane].Put(fund.Account(r.Kind), r.ID, r.Balance)
		out[r.Fund] = fund.Book{Fund: r.Fund, Name: r.Name}
	}
	for id, b := range out {
		out[id] = b.With(*lanes[id])
	}
	for _, id := range funds {
		if _, ok := out[id]; !ok {
			return nil, errs.Missing("error.fund.missing")
		}
	}
	return out, nil
}

func distinct(ids []ident.ID) []ident.ID {
	out := slices.Clone(ids)
	slices.SortFunc(out, func(a, b ident.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(out)
}

// LedgerLine is a transfer as the list of a fund shows it.
type LedgerLine struct {
	ID          ident.ID
	Kind        fund.Kind
	EffectiveOn clock.Date
	PostedAt    time.Time
	PostedBy    string // display name; the name of the job for a job
	Note        string
	Treatment   ident.ID
	Approval    ident.ID
	CaseNo      string // empty where the case is not visible
	Reverses    ident.ID
	ReversesAs  fund.Kind // kind of the reversed transfer
	Reversed    bool      // another transfer took it back
	Amount      money.Fen // what was moved
	Change      money.Fen // of the money available
	Available   money.Fen // after it; only with Known
	Known       bool
}

type ledgerRow struct {
	ID         ident.ID   `db:"id"`
	Kind       string     `db:"kind"`
	On         clock.Date `db:"effective_on"`
	At         time.Time  `db:"posted_at"`
	By         string     `db:"posted_name"`
	Note       string     `db:"note"`
	Treatment  ident.ID   `db:"treatment_id"`
	Approval   ident.ID   `db:"approval_id"`
	CaseNo     string     `db:"case_no"`
	Reverses   ident.ID   `db:"reverses_id"`
	ReversesAs string     `db:"reverses_kind"`
	Reversed   bool       `db:"reversed"`
	Amount     money.Fen  `db:"amount_fen"`
	Change     money.Fen  `db:"change_fen"`
	Available  *money.Fen `db:"available_fen"`
}

func (r ledgerRow) line() LedgerLine {
	l := LedgerLine{ID: r.ID, Kind: fund.Kind(r.Kind), EffectiveOn: r.On, PostedAt: r.At.UTC(), PostedBy: r.By, Note: r.Note, Treatment: r.Treatment,
		Approval: r.Approval, CaseNo: r.CaseNo, Reverses: r.Reverses, ReversesAs: fund.Kind(r.ReversesAs), Reversed: r.Reversed, Amount: r.Amount, Change: r.Change}
	if r.Available != nil {
		l.Available, l.Known = *r.Available, true
	}
	return l
}

// selectLedger: the amount of a transfer is the sum of what came in anywhere, that
// of a settlement what it committed: what it did not need of its hold moved as
// well, and is the change of the money available. A transfer that leaves the money available alone keeps the balance unknown, and so
// do those of a split fund, whose lanes move at the same time.
const selectLedger = `select t.id, t.kind, t.effective_on, t.posted_at, t.note, t.treatment_id, t.approval_id, t.reverses_id,
	coalesce((select a.display_name from account a where a.id = t.posted_by), '') as posted_name,
	coalesce((select c.case_no from treatment x join casefile c on c.partnership_id = x.partnership_id and c.id = x.case_id
		where x.partnership_id = t.partnership_id and x.id = t.treatment_id), '') as case_no,
	coalesce((select o.kind from ledger_transfer o where o.partnership_id = t.partnership_id and o.id = t.reverses_id), '') as reverses_kind,
	coalesce((select true from ledger_transfer o where o.partnership_id = t.partnership_id and o.reverses_id = t.id limit 1), false) as reversed,
	case when 'commit' in (t.kind, (select o.kind from ledger_transfer o where o.partnership_id = t.partnership_id and o.id = t.reverses_id)) then abs(` + committedFen + `)
		else (select coalesce(sum(e.amount_fen), 0)::bigint from ledger_entry e where e.partnership_id = t.partnership_id and e.transfer_id = t.id and e.amount_fen > 0) end as amount_fen,
	v.change_fen, v.available_fen
	from ledger_transfer t cross join lateral (select coalesce(sum(e.amount_fen), 0)::bigint as change_fen,
		case when max(w.lane) = 0 then min(e.balance_fen) end as available_fen
		from ledger_account l join ledger_entry e on e.partnership_id = l.partnership_id and e.transfer_id = t.id and e.account_id = l.id
		cross join lateral (select max(m.lane) as lane from ledger_account m where m.partnership_id = t.partnership_id and m.fund_id = t.fund_id and m.kind = 'available') w
		where l.partnership_id = t.partnership_id and l.fund_id = t.fund_id and l.kind = 'available') v `

// LedgerFilter narrows a fund's list of transfers.
type LedgerFilter struct {
	Fund ident.ID
	Kind fund.Kind // empty: all
}

// ListLedger is a page of a fund's transfers, the latest first.
func (tx *Tx) ListLedger(f LedgerFilter, req page.Request) (page.Result[LedgerLine], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[LedgerLine]{}, err
	}
	var rows []ledgerRow
	err := tx.list(&rows, selectLedger+`where t.partnership_id = $1 and t.fund_id = $2 and (t.posted_at, t.id) < ($3, $4) and ($5 = '' or t.kind = $5)
		order by t.posted_at desc, t.id desc limit $6`, tx.Partnership(), f.Fund, at, id, string(f.Kind), req.Limit()+1)
	if err != nil {
		return page.Result[LedgerLine]{}, err
	}
	return page.Cut(req, items(rows, ledgerRow.line), func(l LedgerLine) []any { return []any{l.PostedAt, l.ID} }), nil
}

// endOfTime is after every instant a row can carry.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// TransferByID reads a transfer with its entries and fund.
func (tx *Tx) TransferByID(id ident.ID) (Posting, error) {
	list, err := tx.postings(`t.id = $2`, id)
	if err == nil && len(list) == 0 {
		err = errs.Missing("error.transfer.missing")
	}
	if err != nil {
		return Posting{}, err
	}
	return list[0], nil
}

// Standing lists the transfers an approval caused that nothing took back, in the
// order they were posted. Of those that were taken back there may be any number: they
// are left out before they are read.
func (tx *Tx) Standing(approval, treatment ident.ID) ([]Posting, error) {
	return tx.postings(`t.treatment_id = $2 and t.approval_id = $3 and t.kind <> 'reversal'
		and not exists (select 1 from ledger_transfer r where r.partnership_id = $1 and r.reverses_id = t.id)`, treatment, approval)
}

// transferOrder is a transfer as it is stored.
type transferOrder struct {
	ID        ident.ID       `db:"id"`
	Fund      ident.ID       `db:"fund_id"`
	Kind      string         `db:"kind"`
	Treatment ident.ID       `db:"treatment_id"`
	Approval  ident.ID       `db:"approval_id"`
	Reverses  ident.ID       `db:"reverses_id"`
	On        clock.Date     `db:"effective_on"`
	Note      string         `db:"note"`
	Accounts  pq.StringArray `db:"accounts"`
	Amounts   pq.Int64Array  `db:"amounts"`
	Seqs      pq.Int64Array  `db:"seqs"` // places in the lives of the accounts
}

// after reports whether a transfer was posted after another one: on an account
// they share it has the later place. A clock that was put back cannot say so.
func (r transferOrder) after(o transferOrder) bool {
	for i, a := range r.Accounts {
		if j := slices.Index(o.Accounts, a); j >= 0 && r.Seqs[i] != o.Seqs[j] {
			return r.Seqs[i] > o.Seqs[j]
		}
	}
	return false
}

// asPosted puts transfers in the order they were posted in: whatever undoes them
// goes the same way back, and a commitment cannot be taken back after the
// reservation it came from. Transfers that share no account keep their order.
func asPosted(rows []transferOrder) []transferOrder {
	out := make([]transferOrder, 0, len(rows))
	for left := slices.Clone(rows); len(left) > 0; {
		next := max(0, slices.IndexFunc(left, func(r transferOrder) bool { return !slices.ContainsFunc(left, r.after) }))
		out = append(out, left[next])
		left = slices.Delete(left, next, next+1)
	}
	return out
}

func (tx *Tx) postings(where string, ids ...any) ([]Posting, error) {
	var rows []transferOrder
	err := tx.list(&rows, `select t.id, t.fund_id, t.kind, t.treatment_id, t.approval_id, t.reverses_id, t.effective_on, t.note,
		array(select e.account_id::text from ledger_entry e where e.partnership_id = t.partnership_id and e.transfer_id = t.id order by e.account_id) as accounts,
		array(select e.amount_fen from ledger_entry e where e.partnership_id = t.partnership_id and e.transfer_id = t.id order by e.account_id) as amounts,
		array(select e.seq from ledger_entry e where e.partnership_id = t.partnership_id and e.transfer_id = t.id order by e.account_id) as seqs
		from ledger_transfer t where t.partnership_id = $1 and `+where+` order by t.posted_at, t.id limit 500`, append([]any{tx.Partnership()}, ids...)...)
	if err != nil {
		return nil, err
	}
	rows = asPosted(rows)
	out := make([]Posting, len(rows))
	for i, r := range rows {
		t := fund.Transfer{ID: r.ID, Kind: fund.Kind(r.Kind), EffectiveOn: r.On, Reverses: r.Reverses}
		for j, a := range r.Accounts {
			account, err := ident.Parse(a)
			if err != nil {
				return nil, err
			}
			t.Entries = append(t.Entries, fund.Entry{AccountID: account, Amount: money.Fen(r.Amounts[j])})
		}
		out[i] = Posting{Transfer: t, Fund: r.Fund, Treatment: r.Treatment, Approval: r.Approval, Note: r.Note}
	}
	return out, nil
}
