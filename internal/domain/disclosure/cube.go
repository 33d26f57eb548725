package disclosure

import "maps"

// At is a place in a cube: a time of the calendar, a group (a programme) and a
// part (a hospital); the empty text is all of them.
type At struct{ Time, Group, Part string }

// Cube is one figure at every place where something happened. Its parts are those
// of one dimension: of another one there is another cube, and what is decided
// about times and groups is the same in both.
type Cube map[At]Line

// Protected is what is not shown of a cube.
type Protected struct {
	times  map[string]bool
	groups Cover
	parts  map[string]Cover           // by group; empty: of all groups
	across map[string]map[string]bool // by time: the parts that are hidden in some group
}

// Protect decides what is shown of a cube: first which times, beside them which
// groups, and in each group which parts. A part of all groups together is shown
// where it is in every group, and says nothing that its groups do not.
func (p Profile) Protect(c Cube) Protected {
	c = c.withheld(p)
	out := Protected{times: p.Calendar(c.line("", "")), parts: map[string]Cover{}}
	groups := Table{Whole: c.line("", ""), Hidden: out.times, Parts: map[string]map[string]Line{}}
	for at, l := range c {
		if at.Group != "" && at.Part == "" {
			put(groups.Parts, at.Group, at.Time, l)
		}
	}
	if len(groups.Parts) == 0 {
		out.parts[""] = p.Table(Table{Whole: groups.Whole, Hidden: out.times, Parts: c.parts("")})
		return out
	}
	out.groups = p.Table(groups)
	for more := true; more; { // what is hidden of all groups is hidden in some
		for _, g := range out.groups.Keys() {
			own, closed := maps.Clone(groups.Parts[g]), map[string]bool{}
			for time := range groups.Whole {
				if closed[time] = out.groups.Hides(time, g); closed[time] {
					own[time] = groups.Parts[g][time] // also where it is empty, and nobody may know
				}
			}
			out.parts[g] = p.Table(Table{Whole: own, Hidden: closed, Parts: c.parts(g)})
		}
		out.join()
		more = out.follows(p, c)
	}
	return out
}

// follows reports whether parts of all groups together that are hidden could be worked
// out from each other along the calendar, and marks what has to be hidden with them.
func (x Protected) follows(p Profile, c Cube) (more bool) {
	all := Table{Whole: c.line("", ""), Hidden: x.times, Parts: c.parts("")}
	for k, row := range all.Parts {
		for time, l := range row {
			l.Withheld = l.Withheld || x.across[time][k]
			row[time] = l
		}
	}
	tried := p.Table(all)
	for at, l := range c {
		if at.Group != "" && at.Part != "" && !l.Withheld && tried.Hides(at.Time, at.Part) && !x.across[at.Time][at.Part] {
			l.Withheld, more = true, true
			c[at] = l
		}
	}
	return more
}

// join decides about parts of all groups together. A single one that would be
// hidden is what the others leave over: the sum of groups, which is shown.
func (x *Protected) join() {
	x.across = map[string]map[string]bool{}
	for time, closed := range x.times {
		hidden := map[string]bool{}
		for _, k := range x.Keys() {
			for _, g := range x.parts {
				if g.Hides(time, k) {
					hidden[k] = true
				}
			}
		}
		if closed || len(hidden) > 1 {
			x.across[time] = hidden
		}
	}
}

// withheld hands what says too much of a part in all groups on to its groups: the
// part is hidden by hiding them.
func (c Cube) withheld(p Profile) Cube {
	out := Cube{}
	for at, l := range c {
		all, known := c[At{at.Time, "", at.Part}]
		l.Withheld = l.Withheld || at.Group != "" && at.Part != "" && known && p.tells(all)
		out[at] = l
	}
	return out
}

// line is a group and part along the times.
func (c Cube) line(group, part string) map[string]Line {
	out := map[string]Line{}
	for at, l := range c {
		if at.Group == group && at.Part == part {
			out[at.Time] = l
		}
	}
	return out
}

// parts are the parts of a group by key and time.
func (c Cube) parts(group string) map[string]map[string]Line {
	out := map[string]map[string]Line{}
	for at, l := range c {
		if at.Group == group && at.Part != "" {
			put(out, at.Part, at.Time, l)
		}
	}
	return out
}

func put(in map[string]map[string]Line, key, time string, l Line) {
	if in[key] == nil {
		in[key] = map[string]Line{}
	}
	in[key][time] = l
}

// Hides reports whether a place is not shown.
func (x Protected) Hides(at At) bool {
	switch {
	case at.Part == "" && at.Group == "":
		return x.times[at.Time]
	case at.Part == "":
		return x.groups.Hides(at.Time, at.Group)
	case at.Group != "":
		return x.parts[at.Group].Hides(at.Time, at.Part)
	}
	if x.across == nil {
		return x.parts[""].Hides(at.Time, at.Part)
	}
	return x.across[at.Time][at.Part]
}

// HidesPart reports whether any part of a time and group is not shown.
func (x Protected) HidesPart(at At) bool {
	if at.Group != "" || x.across == nil {
		return x.parts[at.Group].Any(at.Time)
	}
	return len(x.across[at.Time]) > 0
}

// Keys are all parts there are.
func (x Protected) Keys() []string {
	seen := map[string]int{}
	for _, g := range x.parts {
		for k := range g.keys {
			seen[k] = 0
		}
	}
	return Cover{keys: seen}.Keys()
}
