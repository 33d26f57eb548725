package acceptance

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// line is the network between a telephone in a village and the office. It can be
// down, down for what the telephone sends only, break after the office has done
// its work and before the answer is through, or stand still there.
type line struct {
	url   string
	mu    sync.Mutex
	state lineState
	held  chan struct{} // a request stands still
	sent  []byte        // the last forms that went through
}

type lineState int

const (
	lineUp lineState = iota
	lineDown
	lineMute // pages arrive, nothing of the outreach page does
	lineCut  // forms arrive, their answers do not
	lineHold // forms arrive, their answers stand still
)

func newLine(t *testing.T, to string) *line {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{held: make(chan struct{}, 8)}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	over := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forms := r.URL.Path == "/outreach/forms" || r.URL.Path == "/outreach/operations"
		switch state := l.now(); {
		case state == lineDown, state == lineMute && strings.HasPrefix(r.URL.Path, "/outreach/"):
			hangUp(w)
		case forms && (state == lineCut || state == lineHold):
			proxy.ServeHTTP(httptest.NewRecorder(), r) // the office has done its work
			if state == lineHold {
				l.held <- struct{}{}
				select {
				case <-r.Context().Done():
				case <-over:
				}
			}
			hangUp(w)
		default:
			if forms {
				body, _ := io.ReadAll(r.Body) // as far as it comes; the office judges it
				r.Body = io.NopCloser(bytes.NewReader(body))
				l.mu.Lock()
				l.sent = body
				l.mu.Unlock()
			}
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		close(over)
		srv.CloseClientConnections()
		srv.Close()
	})
	l.url = strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	return l
}

func hangUp(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = c.Close()
	}
}

func (l *line) now() lineState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *line) set(s lineState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
}

func (l *line) last() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}
