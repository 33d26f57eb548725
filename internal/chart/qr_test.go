package chart_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/chart"
)

func TestATextBecomesASquareWithItsQuietZone(t *testing.T) {
	svg, err := chart.Square("<slip>", "7K4M2FACDE9GHJKMNPQR")
	if err != nil {
		t.Fatal(err)
	}
	// Twenty letters fit the 21 modules of the smallest code; four more on each side stay white.
	if !strings.Contains(svg, `viewBox="0 0 29 29"`) || !strings.Contains(svg, "M4 4h1v1h-1z") || strings.Contains(svg, "M3 ") {
		t.Errorf("drawn: %.200s", svg)
	}
	if strings.Contains(svg, "<slip>") || strings.Contains(svg, "style=") {
		t.Errorf("unsafe: %.200s", svg)
	}
	if other, err := chart.Square("<slip>", "7K4M2FACDE9GHJKMNPQS"); err != nil || other == svg {
		t.Errorf("another text gives the same square: %v", err)
	}
	if _, err := chart.Square("", strings.Repeat("长", 4000)); err == nil {
		t.Error("a text too long for a square was drawn")
	}
}
