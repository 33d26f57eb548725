package httpx

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// Whoever sends the head of a request byte by byte, or nothing, holds up nobody and
// is cut off when the time for a head is over.
func TestSlowHeadsHoldUpNobodyAndAreCutOff(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }), slog.New(slog.DiscardHandler))
	s.ReadHeaderTimeout = time.Second // the rule is that there is one; TestTheServerHasAllItsLimits holds the value
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Close() })
	begin, slow := time.Now(), make([]net.Conn, scaletest.Times(200))
	for i := range slow {
		if slow[i], err = net.Dial("tcp", listener.Addr().String()); err != nil {
			t.Fatal(err)
		}
		defer slow[i].Close()
		if i%2 == 0 {
			_, _ = io.WriteString(slow[i], "GET / HTTP/1.1\r\nHost: a\r\nX-")
		}
	}
	for range 20 {
		resp, err := http.Get("http://" + listener.Addr().String())
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("beside %d slow ones: %v", len(slow), err)
		}
		_ = resp.Body.Close()
	}
	for i, c := range slow {
		_ = c.SetDeadline(begin.Add(30 * time.Second))
		for j := 0; ; j++ {
			if _, err = io.WriteString(c, "a"); err != nil {
				break
			}
			_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if _, err = c.Read(make([]byte, 512)); err != nil {
				if late, ok := err.(net.Error); !ok || !late.Timeout() {
					break
				}
			}
			if j > 300 {
				t.Fatalf("connection %d is still held after %s", i, time.Since(begin))
			}
		}
	}
}
