package main

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
)

// recorder sends Events by client-go's own broadcaster, which remembers each of them for
// up to twelve minutes to see whether it comes again. Those are the machine's minutes:
// days go by within them. So that this is not taken for a leak, a new broadcaster
// takes over now and then.
type recorder struct {
	scheme *runtime.Scheme
	sink   *events.EventSinkImpl
	name   string

	mu          sync.RWMutex
	broadcaster events.EventBroadcaster
	current     events.EventRecorder
	stop        context.CancelFunc
}

var (
	_ events.EventRecorder          = &recorder{}
	_ events.AnnotatedEventRecorder = &recorder{}
)

func newRecorder(ctx context.Context, config *rest.Config, scheme *runtime.Scheme, name string) (*recorder, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make the client for Events: %w", err)
	}
	r := &recorder{scheme: scheme, sink: &events.EventSinkImpl{Interface: clients.EventsV1()}, name: name}
	return r, r.renew(ctx)
}

// renew has a new broadcaster take over.
func (r *recorder) renew(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
	ctx, r.stop = context.WithCancel(ctx)
	r.broadcaster = events.NewBroadcaster(r.sink)
	if err := r.broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return fmt.Errorf("record Events: %w", err)
	}
	r.current = r.broadcaster.NewRecorder(r.scheme, r.name)
	return nil
}

// end stops sending; what was said just now is lost.
func (r *recorder) end() {
	if r.stop != nil {
		r.broadcaster.Shutdown()
		r.stop()
	}
}

// Eventf implements events.EventRecorder.
func (r *recorder) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	r.current.Eventf(regarding, related, kind, reason, action, note, args...)
}

// AnnotatedEventf implements events.AnnotatedEventRecorder.
func (r *recorder) AnnotatedEventf(
	regarding, related runtime.Object, annotations map[string]string, kind, reason, action, note string, args ...any,
) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if annotated, ok := r.current.(events.AnnotatedEventRecorder); ok {
		annotated.AnnotatedEventf(regarding, related, annotations, kind, reason, action, note, args...)
	}
}
