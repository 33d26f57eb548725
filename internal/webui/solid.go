package webui

import (
	"html/template"
	"regexp"
)

// solids are what reads wrongly in two pieces: a day with its hour, a number of ours.
var solids = regexp.MustCompile(`\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?|\b[A-Z]{1,4}(-[0-9A-F]{2,12})+\b`)

// solid keeps the days and numbers of a text in one piece: a browser would break
// its line after a hyphen. The text itself stays what it is, for copying and for
// finding it in the page.
func solid(text string) template.HTML {
	// #nosec G203 -- escaped before, and the spans are constant
	return template.HTML(solids.ReplaceAllString(template.HTMLEscapeString(text), `<span class="nowrap">$0</span>`))
}
