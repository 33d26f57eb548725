package webui

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// tryForm declares one field of each kind the getters read.
func tryForm(t testing.TB) *Form {
	b := testBase(testEngine(t), i18n.Chinese)
	pick := []Option{{Value: "a", Key: "layer.bill"}, {Value: "b", Text: "乙"}}
	return NewForm(b, sampleDay(),
		Field{Name: "name", LabelKey: "style.f.name", Max: 5},
		Field{Name: "note", LabelKey: "style.d.opinion", Optional: true},
		Field{Name: "on", LabelKey: "style.f.seen", Kind: KindDate},
		Field{Name: "sum", LabelKey: "style.d.amount", Kind: KindMoney},
		Field{Name: "pick", LabelKey: "style.f.side", Kind: KindRadio, Options: pick},
		Field{Name: "many", LabelKey: "style.f.category", Kind: KindChecks, Options: pick},
		Field{Name: "id", LabelKey: "style.f.hospital", Kind: KindCombo},
		Field{Name: "agree", LabelKey: "style.f.consent", Kind: KindCheck},
		Field{Name: "n", LabelKey: "style.t.joints", Kind: KindNumber, Low: 1, High: 9},
		Field{Name: "proof", LabelKey: "style.f.proof", Kind: KindFile, Optional: true})
}

func post(t testing.TB, f *Form, values url.Values) *Form {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/x?name=address", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := f.Read(r); err != nil {
		t.Fatal(err)
	}
	return f
}

// keyOf is the noted error of a field.
func keyOf(f *Form, name string) string {
	for _, e := range f.errors {
		if e.Path == name {
			return e.Key
		}
	}
	return ""
}

func TestFormReadsWhatPeopleType(t *testing.T) {
	id := ident.New()
	f := post(t, tryForm(t), url.Values{"name": {"  向云禾 "}, "on": {"２０２６．１１．２０"}, "sum": {"￥1,234.5"}, "pick": {"b"}, "many": {"a", "b"},
		"id": {id.String()}, "agree": {"yes"}, "n": {"７"}, "version": {"12"}})
	if got := f.Text("name"); got != "向云禾" {
		t.Errorf("text %q", got)
	}
	if got := f.Date("on"); got != clock.MustDate(2026, 11, 20) {
		t.Errorf("date %s", got)
	}
	if got := f.Money("sum"); got != 123450 {
		t.Errorf("money %s", got)
	}
	if f.Choice("pick") != "b" || len(f.Choices("many")) != 2 || f.IDOf("id") != id || !f.Bool("agree") || f.Int("n") != 7 || f.Version() != 12 {
		t.Error("a choice, id, tick, number or version was misread")
	}
	if f.Text("note") != "" || !f.OK() || f.Status() != http.StatusOK {
		t.Errorf("an empty optional field was noted: %v", f.errors)
	}
}

func TestFormNotesWhatItCannotRead(t *testing.T) {
	get := map[string]func(*Form){
		"name": func(f *Form) { f.Text("name") }, "on": func(f *Form) { f.Date("on") }, "sum": func(f *Form) { f.Money("sum") },
		"pick": func(f *Form) { f.Choice("pick") }, "many": func(f *Form) { f.Choices("many") }, "id": func(f *Form) { f.IDOf("id") },
		"agree": func(f *Form) { f.Bool("agree") }, "n": func(f *Form) { f.Int("n") },
	}
	for _, c := range []struct{ field, typed, want string }{
		{"name", " ", "form.error.missing"}, {"name", "一二三四五六", "form.error.long"},
		{"on", "", "form.error.missing"}, {"on", "soon", "form.error.date"}, {"on", "2026-02-30", "form.error.no_such_day"},
		{"sum", "abc", "form.error.money"}, {"sum", "1.005", "form.error.fraction"}, {"sum", "-5", "form.error.negative"}, {"sum", "99999999999999", "form.error.range"},
		{"pick", "", "form.error.pick"}, {"pick", "z", "form.error.choice"}, {"many", "", "form.error.pick"}, {"many", "z", "form.error.choice"},
		{"id", "", "form.error.pick"}, {"id", "7", "form.error.choice"}, {"agree", "", "form.error.tick"},
		{"n", "x", "form.error.number"}, {"n", "12", "form.error.between"}, {"n", "", "form.error.missing"},
	} {
		f := post(t, tryForm(t), url.Values{c.field: {c.typed}})
		get[c.field](f)
		if got := keyOf(f, c.field); got != c.want {
			t.Errorf("%s %q: noted %q, want %q", c.field, c.typed, got, c.want)
		}
		if f.Status() != http.StatusUnprocessableEntity {
			t.Errorf("%s %q: status %d", c.field, c.typed, f.Status())
		}
		if f.Raw(c.field) != c.typed {
			t.Errorf("%s: what was typed, %q, became %q", c.field, c.typed, f.Raw(c.field))
		}
	}
}

