package pgtest

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// coded is a message that says its SQLSTATE, as they do where log_error_verbosity is
// verbose.
var coded = regexp.MustCompile(`^postgres: ([0-9A-Z]{5}): `)

// said is the log of the private server: it keeps the messages that say their
// SQLSTATE. All others are thrown away.
type said struct {
	mu    sync.Mutex
	lines []string
}

// Enabled takes every message.
func (*said) Enabled(context.Context, slog.Level) bool { return true }

// Handle keeps a message with its SQLSTATE.
func (s *said) Handle(_ context.Context, r slog.Record) error {
	if coded.MatchString(r.Message) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lines = append(s.lines, strings.TrimPrefix(r.Message, "postgres: "))
	}
	return nil
}

// WithAttrs adds nothing: only the message is kept.
func (s *said) WithAttrs([]slog.Attr) slog.Handler { return s }

// WithGroup adds nothing: only the message is kept.
func (s *said) WithGroup(string) slog.Handler { return s }

// Coded makes the server say the SQLSTATE of each message about this database, for
// connections opened from now on, and gives a look at what it has said since. The
// database is not used again afterwards. A server that is not ours tells nothing:
// then there is no look, and false.
func (d *Database) Coded(t testing.TB) (since func() []string, told bool) {
	t.Helper()
	c, err := server()
	if err != nil {
		t.Fatal(explain(err))
	}
	if c.said == nil {
		return nil, false
	}
	d.Discard()
	if err := execute(t.Context(), d.SuperDSN, fmt.Sprintf(`alter database %s set log_error_verbosity = 'verbose'`, d.Name)); err != nil {
		t.Fatal(err)
	}
	c.said.mu.Lock()
	defer c.said.mu.Unlock()
	before := len(c.said.lines)
	return func() []string {
		c.said.mu.Lock()
		defer c.said.mu.Unlock()
		return slices.Clone(c.said.lines[before:])
	}, true
}
