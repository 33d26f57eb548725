package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
)

// helpRole is what one role does, step by step.
type helpRole struct {
	Name  string
	Steps []string
}

type helpPage struct {
	Base
	Yours  []helpRole
	Others []helpRole
	Words  []string
	Keys   []Def
}

func (s *Server) helpRoutes(rt *router) { rt.get("/help", authz.SelfRead, s.help) }

func (s *Server) help(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.d.Engine.Render(w, r, http.StatusOK, "help", newHelpPage(c.Base, c.Who.Roles()))
}

// newHelpPage puts the reader's own roles first.
func newHelpPage(b Base, roles []user.Role) helpPage {
	p := helpPage{Base: b}
	p.Title, p.Sub = b.T("help.title"), b.T("help.sub")
	mine := map[user.Role]bool{}
	for _, role := range roles {
		mine[role] = true
	}
	for _, role := range user.Roles() {
		h := helpRole{Name: b.T(string(role.Label()))}
		for n := 1; ; n++ { // as many steps as the catalogue tells
			key := "help." + string(role) + "." + strconv.Itoa(n)
			if !b.P.Has(key) {
				break
			}
			h.Steps = append(h.Steps, b.T(key))
		}
		if mine[role] {
			p.Yours = append(p.Yours, h)
		} else {
			p.Others = append(p.Others, h)
		}
	}
	for _, word := range []string{"persons", "times", "procedures", "reduction", "net"} {
		p.Words = append(p.Words, b.T("help.word."+word))
	}
	for _, k := range [][2]string{{"/", "search"}, {"n", "new"}, {"g l", "list"}, {"Ctrl+Enter", "submit"}, {"?", "help"}} {
		p.Keys = append(p.Keys, Def{Label: k[0], Text: b.T("help.keys." + k[1])})
	}
	return p
}

func helpPages() []PageSample {
	return []PageSample{{"help", func(b Base) View { return newHelpPage(b, []user.Role{user.Registrar}) }}}
}