func TestAddressValuesNeverEnterAPostedForm(t *testing.T) {
	f := post(t, tryForm(t), url.Values{"note": {"x"}})
	if f.Text("name") != "" {
		t.Error("a link could fill the form of a person who presses save")
	}
}

func TestFilterReadsTheAddress(t *testing.T) {
	f := tryForm(t)
	f.Get = true
	if err := f.Read(httptest.NewRequest(http.MethodGet, "/list?pick=b&note=x", nil)); err != nil {
		t.Fatal(err)
	}
	if got := f.Chosen(); got != "x、乙" {
		t.Errorf("the phone's line says %q", got)
	}
}

func TestMergeShowsTheServiceAtItsFields(t *testing.T) {
	f := post(t, tryForm(t), url.Values{"sum": {"bad"}})
	f.Money("sum")
	var wrong errs.Fields
	wrong.Add("name", "form.error.long", "max", 5)
	wrong.Add("sum", "form.error.range")
	if err := f.Merge(wrong.Err()); err != nil {
		t.Fatalf("an invalid input became %v", err)
	}
	if keyOf(f, "name") != "form.error.long" || keyOf(f, "sum") != "form.error.money" {
		t.Errorf("noted %v; the first note of a field stands", f.errors)
	}
	torn := errors.New("socket torn")
	if err := f.Merge(torn); !errors.Is(err, torn) {
		t.Errorf("a fault of ours was swallowed: %v", err)
	}
	if err := f.Merge(nil); err != nil {
		t.Error(err)
	}
	if err := f.Merge(errs.New(errs.Invalid, "form.error.money", nil)); err != nil {
		t.Error(err)
	}
	got := f.Problems()
	if len(got) != 3 || got[0].Href != "" || got[1].Href != "#f-name" || !strings.HasPrefix(got[1].Text, "姓名：") {
		t.Errorf("summary %+v: what has no field comes first, then the order of the form", got)
	}
}

func TestReadRefusesWhatIsNoForm(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader("a=%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := tryForm(t).Read(r); !errs.Is(err, errs.Invalid) {
		t.Errorf("a torn body gave %v", err)
	}
	r = httptest.NewRequest(http.MethodPost, "/x", strings.NewReader("name="+strings.Repeat("x", 3<<20)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 1<<20)
	err := tryForm(t).Read(r)
	if !errs.Is(err, errs.TooLarge) || errs.Of(err).Args["mb"] != int64(1) {
		t.Errorf("a large body gave %v", err)
	}
}

func TestUploadKeepsTheOtherValues(t *testing.T) {
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	_ = m.WriteField("name", "向云禾")
	part, _ := m.CreateFormFile("proof", "a.jpg")
	_, _ = part.Write([]byte("jpg"))
	_ = m.Close()
	r := httptest.NewRequest(http.MethodPost, "/x", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	f := tryForm(t)
	if err := f.Read(r); err != nil || f.Text("name") != "向云禾" || !f.Upload {
		t.Errorf("upload read %q, %v", f.Raw("name"), err)
	}
	if h := r.MultipartForm.File["proof"]; len(h) != 1 {
		t.Error("the file is gone")
	}
}

func TestControlSaysHintEchoOrError(t *testing.T) {
	f := tryForm(t).Put("on", "昨天").Put("pick", "b")
	c, err := f.At("on")
	if err != nil || c.Echo != "2026年11月22日 周日" || c.ID() != "f-on" || c.Columns() != "w12" {
		t.Errorf("control %+v, %v", c, err)
	}
	if c, _ := f.At("pick"); !c.Picked("b") || c.Picked("a") || c.PickedText() != "乙" || !c.Group() {
		t.Error("the chosen option is not shown as chosen")
	}
	f.Fail("on", "form.error.date")
	if c, _ := f.At("on"); c.Error == "" || c.Value != "昨天" {
		t.Errorf("error %q beside %q", c.Error, c.Value)
	}
	if _, err := f.At("ghost"); err == nil {
		t.Error("an undeclared field has a control")
	}
	f.SetEcho("name", "同名 2 人")
	if c, _ := f.At("name"); c.Echo != "同名 2 人" {
		t.Errorf("echo %q", c.Echo)
	}
}

func TestAskingForAnUndeclaredFieldIsAMistakeOfThePage(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a getter of an undeclared field answered")
		}
	}()
	tryForm(t).Text("ghost")
}

