package fund

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Sighting is a reading of an eye as the guard counts it: whose hand wrote it down
// matters, not what it says.
type Sighting struct {
	Eye procedure.Side
	On  clock.Date
	By  ident.ID // account
}

// Sight is what a cataract reduction rests on. Two people have to have read the
// eye before the operation, or one of them with a photo of the chart sheet.
type Sight struct {
	Eye      procedure.Side
	Readings []Sighting
	Photo    bool       // of the chart sheet, in the case
	Operated clock.Date // zero before the operation
	Exempt   bool       // an emergency, or the patient is in care already: recorded and marked, never refused
}

// Need is a thing a cataract reduction lacks.
type Need string

// The needs.
const (
	NeedEye     Need = "eye"     // which eye it is for
	NeedReading Need = "reading" // any reading of the eye before the operation
	NeedSecond  Need = "second"  // a reading by somebody else, or the photo
)

// Needs lists them.
func Needs() []Need { return []Need{NeedEye, NeedReading, NeedSecond} }

// Label is the message key of what is missing; with ".next" of what to do.
func (n Need) Label() string { return "fund.need." + string(n) }

// Necessity is what the guard says of a cataract reduction.
type Necessity struct {
	Missing  Need // empty: it is all there
	Readings int  // of the eye, before the operation
	People   int  // who took them
	ByPhoto  bool // one reading and the photo: a person looks at the photo
	Exempt   bool
}

// Judge counts the readings of the eye before the operation.
func (s Sight) Judge() Necessity {
	n := Necessity{Exempt: s.Exempt}
	people := map[ident.ID]bool{}
	for _, r := range s.Readings {
		if r.Eye != s.Eye || !s.Operated.IsZero() && r.On.After(s.Operated) {
			continue
		}
		n.Readings++
		people[r.By] = true
	}
	n.People = len(people)
	switch {
	case !s.Eye.Known():
		n.Missing = NeedEye
	case n.People >= 2:
	case n.Readings == 0:
		n.Missing = NeedReading
	case s.Photo:
		n.ByPhoto = true
	default:
		n.Missing = NeedSecond
	}
	return n
}

// Refusal says why the application cannot be made yet and what would help; nil
// when nothing is missing, or for what is never refused.
func (n Necessity) Refusal() error {
	if n.Missing == "" || n.Exempt {
		return nil
	}
	if n.Missing == NeedEye {
		var f errs.Fields
		f.Add("eye", "error.fund.eye")
		return f.Err()
	}
	return errs.Refuse("fund.necessity", "error.fund.necessity", errs.Args{"what": errs.Key(n.Missing.Label())}, "fund.need."+string(n.Missing)+".next", "fund.remedy.chart_photo")
}
