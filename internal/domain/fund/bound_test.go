package fund_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func facts() []fund.Fact {
	return []fund.Fact{{fund.BoundCategory, "DB 2026-01-01/2026-12-31"}, {fund.BoundPlan, "左眼白内障"}, {fund.BoundFinding, "L 2026-11-01 CDVA 0.70"},
		{fund.BoundFinding, "R 2026-11-01 CDVA 0.30"}}
}

func TestEveryFactCountsAndTheirOrderDoesNot(t *testing.T) {
	signed := facts()
	turned := facts()
	slices.Reverse(turned)
	if fund.Digest(signed) != fund.Digest(turned) || len(fund.Changed(signed, turned)) != 0 {
		t.Error("the order of the facts changes the digest")
	}
	for i := range signed {
		other := facts()
		other[i].Value += "x"
		if fund.Digest(other) == fund.Digest(signed) || !slices.Equal(fund.Changed(signed, other), []fund.Bound{signed[i].Name}) {
			t.Errorf("changing %v is not noticed: %v", signed[i], fund.Changed(signed, other))
		}
		if gone := slices.Delete(facts(), i, i+1); fund.Digest(gone) == fund.Digest(signed) {
			t.Errorf("leaving out %v is not noticed", signed[i])
		}
	}
	// The border between name and value, and between two facts, is part of what is signed.
	if fund.Digest([]fund.Fact{{"ab", "c"}}) == fund.Digest([]fund.Fact{{"a", "bc"}}) {
		t.Error("two lists of facts have one digest")
	}
}

func TestAboveTheLimitTwoDifferentPersonsSign(t *testing.T) {
	rules := fund.SampleRules()
	by := func(amount money.Fen, digest string) fund.Signature {
		return fund.Signature{Account: ident.New(), Relation: fund.Unrelated, Amount: amount, Digest: digest}
	}
	if _, done, err := rules.Sign(nil, by(rules.Single, "a")); err != nil || !done {
		t.Errorf("up to the limit: %v, %v", done, err)
	}
	first := by(rules.Single+1, "a")
	if _, done, err := rules.Sign(nil, first); err != nil || done {
		t.Errorf("one signature above the limit: %v, %v", done, err)
	}
	if _, done, err := rules.Sign([]fund.Signature{first}, by(rules.Single+1, "a")); err != nil || !done {
		t.Errorf("two signatures above the limit: %v, %v", done, err)
	}
	if _, _, err := rules.Sign([]fund.Signature{first}, first); errs.Of(err).Rule != "fund.two_approvers" {
		t.Errorf("the same person twice: %v", err)
	}
	if _, _, err := rules.Sign([]fund.Signature{first}, by(rules.Single+2, "a")); !errs.Of(err).Fields.Has("amount") {
		t.Errorf("another amount: %v", err)
	}
	if stale, done, err := rules.Sign([]fund.Signature{first}, by(rules.Single+1, "b")); err != nil || done || len(stale) != 1 {
		t.Errorf("signed under other facts: %v, %v, %v", stale, done, err)
	}
	away := fund.Signature{Account: first.Account, Relation: fund.Related}
	if _, _, err := rules.Sign([]fund.Signature{away}, first); errs.Of(err).Rule != "fund.related" {
		t.Errorf("who declared a relation signs: %v", err)
	}
}
