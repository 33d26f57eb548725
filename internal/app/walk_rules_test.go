package app

import (
	"slices"
	"strings"
)

// theWay is the way of a treatment as the office would tell it to a new colleague:
// who takes which step from where to where. It is written from the rules of the
// programme and shares nothing with internal/domain/treatment or policies: the walk
// holds the product to it. A line is
//
//	who | step | path | states it may stand in | where it goes | what else
//
// "=" stays. Of what else: "reason" must be given; "papers" are a legal basis, a
// category and its proof; "frees" gives back what is held and ends the application;
// "asked" and "granted" are where the application stands; "operated" asks for an
// operation on record.
const theWay = `
registrar                | confirm_eligible            | n | planned                              | eligible           | papers
registrar finance        | estimate                    | n | eligible estimated                   | estimated          |
registrar finance        | request                     | n | eligible estimated                   | approval_requested |
registrar finance        | request                     | e | admitted operated discharged settled | =                  | papers
registrar finance        | withdraw_request            | n | approval_requested                   | eligible           | asked
registrar finance        | withdraw_request            | e | admitted operated discharged settled | =                  | asked
approver                 | return                      | n | approval_requested                   | eligible           | asked reason
approver                 | return                      | e | admitted operated discharged settled | =                  | asked reason
approver                 | refuse                      | n | approval_requested                   | eligible           | asked reason
approver                 | refuse                      | e | admitted operated discharged settled | = r                | asked reason
approver                 | approve                     | n | approval_requested                   | approved           | asked
approver                 | approve                     | e | admitted operated discharged settled | =                  | asked
approver                 | revoke                      | n | approved                             | eligible           | granted reason frees
registrar finance        | forgo_reduction             | n | eligible estimated                   | = r                | reason
registrar finance        | forgo_reduction             | n | admitted operated discharged         | = r                | reason frees
registrar finance        | ask_reduction               | r | eligible estimated                   | = n                |
registrar finance        | ask_reduction               | r | admitted operated discharged settled | = e                | reason
registrar doctor         | admit                       | n | approved                             | admitted           |
registrar doctor         | admit                       | r | eligible estimated                   | admitted           |
registrar doctor         | admit_emergency             | n | planned eligible estimated approval_requested | admitted e | reason
doctor visitor           | log_operation               | n | planned eligible estimated approval_requested | operated e |
doctor visitor           | log_operation               | n | approved                             | operated           |
doctor visitor           | log_operation               | r | eligible estimated                   | operated           |
doctor visitor           | log_operation               | ner | admitted operated                  | operated           |
doctor visitor           | log_operation               | ner | discharged settled closed          | =                  |
doctor visitor           | log_operation               | nr | declined withdrawn died             | operated e         | reason
doctor visitor           | log_operation               | ner | lost cancelled                     | operated e         | reason
doctor visitor           | abandon_operation           | ner | admitted operated                  | =                  | reason
doctor visitor           | convert_operation           | ner | operated discharged                | =                  | reason operated
registrar doctor         | discharge                   | ner | operated                           | discharged         |
registrar doctor         | discharge_without_operation | ner | admitted                           | discharged         | reason
registrar doctor         | transfer_out                | ner | admitted operated                  | discharged         | reason
registrar doctor         | record_death                | ner | admitted operated                  | discharged         |
finance                  | settle                      | ner | discharged                         | settled            |
finance                  | reverse                     | ner | settled                            | discharged         | reason
approver                 | mark_approval_overdue       | e | admitted operated discharged settled | =                  | reason
registrar doctor         | close                       | ner | settled                            | closed             |
approver                 | reopen                      | ner | closed                             | settled            | reason
registrar doctor         | decline                     | n | planned eligible estimated approval_requested approved | declined | reason frees
registrar doctor         | decline                     | r | eligible estimated                   | declined           | reason frees
registrar doctor         | withdraw                    | n | planned eligible estimated approval_requested approved | withdrawn | reason frees
registrar doctor         | withdraw                    | r | eligible estimated                   | withdrawn          | reason frees
registrar doctor         | record_death                | n | planned eligible estimated approval_requested approved | died | frees
registrar doctor         | record_death                | r | eligible estimated                   | died               | frees
registrar doctor         | lose                        | n | planned eligible estimated approval_requested approved | lost | reason frees
registrar doctor         | lose                        | r | eligible estimated                   | lost               | reason frees
registrar doctor         | lose                        | ner | discharged                         | lost               | reason frees
registrar                | cancel                      | n | planned eligible estimated approval_requested approved | cancelled | reason frees
registrar                | cancel                      | r | eligible estimated                   | cancelled          | reason frees
registrar                | cancel                      | ner | admitted                           | cancelled          | reason frees
`

