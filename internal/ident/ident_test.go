package ident_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestIDsAreOrderedAndStrictlyParsed(t *testing.T) {
	a, b := ident.New(), ident.New()
	if strings.Compare(a.String(), b.String()) >= 0 {
		t.Fatalf("%s must sort before %s", a, b)
	}
	if _, err := ident.Parse("urn:uuid:" + a.String()); err == nil {
		t.Fatal("only the canonical form is accepted")
	}
}

func TestSlipCodesAvoidMisreadLetters(t *testing.T) {
	for range 500 {
		if c := ident.SlipCode(); len(c) != 6 || strings.ContainsAny(c, "01OILB8") {
			t.Fatalf("slip code %q", c)
		}
	}
}
