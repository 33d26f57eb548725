package webui

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// A registrar types; the number fills in what it says, and who may be meant
// appears before anything is saved.
func TestDuplicatesAppearWhileTyping(t *testing.T) {
	s := newSite(t)
	one := s.clerk(user.Registrar, servicetest.Mountain)
	if got := one.post("/patients/register", s.typed(servicetest.Mountain)...); got.status != http.StatusSeeOther {
		t.Fatal(got.body)
	}
	ctx := inBrowser(t)
	err := chromedp.Do(ctx, chromedp.Navigate(s.url+"/sign-in?next=/patients/register"),
		chromedp.SendKeys(chromedp.ID("f-username"), "registrar-mountain"), chromedp.SendKeys(chromedp.ID("f-password"), sitePassword),
		chromedp.Click(chromedp.CSS("main button.btn-primary, form button.btn-primary")),
		chromedp.WaitVisible(chromedp.ID("f-doc_number")),
		chromedp.SendKeys(chromedp.ID("f-doc_number"), servicetest.CitizenNumber("580407", 22)),
		chromedp.SendKeys(chromedp.ID("f-name"), "向云禾\t"),
		chromedp.WaitVisible(chromedp.CSS("#slot-duplicates .alert")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("#slot-duplicates").textContent + "|" + document.querySelector("#f-birth").value
		+ "|" + document.querySelector("[name=sex]:checked").value + "|" + document.querySelector("#f-doc_number").value`))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"可能已经登记过：向云禾", "证件号码相同", "|1958-04-07|female|" + servicetest.CitizenNumber("580407", 22)} {
		if !strings.Contains(got, text) {
			t.Errorf("%q is not in %q", text, got)
		}
	}
	if n := s.Count(`select count(*) from registration`); n != 1 {
		t.Errorf("%d registrations", n)
	}
}
