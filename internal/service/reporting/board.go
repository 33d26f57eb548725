package reporting

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Board is several measures read at one instant, each with its parts, months and
// classes, and what the charts of a page need beside them. It has no numbers of
// its own either: days, crossings, scores and sequences come from the bases the
// measures are read from.
type Board struct {
	Desk
	By         measure.Dimension
	Path       measure.Path // how patients, operations and money were read; empty: none were asked for
	Details    []Detail
	References measure.References

	// What shows single days or single cases is there for who sees every figure.
	Days      []store.DayCount
	Crossings map[measure.ID][]store.Crossing
	Scores    []store.ScorePair
	Sequences map[measure.ID]Sequence

	Hospital *Hospital // of a hospital's page, and of its surgeons
	Surgeon  Surgeon   // of a surgeon's page
	Funds    []store.FundItem
}

// What charts are drawn from, as the store read it.
type (
	DayCount       = store.DayCount
	Crossing       = store.Crossing
	ScorePair      = store.ScorePair
	HospitalDoctor = store.HospitalDoctor
	FundItem       = store.FundItem
	FundRecord     = store.Fund
)

// Surgeon is whose operations a page is about.
type Surgeon struct {
	ID   ident.ID
	Name string
	Own  bool // the reader's
}

// Sequence is the outcome of case after case, the earliest first, with the risk
// each had: that of the target, or else of all cases the reader sees.
type Sequence struct {
	Cases  []statistics.Case
	Days   []string
	Risk   float64
	Target bool // the risk is a target
	Watch  statistics.Monitoring
	Worse  statistics.SimulatedLimit
	Better statistics.SimulatedLimit

	limit limitKey // what the two are simulated from
}

// BoardInput says what to read.
type BoardInput struct {
	Page     string // for the record of a file
	Measures []measure.ID
	Filter   measure.Filter
	By       measure.Dimension // empty: by hospital
	File     string            // xlsx or csv: it leaves the house and is recorded
	Rows     func(Board) int   // of the file, for the record

	Days      bool
	Crossings []measure.ID
	Scores    string // site of the joints
	Sequences []measure.ID
	Funds     bool

	Hospital ident.ID // the page of one hospital
	Own      bool     // the reader's own operations
	Doctor   ident.ID // those of a doctor at the hospital the reader heads

	Frame bool // only what stands around the figures, for a page that says why there are none
}

// Of finds a measure of the board.
func (b Board) Of(id measure.ID) (Detail, bool) {
	i := slices.IndexFunc(b.Details, func(d Detail) bool { return d.Definition.ID == id })
	if i < 0 {
		return Detail{}, false
	}
	return b.Details[i], true
}

