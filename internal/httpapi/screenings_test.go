package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// screeningJSON is a row of a batch; more is appended to it.
func screeningJSON(id, name, more string) string {
	return fmt.Sprintf(`{"id":%q,"screened_on":"2026-11-20","township":"石坪镇","village":"松岭村","name":%q,"sex":"female","age":68,"programme":"cataract","acuity_right":"4.0",
		"triage":"SURGERY_ADVISED","answer":"WILLING","legal_basis":"statutory"%s}`, id, name, more)
}

type receipts struct {
	Rows []struct {
		ID, Outcome string
		Alike       int
		Fields      []struct{ Path, Code, Detail string }
	}
}

func TestABatchOfScreeningsHasAReceiptForEachRow(t *testing.T) {
	a := newIntakeAPI(t)
	token := a.as(a.Registrar(servicetest.Mountain))
	ids := []string{ident.New().String(), ident.New().String(), ident.New().String(), ident.New().String()}
	rows := []string{screeningJSON(ids[0], "向云禾", `,"phone":"19900003406"`), screeningJSON(ids[1], "冉听雪", `,"pain":"much"`), screeningJSON(ids[2], "覃望舟", `,"hobby":"x"`),
		strings.Replace(screeningJSON(ids[3], "田映川", ""), `"acuity_right":"4.0"`, `"acuity_right":"well"`, 1), screeningJSON("7", "单见山", "")}
	body := fmt.Sprintf(`{"hospital_id":%q,"rows":[%s]}`, a.ID(servicetest.Mountain), strings.Join(rows, ","))
	var got receipts
	if status := a.writeTo("/screenings", token, "k1", body, &got); status != http.StatusOK || len(got.Rows) != 5 {
		t.Fatalf("%d %+v", status, got)
	}
	for i, want := range []struct{ outcome, path, code string }{{"created", "", ""}, {"refused", "pain", "error.screening.row"}, {"refused", "", "error.screening.row"},
		{"refused", "acuity_right", "error.acuity.value"}, {"refused", "id", "error.screening.id"}} {
		r := got.Rows[i]
		switch {
		case r.Outcome != want.outcome || i < 4 && r.ID != ids[i]:
			t.Errorf("row %d: %+v", i, r)
		case want.code != "" && (len(r.Fields) != 1 || r.Fields[0].Path != want.path || r.Fields[0].Code != want.code || r.Fields[0].Detail == ""):
			t.Errorf("row %d says %+v, want %+v", i, r.Fields, want)
		}
	}
	if status := a.writeTo("/screenings", token, "k2", body, &got); status != http.StatusOK || got.Rows[0].Outcome != "repeated" || a.Count(`select count(*) from screening`) != 1 {
		t.Errorf("again: %d %+v", status, got.Rows[0])
	}
	if status := a.writeTo("/screenings", token, "", body, nil); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		t.Errorf("without a key: %d", status)
	}
}

func TestAScreeningIsRegisteredThroughTheAPI(t *testing.T) {
	a := newIntakeAPI(t)
	token, id := a.as(a.Registrar(servicetest.Mountain)), ident.New().String()
	hospital := a.ID(servicetest.Mountain)
	number := servicetest.CitizenNumber("580407", 22)
	row := strings.Replace(screeningJSON(id, "向云禾", fmt.Sprintf(`,"document_number":%q,"phone":"19900003406"`, number)), `"age":68,`, "", 1)
	a.writeTo("/screenings", token, "k1", fmt.Sprintf(`{"hospital_id":%q,"rows":[%s]}`, hospital, row), nil)
	var made struct {
		PersonID string `json:"person_id"`
		Verified bool   `json:"verified"`
	}
	body := fmt.Sprintf(`{"hospital_id":%q,"screening_id":%q,"document_kind":"citizen","name":"向云禾","legal_basis":"statutory"}`, hospital, id)
	if status := a.write(token, "k2", body, &made); status != http.StatusCreated || !made.Verified {
		t.Fatalf("%d %+v", status, made)
	}
	var list struct {
		Rows []struct {
			ID       string  `json:"id"`
			PersonID *string `json:"person_id"`
			Phone    string  `json:"phone_tail"`
		}
	}
	if status := a.read(token, "/screenings?triage=SURGERY_ADVISED", &list); status != http.StatusOK || len(list.Rows) != 1 || list.Rows[0].PersonID == nil || *list.Rows[0].PersonID != made.PersonID ||
		list.Rows[0].Phone != "3406" {
		t.Errorf("%d %+v", status, list)
	}
	if status := a.read(token, "/screenings?open=true", &list); status != http.StatusOK || len(list.Rows) != 0 {
		t.Errorf("%d still open: %+v", status, list)
	}
	if status := a.read(token, "/screenings?on=soon", nil); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		t.Errorf("a day that is none: %d", status)
	}
	var terms struct {
		Reason []struct{ Value, Zh, En string }
	}
	if status := a.read(token, "/screening-terms", &terms); status != http.StatusOK || len(terms.Reason) != 7 || terms.Reason[0].Zh == terms.Reason[0].En {
		t.Errorf("%d %+v", status, terms)
	}
}
