package store_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ledgerOfActs is a log of two organisations with an anchor half-way, and the
// hands of a superuser.
type ledgerOfActs struct {
	*testing.T
	db      *store.DB
	super   *sql.DB
	who     user.Principal
	keys    *seal.Keyring
	offices []ident.ID
	anchor  audit.SignedAnchor
}

func acts(t *testing.T) *ledgerOfActs {
	db, test, _ := open(t)
	l := &ledgerOfActs{T: t, db: db, super: pgtest.Open(t, test.SuperDSN), who: user.NewSystem("test"), keys: db.Keys(),
		offices: []ident.ID{ident.New(), ident.New()}}
	l.write(60)
	l.anchor = l.sign()
	l.write(40)
	return l
}

// write records acts on one object each, so that every chain is well filled.
func (l *ledgerOfActs) write(n int) {
	l.Helper()
	for i := range n {
		err := l.db.InTx(l.Context(), l.who, func(tx *store.Tx) error {
			tx.Audit(audit.Event{Action: audit.FundOpen, ObjectKind: audit.ObjectFund, ObjectID: ident.Derive(ident.Nil, fmt.Sprint(i%3)),
				OrganisationID: l.offices[i%2], Reason: "年度", Detail: map[string]any{"n": i, "names": []string{"b", "a"}}})
			return nil
		})
		if err != nil {
			l.Fatal(err)
		}
	}
}

