package app

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// scraps are what is put into requests where it does not belong.
var scraps = []string{"\r\n", "\r\n\r\n", "\n", "\x00", "%00", "%zz", "%", "%2e%2e%2f", "//", "/..", "?", "&", ";", "#", "\xff\xfe", "\xed\xa0\x80", "\u202e",
	"HTTP/9.9", "HTTP/1.0", "http://elsewhere/", "Transfer-Encoding: chunked\r\n", "Content-Length: -1\r\n", "Content-Length: 99999999999999999999\r\n",
	"Content-Type: multipart/form-data; boundary=\r\n", "Content-Type: multipart/form-data; boundary=x\r\n", "Content-Encoding: gzip\r\n", "Expect: 100-continue\r\n",
	"Range: bytes=9-1\r\n", "Cookie: =;=\r\n", "Host: elsewhere\r\n", "Upgrade: websocket\r\n", "ffffffffffffffff\r\n", "{", "[[[[[[[[", `"\ud800"`, "1e999", "-0", "null", "\t", strings.Repeat("a", 9000)}

// malformed sends requests whose bytes were changed, at a server with its limits:
// it may refuse, close or even answer, but nothing of it is a fault of ours, and it
// goes on serving.
func malformed(t *testing.T, p *premises) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httpx.NewServer(p.mux.(http.Handler), slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	base, at := wellFormed(p), listener.Addr().String()
	answers := map[int]int{}
	scaletest.Check(t, 1500, func(rt *rapid.T) {
		raw := bytes.Clone(rapid.SampledFrom(base).Draw(rt, "request"))
		for range rapid.IntRange(1, 4).Draw(rt, "changes") {
			raw = garbled(rt, raw)
		}
		status := statusOf(rt, at, raw)
		answers[status]++
		if status >= http.StatusInternalServerError && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
			rt.Fatalf("%d for\n%q", status, raw)
		}
	})
	t.Logf("answers: %v (0: closed without one)", answers)
	for i, raw := range base {
		if status := statusOf(t, at, raw); status == 0 || status >= http.StatusInternalServerError {
			t.Errorf("the well-formed request %d afterwards: %d", i, status)
		}
	}
}

// wellFormed are requests of a page, of a form, of a file and of the API.
func wellFormed(p *premises) [][]byte {
	u, err := url.Parse(p.url)
	must(p, "address", err)
	v := p.visitors[0]
	var cookies []string
	for _, c := range v.cookies.Jar.Cookies(u) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	session := "Host: " + u.Host + "\r\nSec-Fetch-Site: same-origin\r\nCookie: " + strings.Join(cookies, "; ") + "\r\n"
	api := "Host: " + u.Host + "\r\nAuthorization: Bearer " + v.token + "\r\nContent-Type: application/json\r\nIdempotency-Key: " + ident.New().String() + "\r\n"
	with := func(head, body string) []byte {
		return []byte(head + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	return [][]byte{
		[]byte("GET /patients?size=20 HTTP/1.1\r\n" + session + "\r\n"),
		with("POST /search HTTP/1.1\r\n"+session+"Content-Type: application/x-www-form-urlencoded\r\n", "q=%E5%90%91"),
		with("POST /patients/register HTTP/1.1\r\n"+session+"Content-Type: application/x-www-form-urlencoded\r\n", "_key=a&name=%E5%90%91&doc_kind=citizen&sex=F"),
		with("POST /imports HTTP/1.1\r\n"+session+"Content-Type: multipart/form-data; boundary=x\r\n", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.xlsx\"\r\n\r\nPK\r\n--x--\r\n"),
		[]byte("GET /api/v1/persons?q=a HTTP/1.1\r\n" + api + "\r\n"),
		with("POST /api/v1/persons HTTP/1.1\r\n"+api, `{"name":"a","sex":"F","documents":[{"kind":"other","number":"1"}]}`),
	}
}

// garbled changes a request in one place: a byte, a part gone or twice, a scrap.
func garbled(rt *rapid.T, raw []byte) []byte {
	if len(raw) == 0 {
		return raw
	}
	at := rapid.IntRange(0, len(raw)-1).Draw(rt, "at")
	end := min(len(raw), at+rapid.IntRange(1, 40).Draw(rt, "length"))
	switch rapid.IntRange(0, 3).Draw(rt, "how") {
	case 0:
		raw[at] = rapid.Byte().Draw(rt, "byte")
		return raw
	case 1:
		return append(raw[:at:at], raw[end:]...)
	case 2:
		return append(raw[:end:end], raw[at:]...)
	}
	return append(append(raw[:at:at], rapid.SampledFrom(scraps).Draw(rt, "scrap")...), raw[at:]...)
}

// statusOf sends bytes and reads the first line of the answer; 0 is none. What waits
// for more is told that there is none.
func statusOf(t interface{ Fatal(...any) }, at string, raw []byte) int {
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal("the server is gone:", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = conn.Write(raw) // it may close before all was sent
	_ = conn.(*net.TCPConn).CloseWrite()
	line, err := bufio.NewReader(conn).ReadString('\n')
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Fatal("no answer in twenty seconds")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return 0 // reset
	}
	_, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, _ := strconv.Atoi(code)
	return n
}
