package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// verdict is what the checker found wrong; empty is the proof.
type verdict []string

func (v *verdict) add(format string, args ...any) { *v = append(*v, fmt.Sprintf(format, args...)) }

// checker reads the database behind row security and holds it against what the
// writers were told.
type checker struct {
	*crew
	verdict
}

// check is the whole proof. The writers have ended and each has its answer, so the
// database must hold exactly what was acknowledged.
func (c *crew) check() verdict {
	c.t.Helper()
	k := &checker{crew: c}
	for _, x := range c.refused {
		if !c.ruled {
			k.add("refused: %s", x)
		}
		if strings.Contains(x, "insufficient") || strings.Contains(x, ": 5") {
			k.add("refused for no reason: %s", x) // the fund has more than they can spend
		}
	}
	for _, x := range c.faults {
		k.add("no clean answer: %s", x)
	}
	k.keys()
	k.records()
	k.events()
	k.books()
	k.again()
	k.log()
	return k.verdict
}

// sound is check, and fails the test.
func (c *crew) sound() {
	c.t.Helper()
	for i, x := range c.check() {
		if i == 20 {
			c.t.Errorf("and more")
			return
		}
		c.t.Error(x)
	}
}

// one answers a counting query.
func (k *checker) one(query string, args ...any) (n int) {
	if err := k.super.QueryRow(query, args...).Scan(&n); err != nil {
		k.add("%s: %v", query, err)
	}
	return n
}

// of lists the acknowledged writes of a kind.
func (k *checker) of(kind string) (out []*write) {
	for _, w := range k.told {
		if w.kind == kind {
			out = append(out, w)
		}
	}
	return out
}

// keys: each acknowledged write has its key with a stored answer, and there is no
// other key.
func (k *checker) keys() {
	var want []string
	for _, w := range k.told {
		want = append(want, w.key)
	}
	prefix := fmt.Sprintf("%d-%%", k.set.seed)
	if n := k.one(`select count(*) from unnest($1::text[]) w(key) where not exists (select 1 from idempotency i where i.key = w.key and i.status = 200)`, pq.Array(want)); n > 0 {
		k.add("%d acknowledged writes have no stored answer", n)
	}
	if n := k.one(`select count(*) from idempotency i where i.key like $1`, prefix); n != len(want) {
		k.add("%d keys in the database, %d writes acknowledged", n, len(want))
	}
}

// records: every record an answer names is there, once, with all its parts, and
// there is none besides.
func (k *checker) records() {
	var registrations, cases, persons []string
	for _, w := range k.of("person.register") {
		var a struct {
			Person       ident.ID  `json:"person_id"`
			Registration ident.ID  `json:"registration_id"`
			Case         *ident.ID `json:"case_id"`
		}
		if err := json.Unmarshal(w.answer, &a); err != nil || a.Case == nil {
			k.add("an answer that cannot be read: %s", w.answer)
			continue
		}
		persons, registrations, cases = append(persons, a.Person.String()), append(registrations, a.Registration.String()), append(cases, a.Case.String())
	}
	missing := func(what, table string, ids []string) {
		if n := k.one(`select count(*) from unnest($1::uuid[]) w(id) where not exists (select 1 from `+table+` x where x.id = w.id)`, pq.Array(ids)); n > 0 {
			k.add("%d %s that were acknowledged are not there", n, what)
		}
	}
	missing("persons", "person", persons)
	missing("registrations", "registration", registrations)
	missing("cases", "casefile", cases)
	// What the writers registered is told from the world's own people by the phone.
	if n := k.one(`select count(*) from registration where created_by = $1 and phone_sealed is not null`, k.registrarID); n != len(registrations) {
		k.add("%d registrations in the database, %d acknowledged", n, len(registrations))
	}
	if n := k.one(`select count(*) from registration r where r.id = any ($1::uuid[]) and ((select count(*) from person_document d where d.person_id = r.person_id) <> 1
		or (select count(*) from casefile c where c.person_id = r.person_id) <> 1 or (select count(*) from registration_term t where t.registration_id = r.id) < 5)`, pq.Array(registrations)); n > 0 {
		k.add("%d registrations are half done or doubled", n)
	}
	k.money(missing)
}

