package stack

import (
	"context"
	"fmt"
	"sync"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// Tally counts ManagedUsers from a watch, since tens of thousands cannot be listed
// every second.
type Tally struct {
	mu    sync.Mutex
	ready map[types.UID]bool
	total int // of the true ones

	changed chan struct{}
}

func newTally() *Tally {
	return &Tally{ready: map[types.UID]bool{}, changed: make(chan struct{}, 1)}
}

// WatchUsers begins to count the users of all namespaces, until ctx ends.
func (s *Stack) WatchUsers(ctx context.Context) (*Tally, error) {
	users, err := cache.New(s.ControlPlane.Config, cache.Options{Scheme: s.Client.Scheme(), DefaultTransform: keepReadiness})
	if err != nil {
		return nil, fmt.Errorf("watch users: %w", err)
	}
	informer, err := users.GetInformer(ctx, &v1alpha1.ManagedUser{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watch users: %w", err)
	}
	t := newTally()
	if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    t.see,
		UpdateFunc: func(_, user any) { t.see(user) },
		DeleteFunc: t.forget,
	}); err != nil {
		return nil, fmt.Errorf("watch users: %w", err)
	}
	go func() { _ = users.Start(ctx) }() // ends with ctx; a failing watch is tried again
	return t, nil
}

// keepReadiness keeps the memory small: of a user only what is counted.
func keepReadiness(in any) (any, error) {
	user, ok := in.(*v1alpha1.ManagedUser)
	if !ok {
		return in, nil
	}
	kept := &v1alpha1.ManagedUser{}
	kept.Namespace, kept.Name, kept.UID, kept.ResourceVersion = user.Namespace, user.Name, user.UID, user.ResourceVersion
	if c := apimeta.FindStatusCondition(user.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		kept.Status.Conditions = append(kept.Status.Conditions, *c)
	}
	return kept, nil
}

func (t *Tally) see(in any) {
	user, ok := in.(*v1alpha1.ManagedUser)
	if !ok {
		return
	}
	t.set(user.UID, func() {
		t.ready[user.UID] = apimeta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ConditionReady)
	})
}

func (t *Tally) forget(in any) {
	if gone, ok := in.(toolscache.DeletedFinalStateUnknown); ok {
		in = gone.Obj
	}
	if user, ok := in.(*v1alpha1.ManagedUser); ok {
		t.set(user.UID, func() { delete(t.ready, user.UID) })
	}
}

// set changes one entry and keeps the sum.
func (t *Tally) set(uid types.UID, change func()) {
	t.mu.Lock()
	before := t.ready[uid]
	change()
	if after := t.ready[uid]; after != before {
		t.total += map[bool]int{true: 1, false: -1}[after]
	}
	t.mu.Unlock()
	select {
	case t.changed <- struct{}{}:
	default: // it has not been looked at since the last time
	}
}

// Count returns how many users there are, and how many of them are Ready.
func (t *Tally) Count() (all, ready int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.ready), t.total
}

// Changed gets something when the counts may be others than before.
func (t *Tally) Changed() <-chan struct{} { return t.changed }
