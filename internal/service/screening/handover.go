package screening

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// MaxBundle is the largest file that is handed over, in bytes.
const MaxBundle = 64 << 20

// bundle is the file a browser writes when there is no network for days. It is
// as sealed as the browser's own store; its name says nothing about anybody.
type bundle struct {
	Format   int      `json:"format"`
	Box      ident.ID `json:"box"`
	Account  ident.ID `json:"account"`
	Hospital ident.ID `json:"hospital"`
	Recovery ident.ID `json:"recovery"` // whose public key the envelope is for
	Envelope []byte   `json:"envelope"` // holds the key of the items
	Items    []item   `json:"items"`
}

type item struct {
	ID   ident.ID `json:"id"`
	Form ident.ID `json:"form"` // of a photo; nil for a form
	Kind string   `json:"kind"` // of a photo; of a form, that it is an operation
	IV   []byte   `json:"iv"`
	Data []byte   `json:"data"`
}

// bundleFormat is the one format there is so far.
const bundleFormat = 1

// envelopeContext and context say what was sealed where, so that nothing opens
// in another place.
func (b bundle) envelopeContext() string { return "outbox/" + b.Box.String() }

func (i item) context(box ident.ID) string {
	if i.photo() {
		return box.String() + "/" + i.ID.String() + "/photo/" + i.Form.String() + "/" + i.Kind
	}
	if i.Kind == kindOperation {
		return box.String() + "/" + i.ID.String() + "/operation"
	}
	return box.String() + "/" + i.ID.String() + "/form"
}

// kindOperation marks a form that is an operation; a screening has no mark.
const kindOperation = "operation"

func (i item) photo() bool { return i.Form != ident.Nil }

func (b bundle) counts() (forms, photos int) {
	for _, i := range b.Items {
		if i.photo() {
			photos++
		} else {
			forms++
		}
	}
	return forms, photos
}

func readBundle(content []byte) (bundle, error) {
	var b bundle
	if err := json.Unmarshal(content, &b); err != nil || b.Format != bundleFormat || b.Box == ident.Nil || b.Account == ident.Nil || len(b.Items) == 0 {
		return b, invalid("file", "error.outreach.file")
	}
	return b, nil
}

// opened is a bundle with its items readable.
type opened struct {
	bundle
	forms      []Sent
	operations []Sent
	photos     []Photo
}

// unseal opens a bundle with the hospital's key.
func (s *Service) unseal(ctx context.Context, who user.Principal, b bundle) (opened, error) {
	out := opened{bundle: b}
	var key []byte
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("a key that opens a file in hand; what is done with it is recorded")
		key, err = tx.OpenRecovery(b.Recovery, b.Hospital, b.Envelope, b.envelopeContext())
		return err
	})
	if errors.Is(err, seal.ErrUnknownKey) || errors.Is(err, seal.ErrDamaged) {
		return out, invalid("file", "error.outreach.sealed")
	}
	if err != nil {
		return out, err
	}
	for _, i := range b.Items {
		plain, err := seal.OpenOutbox(key, i.IV, i.Data, i.context(b.Box))
		if err != nil {
			return out, invalid("file", "error.outreach.sealed")
		}
		switch {
		case i.photo():
			out.photos = append(out.photos, Photo{ID: i.ID, Form: i.Form, Kind: document.Kind(i.Kind), Content: plain})
		case i.Kind == kindOperation:
			out.operations = append(out.operations, Sent{ID: i.ID, Body: string(plain)})
		default:
			out.forms = append(out.forms, Sent{ID: i.ID, Body: string(plain)})
		}
	}
	return out, nil
}

// HandedOver is what became of a file.
type HandedOver struct {
	Hospital ident.ID
	Answers  []Answer
	Photos   int // kept, now or before
	Failed   int // photos without their form, or that are none
}

// Count is how many forms had an outcome.
func (h HandedOver) Count(o Outcome) int {
	n := 0
	for _, a := range h.Answers {
		if a.Outcome == o {
			n++
		}
	}
	return n
}

