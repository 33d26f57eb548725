package treatment

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The boxes of requests.
const (
	Inbox  = store.Inbox
	Outbox = store.Outbox
	Late   = store.Late

	// BoxCount is where the numbers beside the boxes stop.
	BoxCount = store.BoxCount
)

// ReferralsInput asks for a page of one box.
type ReferralsInput struct {
	Box   store.Box
	State referral.State // empty: all
	Page  page.Request
}

// ReferralList is a page of requests with the numbers of all boxes.
type ReferralList struct {
	page.Result[store.Referral]
	Counts store.ReferralCounts
	Sides  map[ident.ID]user.Side
	Today  clock.Date
	Wide   bool // the reader stands on neither side: one box for all
}

// Referrals lists what was asked of the reader's hospitals or by them, and what
// is overdue. Readers of the whole partnership see all in one box.
func (s *Service) Referrals(ctx context.Context, who user.Principal, in ReferralsInput) (ReferralList, error) {
	var out ReferralList
	if err := s.door(who, authz.CaseRead); err != nil {
		return out, err
	}
	f := store.ReferralFilter{Box: in.Box, Hospitals: s.hospitals(who, authz.CaseRead), States: referral.States()}
	if in.State != "" {
		f.States = []referral.State{in.State}
	}
	out.Wide = f.Hospitals == nil
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		out.Today = tx.Today()
		if out.Result, err = tx.ListReferrals(f, in.Page); err != nil {
			return err
		}
		if out.Counts, err = tx.CountReferrals(f.Hospitals); err != nil {
			return err
		}
		if out.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "referrals", "box": string(in.Box), "rows": len(out.Rows)}})
		return nil
	})
	for i := range out.Rows {
		out.Rows[i].PersonName = s.name(who, out.Rows[i].PersonName)
	}
	return out, err
}

// ReferralView is one request with the steps the reader may take.
type ReferralView struct {
	store.Referral
	Steps []referral.Row
	Sides map[ident.ID]user.Side
	Today clock.Date
	Clock referral.Clock // the agreed days of its urgency
	// MayOpen: the case is open to the reader, so that the page leads there.
	MayOpen bool
}

// Referral reads one request.
func (s *Service) Referral(ctx context.Context, who user.Principal, id ident.ID) (ReferralView, error) {
	var v ReferralView
	if err := s.door(who, authz.CaseRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.CaseRead, ObjectKind: audit.ObjectReferral, ObjectID: id})
		if v.Referral, err = tx.ReferralByID(id); err != nil {
			return err
		}
		v.Today = tx.Today()
		// A letter names the hospitals as they were called when it was written.
		if v.GiverName, err = tx.NameAt(v.Giver, v.CreatedAt); err != nil {
			return err
		}
		if v.JoinerName, err = tx.NameAt(v.Joiner, v.CreatedAt); err != nil {
			return err
		}
		if v.Clock, err = s.clock(tx, v.Letter.Urgency); err != nil {
			return err
		}
		v.Sides, err = tx.SidesOf()
		return err
	})
	v.MayOpen = v.Home != ident.Nil
	for _, h := range []ident.ID{v.From, v.To} {
		for _, row := range v.Referral.Steps(h) {
			if s.can(who, row.Permission, h) && !slices.ContainsFunc(v.Steps, func(r referral.Row) bool { return r.Action == row.Action }) {
				v.Steps = append(v.Steps, row)
			}
		}
	}
	v.PersonName = s.name(who, v.PersonName)
	return v, err
}

func (s *Service) clock(tx *store.Tx, u referral.Urgency) (referral.Clock, error) {
	rows, err := tx.ReferralClocks()
	list := make([]referral.Clock, len(rows))
	for i, r := range rows {
		list[i] = r.Clock()
	}
	return referral.ClockOf(list, u), err
}

// SendView is what the form of a referral needs.
type SendView struct {
	store.CaseItem
	From  []Hospital // the reader's hospitals in the case
	To    []Hospital
	Sides map[ident.ID]user.Side
}

// SendForm reads the case a referral is about, and where it can go.
func (s *Service) SendForm(ctx context.Context, who user.Principal, id ident.ID) (SendView, error) {
	var v SendView
	if err := s.door(who, authz.CaseJoin); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.CaseRead, ObjectKind: audit.ObjectCase, ObjectID: id})
		if v.CaseItem, err = tx.CaseByID(id); err != nil {
			return err
		}
		if v.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		v.To, err = memberHospitals(tx, who)
		return err
	})
	for _, h := range v.To {
		if slices.Contains(who.Hospitals, h.ID) && s.can(who, authz.CaseJoin, h.ID) {
			v.From = append(v.From, h)
		}
	}
	if len(v.From) == 1 {
		v.To = slices.DeleteFunc(v.To, func(h Hospital) bool { return h.ID == v.From[0].ID })
	}
	return v, err
}

