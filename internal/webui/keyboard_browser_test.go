//go:build uifull

package webui

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/webui/tabtest"
)

// B3: Tab visits everything on every page, in its order, and one always sees
// where one is.
func TestTabVisitsEveryPageInOrder(t *testing.T) {
	srv := samplesOnly(t)
	ctx := inBrowserFor(t, time.Hour)
	faults, pages, places := map[string][]string{}, 0, 0
	for _, s := range chosenPages(t) {
		if err := chromedp.Do(ctx, chromedp.Navigate(fmt.Sprintf("%s/%d?%s", srv.URL, s.no, i18n.Chinese))); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		n, wrong, err := tabtest.Walk(ctx, 0)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		for _, fault := range wrong {
			faults[fault] = append(faults[fault], s.String())
		}
		pages, places = pages+1, places+n
	}
	t.Logf("%d places on %d pages", places, pages)
	once(t, faults)
}
