package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
)

// messageRoutes declares the caller's own messages.
func (s *Server) messageRoutes(rt *router) {
	rt.get("/messages", authz.SelfRead, s.listMessages)
	rt.post("/messages/read", authz.SelfRead, s.markMessages)
}

// messageJSON is one message: what happened to which record. Path is the record's
// address, for pages and API alike.
type messageJSON struct {
	ID     ident.ID       `json:"id"`
	Kind   message.Kind   `json:"kind"`
	Bad    bool           `json:"bad"` // the caller has to do something
	Object message.Object `json:"object"`
	Path   string         `json:"path"`
	CaseNo string         `json:"case_no"`
	Note   string         `json:"note"`
	Count  int            `json:"count"`
	From   string         `json:"from"`
	At     time.Time      `json:"at"`
	Unread bool           `json:"unread"`
}

func (s *Server) listMessages(r *http.Request, c *call) (int, any, error) {
	which := r.URL.Query().Get("list")
	if which != "" && which != "unread" {
		var f errs.Fields
		f.Add("list", "form.error.choice")
		return 0, nil, f.Err()
	}
	list, err := s.d.Inbox.Messages(r.Context(), c.Who, which == "unread", pageOf(r))
	out := struct {
		Rows   []messageJSON `json:"rows"`
		Next   string        `json:"next"`
		Unread int           `json:"unread"`
	}{[]messageJSON{}, list.Next, list.Unread}
	for _, m := range list.Rows {
		out.Rows = append(out.Rows, messageJSON{m.ID, m.Kind, m.Kind.Bad(), m.Object, inbox.Path(m.Message), m.CaseNo, m.Note, m.Count, m.From, m.At, m.Unread()})
	}
	return http.StatusOK, out, err
}

// markMessages makes own messages read or unread. Doing it twice changes nothing,
// so a repeated request needs no memory.
func (s *Server) markMessages(r *http.Request, c *call) (int, any, error) {
	var in struct {
		IDs    []ident.ID `json:"ids"`
		Unread bool       `json:"unread"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	n, err := s.d.Inbox.Mark(r.Context(), c.Who, in.IDs, !in.Unread)
	return http.StatusOK, struct {
		Changed int64 `json:"changed"`
	}{n}, err
}
