package match_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/match/matchtest"
)

func registered(name, birth, phone, village, number string) match.Fingerprint {
	d, _ := clock.ParseDate(birth)
	f := match.Fingerprint{Name: name, Birth: d, Sex: "F", PhoneDigest: phone, Village: village}
	if number != "" {
		f.DocKind, f.Number, f.DocDigest, f.DocVerified = "citizen", number, "digest "+number, true
	}
	return f
}

func TestEachLikenessIsNamed(t *testing.T) {
	base := registered("向云禾", "1958-04-07", "p1", "松岭村", "A1234")
	for want, other := range map[string]match.Fingerprint{
		"match.reason.doc_same":       registered("某某", "1990-01-01", "p2", "茶园村", "A1234"),
		"match.reason.name_same":      registered("向 云禾", "1958-04-07", "", "", ""),
		"match.reason.name_homophone": registered("向芸和", "1958-04-07", "", "", ""),
		"match.reason.name_swapped":   registered("向禾云", "1958-04-07", "", "", ""),
		"match.reason.name_similar":   registered("向去禾", "1958-04-07", "", "", ""),
		"match.reason.name_part":      registered("向禾", "1958-04-07", "", "松岭村", ""),
		"match.reason.birth_same":     registered("向云禾", "1958-04-07", "", "", ""),
		"match.reason.birth_swapped":  registered("向云禾", "1958-07-04", "", "", ""),
		"match.reason.birth_near":     registered("向云禾", "1958-04-01", "", "", ""),
		"match.reason.phone_same":     registered("向云禾", "", "p1", "", ""),
		"match.reason.village_same":   registered("向云和", "1958-04-07", "", "松岭村", ""),
	} {
		v := match.Score(base, other)
		if !v.Duplicate() || !slices.ContainsFunc(v.Reasons, func(r match.Reason) bool { return r.Key == want && r.Points > 0 }) {
			t.Errorf("%s: %+v", want, v)
		}
	}
}

func TestPeopleWhoOnlyLookAlikeStayApart(t *testing.T) {
	base := registered("杨春兰", "1958-04-07", "p1", "松岭村", "A1234")
	for what, other := range map[string]match.Fingerprint{
		"twin":                      registered("杨春梅", "1958-04-07", "p1", "松岭村", ""),
		"child":                     registered("杨志强", "1985-01-09", "p1", "松岭村", ""),
		"common name":               registered("杨春兰", "1971-11-30", "", "", ""),
		"same name in the village":  registered("杨春兰", "1971-11-30", "", "松岭村", ""),
		"same name, other number":   registered("杨春兰", "1958-04-01", "p2", "茶园村", "B9999"),
		"same village and birthday": registered("田志强", "1958-04-07", "", "松岭村", ""),
	} {
		if v := match.Score(base, other); v.Duplicate() {
			t.Errorf("%s: %+v", what, v)
		}
	}
	man := base
	man.Sex, man.DocDigest, man.PhoneDigest = "M", "", ""
	if match.Score(base, man).Score >= match.Score(base, registered("杨春兰", "1958-04-07", "", "松岭村", "")).Score {
		t.Error("another sex does not count against")
	}
}

func TestAMistypedNumberPointsToTheRightOne(t *testing.T) {
	a := registered("杨春兰", "1958-04-07", "", "", "50019919580407002X")
	b := registered("杨春兰", "1958-04-07", "", "", "50019919580470002X")
	b.DocVerified = false
	v := match.Score(a, b)
	if v.Reasons[0].Key != "match.reason.name_same" || !slices.ContainsFunc(v.Reasons, func(r match.Reason) bool { return r.Key == "match.reason.doc_near" }) {
		t.Fatalf("%+v", v)
	}
	b.DocVerified = true // two numbers that both pass their check are two people's
	if v := match.Score(a, b); slices.ContainsFunc(v.Reasons, func(r match.Reason) bool { return r.Key == "match.reason.doc_near" }) || v.Duplicate() {
		t.Fatalf("%+v", v)
	}
	passport := b
	passport.DocKind = "passport"
	if v := match.Score(a, passport); slices.ContainsFunc(v.Reasons, func(r match.Reason) bool { return r.Key == "match.reason.doc_differs" }) {
		t.Fatal("numbers of two kinds of document cannot disagree")
	}
}

func TestAnEstimatedBirthComparesByYear(t *testing.T) {
	a, b := registered("杨春兰", "1958-04-07", "p1", "", ""), registered("杨春兰", "1957-07-01", "p1", "", "")
	b.BirthEstimated = true
	if v := match.Score(a, b); !v.Duplicate() {
		t.Fatalf("%+v", v)
	}
	b.Birth = clock.MustDate(1940, 7, 1)
	if v := match.Score(a, b); v.Duplicate() {
		t.Fatalf("%+v", v)
	}
}

func TestNothingKnownIsNoLikeness(t *testing.T) {
	if v := match.Score(match.Fingerprint{}, match.Fingerprint{}); v.Score != 0 || len(v.Reasons) != 0 {
		t.Fatalf("%+v", v)
	}
	if b := match.Blocks(match.Fingerprint{}); len(b) != 0 {
		t.Fatalf("%v", b)
	}
}

func TestScoreIsSymmetricBoundedAndSumsItsReasons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, p := range matchtest.Pairs(rapid.Uint64().Draw(t, "seed"), 6) {
			ab, ba := match.Score(p.A, p.B), match.Score(p.B, p.A)
			if ab.Score != ba.Score || !slices.Equal(ab.Reasons, ba.Reasons) {
				t.Fatalf("%+v\n%+v", ab, ba)
			}
			sum := 0
			for _, r := range ab.Reasons {
				sum += r.Points
			}
			if ab.Score != max(0, min(100, sum)) {
				t.Fatalf("%+v", ab)
			}
			keyed := p.A
			keyed.NameKeys = match.NameKeys(keyed.Name)
			if !slices.Equal(match.Blocks(keyed), match.Blocks(p.A)) || !match.Score(keyed, p.A).Duplicate() {
				t.Fatalf("%+v is not like itself", p.A)
			}
		}
	})
}

func TestOneMistakeLeavesABlockWhole(t *testing.T) {
	base := registered("向云禾", "1958-04-07", "p1", "松岭村", "A1")
	for what, other := range map[string]match.Fingerprint{
		"homophone, all else new":    registered("相芸和", "1990-01-01", "p2", "茶园村", "B2"),
		"swapped, all else new":      registered("向禾云", "1990-01-01", "p2", "茶园村", "B2"),
		"dialect, all else new":      registered("向云荷", "", "", "", ""),
		"other given name, birthday": registered("向小妹", "1958-04-07", "", "", ""),
		"other name, telephone":      registered("冉小妹", "", "p1", "", ""),
		"other name, village, year":  registered("冉小妹", "1958-12-31", "", "松岭村", ""),
		"number only":                registered("甲", "", "", "", "A1"),
	} {
		blocks := match.Blocks(base)
		if !slices.ContainsFunc(match.Blocks(other), func(b string) bool { return slices.Contains(blocks, b) }) {
			t.Errorf("%s shares no block: %v", what, match.Blocks(other))
		}
	}
}
