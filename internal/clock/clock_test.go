package clock_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
)

var today = clock.MustDate(2026, 11, 23)

func TestParseSpelling(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-23": "2026-11-23", "20261123": "2026-11-23", "2026.11.23": "2026-11-23", "2026/11/23": "2026-11-23",
		"2026.3.5": "2026-03-05", "2021年3月5日": "2021-03-05", "11-23": "2026-11-23", "3.5": "2026-03-05", "3月5日": "2026-03-05",
		"今天": "2026-11-23", "昨天": "2026-11-22", "-3": "2026-11-20", "２０２６－１１－２３": "2026-11-23", " 2026 . 3 . 5 ": "2026-03-05", "today": "2026-11-23",
	} {
		if got, err := clock.ParseSpelling(in, today); err != nil || got.String() != want {
			t.Errorf("ParseSpelling(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]error{"2026-02-30": clock.ErrNoSuchDay, "0000-01-01": clock.ErrNoSuchDay, "20261301": clock.ErrNoSuchDay, "13-40": clock.ErrNoSuchDay,
		"": clock.ErrSpelling, "soon": clock.ErrSpelling, "2026-11": clock.ErrNoSuchDay} {
		if in == "2026-11" {
			want = clock.ErrSpelling
		}
		if _, err := clock.ParseSpelling(in, today); !errors.Is(err, want) {
			t.Errorf("ParseSpelling(%q) error = %v, want %v", in, err, want)
		}
	}
}

func TestDateColumnNeverMovesWithTheZone(t *testing.T) {
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, clock.Shanghai)
	d := clock.DateOf(midnight)
	v, err := d.Value()
	if err != nil || v != "2026-11-23" {
		t.Fatalf("Value = %v, %v", v, err)
	}
	if clock.Today(clock.NewFixed(midnight.Add(-time.Second))).String() != "2026-11-22" {
		t.Fatal("the day ends at midnight in Shanghai")
	}
}

func TestAgeAndMonths(t *testing.T) {
	born := clock.MustDate(1958, 4, 7)
	if born.AgeOn(clock.MustDate(2026, 4, 6)) != 67 || born.AgeOn(clock.MustDate(2026, 4, 7)) != 68 {
		t.Fatal("age counts completed years")
	}
	if got := clock.MustDate(2026, 1, 31).AddMonths(1).String(); got != "2026-02-28" {
		t.Fatalf("31 January + 1 month = %s", got)
	}
	if got := clock.MustDate(2026, 3, 31).AddMonths(-1).String(); got != "2026-02-28" {
		t.Fatalf("31 March - 1 month = %s", got)
	}
}

func TestDateRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := clock.MustDate(1900, 1, 1).AddDays(rapid.IntRange(0, 80000).Draw(t, "day"))
		var back clock.Date
		b, _ := json.Marshal(d)
		if err := json.Unmarshal(b, &back); err != nil || back != d {
			t.Fatalf("json: %v %v", back, err)
		}
		v, _ := d.Value()
		if err := back.Scan(v); err != nil || back != d {
			t.Fatalf("scan: %v %v", back, err)
		}
		if p, err := clock.ParseSpelling(d.String(), today); err != nil || p != d {
			t.Fatalf("spelling: %v %v", p, err)
		}
	})
}

func TestExcelSerial(t *testing.T) {
	if d, err := clock.ExcelSerial(44454); err != nil || d.String() != "2021-09-15" {
		t.Fatalf("44454 = %v, %v", d, err)
	}
	if _, err := clock.ExcelSerial(-1); err == nil {
		t.Fatal("a negative serial is no day")
	}
}
