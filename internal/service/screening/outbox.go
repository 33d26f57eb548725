package screening

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// PassDays is for how many days a browser keeps working after it last reached
// us: a tour through the villages takes less. After that what it kept stays, and
// opens with the next sign-in.
const PassDays = 7

// Pass is what a browser needs to keep screenings of one hospital without a
// network.
type Pass struct {
	Account  ident.ID
	Hospital ident.ID
	Number   uint16 // of the key; the browser brings it back
	Key      []byte // opens the store; the same after every sign-in of the account
	Recovery store.RecoveryKey
	Days     int
}

// PassInput asks for a pass. The box is the browser's own name for its store.
type PassInput struct {
	Box      ident.ID
	Hospital ident.ID
	Number   uint16 // zero for a new store
}

// Pass gives a browser the keys of its store.
func (s *Service) Pass(ctx context.Context, who user.Principal, in PassInput) (Pass, error) {
	out := Pass{Account: who.AccountID, Hospital: in.Hospital, Days: PassDays}
	if in.Box == ident.Nil {
		return out, invalid("box", "error.screening.id")
	}
	if in.Hospital == ident.Nil {
		return out, invalid("hospital", "form.error.pick")
	}
	if err := s.at(who, authz.ScreeningRecord, in.Hospital); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.Audit(audit.Event{Action: audit.OutboxOpen, ObjectKind: audit.ObjectOutbox, ObjectID: in.Box, OrganisationID: in.Hospital})
		if out.Number, out.Key, err = tx.OutboxKey(in.Number, in.Box); err != nil {
			return errs.Wrap(err, errs.Precondition, "error.outreach.key", nil)
		}
		out.Recovery, err = tx.EnsureRecoveryKey(in.Hospital)
		return err
	})
	return out, err
}

// Sent is a form as a browser kept it: the boxes by their names, as JSON. Its
// digest in the answer is made from these very bytes, so that the browser knows
// that what it kept is what arrived.
type Sent struct {
	ID   ident.ID
	Body string
}

// Answer is what became of a form that was kept.
type Answer struct {
	Receipt
	Digest string           // SHA-256 of what arrived, in hex
	Record screening.Record // as it was read
	Have   *Screening       // what stands under its id, when that is another content

	Theatre   bool                // an operation, not a screening
	Operation procedure.Procedure // as it was read
	Standing  *store.Operation    // what stands instead of it
}

// Taken reports whether something else stands where this was to go.
func (a Answer) Taken() bool { return a.Outcome == Refused && a.Fields.Has("id") }

// ReceiveInput is forms of one hospital from one browser.
type ReceiveInput struct {
	Hospital ident.ID
	Forms    []Sent
}

// Receive stores forms that were kept without a network, each once, and answers
// every one of them in their order.
func (s *Service) Receive(ctx context.Context, who user.Principal, in ReceiveInput) ([]Answer, error) {
	if in.Hospital == ident.Nil {
		return nil, invalid("hospital", "form.error.pick")
	}
	if err := s.at(who, authz.ScreeningRecord, in.Hospital); err != nil {
		return nil, err
	}
	return s.receive(ctx, who, in, ident.Nil)
}

func (s *Service) receive(ctx context.Context, who user.Principal, in ReceiveInput, by ident.ID) ([]Answer, error) {
	if len(in.Forms) == 0 || len(in.Forms) > MaxRows {
		return nil, invalid("rows", "error.screening.rows", "n", MaxRows)
	}
	today := clock.Today(s.db.Clock())
	batch := Batch{Hospital: in.Hospital}
	for _, f := range in.Forms {
		batch.Rows = append(batch.Rows, f.row(today, by))
	}
	got, err := s.record(ctx, who, batch, Key{})
	if err != nil {
		return nil, err
	}
	out := make([]Answer, len(got))
	for i, r := range got {
		out[i] = Answer{Receipt: r, Digest: digestOf([]byte(in.Forms[i].Body))}
		out[i].Record, _ = batch.Rows[i].Check(today) // what is wrong with it is in the receipt
		if r.Outcome == Refused && r.Fields.Has("id") {
			out[i].Have = s.standing(ctx, who, r.ID)
		}
	}
	return out, nil
}

