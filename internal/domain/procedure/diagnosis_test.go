package procedure

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestDiagnosesFollowFromWhatIsRecordedAndNeverFromNothing(t *testing.T) {
	for _, c := range []struct {
		p    Procedure
		want string
	}{
		{Procedure{Kind: TKA, JointPart: &JointPart{Indications: []Indication{"OA"}}}, "M17.9"},
		{Procedure{Kind: THA, JointPart: &JointPart{Indications: []Indication{"OA"}}}, "M16.9"},
		{Procedure{Kind: PCI, HeartPart: &HeartPart{Syndrome: "UA"}}, "I20.0"},
		{Procedure{Kind: TKA, JointPart: &JointPart{Indications: []Indication{"OTHER"}}}, ""},
		{Procedure{Kind: PhacoIOL, EyePart: &EyePart{}}, ""},
	} {
		got := ""
		for _, x := range DefaultDiagnoses(c.p) {
			got += x.Code
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.p.Kind, got, c.want)
		}
	}
}

// Every derived code must have the book's form and lie in the programme's blocks,
// or the record would be refused or marked for what it was not asked.
func TestDerivedDiagnosesPassTheirOwnCheck(t *testing.T) {
	for _, kind := range []Kind{THA, TKA} {
		for _, why := range Indications(kind.Site()) {
			p := Procedure{Programme: Joint, Kind: kind, JointPart: &JointPart{Indications: []Indication{why}}}
			p.Diagnoses = DefaultDiagnoses(p)
			if ws, f := checked(p); len(ws) > 0 || len(f) > 0 {
				t.Errorf("%s %s: %v %v", kind, why, ws, f)
			}
		}
	}
	for _, why := range Syndromes() {
		p := Procedure{Programme: Coronary, Kind: CAG, HeartPart: &HeartPart{Syndrome: why}}
		p.Diagnoses = DefaultDiagnoses(p)
		if ws, f := checked(p); len(ws) > 0 || len(f) > 0 {
			t.Errorf("%s: %v %v", why, ws, f)
		}
	}
}

func checked(p Procedure) (ws []Warning, f []string) {
	var fields errs.Fields
	ws = checkDiagnoses(p, &fields)
	for _, x := range fields {
		f = append(f, x.Key)
	}
	return ws, f
}
