package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

var pinned = clock.NewFixed(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))

func created(t *testing.T) (string, *Keyring) {
	t.Helper()
	dir := t.TempDir()
	k, err := Create(dir, pinned)
	if err != nil {
		t.Fatal(err)
	}
	return dir, k
}

func TestFirstStartMakesAPrivateKeyringThatIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if Exists(dir) {
		t.Fatal("exists before")
	}
	first, made, err := LoadOrCreate(dir, pinned)
	if err != nil || !made || !Exists(dir) {
		t.Fatal(made, err)
	}
	again, made, err := LoadOrCreate(dir, pinned)
	if err != nil || made || again.Fingerprint() != first.Fingerprint() {
		t.Fatal(made, err)
	}
	for path, want := range map[string]os.FileMode{Path(dir): 0o600, filepath.Dir(Path(dir)): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(Path(dir) + ".*"); len(left) > 0 {
		t.Errorf("temporary files left: %v", left)
	}
}

func TestTwoFirstStartsAtOnceAgreeOnOneKey(t *testing.T) {
	dir := t.TempDir()
	prints := make([]string, 8)
	var wg sync.WaitGroup
	for i := range prints {
		wg.Go(func() {
			k, _, err := LoadOrCreate(dir, pinned)
			if err != nil {
				t.Error(err)
				return
			}
			prints[i] = k.Fingerprint()
		})
	}
	wg.Wait()
	for _, p := range prints {
		if p != prints[0] || p == "" {
			t.Fatalf("different keys: %v", prints)
		}
	}
}

