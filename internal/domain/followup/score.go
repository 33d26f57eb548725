package followup

import (
	"maps"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Instrument is a score. The house keeps totals, and the sub-scores of the two
// clinician's scores that surgeons publish with; it ships no wording of any
// questionnaire, and of the licensed ones it takes the total only.
type Instrument string

// The instruments.
const (
	HHS          Instrument = "HHS" // Harris hip score
	HSS          Instrument = "HSS" // Hospital for Special Surgery knee score
	Pain         Instrument = "PAIN"
	Satisfaction Instrument = "SATISFACTION"
	Health       Instrument = "HEALTH" // how the patient rates the own health today
	CCS          Instrument = "CCS"    // angina class
	NYHA         Instrument = "NYHA"   // heart failure class
	OHS          Instrument = "OHS"    // Oxford hip score, licensed
	OKS          Instrument = "OKS"    // Oxford knee score, licensed
	WOMAC        Instrument = "WOMAC"  // licensed
	FJS          Instrument = "FJS12"  // forgotten joint score, licensed
)

// Part is a sub-score. A subtracted part lowers the total.
type Part struct {
	Name     string
	Max      int
	Subtract bool
}

// Band names the totals from a limit upwards.
type Band struct {
	From int
	Name string
}

// Scale says what the numbers of an instrument mean. All values are whole
// points.
type Scale struct {
	Instrument Instrument
	Edition    string // of the scoring: one name has meant different ranges
	Sites      []procedure.Site
	Min, Max   int
	LowerBest  bool
	Clinician  bool // scored by a clinician, not by the patient
	Parts      []Part
	Bands      []Band // from the best down; none: no grades
}

var anySite = []procedure.Site{procedure.Hip, procedure.Knee, procedure.Eye, procedure.CoronaryVessels}

// Scales lists the instruments. Ranges and grades are those of the published
// scales; they are labels for reading, never a decision.
func Scales() []Scale {
	hip, knee, heart := []procedure.Site{procedure.Hip}, []procedure.Site{procedure.Knee}, []procedure.Site{procedure.CoronaryVessels}
	both := []procedure.Site{procedure.Hip, procedure.Knee}
	return []Scale{
		{Instrument: HHS, Edition: "1969", Sites: hip, Max: 100, Clinician: true,
			Parts: []Part{{Name: "pain", Max: 44}, {Name: "function", Max: 47}, {Name: "deformity", Max: 4}, {Name: "motion", Max: 5}},
			Bands: []Band{{90, "excellent"}, {80, "good"}, {70, "fair"}, {0, "poor"}}},
		{Instrument: HSS, Edition: "1976", Sites: knee, Max: 100, Clinician: true,
			Parts: []Part{{Name: "pain", Max: 30}, {Name: "function", Max: 22}, {Name: "motion", Max: 18}, {Name: "muscle", Max: 10},
				{Name: "flexion", Max: 10}, {Name: "stability", Max: 10}, {Name: "deduction", Max: 25, Subtract: true}},
			Bands: []Band{{85, "excellent"}, {70, "good"}, {60, "fair"}, {0, "poor"}}},
		{Instrument: Pain, Edition: "0-10", Sites: anySite, Max: 10, LowerBest: true},
		{Instrument: Satisfaction, Edition: "1-5", Sites: anySite, Min: 1, Max: 5},
		{Instrument: Health, Edition: "0-100", Sites: anySite, Max: 100},
		{Instrument: CCS, Edition: "0-4", Sites: heart, Max: 4, LowerBest: true, Clinician: true},
		{Instrument: NYHA, Edition: "1-4", Sites: heart, Min: 1, Max: 4, LowerBest: true, Clinician: true},
		{Instrument: OHS, Edition: "0-48", Sites: hip, Max: 48},
		{Instrument: OKS, Edition: "0-48", Sites: knee, Max: 48},
		{Instrument: WOMAC, Edition: "0-96", Sites: both, Max: 96, LowerBest: true},
		{Instrument: FJS, Edition: "0-100", Sites: both, Max: 100},
	}
}

// ScalesFor lists the instruments of a site.
func ScalesFor(site procedure.Site) []Scale {
	return slices.DeleteFunc(Scales(), func(s Scale) bool { return !slices.Contains(s.Sites, site) })
}

// Scale finds what the numbers of the instrument mean.
func (i Instrument) Scale() (Scale, bool) {
	for _, s := range Scales() {
		if s.Instrument == i {
			return s, true
		}
	}
	return Scale{}, false
}

// Label is the message key of the instrument's name.
func (i Instrument) Label() string { return "followup.score." + string(i) }

// Class reports whether the values are classes, written in Roman numerals.
func (i Instrument) Class() bool { return i == CCS || i == NYHA }

// Label is the message key of the sub-score's name.
func (p Part) Label() string { return "followup.part." + p.Name }

// Grade is the message key of the grade of a total; "" where there are none.
func (s Scale) Grade(total int) string {
	for _, b := range s.Bands {
		if total >= b.From {
			return "followup.grade." + b.Name
		}
	}
	return ""
}

// Result is a score as it was taken. Total is nil while it follows from the parts.
type Result struct {
	Instrument Instrument     `json:"instrument"`
	Edition    string         `json:"edition,omitempty"`
	Total      *int           `json:"total"`
	Parts      map[string]int `json:"parts,omitempty"`
}

// Sum adds the parts up: what is subtracted never brings the total below zero.
// It is asked with all parts present; a deduction nobody wrote is none.
func (s Scale) Sum(parts map[string]int) int {
	n := 0
	for _, p := range s.Parts {
		if p.Subtract {
			n -= parts[p.Name]
		} else {
			n += parts[p.Name]
		}
	}
	return max(n, s.Min)
}

// Complete checks a score taken at a site and works its total out from the
// parts. The paths of the errors are "total" and "parts.<name>".
func (r Result) Complete(site procedure.Site) (Result, error) {
	var f errs.Fields
	s, ok := r.Instrument.Scale()
	if !ok || !slices.Contains(s.Sites, site) {
		f.Add("instrument", "error.followup.instrument")
		return r, f.Err()
	}
	r.Edition = s.Edition
	if len(r.Parts) > 0 {
		r = r.add(s, &f)
	}
	switch {
	case r.Total == nil && len(f) == 0:
		f.Add("total", "form.error.missing")
	case r.Total != nil && (*r.Total < s.Min || *r.Total > s.Max):
		f.Add("total", "error.followup.range", "min", s.Min, "max", s.Max)
	}
	return r, f.Err()
}

// add checks the parts and takes their sum as the total, or compares it with the
// one that was given.
func (r Result) add(s Scale, f *errs.Fields) Result {
	for _, name := range slices.Sorted(maps.Keys(r.Parts)) {
		if !slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Name == name }) {
			f.Add("parts."+name, "error.followup.part")
		}
	}
	for _, p := range s.Parts {
		v, ok := r.Parts[p.Name]
		switch {
		case !ok && !p.Subtract:
			f.Add("parts."+p.Name, "error.followup.part_missing")
		case v < 0 || v > p.Max:
			f.Add("parts."+p.Name, "error.followup.range", "min", 0, "max", p.Max)
		}
	}
	if len(*f) > 0 {
		return r
	}
	sum := s.Sum(r.Parts)
	if r.Total == nil {
		r.Total = &sum
	} else if *r.Total != sum {
		f.Add("total", "error.followup.sum", "sum", sum)
	}
	return r
}
