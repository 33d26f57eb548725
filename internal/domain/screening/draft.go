package screening

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Draft is a screening as it was noted. Findings of other programmes than the
// one named are left out of the record.
type Draft struct {
	On        clock.Date
	Township  string
	Village   string
	Name      string
	Sex       patient.Sex
	Birth     clock.Date
	Age       *int // in years, where the birth date is not known
	DocKind   patient.DocumentKind
	DocNumber string
	Phone     string

	Programme   procedure.Programme
	Site        procedure.Site
	Side        Side
	Pain        *int
	Walking     Walking
	AcuityRight string // in any notation
	AcuityLeft  string
	ChestPain   ChestPain
	Systolic    int
	Diastolic   int

	Triage      Triage
	Answer      Answer
	Reason      Reason
	ReasonText  string
	Note        string
	LegalBasis  patient.LegalBasis
	ConsentNote string
	Guardian    string
}

// Bounds of what is typed, in characters, and of a blood pressure in mmHg.
const (
	maxNote      = 500
	maxReason    = 200
	maxChart     = 20
	lowSystolic  = 50
	highSystolic = 300
	lowDiastolic = 20
)

// Check reads a draft and names every wrong field by its name in the form. A
// number on a card that fails its check is refused: on an outreach day there is
// nobody to look into it, and a screening needs none.
func (d Draft) Check(today clock.Date) (Record, errs.Fields) {
	var f errs.Fields
	r := Record{On: d.On, Name: patient.NormaliseName(d.Name), Sex: d.Sex, Programme: d.Programme, Triage: d.Triage,
		Place: Place{Township: strings.TrimSpace(d.Township), Village: strings.TrimSpace(d.Village)}, Note: strings.TrimSpace(d.Note)}
	d.identity(&r, &f, today)
	d.contacts(&r, &f, today)
	switch {
	case r.On.IsZero():
		f.Add("screened_on", "form.error.missing")
	case r.On.After(today):
		f.Add("screened_on", "error.screening.future")
	case !r.Birth.IsZero() && r.On.Before(r.Birth):
		f.Add("screened_on", "error.care.before_birth", "date", r.Birth)
	}
	if r.Place == (Place{}) {
		f.Add("township", "error.screening.place")
	}
	switch d.Programme {
	case procedure.Joint:
		r.Finding.Joint = d.joint(&f)
	case procedure.Cataract:
		r.Finding.Eyes = d.eyes(&f)
	case procedure.Coronary:
		r.Finding.Heart = d.heart(&f)
	default:
		f.Add("programme", "form.error.pick")
	}
	d.result(&r, &f)
	long(&f, "note", r.Note, maxNote)
	return r, f
}

// identity takes over what the number says and turns an age into a birth date.
func (d Draft) identity(r *Record, f *errs.Fields, today clock.Date) {
	kind := d.DocKind
	switch {
	case strings.TrimSpace(d.DocNumber) == "":
		kind = patient.DocNone
	case kind == "" || kind == patient.DocNone:
		kind = patient.DocCitizen
	}
	parsed, err := patient.ParseDocument(kind, d.DocNumber, today)
	if err != nil {
		_ = f.Merge("doc_number", err) // ParseDocument returns input errors only
	}
	r.DocKind, r.DocNumber = patient.DocNone, ""
	if parsed.Number != "" {
		r.DocKind, r.DocNumber = parsed.Kind, parsed.Number
	}
	p := patient.Person{Name: r.Name, Sex: d.Sex, Birth: d.Birth}
	if d.Sex.Known() && parsed.Sex.Known() && d.Sex != parsed.Sex {
		f.Add("sex", "error.screening.sex", "sex", errs.Key(parsed.Sex.Key()))
	}
	if !d.Birth.IsZero() && !parsed.Birth.IsZero() && d.Birth != parsed.Birth {
		f.Add("birth", "error.screening.birth", "date", parsed.Birth)
	}
	p = p.FillFrom(parsed)
	if d.Age != nil && (*d.Age < 0 || *d.Age > patient.MaxAge) {
		f.Add("birth", "error.screening.age", "n", patient.MaxAge)
	} else if p.Birth.IsZero() && d.Age != nil && !d.On.IsZero() {
		p.Birth, r.BirthEstimated = clock.MustDate(d.On.Year()-*d.Age, 1, 1), true
	}
	r.Sex, r.Birth = p.Sex, p.Birth
	if d.Age != nil && p.Birth.IsZero() { // the day of the screening is missing, and named already
		p.Birth = today
	}
	if p.Birth.IsZero() && !f.Has("birth") { // the form has one box for age and day, and no mark for an estimate
		f.Add("birth", "error.screening.born")
	}
	for _, wrong := range p.Validate(today) {
		if !f.Has(wrong.Path) {
			*f = append(*f, wrong)
		}
	}
}

