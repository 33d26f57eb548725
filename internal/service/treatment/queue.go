package treatment

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Task is what is to be done about a case or treatment.
type Task string

// The tasks, in the order of the tabs.
const (
	TaskDecide    Task = "decide"    // a request for a reduction waits for the decision
	TaskOverdue   Task = "overdue"   // an emergency without the papers it should have by now
	TaskJoin      Task = "join"      // another hospital asks to join
	TaskEligible  Task = "eligible"  // confirm the eligibility
	TaskRequest   Task = "request"   // ask for the reduction, or forgo it
	TaskReturned  Task = "returned"  // the application came back: mend it and ask again
	TaskAdmit     Task = "admit"     // approved: admit
	TaskOperate   Task = "operate"   // in hospital: log the operation
	TaskDischarge Task = "discharge" // operated: discharge
	TaskSettle    Task = "settle"    // discharged: settle
	TaskFinish    Task = "finish"    // settled: close the treatment
	TaskPlan      Task = "plan"      // case without a treatment
	TaskSecond    Task = "second"    // second side planned
	TaskClose     Task = "close"     // all treatments ended early: close the case
	TaskDispute   Task = "dispute"   // a serial number in two records
	TaskAlarm     Task = "alarm"     // an implant that breaks a rule waits for a second person
	TaskException Task = "exception" // an operation outside of the privileges waits for the second signature
)

// Tasks lists the tasks in the order of the tabs.
func Tasks() []Task {
	return []Task{TaskDecide, TaskOverdue, TaskJoin, TaskEligible, TaskReturned, TaskRequest, TaskAdmit, TaskOperate, TaskDischarge, TaskSettle, TaskFinish, TaskPlan, TaskSecond, TaskClose,
		TaskDispute, TaskAlarm, TaskException}
}

// Label is the message key of the task.
func (t Task) Label() errs.Key { return errs.Key("queue.task." + string(t)) }

// Urgency says in which group a task stands.
type Urgency int

// The groups.
const (
	Now   Urgency = iota // due today or late
	Soon                 // mine, no day given or a later one
	Other                // waits for somebody else
)

// QueueItem is one thing that waits.
type QueueItem struct {
	store.Waiting
	Task     Task
	Urgency  Urgency
	Due      clock.Date // zero: no day
	Referral *store.Referral
	Device   ident.ID // the dispute, or the part with the alarm
	// Exception is the operation outside of the privileges; it names no patient.
	Exception ident.ID
}

// Queue is what waits for the reader, and how much there is of each.
type Queue struct {
	Items  []QueueItem
	Counts map[Task]int // of the reader's own work
	Others int          // that wait for somebody else
	Sides  map[ident.ID]user.Side
	Today  clock.Date
	// None: the role has no queue; its first page is the overview.
	None bool
}

// heldFor is how many days money may be held for a patient without a day of
// admission before somebody has to look after it.
const heldFor = 30

// lateAfter is how many days after a discharge the settlement counts as due.
const lateAfter = 7

// duty is one kind of work: who does it, where, and how it is read.
type duty struct {
	task  Task
	perm  authz.Permission
	state []treatment.State
	cases []casefile.State
	own   bool // false: shown to this reader as waiting for somebody else
}

// duties lists the work of a reader by permissions, not by names of roles.
func (s *Service) duties(who user.Principal) []duty {
	all := []duty{
		{task: TaskEligible, perm: authz.EligibilityEdit, state: []treatment.State{treatment.Planned}},
		{task: TaskRequest, perm: authz.ApprovalRequest, state: []treatment.State{treatment.Eligible, treatment.Estimated}},
		{task: TaskAdmit, perm: authz.TreatmentAdvance, state: []treatment.State{treatment.Approved}},
		{task: TaskOperate, perm: authz.ProcedureLog, state: []treatment.State{treatment.Admitted}},
		{task: TaskDischarge, perm: authz.TreatmentAdvance, state: []treatment.State{treatment.Operated}},
		{task: TaskSettle, perm: authz.SettlementSettle, state: []treatment.State{treatment.Discharged}},
		{task: TaskFinish, perm: authz.TreatmentAdvance, state: []treatment.State{treatment.Settled}},
		{task: TaskPlan, perm: authz.TreatmentOpen, cases: []casefile.State{casefile.Registered}},
		{task: TaskSecond, perm: authz.TreatmentOpen, cases: []casefile.State{casefile.SecondDue}},
		{task: TaskClose, perm: authz.CaseClose, cases: []casefile.State{casefile.Ended}},
	}
	var out []duty
	for _, d := range all {
		if len(s.policy.Reach(who, d.perm).Hospitals) > 0 {
			d.own = true
			out = append(out, d)
		}
	}
	return out
}

