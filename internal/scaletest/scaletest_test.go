package scaletest_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/scaletest"
)

func TestAPropertyIsPlayedAsOftenAsAsked(t *testing.T) {
	played := 0
	scaletest.Check(t, 7, func(*rapid.T) { played++ })
	if want := scaletest.Times(7); played != want {
		t.Errorf("played %d times, want %d", played, want)
	}
}
