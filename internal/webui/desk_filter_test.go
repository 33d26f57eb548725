package webui

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// A filter that no figures are given for is refused on the page that was asked for,
// beside its boxes as they were filled in, with what would work; the figures, the
// file and the filter the person looks with are not touched by it.
func TestARefusedFilterStandsAtItsBoxes(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("hai.zy", user.OfficialDonor)
	hospital := s.ID(servicetest.Mountain).String()
	year := s.Today().String()[:4]
	good := "from=" + year + "-01-01&to=" + year + "-12-31"
	if got := b.get("/overview?" + good); got.status != http.StatusOK {
		t.Fatalf("a year answers %d: %s", got.status, got.body)
	}
	for path, title := range map[string]string{"/overview": "总览", "/desk/programmes/joint": "站立行动", "/desk/comparison": "按医院对比", "/desk/flows": "地区与去向", "/desk/hospitals/" + hospital: "医院",
		"/measures": "指标", "/measures/all.patients": "患者"} {
		got := b.get(path + "?from=2026-01-05&to=2026-02-10&surgeon=visiting")
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s answers %d", path, got.status)
		}
		contains(t, path, got, title, `value="2026-01-05"`, `value="2026-02-10"`, `value="visiting" selected`, `href="#f-from"`, "不能按这样的条件筛选", "不是整月、整季或整年", "只提供整个日历月", "例如 2026年1月1日", `id="filter"`)
		for _, figure := range []string{"figure-rows", "<svg class=\"chart", "measure-tile\">", "<tbody", "data-later", "条件："} {
			if strings.Contains(got.body, figure) {
				t.Errorf("%s shows %s under a filter that was refused", path, figure)
			}
		}
	}
	if got := b.get("/overview"); got.status != http.StatusSeeOther || !strings.HasSuffix(got.location, "?"+good) {
		t.Errorf("afterwards the page opens with %d %s", got.status, got.location)
	}
	for _, path := range []string{"/overview/export?format=csv&", "/desk/programmes/joint/export?format=csv&chart=days&", "/measures/all.patients/export?format=csv&"} {
		if got := b.get(path + "from=2026-01-05&to=2026-02-10"); got.status != http.StatusConflict {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	month := b.get("/measures/all.patients?month=2026-01&side=donor&surgeon=local&category=DB&programme=joint")
	if month.status != http.StatusUnprocessableEntity {
		t.Errorf("five conditions answer %d", month.status)
	}
	contains(t, "five conditions", month, `value="2026-01-01"`, `value="2026-01-31"`, `value="DB" selected`)
}

// Every rule that hides figures is said at the filter, whatever it is called; what is
// no matter of the filter goes on to its own page.
func TestWhatIsAMatterOfTheFilter(t *testing.T) {
	var field errs.Fields
	field.Add("hospital", "error.measure.hospital")
	for _, x := range []struct {
		err error
		is  bool
	}{{errs.Refuse("disclosure.differencing", "error.disclosure.differencing", errs.Args{"k": 5}, "remedy.disclosure.differencing"), true},
		{errs.Refuse("disclosure.anything", "error.disclosure.conditions", nil), true}, {field.Err(), true},
		{errs.Refuse("measure.own", "error.measure.own", nil), false}, {errs.Missing("error.not_found"), false}, {errs.New(errs.Invalid, "error.request.query", nil), false}} {
		if ofFilter(x.err) != x.is {
			t.Errorf("%v: %v", x.err, !x.is)
		}
	}
	e := testEngine(t)
	for lang, want := range map[i18n.Lang][]string{
		i18n.Chinese: {"不能按这样的条件筛选", "这些条件与您以前看过的数字只相差不到 5 人", "请选择整月、整季、整年"},
		i18n.English: {"This filter cannot be used", "differ by fewer than 5 people", "Choose a whole month"},
	} {
		b := testBase(e, lang)
		f := filterForm(b, sampleDay(), nil)
		r := httptest.NewRequest(http.MethodGet, "/overview?programme=joint&from=2026-01-01&to=2026-01-31", nil)
		refusal := errs.Refuse("disclosure.differencing", "error.disclosure.differencing", errs.Args{"k": 5}, "remedy.disclosure.differencing")
		if err := showFilter(f, measure.Filter{}, refusal, r); err != nil || f.OK() || f.Raw("from") != "2026-01-01" {
			t.Fatalf("%v, %v", err, f.Problems())
		}
		board := sampleDeskBoard(b, flowsBoard(), reporting.Rights{Lists: true, Export: true}, 3)
		w := httptest.NewRecorder()
		if err := e.Render(w, r, f.Status(), "desk/board", newBoardPage(b, flowsBoard(), board, f)); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(w.Body.String(), text) || w.Code != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d without %q", lang, w.Code, text)
			}
		}
	}
}

