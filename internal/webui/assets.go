package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
)

// Assets serves the styles and scripts under names that contain a digest of
// their content, so that a browser may keep them for a year and never shows an
// old style on a new page.
type Assets struct {
	byName map[string]string // app.css → /static/app.0123456789ab.css
	files  map[string]asset  // the address → the file
}

type asset struct {
	mime   string
	plain  []byte
	gzip   []byte
	brotli []byte
}

// assetSources maps public names to files of the tree.
func assetSources() map[string]string {
	return map[string]string{
		"app.css":       "static/dist/app.css",
		"app.js":        "static/dist/app.js",
		"scan.js":       "static/dist/scan.js",
		"field.css":     "static/dist/field.css",
		"sheet.css":     "static/dist/sheet.css",
		"field.js":      "static/dist/field.js",
		"outreach.js":   "static/dist/outreach.js",
		"theatre.js":    "static/dist/theatre.js",
		"worker.js":     "static/dist/worker.js",
		"icon-192.png":  "static/icon/icon-192.png",
		"icon-512.png":  "static/icon/icon-512.png",
		"icon-mask.png": "static/icon/icon-mask.png",
		"htmx.js":       "static/vendor/htmx-4.0.1.min.js",
		"favicon.svg":   "static/dist/favicon.svg",
	}
}

// mime is fixed here: the system's own table differs between machines.
func mime(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".png":
		return "image/png"
	}
	return "image/svg+xml"
}

// LoadAssets reads, digests and compresses the files once.
func LoadAssets(fsys fs.FS) (*Assets, error) {
	a := &Assets{byName: map[string]string{}, files: map[string]asset{}}
	for name, file := range assetSources() {
		raw, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("webui: %w", err)
		}
		f := asset{mime: mime(path.Ext(name)), plain: raw}
		if f.gzip, err = gzipped(raw); err != nil {
			return nil, err
		}
		if f.brotli, err = brotlied(raw); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(raw)
		ext := path.Ext(name)
		url := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.byName[name], a.files[url] = url, f
	}
	return a, nil
}

func gzipped(raw []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	err = w.Close() // before Bytes: Close writes the end of the stream
	return buf.Bytes(), err
}

func brotlied(raw []byte) ([]byte, error) {
	var buf bytes.Buffer
	w := brotli.NewWriterLevel(&buf, 9)
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	err := w.Close()
	return buf.Bytes(), err
}

// URL is the address of a public name. An unknown name is a mistake of a layout
// and gives an address that answers 404.
func (a *Assets) URL(name string) string {
	if u, ok := a.byName[name]; ok {
		return u
	}
	return "/static/unknown/" + name
}

// Content is the file behind a public name.
func (a *Assets) Content(name string) []byte { return a.files[a.byName[name]].plain }

// Size is the number of bytes moved for a public name, gzipped.
func (a *Assets) Size(name string) int { return len(a.files[a.byName[name]].gzip) }

// ServeHTTP answers an asset's address, compressed as the browser likes.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	accepts := r.Header.Get("Accept-Encoding")
	switch {
	case strings.Contains(accepts, "br"):
		h.Set("Content-Encoding", "br")
		body = f.brotli
	case strings.Contains(accepts, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the browser went away; nothing to do
}
