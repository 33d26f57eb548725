package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// office is the API with the people who move money, each with a token.
type office struct {
	api
	clerk, chief, maker, second string
	fund                        ident.ID
	n                           int
}

func newMoneyOffice(t *testing.T) *office {
	a := newMoneyAPI(t)
	o := &office{api: a}
	o.signIn()
	return o
}

func (o *office) signIn() {
	o.clerk, o.chief, o.maker, o.second = o.money(o.Finance(servicetest.Mountain)), o.money(o.Approver()), o.money(o.FundFinance()), o.money(o.SecondFundFinance())
}

// must posts under a key of its own and wants a status.
func (o *office) must(want int, token, path string, body, into any) {
	o.T.Helper()
	o.n++
	var raw json.RawMessage
	if got := o.post(token, path, fmt.Sprintf("k%d", o.n), body, &raw); got != want {
		o.T.Fatalf("POST %s answers %d, want %d: %s", path, got, want, raw)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(raw, into); err != nil {
		o.T.Fatalf("POST %s: %v in %s", path, err, raw)
	}
}

// read gets and decodes.
func read[T any](o *office, token, path string) T {
	o.T.Helper()
	status, raw := o.get(token, path)
	if status != http.StatusOK {
		o.T.Fatalf("GET %s answers %d %s", path, status, raw)
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		o.T.Fatalf("%v\n%s", err, raw)
	}
	return v
}

// settled takes a patient from the application to the settlement: what a fund
// pays is asked for, approved, and spent.
func (o *office) settled(fromFund int64) (approval, settlement ident.ID) {
	o.T.Helper()
	tr := o.Eligible(servicetest.Mountain)
	var asked, done moneyAnswer
	funds := []map[string]any{{"fund_id": o.fund, "amount_fen": fromFund}}
	o.must(http.StatusCreated, o.clerk, "/approvals", map[string]any{"treatment_id": tr.ID, "bill_fen": 3_000_000, "basic_fen": 1_000_000, "reason": "低保对象", "funds": funds}, &asked)
	o.must(http.StatusOK, o.chief, "/approvals/"+asked.ID.String()+"/decision", map[string]any{"decision": "approve", "relation": "none", "version": 1}, nil)
	o.Advance(tr, treatment.Admit, treatment.LogOperation, treatment.Discharge)
	o.must(http.StatusCreated, o.clerk, "/settlements", map[string]any{"treatment_id": tr.ID, "bill_fen": 3_000_000, "basic_fen": 1_000_000, "net_fen": 2_000_000 - fromFund, "funds": funds}, &done)
	return asked.ID, done.ID
}

type paidRow struct {
	ID      ident.ID `json:"id"`
	Payable ident.ID `json:"payable_id"`
	Amount  int64    `json:"amount_fen"`
	Offset  int64    `json:"offset_fen"`
	State   string   `json:"state"`
	Receipt string   `json:"receipt_no"`
	Ready   bool     `json:"ready"`
	Version int64    `json:"version"`
}

type paidList struct {
	Rows []paidRow `json:"rows"`
}

// paid collects what is owed into a run, has it approved by the second person,
// takes the bank's file twice, and pays; it answers the one payment.
func (o *office) paid() paidRow {
	o.T.Helper()
	var made struct {
		ID ident.ID `json:"run"`
	}
	o.must(http.StatusCreated, o.maker, "/pay-runs", map[string]any{"fund_id": o.fund}, &made)
	at := "/pay-runs/" + made.ID.String()
	decide := map[string]any{"approve": true, "version": 1}
	var refused moneyAnswer
	o.must(http.StatusConflict, o.maker, at+"/decision", decide, &refused)
	if refused.Rule != "payout.four_eyes" {
		o.T.Errorf("who made the run is kept from approving it by %q", refused.Rule)
	}
	o.must(http.StatusConflict, o.maker, at+"/file", map[string]any{"format": "csv"}, nil)
	o.must(http.StatusOK, o.second, at+"/decision", decide, nil)
	for _, format := range []string{"csv", "xlsx"} {
		var first, again struct {
			Digest string `json:"sha256"`
			Body   []byte `json:"body"`
		}
		o.must(http.StatusOK, o.maker, at+"/file", map[string]any{"format": format}, &first)
		o.must(http.StatusOK, o.maker, at+"/file", map[string]any{"format": format}, &again)
		if len(first.Body) == 0 || first.Digest != again.Digest || !slices.Equal(first.Body, again.Body) {
			o.T.Errorf("the bank's %s file differs from one making to the next", format)
		}
	}
	run := read[runAnswer](o, o.maker, at)
	pay := map[string]any{"on": o.Today(), "reference": "B-1", "version": run.Run.Version}
	o.must(http.StatusOK, o.maker, at+"/payment", pay, nil)
	o.must(http.StatusPreconditionFailed, o.maker, at+"/payment", pay, nil) // overtaken by the first
	return read[runAnswer](o, o.maker, at).Payments[0]
}

// runAnswer is a run with its payments.
type runAnswer struct {
	Run struct {
		Version int64 `json:"version"`
	} `json:"run"`
	Payments []paidRow `json:"payments"`
}

func (o *office) owed() []paidRow {
	o.T.Helper()
	return read[paidList](o, o.maker, "/payables?fund="+o.fund.String()).Rows
}

// left is what is left of the only deposit with a purpose.
func (o *office) left() int64 {
	o.T.Helper()
	list := read[struct {
		Rows []struct {
			Left int64 `json:"left_fen"`
		} `json:"rows"`
	}](o, o.chief, "/funds/"+o.fund.String()+"/deposits")
	if len(list.Rows) != 1 {
		o.T.Fatalf("%+v", list)
	}
	return list.Rows[0].Left
}

// proven adds up the books.
func (o *office) proven() {
	o.T.Helper()
	o.Do(o.System(), func(tx *store.Tx) error {
		faults, err := tx.CheckLedger()
		if len(faults) > 0 {
			o.T.Errorf("the books have faults: %+v", faults)
		}
		return err
	})
}

// recovery is a finding about a payable; it answers the finding.
func (o *office) recovery(payable ident.ID, amount int64) ident.ID {
	o.T.Helper()
	var out moneyAnswer
	o.must(http.StatusCreated, o.maker, "/payables/"+payable.String()+"/recovery", map[string]any{"debtor": "hospital", "source": "audit", "reason": "多报耗材", "amount_fen": amount}, &out)
	return out.ID
}

func (o *office) finding(id ident.ID) (state string, version int64) {
	o.T.Helper()
	for _, x := range read[paidList](o, o.maker, "/recoveries").Rows {
		if x.ID == id {
			return x.State, x.Version
		}
	}
	o.T.Fatalf("no finding %s", id)
	return "", 0
}

// The whole way of a reduction after the settlement: owed, collected, approved by
// a second person, handed to the bank, given back by it, paid again, received,
// found wrong, and recovered, to the deposit it came from.
func TestFromTheSettlementToTheRecoveryOverTheAPI(t *testing.T) {
	o := newMoneyOffice(t)
	var opened moneyAnswer
	o.must(http.StatusCreated, o.chief, "/funds", map[string]any{"code": "ZL-1", "name": "站立行动"}, &opened)
	o.fund = opened.ID
	deposits := "/funds/" + o.fund.String() + "/deposits"
	o.must(http.StatusCreated, o.chief, deposits, map[string]any{"amount_fen": 1_000_000, "note": "协作财政资金"}, nil)
	o.must(http.StatusCreated, o.chief, deposits, map[string]any{"amount_fen": 800_000, "note": "关节捐款", "earmark": map[string]any{"programme": "joint"}}, nil)
	approval, _ := o.settled(1_200_000)
	by := read[struct {
		Deposits []struct {
			Note   string `json:"note"`
			Amount int64  `json:"amount_fen"`
		} `json:"deposits"`
	}](o, o.chief, "/approvals/"+approval.String()).Deposits
	if len(by) != 1 || by[0].Note != "关节捐款" || by[0].Amount != 800_000 || o.left() != 0 {
		t.Errorf("the approval is paid by %+v", by)
	}
	owed := o.owed()
	if len(owed) != 1 || owed[0].Amount != 1_200_000 || owed[0].Ready {
		t.Fatalf("owed %+v", owed)
	}
	o.must(http.StatusConflict, o.maker, "/pay-runs", map[string]any{"fund_id": o.fund}, nil) // nowhere to pay to
	var account moneyAnswer
	o.must(http.StatusCreated, o.clerk, "/hospital-accounts", map[string]any{"hospital_id": o.ID(servicetest.Mountain), "holder": "山前县中医院", "bank": "山前农商银行", "number": "6222021001116245702"}, &account)
	o.must(http.StatusOK, o.chief, "/hospital-accounts/"+account.ID.String()+"/decision", map[string]any{"approve": true, "version": 1}, nil)

	l := o.paid()
	back := "/payments/" + l.ID.String() + "/return"
	o.must(http.StatusUnprocessableEntity, o.maker, back, map[string]any{"reason": "户名不符"}, nil)
	o.must(http.StatusOK, o.maker, back, map[string]any{"reason": "户名不符", "version": l.Version}, nil)
	if owed := o.owed(); len(owed) != 1 || owed[0].ID != l.Payable {
		t.Errorf("returned, it is owed again: %+v", owed)
	}
	l = o.paid()
	receipt := map[string]any{"no": "H-2026-7", "version": l.Version}
	o.must(http.StatusOK, o.clerk, "/payments/"+l.ID.String()+"/receipt", receipt, nil)
	o.must(http.StatusPreconditionFailed, o.clerk, "/payments/"+l.ID.String()+"/receipt", receipt, nil)
	if x := read[paidList](o, o.clerk, "/payments").Rows; len(x) != 2 || !slices.ContainsFunc(x, func(p paidRow) bool { return p.Receipt == "H-2026-7" }) {
		t.Errorf("payments %+v", x)
	}
	o.proven()

	o.settled(300_000) // of the common money: nothing is left of the deposit
	first := o.recovery(l.Payable, 500_000)
	_, version := o.finding(first)
	o.must(http.StatusOK, o.maker, "/recoveries/"+first.String()+"/refund", map[string]any{"amount_fen": 500_000, "reference": "T-1", "version": version}, nil)
	if state, _ := o.finding(first); state != "recovered" || o.left() != 100_000 {
		t.Errorf("%s, and the deposit has %d: the case cost so much less, so 400 000 of common money and 100 000 of the deposit came back", state, o.left())
	}
	second := o.recovery(l.Payable, 200_000)
	kept := o.paid() // what is owed for the second case, less the finding
	if state, _ := o.finding(second); kept.Offset != 200_000 || state != "recovered" || o.left() != 300_000 {
		t.Errorf("%s, kept back %+v, the deposit has %d", state, kept, o.left())
	}
	o.proven()
	o.must(http.StatusOK, o.maker, "/payments/"+kept.ID.String()+"/return", map[string]any{"reason": "账户冻结", "version": kept.Version}, nil)
	if state, _ := o.finding(second); state != "open" || o.left() != 100_000 {
		t.Errorf("%s, and the deposit has %d after the payment it was kept from came back", state, o.left())
	}
	if b := o.balances(); b.Paid != 1_200_000-500_000 || b.Committed != 300_000 {
		t.Errorf("%+v", b)
	}
	o.proven()
}

func (o *office) balances() (b fund.Balances) {
	o.T.Helper()
	o.Do(o.System(), func(tx *store.Tx) error {
		f, err := tx.FundByID(o.fund)
		b = f.Balances
		return err
	})
	return b
}

type differenceRow struct {
	ID         ident.ID `json:"id"`
	Kind       string   `json:"kind"`
	Settlement ident.ID `json:"settlement_id"`
	State      string   `json:"state"`
	CaseNo     string   `json:"case_no"`
	Lines      []any    `json:"lines"`
	Acts       []string `json:"acts"`
	Version    int64    `json:"version"`
}

func (o *office) differences() []differenceRow {
	o.T.Helper()
	return read[struct {
		Rows []differenceRow `json:"rows"`
	}](o, o.clerk, "/differences").Rows
}

func (o *office) decided(d differenceRow, act string) {
	o.T.Helper()
	o.must(http.StatusOK, o.clerk, "/differences/"+d.ID.String()+"/decision", map[string]any{"act": act, "note": "医保局更正", "version": d.Version}, nil)
}

// Three months after a settlement the insurer says otherwise: its sheet is looked
// at first, then applied; a person decides; the old posting is reversed and a new
// one made; the later case of the year is not touched but waits on the worklist.
func TestTheInsurersLateCorrectionOverTheAPI(t *testing.T) {
	o := newMoneyOffice(t)
	pool := o.Fund(5_000_000)
	o.fund = pool.ID
	writer, second, desk := o.rules(o.Approver()), o.rules(o.SecondApprover()), o.rules(o.Registrar(servicetest.Mountain))
	var rules ruleAnswer
	o.must(http.StatusCreated, writer, "/policies", map[string]any{"name": "示例", "from": "2026-01-01", "region": map[string]any{"code": "990101", "zh": "示例", "en": "Sample"}}, &rules)
	o.must(http.StatusOK, second, "/policies/"+rules.ID.String()+"/release", map[string]any{"version": rules.Version}, nil)

	// settle estimates a treatment, has a reduction approved, and settles it as computed.
	settle := func(tr store.Treatment, bill, fromFund money.Fen) (basic money.Fen, settlement ident.ID) {
		t.Helper()
		var e struct {
			Sum struct {
				Basic      money.Fen `json:"basic_fen"`
				Critical   money.Fen `json:"critical_fen"`
				Assistance money.Fen `json:"assistance_fen"`
			} `json:"sum"`
		}
		o.must(http.StatusCreated, desk, "/treatments/"+tr.ID.String()+"/estimates", map[string]any{"case": map[string]any{"kind": "TKA", "level": "2", "insurance": "resident", "referred": true,
			"items": []any{map[string]any{"class": "service", "amount_fen": bill}}}}, &e)
		var asked, done moneyAnswer
		funds := []map[string]any{{"fund_id": o.fund, "amount_fen": fromFund}}
		sum := map[string]any{"treatment_id": tr.ID, "bill_fen": bill, "basic_fen": e.Sum.Basic, "critical_fen": e.Sum.Critical, "assistance_fen": e.Sum.Assistance, "funds": funds}
		ask := map[string]any{"reason": "低保对象"}
		for k, v := range sum {
			ask[k] = v
		}
		o.must(http.StatusCreated, o.clerk, "/approvals", ask, &asked)
		o.must(http.StatusOK, o.chief, "/approvals/"+asked.ID.String()+"/decision", map[string]any{"decision": "approve", "relation": "none", "version": 1, "opinion": "同意"}, nil)
		o.Advance(tr, treatment.Admit, treatment.LogOperation, treatment.Discharge)
		sum["net_fen"] = bill - e.Sum.Basic - e.Sum.Critical - e.Sum.Assistance - fromFund
		o.must(http.StatusCreated, o.clerk, "/settlements", sum, &done)
		return e.Sum.Basic, done.ID
	}
	a := o.Eligible(servicetest.Mountain)
	basic, first := settle(a, 3_000_000, 10_00)
	discharged := o.Today()
	o.Clock.Advance(10 * 24 * time.Hour)
	var file store.CaseItem
	o.Do(o.System(), func(tx *store.Tx) (err error) { file, err = tx.CaseByID(a.Case); return err })
	_, later := settle(o.TreatmentIn(file, servicetest.Mountain, treatment.ConfirmEligible), 1_000_000, 5_00)
	before := o.balances()

	o.Clock.Advance(92 * 24 * time.Hour)
	o.signIn()
	type figures struct {
		State string `json:"state"`
		Bill  int64  `json:"bill_fen"`
		Basic int64  `json:"basic_fen"`
		Net   int64  `json:"net_fen"`
	}
	was := read[figures](o, o.clerk, "/settlements/"+first.String())
	untouched := read[figures](o, o.clerk, "/settlements/"+later.String())
	less := basic - 500_00
	sheet := "渝东南医保结算单,,,,,,,,\n结算ID,病例号,出院日期,医疗费总额（元）,符合政策范围金额,act_pay_dedc,统筹基金支出,大病保险,医疗救助,个人现金支出\n"
	var computed store.Settlement
	o.Do(o.System(), func(tx *store.Tx) (err error) { computed, _, err = tx.SettlementByID(first); return err })
	cash := computed.Bill - less - computed.Critical - computed.Assistance
	sheet += fmt.Sprintf("S1,%s,%s,%s,%s,0,%s,%s,%s,%s\n", file.No, discharged, computed.Bill.Plain(), computed.Bill.Plain(), less.Plain(), computed.Critical.Plain(), computed.Assistance.Plain(), cash.Plain())
	var handed struct {
		ID    ident.ID `json:"id"`
		State string   `json:"state"`
		Done  int      `json:"applied"`
		Wrong int      `json:"wrong"`
	}
	o.must(http.StatusCreated, o.clerk, "/sheets", map[string]any{"hospital_id": o.ID(servicetest.Mountain), "name": "结算单.csv", "content": base64.StdEncoding.EncodeToString([]byte(sheet))}, &handed)
	rows := read[struct {
		Rows []struct {
			Act      string `json:"act"`
			Problems []any  `json:"problems"`
		} `json:"content"`
	}](o, o.clerk, "/sheets/"+handed.ID.String()).Rows
	if handed.State != "previewed" || len(rows) != 1 || rows[0].Act != "compare" || len(rows[0].Problems) != 0 || len(o.differences()) != 0 {
		t.Fatalf("looking at the sheet changes nothing: %+v %+v", handed, rows)
	}
	o.must(http.StatusOK, o.clerk, "/sheets/"+handed.ID.String()+"/application", map[string]any{}, &handed)
	if handed.Done != 1 || read[figures](o, o.clerk, "/settlements/"+first.String()) != was {
		t.Fatalf("nothing is changed before a person decides: %+v", handed)
	}
	list := o.differences()
	if len(list) != 1 || list[0].Settlement != first {
		t.Fatalf("the worklist: %+v", list)
	}
	d := read[differenceRow](o, o.clerk, "/differences/"+list[0].ID.String())
	if !slices.Contains(d.Acts, "correct") {
		t.Fatalf("it may be corrected: %+v", d)
	}
	o.decided(d, "correct")
	if x := read[figures](o, o.clerk, "/settlements/"+first.String()); x.State != "reversed" || x.Basic != was.Basic {
		t.Errorf("the old settlement stays readable as it was, taken back: %+v", x)
	}
	now, ok := o.standing(a.ID)
	if !ok || now.ID == first || now.Basic != less {
		t.Errorf("the new settlement: %+v", now.Settlement)
	}
	if b := o.balances(); b.Spent() != before.Spent() || b.Available != before.Available || b.Reserved != before.Reserved {
		t.Errorf("the fund paid %+v before and %+v after: the reduction is the same", before, b)
	}
	transfers := read[moneyAnswer](o, o.chief, "/funds/"+o.fund.String()).Transfers
	kinds := map[string]int{}
	for _, x := range transfers {
		kinds[x.Kind]++
	}
	if kinds["reversal"] == 0 || kinds["commit"] != 3 {
		t.Errorf("a reversal and a new posting: %v", kinds)
	}
	list = o.differences()
	if len(list) != 1 || list[0].Settlement != later || list[0].State != "open" || len(list[0].Lines) == 0 {
		t.Fatalf("the later case of the year waits for a decision: %+v", list)
	}
	if x := read[figures](o, o.clerk, "/settlements/"+later.String()); x != untouched {
		t.Errorf("the later case was changed from %+v to %+v", untouched, x)
	}
	o.decided(list[0], "accept")
	if list = o.differences(); len(list) != 0 {
		t.Errorf("decided, it still waits: %+v", list)
	}
	o.proven()
}

func (o *office) standing(t ident.ID) (s store.Settlement, ok bool) {
	o.T.Helper()
	o.Do(o.System(), func(tx *store.Tx) (err error) { s, ok, err = tx.LiveSettlement(t); return err })
	return s, ok
}
