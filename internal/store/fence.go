package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// fence keeps a process away from a server whose history was left behind. After a
// fail-over the new primary counts one timeline further; an old primary that wakes
// up again still counts the old one, takes writes, and loses all of them when it
// is brought into line. What was seen last is kept in a file, so that a restart
// does not forget it. Another cluster (another system identifier) begins anew.
type fence struct {
	file string // empty: in memory only

	mu      sync.Mutex
	system  string
	highest int64
}

// history is where a server stands: which cluster, and how often it was taken over.
// A standby has no timeline of its own to write on.
const history = `select system_identifier::text, case when pg_is_in_recovery() then 0
	else ('x' || substring(pg_walfile_name(pg_current_wal_lsn()) for 8))::bit(32)::bigint end from pg_control_system()`

func newFence(file string) (*fence, error) {
	f := &fence{file: file}
	if file == "" {
		return f, nil
	}
	raw, err := os.ReadFile(file) // #nosec G304 -- a file of the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		_, err = fmt.Sscan(string(raw), &f.system, &f.highest)
	}
	return f, errs.Wrap(err, errs.Precondition, "error.database.history_file", errs.Args{"file": file})
}

// look asks a fresh connection where its server stands, and refuses an older one.
func (f *fence) look(ctx context.Context, c driver.QueryerContext) (timeline int64, err error) {
	rows, err := c.QueryContext(ctx, history, nil)
	if err != nil {
		return 0, err
	}
	values := make([]driver.Value, 2)
	err = errors.Join(rows.Next(values), rows.Close())
	if err != nil {
		return 0, err
	}
	system, timeline := fmt.Sprintf("%s", values[0]), values[1].(int64)
	return timeline, f.admit(system, timeline)
}

// olderHistory is the refusal of a server that was left behind.
const olderHistory = "error.database.older_history"

func (f *fence) admit(system string, timeline int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case timeline == 0 || system == f.system && timeline == f.highest:
		return nil
	case system == f.system && timeline < f.highest:
		return errs.New(errs.Unavailable, olderHistory, errs.Args{"have": timeline, "seen": f.highest, "file": f.file})
	}
	f.system, f.highest = system, timeline
	if f.file == "" {
		return nil
	}
	work := f.file + ".new"
	err := os.WriteFile(work, fmt.Appendln(nil, system, timeline), 0o600)
	if err == nil {
		err = os.Rename(work, f.file)
	}
	return errs.Wrap(err, errs.Unavailable, "error.database.history_file", errs.Args{"file": f.file})
}

// passed reports whether a newer history was seen since a connection was made.
func (f *fence) passed(timeline int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return timeline != 0 && timeline < f.highest
}
