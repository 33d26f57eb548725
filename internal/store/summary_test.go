package store_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/migrations"
)

// history is a world in which anything may happen to the records of a few people.
type history struct {
	*servicetest.World
	super   *sql.DB
	fund    ident.ID
	doctor  user.Principal
	readers []user.Principal
	people  []ident.ID
	paths   map[measure.Path]int
}

func newHistory(t *testing.T) *history {
	w := servicetest.New(t)
	h := &history{World: w, super: pgtest.Open(t, w.Database.SuperDSN), fund: ident.New(), doctor: w.Doctor(servicetest.MountainTwo), paths: map[measure.Path]int{}}
	two := w.Registrar(servicetest.Mountain)
	two.Hospitals = []ident.ID{w.ID(servicetest.Mountain), w.ID(servicetest.Sea)}
	h.readers = []user.Principal{w.Official(), w.Registrar(servicetest.Mountain), w.Registrar(servicetest.MountainTwo), w.Registrar(servicetest.Sea), w.Steward(h.fund), h.doctor, two}
	return h
}

// exec changes records the way anything may, with the triggers of the schema.
func (h *history) exec(query string, args ...any) {
	h.T.Helper()
	if _, err := h.super.Exec(query, args...); err != nil {
		h.T.Fatalf("%s: %v", query, err)
	}
}

func (h *history) count(query string, args ...any) (n int) {
	h.T.Helper()
	if err := h.super.QueryRow(query, args...).Scan(&n); err != nil {
		h.T.Fatal(err)
	}
	return n
}

// source is where the choices of a history come from.
type source func(n int) int

func drawn(t *rapid.T) source {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
}

func pick[T any](n source, list []T) T { return list[n(len(list))] }

func (h *history) treated(n source) servicetest.Treated {
	fen := func() money.Fen { return money.Fen(n(900)) }
	x := servicetest.Treated{Programme: measure.Programmes()[n(3)], At: pick(n, servicetest.Places()), On: clock.MustDate(2025, 11, 1).AddDays(n(150)), Visiting: n(2) == 0,
		Joints: []int{1, 1, 2, 0}[n(4)], Category: []string{"", "DB", "TK"}[n(3)], State: []string{"settled", "settled", "draft", "reversed", ""}[n(5)],
		Money: measure.Layers{Basic: fen(), Critical: fen(), Assistance: fen(), Other: fen(), Fund: fen(), Waiver: fen(), Net: fen()}}
	if len(h.people) > 0 && n(2) == 0 {
		x.Person = pick(n, h.people)
	}
	return x
}

// oneTreatment is some treatment of the world, always the same for the same number.
const oneTreatment = `(select y.id from treatment y where y.partnership_id = $1 order by y.created_at, y.case_id limit 1 offset $2)`

