package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// call is one statement as it went over the wire. Arguments are text, or bytes
// where the client sent them in binary form, or nil.
type call struct {
	sql  string
	args []any
}

// recorder stands between a client and PostgreSQL and writes down what the
// client has executed while it is asked to.
type recorder struct {
	dsn string // for the client
	ln  net.Listener

	mu    sync.Mutex
	on    bool
	calls []call
	err   error
}

var hostOf = regexp.MustCompile(`host=\S+ port=(\d+)`)

// newRecorder listens in dir and passes on to the server of a DSN with a socket
// folder.
func newRecorder(t testing.TB, dir, dsn string) *recorder {
	t.Helper()
	m := hostOf.FindStringSubmatch(dsn)
	if m == nil {
		t.Fatalf("no socket folder in %q", dsn)
	}
	target := filepath.Join(strings.TrimPrefix(strings.Fields(m[0])[0], "host="), ".s.PGSQL."+m[1])
	ln, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL."+m[1]))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{ln: ln, dsn: hostOf.ReplaceAllString(dsn, "host="+dir+" port="+m[1])}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", target)
			if err != nil {
				r.fail(err)
				_ = client.Close()
				return
			}
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
			go func() { r.fail(r.pass(server, client)); _ = server.Close() }()
		}
	}()
	return r
}

func (r *recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		r.err = err
	}
}

// record returns what fn had executed.
func (r *recorder) record(fn func() error) ([]call, error) {
	r.mu.Lock()
	r.on, r.calls = true, nil
	r.mu.Unlock()
	err := fn()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return r.calls, errors.Join(err, r.err)
}

// pass forwards the messages of one connection and reads those that execute.
func (r *recorder) pass(server io.Writer, client io.Reader) error {
	head := make([]byte, 4) // the first message has no type
	if _, err := io.ReadFull(client, head); err != nil {
		return err
	}
	body := make([]byte, binary.BigEndian.Uint32(head)-4)
	if _, err := io.ReadFull(client, body); err != nil {
		return err
	}
	if _, err := server.Write(append(head, body...)); err != nil {
		return err
	}
	known := map[string]string{} // statement name → text
	head = make([]byte, 5)
	for {
		if _, err := io.ReadFull(client, head); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return err
		}
		if err := r.note(known, head[0], body); err != nil {
			return err
		}
		if _, err := server.Write(append(head[:5:5], body...)); err != nil {
			return err
		}
	}
}

func (r *recorder) note(known map[string]string, kind byte, body []byte) error {
	var c call
	switch kind {
	case 'P': // parse: name, text
		name, rest, _ := strings.Cut(string(body), "\x00")
		known[name], _, _ = strings.Cut(rest, "\x00")
		return nil
	case 'Q': // a text without arguments
		c.sql = strings.TrimSuffix(string(body), "\x00")
	case 'B': // bind, which an execute follows
		name, args, err := readBind(body)
		if err != nil {
			return err
		}
		c = call{known[name], args}
	default:
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on && c.sql != ";" {
		r.calls = append(r.calls, c)
	}
	return nil
}

// readBind reads portal, statement, formats and arguments of a bind message.
func readBind(b []byte) (name string, args []any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bench: torn bind message: %v", p)
		}
	}()
	_, rest, _ := strings.Cut(string(b), "\x00")
	name, rest, _ = strings.Cut(rest, "\x00")
	at := len(b) - len(rest)
	short := func() int { at += 2; return int(binary.BigEndian.Uint16(b[at-2:])) }
	formats := make([]int, short())
	for i := range formats {
		formats[i] = short()
	}
	args = make([]any, short())
	for i := range args {
		n := int(int32(binary.BigEndian.Uint32(b[at:])))
		at += 4
		if n < 0 {
			continue
		}
		v := b[at : at+n]
		at += n
		if len(formats) == 1 && formats[0] == 1 || len(formats) > 1 && formats[i] == 1 {
			args[i] = append([]byte{}, v...)
		} else {
			args[i] = string(v)
		}
	}
	return name, args, nil
}

func TestABindMessageIsRead(t *testing.T) {
	body := "\x00s1\x00" + "\x00\x03\x00\x00\x00\x01\x00\x00" + "\x00\x03" + "\x00\x00\x00\x02ab" + "\x00\x00\x00\x01\xff" + "\xff\xff\xff\xff" + "\x00\x00"
	name, args, err := readBind([]byte(body[:len(body)-2]))
	if name != "s1" || len(args) != 3 || args[0] != "ab" || string(args[1].([]byte)) != "\xff" || args[2] != nil {
		t.Errorf("%q %v %v", name, args, err)
	}
	if _, _, err := readBind([]byte("\x00s1\x00\x00")); err == nil {
		t.Error("a torn message was read")
	}
}