// Queue reads what waits for the reader: bounded, oldest first.
func (s *Service) Queue(ctx context.Context, who user.Principal) (Queue, error) {
	q := Queue{Counts: map[Task]int{}}
	if err := s.door(who, authz.SelfRead); err != nil {
		return q, err
	}
	duties := s.duties(who)
	decides := s.door(who, authz.ApprovalDecide) == nil
	if q.None = len(duties) == 0 && !decides && s.door(who, authz.PrivilegeSign) != nil; q.None || who.PartnershipID == ident.Nil {
		q.None = true
		return q, nil
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		q.Today = tx.Today()
		if err := s.readQueue(tx, who, duties, decides, &q); err != nil {
			return err
		}
		var err error
		if q.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "queue", "rows": len(q.Items)}})
		return nil
	})
	slices.SortStableFunc(q.Items, func(a, b QueueItem) int {
		return cmp.Or(cmp.Compare(a.Urgency, b.Urgency), dayOrder(a.Due, b.Due), a.Since.Compare(b.Since))
	})
	return q, err
}

// dayOrder puts earlier days first and "no day" last.
func dayOrder(a, b clock.Date) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

func (s *Service) readQueue(tx *store.Tx, who user.Principal, duties []duty, decides bool, q *Queue) error {
	of, ofCase := tasksOf(duties)
	if len(who.Hospitals) > 0 && len(duties) > 0 {
		if err := s.readWork(tx, who, q, of); err != nil {
			return err
		}
		waiting, err := tx.CasesWaiting(who.Hospitals, slices.Collect(maps.Keys(ofCase))...)
		if err != nil {
			return err
		}
		for _, w := range waiting {
			q.add(q.judge(QueueItem{Waiting: w, Task: ofCase[casefile.State(w.Place.State)], Due: w.PlannedOn}))
		}
		if err := s.readJoins(tx, who, q); err != nil {
			return err
		}
	}
	if decides {
		requests, err := tx.ApprovalsWaiting(nil)
		if err != nil {
			return err
		}
		for _, w := range requests {
			q.add(QueueItem{Waiting: w, Task: TaskDecide, Urgency: Soon})
		}
		overdue, err := tx.OverdueEmergencies()
		if err != nil {
			return err
		}
		for _, w := range overdue {
			q.add(QueueItem{Waiting: w, Task: TaskOverdue, Urgency: Now})
		}
	}
	if err := s.readDevices(tx, who, decides, q); err != nil {
		return err
	}
	if err := s.readExceptions(tx, who, q); err != nil {
		return err
	}
	if err := s.countQueue(tx, who, duties, decides, q); err != nil {
		return err
	}
	for _, i := range q.Items { // counted with the state both stand in
		if i.Task == TaskReturned {
			q.Counts[TaskReturned]++
			q.Counts[TaskRequest]--
		}
	}
	return nil
}

// devicesShown is how many disputes and alarms the queue shows; their own lists
// show the others.
const devicesShown = 20

// readDevices reads what waits about implants: the office decides disputes, the
// hospitals in them look at their labels, and a second clinician at alarms.
func (s *Service) readDevices(tx *store.Tx, who user.Principal, decides bool, q *Queue) error {
	signs := s.policy.Reach(who, authz.ProcedureSign).Hospitals
	if !decides && len(signs) == 0 {
		return nil
	}
	disputes, err := tx.ListDisputes(store.DisputeOpen, page.Request{Size: devicesShown})
	if err != nil {
		return err
	}
	for _, d := range disputes.Rows {
		i := QueueItem{Task: TaskDispute, Urgency: Soon, Device: d.ID, Waiting: store.Waiting{Plan: d.Piece, Since: d.At}}
		if len(d.Own) == 1 { // the office sees two records: neither is the one
			own := d.Own[0]
			i.PersonName, i.Sex, i.Birth, i.CaseNo, i.Hospital, i.Hosp = own.PersonName, own.Sex, own.Birth, own.CaseNo, own.Hospital, own.HospitalName
		}
		q.add(i)
	}
	if len(signs) == 0 {
		return nil
	}
	alarms, err := tx.ListReviewsOfParts(signs, page.Request{Size: devicesShown})
	for _, p := range alarms.Rows {
		i := QueueItem{Task: TaskAlarm, Urgency: Soon, Device: p.ID, Waiting: store.Waiting{Plan: p.Catalogue, Since: p.CreatedAt, PersonName: p.PersonName, Sex: p.Sex,
			Birth: p.Birth, CaseNo: p.CaseNo, Hospital: p.Hospital, Hosp: p.HospitalName, Treatment: p.Treatment}}
		if p.EnteredBy == who.AccountID {
			i.Urgency = Other
		}
		q.add(i)
	}
	return err
}

