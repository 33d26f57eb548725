package subject_test

import (
	"bytes"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/ident"
	rights "github.com/shanhai-health/shanhai/internal/service/subject"
	"github.com/shanhai-health/shanhai/internal/store"
)

// file keeps a scanned paper of a case.
func (o *office) file(t *testing.T, c store.CaseItem, name string, content []byte) {
	t.Helper()
	address, err := o.blobs.Put(content)
	if err != nil {
		t.Fatal(err)
	}
	o.paper(c, name, int64(len(content)), address)
}

func (o *office) paper(c store.CaseItem, name string, size int64, address []byte) {
	o.Do(o.System(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.InsertAttachment(store.Attachment{ID: ident.New(), HospitalID: o.ID(here), Owner: store.Owner{Kind: store.OwnerCase, ID: c.ID}, Kind: document.Medical,
			FileName: name, Media: document.JPEG, Size: size, Digest: address, Case: c.ID}, []ident.ID{o.ID(here)})
	})
}

// The scanned files go with the copy: once each, under their own names made safe;
// one that is gone is named, and the copy goes without it.
func TestACopyCarriesTheScannedFiles(t *testing.T) {
	o := newOffice(t)
	x := o.someone(1)
	c := o.CaseOf(here, procedure.Joint, x.id)
	other := o.CaseOf(here, procedure.Joint, o.someone(2).id)
	scan := append([]byte{0xFF, 0xD8, 0xFF}, bytes.Repeat([]byte("扫描"), 500)...)
	o.file(t, c, "../../出院记录.exe", scan)
	o.file(t, c, "again.jpg", scan)
	o.file(t, c, "片子", append(bytes.Clone(scan), 'x'))
	o.paper(c, "gone.jpg", 9, bytes.Repeat([]byte{7}, 32))
	o.paper(c, "huge.jpg", rights.MaxBytes, bytes.Repeat([]byte{8}, 32))
	o.file(t, other, "another person's.jpg", append(bytes.Clone(scan), 'y'))
	id := o.ask(t, subject.Access, x.id)
	o.grant(t, o.clerk, id)
	copied, err := o.s.File(t.Context(), o.clerk, id)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]rights.FileState{}
	for _, f := range copied.Files {
		got[f.Name] = f.State
		if f.State != rights.FileIncluded {
			continue
		}
		content, err := o.s.Content(f)
		if err != nil || int64(len(content)) != f.Size || !bytes.HasPrefix(content, scan) {
			t.Errorf("%s: %d bytes %v", f.Name, len(content), err)
		}
	}
	want := map[string]rights.FileState{"files/001-出院记录.jpg": rights.FileIncluded, "files/002-片子.jpg": rights.FileIncluded, "files/003-gone.jpg": rights.FileMissing,
		"files/004-huge.jpg": rights.FileLeftOut}
	if len(got) != len(want) || len(copied.Files) != 4 || len(copied.Files[0].Attachments) != 2 {
		t.Fatalf("%+v", copied.Files)
	}
	for name, state := range want {
		if got[name] != state {
			t.Errorf("%s: %q", name, got[name])
		}
	}
	if n := o.Count(`select count(*) from audit_event where action = 'subject.file' and outcome = 'ok' and detail::jsonb ->> 'files' = '2' and detail::jsonb ->> 'files_missing' = '2'`); n != 1 {
		t.Errorf("the log has the files %d times", n)
	}
}