// SendInput is a referral as it was entered.
type SendInput struct {
	Case   ident.ID
	From   ident.ID // nil: the one hospital of the caller
	To     ident.ID
	Reason string
	Letter referral.Letter
}

// Send refers the patient of a case to another hospital. The case opens when the
// receiver accepts, not before.
func (s *Service) Send(ctx context.Context, who user.Principal, in SendInput, key store.Key) (store.Referral, error) {
	var none store.Referral
	from, err := s.home(who, authz.CaseJoin, in.From)
	if err != nil {
		return none, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	for path, text := range map[string]string{"reason": in.Reason, "summary": in.Letter.Summary, "documents": in.Letter.Documents} {
		if len([]rune(text)) > maxText {
			f.Add(path, "form.error.long", "max", maxText)
		}
	}
	if err := f.Err(); err != nil {
		return none, err
	}
	id := ident.New()
	event := audit.Event{Action: audit.ReferralSend, ObjectKind: audit.ObjectReferral, ObjectID: id, OrganisationID: from,
		Detail: map[string]any{"case": in.Case, "to": in.To, "purpose": string(in.Letter.Purpose), "urgency": string(in.Letter.Urgency)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Referral, error) {
		c, err := tx.CaseForUpdate(in.Case)
		if err != nil {
			return none, err
		}
		r := store.Referral{ID: id, Referral: referral.Referral{Kind: referral.Refer, From: from, To: in.To, Reason: in.Reason,
			Emergency: in.Letter.Urgency == referral.Emergency, Letter: in.Letter}}
		if r.Referral, err = referral.Send(r.Referral, c.Home); err != nil {
			return none, err
		}
		if err := s.mayRefer(tx, c, r.Referral); err != nil {
			return none, err
		}
		k, err := s.clock(tx, in.Letter.Urgency)
		if err != nil {
			return none, err
		}
		r.Due = k.Due(r.Referral, tx.Today())
		if err := tx.InsertReferral(r, c); err != nil {
			return none, err
		}
		return tx.ReferralByID(id)
	})
}

// mayRefer asks whether sender and receiver make sense for the case: the sender
// takes part in it, only its home gives it away, the receiver belongs to the
// partnership, and no request to it is waiting.
func (s *Service) mayRefer(tx *store.Tx, c store.CaseItem, r referral.Referral) error {
	part, err := tx.TakesPart(c.ID, r.From)
	if err != nil {
		return err
	}
	if !part {
		return errs.Refuse("casefile.takes_part", "error.case.no_part", nil, "casefile.remedy.join")
	}
	if !c.Open() {
		return errs.Refuse("referral.case_open", "error.referral.case_closed", nil, "casefile.remedy.reopen")
	}
	if r.Letter.Purpose == referral.ForTakeOver && r.From != c.Home {
		return errs.Refuse("referral.home_gives", "error.referral.home_gives", nil, "referral.remedy.home_gives")
	}
	sides, err := tx.SidesOf()
	if err != nil {
		return err
	}
	if _, member := sides[r.To]; !member {
		var f errs.Fields
		f.Add("to", "error.referral.hospital")
		return f.Err()
	}
	earlier, err := tx.ReferralsOf(c.ID)
	if err != nil {
		return err
	}
	for _, e := range earlier {
		if e.State == referral.Sent && e.Kind == referral.Refer && e.To == r.To {
			return errs.Refuse("referral.one_at_a_time", "error.referral.waiting", errs.Args{"hospital": e.JoinerName}, "referral.remedy.revoke_first")
		}
	}
	return nil
}

// AnswerInput is one step of a request as it was entered.
type AnswerInput struct {
	Referral ident.ID
	Version  int64
	Action   referral.Action
	Reply    string          // reason of a no, words of a yes, the reply to the sender of a finish
	Open     referral.Period // of an acceptance; zero days are proposed by the clock
	Basis    patient.LegalBasis
}

// referralEvents names the audit event of each step.
var referralEvents = map[referral.Action]string{referral.Accept: audit.CaseAccept, referral.Reject: audit.CaseDecline,
	referral.Revoke: audit.ReferralRevoke, referral.Finish: audit.ReferralDone}

// Answer takes one step of a request: accept, reject, revoke or finish. An
// acceptance opens the case for its period and gives the receiver a registration
// of its own.
func (s *Service) Answer(ctx context.Context, who user.Principal, in AnswerInput, key store.Key) (store.Referral, error) {
	var none store.Referral
	perm := authz.CaseAccept
	if in.Action == referral.Revoke || in.Action == referral.Finish {
		perm = authz.CaseJoin
	}
	if err := s.door(who, perm); err != nil {
		return none, err
	}
	in.Reply = strings.TrimSpace(in.Reply)
	if len([]rune(in.Reply)) > maxText {
		return none, tooLong("reason")
	}
	event := audit.Event{Action: referralEvents[in.Action], ObjectKind: audit.ObjectReferral, ObjectID: in.Referral, Reason: in.Reply,
		Detail: map[string]any{"step": string(in.Action)}}
	if event.Action == "" {
		event.Action = audit.CaseAccept
	}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Referral, error) {
		r, err := tx.ReferralForUpdate(in.Referral)
		if err != nil {
			return none, err
		}
		hospital := r.To
		for _, h := range []ident.ID{r.From, r.To} {
			if s.can(who, perm, h) && slices.ContainsFunc(r.Steps(h), func(row referral.Row) bool { return row.Action == in.Action }) {
				hospital = h
			}
		}
		if !s.can(who, perm, hospital) {
			hospital = r.From
		}
		if err := s.at(who, perm, hospital); err != nil {
			return none, err
		}
		if err := tx.SameVersion(r.Version, in.Version); err != nil {
			return none, err
		}
		if r.Referral, err = referral.Next(r.Referral, in.Action, hospital, in.Reply); err != nil {
			return none, err
		}
		if err := s.enterAnswer(tx, &r, in); err != nil {
			return none, err
		}
		if err := tx.UpdateReferral(r); err != nil {
			return none, err
		}
		if err := tellAnswer(tx, r, in.Reply); err != nil {
			return none, err
		}
		if r.Opened(tx.Today()) {
			if err := s.receive(tx, r, in.Basis); err != nil {
				return none, err
			}
			if err := s.admitTransfer(tx, r); err != nil {
				return none, err
			}
		}
		return tx.ReferralByID(r.ID)
	})
}

