package mutate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tiny is a package whose tests leave known holes.
var tiny = map[string]string{
	"go.mod": "module tiny\n\ngo 1.24\n",
	"tiny.go": `package tiny

type Colour string

const Red Colour = "red"

// Covers is tested away from the border only.
func Covers(asked, left int) bool { return asked <= left }

// Adult is tested on the border.
func Adult(age int, known bool) string {
	if known && age >= 18 {
		return "adult"
	}
	return "child"
}

func Paint(c Colour) int {
	switch c {
	case Red:
		return 1
	}
	return 0
}

func Loop(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum += i
	}
	return sum
}

func Twice(a int) int {
	if a > 1 {
		a--
	}
	if a > 1 {
		a = 0
	}
	return a
}

// Nobody calls it.
func Unused(a bool) int {
	if !a {
		return 1
	}
	return 0
}
`,
	"tiny_test.go": `package tiny

import "testing"

func TestCovers(t *testing.T) {
	if !Covers(1, 5) || Covers(9, 5) {
		t.Error("covers")
	}
}

func TestAdult(t *testing.T) {
	if Adult(18, true) != "adult" || Adult(17, true) != "child" || Adult(30, false) != "child" {
		t.Error("adult")
	}
}

func TestPaintAndLoop(t *testing.T) {
	if Paint(Red) != 1 || Loop(3) != 3 || Twice(1) != 1 || Twice(2) != 1 || Twice(9) != 0 {
		t.Error("paint")
	}
}
`,
}

// The tool is believed when it kills what the tests of a tiny package notice, and
// lets live what they do not.
func TestTheToolKnowsWhichMutantsOfATinyPackageLive(t *testing.T) {
	root := t.TempDir()
	for name, text := range tiny {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := prepare(root, t.TempDir(), target{pkg: ".", tests: []string{"."}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.meetAll(map[string]string{"tiny.go Loop: i < n → false": "left out"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"tiny.go Covers: asked <= left → true":         "TestCovers",
		"tiny.go Covers: asked <= left → false":        "TestCovers",
		"tiny.go Covers: asked <= left → asked < left": "survived",
		"tiny.go Adult: known && age >= 18 → false":    "TestAdult",
		"tiny.go Adult: known → true":                  "TestAdult",
		"tiny.go Adult: age >= 18 → true":              "TestAdult",
		"tiny.go Adult: age >= 18 → age > 18":          "TestAdult",
		"tiny.go Paint: Red → no case":                 "TestPaintAndLoop",
		"tiny.go Loop: i < n → i <= n":                 "TestPaintAndLoop",
		"tiny.go Twice: a > 1 → true":                  "TestPaintAndLoop",
		"tiny.go Twice: a > 1 → false":                 "TestPaintAndLoop",
		"tiny.go Twice: a > 1 → a >= 1":                "TestPaintAndLoop",
		"tiny.go Twice: a > 1 → true [2]":              "TestPaintAndLoop",
		"tiny.go Twice: a > 1 → false [2]":             "TestPaintAndLoop",
		"tiny.go Twice: a > 1 → a >= 1 [2]":            "TestPaintAndLoop",
		"tiny.go Unused: a → true":                     "unreached",
		"tiny.go Unused: a → false":                    "unreached",
	}
	for _, o := range all {
		got := o.killer
		if got == "" {
			got = "survived"
		}
		if !o.reached {
			got = "unreached"
		}
		if want[o.key()] != got {
			t.Errorf("%s: %s, want %q", o.key(), got, want[o.key()])
		}
		delete(want, o.key())
	}
	for key := range want {
		t.Errorf("not made: %s", key)
	}
	text, share := report(all)
	if share > 83 || share < 82 || !strings.Contains(text, "tiny.go:8 survived\ttiny.go Covers: asked <= left → asked < left\n") {
		t.Errorf("%.1f %%\n%s", share, text)
	}
}

func TestAMutantIsLeftOutForAReasonOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.txt")
	for text, ok := range map[string]bool{"a.go f: x → true # the same": true, "# a comment\n\n": true, "a.go f: x → true": false, "a.go f: x → true # ": false} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := equivalent(path); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWhatNoticedTheNearestMutantComesFirst(t *testing.T) {
	all := map[int]bool{1: true, 2: true, 3: true, 8: true, 9: true}
	r := &runner{mutants: make([]mutant, 9), proofs: []proof{{name: "TestQuick", passes: all}, {name: "TestMiddle", passes: all}, {name: "TestSlow", passes: all}}}
	order := func(id int) (names string) {
		for _, p := range r.likely(mutant{id: id}) {
			names += p.name + " "
		}
		return names
	}
	if got := order(3); got != "TestQuick TestMiddle TestSlow " {
		t.Errorf("with nothing noticed: %s", got)
	}
	r.notes("TestSlow/one_case", mutant{id: 2})
	r.notes("TestMiddle", mutant{id: 9})
	if got := order(3); got != "TestSlow TestQuick TestMiddle " {
		t.Errorf("beside what TestSlow noticed: %s", got)
	}
	if got := order(8); got != "TestMiddle TestQuick TestSlow " {
		t.Errorf("beside what TestMiddle noticed: %s", got)
	}
	if got := order(4); got != "" {
		t.Errorf("of a mutant no test passes by: %s", got)
	}
}
