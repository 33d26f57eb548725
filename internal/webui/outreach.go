package webui

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
)

// The page for outreach days works without a network. Its shell is the same for
// everybody and holds nothing about anybody: the browser keeps it, and no other
// page. What is entered stays in the browser, sealed, until the addresses below
// have answered for it.
const (
	outreachHome    = "/outreach/"
	outreachTheatre = "/outreach/theatre/"
)

func (s *Server) outreachRoutes(rt *router) {
	rt.get("/outreach", authz.ScreeningRecord, func(w http.ResponseWriter, r *http.Request, c *Call) error {
		return seeOther(w, r, outreachHome+string(c.P.Lang()))
	})
	rt.get("/outreach/theatre", authz.ProcedureLog, func(w http.ResponseWriter, r *http.Request, c *Call) error {
		return seeOther(w, r, outreachTheatre+string(c.P.Lang()))
	})
	for _, lang := range i18n.Langs() {
		rt.get(outreachHome+string(lang), authz.Public, s.outreachShell)
		rt.get(outreachTheatre+string(lang), authz.Public, s.outreachTheatreShell)
		rt.get(outreachHome+string(lang)+".webmanifest", authz.Public, s.outreachManifest)
	}
	rt.get("/outreach/worker.js", authz.Public, s.outreachWorker)
	rt.get("/outreach/account", authz.ScreeningRecord, s.outreachAccount)
	rt.get("/outreach/list", authz.ProcedureLog, s.outreachList)
	rt.post("/outreach/pass", authz.ScreeningRecord, s.outreachPass)
	rt.post("/outreach/forms", authz.ScreeningRecord, s.receiveForms)
	rt.post("/outreach/operations", authz.ProcedureLog, s.receiveOperations)
	rt.post("/outreach/photos/{id}", authz.ScreeningRecord, s.receivePhoto)
	s.handoverRoutes(rt)
}

// outreachUploads are the addresses that take more than a form.
func outreachUploads() []httpx.Upload {
	const frame = 64 << 10
	return []httpx.Upload{{Pattern: "/outreach/forms", Max: 4 << 20}, {Pattern: "/outreach/operations", Max: 4 << 20}, {Pattern: "/outreach/photos/{id}", Max: outreach.MaxPhoto + frame},
		{Pattern: "/screenings/handover", Max: outreach.MaxBundle + frame}, {Pattern: "/screenings/outboxes", Max: outreach.MaxBundle + frame}}
}

// islandView is what the pages that work without a network have in common.
type islandView struct {
	Base
	Form      *Form
	Panels    []Option
	Texts     map[string]string
	Self      string // the page without a language, where signing in leads back to
	Leave     string // the way out
	Other     string // the same page in the other language
	Swap      string // the other page, in the same language
	SwapText  string
	Plain     string // the page that does the same with a network
	PlainText string
	Kinds     []Option // of photos
	PhotoHint string
}

// outreachView is the shell of outreach days.
type outreachView struct{ islandView }

// Part is the run of fields shown for one value of a choice.
func (v outreachView) Part(name string) []string { return screeningFormView{}.Part(name) }

// photoKinds are kinds of photos to choose from, the likeliest first.
func photoKinds(kinds ...doc.Kind) []Option {
	var out []Option
	for _, k := range kinds {
		out = append(out, Option{Value: string(k), Key: k.Label()})
	}
	return out
}

// outreachKeys are the sentences of the page's script.
func outreachKeys() []string {
	return []string{"unsent", "unsent.none", "unsent.idle", "photos", "synced", "synced.never", "sending", "offline", "retry", "signin", "denied", "elsewhere", "kept", "kept.text", "edited", "discarded",
		"state.kept", "state.refused", "state.conflict", "edit", "discard", "discard.ask", "discard.yes", "back", "theirs", "again", "mine", "server", "field", "receipt.created", "receipt.repeated",
		"receipt.mine", "receipt.total", "receipt.total.theatre", "photo.bad", "photo.size", "photo.remove", "place.busy", "place.offline", "place.here", "place.waiting", "persist", "expired", "others", "full", "problems"}
}

// outreachFaults are what the script says at a field.
func outreachFaults() []string {
	return []string{"missing", "pick", "place", "born", "number", "check", "pressure", "date", "future", "acuity", "pain", "phone", "count"}
}

// newIsland is the frame of a page at a home; its first panel is its own.
func newIsland(b Base, home string, script string) islandView {
	b.Layout, b.Field, b.Island = "field", true, script
	b.Manifest = outreachHome + b.Lang() + ".webmanifest"
	v := islandView{Base: b, Texts: map[string]string{}, Other: home + string(i18n.English)}
	for _, k := range outreachKeys() {
		v.Texts[k] = b.T("outreach.js." + k)
	}
	for _, k := range outreachFaults() {
		v.Texts["error."+k] = b.T("outreach.js.error." + k)
	}
	if b.English() {
		v.Other = home + string(i18n.Chinese)
	}
	return v
}

