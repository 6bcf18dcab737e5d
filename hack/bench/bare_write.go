package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// write changes something at a path below /v1.0. When Graph refuses it for now,
// retryAfter says for how long.
func (g *bareGraph) write(ctx context.Context, method, path, body string) (retryAfter time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, method, g.url+"/v1.0"+path, strings.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := g.http.Do(request)
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	answer, err := io.ReadAll(response.Body) // to its end, so that the connection is used again
	_ = response.Body.Close()                // only read
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s %s: %w", method, path, err)
	case response.StatusCode == http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil {
			return 0, fmt.Errorf("%s %s: 429 without a Retry-After that can be read: %w", method, path, err)
		}
		return time.Duration(seconds) * time.Second, nil
	case response.StatusCode >= http.StatusBadRequest:
		return 0, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	default:
		return 0, nil
	}
}

// bareWrite is one write about an account.
type bareWrite func(g *bareGraph, ctx context.Context, id string) (retryAfter time.Duration, err error)

func (g *bareGraph) suspend(ctx context.Context, id string) (time.Duration, error) {
	return g.write(ctx, http.MethodPatch, "/users/"+id, `{"accountEnabled":false}`)
}

func (g *bareGraph) revoke(ctx context.Context, id string) (time.Duration, error) {
	return g.write(ctx, http.MethodPost, "/users/"+id+"/revokeSignInSessions", "")
}

func (g *bareGraph) locate(ctx context.Context, id string) (time.Duration, error) {
	return g.write(ctx, http.MethodPatch, "/users/"+id, `{"usageLocation":"DE"}`)
}

func (g *bareGraph) license(ctx context.Context, id string) (time.Duration, error) {
	return g.write(ctx, http.MethodPost, "/users/"+id+"/assignLicense",
		`{"addLicenses":[{"skuId":"`+bulkSKUID+`"}],"removeLicenses":[]}`)
}
