package pki

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

func TestCertificatesVerifyAndAnExpiredOneDoesNot(t *testing.T) {
	ca, err := New("test")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM)
	parse := func(cert, key []byte, err error) *x509.Certificate {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf
	}
	server := parse(ca.Server("api", "kubernetes"))
	for _, name := range []string{"127.0.0.1", "localhost", "kubernetes"} {
		if _, err := server.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Error(name, err)
		}
	}
	clients := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	good := parse(ca.Client("ana", time.Now().Add(time.Hour), "system:masters"))
	if _, err := good.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: clients}); err != nil || good.Subject.Organization[0] != "system:masters" {
		t.Error(err)
	}
	old := parse(ca.Client("ana", time.Now().Add(-time.Hour)))
	if _, err := old.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: clients}); err == nil {
		t.Error("an expired certificate verified")
	}
}
