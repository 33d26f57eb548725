package webui

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// styleOrder is the cascade: later files may rely on earlier ones.
func styleOrder() []string {
	return []string{"tokens", "base", "layout", "form", "table", "part", "entry", "desk", "print"}
}

// BuildAssets builds the styles and scripts of a web folder and returns the
// files of static/dist by name. It writes nothing.
func BuildAssets(dir string) (map[string][]byte, error) {
	built := map[string][]byte{}
	var err error
	for name, entry := range scriptEntries() {
		if built[name], err = buildScripts(dir, entry); err != nil {
			return nil, err
		}
	}
	if built["app.css"], err = buildStyles(dir, styleOrder()...); err != nil {
		return nil, err
	}
	for _, name := range []string{"field", "sheet"} { // what few pages need
		if built[name+".css"], err = buildStyles(dir, name); err != nil {
			return nil, err
		}
	}
	built["favicon.svg"], err = os.ReadFile(filepath.Join(dir, "static", "css", "favicon.svg")) // #nosec G304 -- the source tree
	return built, err
}

// scriptEntries are the scripts by their entry: app stands on every page, scan on
// those that take scans, field on those for a telephone in one hand, outreach and
// theatre on the pages that work without a network, and worker answers for those
// when there is none.
func scriptEntries() map[string]string {
	return map[string]string{"app.js": "app.ts", "scan.js": "scan.ts", "field.js": "field.ts", "outreach.js": "outreach.ts", "theatre.js": "theatre.ts", "worker.js": "worker.ts"}
}

func buildStyles(dir string, names ...string) ([]byte, error) {
	var all bytes.Buffer
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(dir, "static", "css", name+".css")) // #nosec G304 -- the source tree
		if err != nil {
			return nil, err
		}
		all.Write(raw)
		all.WriteByte('\n')
	}
	r := api.Transform(all.String(), api.TransformOptions{Loader: api.LoaderCSS, MinifyWhitespace: true, MinifySyntax: true,
		Charset: api.CharsetUTF8, Engines: engines(), LegalComments: api.LegalCommentsNone})
	return r.Code, buildErrors("styles", r.Errors, r.Warnings)
}

// buildScripts bundles what an entry needs.
func buildScripts(dir, entry string) ([]byte, error) {
	r := api.Build(api.BuildOptions{EntryPoints: []string{filepath.Join(dir, "ts", entry)}, Bundle: true, Format: api.FormatIIFE,
		MinifyWhitespace: true, MinifySyntax: true, MinifyIdentifiers: true, Charset: api.CharsetUTF8, Engines: engines(),
		Platform: api.PlatformBrowser, LegalComments: api.LegalCommentsNone, TsconfigRaw: `{"compilerOptions":{"strict":true}}`})
	if err := buildErrors("scripts", r.Errors, r.Warnings); err != nil {
		return nil, err
	}
	return r.OutputFiles[0].Contents, nil
}

// engines are the oldest browsers the pages must work in: Chromium 109 is the
// last one for Windows 7, which hospital offices still run.
func engines() []api.Engine {
	return []api.Engine{{Name: api.EngineChrome, Version: "109"}, {Name: api.EngineSafari, Version: "15"}}
}

// buildErrors takes warnings as errors: a warning here is a style or script that
// an old browser would read otherwise.
func buildErrors(what string, lists ...[]api.Message) error {
	var all []error
	for _, list := range lists {
		for _, m := range list {
			at := ""
			if m.Location != nil {
				at = fmt.Sprintf("%s:%d: ", m.Location.File, m.Location.Line)
			}
			all = append(all, fmt.Errorf("webui: %s: %s%s", what, at, m.Text))
		}
	}
	return errors.Join(all...)
}
