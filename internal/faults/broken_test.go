package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// defect is a fault put into a file of the service for one build.
type defect struct {
	name, file string
	from, to   string // text of the file, and what stands there in the broken build
}

// defects are the mistakes the checker must see: each has been somebody's.
func defects() []defect {
	return []defect{
		{name: "answers before it commits", file: "internal/store/tx.go", from: "if err := raw.Commit(); err != nil {\n\t\treturn tx, commitError(err)\n\t}",
			to: "go func() { time.Sleep(15 * time.Millisecond); _ = raw.Commit() }()"},
		{name: "forgets the keys", file: "internal/store/idempotency.go", from: "\t\tif key.Key != \"\" {\n\t\t\tagain, err := tx.claim(key, &answer)",
			to: "\t\tif false {\n\t\t\tagain, err := tx.claim(key, &answer)"},
		{name: "writes the log beside the transaction", file: "internal/store/tx.go", from: "if err := tx.writeAudit(); err != nil {\n\t\treturn tx, err\n\t}\n\tif err := raw.Commit(); err != nil {\n\t\treturn tx, commitError(err)\n\t}",
			to: "if err := raw.Commit(); err != nil {\n\t\treturn tx, commitError(err)\n\t}\n\tif raw, err := p.db.BeginTxx(ctx, nil); err == nil {\n\t\ttx.tx = raw\n\t\t_ = tx.begin()\n\t\t_ = tx.writeAudit()\n\t\t_ = raw.Commit()\n\t}"},
	}
}

// build makes the service with the defect in it. The source stays as it is: the
// compiler is given another text for one file.
func (d defect) build(dir string) (string, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, filepath.FromSlash(d.file))
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if strings.Count(string(raw), d.from) != 1 {
		return "", fmt.Errorf("%s is not where it was in %s: the defect has to be written anew", d.name, d.file)
	}
	name := filepath.Join(dir, strings.ReplaceAll(d.name, " ", "-"))
	if err := os.WriteFile(name+".go", []byte(strings.Replace(string(raw), d.from, d.to, 1)), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: name + ".go"}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(name+".json", overlay, 0o600); err != nil {
		return "", err
	}
	return compile(dir, filepath.Base(name), name+".json")
}

// brokenBuilds shows that the checker sees what it is there for: it must find
// fault with each broken build after a few kills, and with a database that
// promises what it has not written.
func brokenBuilds(t *testing.T, set settings) string {
	seen, all := 0, defects()
	if set.scale == small { // each is a build of its own
		all = all[:1]
	}
	judge := func(t *testing.T, found verdict) {
		if len(found) == 0 {
			t.Error("the checker saw nothing")
			return
		}
		seen++
		t.Logf("%d findings, the first: %.300s", len(found), found[0])
	}
	built := make(chan made, len(all))
	go makeAll(all, place(t), built) // while the first of them suffers
	t.Run("a database that answers before it has written", func(t *testing.T) {
		s := newSite(t, set)
		for _, promise := range []string{ // and gets round to writing late, so that a few crashes are enough
			`alter role shanhai_app set synchronous_commit = off`, `alter system set wal_writer_delay = '10s'`,
			`alter system set wal_writer_flush_after = '1GB'`, `select pg_reload_conf()`} {
			if _, err := s.super.Exec(promise); err != nil {
				t.Fatal(err)
			}
		}
		s.node(s.binary)
		judge(t, s.suffer(of(set, 4, 4, 60), func() {}, func() { crash(s.server.PID()); s.outage() }))
	})
	for m := range built {
		t.Run(m.name, func(t *testing.T) {
			if m.err != nil {
				t.Fatal(m.err)
			}
			s := newSite(t, set)
			n := s.node(s.binary)
			judge(t, s.suffer(of(set, 4, 4, 60), func() { n.binary = m.binary }, func() { s.nodes[0].kill(); s.nodes[0].start() }))
		})
	}
	return fmt.Sprintf("%d of %d broken builds were seen", seen, len(all)+1)
}

// made is a broken build.
type made struct {
	name, binary string
	err          error
}

// makeAll builds one after the other, and ends the row.
func makeAll(all []defect, dir string, built chan<- made) {
	defer close(built)
	for _, d := range all {
		binary, err := d.build(dir)
		built <- made{d.name, binary, err}
	}
}

// suffer prepares the writers with the sound build, breaks it, and lets them write
// under a harm, so many times.
func (s *site) suffer(times int, breaks, harm func()) verdict {
	s.t.Helper()
	c := newCrew(s, 8)
	c.lenient = true
	r := s.random(1000)
	c.prepare()
	breaks()
	s.nodes[0].stop()
	s.nodes[0].start()
	c.begin()
	for range times {
		for done, begin := c.count(), time.Now(); c.count() < done+5 && time.Since(begin) < 10*time.Second; {
			pause(10 * time.Millisecond) // there is something to lose
		}
		pause(time.Duration(r.IntN(300)) * time.Millisecond)
		harm()
	}
	c.end()
	return c.check()
}
