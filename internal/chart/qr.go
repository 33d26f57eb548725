package chart

import (
	"html"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// Square is a text as a QR code, one path of unit squares with the quiet zone
// around it. It is black on white whatever the theme: a scanner reads no other.
// The size is in user units; the page decides how large it is printed.
func Square(title, text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	const quiet = 4
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				path.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + "h1v1h-1z")
			}
		}
	}
	side := strconv.Itoa(code.Size + 2*quiet)
	return `<svg class="qr" viewBox="0 0 ` + side + ` ` + side + `" role="img" shape-rendering="crispEdges"><title>` + html.EscapeString(title) + `</title><rect width="` + side + `" height="` +
		side + `" fill="#fff"/><path fill="#000" d="` + path.String() + `"/></svg>`, nil
}