// step lets one thing happen and says what.
func (h *history) step(n source) string {
	p := h.Partnership.ID
	some := 0
	if len(h.people) > 0 {
		some = n(h.count(`select count(*) from treatment where partnership_id = $1`, p))
	}
	records := func(set string, args ...any) {
		for _, at := range []string{`update treatment x set %s where partnership_id = $1 and id = %s`, `update procedure x set %s where partnership_id = $1 and treatment_id = %s`,
			`update settlement x set %s where partnership_id = $1 and treatment_id = %s`} {
			h.exec(fmt.Sprintf(at, set, oneTreatment), append([]any{p, some}, args...)...)
		}
	}
	what := n(16)
	if len(h.people) == 0 {
		what = 0
	}
	switch what {
	case 0, 1:
		h.people = append(h.people, h.Treat(h.treated(n)))
		return "treat"
	case 2:
		h.exec(`update treatment set live = not live where partnership_id = $1 and id = `+oneTreatment, p, some)
		h.exec(`update procedure set live = not live where partnership_id = $1 and treatment_id = `+oneTreatment, p, some)
		return "withdraw or restore"
	case 3:
		h.exec(`update treatment set category = $3 where partnership_id = $1 and id = `+oneTreatment, p, some, []string{"", "DB", "JC"}[n(3)])
		return "category"
	case 4:
		h.exec(`update treatment set operated_on = operated_on + $3::int where partnership_id = $1 and id = `+oneTreatment, p, some, n(60)-30)
		return "day of the treatment"
	case 5:
		h.exec(`update procedure set operated_on = operated_on + $3::int, programme = $4 where partnership_id = $1 and treatment_id = `+oneTreatment, p, some, n(60)-30,
			string(measure.Programmes()[n(3)]))
		return "day of the operation"
	case 6:
		h.exec(`update procedure set lead_visiting = not lead_visiting, team = $3 where partnership_id = $1 and treatment_id = `+oneTreatment, p, some,
			[]string{"{}", "{" + h.doctor.PractitionerID.String() + "}"}[n(2)])
		return "surgeon"
	case 7:
		h.exec(`update settlement set state = $3 where partnership_id = $1 and treatment_id = `+oneTreatment, p, some, []string{"settled", "reversed", "draft"}[n(3)])
		return "settlement"
	case 8:
		h.exec(`update settlement set fund_fen = fund_fen + 7, bill_fen = bill_fen + 7 where partnership_id = $1 and treatment_id = `+oneTreatment, p, some)
		return "money"
	case 9:
		at := h.ID(pick(n, servicetest.Places()))
		records(`visible_to = x.visible_to || $3::uuid`, at)
		h.exec(`update person set visible_to = visible_to || $3::uuid where partnership_id = $1 and id = (select person_id from treatment where partnership_id = $1 and id = `+oneTreatment+`)`,
			p, some, at)
		return "open to a hospital"
	case 10:
		records(`visible_to = case when x.hospital_id = $3 then x.visible_to else array_remove(x.visible_to, $3::uuid) end`, h.ID(pick(n, servicetest.Places())))
		return "close to a hospital"
	case 11:
		h.exec(`update treatment set visible_to = visible_to || $3::uuid where partnership_id = $1 and id = `+oneTreatment, p, some, h.fund)
		h.exec(`update settlement set visible_to = visible_to || $3::uuid where partnership_id = $1 and treatment_id = `+oneTreatment, p, some, h.fund)
		return "open to the fund"
	case 12:
		if from, to := pick(n, h.people), pick(n, h.people); from != to {
			h.Merge(from, to)
		}
		return "merge"
	case 13:
		h.exec(`update person set root_id = null where partnership_id = $1 and id = $2`, p, pick(n, h.people))
		return "unmerge"
	case 14:
		to := pick(n, h.people)
		h.exec(`update person set visible_to = visible_to || $3::uuid[] where partnership_id = $1 and id = $2`, p, to, h.everywhere())
		records(`person_id = $3`, to)
		return "move to another person"
	}
	switch n(12) {
	case 0:
		h.exec(`update organisation set merged_into = case when merged_into is null then $2::uuid end where id = $1`, h.ID(servicetest.MountainTwo), h.ID(servicetest.Mountain))
		return "hospitals merge or part"
	case 1:
		h.exec(`delete from procedure where partnership_id = $1 and treatment_id = `+oneTreatment, p, some)
		return "delete"
	case 2, 3, 4:
		h.foldAll()
		return "fold all"
	}
	h.fold(1 + n(12))
	return "fold"
}

func (h *history) everywhere() string {
	out := "{"
	for i, p := range servicetest.Places() {
		if i > 0 {
			out += ","
		}
		out += h.ID(p).String()
	}
	return out + "}"
}

func (h *history) fold(limit int) (n int) {
	h.Do(h.System(), func(tx *store.Tx) (err error) {
		n, err = tx.FoldSummary(limit)
		return err
	})
	return n
}

// foldAll folds until nothing is left to do; a changed list of hospitals takes a
// round of its own.
func (h *history) foldAll() {
	for idle := 0; idle < 2; {
		if h.fold(100) == 0 {
			idle++
		}
	}
}