// standing is what is stored under an id, or nothing where the reader may not
// see it.
func (s *Service) standing(ctx context.Context, who user.Principal, id ident.ID) *Screening {
	if v, err := s.Screening(ctx, who, id); err == nil {
		return &v.Screening
	}
	return nil
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// row reads a form; one that cannot be read is refused with that alone.
func (f Sent) row(today clock.Date, by ident.ID) Row {
	typed := screening.Typed{}
	r := Row{ID: f.ID, By: by}
	d := json.NewDecoder(bytes.NewReader([]byte(f.Body)))
	if err := d.Decode(&typed); err != nil {
		r.Wrong.Add("", "error.screening.row")
		return r
	}
	r.Draft, r.Wrong = typed.Draft(today)
	if len(r.Wrong) == 0 {
		return r
	}
	_, more := r.Check(today)
	for _, x := range more {
		if !r.Wrong.Has(x.Path) {
			r.Wrong = append(r.Wrong, x)
		}
	}
	return r
}

// MaxPhoto is the largest photo that is taken from a browser without a network,
// in bytes; the page makes them far smaller.
const MaxPhoto = 2 << 20

// Photo is a photo that belongs to a form a browser kept, under the id it made.
type Photo struct {
	ID       ident.ID
	Form     ident.ID // the screening or the operation
	Kind     document.Kind
	Content  []byte
	Original string // digest of the file the telephone took, before it was shrunk
}

// PhotoReceipt answers a photo.
type PhotoReceipt struct {
	ID      ident.ID
	Outcome Outcome
	Digest  string // SHA-256 of what arrived, in hex
}

// AddPhoto keeps a photo of a screening or of an operation, once. What a telephone
// writes into a photo beside the picture is taken out.
func (s *Service) AddPhoto(ctx context.Context, who user.Principal, in Photo) (PhotoReceipt, error) {
	if err := s.door(who, authz.ScreeningRecord); err != nil {
		return PhotoReceipt{}, err
	}
	return s.addPhoto(ctx, who, in, photoRights{authz.ScreeningRecord, authz.ProcedureLog})
}

// photoRights is what whoever brings a photo has to hold at its hospital.
type photoRights struct{ screening, operation authz.Permission }

func (s *Service) addPhoto(ctx context.Context, who user.Principal, in Photo, need photoRights) (PhotoReceipt, error) {
	out := PhotoReceipt{ID: in.ID, Digest: digestOf(in.Content)}
	if in.ID == ident.Nil {
		return out, invalid("id", "error.screening.id")
	}
	if len(in.Content) > MaxPhoto {
		return out, &errs.Error{Kind: errs.TooLarge, Key: "error.attachment.too_large", Args: errs.Args{"max": MaxPhoto >> 20}}
	}
	if _, err := document.Accept(document.Upload{Kind: in.Kind, Content: in.Content}); err != nil {
		return out, err
	}
	picture, ok := document.Strip(in.Content)
	if !ok {
		return out, invalid("file", "error.outreach.photo")
	}
	address, err := s.blobs.Put(picture)
	if err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		x, err := s.photoHome(tx, in.Form, need)
		if err != nil {
			return err
		}
		a := store.Attachment{ID: in.ID, HospitalID: x.hospital, Owner: x.owner, Operation: x.operation, Kind: in.Kind,
			FileName: string(in.Kind) + document.Extension(document.JPEG), Media: document.JPEG, Size: int64(len(picture)), Digest: address}
		kept, err := tx.InsertPhoto(a)
		switch {
		case err != nil:
			return err
		case kept == store.RowTaken:
			return invalid("id", "error.screening.taken")
		case kept == store.RowRepeated:
			tx.NoAudit("a photo that was there already")
		default:
			tx.Audit(audit.Event{Action: audit.AttachmentAdd, ObjectKind: audit.ObjectAttachment, ObjectID: in.ID, OrganisationID: x.hospital, Detail: x.detail(in)})
		}
		out.Outcome = Outcome(kept)
		if kept != store.RowCreated || !x.screening.Converted() {
			return nil
		}
		// Registered meanwhile: the photo follows, though it came late.
		return tx.FollowPhotos(x.screening.ID, x.screening.Person, x.screening.Registration)
	})
	return out, err
}

// photoHome is the record a photo goes to.
type photoHome struct {
	hospital  ident.ID
	owner     store.Owner
	operation ident.ID
	screening Screening
}

// photoHome finds it by the form the photo was taken for and holds it: a
// screening, or the treatment of an operation, as for a photo taken with a network.
func (s *Service) photoHome(tx *store.Tx, form ident.ID, need photoRights) (photoHome, error) {
	x, err := tx.ScreeningHeld(form)
	if err == nil {
		if s.at(tx.Who(), need.screening, x.Hospital) != nil {
			return photoHome{}, errs.Missing("error.screening.missing")
		}
		return photoHome{hospital: x.Hospital, owner: store.Owner{Kind: store.OwnerScreening, ID: x.ID}, screening: x}, nil
	}
	if !errs.Is(err, errs.NotFound) {
		return photoHome{}, err
	}
	o, gone := tx.OperationByID(form)
	if errs.Is(gone, errs.NotFound) || gone == nil && s.at(tx.Who(), need.operation, o.Hospital) != nil {
		return photoHome{}, err // neither is there
	}
	if gone != nil {
		return photoHome{}, gone
	}
	if _, err := tx.TreatmentForUpdate(o.Treatment); err != nil { // nobody moves it to another case meanwhile
		return photoHome{}, err
	}
	return photoHome{hospital: o.Hospital, owner: store.Owner{Kind: store.OwnerTreatment, ID: o.Treatment}, operation: o.ID}, nil
}

// detail is what the log says of a photo: what it hangs on and where it came from.
func (x photoHome) detail(in Photo) map[string]any {
	d := map[string]any{"kind": string(in.Kind), "owner": x.owner.Kind, "owner_id": x.owner.ID, "original_sha256": in.Original}
	if x.operation != ident.Nil {
		d["operation"], d["kept"] = x.operation, true
	}
	return d
}
