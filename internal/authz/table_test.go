package authz

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/policies"
)

func object(perm Permission) string { o, _, _ := strings.Cut(string(perm), ":"); return o }

func TestEveryPermissionIsInTheTableAndEveryLineNamesAKnownOne(t *testing.T) {
	lines, err := readTable(policies.Roles)
	if err != nil {
		t.Fatal(err)
	}
	used := map[Permission]bool{}
	roles := map[Role]bool{}
	for _, l := range lines {
		used[Permission(l[2]+":"+l[3])] = true
		roles[Role(strings.TrimPrefix(l[1], rolePrefix))] = true
	}
	for _, perm := range Permissions() {
		if !used[perm] {
			t.Errorf("%s is granted to no role", perm)
		}
	}
	for _, r := range append(user.Roles(), user.Everyone) {
		if !roles[r] {
			t.Errorf("role %s has no permission", r)
		}
	}
	if len(lines) > 500 {
		t.Errorf("%d lines; casbin is linear in them, 500 is the limit", len(lines))
	}
}

func TestEveryPermissionConstantIsListedOnce(t *testing.T) {
	src, err := os.ReadFile("permission.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []Permission
	for _, m := range regexp.MustCompile(`Permission += "([a-z_]+:[a-z_]+)"`).FindAllStringSubmatch(string(src), -1) {
		declared = append(declared, Permission(m[1]))
	}
	if !slices.Equal(declared, Permissions()) {
		t.Errorf("constants and Permissions() differ:\n%v\n%v", declared, Permissions())
	}
}

func TestModelComparesByEqualityOnly(t *testing.T) {
	for _, word := range []string{"keyMatch", "regexMatch", "eval", "globMatch", "*"} {
		if strings.Contains(policies.Model, word) {
			t.Errorf("the model uses %s", word)
		}
	}
	if strings.Contains(policies.Roles, "*") {
		t.Error("the table has a wildcard")
	}
}

func TestTheThreeAdministratorsAreSeparated(t *testing.T) {
	p := loaded(t, everyRole())
	clinical := []string{"person", "case", "treatment", "procedure", "attachment", "approval", "settlement", "fund",
		"ledger", "measure", "list", "export", "import", "eligibility"}
	for _, r := range []Role{user.SystemAdmin, user.SecurityAdmin, user.AuditAdmin, user.HospitalAdmin} {
		for _, perm := range Permissions() {
			if slices.Contains(clinical, object(perm)) && p.Holds(r, perm) {
				t.Errorf("%s may %s", r, perm)
			}
		}
	}
	for _, r := range user.Roles() {
		if p.Holds(r, RoleAssign) && (r != user.SecurityAdmin || p.Holds(r, AccountCreate) || p.Holds(r, AccountResetPassword)) {
			t.Errorf("%s gives roles", r)
		}
		if p.Holds(r, AuditRead) && r != user.AuditAdmin && r != user.Auditor {
			t.Errorf("%s reads the audit log", r)
		}
	}
}

func TestWhoOnlyReadsChangesNothing(t *testing.T) {
	p := loaded(t, everyRole())
	harmless := []Permission{ExportMake, ReportMake, AuditVerify, AuditPackage, TokenCreate}
	for _, r := range []Role{user.Official, user.OfficialDonor, user.FundSteward, user.Auditor, user.AuditAdmin} {
		for _, perm := range Permissions() {
			if p.Holds(r, perm) && !Reads(perm) && !slices.Contains(harmless, perm) {
				t.Errorf("%s may %s", r, perm)
			}
		}
	}
}

func TestDonorOfficialSeesFiguresWithoutNames(t *testing.T) {
	p := loaded(t, everyRole())
	for _, perm := range []Permission{ListRead, CaseRead, PersonRead, TreatmentRead, ProcedureRead, AttachmentRead, ApprovalRead, SettlementRead} {
		if p.Holds(user.OfficialDonor, perm) {
			t.Errorf("the donor side may %s", perm)
		}
	}
	pr := principal(t, p, account(user.OfficialDonor, user.ScopePartnership), home)
	if !pr.Wide || !p.Can(pr, MeasureRead, InPartnership(home)) {
		t.Error("the donor side does not get the figures of the whole partnership")
	}
}

func TestOneRoleNeverBothAppliesForMoneyAndGivesIt(t *testing.T) {
	p := loaded(t, everyRole())
	for _, r := range user.Roles() {
		if p.Holds(r, ApprovalDecide) && (p.Holds(r, ApprovalRequest) || p.Holds(r, SettlementSettle)) {
			t.Errorf("%s both asks and decides", r)
		}
		if p.Holds(r, PersonLookup) != (r == user.Registrar) {
			t.Errorf("%s: the narrow look-up belongs to registering only", r)
		}
	}
}

func TestRolesAndPermissionsHaveNamesInBothLanguages(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range i18n.Langs() {
		for _, perm := range Permissions() {
			if !cat.Has(lang, string(Label(perm))) {
				t.Errorf("%s: %s has no name", lang, perm)
			}
		}
		for _, r := range append(user.Roles(), user.Everyone) {
			if !cat.Has(lang, string(r.Label())) {
				t.Errorf("%s: role %s has no name", lang, r)
			}
		}
	}
}
