package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func sample() Event {
	id := func(s string) ident.ID { return ident.Derive(ident.Nil, s) }
	return Event{ID: id("event"), PartnershipID: id("pair"), OrganisationID: id("org"), At: time.Date(2026, 11, 24, 8, 0, 0, 1000, time.UTC),
		ActorID: id("actor"), ActorName: "林小满", Role: "registrar", Action: PersonEdit, ObjectKind: ObjectPerson, ObjectID: id("person"),
		Outcome: Done, Reason: "更正", Detail: Changed("phone", "address"), RequestID: "r-1", SourceIP: "192.0.2.7"}
}

func TestCanonicalCoversEveryColumn(t *testing.T) {
	base := sample()
	typ := reflect.TypeOf(base)
	for i := range typ.NumField() {
		e := sample()
		f := reflect.ValueOf(&e).Elem().Field(i)
		switch f.Interface().(type) {
		case ident.ID:
			f.Set(reflect.ValueOf(ident.New()))
		case time.Time:
			f.Set(reflect.ValueOf(base.At.Add(time.Microsecond)))
		case map[string]any:
			f.Set(reflect.ValueOf(map[string]any{"changed": []string{"phone"}}))
		default:
			f.SetString(f.String() + "x")
		}
		if e.Same(base) {
			t.Errorf("a change of %s is not noticed", typ.Field(i).Name)
		}
	}
	if !sample().Same(base) {
		t.Error("not stable")
	}
}

func TestCanonicalFormIsPinned(t *testing.T) {
	got := hex.EncodeToString(sample().Canonical())
	want := "01" + strings.Join([]string{hexID("event"), hexID("pair"), hexID("org"), hexID("actor"), hexID("person")}, "") +
		"0006610118d90001" + text("林小满") + text("registrar") + text("person.edit") + text("person") + text("ok") + text("更正") +
		text(`{"changed":["address","phone"]}`) + text("r-1") + text("192.0.2.7")
	if got != want {
		t.Errorf("rows written before could not be verified any more:\n%s\n%s", got, want)
	}
}

func hexID(name string) string {
	id := ident.Derive(ident.Nil, name)
	return hex.EncodeToString(id[:])
}

func text(s string) string {
	return hex.EncodeToString([]byte{0, 0, 0, byte(len(s))}) + hex.EncodeToString([]byte(s))
}

func TestFieldsCannotFlowIntoEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sample(), sample()
		a.ActorName, a.Role = rapid.String().Draw(t, "name a"), rapid.String().Draw(t, "role a")
		b.ActorName, b.Role = rapid.String().Draw(t, "name b"), rapid.String().Draw(t, "role b")
		if a.Same(b) != (a.ActorName == b.ActorName && a.Role == b.Role) {
			t.Fatalf("%q %q and %q %q", a.ActorName, a.Role, b.ActorName, b.Role)
		}
	})
}

func TestCanonicalSurvivesTheDatabase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := sample()
		e.Detail = map[string]any{
			"amount_fen": rapid.Int64().Draw(t, "fen"), "rows": rapid.Int().Draw(t, "rows"), "ok": rapid.Bool().Draw(t, "ok"),
			"note": rapid.String().Draw(t, "note"), "list": rapid.SliceOf(rapid.String()).Draw(t, "list"), "id": ident.New(),
			"nested": map[string]any{"b": 1, "a": nil},
		}
		stored, err := json.Marshal(e.Detail)
		if err != nil {
			t.Fatal(err)
		}
		back := e
		if back.Detail, err = ParseDetail(string(stored)); err != nil {
			t.Fatal(err)
		}
		back.At = e.At.In(time.FixedZone("elsewhere", 3600))
		if !back.Same(e) {
			t.Fatalf("%s\n%s", canonicalDetail(e.Detail), canonicalDetail(back.Detail))
		}
	})
	none, empty := sample(), sample()
	none.Detail, empty.Detail = nil, map[string]any{}
	if !none.Same(empty) {
		t.Error("an absent and an empty detail differ")
	}
	if back, err := ParseDetail("null"); err != nil || canonicalDetail(back) != "{}" {
		t.Errorf("stored null: %v, %v", back, err)
	}
	if _, err := ParseDetail("{"); err == nil {
		t.Error("a cut detail was read")
	}
	odd := sample()
	odd.Detail = map[string]any{"f": func() {}}
	if odd.Same(none) {
		t.Error("a detail that cannot be stored looks empty")
	}
}

