package exchange

import "github.com/shanhai-health/shanhai/internal/store"

// What the store hands out, under the name pages and command line may use: they
// do not know the store.
type (
	Batch      = store.Batch
	BatchState = store.BatchState
	Job        = store.Job
	JobState   = store.JobState
	Taken      = store.Taken
)

// The states of batches and jobs.
const (
	BatchImported  = store.BatchImported
	BatchPreviewed = store.BatchPreviewed
	BatchReversed  = store.BatchReversed
	JobDone        = store.JobDone
	JobFailed      = store.JobFailed
	JobRunning     = store.JobRunning
)
