package webui

import (
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// homeView is the first page: what waits for the reader.
type homeView struct {
	Base
	Groups   []QueueGroup
	Calm     Empty
	Drafts   []draftLine
	Messages []messageLine
	Lists    []listLine
}

// draftLine is a form begun and not sent.
type draftLine struct{ Title, Page, Saved, Href, Key string }

// listLine is a list the reader looks after beside the queue, with its length.
type listLine struct {
	Text, Href, Count string
	Due               bool // something on it is late
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
	c.Base.SetMenu("queue", func(id string) bool { return s.offers(c, id) }, map[string]MenuItem{"queue": {Count: q.Total(), Due: q.Due() > 0}, "followups": c.counts()["followups"]})
	v := newHomeView(c.Base, q, r.URL.Query().Get("task"))
	if err := s.beside(r, c, &v); err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "care/home", v)
}

// newest is how many unread messages stand beside the queue.
const newest = 3

// beside fills what stands beside the queue: what was begun, what happened, and
// the lists the reader looks after.
func (s *Server) beside(r *http.Request, c *Call, v *homeView) error {
	v.Drafts = draftLines(c.Base, c.Today)
	if s.d.Inbox != nil && c.Base.Unread > 0 {
		list, err := s.d.Inbox.Messages(r.Context(), c.Who, true, page.Request{Size: newest})
		if err != nil {
			return err
		}
		for _, m := range list.Rows {
			v.Messages = append(v.Messages, newMessageLine(c.Base, m, c.Today))
		}
	}
	d, err := s.d.Care.Desk(r.Context(), c.Who)
	v.Lists = deskLists(c.Base, d)
	return err
}

// draftLines are the reader's drafts; the name in one says whom it is about.
func draftLines(b Base, today clock.Date) (out []draftLine) {
	for _, d := range b.drafts.list {
		if d.Back == "" { // nowhere to go on
			continue
		}
		x := draftLine{Title: d.Title, Page: "", Saved: savedAt(d, today), Href: withDraft(d.Back), Key: d.Form}
		if name := strings.TrimSpace(strings.Join(d.Values["name"], "")); name != "" {
			x.Title, x.Page = name, d.Title
		}
		out = append(out, x)
	}
	return out
}

// deskLists says the lists and how long they are; an empty one is said as well,
// because "none" is an answer.
func deskLists(b Base, d care.Desk) (out []listLine) {
	add := func(when bool, key, href string, n int, due bool) {
		if when {
			count := number(n)
			if n >= deskMany {
				count = number(deskMany) + "+"
			}
			out = append(out, listLine{Text: b.T("home.list." + key), Href: href, Count: count, Due: due && n > 0})
		}
	}
	add(d.Office, "lapsed", "/approvals?state=lapsed", d.Lapsed, true)
	add(d.Office, "appeals", "/approvals?state=appeals", d.Appeals, false)
	add(d.Office, "objections", "/objections", d.Objections, false)
	add(d.Office, "reviews", "/review", d.Reviews, false)
	add(d.Follows, "overdue", "/followups?list=overdue", d.Follow.Overdue, true)
	add(d.Follows, "due", "/followups", d.Follow.Due, false)
	add(d.Plans, "second", "/second-sides", d.Second, false)
	add(d.Signs, "unsigned", "/operations?state=unsigned", d.Unsigned, false)
	add(d.Logs, "incomplete", "/operations?state=incomplete", d.Incomplete, false)
	add(d.Logs, "recheck", "/operations?state=recheck", d.Recheck, false)
	return out
}

// deskMany is where the counters beside the queue stop.
const deskMany = 100

// menuCounts is how much waits for the reader, beside the queue's entry. A page
// without its counter is better than no page: an error here is only logged.
func (s *Server) menuCounts(r *http.Request, c *Call) map[string]MenuItem {
	if s.d.Care == nil || IsFragment(r) {
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
	return map[care.Task]string{care.TaskDecide: "stamp", care.TaskOverdue: "clock", care.TaskJoin: "swap", care.TaskEligible: "file", care.TaskRequest: "stamp", care.TaskReturned: "file", care.TaskAdmit: "bed",
		care.TaskOperate: "theatre", care.TaskDischarge: "exit", care.TaskSettle: "receipt", care.TaskFinish: "check-circle", care.TaskPlan: "plus",
		care.TaskSecond: "swap", care.TaskClose: "folder", care.TaskDispute: "scan", care.TaskAlarm: "warning", care.TaskException: "stethoscope"}[t]
}

func queueRow(b Base, q care.Queue, i care.QueueItem) QueueRow {
	what := i.Plan
	switch {
	case i.Task == care.TaskSecond && i.Side.Known(): // the diagnosis names the side that is done
		what = siteText(b, i.Site, i.Side)
	case what == "":
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
	if i.Referred {
		r.Meta = append(r.Meta, b.T("home.referred"))
	}
	if i.Task == care.TaskReturned {
		r.Meta = append(r.Meta, b.T("home.returned", "reason", i.Returned))
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
