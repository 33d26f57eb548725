package device_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
)

// says is a label as the vectors write it.
type says struct {
	Scheme   string `json:"scheme"`
	DI       string `json:"di"`
	Ref      string `json:"ref"`
	Lot      string `json:"lot"`
	Serial   string `json:"serial"`
	Expiry   string `json:"expiry"`
	Produced string `json:"produced"`
	Quantity int    `json:"quantity"`
	Fault    string `json:"fault"`
	Lines    []int  `json:"lines"`
}

type labelVectors struct {
	Today string `json:"today"`
	OK    []struct {
		Name, In string
		says
	} `json:"ok"`
	Bad []struct {
		Name, In string
		says
	} `json:"bad"`
	Groups []struct {
		Name string
		In   []string
		Out  []says
	} `json:"groups"`
}

func labels(t testing.TB) (v labelVectors, today clock.Date) {
	t.Helper()
	raw, err := os.ReadFile("testdata/labels.json")
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	if today, err = clock.ParseDate(v.Today); err != nil {
		t.Fatal(err)
	}
	return v, today
}

func said(l device.Label) says {
	return says{Scheme: string(l.Scheme), DI: l.DI, Ref: l.Catalogue, Lot: l.Lot, Serial: l.Serial, Expiry: l.Expiry.String(), Produced: l.Produced.String(), Quantity: l.Quantity}
}

func (s says) same(o says) bool {
	s.Lines, o.Lines = nil, nil
	a, _ := json.Marshal(s)
	b, _ := json.Marshal(o)
	return string(a) == string(b)
}

func TestLabelsAreReadAsTheVectorsSay(t *testing.T) {
	v, today := labels(t)
	if n := len(v.OK) + len(v.Bad); n < 40 || len(v.Groups) < 8 {
		t.Fatalf("%d labels", n)
	}
	for _, c := range v.OK {
		l, fault := device.Parse(c.In, today)
		if fault != nil || !said(l).same(c.says) {
			t.Errorf("%s: %q\n got %+v, %v\nwant %+v", c.Name, c.In, said(l), fault, c.says)
		}
	}
}

func TestWhatIsWrongWithALabelIsNamed(t *testing.T) {
	v, today := labels(t)
	seen := map[string]bool{}
	for _, c := range v.Bad {
		_, fault := device.Parse(c.In, today)
		if fault == nil || fault.Code != c.Fault {
			t.Errorf("%s: %q: %v, want %s", c.Name, c.In, fault, c.Fault)
		}
		seen[c.Fault] = true
	}
	seen[device.FaultLink] = true // of two codes, see the groups
	for _, code := range device.FaultCodes() {
		if !seen[code] {
			t.Errorf("no vector is wrong by %s", code)
		}
	}
	for code := range seen {
		if !slices.Contains(device.FaultCodes(), code) {
			t.Errorf("%s is no listed fault", code)
		}
	}
}

func TestTwoCodesOfOneStickerAreOneReading(t *testing.T) {
	v, today := labels(t)
	for _, c := range v.Groups {
		got := device.Read(c.In, today)
		if len(got) != len(c.Out) {
			t.Errorf("%s: %d readings, want %d: %+v", c.Name, len(got), len(c.Out), got)
			continue
		}
		for i, r := range got {
			have := said(r.Label)
			have.Scheme = ""
			if r.Fault != nil {
				have = says{Fault: r.Fault.Code}
			}
			if !have.same(c.Out[i]) || !slices.Equal(r.Lines, c.Out[i].Lines) {
				t.Errorf("%s, sticker %d: %+v lines %v, want %+v", c.Name, i, have, r.Lines, c.Out[i])
			}
		}
	}
}

func TestAnIdentifierIsCheckedHoweverItWasTyped(t *testing.T) {
	for text, want := range map[string]string{"9504000059118": "", "09504000059118": "", "0950400 0059118": "", "09504000059119": device.FaultCheck,
		"123456": device.FaultCut, "A123BJC5D6E71": "", "a123bjc5d6e71": "", "A1": device.FaultScheme, "批号": device.FaultScheme} {
		got := ""
		if f := device.CheckDI(device.Device{DI: text}.Clean().DI); f != nil {
			got = f.Code
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Whatever a scanner or a person sends: the parser answers, says why not, and
// what it takes can be written down and read again.
func FuzzParse(f *testing.F) {
	v, today := labels(f)
	for _, c := range v.OK {
		f.Add(c.In)
	}
	for _, c := range v.Bad {
		f.Add(c.In)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, fault := device.Parse(text, today)
		if fault != nil {
			if !slices.Contains(device.FaultCodes(), fault.Code) {
				t.Fatalf("%q: unnamed fault %v", text, fault)
			}
			if !said(l).same(says{}) {
				t.Fatalf("%q: a fault and a label: %+v", text, l)
			}
			return
		}
		if l.DI != "" {
			if bad := device.CheckDI(l.DI); bad != nil {
				t.Fatalf("%q: took the identifier %q: %v", text, l.DI, bad)
			}
		}
		if l.Scheme != device.GS1 {
			return
		}
		printed := ""
		for _, x := range []struct{ ai, value string }{{"01", l.DI}, {"240", l.Catalogue}, {"10", l.Lot}, {"21", l.Serial}} {
			if x.value != "" {
				printed += x.ai + x.value + "\x1d"
			}
		}
		for _, x := range []struct {
			ai string
			on clock.Date
		}{{"17", l.Expiry}, {"11", l.Produced}} {
			if !x.on.IsZero() {
				printed += x.ai + strings.ReplaceAll(x.on.String(), "-", "")[2:]
			}
		}
		if again, bad := device.Parse("]C1"+printed, today); bad != nil || again.DI != l.DI || again.Lot != l.Lot || again.Serial != l.Serial || again.Expiry != l.Expiry ||
			again.Produced != l.Produced || again.Catalogue != l.Catalogue {
			t.Fatalf("%q read %+v, written as %q reads %+v, %v", text, l, printed, again, bad)
		}
	})
}

func FuzzRead(f *testing.F) {
	v, today := labels(f)
	for _, c := range v.Groups {
		f.Add(strings.Join(c.In, "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		next := 0
		for _, r := range device.Read(lines, today) {
			if len(r.Lines) != len(r.Raw) || len(r.Lines) == 0 {
				t.Fatalf("%q: %+v", text, r)
			}
			for i, n := range r.Lines {
				for ; next < n; next++ { // only blank lines may be passed over
					if strings.TrimSpace(lines[next]) != "" {
						t.Fatalf("%q: line %d is in no reading", text, next)
					}
				}
				if n != next || r.Raw[i] != lines[n] {
					t.Fatalf("%q: reading %+v out of order", text, r)
				}
				next++
			}
		}
	})
}
