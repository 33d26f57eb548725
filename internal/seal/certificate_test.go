package seal

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"
)

func TestServerCertificateIsTrustedThroughItsAuthorityOnly(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	a, err := NewAuthority("Shanhai test", now)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := a.Server([]string{"shanhai.lan", "10.0.0.7"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	block, _ := pem.Decode(cert)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewAuthority("Shanhai test", now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, name string
		by         *Authority
		at         time.Duration
		ok         bool
	}{
		{"name", "shanhai.lan", a, time.Hour, true},
		{"address", "10.0.0.7", a, time.Hour, true},
		{"other name", "evil.lan", a, time.Hour, false},
		{"other authority", "shanhai.lan", other, time.Hour, false},
		{"a year later", "shanhai.lan", a, 390 * 24 * time.Hour, true},
		{"expired", "shanhai.lan", a, 398 * 24 * time.Hour, false},
	} {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(c.by.Certificate())
		_, err := leaf.Verify(x509.VerifyOptions{DNSName: c.name, Roots: pool, CurrentTime: now.Add(c.at)})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if leaf.IsCA || a.cert.MaxPathLen != 0 {
		t.Error("a server must not be able to sign others")
	}
}

func TestAuthorityIsReadBackWithItsOwnKeyOnly(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	a, errA := NewAuthority("a", now)
	b, errB := NewAuthority("b", now)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	keyA, errA := a.Key()
	keyB, errB := b.Key()
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	back, err := ReadAuthority(a.Certificate(), keyA)
	if err != nil || !back.Expires().Equal(a.Expires()) {
		t.Fatalf("%v", err)
	}
	if _, _, err := back.Server([]string{"x"}, now); err != nil {
		t.Error(err)
	}
	for _, wrong := range [][2][]byte{{a.Certificate(), keyB}, {nil, keyA}, {a.Certificate(), nil}, {[]byte("x"), []byte("y")}} {
		if _, err := ReadAuthority(wrong[0], wrong[1]); err == nil {
			t.Error("a foreign or broken key was taken")
		}
	}
	if _, _, err := a.Server(nil, now); err == nil {
		t.Error("a certificate without a name was made")
	}
}

func TestServerCertificateNeverOutlivesItsAuthority(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	a, err := NewAuthority("a", now)
	if err != nil {
		t.Fatal(err)
	}
	cert, _, err := a.Server([]string{"x"}, a.Expires().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(cert)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.NotAfter.After(a.Expires()) {
		t.Errorf("%v: %v", leaf.NotAfter, err)
	}
}

func TestAnAuthorityThatIsPEMAndNothingElseIsRefused(t *testing.T) {
	a, err := NewAuthority("a", time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.Key()
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2][]byte{
		"the certificate": {encodePEM("CERTIFICATE", []byte("nothing")), key},
		"the key":         {a.Certificate(), encodePEM("EC PRIVATE KEY", []byte("nothing"))},
	} {
		if _, err := ReadAuthority(pair[0], pair[1]); err == nil {
			t.Errorf("%s says nothing and was taken", name)
		}
	}
}

// A name goes into the certificate as text that every browser reads.
func TestANameThatIsNoTextGetsNoCertificate(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	if _, err := NewAuthority("\xff", now); err == nil {
		t.Error("an authority of that name was made")
	}
	a, err := NewAuthority("a", now)
	if err != nil {
		t.Fatal(err)
	}
	if cert, key, err := a.Server([]string{"\xff"}, now); err == nil || cert != nil || key != nil {
		t.Errorf("a server of that name: %v", err)
	}
}

func TestTheKeyOfAnAuthorityIsWrittenAsAnEllipticOneOnly(t *testing.T) {
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := (&Authority{key: other}).Key(); err == nil {
		t.Errorf("written: %s", raw)
	}
}
