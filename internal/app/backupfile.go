package app

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// A backup is one file: a line that names it and the keyring it needs, then, in the
// age format, a tar archive of
//
//	database/000001 …   the parts of pg_dump's custom format, in order; of a base
//	                    backup those of pg_basebackup's tar, compressed
//	blobs/…             the attachments, as they lie on the disk; of a base backup
//	                    none, because the archive has them beside it
//	manifest.json       what is in it, with a SHA-256 of each member
//	manifest.mac        last: the keyring's MAC of the manifest
//
// Nothing of it can be read without the keyring, nothing can be changed or cut
// off unseen, and no plain text touches the disk while it is made. Without this
// program it is opened with the identity that stands below the paper key:
//
//	tail -n +2 FILE | age --decrypt --identity KEY.txt | tar --extract
//
// after which the parts of the database, one after the other, are what pg_restore
// reads. age says that nothing was changed; that it is the house's own, the MAC
// says. Backups of the first edition, in the house's own stream, are read as ever.
const (
	backupTitle  = "SHANHAI-BACKUP 2 "
	firstTitle   = "SHANHAI-BACKUP 1 "
	databaseName = "database/"
	blobsName    = "blobs/"
	manifestName = "manifest.json"
	macName      = "manifest.mac"
	macPurpose   = "backup/manifest"
	// dumpPart is how much of the dump is held in memory: the archive wants the
	// size of a member before its content.
	dumpPart = 4 << 20
)

// BackupHead is the open line of a backup.
type BackupHead struct {
	ID      ident.ID  `json:"id"`
	Kind    string    `json:"kind"` // daily, manual, migration, base
	MadeAt  time.Time `json:"made_at"`
	Key     string    `json:"key"` // fingerprint of the keyring
	Version string    `json:"version"`
	Level   int64     `json:"level"`

	first bool // of the first edition
}

// Manifest is what a backup holds.
type Manifest struct {
	BackupHead
	Contents store.Contents `json:"contents"`
	Blobs    int            `json:"blobs"`
	Base     *BaseState     `json:"base,omitempty"` // of a base backup only
	Members  []Member       `json:"members"`
}

// BaseState is what a base backup says instead of counts: it is a copy of files
// that change meanwhile, and consistent only with the log at its end.
type BaseState struct {
	System string    `json:"system"` // identifier of the cluster
	Ended  time.Time `json:"ended"`  // the earliest moment it leads to
}

// Member is one entry of the archive.
type Member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (h BackupHead) place() seal.Place {
	return seal.Place{Table: "backup", Column: "file", Row: h.ID}
}

// backupWriter writes the archive.
type backupWriter struct {
	manifest Manifest
	keys     *seal.Keyring
	sealed   io.WriteCloser
	tar      *tar.Writer
	parts    int
}

func newBackupWriter(w io.Writer, keys *seal.Keyring, head BackupHead) (*backupWriter, error) {
	line, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", backupTitle, line); err != nil {
		return nil, err
	}
	sealed, err := keys.SealOutside(w)
	if err != nil {
		return nil, err
	}
	return &backupWriter{manifest: Manifest{BackupHead: head}, keys: keys, sealed: sealed, tar: tar.NewWriter(sealed)}, nil
}