func TestABadKeyringFileIsRefusedWithItsReason(t *testing.T) {
	dir, k := created(t)
	good, err := os.ReadFile(Path(dir))
	if err != nil {
		t.Fatal(err)
	}
	secretText := base64.StdEncoding.EncodeToString(func() []byte { s := k.keys[1]; return s.bytes[:] }())
	for name, raw := range map[string]string{
		"not json":       "\x00" + string(good),
		"cut":            string(good[:len(good)/2]),
		"short secret":   strings.Replace(string(good), secretText, "QUJD", 1),
		"format":         strings.Replace(string(good), `"format": 1`, `"format": 9`, 1),
		"active key":     strings.Replace(string(good), `"active": 1`, `"active": 7`, 1),
		"digest key":     strings.Replace(string(good), `"digests": 1`, `"digests": 7`, 1),
		"key zero":       strings.Replace(string(good), `"id": 1`, `"id": 0`, 1),
		"wrong type":     strings.Replace(string(good), `"active": 1`, `"active": "`+secretText+`"`, 1),
		"empty":          "",
		"no keys at all": `{"format":1,"active":1,"digests":1}`,
	} {
		if err := os.WriteFile(Path(dir), []byte(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(dir)
		if !errs.Is(err, errs.Invalid) || errs.Of(err).Key != "error.key.damaged" {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), secretText) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	if _, err := Load(t.TempDir()); !errs.Is(err, errs.NotFound) {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(Path(dir), good, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(Path(dir), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errs.Is(err, errs.Precondition) {
		t.Errorf("readable by others: %v", err)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(blocked, pinned); !errs.Is(err, errs.Unavailable) {
		t.Errorf("data directory is a file: %v", err)
	}
}

func TestRotationKeepsOldValuesAndDigests(t *testing.T) {
	dir, old := created(t)
	sealed, _ := old.SealString("13900000000", spot)
	digest, _ := old.Digest(PurposePhone, "13900000000")
	if _, err := old.Confirm(dir, old.Fingerprint(), ""); err != nil {
		t.Fatal(err)
	}
	now, err := Rotate(dir, pinned)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := now.OpenString(sealed, spot); got != "13900000000" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if d, _ := now.Digest(PurposePhone, "13900000000"); !bytes.Equal(d, digest) {
		t.Error("digests changed")
	}
	if now.Fingerprint() == old.Fingerprint() || now.Current(sealed) {
		t.Error("nothing was rotated")
	}
	if now.Confirmed(dir) {
		t.Error("the old paper copy counts for the new ring")
	}
	if _, err := Rotate(t.TempDir(), pinned); !errs.Is(err, errs.NotFound) {
		t.Errorf("nothing to rotate: %v", err)
	}
}

func TestNoKeyIsEverPrinted(t *testing.T) {
	_, k := created(t)
	s := k.keys[1]
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "keyring", k)
	text := log.String()
	asJSON, err := json.Marshal(map[string]any{"k": k})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		text += fmt.Sprintf(verb, k)
	}
	text = strings.ToLower(text + string(asJSON))
	for _, leak := range []string{hex.EncodeToString(s.bytes[:4]), strings.ToLower(base64.StdEncoding.EncodeToString(s.bytes[:6])), fmt.Sprintf("%d, %d, %d", s.bytes[0], s.bytes[1], s.bytes[2])} {
		if strings.Contains(text, leak) {
			t.Errorf("a key is shown: %s", text)
		}
	}
	if !strings.Contains(text, strings.ToLower(k.Fingerprint())) {
		t.Errorf("the fingerprint is not shown: %s", text)
	}
}

func TestPaperCopyRestoresTheRing(t *testing.T) {
	dir, _ := created(t)
	k, err := Rotate(dir, pinned)
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := k.SealString("13900000000", spot)
	typed := "打印于某日\n" + k.Paper() + "请妥善保管\n"
	back, err := ParsePaper(typed)
	if err != nil {
		t.Fatal(err)
	}
	fresh := t.TempDir()
	if err := back.Save(fresh); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.OpenString(sealed, spot); got != "13900000000" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := back.Save(fresh); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second save replaced a keyring: %v", err)
	}
}

func TestHandwritingMistakesAreUnderstood(t *testing.T) {
	k := fixedRing(1)
	lines := strings.Split(k.Paper(), "\n")
	for i := 1; i < len(lines)-1; i++ {
		place, code, _ := strings.Cut(lines[i], "  ")
		code = strings.NewReplacer("0", "O", "1", "l", "V", "u", "-", " ").Replace(code)
		lines[i] = "  " + place + " " + code + " "
	}
	if back, err := ParsePaper(strings.Join(lines, "\r\n")); err != nil || back.Fingerprint() != k.Fingerprint() {
		t.Errorf("%v", err)
	}
}

func TestEverySingleWrongCharacterOnPaperIsFound(t *testing.T) {
	k := fixedRing(1)
	paper := k.Paper()
	start := strings.Index(paper, "\n") + 1
	missed := 0
	for i := start; i < len(paper); i++ {
		c := paper[i]
		if c == '\n' || c == ' ' || c == '-' || c == '.' {
			continue
		}
		wrong := byte('Z')
		if c == wrong {
			wrong = 'Y'
		}
		bad := paper[:i] + string(wrong) + paper[i+1:]
		if _, err := ParsePaper(bad); err == nil {
			missed++
		} else if !errs.Is(err, errs.Invalid) {
			t.Fatalf("at %d: %v", i, err)
		}
	}
	if missed > 0 {
		t.Errorf("%d wrong characters were not noticed", missed)
	}
}

func TestAnIncompletePaperIsRefused(t *testing.T) {
	paper := fixedRing(2).Paper()
	lines := strings.SplitAfter(paper, "\n")
	for name, c := range map[string]struct{ text, key string }{
		"nothing":         {"", "error.key.paper_title"},
		"no title":        {strings.Join(lines[1:], ""), "error.key.paper_title"},
		"a line missing":  {strings.Join(append(append([]string{}, lines[:3]...), lines[4:]...), ""), "error.key.paper_incomplete"},
		"a key missing":   {strings.Join(lines[:1+paperLines], ""), "error.key.paper_fingerprint"},
		"lines exchanged": {strings.Replace(strings.Replace(strings.Replace(paper, "1.1 ", "x", 1), "1.2 ", "1.1 ", 1), "x", "1.2 ", 1), "error.key.paper_line"},
	} {
		if _, err := ParsePaper(c.text); errs.Of(err).Key != c.key {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPaperCopyCountsOnlyWhenItsFingerprintWasTyped(t *testing.T) {
	dir, k := created(t)
	if k.Confirmed(dir) {
		t.Fatal("confirmed before")
	}
	if _, err := k.Confirm(dir, "0000-0000-0000-0000", ""); !errs.Is(err, errs.Invalid) || k.Confirmed(dir) {
		t.Errorf("a wrong fingerprint: %v", err)
	}
	if _, err := k.Confirm(dir, " "+strings.ToLower(strings.ReplaceAll(k.Fingerprint(), "-", " "))+" ", ""); err != nil || !k.Confirmed(dir) {
		t.Errorf("the right one: %v", err)
	}
}

func FuzzParsePaper(f *testing.F) {
	good := fixedRing(2).Paper()
	f.Add(good)
	f.Add(good[:60])
	f.Add(fixedRing(2).Half(2) + fixedRing(2).Half(1))
	f.Add("SHANHAI-KEYRING 1 99999 1 0000-0000-0000-0000\n99999.9 AAAA-AAAA-AA")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParsePaper(text)
		if err == nil && !strings.Contains(strings.ToUpper(text), k.Fingerprint()) {
			t.Fatal("a ring was read that the paper does not name")
		}
	})
}

// An earlier ring stays whole when the next one cannot be written, and no half of
// it is left: on a full disk (here, a limit on the size of files) and where the
// folder takes no new file (here, a path as long as the system allows).
func TestARotationThatCannotBeWrittenChangesNothing(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T) (dir string, undo func()){
		"a full disk": func(t *testing.T) (string, func()) {
			dir, _ := created(t)
			return dir, limitFiles(t, 16)
		},
		"no new file": func(t *testing.T) (string, func()) { return longest(t), func() {} },
	} {
		t.Run(name, func(t *testing.T) {
			dir, undo := prepare(t)
			defer undo()
			before, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Rotate(dir, pinned)
			undo()
			if !errs.Is(err, errs.Unavailable) || errs.Of(err).Key != "error.key.unwritable" {
				t.Errorf("%v", err)
			}
			after, err := Load(dir)
			if err != nil || after.Fingerprint() != before.Fingerprint() {
				t.Errorf("the ring is another one: %v", err)
			}
			if names, err := os.ReadDir(filepath.Dir(Path(dir))); err != nil || len(names) != 1 {
				t.Errorf("left in the folder: %v, %v", names, err)
			}
		})
	}
}

// limitFiles lets no file of this process grow beyond some bytes until undone.
func limitFiles(t *testing.T, most uint64) (undo func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	set := func(cur uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: cur, Max: was.Max}); err != nil {
			t.Fatal(err)
		}
	}
	set(most)
	return func() { set(was.Cur) }
}

// longest is a data directory with a keyring beside which no longer name fits.
func longest(t *testing.T) string {
	t.Helper()
	const most, name = 4095, 200 // PATH_MAX without the zero at the end; a name has at most 255
	dir := t.TempDir()
	for len(Path(dir))+2*name < most {
		dir = filepath.Join(dir, strings.Repeat("d", name))
	}
	for room := most - len(Path(dir)); room > 1; room = most - len(Path(dir)) {
		dir = filepath.Join(dir, strings.Repeat("d", min(room-1, name)))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	elsewhere, _ := created(t)
	raw, err := os.ReadFile(Path(elsewhere))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, keyFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(Path(dir), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A keyring that is there and cannot be read is not a missing one: nobody may
// come to think of making a new key.
func TestAKeyringThatCannotBeReadIsNotMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.MkdirAll(Path(folder), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"the data directory is a file": file, "the keyring is a folder": folder} {
		if _, err := Load(dir); !errs.Is(err, errs.Unavailable) || errs.Of(err).Key != "error.key.unreadable" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A clock that stands in a year that cannot be written makes no keyring.
func TestAKeyThatCannotBeWrittenDownIsNotMade(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(dir, clock.NewFixed(time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC))); !errs.Is(err, errs.Unavailable) || Exists(dir) {
		t.Errorf("%v, there is a keyring: %v", err, Exists(dir))
	}
}
