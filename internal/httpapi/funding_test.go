package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// newMoneyAPI is the API over a world with the services of money.
func newMoneyAPI(t *testing.T) api {
	t.Helper()
	return apiWith(t, func(w *servicetest.World, d *httpapi.Deps) {
		d.Funding = funding.New(funding.Deps{DB: w.DB, Policy: w.Policy})
		d.Pricing = pricing.New(pricing.Deps{DB: w.DB, Policy: w.Policy})
		d.Inspection = inspection.New(inspection.Deps{DB: w.DB, Policy: w.Policy})
		d.Paying = paying.New(paying.Deps{DB: w.DB, Policy: w.Policy, Say: d.Catalogue.Printer(i18n.Chinese)})
	})
}

// money is a token for everything about money the person may do.
func (a api) money(who user.Principal) string {
	a.T.Helper()
	var scopes []authz.Permission
	for _, perm := range []authz.Permission{authz.PersonRead, authz.ApprovalRead, authz.ApprovalRequest, authz.ApprovalDecide, authz.SettlementRead, authz.SettlementSettle,
		authz.FundRead, authz.FundOpen, authz.FundDeposit, authz.LedgerRead, authz.AuditPackage, authz.PayableRead, authz.PayableReceipt, authz.PayeeRead, authz.PayeeEdit,
		authz.PayeeApprove, authz.PayoutRead, authz.PayoutMake, authz.PayoutApprove, authz.PayoutPay, authz.ExportMake, authz.RecoveryRead, authz.RecoveryEdit} {
		if a.Policy.Can(who, perm, authz.Anywhere(who.PartnershipID)) {
			scopes = append(scopes, perm)
		}
	}
	made, err := a.s.CreateTokenFor(a.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "money", Scopes: scopes})
	if err != nil {
		a.T.Fatal(err)
	}
	return made.Secret
}

type moneyAnswer struct {
	ID       ident.ID `json:"id"`
	Detail   string   `json:"detail"`
	Approved int64    `json:"approved_fen"`
	Received int64    `json:"received_fen"`
	Net      int64    `json:"net_fen"`
	No       string   `json:"no"`
	Rule     string   `json:"rule"`
	Vouchers []struct {
		No string `json:"no"`
	} `json:"vouchers"`
	Rows []struct {
		ID ident.ID `json:"id"`
	} `json:"rows"`
	Transfers []struct {
		Kind string `json:"kind"`
	} `json:"transfers"`
}

func TestMoneyThroughTheAPI(t *testing.T) {
	a := newMoneyAPI(t)
	office, clerk := a.money(a.Approver()), a.money(a.Finance(servicetest.Mountain))
	must := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Fatalf("%s answers %d, want %d", what, got, want)
		}
	}
	var fund, v moneyAnswer
	must("opening a fund", a.post(office, "/funds", "f", map[string]any{"code": "ZL-1", "name": "站立行动"}, &fund), http.StatusCreated)
	deposits := "/funds/" + fund.ID.String() + "/deposits"
	must("a deposit without a key", a.post(office, deposits, "", map[string]any{"amount_fen": 1, "note": "x"}, nil), http.StatusUnprocessableEntity)
	must("an unknown field", a.post(office, deposits, "d", `{"amount_fen":1,"note":"x","amount":2}`, nil), http.StatusBadRequest)
	must("a deposit", a.post(office, deposits, "d2", map[string]any{"amount_fen": 1_000_000, "note": "协作财政资金"}, &v), http.StatusCreated)
	if v.No == "" {
		t.Error("the deposit has no voucher")
	}
	tr := a.Eligible(servicetest.Mountain)
	ask := map[string]any{"treatment_id": tr.ID, "bill_fen": 3_000_000, "basic_fen": 1_000_000, "reason": "低保对象",
		"funds": []map[string]any{{"fund_id": fund.ID, "amount_fen": 1_200_000}}}
	var asked moneyAnswer
	must("an application", a.post(clerk, "/approvals", "a", ask, &asked), http.StatusCreated)
	decision := "/approvals/" + asked.ID.String() + "/decision"
	must("a clerk's decision", a.post(clerk, decision, "x", map[string]any{"decision": "approve", "relation": "none", "version": 1}, nil), http.StatusForbidden)
	must("a decision on no version", a.post(office, decision, "w", map[string]any{"decision": "approve", "relation": "none"}, nil), http.StatusUnprocessableEntity)
	must("more than there is", a.post(office, decision, "y", map[string]any{"decision": "approve", "relation": "none", "version": 1}, &v), http.StatusConflict)
	if v.Rule != "fund.sufficient" {
		t.Errorf("refused by %q", v.Rule)
	}
	must("an approval", a.post(office, decision, "z", map[string]any{"decision": "approve", "relation": "none", "amount_fen": 900_000, "version": 1}, &v), http.StatusOK)
	if v.Approved != 900_000 || len(v.Vouchers) != 1 {
		t.Errorf("%+v", v)
	}
	a.Advance(tr, treatment.Admit, treatment.LogOperation, treatment.Discharge)
	bill := map[string]any{"treatment_id": tr.ID, "bill_fen": 3_000_000, "basic_fen": 1_000_000, "net_fen": 1_100_001,
		"funds": []map[string]any{{"fund_id": fund.ID, "amount_fen": 900_000}}}
	must("a fen too much", a.post(clerk, "/settlements", "s", bill, nil), http.StatusUnprocessableEntity)
	bill["net_fen"] = 1_100_000
	var settled moneyAnswer
	must("a settlement", a.post(clerk, "/settlements", "s2", bill, &settled), http.StatusCreated)
	status, raw := a.get(clerk, "/settlements/"+settled.ID.String())
	if got := decode[moneyAnswer](t, raw); status != http.StatusOK || got.Net != 1_100_000 {
		t.Errorf("%d %s", status, raw)
	}
	status, raw = a.get(office, "/funds/"+fund.ID.String())
	if got := decode[moneyAnswer](t, raw); status != http.StatusOK || got.Received != 1_000_000 || len(got.Transfers) != 3 {
		t.Errorf("%d %s", status, raw)
	}
	for path, rows := range map[string]int{"/approvals?state=approved": 1, "/approvals": 0, "/settlements": 1, "/funds": 1} {
		if status, raw := a.get(clerk, path); status != http.StatusOK || len(decode[moneyAnswer](t, raw).Rows) != rows {
			t.Errorf("%s: %d %s", path, status, raw)
		}
	}
	if status, _ := a.get(a.money(a.Finance(servicetest.MountainTwo)), "/approvals/"+asked.ID.String()); status != http.StatusNotFound {
		t.Errorf("another hospital: %d", status)
	}
	if status, _ := a.get(clerk, "/approvals/"+asked.ID.String()); status != http.StatusOK {
		t.Errorf("own application: %d", status)
	}
	must("a reversal", a.post(clerk, "/settlements/"+settled.ID.String()+"/reversal", "r", map[string]any{"version": 1, "reason": "清单更正"}, nil), http.StatusOK)
	second := a.Eligible(servicetest.Mountain)
	ask["treatment_id"] = second.ID
	must("a second application", a.post(clerk, "/approvals", "b", ask, &asked), http.StatusCreated)
	must("taken back", a.post(clerk, "/approvals/"+asked.ID.String()+"/withdrawal", "w", map[string]any{"version": 1}, nil), http.StatusOK)
	if status, _ := a.get(clerk, "/approvals?state=nonsense"); status < 400 || status > 422 {
		t.Errorf("an unknown state: %d", status)
	}
}

