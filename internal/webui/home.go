package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// homeView is the first page: what waits for the reader.
type homeView struct {
	Base
	Groups []QueueGroup
	Calm   Empty
}

// homePage answers with the queue, or sends a role without one to the first page
// it may open.
func (s *Server) homePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	q, err := s.d.Care.Queue(r.Context(), c.Who)
	if err != nil {
		return err
	}
	if q.None {
		return seeOther(w, r, s.firstPage(c))
	}
	c.Base.SetMenu("queue", func(id string) bool { return s.offers(c, id) }, map[string]MenuItem{"queue": {Count: q.Total(), Due: q.Due() > 0}, "followups": c.counts["followups"]})
	return s.d.Engine.Render(w, r, http.StatusOK, "care/home", newHomeView(c.Base, q, r.URL.Query().Get("task")))
}

// menuCounts is how much waits for the reader, beside the queue's entry. A page
// without its counter is better than no page: an error here is only logged.
func (s *Server) menuCounts(r *http.Request, c *Call) map[string]MenuItem {
	if r.Method != http.MethodGet || s.d.Care == nil || IsFragment(r) {
		return nil
	}
	n, err := s.d.Care.Waiting(r.Context(), c.Who)
	if err != nil {
		s.d.Log.WarnContext(r.Context(), "the queue could not be counted", "error", err)
	}
	f, err := s.d.Care.FollowUpsWaiting(r.Context(), c.Who)
	if err != nil {
		s.d.Log.WarnContext(r.Context(), "follow-ups could not be counted", "error", err)
	}
	return map[string]MenuItem{"queue": {Count: n}, "followups": {Count: f.Due + f.Overdue, Due: f.Overdue > 0}}
}

// firstPage is where a role without a queue begins.
func (s *Server) firstPage(c *Call) string {
	for _, x := range []struct {
		perm authz.Permission
		href string
	}{{authz.MeasureRead, "/overview"}, {authz.ScreeningRecord, "/screenings"}, {authz.PersonRead, "/patients"}} {
		if s.can(c, x.perm) {
			return x.href
		}
	}
	return "/settings"
}

