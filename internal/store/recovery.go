package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Recovery is a finding as it is stored. What came back is read from the ledger.
type Recovery struct {
	payout.Recovery
	ID        ident.ID
	Payable   ident.ID
	Fund      ident.ID
	Treatment ident.ID
	Approval  ident.ID // whose money was wrongly paid; nil: of a ledger without approvals
	Hospital  ident.ID
	CreatedAt time.Time
	Version   int64

	FundName, HospitalName      string
	CaseNo, PersonName          string
	ByName, OffName, SecondName string
}

type recoveryRow struct {
	ID           ident.ID  `db:"id"`
	Payable      ident.ID  `db:"payable_id"`
	Fund         ident.ID  `db:"fund_id"`
	Treatment    ident.ID  `db:"treatment_id"`
	Approval     ident.ID  `db:"approval_id"`
	Hospital     ident.ID  `db:"hospital_id"`
	Debtor       string    `db:"debtor"`
	Source       string    `db:"source"`
	Reason       string    `db:"reason"`
	Amount       money.Fen `db:"amount_fen"`
	Recovered    money.Fen `db:"recovered_fen"`
	State        string    `db:"state"`
	OffBy        ident.ID  `db:"off_by"`
	OffReason    string    `db:"off_reason"`
	OffConfirmed ident.ID  `db:"off_confirmed_by"`
	CreatedAt    time.Time `db:"created_at"`
	Version      int64     `db:"version"`

	FundName     string `db:"fund_name"`
	HospitalName string `db:"hospital_name"`
	CaseNo       string `db:"case_no"`
	PersonName   string `db:"person_name"`
	ByName       string `db:"by_name"`
	OffName      string `db:"off_name"`
	OffOKdName   string `db:"off_ok_name"`
}

func (r recoveryRow) recovery() Recovery {
	return Recovery{Recovery: payout.Recovery{Debtor: payout.Payee(r.Debtor), Source: payout.FindingSource(r.Source), Reason: r.Reason, Amount: r.Amount, Recovered: r.Recovered,
		State: payout.RecoveryState(r.State), OffBy: r.OffBy, OffReason: r.OffReason, OffConfirmed: r.OffConfirmed}, ID: r.ID, Payable: r.Payable, Fund: r.Fund,
		Treatment: r.Treatment, Approval: r.Approval, Hospital: r.Hospital, CreatedAt: r.CreatedAt.UTC(), Version: r.Version, FundName: r.FundName, HospitalName: r.HospitalName, CaseNo: r.CaseNo,
		PersonName: r.PersonName, ByName: r.ByName, OffName: r.OffName, SecondName: r.OffOKdName}
}

// standing says which receipts count: those whose transfer was not reversed.
const standingReceipt = `not exists (select 1 from ledger_transfer z where z.partnership_id = c.partnership_id and z.reverses_id = c.transfer_id)`

const selectRecovery = `select v.id, v.payable_id, v.fund_id, v.treatment_id, v.hospital_id, v.debtor, v.source, v.reason, v.amount_fen, v.state, v.off_by, v.off_reason,
	v.off_confirmed_by, v.created_at, v.version,
	coalesce((select sum(c.amount_fen) from recovery_receipt c left join (select z.partnership_id, z.reverses_id from ledger_transfer z) z
		on z.partnership_id = c.partnership_id and z.reverses_id = c.transfer_id where c.partnership_id = v.partnership_id and c.recovery_id = v.id and z.reverses_id is null), 0)::bigint as recovered_fen,
	(select t.approval_id from ledger_transfer t where t.partnership_id = v.partnership_id and t.id = v.payable_id) as approval_id,
	(select f.name from fund f where f.partnership_id = v.partnership_id and f.id = v.fund_id) as fund_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = v.hospital_id) as hospital_name,
	coalesce((select c.case_no from treatment x join casefile c on c.partnership_id = x.partnership_id and c.id = x.case_id
		where x.partnership_id = v.partnership_id and x.id = v.treatment_id), '') as case_no,
	coalesce((select n.name from treatment x join person n on n.partnership_id = x.partnership_id and n.id = x.person_id
		where x.partnership_id = v.partnership_id and x.id = v.treatment_id), '') as person_name,
	coalesce((select u.display_name from account u where u.id = v.created_by), '') as by_name,
	coalesce((select u.display_name from account u where u.id = v.off_by), '') as off_name,
	coalesce((select u.display_name from account u where u.id = v.off_confirmed_by), '') as off_ok_name from recovery v `

