package main

import (
	"net/http"
	"strings"
	"sync"
)

// traffic counts the writes of the manager to the API server, by what they write.
type traffic struct {
	mu     sync.Mutex
	writes map[string]int
}

// wrap counts what goes through a transport.
func (t *traffic) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.Method != http.MethodGet {
			t.mu.Lock()
			t.writes[resourceOf(request.URL.Path)]++
			t.mu.Unlock()
		}
		return next.RoundTrip(request)
	})
}

// count is how many writes there were of a resource, and of all others.
func (t *traffic) count(resource string) (of, others int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, n := range t.writes {
		if name == resource {
			of += n
		} else {
			others += n
		}
	}
	return of, others
}

// resourceOf is the resource that a path of the Kubernetes API is about.
func resourceOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	skip := 2 // api, version
	if parts[0] == "apis" {
		skip = 3 // apis, group, version
	}
	parts = parts[min(skip, len(parts)):]
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	if len(parts) == 0 {
		return ""
	}
	return parts[0]
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
