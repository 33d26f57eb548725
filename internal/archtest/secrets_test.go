package archtest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/scaletest"
)

func TestSecretsAreSeen(t *testing.T) {
	key := strings.Repeat("MHcCAQEE", 6)
	for text, want := range map[string]string{
		"-----BEGIN EC PRIVATE " + "KEY-----\n" + key: "a private key", "AGE-SECRET-" + "KEY-1" + strings.Repeat("Q9", 29): "an age key",
		"AKIA" + "ABCDEFGHIJ234567": "a token", "x := \"ghp" + "_" + strings.Repeat("aB3", 12) + "\"": "a token", `password` + ` = "kD83hfKw92mQ"`: "a password",
		`"api` + `_key": "Zx81kQpW0mNs"`: "a password", "postgres://app:" + "Zx81kQpW0m@db/x": "a password", "500101" + "198001010013": "an identity", "13" + "812345678": "a telephone",
		`password = "` + "Shanhai-demo-2026" + `"`: "", "500199195804070" + "021": "", "postgres://superuser:" + "password@host/": "", `token := "` + "not-a-secret-at-all" + `"`: "", "19900001234": "", "1.1" + "381234567890": "",
	} {
		found := Secrets("x", text)
		name := strings.TrimPrefix(strings.TrimPrefix(want, "a "), "an ")
		if want == "" && len(found) > 0 || want != "" && (len(found) != 1 || !strings.Contains(found[0].Text, name)) {
			t.Errorf("%q: %v, want %q", text, found, want)
		}
	}
}

// foreignText are files that are not ours to write: digits of drawings, sums of modules.
func foreignText(path string) bool {
	for _, part := range []string{"static/vendor/", "static/dist/", "package-lock.json", "go.sum", ".svg", "web/fonts/"} {
		if strings.Contains(path, part) {
			return true
		}
	}
	return false
}

// git runs git in the checkout; false where there is none.
func git(t *testing.T, args ...string) (*exec.Cmd, bool) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "safe.directory=*", "-C", "../.."}, args...)...)
	if _, err := exec.LookPath("git"); err != nil {
		return nil, false
	}
	_, err := os.Stat("../../.git")
	return cmd, err == nil
}

// tracked are the files of the checkout: those git knows, or all where it is none.
func tracked(t *testing.T) (out []string) {
	t.Helper()
	if cmd, ok := git(t, "ls-files", "-z"); ok {
		raw, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.Trim(string(raw), "\x00"), "\x00")
	}
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != "../.." && (name == ".git" || name == ".shanhai" || name == "bin" || name == "node_modules") {
			return filepath.SkipDir
		}
		if rel, err := filepath.Rel("../..", path); err == nil && d.Type().IsRegular() {
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// S-2: no file of the checkout has a secret or belongs to a person.
func TestNoFileHasASecret(t *testing.T) {
	files, bytes := 0, 0
	for _, path := range tracked(t) {
		raw, err := os.ReadFile(filepath.Join("../..", path))
		if os.IsNotExist(err) {
			continue // removed and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(raw) || foreignText(path) {
			continue
		}
		files, bytes = files+1, bytes+len(raw)
		for _, f := range Secrets(path, string(raw)) {
			t.Error(f)
		}
	}
	if files < 1000 {
		t.Errorf("only %d files", files)
	}
	t.Logf("%d files, %d bytes", files, bytes)
}

// S-2: no commit ever had one, nor its message.
func TestNoCommitHadASecret(t *testing.T) {
	cmd, ok := git(t, "log", "--all", "-p", "-U0", "--no-color", "--no-ext-diff", "--no-textconv")
	if !ok || !scaletest.Full() {
		t.Skip("the history is looked through by make secrets, in a checkout that has one")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	commit, path, lines, commits := "", "", 0, 0
	var text strings.Builder // of one file in one commit: a key has many lines
	look := func() {
		if !foreignText(path) && utf8.ValidString(text.String()) {
			for _, f := range Secrets(commit[:min(12, len(commit))]+" "+path, text.String()) {
				t.Error(f)
			}
		}
		text.Reset()
	}
	r := bufio.NewReaderSize(out, 1<<20)
	for err == nil {
		var line string
		switch line, err = r.ReadString('\n'); {
		case strings.HasPrefix(line, "commit "):
			look()
			commit, path, commits = strings.TrimSpace(line[7:]), "message", commits+1
		case strings.HasPrefix(line, "diff --git "):
			look()
			path = line
		case path == "message":
			text.WriteString(line)
		case strings.HasPrefix(line, "+"):
			lines++
			text.WriteString(line[1:])
		}
	}
	look()
	if err := cmd.Wait(); err != nil || commits < 10 {
		t.Errorf("%d commits: %v", commits, err)
	}
	t.Logf("%d commits, %d lines", commits, lines)
}
