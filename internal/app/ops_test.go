package app

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// noon is 12:00 in Shanghai on 24 November 2026.
var noon = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

func TestDailyBackupFallsDueAtTwoInTheMorning(t *testing.T) {
	shanghai := func(day, hour int) time.Time {
		return time.Date(2026, 11, day, hour, 30, 0, 0, clock.Shanghai)
	}
	for _, c := range []struct {
		what string
		now  time.Time
		last time.Time
		due  bool
	}{
		{"there is none", noon, time.Time{}, true},
		{"made this morning", shanghai(24, 12), shanghai(24, 3), false},
		{"made last evening", shanghai(24, 12), shanghai(23, 22), true},
		{"made last evening, before two", shanghai(24, 1), shanghai(23, 22), false},
		{"made yesterday before two, now before two", shanghai(24, 1), shanghai(23, 1), true},
		{"just after midnight in Shanghai, the day before in UTC", shanghai(24, 0), shanghai(23, 3), false},
	} {
		var kept []Kept
		if !c.last.IsZero() {
			kept = []Kept{{MadeAt: c.last}}
		}
		if got := backupDue(c.now, kept); got != c.due {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestPruningKeepsTheNewestOfItsKindOnly(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"shanhai-20261120T180000Z-daily.backup", "shanhai-20261121T180000Z-daily.backup", "shanhai-20261122T180000Z-daily.backup",
		"shanhai-20250101T000000Z-manual.backup", "shanhai-20250101T000000Z-migration.backup", "shanhai-nonsense-daily.backup", "other.txt", ".making-1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := pruneBackups(dir, BackupDaily, 2); err != nil {
		t.Fatal(err)
	}
	kept, err := ListBackups(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range kept {
		got = append(got, k.MadeAt.Format("0102")+k.Kind)
	}
	if s := strings.Join(got, " "); s != "1122daily 1121daily 0101manual 0101migration" {
		t.Errorf("%s", s)
	}
	if names, _ := os.ReadDir(dir); len(names) != 7 {
		t.Errorf("files that are no backups were touched: %d left", len(names))
	}
	if none, err := ListBackups(filepath.Join(dir, "missing")); err != nil || none != nil {
		t.Errorf("%v %v", none, err)
	}
}

// Whoever changes the schema waits for the reader a backup began with, and pg_dump
// waits behind them: it must not be for ever.
func TestABackupGivesWayToAChangeOfTheSchema(t *testing.T) {
	test := pgtest.DB(t)
	db, err := sql.Open("postgres", test.OwnerDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	changed := make(chan error, 1)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // without the rule it would wait for ever
	defer stop()
	err = store.ReadContents(ctx, test.OwnerDSN, func(snapshot string, _ store.Contents) error {
		go func() {
			tx, err := db.Begin()
			if err == nil {
				_, err = tx.Exec(`lock table person in access exclusive mode`)
				err = errors.Join(err, tx.Rollback())
			}
			changed <- err
		}()
		for waits := false; !waits; {
			if len(changed) > 0 {
				return errors.New("the change did not have to wait")
			}
			if err := db.QueryRow(`select exists (select from pg_locks where relation = 'person'::regclass and not granted)`).Scan(&waits); err != nil {
				return err
			}
		}
		return externalTools(test.OwnerDSN).dump(ctx, io.Discard, snapshot)
	})
	if !errs.Is(err, errs.Unavailable) || errs.Of(err).Key != "error.ops.tool_failed" {
		t.Errorf("the backup: %v", err)
	}
	if err := <-changed; err != nil {
		t.Errorf("the change: %v", err)
	}
}

func TestPasswordsLeaveTheAddressOfATool(t *testing.T) {
	for _, c := range [][3]string{
		{"postgres://app:s3%40cret@db:5432/x?sslmode=disable&binary_parameters=yes", "postgres://app@db:5432/x?sslmode=disable", "s3@cret"},
		{"postgres://app@db/x?password=abc&sslmode=disable", "postgres://app@db/x?sslmode=disable", "abc"},
		{"host=db user=app password=abc sslmode=disable binary_parameters=yes", "host=db user=app sslmode=disable", "abc"},
		{`host=db password='a b\'c' user=app`, "host=db user=app", "a b'c"},
		{"host=db user=app", "host=db user=app", ""},
	} {
		address, password := splitPassword(c[0])
		if address != c[1] || password != c[2] {
			t.Errorf("%s: %q %q", c[0], address, password)
		}
	}
}

func TestMembersStayInsideTheirFolder(t *testing.T) {
	for name, ok := range map[string]bool{"manifest.json": true, "blobs/ab/abcd": true, "database/000001": true,
		"blobs/../keys/keyring.json": false, "../x": false, "/etc/passwd": false, "keys/keyring.json": false, "blobs//x": false, `blobs/..\x`: false, "": false} {
		if safeName(name) != ok {
			t.Errorf("%q: %v", name, !ok)
		}
	}
}

// sealedFile writes a backup with the given dump and one attachment.
func sealedFile(t *testing.T, keys *seal.Keyring, dump []byte) string {
	t.Helper()
	var raw bytes.Buffer
	b, err := newBackupWriter(&raw, keys, BackupHead{ID: ident.New(), Kind: BackupManual, MadeAt: noon, Key: keys.Fingerprint(), Level: 6})
	if err != nil {
		t.Fatal(err)
	}
	out := b.dump()
	if _, err := out.Write(dump); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(out.flush(), b.add("blobs/ab/abcd", 5, strings.NewReader("hello")), b.finish()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.backup")
	if err := os.WriteFile(file, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func newKeys(t *testing.T) *seal.Keyring {
	t.Helper()
	k, err := seal.Create(t.TempDir(), clock.NewFixed(noon))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestBackupFileGivesBackExactlyWhatWentIn(t *testing.T) {
	keys := newKeys(t)
	for _, size := range []int{0, 1, dumpPart - 1, dumpPart, dumpPart + 1, 2*dumpPart + 17} {
		dump := bytes.Repeat([]byte{0xA5}, size)
		file := sealedFile(t, keys, dump)
		var back, blob []byte
		m, err := readBackup(file, keys, func(name string, r io.Reader) error {
			raw, err := io.ReadAll(r)
			if strings.HasPrefix(name, databaseName) {
				back = append(back, raw...)
			} else {
				blob = raw
			}
			return err
		})
		if err != nil || !bytes.Equal(back, dump) || string(blob) != "hello" {
			t.Fatalf("%d: %v, %d back, %q", size, err, len(back), blob)
		}
		if parts := (size + dumpPart - 1) / dumpPart; len(m.Members) != parts+1 || m.Level != 6 {
			t.Errorf("%d: %d members", size, len(m.Members))
		}
		if h, err := ReadBackupHead(file); err != nil || h.ID != m.ID || h.Key != keys.Fingerprint() {
			t.Errorf("%v %v", h, err)
		}
	}
}

func TestEveryChangedByteOfABackupIsNoticed(t *testing.T) {
	keys := newKeys(t)
	file := sealedFile(t, keys, []byte("dump"))
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sealed := bytes.IndexByte(raw, '\n') + 1
	for at := 0; at < len(raw); at += 37 { // the open line too
		bad := bytes.Clone(raw)
		bad[at] ^= 0x10
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readBackup(file, keys, func(string, io.Reader) error { return nil }); !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Precondition) {
			t.Fatalf("byte %d of %d: %v", at, len(raw), err)
		}
	}
	for cut := sealed; cut < len(raw); cut += 101 {
		if err := os.WriteFile(file, raw[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readBackup(file, keys, func(string, io.Reader) error { return nil }); err == nil {
			t.Fatalf("cut at %d of %d was taken", cut, len(raw))
		}
	}
}

// Backups of the first edition, in the house's own stream and without a MAC, are
// read as ever.
func TestABackupOfTheFirstEditionIsRead(t *testing.T) {
	keys := newKeys(t)
	var raw bytes.Buffer
	head := BackupHead{ID: ident.New(), Kind: BackupDaily, MadeAt: noon, Key: keys.Fingerprint(), Level: 6}
	line, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	raw.WriteString(firstTitle + string(line) + "\n")
	sealed, err := keys.SealStream(&raw, head.place())
	if err != nil {
		t.Fatal(err)
	}
	b := &backupWriter{manifest: Manifest{BackupHead: head}, keys: keys, sealed: sealed, tar: tar.NewWriter(sealed)}
	if err := b.writePart([]byte("dump")); err != nil {
		t.Fatal(err)
	}
	manifest, err := json.Marshal(b.manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.add(manifestName, int64(len(manifest)), bytes.NewReader(manifest)), b.tar.Close(), sealed.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "old.backup")
	if err := os.WriteFile(file, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := readBackup(file, keys, func(string, io.Reader) error { return nil }); err != nil || m.ID != head.ID || len(m.Members) != 1 {
		t.Errorf("%+v %v", m, err)
	}
}

// A file that opens is not yet the house's own: the manifest has to carry the MAC
// of the keyring.
func TestABackupThatSomebodyElseWroteIsRefused(t *testing.T) {
	keys := newKeys(t)
	var raw bytes.Buffer
	b, err := newBackupWriter(&raw, keys, BackupHead{ID: ident.New(), Kind: BackupManual, MadeAt: noon, Key: keys.Fingerprint(), Level: 6})
	if err != nil {
		t.Fatal(err)
	}
	b.keys = newKeys(t) // whoever had the public half only
	if err := errors.Join(b.writePart([]byte("dump")), b.finish()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.backup")
	if err := os.WriteFile(file, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readBackup(file, keys, func(string, io.Reader) error { return nil }); !errs.Is(err, errs.Invalid) {
		t.Errorf("%v", err)
	}
}

func TestAnErrorOfTheReaderIsNotCalledDamage(t *testing.T) {
	keys := newKeys(t)
	file := sealedFile(t, keys, []byte("dump"))
	full := errs.New(errs.Unavailable, "error.backup.unwritable", nil)
	if _, err := readBackup(file, keys, func(string, io.Reader) error { return full }); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	if _, err := readBackup(file, newKeys(t), func(string, io.Reader) error { return nil }); errs.Of(err).Key != "error.backup.other_key" {
		t.Errorf("%v", err)
	}
}

func TestNamesOfServersAreChecked(t *testing.T) {
	for _, name := range []string{"a b", "-x", "x..y", "云", "x/y", ""} {
		if _, err := MakeCertificates(t.TempDir(), []string{name}, clock.NewFixed(noon)); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	dir := t.TempDir()
	clk := clock.NewFixed(noon)
	first, err := MakeCertificates(dir, []string{"*.lan", "fd00::1"}, clk)
	if err != nil || first.Reused {
		t.Fatalf("%+v %v", first, err)
	}
	clk.Advance(24 * time.Hour)
	again, err := MakeCertificates(dir, []string{"x.lan"}, clk)
	if err != nil || !again.Reused || !again.Expires.After(first.Expires) {
		t.Errorf("%+v %v", again, err)
	}
	if err := os.Remove(first.AuthorityKey); err != nil {
		t.Fatal(err)
	}
	if _, err := MakeCertificates(dir, []string{"x.lan"}, clk); !errs.Is(err, errs.Precondition) {
		t.Errorf("an authority without its key: %v", err)
	}
}
