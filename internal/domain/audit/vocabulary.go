package audit

import "github.com/shanhai-health/shanhai/internal/errs"

// The actions, "object.act". The vocabulary is closed: each has a name in both
// languages, and the audit page filters by it.
const (
	PersonRegister = "person.register"
	PersonEdit     = "person.edit"
	PersonRead     = "person.read"
	PersonLookup   = "person.lookup"
	PersonUnmask   = "person.unmask"
	PersonSearch   = "person.search"

	GlassBreak = "glass.break" // a record of another hospital opened in an emergency
	GlassUse   = "glass.use"   // and read
	GlassClose = "glass.close"
	GlassRead  = "glass.read" // that it was broken, not the record
	GlassJudge = "glass.judge"

	SubjectAsk      = "subject.ask" // a person asks for what the law gives them
	SubjectRead     = "subject.read"
	SubjectDecide   = "subject.decide"
	SubjectWithdraw = "subject.withdraw"
	SubjectFile     = "subject.file" // the copy left
	SubjectClock    = "subject.clock"

	ScreeningRecord   = "screening.record"
	ScreeningRead     = "screening.read"
	ScreeningRegister = "screening.register" // a screening became a registration
	ScreeningWithdraw = "screening.withdraw"
	OutboxOpen        = "outbox.open"         // a browser was given the key of its store
	OutboxHandOver    = "outbox.hand_over"    // a file of unsent forms was opened
	OutboxRecoveryAsk = "outbox.recovery_ask" // somebody else's file is to be opened
	OutboxRecover     = "outbox.recover"

	EligibilityEdit = "eligibility.edit"

	ConsentRecord = "consent.record"

	CaseOpen    = "case.open"
	CaseRead    = "case.read"
	CaseEdit    = "case.edit"
	CaseClose   = "case.close"
	CaseJoin    = "case.join"
	CaseAccept  = "case.accept"
	CaseDecline = "case.decline"

	TreatmentOpen    = "treatment.open"
	TreatmentRead    = "treatment.read"
	TreatmentEdit    = "treatment.edit"
	TreatmentAdvance = "treatment.advance"
	TreatmentCancel  = "treatment.cancel"

	ProcedureLog  = "procedure.log"
	ProcedureRead = "procedure.read"
	ProcedureEdit = "procedure.edit"
	ProcedureSign = "procedure.sign"

	AcuityRecord       = "acuity.record"
	AcuityWithdraw     = "acuity.withdraw"
	ComplicationRecord = "complication.record"

	DeviceRecord  = "device.record"
	DeviceReview  = "device.review"
	DeviceEdit    = "device.edit"
	StockEdit     = "stock.edit"
	DisputeOpen   = "dispute.open"
	DisputeDecide = "dispute.resolve"
	RecallRead    = "recall.read"

	FollowUpRead     = "followup.read"
	FollowUpRecord   = "followup.record"
	FollowUpWithdraw = "followup.withdraw"
	FollowUpEnd      = "followup.end"
	FollowUpResume   = "followup.resume"
	FollowUpSchedule = "followup.schedule"
	FollowUpRule     = "followup.rule" // windows put in force from a day on
	FollowUpCall     = "followup.call" // a telephone number on a list to call by
	FollowUpTake     = "followup.take" // taken on by somebody, or put back

	MessageRead = "message.read" // own messages marked as read or unread

	AttachmentAdd     = "attachment.add"
	AttachmentRead    = "attachment.read"
	AttachmentReplace = "attachment.replace"
	AttachmentRotate  = "attachment.rotate"

	ApprovalRequest  = "approval.request"
	ApprovalRead     = "approval.read"
	ApprovalDecide   = "approval.decide"
	ApprovalWithdraw = "approval.withdraw"
	ApprovalLapse    = "approval.lapse"
	ApprovalAppeal   = "approval.appeal"
	AppealDecide     = "approval.appeal_decide"
	FundingRules     = "fund.rules"

	NoticeDraw        = "notice.draw"
	NoticeStep        = "notice.step" // published, closed or thrown away
	NoticeRules       = "notice.rules"
	NoticeConsent     = "notice.consent"
	ObjectionRecord   = "objection.record"
	ObjectionRead     = "objection.read"
	ObjectionAnswer   = "objection.answer"
	PlausibilityRun   = "alert.run"
	PlausibilityRead  = "alert.read"
	PlausibilityJudge = "alert.judge"
	PlausibilityRules = "alert.rules"

	SettlementEnter   = "settlement.enter"
	SettlementRead    = "settlement.read"
	SettlementSettle  = "settlement.settle"
	SettlementReverse = "settlement.reverse"
	SheetRead         = "settlement.sheet_read"
	SheetApply        = "settlement.sheet_apply"
	SheetUndo         = "settlement.sheet_undo"
	DifferenceDecide  = "settlement.difference"

	RuleWrite    = "rule.write"
	RuleRelease  = "rule.release"
	RuleRehearse = "rule.rehearse"
	EstimateMake = "estimate.make"
	EstimateRead = "estimate.read"
	YearOpening  = "year.opening"

	FundOpen       = "fund.open"
	FundEdit       = "fund.edit"
	FundDeposit    = "fund.deposit"
	FundMove       = "fund.move"
	FundMoveDecide = "fund.move_decide"
	FundRead       = "fund.read"
	ProjectEdit    = "project.edit"
	ProjectDecide  = "project.decide" // the planned amount was approved, or the project closed

	PayableRead    = "payable.read"
	PayableReceipt = "payable.receipt"

	PayeeCard    = "payee.card"
	PayeeAccount = "payee.account"
	PayeeDecide  = "payee.decide"
	PayeeRead    = "payee.read"

	PayoutRead   = "payout.read"
	PayoutMake   = "payout.make"
	PayoutDecide = "payout.decide"
	PayoutFile   = "payout.file"
	PayoutPay    = "payout.pay"
	PayoutReturn = "payout.return"

	RecoveryRead     = "recovery.read"
	RecoveryOpen     = "recovery.open"
	RecoveryReceive  = "recovery.receive"
	RecoveryWriteOff = "recovery.write_off"

	LedgerRead   = "ledger.read"
	LedgerVerify = "ledger.verify"

	ListRead = "list.read"

	MeasureRead    = "measure.read"
	ReferenceEnter = "reference.enter"

	ExportMake   = "export.make"
	ExportAsk    = "export.ask"    // a file to be made in the background
	ExportCancel = "export.cancel" // before it was made
	ExportFetch  = "export.fetch"

	ReportMake  = "report.make"
	ReportFetch = "report.fetch"

	FormPrint = "form.print"
	FormCheck = "form.check"

	ImportCheck   = "import.check"
	ImportRun     = "import.run"
	ImportReverse = "import.reverse"
	ImportMap     = "import.map"

	OrganisationCreate = "organisation.create"
	OrganisationEdit   = "organisation.edit"
	OrganisationMerge  = "organisation.merge"

	PairingCreate = "pairing.create"
	PairingEdit   = "pairing.edit"

	PractitionerCreate = "practitioner.create"
	PractitionerEdit   = "practitioner.edit"

	PostingCreate = "posting.create"
	PostingEdit   = "posting.edit"
	PostingEnd    = "posting.end"

	PrivilegeGrant = "privilege.grant"
	PrivilegeEdit  = "privilege.edit"
	PrivilegeSign  = "privilege.sign"

	VisitPlan     = "visit.plan"
	VisitRead     = "visit.read"
	VisitEdit     = "visit.edit"
	VisitHandover = "visit.handover"
	VisitClose    = "visit.close"
	VisitCancel   = "visit.cancel"

	TeachingRecord = "teaching.record"
	MeetingRecord  = "meeting.record"
	MeetingFollow  = "meeting.follow"

	SkillObserve = "skill.observe"
	SkillSign    = "skill.sign"
	SkillRevoke  = "skill.revoke"
	SkillRule    = "skill.rule"

	PartnershipCreate = "partnership.create"
	PartnershipEnd    = "partnership.end" // a step towards its end: asked for, closed, archived
	HospitalMerge     = "hospital.merge"  // a step towards one hospital of two: asked for, dropped, done
	PartnershipEdit   = "partnership.edit"

	AccountCreate        = "account.create"
	AccountRead          = "account.read"
	AccountEdit          = "account.edit"
	AccountDisable       = "account.disable"
	AccountMove          = "account.move" // to another hospital: rights end, work is handed over
	AccountEnable        = "account.enable"
	AccountResetPassword = "account.reset_password"

	RoleAssign = "role.assign"
	RoleRevoke = "role.revoke"

	SelfPassword = "self.password"
	SelfProfile  = "self.profile"

	FactorBegin   = "factor.begin"
	FactorConfirm = "factor.confirm"
	FactorEnd     = "factor.end"
	FactorReset   = "factor.reset"
	FactorCodes   = "factor.codes"
	PasskeyAdd    = "passkey.add"
	PasskeyRemove = "passkey.remove"
	SessionProve  = "session.prove"

	SessionSignIn      = "session.sign_in"
	SessionSignOut     = "session.sign_out"
	SessionEnd         = "session.end"
	SessionPartnership = "session.partnership"
	SessionLock        = "session.lock"
	SessionUnlock      = "session.unlock"

	TokenCreate = "token.create"
	TokenRevoke = "token.revoke"

	AuditRead   = "audit.read"
	AuditVerify = "audit.verify"

	AnchorMake    = "anchor.make"
	AnchorFetch   = "anchor.fetch"
	AnchorReceive = "anchor.receive"

	PackageMake     = "package.make"
	PackageDownload = "package.download"

	BackupMake    = "backup.make"
	BackupRestore = "backup.restore"

	KeyExport  = "key.export"
	KeyConfirm = "key.confirm"
	KeyRotate  = "key.rotate"

	DbShell   = "db.shell"
	DbMigrate = "db.migrate"

	// AccessRefuse is a refusal at the door, before a service announced what
	// was to be done: the role is missing, or the address names a hidden record.
	AccessRefuse = "access.refuse"

	SetupRun = "setup.run"

	DemoLoad = "demo.load"

	JobRun = "job.run"

	ParticipationEnd = "participation.end"

	DeathReport  = "death.report"
	DeathConfirm = "death.confirm"
	DeathUndo    = "death.undo"
	RecordMove   = "record.move"

	PersonMerge   = "person.merge"
	PersonUnmerge = "person.unmerge"

	ReferralSend   = "referral.send"
	ReferralRevoke = "referral.revoke"
	ReferralDone   = "referral.done"
	ReferralClock  = "referral.clock"
)

