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
	"github.com/shanhai-health/shanhai/internal/page"
)

// FundDeposit is a deposit with an earmark or a project of its own. Its id is that
// of the transfer.
type FundDeposit struct {
	ID       ident.ID
	Fund     ident.ID
	Project  ident.ID // nil: none
	Note     string   // who gave it
	Received clock.Date
	Amount   money.Fen
	Left     money.Fen
	Earmark  fund.Earmark

	FundName    string
	ProjectName string
}

type depositRow struct {
	ID         ident.ID       `db:"id"`
	Fund       ident.ID       `db:"fund_id"`
	Project    ident.ID       `db:"project_id"`
	Note       string         `db:"note"`
	Received   clock.Date     `db:"received_on"`
	Amount     money.Fen      `db:"amount_fen"`
	Left       money.Fen      `db:"left_fen"`
	Programme  string         `db:"programme"`
	Hospitals  pq.StringArray `db:"hospitals"`
	Categories pq.StringArray `db:"categories"`
	From       clock.Date     `db:"from_on"`
	To         clock.Date     `db:"to_on"`

	FundName    string    `db:"fund_name"`
	ProjectName string    `db:"project_name"`
	Drawn       money.Fen `db:"drawn_fen"`
	Before      bool      `db:"before"`
}

func (r depositRow) deposit() FundDeposit {
	d := FundDeposit{ID: r.ID, Fund: r.Fund, Project: r.Project, Note: r.Note, Received: r.Received, Amount: r.Amount, Left: r.Left, FundName: r.FundName, ProjectName: r.ProjectName,
		Earmark: fund.Earmark{Kind: fund.Pool, Programme: procedure.Programme(r.Programme), From: r.From, To: r.To}}
	for _, h := range r.Hospitals {
		if id, err := ident.Parse(h); err == nil {
			d.Earmark.Hospitals = append(d.Earmark.Hospitals, id)
		}
	}
	for _, c := range r.Categories {
		d.Earmark.Categories = append(d.Earmark.Categories, terminology.Category(c))
	}
	return d
}

func (r depositRow) portion() fund.Portion {
	d := r.deposit()
	return fund.Portion{ID: d.ID, Name: cmp.Or(d.ProjectName, d.Note), Earmark: d.Earmark, Received: d.Received, Left: d.Left, Drawn: r.Drawn, Before: r.Before}
}

const depositColumns = `d.id, d.fund_id, d.project_id, d.note, d.received_on, d.amount_fen, d.left_fen, d.programme, d.hospitals::text[] as hospitals, d.categories, d.from_on, d.to_on,
	(select f.name from fund f where f.partnership_id = d.partnership_id and f.id = d.fund_id) as fund_name,
	coalesce((select p.name from fund_project p where p.partnership_id = d.partnership_id and p.id = d.project_id), '') as project_name`

// InsertDeposit stores what a deposit is for, beside its transfer.
func (tx *Tx) InsertDeposit(d FundDeposit) error {
	var hospitals any
	if len(d.Earmark.Hospitals) > 0 {
		hospitals = idArray(d.Earmark.Hospitals)
	}
	_, err := tx.exec(`insert into fund_deposit (partnership_id, id, fund_id, project_id, note, received_on, amount_fen, left_fen, programme, hospitals, categories, from_on, to_on,
		created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9::uuid[], $10::text[], $11, $12, $13, $14)`, tx.Partnership(), d.ID, d.Fund, nullID(d.Project),
		d.Note, d.Received, d.Amount, string(d.Earmark.Programme), hospitals, textArray(items(d.Earmark.Categories, func(c terminology.Category) string { return string(c) })),
		d.Earmark.From, d.Earmark.To, tx.now, tx.who.AccountID)
	return err
}

// maxPortions bounds the deposits of one fund that have something left.
const maxPortions = 2000

// DepositStore locks the deposits of a fund, after its accounts, and reads what is
// left of them; approval (nil: none) says for whom it is asked.
func (tx *Tx) DepositStore(fundID, approval ident.ID) (fund.Store, error) {
	s := fund.Store{Fund: fundID}
	var locked []ident.ID
	if err := tx.list(&locked, `select d.id from fund_deposit d where d.partnership_id = $1 and d.fund_id = $2 order by d.id limit $3 for update`,
		tx.Partnership(), fundID, maxPortions); err != nil || len(locked) == 0 {
		return s, err
	}
	all, err := tx.depositStores(fundID, approval)
	if s, ok := all[fundID]; ok {
		return s, err
	}
	return s, err
}

