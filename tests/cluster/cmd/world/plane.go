package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"kubebrink.test/cluster/internal/pki"
	"kubebrink.test/cluster/internal/site"
	"kubebrink.test/cluster/stages"
)

// plane is a control plane that is starting or running.
type plane struct {
	dir, bin string
	ports    ports
	site     site.Site
	children []*child
	died     chan error
	api      *client
}

// ports are the loopback ports of the parts that listen.
type ports struct{ etcd, peer, api, kwok int }

// start brings all parts up, in the order in which they need each other, and returns when a pod runs.
func start(ctx context.Context, o options, manifests []manifest, source string) (*plane, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, o.deadline)
	defer cancel()
	p := &plane{dir: o.dir, bin: o.bin, died: make(chan error, 1)}
	err := p.bringUp(ctx, o, manifests)
	if err != nil {
		p.stop()
		return nil, err
	}
	p.site.CRDs = source
	p.site.ReadyMS = time.Since(began).Milliseconds()
	return p, nil
}

func (p *plane) bringUp(ctx context.Context, o options, manifests []manifest) error {
	var err error
	if p.ports, err = pickPorts(o.portBase); err != nil {
		return err
	}
	if err := p.prepare(); err != nil {
		return err
	}
	if err := p.startStore(); err != nil {
		return err
	}
	if err := p.startServer(); err != nil {
		return err
	}
	if err := p.await(ctx, "the API server to be ready", p.api.ready); err != nil {
		return err
	}
	// The custom kinds come before the controllers: the garbage collector looks for new kinds only every 30 s.
	if err := p.furnish(ctx, o.nodes, manifests); err != nil {
		return err
	}
	if err := p.startControllers(); err != nil {
		return err
	}
	if err := p.awaitLife(ctx); err != nil {
		return err
	}
	return p.writePids()
}

// prepare lays out the folder: keys, tokens, kubeconfig, stages.
func (p *plane) prepare() error {
	for _, d := range []string{"", "pki", "logs"} {
		if err := os.MkdirAll(filepath.Join(p.dir, d), 0o700); err != nil {
			return err
		}
	}
	// State of an earlier life in this folder would come back with other keys.
	if err := os.RemoveAll(p.path("etcd")); err != nil {
		return err
	}
	ca, err := pki.New("kubebrink-test")
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.path("pki/ca.crt"), ca.PEM, 0o600); err != nil {
		return err
	}
	cert, key, err := ca.Server("kube-apiserver", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
	if err != nil {
		return err
	}
	if err := pki.Store(p.path("pki"), "server", cert, key); err != nil {
		return err
	}
	for user, end := range map[string]time.Time{"cert": time.Now().Add(48 * time.Hour), "expired": time.Now().Add(-time.Hour)} {
		if cert, key, err = ca.Client(user+"-admin", end, "system:masters"); err != nil {
			return err
		}
		if err := pki.Store(p.path("pki"), user, cert, key); err != nil {
			return err
		}
	}
	if err := writeAccountKey(p.path("pki/accounts.key")); err != nil {
		return err
	}
	p.site = site.Site{
		Dir: p.dir, Bin: p.bin, Pid: os.Getpid(),
		Server:     "https://" + loopback(p.ports.api),
		CA:         p.path("pki/ca.crt"),
		Kubeconfig: p.path("kubeconfig"),
	}
	var tokens strings.Builder
	for _, u := range []struct{ name, group string }{{"admin", ",system:masters"}, {"viewer", ""}, {"nobody", ""}} {
		token := secret()
		fmt.Fprintf(&tokens, "%s,%s,%s%s\n", token, u.name, u.name, u.group)
		p.site.Users = append(p.site.Users, site.User{Name: u.name, Token: token})
	}
	for _, name := range []string{"cert", "expired"} {
		p.site.Users = append(p.site.Users, site.User{Name: name, Cert: p.path("pki/" + name + ".crt"), Key: p.path("pki/" + name + ".key")})
	}
	if err := os.WriteFile(p.path("pki/tokens.csv"), []byte(tokens.String()), 0o600); err != nil {
		return err
	}
	if err := site.WriteKubeconfig(p.site.Kubeconfig, "brink-e2e", p.site.Server, ca.PEM, p.site.Users, true); err != nil {
		return err
	}
	p.api, err = newClient(p.site.Server, ca.PEM, p.site.Users[0].Token)
	if err != nil {
		return err
	}
	return p.writeStages()
}

// writeStages joins the stage files into the one file kwok reads.
func (p *plane) writeStages() error {
	entries, err := stages.Files.ReadDir(".")
	if err != nil {
		return err
	}
	var all strings.Builder
	for _, e := range entries {
		raw, err := stages.Files.ReadFile(e.Name())
		if err != nil {
			return err
		}
		all.WriteString("---\n")
		all.Write(raw)
	}
	return os.WriteFile(p.path("stages.yaml"), []byte(all.String()), 0o600)
}

// stop ends the parts in reverse order; the store goes last so that nobody logs its absence.
func (p *plane) stop() {
	for i := len(p.children) - 1; i >= 0; i-- {
		// Nothing here is worth a long goodbye: the state dies with the run.
		p.children[i].end(300 * time.Millisecond)
	}
	_ = os.Remove(p.path("pids"))
}

// writePids records who is who, for tests that look at memory and for tests/cluster/down.
func (p *plane) writePids() error {
	text := fmt.Sprintf("world %d\n", os.Getpid())
	for _, c := range p.children {
		text += fmt.Sprintf("%s %d\n", c.name, c.cmd.Process.Pid)
	}
	if err := os.WriteFile(p.path("pids"), []byte(text), 0o600); err != nil {
		return err
	}
	env := fmt.Sprintf("export KUBECONFIG=%s\nexport BRINK_E2E_SERVER=%s\nexport BRINK_E2E_BIN_DIR=%s\n", p.site.Kubeconfig, p.site.Server, p.bin)
	return os.WriteFile(p.path("env"), []byte(env), 0o600)
}

func (p *plane) path(name string) string { return filepath.Join(p.dir, name) }

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// pickPorts takes four ports from base on, or any four that are free now.
func pickPorts(base int) (ports, error) {
	got := [4]int{base, base + 1, base + 2, base + 3}
	if base == 0 {
		for i := range got {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return ports{}, fmt.Errorf("find a free loopback port: %w", err)
			}
			// Held until all four are known, so that they differ.
			defer l.Close()
			got[i] = l.Addr().(*net.TCPAddr).Port
		}
	}
	return ports{etcd: got[0], peer: got[1], api: got[2], kwok: got[3]}, nil
}

// writeAccountKey makes the key that signs service account tokens.
func writeAccountKey(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make the service account key: %w", err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}

func secret() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // crypto/rand never returns an error: it ends the process instead
	return hex.EncodeToString(raw)
}
