// Package walarchive is the archive a private PostgreSQL can be brought back from
// to any moment: its write-ahead log in segments, base backups to start from, and
// the attachments, sealed, in a folder on another disk.
//
// How a segment gets here. PostgreSQL has finished one, because it is full or
// because the archive timeout is over, and runs its archive_command, which only
// copies it durably into the spool beside the cluster. The running service seals
// what it finds in the spool into the archive and then removes it there.
//
// Two other ways were weighed. An archive_command that seals would need the keys
// in the hands of the account PostgreSQL runs as, which is not to read them, and
// of a program that an upgrade may be replacing at that moment; sh, cp and sync are
// always there. pg_receivewal loses less than the timeout, but needs a slot that
// fills the data disk when nobody listens, a process to watch over, and leaves the
// segment under way in clear on the other disk. The spool costs one more copy, on
// the disk that held the segment anyway.
//
// What lies where, below the operator's folder:
//
//	<cluster>/wal/<segment>.<time>.wal        one file of the log
//	<cluster>/base/<first>-<last>.<time>.base a base backup (see app)
//	<cluster>/blobs/ab/abcd…                  the attachments, as they are
//
// <cluster> is PostgreSQL's own system identifier, so that two clusters never mix.
// <time> is when the segment was complete or the backup had ended, in UTC: nothing
// in the file was committed later.
package walarchive

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
)

const (
	walFolder  = "wal"
	baseFolder = "base"
	blobFolder = "blobs"
	walSuffix  = ".wal"
	baseSuffix = ".base"
	workPrefix = ".new-"
)

// Archive is the part of one cluster.
type Archive struct {
	dir    string
	system string
	keys   *seal.Keyring
}

// systemForm is how PostgreSQL writes a system identifier.
var systemForm = regexp.MustCompile(`^[0-9]{1,20}$`)

// Open names the archive of a cluster below the operator's folder. It makes
// nothing yet: whatever writes does.
func Open(root, system string, keys *seal.Keyring) *Archive {
	return &Archive{dir: filepath.Join(root, system), system: system, keys: keys}
}

// All lists the archives below a folder.
func All(root string, keys *seal.Keyring) ([]*Archive, error) {
	names, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(err, root)
	}
	var out []*Archive
	for _, n := range names {
		if n.IsDir() && systemForm.MatchString(n.Name()) {
			out = append(out, Open(root, n.Name(), keys))
		}
	}
	return out, nil
}

// System is the cluster's identifier.
func (a *Archive) System() string { return a.system }

// BlobDir is where the attachments lie.
func (a *Archive) BlobDir() string { return filepath.Join(a.dir, blobFolder) }

// BaseDir is where base backups lie; it is made when missing.
func (a *Archive) BaseDir() (string, error) { return a.folder(baseFolder) }

func (a *Archive) folder(name string) (string, error) {
	dir := filepath.Join(a.dir, name)
	return dir, unwritable(os.MkdirAll(dir, 0o700), dir)
}

// durably writes a file beside its name and gives it the name when it is safe on
// the disk. What has a name is whole.
func durably(final string, write func(*os.File) error) error {
	dir := filepath.Dir(final)
	f, err := os.CreateTemp(dir, workPrefix+"*") // private: made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when it has its name
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), final); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- names of the archive are checked against their form
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Sweep removes what a killed writer left half-done. It is for the process that
// runs the server, before it begins.
func (a *Archive) Sweep() {
	for _, folder := range []string{walFolder, baseFolder} {
		names, _ := filepath.Glob(filepath.Join(globEscape(a.dir), folder, ".*"))
		for _, n := range names {
			_ = os.Remove(n) // in nobody's way
		}
	}
}

// globEscape keeps a folder named "a[1]" from being read as a pattern.
func globEscape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

func unwritable(err error, dir string) error {
	if _, ok := errors.AsType[*errs.Error](err); ok || err == nil {
		return err
	}
	return errs.Wrap(err, errs.Unavailable, "error.archive.unwritable", errs.Args{"dir": dir, "detail": err.Error()})
}

func unreadable(err error, path string) error {
	return errs.Wrap(err, errs.Unavailable, "error.archive.unreadable", errs.Args{"path": path})
}
