package webui

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

func TestDaysAndNumbersStayInOnePiece(t *testing.T) {
	for text, want := range map[string]string{
		"自 2026-11-02 至 2027-03-16":  `自 <span class="nowrap">2026-11-02</span> 至 <span class="nowrap">2027-03-16</span>`,
		"截至 2026-11-30 18:10":        `截至 <span class="nowrap">2026-11-30 18:10</span>`,
		"男 52 岁 SH-2026-00043":       `男 52 岁 <span class="nowrap">SH-2026-00043</span>`,
		"C-70B8F718":                 `<span class="nowrap">C-70B8F718</span>`,
		`<b> & "2026-11-30"`:         `&lt;b&gt; &amp; &#34;<span class="nowrap">2026-11-30</span>&#34;`,
		"n = 228, 39-43, X-ray, 山-海": "n = 228, 39-43, X-ray, 山-海",
	} {
		if got := string(solid(text)); got != want {
			t.Errorf("%s is written %s, want %s", text, got, want)
		}
	}
}

func TestAPaperLeadsBackToItsPage(t *testing.T) {
	for at, want := range map[string]string{
		"/approvals/7/print":              "/approvals/7",
		"/cases/7/followups/slip":         "/cases/7/followups",
		"/followups/calls?list=late&who=": "/followups?list=late&who=",
		"/recall/sheet?lot=LC2408A":       "/recall?lot=LC2408A",
		"/payments/7/slip":                "/payments",
	} {
		if got := (Base{Path: at}).Behind(); got != want {
			t.Errorf("%s leads back to %s, want %s", at, got, want)
		}
	}
}

// drawn is a page as it is sent.
func drawn(t *testing.T, e *Engine, name string, v View) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := e.Render(w, nil, http.StatusOK, name, v); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

func TestTheRecallFilterWaitsOpenForAQuestion(t *testing.T) {
	e := testEngine(t)
	b := testBase(e, i18n.Chinese)
	f := recallFilter(b, sampleDay(), nil)
	if page := drawn(t, e, "care/list", newRecallView(b, f, implant.RecallInput{}, implant.Recall{})); strings.Contains(page, "data-filter") {
		t.Error("a phone closes the filter before anything was asked")
	}
	f.Put("lot", "LC2408A")
	if page := drawn(t, e, "care/list", newRecallView(b, f, implant.RecallInput{Lot: "LC2408A"}, implant.Recall{})); !strings.Contains(page, "data-filter") {
		t.Error("a phone leaves the filter open after the question")
	}
}

// Whoever sees balances meets them beside the name; whoever only chooses a fund
// sees its code and purpose, on a phone as well.
func TestFundsShowWhatIsLeftBesideTheName(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	list := sampleFunds(b)
	full := newFundsView(b, list, false).Table
	if full.Columns[1].Key != "fund.account.available" || full.Rows[0].Cells[1].Text != list[0].Balances.Available.String() || len(full.Columns) != len(full.Rows[0].Cells) {
		t.Errorf("columns %+v over cells %+v", full.Columns, full.Rows[0].Cells)
	}
	names := slices.Clone(list)
	for i := range names {
		names[i].Open = false
	}
	few := newFundsView(b, names, false).Table
	if len(few.Columns) != 3 || len(few.Rows[0].Cells) != 3 || few.Rows[0].Cells[1].Text != list[0].Code || few.Columns[1].Class+few.Columns[2].Class != "" {
		t.Errorf("columns %+v over cells %+v", few.Columns, few.Rows[0].Cells)
	}
}
