package kube

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// SightPatience is how long a pass is put off for a write that the cache does not show. A
// cache that lags longer, or an API server that was set back, is then worked with all the
// same: what such a pass writes is refused when it is out of date.
const SightPatience = 30 * time.Second

// Writes remembers the versions of the objects that a controller wrote, until its cache
// shows them. A pass that began from an older one would do its work anew, only to have it
// refused by the API server, which is slow to tell of changes just when it has much to do.
// The zero value is ready; it is safe for concurrent use.
type Writes struct {
	mu    sync.Mutex
	last  map[types.NamespacedName]write
	swept time.Time
}

type write struct {
	version string
	at      time.Time
	// awaited is true once a pass was put off for it.
	awaited bool
}

// Note remembers an object as it was just written.
func (w *Writes) Note(obj client.Object, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.last = map[types.NamespacedName]write{}
	}
	w.sweep(now)
	w.last[client.ObjectKeyFromObject(obj)] = write{version: obj.GetResourceVersion(), at: now}
}

// sweep forgets what is too old to wait for: the cache may have shown it before it was noted.
func (w *Writes) sweep(now time.Time) {
	if now.Sub(w.swept) < SightPatience {
		return
	}
	w.swept = now
	for key, last := range w.last {
		if now.Sub(last.at) >= SightPatience {
			delete(w.last, key)
		}
	}
}

// PutOff tells whether a pass is to be put off, since its object, as it was read from the
// cache, is older than what was written last. Seen tells when it can begin.
func (w *Writes) PutOff(obj client.Object, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := client.ObjectKeyFromObject(obj)
	last, ok := w.last[key]
	if !ok {
		return false
	}
	if now.Sub(last.at) >= SightPatience || !isOlder(obj, last.version) {
		delete(w.last, key)
		return false
	}
	last.awaited = true
	w.last[key] = last
	return true
}

// Seen takes note of an object that the cache has now, and tells whether a pass was put off
// for it.
func (w *Writes) Seen(obj client.Object) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := client.ObjectKeyFromObject(obj)
	last, ok := w.last[key]
	if !ok || isOlder(obj, last.version) {
		return false
	}
	delete(w.last, key)
	return last.awaited
}

// isOlder compares versions, which Kubernetes guarantees to grow; what is not a version is
// not compared.
func isOlder(obj client.Object, version string) bool {
	order, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), version)
	return err == nil && order < 0
}
