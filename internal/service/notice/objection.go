package notice

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// reader is who reads and writes for people nobody knows.
const reader = "notices"

// public runs a reading transaction for nobody in particular.
func (s *Service) public(ctx context.Context, place ident.ID, fn func(*store.Tx) error) error {
	return s.db.InTx(ctx, authz.System(reader).In(place), func(tx *store.Tx) error {
		tx.NoAudit("a published notice says nothing that is not public")
		return fn(tx)
	})
}

// places are the partnerships; there are a handful.
func (s *Service) places(ctx context.Context) (ids []ident.ID, err error) {
	err = s.db.InTx(ctx, authz.System(reader), func(tx *store.Tx) error {
		tx.NoAudit("names of partnerships are no personal data")
		ids, err = tx.PartnershipIDs()
		return err
	})
	return ids, err
}

// Published lists the notices everybody may read today.
func (s *Service) Published(ctx context.Context) ([]store.Notice, error) {
	places, err := s.places(ctx)
	var out []store.Notice
	for _, id := range places {
		if err != nil {
			return nil, err
		}
		err = s.public(ctx, id, func(tx *store.Tx) error {
			list, err := tx.PublicNotices()
			out = append(out, list...)
			return err
		})
	}
	return out, err
}

// Board is a notice as everybody reads it: nothing of it leads to a case.
type Board struct {
	ID       ident.ID
	Title    string
	District string
	Office   string
	On       notice.Notice  // its days and bands
	Entries  []notice.Entry // without the ids of who it is
	place    ident.ID
	about    map[int]ident.ID // approval by line
}

// Read reads a notice that is public today, and says whose it is only to itself.
func (s *Service) Read(ctx context.Context, id ident.ID) (Board, error) {
	places, err := s.places(ctx)
	for _, place := range places {
		if err != nil {
			return Board{}, err
		}
		var b Board
		err = s.public(ctx, place, func(tx *store.Tx) error {
			n, err := tx.NoticeByID(id)
			if err != nil {
				return err
			}
			if !n.Public(tx.Today()) {
				return errs.Missing("error.notice.missing")
			}
			b = Board{ID: n.ID, Title: n.Title, District: n.District, Office: n.Office, On: n.Notice, place: place}
			b.On.LeftOut, b.On.Maker, b.On.Publisher = nil, ident.Nil, ident.Nil
			if b.Entries, _, err = shown(tx, n); err != nil {
				return err
			}
			b.about = map[int]ident.ID{}
			for i, e := range b.Entries {
				b.about[e.No] = e.Approval
				b.Entries[i].Approval, b.Entries[i].Person = ident.Nil, ident.Nil
			}
			return nil
		})
		if err == nil {
			return b, nil
		}
		if errs.Is(err, errs.NotFound) {
			err = nil
		}
	}
	if err == nil {
		err = errs.Missing("error.notice.missing")
	}
	return Board{}, err
}

// Said is an objection as it comes in. No is the line of the notice, 0 the notice
// as a whole.
type Said struct {
	Notice              ident.ID
	No                  int
	Name, Contact, Text string
}

// Taken is the answer to who objected.
type Taken struct {
	ID      ident.ID `json:"-"`
	Receipt string   `json:"receipt"`
}

// Object takes an objection from somebody nobody knows.
func (s *Service) Object(ctx context.Context, in Said, key string) (Taken, error) {
	b, err := s.Read(ctx, in.Notice)
	if err != nil {
		return Taken{}, err
	}
	return s.take(ctx, authz.System(reader).In(b.place), in, taking{notice.FromPublic, key, b})
}

// ObjectFor writes an objection down for somebody who called or came.
func (s *Service) ObjectFor(ctx context.Context, who user.Principal, in Said, key string) (Taken, error) {
	if err := s.policy.Check(who, authz.ObjectionRecord, authz.Anywhere(who.PartnershipID)); err != nil {
		return Taken{}, err
	}
	b, err := s.Read(ctx, in.Notice)
	if err == nil && b.place != who.PartnershipID {
		err = errs.Missing("error.notice.missing")
	}
	if err != nil {
		return Taken{}, err
	}
	return s.take(ctx, who, in, taking{notice.ByStaff, key, b})
}

// taking is how an objection came, and the notice as its speaker reads it.
type taking struct {
	channel notice.Channel
	key     string
	board   Board
}

