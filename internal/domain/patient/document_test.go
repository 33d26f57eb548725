package patient_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestParseDocumentByKind(t *testing.T) {
	permit, permanent := sealed("83000019850607001"), sealed("93111519850607002")
	for _, c := range []struct {
		kind patient.DocumentKind
		text string
		want string
	}{
		{patient.DocCitizen, "11010519491231002x", "citizen 11010519491231002X 1949-12-31 110105"},
		{patient.DocCitizen, permit, "hmt " + permit + " 1985-06-07 "},
		{patient.DocResidencePermit, permit, "hmt " + permit + " 1985-06-07 "},
		{patient.DocResidencePermit, "11010519491231002X", "error.document.residence_permit"},
		{patient.DocForeignPermanent, permanent, "foreign " + permanent + " 1985-06-07 "},
		{patient.DocForeignPermanent, "usa 110085060701", "foreign USA110085060701  "},
		{patient.DocForeignPermanent, "11010519491231002X", "error.document.foreign_permanent"},
		{patient.DocForeignPermanent, permanent[:17], "error.identity.too_short"},
		{patient.DocPassport, " ｅ1234 5678 ", "passport E12345678  "},
		{patient.DocPassport, "E12", "error.document.passport"}, {patient.DocPassport, "护照一二三四五", "error.document.passport"},
		{patient.DocPassport, "", "error.identity.required"},
		{patient.DocBirthCertificate, "q500000001", "birth Q500000001  "},
		{patient.DocBirthCertificate, "500000001", "error.document.birth_certificate"},
		{patient.DocNone, "", "none   "}, {patient.DocNone, "123", "error.document.number_without_kind"},
		{"library_card", "1", "error.document.kind"},
	} {
		p, err := patient.ParseDocument(c.kind, c.text, today)
		got := fmt.Sprintf("%s %s %s %s", p.Kind, p.Number, p.Birth, p.RegionCode)
		if err != nil {
			got = errs.Of(err).Key
		} else if p.Verified != (p.Kind != patient.DocNone) {
			t.Errorf("%s %q: verified = %v", c.kind, c.text, p.Verified)
		}
		if got != c.want {
			t.Errorf("ParseDocument(%s, %q) = %q, want %q", c.kind, c.text, got, c.want)
		}
	}
	if p, _ := patient.ParseDocument(patient.DocCitizen, permit, today); len(p.Warnings) != 1 {
		t.Error("the changed kind is not mentioned")
	}
	if p, _ := patient.ParseDocument(patient.DocResidencePermit, permit, today); len(p.Warnings) != 0 {
		t.Error("the right kind needs no warning")
	}
}

func TestAFailedNumberIsKeptOnlyWithAReasonAndProvesNothing(t *testing.T) {
	bad := "110105194912310021"
	_, err := patient.KeepUnverified(patient.DocCitizen, bad, " ", today)
	if !errs.Of(err).Fields.Has("doc_reason") {
		t.Fatalf("no reason was accepted: %v", err)
	}
	p, err := patient.KeepUnverified(patient.DocCitizen, bad, "户口簿原件如此", today)
	if err != nil || p.Verified || p.Number != bad || p.Sex != "" || !p.Birth.IsZero() || !p.NeedsPhoto() {
		t.Fatalf("%+v %v", p, err)
	}
	p.PhotoID = ident.New()
	if p.NeedsPhoto() {
		t.Fatal("the photo has come")
	}
	if p, err := patient.KeepUnverified(patient.DocCitizen, "11010519491231002X", "", today); err != nil || !p.Verified || p.NeedsPhoto() {
		t.Fatalf("a good number is verified whatever was asked: %+v %v", p, err)
	}
	for _, c := range []struct {
		kind         patient.DocumentKind
		text, reason string
	}{{patient.DocNone, bad, "x"}, {patient.DocCitizen, "", "x"}, {patient.DocCitizen, strings.Repeat("1", 33), "x"},
		{patient.DocCitizen, bad, strings.Repeat("长", 501)}, {"other", bad, "x"}, {patient.DocCitizen, "12\x0034", "x"}} {
		if _, err := patient.KeepUnverified(c.kind, c.text, c.reason, today); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v was kept: %v", c, err)
		}
	}
}

func TestDocumentsNeverReachALog(t *testing.T) {
	d := patient.Document{Kind: patient.DocCitizen, Number: "11010519491231002X"}
	if s := d.LogValue().String(); strings.Contains(s, "1949") || d.Masked() != "**************002X" {
		t.Fatal(s)
	}
}

func TestMasks(t *testing.T) {
	for in, want := range map[string]string{"": "", "1": "*", "1234": "****", "12345": "*2345", "11010519491231002X": "**************002X"} {
		if got := patient.MaskNumber(in); got != want {
			t.Errorf("MaskNumber(%q) = %q", in, got)
		}
	}
	if got := patient.MaskPhone("19900001234"); got != "*******1234" {
		t.Error(got)
	}
	for in, want := range map[string]string{"": "", "向云禾": "向**", "欧阳明": "欧**", "阿依古丽·买买提": "阿*******", "林": "林"} {
		if got := patient.MaskName(in); got != want {
			t.Errorf("MaskName(%q) = %q", in, got)
		}
	}
}