func TestSectionsCountTheSameErrorsAsTheSummary(t *testing.T) {
	f := StyleguidePage(testBase(testEngine(t), i18n.Chinese)).Form
	var states []string
	sum := 0
	for _, b := range f.Blocks() {
		states = append(states, b.State)
		sum += b.Errors
	}
	if got := strings.Join(states, " "); got != "error done error optional" || sum != len(f.Problems()) {
		t.Errorf("sections %s with %d errors, summary has %d", got, sum, len(f.Problems()))
	}
}

func TestHiddenValuesFollowWhatWasPosted(t *testing.T) {
	f := tryForm(t).Hide("version", "3").Hide("back", "/a")
	f = post(t, f, url.Values{"version": {"2"}})
	if got := f.Hidden(); got[0][1] != "2" || got[1][1] != "/a" {
		t.Errorf("hidden %v: a retry must not jump over somebody else's change", got)
	}
}

// TestASaveThatCameSecondShowsTheDifference: what was typed stays, each field that
// differs says what the record holds, other spellings of one value do not differ,
// and the next save goes on top of the version of now.
func TestASaveThatCameSecondShowsTheDifference(t *testing.T) {
	f := NewForm(testBase(testEngine(t), i18n.Chinese), sampleDay(), Field{Name: "name", LabelKey: "style.f.name"}, Field{Name: "on", LabelKey: "style.f.name", Kind: KindDate},
		Field{Name: "fee", LabelKey: "style.f.name", Kind: KindMoney}, Field{Name: "pick", LabelKey: "style.f.side", Kind: KindSelect, Options: []Option{{Value: "a", Text: "甲"}, {Value: "b", Text: "乙"}}},
		Field{Name: "many", LabelKey: "style.f.side", Kind: KindChecks, Options: []Option{{Value: "a", Text: "甲"}, {Value: "b", Text: "乙"}}},
		Field{Name: "tick", LabelKey: "style.f.name", Kind: KindCheck}, Field{Name: "secret", LabelKey: "style.f.name"})
	f = keyed(f).Hide("version", "7").Put("name", "向云禾").Put("on", "2026-03-05").Put("fee", "1200.00").Put("pick", "a").Put("tick", "").PutAll("many", []string{"a", "b"})
	f = post(t, f, url.Values{"version": {"6"}, "_key": {"k"}, "name": {"向云和"}, "on": {"2026.3.5"}, "fee": {"1,200"}, "pick": {"b"}, "many": {"b", "a"}, "tick": {"yes"}, "secret": {"139"}})
	if err := refused(f, errs.New(errs.Stale, "error.stale", nil)); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, p := range f.Problems() {
		told = append(told, p.Text)
	}
	all := strings.Join(told, "\n")
	for _, want := range []string{"有 3 处", "记录现在是「向云禾」", "记录现在是「甲」", "记录现在是「空」"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not said in %s", want, all)
		}
	}
	if f.Raw("name") != "向云和" || f.OK() {
		t.Errorf("kept %q, ok %v", f.Raw("name"), f.OK())
	}
	for _, h := range f.Hidden() {
		if h[0] == "version" && h[1] != "7" || h[0] == "_key" && h[1] == "k" {
			t.Errorf("the next save would carry %v", h)
		}
	}
	adds := post(t, keyed(NewForm(testBase(testEngine(t), i18n.Chinese), sampleDay(), Field{Name: "reason", LabelKey: "style.f.name"})).Hide("version", "7"), url.Values{"version": {"6"}, "reason": {"写错了"}})
	if err := refused(adds, errs.New(errs.Stale, "error.stale", nil)); err != nil || adds.Raw("reason") != "写错了" || !strings.Contains(adds.Problems()[0].Text, "本页显示的是它现在的内容") {
		t.Errorf("a form that adds to the record: %v, %+v", err, adds.Problems())
	}
	plain := post(t, NewForm(testBase(testEngine(t), i18n.Chinese), sampleDay(), Field{Name: "name", LabelKey: "style.f.name"}), url.Values{"name": {"x"}})
	if err := refused(plain, errs.New(errs.Stale, "error.stale", nil)); err == nil {
		t.Error("a form without a version says it knows what the record holds")
	}
}