func islandPanels(first string) []Option {
	return []Option{{Value: "form", Key: first}, {Value: "outbox", Key: "outreach.tab.outbox"}, {Value: "receipts", Key: "outreach.tab.receipts"}}
}

func newOutreachView(b Base) outreachView {
	b.Title = b.T("outreach.title")
	v := outreachView{newIsland(b, outreachHome, "outreach.js")}
	v.Kinds, v.PhotoHint = photoKinds(doc.Consent, doc.Identity, doc.Medical, doc.Poverty, doc.Other), b.T("outreach.photo.hint")
	v.Form, v.Panels = screeningForm(b, clock.Date{}, nil).Put("screened_on", ""), islandPanels("outreach.tab.form")
	v.Self, v.Leave, v.Plain, v.PlainText = "/outreach", "/screenings", "/screenings/new", "outreach.noscript.do"
	v.Swap, v.SwapText = outreachTheatre+b.Lang(), b.T("outreach.theatre.swap")
	return v
}

// shellBase is the base of a shell in a language, whoever asks.
func (s *Server) shellBase(r *http.Request, lang i18n.Lang) Base {
	b := NewBase(r, s.d.Engine.Catalogue().Printer(lang))
	b.Demo, b.PlainNet = s.d.Demo, s.d.PlainNet
	return b
}

// islandBase speaks the language of the page that asks: a browser keeps the page in
// both, whatever language the account has.
func (s *Server) islandBase(r *http.Request, c *Call) Base {
	b := c.Base
	for _, lang := range i18n.Langs() {
		if r.URL.Query().Get("lang") == string(lang) {
			b.P = s.d.Engine.Catalogue().Printer(lang)
		}
	}
	return b
}

// langOf is the language an address names.
func langOf(r *http.Request) i18n.Lang {
	name := strings.TrimSuffix(path.Base(r.URL.Path), ".webmanifest")
	for _, lang := range i18n.Langs() {
		if name == string(lang) {
			return lang
		}
	}
	return i18n.Chinese
}

// outreachShells are the pages the browser keeps, in a language.
func (s *Server) outreachShells(r *http.Request, lang i18n.Lang) []shell {
	b := s.shellBase(r, lang)
	return []shell{{outreachHome + string(lang), "screening/outreach", newOutreachView(b)}, {outreachTheatre + string(lang), "screening/theatre", newOutreachTheatre(b)}}
}

type shell struct {
	address string
	page    string
	view    View
}

func (s *Server) outreachShell(w http.ResponseWriter, r *http.Request, _ *Call) error {
	return s.d.Engine.Render(w, r, http.StatusOK, "screening/outreach", newOutreachView(s.shellBase(r, langOf(r))))
}

func (s *Server) outreachTheatreShell(w http.ResponseWriter, r *http.Request, _ *Call) error {
	return s.d.Engine.Render(w, r, http.StatusOK, "screening/theatre", newOutreachTheatre(s.shellBase(r, langOf(r))))
}

// outreachManifest is what a telephone asks for before it puts the page on its
// home screen.
func (s *Server) outreachManifest(w http.ResponseWriter, r *http.Request, _ *Call) error {
	p := s.d.Engine.Catalogue().Printer(langOf(r))
	icon := func(name, size, purpose string) map[string]string {
		return map[string]string{"src": s.d.Engine.Assets().URL(name), "sizes": size, "type": "image/png", "purpose": purpose}
	}
	w.Header().Set("Content-Type", "application/manifest+json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	return json.NewEncoder(w).Encode(map[string]any{"name": p.T("outreach.app"), "short_name": p.T("outreach.short"), "lang": string(p.Lang()), "start_url": outreachHome + string(p.Lang()),
		"scope": outreachHome, "display": "standalone", "background_color": "#F1F5F4", "theme_color": "#0E4A50",
		"shortcuts": []map[string]string{{"name": p.T("outreach.theatre.title"), "url": outreachTheatre + string(p.Lang())}},
		"icons":     []map[string]string{icon("icon-192.png", "192x192", "any"), icon("icon-512.png", "512x512", "any"), icon("icon-mask.png", "512x512", "maskable")}})
}