// tellAnswer lets whoever asked know the answer; a revocation is for them as well.
func tellAnswer(tx *store.Tx, r store.Referral, reply string) error {
	kind, known := map[referral.State]message.Kind{referral.Accepted: message.ReferralAccepted, referral.Rejected: message.ReferralRejected,
		referral.Revoked: message.ReferralRevoked}[r.State]
	if !known {
		return nil
	}
	return tx.Tell(message.Message{To: r.CreatedBy, Kind: kind, Object: message.Referral, About: r.ID, CaseNo: r.CaseNo, Note: reply})
}

// enterAnswer puts the entered words and days on a request that took its step.
func (s *Service) enterAnswer(tx *store.Tx, r *store.Referral, in AnswerInput) error {
	k, err := s.clock(tx, r.Letter.Urgency)
	if err != nil {
		return err
	}
	today := tx.Today()
	switch in.Action {
	case referral.Accept:
		r.Open = in.Open
		if r.Open.From.IsZero() {
			r.Open.From = today
		}
		if r.Open.To.IsZero() && r.Kind == referral.Refer {
			r.Open.To = r.Open.From.AddDays(k.OpenDays)
		}
		if err := r.Open.Check(r.Kind, today); err != nil {
			return err
		}
		r.Reply, r.DecidedAt = in.Reply, tx.Now()
	case referral.Reject:
		r.Reply = in.Reply
	default:
		r.Closing = in.Reply
	}
	r.Due = k.Due(r.Referral, today)
	return nil
}

// receive gives the receiver of an opened case its own registration of the
// person, unless it has one.
func (s *Service) receive(tx *store.Tx, r store.Referral, basis patient.LegalBasis) error {
	if r.Kind == referral.Join { // who asks to join has registered the person
		return nil
	}
	c, err := tx.CaseByID(r.Case)
	if err != nil {
		return err
	}
	here, err := tx.RegisteredAt(c.Person, r.Receiver())
	if err != nil || here {
		return err
	}
	if basis != patient.BasisStatutory {
		basis = patient.BasisConsent
	}
	p, err := tx.PersonByID(c.Person)
	if err != nil {
		return err
	}
	reg := patient.Registration{ID: ident.New(), PersonID: c.Person, HospitalID: r.Receiver(), LegalBasis: basis, ConsentNote: r.GiverName,
		SlipCode: ident.SlipCode(), RegisteredOn: tx.Today(), Version: 1}
	if err := tx.InsertRegistration(store.Source{Person: p.Person, Registration: reg}, r.Reason); err != nil {
		return err
	}
	tx.Audit(audit.Event{Action: audit.PersonRegister, ObjectKind: audit.ObjectPerson, ObjectID: c.Person, OrganisationID: r.Receiver(),
		Detail: map[string]any{"by": "referral", "referral": r.ID}})
	return tx.RefreshTerms(reg.ID) // with the terms of the documents, which open with the case
}

