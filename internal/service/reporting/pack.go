package reporting

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Report is the record of a report of a period.
type Report = store.ReportPack

// The states of a report.
const (
	ReportWaiting = store.ReportWaiting
	ReportReady   = store.ReportReady
)

// JobReport is the kind of job that reads a report's figures.
const JobReport = "reporting.report"

// ReportInput asks for the report of the period a day lies in.
type ReportInput struct {
	Kind      report.Kind
	Day       clock.Date
	Programme measure.Programme // empty: all
	Profile   string
}

// reportRights are those of somebody who may work with reports: a report covers
// the whole partnership, so the permission must too.
func (s *Service) reportRights(who user.Principal, permission authz.Permission) (Rights, error) {
	r, err := s.rights(who)
	if err != nil {
		return r, err
	}
	return r, s.policy.Check(who, permission, authz.InPartnership(who.PartnershipID))
}

// AskReport notes a report and leaves its making to the queue. A population that
// is nearly one the caller was given before is refused here.
func (s *Service) AskReport(ctx context.Context, who user.Principal, in ReportInput, key string) (ident.ID, error) {
	r, err := s.reportRights(who, authz.ReportMake)
	if err != nil {
		return ident.Nil, err
	}
	p, err := report.PeriodOf(in.Kind, in.Day)
	if err != nil {
		return ident.Nil, err
	}
	profile, err := s.profileOf(r, in.Profile)
	if err != nil {
		return ident.Nil, err
	}
	if in.Programme != "" && !in.Programme.Valid() {
		var bad errs.Fields
		bad.Add("programme", "error.measure.programme")
		return ident.Nil, bad.Err()
	}
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.ReportMake, ObjectKind: audit.ObjectReport, ObjectID: id, Detail: map[string]any{"from": p.From.String(), "to": p.To.String(),
			"programme": string(in.Programme), "rule": profile.Version()}})
		raw, err := json.Marshal(map[string]ident.ID{"report": id})
		if err != nil {
			return id, err
		}
		err = tx.InsertReport(store.ReportPack{ID: id, Period: p, Programme: string(in.Programme), Profile: profile.Name, Rule: profile.Version()})
		if err != nil {
			return id, err
		}
		return id, tx.Enqueue(store.Job{ID: id, Kind: JobReport, Payload: raw, Total: 1})
	})
}

func filterOf(p report.Period, programme measure.Programme) measure.Filter {
	if programme == measure.All {
		programme = ""
	}
	return measure.Filter{Programme: programme, From: p.From, To: p.To}
}

// Reports lists the reports of the partnership, the latest first. An exact one is
// there for those who see exact figures.
func (s *Service) Reports(ctx context.Context, who user.Principal, req page.Request) (out page.Result[Report], r Rights, err error) {
	if r, err = s.reportRights(who, authz.ReportRead); err != nil {
		return out, r, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("which reports were made is no personal data")
		out, err = tx.ListReports(req)
		return err
	})
	kept := out.Rows[:0]
	for _, x := range out.Rows {
		if r.Exact() || x.Profile != disclosure.ExactName {
			kept = append(kept, x)
		}
	}
	out.Rows = kept
	return out, r, err
}

// FetchReport gives the figures of a finished report to be written in a format.
func (s *Service) FetchReport(ctx context.Context, who user.Principal, id ident.ID, format string) (snap report.Snapshot, p Report, err error) {
	r, err := s.reportRights(who, authz.ReportRead)
	if err != nil {
		return snap, p, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.ReportFetch, ObjectKind: audit.ObjectReport, ObjectID: id, Detail: map[string]any{"format": format}})
		if p, err = tx.ReportByID(id); err != nil {
			return err
		}
		switch {
		case p.Profile == disclosure.ExactName && !r.Exact():
			return errs.Missing("error.pack.missing")
		case p.State != store.ReportReady:
			return errs.Refuse("report.ready", "error.pack.waiting", nil, "remedy.pack.waiting")
		}
		tx.Amend("rule", p.Rule)
		snap, err = report.Open(p.Snapshot, p.Digest)
		tx.Amend("rows", len(snap.Hospitals.Rows)+len(snap.Months.Rows))
		return err
	})
	return snap, p, err
}

// RunReport reads the figures of the report a job names, once: they stay what
// they were.
func (s *Service) RunReport(ctx context.Context, j Job, partnership ident.ID, tell Progress) error {
	var payload struct {
		Report ident.ID `json:"report"`
	}
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return err
	}
	who := authz.System("report").In(partnership)
	var p store.ReportPack
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("the making was recorded when it was asked for")
		if p, err = tx.ReportByID(payload.Report); err != nil || p.State == store.ReportReady {
			return err
		}
		snap, err := s.snapshot(tx, p)
		if err != nil {
			return err
		}
		p.Snapshot, p.Digest, err = snap.Seal()
		return err
	}, store.OneInstant(), store.Background())
	if err != nil || p.State == store.ReportReady {
		return err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.ReportMake, ObjectKind: audit.ObjectReport, ObjectID: p.ID, Detail: map[string]any{"snapshot": report.Code(p.Digest), "rule": p.Rule}})
		return tx.FinishReport(p)
	}, store.Background())
	if err == nil {
		tell(ctx, 1, 1)
	}
	return err
}

