package intake

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// File is an upload. Its content stays out of the request's digest: the address
// made from it stands there.
type File struct {
	Kind    document.Kind
	Name    string
	Content []byte `json:"-"`
	Media   string // decided by the first bytes
	Address []byte // keyed content address, set when kept
}

// keep checks an upload and puts its content away, before any transaction: the
// file store takes no part in one. A content without a record is harmless.
func (s *Service) keep(f *File) error {
	media, err := document.Accept(document.Upload{Kind: f.Kind, Name: f.Name, Content: f.Content})
	if err != nil {
		return err
	}
	f.Media, f.Name = media, document.CleanName(f.Name)
	if f.Name == "" {
		f.Name = string(f.Kind) + document.Extension(media)
	}
	f.Address, err = s.blobs.Put(f.Content)
	return err
}

// attach records a kept file under a record. Whoever sees the record sees it.
func (s *Service) attach(tx *store.Tx, owner store.Owner, operation ident.ID, f File) (ident.ID, error) {
	scope, err := tx.ScopeOfOwner(owner)
	if err != nil {
		return ident.Nil, err
	}
	hospital := scope.Hospital
	for _, h := range scope.VisibleTo {
		if hospital == ident.Nil && s.check(tx.Who(), authz.AttachmentAdd, h) == nil {
			hospital = h
		}
	}
	if hospital == ident.Nil {
		hospital = tx.Who().OrganisationID
	}
	if err := s.check(tx.Who(), authz.AttachmentAdd, hospital); err != nil {
		return ident.Nil, errs.Missing("error.attachment.owner")
	}
	a := store.Attachment{ID: ident.New(), HospitalID: hospital, Owner: owner, Operation: operation, Kind: f.Kind, FileName: f.Name, Media: f.Media,
		Size: int64(len(f.Content)), Digest: f.Address}
	tx.Audit(audit.Event{Action: audit.AttachmentAdd, ObjectKind: audit.ObjectAttachment, ObjectID: a.ID, OrganisationID: hospital,
		Detail: map[string]any{"kind": string(f.Kind), "owner": owner.Kind, "owner_id": owner.ID}})
	a.Case = scope.Case
	return a.ID, tx.InsertAttachment(a, scope.VisibleTo)
}

// AttachInput is an upload to a record.
type AttachInput struct {
	Owner     store.Owner
	Operation ident.ID // of the owner, a treatment, where it was taken at one; nil otherwise
	File      File
}

// Attach keeps a file under a record.
func (s *Service) Attach(ctx context.Context, who user.Principal, key string, in AttachInput) (ident.ID, error) {
	if err := s.anywhere(who, authz.AttachmentAdd); err != nil {
		return ident.Nil, err
	}
	if err := s.keep(&in.File); err != nil {
		return ident.Nil, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		if in.Operation != ident.Nil {
			if o, err := tx.OperationByID(in.Operation); err != nil {
				return ident.Nil, err
			} else if (store.Owner{Kind: store.OwnerTreatment, ID: o.Treatment}) != in.Owner {
				return ident.Nil, errs.Missing("error.attachment.owner")
			}
		}
		return s.attach(tx, in.Owner, in.Operation, in.File)
	})
}

// OwnerFor is the record a file of a kind belongs to; see [store.Papers.OwnerFor].
func (p Patient) OwnerFor(kind document.Kind, registration ident.ID) store.Owner {
	return store.Papers{Documents: p.Documents, Categories: p.Categories, Attachments: p.Attachments}.OwnerFor(kind, registration)
}

// NeedsPhoto reports whether a number was kept unverified and its picture is
// still to come.
func (p Patient) NeedsPhoto() bool {
	for _, d := range p.Documents {
		if d.NeedsPhoto() {
			return true
		}
	}
	return false
}

// Replace puts a new file in the place of an attachment; the old one is kept as
// its history.
func (s *Service) Replace(ctx context.Context, who user.Principal, key string, id ident.ID, f File) (ident.ID, error) {
	if err := s.anywhere(who, authz.AttachmentAdd); err != nil {
		return ident.Nil, err
	}
	old, err := s.Attachment(ctx, who, id)
	if err != nil {
		return ident.Nil, err
	}
	if f.Kind == "" {
		f.Kind = old.Kind
	}
	if err := s.keep(&f); err != nil {
		return ident.Nil, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, f), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.AttachmentReplace, ObjectKind: audit.ObjectAttachment, ObjectID: id, OrganisationID: old.HospitalID})
		now, err := tx.AttachmentByID(id)
		if err != nil {
			return ident.Nil, err
		}
		if now.ReplacedBy != ident.Nil {
			return ident.Nil, errs.New(errs.Stale, "error.attachment.replaced", nil)
		}
		next, err := s.attach(tx, now.Owner, now.Operation, f)
		if err != nil {
			return ident.Nil, err
		}
		return next, tx.ReplaceAttachment(now, next)
	})
}

// Rotate turns a picture by quarter turns, clockwise.
func (s *Service) Rotate(ctx context.Context, who user.Principal, id ident.ID, quarters int) error {
	if err := s.anywhere(who, authz.AttachmentAdd); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.AttachmentRotate, ObjectKind: audit.ObjectAttachment, ObjectID: id})
		a, err := tx.AttachmentByID(id)
		if err != nil {
			return err
		}
		if s.check(who, authz.AttachmentAdd, a.HospitalID) != nil {
			return errs.Missing("error.attachment.missing")
		}
		if !document.Image(a.Media) {
			return errs.New(errs.Precondition, "error.attachment.not_a_picture", nil)
		}
		a.Rotation = document.Rotate(a.Rotation, quarters)
		return tx.RotateAttachment(a)
	})
}

// Attachment reads an attachment's record.
func (s *Service) Attachment(ctx context.Context, who user.Principal, id ident.ID) (store.Attachment, error) {
	var a store.Attachment
	if err := s.anywhere(who, authz.AttachmentRead); err != nil {
		return a, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the record only; opening the file is recorded")
		var err error
		a, err = tx.AttachmentByID(id)
		return err
	})
	return a, err
}

// AttachmentFile reads an attachment with its content.
func (s *Service) AttachmentFile(ctx context.Context, who user.Principal, id ident.ID) (store.Attachment, []byte, error) {
	var a store.Attachment
	if err := s.anywhere(who, authz.AttachmentRead); err != nil {
		return a, nil, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		var err error
		if a, err = tx.AttachmentByID(id); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.AttachmentRead, ObjectKind: audit.ObjectAttachment, ObjectID: id, OrganisationID: a.HospitalID})
		return nil
	})
	if err != nil {
		return a, nil, err
	}
	content, err := s.blobs.Get(a.Digest)
	return a, content, err
}

// Attachments lists what hangs on a record, history included.
func (s *Service) Attachments(ctx context.Context, who user.Principal, owner store.Owner) ([]store.Attachment, error) {
	if err := s.anywhere(who, authz.AttachmentRead); err != nil {
		return nil, err
	}
	var out []store.Attachment
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of files; opening one is recorded")
		if _, err := tx.ScopeOfOwner(owner); err != nil {
			return err
		}
		var err error
		out, err = tx.AttachmentsOf(owner)
		return err
	})
	return out, err
}
