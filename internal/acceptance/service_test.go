// Package acceptance takes the built binary through the journeys of the people
// it is for, in a real browser, on a PostgreSQL of its own. Nothing has to be
// set up: the tests build the binary themselves and fail with the command that
// installs what is missing.
package acceptance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// counted is where the binary writes which of its statements ran; empty: it does
// not count them. "make cover" sets it.
var counted = os.Getenv("SHANHAI_TEST_COVER")

// built is the binary, once for all journeys.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "shanhai-acceptance-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "shanhai")
	args := []string{"build", "-o", bin}
	if counted != "" {
		args = append(args, "-cover", "-coverpkg=github.com/shanhai-health/shanhai/internal/...,github.com/shanhai-health/shanhai/cmd/...")
	}
	out, err := exec.Command("go", append(args, "github.com/shanhai-health/shanhai/cmd/shanhai")...).CombinedOutput()
	if err != nil {
		return dir, &exec.Error{Name: "go build", Err: errText(out)}
	}
	return bin, nil
})

type errText []byte

func (e errText) Error() string { return string(e) }

func TestMain(m *testing.M) {
	code := m.Run()
	endBrowser()
	if bin, err := built(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// machine is one installation: a data directory and the binary.
type machine struct {
	t    *testing.T
	bin  string
	data string
	url  string
	env  []string // beside what every call gets
	log  *spoken  // of the latest serving command
	stop func()   // ends it, once
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return &machine{t: t, bin: bin, data: filepath.Join(t.TempDir(), "data")}
}

// command is a call of the binary, away from the environment of whoever tests.
func (m *machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(m.bin, append(args, "--data-dir", m.data)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8", "SHANHAI_SECOND_FACTOR=optional"}
	if counted != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+counted)
	}
	cmd.Env = append(cmd.Env, m.env...)
	return cmd
}

// run runs a command to its end and gives its standard output.
func (m *machine) run(args ...string) string {
	m.t.Helper()
	cmd := m.command(args...)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("shanhai %s: %v\n%s%s", strings.Join(args, " "), err, out, errOut.String())
	}
	return string(out)
}

// sql asks the database behind everything, through the product's own shell.
func (m *machine) sql(query string) string {
	m.t.Helper()
	cmd := exec.Command(m.bin, "db", "shell", "--data-dir", m.data, "--", "-tAc", query)
	cmd.Env = m.command().Env
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v\n%s", query, err, out)
	}
	return strings.TrimSpace(string(out))
}

var served = regexp.MustCompile(`http://localhost:\d+`)

// start runs a serving command until the test ends and waits for its address.
// What it wrote to standard output before is returned.
func (m *machine) start(args ...string) string {
	m.t.Helper()
	shown, stop := m.serve(args...)
	m.stop = sync.OnceFunc(stop)
	m.t.Cleanup(m.stop)
	return shown
}

// serve is start with the stopping left to the caller.
func (m *machine) serve(args ...string) (shown string, stop func()) {
	m.t.Helper()
	cmd := m.command(append(args, "--addr", "127.0.0.1:0")...)
	var out, log spoken
	m.log = &log
	cmd.Stdout = &out
	errOut, err := cmd.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	said := make(chan string, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewReader(errOut)
		for {
			line, err := lines.ReadString('\n')
			_, _ = log.Write([]byte(line))
			if at := served.FindString(line); at != "" && len(said) == 0 {
				said <- at
			}
			if err == io.EOF || err != nil {
				return
			}
		}
	}()
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			m.t.Error("the service does not stop within ten seconds")
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
		if m.t.Failed() {
			m.t.Logf("the end of its log:\n%s", tail(log.String(), 3000))
		}
	}
	select {
	case m.url = <-said:
	case <-ended:
		m.t.Fatalf("shanhai %s ended: %v\n%s", args[0], cmd.Wait(), log.String())
	case <-time.After(3 * time.Minute):
		stop()
		m.t.Fatalf("shanhai %s does not serve within three minutes", args[0])
	}
	return out.String(), stop
}

// spoken is what a running process has written so far; it is read while the
// process goes on writing.
type spoken struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// readJSON decodes, refusing nothing: the product's own tests hold the form.
func readJSON(t *testing.T, raw string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
}
