package pgembed

import "testing"

func TestAContainerMayHaveLessThanTheMachine(t *testing.T) {
	const machine = "MemTotal:       16384000 kB\nMemFree:        1 kB\n"
	for name, x := range map[string]struct {
		machine, container string
		want               int
	}{
		"a machine":        {machine, "", 16000},
		"no limit":         {machine, "max\n", 16000},
		"a small one":      {machine, "2147483648\n", 2048},
		"more than it has": {machine, "9223372036854771712\n", 16000},
		"no machine known": {"", "2147483648", 2048},
		"nothing known":    {"MemTotal:", "what", 0},
	} {
		if got := memoryMB(x.machine, x.container); got != x.want {
			t.Errorf("%s: %d MB, not %d", name, got, x.want)
		}
	}
	if got := sharedBuffersMB(Options{Fast: true}); got != 64 {
		t.Errorf("a database for tests takes %d MB", got)
	}
	if got := sharedBuffersMB(Options{}); got < 128 || got > 8192 {
		t.Errorf("this machine gives %d MB", got)
	}
}
