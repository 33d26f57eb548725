package oversight

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// File is an anchor as it is handed out.
type File struct {
	Name string
	Text string
}

// FileName names the file of an anchor: partnership and instant, so that a
// folder of them sorts by time.
func FileName(partnership ident.ID, a Anchor) string {
	return "anchor-" + partnership.String()[:8] + "-" + a.At.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(a.Digest[:4]) + ".txt"
}

// Daily makes the day's anchor of a partnership, or of the platform, unless it
// is made already. The file is to be kept outside the database as well.
func (s *Service) Daily(ctx context.Context, partnership ident.ID) (f File, made bool, err error) {
	due := false
	err = s.db.InTx(ctx, authz.System("anchor").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("whether the anchor of the day is made")
		last, err := tx.LatestAnchor()
		if due = errs.Is(err, errs.NotFound); due {
			return nil
		}
		due = clock.DateOf(last.At.In(clock.Shanghai)) != tx.Today()
		return err
	}, store.Background())
	if err != nil || !due {
		return f, false, err
	}
	f, err = s.Make(ctx, partnership)
	return f, err == nil, err
}

// Make makes an anchor of a partnership, or of the platform, now.
func (s *Service) Make(ctx context.Context, partnership ident.ID) (f File, err error) {
	id := ident.New()
	err = s.db.InTx(ctx, authz.System("anchor").In(partnership), func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.AnchorMake, ObjectKind: audit.ObjectAnchor, ObjectID: id})
		last, err := tx.LatestAnchor()
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		a := audit.SignedAnchor{Anchor: audit.Anchor{Partnership: partnership, At: tx.Now().UTC().Truncate(time.Microsecond), Previous: last.Digest}}
		if a.Heads, err = tx.ChainHeads(); err != nil {
			return err
		}
		if a.Held, err = heldSince(tx, last); err != nil {
			return err
		}
		signature, err := s.db.Keys().Sign(audit.AnchorPurpose, a.Message())
		if err != nil {
			return err
		}
		a.Key, a.Signature = signature.Key, signature.Bytes
		stored := Anchor{At: a.At, Digest: a.Digest()}
		f = File{FileName(partnership, stored), a.File()}
		return tx.InsertAnchor(id, a)
	}, store.Background())
	return f, err
}

// overlap covers an anchor of another side that came in while the last own one was
// being made; naming it twice does no harm.
const overlap = time.Hour

// heldSince are the digests of what came in since the last own anchor.
func heldSince(tx *store.Tx, last Anchor) ([][]byte, error) {
	if last.At.IsZero() {
		return tx.HeldSince(last.At)
	}
	digests, err := tx.HeldSince(last.At.Add(-overlap))
	if err != nil {
		return nil, err
	}
	before, err := audit.ParseAnchor(last.File)
	if err != nil {
		return nil, errs.Wrap(err, errs.Precondition, "error.anchor.unreadable", nil)
	}
	return slices.DeleteFunc(digests, func(d []byte) bool {
		return slices.ContainsFunc(before.Held, func(x []byte) bool { return bytes.Equal(x, d) })
	}), nil
}

// Anchors is a page of the own anchors.
func (s *Service) Anchors(ctx context.Context, who user.Principal, req page.Request) (out page.Result[Anchor], held []Held, err error) {
	if err := s.policy.Check(who, authz.AuditVerify, authz.Anywhere(who.PartnershipID)); err != nil {
		return out, nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("anchors say nothing of anybody")
		if out, err = tx.ListAnchors(req); err != nil {
			return err
		}
		held, err = tx.ListHeld()
		return err
	})
	return out, held, err
}

// Fetch hands an own anchor out. Who took one is recorded: a copy elsewhere is
// what it is made for.
func (s *Service) Fetch(ctx context.Context, who user.Principal, id ident.ID) (f File, err error) {
	if err := s.policy.Check(who, authz.AuditVerify, authz.Anywhere(who.PartnershipID)); err != nil {
		return f, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.AnchorFetch, ObjectKind: audit.ObjectAnchor, ObjectID: id})
		a, err := tx.AnchorByID(id)
		if err == nil {
			f = File{FileName(who.PartnershipID, a), a.File}
		}
		return err
	})
	return f, err
}

// FetchHeld hands an anchor back that is kept for another installation.
func (s *Service) FetchHeld(ctx context.Context, who user.Principal, id ident.ID) (f File, err error) {
	if err := s.policy.Check(who, authz.AuditVerify, authz.Anywhere(who.PartnershipID)); err != nil {
		return f, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.AnchorFetch, ObjectKind: audit.ObjectAnchor, ObjectID: id})
		h, err := tx.HeldByID(id)
		if err == nil {
			f = File{FileName(h.OriginID, Anchor{At: h.At, Digest: h.Digest}), h.File}
		}
		return err
	})
	return f, err
}

