// Package mutate proves that the tests of the money and of the permissions notice
// when a rule is taken away. `make mutate` runs it; it is never part of `make
// test`, because each mutant is a run of its own.
//
// A copy of a package is made in which every branch can be turned: a condition
// that always or never holds, an operand of && or || that does not count, a
// comparison with the border on the other side, a case that never matches
// (sites_test.go). All of them stand in one copy, each behind its number, so the
// tests are compiled once and the environment says which mutant lives
// (run_test.go). A first run without a mutant notes which tests pass by which
// branch; what no test passes has survived already, and a mutant meets only the
// tests that pass by it, the quick ones first.
//
// A mutant that no test can notice, because it says the same in other words, is
// listed in testdata/equivalent.txt with the reason. An entry that names no
// mutant any more fails the run, so the list cannot grow old.
package mutate