// add writes one member and notes its digest.
func (b *backupWriter) add(name string, size int64, r io.Reader) error {
	err := b.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: b.manifest.MadeAt, Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(b.tar, sum), r, size); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.manifest.Members = append(b.manifest.Members, Member{name, size, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// writePart adds one part of the dump.
func (b *backupWriter) writePart(part []byte) error {
	b.parts++
	return b.add(fmt.Sprintf("%s%06d", databaseName, b.parts), int64(len(part)), bytes.NewReader(part))
}

// dump is a writer that cuts what pg_dump says into parts.
func (b *backupWriter) dump() *dumpWriter { return &dumpWriter{b: b} }

type dumpWriter struct {
	b   *backupWriter
	buf []byte
}

// Write keeps bytes until a part is full.
func (d *dumpWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		took := min(dumpPart-len(d.buf), len(p))
		d.buf, p = append(d.buf, p[:took]...), p[took:]
		if len(d.buf) == dumpPart {
			if err := d.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (d *dumpWriter) flush() error {
	if len(d.buf) == 0 {
		return nil
	}
	err := d.b.writePart(d.buf)
	d.buf = d.buf[:0]
	return err
}

// finish writes the manifest with its MAC and ends the stream.
func (b *backupWriter) finish() error {
	raw, err := json.Marshal(b.manifest)
	if err != nil {
		return err
	}
	mac, err := b.keys.MAC(macPurpose, raw)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		name    string
		content []byte
	}{{manifestName, raw}, {macName, mac}} {
		if err := b.add(m.name, int64(len(m.content)), bytes.NewReader(m.content)); err != nil {
			return err
		}
	}
	if err := b.tar.Close(); err != nil {
		return err
	}
	return b.sealed.Close()
}

// readHead reads the open line of a backup.
func readHead(r *bufio.Reader, file string) (h BackupHead, err error) {
	line, err := r.ReadString('\n')
	rest, ours := strings.CutPrefix(line, backupTitle)
	if !ours {
		rest, ours = strings.CutPrefix(line, firstTitle)
		h.first = ours
	}
	if err != nil || !ours || json.Unmarshal([]byte(rest), &h) != nil {
		return h, errs.New(errs.Invalid, "error.backup.not_one", errs.Args{"file": file})
	}
	return h, nil
}

// ReadBackupHead reads the open line of a backup file.
func ReadBackupHead(file string) (BackupHead, error) {
	f, err := openBackup(file)
	if err != nil {
		return BackupHead{}, err
	}
	defer f.Close()
	return readHead(bufio.NewReaderSize(f, 4096), file)
}

func openBackup(file string) (*os.File, error) {
	f, err := os.Open(file) // #nosec G304 -- the file the operator named
	return f, errs.Wrap(err, errs.Invalid, "error.backup.unreadable", errs.Args{"file": file})
}

// readBackup goes through a backup once, hands every member to take and returns
// the manifest, when everything in the file is what the manifest says. A member
// take does not read is digested all the same.
func readBackup(file string, keys *seal.Keyring, take func(name string, r io.Reader) error) (Manifest, error) {
	f, err := openBackup(file)
	if err != nil {
		return Manifest{}, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	head, err := readHead(r, file)
	if err != nil {
		return Manifest{}, err
	}
	plain, err := openBackupStream(r, keys, head)
	if err != nil {
		return Manifest{}, openError(err, head, keys, file)
	}
	members := tar.NewReader(plain)
	m, raw, err := readMembers(members, take)
	if err == nil && !head.first {
		err = ownManifest(members, keys, raw)
	}
	if err == nil {
		// The end of the stream carries its own mark: a cut file has none.
		_, err = io.Copy(io.Discard, plain)
	}
	if err != nil {
		return m, openError(err, head, keys, file)
	}
	if line := m.BackupHead; head.first && line.ID != head.ID || !head.first && line != head {
		return m, damaged(file, errors.New("manifest of another backup"))
	}
	return m, nil
}

func openBackupStream(r io.Reader, keys *seal.Keyring, head BackupHead) (io.Reader, error) {
	if head.first {
		return keys.OpenStream(r, head.place())
	}
	return keys.OpenOutside(r)
}

// ownManifest reads the member after the manifest and asks whether the keyring
// wrote it.
func ownManifest(t *tar.Reader, keys *seal.Keyring, raw []byte) error {
	h, err := t.Next()
	if err != nil || h.Name != macName || h.Size != seal.MACSize {
		return errors.Join(errors.New("the manifest has no MAC"), err)
	}
	mac, err := io.ReadAll(t)
	if err != nil {
		return err
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the manifest")
	}
	return keys.VerifyMAC(macPurpose, raw, mac)
}

// maxManifest bounds what is held in memory: a line for each attachment.
const maxManifest = 1 << 30

func damaged(file string, cause error) error {
	return errs.Wrap(cause, errs.Invalid, "error.backup.damaged", errs.Args{"file": file})
}

// openError tells a file that needs another keyring from a damaged one. Errors
// of the house come from take and stay what they are.
func openError(err error, head BackupHead, keys *seal.Keyring, file string) error {
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	if errors.Is(err, seal.ErrUnknownKey) || errors.Is(err, seal.ErrDamaged) && head.Key != keys.Fingerprint() {
		return &errs.Error{Kind: errs.Precondition, Key: "error.backup.other_key", Cause: err,
			Args: errs.Args{"want": head.Key, "have": keys.Fingerprint()}, Remedy: []string{"remedy.backup.key"}}
	}
	return damaged(file, err)
}

// readMembers reads up to the manifest, which it answers as it is written too.
func readMembers(t *tar.Reader, take func(string, io.Reader) error) (m Manifest, raw []byte, err error) {
	var seen []Member
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return m, nil, errors.New("members are missing")
		}
		if err != nil {
			return m, nil, err
		}
		if !safeName(h.Name) {
			return m, nil, fmt.Errorf("%q is out of place", h.Name)
		}
		if h.Name == manifestName {
			if raw, err = io.ReadAll(io.LimitReader(t, maxManifest)); err == nil {
				err = json.Unmarshal(raw, &m)
			}
			if err == nil {
				err = compareMembers(m, seen)
			}
			return m, raw, err
		}
		sum := sha256.New()
		r := io.TeeReader(t, sum)
		if err := take(h.Name, r); err != nil {
			return m, nil, err
		}
		if _, err := io.Copy(io.Discard, r); err != nil { // the digest covers what take left as well
			return m, nil, err
		}
		seen = append(seen, Member{h.Name, h.Size, hex.EncodeToString(sum.Sum(nil))})
	}
}

// safeName keeps members inside the folder they are unpacked in.
func safeName(name string) bool {
	inside := strings.HasPrefix(name, databaseName) || strings.HasPrefix(name, blobsName) || name == manifestName
	return inside && path.Clean(name) == name && !strings.Contains(name, "..") && !strings.ContainsRune(name, '\\')
}

// compareMembers holds what was read against the manifest; the manifest itself
// cannot hold its own digest.
func compareMembers(m Manifest, seen []Member) error {
	if len(seen) != len(m.Members) {
		return errors.New("members are missing")
	}
	for i, want := range m.Members {
		if seen[i] != want {
			return fmt.Errorf("%s is not what was written", want.Name)
		}
	}
	return nil
}
