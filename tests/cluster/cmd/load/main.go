// Command load fills a running test cluster with pods for the measurements, over many keep-alive connections, and waits
// until all of them run. It prints one JSON line with the seconds each part took.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"kubebrink.test/cluster/internal/site"
)

type object = map[string]any

// loader writes to one cluster as the admin.
type loader struct {
	server, token string
	http          *http.Client
	nodes         int
	containers    int
}

func main() {
	dir := flag.String("site", "", "folder of the running cluster (required)")
	pods := flag.Int("pods", 10000, "how many pods")
	namespaces := flag.Int("namespaces", 20, "spread over so many namespaces, shop-00 and on")
	nodes := flag.Int("nodes", 100, "spread over so many nodes, node-0000 and on (they must exist)")
	containers := flag.Int("containers", 2, "containers per pod")
	connections := flag.Int("connections", 16, "writers side by side")
	deadline := flag.Duration("deadline", 5*time.Minute, "longest wait until all run")
	flag.Parse()
	if err := run(*dir, *pods, *namespaces, *nodes, *containers, *connections, *deadline); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(dir string, pods, namespaces, nodes, containers, connections int, deadline time.Duration) error {
	if pods < 1 || namespaces < 1 || nodes < 1 || containers < 1 || connections < 1 {
		return errors.New("--pods, --namespaces, --nodes, --containers and --connections must be at least 1")
	}
	cluster, err := site.Load(dir)
	if err != nil {
		return err
	}
	l, err := newLoader(cluster, connections)
	if err != nil {
		return err
	}
	l.nodes, l.containers = nodes, containers
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	for i := range namespaces {
		body := object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": namespace(i)}}
		if err := l.post(ctx, "/api/v1/namespaces", body); err != nil {
			return err
		}
	}
	began := time.Now()
	if err := l.fill(ctx, pods, namespaces, connections); err != nil {
		return err
	}
	created := time.Since(began)
	if err := l.awaitRunning(ctx); err != nil {
		return err
	}
	fmt.Printf("{\"pods\":%d,\"created_s\":%.1f,\"running_s\":%.1f}\n", pods, created.Seconds(), time.Since(began).Seconds())
	return nil
}

func newLoader(cluster *site.Site, connections int) (*loader, error) {
	token, err := cluster.Token("admin")
	if err != nil {
		return nil, err
	}
	trust, err := os.ReadFile(cluster.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trust)
	return &loader{server: cluster.Server, token: token, http: &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
		},
	}}, nil
}

func namespace(i int) string { return fmt.Sprintf("shop-%02d", i) }

// fill writes the pods; the first error ends it.
func (l *loader) fill(ctx context.Context, pods, namespaces, connections int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan int)
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			for i := range work {
				if err := l.post(ctx, "/api/v1/namespaces/"+namespace(i%namespaces)+"/pods", l.pod(i)); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < pods && ctx.Err() == nil; i++ {
		work <- i
	}
	close(work)
	group.Wait()
	return context.Cause(ctx)
}

// pod is about as large as a small real one; it names its node, so no scheduler is needed.
func (l *loader) pod(i int) object {
	var containers []object
	for c := range l.containers {
		containers = append(containers, object{
			"name": fmt.Sprintf("c%d", c), "image": fmt.Sprintf("registry.example/shop/app-%02d:1.%d", i%50, c),
			"ports":     []object{{"containerPort": 8080 + c, "name": "http"}},
			"env":       []object{{"name": "LOG_LEVEL", "value": "info"}, {"name": "UPSTREAM", "value": "http://cart.shop:8080"}},
			"resources": object{"requests": object{"cpu": "10m", "memory": "16Mi"}},
		})
	}
	return object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{
			"name":        fmt.Sprintf("app-%02d-%05d", i%50, i),
			"labels":      object{"app": fmt.Sprintf("app-%02d", i%50), "version": fmt.Sprintf("v%d", i%3), "team": "shop"},
			"annotations": object{"sidecar.istio.io/status": `{"containers":["istio-proxy"],"revision":"default"}`},
		},
		"spec": object{"nodeName": fmt.Sprintf("node-%04d", i%l.nodes), "containers": containers},
	}
}

func (l *loader) post(ctx context.Context, path string, body object) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return l.send(ctx, http.MethodPost, path, raw, nil)
}

func (l *loader) send(ctx context.Context, method, path string, raw []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, l.server+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "brink-load")
	res, err := l.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 && (method != http.MethodPost || res.StatusCode != http.StatusConflict) {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer[:min(len(answer), 300)])
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// awaitRunning waits until no pod is in another phase.
func (l *loader) awaitRunning(ctx context.Context) error {
	for {
		var list struct {
			Metadata struct{ RemainingItemCount *int }
			Items    []struct {
				Metadata struct{ Name, Namespace string }
			}
		}
		if err := l.send(ctx, http.MethodGet, "/api/v1/pods?limit=1&fieldSelector=status.phase%21%3DRunning", nil, &list); err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			first := list.Items[0].Metadata
			return fmt.Errorf("not all pods run, for one %s/%s: %w", first.Namespace, first.Name, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
