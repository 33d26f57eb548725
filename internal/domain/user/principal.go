package user

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Permission is one thing that can be done, "object:action". The known ones
// are listed in internal/authz.
type Permission string

// Side is the side of the partnership an account's organisation stands on.
type Side string

// The sides of a partnership.
const (
	SideReceiving Side = "receiving" // 受援方, the mountain side
	SideDonor     Side = "donor"     // 支援方, the sea side
)

// Grant is an assignment that counts today, or what a posting adds.
type Grant struct {
	Role        Role
	Kind        ScopeKind
	ID          ident.ID
	Partnership ident.ID
	Posted      bool // from a posting, not from an assignment
}

// Posting sends a doctor to a host hospital between two days, both included; a
// zero To has no end.
type Posting struct {
	Account       ident.ID
	PartnershipID ident.ID
	Hospital      ident.ID
	From, To      clock.Date
}

// ValidOn reports whether the posting counts on a day.
func (p Posting) ValidOn(day clock.Date) bool { return within(day, p.From, p.To) }

// Place is a hospital in a partnership.
type Place struct{ Partnership, Hospital ident.ID }

// Principal is who acts, in one partnership, with what they may see there. It
// is made per request and never stored.
type Principal struct {
	AccountID      ident.ID
	Username       string
	DisplayName    string
	OrganisationID ident.ID // the account's own organisation, nil for the platform's people
	Organisation   string   // its name, for the frame of the pages
	PractitionerID ident.ID // nil for people who are not doctors
	PartnershipID  ident.ID // nil: acting on the platform
	Side           Side
	Language       i18n.Lang
	Theme          string   // light, dark, or empty for the system's
	MustChange     bool     // the password has to be changed before anything else
	SecondFactor   bool     // the account has one in force
	SessionID      string   // set for browser sessions
	TokenID        ident.ID // set for API tokens
	TokenScopes    []Permission

	Grants    []Grant    // in this partnership and on the platform
	Hospitals []ident.ID // row security: hospitals of grants and postings
	Funds     []ident.ID // row security: funds of grants
	Wide      bool       // row security: the whole partnership

	// System is the name of a job or command that acts without a person; such a
	// principal may do everything in its partnership and is audited by name.
	System string
}

// systemSpace makes the actor ids of system principals stable.
var systemSpace = ident.ID{0x5d, 0x2b, 0x90, 0x1c, 0x44, 0x6e, 0x4f, 0x0a, 0x9e, 0x11, 0x73, 0x68, 0x61, 0x6e, 0x68, 0x61}

// NewSystem is the principal of a named job or command, on the platform.
func NewSystem(name string) Principal {
	return Principal{AccountID: ident.Derive(systemSpace, "system/"+name), Username: "system:" + name,
		DisplayName: "system:" + name, Language: i18n.Chinese, System: name}
}

// In is a system principal working in a partnership: it sees all rows there.
// For people the partnership is chosen by WithGrants, so In changes nothing.
func (p Principal) In(partnership ident.ID) Principal {
	if p.System == "" {
		return p
	}
	p.PartnershipID, p.Wide = partnership, partnership != ident.Nil
	return p
}

// IsSystem reports whether a job or command acts.
func (p Principal) IsSystem() bool { return p.System != "" }

// SignedIn reports whether anybody acts at all.
func (p Principal) SignedIn() bool { return p.AccountID != ident.Nil }

// ScopeIDs is what row security compares with visible_to: hospitals, then funds.
func (p Principal) ScopeIDs() []ident.ID {
	return append(append(make([]ident.ID, 0, len(p.Hospitals)+len(p.Funds)), p.Hospitals...), p.Funds...)
}

// Has reports whether the principal holds a role in this partnership or on the
// platform. It chooses what a page offers; permissions decide what is allowed.
func (p Principal) Has(role Role) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role == role })
}

// Roles lists the distinct roles held, in the order of [Roles].
func (p Principal) Roles() []Role {
	var out []Role
	for _, r := range Roles() {
		if p.Has(r) {
			out = append(out, r)
		}
	}
	return out
}

// WithGrants fills in what the account may do and see on a day in the
// partnership of p.PartnershipID. Assignments and postings of other accounts
// and partnerships, and those not valid that day, are left out.
//
// A posting widens a visiting doctor to the host hospital; it gives nothing to
// an account without that role.
func (p Principal) WithGrants(assignments []Assignment, postings []Posting, day clock.Date) Principal {
	p.Grants = []Grant{{Role: Everyone, Kind: ScopePlatform}}
	p.Hospitals, p.Funds, p.Wide = nil, nil, false
	for _, a := range assignments {
		if a.Account != p.AccountID || !a.ValidOn(day) || a.ScopeKind != ScopePlatform && a.PartnershipID != p.PartnershipID {
			continue
		}
		p.grant(Grant{Role: a.Role, Kind: a.ScopeKind, ID: a.ScopeID, Partnership: a.PartnershipID})
	}
	if !p.Has(VisitingDoctor) {
		return p
	}
	for _, o := range postings {
		if o.Account == p.AccountID && o.PartnershipID == p.PartnershipID && o.ValidOn(day) {
			p.grant(Grant{Role: VisitingDoctor, Kind: ScopeHospital, ID: o.Hospital, Partnership: o.PartnershipID, Posted: true})
		}
	}
	return p
}

func (p *Principal) grant(g Grant) {
	p.Grants = append(p.Grants, g)
	switch {
	case g.Kind == ScopeHospital && !slices.Contains(p.Hospitals, g.ID):
		p.Hospitals = append(p.Hospitals, g.ID)
	case g.Kind == ScopeFund && !slices.Contains(p.Funds, g.ID):
		p.Funds = append(p.Funds, g.ID)
	case g.Kind == ScopePartnership && g.Role.sees():
		p.Wide = true
	}
}
