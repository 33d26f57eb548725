// Package blob keeps the files people attach: encrypted, under a name made from
// their content, in a folder below the data directory.
//
// The name is a keyed hash, so that the folder does not tell whether a known
// paper is in it, and the same paper is kept once. A file is written whole or
// not at all, and never changed or removed afterwards: which records point to it
// is the database's business. A file without a record (its transaction failed)
// is harmless. A backup copies the folder as it is; it opens only with the keys.
package blob

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Folder is the name of the folder below the data directory, for the backup.
const Folder = "blobs"

// Store keeps files in one folder.
type Store struct {
	dir  string
	keys *seal.Keyring
}

// Open uses, and makes when needed, the folder below the data directory.
func Open(dataDir string, keys *seal.Keyring) (*Store, error) {
	dir := filepath.Join(dataDir, Folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.blob.folder", errs.Args{"dir": dir})
	}
	return &Store{dir: dir, keys: keys}, nil
}

// Put keeps a content and returns its address. The contents are small (see
// document.MaxSize), so that it is hashed before it is written.
func (s *Store) Put(content []byte) (address []byte, err error) {
	h, err := s.keys.ContentAddress()
	if err != nil {
		return nil, err
	}
	h.Write(content)
	address = h.Sum(nil)
	path := s.path(address)
	if _, err := os.Stat(path); err == nil {
		return address, nil
	}
	return address, unavailable(s.write(path, address, content))
}

// write seals the content into a temporary file and gives it its name last.
func (s *Store) write(path string, address, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	w, err := s.keys.SealStream(f, place(address))
	if err != nil {
		return err
	}
	if _, err = w.Write(content); err != nil {
		return err
	}
	if err = w.Close(); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	_ = f.Close() // written and synced; nothing is lost any more
	return syncDir(filepath.Dir(path))
}

// syncDir makes the new name survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- named by the digest of its content
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get reads a content. A file that is gone or was changed is an error, never a
// different content.
func (s *Store) Get(address []byte) ([]byte, error) {
	f, err := os.Open(s.path(address))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Wrap(err, errs.NotFound, "error.blob.gone", nil)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	r, err := s.keys.OpenStream(f, place(address))
	if err != nil {
		return nil, errors.Join(unavailable(err), f.Close())
	}
	var buf bytes.Buffer
	_, err = io.Copy(&buf, r)
	return buf.Bytes(), unavailable(errors.Join(err, f.Close()))
}

func unavailable(err error) error {
	return errs.Wrap(err, errs.Unavailable, "error.blob.unreadable", nil)
}

// path spreads the files over 256 folders.
func (s *Store) path(address []byte) string {
	name := hex.EncodeToString(address)
	return filepath.Join(s.dir, name[:2], name)
}

// place binds a file to its address: one file cannot stand in another's place.
func place(address []byte) seal.Place {
	return seal.Place{Table: "blob", Column: "content", Row: ident.Derive(ident.Nil, hex.EncodeToString(address))}
}
