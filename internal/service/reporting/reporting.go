// Package reporting answers what the programme achieved: the named measures, the
// overview made of them, the list behind each figure, and both as files.
//
// It has no numbers of its own. Every figure is a [measure.Definition] read from
// what the store counted for the same filter, so that a tile, a table, a list, an
// export and the API cannot disagree. Figures carry no personal data and are not
// audited; every opened list and every file is, with its number of rows.
package reporting

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB       *store.DB
	Policy   *authz.Policy
	Profiles disclosure.Profiles // zero: the defaults
	Files    Files               // of what is made in the background
}

// Service is the use cases of reporting.
type Service struct {
	db       *store.DB
	policy   *authz.Policy
	profiles disclosure.Profiles
	files    Files
	limits   limits
}

// New makes the service.
func New(d Deps) *Service {
	if d.Profiles == (disclosure.Profiles{}) {
		d.Profiles = disclosure.Default()
	}
	return &Service{db: d.DB, policy: d.Policy, profiles: d.Profiles, files: d.Files}
}

// Rights is what a reader of figures may do beside reading them.
type Rights struct {
	Lists  bool // open the list behind a figure
	Names  bool // see whole names in it; else the first character
	Export bool // take figures, and lists where allowed, away as files
	funds  bool // sees treatments and money of funds only
}

// Exact reports whether the reader sees every figure as it is: who may open the
// list behind a figure could count it.
func (r Rights) Exact() bool { return r.Lists }

// Funds reports whether the reader sees no more than what funds paid for.
func (r Rights) Funds() bool { return r.funds }

// rights checks that the caller may read figures and says what else goes. Who
// sees the figures of the whole partnership needs the other permissions there
// too: a permission at one hospital must not open everybody's list.
func (s *Service) rights(who user.Principal) (Rights, error) {
	if who.PartnershipID == ident.Nil {
		return Rights{}, errs.Refuse("partnership.enter", "error.partnership.enter", nil, "remedy.partnership.enter")
	}
	if err := s.policy.Check(who, authz.MeasureRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return Rights{}, err
	}
	at := authz.Anywhere(who.PartnershipID)
	if who.Wide {
		at = authz.InPartnership(who.PartnershipID)
	}
	reach := s.policy.Reach(who, authz.MeasureRead)
	return Rights{Lists: s.policy.Can(who, authz.ListRead, at), Names: s.policy.Can(who, authz.PersonRead, at),
		Export: s.policy.Can(who, authz.ExportMake, at), funds: !reach.All && len(reach.Hospitals) == 0}, nil
}

// offers reports whether a measure means anything to the caller: a fund's steward
// sees the treatments the fund paid for, not the operations and persons in them.
func (r Rights) offers(d measure.Definition) bool {
	return !r.funds || d.Kind == measure.CountTreatments || d.Kind == measure.SumMoney || d.Group == measure.Money
}

// definition finds a measure the caller may read and binds the filter to it.
func (r Rights) definition(id measure.ID, f measure.Filter) (measure.Definition, measure.Filter, error) {
	d, ok := measure.ByID(id)
	if !ok || !r.offers(d) {
		return d, f, errs.Missing("error.measure.missing")
	}
	f, err := f.For(d)
	return d, f, err
}

// figures reads at one instant, without an audit event: there is nobody in them.
func (s *Service) figures(ctx context.Context, who user.Principal, fn func(*store.Tx) error) error {
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("figures without personal data")
		return fn(tx)
	}, store.OneInstant())
}

// Measure is the value of one measure.
func (s *Service) Measure(ctx context.Context, who user.Principal, id measure.ID, f measure.Filter) (v measure.Value, err error) {
	r, err := s.rights(who)
	if err != nil {
		return v, err
	}
	d, f, err := r.definition(id, f)
	switch {
	case err != nil:
		return v, err
	case !d.Tallied():
		return v, errs.Missing("error.measure.missing")
	}
	if !r.Exact() {
		if err := s.figures(ctx, who, func(tx *store.Tx) error { return named(tx, f) }); err != nil {
			return v, err
		}
		return s.concealed(ctx, who, d, f)
	}
	err = s.figures(ctx, who, func(tx *store.Tx) error {
		if err := named(tx, f); err != nil {
			return err
		}
		tallies, err := tx.Tallies(f)
		if err == nil {
			v = d.Read(tallies[0], tx.Now())
		}
		return err
	})
	return v, err
}

// Measures are the values of all measures a filter fits, of one instant.
func (s *Service) Measures(ctx context.Context, who user.Principal, f measure.Filter) (out []measure.Value, err error) {
	r, err := s.rights(who)
	if err != nil {
		return nil, err
	}
	err = s.figures(ctx, who, func(tx *store.Tx) error {
		if err := named(tx, f); err != nil {
			return err
		}
		tallies, err := tx.Tallies(f, measure.ByProgramme)
		if err != nil {
			return err
		}
		t := tallied(tallies)
		for _, d := range measure.TalliedDefinitions() {
			if _, err := f.For(d); err == nil && r.offers(d) {
				out = append(out, d.Read(t.programme(d.Programme), tx.Now()))
			}
		}
		if r.Exact() {
			return nil
		}
		c, err := s.protected(tx, f, s.profiles.Restricted)
		for i, v := range out {
			d, _ := measure.ByID(v.ID)
			bound, _ := f.For(d) // it fits: it was asked above
			out[i] = c.value(d, v, spotOf(bound))
		}
		return err
	})
	return out, err
}

// tallied finds a tally by its part; a part that was not counted is empty.
type tallied []measure.Tally

func (t tallied) part(d measure.Dimension, key string) measure.Tally {
	for _, x := range t {
		if x.Dimension == d && x.Key == key {
			return x
		}
	}
	return measure.Tally{Dimension: d, Key: key}
}

// programme is the tally a programme's definitions read from: the whole for all.
func (t tallied) programme(p measure.Programme) measure.Tally {
	if p == measure.All {
		return t.part(measure.Whole, "")
	}
	return t.part(measure.ByProgramme, string(p))
}

// parts are the tallies of a dimension.
func (t tallied) parts(d measure.Dimension) []measure.Tally {
	var out []measure.Tally
	for _, x := range t {
		if x.Dimension == d {
			out = append(out, x)
		}
	}
	return out
}