// outreachWorker is the script that answers without a network. It begins with
// the list of what it may keep; another list, or another text of the shell, is
// another script, which is how a browser finds out that there is a new one.
func (s *Server) outreachWorker(w http.ResponseWriter, r *http.Request, _ *Call) error {
	a := s.d.Engine.Assets()
	keep := struct {
		Version string   `json:"version"`
		Files   []string `json:"files"`
	}{}
	sum := sha256.New()
	for _, lang := range i18n.Langs() {
		for _, x := range s.outreachShells(r, lang) {
			keep.Files = append(keep.Files, x.address)
			page := &kept{}
			if err := s.d.Engine.Render(page, r, http.StatusOK, x.page, x.view); err != nil {
				return err
			}
			sum.Write(page.Bytes())
		}
	}
	for _, name := range []string{"app.css", "field.css", "app.js", "outreach.js", "theatre.js", "scan.js", "field.js", "favicon.svg", "icon-192.png"} {
		keep.Files = append(keep.Files, a.URL(name))
	}
	keep.Version = hex.EncodeToString(sum.Sum(nil)[:6])
	list, err := json.Marshal(keep)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(bytes.Join([][]byte{[]byte("self.keep=" + string(list) + ";\n"), a.Content("worker.js")}, nil))
	return err
}

// kept is a page that is not sent.
type kept struct {
	bytes.Buffer
	header http.Header
}

// Header is the page's header, for nobody.
func (k *kept) Header() http.Header {
	if k.header == nil {
		k.header = http.Header{}
	}
	return k.header
}

// WriteHeader takes the status, for nobody.
func (k *kept) WriteHeader(int) {}

// answerJSON answers a script of ours.
func answerJSON(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(body)
}

// outreachAccount says who is signed in, so that the script finds the store that
// is theirs.
func (s *Server) outreachAccount(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.hospitalOptions(r, c, authz.ScreeningRecord)
	if err != nil {
		return err
	}
	type place struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	var theatres []Option
	if s.can(c, authz.ProcedureLog) {
		if theatres, err = s.hospitalOptions(r, c, authz.ProcedureLog); err != nil {
			return err
		}
	}
	out := struct {
		Account   ident.ID `json:"account"`
		Hospitals []place  `json:"hospitals"`
		Theatre   []string `json:"theatre"` // where operations are logged as well
	}{c.Who.AccountID, []place{}, []string{}}
	for _, h := range list {
		out.Hospitals = append(out.Hospitals, place{h.Value, h.Text})
	}
	for _, h := range theatres {
		out.Theatre = append(out.Theatre, h.Value)
	}
	return answerJSON(w, out)
}

