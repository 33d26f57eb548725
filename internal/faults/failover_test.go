package faults

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// takenOver is R-3: two nodes with both hosts in their address write to a primary
// that is streamed to a standby; the primary's machine stands still, the standby is
// promoted, and later the old primary is awake again and first in the address. Of
// what was acknowledged nothing may be missing when the standby was synchronous;
// where it was not, what it had not yet received is named. The old primary takes no
// write after it came back.
func takenOver(t *testing.T, set settings) string {
	var said string
	for _, synchronous := range []bool{false, true} {
		name := map[bool]string{false: "asynchronous", true: "synchronous"}[synchronous]
		t.Run(name, func(t *testing.T) { said += name + ": " + failOver(t, set, synchronous) + "; " })
	}
	return said
}

// second is the standby of a site.
type second struct {
	*site
	server *pgembed.Server
	super  *sql.DB
	link   *link // of the nodes to it
	stream *link // from it to the primary
	old    []int // processes of the primary that stand still
}

func socketOf(server *pgembed.Server) func() (string, string) {
	return func() (string, string) {
		return "unix", filepath.Join(server.SocketDir(), ".s.PGSQL."+strconv.Itoa(server.Port()))
	}
}

// follow makes a standby of the site's database.
func follow(s *site, synchronous bool) *second {
	s.t.Helper()
	x := &second{site: s, stream: newLink(s.t, socketOf(s.server))}
	dir := filepath.Join(s.dir, "two")
	opts := pgembed.Options{DataDir: dir, Log: quietLog(), MaxConnections: 120}
	cmd := exec.Command(filepath.Join(s.server.BinDir(), "pg_basebackup"), "-h", s.server.SocketDir(), "-p", strconv.Itoa(s.server.Port()), "-U", pgembed.SuperRole,
		"--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast")
	out, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	s.must(pgembed.Unpack(context.Background(), opts, out))
	s.must(cmd.Wait())
	x.point(filepath.Join(dir, "pg"))
	x.server, err = pgembed.Start(context.Background(), opts)
	s.must(err)
	server := x.server
	s.t.Cleanup(func() { _ = server.Stop(context.Background()) })
	x.super = pgOpen(s.t, x.server.SuperDSN(pgembed.Database))
	x.link = newLink(s.t, socketOf(x.server))
	want := "async"
	if synchronous {
		want = "sync"
		for _, q := range []string{`alter system set synchronous_standby_names = 'two'`, `select pg_reload_conf()`} {
			_, err := s.super.Exec(q)
			s.must(err)
		}
	}
	for begin := time.Now(); ; pause(100 * time.Millisecond) {
		var n int
		s.must(s.super.QueryRow(`select count(*) from pg_stat_replication where application_name = 'two' and state = 'streaming' and sync_state = $1`, want).Scan(&n))
		if n == 1 {
			return x
		}
		if time.Since(begin) > time.Minute {
			s.t.Fatalf("the standby does not follow (%s)", want)
		}
	}
}

// point tells a copied cluster whom to follow.
func (x *second) point(cluster string) {
	x.t.Helper()
	info, err := os.Stat(cluster)
	x.must(err)
	owner := info.Sys().(*syscall.Stat_t)
	auto := filepath.Join(cluster, "postgresql.auto.conf")
	had, err := os.ReadFile(auto)
	x.must(err)
	line := fmt.Sprintf("primary_conninfo = 'host=127.0.0.1 port=%d user=%s application_name=two'\n", x.stream.port(), pgembed.SuperRole)
	for file, content := range map[string][]byte{auto: append(had, line...), filepath.Join(cluster, "standby.signal"): nil} {
		x.must(os.WriteFile(file, content, 0o600))
		x.must(os.Chown(file, int(owner.Uid), int(owner.Gid)))
	}
}

// freeze lets the primary's machine stand still, wake lets it go on.
func (x *second) freeze() {
	x.old = backends(x.site.server.PID())
	for _, pid := range x.old {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	x.site.link.set(harm{deny: true})
	x.site.link.reset()
}

func (x *second) wake() {
	for _, pid := range x.old {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	x.site.link.set(harm{})
}

// payers pay into a fund until they are told to stop.
type payers struct {
	*second
	client *http.Client
	stop   atomic.Bool
	wait   sync.WaitGroup

	mu    sync.Mutex
	acked map[string]time.Time // by the note of the deposit
	last  time.Time
	worst time.Duration // between two acknowledged writes
	lost  int           // writes nobody answered to the end
}

func (p *payers) begin(workers int) {
	p.last = time.Now()
	for n := range workers {
		p.wait.Go(func() {
			for i := 0; !p.stop.Load(); i++ {
				p.pay(fmt.Sprintf("到账 %d-%d", n, i), n)
			}
		})
	}
}

// pay sends one deposit under one key until it is answered.
func (p *payers) pay(note string, node int) {
	w := &write{kind: "fund.deposit", token: p.chief, path: "/funds/" + p.fund.String() + "/deposits", key: ident.New().String(), body: map[string]any{"amount_fen": 100, "note": note}}
	for begin := time.Now(); time.Since(begin) < 2*time.Minute; node++ {
		status, answer, err := w.send(context.Background(), p.client, p.nodes[node%len(p.nodes)].url())
		if err != nil || status >= 500 || status == http.StatusTooManyRequests || status == http.StatusConflict {
			pause(50 * time.Millisecond)
			continue
		}
		w.status, w.answer = status, answer
		p.mu.Lock()
		defer p.mu.Unlock()
		if !w.acknowledged() {
			p.t.Errorf("%s: %d %s", note, status, answer)
			return
		}
		now := time.Now()
		p.acked[note], p.worst, p.last = now, max(p.worst, now.Sub(p.last)), now
		return
	}
	p.mu.Lock()
	p.lost++
	p.mu.Unlock()
}

func (p *payers) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acked)
}