// Offer is an anchor somebody brings.
type Offer struct {
	Text   string
	Keys   string // public keys of the other installation; empty for an own anchor
	Origin string // who sent it; only for one of another installation
}

// Received says what an anchor that was brought is.
type Received struct {
	Own    bool // one of ours: the log was compared with it
	Kept   bool // of another installation, and new here
	Anchor audit.Anchor
	Report Report // of an own one
}

// Receive takes an anchor in. One of our own that was kept elsewhere is compared
// with the log at once; one of another installation is checked against its public
// keys and kept for it.
func (s *Service) Receive(ctx context.Context, who user.Principal, in Offer) (out Received, err error) {
	if err := s.policy.Check(who, authz.AuditVerify, authz.InPartnership(who.PartnershipID)); err != nil {
		return out, err
	}
	a, err := audit.ParseAnchor(in.Text)
	if err != nil {
		return out, invalid("file", "error.anchor.unreadable")
	}
	out.Anchor = a.Anchor
	own, err := s.db.Keys().PublicKeys()
	if err != nil {
		return out, err
	}
	signature := seal.Signature{Key: a.Key, Bytes: a.Signature}
	if own.Verify(audit.AnchorPurpose, a.Message(), signature) == nil {
		return s.compare(ctx, who, a)
	}
	if strings.TrimSpace(in.Keys) == "" {
		return out, invalid("keys", "error.anchor.foreign")
	}
	keys, err := seal.ParsePublicKeys(in.Keys)
	if err != nil {
		return out, invalid("keys", "error.cli.public_key")
	}
	if err := keys.Verify(audit.AnchorPurpose, a.Message(), signature); err != nil {
		return out, invalid("file", "error.anchor.forged")
	}
	if strings.TrimSpace(in.Origin) == "" {
		return out, invalid("origin", "form.error.missing")
	}
	id := ident.New()
	return out, s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.AnchorReceive, ObjectKind: audit.ObjectAnchor, ObjectID: id})
		out.Kept, err = tx.InsertHeld(Held{ID: id, Origin: strings.TrimSpace(in.Origin), OriginID: a.Partnership, At: a.At, Chains: len(a.Heads), Links: a.Links(),
			Digest: a.Digest(), File: a.File(), Keys: in.Keys})
		return err
	})
}

func invalid(field, key string) error {
	var f errs.Fields
	f.Add(field, key)
	return f.Err()
}

// compare holds the log against an own anchor that was kept elsewhere.
func (s *Service) compare(ctx context.Context, who user.Principal, a audit.SignedAnchor) (Received, error) {
	out := Received{Own: true, Anchor: a.Anchor}
	if a.Partnership != who.PartnershipID {
		return out, invalid("file", "error.anchor.elsewhere")
	}
	var err error
	if out.Report, err = s.follow(ctx, who.PartnershipID, []audit.SignedAnchor{a}); err != nil {
		return out, err
	}
	return out, s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.AuditVerify, ObjectKind: audit.ObjectChain, Detail: verdict(out.Report)})
		return nil
	})
}

// Verify follows every chain of a partnership, or of the platform, beside
// whatever else is going on, for the command line. Anchors that were brought are
// compared as well. What it found is recorded.
func (s *Service) Verify(ctx context.Context, command user.Principal, partnership ident.ID, brought []audit.SignedAnchor) (Report, error) {
	if !command.IsSystem() {
		return Report{}, errs.New(errs.Forbidden, "error.authz.forbidden", errs.Args{"permission": authz.Label(authz.AuditVerify)})
	}
	keys, err := s.db.Keys().PublicKeys()
	if err != nil {
		return Report{}, err
	}
	for _, a := range brought {
		if err := keys.Verify(audit.AnchorPurpose, a.Message(), seal.Signature{Key: a.Key, Bytes: a.Signature}); err != nil {
			if errors.Is(err, seal.ErrUnknownKey) || errors.Is(err, seal.ErrForged) {
				return Report{}, errs.New(errs.Precondition, "error.anchor.forged", nil)
			}
			return Report{}, err
		}
	}
	r, err := s.follow(ctx, partnership, brought)
	if err != nil {
		return r, err
	}
	return r, s.db.InTx(ctx, command.In(partnership), func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.AuditVerify, ObjectKind: audit.ObjectChain, Detail: verdict(r)})
		return nil
	}, store.Background())
}

func (s *Service) follow(ctx context.Context, partnership ident.ID, brought []audit.SignedAnchor) (r Report, err error) {
	err = s.db.InTx(ctx, authz.System("audit verify").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("recorded with its result")
		r, err = tx.FollowChains(brought)
		return err
	}, store.Background())
	return r, err
}

// verdict is what the log keeps of a proof.
func verdict(r Report) map[string]any {
	return map[string]any{"chain_sound": r.Fault == nil, "rows": r.Rows, "chains": r.Chains, "anchors": r.Anchors}
}
