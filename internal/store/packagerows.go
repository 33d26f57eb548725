package store

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// What an audit package is made of. Ledger and log are append-only, and each row
// has a place in an order that never changes: an entry the version of its
// account, a log row its number in its chain. A cut names the last place of each,
// so what is read up to it is the same at any later time.

// AccountCut is the place of an account of the ledger.
type AccountCut struct {
	Account ident.ID  `db:"id" json:"account"`
	Kind    string    `db:"kind" json:"kind"`
	Seq     int64     `db:"seq" json:"seq"`
	Balance money.Fen `db:"balance_fen" json:"balance_fen"`
}

// ChainCut is the place of a chain of the audit log.
type ChainCut struct {
	Organisation ident.ID `db:"organisation_id" json:"organisation"`
	Lane         int      `db:"lane" json:"lane"`
	Seq          int64    `db:"seq" json:"seq"`
	Hash         []byte   `db:"hash" json:"hash"`
}

// LedgerCut is where the accounts of a fund are now.
func (tx *Tx) LedgerCut(fund ident.ID) (out []AccountCut, err error) {
	err = tx.list(&out, `select l.id, l.kind, l.version::bigint as seq, l.balance_fen from ledger_account l where l.partnership_id = $1 and l.fund_id = $2
		order by l.kind, l.id`, tx.Partnership(), fund)
	return out, err
}

// LogCut is where the chains of the partnership are now.
func (tx *Tx) LogCut() (out []ChainCut, err error) {
	err = tx.list(&out, `select h.organisation_id, h.lane, h.seq, h.hash from audit_head h where h.partnership_id = $1
		order by h.organisation_id, h.lane`, tx.Partnership())
	return out, err
}

// CutEntry is one entry of the ledger, with the transfer it belongs to.
type CutEntry struct {
	Transfer  ident.ID   `db:"id"`
	Kind      string     `db:"kind"`
	On        clock.Date `db:"effective_on"`
	At        time.Time  `db:"posted_at"`
	By        ident.ID   `db:"posted_by"`
	Treatment ident.ID   `db:"treatment_id"`
	Approval  ident.ID   `db:"approval_id"`
	Reverses  ident.ID   `db:"reverses_id"`
	Note      string     `db:"note"`
	Account   ident.ID   `db:"account_id"`
	Amount    money.Fen  `db:"amount_fen"`
	Seq       int64      `db:"seq"`
}

// packagePage is how many rows of a package are read per round trip.
const packagePage = 2000

// CutEntries reads every entry of a fund up to a cut with the effective date in
// a period, in the order they were posted.
func (tx *Tx) CutEntries(fund ident.ID, from, to clock.Date, cut []AccountCut) ([]CutEntry, error) {
	accounts, seqs := make([]ident.ID, len(cut)), make(pq.Int64Array, len(cut))
	for i, c := range cut {
		accounts[i], seqs[i] = c.Account, c.Seq
	}
	var out []CutEntry
	at, id, account := time.Unix(0, 0).UTC(), ident.Nil, ident.Nil
	for {
		var rows []CutEntry
		err := tx.list(&rows, `select t.id, t.kind, t.effective_on, t.posted_at, t.posted_by, t.treatment_id, t.approval_id, t.reverses_id, t.note,
				e.account_id, e.amount_fen, e.seq::bigint as seq
			from ledger_transfer t join ledger_entry e on e.partnership_id = t.partnership_id and e.transfer_id = t.id
			join unnest($5::uuid[], $6::bigint[]) c(account, seq) on c.account = e.account_id and e.seq <= c.seq
			where t.partnership_id = $1 and t.fund_id = $2 and t.effective_on >= $3 and t.effective_on <= $4 and (t.posted_at, t.id, e.account_id) > ($7, $8, $9)
			order by t.posted_at, t.id, e.account_id limit $10`, tx.Partnership(), fund, from, to, idArray(accounts), seqs, at, id, account, packagePage)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i].At = rows[i].At.UTC()
		}
		out = append(out, rows...)
		if len(rows) < packagePage {
			return out, nil
		}
		last := rows[len(rows)-1]
		at, id, account = last.At, last.Transfer, last.Account
	}
}

