package subject_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
	"github.com/shanhai-health/shanhai/policies"
)

// Everything has its words in both languages, and so has every column a person
// reads in the copy: a new one cannot come out under its name in the database.
func TestWordsAreComplete(t *testing.T) {
	reg, err := dataclass.Parse(policies.Columns)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range subject.Reach(reg) {
		seen[subject.TableLabel(s.Table)] = true
		for _, l := range s.Lines {
			for _, c := range l.Columns {
				if c = strings.TrimSuffix(c, "_sealed"); l.Level >= dataclass.Linked && subject.Shown(l.Level) && subject.Readable(c) {
					seen[subject.ColumnLabel(c)] = true
				}
			}
		}
	}
	for _, x := range subject.Kinds() {
		seen[x.Label()] = true
	}
	for _, x := range subject.Askers() {
		seen[x.Label()] = true
	}
	for _, x := range subject.States() {
		seen[x.Label()] = true
	}
	for _, x := range subject.Fields() {
		seen[x.Label()] = true
	}
	for _, r := range []dataclass.Retention{dataclass.Record, dataclass.Accounts, dataclass.Forever, dataclass.Trail} {
		seen[subject.Kept{Retention: r}.Why()] = true
	}
	for _, reason := range subject.Outside() {
		seen[reason] = true
	}
	keys := make([]string, 0, len(seen))
	for k := range seen {
		keys = append(keys, k)
	}
	if len(keys) < 300 {
		t.Errorf("only %d words", len(keys))
	}
	i18ntest.Complete(t, keys)
}
