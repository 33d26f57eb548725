package webui

import (
	"html/template"
	"net/url"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Column is one column of a table. Align is left (default), right or centre;
// numbers go right. Sort makes the head a link.
type Column struct {
	Key    string // message key of the head
	Text   string // head text, when it is data
	Align  string
	Class  string // narrow, wide, grow, or roomy: a phone leaves it out, the page behind says it
	Sort   string // address that sorts by this column
	Sorted string // ascending or descending, when the list is sorted by it
	Hidden bool   // row actions: the head is for screen readers only, and paper leaves them out
}

// Cell is one cell; use the constructors.
type Cell struct {
	Text   string
	Href   string
	Sub    string // second, quieter text
	Side   Side
	Tag    *Tag
	HTML   template.HTML
	Button *Button
	Strong bool
	Bad    bool // red: out of limits
	Nowrap bool
	Mono   bool
	// Pick is the value of a box before the text that ticks the row for a form that
	// stands elsewhere on the page.
	Pick     string
	PickForm string
}

// Look are the classes of what is in the cell. A page of figures has hundreds of
// cells: a link bears them itself.
func (c Cell) Look() string {
	if c.Bad && c.Href != "" {
		return "" // red is what it says, the link stays one
	}
	var all []string
	for _, x := range []struct {
		on   bool
		name string
	}{{c.Nowrap, "nowrap"}, {c.Bad, "bad"}, {c.Mono, "mono"}} {
		if x.on {
			all = append(all, x.name)
		}
	}
	return strings.Join(all, " ")
}

// Wrap are the classes of an element around the text, where it is no link.
func (c Cell) Wrap() string {
	if c.Href != "" && !c.Bad {
		return ""
	}
	if c.Bad && c.Href != "" {
		c.Href = ""
	}
	return c.Look()
}

// TextCell is plain text.
func TextCell(s string) Cell { return Cell{Text: s} }

// LinkCell leads to the row's own page; one per row.
func LinkCell(text, href string) Cell { return Cell{Text: text, Href: href} }

// MoneyCell is an amount in yuan without the unit, which stands in the head.
func MoneyCell(f money.Fen) Cell { return Cell{Text: f.String(), Nowrap: true} }

// DateCell is a day in the canonical spelling.
func DateCell(d clock.Date) Cell { return Cell{Text: d.String(), Nowrap: true} }

// CodeCell is a number that may not break: a case number, a masked id.
func CodeCell(s string) Cell { return Cell{Text: s, Nowrap: true} }

// PlaceCell is a name with the glyph of its side.
func PlaceCell(side Side, name string) Cell { return Cell{Text: name, Side: side} }

// TagCell is a tag.
func TagCell(kind, text string) Cell { return Cell{Tag: &Tag{Text: text, Kind: kind}} }

// ButtonCell is a row's action.
func ButtonCell(b Button) Cell { b.Small = true; return Cell{Button: &b} }

// Row is one row of a table.
type Row struct {
	Cells []Cell
	Alert bool // ochre ground; a tag in the row says why in words
	Total bool // bold, with a heavy rule above
}

// Cells makes a plain row.
func Cells(cells ...Cell) Row { return Row{Cells: cells} }

// Table is a list as a card. Caption is its name; it is read out even where it
// is not shown.
type Table struct {
	ID      string // id of the swapped element, for htmx
	Caption string
	Note    string
	Quiet   bool // the caption is for screen readers only
	Bare    bool // no card around it
	Dense   bool
	Columns []Column
	Rows    []Row
	Empty   Empty
	Tabs    []Tab
	Links   []Link
	Pager   *Pager
}

// Align is the class of a column.
func (t Table) Align(i int) string {
	if i >= len(t.Columns) {
		return ""
	}
	c := t.Columns[i]
	class := c.Class
	if c.Align == "right" {
		class += " num"
	} else if c.Align == "centre" {
		class += " mid"
	}
	if c.Hidden {
		class += " noprint"
	}
	return class
}

// Pager leads through a list by keyset: forward and back to the beginning; a
// page number does not exist.
type Pager struct {
	Text  string // "第 1–50 条，共 1,986 条"
	First string // empty on the first page
	Next  string // empty at the end
}

// NewPager builds the links of a list from the address of the request: the
// filters stay, only the cursor changes. It is nil when one page is all.
func NewPager(u *url.URL, next, text string) *Pager {
	q := u.Query()
	p := &Pager{Text: text}
	if q.Get("after") != "" {
		q.Del("after")
		p.First = address(u.Path, q)
	}
	if next != "" {
		q.Set("after", next)
		p.Next = address(u.Path, q)
	}
	if p.First == "" && p.Next == "" && text == "" {
		return nil
	}
	return p
}

// SortURL is the address of the same list sorted by another column, from its
// beginning.
func SortURL(u *url.URL, column string) string {
	q := u.Query()
	q.Del("after")
	q.Set("sort", column)
	return address(u.Path, q)
}

func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
