package visiting

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// MemberInput adds somebody to a roster, or takes a member off.
type MemberInput struct {
	Visit        ident.ID
	Practitioner ident.ID
	Duty         visit.Duty
	Remove       ident.ID // of the member; then the rest is ignored
}

// ChangeRoster adds a member to a mission or takes one off.
func (s *Service) ChangeRoster(ctx context.Context, who user.Principal, in MemberInput, key Key) error {
	event := audit.Event{Action: audit.VisitEdit, ObjectID: in.Visit, Detail: map[string]any{"part": "roster"}}
	return s.change(ctx, who, key, event, func(tx *store.Tx, v Visit) error {
		roster, err := tx.VisitMembers(v.ID)
		if err != nil {
			return err
		}
		if in.Remove != ident.Nil {
			return removeMember(tx, v, roster, in.Remove)
		}
		var f errs.Fields
		if !in.Duty.Known() {
			f.Add("duty", "form.error.pick")
		}
		if in.Practitioner == ident.Nil {
			f.Add("practitioner", "form.error.pick")
		} else if _, err := tx.PractitionerByID(in.Practitioner); err != nil {
			f.Add("practitioner", "form.error.pick")
		}
		if slices.ContainsFunc(roster, func(m Member) bool { return m.Practitioner == in.Practitioner }) {
			f.Add("practitioner", "error.visit.member_twice")
		}
		if err := f.Err(); err != nil {
			return err
		}
		m := Member{ID: ident.New(), Practitioner: in.Practitioner, Duty: in.Duty}
		if err := tx.InsertVisitMember(v, m); err != nil {
			return err
		}
		return tx.KeepBusy(v.Span(m.Practitioner, m.ID))
	})
}

// removeMember takes a member off the roster, unless a patient would drop out of
// the mission with the member.
func removeMember(tx *store.Tx, v Visit, roster []Member, id ident.ID) error {
	rest := slices.DeleteFunc(slices.Clone(roster), func(m Member) bool { return m.ID == id })
	before, err := tx.VisitOperations(v, roster)
	if err != nil {
		return err
	}
	after, err := tx.VisitOperations(v, rest)
	if err != nil {
		return err
	}
	if n := len(before) - len(after); n > 0 {
		return errs.Refuse("visit.member_operated", "error.visit.member_operated", errs.Args{"n": n}, "remedy.visit.hand_over")
	}
	if err := tx.RemoveVisitMember(v.ID, id); err != nil {
		return err
	}
	return tx.ReleaseBusy(id)
}

// EntryInput puts a case on the list of a mission, by the number of the case.
type EntryInput struct {
	Visit  ident.ID
	CaseNo string
	Entry  visit.Entry
}

// PlanCase puts a case on the list. Only cases the hospital takes part in can
// stand there.
func (s *Service) PlanCase(ctx context.Context, who user.Principal, in EntryInput, key Key) error {
	event := audit.Event{Action: audit.VisitEdit, ObjectID: in.Visit, Detail: map[string]any{"part": "list"}}
	return s.change(ctx, who, key, event, func(tx *store.Tx, v Visit) error {
		e := in.Entry
		e.ID = ident.New()
		var f errs.Fields
		var err error
		if no := strings.ToUpper(strings.TrimSpace(in.CaseNo)); no != "" {
			c, err := tx.CaseByNo(no)
			if err == nil {
				var here bool
				if here, err = tx.TakesPart(c.ID, v.Hospital); err == nil && here {
					e.Case = c.ID
				}
			}
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			if e.Case == ident.Nil {
				f.Add("case", "error.visit.case_unknown")
			}
		}
		if e, err = fits(tx, v, e, f); err != nil {
			return err
		}
		if err := tx.InsertVisitEntry(v, e); err != nil {
			return err
		}
		if slot, ok := v.Slot(e); ok {
			return tx.KeepBusy(slot)
		}
		return nil
	})
}

// fits names what is wrong with a planned operation beside what was found
// already.
func fits(tx *store.Tx, v Visit, e visit.Entry, f errs.Fields) (visit.Entry, error) {
	e.Note = strings.TrimSpace(e.Note)
	roster, err := tx.VisitMembers(v.ID)
	if err != nil {
		return e, err
	}
	if e.Surgeon != ident.Nil && !slices.ContainsFunc(roster, func(m Member) bool { return m.Practitioner == e.Surgeon }) {
		f.Add("surgeon", "error.visit.not_in_roster")
	}
	if err := e.Check(v.Mission); err != nil {
		for _, x := range errs.Of(err).Fields {
			if !f.Has(x.Path) {
				f = append(f, x)
			}
		}
	}
	return e, f.Err()
}

