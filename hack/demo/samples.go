package main

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// syncInterval of the demo's Tenants is the shortest there is: an audience waits.
const syncInterval = "10s"

// sampleTenant is what config/samples calls a tenant; the simulated ones have ids
// and domains of their own.
type sampleTenant struct {
	namespace, placeholder, domain string
	people                         []samplePerson
}

// samplePerson is somebody whom config/samples names, or the story.
type samplePerson struct{ name, displayName, jobTitle, role string }

func sampleTenants() []sampleTenant {
	return []sampleTenant{
		{"contoso", "00000000-0000-0000-0000-00000000c001", "contoso.com", []samplePerson{
			{name: "alice", displayName: "Alice Adler", jobTitle: "Account Manager"},
			{name: "bob", displayName: "Bob Brandt", jobTitle: "Engineer"},
			{name: "carol", displayName: "Carol Conti", jobTitle: "Controller"},
			{name: "ivan", displayName: "Ivan Ivanov", jobTitle: "IT Manager", role: "Exchange Administrator"},
			{name: "breakglass", displayName: "Break Glass", role: "Global Administrator"},
		}},
		{"fabrikam", "00000000-0000-0000-0000-00000000c002", "fabrikam.com", []samplePerson{
			{name: "dave", displayName: "Dave Dubois", jobTitle: "Buyer"},
			{name: "erin", displayName: "Erin Eriksson", jobTitle: "Planner"},
		}},
		{"adventure-works", "00000000-0000-0000-0000-00000000c003", "adventure-works.com", []samplePerson{
			{name: "frank", displayName: "Frank Fischer", jobTitle: "Mechanic"},
		}},
	}
}

// hireSamplePeople makes the accounts that config/samples speaks of.
func (d *demo) hireSamplePeople(ctx context.Context) error {
	for _, tenant := range sampleTenants() {
		for _, person := range tenant.people {
			if err := d.hire(ctx, tenant.namespace, person); err != nil {
				return fmt.Errorf("hire %s: %w", person.name, err)
			}
		}
	}
	return nil
}

func (d *demo) hire(ctx context.Context, namespace string, person samplePerson) error {
	tenant, upn := "tenants/"+d.tenantID[namespace], d.upn(namespace, person.name)
	first, last, _ := strings.Cut(person.displayName, " ")
	account := map[string]any{
		"userPrincipalName": upn, "mail": upn, "displayName": person.displayName, "givenName": first, "surname": last,
		"jobTitle": person.jobTitle, "usageLocation": "DE", "lastPasswordChangeDateTime": d.began.AddDate(0, -3, 0),
	}
	if err := d.stack.Graph.Call(ctx, http.MethodPost, tenant+"/users", account, nil); err != nil {
		return err
	}
	if person.role == "" {
		return nil
	}
	return d.stack.Graph.Call(ctx, http.MethodPut, tenant+"/roles/"+url.PathEscape(person.role)+"/"+url.PathEscape(upn), nil, nil)
}

// leak is when Carol's password became known, in config/samples.
const leak = "2026-11-20T10:00:00Z"

// checkOut copies config/samples, the demo's Git, with ids and domains of the
// simulated tenants in place of the placeholders, and the leak yesterday.
func (d *demo) checkOut() error {
	replacements := []string{
		"    interval: 2m\n", "", "  sync:\n", "  sync:\n    interval: " + syncInterval + "\n", " # placeholder", "",
		leak, d.began.AddDate(0, 0, -1).UTC().Format(time.RFC3339),
	}
	for i, tenant := range sampleTenants() {
		replacements = append(replacements, tenant.placeholder, d.stack.Graph.TenantIDs[i], "@"+tenant.domain, "@"+d.domains[tenant.namespace])
	}
	replacer := strings.NewReplacer(replacements...)
	source := os.DirFS(filepath.Join(d.stack.Root, "config", "samples"))
	return fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		target := filepath.Join(d.stack.Dir, samplesDir, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(target, 0o750)
		}
		content, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, []byte(replacer.Replace(string(content))), 0o600)
	})
}

// samplesDir is where the demo's Git is checked out, below the stack's folder.
const samplesDir = "samples"

// edit changes a line of one object in a manifest, as a pull request does, and shows
// the change.
func (d *demo) edit(file, object, from, to string) error {
	path := filepath.Join(d.stack.Dir, file)
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	documents := strings.Split(string(content), "\n---\n")
	for i, document := range documents {
		if !strings.Contains(document, "\n  name: "+object+"\n") {
			continue
		}
		changed := strings.Replace(document, from, to, 1)
		if changed == document {
			return fmt.Errorf("edit %s: %s has no line %q", file, object, from)
		}
		documents[i] = changed
		d.screen.say("\n  " + file + " (" + object + ")\n  -  " + from + "\n  +  " + to)
		return os.WriteFile(path, []byte(strings.Join(documents, "\n---\n")), 0o600)
	}
	return fmt.Errorf("edit %s: there is no %s", file, object)
}

// write adds a manifest.
func (d *demo) write(file, content string) error {
	d.screen.say("\n  " + file + "\n  " + strings.ReplaceAll(strings.TrimSpace(content), "\n", "\n  "))
	return os.WriteFile(filepath.Join(d.stack.Dir, file), []byte(content), 0o600)
}

// outside is somebody's act in a portal, or a script's: not the operator's.
func (d *demo) outside(ctx context.Context, namespace, user string, change map[string]any) error {
	path := stack.UserPath(d.tenantID[namespace], d.upn(namespace, user))
	return d.stack.Graph.Call(ctx, http.MethodPatch, path, change, nil)
}
