package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/web"
)

// batch is a settlement run being made: its payments are filled in while the
// ledger is played.
type batch struct {
	run  store.BulkPayRun
	of   []*record
	fund pool
}

// Of the latest settlements of a fund some stand in a run that is not paid yet,
// and the very last stand in none.
const (
	tailOwed = 4
	tailRun  = 8
)

// batches divides what a fund settled over its runs: one a quarter, and the last
// one still on its way.
func (m *maker) batches(p pool) (out []*batch) {
	var settled []*record
	for _, r := range m.stays {
		if r.t.Programme == p.programme && r.settlement != nil && !r.settlement.SettledOn.After(m.today.AddDays(-9)) {
			settled = append(settled, r)
		}
	}
	slices.SortStableFunc(settled, func(a, b *record) int { return a.settlement.SettledOn.Compare(b.settlement.SettledOn) })
	n := len(settled)
	if n < tailOwed+tailRun {
		return nil
	}
	early, tail := settled[:n-tailOwed-tailRun], settled[n-tailOwed-tailRun:n-tailOwed]
	for len(early) > 0 {
		until, k := quarterEnd(early[0].settlement.SettledOn), 0
		for k < len(early) && !early[k].settlement.SettledOn.After(until) {
			k++
		}
		if until.AddDays(10).After(m.today.AddDays(-12)) {
			break
		}
		out = append(out, m.batch(p, early[:k], until, payout.Paid))
		early = early[k:]
	}
	last := map[procedure.Programme]payout.RunState{procedure.Joint: payout.Draft, procedure.Cataract: payout.Paid, procedure.Coronary: payout.Approved}[p.programme]
	return append(out, m.batch(p, slices.Concat(early, tail), m.today.AddDays(-9), last))
}

// quarterEnd is the last day of the quarter a day lies in.
func quarterEnd(d clock.Date) clock.Date {
	return clock.MustDate(d.Year(), (d.Month()-1)/3*3+1, 1).AddMonths(3).AddDays(-1)
}

// batch is a run of some settlements, as far as it has come: made three days after
// the day it reaches to, approved the day after, paid on the sixth.
func (m *maker) batch(p pool, of []*record, until clock.Date, state payout.RunState) *batch {
	b := &batch{of: of, fund: p}
	made := until.AddDays(3)
	maker, second := accountID("fund-finance"), accountID("fund-finance-2")
	b.run.PayRun = store.PayRun{Run: payout.Run{State: state, Maker: maker}, ID: m.next(), Fund: fundID(string(p.programme)), FundName: p.name, UpTo: until}
	b.run.No = paying.RunNo(b.run.ID, made)
	b.run.Made = store.Made{At: at(made), By: maker}
	if state == payout.Draft {
		return b
	}
	b.run.Decided = store.Made{At: at(made.AddDays(1)), By: second}
	if state == payout.Approved {
		return b
	}
	b.run.Filed, b.run.Done = store.Made{At: at(made.AddDays(2)), By: maker}, store.Made{At: at(made.AddDays(3)), By: maker}
	b.run.PaidOn, b.run.BankRef = made.AddDays(3), fmt.Sprintf("示例%s%04d", p.code, m.made)
	return b
}

// line adds a settlement to a run.
func (m *maker) line(b *batch, r *record) *store.PayLine {
	h := byCode(hospitalCode(r.t.Hospital))
	l := store.PayLine{ID: later(m.next(), b.run.Made.At), Treatment: r.t.ID, Hospital: r.t.Hospital, Payee: payout.Hospital, Account: accountOf(h, 0), Amount: r.bill.fund, State: payout.LineLive}
	l.Payable = r.settlement.Lines[0].Transfer
	b.run.List = append(b.run.List, l)
	b.run.Amount += l.Amount
	return &b.run.List[len(b.run.List)-1]
}

// pays are the payments of a fund's runs. The last run of the joint programme that
// was paid has a payment the bank gave back: it stands again in the draft.
func (m *maker) pays(list []*batch) (out []move) {
	for i, b := range list {
		if b.run.State != payout.Paid {
			continue
		}
		by := posting{at: b.run.Done.At, by: "fund-finance", note: b.run.BankRef, paying: true}
		for n, r := range b.of {
			out = append(out, move{b.run.PaidOn, 3, func(k *fund.Book) error {
				l, by := m.line(b, r), by
				t, err := k.Pay(fund.Stamp{ID: m.next(), On: b.run.PaidOn}, l.Amount)
				by.r, l.State, l.Transfer = r, payout.LinePaid, t.ID
				if i+3 < len(list) {
					l.ReceiptNo, l.ReceiptOn = fmt.Sprintf("HD%s%03d", b.run.No[3:11], n+1), b.run.PaidOn.AddDays(4)
				}
				return m.post(k, t, err, by)
			}})
		}
		if i == len(list)-2 && b.fund.programme == procedure.Joint {
			out = append(out, move{b.run.PaidOn.AddDays(4), 4, m.giveBack(b)})
			list[i+1].of = append([]*record{b.of[0]}, list[i+1].of...)
		}
	}
	return out
}