// ReplanInput changes day, hour, place, surgeon and note of a planned operation.
// Patient and operation stay: another one is another entry.
type ReplanInput struct {
	Visit ident.ID
	Entry visit.Entry // with its version
}

// ReplanCase changes a planned operation. What was done or cancelled stays.
func (s *Service) ReplanCase(ctx context.Context, who user.Principal, in ReplanInput, key Key) error {
	event := audit.Event{Action: audit.VisitEdit, ObjectID: in.Visit, Detail: map[string]any{"part": "list_changed", "entry": in.Entry.ID, "on": in.Entry.On.String()}}
	return s.change(ctx, who, key, event, func(tx *store.Tx, v Visit) error {
		entries, err := tx.VisitEntries(v.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.ID == in.Entry.ID })
		if i < 0 {
			return errs.Missing("error.visit.entry_missing")
		}
		e := entries[i].Entry
		if e.Cancelled {
			return errs.Refuse("visit.entry_cancelled", "error.visit.entry_cancelled", nil, "fund.remedy.reload")
		}
		if err := tx.SameVersion(e.Version, in.Entry.Version); err != nil {
			return err
		}
		e.On, e.Start, e.Minutes, e.Place, e.Surgeon, e.Note = in.Entry.On, in.Entry.Start, in.Entry.Minutes, in.Entry.Place, in.Entry.Surgeon, in.Entry.Note
		if e, err = fits(tx, v, e, nil); err != nil {
			return err
		}
		if err := tx.UpdateVisitEntry(e); err != nil {
			return err
		}
		if err := tx.ReleaseBusy(e.ID); err != nil {
			return err
		}
		if slot, ok := v.Slot(e); ok {
			return tx.KeepBusy(slot)
		}
		return nil
	})
}

// CancelInput takes a case off the list.
type CancelInput struct {
	Visit, Entry ident.ID
	Version      int64
	Reason       string
}

// CancelCase takes a case off the list, with a reason.
func (s *Service) CancelCase(ctx context.Context, who user.Principal, in CancelInput, key Key) error {
	event := audit.Event{Action: audit.VisitEdit, ObjectID: in.Visit, Detail: map[string]any{"part": "list_cancelled"}}
	return s.change(ctx, who, key, event, func(tx *store.Tx, v Visit) error {
		var f errs.Fields
		in.Reason = strings.TrimSpace(in.Reason)
		checkText(&f, "reason", in.Reason, true)
		if err := f.Err(); err != nil {
			return err
		}
		entries, err := tx.VisitEntries(v.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.ID == in.Entry })
		if i < 0 {
			return errs.Missing("error.visit.entry_missing")
		}
		e := entries[i].Entry
		if err := tx.SameVersion(e.Version, in.Version); err != nil {
			return err
		}
		e.Reason = in.Reason
		if err := tx.CancelVisitEntry(e); err != nil {
			return err
		}
		return tx.ReleaseBusy(e.ID)
	})
}

// HandoverInput names the doctor of the hospital who looks after a patient.
type HandoverInput struct {
	Visit, Case, Owner ident.ID
	On                 clock.Date
	Note               string
}

// HandOver hands a patient of a mission to a doctor of the hospital. It is open
// after the end as well: an operation may be logged late, and doctors leave.
func (s *Service) HandOver(ctx context.Context, who user.Principal, in HandoverInput, key Key) error {
	if err := s.door(who, authz.VisitEdit); err != nil {
		return err
	}
	event := audit.Event{Action: audit.VisitHandover, ObjectKind: audit.ObjectVisit, ObjectID: in.Visit, Detail: map[string]any{"case": in.Case.String(), "owner": in.Owner.String()}}
	_, err := write(ctx, s, who, key, event, func(tx *store.Tx) (struct{}, error) {
		v, err := s.heldVisit(tx, who, in.Visit)
		if err == nil && v.State == visit.Cancelled {
			err = v.Open()
		}
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, handOver(tx, v, in)
	})
	return err
}

