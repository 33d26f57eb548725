package faults

import (
	"os"
	"path/filepath"
	"strings"
)

// marks are how processes and files of a harness are told: its binary, its data
// directories and its sockets stand below folders with this name.
const workName = "shanhai-faults-"

// strays lists the processes, mounts and temporary files that belong to
// harnesses; the folder of a socket is looked for by its site.
func strays() []string {
	out, _ := filepath.Glob(filepath.Join(os.TempDir(), workName+"*"))
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		line, _ := os.ReadFile(filepath.Join(name, "cmdline"))
		cwd, _ := os.Readlink(filepath.Join(name, "cwd"))
		if strings.Contains(string(line), workName) || strings.Contains(cwd, workName) {
			out = append(out, name+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	mounts, _ := os.ReadFile("/proc/mounts")
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, workName) {
			out = append(out, "mounted "+strings.TrimSpace(line))
		}
	}
	return out
}
