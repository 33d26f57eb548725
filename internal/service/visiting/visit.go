package visiting

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The records of a mission.
type (
	// Visit is a mission.
	Visit = store.Visit
	// Member is one of its roster.
	Member = store.VisitMember
	// Entry is one case of its list.
	Entry = store.VisitEntry
	// Operation is what was done in it.
	Operation = store.VisitOperation
	// Handover says who looks after a patient afterwards.
	Handover = store.VisitHandover
	// Supply is what was used.
	Supply = store.VisitSupply
	// Patient is the little of a patient a list shows.
	Patient = store.Patient
	// Surgeon is a doctor of a hospital, own or posted there.
	Surgeon = store.Surgeon
)

// Visits is a page of missions.
type Visits struct {
	page.Result[Visit]
	Sides map[ident.ID]user.Side
	Edit  bool
	Today clock.Date
}

// Visits lists the missions to the reader's hospitals.
func (s *Service) Visits(ctx context.Context, who user.Principal, state visit.State, req page.Request) (Visits, error) {
	var out Visits
	if err := s.door(who, authz.VisitRead); err != nil {
		return out, err
	}
	out.Edit = s.door(who, authz.VisitEdit) == nil
	if !slices.Contains(visit.States(), state) {
		state = ""
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("a list of missions names no patient")
		out.Today = tx.Today()
		if out.Result, err = tx.ListVisits(s.hospitals(who, authz.VisitRead), state, req); err != nil {
			return err
		}
		out.Sides, err = tx.SidesOf()
		return err
	})
	return out, err
}

// VisitLine is a line of the list with its patient and what came of it.
type VisitLine struct {
	visit.Line
	Entry     *Entry
	Operation *Operation
	Patient   store.Patient
	Case      ident.ID
	Owner     *Handover
}

// Clash is a time at which a member is bound at another hospital as well. It
// says when, not where.
type Clash struct {
	Name   string
	Busy   visit.Busy
	Roster bool // the whole stay clashes, not one case of the list
}

// VisitView is one mission with everything its page and its report show.
type VisitView struct {
	Visit
	Roster   []Member
	Days     []visit.Attendance
	Lines    []VisitLine
	Supplies []Supply
	Teaching []Teaching
	Clashes  []Clash
	Doctors  []store.Surgeon // of the hospital: own and posted
	Unowned  int             // patients nobody took over yet
	Sides    map[ident.ID]user.Side
	Edit     bool // the reader may change it, and it is open
	Hand     bool // the reader may hand patients over, also of a closed one
	Cases    bool // the reader may see the patients
	Today    clock.Date
}

// Local are the hospital's own doctors, who take patients over.
func (v VisitView) Local() []store.Surgeon {
	return slices.DeleteFunc(slices.Clone(v.Doctors), func(d store.Surgeon) bool { return d.HomeOrg != v.Hospital })
}

// ServiceDays are the days of service of all members together.
func (v VisitView) ServiceDays() int {
	n := 0
	for _, m := range v.Roster {
		n += visit.ServiceDays(v.Days, m.Practitioner)
	}
	return n
}

// Count is how many lines came to an outcome.
func (v VisitView) Count(o visit.Outcome) int {
	n := 0
	for _, l := range v.Lines {
		if l.Outcome == o {
			n++
		}
	}
	return n
}

// Visit reads one mission.
func (s *Service) Visit(ctx context.Context, who user.Principal, id ident.ID) (VisitView, error) {
	return s.visit(ctx, who, id, audit.Event{Action: audit.VisitRead, ObjectKind: audit.ObjectVisit, ObjectID: id})
}

// Report reads one mission for its printed report.
func (s *Service) Report(ctx context.Context, who user.Principal, id ident.ID) (VisitView, error) {
	return s.visit(ctx, who, id, audit.Event{Action: audit.FormPrint, ObjectKind: audit.ObjectVisit, ObjectID: id, Detail: map[string]any{"form": "visit_report"}})
}

func (s *Service) visit(ctx context.Context, who user.Principal, id ident.ID, event audit.Event) (VisitView, error) {
	var v VisitView
	if err := s.door(who, authz.VisitRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(event)
		v.Today = tx.Today()
		if v.Visit, err = tx.VisitByID(id); err != nil {
			return err
		}
		if s.at(who, authz.VisitRead, v.Hospital) != nil {
			return errs.Missing("error.visit.missing")
		}
		v.Cases = s.can(who, authz.CaseRead, v.Hospital)
		v.Edit = s.can(who, authz.VisitEdit, v.Hospital) && v.State == visit.Planned
		v.Hand = s.can(who, authz.VisitEdit, v.Hospital) && v.State != visit.Cancelled
		if err := readRoster(tx, &v); err != nil {
			return err
		}
		if err := readLines(tx, &v); err != nil {
			return err
		}
		if v.Clashes, err = readClashes(tx, v); err != nil {
			return err
		}
		v.Sides, err = tx.SidesOf()
		return err
	}, store.OneInstant())
	for i := range v.Lines {
		v.Lines[i].Patient.Name = s.name(who, v.Lines[i].Patient.Name)
		if !v.Cases { // what was planned and done, not for whom
			v.Lines[i].Patient, v.Lines[i].Case = store.Patient{}, ident.Nil
		}
	}
	return v, err
}

