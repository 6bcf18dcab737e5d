package tenancy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/outcome"
)

const (
	// resolveEvery is how often a domain is asked again whose it is.
	resolveEvery = 24 * time.Hour
	// missingRetry is how soon a missing Secret is looked for: Secrets are not watched.
	missingRetry = 30 * time.Second
)

// Connect returns the tenant's connection: the one there is when nothing changed,
// else a new one. It reads the Secret once and calls Microsoft only to resolve a
// domain; whether the credentials are accepted, the first call of the directory
// tells. Errors are *outcome.Problem. A refusal ends the connection there was; after
// a failure that may pass, it goes on.
func (p *Pool) Connect(ctx context.Context, tenant *v1alpha1.Tenant) (*Connection, error) {
	key := client.ObjectKeyFromObject(tenant)
	old, _ := p.Lookup(key)
	c, err := p.connect(ctx, tenant, old)
	if err != nil {
		problem := outcome.Classify(err)
		if problem.Class == outcome.ClassBlocked || problem.Class == outcome.ClassWaiting {
			p.drop(key)
		}
		return nil, problem
	}
	if c != old {
		p.keep(key, c)
	}
	return c, nil
}

func (p *Pool) connect(ctx context.Context, tenant *v1alpha1.Tenant, old *Connection) (*Connection, error) {
	endpoints, err := p.endpoints(tenant)
	if err != nil {
		return nil, err
	}
	id, resolved, err := p.tenantID(ctx, tenant, endpoints, old)
	if err != nil {
		return nil, err
	}
	credentials, err := p.credentials(ctx, tenant, id, old)
	if err != nil {
		return nil, err
	}
	if credentials == nil { // the Connection is paused: as they were last read
		return old, nil
	}
	digest := sha256.Sum256(fmt.Appendf(credentials.digest[:], "\x00%s\x00%s\x00%s", id, endpoints.Graph, endpoints.Login))
	if old != nil && old.digest == digest && old.resolved.Equal(resolved) {
		return old, nil
	}
	return p.open(tenant, old, &Connection{TenantID: id, ClientID: credentials.ClientID, digest: digest, resolved: resolved},
		credentials, endpoints)
}

// open makes the directory.
func (p *Pool) open(
	tenant *v1alpha1.Tenant, old, c *Connection, credentials *Credentials, endpoints graph.Endpoints,
) (*Connection, error) {
	c.workers = newWorkers(p.options.Workers)
	if old != nil {
		c.workers = old.workers
	}
	c.budget = p.options.Governor.Budget(c.ClientID, c.TenantID)
	if old != nil && old.digest == c.digest {
		c.Directory = old.Directory
		return c, nil
	}
	connected, err := graph.New(graph.Options{
		TenantID: c.TenantID, ClientID: c.ClientID, Credential: credentials.credential,
		Cloud: cloudOf(tenant), Endpoints: endpoints,
		Transport: p.options.Transport, Budget: c.budget, Clock: p.options.Clock, Timeout: p.options.Timeout,
		Observer: p.metrics.observer(client.ObjectKeyFromObject(tenant)),
	})
	if err != nil {
		return nil, outcome.Blocked(v1alpha1.ReasonInvalidCredentials,
			"the credentials cannot be used: check the keys clientID and clientSecret or clientCertificate of the Secret").Because(err)
	}
	c.Directory = connected
	return c, nil
}

func cloudOf(tenant *v1alpha1.Tenant) graph.Cloud {
	if tenant.Spec.Cloud == "" {
		return graph.CloudGlobal
	}
	return graph.Cloud(tenant.Spec.Cloud)
}

func (p *Pool) endpoints(tenant *v1alpha1.Tenant) (graph.Endpoints, error) {
	endpoints, err := graph.EndpointsFor(cloudOf(tenant))
	if err != nil {
		return graph.Endpoints{}, outcome.Blocked(v1alpha1.ReasonInvalidSpec, "spec.cloud names no cloud that is known").Because(err)
	}
	return endpoints.Override(p.options.Endpoints), nil
}

// tenantID resolves spec.tenantID, a domain at most once a day, and refuses a tenant
// that is not the one first resolved: a domain can move.
func (p *Pool) tenantID(
	ctx context.Context, tenant *v1alpha1.Tenant, endpoints graph.Endpoints, old *Connection,
) (string, time.Time, error) {
	id, at, known := tenant.Spec.TenantID, time.Time{}, strings.ToLower(tenant.Status.TenantID)
	if _, err := uuid.Parse(id); err != nil {
		now := p.options.Clock.Now()
		if old != nil && now.Sub(old.resolved) < resolveEvery {
			id, at = old.TenantID, old.resolved
		} else if id, err = p.resolve(ctx, id, endpoints); err == nil {
			at = now
		} else if known != "" && directory.KindOf(err) == directory.KindTransient {
			id = known // nobody could tell, and it has been told before
		} else {
			return "", time.Time{}, err
		}
	}
	id = strings.ToLower(id)
	if known != "" && known != id {
		return "", time.Time{}, outcome.Blocked(v1alpha1.ReasonConflict,
			"spec.tenantID now leads to another tenant than the one this Tenant was first connected to: make another Tenant for it, or one that names the old tenant by its GUID")
	}
	return id, at, nil
}