func handOver(tx *store.Tx, v Visit, in HandoverInput) error {
	roster, err := tx.VisitMembers(v.ID)
	if err != nil {
		return err
	}
	b, err := readLedger(tx, v, roster)
	if err != nil {
		return err
	}
	in.Note = strings.TrimSpace(in.Note)
	var f errs.Fields
	checkText(&f, "note", in.Note, false)
	if !slices.ContainsFunc(b.finished, func(d visit.Done) bool { return d.Case == in.Case }) {
		f.Add("case", "error.visit.not_operated")
	}
	doctors, err := tx.SurgeonsAt(v.Hospital, tx.Today())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(doctors, func(d store.Surgeon) bool { return d.ID == in.Owner && d.HomeOrg == v.Hospital }) {
		f.Add("owner", "error.visit.owner_local")
	}
	switch {
	case in.On.IsZero():
		f.Add("on", "form.error.missing")
	case in.On.After(tx.Today()):
		f.Add("on", "error.visit.day_future")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return tx.PutHandover(v, Handover{ID: ident.New(), Case: in.Case, Owner: in.Owner, On: in.On, Note: in.Note})
}

// DayInput notes a day of a member.
type DayInput struct {
	Visit ident.ID
	visit.Attendance
}

// Attend notes that a member served on a day; the last note of a day stands.
func (s *Service) Attend(ctx context.Context, who user.Principal, in DayInput, key Key) error {
	event := audit.Event{Action: audit.VisitEdit, ObjectID: in.Visit, Detail: map[string]any{"part": "attendance", "on": in.On.String()}}
	return s.change(ctx, who, key, event, func(tx *store.Tx, v Visit) error {
		roster, err := tx.VisitMembers(v.ID)
		if err != nil {
			return err
		}
		var f errs.Fields
		if !slices.ContainsFunc(roster, func(m Member) bool { return m.Practitioner == in.Practitioner }) {
			f.Add("practitioner", "error.visit.not_in_roster")
		}
		if !in.Part.Known() {
			f.Add("part", "form.error.pick")
		}
		switch {
		case in.On.IsZero():
			f.Add("on", "form.error.missing")
		case !v.Has(in.On):
			f.Add("on", "error.visit.outside_days", "from", v.From, "to", v.To)
		case in.On.After(tx.Today()):
			f.Add("on", "error.visit.day_future")
		}
		if err := f.Err(); err != nil {
			return err
		}
		return tx.PutVisitDay(v, in.Attendance)
	})
}

// SupplyInput notes supplies, or takes back what was noted by mistake.
type SupplyInput struct {
	Visit  ident.ID
	Supply Supply
	Remove ident.ID
}

// The sources of supplies.
const (
	SupplyBrought = "brought" // by the visitors
	SupplyHost    = "host"    // from the hospital's store
)

// SupplySources lists the sources.
func SupplySources() []string { return []string{SupplyBrought, SupplyHost} }

const (
	maxSupplyName = 60
	maxSupplyUnit = 10
	maxQuantity   = 100_000
)

// UseSupplies notes what was used in a mission.
func (s *Service) UseSupplies(ctx context.Context, who user.Principal, in SupplyInput, key Key) error {
	event := audit.Event{Action: audit.VisitEdit, ObjectID: in.Visit, Detail: map[string]any{"part": "supplies"}}
	return s.change(ctx, who, key, event, func(tx *store.Tx, v Visit) error {
		if in.Remove != ident.Nil {
			return tx.RemoveVisitSupply(v.ID, in.Remove)
		}
		x := in.Supply
		x.ID, x.Name, x.Unit = ident.New(), strings.TrimSpace(x.Name), strings.TrimSpace(x.Unit)
		var f errs.Fields
		for _, t := range []struct {
			path, text string
			max        int
		}{{"name", x.Name, maxSupplyName}, {"unit", x.Unit, maxSupplyUnit}} {
			switch n := utf8.RuneCountInString(t.text); {
			case n == 0:
				f.Add(t.path, "form.error.missing")
			case n > t.max:
				f.Add(t.path, "form.error.long", "max", t.max)
			}
		}
		if x.Quantity < 1 || x.Quantity > maxQuantity {
			f.Add("quantity", "form.error.between", "low", 1, "high", maxQuantity)
		}
		if !slices.Contains(SupplySources(), x.Source) {
			f.Add("source", "form.error.pick")
		}
		if err := f.Err(); err != nil {
			return err
		}
		return tx.InsertVisitSupply(v, x)
	})
}
