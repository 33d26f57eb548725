// Package user holds the rules about accounts: names, passwords, lockout, the
// roles a person may hold together, and the Principal every use case acts as.
//
// What a role may do is not here but in policies/roles.csv; this package knows
// where a role may be given and which roles exclude each other.
package user

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Role names a set of permissions of policies/roles.csv.
type Role string

// The roles of the house.
const (
	Registrar      Role = "registrar"       // 登记员: registers patients and cases
	Finance        Role = "finance"         // 医保/财务: bills, insurers, applications
	LocalDoctor    Role = "local_doctor"    // 本地医生
	VisitingDoctor Role = "visiting_doctor" // 支医专家: widened by postings
	Screener       Role = "screener"        // 下乡义诊
	Approver       Role = "approver"        // 帮扶办: decides reductions, opens funds, imports
	Official       Role = "official"        // 卫健委, receiving side
	OfficialDonor  Role = "official_donor"  // donor side: figures without names
	FundFinance    Role = "fund_finance"    // 资金管理: pays what the funds owe, decides no reduction
	FundSteward    Role = "fund_steward"    // reads one fund
	Auditor        Role = "auditor"         // reads and verifies, changes nothing
	HospitalHead   Role = "hospital_head"   // 院领导: figures, lists and each doctor's outcomes of one hospital
	HospitalAdmin  Role = "hospital_admin"  // accounts and postings of one hospital
	SystemAdmin    Role = "system_admin"    // accounts and configuration, no case data
	SecurityAdmin  Role = "security_admin"  // roles and policy, neither accounts nor cases
	AuditAdmin     Role = "audit_admin"     // reads and verifies the audit log only

	// Everyone is held by each signed-in account without an assignment; it lets
	// a person change the own password before any role was given.
	Everyone Role = "everyone"
)

// Roles lists the roles that can be assigned, in the order of the role page.
func Roles() []Role {
	return []Role{Registrar, Finance, LocalDoctor, VisitingDoctor, Screener, Approver, Official, OfficialDonor,
		FundFinance, FundSteward, Auditor, HospitalHead, HospitalAdmin, SystemAdmin, SecurityAdmin, AuditAdmin}
}

// ParseRole reads the name of an assignable role.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == s {
			return r, nil
		}
	}
	return "", errs.New(errs.Invalid, "error.role.unknown", errs.Args{"role": s})
}

// Label is the message key of the role's name.
func (r Role) Label() errs.Key { return errs.Key("role." + string(r)) }

// Administers reports whether r is one of the three separated administrators
// (三权分立, GB/T 22239 level 3).
func (r Role) Administers() bool { return r == SystemAdmin || r == SecurityAdmin || r == AuditAdmin }

// sees reports whether the role counts the rows of the whole partnership when
// it is given for the partnership. The three administrators never do.
func (r Role) sees() bool {
	return r == Approver || r == FundFinance || r == Official || r == OfficialDonor || r == Auditor
}

// ScopeKinds lists where the role may be given.
func (r Role) ScopeKinds() []ScopeKind {
	switch r {
	case Registrar, Finance, LocalDoctor, VisitingDoctor, Screener, HospitalHead, HospitalAdmin:
		return []ScopeKind{ScopeHospital}
	case Approver, FundFinance, Official, OfficialDonor:
		return []ScopeKind{ScopePartnership}
	case FundSteward:
		return []ScopeKind{ScopeFund}
	case Auditor:
		return []ScopeKind{ScopeFund, ScopePartnership}
	case SystemAdmin, SecurityAdmin, AuditAdmin:
		return []ScopeKind{ScopePlatform, ScopePartnership}
	}
	return nil
}

// ScopeKind says what an assignment is bound to.
type ScopeKind string

// The kinds of scope, from widest to narrowest. ScopeAnywhere is only asked
// for, never assigned: "somewhere in this partnership".
const (
	ScopePlatform    ScopeKind = "platform"
	ScopePartnership ScopeKind = "partnership"
	ScopeHospital    ScopeKind = "hospital"
	ScopeFund        ScopeKind = "fund"
	ScopeAnywhere    ScopeKind = "anywhere"
)

// Assignment gives an account a role in a scope between two days, both
// included; a zero To has no end. For the platform ScopeID and PartnershipID
// are nil, for a partnership both are its id.
type Assignment struct {
	ID            ident.ID
	Account       ident.ID
	Role          Role
	ScopeKind     ScopeKind
	ScopeID       ident.ID
	PartnershipID ident.ID
	From, To      clock.Date
}

// ValidOn reports whether the assignment counts on a day.
func (a Assignment) ValidOn(day clock.Date) bool { return within(day, a.From, a.To) }

func within(day, from, to clock.Date) bool {
	return !day.Before(from) && (to.IsZero() || !day.After(to))
}

func overlap(a, b Assignment) bool {
	return (a.To.IsZero() || !a.To.Before(b.From)) && (b.To.IsZero() || !b.To.Before(a.From))
}

// Check refuses an assignment that is badly formed, whoever holds it.
func (a Assignment) Check() error {
	var f errs.Fields
	kinds := a.Role.ScopeKinds()
	if kinds == nil {
		f.Add("role", "error.role.unknown", "role", string(a.Role))
		return f.Err()
	}
	fits := false
	for _, k := range kinds {
		fits = fits || k == a.ScopeKind
	}
	if !fits {
		f.Add("scope_kind", "error.role.scope_kind", "role", a.Role.Label(), "kind", errs.Key("scope."+string(a.ScopeKind)))
	}
	if bound := a.ScopeKind != ScopePlatform; bound != (a.ScopeID != ident.Nil) || bound != (a.PartnershipID != ident.Nil) ||
		a.ScopeKind == ScopePartnership && a.ScopeID != a.PartnershipID {
		f.Add("scope_id", "error.role.scope_missing")
	}
	if a.From.IsZero() {
		f.Add("from", "error.role.from_missing")
	}
	if !a.To.IsZero() && a.To.Before(a.From) {
		f.Add("to", "error.role.period")
	}
	return f.Err()
}

// CheckAssign decides whether an account that holds the given assignments may
// get one more: an administrator holds no other role at the same time, so that
// no account can both give a right and use it, or use it and judge the log.
func CheckAssign(held []Assignment, add Assignment) error {
	if err := add.Check(); err != nil {
		return err
	}
	for _, h := range held {
		if !overlap(h, add) {
			continue
		}
		if h.Role == add.Role && h.ScopeKind == add.ScopeKind && h.ScopeID == add.ScopeID {
			return errs.New(errs.Conflict, "error.role.held_already", errs.Args{"role": add.Role.Label()})
		}
		if h.Role != add.Role && (h.Role.Administers() || add.Role.Administers()) {
			return errs.Refuse("role.separation", "error.role.exclusive",
				errs.Args{"held": h.Role.Label(), "role": add.Role.Label()}, "remedy.role.other_account")
		}
	}
	return nil
}
