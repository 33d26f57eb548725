package webui

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestPhoneBarOfAReaderWithoutDailyWork(t *testing.T) {
	e := testEngine(t)
	b := NewBase(httptest.NewRequest(http.MethodGet, "/overview", nil), e.Catalogue().Printer(i18n.Chinese))
	may := []string{"cases", "funds", "overview", "visiting", "settings"}
	b.SetMenu("overview", func(id string) bool { return slices.Contains(may, id) }, nil)
	var ids []string
	for _, it := range b.Bottom {
		ids = append(ids, it.ID)
	}
	if want := []string{"cases", "funds", "overview", "settings", "more"}; !slices.Equal(ids, want) {
		t.Errorf("the phone's bar is %v, want %v", ids, want)
	}
}

func TestSettingsAloneStandUnderNoHead(t *testing.T) {
	e := testEngine(t)
	b := NewBase(httptest.NewRequest(http.MethodGet, "/settings", nil), e.Catalogue().Printer(i18n.Chinese))
	b.SetMenu("settings", func(id string) bool { return id == "settings" }, nil)
	if len(b.Menu) != 1 || b.Menu[0].Head != "" {
		t.Errorf("menu %+v", b.Menu)
	}
}

func TestAScreenersPhoneLeadsToTheScreenings(t *testing.T) {
	e := testEngine(t)
	for role, may := range map[string][]string{"screener": {"patients", "screenings", "settings"}, "registrar": {"queue", "patients", "screenings", "cases", "settings"}} {
		b := NewBase(httptest.NewRequest(http.MethodGet, "/screenings", nil), e.Catalogue().Printer(i18n.Chinese))
		b.SetMenu("screenings", func(id string) bool { return slices.Contains(may, id) }, nil)
		there := slices.ContainsFunc(b.Bottom, func(it MenuItem) bool { return it.ID == "screenings" && it.Current })
		if there != (role == "screener") {
			t.Errorf("%s: %+v", role, b.Bottom)
		}
	}
}
