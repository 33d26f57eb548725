package inspection

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/sheet"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Cut is the place of a package in ledger and log.
type Cut struct {
	Ledger []store.AccountCut `json:"ledger"`
	Log    []store.ChainCut   `json:"log"`
}

// Frozen is what may change after the cut, as it was: the names on the cover and
// the tables of cases, decisions, settlements and staff.
type Frozen struct {
	Partnership string            `json:"partnership"`
	FundCode    string            `json:"fund_code"`
	FundName    string            `json:"fund_name"`
	MadeBy      string            `json:"made_by"`
	Tables      map[string]string `json:"tables"`
	Rows        map[string]int    `json:"rows"`
	Objects     []ident.ID        `json:"objects"` // what the log extract is about
	Format      int               `json:"format,omitempty"`
	Runs        []ident.ID        `json:"runs,omitempty"` // whose payments are read again
}

// format is that of the package; the first one did not say so.
func (f Frozen) format() int { return max(f.Format, formatOne) }

// The files of a package, in the order of the archive.
const (
	readmeName      = "README.txt"
	ledgerName      = "ledger.csv"
	balancesName    = "balances.csv"
	casesName       = "cases.csv"
	approvalsName   = "approvals.csv"
	settlementsName = "settlements.csv"
	staffName       = "staff.csv"
	logName         = "log.csv"
	runsName        = "runs.csv"
	paymentsName    = "payments.csv"
	outcomesName    = "outcomes.csv"
	recoveriesName  = "recoveries.csv"
	rulesName       = "rules.csv"
	manifestName    = "manifest.json"
	signatureName   = "manifest.sig"
)

// fileNames are the files the manifest of a format lists.
func fileNames(format int) []string {
	names := []string{readmeName, ledgerName, balancesName, casesName, approvalsName, settlementsName, staffName, logName}
	if format == formatOne {
		return names
	}
	return append(names, runsName, paymentsName, outcomesName, recoveriesName, rulesName)
}

// take reads the cut and freezes. It runs in one instant with the first build.
func take(tx *store.Tx, p store.AuditPackage) (cut Cut, f Frozen, err error) {
	if cut.Ledger, err = tx.LedgerCut(p.Fund); err != nil {
		return cut, f, err
	}
	if cut.Log, err = tx.LogCut(); err != nil {
		return cut, f, err
	}
	entries, err := tx.CutEntries(p.Fund, p.From, p.To, cut.Ledger)
	if err != nil {
		return cut, f, err
	}
	f, err = freeze(tx, p, entries)
	return cut, f, err
}

// table is a CSV file in the making. Amounts are whole fen; every other value
// is text.
type table struct {
	columns []sheet.Column
	rows    []sheet.Record
}

func newTable(columns ...string) *table {
	t := &table{}
	for _, c := range columns {
		kind := sheet.TextColumn
		if strings.HasSuffix(c, "_fen") {
			kind = sheet.IntColumn
		}
		t.columns = append(t.columns, sheet.Column{Header: c, Kind: kind})
	}
	return t
}

func (t *table) add(values ...any) {
	row := make(sheet.Record, len(values))
	for i, v := range values {
		switch x := v.(type) {
		case money.Fen:
			row[i] = int64(x)
		case ident.ID:
			row[i] = idText(x)
		case clock.Date:
			row[i] = x.String()
		case time.Time:
			row[i] = instant(x)
		case []byte:
			row[i] = hex.EncodeToString(x)
		case int64:
			row[i] = strconv.FormatInt(x, 10)
		case int:
			row[i] = strconv.Itoa(x)
		default:
			row[i] = v
		}
	}
	t.rows = append(t.rows, row)
}

func idText(id ident.ID) string {
	if id == ident.Nil {
		return ""
	}
	return id.String()
}

// instant is a time of the package: UTC to the microsecond, as it is stored.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

func (t *table) csv() ([]byte, error) {
	var out bytes.Buffer
	err := sheet.WriteCSV(&out, sheet.Table{Columns: t.columns, Rows: sheet.Records(t.rows)})
	return out.Bytes(), err
}

// ids is a set that keeps its order.
type ids struct {
	list []ident.ID
	seen map[ident.ID]bool
}

func (s *ids) add(id ident.ID) {
	if s.seen == nil {
		s.seen = map[ident.ID]bool{}
	}
	if id != ident.Nil && !s.seen[id] {
		s.seen[id], s.list = true, append(s.list, id)
	}
}

