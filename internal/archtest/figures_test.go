package archtest

import "testing"

func TestFigures(t *testing.T) {
	whole := `func f() { number, unit, interval, rests, coverage := said(b, r).Parts(); use(number, unit, interval, rests, coverage) }`
	check(t, Figures, []snippet{
		{"internal/webui/a.go", whole, ""},
		{"internal/webui/a.go", `func f() { number, _, interval, rests, coverage := said(b, r).Parts(); use(number, interval, rests, coverage) }`, ""},
		{"internal/webui/a.go", `func f() { number, unit, _, _, _ := said(b, r).Parts(); use(number, unit) }`, "taken without its interval"},
		{"internal/report/a.go", `func f() { number, unit, interval, rests, _ := Say(s, r).Parts(); use(number, unit, interval, rests) }`, "or its coverage"},
		{"internal/webui/a.go", `func f() string { return said(b, r).Row()[0] }`, "the others dropped"},
		{"internal/webui/a.go", `func f() float64 { return r.ForChart().Value }`, "for charts"},
		{"internal/webui/desk_maps.go", `func f() float64 { return r.ForChart().Value }`, ""},
		{"internal/webui/desk_maps.go", `func f() string { return decimalText(r.ForChart().Value, 1) }`, "written by itself"},
		{"internal/webui/desk_maps.go", `func f() string { return fmt.Sprintf("%.1f", charted(p.Reading)) }`, "written by itself"},
		{"internal/webui/a.go", `func f() string { return decimalText(v, 1) + "%" }`, "a percent is written"},
		{"internal/httpapi/a.go", `func f() string { return fmt.Sprintf("%.1f%%", v) }`, "a percent is written"},
		{"internal/webui/measure_charts.go", `func f() string { return m.T("desk.all", "value", m.say(charted(m.d.Reading))) }`, "written by itself"},
		{"internal/report/outcomes.go", `func f() string { return percent(all.ForChart().Value) }`, "written by itself"},
		{"internal/webui/measure_charts.go", `func f() string { return decimalText(v, 1) + "%" }`, ""},
		{"internal/store/a.go", `func f() string { return fmt.Sprintf("%d%%", v) }`, ""}, // says nothing to people
	})
}
