package pgembed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// fakeServer is a folder with programs that only tell a version.
func fakeServer(t *testing.T, version string, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range programs {
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBinariesAreChosenByTheClustersVersion(t *testing.T) {
	server := []string{"postgres", "initdb"}
	v13, v15 := fakeServer(t, "13.4", server...), fakeServer(t, "15.18 (Debian 15.18-0+deb12u1)", server...)
	v17, client := fakeServer(t, "17rc1", server...), fakeServer(t, "16.1", "psql")
	for name, c := range map[string]struct {
		dirs   places
		wanted int
		dir    string
		key    string
		says   string
	}{
		"the newest for a new cluster":         {places{v13, v15, v17}, 0, v17, "", ""},
		"the cluster's own when there is one":  {places{v17, v15}, 15, v15, "", ""},
		"a client alone is no server":          {places{client}, 0, "", "error.pg.binaries_missing", "apt-get install -y postgresql"},
		"nothing installed":                    {places{"/nonexistent"}, 0, "", "error.pg.binaries_missing", "apt-get install -y postgresql"},
		"only an old one":                      {places{v13}, 0, "", "error.pg.too_old", "apt-get install -y postgresql"},
		"the cluster is newer than the server": {places{v15}, 17, "", "error.pg.other_major", "apt-get install -y postgresql-17"},
		"the cluster is older than the server": {places{v17}, 15, "", "error.pg.other_major", "apt-get install -y postgresql-15"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := c.dirs.find(c.wanted)
			if c.key != "" {
				e := wantKey(t, err, c.key)
				if command := e.Args["command"].(string); !strings.HasSuffix(command, c.says) {
					t.Errorf("command = %q, want %q", command, c.says)
				}
				return
			}
			if err != nil || b.Dir != c.dir {
				t.Errorf("chose %+v, %v", b, err)
			}
		})
	}
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	_, err := Start(t.Context(), Options{DataDir: t.TempDir(), BinDir: t.TempDir()})
	wantKey(t, err, "error.pg.binaries_missing")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, clusterName), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, clusterName, "PG_VERSION"), []byte("99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), Options{DataDir: dir})
	if e := wantKey(t, err, "error.pg.other_major"); e.Args["cluster"] != 99 || e.Kind != errs.Precondition {
		t.Errorf("error = %+v", e)
	}
}

func TestSocketFolderTakesTheFirstBaseThatServes(t *testing.T) {
	acct, err := serverAccount(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	dir, err := makeSocketDir(&acct, []string{long, "/nonexistent", "/tmp"})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 || filepath.Dir(dir) != "/tmp" {
		t.Errorf("made %s with %v, %v", dir, info.Mode(), err)
	}
	removeSocketDir(dir)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("it can be removed again")
	}
	_, err = makeSocketDir(&acct, []string{long})
	wantKey(t, err, "error.pg.run_dir")
	foreign := t.TempDir()
	removeSocketDir(foreign)
	if _, err := os.Stat(foreign); err != nil {
		t.Error("a folder that is not a socket folder must stay, whatever pg-run.json says")
	}
}

func TestWithoutTheCapabilityAClosedFolderIsNamed(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	other := account{name: "somebody", uid: nobody - 1, gid: nobody - 1, switched: true}
	if other.canWalk(closed) || !other.canWalk("/tmp") {
		t.Error("folder modes are read wrongly")
	}
	own := account{uid: os.Geteuid(), gid: os.Getegid(), switched: true}
	if os.Geteuid() != 0 && !own.canWalk(closed) {
		t.Error("the owner may walk into an own folder")
	}
	if os.Geteuid() != 0 {
		e := wantKey(t, other.allowPath(closed), "error.pg.unreachable")
		if e.Args["user"] != "somebody" {
			t.Errorf("args = %v", e.Args)
		}
		return
	}
	if out, err := again(t, nobody).CombinedOutput(); err != nil { // an account without capabilities
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestConnectionTextQuotes(t *testing.T) {
	s := &Server{state: runState{SocketDir: `/tmp/it's a\dir`, Port: 5432}}
	want := `host='/tmp/it\'s a\\dir' port=5432 user=u dbname='' sslmode=disable`
	if got := s.ToolDSN("u", ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := s.DSN("u", "d"); !strings.HasSuffix(got, "dbname=d sslmode=disable binary_parameters=yes") {
		t.Errorf("got %s", got)
	}
}
