package store

import (
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

type partnershipRow struct {
	ID              ident.ID   `db:"id"`
	Code            string     `db:"code"`
	Name            string     `db:"name"`
	DonorRegion     string     `db:"donor_region"`
	DonorName       string     `db:"donor_name"`
	ReceivingRegion string     `db:"receiving_region"`
	ReceivingName   string     `db:"receiving_name"`
	OpenedOn        clock.Date `db:"opened_on"`
	LateApproval    int        `db:"late_approval_days"`
	Scratch         bool       `db:"scratch"`
	CreatedAt       time.Time  `db:"created_at"`
	Version         int64      `db:"version"`
}

func (r partnershipRow) partnership() partnership.Partnership {
	return partnership.Partnership{ID: r.ID, Code: r.Code, Name: r.Name, DonorRegion: r.DonorRegion, DonorName: r.DonorName,
		ReceivingRegion: r.ReceivingRegion, ReceivingName: r.ReceivingName, OpenedOn: r.OpenedOn, LateApproval: r.LateApproval, Scratch: r.Scratch,
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
}

const partnershipColumns = `p.id, p.code, p.name, p.donor_region, p.donor_name, p.receiving_region, p.receiving_name, p.opened_on, p.late_approval_days, p.scratch, p.created_at, p.version`

// PartnershipByID reads one partnership.
func (tx *Tx) PartnershipByID(id ident.ID) (partnership.Partnership, error) {
	var r partnershipRow
	err := tx.get(&r, `select `+partnershipColumns+` from partnership p where p.id = $1`, id)
	return one(r.partnership(), err, "error.partnership.missing")
}

// PartnershipByCode reads one partnership by its code, in any case.
func (tx *Tx) PartnershipByCode(code string) (partnership.Partnership, error) {
	var r partnershipRow
	err := tx.get(&r, `select `+partnershipColumns+` from partnership p where p.code = $1`, strings.ToUpper(strings.TrimSpace(code)))
	return one(r.partnership(), err, "error.partnership.missing")
}

// ListPartnerships lists the partnerships by code. A country has a few hundred;
// scratch ones of dry runs are left out.
func (tx *Tx) ListPartnerships() ([]partnership.Partnership, error) {
	var rows []partnershipRow
	err := tx.list(&rows, `select `+partnershipColumns+` from partnership p where not p.scratch order by p.code limit 1000`)
	return items(rows, partnershipRow.partnership), err
}

// InsertPartnership adds a partnership.
func (tx *Tx) InsertPartnership(p partnership.Partnership) error {
	_, err := tx.exec(`insert into partnership (id, code, name, donor_region, donor_name, receiving_region, receiving_name, opened_on, scratch, created_at, late_approval_days)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, p.ID, p.Code, p.Name, p.DonorRegion, p.DonorName, p.ReceivingRegion, p.ReceivingName,
		p.OpenedOn, p.Scratch, tx.now, p.LateApprovalDays())
	return err
}

// UpdatePartnership stores changed facts.
func (tx *Tx) UpdatePartnership(p partnership.Partnership) error {
	return tx.update(`update partnership set code = $3, name = $4, donor_region = $5, donor_name = $6, receiving_region = $7, receiving_name = $8,
		opened_on = $9, late_approval_days = $10, version = version + 1 where id = $1 and version = $2`, p.ID, p.Version, p.Code, p.Name, p.DonorRegion, p.DonorName,
		p.ReceivingRegion, p.ReceivingName, p.OpenedOn, p.LateApprovalDays())
}

type memberRow struct {
	Partnership  ident.ID   `db:"partnership_id"`
	Organisation ident.ID   `db:"organisation_id"`
	Side         string     `db:"side"`
	From         clock.Date `db:"from_on"`
	To           clock.Date `db:"to_on"`
}

func (r memberRow) member() partnership.Member {
	return partnership.Member{PartnershipID: r.Partnership, OrganisationID: r.Organisation, Side: user.Side(r.Side), From: r.From, To: r.To}
}

// Member is a membership with the organisation behind it.
type Member struct {
	partnership.Member
	Organisation partnership.Organisation
}

type memberOrganisationRow struct {
	memberRow
	Org organisationRow `db:"o"`
}

// Members lists the memberships of a partnership, the receiving side first,
// ended ones included.
func (tx *Tx) Members(id ident.ID) ([]Member, error) {
	var rows []memberOrganisationRow
	err := tx.list(&rows, `select m.partnership_id, m.organisation_id, m.side, m.from_on, m.to_on,
		o.id as "o.id", o.code as "o.code", o.name as "o.name", o.short_name as "o.short_name", o.kind as "o.kind", o.region_code as "o.region_code",
		o.provisional as "o.provisional", o.merged_into as "o.merged_into", o.created_at as "o.created_at", o.version as "o.version"
		from partnership_member m join organisation o on o.id = m.organisation_id
		where m.partnership_id = $1 order by m.side desc, o.code, m.from_on limit 1000`, id)
	return items(rows, func(r memberOrganisationRow) Member { return Member{r.member(), r.Org.organisation()} }), err
}

// MembershipsOf lists where an organisation is a member.
func (tx *Tx) MembershipsOf(organisation ident.ID) ([]partnership.Member, error) {
	var rows []memberRow
	err := tx.list(&rows, `select m.partnership_id, m.organisation_id, m.side, m.from_on, m.to_on from partnership_member m
		where m.organisation_id = $1 order by m.from_on desc, m.partnership_id limit 1000`, organisation)
	return items(rows, memberRow.member), err
}

// SideOf is the side an organisation stands on today in the partnership of the
// transaction; empty when it is not a member.
func (tx *Tx) SideOf(organisation ident.ID) (user.Side, error) {
	members, err := tx.MembershipsOf(organisation)
	if err != nil {
		return "", err
	}
	for _, m := range members {
		if m.PartnershipID == tx.Partnership() && m.ValidOn(tx.Today()) {
			return m.Side, nil
		}
	}
	return "", nil
}

// Belong reports whether organisations are, were or will be members of the partnership
// of the transaction: who may write in a whole partnership may not therefore write
// about a hospital of another one.
func (tx *Tx) Belong(organisations ...ident.ID) (bool, error) {
	var all bool
	err := tx.get(&all, `select not exists (select 1 from unnest($2::uuid[]) w where not exists (select 1 from partnership_member m
		where m.partnership_id = $1 and m.organisation_id = w))`, tx.Partnership(), idArray(organisations))
	return all, err
}

// OfPartnership refuses, at a field, organisations that do not all belong to it.
func (tx *Tx) OfPartnership(path string, organisations ...ident.ID) error {
	yes, err := tx.Belong(organisations...)
	if err != nil || yes {
		return err
	}
	var f errs.Fields
	f.Add(path, "error.organisation.not_member")
	return f.Err()
}

// InsertMember adds a membership.
func (tx *Tx) InsertMember(m partnership.Member) error {
	_, err := tx.exec(`insert into partnership_member (partnership_id, organisation_id, side, from_on, to_on) values ($1, $2, $3, $4, $5)`,
		m.PartnershipID, m.OrganisationID, string(m.Side), m.From, m.To)
	return err
}

// EndMember sets the last day of a membership.
func (tx *Tx) EndMember(m partnership.Member) error {
	return tx.update(`update partnership_member set to_on = $4 where partnership_id = $1 and organisation_id = $2 and from_on = $3`,
		m.PartnershipID, m.OrganisationID, m.From, m.To)
}

// UnusedProvisional are the memberships, open today, of organisations an import
// made for a name nobody knew, where nothing of the partnership stands on the
// organisation: no live record, nobody's place of work, no role.
func (tx *Tx) UnusedProvisional(names []string) ([]Member, error) {
	all, err := tx.Members(tx.Partnership())
	if err != nil {
		return nil, err
	}
	var open []Member
	for _, m := range all {
		if o := m.Organisation; m.To.IsZero() && o.Provisional && o.MergedInto == ident.Nil && slices.Contains(names, o.Name) {
			open = append(open, m)
		}
	}
	var used []ident.ID
	err = tx.list(&used, `select hospital_id from treatment where partnership_id = $1 and hospital_id = any ($2::uuid[]) and live
		union select home_hospital_id from casefile where partnership_id = $1 and home_hospital_id = any ($2::uuid[]) and live
		union select hospital_id from registration where partnership_id = $1 and hospital_id = any ($2::uuid[]) and live
		union select from_hospital_id from referral where partnership_id = $1 and from_hospital_id = any ($2::uuid[])
		union select to_hospital_id from referral where partnership_id = $1 and to_hospital_id = any ($2::uuid[])
		union select organisation_id from posting where partnership_id = $1 and organisation_id = any ($2::uuid[])
		union select scope_id from role_assignment where scope_id = any ($2::uuid[]) and revoked_at is null
		union select home_organisation_id from practitioner where home_organisation_id = any ($2::uuid[])`,
		tx.Partnership(), idArray(items(open, func(m Member) ident.ID { return m.OrganisationID })))
	return slices.DeleteFunc(open, func(m Member) bool { return slices.Contains(used, m.OrganisationID) }), err
}

// ReopenMember takes the last day of a membership away.
func (tx *Tx) ReopenMember(m partnership.Member) error {
	return tx.update(`update partnership_member set to_on = null where partnership_id = $1 and organisation_id = $2 and from_on = $3`,
		m.PartnershipID, m.OrganisationID, m.From)
}
