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
func (p *premises) deskAddresses(v *visitor, report string) []string {
	out := []string{"/overview", "/measures", "/desk/programmes/joint", "/desk/programmes/cataract", "/desk/programmes/coronary", "/desk/hospitals/" + p.ID(servicetest.Mountain).String(),
		"/desk/comparison", "/desk/flows", "/desk/references", "/reports", "/downloads"}
	if report != "" {
		out = append(out, "/reports/"+report)
	}
	if v.name == "head" {
		out = append(out, "/desk/surgeons", "/desk/surgeons/"+p.objects["surgeons"])
	}
	kinds := map[measure.Kind]bool{}
	for _, d := range measure.Definitions() {
		if !kinds[d.Kind] {
			kinds[d.Kind] = true
			out = append(out, "/measures/"+string(d.ID), "/figures/"+string(d.ID), "/measures/"+string(d.ID)+"?by=month")
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
// no name of a message and no empty frame.
func TestTheDeskIsSensibleOnThinData(t *testing.T) {
	p := openPremises(t)
	look := func(what string, names ...string) {
		for _, name := range names {
			v, report := p.as(name), ""
			if name == "offi" {
				report = p.objects["reports"]
			}
			for _, lang := range []string{"zh-CN", "en"} {
				p.speak(v, lang)
				for _, path := range p.deskAddresses(v, report) {
					code, raw := p.knockAt(v, http.MethodGet, path)
					if code != http.StatusOK {
						if name == "offi" || code != http.StatusNotFound && code != http.StatusForbidden {
							t.Errorf("%s: %s in %s at %s: %d", what, name, lang, path, code)
						}
						continue
					}
					page := shownPart(raw)
					if bad := unfit.FindStringIndex(page); bad != nil {
						t.Errorf("%s: %s in %s at %s shows %q: …%s…", what, name, lang, path, page[bad[0]:bad[1]], page[max(0, bad[0]-160):min(len(page), bad[1]+60)])
					}
				}
			}
		}
	}
	look("no case", "offF")
	look("one case", "offi", "adm", "head")
	for i := range 3 {
		p.Treat(servicetest.Treated{Programme: measure.Programmes()[i], At: servicetest.Mountain, On: p.Today().AddDays(-40 * i), Joints: 1, State: "settled",
			Money: measure.Layers{Basic: 1_000_000, Fund: 300_000, Net: 4_000}})
	}
	look("one hospital", "offi")
}

// shownPart is a page without what nobody sees: scripts, styles and values of fields.
func shownPart(page string) string {
	_, page, _ = strings.Cut(page, "<body")
	return regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>`).ReplaceAllString(page, "")
}