// giveBack returns the first payment of a run by the mirror of its transfer.
func (m *maker) giveBack(b *batch) func(*fund.Book) error {
	return func(k *fund.Book) error {
		l := &b.run.List[0]
		paid := slices.IndexFunc(m.bulk.Transfers, func(t store.BulkTransfer) bool { return t.ID == l.Transfer })
		l.State, l.ReturnOn, l.Why = payout.LineReturned, b.run.PaidOn.AddDays(4), "收款户名与账号不符，银行退汇（示例）"
		l.ReceiptNo, l.ReceiptOn = "", clock.Date{}
		t, err := k.Reverse(fund.Stamp{ID: m.next(), On: l.ReturnOn}, m.bulk.Transfers[paid].Transfer)
		l.Returned = t.ID
		return m.post(k, t, err, posting{r: b.of[0], at: at(l.ReturnOn), by: "fund-finance", note: l.Why, paying: true})
	}
}

// later makes an id that sorts by when its row was made, as ids of real rows do.
func later(id ident.ID, at time.Time) ident.ID {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	return id
}

// accountOf is an invented account of a hospital.
func accountOf(h hospital, n int) payout.Account {
	at := slices.IndexFunc(hospitals(), func(x hospital) bool { return x.code == h.code })
	return payout.Account{Holder: h.name, Bank: "云岭农商银行（示例）", Number: fmt.Sprintf("9000010020030040%d%d", at+1, n)}
}

// payouts writes the hospitals' accounts, one of which waits for its second
// person, the runs, and one finding that asks money back.
func (m *maker) payouts(tx *store.Tx) error {
	say, err := Counter()
	if err != nil {
		return err
	}
	var accounts []store.BulkAccount
	for _, h := range hospitals() {
		a := store.BulkAccount{Made: store.Made{At: at(opened()), By: accountID("finance-" + h.code)}, Decided: store.Made{At: at(opened().AddDays(2)), By: accountID("fund-finance")}}
		a.HospitalAccount = store.HospitalAccount{ID: id("hospital account/" + h.code), Hospital: h.id(), Account: accountOf(h, 0), From: opened(), State: payout.AccountApproved}
		accounts = append(accounts, a)
	}
	next := store.BulkAccount{Made: store.Made{At: at(m.today.AddDays(-1)), By: accountID("finance-ylrm")}}
	next.HospitalAccount = store.HospitalAccount{ID: id("hospital account/next"), Hospital: byCode("ylrm").id(), Account: accountOf(byCode("ylrm"), 1), From: m.today, State: payout.AccountProposed}
	numbers := map[ident.ID]string{}
	for _, c := range m.bulk.Cases {
		numbers[c.ID] = c.No
	}
	var runs []store.BulkPayRun
	for _, b := range m.runs {
		if b.run.State != payout.Paid {
			for _, r := range b.of {
				m.line(b, r)
			}
		}
		for i := range b.run.List {
			b.run.List[i].Purpose = paying.Purpose(say, store.Payable{ID: b.run.List[i].Payable, Kind: fund.KindCommit, CaseNo: numbers[b.of[i].t.Case]})
		}
		if b.run.State == payout.Paid {
			csv, xlsx, err := paying.BankFiles(say, b.run.PayRun, b.run.List)
			if err != nil {
				return err
			}
			one, two := sha256.Sum256(csv), sha256.Sum256(xlsx)
			b.run.CSV, b.run.XLSX = one[:], two[:]
		}
		runs = append(runs, b.run)
	}
	if err := tx.WritePaying(append(accounts, next), runs); err != nil {
		return err
	}
	return m.finding(tx)
}

// finding asks a part of a payment back.
func (m *maker) finding(tx *store.Tx) error {
	for i := len(m.runs) - 1; i >= 0; i-- {
		b := m.runs[i]
		if b.fund.programme != procedure.Joint || b.run.State != payout.Paid || len(b.run.List) < 2 {
			continue
		}
		l := b.run.List[1]
		v := payout.Recovery{Debtor: payout.Hospital, Source: payout.FindingSources()[0], Reason: "复核发现同一耗材重复计费（示例）", Amount: 1200 * money.Yuan, State: payout.RecoveryOpen}
		if err := v.Check(l.Amount); err != nil {
			return err
		}
		return tx.InsertRecovery(store.Recovery{Recovery: v, ID: id("recovery"), Payable: l.Payable, Fund: b.run.Fund, Treatment: l.Treatment, Hospital: l.Hospital})
	}
	return nil
}

// Counter speaks the language of the bank's counter.
func Counter() (i18n.Printer, error) {
	texts, err := fs.Sub(web.FS, "i18n")
	if err != nil {
		return i18n.Printer{}, err
	}
	cat, err := i18n.Load(texts)
	if err != nil {
		return i18n.Printer{}, err
	}
	return cat.Printer(i18n.Chinese), nil
}
