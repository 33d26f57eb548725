// Package glass is about breaking the glass: a doctor with a patient in front of
// him, whom his hospital does not know, reads for an hour what other hospitals of
// the partnership did. Nothing is refused that a life may hang on; what is asked
// for instead is a reason, and that somebody else judges it afterwards.
package glass

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// The limits. The database holds the first as well.
const (
	Window      = 60 * time.Minute // how long one patient's record stays open
	JudgeWithin = 72 * time.Hour   // by then somebody else has judged it
	MaxReason   = 500              // characters
	minReason   = 6                // "抢救" alone says nothing of what happened
)

// State is where a broken glass stands.
type State string

// The states.
const (
	Open    State = "open"    // the record can be read
	Waiting State = "waiting" // the hour is over; nobody has judged yet
	Judged  State = "judged"
)

// States lists the states.
func States() []State { return []State{Open, Waiting, Judged} }

// Label is the message key of the state.
func (s State) Label() string { return "glass.state." + string(s) }

// Verdict is what the second person says.
type Verdict string

// The verdicts.
const (
	Justified   Verdict = "justified"
	Unjustified Verdict = "unjustified"
)

// Verdicts lists the verdicts.
func Verdicts() []Verdict { return []Verdict{Justified, Unjustified} }

// Label is the message key of the verdict.
func (v Verdict) Label() string { return "glass.verdict." + string(v) }

// Breaking is one broken glass.
type Breaking struct {
	ID       ident.ID
	Hospital ident.ID // where the patient is
	Account  ident.ID // the only one it opens anything to
	Person   ident.ID
	Reason   string
	OpenedAt time.Time
	UntilAt  time.Time
	ClosedAt time.Time // zero: not before its time
	Reads    int
	DueAt    time.Time
	Verdict  Verdict // empty: nobody has judged
	Opinion  string
	JudgedBy ident.ID
	JudgedAt time.Time
	Version  int64
}

// OpenAt reports whether the record can be read at an instant.
func (b Breaking) OpenAt(now time.Time) bool {
	return b.ClosedAt.IsZero() && !now.Before(b.OpenedAt) && now.Before(b.UntilAt)
}

// EndsAt is until when the record can be read: the hour, or less where it was
// closed before.
func (b Breaking) EndsAt() time.Time {
	if b.ClosedAt.IsZero() {
		return b.UntilAt
	}
	return b.ClosedAt
}

// StateAt is where it stands at an instant.
func (b Breaking) StateAt(now time.Time) State {
	switch {
	case b.Verdict != "":
		return Judged
	case b.OpenAt(now):
		return Open
	}
	return Waiting
}

// Overdue reports whether the judgement is late.
func (b Breaking) Overdue(now time.Time) bool { return b.Verdict == "" && now.After(b.DueAt) }

// CheckReason looks at why a glass is broken.
func CheckReason(reason string) error {
	var f errs.Fields
	switch n := utf8.RuneCountInString(strings.TrimSpace(reason)); {
	case n < minReason:
		f.Add("reason", "error.glass.reason", "n", minReason)
	case n > MaxReason:
		f.Add("reason", "error.text.too_long", "n", MaxReason)
	}
	return f.Err()
}

// Part is an implant as the surgeon has to know it.
type Part struct {
	Role      string `json:"role"`
	Side      string `json:"side"`
	Maker     string `json:"maker"`
	Brand     string `json:"brand"`
	Catalogue string `json:"catalogue"`
	Size      string `json:"size"`
	Lot       string `json:"lot"`
	Serial    string `json:"serial"`
}

// Trouble is a complication.
type Trouble struct {
	Type    string     `json:"type"`
	On      clock.Date `json:"on"`
	Grade   string     `json:"grade"`
	Outcome string     `json:"outcome"`
}

// Operation is one operation with what was put in and what went wrong.
type Operation struct {
	Kind      string     `json:"kind"`
	Side      string     `json:"side"`
	On        clock.Date `json:"on"`
	Surgeon   string     `json:"surgeon"`
	Hospital  string     `json:"hospital"`
	Diagnoses []string   `json:"diagnoses"`
	Parts     []Part     `json:"parts"`
	Trouble   []Trouble  `json:"trouble"`
}

// Stay is one admission or day case.
type Stay struct {
	Plan       string     `json:"plan"`
	State      string     `json:"state"`
	Admitted   clock.Date `json:"admitted"`
	Discharged clock.Date `json:"discharged"`
	Hospital   string     `json:"hospital"`
}

// Case is one case.
type Case struct {
	No        string     `json:"no"`
	Programme string     `json:"programme"`
	Diagnosis string     `json:"diagnosis"`
	Opened    clock.Date `json:"opened"`
	Closed    clock.Date `json:"closed"`
	Hospital  string     `json:"hospital"`
}

// Who is the patient.
type Who struct {
	Name      string     `json:"name"`
	Sex       string     `json:"sex"`
	Birth     clock.Date `json:"birth"`
	Estimated bool       `json:"estimated"`
	Deceased  clock.Date `json:"deceased"`
}

// Record is all that is shown: no money, no address, no number.
type Record struct {
	Person     Who         `json:"person"`
	Cases      []Case      `json:"cases"`
	Stays      []Stay      `json:"stays"`
	Operations []Operation `json:"operations"`
}