// RecoveryByID reads one finding.
func (tx *Tx) RecoveryByID(id ident.ID) (Recovery, error) {
	var r recoveryRow
	err := tx.get(&r, selectRecovery+`where v.partnership_id = $1 and v.id = $2`, tx.Partnership(), id)
	return one(r.recovery(), err, "error.payout.recovery_missing")
}

// ListRecoveries is a page of findings, the latest first: of funds, of hospitals, or
// with neither of everything the scope shows.
func (tx *Tx) ListRecoveries(funds, hospitals []ident.ID, req page.Request) (page.Result[Recovery], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Recovery]{}, err
	}
	const after = ` and (v.created_at, v.id) < ($2, $3) order by v.created_at desc, v.id desc limit $4`
	query, args := selectRecovery+`where v.partnership_id = $1`+after, []any{tx.Partnership(), at, id, req.Limit() + 1}
	by := func(column string, of []ident.ID) {
		query = `select v.id, v.payable_id, v.fund_id, v.treatment_id, v.hospital_id, v.debtor, v.source, v.reason, v.amount_fen, v.state, v.off_by, v.off_reason,
			v.off_confirmed_by, v.created_at, v.version, v.recovered_fen, v.approval_id, v.fund_name, v.hospital_name, v.case_no, v.person_name, v.by_name, v.off_name, v.off_ok_name
			from unnest($5::uuid[]) w cross join lateral (` + selectRecovery + `where v.partnership_id = $1 and v.` + column + ` = w` + after + `) v
			order by v.created_at desc, v.id desc limit $4`
		args = append(args, idArray(of))
	}
	switch {
	case len(funds) > 0:
		by("fund_id", funds)
	case hospitals != nil || funds != nil:
		by("hospital_id", hospitals)
	}
	var rows []recoveryRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[Recovery]{}, err
	}
	return page.Cut(req, items(rows, recoveryRow.recovery), func(v Recovery) []any { return []any{v.CreatedAt, v.ID} }), nil
}

// DueOf lists what a hospital owes a fund back and no run keeps back yet, the
// oldest first.
func (tx *Tx) DueOf(fund, hospital ident.ID) ([]payout.Due, error) {
	var rows []struct {
		ID   ident.ID  `db:"id"`
		Left money.Fen `db:"left_fen"`
	}
	err := tx.list(&rows, `select d.id, d.left_fen from (select v.id, v.created_at, (v.amount_fen
		- coalesce((select sum(c.amount_fen) from recovery_receipt c where c.partnership_id = v.partnership_id and c.recovery_id = v.id and `+standingReceipt+`), 0)
		- coalesce((select sum(l.offset_fen) from pay_line l where l.partnership_id = v.partnership_id and l.recovery_id = v.id and l.state = 'live'), 0))::bigint as left_fen
		from recovery v where v.partnership_id = $1 and v.fund_id = $2 and v.hospital_id = $3 and v.debtor = 'hospital' and v.state in ('open', 'partly') and v.off_by is null) d
		where d.left_fen > 0 order by d.created_at, d.id limit 200`, tx.Partnership(), fund, hospital)
	out := make([]payout.Due, len(rows))
	for i, r := range rows {
		out[i] = payout.Due{ID: r.ID, Left: r.Left}
	}
	return out, err
}

