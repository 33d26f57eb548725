package walarchive

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// blobForm is an attachment's name. What an upload is still writing has another.
var blobForm = regexp.MustCompile(`^[0-9a-f]{2,}$`)

// Mirror copies the attachments the archive does not have yet. They are sealed
// and named by their content, so one that is there is never looked at again. It
// goes before the log is put: an attachment was on the disk before its record was
// committed, so that every record in the archive finds its file there.
func (a *Archive) Mirror(from string) error {
	return copyNew(from, a.BlobDir())
}

// Attachments copies the archive's attachments into a folder and counts them.
func (a *Archive) Attachments(to string) (int, error) {
	if err := copyNew(a.BlobDir(), to); err != nil {
		return 0, err
	}
	found, err := filepath.Glob(filepath.Join(globEscape(to), "*", "*"))
	return len(found), err
}

// copyNew copies what one tree of attachments has and the other has not.
func copyNew(from, to string) error {
	folders, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unreadable(err, from)
	}
	for _, d := range folders {
		if !d.IsDir() || !blobForm.MatchString(d.Name()) {
			continue
		}
		if err := copyFolder(filepath.Join(from, d.Name()), filepath.Join(to, d.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFolder(from, to string) error {
	names, err := os.ReadDir(from)
	if err != nil {
		return unreadable(err, from)
	}
	made := false
	for _, n := range names {
		final := filepath.Join(to, n.Name())
		if _, err := os.Lstat(final); err == nil || !n.Type().IsRegular() || !blobForm.MatchString(n.Name()) {
			continue
		}
		if !made {
			if err := os.MkdirAll(to, 0o700); err != nil {
				return unwritable(err, to)
			}
			made = true
		}
		if err := copyFile(filepath.Join(from, n.Name()), final); err != nil {
			return unwritable(err, to)
		}
	}
	return nil
}

func copyFile(from, final string) error {
	src, err := os.Open(from) // #nosec G304 -- names of the archive are checked against their form
	if err != nil {
		return err
	}
	defer src.Close()
	return durably(final, func(f *os.File) error {
		_, err := io.Copy(f, src)
		return err
	})
}
