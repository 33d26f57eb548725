package webui

import (
	"html/template"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Speaker says sentences in the reader's language; [i18n.Printer] is one. Tests
// put another in its place that notes missing keys.
type Speaker interface {
	T(key string, pairs ...any) string
	Has(key string) bool
	Say(key string, args errs.Args) string
	Date(clock.Date) string
	DateWeekday(clock.Date) string
	Error(error) string
	Lang() i18n.Lang
}

// Side is the side of a partnership a place or person belongs to.
type Side string

// The sides: receiving is the mountain, donor is the sea.
const (
	NoSide   Side = ""
	Mountain Side = "mountain"
	Sea      Side = "sea"
)

// User is the chip of the signed-in person.
type User struct {
	Name string
	Role string // said in the reader's language
	Org  string
	Side Side
}

// Initial is the character in the round of the chip.
func (u User) Initial() string {
	for _, r := range u.Name {
		return string(r)
	}
	return "–"
}

// Choice is one entry of the partnership switch.
type Choice struct {
	ID      string
	Name    string
	Current bool
}

// Link is a text that leads somewhere; without Href it is only text.
type Link struct{ Text, Href string }

// Flash is the answer to the last action, shown once. Kind is ok, warn or error.
// With Undo it appears as a toast that can take the action back.
type Flash struct {
	Kind    string
	Title   string
	Text    string
	Undo    string            // address that takes the action back by POST
	Seconds int               // how long the undo stands
	Fields  map[string]string // what the undo sends
}

// Base is the frame of every page. Handlers fill it once per request and embed
// it into the page's own struct. Its texts are already said in the reader's
// language.
type Base struct {
	P      Speaker
	Layout string // app (default), plain (no navigation) or print

	Title   string // the h1 and the title element
	Sub     string // one sentence of fact under the h1
	Eyebrow string // small line above the h1 when there are no crumbs
	Crumbs  []Link // the last one is this page
	Actions []Button
	Tabs    []Tab
	Badge   *Tag // on the h1 line, before the actions

	Menu     []MenuGroup
	Bottom   []MenuItem // the five items of the phone's bar
	Register *Link      // the one action of the top bar
	NoSearch bool       // the reader sees neither patients nor cases
	User     *User
	Choices  []Choice // partnerships; the switch appears from two on
	Path     string   // where preferences return to
	Theme    string   // light, dark, or empty for the system's
	Demo     bool     // demonstration data: the ribbon says so
	PlainNet bool     // plain http allowed: the banner says so
	Flash    *Flash
	Swaps    bool     // blocks of the page are fetched alone: htmx comes along
	Scanner  bool     // the page takes scans: its script comes along
	Field    bool     // for a telephone in one hand: the style of large targets comes along
	Island   string   // script of a page that works without a network
	Manifest string   // what a telephone reads before it puts the page on its home screen
	Bar      *SaveBar // decisive action: on the phone it replaces the bottom bar
	Bell     bool     // the reader has messages of their own
	Unread   int      // of them, up to a hundred

	drafts draftDesk
}

// frame makes every struct that embeds Base a View.
func (b Base) frame() Base { return b }

// NewBase starts a frame for a request. The handler's own middleware adds user,
// menu and flash.
func NewBase(r *http.Request, p Speaker) Base { return Base{P: p, Path: r.URL.RequestURI()} }

// T is the sentence of a key.
func (b Base) T(key string, pairs ...any) string { return b.P.T(key, pairs...) }

// Say is the sentence of a key with the arguments of an error.
func (b Base) Say(key string, args errs.Args) string { return b.P.Say(key, args) }

// Lang is the value of the lang attribute.
func (b Base) Lang() string { return string(b.P.Lang()) }

// English reports the language, for the language switch.
func (b Base) English() bool { return b.P.Lang() == i18n.English }

// Behind is the address of the page a paper belongs to: the folder it lies in, with
// the same filter. Only a payment has no page of its own.
func (b Base) Behind() string {
	at, q, filtered := strings.Cut(b.Path, "?")
	at = path.Dir(at)
	switch {
	case strings.HasPrefix(at, "/payments/"):
		return "/payments"
	case filtered:
		return at + "?" + q
	}
	return at
}

// Day writes a day in words: 2026年11月23日.
func (b Base) Day(d clock.Date) string { return b.P.Date(d) }

// DayWeek writes a day with its weekday.
func (b Base) DayWeek(d clock.Date) string { return b.P.DateWeekday(d) }

// Yuan is an amount with its unit.
func (b Base) Yuan(f money.Fen) string { return b.T("unit.yuan.amount", "amount", f) }

// Place is a name in the colour of its side, with the glyph and a hidden word,
// so that the side is never told by colour alone.
func (b Base) Place(side Side, name string) template.HTML {
	text := template.HTMLEscapeString(name)
	if side != Mountain && side != Sea {
		return template.HTML(`<span class="place">` + text + `</span>`) // #nosec G203 -- constants and escaped texts
	}
	word := template.HTMLEscapeString(b.T("side." + string(side)))
	// #nosec G203 -- constants and escaped texts
	return template.HTML(`<span class="place place-` + string(side) + `">` + string(icon(string(side))) + `<span class="vh">` + word +
		` </span>` + text + `</span>`)
}

// Chip is a small noun with an icon. It begins with a capital letter, though the
// same word stands small in sentences.
func (b Base) Chip(t Tag) template.HTML {
	kind, glyph := t.Kind, t.Icon
	if kind == "" {
		kind = "plain"
	}
	if glyph == "" {
		glyph = map[string]string{"ok": "check", "warn": "clock", "error": "warning"}[kind]
	}
	svg := ""
	if glyph != "" && glyph != "none" {
		svg = string(icon(glyph))
	}
	return template.HTML(`<span class="tag tag-` + template.HTMLEscapeString(kind) + `">` + svg + template.HTMLEscapeString(capitalised(t.Text)) + `</span>`) // #nosec G203 -- constants and escaped texts
}

// capitalised is a text with a capital first letter, where its script has them.
func capitalised(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// HasRibbon reports whether a line stands under the top bar.
func (b Base) HasRibbon() bool { return b.Demo || b.PlainNet }

// UnreadText is the number beside the bell.
func (b Base) UnreadText() string {
	if b.Unread > 99 {
		return "99+"
	}
	return strconv.Itoa(b.Unread)
}

// ScriptTexts are the sentences the scripts say, by their short names.
func (b Base) ScriptTexts() map[string]string {
	m := map[string]string{}
	for _, k := range scriptKeys() {
		m[strings.TrimPrefix(k, "js.")] = b.T(k)
	}
	return m
}

// scriptKeys are the messages of web/ts.
func scriptKeys() []string {
	return []string{"js.busy", "js.show", "js.hide", "js.male", "js.female", "js.sex", "js.birth", "js.age", "js.age.years", "js.region",
		"js.derived", "js.id.ok", "js.id.short", "js.id.chars", "js.id.check", "js.id.date", "js.date.none", "js.weekdays", "js.copied", "js.nomatch", "js.pick",
		"js.unsent", "js.leave.title", "js.leave.text", "js.leave.go", "js.leave.send",
		"js.draft.saving", "js.draft.saved", "js.draft.offline", "js.draft.signedout", "js.draft.refused"}
}

// BalancedTag is the tag of a strip that adds up to the fen.
func (b Base) BalancedTag() Tag { return Tag{Text: b.T("strip.balanced"), Kind: "ok"} }

// OffTag names the difference of a strip that does not add up.
func (b Base) OffTag(off money.Fen) Tag {
	return Tag{Text: b.T("strip.off", "amount", off), Kind: "error"}
}
