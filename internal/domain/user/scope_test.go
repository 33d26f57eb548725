package user

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Of the roles given for a partnership five count its rows; the administrators
// keep the house and see no row of it.
func TestFiveRolesSeeTheWholePartnership(t *testing.T) {
	wide := []Role{Approver, FundFinance, Official, OfficialDonor, Auditor}
	for _, r := range Roles() {
		for _, k := range r.ScopeKinds() {
			p := Principal{AccountID: who, PartnershipID: pair}.WithGrants([]Assignment{given(r, k)}, nil, today)
			if want := k == ScopePartnership && slices.Contains(wide, r); p.Wide != want {
				t.Errorf("%s at %s sees the whole partnership: %v", r, k, p.Wide)
			}
			if !p.Has(Everyone) || !p.Has(r) || len(p.Grants) != 2 {
				t.Errorf("%s at %s holds %+v", r, k, p.Grants)
			}
		}
	}
}

// A role on the platform is held in every partnership, and shows no row of any.
func TestARoleOfThePlatformIsHeldEverywhereAndSeesNothing(t *testing.T) {
	p := Principal{AccountID: who, PartnershipID: ident.New(), Wide: true, Hospitals: []ident.ID{place}, Funds: []ident.ID{place}}
	p = p.WithGrants([]Assignment{given(SystemAdmin, ScopePlatform)}, nil, today)
	if !p.Has(SystemAdmin) || p.Wide || len(p.ScopeIDs()) != 0 {
		t.Errorf("%+v", p)
	}
}

// A place stands in the scope once, however many roles are held there, and
// hospitals stand before funds.
func TestAPlaceStandsInTheScopeOnce(t *testing.T) {
	fund := ident.New()
	steward, auditor := given(FundSteward, ScopeFund), given(Auditor, ScopeFund)
	steward.ScopeID, auditor.ScopeID = fund, fund
	p := Principal{AccountID: who, PartnershipID: pair}.WithGrants(
		[]Assignment{steward, given(Registrar, ScopeHospital), auditor, given(Finance, ScopeHospital)}, nil, today)
	if got := p.ScopeIDs(); !slices.Equal(got, []ident.ID{place, fund}) || p.Wide {
		t.Errorf("%v, the whole partnership: %v", got, p.Wide)
	}
	// A fund with the id of a hospital is another place.
	same := given(Auditor, ScopeFund)
	if p := (Principal{AccountID: who, PartnershipID: pair}).WithGrants([]Assignment{given(Registrar, ScopeHospital), same}, nil, today); len(p.Funds) != 1 || len(p.Hospitals) != 1 {
		t.Errorf("%v, %v", p.Hospitals, p.Funds)
	}
}

// Both days of a role or posting count, and none outside.
func TestBothEndsOfAPeriodCount(t *testing.T) {
	a := given(VisitingDoctor, ScopeHospital)
	a.From, a.To = today.AddDays(-2), today.AddDays(2)
	o := Posting{Account: who, PartnershipID: pair, Hospital: ident.New(), From: a.From, To: a.To}
	for days, want := range map[int]bool{-3: false, -2: true, 0: true, 2: true, 3: false} {
		day := today.AddDays(days)
		if a.ValidOn(day) != want || o.ValidOn(day) != want {
			t.Errorf("%d days from today: role %v, posting %v", days, a.ValidOn(day), o.ValidOn(day))
		}
		long := given(VisitingDoctor, ScopeHospital)
		long.From = today.AddDays(-9)
		p := Principal{AccountID: who, PartnershipID: pair}.WithGrants([]Assignment{long}, []Posting{o}, day)
		if got := slices.Contains(p.Hospitals, o.Hospital); got != want {
			t.Errorf("%d days from today the host hospital is seen: %v", days, got)
		}
	}
	o.PartnershipID = ident.New()
	if p := (Principal{AccountID: who, PartnershipID: pair}).WithGrants([]Assignment{given(VisitingDoctor, ScopeHospital)}, []Posting{o}, today); slices.Contains(p.Hospitals, o.Hospital) {
		t.Error("a posting of another partnership counts")
	}
	open := given(Registrar, ScopeHospital)
	if !open.ValidOn(today.AddDays(40_000)) {
		t.Error("a role without a last day ended")
	}
}

