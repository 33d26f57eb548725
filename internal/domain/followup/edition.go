package followup

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Group is the kinds of operation that share a schedule.
type Group string

// The groups.
const (
	Explants      Group = "explant"
	Joints        Group = "joint"
	Cataracts     Group = "cataract"
	Angiographies Group = "angiography"
	Interventions Group = "coronary"
)

// Groups lists the groups in the order of the page.
func Groups() []Group { return []Group{Joints, Explants, Cataracts, Angiographies, Interventions} }

// Label is the message key of the group's name.
func (g Group) Label() string { return "followup.group." + string(g) }

// Known reports whether there is such a group.
func (g Group) Known() bool { return slices.Contains(Groups(), g) }

// GroupOf is the group of a kind; empty for a kind that is not known.
func GroupOf(k procedure.Kind) Group {
	if !k.Known() {
		return ""
	}
	for _, p := range plans() {
		if p.of(k) {
			return p.group
		}
	}
	return ""
}

// Usual is the windows the house ships for a group.
func Usual(g Group) []Window {
	for _, p := range plans() {
		if p.group == g {
			return p.windows
		}
	}
	return nil
}

// MaxDay bounds a window: ten years and a half, in days.
const MaxDay = 4000

// Edition is the windows of a group for operations from a day on. Version 0 is
// what the house ships.
type Edition struct {
	Group   Group
	Version int64
	From    clock.Date
	Note    string // what it rests on
	Windows []Window
}

// Shipped reports whether nobody changed the windows yet.
func (e Edition) Shipped() bool { return e.Version == 0 }

func shipped(g Group) Edition { return Edition{Group: g, Windows: Usual(g)} }

// Check completes the windows of an edition that is to be put in force, and
// names everything that cannot be: the paths are "<step>.due", "<step>.from" and
// "<step>.to". A step may be left out; the steps themselves are the vocabulary of
// records and measures and do not change.
func (e Edition) Check(today clock.Date) (Edition, error) {
	var f errs.Fields
	e.Note = strings.TrimSpace(e.Note)
	switch {
	case e.From.IsZero():
		f.Add("from", "form.error.missing")
	case e.From.Before(today):
		f.Add("from", "error.followup.rule_past", "today", today)
	}
	if e.Note == "" {
		f.Add("note", "error.followup.rule_note")
	}
	limit(&f, "note", e.Note, MaxText)
	given := map[Step]Window{}
	for _, w := range e.Windows {
		if _, twice := given[w.Step]; twice || !slices.ContainsFunc(Usual(e.Group), func(u Window) bool { return u.Step == w.Step }) {
			f.Add("windows", "error.followup.rule_step", "step", string(w.Step))
		}
		given[w.Step] = w
	}
	if len(given) == 0 {
		f.Add("windows", "error.followup.rule_empty")
	}
	e.Windows = nil
	last := Window{}
	for _, u := range Usual(e.Group) {
		w, ok := given[u.Step]
		if !ok {
			continue
		}
		w.Wants = u.Wants
		w.check(&f, last)
		e.Windows, last = append(e.Windows, w), w
	}
	return e, f.Err()
}

// check names what is wrong with a window that follows another one: a contact on
// one day counts for one appointment at the most.
func (w Window) check(f *errs.Fields, last Window) {
	path := string(w.Step)
	for name, day := range map[string]int{".due": w.Due, ".from": w.From, ".to": w.To} {
		if day < 1 || day > MaxDay {
			f.Add(path+name, "form.error.between", "low", 1, "high", MaxDay)
		}
	}
	switch {
	case w.From > w.Due:
		f.Add(path+".from", "error.followup.rule_early", "from", w.From, "due", w.Due)
	case w.To < w.Due:
		f.Add(path+".to", "error.followup.rule_late", "to", w.To, "due", w.Due)
	case last.To > 0 && w.From <= last.To:
		f.Add(path+".from", "error.followup.rule_overlap", "from", w.From, "to", last.To)
	}
}

// Table is the editions a partnership put in force. Without one, what the house
// ships counts.
type Table []Edition

// InForce is the edition for an operation of that day: of those that began, the
// one that began last, and of those that began on one day the last one made.
func (t Table) InForce(g Group, on clock.Date) Edition {
	best := shipped(g)
	for _, e := range t {
		if e.Group != g || e.From.After(on) {
			continue
		}
		if best.Shipped() || e.From.After(best.From) || e.From == best.From && e.Version > best.Version {
			best = e
		}
	}
	return best
}

// Coming are the editions that begin after a day and are not replaced by a later
// one of the same day, by day.
func (t Table) Coming(g Group, today clock.Date) []Edition {
	var out []Edition
	for _, e := range t {
		if e.Group == g && e.From.After(today) && t.InForce(g, e.From).Version == e.Version {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Edition) int { return a.From.Compare(b.From) })
	return out
}

// Latest is the version of the last edition made for a group.
func (t Table) Latest(g Group) int64 {
	var n int64
	for _, e := range t {
		if e.Group == g {
			n = max(n, e.Version)
		}
	}
	return n
}

// of is the edition by which the appointments of an operation go: the one they
// were made by, and for the first ones the one in force on its day.
func (t Table) of(have []Appointment, g Group, operated clock.Date) Edition {
	for _, a := range have {
		if a.Group != "" && a.Group != g {
			continue
		}
		if a.Edition == 0 {
			return shipped(g)
		}
		for _, e := range t {
			if e.Group == g && e.Version == a.Edition {
				return e
			}
		}
	}
	return t.InForce(g, operated)
}

// Keeps reports whether an appointment stands by another edition than the one an
// operation of its day would be followed by now.
func (t Table) Keeps(a Appointment, k procedure.Kind, operated clock.Date) bool {
	return a.Edition != t.InForce(GroupOf(k), operated).Version
}

// Reconcile compares the appointments of an operation with those its record
// asks for. What was done stays, whatever the record says now: only its window
// follows. Appointments keep the edition they were made by, so that a changed
// table moves nothing that was agreed. Windows that ended before since are not
// added: nobody is reminded of what passed before the programme began to follow.
func (t Table) Reconcile(have []Appointment, k procedure.Kind, operated, since clock.Date) Diff {
	var d Diff
	g := GroupOf(k)
	by := t.of(have, g, operated)
	seen := map[Step]bool{}
	for _, a := range have {
		i := slices.IndexFunc(by.Windows, func(w Window) bool { return w.Step == a.Step })
		if seen[a.Step] = true; i < 0 {
			if a.Status != Done {
				d.Drop = append(d.Drop, a)
			}
			continue
		}
		want := by.Windows[i].On(operated)
		if a.Due != want.Due || a.From != want.From || a.To != want.To || a.Group != "" && a.Group != g {
			a.Due, a.From, a.To, a.Group, a.Edition = want.Due, want.From, want.To, g, by.Version
			d.Move = append(d.Move, a)
		}
	}
	for _, w := range by.Windows {
		if a := w.On(operated); !seen[w.Step] && !a.To.Before(since) {
			a.Group, a.Edition = g, by.Version
			d.Add = append(d.Add, a)
		}
	}
	return d
}
