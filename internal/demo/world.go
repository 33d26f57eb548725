package demo

import (
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// opened is the day the partnership began.
func opened() clock.Date { return clock.MustDate(2021, int(time.April), 1) }

func partnershipID() ident.ID { return id("partnership") }

// hospital is one of the four, with its share of the work.
type hospital struct {
	code, name, short string
	side              user.Side
}

func hospitals() []hospital {
	return []hospital{
		{"ylzy", "云岭区中医院", "云岭中医", user.SideReceiving},
		{"ylrm", "云岭区人民医院", "云岭人民", user.SideReceiving},
		{"lgzy", "澜港市中医医院", "澜港中医", user.SideDonor},
		{"lgrm", "澜港市人民医院", "澜港人民", user.SideDonor},
	}
}

func (h hospital) id() ident.ID { return id("organisation/" + h.code) }

func byCode(code string) hospital {
	for _, h := range hospitals() {
		if h.code == code {
			return h
		}
	}
	panic("demo: no hospital " + code)
}

// doctor is an invented doctor. Visiting ones are posted to a receiving hospital.
type doctor struct {
	key, name string
	home      string
	grade     practitioner.Grade
	specialty practitioner.Specialty
	posted    string // code of the host, empty for local doctors
}

func (d doctor) id() ident.ID { return id("practitioner/" + d.key) }

func doctors() []doctor {
	return []doctor{
		{"ylzy-1", "覃望川", "ylzy", practitioner.Associate, practitioner.Orthopaedics, ""},
		{"ylzy-2", "冉砚秋", "ylzy", practitioner.Attending, practitioner.Orthopaedics, ""},
		{"ylrm-1", "田听雨", "ylrm", practitioner.Associate, practitioner.Orthopaedics, ""},
		{"ylrm-2", "谭映舟", "ylrm", practitioner.Attending, practitioner.Ophthalmology, ""},
		{"ylrm-3", "向明屿", "ylrm", practitioner.Associate, practitioner.Cardiology, ""},
		{"lgzy-1", "沈砚舟", "lgzy", practitioner.Chief, practitioner.Orthopaedics, "ylzy"},
		{"lgzy-2", "韩牧之", "lgzy", practitioner.Associate, practitioner.Orthopaedics, ""},
		{"lgrm-1", "顾听澜", "lgrm", practitioner.Chief, practitioner.Cardiology, "ylrm"},
		{"lgrm-2", "贺望舒", "lgrm", practitioner.Associate, practitioner.Ophthalmology, "ylrm"},
		{"lgrm-3", "陆知海", "lgrm", practitioner.Chief, practitioner.Orthopaedics, "ylrm"},
		{"lgrm-4", "闻若谷", "lgrm", practitioner.Associate, practitioner.Cardiology, ""},
	}
}

// Account is one line of the sign-in table.
type Account struct {
	Username string    `json:"username"`
	Password string    `json:"password"`
	Role     user.Role `json:"role"`
	Name     string    `json:"name"`
	Place    string    `json:"place"`
	Secret   string    `json:"second_factor,omitempty"` // of the authenticator, for the one account that has one
	doctor   string    // key of the practitioner, for doctors
	place    ident.ID
	scope    user.ScopeKind
	at       ident.ID
}

// Accounts lists the sign-ins: one per role, and one per role and hospital.
func Accounts() []Account {
	office, commission, donor := organisationID("office"), organisationID("commission"), organisationID("donor")
	wide := func(name string, role user.Role, person, place string, org ident.ID) Account {
		return Account{Username: name, Role: role, Name: person, Place: place, place: org, scope: user.ScopePartnership, at: partnershipID()}
	}
	platform := func(name string, role user.Role, person string) Account {
		return Account{Username: name, Role: role, Name: person, Place: "平台", scope: user.ScopePlatform}
	}
	list := []Account{
		wide("official", user.Official, "宋知远", "云岭区卫生健康委", commission),
		wide("official-donor", user.OfficialDonor, "梁观海", "澜港市卫生健康委", donor),
		wide("approver", user.Approver, "程既白", "云岭区帮扶办", office),
		wide("approver-2", user.Approver, "罗问渠", "云岭区帮扶办", office),
		guarded(wide("approver-3", user.Approver, "苏望舒", "云岭区帮扶办", office)),
		wide("fund-finance", user.FundFinance, "库明账", "云岭区帮扶办", office),
		wide("fund-finance-2", user.FundFinance, "郑对清", "云岭区帮扶办", office),
		wide("auditor", user.Auditor, "严守一", "云岭区卫生健康委", commission),
		{Username: "steward", Role: user.FundSteward, Name: "钱有度", Place: "云岭区帮扶办", place: office, scope: user.ScopeFund, at: fundID("joint")},
		platform("system-admin", user.SystemAdmin, "石可安"), platform("security-admin", user.SecurityAdmin, "安如磐"),
		platform("audit-admin", user.AuditAdmin, "鉴明秋"),
	}
	for _, h := range hospitals() {
		list = append(list, hospitalAccounts(h)...)
	}
	for i := range list {
		list[i].Password = Password
	}
	return list
}

// guarded gives an account a second factor, so that it can be tried; the others
// of the demonstration do without one. The secret is printed with the sign-ins.
func guarded(a Account) Account {
	a.Secret = "SHANHAIDEMO2SHANHAIDEMO2SHANHAID"
	return a
}

// people names the staff of each hospital, by role.
var people = map[string][]string{
	"ylzy": {"周岚舟", "莫逢春", "白简舟", "余清和", "纪守拙"},
	"ylrm": {"柳拂衣", "方入画", "叶知秋", "阮见山", "乔慎独"},
	"lgzy": {"蓝海生", "于潮平", "", "曲流觞", "温致远"},
	"lgrm": {"卫临风", "章采薇", "", "贾怀瑾", "岳思齐"},
}

func hospitalAccounts(h hospital) []Account {
	staff := people[h.code]
	at := func(prefix string, role user.Role, name string) Account {
		return Account{Username: prefix + "-" + h.code, Role: role, Name: name, Place: h.name, place: h.id(), scope: user.ScopeHospital, at: h.id()}
	}
	list := []Account{at("registrar", user.Registrar, staff[0]), at("finance", user.Finance, staff[1]), at("admin", user.HospitalAdmin, staff[3]), at("head", user.HospitalHead, staff[4])}
	if h.side == user.SideReceiving {
		list = append(list, at("screener", user.Screener, staff[2]))
	}
	local, visiting := false, false
	for _, d := range doctors() {
		switch {
		case d.home != h.code:
		case d.posted == "" && !local:
			a := at("doctor", user.LocalDoctor, d.name)
			a.doctor, local = d.key, true
			list = append(list, a)
		case d.posted != "" && !visiting:
			a := at("visiting", user.VisitingDoctor, d.name)
			a.doctor, visiting = d.key, true
			list = append(list, a)
		}
	}
	return list
}

func organisationID(key string) ident.ID { return id("organisation/" + key) }
func fundID(programme string) ident.ID   { return id("fund/" + programme) }
func accountID(name string) ident.ID     { return id("account/" + name) }

// writeWorld writes everything that stands before the first patient comes.
func writeWorld(tx *store.Tx, hash string) error {
	for _, step := range []func(*store.Tx) error{writeOrganisations, writePartnership, writeDoctors, writeReferences} {
		if err := step(tx); err != nil {
			return err
		}
	}
	for _, a := range Accounts() {
		if err := writeAccount(tx, a, hash); err != nil {
			return err
		}
	}
	return tx.BumpPolicy(ident.Nil)
}

func writeOrganisations(tx *store.Tx) error {
	list := []partnership.Organisation{
		{ID: organisationID("office"), Code: "YLBFB", Name: "云岭区帮扶办", Kind: partnership.Office, RegionCode: receiving},
		{ID: organisationID("commission"), Code: "YLWJW", Name: "云岭区卫生健康委", Kind: partnership.Commission, RegionCode: receiving},
		{ID: organisationID("donor"), Code: "LGWJW", Name: "澜港市卫生健康委", Kind: partnership.Commission, RegionCode: donating},
	}
	for _, h := range hospitals() {
		region := receiving
		if h.side == user.SideDonor {
			region = donating
		}
		list = append(list, partnership.Organisation{ID: h.id(), Code: strings.ToUpper(h.code), Name: h.name, ShortName: h.short, Kind: partnership.Hospital, RegionCode: region})
	}
	for _, o := range list {
		if err := tx.InsertOrganisation(o); err != nil {
			return err
		}
	}
	return nil
}

// The regions: codes that are not assigned to any place.
const (
	receiving = "500199"
	donating  = "379900"
)

func writePartnership(tx *store.Tx) error {
	p := partnership.Partnership{ID: partnershipID(), Code: "SH", Name: "云岭–澜港协作", DonorRegion: donating, DonorName: "澜港市",
		ReceivingRegion: receiving, ReceivingName: "云岭区", OpenedOn: opened()}
	if err := tx.InsertPartnership(p); err != nil {
		return err
	}
	members := []partnership.Member{{OrganisationID: organisationID("office"), Side: user.SideReceiving},
		{OrganisationID: organisationID("commission"), Side: user.SideReceiving}, {OrganisationID: organisationID("donor"), Side: user.SideDonor}}
	for _, h := range hospitals() {
		members = append(members, partnership.Member{OrganisationID: h.id(), Side: h.side})
	}
	for _, m := range members {
		m.PartnershipID, m.From = p.ID, opened()
		if err := tx.InsertMember(m); err != nil {
			return err
		}
	}
	for i, pair := range [][2]string{{"lgzy", "ylzy"}, {"lgrm", "ylrm"}} {
		err := tx.InsertPairing(partnership.Pairing{ID: id("pairing/" + pair[0]), DonorID: byCode(pair[0]).id(), ReceivingID: byCode(pair[1]).id(),
			AgreementNo: "示例-2021-0" + string(rune('1'+i)), From: opened()})
		if err != nil {
			return err
		}
	}
	return nil
}

func writeDoctors(tx *store.Tx) error {
	today := tx.Today()
	for i, d := range doctors() {
		h := byCode(d.home)
		no, last := licence(d, i+1, today)
		if err := tx.InsertPractitioner(practitioner.Practitioner{ID: d.id(), Name: d.name, HomeOrg: h.id(), Side: h.side, Grade: d.grade,
			Specialty: d.specialty, Licence: no, LicenceExpires: last}); err != nil {
			return err
		}
		if d.posted == "" {
			continue
		}
		if err := grants(tx, d); err != nil {
			return err
		}
		// One long stay in the past covers what was done, one around today the work that is due.
		for i, span := range [][2]clock.Date{{opened(), today.AddDays(-61)}, {today.AddDays(-60), today.AddDays(60)}} {
			err := tx.InsertPosting(partnership.Posting{ID: id("posting/" + d.key + "/" + string(rune('1'+i))), Practitioner: d.id(),
				Host: byCode(d.posted).id(), From: span[0], To: span[1]})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func writeAccount(tx *store.Tx, a Account, hash string) error {
	x := user.Account{ID: accountID(a.Username), Username: a.Username, DisplayName: a.Name, OrganisationID: a.place, Language: i18n.Chinese,
		PasswordHash: hash, PasswordChangedAt: tx.Now(), CreatedAt: tx.Now()}
	if a.doctor != "" {
		x.PractitionerID = id("practitioner/" + a.doctor)
	}
	if err := tx.InsertAccount(x); err != nil {
		return err
	}
	if a.Secret != "" {
		f := user.SecondFactor{AccountID: x.ID, Secret: a.Secret, ConfirmedAt: tx.Now()}
		if err := tx.BeginSecondFactor(f); err != nil {
			return err
		}
		if err := tx.SetSecondFactor(f); err != nil {
			return err
		}
	}
	g := user.Assignment{ID: id("assignment/" + a.Username), Account: x.ID, Role: a.Role, ScopeKind: a.scope, ScopeID: a.at, From: opened()}
	if a.scope != user.ScopePlatform {
		g.PartnershipID = partnershipID()
	}
	return tx.InsertAssignment(g)
}
