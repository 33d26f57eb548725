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
	return []string{"tokens", "base", "layout", "form", "table", "part", "desk", "print"}
}

// BuildAssets builds the styles and scripts of a web folder and returns the
// files of static/dist by name. It writes nothing.
func BuildAssets(dir string) (map[string][]byte, error) {
	css, err := buildStyles(dir)
	if err != nil {
		return nil, err
	}
	js, err := buildScripts(dir, "app.ts")
	if err != nil {
		return nil, err
	}
	scan, err := buildScripts(dir, "scan.ts")
	if err != nil {
		return nil, err
	}
	icon, err := os.ReadFile(filepath.Join(dir, "static", "css", "favicon.svg"))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"app.css": css, "app.js": js, "scan.js": scan, "favicon.svg": icon}, nil
}

func buildStyles(dir string) ([]byte, error) {
	var all bytes.Buffer
	for _, name := range styleOrder() {
		raw, err := os.ReadFile(filepath.Join(dir, "static", "css", name+".css"))
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

// buildScripts bundles what an entry needs: app.ts stands on every page, scan.ts
// on those that take scans.
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
