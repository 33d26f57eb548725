package archtest_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/archtest"
)

// TestHouseRules holds the checkout to every rule.
func TestHouseRules(t *testing.T) {
	tree, err := archtest.Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) < 20 {
		t.Fatalf("only %d Go files were found", len(tree.Files))
	}
	for _, r := range archtest.Rules() {
		t.Run(r.Name, func(t *testing.T) {
			for _, f := range r.Check(tree) {
				t.Error(f)
			}
		})
	}
}
