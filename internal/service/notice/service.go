// Package notice is about the public notice of reductions: the office draws it
// up, a second person publishes it, everybody may read it without signing in, and
// whoever objects gets a number and an answer.
//
// Nothing of this stands before a treatment. A notice is made of what was approved
// already; recording, revoking or refusing the consent to be named touches no
// money; an upheld objection puts the approval before a person and nothing more.
package notice

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Names of the stored records, for delivery, which does not reach into the store.
type (
	Notice    = store.Notice
	Objection = store.Objection
	Approval  = store.Approval
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases about notices.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{db: d.DB, policy: d.Policy} }

// office asks for a permission over the whole partnership: a notice belongs to no
// hospital.
func (s *Service) office(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.InPartnership(who.PartnershipID))
}

// RulesView is the settings of notices with the numbers that stand elsewhere.
type RulesView struct {
	notice.Rules
	Cell, Days int
}

// Rules reads the settings.
func (s *Service) Rules(ctx context.Context, who user.Principal) (v RulesView, err error) {
	if err := s.office(who, authz.NoticeRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("settings are no personal data")
		if v.Rules, err = tx.NoticeRules(); err != nil {
			return err
		}
		r, err := tx.FundingRules()
		v.Cell, v.Days = r.NoticeCell, r.NoticeDays
		return err
	})
	return v, err
}

// SaveRules stores the settings. Notices that were drawn up keep theirs.
func (s *Service) SaveRules(ctx context.Context, who user.Principal, in notice.Rules, key string) error {
	if err := s.policy.Check(who, authz.FundOpen, authz.InPartnership(who.PartnershipID)); err != nil {
		return err
	}
	in.Office = strings.TrimSpace(in.Office)
	if err := in.Validate(); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (bool, error) {
		tx.Intend(audit.Event{Action: audit.NoticeRules, ObjectKind: audit.ObjectNotice, ObjectID: who.PartnershipID, Detail: map[string]any{"bands": in.Bands}})
		old, err := tx.NoticeRules()
		if err != nil {
			return false, err
		}
		if err := tx.SameEdition(old.Version, in.Version); err != nil {
			return false, err
		}
		return true, tx.SaveNoticeRules(in)
	})
	return err
}

// List is a page of notices, the latest first.
func (s *Service) List(ctx context.Context, who user.Principal, req page.Request) (q page.Result[store.Notice], err error) {
	if err := s.office(who, authz.NoticeRead); err != nil {
		return q, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectNotice})
		q, err = tx.ListNotices(req)
		return err
	})
	return q, err
}

// View is a notice as the office reads it. Entries are what the public reads, or
// would read; Hidden is how many more stand and are not shown.
type View struct {
	store.Notice
	Entries []notice.Entry
	Hidden  int

	MayPublish, MayClose, MayDiscard bool
}

// One reads a notice.
func (s *Service) One(ctx context.Context, who user.Principal, id ident.ID) (v View, err error) {
	if err := s.office(who, authz.NoticeRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectNotice, ObjectID: id})
		if v.Notice, err = tx.NoticeByID(id); err != nil {
			return err
		}
		if v.State != notice.Discarded {
			if v.Entries, v.Hidden, err = shown(tx, v.Notice); err != nil {
				return err
			}
		}
		if s.office(who, authz.NoticeMake) == nil {
			v.MayPublish = v.State == notice.Draft && v.Maker != who.AccountID
			v.MayDiscard = v.State == notice.Draft
			v.MayClose = v.State == notice.Published && tx.Today().After(v.UntilOn)
		}
		return nil
	})
	return v, err
}

func shown(tx *store.Tx, n store.Notice) ([]notice.Entry, int, error) {
	live, err := tx.NoticeEntries(n.ID)
	if err != nil {
		return nil, 0, err
	}
	out := notice.Shown(live, n.Cell)
	return out, len(live) - len(out), nil
}

// most is how many reductions one notice takes.
const most = 2000

// Draft is what the office fills in for a new notice.
type Draft struct {
	Title    string
	From, To clock.Date // days of the decisions
}

