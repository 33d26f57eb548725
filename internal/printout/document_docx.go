package printout

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteDOCX writes a document as a Word file: plain WordprocessingML with styles,
// tables whose head repeats, numbered pages in the foot, and charts as pictures.
func WriteDOCX(w io.Writer, d Document) error {
	fonts, err := loadFonts()
	if err != nil {
		return err
	}
	b := &wordWriter{fonts: fonts}
	b.cover(d)
	for _, x := range d.Blocks {
		if err := b.block(x); err != nil {
			return err
		}
	}
	z := zip.NewWriter(w)
	for _, p := range b.parts(d) {
		part, err := z.Create(p.name) // without a time: the same document is the same file
		if err != nil {
			return err
		}
		if _, err := part.Write(p.content); err != nil {
			return err
		}
	}
	return z.Close()
}

type wordPart struct {
	name    string
	content []byte
}

// wordWriter collects the body and the pictures.
type wordWriter struct {
	body     strings.Builder
	fonts    *fontSet
	pictures [][]byte
}

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	wordNS  = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" ` +
		`xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" ` +
		`xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`
	relNS     = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageNS = "http://schemas.openxmlformats.org/package/2006/"
	twipMM    = 1440 / 25.4 // twentieths of a point
	emuMM     = 36000
)

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

func (b *wordWriter) put(parts ...string) {
	for _, p := range parts {
		b.body.WriteString(p)
	}
}

// runText is one run of text; line ends become breaks.
func runText(text string, bold bool) string {
	var out strings.Builder
	for i, line := range strings.Split(text, "\n") {
		out.WriteString("<w:r>")
		if bold {
			out.WriteString("<w:rPr><w:b/></w:rPr>")
		}
		if i > 0 {
			out.WriteString("<w:br/>")
		}
		out.WriteString(`<w:t xml:space="preserve">` + escape(line) + "</w:t></w:r>")
	}
	return out.String()
}

func (b *wordWriter) paragraph(style, text string) {
	b.put(`<w:p><w:pPr><w:pStyle w:val="`, style, `"/></w:pPr>`, runText(text, false), `</w:p>`)
}

func (b *wordWriter) cover(d Document) {
	b.paragraph("Title", d.Title)
	if len(d.Filing) > 0 {
		b.put(`<w:p><w:pPr><w:pStyle w:val="Filing"/></w:pPr>`)
		for i, text := range d.Filing {
			if i > 0 {
				b.put(`<w:r><w:tab/></w:r>`)
			}
			b.put(runText(text, false))
		}
		b.put(`</w:p>`)
	}
	for _, f := range d.Filters {
		b.paragraph("Small", f)
	}
}

func (b *wordWriter) block(x Block) error {
	switch x := x.(type) {
	case Heading:
		b.paragraph("Heading"+strconv.Itoa(x.Level), x.Text)
	case Paragraph:
		b.paragraph("Normal", x.Text)
	case Grid:
		b.grid(x)
	case Columns:
		return b.chart(x)
	case Picture:
		return b.drawing(x)
	case Terms:
		g := Grid{Widths: []int{3, 7}, Left: 2}
		for _, item := range x.Items {
			g.Rows = append(g.Rows, item[:])
		}
		b.grid(g)
	case Signatures:
		g := Grid{Left: 2 * len(x.Fields)}
		row := []string{}
		for _, f := range x.Fields {
			row, g.Widths = append(row, f, "\n\n"), append(g.Widths, 2, 3)
		}
		g.Rows = [][]string{row}
		b.grid(g)
	}
	return nil
}