func (h *history) filter(n source) measure.Filter {
	var f measure.Filter
	if n(3) == 0 {
		f.HospitalID = h.ID(pick(n, servicetest.Places()))
	}
	if n(3) == 0 {
		f.Programme = measure.Programmes()[n(4)]
	}
	switch n(6) {
	case 0:
		f.Month = []string{"2025-11", "2026-01", "2026-02"}[n(3)]
	case 1:
		f.From, f.To = clock.MustDate(2026, 1, 1), clock.MustDate(2026, 12, 31)
	case 2:
		f.From, f.To = clock.MustDate(2026, 1, 1), h.Today()
	case 3:
		f.From, f.To = clock.MustDate(2025, 1, 1).AddDays(n(500)), clock.MustDate(2026, 6, 1).AddDays(n(300))
	}
	if n(4) == 0 {
		f.Category = []string{"NONE", "DB", "TK"}[n(3)]
	}
	if n(6) == 0 {
		visiting := n(2) == 0
		f.Visiting = &visiting
	}
	if n(12) == 0 {
		f.Side = measure.Receiving
	}
	return f
}

// differs asks one reader one question in both ways and says what differs.
func (h *history) differs(who user.Principal, f measure.Filter, by ...measure.Dimension) (out string) {
	h.instant(who, func(tx *store.Tx) error {
		kept, err := tx.Tallies(f, by...)
		if err != nil {
			return err
		}
		counted, err := tx.CountedTallies(f, by...)
		if err != nil {
			return err
		}
		h.paths[kept[0].Path]++
		left := map[string]measure.Tally{}
		for _, x := range counted {
			x.Path = ""
			left[string(x.Dimension)+" "+x.Key] = x
		}
		for _, x := range kept {
			x.Path = ""
			if key := string(x.Dimension) + " " + x.Key; left[key] != x {
				out += fmt.Sprintf("%q: kept %+v, the records say %+v\n", key, x, left[key])
			}
			delete(left, string(x.Dimension)+" "+x.Key)
		}
		for key, x := range left {
			out += fmt.Sprintf("%q is missing: %+v\n", key, x)
		}
		return nil
	})
	return out
}

// instant runs fn at one instant.
func (h *history) instant(who user.Principal, fn func(*store.Tx) error) {
	h.T.Helper()
	err := h.DB.InTx(h.T.Context(), who, func(tx *store.Tx) error {
		tx.NoAudit("looking at figures")
		return fn(tx)
	}, store.OneInstant())
	if err != nil {
		h.T.Error(err)
	}
}

// Whatever happens to the records, in whatever order and however much of it is
// folded: for every reader and filter the summary is what the records say, at
// once and to the last digit.
func TestTheSummaryIsWhatTheRecordsSayAfterEveryStep(t *testing.T) {
	h := newHistory(t)
	scaletest.Check(t, 12, func(rt *rapid.T) {
		n := drawn(rt)
		for range rapid.IntRange(3, 25).Draw(rt, "steps") {
			what := h.step(n)
			for range 4 {
				who, f := h.readers[min(n(len(h.readers)+3), len(h.readers))%len(h.readers)], h.filter(n)
				by := slices.DeleteFunc(store.SummaryDimensions(), func(d measure.Dimension) bool { // category and surgeon are no cell together
					return d == measure.BySurgeon && f.Category != "" || d == measure.ByCategory && f.Visiting != nil
				})
				if n(3) == 0 { // a page asks for its own dimensions and for what somebody chose
					by = append(by, by[n(len(by))])
				}
				if n(3) == 0 { // the tables hidden figures are protected in
					by = append(by, measure.Cross(measure.ByMonth, measure.ByProgramme, measure.ByHospital), measure.Cross(measure.ByYear, measure.ByCategory))
				}
				if d := h.differs(who, f, by...); d != "" {
					rt.Fatalf("after %q, %s asks %q:\n%s", what, who.Username, f.Query(), d)
				}
			}
		}
	})
	h.foldAll()
	h.instant(h.System(), func(tx *store.Tx) error {
		faults, looked, err := tx.CompareSummary()
		if len(faults) > 0 || !looked {
			t.Errorf("the check found %+v, looked %v", faults, looked)
		}
		return err
	})
	if h.count(`select count(*) from summary_mark`) > 0 {
		t.Error("something is left unfolded")
	}
	if h.paths[measure.FromSummary] == 0 || h.paths[measure.FromRecords] == 0 {
		t.Errorf("only one way was taken: %v", h.paths)
	}
}

