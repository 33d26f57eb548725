package pgembed

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Binaries is one installed PostgreSQL server.
type Binaries struct {
	Dir     string // folder of postgres, initdb, psql, pg_dump
	Version string // as the server says it, for example 15.18
	Major   int
}

// Path is one program of it.
func (b Binaries) Path(program string) string { return filepath.Join(b.Dir, program) }

// FindBinaries returns the server to run for a data directory: the one of the
// cluster's own major version when there is a cluster (PostgreSQL opens no
// other), else the newest.
func FindBinaries(opts Options) (Binaries, error) {
	return searchPlaces(opts.BinDir).find(clusterMajor(filepath.Join(opts.DataDir, clusterName)))
}

// places are the folders that may hold server binaries.
type places []string

func searchPlaces(binDir string) places {
	if binDir != "" {
		return places{binDir}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is constant and well formed
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	return dirs
}

// find picks the wanted major version, or the newest when wanted is 0.
func (p places) find(wanted int) (Binaries, error) {
	found := p.installed()
	if len(found) == 0 {
		return Binaries{}, errs.New(errs.Precondition, "error.pg.binaries_missing",
			errs.Args{"command": InstallCommand(), "min": MinMajor})
	}
	newest := found[0]
	if newest.Major < MinMajor {
		return Binaries{}, errs.New(errs.Precondition, "error.pg.too_old",
			errs.Args{"found": newest.Version, "min": MinMajor, "command": InstallCommand()})
	}
	if wanted == 0 {
		return newest, nil
	}
	for _, b := range found {
		if b.Major == wanted {
			return b, nil
		}
	}
	return Binaries{}, errs.New(errs.Precondition, "error.pg.other_major", errs.Args{"cluster": wanted,
		"found": newest.Major, "command": installCommand("postgresql-" + strconv.Itoa(wanted))})
}

// installed lists the complete servers, newest first.
func (p places) installed() []Binaries {
	var found []Binaries
	for _, dir := range p {
		if b, err := inspect(dir); err == nil {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return cmp.Compare(b.Major, a.Major) })
	return found
}

var versionForm = regexp.MustCompile(`PostgreSQL\) ((\d+)\S*)`)

func inspect(dir string) (Binaries, error) {
	// A client-only package has psql but no initdb.
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	cmd := exec.CommandContext(context.Background(), filepath.Join(dir, "postgres"), "--version") // #nosec G204 -- PostgreSQL's own programs, found by the operator's settings
	cmd.Env = childEnv()
	out, err := cmd.Output()
	if err != nil {
		return Binaries{}, err
	}
	m := versionForm.FindStringSubmatch(string(out))
	if m == nil {
		return Binaries{}, errors.New("pgembed: unknown version text")
	}
	major, err := strconv.Atoi(m[2])
	return Binaries{Dir: dir, Version: m[1], Major: major}, err
}

// clusterMajor reads the major version a cluster was made with; 0 means there is
// no cluster.
func clusterMajor(cluster string) int {
	raw, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION")) // #nosec G304 -- files of the data directory
	if err != nil {
		return 0
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0
	}
	return major
}
