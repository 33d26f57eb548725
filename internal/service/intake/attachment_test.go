package intake_test

import (
	"bytes"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// jpeg and pdf begin like the real thing; nothing here looks further.
var (
	jpeg = append([]byte{0xFF, 0xD8, 0xFF, 0xE0}, bytes.Repeat([]byte("x"), 1000)...)
	pdf  = append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("y"), 1000)...)
)

func TestAProofIsKeptTurnedAndReplacedWithItsHistory(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	who := d.Registrar(servicetest.Mountain)
	owner := store.Owner{Kind: store.OwnerRegistration, ID: out.RegistrationID}
	id, err := d.Attach(t.Context(), who, "up-1", intake.AttachInput{Owner: owner, File: intake.File{Kind: document.Identity, Name: `C:\photos\card.jpg`, Content: jpeg}})
	if err != nil {
		t.Fatal(err)
	}
	a, content, err := d.AttachmentFile(t.Context(), who, id)
	if err != nil || !bytes.Equal(content, jpeg) || a.FileName != "card.jpg" || a.Media != document.JPEG {
		t.Fatalf("%+v %d %v", a, len(content), err)
	}
	for range 3 {
		if err := d.Rotate(t.Context(), who, id, 1); err != nil {
			t.Fatal(err)
		}
	}
	if a, err = d.Attachment(t.Context(), who, id); err != nil || a.Rotation != 270 {
		t.Errorf("%d %v", a.Rotation, err)
	}
	next, err := d.Replace(t.Context(), who, "", id, intake.File{Name: "scan.pdf", Content: pdf})
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.Attachments(t.Context(), who, owner)
	if err != nil || len(list) != 2 || list[0].ReplacedBy != next || list[1].Kind != document.Identity {
		t.Errorf("%+v %v", list, err)
	}
	if _, err := d.Replace(t.Context(), who, "", id, intake.File{Name: "b.pdf", Content: pdf}); !errs.Is(err, errs.Stale) {
		t.Errorf("replacing what was replaced: %v", err)
	}
	if err := d.Rotate(t.Context(), who, next, 1); !errs.Is(err, errs.Precondition) {
		t.Errorf("turning a PDF: %v", err)
	}
}

func TestOtherHospitalsSeeNoAttachment(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	owner := store.Owner{Kind: store.OwnerRegistration, ID: out.RegistrationID}
	file := intake.File{Kind: document.Identity, Name: "card.jpg", Content: jpeg}
	id, err := d.Attach(t.Context(), d.Registrar(servicetest.Mountain), "", intake.AttachInput{Owner: owner, File: file})
	if err != nil {
		t.Fatal(err)
	}
	other := d.Registrar(servicetest.Sea)
	if _, _, err := d.AttachmentFile(t.Context(), other, id); !errs.Is(err, errs.NotFound) {
		t.Errorf("file: %v", err)
	}
	if _, err := d.Attachments(t.Context(), other, owner); !errs.Is(err, errs.NotFound) {
		t.Errorf("list: %v", err)
	}
	if err := d.Rotate(t.Context(), other, id, 1); !errs.Is(err, errs.NotFound) {
		t.Errorf("rotate: %v", err)
	}
	if _, err := d.Attach(t.Context(), other, "", intake.AttachInput{Owner: owner, File: file}); !errs.Is(err, errs.NotFound) {
		t.Errorf("attach: %v", err)
	}
	if _, _, err := d.AttachmentFile(t.Context(), d.Official(), id); !errs.Is(err, errs.Forbidden) {
		t.Errorf("official: %v", err)
	}
}

// A photo of a label is of one operation of its stay, and a better photo of it too.
func TestAPhotoKeepsItsOperationAndNoOther(t *testing.T) {
	d := open(t)
	behind := pgtest.Open(t, d.Database.SuperDSN)
	of := func(seed int) (stay, operation ident.ID) {
		person := d.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: d.Today().AddDays(-seed), Joints: 1})
		if err := behind.QueryRow(`select treatment_id, id from procedure where person_id = $1`, person).Scan(&stay, &operation); err != nil {
			t.Fatal(err)
		}
		return stay, operation
	}
	stay, operation := of(3)
	_, another := of(4)
	who, owner := d.Registrar(servicetest.Mountain), store.Owner{Kind: store.OwnerTreatment, ID: stay}
	file := intake.File{Kind: document.Sticker, Name: "label.jpg", Content: jpeg}
	if _, err := d.Attach(t.Context(), who, "", intake.AttachInput{Owner: owner, Operation: another, File: file}); !errs.Is(err, errs.NotFound) {
		t.Errorf("an operation of another stay: %v", err)
	}
	id, err := d.Attach(t.Context(), who, "", intake.AttachInput{Owner: owner, Operation: operation, File: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Replace(t.Context(), who, "", id, file); err != nil {
		t.Fatal(err)
	}
	list, err := d.Attachments(t.Context(), who, owner)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d photos: %v", len(list), err)
	}
	for _, a := range list {
		if a.Operation != operation {
			t.Errorf("%s belongs to the operation %s", a.FileName, a.Operation)
		}
	}
}

func TestOnlyPicturesAndPDFsOfAReasonableSizeAreTaken(t *testing.T) {
	d := open(t)
	out := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 22))
	owner := store.Owner{Kind: store.OwnerRegistration, ID: out.RegistrationID}
	for name, c := range map[string]struct {
		content []byte
		kind    errs.Kind
	}{
		"page.jpg": {[]byte("<html><script>"), errs.Invalid}, "empty.pdf": {nil, errs.Invalid}, "big.jpg": {append(jpeg, make([]byte, document.MaxSize)...), errs.TooLarge},
	} {
		_, err := d.Attach(t.Context(), d.Registrar(servicetest.Mountain), "", intake.AttachInput{Owner: owner, File: intake.File{Kind: document.Other, Name: name, Content: c.content}})
		if !errs.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := d.Count(`select count(*) from attachment`); n != 0 {
		t.Errorf("%d attachments", n)
	}
}