// The kinds of objects an event can be about.
const (
	ObjectPerson       = "person"
	ObjectRegistration = "registration"
	ObjectScreening    = "screening"
	ObjectOutbox       = "outbox" // the store of a browser without a network
	ObjectCase         = "case"
	ObjectTreatment    = "treatment"
	ObjectProcedure    = "procedure"
	ObjectAttachment   = "attachment"
	ObjectApproval     = "approval"
	ObjectSettlement   = "settlement"
	ObjectFund         = "fund"
	ObjectProject      = "project"
	ObjectTransfer     = "transfer"
	ObjectPayout       = "payout"
	ObjectPayee        = "payee"
	ObjectRecovery     = "recovery"
	ObjectMeasure      = "measure"
	ObjectList         = "list"
	ObjectImport       = "import"
	ObjectOrganisation = "organisation"
	ObjectPairing      = "pairing"
	ObjectPractitioner = "practitioner"
	ObjectPosting      = "posting"
	ObjectPartnership  = "partnership"
	ObjectUnion        = "hospital_merge"
	ObjectAccount      = "account"
	ObjectRole         = "role"
	ObjectToken        = "token"
	ObjectSession      = "session"
	ObjectChain        = "chain"
	ObjectBackup       = "backup"
	ObjectKey          = "key"
	ObjectDatabase     = "database"
	ObjectJob          = "job"
	ObjectEligibility  = "eligibility"
	ObjectReferral     = "referral"
	ObjectReading      = "acuity_reading"
	ObjectComplication = "complication"
	ObjectDevice       = "device"
	ObjectComponent    = "component"
	ObjectDispute      = "dispute"
	ObjectFollowUp     = "followup"
	ObjectRule         = "rule"
	ObjectEstimate     = "estimate"
	ObjectPrivilege    = "privilege"
	ObjectException    = "privilege_exception"
	ObjectVisit        = "visit"
	ObjectTeaching     = "teaching"
	ObjectMeeting      = "meeting"
	ObjectSkill        = "skill"
	ObjectPackage      = "package"
	ObjectAnchor       = "anchor"
	ObjectNotice       = "notice"
	ObjectObjection    = "objection"
	ObjectAlert        = "alert"
	ObjectDownload     = "download"
	ObjectReport       = "report"
	ObjectMessage      = "message"
	ObjectReference    = "reference"
	ObjectGlass        = "glass"
	ObjectSubject      = "subject"
)