// freeze reads what may change later.
func freeze(tx *store.Tx, p store.AuditPackage, entries []store.CutEntry) (f Frozen, err error) {
	var treatments, staff, objects ids
	objects.add(p.Fund)
	staff.add(p.ByID)
	for _, e := range entries {
		treatments.add(e.Treatment)
		staff.add(e.By)
		objects.add(e.Transfer)
	}
	approvals, err := tx.FundApprovals(p.Fund, p.From.Start(), p.To.AddDays(1).Start(), treatments.list)
	if err != nil {
		return f, err
	}
	for _, a := range approvals {
		treatments.add(a.Treatment)
		staff.add(a.RequestedBy)
		staff.add(a.DecidedBy)
		objects.add(a.ID)
	}
	settlements, err := tx.FundSettlements(p.Fund, treatments.list)
	if err != nil {
		return f, err
	}
	for _, x := range settlements {
		staff.add(x.By)
		objects.add(x.ID)
	}
	for _, t := range treatments.list {
		objects.add(t)
	}
	paid, err := readPaying(tx, p)
	if err != nil {
		return f, err
	}
	paid.names(&staff, &objects)
	cases, err := tx.CutCases(treatments.list)
	if err != nil {
		return f, err
	}
	names, err := tx.AccountNames(staff.list)
	if err != nil {
		return f, err
	}
	f = Frozen{Tables: map[string]string{}, Rows: map[string]int{}, Objects: objects.list, FundCode: p.FundCode, FundName: p.FundName, MadeBy: p.By, Format: latest, Runs: paid.ids()}
	if f.Partnership, err = partnershipCode(tx); err != nil {
		return f, err
	}
	tables := paid.tables()
	tables[approvalsName], tables[settlementsName], tables[casesName], tables[staffName] = approvalTable(approvals), settlementTable(settlements), caseTable(cases), staffTable(staff.list, names)
	for name, t := range tables {
		raw, err := t.csv()
		if err != nil {
			return f, err
		}
		f.Tables[name], f.Rows[name] = string(raw), len(t.rows)
	}
	return f, nil
}

func partnershipCode(tx *store.Tx) (string, error) {
	p, err := tx.PartnershipByID(tx.Partnership())
	return p.Code, err
}

func approvalTable(list []store.CutApproval) *table {
	t := newTable("approval", "treatment", "state", "bill_fen", "insurance_fen", "waiver_fen", "requested_fen", "approved_fen", "this_fund_fen", "hold",
		"requested_by", "requested_at", "decided_by", "decided_at")
	for _, a := range list {
		var decided time.Time
		if a.DecidedAt != nil {
			decided = *a.DecidedAt
		}
		t.add(a.ID, a.Treatment, a.State, a.Bill, a.Insurance, a.Waiver, a.Requested, a.Approved, a.FromFund, a.Hold, a.RequestedBy, a.RequestedAt, a.DecidedBy, decided)
	}
	return t
}

func settlementTable(list []store.CutSettlement) *table {
	t := newTable("settlement", "treatment", "state", "settled_on", "bill_fen", "basic_fen", "critical_fen", "assistance_fen", "other_fen", "funds_fen",
		"waiver_fen", "net_fen", "this_fund_fen", "entered_by", "entered_at")
	for _, s := range list {
		t.add(s.ID, s.Treatment, s.State, s.On, s.Bill, s.Basic, s.Critical, s.Assistance, s.Other, s.Fund, s.Waiver, s.Net, s.FromFund, s.By, s.At)
	}
	return t
}

func caseTable(list []store.CutCase) *table {
	t := newTable("treatment", "case_no", "name", "programme", "hospital", "path", "state", "category", "admitted_on", "discharged_on")
	for _, c := range list {
		t.add(c.Treatment, c.CaseNo, c.Name, c.Programme, c.Hospital, c.Path, c.State, c.Category, c.Admitted, c.Discharged)
	}
	return t
}

func staffTable(list []ident.ID, names map[ident.ID]string) *table {
	t := newTable("account", "name")
	for _, id := range list {
		t.add(id, names[id])
	}
	return t
}

func ledgerTable(entries []store.CutEntry, cut []store.AccountCut) *table {
	kinds := map[ident.ID]string{}
	for _, c := range cut {
		kinds[c.Account] = c.Kind
	}
	t := newTable("transfer", "kind", "effective_on", "posted_at", "posted_by", "treatment", "approval", "reverses", "note", "account", "account_id", "account_seq", "amount_fen")
	for _, e := range entries {
		t.add(e.Transfer, e.Kind, e.On, e.At, e.By, e.Treatment, e.Approval, e.Reverses, e.Note, kinds[e.Account], e.Account, e.Seq, e.Amount)
	}
	return t
}

// balanceTable proves the ledger file against the balances of the cut: before +
// in the period + after = balance.
func balanceTable(entries []store.CutEntry, sums []store.CutBalance, cut []store.AccountCut) *table {
	within, outside := map[ident.ID]money.Fen{}, map[ident.ID]store.CutBalance{}
	for _, e := range entries {
		within[e.Account] += e.Amount
	}
	for _, s := range sums {
		outside[s.Account] = s
	}
	t := newTable("account", "account_id", "account_seq", "before_fen", "period_fen", "after_fen", "balance_fen")
	for _, c := range cut {
		t.add(c.Kind, c.Account, c.Seq, outside[c.Account].Before, within[c.Account], outside[c.Account].After, c.Balance)
	}
	return t
}

// logTable leaves out where a request came from: the address of a colleague's
// computer is none of the auditor's business, and the MAC covers it all the same.
func logTable(events []store.CutEvent) *table {
	t := newTable("organisation", "lane", "seq", "at", "actor", "actor_name", "role", "action", "object_kind", "object", "outcome", "reason", "detail",
		"event", "mac", "previous_hash", "hash")
	for _, e := range events {
		t.add(e.OrganisationID.String(), e.Lane, e.Seq, e.At, e.ActorID, e.ActorName, e.Role, e.Action, e.ObjectKind, e.ObjectID, string(e.Outcome), e.Reason, e.DetailText,
			e.ID, e.MAC, e.Prev, e.Hash)
	}
	return t
}
