package exchange

import "github.com/shanhai-health/shanhai/internal/store"

// What the store hands out, under the name pages and API may use: they do not
// know the store.
type (
	Batch          = store.Batch
	BatchImported  = store.BatchImported
	BatchPreviewed = store.BatchPreviewed
	BatchReversed  = store.BatchReversed
	BatchState     = store.BatchState
	Job            = store.Job
	JobDone        = store.JobDone
	JobFailed      = store.JobFailed
	JobRunning     = store.JobRunning
	JobState       = store.JobState
	Taken          = store.Taken
)