func (l *ledgerOfActs) sign() audit.SignedAnchor {
	l.Helper()
	a := audit.SignedAnchor{Anchor: audit.Anchor{At: time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)}}
	err := l.db.InTx(l.Context(), l.who, func(tx *store.Tx) (err error) {
		tx.NoAudit("test")
		a.Heads, err = tx.ChainHeads()
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
	s, err := l.keys.Sign(audit.AnchorPurpose, a.Message())
	if err != nil {
		l.Fatal(err)
	}
	a.Key, a.Signature = s.Key, s.Bytes
	return a
}

func (l *ledgerOfActs) follow(anchors ...audit.SignedAnchor) store.ChainReport {
	l.Helper()
	var r store.ChainReport
	err := l.db.InTx(l.Context(), l.who, func(tx *store.Tx) (err error) {
		tx.NoAudit("test")
		r, err = tx.FollowChains(anchors)
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// hack does what only a superuser can, past triggers and foreign keys.
func (l *ledgerOfActs) hack(statements ...string) {
	l.Helper()
	tx, err := l.super.Begin()
	if err != nil {
		l.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range append([]string{"set local session_replication_role = replica"}, statements...) {
		if _, err := tx.Exec(s); err != nil {
			l.Fatalf("%s: %v", s, err)
		}
	}
	if err := tx.Commit(); err != nil {
		l.Fatal(err)
	}
}

// at is one row of the log.
type at struct {
	office ident.ID
	lane   int
	seq    int64
	last   int64 // of its chain
	event  ident.ID
}

func (a at) link() string {
	return fmt.Sprintf("l.organisation_id = '%s' and l.lane = %d and l.seq = %d", a.office, a.lane, a.seq)
}

func (a at) chain() string {
	return fmt.Sprintf("organisation_id = '%s' and lane = %d", a.office, a.lane)
}

// any picks a row; below keeps rows after it in the chain.
func (l *ledgerOfActs) any(r *rand.Rand, below int64) at {
	l.Helper()
	var all []at
	rows, err := l.super.Query(`select l.organisation_id, l.lane, l.seq, h.seq, l.event_id from audit_link l
		join audit_head h on h.organisation_id = l.organisation_id and h.lane = l.lane order by 1, 2, 3`)
	if err != nil {
		l.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var a at
		if err := rows.Scan(&a.office, &a.lane, &a.seq, &a.last, &a.event); err != nil {
			l.Fatal(err)
		}
		if a.seq <= a.last-below {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		l.Fatal("no row to attack")
	}
	return all[r.IntN(len(all))]
}

// Every kind of tampering with any row is found, and the first bad row is named.
func TestTheFirstBadRowOfALogIsNamed(t *testing.T) {
	l := acts(t)
	if r := l.follow(l.anchor); r.Fault != nil || r.Rows != 100 || r.Chains < 2 || r.Anchors != 1 {
		t.Fatalf("an honest log: %+v, %+v", r, r.Fault)
	}
	columns := strings.Fields("id organisation_id at actor_id actor_name role action object_kind object_id outcome reason detail request_id source mac")
	change := map[string]string{"id": "gen_random_uuid()", "organisation_id": "gen_random_uuid()", "actor_id": "gen_random_uuid()", "object_id": "gen_random_uuid()",
		"at": "at + interval '1 microsecond'", "detail": `'{"n":-1}'`, "mac": `set_byte(mac, 20, (get_byte(mac, 20) + 1) % 256)`}
	attacks := map[string]func(*rand.Rand) (at, string){
		"edit": func(r *rand.Rand) (at, string) {
			a, column := l.any(r, 0), columns[r.IntN(len(columns))]
			value := change[column]
			if value == "" {
				value = column + " || 'x'"
			}
			l.hack(fmt.Sprintf("update audit_event set %s = %s where id = '%s'", column, value, a.event))
			if column == "id" {
				return a, "audit.chain.no_event"
			}
			return a, "audit.chain.changed"
		},
		"delete the record": func(r *rand.Rand) (at, string) {
			a := l.any(r, 0)
			l.hack(fmt.Sprintf("delete from audit_event where id = '%s'", a.event))
			return a, "audit.chain.no_event"
		},
		"delete record and link": func(r *rand.Rand) (at, string) {
			a := l.any(r, 1)
			l.hack(fmt.Sprintf("delete from audit_event where id = '%s'", a.event), "delete from audit_link l where "+a.link())
			return a, "audit.chain.gap"
		},
		"exchange two rows": func(r *rand.Rand) (at, string) {
			a := l.any(r, 1)
			l.hack("drop index audit_link_event",
				fmt.Sprintf(`update audit_link l set event_id = o.event_id from audit_link o where o.%s and l.%s and o.seq + l.seq = %d and l.seq in (%d, %d)`,
					strings.ReplaceAll(a.chain(), " and ", " and o."), strings.ReplaceAll(a.chain(), " and ", " and l."), 2*a.seq+1, a.seq, a.seq+1),
				"create unique index audit_link_event on audit_link (partnership_id, event_id)")
			return a, "audit.chain.broken"
		},
		"insert a row": func(r *rand.Rand) (at, string) {
			a := l.any(r, 0)
			forged := ident.New()
			l.hack(fmt.Sprintf(`insert into audit_event select partnership_id, '%s', organisation_id, at, actor_id, 'somebody', role, action, object_kind, object_id, outcome, reason, detail,
				request_id, source, mac from audit_event where id = '%s'`, forged, a.event),
				fmt.Sprintf("update audit_link set seq = seq + 1000 where %s and seq >= %d", a.chain(), a.seq),
				fmt.Sprintf("update audit_link set seq = seq - 999 where %s and seq >= 1000", a.chain()),
				fmt.Sprintf(`insert into audit_link select partnership_id, organisation_id, lane, seq - 1, '%s', hash from audit_link where %s and seq = %d`, forged, a.chain(), a.seq+1),
				"update audit_head set seq = seq + 1 where "+a.chain())
			return a, "audit.chain.changed"
		},
		"set the head back": func(r *rand.Rand) (at, string) {
			a := l.any(r, 1)
			l.hack(fmt.Sprintf("update audit_head h set seq = l.seq, hash = l.hash from audit_link l where h.%s and %s", strings.ReplaceAll(a.chain(), " and ", " and h."), a.link()))
			a.seq++
			return a, "audit.chain.beyond"
		},
		"cut the end": func(r *rand.Rand) (at, string) {
			a := l.any(r, 0)
			l.hack(fmt.Sprintf("delete from audit_event where id in (select event_id from audit_link where %s and seq >= %d)", a.chain(), a.seq),
				fmt.Sprintf("delete from audit_link where %s and seq >= %d", a.chain(), a.seq))
			return a, "audit.chain.cut"
		},
	}
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			for range 12 {
				restore := snapshot(t, l.super, "audit_event", "audit_link", "audit_head")
				a, what := attack(random)
				f := l.follow().Fault
				if f == nil || f.What != what || f.Organisation != a.office || f.Lane != a.lane || f.Seq != a.seq {
					t.Errorf("seed %d: %+v: want %s, found %+v", seed, a, what, f)
				}
				restore()
			}
		})
	}
	if r := l.follow(l.anchor); r.Fault != nil {
		t.Error("after putting everything back:", r.Fault)
	}
}

// What somebody with all rights over the database can do without a trace inside
// of it is found with the anchor that lies elsewhere.
func TestAnAnchorFindsWhatTheDatabaseAloneCannot(t *testing.T) {
	l := acts(t)
	head := l.anchor.Heads[0]
	c := fmt.Sprintf("organisation_id = '%s' and lane = %d", head.Organisation, head.Lane)
	setBack := "update audit_head h set seq = l.seq, hash = l.hash from audit_link l where h." + strings.ReplaceAll(c, " and ", " and h.") +
		" and l." + strings.ReplaceAll(c, " and ", " and l.") + " and l.seq = (select max(seq) from audit_link where " + c + ")"
	t.Run("an end cut off with its head", func(t *testing.T) {
		defer snapshot(t, l.super, "audit_event", "audit_link", "audit_head")()
		l.hack(fmt.Sprintf("delete from audit_event where id in (select event_id from audit_link where %s and seq >= %d)", c, head.Seq),
			fmt.Sprintf("delete from audit_link where %s and seq >= %d", c, head.Seq), setBack)
		if f := l.follow().Fault; f != nil {
			t.Errorf("the database alone knew: %+v", f)
		}
		f := l.follow(l.anchor).Fault
		if f == nil || f.What != "audit.chain.cut" || f.Organisation != head.Organisation || f.Lane != head.Lane || f.Seq != head.Seq {
			t.Errorf("%+v", f)
		}
	})
	t.Run("a whole chain gone", func(t *testing.T) {
		defer snapshot(t, l.super, "audit_event", "audit_link", "audit_head")()
		l.hack(fmt.Sprintf("delete from audit_event where id in (select event_id from audit_link where %s)", c), "delete from audit_link where "+c, "delete from audit_head where "+c)
		if f := l.follow().Fault; f != nil {
			t.Errorf("the database alone knew: %+v", f)
		}
		if f := l.follow(l.anchor).Fault; f == nil || f.What != "audit.chain.cut" || f.Organisation != head.Organisation || f.Seq != 1 {
			t.Errorf("%+v", f)
		}
	})
	t.Run("a row taken out and the chain computed anew", func(t *testing.T) {
		defer snapshot(t, l.super, "audit_event", "audit_link", "audit_head")()
		l.recompute(head, 3)
		if f := l.follow().Fault; f != nil {
			t.Errorf("the database alone knew: %+v", f)
		}
		f := l.follow(l.anchor).Fault
		if f == nil || f.What != "audit.chain.rewritten" || f.Organisation != head.Organisation || f.Lane != head.Lane || f.Seq > 3 || f.Until < 3 {
			t.Errorf("%+v", f)
		}
	})
}

// recompute takes a row out of a chain and makes the rest follow from what is
// left: no key is needed for that.
func (l *ledgerOfActs) recompute(c audit.Head, out int64) {
	l.Helper()
	rows, err := l.super.Query(`select l.event_id, e.mac from audit_link l join audit_event e on e.partnership_id = l.partnership_id and e.id = l.event_id
		where l.organisation_id = $1 and l.lane = $2 and l.seq <> $3 order by l.seq`, c.Organisation, c.Lane, out)
	if err != nil {
		l.Fatal(err)
	}
	defer rows.Close()
	where := fmt.Sprintf("organisation_id = '%s' and lane = %d", c.Organisation, c.Lane)
	do := []string{fmt.Sprintf("delete from audit_event where id in (select event_id from audit_link where %s and seq = %d)", where, out), "delete from audit_link where " + where}
	hash, seq := seal.Genesis(ident.Nil, c.Organisation, c.Lane), 0
	for rows.Next() {
		var event ident.ID
		var mac []byte
		if err := rows.Scan(&event, &mac); err != nil {
			l.Fatal(err)
		}
		hash = seal.Link(hash, mac)
		seq++
		do = append(do, fmt.Sprintf(`insert into audit_link (partnership_id, organisation_id, lane, seq, event_id, hash) values ('%s', '%s', %d, %d, '%s', '\x%x')`, ident.Nil, c.Organisation, c.Lane, seq, event, hash))
	}
	l.hack(append(do, fmt.Sprintf(`update audit_head set seq = %d, hash = '\x%x' where %s`, seq, hash, where))...)
}

// The verifier holds the chains against the anchors of the database by itself,
// and an anchor nobody signed is itself the fault.
func TestAnchorsOfTheDatabaseAreHeldAgainstTheLog(t *testing.T) {
	l := acts(t)
	id := ident.New()
	err := l.db.InTx(l.Context(), l.who, func(tx *store.Tx) error { tx.NoAudit("test"); return tx.InsertAnchor(id, l.anchor) })
	if err != nil {
		t.Fatal(err)
	}
	if r := l.follow(l.anchor); r.Fault != nil || r.Anchors != 1 {
		t.Fatalf("%+v: the same anchor twice is one", r)
	}
	if _, err := l.super.Exec(`update audit_anchor set links = 1`); err == nil {
		t.Error("an anchor was changed")
	}
	l.hack(fmt.Sprintf(`update audit_anchor set file = replace(file, ' %d ', ' %d ')`, l.anchor.Heads[0].Seq, l.anchor.Heads[0].Seq-1))
	if f := l.follow().Fault; f == nil || f.What != "audit.chain.anchor" || f.Event != id {
		t.Errorf("%+v", f)
	}
}

// Following the log disturbs nobody: it goes on while people write.
func TestTheLogIsFollowedBesideWriters(t *testing.T) {
	l := acts(t)
	done := make(chan error, 1)
	go func() {
		for range 40 {
			if err := l.db.InTx(t.Context(), l.who, func(tx *store.Tx) error { tx.Audit(event()); tx.AuditRead(event()); return nil }); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 10 {
		if r := l.follow(l.anchor); r.Fault != nil {
			t.Errorf("%+v", r.Fault)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
