package treatment

import "github.com/shanhai-health/shanhai/internal/store"

// The records as pages and the API meet them. They are the stored ones under
// names of this room, so that delivery needs no door to the store.
type (
	// Key makes a write happen once; see [KeyOf].
	Key = store.Key
	// CaseItem is a case with what lists and heads of pages show.
	CaseItem = store.CaseItem
	// Treatment is one admission or day case.
	Treatment = store.Treatment
	// Event is a step a treatment took.
	Event = store.TreatmentEvent
	// Facts is which facts of the transition table hold for a treatment.
	Facts = store.CareFacts
	// Bill is who paid the bill of a treatment.
	Bill = store.Bill
	// Operation is one operation as it is recorded.
	Operation = store.Operation
	// OperationState is what a record still needs.
	OperationState = store.OperationState
	// Reading is one reading of one eye.
	Reading = store.Reading
	// Complication is something that went wrong after an operation.
	Complication = store.Complication
	// OperationChange is one line of an operation record's history.
	OperationChange = store.OperationChange
	// Part is a part as it was used in an operation.
	Part = store.Component
	// Explant is a part an operation took out.
	Explant = store.Explant
	// PartChange is one line of the history of an operation's parts.
	PartChange = store.ComponentChange
	// Surgeon is a doctor who may stand in a record of a hospital.
	Surgeon = store.Surgeon
	// Doctor is a practitioner with the name of the own hospital.
	Doctor = store.PractitionerItem
	// Referral is a request between two hospitals about a case.
	Referral = store.Referral
	// TimelineKind says which source an entry of a timeline comes from.
	TimelineKind = store.TimelineKind
	// SecondItem is a case whose other side waits.
	SecondItem = store.SecondItem
	// Waiting is a case or treatment that waits for somebody's next step.
	Waiting = store.Waiting
	// Person is whom a page of record is about.
	Person = store.PersonItem
	// Document is an identity document with its number unopened.
	Document = store.DocumentItem
	// Registration is a hospital's own record of the person.
	Registration = store.RegistrationItem
)

// What an operation record still needs.
const (
	OperationIncomplete = store.OperationIncomplete
	OperationUnsigned   = store.OperationUnsigned
	OperationRecheck    = store.OperationRecheck
)

// What was done to an operation record.
const (
	RecordCorrected = store.RecordCorrected
	RecordValidated = store.RecordValidated
	RecordUnlocked  = store.RecordUnlocked
)

// KeyOf is the key of a request with the given input.
func KeyOf(key string, input any) Key { return store.KeyOf(key, input) }
