package practitioner

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Role is what a doctor did in an operation, as the ladder counts it.
type Role string

// The roles, from the lowest rung. Nobody types a role: it follows from who led,
// who assisted and who supervised; watching alone is noted by hand.
const (
	Observed    Role = "observed"
	Assisted    Role = "assisted"
	Supervised  Role = "supervised"  // led under supervision
	Independent Role = "independent" // led without
)

// LadderRoles lists the roles from the lowest rung.
func LadderRoles() []Role { return []Role{Observed, Assisted, Supervised, Independent} }

// Label is the message key of the role.
func (r Role) Label() string { return "skill.role." + string(r) }

// RoleIn is the role of a doctor at the table; empty for the supervisor and for
// somebody who was not in the team.
func RoleIn(p procedure.Procedure, doctor ident.ID) Role {
	switch {
	case doctor == ident.Nil:
		return ""
	case p.Lead == doctor && p.Supervisor != ident.Nil:
		return Supervised
	case p.Lead == doctor:
		return Independent
	case p.Assistant == doctor:
		return Assisted
	}
	return ""
}

// RoleCount is how often a doctor had a role in a quarter, with somebody from
// another hospital at the table or without.
type RoleCount struct {
	Kind          procedure.Kind
	Role          Role
	Visitor       bool
	Year, Quarter int
	N             int
}

// Signoff says that a doctor does a kind of operation independently: so many
// were counted on the day, and a second person signed.
type Signoff struct {
	ID           ident.ID
	Practitioner ident.ID
	Hospital     ident.ID
	Kind         procedure.Kind
	Needed       int
	Counted      int
	Note         string
	On           clock.Date
	Version      int64
}

// UsualNeeded is how many supervised operations the sign-off needs where the
// partnership has not said otherwise. It is the house's own sample, no official
// figure.
const UsualNeeded = 20

// MaxNeeded bounds the number against a slip.
const MaxNeeded = 500

// Ladder is where a doctor stands with one kind of operation.
type Ladder struct {
	Kind    procedure.Kind
	Alone   map[Role]int // nobody from elsewhere at the table
	Visitor map[Role]int // a visitor at the table
	Needed  int
	Signoff *Signoff
}

// Count is how often the doctor had a role, with visitors or without.
func (l Ladder) Count(r Role) int { return l.Alone[r] + l.Visitor[r] }

// Level is the rung reached: the highest role there is a count of, and
// independent only after the sign-off, however often the doctor led alone.
func (l Ladder) Level() Role {
	switch {
	case l.Signoff != nil:
		return Independent
	case l.Count(Supervised)+l.Count(Independent) > 0:
		return Supervised
	case l.Count(Assisted) > 0:
		return Assisted
	case l.Count(Observed) > 0:
		return Observed
	}
	return ""
}

// Counted is what counts towards the sign-off: operations led under supervision.
func (l Ladder) Counted() int { return l.Count(Supervised) }

// Ready reports whether the number is reached and nobody signed yet.
func (l Ladder) Ready() bool { return l.Signoff == nil && l.Counted() >= l.Needed }

// MaySign refuses a sign-off that is too early, that stands already, that a
// doctor would give himself, or for a kind a signing doctor has no privilege for
// (outside): who does not do an operation cannot say that another does it alone.
func (l Ladder) MaySign(learner, signer ident.ID, outside bool) error {
	switch {
	case outside:
		return errs.Refuse("skill.privilege", "error.skill.privilege", nil, "remedy.skill.another")
	case signer != ident.Nil && signer == learner:
		return errs.Refuse("skill.self", "error.skill.self", nil, "remedy.skill.another")
	case l.Signoff != nil:
		return errs.Refuse("skill.signed", "error.skill.signed", errs.Args{"on": l.Signoff.On}, "remedy.skill.revoke")
	case l.Counted() < l.Needed:
		return errs.Refuse("skill.number", "error.skill.number", errs.Args{"n": l.Counted(), "needed": l.Needed}, "remedy.skill.more")
	}
	return nil
}

// Climb puts counts and sign-offs together, in the order of the kinds. needed
// says how many each kind asks for; kinds it does not name ask for the usual.
func Climb(counts []RoleCount, signed []Signoff, needed map[procedure.Kind]int) []Ladder {
	at := map[procedure.Kind]*Ladder{}
	of := func(k procedure.Kind) *Ladder {
		if at[k] == nil {
			n := needed[k]
			if n == 0 {
				n = UsualNeeded
			}
			at[k] = &Ladder{Kind: k, Alone: map[Role]int{}, Visitor: map[Role]int{}, Needed: n}
		}
		return at[k]
	}
	for _, c := range counts {
		if c.Visitor {
			of(c.Kind).Visitor[c.Role] += c.N
		} else {
			of(c.Kind).Alone[c.Role] += c.N
		}
	}
	for i := range signed {
		of(signed[i].Kind).Signoff = &signed[i]
	}
	var out []Ladder
	for _, p := range procedure.Programmes() {
		for _, k := range procedure.Kinds(p) {
			if at[k] != nil {
				out = append(out, *at[k])
			}
		}
	}
	return out
}
