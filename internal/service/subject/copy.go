package subject

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Table is what one table holds of a person.
type Table struct {
	Name      string                `json:"table"`
	Retention []dataclass.Retention `json:"retention"`
	Withheld  []string              `json:"withheld,omitempty"` // columns that only prove or open something
	Rows      []store.SubjectRow    `json:"rows"`
	step      subject.Step
}

// Columns are the columns that are handed out, those that say something first to
// last as the register has them; low leaves out what only makes the table work.
func (t Table) Columns(low dataclass.Level) []string {
	var out []string
	for _, l := range t.step.Lines {
		if l.Level >= low && subject.Shown(l.Level) {
			for _, c := range l.Columns {
				out = append(out, strings.TrimSuffix(c, "_sealed"))
			}
		}
	}
	return out
}

// Copy is everything that is held of a person, in all hospitals.
type Copy struct {
	Request ident.ID     `json:"request"`
	Person  ident.ID     `json:"person"`
	At      time.Time    `json:"at"`
	On      clock.Date   `json:"on"`
	Tables  []Table      `json:"tables"`
	Files   []CopiedFile `json:"files"` // scanned papers
}

// Rows is how many rows there are.
func (c Copy) Rows() (n int) {
	for _, t := range c.Tables {
		n += len(t.Rows)
	}
	return n
}

// gather reads everything that is held of a person, as the system: the person has
// a right to all of it, wherever it lies. Who asks for it was checked before.
func (s *Service) gather(ctx context.Context, partnership, person ident.ID) (c Copy, err error) {
	err = s.db.InTx(ctx, authz.System("subject").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("read for an answer, which is recorded")
		c = Copy{Person: person, At: tx.Now(), On: tx.Today()}
		people, err := tx.SamePeople(person)
		if err != nil {
			return err
		}
		found := map[string][]ident.ID{"": people, "*": slices.Clone(people)}
		for _, step := range s.steps { // one question a table, each by an index
			rows, err := tx.SubjectRows(step, found[step.Parent])
			if err != nil {
				return err
			}
			ids := idsOf(rows)
			found[step.Table], found["*"] = ids, append(found["*"], ids...)
			c.Tables = append(c.Tables, tableOf(step, rows))
		}
		return nil
	}, store.OneInstant(), store.Background())
	return c, err
}

func idsOf(rows []store.SubjectRow) (out []ident.ID) {
	for _, r := range rows {
		if text, ok := r["id"].(string); ok {
			if id, err := ident.Parse(text); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}

func tableOf(step subject.Step, rows []store.SubjectRow) Table {
	t := Table{Name: step.Table, Rows: rows, step: step}
	for _, l := range step.Lines {
		if !slices.Contains(t.Retention, l.Retention) {
			t.Retention = append(t.Retention, l.Retention)
		}
		if !subject.Shown(l.Level) {
			t.Withheld = append(t.Withheld, l.Columns...)
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b store.SubjectRow) int {
		return strings.Compare(fmt.Sprint(a["created_at"], a["id"]), fmt.Sprint(b["created_at"], b["id"]))
	})
	return t
}

// each calls fn for the rows of a table.
func (c Copy) each(table string, fn func(store.SubjectRow)) {
	for _, t := range c.Tables {
		if t.Name == table {
			for _, r := range t.Rows {
				fn(r)
			}
		}
	}
}

// InCare reports whether the person lies in a hospital now.
func (c Copy) InCare() (yes bool) {
	c.each("treatment", func(r store.SubjectRow) {
		yes = yes || r["live"] == true && (r["state"] == string(treatment.Admitted) || r["state"] == string(treatment.Operated))
	})
	return yes
}

// Holdings is what the periods of keeping are counted from.
func (c Copy) Holdings() subject.Holdings {
	h := subject.Holdings{Rows: map[dataclass.Retention]int{}}
	for _, t := range c.Tables {
		if len(t.Retention) > 0 && t.Name != "person" && t.Name != "subject_request" {
			h.Rows[t.Retention[0]] += len(t.Rows)
		}
	}
	last := func(d *clock.Date, v any) {
		if text, ok := v.(string); ok {
			if on, err := clock.ParseDate(text); err == nil && on.After(*d) {
				*d = on
			}
		}
	}
	c.each("treatment", func(r store.SubjectRow) {
		h.Treated = true
		for _, column := range []string{"admitted_on", "operated_on", "discharged_on"} {
			last(&h.LastCare, r[column])
		}
	})
	c.each("settlement", func(r store.SubjectRow) { last(&h.LastMoney, r["settled_on"]) })
	c.each("ledger_transfer", func(r store.SubjectRow) { last(&h.LastMoney, r["effective_on"]) })
	return h
}

// File hands the copy out, with the scanned files to be read by [Service.Content].
// It is made now and kept nowhere; once it has left, it cannot be asked for again
// under the same request.
func (s *Service) File(ctx context.Context, who user.Principal, id ident.ID) (c Copy, err error) {
	if err := s.policy.Check(who, authz.SubjectFile, authz.Anywhere(who.PartnershipID)); err != nil {
		return c, err
	}
	person, err := s.fileOf(ctx, who, id)
	if err != nil {
		return c, err
	}
	if c, err = s.gather(ctx, who.PartnershipID, person); err != nil {
		return Copy{}, err
	}
	c.Request = id
	s.collect(&c)
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		q, err := s.mine(tx, who, id)
		if err != nil {
			return err
		}
		tx.Intend(audit.Event{Action: audit.SubjectFile, ObjectKind: audit.ObjectSubject, ObjectID: id, OrganisationID: q.Hospital, Reason: q.Proof,
			Detail: map[string]any{"person": q.Person.String(), "rows": c.Rows(), "files": len(c.Included()), "files_missing": len(c.Files) - len(c.Included())}})
		return tx.FetchSubject(id)
	})
	if err != nil {
		return Copy{}, err
	}
	return c, nil
}

// fileOf is the person of a request whose file is open to the reader.
func (s *Service) fileOf(ctx context.Context, who user.Principal, id ident.ID) (person ident.ID, err error) {
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.SubjectRead, ObjectKind: audit.ObjectSubject, ObjectID: id})
		q, err := s.mine(tx, who, id)
		if err != nil {
			return err
		}
		if !s.policy.Can(who, authz.SubjectFile, authz.AtHospital(who.PartnershipID, q.Hospital)) {
			return errs.Missing("error.subject.missing")
		}
		if !q.FileOpen(tx.Now()) {
			return errs.Refuse("subject.file", "error.subject.file", nil, "remedy.subject.file")
		}
		person = q.Person
		return nil
	})
	return person, err
}
