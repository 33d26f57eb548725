package pgembed

import (
	"os"
	"path/filepath"
)

// Exists reports whether a data directory holds a private database. It changes
// and starts nothing.
func Exists(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, clusterName, "PG_VERSION"))
	return err == nil
}
