package practitioner_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func grant(p practitioner.Practitioner, hospital ident.ID, from, to clock.Date) practitioner.Privilege {
	return practitioner.Privilege{ID: ident.New(), Practitioner: p.ID, Hospital: hospital, Kind: procedure.TKA, From: from, To: to}
}

func TestTheLastDayOfAPrivilegeIsAcceptedTheNextIsAnException(t *testing.T) {
	d, host := doctor(), ident.New()
	first, last := clock.MustDate(2026, 3, 1), clock.MustDate(2026, 8, 31)
	all := []practitioner.Privilege{grant(d, host, first, last)}
	for day, want := range map[clock.Date]practitioner.Finding{first.AddDays(-1): practitioner.TooEarly, first: practitioner.Within, last: practitioner.Within,
		last.AddDays(1): practitioner.TooLate} {
		if got, _ := practitioner.Judge(practitioner.Act{Doctor: d, Hospital: host, Kind: procedure.TKA, On: day}, all); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}

// The day is the hospital's: one minute before midnight in Shanghai it is still
// the last day, whatever the day is in London.
func TestTheDayOfAPrivilegeIsTheHospitals(t *testing.T) {
	d, host := doctor(), ident.New()
	last := clock.MustDate(2026, 8, 31)
	all := []practitioner.Privilege{grant(d, host, last, last)}
	for at, want := range map[time.Time]practitioner.Finding{
		time.Date(2026, 8, 30, 16, 0, 0, 0, time.UTC):  practitioner.Within, // 31 August 00:00 in Shanghai
		time.Date(2026, 8, 31, 15, 59, 0, 0, time.UTC): practitioner.Within,
		time.Date(2026, 8, 31, 16, 0, 0, 0, time.UTC):  practitioner.TooLate, // 1 September there
	} {
		on := clock.DateOf(at.In(clock.Shanghai))
		if got, _ := practitioner.Judge(practitioner.Act{Doctor: d, Hospital: host, Kind: procedure.TKA, On: on}, all); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

func TestAPrivilegeIsForOneDoctorHospitalAndKind(t *testing.T) {
	d, host := doctor(), ident.New()
	day := clock.MustDate(2026, 3, 1)
	all := []practitioner.Privilege{grant(d, host, day, day)}
	act := practitioner.Act{Doctor: d, Hospital: host, Kind: procedure.THA, On: day}
	if got, _ := practitioner.Judge(act, all); got != practitioner.NoGrant {
		t.Errorf("another kind: %s", got)
	}
	act.Kind, act.Hospital = procedure.TKA, ident.New()
	if got, _ := practitioner.Judge(act, all); got != practitioner.NoGrant {
		t.Errorf("another hospital: %s", got)
	}
	act.Hospital, act.Doctor.ID = host, ident.New()
	if got, _ := practitioner.Judge(act, all); got != practitioner.NoGrant {
		t.Errorf("another doctor: %s", got)
	}
}

func TestOwnDoctorsAreBoundOnceTheHospitalKeepsPrivilegesForThem(t *testing.T) {
	d := doctor()
	day := clock.MustDate(2026, 3, 1)
	act := practitioner.Act{Doctor: d, Hospital: d.HomeOrg, Kind: procedure.THA, On: day}
	if got, _ := practitioner.Judge(act, nil); got != practitioner.Within {
		t.Errorf("without any: %s", got)
	}
	if got, _ := practitioner.Judge(act, []practitioner.Privilege{grant(d, d.HomeOrg, day, day)}); got != practitioner.NoGrant {
		t.Errorf("with one for another kind: %s", got)
	}
}

func TestAnExpiredLicenceComesFirst(t *testing.T) {
	d, host := doctor(), ident.New()
	day := clock.MustDate(2026, 3, 1)
	d.LicenceExpires = day.AddDays(-1)
	act := practitioner.Act{Doctor: d, Hospital: host, Kind: procedure.TKA, On: day}
	if got, _ := practitioner.Judge(act, []practitioner.Privilege{grant(d, host, day, day)}); got != practitioner.LicenceOut {
		t.Error(got)
	}
}

// Whatever the privileges, an operation is within exactly when one covers its day.
func TestWithinMeansCovered(t *testing.T) {
	d, host := doctor(), ident.New()
	start := clock.MustDate(2026, 1, 1)
	rapid.Check(t, func(t *rapid.T) {
		var all []practitioner.Privilege
		covered := map[int]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "n") {
			from, length := rapid.IntRange(0, 40).Draw(t, "from"), rapid.IntRange(0, 10).Draw(t, "length")
			all = append(all, grant(d, host, start.AddDays(from), start.AddDays(from+length)))
			for i := from; i <= from+length; i++ {
				covered[i] = true
			}
		}
		day := rapid.IntRange(-2, 55).Draw(t, "day")
		got, nearest := practitioner.Judge(practitioner.Act{Doctor: d, Hospital: host, Kind: procedure.TKA, On: start.AddDays(day)}, all)
		if (got == practitioner.Within) != covered[day] || nearest.Kind == "" {
			t.Fatalf("day %d: %s", day, got)
		}
	})
}

func TestASecondPersonSigns(t *testing.T) {
	entered, lead := ident.New(), ident.New()
	base := practitioner.Signing{State: practitioner.ExceptionOpen, EnteredBy: entered, Lead: lead, Account: ident.New()}
	if err := base.MaySign(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*practitioner.Signing){
		"who logged it":   func(s *practitioner.Signing) { s.Account = entered },
		"who led it":      func(s *practitioner.Signing) { s.Self = lead },
		"already decided": func(s *practitioner.Signing) { s.State = practitioner.ExceptionAccepted },
	} {
		s := base
		change(&s)
		if err := s.MaySign(); !errs.Is(err, errs.Precondition) || len(errs.Of(err).Remedy) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckOfAPrivilege(t *testing.T) {
	day := clock.MustDate(2026, 3, 1)
	good := grant(doctor(), ident.New(), day, day)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for path, change := range map[string]func(*practitioner.Privilege){
		"practitioner": func(p *practitioner.Privilege) { p.Practitioner = ident.Nil }, "hospital": func(p *practitioner.Privilege) { p.Hospital = ident.Nil },
		"kind": func(p *practitioner.Privilege) { p.Kind = "magic" }, "from": func(p *practitioner.Privilege) { p.From = clock.Date{} },
		"to": func(p *practitioner.Privilege) { p.To = day.AddDays(-1) },
	} {
		p := good
		change(&p)
		if err := p.Check(); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
