package pgembed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAContainerMayHaveLessThanTheMachine(t *testing.T) {
	const machine = "MemTotal:       16384000 kB\nMemFree:        1 kB\n"
	for name, x := range map[string]struct {
		machine, container string
		want               int
	}{
		"a machine":        {machine, "", 16000},
		"no limit":         {machine, "max\n", 16000},
		"a small one":      {machine, "2147483648\n", 2048},
		"more than it has": {machine, "9223372036854771712\n", 16000},
		"no machine known": {"", "2147483648", 2048},
		"nothing known":    {"MemTotal:", "what", 0},
	} {
		if got := memoryMB(x.machine, x.container); got != x.want {
			t.Errorf("%s: %d MB, not %d", name, got, x.want)
		}
	}
	if got := memoryMB(machine, "max\n", "4294967296\n", "2147483648\n", ""); got != 2048 {
		t.Errorf("of several limits %d MB are taken, not the least", got)
	}
	if got := sharedBuffersMB(Options{Fast: true}); got != 64 {
		t.Errorf("a database for tests takes %d MB", got)
	}
}

func TestLimitsAreLookedForUpToTheRoot(t *testing.T) {
	for name, x := range map[string]struct{ groups, want string }{
		"a container":             {"0::/\n", "/sys/fs/cgroup/memory.max"},
		"a unit of systemd":       {"0::/system.slice/shanhai.service\n", "/sys/fs/cgroup/system.slice/shanhai.service/memory.max /sys/fs/cgroup/system.slice/memory.max /sys/fs/cgroup/memory.max"},
		"the first version":       {"7:cpu,cpuacct:/a\n4:memory:/a\n", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes /sys/fs/cgroup/memory/memory.limit_in_bytes"},
		"a group outside of it":   {"0::/../b", "/sys/fs/cgroup/b/memory.max /sys/fs/cgroup/memory.max"},
		"nothing the kernel says": {"", ""},
	} {
		if got := strings.Join(limitFiles(x.groups), " "); got != x.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestALargeDatabaseGetsMoreMemory(t *testing.T) {
	for _, x := range []struct{ memory, database, want int }{
		{0, 0, 128}, {512, 40, 128}, {4096, 40, 512}, {24000, 40, 1024}, {24000, 1500, 1500}, {24000, 40000, 6000}, {256000, 90000, 8192}, {2048, 90000, 512},
	} {
		if got := buffersMB(x.memory, x.database); got != x.want {
			t.Errorf("of %d MB a database of %d MB gets %d MB, not %d", x.memory, x.database, got, x.want)
		}
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "5"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "5", "1249"), make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, none := sizeMB(dir), sizeMB(filepath.Join(dir, "no")); got != 3 || none != 0 {
		t.Errorf("%d MB, and %d MB where nothing is", got, none)
	}
}
