package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// write is one request with its idempotency key. The zero answer means that
// nobody knows yet whether it happened.
type write struct {
	kind  string // what the checker looks for
	token string
	path  string
	key   string
	body  any

	status int
	answer []byte
	tries  int // more than one: an answer was missing
	took   time.Duration
}

func (w *write) acknowledged() bool { return w.status >= 200 && w.status < 300 }

// send asks a node once. An answer of 500 and more says that the write may have
// happened or not, like no answer at all.
func (w *write) send(ctx context.Context, client *http.Client, node string) (status int, answer []byte, err error) {
	raw, err := json.Marshal(w.body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, node+"/api/v1"+w.path, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", w.key)
	req.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// crew is a set of writers and what they were told.
type crew struct {
	*site
	workers int
	client  *http.Client
	patient time.Duration // how long one write may stay without an answer
	copies  int           // a write is sent up to so many times at once before it is sent in earnest; 0: never
	ruled   bool          // refusals by a rule about days are expected: clocks are wrong
	lenient bool          // a broken build is served: a writer whose story no longer fits begins another

	walks    []*walk
	mu       sync.Mutex
	told     []*write
	refused  []string
	faults   []string    // answers that are no clean refusal
	missed   []time.Time // when an answer was missing
	stop     atomic.Bool
	done     sync.WaitGroup
	unknown  atomic.Int64 // answers that were missing
	resolved atomic.Int64 // and came later under the same key
	sent     atomic.Int64 // copies
	number   atomic.Int64 // of the next person
}

func newCrew(s *site, workers int) *crew {
	c := &crew{site: s, workers: workers, patient: 2 * time.Minute,
		client: &http.Client{Timeout: 45 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: workers}}}
	c.number.Store(s.set.seed % 100_000)
	return c
}

// prepare makes what the writers need before the first harm.
func (c *crew) prepare() {
	c.t.Helper()
	for i := len(c.walks); i < c.workers; i++ {
		c.walks = append(c.walks, c.newWalk(uint64(i)))
	}
}

// begin lets the writers write until end, or go on after it.
func (c *crew) begin() {
	c.t.Helper()
	c.prepare()
	for i, walk := range c.walks {
		c.done.Go(func() {
			for !c.stop.Load() {
				if err := walk.step(); err != nil && !c.lenient {
					c.t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
}

// end waits until every writer has an answer to its last request.
func (c *crew) end() {
	c.stop.Store(true)
	c.done.Wait()
	c.client.CloseIdleConnections()
}

// count is how many writes were acknowledged so far.
func (c *crew) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.told)
}

// do sends a write until it has an answer, each time to a node chosen anew.
func (c *crew) do(r *rand.Rand, w *write) error {
	if c.copies > 0 {
		c.crowd(w, 1+r.IntN(c.copies), r.IntN)
	}
	for begin := time.Now(); ; {
		w.tries++
		node := c.nodes[r.IntN(len(c.nodes))]
		asked := time.Now()
		status, answer, err := w.send(context.Background(), c.client, node.url())
		w.took = time.Since(asked)
		c.judge(w, status, answer, err)
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			w.status, w.answer = status, answer
			break
		}
		c.miss()
		if time.Since(begin) > c.patient {
			return fmt.Errorf("%s %s: no answer after %s: %d %s %w", w.kind, w.key, c.patient, status, answer, errors.Join(err, errUnanswered))
		}
		pause(time.Duration(5+r.IntN(40)) * time.Millisecond)
	}
	if w.tries > 1 {
		c.resolved.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !w.acknowledged() {
		c.refused = append(c.refused, fmt.Sprintf("%s: %d %s", w.kind, w.status, w.answer))
		return nil
	}
	c.told = append(c.told, w)
	return nil
}

// miss notes that an answer is missing, and when.
func (c *crew) miss() {
	c.unknown.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missed = append(c.missed, time.Now())
}

var errUnanswered = errors.New("faults: unanswered")

// judge keeps answers that are neither an acknowledgement nor a clean refusal: a
// 500, or a 503 that is no problem document with a sentence.
func (c *crew) judge(w *write, status int, answer []byte, err error) {
	if err != nil || status < 500 {
		return
	}
	var p struct{ Title, Detail, Code string }
	if status == http.StatusServiceUnavailable && json.Unmarshal(answer, &p) == nil && p.Code != "" && hasHan(p.Detail) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.faults) < 20 {
		c.faults = append(c.faults, fmt.Sprintf("%s: %d %s", w.kind, status, answer))
	}
}

// hasHan reports whether a sentence is in the language the request came in.
func hasHan(text string) bool {
	return slices.ContainsFunc([]rune(text), func(r rune) bool { return r >= 0x4E00 && r <= 0x9FFF })
}

// walk is what one writer does: it registers people, pays into the fund, applies
// for the same patient again and again and lets another one be settled and
// reversed again and again.
type walk struct {
	*crew
	r       *rand.Rand
	worker  uint64
	n       int
	waiting ident.ID // a treatment that waits for an application
	treated ident.ID // a treatment that waits for its settlement
	next    func() error
}

const (
	bill  = 3_000_000
	basic = 1_000_000
	share = 200_000
)

func (c *crew) newWalk(worker uint64) *walk {
	c.t.Helper()
	w := &walk{crew: c, r: c.random(worker), worker: worker}
	w.waiting = c.Eligible(servicetest.Mountain).ID
	tr := c.Eligible(servicetest.Mountain)
	w.treated = tr.ID
	id, err := w.apply(w.treated)
	if err == nil {
		_, err = w.decide(id, 1, "approve")
	}
	c.must(err)
	c.Advance(tr, treatment.Admit, treatment.LogOperation, treatment.Discharge)
	return w
}

// step does one write, chosen by the seed; what was begun is ended first.
func (w *walk) step() error {
	if next := w.next; next != nil {
		w.next = nil
		return next()
	}
	switch n := w.r.IntN(10); {
	case n < 4:
		return w.register()
	case n < 6:
		return w.deposit()
	case n < 8:
		id, err := w.apply(w.waiting)
		if err == nil && id != ident.Nil {
			w.next = func() error { return w.decided(id) }
		}
		return err
	default:
		return w.settle()
	}
}

// send is a write of a kind under a key of its own.
func (w *walk) send(kind, token, path string, body map[string]any) (*write, error) {
	w.n++
	x := &write{kind: kind, token: token, path: path, key: fmt.Sprintf("%d-%d-%d", w.set.seed, w.worker, w.n), body: body}
	return x, w.do(w.r, x)
}

func (w *walk) register() error {
	n := w.number.Add(1)
	_, err := w.send("person.register", w.registrar, "/registrations", map[string]any{"hospital_id": w.ID(servicetest.Mountain), "document_kind": "citizen",
		"document_number": servicetest.CitizenNumber(fmt.Sprintf("%02d%02d%02d", 30+n/168_000%60, 1+n/14_000%12, 1+n/500%28), int(n%500)),
		"name":            nameOf(n), "phone": fmt.Sprintf("139%08d", n), "township": "北渡镇", "village": "临江村", "legal_basis": "statutory", "programme": "joint"})
	return err
}

// nameOf is a name no two people of a run share.
func nameOf(n int64) string {
	const stems = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
	letters := []rune(stems)
	name := []rune{'禾'}
	for range 5 {
		name = append(name, letters[n%int64(len(letters))])
		n /= int64(len(letters))
	}
	return string(name)
}

func (w *walk) deposit() error {
	_, err := w.send("fund.deposit", w.chief, "/funds/"+w.fund.String()+"/deposits", map[string]any{"amount_fen": 100 + w.r.IntN(100_000), "note": fmt.Sprintf("到账 %d-%d", w.worker, w.n)})
	return err
}

// made is the id an answer names; nil when the write was refused.
func (x *write) made() ident.ID {
	var out struct {
		ID ident.ID `json:"id"`
	}
	if !x.acknowledged() || json.Unmarshal(x.answer, &out) != nil {
		return ident.Nil
	}
	return out.ID
}

func (w *walk) funds() []map[string]any {
	return []map[string]any{{"fund_id": w.fund, "amount_fen": share}}
}

func (w *walk) apply(tr ident.ID) (ident.ID, error) {
	x, err := w.send("approval.request", w.clerk, "/approvals", map[string]any{"treatment_id": tr, "bill_fen": bill, "basic_fen": basic, "reason": "低保对象", "funds": w.funds()})
	return x.made(), err
}

func (w *walk) decide(id ident.ID, version int, what string) (*write, error) {
	body := map[string]any{"decision": what, "version": version}
	if what == "approve" {
		body["relation"] = "none"
	} else {
		body["opinion"] = "材料有误"
	}
	return w.send("approval.decide", w.chief, "/approvals/"+id.String()+"/decision", body)
}

// decided ends an application: withdrawn, refused, or approved and revoked.
func (w *walk) decided(id ident.ID) error {
	switch w.r.IntN(4) {
	case 0:
		_, err := w.send("approval.withdraw", w.clerk, "/approvals/"+id.String()+"/withdrawal", map[string]any{"version": 1})
		return err
	default:
		x, err := w.decide(id, 1, "approve")
		if err == nil && x.acknowledged() {
			w.next = func() error { _, err := w.decide(id, w.Version(id), "revoke"); return err }
		}
		return err
	}
}

// Version is what a change of a record has to say it was made on.
func (w *walk) Version(id ident.ID) int {
	for begin := time.Now(); ; pause(50 * time.Millisecond) {
		var n int
		err := w.super.QueryRow(`select max(version) from (select version from approval where id = $1 union all select version from settlement where id = $1) x`, id).Scan(&n)
		if err == nil || time.Since(begin) > w.patient {
			return n
		}
	}
}

func (w *walk) settle() error {
	x, err := w.send("settlement.settle", w.clerk, "/settlements", map[string]any{"treatment_id": w.treated, "bill_fen": bill, "basic_fen": basic, "net_fen": bill - basic - share, "funds": w.funds()})
	if id := x.made(); err == nil && id != ident.Nil {
		w.next = func() error {
			_, err := w.send("settlement.reverse", w.clerk, "/settlements/"+id.String()+"/reversal", map[string]any{"version": w.Version(id), "reason": "结算单有误"})
			return err
		}
	}
	return err
}
