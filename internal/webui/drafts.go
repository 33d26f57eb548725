package webui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
)

// Names of what the machinery of drafts sends beside the fields of a form.
const (
	draftMark  = "_draft" // in a form: a draft of it is kept under this name
	sentForm   = "_form"
	sentTitle  = "_title"
	sentBack   = "_back"
	draftQuery = "draft" // in an address: fill the form from its draft
)

// draftDesk is what a form knows about drafts: whether any are kept, which there
// are, and whether the reader asked to go on with one.
type draftDesk struct {
	on   bool
	open bool
	get  bool   // the page was asked for, it is not an answer to a form
	path string // of the page
	back string // where the page is asked for again, without the wish to go on
	list []inbox.Draft
}

// DraftView is the line above a form that has a draft.
type DraftView struct {
	P                          Speaker
	Key, Saved, Continue, Back string
}

// T is the sentence of a key.
func (v DraftView) T(key string, pairs ...any) string { return v.P.T(key, pairs...) }

// openDesk reads what the frame shows of the reader's own desk. A page without it
// is better than no page.
func (s *Server) openDesk(r *http.Request, c *Call) {
	if s.d.Inbox == nil || IsFragment(r) || c.Who.PartnershipID == ident.Nil || c.Who.MustChange {
		return
	}
	u := *r.URL
	q := u.Query()
	d := draftDesk{on: true, get: r.Method == http.MethodGet, path: u.Path, open: q.Has(draftQuery)}
	q.Del(draftQuery)
	d.back = address(u.Path, q)
	if d.get {
		g, err := s.d.Inbox.Glance(r.Context(), c.Who)
		if err != nil {
			s.d.Log.WarnContext(r.Context(), "the desk could not be read", "error", err)
			return
		}
		d.list, c.Base.Unread = g.Drafts, g.Unread
	}
	c.Base.Bell, c.Base.drafts = true, d
}

// DraftKey names the one draft of a form: where it is sent, and which of the
// forms of the page it is. Empty: none is kept. What is a secret is never kept,
// so a form with a password or a code has no draft at all.
func (f *Form) DraftKey() string {
	if !f.desk.on || f.Get || f.Compact {
		return ""
	}
	typed := false
	for _, x := range f.fields {
		switch {
		case x.Kind == KindPassword, x.Complete == "one-time-code", x.Complete == "new-password", x.Complete == "current-password":
			return ""
		case comparable(x.Kind) && !x.ReadOnly:
			typed = true
		}
	}
	if !typed {
		return ""
	}
	path := f.desk.path
	if f.Action != "" {
		path, _, _ = strings.Cut(f.Action, "?")
	}
	return path + "#" + f.ID
}

// draft is the stored draft of the form.
func (f *Form) draft() (inbox.Draft, bool) {
	key := f.DraftKey()
	i := slices.IndexFunc(f.desk.list, func(d inbox.Draft) bool { return key != "" && d.Form == key })
	if i < 0 {
		return inbox.Draft{}, false
	}
	return f.desk.list[i], true
}

// settle fills the form from its draft, once, when the reader asked for that. All
// the machinery draws after it, so that no page has to know.
func (f *Form) settle() {
	if f.settled {
		return
	}
	f.settled = true
	d, ok := f.draft()
	if !ok || !f.desk.open || !f.desk.get {
		return
	}
	for _, x := range f.fields {
		if !comparable(x.Kind) || x.ReadOnly {
			continue
		}
		f.raw.Del(x.Name) // what was not ticked is not in the draft
		if v, ok := d.Values[x.Name]; ok {
			f.raw[x.Name] = v
		}
	}
	for _, h := range f.hidden { // the version it was written on: a change in between is shown when it is sent
		if v, ok := d.Values[h[0]]; ok {
			f.raw[h[0]] = v
		}
	}
	f.raw.Set(draftMark, d.Form)
}

// DraftNote is the line that offers to go on with what was begun.
func (f *Form) DraftNote() *DraftView {
	d, ok := f.draft()
	if !ok || f.desk.open || !f.desk.get {
		return nil
	}
	return &DraftView{P: f.P, Key: d.Form, Saved: savedAt(d, f.Today), Continue: withDraft(f.desk.back), Back: f.desk.back}
}

// DraftMark is the name of the draft that is kept of the form; the post that
// succeeds removes it.
func (f *Form) DraftMark() string {
	f.settle()
	return f.raw.Get(draftMark)
}

