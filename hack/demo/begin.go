package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

func (d *demo) startKubernetes(ctx context.Context) error {
	d.screen.say("A real control plane, on loopback only: etcd, kube-apiserver with RBAC, kube-controller-manager.\n" +
		"It gets the operator's kinds, ServiceAccount, roles and admission policies as they are shipped.")
	start := time.Now()
	if err := d.stack.StartControlPlane(ctx); err != nil {
		return err
	}
	d.screen.took("Kubernetes serves", start)
	return d.kubectl(ctx, "api-resources --api-group=identity.m365-operator.io -o wide")
}

func (d *demo) startMicrosoft(ctx context.Context) error {
	d.screen.say("graphsim speaks Microsoft Graph and its token endpoint over TLS. It is as strict as Microsoft, and as\n" +
		"lively: reads lag behind writes, changes arrive late or twice. It has three tenants, and one app\n" +
		"registration of the service provider that all three consented to.")
	start := time.Now()
	if err := d.stack.StartGraph(ctx, tenants, usersPerTenant); err != nil {
		return err
	}
	infos, err := d.stack.Graph.Tenants(ctx)
	if err != nil {
		return err
	}
	if err := d.meetTenants(infos); err != nil {
		return err
	}
	d.screen.took("Microsoft 365 serves at "+d.stack.Graph.URL, start)
	for _, tenant := range infos {
		d.screen.say(fmt.Sprintf("  %-24s %-28s %s  %d accounts", tenant.DisplayName, tenant.DefaultDomain, tenant.ID, tenant.Users))
	}
	return nil
}

func (d *demo) startOperator(ctx context.Context) error {
	d.screen.say("The manager is a process of its own. It runs as the ServiceAccount " + stack.Namespace + "/" + stack.ServiceAccount + ", so it may do\n" +
		"what the shipped roles grant and nothing else. It can read Secrets in its own namespace one by one, and\n" +
		"cannot list them:")
	if err := errors.Join(d.mayOperator(ctx, "get", "yes"), d.mayOperator(ctx, "list", "no")); err != nil {
		return err
	}
	start := time.Now()
	if err := d.stack.StartManager(ctx); err != nil {
		return err
	}
	d.screen.took("The manager is ready", start)
	return nil
}

// mayOperator asks the API server what the manager may do with Secrets.
func (d *demo) mayOperator(ctx context.Context, verb, want string) error {
	command := "auth can-i " + verb + " secrets -n " + stack.Namespace + " --as=system:serviceaccount:" + stack.Namespace + ":" + stack.ServiceAccount
	answer, err := d.quietly(ctx, command)
	if err != nil && answer == "" { // "no" comes with an exit code as well
		return err
	}
	d.screen.shown("kubectl "+command, answer)
	return expect("the answer", strings.TrimSpace(answer), want)
}

func (d *demo) applySamples(ctx context.Context) error {
	if err := d.checkOut(); err != nil {
		return err
	}
	d.screen.say("config/samples is what a service provider keeps in Git: a Connection (the app registration, and whom it\n" +
		"may serve), and per client a namespace with a Tenant and its people. Its key is in one Secret, in the\n" +
		"operator's namespace.")
	if err := d.createSecret(ctx); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "apply -k samples"); err != nil {
		return err
	}
	start := time.Now()
	if err := d.eventually(ctx, "everything is Ready", d.everythingReady); err != nil {
		return err
	}
	d.screen.took("Connection, Tenants and all people are Ready", start)
	d.screen.say("Most people are in nobody's manifest. The Tenants ask for discovery, so each account got a ManagedUser\n" +
		"that declares nothing: it only shows.")
	return nil
}

// createSecret makes the Secret that the Connection names.
func (d *demo) createSecret(ctx context.Context) error {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: stack.Namespace, Name: "msp-app"},
		StringData: map[string]string{"clientID": d.stack.Graph.ClientID, "clientSecret": d.stack.Graph.ClientSecret},
	}
	if err := d.stack.Client.Create(ctx, secret); err != nil {
		return fmt.Errorf("create Secret: %w", err)
	}
	d.screen.shown("kubectl -n "+stack.Namespace+" create secret generic msp-app --from-literal=clientID=… --from-literal=clientSecret=…",
		"secret/msp-app created")
	return nil
}

// everythingReady objects while anything is missing or not Ready.
func (d *demo) everythingReady(ctx context.Context) error {
	var connection v1alpha1.ConnectionList
	if err := d.stack.Client.List(ctx, &connection); err != nil {
		return err
	}
	for i := range connection.Items {
		if err := ready(&connection.Items[i]); err != nil {
			return err
		}
	}
	var tenantList v1alpha1.TenantList
	if err := d.stack.Client.List(ctx, &tenantList); err != nil {
		return err
	}
	for i := range tenantList.Items {
		if err := ready(&tenantList.Items[i]); err != nil {
			return err
		}
	}
	users, err := d.users(ctx)
	if err != nil {
		return err
	}
	for i := range users {
		if err := ready(&users[i]); err != nil {
			return err
		}
	}
	infos, err := d.stack.Graph.Tenants(ctx)
	if err != nil {
		return err
	}
	accounts := 0
	for _, tenant := range infos {
		accounts += tenant.Users
	}
	return expect("the number of ManagedUsers", len(users), accounts)
}

func (d *demo) showEverybody(ctx context.Context) error {
	if err := d.eventually(ctx, "the Tenants' sums are those of their people", d.countsAgree); err != nil {
		return err
	}
	for _, show := range []struct{ why, command string }{
		{"The clients:", "get m365tenants -A"},
		{"All their people:", "get musers -A"},
		{"More of one client's:", "get musers -n contoso -o wide"},
		{"Active people without a second factor, found by the API server itself:", "get musers -A --field-selector status.mfa.state=NotRegistered,status.state=Active"},
		{"And the administrators:", "get musers -A --field-selector status.admin=True"},
	} {
		d.screen.say(show.why)
		if err := d.kubectl(ctx, show.command); err != nil {
			return err
		}
	}
	return nil
}

// countsAgree checks the Tenants' sums against their people.
func (d *demo) countsAgree(ctx context.Context) error {
	var tenantList v1alpha1.TenantList
	if err := d.stack.Client.List(ctx, &tenantList); err != nil {
		return err
	}
	for i := range tenantList.Items {
		tenant := &tenantList.Items[i]
		users, err := d.users(ctx, inNamespace(tenant.Namespace))
		if err != nil {
			return err
		}
		if tenant.Status.Users == nil {
			return fmt.Errorf("%s: status.users is empty", tenant.Name)
		}
		if err := expect(tenant.Name+": status.users.total", int(tenant.Status.Users.Total), len(users)); err != nil {
			return err
		}
		suspended := slices.DeleteFunc(users, func(u v1alpha1.ManagedUser) bool { return u.Status.State != v1alpha1.StateSuspended })
		if err := expect(tenant.Name+": status.users.suspended", int(tenant.Status.Users.Suspended), len(suspended)); err != nil {
			return err
		}
	}
	return nil
}
