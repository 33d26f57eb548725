package intake

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
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

// Decide settles a question. Merging makes the person of the question count as
// the other one: nothing is copied or shown to anybody more, so that Reopen can
// take it back.
func (s *Service) Decide(ctx context.Context, who user.Principal, id ident.ID, version int, verdict Verdict) error {
	if err := s.office(who); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.PersonEdit, ObjectKind: audit.ObjectPerson, Detail: map[string]any{"review": id, "verdict": string(verdict)}})
		r, err := tx.ReviewByID(id)
		if err != nil {
			return err
		}
		if r.Version != version {
			return errs.New(errs.Stale, "error.stale", nil)
		}
		tx.Amend("person", r.PersonID)
		tx.Amend("other", r.OtherID)
		switch {
		case verdict == Merge && r.State == store.ReviewOpen:
			if err := merge(tx, r.PersonID, r.OtherID); err != nil {
				return err
			}
			return tx.DecideReview(r.Review, store.ReviewMerged)
		case verdict == Distinct && r.State == store.ReviewOpen:
			return tx.DecideReview(r.Review, store.ReviewDistinct)
		case verdict == Reopen && r.State == store.ReviewMerged:
			p, err := tx.PersonToChange(r.PersonID)
			if err != nil {
				return err
			}
			if err := tx.SetRoot(p.Person, ident.Nil); err != nil {
				return err
			}
			return tx.DecideReview(r.Review, store.ReviewOpen)
		case verdict == Reopen && r.State == store.ReviewDistinct:
			return tx.DecideReview(r.Review, store.ReviewOpen)
		}
		return errs.Refuse("review.step", "error.review.step", nil)
	})
}

// merge points a person to the root of another one. The rows are locked in id
// order, so that two merges cannot wait for each other.
func merge(tx *store.Tx, from, into ident.ID) error {
	if into == ident.Nil || from == into {
		return errs.Refuse("review.merge", "error.review.nobody", nil)
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
		return errs.Refuse("review.merge", "error.review.merged_already", nil)
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
