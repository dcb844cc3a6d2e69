// Command proxy stands before the API server of a test cluster and lets a test disturb single requests: late, cut before
// or after the server acted, refused with 401, 429 or 500, or not reachable at all. It ends TLS with an authority of its
// own, passes tokens, watches and upgrades through, and remembers what it saw.
//
// It is told what to do over plain HTTP on a second loopback port. The verbs are in tests/cluster/README.md.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kubebrink.test/cluster/internal/pki"
	"kubebrink.test/cluster/internal/site"
)

// announcement is the one line printed when the proxy answers.
type announcement struct {
	Server     string `json:"server"`
	Control    string `json:"control"`
	Kubeconfig string `json:"kubeconfig"`
	CA         string `json:"ca"`
	Pid        int    `json:"pid"`
}

func main() {
	world := flag.String("site", "", "folder of the running cluster (tests/cluster/up --dir; required)")
	dir := flag.String("dir", "", "folder for the proxy's certificate and kubeconfig (required)")
	lifeline := flag.Bool("lifeline", false, "end when stdin closes")
	flag.Parse()
	if err := run(*world, *dir, *lifeline); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

func run(world, dir string, lifeline bool) error {
	if world == "" || dir == "" {
		return errors.New("--site and --dir are required")
	}
	cluster, err := site.Load(world)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	trust, err := os.ReadFile(cluster.CA)
	if err != nil {
		return err
	}
	ca, err := pki.New("kubebrink-proxy")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), ca.PEM, 0o600); err != nil {
		return err
	}
	cert, key, err := ca.Server("kubebrink-proxy")
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return err
	}
	ctx, stop := site.Lifeline(lifeline)
	defer stop()

	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	book := newBook()
	door, err := newDoor(cluster.Server, trust, book)
	if err != nil {
		return err
	}
	gate := newGate(front, book)
	public := &http.Server{
		Handler:     door,
		TLSConfig:   &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		ErrorLog:    quiet(),
		ConnContext: gate.remember,
	}
	control := &http.Server{Handler: newControl(book, gate), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 2)
	go func() { ended <- public.ServeTLS(gate, "", "") }()
	go func() { ended <- control.Serve(back) }()

	said := announcement{
		Server:     "https://" + front.Addr().String(),
		Control:    "http://" + back.Addr().String(),
		Kubeconfig: filepath.Join(dir, "kubeconfig"),
		CA:         filepath.Join(dir, "ca.crt"),
		Pid:        os.Getpid(),
	}
	if err := site.WriteKubeconfig(said.Kubeconfig, "brink-e2e-proxy", said.Server, ca.PEM, cluster.Users, false); err != nil {
		return err
	}
	line, err := json.Marshal(said)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	select {
	case <-ctx.Done():
		return close2(public, control)
	case err := <-ended:
		return err
	}
}

func close2(public, control *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = control.Shutdown(ctx)
	_ = public.Close()
	return nil
}
