// Package report is what the report of a period says: the period itself, and the
// figures as they were when it was made. A report is written from its snapshot
// and nothing else, so that it can be written again with the same bytes.
package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Kind is the length of a period.
type Kind string

// The kinds of periods.
const (
	Month   Kind = "month"
	Quarter Kind = "quarter"
	Year    Kind = "year" // the yearly assessment
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Month, Quarter, Year} }

// NameKey is the message key of the kind's name.
func (k Kind) NameKey() string { return "pack.kind." + string(k) }

// months is how many months a period has.
func (k Kind) months() int {
	switch k {
	case Quarter:
		return 3
	case Year:
		return 12
	}
	return 1
}

// Period is a calendar month, quarter or year in Shanghai.
type Period struct {
	Kind     Kind       `json:"kind"`
	From, To clock.Date // both included
}

// PeriodOf is the period a day lies in.
func PeriodOf(k Kind, day clock.Date) (Period, error) {
	var bad errs.Fields
	if !slices.Contains(Kinds(), k) {
		bad.Add("kind", "form.error.pick")
	}
	if day.IsZero() {
		bad.Add("day", "form.error.missing")
	}
	if err := bad.Err(); err != nil {
		return Period{}, err
	}
	n := k.months()
	first := clock.MustDate(day.Year(), (int(day.Month())-1)/n*n+1, 1)
	return Period{Kind: k, From: first, To: first.AddMonths(n).AddDays(-1)}, nil
}

// Before is the period before.
func (p Period) Before() Period {
	from := p.From.AddMonths(-p.Kind.months())
	return Period{Kind: p.Kind, From: from, To: p.From.AddDays(-1)}
}

// Label is the short name: 2026-11, 2026-Q4, 2026.
func (p Period) Label() string {
	year := strconv.Itoa(p.From.Year())
	switch p.Kind {
	case Quarter:
		return year + "-Q" + strconv.Itoa((int(p.From.Month())-1)/3+1)
	case Year:
		return year
	}
	return p.From.String()[:7]
}

// Over reports whether the period has ended: the figures of a running one still
// grow.
func (p Period) Over(today clock.Date) bool { return p.To.Before(today) }

// Row is one part of a table; nil stands for a hidden figure.
type Row struct {
	Key     string   `json:"key"`
	Name    string   `json:"name,omitempty"` // of a hospital
	Figures []*int64 `json:"figures"`
}

// Table is a breakdown as it was counted, the total among the rest.
type Table struct {
	By       measure.Dimension `json:"by"`
	Measures []measure.ID      `json:"measures"`
	Rows     []Row             `json:"rows"`
	Total    Row               `json:"total"`
	Overlap  int64             `json:"overlap,omitempty"`
}

// Figure is the total of a measure by the last part of its id.
func (t Table) Figure(name string) (n *int64, known bool) {
	for i, id := range t.Measures {
		if strings.HasSuffix(string(id), "."+name) {
			return t.Total.Figures[i], true
		}
	}
	return nil, false
}

// Programme is the programme the table's measures belong to.
func (t Table) Programme() measure.Programme {
	if len(t.Measures) == 0 {
		return measure.All
	}
	d, _ := measure.ByID(t.Measures[0]) // an unknown one gives the empty programme
	return d.Programme
}

// Gathering is a meeting or an exchange visit of the period.
type Gathering struct {
	On        clock.Date `json:"on" db:"on_date"`
	Kind      string     `json:"kind" db:"kind"`
	Topic     string     `json:"topic" db:"topic"`
	Place     string     `json:"place" db:"place"`
	Attendees int        `json:"attendees" db:"attendees"`
}

