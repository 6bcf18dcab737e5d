package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// connectionName is both the Connection's and its Secret's.
const connectionName = "msp"

// clientNamespace of tenant number i, from 0.
func clientNamespace(i int) string { return fmt.Sprintf("client-%03d", i+1) }

// applyTenants makes a namespace with a Tenant for each simulated tenant, and the one
// Connection that all of them use. What a namespace needs for credentials of its own
// is there as well, to be tried.
func (p *playground) applyTenants(ctx context.Context) error {
	shared := []client.Object{
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.Namespace, Name: connectionName},
			StringData: map[string]string{"clientID": p.Graph.ClientID, "clientSecret": p.Graph.ClientSecret},
		},
		p.connection(),
	}
	for _, object := range shared {
		if err := p.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("create %T: %w", object, err)
		}
	}
	for i, id := range p.Graph.TenantIDs {
		if err := p.applyTenant(ctx, clientNamespace(i), id); err != nil {
			return err
		}
		if applied := i + 1; applied%50 == 0 {
			say(p.out, "  %d of %d Tenants are applied.", applied, len(p.Graph.TenantIDs))
		}
	}
	return nil
}

// connection grants every namespace its tenant.
func (p *playground) connection() *v1alpha1.Connection {
	connection := &v1alpha1.Connection{
		ObjectMeta: metav1.ObjectMeta{Name: connectionName},
		Spec:       v1alpha1.ConnectionSpec{SecretRef: v1alpha1.LocalSecretReference{Name: connectionName}},
	}
	for i, id := range p.Graph.TenantIDs {
		connection.Spec.Grants = append(connection.Spec.Grants, v1alpha1.Grant{Namespace: clientNamespace(i), TenantID: id})
	}
	return connection
}

func (p *playground) applyTenant(ctx context.Context, namespace, id string) error {
	err := p.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create namespace %s: %w", namespace, err)
	}
	objects, err := p.credentialsRole(namespace)
	if err != nil {
		return err
	}
	objects = append(objects, &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: namespace},
		Spec: v1alpha1.TenantSpec{
			TenantID: id, ConnectionRef: &v1alpha1.ObjectReference{Name: connectionName},
			ManagementPolicy: v1alpha1.ManagementPolicyEnforce,
			Sync:             v1alpha1.TenantSync{Discovery: v1alpha1.TenantDiscovery{Users: v1alpha1.DiscoverAll}},
		},
	})
	for _, object := range objects {
		if err := p.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("create %T in %s: %w", object, namespace, err)
		}
	}
	return nil
}

// credentialsRole is config/rbac/tenant-namespace/credentials for a namespace.
func (p *playground) credentialsRole(namespace string) ([]client.Object, error) {
	file, err := os.Open(filepath.Join(p.Root, "config", "rbac", "tenant-namespace", "credentials", "role.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read the Role for credentials: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	objects := []client.Object{&rbacv1.Role{}, &rbacv1.RoleBinding{}}
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for _, object := range objects {
		if err := decoder.Decode(object); err != nil {
			return nil, fmt.Errorf("read the Role for credentials: %w", err)
		}
		object.SetNamespace(namespace)
	}
	return objects, nil
}

// expectedUsers is how many accounts the simulated tenants have now.
func (p *playground) expectedUsers(ctx context.Context) (int, error) {
	tenants, err := p.Graph.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, tenant := range tenants {
		total += tenant.Users
	}
	return total, nil
}

// longestWait for all users. It is generous: a small machine makes some hundred
// objects a second, and reports are rationed by Microsoft.
const longestWait = 30 * time.Minute

// awaitUsers waits until there is a Ready ManagedUser for every account, and tells
// how far it is.
func (p *playground) awaitUsers(ctx context.Context) error {
	want, err := p.expectedUsers(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longestWait, errors.New("the users did not become Ready in time"))
	defer cancel()
	tally, err := watchUsers(ctx, p.ControlPlane.Config, p.Client.Scheme())
	if err != nil {
		return err
	}
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for {
		seen, ready := tally.count()
		if ready == want && seen == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d users are Ready: %w", ready, want, context.Cause(ctx))
		case <-tally.changed:
		case <-ticker.C:
			say(p.out, "  %d users are there, %d of %d are Ready.", seen, ready, want)
		}
	}
}
