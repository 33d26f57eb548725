package webui

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// reader signs somebody in with one role over the whole partnership.
func (s *site) reader(name string, role user.Role) *browser {
	s.t.Helper()
	s.account(name, servicetest.Mountain, user.Assignment{Role: role, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	b := s.browser()
	want(s.t, "signing in", b.signIn(name), http.StatusSeeOther, "/settings")
	return b
}

// links are the addresses of a page below a prefix, with their text.
func links(t *testing.T, body, prefix string) map[string]string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "a" && strings.HasPrefix(attr(n, "href"), prefix) {
			if href := attr(n, "href"); found[href] == "" {
				found[href] = strings.TrimSpace(textOf(n))
			}
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			walk(k)
		}
	}
	walk(root)
	return found
}

func (s *site) programme() {
	for i := range 3 {
		s.Treat(servicetest.Treated{Name: "向田秀", Programme: measure.Joint, At: servicetest.Mountain, On: s.Today().AddDays(-40 * i), Joints: 1, State: "settled",
			Category: "DB", Visiting: i == 0, Money: measure.Layers{Basic: 30_000_00, Fund: 20_000_00, Net: 500_00}})
	}
	person := s.Treat(servicetest.Treated{Programme: measure.Cataract, At: servicetest.Sea, On: s.Today(), Joints: 1, State: "settled", Money: measure.Layers{Basic: 1_00}})
	s.Treat(servicetest.Treated{Person: person, Programme: measure.Cataract, At: servicetest.MountainTwo, On: s.Today(), Joints: 1})
}

// Every figure on the page opens a list, and the list says the same number.
func TestEveryFigureOpensItsList(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("song.zy", user.Official)
	page := b.get("/overview")
	if page.status != http.StatusOK {
		t.Fatalf("%d %s", page.status, page.body)
	}
	contains(t, "the overview", page, "关节置换", "各行相加会重复 1 人", "151,501.00", "看数据表", "ch-months")
	figures := links(t, page.body, "/figures/")
	if len(figures) < 40 {
		t.Errorf("%d figures lead to a list", len(figures))
	}
	for href, text := range figures {
		if text == "查病例" { // under a chart; the same list is behind the total
			continue
		}
		list := b.get(href)
		shown := regexp.MustCompile(`<p class="figure"><b>([^<]*)</b>`).FindStringSubmatch(list.body)
		if list.status != http.StatusOK || shown == nil || shown[1] != text {
			t.Errorf("%s is %s on the overview; its list: %d %v", href, text, list.status, shown)
		}
		if rows := strings.Count(list.body, `<th scope="row"`); strings.Contains(href, "patients") && countText(int64(rows)) != text {
			t.Errorf("%s has %d rows, the figure is %s", href, rows, text)
		}
		if strings.Contains(list.body, "向田秀") {
			t.Errorf("%s shows an official a whole name", href)
		}
	}
}

// The brief comes after the page. With scripts it is the block of the same address,
// without them a link opens the page with it: both are the same to the letter.
func TestTheBriefComesAfterThePageAndIsTheSameWithoutScripts(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("song.zy", user.Official)
	page := b.get("/overview")
	at := regexp.MustCompile(`data-later="([^"]*)"`).FindStringSubmatch(page.body)
	if at == nil || strings.Contains(page.body, "brief-alerts") {
		t.Fatal("the page waited for its brief")
	}
	address := html.UnescapeString(at[1])
	contains(t, "the page without its brief", page, `<a href="`+at[1]+`">`, "正在计算", "不等于没有数据")
	whole := b.get(address)
	contains(t, "the page with its brief", whole, "brief-alerts", "比上月的变化", "关节置换")
	ask, err := http.NewRequest(http.MethodGet, s.url+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("HX-Request", "true")
	block := b.do(ask)
	if block.status != http.StatusOK || !strings.Contains(block.body, "brief-alerts") || strings.Contains(block.body, "<h1") {
		t.Fatalf("the block answers %d: %s", block.status, block.body)
	}
	if !strings.Contains(whole.body, strings.TrimSpace(block.body)) {
		t.Errorf("the block is not what the page says:\n%s", block.body)
	}
	ask, err = http.NewRequest(http.MethodGet, s.url+"/overview?programme=joint&brief=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("HX-Request", "true")
	b.do(ask)
	if got := b.get("/overview"); got.status != http.StatusOK {
		t.Errorf("the block of an older page brought its conditions back: %d %s", got.status, got.location)
	}
	for _, path := range []string{"/overview?programme=joint&brief=1", "/overview?month=" + s.Today().String()[:7] + "&brief=1"} {
		if got := b.get(path); got.status != http.StatusOK || strings.Contains(got.body, "data-later") || !strings.Contains(got.body, "brief-alerts") {
			t.Errorf("%s has no brief", path)
		}
	}
}

// A filter that cannot be read is said so: it is not left out, nothing falls over, and
// the page opens again without it.
func TestAFilterNobodyCanReadIsNotLeftOut(t *testing.T) {
	s := newSite(t)
	b := s.reader("song.zy", user.Official)
	for _, query := range []string{"month=0000-01", "month=2026-13", "hospital=abc;x", "hospital=%zz", "from=2026-06-01%", "programme=joint&side=donor;", "hospital=" + ident.New().String()} {
		for _, at := range []string{"/overview", "/desk/comparison", "/measures", "/measures/joint.patients", "/measures/joint.patients/export", "/figures/joint.patients", "/figures/joint.patients/export"} {
			if strings.HasSuffix(at, "/export") {
				at += "?format=csv&"
			} else {
				at += "?"
			}
			if got := b.get(at + query); got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
				t.Errorf("%s%s: %d", at, query, got.status)
			}
		}
	}
	if got := b.get("/overview"); got.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", got.status, got.location)
	}
}

