package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/store"
)

// proofs gives every registration a photographed certificate, so that who
// decides sees what a real application brings. All show the same invented sheet.
func (m *maker) proofs(files *blob.Store) ([]store.Attachment, error) {
	sheet, err := certificate()
	if err != nil {
		return nil, err
	}
	address, err := files.Put(sheet)
	if err != nil {
		return nil, err
	}
	out := make([]store.Attachment, len(m.bulk.Registrations))
	for i, r := range m.bulk.Registrations {
		out[i] = store.Attachment{ID: m.id("proof", i+1), HospitalID: r.Registration.HospitalID, Kind: document.Poverty, FileName: "困难证明（示例）.png",
			Owner: store.Owner{Kind: store.OwnerRegistration, ID: r.Registration.ID}, Media: "image/png", Size: int64(len(sheet)), Digest: address}
	}
	return out, nil
}

// certificate draws a sheet of paper: a frame, a head, lines of writing, a seal.
func certificate() ([]byte, error) {
	const wide, high = 620, 440
	img := image.NewRGBA(image.Rect(0, 0, wide, high))
	fill := func(x0, y0, x1, y1 int, c color.Color) {
		draw.Draw(img, image.Rect(x0, y0, x1, y1), image.NewUniform(c), image.Point{}, draw.Src)
	}
	paper, ink, red := color.RGBA{252, 250, 244, 255}, color.RGBA{120, 130, 132, 255}, color.RGBA{190, 70, 60, 255}
	fill(0, 0, wide, high, ink)
	fill(3, 3, wide-3, high-3, paper)
	fill(190, 40, 430, 58, ink)
	for i := range 8 {
		fill(60, 100+i*30, wide-60-(i%3)*70, 104+i*30, color.RGBA{190, 196, 196, 255})
	}
	fill(450, 330, 540, 334, red)
	fill(450, 396, 540, 400, red)
	fill(450, 330, 454, 400, red)
	fill(536, 330, 540, 400, red)
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