// leg is a line of the way from one place.
type leg struct {
	who, what    []string
	step         string
	state, path  string
	toState, via string
}

func (l leg) asks(what string) bool { return slices.Contains(l.what, what) }

// legs reads the way: one leg for each place a line starts from.
func legs() (out []leg) {
	names := map[string]string{"n": "normal", "e": "emergency", "r": "no_reduction"}
	for line := range strings.Lines(strings.TrimSpace(theWay)) {
		f := strings.Split(line, "|")
		for _, path := range strings.TrimSpace(f[2]) {
			for _, state := range strings.Fields(f[3]) {
				l := leg{who: strings.Fields(f[0]), step: strings.TrimSpace(f[1]), what: strings.Fields(f[5]), state: state, path: names[string(path)]}
				to := strings.Fields(f[4])
				l.toState, l.via = to[0], l.path
				if l.toState == "=" {
					l.toState = state
				}
				if len(to) > 1 {
					l.via = names[to[1]]
				}
				out = append(out, l)
			}
		}
	}
	return out
}

// Numbers of the programme the model knows.
const (
	walkSingle = 3_000_000 // fen; above it two approvers sign
	walkLate   = 30        // days an emergency's papers may take
	walkCash   = 8_000_000 // what the insurers leave of each bill
)

// standing is what the model knows of one treatment.
type standing struct {
	file                    *file
	opener                  *walker
	state, path             string
	application             string // none yet: empty
	asked, granted          int64
	by                      *walker // who asked
	signed                  map[*walker]bool
	signing                 int64 // what they signed for
	held, spent             int64 // of the application; spent while it is settled
	settled, used           bool  // a settlement stands; it used the hold
	net                     int64
	operations, events      int
	admitted, long, written bool // admission recorded, weeks ago; an exception was made
}

// file is a case of the walk.
type file struct {
	papers     bool
	closed     bool
	sent       map[string]bool // hospitals a transfer waits at
	treatments []*standing
}

// purse is the fund of the walk.
type purse struct{ received, available, reserved, committed int64 }

// try is one thing somebody tries.
type try struct {
	by      *walker
	on      *standing
	step    string
	reason  bool
	stale   bool // an old version is named
	foreign bool // through the form of another step
	amount  int64
	long    bool   // admitted weeks ago
	to      string // of a transfer
}

// judge says whether the programme allows it, and the leg it takes.
func (m *model) judge(x try) (leg, bool) {
	t := x.on
	i := slices.IndexFunc(m.legs, func(l leg) bool { return l.step == x.step && l.state == t.state && l.path == t.path })
	if i < 0 || x.foreign || x.stale && versioned(x.step) {
		return leg{}, false
	}
	l := m.legs[i]
	if !x.by.any(l.who) || l.asks("reason") && !x.reason || l.asks("papers") && !t.file.papers || l.asks("operated") && t.operations == 0 ||
		l.asks("asked") && t.application != "requested" || l.asks("granted") && t.application != "approved" {
		return l, false
	}
	return l, m.allowed(x, t)
}

// allowed are the rules that are not said by the table alone.
func (m *model) allowed(x try, t *standing) bool {
	live := t.application == "requested" || t.application == "approved"
	second := x.by != t.by && x.by != t.opener
	switch x.step {
	case "request":
		return !live && x.reason
	case "refuse", "return", "revoke":
		return second
	case "approve":
		amount := x.amount
		signedBefore := t.signing == amount && t.signed[x.by]
		fits := amount <= t.asked && (len(t.signed) == 0 || t.signing == amount) && !signedBefore
		if t.state == "settled" {
			fits = fits && amount <= t.net
		}
		return second && fits && amount <= m.purse.available
	case "settle":
		hold := t.held
		return x.amount <= hold && (t.path != "no_reduction" || x.amount == 0)
	case "reverse":
		return m.purse.available >= t.held-t.spent || !t.used
	case "mark_approval_overdue":
		return t.admitted && t.long && !t.written && t.application != "approved"
	case "close":
		return t.path != "emergency" || t.application == "approved" || t.application == "refused" || t.written
	case "transfer_out":
		return !t.file.closed && !t.file.sent[x.to] && x.to != m.here
	}
	return true
}