// The whole beside its parts, whatever somebody chose to see it by.
func TestAChosenDimensionCountsOnce(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.Treat(servicetest.Treated{Programme: []measure.Programme{measure.Joint, measure.Cataract, measure.Coronary}[i%3], At: servicetest.Mountain, On: s.Today().AddDays(-400 + 3*i), Joints: 1})
	}
	desk := s.server.d.Reporting
	if err := desk.FoldSummary(t.Context(), s.Partnership.ID); err != nil {
		t.Fatal(err)
	}
	for _, by := range []measure.Dimension{measure.ByProgramme, measure.ByMonth, measure.ByHospital} {
		o, err := desk.Overview(t.Context(), s.Official(), reporting.OverviewInput{By: by})
		if err != nil {
			t.Fatal(err)
		}
		var parts int64
		at := slices.IndexFunc(o.Table.Definitions, func(d measure.Definition) bool { return d.Unit == measure.Operations })
		for _, g := range o.Table.Groups {
			parts += g.Values[at].Value.Int64()
		}
		if parts != 6 || o.Table.Total.Values[at].Value.Int64() != 6 {
			t.Errorf("by %s: the parts are %d, the whole %d, of 6", by, parts, o.Table.Total.Values[at].Value.Int64())
		}
	}
}

// The brief reads patients, operations and money from the summary and not from the
// records, and every figure of it is the one on the measure's own page.
func TestTheBriefIsWhatTheMeasuresSay(t *testing.T) {
	s := newSite(t)
	for i := range 24 {
		s.Treat(servicetest.Treated{Programme: []measure.Programme{measure.Joint, measure.Cataract, measure.Coronary}[i%3], At: servicetest.Mountain, On: s.Today().AddDays(-400 + 3*i), Joints: 1})
	}
	s.Outcomes("brief")
	desk := s.server.d.Reporting
	if err := desk.FoldSummary(t.Context(), s.Partnership.ID); err != nil {
		t.Fatal(err)
	}
	_, all := briefMeasures()
	for _, f := range []measure.Filter{{}, {Programme: measure.Joint}, {Month: s.Today().String()[:7]}, {HospitalID: s.ID(servicetest.Mountain)}} {
		board, err := desk.Board(t.Context(), s.Official(), reporting.BoardInput{Measures: all, Filter: f, Funds: true})
		if err != nil || board.Path != measure.FromSummary {
			t.Errorf("%q was read from %q: %v", f.Query(), board.Path, err)
		}
	}
	b := s.reader("song.zy", user.Official)
	block := b.get("/overview?programme=&brief=1")
	tiles := regexp.MustCompile(`(?s)measure-tile">.*?href="(/measures/[^"]*)".*?<p class="figure">(.*?)</p>`).FindAllStringSubmatch(block.body, -1)
	if len(tiles) == 0 {
		t.Fatal("no tile in the brief")
	}
	figure := func(html string) string { return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, "") }
	measured := 0
	for _, x := range tiles {
		if strings.Contains(x[2], "%") {
			measured++
		}
		page := b.get(html.UnescapeString(x[1]))
		own := regexp.MustCompile(`(?s)<p class="figure">(.*?)</p>`).FindStringSubmatch(page.body)
		if page.status != http.StatusOK || own == nil || !strings.HasPrefix(figure(own[1]), figure(x[2])) {
			t.Errorf("%s is %q in the brief, on its own page %q (%d)", x[1], figure(x[2]), own, page.status)
		}
	}
	if measured < 3 {
		t.Errorf("only %d rates were compared", measured)
	}
}

