// Package faults breaks what the service stands on while people write, and looks
// afterwards whether anything acknowledged is missing, doubled or half done.
// `make faults` runs it; it is never part of `make test`, because it takes
// long and kills processes.
//
// A harness serves the real binary on a durable PostgreSQL of its own, lets
// writers send requests with idempotency keys over HTTP, and does one kind of
// harm at random instants: it kills the service or the database, holds up or cuts
// the link between them, fills their disk, moves their clocks. A writer whose
// request got no answer sends it again under the same key, at another node, until
// it has one. Then the checker reads the database behind row security and holds
// it against what the writers were told (checker_test.go).
//
// Every harness prints its seed and the scale it reached. The same seed gives the
// same requests and the same instants of harm; what a scheduler makes of them is
// its own affair.
//
// After them come the long proofs of the catalogue that harm no process (proofs_test.go):
// tests that stand elsewhere, played for longer than in make test. All of it together
// takes forty minutes on two cores; each says what scale it reached.
//
// That the checker can see a loss is proved with builds of the service that are
// broken on purpose (broken_test.go): they are made by the compiler's overlay and
// stand in no source.
package faults