// Board reads a page of the desk.
func (s *Service) Board(ctx context.Context, who user.Principal, in BoardInput) (out Board, err error) {
	r, err := s.rights(who)
	if err != nil {
		return out, err
	}
	if in.File != "" && !r.Export {
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	if err := s.admit(who, &in); err != nil {
		return out, err
	}
	again := false
	read := func(tx *store.Tx) error {
		b := boardReader{service: s, tx: tx, who: who, in: in}
		if out, err = b.read(r); err != nil {
			return err
		}
		if in.File == "" {
			b.record(out)
			return nil
		}
		// The record of a file counts the rows of a drawn chart. Nobody waits inside
		// of a transaction for limits that are not known yet: it is read once more.
		if !again && !out.watched(&s.limits) {
			tx.NoAudit("nothing left the house yet")
			again = true
			return nil
		}
		again = false
		if err := out.watch(&s.limits); err != nil {
			return err
		}
		b.record(out)
		return nil
	}
	for range 2 {
		if err = s.db.InTx(ctx, who, read, store.OneInstant()); err == nil {
			err = out.watch(&s.limits)
		}
		if err != nil || !again {
			break
		}
	}
	return out, err
}

// admit says whose pages the caller may open. The page of a hospital is for its
// own people and for who sees the whole partnership; the page of a surgeon is for
// the surgeon, and for the head of the hospital where the operations were done.
func (s *Service) admit(who user.Principal, in *BoardInput) error {
	if in.Doctor != ident.Nil && in.Doctor == who.PractitionerID {
		in.Own, in.Doctor, in.Hospital = true, ident.Nil, ident.Nil
	}
	switch {
	case in.Own:
		if who.PractitionerID == ident.Nil {
			return errs.Refuse("measure.own", "error.measure.own", nil, "remedy.measure.own")
		}
	case in.Doctor != ident.Nil:
		at, err := s.headed(who)
		if err != nil {
			return err
		}
		if in.Hospital == ident.Nil {
			in.Hospital = at
		}
		if err := s.policy.Check(who, authz.SurgeonRead, authz.AtHospital(who.PartnershipID, in.Hospital)); err != nil {
			return err
		}
		in.Filter.HospitalID = in.Hospital
	case in.Hospital != ident.Nil:
		if !who.Wide && !slices.Contains(who.Hospitals, in.Hospital) {
			return errs.Missing("error.desk.hospital")
		}
		in.Filter.HospitalID = in.Hospital
	}
	return nil
}

// headed is the hospital the caller heads.
func (s *Service) headed(who user.Principal) (ident.ID, error) {
	if err := s.policy.Check(who, authz.SurgeonRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	reach := s.policy.Reach(who, authz.SurgeonRead)
	if len(reach.Hospitals) == 0 {
		return ident.Nil, errs.New(errs.Forbidden, "error.authz.forbidden", errs.Args{"permission": authz.Label(authz.SurgeonRead)})
	}
	return reach.Hospitals[0], nil
}

// boardReader fills a board inside its transaction.
type boardReader struct {
	service *Service
	tx      *store.Tx
	who     user.Principal
	in      BoardInput
	ask     asker
}

func (b *boardReader) read(r Rights) (out Board, err error) {
	in := b.in
	if in.By == "" {
		in.By = measure.ByHospital
	}
	out = Board{By: in.By, Desk: Desk{At: moment(b.tx), Filter: in.Filter, Rights: r}}
	if err := out.surroundings(b.tx); err != nil {
		if in.Hospital != ident.Nil && errs.Is(err, errs.Invalid) { // not a condition, the page itself is of a hospital that is not there
			return out, errs.Missing("error.desk.hospital")
		}
		return out, err
	}
	if b.ask, err = asking(b.tx, b.who, in.Filter, in.Own); err != nil {
		return out, err
	}
	if in.Doctor != ident.Nil {
		b.ask.filter.Lead = in.Doctor
	}
	if err := b.place(&out); err != nil {
		return out, err
	}
	if in.Frame {
		return out, nil
	}
	if out.References, err = b.tx.References(b.ask.filter.Lock); err != nil {
		return out, err
	}
	if err := b.details(&out, in.By); err != nil {
		return out, err
	}
	if in.Funds && b.service.policy.Can(b.who, authz.FundRead, authz.InPartnership(b.who.PartnershipID)) {
		if out.Funds, err = b.tx.ListFunds(); err != nil {
			return out, err
		}
	}
	if !out.Profile.Exact() {
		return out, nil
	}
	return out, b.cases(&out)
}

// place finds the hospital and the surgeon the page is about.
func (b *boardReader) place(out *Board) error {
	if b.in.Hospital != ident.Nil {
		i := slices.IndexFunc(out.Hospitals, func(h Hospital) bool { return h.ID == b.in.Hospital })
		if i < 0 {
			return errs.Missing("error.desk.hospital")
		}
		out.Hospital = &out.Hospitals[i]
	}
	s, err := surgeonOf(b.ask, b.who, b.in.Own, b.in.Hospital)
	out.Surgeon = s
	return err
}

// surgeonOf is whose operations are asked for: the reader's own, or those of one
// doctor at a hospital.
func surgeonOf(a asker, who user.Principal, own bool, at ident.ID) (Surgeon, error) {
	switch {
	case own:
		return Surgeon{ID: who.PractitionerID, Name: who.DisplayName, Own: true}, nil
	case a.filter.Lead == ident.Nil:
		return Surgeon{}, nil
	}
	led, err := a.tx.Leaders(store.FactFilter{Filter: measure.Filter{HospitalID: at}, Lock: a.filter.Lock, Lead: a.filter.Lead}, at, 1)
	if err == nil && len(led) == 0 {
		err = errs.Missing("error.desk.doctor")
	}
	if err != nil {
		return Surgeon{}, err
	}
	return Surgeon{ID: a.filter.Lead, Name: led[0].Name}, nil
}

// details reads the measures, one statement a base.
func (b *boardReader) details(out *Board, by measure.Dimension) error {
	var defs []measure.Definition
	for _, id := range b.in.Measures {
		d, known := measure.ByID(id)
		if !known || !out.Rights.offers(d) || b.ask.filter.Lead != ident.Nil && !d.Base.Led() {
			continue
		}
		if _, err := b.in.Filter.For(d); err == nil {
			defs = append(defs, d)
		}
	}
	c, err := b.service.covering(b.ask, b.service.shownTo(out.Rights), defs, dimensionsOf(by, defs...)...)
	if err != nil {
		return err
	}
	out.Profile = c.profile
	samples, counted, err := b.ask.read(defs, dimensionsOf(by, defs...)...)
	if err != nil {
		return err
	}
	if len(counted) > 0 {
		out.Path = counted[0].Path
	}
	for _, d := range defs {
		x := Detail{Desk: out.Desk, Definition: d, By: by, cover: c}
		x.Group = d.Group
		x.take(tallied(counted), samples)
		if d.Tallied() && d.Programme != measure.All && d.Programme != b.in.Filter.Programme {
			x.Parts, x.Months = nil, nil // those that were counted are of all programmes together
		}
		out.Details = append(out.Details, x)
	}
	return nil
}

// most is how many cases a sequence and a chart of scores follow.
const most = 400

// cases reads what shows single days or cases.
func (b *boardReader) cases(out *Board) (err error) {
	if b.in.Days {
		if out.Days, err = b.tx.OperationsByDay(b.in.Filter); err != nil {
			return err
		}
	}
	out.Crossings = map[measure.ID][]store.Crossing{}
	for _, id := range b.in.Crossings {
		d, _ := measure.ByID(id)
		if out.Crossings[id], err = b.tx.CrossFacts(d, b.ask.filter); err != nil {
			return err
		}
	}
	if b.in.Scores != "" {
		if out.Scores, err = b.tx.ScorePairs(b.ask.filter, b.in.Scores, most); err != nil {
			return err
		}
	}
	out.Sequences = map[measure.ID]Sequence{}
	for _, id := range b.in.Sequences {
		d, _ := measure.ByID(id)
		if _, err := b.in.Filter.For(d); err != nil {
			continue
		}
		rows, err := b.tx.LatestFacts(store.FactList{Definition: d, Filter: b.ask.filter, Part: measure.Known}, most)
		if err != nil {
			return err
		}
		out.Sequences[id] = sequence(d, rows, out.References)
	}
	return nil
}

// record notes what leaves the house, and whose work was looked at.
func (b *boardReader) record(out Board) {
	switch {
	case b.in.Frame:
		b.tx.NoAudit("no figures")
	case b.in.File != "":
		detail := map[string]any{"format": b.in.File, "rows": b.in.Rows(out), "rule": out.Profile.Version()}
		if b.in.Doctor != ident.Nil {
			detail["doctor"] = b.in.Doctor.String()
		}
		b.tx.AuditRead(event(audit.ExportMake, "desk."+b.in.Page, b.in.Filter, detail))
	case b.in.Doctor != ident.Nil:
		e := event(audit.MeasureRead, "desk.surgeon", b.in.Filter, map[string]any{"doctor": b.in.Doctor.String()})
		b.tx.AuditRead(e)
	default:
		b.tx.NoAudit("figures without personal data")
	}
}

// Surgeons are the doctors who led operations at the hospital the caller heads.
type Surgeons struct {
	Desk
	Hospital Hospital
	List     []store.HospitalDoctor
}

// maxSurgeons bounds the list of a hospital's doctors.
const maxSurgeons = 300

// SurgeonsInput says which operations to look at.
type SurgeonsInput struct {
	Filter measure.Filter
	File   string // xlsx or csv: it leaves the house and is recorded
	Frame  bool   // only what stands around the list, for a page that says why there is none
}

// Surgeons lists the doctors of the hospital the caller heads.
func (s *Service) Surgeons(ctx context.Context, who user.Principal, in SurgeonsInput) (out Surgeons, err error) {
	r, err := s.rights(who)
	if err != nil {
		return out, err
	}
	if in.File != "" && !r.Export {
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	f := in.Filter
	at, err := s.headed(who)
	if err != nil {
		return out, err
	}
	f.HospitalID = at
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		out.Desk = Desk{At: moment(tx), Filter: f, Rights: r}
		if err := out.surroundings(tx); err != nil {
			return err
		}
		out.Hospital = *builder{hospitals: out.Hospitals}.place(at.String())
		out.Profile = disclosure.Exact()
		if in.Frame {
			tx.NoAudit("no list")
			return nil
		}
		if out.List, err = tx.Leaders(store.FactFilter{Filter: f, Lock: tx.Today()}, at, maxSurgeons); err != nil {
			return err
		}
		action, detail := audit.MeasureRead, map[string]any{"rows": len(out.List)}
		if in.File != "" {
			action, detail["format"], detail["rule"] = audit.ExportMake, in.File, out.Profile.Version()
		}
		tx.AuditRead(event(action, "desk.surgeons", f, detail))
		return nil
	}, store.OneInstant())
	return out, err
}
