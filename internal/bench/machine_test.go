package bench

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tick is the unit of the CPU times in /proc: a hundredth of a second on every
// Linux there is.
const tick = 10 * time.Millisecond

// stat is what /proc says of a process.
type stat struct {
	parent   int
	own      time.Duration // user and system
	children time.Duration // those that have ended
}

// readStat parses /proc/pid/stat. The name in parentheses may hold anything, so
// the fields are counted from the last one.
func readStat(text string) (s stat, ok bool) {
	_, rest, found := strings.Cut(text, ") ")
	if at := strings.LastIndex(text, ") "); found && at >= 0 {
		rest = text[at+2:]
	}
	f := strings.Fields(rest)
	if !found || len(f) < 15 {
		return s, false
	}
	n := func(i int) time.Duration { v, _ := strconv.Atoi(f[i]); return time.Duration(v) * tick }
	s.parent, _ = strconv.Atoi(f[1])
	s.own, s.children = n(11)+n(12), n(13)+n(14)
	return s, true
}

func statOf(pid int) (stat, bool) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, false
	}
	return readStat(string(raw))
}

// cpu is the CPU time this process and the PostgreSQL server with all its
// backends have used so far.
func cpu(postmaster int) time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with a known argument
	sum := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if s, ok := statOf(postmaster); ok {
		sum += s.own + s.children
	}
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		pid, _ := strconv.Atoi(filepath.Base(name))
		if s, ok := statOf(pid); ok && s.parent == postmaster {
			sum += s.own
		}
	}
	return sum
}

// memory reads a line of /proc/pid/status in MB: VmRSS now, VmHWM at most.
func memory(pid int, line string) float64 {
	raw, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	for l := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024
		}
	}
	return 0
}

// forgetPeak makes VmHWM of this process start anew from what it holds now.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// calibrate says in one line how fast and how busy the machine is, so that
// figures of two days can be read side by side.
func calibrate(dir string) string {
	block, begin, n := make([]byte, 1<<16), time.Now(), 0
	for time.Since(begin) < 200*time.Millisecond {
		sha256.Sum256(block)
		n++
	}
	speed := float64(n) * float64(len(block)) / time.Since(begin).Seconds() / 1e6
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%d CPUs, %s, sha256 %.0f MB/s on one, fdatasync %.2f ms, load %s", runtime.NumCPU(), runtime.Version(), speed,
		float64(syncTime(dir).Microseconds())/1000, strings.Join(strings.Fields(string(load))[:3], " "))
}

// syncTime is the median time to make 8 KB durable.
func syncTime(dir string) time.Duration {
	f, err := os.CreateTemp(dir, "sync-*")
	if err != nil {
		return 0
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var all []time.Duration
	for range 41 {
		begin := time.Now()
		_, _ = f.WriteAt(make([]byte, 8192), 0)
		_ = syscall.Fdatasync(int(f.Fd()))
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func TestReadStatSurvivesNamesWithParentheses(t *testing.T) {
	s, ok := readStat("17 (a ) b) S 4 17 17 0 -1 4194304 1 2 3 4 150 50 7 3 20 0 1 0 99 0 0")
	if !ok || s.parent != 4 || s.own != 2*time.Second || s.children != 100*time.Millisecond {
		t.Errorf("%+v %v", s, ok)
	}
	if _, ok := readStat("17 (cut"); ok {
		t.Error("a torn line was read")
	}
}

// quietly waits until the load of the machine is no more than what
// SHANHAI_TEST_BENCH_QUIET names, so that a measurement does not begin beside
// other work, and says how busy it was then. Without it nobody waits.
func quietly() string {
	limit, err := strconv.ParseFloat(os.Getenv("SHANHAI_TEST_BENCH_QUIET"), 64)
	look := time.NewTicker(5 * time.Second)
	defer look.Stop()
	for {
		raw, readErr := os.ReadFile("/proc/loadavg")
		text, _, _ := strings.Cut(string(raw), " ")
		load, parseErr := strconv.ParseFloat(text, 64)
		if err != nil || readErr != nil || parseErr != nil || load <= limit {
			return "load " + text
		}
		<-look.C
	}
}