// A condition that does not exist, or that stands twice, is refused by every page of
// figures and by its file; left out, it would show more than was asked for.
func TestAConditionNobodyKnowsIsRefused(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("song.zy", user.Official)
	hospital := "/desk/hospitals/" + s.ID(servicetest.Mountain).String()
	pages := []string{"/overview", "/desk/programmes/joint", hospital, "/desk/comparison", "/desk/flows", "/measures", "/measures/joint.patients"}
	others := []string{"/overview/export?format=csv", "/desk/programmes/joint/export?format=csv&chart=days", hospital + "/export?format=csv&chart=days", "/measures/export?format=csv", "/measures/joint.patients/export?format=csv",
		"/figures/joint.patients", "/figures/joint.patients/export?format=csv", "/figures/joint.readmission_90", "/figures/joint.readmission_90/export?format=csv", "/downloads?figure=joint.patients"}
	for _, query := range []string{"hospitall=" + ident.New().String(), "side=donor&side=receiving", "category=DB&surgeon=local&surgeon=local"} {
		for _, at := range slices.Concat(pages, others) {
			sign := "?"
			if strings.Contains(at, "?") {
				sign = "&"
			}
			got := b.get(at + sign + query)
			if got.status != http.StatusUnprocessableEntity || strings.Contains(got.body, "figure-rows") || !strings.Contains(got.body, "没有「hospitall」这个参数") && !strings.Contains(got.body, "写了不止一次") {
				t.Errorf("%s%s%s answers %d", at, sign, query, got.status)
			}
			if page := slices.Contains(pages, at); page != strings.Contains(got.body, `id="filter"`) {
				t.Errorf("%s: a filter to mend: %v", at, !page)
			}
		}
	}
	for path, status := range map[string]int{
		"/desk/programmes/joint?programme=cataract": http.StatusUnprocessableEntity, "/desk/programmes/joint?programme=": http.StatusOK, hospital + "?hospital=" + ident.New().String(): http.StatusUnprocessableEntity,
		"/overview?chart=days": http.StatusUnprocessableEntity, "/figures/joint.patients?part=denominator": http.StatusUnprocessableEntity, "/figures/joint.readmission_90?part=denominator": http.StatusOK,
	} {
		if got := b.get(path); got.status != status {
			t.Errorf("%s answers %d, want %d", path, got.status, status)
		}
	}
	key := ident.New().String()
	if got := b.post("/downloads", "_key", key, "figure", "joint.patients", "query", "hospitall=x", "format", "csv"); got.status != http.StatusUnprocessableEntity || s.Count(`select count(*) from download`) != 0 {
		t.Errorf("a file in the background: %d", got.status)
	}
}

// A hospital and a category nobody knows, and another programme than the measure's,
// are wrong at their boxes: they are no pages of errors and no figures of zero.
func TestAConditionThatNamesNothingIsWrongAtItsBox(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("song.zy", user.Official)
	for _, at := range []string{"/overview", "/desk/comparison", "/measures", "/measures/joint.patients"} {
		for query, box := range map[string]string{"category=ZZZ": `href="#f-category"`, "hospital=" + ident.New().String(): `href="#f-hospital"`} {
			got := b.get(at + "?" + query)
			if got.status != http.StatusUnprocessableEntity {
				t.Errorf("%s?%s answers %d", at, query, got.status)
			}
			contains(t, at+"?"+query, got, box, `id="filter"`)
		}
	}
	contains(t, "another programme", b.get("/measures/joint.patients?programme=cataract"), `href="#f-programme"`, `value="cataract" selected`)
	if got := b.get("/figures/joint.patients?category=ZZZ"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the list answers %d", got.status)
	}
	if got := b.get("/overview"); got.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", got.status, got.location)
	}
}

// The file of a measure has the part that was asked for, of the operations that were
// asked for; another part than it has does not exist.
func TestTheFileOfAMeasureIsOfWhatWasAskedFor(t *testing.T) {
	s := newSite(t)
	s.programme()
	s.Outcomes("own")
	b := s.reader("song.zy", user.Official)
	for path, status := range map[string]int{"part=zzz": http.StatusNotFound, "own=zzz": http.StatusNotFound, "own=1": http.StatusConflict, "part=months": http.StatusOK, "part=parts": http.StatusOK, "": http.StatusOK} {
		if got := b.get("/measures/quality.signed/export?format=csv&" + path); got.status != status {
			t.Errorf("%s answers %d, want %d", path, got.status, status)
		}
	}
	if got := b.get("/measures?group=joint&own=2"); got.status != http.StatusNotFound {
		t.Errorf("own=2 answers %d", got.status)
	}
}
