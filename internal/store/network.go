package store

import (
	"context"
	"database/sql/driver"
	"net"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// deadlineDialer gives every read and write on the wire a deadline: the driver
// itself waits for ever when the network goes dark.
type deadlineDialer struct{ limit time.Duration }

func (d deadlineDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialTimeout(network, address, 5*time.Second)
}

func (d deadlineDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d deadlineDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	wire := &deadlineConn{Conn: c, limit: d.limit}
	wire.bound(ctx)
	if made, ok := ctx.Value(wireKey{}).(**deadlineConn); ok {
		*made = wire
	}
	return wire, nil
}

// deadlineConn ends each read and write after the limit, and all of them some
// time after the context of the work they belong to: a link that gives one byte
// now and then would never reach the limit of a single read.
type deadlineConn struct {
	net.Conn
	limit time.Duration
	until atomic.Int64 // nanoseconds since 1970; 0: no end
}

func (c *deadlineConn) Read(b []byte) (int, error) {
	_ = c.SetReadDeadline(c.deadline())
	return c.Conn.Read(b)
}

func (c *deadlineConn) Write(b []byte) (int, error) {
	_ = c.SetWriteDeadline(c.deadline())
	return c.Conn.Write(b)
}

func (c *deadlineConn) deadline() time.Time {
	end := clock.System{}.Now().Add(c.limit)
	if until := c.until.Load(); until != 0 && until < end.UnixNano() {
		return time.Unix(0, until)
	}
	return end
}

// lastWord is how long after the end of a context the network may still be used:
// the server is asked to stop, and may answer that it has.
const lastWord = time.Second

// bound lets the connection end with the context of the next piece of work.
func (c *deadlineConn) bound(ctx context.Context) {
	end, ok := ctx.Deadline()
	if !ok {
		c.until.Store(0)
		return
	}
	c.until.Store(end.Add(lastWord).UnixNano())
}

// wireKey is where a dialer leaves the connection it made.
type wireKey struct{}

// connectorsOf are the connector of an address and, where the address names
// several hosts, one for each of them.
func connectorsOf(dsn string, dialer deadlineDialer) ([]driver.Connector, error) {
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		return nil, err
	}
	all := []pq.Config{cfg}
	if len(cfg.Multi) > 0 {
		first := pq.ConfigMultihost{Host: cfg.Host, Hostaddr: cfg.Hostaddr, Port: cfg.Port}
		for _, m := range append([]pq.ConfigMultihost{first}, cfg.Multi...) {
			one := cfg.Clone()
			one.Host, one.Hostaddr, one.Port, one.Multi = m.Host, m.Hostaddr, m.Port, nil
			all = append(all, one)
		}
	}
	out := make([]driver.Connector, len(all))
	for i, cfg := range all {
		c, err := pq.NewConnectorConfig(cfg)
		if err != nil {
			return nil, err
		}
		c.Dialer(dialer)
		out[i] = c
	}
	return out, nil
}

// boundConnector makes connections of the driver that know their wire.
type boundConnector struct {
	driver.Connector
	hosts []driver.Connector // of each host of the address, where there are several
	fence *fence
}

// Connect takes the first host of the address that may be used. The driver stops
// at the first that takes writes, and after a fail-over that may be the old
// primary, awake again: when the fence refuses it, the other hosts are asked, one
// by one, before the service counts as without a database.
func (c boundConnector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.connect(ctx, c.Connector)
	for _, host := range c.hosts {
		if e := errs.Of(err); err == nil || e == nil || e.Key != olderHistory {
			break
		}
		other, failed := c.connect(ctx, host)
		if failed == nil {
			return other, nil
		}
	}
	return made, err
}

func (c boundConnector) connect(ctx context.Context, to driver.Connector) (driver.Conn, error) {
	var wire *deadlineConn
	made, err := to.Connect(context.WithValue(ctx, wireKey{}, &wire))
	if err != nil {
		return nil, err
	}
	inner, ok := made.(pqConn)
	if !ok || wire == nil {
		_ = made.Close()
		return nil, errs.New(errs.Internal, "error.internal", errs.Args{"why": "the driver has changed"})
	}
	timeline, err := c.fence.look(ctx, inner)
	if err != nil {
		_ = made.Close()
		return nil, err
	}
	return &boundConn{inner, wire, c.fence, timeline}, nil
}

// pqConn is everything database/sql asks of the driver's connection.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// boundConn is a connection whose wire ends with the context of the work that
// begins on it: a transaction, a preparation, a ping. What a transaction does
// inside ends with the transaction.
type boundConn struct {
	pqConn
	wire     *deadlineConn
	fence    *fence
	timeline int64 // of the server when the connection was made
}

func (c *boundConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.wire.bound(ctx)
	return c.pqConn.BeginTx(ctx, opts)
}

func (c *boundConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.wire.bound(ctx)
	return c.pqConn.PrepareContext(ctx, query)
}

func (c *boundConn) Ping(ctx context.Context) error {
	c.wire.bound(ctx)
	return c.pqConn.Ping(ctx)
}

func (c *boundConn) ResetSession(ctx context.Context) error {
	if c.fence.passed(c.timeline) {
		return driver.ErrBadConn
	}
	c.wire.bound(ctx)
	return c.pqConn.ResetSession(ctx)
}