func (s *Service) take(ctx context.Context, who user.Principal, in Said, by taking) (Taken, error) {
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(by.key, in), func(tx *store.Tx) (Taken, error) {
		tx.Intend(audit.Event{Action: audit.ObjectionRecord, ObjectKind: audit.ObjectObjection, ObjectID: id, Detail: map[string]any{"notice": in.Notice.String(), "channel": string(by.channel)}})
		n, err := tx.NoticeByID(in.Notice)
		if err != nil {
			return Taken{}, err
		}
		if !n.Public(tx.Today()) {
			return Taken{}, errs.Refuse("notice.period", "error.notice.over", errs.Args{"until": n.UntilOn}, "notice.remedy.call")
		}
		rules, err := tx.FundingRules()
		if err != nil {
			return Taken{}, err
		}
		o, err := notice.Objection{Channel: by.channel, Name: in.Name, Contact: in.Contact, Text: in.Text, Taker: who.AccountID}.Take(tx.Today(), rules.AppealDays)
		if err != nil {
			return Taken{}, err
		}
		x := store.Objection{Objection: o, ID: id, Notice: n.ID, No: in.No, Receipt: ident.SlipCode()}
		if in.No != 0 {
			about, ok := by.board.about[in.No]
			if !ok {
				var f errs.Fields
				f.Add("no", "error.notice.line")
				return Taken{}, f.Err()
			}
			x.Approval = about
		}
		return Taken{id, x.Receipt}, tx.InsertObjection(x)
	})
}

// Objections is the queue: those that wait, or all.
func (s *Service) Objections(ctx context.Context, who user.Principal, waiting bool, req page.Request) (q page.Result[store.Objection], err error) {
	if err := s.office(who, authz.ObjectionAnswer); err != nil {
		return q, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectObjection})
		q, err = tx.ListObjections(waiting, req)
		return err
	})
	return q, err
}

// ObjectionView is an objection with the application it is about, if any.
type ObjectionView struct {
	store.Objection
	About     store.Approval
	MayAnswer bool
}

// Objection reads one objection with the name and the contact that were left.
func (s *Service) Objection(ctx context.Context, who user.Principal, id ident.ID) (v ObjectionView, err error) {
	if err := s.office(who, authz.ObjectionAnswer); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ObjectionRead, ObjectKind: audit.ObjectObjection, ObjectID: id})
		if v.Objection, err = tx.ObjectionByID(id); err != nil {
			return err
		}
		v.MayAnswer = v.State == notice.Received && v.Taker != who.AccountID
		if v.Approval != ident.Nil {
			v.About, err = tx.ApprovalByID(v.Approval)
		}
		return err
	})
	return v, err
}

// AnswerInput is the office's answer.
type AnswerInput struct {
	Objection ident.ID
	State     notice.ObjectionState
	Opinion   string
	Version   int64
}

// Answer answers an objection. Upholding one against an approval that stands puts
// the approval into the queue of those a person has to decide about; the money
// stays where it is.
func (s *Service) Answer(ctx context.Context, who user.Principal, in AnswerInput, key string) error {
	if err := s.office(who, authz.ObjectionAnswer); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (bool, error) {
		tx.Intend(audit.Event{Action: audit.ObjectionAnswer, ObjectKind: audit.ObjectObjection, ObjectID: in.Objection, Detail: map[string]any{"state": string(in.State)}})
		o, err := tx.ObjectionByID(in.Objection)
		if err != nil {
			return false, err
		}
		if err := tx.SameVersion(o.Version, in.Version); err != nil {
			return false, err
		}
		if o.Objection, err = o.Answer(in.State, who.AccountID, in.Opinion); err != nil {
			return false, err
		}
		if o.State == notice.Upheld && o.Approval != ident.Nil {
			if err := askAgain(tx, o.Approval); err != nil {
				return false, err
			}
		}
		return true, tx.AnswerObjection(o)
	})
	return err
}

// askAgain holds the treatment like every decision about its money. What is no
// longer approved needs nobody to look at it again.
func askAgain(tx *store.Tx, id ident.ID) error {
	a, err := tx.ApprovalByID(id)
	if err != nil {
		return err
	}
	if _, err := tx.TreatmentForUpdate(a.Treatment); err != nil {
		return err
	}
	if a, err = tx.ApprovalByID(id); err != nil || a.State != fund.ApprovalApproved {
		return err
	}
	return tx.AskAgain(a)
}