// DepositStores reads the same of all funds for display, without holding anything.
func (tx *Tx) DepositStores() (map[ident.ID]fund.Store, error) {
	return tx.depositStores(ident.Nil, ident.Nil)
}

func (tx *Tx) depositStores(fundID, approval ident.ID) (map[ident.ID]fund.Store, error) {
	var rows []depositRow
	if err := tx.list(&rows, `select `+depositColumns+`, coalesce(w.drawn, 0)::bigint as drawn_fen, w.drawn is not null as before from fund_deposit d
		left join lateral (select sum(x.amount_fen) as drawn from deposit_draw x where x.partnership_id = d.partnership_id and x.approval_id = $3 and x.deposit_id = d.id) w on true
		where d.partnership_id = $1 and ($2::uuid is null or d.fund_id = $2) and (d.left_fen > 0 or w.drawn is not null) order by d.id limit $4`,
		tx.Partnership(), nullID(fundID), nullID(approval), maxPortions); err != nil || len(rows) == 0 {
		return nil, err
	}
	var sums []struct {
		Fund ident.ID  `db:"fund_id"`
		Name string    `db:"name"`
		Sum  money.Fen `db:"sum"`
	}
	if err := tx.list(&sums, `select l.fund_id, f.name, sum(l.balance_fen)::bigint as sum from fund f join ledger_account l on l.partnership_id = f.partnership_id and l.fund_id = f.id
		and l.kind = 'available' where f.partnership_id = $1 and ($2::uuid is null or f.id = $2) group by 1, 2 order by 1 limit 500`, tx.Partnership(), nullID(fundID)); err != nil {
		return nil, err
	}
	out := map[ident.ID]fund.Store{}
	for _, r := range rows {
		s := out[r.Fund]
		s.Fund, s.Name = r.Fund, r.FundName
		s.Portions = append(s.Portions, r.portion())
		s.Common -= r.Left
		out[r.Fund] = s
	}
	for _, x := range sums {
		if s, ok := out[x.Fund]; ok {
			s.Common += x.Sum
			out[x.Fund] = s
		}
	}
	return out, nil
}

// PostForCase posts a transfer for a treatment and says which deposits pay it, or
// get back what it returns. Where a settlement is taken back (again), the case
// gets what it had, whatever its earmark says today.
func (tx *Tx) PostForCase(p Posting, again bool) error {
	if err := tx.PostTransfer(p); err != nil || p.Approval == ident.Nil {
		return err
	}
	s, err := tx.DepositStore(p.Fund, p.Approval)
	if err != nil || len(s.Portions) == 0 {
		return err
	}
	var sums struct {
		Taken money.Fen `db:"taken"`
		Held  money.Fen `db:"held"`
	}
	if err := tx.get(&sums, `select coalesce(-sum(e.amount_fen) filter (where t.id = $2), 0)::bigint as taken, coalesce(-sum(e.amount_fen), 0)::bigint as held
		from ledger_transfer t join ledger_entry e on e.partnership_id = t.partnership_id and e.transfer_id = t.id
		join ledger_account l on l.partnership_id = e.partnership_id and l.id = e.account_id and l.kind = 'available'
		where t.partnership_id = $1 and t.treatment_id = $3 and t.approval_id = $4 and t.fund_id = $5`, tx.Partnership(), p.ID, p.Treatment, p.Approval, p.Fund); err != nil {
		return err
	}
	if sums.Taken <= 0 {
		return tx.draw(p, s.GiveBack(sums.Held))
	}
	s.Common += sums.Taken // the transfer has left the account already
	for i := range s.Portions {
		s.Portions[i].Before = s.Portions[i].Before && again
	}
	t, err := tx.TreatmentByID(p.Treatment)
	if err != nil {
		return err
	}
	facts, err := tx.CareFactsOf(t, clock.Date{})
	if err != nil {
		return err
	}
	draws, err := s.Take(fund.Asked{Programme: t.Programme, Hospital: t.Hospital, Category: facts.Category, On: tx.Today(), Amount: sums.Taken})
	if err != nil {
		return err
	}
	return tx.draw(p, draws)
}

