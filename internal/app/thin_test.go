package app

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// unfit is what no page may show: numbers that are none, formats that failed,
// names of messages in place of words, and frames with nothing in them.
var unfit = regexp.MustCompile(`NaN|[-+]Inf\b|∞|%!|&lt;nil&gt;|undefined|>(?:board|desk|brief|measures?|overview|report|pack)\.[a-z_.]+<|` +
	`<svg[^>]*></svg>|<tbody>\s*</tbody>|<div class="card[^"]*">\s*</div>|<section class="card[^"]*">\s*</section>|<figcaption>\s*</figcaption>|<h[1-6][^>]*>\s*</h[1-6]>`)

// deskAddresses are all pages of the desk, for one of its readers.
func (p *premises) deskAddresses(v *visitor) []string {
	out := []string{"/overview", "/measures", "/desk/programmes/joint", "/desk/programmes/cataract", "/desk/programmes/coronary", "/desk/hospitals/" + p.ID(servicetest.Mountain).String(),
		"/desk/comparison", "/desk/flows", "/desk/references", "/reports", "/downloads"}
	if v.name == "head" {
		out = append(out, "/desk/surgeons", "/desk/surgeons/"+p.objects["surgeons"])
	}
	kinds := map[measure.Kind]bool{}
	for _, d := range measure.Definitions() {
		if !kinds[d.Kind] {
			kinds[d.Kind] = true
			out = append(out, "/measures/"+string(d.ID), "/figures/"+string(d.ID))
		}
	}
	return out
}

// speak lets a visitor read in a language.
func (p *premises) speak(v *visitor, lang string) {
	p.T.Helper()
	p.Exec(`update account set language = $1 where id = $2`, lang, v.who.AccountID)
	p.enter(v)
}

// The desk of a partnership without a case, with one case, and with a few at one
// hospital: every page answers, and shows no number that is none, no failed format,
// no name of a message and no empty frame. A refused question is no empty answer.
func TestTheDeskIsSensibleOnThinData(t *testing.T) {
	for _, bad := range []string{"<b>NaN%</b>", "%!d(string=3)", "<td>-Inf</td>", "<h2>board.title</h2>", `<div class="card half"> </div>`, "<tbody>\n</tbody>"} {
		if !unfit.MatchString(bad) {
			t.Errorf("%q would not be seen", bad)
		}
	}
	p := openPremises(t)
	look := func(what, name string, languages ...string) {
		v := p.as(name)
		for _, lang := range languages {
			p.speak(v, lang)
			for _, path := range p.deskAddresses(v) {
				code, raw := p.knockAt(v, http.MethodGet, path)
				// Another partnership has no such hospital, and a head no references.
				if name != "offi" && (code == http.StatusNotFound || code == http.StatusForbidden) {
					continue
				}
				if code != http.StatusOK {
					t.Errorf("%s: %s in %s at %s: %d", what, name, lang, path, code)
					continue
				}
				page := shownPart(raw)
				if bad := unfit.FindStringIndex(page); bad != nil {
					t.Errorf("%s: %s in %s at %s shows %q: …%s…", what, name, lang, path, page[bad[0]:bad[1]], page[max(0, bad[0]-160):min(len(page), bad[1]+60)])
				}
			}
		}
	}
	look("no case", "offF", "en")
	p.Other.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: p.Today(), Joints: 1, State: "settled", Money: measure.Layers{Basic: 1_000_000, Fund: 300_000, Net: 4_000}})
	look("one case", "offF", "zh-CN", "en")
	look("one hospital", "offi", "en")
	look("one hospital", "adm", "zh-CN")
	look("one hospital", "head", "zh-CN")

	official := p.as("offi")
	p.speak(official, "zh-CN")
	if page := p.body(official, "/measures/joint.death_30"); !strings.Contains(page, "还没有可算的病例") || strings.Contains(page, "这个条件下没有病例") {
		t.Error("cases that are left out are called none")
	}
	for _, path := range []string{"/overview", "/measures", "/measures/joint.death_30", "/figures/joint.death_30", "/figures/joint.patients", "/desk/programmes/joint", "/desk/comparison", "/desk/flows"} {
		code, raw := p.knockAt(official, http.MethodGet, path+"?from=soon")
		if code != http.StatusUnprocessableEntity && code != http.StatusBadRequest || strings.Contains(raw, "没有手术记录") || strings.Contains(raw, "没有病例") {
			t.Errorf("%s with a wrong day: %d, and a wrong question is answered with nothing found", path, code)
		}
	}
}

// shownPart is a page without what nobody sees: scripts, styles and values of fields.
func shownPart(page string) string {
	_, page, _ = strings.Cut(page, "<body")
	return regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>`).ReplaceAllString(page, "")
}