// Draw draws a notice up from the approvals of some days. The numbers of the
// rules of today are kept with it.
func (s *Service) Draw(ctx context.Context, who user.Principal, in Draft, key string) (ident.ID, error) {
	if err := s.office(who, authz.NoticeMake); err != nil {
		return ident.Nil, err
	}
	in.Title = strings.TrimSpace(in.Title)
	n := store.Notice{ID: ident.New(), Notice: notice.Notice{Title: in.Title, From: in.From, To: in.To, Maker: who.AccountID}}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.NoticeDraw, ObjectKind: audit.ObjectNotice, ObjectID: n.ID})
		if err := n.Check(tx.Today()); err != nil {
			return ident.Nil, err
		}
		rules, err := tx.NoticeRules()
		if err != nil {
			return ident.Nil, err
		}
		numbers, err := tx.FundingRules()
		if err != nil {
			return ident.Nil, err
		}
		here, err := tx.PartnershipByID(who.PartnershipID)
		if err != nil {
			return ident.Nil, err
		}
		n.State, n.Cell, n.Days, n.Bands, n.Office, n.District = notice.Draft, numbers.NoticeCell, numbers.NoticeDays, rules.Bands, rules.Office, here.ReceivingName
		list, err := tx.NoticeCandidates(in.From, in.To, most)
		if err != nil {
			return ident.Nil, err
		}
		var f errs.Fields
		if len(list) > most {
			f.Add("to", "error.notice.many", "max", most)
		}
		entries, out := notice.Draw(list, n.Cell, n.Bands)
		n.LeftOut = out
		if err := f.Err(); err != nil {
			return ident.Nil, err
		}
		tx.Amend("entries", len(entries))
		return n.ID, tx.InsertNotice(n, entries)
	})
}

// StepInput is what the office does with a notice.
type StepInput struct {
	Notice  ident.ID
	Step    notice.Step
	Version int64
}

// Do publishes, closes or throws a notice away.
func (s *Service) Do(ctx context.Context, who user.Principal, in StepInput, key string) error {
	if err := s.office(who, authz.NoticeMake); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (bool, error) {
		tx.Intend(audit.Event{Action: audit.NoticeStep, ObjectKind: audit.ObjectNotice, ObjectID: in.Notice, Detail: map[string]any{"step": string(in.Step)}})
		n, err := tx.NoticeByID(in.Notice)
		if err != nil {
			return false, err
		}
		if err := tx.SameVersion(n.Version, in.Version); err != nil {
			return false, err
		}
		if in.Step == notice.Publish && n.Office == "" { // written down since the draft was made
			rules, err := tx.NoticeRules()
			if err != nil {
				return false, err
			}
			n.Office = rules.Office
		}
		if n.Notice, err = n.Do(in.Step, who.AccountID, tx.Today()); err != nil {
			return false, err
		}
		return true, tx.StepNotice(n)
	})
	return err
}

// ConsentInput is a patient's answer to being named.
type ConsentInput struct {
	Approval ident.ID
	Answer   notice.Publication
}

// Consent records the answer. An entry in a notice disappears with a consent that
// was taken back, at once; the reduction stays as it is.
func (s *Service) Consent(ctx context.Context, who user.Principal, in ConsentInput, key string) error {
	if err := s.policy.Check(who, authz.NoticeConsent, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (bool, error) {
		tx.Intend(audit.Event{Action: audit.NoticeConsent, ObjectKind: audit.ObjectApproval, ObjectID: in.Approval, Detail: map[string]any{"answer": string(in.Answer)}})
		a, err := tx.ApprovalByID(in.Approval)
		if err != nil {
			return false, err
		}
		if err := s.policy.Check(who, authz.NoticeConsent, authz.AtHospital(who.PartnershipID, a.Hospital)); err != nil {
			return false, errs.Missing("error.approval.missing")
		}
		answer, err := a.Publication.Answer(in.Answer)
		if err != nil {
			return false, err
		}
		return true, tx.Publish(a, answer)
	})
	return err
}
