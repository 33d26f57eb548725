package visit

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// State is where a mission stands.
type State string

// The states. A mission is closed when every patient has somebody to look after
// them, and cancelled only before anybody was operated on.
const (
	Planned   State = "planned"
	Closed    State = "closed"
	Cancelled State = "cancelled"
)

// States lists the states.
func States() []State { return []State{Planned, Closed, Cancelled} }

// Label is the message key of the state.
func (s State) Label() string { return "visit.state." + string(s) }

// Duty is what a member of a mission is there for.
type Duty string

// The duties.
const (
	DutySurgeon      Duty = "surgeon"
	DutyAnaesthetist Duty = "anaesthetist"
	DutyNurse        Duty = "nurse"
	DutyCoordinator  Duty = "coordinator"
)

// Duties lists the duties.
func Duties() []Duty { return []Duty{DutySurgeon, DutyAnaesthetist, DutyNurse, DutyCoordinator} }

// Label is the message key of the duty.
func (d Duty) Label() string { return "visit.duty." + string(d) }

// Known reports whether d is one of the duties.
func (d Duty) Known() bool {
	return d == DutySurgeon || d == DutyAnaesthetist || d == DutyNurse || d == DutyCoordinator
}

// DayPart is how much of a day a member served.
type DayPart string

// The parts of a day. A day of travel is on record and is no day of service.
const (
	FullDay   DayPart = "full"
	HalfDay   DayPart = "half"
	TravelDay DayPart = "travel"
	NoDay     DayPart = "none" // entered by mistake
)

// DayParts lists the parts.
func DayParts() []DayPart { return []DayPart{FullDay, HalfDay, TravelDay, NoDay} }

// Label is the message key of the part.
func (p DayPart) Label() string { return "visit.day." + string(p) }

// Known reports whether p is one of the parts.
func (p DayPart) Known() bool {
	return p == FullDay || p == HalfDay || p == TravelDay || p == NoDay
}

// Attendance is one day of one member.
type Attendance struct {
	Practitioner ident.ID
	On           clock.Date
	Part         DayPart
}

// ServiceDays counts the days a member served: distinct dates, whole or half. A
// day of travel counts nothing.
func ServiceDays(days []Attendance, member ident.ID) int {
	seen := map[clock.Date]bool{}
	for _, d := range days {
		if d.Practitioner == member && (d.Part == FullDay || d.Part == HalfDay) {
			seen[d.On] = true
		}
	}
	return len(seen)
}

// Mission is one visit (支医任务): some doctors at one hospital between two days.
type Mission struct {
	ID       ident.ID
	Hospital ident.ID
	Title    string
	From, To clock.Date
	State    State
	Reason   string // why it was cancelled
	Note     string // for the report
	Version  int64
}

const (
	maxTitle = 60
	maxNote  = 2000
	// MaxDays bounds a mission against a slip in the year; longer stays are
	// postings.
	MaxDays = 366
)

// Clean trims what was typed.
func (m Mission) Clean() Mission {
	m.Title, m.Note = strings.Join(strings.Fields(m.Title), " "), strings.TrimSpace(m.Note)
	return m
}

// Check returns nil or the wrong fields.
func (m Mission) Check() error {
	var f errs.Fields
	switch n := utf8.RuneCountInString(m.Title); {
	case n == 0:
		f.Add("title", "form.error.missing")
	case n > maxTitle:
		f.Add("title", "form.error.long", "max", maxTitle)
	}
	if m.Hospital == ident.Nil {
		f.Add("hospital", "form.error.pick")
	}
	switch {
	case m.From.IsZero():
		f.Add("from", "form.error.missing")
	case m.To.IsZero():
		f.Add("to", "form.error.missing")
	case m.To.Before(m.From):
		f.Add("to", "error.period.reversed")
	case m.To.DaysSince(m.From) >= MaxDays:
		f.Add("to", "error.visit.mission_long", "days", MaxDays)
	}
	if utf8.RuneCountInString(m.Note) > maxNote {
		f.Add("note", "form.error.long", "max", maxNote)
	}
	return f.Err()
}

// Has reports whether a day is in the mission; the first and the last are.
func (m Mission) Has(day clock.Date) bool { return !day.Before(m.From) && !day.After(m.To) }