// Writers and two that fold, all at once: every reader sees the summary and the
// records of one instant agree, and nobody waits for the folding.
func TestFoldingBesideWritersStaysExact(t *testing.T) {
	h := newHistory(t)
	for range 20 {
		h.people = append(h.people, h.Treat(h.treated(rand.IntN)))
	}
	var writers, others sync.WaitGroup
	done := make(chan struct{})
	for w := range 3 {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 9))
			for range 40 {
				x := h.treated(r.IntN)
				x.Person = h.people[r.IntN(20)]
				h.Treat(x)
				// locked in one order: two writers of one person do not deadlock
				h.exec(`with turned as (select id from procedure where partnership_id = $1 and person_id = $2 order by id for update)
				        update procedure p set live = not p.live from turned where p.partnership_id = $1 and p.id = turned.id`, h.Partnership.ID, h.people[r.IntN(20)])
			}
		})
	}
	until := func(fn func()) {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					fn()
				}
			}
		})
	}
	until(func() { h.fold(5) })
	until(func() { h.fold(50) })
	var m sync.Mutex
	until(func() {
		m.Lock() // differs counts the paths
		defer m.Unlock()
		if d := h.differs(h.readers[0], measure.Filter{}, store.SummaryDimensions()...); d != "" {
			t.Error(d)
		}
	})
	writers.Wait()
	close(done)
	others.Wait()
	h.foldAll()
	if d := h.differs(h.readers[0], measure.Filter{}, store.SummaryDimensions()...); d != "" || h.paths[measure.FromSummary] == 0 {
		t.Error(h.paths, d)
	}
}