// turnAtOnce bounds one round of the clock; the next round takes the rest.
const turnAtOnce = 50

// TurnReferrals lets the clock run in a partnership: periods that begin open
// their cases, periods that are over close them.
func (s *Service) TurnReferrals(ctx context.Context, partnership ident.ID) (opened, closed int, err error) {
	err = s.db.InTx(ctx, authz.System("referrals").In(partnership), func(tx *store.Tx) error {
		in, out, err := tx.TurnReferrals(turnAtOnce)
		if err != nil {
			return err
		}
		opened, closed = len(in), len(out)
		if opened+closed == 0 {
			tx.NoAudit("nothing began or ended")
		}
		for _, r := range in {
			tx.Audit(audit.Event{Action: audit.CaseAccept, ObjectKind: audit.ObjectReferral, ObjectID: r.ID, OrganisationID: r.Joiner,
				Detail: map[string]any{"step": "period begins"}})
			if err := s.receive(tx, r, patient.BasisConsent); err != nil {
				return err
			}
			if err := s.admitTransfer(tx, r); err != nil {
				return err
			}
		}
		for _, r := range out {
			tx.Audit(audit.Event{Action: audit.ParticipationEnd, ObjectKind: audit.ObjectReferral, ObjectID: r.ID, OrganisationID: r.Joiner,
				Detail: map[string]any{"until": r.Open.To}})
		}
		return nil
	}, store.Background())
	return opened, closed, err
}

// partnerToday refuses a reader whose only way into a case was a referral whose
// days are over: the row may still be open for a minute, the days are not.
func (s *Service) partnerToday(tx *store.Tx, who user.Principal, t store.Treatment) error {
	if who.Wide || t.Home == ident.Nil || slices.Contains(who.Hospitals, t.Home) || slices.Contains(who.Hospitals, t.Hospital) {
		return nil
	}
	partners, err := tx.CasePartners(t.Case)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(partners, func(h ident.ID) bool { return slices.Contains(who.Hospitals, h) }) {
		return errs.Missing("error.treatment.gone")
	}
	return nil
}

// lapsed reports whether the reader's hospitals stand in a case only through
// requests whose days are over.
func (v CaseView) lapsed(who user.Principal, today clock.Date) bool {
	mine := func(h ident.ID) bool { return slices.Contains(who.Hospitals, h) }
	if who.Wide || mine(v.Home) {
		return false
	}
	if slices.ContainsFunc(v.Treatments, func(t store.Treatment) bool { return mine(t.Hospital) }) {
		return false
	}
	own := 0
	for _, r := range v.Referrals {
		if mine(r.Joiner) {
			if own++; r.Opened(today) {
				return false
			}
		}
	}
	return own > 0
}

// Clocks reads the agreed days of each urgency, samples where none are agreed.
func (s *Service) Clocks(ctx context.Context, who user.Principal) ([]AgreedClock, error) {
	var out []AgreedClock
	if err := s.door(who, authz.CaseRead); err != nil {
		return nil, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("agreed days hold no personal data")
		rows, err := tx.ReferralClocks()
		for _, u := range referral.Urgencies() {
			x := AgreedClock{Clock: referral.ClockOf(nil, u), Sample: true}
			for _, r := range rows {
				if r.Urgency == string(u) {
					x = AgreedClock{Clock: r.Clock(), Version: r.Version}
				}
			}
			out = append(out, x)
		}
		return err
	})
	return out, err
}

// AgreedClock is the days of one urgency; a sample until the office agreed on its own.
type AgreedClock struct {
	referral.Clock
	Version int64
	Sample  bool
}

// SaveClocks stores the agreed days.
func (s *Service) SaveClocks(ctx context.Context, who user.Principal, list []AgreedClock, key store.Key) error {
	if err := s.door(who, authz.PairingEdit); err != nil {
		return err
	}
	for _, c := range list {
		if err := c.Check(); err != nil {
			return err
		}
	}
	event := audit.Event{Action: audit.ReferralClock, ObjectKind: audit.ObjectPartnership, ObjectID: who.PartnershipID}
	_, err := write(ctx, s, who, key, event, func(tx *store.Tx) (int, error) {
		for _, c := range list {
			if err := tx.SaveReferralClock(c.Clock, c.Version); err != nil {
				return 0, err
			}
		}
		return len(list), nil
	})
	return err
}