// DraftBack is where the form is found again; an answer to a form is not.
func (f *Form) DraftBack() string {
	if f.desk.get {
		return f.desk.back
	}
	return ""
}

// DraftRestored says of when the text in the form is.
func (f *Form) DraftRestored() string {
	if d, ok := f.draft(); ok && f.desk.open && f.desk.get {
		return f.P.T("draft.restored", "time", savedAt(d, f.Today))
	}
	return ""
}

// savedAt is the time of today, and the day as well for an earlier one.
func savedAt(d inbox.Draft, today clock.Date) string {
	t := d.Saved.In(clock.Shanghai)
	if clock.DateOf(t) == today {
		return t.Format("15:04")
	}
	return t.Format("01-02 15:04")
}

func withDraft(back string) string {
	if strings.Contains(back, "?") {
		return back + "&" + draftQuery + "=1"
	}
	return back + "?" + draftQuery + "=1"
}

// sentStatus remembers the status of the answer to a post.
type sentStatus struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *sentStatus) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap gives the response controller its way to the connection.
func (w *sentStatus) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// clearDraft removes the draft of a form that was accepted: every form of the
// house answers that with 303. When it fails the draft stays, and expires.
func (s *Server) clearDraft(r *http.Request, c *Call, status int) {
	if s.d.Inbox == nil || status != http.StatusSeeOther || r.PostForm.Get(draftMark) == "" {
		return
	}
	if err := s.d.Inbox.ForgetDraft(r.Context(), c.Who, r.PostForm.Get(draftMark)); err != nil && !errs.Is(err, errs.NotFound) {
		s.d.Log.WarnContext(r.Context(), "a draft could not be removed", "request", httpx.RequestID(r.Context()), "error", err)
	}
}

// inboxRoutes declares the addresses of drafts and messages.
func (s *Server) inboxRoutes(rt *router) {
	rt.post("/drafts", authz.SelfRead, s.saveDraft)
	rt.post("/drafts/drop", authz.SelfRead, s.dropDraft)
	rt.post("/drafts/undrop", authz.SelfRead, s.takeBackDraft)
	rt.get("/messages", authz.SelfRead, s.messagesPage)
	rt.post("/messages/{id}/open", authz.SelfRead, s.openMessage)
	rt.post("/messages/read", authz.SelfRead, s.readMessages)
	rt.post("/messages/unread", authz.SelfRead, s.unreadMessages)
	if s.d.Demo {
		rt.get("/styleguide", authz.SelfRead, s.styleguide)
	}
}

// saveDraft keeps what a form holds now and answers the time. The script of the
// forms asks for it while one types.
func (s *Server) saveDraft(w http.ResponseWriter, r *http.Request, c *Call) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(err, errs.Invalid, "error.form.unreadable", nil)
	}
	d := inbox.Draft{Form: r.PostForm.Get(sentForm), Title: r.PostForm.Get(sentTitle), Back: r.PostForm.Get(sentBack), Values: url.Values{}}
	for name, v := range r.PostForm {
		if name != sentForm && name != sentTitle && name != sentBack && name != draftMark {
			d.Values[name] = v
		}
	}
	if err := s.d.Inbox.SaveDraft(r.Context(), c.Who, d); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write([]byte(s.d.Clock.Now().In(clock.Shanghai).Format("15:04")))
	return err
}

func (s *Server) dropDraft(w http.ResponseWriter, r *http.Request, c *Call) error {
	key, back := r.PostFormValue("form"), localPath(r.PostFormValue("back"), "/")
	done, err := s.d.Inbox.DropDraft(r.Context(), c.Who, key, false)
	if err != nil {
		return err
	}
	if done {
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("draft.dropped"), Undo: "/drafts/undrop", Seconds: undoSeconds, Fields: map[string]string{"form": key, "back": back}})
	}
	return seeOther(w, r, back)
}

func (s *Server) takeBackDraft(w http.ResponseWriter, r *http.Request, c *Call) error {
	done, err := s.d.Inbox.DropDraft(r.Context(), c.Who, r.PostFormValue("form"), true)
	if err != nil {
		return err
	}
	if done {
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("draft.back")})
	}
	return seeOther(w, r, localPath(r.PostFormValue("back"), "/"))
}

// undoSeconds is how long an undo stands in its toast.
const undoSeconds = 10
