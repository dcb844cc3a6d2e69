package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// newControl is the plain HTTP side by which a test drives the proxy.
func newControl(b *book, g *gate) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, map[string]bool{"ok": true}) })
	mux.HandleFunc("GET /rules", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, b.list()) })
	mux.HandleFunc("POST /rules", func(w http.ResponseWriter, r *http.Request) {
		rule := &Rule{}
		from := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
		// A misspelt field would make a rule that matches everything.
		from.DisallowUnknownFields()
		err := from.Decode(rule)
		if err == nil {
			err = rule.compile()
		}
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		b.put(rule)
		if rule.Action.Kind == Unreachable {
			g.shut()
		}
		answer(w, http.StatusCreated, rule)
	})
	mux.HandleFunc("DELETE /rules", func(w http.ResponseWriter, _ *http.Request) {
		b.clear()
		answer(w, http.StatusOK, b.list())
	})
	mux.HandleFunc("DELETE /rules/{id}", func(w http.ResponseWriter, r *http.Request) {
		if err := b.remove(r.PathValue("id")); err != nil {
			wrong(w, http.StatusNotFound, err)
			return
		}
		answer(w, http.StatusOK, b.list())
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, r *http.Request) {
		look, err := readLook(r.URL.Query())
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), look.wait)
		defer cancel()
		answer(w, http.StatusOK, b.entries(ctx, look.least, look.fits))
	})
	mux.HandleFunc("DELETE /log", func(w http.ResponseWriter, _ *http.Request) {
		b.forget()
		answer(w, http.StatusOK, []Entry{})
	})
	return mux
}

// look is a question to the log.
type look struct {
	since, least int
	wait         time.Duration
	method, rule string
	path         *regexp.Regexp
	done, dryRun *bool
}

func readLook(q url.Values) (look, error) {
	l := look{method: q.Get("method"), rule: q.Get("rule")}
	for name, to := range map[string]*int{"since": &l.since, "min": &l.least} {
		if text := q.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return l, fmt.Errorf("%s: %w", name, err)
			}
			*to = n
		}
	}
	if text := q.Get("wait_ms"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 0 || ms > int(longest.Milliseconds()) {
			return l, fmt.Errorf("wait_ms: %q; want 0 to %d", text, longest.Milliseconds())
		}
		l.wait = time.Duration(ms) * time.Millisecond
	}
	if text := q.Get("path"); text != "" {
		pattern, err := regexp.Compile(text)
		if err != nil {
			return l, fmt.Errorf("path: %w", err)
		}
		l.path = pattern
	}
	for name, to := range map[string]**bool{"done": &l.done, "dry_run": &l.dryRun} {
		if text := q.Get(name); text != "" {
			value, err := strconv.ParseBool(text)
			if err != nil {
				return l, fmt.Errorf("%s: %w", name, err)
			}
			*to = &value
		}
	}
	for name := range q {
		switch name {
		case "since", "min", "wait_ms", "path", "done", "dry_run", "method", "rule":
		default:
			return l, fmt.Errorf("unknown parameter %q; want since, min, wait_ms, method, path, rule, done or dry_run", name)
		}
	}
	return l, nil
}

func (l look) fits(e Entry) bool {
	return e.N > l.since &&
		(l.method == "" || strings.EqualFold(l.method, e.Method)) &&
		(l.rule == "" || l.rule == e.Rule) &&
		(l.path == nil || l.path.MatchString(e.Path)) &&
		(l.done == nil || *l.done == e.Done) &&
		(l.dryRun == nil || *l.dryRun == e.DryRun)
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func wrong(w http.ResponseWriter, code int, err error) {
	answer(w, code, map[string]string{"error": err.Error()})
}