// more waits for some more acknowledged writes.
func (p *payers) more(n int, limit time.Duration) {
	p.t.Helper()
	for want, begin := p.count()+n, time.Now(); p.count() < want; pause(20 * time.Millisecond) {
		if time.Since(begin) > limit {
			p.t.Fatalf("only %d of %d writes within %s: %s", p.count()-want+n, n, limit, p.nodes[0].words())
		}
	}
}

func failOver(t *testing.T, set settings, synchronous bool) string {
	s := newSite(t, set)
	x := follow(s, synchronous)
	address := fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%d,%d user=%s dbname=%s sslmode=disable target_session_attrs=read-write", s.link.port(), x.link.port(),
		pgembed.AppRole, pgembed.Database)
	for range 2 {
		s.node(s.binary, "SHANHAI_DATABASE_URL="+address)
	}
	p := &payers{second: x, client: &http.Client{Timeout: 15 * time.Second}, acked: map[string]time.Time{}}
	p.begin(6)
	p.more(of(set, 60, 300, 3000), 3*time.Minute)
	if !synchronous { // what the standby has not received when the machine stands still
		x.stream.set(harm{deny: true})
		x.stream.reset()
		p.more(20, time.Minute)
	}
	x.freeze()
	defer x.wake()
	pause(time.Second)
	taken := time.Now()
	var promoted bool
	s.must(x.super.QueryRow(`select pg_promote(true, 60)`).Scan(&promoted))
	p.more(of(set, 30, 300, 3000), 3*time.Minute)
	x.wake()
	awake := time.Now().UTC()
	p.more(of(set, 60, 300, 3000), 3*time.Minute)
	for _, n := range s.nodes { // new connections, with the old primary first in the address
		n.stop()
		n.start()
	}
	p.more(of(set, 30, 300, 3000), 3*time.Minute)
	p.stop.Store(true)
	p.wait.Wait()
	return p.judge(taken, awake, synchronous)
}

// judge holds what was acknowledged against both servers.
func (p *payers) judge(taken, awake time.Time, synchronous bool) string {
	p.t.Helper()
	now, before := deposits(p.t, p.second.super), deposits(p.t, p.site.super)
	missing, named := 0, 0
	for note, at := range p.acked {
		if now[note] {
			continue
		}
		missing++
		if before[note] && at.Before(taken) {
			named++
		}
	}
	switch {
	case synchronous && missing > 0:
		p.t.Errorf("%d acknowledged writes are missing behind a synchronous standby", missing)
	case missing != named:
		p.t.Errorf("%d acknowledged writes are missing, and only %d of them were written before the standby took over", missing, named)
	case !synchronous && missing == 0:
		p.t.Error("nothing was lost where something had to be: the check does not see a loss")
	}
	var late, twice int
	p.must(p.site.super.QueryRow(`select count(*) from ledger_transfer where kind = 'deposit' and posted_at > $1`, awake).Scan(&late))
	p.must(p.second.super.QueryRow(`select count(*) from (select note from ledger_transfer where kind = 'deposit' and note like '到账 %' group by note having count(*) > 1) x`).Scan(&twice))
	if late > 0 || twice > 0 || p.lost > 0 {
		p.t.Errorf("the old primary took %d writes after it came back; %d writes happened twice; %d were never answered", late, twice, p.lost)
	}
	return fmt.Sprintf("%d acknowledged, %d missing that the standby had not received, longest silence %s, 0 writes at the old primary after it came back", len(p.acked), missing,
		p.worst.Round(100*time.Millisecond))
}

// deposits are the notes of the deposits a server has.
func deposits(t *testing.T, db *sql.DB) map[string]bool {
	t.Helper()
	rows, err := db.Query(`select note from ledger_transfer where kind = 'deposit'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var note string
		if err := rows.Scan(&note); err != nil {
			t.Fatal(err)
		}
		out[note] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
