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
	n      int // in the queue
	follow FollowWork
	at     time.Time
}

// FollowWork is how many follow-ups are due at the reader's hospitals, and how
// many are overdue, each up to a hundred a hospital.
type FollowWork struct{ Due, Overdue int }

// counters remembers how much waits for whom.
type counters struct {
	clock clock.Clock
	mu    sync.Mutex
	known map[reader]counted
}

func (c *counters) get(who user.Principal) (counted, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.known[reader{who.AccountID, who.PartnershipID}]
	return x, ok && clock.Fresh(x.at, c.clock.Now(), countLife)
}

func (c *counters) put(who user.Principal, x counted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= countMost {
		clear(c.known)
	}
	c.known[reader{who.AccountID, who.PartnershipID}] = x
}

func (c *counters) forget(who user.Principal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, reader{who.AccountID, who.PartnershipID})
}

// Waiting is how much waits for the reader, for the counter in the navigation:
// the number the queue's own page shows.
func (s *Service) Waiting(ctx context.Context, who user.Principal) (int, error) {
	x, err := s.counted(ctx, who)
	return x.n, err
}

// FollowUpsWaiting is how many follow-ups wait for the reader, for the counter in
// the navigation. It is counted with the queue.
func (s *Service) FollowUpsWaiting(ctx context.Context, who user.Principal) (FollowWork, error) {
	x, err := s.counted(ctx, who)
	return x.follow, err
}

func (s *Service) counted(ctx context.Context, who user.Principal) (counted, error) {
	duties := s.duties(who)
	decides := s.door(who, authz.ApprovalDecide) == nil
	if who.PartnershipID == ident.Nil || len(duties) == 0 && !decides && s.door(who, authz.PrivilegeSign) != nil {
		return counted{}, nil
	}
	if x, ok := s.counts.get(who); ok {
		return x, nil
	}
	x := counted{at: s.counts.clock.Now()}
	q := Queue{Counts: map[Task]int{}}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("a number, nobody's data")
		if follows := s.policy.Reach(who, authz.FollowUpRecord).Hospitals; len(follows) > 0 {
			if x.follow.Due, x.follow.Overdue, err = tx.CountFollowWork(follows); err != nil {
				return err
			}
		}
		return s.countQueue(tx, who, duties, decides, &q)
	})
	if err != nil {
		return counted{}, err
	}
	x.n = q.Total()
	s.counts.put(who, x)
	return x, nil
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
