package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// book writes a workbook with one sheet for each table of cells.
func book(t *testing.T, name string, sheets map[string][][]any) exchange.File {
	t.Helper()
	f := excelize.NewFile()
	first := true
	for tab, rows := range sheets {
		if first {
			if err := f.SetSheetName("Sheet1", tab); err != nil {
				t.Fatal(err)
			}
			first = false
		} else if _, err := f.NewSheet(tab); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			if err == nil {
				err = f.SetSheetRow(tab, cell, &row)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var buf bytes.Buffer
	if err := errors.Join(f.Write(&buf), f.Close()); err != nil {
		t.Fatal(err)
	}
	return exchange.File{Name: name, Content: buf.Bytes()}
}

// The people of these ledgers are invented; the region 500199 is given to nobody.
const knee = "左膝人工全膝关节置换术"

var (
	he  = servicetest.CitizenNumber("500612", 17)
	she = servicetest.CitizenNumber("480305", 2)
)

func header() []any {
	return []any{"序号", "姓名", "身份证号码", "联系电话", "手术医院", "住院号", "入院日期", "手术日期", "出院日期", "手术名称", "部位", "主刀医生", "总费用", "医保报销", "减免金额", "个人自付"}
}

// line is a row with the day of everything and the fees of everybody.
func line(name, number, hospital, on, operation string) []any {
	side := string([]rune(operation)[:1])
	return []any{1, name, number, "13900000000", hospital, "", on, on, on, operation, side, "支医某", "50000", "30000", "15000", "5000"}
}

// known is a hospital of the world by its name.
func (o office) hospital(p servicetest.Place) string { return o.Hospitals[p].Name }

func (o office) take(t *testing.T, f exchange.File) exchange.Outcome {
	t.Helper()
	out, err := o.Import(t.Context(), o.System(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out.Book.Sheets {
		for _, r := range s.Rows {
			if r.Level == history.LevelError {
				t.Errorf("row %d is refused: %s", r.Row, r.Text(o.say))
			}
		}
	}
	return out
}

func TestOnePersonAtTwoHospitalsIsOneCaseWithTheEarliestAsHome(t *testing.T) {
	o := newOffice(t)
	o.take(t, book(t, "双侧.xlsx", map[string][][]any{"关节": {header(),
		line("向某某", he, o.hospital(servicetest.Sea), "2022-06-01", "右膝人工全膝关节置换术"),
		line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-01", knee)}}))
	got := o.counts()
	if got.Persons != 1 || got.Cases != 1 || got.Treatments != 2 || got.Registrations != 2 {
		t.Errorf("%+v", got)
	}
	home := o.Count(`select count(*) from casefile where partnership_id = $1 and home_hospital_id = $2 and closed_on = '2022-06-01' and closure = 'imported'`,
		o.Partnership.ID, o.ID(servicetest.Mountain))
	if home != 1 {
		t.Error("the home is not the hospital of the earliest row, or the case is not closed with the last one")
	}
}

func TestImportedRowsAreSeenByTheirHospitalAndTheHomeOnly(t *testing.T) {
	o := newOffice(t)
	o.take(t, book(t, "隔离.xlsx", map[string][][]any{"关节": {header(),
		line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-01", knee),
		line("向某某", he, o.hospital(servicetest.Sea), "2022-06-01", "右膝人工全膝关节置换术")}}))
	sees := func(who user.Principal) (cases, treatments int) {
		o.Do(who, func(tx *store.Tx) error {
			list, err := tx.ListCases(store.CaseFilter{Hospitals: who.Hospitals}, page.Request{})
			cases = len(list.Rows)
			for _, c := range list.Rows {
				of, err := tx.TreatmentsOf(c.ID)
				if err != nil {
					return err
				}
				treatments += len(of)
			}
			return err
		})
		return cases, treatments
	}
	for place, want := range map[servicetest.Place][2]int{servicetest.Mountain: {1, 2}, servicetest.Sea: {1, 1}, servicetest.MountainTwo: {0, 0}} {
		if cases, treatments := sees(o.Registrar(place)); cases != want[0] || treatments != want[1] {
			t.Errorf("%s sees %d cases and %d treatments, want %v", place, cases, treatments, want)
		}
	}
	if _, err := o.Check(t.Context(), o.Registrar(servicetest.Mountain), ledger(t)); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar may import: %v", err)
	}
	other := o.Other.Approver()
	o.Do(other, func(tx *store.Tx) error {
		list, err := tx.ListBatches(page.Request{})
		if len(list.Rows) != 0 {
			t.Error("another partnership sees the import")
		}
		return err
	})
}

func TestAPersonTheSystemKnowsIsFoundByNumberAndNotMadeTwice(t *testing.T) {
	o := newOffice(t)
	rows := func(name, day string) exchange.File {
		return book(t, day+".xlsx", map[string][][]any{"关节": {header(), line(name, he, o.hospital(servicetest.Mountain), day, knee)}})
	}
	o.take(t, rows("向某某", "2021-05-01"))
	again := o.take(t, rows("向 某某", "2021-05-02"))
	if again.Figures.Added.Persons != 0 || again.Figures.Added.PersonTimes != 1 {
		t.Errorf("%+v", again.Figures.Added)
	}
	if n := o.Count(`select count(*) from procedure where partnership_id = $1 and 'procedure.second_primary' = any(marks)`, o.Partnership.ID); n != 1 {
		t.Errorf("%d operations are marked as a second first replacement, want the later one", n)
	}
	stranger := o.take(t, rows("冉某某", "2021-05-03"))
	if stranger.Figures.Added.Persons != 1 {
		t.Error("another name with the number was taken for the same person")
	}
	if n := o.Count(`select count(*) from review_item where partnership_id = $1 and kind = 'number_in_use'`, o.Partnership.ID); n != 1 {
		t.Errorf("the office is asked %d times who is who", n)
	}
}

// A ledger is what people typed in years: whole stories stand where a name or a village
// should. The record holds what it can, the note all of it, and no index is too short.
func TestTheLongestCellsAreStoredAndNothingOfThemIsLost(t *testing.T) {
	o := newOffice(t)
	rng := rand.New(rand.NewPCG(1, 2))
	long := func() string { // as long as a cell is read, of characters that do not pack
		r := make([]rune, 1333)
		for i := range r {
			r[i] = rune(0x4e00 + rng.IntN(0x5000))
		}
		return string(r)
	}
	name, address, township, village := long(), long(), long(), long()
	head := []any{"姓名", "身份证号码", "联系电话", "住址", "乡镇", "村", "人员类别", "手术医院", "住院号", "手术日期", "诊断", "手术名称", "部位", "主刀医生", "一助", "支医专家", "专家单位",
		"假体", "备注"}
	row := func(number, hospital string) []any {
		return []any{name, number, long(), address, township, village, long(), hospital, long(), "2021-05-01", long(), knee, "左", long(), long(), long(), long(), long(), long()}
	}
	hospital := long()
	f := book(t, "长.xlsx", map[string][][]any{"关节": {head, row(he, o.hospital(servicetest.Mountain)), row("", o.hospital(servicetest.Mountain)), row(she, hospital)}})
	out := o.take(t, f)
	if out.Figures.Added.Persons != 3 {
		t.Errorf("%+v", out.Figures.Added)
	}
	for _, text := range []string{name, address, township, village} {
		n := o.Count(`select count(*) from registration r join person p on p.partnership_id = r.partnership_id and p.id = r.person_id
			where r.partnership_id = $1 and position($2 in r.note) > 0 and $2 like any (array[p.name || '%', r.address || '%', r.township || '%', r.village || '%'])
				and char_length(p.name) = $3 and char_length(r.address) = $4 and char_length(r.township) = $5 and char_length(r.village) = $5`,
			o.Partnership.ID, text, patient.MaxName, patient.MaxAddress, patient.MaxPlace)
		if n != 3 {
			t.Errorf("%d of 3 registrations keep the beginning of %.12s… and all of it in the note", n, text)
		}
	}
	n := o.Count(`select count(*) from treatment t join treatment_event e on e.partnership_id = t.partnership_id and e.treatment_id = t.id
		where t.partnership_id = $1 and char_length(t.admission_no) = $2 and position(t.admission_no in e.note) > 0`, o.Partnership.ID, treatment.MaxAdmissionNo)
	if n != 3 {
		t.Errorf("%d of 3 treatments keep the beginning of their number and all of it in the note", n)
	}
	said := history.Note{Level: history.LevelWarning, Key: "history.sheet.common", Args: errs.Args{"what": errs.Key("history.row.text_long.common"), "rows": 3, "row": 2}}
	if n := o.Count(`select count(*) from organisation o, treatment_event e where char_length(o.name) = $1 and $2 like o.name || '%' and position($2 in e.note) > 0`,
		partnership.MaxName, hospital); n != 1 {
		t.Error("the unknown hospital is not there by the beginning of its name, or its treatment's note has not all of it")
	}
	if notes := out.Book.Sheets[0].Notes; !slices.ContainsFunc(notes, func(n history.Note) bool { return cmp.Equal(n, said) }) {
		t.Errorf("nobody is told: %+v", notes)
	}
	before := o.counts()
	if again := o.take(t, f); again.Figures.Added != (exchange.Added{}) || o.counts() != before {
		t.Errorf("taken again: %+v", again.Figures.Added)
	}
	later := book(t, "后.xlsx", map[string][][]any{"关节": {header(), line(name, he, o.hospital(servicetest.Mountain), "2022-05-01", "右"+strings.TrimPrefix(knee, "左"))}})
	if got := o.take(t, later); got.Figures.Added.Persons != 0 || got.Figures.Added.PersonTimes != 1 {
		t.Errorf("who has a long name is not known again: %+v", got.Figures.Added)
	}
}

// A name is cut at a space as well as anywhere, and each row of somebody may tell a
// story of its own.
func TestALongNameEndsWithoutSpaceAndEveryRowsStoryIsKept(t *testing.T) {
	o := newOffice(t)
	head := []any{"姓名", "身份证号码", "村", "手术医院", "手术日期", "手术名称", "部位"}
	name, village := strings.Repeat("abcdefg ", 8)+"rest", func(what string) string { return strings.Repeat("村东头", 25) + what }
	rows := func(on string, villages ...string) exchange.File {
		table := [][]any{head}
		for i, v := range villages {
			side := []string{"左", "右"}[i]
			table = append(table, []any{name, he, v, o.hospital(servicetest.Mountain), on, side + strings.TrimPrefix(knee, "左"), side})
		}
		return book(t, on+".xlsx", map[string][][]any{"关节": table})
	}
	o.take(t, rows("2021-05-01", village("第一户"), village("第二户")))
	if again := o.take(t, rows("2021-06-01", village("第三户"))); again.Figures.Added.Persons != 0 || again.Figures.Added.PersonTimes != 1 {
		t.Errorf("who has a long name is somebody else the next time: %+v", again.Figures.Added)
	}
	n := o.Count(`select count(*) from registration where partnership_id = $1 and note like '%第一户%' and note like '%第二户%' and note like '%rest%'`, o.Partnership.ID)
	if n != 1 {
		t.Error("a row's story is lost")
	}
}

func TestAnUnknownHospitalCostsNoRowAndIsAskedOnce(t *testing.T) {
	o := newOffice(t)
	approver := o.Approver()
	f := book(t, "别名.xlsx", map[string][][]any{"关节": {header(), line("向某某", he, "区中医院", "2021-05-01", knee),
		line("冉某某", she, "云岭某乡卫生院", "2021-05-02", knee)}})
	id, err := o.Upload(t.Context(), approver, f, "k1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := o.Upload(t.Context(), approver, f, "k1"); err != nil || again != id {
		t.Errorf("the same request made another import: %v %v", again, err)
	}
	v, err := o.Look(t.Context(), approver, id)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(v.Book.Sheets[0].UnknownHospitals); n != 2 {
		t.Fatalf("%d unknown hospitals, want 2", n)
	}
	if err := o.Learn(t.Context(), approver, id, exchange.Learned{Hospitals: map[string]ident.ID{"区中医院": o.Other.ID(servicetest.Mountain)}}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a name may mean another partnership's hospital: %v", err)
	}
	if err := o.Learn(t.Context(), approver, id, exchange.Learned{Hospitals: map[string]ident.ID{"区中医院": o.ID(servicetest.Mountain)}}); err != nil {
		t.Fatal(err)
	}
	out := o.run(t, id)
	if d := cmp.Diff([]string{"云岭某乡卫生院"}, out.Provisional); d != "" {
		t.Error(d)
	}
	if n := o.Count(`select count(*) from treatment where partnership_id = $1 and hospital_id = $2`, o.Partnership.ID, o.ID(servicetest.Mountain)); n != 1 {
		t.Error("the learned name does not lead to its hospital")
	}
	if n := o.Count(`select count(*) from organisation where provisional and name = '云岭某乡卫生院'`); n != 1 {
		t.Error("no provisional organisation stands in")
	}
}

func TestACategoryIsAskedOnceAndKnownFromThenOn(t *testing.T) {
	o := newOffice(t)
	approver := o.Approver()
	f := book(t, "类别.xlsx", map[string][][]any{"关节": {append(header(), "困难类别"),
		append(line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-01", knee), "五保供养甲")}})
	id, err := o.Upload(t.Context(), approver, f, "k1")
	if err != nil {
		t.Fatal(err)
	}
	unknown := func() int {
		v, err := o.Look(t.Context(), approver, id)
		if err != nil {
			t.Fatal(err)
		}
		return len(v.Book.Sheets[0].UnknownCategories)
	}
	if n := unknown(); n != 1 {
		t.Fatalf("%d categories are asked, want 1", n)
	}
	wrong := exchange.Learned{Categories: map[string]terminology.Category{"五保供养甲": "ZZ"}}
	if err := o.Learn(t.Context(), approver, id, wrong); !errs.Is(err, errs.Invalid) {
		t.Errorf("a spelling may mean no category at all: %v", err)
	}
	if err := o.Learn(t.Context(), approver, id, exchange.Learned{Categories: map[string]terminology.Category{"五保供养甲": terminology.CategoryTK}}); err != nil {
		t.Fatal(err)
	}
	if n := unknown(); n != 0 {
		t.Errorf("%d categories are asked again", n)
	}
	o.run(t, id)
	if n := o.Count(`select count(*) from treatment where partnership_id = $1 and category = 'TK'`, o.Partnership.ID); n != 1 {
		t.Error("the treatment does not carry the learned category")
	}
}

// A spelling the released rules of payment know is not asked about.
func TestACategoryOfTheRulesIsReadFromALedger(t *testing.T) {
	o := newOffice(t)
	v := store.PolicyVersion{Version: policy.Version{ID: ident.New(), Name: "x", From: clock.MustDate(2020, 1, 1), Rules: policy.Rules{
		Categories: []policy.Category{{Code: "GZ1", ZH: "困难职工", Synonyms: []string{"工会建档"}}}}}, Edition: 1}
	o.Do(o.Approver(), func(tx *store.Tx) error { return tx.InsertPolicy(v) })
	o.Do(o.SecondApprover(), func(tx *store.Tx) error { return tx.ReleasePolicy(v) })
	f := book(t, "类别.xlsx", map[string][][]any{"关节": {append(header(), "困难类别"),
		append(line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-01", knee), "工会建档")}})
	id, err := o.Upload(t.Context(), o.Approver(), f, "k1")
	if err != nil {
		t.Fatal(err)
	}
	o.run(t, id)
	if n := o.Count(`select count(*) from treatment where partnership_id = $1 and category = 'GZ1'`, o.Partnership.ID); n != 1 {
		t.Error("the treatment does not carry the category of the rules")
	}
}

// run does an import the way a page asks for it: as a job.
func (o office) run(t *testing.T, id ident.ID) exchange.Figures {
	t.Helper()
	approver := o.Approver()
	if err := o.Start(t.Context(), approver, id); err != nil {
		t.Fatal(err)
	}
	if err := o.work(t); err != nil {
		t.Fatal(err)
	}
	v, err := o.Look(t.Context(), approver, id)
	if err != nil {
		t.Fatal(err)
	}
	return v.Figures
}

// work does the one job that waits.
func (o office) work(t *testing.T) error {
	t.Helper()
	var job store.Job
	o.Do(authz.System("jobs").In(o.Partnership.ID), func(tx *store.Tx) error {
		j, ok, err := tx.ClaimJob(0)
		if !ok {
			t.Error("no job waits")
		}
		job = j
		return err
	})
	return o.RunJob(t.Context(), job, o.Partnership.ID, func(context.Context, int, int) {})
}

func TestWhatSomebodyWorkedOnStaysWhenAnImportIsReversed(t *testing.T) {
	o := newOffice(t)
	out := o.take(t, book(t, "后续.xlsx", map[string][][]any{"关节": {header(),
		line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-01", knee),
		line("冉某某", she, o.hospital(servicetest.Mountain), "2021-05-02", knee)}}))
	o.Do(o.System(), func(tx *store.Tx) error {
		list, err := tx.ListCases(store.CaseFilter{}, page.Request{})
		if err != nil {
			return err
		}
		_, err = tx.ReopenCase(list.Rows[0])
		return err
	})
	approver := o.Approver()
	v, err := o.Look(t.Context(), approver, out.Batch)
	if err != nil || len(v.Stayed) != 1 {
		t.Fatalf("%d treatments are listed as worked on: %v", len(v.Stayed), err)
	}
	stayed, err := o.Reverse(t.Context(), approver, out.Batch)
	if err != nil || len(stayed) != 1 {
		t.Fatal(stayed, err)
	}
	if got := o.counts(); got.Treatments != 1 || got.Cases != 1 || got.Settlements != 1 || got.Registrations != 1 || got.Rows != 1 {
		t.Errorf("%+v", got)
	}
	if n := o.Count(`select sum(balance_fen) from ledger_account where partnership_id = $1 and kind = 'committed'`, o.Partnership.ID); n != 15000_00 {
		t.Errorf("%d fen stay committed, want those of the treatment that stayed", n)
	}
	if _, err := o.Reverse(t.Context(), approver, out.Batch); errs.Of(err).Rule != "import.later_work" {
		t.Errorf("with only later work left: %v", err)
	}
	if n := o.Count(`select count(*) from audit_event where partnership_id = $1 and action = 'import.reverse' and outcome = 'refused'`, o.Partnership.ID); n != 1 {
		t.Error("the refusal is not on record")
	}
}

// Appointments are derived and go with the operation; what was found at one is
// somebody's work.
func TestAnImportedOperationSomebodyFollowedUpStays(t *testing.T) {
	o := newOffice(t)
	out := o.take(t, book(t, "随访.xlsx", map[string][][]any{"关节": {header(),
		line("向某某", he, o.hospital(servicetest.Mountain), "2026-05-01", knee),
		line("冉某某", she, o.hospital(servicetest.Mountain), "2026-05-02", knee)}}))
	o.Do(o.System(), func(tx *store.Tx) error {
		list, err := tx.ListCases(store.CaseFilter{}, page.Request{})
		if err != nil {
			return err
		}
		for _, c := range list.Rows {
			if _, err := tx.ScheduleCase(c.ID); err != nil {
				return err
			}
		}
		follow, err := tx.FollowUpsOfCase(list.Rows[0].ID)
		if err != nil {
			return err
		}
		k := store.Contact{ID: ident.New(), FollowUp: follow[0].ID, Procedure: follow[0].Procedure, Hospital: follow[0].Hospital,
			Contact: followup.Contact{On: tx.Today(), Evidence: followup.Visit, Reached: true}}
		return tx.InsertContact(k, store.Made{})
	})
	if _, err := o.Reverse(t.Context(), o.Approver(), out.Batch); err != nil {
		t.Fatal(err)
	}
	if n := o.Count(`select count(distinct procedure_id) from followup where live`); n != 1 {
		t.Errorf("appointments of %d operations are live, want those of the one that was followed", n)
	}
	if n := o.Count(`select count(*) from procedure where live`); n != 1 {
		t.Errorf("%d operations stayed", n)
	}
	const terms = `select count(distinct r.id) from registration r join registration_term t on t.partnership_id = r.partnership_id and t.registration_id = r.id where r.live = `
	if found, dead := o.Count(terms+`true`), o.Count(terms+`false`); found != 1 || dead != 0 {
		t.Errorf("%d registrations that are there and %d that are not are searched", found, dead)
	}
}

func TestColumnsSomebodyCorrectedAreUsedAndKept(t *testing.T) {
	o := newOffice(t)
	approver := o.Approver()
	head := header()
	head[14] = "政策兜底" // nobody could guess that this is the reduction
	f := book(t, "表头.xlsx", map[string][][]any{"关节": {head, line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-01", knee)}})
	id, err := o.Upload(t.Context(), approver, f, "")
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.Look(t.Context(), approver, id)
	if err != nil {
		t.Fatal(err)
	}
	if v.Book.Sheets[0].Count(history.LevelError) != 1 {
		t.Fatal("the row adds up without the column")
	}
	m := v.Book.Sheets[0].Blocks[0]
	twice := m
	twice.Columns = append([]history.Column{}, m.Columns...)
	twice.Columns[14].Field = history.FieldNet
	if err := o.Correct(t.Context(), approver, id, exchange.Correction{Mapping: twice}); !errs.Is(err, errs.Invalid) {
		t.Errorf("one field in two columns: %v", err)
	}
	m.Columns = append([]history.Column{}, m.Columns...)
	m.Columns[14].Field = history.FieldReduction
	if err := o.Correct(t.Context(), approver, id, exchange.Correction{Mapping: m, Keep: true}); err != nil {
		t.Fatal(err)
	}
	if v, err = o.Look(t.Context(), approver, id); err != nil || v.Book.Sheets[0].ReductionFen != 15000_00 {
		t.Fatalf("%v %v", v.Book.Sheets[0].ReductionFen, err)
	}
	again, err := o.Check(t.Context(), approver, exchange.File{Name: "next.xlsx", Content: f.Content})
	if err != nil || again.Sheets[0].ReductionFen != 15000_00 {
		t.Errorf("a later file with the same header is not understood: %v", err)
	}
}

func TestRefusedRowsComeBackAsAWorkbook(t *testing.T) {
	o := newOffice(t)
	approver := o.Approver()
	id, err := o.Upload(t.Context(), approver, ledger(t), "")
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if _, err := o.Refused(t.Context(), approver, id, o.say, &buf); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	said := 0
	for _, tab := range f.GetSheetList() {
		comments, err := f.GetComments(tab)
		if err != nil {
			t.Fatal(err)
		}
		said += len(comments)
	}
	wrong := 0
	for _, i := range expectedTotals(t).Issues {
		if i.Level == history.LevelError {
			wrong++
		}
	}
	if said != wrong {
		t.Errorf("%d rows are explained, want %d", said, wrong)
	}
}

func TestAFileNobodyCanReadIsRefusedAndNothingIsKept(t *testing.T) {
	o := newOffice(t)
	for name, content := range map[string]string{"empty.xlsx": "", "old.xls": "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("x", 600),
		"page.xls": "<html><table></table></html>", "cut.xlsx": "PK\x03\x04rubbish", "picture.xlsx": "%PDF-1.7"} {
		if _, err := o.Upload(t.Context(), o.Approver(), exchange.File{Name: name, Content: []byte(content)}, ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := o.Count(`select count(*) from import_batch`); n != 0 {
		t.Errorf("%d imports of unreadable files are kept", n)
	}
}

func TestAnImportRunsOnceHoweverOftenItIsAskedFor(t *testing.T) {
	o := newOffice(t)
	approver := o.Approver()
	id, err := o.Upload(t.Context(), approver, ledger(t), "")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := o.Start(t.Context(), approver, id); err != nil {
			t.Fatal(err)
		}
	}
	if n := o.Count(`select count(*) from job`); n != 1 {
		t.Errorf("%d jobs wait", n)
	}
	if err := o.work(t); err != nil {
		t.Fatal(err)
	}
	if err := o.Start(t.Context(), approver, id); errs.Of(err).Rule != "import.state" {
		t.Errorf("an imported ledger may be imported again: %v", err)
	}
	if n := o.Count(`select count(*) from audit_event where action = 'import.run' and outcome = 'ok'`); n < 1 {
		t.Error("the import is not on record")
	}
	list, err := o.List(t.Context(), approver, page.Request{})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].State != store.BatchImported {
		t.Errorf("%+v %v", list, err)
	}
}

// TestALaterLedgerAddsTheOperationTheEarlierOneDidNotName: the admission is known,
// one of its two operations is not. It is added once, the bill stays, and taking
// the later ledger back leaves the earlier one whole and free to be taken back.
func TestALaterLedgerAddsTheOperationTheEarlierOneDidNotName(t *testing.T) {
	o := newOffice(t)
	of := func(rows ...[]any) exchange.File {
		for _, r := range rows {
			r[5] = "ZY-20210501"
		}
		return book(t, "台账.xlsx", map[string][][]any{"关节": append([][]any{header()}, rows...)})
	}
	first := func() []any { return line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-01", knee) }
	second := line("向某某", he, o.hospital(servicetest.Mountain), "2021-05-03", "右膝人工全膝关节置换术")
	for i := 12; i < 16; i++ {
		second[i] = "" // the fees stand in the first row
	}
	earlier := o.take(t, of(first()))
	before := o.counts()
	later := o.take(t, of(first(), second))
	now := o.counts()
	if added := later.Figures.Added; added.Procedures != 1 || added.PersonTimes != 0 || later.Figures.Known != 1 {
		t.Errorf("%+v", later.Figures)
	}
	if now.Procedures != before.Procedures+1 || now.Treatments != before.Treatments || now.Cases != before.Cases {
		t.Errorf("before %+v, now %+v", before, now)
	}
	if n := o.Count(`select count(*) from treatment_event where action = 'log_operation' and mark = 'logged_late' and note like '%台账%'`); n != 1 {
		t.Errorf("%d steps tell where the operation came from", n)
	}
	if again := o.take(t, of(first(), second)); again.Figures.Added.Procedures != 0 || again.Figures.Known != 2 {
		t.Errorf("a third time: %+v", again.Figures)
	}
	if stayed, err := o.Reverse(t.Context(), o.System(), earlier.Batch); err == nil {
		t.Errorf("the earlier ledger went from under the later one: %v", stayed)
	}
	if stayed, err := o.Reverse(t.Context(), o.System(), later.Batch); err != nil || len(stayed) != 0 {
		t.Fatalf("%v %v", stayed, err)
	}
	if got := o.counts(); got != before {
		t.Errorf("after taking the later ledger back: %+v, want %+v", got, before)
	}
	if stayed, err := o.Reverse(t.Context(), o.System(), earlier.Batch); err != nil || len(stayed) != 0 {
		t.Fatalf("%v %v", stayed, err)
	}
	if got := o.counts(); got.Procedures != 0 || got.Treatments != 0 {
		t.Errorf("after taking both back: %+v", got)
	}
}

func TestAReversalLeavesNoHospitalToBeNamedThatNothingStandsOn(t *testing.T) {
	o := newOffice(t)
	open := func() int {
		return o.Count(`select count(*) from partnership_member m join organisation o on o.id = m.organisation_id
			where m.partnership_id = $1 and o.provisional and m.to_on is null`, o.Partnership.ID)
	}
	f := book(t, "新院.xlsx", map[string][][]any{"关节": {header(), line("向某某", he, "云岭某乡卫生院", "2021-05-01", knee)}})
	first := o.take(t, f)
	if len(first.Figures.Provisional) != 1 || open() != 1 {
		t.Fatalf("%v made, %d open", first.Figures.Provisional, open())
	}
	if stayed, err := o.Reverse(t.Context(), o.System(), first.Batch); err != nil || len(stayed) > 0 {
		t.Fatal(stayed, err)
	}
	if n := open(); n != 0 {
		t.Errorf("%d hospitals are left to be named", n)
	}
	o.Do(o.System(), func(tx *store.Tx) error {
		list, err := tx.ListOrganisations(store.OrganisationFilter{Provisional: true, Partnership: o.Partnership.ID}, page.Request{})
		if len(list.Rows) != 0 {
			t.Errorf("listed as still to be named: %v", list.Rows)
		}
		return err
	})
	again := o.take(t, f)
	if len(again.Figures.Provisional) != 1 || open() != 1 {
		t.Errorf("the name met again: %v, %d open", again.Figures.Provisional, open())
	}
	if n := o.Count(`select count(*) from organisation where name = '云岭某乡卫生院'`); n != 1 {
		t.Errorf("%d organisations of one name", n)
	}
}
