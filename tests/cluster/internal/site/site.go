// Package site describes a running cluster: the one record that world writes and that proxy, load and the tests read.
package site

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Site is the one line world prints when the cluster is ready, kept as D/site.json.
type Site struct {
	Dir        string `json:"dir"`
	Bin        string `json:"bin"`
	Server     string `json:"server"`
	CA         string `json:"ca"`
	Kubeconfig string `json:"kubeconfig"`
	Users      []User `json:"users"`
	Pid        int    `json:"pid"`
	CRDs       string `json:"crds"`
	ReadyMS    int64  `json:"ready_ms"`
}

// User is one way to log in; the context of a kubeconfig has the user's name.
type User struct {
	Name  string `json:"name"`
	Token string `json:"token,omitempty"`
	Cert  string `json:"cert,omitempty"`
	Key   string `json:"key,omitempty"`
}

// Load reads the record of the cluster in dir.
func Load(dir string) (*Site, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "site.json"))
	if err != nil {
		return nil, fmt.Errorf("no running cluster in %s: %w; start one with tests/cluster/up --dir %s", dir, err, dir)
	}
	var s Site
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%s/site.json: %w", dir, err)
	}
	return &s, nil
}

// Token is the bearer token of the named user.
func (s *Site) Token(name string) (string, error) {
	for _, u := range s.Users {
		if u.Name == name && u.Token != "" {
			return u.Token, nil
		}
	}
	return "", fmt.Errorf("no user %s with a token in %s", name, s.Dir)
}

// WriteKubeconfig writes path (mode 0600): one context per user, all for server; the first user's is the current one.
// Users with a certificate are left out when certs is false: a proxy that ends TLS cannot pass one on.
func WriteKubeconfig(path, cluster, server string, ca []byte, users []User, certs bool) error {
	var clusters, contexts, logins strings.Builder
	current := ""
	fmt.Fprintf(&clusters, "- name: %s\n  cluster:\n    server: %s\n    certificate-authority-data: %s\n",
		cluster, server, base64.StdEncoding.EncodeToString(ca))
	for _, u := range users {
		if u.Token == "" && !certs {
			continue
		}
		if current == "" {
			current = u.Name
		}
		fmt.Fprintf(&contexts, "- name: %s\n  context:\n    cluster: %s\n    user: %s\n", u.Name, cluster, u.Name)
		fmt.Fprintf(&logins, "- name: %s\n  user:\n", u.Name)
		if u.Token != "" {
			fmt.Fprintf(&logins, "    token: %s\n", u.Token)
			continue
		}
		for field, file := range map[string]string{"client-certificate-data": u.Cert, "client-key-data": u.Key} {
			raw, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("certificate of user %s: %w", u.Name, err)
			}
			fmt.Fprintf(&logins, "    %s: %s\n", field, base64.StdEncoding.EncodeToString(raw))
		}
	}
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: %s\nclusters:\n%scontexts:\n%susers:\n%s",
		current, clusters.String(), contexts.String(), logins.String())
	return os.WriteFile(path, []byte(text), 0o600)
}