func TestPersonalValuesDoNotStayInADetail(t *testing.T) {
	in := map[string]any{
		"name": "王某", "Phone": "13900000000", "note": "电话13900000000，证件50019919900101001X。", "wide": "５００１９９１９９００１０１００１７",
		"list": []string{"500199900101001"}, "any": []any{"13900000000", 3}, "nested": map[string]any{"address": "某村"},
		"day": "2026-11-24", "rows": 307, "case": ident.Nil.String(), "fen": "848000000",
	}
	out := Redact(in)
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"王某", "13900000000", "50019919900101001X", "500199900101001", "某村", "５００１"} {
		if strings.Contains(string(raw), leak) {
			t.Errorf("%s is left in %s", leak, raw)
		}
	}
	for _, keep := range []string{"2026-11-24", "307", ident.Nil.String(), "848000000", "001X", "0000，"} {
		if !strings.Contains(string(raw), keep) {
			t.Errorf("%s was lost from %s", keep, raw)
		}
	}
	if in["name"] != "王某" {
		t.Error("the original was changed")
	}
}

func TestRedactingTwiceChangesNothingMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := map[string]any{"note": rapid.StringOf(rapid.RuneFrom([]rune("0123456789xX 王-"))).Draw(t, "note")}
		once := Redact(d)
		if personal(once) != "" {
			t.Fatalf("%v became %v", d, once)
		}
	})
}

func TestAnEventMustBeUsable(t *testing.T) {
	if err := sample().Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Event){
		"unknown action":  func(e *Event) { e.Action = "person.poke" },
		"unknown object":  func(e *Event) { e.ObjectKind = "thing" },
		"no outcome":      func(e *Event) { e.Outcome = "" },
		"nobody":          func(e *Event) { e.ActorID = ident.Nil },
		"no name":         func(e *Event) { e.ActorName = "" },
		"personal detail": func(e *Event) { e.Detail = map[string]any{"phone": "13900000000"} },
	} {
		e := sample()
		change(&e)
		if e.Check() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestLogsShowNoReasonAndNoDetail(t *testing.T) {
	e := sample()
	e.Reason = "王某的女儿来电"
	if s := e.LogValue().String(); strings.Contains(s, "王某") || strings.Contains(s, "林小满") || !strings.Contains(s, PersonEdit) {
		t.Error(s)
	}
}

func TestTheRequestTravelsWithTheContext(t *testing.T) {
	r := Request{ID: "r-1", IP: "192.0.2.7"}
	if got := RequestFrom(WithRequest(context.Background(), r)); got != r {
		t.Errorf("%+v", got)
	}
	if got := RequestFrom(context.Background()); got != (Request{}) {
		t.Errorf("%+v", got)
	}
}

func TestVocabularyHasNamesInBothLanguages(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{string(Done.Label()), string(Refused.Label())}
	seen := map[string]bool{}
	for _, a := range Actions() {
		keys = append(keys, string(ActionLabel(a)))
		if seen[a] || strings.Count(a, ".") != 1 {
			t.Errorf("action %s stands twice or has no object", a)
		}
		seen[a] = true
	}
	for _, o := range ObjectKinds() {
		keys = append(keys, string(ObjectLabel(o)))
	}
	for _, lang := range i18n.Langs() {
		for _, k := range keys {
			if !cat.Has(lang, k) {
				t.Errorf("%s: %s has no name", lang, k)
			}
		}
	}
}

func TestEveryActionConstantIsListed(t *testing.T) {
	src, err := os.ReadFile("vocabulary.go")
	if err != nil {
		t.Fatal(err)
	}
	consts, lists, _ := strings.Cut(string(src), "// Actions lists")
	for line := range strings.SplitSeq(consts, "\n") {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.Contains(line, ` = "`) {
			if !strings.Contains(lists, name+",") {
				t.Errorf("%s is not listed", name)
			}
		}
	}
}
