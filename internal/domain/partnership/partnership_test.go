package partnership

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func day(n int) clock.Date { return clock.MustDate(2026, 1, 1).AddDays(n) }

func id(n byte) ident.ID { return ident.ID{15: n} }

// fields are the paths an error names.
func fields(err error) string {
	var out []string
	for _, f := range errs.Of(err).Fields {
		out = append(out, f.Path)
	}
	return strings.Join(out, " ")
}

func TestOrganisationNamesItsWrongFields(t *testing.T) {
	good := Organisation{Code: " yl-h1 ", Name: "云岭区  中医院", Kind: Hospital, RegionCode: "500199"}.Normalise()
	if err := good.Check(); err != nil || good.Code != "YL-H1" || good.Name != "云岭区 中医院" {
		t.Fatalf("%+v, %v", good, err)
	}
	for want, o := range map[string]Organisation{
		"code":        {Name: "甲", Kind: Hospital},
		"code name":   {Code: "A B", Kind: Hospital},
		"kind":        {Code: "A", Name: "甲", Kind: "clinic"},
		"region":      {Code: "A", Name: "甲", Kind: Office, RegionCode: "50019"},
		"name":        {Code: "A", Name: "甲\u202e乙", Kind: Office},
		"code region": {Code: strings.Repeat("A", 33), Name: "甲", Kind: Office, RegionCode: "50019x"},
	} {
		if got := fields(o.Check()); got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
	if (Organisation{Name: "甲", ShortName: "乙"}).Label() != "乙" || (Organisation{Name: "甲"}).Label() != "甲" {
		t.Error("the label is the short name where there is one")
	}
}

func TestOnlyProvisionalOrganisationsAreMergedIntoStandingOnes(t *testing.T) {
	from := Organisation{ID: id(1), Kind: Hospital, Provisional: true}
	into := Organisation{ID: id(2), Kind: Hospital}
	if err := CheckMerge(from, into); err != nil {
		t.Fatal(err)
	}
	change := func(o Organisation, f func(*Organisation)) Organisation { f(&o); return o }
	for key, pair := range map[string][2]Organisation{
		"error.organisation.merge_self":     {from, from},
		"error.organisation.merged_already": {change(from, func(o *Organisation) { o.MergedInto = id(9) }), into},
		"error.organisation.merge_real":     {change(from, func(o *Organisation) { o.Provisional = false }), into},
		"error.organisation.merge_target":   {from, change(into, func(o *Organisation) { o.Provisional = true })},
		"error.organisation.merge_kind":     {from, change(into, func(o *Organisation) { o.Kind = Office })},
	} {
		if err := CheckMerge(pair[0], pair[1]); errs.Of(err).Key != key {
			t.Errorf("%v, want %s", err, key)
		}
	}
}

func TestPartnershipJoinsTwoRegions(t *testing.T) {
	p := Partnership{Code: "yl", Name: "云岭–澜港", DonorRegion: "379900", DonorName: "澜港市", ReceivingRegion: "500199", ReceivingName: "云岭区", OpenedOn: day(0)}.Normalise()
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	same := p
	same.DonorRegion = p.ReceivingRegion
	if got := fields(same.Check()); got != "donor_region" {
		t.Errorf("one region twice: %q", got)
	}
	if got := fields(Partnership{}.Check()); got != "code name receiving_region receiving_name donor_region donor_name opened_on" {
		t.Errorf("empty: %q", got)
	}
}

func TestOrganisationStandsOnOneSideAtATime(t *testing.T) {
	first := Member{OrganisationID: id(1), Side: user.SideReceiving, From: day(0), To: day(10)}
	if err := CheckMember(Member{OrganisationID: id(1), Side: user.SideDonor, From: day(10)}, []Member{first}); err == nil {
		t.Error("two sides on one day")
	}
	if err := CheckMember(Member{OrganisationID: id(1), Side: user.SideDonor, From: day(11)}, []Member{first}); err != nil {
		t.Error(err)
	}
	if got := fields(CheckMember(Member{From: day(2), To: day(1)}, nil)); got != "organisation side to" {
		t.Errorf("%q", got)
	}
	if SideOn([]Member{first}, id(1), day(10)) != user.SideReceiving || SideOn([]Member{first}, id(1), day(11)) != "" {
		t.Error("the side counts outside its days")
	}
}

func TestPairingNeedsBothHospitalsOnTheirSides(t *testing.T) {
	members := []Member{{OrganisationID: id(1), Side: user.SideReceiving, From: day(0)}, {OrganisationID: id(2), Side: user.SideDonor, From: day(5)}}
	p := Pairing{ID: id(9), ReceivingID: id(1), DonorID: id(2), From: day(5)}
	if err := p.Check(members); err != nil {
		t.Fatal(err)
	}
	swapped := Pairing{ReceivingID: id(2), DonorID: id(1), From: day(5)}
	if got := fields(swapped.Check(members)); got != "donor receiving" {
		t.Errorf("swapped: %q", got)
	}
	early := p
	early.From = day(4)
	if got := fields(early.Check(members)); got != "donor" {
		t.Errorf("before the membership: %q", got)
	}
	if err := p.CheckOverlap([]Pairing{p}); err != nil {
		t.Errorf("it overlaps itself: %v", err)
	}
	again := p
	again.ID = id(8)
	if err := again.CheckOverlap([]Pairing{p}); !errs.Is(err, errs.Precondition) {
		t.Errorf("paired twice: %v", err)
	}
	if !p.ValidOn(day(5)) || p.ValidOn(day(4)) {
		t.Error("the dates of a pairing do not count")
	}
}

func TestPostingHasAnEndAndAnotherHost(t *testing.T) {
	good := Posting{Practitioner: id(1), Host: id(2), From: day(0), To: day(30)}
	if err := good.Check(id(3)); err != nil || !good.ValidOn(day(30)) || good.ValidOn(day(31)) {
		t.Fatal(err)
	}
	for want, p := range map[string]Posting{
		"host":                 {Practitioner: id(1), Host: id(3), From: day(0), To: day(1)},
		"to":                   {Practitioner: id(1), Host: id(2), From: day(0)},
		"practitioner host to": {From: day(1), To: day(0)},
		"from to":              {Practitioner: id(1), Host: id(2)},
	} {
		if got := fields(p.Check(id(3))); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
	long := good
	long.To = day(maxPostingDays + 1)
	if got := fields(long.Check(id(3))); got != "to" {
		t.Errorf("over three years: %q", got)
	}
}

// Two postings clash exactly when they share a day; at one host that is a double
// entry, at two it needs somebody's word.
func TestPostingsClashWhenTheyShareADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		make := func(n byte) Posting {
			from := rapid.IntRange(0, 60).Draw(t, "from")
			return Posting{ID: id(n), Practitioner: id(1), Host: id(rapid.Byte().Draw(t, "host")%2 + 20), From: day(from), To: day(from + rapid.IntRange(0, 30).Draw(t, "days"))}
		}
		a, b := make(1), make(2)
		shared := false
		for n := range 100 {
			shared = shared || a.ValidOn(day(n)) && b.ValidOn(day(n))
		}
		bare, sure := a.Clash([]Posting{b, a}, false), a.Clash([]Posting{b, a}, true)
		switch {
		case !shared && (bare != nil || sure != nil):
			t.Fatalf("no shared day, but %v, %v", bare, sure)
		case shared && a.Host == b.Host && !errs.Is(sure, errs.Precondition):
			t.Fatalf("double entry: %v", sure)
		case shared && a.Host != b.Host && (!errs.Is(bare, errs.Invalid) || sure != nil):
			t.Fatalf("two hosts: %v, confirmed %v", bare, sure)
		}
		other := b
		other.Practitioner = id(7)
		if a.Clash([]Posting{other}, false) != nil {
			t.Fatal("another doctor's posting is in the way")
		}
	})
}
