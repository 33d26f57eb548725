// Package webui renders the HTML pages: the engine, the form and list machinery,
// the parts of the design system, and the pages themselves.
//
// # How to write a page
//
// A page is a struct that embeds [Base], a template file with a block "main",
// a handler, and a sample for the tests. Texts live in web/i18n; labels of
// fields and heads of columns are message keys, everything else a view struct
// holds is already said with b.T.
//
//	// fund_deposit.go
//	type depositPage struct {
//		Base
//		Form     *Form
//		Deposits Table
//	}
//
//	func depositForm(b Base, today clock.Date) *Form {
//		return NewForm(b, today,
//			Field{Name: "amount", LabelKey: "deposit.amount", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Focus: true},
//			Field{Name: "on", LabelKey: "deposit.on", HintKey: "deposit.on.hint", Kind: KindDate, Width: 6},
//			Field{Name: "note", LabelKey: "deposit.note", Optional: true, Max: 200})
//	}
//
//	func (s *Server) postDeposit(w http.ResponseWriter, r *http.Request, c *Call) error {
//		f := depositForm(c.Base, c.Today)
//		if err := f.Read(r); err != nil {
//			return err
//		}
//		in := funding.Deposit{Amount: f.Money("amount"), On: f.Date("on"), Note: f.Text("note")}
//		if f.OK() { // the service is asked only with what could be read
//			err := s.d.Funding.Deposit(r.Context(), c.Who, in)
//			if err == nil {
//				http.Redirect(w, r, "/funds", http.StatusSeeOther)
//				return nil
//			}
//			if err = f.Merge(err); err != nil {
//				return err // not about the input: the error page
//			}
//		}
//		return s.depositPage(w, r, c, f) // Render with f.Status(): 422 keeps every value
//	}
//
//	{{define "main"}}{{template "head" .}}
//	{{template "form-errors" .Form}}
//	{{template "form-open" .Form}}
//	<div class="card narrow"><div class="card-body"><div class="fields">{{field .Form "amount" "on" "note"}}</div>
//	<div class="form-foot"><button class="btn btn-primary">{{.T "deposit.save"}}</button></div></div></div>
//	{{template "form-close"}}
//	{{template "table" (on . .Deposits)}}{{end}}
//
//	// in Pages(): depositPages(), which returns
//	[]PageSample{{Name: "fund/deposit", Make: func(b Base) View { return depositPage{Base: b, Form: depositForm(b, sampleDay())} }}}
//
// The template above is web/templates/page/fund/deposit.html and is rendered
// under the name "fund/deposit".
//
// # Parts
//
// Parts are called as {{template "name" (on . .X)}}; on gives the part the frame
// of the page (language) and its data. See web/templates/part for each one's
// data type:
//
//	head crumbs tabs button               the page or the value itself, without on
//	form-errors form-open form-close form-fields form-sections     .Form, without on
//	form-progress form filter save-bar    on . .Form, on . .Filter, on . .Bar
//	table                                 Table: caption, sort, pager, empty state
//	alert empty fault dialog checks whynot decision events queue tile tiles
//	strip strips equation legend          money; fundbar takes a FundBar without on
//	defs defs-rows                        []Def, without on
//	keys ridge mark                       the page, nothing, nothing
//
// Helpers: {{field .Form "a" "b"}}, {{icon "check"}}, {{money .Fen}}, {{minus .Fen}},
// {{iso .Date}}, {{maskid .Tail}}, {{maskno .Tail}}, {{asset "app.css"}}; methods of the
// page: .T .Say .Day .DayWeek .Yuan .Place .Chip .Lang.
//
// # Drafts and undo
//
// A form made by [NewForm] keeps a draft of itself while one types; the page does
// nothing for it. The draft is named by the form's Action and id, is offered above
// the form, and goes when a post of the form is answered with 303. A form with a
// password or a code has none. An action that can be taken back leaves a [Flash]
// with Undo: the address that undoes it and the fields it needs.
//
// # Rules the tests hold
//
// No style attributes and no inline scripts (the security policy forbids them);
// bars are SVG with percentages. htmx attributes are written data-hx-…, in fields
// through Field.Data{"hx-get": …}; such a page sets Base.Swaps. Every page has one
// h1, every control a label,
// every id is unique, every key exists in both languages. The layout posts to
// /preferences (lang, theme, back), /partnership (partnership, back) and
// /sign-out, posts to /search (q), and links to /account/password and /help.
package webui
