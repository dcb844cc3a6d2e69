package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client speaks to the API server as the admin. It knows JSON and server-side apply, nothing else.
type client struct {
	server, token string
	http          *http.Client
}

func newClient(server string, ca []byte, token string) (*client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("the authority's certificate cannot be read back")
	}
	return &client{server: server, token: token, http: &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 8,
		},
	}}, nil
}

// apiError is an answer outside 2xx.
type apiError struct {
	method, path string
	status       int
	body         string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.method, e.path, e.status, e.body)
}

// do sends body (JSON, or YAML for server-side apply) and decodes the answer into out when out is not nil.
func (c *client) do(ctx context.Context, method, path, kind string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("User-Agent", "brink-world")
	req.Header.Set("Accept", "application/json")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return &apiError{method, path, res.StatusCode, string(raw[:min(len(raw), 400)])}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (c *client) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, out)
}

// create posts body; one that exists already is as good.
func (c *client) create(ctx context.Context, path string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	err = c.do(ctx, http.MethodPost, path, "application/json", raw, nil)
	var answer *apiError
	if errors.As(err, &answer) && answer.status == http.StatusConflict {
		return nil
	}
	return err
}

// apply writes one object by server-side apply; the body may be YAML.
func (c *client) apply(ctx context.Context, path string, yaml []byte) error {
	return c.do(ctx, http.MethodPatch, path+"?fieldManager=brink-world&force=true", "application/apply-patch+yaml", yaml, nil)
}

func (c *client) ready(ctx context.Context) error {
	return c.get(ctx, "/readyz", nil)
}
