package report

import "github.com/shanhai-health/shanhai/internal/clock"

// DeedsKept is how many lines each list of a report has at most; how many there
// were stands in its [Activity].
const DeedsKept = 60

// Deeds lists what was done beside operating, the earliest first. Doctors have a
// name in an exact report only: another one may leave the house.
type Deeds struct {
	Visits   []Mission `json:"visits"`
	Postings []Stay    `json:"postings"`
	Lessons  []Lesson  `json:"lessons"`
	Pairings []Pair    `json:"pairings"`
}

// Mission is one batch of visiting doctors. Days are those of service in the period.
type Mission struct {
	From     clock.Date `json:"from" db:"from_on"`
	To       clock.Date `json:"to" db:"to_on"`
	Hospital string     `json:"hospital" db:"hospital"`
	Title    string     `json:"title" db:"title"`
	Doctors  int        `json:"doctors" db:"doctors"`
	Days     int        `json:"days" db:"days"`
}

// Stay is the posting of a doctor to a hospital.
type Stay struct {
	From   clock.Date `json:"from" db:"from_on"`
	To     clock.Date `json:"to" db:"to_on"`
	Doctor string     `json:"doctor,omitempty" db:"doctor"`
	Home   string     `json:"home" db:"home"`
	Host   string     `json:"host" db:"host"`
}

// Lesson is one lecture or demonstration.
type Lesson struct {
	On        clock.Date `json:"on" db:"on_date"`
	Kind      string     `json:"kind" db:"kind"`
	Topic     string     `json:"topic" db:"topic"`
	Hospital  string     `json:"hospital" db:"hospital"`
	Teacher   string     `json:"teacher,omitempty" db:"teacher"`
	Minutes   int        `json:"minutes" db:"minutes"`
	Listeners int        `json:"listeners" db:"listeners"`
}

// Pair is two hospitals that agreed to work together; without an end it goes on.
type Pair struct {
	Donor     string      `json:"donor" db:"donor"`
	Receiving string      `json:"receiving" db:"receiving"`
	Agreement string      `json:"agreement" db:"agreement"`
	From      clock.Date  `json:"from" db:"from_on"`
	To        *clock.Date `json:"to,omitempty" db:"to_on"`
}