func TestFormsAndPackagesThroughTheAPI(t *testing.T) {
	a := newMoneyAPI(t)
	get := func(token, path string, dst any) int {
		t.Helper()
		status, body := a.get(token, path)
		if err := json.Unmarshal(body, dst); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return status
	}
	clerk, auditor := a.money(a.Finance(servicetest.Mountain)), a.money(a.Auditor())
	pool, tr := a.Fund(5_000_000), a.Eligible(servicetest.Mountain)
	var asked moneyAnswer
	if got := a.post(clerk, "/approvals", "a", map[string]any{"treatment_id": tr.ID, "bill_fen": 3_000_000, "basic_fen": 1_000_000, "reason": "低保对象",
		"funds": []map[string]any{{"fund_id": pool.ID, "amount_fen": 1_200_000}}}, &asked); got != http.StatusCreated {
		t.Fatal(got)
	}
	var form struct {
		Code    string `json:"code"`
		QR      string `json:"qr"`
		Figures []struct {
			Amount int64 `json:"amount_fen"`
		} `json:"figures"`
	}
	if got := get(clerk, "/approvals/"+asked.ID.String()+"/form", &form); got != http.StatusOK || len(form.Figures) != 8 || form.Figures[0].Amount != 3_000_000 {
		t.Fatalf("%d %+v", got, form)
	}
	var check struct {
		Verdict  string    `json:"verdict"`
		Matches  *bool     `json:"matches"`
		RecordID *ident.ID `json:"record_id"`
	}
	for figures, match := range map[string]bool{"3000000,1000000,0,0,0,1200000,0,800000": true, "3000000,1000000,0,0,0,1200000,0,900000": false} {
		if got := get(clerk, "/form-check?text="+form.Code+"&figures_fen="+figures, &check); got != http.StatusOK || check.Verdict != "genuine" || check.Matches == nil || *check.Matches != match ||
			check.RecordID == nil || *check.RecordID != asked.ID {
			t.Errorf("%s: %d %+v", figures, got, check)
		}
	}
	for name, match := range map[string]bool{tr.PersonName: true, tr.PersonName + "某": false} {
		var named struct {
			Bound   bool   `json:"name_bound"`
			Matches *bool  `json:"name_matches"`
			Person  string `json:"recorded_name"`
		}
		if got := a.post(clerk, "/form-check", "n"+name, map[string]any{"text": form.QR, "name": name}, &named); got != http.StatusOK || !named.Bound || named.Matches == nil || *named.Matches != match ||
			named.Person != tr.PersonName {
			t.Errorf("the name %s: %d %+v", name, got, named)
		}
	}
	if got := a.post(clerk, "/form-check", "n", map[string]any{"name": "x"}, nil); got != http.StatusUnprocessableEntity {
		t.Errorf("nothing to check: %d", got)
	}
	var made moneyAnswer
	order := map[string]any{"fund_id": pool.ID, "from": "2020-01-01", "to": a.Today().String()}
	if got := a.post(clerk, "/audit-packages", "p", order, nil); got != http.StatusForbidden {
		t.Errorf("a clerk asks for a package: %d", got)
	}
	if got := a.post(auditor, "/audit-packages", "p", order, &made); got != http.StatusAccepted || made.ID == ident.Nil {
		t.Fatalf("%d %+v", got, made)
	}
	var list moneyAnswer
	if got := get(auditor, "/audit-packages", &list); got != http.StatusOK || len(list.Rows) != 1 || list.Rows[0].ID != made.ID {
		t.Errorf("%d %+v", got, list)
	}
	if got := get(auditor, "/audit-packages/"+made.ID.String()+"/file", &list); got != http.StatusConflict && got != http.StatusPreconditionFailed {
		t.Errorf("a package that is not made yet answers %d", got)
	}
}
