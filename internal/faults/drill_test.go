package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/store"
)

// restored is a backup brought back to a data directory of its own.
type restored struct {
	data string
	took time.Duration
}

// recoveryDrill is R-11: a backup is made while people write, they go on writing,
// and the backup comes back on another data directory with the paper key. Every
// table has the rows and sums it had at the instant of the backup, every write
// acknowledged before it is there, none begun after it is, and people work on.
func recoveryDrill(t *testing.T, set settings) string {
	s := newSite(t, set)
	s.node(s.binary)
	c := newCrew(s, 6)
	tool := newNode(t, s.binary, "SHANHAI_DATA_DIR="+s.data, "SHANHAI_DATABASE_URL="+s.server.DSN(pgembed.AppRole, pgembed.Database),
		"SHANHAI_DATABASE_ADMIN_URL="+s.server.DSN(pgembed.SuperRole, pgembed.Database))
	rounds := of(set, 1, 2, 10)
	var worst restored
	before := 0
	for range rounds {
		c.stop.Store(false)
		c.begin()
		pause(of(set, 4*time.Second, 10*time.Second, time.Minute))
		before = c.count()
		began := time.Now()
		code, said := tool.run(context.Background(), "backup", "--to", filepath.Join(s.dir, "backups"))
		making := time.Since(began)
		if code != 0 {
			t.Fatalf("backup: %d %s", code, said)
		}
		after := c.count()
		pause(time.Second)
		c.end()
		file := said[strings.LastIndexByte(said, '\n')+1:]
		r := s.bringBack(tool, file)
		there := s.contentOf(r, c.told[:before])
		if there < before || there > c.count() {
			t.Errorf("%d writes in the restored database; %d were acknowledged before the backup began, %d when it had ended", there, before, after)
		}
		t.Logf("backup in %s, restored and compared in %s, %d of %d writes", making.Round(10*time.Millisecond), r.took.Round(10*time.Millisecond), there, c.count())
		if r.took > worst.took {
			worst = r
		}
	}
	c.sound()
	return fmt.Sprintf("%d backups under writers, restored elsewhere with the paper key: rows and sums of every table as in the manifest, %d acknowledged writes, at most %s each until writable",
		rounds, c.count(), worst.took.Round(100*time.Millisecond))
}

// bringBack restores a file into a fresh data directory with a private database,
// from the paper copy of the key. The command itself compares every table with the
// manifest and refuses what differs.
func (s *site) bringBack(tool *node, file string) restored {
	s.t.Helper()
	code, paper := tool.run(context.Background(), "key", "export", "--paper")
	if code != 0 {
		s.t.Fatalf("key export: %d %s", code, paper)
	}
	dir := filepath.Join(s.dir, "again-"+ident.Token()[:8])
	key := dir + ".key"
	s.must(os.WriteFile(key, []byte(paper[strings.IndexByte(paper, '\n')+1:]), 0o600))
	home := newNode(s.t, s.binary, "SHANHAI_DATA_DIR="+dir)
	begin := time.Now()
	if code, said := home.run(context.Background(), "restore", file, "--paper", key); code != 0 {
		s.t.Fatalf("restore: %d %s", code, said)
	}
	home.start()
	took := time.Since(begin)
	home.stop()
	return restored{dir, took}
}

// contentOf opens the restored database and counts what of the crew's writes is in
// it; the writes that must be there are named.
func (s *site) contentOf(r restored, must []*write) int {
	s.t.Helper()
	server, err := pgembed.Start(context.Background(), pgembed.Options{DataDir: r.data, Log: quietLog()})
	s.must(err)
	defer func() { _ = server.Stop(context.Background()) }()
	super := pgOpen(s.t, server.SuperDSN(pgembed.Database))
	defer super.Close()
	var keys []string
	for _, w := range must {
		keys = append(keys, w.key)
	}
	var missing, there int
	s.must(super.QueryRow(`select count(*) from unnest($1::text[]) w(key) where not exists (select 1 from idempotency i where i.key = w.key and i.status = 200)`, pq.Array(keys)).Scan(&missing))
	if missing > 0 {
		s.t.Errorf("%d writes acknowledged before the backup are not in it", missing)
	}
	s.must(super.QueryRow(`select count(*) from idempotency where key like $1`, fmt.Sprintf("%d-%%", s.set.seed)).Scan(&there))
	s.must(store.ReadContents(context.Background(), server.SuperDSN(pgembed.Database), func(_ string, c store.Contents) error {
		if c.Ledger.OffByAny+c.Ledger.Unequal > 0 {
			raw, _ := json.Marshal(c.Ledger)
			s.t.Errorf("the restored books: %s", raw)
		}
		return nil
	}))
	return there
}
