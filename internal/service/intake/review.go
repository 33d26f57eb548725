package intake

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Reviews is a page of the office's queue about who is who, in one state.
func (s *Service) Reviews(ctx context.Context, who user.Principal, state string, req page.Request) (page.Result[store.ReviewItem], error) {
	var out page.Result[store.ReviewItem]
	if err := s.office(who); err != nil {
		return out, err
	}
	if state != store.ReviewMerged && state != store.ReviewDistinct {
		state = store.ReviewOpen
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		var err error
		if out, err = tx.ListReviews(state, req); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "reviews", "rows": len(out.Rows)}})
		return nil
	})
	return out, err
}

func (s *Service) office(who user.Principal) error {
	return s.policy.Check(who, authz.PersonIdentity, authz.InPartnership(who.PartnershipID))
}

// pairsAtOnce is how many cross-hospital pairs one look puts into the queue.
const pairsAtOnce = 50

// FindPairs looks for people registered at two hospitals under the same name and
// birth date, since a day, and puts each pair that nobody judged yet into the
// queue. It answers how many.
func (s *Service) FindPairs(ctx context.Context, who user.Principal, since clock.Date) (int, error) {
	if err := s.office(who); err != nil {
		return 0, err
	}
	n := 0
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		pairs, err := tx.CrossPairs(since, pairsAtOnce)
		if err != nil {
			return err
		}
		var reviews []store.Review
		seen := map[[2]ident.ID]bool{}
		for _, p := range pairs {
			one, other := p.A.PersonID, p.B.PersonID
			if seen[[2]ident.ID{one, other}] || seen[[2]ident.ID{other, one}] {
				continue
			}
			seen[[2]ident.ID{one, other}] = true
			reviews = append(reviews, store.Review{ID: ident.New(), Kind: store.ReviewDuplicate, PersonID: one, OtherID: other, Hospital: p.A.HospitalID})
		}
		n = len(reviews)
		tx.Audit(audit.Event{Action: audit.PersonSearch, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "cross_pairs", "rows": n}})
		return tx.InsertReviews(reviews)
	})
	return n, err
}

// Verdict is the office's decision about two records.
type Verdict string

// The verdicts; Reopen takes a decision back.
const (
	Merge    Verdict = "merge"
	Distinct Verdict = "distinct"
	Reopen   Verdict = "reopen"
)

// VerdictInput is a decision as it was entered.
type VerdictInput struct {
	Review  ident.ID
	Version int
	Verdict Verdict
	Reason  string
}

// verdictEvents names the audit event of each verdict.
var verdictEvents = map[Verdict]string{Merge: audit.PersonMerge, Reopen: audit.PersonUnmerge, Distinct: audit.PersonEdit, "": audit.PersonEdit}

// Comparison is two records side by side, with all that stands on each.
type Comparison struct {
	store.ReviewItem
	Held map[ident.ID][]store.Held
	// OpenTwice are the programmes in which both have an open case: after a merge
	// one of them has to be closed, because a person has one case in a programme.
	OpenTwice []procedure.Programme
	// SameSide are operations done first on both records at the same joint or eye:
	// as one person they cannot both be right.
	SameSide []store.Held
}

// Compare reads one question with everything on record of both people.
func (s *Service) Compare(ctx context.Context, who user.Principal, id ident.ID) (Comparison, error) {
	c := Comparison{Held: map[ident.ID][]store.Held{}}
	if err := s.office(who); err != nil {
		return c, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.PersonRead, ObjectKind: audit.ObjectPerson, ObjectID: id, Detail: map[string]any{"page": "compare"}})
		if c.ReviewItem, err = tx.ReviewByID(id); err != nil {
			return err
		}
		people := []ident.ID{c.PersonID}
		if c.OtherID != ident.Nil {
			people = append(people, c.OtherID)
		}
		held, err := tx.HeldOf(people...)
		for _, h := range held {
			c.Held[h.Person] = append(c.Held[h.Person], h)
		}
		return err
	})
	c.weigh()
	return c, err
}

// weigh finds what the two records cannot both have as one person.
func (c *Comparison) weigh() {
	for _, a := range c.Held[c.PersonID] {
		for _, b := range c.Held[c.OtherID] {
			switch {
			case a.What != b.What || a.Code != b.Code:
			case a.What == "case" && a.Open && b.Open:
				c.OpenTwice = append(c.OpenTwice, procedure.Programme(a.Code))
			case a.What == "operation" && a.Side != "" && a.Side == b.Side && procedure.Kind(a.Code).Primary():
				c.SameSide = append(c.SameSide, a)
			}
		}
	}
}

// AskInput asks whether a person is the same as another one, who is named by a
// case number or a slip code.
type AskInput struct {
	Person ident.ID
	Other  string
	Reason string
}

