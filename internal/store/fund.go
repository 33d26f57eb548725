package store

import (
	"cmp"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Fund is a pool of money with an optional earmark.
type Fund struct {
	ID        ident.ID
	Code      string
	Name      string
	Programme procedure.Programme // empty: for every programme
	Kind      fund.FundKind
	OpenedOn  clock.Date
	ClosedOn  clock.Date // zero while open
	CreatedAt time.Time
	Version   int64

	Source     fund.SourceKind
	Hospitals  []ident.ID             // empty: for every hospital
	Categories []terminology.Category // empty: for every category
	EndsOn     clock.Date             // zero: for as long as it is open
}

// Earmark is whom the fund may help. A history fund only holds what an old
// ledger says.
func (f Fund) Earmark() fund.Earmark {
	return fund.Earmark{Kind: f.Kind, Programme: f.Programme, Hospitals: f.Hospitals, Categories: f.Categories, From: f.OpenedOn, To: f.EndsOn, Closed: !f.ClosedOn.IsZero()}
}

// FundItem is a fund with its balances.
type FundItem struct {
	Fund
	Balances fund.Balances
	Deposits int // how many came in
}

type fundRow struct {
	ID        ident.ID   `db:"id"`
	Code      string     `db:"code"`
	Name      string     `db:"name"`
	Programme string     `db:"programme"`
	Kind      string     `db:"kind"`
	OpenedOn  clock.Date `db:"opened_on"`
	ClosedOn  clock.Date `db:"closed_on"`
	CreatedAt time.Time  `db:"created_at"`
	Version   int64      `db:"version"`

	From       string         `db:"source"`
	Hospitals  pq.StringArray `db:"hospitals"`
	Categories pq.StringArray `db:"categories"`
	EndsOn     clock.Date     `db:"ends_on"`

	Source    money.Fen `db:"source_fen"`
	Available money.Fen `db:"available_fen"`
	Reserved  money.Fen `db:"reserved_fen"`
	Committed money.Fen `db:"committed_fen"`
	Paid      money.Fen `db:"paid_fen"`
	Deposits  int       `db:"deposits"`
}

func (r fundRow) item() FundItem {
	f := FundItem{Fund: Fund{Source: fund.SourceKind(r.From), EndsOn: r.EndsOn, ID: r.ID, Code: r.Code, Name: r.Name, Programme: procedure.Programme(r.Programme), Kind: fund.FundKind(r.Kind),
		OpenedOn: r.OpenedOn, ClosedOn: r.ClosedOn, CreatedAt: r.CreatedAt.UTC(), Version: r.Version},
		Balances: fund.Balances{Source: r.Source, Available: r.Available, Reserved: r.Reserved, Committed: r.Committed, Paid: r.Paid}, Deposits: r.Deposits}
	for _, h := range r.Hospitals {
		if id, err := ident.Parse(h); err == nil {
			f.Hospitals = append(f.Hospitals, id)
		}
	}
	for _, c := range r.Categories {
		f.Categories = append(f.Categories, terminology.Category(c))
	}
	return f
}

const fundColumns = `f.id, f.code, f.name, f.programme, f.kind, f.opened_on, f.closed_on, f.created_at, f.version,
	f.source, f.hospitals::text[] as hospitals, f.categories, f.ends_on`

const selectFund = `select ` + fundColumns + `, b.source_fen, b.available_fen, b.reserved_fen, b.committed_fen, b.paid_fen,
	(select count(*) from ledger_transfer t where t.partnership_id = f.partnership_id and t.fund_id = f.id and t.kind = 'deposit') as deposits
	from fund f cross join lateral (select
		coalesce(sum(l.balance_fen) filter (where l.kind = 'source'), 0)::bigint as source_fen,
		coalesce(sum(l.balance_fen) filter (where l.kind = 'available'), 0)::bigint as available_fen,
		coalesce(sum(l.balance_fen) filter (where l.kind = 'reserved'), 0)::bigint as reserved_fen,
		coalesce(sum(l.balance_fen) filter (where l.kind = 'committed'), 0)::bigint as committed_fen,
		coalesce(sum(l.balance_fen) filter (where l.kind = 'paid'), 0)::bigint as paid_fen
		from ledger_account l where l.partnership_id = f.partnership_id and l.fund_id = f.id) b `

// FundByID reads a fund with its balances.
func (tx *Tx) FundByID(id ident.ID) (FundItem, error) {
	var r fundRow
	err := tx.get(&r, selectFund+`where f.partnership_id = $1 and f.id = $2`, tx.Partnership(), id)
	return one(r.item(), err, "error.fund.missing")
}

// ListFunds lists the partnership's funds, living pools first. A partnership has
// a handful of them; the bound is there so that nothing is unbounded.
func (tx *Tx) ListFunds() ([]FundItem, error) {
	var rows []fundRow
	err := tx.list(&rows, selectFund+`where f.partnership_id = $1 order by f.kind desc, f.code limit 500`, tx.Partnership())
	return items(rows, fundRow.item), err
}

// FundChoices lists funds without any amount, for who may only choose one.
func (tx *Tx) FundChoices() ([]Fund, error) {
	var rows []fundRow
	err := tx.list(&rows, `select `+fundColumns+` from fund f where f.partnership_id = $1 order by f.kind desc, f.code limit 500`, tx.Partnership())
	return items(rows, func(r fundRow) Fund { return r.item().Fund }), err
}

// InsertFund opens a fund with its accounts at zero.
func (tx *Tx) InsertFund(f Fund) (fund.Accounts, error) {
	a := fund.Accounts{Source: ident.New(), Available: ident.New(), Reserved: ident.New(), Committed: ident.New(), Paid: ident.New()}
	_, err := tx.exec(`insert into fund (partnership_id, id, code, name, programme, kind, opened_on, created_at, created_by, source, hospitals, categories, ends_on)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::uuid[], $12::text[], $13)`, tx.Partnership(), f.ID, f.Code, f.Name, string(f.Programme), string(f.Kind), f.OpenedOn,
		tx.now, tx.who.AccountID, cmp.Or(string(f.Source), string(fund.DonorFiscal)), idArray(f.Hospitals),
		textArray(items(f.Categories, func(c terminology.Category) string { return string(c) })), f.EndsOn)
	if err != nil {
		return a, err
	}
	_, err = tx.exec(`insert into ledger_account (partnership_id, id, fund_id, kind, balance_fen)
		values ($1, $3, $2, 'source', 0), ($1, $4, $2, 'available', 0), ($1, $5, $2, 'reserved', 0), ($1, $6, $2, 'committed', 0), ($1, $7, $2, 'paid', 0)`,
		tx.Partnership(), f.ID, a.Source, a.Available, a.Reserved, a.Committed, a.Paid)
	return a, err
}

// SplitFund gives a fund lanes beside its first one, at zero; it has none yet. The
// ids grow from lane to lane and from account to account, which is the lock order.
func (tx *Tx) SplitFund(id ident.ID, lanes int) error {
	kinds := []fund.Account{fund.Available, fund.Reserved, fund.Committed, fund.Paid}
	return tx.write(`insert into ledger_account (partnership_id, id, fund_id, kind, lane, balance_fen) values `, `($1, #, $2, #, #, 0)`,
		[]any{tx.Partnership(), id}, (lanes-1)*len(kinds), func(i int) ([]any, error) {
			return []any{ident.New(), string(kinds[i%len(kinds)]), 1 + i/len(kinds)}, nil
		})
}

// BusiestFund is the pool that posted most since an instant, of those that posted
// at least so many transfers and have one lane only; false when there is none.
func (tx *Tx) BusiestFund(since time.Time, least int) (id ident.ID, ok bool, err error) {
	var ids []ident.ID
	err = tx.list(&ids, `select f.id from fund f cross join lateral (select count(*) as n from ledger_transfer t
			where t.partnership_id = f.partnership_id and t.fund_id = f.id and t.posted_at >= $2) d
		where f.partnership_id = $1 and f.kind = 'pool' and d.n >= $3
		and not exists (select 1 from ledger_account l where l.partnership_id = f.partnership_id and l.fund_id = f.id and l.kind = 'available' and l.lane = 1)
		order by d.n desc, f.id limit 1`, tx.Partnership(), since, least)
	if err != nil || len(ids) == 0 {
		return ident.Nil, false, err
	}
	return ids[0], true, nil
}

// FundParticipates lets the steward of a fund see a treatment the fund has
// posted for, with its approval and settlement.
func (tx *Tx) FundParticipates(treatment, fund ident.ID) error {
	_, err := tx.exec(`select fund_participate($1, $2)`, treatment, fund)
	return err
}

// Hold is money a fund holds for one treatment.
type Hold struct {
	Approval ident.ID
	CaseNo   string // empty where the case is not visible
	Hospital string
	Amount   money.Fen
	Since    time.Time
}

// HoldsOf lists what a fund holds, the oldest first; whoever sees the approval
// sees it. The bound is there so that nothing is unbounded.
func (tx *Tx) HoldsOf(fund ident.ID) ([]Hold, error) {
	var rows []struct {
		Approval ident.ID  `db:"approval_id"`
		CaseNo   string    `db:"case_no"`
		Hospital string    `db:"hospital_name"`
		Amount   money.Fen `db:"amount_fen"`
		Since    time.Time `db:"since"`
	}
	err := tx.list(&rows, `select l.approval_id, l.amount_fen, t.posted_at as since, coalesce(c.case_no, '') as case_no,
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = l.hospital_id) as hospital_name
		from approval_line l join ledger_transfer t on t.partnership_id = l.partnership_id and t.id = l.reserve_transfer_id
		left join (select a.partnership_id, a.id, a.case_id from approval a) a on a.partnership_id = l.partnership_id and a.id = l.approval_id
		left join (select c.partnership_id, c.id, c.case_no from casefile c) c on c.partnership_id = a.partnership_id and c.id = a.case_id
		where l.partnership_id = $1 and l.fund_id = $2 and l.hold = 'open' order by t.posted_at, l.approval_id limit 500`, tx.Partnership(), fund)
	out := make([]Hold, len(rows))
	for i, r := range rows {
		out[i] = Hold{Approval: r.Approval, CaseNo: r.CaseNo, Hospital: r.Hospital, Amount: r.Amount, Since: r.Since.UTC()}
	}
	return out, err
}

// SpentSince is what left a fund's available money for treatments since an
// instant, less what came back of it.
func (tx *Tx) SpentSince(fund ident.ID, since time.Time) (money.Fen, error) {
	var spent money.Fen
	err := tx.get(&spent, `select coalesce(-sum(e.amount_fen), 0)::bigint from ledger_transfer t
		join ledger_account l on l.partnership_id = t.partnership_id and l.fund_id = t.fund_id and l.kind = 'available'
		join ledger_entry e on e.partnership_id = t.partnership_id and e.transfer_id = t.id and e.account_id = l.id
		where t.partnership_id = $1 and t.fund_id = $2 and t.posted_at >= $3 and t.treatment_id is not null`, tx.Partnership(), fund, since)
	return spent, err
}

// NamesOf are the names of organisations, in the order of their names.
func (tx *Tx) NamesOf(organisations []ident.ID) ([]string, error) {
	if len(organisations) == 0 {
		return nil, nil
	}
	var names []string
	err := tx.list(&names, `select coalesce(nullif(o.short_name, ''), o.name) from unnest($1::uuid[]) w join organisation o on o.id = w order by 1 limit 200`, idArray(organisations))
	return names, err
}
