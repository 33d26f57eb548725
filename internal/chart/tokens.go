package chart

// Style is the colour and mark of a series. It is also a class (ch-…) of the
// drawn shapes, so that the print sheet can change them.
type Style string

// The styles: the two sides of the pairing, the programme itself, and the
// layers of money in their fixed order.
const (
	Brand    Style = "brand"
	Mountain Style = "mountain" // receiving side
	Sea      Style = "sea"      // donor side
	Neutral  Style = "neutral"

	Bill       Style = "bill" // hollow
	Basic      Style = "basic"
	Critical   Style = "critical"
	Assistance Style = "assistance"
	Fund       Style = "fund"
	Waiver     Style = "waiver" // hatched
	Net        Style = "net"

	// What a chart of results needs besides: limits, remarks and grounds.
	Warn   Style = "warn"
	Alarm  Style = "alarm"
	Ink    Style = "ink"
	Quiet  Style = "quiet"
	Grid   Style = "grid"
	Axis   Style = "axis"
	Ground Style = "ground" // the card below the chart
)

// Token is a custom property a style takes its colour from, with its value in
// both themes, for the style sheet (and its test) to define.
type Token struct {
	Style       Style
	Name        string
	Light, Dark string
}

// Tokens lists the colours of all styles.
func Tokens() []Token {
	return []Token{
		{Brand, "--brand", "#0E4A50", "#74C6C3"},
		{Mountain, "--mountain", "#1B6A4D", "#70C79E"},
		{Sea, "--sea", "#1A5A8E", "#84B9E8"},
		{Neutral, "--ink-3", "#586B6E", "#95A8A8"},
		{Bill, "--ink", "#14252A", "#E7EFED"},
		{Basic, "--money-basic", "#4F656C", "#93A9AE"},
		{Critical, "--money-critical", "#80959B", "#6C8187"},
		{Assistance, "--money-assistance", "#B5C3C6", "#465A60"},
		{Fund, "--money-fund", "#0E4A50", "#74C6C3"},
		{Waiver, "--money-waiver", "#3F8A8C", "#3F9A9A"},
		{Net, "--money-net", "#BE7A16", "#E5B264"},
		{Warn, "--ochre", "#87500B", "#E5B264"},
		{Alarm, "--cinnabar", "#A52A1E", "#F2958A"},
		{Ink, "--ink", "#14252A", "#E7EFED"},
		{Quiet, "--ink-2", "#42565A", "#B7C6C5"},
		{Grid, "--line", "#D6DFDC", "#283C40"},
		{Axis, "--line-strong", "#738784", "#78908F"},
		{Ground, "--surface", "#FFFFFF", "#132124"},
	}
}

// Token is the colour of a style, for a canvas that has no style sheet; an
// unknown style is neutral.
func (s Style) Token() Token {
	for _, t := range Tokens() {
		if t.Style == s {
			return t
		}
	}
	return Neutral.Token()
}

// paint is the colour of a style; an unknown one is neutral.
func (s Style) paint() string {
	for _, t := range Tokens() {
		if t.Style == s {
			return "var(" + t.Name + "," + t.Light + ")"
		}
	}
	return Neutral.paint()
}
