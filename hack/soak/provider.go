package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

const (
	// syncInterval is longer than the API's default: most of what a day costs is syncs
	// that find nothing, and they tell nothing new.
	syncInterval = 5 * time.Minute
	// firstSignInTTL is short, so that Secrets that nobody needed are at their level soon.
	firstSignInTTL = 12 * time.Hour
	// staffSize is how many of the people that a tenant had are declared, hiredSize how
	// many are hired and leave again.
	staffSize, hiredSize = 10, 6
	// ownCredentials: every so many clients have an app registration's Secret themselves.
	ownCredentials = 5
	// credentialsName is the Secret of those.
	credentialsName = "own-app"
)

// provider is a managed service provider, what its clients' people do, and what
// Microsoft does: everything that happens to the operator from outside. Its own memory
// does not grow with time.
type provider struct {
	stack  *stack.Stack
	clock  clock.PassiveClock
	agenda *agenda
	rng    *rand.Rand

	clients []*customer
	// came is how many clients came so far, hired how many people; acts counts what
	// happened.
	came, hired, acts int
	// gone are the namespaces of clients that left.
	gone map[string]bool
	// shared is the app registration of the provider.
	shared *registration
}

// registration is an app registration, with the secret that is in use and where it is
// kept.
type registration struct {
	clientID, secret string
	key              client.ObjectKey
}

// customer is a client of the provider.
type customer struct {
	namespace, tenantID string
	// app is what the operator is there: the provider's, or the client's own.
	app *registration
	// staff were there before, starters were hired.
	staff, starters []*person
}

// person is somebody whose account is declared. Who is synced is mastered in an Active
// Directory.
type person struct {
	name, upn string
	synced    bool
}

func newProvider(s *stack.Stack, c clock.PassiveClock, a *agenda) *provider {
	return &provider{stack: s, clock: c, agenda: a, rng: a.rng, gone: map[string]bool{}}
}

// later plans something.
func (p *provider) later(after time.Duration, do func(context.Context) error) {
	p.agenda.at(p.clock.Now().Add(after), do)
}

// in plans something for a client, unless the client has left by then.
func (p *provider) in(c *customer, after time.Duration, do func(context.Context) error) {
	p.later(after, func(ctx context.Context) error {
		if p.gone[c.namespace] {
			return nil
		}
		return do(ctx)
	})
}

// graph calls graphsim's own API about a client's tenant. What is not there any more is
// no failure: people leave at any moment.
func (p *provider) graph(ctx context.Context, c *customer, method, path string, in any) error {
	_ = p.stack.Graph.Call(ctx, method, "tenants/"+c.tenantID+"/"+path, in, nil) // refusals only; a graphsim that ended is seen by Failed
	return p.stack.OthersFailed()
}

// arrive takes the next client on.
func (p *provider) arrive(ctx context.Context) error {
	if p.came == len(p.stack.Graph.TenantIDs) {
		return nil // there are no more simulated
	}
	c := &customer{
		namespace: stack.ClientNamespace(p.came), tenantID: p.stack.Graph.TenantIDs[p.came], app: p.shared,
	}
	number, own := p.came, p.came%ownCredentials == ownCredentials-1
	p.came++
	p.clients = append(p.clients, c)
	if err := p.stack.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}); err != nil {
		return fmt.Errorf("create namespace %s: %w", c.namespace, err)
	}
	if _, err := p.stack.ControlPlane.Kubectl(ctx, p.stack.Root, "apply", "--namespace", c.namespace,
		"--kustomize", "config/rbac/tenant-namespace/first-sign-in"); err != nil {
		return err
	}
	if own {
		if err := p.registerApp(ctx, c); err != nil {
			return err
		}
	}
	err := p.stack.ApplyTenant(ctx, number, func(tenant *v1alpha1.Tenant) {
		tenant.Spec.Sync.Interval = &metav1.Duration{Duration: syncInterval}
		tenant.Spec.Defaults.FirstSignInTTL = &metav1.Duration{Duration: firstSignInTTL}
		tenant.Spec.Defaults.UsageLocation = "DE"
		if own {
			tenant.Spec.ConnectionRef = nil
			tenant.Spec.Credentials = &v1alpha1.TenantCredentials{SecretRef: v1alpha1.LocalSecretReference{Name: credentialsName}}
		}
	})
	if err != nil {
		return err
	}
	p.in(c, 10*time.Minute, func(ctx context.Context) error { return p.declareStaff(ctx, c) })
	return nil
}

// registerApp makes an app registration that only this client consented to, with its
// Secret in the client's own namespace.
func (p *provider) registerApp(ctx context.Context, c *customer) error {
	c.app = &registration{
		clientID: uuid.NewString(), secret: p.newSecret(), key: client.ObjectKey{Namespace: c.namespace, Name: credentialsName},
	}
	app := graphsim.App{ClientID: c.app.clientID, DisplayName: c.namespace, Secret: c.app.secret}
	if err := p.stack.Graph.Call(ctx, http.MethodPost, "apps", app, nil); err != nil {
		return err
	}
	if err := p.consent(ctx, c); err != nil {
		return err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.namespace, Name: credentialsName, Labels: map[string]string{v1alpha1.CredentialsLabel: "true"},
		},
		StringData: map[string]string{"clientID": c.app.clientID, "clientSecret": c.app.secret},
	}
	if err := p.stack.Client.Create(ctx, secret); err != nil {
		return fmt.Errorf("create the Secret of %s: %w", c.namespace, err)
	}
	return nil
}