func (s *Server) outreachPass(w http.ResponseWriter, r *http.Request, c *Call) error {
	var in struct {
		Box      ident.ID `json:"box"`
		Hospital ident.ID `json:"hospital"`
		Number   uint16   `json:"number"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return err
	}
	p, err := s.d.Screenings.Pass(r.Context(), c.Who, outreach.PassInput{Box: in.Box, Hospital: in.Hospital, Number: in.Number})
	if err != nil {
		return err
	}
	return answerJSON(w, struct {
		Account  ident.ID `json:"account"`
		Hospital ident.ID `json:"hospital"`
		Number   uint16   `json:"number"`
		Key      []byte   `json:"key"`
		Recovery ident.ID `json:"recovery"`
		Public   []byte   `json:"public"`
		Days     int      `json:"days"`
	}{p.Account, p.Hospital, p.Number, p.Key, p.Recovery.ID, p.Recovery.Public, p.Days})
}

// formAnswer is the receipt of one form.
type formAnswer struct {
	ID          ident.ID         `json:"id"`
	Outcome     outreach.Outcome `json:"outcome"`
	Digest      string           `json:"digest"`
	Alike       int              `json:"alike"`
	Fields      []formFault      `json:"fields"`
	Taken       bool             `json:"taken"`              // another content stands under the id
	Standing    string           `json:"standing,omitempty"` // the operation that stands instead, to which photos then go
	Differences []difference     `json:"differences"`
}

type formFault struct {
	Name   string `json:"name"`
	Label  string `json:"label"`
	Detail string `json:"detail"`
}

// difference is one fact that stands otherwise here than in the browser.
type difference struct {
	Label  string `json:"label"`
	Mine   string `json:"mine"`
	Theirs string `json:"theirs"`
}

// readForms reads what a browser sends.
func readForms(r *http.Request) (outreach.ReceiveInput, error) {
	var in struct {
		Hospital ident.ID `json:"hospital"`
		Forms    []struct {
			ID   ident.ID `json:"id"`
			Body string   `json:"body"`
		} `json:"forms"`
	}
	err := httpx.DecodeJSON(r, &in)
	send := outreach.ReceiveInput{Hospital: in.Hospital}
	for _, f := range in.Forms {
		send.Forms = append(send.Forms, outreach.Sent{ID: f.ID, Body: f.Body})
	}
	return send, err
}

func (s *Server) receiveForms(w http.ResponseWriter, r *http.Request, c *Call) error {
	in, err := readForms(r)
	if err != nil {
		return err
	}
	got, err := s.d.Screenings.Receive(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	b := s.islandBase(r, c)
	f := screeningForm(b, c.Today, nil)
	return answerForms(w, got, func(x outreach.Answer) formAnswer { return newFormAnswer(b, f, x) })
}

// answerForms answers every form that was sent, with exact counts.
func answerForms(w http.ResponseWriter, got []outreach.Answer, row func(outreach.Answer) formAnswer) error {
	out := struct {
		Count    int          `json:"count"`
		Created  int          `json:"created"`
		Repeated int          `json:"repeated"`
		Refused  int          `json:"refused"`
		Rows     []formAnswer `json:"rows"`
	}{Count: len(got)}
	for _, x := range got {
		switch x.Outcome {
		case outreach.Created:
			out.Created++
		case outreach.Repeated:
			out.Repeated++
		case outreach.Refused:
			out.Refused++
		}
		out.Rows = append(out.Rows, row(x))
	}
	return answerJSON(w, out)
}

// newFormAnswer tells a form's answer in words; the labels are those of the form.
func newFormAnswer(b Base, f *Form, x outreach.Answer) formAnswer {
	out := formAnswer{ID: x.ID, Outcome: x.Outcome, Digest: x.Digest, Alike: x.Alike, Fields: []formFault{}, Taken: x.Taken(), Differences: []difference{}}
	for _, e := range x.Fields {
		fault := formFault{Name: e.Path, Detail: b.Say(e.Key, e.Args)}
		if slices.Contains(f.Names(), e.Path) {
			fault.Label = b.T(f.field(e.Path).LabelKey)
		}
		out.Fields = append(out.Fields, fault)
	}
	switch {
	case x.Have != nil:
		out.Differences = differences(b, x.Record, *x.Have)
	case x.Standing != nil:
		out.Differences, out.Standing = operationDifferences(b, x.Operation, *x.Standing), known(x.Standing.ID)
	}
	return out
}

// differences sets what a browser kept beside what is stored. Numbers are told
// by their ends, as everywhere.
func differences(b Base, mine screening.Record, have outreach.Screening) []difference {
	facts := func(x outreach.Screening) []Def {
		return append([]Def{{Label: b.T("register.name"), Text: x.Name}, {Label: b.T("screening.on"), Text: b.Day(x.On)}, {Label: b.T("screening.place"), Text: x.Place.String()},
			{Label: b.T("register.sex"), Text: b.T(x.Sex.Key())}}, screeningFacts(b, x)...)
	}
	own := have // who and when are the store's
	own.Record = mine
	own.DocLast4, own.PhoneLast4 = ending(mine.DocNumber), ending(mine.Phone)
	return apart(facts(own), facts(have))
}

// apart are the facts that are told otherwise on the two sides, those of the
// store first.
func apart(own, have []Def) []difference {
	theirs := map[string]string{}
	var labels []string
	for _, d := range have {
		theirs[d.Label] = d.Text
		labels = append(labels, d.Label)
	}
	said := map[string]string{}
	for _, d := range own {
		if said[d.Label] = d.Text; !slices.Contains(labels, d.Label) {
			labels = append(labels, d.Label)
		}
	}
	out := []difference{}
	for _, l := range labels {
		if said[l] != theirs[l] {
			out = append(out, difference{l, said[l], theirs[l]})
		}
	}
	return out
}

// ending is what may be shown of a number.
func ending(number string) string {
	r := []rune(number)
	return string(r[max(0, len(r)-4):])
}

func (s *Server) receivePhoto(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	q := r.URL.Query()
	form, err := ident.Parse(q.Get("form"))
	if err != nil {
		return errs.Missing("error.screening.missing")
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return errs.Wrap(err, errs.TooLarge, "error.too_large", errs.Args{"mb": large.Limit >> 20})
		}
		return errs.Wrap(err, errs.Invalid, "error.form.unreadable", nil)
	}
	got, err := s.d.Screenings.AddPhoto(r.Context(), c.Who, outreach.Photo{ID: id, Form: form, Kind: doc.Kind(q.Get("kind")), Content: content, Original: q.Get("original")})
	if err != nil {
		return err
	}
	return answerJSON(w, struct {
		ID      ident.ID         `json:"id"`
		Outcome outreach.Outcome `json:"outcome"`
		Digest  string           `json:"digest"`
	}{got.ID, got.Outcome, got.Digest})
}