// PostFromDeposit posts a transfer that takes money of one deposit out of its
// purpose.
func (tx *Tx) PostFromDeposit(p Posting, d fund.Draw) error {
	if err := tx.PostTransfer(p); err != nil {
		return err
	}
	return tx.draw(p, []fund.Draw{d})
}

// draw notes what deposits gave for a transfer, in one round trip.
func (tx *Tx) draw(p Posting, draws []fund.Draw) error {
	if len(draws) == 0 {
		return nil
	}
	ids := items(draws, func(fund.Draw) ident.ID { return ident.New() })
	deposits := items(draws, func(d fund.Draw) ident.ID { return d.Deposit })
	amounts := make(pq.Int64Array, len(draws))
	for i, d := range draws {
		amounts[i] = int64(d.Amount)
	}
	_, err := tx.exec(`with want as (select * from unnest($2::uuid[], $3::uuid[], $4::bigint[]) w (id, deposit, amount)),
		less as (update fund_deposit d set left_fen = d.left_fen - w.amount, version = d.version + 1 from want w where d.partnership_id = $1 and d.id = w.deposit)
		insert into deposit_draw (partnership_id, id, deposit_id, fund_id, transfer_id, approval_id, treatment_id, amount_fen, created_at, created_by)
		select $1, w.id, w.deposit, $5, $6, $7::uuid, $8::uuid, w.amount, $9, $10 from want w`, tx.Partnership(), idArray(ids), idArray(deposits), amounts, p.Fund, p.ID,
		nullID(p.Approval), nullID(p.Treatment), tx.now, tx.who.AccountID)
	return err
}

// DepositFilter narrows the list of deposits to a fund or to a project.
type DepositFilter struct {
	Fund, Project ident.ID
	Funds         []ident.ID // of a project: in these funds only; nil: in all
}

// ListDeposits is a page of deposits with an earmark or a project, the latest first.
func (tx *Tx) ListDeposits(f DepositFilter, req page.Request) (page.Result[FundDeposit], error) {
	on, id := clock.MustDate(9999, 12, 31), lastID
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[FundDeposit]{}, err
	}
	of, which := "d.fund_id", f.Fund
	if f.Project != ident.Nil {
		of, which = "d.project_id", f.Project
	}
	var rows []depositRow
	err := tx.list(&rows, `select `+depositColumns+` from fund_deposit d where d.partnership_id = $1 and `+of+` = $2 and (d.received_on, d.id) < ($3, $4)
		and ($6 or d.fund_id in (select unnest($7::uuid[]))) order by d.received_on desc, d.id desc limit $5`, tx.Partnership(), which, on, id, req.Limit()+1,
		f.Funds == nil, idArray(f.Funds))
	if err != nil {
		return page.Result[FundDeposit]{}, err
	}
	return page.Cut(req, items(rows, depositRow.deposit), func(d FundDeposit) []any { return []any{d.Received, d.ID} }), nil
}

// DepositByID reads one deposit.
func (tx *Tx) DepositByID(id ident.ID) (FundDeposit, error) {
	var r depositRow
	err := tx.get(&r, `select `+depositColumns+` from fund_deposit d where d.partnership_id = $1 and d.id = $2`, tx.Partnership(), id)
	return one(r.deposit(), err, "error.fund.deposit_missing")
}

// PaidDeposit is a deposit with what a case has of it.
type PaidDeposit struct {
	FundDeposit
	Paid money.Fen
}

// DepositsOfApproval lists the deposits that pay a reduction, as far as it is not
// common money.
func (tx *Tx) DepositsOfApproval(approval ident.ID) ([]PaidDeposit, error) {
	var rows []depositRow
	err := tx.list(&rows, `select `+depositColumns+`, w.drawn as drawn_fen, true as before from fund_deposit d
		join (select x.deposit_id, sum(x.amount_fen)::bigint as drawn from deposit_draw x where x.partnership_id = $1 and x.approval_id = $2
			group by x.deposit_id having sum(x.amount_fen) > 0) w on w.deposit_id = d.id
		where d.partnership_id = $1 order by d.fund_id, d.id limit 200`, tx.Partnership(), approval)
	return items(rows, func(r depositRow) PaidDeposit { return PaidDeposit{r.deposit(), r.Drawn} }), err
}

