package inspection

import (
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// paidOut is what was paid in a period, what was asked back, and the rules all of
// it went by.
type paidOut struct {
	runs     []store.PayRun
	lines    []store.PayLine
	findings []store.Recovery
	rules    []store.RuleInForce
}

func readPaying(tx *store.Tx, p store.AuditPackage) (x paidOut, err error) {
	if x.runs, err = tx.FundRuns(p.Fund, p.From, p.To); err != nil {
		return x, err
	}
	if x.lines, err = tx.LinesOfRuns(x.ids()); err != nil {
		return x, err
	}
	if x.findings, err = tx.FundFindings(p.Fund, p.To); err != nil {
		return x, err
	}
	x.rules, err = tx.RulesInForce(p.From, p.To)
	return x, err
}

func (x paidOut) ids() []ident.ID {
	out := make([]ident.ID, len(x.runs))
	for i, r := range x.runs {
		out[i] = r.ID
	}
	return out
}

// names adds who had a hand in it, and what the log is to be asked about.
func (x paidOut) names(staff, objects *ids) {
	for _, r := range x.runs {
		objects.add(r.ID)
		staff.add(r.Maker)
		staff.add(r.Second)
	}
	for _, v := range x.findings {
		objects.add(v.ID)
		staff.add(v.OffBy)
		staff.add(v.OffConfirmed)
	}
	for _, r := range x.rules {
		objects.add(r.ID)
		staff.add(r.By)
	}
}

// tables are the files that are kept as they were at the first making.
func (x paidOut) tables() map[string]*table {
	runs := newTable("run", "no", "up_to", "state", "lines", "amount_fen", "kept_back_fen", "made_by", "made_at", "decided_by", "decided_at", "opinion", "csv_sha256", "xlsx_sha256",
		"paid_on", "bank_reference")
	for _, r := range x.runs {
		runs.add(r.ID, r.No, r.UpTo, string(r.State), r.Lines, r.Amount, r.Offset, r.Maker, r.CreatedAt, r.Second, r.DecidedAt, r.Opinion, r.CSV, r.XLSX, r.PaidOn, r.BankRef)
	}
	outcomes := newTable("payment", "state", "paid_by_transfer", "kept_back_by_transfer", "returned_by_transfer", "returned_on", "return_reason", "receipt", "receipt_on")
	for _, l := range x.lines {
		outcomes.add(l.ID, string(l.State), l.Transfer, l.Back, l.Returned, l.ReturnOn, l.Why, l.ReceiptNo, l.ReceiptOn)
	}
	findings := newTable("recovery", "transfer", "treatment", "debtor", "source", "reason", "amount_fen", "recovered_fen", "state", "found_at", "write_off_asked_by",
		"write_off_reason", "write_off_confirmed_by")
	for _, v := range x.findings {
		findings.add(v.ID, v.Payable, v.Treatment, string(v.Debtor), string(v.Source), v.Reason, v.Amount, v.Recovered, string(v.State), v.CreatedAt, v.OffBy, v.OffReason, v.OffConfirmed)
	}
	rules := newTable("kind", "version", "no", "name", "from", "to", "released_by", "released_at", "rules")
	for _, r := range x.rules {
		rules.add(r.Kind, r.ID, r.No, r.Name, r.From, r.To, r.By, r.At, r.Rules)
	}
	return map[string]*table{runsName: runs, outcomesName: outcomes, recoveriesName: findings, rulesName: rules}
}

// paymentTable holds what is written once about a payment. It is read again at
// every making, so that a changed row is found.
func paymentTable(lines []store.PayLine) *table {
	t := newTable("payment", "run", "line", "transfer", "treatment", "payee", "holder", "bank", "last4", "purpose", "amount_fen", "kept_back_fen", "recovery")
	for _, l := range lines {
		t.add(l.ID, l.Run, l.No, l.Payable, l.Treatment, string(l.Payee), l.Holder, l.Bank, l.Last4, l.Purpose, l.Amount, l.Offset, l.Recovery)
	}
	return t
}
