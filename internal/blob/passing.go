package blob

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// PassingFolder is the folder of files that expire. They can be made again, so a
// backup leaves them out.
const PassingFolder = "passing"

func (s *Store) passing(id ident.ID) string {
	return filepath.Join(filepath.Dir(s.dir), PassingFolder, id.String())
}

func passingPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "download", Column: "content", Row: id}
}

// Write keeps a file of any length under an id until it is removed: fill writes
// it, sealed on its way to the disk. It is there whole or not at all.
func (s *Store) Write(id ident.ID, fill func(io.Writer) error) (size int64, err error) {
	path := s.passing(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, unavailable(err)
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // #nosec G304 -- named by the digest of its content
	if err != nil {
		return 0, unavailable(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	sealed, err := s.keys.SealStream(f, passingPlace(id))
	if err != nil {
		return 0, unavailable(err)
	}
	n := &counting{w: bufio.NewWriterSize(sealed, 64<<10)}
	if err := fill(n); err != nil {
		return 0, err
	}
	for _, step := range []func() error{n.w.Flush, sealed.Close, f.Sync, func() error { return os.Rename(f.Name(), path) }} {
		if err := step(); err != nil {
			return 0, unavailable(err)
		}
	}
	_ = f.Close() // written and synced; nothing is lost any more
	return n.size, nil
}

// counting counts what passes.
type counting struct {
	w    *bufio.Writer
	size int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.size += int64(n)
	return n, err
}

// Read copies a passing file. One that was removed is missing, one that was
// changed is an error.
func (s *Store) Read(id ident.ID, to io.Writer) error {
	f, err := os.Open(s.passing(id))
	if errors.Is(err, fs.ErrNotExist) {
		return errs.Wrap(err, errs.NotFound, "error.blob.gone", nil)
	}
	if err != nil {
		return unavailable(err)
	}
	r, err := s.keys.OpenStream(f, passingPlace(id))
	if err != nil {
		return errors.Join(unavailable(err), f.Close())
	}
	_, err = io.Copy(to, r)
	return unavailable(errors.Join(err, f.Close()))
}

// Remove takes a passing file away; one that is not there is removed already.
func (s *Store) Remove(id ident.ID) error {
	err := os.Remove(s.passing(id))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return unavailable(err)
}
