package webui

import "html/template"

// Button is an action. With Href it is a link, else a submit button of the form
// it stands in (or of the form named by Form). Kind is primary, secondary
// (default), danger or text; one primary per view.
type Button struct {
	Text    string
	Kind    string
	Icon    string
	Href    string
	Name    string
	Value   string
	Form    string // id of the form, when the button stands outside of it
	Action  string // where it sends its form to, when that is not the form's own address
	Dialog  string // id of the dialog it opens
	Key     string // shortcut shown on it
	Reason  string // why it cannot be pressed now; it is then shown dashed
	Plain   bool   // type=button: acts only through Dialog or Data
	Data    map[string]string
	Small   bool
	Wide    bool // not on the phone, where the bar has room for the decisive action only
	NoCheck bool // submits without the browser's own checks
}

// Class is the style of the button.
func (b Button) Class() string {
	c := "btn"
	switch b.Kind {
	case "primary", "danger", "text":
		c += " btn-" + b.Kind
	}
	if b.Wide {
		c += " wide-only"
	}
	if b.Small {
		c += " btn-small"
	}
	return c
}

// Sends says whether the button sends a form: what only leads away needs none
// around it.
func (b Button) Sends() bool { return b.Reason == "" && b.Href == "" && b.Dialog == "" && !b.Plain }

// Tab is one entry of the switch on the h1 line or in a card's head.
type Tab struct {
	Text    string
	Href    string
	Count   string
	Current bool
}

// Tag is a noun in a box, at most eight characters. Kind is ok, info, warn,
// error or plain.
type Tag struct{ Text, Kind, Icon string }

// SaveBar is the sticky bar of a form: one primary action, others beside it, a
// line of state and the shortcut.
type SaveBar struct {
	Buttons []Button
	State   string
	Errors  *Link // on the phone: how many places must be mended
	Key     string
	Form    string // id of the form; set when the bar stands outside of it
}

// Alert says what is true now; it cannot be dismissed while it is true. Kind is
// error, warn or ok.
type Alert struct {
	Kind    string
	Icon    string
	Title   string
	Text    string
	Links   []Link
	Buttons []Button
}

// Glyph is the alert's icon.
func (a Alert) Glyph() string {
	switch {
	case a.Icon != "":
		return a.Icon
	case a.Kind == "ok":
		return "check-circle"
	case a.Kind == "warn":
		return "warning"
	case a.Kind == "info":
		return "info"
	}
	return "cross-circle"
}

// Empty is a list without rows: what is done, what comes next, one action.
type Empty struct {
	Title   string
	Text    string
	Buttons []Button
}

// Dialog asks before something that cannot be undone. Title is a question with
// its verb; Esc goes back. Without scripts it is reached by its own page.
type Dialog struct {
	ID      string
	Title   string
	Text    string
	Action  string
	Form    *Form
	Hidden  map[string]string
	Confirm Button
}

// Check is one fact of a list of checks. State is ok, warn or error.
type Check struct{ State, Text, Source string }

// Glyph is the check's icon.
func (c Check) Glyph() string {
	switch c.State {
	case "ok":
		return "check"
	case "warn":
		return "warning"
	}
	return "cross-circle"
}

// Checks is a card of facts, failures first, with one summary tag.
type Checks struct {
	Title   string
	Summary *Tag
	Items   []Check
	Note    string
	Columns int // 1 or 2
}

// Sorted puts what fails first and keeps the order otherwise.
func (c Checks) Sorted() []Check {
	out := make([]Check, 0, len(c.Items))
	for _, state := range []string{"error", "warn", "ok"} {
		for _, it := range c.Items {
			if it.State == state {
				out = append(out, it)
			}
		}
	}
	return out
}

// WhyNot is the card of a refusal: the sum that failed, and what would work.
type WhyNot struct {
	Title    string
	Ref      string
	Href     string
	Reason   string
	Strong   string // the decisive half of the reason
	Rule     string
	Evidence *Link
	Remedies []Remedy
}

// Remedy is one thing that would work, the first doable by one press.
type Remedy struct {
	Text   string
	Button *Button
}

// Decision is the card of an approval: amount and opinion, the three answers.
type Decision struct {
	Title   string
	Step    *Tag
	Form    *Form
	Fields  []string
	Action  string
	Buttons []Button
	Note    string
}

// Def is one pair of a description list. HTML wins over Text.
type Def struct {
	Label string
	Text  string
	HTML  template.HTML
	Href  string
}

// Event is one point of a case's timeline, in its list form. Kind is event,
// operation, due or future.
type Event struct {
	Date  string
	Title string
	Note  string
	Side  Side
	Place string
	Kind  string
	Href  string
	Lines []string // what it changed, a line each
}

// laneEvent is an event with its place on the one line of the patient: where the
// side changes, the line crosses over.
type laneEvent struct {
	Event
	First, Last, Cross bool
	Lane               int // x of the lane, in pixels
}

func lanes(events []Event) []laneEvent {
	out := make([]laneEvent, len(events))
	for i, e := range events {
		out[i] = laneEvent{Event: e, First: i == 0, Last: i == len(events)-1, Lane: 20}
		if e.Side == Sea {
			out[i].Lane = 52
		}
		out[i].Cross = i > 0 && out[i].Lane != out[i-1].Lane
	}
	return out
}

// QueueGroup is a run of queue rows under one head. Urgent heads are red; a
// folded group is closed at first.
type QueueGroup struct {
	Title  string
	Count  string
	Urgent bool
	Folded bool
	Rows   []QueueRow
}

// QueueRow is one thing to do: verb and thing, who, until when, one button.
type QueueRow struct {
	Icon    string
	Title   string
	Href    string
	Meta    []string
	Side    Side
	Place   string
	Due     string
	Reason  string
	Overdue bool // red bar and red date; nothing else in the row is red
	Action  Button
}

// Figure is one number of a tile.
type Figure struct{ Value, Unit, Name string }

// Tile is one measure; the whole tile leads to the cases behind it.
type Tile struct {
	Name     string
	Figures  []Figure
	Note     string // interval and n
	Coverage *Coverage
	Href     string
	Span     int // columns of twelve; 0 means three
}

// Coverage is how many of the due cases the figure rests on.
type Coverage struct {
	Label      string
	Have, Want int
	Low        bool   // under target: the bar is ochre
	Text       string // empty: have/want
}

// ErrorView is the page of a step that failed.
type ErrorView struct {
	Title   string
	Text    string
	Steps   []string
	Buttons []Button
	Ref     string // number to read out by telephone
}
