package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// ConnectionName is both the Connection's and its Secret's.
const ConnectionName = "msp"

// ClientNamespace of simulated tenant number i, from 0. The Tenant in it has the same name.
func ClientNamespace(i int) string { return fmt.Sprintf("client-%03d", i+1) }

// ApplyConnection makes the one Connection that all Tenants use, with its Secret; it
// grants every client's namespace its tenant.
func (s *Stack) ApplyConnection(ctx context.Context) error {
	connection := &v1alpha1.Connection{
		ObjectMeta: metav1.ObjectMeta{Name: ConnectionName},
		Spec:       v1alpha1.ConnectionSpec{SecretRef: v1alpha1.LocalSecretReference{Name: ConnectionName}},
	}
	for i, id := range s.Graph.TenantIDs {
		connection.Spec.Grants = append(connection.Spec.Grants, v1alpha1.Grant{Namespace: ClientNamespace(i), TenantID: id})
	}
	return s.create(ctx,
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: ConnectionName},
			StringData: map[string]string{"clientID": s.Graph.ClientID, "clientSecret": s.Graph.ClientSecret},
		},
		connection,
	)
}

// ApplyTenant makes the namespace and the Tenant of simulated tenant number i, which is
// enforced and discovers everybody unless a change says otherwise. What the namespace
// needs for credentials of its own is there as well.
func (s *Stack) ApplyTenant(ctx context.Context, i int, changes ...func(*v1alpha1.Tenant)) error {
	namespace := ClientNamespace(i)
	err := s.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create namespace %s: %w", namespace, err)
	}
	objects, err := s.credentialsRole(namespace)
	if err != nil {
		return err
	}
	tenant := &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: namespace},
		Spec: v1alpha1.TenantSpec{
			TenantID: s.Graph.TenantIDs[i], ConnectionRef: &v1alpha1.ObjectReference{Name: ConnectionName},
			ManagementPolicy: v1alpha1.ManagementPolicyEnforce,
			Sync:             v1alpha1.TenantSync{Discovery: v1alpha1.TenantDiscovery{Users: v1alpha1.DiscoverAll}},
		},
	}
	for _, change := range changes {
		change(tenant)
	}
	return s.create(ctx, append(objects, tenant)...)
}

func (s *Stack) create(ctx context.Context, objects ...client.Object) error {
	for _, object := range objects {
		if err := s.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("create %T %s: %w", object, client.ObjectKeyFromObject(object), err)
		}
	}
	return nil
}

// credentialsRole is config/rbac/tenant-namespace/credentials for a namespace.
func (s *Stack) credentialsRole(namespace string) ([]client.Object, error) {
	file, err := os.Open(filepath.Join(s.Root, "config", "rbac", "tenant-namespace", "credentials", "role.yaml"))
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
