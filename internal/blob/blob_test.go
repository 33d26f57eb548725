package blob_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
)

func open(t *testing.T) (*blob.Store, string) {
	t.Helper()
	dir := t.TempDir()
	keys, err := seal.Create(t.TempDir(), clock.NewFixed(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := blob.Open(dir, keys)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAContentComesBackAndIsKeptOnce(t *testing.T) {
	s, dir := open(t)
	content := bytes.Repeat([]byte("proof of category "), 20_000)
	a, err := s.Put(content)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Put(content)
	if err != nil || !bytes.Equal(a, b) {
		t.Fatalf("%x %x %v", a, b, err)
	}
	got, err := s.Get(a)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files", n)
	}
}

func TestTheDiskHoldsNothingReadable(t *testing.T) {
	s, dir := open(t)
	if _, err := s.Put([]byte("向云禾 低保证")); err != nil {
		t.Fatal(err)
	}
	for _, f := range files(t, dir) {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("低保")) {
			t.Error("the content is readable on the disk")
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	}
}

func TestAChangedOrMissingFileIsAnError(t *testing.T) {
	s, dir := open(t)
	a, err := s.Put([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	name := files(t, dir)[0]
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(a); err == nil {
		t.Errorf("a changed file answers %q", got)
	}
	b, err := s.Put([]byte("two"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files(t, dir) {
		if f != name {
			if err := os.Rename(f, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := s.Get(a); err == nil {
		t.Errorf("another paper answers in its place: %q", got)
	}
	if _, err := s.Get(b); !errs.Is(err, errs.NotFound) {
		t.Errorf("a missing file: %v", err)
	}
}