// versioned: the step names the version of what it was decided on.
func versioned(step string) bool {
	return step != "request" && step != "settle" && step != "log_operation"
}

// take moves the model on.
func (m *model) take(x try, l leg) {
	t := x.on
	if x.step == "approve" && !m.signs(x, t) {
		return // waits for the second signature; the treatment stays
	}
	t.state, t.path = l.toState, l.via
	t.events++
	if l.asks("frees") {
		m.release(t)
	}
	switch x.step {
	case "request":
		t.application, t.asked, t.by, t.signed, t.granted, t.held, t.spent, t.used = "requested", x.amount, x.by, nil, 0, 0, 0, false
	case "withdraw_request":
		t.application = "withdrawn"
	case "return":
		t.application = "returned"
	case "refuse":
		t.application = "refused"
	case "revoke":
		t.application = "revoked"
	case "admit", "admit_emergency":
		t.admitted, t.long = true, x.long
	case "discharge", "discharge_without_operation", "transfer_out", "abandon_operation":
		if !t.admitted {
			t.admitted, t.long = true, x.long
		}
		if x.step == "transfer_out" {
			t.file.sent[x.to] = true
		}
	case "record_death":
		if !t.admitted && l.toState == "discharged" {
			t.admitted, t.long = true, x.long
		}
	case "log_operation":
		t.operations++
	case "mark_approval_overdue":
		t.written = true
	case "settle":
		t.settled, t.net = true, walkCash-x.amount
		if t.application == "approved" && t.held > 0 {
			t.spent, t.used = x.amount, true
			m.purse.reserved -= t.held
			m.purse.committed += t.spent
			m.purse.available += t.held - t.spent
		}
	case "reverse":
		t.settled = false
		if t.application == "approved" && t.used {
			m.purse.reserved += t.held
			m.purse.committed -= t.spent
			m.purse.available -= t.held - t.spent
			t.spent, t.used = 0, false
		}
	}
}

// signs adds a signature; the last one holds the money, or pays it back where the
// bill is settled.
func (m *model) signs(x try, t *standing) bool {
	if t.signed == nil {
		t.signed = map[*walker]bool{}
	}
	t.signed[x.by], t.signing = true, x.amount
	if x.amount > walkSingle && len(t.signed) < 2 {
		return false
	}
	t.application, t.granted, t.held = "approved", x.amount, x.amount
	m.purse.available -= x.amount
	if t.state == "settled" {
		m.purse.committed += x.amount
		t.spent, t.used, t.net = x.amount, true, t.net-x.amount
		return true
	}
	m.purse.reserved += x.amount
	return true
}

// release ends what was applied for and gives back what is held.
func (m *model) release(t *standing) {
	switch t.application {
	case "requested":
		t.application = "withdrawn"
	case "approved":
		t.application = "revoked"
		m.purse.reserved -= t.held
		m.purse.available += t.held
		t.held = 0
	}
}

// stateOfCase is what a case's list says of it.
func (f *file) state() string {
	has := func(states ...string) bool {
		return slices.ContainsFunc(f.treatments, func(t *standing) bool { return slices.Contains(states, t.state) })
	}
	switch {
	case f.closed:
		return "closed"
	case has("admitted", "operated", "discharged"):
		return "in_treatment"
	case has("planned", "eligible", "estimated", "approval_requested", "approved"):
		return "waiting"
	case has("settled", "closed"):
		return "follow_up"
	case has("declined", "withdrawn", "died", "lost"):
		return "ended"
	}
	return "registered"
}

// under reports whether something of the case has not ended.
func (f *file) under() bool {
	return slices.ContainsFunc(f.treatments, func(t *standing) bool {
		return !slices.Contains([]string{"closed", "declined", "withdrawn", "died", "lost", "cancelled"}, t.state)
	})
}

// treated reports whether a treatment of the case took place.
func (f *file) treated() bool {
	return slices.ContainsFunc(f.treatments, func(t *standing) bool {
		return slices.Contains([]string{"admitted", "operated", "discharged", "settled", "closed"}, t.state)
	})
}

// model is everything the walk expects to find in the database.
type model struct {
	legs  []leg
	here  string
	purse purse
	files []*file
}