// CutApproval is an application as it stood at the cut.
type CutApproval struct {
	ID          ident.ID   `db:"id"`
	Treatment   ident.ID   `db:"treatment_id"`
	State       string     `db:"state"`
	Bill        money.Fen  `db:"bill_fen"`
	Insurance   money.Fen  `db:"insurance_fen"`
	Waiver      money.Fen  `db:"waiver_fen"`
	Requested   money.Fen  `db:"requested_fen"`
	Approved    money.Fen  `db:"approved_fen"`
	FromFund    money.Fen  `db:"from_fund_fen"`
	Hold        string     `db:"hold"`
	RequestedBy ident.ID   `db:"requested_by"`
	RequestedAt time.Time  `db:"requested_at"`
	DecidedBy   ident.ID   `db:"decided_by"`
	DecidedAt   *time.Time `db:"decided_at"`
}

// FundApprovals reads the applications to a fund that were asked for in a period
// or belong to one of the treatments.
func (tx *Tx) FundApprovals(fund ident.ID, from, until time.Time, treatments []ident.ID) (out []CutApproval, err error) {
	err = tx.list(&out, `select a.id, a.treatment_id, a.state, a.bill_fen, a.insurance_fen, a.waiver_fen, a.requested_fen, a.approved_fen, l.amount_fen as from_fund_fen,
			l.hold, a.requested_by, a.requested_at, a.decided_by, a.decided_at
		from approval_line l join approval a on a.partnership_id = l.partnership_id and a.id = l.approval_id
		where l.partnership_id = $1 and l.fund_id = $2 and (a.requested_at >= $3 and a.requested_at < $4
			or a.treatment_id in (select w.id from unnest($5::uuid[]) w(id)))
		order by a.requested_at, a.id`, tx.Partnership(), fund, from, until, idArray(treatments))
	for i := range out {
		out[i].RequestedAt = out[i].RequestedAt.UTC()
	}
	return out, err
}

// CutSettlement is a settlement as it stood at the cut.
type CutSettlement struct {
	ID         ident.ID   `db:"id"`
	Treatment  ident.ID   `db:"treatment_id"`
	State      string     `db:"state"`
	On         clock.Date `db:"settled_on"`
	Bill       money.Fen  `db:"bill_fen"`
	Basic      money.Fen  `db:"basic_fen"`
	Critical   money.Fen  `db:"critical_fen"`
	Assistance money.Fen  `db:"assistance_fen"`
	Other      money.Fen  `db:"other_fen"`
	Fund       money.Fen  `db:"fund_fen"`
	Waiver     money.Fen  `db:"waiver_fen"`
	Net        money.Fen  `db:"net_fen"`
	FromFund   money.Fen  `db:"from_fund_fen"`
	By         ident.ID   `db:"created_by"`
	At         time.Time  `db:"created_at"`
}

// FundSettlements reads the settlements of treatments.
func (tx *Tx) FundSettlements(fund ident.ID, treatments []ident.ID) (out []CutSettlement, err error) {
	err = tx.list(&out, `select s.id, s.treatment_id, s.state, s.settled_on, s.bill_fen, s.basic_fen, s.critical_fen, s.assistance_fen, s.other_fen, s.fund_fen,
			s.waiver_fen, s.net_fen, s.created_by, s.created_at, coalesce((select sum(l.amount_fen)::bigint from settlement_line l
				where l.partnership_id = s.partnership_id and l.settlement_id = s.id and l.fund_id = $2), 0) as from_fund_fen
		from unnest($3::uuid[]) w(id) join settlement s on s.partnership_id = $1 and s.treatment_id = w.id
		order by s.created_at, s.id`, tx.Partnership(), fund, idArray(treatments))
	for i := range out {
		out[i].At = out[i].At.UTC()
	}
	return out, err
}

// CutCase is a treatment with its case and the one name an auditor needs.
type CutCase struct {
	Treatment  ident.ID   `db:"id"`
	CaseNo     string     `db:"case_no"`
	Name       string     `db:"name"`
	Programme  string     `db:"programme"`
	Hospital   string     `db:"hospital"`
	Path       string     `db:"path"`
	State      string     `db:"state"`
	Category   string     `db:"category"`
	Admitted   clock.Date `db:"admitted_on"`
	Discharged clock.Date `db:"discharged_on"`
}

// CutCases reads treatments with their cases.
func (tx *Tx) CutCases(treatments []ident.ID) (out []CutCase, err error) {
	err = tx.list(&out, `select t.id, c.case_no, p.name, t.programme, o.name as hospital, t.path, t.state, coalesce(t.category, '') as category, t.admitted_on, t.discharged_on
		from unnest($2::uuid[]) w(id) join treatment t on t.partnership_id = $1 and t.id = w.id
		join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
		join person p on p.partnership_id = t.partnership_id and p.id = t.person_id
		join organisation o on o.id = t.hospital_id order by c.case_no, t.id`, tx.Partnership(), idArray(treatments))
	return out, err
}

