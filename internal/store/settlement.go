package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// SettlementState is where a settlement stands.
type SettlementState string

// The states: a settlement is written settled, and a wrong one reversed as a
// whole; nothing in it is edited.
const (
	Settled            SettlementState = "settled"
	SettlementReversed SettlementState = "reversed"
)

// Label is the message key of the state's name.
func (s SettlementState) Label() string { return "funding.settlement." + string(s) }

// Settlement is the settlement of a treatment as it is stored.
type Settlement struct {
	ID        ident.ID
	Treatment ident.ID
	Case      ident.ID
	Person    ident.ID
	Programme procedure.Programme
	Hospital  ident.ID
	fee.Settlement
	State     SettlementState
	SettledOn clock.Date
	CreatedAt time.Time
	CreatedBy ident.ID
	Version   int64

	FundFen      money.Fen // sum of the fund lines, for lists that do not read them
	By           string
	CaseNo       string
	PersonName   string
	HospitalName string
}

// SettlementLine is one funder of the reduction.
type SettlementLine struct {
	Fund     ident.ID // nil: the hospital's own waiver
	FundName string
	Amount   money.Fen
	Transfer ident.ID
	Kind     fund.Kind // of the transfer, from the ledger
}

// Voucher is the number of the transfer that paid the line; empty where none did.
func (l SettlementLine) Voucher() string {
	if l.Transfer == ident.Nil {
		return ""
	}
	return fund.VoucherNo(l.Kind, l.Transfer)
}

type settlementRow struct {
	ID         ident.ID   `db:"id"`
	Treatment  ident.ID   `db:"treatment_id"`
	Case       ident.ID   `db:"case_id"`
	Person     ident.ID   `db:"person_id"`
	Programme  string     `db:"programme"`
	Hospital   ident.ID   `db:"hospital_id"`
	Bill       money.Fen  `db:"bill_fen"`
	Basic      money.Fen  `db:"basic_fen"`
	Critical   money.Fen  `db:"critical_fen"`
	Assistance money.Fen  `db:"assistance_fen"`
	Other      money.Fen  `db:"other_fen"`
	FundFen    money.Fen  `db:"fund_fen"`
	Waiver     money.Fen  `db:"waiver_fen"`
	Net        money.Fen  `db:"net_fen"`
	State      string     `db:"state"`
	SettledOn  clock.Date `db:"settled_on"`
	CreatedAt  time.Time  `db:"created_at"`
	CreatedBy  ident.ID   `db:"created_by"`
	Version    int64      `db:"version"`

	By           string `db:"by_name"`
	CaseNo       string `db:"case_no"`
	Name         string `db:"person_name"`
	HospitalName string `db:"hospital_name"`
}

func (r settlementRow) settlement() Settlement {
	return Settlement{ID: r.ID, Treatment: r.Treatment, Case: r.Case, Person: r.Person, Programme: procedure.Programme(r.Programme), Hospital: r.Hospital,
		Settlement: fee.Settlement{Bill: r.Bill, Basic: r.Basic, Critical: r.Critical, Assistance: r.Assistance, Other: r.Other, Waiver: r.Waiver, Net: r.Net},
		State:      SettlementState(r.State), SettledOn: r.SettledOn, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, Version: r.Version,
		FundFen: r.FundFen, By: r.By, CaseNo: r.CaseNo, PersonName: r.Name, HospitalName: r.HospitalName}
}

const settlementColumns = `s.id, s.treatment_id, s.case_id, s.person_id, s.programme, s.hospital_id, s.bill_fen, s.basic_fen, s.critical_fen,
	s.assistance_fen, s.other_fen, s.fund_fen, s.waiver_fen, s.net_fen, s.state, s.settled_on, s.created_at, s.created_by, s.version,
	coalesce((select u.display_name from account u where u.id = s.created_by), '') as by_name,
	coalesce(c.case_no, '') as case_no, coalesce(p.name, '') as person_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = s.hospital_id) as hospital_name`

