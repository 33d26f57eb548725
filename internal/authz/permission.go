package authz

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/user"
)

// Permission is one thing that can be done, "object:action".
type Permission = user.Permission

// Public marks a route that needs nobody signed in (sign-in page, health,
// assets). It is in no role: Check refuses it, only the router knows it.
const Public Permission = "public"

// The permissions of the house. Each is granted to at least one role in
// policies/roles.csv; a test holds the two lists equal.
const (
	PersonRead     Permission = "person:read"     // see people and registrations (numbers masked)
	PersonRegister Permission = "person:register" // register a patient
	PersonEdit     Permission = "person:edit"     // edit a registration
	PersonLookup   Permission = "person:lookup"   // look a person up by the full number while registering
	PersonUnmask   Permission = "person:unmask"   // see a full number, with a reason
	PersonIdentity Permission = "person:identity" // decide who is who: correct an identity two hospitals share, merge records

	GlassBreak Permission = "glass:break" // open another hospital's record of a patient in an emergency
	GlassRead  Permission = "glass:read"  // see that records were opened in an emergency
	GlassJudge Permission = "glass:judge" // judge whether opening a record was right

	SubjectRead     Permission = "subject:read"     // see what people asked of the programme about their own data
	SubjectRegister Permission = "subject:register" // write such a request down
	SubjectDecide   Permission = "subject:decide"   // grant or refuse one
	SubjectFile     Permission = "subject:file"     // hand the copy out
	SubjectClock    Permission = "subject:clock"    // set the days

	ScreeningRecord Permission = "screening:record" // record screenings of outreach days
	ScreeningRead   Permission = "screening:read"   // see screenings of outreach days

	ScreeningRecover Permission = "screening:recover" // open the unsent screenings of somebody who cannot sign in any more

	LookupReview Permission = "lookup:review" // review the look-ups made in the hospital

	EligibilityEdit Permission = "eligibility:edit" // record beneficiary categories and proofs

	CaseRead   Permission = "case:read"   // see cases
	CaseOpen   Permission = "case:open"   // open a case
	CaseClose  Permission = "case:close"  // close a case
	CaseJoin   Permission = "case:join"   // ask to join another hospital's case
	CaseAccept Permission = "case:accept" // accept join requests and referrals

	TreatmentRead    Permission = "treatment:read"    // see treatments
	TreatmentOpen    Permission = "treatment:open"    // open a treatment
	TreatmentAdvance Permission = "treatment:advance" // move a treatment on
	TreatmentCancel  Permission = "treatment:cancel"  // cancel a treatment

	ProcedureRead Permission = "procedure:read" // see operation records
	ProcedureLog  Permission = "procedure:log"  // log an operation
	ProcedureEdit Permission = "procedure:edit" // correct an operation record
	ProcedureSign Permission = "procedure:sign" // validate and lock an operation record as the second clinician, or unlock it

	ObservationRecord Permission = "observation:record" // record acuity and complications

	DeviceRead     Permission = "device:read"     // see the device library, stock and disputes
	DeviceEdit     Permission = "device:edit"     // maintain the device library
	StockEdit      Permission = "stock:edit"      // record what a hospital received
	DisputeResolve Permission = "dispute:resolve" // decide whose record of a serial number stands
	RecallRead     Permission = "recall:read"     // find the patients a recall concerns

	FollowUpRead   Permission = "followup:read"   // see worklists and records of follow-up
	FollowUpRecord Permission = "followup:record" // record follow-ups, losses and return slips
	FollowUpRule   Permission = "followup:rule"   // put follow-up windows in force

	AttachmentRead Permission = "attachment:read" // see attachments
	AttachmentAdd  Permission = "attachment:add"  // upload and replace attachments

	ApprovalRead    Permission = "approval:read"    // see approvals
	ApprovalRequest Permission = "approval:request" // apply for a reduction
	ApprovalDecide  Permission = "approval:decide"  // decide on a reduction

	NoticeRead      Permission = "notice:read"      // see public notices and who was left out, in numbers
	NoticeMake      Permission = "notice:make"      // draw up, publish and close public notices
	NoticeConsent   Permission = "notice:consent"   // record whether a patient may be named in a notice
	ObjectionRecord Permission = "objection:record" // write an objection down for somebody
	ObjectionAnswer Permission = "objection:answer" // see and answer objections

	AlertRead  Permission = "alert:read"  // see what does not look right
	AlertJudge Permission = "alert:judge" // look for it now, and judge what was found

	SettlementRead   Permission = "settlement:read"   // see settlements
	SettlementEnter  Permission = "settlement:enter"  // enter bill and settlement
	SettlementSettle Permission = "settlement:settle" // settle

	RuleRead    Permission = "rule:read"    // see the rules of payment
	RuleEdit    Permission = "rule:edit"    // write rules of payment and rehearse them
	RuleRelease Permission = "rule:release" // put rules of payment in force as the second person

	EstimateRead Permission = "estimate:read" // see estimates and what counted in a person's year
	EstimateMake Permission = "estimate:make" // make estimates and enter opening balances of a year

	FundRead    Permission = "fund:read"    // see funds
	FundOpen    Permission = "fund:open"    // open a fund
	FundDeposit Permission = "fund:deposit" // record a deposit

	LedgerRead Permission = "ledger:read" // see ledger entries

	PayableRead    Permission = "payable:read"    // see what funds owe and what was paid
	PayableReceipt Permission = "payable:receipt" // record the receipt of a payment

	PayeeRead    Permission = "payee:read"    // see bank accounts of hospitals, numbers masked
	PayeeEdit    Permission = "payee:edit"    // enter bank accounts of hospitals and cards of patients
	PayeeApprove Permission = "payee:approve" // release a hospital's bank account as the second person

	PayoutRead    Permission = "payout:read"    // see settlement runs
	PayoutMake    Permission = "payout:make"    // make settlement runs
	PayoutApprove Permission = "payout:approve" // release a settlement run as the second person
	PayoutPay     Permission = "payout:pay"     // make the bank's file, record payments and returns

	RecoveryRead Permission = "recovery:read" // see what is to be paid back
	RecoveryEdit Permission = "recovery:edit" // record findings, what came back, and write-offs

	MeasureRead Permission = "measure:read" // see measures

	SurgeonRead   Permission = "surgeon:read"   // see the outcomes of each doctor of the hospital
	ReferenceEdit Permission = "reference:edit" // enter targets and numbers of inhabitants

	ListRead Permission = "list:read" // see lists

	ExportMake Permission = "export:make" // export

	ReportRead Permission = "report:read" // see reports of periods
	ReportMake Permission = "report:make" // make reports of periods

	ImportRun     Permission = "import:run"     // import a workbook
	ImportReverse Permission = "import:reverse" // reverse an import

	OrganisationRead Permission = "organisation:read" // see organisations
	OrganisationEdit Permission = "organisation:edit" // edit organisations

	PairingEdit Permission = "pairing:edit" // edit hospital pairings

	PractitionerRead Permission = "practitioner:read" // see practitioners
	PractitionerEdit Permission = "practitioner:edit" // edit practitioners

	PostingRead Permission = "posting:read" // see postings
	PostingEdit Permission = "posting:edit" // edit postings

	PrivilegeRead Permission = "privilege:read" // see privileges and operations outside of them
	PrivilegeEdit Permission = "privilege:edit" // grant and end privileges
	PrivilegeSign Permission = "privilege:sign" // sign for an operation outside of the privileges

	VisitRead Permission = "visit:read" // see visits
	VisitEdit Permission = "visit:edit" // plan visits, hand patients over, close visits

	TeachingRead Permission = "teaching:read" // see lectures and demonstrations
	TeachingEdit Permission = "teaching:edit" // record lectures and demonstrations

	MeetingRead Permission = "meeting:read" // see joint meetings and exchange visits
	MeetingEdit Permission = "meeting:edit" // record joint meetings and exchange visits

	SkillRead Permission = "skill:read" // see the skill ladder
	SkillSign Permission = "skill:sign" // sign a doctor off as independent
	SkillEdit Permission = "skill:edit" // set how many operations the sign-off needs

	PartnershipRead   Permission = "partnership:read"   // see partnerships
	PartnershipCreate Permission = "partnership:create" // create a partnership
	PartnershipEdit   Permission = "partnership:edit"   // edit a partnership
	PartnershipClose  Permission = "partnership:close"  // ask for the end of the partnership, confirm it, archive it
	HospitalMerge     Permission = "hospital:merge"     // ask for one hospital of two, do it

	AccountRead          Permission = "account:read"           // see accounts
	AccountCreate        Permission = "account:create"         // create accounts
	AccountDisable       Permission = "account:disable"        // disable and enable accounts
	AccountResetPassword Permission = "account:reset_password" // reset passwords

	RoleRead   Permission = "role:read"   // see who holds which role
	RoleAssign Permission = "role:assign" // assign roles

	PolicyRead Permission = "policy:read" // see the table of permissions

	TokenCreate Permission = "token:create" // create own API tokens
	TokenRevoke Permission = "token:revoke" // revoke API tokens

	AuditRead    Permission = "audit:read"    // see the audit log
	AuditVerify  Permission = "audit:verify"  // verify the audit chain
	AuditPackage Permission = "audit:package" // make and download audit packages

	JobRead Permission = "job:read" // see background jobs

	BackupMake Permission = "backup:make" // make a backup

	ConfigRead Permission = "config:read" // see configuration and health

	SelfRead     Permission = "self:read"     // use the home page and own profile
	SelfPassword Permission = "self:password" // change the own password
	SelfSignOut  Permission = "self:sign_out" // sign out, switch language and partnership
	SelfPasskey  Permission = "self:passkey"  // set up and remove own security keys
)

