package webui

import (
	"net/http"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
)

// messagesView is the own messages, the unread ones marked.
type messagesView struct {
	Base
	Rows  []messageLine
	Empty Empty
	Pager *Pager
	Some  bool // there is something to mark as read
}

// messageLine is one message as a row.
type messageLine struct {
	ID, Title, No, Note, Meta, When string
	Icon                            string
	Unread, Bad                     bool
	Open                            Button
}

func (s *Server) messagesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	unread := r.URL.Query().Get("list") == "unread"
	list, err := s.d.Inbox.Messages(r.Context(), c.Who, unread, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "messages")
	v := newMessagesView(c.Base, list, unread, c.Today)
	v.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "inbox/messages", v)
}

func newMessagesView(b Base, list inbox.List, unread bool, today clock.Date) messagesView {
	b.Title, b.Sub = b.T("message.title"), b.T("message.sub")
	b.Tabs = []Tab{{Text: b.T("message.all"), Href: "/messages", Current: !unread}, {Text: b.T("message.unread"), Href: "/messages?list=unread", Count: number(list.Unread), Current: unread}}
	v := messagesView{Base: b, Empty: Empty{Title: b.T("message.none"), Text: b.T("message.none.text")}}
	if unread {
		v.Empty.Title = b.T("message.none.unread")
	}
	for _, m := range list.Rows {
		v.Rows = append(v.Rows, newMessageLine(b, m, today))
		v.Some = v.Some || m.Unread()
	}
	return v
}

// newMessageLine says a message: what happened to which record, why, who and when.
func newMessageLine(b Base, m inbox.Message, today clock.Date) messageLine {
	x := messageLine{ID: m.ID.String(), No: m.CaseNo, Note: m.Note, When: when(m.At, today), Unread: m.Unread(), Bad: m.Kind.Bad(), Icon: "check-circle",
		Title: b.Say(string(m.Kind.Label()), errs.Args{"n": m.Count}), Open: Button{Text: b.T("message.open"), Small: true}}
	if x.Bad {
		x.Icon = "warning"
	}
	if m.Kind == message.FollowUpsGiven {
		x.Icon = "calendar"
	}
	if m.From != "" {
		x.Meta = b.T("message.from", "name", m.From)
	}
	return x
}

// when is the time of today, and the day of an earlier moment.
func when(at time.Time, today clock.Date) string {
	t := at.In(clock.Shanghai)
	if clock.DateOf(t) == today {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02")
}

// openMessage marks a message as read and goes on to its record. It is a post: a
// link that changes something is followed by whatever looks ahead.
func (s *Server) openMessage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	m, err := s.d.Inbox.Open(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	return seeOther(w, r, inbox.Path(m.Message))
}

// chosen are the ids of the ticked rows of a list.
func chosen(r *http.Request) (out []ident.ID) {
	_ = r.ParseForm() // a body that cannot be read has nothing ticked
	for _, text := range r.PostForm["id"] {
		for one := range strings.SplitSeq(text, ",") {
			if id, err := ident.Parse(one); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}

func (s *Server) readMessages(w http.ResponseWriter, r *http.Request, c *Call) error {
	ids := chosen(r)
	n, err := s.d.Inbox.Mark(r.Context(), c.Who, ids, true)
	if errs.Is(err, errs.Invalid) {
		s.flash(r, Flash{Kind: "warn", Title: c.P.T("error.message.pick")})
		return seeOther(w, r, "/messages")
	}
	if err != nil {
		return err
	}
	if n > 0 {
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("message.marked", "n", n), Undo: "/messages/unread", Seconds: undoSeconds, Fields: map[string]string{"id": joinIDs(ids)}})
	}
	return seeOther(w, r, "/messages")
}

func (s *Server) unreadMessages(w http.ResponseWriter, r *http.Request, c *Call) error {
	if _, err := s.d.Inbox.Mark(r.Context(), c.Who, chosen(r), false); err != nil && !errs.Is(err, errs.Invalid) {
		return err
	}
	return seeOther(w, r, "/messages")
}

func joinIDs(ids []ident.ID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return strings.Join(out, ",")
}

// styleguide is the living page of the parts; only the demonstration serves it.
func (s *Server) styleguide(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "settings")
	return s.d.Engine.Render(w, r, http.StatusOK, "styleguide", StyleguidePage(c.Base))
}