func (p *provider) newSecret() string { return fmt.Sprintf("soak-%016x", p.rng.Uint64()) }

// consent is a client's administrator who lets the app in.
func (p *provider) consent(ctx context.Context, c *customer) error {
	return p.graph(ctx, c, http.MethodPut, "apps/"+c.app.clientID, graphsim.Grant{
		Permissions: graphsim.DefaultPermissions(), DirectoryRoles: []string{"User Administrator"},
	})
}

// leave ends the work for the client who has been there longest, with the namespace and
// all that is in it.
func (p *provider) leave(ctx context.Context) error {
	c := p.clients[0]
	p.clients = p.clients[1:]
	p.gone[c.namespace] = true
	if err := p.stack.Client.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}); err != nil {
		return fmt.Errorf("delete namespace %s: %w", c.namespace, err)
	}
	return nil
}

// declareStaff declares some of the people that the client's tenant had.
func (p *provider) declareStaff(ctx context.Context, c *customer) error {
	var ids []string
	if err := p.stack.Graph.Call(ctx, http.MethodGet, "tenants/"+c.tenantID+"/users", nil, &ids); err != nil {
		return err
	}
	for _, id := range ids {
		if len(c.staff) == staffSize {
			break
		}
		account, err := p.stack.Graph.User(ctx, c.tenantID, id)
		if err != nil {
			return err
		}
		if !isStaff(account) {
			continue
		}
		one := &person{name: fmt.Sprintf("staff-%02d", len(c.staff)), upn: text(account, "userPrincipalName"), synced: isSynced(account)}
		c.staff = append(c.staff, one)
		if err := p.create(ctx, c, one, func(*v1alpha1.ManagedUserSpec) {}); err != nil {
			return err
		}
	}
	if len(c.staff) == 0 {
		return fmt.Errorf("nobody of %s can be declared", c.namespace)
	}
	return nil
}

// isStaff tells whether an account is that of somebody who works there, may sign in and is
// no administrator.
func isStaff(account graphsim.UserState) bool {
	return text(account, "userType") == "Member" && text(account, "givenName") != "" && len(account.Roles) == 0 &&
		string(account.Properties["accountEnabled"]) == "true"
}

func isSynced(account graphsim.UserState) bool {
	return string(account.Properties["onPremisesSyncEnabled"]) == "true"
}

func text(account graphsim.UserState, property string) string {
	var value string
	_ = json.Unmarshal(account.Properties[property], &value) // absent or null is ""
	return value
}

func (p *provider) create(ctx context.Context, c *customer, one *person, change func(*v1alpha1.ManagedUserSpec)) error {
	user := &v1alpha1.ManagedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: one.name},
		Spec:       v1alpha1.ManagedUserSpec{TenantRef: v1alpha1.ObjectReference{Name: c.namespace}, UserPrincipalName: one.upn},
	}
	change(&user.Spec)
	if err := p.stack.Client.Create(ctx, user, client.FieldOwner("git")); err != nil {
		return fmt.Errorf("declare %s/%s: %w", c.namespace, one.name, err)
	}
	return nil
}

// edit changes what is declared of somebody, as a merged pull request does.
func (p *provider) edit(ctx context.Context, c *customer, one *person, change func(*v1alpha1.ManagedUser)) error {
	user := &v1alpha1.ManagedUser{}
	err := p.stack.Client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: one.name}, user)
	if err == nil {
		before := user.DeepCopy()
		change(user)
		err = p.stack.Client.Patch(ctx, user, client.MergeFrom(before), client.FieldOwner("git"))
	}
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("edit %s/%s: %w", c.namespace, one.name, err)
	}
	return nil
}

// rotate gives the app registration that a client uses a new secret, and takes the old
// one back later.
func (p *provider) rotate(ctx context.Context, c *customer) error {
	app, old := c.app, c.app.secret
	app.secret = p.newSecret()
	path := "apps/" + app.clientID + "/secrets/"
	if err := p.stack.Graph.Call(ctx, http.MethodPut, path+app.secret, map[string]time.Time{}, nil); err != nil {
		return err
	}
	secret := &corev1.Secret{}
	err := p.stack.Client.Get(ctx, app.key, secret)
	if err == nil {
		secret.Data["clientSecret"] = []byte(app.secret)
		err = p.stack.Client.Update(ctx, secret)
	}
	if err != nil {
		return fmt.Errorf("rotate %s: %w", app.key, err)
	}
	p.later(time.Hour, func(ctx context.Context) error {
		return p.stack.Graph.Call(ctx, http.MethodDelete, path+old, nil, nil)
	})
	return nil
}

// anyone is a client by chance.
func (p *provider) anyone() *customer { return p.clients[p.rng.IntN(len(p.clients))] }
