package page_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

func TestCursorRoundTrip(t *testing.T) {
	id, day := ident.New(), clock.MustDate(2026, 11, 23)
	req := page.Request{After: page.Encode(day, id)}
	var gotDay clock.Date
	var gotID ident.ID
	if ok, err := req.Cursor(&gotDay, &gotID); !ok || err != nil || gotDay != day || gotID != id {
		t.Fatalf("%v %v %v %v", ok, err, gotDay, gotID)
	}
	if ok, err := (page.Request{}).Cursor(&gotDay); ok || err != nil {
		t.Fatal("the first page has no cursor")
	}
	for _, bad := range []string{"!!!", "e30", page.Encode(1), page.Encode("x", 2)} {
		if _, err := (page.Request{After: bad}).Cursor(&gotDay, &gotID); !errs.Is(err, errs.Invalid) {
			t.Errorf("cursor %q: %v, want invalid", bad, err)
		}
	}
}

func TestCutKnowsWhetherThereIsMore(t *testing.T) {
	rows := []int{1, 2, 3}
	key := func(i int) []any { return []any{i} }
	if r := page.Cut(page.Request{Size: 3}, rows, key); r.Next != "" || len(r.Rows) != 3 {
		t.Fatalf("exactly full: %+v", r)
	}
	if r := page.Cut(page.Request{Size: 2}, rows, key); r.Next != page.Encode(2) || len(r.Rows) != 2 {
		t.Fatalf("one more: %+v", r)
	}
	if (page.Request{Size: 100000}).Limit() != page.MaxSize {
		t.Fatal("a page is bounded")
	}
}
