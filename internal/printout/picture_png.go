package printout

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"image/png"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"github.com/shanhai-health/shanhai/internal/chart"
)

// bitmap is a chart's canvas for programs that show no drawings of their own. It
// paints with the light colours of the page.
type bitmap struct {
	img   *image.RGBA
	k     float64 // pixels a px
	fonts *fontSet
	faces map[string]font.Face
}

// chartText is the size of a chart's texts in px.
const chartText = 12.0

// bitmapOf draws a chart as PNG, as wide as the page.
func bitmapOf(d chart.Drawing, fonts *fontSet) ([]byte, error) {
	k := content * dots / d.Width
	img := image.NewRGBA(image.Rect(0, 0, int(d.Width*k), int(math.Ceil(d.Height*k))))
	imagedraw.Draw(img, img.Bounds(), image.White, image.Point{}, imagedraw.Src)
	b := &bitmap{img: img, k: k, fonts: fonts.fresh(), faces: map[string]font.Face{}}
	for i, name := range b.fonts.names {
		face, err := opentype.NewFace(b.fonts.parsed[i], &opentype.FaceOptions{Size: chartText * k, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return nil, fmt.Errorf("printout: %w", err)
		}
		b.faces[name] = face
	}
	d.On(b)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("printout: %w", err)
	}
	return out.Bytes(), nil
}

// colour is the light colour of a style.
func colour(s chart.Style, alpha float64) color.NRGBA {
	rgb, err := strconv.ParseUint(strings.TrimPrefix(s.Token().Light, "#"), 16, 32)
	if err != nil {
		rgb = 0
	}
	a := uint8(255)
	if alpha > 0 && alpha < 1 {
		a = uint8(alpha * 255)
	}
	return color.NRGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), a} // #nosec G115 -- one byte of a colour
}

// polygon is one closed outline in pixels.
type polygon []chart.Point

func (b *bitmap) fill(shapes []polygon, c color.NRGBA) {
	size := b.img.Bounds().Size()
	r := vector.NewRasterizer(size.X, size.Y)
	for _, s := range shapes {
		for i, p := range s {
			if i == 0 {
				r.MoveTo(float32(p.X), float32(p.Y))
			} else {
				r.LineTo(float32(p.X), float32(p.Y))
			}
		}
		r.ClosePath()
	}
	r.Draw(b.img, b.img.Bounds(), image.NewUniform(c), image.Point{})
}

// paint fills and strokes outlines.
func (b *bitmap) paint(outlines []polygon, closed bool, l chart.Look) {
	if l.Fill != "" && closed {
		b.fill(outlines, colour(l.Fill, l.Alpha))
	}
	if l.Stroke == "" {
		return
	}
	half := math.Max(l.Width, 1) * b.k / 2
	for _, o := range outlines {
		if closed && len(o) > 0 {
			o = append(append(polygon{}, o...), o[0])
		}
		// A stroke at a time: where two overlap, the rule of winding must not make a hole.
		for _, piece := range b.dashed(o, l.Dash) {
			b.fill([]polygon{rod(piece[0], piece[1], half)}, colour(l.Stroke, 0))
		}
	}
}

// rod is a straight stroke as an outline.
func rod(from, to chart.Point, half float64) polygon {
	dx, dy := to.X-from.X, to.Y-from.Y
	long := math.Hypot(dx, dy)
	if long == 0 {
		dx, long = 1, 1
	}
	dx, dy = dx/long*half, dy/long*half
	return polygon{{X: from.X - dy, Y: from.Y + dx}, {X: to.X - dy, Y: to.Y + dx}, {X: to.X + dy, Y: to.Y - dx}, {X: from.X + dy, Y: from.Y - dx}}
}

// dashed cuts an outline into the strokes of a dash.
func (b *bitmap) dashed(o polygon, d chart.Dash) [][2]chart.Point {
	var pattern []float64
	for _, f := range strings.Fields(string(d)) {
		if v, err := strconv.ParseFloat(f, 64); err == nil {
			pattern = append(pattern, v*b.k)
		}
	}
	var out [][2]chart.Point
	at, left := 0, 0.0
	if len(pattern) > 0 {
		left = pattern[0]
	}
	for i := 1; i < len(o); i++ {
		from, to := o[i-1], o[i]
		if len(pattern) == 0 {
			out = append(out, [2]chart.Point{from, to})
			continue
		}
		long := math.Hypot(to.X-from.X, to.Y-from.Y)
		for done := 0.0; done < long; {
			step := math.Min(left, long-done)
			if at%2 == 0 {
				out = append(out, [2]chart.Point{between(from, to, done/long), between(from, to, (done+step)/long)})
			}
			done += step
			if left -= step; left <= 1e-9 {
				at++
				left = pattern[at%len(pattern)]
			}
		}
	}
	return out
}

