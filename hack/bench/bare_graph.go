package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// bareGraph is the least that a client of Graph can be: a token, requests one after the
// other, and encoding/json.
type bareGraph struct {
	http       *http.Client
	url, token string
}

// newBareGraph gets a token for a tenant.
func (w *world) newBareGraph(ctx context.Context, tenant string) (*bareGraph, error) {
	g := &bareGraph{http: w.Graph.HTTPClient(), url: w.Graph.URL}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {w.Graph.ClientID}, "client_secret": {w.Graph.ClientSecret},
		"scope": {"https://graph.microsoft.com/.default"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("get a token: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	if _, err := g.do(request, &answer); err != nil {
		return nil, err
	}
	g.token = answer.Token
	return g, nil
}

// get reads a path below /v1.0, or a link.
func (g *bareGraph) get(ctx context.Context, path string, out any) (status int, err error) {
	if !strings.HasPrefix(path, "https://") {
		path = g.url + "/v1.0" + path
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil {
		return 0, fmt.Errorf("get %s: %w", path, err)
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	return g.do(request, out)
}

// do sends a request, again when Graph asks to come back later, and decodes the answer.
func (g *bareGraph) do(request *http.Request, out any) (status int, err error) {
	for {
		response, err := g.http.Do(request)
		if err != nil {
			return 0, fmt.Errorf("%s %s: %w", request.Method, request.URL.Path, err)
		}
		status = response.StatusCode
		switch {
		case status == http.StatusTooManyRequests:
			wait, _ := time.ParseDuration(response.Header.Get("Retry-After") + "s")
			err = sleep(request.Context(), max(wait, time.Second))
		case status == http.StatusOK:
			err = json.NewDecoder(response.Body).Decode(out)
		case status != http.StatusNotFound && status != http.StatusForbidden:
			err = fmt.Errorf("%s %s: %s", request.Method, request.URL.Path, response.Status)
		}
		_, drainErr := io.Copy(io.Discard, response.Body) // to its end, so that the connection is used again
		_ = response.Body.Close()                         // only read
		if err = errors.Join(err, drainErr); err != nil || status != http.StatusTooManyRequests {
			return status, err
		}
	}
}

// bareUser is what a download keeps of an account.
type bareUser map[string]json.RawMessage

// download reads all users of a tenant by users/delta, to the end, with what the manager
// selects.
func (g *bareGraph) download(ctx context.Context, selected string) (users int, err error) {
	type page struct {
		Value []bareUser `json:"value"`
		Next  string     `json:"@odata.nextLink"`
	}
	link := "/users/delta?$select=" + url.QueryEscape(selected)
	for link != "" {
		var p page
		status, err := g.get(ctx, link, &p)
		if err != nil {
			return users, err
		}
		if status != http.StatusOK {
			return users, fmt.Errorf("users/delta answers %d", status)
		}
		users += len(p.Value)
		link = p.Next
	}
	return users, nil
}

// pollSample is how many users the per-user poller really polls.
const pollSample = 25

// pollUsers is what it costs a peer to know of every user of a tenant whether anything
// changed, by four requests each (Terraform's azuread provider sends as many for every
// refresh): the account, its manager, its licences and its groups. It is done for some of
// them, counted by the simulator, and multiplied.
func (w *world) pollUsers(ctx context.Context) (cost, error) {
	tenant := w.Graph.TenantIDs[0]
	var ids []string
	if err := w.Graph.Call(ctx, http.MethodGet, "tenants/"+tenant+"/users", nil, &ids); err != nil {
		return cost{}, err
	}
	ids = ids[:min(pollSample, len(ids))]
	g, err := w.newBareGraph(ctx, tenant)
	if err != nil {
		return cost{}, err
	}
	since, err := lastRequest(ctx, w.Graph, tenant)
	if err != nil {
		return cost{}, err
	}
	for _, id := range ids {
		for _, path := range []string{"", "/manager", "/licenseDetails", "/memberOf"} {
			var answer map[string]any
			if _, err := g.get(ctx, "/users/"+id+path, &answer); err != nil {
				return cost{}, err
			}
		}
	}
	polled, err := w.Graph.Requests(ctx, tenant, since)
	if err != nil {
		return cost{}, err
	}
	var c cost
	for i := range polled {
		if e := &polled[i]; strings.HasPrefix(e.Template, "/users/{id}") && !strings.HasPrefix(e.Template, "/users/{id}/mailbox") {
			c.pages++
			c.units += float64(e.RU)
		}
	}
	scale := float64(w.shape.users) / float64(len(ids))
	return cost{c.pages * scale, c.units * scale}, nil
}
