package partnership

import (
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Partnership is the tenant: a donor region and a receiving region.
type Partnership struct {
	ID              ident.ID
	Code            string
	Name            string
	DonorRegion     string
	DonorName       string
	ReceivingRegion string
	ReceivingName   string
	OpenedOn        clock.Date
	LateApproval    int  // days after an emergency admission until a request counts as overdue; 0 is the usual
	Scratch         bool // of a dry run; never listed
	CreatedAt       time.Time
	Version         int64
}

// usualLateApproval is what a new partnership starts with, in days; it is the
// house's own figure and every partnership sets its own.
const usualLateApproval = 30

// LateApprovalDays is how many days after an emergency admission the request for
// a reduction may still come before the office writes it off as an exception.
func (p Partnership) LateApprovalDays() int {
	if p.LateApproval == 0 {
		return usualLateApproval
	}
	return p.LateApproval
}

// Normalise brings typed fields to the stored form.
func (p Partnership) Normalise() Partnership {
	p.Code = strings.ToUpper(strings.TrimSpace(p.Code))
	p.Name = strings.Join(strings.Fields(p.Name), " ")
	p.DonorName, p.ReceivingName = strings.TrimSpace(p.DonorName), strings.TrimSpace(p.ReceivingName)
	p.DonorRegion, p.ReceivingRegion = strings.TrimSpace(p.DonorRegion), strings.TrimSpace(p.ReceivingRegion)
	return p
}

// Check names every wrong field by its form name.
func (p Partnership) Check() error {
	var f errs.Fields
	checkCode(&f, "code", p.Code)
	checkText(&f, "name", p.Name, MaxName, true)
	checkRegion(&f, "receiving_region", p.ReceivingRegion, true)
	checkText(&f, "receiving_name", p.ReceivingName, maxShort, true)
	checkRegion(&f, "donor_region", p.DonorRegion, true)
	checkText(&f, "donor_name", p.DonorName, maxShort, true)
	if p.DonorRegion == p.ReceivingRegion && p.DonorRegion != "" && !f.Has("donor_region") {
		f.Add("donor_region", "error.partnership.same_region")
	}
	if p.OpenedOn.IsZero() {
		f.Add("opened_on", "form.error.missing")
	}
	if p.LateApproval < 0 || p.LateApproval > 365 {
		f.Add("late_approval", "form.error.between", "low", 1, "high", 365)
	}
	return f.Err()
}

// Member is an organisation's place in a partnership between two days, both
// included; a zero To has no end.
type Member struct {
	PartnershipID  ident.ID
	OrganisationID ident.ID
	Side           user.Side
	From, To       clock.Date
}

// ValidOn reports whether the membership counts on a day.
func (m Member) ValidOn(day clock.Date) bool { return within(day, m.From, m.To) }

// CheckMember refuses a membership that is badly formed, or that puts an
// organisation twice into the partnership at one time: it stands on one side.
func CheckMember(m Member, others []Member) error {
	var f errs.Fields
	if m.OrganisationID == ident.Nil {
		f.Add("organisation", "form.error.pick")
	}
	if m.Side != user.SideDonor && m.Side != user.SideReceiving {
		f.Add("side", "form.error.pick")
	}
	checkPeriod(&f, m.From, m.To)
	if err := f.Err(); err != nil {
		return err
	}
	if slices.ContainsFunc(others, func(o Member) bool {
		return o.OrganisationID == m.OrganisationID && overlap(o.From, o.To, m.From, m.To)
	}) {
		return errs.Refuse("partnership.member", "error.partnership.member_exists", nil, "refusal.next.member")
	}
	return nil
}

// SideOn is the side an organisation stands on that day; empty when it is not a
// member.
func SideOn(members []Member, organisation ident.ID, day clock.Date) user.Side {
	for _, m := range members {
		if m.OrganisationID == organisation && m.ValidOn(day) {
			return m.Side
		}
	}
	return ""
}

// Pairing binds a donor hospital to a receiving one (院院结对).
type Pairing struct {
	ID          ident.ID
	DonorID     ident.ID
	ReceivingID ident.ID
	AgreementNo string
	From, To    clock.Date
	CreatedAt   time.Time
	Version     int64
}

// ValidOn reports whether the pairing counts on a day.
func (p Pairing) ValidOn(day clock.Date) bool { return within(day, p.From, p.To) }

// Check names every wrong field. Both hospitals must stand on their side of the
// partnership on the day the pairing begins.
func (p Pairing) Check(members []Member) error {
	var f errs.Fields
	checkText(&f, "agreement_no", p.AgreementNo, MaxName, false)
	checkPeriod(&f, p.From, p.To)
	if p.DonorID == ident.Nil {
		f.Add("donor", "form.error.pick")
	} else if !f.Has("from") && SideOn(members, p.DonorID, p.From) != user.SideDonor {
		f.Add("donor", "error.pairing.not_donor")
	}
	if p.ReceivingID == ident.Nil {
		f.Add("receiving", "form.error.pick")
	} else if !f.Has("from") && SideOn(members, p.ReceivingID, p.From) != user.SideReceiving {
		f.Add("receiving", "error.pairing.not_receiving")
	}
	return f.Err()
}

// CheckOverlap refuses a second pairing of the same two hospitals for the same
// days.
func (p Pairing) CheckOverlap(others []Pairing) error {
	for _, o := range others {
		if o.ID != p.ID && o.DonorID == p.DonorID && o.ReceivingID == p.ReceivingID && overlap(o.From, o.To, p.From, p.To) {
			return errs.Refuse("pairing.overlap", "error.pairing.exists", errs.Args{"from": o.From, "to": o.To}, "remedy.pairing.end_first")
		}
	}
	return nil
}

func checkPeriod(f *errs.Fields, from, to clock.Date) {
	if from.IsZero() {
		f.Add("from", "form.error.missing")
	}
	if !to.IsZero() && to.Before(from) {
		f.Add("to", "error.period.reversed")
	}
}

func within(day, from, to clock.Date) bool {
	return !day.Before(from) && (to.IsZero() || !day.After(to))
}

// overlap of two periods, both ends included, an open end lasting for ever.
func overlap(aFrom, aTo, bFrom, bTo clock.Date) bool {
	return (aTo.IsZero() || !aTo.Before(bFrom)) && (bTo.IsZero() || !bTo.Before(aFrom))
}
