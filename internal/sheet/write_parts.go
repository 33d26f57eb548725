package sheet

import (
	"archive/zip"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/money"
)

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	nsMain    = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	nsRel     = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	nsPackage = "http://schemas.openxmlformats.org/package/2006/"
	typeSheet = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// The cell styles, by position in cellXfs. Those of values stand in the order
// of the column kinds: plain, totals, error marks, warning marks.
const (
	styleTitle  = 1
	styleNote   = 2
	styleHeader = 3
	styleQuoted = 4 // text with Excel's apostrophe, so that editing it keeps it text
	stylePlain  = 5
	styleTotal  = stylePlain + kinds
	styleMarks  = styleTotal + kinds
)

func styleOf(kind ColumnKind, level Level) int {
	if level == 0 {
		return stylePlain + int(kind)
	}
	return styleMarks + kinds*int(level-MarkError) + int(kind)
}

// numberFormats are those of the column kinds: text, thousands, thousands with
// two decimals, a day in ISO order (format 164 below), a number as it is, and
// percent with one decimal.
var numberFormats = [kinds]string{"49", "3", "4", "164", "0", "165"}

// styles is the style part. Colours are the tokens of the house: surface-2 for
// heads, the tints of error and warning for marks.
func styles() string {
	var xfs strings.Builder
	n := 0
	xf := func(format, font, fill, border, inner string) {
		n++
		xfs.WriteString(`<xf numFmtId="` + format + `" fontId="` + font + `" fillId="` + fill + `" borderId="` + border +
			`" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"` + inner + `</xf>`)
	}
	xf("0", "0", "0", "0", ">")
	xf("49", "2", "0", "0", `><alignment horizontal="center" vertical="center"/>`)
	xf("49", "3", "0", "0", ">")
	xf("49", "1", "2", "1", `><alignment horizontal="center" vertical="center" wrapText="1"/>`)
	xf("49", "0", "0", "0", ` quotePrefix="1">`)
	for _, look := range [][3]string{{"0", "0", "0"}, {"1", "0", "2"}, {"0", "3", "0"}, {"0", "4", "0"}} {
		for _, f := range numberFormats {
			xf(f, look[0], look[1], look[2], ">")
		}
	}
	font := func(size, more string) string {
		return `<font>` + more + `<sz val="` + size + `"/><name val="Microsoft YaHei"/><family val="2"/></font>`
	}
	fill := func(rgb string) string {
		return `<fill><patternFill patternType="solid"><fgColor rgb="FF` + rgb + `"/><bgColor indexed="64"/></patternFill></fill>`
	}
	return xmlHead + `<styleSheet xmlns="` + nsMain + `"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="0.0%"/></numFmts>` +
		`<fonts count="4">` + font("11", "") + font("11", "<b/>") + font("14", "<b/>") + font("10", "") + `</fonts>` +
		`<fills count="5"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>` +
		fill("F6F9F8") + fill("FBEAE7") + fill("FBF1DF") + `</fills>` +
		`<borders count="3"><border><left/><right/><top/><bottom/><diagonal/></border>` +
		`<border><left/><right/><top/><bottom style="thin"><color rgb="FF738784"/></bottom><diagonal/></border>` +
		`<border><left/><right/><top style="medium"><color rgb="FF738784"/></top><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="` + strconv.Itoa(n) + `">` + xfs.String() + `</cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}

// plainFen spells a sum of fen in yuan.
func plainFen(n int64) string { return money.Fen(n).Plain() }

// writeParts writes everything but the worksheets.
func writeParts(z *zip.Writer, tabs []tabInfo) error {
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes(tabs)},
		{"_rels/.rels", relationships(`<Relationship Id="rId1" Type="` + nsRel + `/officeDocument" Target="xl/workbook.xml"/>`)},
		{"xl/workbook.xml", workbook(tabs)},
		{"xl/_rels/workbook.xml.rels", workbookRels(tabs)},
		{"xl/styles.xml", styles()},
	}
	for _, t := range tabs {
		if len(t.comments) == 0 {
			continue
		}
		n := strconv.Itoa(t.number)
		parts = append(parts, struct{ name, text string }{"xl/worksheets/_rels/sheet" + n + ".xml.rels", relationships(
			`<Relationship Id="rId1" Type="` + nsRel + `/vmlDrawing" Target="../drawings/vmlDrawing` + n + `.vml"/>` +
				`<Relationship Id="rId2" Type="` + nsRel + `/comments" Target="../comments` + n + `.xml"/>`)},
			struct{ name, text string }{"xl/comments" + n + ".xml", comments(t.comments)},
			struct{ name, text string }{"xl/drawings/vmlDrawing" + n + ".vml", drawing(t.comments)})
	}
	for _, p := range parts {
		w, err := z.Create(p.name)
		if err != nil {
			return err
		}
		out := xmlSink{w: w}
		if out.put(p.text); out.err != nil {
			return out.err
		}
	}
	return nil
}

func contentTypes(tabs []tabInfo) string {
	var b strings.Builder
	b.WriteString(xmlHead + `<Types xmlns="` + nsPackage + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + typeSheet + `sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="` + typeSheet + `styles+xml"/>`)
	for _, t := range tabs {
		n := strconv.Itoa(t.number)
		b.WriteString(`<Override PartName="/xl/worksheets/sheet` + n + `.xml" ContentType="` + typeSheet + `worksheet+xml"/>`)
		if len(t.comments) > 0 {
			b.WriteString(`<Override PartName="/xl/comments` + n + `.xml" ContentType="` + typeSheet + `comments+xml"/>`)
		}
	}
	return b.String() + `</Types>`
}