// AccountNames are the display names of accounts, by id.
func (tx *Tx) AccountNames(ids []ident.ID) (map[ident.ID]string, error) {
	var rows []struct {
		ID   ident.ID `db:"id"`
		Name string   `db:"display_name"`
	}
	err := tx.list(&rows, `select a.id, a.display_name from unnest($1::uuid[]) w(id) join account a on a.id = w.id`, idArray(distinct(ids)))
	out := map[ident.ID]string{}
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, err
}

// CutEvent is a row of the log with its place in its chain: who has the previous
// hash and the MAC can compute the hash, without any key.
type CutEvent struct {
	audit.Event
	Lane       int
	Seq        int64
	MAC        []byte
	Prev, Hash []byte
	DetailText string
}

type cutEventRow struct {
	linkRow
	Prev []byte `db:"prev"`
}

// logChunk is how many objects the log is asked about per round trip.
const logChunk = 500

// CutLog reads the log rows about objects up to a cut, chain by chain.
func (tx *Tx) CutLog(objects []ident.ID, cut []ChainCut) ([]CutEvent, error) {
	organisations, lanes, seqs := make([]ident.ID, len(cut)), make(pq.Int64Array, len(cut)), make(pq.Int64Array, len(cut))
	for i, c := range cut {
		organisations[i], lanes[i], seqs[i] = c.Organisation, int64(c.Lane), c.Seq
	}
	var out []CutEvent
	for chunk := range slices.Chunk(distinct(objects), logChunk) {
		var rows []cutEventRow
		err := tx.list(&rows, `select l.lane, l.seq, l.hash, e.partnership_id, e.id, e.organisation_id, e.at, e.actor_id, e.actor_name, e.role, e.action, e.object_kind,
				e.object_id, e.outcome, e.reason, e.detail, e.request_id, e.source, e.mac,
				(select p.hash from audit_link p where p.partnership_id = l.partnership_id and p.organisation_id = l.organisation_id and p.lane = l.lane and p.seq = l.seq - 1) as prev
			from unnest($2::uuid[]) w(id) join audit_event e on e.partnership_id = $1 and e.object_id = w.id
			join audit_link l on l.partnership_id = e.partnership_id and l.event_id = e.id
			join unnest($3::uuid[], $4::int[], $5::bigint[]) c(organisation, lane, seq) on c.organisation = l.organisation_id and c.lane = l.lane and l.seq <= c.seq`,
			tx.Partnership(), idArray(chunk), idArray(organisations), lanes, seqs)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			e, err := r.event()
			if err != nil {
				return nil, err
			}
			out = append(out, CutEvent{Event: e.Event, Lane: r.Lane, Seq: r.Seq, MAC: r.MAC, Prev: r.Prev, Hash: r.Hash, DetailText: r.Detail})
		}
	}
	slices.SortFunc(out, func(a, b CutEvent) int {
		return cmp.Or(bytes.Compare(a.OrganisationID[:], b.OrganisationID[:]), a.Lane-b.Lane, cmp.Compare(a.Seq, b.Seq))
	})
	return out, nil
}

// CutBalance is what the entries of an account outside a period add up to.
type CutBalance struct {
	Account ident.ID  `db:"id"`
	Before  money.Fen `db:"before_fen"`
	After   money.Fen `db:"after_fen"`
}

// CutBalances sums the entries up to a cut with an effective date before or
// after a period.
func (tx *Tx) CutBalances(fund ident.ID, from, to clock.Date, cut []AccountCut) (out []CutBalance, err error) {
	accounts, seqs := make([]ident.ID, len(cut)), make(pq.Int64Array, len(cut))
	for i, c := range cut {
		accounts[i], seqs[i] = c.Account, c.Seq
	}
	err = tx.list(&out, `select c.account as id, coalesce(sum(e.amount_fen) filter (where t.effective_on < $3), 0)::bigint as before_fen,
			coalesce(sum(e.amount_fen) filter (where t.effective_on > $4), 0)::bigint as after_fen
		from unnest($5::uuid[], $6::bigint[]) c(account, seq)
		join ledger_entry e on e.partnership_id = $1 and e.account_id = c.account and e.seq <= c.seq
		join ledger_transfer t on t.partnership_id = e.partnership_id and t.id = e.transfer_id and t.fund_id = $2
		group by c.account order by c.account`, tx.Partnership(), fund, from, to, idArray(accounts), seqs)
	return out, err
}