// Keeps refuses new days that would leave out what was done or is planned: a
// patient must not drop out of a mission by a change of its dates.
func (m Mission) Keeps(lines []Line) error {
	var f errs.Fields
	for _, l := range lines {
		on := clock.Date{}
		switch {
		case l.Done != nil:
			on = l.Done.On
		case l.Outcome == OutcomeOpen:
			on = l.Entry.On
		default:
			continue
		}
		if on.Before(m.From) && !f.Has("from") {
			f.Add("from", "error.visit.leaves_out", "on", on)
		}
		if on.After(m.To) && !f.Has("to") {
			f.Add("to", "error.visit.leaves_out", "on", on)
		}
	}
	return f.Err()
}

// Open refuses a change to a mission that is closed or cancelled.
func (m Mission) Open() error {
	if m.State == Planned {
		return nil
	}
	return errs.Refuse("visit.ended", "error.visit.ended", errs.Args{"state": errs.Key(m.State.Label())}, "remedy.visit.new")
}

// Entry is one case of the planned list. Start is minutes after midnight; both
// times are zero when only the day is known.
type Entry struct {
	ID             ident.ID
	Case           ident.ID
	Kind           procedure.Kind
	Side           procedure.Side
	Surgeon        ident.ID // optional
	On             clock.Date
	Start, Minutes int
	Place          int    // in the list of the day; 0: none was given
	Note           string // what to bear in mind
	Cancelled      bool
	Reason         string // why it was cancelled
	Version        int64
}

// Check returns nil or the wrong fields of an entry of a mission.
func (e Entry) Check(m Mission) error {
	var f errs.Fields
	if e.Case == ident.Nil {
		f.Add("case", "form.error.missing")
	}
	switch {
	case !e.Kind.Known():
		f.Add("kind", "form.error.pick")
	case e.Kind.Programme() != procedure.Coronary && !e.Side.Known():
		f.Add("side", "form.error.pick")
	case e.Kind.Programme() == procedure.Coronary && e.Side != "":
		f.Add("side", "error.procedure.side_none")
	}
	switch {
	case e.On.IsZero():
		f.Add("on", "form.error.missing")
	case !m.Has(e.On):
		f.Add("on", "error.visit.outside_days", "from", m.From, "to", m.To)
	}
	if e.Minutes < 0 || e.Minutes > 24*60 || e.Start < 0 || e.Start >= 24*60 || e.Start > 0 && e.Minutes == 0 {
		f.Add("minutes", "error.visit.minutes")
	}
	if e.Place < 0 || e.Place > MaxPlace {
		f.Add("place", "form.error.between", "low", 1, "high", MaxPlace)
	}
	if len([]rune(e.Note)) > MaxNote {
		f.Add("note", "form.error.long", "max", MaxNote)
	}
	return f.Err()
}

// MaxPlace bounds the list of a day, MaxNote what is said about one operation.
const (
	MaxPlace = 99
	MaxNote  = 500
)

// Timed reports whether the hour is known.
func (e Entry) Timed() bool { return e.Minutes > 0 }

// Done is an operation that was done in a mission.
type Done struct {
	Procedure ident.ID
	Case      ident.ID
	Kind      procedure.Kind
	Side      procedure.Side
	On        clock.Date
}

// Outcome is what became of an entry of the list.
type Outcome string

// The outcomes. Unplanned are operations that stood on no list.
const (
	OutcomeOpen      Outcome = "open"
	OutcomeDone      Outcome = "done"
	OutcomeCancelled Outcome = "cancelled"
	OutcomeUnplanned Outcome = "unplanned"
)

// Outcomes lists the outcomes.
func Outcomes() []Outcome {
	return []Outcome{OutcomeOpen, OutcomeDone, OutcomeCancelled, OutcomeUnplanned}
}

// Label is the message key of the outcome.
func (o Outcome) Label() string { return "visit.outcome." + string(o) }

// Line is one entry with the operation that came of it, or an operation alone.
type Line struct {
	Entry   *Entry
	Done    *Done
	Outcome Outcome
}

