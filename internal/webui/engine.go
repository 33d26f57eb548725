package webui

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// Engine renders pages. It is made once, holds every parsed template, and is
// safe for concurrent use.
type Engine struct {
	cat     *i18n.Catalogue
	assets  *Assets
	version string
	sets    map[string]*set
}

// set is one page with the layouts and parts it may use.
type set struct{ t *template.Template }

// New parses all templates and catalogues of the tree (web.FS). A broken
// template stops the program at start, not a user in the middle of the day.
func New(fsys fs.FS, version string) (*Engine, error) {
	texts, err := fs.Sub(fsys, "i18n")
	if err != nil {
		return nil, err
	}
	cat, err := i18n.Load(texts)
	if err != nil {
		return nil, err
	}
	assets, err := LoadAssets(fsys)
	if err != nil {
		return nil, err
	}
	e := &Engine{cat: cat, assets: assets, version: version, sets: map[string]*set{}}
	return e, e.parse(fsys)
}

// parse reads layouts and parts once and clones them for every page file.
func (e *Engine) parse(fsys fs.FS) error {
	common, err := e.common(fsys)
	if err != nil {
		return err
	}
	return fs.WalkDir(fsys, "templates/page", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(file) != ".html" {
			return err
		}
		src, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		s := &set{}
		t, err := common.Clone()
		if err != nil {
			return err
		}
		// The helpers that render a part must look it up in this page's own set.
		if s.t, err = t.Funcs(s.partFuncs()).New(file).Parse(string(src)); err != nil {
			return fmt.Errorf("webui: %s: %w", file, err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/page/"), ".html")
		e.sets[name] = s
		return nil
	})
}

// common is the set of layouts and parts without any page.
func (e *Engine) common(fsys fs.FS) (*template.Template, error) {
	funcs := helpers()
	funcs["asset"] = e.assets.URL
	t := template.New("").Funcs(funcs).Funcs((&set{}).partFuncs()).Option("missingkey=error")
	for _, pattern := range []string{"templates/layout/*.html", "templates/part/*.html"} {
		files, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			src, err := fs.ReadFile(fsys, file)
			if err != nil {
				return nil, err
			}
			if _, err := t.New(file).Parse(string(src)); err != nil {
				return nil, fmt.Errorf("webui: %s: %w", file, err)
			}
		}
	}
	return t, nil
}

// Catalogue is the engine's message catalogue.
func (e *Engine) Catalogue() *i18n.Catalogue { return e.cat }

// Assets serves the styles and scripts; mount it at /static/.
func (e *Engine) Assets() *Assets { return e.assets }

// Names lists the known pages.
func (e *Engine) Names() []string {
	names := make([]string, 0, len(e.sets))
	for n := range e.sets {
		names = append(names, n)
	}
	return names
}

// View is a page's data: any struct that embeds [Base].
type View interface{ frame() Base }

// document is what a layout sees: the frame, and the page it wraps.
type document struct {
	Base
	Head    string // text of the title element
	Page    View
	Version string
	CSS     []string
	Scripts []string
}

// Render writes a whole page. With status 422 the title says that something is
// wrong before it says where, so that a screen reader hears it first. Nothing is
// written when a template fails; the caller then has still its answer to give.
func (e *Engine) Render(w http.ResponseWriter, r *http.Request, status int, name string, data View) error {
	s, ok := e.sets[name]
	if !ok {
		return fmt.Errorf("webui: no page %q", name)
	}
	doc := e.document(status, data)
	return e.write(w, status, func(buf io.Writer) error { return s.t.ExecuteTemplate(buf, doc.layout(), doc) })
}

// Fragment writes one named block of a page, for htmx.
func (e *Engine) Fragment(w http.ResponseWriter, r *http.Request, status int, name, block string, data View) error {
	s, ok := e.sets[name]
	if !ok {
		return fmt.Errorf("webui: no page %q", name)
	}
	return e.write(w, status, func(buf io.Writer) error { return s.t.ExecuteTemplate(buf, block, data) })
}

// IsFragment reports whether the request asks for a block and not for the page:
// an htmx request that does not replace the whole body.
func IsFragment(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") == "" && r.Header.Get("HX-Request-Type") != "full"
}

// document fills the frame around a page.
func (e *Engine) document(status int, data View) document {
	b := data.frame()
	head := b.Title
	if status == http.StatusUnprocessableEntity {
		head = b.T("page.title.error", "title", head)
	}
	scripts := []string{e.assets.URL("app.js")}
	switch {
	case b.Island != "": // first its own: it tells the others which day it is
		scripts = []string{e.assets.URL(b.Island), e.assets.URL("app.js")}
	case b.Swaps: // not on every page: it reads through all of a large one before anybody can press anything
		scripts = []string{e.assets.URL("htmx.js"), e.assets.URL("app.js")}
	}
	if b.Scanner {
		scripts = append(scripts, e.assets.URL("scan.js"))
	}
	if b.Field && (b.Island == "" || b.Scanner) {
		scripts = append(scripts, e.assets.URL("field.js"))
	}
	styles := []string{e.assets.URL("app.css")}
	if b.Field {
		styles = append(styles, e.assets.URL("field.css"))
	}
	if b.Layout == "print" {
		styles = append(styles, e.assets.URL("sheet.css"))
	}
	return document{Base: b, Head: head, Page: data, Version: e.version, CSS: styles, Scripts: scripts}
}

// layout is the template a document is wrapped in.
func (d document) layout() string {
	if d.Layout == "" {
		return "layout-app"
	}
	return "layout-" + d.Layout
}

// write renders into memory first, so that half a page never leaves with 200.
// Pages hold personal data: nothing may keep them.
func (e *Engine) write(w http.ResponseWriter, status int, render func(io.Writer) error) error {
	var buf bytes.Buffer
	if err := render(&buf); err != nil {
		return fmt.Errorf("webui: render: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "HX-Request")
	w.WriteHeader(status)
	_, err := w.Write(buf.Bytes())
	return err
}