func (p *Pool) resolve(ctx context.Context, domain string, endpoints graph.Endpoints) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.options.Timeout)
	defer cancel()
	return graph.ResolveTenantID(ctx, p.options.Transport, endpoints.Login, domain)
}

// credentials finds what the Tenant may use; nil when that is to stay as it is.
func (p *Pool) credentials(ctx context.Context, tenant *v1alpha1.Tenant, id string, old *Connection) (*Credentials, error) {
	switch {
	case tenant.Spec.ConnectionRef != nil:
		return p.granted(ctx, tenant, id, old)
	case tenant.Spec.Credentials != nil:
		return p.own(ctx, tenant)
	}
	return nil, outcome.Blocked(v1alpha1.ReasonInvalidSpec, "exactly one of spec.connectionRef and spec.credentials must be set")
}

// own reads the Secret in the Tenant's namespace. The label keeps whoever may write
// a Tenant from using a Secret that was not meant for it.
func (p *Pool) own(ctx context.Context, tenant *v1alpha1.Tenant) (*Credentials, error) {
	name := tenant.Spec.Credentials.SecretRef.Name
	secret, err := p.secret(ctx, types.NamespacedName{Namespace: tenant.Namespace, Name: name})
	if err != nil {
		return nil, err
	}
	if secret.Labels[v1alpha1.CredentialsLabel] != "true" {
		return nil, outcome.Blocked(v1alpha1.ReasonInvalidCredentials,
			fmt.Sprintf("the Secret %q lacks the label %s=true, without which it is not used: add it if the Secret is meant for this", name, v1alpha1.CredentialsLabel))
	}
	return ReadCredentials(secret, p.options.Clock.Now())
}

// granted reads the Connection's Secret if the Connection grants this namespace this
// tenant. What is wrong with the Secret is for the Connection's owner to read there.
func (p *Pool) granted(ctx context.Context, tenant *v1alpha1.Tenant, id string, old *Connection) (*Credentials, error) {
	name := tenant.Spec.ConnectionRef.Name
	var connection v1alpha1.Connection
	err := p.options.Client.Get(ctx, types.NamespacedName{Name: name}, &connection)
	if apierrors.IsNotFound(err) {
		return nil, outcome.Waiting(v1alpha1.ReasonWaiting,
			fmt.Sprintf("waiting for the Connection %q, which does not exist: create it, or correct spec.connectionRef", name))
	}
	if err != nil {
		return nil, fmt.Errorf("read Connection: %w", err)
	}
	grant := v1alpha1.Grant{Namespace: tenant.Namespace, TenantID: id}
	if !slices.Contains(connection.Spec.Grants, grant) {
		return nil, outcome.Blocked(v1alpha1.ReasonNotGranted,
			fmt.Sprintf("the Connection %q does not grant this namespace the tenant %s: have its owner add the grant", name, id))
	}
	if connection.Spec.Paused && old != nil && old.TenantID == id {
		return nil, nil
	}
	secret, err := p.secret(ctx, types.NamespacedName{Namespace: p.options.Namespace, Name: connection.Spec.SecretRef.Name})
	if err == nil {
		var credentials *Credentials
		if credentials, err = ReadCredentials(secret, p.options.Clock.Now()); err == nil {
			return credentials, nil
		}
	}
	problem, ok := errors.AsType[*outcome.Problem](err)
	if !ok {
		return nil, err
	}
	problem = problem.Because(err)
	problem.Message = fmt.Sprintf("the Connection %q has no usable credentials: its own conditions tell its owner what to do", name)
	return nil, problem
}

// secret reads a Secret past the cache.
func (p *Pool) secret(ctx context.Context, key types.NamespacedName) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := p.options.Reader.Get(ctx, key, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, outcome.Waiting(v1alpha1.ReasonWaiting,
			fmt.Sprintf("waiting for the Secret %q, which does not exist: create it with the keys clientID and clientSecret or clientCertificate", key.Name)).
			After(missingRetry)
	case apierrors.IsForbidden(err):
		return nil, outcome.Blocked(v1alpha1.ReasonAccessDenied,
			fmt.Sprintf("the operator may not read the Secret %q: bind its service account to the Role for credentials in the Secret's namespace", key.Name)).
			Because(err)
	case err != nil:
		return nil, fmt.Errorf("read Secret: %w", err)
	}
	return &secret, nil
}
