package acceptance

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// fetch gets a file with the person's session and gives its bytes back.
func (p *person) fetch(path string) []byte {
	p.t.Helper()
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(async () => { const r = await fetch('`+path+`'); if (!r.ok) return 'status ' + r.status;
		let s = ''; for (const b of new Uint8Array(await r.arrayBuffer())) s += String.fromCharCode(b); return btoa(s) })()`, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	raw, err := base64.StdEncoding.DecodeString(got)
	if err != nil {
		p.t.Fatalf("%s: %s", path, cut(got))
	}
	return raw
}

// TestJourney4OfficialsReview: from the overview to a figure, to the list of the
// cases behind it, to the funnel of hospitals, and to Excel and PDF, with the same
// numbers everywhere.
func TestJourney4OfficialsReview(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	official := o.as("official")
	official.open("/overview")
	official.says("307", "332", "8,480,000.00", "86", "225")
	official.waitFor(`!!document.querySelector(".brief-alerts")`) // the brief comes after the page
	official.says("需要您看的", "比上月的变化", "资金还有多少")

	// The filter stays with the person, and is in the address.
	official.open("/overview?programme=joint")
	official.open("/measures")
	official.open("/overview")
	if at := official.eval(`location.search`); !strings.Contains(at, "programme=joint") {
		t.Errorf("the overview opened as %s", at)
	}
	official.open("/overview?programme=")
	official.open("/overview")
	if at := official.eval(`location.search`); strings.Contains(at, "programme=joint") {
		t.Errorf("the filter was cleared, and the overview opened as %s", at)
	}

	// The figure, and the list behind it.
	official.open("/desk/programmes/joint")
	official.says("站立行动成效", "90 天再入院", "按医院统计")
	figure := official.eval(`document.querySelector('a[href^="/figures/joint.readmission_90"]').getAttribute('href')`)
	rests := official.eval(`document.querySelector('a[href^="/figures/joint.readmission_90"]').closest('.measure-tile').querySelector('.meta').textContent`)
	events, of, ok := strings.Cut(strings.SplitN(rests, "、", 2)[0], "/")
	if !ok {
		t.Fatalf("the tile rests on %q", rests)
	}
	official.open(figure)
	if rows := official.eval(`String(document.querySelectorAll('#table tbody tr').length)`); rows != strings.TrimSpace(events) {
		t.Errorf("the tile says %s of %s, the list has %s rows", events, of, rows)
	}

	// The funnel, its table and its file.
	official.open("/desk/programmes/joint")
	if drawn := official.eval(`document.querySelector('#chart-joint-readmission-90-funnel svg').textContent`); !strings.Contains(drawn, "云岭人民") {
		t.Errorf("the funnel has no hospitals: %s", drawn)
	}
	csv := official.eval(`document.querySelector('#chart-joint-readmission-90-funnel a[href*="format=csv"]').getAttribute('href')`)
	if file := string(official.fetch(csv)); !strings.Contains(file, "医院") {
		t.Errorf("the file of the funnel is %q", cut(file))
	}

	// Excel has the same three numbers.
	book := official.fetch("/overview/export?by=hospital&format=xlsx&profile=exact")
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var cells strings.Builder
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "xl/worksheets/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&cells, r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	for _, want := range []string{">307<", ">332<", ">8480000<"} {
		if !strings.Contains(cells.String(), want) && !strings.Contains(cells.String(), strings.TrimSuffix(want, "<")+".00<") {
			t.Errorf("the workbook does not have %s", want)
		}
	}

	// The report of a year, and again: the same bytes, the same figures.
	link := official.report("year", "2025-06-30")
	first, second := official.fetch(link), official.fetch(link)
	if !bytes.Equal(first, second) || !bytes.HasPrefix(first, []byte("%PDF")) {
		t.Errorf("two makings of one report differ: %d and %d bytes", len(first), len(second))
	}
	year := strings.ReplaceAll(official.figureOf("/figures/joint.patients?from=2025-01-01&to=2025-12-31"), ",", "")
	if text := pdfText(t, first); !strings.Contains(strings.ReplaceAll(text, ",", ""), year) || !strings.Contains(text, "结局与质量") {
		t.Errorf("the report does not have the %s patients of the year", year)
	}
	if word := official.fetch(strings.Replace(link, "format=pdf", "format=docx", 1)); !bytes.HasPrefix(word, []byte("PK")) {
		t.Error("no Word file")
	}

	// Without lists there are figures, and what is hidden has no list.
	donor := o.as("official-donor")
	if status := donor.open("/desk/programmes/joint"); status != 200 {
		t.Errorf("the donor side's official: %d", status)
	}
	if n := donor.eval(`String(document.querySelectorAll('main a[href^="/figures/"]').length)`); n != "0" {
		t.Errorf("%s lists are offered to who may open none", n)
	}
	if status := donor.open("/desk/surgeons"); status != 403 {
		t.Errorf("surgeons for the donor side: %d", status)
	}
}

// report has a report made of the time around a day and answers where its PDF is.
func (p *person) report(kind, day string) string {
	p.t.Helper()
	p.open("/reports")
	p.pick("kind", kind)
	p.fill("day", day)
	p.press("")
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for range 80 {
		p.open("/reports")
		if link := p.eval(`(document.querySelector('a[href$="format=pdf"]') || {getAttribute() { return '' }}).getAttribute('href')`); link != "" {
			return link
		}
		<-again.C
	}
	p.t.Fatal("the report is not made")
	return ""
}

// pdfText is what a PDF says, as a search finds it.
func pdfText(t *testing.T, raw []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("pdftotext is not installed: run make deps")
	}
	cmd := exec.Command(tool, "-", "-")
	cmd.Stdin = bytes.NewReader(raw)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// figureOf is the large figure of a list's page.
func (p *person) figureOf(path string) string {
	p.t.Helper()
	p.open(path)
	return p.eval(`document.querySelector('.figure-head .figure b').textContent.trim()`)
}
