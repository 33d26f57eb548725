package walarchive

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// A file of the log in the archive: a line that says what it is, then, in the age
// format, the content, compressed. A segment that was closed early is mostly
// zeros. The line names the digest of the content, and the head of the compressed
// stream carries the keyring's MAC of the line: it cannot be changed or stand
// before another content, and nobody else can write such a file. Without this
// program a file is opened with the identity that stands below the paper key:
//
//	tail -n +2 FILE | age --decrypt --identity KEY.txt | gzip --decompress
//
// Files of the first edition, in the house's own stream, are read as ever.
const (
	segmentTitle = "SHANHAI-WAL 2 "
	firstTitle   = "SHANHAI-WAL 1 "
	linePurpose  = "archive/wal"
)

// stampForm is a moment in a file name: UTC, to the millisecond.
const stampForm = "20060102T150405,000Z"

// logForm is what PostgreSQL hands to its archive_command: segments, the piece of
// one that a new timeline leaves behind, notes of backups, and histories.
var logForm = regexp.MustCompile(`^([0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)$`)

type segmentHead struct {
	System string    `json:"system"`
	Name   string    `json:"name"`
	At     time.Time `json:"at"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"` // of the plain content
	Key    string    `json:"key"`    // fingerprint of the keyring
}

// placeOf is where a file of the first edition belongs.
func placeOf(line string) seal.Place {
	return seal.Place{Table: "archive", Column: "wal", Row: ident.Derive(ident.Nil, line)}
}

// Spooled lists the files of the log that wait in a spool, oldest first. What is
// still being copied there has another name.
func Spooled(spool string) ([]string, error) {
	names, err := os.ReadDir(spool)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(err, spool)
	}
	var out []string
	for _, n := range names {
		if n.Type().IsRegular() && logForm.MatchString(n.Name()) {
			out = append(out, filepath.Join(spool, n.Name()))
		}
	}
	return out, nil
}

// Put seals a file of the spool into the archive, durably. The same file again is
// no error; another content under a name the archive has is refused, and the
// archive keeps what it has.
func (a *Archive) Put(file string) error {
	dir, err := a.folder(walFolder)
	if err != nil {
		return err
	}
	head, err := a.headOf(file)
	if err != nil {
		return err
	}
	if have, err := a.find(head.Name); err != nil || have != "" {
		return errors.Join(err, a.same(have, head))
	}
	raw, err := json.Marshal(head)
	if err != nil {
		return err
	}
	line := segmentTitle + string(raw) + "\n"
	final := filepath.Join(dir, head.Name+"."+head.At.Format(stampForm)+walSuffix)
	return unwritable(durably(final, func(f *os.File) error { return a.seal(f, file, line) }), dir)
}

// headOf digests a file of the spool.
func (a *Archive) headOf(file string) (h segmentHead, err error) {
	f, err := os.Open(file) // #nosec G304 -- names of the archive are checked against their form
	if err != nil {
		return h, unreadable(err, file)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return h, unreadable(err, file)
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return h, unreadable(err, file)
	}
	return segmentHead{System: a.system, Name: filepath.Base(file), At: info.ModTime().UTC().Truncate(time.Millisecond), Size: n,
		SHA256: hex.EncodeToString(sum.Sum(nil)), Key: a.keys.Fingerprint()}, nil
}