func relationships(inner string) string {
	return xmlHead + `<Relationships xmlns="` + nsPackage + `relationships">` + inner + `</Relationships>`
}

// workbook lists the tabs and repeats each header on every printed page.
func workbook(tabs []tabInfo) string {
	var sheets, names strings.Builder
	for i, t := range tabs {
		n, row := strconv.Itoa(t.number), strconv.Itoa(t.header)
		sheets.WriteString(`<sheet name="` + xmlText(t.name) + `" sheetId="` + n + `" r:id="rId` + n + `"/>`)
		names.WriteString(`<definedName name="_xlnm.Print_Titles" localSheetId="` + strconv.Itoa(i) + `">'` +
			xmlText(strings.ReplaceAll(t.name, "'", "''")) + `'!$` + row + `:$` + row + `</definedName>`)
	}
	return xmlHead + `<workbook xmlns="` + nsMain + `" xmlns:r="` + nsRel + `"><bookViews><workbookView/></bookViews><sheets>` + sheets.String() +
		`</sheets><definedNames>` + names.String() + `</definedNames><calcPr calcId="191029" fullCalcOnLoad="1"/></workbook>`
}

func workbookRels(tabs []tabInfo) string {
	var b strings.Builder
	for _, t := range tabs {
		n := strconv.Itoa(t.number)
		b.WriteString(`<Relationship Id="rId` + n + `" Type="` + nsRel + `/worksheet" Target="worksheets/sheet` + n + `.xml"/>`)
	}
	b.WriteString(`<Relationship Id="rId` + strconv.Itoa(len(tabs)+1) + `" Type="` + nsRel + `/styles" Target="styles.xml"/>`)
	return relationships(b.String())
}

func comments(cs []comment) string {
	var b strings.Builder
	b.WriteString(xmlHead + `<comments xmlns="` + nsMain + `"><authors><author>Shanhai</author></authors><commentList>`)
	for _, c := range cs {
		b.WriteString(`<comment ref="` + columnLetters(c.col) + strconv.Itoa(c.row) + `" authorId="0"><text><t xml:space="preserve">` + xmlText(c.text) + `</t></text></comment>`)
	}
	return b.String() + `</commentList></comments>`
}

// drawing is the old drawing format in which Excel still keeps the boxes of
// comments; without it comments are not shown.
func drawing(cs []comment) string {
	var b strings.Builder
	b.WriteString(`<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">` +
		`<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>` +
		`<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>`)
	for i, c := range cs {
		row, col := strconv.Itoa(c.row-1), strconv.Itoa(c.col)
		b.WriteString(`<v:shape id="_x0000_s` + strconv.Itoa(1025+i) + `" type="#_x0000_t202" style="position:absolute;width:220pt;height:70pt;visibility:hidden" fillcolor="#FBF1DF">` +
			`<v:fill color2="#FBF1DF"/><v:path o:connecttype="none"/><v:textbox><div style="text-align:left"/></v:textbox><x:ClientData ObjectType="Note">` +
			`<x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill><x:Row>` + row + `</x:Row><x:Column>` + col + `</x:Column></x:ClientData></v:shape>`)
	}
	return b.String() + `</xml>`
}
