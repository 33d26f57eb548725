package servicetest_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func TestPeopleHoldTheirRoleAtTheirPlaceOnly(t *testing.T) {
	w := servicetest.New(t)
	id := w.Partnership.ID
	r := w.Registrar(servicetest.Mountain)
	if err := w.Policy.Check(r, authz.PersonRegister, authz.AtHospital(id, w.ID(servicetest.Mountain))); err != nil {
		t.Error(err)
	}
	if w.Policy.Can(r, authz.PersonRegister, authz.AtHospital(id, w.ID(servicetest.MountainTwo))) {
		t.Error("a registrar registers at another hospital")
	}
	v := w.Visiting(servicetest.Mountain)
	if len(v.Hospitals) != 2 || v.PractitionerID == [16]byte{} {
		t.Errorf("posted doctor sees %d hospitals", len(v.Hospitals))
	}
	for _, who := range []user.Principal{w.Approver(), w.Official(), w.OfficialDonor(), w.Auditor()} {
		if !who.Wide {
			t.Errorf("%s is not wide", who.Username)
		}
	}
	if w.SystemAdmin().Wide || w.Other.Approver().PartnershipID == id {
		t.Error("scopes are mixed up")
	}
	if again := w.Registrar(servicetest.Mountain); again.AccountID != r.AccountID {
		t.Error("asking again makes another person")
	}
}
