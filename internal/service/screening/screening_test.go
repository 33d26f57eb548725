package screening_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	service "github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

const here, near = servicetest.Mountain, servicetest.MountainTwo

type table struct {
	*servicetest.World
	*service.Service
	t *testing.T
}

func open(t *testing.T) *table {
	t.Helper()
	w := servicetest.New(t)
	blobs, err := blob.Open(t.TempDir(), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return &table{w, service.New(service.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs}), t}
}

// row is a good screening of today.
func (d *table) row(name string) service.Row {
	age, pain := 68, 6
	return service.Row{ID: ident.New(), Draft: screening.Draft{On: d.World.Today(), Township: "石坪镇", Village: "松岭村", Name: name, Sex: patient.Female, Age: &age, Programme: procedure.Joint,
		Site: procedure.Knee, Side: "L", Pain: &pain, Triage: screening.Advised, Answer: screening.Willing, LegalBasis: patient.BasisStatutory}}
}

func (d *table) record(at servicetest.Place, rows ...service.Row) []service.Receipt {
	d.t.Helper()
	out, err := d.Record(d.t.Context(), d.Screener(at), service.Batch{Hospital: d.ID(at), Rows: rows}, service.KeyOf(ident.New().String(), rows))
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

func outcomes(list []service.Receipt) (out []service.Outcome) {
	for _, r := range list {
		out = append(out, r.Outcome)
	}
	return out
}

func TestABadRowDoesNotStopTheOthers(t *testing.T) {
	d := open(t)
	bad, nameless := d.row("冉听雪"), d.row("覃望舟")
	bad.Side, nameless.ID = "", ident.Nil
	got := d.record(here, d.row("向云禾"), bad, nameless, d.row("田映川"))
	if want := []service.Outcome{service.Created, service.Refused, service.Refused, service.Created}; !slices.Equal(outcomes(got), want) {
		t.Fatalf("%v, want %v", outcomes(got), want)
	}
	if !got[1].Fields.Has("side") || !got[2].Fields.Has("id") {
		t.Errorf("refused without a reason: %+v", got)
	}
	if n := d.Count(`select count(*) from screening`); n != 2 {
		t.Errorf("%d rows are stored", n)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'screening.record'`); n != 2 {
		t.Errorf("%d rows are in the audit log", n)
	}
}

func TestTheSameBatchAgainChangesNothing(t *testing.T) {
	d := open(t)
	rows := []service.Row{d.row("向云禾"), d.row("冉听雪")}
	d.record(here, rows...)
	events := d.Count(`select count(*) from audit_event`)
	got := d.record(here, rows...) // under another key: the receipt of the first was lost
	if want := []service.Outcome{service.Repeated, service.Repeated}; !slices.Equal(outcomes(got), want) {
		t.Errorf("%v, want %v", outcomes(got), want)
	}
	if n := d.Count(`select count(*) from screening`); n != 2 || d.Count(`select count(*) from audit_event`) != events {
		t.Errorf("%d rows, or the log grew", n)
	}
}

func TestAnotherRowUnderATakenIDIsRefused(t *testing.T) {
	d := open(t)
	first := d.row("向云禾")
	d.record(here, first)
	other := d.row("冉听雪")
	other.ID = first.ID
	got := d.record(here, other)
	if got[0].Outcome != service.Refused || !got[0].Fields.Has("id") {
		t.Errorf("%+v", got[0])
	}
	if got := d.record(near, first); got[0].Outcome != service.Refused { // hidden there, and not told apart
		t.Errorf("another hospital: %+v", got[0])
	}
	if n := d.Count(`select count(*) from screening where name = '向云禾'`); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestABatchHasALimitAndAHospital(t *testing.T) {
	d := open(t)
	who := d.Screener(here)
	for name, b := range map[string]service.Batch{"empty": {Hospital: d.ID(here)}, "too many": {Hospital: d.ID(here), Rows: make([]service.Row, service.MaxRows+1)}, "nowhere": {Rows: []service.Row{d.row("向云禾")}}} {
		if _, err := d.Record(t.Context(), who, b, service.Key{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := service.Batch{Hospital: d.ID(here)}
	for range service.MaxRows {
		full.Rows = append(full.Rows, d.row("向云禾"))
	}
	if _, err := d.Record(t.Context(), who, full, service.Key{}); err != nil {
		t.Errorf("a full batch: %v", err)
	}
}

func TestWhoMayRecordWhere(t *testing.T) {
	d := open(t)
	b := service.Batch{Hospital: d.ID(here), Rows: []service.Row{d.row("向云禾")}}
	for name, who := range map[string]servicetest.Place{"another hospital": near} {
		if _, err := d.Record(t.Context(), d.Screener(who), b, service.Key{}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Record(t.Context(), d.Finance(here), b, service.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("finance: %v", err)
	}
	for range 3 {
		b.Rows[0].ID = ident.New()
		if _, err := d.Record(t.Context(), d.Visiting(here), b, service.Key{}); err != nil {
			t.Errorf("a visiting doctor at the host: %v", err)
		}
	}
}

func TestNumbersAreSealedAndOnlyTheirEndsShown(t *testing.T) {
	d := open(t)
	row := d.row("向云禾")
	row.Age, row.DocNumber, row.Phone = nil, servicetest.CitizenNumber("580407", 8), "19900003406"
	d.record(here, row)
	v, err := d.Screening(t.Context(), d.Registrar(here), row.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v.DocNumber != "" || v.Phone != "" || v.PhoneLast4 != "3406" || v.DocLast4 != row.DocNumber[14:] || v.Birth != clock.MustDate(1958, 4, 7) {
		t.Errorf("%+v", v.Screening)
	}
	if n := d.Count(`select count(*) from screening where phone_sealed is null or doc_sealed is null or position('19900003406'::bytea in phone_sealed) > 0`); n != 0 {
		t.Error("a number is readable in the table")
	}
}

func TestAnotherHospitalSeesNothing(t *testing.T) {
	d := open(t)
	row := d.row("向云禾")
	d.record(here, row)
	if _, err := d.Screening(t.Context(), d.Registrar(near), row.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("the record: %v", err)
	}
	list, err := d.List(t.Context(), d.Registrar(near), service.ListInput{})
	if err != nil || len(list.Rows) != 0 || list.Count.All != 0 || len(list.Places) != 0 {
		t.Errorf("the list: %+v %v", list, err)
	}
	if _, err := d.List(t.Context(), d.Registrar(near), service.ListInput{Hospital: d.ID(here)}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("asked for by name: %v", err)
	}
	if _, err := d.List(t.Context(), d.Finance(here), service.ListInput{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("finance: %v", err)
	}
}

func TestTheListIsNarrowedAndTheDayCounted(t *testing.T) {
	d := open(t)
	day, before := d.World.Today(), d.World.Today().AddDays(-3)
	declined, further, old := d.row("冉听雪"), d.row("覃望舟"), d.row("田映川")
	declined.Answer, declined.Reason = screening.Declined, "COST"
	further.Triage, further.Village = screening.Further, "双河村"
	old.On = before
	d.record(here, d.row("向云禾"), declined, further, old)
	names := func(in service.ListInput) (out []string) {
		t.Helper()
		list, err := d.List(t.Context(), d.Registrar(here), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list.Rows {
			out = append(out, x.Name)
		}
		slices.Sort(out)
		return out
	}
	for name, c := range map[string]struct {
		in   service.ListInput
		want int
	}{"all": {service.ListInput{}, 4}, "a day": {service.ListInput{On: day}, 3}, "a place": {service.ListInput{Place: screening.Place{Township: "石坪镇", Village: "双河村"}}, 1},
		"a result": {service.ListInput{Triage: screening.Further}, 1}, "who declined": {service.ListInput{Answer: screening.Declined}, 1}, "open": {service.ListInput{Open: true, On: before}, 1}} {
		if got := names(c.in); len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	list, err := d.List(t.Context(), d.Registrar(here), service.ListInput{})
	if err != nil || list.Day != day || list.Count != (service.Count{All: 3, Advised: 2, Declined: 1}) {
		t.Errorf("%s: %+v %v", list.Day, list.Count, err)
	}
	if len(list.Places) != 2 || list.Places[0].Last != day {
		t.Errorf("places: %+v", list.Places)
	}
	first, _ := d.List(t.Context(), d.Registrar(here), service.ListInput{Page: page.Request{Size: 3}})
	rest, err := d.List(t.Context(), d.Registrar(here), service.ListInput{Page: page.Request{Size: 3, After: first.Next}})
	if err != nil || len(first.Rows) != 3 || len(rest.Rows) != 1 || rest.Rows[0].Name != "田映川" || rest.Next != "" {
		t.Errorf("pages of %d and %d, %v", len(first.Rows), len(rest.Rows), err)
	}
}

func TestLikelyDoublesAreAHintAndNeverBlock(t *testing.T) {
	d := open(t)
	moved, other, elsewhere := d.row("向云禾"), d.row("向云禾"), d.row("向云禾")
	moved.Village = "双河村" // the same age
	age := 31
	other.Age, other.Village = &age, "大坪村"
	d.record(near, elsewhere)
	first := d.row("向云禾")
	if got := d.record(here, first); got[0].Alike != 0 {
		t.Errorf("somebody at another hospital is no hint: %+v", got)
	}
	if got := d.record(here, moved); got[0].Outcome != service.Created || got[0].Alike != 1 {
		t.Errorf("the same name and age: %+v", got)
	}
	if got := d.record(here, other); got[0].Alike != 0 {
		t.Errorf("another age in another village: %+v", got)
	}
	v, err := d.Screening(t.Context(), d.Registrar(here), first.ID)
	if err != nil || len(v.Alike) != 1 || v.Alike[0].ID != moved.ID || v.Screening.Alike != 1 {
		t.Errorf("%+v %v", v.Alike, err)
	}
}

func TestAMistakeIsWithdrawnWithAReason(t *testing.T) {
	d := open(t)
	row := d.row("向云禾")
	d.record(here, row)
	who := d.Screener(here)
	if _, err := d.Withdraw(t.Context(), who, service.WithdrawInput{ID: row.ID, Version: 1}, service.Key{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := d.Withdraw(t.Context(), who, service.WithdrawInput{ID: row.ID, Version: 7, Reason: "登错人"}, service.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("under an old version: %v", err)
	}
	if _, err := d.Withdraw(t.Context(), who, service.WithdrawInput{ID: row.ID, Version: 1, Reason: "登错人"}, service.Key{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Screening(t.Context(), who, row.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("still there: %v", err)
	}
	if n := d.Count(`select count(*) from screening where not live and withdrawn_reason = '登错人'`); n != 1 {
		t.Error("the reason is lost")
	}
	if got := d.record(here, row); got[0].Outcome != service.Repeated || d.Count(`select count(*) from screening where live`) != 0 {
		t.Errorf("a late repetition brings it back: %+v", got)
	}
}
