package cli_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/cli"
	"github.com/shanhai-health/shanhai/internal/clock"
)

// write makes a file with its folders.
func write(t testing.TB, path string, raw []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func names(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

// figures is what two copies of a site must share.
const figures = `select (select count(*) from account), (select string_agg(username, ',' order by username) from account),
	(select count(*) from audit_event where action = 'account.create'), (select count(*) from partnership)`

func TestRestoreWantsAFileOrAMoment(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	refused(t, "--until", "restore", "--data-dir", dir)
	refused(t, "--until", "restore", "x.backup", "--until", "latest", "--data-dir", dir)
	refused(t, "--archive-dir", "restore", "--until", "latest", "--data-dir", dir)
	if _, err := os.Stat(dir); err == nil {
		t.Error("a refused restore made a folder")
	}
}

func TestBackupComesBackWholeOnAnotherDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, name := range []string{"anna", "bert", "carl"} {
		must(t, s.args("user", "create", name, "--display-name", "王某某")...)
	}
	blob := bytes.Repeat([]byte("sealed "), 700_000) // more than a part of the dump
	write(t, filepath.Join(s.dir, "blobs", "ab", "abcd"), blob)
	write(t, filepath.Join(s.dir, "blobs", "ab", "new-123"), []byte("half"))
	pooled(t, s)
	packs := t.TempDir()
	here, again := filepath.Join(packs, "here.zip"), filepath.Join(packs, "there.zip")
	must(t, s.args("audit", "package", "--fund", "ZL-1", "--from", "2026-01-01", "--to", "2026-12-31", "--out", here)...)

	elsewhere := filepath.Join(t.TempDir(), "disk two")
	made := must(t, s.args("backup", "--to", elsewhere)...)
	file := strings.TrimSuffix(made.out, "\n")
	if filepath.Dir(file) != elsewhere || names(t, elsewhere) != filepath.Base(file) {
		t.Errorf("stdout is not the one file: %q in %s", made.out, names(t, elsewhere))
	}
	if !strings.Contains(made.err, "key export --paper") {
		t.Error("no warning that the key is not on paper")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if raw := read(t, file); bytes.Contains(raw, []byte("anna")) || bytes.Contains(raw, []byte("王某某")) {
		t.Error("names stand in the backup in clear")
	}

	before := names(t, s.dir)
	refused(t, "--data-dir", s.args("restore", file)...)
	must(t, s.args("restore", file, "--verify")...)
	if after := names(t, s.dir); after != before {
		t.Errorf("a drill left something: %s, was %s", after, before)
	}

	paper := must(t, s.args("key", "export", "--paper")...).out
	refused(t, "--paper", s.args("key", "export")...)
	there := filepath.Join(t.TempDir(), "new")
	refused(t, "--paper", "restore", file, "--data-dir", there)
	if _, err := os.Stat(there); err == nil {
		t.Error("a refused restore made a folder")
	}
	if r := run(t, paper, "restore", file, "--data-dir", there, "--paper", "-", "--log-level", "error"); r.code != 0 || !strings.Contains(r.err, "1 份附件") {
		t.Fatalf("%+v", r)
	}
	if got := read(t, filepath.Join(there, "blobs", "ab", "abcd")); !bytes.Equal(got, blob) {
		t.Error("the attachment is not what it was")
	}
	if strings.Contains(names(t, there), "unfinished") || names(t, filepath.Join(there, "blobs", "ab")) != "abcd" {
		t.Errorf("%s", names(t, there))
	}
	shell := func(dir string) string {
		return must(t, "db", "shell", "--data-dir", dir, "--log-level", "error", "--", "-Atc", figures).out
	}
	if a, b := shell(s.dir), shell(there); a != b || !strings.HasPrefix(a, "3|anna,bert,carl|3|1") {
		t.Errorf("here %q, there %q", a, b)
	}
	recorded := must(t, "db", "shell", "--data-dir", there, "--log-level", "error", "--", "-Atc",
		"select (select count(*) from audit_event where action = 'backup.restore'), rolname from pg_class c join pg_roles r on r.oid = c.relowner where relname = 'person'").out
	if recorded != "1|shanhai_owner\n" {
		t.Errorf("restore recorded and owner kept: %q", recorded)
	}
	must(t, "audit", "package", "--cut", here, "--out", again, "--data-dir", there, "--log-level", "error")
	if !bytes.Equal(read(t, here), read(t, again)) {
		t.Error("the audit package made on the other machine has other bytes")
	}
	must(t, "user", "create", "dora", "--data-dir", there, "--log-level", "error") // the restored keys and rights work
}

func TestBackupThatIsNotWholeIsRefusedAndNothingStays(t *testing.T) {
	t.Parallel()
	s, _ := fastSite(t)
	file := strings.TrimSpace(must(t, s.args("backup")...).out)
	raw := read(t, file)
	line := bytes.IndexByte(raw, '\n') + 1
	flipped := bytes.Clone(raw)
	flipped[len(raw)-1000] ^= 1
	stranger, _ := fastSite(t)
	for what, c := range map[string]struct {
		raw  []byte
		dir  string
		part string
	}{
		"flipped bit":   {flipped, s.dir, "不完整"},
		"cut":           {raw[:len(raw)-20], s.dir, "不完整"},
		"only its line": {raw[:line], s.dir, "不完整"},
		"other id":      {bytes.Replace(raw, raw[25:33], []byte("01234567"), 1), s.dir, "不"},
		"not a backup":  {[]byte("PK\x03\x04 something"), s.dir, "不是本系统"},
		"other keyring": {raw, stranger.dir, s.app.Keys.Fingerprint()},
	} {
		path := filepath.Join(t.TempDir(), "x.backup")
		write(t, path, c.raw)
		before := names(t, c.dir)
		r := refused(t, c.part, "restore", path, "--verify", "--data-dir", c.dir, "--log-level", "error")
		if after := names(t, c.dir); after != before {
			t.Errorf("%s: left %s, was %s (%s)", what, after, before, r.err)
		}
	}
	refused(t, "nowhere.backup", s.args("restore", filepath.Join(t.TempDir(), "nowhere.backup"), "--verify")...)
}

func TestLostKeysAreNeverReplacedByNewOnes(t *testing.T) {
	t.Parallel()
	s, _ := fastSite(t)
	must(t, s.args("user", "create", "one")...)
	paper := must(t, s.args("key", "export", "--paper")...).out
	halves := halfSheets(t, s)
	keys := filepath.Join(s.dir, "keys")
	if err := os.RemoveAll(keys); err != nil {
		t.Fatal(err)
	}
	refused(t, "key import", s.args("user", "list")...)
	if _, err := os.Stat(keys); err == nil {
		t.Fatal("a new keyring was made over sealed data")
	}
	wrong := strings.Replace(paper, "1.3  ", "1.3  A", 1)
	if r := run(t, wrong, s.args("key", "import", "-")...); r.code != 1 {
		t.Errorf("a typing mistake was taken: %+v", r)
	}
	file := filepath.Join(t.TempDir(), "paper.txt")
	write(t, file, []byte(strings.ToLower(paper)))
	refused(t, "缺第 1 半", s.args("key", "import", halves[1])...)
	must(t, s.args("key", "import", halves[1], halves[0])...)
	refused(t, "", s.args("key", "import", file)...) // never over an existing one
	must(t, s.args("user", "list")...)
	if err := os.RemoveAll(keys); err != nil {
		t.Fatal(err)
	}
	must(t, s.args("key", "import", file)...)
	must(t, s.args("user", "list")...)
	refused(t, "XXXX", s.args("key", "confirm", "XXXX-XXXX")...)
	must(t, s.args("key", "confirm", s.app.Keys.Fingerprint())...)
	if r := must(t, s.args("backup")...); strings.Contains(r.err, "--paper") {
		t.Error("still warns after the paper copy was confirmed")
	}
	write(t, filepath.Join(s.dir, "restore-unfinished"), nil)
	refused(t, s.dir, s.args("user", "list")...)
}

// halfSheets prints the two halves into files and has their holders confirm them.
func halfSheets(t *testing.T, s site) [2]string {
	t.Helper()
	var files [2]string
	doctor := func(want string) {
		t.Helper()
		if line := doctorLine(run(t, "", s.args("doctor", "--language", "en")...).out, "keys"); !strings.Contains(line, want) {
			t.Errorf("doctor says %q of the keys, want %q", line, want)
		}
	}
	refused(t, "--half 1", s.args("key", "export", "--half", "3")...)
	for i, holder := range []string{"医院院办", "帮扶办"} {
		text := must(t, s.args("key", "export", "--half", strconv.Itoa(i+1))...).out
		files[i] = filepath.Join(t.TempDir(), "half.txt")
		write(t, files[i], []byte(text))
		title, _, _ := strings.Cut(text, "\n")
		mark := title[strings.LastIndex(title, " ")+1:]
		refused(t, "--holder", s.args("key", "confirm", mark)...)
		if i == 1 {
			doctor("half 1 is kept by 医院院办, half 2 was not confirmed")
			refused(t, "医院院办", s.args("key", "confirm", mark, "--holder", "医院院办")...)
		}
		must(t, s.args("key", "confirm", mark, "--holder", holder)...)
	}
	doctor("kept in two halves by 医院院办 and 帮扶办")
	return files
}

// lines hands on what a command says, line by line.
type lines struct{ c chan string }

func (l lines) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		select {
		case l.c <- line:
		default: // nobody listens any more
		}
	}
	return len(p), nil
}

