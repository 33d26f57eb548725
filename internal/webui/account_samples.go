package webui

import (
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

// samples of this room speak of invented places and people.
const (
	sampleHospital = "云岭区中医院"
	sampleDonor    = "澜港市中医院"
	samplePerson   = "周小禾"
	sampleLongName = "阿卜杜热合曼·买买提吐尔逊·艾合买提江·亚森"
)

func sampleID(n byte) ident.ID { return ident.ID{15: n} }

func sampleNow() time.Time { return sampleDay().Start() }

func sampleCall(b Base) *Call { return &Call{Base: b, Today: sampleDay()} }

// accountPages are the samples of sign-in, users and own pages.
func accountPages() []PageSample {
	return slices.Concat(signInPages(), ownPages(), userPages())
}

// signInPages are the samples of coming in, with each second step, and of the lock.
func signInPages() []PageSample {
	return []PageSample{
		{"account/signin", func(b Base) View { return newSignInView(b, signInForm(b, sampleCall(b)), 15) }},
		{"account/signin", func(b Base) View {
			f := signInForm(b, sampleCall(b)).Put("username", "zhou.xh")
			f.errors = append(f.errors, errs.Field{Key: "error.sign_in.wait", Args: errs.Args{"seconds": 30, "n": 30}})
			return newSignInView(b, f, 15)
		}},
		{"account/firstrun", func(b Base) View {
			f := firstRunForm(b, sampleCall(b))
			f.Fail("code", "error.first_run.code")
			f.Fail("audit_username", "error.account.three_people")
			return newFirstRunView(b, f)
		}},
		{"account/issued", func(b Base) View {
			b, items := firstRunResult(b, []accounts.Issued{{Username: "sys.chen", Password: "kdm7-fqx2-wre3-tyu9"}}) // #nosec G101 -- a sample of the page, of nobody
			return issuedView{Base: b, Note: Alert{Kind: "warn", Icon: "lock", Title: b.T("issued.once"), Text: b.T("first_run.done.text")}, Items: items,
				Done: Button{Text: b.T("sign_in.title"), Href: "/sign-in", Kind: "primary"}}
		}},
		{"account/code", func(b Base) View { return newCodeView(b, codeForm(b, sampleDay(), "sign_in.code")) }},
		{"account/code", func(b Base) View {
			v := newCodeView(b, codeForm(b, sampleDay(), "sign_in.code"))
			v.Key = &keyForm{Action: "/sign-in/passkey", Options: `{"publicKey":{}}`, Hidden: [][2]string{{"next", "/"}}}
			return v
		}},
		{"account/passkeys", func(b Base) View {
			return newPasskeysView(titled(b, b.T("settings.passkeys")), nil, "passkey.trouble.app")
		}},
		{"account/passkeys", func(b Base) View {
			return newPasskeysView(titled(b, b.T("settings.passkeys")), []accounts.Passkey{{ID: sampleIDs.file, Name: b.T("passkey.sample"), Host: "shanhai.lan", CreatedAt: sampleInstant(), UsedAt: sampleInstant()},
				{ID: sampleIDs.doctor, Name: b.T("passkey.sample"), Host: "localhost", CreatedAt: sampleInstant()}}, "")
		}},
		{"account/passkey", func(b Base) View {
			return newPasskeyPageView(titled(b, b.T("passkey.add")), passkeyForm(b, sampleDay()), `{"publicKey":{}}`)
		}},
		{"account/lock", func(b Base) View {
			c := sampleCall(b)
			c.Base.User = &User{Name: b.T("style.person.1")}
			f := unlockForm(c)
			f.Fail(proofField, "error.password.current")
			return newLockView(c.Base, f)
		}},
		{"account/code", func(b Base) View {
			c := sampleCall(b)
			f := proveForm(c)
			f.Fail(proofField, "error.password.current")
			return newProveView(b, f, c.Who.SecondFactor)
		}},
	}
}

// ownPages are the samples of what people look after for themselves.
func ownPages() []PageSample {
	return []PageSample{
		{"account/factor", func(b Base) View {
			return newFactorView(sampleTitled(b, "settings.factor"), sampleDay(), accounts.FactorState{}, false)
		}},
		{"account/factor", func(b Base) View {
			return newFactorView(sampleTitled(b, "settings.factor"), sampleDay(), accounts.FactorState{}, true)
		}},
		{"account/factor", func(b Base) View {
			return newFactorView(sampleTitled(b, "settings.factor"), sampleDay(), accounts.FactorState{InForce: true, CodesLeft: 9}, false)
		}},
		{"account/enrol", sampleEnrol},
		{"account/issued", func(b Base) View {
			b = sampleTitled(b, "second_factor.codes")
			return issuedView{Base: b, Note: codesNote(b), Items: codeDefs(b, []string{"kdm7f-qx2wr", "e3tyu-9abcd"}), Done: Button{Text: b.T("second_factor.kept"), Href: "/", Kind: "primary"}}
		}},
		{"account/sessions", func(b Base) View {
			list := []accounts.SessionItem{{ID: sampleID(1), CreatedAt: sampleNow(), ExpiresAt: sampleNow().Add(15 * time.Minute), Agent: "Chrome · Windows", Own: true},
				{ID: sampleID(2), CreatedAt: sampleNow(), ExpiresAt: sampleNow().Add(10 * time.Minute)}}
			return newSessionsView(sampleTitled(b, "settings.sessions"), list, 15*time.Minute)
		}},
		{"account/settings", func(b Base) View { return newSettingsView(b, func(settingsEntry) bool { return true }) }},
		{"account/tokens", sampleTokens},
	}
}

// userPages are the samples of accounts, passwords and roles.
func userPages() []PageSample {
	return []PageSample{
		{"account/user", func(b Base) View { return newUserView(b, sampleDetail(true), sampleNow()) }},
		{"account/user", func(b Base) View { return newUserView(b, sampleDetail(false), sampleNow()) }},
		{"directory/form", func(b Base) View {
			return newPasswordView(b, passwordForm(b, sampleDay(), user.PasswordPolicy{Min: 10, Classes: 3, Reuse: 5}), true)
		}},
		{"directory/form", func(b Base) View {
			return newPasswordView(b, passwordForm(b, sampleDay(), user.PasswordPolicy{Min: 15}), false)
		}},
		{"directory/form", sampleUserForm},
		{"directory/form", func(b Base) View {
			b.Title = b.T("role.assign")
			f := roleForm(b, sampleDay(), []accounts.Place{{Kind: user.ScopePlatform}, {Kind: user.ScopePartnership, Partnership: sampleID(1), ID: sampleID(1), Name: "云岭–澜港", Group: "云岭–澜港"},
				{Kind: user.ScopeHospital, Partnership: sampleID(1), ID: sampleID(2), Name: sampleHospital, Group: "云岭–澜港"}})
			f.Action = "/users"
			f.Fail("scope_id", "error.role.scope_unknown")
			return newDirectoryForm(b, f, Button{Text: b.T("role.assign.do")}, "/users")
		}},
		{"directory/list", sampleUsers},
		{"directory/list", func(b Base) View {
			return newUsersView(b, usersFilter(b, sampleDay()), page.Result[accounts.AccountItem]{})
		}},
		{"directory/list", func(b Base) View {
			return newUsersView(b, usersFilter(b, sampleDay()).Put("q", "zhou"), page.Result[accounts.AccountItem]{})
		}},
		{"directory/list", func(b Base) View {
			b.Title = b.T("settings.policy")
			row := accounts.PolicyRow{Permission: authz.CaseRead, Roles: map[user.Role]bool{user.Registrar: true}}
			return newPolicyView(b, []accounts.PolicyRow{row})
		}},
	}
}

func sampleTitled(b Base, title string) Base {
	b.Title = b.T(title)
	return b
}

func sampleEnrol(b Base) View {
	v, err := newEnrolView(sampleTitled(b, "second_factor.confirm"), enrolForm(b, sampleDay()), user.SecondFactor{Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}, "zhou.xh") // #nosec G101 -- a sample of the page, of nobody
	if err != nil {
		panic(err) // a sample's text always fits a code
	}
	return v
}

func sampleTokens(b Base) View {
	b.Title = b.T("settings.tokens")
	live := user.Token{ID: sampleID(1), Name: "市级看板", Scopes: []user.Permission{authz.MeasureRead}, ExpiresAt: sampleNow().AddDate(0, 3, 0)}
	ended := user.Token{ID: sampleID(2), Name: sampleLongName, Scopes: []user.Permission{authz.MeasureRead, authz.ListRead}, ExpiresAt: sampleNow().AddDate(0, 0, -1)}
	return newTokensView(b, []user.Token{live, ended}, tokenForm(b, sampleDay(), []authz.Permission{authz.MeasureRead, authz.ListRead}, []authz.Permission{authz.ExportMake}), sampleNow())
}

// sampleDetail is an account: one with roles that can be changed, or a closed
// one without.
func sampleDetail(active bool) accounts.Detail {
	d := accounts.Detail{AccountItem: accounts.AccountItem{Account: user.Account{ID: sampleID(1), Username: "zhou.xh", DisplayName: samplePerson, PasswordChangedAt: sampleNow(),
		Disabled: !active}, Organisation: sampleHospital}, May: accounts.May{Reset: true, Disable: true, Assign: active, SeeRoles: true}}
	if !active {
		d.Failures = user.Failures{Count: 6, Last: sampleNow()}
		return d
	}
	d.Sessions, d.Doctor = 2, samplePerson
	d.Held = []accounts.Held{
		{Assignment: user.Assignment{ID: sampleID(3), Role: user.Registrar, ScopeKind: user.ScopeHospital, ScopeID: sampleID(2), PartnershipID: sampleID(1), From: sampleDay()},
			PartnershipName: "云岭–澜港", ScopeName: sampleHospital, Now: true, MayRevoke: true},
		{Assignment: user.Assignment{ID: sampleID(4), Role: user.Official, ScopeKind: user.ScopePartnership, ScopeID: sampleID(1), PartnershipID: sampleID(1), From: sampleDay().AddDays(10),
			To: sampleDay().AddDays(40)}, PartnershipName: "云岭–澜港"},
		{Assignment: user.Assignment{ID: sampleID(5), Role: user.SystemAdmin, ScopeKind: user.ScopePlatform, From: sampleDay()}, Now: true},
	}
	return d
}

func sampleUserForm(b Base) View {
	b.Title = b.T("users.new")
	f := userForm(b, sampleDay(), []Option{{Value: sampleID(2).String(), Text: sampleHospital, Sub: "YL-H1"}}, []Option{{Value: sampleID(3).String(), Text: samplePerson}}, true)
	f.Fail("username", "error.username.taken")
	return newDirectoryForm(b, f, Button{Text: b.T("users.create")}, "/users")
}

func sampleUsers(b Base) View {
	b.Title = b.T("settings.users")
	list := page.Result[accounts.AccountItem]{Next: "x"}
	for i, name := range []string{samplePerson, sampleLongName, "陈大山"} {
		a := accounts.AccountItem{Account: user.Account{ID: sampleID(byte(i + 1)), Username: "zhou.xh", DisplayName: name, MustChange: i == 1, Disabled: i == 2}, Organisation: sampleHospital}
		if i == 0 {
			a.Roles = []user.Role{user.Registrar, user.HospitalAdmin}
		}
		list.Rows = append(list.Rows, a)
	}
	return newUsersView(b, usersFilter(b, sampleDay()), list)
}

// directoryPages are the samples of organisations, partnerships, doctors and
// postings.
func directoryPages() []PageSample {
	hospital := partnership.Organisation{ID: sampleID(2), Code: "YL-H1", Name: sampleHospital, Kind: partnership.Hospital, RegionCode: "500199", Version: 1}
	found := partnership.Organisation{ID: sampleID(6), Code: "X-1", Name: sampleLongName + "医院", Kind: partnership.Hospital, Provisional: true}
	pair := partnership.Partnership{ID: sampleID(1), Code: "YL", Name: "云岭–澜港", ReceivingName: "云岭区", ReceivingRegion: "500199", DonorName: "澜港市", DonorRegion: "379900", OpenedOn: sampleDay()}
	member := directory.Member{Member: partnership.Member{PartnershipID: pair.ID, OrganisationID: hospital.ID, Side: user.SideReceiving, From: sampleDay()}, Organisation: hospital}
	titled := func(key string, make func(b Base) View) func(b Base) View {
		return func(b Base) View { b.Title = b.T(key); return make(b) }
	}
	return []PageSample{
		{"directory/list", titled("settings.organisations", func(b Base) View {
			return newOrganisationsView(b, organisationsFilter(b, sampleDay()), page.Result[partnership.Organisation]{Rows: []partnership.Organisation{hospital, found}})
		})},
		{"directory/form", titled("organisations.new", func(b Base) View {
			f := organisationForm(b, sampleDay(), "/organisations", hospital)
			f.Fail("region", "error.region.six_digits")
			return newDirectoryForm(b, f, Button{Text: b.T("directory.save")}, "/organisations")
		})},
		{"directory/form", titled("organisation.merge", func(b Base) View {
			return newDirectoryForm(b, mergeForm(b, sampleDay(), found.ID, organisationOptions([]partnership.Organisation{hospital})), Button{Text: b.T("organisation.merge")}, "/organisations")
		})},
		{"directory/organisation", func(b Base) View {
			return newOrganisationView(b, directory.OrganisationDetail{Organisation: hospital, MayEdit: true, Members: []directory.Membership{{Member: member.Member, Name: pair.Name}}})
		}},
		{"directory/organisation", func(b Base) View {
			return newOrganisationView(b, directory.OrganisationDetail{Organisation: found, MayEdit: true})
		}},
		{"directory/organisation", func(b Base) View {
			o := found
			o.MergedInto = hospital.ID
			return newOrganisationView(b, directory.OrganisationDetail{Organisation: o, Merged: hospital})
		}},
		{"directory/list", titled("settings.partnerships", func(b Base) View { return newPartnershipsView(b, []partnership.Partnership{pair}) })},
		{"directory/list", titled("settings.partnerships", func(b Base) View { return newPartnershipsView(b, nil) })},
		{"directory/form", titled("partnerships.new", func(b Base) View {
			return newDirectoryForm(b, partnershipForm(b, sampleDay(), "/partnerships", pair), Button{Text: b.T("directory.save")}, "/partnerships")
		})},
		{"directory/partnership", func(b Base) View {
			return newPartnershipView(b, directory.PartnershipDetail{Partnership: pair, MayEdit: true, Members: []directory.Member{member}}, sampleDay())
		}},
		{"directory/partnership", func(b Base) View {
			return newPartnershipView(b, directory.PartnershipDetail{Partnership: pair}, sampleDay())
		}},
		{"directory/form", titled("member.add", func(b Base) View {
			return newDirectoryForm(b, memberForm(b, sampleDay(), pair.ID, organisationOptions([]partnership.Organisation{hospital})), Button{Text: b.T("directory.save")}, "/partnerships")
		})},
		{"directory/list", titled("settings.pairings", func(b Base) View { return newPairingsView(b, samplePairings(), sampleDay(), true) })},
		{"directory/list", titled("settings.pairings", func(b Base) View {
			return newPairingsView(b, page.Result[directory.PairingItem]{}, sampleDay(), true)
		})},
		{"directory/form", titled("pairings.edit", func(b Base) View {
			return newDirectoryForm(b, editPairingForm(b, sampleDay(), samplePairings().Rows[0]), Button{Text: b.T("directory.save")}, "/pairings")
		})},
		{"directory/list", titled("settings.practitioners", samplePractitioners)},
		{"directory/form", titled("practitioners.new", func(b Base) View {
			f := practitionerForm(b, sampleDay(), "/practitioners", organisationOptions([]partnership.Organisation{hospital}), directory.PractitionerItem{})
			return newDirectoryForm(b, f, Button{Text: b.T("directory.save")}, "/practitioners")
		})},
		{"directory/list", titled("settings.postings", func(b Base) View {
			return newPostingsView(b, postingsFilter(b, sampleDay()), page.Result[directory.PostingItem]{Rows: []directory.PostingItem{samplePosting()}}, sampleDay())
		})},
		{"directory/form", titled("postings.new", func(b Base) View {
			f := postingForm(b, sampleDay(), []Option{{Value: sampleID(3).String(), Text: samplePerson}}, organisationOptions([]partnership.Organisation{hospital}))
			f.Fail("confirm", "error.posting.clash", "from", sampleDay(), "to", sampleDay().AddDays(30))
			return newDirectoryForm(b, f, Button{Text: b.T("directory.save")}, "/postings")
		})},
		{"directory/form", titled("postings.view", func(b Base) View {
			return newDirectoryForm(b, editPostingForm(b, sampleDay(), samplePosting(), false), Button{Text: b.T("directory.save")}, "/postings")
		})},
	}
}

func samplePairings() page.Result[directory.PairingItem] {
	item := func(n byte, from, to int) directory.PairingItem {
		p := partnership.Pairing{ID: sampleID(n), DonorID: sampleID(7), ReceivingID: sampleID(2), AgreementNo: "示例-2026-01", From: sampleDay().AddDays(from)}
		if to != 0 {
			p.To = sampleDay().AddDays(to)
		}
		return directory.PairingItem{Pairing: p, DonorName: sampleDonor, ReceivingName: sampleHospital}
	}
	return page.Result[directory.PairingItem]{Rows: []directory.PairingItem{item(1, 10, 0), item(2, -10, 100), item(3, -100, -20)}}
}

func samplePractitioners(b Base) View {
	rows := []directory.PractitionerItem{
		{Practitioner: practitioner.Practitioner{ID: sampleID(1), Name: samplePerson, HomeOrg: sampleID(7), Grade: practitioner.Chief, Specialty: practitioner.Orthopaedics, LicenceExpires: sampleDay().AddDays(-1)}, HomeName: sampleDonor},
		{Practitioner: practitioner.Practitioner{ID: sampleID(2), Name: sampleLongName, HomeOrg: sampleID(2), LicenceExpires: sampleDay().AddDays(10)}, HomeName: sampleHospital}}
	return newPractitionersView(b, practitionersFilter(b, sampleDay()), page.Result[directory.PractitionerItem]{Rows: rows}, sampleDay())
}

func samplePosting() directory.PostingItem {
	return directory.PostingItem{Posting: partnership.Posting{ID: sampleID(1), Practitioner: sampleID(3), Host: sampleID(2), From: sampleDay(), To: sampleDay().AddDays(60)},
		Name: samplePerson, Home: sampleID(7), HomeName: sampleDonor, HostName: sampleHospital}
}
