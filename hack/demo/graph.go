package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// account is somebody's account in Microsoft 365, as it is there: of a person of
// config/samples by name, of anybody by id.
func (d *demo) account(ctx context.Context, namespace, user string) (graphsim.UserState, error) {
	return d.stack.Graph.User(ctx, d.tenantID[namespace], d.key(namespace, user))
}

func (d *demo) key(namespace, user string) string {
	if uuid.Validate(user) == nil {
		return user
	}
	return d.upn(namespace, user)
}

// upn is the sign-in name of a person of config/samples.
func (d *demo) upn(namespace, user string) string { return user + "@" + d.domains[namespace] }

// enabled objects unless the account may sign in, or may not, as wanted.
func (d *demo) enabled(ctx context.Context, namespace, user string, want bool) error {
	state, err := d.account(ctx, namespace, user)
	if err != nil {
		return err
	}
	var have bool
	if err := json.Unmarshal(state.Properties["accountEnabled"], &have); err != nil {
		return fmt.Errorf("read accountEnabled: %w", err)
	}
	return expect("accountEnabled of "+user+" in Microsoft 365", have, want)
}

// lastRequest is the number of the last request in a client's tenant.
func (d *demo) lastRequest(ctx context.Context, namespace string) (uint64, error) {
	entries, err := d.stack.Graph.Requests(ctx, d.tenantID[namespace], 0)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	return entries[len(entries)-1].Seq, nil
}

// syncsSince counts the rounds of changes that were read from a client's tenant. A
// tenant of the demo fits on one page, and an empty page more is no round more.
func (d *demo) syncsSince(ctx context.Context, namespace string, since uint64) (int, error) {
	entries, err := d.stack.Graph.Requests(ctx, d.tenantID[namespace], since)
	if err != nil {
		return 0, err
	}
	rounds := 0
	for _, e := range entries {
		if e.Template == "/users/delta" && e.Status == http.StatusOK && strings.Contains(e.Query, "deltatoken") {
			rounds++
		}
	}
	return rounds, nil
}

// requestsAbout lists the requests after since that name an account.
func (d *demo) requestsAbout(ctx context.Context, namespace, id string, since uint64) ([]graphsim.Entry, error) {
	entries, err := d.stack.Graph.Requests(ctx, d.tenantID[namespace], since)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(entries, func(e graphsim.Entry) bool { return !strings.Contains(e.Path, id) }), nil
}

// showRequestsAbout shows the requests after since that name an account, as Graph's
// side has them.
func (d *demo) showRequestsAbout(ctx context.Context, namespace, id string, since uint64) error {
	entries, err := d.requestsAbout(ctx, namespace, id, since)
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, e := range entries {
		fields := ""
		if len(e.Fields) > 0 {
			fields = " {" + strings.Join(e.Fields, ", ") + "}"
		}
		_, _ = fmt.Fprintf(&lines, "%s  %d  %-5s %s%s\n", e.Time.Format("15:04:05"), e.Status, e.Method, e.Path, fields) // never fails
	}
	d.screen.shown("curl --cacert graphsim-ca.pem "+d.stack.Graph.URL+"/_sim/requests   # about this account", lines.String())
	return nil
}

// effects objects unless an account has seen just these changes through Graph.
func (d *demo) effects(ctx context.Context, namespace, id string, want map[graphsim.Effect]uint64) error {
	counters, err := d.stack.Graph.Counters(ctx, d.tenantID[namespace])
	if err != nil {
		return err
	}
	return expect("what happened to the account", fmt.Sprint(counters.UserEffects[id]), fmt.Sprint(want))
}

// showAudit shows the audit lines about an account.
func (d *demo) showAudit(upn string) error {
	content, err := os.ReadFile(d.stack.AuditLog())
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	var lines strings.Builder
	for line := range strings.Lines(string(content)) {
		if strings.Contains(line, `"accountName":"`+upn+`"`) {
			_, _ = lines.WriteString(line) // never fails
		}
	}
	if lines.Len() == 0 {
		return fmt.Errorf("the audit log says nothing of %s", upn)
	}
	d.screen.shown("grep "+upn+" audit.jsonl", lines.String())
	return nil
}

// tenant is all that Microsoft 365 holds of a client.
func (d *demo) tenant(ctx context.Context, namespace string) (*graphsim.TenantSpec, error) {
	var fixture graphsim.Fixture
	path := "fixture?" + url.Values{"tenant": {d.tenantID[namespace]}}.Encode()
	if err := d.stack.Graph.Call(ctx, http.MethodGet, path, nil, &fixture); err != nil {
		return nil, err
	}
	if err := expect("the number of tenants in the fixture", len(fixture.Tenants), 1); err != nil {
		return nil, err
	}
	return &fixture.Tenants[0], nil
}

// managerIn is the name to sign in of somebody's manager, by the account's id.
func managerIn(tenant *graphsim.TenantSpec, id string) string {
	property := func(id any, name string) any {
		for _, user := range tenant.Users {
			if user["id"] == id {
				return user[name]
			}
		}
		return nil
	}
	name, _ := property(property(id, "manager"), "userPrincipalName").(string)
	return name
}

// licensesIn are the ids of the products that an account holds.
func licensesIn(state graphsim.UserState) ([]string, error) {
	var held []struct {
		SKU string `json:"skuId"`
	}
	if err := json.Unmarshal(state.Properties["assignedLicenses"], &held); err != nil {
		return nil, fmt.Errorf("read assignedLicenses: %w", err)
	}
	ids := make([]string, 0, len(held))
	for _, license := range held {
		ids = append(ids, license.SKU)
	}
	return ids, nil
}

// groupsIn are the groups that an account is a member of.
func groupsIn(tenant *graphsim.TenantSpec, id string) []string {
	var names []string
	for i := range tenant.Groups {
		if slices.Contains(tenant.Groups[i].Members, id) {
			names = append(names, tenant.Groups[i].DisplayName)
		}
	}
	slices.Sort(names)
	return names
}

// rolesIn are the roles of applications that an account holds itself.
func rolesIn(tenant *graphsim.TenantSpec, id string) []string {
	var names []string
	for _, application := range tenant.Applications {
		for _, assignment := range application.Assignments {
			i := slices.IndexFunc(application.Roles, func(role graphsim.AppRoleSpec) bool { return role.ID == assignment.Role })
			if assignment.Principal == id && i >= 0 {
				names = append(names, application.DisplayName+", "+application.Roles[i].Value)
			}
		}
	}
	return names
}