func (b *wordWriter) grid(g Grid) {
	if g.Caption != "" {
		b.paragraph("Caption", g.Caption)
	}
	columns := len(g.Head)
	if columns == 0 && len(g.Rows) > 0 {
		columns = len(g.Rows[0])
	}
	all := 0
	for i := range columns {
		all += g.widthOf(i)
	}
	width := func(i int) string {
		return strconv.Itoa(twips(content * float64(g.widthOf(i)) / float64(max(all, 1))))
	}
	b.put(`<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="`, strconv.Itoa(twips(content)), `" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	for i := range columns {
		b.put(`<w:gridCol w:w="`, width(i), `"/>`)
	}
	b.put(`</w:tblGrid>`)
	row := func(cells []string, head, bold bool) {
		b.put(`<w:tr><w:trPr><w:cantSplit/>`)
		if head {
			b.put(`<w:tblHeader/>`)
		}
		b.put(`</w:trPr>`)
		for i, text := range cells {
			b.put(`<w:tc><w:tcPr><w:tcW w:w="`, width(i), `" w:type="dxa"/>`)
			if head {
				b.put(`<w:shd w:val="clear" w:color="auto" w:fill="F0F0EE"/>`)
			}
			b.put(`</w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/>`)
			if i >= g.Left {
				b.put(`<w:jc w:val="right"/>`)
			}
			b.put(`</w:pPr>`, runText(text, bold || head), `</w:p></w:tc>`)
		}
		b.put(`</w:tr>`)
	}
	if len(g.Head) > 0 {
		row(g.Head, true, true)
	}
	for n, cells := range g.Rows {
		row(cells, false, g.Total && n == len(g.Rows)-1)
	}
	b.put(`</w:tbl>`)
	b.paragraph("Small", g.Note) // Word joins two tables that touch
}

func (b *wordWriter) chart(c Columns) error {
	raw, err := c.picture(b.fonts)
	if err != nil {
		return err
	}
	b.picture(raw, chartHeight, c.Title, c.Note)
	return nil
}

// drawing puts a chart of the pages into the file.
func (b *wordWriter) drawing(p Picture) error {
	if p.Drawing.Width <= 0 || p.Drawing.Height <= 0 {
		return nil
	}
	raw, err := bitmapOf(p.Drawing, b.fonts)
	if err != nil {
		return err
	}
	b.picture(raw, content*p.Drawing.Height/p.Drawing.Width, p.Drawing.Title, p.Drawing.Note)
	return nil
}

// picture puts a picture as wide as the page between its title and its note.
func (b *wordWriter) picture(raw []byte, height float64, title, note string) {
	b.pictures = append(b.pictures, raw)
	n := strconv.Itoa(len(b.pictures))
	size := fmt.Sprintf(`cx="%d" cy="%d"`, int(content*emuMM), int(height*emuMM))
	b.paragraph("Caption", title)
	b.put(`<w:p><w:pPr><w:pStyle w:val="Cell"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent `, size, `/><wp:docPr id="`, n,
		`" name="`, escape(title), `" descr="`, escape(note), `"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="`,
		n, `" name="chart`, n, `.png"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdChart`, n, `"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext `,
		size, `/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`)
	b.paragraph("Small", note)
}

// parts are the files of the archive in a fixed order.
func (b *wordWriter) parts(d Document) []wordPart {
	var rels strings.Builder
	for i := range b.pictures {
		n := strconv.Itoa(i + 1)
		rels.WriteString(`<Relationship Id="rIdChart` + n + `" Type="` + relNS + `/image" Target="media/chart` + n + `.png"/>`)
	}
	relations := func(inner string) []byte {
		return []byte(xmlHead + `<Relationships xmlns="` + packageNS + `relationships">` + inner + `</Relationships>`)
	}
	const word = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	made := d.Made.UTC().Format("2006-01-02T15:04:05Z")
	out := []wordPart{
		{"[Content_Types].xml", []byte(xmlHead + `<Types xmlns="` + packageNS + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="` + word +
			`document.main+xml"/><Override PartName="/word/styles.xml" ContentType="` + word + `styles+xml"/><Override PartName="/word/footer1.xml" ContentType="` + word +
			`footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`)},
		{"_rels/.rels", relations(`<Relationship Id="rId1" Type="` + relNS + `/officeDocument" Target="word/document.xml"/>` +
			`<Relationship Id="rId2" Type="` + packageNS + `relationships/metadata/core-properties" Target="docProps/core.xml"/>`)},
		{"docProps/core.xml", []byte(xmlHead + `<cp:coreProperties xmlns:cp="` + packageNS + `metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" ` +
			`xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>` + escape(d.Title) + `</dc:title><dc:creator>Shanhai</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">` + made +
			`</dcterms:created></cp:coreProperties>`)},
		{"word/document.xml", []byte(xmlHead + `<w:document ` + wordNS + `><w:body>` + b.body.String() + `<w:sectPr><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="11906" w:h="16838"/>` +
			`<w:pgMar w:top="964" w:right="850" w:bottom="1020" w:left="850" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr></w:body></w:document>`)},
		{"word/_rels/document.xml.rels", relations(`<Relationship Id="rId1" Type="` + relNS + `/styles" Target="styles.xml"/><Relationship Id="rId2" Type="` + relNS + `/footer" Target="footer1.xml"/>` + rels.String())},
		{"word/styles.xml", []byte(wordStyles())},
		{"word/footer1.xml", []byte(wordFooter(d))},
	}
	for i, raw := range b.pictures {
		out = append(out, wordPart{"word/media/chart" + strconv.Itoa(i+1) + ".png", raw})
	}
	return out
}

