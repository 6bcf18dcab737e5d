package controllers

import (
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/plan"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

const (
	// workerRetry is when a pass comes back that somebody else was in the way of.
	workerRetry = time.Second
	// callRetry is when a pass comes back whose tenant held all its workers, if nobody
	// called it before.
	callRetry = 15 * time.Second
)

// errBusy ends a pass whose tenant holds all its workers. It says nothing: many may wait
// so, and each of them comes to its turn.
var errBusy = errors.New("the tenant holds all its workers")

// userScope is what one pass over a ManagedUser found out.
type userScope struct {
	user   *v1alpha1.ManagedUser
	status *kube.StatusPatcher
	before []metav1.Condition

	paused bool
	// quiet means that there is nothing to say: the tenant has not been read yet.
	quiet bool

	tenant *v1alpha1.Tenant
	known  *inventory.Tenant
	// waiter stands in line for one of the tenant's workers; release gives it back, once
	// one was taken.
	waiter  func() tenancy.Waiter
	release func()
	conn    *tenancy.Connection

	// id of the account; seen is what is known of it, when found.
	id    string
	found bool
	seen  inventory.Observation
	// unread are the feeds that seen lacks, since they were not read yet.
	unread inventory.UnreadFeeds
	// live is true once the account was read from the directory in this pass.
	live bool
	// requested is the value of the annotation that asked for this pass.
	requested string

	// missing is true while there is no account, or only a deleted one, and the spec
	// wants it made or restored.
	missing bool
	// made is true once this pass made the account, which belongs to nothing yet.
	made bool
	// blockedAtFirst is true for an account that was made blocked, to be opened at its
	// start; renamed is true once this pass renamed the account.
	blockedAtFirst, renamed bool
	// targets are what the names in the spec's lists mean.
	targets map[plan.Ref]plan.Target
	// lookups is why some of them could not be looked up.
	lookups error
	// intended is when this pass wrote an intent, by the record's name.
	intended map[string]metav1.Time

	observing bool
	facets    []facetResult
	// wants is true when the Tenant reads what the object needs only because it is named
	// here: an application's assignments, or managers. observed is the generation that
	// was seen before this pass.
	wants    bool
	observed int64
	// released are the claims that were let go.
	released  []v1alpha1.Claim
	wakeAfter time.Duration
}

// facetResult is what became of one facet.
type facetResult struct {
	facet plan.Facet
	// pending are the changes that were not made, and why.
	pending []plan.Change
	refusal string
	problem *outcome.Problem
}

func newUserScope(c client.Client, user *v1alpha1.ManagedUser) *userScope {
	return &userScope{
		user:   user,
		status: kube.NewStatusPatcher(c, user),
		before: append([]metav1.Condition(nil), user.Status.Conditions...),

		intended: map[string]metav1.Time{}, observed: user.Status.ObservedGeneration,
	}
}

// look takes what is known of an account.
func (s *userScope) look(id string) {
	s.unread = s.known.Unread()
	s.seen, s.found = s.known.ByID(id)
}

// directory is the tenant's directory, with one of the tenant's workers taken for the
// rest of the pass. Workers never wait: when the tenant holds all it may, the pass
// comes back.
func (s *userScope) directory() (directory.Directory, error) {
	if s.conn == nil {
		return nil, outcome.Waiting(v1alpha1.ReasonWaiting, "the Tenant is not connected: see its conditions")
	}
	if s.release == nil {
		release, ok := s.conn.TryAcquire(s.waiter())
		if !ok {
			return nil, outcome.Waiting(v1alpha1.ReasonProgressing,
				"other users of the Tenant are being worked on").After(callRetry).Because(errBusy)
		}
		s.release = release
	}
	return s.conn.Directory, nil
}

// wake asks for another pass after a while, at the latest; 0 asks for none.
func (s *userScope) wake(after time.Duration) {
	if after > 0 && (s.wakeAfter == 0 || after < s.wakeAfter) {
		s.wakeAfter = after
	}
}

// done gives back what the pass took.
func (s *userScope) done() {
	if s.release != nil {
		s.release()
	}
}
