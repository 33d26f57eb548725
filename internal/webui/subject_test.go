package webui

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	papers "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// A clerk writes a request down, grants it, and hands the copy out: one file with
// everything, once.
func TestACopyIsAskedForAndHandedOutOnce(t *testing.T) {
	s := newSite(t)
	s.account("deng.zj", servicetest.Mountain, user.Assignment{Role: user.Registrar, ScopeKind: user.ScopeHospital, ScopeID: s.ID(servicetest.Mountain), PartnershipID: s.Partnership.ID, From: s.Today()})
	person := s.Patient(servicetest.Mountain, "向云禾")
	scan := append([]byte{0xFF, 0xD8, 0xFF}, "一张扫描件"...)
	address, err := s.blobs.Put(scan)
	if err != nil {
		t.Fatal(err)
	}
	c := s.CaseOf(servicetest.Mountain, procedure.Joint, person)
	s.Do(s.System(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.InsertAttachment(store.Attachment{ID: ident.New(), HospitalID: s.ID(servicetest.Mountain), Owner: store.Owner{Kind: store.OwnerCase, ID: c.ID}, Kind: papers.Medical, FileName: "出院记录.jpg",
			Media: papers.JPEG, Size: int64(len(scan)), Digest: address, Case: c.ID}, []ident.ID{s.ID(servicetest.Mountain)})
	})
	b := s.browser()
	b.signIn("deng.zj")
	ask := "/patients/" + person.String() + "/subject-requests"
	contains(t, "the form", b.get(ask), "身份核实依据", "GB/T 35273", "未核对原文")
	empty := b.post(ask, "_key", "1", "kind", "access", "asker", "self", "proof", "", "received_on", s.Today().String())
	if empty.status != http.StatusUnprocessableEntity {
		t.Errorf("without a proof: %d", empty.status)
	}
	made := b.post(ask, "_key", "2", "kind", "access", "asker", "self", "proof", "身份证原件与本人相符", "received_on", s.Today().String())
	if made.status != http.StatusSeeOther || !strings.HasPrefix(made.location, "/subject-requests/") {
		t.Fatalf("asking: %d %s", made.status, made.location)
	}
	page := made.location
	contains(t, "the list", b.get("/subject-requests"), "向云禾", "待答复", page)
	contains(t, "the request", b.get(page), page+"/grant", "身份证原件与本人相符")
	want(t, "granting", b.post(page+"/grant", "_key", "3", "version", "1", "decision", "grant"), http.StatusSeeOther, page)
	contains(t, "the granted request", b.get(page), page+"/file", "只能下载一次")
	file := b.post(page+"/file", "_key", "4")
	z, err := zip.NewReader(strings.NewReader(file.body), int64(len(file.body)))
	if err != nil || len(z.File) != 3 || z.File[2].Name != "files/001-出院记录.jpg" || file.header.Get("Cache-Control") != "no-store" || !strings.Contains(file.header.Get("Content-Disposition"), ".zip") {
		t.Fatalf("the file: %d %v %v", file.status, file.header, err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil || len(raw) < 500 && !bytes.Equal(raw, scan) || f.Name == "record.json" && !bytes.Contains(raw, []byte("向云禾")) {
			t.Errorf("%s: %d bytes %v", f.Name, len(raw), err)
		}
	}
	second := b.post(ask, "_key", "6", "kind", "access", "asker", "self", "proof", "身份证原件与本人相符", "received_on", s.Today().String()).location
	contains(t, "a request that may be granted or taken back", b.get(second), `value="grant" checked`, `formaction="`+second+`/withdraw"`)
	want(t, "taking it back", b.post(second+"/withdraw", "_key", "7", "version", "1", "decision", "grant", "opinion", ""), http.StatusSeeOther, "/subject-requests")
	contains(t, "the request taken back", b.get(second), "已撤回")
	if again := b.post(page+"/file", "_key", "5"); again.status == http.StatusOK {
		t.Error("the copy leaves a second time")
	}
	contains(t, "the request afterwards", b.get(page), "副本已交付")
}
