package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// nextSchema is what a next version of the schema would bring: what migrations
// here do to tables people write to all the while. The running nodes know nothing
// of it.
const nextSchema = `-- +goose Up
alter table treatment add column next_note text not null default '';
alter table person add column next_seen date;
create index person_next on person (partnership_id, id) where next_seen is not null;
create index approval_next on approval (partnership_id, hospital_id, requested_at);
update approval set opinion = opinion where state = 'requested';
alter table casefile add constraint casefile_next check (opened_on is not null) not valid;
create table next_thing (partnership_id uuid not null references partnership (id), id uuid not null, said text not null default '', primary key (partnership_id, id));
select app_shard('next_thing', 'distributed');
select app_grant('next_thing', 'write');
select app_protect('next_thing', 'partnership');
`

// nextBuild is this service with one migration more.
func nextBuild(t *testing.T, dir string) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "next.sql"), []byte(nextSchema), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(folder, "9999_next.sql"): filepath.Join(dir, "next.sql")}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "next.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	return build(t, dir, "shanhai-next", file)
}

// manners counts answers that say "later" without saying when, and keeps the
// longest wait for any answer.
type manners struct {
	base    http.RoundTripper
	rude    atomic.Int64
	longest atomic.Int64 // milliseconds
}

func (m *manners) RoundTrip(r *http.Request) (*http.Response, error) {
	begin := time.Now()
	resp, err := m.base.RoundTrip(r)
	for took := time.Since(begin).Milliseconds(); ; {
		was := m.longest.Load()
		if took <= was || m.longest.CompareAndSwap(was, took) {
			break
		}
	}
	if err == nil && resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		m.rude.Add(1)
	}
	return resp, err
}

// upgrades is R-10: two old nodes serve and people write; the schema becomes the
// next one under them, then each node is ended and a new one takes its place.
func upgrades(t *testing.T, set settings) string {
	s := newSite(t, set)
	old, next := s.binary, nextBuild(t, s.dir)
	s.node(old)
	s.node(old)
	c := newCrew(s, 8)
	polite := &manners{base: c.client.Transport}
	c.client.Transport = polite
	writes := of(set, 60, 700, 20_000) // between the steps
	writing := func() {
		for goal, begin := c.count()+writes, time.Now(); c.count() < goal && !t.Failed() && time.Since(begin) < 10*time.Minute; {
			pause(50 * time.Millisecond)
		}
	}
	c.begin()
	writing()
	polite.longest.Store(0)
	begin := time.Now()
	tool := newNode(t, next, "SHANHAI_DATA_DIR="+s.data, "SHANHAI_DATABASE_URL="+s.address(), "SHANHAI_DATABASE_ADMIN_URL="+s.server.DSN("shanhai_owner", "shanhai"))
	if code, said := tool.run(context.Background(), "migrate"); code != 0 {
		t.Fatalf("migrate: %d %s", code, said)
	}
	migrated, waited := time.Since(begin), polite.longest.Load()
	writing() // the old nodes go on, on a schema they do not know
	if level := s.text(`select max(version_id)::text from goose_db_version`); level != "9999" {
		t.Errorf("the schema stands at %s", level)
	}
	if code, said := newNode(t, old, "SHANHAI_DATA_DIR="+s.data, "SHANHAI_DATABASE_URL="+s.address()).run(context.Background(), "serve"); code == 0 || code == -1 {
		t.Errorf("an old node starts on a newer schema: %d %s", code, said)
	}
	changed := time.Now()
	for _, n := range s.nodes {
		n.stop()
		n.binary = next
		n.start()
		writing()
	}
	took := time.Since(changed)
	c.end()
	s.binary = next // whose log is followed
	c.sound()
	if n := polite.rude.Load(); n > 0 {
		t.Errorf("%d answers 503 without Retry-After", n)
	}
	return fmt.Sprintf("schema in %s under writers, longest answer meanwhile %s ms, two nodes changed in %s; %d acknowledged writes, %d answers missing, %d resolved by their key",
		migrated.Round(10*time.Millisecond), strconv.FormatInt(waited, 10), took.Round(time.Second), c.count(), c.unknown.Load(), c.resolved.Load())
}

func (s *site) text(query string) (out string) {
	s.t.Helper()
	s.must(s.super.QueryRow(query).Scan(&out))
	return out
}
