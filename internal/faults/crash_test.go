package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// backends are the process ids of a PostgreSQL server, itself the first.
func backends(postmaster int) []int {
	out := []int{postmaster}
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if parent, _ := strconv.Atoi(fields[1]); parent == postmaster {
			out = append(out, pid)
		}
	}
	return out
}

// crash ends a PostgreSQL server with all its backends at once, as a power cut
// ends them, but for what the kernel holds.
func crash(postmaster int) {
	all := backends(postmaster)
	for _, pid := range all { // nobody may see another one end
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// killedDatabase is R-2: PostgreSQL is killed with all its backends while two
// nodes write to it, and comes back by itself. Some of the rounds kill one
// backend only, from which the server recovers without ending.
func killedDatabase(t *testing.T, set settings) string {
	s := newSite(t, set)
	s.node(s.binary)
	s.node(s.binary)
	c := newCrew(s, 8)
	c.begin()
	kills := of(set, 8, 20, 200)
	r, begin := s.random(1000), time.Now()
	var outages []time.Duration
	for i := 0; i < kills && !t.Failed(); i++ {
		pause(time.Duration(200+r.IntN(1500)) * time.Millisecond)
		pid := s.server.PID()
		if all := backends(pid); i%5 == 4 && len(all) > 1 {
			_ = syscall.Kill(all[1+r.IntN(len(all)-1)], syscall.SIGKILL)
		} else {
			crash(pid)
		}
		outages = append(outages, s.outage())
	}
	c.end()
	took := time.Since(begin)
	c.sound()
	worst := slices.Max(outages)
	if worst > 30*time.Second {
		t.Errorf("the service was not back for %s", worst)
	}
	return fmt.Sprintf("%d kills in %s under %d acknowledged writes; %d answers missing, %d writes resolved by their key; back within %s; %s", len(outages),
		took.Round(time.Second), c.count(), c.unknown.Load(), c.resolved.Load(), worst.Round(100*time.Millisecond), s.amcheck())
}

// outage waits until every node is ready again.
func (s *site) outage() time.Duration {
	s.t.Helper()
	begin := time.Now()
	for _, n := range s.nodes {
		if !n.ready(2 * time.Minute) {
			s.t.Errorf("a node was not ready again: %s", n.words())
		}
	}
	return time.Since(begin)
}

// amcheck looks at every page and index with PostgreSQL's own tool, where it is
// installed with its extension.
func (s *site) amcheck() string {
	s.t.Helper()
	if _, err := s.super.Exec(`create extension if not exists amcheck`); err != nil {
		return "pg_amcheck is not installed"
	}
	defer func() { _, _ = s.super.Exec(`drop extension amcheck`) }()
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.server.BinDir(), "pg_amcheck"), "--heapallindexed", "--host", s.server.SocketDir(),
		"--port", strconv.Itoa(s.server.Port()), "--username", "postgres", "shanhai")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("pg_amcheck: %v\n%s", err, out)
		return "pg_amcheck found faults"
	}
	return "pg_amcheck clean"
}
