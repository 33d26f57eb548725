package reporting

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Hospital is a place figures are broken down by.
type Hospital struct {
	ID   ident.ID
	Name string
	Side user.Side // on the day of the report; empty when it is no member then
}

// Group is one part of a table of figures, or its total.
type Group struct {
	Key    string
	Place  *Hospital      // of a breakdown by hospital
	Filter measure.Filter // that gives the same figures again, for the list
	Linked bool           // the filter exists: some parts have none
	Values []measure.Value
	Layers measure.Layers
}

// Breakdown is a table of figures: the parts by one dimension and the total,
// which is counted and not added up.
type Breakdown struct {
	Dimension   measure.Dimension
	Definitions []measure.Definition
	Groups      []Group
	Total       Group
	Overlap     int64 // persons counted in more than one part
}

// Overview is everything on the overview page, read at one instant.
type Overview struct {
	AsOf        time.Time
	Partnership string
	Filter      measure.Filter
	Rights      Rights
	Profile     disclosure.Profile // how much of it is hidden
	Programmes  []Breakdown        // one tile each: the totals of a programme
	Table       Breakdown
	Months      Breakdown // without gaps from the first to the last month
	Hospitals   []Hospital
	Path        measure.Path // how the figures were read, for who measures it
}

// OverviewInput says what to look at.
type OverviewInput struct {
	Filter measure.Filter
	By     measure.Dimension // of the table; empty: by hospital
	File   string            // xlsx or csv: it leaves the house and is recorded

	// Profile is how much a file hides; empty is as much as the reader's page does.
	Profile string

	Frame bool // only what stands around the figures, for a page that says why there are none
}

// Overview reads the figures of the whole page.
func (s *Service) Overview(ctx context.Context, who user.Principal, in OverviewInput) (out Overview, err error) {
	r, err := s.rights(who)
	if err != nil {
		return out, err
	}
	if in.File != "" && !r.Export {
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	if in.By == "" {
		in.By = measure.ByHospital
	}
	profile, err := s.profileOf(r, in.Profile)
	if err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		hidden := concealment{profile: profile}
		if !profile.Exact() && !in.Frame {
			if hidden, err = s.protected(tx, in.Filter, profile, in.By); err != nil {
				return err
			}
		}
		if out, err = s.overview(tx, in, r, hidden); err != nil || in.Frame {
			tx.NoAudit("no figures")
			return err
		}
		if in.File == "" {
			tx.NoAudit("figures without personal data")
			return nil
		}
		tx.AuditRead(event(audit.ExportMake, "overview", in.Filter, map[string]any{"format": in.File, "by": string(in.By),
			"rule": profile.Version(), "rows": len(out.Table.Groups) + 1}))
		return nil
	}, store.OneInstant())
	return out, err
}

func (s *Service) overview(tx *store.Tx, in OverviewInput, r Rights, hidden concealment) (out Overview, err error) {
	out = Overview{AsOf: tx.Now(), Filter: in.Filter, Rights: r}
	p, err := tx.PartnershipByID(tx.Partnership())
	if err != nil {
		return out, err
	}
	out.Partnership = p.Name
	if out.Hospitals, err = hospitals(tx, in.Filter); err != nil {
		return out, err
	}
	if in.Frame {
		out.Table.Dimension = in.By
		return out, nil
	}
	counted, err := tx.Tallies(in.Filter, measure.ByProgramme, measure.ByMonth, in.By)
	if err != nil {
		return out, err
	}
	t := tallied(counted)
	for _, m := range hidden.span(in.Filter) {
		if t.part(measure.ByMonth, m.Key).Treatments == 0 {
			t = append(t, m)
		}
	}
	out.Path = counted[0].Path
	if out.Hospitals, err = withStrangers(tx, out.Hospitals, t.parts(measure.ByHospital)); err != nil {
		return out, err
	}
	b := builder{in.Filter, r, tx.Now(), out.Hospitals}
	programme := in.Filter.Programme
	if programme == "" {
		programme = measure.All
	}
	for _, p := range measure.Programmes() {
		if p != measure.All && (programme == measure.All || p == programme) {
			tile := b.breakdown(measure.Whole, p, t)
			tile.Total.Filter.Programme = p
			out.Programmes = append(out.Programmes, tile)
		}
	}
	out.Table = b.breakdown(in.By, programme, t)
	out.Months = b.breakdown(measure.ByMonth, programme, t)
	hidden.hide(&out)
	return out, nil
}

// builder turns tallies into tables for one filter.
type builder struct {
	filter    measure.Filter
	rights    Rights
	asOf      time.Time
	hospitals []Hospital
}

func (b builder) breakdown(by measure.Dimension, p measure.Programme, t tallied) Breakdown {
	out := Breakdown{Dimension: by}
	for _, d := range measure.Of(p) {
		if b.rights.offers(d) {
			out.Definitions = append(out.Definitions, d)
		}
	}
	out.Total = b.group(out.Definitions, t.programme(p))
	out.Total.Filter, out.Total.Linked = b.filter, true
	if by == measure.Whole {
		return out
	}
	for _, x := range b.ordered(by, t.parts(by)) {
		g := b.group(out.Definitions, x)
		if f, err := b.filter.With(by, x.Key); err == nil && x.Key != "" {
			g.Filter, g.Linked = f, true
		}
		out.Groups = append(out.Groups, g)
	}
	for i, d := range out.Definitions {
		if !d.Additive() {
			m := measure.Breakdown{Dimension: by, Total: out.Total.Values[i]}
			for _, g := range out.Groups {
				m.Cells = append(m.Cells, measure.Cell{Key: g.Key, Value: g.Values[i]})
			}
			out.Overlap = m.Overlap()
		}
	}
	return out
}