// Actions lists the vocabulary.
func Actions() []string {
	return []string{
		PersonRegister, PersonEdit, PersonRead, PersonLookup, PersonUnmask, PersonSearch, GlassBreak, GlassUse, GlassClose, GlassRead, GlassJudge, SubjectAsk, SubjectRead, SubjectDecide, SubjectWithdraw, SubjectFile, SubjectClock, ScreeningRecord, ScreeningRead, ScreeningRegister, ScreeningWithdraw, OutboxOpen, OutboxHandOver, OutboxRecoveryAsk, OutboxRecover, EligibilityEdit,
		ConsentRecord, CaseOpen, CaseRead, CaseEdit, CaseClose, CaseJoin, CaseAccept, CaseDecline, TreatmentOpen,
		TreatmentRead, TreatmentEdit, TreatmentAdvance, TreatmentCancel, ProcedureLog, ProcedureRead, ProcedureEdit, ProcedureSign,
		AcuityRecord, AcuityWithdraw, ComplicationRecord, DeviceRecord, DeviceReview, DeviceEdit, StockEdit, DisputeOpen, DisputeDecide, RecallRead,
		FollowUpRead, FollowUpRecord, FollowUpWithdraw, FollowUpEnd, FollowUpResume, FollowUpSchedule, FollowUpRule, FollowUpCall, FollowUpTake, MessageRead,
		AttachmentAdd, AttachmentRead, AttachmentReplace, AttachmentRotate, ApprovalRequest, ApprovalRead,
		ApprovalDecide, ApprovalWithdraw, ApprovalLapse, ApprovalAppeal, AppealDecide, FundingRules, NoticeDraw, NoticeStep, NoticeRules, NoticeConsent,
		ObjectionRecord, ObjectionRead, ObjectionAnswer, PlausibilityRun, PlausibilityRead, PlausibilityJudge, PlausibilityRules, SettlementEnter, SettlementRead, SettlementSettle, SettlementReverse,
		SheetRead, SheetApply, SheetUndo, DifferenceDecide,
		RuleWrite, RuleRelease, RuleRehearse, EstimateMake, EstimateRead, YearOpening,
		FundOpen, FundEdit, FundDeposit, FundMove, FundMoveDecide, FundRead, ProjectEdit, ProjectDecide, PayableRead, PayableReceipt, PayeeCard, PayeeAccount, PayeeDecide, PayeeRead,
		PayoutRead, PayoutMake, PayoutDecide, PayoutFile, PayoutPay, PayoutReturn, RecoveryRead, RecoveryOpen, RecoveryReceive, RecoveryWriteOff, LedgerRead, LedgerVerify, ListRead, MeasureRead, ReferenceEnter, ExportMake, ExportAsk, ExportCancel, ExportFetch, ReportMake, ReportFetch,
		FormPrint, FormCheck, ImportCheck, ImportRun, ImportReverse, ImportMap, OrganisationCreate, OrganisationEdit,
		OrganisationMerge, PairingCreate, PairingEdit, PractitionerCreate, PractitionerEdit, PostingCreate, PostingEdit,
		PostingEnd, PrivilegeGrant, PrivilegeEdit, PrivilegeSign, VisitPlan, VisitRead, VisitEdit, VisitHandover, VisitClose, VisitCancel,
		TeachingRecord, MeetingRecord, MeetingFollow, SkillObserve, SkillSign, SkillRevoke, SkillRule, PartnershipCreate, PartnershipEdit, PartnershipEnd, HospitalMerge, AccountCreate, AccountRead, AccountEdit, AccountDisable, AccountMove,
		AccountEnable, AccountResetPassword, RoleAssign, RoleRevoke, SelfPassword, SelfProfile, FactorBegin, FactorConfirm, FactorEnd, FactorReset, FactorCodes, PasskeyAdd, PasskeyRemove, SessionProve, SessionSignIn,
		SessionSignOut, SessionEnd, SessionPartnership, SessionLock, SessionUnlock, TokenCreate, TokenRevoke, AuditRead, AuditVerify, AnchorMake, AnchorFetch, AnchorReceive, PackageMake, PackageDownload, BackupMake,
		BackupRestore, KeyExport, KeyConfirm, KeyRotate, DbShell, DbMigrate, SetupRun, DemoLoad, JobRun,
		ParticipationEnd, DeathReport, DeathConfirm, DeathUndo, RecordMove, PersonMerge, PersonUnmerge, ReferralSend, ReferralRevoke, ReferralDone, ReferralClock, AccessRefuse,
	}
}

