package practitioner_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestTheRoleFollowsFromTheTeam(t *testing.T) {
	lead, assistant, supervisor := ident.New(), ident.New(), ident.New()
	taught := procedure.Procedure{Lead: lead, Assistant: assistant, Supervisor: supervisor}
	alone := procedure.Procedure{Lead: lead, Assistant: assistant}
	for _, c := range []struct {
		p    procedure.Procedure
		who  ident.ID
		want practitioner.Role
	}{{taught, lead, practitioner.Supervised}, {alone, lead, practitioner.Independent}, {taught, assistant, practitioner.Assisted}, {taught, supervisor, ""},
		{alone, ident.New(), ""}, {alone, ident.Nil, ""}} {
		if got := practitioner.RoleIn(c.p, c.who); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestTheLadderEndsAtTheSignOff(t *testing.T) {
	count := func(r practitioner.Role, visitor bool, n int) practitioner.RoleCount {
		return practitioner.RoleCount{Kind: procedure.TKA, Role: r, Visitor: visitor, Year: 2026, Quarter: 1, N: n}
	}
	needed := map[procedure.Kind]int{procedure.TKA: 5}
	climb := func(signed []practitioner.Signoff, counts ...practitioner.RoleCount) practitioner.Ladder {
		return practitioner.Climb(counts, signed, needed)[0]
	}
	if l := climb(nil, count(practitioner.Observed, true, 3)); l.Level() != practitioner.Observed || l.Ready() {
		t.Errorf("%+v", l)
	}
	l := climb(nil, count(practitioner.Observed, true, 3), count(practitioner.Supervised, true, 3), count(practitioner.Supervised, false, 1), count(practitioner.Independent, false, 30))
	if l.Level() != practitioner.Supervised || l.Ready() || l.Counted() != 4 || l.Alone[practitioner.Supervised] != 1 {
		t.Errorf("30 alone are no sign-off, and 4 supervised are not 5: %+v", l)
	}
	learner, mentor := ident.New(), ident.New()
	if err := l.MaySign(learner, mentor, false); errs.Of(err).Rule != "skill.number" || len(errs.Of(err).Remedy) == 0 {
		t.Errorf("too early: %v", err)
	}
	ready := climb(nil, count(practitioner.Supervised, true, 5))
	if !ready.Ready() || ready.MaySign(learner, mentor, false) != nil || ready.MaySign(learner, ident.Nil, false) != nil {
		t.Errorf("%+v", ready)
	}
	if err := ready.MaySign(learner, mentor, true); errs.Of(err).Rule != "skill.privilege" || len(errs.Of(err).Remedy) == 0 {
		t.Errorf("signed by a doctor without the privilege: %v", err)
	}
	if err := ready.MaySign(learner, learner, false); errs.Of(err).Rule != "skill.self" {
		t.Errorf("oneself: %v", err)
	}
	done := climb([]practitioner.Signoff{{Kind: procedure.TKA, On: clock.MustDate(2026, 3, 1)}}, count(practitioner.Supervised, true, 5))
	if done.Level() != practitioner.Independent || done.Ready() || errs.Of(done.MaySign(learner, mentor, false)).Rule != "skill.signed" {
		t.Errorf("%+v", done)
	}
	if l := practitioner.Climb([]practitioner.RoleCount{{Kind: procedure.THA, Role: practitioner.Assisted, N: 1}}, nil, needed)[0]; l.Needed != practitioner.UsualNeeded {
		t.Errorf("needs %d", l.Needed)
	}
}
