package httpx

import (
	"io"
	"net/http"

	"github.com/andybalholm/brotli"
	"github.com/go-chi/chi/v5/middleware"
)

// Levels that cost less time than they save on an office line.
const (
	gzipLevel   = 5
	brotliLevel = 4
)

// compress packs text. Downloads (xlsx, pdf, images, attachments) are packed
// already and pass as they are; so do assets that were packed at build time.
// Pages hold no secret an attacker could measure through the packed length:
// there are no form tokens.
func compress() func(http.Handler) http.Handler {
	c := middleware.NewCompressor(gzipLevel, "text/html", "text/css", "text/plain", "text/javascript", "application/javascript",
		"application/json", "application/problem+json", "application/manifest+json", "image/svg+xml")
	c.SetEncoder("br", func(w io.Writer, _ int) io.Writer { return brotli.NewWriterLevel(w, brotliLevel) })
	return c.Handler
}
