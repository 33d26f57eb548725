package webui

import (
	"archive/zip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// The page and the file of a group, the head of a list and the file of the list
// say the same of every measure.
func TestEveryMeasureIsTheSameOnThePageInItsListAndInTheFiles(t *testing.T) {
	s := newSite(t)
	for i := range 30 {
		s.Treat(servicetest.Treated{Programme: measure.Programmes()[i%3], At: servicetest.Places()[i%4], On: s.Today().AddDays(-i * 29), Joints: 1, State: "settled",
			Money: measure.Layers{Basic: 1000_00, Waiver: 50_00, Net: 10_00}})
	}
	s.Outcomes("d")
	b := s.reader("song.zy", user.Official)
	head := regexp.MustCompile(`<p class="figure"><b>([^<]*)</b><span>([^<]*)</span>`)
	for _, g := range measure.Groups() {
		page := b.get("/measures?group=" + string(g))
		file := readCSV(t, b.get("/measures/export?format=csv&group="+string(g)).body)
		if page.status != http.StatusOK || len(file) != len(measure.InGroup(g))+1 {
			t.Fatalf("%s: %d, %d lines", g, page.status, len(file))
		}
		figures := links(t, page.body, "/figures/")
		for _, line := range file[1:] {
			id, number, value, rests := line[0], line[2], strings.TrimSpace(line[2]+" "+line[3]), line[5]
			if strings.HasPrefix(number, "-") {
				value = strings.Replace(value, "-", "−", 1)
			}
			if strings.ReplaceAll(figures["/figures/"+id], ",", "") != value {
				t.Errorf("%s is %q in the file and %q on the page", id, value, figures["/figures/"+id])
			}
			if d, _ := measure.ByID(measure.ID(id)); d.Tallied() || !d.Rate() || !strings.Contains(rests, "/") || d.Kind == measure.EventRate {
				continue
			}
			list := b.get("/figures/" + id)
			shown := head.FindStringSubmatch(list.body)
			if list.status != http.StatusOK || shown == nil || strings.ReplaceAll(shown[1]+shown[2], " ", "") != strings.ReplaceAll(value, " ", "") {
				t.Errorf("%s: %d, its list shows %v, the page %s", id, list.status, shown, value)
			}
			events, of, _ := strings.Cut(rests, "/")
			if d, _ := measure.ByID(measure.ID(id)); d.Kind == measure.PopulationRate { // set against inhabitants, who are in no list
				of = events
			}
			for part, want := range map[string]string{"numerator": events, "denominator": of} {
				if n := len(readCSV(t, b.get("/figures/"+id+"/export?format=csv&part="+part).body)) - 1; countText(int64(n)) != want {
					t.Errorf("%s: %d rows in the %s, the figure says %s", id, n, part, want)
				}
			}
		}
	}
}

func TestAMeasureThatCannotBeAnsweredSaysSo(t *testing.T) {
	s := newSite(t)
	b := s.reader("song.zy", user.Official)
	page := b.get("/measures?group=joint")
	contains(t, "measures without cases", page, "这个条件下没有病例", "数据截止日")
	if strings.Contains(page.body, "NaN") {
		t.Error("NaN is shown")
	}
	contains(t, "another programme's filter", b.get("/measures?group=joint&programme=cataract"), "这个条件下没有指标")
	for path, want := range map[string]int{"/measures?group=village": http.StatusNotFound, "/measures/joint.eyes": http.StatusNotFound, "/figures/joint.death_30?part=half": http.StatusNotFound,
		"/measures/joint.death_30?by=village": http.StatusNotFound, "/measures?group=joint&own=1": http.StatusConflict, "/measures/joint.death_30": http.StatusOK} {
		if a := b.get(path); a.status != want {
			t.Errorf("%s answers %d, want %d", path, a.status, want)
		}
	}
	if wrong := b.get("/measures?group=joint&from=soon"); wrong.status != http.StatusUnprocessableEntity || strings.Contains(wrong.body, "joint.death_30") {
		t.Errorf("a wrong day: %d, and figures are shown", wrong.status)
	}
	donor := s.reader("hai.zy", user.OfficialDonor)
	if found := links(t, donor.get("/measures?group=access").body, "/figures/"); len(found) > 0 {
		t.Errorf("the donor side is led to lists: %v", found)
	}
}

// On the page the donor side sees what is hidden said in words, with the rule,
// and no small count in a tile, a part or the file.
func TestTheDonorSideSeesNoSmallReading(t *testing.T) {
	s := newSite(t)
	for i := range 20 {
		at := servicetest.Mountain
		if i < 3 {
			at = servicetest.MountainTwo
		}
		s.Treat(servicetest.Treated{Programme: measure.Joint, At: at, On: s.Today().AddDays(-400 - i), Joints: 1, State: "settled", Money: measure.Layers{Basic: 100, Net: 1}})
	}
	donor, office := s.reader("hai.zy", user.OfficialDonor), s.reader("song.zy", user.Official)
	rests := regexp.MustCompile(`>(?:[1-4]/\d+|\d+/3)<`)
	for _, path := range []string{"/measures/quality.signed", "/measures/quality.signed?by=hospital&programme=joint"} {
		page := donor.get(path)
		contains(t, "a part of three", page, "人数少，隐藏", "disclosure-4 restricted")
		if found := rests.FindString(page.body); found != "" || strings.Contains(page.body, "/figures/") {
			t.Errorf("%s shows %q or leads to a list", path, found)
		}
		for _, picture := range []string{"ch-trend-t", "ch-parts-t", "ch-funnel-t"} {
			if strings.Contains(page.body, picture) {
				t.Errorf("%s draws %s from what is left", path, picture)
			}
		}
		if all := office.get(path); !strings.Contains(all.body, "ch-parts-t") || !rests.MatchString(all.body) || strings.Contains(all.body, "人数少，隐藏") {
			t.Errorf("%s hides from the office", path)
		}
	}
	if a := donor.get("/figures/quality.signed"); a.status != http.StatusForbidden {
		t.Errorf("the list answers %d", a.status)
	}
}

// A sum of money says of how many person-times it is wherever it stands, when some are
// not settled; who sees no small counts is not told.
func TestASumOfMoneySaysHowManyAreSettledWhereverItStands(t *testing.T) {
	s := newSite(t)
	for i := range 20 {
		state := "settled"
		if i%7 == 3 {
			state = ""
		}
		s.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: s.Today().AddDays(-40 - i), Joints: 1, State: state, Money: measure.Layers{Basic: 1000_00, Fund: 200_00, Net: 10_00}})
	}
	office, donor := s.reader("song.zy", user.Official), s.reader("hai.zy", user.OfficialDonor)
	for path, said := range map[string]string{"/measures?group=money": `all\.reduction_fen(?s:.{0,300})>17/20<`, "/measures/export?group=money&format=csv": `all\.reduction_fen,.*,17,17/20,`,
		"/measures/all.reduction_fen": `结局已知</dt><dd>17/20<`, "/measures/all.reduction_fen?by=category": `>17</span></td><td class=" num"><span class="nowrap">17/20<`,
		"/desk/programmes/joint": `<span>结局已知</span><svg[^>]*><rect[^>]*></svg><span>17/20<`, "/desk/comparison": `<small>已知 17/20<`} {
		where := regexp.MustCompile(said)
		if page := office.get(path); page.status != http.StatusOK || !where.MatchString(page.body) {
			t.Errorf("%s: %d, without 17/20", path, page.status)
		}
		if page := donor.get(path); page.status != http.StatusOK || where.MatchString(page.body) || strings.Contains(page.body, "17/20") {
			t.Errorf("%s: %d, and the donor side is told 17/20", path, page.status)
		}
	}
	contains(t, "the list", office.get("/figures/all.reduction_fen"), "结局已知", "17/20", "未结算的人次算作未知")
	if !strings.Contains(unzipped(t, office.get("/figures/all.reduction_fen/export?format=xlsx").body), "17/20") {
		t.Error("the file does not say of how many the sum is")
	}
	if rows := readCSV(t, office.get("/figures/all.reduction_fen/export?format=csv").body); len(rows) != 21 {
		t.Errorf("the list has %d rows", len(rows)-1)
	}
}

