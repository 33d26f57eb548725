package faults

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// harm is what a link does to the bytes that pass through it.
type harm struct {
	wait  time.Duration // before every piece
	speed int           // bytes in a second; 0: as they come
	dark  bool          // takes every byte and gives none
	cut   int64         // bytes from the service after which the connection is reset; 0: never
	deny  bool          // new connections are reset
}

// link stands between the service and PostgreSQL and passes bytes on, as long as
// it is not told to do otherwise.
type link struct {
	net.Listener
	target func() (network, address string)

	mu    sync.Mutex
	harm  harm
	pairs map[*pair]bool
	done  sync.WaitGroup
}

// pair is one connection through the link.
type pair struct{ from, to net.Conn }

// reset ends both sides at once, without a goodbye.
func (p *pair) reset() {
	for _, c := range []net.Conn{p.from, p.to} {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}

func newLink(t *testing.T, target func() (network, address string)) *link {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{Listener: ln, target: target, pairs: map[*pair]bool{}}
	l.done.Go(l.serve)
	t.Cleanup(func() {
		_ = ln.Close()
		l.reset()
		l.done.Wait()
	})
	return l
}

func (l *link) port() int { return l.Addr().(*net.TCPAddr).Port }

// set changes what is done to the bytes from now on.
func (l *link) set(h harm) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.harm = h
}

func (l *link) now() harm {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.harm
}

// reset ends every connection there is.
func (l *link) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.pairs {
		p.reset()
	}
}

// open is the number of connections.
func (l *link) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pairs)
}

func (l *link) serve() {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		if l.now().deny {
			(&pair{from, from}).reset()
			continue
		}
		network, address := l.target()
		to, err := net.Dial(network, address)
		if err != nil { // nobody there, or not yet
			(&pair{from, from}).reset()
			continue
		}
		p := &pair{from, to}
		l.mu.Lock()
		l.pairs[p] = true
		l.mu.Unlock()
		var sides sync.WaitGroup
		sides.Go(func() { l.pass(p, to, from, true) })
		sides.Go(func() { l.pass(p, from, to, false) })
		l.done.Go(func() {
			sides.Wait()
			l.mu.Lock()
			delete(l.pairs, p)
			l.mu.Unlock()
		})
	}
}

// pass copies one direction until its source ends.
func (l *link) pass(p *pair, to, from net.Conn, up bool) {
	defer to.Close()
	buf, sent := make([]byte, 1<<15), int64(0)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		sent += int64(n)
		h := l.now()
		switch {
		case h.dark:
			continue
		case up && h.cut > 0 && sent > h.cut:
			p.reset()
			return
		}
		if err := h.trickle(to, buf[:n]); err != nil {
			return
		}
	}
}

// trickle writes at the speed and with the delay of the harm.
func (h harm) trickle(to io.Writer, b []byte) error {
	if h.wait > 0 {
		pause(h.wait)
	}
	if h.speed == 0 {
		_, err := to.Write(b)
		return err
	}
	piece := max(h.speed/10, 1)
	for len(b) > 0 {
		n := min(piece, len(b))
		if _, err := to.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		pause(100 * time.Millisecond)
	}
	return nil
}
