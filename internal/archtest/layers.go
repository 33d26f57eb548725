package archtest

import (
	"slices"
	"strings"
)

// The storeys, from the ground up. Doors open downwards only.
const (
	leaf = iota
	domain
	adapter
	service
	delivery
	wiring
	proving // demo data, benchmarks, journeys, test helpers
	command
)

// rooms says on which storey a room stands. Rooms below domain/ and service/
// need no entry of their own.
var rooms = map[string]int{
	"errs": leaf, "clock": leaf, "ident": leaf, "money": leaf, "page": leaf, "i18n": leaf, "migrations": leaf, "web": leaf, "policies": leaf,
	"domain": domain,
	"store":  adapter, "authz": adapter, "pgembed": adapter, "seal": adapter, "passkey": adapter, "sheet": adapter, "chart": adapter, "blob": adapter, "walarchive": adapter, "printout": adapter, "report": adapter,
	"service": service,
	"httpx":   delivery, "httpapi": delivery, "webui": delivery, "jobs": delivery,
	"app": wiring, "cli": wiring, "config": wiring,
	"demo": proving, "bench": proving, "mutate": proving, "acceptance": proving, "faults": proving, "pgtest": proving, "scaletest": proving, "archtest": proving,
	"cmd": command,
}

// leafDoors are the doors between leaves; everything may use errs.
var leafDoors = map[string][]string{
	"page": {"errs"}, "i18n": {"errs", "clock", "money"}, "clock": {"errs"}, "ident": {"errs"}, "money": {"errs"},
}

// domainDoors are the doors between domain rooms. Everybody may know users
// (the principal, the roles) and terminology (codes and categories). The table
// must stay free of circles; a test walks it.
var domainDoors = map[string][]string{
	"patient":      {},
	"match":        {"patient"},
	"acuity":       {},
	"registry":     {},
	"procedure":    {"acuity", "registry"},
	"complication": {"procedure"},
	"device":       {"procedure"},
	"practitioner": {"procedure"},
	"visit":        {"practitioner", "procedure"},
	"document":     {},
	"paper":        {"patient"},
	"audit":        {},
	"partnership":  {},
	"treatment":    {"procedure", "document"},
	"casefile":     {"patient", "procedure", "treatment", "document"},
	"referral":     {"casefile", "procedure", "treatment"},
	"followup":     {"casefile", "complication", "procedure", "treatment"},
	"screening":    {"acuity", "patient", "procedure"},
	"policy":       {"procedure"},
	"fee":          {"policy", "procedure"},
	"insurer":      {"fee", "procedure"},
	"fund":         {"policy", "fee", "procedure"},
	"statistics":   {}, // arithmetic only
	"measure":      {"procedure", "statistics"},
	"notice":       {"patient", "procedure"},
	"message":      {},
	"plausibility": {"procedure"},
	"payout":       {"fund"},
	"disclosure":   {},
	"glass":        {},
	"dataclass":    {},
	"subject":      {"dataclass", "patient"},
	"report":       {"measure", "disclosure"},
	"history":      {"partnership", "patient", "match", "procedure", "fee", "fund", "treatment", "casefile"},
}

// sideDoors are the doors between rooms of one storey above the domain, and the
// few from delivery into the adapters.
var sideDoors = map[string][]string{
	"store":      {"seal"},
	"blob":       {"seal"},
	"walarchive": {"seal"},
	"printout":   {"chart"},             // the same picture on paper
	"report":     {"printout", "chart"}, // the charts a report puts on paper
	"httpapi":    {"httpx"},
	"webui":      {"httpx"},
	"app":        {"config"},
	"cli":        {"app", "config"},
	"pgtest":     {},
}

// deliveryAdapters are the adapters delivery may use: deciding and rendering,
// never storing. The job runner takes its rows from the store's queue.
var deliveryAdapters = map[string][]string{
	"httpx": {"authz"}, "httpapi": {"authz", "sheet", "chart", "printout", "report"}, "webui": {"authz", "sheet", "chart", "printout", "report"}, "jobs": {"store", "authz"},
}

// storey splits a package into its room and the storey it stands on: for
// domain/fund/ledger the room is domain/fund. A package named …test helps tests,
// wherever it lies.
func storey(pkg string) (room string, floor int, known bool) {
	parts := strings.Split(pkg, "/")
	if len(parts) > 1 && strings.HasSuffix(parts[len(parts)-1], "test") {
		return pkg, proving, true
	}
	floor, known = rooms[parts[0]]
	if known && (floor == domain || floor == service) && len(parts) > 1 {
		return parts[0] + "/" + parts[1], floor, true
	}
	return parts[0], floor, known
}

// Layers checks every import of a room of the house against the storeys.
func Layers(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.code() {
		room, floor, known := storey(f.Room())
		if !known {
			fs = append(fs, t.at(f, f.AST.Package, "layers", "room %q is on no storey; enter it in archtest and say why it exists", room))
			continue
		}
		if main := f.AST.Name.Name == "main"; main != (floor == command) {
			fs = append(fs, t.at(f, f.AST.Package, "layers", "programs live in cmd, and nothing else does"))
		}
		for _, i := range f.imports() {
			pkg, ours := strings.CutPrefix(i.path, module+"/")
			if !ours {
				continue
			}
			target, below, ok := storey(strings.TrimPrefix(pkg, "internal/"))
			if !ok || !doorOpen(room, floor, target, below) {
				fs = append(fs, t.at(f, i.pos, "layers", "%s must not import %s: doors open downwards only (delivery → service → domain, store, adapters → leaves)", room, target))
			}
		}
	}
	return fs
}

// doorOpen reports whether a room may import another.
func doorOpen(room string, floor int, target string, below int) bool {
	if room == target {
		return true
	}
	base := strings.TrimPrefix(target, "domain/")
	switch floor {
	case leaf:
		return below == leaf && slices.Contains(leafDoors[room], target)
	case domain:
		door := slices.Contains(domainDoors[strings.TrimPrefix(room, "domain/")], base)
		return below == leaf && !embedded(target) || below == domain && (base == "user" || base == "terminology" || door)
	case adapter:
		return below <= domain || slices.Contains(sideDoors[room], target)
	case service:
		return below < service && !embedded(target)
	case delivery:
		if below == adapter {
			return slices.Contains(deliveryAdapters[room], target)
		}
		return below < delivery || slices.Contains(sideDoors[room], target)
	case wiring:
		if room == "config" {
			return below == leaf && !embedded(target)
		}
		return below < wiring || target == "demo" || target == "bench" || slices.Contains(sideDoors[room], target)
	case proving:
		return below != command && (target != "cli" || room == "acceptance" || room == "faults")
	}
	return target == "cli"
}

// embedded are the leaves that hold files instead of rules.
func embedded(room string) bool { return in(room, "migrations", "web", "policies") }
