package dataclass_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/policies"
)

func TestALineThatSaysTooLittleIsNoLine(t *testing.T) {
	for name, text := range map[string]string{
		"no level":          "person,name,,attribute,identity,record",
		"a sixth level":     "person,name,6,attribute,identity,record",
		"unknown category":  "person,name,4,person,identity,record",
		"unknown purpose":   "person,name,4,attribute,because,record",
		"no retention":      "person,name,4,attribute,identity,",
		"unknown retention": "person,name,4,attribute,identity,always",
		"no column":         "person,,4,attribute,identity,record",
		"a column twice":    "person,name sex,4,attribute,identity,record\nperson,name,3,attribute,identity,record",
		"a field too many":  "person,name,4,attribute,identity,record,x",
	} {
		if _, err := dataclass.Parse(text); err == nil {
			t.Errorf("%s: %q passes", name, text)
		}
	}
}

func TestTheRegisterSaysWhatDiffers(t *testing.T) {
	r, err := dataclass.Parse("# head\nperson,name,4,attribute,identity,record\nperson,sex,3,attribute,identity,record\n")
	if err != nil {
		t.Fatal(err)
	}
	unknown, gone := r.Compare([]dataclass.Column{{Table: "person", Name: "name"}, {Table: "person", Name: "faith"}})
	if len(unknown) != 1 || unknown[0].String() != "person.faith" || len(gone) != 1 || gone[0].String() != "person.sex" {
		t.Errorf("unknown %v, gone %v", unknown, gone)
	}
	if l, ok := r.Of(dataclass.Column{Table: "person", Name: "name"}); !ok || l.Level != dataclass.Personal || l.Retention != dataclass.Record {
		t.Errorf("name: %+v %v", l, ok)
	}
}

// What is sealed says who somebody is, and what proves who somebody is is never
// open: the level follows the name a column has.
func TestSealedColumnsAreOfTheUpperLevels(t *testing.T) {
	r, err := dataclass.Parse(policies.Columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Lines() {
		for _, name := range l.Columns {
			low := l.Level < dataclass.Personal && l.Table != "hospital_account" // a hospital's own account number is no person's
			switch {
			case strings.HasSuffix(name, "_sealed") && low, strings.HasSuffix(name, "last4") && low, name == "password_hash" && l.Level != dataclass.Secret,
				strings.HasPrefix(name, "visible_to") && l.Level != dataclass.Internal:
				t.Errorf("%s.%s is of level %d", l.Table, name, l.Level)
			}
		}
	}
	if columns, tables := r.Size(); columns < 1700 || tables < 115 {
		t.Errorf("%d columns of %d tables", columns, tables)
	}
}