// take records what is in a bundle. A photo that cannot be kept does not stop
// the others; it stays in the file.
func (s *Service) take(ctx context.Context, who user.Principal, b opened, perm authz.Permission) (HandedOver, error) {
	out := HandedOver{Hospital: b.Hospital}
	c := carrier{perm: perm, by: b.Account}
	if b.Account == who.AccountID {
		c = carrier{perm: authz.ProcedureLog} // one's own operations need one's own right
	}
	for rest := range slices.Chunk(b.forms, MaxRows) {
		got, err := s.receive(ctx, who, ReceiveInput{Hospital: b.Hospital, Forms: rest}, c.by)
		if err != nil {
			return out, err
		}
		out.Answers = append(out.Answers, got...)
	}
	for rest := range slices.Chunk(b.operations, MaxRows) {
		got, err := s.operations(ctx, who, ReceiveInput{Hospital: b.Hospital, Forms: rest}, c)
		if err != nil {
			return out, err
		}
		out.Answers = append(out.Answers, got...)
	}
	for _, p := range b.photos {
		_, err := s.addPhoto(ctx, who, p, photoRights{perm, c.perm})
		switch {
		case err == nil:
			out.Photos++
		case errs.Is(err, errs.Invalid) || errs.Is(err, errs.NotFound):
			out.Failed++
		default:
			return out, err
		}
	}
	return out, nil
}

// HandOver records the forms of a file of one's own. The same file again adds
// nothing.
func (s *Service) HandOver(ctx context.Context, who user.Principal, content []byte) (HandedOver, error) {
	var none HandedOver
	if err := s.door(who, authz.ScreeningRecord); err != nil {
		return none, err
	}
	b, err := readBundle(content)
	if err != nil {
		return none, err
	}
	if b.Account != who.AccountID {
		return none, errs.Refuse("outreach.own", "error.outreach.own", nil, "remedy.outreach.own")
	}
	if err := s.at(who, authz.ScreeningRecord, b.Hospital); err != nil {
		return none, err
	}
	return s.openAndTake(ctx, who, b, authz.ScreeningRecord)
}

func (s *Service) openAndTake(ctx context.Context, who user.Principal, b bundle, perm authz.Permission) (HandedOver, error) {
	o, err := s.unseal(ctx, who, b)
	if err != nil {
		return HandedOver{}, err
	}
	forms, photos := b.counts()
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error { // before the rows: that a file was opened stands whatever happens then
		tx.Audit(audit.Event{Action: audit.OutboxHandOver, ObjectKind: audit.ObjectOutbox, ObjectID: b.Box, OrganisationID: b.Hospital,
			Detail: map[string]any{"account": b.Account, "forms": forms, "photos": photos}})
		return nil
	})
	if err != nil {
		return HandedOver{}, err
	}
	return s.take(ctx, who, o, perm)
}

// AskInput asks to open somebody else's file.
type AskInput struct {
	Content []byte `json:"-"`
	Address []byte // made from the content
	Reason  string
}

// AskRecovery is the first step to what somebody kept who cannot sign in any
// more: the file is checked and counted, and the reason noted. Nothing of it is
// shown or stored yet.
func (s *Service) AskRecovery(ctx context.Context, who user.Principal, in AskInput, key string) (Recovery, error) {
	var none Recovery
	if err := s.door(who, authz.ScreeningRecover); err != nil {
		return none, err
	}
	b, err := readBundle(in.Content)
	var f errs.Fields
	if err != nil && f.Merge("", err) != nil {
		return none, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	switch n := len([]rune(in.Reason)); {
	case n == 0:
		f.Add("reason", "form.error.missing")
	case n > maxReason:
		f.Add("reason", "form.error.long", "max", maxReason)
	}
	if err := f.Err(); err != nil {
		return none, err
	}
	if err := s.at(who, authz.ScreeningRecover, b.Hospital); err != nil {
		return none, err
	}
	if _, err := s.unseal(ctx, who, b); err != nil { // said now, not after the second step
		return none, err
	}
	if in.Address, err = s.blobs.Put(in.Content); err != nil {
		return none, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Recovery, error) {
		r := Recovery{ID: ident.New(), Hospital: b.Hospital, Account: b.Account, Digest: in.Address, Reason: in.Reason}
		r.Forms, r.Photos = b.counts()
		tx.Audit(audit.Event{Action: audit.OutboxRecoveryAsk, ObjectKind: audit.ObjectOutbox, ObjectID: b.Box, OrganisationID: b.Hospital, Reason: in.Reason,
			Detail: map[string]any{"account": b.Account, "forms": r.Forms, "photos": r.Photos, "recovery": r.ID}})
		if err := tx.InsertOutboxRecovery(r); err != nil {
			return none, err
		}
		others, err := tx.RoleHolders(user.HospitalAdmin, b.Hospital)
		if err != nil {
			return none, err
		}
		return r, tell(tx, r, message.OutboxAsked, others...)
	})
}

