package plausibility

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Rules are the partnership's own limits. What a partnership starts with is a
// sample and says so; no number here is official.
type Rules struct {
	RatePerThousand int                         `json:"rate_per_thousand"` // operations a year per thousand elderly people
	ElderlyAge      int                         `json:"elderly_age"`
	PhonePeople     int                         `json:"phone_people"` // so many people may share a number
	PerDay          map[procedure.Programme]int `json:"per_day"`      // operations of a surgeon in a day

	Populations map[string]int `json:"-"` // elderly people by township
	Source      string         `json:"-"` // where the numbers come from
	Sample      bool           `json:"-"`
	Version     int64          `json:"-"`
}

// SampleRules are the limits a partnership starts with. It has no numbers of
// elderly people: those are not to be guessed.
func SampleRules() Rules {
	return Rules{RatePerThousand: 30, ElderlyAge: 60, PhonePeople: 3, PerDay: map[procedure.Programme]int{procedure.Joint: 8, procedure.Cataract: 40, procedure.Coronary: 12}, Sample: true}
}

// bounds of the limits.
const (
	mostTownships = 300
	mostPeople    = 10_000_000
	maxLimit      = 1000
	maxSource     = 200
)

// Validate names every limit out of its bounds.
func (r Rules) Validate() error {
	var f errs.Fields
	within := func(path string, n, low, high int) {
		if n < low || n > high {
			f.Add(path, "form.error.between", "low", low, "high", high)
		}
	}
	within("rate", r.RatePerThousand, 1, maxLimit)
	within("elderly_age", r.ElderlyAge, 50, 80)
	within("phone_people", r.PhonePeople, 1, maxLimit)
	for _, p := range procedure.Programmes() {
		within("per_day."+string(p), r.PerDay[p], 1, maxLimit)
	}
	if len(r.Populations) > mostTownships {
		f.Add("populations", "error.plausibility.many", "max", mostTownships)
	}
	if len(r.Populations) > 0 && r.Source == "" {
		f.Add("source", "error.plausibility.source")
	}
	if len([]rune(r.Source)) > maxSource {
		f.Add("source", "form.error.long", "max", maxSource)
	}
	return f.Err()
}

// ParsePopulations reads lines of a township and its number, as somebody types or
// pastes them.
func ParsePopulations(text string) (map[string]int, error) {
	out := map[string]int{}
	var f errs.Fields
	for i, line := range strings.Split(text, "\n") {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == '\t' || r == ' ' || r == ',' || r == '，' || r == '　' || r == '\r' })
		if len(words) == 0 {
			continue
		}
		n, err := 0, error(nil)
		if len(words) == 2 {
			n, err = strconv.Atoi(words[1])
		}
		if _, twice := out[words[0]]; len(words) != 2 || err != nil || n < 1 || n > mostPeople || twice {
			f.Add("populations", "error.plausibility.line", "n", i+1)
			break
		}
		out[words[0]] = n
	}
	return out, f.Err()
}

// PopulationText spells the numbers for the form.
func PopulationText(m map[string]int) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		b.WriteString(name + " " + strconv.Itoa(m[name]) + "\n")
	}
	return b.String()
}

// Verdict is what a person makes of a finding.
type Verdict string

// The verdicts.
const (
	Confirmed  Verdict = "confirmed"
	Explained  Verdict = "explained" // true, and there is a good reason
	FalseAlarm Verdict = "false_alarm"
)

// Verdicts lists the verdicts.
func Verdicts() []Verdict { return []Verdict{Confirmed, Explained, FalseAlarm} }

// Label is the message key of the verdict.
func (v Verdict) Label() string { return "plausibility.verdict." + string(v) }

// State is whether somebody has to look at an alert.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "closed" // judged, or not found any more
)

// States lists the states.
func States() []State { return []State{Open, Closed} }

// Label is the message key of the state.
func (s State) Label() string { return "plausibility.state." + string(s) }

// Alert is a finding that is kept, with what was made of it.
type Alert struct {
	State    State
	Verdict  Verdict
	Recovery bool // the money is to be asked back; another office does that
	Digest   string
}

// Again is an alert whose subject was found again. A verdict stands until the
// evidence changes.
func (a Alert) Again(digest string) Alert {
	if digest != a.Digest {
		return Alert{State: Open, Digest: digest}
	}
	if a.Verdict == "" {
		a.State = Open
	}
	return a
}

// Gone is an alert whose subject is not found any more. The verdict stays to be
// read.
func (a Alert) Gone() Alert { a.State = Closed; return a }

// Judgement is a person's verdict.
type Judgement struct {
	Verdict  Verdict
	Reason   string
	Recovery bool
	By       ident.ID
}

const maxReason = 500

// Judge records a verdict with its reason. Only what is confirmed can be referred
// to recovery.
func (a Alert) Judge(j Judgement) (Alert, error) {
	if a.State != Open {
		return a, errs.Refuse("plausibility.open", "error.plausibility.closed", nil, "fund.remedy.reload")
	}
	var f errs.Fields
	if !slices.Contains(Verdicts(), j.Verdict) {
		f.Add("verdict", "form.error.choice")
	}
	switch n := len([]rune(j.Reason)); {
	case n == 0:
		f.Add("reason", "form.error.missing")
	case n > maxReason:
		f.Add("reason", "form.error.long", "max", maxReason)
	}
	if j.Recovery && j.Verdict != Confirmed {
		f.Add("recovery", "error.plausibility.recovery")
	}
	if err := f.Err(); err != nil {
		return a, err
	}
	a.State, a.Verdict, a.Recovery = Closed, j.Verdict, j.Recovery
	return a, nil
}
