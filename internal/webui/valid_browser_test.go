//go:build uifull

package webui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// checkers is the folder "npm ci" fills: tools that nobody here wrote.
func checkers(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "web", "checks"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Fatalf("the checkers are not here, run npm ci --ignore-scripts in web/checks: %v", err)
	}
	return dir
}

// written puts every sample in both languages into a folder, a file each, and
// says which sample a file is.
func written(t *testing.T) (string, map[string]string) {
	t.Helper()
	e, dir, names := testEngine(t), t.TempDir(), map[string]string{}
	for _, s := range chosenPages(t) {
		for _, lang := range i18n.Langs() {
			w := httptest.NewRecorder()
			if err := e.Render(w, nil, http.StatusOK, s.Name, s.Make(testBase(e, lang))); err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			file := fmt.Sprintf("%04d-%s.html", s.no, lang)
			names[file] = fmt.Sprintf("%s-%s", s, lang)
			if err := os.WriteFile(filepath.Join(dir, file), w.Body.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir, names
}

// once names a fault with the first page that has it: the same template is
// drawn for many samples.
func once(t *testing.T, faults map[string][]string) {
	t.Helper()
	for fault, pages := range faults {
		t.Errorf("%s (%d pages, the first is %s)", fault, len(pages), pages[0])
	}
}

// TestEveryPageIsValid asks two checkers about each page: the W3C's (vnu) and
// html-validate.
func TestEveryPageIsValid(t *testing.T) {
	tools := checkers(t)
	dir, names := written(t)
	t.Logf("checked by vnu and html-validate: %d pages", len(names))
	t.Run("vnu", func(t *testing.T) {
		t.Parallel()
		java, err := exec.LookPath("java")
		if err != nil {
			t.Fatal("vnu needs Java. Run: sudo apt-get install -y --no-install-recommends default-jre-headless")
		}
		cmd := exec.Command(java, "-Xss1m", "-jar", filepath.Join(tools, "node_modules", "vnu-jar", "build", "dist", "vnu.jar"), "--errors-only", "--exit-zero-always", "--format", "json", "--skip-non-html", dir)
		var out bytes.Buffer
		cmd.Stderr = &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		var got struct {
			Messages []struct{ URL, Message, Extract string } `json:"messages"`
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		faults := map[string][]string{}
		for _, m := range got.Messages {
			faults[m.Message] = append(faults[m.Message], names[filepath.Base(m.URL)]+" at "+m.Extract)
		}
		once(t, faults)
	})
	t.Run("html-validate", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command(filepath.Join(tools, "node_modules", ".bin", "html-validate"), "--config", filepath.Join(tools, "htmlvalidate.json"), "--formatter", "json", dir)
		var wrong bytes.Buffer
		cmd.Stderr = &wrong
		file, err := os.Create(filepath.Join(t.TempDir(), "said.json")) // a pipe loses the end of a long answer
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		cmd.Stdout = file
		err = cmd.Run() // its exit code counts the faults
		raw, rerr := os.ReadFile(file.Name())
		if rerr != nil {
			t.Fatal(rerr)
		}
		var got []struct {
			FilePath string
			Messages []struct {
				RuleID, Message string
				Line, Column    int
			}
		}
		if uerr := json.Unmarshal(raw, &got); uerr != nil {
			t.Fatalf("%v %v\n%s", err, uerr, wrong.String())
		}
		faults := map[string][]string{}
		for _, f := range got {
			for _, m := range f.Messages {
				key := m.RuleID + ": " + m.Message
				faults[key] = append(faults[key], fmt.Sprintf("%s at %d:%d", names[filepath.Base(f.FilePath)], m.Line, m.Column))
			}
		}
		once(t, faults)
	})
}