// Ask puts two records before the office: somebody thinks they are one person.
func (s *Service) Ask(ctx context.Context, who user.Principal, key string, in AskInput) (ident.ID, error) {
	if err := s.office(who); err != nil {
		return ident.Nil, err
	}
	person, other, reason := in.Person, strings.ToUpper(strings.TrimSpace(in.Other)), strings.TrimSpace(in.Reason)
	var f errs.Fields
	if other == "" {
		f.Add("other", "form.error.missing")
	}
	if reason == "" {
		f.Add("reason", "error.review.reason")
	}
	checkText(&f, "reason", reason)
	if err := f.Err(); err != nil {
		return ident.Nil, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.PersonSearch, ObjectKind: audit.ObjectPerson, ObjectID: person, Reason: reason})
		if _, err := tx.PersonByID(person); err != nil {
			return ident.Nil, err
		}
		found, err := tx.PersonByCode(other)
		if errs.Is(err, errs.NotFound) || err == nil && found == person {
			f.Add("other", "error.review.other")
			return ident.Nil, f.Err()
		}
		if err != nil {
			return ident.Nil, err
		}
		tx.Amend("other", found)
		regs, err := tx.RegistrationsOf(person)
		if err != nil {
			return ident.Nil, err
		}
		if len(regs) == 0 {
			return ident.Nil, errs.Missing("error.registration.missing")
		}
		r := store.Review{ID: ident.New(), Kind: store.ReviewDuplicate, PersonID: person, OtherID: found, Hospital: regs[0].HospitalID, Reason: reason}
		return r.ID, tx.InsertReview(r)
	})
}

// Decided is where a question stands after a verdict.
type Decided struct {
	State   string
	Version int
}

// Decide settles a question; every verdict has its reason. Merging makes the
// person of the question count as the other one: nothing is copied, moved or
// shown to anybody more, so that Reopen can take it back.
func (s *Service) Decide(ctx context.Context, who user.Principal, key string, in VerdictInput) (Decided, error) {
	if err := s.office(who); err != nil {
		return Decided{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	if in.Reason == "" {
		f.Add("reason", "error.review.reason")
	}
	checkText(&f, "reason", in.Reason)
	if err := f.Err(); err != nil {
		return Decided{}, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Decided, error) {
		tx.Intend(audit.Event{Action: verdictEvents[in.Verdict], ObjectKind: audit.ObjectPerson, Reason: in.Reason,
			Detail: map[string]any{"review": in.Review, "verdict": string(in.Verdict)}})
		r, err := tx.ReviewByID(in.Review)
		if err != nil {
			return Decided{}, err
		}
		if err := tx.SameVersion(int64(r.Version), int64(in.Version)); err != nil {
			return Decided{}, err
		}
		tx.Amend("person", r.PersonID)
		tx.Amend("other", r.OtherID)
		state, err := settle(tx, r.Review, in.Verdict)
		if err != nil {
			return Decided{}, err
		}
		return Decided{state, r.Version + 1}, tx.DecideReview(r.Review, state, in.Reason)
	})
}

// settle does to the people what a verdict says, and answers the state of the
// question after it.
func settle(tx *store.Tx, r store.Review, v Verdict) (string, error) {
	switch {
	case v == Merge && r.State == store.ReviewOpen:
		return store.ReviewMerged, merge(tx, r.PersonID, r.OtherID)
	case v == Distinct && r.State == store.ReviewOpen:
		return store.ReviewDistinct, nil
	case v == Reopen && r.State == store.ReviewMerged:
		p, err := tx.PersonToChange(r.PersonID)
		if err != nil {
			return "", err
		}
		return store.ReviewOpen, tx.SetRoot(p.Person, ident.Nil)
	case v == Reopen && r.State == store.ReviewDistinct:
		return store.ReviewOpen, nil
	}
	return "", errs.Refuse("review.step", "error.review.step", nil, "refusal.next.reload")
}

// merge points a person to the root of another one. The rows are locked in id
// order, so that two merges cannot wait for each other.
func merge(tx *store.Tx, from, into ident.ID) error {
	if into == ident.Nil || from == into {
		return errs.Refuse("review.merge", "error.review.nobody", nil, "refusal.next.review_keep")
	}
	people := map[ident.ID]patient.Person{}
	order := []ident.ID{from, into}
	if strings.Compare(from.String(), into.String()) > 0 {
		order = []ident.ID{into, from}
	}
	for _, id := range order {
		p, err := tx.PersonToChange(id)
		if err != nil {
			return err
		}
		people[id] = p.Person
	}
	root := people[into].Root()
	if root == from || people[from].RootID != ident.Nil {
		return errs.Refuse("review.merge", "error.review.merged_already", nil, "refusal.next.unmerge")
	}
	// Records merged into the one that goes away would move along and not come
	// back with it.
	if others, err := tx.MergedInto(from); err != nil || len(others) > 0 {
		if err == nil {
			err = errs.Refuse("review.merge", "error.review.has_merged", errs.Args{"n": len(others)}, "remedy.review.has_merged")
		}
		return err
	}
	return tx.SetRoot(people[from], root)
}