func TestDeclareReplacesOrAdds(t *testing.T) {
	f := tryForm(t)
	f.Declare(Field{Name: "pick", LabelKey: "style.f.side", Kind: KindSelect, Options: []Option{{Value: "c", Text: "丙", Group: "一"}, {Value: "d", Text: "丁", Group: "一"}, {Value: "e", Text: "戊"}}})
	f.Declare(Field{Name: "late", LabelKey: "style.f.name"})
	if f.Put("pick", "c").Choice("pick") != "c" || f.Names()[len(f.Names())-1] != "late" {
		t.Error("the declaration did not take")
	}
	if c, _ := f.At("pick"); len(c.Grouped()) != 2 || len(c.Grouped()[0].Options) != 2 {
		t.Errorf("groups %+v", c.Grouped())
	}
}

// What a person typed comes back as it was and cannot break out of its box.
func TestTypedTextIsKeptAndEscaped(t *testing.T) {
	e := miniature(t, `{{define "main"}}<h1>x</h1>{{template "form-open" .Form}}{{template "form-fields" .Form}}{{template "form-close"}}{{end}}`)
	f := tryForm(t)
	post(t, f, url.Values{"name": {`"><script>'; drop table person;--`}, "sum": {"12,x"}, "n": {"0"}})
	f.Text("name")
	f.Money("sum")
	w := httptest.NewRecorder()
	if err := e.Render(w, nil, f.Status(), "mini", miniPage{Base: testBase(e, i18n.Chinese), Form: f}); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	if strings.Contains(body, "<script>'") || !strings.Contains(body, `value="&#34;&gt;&lt;script&gt;&#39;; drop table person;--"`) || !strings.Contains(body, `value="12,x"`) {
		t.Error("the typed text is lost or not escaped")
	}
	for _, want := range []string{`enctype="multipart/form-data"`, `aria-invalid="true"`, `aria-describedby="f-sum-line"`, "写成数字"} {
		if !strings.Contains(body, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	for _, fault := range htmlFaults(body) {
		t.Error(fault)
	}
}

func TestEveryKindOfFieldHasAControl(t *testing.T) {
	e := miniature(t, `{{define "main"}}<h1>x</h1>{{template "form-fields" .Form}}{{end}}`)
	b := testBase(e, i18n.English)
	opts := []Option{{Value: "a", Text: "A"}, {Value: "b", Text: "B", Sub: "bee"}}
	for _, k := range []Kind{KindText, KindDate, KindMoney, KindNumber, KindSelect, KindRadio, KindCheck, KindChecks, KindArea, KindFile, KindCombo, KindIDCard,
		KindPassword, KindPhone, KindStatic} {
		f := NewForm(b, sampleDay(), Field{Name: "x", LabelKey: "style.f.name", HintKey: "style.d.hint", Kind: k, Options: opts, Suffix: "unit.yuan", Max: 9,
			Placeholder: "style.d.opinion.example", Data: map[string]string{"hx-get": "/look"}})
		w := httptest.NewRecorder()
		if err := e.Render(w, nil, http.StatusOK, "mini", miniPage{Base: b, Form: f}); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		if !strings.Contains(w.Body.String(), `id="f-x"`) {
			t.Errorf("%s: the error summary's link leads nowhere", k)
		}
		if k != KindStatic && !strings.Contains(w.Body.String(), `data-hx-get="/look"`) {
			t.Errorf("%s: the data attributes are lost", k)
		}
		for _, fault := range htmlFaults(w.Body.String()) {
			t.Errorf("%s: %s", k, fault)
		}
	}
}

// A form of a record brings its version back, or nobody knows what the change
// was made on: leaving it out does not skip the question.
func TestAFormWithoutItsVersionIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		held string // the version the page was given; empty: a new record
		sent url.Values
		want int64
		bad  bool
	}{
		"as it was given":     {"7", url.Values{"version": {"7"}}, 7, false},
		"an older one":        {"7", url.Values{"version": {"6"}}, 6, false}, // the service compares
		"left out":            {"7", url.Values{}, -1, true},
		"empty":               {"7", url.Values{"version": {""}}, -1, true},
		"zero":                {"7", url.Values{"version": {"0"}}, 0, false}, // of settings nobody saved; the service compares
		"negative":            {"7", url.Values{"version": {"-3"}}, -1, true},
		"no number":           {"7", url.Values{"version": {"x"}}, -1, true},
		"nothing changed yet": {"0", url.Values{"version": {"0"}}, 0, false},
		"left out before it":  {"0", url.Values{}, -1, true},
		"a new record":        {"", url.Values{}, 0, false},
	} {
		f := tryForm(t)
		if c.held != "" {
			f.Hide("version", c.held)
		}
		post(t, f, c.sent)
		if got := f.Version(); got != c.want || f.OK() == c.bad {
			t.Errorf("%s: version %d, ok %t", name, got, f.OK())
		}
		if c.bad && (len(f.Problems()) != 1 || f.Hidden()[0][1] != c.held || f.Status() != http.StatusUnprocessableEntity) {
			t.Errorf("%s: the page says %+v and holds %v", name, f.Problems(), f.Hidden())
		}
	}
}