func between(a, b chart.Point, t float64) chart.Point {
	return chart.Point{X: a.X + (b.X-a.X)*t, Y: a.Y + (b.Y-a.Y)*t}
}

func (b *bitmap) at(p chart.Point) chart.Point { return chart.Point{X: p.X * b.k, Y: p.Y * b.k} }

func (b *bitmap) Line(from, to chart.Point, look chart.Look) {
	b.paint([]polygon{{b.at(from), b.at(to)}}, false, look)
}

func (b *bitmap) Rect(x chart.Box, look chart.Look) {
	corners := polygon{{X: x.X, Y: x.Y}, {X: x.X + x.W, Y: x.Y}, {X: x.X + x.W, Y: x.Y + x.H}, {X: x.X, Y: x.Y + x.H}}
	for i := range corners {
		corners[i] = b.at(corners[i])
	}
	b.paint([]polygon{corners}, true, look)
}

// arcSteps is how many straight lines a circle or a curve is made of.
const arcSteps = 24

func (b *bitmap) Circle(center chart.Point, radius float64, look chart.Look) {
	var o polygon
	for i := range arcSteps {
		a := 2 * math.Pi * float64(i) / arcSteps
		o = append(o, b.at(chart.Point{X: center.X + radius*math.Cos(a), Y: center.Y + radius*math.Sin(a)}))
	}
	b.paint([]polygon{o}, true, look)
}

func (b *bitmap) Path(path chart.Path, look chart.Look) {
	var outlines []polygon
	closed := look.Fill != ""
	for _, g := range path {
		n := len(outlines) - 1
		switch g.Op {
		case 'M':
			outlines = append(outlines, polygon{b.at(g.To)})
		case 'L':
			outlines[n] = append(outlines[n], b.at(g.To))
		case 'C':
			from := outlines[n][len(outlines[n])-1]
			for i := 1; i <= arcSteps; i++ {
				outlines[n] = append(outlines[n], cubic(from, b.at(g.C1), b.at(g.C2), b.at(g.To), float64(i)/arcSteps))
			}
		case 'Z':
			closed = true
		}
	}
	b.paint(outlines, closed, look)
}

// cubic is a point of a curve.
func cubic(p0, p1, p2, p3 chart.Point, t float64) chart.Point {
	u := 1 - t
	a, b, c, d := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
	return chart.Point{X: a*p0.X + b*p1.X + c*p2.X + d*p3.X, Y: a*p0.Y + b*p1.Y + c*p2.Y + d*p3.Y}
}

func (b *bitmap) Text(at chart.Point, l chart.Label) {
	width := 0.0
	for _, r := range b.fonts.runs(l.Text) {
		width += float64(font.MeasureString(b.faces[r.font], r.text)) / 64
	}
	p := b.at(at)
	switch l.Anchor {
	case chart.Middle:
		p.X -= width / 2
	case chart.End:
		p.X -= width
	}
	if l.Halo {
		b.fill([]polygon{{{X: p.X - b.k, Y: p.Y - 10*b.k}, {X: p.X + width + b.k, Y: p.Y - 10*b.k}, {X: p.X + width + b.k, Y: p.Y + 2.5*b.k}, {X: p.X - b.k, Y: p.Y + 2.5*b.k}}}, color.NRGBA{255, 255, 255, 255})
	}
	style := l.Style
	if style == "" {
		style = chart.Quiet
	}
	shifts := []float64{0}
	if l.Strong { // the house has one weight of each font
		shifts = []float64{0, b.k * 0.35}
	}
	for _, shift := range shifts {
		x := fixed.Int26_6((p.X + shift) * 64)
		for _, r := range b.fonts.runs(l.Text) {
			d := font.Drawer{Dst: b.img, Src: image.NewUniform(colour(style, 0)), Face: b.faces[r.font], Dot: fixed.Point26_6{X: x, Y: fixed.Int26_6(p.Y * 64)}}
			d.DrawString(r.text)
			x = d.Dot.X
		}
	}
}
