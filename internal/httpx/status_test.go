package httpx

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestOneTableFromKindToStatus(t *testing.T) {
	want := map[errs.Kind]int{errs.Internal: 500, errs.Invalid: 422, errs.Unauthenticated: 401, errs.Forbidden: 403, errs.NotFound: 404,
		errs.Conflict: 409, errs.Stale: 412, errs.Precondition: 409, errs.RateLimited: 429, errs.TooLarge: 413, errs.Unavailable: 503, errs.Canceled: 499}
	cat := catalogue(t)
	for kind := errs.Internal; kind <= errs.Canceled; kind++ {
		if got := Status(wrapped(kind)); got != want[kind] || got == 0 {
			t.Errorf("%s: %d, want %d", kind, got, want[kind])
		}
		for _, lang := range i18n.Langs() {
			for _, key := range []string{"problem." + kind.String(), "error." + kind.String()} {
				if !cat.Has(lang, key) {
					t.Errorf("%s: %s is missing", lang, key)
				}
			}
		}
	}
	if got := Status(errPlain); got != 500 {
		t.Errorf("an unknown error: %d", got)
	}
	if got := Status(malformed("error.request.json", nil, nil)); got != 400 {
		t.Errorf("malformed: %d", got)
	}
}

func TestProblemDocumentsSayWhatWhereAndWhatToDo(t *testing.T) {
	e := errs.Refuse("role.separation", "error.role.exclusive", errs.Args{"held": errs.Key("role.registrar"), "role": errs.Key("role.audit_admin")}, "remedy.role.other_account")
	e.Fields.Add("password", "error.password.short", "min", 10)
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/api/v1/accounts", nil)
	w.Header().Set("Content-Length", "5")
	WriteProblem(w, r, e, catalogue(t).Printer(i18n.English))
	h := w.Result().Header
	if w.Code != 409 || h.Get("Content-Type") != "application/problem+json; charset=utf-8" || h.Get("Content-Language") != "en" ||
		h.Get("Cache-Control") != "no-store" || h.Get("Content-Length") != "" {
		t.Errorf("%d %v", w.Code, h)
	}
	m := decode(t, w.Body.String())
	for name, want := range map[string]any{"type": "urn:shanhai:problem:precondition", "title": "Not possible now", "status": 409.0,
		"code": "error.role.exclusive", "rule": "role.separation"} {
		if m[name] != want {
			t.Errorf("%s: %v", name, m[name])
		}
	}
	if d := m["detail"].(string); !strings.Contains(d, "Registrar") || !strings.Contains(d, "Audit administrator") || strings.Contains(d, "{") {
		t.Error(d)
	}
	field := m["fields"].([]any)[0].(map[string]any)
	if field["path"] != "password" || field["code"] != "error.password.short" || !strings.Contains(field["detail"].(string), "10") {
		t.Errorf("%v", field)
	}
	if steps := m["remedy"].([]any); len(steps) != 1 || !strings.Contains(steps[0].(string), "separate account") {
		t.Errorf("%v", steps)
	}
}

func TestAFaultOfOursShowsNothingButItsNumber(t *testing.T) {
	for _, err := range []error{errPlain, &errs.Error{Kind: errs.Internal, Key: "error.secret", Args: errs.Args{"why": "secret"}, Cause: errPlain}} {
		e := newEdge(t, nil)
		e.mux.Get("/x", func(w http.ResponseWriter, r *http.Request) { e.o.Fail(w, r, err) })
		r := e.get("/x")
		text := body(t, r)
		if strings.Contains(text, "secret") || decode(t, text)["request_id"] != r.Header.Get("X-Request-Id") || r.StatusCode != 500 {
			t.Errorf("%d %s", r.StatusCode, text)
		}
		if !strings.Contains(e.log.String(), "secret cause") {
			t.Error("the cause is not in the log")
		}
	}
}