func TestAnOptionalRadioGroupHasAChoiceForNotAnswered(t *testing.T) {
	pick := []Option{{Value: "a", Key: "layer.bill"}, {Value: "b", Text: "乙"}}
	e := testEngine(t)
	b := testBase(e, i18n.Chinese)
	f := NewForm(b, sampleDay(), Field{Name: "free", LabelKey: "style.f.side", Kind: KindRadio, Options: pick, Optional: true},
		Field{Name: "must", LabelKey: "style.f.side", Kind: KindRadio, Options: pick},
		Field{Name: "own", LabelKey: "style.f.side", Kind: KindRadio, Options: append([]Option{{Text: "全部"}}, pick...), Optional: true})
	f.Put("free", "b")
	w := httptest.NewRecorder()
	page := careForm{Base: b, Form: f}.with(Button{Text: "x"}, "/")
	if err := e.Render(w, httptest.NewRequest(http.MethodGet, "/x", nil), http.StatusOK, "care/form", page); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	for _, want := range []string{`<input type="radio" id="f-free-none" name="free" value="">`, "<span>未填</span><kbd aria-hidden=\"true\">3</kbd>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "f-must-none") || strings.Contains(body, "f-own-none") {
		t.Error("a group that must be answered, or has a choice of its own, can be cleared")
	}
	if post(t, f, url.Values{"free": {""}, "must": {"a"}}); f.Choice("free") != "" || !f.OK() {
		t.Errorf("cleared: %+v", f.errors)
	}
}

// A hint is read at a glance: it has room for twenty-five characters, of which two
// Latin ones are one.
func TestHintsOfFieldsAreShort(t *testing.T) {
	named, cat := regexp.MustCompile(`HintKey: *"([^"]+)"`), testEngine(t).Catalogue().Printer(i18n.Chinese)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range named.FindAllStringSubmatch(string(src), -1) {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			seen++
			width := 0
			for _, r := range cat.T(key[1]) {
				if width++; r > 0x2000 {
					width++
				}
			}
			if width > 2*25 {
				t.Errorf("%s is %d half characters wide: %s", key[1], width, cat.T(key[1]))
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d hints were found", seen)
	}
}
