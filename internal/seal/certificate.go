package seal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"time"
)

// How long the certificates of the own small authority hold. Browsers refuse a
// server certificate of more than 398 days from public authorities and some
// systems from private ones as well; the authority itself is installed on every
// office PC by hand, so it holds long.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 397 * 24 * time.Hour
)

// Authority is a small certificate authority for an intranet.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pem  []byte
}

// NewAuthority makes an authority. It may sign server certificates and no other
// authorities.
func NewAuthority(name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife), // clocks of office PCs are not exact
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(raw)
	return &Authority{cert, key, encodePEM("CERTIFICATE", raw)}, err
}

// ReadAuthority reads an authority made before.
func ReadAuthority(certPEM, keyPEM []byte) (*Authority, error) {
	c, _ := pem.Decode(certPEM)
	k, _ := pem.Decode(keyPEM)
	if c == nil || k == nil {
		return nil, errors.New("seal: authority is not PEM")
	}
	cert, err := x509.ParseCertificate(c.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(k.Bytes)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) || !cert.IsCA {
		return nil, errors.New("seal: the key is not this authority's")
	}
	return &Authority{cert, key, certPEM}, nil
}

// Certificate is the authority's own certificate, to be installed on PCs.
func (a *Authority) Certificate() []byte { return a.pem }

// Key is the authority's private key.
func (a *Authority) Key() ([]byte, error) { return keyPEM(a.key) }

// Expires is when the authority ends.
func (a *Authority) Expires() time.Time { return a.cert.NotAfter }

// Server makes a server certificate for host names and addresses. The
// certificate comes with the authority's, so that a client needs only that one.
func (a *Authority) Server(names []string, now time.Time) (certPEM, serverKey []byte, err error) {
	if len(names) == 0 {
		return nil, nil, errors.New("seal: a server certificate needs a name")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: now.Add(-time.Hour), NotAfter: earlier(now.Add(serverLife), a.cert.NotAfter),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	serverKey, err = keyPEM(key)
	return append(encodePEM("CERTIFICATE", raw), a.pem...), serverKey, err
}

func keyPEM(key crypto.Signer) ([]byte, error) {
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("seal: not an elliptic key")
	}
	raw, err := x509.MarshalECPrivateKey(k)
	return encodePEM("EC PRIVATE KEY", raw), err
}

func encodePEM(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

// serial is 126 random bits: numbers that collide make browsers refuse.
func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails; it ends the process instead
	b[0] &= 0x3f
	return new(big.Int).SetBytes(b)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