func (b builder) group(ds []measure.Definition, t measure.Tally) Group {
	g := Group{Key: t.Key, Layers: t.Money}
	for _, d := range ds {
		g.Values = append(g.Values, d.Read(t, b.asOf))
	}
	if t.Dimension == measure.ByHospital {
		g.Place = b.place(t.Key)
	}
	return g
}

// place is the hospital of a cell.
func (b builder) place(key string) *Hospital {
	for _, h := range b.hospitals {
		if h.ID.String() == key {
			return &h
		}
	}
	return &Hospital{Name: key}
}

// ordered puts parts into the order people expect: the order of the code lists,
// months by time, hospitals by their number of operations.
func (b builder) ordered(by measure.Dimension, parts []measure.Tally) []measure.Tally {
	switch by {
	case measure.ByMonth:
		return months(parts)
	case measure.ByHospital:
		slices.SortFunc(parts, func(x, y measure.Tally) int {
			return cmp.Or(cmp.Compare(y.Treatments, x.Treatments), cmp.Compare(x.Key, y.Key))
		})
	default:
		order := map[string]int{}
		for i, k := range keys(by) {
			order[k] = i + 1
		}
		slices.SortFunc(parts, func(x, y measure.Tally) int {
			return cmp.Or(cmp.Compare(order[x.Key], order[y.Key]), cmp.Compare(x.Key, y.Key))
		})
	}
	return parts
}

// keys are the known keys of a dimension in order.
func keys(by measure.Dimension) []string {
	var out []string
	switch by {
	case measure.ByProgramme:
		for _, p := range measure.Programmes() {
			out = append(out, string(p))
		}
	case measure.ByCategory:
		for _, c := range terminology.Categories() {
			out = append(out, string(c))
		}
	case measure.BySide:
		out = []string{string(measure.Receiving), string(measure.Donor), ""}
	}
	return out
}

// maxMonths bounds the filled table of months; a mistyped year must not make a
// page of twelve hundred empty ones.
const maxMonths = 240

// months sorts by time and fills the gaps: a month without an operation is a
// figure too.
func months(parts []measure.Tally) []measure.Tally {
	slices.SortFunc(parts, func(x, y measure.Tally) int { return cmp.Compare(x.Key, y.Key) })
	if len(parts) == 0 {
		return nil
	}
	first, err := clock.ParseDate(parts[0].Key + "-01")
	if err != nil {
		return parts
	}
	last := parts[len(parts)-1].Key
	var out []measure.Tally
	for at, n := first, 0; n < maxMonths; at, n = at.AddMonths(1), n+1 {
		key := at.String()[:7]
		if key > last {
			return out
		}
		out = append(out, tallied(parts).part(measure.ByMonth, key))
	}
	return parts
}

// hospitals are the partnership's hospitals for the filter and the table, each
// once, the receiving side first. One that is asked for and is none of them is refused,
// and so is a category: figures of what nobody knows would all be zero.
func hospitals(tx *store.Tx, asked measure.Filter) ([]Hospital, error) {
	members, err := tx.Members(tx.Partnership())
	if err != nil {
		return nil, err
	}
	var out []Hospital
	for _, m := range members {
		if m.Organisation.Kind != "hospital" || m.Organisation.MergedInto != ident.Nil {
			continue
		}
		i := slices.IndexFunc(out, func(h Hospital) bool { return h.ID == m.OrganisationID })
		if i < 0 {
			i = len(out)
			out = append(out, Hospital{ID: m.OrganisationID, Name: m.Organisation.Label()})
		}
		if m.ValidOn(tx.Today()) {
			out[i].Side = m.Side
		}
	}
	var bad errs.Fields
	if asked.HospitalID != ident.Nil && !slices.ContainsFunc(out, func(h Hospital) bool { return h.ID == asked.HospitalID }) {
		bad.Add("hospital", "error.measure.hospital")
	}
	known, err := categoryKnown(tx, asked.Category)
	if err != nil {
		return nil, err
	}
	if !known {
		bad.Add("category", "error.measure.category")
	}
	return out, bad.Err()
}

// categoryKnown reports whether a category is one of the house's, or one that
// released rules of payment add. None is none.
func categoryKnown(tx *store.Tx, code string) (bool, error) {
	if code == "" || terminology.Category(code).Valid() {
		return true, nil
	}
	released, err := tx.ReleasedPolicies()
	return slices.ContainsFunc(released, func(v policy.Version) bool { _, ok := v.Category(code); return ok }), err
}

// withStrangers adds the places that have figures and are no hospitals among the
// members: a provisional one of an old ledger, an office that was entered as one.
func withStrangers(tx *store.Tx, known []Hospital, parts []measure.Tally) ([]Hospital, error) {
	var ids []ident.ID
	for _, p := range parts {
		id, err := ident.Parse(p.Key)
		if err == nil && !slices.ContainsFunc(known, func(h Hospital) bool { return h.ID == id }) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return known, nil
	}
	found, err := tx.OrganisationsByID(ids)
	for _, o := range found {
		known = append(known, Hospital{ID: o.ID, Name: o.Label()})
	}
	return known, err
}
