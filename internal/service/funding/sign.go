package funding

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// sign adds the caller's signature to an application, bound to the facts as they
// stand in this transaction. It reports whether all signatures the amount needs
// are there; with the last one the approval carries the digest.
func sign(tx *store.Tx, a *store.Approval, t store.Treatment, amount money.Fen, opinion string) (bool, error) {
	rules, err := tx.FundingRules()
	if err != nil {
		return false, err
	}
	standing, err := signatures(tx, a.ID)
	if err != nil {
		return false, err
	}
	facts, err := tx.BoundFacts(t, tx.Today())
	if err != nil {
		return false, err
	}
	mine := fund.Signature{Account: tx.Who().AccountID, Relation: fund.Unrelated, Amount: amount, Digest: fund.Digest(facts)}
	stale, done, err := rules.Sign(standing, mine)
	if err != nil {
		return false, err
	}
	if len(stale) > 0 {
		if err := tx.VoidSignatures(a.ID, accountsOf(stale)...); err != nil {
			return false, err
		}
	}
	if err := tx.InsertSignature(a.ID, t, store.Signature{Signature: mine, Facts: facts, Opinion: opinion}); err != nil {
		return false, err
	}
	if done {
		a.Digest, a.SignedOn, a.Lapse = mine.Digest, tx.Today(), ""
	}
	return done, nil
}

// signatures are those that stand, with the declarations of who stays away.
func signatures(tx *store.Tx, approval ident.ID) ([]fund.Signature, error) {
	all, err := tx.SignaturesOf(approval)
	var out []fund.Signature
	for _, s := range all {
		if !s.Void {
			out = append(out, s.Signature)
		}
	}
	return out, err
}

func accountsOf(list []fund.Signature) (ids []ident.ID) {
	for _, s := range list {
		ids = append(ids, s.Account)
	}
	return ids
}

// stayAway stores the caller's declaration of a relation. Nothing is decided, and
// the caller will not decide about this application any more.
func stayAway(tx *store.Tx, a store.Approval, t store.Treatment, opinion string) error {
	standing, err := signatures(tx, a.ID)
	if err != nil {
		return err
	}
	mine := tx.Who().AccountID
	if slices.ContainsFunc(standing, func(s fund.Signature) bool { return s.Account == mine && s.Relation == fund.Related }) {
		return nil
	}
	if err := tx.VoidSignatures(a.ID, mine); err != nil {
		return err
	}
	return tx.InsertSignature(a.ID, t, store.Signature{Signature: fund.Signature{Relation: fund.Related}, Opinion: opinion})
}

// mayDecide refuses who declared a relation to the case before, and who refused
// what an appeal brought back.
func mayDecide(tx *store.Tx, a store.Approval) error {
	standing, err := signatures(tx, a.ID)
	if err != nil {
		return err
	}
	mine := tx.Who().AccountID
	if slices.ContainsFunc(standing, func(s fund.Signature) bool { return s.Account == mine && s.Relation == fund.Related }) {
		return errs.Refuse("fund.related", "error.fund.related", nil, "fund.remedy.second_person")
	}
	appeals, err := tx.AppealsOf(a.ID)
	if slices.ContainsFunc(appeals, func(x store.Appeal) bool { return x.State == fund.AppealGranted && x.Refuser == mine }) {
		return errs.Refuse("fund.four_eyes", "error.fund.own_refusal", nil, "fund.remedy.second_person")
	}
	return err
}

// uphold lets an approval stand although a fact it rests on changed: the facts of
// now are signed anew, by as many persons as the amount needs.
func uphold(tx *store.Tx, a store.Approval, t store.Treatment, in Decision) (Decided, error) {
	out := Decided{Approval: a.ID, State: a.State, Approved: a.Approved}
	done, err := sign(tx, &a, t, a.Approved, in.Opinion)
	if err != nil {
		return out, err
	}
	out.Waiting = !done
	if !done {
		a.Lapse = fund.LapseOpen
		return out, tx.TouchApproval(a)
	}
	a.Lapse = fund.LapseUpheld
	return out, tx.DecideApproval(a)
}

// revocable: while the patient is in care an approval is taken back only when a
// fact it rests on changed. The treatment then goes on without a reduction.
func revocable(a store.Approval, t store.Treatment) error {
	if t.Place.State == treatment.Approved || a.Lapse == fund.LapseOpen {
		return nil
	}
	return errs.Refuse("fund.in_care", "error.fund.in_care", nil, "fund.remedy.settle_less")
}
