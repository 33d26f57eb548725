package intake

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Hit is a person found, with every hospital of the principal's that knows them.
type Hit struct {
	store.PersonRow
	Hospitals []string
	Matched   []match.Kind
}

// Found is the answer of the search box.
type Found struct {
	Hits    []Hit
	CaseID  ident.ID // the text was a case number
	CaseNo  string
	More    bool // there are others; a second word narrows it down
	TooMany bool // a tail fits more than SearchLimit: four digits that fit so many find nobody
	Unknown []string
	Nothing bool // nothing in the text can be searched by
}

// Search reads one search text: the end of a number, a piece of a name,
// initials or pinyin, a slip code or a case number, or several of them.
func (s *Service) Search(ctx context.Context, who user.Principal, text string) (Found, error) {
	var out Found
	if err := s.anywhere(who, authz.PersonRead); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		p, err := tx.PartnershipByID(who.PartnershipID)
		if err != nil {
			return err
		}
		q := match.Parser{CasePrefix: p.Code}.Parse(text)
		out.Unknown, out.Nothing = q.Unknown, q.Empty()
		if err := s.find(tx, q, &out); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.PersonSearch, ObjectKind: audit.ObjectList, Detail: map[string]any{"rows": len(out.Hits), "kinds": kinds(q)}})
		return nil
	})
	return out, err
}

// FindCase reads a case number for those who see cases but may not search people
// by name; anything else finds nothing.
func (s *Service) FindCase(ctx context.Context, who user.Principal, text string) (Found, error) {
	var out Found
	if err := s.anywhere(who, authz.CaseRead); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		p, err := tx.PartnershipByID(who.PartnershipID)
		if err != nil {
			return err
		}
		q := match.Parser{CasePrefix: p.Code}.Parse(text)
		for _, c := range q.Clauses {
			if c.Any[0].Kind == match.KindCase {
				err = s.find(tx, match.Query{Clauses: []match.Clause{c}}, &out)
			}
		}
		tx.AuditRead(audit.Event{Action: audit.PersonSearch, ObjectKind: audit.ObjectList, Detail: map[string]any{"kinds": "case"}})
		return err
	})
	return out, err
}

// kinds names what was searched by; the text itself stays out of the log.
func kinds(q match.Query) string {
	var b strings.Builder
	for _, c := range q.Clauses {
		b.WriteString(string(c.Any[0].Kind))
	}
	return b.String()
}

func (s *Service) find(tx *store.Tx, q match.Query, out *Found) error {
	for _, c := range q.Clauses {
		if c.Any[0].Kind != match.KindCase {
			continue
		}
		item, err := tx.CaseByNo(c.Any[0].Text)
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		out.CaseID, out.CaseNo = item.ID, item.No
		return err
	}
	rows, err := tx.SearchRegistrations(s.reach(tx.Who()), q)
	if err != nil {
		return err
	}
	more := len(rows) > store.SearchLimit
	if more && q.TailOnly() {
		out.TooMany = true
		return nil
	}
	out.Hits, out.More = hits(rows[:min(len(rows), store.SearchLimit)], q), more
	return nil
}

// hits puts the registrations of one person together, in the order found.
func hits(rows []store.PersonRow, q match.Query) []Hit {
	var out []Hit
	at := map[ident.ID]int{}
	for _, r := range rows {
		i, seen := at[r.PersonID]
		if !seen {
			i = len(out)
			at[r.PersonID] = i
			out = append(out, Hit{PersonRow: r, Matched: matched(r.Matched, q)})
		}
		out[i].Hospitals = append(out[i].Hospitals, r.Hospital)
	}
	return out
}

// matched are the kinds a row was found by: those the index says for the first
// clause, and of the others the ones that leave no choice.
func matched(letters string, q match.Query) []match.Kind {
	var out []match.Kind
	for _, k := range []match.Kind{match.KindName, match.KindBigram, match.KindInitials, match.KindPinyin, match.KindIDTail, match.KindPhoneTail,
		match.KindSlip, match.KindNumber, match.KindPhone} {
		if strings.Contains(letters, string(k)) {
			out = append(out, k)
			continue
		}
		for _, c := range q.Clauses[min(1, len(q.Clauses)):] {
			if len(c.Any) == 1 && c.Any[0].Kind == k {
				out = append(out, k)
				break
			}
		}
	}
	return out
}