func newHomeView(b Base, q care.Queue, only string) homeView {
	b.Eyebrow = b.DayWeek(q.Today)
	b.Title = b.T("home.calm.title")
	if n := q.Total(); n > 0 {
		b.Title = b.T("home.title", "n", n)
	}
	if n := q.Due(); n > 0 {
		b.Title = b.T("home.title.due", "n", n)
	}
	b.Sub = homeSub(b, q)
	b.Tabs = homeTabs(b, q, only)
	v := homeView{Base: b, Calm: Empty{Title: b.T("home.calm"), Text: b.T("home.calm.text")}}
	if b.Register != nil {
		v.Calm.Buttons = []Button{{Text: b.Register.Text, Href: b.Register.Href, Icon: "plus"}}
	}
	heads := []string{"home.now", "home.soon", "home.other"}
	for urgency, head := range heads {
		g := QueueGroup{Title: b.T(head), Urgent: urgency == int(care.Now), Folded: urgency == int(care.Other)}
		for _, i := range q.Items {
			if int(i.Urgency) == urgency && (only == "" || only == string(i.Task)) {
				g.Rows = append(g.Rows, queueRow(b, q, i))
			}
		}
		g.Count = b.T("home.n", "n", len(g.Rows))
		if len(g.Rows) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	return v
}

// homeSub adds what the title leaves out: all of the work when the title counts
// what is due, and what waits for others.
func homeSub(b Base, q care.Queue) string {
	switch {
	case q.Due() > 0 && q.Others > 0:
		return b.T("home.sub", "n", q.Total(), "others", q.Others)
	case q.Due() > 0:
		return b.T("home.sub.all", "n", q.Total())
	case q.Others > 0:
		return b.T("home.sub.others", "n", q.Others)
	}
	return ""
}

// homeTabs leads to one kind of work; kinds without work are left out.
func homeTabs(b Base, q care.Queue, only string) []Tab {
	tabs := []Tab{{Text: b.T("home.all"), Href: "/", Count: number(q.Total()), Current: only == ""}}
	for _, t := range care.Tasks() {
		if n := q.Counts[t]; n > 0 {
			tabs = append(tabs, Tab{Text: b.T(string(t.Label()) + ".short"), Href: "/?task=" + string(t), Count: number(n), Current: only == string(t)})
		}
	}
	if len(tabs) < 3 { // one kind only: nothing to choose
		return nil
	}
	return tabs
}

// taskIcons are the symbols of the tasks.
func taskIcon(t care.Task) string {
	return map[care.Task]string{care.TaskDecide: "stamp", care.TaskOverdue: "clock", care.TaskJoin: "swap", care.TaskEligible: "file", care.TaskRequest: "stamp", care.TaskAdmit: "bed",
		care.TaskOperate: "theatre", care.TaskDischarge: "exit", care.TaskSettle: "receipt", care.TaskFinish: "check-circle", care.TaskPlan: "plus",
		care.TaskSecond: "swap", care.TaskClose: "folder", care.TaskDispute: "scan", care.TaskAlarm: "warning", care.TaskException: "stethoscope"}[t]
}

func queueRow(b Base, q care.Queue, i care.QueueItem) QueueRow {
	what := i.Plan
	if what == "" {
		what = b.T(i.Programme.Label())
	}
	r := QueueRow{Icon: taskIcon(i.Task), Title: b.T("home.row", "task", b.T(string(i.Task.Label())), "what", what), Href: taskHref(i),
		Meta: []string{i.PersonName, identity(b, i.Sex, i.Birth, q.Today)}, Side: sides(q.Sides).of(i.Hospital), Place: i.Hosp,
		Overdue: i.Urgency == care.Now, Due: dueText(b, i.Due, q.Today), Reason: waitedDays(b, q.Today.DaysSince(clock.DateOf(i.Since.In(clock.Shanghai))))}
	if i.PersonName == "" {
		r.Meta = nil
	}
	if i.Tail != "" {
		r.Meta = append(r.Meta, MaskID(i.Tail))
	}
	if i.CaseNo != "" {
		r.Meta = append(r.Meta, i.CaseNo)
	}
	if i.Amount > 0 {
		r.Meta = append(r.Meta, b.Yuan(i.Amount))
	}
	r.Action = Button{Text: b.T(string(i.Task.Label()) + ".do"), Href: r.Href}
	if i.Urgency == care.Other && i.Treatment != ident.Nil {
		r.Action = Button{Text: b.T("link.open"), Href: "/treatments/" + i.Treatment.String()}
		r.Href = r.Action.Href
	}
	return r
}

// waitedDays says how long something has waited, counted in calendar days.
func waitedDays(b Base, days int) string {
	if days <= 0 {
		return b.T("home.waited.today")
	}
	return b.T("home.waited", "n", days)
}

// dueText says how a day lies to today: today, n days late, or the day.
func dueText(b Base, due, today clock.Date) string {
	switch {
	case due.IsZero():
		return ""
	case due == today:
		return b.T("home.today")
	case due.Before(today):
		return b.T("home.late", "n", today.DaysSince(due))
	}
	return due.String()
}

// taskHref is the page on which the task is done.
func taskHref(i care.QueueItem) string {
	t := "/treatments/" + i.Treatment.String()
	switch i.Task {
	case care.TaskDecide:
		return "/approvals/" + i.Approval.String()
	case care.TaskOverdue:
		return t + "/steps/" + string(treatment.MarkOverdue)
	case care.TaskJoin:
		if i.Referral != nil {
			return "/referrals/" + i.Referral.ID.String()
		}
		return "/referrals"
	case care.TaskDispute:
		return "/disputes/" + i.Device.String()
	case care.TaskAlarm:
		return "/parts/" + i.Device.String() + "/review"
	case care.TaskException:
		return "/exceptions/" + i.Exception.String()
	case care.TaskPlan, care.TaskSecond:
		return "/cases/" + i.Case.String() + "/treatments/new"
	case care.TaskClose:
		return "/cases/" + i.Case.String() + "/close"
	case care.TaskAdmit:
		return t + "/steps/" + string(treatment.Admit)
	case care.TaskOperate:
		return t + "/operations/new"
	case care.TaskDischarge:
		return t + "/steps/" + string(treatment.Discharge)
	case care.TaskSettle:
		return t + "/settlement/new"
	}
	return t
}
