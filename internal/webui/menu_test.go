package webui

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/i18n"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

func TestAnOperationStandsBetweenAdmissionAndDischargeOfItsDay(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	v := sampleRecord(b)
	v.Treatments, v.Operations = v.Treatments[:1], v.Operations[:1]
	day, id := v.Operations[0].OperatedOn, v.Treatments[0].ID
	v.Operations[0].Treatment, v.Operations[0].Marks, v.Events = id, nil, nil
	for _, a := range []treatment.Action{treatment.Admit, treatment.LogOperation, treatment.Discharge} {
		v.Events = append(v.Events, care.Event{Treatment: id, Action: a, On: day})
	}
	var order []string
	for _, e := range careEvents(b, v) {
		order = append(order, e.Title)
	}
	want := []string{b.T(treatment.Admit.Label()), operationName(b, v.Operations[0]), b.T(treatment.Discharge.Label())}
	if !slices.Equal(order, want) {
		t.Errorf("the day reads %v, want %v", order, want)
	}
}

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