// A write that has not ended holds up neither the folding nor a reader, and its
// record counts the moment it commits.
func TestAnOpenWriteHoldsNobodyUp(t *testing.T) {
	h := newHistory(t)
	person := h.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 3, 1), Joints: 1})
	look := func(want int64) {
		t.Helper()
		h.instant(h.Official(), func(tx *store.Tx) error {
			got, err := tx.Tallies(measure.Filter{})
			if len(got) == 0 || got[0].Operations != want || got[0].Path != measure.FromSummary {
				t.Errorf("%+v, want %d operations from the summary", got, want)
			}
			return err
		})
	}
	h.foldAll()
	look(1)
	err := h.DB.InTx(t.Context(), h.System(), func(tx *store.Tx) error {
		tx.NoAudit("an open write")
		if err := tx.WithdrawForTest(person); err != nil {
			return err
		}
		h.foldAll()
		look(1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	look(0)
	h.foldAll()
	look(0)
}

// A cell somebody wrote past the service is found, and what is made anew is right.
func TestTheCheckFindsACellThatIsWrong(t *testing.T) {
	h := newHistory(t)
	for range 12 {
		h.people = append(h.people, h.Treat(h.treated(rand.IntN)))
	}
	h.foldAll()
	compare := func() (faults []store.SummaryFault, looked bool) {
		h.instant(h.System(), func(tx *store.Tx) (err error) {
			faults, looked, err = tx.CompareSummary()
			return err
		})
		return faults, looked
	}
	if faults, looked := compare(); len(faults) > 0 || !looked {
		t.Fatal(faults, looked)
	}
	for _, spoil := range []string{
		`update summary_cell set net_fen = net_fen + 1 where partnership_id = $1 and mask = 2 and span = 'all' and hospital_id = '00000000-0000-0000-0000-000000000000'`,
		`update summary_cell set persons = persons - 1 where partnership_id = $1 and mask = 0 and span = 'all' and hospital_id <> '00000000-0000-0000-0000-000000000000'`,
		`delete from summary_cell where partnership_id = $1 and mask = 1 and span = 'all'`,
		`update procedure set lead_visiting = not lead_visiting where partnership_id = $1`,
		`update summary_cell set settled = settled + 1 where partnership_id = $1 and mask = 0 and span = 'all'`,
	} {
		h.Run(spoil, h.Partnership.ID)
		if faults, looked := compare(); len(faults) == 0 || !looked {
			t.Errorf("not found: %s", spoil)
		}
		h.Do(h.System(), func(tx *store.Tx) error { return tx.ResetSummary() })
		if d := h.differs(h.Official(), measure.Filter{}, store.SummaryDimensions()...); d != "" {
			t.Error(d)
		}
		h.foldAll()
		if faults, looked := compare(); len(faults) > 0 || !looked {
			t.Errorf("made anew after %q: %+v", spoil, faults)
		}
	}
}

// Money is of the settled person-times, and their number stands beside that of all: by
// either way, at once, and also where nothing was to be paid.
func TestTheSummaryKnowsHowManyAreSettled(t *testing.T) {
	h := newHistory(t)
	for i, state := range []string{"settled", "settled", "settled", "draft", ""} {
		x := servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 3, 1+i), Joints: 1, State: state}
		if i == 0 {
			x.Money = measure.Layers{Basic: 900, Net: 100}
		}
		h.Treat(x)
	}
	look := func(what string, want int64) {
		t.Helper()
		for range 2 { // marked, then folded
			h.instant(h.Official(), func(tx *store.Tx) error {
				kept, err := tx.Tallies(measure.Filter{}, measure.ByMonth)
				if err != nil {
					return err
				}
				counted, err := tx.CountedTallies(measure.Filter{}, measure.ByMonth)
				if err != nil || kept[0].Path != measure.FromSummary {
					t.Errorf("%s: counted by %q, %v", what, kept[0].Path, err)
				}
				for _, x := range slices.Concat(kept, counted) {
					if x.Treatments != 5 || x.Settled != want || x.Money.Bill != 1000 {
						t.Errorf("%s: %+v, want %d of 5", what, x, want)
					}
				}
				return err
			})
			h.foldAll()
		}
	}
	look("at first", 3)
	h.exec(`update settlement set state = 'settled' where partnership_id = $1 and state = 'draft'`, h.Partnership.ID)
	look("one more settled, with nothing to pay", 4)
	h.exec(`update settlement set state = 'reversed' where partnership_id = $1 and bill_fen = 0`, h.Partnership.ID)
	look("those reversed", 1)
}

// Cells an older version wrote do not know how many are settled: an upgrade makes them
// anew, and figures are right at once.
func TestAnUpgradeMakesTheSummaryAnew(t *testing.T) {
	h := newHistory(t)
	for range 8 {
		h.people = append(h.people, h.Treat(h.treated(rand.IntN)))
	}
	h.Merge(h.people[0], h.people[1])
	alone := h.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 3, 10), Joints: 1}) // an operation only
	h.exec(`update treatment set live = false where partnership_id = $1 and person_id = $2`, h.Partnership.ID, alone)
	bare := h.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 3, 11), Joints: 1, State: "settled"}) // none
	h.exec(`update procedure set live = false where partnership_id = $1 and person_id = $2`, h.Partnership.ID, bare)
	h.foldAll()
	text, err := fs.ReadFile(migrations.FS, "0056_summary_settled.sql")
	if err != nil {
		t.Fatal(err)
	}
	h.Run(`alter table summary_person drop column settled`)
	h.Run(`alter table summary_cell drop column settled`)
	h.exec("begin; set local role shanhai_owner; " + string(text) + "; commit")
	if h.count(`select count(*) from summary_cell`)+h.count(`select count(*) from summary_person`) != 0 || h.count(`select count(*) from summary_mark`) == 0 {
		t.Error("the summary of before is still there, or nobody is marked")
	}
	for range 2 {
		if d := h.differs(h.Official(), measure.Filter{}, store.SummaryDimensions()...); d != "" {
			t.Error(d)
		}
		h.foldAll()
	}
	if h.paths[measure.FromSummary] != 2 || h.count(`select count(*) from summary_mark`) != 0 {
		t.Errorf("it was not folded: %v", h.paths)
	}
	for _, table := range []string{"summary_cell", "summary_person"} { // what leaves it out is not written
		if h.count(`select count(*) from information_schema.columns where table_name = $1 and column_name = 'settled' and is_nullable = 'NO' and column_default is null`, table) != 1 {
			t.Errorf("%s takes a row without it", table)
		}
	}
}

