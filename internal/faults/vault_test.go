package faults

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// lossLimit is what may be lost with a disk: the archive timeout and the way of the
// segment into the archive.
const lossLimit = time.Minute

// vault is a service with a private database and an archive.
type vault struct {
	t             *testing.T
	set           settings
	dir           string
	data, archive string
	binary        string
}

// lostDisk is R-11 with the log: the service and its PostgreSQL are killed in the
// middle of writes and the data directory is gone. The archive brings back all but
// what was committed in the last minute, and also a moment of one's choice.
func lostDisk(t *testing.T, set settings) string {
	v := &vault{t: t, set: set, dir: place(t)}
	v.archive, v.binary = filepath.Join(v.dir, "archive"), set.binary(t)
	var loss, back time.Duration
	var told int64
	rounds := of(set, 1, 1, 5)
	for round := range rounds {
		v.data = filepath.Join(v.dir, fmt.Sprint("data", round))
		v.archive = filepath.Join(v.dir, fmt.Sprint("archive", round))
		l, b, n := v.lose()
		t.Logf("%d commits told, %s of them lost, back in %s", n, l.Round(100*time.Millisecond), b.Round(100*time.Millisecond))
		loss, back, told = max(loss, l), max(back, b), told+n
	}
	if loss > lossLimit {
		t.Errorf("%s of commits are lost, at most %s may be", loss, lossLimit)
	}
	return fmt.Sprintf("%d disks lost under %d commits: at most the last %s of them lost, none before, writable again within %s; a moment in between restored as a trial",
		rounds, told, loss.Round(100*time.Millisecond), back.Round(100*time.Millisecond))
}

func (v *vault) node(data string) *node {
	return newNode(v.t, v.binary, "SHANHAI_DATA_DIR="+data, "SHANHAI_ARCHIVE_DIR="+v.archive)
}

func (v *vault) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// command runs a subcommand that must go well.
func (v *vault) command(n *node, args ...string) string {
	v.t.Helper()
	code, said := n.run(context.Background(), args...)
	if code != 0 {
		v.t.Fatalf("%s: %d %s", strings.Join(args, " "), code, said)
	}
	return said
}

// open connects to the private database of a running node.
func (v *vault) open(data string) (*pgembed.Server, *sql.DB) {
	v.t.Helper()
	server, err := pgembed.Attach(data)
	v.must(err)
	return server, pgOpen(v.t, server.SuperDSN(pgembed.Database))
}

// lose writes until the disk is lost and answers for how long commits are lost, how
// long it took until people could work again, and how many commits were told.
func (v *vault) lose() (loss, back time.Duration, told int64) {
	n := v.node(v.data)
	n.start()
	paper := v.command(n, "key", "export", "--paper")
	key := filepath.Join(v.dir, "paper.txt")
	v.must(os.WriteFile(key, []byte(paper[strings.IndexByte(paper, '\n')+1:]), 0o600))
	v.command(n, "backup", "--base")
	server, db := v.open(v.data)
	w := &ticks{}
	_, err := db.Exec(`create schema drill; create table drill.tick (n bigint primary key, at timestamptz not null default clock_timestamp())`)
	v.must(err)
	w.begin(db)
	hold := of(v.set, 80*time.Second, 100*time.Second, 20*time.Minute)
	pause(hold / 8)
	middle := time.Now()
	pause(hold - hold/8)
	crash(server.PID())
	n.kill()
	lost := time.Now()
	w.end()
	_ = db.Close()
	v.must(os.RemoveAll(v.data))
	_ = os.RemoveAll(server.SocketDir())

	begin := time.Now()
	again := v.data + "-again"
	home := v.node(again)
	v.command(home, "restore", "--until", "latest", "--paper", key)
	home.start()
	back = time.Since(begin)
	_, db = v.open(again)
	defer db.Close()
	var there, highest int64
	var newest time.Time
	v.must(db.QueryRow(`select count(*), max(n), max(at) from drill.tick`).Scan(&there, &highest, &newest))
	if there != highest {
		v.t.Errorf("%d commits are there, up to number %d: there is a hole", there, highest)
	}
	v.command(home, "restore", "--until", middle.UTC().Format(time.RFC3339Nano), "--paper", key, "--verify")
	home.stop()
	v.must(os.RemoveAll(again))
	return lost.Sub(newest), back, w.told.Load()
}

// ticks commits one row after the other and counts those it was told of.
type ticks struct {
	told atomic.Int64
	quit chan struct{}
	over chan struct{}
}

func (w *ticks) begin(db *sql.DB) {
	w.quit, w.over = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(w.over)
		for n := int64(1); ; n++ {
			select {
			case <-w.quit:
				return
			case <-time.After(5 * time.Millisecond):
			}
			if _, err := db.Exec(`insert into drill.tick (n) values ($1)`, n); err != nil {
				return // the disk is gone
			}
			w.told.Store(n)
		}
	}()
}

func (w *ticks) end() {
	close(w.quit)
	<-w.over
}
