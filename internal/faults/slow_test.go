package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// slowSocket is one way to hold a connection for as long as possible: what is
// sent at once, and what byte by byte; a slow reader sends nothing more.
type slowSocket struct{ first, each string }

var slowSockets = []slowSocket{
	{"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", "a"}, // its head has no end
	{"POST /api/v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{", " "},                 // its body has none
	{strings.Repeat("GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n", 4), ""},                                                              // asks for much and does not take it
	{"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"}, // piece by piece
}

// hold keeps a connection of its kind open until the context ends, and another one
// whenever the service cuts it off, which it counts.
func (k slowSocket) hold(ctx context.Context, addr string, cut *atomic.Int64) {
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			pause(100 * time.Millisecond)
			continue
		}
		if k.each == "" { // the window stays small, so that an answer waits in the service and not in the kernel
			_ = conn.(*net.TCPConn).SetReadBuffer(4096)
		}
		_, err = io.WriteString(conn, k.first)
		for got := make([]byte, 1); err == nil && ctx.Err() == nil; pause(250 * time.Millisecond) {
			if _, err = io.WriteString(conn, k.each); err == nil && k.each == "" {
				_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				_, err = conn.Read(got)
			}
		}
		_ = conn.Close()
		if ctx.Err() == nil {
			cut.Add(1)
			pause(time.Second) // many at once are another attack, which the limits of attempts are for
		}
	}
}

// heldUp is H-1: hundreds of connections that send or take a byte now and then,
// while people write. For the others nothing changes but a little time.
func heldUp(t *testing.T, set settings) string {
	s := newSite(t, set)
	s.node(s.binary)
	c := newCrew(s, 3) // who leave the machine time for the others
	c.begin()
	span, sockets := time.Duration(of(set, 6, 20, 300))*time.Second, of(set, 200, 1000, 1000)
	pause(span)
	before := c.count()
	ctx, stop := context.WithCancel(context.Background())
	var held sync.WaitGroup
	var cut atomic.Int64
	for i := range sockets {
		held.Go(func() { slowSockets[i%len(slowSockets)].hold(ctx, s.nodes[0].addr, &cut) })
	}
	pause(span)
	after := c.count()
	stop()
	c.end()
	held.Wait()
	c.sound()
	quiet, beside := slowest(c.told[:before]), slowest(c.told[before:after])
	if beside > 2*quiet && beside > 100*time.Millisecond {
		t.Errorf("the slowest twentieth took %s before and %s beside slow connections", quiet, beside)
	}
	if n := c.unknown.Load(); n > 0 {
		t.Errorf("%d answers were missing", n)
	}
	return fmt.Sprintf("%d slow connections for %s, %d cut off; others: p95 %s of %d writes before, %s of %d beside them, none without its answer", sockets, span, cut.Load(),
		quiet.Round(time.Millisecond), before, beside.Round(time.Millisecond), after-before)
}

// slowest is the time below which nineteen of twenty writes were answered.
func slowest(all []*write) time.Duration {
	var took []time.Duration
	for _, w := range all {
		took = append(took, w.took)
	}
	slices.Sort(took)
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*19/20]
}