// unzipped is all there is in a workbook.
func unzipped(t *testing.T, raw string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&out, r); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// The page of a measure draws its months, its hospitals with intervals and the
// funnel, each with a finding, a table and a file; joints get their curve.
func TestAMeasureIsDrawnWithItsFinding(t *testing.T) {
	s := newSite(t)
	for i := range 60 {
		s.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Places()[i%2], On: s.Today().AddDays(-400 - i*8), Joints: 1, State: "settled", Money: measure.Layers{Basic: 100, Net: 1}})
	}
	b := s.reader("song.zy", user.Official)
	for path, want := range map[string][]string{
		"/measures/quality.signed":       {"ch-trend-t", "ch-parts-t", "ch-funnel-t", "精确二项分布", "p 图", "part=months"},
		"/measures/joint.revision_365":   {"ch-survival-t", "在险数"},
		"/measures/joint.revision_rate":  {"ch-parts-t"},
		"/measures/cataract.good_618":    {"这个条件下没有病例"},
		"/measures/access.screened":      {"数据截止日"},
		"/measures/joint.joints?by=side": {"ch-trend-t"},
	} {
		page := b.get(path)
		contains(t, path, page, want...)
		if strings.Contains(page.body, "NaN") || strings.Contains(page.body, "ch-funnel-t") && !strings.Contains(path, "signed") {
			t.Errorf("%s draws what is not there", path)
		}
	}
	file := readCSV(t, b.get("/measures/quality.signed/export?format=csv&part=months").body)
	if months := strings.Count(b.get("/measures/quality.signed?by=month").body, "/figures/quality.signed?month="); len(file) < 10 || months == 0 {
		t.Errorf("%d lines, %d months", len(file), months)
	}
}

