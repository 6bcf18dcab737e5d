package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// bareWatcher is the least that can react: it watches the users of one namespace and
// sends Graph the two writes of a suspension as soon as an event says so. It keeps no
// record, resolves no name, and obeys no safeguard.
type bareWatcher struct {
	graph  *bareGraph
	cancel context.CancelFunc
	work   *errgroup.Group
}

func (w *world) startBareWatcher(ctx context.Context, c *crew) (*bareWatcher, error) {
	graph, err := w.newBareGraph(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	config := rest.CopyConfig(c.s.ControlPlane.Config)
	config.QPS = -1
	kube, err := client.NewWithWatch(config, client.Options{Scheme: c.s.Client.Scheme()})
	if err != nil {
		return nil, fmt.Errorf("make a client that watches: %w", err)
	}
	watching, cancel := context.WithCancel(ctx)
	group, working := errgroup.WithContext(watching)
	b := &bareWatcher{graph: graph, cancel: cancel, work: group}
	events, err := kube.Watch(working, &v1alpha1.ManagedUserList{}, client.InNamespace(c.namespace))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("watch users: %w", err)
	}
	group.Go(func() error {
		defer events.Stop()
		done := map[string]bool{}
		for {
			select {
			case <-working.Done():
				return nil
			case event := <-events.ResultChan():
				user, ok := event.Object.(*v1alpha1.ManagedUser)
				if !ok {
					return fmt.Errorf("the watch ended: %v", event.Object)
				}
				if user.Spec.Suspended == nil || !*user.Spec.Suspended || done[user.Status.ID] {
					continue
				}
				done[user.Status.ID] = true
				group.Go(func() error { return b.shutOut(ctx, user.Status.ID) })
			}
		}
	})
	return b, nil
}

func (b *bareWatcher) shutOut(ctx context.Context, id string) error {
	if _, err := b.graph.suspend(ctx, id); err != nil {
		return err
	}
	_, err := b.graph.revoke(ctx, id)
	return err
}

// stop ends the watch, once everything it began is done.
func (b *bareWatcher) stop() error {
	b.cancel()
	return b.work.Wait()
}