// A place belongs to a partnership and the platform to none.
func TestAPlatformRoleNamesNoPlace(t *testing.T) {
	for name, change := range map[string]func(*Assignment){
		"a place":       func(a *Assignment) { a.ScopeID = place },
		"a partnership": func(a *Assignment) { a.PartnershipID = pair },
		"both":          func(a *Assignment) { a.ScopeID, a.PartnershipID = place, pair },
	} {
		a := given(SystemAdmin, ScopePlatform)
		change(&a)
		if err := a.Check(); err == nil || !errs.Of(err).Fields.Has("scope_id") {
			t.Errorf("%s: %v", name, err)
		}
	}
	nowhere := given(Official, ScopePartnership)
	nowhere.ScopeID, nowhere.PartnershipID = ident.Nil, ident.Nil
	if err := nowhere.Check(); err == nil || !errs.Of(err).Fields.Has("scope_id") {
		t.Errorf("a partnership without an id: %v", err)
	}
}

func TestARoleMayBeGivenForOneDay(t *testing.T) {
	a := given(Registrar, ScopeHospital)
	a.To = a.From
	if err := a.Check(); err != nil {
		t.Error(err)
	}
	a.To = a.From.AddDays(1)
	if err := a.Check(); err != nil {
		t.Error(err)
	}
}

func TestOnlyAWellFormedRoleIsGiven(t *testing.T) {
	bad := given(Registrar, ScopeHospital)
	bad.ScopeID = ident.Nil
	if err := CheckAssign(nil, bad); !errs.Is(err, errs.Invalid) {
		t.Errorf("%v", err)
	}
	if err := CheckAssign(nil, given(Registrar, ScopeHospital)); err != nil {
		t.Error(err)
	}
}

// One role may be held at two places and in two periods, not twice at once.
func TestOneRoleAtOnePlaceIsHeldOnceAtATime(t *testing.T) {
	held := given(Auditor, ScopeFund)
	held.From, held.To = today, today.AddDays(10)
	for name, c := range map[string]struct {
		change func(*Assignment)
		ok     bool
	}{
		"again":                       {func(*Assignment) {}, false},
		"at another fund":             {func(a *Assignment) { a.ScopeID = ident.New() }, true},
		"for the whole partnership":   {func(a *Assignment) { a.ScopeKind, a.ScopeID = ScopePartnership, pair }, true},
		"another role there":          {func(a *Assignment) { a.Role = FundSteward }, true},
		"from its last day":           {func(a *Assignment) { a.From = held.To }, false},
		"from the day after":          {func(a *Assignment) { a.From = held.To.AddDays(1) }, true},
		"until its first day":         {func(a *Assignment) { a.From, a.To = today.AddDays(-5), today }, false},
		"until the day before":        {func(a *Assignment) { a.From, a.To = today.AddDays(-5), today.AddDays(-1) }, true},
		"from before, without an end": {func(a *Assignment) { a.From = today.AddDays(-5) }, false},
	} {
		add := given(Auditor, ScopeFund)
		c.change(&add)
		if err := CheckAssign([]Assignment{held}, add); (err == nil) != c.ok || err != nil && !errs.Is(err, errs.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	endless := given(Auditor, ScopeFund)
	if err := CheckAssign([]Assignment{endless}, given(Auditor, ScopeFund)); !errs.Is(err, errs.Conflict) {
		t.Errorf("two without an end: %v", err)
	}
	later := given(Auditor, ScopeFund)
	later.From = today.AddDays(5)
	before := given(Auditor, ScopeFund)
	before.From, before.To = today, today.AddDays(4)
	if err := CheckAssign([]Assignment{later}, before); err != nil {
		t.Errorf("before one that begins later: %v", err)
	}
	// A fund and a partnership are two places even under one id.
	fund := given(Auditor, ScopeFund)
	fund.ScopeID = pair
	if err := CheckAssign([]Assignment{fund}, given(Auditor, ScopePartnership)); err != nil {
		t.Errorf("a fund with the id of the partnership: %v", err)
	}
	// An administrator may be one in two places.
	if err := CheckAssign([]Assignment{given(SystemAdmin, ScopePlatform)}, given(SystemAdmin, ScopePartnership)); err != nil {
		t.Errorf("the same administrator elsewhere: %v", err)
	}
}

// The three administrators, and nobody else, hold no other role (三权分立).
func TestTheThreeAdministratorsAreNamed(t *testing.T) {
	for _, r := range append(Roles(), Everyone) {
		if want := r == SystemAdmin || r == SecurityAdmin || r == AuditAdmin; r.Administers() != want {
			t.Errorf("%s administers: %v", r, r.Administers())
		}
	}
}

// A person is no job, whatever the person is called.
func TestAPersonIsNoSystemPrincipal(t *testing.T) {
	if p := (Principal{AccountID: who, Username: "system:backup"}); p.IsSystem() {
		t.Error("a person may do everything")
	}
}
