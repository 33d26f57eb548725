package store

import (
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Owner is the record an attachment proves something about.
type Owner struct {
	Kind string // one of the Owner constants
	ID   ident.ID
}

// The kinds of owners.
const (
	OwnerRegistration = "registration"
	OwnerDocument     = "person_document"
	OwnerBeneficiary  = "beneficiary"
	OwnerCase         = "casefile"
	OwnerTreatment    = "treatment"
	OwnerSettlement   = "settlement"
	OwnerScreening    = "screening"
)

// Attachment is a file's record; its content is found by the digest.
type Attachment struct {
	ID         ident.ID
	HospitalID ident.ID
	Owner      Owner
	Case       ident.ID // opens and closes with it; nil for what belongs to a person or registration
	Kind       document.Kind
	FileName   string
	Media      string
	Size       int64
	Digest     []byte // keyed content address
	Rotation   int
	ReplacedBy ident.ID // a later file took its place; history is kept
	Source     ident.ID // the photo of a screening it was taken over from; nil for what was brought to the record itself
	Screening  ident.ID // that screening, where the reader may see it
	Operation  ident.ID // it was taken at this operation; nil otherwise
	CreatedAt  time.Time
	By         string // display name of the uploader
	Version    int
}

type attachmentRow struct {
	ID         ident.ID  `db:"id"`
	HospitalID ident.ID  `db:"hospital_id"`
	OwnerKind  string    `db:"owner_kind"`
	OwnerID    ident.ID  `db:"owner_id"`
	Kind       string    `db:"kind"`
	FileName   string    `db:"file_name"`
	Media      string    `db:"media_type"`
	Size       int64     `db:"size_bytes"`
	Digest     []byte    `db:"digest"`
	Rotation   int       `db:"rotation"`
	ReplacedBy ident.ID  `db:"replaced_by"`
	Source     ident.ID  `db:"source_id"`
	Screening  ident.ID  `db:"screening_id"`
	Operation  ident.ID  `db:"procedure_id"`
	CreatedAt  time.Time `db:"created_at"`
	By         string    `db:"by_name"`
	Version    int       `db:"version"`
}

func (r attachmentRow) attachment() Attachment {
	return Attachment{ID: r.ID, HospitalID: r.HospitalID, Owner: Owner{r.OwnerKind, r.OwnerID}, Kind: document.Kind(r.Kind), FileName: r.FileName,
		Media: r.Media, Size: r.Size, Digest: r.Digest, Rotation: r.Rotation, ReplacedBy: r.ReplacedBy, Source: r.Source, Screening: r.Screening, Operation: r.Operation, CreatedAt: r.CreatedAt.UTC(), By: r.By, Version: r.Version}
}

const selectAttachment = `select a.id, a.hospital_id, a.owner_kind, a.owner_id, a.kind, a.file_name, a.media_type, a.size_bytes, a.digest, a.rotation,
	a.replaced_by, a.source_id, a.procedure_id, (select o.owner_id from attachment o where o.partnership_id = a.partnership_id and o.id = a.source_id and o.owner_kind = 'screening') as screening_id,
	a.created_at, a.version, coalesce((select u.display_name from account u where u.id = a.created_by), '') as by_name from attachment a `

// AttachmentByID reads one attachment.
func (tx *Tx) AttachmentByID(id ident.ID) (Attachment, error) {
	var r attachmentRow
	err := tx.get(&r, selectAttachment+`where a.partnership_id = $1 and a.id = $2`+seen("a"), tx.Partnership(), id)
	return one(r.attachment(), err, "error.attachment.missing")
}

// AttachmentsOf lists the attachments of several records in the order of their
// arrival; replaced ones are among them.
func (tx *Tx) AttachmentsOf(owners ...Owner) ([]Attachment, error) {
	kinds, ids := make([]string, len(owners)), make([]ident.ID, len(owners))
	for i, o := range owners {
		kinds[i], ids[i] = o.Kind, o.ID
	}
	var rows []attachmentRow
	err := tx.list(&rows, selectAttachment+`join unnest($2::text[], $3::uuid[]) as o(kind, id) on a.owner_kind = o.kind and a.owner_id = o.id
		where a.partnership_id = $1 order by a.created_at, a.id limit 500`, tx.Partnership(), textArray(kinds), idArray(ids))
	return items(rows, attachmentRow.attachment), err
}

// ownerQueries read who sees a record, and for whom it is kept. A person's
// document or category belongs to no hospital: the uploader's stands for it.
var ownerQueries = map[string]string{
	OwnerRegistration: `select visible_to::text[], hospital_id, null::uuid as case_id from registration where partnership_id = $1 and id = $2`,
	OwnerDocument:     `select visible_to::text[], null::uuid as hospital_id, null::uuid as case_id from person_document where partnership_id = $1 and id = $2`,
	OwnerBeneficiary:  `select visible_to::text[], null::uuid as hospital_id, null::uuid as case_id from beneficiary where partnership_id = $1 and id = $2`,
	OwnerCase:         `select visible_to::text[], home_hospital_id as hospital_id, id as case_id from casefile where partnership_id = $1 and id = $2`,
	OwnerTreatment:    `select visible_to::text[], hospital_id, case_id from treatment where partnership_id = $1 and id = $2`,
	OwnerSettlement:   `select visible_to::text[], hospital_id, case_id from settlement where partnership_id = $1 and id = $2`,
	OwnerScreening:    `select array[hospital_id]::text[] as visible_to, hospital_id, null::uuid as case_id from screening where partnership_id = $1 and id = $2`,
}

// OwnerScope is who sees what hangs on a record.
type OwnerScope struct {
	Hospital  ident.ID // nil for what belongs to the person
	Case      ident.ID // nil for what belongs to the person or a registration
	VisibleTo []ident.ID
}

// ScopeOfOwner reads the scope of a record the transaction may see.
func (tx *Tx) ScopeOfOwner(o Owner) (OwnerScope, error) {
	query, ok := ownerQueries[o.Kind]
	if !ok {
		return OwnerScope{}, errs.Missing("error.attachment.owner")
	}
	var r struct {
		VisibleTo pq.StringArray `db:"visible_to"`
		Hospital  ident.ID       `db:"hospital_id"`
		Case      ident.ID       `db:"case_id"`
	}
	if err := tx.get(&r, query, tx.Partnership(), o.ID); err != nil {
		return one(OwnerScope{}, err, "error.attachment.owner")
	}
	s := OwnerScope{Hospital: r.Hospital, Case: r.Case}
	for _, text := range r.VisibleTo {
		id, err := ident.Parse(text)
		if err != nil {
			return OwnerScope{}, err
		}
		s.VisibleTo = append(s.VisibleTo, id)
	}
	return s, nil
}

// Papers are what a person has that a file may prove.
type Papers struct {
	Documents   []DocumentItem
	Categories  []patient.Beneficiary
	Attachments []Attachment
}

// OwnerFor is the record a file of a kind belongs to: a picture of the identity
// document to the number that still needs one, a proof to the category that has
// none, everything else to the registration.
func (p Papers) OwnerFor(kind document.Kind, registration ident.ID) Owner {
	has := map[ident.ID]bool{}
	for _, a := range p.Attachments {
		has[a.Owner.ID] = has[a.Owner.ID] || a.ReplacedBy == ident.Nil
	}
	switch kind {
	case document.Identity:
		for _, d := range p.Documents {
			if !has[d.ID] {
				return Owner{Kind: OwnerDocument, ID: d.ID}
			}
		}
	case document.Poverty:
		for _, c := range p.Categories {
			if !has[c.ID] {
				return Owner{Kind: OwnerBeneficiary, ID: c.ID}
			}
		}
	}
	return Owner{Kind: OwnerRegistration, ID: registration}
}

func (tx *Tx) papersOf(person ident.ID) (p Papers, err error) {
	if p.Documents, err = tx.DocumentsOf(person); err != nil {
		return p, err
	}
	if p.Categories, err = tx.BeneficiariesOf(person); err != nil {
		return p, err
	}
	var owners []Owner
	for _, d := range p.Documents {
		owners = append(owners, Owner{OwnerDocument, d.ID})
	}
	for _, c := range p.Categories {
		owners = append(owners, Owner{OwnerBeneficiary, c.ID})
	}
	p.Attachments, err = tx.AttachmentsOf(owners...)
	return p, err
}

// FollowPhotos lets the photos of a screening follow who was screened into the
// papers of the patient: each is taken over once, however often it is asked for,
// and stays with the screening as well. Who took it and when stays true.
func (tx *Tx) FollowPhotos(screening, person, registration ident.ID) error {
	photos, err := tx.photosToFollow(screening)
	if err != nil || len(photos) == 0 {
		return err
	}
	papers, err := tx.papersOf(person)
	if err != nil {
		return err
	}
	for _, a := range photos {
		a.Source, a.ID, a.Owner = a.ID, ident.New(), papers.OwnerFor(a.Kind, registration)
		if err := tx.takeOver(a); err != nil {
			return err
		}
		papers.Attachments = append(papers.Attachments, a)
		tx.Audit(audit.Event{Action: audit.AttachmentAdd, ObjectKind: audit.ObjectAttachment, ObjectID: a.ID, OrganisationID: a.HospitalID,
			Detail: map[string]any{"kind": string(a.Kind), "owner": a.Owner.Kind, "owner_id": a.Owner.ID, "screening": screening, "source": a.Source}})
	}
	return nil
}

// takeOver writes the record of a file a second time, for its new owner.
func (tx *Tx) takeOver(a Attachment) error {
	scope, err := tx.ScopeOfOwner(a.Owner)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into attachment (partnership_id, id, hospital_id, visible_to, owner_kind, owner_id, kind, file_name, media_type, size_bytes, digest, rotation,
			created_at, created_by, source_id)
		select o.partnership_id, $3, o.hospital_id, $4::uuid[], $5, $6, o.kind, o.file_name, o.media_type, o.size_bytes, o.digest, o.rotation, o.created_at, o.created_by, o.id
		from attachment o where o.partnership_id = $1 and o.id = $2`, tx.Partnership(), a.Source, a.ID, idArray(scope.VisibleTo), a.Owner.Kind, a.Owner.ID)
	return err
}

// photosToFollow are the photos of a screening that no record of the patient has.
func (tx *Tx) photosToFollow(screening ident.ID) ([]Attachment, error) {
	var rows []attachmentRow
	err := tx.list(&rows, selectAttachment+`where a.partnership_id = $1 and a.owner_kind = $2 and a.owner_id = $3 and a.replaced_by is null
		and not exists (select 1 from attachment c where c.partnership_id = a.partnership_id and c.source_id = a.id) order by a.created_at, a.id limit 500`,
		tx.Partnership(), OwnerScreening, screening)
	return items(rows, attachmentRow.attachment), err
}

// InsertAttachment adds an attachment that whoever sees its record sees.
func (tx *Tx) InsertAttachment(a Attachment, visible []ident.ID) error {
	_, err := tx.exec(`insert into attachment (partnership_id, id, hospital_id, visible_to, owner_kind, owner_id, kind, file_name, media_type,
		size_bytes, digest, rotation, created_at, created_by, case_id, procedure_id) values ($1, $2, $3, $4::uuid[], $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		tx.Partnership(), a.ID, a.HospitalID, idArray(visible), a.Owner.Kind, a.Owner.ID, string(a.Kind), a.FileName, a.Media, a.Size, a.Digest,
		a.Rotation, tx.now, tx.who.AccountID, nullID(a.Case), nullID(a.Operation))
	return err
}

// InsertAttachments stores the rows of a set, each visible to its hospital.
func (tx *Tx) InsertAttachments(list []Attachment) error {
	return tx.write(`insert into attachment (partnership_id, id, hospital_id, visible_to, owner_kind, owner_id, kind, file_name, media_type,
		size_bytes, digest, rotation, created_at, created_by) values `, `($1, #, #, #::uuid[], #, #, #, #, #, #, #, #, $2, $3)`,
		[]any{tx.Partnership(), tx.now, tx.who.AccountID}, len(list), func(i int) ([]any, error) {
			a := list[i]
			return []any{a.ID, a.HospitalID, idArray([]ident.ID{a.HospitalID}), a.Owner.Kind, a.Owner.ID, string(a.Kind), a.FileName, a.Media,
				a.Size, a.Digest, a.Rotation}, nil
		})
}

// RotateAttachment stores how a picture is turned.
func (tx *Tx) RotateAttachment(a Attachment) error {
	return tx.update(`update attachment set rotation = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), a.ID, a.Version, a.Rotation)
}

// ReplaceAttachment notes which later file took an attachment's place.
func (tx *Tx) ReplaceAttachment(a Attachment, by ident.ID) error {
	return tx.update(`update attachment set replaced_by = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3
		and replaced_by is null`, tx.Partnership(), a.ID, a.Version, by)
}
