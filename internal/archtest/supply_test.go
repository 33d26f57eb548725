package archtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"

	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// allowed are the licences a module of the program may have: each lets it be passed on
// in binary form, and none asks for anything of our own source.
var allowed = []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "MPL-2.0", "Unlicense", "CC0-1.0", "0BSD"}

// module is one as the go command lists it.
type listedModule struct {
	Path, Version, Dir string
	Main               bool
}

// builtIn are the modules whose packages are in the program.
func builtIn(t *testing.T) []listedModule {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/shanhai")
	cmd.Dir = "../.."
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listedModule{}
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p struct{ Module *listedModule }
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return slices.SortedFunc(maps.Values(all), func(a, b listedModule) int { return strings.Compare(a.Path, b.Path) })
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			all[p.Module.Path] = *p.Module
		}
	}
}

// licences are those in the files of a module that bear them.
func licences(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, "LICENCE") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "UNLICENSE") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		cover := licensecheck.Scan(raw)
		if cover.Percent < 50 {
			found = append(found, e.Name()+" of no known kind")
		}
		for _, m := range cover.Match {
			if !slices.Contains(found, m.ID) {
				found = append(found, m.ID)
			}
		}
	}
	return found
}

// S-1: every module in the program has a licence, of a kind that lets us pass it on.
func TestEveryModuleHasALicenceThatLetsUsPassItOn(t *testing.T) {
	kinds := map[string]int{}
	modules := builtIn(t)
	for _, m := range modules {
		if m.Dir == "" {
			t.Errorf("%s is not in the module cache: run go mod download", m.Path)
			continue
		}
		found := licences(t, m.Dir)
		if len(found) == 0 {
			t.Errorf("%s %s has no file of a licence", m.Path, m.Version)
		}
		for _, kind := range found {
			kinds[kind]++
			if !slices.Contains(allowed, kind) {
				t.Errorf("%s %s: %s is not among the allowed licences", m.Path, m.Version, kind)
			}
		}
	}
	if len(modules) < 30 {
		t.Errorf("only %d modules", len(modules))
	}
	t.Logf("%d modules: %v", len(modules), kinds)
}

// S-1: the program built twice, in two places with nothing of the first left for the
// second, has the same bytes.
func TestTheProgramIsBuiltTheSameTwice(t *testing.T) {
	if !scaletest.Full() {
		t.Skip("building everything twice takes minutes: make reproducible")
	}
	var sums [2][sha256.Size]byte
	for i := range sums {
		dir := filepath.Join(t.TempDir(), strings.Repeat("x", 1+20*i), "checkout")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, path := range tracked(t) {
			copyFile(t, filepath.Join("../..", path), filepath.Join(dir, path))
		}
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-X main.version=test", "-o", "shanhai", "./cmd/shanhai")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOCACHE="+filepath.Join(dir, ".cache"), "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "shanhai"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(dir)) {
			t.Errorf("the program says where it was built: %s", dir)
		}
		sums[i] = sha256.Sum256(raw)
		t.Logf("%d bytes, SHA-256 %x", len(raw), sums[i])
	}
	if sums[0] != sums[1] {
		t.Error("two builds differ")
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if os.IsNotExist(err) {
		return
	}
	if err == nil {
		if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
			err = os.WriteFile(to, raw, 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
