package blob_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

func TestAPassingFileIsSealedWholeAndCanBeRemoved(t *testing.T) {
	dir := t.TempDir()
	keys, _, err := seal.LoadOrCreate(t.TempDir(), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := blob.Open(dir, keys)
	if err != nil {
		t.Fatal(err)
	}
	id, content := ident.New(), bytes.Repeat([]byte("向田秀,云岭\n"), 20_000)
	size, err := s.Write(id, func(w io.Writer) error { _, err := w.Write(content); return err })
	if err != nil || size != int64(len(content)) {
		t.Fatalf("%d bytes, %v", size, err)
	}
	file := filepath.Join(dir, blob.PassingFolder, id.String())
	raw, err := os.ReadFile(file)
	if err != nil || bytes.Contains(raw, []byte("向田秀")) {
		t.Errorf("a name lies open on the disk (%v)", err)
	}
	var got bytes.Buffer
	if err := s.Read(id, &got); err != nil || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("%d bytes came back, %v", got.Len(), err)
	}
	if err := os.Rename(file, filepath.Join(dir, blob.PassingFolder, ident.Nil.String())); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(ident.Nil, io.Discard); err == nil {
		t.Error("a file was read in another's place")
	}
	broken := errors.New("broken")
	if _, err := s.Write(id, func(w io.Writer) error { _, _ = w.Write(content); return broken }); !errors.Is(err, broken) {
		t.Errorf("half a file: %v", err)
	}
	if err := s.Read(id, io.Discard); !errs.Is(err, errs.NotFound) {
		t.Errorf("half a file is there: %v", err)
	}
	if err := errors.Join(s.Remove(ident.Nil), s.Remove(ident.Nil)); err != nil {
		t.Errorf("removed twice: %v", err)
	}
}