// Permissions lists all permissions, in the order of the policy page.
func Permissions() []Permission {
	return []Permission{
		PersonRead, PersonRegister, PersonEdit, PersonLookup, PersonUnmask, PersonIdentity, GlassBreak, GlassRead, GlassJudge, SubjectRead, SubjectRegister, SubjectDecide, SubjectFile, SubjectClock, ScreeningRecord, ScreeningRead, ScreeningRecover, LookupReview, EligibilityEdit, CaseRead,
		CaseOpen, CaseClose, CaseJoin, CaseAccept, TreatmentRead, TreatmentOpen, TreatmentAdvance, TreatmentCancel,
		ProcedureRead, ProcedureLog, ProcedureEdit, ProcedureSign, ObservationRecord, DeviceRead, DeviceEdit, StockEdit,
		DisputeResolve, RecallRead, FollowUpRead, FollowUpRecord, FollowUpRule, AttachmentRead, AttachmentAdd, ApprovalRead, ApprovalRequest,
		ApprovalDecide, NoticeRead, NoticeMake, NoticeConsent, ObjectionRecord, ObjectionAnswer, AlertRead, AlertJudge, SettlementRead, SettlementEnter, SettlementSettle, RuleRead, RuleEdit, RuleRelease, EstimateRead, EstimateMake, FundRead, FundOpen, FundDeposit,
		LedgerRead, PayableRead, PayableReceipt, PayeeRead, PayeeEdit, PayeeApprove, PayoutRead, PayoutMake, PayoutApprove, PayoutPay, RecoveryRead, RecoveryEdit, MeasureRead, SurgeonRead, ReferenceEdit, ListRead, ExportMake, ReportRead, ReportMake, ImportRun, ImportReverse, OrganisationRead, OrganisationEdit,
		PairingEdit, PractitionerRead, PractitionerEdit, PostingRead, PostingEdit,
		PrivilegeRead, PrivilegeEdit, PrivilegeSign, VisitRead, VisitEdit, TeachingRead, TeachingEdit, MeetingRead, MeetingEdit,
		SkillRead, SkillSign, SkillEdit, PartnershipRead,
		PartnershipCreate, PartnershipEdit, PartnershipClose, HospitalMerge, AccountRead, AccountCreate, AccountDisable, AccountResetPassword,
		RoleRead, RoleAssign, PolicyRead, TokenCreate, TokenRevoke, AuditRead, AuditVerify, AuditPackage, JobRead, BackupMake,
		ConfigRead, SelfRead, SelfPassword, SelfSignOut, SelfPasskey,
	}
}

