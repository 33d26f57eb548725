package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// FundMove is money that changes its purpose, as it is stored.
type FundMove struct {
	fund.Move
	ID        ident.ID
	Out, In   ident.ID // transfers; nil until it is done
	CreatedAt time.Time
	Version   int64

	FromName, ToName, DepositName        string
	RequesterName, FirstName, SecondName string
}

type fundMoveRow struct {
	ID        ident.ID  `db:"id"`
	Kind      string    `db:"kind"`
	From      ident.ID  `db:"from_fund_id"`
	To        ident.ID  `db:"to_fund_id"`
	Deposit   ident.ID  `db:"deposit_id"`
	Amount    money.Fen `db:"amount_fen"`
	Rule      string    `db:"rule"`
	Reason    string    `db:"reason"`
	State     string    `db:"state"`
	First     ident.ID  `db:"first_by"`
	Second    ident.ID  `db:"second_by"`
	Opinion   string    `db:"opinion"`
	Out       ident.ID  `db:"out_transfer_id"`
	In        ident.ID  `db:"in_transfer_id"`
	CreatedAt time.Time `db:"created_at"`
	CreatedBy ident.ID  `db:"created_by"`
	Version   int64     `db:"version"`

	FromName   string `db:"from_name"`
	ToName     string `db:"to_name"`
	OfDeposit  string `db:"deposit_name"`
	Requester  string `db:"requester_name"`
	FirstName  string `db:"first_name"`
	SecondName string `db:"second_name"`
}

func (r fundMoveRow) move() FundMove {
	return FundMove{Move: fund.Move{Kind: fund.MoveKind(r.Kind), From: r.From, To: r.To, Deposit: r.Deposit, Amount: r.Amount, Rule: r.Rule, Reason: r.Reason, State: fund.MoveState(r.State),
		Requester: r.CreatedBy, First: r.First, Second: r.Second, Opinion: r.Opinion}, ID: r.ID, Out: r.Out, In: r.In, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
		FromName: r.FromName, ToName: r.ToName, DepositName: r.OfDeposit, RequesterName: r.Requester, FirstName: r.FirstName, SecondName: r.SecondName}
}

const selectFundMove = `select m.id, m.kind, m.from_fund_id, m.to_fund_id, m.deposit_id, m.amount_fen, m.rule, m.reason, m.state, m.first_by, m.second_by, m.opinion, m.out_transfer_id,
	m.in_transfer_id, m.created_at, m.created_by, m.version, f.name as from_name, coalesce(g.name, '') as to_name,
	coalesce((select coalesce(p.name, d.note) from fund_deposit d left join fund_project p on p.partnership_id = d.partnership_id and p.id = d.project_id
		where d.partnership_id = m.partnership_id and d.id = m.deposit_id), '') as deposit_name,
	coalesce((select u.display_name from account u where u.id = m.created_by), '') as requester_name,
	coalesce((select u.display_name from account u where u.id = m.first_by), '') as first_name,
	coalesce((select u.display_name from account u where u.id = m.second_by), '') as second_name
	from fund_move m join fund f on f.partnership_id = m.partnership_id and f.id = m.from_fund_id
	left join fund g on g.partnership_id = m.partnership_id and g.id = m.to_fund_id `

// FundMoveByID reads one move.
func (tx *Tx) FundMoveByID(id ident.ID) (FundMove, error) {
	var r fundMoveRow
	err := tx.get(&r, selectFundMove+`where m.partnership_id = $1 and m.id = $2`, tx.Partnership(), id)
	return one(r.move(), err, "error.fund.move_missing")
}

// ListFundMoves is a page of moves, the latest first; with funds, those that touch
// one of them.
func (tx *Tx) ListFundMoves(funds []ident.ID, req page.Request) (page.Result[FundMove], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[FundMove]{}, err
	}
	var rows []fundMoveRow
	err := tx.list(&rows, selectFundMove+`where m.partnership_id = $1 and (m.created_at, m.id) < ($2, $3)
		and ($5 or exists (select 1 from unnest($6::uuid[]) w where w = m.from_fund_id or w = m.to_fund_id))
		order by m.created_at desc, m.id desc limit $4`, tx.Partnership(), at, id, req.Limit()+1, funds == nil, idArray(funds))
	if err != nil {
		return page.Result[FundMove]{}, err
	}
	return page.Cut(req, items(rows, fundMoveRow.move), func(m FundMove) []any { return []any{m.CreatedAt, m.ID} }), nil
}

// InsertFundMove stores a move that was asked for.
func (tx *Tx) InsertFundMove(m FundMove) error {
	_, err := tx.exec(`insert into fund_move (partnership_id, id, kind, from_fund_id, to_fund_id, amount_fen, rule, reason, state, created_at, created_by, deposit_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, tx.Partnership(), m.ID, string(m.Kind), m.From, nullID(m.To), m.Amount, m.Rule, m.Reason, string(m.State),
		tx.now, tx.who.AccountID, nullID(m.Deposit))
	return err
}

// DecideFundMove stores a signature or a refusal under the version that was read.
func (tx *Tx) DecideFundMove(m FundMove) error {
	return tx.update(`update fund_move set state = $4, first_by = $5, second_by = $6, opinion = $7, out_transfer_id = $8, in_transfer_id = $9,
		first_at = case when first_by is null and $5::uuid is not null then $10 else first_at end, second_at = case when $6::uuid is not null then $10 end,
		version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), m.ID, m.Version, string(m.State), nullID(m.First), nullID(m.Second),
		m.Opinion, nullID(m.Out), nullID(m.In), tx.now)
}