func TestErrorsThatPassSayWhenToComeBack(t *testing.T) {
	p := catalogue(t).Printer(i18n.Chinese)
	for _, c := range []struct {
		err         error
		retry, auth string
	}{
		{errs.New(errs.RateLimited, "error.rate_limited.wait", errs.Args{"seconds": 17}), "17", ""},
		{errs.New(errs.RateLimited, "error.rate_limited.wait", errs.Args{"seconds": 0}), "1", ""},
		{wrapped(errs.Unavailable), "5", ""},
		{wrapped(errs.Unauthenticated), "", `Bearer realm="shanhai"`},
		{wrapped(errs.Stale), "", ""},
	} {
		w := httptest.NewRecorder()
		WriteProblem(w, httptest.NewRequest(http.MethodGet, "/", nil), c.err, p)
		if got := w.Header(); got.Get("Retry-After") != c.retry || got.Get("WWW-Authenticate") != c.auth {
			t.Errorf("%v: %v", c.err, got)
		}
		if code := decode(t, w.Body.String())["code"].(string); code == "" {
			t.Errorf("%v has no code", c.err)
		}
	}
}

type payload struct {
	Name string     `json:"name"`
	Rows int        `json:"rows"`
	Born clock.Date `json:"born"`
}

func TestJSONBodiesAreReadStrictly(t *testing.T) {
	cat := catalogue(t)
	for _, c := range []struct {
		name, kind, body, key string
		status                int
	}{
		{"good", "application/json", `{"name":"山","rows":3,"born":"1990-01-01"}`, "", 0},
		{"charset", "application/json; charset=utf-8", ` {"name":"山"} ` + "\n", "", 0},
		{"unknown field", "application/json", `{"nmae":"山"}`, "error.request.unknown_field", 400},
		{"second value", "application/json", `{"name":"山"}{"name":"海"}`, "error.request.trailing", 400},
		{"rubbish after", "application/json", `{"name":"山"} x`, "error.request.trailing", 400},
		{"syntax", "application/json", `{"name":`, "error.request.unreadable", 400},
		{"syntax error", "application/json", `{"name":}`, "error.request.json", 400},
		{"empty", "application/json", ``, "error.request.empty", 400},
		{"wrong type", "application/json", `{"rows":"three"}`, "error.request.type", 400},
		{"no such day", "application/json", `{"born":"1990-02-30"}`, "error.request.unreadable", 400},
		{"form", "application/x-www-form-urlencoded", `name=山`, "error.request.content_type", 400},
		{"no type", "", `{"name":"山"}`, "error.request.content_type", 400},
		{"too large", "application/json", `{"name":"` + strings.Repeat("x", DefaultBody) + `"}`, "error.too_large", 413},
		{"large after the value", "application/json", `{"name":"山"}` + strings.Repeat(" ", DefaultBody), "error.too_large", 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEdge(t, nil)
			var err error
			e.mux.Post("/x", func(_ http.ResponseWriter, r *http.Request) {
				var p payload
				err = DecodeJSON(r, &p)
			})
			r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(c.body))
			r.ContentLength = -1 // chunked: nothing announced
			r.Header.Set("Content-Type", c.kind)
			e.do(r)
			if c.key == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || errs.Of(err).Key != c.key || Status(err) != c.status {
				t.Fatalf("%v", err)
			}
			if text := cat.Printer(i18n.Chinese).Error(err); strings.Contains(text, "{") || text == c.key {
				t.Error(text)
			}
		})
	}
}

func TestAWrongTypeNamesItsField(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(`{"rows":"three"}`))
	r.Header.Set("Content-Type", "application/json")
	if err := DecodeJSON(r, &payload{}); !errs.Of(err).Fields.Has("rows") {
		t.Errorf("%v", err)
	}
}

func TestBodyErrorsKeepErrorsOfTheHouse(t *testing.T) {
	ours := errs.New(errs.Invalid, "error.form", nil)
	if got := BodyError(ours); got != error(ours) {
		t.Errorf("%v", got)
	}
	if BodyError(nil) != nil {
		t.Error("an error out of nothing")
	}
	if got := BodyError(errPlain); Status(got) != 400 {
		t.Errorf("%v", got)
	}
	if got := BodyError(&http.MaxBytesError{Limit: DefaultBody}); Status(got) != 413 || errs.Of(got).Args["mb"] != int64(1) {
		t.Errorf("%v", got)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add(`{"name":"山","rows":3,"born":"1990-01-01"}`)
	f.Add(`[1,`)
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
		if err := DecodeJSON(r, &payload{}); err != nil && Status(err) != 400 {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