// PlannedOf is what runs on their way keep back for a finding.
func (tx *Tx) PlannedOf(recovery ident.ID) (money.Fen, error) {
	var planned money.Fen
	err := tx.get(&planned, `select coalesce(sum(l.offset_fen), 0)::bigint from pay_line l where l.partnership_id = $1 and l.recovery_id = $2 and l.state = 'live'`, tx.Partnership(), recovery)
	return planned, err
}

// InsertRecovery writes a finding. It is seen by the hospital and the fund.
func (tx *Tx) InsertRecovery(v Recovery) error {
	_, err := tx.exec(`insert into recovery (partnership_id, id, payable_id, fund_id, treatment_id, hospital_id, visible_to, debtor, source, reason, amount_fen, state, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7::uuid[], $8, $9, $10, $11, 'open', $12, $13)`, tx.Partnership(), v.ID, v.Payable, v.Fund, v.Treatment, v.Hospital,
		idArray([]ident.ID{v.Hospital, v.Fund}), string(v.Debtor), string(v.Source), v.Reason, v.Amount, tx.now, tx.who.AccountID)
	return err
}

// SaveRecovery stores what became of a finding, under the version read.
func (tx *Tx) SaveRecovery(v Recovery) error {
	return tx.update(`update recovery set state = $4, off_by = $5, off_at = case when $5::uuid is not null then coalesce(off_at, $8) end, off_reason = $6, off_confirmed_by = $7,
		off_confirmed_at = case when $7::uuid is not null then $8 end, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), v.ID, v.Version,
		string(v.State), nullID(v.OffBy), v.OffReason, nullID(v.OffConfirmed), tx.now)
}

// RecoveryReceipt is money that came back.
type RecoveryReceipt struct {
	Transfer  ident.ID
	Recovery  ident.ID
	How       payout.How
	Amount    money.Fen
	On        clock.Date
	Reference string
	Undone    bool
	ByName    string
}

// Voucher is the number of its transfer.
func (r RecoveryReceipt) Voucher() string { return fund.VoucherNo(fund.KindRecover, r.Transfer) }

// InsertReceipt writes money that came back, beside its transfer.
func (tx *Tx) InsertReceipt(r RecoveryReceipt, v Recovery) error {
	_, err := tx.exec(`insert into recovery_receipt (partnership_id, transfer_id, recovery_id, hospital_id, visible_to, how, amount_fen, received_on, reference, created_at, created_by)
		values ($1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, $10, $11)`, tx.Partnership(), r.Transfer, v.ID, v.Hospital, idArray([]ident.ID{v.Hospital, v.Fund}), string(r.How), r.Amount,
		r.On, r.Reference, tx.now, tx.who.AccountID)
	return err
}

// ReceiptsOf lists what came back for a finding.
func (tx *Tx) ReceiptsOf(recovery ident.ID) ([]RecoveryReceipt, error) {
	var rows []struct {
		Transfer  ident.ID   `db:"transfer_id"`
		How       string     `db:"how"`
		Amount    money.Fen  `db:"amount_fen"`
		On        clock.Date `db:"received_on"`
		Reference string     `db:"reference"`
		Undone    bool       `db:"undone"`
		ByName    string     `db:"by_name"`
	}
	err := tx.list(&rows, `select c.transfer_id, c.how, c.amount_fen, c.received_on, c.reference, not (`+standingReceipt+`) as undone,
		coalesce((select u.display_name from account u where u.id = c.created_by), '') as by_name
		from recovery_receipt c where c.partnership_id = $1 and c.recovery_id = $2 order by c.created_at, c.transfer_id limit 200`, tx.Partnership(), recovery)
	out := make([]RecoveryReceipt, len(rows))
	for i, r := range rows {
		out[i] = RecoveryReceipt{Transfer: r.Transfer, Recovery: recovery, How: payout.How(r.How), Amount: r.Amount, On: r.On, Reference: r.Reference, Undone: r.Undone, ByName: r.ByName}
	}
	return out, err
}
