// Package web holds the files of the user interface: templates, message
// catalogues, the built styles and scripts, and the fonts of printed forms. It only embeds; the engine that
// reads them is internal/webui.
//
// static/dist is built from static/css and ts and is committed, so that a
// checkout needs Go and nothing else. After changing a source run
// go generate ./web; a test fails while the built files are stale.
package web

import "embed"

//go:generate go test ../internal/webui -run TestAssetsAreCurrent -update

// FS is the whole tree as templates/…, i18n/…, static/dist/…, static/icon/…, static/vendor/… and fonts/….
//
//go:embed templates i18n static/dist static/icon static/vendor fonts/*.ttf
var FS embed.FS