// Drawn is what a deposit gave for a transfer, or got back.
type Drawn struct {
	ID       ident.ID
	Transfer ident.ID
	Kind     fund.Kind // of the transfer
	Approval ident.ID
	CaseNo   string // empty where the case is not visible
	Amount   money.Fen
	At       time.Time
}

// ListDrawn is a page of what a deposit gave, the latest first.
func (tx *Tx) ListDrawn(deposit ident.ID, req page.Request) (page.Result[Drawn], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Drawn]{}, err
	}
	var rows []struct {
		ID       ident.ID  `db:"id"`
		Transfer ident.ID  `db:"transfer_id"`
		Kind     string    `db:"kind"`
		Approval ident.ID  `db:"approval_id"`
		CaseNo   string    `db:"case_no"`
		Amount   money.Fen `db:"amount_fen"`
		At       time.Time `db:"created_at"`
	}
	err := tx.list(&rows, `select x.id, x.transfer_id, x.approval_id, x.amount_fen, x.created_at,
		(select t.kind from ledger_transfer t where t.partnership_id = x.partnership_id and t.id = x.transfer_id) as kind,
		coalesce((select c.case_no from treatment t join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
			where t.partnership_id = x.partnership_id and t.id = x.treatment_id), '') as case_no
		from deposit_draw x where x.partnership_id = $1 and x.deposit_id = $2 and (x.created_at, x.id) < ($3, $4)
		order by x.created_at desc, x.id desc limit $5`, tx.Partnership(), deposit, at, id, req.Limit()+1)
	if err != nil {
		return page.Result[Drawn]{}, err
	}
	out := make([]Drawn, len(rows))
	for i, r := range rows {
		out[i] = Drawn{ID: r.ID, Transfer: r.Transfer, Kind: fund.Kind(r.Kind), Approval: r.Approval, CaseNo: r.CaseNo, Amount: r.Amount, At: r.At.UTC()}
	}
	return page.Cut(req, out, func(d Drawn) []any { return []any{d.At, d.ID} }), nil
}

// MadeDraw is a draw that somebody made at another time.
type MadeDraw struct {
	fund.Draw
	ID                                  ident.ID
	Fund, Transfer, Approval, Treatment ident.ID
	Made
}

// WriteDraws writes draws of a ledger that was written in one go.
func (tx *Tx) WriteDraws(list []MadeDraw) error {
	if len(list) == 0 {
		return nil
	}
	ids := func(of func(MadeDraw) ident.ID) pq.StringArray { return idArray(items(list, of)) }
	amounts := make(pq.Int64Array, len(list))
	for i, d := range list {
		amounts[i] = int64(d.Amount)
	}
	_, err := tx.exec(`with want as (select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::bigint[], $9::timestamptz[], $10::uuid[])
			w (id, deposit, fund, transfer, approval, treatment, amount, at, by)),
		less as (update fund_deposit d set left_fen = d.left_fen - w.amount from (select deposit, sum(amount)::bigint as amount from want group by deposit) w
			where d.partnership_id = $1 and d.id = w.deposit)
		insert into deposit_draw (partnership_id, id, deposit_id, fund_id, transfer_id, approval_id, treatment_id, amount_fen, created_at, created_by)
		select $1, w.id, w.deposit, w.fund, w.transfer, w.approval, w.treatment, w.amount, w.at, w.by from want w`, tx.Partnership(),
		ids(func(d MadeDraw) ident.ID { return d.ID }), ids(func(d MadeDraw) ident.ID { return d.Deposit }), ids(func(d MadeDraw) ident.ID { return d.Fund }),
		ids(func(d MadeDraw) ident.ID { return d.Transfer }), ids(func(d MadeDraw) ident.ID { return d.Approval }), ids(func(d MadeDraw) ident.ID { return d.Treatment }),
		amounts, textArray(items(list, func(d MadeDraw) string { return d.At.UTC().Format(time.RFC3339Nano) })), ids(func(d MadeDraw) ident.ID { return d.By }))
	return err
}
