// Package tabtest goes through a page by the Tab key as somebody without a mouse
// would: everything is to be reached in the order of the page (WCAG 2.4.3), and
// one always sees where one is (2.4.7, 1.4.11). Only tests use it.
package tabtest

import (
	"context"
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// order marks what Tab should visit, in the order of the page, goes to the first
// and says how many there are. Of radios of one name Tab visits one.
const order = `(() => {
	const groups = new Map(), group = (e) => e.name + " " + [...document.forms].indexOf(e.form);
	window.tabSees = (e) => e.checkVisibility() && getComputedStyle(e).visibility !== "hidden" && !e.closest("[inert]");
	const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter((e) => e.tabIndex >= 0 && !e.matches(":disabled") && e.type !== "hidden" && tabSees(e) &&
		!(e.closest("details:not([open])") && !e.closest("summary")));
	for (const e of all) if (e.type === "radio" && (!groups.has(group(e)) || e.checked)) groups.set(group(e), e);
	window.tabbed = all.filter((e) => e.type !== "radio" || groups.get(group(e)) === e);
	window.tabAfter = (i) => tabbed.findIndex((e, k) => k > i && tabSees(e));
	tabbed[0]?.focus();
	window.tabDue = tabAfter(0);
	return tabbed.length })()`

// here says which of them has the focus, what was due, and how well one sees where
// one is: the contrast of its outline or ring to what is behind it.
const here = `(() => {
	const e = document.activeElement, at = tabbed.indexOf(e), due = tabDue;
	tabDue = tabAfter(at < 0 ? due : at); // a button may be there only while its field is not being filled in
	const rgb = (c) => { const m = c.match(/[\d.]+/g)?.map(Number) || [0, 0, 0, 0]; return m.length > 3 && m[3] === 0 ? null : m };
	const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
	let back = null; for (let x = e.parentElement; x && !back; x = x.parentElement) back = rgb(getComputedStyle(x).backgroundColor);
	const rings = [getComputedStyle(e), getComputedStyle(e, "::after")].filter((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2).map((s) => rgb(s.outlineColor)).filter(Boolean);
	const ratio = (c) => { const [x, y] = [light(c.slice(0, 3)), light((back || [255, 255, 255]).slice(0, 3))].sort((a, b) => b - a); return (x + .05) / (y + .05) };
	const best = Math.max(0, ...rings.map(ratio));
	const what = (e) => e?.outerHTML.slice(0, 90).replace(/\s+/g, " ") || "";
	return {at, due, more: tabDue > 0, ring: best, what: what(e), passed: at === due ? "" : what(tabbed[due])} })()`

// place is where a press of Tab led to.
type place struct {
	At, Due      int     // of the list; At is -1 for what is not in it
	More         bool    // something comes after it
	Ring         float64 // contrast to one
	What, Passed string  // its text, and that of what was due instead
}

// few is how many faults of a page are enough to say.
const few = 3

// Walk presses Tab through the page that is open in the window of ctx, at most
// limit times (0: to its end). It says how many places it went to and what is
// wrong with the first few: the focus lost, out of order, or seen with a contrast
// below three to one.
func Walk(ctx context.Context, limit int) (places int, faults []string, err error) {
	n, err := chromedp.Run(ctx, chromedp.Evaluate[int](order))
	if err != nil {
		return 0, nil, err
	}
	for places = min(n, 1); n > 1 && places != limit && len(faults) < few; {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			return places, faults, err
		}
		p, err := chromedp.Run(ctx, chromedp.Evaluate[place](here))
		if err != nil {
			return places, faults, err
		}
		places, faults = places+1, append(faults, p.faults()...)
		if !p.More {
			break
		}
	}
	return places, faults, nil
}

// faults are what is wrong with a place.
func (p place) faults() (wrong []string) {
	if p.At != p.Due {
		wrong = append(wrong, fmt.Sprintf("Tab passes over %s and leads to %s", p.Passed, p.What))
	}
	if p.At >= 0 && p.Ring < 3 {
		wrong = append(wrong, fmt.Sprintf("the ring around %s has %.2f to one", p.What, p.Ring))
	}
	return wrong
}
