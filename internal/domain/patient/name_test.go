package patient_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestNamesAreStoredInOneForm(t *testing.T) {
	for in, want := range map[string]string{
		" 向云禾 ": "向云禾", "孔勇 静": "孔勇静", "孔勇　静": "孔勇静", "郑川\u00a0桂": "郑川桂",
		"阿依古丽•买买提": "阿依古丽·买买提", "阿依古丽・买买提": "阿依古丽·买买提", "阿依古丽.买买提": "阿依古丽·买买提", "阿依古丽．买买提": "阿依古丽·买买提",
		"阿依古丽 · 买买提": "阿依古丽·买买提", "ＡＮＮＡ  Lee": "ANNA Lee", "John F. Kent": "John F. Kent", "Jose\u0301": "José",
		"O'Neil Anne-Marie": "O'Neil Anne-Marie", "向云禾(小)": "向云禾（小）", "𠮷田": "𠮷田", "单〇": "单〇",
	} {
		got, _, err := patient.ParseName(in)
		if err != nil || got != want {
			t.Errorf("ParseName(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestSignsNoNameHasAreRefused(t *testing.T) {
	for in, want := range map[string]string{
		"": "error.name.required", "\u3000": "error.name.required", "向\u202e云禾": "error.name.hidden", "向\u200b云禾": "error.name.hidden",
		"向\x00云": "error.name.hidden", "向\n云": "error.name.hidden", "向\ufffd": "error.name.garbled", strings.Repeat("长", 65): "error.name.too_long",
		"x'; drop table person; --": "error.name.sign", "' or '1'='1": "error.name.sign", "<b>向</b>": "error.name.sign", "向?": "error.name.sign",
		"向😀": "error.name.sign", "123": "error.name.no_letter", "·": "error.name.no_letter", "-向": "error.name.sign",
	} {
		if _, _, err := patient.ParseName(in); err == nil || errs.Of(err).Key != want {
			t.Errorf("ParseName(%q) = %v, want %s", in, err, want)
		}
	}
}

func TestOddNamesWarnOnly(t *testing.T) {
	for in, want := range map[string]string{"向云禾2": "warn.name.digit", "向云禾（大）": "warn.name.note", "向\ue000禾": "warn.name.private_character", "向云禾": ""} {
		_, w, err := patient.ParseName(in)
		got := ""
		if len(w) == 1 {
			got = w[0].Key
		}
		if err != nil || got != want {
			t.Errorf("ParseName(%q): %v, %v; want %q", in, w, err, want)
		}
	}
}

func TestNormalisingANameTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("向云禾 　·•.．()（Aａe\u0301-'\t買"))).Draw(t, "name")
		once := patient.NormaliseName(s)
		if twice := patient.NormaliseName(once); twice != once {
			t.Fatalf("%q → %q → %q", s, once, twice)
		}
	})
}

func TestParsePhone(t *testing.T) {
	for in, want := range map[string]string{
		"19900001234": "19900001234", "１９９ ０００0-1234": "19900001234", "+86 199 0000 1234": "19900001234", "008619900001234": "19900001234",
		"8619900001234": "19900001234", "023-79200000": "023-79200000", "(0633)8200000": "0633-8200000", "010 62000000": "010-62000000",
		"023-79200000转801": "023-79200000-801",
		"":                 "error.phone.required", "1990000123": "error.phone.mobile_short 1", "199000012": "error.phone.mobile_short 2", "199000012345": "error.phone.mobile_long 1",
		"79200000": "error.phone.area_code", "0012345": "error.phone.area_code", "023-792000": "error.phone.landline_short 1", "023-792000000": "error.phone.landline_long 1",
		"19900001234/19900001235": "error.phone.several", "19900001234、19900001235": "error.phone.several", "同上": "error.phone.characters",
		"1.99E+10": "error.phone.damaged_by_excel", "19900001234转1": "error.phone.characters",
	} {
		got, err := patient.ParsePhone(in)
		if err != nil {
			got = errs.Of(err).Key
			if n, ok := errs.Of(err).Args["n"].(int); ok {
				got += " " + string(rune('0'+n))
			}
		}
		if got != want {
			t.Errorf("ParsePhone(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestACanonicalPhoneReadsAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := patient.ParsePhone(rapid.StringMatching(`(1\d{10}|0(10|2\d|[3-9]\d\d)-?\d{7,8}(转\d{1,6})?)`).Draw(t, "phone"))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := patient.ParsePhone(s); strings.Count(s, "-") < 2 && (err != nil || again != s) {
			t.Fatalf("%s → %s, %v", s, again, err)
		}
	})
}

func TestParseSex(t *testing.T) {
	for in, want := range map[string]patient.Sex{"男": "M", " 女 ": "F", "Ｍ": "M", "female": "F", "1": "M", "2": "F", "不详": "", "9": ""} {
		if got, err := patient.ParseSex(in); err != nil || got != want {
			t.Errorf("ParseSex(%q) = %q, %v", in, got, err)
		}
	}
	if _, err := patient.ParseSex("x"); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
	for sex, key := range map[patient.Sex]string{"M": "sex.M", "F": "sex.F", "": "sex.unknown", "x": "sex.unknown"} {
		if sex.Key() != key || sex.Known() != (key != "sex.unknown") {
			t.Errorf("%q: %s", sex, sex.Key())
		}
	}
}