// Which questions the summary answers, and which are counted from the records.
func TestWhatTheSummaryCovers(t *testing.T) {
	h := newHistory(t)
	h.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 3, 10), Joints: 1})
	h.foldAll()
	official, registrar, two := h.readers[0], h.readers[1], h.readers[6]
	here, day := h.ID(servicetest.Mountain), func(m, d int) clock.Date { return clock.MustDate(2026, m, d) }
	visiting := true
	for _, c := range []struct {
		what string
		who  user.Principal
		f    measure.Filter
		by   measure.Dimension
		want measure.Path
	}{
		{"everything", official, measure.Filter{}, measure.ByHospital, measure.FromSummary},
		{"a month", official, measure.Filter{Month: "2026-03"}, measure.ByCategory, measure.FromSummary},
		{"a year", official, measure.Filter{From: day(1, 1), To: day(12, 31)}, measure.ByMonth, measure.FromSummary},
		{"the year so far", official, measure.Filter{From: day(1, 1), To: h.Today()}, measure.ByMonth, measure.FromSummary},
		{"three conditions", official, measure.Filter{HospitalID: here, Programme: measure.Joint, Category: "DB"}, measure.ByMonth, measure.FromSummary},
		{"category and surgeon", official, measure.Filter{HospitalID: here, Category: "DB", Visiting: &visiting}, measure.ByMonth, measure.FromRecords},
		{"days that cut what there is", official, measure.Filter{From: day(3, 11), To: day(3, 20)}, measure.ByMonth, measure.FromRecords},
		{"an open end", official, measure.Filter{From: day(3, 11)}, measure.ByMonth, measure.FromRecords},
		{"a side", official, measure.Filter{Side: measure.Donor}, measure.ByMonth, measure.FromRecords},
		{"by side", official, measure.Filter{}, measure.BySide, measure.FromRecords},
		{"hospitals and programmes of each month", official, measure.Filter{}, measure.Cross(measure.ByMonth, measure.ByProgramme, measure.ByHospital), measure.FromSummary},
		{"categories of each year", official, measure.Filter{}, measure.Cross(measure.ByYear, measure.ByCategory), measure.FromSummary},
		{"years of a part of the time", official, measure.Filter{From: day(1, 1), To: h.Today()}, measure.ByYear, measure.FromRecords},
		{"quarters", official, measure.Filter{}, measure.ByQuarter, measure.FromRecords},
		{"a hospital's own", registrar, measure.Filter{}, measure.ByProgramme, measure.FromSummary},
		{"a doctor's own operations elsewhere", h.doctor, measure.Filter{}, measure.ByProgramme, measure.FromRecords},
		{"a doctor's hospital", h.doctor, measure.Filter{HospitalID: h.doctor.Hospitals[0]}, measure.ByProgramme, measure.FromSummary},
		{"two hospitals together", two, measure.Filter{}, measure.ByProgramme, measure.FromRecords},
		{"one of two hospitals", two, measure.Filter{HospitalID: here}, measure.ByProgramme, measure.FromSummary},
		{"a fund", h.readers[4], measure.Filter{}, measure.ByProgramme, measure.FromRecords},
		{"somebody else's hospital", registrar, measure.Filter{HospitalID: h.ID(servicetest.Sea)}, measure.ByProgramme, measure.FromRecords},
	} {
		clear(h.paths)
		if d := h.differs(c.who, c.f, c.by); d != "" || h.paths[c.want] != 1 {
			t.Errorf("%s: %v %s", c.what, h.paths, d)
		}
	}
	// Statements of different instants would not fit together.
	h.Do(official, func(tx *store.Tx) error {
		got, err := tx.Tallies(measure.Filter{})
		if err == nil && got[0].Path != measure.FromRecords {
			t.Error("read the summary across instants")
		}
		return err
	})
}
