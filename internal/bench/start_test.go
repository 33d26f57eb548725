package bench

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
	"syscall"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/app"
)

// build makes the binary whose start and memory are measured.
func build(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shanhai")
	cmd := exec.Command("go", "build", "-o", file, "./cmd/shanhai")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// demoLoad is the part of P8 that says how long the demonstration takes to load.
func demoLoad(t testing.TB, r *report) {
	t.Helper()
	begin := time.Now()
	a, err := app.Open(t.Context(), quiet(t, scratch(t, "demo")), options())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	opened := time.Since(begin)
	if err := a.LoadDemo(t.Context()); err != nil {
		t.Error(err)
	}
	took := time.Since(begin) - opened
	r.note("P8 new installation: cluster and schema", "%s", opened.Round(10*time.Millisecond))
	r.goal(took <= 20*time.Second, "P8 demonstration programme loads", "≤ 20 s", "%s", took.Round(10*time.Millisecond))
}

// starts is the rest of P8: how soon the binary answers on a migrated system,
// and what it holds under load. It ends the service of the bench.
func starts(w *world, r *report, binary string) {
	var joined, alone []time.Duration
	for i := range again {
		p := w.launch(binary)
		joined = append(joined, p.ready)
		if i == again-1 {
			w.occupied(p, r)
		}
		p.end()
	}
	w.stop()
	for range again {
		p := w.launch(binary)
		alone = append(alone, p.ready)
		p.end()
	}
	r.goal(middle(joined) <= time.Second, "P8 start until ready, database running", "≤ 1 s", "%s", ms(middle(joined)))
	r.goal(middle(alone) <= 3*time.Second, "P8 start until ready, with its own PostgreSQL", "≤ 3 s", "%s", ms(middle(alone)))
}

// occupied reads the memory of the binary under 16 connections.
func (w *world) occupied(p *process, r *report) {
	client := newClient(clients)
	var next [clients]int
	got := load{workers: clients, span: 3 * span, postmaster: w.pid, op: func(i int) error {
		next[i]++
		req, err := http.NewRequest(http.MethodGet, p.url+"/api/v1/cases/"+w.caseOf(w.mine(i, next[i]))[0], nil)
		if err == nil {
			_, err = ask(client, req, w.tokens[i], http.StatusOK)
		}
		return err
	}}.run()
	now, peak := memory(p.cmd.Process.Pid, "VmRSS"), memory(p.cmd.Process.Pid, "VmHWM")
	r.goal(got.failed == 0 && peak <= 128, fmt.Sprintf("P8 memory of the service under %d connections", clients), "RSS ≤ 128 MB", "%.0f MB, at most %.0f MB, at %.0f /s", now, peak, got.rate())
}

// process is a running binary.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	url   string
	ready time.Duration
	said  bytes.Buffer
}

// launch starts the service and waits until it is ready for people.
func (w *world) launch(binary string) *process {
	w.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	addr := ln.Addr().String()
	w.must(ln.Close())
	p := &process{t: w.t, url: "http://" + addr, cmd: exec.Command(binary, "serve", "--data-dir", w.dir, "--addr", addr, "--log-level", "error", "--second-factor", "optional")}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SHANHAI_") {
			p.cmd.Env = append(p.cmd.Env, kv)
		}
	}
	p.cmd.Stderr = &p.said
	begin := time.Now()
	w.must(p.cmd.Start())
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := newClient(1)
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
		w.must(err)
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				p.ready = time.Since(begin)
				return p
			}
		}
		if ctx.Err() != nil {
			p.end()
			w.t.Fatalf("the service was not ready after 30 s: %v\n%s", err, p.said.String())
		}
		<-time.After(2 * time.Millisecond)
	}
}

// end stops the service as a service manager does.
func (p *process) end() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Error(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%v\n%s", err, p.said.String())
	}
}
