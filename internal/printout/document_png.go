package printout

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// dots is how many pixels a millimetre has in the pictures of a Word file.
const dots = 7.0

// picture draws a chart as PNG for programs that show no drawings of their own.
func (c Columns) picture(fonts *fontSet) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, int(content*dots), int(chartHeight*dots)))
	imagedraw.Draw(img, img.Bounds(), image.White, image.Point{}, imagedraw.Src)
	s := &pixels{img: img, fonts: fonts.fresh(), faces: map[string]font.Face{}}
	for i, name := range s.fonts.names {
		face, err := opentype.NewFace(s.fonts.parsed[i], &opentype.FaceOptions{Size: labelSize, DPI: dots * 25.4, Hinting: font.HintingNone})
		if err != nil {
			return nil, fmt.Errorf("printout: %w", err)
		}
		s.faces[name] = face
	}
	c.draw(s, content)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("printout: %w", err)
	}
	return out.Bytes(), nil
}

// pixels draws a chart on a bitmap.
type pixels struct {
	img   *image.RGBA
	fonts *fontSet
	faces map[string]font.Face
}

func (s *pixels) fill(x, y, w, h float64, c color.Color) {
	r := image.Rect(int(x*dots), int(y*dots), int((x+w)*dots), int((y+h)*dots))
	imagedraw.Draw(s.img, r, image.NewUniform(c), image.Point{}, imagedraw.Src)
}

func (s *pixels) bar(x, y, w, h float64) { s.fill(x, y, w, h, color.RGBA{36, 92, 79, 255}) }

func (s *pixels) rule(x1, y1, x2, _ float64) { s.fill(x1, y1, x2-x1, 0.3, color.Black) }

func (s *pixels) label(x, y float64, text string) {
	at := fixed.Int26_6((x - s.extent(text)/2) * dots * 64)
	base := fixed.Int26_6((y + labelSize*pointMM*(baseline+(leading-1)/2)) * dots * 64)
	for _, r := range s.fonts.runs(text) {
		d := font.Drawer{Dst: s.img, Src: image.Black, Face: s.faces[r.font], Dot: fixed.Point26_6{X: at, Y: base}}
		d.DrawString(r.text)
		at = d.Dot.X
	}
}

func (s *pixels) extent(text string) float64 {
	var w fixed.Int26_6
	for _, r := range s.fonts.runs(text) {
		w += font.MeasureString(s.faces[r.font], r.text)
	}
	return float64(w) / 64 / dots
}
