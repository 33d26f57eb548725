// Package bench measures the service beside its floor: what the same machine,
// on the same database and in the same minute, can do at all. `make bench` runs
// it for SIZE people; it is never part of `make test`, because times on a shared
// machine swing by a factor of three and only ratios say something.
//
// The floor of a request is the request's own transaction: its statements are
// recorded on the wire while the product does it once (wire_test.go), and played
// back by a bare client with prepared statements, as the application's role and
// behind row security (floor_test.go). So the floor can never measure another
// transaction than the product's, and the difference is what sessions,
// permissions, domain rules, sealing, JSON and HTTP cost.
//
// Product and floor take turns, each figure is the median of the rounds, and CPU
// is that of the whole: client, service and PostgreSQL.
package bench
