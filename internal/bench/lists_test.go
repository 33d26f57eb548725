package bench

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// pagesDeep is how many pages a reader turns before beginning again: a list read
// by offset would grow slower with each of them.
const pagesDeep = 40

// worklists measures lists over HTTP page by page, as the application's role: the
// cases of a hospital whole and narrowed to a programme, and the cases whose
// other side waits. The goal is set for a million people.
func worklists(w *world, r *report) {
	after := make([]string, searchers)
	turned := make([]int, searchers)
	list := func(path string) load {
		return load{workers: searchers, span: span, postmaster: w.pid, settle: w.sealed, op: func(i int) error {
			raw, err := w.get(i, path+"&size=50&after="+url.QueryEscape(after[i]))
			if err != nil {
				return err
			}
			var p struct {
				Next string `json:"next"`
			}
			if err := json.Unmarshal(raw, &p); err != nil {
				return err
			}
			after[i] = p.Next
			if turned[i]++; turned[i]%pagesDeep == 0 {
				after[i] = ""
			}
			return nil
		}}
	}
	for _, x := range []struct{ what, path string }{{"cases of a hospital", "/api/v1/cases?"}, {"cases of a programme", "/api/v1/cases?programme=joint"}, {"the other side waits", "/api/v1/second-sides?programme=joint"}} {
		clear(after)
		got := rounds(turns, list(x.path))[0].median()
		r.slow = append(r.slow, pace{"P4 worklist, " + x.what, got.p95})
		r.goal(got.ops > 0 && got.failed == 0 && got.p95 <= 50*time.Millisecond, fmt.Sprintf("P4 worklist over HTTP, %s, %d clients", x.what, searchers), "p95 ≤ 50 ms", "%s", figures(got))
	}
}
