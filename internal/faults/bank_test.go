package faults

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// snapshot is what must hold at every instant, read in one: no money comes or
// goes, no account is below zero, each is the sum of its entries, each transfer
// has two sides.
const snapshot = `select
	(select coalesce(sum(balance_fen), 0) from ledger_account) as outside,
	(select count(*) from ledger_account where balance_fen < 0 and kind <> 'source') as below,
	(select count(*) from ledger_account a left join (select account_id, sum(amount_fen) as total from ledger_entry group by account_id) e on e.account_id = a.id
		where a.balance_fen <> coalesce(e.total, 0)) as apart,
	(select count(*) from (select transfer_id from ledger_entry group by transfer_id having sum(amount_fen) <> 0 or count(*) < 2) x) as lopsided,
	(select count(*) from ledger_transfer) as transfers`

// bank is F-1: many clients pay in, reserve, revoke, settle and reverse at two
// nodes, and the books are read in one instant each second.
func bank(t *testing.T, set settings) string {
	s := newSite(t, set)
	s.node(s.binary)
	s.node(s.binary)
	c := newCrew(s, of(set, 16, 64, 64))
	c.begin()
	looks, begin := 0, time.Now()
	for span := of(set, 20*time.Second, 45*time.Second, 10*time.Minute); time.Since(begin) < span && !t.Failed(); pause(time.Second) {
		var outside, below, apart, lopsided, transfers int64
		tx, err := s.super.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		s.must(err)
		s.must(tx.QueryRow(snapshot).Scan(&outside, &below, &apart, &lopsided, &transfers))
		s.must(tx.Rollback())
		if outside != 0 || below+apart+lopsided > 0 {
			t.Errorf("after %s: %d fen too many, %d accounts below zero, %d not their entries, %d transfers do not balance", time.Since(begin), outside, below, apart, lopsided)
		}
		looks++
	}
	c.end()
	c.sound()
	var transfers int
	s.must(s.super.QueryRow(`select count(*) from ledger_transfer`).Scan(&transfers))
	return fmt.Sprintf("%d clients, %d acknowledged writes, %d transfers, %d snapshots", c.workers, c.count(), transfers, looks)
}

// repeats is F-3: each write is sent up to five times at once, to two nodes of
// which one is killed now and then; whatever arrives, it happens once and all
// answers are the same.
func repeats(t *testing.T, set settings) string {
	s := newSite(t, set)
	s.node(s.binary)
	s.node(s.binary)
	c := newCrew(s, 8)
	c.copies = 5
	r, writes, kills := s.random(1000), of(set, 300, 2000, 50_000), 0
	c.begin()
	for c.count() < writes && !t.Failed() {
		pause(time.Duration(2000+r.IntN(3000)) * time.Millisecond)
		victim := s.nodes[r.IntN(len(s.nodes))]
		victim.kill()
		victim.start()
		kills++
	}
	c.end()
	c.sound()
	return fmt.Sprintf("%d acknowledged writes sent %d times in all, %d kills; %d answers missing", c.count(), c.sent.Load(), kills, c.unknown.Load())
}

// crowd sends copies of a write at once and holds their answers against each
// other.
func (c *crew) crowd(w *write, copies int, pick func(int) int) {
	var wait sync.WaitGroup
	answers := make([]string, copies)
	for i := range copies {
		node := c.nodes[pick(len(c.nodes))].url()
		wait.Go(func() {
			status, answer, err := w.send(context.Background(), c.client, node)
			c.judge(w, status, answer, err)
			if err == nil && status < 500 && status != http.StatusTooManyRequests {
				answers[i] = fmt.Sprintf("%d %s", status, answer)
			}
		})
	}
	wait.Wait()
	c.sent.Add(int64(copies))
	first := ""
	for _, a := range answers {
		if a == "" {
			continue
		}
		if first == "" {
			first = a
		}
		if a != first {
			c.mu.Lock()
			c.faults = append(c.faults, fmt.Sprintf("%s %s is answered %s and %s", w.kind, w.key, first, a))
			c.mu.Unlock()
		}
	}
}
