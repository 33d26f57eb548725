package subject_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/policies"
)

var today = clock.MustDate(2026, 3, 2)

func asked() subject.Request {
	return subject.Request{Kind: subject.Access, Asker: subject.Self, Proof: "身份证原件", ReceivedOn: today}
}

func TestARequestNeedsWhoAskedAndWhatProvedIt(t *testing.T) {
	if err := asked().Check(today, false); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*subject.Request)
		dead   bool
		field  string
	}{
		"no kind":                     {func(r *subject.Request) { r.Kind = "" }, false, "kind"},
		"nobody":                      {func(r *subject.Request) { r.Asker = "" }, false, "asker"},
		"no proof":                    {func(r *subject.Request) { r.Proof = "见" }, false, "proof"},
		"a representative of no name": {func(r *subject.Request) { r.Asker = subject.Representative }, false, "asker_name"},
		"kin of the living":           {func(r *subject.Request) { r.Asker, r.AskerName = subject.Kin, "向云" }, false, "asker"},
		"the dead":                    {func(*subject.Request) {}, true, "asker"},
		"tomorrow":                    {func(r *subject.Request) { r.ReceivedOn = today.AddDays(1) }, false, "received_on"},
		"out of a drawer":             {func(r *subject.Request) { r.ReceivedOn = today.AddDays(-61) }, false, "received_on"},
		"deletion without a word":     {func(r *subject.Request) { r.Kind = subject.Erase }, false, "wish"},
		"correction of nothing":       {func(r *subject.Request) { r.Kind = subject.Correct }, false, "field"},
		"correction to nothing":       {func(r *subject.Request) { r.Kind, r.Field = subject.Correct, subject.Name }, false, "value"},
		"a third sex":                 {func(r *subject.Request) { r.Kind, r.Field, r.Value = subject.Correct, subject.Sex, "X" }, false, "value"},
		"no date":                     {func(r *subject.Request) { r.Kind, r.Field, r.Value = subject.Correct, subject.Birth, "三月" }, false, "value"},
		"too long":                    {func(r *subject.Request) { r.Wish = strings.Repeat("长", subject.MaxWish+1) }, false, "wish"},
	} {
		r := asked()
		c.change(&r)
		e := errs.Of(r.Check(today, c.dead))
		if e == nil || len(e.Fields) != 1 || e.Fields[0].Path != c.field {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestAnotherPersonRefusesAndDeletes(t *testing.T) {
	clerk, head := ident.New(), ident.New()
	for name, c := range map[string]struct {
		kind            subject.Kind
		state           subject.State
		by              ident.ID
		grant           bool
		hospitals       int
		decides, office bool
		rule            string
	}{
		"the clerk hands out":                    {subject.Access, subject.Open, clerk, true, 1, false, false, ""},
		"the clerk refuses":                      {subject.Access, subject.Open, clerk, false, 1, true, false, "subject.second_person"},
		"the clerk deletes":                      {subject.Erase, subject.Open, clerk, true, 1, true, true, "subject.second_person"},
		"the head deletes":                       {subject.Erase, subject.Open, head, true, 1, true, false, ""},
		"the head refuses":                       {subject.Restrict, subject.Open, head, false, 1, true, false, ""},
		"a colleague":                            {subject.Access, subject.Open, head, true, 1, false, false, "missing"},
		"two hospitals, the head":                {subject.Restrict, subject.Open, head, true, 2, true, false, "subject.office"},
		"two hospitals, the clerk":               {subject.Access, subject.Open, clerk, true, 2, false, false, "subject.office"},
		"two hospitals, the office":              {subject.Erase, subject.Open, head, true, 2, true, true, ""},
		"a second time":                          {subject.Access, subject.Granted, head, true, 1, true, true, "subject.once"},
		"what was withdrawn, by who withdrew it": {subject.Access, subject.Withdrawn, clerk, true, 1, true, true, "subject.once"},
	} {
		r := subject.Request{Kind: c.kind, State: c.state, CreatedBy: clerk}
		err := r.MayDecide(c.by, c.grant, c.hospitals, c.decides, c.office)
		switch e := errs.Of(err); {
		case c.rule == "" && err != nil, c.rule == "missing" && (err == nil || e.Kind != errs.NotFound), c.rule != "" && c.rule != "missing" && (err == nil || e.Rule != c.rule):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileIsHandedOutOnceAndInTime(t *testing.T) {
	now := today.Start()
	r := subject.Request{Kind: subject.Access, State: subject.Granted, FileUntil: now.Add(time.Hour)}
	if !r.FileOpen(now) || r.FileOpen(now.Add(time.Hour)) {
		t.Error("the time of the file")
	}
	r.FetchedAt = now
	if r.FileOpen(now) {
		t.Error("a second time")
	}
	r.FetchedAt, r.State = time.Time{}, subject.Refused
	if r.FileOpen(now) {
		t.Error("of a refused request")
	}
}

func TestWhatTheLawKeeps(t *testing.T) {
	none := subject.Holdings{Rows: map[dataclass.Retention]int{dataclass.Record: 4, dataclass.Passing: 1}}
	if k := none.Keeps(today); len(k) != 0 || !none.Whole() {
		t.Errorf("a registration alone: %v", k)
	}
	h := subject.Holdings{Rows: map[dataclass.Retention]int{dataclass.Record: 9, dataclass.Accounts: 2, dataclass.Forever: 3, dataclass.Trail: 1}, Treated: true,
		LastCare: clock.MustDate(2024, 5, 6), LastMoney: clock.MustDate(2024, 6, 1)}
	k := h.Keeps(today)
	if len(k) != 4 || h.Whole() || k[0].Until != clock.MustDate(2054, 5, 6) || k[1].Until != clock.MustDate(2054, 12, 31) || !k[2].Until.IsZero() {
		t.Errorf("%+v", k)
	}
	if h := (subject.Holdings{Treated: true}); h.Whole() || h.Keeps(today)[0].Until != clock.MustDate(2056, 3, 2) {
		t.Error("a treatment that was planned only")
	}
	if (subject.Holdings{Rows: map[dataclass.Retention]int{dataclass.Accounts: 1}}).Whole() {
		t.Error("money without a treatment")
	}
}

// A table with something personal is handed out, or somebody has said why not.
func TestEveryPersonalTableIsReachedOrNamed(t *testing.T) {
	reg, err := dataclass.Parse(policies.Columns)
	if err != nil {
		t.Fatal(err)
	}
	if lost := subject.Unreached(reg); len(lost) != 0 {
		t.Errorf("neither lead to a person nor are named as outside: %v", lost)
	}
	known, outside := map[string]bool{}, subject.Outside()
	for _, l := range reg.Lines() {
		known[l.Table] = true
		if l.Category == dataclass.Health && outside[l.Table] != "" {
			t.Errorf("%s is kept from the person it is about", l.Table)
		}
	}
	for table := range outside {
		if !known[table] {
			t.Errorf("%s is outside and not in the register", table)
		}
	}
	steps := subject.Reach(reg)
	for i, s := range steps {
		if s.Parent != "" && s.Parent != "*" && !slices.ContainsFunc(steps[:i], func(p subject.Step) bool { return p.Table == s.Parent }) {
			t.Errorf("%s comes before %s", s.Table, s.Parent)
		}
	}
	// A new table about a person is found by its key, without anybody naming it.
	more, err := dataclass.Parse(policies.Columns + "\nallergy,agent,4,health,care,record\nallergy,id person_id,3,health,care,record\nwhim,what,4,health,care,record\n")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(subject.Reach(more), func(s subject.Step) bool { return s.Table == "allergy" && s.Key == "person_id" }) {
		t.Error("a new table of a person is not handed out")
	}
	if lost := subject.Unreached(more); len(lost) != 1 || lost[0] != "whim" {
		t.Errorf("a table that leads nowhere passes: %v", lost)
	}
}