const joinSettlement = ` left join casefile c on c.partnership_id = s.partnership_id and c.id = s.case_id
	left join person p on p.partnership_id = s.partnership_id and p.id = s.person_id `

const joinOuterSettlement = ` left join (select c.partnership_id, c.id, c.case_no from casefile c) c on c.partnership_id = s.partnership_id and c.id = s.case_id
	left join (select p.partnership_id, p.id, p.name from person p) p on p.partnership_id = s.partnership_id and p.id = s.person_id `

// SettlementByID reads one settlement with its fund lines.
func (tx *Tx) SettlementByID(id ident.ID) (Settlement, []SettlementLine, error) {
	var r settlementRow
	err := tx.get(&r, `select `+settlementColumns+` from settlement s`+joinSettlement+`where s.partnership_id = $1 and s.id = $2`+seen("s"), tx.Partnership(), id)
	s, err := one(r.settlement(), err, "error.settlement.missing")
	if err != nil {
		return s, nil, err
	}
	return tx.withLines(s)
}

// LiveSettlement is the settlement of a treatment that was not reversed, if any.
func (tx *Tx) LiveSettlement(treatment ident.ID) (Settlement, bool, error) {
	var rows []settlementRow
	err := tx.list(&rows, `select `+settlementColumns+` from settlement s`+joinSettlement+`where s.partnership_id = $1 and s.treatment_id = $2
		and s.state <> 'reversed' limit 1`, tx.Partnership(), treatment)
	if err != nil || len(rows) == 0 {
		return Settlement{}, false, err
	}
	s, _, err := tx.withLines(rows[0].settlement())
	return s, err == nil, err
}

func (tx *Tx) withLines(s Settlement) (Settlement, []SettlementLine, error) {
	var rows []struct {
		Fund     ident.ID  `db:"fund_id"`
		Name     string    `db:"name"`
		Amount   money.Fen `db:"amount_fen"`
		Transfer ident.ID  `db:"transfer_id"`
		Kind     string    `db:"kind"`
	}
	err := tx.list(&rows, `select l.fund_id, coalesce(f.name, '') as name, l.amount_fen, l.transfer_id, coalesce(t.kind, '') as kind from settlement_line l
		left join fund f on f.partnership_id = l.partnership_id and f.id = l.fund_id
		left join ledger_transfer t on t.partnership_id = l.partnership_id and t.id = l.transfer_id
		where l.partnership_id = $1 and l.settlement_id = $2 order by l.line_no`, tx.Partnership(), s.ID)
	lines := make([]SettlementLine, len(rows))
	for i, r := range rows {
		lines[i] = SettlementLine{Fund: r.Fund, FundName: r.Name, Amount: r.Amount, Transfer: r.Transfer, Kind: fund.Kind(r.Kind)}
		if r.Fund != ident.Nil {
			s.Funds = append(s.Funds, fee.FundLine{Fund: r.Fund, Amount: r.Amount})
		}
	}
	return s, lines, err
}

// InsertSettlement writes a settlement with its lines. It is seen by who sees
// the treatment, and by the funds that paid.
func (tx *Tx) InsertSettlement(s Settlement, t Treatment, lines []SettlementLine) error {
	seen := t.SeenBy()
	for _, l := range lines {
		if l.Fund != ident.Nil {
			seen = append(seen, l.Fund)
		}
	}
	_, err := tx.exec(`insert into settlement (partnership_id, id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, bill_fen, basic_fen,
		critical_fen, assistance_fen, other_fen, fund_fen, waiver_fen, net_fen, state, settled_on, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8::uuid[], $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`, tx.Partnership(), s.ID, t.ID, t.Case,
		t.Person, string(t.Programme), t.Hospital, idArray(seen), s.Bill, s.Basic, s.Critical, s.Assistance, s.Other, s.FundTotal(), s.Waiver, s.Net,
		string(s.State), s.SettledOn, tx.now, tx.who.AccountID)
	if err != nil {
		return err
	}
	return tx.addSettlementLines(s.ID, t.Hospital, 0, lines, seen)
}