func readRoster(tx *store.Tx, v *VisitView) (err error) {
	if v.Roster, err = tx.VisitMembers(v.ID); err != nil {
		return err
	}
	if v.Days, err = tx.VisitDays(v.ID); err != nil {
		return err
	}
	if v.Supplies, err = tx.VisitSupplies(v.ID); err != nil {
		return err
	}
	if v.Teaching, err = tx.TeachingOf(v.ID); err != nil {
		return err
	}
	v.Doctors, err = tx.SurgeonsAt(v.Hospital, v.From)
	return err
}

// ledger is the list, the operations and the handovers of a mission, joined.
type ledger struct {
	entries  []Entry
	done     []Operation
	handed   []Handover
	lines    []visit.Line
	owners   map[ident.ID]ident.ID
	finished []visit.Done
}

func readLedger(tx *store.Tx, v Visit, roster []Member) (b ledger, err error) {
	if b.entries, err = tx.VisitEntries(v.ID); err != nil {
		return b, err
	}
	if b.done, err = tx.VisitOperations(v, roster); err != nil {
		return b, err
	}
	if b.handed, err = tx.VisitHandovers(v.ID); err != nil {
		return b, err
	}
	planned := make([]visit.Entry, len(b.entries))
	for i, e := range b.entries {
		planned[i] = e.Entry
	}
	b.finished = make([]visit.Done, len(b.done))
	for i, d := range b.done {
		b.finished[i] = d.Done()
	}
	b.owners = map[ident.ID]ident.ID{}
	for _, h := range b.handed {
		b.owners[h.Case] = h.Owner
	}
	b.lines = visit.Reconcile(planned, b.finished)
	return b, nil
}

func readLines(tx *store.Tx, v *VisitView) error {
	b, err := readLedger(tx, v.Visit, v.Roster)
	if err != nil {
		return err
	}
	v.Unowned = len(visit.Unowned(b.finished, b.owners))
	for _, l := range b.lines {
		x := VisitLine{Line: l}
		if l.Entry != nil {
			i := slices.IndexFunc(b.entries, func(e Entry) bool { return e.ID == l.Entry.ID })
			x.Entry, x.Patient, x.Case = &b.entries[i], b.entries[i].Patient, l.Entry.Case
		}
		if l.Done != nil {
			i := slices.IndexFunc(b.done, func(o Operation) bool { return o.Procedure == l.Done.Procedure })
			x.Operation, x.Patient, x.Case = &b.done[i], b.done[i].Patient, l.Done.Case
		}
		if i := slices.IndexFunc(b.handed, func(h Handover) bool { return h.Case == x.Case }); i >= 0 {
			x.Owner = &b.handed[i]
		}
		v.Lines = append(v.Lines, x)
	}
	return nil
}

// readClashes finds the members and the cases of the list that are bound at
// another hospital at the same time. It warns and never blocks.
func readClashes(tx *store.Tx, v VisitView) ([]Clash, error) {
	if v.State != visit.Planned {
		return nil, nil
	}
	var out []Clash
	for _, m := range v.Roster {
		others, err := tx.BusyAt(m.Practitioner, v.From.Start(), v.To.AddDays(1).Start())
		if err != nil {
			return nil, err
		}
		for _, c := range v.Span(m.Practitioner, m.ID).Clashes(others) {
			out = append(out, Clash{Name: m.Name, Busy: c, Roster: true})
		}
	}
	for _, l := range v.Lines {
		if l.Entry == nil || l.Outcome != visit.OutcomeOpen {
			continue
		}
		slot, ok := v.Slot(l.Entry.Entry)
		if !ok {
			continue // without an hour
		}
		others, err := tx.BusyAt(slot.Practitioner, slot.From, slot.To)
		if err != nil {
			return nil, err
		}
		for _, c := range slot.Clashes(others) {
			out = append(out, Clash{Name: l.Entry.SurgeonName, Busy: c})
		}
	}
	return out, nil
}

// SaveVisit plans a mission (without an id) or changes its title, days and note.
func (s *Service) SaveVisit(ctx context.Context, who user.Principal, m visit.Mission, key Key) (ident.ID, error) {
	if err := s.door(who, authz.VisitEdit); err != nil {
		return ident.Nil, err
	}
	m, action, fresh := m.Clean(), audit.VisitEdit, m.ID == ident.Nil
	if fresh {
		m.ID, action, m.State = ident.New(), audit.VisitPlan, visit.Planned
	}
	event := audit.Event{Action: action, ObjectKind: audit.ObjectVisit, ObjectID: m.ID, Detail: map[string]any{"from": m.From.String(), "to": m.To.String()}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (ident.ID, error) {
		var lines []visit.Line
		if !fresh {
			old, err := s.openVisit(tx, who, m.ID)
			if err != nil {
				return ident.Nil, err
			}
			m.Hospital, m.State = old.Hospital, old.State
			if lines, err = linesOf(tx, old); err != nil {
				return ident.Nil, err
			}
		}
		if m.Hospital != ident.Nil && s.at(who, authz.VisitEdit, m.Hospital) != nil {
			return ident.Nil, errs.Missing("error.visit.missing")
		}
		if err := m.Check(); err != nil {
			return ident.Nil, err
		}
		if fresh {
			if err := tx.OfPartnership("hospital", m.Hospital); err != nil {
				return ident.Nil, err
			}
			return m.ID, tx.InsertVisit(m)
		}
		if err := m.Keeps(lines); err != nil {
			return ident.Nil, err
		}
		if err := tx.UpdateVisit(m); err != nil {
			return ident.Nil, err
		}
		return m.ID, s.keepRosterBusy(tx, m)
	})
}

