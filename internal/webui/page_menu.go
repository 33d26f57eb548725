package webui

// MenuItem is one entry of the navigation.
type MenuItem struct {
	ID      string // also the message key nav.<ID>
	Href    string
	Icon    string
	Text    string
	Count   int
	Due     bool // the counter is red: mine and due
	Current bool
}

// MenuGroup is a run of entries under a small head; the first has none.
type MenuGroup struct {
	Head  string
	Items []MenuItem
}

// menuPlan is the whole navigation; what a role may not open is left out.
func menuPlan() []struct {
	head  string
	items []MenuItem
} {
	return []struct {
		head  string
		items []MenuItem
	}{
		{"", []MenuItem{{ID: "queue", Href: "/", Icon: "inbox"}, {ID: "patients", Href: "/patients", Icon: "person"},
			{ID: "screenings", Href: "/screenings", Icon: "check-circle"},
			{ID: "cases", Href: "/cases", Icon: "folder"}, {ID: "referrals", Href: "/referrals", Icon: "swap"}, {ID: "operations", Href: "/operations", Icon: "theatre"},
			{ID: "devices", Href: "/devices", Icon: "scan"},
			{ID: "followups", Href: "/followups", Icon: "calendar"}}},
		{"nav.group.money", []MenuItem{{ID: "approvals", Href: "/approvals", Icon: "stamp"}, {ID: "funds", Href: "/funds", Icon: "yuan"},
			{ID: "settlements", Href: "/settlements", Icon: "receipt"}, {ID: "payables", Href: "/payables", Icon: "swap"}, {ID: "policies", Href: "/policies", Icon: "file"}}},
		{"nav.group.results", []MenuItem{{ID: "overview", Href: "/overview", Icon: "chart"}, {ID: "measures", Href: "/measures", Icon: "check-circle"}, {ID: "reports", Href: "/reports", Icon: "file"},
			{ID: "imports", Href: "/imports", Icon: "upload"}, {ID: "visiting", Href: "/visiting", Icon: "stethoscope"},
			{ID: "alerts", Href: "/alerts", Icon: "warning"}, {ID: "glass", Href: "/glass", Icon: "warning"}, {ID: "subject", Href: "/subject-requests", Icon: "person"}, {ID: "packages", Href: "/audit-packages", Icon: "lock"},
			{ID: "settings", Href: "/settings", Icon: "gear"}}},
	}
}

// Menu fills the navigation for a role: allowed says which entries it may open,
// current is the id of the entry the page belongs to.
func (b *Base) SetMenu(current string, allowed func(id string) bool, counts map[string]MenuItem) {
	b.Menu, b.Bottom = nil, nil
	for _, g := range menuPlan() {
		group := MenuGroup{}
		if g.head != "" {
			group.Head = b.T(g.head)
		}
		for _, it := range g.items {
			if !allowed(it.ID) {
				continue
			}
			it.Text, it.Current = b.T("nav."+it.ID), it.ID == current
			it.Count, it.Due = counts[it.ID].Count, counts[it.ID].Due
			group.Items = append(group.Items, it)
		}
		if len(group.Items) == 1 && group.Items[0].ID == "settings" { // settings alone are no group
			group.Head = ""
		}
		if len(group.Items) > 0 {
			b.Menu = append(b.Menu, group)
		}
	}
	b.bottomBar(current)
}

// bottomBar picks the phone's entries: the work of the day, then "more", which
// opens the whole navigation.
func (b *Base) bottomBar(current string) {
	short := map[string]bool{"queue": true, "patients": true, "overview": true}
	if b.menuHas("queue") == b.menuHas("patients") && !b.menuHas("queue") { // no daily work: what the role reads instead
		short["cases"], short["funds"], short["visiting"], short["settings"] = true, b.menuHas("overview"), !b.menuHas("cases"), true
	}
	// Who screens in a village and has no queue works from the phone.
	short["screenings"] = !b.menuHas("queue")
	seen := false
	for _, g := range b.Menu {
		for _, it := range g.Items {
			if !short[it.ID] {
				continue
			}
			if it.ID == "overview" {
				it.Text = b.T("nav.overview.short")
				b.addRegister(current)
			}
			seen = seen || it.Current
			b.Bottom = append(b.Bottom, it)
		}
	}
	if len(b.Bottom) > 0 && b.Bottom[len(b.Bottom)-1].ID != "overview" {
		b.addRegister(current)
	}
	b.Bottom = append(b.Bottom, MenuItem{ID: "more", Href: "#nav", Icon: "more", Text: b.T("nav.more"), Current: !seen && current != "register" && current != ""})
}

func (b *Base) menuHas(id string) bool {
	for _, g := range b.Menu {
		for _, it := range g.Items {
			if it.ID == id {
				return true
			}
		}
	}
	return false
}

// addRegister puts the registrar's one action into the phone's bar.
func (b *Base) addRegister(current string) {
	if b.Register != nil {
		b.Bottom = append(b.Bottom, MenuItem{ID: "register", Href: b.Register.Href, Icon: "plus", Text: b.T("nav.register.short"),
			Current: current == "register"})
	}
}