func TestServeOverTLSWithCertificatesOfTheHouse(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir, tlsDir := filepath.Join(base, "data"), filepath.Join(base, "tls")
	refused(t, "cert init", "cert", "init", "--dir", tlsDir)
	refused(t, "bad name", "cert", "init", "bad name", "--dir", tlsDir)
	options := strings.Fields(must(t, "cert", "init", "localhost", "127.0.0.1", "--dir", tlsDir).out)
	ca := read(t, filepath.Join(tlsDir, "ca.pem"))
	must(t, "cert", "init", "localhost", "127.0.0.1", "--dir", tlsDir)
	if !bytes.Equal(ca, read(t, filepath.Join(tlsDir, "ca.pem"))) {
		t.Error("renewing made another authority")
	}
	if info, err := os.Stat(filepath.Join(tlsDir, "server.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, ended := lines{make(chan string, 100)}, make(chan int, 1)
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--data-dir", dir, "--log-level", "error"}, options...)
	go func() {
		ended <- cli.Run(ctx, cli.Process{Args: args, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: out})
	}()
	url := waitFor(t, out, ended, `https://localhost:\d+`)
	code := waitFor(t, out, ended, `/first-run.*[A-Z0-9]{4,}`)
	if !strings.Contains(code, "-") {
		t.Errorf("no setup code on a fresh installation: %q", code)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	for _, path := range []string{"/healthz", "/readyz"} {
		res, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	client.CloseIdleConnections()
	must(t, "user", "list", "--data-dir", dir, "--log-level", "error") // joins the running database

	began := clock.System{}.Now()
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("a graceful stop gave %d", code)
	}
	if took := clock.Since(clock.System{}, began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if strings.Contains(names(t, dir), "pg-run.json") {
		t.Error("the database was not stopped cleanly")
	}
}

// waitFor reads lines until one matches, or the command ends.
func waitFor(t testing.TB, out lines, ended chan int, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var all []string
	timeout := time.NewTimer(60 * time.Second)
	defer timeout.Stop()
	for {
		select {
		case line := <-out.c:
			if m := re.FindString(line); m != "" {
				return m
			}
			all = append(all, line)
		case code := <-ended:
			t.Fatalf("ended with %d: %v", code, all)
		case <-timeout.C:
			t.Fatalf("never said %s: %v", pattern, all)
		}
	}
}
