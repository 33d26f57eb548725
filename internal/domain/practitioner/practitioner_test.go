package practitioner_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func doctor() practitioner.Practitioner {
	return practitioner.Practitioner{ID: ident.New(), Name: "支医专家甲", Licence: "110370200000011", HomeOrg: ident.New(),
		Side: user.SideDonor, Grade: practitioner.Chief, Specialty: practitioner.Orthopaedics}
}

func TestCheck(t *testing.T) {
	if err := doctor().Check(); err != nil {
		t.Fatal(err)
	}
	plain := practitioner.Practitioner{Name: "本院医师丁", HomeOrg: ident.New()}
	if err := plain.Check(); err != nil {
		t.Errorf("what is optional is asked for: %v", err)
	}
	for path, change := range map[string]func(*practitioner.Practitioner){
		"name":      func(p *practitioner.Practitioner) { p.Name = "" },
		"licence":   func(p *practitioner.Practitioner) { p.Licence = "1103-7020" },
		"home_org":  func(p *practitioner.Practitioner) { p.HomeOrg = ident.Nil },
		"grade":     func(p *practitioner.Practitioner) { p.Grade = "boss" },
		"specialty": func(p *practitioner.Practitioner) { p.Specialty = "magic" },
	} {
		p := doctor()
		change(&p)
		if err := p.Check(); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	long := doctor()
	long.Name = strings.Repeat("名", 51)
	if long.Check() == nil {
		t.Error("a pasted list is a name")
	}
}

func TestCleaningKeepsNamesAndNormalisesLicences(t *testing.T) {
	p := practitioner.Practitioner{Name: " 阿依 古丽·　玛木提 ", Licence: "１１０３ 7020 0000011"}.Clean()
	if p.Name != "阿依 古丽· 玛木提" || p.Licence != "110370200000011" {
		t.Fatalf("%q %q", p.Name, p.Licence)
	}
}

func TestAnOddLicenceIsRemarkedUponOnly(t *testing.T) {
	for licence, odd := range map[string]bool{"": false, "110370200000011": false, "1103702": true, "11037020000001A": true} {
		p := doctor()
		p.Licence = licence
		if got := p.LicenceWarning() != ""; got != odd || p.Check() != nil {
			t.Errorf("%q: warning %v, %v", licence, got, p.Check())
		}
	}
}

func TestTheLastDayOfALicenceBelongsToIt(t *testing.T) {
	p := doctor()
	last := clock.MustDate(2026, 6, 30)
	if p.LicenceOn(last) != practitioner.LicenceUnknown {
		t.Error("a licence without a last day is judged")
	}
	p.LicenceExpires = last
	for day, want := range map[clock.Date]practitioner.LicenceState{last: practitioner.LicenceSoon, last.AddDays(1): practitioner.LicenceExpired,
		last.AddDays(-practitioner.LicenceSoonDays): practitioner.LicenceSoon, last.AddDays(-practitioner.LicenceSoonDays - 1): practitioner.LicenceHolds} {
		if got := p.LicenceOn(day); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}

func TestVisitorsAreFromTheOtherSide(t *testing.T) {
	p := doctor()
	if !p.VisitingAt(ident.New()) || p.VisitingAt(p.HomeOrg) {
		t.Error("a donor-side doctor visits elsewhere and not at home")
	}
	p.Side = user.SideReceiving
	if p.VisitingAt(ident.New()) {
		t.Error("a local doctor is a visitor")
	}
}
