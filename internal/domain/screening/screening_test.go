package screening_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
)

var today = clock.MustDate(2026, 11, 24)

func years(n int) *int { return &n }

// knee is a good screening of somebody without a card.
func knee() screening.Draft {
	return screening.Draft{On: today, Township: "石坪镇", Village: "松岭村", Name: "向云禾", Sex: patient.Female, Age: years(68), Programme: procedure.Joint, Site: procedure.Knee, Side: "B",
		Pain: years(7), Walking: "AID", Triage: screening.Advised, Answer: screening.Willing, LegalBasis: patient.BasisStatutory}
}

func eyes() screening.Draft {
	d := knee()
	d.Programme, d.AcuityRight, d.AcuityLeft = procedure.Cataract, "4.0", "手动"
	return d
}

func heart() screening.Draft {
	d := knee()
	d.Programme, d.ChestPain, d.Systolic, d.Diastolic = procedure.Coronary, "CCS2", 150, 90
	return d
}

func TestAGoodRowIsTaken(t *testing.T) {
	for _, d := range []screening.Draft{knee(), eyes(), heart()} {
		r, wrong := d.Check(today)
		if len(wrong) > 0 {
			t.Fatalf("%s: %v", d.Programme, wrong)
		}
		if !r.Registrable() || r.DocKind != patient.DocNone {
			t.Errorf("%+v", r)
		}
		parts := 0
		for _, there := range []bool{r.Finding.Joint != nil, r.Finding.Eyes != nil, r.Finding.Heart != nil} {
			if there {
				parts++
			}
		}
		if parts != 1 {
			t.Errorf("%s keeps findings of %d programmes", d.Programme, parts)
		}
	}
}

func TestAnAgeBecomesAnEstimatedBirth(t *testing.T) {
	r, _ := knee().Check(today)
	if r.Birth != clock.MustDate(1958, 1, 1) || !r.BirthEstimated {
		t.Errorf("born %s, estimated %v", r.Birth, r.BirthEstimated)
	}
}

func TestTheNumberFillsInSexAndBirth(t *testing.T) {
	d := knee()
	d.Sex, d.Age, d.DocNumber = "", nil, " 11010519491231002x "
	r, wrong := d.Check(today)
	if len(wrong) > 0 || r.Sex != patient.Female || r.Birth != clock.MustDate(1949, 12, 31) || r.BirthEstimated || r.DocNumber != "11010519491231002X" || r.DocKind != patient.DocCitizen {
		t.Errorf("%+v %v", r, wrong)
	}
	d.Age = years(50) // a guess gives way to the card
	if r, wrong = d.Check(today); len(wrong) > 0 || r.Birth.Year() != 1949 {
		t.Errorf("born %s, %v", r.Birth, wrong)
	}
}

func TestEveryWrongFieldIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		of     func() screening.Draft
		change func(*screening.Draft)
		field  string
	}{
		"no day":                  {knee, func(d *screening.Draft) { d.On = clock.Date{} }, "screened_on"},
		"tomorrow":                {knee, func(d *screening.Draft) { d.On = today.AddDays(1) }, "screened_on"},
		"before the birth":        {knee, func(d *screening.Draft) { d.Age, d.Birth, d.On = nil, today, today.AddDays(-1) }, "screened_on"},
		"no place":                {knee, func(d *screening.Draft) { d.Township, d.Village = " ", "" }, "township"},
		"no name":                 {knee, func(d *screening.Draft) { d.Name = "" }, "name"},
		"no sex":                  {knee, func(d *screening.Draft) { d.Sex = "" }, "sex"},
		"neither age nor birth":   {knee, func(d *screening.Draft) { d.Age = nil }, "birth"},
		"an age nobody reaches":   {knee, func(d *screening.Draft) { d.Age = years(131) }, "birth"},
		"a number that fails":     {knee, func(d *screening.Draft) { d.DocNumber = "110105194912310021" }, "doc_number"},
		"a number of a man":       {knee, func(d *screening.Draft) { d.Sex, d.DocNumber = patient.Male, "11010519491231002X" }, "sex"},
		"a birth the card denies": {knee, func(d *screening.Draft) { d.Birth, d.DocNumber = today.AddDays(-9000), "11010519491231002X" }, "birth"},
		"a short phone":           {knee, func(d *screening.Draft) { d.Phone = "1399" }, "phone"},
		"no programme":            {knee, func(d *screening.Draft) { d.Programme = "" }, "programme"},
		"no joint":                {knee, func(d *screening.Draft) { d.Site = "" }, "site"},
		"an eye as a joint":       {knee, func(d *screening.Draft) { d.Site = procedure.Eye }, "site"},
		"no side":                 {knee, func(d *screening.Draft) { d.Side = "" }, "side"},
		"pain of eleven":          {knee, func(d *screening.Draft) { d.Pain = years(11) }, "pain"},
		"pain below none":         {knee, func(d *screening.Draft) { d.Pain = years(-1) }, "pain"},
		"unknown walking":         {knee, func(d *screening.Draft) { d.Walking = "RUN" }, "walking"},
		"no eye":                  {eyes, func(d *screening.Draft) { d.AcuityRight, d.AcuityLeft = "", "" }, "acuity_right"},
		"no acuity at all":        {eyes, func(d *screening.Draft) { d.AcuityLeft = "well" }, "acuity_left"},
		"no class of pain":        {heart, func(d *screening.Draft) { d.ChestPain = "" }, "chest_pain"},
		"pressures turned round":  {heart, func(d *screening.Draft) { d.Systolic, d.Diastolic = 90, 150 }, "pressure"},
		"half a pressure":         {heart, func(d *screening.Draft) { d.Diastolic = 0 }, "pressure"},
		"no result":               {knee, func(d *screening.Draft) { d.Triage = "" }, "triage"},
		"advised and not asked":   {knee, func(d *screening.Draft) { d.Answer = "" }, "answer"},
		"declined for nothing":    {knee, func(d *screening.Draft) { d.Answer = screening.Declined }, "reason"},
		"another reason, unsaid":  {knee, func(d *screening.Draft) { d.Answer, d.Reason = screening.Declined, screening.OtherReason }, "reason_text"},
		"no basis":                {knee, func(d *screening.Draft) { d.LegalBasis = "" }, "legal_basis"},
		"the basis of a ledger":   {knee, func(d *screening.Draft) { d.LegalBasis = patient.BasisHistory }, "legal_basis"},
		"consent without a word":  {knee, func(d *screening.Draft) { d.LegalBasis = patient.BasisConsent }, "consent_note"},
		"a note without end":      {knee, func(d *screening.Draft) { d.Note = strings.Repeat("长", 501) }, "note"},
	} {
		d := c.of()
		c.change(&d)
		_, wrong := d.Check(today)
		if len(wrong) != 1 || wrong[0].Path != c.field {
			t.Errorf("%s: %v, want one note at %s", name, wrong, c.field)
		}
	}
}

func TestAMissingBirthAsksForWhatTheFormTakes(t *testing.T) {
	d := knee()
	d.Birth, d.Age, d.DocNumber = clock.Date{}, nil, ""
	if _, wrong := d.Check(today); len(wrong) != 1 || wrong[0].Path != "birth" || wrong[0].Key != "error.screening.born" {
		t.Errorf("%v", wrong)
	}
}