// TestATitleNamesNoneOfSeveralEquals: two are both named, more are counted.
func TestATitleNamesNoneOfSeveralEquals(t *testing.T) {
	e := testEngine(t)
	for lang, titles := range map[i18n.Lang][3]string{
		i18n.Chinese: {"手术最多的一天是2026年7月3日，2 台", "手术最多的是2026年7月1日和2026年7月3日，各 2 台", "手术最多的有 3 天，各 2 台"},
		i18n.English: {"The busiest day was 3 Jul 2026: 2 operations", "The busiest days were 1 Jul 2026 and 3 Jul 2026: 2 operations each", "3 days had the most: 2 operations each"},
	} {
		for i, counts := range [][]int64{{1, 1, 2}, {2, 1, 2}, {2, 2, 2}} {
			c := deskCharts{Base: testBase(e, lang)}
			c.b.At.Lock = clock.MustDate(2026, 8, 1)
			for d, n := range counts {
				c.b.Days = append(c.b.Days, reporting.DayCount{On: clock.MustDate(2026, 7, 1+d), N: n})
			}
			if got := c.calendar().d.Title; got != titles[i] {
				t.Errorf("%v: %q, want %q", counts, got, titles[i])
			}
		}
	}
}

// TestACUSUMSaysWhatItIsHeldAgainst: the chart beside it may judge the same cases
// by their own share and find nothing.
func TestACUSUMSaysWhatItIsHeldAgainst(t *testing.T) {
	for lang, want := range map[i18n.Lang][2]string{i18n.Chinese: {"目标 5.00%", "全部病例的 5.00%"}, i18n.English: {"the target of 5.00%", "the 5.00% of all cases"}} {
		for i, target := range []bool{true, false} {
			c := deskCharts{Base: testBase(testEngine(t), lang)}
			seq := sampleSequence(60)
			seq.Target = target
			c.b.Sequences = map[measure.ID]reporting.Sequence{"cataract.rupture": seq}
			if got := c.cusum("cataract.rupture").d.Title; !strings.Contains(got, want[i]) {
				t.Errorf("%q does not say %q", got, want[i])
			}
		}
	}
}
