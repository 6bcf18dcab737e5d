package main

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// syncInterval of the demo's Tenants is the shortest there is: an audience waits.
const syncInterval = "10s"

// sampleTenant is what config/samples calls a tenant. The simulated ones have these
// names and domains as well, and ids of their own.
type sampleTenant struct{ namespace, placeholder, domain string }

func sampleTenants() []sampleTenant {
	return []sampleTenant{
		{"contoso", "00000000-0000-0000-0000-00000000c001", "contoso.com"},
		{"fabrikam", "00000000-0000-0000-0000-00000000c002", "fabrikam.com"},
		{"adventure-works", "00000000-0000-0000-0000-00000000c003", "adventure-works.com"},
	}
}

// meetTenants learns the ids of the simulated tenants, and checks that they are the
// samples'.
func (d *demo) meetTenants(infos []graphsim.TenantInfo) error {
	d.tenantID, d.domains = map[string]string{}, map[string]string{}
	for i, tenant := range sampleTenants() {
		if err := expect("the domain of tenant "+infos[i].DisplayName, infos[i].DefaultDomain, tenant.domain); err != nil {
			return err
		}
		d.tenantID[tenant.namespace], d.domains[tenant.namespace] = infos[i].ID, tenant.domain
	}
	return nil
}

// leak is when Carol's password became known, in config/samples.
const leak = "2026-11-20T10:00:00Z"

// checkOut copies config/samples, the demo's Git, with the simulated tenants' ids in
// place of the placeholders, the shortest interval, and the leak and the start yesterday.
func (d *demo) checkOut() error {
	replacements := []string{
		"    interval: 2m\n", "", "  sync:\n", "  sync:\n    interval: " + syncInterval + "\n", " # placeholder", "",
		leak, d.began.AddDate(0, 0, -1).UTC().Format(time.RFC3339),
		starts, d.began.AddDate(0, 0, -1).UTC().Format(`"` + time.RFC3339 + `"`),
	}
	for _, tenant := range sampleTenants() {
		replacements = append(replacements, tenant.placeholder, d.tenantID[tenant.namespace])
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

// edit changes lines of one object in a manifest, as a pull request does, and shows
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
		d.screen.say("\n  " + file + " (" + object + ")\n" + marked("-", from) + marked("+", to))
		return os.WriteFile(path, []byte(strings.Join(documents, "\n---\n")), 0o600)
	}
	return fmt.Errorf("edit %s: there is no %s", file, object)
}

// marked are lines of a change, with a mark before each; none when there are none.
func marked(mark, lines string) string {
	var all strings.Builder
	for line := range strings.Lines(lines) {
		_, _ = all.WriteString("  " + mark + "  " + strings.TrimRight(line, "\n") + "\n") // never fails
	}
	return all.String()
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