// outOfOrder makes what rates are counted from unreadable, and gives the way back.
func (s *site) outOfOrder() (back func()) {
	s.Exec(`revoke select on complication from shanhai_app`)
	back = func() { s.Exec(`grant select on complication to shanhai_app`) }
	s.t.Cleanup(back)
	return back
}

// A brief that cannot be read is an error, not a page without data; the figures of
// the summary are there all the same.
func TestABriefThatFailsIsNoEmptyBrief(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("song.zy", user.Official)
	s.outOfOrder()
	page := b.get("/overview")
	contains(t, "the page without the brief", page, "151,501.00", `data-failed="这一部分没有读出来，不等于没有数据。"`)
	for _, header := range []string{"", "true"} {
		ask, err := http.NewRequest(http.MethodGet, s.url+"/overview?programme=&brief=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		ask.Header.Set("HX-Request", header)
		if got := b.do(ask); got.status != http.StatusInternalServerError || strings.Contains(got.body, "没有手术记录") {
			t.Errorf("a brief that failed (fragment: %q) answers %d", header, got.status)
		}
	}
}

func TestDonorSideSeesFiguresWithoutLists(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("hai.zy", user.OfficialDonor)
	page := b.get("/overview")
	contains(t, "the overview", page, ">*<", "disclosure-4 restricted k=5")
	if strings.Contains(page.body, "151,501.00") {
		t.Error("money of few people is shown")
	}
	if found := links(t, page.body, "/figures/"); len(found) > 0 {
		t.Errorf("links to lists: %v", found)
	}
	if list := b.get("/figures/joint.patients"); list.status != http.StatusForbidden {
		t.Errorf("the list answers %d", list.status)
	}
	if file := b.get("/figures/joint.patients/export?format=csv"); file.status != http.StatusForbidden {
		t.Errorf("the list's file answers %d", file.status)
	}
}

func TestFilterOfTheOverview(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("song.zy", user.Official)
	page := b.get("/overview?programme=joint&surgeon=visiting&by=category")
	contains(t, "the filtered overview", page, `value="joint" selected`, `value="visiting" selected`, "低保对象", "20,000.00", "关节数")
	if strings.Contains(page.body, "只眼") {
		t.Error("eyes are shown under joints")
	}
	month := b.get("/overview?month=" + s.Today().String()[:7])
	contains(t, "a month", month, `name="from" value="`+s.Today().String()[:7]+`-01"`)
	wrong := b.get("/overview?programme=joint&from=soon")
	if wrong.status != http.StatusUnprocessableEntity || strings.Contains(wrong.body, "figure-rows") {
		t.Errorf("a wrong day: %d, and figures are shown", wrong.status)
	}
	contains(t, "the page after a wrong day", wrong, `value="soon"`, `value="joint" selected`)
	for _, path := range []string{"/overview?by=village", "/overview/export?format=pdf", "/overview/export", "/figures/joint.eyes"} {
		if a := b.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, a.status)
		}
	}
}

func TestLongListIsReadPageByPage(t *testing.T) {
	s := newSite(t)
	for i := range 52 {
		s.Treat(servicetest.Treated{Name: "阿卜杜热合曼·买买提依明江·吐尔逊尼亚孜汗", Programme: measure.Coronary, At: servicetest.Mountain, On: s.Today().AddDays(-i), Joints: 1})
	}
	b := s.reader("song.zy", user.Official)
	first := b.get("/figures/coronary.patients")
	contains(t, "the first page", first, "全部 52 行", "下一页")
	next := links(t, first.body, "/figures/coronary.patients?after=")
	if len(next) != 1 || strings.Count(first.body, `<th scope="row"`) != 50 {
		t.Fatalf("%d rows, next %v", strings.Count(first.body, `<th scope="row"`), next)
	}
	for href := range next {
		second := b.get(href)
		contains(t, "the second page", second, "回到开头")
		if n := strings.Count(second.body, `<th scope="row"`); n != 2 {
			t.Errorf("%d rows on the second page", n)
		}
	}
}