// linesOf is the list of a mission joined with what was done.
func linesOf(tx *store.Tx, v Visit) ([]visit.Line, error) {
	roster, err := tx.VisitMembers(v.ID)
	if err != nil {
		return nil, err
	}
	b, err := readLedger(tx, v, roster)
	return b.lines, err
}

// keepRosterBusy moves the time of every member to the mission's days.
func (s *Service) keepRosterBusy(tx *store.Tx, m visit.Mission) error {
	members, err := tx.VisitMembers(m.ID)
	for _, x := range members {
		if err := tx.KeepBusy(m.Span(x.Practitioner, x.ID)); err != nil {
			return err
		}
	}
	return err
}

// openVisit reads a mission the caller may change, holds it and refuses when it
// has ended.
func (s *Service) openVisit(tx *store.Tx, who user.Principal, id ident.ID) (Visit, error) {
	v, err := s.heldVisit(tx, who, id)
	if err != nil {
		return v, err
	}
	return v, v.Open()
}

// heldVisit reads a mission the caller may change and holds it.
func (s *Service) heldVisit(tx *store.Tx, who user.Principal, id ident.ID) (Visit, error) {
	v, err := tx.VisitForUpdate(id)
	if err == nil && s.at(who, authz.VisitEdit, v.Hospital) != nil {
		return v, errs.Missing("error.visit.missing")
	}
	return v, err
}

// change is one change inside a mission: the mission is held and open.
func (s *Service) change(ctx context.Context, who user.Principal, key Key, event audit.Event, fn func(*store.Tx, Visit) error) error {
	if err := s.door(who, authz.VisitEdit); err != nil {
		return err
	}
	event.ObjectKind = audit.ObjectVisit
	_, err := write(ctx, s, who, key, event, func(tx *store.Tx) (struct{}, error) {
		v, err := s.openVisit(tx, who, event.ObjectID)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, fn(tx, v)
	})
	return err
}

// End closes or cancels a mission.
type End struct {
	Visit   ident.ID
	Version int64
	Reason  string // of a cancellation
}

// Close ends a mission: every patient who was operated on has a doctor of the
// hospital, and every case of the list was done or cancelled.
func (s *Service) Close(ctx context.Context, who user.Principal, in End, key Key) error {
	return s.change(ctx, who, key, audit.Event{Action: audit.VisitClose, ObjectID: in.Visit}, func(tx *store.Tx, v Visit) error {
		roster, err := tx.VisitMembers(v.ID)
		if err != nil {
			return err
		}
		b, err := readLedger(tx, v, roster)
		if err != nil {
			return err
		}
		if err := v.Mission.Close(b.lines, b.owners, tx.Today()); err != nil {
			return err
		}
		return s.end(tx, v, in, visit.Closed)
	})
}

// Cancel calls a mission off, with a reason.
func (s *Service) Cancel(ctx context.Context, who user.Principal, in End, key Key) error {
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	checkText(&f, "reason", in.Reason, true)
	return s.change(ctx, who, key, audit.Event{Action: audit.VisitCancel, ObjectID: in.Visit}, func(tx *store.Tx, v Visit) error {
		if err := f.Err(); err != nil {
			return err
		}
		roster, err := tx.VisitMembers(v.ID)
		if err != nil {
			return err
		}
		b, err := readLedger(tx, v, roster)
		if err != nil {
			return err
		}
		if err := v.Mission.Cancel(b.finished); err != nil {
			return err
		}
		return s.end(tx, v, in, visit.Cancelled)
	})
}

func (s *Service) end(tx *store.Tx, v Visit, in End, state visit.State) error {
	if err := tx.SameVersion(v.Version, in.Version); err != nil {
		return err
	}
	v.State, v.Reason = state, in.Reason
	if err := tx.UpdateVisit(v.Mission); err != nil {
		return err
	}
	if state == visit.Closed {
		return nil // where the doctors were stays on record
	}
	return releaseAll(tx, v.ID)
}

// releaseAll forgets the times of a mission that was called off.
func releaseAll(tx *store.Tx, id ident.ID) error {
	members, err := tx.VisitMembers(id)
	if err != nil {
		return err
	}
	entries, err := tx.VisitEntries(id)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := tx.ReleaseBusy(m.ID); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := tx.ReleaseBusy(e.ID); err != nil {
			return err
		}
	}
	return nil
}
