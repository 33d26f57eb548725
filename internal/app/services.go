package app

import (
	"runtime"

	"github.com/alexedwards/scs/v2"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/glass"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/plausibility"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/subject"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/policies"
)

// Services are the use cases, for delivery and for the command line.
type Services struct {
	SessionStore *store.SessionStore
	Accounts     *accounts.Service
	Directory    *directory.Service
	Exchange     *exchange.Service
	Care         *treatment.Service
	Intake       *intake.Service
	Reporting    *reporting.Service
	Funding      *funding.Service
	Implants     *implant.Service
	Aftercare    *aftercare.Service
	Pricing      *pricing.Service
	Visiting     *visiting.Service
	Screenings   *screening.Service
	Inspection   *inspection.Service
	Oversight    *oversight.Service
	Notices      *notice.Service
	Doubts       *plausibility.Service
	Paying       *paying.Service
	Inbox        *inbox.Service
	Glass        *glass.Service
	Subjects     *subject.Service
}

// profilesOf are the thresholds the office chose for what leaves it.
func profilesOf(c config.Config) disclosure.Profiles {
	p := disclosure.Default()
	if c.RestrictedHide > 0 { // a zero config is one made by hand, in tests
		p.Restricted.Hide, p.Public.Hide, p.Public.Round = int64(c.RestrictedHide), int64(c.PublicHide), int64(c.PublicRound)
	}
	return p
}

func newServices(a *App) (Services, error) {
	passwords, err := user.PasswordProfile(string(a.cfg.PasswordProfile))
	if err != nil {
		return Services{}, err
	}
	blobs, err := blob.Open(a.cfg.DataDir, a.Keys)
	if err != nil {
		return Services{}, err
	}
	say, err := stored()
	if err != nil {
		return Services{}, err
	}
	register, err := dataclass.Parse(policies.Columns)
	if err != nil {
		return Services{}, err
	}
	profiles := profilesOf(a.cfg)
	if err := profiles.Check(); err != nil {
		return Services{}, err
	}
	hashing := a.opt.Hashing
	if hashing == (seal.HashParams{}) {
		hashing = seal.DefaultHashParams()
	}
	sessions := store.NewSessionStore(a.DB, scs.GobCodec{})
	care, implants := treatment.New(treatment.Deps{DB: a.DB, Policy: a.Policy, Clock: a.opt.Clock}), implant.New(implant.Deps{DB: a.DB, Policy: a.Policy})
	return Services{
		SessionStore: sessions,
		// Hashing is memory-hard: more at once than cores only makes everybody wait.
		Accounts: accounts.New(accounts.Deps{DB: a.DB, Policy: a.Policy, Hasher: seal.NewHasher(hashing, runtime.NumCPU()),
			Sessions: sessions, Passwords: passwords, Clock: a.opt.Clock, Log: a.opt.Log}),
		Intake:     intake.New(intake.Deps{DB: a.DB, Policy: a.Policy, Blobs: blobs, LookupCap: a.cfg.LookupDailyCap}),
		Exchange:   exchange.New(exchange.Deps{DB: a.DB, Policy: a.Policy, Blobs: blobs, Clock: a.opt.Clock, Log: a.opt.Log, Say: say}),
		Directory:  directory.New(directory.Deps{DB: a.DB, Policy: a.Policy, Clock: a.opt.Clock, Log: a.opt.Log}),
		Care:       care,
		Reporting:  reporting.New(reporting.Deps{DB: a.DB, Policy: a.Policy, Files: blobs, Profiles: profiles}),
		Funding:    funding.New(funding.Deps{DB: a.DB, Policy: a.Policy}),
		Implants:   implants,
		Aftercare:  aftercare.New(aftercare.Deps{DB: a.DB, Policy: a.Policy}),
		Pricing:    pricing.New(pricing.Deps{DB: a.DB, Policy: a.Policy}),
		Visiting:   visiting.New(visiting.Deps{DB: a.DB, Policy: a.Policy}),
		Screenings: screening.New(screening.Deps{DB: a.DB, Policy: a.Policy, Blobs: blobs, Theatre: theatre{care, implants}}),
		Paying:     paying.New(paying.Deps{DB: a.DB, Policy: a.Policy, Say: say}),
		Inspection: inspection.New(inspection.Deps{DB: a.DB, Policy: a.Policy}),
		Oversight:  oversight.New(oversight.Deps{DB: a.DB, Policy: a.Policy}),
		Notices:    notice.New(notice.Deps{DB: a.DB, Policy: a.Policy}),
		Doubts:     plausibility.New(plausibility.Deps{DB: a.DB, Policy: a.Policy}),
		Inbox:      inbox.New(inbox.Deps{DB: a.DB, Policy: a.Policy}),
		Glass:      glass.New(glass.Deps{DB: a.DB, Policy: a.Policy}),
		Subjects:   subject.New(subject.Deps{DB: a.DB, Policy: a.Policy, Blobs: blobs, Register: register}),
	}, nil
}
