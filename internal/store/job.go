package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// Job is a piece of work that goes on after the answer has left.
type Job struct {
	ID        ident.ID
	Kind      string
	Payload   json.RawMessage // ids only: a job row is no place for personal data
	State     JobState
	Progress  int
	Total     int
	Attempts  int
	ErrorKey  string // message key of why it failed
	CreatedAt time.Time
	CreatedBy ident.ID
	Finished  time.Time
}

// JobState is where a job stands.
type JobState string

// The states of a job.
const (
	JobQueued  JobState = "queued"
	JobRunning JobState = "running"
	JobDone    JobState = "done"
	JobFailed  JobState = "failed"
)

// Open reports whether the job is still to be done.
func (s JobState) Open() bool { return s == JobQueued || s == JobRunning }

type jobRow struct {
	ID        ident.ID     `db:"id"`
	Kind      string       `db:"kind"`
	Payload   string       `db:"payload"`
	State     string       `db:"state"`
	Progress  int          `db:"progress"`
	Total     int          `db:"total"`
	Attempts  int          `db:"attempts"`
	ErrorKey  string       `db:"error_key"`
	CreatedAt time.Time    `db:"created_at"`
	CreatedBy ident.ID     `db:"created_by"`
	Finished  sql.NullTime `db:"finished_at"`
}

func (r jobRow) job() Job {
	return Job{ID: r.ID, Kind: r.Kind, Payload: json.RawMessage(r.Payload), State: JobState(r.State), Progress: r.Progress, Total: r.Total,
		Attempts: r.Attempts, ErrorKey: r.ErrorKey, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, Finished: r.Finished.Time}
}

const jobColumns = `j.id, j.kind, j.payload, j.state, j.progress, j.total, j.attempts, j.error_key, j.created_at, j.created_by, j.finished_at`

// Enqueue adds a job of the transaction's partnership. It starts when the
// transaction has committed, not before.
func (tx *Tx) Enqueue(j Job) error {
	_, err := tx.exec(`insert into job (partnership_id, id, kind, payload, state, total, run_after, created_at, created_by)
		values ($1, $2, $3, $4, 'queued', $5, $6, $6, $7)`, tx.Partnership(), j.ID, j.Kind, string(j.Payload), j.Total, tx.now, tx.who.AccountID)
	return err
}

// ClaimJob takes the oldest job that is due, if any. Another process that looks
// at the same moment takes the next one. The job comes back after the lease when
// nobody reports progress: its process has died.
func (tx *Tx) ClaimJob(lease time.Duration) (j Job, ok bool, err error) {
	_, err = tx.exec(`update job set state = 'queued', version = version + 1 where partnership_id = $1 and state = 'running' and run_after < $2`,
		tx.Partnership(), tx.now)
	if err != nil {
		return Job{}, false, err
	}
	var r jobRow
	// Materialized: a planner that joins it from the inside takes one more for each job
	// there is, and all but one of them would be claimed and run by nobody.
	err = tx.get(&r, `with next as materialized (select q.id from job q where q.partnership_id = $1 and q.state = 'queued' and q.run_after <= $2
			order by q.run_after, q.id limit 1 for update skip locked)
		update job j set state = 'running', attempts = j.attempts + 1, run_after = $3, progress = 0, version = j.version + 1
		from next where j.partnership_id = $1 and j.id = next.id returning `+jobColumns, tx.Partnership(), tx.now, tx.now.Add(lease))
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, false, nil
	}
	return r.job(), err == nil, err
}

// JobProgress reports how far a running job has come, and keeps it claimed.
func (tx *Tx) JobProgress(id ident.ID, progress, total int, lease time.Duration) error {
	_, err := tx.exec(`update job set progress = $3, total = $4, run_after = $5 where partnership_id = $1 and id = $2 and state = 'running'`,
		tx.Partnership(), id, progress, total, tx.now.Add(lease))
	return err
}

// FinishJob ends a job, with the message key of what went wrong or none.
func (tx *Tx) FinishJob(id ident.ID, errorKey string) error {
	state := JobDone
	if errorKey != "" {
		state = JobFailed
	}
	_, err := tx.exec(`update job set state = $3, error_key = $4, finished_at = $5, version = version + 1 where partnership_id = $1 and id = $2`,
		tx.Partnership(), id, string(state), errorKey, tx.now)
	return err
}

// RetryJob puts a job back for a later time.
func (tx *Tx) RetryJob(id ident.ID, after time.Duration) error {
	_, err := tx.exec(`update job set state = 'queued', run_after = $3, version = version + 1 where partnership_id = $1 and id = $2`,
		tx.Partnership(), id, tx.now.Add(after))
	return err
}

// JobByID reads a job.
func (tx *Tx) JobByID(id ident.ID) (Job, error) {
	var r jobRow
	err := tx.get(&r, `select `+jobColumns+` from job j where j.partnership_id = $1 and j.id = $2`, tx.Partnership(), id)
	return one(r.job(), err, "error.job.missing")
}
