package pgembed

import (
	"os"
	"strconv"
	"strings"
)

// sharedBuffersMB is a quarter of the memory, where the manual of PostgreSQL says to
// begin, and up to 8 GB: the page cache is shared with everything else on the
// machine, and what nobody asked for in a while the kernel may give away.
func sharedBuffersMB(opts Options) int {
	switch {
	case opts.SharedBuffersMB > 0:
		return opts.SharedBuffersMB
	case opts.Fast:
		return 64
	}
	machine, _ := os.ReadFile("/proc/meminfo")
	container, _ := os.ReadFile("/sys/fs/cgroup/memory.max")
	return min(max(memoryMB(string(machine), string(container))/4, 128), 8192)
}

// memoryMB is the memory of the machine, in the words of Linux, or what a container
// may have of it, if that is less. 0: not known.
func memoryMB(machine, container string) int {
	_, rest, _ := strings.Cut(machine, "MemTotal:")
	total := 0
	if fields := strings.Fields(rest); len(fields) > 0 {
		kb, _ := strconv.Atoi(fields[0])
		total = kb / 1024
	}
	if bytes, err := strconv.Atoi(strings.TrimSpace(container)); err == nil && (total == 0 || bytes>>20 < total) {
		total = bytes >> 20
	}
	return total
}