// addSettlementLines writes the funders of a reduction, numbered after last.
func (tx *Tx) addSettlementLines(settlement, hospital ident.ID, last int, lines []SettlementLine, seen []ident.ID) error {
	if len(lines) == 0 {
		return nil
	}
	query := `insert into settlement_line (partnership_id, settlement_id, line_no, funder, fund_id, hospital_id, visible_to, amount_fen, transfer_id) values `
	args := []any{tx.Partnership(), settlement, hospital, idArray(seen)}
	for i, l := range lines {
		funder, n := "fund", len(args)
		if l.Fund == ident.Nil {
			funder = "hospital"
		}
		if i > 0 {
			query += `, `
		}
		query += `($1, $2, $` + placeholder(n+1) + `, $` + placeholder(n+2) + `, $` + placeholder(n+3) + `, $3, $4::uuid[], $` + placeholder(n+4) + `, $` + placeholder(n+5) + `)`
		args = append(args, last+i+1, funder, nullID(l.Fund), l.Amount, nullID(l.Transfer))
	}
	return tx.once(query, args...)
}

// Reimbursed stores what a late approval gave back after the settlement: the
// fund's share grows and the patient's own shrinks by the same amount.
func (tx *Tx) Reimbursed(s Settlement, t Treatment, lines []SettlementLine) error {
	var sum money.Fen
	seen := t.SeenBy()
	for _, l := range lines {
		sum += l.Amount
		seen = append(seen, l.Fund)
	}
	var last int
	err := tx.get(&last, `select coalesce(max(l.line_no), 0) from settlement_line l where l.partnership_id = $1 and l.settlement_id = $2`, tx.Partnership(), s.ID)
	if err != nil {
		return err
	}
	if err := tx.addSettlementLines(s.ID, t.Hospital, last, lines, seen); err != nil {
		return err
	}
	return tx.update(`update settlement set fund_fen = fund_fen + $4, net_fen = net_fen - $4, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'settled'`, tx.Partnership(), s.ID, s.Version, sum)
}

// ReverseSettlement marks a settlement as taken back, under its version.
func (tx *Tx) ReverseSettlement(s Settlement) error {
	return tx.update(`update settlement set state = 'reversed', version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and state = 'settled'`,
		tx.Partnership(), s.ID, s.Version)
}

// SettlementFilter narrows the list.
type SettlementFilter struct {
	Hospitals []ident.ID // nil is everything the scope shows
	From, To  clock.Date // settled in these days, both included
}

// ListSettlements is a page of settlements, the latest first; reversed ones are
// in it, marked.
func (tx *Tx) ListSettlements(f SettlementFilter, req page.Request) (page.Result[Settlement], error) {
	on, id := clock.MustDate(9999, 12, 31), lastID
	if !f.To.IsZero() {
		on = f.To
	}
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[Settlement]{}, err
	}
	args := []any{tx.Partnership(), on, id, req.Limit() + 1, f.From}
	const filter = ` and (s.settled_on, s.id) < ($2, $3) and ($5::date is null or s.settled_on >= $5) order by s.settled_on desc, s.id desc limit $4`
	query := `select ` + settlementColumns + ` from settlement s` + joinSettlement + `where s.partnership_id = $1` + filter
	if f.Hospitals != nil {
		query = `select ` + settlementColumns + ` from unnest($6::uuid[]) h cross join lateral (select s.* from settlement s where s.partnership_id = $1
			and s.hospital_id = h` + filter + `) s` + joinOuterSettlement + ` order by s.settled_on desc, s.id desc limit $4`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []settlementRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[Settlement]{}, err
	}
	return page.Cut(req, items(rows, settlementRow.settlement), func(s Settlement) []any { return []any{s.SettledOn, s.ID} }), nil
}