// reading are the permissions that change no record of the programme; they are
// what is left of a partnership that was closed. What a person may ask about the
// data kept on them goes on for as long as the data is there.
var reading = map[Permission]bool{PersonUnmask: true, SubjectRegister: true, SubjectDecide: true, SubjectFile: true, ExportMake: true, ReportMake: true, AuditVerify: true, AuditPackage: true,
	SelfPassword: true, SelfSignOut: true, SelfPasskey: true, TokenRevoke: true, PartnershipClose: true, BackupMake: true}

// Reading reports whether the permission is left when a partnership was closed.
func Reading(p Permission) bool { return strings.HasSuffix(string(p), ":read") || reading[p] }

// afterwards are the permissions at a hospital to write down, or put right, what has
// already happened to a patient or to money; they stay at a hospital that became part
// of another one, for those who work at that one now. Nothing is left to be settled
// when it ends: the two of settlement are there for an insurer's late correction.
var afterwards = map[Permission]bool{PersonEdit: true, ProcedureLog: true, ProcedureEdit: true, ProcedureSign: true, ObservationRecord: true, FollowUpRecord: true,
	AttachmentAdd: true, SettlementEnter: true, SettlementSettle: true, PayableReceipt: true}

// Afterwards reports whether the permission stays at a hospital that became part of
// another one.
func Afterwards(p Permission) bool { return Reading(p) || afterwards[p] }

// archived are the permissions that are left when a partnership was archived.
var archived = map[Permission]bool{AuditRead: true, AuditVerify: true, AuditPackage: true, PartnershipRead: true, LedgerRead: true, FundRead: true, SubjectRead: true, SubjectRegister: true, SubjectDecide: true,
	SubjectFile: true, SelfRead: true, SelfPassword: true, SelfSignOut: true, SelfPasskey: true}

// Archival reports whether the permission is left when a partnership was archived.
func Archival(p Permission) bool { return archived[p] }
