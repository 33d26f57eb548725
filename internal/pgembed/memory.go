package pgembed

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// sharedBuffersMB is an eighth of the memory, up to a gigabyte: the machine is shared
// with the service and the page cache, and memory nobody needs costs time at every
// start. A database that has outgrown it gets as much as it is large, up to a quarter
// of the memory, where the manual of PostgreSQL says to begin, and 8 GB: what lies
// only in the page cache the kernel may give away.
func sharedBuffersMB(opts Options) int {
	switch {
	case opts.SharedBuffersMB > 0:
		return opts.SharedBuffersMB
	case opts.Fast:
		return 64
	}
	machine, _ := os.ReadFile("/proc/meminfo")
	groups, _ := os.ReadFile("/proc/self/cgroup")
	var limits []string
	for _, name := range limitFiles(string(groups)) {
		limit, _ := os.ReadFile(name) // #nosec G304 -- the kernel's own names
		limits = append(limits, string(limit))
	}
	return buffersMB(memoryMB(string(machine), limits...), sizeMB(filepath.Join(opts.DataDir, clusterName, "base")))
}

// limitFiles are where the kernel says how much memory the control groups of a
// process may have: its own and those around it, of either version. A container sees
// its own as the root.
func limitFiles(groups string) []string {
	var out []string
	for line := range strings.Lines(groups) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		root, file := "/sys/fs/cgroup", "memory.max"
		switch {
		case slices.Contains(strings.Split(parts[1], ","), "memory"):
			root, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case parts[1] != "":
			continue
		}
		for at := path.Clean("/" + parts[2]); ; at = path.Dir(at) {
			out = append(out, path.Join(root, at, file))
			if at == "/" {
				break
			}
		}
	}
	return out
}

// buffersMB is the rule, for so much memory and a database of that size.
func buffersMB(memory, database int) int {
	small := min(max(memory/8, 128), 1024)
	return max(small, min(database, memory/4, 8192))
}

// sizeMB is how much the files of a folder hold; 0 where there is none yet.
func sizeMB(dir string) int {
	var bytes int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil { // a file may go while it is looked at
				bytes += info.Size()
			}
		}
		return nil
	})
	return int(bytes >> 20)
}

// memoryMB is the memory of the machine, in the words of Linux, or the least of what
// limits leave of it. 0: not known.
func memoryMB(machine string, limits ...string) int {
	_, rest, _ := strings.Cut(machine, "MemTotal:")
	total := 0
	if fields := strings.Fields(rest); len(fields) > 0 {
		kb, _ := strconv.Atoi(fields[0])
		total = kb / 1024
	}
	for _, limit := range limits {
		if bytes, err := strconv.Atoi(strings.TrimSpace(limit)); err == nil && (total == 0 || bytes>>20 < total) {
			total = bytes >> 20
		}
	}
	return total
}