// wordFooter has the remark on the left and the page number on the right; Word
// puts the two numbers in.
func wordFooter(d Document) string {
	field := func(name string) string {
		return `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> ` + name + ` </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`
	}
	text := ""
	if d.Pages != nil {
		words := d.Pages("\x01", "\x02")
		for _, piece := range strings.FieldsFunc(strings.NewReplacer("\x01", "\x00\x01\x00", "\x02", "\x00\x02\x00").Replace(words), func(r rune) bool { return r == 0 }) {
			switch piece {
			case "\x01":
				text += field("PAGE")
			case "\x02":
				text += field("NUMPAGES")
			default:
				text += runText(piece, false)
			}
		}
	}
	return xmlHead + `<w:ftr ` + wordNS + `><w:p><w:pPr><w:pStyle w:val="Filing"/></w:pPr>` + runText(d.Foot, false) + `<w:r><w:tab/></w:r><w:r><w:tab/></w:r>` + text + `</w:p></w:ftr>`
}

// wordStyles are the named styles, with the fonts offices have.
func wordStyles() string {
	style := func(id, name, paragraph, run string) string {
		return `<w:style w:type="paragraph" w:styleId="` + id + `"><w:name w:val="` + name + `"/><w:pPr>` + paragraph + `</w:pPr><w:rPr>` + run + `</w:rPr></w:style>`
	}
	tabs := fmt.Sprintf(`<w:tabs><w:tab w:val="center" w:pos="%d"/><w:tab w:val="right" w:pos="%d"/></w:tabs>`, twips(content/2), twips(content))
	border := ""
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		border += `<w:` + side + ` w:val="single" w:sz="4" w:space="0" w:color="808080"/>`
	}
	return xmlHead + `<w:styles ` + wordNS + `><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="SimSun"/><w:sz w:val="21"/></w:rPr></w:rPrDefault></w:docDefaults>` +
		style("Normal", "Normal", `<w:spacing w:after="100" w:line="300" w:lineRule="auto"/>`, "") +
		style("Title", "Title", `<w:spacing w:after="160"/><w:jc w:val="center"/>`, `<w:b/><w:sz w:val="36"/>`) +
		style("Heading1", "heading 1", `<w:keepNext/><w:spacing w:before="240" w:after="100"/><w:outlineLvl w:val="0"/>`, `<w:b/><w:sz w:val="28"/>`) +
		style("Heading2", "heading 2", `<w:keepNext/><w:spacing w:before="160" w:after="80"/><w:outlineLvl w:val="1"/>`, `<w:b/><w:sz w:val="24"/>`) +
		style("Caption", "caption", `<w:keepNext/><w:spacing w:before="80" w:after="40"/>`, `<w:b/>`) +
		style("Cell", "Cell", `<w:spacing w:after="0"/>`, `<w:sz w:val="18"/>`) +
		style("Small", "Small", `<w:spacing w:after="60"/>`, `<w:sz w:val="16"/>`) +
		style("Filing", "Filing", tabs, `<w:sz w:val="18"/>`) +
		`<w:style w:type="table" w:styleId="Grid"><w:name w:val="Grid"/><w:tblPr><w:tblBorders>` + border + `</w:tblBorders></w:tblPr></w:style></w:styles>`
}

// twips are twentieths of a point, the unit of Word.
func twips(mm float64) int { return int(mm * twipMM) }