// readExceptions reads the operations outside of the privileges for those who
// sign; what the reader logged or led waits for somebody else.
func (s *Service) readExceptions(tx *store.Tx, who user.Principal, q *Queue) error {
	if s.door(who, authz.PrivilegeSign) != nil {
		return nil
	}
	open, err := tx.ListExceptions(s.hospitals(who, authz.PrivilegeSign), practitioner.ExceptionOpen, page.Request{Size: devicesShown})
	for _, x := range open.Rows {
		i := QueueItem{Task: TaskException, Urgency: Soon, Exception: x.ID, Waiting: store.Waiting{Plan: x.Name, Programme: x.Kind.Programme(), Since: x.CreatedAt,
			Hospital: x.Hospital, Hosp: x.HospitalName}}
		if x.EnteredBy == who.AccountID || who.PractitionerID != ident.Nil && x.Practitioner == who.PractitionerID {
			i.Urgency = Other
		}
		q.add(i)
	}
	return err
}

// readWork reads treatments in the reader's states, and those that wait for the
// office's decision as somebody else's.
func (s *Service) readWork(tx *store.Tx, who user.Principal, q *Queue, of map[treatment.State]Task) error {
	waiting, err := tx.TreatmentsWaiting(who.Hospitals, slices.Collect(maps.Keys(of))...)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		i := QueueItem{Waiting: w, Task: of[w.Place.State]}
		if i.Task == TaskRequest && w.Returned != "" {
			i.Task = TaskReturned
		}
		q.add(q.judge(i))
	}
	if s.door(who, authz.ApprovalRequest) != nil {
		return nil
	}
	asked, err := tx.ApprovalsWaiting(who.Hospitals)
	for _, w := range asked {
		q.Items = append(q.Items, QueueItem{Waiting: w, Task: TaskDecide, Urgency: Other})
	}
	return err
}

// judge finds the day by which a task is due.
func (q *Queue) judge(i QueueItem) QueueItem {
	switch i.Task {
	case TaskAdmit:
		// Approved money lies still until the patient comes in.
		if i.Due = i.PlannedOn; i.Due.IsZero() {
			i.Due = clock.DateOf(i.Since.In(clock.Shanghai)).AddDays(heldFor)
		}
	case TaskReturned: // somebody waits for the papers
		i.Due = q.Today
	case TaskOperate, TaskEligible, TaskRequest:
		i.Due = i.PlannedOn
	case TaskSettle:
		if !i.Discharged.IsZero() {
			i.Due = i.Discharged.AddDays(lateAfter)
		}
	}
	i.Urgency = Soon
	// A hospital that was asked for the other side has the next word: nothing is late here.
	if !i.Due.IsZero() && !i.Due.After(q.Today) && !i.Referred {
		i.Urgency = Now
	}
	return i
}

func (s *Service) readJoins(tx *store.Tx, who user.Principal, q *Queue) error {
	homes := s.policy.Reach(who, authz.CaseAccept).Hospitals
	if len(homes) == 0 {
		return nil
	}
	inbox, err := tx.ReferralsWaiting(homes)
	if err != nil {
		return err
	}
	for _, r := range inbox {
		other, name := r.Joiner, r.JoinerName
		if r.Kind == referral.Refer {
			other, name = r.Giver, r.GiverName
		}
		q.add(QueueItem{Task: TaskJoin, Urgency: Now, Due: r.Due, Referral: &r, Waiting: store.Waiting{Case: r.Case, CaseNo: r.CaseNo, Programme: r.Programme,
			Person: r.Person, PersonName: r.PersonName, Sex: r.Sex, Birth: r.Birth, Hospital: other, Hosp: name, Since: r.CreatedAt}})
	}
	return nil
}

func (q *Queue) add(i QueueItem) { q.Items = append(q.Items, i) }

// count takes over the whole numbers: the rows are bounded, the counts less so.
func (q *Queue) count(n store.WorkCounts, of map[treatment.State]Task, ofCase map[casefile.State]Task) {
	for st, task := range of {
		q.Counts[task] += n.Treatments[st]
	}
	for st, task := range ofCase {
		q.Counts[task] += n.Cases[st]
	}
	if n.Joins > 0 {
		q.Counts[TaskJoin] = n.Joins
	}
	for _, i := range q.Items {
		if i.Urgency == Other {
			q.Others++
		}
	}
}

// Total is how much waits for the reader.
func (q Queue) Total() int {
	n := 0
	for _, c := range q.Counts {
		n += c
	}
	return n
}

// Due is how much of it is due today or late.
func (q Queue) Due() int {
	n := 0
	for _, i := range q.Items {
		if i.Urgency == Now {
			n++
		}
	}
	return n
}