// The files say what the page says.
func TestFilesHoldTheNumbersOfThePage(t *testing.T) {
	s := newSite(t)
	s.programme()
	b := s.reader("song.zy", user.Official)
	file := b.get("/overview/export?format=csv&programme=joint")
	if !strings.Contains(file.header.Get("Content-Disposition"), `attachment; filename="overview-2`) || file.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("headers %v", file.header)
	}
	lines := readCSV(t, file.body)
	if !hasLine(lines, "joint.reduction_fen", "60000.00") || !hasLine(lines, "joint.patients", "合计", "3") || !hasLine(lines, "joint.patients", s.Today().String()[:7], "1") {
		t.Errorf("%v", lines)
	}
	list := readCSV(t, b.get("/figures/joint.net_fen/export?format=csv").body)
	sum := money.Fen(0)
	for _, l := range list[1:] {
		amount, err := money.Parse(l[len(l)-1])
		if err != nil {
			t.Fatal(err)
		}
		sum += amount
	}
	if len(list) != 4 || sum != 1500_00 || list[1][1] != "向**" {
		t.Errorf("sum %s of %v", sum, list)
	}
	cells := workbook(t, b.get("/overview/export?format=xlsx").body)
	for _, text := range []string{"填报单位：", "数据截至", "制表人 测试员", "本账号可见的全部数据", "joint.reduction_fen", "60000", "各行相加会重复 1 人", "合计"} {
		if !strings.Contains(cells, text) {
			t.Errorf("the workbook lacks %q: %s", text, cells)
		}
	}
	cells = workbook(t, b.get("/figures/joint.net_fen/export?format=xlsx&category=DB").body)
	for _, text := range []string{"条件：项目 关节置换；人群类别 低保对象", "关节置换个人实付：1,500.00 元", "向**", "1500"} {
		if !strings.Contains(cells, text) {
			t.Errorf("the list's workbook lacks %q: %s", text, cells)
		}
	}
	if n := s.Count(`select count(*) from audit_event where action = 'export.make' and (detail::jsonb ->> 'rows')::int > 0`); n != 4 {
		t.Errorf("%d exports are recorded", n)
	}
}

func readCSV(t *testing.T, body string) [][]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	return lines
}

// hasLine reports whether a line begins with the id and holds all values.
func hasLine(lines [][]string, id string, values ...string) bool {
	for _, l := range lines {
		text := "|" + strings.Join(l, "|") + "|"
		ok := l[0] == id
		for _, v := range values {
			ok = ok && strings.Contains(text, "|"+v+"|")
		}
		if ok {
			return true
		}
	}
	return false
}

// workbook is all texts of an xlsx file in one string.
func workbook(t *testing.T, body string) string {
	t.Helper()
	book, err := sheet.OpenReader(strings.NewReader(body), int64(len(body)), "x.xlsx", sheet.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, tab := range book.Sheets() {
		err := tab.Rows(t.Context(), func(row sheet.Row) error {
			for _, c := range row.Cells {
				fmt.Fprintf(&out, "%s ", c.Text)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 307: "307", 1234: "1,234", 1234567: "1,234,567", -1234: "−1,234", -123: "−123"} {
		if got := countText(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
	if percentOf(900, 100000) != "0.9%" || percentOf(1, 3) != "33.3%" || percentOf(2, 3) != "66.7%" || percentOf(1, 0) != "" {
		t.Errorf("shares %s %s %s", percentOf(900, 100000), percentOf(1, 3), percentOf(2, 3))
	}
}

// The list of a hospital's surgeons gives its file to the head who sees the page,
// and to nobody else.
func TestTheSurgeonsOfAHospitalAsAFile(t *testing.T) {
	s := newSite(t)
	s.programme()
	doctor := s.Doctor(servicetest.Mountain)
	s.Run(`update procedure set lead_id = $3, team = array[$3::uuid] where partnership_id = $1 and hospital_id = $2`, s.Partnership.ID, s.ID(servicetest.Mountain), doctor.PractitionerID)
	s.account("head.zy", servicetest.Mountain, user.Assignment{Role: user.HospitalHead, ScopeKind: user.ScopeHospital, ScopeID: s.ID(servicetest.Mountain), PartnershipID: s.Partnership.ID})
	head := s.browser()
	want(t, "signing in", head.signIn("head.zy"), http.StatusSeeOther, "/settings")
	page := head.get("/desk/surgeons?programme=joint")
	file := regexp.MustCompile(`href="(/desk/surgeons/export\?[^"]*format=csv)"`).FindStringSubmatch(page.body)
	if file == nil || !strings.Contains(file[1], "programme=joint") {
		t.Fatalf("the page gives no file: %v", file)
	}
	got := head.get(html.UnescapeString(file[1]))
	contains(t, "the file", got, "主刀手术", "本地医生主刀", s.Today().String())
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.body, "\uFEFF"))).ReadAll()
	if err == nil && (len(rows) != 2 || rows[1][3] != "3") {
		err = fmt.Errorf("%v", rows)
	}
	if err != nil {
		t.Error(err)
	}
	for _, format := range []string{"xlsx", "csv"} {
		official := s.reader("song."+format, user.Official)
		if got := official.get("/desk/surgeons/export?format=" + format); got.status != http.StatusForbidden {
			t.Errorf("an official got the file of a hospital's surgeons: %d", got.status)
		}
	}
}