func (k *checker) money(missing func(what, table string, ids []string)) {
	ids := func(kind string) (out []string) {
		for _, w := range k.of(kind) {
			out = append(out, w.made().String())
		}
		return out
	}
	approvals, settlements := ids("approval.request"), ids("settlement.settle")
	missing("applications", "approval", approvals)
	missing("settlements", "settlement", settlements)
	if n := k.one(`select count(*) from approval`); n != len(approvals) {
		k.add("%d applications in the database, %d acknowledged", n, len(approvals))
	}
	if n := k.one(`select count(*) from settlement`); n != len(settlements) {
		k.add("%d settlements in the database, %d acknowledged", n, len(settlements))
	}
	for _, x := range []struct {
		what, query string
		want        int
	}{
		{"deposits", `select count(*) from ledger_transfer where kind = 'deposit' and note like '到账 %'`, len(k.of("fund.deposit"))},
		{"different deposits", `select count(distinct note) from ledger_transfer where kind = 'deposit' and note like '到账 %'`, len(k.of("fund.deposit"))},
		{"withdrawn applications", `select count(*) from approval where state = 'withdrawn'`, len(k.of("approval.withdraw"))},
		{"reversed settlements", `select count(*) from settlement where state = 'reversed'`, len(k.of("settlement.reverse"))},
	} {
		if n := k.one(x.query); n != x.want {
			k.add("%d %s in the database, %d acknowledged", n, x.what, x.want)
		}
	}
}

// events: each acknowledged write has exactly one event of success in the log.
func (k *checker) events() {
	told := map[string]int{}
	for _, w := range k.told {
		told[w.kind]++
	}
	rows, err := k.super.Query(`select action, count(*) from audit_event where outcome = 'ok' and action in
		('person.register', 'fund.deposit', 'approval.request', 'approval.decide', 'approval.withdraw', 'settlement.settle', 'settlement.reverse') group by action`)
	if err != nil {
		k.add("the log cannot be read: %v", err)
		return
	}
	defer rows.Close()
	logged := map[string]int{}
	for rows.Next() {
		var action string
		var n int
		if err := rows.Scan(&action, &n); err != nil {
			k.add("%v", err)
		}
		logged[action] = n
	}
	for kind, n := range told {
		if logged[kind] != n {
			k.add("%d events %s in the log, %d writes acknowledged", logged[kind], kind, n)
		}
	}
}

// books: the nightly check of the product, and the sums again in other words.
func (k *checker) books() {
	k.Do(k.System(), func(tx *store.Tx) error {
		faults, err := tx.CheckLedger()
		for _, f := range faults {
			k.add("the books: %+v", f)
		}
		return err
	})
	for what, query := range map[string]string{
		"transfers do not sum to zero":        `select count(*) from (select transfer_id from ledger_entry group by transfer_id having sum(amount_fen) <> 0 or count(*) < 2) x`,
		"transfers have no entries":           `select count(*) from ledger_transfer t where not exists (select 1 from ledger_entry e where e.transfer_id = t.id)`,
		"accounts are not their entries":      `select count(*) from ledger_account a where a.balance_fen <> (select coalesce(sum(e.amount_fen), 0) from ledger_entry e where e.account_id = a.id)`,
		"accounts are below zero":             `select count(*) from ledger_account where balance_fen < 0 and kind <> 'source'`,
		"fen in the ledger beside each other": `select abs(coalesce(sum(balance_fen), 0)) from ledger_account`,
	} {
		if n := k.one(query); n != 0 {
			k.add("%d %s", n, what)
		}
	}
}

// again repeats some of the writes under their keys: the first answer comes back,
// at whichever node.
func (k *checker) again() {
	if len(k.nodes) == 0 || len(k.told) == 0 {
		return
	}
	client := &http.Client{Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	before := k.one(`select count(*) from idempotency`)
	for i := range min(60, len(k.told)) {
		w := k.told[i*len(k.told)/min(60, len(k.told))]
		status, answer, err := w.send(context.Background(), client, k.nodes[i%len(k.nodes)].url())
		if err != nil || status != w.status || !bytes.Equal(answer, w.answer) {
			k.add("%s %s answered %d %s, and repeated %d %s %v", w.kind, w.key, w.status, w.answer, status, answer, err)
		}
	}
	if after := k.one(`select count(*) from idempotency`); after != before {
		k.add("repeating made %d new keys", after-before)
	}
}

// log: the chain of the log, by the command an auditor types.
func (k *checker) log() {
	tool := newNode(k.t, k.binary, "SHANHAI_DATA_DIR="+k.data, "SHANHAI_DATABASE_URL="+k.address())
	code, said := 0, ""
	for range 5 { // reads are linked within a second
		if code, said = tool.run(context.Background(), "audit", "verify"); code == 0 {
			return
		}
		pause(time.Second)
	}
	k.add("audit verify: exit %d: %s", code, said[strings.LastIndexByte(said, '\n')+1:])
}
