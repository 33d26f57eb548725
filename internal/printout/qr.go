package printout

import (
	"fmt"
	"strings"

	goqr "github.com/piglig/go-qr"
)

// qrCode is the code of a text. Medium correction: a fold or a stamp may cover
// 15 % of it.
func qrCode(text string) (*goqr.QrCode, error) {
	code, err := goqr.EncodeText(text, goqr.Medium)
	if err != nil {
		return nil, fmt.Errorf("printout: qr code: %w", err)
	}
	return code, nil
}

// qr draws the code as vectors: it stays sharp on any printer.
func (p *pen) qr(x, y float64, text string) error {
	code, err := qrCode(text)
	if err != nil {
		return err
	}
	unit := qrSize / float64(code.Size())
	p.pdf.SetFillColor(0, 0, 0)
	dark(code, func(column, row, n int) {
		p.pdf.Rect(x+float64(column)*unit, y+float64(row)*unit, float64(n)*unit, unit, "F")
	})
	return nil
}

// dark calls fn for every stretch of dark modules in a row.
func dark(code *goqr.QrCode, fn func(column, row, n int)) {
	for row := range code.Size() {
		for column := 0; column < code.Size(); {
			n := 0
			for column+n < code.Size() && code.Module(column+n, row) {
				n++
			}
			if n > 0 {
				fn(column, row, n)
			}
			column += max(n, 1)
		}
	}
}

// QRPath is the code as the path data of an SVG image with a side of size units,
// for forms printed from the browser.
func QRPath(text string) (path string, size int, err error) {
	code, err := qrCode(text)
	if err != nil {
		return "", 0, err
	}
	var b strings.Builder
	dark(code, func(column, row, n int) { fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", column, row, n, n) })
	return b.String(), code.Size(), nil
}