// ObjectKinds lists the kinds of objects.
func ObjectKinds() []string {
	return []string{
		ObjectPerson, ObjectRegistration, ObjectScreening, ObjectOutbox, ObjectCase, ObjectTreatment, ObjectProcedure, ObjectAttachment,
		ObjectApproval, ObjectSettlement, ObjectFund, ObjectProject, ObjectTransfer, ObjectPayout, ObjectPayee, ObjectRecovery, ObjectMeasure, ObjectList, ObjectImport,
		ObjectOrganisation, ObjectPairing, ObjectPractitioner, ObjectPosting, ObjectPartnership, ObjectUnion, ObjectAccount,
		ObjectRole, ObjectToken, ObjectSession, ObjectChain, ObjectBackup, ObjectKey, ObjectDatabase, ObjectJob,
		ObjectEligibility, ObjectReferral, ObjectReading, ObjectComplication, ObjectDevice, ObjectComponent, ObjectDispute, ObjectFollowUp, ObjectRule, ObjectEstimate,
		ObjectPrivilege, ObjectException, ObjectVisit, ObjectTeaching, ObjectMeeting, ObjectSkill, ObjectPackage, ObjectAnchor, ObjectNotice, ObjectObjection, ObjectAlert, ObjectDownload, ObjectMessage, ObjectReference, ObjectReport, ObjectGlass, ObjectSubject,
	}
}

// ActionLabel is the message key of an action.
func ActionLabel(action string) errs.Key { return errs.Key("audit.action." + action) }

// ObjectLabel is the message key of a kind of object.
func ObjectLabel(kind string) errs.Key { return errs.Key("audit.object." + kind) }