// contacts are held to the rules of a registration.
func (d Draft) contacts(r *Record, f *errs.Fields, today clock.Date) {
	c := patient.Registration{Phone: d.Phone, Township: r.Place.Township, Village: r.Place.Village, LegalBasis: d.LegalBasis, ConsentNote: d.ConsentNote,
		Guardian: d.Guardian}.Normalise()
	*f = append(*f, c.Validate(r.Birth, today)...)
	if c.LegalBasis == patient.BasisHistory { // only what an old ledger brought may rest on it
		f.Add("legal_basis", "error.legal_basis.required")
	}
	r.Phone, r.LegalBasis, r.ConsentNote, r.Guardian = c.Phone, c.LegalBasis, c.ConsentNote, c.Guardian
}

func (d Draft) joint(f *errs.Fields) *Joint {
	if !d.Site.Joint() {
		f.Add("site", "form.error.pick")
	}
	if !slices.Contains(Sides(), d.Side) {
		f.Add("side", "form.error.pick")
	}
	if d.Pain != nil && (*d.Pain < 0 || *d.Pain > MostPain) {
		f.Add("pain", "form.error.between", "low", 0, "high", MostPain)
	}
	if d.Walking != "" && !slices.Contains(Walkings(), d.Walking) {
		f.Add("walking", "form.error.pick")
	}
	return &Joint{d.Site, d.Side, d.Pain, d.Walking}
}

func (d Draft) eyes(f *errs.Fields) *Eyes {
	e := Eyes{Right: readEye(f, "acuity_right", d.AcuityRight), Left: readEye(f, "acuity_left", d.AcuityLeft)}
	if e == (Eyes{}) && !f.Has("acuity_right") && !f.Has("acuity_left") {
		f.Add("acuity_right", "error.screening.acuity")
	}
	return &e
}

func readEye(f *errs.Fields, path, text string) *Eye {
	raw := strings.TrimSpace(text)
	if raw == "" {
		return nil
	}
	v, _, err := acuity.Detect(raw)
	if err != nil || v == "" || len([]rune(raw)) > maxChart {
		f.Add(path, "error.acuity.value")
		return nil
	}
	return &Eye{Value: string(v), Raw: raw}
}

func (d Draft) heart(f *errs.Fields) *Heart {
	if !slices.Contains(ChestPains(), d.ChestPain) {
		f.Add("chest_pain", "form.error.pick")
	}
	if d.Systolic != 0 || d.Diastolic != 0 {
		if d.Systolic < lowSystolic || d.Systolic > highSystolic || d.Diastolic < lowDiastolic || d.Diastolic >= d.Systolic {
			f.Add("pressure", "error.screening.pressure")
		}
	}
	return &Heart{d.ChestPain, d.Systolic, d.Diastolic}
}

// result keeps an answer only where something was advised, and a reason only
// where it was declined.
func (d Draft) result(r *Record, f *errs.Fields) {
	if !slices.Contains(Triages(), d.Triage) {
		f.Add("triage", "form.error.pick")
	}
	if d.Triage != Advised {
		return
	}
	if !slices.Contains(Answers(), d.Answer) {
		f.Add("answer", "form.error.pick")
	}
	if r.Answer = d.Answer; d.Answer != Declined {
		return
	}
	r.Reason, r.ReasonText = d.Reason, strings.TrimSpace(d.ReasonText)
	switch {
	case !slices.Contains(Reasons(), d.Reason):
		f.Add("reason", "form.error.pick")
	case d.Reason == OtherReason && r.ReasonText == "":
		f.Add("reason_text", "error.screening.reason_text")
	}
	long(f, "reason_text", r.ReasonText, maxReason)
}

func long(f *errs.Fields, path, text string, most int) {
	if len([]rune(text)) > most {
		f.Add(path, "form.error.long", "max", most)
	}
}

var errPressure = errors.New("screening: not a blood pressure")

// ParsePressure reads a blood pressure as it is said, 150/90. The empty text is
// no pressure.
func ParsePressure(text string) (systolic, diastolic int, err error) {
	s := strings.Join(strings.Fields(norm.NFKC.String(text)), "")
	if s == "" {
		return 0, 0, nil
	}
	upper, lower, ok := strings.Cut(s, "/")
	if !ok {
		return 0, 0, errPressure
	}
	systolic, e1 := strconv.Atoi(upper)
	diastolic, e2 := strconv.Atoi(lower)
	if e1 != nil || e2 != nil || systolic <= 0 || diastolic <= 0 {
		return 0, 0, errPressure
	}
	return systolic, diastolic, nil
}

// yearsSign stands behind an age.
const yearsSign = rune(0x5c81)

// ParseBorn reads what stands in the box for birth: an age in years, or a date
// in any of the usual spellings. The sign for "years of age" may stand behind it.
func ParseBorn(text string, today clock.Date) (birth clock.Date, age *int, err error) {
	s := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(norm.NFKC.String(text)), string(yearsSign)))
	if s == "" {
		return clock.Date{}, nil, nil
	}
	if n, err := strconv.Atoi(s); err == nil && len(s) <= 3 {
		return clock.Date{}, &n, nil
	}
	birth, err = clock.ParseSpelling(s, today)
	return birth, nil, err
}
