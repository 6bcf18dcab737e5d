package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// credentialsPoll is how often a Connection's Secret is looked at: Secrets are not
// watched. Tenants read it at every sync of their own.
const credentialsPoll = 10 * time.Minute

// ConnectionReconciler checks the credentials of Connections.
type ConnectionReconciler struct {
	Client client.Client
	// Reader reads Secrets past the cache: nothing may list them.
	Reader    client.Reader
	Namespace string
	Events    *kube.Events
	Clock     clock.Clock
	Policy    outcome.Policy
	// NewQueue makes the queue; nil for controller-runtime's.
	NewQueue NewQueue
}

// connectionScope is what one pass over a Connection found out.
type connectionScope struct {
	connection  *v1alpha1.Connection
	credentials *tenancy.Credentials
}

// Reconcile checks one Connection.
func (r *ConnectionReconciler) Reconcile(ctx context.Context, c *v1alpha1.Connection) (res ctrl.Result, err error) {
	if !c.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	s := &connectionScope{connection: c}
	status := kube.NewStatusPatcher(r.Client, c)
	before := append([]metav1.Condition(nil), c.Status.Conditions...)
	defer func() {
		problem := outcome.Classify(err)
		summarizeConnection(s, problem, r.Clock.Now())
		res, err = r.Policy.Result(problem)
		if patchErr := status.Patch(ctx, c); patchErr != nil {
			res, err = r.Policy.Result(outcome.Classify(errors.Join(err, client.IgnoreNotFound(patchErr))))
			return
		}
		r.Events.Transitions(c, before, c.Status.Conditions)
		if !c.Spec.Paused && (res.RequeueAfter == 0 || res.RequeueAfter > credentialsPoll) && err == nil {
			res.RequeueAfter = credentialsPoll
		}
	}()

	if c.Spec.Paused {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, run(ctx, s, r.readCredentials)
}

// SetupWithManager registers the controller.
func (r *ConnectionReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Connection{}, builder.WithPredicates(kube.Changed())).
		WithOptions(queueOptions(1, r.NewQueue)).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

func (r *ConnectionReconciler) readCredentials(ctx context.Context, s *connectionScope) error {
	key := types.NamespacedName{Namespace: r.Namespace, Name: s.connection.Spec.SecretRef.Name}
	var secret corev1.Secret
	if err := r.Reader.Get(ctx, key, &secret); err != nil {
		if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
			return outcome.Blocked(v1alpha1.ReasonInvalidCredentials, fmt.Sprintf(
				"the Secret %q cannot be read in the operator's namespace: make it with the keys clientID and clientSecret or "+
					"clientCertificate", key.Name)).Because(err)
		}
		return fmt.Errorf("get secret: %w", err)
	}
	credentials, err := tenancy.ReadCredentials(&secret, r.Clock.Now())
	if err != nil {
		return err
	}
	s.credentials = credentials
	return nil
}

// summarizeConnection turns what a pass found out into the object's status. It is
// pure.
func summarizeConnection(s *connectionScope, problem *outcome.Problem, now time.Time) {
	c := s.connection
	c.Status.ObservedGeneration = c.Generation
	if value, pending := kube.RequestedAt(c, c.Status.LastHandledReconcileAt); pending {
		c.Status.LastHandledReconcileAt = value
	}
	switch {
	case c.Spec.Paused:
		setStalled(c, now, v1alpha1.ReasonPaused, "reconciling is paused: set spec.paused to false to go on")
	case problem != nil && problem.Class == outcome.ClassBlocked:
		setStalled(c, now, problem.Reason, problem.Message)
	case problem != nil:
		setReady(c, now, metav1.ConditionUnknown, waitingReason(problem), waitingMessage(problem))
	default:
		c.Status.ClientID = s.credentials.ClientID
		c.Status.Credential = s.credentials.Kind
		c.Status.CertificateExpires = timeOf(s.credentials.Expires)
		setReady(c, now, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "the credentials are complete")
	}
}
