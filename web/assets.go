// Package web holds the files of the user interface: templates, message
// catalogues, and the built styles and scripts. It only embeds; the engine that
// reads them is internal/webui.
//
// static/dist is built from static/css and ts and is committed, so that a
// checkout needs Go and nothing else. After changing a source run
// go generate ./web; a test fails while the built files are stale.
package web

import "embed"

//go:generate go test ../internal/webui -run TestAssetsAreCurrent -update

// FS is the whole tree as templates/…, i18n/…, static/dist/… and static/vendor/….
//
//go:embed templates i18n static/dist static/vendor
var FS embed.FS
