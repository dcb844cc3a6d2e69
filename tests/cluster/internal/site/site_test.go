package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKubeconfigIsPrivateAndLeavesCertificatesOutForAProxy(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"c.crt", "c.key"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	users := []User{{Name: "admin", Token: "t1"}, {Name: "cert", Cert: filepath.Join(dir, "c.crt"), Key: filepath.Join(dir, "c.key")}}
	path := filepath.Join(dir, "kubeconfig")
	for _, certs := range []bool{true, false} {
		if err := WriteKubeconfig(path, "c", "https://127.0.0.1:1", []byte("ca"), users, certs); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if !strings.Contains(text, "current-context: admin\n") || !strings.Contains(text, "token: t1\n") {
			t.Fatal(text)
		}
		if strings.Contains(text, "client-key-data: Yy5rZXk=\n") != certs {
			t.Fatalf("certificates %v:\n%s", certs, text)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
}

func TestLoadSaysHowToStartACluster(t *testing.T) {
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "tests/cluster/up") {
		t.Fatal(err)
	}
}
