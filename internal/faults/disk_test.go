package faults

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// volume is a small file system of its own, in memory.
type volume struct {
	t   *testing.T
	dir string
	log bool // of the write-ahead log
}

func newVolume(t *testing.T, dir string, megabytes int) *volume {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=755", megabytes)); err != nil {
		t.Fatalf("a small volume cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("%s stays mounted: %v", dir, err)
		}
	})
	return &volume{t: t, dir: dir}
}

// fill takes all the room there is; free gives it back.
func (v *volume) fill() {
	v.t.Helper()
	f, err := os.Create(filepath.Join(v.dir, "filler"))
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 1<<16); len(piece) > 0; {
		if _, err := f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
}

func (v *volume) free() {
	v.t.Helper()
	if err := os.Remove(filepath.Join(v.dir, "filler")); err != nil {
		v.t.Error(err)
	}
}

// fullDisks is R-7: the volume of the data, of the log of the database, of its
// temporary files or of the attachments is full for a while.
func fullDisks(t *testing.T, set settings) string {
	var said []string
	hold := of(set, 6*time.Second, 8*time.Second, 2*time.Minute)
	for _, x := range []struct {
		name string
		make func(*testing.T, settings) (*site, *volume)
	}{
		{"data", dataVolume}, {"WAL", walVolume}, {"temp", tempVolume}, {"attachments", blobVolume},
	} {
		t.Run(x.name, func(t *testing.T) {
			s, v := x.make(t, set)
			line := s.starve(v, hold, x.name == "data" || x.name == "WAL")
			said = append(said, x.name+": "+line)
			t.Log(x.name, line)
		})
	}
	return fmt.Sprintf("full for %s each; %s", hold, strings.Join(said, "; "))
}

// dataVolume has the whole cluster on the volume.
func dataVolume(t *testing.T, set settings) (*site, *volume) {
	dir := place(t)
	v := newVolume(t, filepath.Join(dir, "small"), 300)
	return siteIn(t, set, siteOptions{dir: dir, db: filepath.Join(v.dir, "db")}), v
}

// walVolume has only the write-ahead log on it.
func walVolume(t *testing.T, set settings) (*site, *volume) {
	dir := place(t)
	v := newVolume(t, filepath.Join(dir, "small"), 200)
	v.log = true
	return siteIn(t, set, siteOptions{dir: dir, db: filepath.Join(dir, "db"), change: func(s *site) {
		wal := filepath.Join(s.server.DataDir(), "pg", "pg_wal")
		s.move(wal, filepath.Join(v.dir, "pg_wal"))
		s.must(os.Symlink(filepath.Join(v.dir, "pg_wal"), wal))
	}}), v
}

// tempVolume lets sorting spill onto the volume, and spill early.
func tempVolume(t *testing.T, set settings) (*site, *volume) {
	s := newSite(t, set)
	v := newVolume(t, filepath.Join(s.dir, "small"), 16)
	info, err := os.Stat(filepath.Join(s.server.DataDir(), "pg"))
	s.must(err)
	owner := info.Sys().(*syscall.Stat_t)
	space := filepath.Join(v.dir, "space")
	s.must(os.Mkdir(space, 0o700))
	s.must(os.Chown(space, int(owner.Uid), int(owner.Gid)))
	for _, statement := range []string{"create tablespace small location '" + space + "'", "grant create on tablespace small to " + pgembed.AppRole,
		"alter role " + pgembed.AppRole + " set temp_tablespaces = small", "alter role " + pgembed.AppRole + " set work_mem = '64kB'"} {
		_, err := s.super.Exec(statement)
		s.must(err)
	}
	return s, v
}

// blobVolume has the data directory of the nodes on it.
func blobVolume(t *testing.T, set settings) (*site, *volume) {
	s := newSite(t, set)
	v := newVolume(t, filepath.Join(s.dir, "small"), 8)
	s.must(os.CopyFS(filepath.Join(v.dir, "data"), os.DirFS(s.data)))
	for _, dir := range []string{s.data, filepath.Join(s.data, "keys")} { // modes are not copied
		s.must(filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(s.data, path)
			if err != nil {
				return err
			}
			return os.Chmod(filepath.Join(v.dir, "data", rel), info.Mode().Perm())
		}))
	}
	s.data = filepath.Join(v.dir, "data")
	return s, v
}

// move copies a folder with its owners to another file system.
func (s *site) move(from, to string) {
	s.t.Helper()
	s.must(filepath.Walk(from, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target, owner := filepath.Join(to, rel), info.Sys().(*syscall.Stat_t)
		if info.IsDir() {
			err = os.MkdirAll(target, info.Mode().Perm())
		} else {
			var raw []byte
			if raw, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(target, raw, info.Mode().Perm())
			}
		}
		if err == nil {
			err = os.Chown(target, int(owner.Uid), int(owner.Gid))
		}
		return err
	}))
	s.must(os.RemoveAll(from))
}

// starve fills the volume under writers, looks at reads meanwhile, gives the room
// back and proves that everything is well again by itself.
func (s *site) starve(v *volume, hold time.Duration, writesStop bool) string {
	s.t.Helper()
	n := s.node(s.binary)
	c := newCrew(s, 4)
	c.patient = hold + 5*time.Minute
	c.begin()
	pause(2 * time.Second)
	v.fill()
	if v.log {
		s.exhaust()
	}
	client := &http.Client{Timeout: 60 * time.Second}
	counts := map[string]int{}
	for begin := time.Now(); time.Since(begin) < hold; pause(100 * time.Millisecond) {
		for path, token := range map[string]string{"/healthz": "", "/sign-in": "", "/api/v1/funds": s.chief, "/api/v1/registrations?size=200": s.registrar} {
			status := s.read(client, n.url()+path, token)
			counts[fmt.Sprintf("%s %d", strings.TrimPrefix(strings.SplitN(path, "?", 2)[0], "/api/v1"), status)]++
			if status != http.StatusOK && status != http.StatusServiceUnavailable {
				s.t.Errorf("GET %s answers %d on a full volume", path, status)
			}
		}
	}
	missing := c.unknown.Load()
	if writesStop && missing == 0 {
		s.t.Error("the volume was full and no write noticed")
	}
	v.free()
	begin := time.Now()
	if !n.ready(time.Minute) {
		s.t.Errorf("not ready again\n%s", n.words())
	}
	before := c.count()
	for time.Since(begin) < time.Minute && c.count() == before {
		pause(20 * time.Millisecond)
	}
	back := time.Since(begin)
	c.end()
	c.sound()
	if c.count() == before {
		s.t.Error("nothing is written after the room came back")
	}
	return fmt.Sprintf("%d acknowledged writes, %d refused for a while, writing again after %s, reads %v", c.count(), missing, back.Round(10*time.Millisecond), counts)
}

// exhaust writes until the log has used up the segments that lay ready.
func (s *site) exhaust() {
	for range 400 {
		if _, err := s.super.Exec(`select pg_logical_emit_message(false, 'faults', repeat('x', 1000000))`); err != nil {
			return
		}
	}
}

// read gets an address with a token. Whose reading goes into the log has to wait
// like a write: nobody sees a patient without leaving a trace.
func (s *site) read(client *http.Client, url, token string) int {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
