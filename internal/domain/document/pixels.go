package document

import (
	"bytes"
	"image"
	_ "image/jpeg" // what a picture's head says of its size
	_ "image/png"

	_ "golang.org/x/image/webp"
)

// MaxPixels is the largest picture: more than any telephone takes. A few bytes can
// promise a picture of gigabytes, which would not harm us, who never draw it, but
// the browser of whoever opens the record.
const MaxPixels = 120_000_000

// floods reports whether the head of a picture promises more than [MaxPixels]. What
// does not say its size is no picture a browser would draw.
func floods(content []byte) bool {
	c, _, err := image.DecodeConfig(bytes.NewReader(content))
	return err == nil && c.Width > 0 && c.Height > MaxPixels/c.Width
}
