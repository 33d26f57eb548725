//go:build uifull

package webui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// lengthen makes every text of a page two fifths longer, as another language or a
// longer name would: by a word more, or where there is one word by its beginning.
const lengthen = `(() => {
	const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (n) => n.parentElement.closest("script, style, svg, textarea, .vh, .opt, option") || n.data.trim().length < 3 ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
	const nodes = []; while (all.nextNode()) nodes.push(all.currentNode);
	for (const n of nodes) { const s = n.data.trim(), more = s.slice(0, Math.ceil(s.length * .4)); n.data = n.data.replace(/\s*$/, (end) => (s.includes(" ") ? " " : "") + more.trim() + end) }
	document.querySelectorAll("main details:not([open])").forEach((e) => { e.open = true });
	return "" })()`

// cutOff names what does not show all of its text, and a page that scrolls sideways.
const cutOff = `(() => {
	const wrong = [], root = document.documentElement;
	if (root.scrollWidth > innerWidth) wrong.push("the page is " + root.scrollWidth + " px wide");
	for (const e of document.body.querySelectorAll("*")) {
		if (e.closest("svg, .vh, .me-text, .scroll, dialog:not([open]), details:not([open]) > :not(summary)") || !e.checkVisibility() || !e.innerText?.trim() || e.matches("input, select, textarea, option")) continue;
		const s = getComputedStyle(e), hides = s.overflowX === "hidden" || s.overflowX === "clip", snug = e.matches(".btn, .tag, summary, label, h1, h2, .tabs a");
		if ((hides || snug) && s.display !== "inline" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1) wrong.push(e.tagName + "." + e.className + " " + e.scrollWidth + ">" + e.clientWidth + " " + e.innerText.slice(0, 40).replace(/\s+/g, " "));
		if (hides && s.overflowY !== "auto" && s.overflowY !== "scroll" && e.clientHeight > 1 && e.scrollHeight > e.clientHeight + 3) wrong.push(e.tagName + "." + e.className + " is cut below: " + e.innerText.slice(0, 40).replace(/\s+/g, " ")); }
	return wrong.slice(0, 6).join("\n") })()`

// B32: text that is two fifths longer is cut off nowhere, on a desktop or a phone.
func TestLongerTextIsNotCutOff(t *testing.T) {
	srv := samplesOnly(t)
	ctx := inBrowserFor(t, 20*time.Minute)
	faults, seen := map[string][]string{}, map[string]bool{}
	for _, s := range chosenPages(t) {
		if seen[s.Name] { // one of a template has its parts
			continue
		}
		seen[s.Name] = true
		for _, width := range []int64{1366, 360} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(fmt.Sprintf("%s/%d?%s", srv.URL, s.no, i18n.English))); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			wrong, err := chromedp.Run(ctx, chromedp.Evaluate[string](lengthen+","+cutOff))
			if err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			for fault := range strings.SplitSeq(wrong, "\n") {
				if fault != "" {
					faults[fault] = append(faults[fault], fmt.Sprintf("%s at %d px", s, width))
				}
			}
		}
	}
	once(t, faults)
}