func TestAReasonBelongsToWhoDeclinesOnly(t *testing.T) {
	d := knee()
	d.Reason, d.ReasonText = "COST", "x"
	if r, wrong := d.Check(today); len(wrong) > 0 || r.Reason != "" || r.ReasonText != "" {
		t.Errorf("willing with a reason: %+v %v", r, wrong)
	}
	d.Triage, d.Answer = screening.Observe, screening.Declined
	if r, wrong := d.Check(today); len(wrong) > 0 || r.Answer != "" || r.Registrable() {
		t.Errorf("nothing was advised: %+v %v", r, wrong)
	}
	for _, reason := range screening.Reasons() {
		d = knee()
		d.Answer, d.Reason, d.ReasonText = screening.Declined, reason, "说明"
		if r, wrong := d.Check(today); len(wrong) > 0 || r.Reason != reason || r.Registrable() {
			t.Errorf("%s: %v", reason, wrong)
		}
	}
}

// A row is judged the same however often it is sent, and never with a panic.
func TestAnyDraftIsJudged(t *testing.T) {
	text := rapid.StringN(0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		d := screening.Draft{On: today.AddDays(rapid.IntRange(-9, 9).Draw(t, "day")), Township: text.Draw(t, "township"), Name: text.Draw(t, "name"), DocNumber: text.Draw(t, "number"),
			Phone: text.Draw(t, "phone"), Age: years(rapid.IntRange(-5, 200).Draw(t, "age")), Programme: rapid.SampledFrom(append(procedure.Programmes(), "x")).Draw(t, "programme"),
			AcuityLeft: text.Draw(t, "left"), Systolic: rapid.IntRange(-9, 400).Draw(t, "systolic"), Triage: rapid.SampledFrom(screening.Triages()).Draw(t, "triage"),
			Answer: rapid.SampledFrom(screening.Answers()).Draw(t, "answer"), Reason: rapid.SampledFrom(screening.Reasons()).Draw(t, "reason"), LegalBasis: patient.BasisStatutory}
		r, wrong := d.Check(today)
		again, more := d.Check(today)
		if len(wrong) != len(more) || r.Name != again.Name || r.Birth != again.Birth {
			t.Fatal("judged twice, differently")
		}
		if len(wrong) == 0 && (r.Birth.IsZero() || !r.Sex.Known() || r.Name == "" || r.On.After(today)) {
			t.Fatalf("taken: %+v", r)
		}
	})
}

func TestBirthAndPressureAreReadAsTheyAreSaid(t *testing.T) {
	for text, want := range map[string]int{"68": 68, " 68岁 ": 68, "６８": 68, "103": 103, "0": 0} {
		if birth, age, err := screening.ParseBorn(text, today); err != nil || age == nil || *age != want || !birth.IsZero() {
			t.Errorf("%q is %v, %v", text, age, err)
		}
	}
	for _, text := range []string{"1958-04-07", "1958.4.7", "19580407"} {
		if birth, age, err := screening.ParseBorn(text, today); err != nil || age != nil || birth != clock.MustDate(1958, 4, 7) {
			t.Errorf("%q is %s, %v", text, birth, err)
		}
	}
	if _, _, err := screening.ParseBorn("old", today); err == nil {
		t.Error("a word is no birth")
	}
	for text, want := range map[string][2]int{"150/90": {150, 90}, " 150 ／ 90 ": {150, 90}, "": {0, 0}} {
		if s, d, err := screening.ParsePressure(text); err != nil || [2]int{s, d} != want {
			t.Errorf("%q is %d/%d, %v", text, s, d, err)
		}
	}
	for _, text := range []string{"150", "150/", "a/b", "-1/5", "150/90/70"} {
		if _, _, err := screening.ParsePressure(text); err == nil {
			t.Errorf("%q is a pressure", text)
		}
	}
}

func TestListsHaveNoDoubles(t *testing.T) {
	var keys []string
	for _, x := range screening.Triages() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.Reasons() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.Walkings() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.ChestPains() {
		keys = append(keys, x.Label())
	}
	slices.Sort(keys)
	if n := len(slices.Compact(slices.Clone(keys))); n != len(keys) {
		t.Errorf("%d of %d labels differ", n, len(keys))
	}
}