// Activity is what the two sides did beside operating.
type Activity struct {
	Meetings    int64 `json:"meetings" db:"meetings"`
	Exchanges   int64 `json:"exchanges" db:"exchanges"`
	Missions    int64 `json:"missions" db:"missions"`
	ServiceDays int64 `json:"service_days" db:"service_days"` // distinct days of each doctor; travel counts nothing
	Doctors     int64 `json:"doctors" db:"doctors"`           // posted at some time of the period
	Short       int64 `json:"short" db:"short_stays"`         // postings under a month
	Months      int64 `json:"months" db:"months_stays"`       // from one month
	HalfYears   int64 `json:"half_years" db:"half_years"`     // from six months
	Years       int64 `json:"years" db:"years_stays"`         // from a year
	Lessons     int64 `json:"lessons" db:"lessons"`
	Minutes     int64 `json:"minutes" db:"lesson_minutes"`
	Listeners   int64 `json:"listeners" db:"listeners"`
	Signoffs    int64 `json:"signoffs" db:"signoffs"`
	Pairings    int64 `json:"pairings" db:"pairings"`
}

// Snapshot is everything a report says.
type Snapshot struct {
	Partnership string            `json:"partnership"`
	Unit        string            `json:"unit"`
	By          string            `json:"by"`
	At          time.Time         `json:"at"`
	Period      Period            `json:"period"`
	Programme   measure.Programme `json:"programme"`
	Profile     string            `json:"profile"`
	Rule        string            `json:"rule"`
	Hide        int64             `json:"hide"`
	Round       int64             `json:"round"`
	Programmes  []Table           `json:"programmes"`
	Hospitals   Table             `json:"hospitals"`
	Months      Table             `json:"months"`
	Before      []Table           `json:"before"`
	Activity    Activity          `json:"activity"`
	Earlier     Activity          `json:"earlier"`
	Gatherings  []Gathering       `json:"gatherings"`
	Deeds       Deeds             `json:"deeds"`

	Readings []measure.Reading     `json:"readings"`          // every measure; older snapshots have those with a case only
	Prior    []measure.Reading     `json:"prior"`             // the same of the period before
	Outlines []Outline             `json:"outlines"`          // what the charts show
	Targets  map[measure.ID]Target `json:"targets,omitempty"` // in force when it was made
}

// Outline is one measure in its parts.
type Outline struct {
	Measure measure.ID        `json:"measure"`
	By      measure.Dimension `json:"by"`
	Parts   []Portion         `json:"parts"`
}

// Portion is one part of an outline.
type Portion struct {
	Key     string          `json:"key"`
	Name    string          `json:"name,omitempty"` // of a hospital
	Reading measure.Reading `json:"reading"`
}

// Target is what a measure ought to reach.
type Target struct {
	Value  float64 `json:"value"`
	Source string  `json:"source"`
	Sample bool    `json:"sample,omitempty"`
}

// Reading finds a kept reading.
func (s Snapshot) Reading(id measure.ID) (measure.Reading, bool) { return readingOf(s.Readings, id) }

// PriorReading finds the reading of the period before.
func (s Snapshot) PriorReading(id measure.ID) (measure.Reading, bool) { return readingOf(s.Prior, id) }

func readingOf(list []measure.Reading, id measure.ID) (measure.Reading, bool) {
	for _, r := range list {
		if r.Definition().ID == id {
			return r, true
		}
	}
	return measure.Reading{}, false
}

// Seal is the snapshot as it is kept, with its digest.
func (s Snapshot) Seal() (raw, digest []byte, err error) {
	raw, err = json.Marshal(s)
	sum := sha256.Sum256(raw)
	return raw, sum[:], err
}

// Open reads a kept snapshot; one that does not match its digest is refused.
func Open(raw, digest []byte) (s Snapshot, err error) {
	sum := sha256.Sum256(raw)
	if !slices.Equal(sum[:], digest) {
		return s, errs.Refuse("report.same", "error.pack.changed", nil, "remedy.pack.changed")
	}
	err = json.Unmarshal(raw, &s)
	return s, err
}

// Code is how people call a snapshot: the start of its digest.
func Code(digest []byte) string {
	if len(digest) < 6 {
		return ""
	}
	text := strings.ToUpper(hex.EncodeToString(digest[:6]))
	return text[:4] + "-" + text[4:8] + "-" + text[8:]
}
