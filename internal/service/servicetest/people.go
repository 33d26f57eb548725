package servicetest

import (
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Registrar is the registrar of a hospital.
func (w *World) Registrar(p Place) user.Principal { return w.at(p, user.Registrar, "登记员") }

// Finance is the finance clerk of a hospital.
func (w *World) Finance(p Place) user.Principal { return w.at(p, user.Finance, "财务") }

// Doctor is a doctor of a hospital's own.
func (w *World) Doctor(p Place) user.Principal { return w.at(p, user.LocalDoctor, "医生") }

// Screener is the screener of a hospital.
func (w *World) Screener(p Place) user.Principal { return w.at(p, user.Screener, "义诊员") }

// HospitalHead is the head of a hospital.
func (w *World) HospitalHead(p Place) user.Principal { return w.at(p, user.HospitalHead, "院长") }

// HospitalAdmin is the administrator of a hospital.
func (w *World) HospitalAdmin(p Place) user.Principal {
	return w.at(p, user.HospitalAdmin, "管理员")
}

// SecondHospitalAdmin is another administrator of a hospital.
func (w *World) SecondHospitalAdmin(p Place) user.Principal {
	w.T.Helper()
	return w.person("hospital_admin-2-"+string(p), "管理员二", w.ID(p), func(user.Account) []user.Assignment {
		return []user.Assignment{{Role: user.HospitalAdmin, ScopeKind: user.ScopeHospital, ScopeID: w.ID(p)}}
	})
}

// Visiting is a doctor of the first donor hospital, posted to a hospital from a
// month before to a month after the start of the world.
func (w *World) Visiting(p Place) user.Principal {
	w.T.Helper()
	return w.person("visiting-"+string(p), "支医专家", w.ID(Sea), func(a user.Account) []user.Assignment {
		doctor := practitioner.Practitioner{ID: a.PractitionerID, Name: a.DisplayName, HomeOrg: w.ID(Sea), Grade: practitioner.Chief}
		w.Do(w.System(), func(tx *store.Tx) error {
			if err := tx.InsertPractitioner(doctor); err != nil {
				return err
			}
			if err := w.grantAll(tx, doctor.ID, p); err != nil {
				return err
			}
			return tx.InsertPosting(partnership.Posting{ID: ident.New(), Practitioner: doctor.ID, Host: w.ID(p),
				From: w.Today().AddDays(-30), To: w.Today().AddDays(30)})
		})
		return []user.Assignment{{Role: user.VisitingDoctor, ScopeKind: user.ScopeHospital, ScopeID: w.ID(Sea)}}
	})
}

// grantAll lets a doctor do every operation at a hospital, so that only tests
// about privileges meet them.
func (w *World) grantAll(tx *store.Tx, doctor ident.ID, p Place) error {
	for _, programme := range procedure.Programmes() {
		for _, kind := range procedure.Kinds(programme) {
			err := tx.InsertPrivilege(practitioner.Privilege{ID: ident.New(), Practitioner: doctor, Hospital: w.ID(p), Kind: kind, From: clock.MustDate(2020, 1, 1),
				To: w.Today().AddDays(3650)})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Approver is the programme office's approver.
func (w *World) Approver() user.Principal { return w.wide(user.Approver, "审批人") }

// SecondApprover is another approver of the office.
func (w *World) SecondApprover() user.Principal {
	return w.wideNamed("approver-2", user.Approver, "复核人")
}

// FundFinance is who pays what the funds owe.
func (w *World) FundFinance() user.Principal { return w.wide(user.FundFinance, "资金会计") }

// SecondFundFinance is a colleague of theirs.
func (w *World) SecondFundFinance() user.Principal {
	return w.wideNamed("fund-finance-2", user.FundFinance, "资金复核")
}

// Official is the official of the receiving side.
func (w *World) Official() user.Principal { return w.wide(user.Official, "卫健委") }

// OfficialDonor is the official of the donor side.
func (w *World) OfficialDonor() user.Principal { return w.wide(user.OfficialDonor, "支援方") }

// Auditor is an auditor of the whole partnership.
func (w *World) Auditor() user.Principal { return w.wide(user.Auditor, "审计") }

// Steward is the steward of some funds.
func (w *World) Steward(funds ...ident.ID) user.Principal {
	w.T.Helper()
	return w.person("steward-"+funds[0].String()[24:]+strconv.Itoa(len(funds)), "基金专员", w.Office.ID, func(user.Account) []user.Assignment {
		out := make([]user.Assignment, len(funds))
		for i, f := range funds {
			out[i] = user.Assignment{Role: user.FundSteward, ScopeKind: user.ScopeFund, ScopeID: f}
		}
		return out
	})
}

// FundAuditor is an auditor of one fund.
func (w *World) FundAuditor(fund ident.ID) user.Principal {
	w.T.Helper()
	return w.person("auditor-"+fund.String()[24:], "审计", w.Office.ID, func(user.Account) []user.Assignment {
		return []user.Assignment{{Role: user.Auditor, ScopeKind: user.ScopeFund, ScopeID: fund}}
	})
}

// SystemAdmin, SecurityAdmin and AuditAdmin are on the platform.
func (w *World) SystemAdmin() user.Principal { return w.admin(user.SystemAdmin, "系统管理员") }

// SecurityAdmin gives roles.
func (w *World) SecurityAdmin() user.Principal { return w.admin(user.SecurityAdmin, "安全管理员") }

// AuditAdmin reads the log.
func (w *World) AuditAdmin() user.Principal { return w.admin(user.AuditAdmin, "审计管理员") }

// Refresh is the principal as the next request would see it: roles and postings
// are judged by the clock again.
func (w *World) Refresh(who user.Principal) user.Principal {
	w.T.Helper()
	p, err := w.Policy.Principal(who)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// at makes a person with one role at one hospital. Doctors get a practitioner.
func (w *World) at(p Place, role user.Role, title string) user.Principal {
	w.T.Helper()
	return w.person(string(role)+"-"+string(p), title, w.ID(p), func(a user.Account) []user.Assignment {
		if role == user.LocalDoctor {
			w.Do(w.System(), func(tx *store.Tx) error {
				return tx.InsertPractitioner(practitioner.Practitioner{ID: a.PractitionerID, Name: a.DisplayName, HomeOrg: w.ID(p), Grade: practitioner.Attending})
			})
		}
		return []user.Assignment{{Role: role, ScopeKind: user.ScopeHospital, ScopeID: w.ID(p)}}
	})
}

func (w *World) wide(role user.Role, title string) user.Principal {
	return w.wideNamed(string(role), role, title)
}

func (w *World) wideNamed(name string, role user.Role, title string) user.Principal {
	w.T.Helper()
	return w.person(name, title, w.Office.ID, func(user.Account) []user.Assignment {
		return []user.Assignment{{Role: role, ScopeKind: user.ScopePartnership, ScopeID: w.Partnership.ID}}
	})
}

func (w *World) admin(role user.Role, title string) user.Principal {
	w.T.Helper()
	return w.person(string(role), title, ident.Nil, func(user.Account) []user.Assignment {
		return []user.Assignment{{Role: role, ScopeKind: user.ScopePlatform}}
	})
}

// person makes an account once and remembers who it is. Prepare makes what the
// account needs (a doctor, a posting) and says which roles it holds.
func (w *World) person(name, title string, org ident.ID, prepare func(user.Account) []user.Assignment) user.Principal {
	w.T.Helper()
	name = strings.ToLower(w.Partnership.Code) + "-" + name
	if p, ok := w.people[name]; ok {
		return p
	}
	a := user.Account{ID: ident.New(), Username: name, DisplayName: title, OrganisationID: org, Language: i18n.Chinese, PasswordHash: "none"}
	if strings.Contains(name, "doctor") || strings.Contains(name, "visiting") {
		a.PractitionerID = ident.New()
	}
	held := prepare(a)
	w.Do(w.system().In(ident.Nil), func(tx *store.Tx) error {
		if err := tx.InsertAccount(a); err != nil {
			return err
		}
		for _, h := range held {
			h.ID, h.Account, h.From = ident.New(), a.ID, clock.MustDate(2020, 1, 1)
			if h.ScopeKind != user.ScopePlatform {
				h.PartnershipID = w.Partnership.ID
			}
			if err := tx.InsertAssignment(h); err != nil {
				return err
			}
		}
		return nil
	})
	if err := w.Policy.Reload(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	base := user.Principal{AccountID: a.ID, Username: a.Username, DisplayName: a.DisplayName, OrganisationID: org,
		PractitionerID: a.PractitionerID, PartnershipID: w.Partnership.ID, Side: w.sideOf(org), Language: i18n.Chinese}
	w.people[name] = w.Refresh(base)
	return w.people[name]
}

func (w *World) sideOf(org ident.ID) user.Side {
	switch org {
	case w.ID(Sea), w.ID(SeaTwo):
		return user.SideDonor
	case w.ID(Mountain), w.ID(MountainTwo), w.Office.ID:
		return user.SideReceiving
	}
	return ""
}
