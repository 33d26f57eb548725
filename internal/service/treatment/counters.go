package treatment

import (
	"context"
	"sync"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// countLife is how long the number beside the queue in the navigation may lag
// behind what colleagues do. The queue itself is always read.
const countLife = 10 * time.Second

// countMost bounds the memory; when it is full everybody is counted again.
const countMost = 5000

type reader struct{ account, partnership ident.ID }

type counted struct {
	n  int
	at time.Time
}

// counters remembers how much waits for whom.
type counters struct {
	clock clock.Clock
	mu    sync.Mutex
	known map[reader]counted
}

func (c *counters) get(who user.Principal) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.known[reader{who.AccountID, who.PartnershipID}]
	return x.n, ok && c.clock.Now().Sub(x.at) < countLife
}

func (c *counters) put(who user.Principal, n int, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= countMost {
		clear(c.known)
	}
	c.known[reader{who.AccountID, who.PartnershipID}] = counted{n, at}
}

func (c *counters) forget(who user.Principal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, reader{who.AccountID, who.PartnershipID})
}

// Waiting is how much waits for the reader, for the counter in the navigation:
// the number the queue's own page shows.
func (s *Service) Waiting(ctx context.Context, who user.Principal) (int, error) {
	duties := s.duties(who)
	decides := s.door(who, authz.ApprovalDecide) == nil
	if who.PartnershipID == ident.Nil || len(duties) == 0 && !decides && s.door(who, authz.PrivilegeSign) != nil {
		return 0, nil
	}
	if n, ok := s.counts.get(who); ok {
		return n, nil
	}
	at := s.counts.clock.Now()
	q := Queue{Counts: map[Task]int{}}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("a number, nobody's data")
		return s.countQueue(tx, who, duties, decides, &q)
	})
	if err != nil {
		return 0, err
	}
	s.counts.put(who, q.Total(), at)
	return q.Total(), nil
}

// countQueue counts the reader's work by task.
func (s *Service) countQueue(tx *store.Tx, who user.Principal, duties []duty, decides bool, q *Queue) error {
	if len(who.Hospitals) > 0 {
		n, err := tx.CountWork(who.Hospitals)
		if err != nil {
			return err
		}
		of, ofCase := tasksOf(duties)
		if len(s.policy.Reach(who, authz.CaseAccept).Hospitals) == 0 {
			n.Joins = 0
		}
		q.count(n, of, ofCase)
	}
	if signs := s.policy.Reach(who, authz.ProcedureSign).Hospitals; decides || len(signs) > 0 {
		disputes, alarms, err := tx.CountDeviceWork(append([]ident.ID{}, signs...))
		if err != nil {
			return err
		}
		q.Counts[TaskDispute], q.Counts[TaskAlarm] = disputes, alarms
	}
	if s.door(who, authz.PrivilegeSign) == nil {
		n, err := tx.CountExceptions(s.hospitals(who, authz.PrivilegeSign))
		if err != nil {
			return err
		}
		q.Counts[TaskException] = n
	}
	if !decides {
		return nil
	}
	n, err := tx.CountWork(nil)
	q.Counts[TaskDecide], q.Counts[TaskOverdue] = n.Approvals, n.Overdue
	return err
}

// tasksOf maps the states of the reader's duties to their tasks.
func tasksOf(duties []duty) (map[treatment.State]Task, map[casefile.State]Task) {
	of, ofCase := map[treatment.State]Task{}, map[casefile.State]Task{}
	for _, d := range duties {
		for _, st := range d.state {
			of[st] = d.task
		}
		for _, st := range d.cases {
			ofCase[st] = d.task
		}
	}
	return of, ofCase
}
