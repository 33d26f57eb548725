package acceptance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// apiClient speaks to the API of a running service with one token.
type apiClient struct {
	t     *testing.T
	base  string
	token string
	http  *http.Client
}

func (m *machine) client(user string, scopes ...string) apiClient {
	m.t.Helper()
	args := []string{"token", "create", "--user", user}
	if len(scopes) > 0 {
		args = append(args, "--scopes", strings.Join(scopes, ","))
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	m.t.Cleanup(transport.CloseIdleConnections)
	return apiClient{m.t, m.url + "/api/v1", strings.TrimSpace(m.run(args...)), &http.Client{Transport: transport, Timeout: time.Minute}}
}

// problem is what a refusal says.
type problem struct {
	Rule   string   `json:"rule"`
	Detail string   `json:"detail"`
	Remedy []string `json:"remedy"`
}

// send posts a body with a key and gives status and answer.
func (c apiClient) send(path, key string, body any) (int, []byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequest(http.MethodPost, c.base+path, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(res.Body)
	return res.StatusCode, raw, err
}

// make posts and expects something new; its id comes back, and the answer in into.
func (c apiClient) make(path, key string, body, into any) string {
	c.t.Helper()
	status, raw, err := c.send(path, key+path, body) // a key is good for one act
	if err != nil || status >= 300 {
		c.t.Fatalf("POST %s: %d %s %v", path, status, raw, err)
	}
	var made struct{ ID string }
	readJSON(c.t, string(raw), &made)
	if into != nil {
		readJSON(c.t, string(raw), into)
	}
	return made.ID
}

// Two hundred families wait for money that is there for a hundred and thirty-seven.
const (
	waiting  = 200
	covered  = 137
	eachFen  = 2_000_000
	stranger = "500199" // the region code nobody lives in
)

// stress is the programme office of one such morning.
type stress struct {
	*office
	desk, money, chief apiClient
	hospital           string
	proof              string
}

func TestJourney8MoneyStress(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	s := &stress{office: o,
		desk:  o.client("registrar-ylzy", "person:read", "person:register", "eligibility:edit", "attachment:add", "case:read", "case:open", "treatment:read", "treatment:open"),
		money: o.client("finance-ylzy", "approval:read", "approval:request", "treatment:read"),
		chief: o.client("approver", "approval:read", "approval:decide", "fund:read", "fund:open", "fund:deposit", "ledger:read")}
	s.hospital = o.sql(`select r.scope_id from role_assignment r join account a on a.id = r.account_id where a.username = 'registrar-ylzy' limit 1`)
	raw, err := os.ReadFile(proof(t, "证明.png", 0))
	if err != nil {
		t.Fatal(err)
	}
	s.proof = base64.StdEncoding.EncodeToString(raw)
	people := s.families(waiting)
	for round := range 3 {
		s.morning(t, round, people)
	}
}

// families registers people with everything an application needs, and gives
// their treatments.
func (s *stress) families(n int) []string {
	out := make([]string, n)
	s.together(n, func(i int) { out[i] = s.family(i) })
	return out
}

// together does n things, eight at a time: what leads up to the decisions need not
// be one after the other.
func (s *stress) together(n int, do func(int)) {
	s.t.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
}

func (s *stress) family(i int) string {
	key := fmt.Sprintf("family-%d", i)
	number := patient.UpgradeNumber(fmt.Sprintf("%s%02d%02d%02d%03d", stranger, 40+i%30, 1+i%12, 1+i%28, 500+i))
	var made struct {
		PersonID string `json:"person_id"`
		CaseID   string `json:"case_id"`
	}
	s.desk.make("/registrations", key, map[string]any{"hospital_id": s.hospital, "document_kind": "citizen", "document_number": number,
		"name": fmt.Sprintf("候批%c%c", '甲'+rune(i%20), '一'+rune(i)), "legal_basis": "consent", "consent_note": "本人签字", "programme": "joint",
		"diagnosis": "膝关节骨关节炎", "township": "北渡镇", "not_same": "同批登记，已逐一核对证件"}, &made)
	s.desk.make("/persons/"+made.PersonID+"/categories", key, map[string]any{"category": "DB", "from": "2026-01-01", "source": "县民政局",
		"evidence": "低保证", "proof": map[string]any{"name": "证明.png", "content": s.proof}}, nil)
	var planned struct{ Version int }
	treatment := s.desk.make("/cases/"+made.CaseID+"/treatments", key, map[string]any{"hospital_id": s.hospital, "plan": "全膝关节置换"}, &planned)
	s.desk.make("/treatments/"+treatment+"/steps", key, map[string]any{"action": "confirm_eligible", "version": planned.Version}, nil)
	return treatment
}

// morning opens a fund for 137, lets all apply and has all decided at once; then
// everything approved is taken back, so that the families can come again.
func (s *stress) morning(t *testing.T, round int, treatments []string) {
	name := func(what string, i int) string { return fmt.Sprintf("%s-%d-%d", what, round, i) }
	fund := s.chief.make("/funds", name("fund", 0), map[string]any{"code": name("YL", 0), "name": "压力测试资金"}, nil)
	s.chief.make("/funds/"+fund+"/deposits", name("deposit", 0), map[string]any{"amount_fen": covered*eachFen + eachFen/2, "note": "到账"}, nil)
	approvals := make([]string, len(treatments))
	s.together(len(treatments), func(i int) {
		approvals[i] = s.money.make("/approvals", name("ask", i), map[string]any{"treatment_id": treatments[i], "bill_fen": 4_000_000, "basic_fen": 1_500_000,
			"reason": "低保对象", "funds": []map[string]any{{"fund_id": fund, "amount_fen": eachFen}}}, nil)
	})
	var mu sync.Mutex
	var passed []string
	told := 0
	start := make(chan struct{})
	var all sync.WaitGroup
	for i, id := range approvals {
		all.Go(func() {
			<-start
			status, raw, err := s.chief.send("/approvals/"+id+"/decision", name("decide", i), map[string]any{"decision": "approve", "relation": "none", "version": 1})
			var p problem
			_ = json.Unmarshal(raw, &p) // an approval has no rule
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && status == http.StatusOK:
				passed = append(passed, id)
			case err == nil && status == http.StatusConflict && p.Rule == "fund.sufficient" && strings.Contains(p.Detail, "10,000.00"):
				told++
			default:
				t.Errorf("neither approved nor told why: %d %s %v", status, raw, err)
			}
		})
	}
	close(start)
	all.Wait()
	if len(passed) != covered || told != waiting-covered {
		t.Fatalf("morning %d: %d passed, %d were told why", round, len(passed), told)
	}
	if got := s.sql(`select string_agg(kind || ' ' || balance_fen, ', ' order by kind) from ledger_account where fund_id = '` + fund + `'`); got !=
		fmt.Sprintf("available %d, committed 0, paid 0, reserved %d, source %d", eachFen/2, covered*eachFen, -(covered*eachFen+eachFen/2)) {
		t.Errorf("the fund's accounts: %s", got)
	}
	if below := s.sql(`select count(*) from ledger_entry e join ledger_account a using (partnership_id) where a.id = e.account_id and a.kind <> 'source' and e.balance_fen < 0`); below != "0" {
		t.Errorf("an account was below zero after %s entries", below)
	}
	s.again(t, name, approvals, passed)
}

// again takes back what was approved and withdraws the rest.
func (s *stress) again(t *testing.T, name func(string, int) string, approvals, passed []string) {
	s.together(len(approvals), func(i int) {
		id := approvals[i]
		by, path, body := s.money, "/withdrawal", map[string]any{"version": 1}
		if slices.Contains(passed, id) {
			by, path, body = s.chief, "/decision", map[string]any{"decision": "revoke", "opinion": "重新排队", "version": 2}
		}
		if status, raw, err := by.send("/approvals/"+id+path, name("again", i), body); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %s %v", path, status, raw, err)
		}
	})
}