// tell leaves a message with who has to know.
func tell(tx *store.Tx, r Recovery, kind message.Kind, to ...ident.ID) error {
	for _, account := range to { // a handful of people
		if err := tx.Tell(message.Message{To: account, Kind: kind, Object: message.Outbox, About: r.ID, Note: r.Reason, Count: r.Forms}); err != nil {
			return err
		}
	}
	return nil
}

// RuleTwoPersons is the rule that nobody opens alone what was asked for by
// themselves: twenty families' forms need two accounts, or an account and the
// machine's own command line.
const RuleTwoPersons = "outreach.two_persons"

// twoPersons refuses the second step to who made the first.
func (s *Service) twoPersons(ctx context.Context, who user.Principal, r Recovery) error {
	if r.Asker != who.AccountID {
		return nil
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.OutboxRecover, ObjectKind: audit.ObjectOutbox, ObjectID: r.ID, OrganisationID: r.Hospital, Reason: r.Reason})
		return errs.Refuse(RuleTwoPersons, "error.outreach.two_persons", nil, "remedy.outreach.two_persons")
	})
}

// Recover is the second step, of another person: the file is opened and its forms
// are recorded. Again, it adds nothing.
func (s *Service) Recover(ctx context.Context, who user.Principal, id ident.ID, version int64) (HandedOver, error) {
	var none HandedOver
	r, err := s.Recovery(ctx, who, id)
	if err != nil {
		return none, err
	}
	if r.Version != version {
		return none, errs.New(errs.Stale, "error.stale", nil)
	}
	if err := s.twoPersons(ctx, who, r); err != nil {
		return none, err
	}
	content, err := s.blobs.Get(r.Digest)
	if err != nil {
		return none, err
	}
	b, err := readBundle(content)
	if err != nil {
		return none, err
	}
	out, err := s.openAndTake(ctx, who, b, authz.ScreeningRecover)
	if err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if err := tx.SameVersion(r.Version, version); err != nil {
			return err
		}
		r.Added, r.Repeated, r.Refused = out.Count(Created), out.Count(Repeated), out.Count(Refused)
		tx.Audit(audit.Event{Action: audit.OutboxRecover, ObjectKind: audit.ObjectOutbox, ObjectID: b.Box, OrganisationID: b.Hospital, Reason: r.Reason,
			Detail: map[string]any{"account": b.Account, "added": r.Added, "repeated": r.Repeated, "refused": r.Refused, "recovery": r.ID, "asked_by": r.Asker}})
		if err := tx.FinishOutboxRecovery(r); err != nil {
			return err
		}
		return tell(tx, r, message.OutboxOpened, r.Asker, r.Account)
	})
	return out, err
}

// Recovery reads one recovery.
func (s *Service) Recovery(ctx context.Context, who user.Principal, id ident.ID) (Recovery, error) {
	var r Recovery
	if err := s.door(who, authz.ScreeningRecover); err != nil {
		return r, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("counts and a reason, no patient")
		if r, err = tx.OutboxRecoveryByID(id); err != nil {
			return err
		}
		if s.at(who, authz.ScreeningRecover, r.Hospital) != nil {
			return errs.Missing("error.outreach.recovery_missing")
		}
		return nil
	})
	return r, err
}

// Recoveries lists the latest recoveries of the hospitals the reader answers for.
func (s *Service) Recoveries(ctx context.Context, who user.Principal) ([]Recovery, error) {
	var out []Recovery
	if err := s.door(who, authz.ScreeningRecover); err != nil {
		return nil, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("counts and reasons, no patient")
		at, err := s.recoverable(tx)
		if err == nil {
			out, err = tx.OutboxRecoveries(at)
		}
		return err
	})
	return out, err
}

// recoverable lists the hospitals whose files the principal may open: the machine's
// own command line those of every member.
func (s *Service) recoverable(tx *store.Tx) ([]ident.ID, error) {
	if reach := s.policy.Reach(tx.Who(), authz.ScreeningRecover); !reach.All {
		return reach.Hospitals, nil
	}
	return members(tx)
}