func (a *Archive) seal(f *os.File, file, line string) error {
	src, err := os.Open(file) // #nosec G304 -- names of the archive are checked against their form
	if err != nil {
		return err
	}
	defer src.Close()
	if _, err := io.WriteString(f, line); err != nil {
		return err
	}
	mac, err := a.keys.MAC(linePurpose, []byte(line))
	if err != nil {
		return err
	}
	sealed, err := a.keys.SealOutside(f)
	if err != nil {
		return err
	}
	packed, err := gzip.NewWriterLevel(sealed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	packed.Comment = hex.EncodeToString(mac)
	if _, err := io.Copy(packed, src); err != nil {
		return err
	}
	return errors.Join(packed.Close(), sealed.Close())
}

// find is the archive's file of a name of the log, or empty.
func (a *Archive) find(name string) (string, error) {
	found, err := filepath.Glob(filepath.Join(globEscape(a.dir), walFolder, name+".*"+walSuffix))
	if err != nil {
		return "", err
	}
	for _, path := range found {
		if has, _, ok := splitName(filepath.Base(path), walSuffix); ok && has == name {
			return path, nil
		}
	}
	return "", nil
}

// splitName takes a name of the archive apart: what it is of, and its moment.
func splitName(name, suffix string) (of string, at time.Time, ok bool) {
	rest, ok := strings.CutSuffix(name, suffix)
	cut := strings.LastIndexByte(rest, '.')
	if !ok || cut < 0 {
		return "", at, false
	}
	at, err := time.Parse(stampForm, rest[cut+1:])
	return rest[:cut], at, err == nil
}

// same holds a file that is there against one that is to be put. The one that is
// there is read whole: a damaged one must not count as kept.
func (a *Archive) same(have string, want segmentHead) error {
	if have == "" {
		return nil
	}
	h, err := a.read(have, io.Discard)
	if err == nil && (h.SHA256 != want.SHA256 || h.Size != want.Size) {
		err = errs.New(errs.Conflict, "error.archive.other_content", errs.Args{"segment": want.Name, "file": have})
	}
	return err
}

// Get writes a file of the log as PostgreSQL knew it. What the archive does not
// have is NotFound; what was changed or cut is Invalid and nothing of it may be
// used.
func (a *Archive) Get(name string, w io.Writer) error {
	if !logForm.MatchString(name) {
		return errs.New(errs.Invalid, "error.archive.name", errs.Args{"name": name})
	}
	file, err := a.find(name)
	if err != nil {
		return err
	}
	if file == "" {
		return errs.New(errs.NotFound, "error.archive.no_segment", errs.Args{"segment": name})
	}
	h, err := a.read(file, w)
	if err == nil && (h.Name != name || h.System != a.system) {
		err = damaged(file, name, fmt.Errorf("it is %s of %s", h.Name, h.System))
	}
	return err
}

// read opens one file of the archive.
func (a *Archive) read(file string, w io.Writer) (h segmentHead, err error) {
	f, err := os.Open(file) // #nosec G304 -- names of the archive are checked against their form
	if err != nil {
		return h, unreadable(err, file)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	line, h, err := readHead(r)
	name, _, _ := splitName(filepath.Base(file), walSuffix)
	if err != nil {
		return h, damaged(file, name, err)
	}
	if err := a.unseal(r, w, line, h); err != nil {
		return h, a.openError(err, h, file, name)
	}
	return h, nil
}

func readHead(r *bufio.Reader) (line string, h segmentHead, err error) {
	line, err = r.ReadString('\n')
	rest, ours := strings.CutPrefix(line, segmentTitle)
	if !ours {
		rest, ours = strings.CutPrefix(line, firstTitle)
	}
	if err == nil && !ours {
		err = errors.New("no file of the archive")
	}
	if err == nil {
		err = json.Unmarshal([]byte(rest), &h)
	}
	return line, h, err
}

func (a *Archive) unseal(r io.Reader, w io.Writer, line string, h segmentHead) error {
	first := strings.HasPrefix(line, firstTitle)
	open := a.keys.OpenOutside
	if first {
		open = func(r io.Reader) (io.Reader, error) { return a.keys.OpenStream(r, placeOf(line)) }
	}
	opened, err := open(r)
	if err != nil {
		return err
	}
	packed, err := gzip.NewReader(opened)
	if err != nil {
		return err
	}
	if mac, err := hex.DecodeString(packed.Comment); !first && (err != nil || a.keys.VerifyMAC(linePurpose, []byte(line), mac) != nil) {
		return seal.ErrDamaged
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), packed) // #nosec G110 -- sealed by this house
	if err == nil {
		// The end of the stream carries its own mark: a cut file has none.
		_, err = io.Copy(io.Discard, opened)
	}
	if err == nil && (n != h.Size || hex.EncodeToString(sum.Sum(nil)) != h.SHA256) {
		err = errors.New("not what was written")
	}
	return err
}

// openError tells a file that needs another keyring from a damaged one.
func (a *Archive) openError(err error, h segmentHead, file, name string) error {
	if errors.Is(err, seal.ErrUnknownKey) || errors.Is(err, seal.ErrDamaged) && h.Key != a.keys.Fingerprint() {
		return &errs.Error{Kind: errs.Precondition, Key: "error.backup.other_key", Cause: err,
			Args: errs.Args{"want": h.Key, "have": a.keys.Fingerprint()}, Remedy: []string{"remedy.backup.key"}}
	}
	return damaged(file, name, err)
}

func damaged(file, name string, cause error) error {
	return errs.Wrap(cause, errs.Invalid, "error.archive.damaged", errs.Args{"segment": name, "file": file})
}
