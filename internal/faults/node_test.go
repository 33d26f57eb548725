package faults

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// build makes the binary, with files put in place of the source's.
func build(t *testing.T, dir, name string, overlay string) string {
	t.Helper()
	file, err := compile(dir, name, overlay)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func compile(dir, name, overlay string) (string, error) {
	file := filepath.Join(dir, name)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-o", file}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, "./cmd/shanhai")...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return file, nil
}

// node is one serving process; it may be started again.
type node struct {
	t      *testing.T
	binary string
	addr   string
	env    []string

	mu   sync.Mutex
	cmd  *exec.Cmd
	said *words
}

// words keeps what a process says, for a reader while it is still talking.
type words struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// freeAddr is an address nobody listens at.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// newNode is a node that is not started yet.
func newNode(t *testing.T, binary string, env ...string) *node {
	t.Helper()
	n := &node{t: t, binary: binary, addr: freeAddr(t)}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SHANHAI_") {
			n.env = append(n.env, kv)
		}
	}
	n.env = append(n.env, "SHANHAI_ADDR="+n.addr, "SHANHAI_LOG_LEVEL=warn", "SHANHAI_SECOND_FACTOR=optional")
	n.env = append(n.env, env...)
	t.Cleanup(n.kill)
	return n
}

func (n *node) url() string { return "http://" + n.addr }

// start runs the process and waits until it is ready for people.
func (n *node) start() time.Duration {
	n.t.Helper()
	begin := time.Now()
	if err := n.launch(); err != nil {
		n.t.Fatal(err)
	}
	if !n.ready(60 * time.Second) {
		n.t.Fatalf("a node was not ready after a minute\n%s", n.words())
	}
	return time.Since(begin)
}

func (n *node) launch() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = &words{}
	n.cmd = exec.Command(n.binary, "serve")
	n.cmd.Env = n.env
	n.cmd.Stderr = n.said
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return n.cmd.Start()
}

// ready waits until the node says that it is.
func (n *node) ready(limit time.Duration) bool {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for begin := time.Now(); time.Since(begin) < limit; pause(5 * time.Millisecond) {
		resp, err := client.Get(n.url() + "/readyz")
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return true
		}
	}
	return false
}

// kill ends the process in the middle of whatever it does.
func (n *node) kill() { n.end(syscall.SIGKILL) }

// stop ends the process as a service manager does.
func (n *node) stop() { n.end(syscall.SIGTERM) }

func (n *node) end(with syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Signal(with)
	_ = n.cmd.Wait()
	n.cmd = nil
}

// words is what the process said on its error output.
func (n *node) words() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.said.String()
}

// run is a subcommand in the node's environment; it answers the exit code and
// what was said.
func (n *node) run(ctx context.Context, args ...string) (int, string) {
	cmd := exec.CommandContext(ctx, n.binary, args...)
	cmd.Env = append(append([]string{}, n.env...), "SHANHAI_LANGUAGE=en")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		return -1, fmt.Sprint(err)
	}
	return cmd.ProcessState.ExitCode(), strings.TrimSpace(string(out))
}