// Reconcile joins the planned list with what was done. Nobody types what was
// done: it is what the operation records say. An operation belongs to the entry
// of its case with the same kind and side, or else with the same side, or else
// to any entry of its case, for plans do change at the table.
func Reconcile(planned []Entry, done []Done) []Line {
	taken := make([]bool, len(done))
	lines := make([]Line, len(planned))
	for i := range planned {
		lines[i] = Line{Entry: &planned[i], Outcome: OutcomeOpen}
		if planned[i].Cancelled {
			lines[i].Outcome = OutcomeCancelled
		}
	}
	for _, fits := range []func(Entry, Done) bool{
		func(e Entry, d Done) bool { return e.Kind == d.Kind && e.Side == d.Side },
		func(e Entry, d Done) bool { return e.Side == d.Side },
		func(Entry, Done) bool { return true },
	} {
		for i := range lines {
			if lines[i].Outcome != OutcomeOpen {
				continue
			}
			for j := range done {
				if !taken[j] && done[j].Case == planned[i].Case && fits(planned[i], done[j]) {
					taken[j], lines[i].Done, lines[i].Outcome = true, &done[j], OutcomeDone
					break
				}
			}
		}
	}
	for j := range done {
		if !taken[j] {
			lines = append(lines, Line{Done: &done[j], Outcome: OutcomeUnplanned})
		}
	}
	return lines
}

// Unowned are the patients (by case) who were operated on and whom nobody of the
// hospital has taken over, each once.
func Unowned(done []Done, owners map[ident.ID]ident.ID) []ident.ID {
	var out []ident.ID
	seen := map[ident.ID]bool{}
	for _, d := range done {
		if owners[d.Case] == ident.Nil && !seen[d.Case] {
			seen[d.Case] = true
			out = append(out, d.Case)
		}
	}
	return out
}

// Close refuses to close a mission that still has a patient nobody looks after,
// or an entry that was neither done nor cancelled with a reason.
func (m Mission) Close(lines []Line, owners map[ident.ID]ident.ID, today clock.Date) error {
	if err := m.Open(); err != nil {
		return err
	}
	if today.Before(m.From) {
		return errs.Refuse("visit.not_begun", "error.visit.not_begun", errs.Args{"from": m.From}, "remedy.visit.cancel")
	}
	var done []Done
	open := 0
	for _, l := range lines {
		if l.Done != nil {
			done = append(done, *l.Done)
		}
		if l.Outcome == OutcomeOpen {
			open++
		}
	}
	if n := len(Unowned(done, owners)); n > 0 {
		return errs.Refuse("visit.handover", "error.visit.not_handed", errs.Args{"n": n}, "remedy.visit.hand_over")
	}
	if open > 0 {
		return errs.Refuse("visit.list_open", "error.visit.list_open", errs.Args{"n": open}, "remedy.visit.list_open")
	}
	return nil
}

// Cancel refuses to cancel a mission in which somebody was operated on.
func (m Mission) Cancel(done []Done) error {
	if err := m.Open(); err != nil {
		return err
	}
	if len(done) > 0 {
		return errs.Refuse("visit.has_operations", "error.visit.has_operations", errs.Args{"n": len(done)}, "remedy.visit.close")
	}
	return nil
}

// Busy is a time a doctor is bound somewhere: a mission, or a case of a list.
type Busy struct {
	Practitioner ident.ID
	Organisation ident.ID
	Source       ident.ID // of the roster or the list
	From, To     time.Time
	Exact        bool // the hours of one case; otherwise the days of a stay
}

// Clashes are the times that put the doctor at another hospital at the same
// time: stays with stays, cases with cases. It is a warning: two hospitals may lie in one street, but the office
// should know.
func (b Busy) Clashes(others []Busy) []Busy {
	var out []Busy
	for _, o := range others {
		if o.Practitioner == b.Practitioner && o.Organisation != b.Organisation && o.Source != b.Source && o.Exact == b.Exact && b.From.Before(o.To) && o.From.Before(b.To) {
			out = append(out, o)
		}
	}
	return out
}

// Span is the time a mission binds a member: the whole of its days.
func (m Mission) Span(member, source ident.ID) Busy {
	return Busy{Practitioner: member, Organisation: m.Hospital, Source: source, From: m.From.Start(), To: m.To.AddDays(1).Start()}
}

// Slot is the time an entry binds its surgeon; false when the hour or the
// surgeon is not known.
func (m Mission) Slot(e Entry) (Busy, bool) {
	if !e.Timed() || e.Surgeon == ident.Nil {
		return Busy{}, false
	}
	from := e.On.Start().Add(time.Duration(e.Start) * time.Minute)
	return Busy{Practitioner: e.Surgeon, Organisation: m.Hospital, Source: e.ID, From: from, To: from.Add(time.Duration(e.Minutes) * time.Minute), Exact: true}, true
}
