package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// furnished is the data directory of a demonstration that was loaded and stopped
// once for all journeys: loading takes longer than most of them. Each works on a
// copy, so none meets what another left.
var furnished struct {
	once sync.Once
	data string
}

// furnish puts the demonstration into a machine that has not started yet. The
// binary finds it there, as it does when somebody serves it for the second time.
func (m *machine) furnish() {
	m.t.Helper()
	furnished.once.Do(func() {
		first := *m
		first.data = filepath.Join(filepath.Dir(m.bin), "furnished") // removed with the binary
		_, stop := first.serve("demo")
		stop()
		if !m.t.Failed() {
			furnished.data = first.data
		}
	})
	if furnished.data == "" {
		m.t.Fatal("the demonstration could not be loaded; the first journey says why")
	}
	if err := os.MkdirAll(filepath.Dir(m.data), 0o700); err != nil {
		m.t.Fatal(err)
	}
	// cp keeps the owner of the database's files and shares blocks where the disk can.
	if out, err := exec.Command("cp", "-a", "--reflink=auto", furnished.data, m.data).CombinedOutput(); err != nil {
		m.t.Fatalf("copying the demonstration: %v: %s", err, out)
	}
}