// snapshot reads everything a report says at one instant.
func (s *Service) snapshot(tx *store.Tx, p store.ReportPack) (out report.Snapshot, err error) {
	profile, err := s.profiles.Named(p.Profile)
	if err != nil {
		return out, err
	}
	programme := measure.Programme(p.Programme)
	now, err := s.period(tx, filterOf(p.Period, programme), profile)
	if err != nil {
		return out, err
	}
	before, err := s.period(tx, filterOf(p.Period.Before(), programme), profile)
	if err != nil {
		return out, err
	}
	out = report.Snapshot{Partnership: now.Partnership, Unit: now.Partnership, By: p.By, At: tx.Now(), Period: p.Period, Programme: programme, Profile: profile.Name,
		Rule: profile.Version(), Hide: profile.Hide, Round: profile.Round, Hospitals: kept(now.Table), Months: kept(now.Months)}
	for _, t := range now.Programmes {
		out.Programmes = append(out.Programmes, kept(t))
	}
	for _, t := range before.Programmes {
		out.Before = append(out.Before, kept(t))
	}
	if out.Activity, err = tx.PeriodActivity(p.Period.From, p.Period.To); err != nil {
		return out, err
	}
	earlier := p.Period.Before()
	if out.Earlier, err = tx.PeriodActivity(earlier.From, earlier.To); err != nil {
		return out, err
	}
	if out.Gatherings, err = tx.PeriodGatherings(p.Period.From, p.Period.To); err != nil {
		return out, err
	}
	if out.Deeds, err = tx.PeriodDeeds(p.Period.From, p.Period.To, profile.Exact()); err != nil {
		return out, err
	}
	return out, s.outcomes(tx, &out, profile)
}

// outlined are the measures a report draws, with the dimension they are drawn in.
func outlined() map[measure.Dimension][]measure.ID {
	return map[measure.Dimension][]measure.ID{
		measure.ByHospital: {"joint.complication_90", "joint.readmission_90", "cataract.good_618", "coronary.mace_30", "followup.seen"},
		measure.ByMonth:    {"followup.in_window", "quality.entered_2"},
	}
}

// outcomes reads every measure of the period and of the one before, and the parts
// of those that are drawn. What a profile hides is hidden in all of them.
func (s *Service) outcomes(tx *store.Tx, out *report.Snapshot, p disclosure.Profile) (err error) {
	var details []Detail
	if out.Readings, details, err = s.measured(tx, filterOf(out.Period, out.Programme), p); err != nil {
		return err
	}
	if out.Prior, _, err = s.measured(tx, filterOf(out.Period.Before(), out.Programme), p); err != nil {
		return err
	}
	for _, by := range []measure.Dimension{measure.ByHospital, measure.ByMonth} {
		for _, id := range outlined()[by] {
			for _, d := range details {
				if d.Definition.ID == id {
					out.Outlines = append(out.Outlines, d.outline(by))
				}
			}
		}
	}
	known, err := tx.References(tx.Today())
	out.Targets = map[measure.ID]report.Target{}
	for _, d := range measure.Definitions() {
		if value, ref, ok := known.Target(d); ok {
			out.Targets[d.ID] = report.Target{Value: value, Source: ref.Source, Sample: ref.Sample}
		}
	}
	return err
}

// measured reads the measures of facts for a period. One without a case is kept too:
// nobody shall wonder whether it was forgotten.
func (s *Service) measured(tx *store.Tx, f measure.Filter, p disclosure.Profile) (kept []measure.Reading, details []Detail, err error) {
	ask := asker{tx, store.FactFilter{Filter: f, Lock: tx.Today()}}
	defs := Rights{}.wanted(DeskInput{Filter: f})
	defs = slices.DeleteFunc(defs, func(d measure.Definition) bool { return d.Tallied() })
	c, err := s.covered(ask, p, defs, measure.ByHospital)
	if err != nil {
		return nil, nil, err
	}
	var desk Desk
	if err := desk.surroundings(tx); err != nil {
		return nil, nil, err
	}
	desk.At, desk.Filter, desk.Profile = moment(tx), f, p
	samples, _, err := ask.read(defs, measure.ByHospital, measure.ByMonth)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range defs {
		x := Detail{Desk: desk, Definition: d, By: measure.ByHospital, cover: c}
		x.take(nil, samples)
		kept, details = append(kept, x.Reading), append(details, x)
	}
	return kept, details, nil
}

// outline is a measure in its parts as a report keeps it.
func (d Detail) outline(by measure.Dimension) report.Outline {
	out := report.Outline{Measure: d.Definition.ID, By: by}
	list := d.Parts
	if by == measure.ByMonth {
		list = d.Months
	}
	for _, p := range list {
		x := report.Portion{Key: p.Key, Reading: p.Reading}
		if p.Place != nil {
			x.Name = p.Place.Name
		}
		out.Parts = append(out.Parts, x)
	}
	return out
}

// period is the overview of a period with hidden figures taken out.
func (s *Service) period(tx *store.Tx, f measure.Filter, p disclosure.Profile) (Overview, error) {
	hidden := concealment{profile: p}
	if !p.Exact() {
		var err error
		if hidden, err = s.protected(tx, f, p, measure.ByHospital); err != nil {
			return Overview{}, err
		}
	}
	return s.overview(tx, OverviewInput{Filter: f, By: measure.ByHospital}, Rights{Lists: p.Exact()}, hidden)
}

// kept is a breakdown as a report keeps it.
func kept(b Breakdown) report.Table {
	out := report.Table{By: b.Dimension, Overlap: b.Overlap, Total: keptRow(b.Total)}
	for _, d := range b.Definitions {
		out.Measures = append(out.Measures, d.ID)
	}
	for _, g := range b.Groups {
		out.Rows = append(out.Rows, keptRow(g))
	}
	return out
}

func keptRow(g Group) report.Row {
	r := report.Row{Key: g.Key}
	if g.Place != nil {
		r.Name = g.Place.Name
	}
	for _, v := range g.Values {
		if v.Value.Hidden() {
			r.Figures = append(r.Figures, nil)
			continue
		}
		n := v.Value.Int64()
		r.Figures = append(r.Figures, &n)
	}
	return r
}
