package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// survey is all that there is of a tenant, in Microsoft 365 and in Kubernetes.
type survey struct {
	graphSurvey
	effects map[string]map[graphsim.Effect]uint64
	objects map[string]*v1alpha1.ManagedUser
	tenant  v1alpha1.Tenant
	// secrets are the names of those that hold credentials for a first sign-in, with
	// their owners' uids, empty where there is none.
	secrets map[string]string
}

// sight is what there is of one person; object is nil when there is none.
type sight struct {
	account account
	effects map[graphsim.Effect]uint64
	object  *v1alpha1.ManagedUser
	// secrets are all of the tenant's.
	secrets map[string]string
}

// graphSurvey is what Microsoft 365 holds.
type graphSurvey struct {
	accounts map[string]account
	// raw has all properties of every account, ids the id of every name.
	raw map[string]string
	ids map[string]string
}

// dumped are the properties of an account that the model knows.
type dumped struct {
	ID       string  `json:"id"`
	UPN      string  `json:"userPrincipalName"`
	Enabled  bool    `json:"accountEnabled"`
	Manager  string  `json:"manager"`
	Deleted  *string `json:"deletedDateTime"`
	Licenses []struct {
		SKU string `json:"skuId"`
	} `json:"assignedLicenses"`
}

// readGraph reads a tenant past Graph's replicas.
func (c *campaign) readGraph(ctx context.Context, t *tenant) (*graphSurvey, error) {
	var fixture struct {
		Tenants []struct {
			graphsim.TenantSpec
			Users []json.RawMessage `json:"users"`
		} `json:"tenants"`
	}
	path := "fixture?" + url.Values{"tenant": {t.id}}.Encode()
	if err := c.stack.Graph.Call(ctx, http.MethodGet, path, nil, &fixture); err != nil {
		return nil, err
	}
	if len(fixture.Tenants) != 1 {
		return nil, fmt.Errorf("%d tenants are %s", len(fixture.Tenants), t.id)
	}
	s := &graphSurvey{accounts: map[string]account{}, raw: map[string]string{}, ids: map[string]string{}}
	for _, user := range fixture.Tenants[0].Users {
		if err := s.add(user); err != nil {
			return nil, err
		}
	}
	s.addHoldings(&fixture.Tenants[0].TenantSpec)
	return s, nil
}

func (s *graphSurvey) add(user json.RawMessage) error {
	var d dumped
	var all map[string]any
	if err := json.Unmarshal(user, &d); err != nil {
		return fmt.Errorf("read an account: %w", err)
	}
	if err := json.Unmarshal(user, &all); err != nil {
		return fmt.Errorf("read an account: %w", err)
	}
	a := newPerson(nil, "").account
	a.id, a.upn, a.enabled, a.manager = d.ID, d.UPN, d.Enabled, d.Manager
	a.exists, a.deleted = true, d.Deleted != nil
	for _, attribute := range attributes() {
		if value, ok := all[attribute.name].(string); ok && value != "" {
			a.profile[attribute.name] = value
		}
	}
	for _, license := range d.Licenses {
		a.held[v1alpha1.ClaimLicense][partNumber(license.SKU)] = true
	}
	s.accounts[a.id], s.raw[a.id] = a, string(user)
	if !a.deleted {
		s.ids[a.upn] = a.id
	}
	return nil
}

// partNumber of the products that are offered here; of others the id.
func partNumber(id string) string {
	names := map[string]string{
		"cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46": "SPB", "f8a1db68-be16-40ed-86d5-cb42ce701560": "POWER_BI_PRO",
		"84a661c4-e949-4bd2-a560-ed7766fcaf2b": "AAD_PREMIUM_P2",
	}
	if name, ok := names[id]; ok {
		return name
	}
	return id
}

// roleName of the roles that are offered here; of others the id.
func roleName(id string) string {
	names := map[string]string{
		"4a5d8f65-41da-4de4-8968-e035b65339cf": "Reports Reader", "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b": "Message Center Reader",
	}
	if name, ok := names[id]; ok {
		return name
	}
	return id
}

// addHoldings adds what accounts have elsewhere than on themselves.
func (s *graphSurvey) addHoldings(spec *graphsim.TenantSpec) {
	hold := func(id string, kind v1alpha1.ClaimKind, thing string) {
		if a, ok := s.accounts[id]; ok {
			a.held[kind][thing] = true
		}
	}
	for i := range spec.Groups {
		for _, member := range spec.Groups[i].Members {
			hold(member, v1alpha1.ClaimGroup, spec.Groups[i].DisplayName)
		}
	}
	for _, application := range spec.Applications {
		values := map[string]string{}
		for _, role := range application.Roles {
			values[role.ID] = role.Value
		}
		for _, assignment := range application.Assignments {
			hold(assignment.Principal, v1alpha1.ClaimApplication, application.DisplayName+"/"+values[assignment.Role])
		}
	}
	for _, role := range spec.Roles {
		hold(role.Principal, v1alpha1.ClaimDirectoryRole, roleName(role.Role))
	}
	for _, hidden := range spec.Hidden {
		if a, ok := s.accounts[hidden.User]; ok {
			a.forced = hidden.ForceChange
			s.accounts[hidden.User] = a
		}
	}
}

// survey reads all that there is of a tenant.
func (c *campaign) survey(ctx context.Context, t *tenant) (*survey, error) {
	seen, err := c.readGraph(ctx, t)
	if err != nil {
		return nil, err
	}
	counters, err := c.stack.Graph.Counters(ctx, t.id)
	if err != nil {
		return nil, err
	}
	s := &survey{graphSurvey: *seen, effects: counters.UserEffects, objects: map[string]*v1alpha1.ManagedUser{}, secrets: map[string]string{}}
	var users v1alpha1.ManagedUserList
	if err := c.stack.Client.List(ctx, &users, client.InNamespace(t.namespace)); err != nil {
		return nil, fmt.Errorf("list ManagedUsers: %w", err)
	}
	for i := range users.Items {
		s.objects[users.Items[i].Name] = &users.Items[i]
	}
	if err := c.stack.Client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: t.namespace}, &s.tenant); err != nil {
		return nil, fmt.Errorf("get Tenant: %w", err)
	}
	var secrets corev1.SecretList
	if err := c.stack.Client.List(ctx, &secrets, client.InNamespace(t.namespace)); err != nil {
		return nil, fmt.Errorf("list Secrets: %w", err)
	}
	for _, secret := range secrets.Items {
		if !strings.HasSuffix(string(secret.Type), "/first-sign-in") {
			continue
		}
		s.secrets[secret.Name] = ""
		if owner := metav1.GetControllerOf(&secret); owner != nil {
			s.secrets[secret.Name] = string(owner.UID)
		}
	}
	return s, nil
}
