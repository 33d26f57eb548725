package screening_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
)

// The browser says in the village what is wrong, by the same cases.
func TestTheBoxesAreReadAsTheBrowserReadsThem(t *testing.T) {
	var v struct {
		Today clock.Date `json:"today"`
		Cases []struct {
			Name   string          `json:"name"`
			Values screening.Typed `json:"values"`
			Wrong  []string        `json:"wrong"`
		} `json:"cases"`
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "web", "ts", "vectors", "screening.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Cases) < 40 {
		t.Fatalf("%d cases", len(v.Cases))
	}
	for _, c := range v.Cases {
		draft, wrong := c.Values.Draft(v.Today)
		_, more := draft.Check(v.Today)
		var got []string
		for _, f := range append(wrong, more...) {
			if !slices.Contains(got, f.Path) {
				got = append(got, f.Path)
			}
		}
		slices.Sort(got)
		slices.Sort(c.Wrong)
		if !slices.Equal(got, c.Wrong) {
			t.Errorf("%s: wrong are %v, want %v", c.Name, got, c.Wrong)
		}
	}
}
